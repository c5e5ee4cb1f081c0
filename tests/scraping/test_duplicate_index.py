from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from samples import encode, garment, jpeg, noise, write

from demicouture.errors import PictureError
from demicouture.scraping.duplicate_index import DuplicateIndex, decode_thumbnail, hash_text


def find(index, content):
    thumbnail, _, _ = decode_thumbnail(content)
    return index.find(thumbnail, hash_text(thumbnail))


def add(index, folder, name, content):
    write(folder / name, content)
    index.add(name, hash_text(decode_thumbnail(content)[0]))


def test_the_same_picture_in_another_size_and_encoding_is_found(tmp_path):
    index = DuplicateIndex(tmp_path)
    for seed in range(6):
        add(index, tmp_path, f"{seed}.jpg", encode(garment(seed, 400, 500), "JPEG", quality=90))
    small = garment(3, 400, 500).resize((240, 300), Image.Resampling.LANCZOS)
    assert find(index, encode(small, "JPEG", quality=60)) == "3.jpg"
    assert find(index, encode(small, "PNG")) == "3.jpg"
    assert find(index, encode(garment(7, 400, 500), "JPEG", quality=90)) == ""


def test_different_pictures_are_no_duplicates_though_there_be_many(tmp_path):
    index = DuplicateIndex(tmp_path)
    contents = [jpeg(seed) for seed in range(260)]  # More than the first room for hashes.
    for seed, content in enumerate(contents):
        assert find(index, content) == ""
        add(index, tmp_path, f"{seed}.jpg", content)
    assert find(index, contents[259]) == "259.jpg" and find(index, contents[0]) == "0.jpg"


def test_a_picture_that_was_deleted_is_no_duplicate(tmp_path):
    index = DuplicateIndex(tmp_path)
    add(index, tmp_path, "1.jpg", jpeg(1))
    (tmp_path / "1.jpg").unlink()
    assert find(index, jpeg(1)) == ""
    write(tmp_path / "1.jpg", b"written over")
    assert find(index, jpeg(1)) == ""


def test_a_hash_is_48_digits_and_the_same_everywhere():
    thumbnail = np.asarray(noise(1, 16, 16))
    text = hash_text(thumbnail)
    assert len(text) == 48 and int(text, 16) >= 0
    assert hash_text(thumbnail) == text != hash_text(255 - thumbnail)


def test_a_thumbnail_comes_with_the_upright_size():
    content = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    noise(1, 300, 200).save(content, "JPEG", exif=exif)
    thumbnail, width, height = decode_thumbnail(content.getvalue())
    assert (thumbnail.shape, width, height) == ((16, 16, 3), 200, 300)
    with pytest.raises(PictureError, match="undecodable"):
        decode_thumbnail(content.getvalue()[:2000])
