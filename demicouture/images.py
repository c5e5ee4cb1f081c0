"""Opening, orienting, converting and saving pictures; the only place that changes pixel ranges.

Pictures are RGB. As pixels they are uint8 (n, height, width, 3) in [0, 255]; for the networks they are
float32 of the same shape in [-1, 1], the range of the generator's tanh.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, PngImagePlugin

from demicouture.console import silent_libraries
from demicouture.errors import PictureError
from demicouture.files import atomic_path
from demicouture.language import N_, _

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""What is opened at all: photographs' formats. Left out are those that run an interpreter, such as EPS.

MPO, which some cameras write, opens as JPEG; Pillow knows no format of that name and would refuse every picture. HEIC,
which phones write, is added when there is such a picture, for its decoder is loaded only then."""

RARE_FORMATS = {
    "JPEG2000": "jp2 j2k j2c jpc jpf jpx",
    "PPM": "pbm pgm ppm pnm pfm",
    "TGA": "tga icb vda vst",
    "PCX": "pcx",
    "DCX": "dcx",
    "DIB": "dib",
    "DDS": "dds",
    "QOI": "qoi",
    "ICO": "ico",
    "ICNS": "icns",
    "CUR": "cur",
    "SGI": "sgi rgb rgba bw",
    "PSD": "psd",
    "SUN": "ras im1",
    "XVTHUMB": "p7",
    "IM": "im",
    "IMT": "imt",
    "MCIDAS": "ara",
    "MSP": "msp",
    "XBM": "xbm",
    "XPM": "xpm",
    "FLI": "fli flc",
    "BLP": "blp",
    "FTEX": "ftc ftu",
    "FITS": "fit fits",
    "PCD": "pcd",
    "PIXAR": "pxr",
    "GBR": "gbr",
    "SPIDER": "spider",
}
"""What only a file is opened as whose name ends so: programs' formats, some of which anything could be taken for."""

SUFFIXES = set(".jpg .jpeg .jpe .jif .jfif .mpo .png .apng .webp .gif .bmp .tif .tiff .avif .avifs".split())
SUFFIXES |= {".heic", ".heics", ".heif", ".heifs", ".hif"}
SUFFIXES |= {f".{ending}" for endings in RARE_FORMATS.values() for ending in endings.split()}
"""File names that are taken for pictures when a folder is searched."""

NOBODYS_FILES = {"thumbs.db", "desktop.ini", "icon\r"}
"""What systems leave in folders by themselves; that it is passed over is no news."""

MAX_PIXELS = 100_000_000
"""Our choice: no camera for this purpose makes more, and 100 megapixels fit in 400 MB while they are decoded."""

MOST_BYTES = 500_000_000
"""Our choice: 100 megapixels as they are, with transparency, are 400 MB. What is larger is not even read."""

MOST_SCANNED = 3_000_000_000
"""Our choice, of a progressive JPEG: its pixels times its scans, for a decoder goes over all pixels in each scan.
Encoders make ten or so. With a thousand, 100 megapixels take a quarter of an hour; with thirty, half a minute."""

LONGEST_OPENED = 100
"""Our choice: what is longer, in parts of its shorter side, is a line of pixels and no picture. Some decoders take far
more memory for it than its pixels do."""

UNDECODABLE = N_("undecodable")
TOO_LARGE = N_("over 100 megapixels")
TOO_HEAVY = N_("over 500 MB")
TOO_LONG = N_("longer than 100:1")
TOO_MANY_SCANS = N_("too many scans")
TOO_COSTLY = (TOO_LARGE, TOO_HEAVY, TOO_LONG, TOO_MANY_SCANS)
"""Reasons for which a picture is not decoded: it could take all time or memory there is."""

LONGEST = 4
"""Our choice: what is longer, in parts of its shorter side, shows a landscape, a banner or a page, not a garment."""

WHITE = (255, 255, 255)

TILE_GROUND, BORDER = (236, 236, 236), (150, 150, 150)

HEADER_BYTES = 32
"""Enough to tell formats by."""

ORIENTATION = 0x0112
"""The EXIF tag."""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by its EXIF orientation."""

DEPTHS = (8, 10, 12, 14, 16)
"""Bits of a grey level, as cameras and scanners have them."""

MOST_OF_FLOATS = 10.0
"""Our choice: up to here a floating-point picture's 1 is white. With 255 for white, it would be all black."""

