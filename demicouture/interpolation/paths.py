"""Paths between two latents, by the names of ``--path``, and the points that are taken on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from demicouture.boundary.hyperplane import Hyperplane
from demicouture.latents import PATHS, equal_distance_steps, nearest_crossing, path_through_boundary

BOUNDARY = "boundary"
"""The path through the hyperplane's nearest point to its middle; see :func:`path_through_boundary`."""

PATH_NAMES = (*PATHS, BOUNDARY)

EQUAL_T, EQUAL_DISTANCE = SPACINGS = ("t", "distance")
"""What is divided into equal steps: the path, or the signed distance from the hyperplane."""

PAIR_SCAN = 201
"""Places at which one of many paths is scanned for crossings."""

LatentPath = Callable[[np.ndarray], np.ndarray]
"""Gives the points of a path, float64 (m, latent_dim), at places float64 (m,) in [0, 1]."""


@dataclass(frozen=True)
class PathPoint:
    """A point on a path.

    Attributes:
        latent: float64 (latent_dim,) in [-1, 1].
        t: Where on the path it lies, in [0, 1].
        is_crossing: Whether the path crosses the hyperplane there.
    """

    latent: np.ndarray
    t: float
    is_crossing: bool


def path_between(name: str, first: np.ndarray, second: np.ndarray, plane: Hyperplane | None) -> LatentPath:
    """Returns the path of a name, of :data:`PATH_NAMES`, from one latent to another; BOUNDARY needs the plane."""
    if name != BOUNDARY:
        return partial(PATHS[name], first, second)
    straight = partial(PATHS["preserving"], first, second)
    return lambda t: path_through_boundary(straight, t, plane.normal, plane.intercept)


def place_steps(path: LatentPath, plane: Hyperplane | None, count: int, spacing: str) -> np.ndarray:
    """Returns places on a path with equal steps in between, float64 (count,) from 0 to 1.

    Args:
        path: The path.
        plane: The hyperplane, which EQUAL_DISTANCE needs.
        count: How many places, at least 2.
        spacing: Of :data:`SPACINGS`.
    """
    if spacing == EQUAL_T:
        return np.linspace(0, 1, count)
    return equal_distance_steps(lambda t: plane.signed_distance(path(t)), count)


def find_crossing(path: LatentPath, plane: Hyperplane | None) -> float | None:
    """Returns where a path crosses the plane nearest to its middle; None where it does not, or there is no plane."""
    return nearest_crossing(lambda t: plane.signed_distance(path(t))) if plane else None


def crossing_or_midpoint(path: LatentPath, plane: Hyperplane | None) -> PathPoint:
    """Returns the crossing of a path with the plane nearest to its middle, or its midpoint where it crosses none."""
    crossing = nearest_crossing(lambda t: plane.signed_distance(path(t)), scan=PAIR_SCAN) if plane else None
    t = 0.5 if crossing is None else crossing
    return PathPoint(path(np.array([t]))[0], t, crossing is not None)
