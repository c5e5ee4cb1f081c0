"""DiffAugment: what a discriminator sees is moved, recoloured and cut, real and generated pictures alike.

A discriminator that has seen a thousand pictures for the hundredth time knows them by heart. Augmenting only the
real ones would teach the generator the augmentation; augmenting both, differentiably, does not.

Source:
    Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training", NeurIPS 2020, policy
    "color, translation, cutout" with the ranges of its section 4.
"""

from __future__ import annotations

import keras
from keras import ops

TRANSLATION = 1 / 8
"""The furthest shift, as a share of the side."""

CUTOUT = 1 / 2
"""The side of the square that is cut out, as a share of the picture's."""


def flip(pictures, seed: keras.random.SeedGenerator):
    """Mirrors each picture, left to right, with probability ½.

    Args:
        pictures: float (n, height, width, 3).
        seed: The random state.
    """
    mirrored = keras.random.uniform((pictures.shape[0], 1, 1, 1), seed=seed) < 0.5
    return ops.where(mirrored, ops.flip(pictures, axis=2), pictures)


def diff_augment(pictures, seed: keras.random.SeedGenerator):
    """Augments each picture in its own random way: colour, translation, cutout.

    Args:
        pictures: float (n, side, side, 3) in [-1, 1].
        seed: The random state.

    Returns:
        float (n, side, side, 3). Colour leaves [-1, 1] a little; what is moved in or cut out is 0, the middle grey.
    """
    return _cutout(_translate(_recolour(pictures, seed), seed), seed)


def _uniform(count: int, low: float, high: float, seed):
    return keras.random.uniform((count, 1, 1, 1), low, high, seed=seed)


def _recolour(pictures, seed):
    count = pictures.shape[0]
    pictures = pictures + _uniform(count, -0.5, 0.5, seed)  # brightness
    grey = ops.mean(pictures, axis=3, keepdims=True)
    pictures = (pictures - grey) * _uniform(count, 0, 2, seed) + grey  # saturation
    middle = ops.mean(pictures, axis=(1, 2, 3), keepdims=True)
    return (pictures - middle) * _uniform(count, 0.5, 1.5, seed) + middle  # contrast


def _translate(pictures, seed):
    count, side = pictures.shape[0], pictures.shape[1]
    furthest = round(side * TRANSLATION)
    # A shift as a matrix product: row i takes row i − shift, or nothing. Unlike a gather, its gradient is a product
    # again, with no scattered additions, whose order a GPU does not promise.
    distance = ops.arange(side)[:, None] - ops.arange(side)[None, :]
    for axes in ("nij,njwc->niwc", "nij,nhjc->nhic"):
        shift = keras.random.randint((count, 1, 1), -furthest, furthest + 1, seed=seed)
        move = ops.cast(ops.equal(distance[None], ops.cast(shift, distance.dtype)), pictures.dtype)
        pictures = ops.einsum(axes, move, pictures)
    return pictures


def _cutout(pictures, seed):
    count, side = pictures.shape[0], pictures.shape[1]
    cut = round(side * CUTOUT)
    offset = 1 - cut % 2  # The paper's own code lets the square's centre lie anywhere, the borders included.
    centre = keras.random.randint((2, count, 1), 0, side + offset, seed=seed)
    line = ops.arange(side)[None, :]
    distance = line - ops.cast(centre, line.dtype) + cut // 2
    inside = ops.logical_and(distance >= 0, distance < cut)
    hole = ops.logical_and(inside[0][:, :, None, None], inside[1][:, None, :, None])
    return ops.where(hole, ops.zeros_like(pictures), pictures)
