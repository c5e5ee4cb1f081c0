"""Checkpoints: all that a run is, so that one that was stopped goes on as if it never had been.

A checkpoint is one ``.npz`` file, written at the end of an epoch: both networks, both optimizers, the averaged weights,
every random state and the step. The order of the pictures follows from the seed and the epoch. The archive's own
checksums reveal a damaged file.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np

from demicouture.dcgan.serialization import save_network
from demicouture.errors import InputError
from demicouture.files import atomic_path, parse_json, read_all_arrays
from demicouture.language import _
from demicouture.runs import versions
from demicouture.training.devices import kind_of_device
from demicouture.training.gan import GAN

MAKER = "made_by"
"""The entry of a checkpoint that says what wrote it, as JSON."""


def path_of(folder: Path, step: int) -> Path:
    """Returns where the checkpoint after so many steps lies."""
    return folder / f"step-{step:09d}.npz"


def save(folder: Path, model: GAN, kept: int, spared: int | None = None) -> Path:
    """Writes a checkpoint atomically, then removes all but the last ``kept`` and the one after ``spared`` steps.

    Later ones than this, which :func:`restore` must have passed over, are renamed: they count no more, but they may be
    somebody's weeks.
    """
    path = path_of(folder, int(model.step.numpy()))
    values = {name: np.asarray(variable) for name, variable in _state(model).items()}
    with atomic_path(path) as partial:
        np.savez(partial, **values, **{MAKER: np.array(json.dumps(maker()))})
    found = _newest_first(folder)
    mine = found.index(path)
    for passed_over in found[:mine]:
        passed_over.replace(passed_over.with_suffix(".npz.passed-over"))
    for old in found[mine + kept :]:
        if spared is None or old != path_of(folder, spared):
            old.unlink()
    return path


def restore(folder: Path, model: GAN) -> tuple[Path | None, list[str]]:
    """Restores the newest checkpoint that is whole.

    Returns:
        The checkpoint, or None where there is none; and what a person should know of it: damaged ones that were passed
        over, and how the program that wrote it differs from this one.
    """
    messages = []
    for path in _newest_first(folder):
        before = load(path, model)
        if before is None:
            messages.append(_("{path}: damaged or of another make, so it is passed over").format(path=path))
            continue
        now = maker()
        if differences := [
            _("{name} {before} (now {now})").format(name=name, before=before.get(name), now=now.get(name))
            for name in {**before, **now}
            if before.get(name) != now.get(name)
        ]:
            messages.append(
                _("{path}: made with {differences}; it goes on, but perhaps not to the same bits").format(
                    path=path, differences=", ".join(differences)
                )
            )
        return path, messages
    return None, messages


def load(path: Path, model: GAN) -> dict[str, str] | None:
    """Sets the model's state to a checkpoint's; returns what made it, or None where it is damaged or of another make.

    Of a damaged one nothing is taken over.
    """
    try:
        values = read_all_arrays(path)  # All of it, before anything is assigned.
        before = parse_json(str(values.pop(MAKER)))
        state = _state(model)
        if {name: value.shape for name, value in values.items()} != {
            name: tuple(variable.shape) for name, variable in state.items()
        }:
            raise ValueError("other variables")
        if not isinstance(before, dict) or not all(_is_sound(value) for value in values.values()):
            raise ValueError("no numbers")
    except (InputError, ValueError, KeyError):
        return None
    for name, variable in state.items():
        variable.assign(values[name])
    return before


def save_kept(folder: Path, model: GAN) -> None:
    """Writes ``generator.keras``, and before it, where an encoder learns along, its ``encoder.keras``."""
    if model.encoder is not None:
        save_network(model.ema_encoder(), folder / "encoder.keras")
    save_network(model.ema_generator(), folder / "generator.keras")


def _is_sound(value: np.ndarray) -> bool:
    return value.dtype.kind in "iub" or (value.dtype.kind == "f" and bool(np.isfinite(value).all()))


def maker() -> dict[str, str]:
    """Returns what a run's exact numbers depend on beside its options: backend, devices, versions."""
    distribution = keras.distribution.distribution()
    count = distribution.device_mesh.devices.size if distribution else 1
    return {"backend": keras.backend.backend(), "device": kind_of_device(), "devices": str(count), **versions()}


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*.npz"), reverse=True)


def _state(model: GAN) -> dict:
    # The pictures are the data set's; their order is drawn anew at each epoch's beginning.
    left_out = {id(variable) for variable in model.batches.variables}
    variables = [v for v in (*model.variables, *model.optimizer.variables) if id(v) not in left_out]
    # Numbered, not named: Keras counts its names up for every network that a process makes.
    return {f"{index:04d}": variable for index, variable in enumerate(variables)}


@contextlib.contextmanager
def still_there(folder: Path) -> Iterator[None]:
    """Writes to a run's folder inside; where it was taken away, nothing is written to a new one of that name.

    Raises:
        InputError: The folder is no longer there.
    """

    def refuse_lost() -> None:
        if not (folder / "options.json").exists():
            raise InputError(
                _(
                    "{folder}: no longer there (moved, deleted, or its disk is gone); put it back, with its "
                    "checkpoints, and run the same command to go on"
                ).format(folder=folder)
            ) from None

    refuse_lost()
    try:
        yield
    except FileNotFoundError:
        refuse_lost()
        raise
