"""`pip install .`: what is in the package, and the five names that a notebook needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import demicouture
from demicouture.dcgan import inference
from demicouture.interpolation.paths import path_between
from demicouture.latents import LATENT_DIM, sample_prior

HOUSE = Path(__file__).parent.parent
SOURCES = ("demicouture", "pyproject.toml", "README.md", "LICENSE", "requirements.txt", *HOUSE.glob("*.py"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder with the package as pip installs it from the checkout, and nothing else."""
    source, site = (tmp_path_factory.mktemp(name) for name in ("source", "site"))
    for name in SOURCES:
        path = HOUSE / name
        if path.is_dir():
            shutil.copytree(path, source / path.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, source)
    (source / "data").mkdir()
    shutil.copy(HOUSE / "data/queries.csv", source / "data")
    # Without an index: what builds it is here, and what it needs too.
    how = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", "--no-build-isolation"]
    words = [sys.executable, "-m", "pip", "install", *how, "--target", str(site), str(source)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return site


def test_the_package_is_installed_and_neither_scripts_nor_drawn_data(installed):
    assert sorted(path.name for path in installed.iterdir()) == ["demicouture", "demicouture-0.1.0.dist-info"]
    found = {path.relative_to(installed).as_posix() for path in (installed / "demicouture").rglob("*.py")}
    written = {path.relative_to(HOUSE).as_posix() for path in (HOUSE / "demicouture").rglob("*.py")}
    assert found == {name for name in written if not name.startswith("demicouture/synthetic/")}
    for folder in ("magazine/templates", "magazine/static", "review/templates", "review/static"):  # Are no Python.
        names = sorted(path.name for path in (HOUSE / "demicouture" / folder).iterdir())
        assert sorted(path.name for path in (installed / "demicouture" / folder).iterdir()) == names
    translated = "demicouture/locale/ja/LC_MESSAGES/demicouture.mo"
    assert (installed / translated).read_bytes() == (HOUSE / translated).read_bytes()
    metadata = (installed / "demicouture-0.1.0.dist-info/METADATA").read_text("utf-8")
    assert "Requires-Dist: keras~=3.15.0\n" in metadata and "License-File: LICENSE\n" in metadata


def test_importing_it_starts_no_keras_and_five_names_are_there(installed, tmp_path):
    program = (
        "import sys, demicouture\n"
        "assert demicouture.__file__.startswith(sys.argv[1]), demicouture.__file__\n"
        "assert 'numpy' not in sys.modules\n"
        "assert len(demicouture.__all__) == 5 and set(demicouture.__all__) < set(dir(demicouture))\n"
        "from demicouture import *\n"
        "Generator.load, Generator.sample, Generator.render, Hyperplane.load, interpolate, grid, read_designs\n"
        "assert not {'keras', 'tensorflow', 'cv2', 'av'} & set(sys.modules)\n"
    )
    words = [sys.executable, "-c", program, str(installed)]
    environment = os.environ | {"PYTHONPATH": str(installed)}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_a_notebooks_names_do_what_the_scripts_do(tiny_training):
    generator = demicouture.Generator.load(str(tiny_training / "generator.keras"))
    assert generator.size == 32
    latents = generator.sample(3, seed=7)
    assert np.array_equal(latents, sample_prior(3, 7))
    assert np.array_equal(generator.sample(3, seed=7, truncation=0.5), latents * np.float32(0.5))
    pictures = generator.render(latents)
    assert np.array_equal(pictures, inference.render(generator.network, latents))
    assert np.array_equal(generator.render(latents[1]), pictures[[1]])
    steps = demicouture.interpolate(latents[0], latents[1], 5)
    wanted = path_between("preserving", latents[0], latents[1], None)(np.array([0, 0.25, 0.5, 0.75, 1]))
    assert np.array_equal(steps, wanted)
    assert isinstance(demicouture.grid(pictures), Image.Image)
    plane = demicouture.Hyperplane(np.eye(LATENT_DIM)[0], 0.0)
    through = demicouture.interpolate(latents[0], latents[1], 3, path="boundary", plane=plane)
    assert plane.signed_distance(through)[1] == pytest.approx(0, abs=1e-8)


def test_what_a_notebook_gets_wrong_is_told(tiny_training):
    generator = demicouture.Generator.load(tiny_training / "generator.keras")
    with pytest.raises(ValueError, match=r"latents of shape \(2, 99\), expected \(n, 100\)"):
        generator.render(np.zeros((2, 99)))
    first, second = generator.sample(2, seed=0)
    with pytest.raises(ValueError, match=r"shapes \(2, 100\) and \(100,\), expected one latent each"):
        demicouture.interpolate(np.stack([first, second]), second, 5)
    with pytest.raises(ValueError, match="1 steps, expected at least 2"):
        demicouture.interpolate(first, second, 1)
    for path in ("slerp", "boundary"):
        with pytest.raises(ValueError, match=f"path '{path}', expected one of preserving, lerp, boundary; 'boundary' "):
            demicouture.interpolate(first, second, 5, path=path)
    with pytest.raises(AttributeError, match="module 'demicouture' has no attribute 'generator'"):
        demicouture.generator  # noqa: B018
