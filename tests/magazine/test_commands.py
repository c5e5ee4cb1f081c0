"""The commands that the page shows, held against the scripts that they name."""

from __future__ import annotations

import importlib
import shlex

import pytest

from demicouture.magazine.commands import DEFAULTS, command, training_command
from demicouture.training.presets import fill_in


@pytest.mark.parametrize("script", DEFAULTS)
def test_defaults_are_the_scripts_own(script):
    args = vars(importlib.import_module(script.removesuffix(".py")).parse_args([]))
    for name, usual in DEFAULTS[script].items():
        if name != "queries":  # The home's own, the seed's, or those of the drawn pictures.
            assert (args[name] or usual) == usual, name


def test_only_what_differs_is_said_and_the_script_takes_it():
    given = {"source": "openverse", "limit": 20, "queries": "/home/anna/own.csv", "seed": 0, "only": "museum"}
    assert (
        command("scrape.py", given) == "python scrape.py --source openverse --queries own.csv --limit 20 --only museum"
    )
    assert command("preprocess.py", {"size": 64, "count": 500}) == "python preprocess.py --size 64"
    assert command("interpolate.py") == "python interpolate.py"


def test_a_training_is_its_preset_and_what_is_not_the_presets():
    options = fill_in("best", {}) | {"epochs": 500, "augment": True, "flips": False, "seed": 7, "precision": "bfloat16"}
    told = training_command({}, options)
    assert told == "python train_dcgan.py --preset best --precision bfloat16 --seed 7 --epochs 500 --augment --no-flips"
    args = vars(importlib.import_module("train_dcgan").parse_args(shlex.split(told)[2:]))
    assert all(args[name] == value for name, value in options.items())
