"""Networks as ``.keras`` files: saved atomically, and known by the SHA-256 of their weights.

A ``.keras`` file is a zip archive that notes its date, so the file's own hash would differ with each saving of the same
network. The weights lie in it as HDF5, which is read here without Keras: a hash takes a moment, starting Keras takes
seconds.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from demicouture.commands import command
from demicouture.errors import InputError
from demicouture.files import atomic_path, is_disks_fault, parse_json, refuse_bomb, refuse_many_times
from demicouture.language import _

if TYPE_CHECKING:
    import keras

WEIGHTS, CONFIG = "model.weights.h5", "config.json"
"""Entries of a ``.keras`` archive: the weights, and what layers they are of."""


def save_network(network: keras.Model, path: Path) -> None:
    """Saves a network to a ``.keras`` file, atomically."""
    with atomic_path(path) as partial:
        network.save(partial)


def hash_weights(path: Path) -> str:
    """Returns one SHA-256 over a saved network's weights: names, types, shapes and bytes, in the order of the names.

    Args:
        path: A ``.keras`` file.

    Raises:
        InputError: The file is no whole ``.keras`` file, would unpack to many times its size, or holds weights that are
            NaN or infinite.
        FileNotFoundError: It is missing.
    """
    return _read_weights(path)[0]


def count_weights(path: Path) -> int:
    """Returns how many numbers a saved network's weights are, once :func:`hash_weights` has found nothing wrong."""
    return _read_weights(path)[1]


def _read_weights(path: Path) -> tuple[str, int]:
    digest, count = hashlib.sha256(), 0

    def add(name: str, item: h5py.Group | h5py.Dataset) -> None:
        nonlocal count
        if isinstance(item, h5py.Dataset):
            if item.external or item.is_virtual:
                raise ValueError("weights in other files")
            # What was never written takes no place in the file, and yet has a shape; packed, much takes little.
            refuse_many_times(item.nbytes, item.id.get_storage_size())
            values = np.ascontiguousarray(item[()])
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                raise ValueError(f"weights that are NaN or infinite, in {name}")
            digest.update(f"{name}\0{values.dtype.str}\0{values.shape}\n".encode())
            digest.update(values.tobytes())
            count += values.size

    try:
        with zipfile.ZipFile(path) as archive:
            refuse_bomb(archive)
            parse_json(archive.read(CONFIG))
            with h5py.File(io.BytesIO(archive.read(WEIGHTS)), "r") as weights:
                weights.visititems(add)  # in the order of the names
    except Exception as error:
        # What is damaged makes zipfile and HDF5 raise nearly anything.
        if is_disks_fault(error):
            raise
        raise not_a_network(path, error) from error
    return digest.hexdigest(), count


def not_a_network(path: Path, error: Exception) -> InputError:
    """Returns the failure of a file that is no network, or none to be loaded."""
    found = str(error) if isinstance(error, ValueError) and len(str(error)) < 100 else type(error).__name__
    return InputError(
        _("{path}: not a Keras model that this version reads ({name}); run: {command}").format(
            path=path, name=found, command=command("train_dcgan.py")
        )
    )
