"""The data set's pictures as features: what generated pictures are compared with.

One in ten is withheld from training. Distances are measured from the withheld ones, for a generator that returns its
training pictures is near to those whatever it has learned; copies are looked for among the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demicouture.dataset import Dataset
from demicouture.evaluation.imagenet_features import FEATURES
from demicouture.files import ArraySpec, read_arrays, write_arrays
from demicouture.language import _

RECORD = "reference-features.npz"

SPECS = {
    "features": ArraySpec(float, ("pictures", FEATURES)),
    "mirrored": ArraySpec(float, ("pictures", FEATURES)),
    "labels": ArraySpec(int, ("pictures",), 0, 1),
    "withheld": ArraySpec(bool, ("pictures",)),
    "files": ArraySpec(str, ("pictures",)),
    "poles": ArraySpec(str, (2,)),
    "dataset_sha256": ArraySpec(str),
}
"""What a file of features holds: the attributes of :class:`ReferenceFeatures`."""


@dataclass(frozen=True)
class ReferenceFeatures:
    """Features of the pictures of a data set.

    Attributes:
        features: float32 (n, 1280).
        mirrored: float32 (n, 1280), of the same pictures mirrored: a mirrored copy is a copy, too.
        labels: int64 (n,); 0 for the first pole, 1 for the second.
        withheld: bool (n,); whether the generator has never seen the picture.
        files: The pictures' names below the data set's folder, such as ``casual/0123456789abcdef.png``.
        poles: The two poles' names.
        dataset_sha256: The data set's hash.
    """

    features: np.ndarray
    mirrored: np.ndarray
    labels: np.ndarray
    withheld: np.ndarray
    files: tuple[str, ...]
    poles: tuple[str, str]
    dataset_sha256: str

    def save(self, folder: Path) -> None:
        """Writes the features to a run's folder, atomically."""
        write_arrays(folder / RECORD, **vars(self))

    @classmethod
    def load(cls, folder: Path) -> ReferenceFeatures | None:
        """Returns the features in a run's folder; None where there are none.

        Raises:
            InputError: The file is damaged.
        """
        path = folder / RECORD
        if not path.exists():
            return None
        *arrays, files, poles, dataset_sha256 = read_arrays(path, SPECS)
        return cls(*arrays, tuple(files.tolist()), tuple(poles.tolist()), str(dataset_sha256))


def describe_dataset(
    dataset: Dataset, withheld: np.ndarray, describe: Callable[..., np.ndarray], quiet: bool
) -> ReferenceFeatures:
    """Returns the features of a data set's pictures.

    Args:
        dataset: The pictures.
        withheld: bool (n,); see :meth:`demicouture.dataset.Dataset.choose_withheld`.
        describe: :func:`demicouture.evaluation.imagenet_features.describe` with its network.
        quiet: Whether to show no progress bar.
    """
    return ReferenceFeatures(
        describe(dataset.pictures, quiet, _("describing pictures")),
        describe(dataset.pictures[:, :, ::-1], quiet, _("describing pictures mirrored")),
        dataset.labels,
        withheld,
        dataset.names,
        dataset.poles,
        dataset.sha256,
    )
