"""Copies: generated pictures that are nearer to a training picture than pictures are to one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demicouture.evaluation.reference import ReferenceFeatures

CLOSEST = 0.01
"""The share of photographs that are as near to another one as a copy is to its original.

Of 200 photographs at 64 pixels all were found again when mirrored, moved by three pixels or brightened by a tenth; of
those blurred by one pixel 15%, and of cross-fades of two of them 4%."""


@dataclass(frozen=True)
class Nearest:
    """The training picture that is nearest to each design.

    Attributes:
        files: The training pictures' names, n of them.
        distance: float64 (n,), cosine distance of the features, 0 (the same) to 2.
        rank: float64 (n,) in [0, 1], the share of photographs that are nearer to another one than this.
        copy: bool (n,), whether that makes the design a copy: ``rank`` below :data:`CLOSEST`.
    """

    files: list[str]
    distance: np.ndarray
    rank: np.ndarray
    copy: np.ndarray


def find_nearest(features: np.ndarray, reference: ReferenceFeatures) -> Nearest:
    """Finds the nearest training picture of each design, as it is or mirrored.

    Args:
        features: float (n, dim), of the designs.
        reference: The data set's features.
    """
    training = np.flatnonzero(~reference.withheld)
    originals, mirrored = reference.features[training], reference.mirrored[training]
    distances = np.minimum(cosine_distances(features, originals), cosine_distances(features, mirrored))
    nearest = distances.argmin(axis=1)
    distance = distances[np.arange(len(features)), nearest]
    among = np.minimum(cosine_distances(originals, originals), cosine_distances(originals, mirrored))
    np.fill_diagonal(among, np.inf)
    apart = np.sort(among.min(axis=1))
    rank = np.searchsorted(apart, distance, side="right") / len(apart)
    copy = distance < np.quantile(apart, CLOSEST)
    return Nearest([reference.files[training[index]] for index in nearest], distance, rank, copy)


def cosine_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Returns 1 minus the cosine of each of ``first``, (n, dim), with each of ``second``, (m, dim): float64 (n, m)."""
    unit = [some / np.linalg.norm(some, axis=1, keepdims=True) for some in (np.float64(first), np.float64(second))]
    return np.maximum(1 - unit[0] @ unit[1].T, 0)
