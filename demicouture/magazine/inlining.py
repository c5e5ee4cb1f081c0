"""What the page holds within itself: pictures as data, scripts and styles with the hashes that alone may run.

One file that can be mailed has everything in it. Browsers do not let a page from a disk read the files beside it, so
the generator's weights have to be in it too.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from demicouture.errors import PictureError
from demicouture.images import open_picture

MOST_LARGE, MOST_SMALL = 1400, 128
"""The longer side of a sheet and of a small picture on the page, in pixels."""

LARGE_QUALITY, SMALL_QUALITY = 82, 88
"""WebP's, looked at on sheets of garments."""


def exact(path: Path) -> str | None:
    """Returns a design's picture as a ``data:`` address, to the pixel; None where it is missing or damaged."""
    return _inline(path, None, None)


def small(path: Path) -> str | None:
    """Returns a picture, reduced to a thumbnail; None where it is missing or damaged."""
    return _inline(path, MOST_SMALL, SMALL_QUALITY)


def large(path: Path, most: int = MOST_LARGE) -> str | None:
    """Returns a sheet of pictures, reduced to what a screen shows; None where it is missing or damaged."""
    return _inline(path, most, LARGE_QUALITY)


def _inline(path: Path, most: int | None, quality: int | None) -> str | None:
    try:
        status = path.stat()
        return _encode(path, (status.st_mtime_ns, status.st_size), most, quality)
    except (OSError, PictureError):
        return None


# Training writes the page again and again, and most of its pictures have not changed since.
@functools.lru_cache(maxsize=4096)
def _encode(path: Path, version: tuple[int, int], most: int | None, quality: int | None) -> str:
    image = open_picture(path)
    if most and max(image.size) > most:
        image.thumbnail((most, most), Image.Resampling.BOX, reducing_gap=2)
    content = io.BytesIO()
    how: dict[str, Any] = {"lossless": True, "method": 4} if quality is None else {"quality": quality, "method": 2}
    image.save(content, "WEBP", **how)
    return data_address("image/webp", content.getvalue())


def data_address(kind: str, content: bytes) -> str:
    """Returns content as a ``data:`` address."""
    return f"data:{kind};base64,{to_base64(content)}"


def to_base64(content: bytes) -> str:
    """Returns bytes as base64 in ASCII."""
    return base64.b64encode(content).decode("ascii")


def floats(array: np.ndarray) -> str:
    """Returns numbers as base64 of float32, little-endian, as browsers on every machine of today have them."""
    return to_base64(np.ascontiguousarray(array, "<f4").tobytes())


def json_block(value: Any) -> str:
    """Returns JSON that can stand in a script element whatever it holds: no ``<`` is left that could end it."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def source_hash(text: str) -> str:
    """Returns the source expression of a Content-Security-Policy that allows this very script or style."""
    return f"'sha256-{to_base64(hashlib.sha256(text.encode()).digest())}'"


def policy(script: str, style: str) -> str:
    """Returns the page's Content-Security-Policy: nothing is loaded, nothing is sent, one script and one style apply.

    Pictures are data within the page. What a heart keeps is handed to the browser as a file, by a ``blob:`` address
    that no directive is about.
    """
    return "; ".join(
        [
            "default-src 'none'",
            "img-src data:",
            f"script-src {source_hash(script)}",
            f"style-src {source_hash(style)}",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
