"""The canvas that everything is painted on, with light and shadow, and the smooth outlines of what is painted.

Everything is drawn in a garment's own units and placed on the picture by one affine map, so a drawing
knows nothing of pixels. Parts are antialiased polygons; a part's light comes from a height field (its
rounded mask, the creases of the fabric and its own ridges) whose slope is compared with the light's direction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import cv2
import numpy as np

from demicouture.synthetic.fabrics import Fabric

Points = np.ndarray | Sequence[tuple[float, float]]

#: Polygons go to OpenCV in 1/16 pixel.
_SHIFT = 4


def spline(points: Points, samples: int = 6) -> np.ndarray:
    """Draws a Catmull-Rom curve through points.

    Args:
        points: (n, 2), at least two of them.
        samples: Points of the curve for each piece between two of the points.

    Returns:
        float64 ((n - 1) * samples + 1, 2); the curve runs through every point given.
    """
    p = np.asarray(points, dtype=np.float64)
    if len(p) == 2:
        return p
    padded = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = (np.arange(samples) / samples)[None, :, None]
    p0, p1, p2, p3 = (padded[k : len(padded) - 3 + k, None, :] for k in range(4))
    bends = 2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    return np.vstack([(bends / 2).reshape(-1, 2), p[-1:]])


def outline(*strokes: Points) -> np.ndarray:
    """Returns smooth strokes, joined to one polygon; where two strokes meet there may be a corner."""
    return np.vstack([spline(stroke) for stroke in strokes])


def mirrored(half: np.ndarray) -> np.ndarray:
    """Returns a right half, drawn from the top centre to the bottom centre, closed by its mirror image."""
    return np.vstack([half, half[::-1] * (-1.0, 1.0)])


def ribbon(centres: Points, half_widths: Sequence[float]) -> np.ndarray:
    """Returns a limb: a polygon around a smooth centre line, with a half-width at each of its points."""
    line = spline(centres)
    stops = np.linspace(0, 1, len(half_widths))
    widths = np.interp(np.linspace(0, 1, len(line)), stops, half_widths)[:, None]
    along = np.gradient(line, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    return np.vstack([line + across * widths, (line - across * widths)[::-1]])


def ellipse(x: float, y: float, radius_x: float, radius_y: float, turn: float = 0.0) -> np.ndarray:
    """Returns an ellipse around (x, y), turned by ``turn`` radians."""
    angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    shape = np.stack([radius_x * np.cos(angle), radius_y * np.sin(angle)], axis=1)
    cosine, sine = np.cos(turn), np.sin(turn)
    return shape @ np.array([[cosine, sine], [-sine, cosine]]) + (x, y)


def wavy(start: Points, end: Points, waves: float, height: float, sag: float = 0.0) -> np.ndarray:
    """Draws a hem from one point to another that goes up and down ``waves`` times, sagging in the middle."""
    t = np.linspace(0, 1, max(12, int(10 * waves)))[:, None]
    line = np.asarray(start) * (1 - t) + np.asarray(end) * t
    line[:, 1] += (height * np.sin(2 * np.pi * waves * t) + sag * 4 * t * (1 - t))[:, 0]
    return line


@lru_cache(maxsize=1)
def noise_tile() -> np.ndarray:
    """Returns the one tile of fine noise that all pictures cut from: float32 (640, 640), deviation 1."""
    return np.random.default_rng(128).standard_normal((640, 640), dtype=np.float32)


class Canvas:
    """A picture that is being painted.

    Attributes:
        image: float32 (3, height, width) in [0, 1], RGB. Planes, because NumPy multiplies a plane by a mask
            several times as fast as it does interleaved pixels.
        cover: float32 (height, width) in [0, 1]: where something was painted on the background.
        light: Unit vector (x, y) from the picture to the light.
    """

    def __init__(self, width: int, height: int, rng: np.random.Generator):
        """Prepares a grey canvas; ``rng`` decides on the light and on how the fabric creases."""
        self.width, self.height = width, height
        self.image = np.full((3, height, width), 0.5, np.float32)
        self.cover = np.zeros((height, width), np.float32)
        side = rng.uniform(-0.75, 0.75)
        self.light = np.array([side, -np.sqrt(1 - side**2)])
        row, column = rng.integers(0, 640 - np.array([min(height, 600), min(width, 600)]))
        self.noise = noise_tile()[row : row + height, column : column + width]
        # Fabric creases at two sizes: broad waves, and small crumples.
        # Blown up in two steps, because a cubic at full size costs more than the eye can see.
        quarter = (max(1, width // 4), max(1, height // 4))
        creases = cv2.resize(rng.standard_normal((7, 6), dtype=np.float32), quarter, interpolation=cv2.INTER_CUBIC)
        small = rng.standard_normal((17, 15), dtype=np.float32)
        creases += 0.35 * cv2.resize(small, quarter, interpolation=cv2.INTER_CUBIC)
        self.creases = cv2.resize(creases, (width, height))
        self.place((width / 2, height / 2), 1.0, 1.0)

    def place(self, centre: tuple[float, float], scale: float, span: float, angle: float = 0.0) -> None:
        """Chooses where the units of the next parts lie.

        Args:
            centre: Pixels (x, y) of the units' origin.
            scale: Pixels in one unit.
            span: Units in the height of a top; reliefs, shadows and patterns are measured in it.
            angle: Radians, clockwise.
        """
        self.centre, self.scale, self.span = np.asarray(centre, float), float(scale), float(span * scale)
        cosine, sine = np.cos(angle), np.sin(angle)
        self.matrix = scale * np.array([[cosine, -sine], [sine, cosine]])
        self.inverse = np.linalg.inv(self.matrix) / span

    def pixels(self, points: Points) -> np.ndarray:
        """Maps units to pixels."""
        return np.asarray(points, dtype=np.float64) @ self.matrix.T + self.centre

    def _window(self, px: np.ndarray, margin: int) -> tuple[slice, slice] | None:
        left, top = np.floor(px.min(axis=0)).astype(int) - margin
        right, bottom = np.ceil(px.max(axis=0)).astype(int) + margin + 1
        left, top, right, bottom = max(left, 0), max(top, 0), min(right, self.width), min(bottom, self.height)
        return (slice(top, bottom), slice(left, right)) if left < right and top < bottom else None

    @staticmethod
    def _fixed(px: np.ndarray, window: tuple[slice, slice]) -> list[np.ndarray]:
        moved = px - (window[1].start, window[0].start)
        return [np.round(moved * 2**_SHIFT).astype(np.int32)]

    def _mask(self, px: np.ndarray, window: tuple[slice, slice]) -> np.ndarray:
        mask = np.zeros((window[0].stop - window[0].start, window[1].stop - window[1].start), np.uint8)
        cv2.fillPoly(mask, self._fixed(px, window), 255, cv2.LINE_AA, _SHIFT)
        return mask * np.float32(1 / 255)

    def _fabric_units(self, window: tuple[slice, slice]) -> tuple[np.ndarray, np.ndarray]:
        x = np.arange(window[1].start, window[1].stop, dtype=np.float32)[None, :] - np.float32(self.centre[0])
        y = np.arange(window[0].start, window[0].stop, dtype=np.float32)[:, None] - np.float32(self.centre[1])
        inverse = self.inverse.astype(np.float32)
        return inverse[0, 0] * x + inverse[0, 1] * y, inverse[1, 0] * x + inverse[1, 1] * y

    def paint(
        self,
        points: Points,
        fabric: Fabric,
        *,
        relief: float = 0.07,
        depth: float = 0.55,
        shadow: float = 0.3,
        seam: float = 0.45,
        grain: float = 0.0,
        ridges: Iterable[Points] = (),
        ridge_width: float = 0.03,
        creases: float = 1.0,
    ) -> None:
        """Paints one part: its shadow on what lies below, its fabric, its light, its edge.

        Args:
            points: The part's outline, in units.
            fabric: What it is made of.
            relief: How far in from the edge the part goes on rounding, in spans.
            depth: How strongly its form shows.
            shadow: Darkness of its shadow on what lies below.
            seam: Strength of the dark line around it.
            grain: Radians by which the fabric's pattern is turned.
            ridges: Folds, each a line in units.
            ridge_width: Their width in spans.
            creases: How much the fabric crumples.
        """
        px = self.pixels(points)
        reach = max(2, round(0.022 * self.span))
        window = self._window(px, 3 * reach)
        if window is None:
            return
        weight = self._mask(px, window)
        region = self.image[:, *window]
        if shadow:
            moved = np.float32([[1, 0, -self.light[0] * reach], [0, 1, -self.light[1] * reach]])
            dark = cv2.warpAffine(cv2.blur(weight, (2 * reach + 1, 2 * reach + 1)), moved, weight.shape[::-1])
            region *= 1 - shadow * dark * (1 - weight)

        size = max(1, round(relief * self.span))
        kernel = (2 * size + 1, 2 * size + 1)
        rounded = cv2.blur(cv2.blur(weight, kernel), kernel)
        height = rounded * (1.6 * size)
        height += self.creases[window] * (0.012 * creases * fabric.softness * self.span)
        ridge_pixels = max(1, round(ridge_width * self.span))
        lines = [line for ridge in ridges for line in self._fixed(self.pixels(spline(ridge)), window)]
        if lines:
            folds = np.zeros(weight.shape, np.uint8)
            cv2.polylines(folds, lines, False, 255, ridge_pixels, cv2.LINE_AA, _SHIFT)
            box = (ridge_pixels + 2, ridge_pixels + 2)
            height += cv2.blur(cv2.blur(folds * np.float32(0.9 * ridge_pixels / 255), box), box)
        slope = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=-self.light[0] / 8)
        slope += cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=-self.light[1] / 8)
        light = np.tanh(slope * (depth * (1 + 1.2 * fabric.gloss)))
        light *= 0.55 + 0.35 * fabric.gloss
        light += 0.9 + 0.1 * rounded

        u, v = self._fabric_units(window)
        if grain:
            u, v = np.cos(grain) * u + np.sin(grain) * v, np.cos(grain) * v - np.sin(grain) * u
        colours = fabric.colours(u, v, self.span, self.noise[window])
        colours = colours * light
        if fabric.gloss:
            colours += fabric.gloss * np.clip(light - 1.08, 0, 0.5)
        colours -= region
        colours *= weight
        region += colours
        np.maximum(self.cover[window], weight, out=self.cover[window])
        if seam:
            self._stroke(px, window, fabric.shade(0.42), 1, seam, True)

    def _stroke(
        self,
        px: np.ndarray,
        window: tuple[slice, slice],
        colour: np.ndarray,
        thickness: int,
        opacity: float,
        closed: bool,
    ) -> None:
        mask = np.zeros((window[0].stop - window[0].start, window[1].stop - window[1].start), np.uint8)
        cv2.polylines(mask, self._fixed(px, window), closed, 255, thickness, cv2.LINE_AA, _SHIFT)
        rows, columns = mask.nonzero()
        weight = mask[rows, columns] * np.float32(opacity / 255)
        rows, columns = rows + window[0].start, columns + window[1].start
        for plane, value in zip(self.image, colour, strict=True):
            below = plane[rows, columns]
            plane[rows, columns] = below + (value - below) * weight

    def line(self, points: Points, colour: Points, width: float = 0.0, opacity: float = 0.7) -> None:
        """Draws a smooth line, ``width`` spans wide and at least one pixel."""
        px = self.pixels(spline(points))
        thickness = max(1, round(width * self.span))
        window = self._window(px, thickness + 2)
        if window is not None:
            self._stroke(px, window, np.asarray(colour, np.float32), thickness, opacity, False)

    def fill(self, points: Points, colour: Points, opacity: float = 1.0, covers: bool = True) -> None:
        """Fills a flat polygon, without light: buttons, prints, shadows on the floor."""
        px = self.pixels(points)
        window = self._window(px, 2)
        if window is None:
            return
        weight = self._mask(px, window) * np.float32(opacity)
        region = self.image[:, *window]
        region += (np.asarray(colour, np.float32)[:, None, None] - region) * weight
        if covers:
            np.maximum(self.cover[window], weight, out=self.cover[window])

    def cast_shadow(self, distance: float, softness: float, strength: float) -> None:
        """Darkens the background beside everything painted so far, away from the light; lengths in spans."""
        size = max(1, round(softness * self.span))
        blurred = cv2.blur(cv2.blur(self.cover, (size, size)), (size, size))
        x, y = -self.light * distance * self.span
        dark = cv2.warpAffine(blurred, np.float32([[1, 0, x], [0, 1, y]]), (self.width, self.height))
        self.image *= 1 - strength * dark * (1 - self.cover)

    def pixels_uint8(self, grain: float = 0.008) -> np.ndarray:
        """Returns the picture: uint8 (height, width, 3), with a little film grain."""
        developed = self.image * np.float32(255)
        developed += self.noise * np.float32(grain * 255) + np.float32(0.5)
        np.clip(developed, 0, 255, out=developed)
        return cv2.merge(list(developed.astype(np.uint8)))
