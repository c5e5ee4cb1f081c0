import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from samples import QUARTERS, bomb, close, corners, encode, jpeg, noise, quarters, write

from demicouture.errors import PictureError
from demicouture.images import (
    find_pictures,
    is_strip,
    open_picture,
    open_reduced,
    read_tile,
    save_png,
    search_pictures,
    to_floats,
    to_pixels,
    to_square,
)

# How each EXIF orientation stores an upright picture, written with NumPy alone.
STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}


def oriented(orientation: int, kind: str, width: int = 192, height: int = 160) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(STORED[orientation](quarters(width, height)))
    return encode(Image.fromarray(stored), kind, exif=exif, **({"quality": 95} if kind == "JPEG" else {}))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("orientation", STORED)
def test_exif_orientation_is_applied(orientation, kind):
    found = open_reduced(oriented(orientation, kind), None)
    assert (found.width, found.height) == found.image.size == (192, 160)
    assert close(corners(found.image))


@pytest.mark.parametrize("orientation", STORED)
def test_reduced_jpeg_is_upright_and_knows_its_full_size(orientation):
    found = open_reduced(oriented(orientation, "JPEG", 960, 800), 200)
    assert (found.width, found.height) == (960, 800)
    assert found.image.size == (240, 200)
    assert close(corners(found.image))


@pytest.mark.parametrize(
    ("shorter_side", "expected"), [(None, 800), (801, 800), (401, 800), (400, 400), (399, 400), (200, 200), (1, 100)]
)
def test_reduced_jpeg_is_never_smaller_than_asked_for(shorter_side, expected):
    content = encode(noise(0, 800, 1000), "JPEG")
    assert open_reduced(content, shorter_side).image.size[0] == expected


def test_reduced_jpeg_looks_like_the_full_one():
    content = encode(noise(1, 800, 800), "JPEG", quality=95)
    box = (0, 0, 800, 800)
    full = np.asarray(to_square(open_picture(content), box, 100, (0, 0, 0)), int)
    half = np.asarray(to_square(open_reduced(content, 200).image, (0, 0, 200, 200), 100, (0, 0, 0)), int)
    assert np.abs(full - half).mean() < 1


def test_other_formats_are_not_reduced():
    assert open_reduced(encode(noise(0, 300, 300), "PNG"), 10).image.size == (300, 300)


def test_colour_modes_become_rgb():
    rgb = Image.fromarray(quarters())
    for mode, kind in [("CMYK", "JPEG"), ("RGBX", "TIFF"), ("YCbCr", "TIFF"), ("P", "GIF"), ("P", "PNG")]:
        picture = open_picture(encode(rgb.convert(mode, palette=Image.Palette.ADAPTIVE), kind))
        assert picture.mode == "RGB"
        assert close(corners(picture), tolerance=12), (mode, kind)
    black_and_white = open_picture(
        encode(rgb.convert("L").point(lambda value: 255 * (value > 100)).convert("1"), "PNG")
    )
    assert [corner[0] for corner in corners(black_and_white)] == [
        255 if np.dot(colour, (0.299, 0.587, 0.114)) > 100 else 0 for colour in QUARTERS
    ]


def test_sixteen_bits_keep_their_brightness():
    values = np.array([[0, 257 * 100], [257 * 200, 65535]], np.uint16).repeat(32, 0).repeat(32, 1)
    picture = open_picture(encode(Image.fromarray(values), "PNG"))
    assert [corner[0] for corner in corners(picture)] == [0, 100, 200, 255]
    assert [corner[2] for corner in corners(open_picture(encode(Image.fromarray(values), "TIFF")))] == [
        0,
        100,
        200,
        255,
    ]


