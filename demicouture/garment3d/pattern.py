"""A sewing pattern of a garment in the round: flat panels with a seam allowance, in full size, for a toile.

Source: our choice, because it is the simplest unrolling that keeps what a toile shows first, widths around the body.
Sections across the garment are laid out flat: a panel is as wide at each height as the way over the surface is long
there, from the one fold, where front and back meet, to the other. Lengths along the garment stay as the picture has
them, so that there are no darts and no ease.
"""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import scipy.ndimage
import scipy.spatial

from demicouture import fonts
from demicouture.garment3d.mesh import Shape
from demicouture.garment3d.outline import CLOSED, CUFF_LEFT, FINE
from demicouture.garment3d.silhouette import GRID
from demicouture.language import _

ALLOWANCE = 0.010
"""The seam allowance in metres; our choice, because a centimetre is usual and easily measured."""

SIZE = GRID * FINE
"""The side of the grid on which surfaces are unrolled: a cell is about a millimetre."""

SMOOTH = 0.005
"""The standard deviation along a seam by which the grid's steps are smoothed, in metres; our choice, because
an outline is smoothed as much before it becomes a mesh."""

EXACT = 0.0003
"""How far a line's points may be left out, in metres; our choice, because scissors are less exact."""

CORNER = 12
"""How many cells from a hem's corner a row's end still belongs to the side; our choice, because outlines are rounded
so."""

STAIR = 48
"""How many cells a row's end is away at most where a fold slants; our choice, because a shoulder slopes at least so."""

LEAST_END = 0.5
"""Where no cuff is found, a sleeve ends where it has become this narrow, in its largest width; our choice, because what
comes then is the rounded end of a silhouette."""

CELL = 0.0005
"""The grid on which cutting lines are found, in metres."""

MARGIN, BETWEEN, FOOT = 20.0, 15.0, 45.0
"""Around the sheet, between panels, and for the words below them, in millimetres."""

SCALE_BAR = 100.0
"""The length of the bar by which a print is checked, in millimetres."""

LETTERS = 8.0
"""The height of letters, in millimetres."""

LINES = {
    "cut": (0.7, ()),
    "seam": (0.4, (4.0, 2.0)),
    "centre": (0.3, (10.0, 2.0, 1.5, 2.0)),
    "grain": (0.4, ()),
    "scale": (0.7, ()),
}
"""Of each kind of line its width, and the lengths of its dashes and gaps, in millimetres."""


@dataclass(frozen=True)
class Panel:
    """A flat piece of cloth.

    Attributes:
        name: What it is called.
        seam: float64 (n, 2), the closed line along which it is sewn, in metres: x from its middle to the right of who
            looks at its outside, y up.
    """

    name: str
    seam: np.ndarray


@dataclass(frozen=True)
class Sheet:
    """Panels side by side, to be written.

    Attributes:
        width: In millimetres.
        height: In millimetres.
        lines: The kind of each, of :data:`LINES`, and float64 (n, 2), in millimetres from the upper left corner.
        words: Of each text where it starts, x and y of its base line in millimetres, and itself.
    """

    width: float
    height: float
    lines: Sequence[tuple[str, np.ndarray]]
    words: Sequence[tuple[float, float, str]]


