"""The kernel Inception distance (KID): how far apart two sets of pictures are in a trained network's features.

The network is keras.applications' InceptionV3, trained on ImageNet. Its weights are downloaded once, by Keras, which
checks their hash; where they cannot be had, the distance is not measured.

Source:
    Bińkowski, Sutherland, Arbel, Gretton, "Demystifying MMD GANs", ICLR 2018, sections 2 and 4 and appendix D.1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from demicouture.errors import InputError
from demicouture.images import WHITE, to_floats, to_square
from demicouture.keras_backend import start_keras

SIDE = 299
"""The side of the pictures for InceptionV3, in pixels: its own."""

BATCH = 32
BLOCK = 100
"""Pictures of each set in one estimate. Bińkowski et al. take 1,000 of tens of thousands; we have hundreds."""


def kernel_distance(real: np.ndarray, generated: np.ndarray, block: int = BLOCK) -> float:
    """Returns the unbiased estimate of the squared maximum mean discrepancy, the mean over disjoint blocks.

    The kernel is (x·y / d + 1)³. What does not fill a last block is left out. Two sets of the same distribution are at
    about 0; an unbiased estimate may be negative.

    Args:
        real: float (n, d), features.
        generated: float (n, d).
        block: Rows in a block, at least 2; fewer rows than that are one block.
    """
    size = min(block, len(real))
    starts = range(0, len(real) - size + 1, size)
    return float(
        np.mean([_discrepancy(real[start : start + size], generated[start : start + size]) for start in starts])
    )


def _discrepancy(first: np.ndarray, second: np.ndarray) -> float:
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    count = len(first)

    def kernel(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return (rows @ columns.T / rows.shape[1] + 1) ** 3

    def of_pairs(rows: np.ndarray) -> float:
        values = kernel(rows, rows)
        return (values.sum() - np.trace(values)) / (count * (count - 1))  # none with itself: that is what unbiases it

    return of_pairs(first) + of_pairs(second) - 2 * kernel(first, second).mean()


def open_inception(weights: str | None = "imagenet", side: int = SIDE) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a function from pictures, uint8 (n, side, side, 3), to InceptionV3's features, float32 (n, 2048).

    Args:
        weights: "imagenet" downloads the trained ones, unless they were downloaded before; None takes random ones.
        side: The side that pictures are resized to, in pixels.

    Raises:
        InputError: The weights cannot be had.
    """
    keras = start_keras()
    shape = {"include_top": False, "pooling": "avg", "input_shape": (side, side, 3)}
    try:
        network = keras.applications.InceptionV3(weights=weights, **shape)
    except Exception as error:
        # Keras raises a bare Exception for a download that fails; a damaged file is a ValueError or an OSError.
        reason = " ".join(str(error).split())
        raise InputError(
            f"--kid: InceptionV3's weights cannot be had ({reason}); connect to the network once, or put the file "
            "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5 into ~/.keras/models, or leave --kid out"
        ) from error

    def describe(pictures: np.ndarray) -> np.ndarray:
        whole = (0, 0, pictures.shape[2], pictures.shape[1])
        features = []
        for start in range(0, len(pictures), BATCH):
            batch = pictures[start : start + BATCH]
            large = [np.asarray(to_square(Image.fromarray(picture), whole, side, WHITE)) for picture in batch]
            features.append(np.asarray(network.predict_on_batch(to_floats(np.stack(large)))))
        return np.concatenate(features)

    return describe
