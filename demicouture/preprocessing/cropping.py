"""Crop boxes, and the squares that are cropped out of pictures.

A box is left, top, right, bottom in pixels of the upright original; right and bottom are the first pixels outside.
"""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, PngImagePlugin

from demicouture.images import Picture, to_square
from demicouture.language import _

Box = tuple[int, int, int, int]

OVERSAMPLING = 2
"""How many times larger than the result a picture is decoded: at twice, Lanczos has what it needs to stay crisp."""

FRAME = 0.03
"""Share of the shorter side that counts as the picture's frame: where a garment in the middle hardly ever reaches."""

BLUR = 1 / 16
"""How far the colours of a picture's edge run together where a square reaches beyond it, in sides of the square."""

ABSURD = 10
"""A box of this many times the picture's longer side is a slip of the keyboard, not a choice."""

TORSOS = 2.0
"""The side of a person's square in lengths of the torso."""

MARGIN = 0.06
"""What is left free around a garment on each side, in sides of the smallest square around it."""

ALIKE = 0.1
"""The same, where worn garments and others are framed alike: so that nothing reaches into the border of the shortcut
check, neither a sleeve of the ones nor a hem of the others."""

COMPRESSION = 3
"""zlib's level. Cut pictures become 5% larger than at its usual 6, and are saved in half the time, which for small
photographs is most of the work."""


def centre_box(width: int, height: int) -> Box:
    """Returns the largest square in the middle of a picture.

    Whoever photographs a garment puts it in the middle; of a whole figure the middle is the torso.
    """
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def square_around(box: Box) -> Box:
    """Returns the smallest square around a box, with the same centre: nothing that a person framed is cut off."""
    left, top, right, bottom = box
    side = max(right - left, bottom - top)
    left -= (side - (right - left)) // 2
    top -= (side - (bottom - top)) // 2
    return left, top, left + side, top + side


def person_box(centre_x: float, centre_y: float, torso_length: float) -> Box:
    """Returns the square that shows the top of a person: twice as long as the torso, and midway on it.

    Args:
        centre_x: Midway between shoulders and hips, in pixels.
        centre_y: The same, downwards.
        torso_length: From the shoulders' middle to the hips', in pixels.

    Source: our choice; against pixel masks of street photographs the top is inside as a whole in half of the squares.
    """
    side = max(1, round(TORSOS * torso_length))
    left, top = round(centre_x - side / 2), round(centre_y - side / 2)
    return left, top, left + side, top + side


def garment_box(box: Box, margin: float = MARGIN) -> Box:
    """Returns the square that shows a garment: the smallest around its box, with a margin in sides of that square."""
    left, top, right, bottom = square_around(box)
    margin = round(margin * (right - left))
    return left - margin, top - margin, right + margin, bottom + margin


def find_fault(box: Box, width: int, height: int) -> str:
    """Returns why a box cannot be meant for a picture of this size, or nothing."""
    left, top, right, bottom = box
    if left >= width or top >= height or right <= 0 or bottom <= 0:
        return _("outside the picture; expected a box that touches its {width}×{height} pixels").format(
            width=width, height=height
        )
    if max(right - left, bottom - top) > ABSURD * max(width, height):
        return _("over {absurd} times as large as the picture; expected a box for its {width}×{height} pixels").format(
            absurd=ABSURD, width=width, height=height
        )
    return ""


def background_colour(image: Image.Image) -> tuple[int, int, int]:
    """Returns the colour of a picture's background: the median of its frame."""
    pixels = np.asarray(image)  # uint8 (height, width, 3)
    depth = max(1, round(FRAME * min(image.size)))
    sides = pixels[:depth], pixels[-depth:], pixels[:, :depth], pixels[:, -depth:]
    red, green, blue = np.median(np.concatenate([side.reshape(-1, 3) for side in sides]), axis=0)
    return int(red), int(green), int(blue)


def crop(picture: Picture, box: Box, size: int) -> Image.Image:
    """Returns the square around ``box`` as a picture of size×size.

    What lies outside goes on in the colours of the picture's edge, blurred: of one colour for all sides, be it the
    background's, bars would show on half of the photographs of garments.
    """
    left, top, right, bottom = square_around(box)
    across, down = picture.image.width / picture.width, picture.image.height / picture.height
    scaled = left * across, top * down, right * across, bottom * down
    inside = left >= 0 and top >= 0 and right <= picture.width and bottom <= picture.height
    if inside:
        return to_square(picture.image, scaled, size, (0, 0, 0))
    square = np.asarray(to_square(picture.image, scaled, size, background_colour(picture.image)))
    columns, rows = (
        slice(*(round((min(max(edge, start), end) - start) * size / (end - start)) for edge in (0, length)))
        for start, end, length in ((left, right, picture.width), (top, bottom, picture.height))
    )
    part = square[rows, columns]
    if not part.size:
        return Image.fromarray(square)
    missing = (rows.start, size - rows.stop), (columns.start, size - columns.stop), (0, 0)
    wide = np.pad(part, missing, mode="edge")
    filled = cv2.GaussianBlur(wide, (0, 0), BLUR * size, borderType=cv2.BORDER_REPLICATE)
    filled[rows, columns] = part
    return Image.fromarray(filled)


def encode(image: Image.Image, source: str, box: Box) -> bytes:
    """Returns a PNG file that names what it was cut from.

    So a run that goes on after a stop knows which pictures it need not cut again.

    Args:
        image: RGB.
        source: SHA-256 of the original file.
        box: The box in the original.
    """
    origin = PngImagePlugin.PngInfo()
    origin.add_text("source", source)
    origin.add_text("box", " ".join(map(str, box)))
    content = io.BytesIO()
    image.save(content, "PNG", pnginfo=origin, compress_level=COMPRESSION)
    return content.getvalue()


def read_origin(path: Path) -> tuple[str, Box] | None:
    """Returns the source and the box that :func:`encode` wrote into a PNG file; None where it is damaged or another."""
    try:
        with Image.open(path, formats=("PNG",)) as image:
            image.load()
            left, top, right, bottom = map(int, image.text["box"].split())
            return image.text["source"], (left, top, right, bottom)
    except Exception:
        # Damage makes Pillow raise nearly anything; whatever it is, the picture is cut again.
        return None
