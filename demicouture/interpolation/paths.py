"""Paths between two latents: their formulas, by the names of ``--path``, and the points that are taken on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from demicouture.boundary.hyperplane import Hyperplane
from demicouture.latents import nearest_at_distance, signed_distance


def lerp(first: np.ndarray, second: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Returns the points of the straight line from ``first`` (t = 0) to ``second`` (t = 1).

    In the middle the coordinates' variance is half the prior's, which the generator never saw: such designs look
    washed out. See :func:`prior_preserving_path`.

    Args:
        first: float (latent_dim,).
        second: float (latent_dim,).
        t: float (steps,) in [0, 1].

    Returns:
        float64 (steps, latent_dim).
    """
    t = np.asarray(t, np.float64)[:, np.newaxis]
    return (1 - t) * np.asarray(first, np.float64) + t * np.asarray(second, np.float64)


def prior_preserving_path(first: np.ndarray, second: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Returns points from ``first`` to ``second`` that are distributed as the prior at every t.

    For independent ends, each coordinate of the straight line y = (1−t)·z₁ + t·z₂ has a trapezoidal distribution;
    applying its distribution function and the inverse of the uniform one carries y back to U(−1, 1). With
    m = min(t, 1−t) and M = max(t, 1−t) that is y/M where |y| ≤ M−m, else sign(y)·(1 − (1−|y|)²/(4mM)).

    Args:
        first: float (latent_dim,) in [-1, 1].
        second: float (latent_dim,) in [-1, 1].
        t: float (steps,) in [0, 1].

    Returns:
        float64 (steps, latent_dim) in [-1, 1]; the ends are the two arguments exactly.

    Source:
        Agustsson et al., "Optimal Transport Maps for Distribution Preserving Operations on Latent Spaces of
        Generative Models", ICLR 2019, for the uniform prior.
    """
    t = np.asarray(t, np.float64)[:, np.newaxis]
    line = lerp(first, second, t[:, 0])
    smaller, larger = np.minimum(t, 1 - t), np.maximum(t, 1 - t)
    size = np.abs(line)
    # At an end m = 0, where the first branch holds for every coordinate and is the identity.
    tail = 1 - (1 - size) ** 2 / np.where(smaller > 0, 4 * smaller * larger, 1)
    middle = (size <= larger - smaller) | (smaller == 0)
    return np.where(middle, line / larger, np.sign(line) * tail)


def prior_preserving_mean(latents: np.ndarray) -> np.ndarray:
    """Returns the middle of several latents, distributed as the prior.

    The plain mean of k latents is too short: its coordinates' variance is a k-th of the prior's. As on
    :func:`prior_preserving_path`, their distribution function, Bates', and the inverse of the uniform one carry them
    back to U(−1, 1). Of two latents this is the path's middle; of one it is the latent.

    With x = k·(mean + 1)/2, the sum of k numbers from U(0, 1), the distribution function is Irwin and Hall's. Here it
    is built up by F_k(x) = (x·F_{k−1}(x) + (k−x)·F_{k−1}(x−1))/k, all of whose terms are positive: the textbook's
    alternating sum loses its digits from about twenty latents on.

    Args:
        latents: float (k, latent_dim) in [-1, 1], k at least 1.

    Returns:
        float64 (latent_dim,) in [-1, 1].

    Source:
        Agustsson et al. 2019, as above, for the idea, and Irwin 1927 and Hall 1927 for the distribution; the recursion
        is the one of de Boor's B-splines, "On Calculating with B-Splines", 1972, integrated.
    """
    latents = np.asarray(latents, np.float64)
    count = len(latents)
    if count == 1:
        return latents[0].copy()
    # One row for each of x, x−1, …, x−count; F_0 is 1 from 0 on.
    places = (latents + 1).sum(axis=0) / 2 - np.arange(count + 1)[:, np.newaxis]
    share = (places >= 0).astype(np.float64)
    for number in range(1, count + 1):
        inside = places[: count + 1 - number]
        share = (inside * share[:-1] + (number - inside) * share[1:]) / number
        share = np.where(inside <= 0, 0.0, np.where(inside >= number, 1.0, share))
    return np.clip(2 * share[0] - 1, -1, 1)


def path_through_boundary(
    path: Callable[[np.ndarray], np.ndarray], t: np.ndarray, normal: np.ndarray, intercept: float
) -> np.ndarray:
    """Bends a path so that it goes through the nearest point of the hyperplane to its own middle.

    Each point moves to the nearest point of the cube at another signed distance: the middle by its whole distance from
    the plane, the ends not at all, and those between by a share. So the bent path strays from the first no further than
    the middle has to, which is a small part of a latent's length, and what is distributed as the prior nearly stays so.

    Args:
        path: Gives the points, float64 (m, latent_dim) in [-1, 1], at places float64 (m,) in [0, 1].
        t: float (steps,) in [0, 1].
        normal: float64 (latent_dim,), of unit length.
        intercept: The plane's intercept.

    Returns:
        float64 (steps, latent_dim) in [-1, 1]; the ends are the path's exactly.

    Raises:
        ValueError: The plane misses the cube.

    Source:
        Our choice. Through that nearest point as a third latent the steps would not be distributed as the prior: it
        depends on both ends.
    """
    t = np.asarray(t, np.float64)
    points = path(t)
    excess = signed_distance(path(np.array([0.5])), normal, intercept)[0]
    share = 1 - np.abs(2 * t - 1)
    wanted = signed_distance(points, normal, intercept) - share * excess
    reach = np.abs(normal).sum()
    bent = nearest_at_distance(points, normal, intercept, np.clip(wanted, intercept - reach, intercept + reach))
    return np.where(share[:, np.newaxis] > 0, bent, points)


def equal_distance_steps(distance_at: Callable[[np.ndarray], np.ndarray], steps: int, scan: int = 2001) -> np.ndarray:
    """Returns places on a path between which the signed distance changes by equal amounts.

    Along a path the distance need not be monotone, so its running maximum (towards the far end, and no further than the
    far end's own distance) is divided: a stretch that leads back, or past the end, is passed over.

    Args:
        distance_at: The signed distance from the plane at float64 (m,) places in [0, 1]; float64 (m,).
        steps: How many places, at least 2.
        scan: How many places are looked at; in between the distance is taken to be straight.

    Returns:
        float64 (steps,), rising from 0 to 1.

    Raises:
        ValueError: Both ends lie at the same distance.
    """
    places = np.linspace(0, 1, scan)
    distances = distance_at(places)
    if distances[-1] == distances[0]:
        raise ValueError("both ends lie at the same distance: there is nothing to divide")
    distances = distances if distances[-1] > distances[0] else -distances
    highest = np.minimum(np.maximum.accumulate(distances), distances[-1])
    wanted = np.linspace(highest[0], highest[-1], steps)
    # The running maximum has an inverse only where it rises; the last place of a level stretch begins the next rise.
    after = np.searchsorted(highest, wanted[1:-1])
    low, high = highest[after - 1], highest[after]
    inner = places[after - 1] + (wanted[1:-1] - low) / (high - low) * (places[after] - places[after - 1])
    return np.concatenate([[0.0], inner, [1.0]])


PATHS = {"preserving": prior_preserving_path, "lerp": lerp}
"""The paths from one design to another that need no plane, by the names of ``interpolate.py --path``."""


def nearest_crossing(distance_at: Callable[[np.ndarray], np.ndarray], t: float = 0.5, scan: int = 2001) -> float | None:
    """Returns where a path crosses the hyperplane, nearest to ``t``.

    The signed distance along a path need not be monotone, so it is scanned for every change of side, and the one
    nearest to ``t`` is then narrowed down by bisection.

    Args:
        distance_at: The signed distance from the plane at float64 (m,) places in [0, 1]; float64 (m,).
        t: The place that the crossing should be near.
        scan: How many places are looked at first; two crossings between neighbours among them go unseen.

    Returns:
        A place in [0, 1] where the distance is 0 to rounding; None where the path stays on one side.
    """
    places = np.linspace(0, 1, scan)
    beyond = distance_at(places) > 0
    changes = np.flatnonzero(beyond[1:] != beyond[:-1])
    if not len(changes):
        return None
    crossings = []
    for left in changes:
        low, high = places[left], places[left + 1]
        for _ in range(60):  # Halves 1/2000 down to the spacing of float64.
            middle = (low + high) / 2
            if (distance_at(np.array([middle]))[0] > 0) == beyond[left]:
                low = middle
            else:
                high = middle
        crossings.append((low + high) / 2)
    return float(min(crossings, key=lambda place: abs(place - t)))


BOUNDARY = "boundary"
"""The path through the hyperplane's nearest point to its middle; see :func:`path_through_boundary`."""

PATH_NAMES = (*PATHS, BOUNDARY)

BENDABLE = "preserving"
"""The path that may be bent towards photographs: who chose another one wants its formula."""

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


def interpolate(
    first: np.ndarray, second: np.ndarray, steps: int, path: str = "preserving", plane: Hyperplane | None = None
) -> np.ndarray:
    """Returns latents in equal steps from one to another, both included.

    Args:
        first: float (latent_dim,) in [-1, 1].
        second: float (latent_dim,) in [-1, 1].
        steps: How many, at least 2.
        path: Of :data:`PATH_NAMES`.
        plane: The hyperplane, which BOUNDARY needs.

    Returns:
        float64 (steps, latent_dim) in [-1, 1].

    Raises:
        ValueError: The two are not one latent each, there are too few steps, or there is no such path.
    """
    first, second = np.asarray(first), np.asarray(second)
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"latents of shapes {first.shape} and {second.shape}, expected one latent each")
    if steps < 2:
        raise ValueError(f"{steps} steps, expected at least 2")
    if path not in PATH_NAMES or (path == BOUNDARY and plane is None):
        raise ValueError(f"path {path!r}, expected one of {', '.join(PATH_NAMES)}; {BOUNDARY!r} with a plane")
    return path_between(path, first, second, plane)(np.linspace(0, 1, steps))
