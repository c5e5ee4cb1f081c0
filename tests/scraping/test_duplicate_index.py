from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from samples import encode, garment, jpeg, noise, write

from demicouture.errors import PictureError
from demicouture.scraping.duplicate_index import Twins, hash_text, look


def find(twins, content):
    thumbnail, _, _ = look(content)
    return twins.find(thumbnail, hash_text(thumbnail))


def add(twins, folder, name, content):
    write(folder / name, content)
    twins.add(name, hash_text(look(content)[0]))


def test_the_same_picture_in_another_size_and_encoding_is_found(tmp_path):
    twins = Twins(tmp_path)
    for seed in range(6):
        add(twins, tmp_path, f"{seed}.jpg", encode(garment(seed, 400, 500), "JPEG", quality=90))
    small = garment(3, 400, 500).resize((240, 300), Image.Resampling.LANCZOS)
    assert find(twins, encode(small, "JPEG", quality=60)) == "3.jpg"
    assert find(twins, encode(small, "PNG")) == "3.jpg"
    assert find(twins, encode(garment(7, 400, 500), "JPEG", quality=90)) == ""


def test_different_pictures_are_no_twins_though_there_be_many(tmp_path):
    twins = Twins(tmp_path)
    contents = [jpeg(seed) for seed in range(300)]  # More than the first room for hashes.
    for seed, content in enumerate(contents):
        assert find(twins, content) == ""
        add(twins, tmp_path, f"{seed}.jpg", content)
    assert find(twins, contents[299]) == "299.jpg" and find(twins, contents[0]) == "0.jpg"


def test_a_picture_that_was_deleted_is_no_twin(tmp_path):
    twins = Twins(tmp_path)
    add(twins, tmp_path, "1.jpg", jpeg(1))
    (tmp_path / "1.jpg").unlink()
    assert find(twins, jpeg(1)) == ""
    write(tmp_path / "1.jpg", b"written over")
    assert find(twins, jpeg(1)) == ""


def test_a_hash_is_48_digits_and_the_same_everywhere():
    thumbnail = np.asarray(noise(1, 16, 16))
    text = hash_text(thumbnail)
    assert len(text) == 48 and int(text, 16) >= 0
    assert hash_text(thumbnail) == text != hash_text(255 - thumbnail)


def test_a_look_gives_the_upright_size():
    content = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    noise(1, 300, 200).save(content, "JPEG", exif=exif)
    thumbnail, width, height = look(content.getvalue())
    assert (thumbnail.shape, width, height) == ((16, 16, 3), 200, 300)
    with pytest.raises(PictureError, match="undecodable"):
        look(content.getvalue()[:2000])
