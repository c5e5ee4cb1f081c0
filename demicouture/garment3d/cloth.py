"""The cloth: what a garment's front, its back and its lining look like, in one texture of four tiles.

The front is the picture. The back is a guess: the front's cloth without what belongs to a front. Its colour is the
median of the front's in a wide window of each row, which keeps stripes, yokes and two halves and leaves out buttons,
zips, lapels and prints; what differs from that is kept as far as all of the cloth differs so, which keeps a weave or a
pattern, and leaves out a pocket. Inside is the back, darker; only above the front's neckline is it the picture, which
shows the inside there.
"""

from __future__ import annotations

import cv2
import numpy as np
import scipy.ndimage

from demicouture.garment3d.silhouette import GRID

FRONT, BACK, LINING, RIM = range(4)
"""The tiles, in reading order."""

LEAST_TILE, MOST_TILE, LIGHT_TILE = 256, 512, 256
"""The side of a tile in pixels: twice the picture's, or four times that of one of 64, by Lanczos' filter."""

WINDOW = 0.5
"""The width of the window whose median is the back's colour, in sides of the picture."""

MIDDLE = 0.4
"""The part of a row that is a front's middle."""

USUAL_DIFFERENCE = 2.2
"""How many times the median difference is usual for a cloth; what differs more belongs to the front."""

SHADE = 0.62
"""How bright the inside is, in parts of the outside."""

SIDE = 0.035
"""Over how much of a side the front becomes the back, in sides of the picture."""

MARGIN, SOFT_MARGIN = 1.0, 0.9
"""How far inside the outline a picture's colours are free of the ground's, in its pixels: where it was cut out, and
where a network has drawn it, whose edges are soft."""

USUAL_SIDE = 128
"""The side of a data set's pictures: in larger ones the same edge is more pixels wide."""

SOFT = 1.0
"""The noise of the ground, in grey levels, from which on a network has drawn it."""


def make_texture(
    picture: np.ndarray, mask: np.ndarray, inside: np.ndarray | None, noise: float = 0.0, most: int = MOST_TILE
) -> np.ndarray:
    """Returns the texture.

    Args:
        picture: RGB, uint8 (side, side, 3) in [0, 255].
        mask: bool (GRID, GRID), the silhouette.
        inside: bool (GRID, GRID), where the picture shows the inside of the back; None where it does not.
        noise: How far the ground's pixels are from one colour, in grey levels.
        most: The largest side of a tile, in pixels.

    Returns:
        uint8 (2·tile, 2·tile, 3) in [0, 255].
    """
    tile = min(int(np.clip(2 * len(picture), LEAST_TILE, MOST_TILE)), most)
    margin = (SOFT_MARGIN if noise > SOFT else MARGIN) / min(len(picture), USUAL_SIDE)
    large = cv2.resize(picture, (tile, tile), interpolation=cv2.INTER_LANCZOS4)
    front = _spread(large, _resize(mask, tile), margin * tile)
    hidden = np.zeros(mask.shape, bool) if inside is None else inside
    back = _make_back(front, _resize(mask, tile), _resize(hidden, tile))
    # Front and back are one piece of cloth where they meet at the side.
    depth = scipy.ndimage.distance_transform_edt(_resize(mask, tile)) / tile
    share = np.clip((depth - margin) / SIDE, 0, 1)[..., None]
    back = (front * (1 - share) + back * share).astype(np.float32)
    lining = back * SHADE
    if inside is not None:
        share = cv2.GaussianBlur(_resize(hidden, tile).astype(np.float32), (0, 0), 1.0)[..., None]
        lining = lining * (1 - share) + front * share
    texture = np.vstack([np.hstack([front, back]), np.hstack([lining, back * (1 + SHADE) / 2])])
    return np.rint(texture).clip(0, 255).astype(np.uint8)


def _resize(mask: np.ndarray, tile: int) -> np.ndarray:
    return cv2.resize(mask.astype(np.float32), (tile, tile), interpolation=cv2.INTER_LINEAR) > 0.5


def _spread(picture: np.ndarray, mask: np.ndarray, margin: float) -> np.ndarray:
    """Returns a picture whose colours go on beyond the garment's edge, where they would be mixed with the ground's."""
    core = scipy.ndimage.distance_transform_edt(mask) > margin
    core = core if core.any() else mask
    rows, columns = scipy.ndimage.distance_transform_edt(~core, return_distances=False, return_indices=True)
    nearest = cv2.GaussianBlur(picture[rows, columns].astype(np.float32), (0, 0), 1.5)
    return np.where(core[..., None], picture, nearest).astype(np.float32)


