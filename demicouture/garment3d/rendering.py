"""Pictures of meshes from all sides: a small rasteriser in NumPy, the same to the bit wherever it runs.

It draws what faces the camera, each pixel by the nearest triangle, under one soft light that stays beside the camera.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

DISTANCE = 4.2
"""From the camera to the middle, in heights of what is shown: a long lens, as for a catalogue."""

ELEVATION = np.radians(9.0)
"""How far above the middle the camera stands."""

LIGHT = np.array([-0.42, 0.55, 0.72]) / np.linalg.norm([-0.42, 0.55, 0.72])
"""Where the light comes from, seen from the camera: from above at the left."""

AMBIENT, DIFFUSE = 0.66, 0.42
"""A picture has its own light already, so most of this one comes from everywhere."""

GROUND, FLOOR = (246, 245, 243), (225, 223, 219)
"""The colours of what is behind, above and below."""

OVERSAMPLING = 2


@dataclass(frozen=True)
class Surface:
    """Something to draw.

    Attributes:
        vertices: float64 (n, 3) in metres.
        normals: float64 (n, 3), of length 1.
        faces: int (m, 3), counterclockwise seen from outside.
        texture: uint8 (h, w, 3), or (1, 1, 3) for one colour.
        coordinates: float64 (n, 2) in [0, 1], v upwards; None for one colour.
    """

    vertices: np.ndarray
    normals: np.ndarray
    faces: np.ndarray
    texture: np.ndarray
    coordinates: np.ndarray | None = None


@dataclass(frozen=True)
class Camera:
    """From where, and how large.

    Attributes:
        centre: float64 (3,), what is in the middle, in metres.
        extent: How many metres the shorter side of the picture shows, at the centre.
        azimuth: By how much the thing has been turned, in radians: its left side comes to the front.
    """

    centre: np.ndarray
    extent: float
    azimuth: float = 0.0


def render(surfaces: Sequence[Surface], camera: Camera, width: int, height: int) -> np.ndarray:
    """Draws surfaces.

    Returns:
        uint8 (height, width, 3) in [0, 255].
    """
    w, h = width * OVERSAMPLING, height * OVERSAMPLING
    shade = np.linspace(0, 1, h)[:, None, None] ** 2
    image = np.broadcast_to(np.array(GROUND) * (1 - shade) + np.array(FLOOR) * shade, (h, w, 3)).astype(np.float32)
    image = image.reshape(-1, 3).copy()
    nearest = np.full(w * h, -np.inf, np.float32)
    cos, sin = np.cos(camera.azimuth), np.sin(camera.azimuth)
    turn = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    up, down = np.cos(ELEVATION), np.sin(ELEVATION)
    tilt = np.array([[1, 0, 0], [0, up, -down], [0, down, up]])
    rotation = tilt @ turn
    far = DISTANCE * camera.extent
    for surface in surfaces:
        seen = (surface.vertices - camera.centre) @ rotation.T
        closer = far / (far - seen[:, 2])
        scale = min(w, h) / camera.extent
        x, y = w / 2 + seen[:, 0] * closer * scale, h / 2 - seen[:, 1] * closer * scale
        pixels, triangles, weights, depth = cover(np.stack([x, y], axis=1), closer, surface.faces, w, h)
        if not len(pixels):
            continue
        # Of all fragments of a pixel the nearest is written last, and stays.
        order = np.argsort(depth, kind="stable")
        order = order[depth[order] > nearest[pixels[order]]]
        chosen = np.full(w * h, -1)
        chosen[pixels[order]] = order
        where = np.flatnonzero(chosen >= 0)
        chosen = chosen[where]
        nearest[where] = depth[chosen]
        image[where] = _colours(surface, rotation, surface.faces[triangles[chosen]], weights[chosen])
    image = image.reshape(h, w, 3)
    return np.rint(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)).clip(0, 255).astype(np.uint8)


def _colours(surface: Surface, rotation: np.ndarray, corners: np.ndarray, weights: np.ndarray) -> np.ndarray:
    # Light is reckoned at the vertices, of which there are so many that nobody sees it.
    light = (AMBIENT + DIFFUSE * (surface.normals @ (rotation.T @ LIGHT)).clip(0)).astype(np.float32)
    return texels(surface, corners, weights) * np.einsum("ij,ij->i", light[corners], weights)[:, None]


def texels(surface: Surface, corners: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Returns the texture's colours within triangles, float32 (n, 3), between its pixels linearly."""
    if surface.coordinates is None:
        return np.broadcast_to(surface.texture[0, 0].astype(np.float32), (len(corners), 3))
    rows, columns = surface.texture.shape[:2]
    uv = np.einsum("ijk,ij->ik", surface.coordinates.astype(np.float32)[corners], weights)
    x, y = (uv[:, 0] * columns - 0.5).clip(0, columns - 1), ((1 - uv[:, 1]) * rows - 0.5).clip(0, rows - 1)
    # OpenCV takes at most 32,767 places in a row.
    wide = 1024
    pad = -len(x) % wide
    maps = (np.pad(each, (0, pad)).reshape(-1, wide).astype(np.float32) for each in (x, y))
    found = cv2.remap(surface.texture.astype(np.float32), *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return found.reshape(-1, 3)[: len(x)]


def cover(
    place: np.ndarray, closer: np.ndarray, faces: np.ndarray, w: int, h: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns all that triangles cover: pixels (n,), triangles (n,), corners' weights (n, 3), and nearness (n,).

    Args:
        place: float64 (n, 2), vertices in pixels, y down.
        closer: float64 (n,), by how much perspective enlarges there.
        faces: int (m, 3).
        w: Pixels across.
        h: Pixels down.
    """
    a, b, c = (place[faces[:, corner]] for corner in range(3))
    twice = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    low = np.floor(np.minimum(np.minimum(a, b), c) - 0.5).astype(int)
    high = np.ceil(np.maximum(np.maximum(a, b), c) + 0.5).astype(int)
    visible = (twice < -1e-9) & (high > 0).all(axis=1) & (low < (w, h)).all(axis=1)
    size = (high - low).max(axis=1)
    results, start = [], 1
    for reach in (3, 5, 8, 12, 20, 40, 100, 10_000):
        chosen = np.flatnonzero(visible & (size >= start) & (size < reach + 1))
        start = reach + 1
        if not len(chosen):
            continue
        side = int(size[chosen].max())
        step = max(1, 2_000_000 // side**2)
        for first in range(0, len(chosen), step):
            some = chosen[first : first + step]
            x = low[some, 0, None, None] + np.arange(side)[None, None, :]
            y = low[some, 1, None, None] + np.arange(side)[None, :, None]
            px, py = x + 0.5, y + 0.5
            (ax, ay), (bx, by), (cx, cy) = (each[some].T[..., None, None] for each in (a, b, c))
            area = twice[some][:, None, None]
            wa = ((bx - px) * (cy - py) - (by - py) * (cx - px)) / area
            wb = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) / area
            wc = 1 - wa - wb
            inside = (wa >= 0) & (wb >= 0) & (wc >= 0) & (x >= 0) & (x < w) & (y >= 0) & (y < h)
            which, row, column = np.nonzero(inside)
            # Straight lines on the picture are none in space: weights count by how near a corner is.
            weights = np.stack([each[inside] for each in (wa, wb, wc)], axis=1) * closer[faces[some[which]]]
            nearness = weights[:, 0] + weights[:, 1] + weights[:, 2]
            weights /= nearness[:, None]
            pixel = (low[some[which], 1] + row) * w + low[some[which], 0] + column
            results.append((pixel, some[which], weights.astype(np.float32), nearness.astype(np.float32)))
    if not results:
        return np.zeros(0, int), np.zeros(0, int), np.zeros((0, 3)), np.zeros(0)
    return tuple(np.concatenate(each) for each in zip(*results, strict=True))
