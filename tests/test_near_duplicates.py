import cv2
import numpy as np
import pytest
from grainy_photographs import encoded, garment, plain, step

from demicouture.near_duplicates import find_near_duplicates, perceptual_hash, thumbnail


def test_a_thumbnail_is_small_square_and_of_the_picture():
    assert (thumbnail(plain(77, 300, 200)) == 77).all()
    tiny = thumbnail(step(0, 200, 300, 500))
    assert tiny.shape == (16, 16, 3) and tiny.dtype == np.uint8
    assert (tiny[:, :6] == 0).all() and (tiny[:, 10:] == 200).all()


def test_the_hash_by_hand():
    # Light falls off to the right, as half a cosine: the first frequency across alone lies above the median, the
    # first bit of 63. In a grey picture no difference of colours does.
    wave = 128 + 100 * np.cos(np.pi * (np.arange(16) + 0.5) / 16)
    tiny = np.broadcast_to(np.rint(wave).astype(np.uint8)[None, None, :, None], (1, 16, 16, 3))
    words = perceptual_hash(tiny)
    assert words.shape == (1, 3) and words.dtype == np.uint64
    assert words[0, 0] & np.uint64(1)
    assert words[0, 1] == words[0, 2] == 0
    # Turned about, it lies below.
    assert not perceptual_hash(tiny[:, :, ::-1])[0, 0] & np.uint64(1)


COPIES = {
    "worse": lambda pixels: encoded(pixels, 40),
    "smaller": lambda pixels: cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "larger": lambda pixels: cv2.resize(pixels, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC),
    "cropped": lambda pixels: np.ascontiguousarray(pixels[7:-7, 6:-6]),
    "cropped on one side": lambda pixels: np.ascontiguousarray(pixels[:, 9:]),
    "brighter": lambda pixels: np.clip(pixels * 1.06 + 4, 0, 255).astype(np.uint8),
}


@pytest.mark.parametrize("copy", COPIES)
def test_copies_are_found_and_others_are_not(copy):
    originals = [garment(seed) for seed in range(40)]
    copies = [COPIES[copy](pixels) for pixels in originals]
    pairs = find_near_duplicates(np.stack([thumbnail(pixels) for pixels in originals + copies]))
    found = {tuple(pair) for pair in pairs.tolist()}
    wanted = {(row, row + 40) for row in range(40)}
    assert not found - wanted
    assert len(found) >= (34 if "cropped" in copy else 39)


def test_the_cropped_one_may_come_first():
    pixels = garment(5)
    pair = [thumbnail(COPIES["cropped"](pixels)), thumbnail(pixels)]
    assert find_near_duplicates(np.stack(pair)).tolist() == [[0, 1]]


def test_the_same_shape_in_another_colour_is_no_copy():
    shapes = [garment(7, cloth=cloth, ground=(230, 230, 230)) for cloth in ((40, 40, 120), (120, 40, 40), (40, 90, 40))]
    assert len(find_near_duplicates(np.stack([thumbnail(pixels) for pixels in shapes]))) == 0


def test_the_same_garment_in_another_place_is_no_copy():
    pixels = garment(8, ground=(200, 210, 220))
    moved = np.roll(pixels, 45, axis=1)
    assert len(find_near_duplicates(np.stack([thumbnail(pixels), thumbnail(moved)]))) == 0


def test_pairs_are_sorted_and_each_comes_once():
    tiny = thumbnail(garment(1))
    other = thumbnail(garment(2))
    assert find_near_duplicates(np.stack([tiny, other, tiny, other, tiny])).tolist() == [[0, 2], [0, 4], [1, 3], [2, 4]]


def test_more_pictures_than_are_compared_at_a_time():
    tiny = np.random.default_rng(0).integers(0, 256, (400, 16, 16, 3), dtype=np.uint8)
    tiny[399], tiny[300] = tiny[0], tiny[150]
    assert find_near_duplicates(tiny).tolist() == [[0, 399], [150, 300]]


def test_a_blank_picture_is_no_copy_of_a_grey_one():
    # Both have no colours, and nothing is left of a picture's contrast where there is none.
    grey = [np.repeat(garment(seed)[..., :1], 3, axis=2) for seed in range(10)]
    assert (
        len(find_near_duplicates(np.stack([thumbnail(pixels) for pixels in [*grey, plain(0), plain(128), plain(255)]])))
        == 0
    )


def test_grey_copies_are_found():
    grey = [np.repeat(garment(seed)[..., :1], 3, axis=2) for seed in range(10)]
    copies = [encoded(pixels, 60) for pixels in grey]
    pairs = find_near_duplicates(np.stack([thumbnail(pixels) for pixels in grey + copies]))
    assert pairs.tolist() == [[row, row + 10] for row in range(10)]


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_to_compare(count):
    pairs = find_near_duplicates(np.zeros((count, 16, 16, 3), np.uint8))
    assert pairs.shape == (0, 2) and pairs.dtype == np.int64


def test_the_same_twice():
    tiny = np.stack([thumbnail(garment(seed % 7)) for seed in range(20)])
    assert (find_near_duplicates(tiny) == find_near_duplicates(tiny)).all()
