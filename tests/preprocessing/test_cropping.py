import io

import numpy as np
import pytest
from PIL import Image
from samples import QUARTERS, close, corners, encode, quarters, write

from demicouture.images import Picture, open_reduced
from demicouture.preprocessing.cropping import (
    background_colour,
    centre_box,
    crop,
    find_fault,
    garment_box,
    person_box,
    read_origin,
    square_around,
)
from demicouture.preprocessing.cropping import encode as encode_cut


@pytest.mark.parametrize(
    ("size", "box"),
    [((300, 200), (50, 0, 250, 200)), ((200, 300), (0, 50, 200, 250)), ((7, 7), (0, 0, 7, 7)), ((4, 7), (0, 1, 4, 5))],
)
def test_the_largest_square_in_the_middle(size, box):
    assert centre_box(*size) == box


@pytest.mark.parametrize(
    ("box", "square"),
    [
        ((10, 20, 30, 40), (10, 20, 30, 40)),
        ((10, 20, 30, 60), (0, 20, 40, 60)),
        ((0, 0, 7, 4), (0, -1, 7, 6)),
        ((-5, -5, 5, 15), (-10, -5, 10, 15)),
    ],
)
def test_a_box_becomes_the_smallest_square_around_its_centre(box, square):
    assert square_around(box) == square
    left, top, right, bottom = square_around(box)
    assert right - left == bottom - top == max(box[2] - box[0], box[3] - box[1])


@pytest.mark.parametrize(
    ("torso", "box"),
    [
        ((100, 80, 40), (60, 40, 140, 120)),
        ((100.4, 80.6, 40.2), (60, 41, 140, 121)),  # 80.4 is 80; 60.4 is 60, 40.6 is 41.
        ((100, 80, 40.3), (60, 40, 141, 121)),  # 80.6 is 81; 59.5 and 39.5 are rounded to even.
        ((10, 20, 30), (-20, -10, 40, 50)),
        ((5, 5, 0), (4, 4, 5, 5)),
    ],
)
def test_a_person_s_square_is_two_torsos_around_the_middle_of_one(torso, box):
    assert person_box(*torso) == box


@pytest.mark.parametrize(
    ("box", "square"),
    [
        ((100, 100, 200, 200), (94, 94, 206, 206)),
        ((0, 50, 200, 150), (-12, -12, 212, 212)),
        ((3, 3, 7, 7), (3, 3, 7, 7)),
    ],
)
def test_a_garment_s_square_has_a_margin_of_six_hundredths(box, square):
    assert garment_box(box) == square


def test_boxes_that_cannot_be_meant():
    assert find_fault((-50, -50, 150, 150), 100, 80) == ""
    assert find_fault((99, 79, 110, 90), 100, 80) == ""
    assert find_fault((100, 0, 110, 10), 100, 80).startswith("outside the picture")
    assert find_fault((-10, -10, 0, 10), 100, 80).startswith("outside the picture")
    assert find_fault((0, 0, 1000, 10), 100, 80) == ""
    assert find_fault((0, 0, 1001, 10), 100, 80).startswith("over 10 times as large as the picture")


def test_the_ground_is_the_colour_of_the_frame():
    pixels = np.full((100, 80, 3), (10, 20, 30), np.uint8)
    pixels[10:90, 10:70] = (200, 200, 200)
    pixels[95:, 30:50] = (200, 200, 200)  # A hem that reaches the edge does not change it.
    assert background_colour(Image.fromarray(pixels)) == (10, 20, 30)


def test_cut_in_pixels_of_the_original_whatever_the_scale():
    content = encode(Image.fromarray(quarters(960, 800)), "JPEG", quality=95)
    for shorter_side in (None, 200):
        picture = open_reduced(content, shorter_side)
        assert close(corners(crop(picture, (80, 0, 880, 800), 64)))
        assert close([tuple(np.asarray(crop(picture, (600, 100, 700, 200), 16), int)[8, 8])], [QUARTERS[1]])


def test_cut_beyond_the_edge_is_filled_with_the_ground():
    picture = Picture(Image.new("RGB", (100, 100), (40, 50, 60)), 100, 100)
    assert (np.asarray(crop(picture, (-100, -100, 200, 200), 48)) == (40, 50, 60)).all()


def test_beyond_the_edge_each_side_goes_on_in_its_own_colours():
    pixels = np.zeros((100, 60, 3), np.uint8)
    pixels[:, :30], pixels[:, 30:] = (200, 40, 60), (20, 160, 220)
    pixels[40:60, 20:40] = (255, 255, 255)  # What lies in the middle has no part in it.
    filled = np.asarray(crop(Picture(Image.fromarray(pixels), 60, 100), (-20, 0, 80, 100), 100), int)
    assert np.array_equal(filled[:, 20:80], pixels)
    assert (filled[:, :8] == (200, 40, 60)).all() and (filled[:, -8:] == (20, 160, 220)).all()


def test_a_square_that_hardly_touches_the_picture_is_filled_all_the_same():
    picture = Picture(Image.new("RGB", (100, 100), (40, 50, 60)), 100, 100)
    for box in ((99, 99, 599, 599), (-499, 40, 1, 540)):
        assert (np.asarray(crop(picture, box, 48)) == (40, 50, 60)).all()


def test_a_cut_names_what_it_was_cut_from(tmp_path):
    image = Image.fromarray(quarters(64, 64))
    content = encode_cut(image, "abc", (-5, 0, 59, 64))
    path = write(tmp_path / "a.png", content)
    assert read_origin(path) == ("abc", (-5, 0, 59, 64))
    with Image.open(io.BytesIO(content)) as again:
        assert (again.format, again.mode) == ("PNG", "RGB")
        assert np.array_equal(np.asarray(again), np.asarray(image))
    for damage in (content[:-40], content[:10], b"", encode(image, "PNG")):
        assert read_origin(write(path, damage)) is None
