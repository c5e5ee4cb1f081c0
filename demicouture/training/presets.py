"""The presets of ``train_dcgan.py``: hyperparameters that go together."""

from __future__ import annotations

import argparse
from typing import Any

from demicouture import cli
from demicouture.dataset import SIZES
from demicouture.language import _

PRESETS = {
    # The seed's; where it is silent, the DCGAN paper's (learning rate) or Keras-GAN's (batch size).
    "seed": {
        "size": 128,
        "width": 1.0,
        "discriminator_width": None,
        "dropout": 0.25,
        "epochs": 10_000,
        "batch_size": 32,
        "learning_rate": 2e-4,
        "discriminator_learning_rate": None,
        "augment": False,
        "flips": False,
        "ema": 0.0,
        "encoder": "afterwards",
    },
    # An evening on two cores, or minutes on a GPU: a thin generator against the seed's whole discriminator, small
    # batches, mirrored pictures, averaged weights (Karras et al. 2018), and an encoder that learns along. DiffAugment
    # (Zhao et al. 2020) is left out: on a thousand photographs at 64 pixels, in equal time, it left blobs.
    "best": {
        "size": 128,
        "width": 0.125,
        "discriminator_width": 1.0,
        "dropout": 0.25,
        "epochs": 300,
        "batch_size": 16,
        "learning_rate": 1e-3,
        "discriminator_learning_rate": None,
        "augment": False,
        "flips": True,
        "ema": 0.999,
        "encoder": "along",
    },
    # Five minutes on two cores. Small batches give more steps. The generator is what costs time, so it is thin, against
    # a discriminator of twice the seed's channels and without its dropout: in the same time designs came 52% of the way
    # from noise to the data set's pictures, with collars and zips, and 49% with one like that of "best". In so few
    # passes it learns no picture by heart; DiffAugment, which keeps it from that, is left out.
    "demo": {
        "size": 64,
        "width": 0.125,
        "discriminator_width": 2.0,
        "dropout": 0.0,
        "epochs": 20,
        "batch_size": 16,
        "learning_rate": 1e-3,
        "discriminator_learning_rate": None,
        "augment": False,
        "flips": True,
        "ema": 0.99,
        "encoder": "along",
    },
}
"""By name. None of the discriminator's takes the generator's value."""

FOLLOWED = {"discriminator_width": "width", "discriminator_learning_rate": "learning_rate"}
"""Where a value is None, it is that of this other hyperparameter."""


def fill_in(preset: str, given: dict[str, Any]) -> dict[str, Any]:
    """Returns all hyperparameters of a run: those given, where they are not None, and the preset's."""
    values = {name: value if given.get(name) is None else given[name] for name, value in PRESETS[preset].items()}
    return {name: values[FOLLOWED[name]] if value is None else value for name, value in values.items()}


def add_flags(group: argparse._ArgumentGroup) -> None:
    """Adds a flag for each hyperparameter; where it is not given, it is None, for :func:`fill_in`."""
    number, integer, switch = cli.number, cli.integer, argparse.BooleanOptionalAction
    for name, help, how in (
        ("size", _("the pictures' side in pixels"), {"type": int, "choices": SIZES}),
        ("width", _("factor on the networks' inner channels"), {"type": number(0.01, 4), "metavar": "X"}),
        (
            "discriminator_width",
            _("factor on the discriminator's alone, and on those of an encoder that learns along"),
            {"type": number(0.01, 4), "metavar": "X"},
        ),
        (
            "dropout",
            _("share of the discriminator's features left out at random"),
            {"type": number(0, 0.9), "metavar": "X"},
        ),
        ("epochs", _("passes over the pictures; more extend a run"), {"type": integer(1), "metavar": "N"}),
        ("batch_size", _("pictures in a step"), {"type": integer(2), "metavar": "N"}),
        ("learning_rate", _("of the generator's Adam"), {"type": number(1e-7, 1), "metavar": "X"}),
        ("discriminator_learning_rate", _("of the discriminator's"), {"type": number(1e-7, 1), "metavar": "X"}),
        ("augment", _("show the discriminator its pictures through DiffAugment"), {"action": switch}),
        ("flips", _("mirror real pictures at random"), {"action": switch}),
        (
            "encoder",
            _(
                "let an encoder learn along with the generator, so that it can rebuild real pictures; or "
                "afterwards, with the generator as it is"
            ),
            {"choices": ("along", "afterwards")},
        ),
        ("ema", _("momentum of the generator's averaged weights, or 0"), {"type": number(0, 0.99999), "metavar": "X"}),
    ):
        values = {preset: preset_values[name] for preset, preset_values in PRESETS.items()}
        followed = "--" + FOLLOWED.get(name, "").replace("_", "-")
        defaults = ", ".join(f"{preset} {followed if value is None else value}" for preset, value in values.items())
        group.add_argument("--" + name.replace("_", "-"), help=f"{help} ({defaults})", **how)