# Editors write megabytes of history into a PNG file. Pillow's own limits, 1 MB for each text and for the profile,
# would lose such a picture; these are far below what a decompression bomb unpacks to, which is still refused.
PngImagePlugin.MAX_TEXT_CHUNK = 64 * 2**20
PngImagePlugin.MAX_TEXT_MEMORY = 256 * 2**20


def find_pictures(folder: Path) -> list[Path]:
    """Returns the picture files below ``folder`` at any depth, sorted; see :func:`search_pictures`."""
    return search_pictures(folder)[0]


def search_pictures(folder: Path) -> tuple[list[Path], dict[str, int]]:
    """Searches a folder at any depth, also behind links to folders; each folder is searched once, however often linked.

    Hidden files and folders are left out.

    Returns:
        The picture files, sorted; and how many other files there are of each kind, the most frequent kind first: the
        ending of their names, or in words what they are.
    """
    pictures, others, searched = [], Counter(), set()

    def count_closed(error: OSError) -> None:
        others[N_("folder that cannot be opened")] += 1

    for place, folders, names in os.walk(folder, followlinks=True, onerror=count_closed):
        if (real := os.path.realpath(place)) in searched:  # A link leads to where we have been, perhaps in a circle.
            folders.clear()
            continue
        searched.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            path = Path(place, name)
            if name.startswith(".") or name.lower() in NOBODYS_FILES:
                continue
            if not path.exists():
                others[N_("broken link")] += 1
            elif path.suffix.lower() in SUFFIXES and path.is_file():
                pictures.append(path)
            else:
                others[path.suffix.lower() or N_("without an ending")] += 1
    return sorted(pictures), dict(others.most_common())


def describe_kinds(others: Mapping[str, int]) -> str:
    """Returns how many files of each kind there are, in words: "12 .mov, 3 .txt"."""
    return ", ".join(f"{count:,} {_(kind)}" for kind, count in others.items())


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
        PictureError: ``undecodable`` (no picture, truncated, or damaged) or one of :data:`TOO_COSTLY`.
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
    content = _read(source) if isinstance(source, Path) else source
    try:
        with _decoding(content), Image.open(io.BytesIO(content), formats=_formats_of(source, content)) as opened:
            width, height = opened.size
            _refuse_costly(opened, content)
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


