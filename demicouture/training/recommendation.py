"""What to train on this machine: which preset fits it, and how long a run takes; told without waiting for Keras."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demicouture.commands import command
from demicouture.dataset import SIZES
from demicouture.errors import OptionsError
from demicouture.language import _, ngettext
from demicouture.parallel import cores
from demicouture.training.presets import PRESETS, fill_in

SMALL, MANY_CORES = 64, 8
"""Pixels and cores, our choice: a step on 128×128 takes three times as long, and more steps until garments show."""

LONG_RUN_HOURS = 12
"""Our choice: a run that takes longer than overnight is announced, or asked for by name."""

GPU_DEVICES = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")
"""What Linux shows of a GPU of Nvidia's, of Windows' through WSL 2, and of AMD's. Neither backend knows another one."""

GFLOPS_PER_CORE, OVERHEAD_SECONDS = 48, 0.035
"""What a core computes in a training step, and what the step takes besides. From measured steps on two cores, beside
what follows from these: 0.91 s (0.88) at 128×128 and a quarter of the width in batches of 32; 0.15 s (0.15) with the
preset ``demo`` but a discriminator of width 1 and no encoder, 0.17 s (0.21) with one; 0.32 s (0.41) as ``demo`` is;
0.5 s (0.47) with ``best``."""


def has_gpu() -> bool:
    """Returns whether Keras' backend computes on a GPU; starts Keras only where the machine seems to have one."""
    if not any(Path(device).exists() for device in GPU_DEVICES):
        return False
    from demicouture.keras_backend import start_keras

    start_keras()
    from demicouture.training.devices import kind_of_device

    return kind_of_device() != "cpu"


def recommend(pictures: int, size: int, gpu: bool) -> list[str]:
    """Returns the flags of a training run that suits the machine and the data set.

    It is the best preset; without a GPU on small pictures, unless there are many cores, and no longer than overnight.

    Args:
        pictures: That are trained on.
        size: Their side, in pixels.
        gpu: Whether there is a GPU.
    """
    side = size if gpu or cores() >= MANY_CORES else min(size, SMALL)
    words = ["--preset", "best"] + (["--size", str(side)] if side != PRESETS["best"]["size"] else [])
    too_long = estimate_recommended(words, pictures) / (LONG_RUN_HOURS * 3600)
    if too_long > 1 and not gpu:
        words += ["--epochs", str(max(1, int(PRESETS["best"]["epochs"] / too_long)))]
    return words


def estimate_seconds(options: Mapping[str, Any], pictures: int, cores: int) -> float:
    """Returns how long a training run takes without a GPU, within a factor of two or so.

    Args:
        options: The run's hyperparameters, see :data:`demicouture.training.presets.PRESETS`.
        pictures: That are trained on.
        cores: Of the processor.
    """
    blocks, area = SIZES.index(options["size"]) + 1, (options["size"] / 128) ** 2
    # At full width each of the generator's blocks takes 13 GFLOP an image, forward and backward, at any size; the
    # discriminator on 128×128 takes 1.1, with its three uses in a step. An encoder is as large as the discriminator,
    # and pictures are rebuilt from its codes.
    gflop = 13 * options["width"] ** 2 * blocks + 1.1 * options["discriminator_width"] ** 2 * area
    if options["encoder"] == "along":
        gflop *= 1.5
    step = OVERHEAD_SECONDS + gflop * options["batch_size"] / (GFLOPS_PER_CORE * cores)
    return step * options["epochs"] * (pictures // options["batch_size"])


def estimate_recommended(words: list[str], pictures: int) -> float:
    """Returns how long the run takes that :func:`recommend` names by ``words``, without a GPU, in seconds."""
    flags = dict(zip(words[::2], words[1::2], strict=True))
    given = {name: int(flags[f"--{name}"]) for name in ("size", "epochs") if f"--{name}" in flags}
    return estimate_seconds(fill_in(flags["--preset"], given), pictures, cores())


def refuse_months(options: Mapping[str, Any], pictures: int) -> None:
    """Refuses a run of which nobody said that it should be the seed's, and which a machine without GPU never ends.

    Args:
        options: The run's hyperparameters.
        pictures: That are trained on.

    Raises:
        OptionsError: It would take longer than overnight, and there is no GPU.
    """
    seconds = estimate_seconds(options, pictures, cores())
    if seconds > LONG_RUN_HOURS * 3600 and not has_gpu():
        instead = recommend(pictures, options["size"], gpu=False)
        about = describe_duration(estimate_recommended(instead, pictures))
        raise OptionsError(
            _(
                "--preset: not given, which means the seed's own run, and without a GPU that takes about "
                "{duration} here; run: {command} (about {about}), or add --preset seed to have it all the same"
            ).format(duration=describe_duration(seconds), command=command("train_dcgan.py", *instead), about=about)
        )


def describe_duration(seconds: float) -> str:
    """Returns a duration in words, in the unit of which there are a few: minutes, hours, days or months."""
    minutes, hours, days = (max(1, round(seconds / length)) for length in (60, 3600, 86_400))
    if minutes <= 90:
        return ngettext("{count} minute", "{count} minutes", minutes).format(count=minutes)
    if hours <= 48:
        return ngettext("{count} hour", "{count} hours", hours).format(count=hours)
    if days <= 60:
        return ngettext("{count} day", "{count} days", days).format(count=days)
    return _("{count:.0f} months").format(count=days / 30.4)
