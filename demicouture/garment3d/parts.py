"""A garment's parts: torso and sleeves, and where its cloth ends: at neck, hem and cuffs.

Source: the torso is the union of the discs around the inner part of the medial axis, those above a radius, and sleeves
are what is left of the silhouette at either side (Blum 1967, "A transformation for extracting new descriptors of
shape"). Where a sleeve hangs at the torso's side, the silhouette does not tell; there the division is the path of most
contrast from the armpit down, if it has more contrast than the best path through the chest.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from demicouture.garment3d.silhouette import GRID, Silhouette

TORSO_RADIUS = 0.6
"""The least radius of a torso's discs, in radii of the largest disc."""

LEAST_SLEEVE = 0.02
"""The least part of a silhouette that is a sleeve."""

ARMHOLE = 0.3
"""How far below the shoulders armpits are, in heights of the garment: 24 cm of a shirt of 75."""

SHOULDER = 0.75
"""Shoulders are where a garment first is this wide, in its usual widths."""

BAND, USUAL = (0.45, 0.84), 0.66
"""Where a hanging sleeve meets the torso, from the axis to where the sleeve is widest, and where it usually does: of
drawn jackets 0.6 to 0.72."""

CONTROL = (0.1, 0.42)
"""The part of the chest whose best path is the control."""

MARGIN, MARGIN_OF_SECOND = 1.25, 0.9
"""How many times the control's contrast a division has; and the second one of a symmetric garment."""

LOW = 0.5
"""What sticks out only this far below the shoulders, in heights of the garment, is a hem's corner."""

LEAST_WIDTH, HOLDS = 0.035, 0.99
"""The least width of a hanging sleeve, in sides of the picture; and what must hold together once it is cut free, in
parts of the silhouette: else the path has run along something else."""

SLIT = 0.007
"""How wide a division is cut, in sides of the picture: 1.8 points of the grid."""


@dataclass(frozen=True)
class Parts:
    """A silhouette in parts.

    Attributes:
        mask: bool (GRID, GRID): the silhouette, with hanging sleeves cut off from the armpits down.
        sleeves: uint8 (GRID, GRID): 1 for the sleeve at the picture's left, 2 for that at its right, 0 elsewhere.
        shoulder: The row of the shoulders, y in sides.
        height: From the silhouette's top to its bottom, in sides.
    """

    mask: np.ndarray
    sleeves: np.ndarray
    shoulder: float
    height: float

    @property
    def torso(self) -> np.ndarray:
        """Where the torso is, bool (GRID, GRID)."""
        return self.mask & (self.sleeves == 0)


