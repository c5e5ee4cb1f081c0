"""Controls: pictures that a person would reject, made from photographs, to see what a measure of quality says of them.

A measure that likes any of these as much as photographs is no measure. Their distances are the marks on the scale by
which a generator is judged, so each says in its name what an eye sees.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter
from sklearn.decomposition import PCA

from demicouture.language import N_

COMPONENTS = 100
"""As many as the generator has latents: what a linear generator of the same size could draw."""


def make_controls(pictures: np.ndarray, poles: np.ndarray, count: int = 200, seed: int = 0) -> dict[str, np.ndarray]:
    """Returns all controls by their names, from the ones that look best to noise.

    Args:
        pictures: uint8 (n, side, side, 3) in [0, 255], photographs of both poles.
        poles: int (n,), 0 or 1.
        count: Pictures in each control.
        seed: The same seed gives the same controls.

    Returns:
        uint8 (count, side, side, 3) for each name.

    Raises:
        ValueError: There is no picture of one of the poles.
    """
    rng = np.random.default_rng(seed)
    side = pictures.shape[1]
    first, second = (pictures[_draw(np.flatnonzero(poles == pole), count, rng)] for pole in (0, 1))
    both = pictures[_draw(np.arange(len(pictures)), count, rng)]
    return {
        # In pixels of a picture of 64; a larger one is blurred by more of its own, so that it looks the same.
        N_("blurred by one pixel"): blur(both, side / 64),
        N_("blurred by two pixels"): blur(both, side / 32),
        N_("quarters shuffled"): shuffle_quarters(both, rng),
        N_("cross-faded"): cross_fade(first, second),
        N_("half and half"): join_halves(first, second),
        N_("upside down"): both[:, ::-1],
        N_("principal components"): draw_from_principal_components(pictures, count, rng),
        N_("coloured noise"): draw_coloured_noise(count, side, rng),
        N_("white noise"): draw_white_noise(count, side, rng),
    }


def _draw(rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Returns ``count`` of the rows in random order: each once, before any comes again."""
    if len(rows) == 0:
        raise ValueError("a pole without pictures")
    return np.concatenate([rng.permutation(rows) for _ in range(-(-count // len(rows)))])[:count]


def blur(pictures: np.ndarray, sigma: float) -> np.ndarray:
    """Returns the pictures blurred by a Gaussian with a standard deviation of ``sigma`` pixels."""
    blurred = gaussian_filter(pictures.astype(np.float32), (0, sigma, sigma, 0), mode="nearest")
    return np.rint(blurred).astype(np.uint8)


def cross_fade(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Returns the average of each picture of ``first`` and its partner, pixel by pixel; a half is rounded down."""
    return ((first.astype(np.uint16) + second) // 2).astype(np.uint8)


def join_halves(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Returns the left half of each picture of ``first`` with the right half of its partner."""
    middle = first.shape[2] // 2
    return np.concatenate([first[:, :, :middle], second[:, :, middle:]], axis=2)


def shuffle_quarters(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns each picture with its quarters in another order, never in its own.

    Args:
        pictures: uint8 (n, side, side, 3); the side is even.
        rng: Chooses the orders.
    """
    count, side = pictures.shape[:2]
    half = side // 2
    # (n, 4, half, half, 3): upper left, upper right, lower left, lower right
    quarters = pictures.reshape(count, 2, half, 2, half, 3).swapaxes(2, 3).reshape(count, 4, half, half, 3)
    orders = np.stack([_another_order(rng) for _ in range(count)])
    shuffled = np.take_along_axis(quarters, orders[:, :, None, None, None], axis=1)
    return shuffled.reshape(count, 2, 2, half, half, 3).swapaxes(2, 3).reshape(pictures.shape)


def _another_order(rng: np.random.Generator) -> np.ndarray:
    while True:
        order = rng.permutation(4)
        if (order != np.arange(4)).any():
            return order


def draw_from_principal_components(
    pictures: np.ndarray, count: int, rng: np.random.Generator, components: int = COMPONENTS
) -> np.ndarray:
    """Returns pictures whose principal components are normally distributed, with the variances of the photographs'.

    They have the photographs' mean, colours and covariance, as far as so many components hold them, and show nothing.
    """
    flat = pictures.reshape(len(pictures), -1).astype(np.float32)
    components = min(components, len(pictures) - 1)
    analysis = PCA(components, whiten=True, svd_solver="randomized", random_state=int(rng.integers(2**31))).fit(flat)
    drawn = analysis.inverse_transform(rng.standard_normal((count, components)).astype(np.float32))
    return np.rint(drawn.clip(0, 255)).astype(np.uint8).reshape(count, *pictures.shape[1:])


def draw_coloured_noise(count: int, side: int, rng: np.random.Generator, cells: int = 8) -> np.ndarray:
    """Returns soft blots of random colours, as a generator draws that has learned next to nothing.

    Args:
        count: How many pictures.
        side: Of a picture, in pixels.
        rng: Chooses the colours.
        cells: Independent colours across a picture; between them it is interpolated.
    """
    small = rng.normal(127.5, 64, (count, cells, cells, 3)).clip(0, 255).round().astype(np.uint8)
    return np.stack([np.asarray(Image.fromarray(one).resize((side, side), Image.Resampling.BICUBIC)) for one in small])


def draw_white_noise(count: int, side: int, rng: np.random.Generator) -> np.ndarray:
    """Returns pictures of which every number is drawn by itself, uniformly."""
    return rng.integers(0, 256, (count, side, side, 3), dtype=np.uint8)
