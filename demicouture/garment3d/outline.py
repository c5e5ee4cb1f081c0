"""The outline of a garment, in points, and where on it cloth ends: neck, hem and cuffs."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
import scipy.ndimage
import scipy.spatial

from demicouture.garment3d.parts import SLIT, Parts
from demicouture.garment3d.silhouette import GRID, Silhouette

FINE = 4
"""How many times finer than the grid an outline is traced."""

CLOSED, NECK, HEM, CUFF_LEFT, CUFF_RIGHT = range(5)
"""What lies between an outline's point and the next: a fold, where front and back meet; or the end of the cloth."""

OPENINGS = {NECK: "neck", HEM: "hem", CUFF_LEFT: "left cuff", CUFF_RIGHT: "right cuff"}
"""Left and right are the picture's."""

NECK_WIDTH = (0.22, 0.46)
"""A neck opening's width, in widths of the shoulders: 17 cm of 42, more in a boat neck."""

PLATEAU = 0.02
"""How far below its top a collar is as wide as its opening, in sides."""

FACES_DOWN = 0.25
"""From which cosine on an outline faces the floor, at a hem's corners."""

FRONT_DROPS = np.linspace(0.02, 0.62, 31)
"""How far the front's neckline may lie below the back's, in sides of the picture over the garment's height."""

SHAPES = (1.0, 1.5, 2.0, 3.0)
"""Of a neckline: a V, and rounder and rounder to a square; the exponent of (1 − |u|^p), u from -1 to 1 across."""

DEEP = 0.3
"""From which sag on, in its widths, a neck's opening shows the ground: there the picture does not say where the back
ends."""

SEEN, USUAL_DROP = 14.0, 0.16
"""The mean difference of colours, in L*a*b* of 8 bits, from which a neckline is one; and the drop where none is seen,
in widths of the neck."""

CUFF_FACES = 0.6
"""From which cosine on an outline faces the way a sleeve goes."""


@dataclass
class Outline:
    """Closed outlines, one around the garment, first, and one around each gap.

    Attributes:
        points: float64 (n, 2), x and y in sides.
        loops: Of each outline its points by number; the garment lies at the right of the way (in a picture, where y
            goes down, clockwise).
        kinds: Of each loop int (len,), what lies between its point and the next.
        neck: Both ends of the neck's opening, by number, the left one first; None where there is none.
    """

    points: np.ndarray
    loops: list[np.ndarray]
    kinds: list[np.ndarray] = field(default_factory=list)
    neck: tuple[int, int] | None = None

    def insert(self, loop: int, place: int, point: np.ndarray) -> int:
        """Puts a point between two of a loop; returns its number."""
        number = len(self.points)
        self.points = np.vstack([self.points, point])
        self.loops[loop] = np.insert(self.loops[loop], place + 1, number)
        self.kinds[loop] = np.insert(self.kinds[loop], place + 1, self.kinds[loop][place])
        return number


