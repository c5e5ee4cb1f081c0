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
from demicouture.files import atomic_path
from demicouture.language import _

if TYPE_CHECKING:
    import keras

WEIGHTS = "model.weights.h5"
"""The weights' entry in a ``.keras`` archive."""


def save_network(network: keras.Model, path: Path) -> None:
    """Saves a network to a ``.keras`` file, atomically."""
    with atomic_path(path) as partial:
        network.save(partial)


def hash_weights(path: Path) -> str:
    """Returns one SHA-256 over a saved network's weights: names, types, shapes and bytes, in the order of the names.

    Args:
        path: A ``.keras`` file.

    Raises:
        InputError: The file is no whole ``.keras`` file.
        FileNotFoundError: It is missing.
    """
    digest = hashlib.sha256()

    def add(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            values = np.ascontiguousarray(item[()])
            digest.update(f"{name}\0{values.dtype.str}\0{values.shape}\n".encode())
            digest.update(values.tobytes())

    try:
        with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read(WEIGHTS)), "r") as weights:
            weights.visititems(add)  # in the order of the names
    except (zipfile.BadZipFile, EOFError, KeyError, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # The disk's fault, not the file's.
        raise InputError(
            _("{path}: not a Keras model that this version reads ({name}); run: {command}").format(
                path=path, name=type(error).__name__, command=command("train_dcgan.py")
            )
        ) from error
    return digest.hexdigest()
