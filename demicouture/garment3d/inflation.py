"""Inflation: how far a garment's front and back stand apart, from its silhouette alone.

The height h above a silhouette solves Poisson's equation, −Δh = 2, with h = 0 along the outline: over a strip of half
width w it is w² − x², so that √h is a half circle. Where cloth ends (at neck, hem and cuffs) the slope across the edge
is zero in its place, so that a sleeve ends as an open tube and not as a sausage. Multiplied by a part's own ratio of
depth to width, its section is an ellipse.

Source: inflating a drawn outline: Igarashi, Matsuoka, Tanaka, "Teddy: A Sketching Interface for 3D Freeform Design",
SIGGRAPH 1999; by Poisson's equation and the square root of its solution: Sýkora et al., "Ink-and-Ray: Bas-Relief Meshes
for Adding Global Illumination Effects to Hand-Drawn Characters", ACM TOG 2014, section 4.
"""

from __future__ import annotations

import cv2
import numpy as np
import scipy.sparse
import scipy.sparse.linalg

from demicouture.garment3d.silhouette import GRID

TORSO, SLEEVE = 0.55, 0.85
"""Depth by width of a section. A torso's: a chest is 24 cm deep where it is 33 to 45 cm wide without and with arms
(ANSUR II, 2012: chest depth 254 mm, biacromial breadth 416 mm on average for men, which is 0.6; clothes hang a little
flatter). A sleeve's: a tube that lies lightly pressed; our choice."""

BLEND = 0.035
"""The standard deviation over which a sleeve's ratio becomes the torso's, in sides of the picture."""


def solve_height(mask: np.ndarray, is_open: np.ndarray) -> np.ndarray:
    """Solves −Δh = 2 on a mask.

    Args:
        mask: bool (GRID, GRID).
        is_open: bool (GRID, GRID), where outside the mask cloth ends: there the slope is zero; elsewhere h is zero.

    Returns:
        float64 (GRID, GRID): h ≥ 0 in sides of the picture, squared; 0 outside.
    """
    count = np.count_nonzero(mask)
    numbers = np.full(mask.shape, -1)
    numbers[mask] = np.arange(count)
    padded, opened = np.pad(numbers, 1, constant_values=-1), np.pad(is_open, 1)
    diagonal, rows, columns = np.zeros(count), [], []
    for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        shift = np.s_[1 + dy : 1 + dy + GRID, 1 + dx : 1 + dx + GRID]
        neighbours, ends = padded[shift][mask], opened[shift][mask]
        there = neighbours >= 0
        # An outline lies half-way to the next point, where h is zero: one cell further on it would be −h.
        diagonal += np.where(there, 1, np.where(ends, 0, 2))
        rows.append(np.flatnonzero(there))
        columns.append(neighbours[there])
    rows, columns = np.concatenate(rows), np.concatenate(columns)
    # A whisper of resistance, so that there is one solution even where nothing is closed.
    system = scipy.sparse.csc_array((np.full(len(rows), -1.0), (rows, columns)), shape=(count, count))
    system += scipy.sparse.diags_array(diagonal + 1e-6, format="csc")
    height = np.zeros(mask.shape)
    height[mask] = scipy.sparse.linalg.spsolve(system, np.full(count, 2 / GRID**2), permc_spec="MMD_AT_PLUS_A")
    return height.clip(0)


def extend(values: np.ndarray, mask: np.ndarray, sigma: float = 1.0) -> np.ndarray:
    """Returns values on a mask, smoothed a little, that go on beyond its edge for a few points."""
    weight = cv2.GaussianBlur(mask.astype(np.float64), (0, 0), sigma)
    return cv2.GaussianBlur(np.where(mask, values, 0.0), (0, 0), sigma) / np.maximum(weight, 1e-9)


def depth_ratio(mask: np.ndarray, sleeves: np.ndarray, torso_ratio: float) -> np.ndarray:
    """Returns depth by width everywhere, float64 (GRID, GRID): a torso's, a sleeve's, and gently from one to the other.

    Args:
        mask: bool (GRID, GRID), the silhouette.
        sleeves: bool (GRID, GRID).
        torso_ratio: The torso's.
    """
    share = extend(sleeves.astype(np.float64), mask, BLEND * GRID)
    return torso_ratio + (SLEEVE - torso_ratio) * share.clip(0, 1)
