"""The presets of ``train_dcgan.py``: hyperparameters that go together."""

from __future__ import annotations

PRESETS = {
    # The seed's; where it is silent, the DCGAN paper's (learning rate) or Keras-GAN's (batch size).
    "seed": {
        "size": 128,
        "width": 1.0,
        "discriminator_width": None,
        "epochs": 10_000,
        "batch_size": 32,
        "learning_rate": 2e-4,
        "discriminator_learning_rate": None,
        "augment": False,
        "flips": False,
        "ema": 0.0,
    },
    # DiffAugment after Zhao et al. 2020, the averaged generator after Karras et al. 2018, the discriminator's higher
    # learning rate after Heusel et al. 2017; benchmarks/README.md has what was measured, and what else did not win.
    "best": {
        "size": 128,
        "width": 1.0,
        "discriminator_width": None,
        "epochs": 2_000,
        "batch_size": 32,
        "learning_rate": 2e-4,
        "discriminator_learning_rate": 4e-4,
        "augment": True,
        "flips": True,
        "ema": 0.999,
    },
    # Tried out for five minutes on two cores. Small batches give more steps. The generator is what costs time, so it is
    # thin; a discriminator as thin (4, 8 and 16 channels) teaches it nothing in that time, and so wide a one need not
    # learn faster than the generator. And 34 passes over the pictures are too few to learn them by heart: DiffAugment
    # only makes the task harder; see benchmarks/README.md.
    "demo": {
        "size": 64,
        "width": 0.125,
        "discriminator_width": 1.0,
        "epochs": 34,
        "batch_size": 16,
        "learning_rate": 1e-3,
        "discriminator_learning_rate": None,
        "augment": False,
        "flips": True,
        "ema": 0.99,
    },
}
"""By name. None of the discriminator's takes the generator's value."""

FOLLOWED = {"discriminator_width": "width", "discriminator_learning_rate": "learning_rate"}
"""Where a value is None, it is that of this other hyperparameter."""


def fill_in(preset: str, given: dict) -> dict:
    """Returns all hyperparameters of a run: those given, where they are not None, and the preset's."""
    values = {name: value if given.get(name) is None else given[name] for name, value in PRESETS[preset].items()}
    return {name: values[FOLLOWED[name]] if value is None else value for name, value in values.items()}


def describe_default(name: str) -> str:
    """Returns what each preset has for a hyperparameter, in one line of ``--help``."""
    values = {preset: values[name] for preset, values in PRESETS.items()}
    followed = "--" + FOLLOWED.get(name, "").replace("_", "-")
    return ", ".join(f"{preset} {followed if value is None else value}" for preset, value in values.items())