def _make_back(front: np.ndarray, mask: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Returns the back's cloth, float32 (tile, tile, 3)."""
    tile = len(front)
    cloth = mask & ~hidden
    small = tile // 4
    # A window of medians at a quarter of the size: rows are few there, and a median of them is quick.
    reduced = cv2.resize(front, (small, small), interpolation=cv2.INTER_AREA)
    counts = cv2.resize(cloth.astype(np.float32), (small, small), interpolation=cv2.INTER_AREA) > 0.9
    # The middle of a front is where buttons and prints are; its cloth is beside them.
    x = np.arange(small)
    ends = np.stack([np.argmax(counts, axis=1), small - 1 - np.argmax(counts[:, ::-1], axis=1)], axis=1)[..., None]
    middle = np.abs(x - ends.mean(axis=1)) < MIDDLE * np.ptp(ends, axis=1) / 2
    counts = np.where((counts & ~middle).any(axis=1)[:, None], counts & ~middle, counts)
    half = max(1, round(WINDOW * small / 2))
    padded = np.pad(
        np.where(counts[..., None], reduced, np.nan), ((0, 0), (half, half), (0, 0)), constant_values=np.nan
    )
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=1)
    known = counts.any(axis=1)
    base = np.zeros_like(reduced)
    for row in np.flatnonzero(known):
        with np.errstate(all="ignore"):
            usable = ~np.isnan(windows[row]).all(axis=-1)
        line = np.full((small, 3), np.nan, np.float32)
        line[usable.all(axis=1)] = np.nanmedian(windows[row][usable.all(axis=1)], axis=-1)
        there = np.flatnonzero(~np.isnan(line[:, 0]))
        base[row] = line[there[np.abs(np.arange(small)[:, None] - there).argmin(axis=1)]]
    rows = np.flatnonzero(known)
    base = base[rows[np.abs(np.arange(small)[:, None] - rows).argmin(axis=1)]]
    base = cv2.GaussianBlur(base, (0, 0), sigmaX=1.5, sigmaY=0.6)
    base = cv2.resize(base, (tile, tile), interpolation=cv2.INTER_CUBIC)
    # Nothing of the middle is the back's: what is there of a weave comes from beside it.
    difference = front - base
    strength = np.abs(difference).max(axis=2)
    usual = float(np.median(strength[cloth])) if cloth.any() else 0.0
    kept = np.clip(2 - strength / max(USUAL_DIFFERENCE * usual, 1.0), 0, 1) * cloth
    kept = cv2.GaussianBlur(cv2.erode(kept.astype(np.float32), np.ones((5, 5))), (0, 0), 1.0)[..., None]
    return base + difference * kept + _reflect(difference, kept[..., 0] > 0.9) * (1 - kept)


def _reflect(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Returns values, (tile, tile, 3), where they are not known as reflected at the nearest known place, or 0."""
    tile = len(values)
    if not known.any():
        return np.zeros_like(values)
    rows, columns = scipy.ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    row, column = (2 * rows - np.arange(tile)[:, None]), (2 * columns - np.arange(tile))
    row, column = row.clip(0, tile - 1), column.clip(0, tile - 1)
    return values[row, column] * known[row, column][..., None]


def coordinates(places: np.ndarray, tiles: np.ndarray) -> np.ndarray:
    """Returns where on the texture vertices lie, float64 (n, 2) in [0, 1], v upwards from the bottom.

    Args:
        places: float64 (n, 2), x and y in sides of the picture.
        tiles: int (n,).
    """
    inside = places.clip(0.5 / LEAST_TILE, 1 - 0.5 / LEAST_TILE)
    u, v = (inside[:, 0] + tiles % 2) / 2, (inside[:, 1] + tiles // 2) / 2
    return np.stack([u, 1 - v], axis=1)


def seen_inside(shape: tuple[int, int], run: np.ndarray, neckline: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Returns where between the back's edge and the front's a picture shows the inside, bool (GRID, GRID)."""
    area = np.zeros((GRID, GRID), np.uint8)
    polygon = np.vstack([run, neckline[::-1]]) * GRID
    cv2.fillPoly(area, [np.rint(polygon).astype(np.int32)], 1)
    return (area > 0) & mask
