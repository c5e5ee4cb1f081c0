"""Imports go down only: scripts → steps → foundations, without a circle; so says the order of folders, written once."""

from __future__ import annotations

import ast
import functools
import graphlib
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
FOLDERS = (
    "",  # the foundations
    "synthetic",
    "scraping",
    "preprocessing",
    "dcgan",
    "evaluation",
    "training",
    "designs",
    "boundary",
    "garment3d",
    "interpolation",
    "magazine",
    "review",
)
"""Of the package, from the lowest to the highest: each uses those before it."""

SCRIPTS = ("scrape", "preprocess", "train_dcgan", "generate", "latent_svm", "interpolate")


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path): path for path in sorted((HOUSE / "demicouture").rglob("*.py"))}


@functools.cache
def imported(path: Path) -> set[str]:
    """Returns the modules of the package that a file imports, anywhere in it, also for types only."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                found.add(name if name in MODULES else node.module)
    return found & set(MODULES)


def floor(module: str) -> int:
    parts = module.split(".")
    return FOLDERS.index(parts[1] if len(parts) > 2 or MODULES[module].name == "__init__.py" and len(parts) > 1 else "")


def test_every_folder_has_its_place():
    folders = {path.parent.name for path in (HOUSE / "demicouture").glob("*/__init__.py")}
    assert folders == set(FOLDERS) - {""}


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module):
    above = {other for other in imported(MODULES[module]) if floor(other) > floor(module)}
    assert not above
    text = MODULES[module].read_text("utf-8")
    assert not any(f"import {script}\n" in text for script in SCRIPTS)


def test_no_circle():
    graph = {module: imported(path) - {module} for module, path in MODULES.items()}
    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


def test_no_module_of_the_package_takes_an_argparse_namespace():
    for module, path in MODULES.items():
        if module != "demicouture.cli":
            assert "argparse.Namespace" not in path.read_text("utf-8"), module
