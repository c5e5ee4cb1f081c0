"""The seed's two tables as Keras networks.

At 128×128 and full width they have the seed's layers, shapes and parameter counts exactly: 32,681,731 in the generator
and 405,569 in the discriminator. Other sizes add or remove blocks of the same pattern; ``width`` scales all inner
channel counts.

Data format is channels last and pictures are float in [-1, 1] throughout.
"""

from __future__ import annotations

import math

import keras
from keras import layers

from demicouture.dataset import SIZES
from demicouture.dcgan.layers import BatchNormalization, NormalToUniform, UpsamplingConv2D
from demicouture.language import _, columns, right_aligned
from demicouture.latents import LATENT_DIM

FIRST_SIDE = 16
"""The side of the generator's first feature map, at every size."""

FIRST_CHANNELS = 1024
LAST_SIDE = 8
"""The side of the discriminator's last feature map, at every size."""

DISCRIMINATOR_CHANNELS = 32
ENCODER_CHANNELS = 32
MOST_ENCODER_CHANNELS = 192
ENCODER_LAST_SIDE = 4
"""The side of the encoder's last feature map, at every size."""

LEAKY_SLOPE = 0.2
"""The DCGAN paper's; the seed does not say."""

DROPOUT = 0.25
"""Keras-GAN's DCGAN, whose networks the seed's follow; the seed does not say."""


def scaled(channels: int, width: float) -> int:
    """Returns a channel count at a width, at least 1."""
    return max(1, round(channels * width))


def build_generator(size: int = 128, width: float = 1.0, latent_dim: int = LATENT_DIM) -> keras.Model:
    """Builds the generator: latents to pictures.

    The seed's UpSampling2D and Conv2D are one layer here with the same weights and the same result, see
    :class:`demicouture.dcgan.layers.UpsamplingConv2D`; its batch normalisation is Keras', see
    :class:`demicouture.dcgan.layers.BatchNormalization`.

    Args:
        size: The pictures' side, one of :data:`demicouture.dataset.SIZES`.
        width: The factor on all inner channel counts.
        latent_dim: The latents' dimension.

    Returns:
        Maps float (n, latent_dim) in [-1, 1] to float32 (n, size, size, 3) in [-1, 1].
    """
    blocks = _doublings(size, FIRST_SIDE)
    channels = scaled(FIRST_CHANNELS, width)
    latents = keras.Input((latent_dim,), name="latents")
    x = layers.Dense(FIRST_SIDE * FIRST_SIDE * channels, activation="relu")(latents)
    x = layers.Reshape((FIRST_SIDE, FIRST_SIDE, channels))(x)
    x = BatchNormalization()(x)
    for block in range(1, blocks + 1):
        x = UpsamplingConv2D(scaled(FIRST_CHANNELS // 2**block, width))(x)
        x = BatchNormalization()(x)
        x = layers.ReLU()(x)
    # float32 under mixed precision too: bfloat16 has 8 bits of mantissa, a coarse step between grey levels.
    x = layers.Conv2D(3, 3, padding="same", dtype="float32")(x)
    pictures = layers.Activation("tanh", dtype="float32", name="pictures")(x)
    return keras.Model(latents, pictures, name="generator")


def build_discriminator(size: int = 128, width: float = 1.0, dropout: float = DROPOUT) -> keras.Model:
    """Builds the discriminator: pictures to logits.

    The seed's last sigmoid lives in the loss: the numbers are the same and the loss is stabler.

    Args:
        size: The pictures' side, one of :data:`demicouture.dataset.SIZES`.
        width: The factor on all inner channel counts.
        dropout: The share of each block's outputs that are left out in training, in [0, 1).

    Returns:
        Maps float (n, size, size, 3) in [-1, 1] to float32 logits (n, 1); positive means "a photograph".
    """
    blocks = _doublings(size, LAST_SIDE)
    pictures = keras.Input((size, size, 3), name="pictures")
    x = pictures
    for block in range(blocks):
        x = layers.Conv2D(scaled(DISCRIMINATOR_CHANNELS * 2**block, width), 3, strides=2, padding="same")(x)
        # The seed normalises the 64 and the 128 channels: neither the first block nor the last.
        if 0 < block < blocks - 1:
            x = BatchNormalization()(x)
        x = layers.LeakyReLU(LEAKY_SLOPE)(x)
        x = layers.Dropout(dropout)(x)
    x = layers.Flatten()(x)
    logits = layers.Dense(1, dtype="float32", name="logits")(x)
    return keras.Model(pictures, logits, name="discriminator")


def build_encoder(size: int = 128, width: float = 1.0, latent_dim: int = LATENT_DIM) -> keras.Model:
    """Builds the encoder: pictures to the latents from which the generator rebuilds them, which are called their codes.

    Its last batch normalisation, without scale and shift, gives every coordinate of a batch's codes the mean and the
    variance of a standard normal, and :class:`demicouture.dcgan.layers.NormalToUniform` makes the prior's U(-1, 1) of
    that; so codes have nearly the prior's distribution before anything was learned.

    Args:
        size: The pictures' side, one of :data:`demicouture.dataset.SIZES`.
        width: The factor on all inner channel counts.
        latent_dim: The latents' dimension.

    Returns:
        Maps float (n, size, size, 3) in [-1, 1] to float32 (n, latent_dim) in [-1, 1].
    """
    pictures = keras.Input((size, size, 3), name="pictures")
    x = pictures
    for block in range(_doublings(size, ENCODER_LAST_SIDE)):
        channels = min(ENCODER_CHANNELS * 2**block, MOST_ENCODER_CHANNELS)
        x = layers.Conv2D(scaled(channels, width), 3, strides=2, padding="same")(x)
        if block:
            x = BatchNormalization()(x)
        x = layers.LeakyReLU(LEAKY_SLOPE)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(latent_dim, use_bias=False, dtype="float32")(x)  # The normalisation takes a bias away again.
    x = layers.BatchNormalization(center=False, scale=False, epsilon=1e-5, dtype="float32")(x)
    codes = NormalToUniform(dtype="float32", name="codes")(x)
    return keras.Model(pictures, codes, name="encoder")


def format_table(network: keras.Model) -> str:
    """Returns a network as the seed's tables show it: layers, output shapes and parameter counts."""
    names = {"UpsamplingConv2D": "UpSampling2D ×2, Conv2D", "Activation": "tanh"}
    lines = [f"{network.name:<28}{'output':>14}{'parameters':>14}"]
    for layer in network.layers:
        name = layer.__class__.__name__
        with_relu = ", ReLU" if name == "Dense" and layer.activation.__name__ == "relu" else ""
        shape = "×".join(str(side) for side in layer.output.shape[1:])
        lines.append(f"  {names.get(name, name) + with_relu:<26}{shape:>14}{layer.count_params():>14,}")
    total, count = _("in all"), f"{network.count_params():,}"
    return "\n".join([*lines, f"  {total}{right_aligned(count, 54 - columns(total))}\n"])


def _doublings(size: int, side: int) -> int:
    if size not in SIZES:
        raise ValueError(f"size {size}, expected one of {SIZES}")
    return int(math.log2(size // side))
