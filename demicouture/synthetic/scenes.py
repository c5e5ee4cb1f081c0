"""Whole pictures: a garment on a background, an outfit on a runway, and the other things that a search finds."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from demicouture.synthetic import backgrounds, garment_parts, garments, mannequin, runway_outfits
from demicouture.synthetic.canvas import Canvas, ellipse, mirrored, outline, ribbon
from demicouture.synthetic.fabrics import Fabric, brightness, mix_colours, rgb
from demicouture.synthetic.runway_styles import draw_style

#: Width divided by height. An outfit's picture is nearly square, so that a centre square holds it from the head down.
GARMENT_ASPECTS = (1.0, 0.8, 0.75)
RUNWAY_ASPECTS = (1.0, 0.96, 0.92)


def garment_scene(garment: str, rng: np.random.Generator, view: str = "front") -> Canvas:
    """Draws one top, laid flat or hung before a plain background.

    Args:
        garment: One of :data:`garments.GARMENTS`.
        rng: Decides everything else.
        view: ``front``, ``back``, ``side`` or ``several``.
    """
    width = int(rng.integers(240, 301))
    height = round(width / GARMENT_ASPECTS[int(rng.integers(3))])
    canvas = Canvas(width, height, rng)
    fabric = garment_parts.choose_fabric(garment, rng)
    backgrounds.garment_background(canvas, rng, fabric.colour)
    scale = width * 0.535 * float(rng.uniform(0.93, 1.07))
    # A hood or a stand-up collar rises above the shoulders, so the whole sits lower.
    sink = {"hoody": 0.13, "fleece": 0.07}.get(garment, 0.02)
    if garment == "hoody":
        scale *= 0.92
    centre = np.array([width / 2, height / 2 + sink * scale]) + rng.uniform(-0.025, 0.025, 2) * width
    angle = float(rng.normal(0, 0.022))
    if view == "several":
        _several_garments(canvas, garment, fabric, rng, scale)
        return canvas
    canvas.place(tuple(centre), scale, garment_parts.SPAN, angle)
    if view == "side":
        garments.draw_garment_from_side(canvas, garment, fabric, rng)
    else:
        garments.draw_garment(canvas, garment, fabric, rng, back=view == "back")
    canvas.cast_shadow(float(rng.uniform(0.015, 0.04)), float(rng.uniform(0.04, 0.09)), float(rng.uniform(0.3, 0.5)))
    return canvas


def _several_garments(canvas: Canvas, garment: str, fabric: Fabric, rng: np.random.Generator, scale: float) -> None:
    count, heap = int(rng.integers(2, 5)), rng.random() < 0.4
    for k in range(count):
        if heap:
            x, y = rng.uniform(0.32, 0.68), rng.uniform(0.35, 0.65)
            angle, size = float(rng.uniform(-1.2, 1.2)), scale * 0.75
        else:
            x, y, angle = (k + 0.5) / count, 0.5, float(rng.normal(0, 0.03))
            size = scale * (0.62, 0.48, 0.4)[count - 2]
        canvas.place((x * canvas.width, y * canvas.height), size, garment_parts.SPAN, angle)
        garments.draw_garment(canvas, garment, fabric if k == 0 else garment_parts.choose_fabric(garment, rng), rng)
    canvas.cast_shadow(0.03, 0.06, 0.4)


def runway_scene(cut: str, rng: np.random.Generator, view: str = "front") -> Canvas:
    """Draws one model in an outfit on a runway.

    Args:
        cut: One of :data:`demicouture.synthetic.runway_styles.CUTS`.
        rng: Decides everything else.
        view: ``front``, ``back``, ``side`` or ``several``.
    """
    style = draw_style(cut, rng)
    width = int(rng.integers(260, 311))
    height = round(width / RUNWAY_ASPECTS[int(rng.integers(3))])
    canvas = Canvas(width, height, rng)
    # Either the whole model or to below the knees; heads in the picture's height.
    heads = (8.7 if rng.random() < 0.5 else 7.1) * float(rng.uniform(0.96, 1.04))
    head = height / heads
    top = head * 0.42
    model = mannequin.Mannequin(canvas, style, rng, "back" if view == "back" else "front")
    # A dark outfit is lost before a dark wall, and a white one before a pale wall.
    tone = brightness(model.main.colour)
    dark = tone > 0.8 or (style.dark and tone > 0.2)
    backgrounds.runway_background(canvas, rng, dark, style.warm, top + 4.9 * head, top + 7.95 * head)
    centre = width * (0.5 + float(rng.uniform(-0.03, 0.03)))
    angle = float(rng.normal(0, 0.012))
    if view == "side":
        canvas.place((centre, top), head, mannequin.SPAN, angle)
        runway_outfits.draw_outfit_from_side(canvas, style, rng)
    elif view == "several":
        count = int(rng.integers(2, 5))
        for k in range(count):
            x = width * (0.5 + (k - (count - 1) / 2) * (0.34 if count < 4 else 0.26) + float(rng.uniform(-0.04, 0.04)))
            size = head * float(rng.uniform(0.8, 0.95))
            canvas.place((x, top + head * float(rng.uniform(0.1, 0.9))), size, mannequin.SPAN)
            runway_outfits.draw_outfit(mannequin.Mannequin(canvas, style, rng))
    else:
        canvas.place((centre, top), head, mannequin.SPAN, angle)
        runway_outfits.draw_outfit(model)
    return canvas


def no_garment_scene(rng: np.random.Generator, thing: str | None = None) -> Canvas:
    """Draws one of the things that a search finds besides garments.

    Args:
        rng: Decides everything else.
        thing: One of :data:`THINGS`; None draws any of them.
    """
    width = int(rng.integers(250, 331))
    canvas = Canvas(width, round(width / (1.0, 0.8, 1.25)[int(rng.integers(3))]), rng)
    colours = [
        garment_parts.FABRIC_COLOURS[int(k)] for k in rng.choice(len(garment_parts.FABRIC_COLOURS), 2, replace=False)
    ]
    backgrounds.garment_background(canvas, rng, colours[0])
    size = 0.36 * min(canvas.width, canvas.height)
    canvas.place((canvas.width / 2, canvas.height / 2), size, 2.0, float(rng.normal(0, 0.03)))
    drawn = list(THINGS)[int(rng.integers(len(THINGS)))]
    THINGS[thing or drawn](canvas, colours, rng)
    return canvas


def _bottle(canvas: Canvas, colours: list[np.ndarray], rng: np.random.Generator) -> None:
    glass = Fabric(mix_colours(colours[0], rgb("ffffff"), 0.45), gloss=0.6, softness=0)
    body = mirrored(outline([(0, -0.35), (0.5, -0.3), (0.62, 0)], [(0.62, 0), (0.62, 0.95), (0, 1.0)]))
    canvas.paint(body, glass)
    canvas.paint(
        np.array([(-0.5, 0.1), (0.5, 0.1), (0.5, 0.86), (-0.5, 0.86)]), glass.replace(colour=colours[0]), shadow=0
    )
    canvas.paint(np.array([(-0.16, -0.6), (0.16, -0.6), (0.16, -0.33), (-0.16, -0.33)]), Fabric(rgb("d8b25a"), gloss=1))
    canvas.paint(
        np.array([(-0.28, -1.05), (0.28, -1.05), (0.28, -0.58), (-0.28, -0.58)]), Fabric(colours[1], gloss=0.5)
    )
    canvas.fill(np.array([(-0.3, 0.38), (0.3, 0.38), (0.3, 0.6), (-0.3, 0.6)]), rgb("f6f4ef"), 0.9)
    canvas.cast_shadow(0.04, 0.06, 0.4)


def _shoe(canvas: Canvas, colours: list[np.ndarray], rng: np.random.Generator) -> None:
    sole = outline(
        [(-1.0, 0.45), (0, 0.5), (1.15, 0.45)], [(1.15, 0.45), (1.1, 0.65), (-1.0, 0.65)], [(-1.0, 0.65), (-1.0, 0.45)]
    )
    upper = outline(
        [(-0.95, 0.5), (-1.0, 0.0), (-0.9, -0.45)],
        [(-0.9, -0.45), (-0.6, -0.35), (-0.3, -0.4)],
        [(-0.3, -0.4), (0.2, 0.0), (0.8, 0.12), (1.12, 0.48)],
        [(1.12, 0.48), (-0.95, 0.5)],
    )
    canvas.paint(upper, Fabric(colours[0]), relief=0.06)
    canvas.paint(sole, Fabric(rgb("f2f0ea")), relief=0.02)
    for k in range(4):
        x, y = -0.2 + 0.16 * k, -0.25 + 0.11 * k
        canvas.line([(x - 0.12, y + 0.14), (x + 0.1, y)], colours[1], 0.025, 1.0)
    canvas.cast_shadow(0.03, 0.06, 0.4)


def _chair(canvas: Canvas, colours: list[np.ndarray], rng: np.random.Generator) -> None:
    wood = Fabric(rgb("8a6238"), softness=0.1)
    for x, y in ((-0.55, 1.1), (0.55, 1.1), (-0.4, 0.85), (0.4, 0.85)):
        canvas.paint(ribbon([(x * 0.9, 0.1), (x, y)], [0.06, 0.045]), wood)
    canvas.paint(np.array([(-0.62, 0.05), (0.62, 0.05), (0.52, 0.3), (-0.52, 0.3)]), Fabric(colours[0]))
    for x in (-0.48, 0.48):
        canvas.paint(ribbon([(x, 0.1), (x * 1.05, -1.1)], [0.05, 0.05]), wood)
    for y in (-0.95, -0.6, -0.25):
        canvas.paint(np.array([(-0.5, y), (0.5, y), (0.5, y + 0.18), (-0.5, y + 0.18)]), wood)
    canvas.cast_shadow(0.05, 0.06, 0.4)


def _landscape(canvas: Canvas, colours: list[np.ndarray], rng: np.random.Generator) -> None:
    rows = np.linspace(0, 1, canvas.height, dtype=np.float32)[None, :, None]
    canvas.image[:] = rgb("7fb2e0")[:, None, None] * (1 - rows) + rgb("f3e3cf")[:, None, None] * rows
    canvas.fill(ellipse(float(rng.uniform(-0.8, 0.8)), -0.7, 0.2, 0.2), rgb("fff3c4"))
    for y, colour in ((-0.1, "8fa3b8"), (0.3, "6f8f6a"), (0.7, "47693f")):
        ridge = [(x, y + float(rng.uniform(-0.28, 0.15))) for x in np.linspace(-2.2, 2.2, 8)]
        canvas.paint(
            outline(ridge, [ridge[-1], (2.2, 2.2), (-2.2, 2.2)]), Fabric(rgb(colour), texture="melange"), seam=0.1
        )


def _logo(canvas: Canvas, colours: list[np.ndarray], rng: np.random.Generator) -> None:
    pale = rng.random() < 0.6
    canvas.image[:] = (rgb("fbfaf8") if pale else colours[0] * 0.4)[:, None, None]
    words = ("MAISON", "SALE", "ATELIER", "VOGA", "MODA")[int(rng.integers(5))]
    layer = Image.new("L", (canvas.width, canvas.height), 0)
    draw = ImageDraw.Draw(layer)
    font = ImageFont.load_default(size=canvas.width / (0.75 * len(words) + 0.8))
    middle = (canvas.width / 2, canvas.height / 2)
    draw.text(middle, words, fill=255, font=font, anchor="mm")
    draw.rectangle((20, middle[1] - 50, canvas.width - 20, middle[1] + 50), outline=255, width=3)
    ink = rgb("17171c") if pale else rgb("f2ece0")
    weight = np.asarray(layer, np.float32) / 255
    canvas.image += (ink[:, None, None] - canvas.image) * weight


THINGS = {"bottle": _bottle, "shoe": _shoe, "chair": _chair, "landscape": _landscape, "logo": _logo}
"""What no_garment_scene draws, in the order in which a number decides."""


def reduced(pixels: np.ndarray, shorter: int) -> np.ndarray:
    """Reduces a picture, uint8 (height, width, 3), to a shorter side of ``shorter`` pixels."""
    height, width = pixels.shape[:2]
    scale = shorter / min(width, height)
    size = (max(shorter, round(width * scale)), max(shorter, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
