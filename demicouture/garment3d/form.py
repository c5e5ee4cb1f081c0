"""The dress form: a tailor's bust of stacked ellipses, so that a turn shows a dressed body and not a floating cloth."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

from demicouture.garment3d.mesh import Shape
from demicouture.garment3d.outline import sample
from demicouture.garment3d.silhouette import GRID

LINEN = (222, 212, 196)
"""The colour of a bust's cover."""

INSIDE = 0.9
"""How much of the torso's section a body fills: what stands out would show through the cloth."""

BODY = ((0.0, 0.150), (0.12, 0.160), (0.30, 0.168), (0.46, 0.135), (0.66, 0.172), (1.0, 0.165))
"""Half widths in metres of a body without arms, by how far below the shoulders, in :data:`REACH`: shoulders, chest,
waist, hips. Source: as for the depth in :mod:`.inflation`."""

REACH = 0.75
"""From the shoulders to the thighs, in metres."""

NECK, NECK_HEIGHT = 0.05, 0.06
"""A neck's radius, and how far it stands out of the garment, in metres."""

POLE, BASE = 0.011, 0.13
"""The radii of the pole and of its foot, in metres."""

STANDS = 0.17
"""How far below the hem the foot is, in metres."""

AROUND, ROWS = (28, 16), (44, 18)
"""Points around an ellipse, and ellipses of the body: of a form, and of one for a page."""


