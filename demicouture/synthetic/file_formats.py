"""Encoders of image files: usual ones, formats that careless code misreads, and damaged files."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

#: EXIF orientation → how an upright picture is stored under it. EXIF 2.32, tag 0x0112.
STORED = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
ORIENTATION_TAG = 0x0112


def _saved(picture: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, file_format, **options)
    return buffer.getvalue()


def jpeg(pixels: np.ndarray, quality: int = 88) -> bytes:
    """Encodes uint8 (height, width, 3) as JPEG."""
    return _saved(Image.fromarray(pixels), "JPEG", quality=quality)


def encode_picture(pixels: np.ndarray, rng: np.random.Generator) -> bytes:
    """Encodes a picture as most of the web does: JPEG, sometimes PNG."""
    if rng.random() < 0.06:
        return _saved(Image.fromarray(pixels), "PNG", compress_level=3)
    return jpeg(pixels, int(rng.integers(85, 92)))


def cmyk(pixels: np.ndarray) -> bytes:
    """Encodes a picture as a printer's JPEG, in four inks."""
    return _saved(Image.fromarray(pixels).convert("CMYK"), "JPEG", quality=90)


def palette(pixels: np.ndarray, rng: np.random.Generator) -> bytes:
    """Encodes a picture with a table of 256 colours, as GIF or PNG."""
    quantised = Image.fromarray(pixels).quantize(256, method=Image.Quantize.FASTOCTREE)
    return _saved(quantised, "GIF" if rng.random() < 0.5 else "PNG")


def sixteen_bit(pixels: np.ndarray, rng: np.random.Generator) -> bytes:
    """Encodes a picture as a PNG of 16 bits a channel, in colour or grey."""
    if rng.random() < 0.5:
        deep = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.uint16) * 257
        return _saved(Image.fromarray(deep), "PNG", compress_level=3)
    deep = pixels[..., ::-1].astype(np.uint16) * 257  # OpenCV writes BGR
    encoded, data = cv2.imencode(".png", deep, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not encoded:
        raise ValueError("OpenCV cannot encode a 16-bit PNG")
    return data.tobytes()


def alpha(pixels: np.ndarray, cover: np.ndarray) -> bytes:
    """Encodes a cut-out as PNG: black, and transparent, where ``cover`` float32 (height, width) is 0."""
    weight = (cover * 255 + 0.5).astype(np.uint8)
    cut = np.where(weight[..., None] > 0, pixels, 0)
    return _saved(Image.fromarray(np.dstack([cut, weight])), "PNG", compress_level=3)


def exif_rotated(pixels: np.ndarray, rng: np.random.Generator) -> bytes:
    """Encodes a picture as a camera held sideways does: lying down, with a tag that says so."""
    orientation = (3, 6, 8)[int(rng.integers(3))]
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = orientation
    return _saved(Image.fromarray(pixels).transpose(STORED[orientation]), "JPEG", quality=90, exif=exif)


def encode_again(content: bytes, rng: np.random.Generator) -> bytes:
    """Encodes a picture once more as re-posters do: a little smaller, or at a lower quality."""
    with Image.open(io.BytesIO(content)) as opened:
        picture = opened.convert("RGB")
    if rng.random() < 0.5:
        scale = float(rng.uniform(0.8, 0.95))
        picture = picture.resize(
            (round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS
        )
    return _saved(picture, "JPEG", quality=int(rng.integers(55, 76)))


def truncated(content: bytes, rng: np.random.Generator) -> bytes:
    """Breaks a file off after 30 to 70 percent, as a lost connection does."""
    return content[: int(len(content) * float(rng.uniform(0.3, 0.7)))]
