"""Fabrics: colours, patterns, textures and prints."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np

#: Side of a print's tile in pixels; a tile repeats.
TILE = 96

#: The prints that :func:`print_tile` knows.
PRINTS = ("flowers", "dots", "brush", "diamonds", "leopard", "tartan")


def rgb(text: str) -> np.ndarray:
    """Reads ``rrggbb`` as float32 (3,) in [0, 1]."""
    return np.array([int(text[k : k + 2], 16) / 255 for k in (0, 2, 4)], np.float32)


def mix_colours(a: np.ndarray, b: np.ndarray, share: float) -> np.ndarray:
    """Mixes two colours; ``share`` is how much of the second."""
    return (a * (1 - share) + b * share).astype(np.float32)


def brightness(colour: np.ndarray) -> float:
    """Returns how bright a colour is, 0 to 1 (Rec. 601 luma)."""
    return float(colour @ np.array([0.299, 0.587, 0.114], np.float32))


@dataclass(frozen=True)
class Fabric:
    """The material of a part. Lengths are in spans: the height of a top.

    Attributes:
        colour: The main colour.
        accent: The pattern's colour.
        pattern: plain, stripes, pinstripes, checks, halves, gradient or print.
        texture: smooth, rib, knit, cable, fuzz, weave or melange.
        pitch: The pattern's repeat.
        gloss: 0 (matt) to 1 (metal).
        softness: How much it creases; 1 is jersey.
        tile: The print, uint8 (3, TILE, TILE), where ``pattern`` is ``print``.
    """

    colour: np.ndarray
    accent: np.ndarray = field(default_factory=lambda: rgb("ffffff"))
    pattern: str = "plain"
    texture: str = "smooth"
    pitch: float = 0.12
    gloss: float = 0.0
    softness: float = 1.0
    tile: np.ndarray | None = None

    def replace(self, **changes: object) -> Fabric:
        """Returns the same fabric with some things changed."""
        return replace(self, **changes)

    def shade(self, share: float) -> np.ndarray:
        """Returns the main colour, darkened; what edges and seams are drawn in."""
        return self.colour * np.float32(share)

    def darker(self, share: float = 0.7) -> Fabric:
        """Returns a darker version: a lining, or a side in shade."""
        return self.replace(colour=self.colour * np.float32(share), accent=self.accent * np.float32(share))

    def colours(self, u: np.ndarray, v: np.ndarray, span: float, noise: np.ndarray) -> np.ndarray:
        """Returns the fabric's colours at each point.

        Args:
            u: float32 (height, width), across, in spans.
            v: float32 (height, width), down, in spans.
            span: Pixels in a span, so that edges of a pattern are one pixel soft.
            noise: float32 (height, width), deviation 1.

        Returns:
            float32 (3, height, width), or what broadcasts to it.
        """
        base = self.colour[:, None, None]
        if self.pattern == "print" and self.tile is not None:
            repeat = np.float32(TILE / self.pitch)
            # Wrapped by hand: OpenCV's remap does not repeat a tile.
            rows, columns = (v * repeat).astype(np.int32) % TILE, (u * repeat).astype(np.int32) % TILE
            base = self.tile[:, rows, columns] * np.float32(1 / 255)
        elif self.pattern != "plain":
            share = self._share(u, v, span)
            base = base + (self.accent[:, None, None] - base) * share
        return base * self._texture(u, v, span, noise)

    def _share(self, u: np.ndarray, v: np.ndarray, span: float) -> np.ndarray:
        sharp = np.float32(self.pitch * span / 2)

        def bands(x: np.ndarray, width: float) -> np.ndarray:
            distance = np.abs((x / self.pitch) % 1 - 0.5)
            return np.clip((width / 2 - distance) * 2 * sharp + 0.5, 0, 1)

        if self.pattern == "stripes":
            return bands(v, 0.5)
        if self.pattern == "pinstripes":
            return bands(u, 0.16)
        if self.pattern == "checks":
            return 0.5 * bands(u, 0.46) + 0.5 * bands(v, 0.46)
        if self.pattern == "halves":
            return np.clip(u * span + 0.5, 0, 1)
        if self.pattern == "gradient":
            return np.clip(v * 0.5 + 0.1, 0, 1)
        raise ValueError(f"no such pattern: {self.pattern}")

    def _texture(self, u: np.ndarray, v: np.ndarray, span: float, noise: np.ndarray) -> np.ndarray:
        if self.texture == "rib":
            return 1 + 0.16 * np.sin(u * np.float32(2 * np.pi / 0.028))
        if self.texture == "knit":
            stitches = np.sin(u * np.float32(2 * np.pi / 0.04)) * np.float32(0.09)
            rows = np.sin(v * np.float32(2 * np.pi / 0.022) + np.abs(u * 50 % 2 - 1) * 3) * np.float32(0.05)
            return 1 + stitches + rows + 0.02 * noise
        if self.texture == "cable":
            twist = np.sin(u * np.float32(2 * np.pi / 0.15) + np.sin(v * np.float32(2 * np.pi / 0.16)))
            rows = np.sin(v * np.float32(2 * np.pi / 0.022)) * np.float32(0.04)
            return 1 + 0.13 * twist + rows
        if self.texture == "fuzz":
            curls = cv2.GaussianBlur(noise, (0, 0), max(0.8, 0.008 * span))
            return 1 + 0.3 * curls
        if self.texture == "weave":
            return 1 + 0.05 * noise + 0.04 * np.sin((u + v) * np.float32(2 * np.pi / 0.018))
        if self.texture == "melange":
            return 1 + 0.09 * noise
        return np.ones((1, 1), np.float32)


def print_tile(kind: str, colours: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Draws a print that repeats.

    Args:
        kind: One of :data:`PRINTS`.
        colours: The background's, then one to three inks.
        rng: Decides where things lie.

    Returns:
        uint8 (3, TILE, TILE).
    """
    ink = [tuple(float(c) * 255 for c in colour) for colour in colours]
    tile = np.empty((TILE, TILE, 3), np.uint8)
    tile[:] = np.round(colours[0] * 255)

    def copies(x: float, y: float) -> list[tuple[int, int]]:
        # What crosses an edge comes in again at the opposite one.
        return [(int(x) + dx, int(y) + dy) for dx in (-TILE, 0, TILE) for dy in (-TILE, 0, TILE)]

    def pick() -> tuple[float, ...]:
        return ink[1 + int(rng.integers(len(ink) - 1))]

    if kind == "flowers":
        for _ in range(7):
            x, y, radius, petal = *rng.uniform(0, TILE, 2), int(rng.integers(5, 10)), pick()
            for turn in np.arange(5) * 2 * np.pi / 5:
                for at in copies(x + radius * np.cos(turn), y + radius * np.sin(turn)):
                    cv2.circle(tile, at, radius - 1, petal, -1, cv2.LINE_AA)
            for at in copies(x, y):
                cv2.circle(tile, at, radius // 2, ink[0], -1, cv2.LINE_AA)
    elif kind == "dots":
        half = TILE // 2
        for x, y, radius, colour in (
            (0, 0, 13, ink[1]),
            (half, half, 13, ink[1]),
            (0, half, 5, ink[-1]),
            (half, 0, 5, ink[-1]),
        ):
            for at in copies(x, y):
                cv2.circle(tile, at, radius, colour, -1, cv2.LINE_AA)
    elif kind == "brush":
        for _ in range(9):
            x, y, dx, dy = *rng.uniform(0, TILE, 2), *(int(d) for d in rng.integers(-34, 35, 2))
            colour, width = pick(), int(rng.integers(4, 11))
            for at in copies(x, y):
                cv2.line(tile, at, (at[0] + dx, at[1] + dy), colour, width, cv2.LINE_AA)
    elif kind == "diamonds":
        half = TILE // 2
        shape = np.array([[0, -half + 8], [half - 16, 0], [0, half - 8], [-half + 16, 0]])
        for x, y, colour in ((0, 0, ink[1]), (half, half, ink[-1])):
            for at in copies(x, y):
                cv2.fillPoly(tile, [shape + at], colour, cv2.LINE_AA)
    elif kind == "leopard":
        for k in range(16):
            # One spot in each field of a 4 by 4 board, so that the spots do not run together.
            x, y = (np.array(divmod(k, 4)) + rng.uniform(0.2, 0.8, 2)) * TILE / 4
            turn = int(rng.integers(0, 180))
            for at in copies(x, y):
                cv2.ellipse(tile, at, (10, 7), turn, 0, 360, ink[1], -1, cv2.LINE_AA)
                cv2.ellipse(tile, at, (5, 3), turn, 0, 360, ink[-1], -1, cv2.LINE_AA)
    elif kind == "tartan":
        for start, broad, colour in ((12, 26, ink[1]), (52, 10, ink[-1]), (76, 4, ink[1])):
            for axis in (0, 1):
                strip = tile[start : start + broad] if axis else tile[:, start : start + broad]
                strip[:] = np.round(0.45 * strip + 0.55 * np.array(colour))
    else:
        raise ValueError(f"no such print: {kind}")
    return np.ascontiguousarray(tile.transpose(2, 0, 1))
