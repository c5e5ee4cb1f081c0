"""Opening, orienting, converting and saving pictures; the only place that changes pixel ranges.

Pictures are RGB. As pixels they are uint8 (n, height, width, 3) in [0, 255]; for the networks they are
float32 of the same shape in [-1, 1], the range of the generator's tanh.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from demicouture.errors import PictureError
from demicouture.files import atomic_path

FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""What is opened at all: photographs' formats. Left out are those that run an interpreter, such as EPS."""

SUFFIXES = {".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"}
"""File names that are taken for pictures when a folder is searched."""

MAX_PIXELS = 100_000_000
"""Our choice: no camera for this purpose makes more, and 100 megapixels fit in 400 MB while they are decoded."""

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


def open_picture(source: Path | bytes) -> Image.Image:
    """Decodes a picture completely and returns it upright, as RGB.

    EXIF orientation is applied, transparency is laid on white, and every colour mode becomes 8-bit RGB. Of an
    animation the first frame is taken.

    Args:
        source: A file, or an encoded picture.

    Raises:
        PictureError: ``undecodable`` (no picture, truncated, or damaged) or ``over 100 megapixels``.
    """
    content = source.read_bytes() if isinstance(source, Path) else source
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures (we measure ourselves) and of odd EXIF data (which is no harm).
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise PictureError(f"over {MAX_PIXELS // 1_000_000} megapixels")
                opened.load()
                return _to_rgb(ImageOps.exif_transpose(opened))
    except PictureError:
        raise
    except Exception as error:
        # Damaged files make Pillow's decoders raise nearly anything: OSError, SyntaxError, ValueError, struct.error …
        raise PictureError("undecodable") from error


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image.copy()  # exif_transpose may return the very object that is about to be closed.
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float64)
        # These modes carry no maximum. 16-bit files hold up to 65,535; floating-point ones are 0 to 1 by custom.
        values *= 255 if values.max() <= 1 and image.mode == "F" else 255 / 65535 if values.max() > 255 else 1
        return Image.fromarray(values.round().clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, (*WHITE, 255))
        return Image.alpha_composite(ground, layer).convert("RGB")
    return image.convert("RGB")


def to_square(image: Image.Image, box: tuple[int, int, int, int], size: int, fill: tuple[int, int, int]) -> Image.Image:
    """Returns the part of ``image`` in ``box``, reduced or enlarged to size×size.

    Args:
        image: RGB, of any size.
        box: left, top, right, bottom in pixels; what lies outside the picture is filled.
        size: The side of the result in pixels.
        fill: The colour for what lies outside the picture.
    """
    left, top, right, bottom = box
    if left < 0 or top < 0 or right > image.width or bottom > image.height:
        canvas = Image.new("RGB", (right - left, bottom - top), fill)
        canvas.paste(image, (-left, -top))
        image, box = canvas, (0, 0, right - left, bottom - top)
    # reducing_gap shrinks by whole numbers first: several times faster on photographs, and at a gap of 3
    # indistinguishable from Lanczos alone (Pillow's documentation of Image.resize).
    return image.resize((size, size), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)


def to_floats(pixels: np.ndarray) -> np.ndarray:
    """Turns pixels, uint8 in [0, 255], into float32 in [-1, 1]."""
    return pixels.astype(np.float32) / np.float32(127.5) - np.float32(1)


def to_pixels(floats: np.ndarray) -> np.ndarray:
    """Turns float32 in [-1, 1] into pixels, uint8 in [0, 255]: rounded and clipped, never stretched."""
    return np.clip(np.rint((np.asarray(floats, np.float32) + 1) * np.float32(127.5)), 0, 255).astype(np.uint8)


def save_png(path: Path, pixels: np.ndarray | Image.Image) -> None:
    """Writes an RGB picture, uint8 (height, width, 3) or a Pillow image, to a PNG file atomically."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    with atomic_path(path) as partial:
        image.save(partial)
