"""The latent space: the prior, paths through it, and nearest points of a plane. NumPy only.

The prior is uniform on the cube [-1, 1]^100, so the geometry is a cube's, not a sphere's. Latents are float32
(n, latent_dim) on disk and between scripts; what is computed from them here is float64.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

LATENT_DIM = 100
"""The seed's and the DCGAN paper's dimension."""

SWEEPS = 50
"""Of :func:`sample_plane`. Measured on a plane at distance 0.6 from the centre: after 3 sweeps some coordinates of
2,000 points still differed (Kolmogorov-Smirnov) from points drawn by rejection, after 10 none did."""


def sample_prior(count: int, seed: int, latent_dim: int = LATENT_DIM) -> np.ndarray:
    """Draws latents from the prior, U(-1, 1) in every coordinate.

    Row i depends on ``seed`` and i alone, however many are drawn: the generator fills the rows one after another.

    Returns:
        float32 (count, latent_dim) in [-1, 1].
    """
    return np.random.default_rng(seed).uniform(-1, 1, (count, latent_dim)).astype(np.float32)


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


def signed_distance(latents: np.ndarray, normal: np.ndarray, intercept: float) -> np.ndarray:
    """Returns how far each latent lies from the hyperplane, positive on the second pole's side.

    Args:
        latents: float (n, latent_dim).
        normal: float64 (latent_dim,), of unit length.
        intercept: The plane is where ``latents @ normal + intercept`` is 0.

    Returns:
        float64 (n,).
    """
    return np.asarray(latents, np.float64) @ normal + float(intercept)


def nearest_at_distance(
    latents: np.ndarray,
    normal: np.ndarray,
    intercept: float,
    distance: float | np.ndarray = 0.0,
    tolerance: float = 1e-9,
) -> np.ndarray:
    """Moves each latent to the nearest point of the cube at a signed distance from the hyperplane.

    The nearest point of the cube and of the plane *together* is clip(z − λ·normal, −1, 1) for one multiplier λ (the
    Karush-Kuhn-Tucker conditions of the projection). Its signed distance falls as λ grows, so bisection finds λ.
    A plain step along the normal would leave the cube, and clipping afterwards would leave the plane.

    Args:
        latents: float (n, latent_dim) in [-1, 1].
        normal: float64 (latent_dim,), of unit length.
        intercept: The plane's intercept.
        distance: The signed distance wanted, one or one for each latent; 0 is the plane itself.
        tolerance: How exactly the distance is met.

    Returns:
        float64 (n, latent_dim) in [-1, 1].

    Raises:
        ValueError: No point of the cube lies at that distance.
    """
    latents = np.asarray(latents, np.float64)
    reach = np.abs(normal).sum()  # The cube's corners lie at distances intercept ± the normal's 1-norm.
    if np.any(np.abs(distance - intercept) > reach):
        raise ValueError(f"no point of the cube lies at distance {distance}: its corners reach {intercept} ± {reach}")
    # Beyond this multiplier every coordinate that the normal touches is at its bound.
    touched = np.abs(normal[normal != 0])
    low = np.full(len(latents), -2 / touched.min())
    high = -low
    for _ in range(200):
        middle = (low + high) / 2
        points = np.clip(latents - middle[:, np.newaxis] * normal, -1, 1)
        excess = signed_distance(points, normal, intercept) - distance
        if np.all(np.abs(excess) <= tolerance):
            break
        low = np.where(excess > 0, middle, low)
        high = np.where(excess > 0, high, middle)
    return points


def sample_plane(count: int, seed: int, normal: np.ndarray, intercept: float, sweeps: int = SWEEPS) -> np.ndarray:
    """Draws points of the hyperplane inside the cube, uniformly.

    A Gibbs sampler: two coordinates at a time are drawn anew, along the line on which the signed distance stays what it
    is and as far as the cube goes, where the uniform distribution is uniform again. In a sweep every coordinate has its
    turn, in pairs that change from sweep to sweep. It starts from the plane's nearest points to a sample of the prior.

    Args:
        count: Points. Row i depends on ``seed`` and i alone, however many are drawn.
        seed: Of the sample.
        normal: float64 (latent_dim,), of unit length.
        intercept: The plane's intercept.
        sweeps: How often every coordinate is drawn.

    Returns:
        float64 (count, latent_dim) in [-1, 1], on the plane to 1e-9.

    Raises:
        ValueError: The plane misses the cube.

    Source:
        Geman and Geman 1984 for the sampler; conditioning on pairs, so that a plane can be kept to, is our choice.
    """
    dimensions, half = len(normal), len(normal) // 2
    points = nearest_at_distance(sample_prior(count, seed, dimensions), normal, intercept)
    order = np.random.default_rng([seed, dimensions])
    pairings = np.argsort(order.random((sweeps, dimensions)), axis=1)
    # One stream for each row, so that no row's chance depends on the others.
    streams = [np.random.default_rng([seed, dimensions, row]) for row in range(count)]
    for pairing in pairings:
        first, second = pairing[:half], pairing[half : 2 * half]
        along, across = normal[second], -normal[first]  # The line's direction in the two coordinates.
        chance = np.stack([stream.random(half) for stream in streams])
        low, high = np.full((count, half), -np.inf), np.full((count, half), np.inf)
        for place, slope in ((points[:, first], along), (points[:, second], across)):
            with np.errstate(divide="ignore", invalid="ignore"):
                ends = np.sort(np.stack([(-1 - place) / slope, (1 - place) / slope]), axis=0)
            low = np.where(slope != 0, np.maximum(low, ends[0]), low)
            high = np.where(slope != 0, np.minimum(high, ends[1]), high)
        # Where the normal touches neither coordinate there is no such line; both are as the prior drew them.
        low, high = (np.where(np.isfinite(end), end, 0.0) for end in (low, high))
        step = low + chance * (high - low)
        points[:, first] += step * along
        points[:, second] += step * across
        points = np.clip(points, -1, 1)  # Of rounding only.
    return nearest_at_distance(points, normal, intercept)


def without_directions(latents: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Returns latents without their components along some directions, float64 (n, latent_dim).

    Args:
        latents: float (n, latent_dim).
        normals: float64 (k, latent_dim), k at least 1; they need not be orthogonal to one another.

    Source:
        Shen et al., "InterFaceGAN", TPAMI 2020, section 3.3, where a finished direction is projected. Here the latents
        are, before a plane is fitted to them: of all planes independent of the others that is the best one.
    """
    basis, _ = np.linalg.qr(np.asarray(normals, np.float64).T)  # (latent_dim, k)
    latents = np.asarray(latents, np.float64)
    return latents - latents @ basis @ basis.T
