"""The losses of generator and encoder as an autoencoder whose codes are distributed as the prior.

With the game of generator and discriminator beside it this is an adversarial autoencoder, but its prior is the cube's
uniform one, and what is adversarial are the pictures, not the codes.

Source:
    Larsen et al., "Autoencoding beyond pixels", ICML 2016, for an autoencoder whose decoder is a GAN's generator.
    Kolouri et al., "Sliced-Wasserstein auto-encoders", 2018, for the distance of the codes from the prior. The weights
    below are our choice, by trial on a thousand photographs at 64 pixels.
"""

from __future__ import annotations

import keras
from keras import ops

ADVERSARIAL = 0.3
"""The weight of the discriminator's part in the generator's loss."""

PIXELS = 4.0
"""The weight of the mean absolute error, with pictures in [-1, 1]."""

AREAS = 4.0
"""The weight of the mean absolute error of the means of areas: pixels alone would make nothing of a fold moved by two
pixels, and so blur it; an area's colour is right even where its texture is not."""

AREA = 4
"""The side of such an area, in pixels."""

CODES = 10.0
"""The weight of the distance of the codes from the prior."""

DIRECTIONS = 64
"""On which codes and latents are compared, in each step others."""


def reconstruction_loss(rebuilt, reals):
    """Returns how far rebuilt pictures are from the real ones.

    Args:
        rebuilt: float32 (n, size, size, 3) in [-1, 1].
        reals: Likewise.

    Returns:
        The loss, (), and the mean absolute error in grey levels of 255, ().
    """
    difference = rebuilt - reals
    error = ops.mean(ops.abs(difference))
    of_areas = ops.mean(ops.abs(ops.average_pool(difference, AREA, strides=AREA, data_format="channels_last")))
    return PIXELS * error + AREAS * of_areas, 127.5 * error


def sliced_distance(codes, latents, seed: keras.random.SeedGenerator):
    """Returns the sliced Wasserstein distance between codes and latents.

    On a direction the optimal transport between two sets of the same size pairs their projections in order.

    Args:
        codes: float32 (n, latent_dim).
        latents: float32 (n, latent_dim), from the prior.
        seed: Of the directions, which are uniform on the sphere.

    Returns:
        The mean absolute difference of such pairs over all directions, ().
    """
    directions = keras.random.normal((codes.shape[1], DIRECTIONS), seed=seed)
    directions = directions / ops.norm(directions, axis=0, keepdims=True)
    codes, latents = (ops.sort(points @ directions, axis=0) for points in (codes, latents))
    return ops.mean(ops.abs(codes - latents))
