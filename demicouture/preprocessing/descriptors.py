"""The descriptor of a cropped picture: a histogram of oriented gradients (HOG) and a coarse colour picture.

HOG is from Dalal and Triggs, "Histograms of Oriented Gradients for Human Detection", CVPR 2005. The background is
painted over first, so that the descriptor describes the garment.
"""

from __future__ import annotations

import cv2
import numpy as np

SIDE, CELL, ORIENTATIONS = 64, 8, 9
"""Pixels of the picture's side, pixels of a cell's side, and directions in half a turn: Dalal and Triggs' cells."""

COLOUR_SIDE = 8
"""Colours along a side: where the garment is dark or red, not what is printed on it."""

GREY = 225
"""The level that the background is painted with. Any would do, as long as it is always the same."""

TOO_LIKE = 17.5
"""Root mean square difference of two descriptors, in levels of 255, below which two pictures are too like. Of 760
photographs of tops 6 are so like another that was chosen: plain shirts of one cut and colour. At 20 it would be 32,
many of them plainly two garments."""


def describe(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Returns the descriptor of a square picture without its background: HOG, then colours.

    Args:
        pixels: RGB, uint8 (side, side, 3) in [0, 255].
        mask: float32 (side, side) in [0, 1], 1 on the garment.

    Returns:
        uint8 (768,): 8×8 cells of 9 orientations, then 8×8 colours in CIE L*a*b*.
    """
    alpha = cv2.resize(mask.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)[..., None]
    small = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    laid = (alpha * small + (1 - alpha) * GREY).astype(np.uint8)
    lab = cv2.cvtColor(laid, cv2.COLOR_RGB2Lab)
    colours = cv2.resize(lab, (COLOUR_SIDE, COLOUR_SIDE), interpolation=cv2.INTER_AREA)
    return np.concatenate([_orientations(lab[..., 0].astype(np.float32)), colours.ravel()])


def _orientations(light: np.ndarray) -> np.ndarray:
    """Returns the histogram of oriented gradients of a channel, float32 (64, 64): uint8 (576,)."""
    down, across = np.gradient(light)
    strength = np.hypot(across, down)
    # Unsigned: a dark garment on grey and a light one have the same outline.
    angle = np.mod(np.arctan2(down, across), np.pi) / np.pi * ORIENTATIONS
    low = np.floor(angle).astype(int)
    share = angle - low
    cells = SIDE // CELL
    cell = np.arange(SIDE) // CELL
    place = (cell[:, None] * cells + cell[None, :]) * ORIENTATIONS
    count = cells * cells * ORIENTATIONS
    histogram = sum(
        np.bincount((place + np.mod(low + step, ORIENTATIONS)).ravel(), (strength * weight).ravel(), count)
        for step, weight in ((0, 1 - share), (1, share))
    ).reshape(cells * cells, ORIENTATIONS)
    norm = np.linalg.norm(histogram, axis=1, keepdims=True)
    # The constant keeps noise in an even cell from looking like an edge.
    return (
        np.clip(np.rint(255 * histogram / (norm + 0.05 * strength.max() * CELL * CELL + 1e-6)), 0, 255)
        .astype(np.uint8)
        .ravel()
    )


def find_like(descriptor: np.ndarray, others: np.ndarray) -> int | None:
    """Returns which of the others a picture is too like, the likest; None where it is like none of them.

    Args:
        descriptor: float32 (768,).
        others: float32 (n, 768).
    """
    if not len(others):
        return None
    distances = np.sqrt(np.mean((others - descriptor) ** 2, axis=1))
    nearest = int(np.argmin(distances))
    return nearest if distances[nearest] < TOO_LIKE else None
