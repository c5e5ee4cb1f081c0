"""The silhouette: where the garment is on a picture with one ground, smooth enough to be traced, and how symmetric.

A silhouette lies on a grid of :data:`GRID` × :data:`GRID` points, whatever the picture's size. Places on it are told in
sides of the picture: x from 0 at the left to 1, y from 0 at the top to 1; a grid point is the middle of its cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from demicouture.errors import InputError
from demicouture.language import _
from demicouture.preprocessing.segmentation import mend

GRID = 256
"""The side of the grid. An outline of 64 pixels, enlarged to it smoothly, has no steps left; at 512 the equation of
:mod:`.inflation` takes five times as long, and no more of a garment is seen."""

FRAME = 0.03
"""The width of the frame whose colour is the ground's, in sides of the picture."""

EXACT = 0.3
"""Up to which noise, in grey levels, a ground is one colour exactly: a picture was cut out."""

LEAST_CONTRAST, LEAST_OVER_NOISE, NOISE_FACTOR = 3.0, 5.0, 2.5
"""How far from the ground a garment's pixel is, at the least, in grey levels: where the ground is one colour exactly,
and where a network drew it; there it is also so many times as far as nine in ten of the frame's pixels are."""

MOST_NOISE = 24.0
"""The largest such distance on a frame that is one ground, in grey levels: of drawn garments and cut photographs it is
0, of designs of a generator 1 to 8."""

LEAST, MOST = 0.06, 0.8
"""The shares of a picture between which a silhouette may be a garment's. Those of 1,000 cut photographs have 0.1 to
0.55."""

PIECE = 0.12
"""A second piece of more than this part of the largest is no crumb: nobody knows which of the two is the garment."""

THIN = 9
"""What is thinner than so many points of the grid, where a network has drawn it, is a smear and no garment."""

GAP = 0.004
"""The least hole that is ground between sleeve and body, in parts of the picture; others are filled."""

SMOOTH = 0.004
"""The standard deviation by which an outline is smoothed, in sides of the picture: one point of the grid."""

SYMMETRIC, LOPSIDED, MOST_AVERAGED = 0.95, 0.85, 0.25
"""The share of their union that a silhouette and its mirror image have in common: from the first on a quarter of the
mirror image is mixed in, up to the second nothing, and in between in proportion. With a half, eight garments' fronts
were 6.3 grey levels from their pictures on average; with a quarter 4.8; without any 4.4, and their sides unlike."""


@dataclass(frozen=True)
class Silhouette:
    """Where a garment is.

    Attributes:
        mask: bool (GRID, GRID).
        axis: Where the garment's middle is, x in sides of the picture.
        symmetry: The share that the picture's own silhouette has in common with its mirror image, 0 to 1.
        averaged: How much of the mirror image was mixed in, 0 to 0.25.
        ground: The ground's colour, float64 (3,) in [0, 255].
        noise: How far nine in ten of the frame's pixels are from it at the most, in grey levels.
    """

    mask: np.ndarray
    axis: float
    symmetry: float
    averaged: float
    ground: np.ndarray
    noise: float


def find_silhouette(picture: np.ndarray) -> Silhouette:
    """Finds the garment on a picture.

    Args:
        picture: RGB, uint8 (side, side, 3) in [0, 255], of a garment on one ground.

    Raises:
        InputError: The ground is not one colour, the silhouette is in several pieces, or it is no garment's.
    """
    side = len(picture)
    colours = picture.astype(np.float64)
    calm = colours
    ground, noise = _ground(colours)
    if noise > EXACT:
        # Medians of 3×3 pixels: a network's ground is grainy, and white is hardly brighter than it.
        calm = cv2.medianBlur(picture, 3).astype(np.float64)
        ground, noise = _ground(calm)
    apart = np.abs(calm - ground).max(axis=2)
    if noise > MOST_NOISE:
        raise InputError(
            _(
                "found a ground of many colours ({noise:.0f} grey levels apart), expected a garment on one plain ground"
            ).format(noise=noise)
        )
    contrast = max(LEAST_OVER_NOISE, NOISE_FACTOR * noise) if noise > EXACT else LEAST_CONTRAST
    inside = apart > contrast
    count, pieces, figures, _centres = cv2.connectedComponentsWithStats(inside.astype(np.uint8), connectivity=4)
    areas = np.sort(figures[1:, cv2.CC_STAT_AREA])[::-1] / side**2
    if count == 1 or not LEAST <= areas[0] <= MOST:
        share = areas[0] if count > 1 else 0.0
        raise InputError(
            _(
                "found something that fills {share:.0%} of the picture, expected a garment, which fills "
                "{least:.0%} to {most:.0%}"
            ).format(share=share, least=LEAST, most=MOST)
        )
    if count > 2 and areas[1] > PIECE * areas[0]:
        several = int((areas > PIECE * areas[0]).sum())
        raise InputError(
            _("found a silhouette in {several} pieces, expected one garment in one piece").format(several=several)
        )
    inside = _fill(pieces == 1 + int(np.argmax(figures[1:, cv2.CC_STAT_AREA])), side, apart, contrast)
    soft = cv2.resize(_share_of_garment(colours, inside, ground), (GRID, GRID), interpolation=cv2.INTER_CUBIC)
    soft = cv2.GaussianBlur(soft, (0, 0), max(SMOOTH * GRID, 0.45 * GRID / side))
    if noise > EXACT:
        thin = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (THIN, THIN))
        soft = np.minimum(soft, cv2.GaussianBlur(cv2.morphologyEx(soft, cv2.MORPH_OPEN, thin), (0, 0), 1))
    axis, symmetry = _find_axis(soft > 0.5)
    averaged = MOST_AVERAGED * float(np.clip((symmetry - LOPSIDED) / (SYMMETRIC - LOPSIDED), 0, 1))
    mask = (1 - averaged) * soft + averaged * _mirror(soft, axis) > 0.5
    return Silhouette(_fill(mend(mask), GRID), axis, symmetry, averaged, ground, noise)


