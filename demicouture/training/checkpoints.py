"""Checkpoints: all that a run is, so that one that was stopped goes on as if it never had been.

A checkpoint is one ``.npz`` file: both networks, both optimizers, the averaged weights, every random state, the step
and the figures of the epoch under way. The order of the pictures follows from the seed and the epoch. The archive's own
checksums tell a damaged file.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from demicouture.files import atomic_path
from demicouture.training.model import Adversary

KEPT = 2
"""The last one, and the one before it in case the last is damaged."""


def save(folder: Path, model: Adversary) -> Path:
    """Writes a checkpoint atomically, then removes all but the last two."""
    path = folder / f"step-{int(model.step.numpy()):09d}.npz"
    with atomic_path(path) as partial:
        np.savez(partial, **{name: np.asarray(variable) for name, variable in _state(model).items()})
    for old in _newest_first(folder)[KEPT:]:
        old.unlink()
    return path


def restore(folder: Path, model: Adversary) -> tuple[Path | None, list[Path]]:
    """Restores the newest checkpoint that is whole.

    Returns:
        The checkpoint, or None where there is none; and the damaged ones that were passed over.
    """
    damaged = []
    for path in _newest_first(folder):
        try:
            with np.load(path, allow_pickle=False) as archive:
                # All of it is read, and so checked, before anything is assigned.
                values = {name: archive[name] for name in archive.files}
            state = _state(model)
            if {name: value.shape for name, value in values.items()} != {
                name: tuple(variable.shape) for name, variable in state.items()
            }:
                raise ValueError("other variables")
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            damaged.append(path)
            continue
        for name, variable in state.items():
            variable.assign(values[name])
        return path, damaged
    return None, damaged


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*.npz"), reverse=True)


def _state(model: Adversary) -> dict:
    # The pictures are the data set's; the order is drawn anew at each epoch's beginning.
    left_out = {id(model.pictures), id(model.order)}
    variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    # Numbered, not named: Keras counts its names up for every network that a process makes.
    return {f"{index:04d}": v for index, v in enumerate(v for v in variables if id(v) not in left_out)}