def _read(path: Path) -> bytes:
    with open(path, "rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise PictureError(TOO_HEAVY)
    return content


def _refuse_costly(opened: Image.Image, content: bytes) -> None:
    """Refuses a picture that a few bytes make cost all memory, or minutes; only its header was read so far.

    Raises:
        PictureError: One of :data:`TOO_COSTLY`.
    """
    width, height = opened.size
    if width * height > MAX_PIXELS:
        raise PictureError(TOO_LARGE)
    if max(width, height) > LONGEST_OPENED * min(width, height):
        raise PictureError(TOO_LONG)
    # In a JPEG's own data these two bytes stand nowhere else; in a preview within it they may, a few times.
    if opened.format in ("JPEG", "MPO") and width * height * content.count(START_OF_SCAN) > MOST_SCANNED:
        raise PictureError(TOO_MANY_SCANS)


START_OF_SCAN = b"\xff\xda"


def _formats_of(source: Path | bytes, content: bytes) -> tuple[str, ...]:
    """Returns as what a picture may be opened; loads the decoder of HEIC, if that is what it is."""
    formats = FORMATS
    if content[4:8] == b"ftyp" and content[8:12] not in (b"avif", b"avis"):
        import pi_heif  # Here, for it takes a while, and most pictures are none.

        pi_heif.register_heif_opener()
        formats += ("HEIF",)
    ending = source.suffix.lower()[1:] if isinstance(source, Path) else ""
    return formats + tuple(name for name, endings in RARE_FORMATS.items() if ending and ending in endings.split())


@contextlib.contextmanager
def _decoding(content: bytes) -> Iterator[None]:
    """Lets a decoder say nothing: neither of what it warns, nor what libtiff prints past Python."""
    # Pillow warns of large pictures (we measure ourselves) and of odd EXIF data (which is no harm).
    with warnings.catch_warnings(), contextlib.ExitStack() as stack:
        warnings.simplefilter("ignore")
        if content[:2] in (b"II", b"MM"):
            stack.enter_context(silent_libraries())
        yield


def _upright(image: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(ORIENTATION)
    except Exception:
        # Damaged EXIF data raises nearly anything too, and is no reason to lose the picture.
        orientation = None
    # Not Pillow's exif_transpose, which also writes the EXIF data anew, and fails where it cannot write one of them.
    how = TURNS.get(orientation) if isinstance(orientation, int) else None
    return image.copy() if how is None else image.transpose(how)


def read_size(path: Path) -> tuple[int, int]:
    """Returns the width and height that a picture file's header names, in pixels, upright or not.

    Raises:
        PictureError: ``undecodable``: there is no header that can be read.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(HEADER_BYTES)
            file.seek(0)
            with _decoding(content), Image.open(file, formats=_formats_of(path, content)) as opened:
                return opened.size
    except Image.DecompressionBombError:
        raise PictureError(TOO_LARGE) from None
    except Exception as error:
        raise PictureError(UNDECODABLE) from error


def is_strip(path: Path) -> bool:
    """Returns whether a picture file is so long that no square of it shows a garment; only its header is read.

    Raises:
        PictureError: As :func:`read_size`.
    """
    sides = read_size(path)
    return max(sides) > LONGEST * min(sides)


def read_header(content: bytes) -> tuple[str, int, int]:
    """Returns what a picture's header says, without decoding it: the usual suffix of its format, width and height.

    Raises:
        PictureError: ``undecodable``: there is no header that can be read.
    """
    try:
        with _decoding(content), Image.open(io.BytesIO(content), formats=_formats_of(content, content)) as opened:
            usual = {"JPEG": ".jpg", "MPO": ".jpg", "TIFF": ".tif", "HEIF": ".heic"}
            return usual.get(opened.format, f".{opened.format.lower()}"), opened.width, opened.height
    except Exception as error:
        raise PictureError(UNDECODABLE) from error


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep_grey(image)
    if image.has_transparency_data:  # Also an RGB picture may name one colour as its transparent one.
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, (*WHITE, 255))
        return Image.alpha_composite(ground, layer).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _from_deep_grey(image: Image.Image) -> Image.Image:
    """Returns a grey picture of more than 8 bits as RGB; what is transparent, or no number, is white."""
    values = np.asarray(image, np.float32)
    values = np.array(values) if values.base is not None or not values.flags.writeable else values
    nothing = np.isnan(values)
    if isinstance(transparent := image.info.get("transparency"), int):
        nothing |= values == transparent
    largest = float(np.max(values, where=~nothing & np.isfinite(values), initial=0))
    # These modes carry no maximum. Floating-point files are 0 to 1 by custom, with lights a little over it; whole
    # numbers use as many bits as the camera has, which may be fewer than the file's.
    if image.mode == "F" and largest <= MOST_OF_FLOATS:
        white = 1.0
    else:
        white = next((2.0**bits - 1 for bits in DEPTHS if largest < 2**bits), largest)
    np.multiply(values, 255 / white, out=values)
    values[nothing] = 255
    pixels = np.rint(values, out=values).clip(0, 255, out=values).astype(np.uint8)
    return Image.fromarray(pixels).convert("RGB")


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

    A small one is enlarged by a whole number, and a thin line shows where it ends.

    Returns:
        uint8 (side, side, 3) in [0, 255].
    """
    path, side = path_and_side
    try:
        if is_strip(path):  # A line of pixels, which may have cost a minute.
            return None
        image = open_reduced(path, side).image
    except (PictureError, FileNotFoundError):
        return None
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    if (larger := side // max(image.size)) > 1:
        image = image.resize((larger * image.width, larger * image.height), Image.Resampling.NEAREST)
    tile = Image.new("RGB", (side, side), TILE_GROUND)
    left, top = (side - image.width) // 2, (side - image.height) // 2
    tile.paste(image, (left, top))
    # Without a border one could not tell where a picture on a light ground ends.
    ImageDraw.Draw(tile).rectangle((left, top, left + image.width - 1, top + image.height - 1), outline=BORDER)
    return np.asarray(tile)
