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
import numpy as np
from keras import ops

from demicouture.latents import LATENT_DIM
from demicouture.training.fit_state import constant

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

CORRELATIONS = 1.0
"""The weight of the correlations of the codes' coordinates."""

VARIANCE = np.float32(1 / 3)
"""Of the prior's coordinates."""

MEMORY = 0.99
"""The momentum of the running average of these correlations: a batch is smaller than a code is long, so by itself it
cannot tell that coordinates rise together."""


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


class PriorLoss(keras.layers.Layer):
    """How far codes are from the prior, as a loss: by single directions, and by their coordinates' correlations.

    The second is needed because what an encoder notices first, which pole a picture is of, takes many coordinates at
    once. Each by itself is then distributed as the prior, but on a direction across all of them codes lie in two heaps,
    two and a half times as far out as latents do, and no random direction shows that.

    Attributes:
        correlations: float32 (latent_dim, latent_dim), a running average over batches: of the prior it is the identity
            matrix.
    """

    def __init__(self):
        """Begins with the prior's correlations."""
        super().__init__(name="prior_loss")
        self.correlations = constant(self, np.eye(LATENT_DIM, dtype=np.float32), "correlations")
        self.built = True

    def call(self, codes, latents, seed: keras.random.SeedGenerator):
        """Returns the loss, ().

        Args:
            codes: float32 (n, latent_dim).
            latents: float32 (n, latent_dim), from the prior.
            seed: Of the directions.
        """
        covariances = ops.transpose(codes) @ codes / codes.shape[0]
        correlations = MEMORY * self.correlations + (1 - MEMORY) * covariances / VARIANCE
        self.correlations.assign(correlations)
        others = correlations * (1 - ops.eye(LATENT_DIM))
        # By the share that a batch has in the average, so that the gradient's length does not depend on that.
        correlated = ops.sum(ops.square(others)) / (LATENT_DIM * (1 - MEMORY))
        return CODES * sliced_distance(codes, latents, seed) + CORRELATIONS * correlated
