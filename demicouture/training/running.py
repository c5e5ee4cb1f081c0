"""A training run from its newest checkpoint to its last epoch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from demicouture.networks import save_network
from demicouture.training import checkpoints
from demicouture.training.callbacks import (
    Checkpoints,
    EpochOrder,
    History,
    Interruption,
    Progress,
    Samples,
    still_there,
)
from demicouture.training.model import Adversary


def build_adversary(pictures: np.ndarray, **figures: Any) -> Adversary:
    """Builds the adversary with the step of the Keras backend in use; see :class:`Adversary` for the arguments."""
    if keras.backend.backend() == "jax":
        from demicouture.training.jax_step import JaxAdversary as Backend
    else:
        from demicouture.training.tensorflow_step import TensorFlowAdversary as Backend
    return Backend(pictures, **figures)


def train(
    model: Adversary,
    folder: Path,
    epochs: int,
    latents: np.ndarray,
    seed: int,
    *,
    kept: int,
    writes: bool,
    quiet: bool,
    report: Callable[[str], None],
) -> None:
    """Trains up to the last epoch and leaves log, samples, checkpoints and both networks in ``folder``.

    Args:
        model: As :func:`build_adversary` made it; its state is replaced by the newest checkpoint's, if there is one.
        folder: The run's folder.
        epochs: All epochs of the run, those of earlier runs included.
        latents: float32 (n, latent_dim); rendered again and again.
        seed: Of the pictures' order.
        kept: How many checkpoints to keep.
        writes: Whether this process writes the files; of several it is the first.
        quiet: Whether to show no progress.
        report: Prints a message.

    Raises:
        InputError: The folder disappeared.
        KeyboardInterrupt: The run was asked to stop; everything is saved.
    """
    path, told = checkpoints.restore(folder / "checkpoints", model)
    for line in told:
        report(line)
    if told and path is None:
        report("no whole checkpoint is left, so training begins anew")
    epoch, first = divmod(int(model.step.numpy()), model.steps_per_epoch)
    if path:
        report(f"going on from {path}: epoch {epoch} is done, and {first} steps of the next")

    interruption = Interruption()
    partial_epoch = [np.asarray(variable) for variable in model.metrics_variables] if first else None
    progress = Progress(epochs, quiet, report)
    callbacks: list[keras.callbacks.Callback] = [EpochOrder(seed, partial_epoch), interruption, progress]
    if writes:
        history = History(folder, epoch)
        callbacks += [history, Samples(folder / "samples", latents, epochs), Checkpoints(folder, kept, history)]
    # A run that was stopped within an epoch ends that epoch first, with the steps that it still lacks.
    stretches = [(epoch, epoch + 1, first), (epoch + 1, epochs, 0)] if first else [(epoch, epochs, 0)]
    try:
        for begin, end, step in stretches:
            if begin < end and not interruption.agreed:
                steps = model.steps_from(step)
                model.fit(**steps, shuffle=False, initial_epoch=begin, epochs=end, verbose=0, callbacks=callbacks)
    finally:
        progress.close()
        interruption.close()
    if interruption.agreed:
        raise KeyboardInterrupt
    if writes:
        # Again, because a kill may have come between the last checkpoint and the generator that goes with it.
        with still_there(folder):
            save_network(model.generator_to_show(), folder / "generator.keras")
            save_network(model.discriminator, folder / "discriminator.keras")