def has_plain_ground(picture: np.ndarray) -> bool:
    """Returns whether a square picture, uint8 (side, side, 3), has one ground all around."""
    return _ground(picture.astype(np.float64))[1] <= MOST_NOISE


def _ground(colours: np.ndarray) -> tuple[np.ndarray, float]:
    """Returns the ground's colour, (3,), and how far nine in ten of the frame's pixels are from it at the most."""
    frame = _frame(len(colours))
    ground = np.median(colours[frame], axis=0)
    return ground, float(np.quantile(np.abs(colours - ground).max(axis=2)[frame], 0.9))


def _frame(side: int) -> np.ndarray:
    """Returns which pixels are the frame's, bool (side, side)."""
    depth = max(1, round(FRAME * side))
    frame = np.ones((side, side), bool)
    frame[depth:-depth, depth:-depth] = False
    return frame


def _fill(mask: np.ndarray, side: int, apart: np.ndarray | None = None, contrast: float = 0.0) -> np.ndarray:
    """Returns the largest piece of a mask without its small holes, and without large ones that are no ground.

    Args:
        mask: bool (side, side).
        side: Pixels.
        apart: float64 (side, side), how far each pixel is from the ground; None where nobody knows.
        contrast: From where on a pixel is a garment's.
    """
    _, holes, figures, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    small = figures[:, cv2.CC_STAT_AREA] < GAP * side**2
    if apart is not None:
        sums = np.bincount(holes.ravel(), apart.ravel(), len(figures))
        small |= sums / figures[:, cv2.CC_STAT_AREA] > contrast / 2
    small[0] = False  # what is not a hole at all
    small[np.unique(np.concatenate([holes[0], holes[-1], holes[:, 0], holes[:, -1]]))] = False  # nor what is around
    mask = mask | small[holes]
    _, pieces, figures, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    return pieces == 1 + int(np.argmax(figures[1:, cv2.CC_STAT_AREA]))


def _share_of_garment(colours: np.ndarray, inside: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """Returns how much of each pixel is garment, float32: on an edge its colour lies between the two sides' colours."""
    core = cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    weight = cv2.GaussianBlur(core, (0, 0), 1.5)[..., None]
    beside = cv2.GaussianBlur(colours.astype(np.float32) * core[..., None], (0, 0), 1.5) / np.maximum(weight, 1e-4)
    towards = beside - ground
    share = ((colours - ground) * towards).sum(axis=2) / np.maximum(np.square(towards).sum(axis=2), 1)
    edge = inside & (core == 0) & (weight[..., 0] > 1e-3)
    return np.where(edge, share.clip(0, 1), inside).astype(np.float32)


def _mirror(values: np.ndarray, axis: float) -> np.ndarray:
    """Returns a float32 grid mirrored at x = axis."""
    moved = np.float32([[-1, 0, 2 * axis * GRID - 1], [0, 1, 0]])
    return cv2.warpAffine(values, moved, (GRID, GRID), flags=cv2.INTER_LINEAR)


def _find_axis(mask: np.ndarray) -> tuple[float, float]:
    """Returns where a mask is most symmetric, x in sides, and how much it has in common with its mirror image there."""
    values = mask.astype(np.float32)
    middle = float((mask.sum(axis=0) * (np.arange(GRID) + 0.5)).sum() / mask.sum() / GRID)
    best = (middle, 0.0)
    for axis in middle + np.linspace(-0.08, 0.08, 41):
        mirrored = _mirror(values, axis) > 0.5
        common = np.count_nonzero(mask & mirrored) / np.count_nonzero(mask | mirrored)
        if common > best[1]:
            best = float(axis), common
    return best
