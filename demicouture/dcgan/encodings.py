"""The data set's pictures in latent space: the code that the encoder gives each of them.

``train_dcgan.py`` writes them where it trained an encoder. A code is a latent like any other: the generator rebuilds
its picture from it, and what is between two codes is between two photographs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demicouture.commands import command
from demicouture.files import ArraySpec, read_arrays, write_arrays
from demicouture.language import _
from demicouture.latents import LATENT_DIM

RECORD = "encodings.npz"

SPECS = {
    "codes": ArraySpec(float, ("pictures", LATENT_DIM), -1, 1),
    "errors": ArraySpec(float, ("pictures",), 0),
    "labels": ArraySpec(int, ("pictures",), 0, 1),
    "withheld": ArraySpec(bool, ("pictures",)),
    "files": ArraySpec(str, ("pictures",)),
    "poles": ArraySpec(str, (2,)),
    "dataset_sha256": ArraySpec(str),
    "generator_sha256": ArraySpec(str),
}
"""What a file of codes holds: the attributes of :class:`Encodings`."""


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
        *arrays, files, poles, dataset_sha256, generator_sha256 = read_arrays(path, SPECS)
        return cls(*arrays, tuple(files.tolist()), tuple(poles.tolist()), str(dataset_sha256), str(generator_sha256))

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
