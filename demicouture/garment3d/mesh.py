"""The mesh: front and back of a garment as cloth with a thickness, open at neck, hem and cuffs, and else closed.

Places are in metres: x to the right of who looks at the front, y up, z towards them; the axis and the hem are at zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.spatial
from matplotlib.path import Path as Polygon

from demicouture.errors import InputError
from demicouture.garment3d.cloth import BACK, FRONT, LINING
from demicouture.garment3d.inflation import TORSO, depth_ratio, extend, solve_height
from demicouture.garment3d.outline import CLOSED, NECK, Outline, find_neckline, normals, sample, trace
from demicouture.garment3d.parts import SLIT, Parts
from demicouture.garment3d.silhouette import GRID, Silhouette
from demicouture.language import N_, _

HEIGHT = 0.7
"""A garment's height in metres, whatever it is: a picture has no scale."""

CLOTH = 0.003
"""The thickness of cloth in metres, as of a knitted one; thinner, and the rims cannot be seen."""

SPACING, LIGHT_SPACING = 0.0165, 0.03
"""How far apart points lie, in sides of the picture: 12,000 to 19,000 faces, and a quarter as many for a page."""

RIM = 0.35
"""How far inside the outline a first row of points lies, in spacings: there the surface turns to the other side."""

MOST_FACES = 20_000

TOO_RAGGED = N_("found an outline too ragged to be followed, expected a garment's")

ROUNDS = 30
"""How often points are added, at most, until the triangles follow the outline."""

HAIR = 0.0015
"""What stays between a hanging sleeve and the torso, in sides of the picture."""

LEAST_AREA = 1e-10
"""Of a face, in square metres: a hundredth of a millimetre squared."""


@dataclass(frozen=True)
class Mesh:
    """A surface of triangles.

    Attributes:
        vertices: float64 (n, 3) in metres.
        normals: float64 (n, 3), of length 1.
        places: float64 (n, 2), where on the picture each lies, x and y in sides.
        tiles: int (n,), which tile of the texture it shows: see :mod:`.cloth`.
        faces: int (m, 3), counterclockwise seen from outside.
        one: int (n,), the same number for vertices that are one place: a seam has two of each.
    """

    vertices: np.ndarray
    normals: np.ndarray
    places: np.ndarray
    tiles: np.ndarray
    faces: np.ndarray
    one: np.ndarray


@dataclass(frozen=True)
class Shape:
    """What a mesh is made from, and what a form inside it is made by.

    Attributes:
        silhouette: The garment's.
        parts: Its parts.
        depth: float64 (GRID, GRID), half of the garment's depth in sides; it goes on a little beyond the edge.
        outline: Its outline.
        neckline: float64 (n, 2), where the front ends at the neck; None without a neck.
        neckline_seen: Whether the picture shows that line.
        scale: Metres for a side of the picture.
        top: y of the silhouette's top in sides.
    """

    silhouette: Silhouette
    parts: Parts
    depth: np.ndarray
    outline: Outline
    neckline: np.ndarray | None
    neckline_seen: bool
    scale: float
    top: float

    def to_metres(self, places: np.ndarray) -> np.ndarray:
        """Turns places on the picture, (n, 2) in sides, into x and y in metres."""
        bottom = self.top + self.parts.height
        return np.stack([places[:, 0] - self.silhouette.axis, bottom - places[:, 1]], axis=1) * self.scale


