"""The training pictures: in memory, or in a file on disk where the device has too little memory for them."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from demicouture.commands import command
from demicouture.dataset import Dataset, read_dataset
from demicouture.errors import InputError, OptionsError
from demicouture.keras_backend import device_memory
from demicouture.language import _
from demicouture.runs import RunFolder

ALWAYS_RESIDENT = 2**28
"""Pictures of so many bytes fit any device that trains; its memory need not be looked up."""

RESIDENT_SHARE = 0.25
"""The share of a device's memory that the pictures may take; the rest is for networks, optimizers and activations."""


def read_training_pictures(
    folder: Path,
    size: int,
    scratch: Path,
    *,
    always_resident: int = ALWAYS_RESIDENT,
    resident_share: float = RESIDENT_SHARE,
    quiet: bool = False,
    report: Callable[[str], None] = print,
) -> Dataset:
    """Reads the data set at the run's size; if the device has too little memory, its pictures are an ``np.memmap``.

    Args:
        folder: The data set.
        size: The side that every picture is reduced to, in pixels.
        scratch: A folder on the disk where large data sets are kept while the run lasts.
        always_resident: Bytes up to which the pictures are in memory in any case.
        resident_share: The share of the device's memory that they may take.
        quiet: Whether to show no progress bar.
        report: Prints a message.

    Raises:
        InputError: The data set is missing, unfinished or damaged.
    """

    def allocate(shape: tuple[int, ...]) -> np.ndarray:
        needed = math.prod(shape)
        if needed <= always_resident or needed <= (memory := device_memory()) * resident_share:
            return np.empty(shape, np.uint8)
        report(
            _(
                "{count} pictures take {needed:.1f} GiB and the device has {memory:.1f}, so they stay on disk "
                "and are fetched while it computes"
            ).format(count=shape[0], needed=needed / 2**30, memory=memory / 2**30)
        )
        scratch.mkdir(parents=True, exist_ok=True)
        # Without a name, so that nothing is left behind, however the run ends.
        with tempfile.TemporaryFile(dir=scratch) as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(
                    file.fileno(), 0, needed
                )  # A disk that is too small is reported now, not by a crash.
            return np.memmap(file, np.uint8, "w+", shape=shape)

    return read_dataset(folder, size, allocate, quiet)


def refuse_few_pictures(source: Path, count: int, batch_size: int) -> None:
    """Refuses to train on less than a batch.

    Raises:
        InputError: Of the data set in ``source`` fewer pictures than a batch are left to train on.
    """
    if count < batch_size:
        raise InputError(
            _(
                "{source}: found {count} pictures to train on, and some to withhold; expected at least a "
                "batch; add pictures or use --batch-size {count}"
            ).format(source=source, count=count)
        )


def refuse_other_pictures(run: RunFolder, source: Path) -> None:
    """Refuses to go on with other pictures than a run began with; its options have the data set's hash.

    Raises:
        OptionsError: The data set in ``source`` changed since, or an earlier version began the run.
    """
    before, now = run.before.get("dataset_sha256"), run.options["dataset_sha256"]
    if run.before and before is None:
        raise OptionsError(
            _("{path}: begun by an earlier version, with other checkpoints; add --fresh").format(path=run.path)
        )
    if run.before and before != now:
        raise OptionsError(
            _(
                "{path}: trained on a data set with SHA-256 {before}…, found {now}… in {source}; restore the "
                "pictures, or to train anew on these, run: {command}"
            ).format(
                path=run.path,
                before=before[:12],
                now=now[:12],
                source=source,
                command=command("train_dcgan.py", "--fresh"),
            )
        )


def choose_evenly(dataset: Dataset, count: int) -> np.ndarray:
    """Returns so many pictures, half of each pole, spread evenly over the files."""
    chosen = [
        np.flatnonzero(dataset.labels == pole)[
            np.linspace(0, np.sum(dataset.labels == pole) - 1, count // 2).astype(int)
        ]
        for pole in (0, 1)
    ]
    return dataset.pictures[np.concatenate(chosen)]