def test_floating_point_pictures():
    values = np.array([[0, 0.5], [0.25, 1]], np.float32).repeat(32, 0).repeat(32, 1)
    assert [corner[1] for corner in corners(open_picture(encode(Image.fromarray(values), "TIFF")))] == [0, 128, 64, 255]


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparency_is_laid_on_white(kind):
    layer = np.dstack([quarters(), np.zeros((160, 192), np.uint8)])
    layer[:80, :, 3] = 255  # The upper half is opaque, the lower left half-transparent, the lower right not there.
    layer[80:, :96, 3] = 51
    picture = open_picture(encode(Image.fromarray(layer), kind, **({"lossless": True} if kind == "WEBP" else {})))
    blend = tuple(round(255 * 0.8 + value * 0.2) for value in QUARTERS[2])
    assert close(corners(picture), [QUARTERS[0], QUARTERS[1], blend, (255, 255, 255)], tolerance=1)


def test_grey_with_alpha():
    layer = np.dstack([np.full((64, 64), 40, np.uint8), np.repeat([[255, 0]], 64, 0).repeat(32, 1).astype(np.uint8)])
    assert [corner[0] for corner in corners(open_picture(encode(Image.fromarray(layer), "PNG")))] == [40, 255, 40, 255]


def test_a_transparent_colour_of_a_palette_and_of_rgb():
    palette = Image.fromarray(quarters()).convert("P", palette=Image.Palette.ADAPTIVE, colors=4)
    index = palette.getpixel((0, 0))
    expected = [(255, 255, 255), *QUARTERS[1:]]
    assert close(corners(open_picture(encode(palette, "PNG", transparency=index))), expected)
    assert close(corners(open_picture(encode(Image.fromarray(quarters()), "PNG", transparency=QUARTERS[0]))), expected)


