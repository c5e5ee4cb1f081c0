"""The data set's pictures in latent space: the code that the encoder gives each of them.

``train_dcgan.py`` writes them where it trained an encoder. A code is a latent like any other: the generator rebuilds
its picture from it, and what is between two codes is between two photographs.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demicouture.commands import command
from demicouture.errors import InputError
from demicouture.files import read_arrays, write_arrays
from demicouture.language import _
from demicouture.latents import LATENT_DIM

RECORD = "encodings.npz"


@dataclass(frozen=True)
class Encodings:
    """Codes of the pictures of a data set.

    Attributes:
        codes: float32 (n, latent_dim) in [-1, 1].
        errors: float32 (n,), each picture's mean absolute difference from what the generator makes of its code, in
            grey levels of 255.
        labels: int64 (n,); 0 for the first pole, 1 for the second.
        withheld: bool (n,); whether generator and encoder have never seen the picture.
        files: The pictures' names below the data set's folder, such as ``casual/0123456789abcdef.png``.
        poles: The two poles' names.
        dataset_sha256: The data set's hash.
        generator_sha256: The hash of the generator's weights, see :func:`demicouture.dcgan.inference.hash_generator`.
    """

    codes: np.ndarray
    errors: np.ndarray
    labels: np.ndarray
    withheld: np.ndarray
    files: tuple[str, ...]
    poles: tuple[str, str]
    dataset_sha256: str
    generator_sha256: str

    def save(self, folder: Path) -> None:
        """Writes the codes to a run's folder, atomically."""
        write_arrays(folder / RECORD, **vars(self))

    @classmethod
    def load(cls, folder: Path) -> Encodings | None:
        """Returns the codes in a run's folder; None where there are none.

        Raises:
            InputError: The file is damaged.
        """
        path = folder / RECORD
        if not path.exists():
            return None
        *arrays, files, poles, dataset_sha256, generator_sha256 = read_arrays(
            path, [field.name for field in dataclasses.fields(cls)]
        )
        names = tuple(np.ravel(files).tolist()), tuple(np.ravel(poles).tolist())
        encodings = cls(*arrays, *names, str(dataset_sha256), str(generator_sha256))
        count = len(encodings.files)
        shapes = [(count, LATENT_DIM), (count,), (count,), (count,)]
        kinds = [array.dtype.kind for array in arrays]
        whole = [array.shape for array in arrays] == shapes and kinds == ["f", "f", "i", "b"]
        whole = whole and len(encodings.poles) == 2 and np.isin(encodings.labels, (0, 1)).all()
        if not whole or not np.isfinite(encodings.errors).all() or not (np.abs(encodings.codes) <= 1).all():
            raise InputError(
                _("{path}: arrays that do not fit each other; remove it and run the script again").format(path=path)
            )
        return encodings

    def describe_mismatch(self, folder: Path, generator_sha256: str) -> str:
        """Returns why these codes, of a run's folder, are of no use for its generator; "" where they are of use.

        Args:
            folder: The run's folder.
            generator_sha256: Of the generator that is to rebuild pictures from them.
        """
        if self.generator_sha256 == generator_sha256:
            return ""
        return _(
            "{path}: codes for another generator than {generator}, so photographs are left out; run: {command}"
        ).format(path=folder / RECORD, generator=folder / "generator.keras", command=command("train_dcgan.py"))


def describe_distribution(codes: np.ndarray) -> dict[str, float]:
    """Returns how codes, float (n, latent_dim), are distributed; beside it stands what the prior has.

    Returns:
        ``standard_deviation`` of all coordinates together (0.577); ``mean_norm`` (5.77 in 100 dimensions);
        ``kolmogorov_smirnov``, the distance of all coordinates together from U(-1, 1) (0); and ``widest``, the largest
        standard deviation along any direction (of 1,000 latents 0.76).
    """
    from scipy.stats import kstest  # Imported here: it takes a moment, which --help should not.

    codes = np.asarray(codes, np.float64)
    return {
        "standard_deviation": float(codes.std()),
        "mean_norm": float(np.linalg.norm(codes, axis=1).mean()),
        "kolmogorov_smirnov": float(kstest(codes.ravel(), "uniform", (-1, 2)).statistic),
        "widest": float(np.linalg.norm(codes - codes.mean(axis=0), 2) / np.sqrt(len(codes))),
    }
