"""The command that made a folder, as a person would type it, from what the folder records.

Only what differs from a script's defaults is said. Names of folders of this machine are left out, for the page may be
sent: whoever works in another home adds ``--home``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from demicouture.training.presets import PRESETS, fill_in

DEFAULTS: dict[str, dict[str, Any]] = {
    "scrape.py": {
        "source": "wardrobe",
        "queries": "queries.csv",
        "limit": None,
        "pole": None,
        "delay": 1.0,
        "min_size": 128,
        "only": "",
        "without": "",
    },
    "preprocess.py": {
        "count": 500,
        "size": 128,
        "subject": "garment",
        "background": "plain",
        "on_review": "drop",
        "seed": 0,
    },
    "train_dcgan.py": {"preset": "seed", "precision": "float32", "fresh_fakes": False, "seed": 0},
    "generate.py": {"count": 100, "pictures": 100, "truncation": 1.0, "seed": 0},
    "latent_svm.py": {"seed": 0},
    "interpolate.py": {"a": None, "b": None, "pairs": None, "steps": 9, "path": "preserving", "even": "t", "seed": 0},
}
"""The scripts' own; a test holds them against the scripts."""


def command(script: str, given: Mapping[str, Any] | None = None) -> str:
    """Returns ``python SCRIPT`` with the flags that are not the defaults."""
    words = ["python", script]
    for name, usual in DEFAULTS[script].items():
        value = (given or {}).get(name, usual)
        if name == "queries" and value:
            file = PurePath(str(value).replace("\\", "/")).name
            value = usual if file in (usual, "queries-demo.csv") else file
        if value == usual or value is None:
            continue
        flag = "--" + name.replace("_", "-")
        words += [flag] if value is True else [flag, str(value)]
    return " ".join(words)


def training_command(results: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    """Returns the command of a training: its preset, and the hyperparameters that are not the preset's."""
    preset = results.get("preset") or _nearest_preset(options)
    words = [command("train_dcgan.py", {**options, "preset": preset})]
    for name, usual in fill_in(preset, {}).items():
        value = options.get(name, usual)
        if value == usual:
            continue
        flag = name.replace("_", "-")
        words.append(f"--{flag}" if value is True else f"--no-{flag}" if value is False else f"--{flag} {value}")
    return " ".join(words)


def _nearest_preset(options: Mapping[str, Any]) -> str:
    """Returns the preset that most hyperparameters are of; a run records its own only at its end."""
    return max(PRESETS, key=lambda name: sum(options.get(key) == value for key, value in fill_in(name, {}).items()))
