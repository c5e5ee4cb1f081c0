"""The latent space: the prior, and points on a plane through it and near to one. NumPy and SciPy only.

The prior is uniform on the cube [-1, 1]^100, so the geometry is a cube's, not a sphere's. Latents are float32
(n, latent_dim) on disk and between scripts; what is computed from them here is float64.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import erf, erfinv

LATENT_DIM = 100
"""The seed's and the DCGAN paper's dimension."""

WALL = 1 - 1e-6
"""The largest coordinate that has a normal number: beyond it no float32 is between a latent and the cube's wall."""

SWEEPS = 50
"""Of :func:`sample_plane`. Measured on a plane at distance 0.6 from the centre: after 3 sweeps some coordinates of
2,000 points still differed (Kolmogorov-Smirnov) from points drawn by rejection, after 10 none did."""


def sample_prior(count: int, seed: int, latent_dim: int = LATENT_DIM, truncation: float = 1.0) -> np.ndarray:
    """Draws latents from the prior, U(-1, 1) in every coordinate.

    Row i depends on ``seed`` and i alone, however many are drawn: the generator fills the rows one after another.

    Args:
        count: Rows.
        seed: Of the sample.
        latent_dim: Columns.
        truncation: Draws from U(-truncation, truncation) in place of the prior: the same latents, all shorter. For a
            uniform prior the two truncation tricks are one: drawing anew what lies outside of a threshold (BigGAN), and
            moving towards the mean (StyleGAN). It trades variety for designs nearer to the average one. That they look
            better is not sure, for no latent in training was so short: with three generators at 64 pixels the kernel
            distance stayed as it was down to 0.8 and rose from 0.7 on, while designs differed less and less.

    Returns:
        float32 (count, latent_dim) in [-1, 1].

    Source:
        Brock et al., "Large Scale GAN Training for High Fidelity Natural Image Synthesis", ICLR 2019, section 3.1;
        Karras et al., "A Style-Based Generator Architecture", CVPR 2019, appendix B.
    """
    latents = np.random.default_rng(seed).uniform(-1, 1, (count, latent_dim)).astype(np.float32)
    return latents * np.float32(truncation)


def to_normal(latents: np.ndarray) -> np.ndarray:
    """Returns numbers u with latents = erf(u / √2): distributed as a standard normal where latents are as the prior.

    Args:
        latents: float (n, latent_dim) in [-1, 1]; beyond :data:`WALL` they are taken to be there.

    Returns:
        float64 (n, latent_dim).
    """
    return erfinv(np.clip(np.asarray(latents, np.float64), -WALL, WALL)) * np.sqrt(2)


def from_normal(normal: np.ndarray) -> np.ndarray:
    """Returns the latents of such numbers, float64 (n, latent_dim) in (-1, 1); see :func:`to_normal`."""
    return erf(np.asarray(normal, np.float64) / np.sqrt(2))


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


def without_directions(latents: np.ndarray, normals: Sequence[np.ndarray]) -> np.ndarray:
    """Returns latents without their components along some directions, float64 (n, latent_dim).

    Args:
        latents: float (n, latent_dim).
        normals: k of them, float64 (latent_dim,); they need not be orthogonal to one another.

    Source:
        Shen et al., "InterFaceGAN", TPAMI 2020, section 3.3, where a finished direction is projected. Here the latents
        are, before a plane is fitted to them: of all planes independent of the others that is the best one.
    """
    latents = np.asarray(latents, np.float64)
    if not len(normals):
        return latents
    basis, _ = np.linalg.qr(np.stack(normals).T.astype(np.float64))  # (latent_dim, k)
    return latents - latents @ basis @ basis.T
