"""The sliced Wasserstein distance between two sets of pictures: how far apart they look, fine and coarse.

A Laplacian pyramid splits each picture into levels, from its finest details to its outlines at 16×16. On each level
small patches are drawn from all pictures, and the patches of one set are compared with those of the other along many
random directions. It needs no network, so it is the same everywhere; and no picture is compared with a single other
one, so memorised photographs and a lack of diversity both show elsewhere (precision and recall).

Source:
    Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and Variation", ICLR 2018, section 5.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

COARSEST = 16
"""The side of the last level, in pixels. Karras et al., section 5."""

PATCH = 7
"""The side of a patch, in pixels. Karras et al., section 5."""

PATCHES = 128
"""Patches from each picture and level. Karras et al., section 5."""

DIRECTIONS = 512
"""Random directions on each level. Karras et al., section 5."""

DIRECTIONS_AT_ONCE = 128
"""Ours: bounds the memory; 500 pictures take 33 MB a set."""


def sliced_wasserstein(real: np.ndarray, generated: np.ndarray, seed: int = 0, directions: int = DIRECTIONS) -> float:
    """Returns the sliced Wasserstein distance, the mean over all levels, times 1000.

    It never gets to 0: two samples of the same photographs are some distance apart, too, and the further the fewer they
    are. That is the floor to compare it with.

    Args:
        real: uint8 (n, size, size, 3) in [0, 255]; a power of two from 16 on is the size.
        generated: uint8 (n, size, size, 3), as many.
        seed: Decides the patches and the directions; the same seed and pictures give the same number.
        directions: Random directions on each level.

    Raises:
        ValueError: The sets are not of the same shape.
    """
    return float(np.mean([*level_distances(real, generated, seed, directions).values()]))


def level_distances(
    real: np.ndarray, generated: np.ndarray, seed: int = 0, directions: int = DIRECTIONS
) -> dict[int, float]:
    """Returns the distance on each level, times 1000, by the level's side in pixels, the finest first.

    Patches are normalised by the mean and the deviation of each colour channel of the photographs' patches. Karras et
    al. normalise each set by its own, which is blind to colours that faded or all became one; a garment's colour
    matters here.

    Arguments are those of :func:`sliced_wasserstein`.
    """
    if real.shape != generated.shape:
        raise ValueError(f"{generated.shape} generated pictures, expected {real.shape} as the real ones")
    random = np.random.default_rng(seed)
    distances = {}
    for level, other in zip(pyramid(real), pyramid(generated), strict=True):
        patches, others = draw_patches(level, random), draw_patches(other, random)
        mean, deviation = patches.mean(axis=(0, 1, 2)), patches.std(axis=(0, 1, 2)) + 1e-6  # a set may be one colour
        patches, others = (((found - mean) / deviation).reshape(len(found), -1) for found in (patches, others))
        of_slices = [
            np.abs(_projections(patches, some) - _projections(others, some)).mean()
            for some in draw_directions(patches.shape[1], random, directions)
        ]
        distances[level.shape[1]] = 1000 * float(np.mean(of_slices))
    return distances


def pyramid(pictures: np.ndarray) -> Iterator[np.ndarray]:
    """Yields the levels of the pictures' Laplacian pyramids, float32 (n, side, side, 3), the finest first.

    Each level is what the next coarser one lacks; the last one, 16×16, is the picture itself, reduced.
    """
    pictures = pictures.astype(np.float32)
    while pictures.shape[1] > COARSEST:
        reduced = np.stack([cv2.pyrDown(picture) for picture in pictures])
        yield pictures - np.stack([cv2.pyrUp(picture) for picture in reduced])
        pictures = reduced
    yield pictures


def draw_patches(level: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns random patches of each picture: float32 (n · PATCHES, PATCH, PATCH, 3)."""
    count, side = level.shape[:2]
    windows = np.lib.stride_tricks.sliding_window_view(level, (PATCH, PATCH), axis=(1, 2))  # (n, y, x, 3, PATCH, PATCH)
    picture = np.repeat(np.arange(count), PATCHES)
    rows, columns = random.integers(0, side - PATCH + 1, (2, count * PATCHES))
    return np.ascontiguousarray(windows[picture, rows, columns].transpose(0, 2, 3, 1))


def draw_directions(dimension: int, random: np.random.Generator, count: int = DIRECTIONS) -> Iterator[np.ndarray]:
    """Yields ``count`` random unit vectors, float32 (DIRECTIONS_AT_ONCE, dimension) at a time, or what is left."""
    for start in range(0, count, DIRECTIONS_AT_ONCE):
        directions = random.standard_normal((min(DIRECTIONS_AT_ONCE, count - start), dimension), np.float32)
        yield directions / np.linalg.norm(directions, axis=1, keepdims=True)


def _projections(patches: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Returns the patches' sorted projections on each direction: in one dimension, transport pairs sorted numbers."""
    return np.sort(directions @ patches.T, axis=1)
