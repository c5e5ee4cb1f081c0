"""Backgrounds: plain or softly textured ones for garments, runways for outfits."""

from __future__ import annotations

import cv2
import numpy as np

from demicouture.synthetic.canvas import Canvas
from demicouture.synthetic.fabrics import brightness, mix_colours, rgb

#: What a shop lays a garment on: mostly pale.
PALE_TONES = tuple(rgb(c) for c in "f1f0ee e6e4e0 ece4d8 dfe5ea e9dcd6 d9dfd6 f6f5f3 d5d3cf".split())
MID_TONES = tuple(rgb(c) for c in "a9a39a 8f9aa3 b59d84 9aa791 a48f8f".split())


def _grid(canvas: Canvas) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.ogrid[0 : 1 : canvas.height * 1j, 0 : 1 : canvas.width * 1j]
    return x.astype(np.float32), y.astype(np.float32)


def garment_background(canvas: Canvas, rng: np.random.Generator, against: np.ndarray) -> None:
    """Draws a plain, linen, wooden or concrete background that the garment stands out from.

    Args:
        canvas: To be covered.
        rng: Decides which.
        against: The garment's colour.
    """
    pale = rng.random() < 0.8 and brightness(against) < 0.78
    choices = PALE_TONES if pale else MID_TONES
    colour = choices[int(rng.integers(len(choices)))]
    x, y = _grid(canvas)
    light = 1 + 0.07 * ((x - 0.5) * np.float32(canvas.light[0]) + (y - 0.5) * np.float32(canvas.light[1]))
    light = light - 0.10 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    kind = rng.random()
    if kind < 0.15:
        light = light * (1 + 0.025 * np.sin(x * canvas.width * 1.3) + 0.025 * np.sin(y * canvas.height * 1.3))
    elif kind < 0.27:
        planks = float(rng.uniform(3.5, 5.5))
        across = x * planks + np.float32(rng.uniform(0, 1))
        grain = np.sin(y * 9 + np.sin(across * 20) * 2 + np.floor(across) * 2.4)
        gap = np.clip((np.abs(across % 1 - 0.5) - 0.485) * 60, 0, 1)
        light = light * (1 + 0.025 * grain + 0.04 * np.sin(np.floor(across) * 12.9)) * (1 - 0.35 * gap)
        colour = mix_colours(colour, rgb("b08d62"), 0.35)
    elif kind < 0.4:
        light = light * (1 + 0.012 * canvas.creases)
    canvas.image[:] = colour[:, None, None] * light


def runway_background(
    canvas: Canvas, rng: np.random.Generator, dark: bool, warm: float, horizon: float, floor: float
) -> None:
    """Draws a runway: a wall, a floor that runs to the horizon, spotlights and a blurred audience.

    Args:
        canvas: To be covered.
        rng: Decides on the details.
        dark: Whether the hall is dark.
        warm: Tint of the light, -1 to 1.
        horizon: y of the wall's foot, in pixels.
        floor: y of the model's soles, in pixels; may lie below the picture.
    """
    width, height = canvas.width, canvas.height
    # Built at a quarter of the size and enlarged: it is out of focus anyway.
    w, h = width // 4, height // 4
    tint = np.array([1 + 0.06 * warm, 1.0, 1 - 0.08 * warm], np.float32)
    wall = (rgb("25262e") if dark else rgb("d9d6d2")) * np.float32(rng.uniform(0.85, 1.1))
    deck = (rgb("5a5a62") if dark else rgb("efedea")) * np.float32(rng.uniform(0.85, 1.05))
    small = np.empty((h, w, 3), np.float32)
    foot = int(np.clip(horizon / 4, 2, h - 2))
    rows = np.linspace(0, 1, foot, dtype=np.float32)[:, None, None]
    small[:foot] = wall * (0.75 + 0.35 * rows)
    depth = np.linspace(0, 1, h - foot, dtype=np.float32)[:, None, None]
    small[foot:] = wall * 0.8
    centre = w / 2 + float(rng.uniform(-1, 1))
    if rng.random() < 0.5:
        # Panels or columns of the set.
        for x in np.linspace(0, w, int(rng.integers(4, 8))):
            cv2.line(small, (int(x), 0), (int(x), foot), (wall * (1.5 if dark else 0.85)).tolist(), 1)
    if rng.random() < 0.75:
        _audience(small, rng, foot, centre, dark)
    # The deck, in perspective.
    lane = np.array(
        [[centre - 0.17 * w, foot], [centre + 0.17 * w, foot], [centre + 0.62 * w, h], [centre - 0.62 * w, h]]
    )
    shape = np.zeros((h, w), np.float32)
    cv2.fillPoly(shape, [np.round(lane).astype(np.int32)], 1.0)
    shape = cv2.blur(shape, (3, 3))
    band = small[foot:]
    band += (deck * (0.72 + 0.33 * depth) - band) * shape[foot:, :, None]
    # A spotlight behind the head and one on the floor.
    x = (np.arange(w, dtype=np.float32)[None, :] - centre) / w
    y = (np.arange(h, dtype=np.float32)[:, None] - 0.35 * h) / h
    glow = np.exp(-(x**2 * 9 + y**2 * 5))
    small *= (0.78 + (0.9 if dark else 0.32) * glow)[..., None] * tint
    large = cv2.resize(cv2.blur(small, (2, 2)), (width, height), interpolation=cv2.INTER_LINEAR)
    canvas.image[:] = large.transpose(2, 0, 1)
    # The model's own shadow.
    pool = np.zeros((h, w), np.float32)
    y = int(min(floor, height + 40) / 4)
    reach = int(0.17 * w)
    cv2.ellipse(pool, (int(centre - canvas.light[0] * 6), y), (reach, max(2, reach // 4)), 0, 0, 360, 1.0, -1)
    pool = cv2.blur(cv2.blur(pool, (9, 5)), (5, 3))
    canvas.image *= 1 - 0.55 * cv2.resize(pool, (width, height))


def _audience(small: np.ndarray, rng: np.random.Generator, foot: int, centre: float, dark: bool) -> None:
    h, w = small.shape[:2]
    crowd = small.copy()
    for row in range(3):
        y = foot + int((h - foot) * (0.02 + 0.22 * row))
        size = 2 + 1.3 * row
        inner = (0.2 + 0.13 * row) * w
        for side in (-1, 1):
            for x in np.arange(inner, 0.56 * w, size * 2.1):
                at = (int(centre + side * (x + rng.uniform(-1, 1))), y + int(rng.integers(-1, 2)))
                coat = float(rng.uniform(0.06, 0.3) if dark else rng.uniform(0.15, 0.6)) * rng.uniform(0.85, 1.15, 3)
                cv2.ellipse(
                    crowd, (at[0], at[1] + int(size * 2)), (int(size), int(size * 1.7)), 0, 0, 360, coat.tolist(), -1
                )
                skin = np.array([0.75, 0.58, 0.48]) * rng.uniform(0.35, 0.8) * (0.6 if dark else 1.0)
                cv2.circle(crowd, at, max(1, int(size * 0.6)), skin.tolist(), -1)
    small[:] = cv2.blur(crowd, (3, 3))
