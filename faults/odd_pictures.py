"""A zoo of odd pictures: every format and colour mode, turned, damaged, misnamed, made to cost; then a cull of all.

Each is opened, or refused for a reason, in a few seconds and little memory; and preprocess.py has a row for each.
"""

from __future__ import annotations

import io
import os
import resource
import struct
import time
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from demicouture.errors import PictureError
from demicouture.files import read_csv
from demicouture.images import open_picture
from faults.launch import run_here
from faults.report import Section

SIDE = 160

MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", "I", "I;16", "F")

FORMATS = {
    "JPEG": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "GIF": ".gif",
    "BMP": ".bmp",
    "TIFF": ".tif",
    "AVIF": ".avif",
    "JPEG2000": ".jp2",
    "PPM": ".ppm",
    "TGA": ".tga",
    "PCX": ".pcx",
    "DIB": ".dib",
    "DDS": ".dds",
    "ICO": ".ico",
    "ICNS": ".icns",
    "SGI": ".sgi",
    "IM": ".im",
    "MSP": ".msp",
    "XBM": ".xbm",
}

MOST_SECONDS, MOST_MEGABYTES = 30, 1500


def garment(number: int) -> Image.Image:
    """Returns a drawn T-shaped garment; no two have the same colours and cut."""
    random = np.random.default_rng([2311, number])
    image = Image.new("RGB", (SIDE, SIDE), tuple(random.integers(200, 240, 3).tolist()))
    body, sleeve, hem = random.integers(28, 44), random.integers(50, 74), random.integers(120, 146)
    half = [(10, 20), (int(sleeve), 34), (int(sleeve) - 4, 66), (int(body), 60), (int(body), int(hem))]
    outline = [(80 + x, y) for x, y in half] + [(80 - x, y) for x, y in half[::-1]]
    ImageDraw.Draw(image).polygon(outline, fill=tuple(random.integers(10, 170, 3).tolist()))
    grain = random.normal(0, 6, (SIDE, SIDE, 1))
    return Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8))


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    """Returns a picture as a file's content."""
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """Returns a chunk of a PNG file."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of(width: int, height: int, bits: int = 8, colour: int = 2) -> bytes:
    """Returns a PNG file of zeros, which takes few bytes whatever its size."""
    row = -(-width * bits * {0: 1, 2: 3, 6: 4}[colour] // 8) + 1
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(row)) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def bomb(width: int, height: int) -> bytes:
    """Returns a PNG file whose header promises far more than there is."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def make_zoo(folder: Path, random: np.random.Generator) -> dict[str, Path]:
    """Writes the pictures, at least a hundred; returns them by what they are."""
    zoo: dict[str, bytes] = {}
    numbers = iter(range(10_000))
    usual = {kind: b"" for kind in FORMATS}
    for kind, ending in FORMATS.items():
        for mode in MODES:
            try:
                content = encode(garment(next(numbers)).convert(mode), kind)
            except (OSError, ValueError, KeyError):
                continue  # This format has no such pictures.
            usual[kind] = content
            zoo[f"{kind} {mode}{ending}"] = content
    for orientation in (*range(10), 65535):
        exif = Image.Exif()
        exif[0x0112] = orientation
        zoo[f"turned {orientation}.jpg"] = encode(garment(next(numbers)), "JPEG", exif=exif)
    for kind, content in usual.items():
        ending = FORMATS[kind]
        zoo[f"{kind} cut in half{ending}"] = content[: len(content) // 2]
        zoo[f"{kind} cut to its header{ending}"] = content[:40]
        changed = bytearray(content)
        for place in random.integers(20, len(content), 12):
            changed[place] ^= 0x55
        zoo[f"{kind} with bytes changed{ending}"] = bytes(changed)
        zoo[f"{kind} called a JPEG.jpg"] = content
    jpeg, progressive = usual["JPEG"], encode(garment(1).resize((2000, 2000)), "JPEG", progressive=True)
    last_scan = progressive[progressive.rindex(b"\xff\xda") : -2]
    frames = [garment(next(numbers)) for _ in range(3)]
    zoo |= {
        "nothing.jpg": b"",
        "one byte.png": b"\x89",
        "a page.jpg": b"<!doctype html><p>404",
        "a text.png": "これは絵ではない".encode(),
        "an archive.jpg": b"PK\x03\x04" + bytes(200),
        "a script.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\nshowpage",
        "a script.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\nshowpage",
        "a drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "noise.jpg": random.bytes(5000),
        "zeros.png": bytes(5000),
        "3.6 gigapixels promised.png": bomb(60_000, 60_000),
        "no pixels.png": bomb(0, 0),
        "a hundred megapixels.png": png_of(10_000, 10_001),
        "a line across.png": png_of(390_000, 256, 1, 0),
        "a line down.png": png_of(256, 390_000, 8, 2),
        "one pixel.png": png_of(1, 1),
        "one row.png": png_of(5000, 1),
        "sixteen bits.png": png_of(300, 300, 16, 6),
        "progressive.jpg": progressive,
        "a thousand scans.jpg": progressive[:-2] + last_scan * 1000 + progressive[-2:],
        "two pictures in one.jpg": jpeg + jpeg,
        "garbage behind.jpg": jpeg + random.bytes(10_000),
        "moving.gif": encode(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "moving.webp": encode(frames[1], "WEBP", save_all=True, append_images=frames[:1]),
        "moving.png": encode(frames[2], "PNG", save_all=True, append_images=frames[:2]),
        "several pages.tif": encode(frames[0], "TIFF", save_all=True, append_images=frames[1:]),
        "transparent.png": encode(Image.new("RGBA", (SIDE, SIDE)), "PNG"),
        "a transparent colour.png": encode(garment(next(numbers)), "PNG", transparency=(0, 0, 0)),
        "a colour profile that is none.jpg": encode(garment(next(numbers)), "JPEG", icc_profile=random.bytes(50_000)),
        "EXIF that is none.jpg": encode(garment(next(numbers)), "JPEG", exif=b"Exif\0\0" + random.bytes(500)),
        "all white.png": encode(Image.new("RGB", (SIDE, SIDE), "white"), "PNG"),
        "all black.jpg": encode(Image.new("RGB", (SIDE, SIDE)), "JPEG"),
        "tiny.jpg": encode(garment(next(numbers)).resize((20, 20)), "JPEG"),
        "three to one.jpg": encode(garment(next(numbers)).resize((480, 160)), "JPEG"),
        "five to one.jpg": encode(garment(next(numbers)).resize((800, 160)), "JPEG"),
        "GROSS.JPEG": encode(garment(next(numbers)), "JPEG"),
        "名前 🧥 «ü».jpg": encode(garment(next(numbers)), "JPEG"),
        "-rf.jpg": encode(garment(next(numbers)), "JPEG"),
        "two\nlines, \"quoted\"; 'more'.jpg": encode(garment(next(numbers)), "JPEG"),
        "=cmd()|' '!A0.jpg": encode(garment(next(numbers)), "JPEG"),
        f"{'long' * 55}.jpg": encode(garment(next(numbers)), "JPEG"),
        ".hidden.jpg": jpeg,
    }
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name, content in zoo.items():
        paths[name] = folder / name
        paths[name].write_bytes(content)
    paths["five gigabytes.jpg"] = sparse = folder / "five gigabytes.jpg"
    with open(sparse, "wb") as file:
        file.write(jpeg)
        file.truncate(5_000_000_000)
    (folder / "a folder.jpg").mkdir()
    os.symlink(folder, folder / "a circle")
    os.symlink("nowhere", folder / "a broken link.jpg")
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "a pipe.jpg")
    return paths


def open_all(zoo: dict[str, Path]) -> Section:
    """Opens every picture; each is a picture or has a reason, soon and in little memory."""
    section = Section("Odd pictures", "opened one by one")
    for name, path in zoo.items():
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        reason, fault = "opened", ""
        try:
            image = open_picture(path)
            if image.mode != "RGB" or not min(image.size):
                fault = f"opened as {image.mode} of {image.size}"
        except PictureError as error:
            reason = f"refused: {error}"
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
        seconds, taken = time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        if not fault and (seconds > MOST_SECONDS or taken / 1024 > MOST_MEGABYTES):
            fault = f"took {seconds:.0f} s and {taken / 1024:.0f} MB"
        section.add(name, fault, reason)
    return section


def cull(home: Path, zoo: dict[str, Path]) -> Section:
    """Culls a home whose one pole is the zoo; it has a row for each picture that is not hidden."""
    section = Section("Odd pictures", "culled, all together")
    other = home / "data/1-scraped/collection"
    other.mkdir(parents=True)
    for number in range(4):
        garment(9000 + number).save(other / f"{number}.png")
    outcome = run_here("preprocess", "--home", str(home), "--size", "32", "--people")
    fault = outcome.fault or ("" if outcome.code == 0 else f"not done: {outcome.line}")
    if not fault:
        rows = {row["file"]: row for row in read_csv(home / "data/2-dataset/decisions.csv", ["file", "reason"])}
        expected = {
            f"casual/{name}" for name in zoo if not name.startswith(".") and not name.endswith((".eps", ".svg"))
        }
        if missing := sorted(expected - set(rows)):
            fault = f"no row for {missing[:5]}"
        again = run_here("preprocess", "--home", str(home), "--size", "32", "--people")
        fault = fault or again.fault or ("" if "nothing to do" in again.out or again.code == 0 else again.line)
    section.add("culled", fault, "a row for each")
    return section


def attack(place: Path, seed: int) -> list[Section]:
    """Makes the zoo in a new home, opens it, and culls it."""
    home = place / "zoo-home"
    zoo = make_zoo(home / "data/1-scraped/casual", np.random.default_rng(seed))
    return [open_all(zoo), cull(home, zoo)]