def test_of_an_animation_the_first_frame_is_taken():
    frames = [Image.fromarray(quarters()), Image.new("RGB", (192, 160))]
    for kind in ("GIF", "WEBP", "PNG"):
        content = encode(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
        assert close(corners(open_picture(content)), tolerance=14), kind


def test_the_pictures_of_some_cameras_hold_several():
    content = encode(Image.fromarray(quarters(960, 800)), "MPO", save_all=True, append_images=[noise(3)], quality=95)
    found = open_reduced(content, 200)
    assert close(corners(found.image))
    assert (found.width, found.height, *found.image.size) == (960, 800, 240, 200)


def damaged() -> dict[str, bytes]:
    whole = jpeg(1, 400, 400)
    png = encode(noise(2), "PNG")
    return {
        "nothing": b"",
        "text": b"<html>404 not found</html>",
        "truncated JPEG": whole[: len(whole) // 2],
        "truncated JPEG header": whole[:20],
        "truncated PNG": png[: len(png) // 2],
        "truncated GIF": encode(noise(3), "GIF")[:900],
        "truncated WebP": encode(noise(4), "WEBP")[:500],
        "PNG with a damaged chunk": png[:60] + b"\0\0\0\0" + png[64:],
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n",
        "zeros": bytes(1000),
    }


@pytest.mark.parametrize("kind", damaged())
@pytest.mark.parametrize("shorter_side", [None, 1])
def test_damaged_files_are_undecodable_at_any_scale(kind, shorter_side):
    with pytest.raises(PictureError, match="^undecodable$"):
        open_reduced(damaged()[kind], shorter_side)


def test_too_many_pixels_are_refused_from_the_header_alone():
    # Pillow warns from 89 and refuses from 179 megapixels by itself; both are told as ours.
    for width, height in [(10_001, 10_000), (60_000, 60_000)]:
        with pytest.raises(PictureError, match="^over 100 megapixels$"):
            open_picture(bomb(width, height))


def test_damaged_exif_data_loses_no_picture():
    content = jpeg(5, exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12\0\x03\xff\xff\xff\xff")
    assert open_picture(content).size == (160, 160)


def test_a_file_is_read_like_its_bytes(tmp_path):
    path = write(tmp_path / "a.jpg", jpeg(6))
    assert np.array_equal(open_picture(path), open_picture(jpeg(6)))


def test_pictures_are_found_at_any_depth_and_hidden_ones_are_not(tmp_path):
    for name in ("b/c/d.JPG", "a.png", "b/x.webp", ".hidden.png", "b/.git/y.png", "notes.txt", "b/z.jpeg.part"):
        write(tmp_path / name, b"")
    (tmp_path / "folder.png").mkdir()
    assert [path.relative_to(tmp_path).as_posix() for path in find_pictures(tmp_path)] == [
        "a.png",
        "b/c/d.JPG",
        "b/x.webp",
    ]


def test_a_square_of_the_picture_itself():
    picture = Image.fromarray(quarters(192, 160))
    square = to_square(picture, (110, 10, 170, 70), 40, (0, 0, 0))
    assert square.size == (40, 40)
    assert np.array_equal(np.asarray(square), np.full((40, 40, 3), QUARTERS[1], np.uint8))


def test_what_lies_outside_the_picture_is_filled():
    red, fill = (200, 0, 0), (1, 2, 3)
    square = np.asarray(to_square(Image.new("RGB", (20, 20), red), (-10, -10, 30, 30), 40, fill))
    expected = np.full((40, 40, 3), fill, np.uint8)
    expected[10:30, 10:30] = red
    assert np.array_equal(square, expected)
    one_side = np.asarray(to_square(Image.new("RGB", (20, 20), red), (10, 0, 30, 20), 10, fill))
    assert (one_side[:, :5] == red).all() and (one_side[:, 5:] == fill).all()


def test_a_box_of_many_times_the_picture_needs_no_memory_for_it():
    square = np.asarray(
        to_square(Image.new("RGB", (4000, 4000), (9, 9, 9)), (-(10**6), -(10**6), 10**6, 10**6), 64, (5, 5, 5))
    )
    assert set(np.unique(square)) <= {5, 9}
    assert (np.asarray(to_square(Image.new("RGB", (20, 20)), (50, 50, 60, 60), 16, (7, 7, 7))) == 7).all()


def test_pixels_and_floats():
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, -1)
    floats = to_floats(pixels)
    assert floats.dtype == np.float32
    assert (floats.min(), floats.max()) == (-1, 1)
    assert np.array_equal(to_pixels(floats), pixels)
    assert to_pixels(np.array([-9.0, 9.0, 0.0])).tolist() == [0, 255, 128]  # 127.5 rounds to the even number.


def test_a_png_is_rgb_and_lossless(tmp_path):
    save_png(tmp_path / "deep" / "a.png", quarters())
    with Image.open(io.BytesIO((tmp_path / "deep" / "a.png").read_bytes())) as image:
        assert image.mode == "RGB"
        assert np.array_equal(np.asarray(image), quarters())
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.png"]


def exif_with(tag: bytes) -> bytes:
    """Returns EXIF data, Intel's byte order, with the orientation 6 and one further tag of 12 bytes."""
    orientation = struct.pack("<HHII", 0x0112, 3, 1, 6)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + orientation + tag + struct.pack("<I", 0) + b"\0" * 64


@pytest.mark.parametrize(
    "tag",
    [
        struct.pack("<HHII", 0x0131, 99, 1, 0),  # of no type that there is
        struct.pack("<HHII", 0x0131, 2, 1000, 5000),  # far beyond the end
        struct.pack("<HHII", 0x9286, 7, 4, 0),
        struct.pack("<HHII", 0x011A, 5, 1, 40),  # 0/0
        struct.pack("<HHII", 0x8769, 4, 1, 9999),  # a directory that is not there
        struct.pack("<HHII", 0x8825, 2, 3, 0x414141),  # a directory that is a text
        struct.pack("<HHII", 0x829A, 10, 2, 30),
        struct.pack("<HHII", 0x0132, 3, 2, 7),  # a time that is two numbers
        struct.pack("<HHII", 0x927C, 13, 1, 26),
    ],
)
def test_an_odd_tag_leaves_no_picture_on_its_side(tag):
    content = encode(
        Image.fromarray(np.ascontiguousarray(STORED[6](quarters()))), "JPEG", quality=95, exif=exif_with(tag)
    )
    found = open_reduced(content, None)
    assert found.image.size == (found.width, found.height) == (192, 160)
    assert close(corners(found.image))


@pytest.fixture(scope="module")
def zlib_bomb() -> bytes:
    packer = zlib.compressobj(1)
    return b"".join(packer.compress(bytes(2**24)) for _ in range(16)) + packer.flush()


def png_with(kind: bytes, data: bytes) -> bytes:
    content = encode(Image.fromarray(quarters()), "PNG")
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return content[:33] + chunk + content[33:]  # after the header


@pytest.mark.parametrize(
    ("kind", "head"), [(b"zTXt", b"history\0\0"), (b"iTXt", b"history\0\1\0\0\0"), (b"iCCP", b"profile\0\0")]
)
def test_a_png_with_megabytes_of_text_or_profile_is_decoded_and_a_bomb_is_not(kind, head, zlib_bomb):
    assert close(corners(open_picture(png_with(kind, head + zlib.compress(b"layer " * 2**20)))))
    with pytest.raises(PictureError, match="undecodable"):
        open_picture(png_with(kind, head + zlib_bomb))


def ramp(most: float) -> np.ndarray:
    """Returns a grey ramp from 0 to ``most``, with which a picture of so many bits is full: float64 (64, 256)."""
    return np.tile(np.linspace(0, most, 256), (64, 1))


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_fewer_bits_than_the_file_has_come_out_bright(bits, kind):
    content = encode(Image.fromarray(ramp(2**bits - 1).round().astype(np.uint16)), kind)
    assert np.abs(np.asarray(open_picture(content))[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_what_is_transparent_in_deep_grey_is_white():
    values = np.full((64, 64), 30_000, np.uint16)
    values[:32] = 1234
    values[0, 0] = 65_535
    found = np.asarray(open_picture(encode(Image.fromarray(values), "PNG", transparency=1234)))
    assert (found[1:32] == 255).all() and (found[32:] == 117).all()


def test_floats_that_are_no_numbers_are_white_and_lights_over_one_are_clipped():
    values = ramp(1).astype(np.float32)
    values[:8], values[8:16], values[16:24], values[24:32] = np.nan, np.inf, -np.inf, 3.5
    found = np.asarray(open_picture(encode(Image.fromarray(values), "TIFF")))[..., 0]
    assert (found[:16] == 255).all() and (found[16:24] == 0).all() and (found[24:32] == 255).all()
    assert np.abs(found[40].astype(int) - np.arange(256)).max() <= 1


def test_libtiff_prints_nothing(tmp_path):
    image = Image.fromarray(quarters())
    content = encode(image, "TIFF", compression="tiff_lzw")
    broken = write(tmp_path / "a.tif", content[:200] + b"\xff" * 400 + content[600:])
    lines = (
        "import sys; from pathlib import Path; from demicouture.images import *\n"
        "try: open_picture(Path(sys.argv[1]))\n"
        "except PictureError as error: print(error)\n"
        "print('said', file=sys.stderr)"
    )
    plain = "import sys; from PIL import Image\ntry: Image.open(sys.argv[1]).load()\nexcept OSError: pass"
    quiet, loud = (
        subprocess.run([sys.executable, "-c", program, broken], capture_output=True, text=True)
        for program in (lines, plain)
    )
    assert loud.stderr  # Else this shows nothing.
    assert (quiet.stdout, quiet.stderr) == ("undecodable\n", "said\n")


def test_phones_pictures_are_read(tmp_path):
    pi_heif = pytest.importorskip("pi_heif")
    assert pi_heif.libheif_version()
    # Drawn by libheif: nothing here can write HEIC.
    found = open_reduced(Path(__file__).parent / "data/quarters.heic", None)
    assert found.image.size == (found.width, found.height) == (192, 160)
    assert close(corners(found.image), tolerance=24)
    avif = write(tmp_path / "a.AVIF", encode(Image.fromarray(quarters()), "AVIF", quality=95))
    assert close(corners(open_picture(avif)), tolerance=24)


@pytest.mark.parametrize("kind", ["JPEG2000", "PPM", "TGA", "PCX", "DDS", "SGI", "ICNS", "QOI"])
def test_programs_formats_are_read_by_the_files_name_only(kind, tmp_path):
    ending = {"JPEG2000": "jp2"}.get(kind, kind.lower())
    image = Image.fromarray(quarters(256, 256))
    content = encode(image, kind)
    assert close(corners(open_picture(write(tmp_path / f"a.{ending}", content))))
    with pytest.raises(PictureError, match="undecodable"):
        open_picture(content)
    assert close(corners(open_picture(write(tmp_path / f"b.{ending}", encode(image, "PNG")))))


def test_links_to_folders_are_followed_and_loops_are_noticed(tmp_path):
    album, pole = tmp_path / "my album 服", tmp_path / "casual"
    for name in ("a.jpg", "deep/b.PNG", "deep/c.mov", "deep/IMG_1", "d.mov", ".hidden.jpg", "Thumbs.db"):
        write(album / name, b"")
    pole.mkdir()
    os.symlink(album, pole / "album")
    os.symlink(pole, album / "deep/round")  # leads back here
    os.symlink(album / "deep", pole / "deeper")  # is reached by two ways
    os.symlink(tmp_path / "nothing.jpg", pole / "e.jpg")
    os.symlink(album / "a.jpg", pole / "z.jpg")
    pictures, others = search_pictures(pole)
    assert pictures == [pole / "album/a.jpg", pole / "album/deep/b.PNG", pole / "z.jpg"] == find_pictures(pole)
    assert others == {".mov": 2, "broken link": 1, "without an ending": 1}


def test_strips_are_told_by_their_header(tmp_path):
    assert not is_strip(write(tmp_path / "a.png", encode(noise(0, 400, 100), "PNG")))
    for width, height in ((401, 100), (100, 401)):
        path = write(tmp_path / "b.png", encode(noise(0, width, height), "PNG"))
        assert is_strip(path) and read_tile((path, 64)) is None
    assert is_strip(write(tmp_path / "c.png", bomb(200_000, 10)))


def test_a_tile_shows_where_its_picture_ends(tmp_path):
    light = write(tmp_path / "a.png", encode(Image.new("RGB", (60, 30), (236, 236, 236)), "PNG"))
    tile = read_tile((light, 128))
    rows, columns = np.nonzero((tile == (150, 150, 150)).all(-1))
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (4, 123, 34, 93)  # at twice its size
    assert len(rows) == 2 * 120 + 2 * 58


def test_a_picture_that_would_take_all_time_or_memory_is_not_decoded(tmp_path):
    sparse = tmp_path / "five-gigabytes.jpg"
    with open(sparse, "wb") as file:
        file.write(jpeg(0))
        file.truncate(5_000_000_000)
    with pytest.raises(PictureError, match="^over 500 MB$"):
        open_picture(sparse)
    line = encode(Image.new("1", (2010, 20)), "PNG")
    with pytest.raises(PictureError, match="^longer than 100:1$"):
        open_picture(line)
    assert open_picture(encode(Image.new("1", (2000, 20)), "PNG")).size == (2000, 20)


def test_a_progressive_jpeg_with_a_thousand_scans_is_refused():
    usual = encode(noise(0, 2000, 2000), "JPEG", progressive=True)
    assert usual.count(b"\xff\xda") < 12 and open_picture(usual).size == (2000, 2000)
    last = usual[usual.rindex(b"\xff\xda") : -2]
    with pytest.raises(PictureError, match="^too many scans$"):
        open_picture(usual[:-2] + last * 1000 + usual[-2:])
