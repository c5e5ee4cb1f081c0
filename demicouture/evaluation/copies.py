"""Copies: generated pictures that are nearer to a training picture than pictures are to one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demicouture.evaluation.reference import ReferenceFeatures

CLOSEST = 0.01
"""The share of photographs that are as near to another one as a copy is to its original.

Of 200 photographs at 64 pixels all were found again when mirrored, moved by three pixels or brightened by a tenth; of
those blurred by one pixel 15%, and of cross-fades of two of them 4%."""

ALWAYS = 0.02
"""The distance below which a design is a copy in any data set: where pictures are there twice, the closest ones are at
0. Without such, the two nearest of 661 drawn pictures are at 0.03, and those of 1,000 photographs at 0.13."""

AT_A_TIME = 256
"""Designs that are compared before the next: with ten thousand pictures that takes 20 MB, not 800."""


@dataclass(frozen=True)
class Nearest:
    """The training picture that is nearest to each design.

    Attributes:
        files: The training pictures' names, n of them.
        distance: float64 (n,), cosine distance of the features, 0 (the same) to 2.
        rank: float64 (n,) in [0, 1], the share of photographs that are nearer to another one than this.
        copy: bool (n,), whether that makes the design a copy: it is nearer than :data:`CLOSEST` of the photographs are
            to another one, or than :data:`ALWAYS`.
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
    nearest, distance = _nearest(features, reference.features[training], reference.mirrored[training])
    apart = distances_apart(reference)
    rank = np.searchsorted(apart, distance, side="right") / len(apart)
    copy = distance < max(np.quantile(apart, CLOSEST), ALWAYS)
    return Nearest([reference.files[training[index]] for index in nearest], distance, rank, copy)


def distances_to_training(features: np.ndarray, reference: ReferenceFeatures) -> np.ndarray:
    """Returns how far pictures, by their features (n, dim), are from the nearest training picture; float64 (n,)."""
    training = ~reference.withheld
    return _nearest(features, reference.features[training], reference.mirrored[training])[1]


def distances_apart(reference: ReferenceFeatures) -> np.ndarray:
    """Returns how far each training picture is from the nearest other one, mirrored or not; float64 (n,), sorted."""
    training = ~reference.withheld
    originals = reference.features[training]
    return np.sort(_nearest(originals, originals, reference.mirrored[training], of_these=True)[1])


def _nearest(
    features: np.ndarray, originals: np.ndarray, mirrored: np.ndarray, of_these: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the row of the nearest picture to each of ``features``, and its distance.

    Args:
        features: float (n, dim).
        originals: float (m, dim).
        mirrored: float (m, dim), of the same pictures mirrored.
        of_these: Whether ``features`` are ``originals``, of which each is compared with the others.
    """
    rows, distances = np.empty(len(features), int), np.empty(len(features))
    for start in range(0, len(features), AT_A_TIME):
        some = features[start : start + AT_A_TIME]
        # Always as many: else the last digits would depend on how many designs there are.
        padded = np.concatenate([some, np.ones((AT_A_TIME - len(some), features.shape[1]), features.dtype)])
        found = np.minimum(cosine_distances(padded, originals), cosine_distances(padded, mirrored))[: len(some)]
        if of_these:
            own = np.arange(len(some))
            found[own, start + own] = np.inf
        rows[start : start + AT_A_TIME] = found.argmin(axis=1)
        distances[start : start + AT_A_TIME] = found.min(axis=1)
    return rows, distances


def cosine_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Returns 1 minus the cosine of each of ``first``, (n, dim), with each of ``second``, (m, dim): float64 (n, m)."""
    unit = [some / np.linalg.norm(some, axis=1, keepdims=True) for some in (np.float64(first), np.float64(second))]
    return np.maximum(1 - unit[0] @ unit[1].T, 0)