def make_form(shape: Shape, light: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Makes a bust that fits into a garment.

    Args:
        shape: The garment.
        light: Whether fewer faces will do.

    Returns:
        vertices float64 (n, 3) in metres, as :class:`.mesh.Mesh` has them; normals float64 (n, 3); faces int (m, 3).
    """
    mask, depth, axis = shape.parts.torso, shape.depth, shape.silhouette.axis
    y = (np.arange(GRID) + 0.5) / GRID
    x = (np.arange(GRID) + 0.5) / GRID
    hem = shape.top + shape.parts.height
    heights = (hem - y) * shape.scale
    # The body stands upright: its middle is the torso's, and it is as wide as fits on the narrower side.
    body_x = float((mask.sum(axis=0) * x).sum() / mask.sum())
    left, right = np.full(GRID, np.nan), np.full(GRID, np.nan)
    for row in np.flatnonzero(mask.any(axis=1)):
        runs = np.flatnonzero(np.diff(np.concatenate([[0], mask[row].astype(int), [0]]))).reshape(-1, 2)
        widest = runs[np.argmax(runs[:, 1] - runs[:, 0])]
        left[row], right[row] = widest / GRID
    known = np.flatnonzero(~np.isnan(left))
    centre = np.full(GRID, body_x)
    narrower = np.minimum(right[known] - body_x, body_x - left[known]).clip(0.02)
    half = np.interp(y, y[known], np.minimum(narrower, (right[known] - left[known]) / 2))
    front = sample(depth, np.stack([centre, y], axis=1))
    shoulder = shape.parts.shoulder
    neck_x, neck_y, neck_width = axis, shoulder, 0.16 / shape.scale
    if shape.outline.neck:
        ends = shape.outline.points[list(shape.outline.neck)]
        neck_x, neck_y = ends.mean(axis=0)
        neck_width = float(np.ptp(ends[:, 0]))
    neck = min(NECK, 0.42 * neck_width * shape.scale)
    start = min(shoulder, hem - 0.3 * shape.parts.height)
    below = (y - start) * shape.scale / REACH
    body = PchipInterpolator(*np.array(BODY).T, extrapolate=True)(below.clip(0, 1))
    wide = np.minimum(INSIDE * half * shape.scale, body)
    deep = np.minimum(INSIDE * front * shape.scale, 0.72 * body)
    # Above the shoulders: a neck. What lies between narrows towards it as shoulders do.
    share = np.clip((y - (neck_y + 0.02)) / max(start + 0.10 - neck_y, 0.05), 0, 1)
    share = share * share * (3 - 2 * share)
    wide = np.minimum(neck + (wide - neck).clip(0) * share, np.where(share < 1, np.inf, wide))
    deep = np.where(share < 1, np.minimum(neck + (deep - neck).clip(-neck) * share, neck + 0.1), deep)
    middle = (centre - axis) * share + (neck_x - axis) * (1 - share)
    top = (hem - neck_y) * shape.scale + NECK_HEIGHT
    hem_body = max(0.0, float(REACH - (hem - start) * shape.scale))
    end = -min(0.035, hem_body)
    # From the neck's top down to the last height, and then the pole.
    at = np.linspace(top, min(end, 0.02), ROWS[light])
    source = np.interp(at[::-1], heights[::-1], np.arange(GRID)[::-1])[::-1]
    wide, deep, middle = (np.interp(source, np.arange(GRID), values) for values in (wide, deep, middle * shape.scale))
    wide, deep = np.maximum(wide, POLE), np.maximum(deep, POLE)
    over = at > (hem - neck_y) * shape.scale - 0.005
    wide[over] = deep[over] = neck
    below_hem = at < 0.01
    if below_hem.any():
        last = np.flatnonzero(~below_hem)[-1]
        down = np.clip(-(at[below_hem] - 0.01) / 0.05, 0, 1)
        wide[below_hem] = wide[last] * np.sqrt(1 - 0.8 * down**2)
        deep[below_hem] = deep[last] * np.sqrt(1 - 0.8 * down**2)
        middle[below_hem] = middle[last]
    rings = [(at[0] + 0.012, 0.35 * neck, 0.35 * neck, middle[0]), (at[0] + 0.009, 0.8 * neck, 0.8 * neck, middle[0])]
    rings += list(zip(at, wide, deep, middle, strict=True))
    bottom, foot, x0 = at[-1], min(at[-1], 0.0) - STANDS, middle[-1]
    rings += [(bottom - 0.008, 0.8 * wide[-1], 0.8 * deep[-1], x0), (bottom - 0.012, 0.02, 0.02, x0)]
    rings += [
        (bottom - 0.02, POLE, POLE, x0),
        (foot + 0.03, POLE, POLE, x0),
        (foot + 0.016, 0.5 * BASE, 0.5 * BASE, x0),
    ]
    rings += [(foot + 0.008, BASE, BASE, x0), (foot, BASE, BASE, x0)]
    return _stack(np.array(rings, float), AROUND[light])


def _stack(rings: np.ndarray, around: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns a closed surface through ellipses, (n, 4): height, half width, half depth, middle; from the top down."""
    angle = np.arange(around) / around * 2 * np.pi
    height, wide, deep, middle = rings.T[..., None]
    cos, sin = np.cos(angle), np.sin(angle)
    place = np.stack([middle + wide * cos, np.broadcast_to(height, (len(rings), around)), deep * sin], axis=-1)
    slope_wide, slope_deep = (np.gradient(rings[:, column], -rings[:, 0])[:, None] for column in (1, 2))
    upwards = deep * slope_wide * cos**2 + wide * slope_deep * sin**2
    towards = np.stack([deep * cos, upwards, wide * sin], axis=-1)
    towards /= np.maximum(np.linalg.norm(towards, axis=-1, keepdims=True), 1e-12)
    first, last = place[0].mean(axis=0), place[-1].mean(axis=0)
    vertices = np.vstack([place.reshape(-1, 3), first, last])
    normals = np.vstack([towards.reshape(-1, 3), [0, 1, 0], [0, -1, 0]])
    ring, number = np.meshgrid(np.arange(len(rings) - 1), np.arange(around), indexing="ij")
    a, b = ring * around + number, ring * around + (number + 1) % around
    c, d = a + around, b + around
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)])
    ends = np.arange(around)
    after = (ends + 1) % around
    start = (len(rings) - 1) * around
    cap = np.stack([np.full(around, len(vertices) - 2), after, ends], axis=1)
    foot = np.stack([np.full(around, len(vertices) - 1), start + ends, start + after], axis=1)
    faces = np.concatenate([faces, cap, foot])
    return vertices, normals, faces