def trace(parts: Parts, silhouette: Silhouette, spacing: float) -> Outline:
    """Returns a garment's outline with points about ``spacing`` sides apart, and its openings."""
    size = GRID * FINE
    soft = cv2.resize(parts.mask.astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR)
    found, _ = cv2.findContours((soft > 0.5).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    found = sorted(found, key=len, reverse=True)
    points, loops = [], []
    for index, contour in enumerate(found):
        # Half a fine cell lost: OpenCV goes through the middles of the outermost cells.
        line = _smooth((contour[:, 0] + 0.5) / size, 1.2 / GRID)
        length = np.hypot(*np.diff(line, axis=0, append=line[:1]).T)
        if index and length.sum() < 5 * spacing:
            continue
        line = _resample(line, max(8, round(length.sum() / spacing)))
        clockwise = _area(line) > 0
        if clockwise != (index == 0):
            line = line[::-1]
        loops.append(np.arange(len(line)) + sum(map(len, loops)))
        points.append(line)
    outline = Outline(np.concatenate(points), loops, [np.zeros(len(loop), int) for loop in loops])
    _find_openings(outline, parts, silhouette)
    return outline


def find_neckline(
    outline: Outline, picture: np.ndarray, parts: Parts, spacing: float
) -> tuple[np.ndarray | None, bool]:
    """Returns where the front ends at the neck: below the back, along the line of most contrast.

    Above it a picture from the front shows the inside of the back.

    Args:
        outline: With a neck.
        picture: RGB, uint8 (side, side, 3) in [0, 255].
        parts: The garment's.
        spacing: How far apart the outline's points are, in sides.

    Returns:
        float64 (n, 2), as many points as the neck's opening has between its ends; None where front and back end on one
        line, because the ground is seen through the opening; and whether such a line was seen.
    """
    kinds, loop = outline.kinds[0], outline.loops[0]
    places = np.flatnonzero(kinds == NECK)
    places = np.roll(places, -int(np.argmax(np.diff(places, append=places[-1] + 1) > 1)) - 1)
    run = outline.points[loop[places]][1:]
    first, last = (outline.points[end] for end in outline.neck)
    width = float(np.hypot(*(last - first)))
    u = 2 * ((run[:, 0] - first[0]) / max(last[0] - first[0], 1e-6)).clip(0, 1) - 1
    sag = run[:, 1] - (first[1] + (last[1] - first[1]) * (u + 1) / 2)
    if sag.max() > DEEP * width or (np.diff(u) <= 0).any():
        return None, False
    others = [outline.points[part[kind != NECK]] for part, kind in zip(outline.loops, outline.kinds, strict=True)]
    edge = scipy.spatial.cKDTree(np.concatenate(others))

    def drop_by(drop: float, power: float) -> np.ndarray | None:
        line = run + np.stack([np.zeros(len(run)), drop * (1 - np.abs(u) ** power)], axis=1)
        column, row = (line * GRID).astype(int).clip(0, GRID - 1).T
        away = edge.query(line)[0] > np.minimum(0.5 * spacing, 0.5 * (1 - np.abs(u)) * width)
        return line if parts.mask[row, column].all() and away.all() else None

    large = cv2.resize(picture, (GRID, GRID), interpolation=cv2.INTER_CUBIC)
    lab = cv2.GaussianBlur(cv2.cvtColor(large, cv2.COLOR_RGB2Lab).astype(np.float32), (0, 0), 1.0)
    best, chosen = SEEN, None
    for drop in FRONT_DROPS * parts.height:
        for power in SHAPES:
            if drop > (3.0 if power < 2 else 1.0) * width or drop < 0.1 * width:
                continue
            line = drop_by(drop, power)
            if line is None:
                continue
            along = np.gradient(line, axis=0)
            across = np.stack([-along[:, 1], along[:, 0]], axis=1)
            across /= np.maximum(np.hypot(*across.T)[:, None], 1e-9)
            inner, outer = (sample(lab, line + sign * across * 0.012) for sign in (-1, 1))
            seen = float(np.median(np.abs(inner - outer).sum(axis=1)))
            seen *= 1 - 0.06 * drop / max(width, 1e-6)
            if seen > best:
                best, chosen = seen, line
    if chosen is not None:
        return chosen, True
    return drop_by(USUAL_DROP * width, 2.0), False


def sample(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Returns a grid's values, (GRID, GRID, ...), at points, (n, 2) in sides, between the grid's points linearly."""
    column, row = (points * GRID - 0.5).clip(0, GRID - 1.001).T
    c, r = column.astype(int), row.astype(int)
    shape = (len(points),) + (1,) * (values.ndim - 2)
    x, y = (column - c).reshape(shape), (row - r).reshape(shape)
    return (values[r, c] * (1 - x) + values[r, c + 1] * x) * (1 - y) + (
        values[r + 1, c] * (1 - x) + values[r + 1, c + 1] * x
    ) * y


def _smooth(line: np.ndarray, sigma: float) -> np.ndarray:
    step = np.hypot(*np.diff(line, axis=0, append=line[:1]).T).mean()
    return scipy.ndimage.gaussian_filter1d(line, sigma / step, axis=0, mode="wrap")


def _resample(line: np.ndarray, count: int) -> np.ndarray:
    closed = np.vstack([line, line[:1]])
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    at = np.linspace(0, length[-1], count, endpoint=False)
    return np.stack([np.interp(at, length, closed[:, axis]) for axis in (0, 1)], axis=1)


def _area(line: np.ndarray) -> float:
    x, y = line.T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def normals(line: np.ndarray) -> np.ndarray:
    """Returns the directions in which a closed outline faces away from the garment, float64 (n, 2), of length 1."""
    along = np.roll(line, -1, axis=0) - np.roll(line, 1, axis=0)
    out = np.stack([along[:, 1], -along[:, 0]], axis=1)
    return out / np.maximum(np.hypot(*out.T)[:, None], 1e-12)


def _label(line: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Returns the labels of the grid points nearest to points of an outline, a little inside."""
    inside = line - normals(line) * 2 / GRID
    column, row = (inside * GRID).astype(int).clip(0, GRID - 1).T
    return labels[row, column]


def _find_openings(outline: Outline, parts: Parts, silhouette: Silhouette) -> None:
    line = outline.points[outline.loops[0]]
    kinds, out = outline.kinds[0], normals(line)
    of = _label(line, parts.sleeves)
    for number, kind in ((1, CUFF_LEFT), (2, CUFF_RIGHT)):
        run = _find_cuff(line, out, of == number, parts.sleeves == number, parts.torso)
        if run is not None:
            kinds[run] = kind
    torso = of == 0
    # Along a slit there is no hem, although it lies between the torso's corners.
    cut = np.argwhere(silhouette.mask & ~parts.mask)[:, ::-1]
    at_slit = scipy.spatial.cKDTree((cut + 0.5) / GRID).query(line)[0] < 1.5 * SLIT if len(cut) else ~torso & torso
    hem = _find_hem(line, torso & (out[:, 1] > FACES_DOWN), torso & ~at_slit, kinds, silhouette.axis)
    if hem is not None:
        kinds[hem] = HEM
    neck = _find_neck(line, torso, parts, silhouette.axis)
    if neck is not None:
        kinds[neck] = NECK
        outline.neck = int(outline.loops[0][neck[0]]), int(outline.loops[0][(neck[-1] + 1) % len(line)])


def _between(first: int, last: int, count: int) -> np.ndarray:
    """Returns the places from one to another along a closed outline, the last left out."""
    return np.arange(first, last if last > first else last + count) % count


def _find_cuff(
    line: np.ndarray, out: np.ndarray, is_sleeve: np.ndarray, region: np.ndarray, torso: np.ndarray
) -> np.ndarray | None:
    """Returns the places of a sleeve's end on the outline."""
    if np.count_nonzero(is_sleeve) < 6:
        return None
    far = scipy.ndimage.distance_transform_edt(~torso)
    rows, columns = np.nonzero(region)
    # From the part nearest to the torso to that farthest away. Hanging sleeves lie along it, so the row counts too.
    along = far[rows, columns] + (rows - rows.min()) * (0.7 if np.ptp(rows) > np.ptp(columns) else 0.0)
    low, middle, high = np.quantile(along, (0.45, 0.6, 0.9))
    place = np.stack([columns, rows], axis=1)
    way = place[along > high].mean(axis=0) - place[(along > low) & (along < middle)].mean(axis=0)
    if np.hypot(*way) < 1:
        return None
    way /= np.hypot(*way)
    reach = line @ way
    reach = np.where(is_sleeve, reach, -np.inf)
    tip = int(np.argmax(reach))
    width = np.sqrt(np.count_nonzero(region)) / GRID
    faces = is_sleeve & (out @ way > CUFF_FACES) & (reach > reach.max() - 0.6 * width)
    if not faces[tip]:
        return None
    count = len(line)
    first = last = tip
    while faces[(first - 1) % count] and (tip - first) < count // 4:
        first -= 1
    while faces[(last + 1) % count] and (last - tip) < count // 4:
        last += 1
    return np.arange(first, last) % count if last - first >= 2 else None


def _find_hem(
    line: np.ndarray, faces_down: np.ndarray, of_torso: np.ndarray, kinds: np.ndarray, axis: float
) -> np.ndarray | None:
    """Returns the places between the two lower corners of the torso."""
    allowed = faces_down & (kinds == CLOSED) & (line[:, 1] > np.quantile(line[:, 1], 0.5))
    if np.count_nonzero(allowed) < 6:
        return None
    x, y = line[:, 0] - axis, line[:, 1]
    right = int(np.argmax(np.where(allowed, 0.8 * x + y, -np.inf)))
    left = int(np.argmax(np.where(allowed, -0.8 * x + y, -np.inf)))
    run = _between(right, left, len(line))  # clockwise: along the bottom from right to left
    run = run[of_torso[run] & (kinds[run] == CLOSED)] if len(run) < len(line) / 2 else run[:0]
    return run if len(run) >= 3 else None


def _find_neck(line: np.ndarray, torso: np.ndarray, parts: Parts, axis: float) -> np.ndarray | None:
    """Returns the places between the two ends of the neck's opening: its horns, or the edges of a collar's top."""
    rows = parts.mask[int(parts.shoulder * GRID) + 2]
    width = np.count_nonzero(rows & (np.abs((np.arange(GRID) + 0.5) / GRID - axis) < 0.5)) / GRID
    x, y = line[:, 0] - axis, line[:, 1]
    upper = torso & (y < parts.shoulder + 0.35 * parts.height)
    near = upper & (np.abs(x) < NECK_WIDTH[1] * width / 2)
    if not (near & (x < 0)).any() or not (near & (x > 0)).any():
        return None
    horns = []
    for side in (-1, 1):
        half = near & (x * side > 0)
        horns.append(int(np.argmin(np.where(half, y, np.inf))))
    middle = near & (np.abs(x) < 0.03)
    dip = y[middle].min() if middle.any() else -np.inf
    if dip < max(y[horns[0]], y[horns[1]]) + 0.008:  # A collar's top, or a round neck that shows no dip.
        top = y[near].min()
        half = np.abs(x[near & (y < top + PLATEAU)]).max()
        half = float(np.clip(half, NECK_WIDTH[0] * width / 2, NECK_WIDTH[1] * width / 2))
        horns = [
            int(np.argmin(np.where(upper & (x * side > 0), np.abs(np.abs(x) - half) + 0.5 * (y - top), np.inf)))
            for side in (-1, 1)
        ]
    run = _between(horns[0], horns[1], len(line))  # clockwise: along the top from left to right
    if not 3 <= len(run) < len(line) / 2:
        return None
    return run
