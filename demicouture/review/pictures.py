"""The pictures that a page shows: each is decoded and encoded anew, so nothing else that a file may hold gets there."""

from __future__ import annotations

import functools
import io
from pathlib import Path

import numpy as np
from PIL import Image

from demicouture.errors import PictureError
from demicouture.images import open_reduced

THUMBNAIL_SIDE = 160
"""The longer side of a thumbnail, in pixels. It has 4 kB, so 14,000 of them fit into 60 MB."""

LARGE_SIDE = 1200
"""The same of a picture to be trimmed: what a screen shows."""

THUMBNAILS = 20_000
"""So many are remembered."""


def thumbnail(path: Path) -> bytes | None:
    """Returns a picture as a small JPEG file; None where there is nothing to see."""
    try:
        return _thumbnail(path, path.stat().st_mtime_ns)
    except (OSError, PictureError):
        return None


@functools.lru_cache(maxsize=THUMBNAILS)
def _thumbnail(path: Path, version: int) -> bytes:
    return encode(path, THUMBNAIL_SIDE, 80)


def large(path: Path) -> bytes | None:
    """Returns a picture as a JPEG file of the size of a screen; None where there is nothing to see."""
    try:
        return encode(path, LARGE_SIDE, 88)
    except (OSError, PictureError):
        return None


def encode(path: Path, side: int, quality: int) -> bytes:
    """Returns a picture as a JPEG file whose longer side has at most so many pixels.

    Raises:
        PictureError: It cannot be decoded.
    """
    image = open_reduced(path, side).image
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    content = io.BytesIO()
    # Of the pixels alone: Pillow would write a comment of the file's along, whatever it says.
    Image.fromarray(np.asarray(image)).save(content, "JPEG", quality=quality)
    return content.getvalue()


def lies_below(text: str) -> bool:
    """Returns whether a path in a table can lead nowhere but below the folder that it is meant in, links apart."""
    parts = text.replace("\\", "/").split("/")
    return bool(text) and "\0" not in text and not any(part in ("", ".", "..") or ":" in part for part in parts)
