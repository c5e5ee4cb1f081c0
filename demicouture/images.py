"""Opening, orienting, converting and saving pictures; the only place that changes pixel ranges.

Pictures are RGB. As pixels they are uint8 (n, height, width, 3) in [0, 255]; for the networks they are
float32 of the same shape in [-1, 1], the range of the generator's tanh.
"""

from __future__ import annotations

import io
import math
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from demicouture.errors import PictureError
from demicouture.files import atomic_path

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""What is opened at all: photographs' formats. Left out are those that run an interpreter, such as EPS.

MPO, which some cameras write, opens as JPEG; Pillow knows no format of that name and would refuse every picture."""

SUFFIXES = {".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"}
"""File names that are taken for pictures when a folder is searched."""

MAX_PIXELS = 100_000_000
"""Our choice: no camera for this purpose makes more, and 100 megapixels fit in 400 MB while they are decoded."""

UNDECODABLE = "undecodable"
TOO_LARGE = f"over {MAX_PIXELS // 1_000_000} megapixels"

WHITE = (255, 255, 255)


def find_pictures(folder: Path) -> list[Path]:
    """Returns the picture files below ``folder`` at any depth, sorted; hidden files and folders are left out."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


@dataclass(frozen=True)
class Picture:
    """A decoded picture, and the size that it has in full.

    Attributes:
        image: RGB, upright; perhaps at reduced scale.
        width: Of the upright original, in pixels.
        height: Of the upright original, in pixels.
    """

    image: Image.Image
    width: int
    height: int


def open_picture(source: Path | bytes) -> Image.Image:
    """Decodes a picture completely and returns it upright, as RGB, at its full size.

    EXIF orientation is applied, transparency is laid on white, and every colour mode becomes 8-bit RGB. Of an
    animation the first frame is taken.

    Args:
        source: A file, or an encoded picture.

    Raises:
        PictureError: ``undecodable`` (no picture, truncated, or damaged) or ``over 100 megapixels``.
    """
    return open_reduced(source, None).image


def open_reduced(source: Path | bytes, shorter_side: int | None) -> Picture:
    """Decodes a picture like :func:`open_picture`, at reduced scale where its format can do that for less work.

    A JPEG is decoded at a half, a quarter or an eighth of its size, at several times the speed; it is read to its end
    all the same, so that damage shows. Other formats come at their full size.

    Args:
        source: A file, or an encoded picture.
        shorter_side: The least that the result's shorter side may measure, in pixels; None reduces nothing.

    Raises:
        PictureError: As :func:`open_picture`.
    """
    content = source.read_bytes() if isinstance(source, Path) else source
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures (we measure ourselves) and of odd EXIF data (which is no harm).
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                width, height = opened.size
                if width * height > MAX_PIXELS:
                    raise PictureError(TOO_LARGE)
                if shorter_side and shorter_side < min(width, height):
                    scale = shorter_side / min(width, height)
                    opened.draft(None, (math.ceil(width * scale), math.ceil(height * scale)))
                opened.load()
                upright = _to_rgb(_upright(opened))
                turned = opened.width != opened.height and upright.size == (opened.height, opened.width)
                return Picture(upright, *((height, width) if turned else (width, height)))
    except PictureError:
        raise
    except Image.DecompressionBombError:
        # Pillow refuses by itself what is far larger still.
        raise PictureError(TOO_LARGE) from None
    except Exception as error:
        # Damaged files make Pillow's decoders raise nearly anything: OSError, SyntaxError, ValueError, struct.error …
        raise PictureError(UNDECODABLE) from error


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        # Damaged EXIF data raises nearly anything too, and is no reason to lose the picture.
        return image.copy()


def read_header(content: bytes) -> tuple[str, int, int]:
    """Returns what a picture's header says, without decoding it: the usual suffix of its format, width and height.

    Raises:
        PictureError: ``undecodable``: there is no header that can be read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                suffix = {"JPEG": ".jpg", "MPO": ".jpg", "TIFF": ".tif"}.get(opened.format, f".{opened.format.lower()}")
                return suffix, opened.width, opened.height
    except Exception as error:
        raise PictureError(UNDECODABLE) from error


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float64)
        # These modes carry no maximum. 16-bit files hold up to 65,535; floating-point ones are 0 to 1 by custom.
        values *= 255 if values.max() <= 1 and image.mode == "F" else 255 / 65535 if values.max() > 255 else 1
        return Image.fromarray(values.round().clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:  # Also an RGB picture may name one colour as its transparent one.
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, (*WHITE, 255))
        return Image.alpha_composite(ground, layer).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def to_square(
    image: Image.Image, box: tuple[float, float, float, float], size: int, fill: tuple[int, int, int]
) -> Image.Image:
    """Returns the part of ``image`` in ``box``, reduced or enlarged to size×size.

    Args:
        image: RGB, of any size.
        box: left, top, right, bottom in pixels; what lies outside the picture is filled.
        size: The side of the result in pixels.
        fill: The colour for what lies outside the picture.
    """
    left, top, right, bottom = box
    inside = max(left, 0), max(top, 0), min(right, image.width), min(bottom, image.height)
    # reducing_gap shrinks by whole numbers first: several times faster on photographs, and at a gap of 3
    # indistinguishable from Lanczos alone (Pillow's documentation of Image.resize).
    if inside == tuple(box):
        return image.resize((size, size), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    # The part inside is reduced first and laid on a square of the final size: a box may be many times the picture.
    ground = Image.new("RGB", (size, size), fill)
    across, down = size / (right - left), size / (bottom - top)
    x, y = round((inside[0] - left) * across), round((inside[1] - top) * down)
    width, height = round((inside[2] - left) * across) - x, round((inside[3] - top) * down) - y
    if width > 0 and height > 0:
        part = image.resize((width, height), Image.Resampling.LANCZOS, box=inside, reducing_gap=3.0)
        ground.paste(part, (x, y))
    return ground


def to_floats(pixels: np.ndarray) -> np.ndarray:
    """Turns pixels, uint8 in [0, 255], into float32 in [-1, 1]."""
    return pixels.astype(np.float32) / np.float32(127.5) - np.float32(1)


def to_pixels(floats: np.ndarray) -> np.ndarray:
    """Turns float32 in [-1, 1] into pixels, uint8 in [0, 255]: rounded and clipped, never stretched."""
    return np.clip(np.rint((np.asarray(floats, np.float32) + 1) * np.float32(127.5)), 0, 255).astype(np.uint8)


def save_png(path: Path, pixels: np.ndarray | Image.Image, compress_level: int = 6) -> None:
    """Writes an RGB picture to a PNG file atomically.

    Args:
        path: The file.
        pixels: uint8 (height, width, 3) in [0, 255], or a Pillow image.
        compress_level: 1 (fast) to 9 (small); 6 is Pillow's own choice.
    """
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    with atomic_path(path) as partial:
        image.save(partial, compress_level=compress_level)


def read_tile(path_and_side: tuple[Path, int]) -> np.ndarray | None:
    """Returns the whole of a picture, fitted into a square tile for a contact sheet; None if there is nothing to see.

    Returns:
        uint8 (side, side, 3) in [0, 255].
    """
    path, side = path_and_side
    try:
        image = open_reduced(path, side).image
    except (PictureError, FileNotFoundError):
        return None
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    tile = Image.new("RGB", (side, side), (236, 236, 236))
    tile.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return np.asarray(tile)