def make_panels(shape: Shape) -> list[Panel]:
    """Unrolls a garment: its front, its back, and its sleeves, where it has any.

    Front and back are equally wide, as the mesh has them, and differ at the neck. A sleeve is one panel, cut open along
    its lower side: as wide as it is around, with the fold at its upper side for its middle.
    """
    depth = cv2.resize(np.square(shape.depth).astype(np.float32), (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    depth = np.sqrt(depth.clip(0)) * SIZE
    torso, body = _enlarge(shape.parts.torso), _enlarge(shape.parts.mask)
    points, kinds = _along_outline(shape)
    # Where a short sleeve hangs, its cuff touches the torso's side, which is a fold there all the same.
    of_torso = np.where(kinds >= CUFF_LEFT, CLOSED, kinds)
    panels = [
        _unroll_torso(name, shape, region, body, depth, points, of_torso)
        for name, region in ((_("front"), _without_neck(shape, torso)), (_("back"), torso))
    ]
    for number, name in ((1, _("sleeve at the picture's left")), (2, _("sleeve at the picture's right"))):
        region = _enlarge(shape.parts.sleeves == number)
        if region.any():
            panels.append(_unroll_sleeve(name, shape, number, region, depth, points, kinds))
    return panels


def _enlarge(mask: np.ndarray) -> np.ndarray:
    return cv2.resize(mask.astype(np.float32), (SIZE, SIZE), interpolation=cv2.INTER_LINEAR) > 0.5


def _along_outline(shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """Returns points along an outline, float64 (n, 2) in cells, and what lies there, int (n,)."""
    points, kinds = [], []
    for loop, kind in zip(shape.outline.loops, shape.outline.kinds, strict=True):
        line = shape.outline.points[loop]
        for share in (0.1, 0.3, 0.5, 0.7, 0.9):
            points.append((line * (1 - share) + np.roll(line, -1, axis=0) * share) * SIZE - 0.5)
            kinds.append(kind)
    return np.concatenate(points), np.concatenate(kinds)


def _without_neck(shape: Shape, torso: np.ndarray) -> np.ndarray:
    """Returns where the front is: below its own neckline."""
    if shape.neckline is None or not shape.outline.neck:
        return torso
    first, last = (shape.outline.points[end] for end in shape.outline.neck)
    above = [[last[0], -0.1], [first[0], -0.1]]
    line = np.vstack([first, shape.neckline, last, above]) * SIZE - 0.5
    front = torso.astype(np.uint8)
    cv2.fillPoly(front, [np.rint(line).astype(np.int32)], 0)
    return front > 0


def _sections(
    region: np.ndarray, body: np.ndarray, depth: np.ndarray, points: np.ndarray, kinds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Measures along each row the way over the surface.

    Args:
        region: bool (height, width), what is unrolled.
        body: bool (height, width), the whole garment: at what goes on in it there is no fold.
        depth: float (height, width), half of the garment's depth, in cells.
        points: float64 (n, 2), x and y in cells: places on the outline.
        kinds: int (n,), what lies there.

    Returns:
        float64 (height, width), in cells from each row's first end; an end at a fold lies where depth is zero; nan
        outside of the region. And bool (height, 2), whether a row's first and its last end are at a fold.
    """
    outline = scipy.spatial.cKDTree(points)
    rows = np.flatnonzero(region.any(axis=1))
    ends = np.array([np.flatnonzero(region[row])[[0, -1]] for row in rows])
    is_fold = np.zeros(ends.shape, bool)
    for side, outwards in enumerate((-1, 1)):
        goes_on = body[rows, (ends[:, side] + 2 * outwards).clip(0, region.shape[1] - 1)]
        closed = kinds[outline.query(np.stack([ends[:, side], rows], axis=1))[1]] == CLOSED
        # At a hem's corner a side's fold goes on to the end; and none begins or ends for a row or two, as where a
        # hanging sleeve's slit ends.
        closed = scipy.ndimage.binary_dilation(closed, iterations=CORNER)
        fold = scipy.ndimage.median_filter(closed & ~goes_on, 2 * CORNER + 1, mode="nearest")
        fold = scipy.ndimage.binary_dilation(fold, iterations=CORNER)
        is_fold[:, side] = scipy.ndimage.binary_erosion(fold, iterations=CORNER, border_value=1)
    way = np.full(region.shape, np.nan)
    for row, (first, last), folds in zip(rows, ends, is_fold, strict=True):
        columns = np.flatnonzero(region[row])
        z = np.interp(np.arange(first, last + 1), columns, depth[row, columns])  # Over a gap the surface goes on.
        along = np.concatenate([[0.0], np.cumsum(np.hypot(1, np.diff(z)))])
        along[0] -= np.hypot(0.5, z[0]) if folds[0] else 0.5
        along[-1] += np.hypot(0.5, z[-1]) if folds[1] else 0.5
        way[row, columns] = along[columns - first]
    at_fold = np.zeros((len(region), 2), bool)
    at_fold[rows] = is_fold
    return way, at_fold


def _unroll_torso(
    name: str,
    shape: Shape,
    region: np.ndarray,
    body: np.ndarray,
    depth: np.ndarray,
    points: np.ndarray,
    kinds: np.ndarray,
) -> Panel:
    # Both panels are measured from the same middle, which the front may lack at its neck.
    way, at_fold = _sections(_enlarge(shape.parts.torso), body, depth, points, kinds)
    found, _hierarchy = cv2.findContours(region.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    column, row = max(found, key=cv2.contourArea)[:, 0].T
    axis = shape.silhouette.axis * SIZE - 0.5
    middle = np.full(SIZE, np.nan)
    for number in np.flatnonzero(np.isfinite(way).any(axis=1)):
        known = np.flatnonzero(np.isfinite(way[number]))
        middle[number] = np.interp(axis, known, way[number, known])
    at = way[row, column]
    # Along a slanting fold, as at a shoulder, cells beside each other in a row are one end of a section.
    distance, near = scipy.spatial.cKDTree(points).query(np.stack([column, row], axis=1))
    is_right = column > axis
    is_fold = (distance < SIZE / 50) & (kinds[near] == CLOSED) & at_fold[row, is_right.astype(int)]
    there = np.isfinite(way[row])
    last = np.where(is_right, SIZE - 1 - np.argmax(there[:, ::-1], axis=1), np.argmax(there, axis=1))
    at = np.where(is_fold & (np.abs(column - last) < STAIR), way[row, last], at)
    metres = shape.scale / SIZE
    x = (at - middle[row]) * metres
    y = ((shape.top + shape.parts.height) * SIZE - (row + 0.5)) * metres
    return Panel(name, _smooth(np.stack([x, y], axis=1)))


def _smooth(line: np.ndarray) -> np.ndarray:
    """Returns a closed line, float64 (n, 2) in metres, without a grid's steps and threads below 6 mm."""
    low = line.min(axis=0) - 0.02
    filled = np.zeros(np.ceil((line.max(axis=0) - low + 0.02) / CELL).astype(int)[::-1], np.uint8)
    cv2.fillPoly(filled, [np.rint((line - low) / CELL).astype(np.int32)], 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (13, 13))
    for step in (cv2.MORPH_CLOSE, cv2.MORPH_OPEN):
        filled = cv2.morphologyEx(filled, step, disc)
    found, _hierarchy = cv2.findContours(filled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    around = max(found, key=cv2.contourArea)[:, 0] * CELL + low
    closed = np.vstack([around, around[:1]])
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    at = np.arange(0, length[-1], SMOOTH / 4)
    even = np.stack([np.interp(at, length, closed[:, axis]) for axis in (0, 1)], axis=1)
    even = scipy.ndimage.gaussian_filter1d(even, 4, axis=0, mode="wrap")
    return cv2.approxPolyDP(even.astype(np.float32)[:, None], EXACT, True)[:, 0].astype(np.float64)


def _unroll_sleeve(
    name: str,
    shape: Shape,
    number: int,
    region: np.ndarray,
    depth: np.ndarray,
    points: np.ndarray,
    kinds: np.ndarray,
) -> Panel:
    """Turns a sleeve so that it runs down, and lays its sections beside each other."""
    torso = _enlarge(shape.parts.torso)
    is_cuff = kinds == CUFF_LEFT + number - 1
    rows, columns = np.nonzero(region & (cv2.dilate(torso.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0))
    inside = np.argwhere(region)[:, ::-1]
    start = np.array([columns.mean(), rows.mean()]) if len(rows) else inside[np.argmin(inside[:, 1])]
    far = inside[np.argmax(np.hypot(*(inside - start).T))]
    end = points[is_cuff].mean(axis=0) if is_cuff.any() else far
    way = (end - start) / max(np.hypot(*(end - start)), 1e-9)
    turn = np.array([[way[1], -way[0]], [way[0], way[1]]])
    turned = inside @ turn.T
    low = turned.min(axis=0) - 4
    size = tuple(np.ceil(turned.max(axis=0) - low).astype(int) + 4)
    matrix = np.column_stack([turn, -low])

    def warp(values: np.ndarray) -> np.ndarray:
        return cv2.warpAffine(values.astype(np.float32), matrix, size, flags=cv2.INTER_LINEAR)

    sleeve = warp(region) > 0.5
    # What stays of another part of a bent sleeve in a row is another section.
    for row in np.flatnonzero(sleeve.any(axis=1)):
        runs = np.flatnonzero(np.diff(np.concatenate([[0], sleeve[row].astype(int), [0]]))).reshape(-1, 2)
        first, last = runs[np.argmax(runs[:, 1] - runs[:, 0])]
        sleeve[row, :first] = sleeve[row, last:] = False
    places = points @ turn.T - low
    lengths, _at_fold = _sections(sleeve, warp(region | torso) > 0.5, warp(depth), places, kinds)
    rows = np.flatnonzero(sleeve.any(axis=1))
    around = np.nanmax(lengths[rows], axis=1) - np.nanmin(lengths[rows], axis=1)
    # A slanting cuff becomes a straight one, in its middle.
    widest = int(np.argmax(around))
    narrow = np.flatnonzero(around[widest:] < LEAST_END * around[widest])
    cuff = places[is_cuff, 1] if is_cuff.any() else rows[[widest + narrow[0] if len(narrow) else -1]]
    whole = rows <= max(cuff.min() - CORNER, rows[0])
    down = np.arange(rows[0], max(int(round(cuff.mean())), rows[0]) + 2)
    # The half of the way around: from the fold at the upper side over the front to the one at the lower side.
    half = scipy.ndimage.gaussian_filter1d(np.interp(down, rows[whole], around[whole]), CORNER / 2)
    metres = shape.scale / SIZE
    x, y = half * metres, (down[-1] - down) * metres
    right, left = np.stack([x, y], axis=1), np.stack([-x, y], axis=1)[::-1]
    return Panel(name, _smooth(np.vstack([right, left])))


def offset(line: np.ndarray, distance: float) -> np.ndarray:
    """Returns the closed line that runs around another one, outside of it and everywhere equally far away.

    Args:
        line: float64 (n, 2), in metres.
        distance: In metres.
    """
    low = line.min(axis=0) - distance - 4 * CELL
    width, height = (np.ceil((line.max(axis=0) + distance - low) / CELL) + 4).astype(int)
    outside = np.ones((height, width), np.uint8)
    shift = 4
    cv2.fillPoly(outside, [np.rint((line - low) / CELL * 2**shift).astype(np.int32)], 0, cv2.LINE_8, shift)
    away = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    found, _hierarchy = cv2.findContours(
        (away <= distance / CELL).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    around = max(found, key=cv2.contourArea)[:, 0].astype(np.float32)
    around = scipy.ndimage.gaussian_filter1d(around, 1.5, axis=0, mode="wrap") * np.float32(CELL)
    return cv2.approxPolyDP(around[:, None], EXACT / 2, True)[:, 0].astype(np.float64) + low


def lay_out(panels: Sequence[Panel], name: str) -> Sheet:
    """Lays panels side by side on a sheet.

    Args:
        panels: At least one.
        name: What the garment is called.
    """
    cuts = [offset(panel.seam, ALLOWANCE) * 1000 for panel in panels]
    height = MARGIN + max(float(np.ptp(cut[:, 1])) for cut in cuts)
    lines, words, x = [], [], MARGIN

    for panel, cut in zip(panels, cuts, strict=True):
        low, top = cut[:, 0].min(), cut[:, 1].max()
        seam = panel.seam * 1000

        def place(points: np.ndarray, left: float = x - low, top: float = top) -> np.ndarray:
            return np.stack([points[:, 0] + left, MARGIN + top - points[:, 1]], axis=1)

        upper, lower = _crossings(seam)
        length = upper - lower
        lines += [("cut", place(np.vstack([cut, cut[:1]]))), ("seam", place(np.vstack([seam, seam[:1]])))]
        lines.append(("centre", place(np.array([[0, upper], [0, lower]]))))
        at = 0.2 * seam[:, 0].max()
        ends = np.array([[at, lower + 0.8 * length], [at, lower + 0.4 * length]])
        lines.append(("grain", place(ends)))
        for end, way in zip(ends, (-1, 1), strict=True):
            lines.append(("grain", place(end + np.array([[-3, 6 * way], [0, 0], [3, 6 * way]]))))
        spot = place(np.array([[seam[:, 0].min() * 0.6, lower + 0.3 * length]]))[0]
        words.append((*spot.tolist(), panel.name))
        x += float(np.ptp(cut[:, 0])) + BETWEEN
    width = max(x - BETWEEN + MARGIN, 2 * MARGIN + 420)
    bar = height + 15
    lines.append(("scale", np.array([[MARGIN, bar], [MARGIN + SCALE_BAR, bar]])))
    lines += [("scale", np.array([[MARGIN + at, bar - 4], [MARGIN + at, bar + 4]])) for at in (0, SCALE_BAR)]
    words.append((MARGIN + SCALE_BAR + 5, bar + 3, _("10 cm")))
    words.append((MARGIN + SCALE_BAR + 45, bar + 3, name))
    note = _("for toile, not for production; depth and back are guesses")
    words.append((MARGIN, bar + 20, note))
    return Sheet(round(width, 1), round(height + FOOT, 1), lines, words)


def _crossings(seam: np.ndarray) -> tuple[float, float]:
    """Returns where a closed line crosses its middle, x = 0: the highest and the lowest y."""
    x, y = seam.T
    after_x, after_y = np.roll(x, -1), np.roll(y, -1)
    cross = (x <= 0) != (after_x <= 0)
    if not cross.any():
        return float(y.max()), float(y.min())
    found = (y + (after_y - y) * -x / np.where(cross, after_x - x, 1))[cross]
    return float(found.max()), float(found.min())


def to_svg(sheet: Sheet) -> bytes:
    """Returns a sheet as SVG, in full size: a unit is a millimetre."""
    root = ElementTree.Element("svg", xmlns="http://www.w3.org/2000/svg", version="1.1")
    root.set("width", f"{sheet.width:g}mm")
    root.set("height", f"{sheet.height:g}mm")
    root.set("viewBox", f"0 0 {sheet.width:g} {sheet.height:g}")
    ElementTree.SubElement(root, "rect", width=f"{sheet.width:g}", height=f"{sheet.height:g}", fill="white")
    for kind, points in sheet.lines:
        width, dashes = LINES[kind]
        text = " ".join(f"{x:.2f},{y:.2f}" for x, y in points.tolist())
        line = ElementTree.SubElement(root, "polyline", points=text, fill="none", stroke="black")
        line.set("class", kind)
        line.set("stroke-width", f"{width:g}")
        if dashes:
            line.set("stroke-dasharray", " ".join(f"{dash:g}" for dash in dashes))
    for x, y, text in sheet.words:
        word = ElementTree.SubElement(root, "text", x=f"{x:.2f}", y=f"{y:.2f}")
        word.set("font-size", f"{LETTERS:g}")
        word.set("font-family", "sans-serif")
        word.text = text
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def to_pdf(sheet: Sheet) -> bytes:
    """Returns a sheet as PDF, in full size on one page; without a date, so the same sheet is the same file."""
    import matplotlib
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.figure import Figure

    points = 72 / 25.4
    content = io.BytesIO()
    with matplotlib.rc_context({"font.family": fonts.families()}):
        figure = Figure(figsize=(sheet.width / 25.4, sheet.height / 25.4), facecolor="white")
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, sheet.width), ylim=(sheet.height, 0))
        axes.set_axis_off()
        for kind, line in sheet.lines:
            width, dashes = LINES[kind]
            style = (0, [dash / width for dash in dashes]) if dashes else "-"  # Matplotlib counts in line widths.
            axes.plot(*line.T, color="black", linewidth=width * points, linestyle=style)
        for x, y, text in sheet.words:
            axes.text(x, y, text, fontsize=LETTERS * points, va="baseline", parse_math=False)
        # Without the date and matplotlib's version, the same sheet is the same file.
        undated = {"CreationDate": None, "Creator": None, "Producer": None}
        FigureCanvasPdf(figure).print_pdf(content, metadata=undated)
    return content.getvalue()