def shape_of(silhouette: Silhouette, parts: Parts, picture: np.ndarray, spacing: float = SPACING) -> Shape:
    """Inflates a silhouette; ``picture``, uint8 (side, side, 3), shows where the neckline is."""
    outline = trace(parts, silhouette, spacing)
    neckline, seen = find_neckline(outline, picture, parts, spacing) if outline.neck else (None, False)
    height = solve_height(parts.mask, _open_cells(outline, parts.mask))
    # The torso's depth is set by its own width; nothing but the equation knows how that falls off.
    torso = parts.torso
    widths = torso.sum(axis=1) / GRID
    width = float(np.quantile(widths[widths > 0], 0.8))
    largest = float(np.sqrt(np.quantile(height[torso], 0.98)))
    ratio = depth_ratio(parts.mask, parts.sleeves > 0, TORSO * width / 2 / largest)
    depth = ratio * np.sqrt(extend(height, parts.mask))
    rows = np.flatnonzero(silhouette.mask.any(axis=1))
    top = rows[0] / GRID
    return Shape(silhouette, parts, depth, outline, neckline, seen, HEIGHT / parts.height, float(top))


def _open_cells(outline: Outline, mask: np.ndarray) -> np.ndarray:
    """Returns the cells outside a mask where cloth ends."""
    points, is_open = [], []
    for loop, kinds in zip(outline.loops, outline.kinds, strict=True):
        line = outline.points[loop]
        after = np.roll(line, -1, axis=0)
        for share in (0.25, 0.5, 0.75):
            points.append(line * (1 - share) + after * share)
            is_open.append(kinds != CLOSED)
    nearest = scipy.spatial.cKDTree(np.concatenate(points))
    rows, columns = np.nonzero(~mask)
    distance, number = nearest.query((np.stack([columns, rows], axis=1) + 0.5) / GRID, distance_upper_bound=3 / GRID)
    cells = np.zeros(mask.shape, bool)
    found = np.isfinite(distance)
    cells[rows[found], columns[found]] = np.concatenate(is_open)[number[found]]
    return cells


def build(shape: Shape, spacing: float = SPACING) -> Mesh:
    """Builds the mesh of a garment.

    Raises:
        InputError: The outline is too ragged to be followed.
    """
    outline = shape.outline
    points = outline.points
    back_loops = [list(loop) for loop in outline.loops]
    front_loops = [list(loop) for loop in outline.loops]
    if shape.neckline is not None:
        neck = outline.kinds[0] == NECK
        start = int(np.flatnonzero(outline.loops[0] == outline.neck[0])[0])
        turned = np.roll(outline.loops[0], -start)
        count = int(neck.sum())
        own = len(points) + np.arange(len(shape.neckline))
        points = np.vstack([points, shape.neckline])
        front_loops[0] = [int(turned[0]), *own.tolist(), *turned[count:].tolist()]
    points, sides = _triangulate(points, front_loops, back_loops, spacing)
    closer = _close_slits(shape, points, front_loops + back_loops)
    for both, _side, number in sides:
        is_edge = number < len(points)
        both[is_edge] = closer[number[is_edge]]
    points = closer
    return _thicken(shape, points, (front_loops, back_loops), sides)


def _close_slits(shape: Shape, points: np.ndarray, loops: list[list[int]]) -> np.ndarray:
    """Returns the outline's points with hanging sleeves moved back to the torso, but for a hair's breadth."""
    cut = shape.silhouette.mask & ~shape.parts.mask
    if not cut.any():
        return points
    row, column = np.nonzero(cut)
    near = scipy.spatial.cKDTree((np.stack([column, row], axis=1) + 0.5) / GRID)
    line = np.concatenate([points[loop] for loop in loops])
    out = np.concatenate([normals(points[loop]) for loop in loops])
    number = np.concatenate(loops)
    beside = near.query(line)[0] < SLIT
    line, out, number = line[beside], out[beside], number[beside]
    closer = points.copy()
    if not len(line):
        return closer
    # Of each point the one across the slit: near, and facing it.
    distance, other = scipy.spatial.cKDTree(line).query(line, k=min(24, len(line)))
    faces = (out[:, None] * out[other]).sum(axis=2) < -0.5
    faces &= (out[:, None] * (line[other] - line[:, None])).sum(axis=2) > 0
    width = np.where(faces, distance, np.inf).min(axis=1)
    step = np.where(width < 3 * SLIT, (width - HAIR) / 2, 0).clip(0)
    closer[number] = line + out * step[:, None]
    return closer


