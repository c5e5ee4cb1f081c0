"""Real picture files, sound and damaged, for the tests of everything that reads pictures."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

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


def garment(
    seed: int,
    width: int = 160,
    height: int = 160,
    *,
    ground: tuple[int, int, int] | None = None,
    trousers: bool = False,
    middle: tuple[float, float] = (0.5, 0.5),
) -> Image.Image:
    """A T-shaped garment, or a pair of trousers, on an uneven ground: no rule on files finds anything wrong with it.

    Colours, cut, stripes and folds differ from seed to seed, so that no two are duplicates.
    """
    random = np.random.default_rng([seed, trousers])
    colour = random.integers(20, 160, 3)
    body, sleeve, shoulder, length = random.uniform((0.17, 0.30, 0.14, 0.75), (0.26, 0.42, 0.24, 0.9))
    half = [(-0.06, 0.12), (0.06, 0.12), (sleeve, shoulder), (sleeve, shoulder + 0.22), (body, shoulder + 0.2)]
    half += [(body, length)]
    if trousers:
        half = [(-0.15, 0.08), (0.15, 0.08), (body + 0.06, 0.9), (0.08, 0.9), (0, 0.4)]
    outline = half + [(-x, y) for x, y in half[:1:-1]]
    side = min(width, height)
    across, down = width * middle[0], height * middle[1] - side / 2
    mask = Image.new("L", (width, height))
    ImageDraw.Draw(mask).polygon([(across + x * side, down + y * side) for x, y in outline], fill=255)

    def blotches(strength: float) -> np.ndarray:
        small = Image.fromarray(random.integers(0, 256, (11, 11), dtype=np.uint8))
        return strength * (np.asarray(small.resize((width, height), Image.Resampling.BICUBIC), float) / 255 - 0.5)

    down, across = np.mgrid[:height, :width] / side
    angle, number = random.uniform(0, np.pi), random.uniform(2, 8)
    stripes = 60 * np.sign(np.sin(2 * np.pi * number * (np.cos(angle) * across + np.sin(angle) * down)))
    cloth = colour + stripes[..., None] * random.uniform(-1, 1, 3) + blotches(60)[..., None]
    behind = (random.integers(190, 225, 3) if ground is None else np.array(ground)) + blotches(40)[..., None]
    pixels = np.where(np.asarray(mask)[..., None] > 0, cloth, behind)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def encode(image: Image.Image, kind: str = "JPEG", **options) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def jpeg(seed: int, width: int = 160, height: int = 160, **options) -> bytes:
    return encode(noise(seed, width, height), "JPEG", quality=90, **options)


def shirt(seed: int, width: int = 160, height: int = 160, **options) -> bytes:
    return encode(garment(seed, width, height, **options), "JPEG", quality=90)


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
