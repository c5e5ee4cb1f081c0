"""Real picture files, sound and damaged, for the tests of everything that reads pictures."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

QUARTERS = ((220, 30, 30), (30, 180, 30), (30, 30, 200), (230, 230, 60))
"""Top left, top right, bottom left, bottom right: tells every turn and mirroring from every other."""


def quarters(width: int = 192, height: int = 160) -> np.ndarray:
    pixels = np.zeros((height, width, 3), np.uint8)
    for index, colour in enumerate(QUARTERS):
        rows = slice(0, height // 2) if index < 2 else slice(height // 2, None)
        columns = slice(0, width // 2) if index % 2 == 0 else slice(width // 2, None)
        pixels[rows, columns] = colour
    return pixels


def corners(image: Image.Image | np.ndarray) -> list[tuple[int, ...]]:
    pixels = np.asarray(image).astype(int)
    height, width = pixels.shape[:2]
    places = [(height // 5, width // 5), (height // 5, -width // 5), (-height // 5, width // 5)]
    return [tuple(pixels[place]) for place in [*places, (-height // 5, -width // 5)]]


def close(found: list[tuple[int, ...]], expected=QUARTERS, tolerance: int = 8) -> bool:
    return bool(np.abs(np.array(found) - np.array(expected)).max() <= tolerance)


def noise(seed: int, width: int = 160, height: int = 160) -> Image.Image:
    # Large blotches: compresses like a photograph, and no two are the same.
    small = np.random.default_rng(seed).integers(0, 256, (10, 10, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def encode(image: Image.Image, kind: str = "JPEG", **options) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def jpeg(seed: int, width: int = 160, height: int = 160, **options) -> bytes:
    return encode(noise(seed, width, height), "JPEG", quality=90, **options)


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of a few bytes whose header promises gigabytes of pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