def _triangulate(
    points: np.ndarray, front_loops: list[list[int]], back_loops: list[list[int]], spacing: float
) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray, np.ndarray]]]:
    """Fills the outlines of front and back with triangles; both get the same points on the outline.

    Delaunay's triangulation is refined until each piece of the outline is an edge of a triangle and no other edge goes
    from one place of the outline to another: front and back meet there, and would touch along it.

    Returns:
        The outline's points with those that were added to it, in the loops too; and for front and back each the points,
        the triangles, and the points' numbers: those beyond the outline's are inside.
    """
    lattice = _lattice(spacing)
    both_loops = (front_loops, back_loops)
    inside = [_inner_points(points, loops, lattice, spacing) for loops in both_loops]
    for _round in range(ROUNDS):
        sides, missing = [], set()
        is_done = True
        for side, loops in enumerate(both_loops):
            used = np.concatenate(loops)
            both = np.vstack([points[used], inside[side]])
            triangles = _inside(both, scipy.spatial.Delaunay(both).simplices, points, loops)
            ends = np.sort(triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
            ends = np.unique(ends[(ends < len(used)).all(axis=1)], axis=0)
            wanted = _edges(loops)
            edges = [tuple(sorted(edge)) for edge in used[ends].tolist()]
            chords = [place for place, edge in zip(ends, edges, strict=True) if edge not in wanted]
            missing |= wanted - set(edges)
            if chords:
                is_done = False
                inside[side] = np.vstack([inside[side], both[np.array(chords)].mean(axis=1)])
            sides.append((both, triangles, np.concatenate([used, len(points) + np.arange(len(both) - len(used))])))
        if is_done and not missing:
            return points, sides
        for first, last in sorted(missing):
            if np.hypot(*(points[first] - points[last])) < spacing / 50:
                raise InputError(_(TOO_RAGGED))
            points = np.vstack([points, (points[first] + points[last]) / 2])
            for loop in front_loops + back_loops:
                for place, number in enumerate(loop):
                    if {number, loop[(place + 1) % len(loop)]} == {first, last}:
                        loop.insert(place + 1, len(points) - 1)
                        break
    raise InputError(_(TOO_RAGGED))


def _lattice(spacing: float) -> np.ndarray:
    """Returns equilateral triangles' corners all over the picture, float64 (n, 2)."""
    down = spacing * np.sqrt(3) / 2
    rows = np.arange(int(1 / down) + 1)
    x = np.arange(int(1 / spacing) + 1) * spacing
    return np.concatenate(
        [np.stack([x + (row % 2) * spacing / 2, np.full(len(x), row * down)], axis=1) for row in rows]
    )


def _inner_points(points: np.ndarray, loops: list[list[int]], lattice: np.ndarray, spacing: float) -> np.ndarray:
    """Returns points inside of outlines: a row beside each, and a lattice."""
    lines = [points[loop] for loop in loops]
    edge = scipy.spatial.cKDTree(np.concatenate(lines))
    row = np.concatenate([line - normals(line) * RIM * spacing for line in lines])
    row = row[_within(row, lines)]
    distance = edge.query(row)[0]
    row = row[distance > 0.9 * RIM * spacing]
    # No two too close to each other, as in a narrow corner.
    keep, tree = np.ones(len(row), bool), scipy.spatial.cKDTree(row)
    for first, last in sorted(tree.query_pairs(0.3 * spacing)):
        if keep[first]:
            keep[last] = False
    row = row[keep]
    inner = lattice[_within(lattice, lines)]
    inner = inner[edge.query(inner)[0] > 0.85 * spacing]
    return np.vstack([row, inner[scipy.spatial.cKDTree(row).query(inner)[0] > 0.6 * spacing]])


def _within(points: np.ndarray, lines: list[np.ndarray]) -> np.ndarray:
    inside = Polygon(lines[0]).contains_points(points)
    for line in lines[1:]:
        inside &= ~Polygon(line).contains_points(points)
    return inside


def _inside(both: np.ndarray, triangles: np.ndarray, points: np.ndarray, loops: list[list[int]]) -> np.ndarray:
    """Returns the triangles inside of the outlines, clockwise in a picture's coordinates (y down)."""
    a, b, c = (both[triangles[:, corner]] for corner in range(3))
    twice = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    triangles = np.where((twice < 0)[:, None], triangles[:, [0, 2, 1]], triangles)
    within = _within((a + b + c) / 3, [points[loop] for loop in loops])
    return triangles[within & (np.abs(twice) > 1e-12)]


def _thicken(
    shape: Shape,
    points: np.ndarray,
    loops: tuple[list[list[int]], list[list[int]]],
    sides: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> Mesh:
    """Returns the mesh of cloth with a thickness, from what :func:`_triangulate` made.

    There are four sheets, outer and inner front, outer and inner back. Where front and back meet in a fold, their
    vertices are one place; where cloth ends, a rim goes from the outer to the inner sheet.
    """
    common = _edges(loops[0]) & _edges(loops[1])
    folds = common - _open_edges(shape.outline, points, common)
    on_fold = np.zeros(len(points), bool)
    on_fold[np.array(sorted(folds), int).ravel()] = True
    out = np.zeros((len(points), 2))
    for loop in loops[0] + loops[1]:
        out[loop] = normals(points[loop])
    slope = np.stack(np.gradient(np.square(shape.depth), 1 / GRID)[::-1], axis=-1)
    sheets = []
    for both, triangles, number in sides:
        fold = np.append(on_fold, np.zeros(len(both), bool))[number]
        z = np.maximum(sample(shape.depth, both), 0.15 * CLOTH / shape.scale)
        z[fold] = 0
        # The surface is where z² − depth² is zero; its gradient there is the direction that it faces.
        gradient = sample(slope, both)
        normal = np.stack([-gradient[:, 0], gradient[:, 1], 2 * z], axis=1)
        normal[fold] = np.pad(out[number[fold]] * (1, -1), ((0, 0), (0, 1)))
        normal = np.where(np.linalg.norm(normal, axis=1, keepdims=True) > 1e-9, normal, [0, 0, 1.0])
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        place = np.column_stack([shape.to_metres(both), z * shape.scale])
        share = _thickness(place, normal, triangles, fold)
        sheets.append((place, normal, share, fold))
    least = np.ones(len(points))
    for (*_rest, share, fold), (*_sides, number) in zip(sheets, sides, strict=True):
        np.minimum.at(least, number[fold], share[fold])
    joined = _Joined()
    for side, ((place, normal, share, fold), (both, triangles, number)) in enumerate(zip(sheets, sides, strict=True)):
        share[fold] = least[number[fold]]
        inner = _inner(place, normal, share, fold)
        rim = [edge for edge in _directed_edges(loops[side]) if tuple(sorted(edge)) not in folds]
        joined.add(side, place, inner, normal, both, triangles, number, fold, rim)
    return joined.mesh()


def _inner(place: np.ndarray, normal: np.ndarray, share: np.ndarray, fold: np.ndarray) -> np.ndarray:
    inner = place - CLOTH * share[:, None] * normal
    inner[~fold, 2] = np.maximum(inner[~fold, 2], 0.1 * place[~fold, 2])
    return inner


def _thickness(place: np.ndarray, normal: np.ndarray, triangles: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Returns the share of the cloth's thickness at each vertex with which no triangle of its inner side turns over."""
    share = np.ones(len(place))
    for _step in range(10):
        moved = _inner(place, normal, share, fold)
        a, b, c = (moved[triangles[:, corner], :2] for corner in range(3))
        turned = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]) > -1e-8
        if not turned.any():
            break
        share[np.unique(triangles[turned])] *= 0.5
    return share


def _directed_edges(loops: list[list[int]]) -> list[tuple[int, int]]:
    return [edge for loop in loops for edge in zip(loop, loop[1:] + loop[:1], strict=True)]


def _edges(loops: list[list[int]]) -> set[tuple[int, int]]:
    return {(min(edge), max(edge)) for edge in _directed_edges(loops)}


def _open_edges(outline: Outline, points: np.ndarray, edges: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Returns those edges that lie on an opening, also those that were divided since."""
    middles, is_open = [], []
    for loop, kinds in zip(outline.loops, outline.kinds, strict=True):
        line, after = outline.points[loop], outline.points[np.roll(loop, -1)]
        for share in np.arange(1, 16) / 16:
            middles.append(line * (1 - share) + after * share)
            is_open.append(kinds != CLOSED)
    tree, is_open = scipy.spatial.cKDTree(np.concatenate(middles)), np.concatenate(is_open)
    listed = np.array(sorted(edges), int)
    _, nearest = tree.query((points[listed[:, 0]] + points[listed[:, 1]]) / 2)
    return set(map(tuple, listed[is_open[nearest]].tolist()))


class _Joined:
    """Sheets and rims, as they become one mesh."""

    def __init__(self) -> None:
        self._arrays: list[tuple[np.ndarray, ...]] = []
        self._faces: list[np.ndarray] = []
        self._start = 0
        self._places: dict[tuple[int, ...], int] = {}

    def add(
        self,
        side: int,
        place: np.ndarray,
        inner: np.ndarray,
        normal: np.ndarray,
        both: np.ndarray,
        triangles: np.ndarray,
        number: np.ndarray,
        fold: np.ndarray,
        rim: list[tuple[int, int]],
    ) -> None:
        """Adds the outer and the inner sheet of one side, and its rims.

        Args:
            side: 0 is the front, 1 the back.
            place: float64 (n, 3), the outer sheet's vertices in metres, as if it were the front's.
            inner: float64 (n, 3), the inner sheet's.
            normal: float64 (n, 3), where the outer sheet faces.
            both: float64 (n, 2), where on the picture each lies.
            triangles: int (m, 3), clockwise on the picture.
            number: int (n,), the numbers by which the outline names them.
            fold: bool (n,), which of them are also the other side's.
            rim: The edges where cloth ends, by the outline's numbers.
        """
        flip, count, start = np.array([1, 1, 1 if side == 0 else -1]), len(place), self._start
        for layer, (where, towards) in enumerate(((place, normal), (inner, -normal))):
            tile = np.full(count, LINING if layer else (FRONT, BACK)[side])
            keys = (
                (layer, value) if is_fold else (layer, side, index)
                for index, (value, is_fold) in enumerate(zip(number.tolist(), fold.tolist(), strict=True))
            )
            one = np.array([self._places.setdefault(key, len(self._places)) for key in keys])
            self._arrays.append((where * flip, towards * flip, both, tile, one))
        # Clockwise in a picture, whose y goes down, is clockwise in the mesh's front, too.
        outer = triangles + start if side else triangles[:, ::-1] + start
        self._faces += [outer, outer[:, ::-1] + count]
        if rim:
            here = {value: index for index, value in enumerate(number.tolist())}
            a, b = np.array([(here[first], here[last]) for first, last in rim]).T + start
            quads = np.concatenate([np.stack([a, b, b + count], 1), np.stack([a, b + count, a + count], 1)])
            self._faces.append(quads[:, ::-1] if side else quads)
        self._start += 2 * count

    def mesh(self) -> Mesh:
        """Returns all that was added."""
        vertices, towards, places, tiles, one = (np.concatenate(each) for each in zip(*self._arrays, strict=True))
        return Mesh(vertices, towards, places, tiles, np.concatenate(self._faces), one)