def divide(silhouette: Silhouette, picture: np.ndarray) -> Parts:
    """Divides a garment into torso and sleeves.

    Args:
        silhouette: The garment's.
        picture: RGB, uint8 (side, side, 3) in [0, 255].
    """
    mask = silhouette.mask.copy()
    rows = np.flatnonzero(mask.any(axis=1))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    height = bottom - top
    widths = mask.sum(axis=1)
    usual = np.median(widths[top + height // 4 : bottom - height // 8])
    shoulder = top + int(np.argmax(widths[top:bottom] >= SHOULDER * usual))
    sleeves = _protruding(mask, silhouette.axis)
    contrast = _contrast(picture, silhouette)
    tries = [(1, -1, MARGIN), (2, 1, MARGIN)]
    if silhouette.averaged:  # What hangs at one side of a symmetric garment hangs at the other, too.
        tries += [(1, -1, MARGIN_OF_SECOND), (2, 1, MARGIN_OF_SECOND)]
    found = set()
    for number, side, margin in tries:
        if number in found or (margin < MARGIN and 3 - number not in found):
            continue
        armpit = shoulder + round(ARMHOLE * height)
        starts = np.flatnonzero((sleeves == number).any(axis=1))
        if len(starts) and starts[0] < armpit:
            continue  # It stands away from the shoulder on.
        path = _find_division(mask, contrast, silhouette.axis, side, armpit, bottom, margin)
        if path is None:
            if len(starts) and starts[0] > shoulder + LOW * height:
                sleeves[sleeves == number] = 0  # The corner of a wide hem.
            continue
        ys, xs = path
        slit = np.zeros(mask.shape, np.uint8)
        last = int(ys[-1])
        line = np.append(np.stack([xs, ys], axis=1), [[xs[-1], last + 3]], axis=0)[:, None].astype(np.int32)
        cv2.polylines(slit, [line], False, 1, max(1, round(SLIT * GRID)))
        # From the armpit to the shoulder straight up: there the sleeve is sewn on, and nothing is cut.
        whole = np.full(GRID, -1.0)
        whole[ys] = xs
        whole[: ys[0]], whole[last : last + 8] = xs[0], xs[-1]
        beyond = (np.arange(GRID) - whole[:, None]) * side > 0
        sleeve = mask & beyond & (whole >= 0)[:, None] & (np.arange(GRID) >= shoulder - 0.05 * height)[:, None]
        width = np.count_nonzero(sleeve[ys]) / len(ys) / GRID
        cut = _largest(mask & (slit == 0))
        if width < LEAST_WIDTH or np.count_nonzero(cut) < HOLDS * np.count_nonzero(mask & (slit == 0)):
            continue
        sleeves[sleeves == number] = 0
        sleeves[sleeve & (sleeves == 0)] = number
        mask = cut
        found.add(number)
    return Parts(mask, np.where(mask, sleeves, 0).astype(np.uint8), shoulder / GRID, height / GRID)


def _largest(mask: np.ndarray) -> np.ndarray:
    _, pieces, figures, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    return pieces == 1 + int(np.argmax(figures[1:, cv2.CC_STAT_AREA]))


def _protruding(mask: np.ndarray, axis: float) -> np.ndarray:
    """Returns the sleeves that stick out from a torso, uint8 (GRID, GRID), 1 and 2."""
    inner = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    radius = TORSO_RADIUS * inner.max()
    from_axis = cv2.distanceTransform((inner < radius).astype(np.uint8), cv2.DIST_L2, 5)
    torso = from_axis <= radius
    halves = np.abs((np.arange(GRID) + 0.5) / GRID - axis)
    half_width = (torso * halves).max()
    _, pieces, figures, centres = cv2.connectedComponentsWithStats((mask & ~torso).astype(np.uint8), connectivity=4)
    sleeves = np.zeros(mask.shape, np.uint8)
    for number in range(1, len(figures)):
        x = (centres[number][0] + 0.5) / GRID - axis
        if figures[number, cv2.CC_STAT_AREA] > LEAST_SLEEVE * mask.sum() and abs(x) > 0.8 * half_width:
            sleeves[pieces == number] = 1 if x < 0 else 2
    return sleeves


def _contrast(picture: np.ndarray, silhouette: Silhouette) -> np.ndarray:
    """Returns how much colours change across, float64 (GRID, GRID), in means of each row; averaged over both sides."""
    large = cv2.resize(picture, (GRID, GRID), interpolation=cv2.INTER_CUBIC)
    lab = cv2.cvtColor(large, cv2.COLOR_RGB2Lab).astype(np.float32)
    lab = cv2.GaussianBlur(lab, (0, 0), 1.5)
    across = np.sqrt(np.square(cv2.Scharr(lab, cv2.CV_32F, 1, 0)).sum(axis=2))
    inner = cv2.erode(silhouette.mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    across = np.where(inner, across, 0)
    # What goes on from row to row is a seam; what does not is a weave.
    across = cv2.blur(across, (1, 9))
    if silhouette.averaged:
        moved = np.float32([[-1, 0, 2 * silhouette.axis * GRID - 1], [0, 1, 0]])
        across = (across + cv2.warpAffine(across, moved, (GRID, GRID))) / 2
    usual = across.sum(axis=1) / np.maximum(inner.sum(axis=1), 1)
    return across / np.maximum(cv2.blur(usual[:, None], (1, 25)), 1e-6)


def _find_division(
    mask: np.ndarray, contrast: np.ndarray, axis: float, side: int, armpit: int, bottom: int, margin: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """Returns the rows and columns where a hanging sleeve meets the torso, from the armpit down; None without one.

    Args:
        mask: bool (GRID, GRID).
        contrast: See :func:`_contrast`.
        axis: The garment's middle, x in sides.
        side: -1 for the picture's left, 1 for its right.
        armpit: The row of the armpits.
        bottom: The row below the silhouette.
        margin: How many times the control's contrast a division has.
    """
    columns = np.arange(GRID)
    out = ((columns + 0.5) / GRID - axis) * side
    reach = np.where(mask, out, 0).max(axis=1)
    # The sleeve ends where the outline comes in.
    widest = reach[armpit : armpit + max(2, (bottom - armpit) // 3)].max() if armpit + 2 < bottom else 0
    inward = np.flatnonzero(reach[armpit:bottom] < 0.72 * widest)
    end = armpit + int(inward[0]) if len(inward) else bottom
    if end - armpit < 0.12 * GRID * 0.6:
        return None
    rows = np.arange(armpit, end)
    reach = reach[rows][:, None]
    u = np.broadcast_to(out / reach.max(), (len(rows), GRID))
    is_gap = ~mask[rows] & (out < reach)

    def best(band: tuple[float, float], usual: float) -> tuple[np.ndarray, float]:
        gain = np.where(is_gap, 4.0, contrast[rows]) - 6 * (u - usual) ** 2
        gain = np.where((u > band[0]) & (u < band[1]) & (out < 0.95 * reach), gain, -1e3)
        total, came = gain.copy(), np.zeros(gain.shape, int)
        for row in range(1, len(rows)):
            before = np.stack([np.roll(total[row - 1], shift) - 0.3 * abs(shift) for shift in (-1, 0, 1)])
            came[row] = columns - (np.argmax(before, axis=0) - 1)
            total[row] += before.max(axis=0)
        path = [int(np.argmax(total[-1]))]
        for row in range(len(rows) - 1, 0, -1):
            path.append(int(came[row][path[-1]] % GRID))
        found = np.array(path[::-1])
        return found, float(np.where(is_gap, 4.0, contrast[rows])[np.arange(len(rows)), found].mean())

    found, score = best(BAND, USUAL)
    _, control = best(CONTROL, sum(CONTROL) / 2)
    if score < margin * max(control, 0.8):
        return None
    return rows, found
