import math
import os

import cv2
import numpy as np
import pytest

from demicouture.preprocessing import pose
from demicouture.preprocessing.pose import Detection, People, Person
from demicouture.synthetic import scenes

CUTS = ("gown", "coat", "suit")

CLEAR = (("gown", 0), ("coat", 0), ("suit", 0), ("suit", 6))
"""Drawn figures, by cut and seed, of whom neither model has a doubt."""


def detection(score=0.9, box=(0, 0, 10, 10), hips=(5, 20), tip=(5, 10)):
    points = np.array([hips, tip, hips, tip], float)
    return Detection(score, np.array(box, float), points)


def person(landmarks=None, world=None, unseen=()):
    """Somebody who stands in a picture 300 wide and 400 high, the torso 100 pixels long, as a test changes them."""
    # Seen from the front, a person's left is on the picture's right.
    places = {11: (170, 150), 12: (130, 150), 23: (165, 250), 24: (135, 250), 25: (165, 340), 26: (135, 340)}
    metres = {11: (0.2, -0.5, 0), 12: (-0.2, -0.5, 0), 23: (0.1, 0, 0), 24: (-0.1, 0, 0)}
    metres |= {25: (0.1, 0.4, 0), 26: (-0.1, 0.4, 0)}
    everywhere, everything = np.full((33, 2), 150, np.float32), np.zeros((33, 3), np.float32)
    for index, place in (places | (landmarks or {})).items():
        everywhere[index] = place
    for index, place in (metres | (world or {})).items():
        everything[index] = place
    visibility = np.ones(33, np.float32)
    visibility[list(unseen)] = 0.49
    return Person(1.0, everywhere, visibility, everything, np.zeros((400, 300), np.float32))


def look(cut, seed, view="front"):
    return scenes.runway_scene(cut, np.random.default_rng(seed), view)


# -- the detector ----------------------------------------------------------------------------------------------------


def test_anchors_are_the_centres_of_three_grids_of_cells():
    anchors = pose.make_anchors()
    # 28 x 28 cells with 2 anchors each, 14 x 14 with 2, 7 x 7 with 6.
    assert anchors.shape == (1568 + 392 + 294, 2) == (2254, 2)
    expected = {
        0: (0.5 / 28, 0.5 / 28),
        1: (0.5 / 28, 0.5 / 28),
        2: (1.5 / 28, 0.5 / 28),  # x runs first
        56: (0.5 / 28, 1.5 / 28),
        1567: (27.5 / 28, 27.5 / 28),
        1568: (0.5 / 14, 0.5 / 14),
        1959: (13.5 / 14, 13.5 / 14),
        1960: (0.5 / 7, 0.5 / 7),
        1965: (0.5 / 7, 0.5 / 7),
        1966: (1.5 / 7, 0.5 / 7),
        2253: (6.5 / 7, 6.5 / 7),
    }
    for index, centre in expected.items():
        assert anchors[index] == pytest.approx(centre, abs=1e-12)


@pytest.mark.parametrize(
    ("width", "height", "scale", "corner", "size"),
    [
        (400, 100, 0.56, (0, 84), (224, 56)),
        (100, 400, 0.56, (84, 0), (56, 224)),
        (112, 112, 2.0, (0, 0), (224, 224)),
        (224, 223, 1.0, (0, 0), (224, 223)),  # The odd row is the lower bar's,
        (223, 224, 1.0, (0, 0), (223, 224)),  # the odd column the right one's.
        (2000, 2, 0.112, (0, 111), (224, 1)),
    ],
)
def test_a_picture_fits_between_black_bars(width, height, scale, corner, size):
    square, found_scale, found_corner = pose.letterbox(np.full((height, width, 3), 200, np.uint8), 224)
    assert square.shape == (224, 224, 3) and square.dtype == np.uint8
    assert found_scale == pytest.approx(scale, abs=1e-12) and found_corner == corner
    (left, top), (across, down) = corner, size
    expected = np.zeros((224, 224, 3), np.uint8)
    expected[top : top + down, left : left + across] = 200
    assert np.array_equal(square, expected)


@pytest.mark.parametrize("shape", [(100, 400), (400, 100), (300, 300), (640, 480)])
def test_a_point_of_the_letterbox_goes_back_to_its_place(shape):
    height, width = shape
    # A spot of 12 x 12 pixels; its centre is x, y.
    x, y = round(width * 0.7), round(height * 0.4)
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[y - 6 : y + 6, x - 6 : x + 6] = 255
    square, scale, corner = pose.letterbox(pixels, 224)
    assert (centre_of(square[..., 0]) - corner) / scale == pytest.approx((x, y), abs=0.5)


def centre_of(values):
    """Returns the centre of gravity, x and y; a pixel's centre lies at half past its number."""
    y, x = np.mgrid[: values.shape[0], : values.shape[1]] + 0.5
    weights = values.astype(float)
    return np.array([(x * weights).sum(), (y * weights).sum()]) / weights.sum()


def raw(**rows):
    """Returns the detector's two outputs: nobody, but for rows by their anchor's number: a score and 12 values."""
    boxes, scores = np.zeros((2254, 12), np.float32), np.full(2254, -500, np.float32)
    for name, (score, values) in rows.items():
        index = int(name.removeprefix("anchor"))
        scores[index], boxes[index] = score, values
    return boxes, scores


def test_a_detection_is_read_from_its_anchor():
    # Anchor 1568 lies at (8, 8) of 224 pixels; the sigmoid of ln 3 is 3/4.
    values = [10, 20, 40, 60, 0, 0, 0, -50, 1, 2, -3, 4]
    (found,) = pose.decode(*raw(anchor1568=(math.log(3), values)), pose.make_anchors())
    assert found.score == pytest.approx(0.75, abs=1e-6)
    assert found.box == pytest.approx([-2, -2, 38, 58])
    assert found.points == pytest.approx(np.array([(8, 8), (8, -42), (9, 10), (5, 12)]))
    assert found.size == pytest.approx(50)


def test_detections_come_in_the_order_of_their_scores_from_the_bar_on():
    values = np.zeros(12)
    rows = {
        "anchor0": (1.0, values),
        "anchor2253": (1e30, values),
        "anchor7": (0.0, values),
        "anchor3": (-0.01, values),
    }
    found = pose.decode(*raw(**rows), pose.make_anchors())
    # 1e30 is clipped to 100, whose sigmoid is 1; 0 is one half, which is enough; -0.01 is not.
    assert [each.score for each in found] == pytest.approx([1.0, 0.731059, 0.5], abs=1e-6)
    assert found[0].points[0] == pytest.approx([208, 208])  # 6.5 / 7 of 224
    assert found[1].points[0] == pytest.approx([4, 4])  # 0.5 / 28 of 224
    assert found[2].points[0] == pytest.approx([28, 4])  # anchor 7 is the second of the fourth cell


def test_nobody_is_read_where_no_score_is_enough():
    assert pose.decode(*raw(), pose.make_anchors()) == []
    assert pose.merge([]) == []


@pytest.mark.parametrize(
    ("other", "share"),
    [
        ((0, 0, 10, 10), 1),
        ((5, 0, 15, 10), 50 / 150),
        ((5, 5, 15, 15), 25 / 175),
        ((0, 0, 20, 20), 100 / 400),
        ((2, 3, 4, 8), 10 / 100),
        ((10, 0, 20, 10), 0),
        ((20, 20, 30, 30), 0),
        ((5, 5, 5, 5), 0),
    ],
)
def test_overlap_is_the_common_share_of_the_union(other, share):
    one, other = np.array((0, 0, 10, 10), float), np.array(other, float)
    assert pose.overlap(one, other) == pytest.approx(share)
    assert pose.overlap(other, one) == pytest.approx(share)


def test_two_boxes_without_area_have_nothing_in_common():
    assert pose.overlap(np.full(4, 5.0), np.full(4, 5.0)) == 0


def test_detections_of_one_person_become_their_weighted_mean():
    one = detection(0.9, (0, 0, 10, 10), hips=(5, 20), tip=(5, 10))
    other = detection(0.6, (2, 0, 12, 10), hips=(10, 20), tip=(5, 0))
    (merged,) = pose.merge([one, other])
    # 80 of 120 in common; weights 0.6 and 0.4.
    assert merged.score == 0.9
    assert merged.box == pytest.approx([0.8, 0, 10.8, 10])
    assert merged.points == pytest.approx(np.array([(7, 20), (5, 6), (7, 20), (5, 6)]))


def test_two_persons_stay_two_the_best_first():
    given = [
        detection(0.9, (0, 0, 10, 10)),
        detection(0.8, (100, 0, 110, 10)),
        detection(0.7, (1, 0, 11, 10)),
        detection(0.6, (101, 0, 111, 10)),
    ]
    merged = pose.merge(given)
    assert [each.score for each in merged] == [0.9, 0.8]
    # 7/16 and 6/14 of one pixel to the right.
    assert merged[0].box == pytest.approx([0.4375, 0, 10.4375, 10])
    assert merged[1].box == pytest.approx([100 + 3 / 7, 0, 110 + 3 / 7, 10])
    assert len(given) == 4


def test_the_best_one_decides_who_is_the_same():
    # The second overlaps the first by a half, the third the second only.
    row = [detection(0.9, (0, 0, 30, 10)), detection(0.8, (10, 0, 40, 10)), detection(0.7, (20, 0, 50, 10))]
    assert [each.score for each in pose.merge(row)] == [0.9, 0.7]


def test_an_overlap_of_just_the_bar_is_not_enough():
    # 6 of 20 in common.
    assert len(pose.merge([detection(0.9, (0, 0, 13, 1)), detection(0.8, (7, 0, 20, 1))])) == 2
    assert len(pose.merge([detection(0.9, (0, 0, 13, 1)), detection(0.8, (6, 0, 20, 1))])) == 1


@pytest.mark.parametrize(
    ("x", "size", "main"),
    [
        (0, 190, 0),  # at the edge half of 190
        (0, 210, 1),
        (400, 190, 0),
        (400, 210, 1),
        (100, 130, 0),  # halfway to the edge three quarters: 97.5
        (100, 140, 1),
        (200, 101, 1),
        (-300, 10_000, 0),  # out of sight
    ],
)
def test_the_main_person_is_large_and_near_the_middle(x, size, main):
    # In a picture 400 wide: one of size 100 in its middle, one at x. How high they stand does not matter.
    middle = detection(0.6, hips=(200, 390), tip=(200, 290))
    other = detection(0.9, hips=(x, 250), tip=(x, 250 - size))
    assert pose.choose_main([middle, other], 400, 400) == main
    assert pose.choose_main([other, middle], 400, 400) == 1 - main


# -- the square of the landmark model --------------------------------------------------------------------------------

BODIES = {"upright": (0, -80), "head to the right": (80, 0), "head to the left": (-80, 0), "head down": (0, 80)}


@pytest.mark.parametrize(
    ("body", "top", "left"),
    [
        ("upright", (150, 100), (50, 200)),
        ("head to the right", (250, 200), (150, 100)),
        ("head to the left", (50, 200), (150, 300)),
        ("head down", (150, 300), (250, 200)),
    ],
)
def test_the_body_stands_upright_in_its_square(body, top, left):
    # Hips at (150, 200), a body of 80 pixels: the square's sides are 2.5 * 80 = 200.
    square = pose.to_square(detection(hips=(150, 200), tip=np.add((150, 200), BODIES[body])))
    for spot, place in (((128, 128), (150, 200)), ((128, 0), top), ((0, 128), left)):
        assert square @ (*spot, 1) == pytest.approx(place)


def test_a_detection_without_size_still_has_a_square():
    square = pose.to_square(detection(hips=(7, 9), tip=(7, 9)))
    assert np.isfinite(square).all() and abs(np.linalg.det(square[:, :2])) > 0
    assert square @ (128, 128, 1) == pytest.approx((7, 9))


def test_a_square_of_the_pictures_own_scale_is_cut_bit_for_bit():
    pixels = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    # A body of 102.4 pixels: the square's sides are 256; around (200, 150) from (72, 22) on.
    square = pose.to_square(detection(hips=(200, 150), tip=(200, 150 - 102.4)))
    assert np.array_equal(pose.crop_square(pixels, square), pixels[22:278, 72:328])
    mask = np.random.default_rng(1).random((256, 256), dtype=np.float32)
    expected = np.zeros((300, 400), np.float32)
    expected[22:278, 72:328] = mask
    assert np.array_equal(pose.lay_back(mask, square, 400, 300), expected)


def test_a_weave_finer_than_the_squares_pixels_becomes_even():
    # Lines of two pixels, black and white, to be reduced by 4: the points between would all be white.
    lines = np.where(np.arange(1, 1025) % 4 < 2, 0, 255).astype(np.uint8)
    square = pose.to_square(detection(hips=(512, 512), tip=(512, 512 - 409.6)))
    view = pose.crop_square(np.dstack([np.tile(lines, (1024, 1))] * 3), square)
    assert view.min() >= 127 and view.max() <= 128


def test_outside_the_picture_a_square_is_black():
    square = pose.to_square(detection(hips=(0, 0), tip=(0, -102.4)))
    view = pose.crop_square(np.full((300, 400, 3), 255, np.uint8), square)
    assert (view[:128] == 0).all() and (view[:, :128] == 0).all() and (view[128:, 128:] == 255).all()


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("enlarged", [1, 4])
def test_a_spot_that_was_cut_out_is_laid_back_to_its_place(body, enlarged):
    # Enlarged by 4, the square is larger than the model's, and the picture is reduced by areas first.
    height, width = 300 * enlarged, 310 * enlarged
    hips, tip = np.multiply((150, 160), enlarged), np.multiply(np.add((150, 160), BODIES[body]), enlarged)
    x, y, half = 183 * enlarged, 121 * enlarged, 4 * enlarged
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[y - half : y + half, x - half : x + half] = 255
    square = pose.to_square(detection(hips=hips, tip=tip))
    view = pose.crop_square(pixels, square)
    inwards = cv2.invertAffineTransform(square)
    # Half a pixel at most: a reduced picture has a whole number of pixels.
    assert centre_of(view[..., 0]) == pytest.approx(inwards @ (x, y, 1), abs=0.3)
    laid = pose.lay_back(view[..., 0].astype(np.float32) / 255, square, width, height)
    assert laid.shape == (height, width) and laid.dtype == np.float32 and 0 <= laid.min() <= laid.max() <= 1
    assert centre_of(laid) == pytest.approx((x, y), abs=0.3 * enlarged)
    assert laid[y, x] == pytest.approx(1, abs=0.02) and laid.sum() == pytest.approx((2 * half) ** 2, rel=0.05)


@pytest.mark.parametrize("body", BODIES)
def test_outside_its_square_a_mask_is_nothing(body):
    # The square reaches from (50, 60) to (250, 260), whichever way it is turned.
    square = pose.to_square(detection(hips=(150, 160), tip=np.add((150, 160), BODIES[body])))
    laid = pose.lay_back(np.ones((256, 256), np.float32), square, 300, 320)
    inside = np.zeros((320, 300), bool)
    inside[59:261, 49:251] = True
    assert (laid[~inside] == 0).all() and (laid[61:259, 51:249] == 1).all()


# -- what the landmarks say ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("across", "away", "degrees"),
    [
        (0.4, 0, 0),
        (0.3, 0.3, 45),
        (0.3, -0.3, 45),
        (0, 0.4, 90),
        (0, -0.4, 90),
        (-0.3, 0.3, 135),
        (-0.3, -0.3, 135),
        (-0.4, 0, 180),
    ],
)
def test_yaw_is_the_angle_of_the_shoulders_to_either_side(across, away, degrees):
    # One shoulder higher than the other makes no difference.
    shoulders = {11: (across / 2, -0.6, away / 2), 12: (-across / 2, -0.4, -away / 2)}
    assert pose.yaw(person(world=shoulders)) == pytest.approx(degrees, abs=1e-4)


@pytest.mark.parametrize(
    ("left", "right", "steepness"),
    [
        ((0, 0.4, 0), (0, 0.4, 0), 1),
        ((0, 0, -0.4), (0, 0, -0.4), 0),
        ((0, 0.3, -0.4), (0, 0.3, -0.4), 0.6),
        ((0, 0.3, -0.4), (0.3, 0.4, 0), 0.8),  # the steeper counts
        ((0, -0.1, -0.4), (0.4, -0.1, 0), 0),  # the knees above the hips: still level
        ((0, 0, 0), (0, 0, 0), 0),
    ],
)
def test_thighs_hang_by_the_share_of_their_length_that_goes_down(left, right, steepness):
    somebody = person(world={23: (0.1, 0, 0), 25: np.add((0.1, 0, 0), left), 26: np.add((-0.1, 0, 0), right)})
    assert pose.thighs(somebody) == pytest.approx(steepness, abs=1e-6)


LEVEL_ON_THE_RIGHT = {26: (-0.1, 0, -0.4)}
"""So that it shows which thigh was looked at: the left one hangs down, 1, the right one is level, 0."""


@pytest.mark.parametrize("hidden", [23, 25])
def test_a_thigh_unseen_at_either_end_is_passed_over(hidden):
    assert pose.thighs(person(world=LEVEL_ON_THE_RIGHT)) == pytest.approx(1)
    assert pose.thighs(person(world=LEVEL_ON_THE_RIGHT, unseen=[hidden])) == pytest.approx(0)
    assert pose.thighs(person(world=LEVEL_ON_THE_RIGHT, unseen=[hidden, 24])) is None
    assert pose.thighs(person(world=LEVEL_ON_THE_RIGHT, unseen=[hidden, 26])) is None


@pytest.mark.parametrize("place", [(300, 340), (-1, 340), (165, 400), (165, 1000)])
def test_a_thigh_that_leaves_the_picture_is_passed_over(place):
    assert pose.thighs(person({25: place}, LEVEL_ON_THE_RIGHT)) == pytest.approx(0)
    assert pose.thighs(person({25: place, 26: place}, LEVEL_ON_THE_RIGHT)) is None
    assert pose.thighs(person({25: (299, 399)}, LEVEL_ON_THE_RIGHT)) == pytest.approx(1)


def test_knees_far_above_the_hips_are_lost():
    # The hips at 250, the torso 100 long: from 225 on upwards is too high.
    assert pose.thighs(person({25: (165, 226), 26: (135, 226)})) == pytest.approx(1)
    assert pose.thighs(person({25: (165, 224), 26: (135, 224)})) is None
    assert pose.thighs(person({25: (165, 224)}, LEVEL_ON_THE_RIGHT)) == pytest.approx(0)


def test_a_torso_is_between_shoulders_and_hips():
    assert pose.torso(person()) == pytest.approx((150, 200, 100))
    leaning = {11: (110, 90), 12: (90, 110), 23: (165, 185), 24: (155, 175)}  # middles (100, 100) and (160, 180)
    assert pose.torso(person(leaning)) == pytest.approx((130, 140, 100))


# -- the models themselves -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    folder = pose.find_models()
    if folder is None:
        pytest.skip("BlazePose's two files are not here; python -m demicouture.pretrained fetches them")
    return pose.PoseModel(folder)


def same(one, other):
    kinds = ("landmarks", "visibility", "world", "mask")
    numbers = (one.score, one.second, one.presence) == (other.score, other.second, other.presence)
    return numbers and all(np.array_equal(getattr(one.person, kind), getattr(other.person, kind)) for kind in kinds)


def test_drawn_figures_are_found(model):
    found = [model.find(look(cut, seed).pixels_uint8()) for cut in CUTS for seed in range(6)]
    # Of 24 seen one is not certain; none has a second person beside it.
    assert sum(people.person is not None for people in found) >= 16
    assert all(people.second == 0 for people in found)


@pytest.mark.parametrize(("cut", "seed"), CLEAR)
def test_a_figure_has_landmarks_where_it_was_drawn(model, cut, seed):
    canvas = look(cut, seed)
    people = model.find(canvas.pixels_uint8())
    somebody = people.person
    assert people.score >= pose.CERTAIN and people.presence == somebody.presence >= pose.PRESENT
    assert somebody.landmarks.shape == (33, 2) and somebody.landmarks.dtype == np.float32
    assert somebody.visibility.shape == (33,) and 0 <= somebody.visibility.min() <= somebody.visibility.max() <= 1
    assert somebody.world.shape == (33, 3) and somebody.world.dtype == np.float32
    x, y = somebody.landmarks.T
    assert y[0] < min(y[pose.LEFT_SHOULDER], y[pose.RIGHT_SHOULDER])  # the nose
    assert max(y[[pose.LEFT_SHOULDER, pose.RIGHT_SHOULDER]]) < min(y[[pose.LEFT_HIP, pose.RIGHT_HIP]])
    assert x[pose.LEFT_SHOULDER] > x[pose.RIGHT_SHOULDER] and pose.yaw(somebody) < 45
    # The figure's middle, whatever its arms do: within a fifth of the torso.
    middle, _, length = pose.torso(somebody)
    assert middle == pytest.approx(centre_of(canvas.cover > 0.5)[0], abs=length / 5)


@pytest.mark.parametrize(("cut", "seed"), CLEAR)
def test_the_mask_covers_the_drawn_torso_and_little_of_the_ground(model, cut, seed):
    canvas = look(cut, seed)
    somebody = model.find(canvas.pixels_uint8()).person
    assert somebody.mask.shape == (canvas.height, canvas.width) and somebody.mask.dtype == np.float32
    assert 0 <= somebody.mask.min() and somebody.mask.max() <= 1
    x, y, length = map(round, pose.torso(somebody))
    torso = np.zeros(canvas.cover.shape, bool)
    torso[y - length // 2 : y + length // 2, x - length // 4 : x + length // 4] = True
    torso &= canvas.cover > 0.5
    assert torso.sum() > 0.4 * length**2  # of the half that the box has: it is on the figure
    assert somebody.mask[torso].mean() > 0.9
    assert somebody.mask[canvas.cover < 0.5].mean() < 0.15


@pytest.mark.parametrize("factor", [0.43, 3])
def test_a_figure_is_the_same_at_another_size(model, factor):
    pixels = look("gown", 0).pixels_uint8()
    size = (round(pixels.shape[1] * factor), round(pixels.shape[0] * factor))
    # In each direction by its own factor, after rounding.
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    resized = model.find(cv2.resize(pixels, size, interpolation=interpolation)).person
    assert resized.mask.shape == (size[1], size[0])
    expected = pose.torso(model.find(pixels).person)
    assert np.divide(pose.torso(resized), factor) == pytest.approx(expected, abs=0.1 * expected[2])


@pytest.mark.parametrize("aside", ["left", "above"])
def test_a_figure_is_the_same_beside_an_empty_ground(model, aside):
    pixels = look("coat", 0).pixels_uint8()
    expected = pose.torso(model.find(pixels).person)
    width, height = (200, 0) if aside == "left" else (0, 200)
    wider = np.pad(pixels, ((height, 0), (width, 0), (0, 0)), mode="edge")
    found = pose.torso(model.find(wider).person)
    assert np.subtract(found, (width, height, 0)) == pytest.approx(expected, abs=0.1 * expected[2])


@pytest.mark.parametrize("turns", [0, 1, 2])
def test_a_figure_is_found_lying_and_head_down(model, turns):
    # np.rot90 turns to the left: the head comes to point left, then down.
    somebody = model.find(np.ascontiguousarray(np.rot90(look("gown", 0).pixels_uint8(), turns))).person
    spine = (somebody.world[[11, 12]].mean(axis=0) - somebody.world[[23, 24]].mean(axis=0))[:2]
    shoulders, hips = somebody.landmarks[[11, 12]].mean(axis=0), somebody.landmarks[[23, 24]].mean(axis=0)
    head = np.array([(0, -1), (-1, 0), (0, 1)])[turns]
    assert spine @ head > 0.9 * np.linalg.norm(spine)
    assert (shoulders - hips) @ head > 0.9 * np.linalg.norm(shoulders - hips)


def test_a_mirrored_figure_faces_the_camera_as_well(model):
    mirrored = model.find(np.ascontiguousarray(look("suit", 0).pixels_uint8()[:, ::-1])).person
    left, right = mirrored.landmarks[[pose.LEFT_SHOULDER, pose.RIGHT_SHOULDER]]
    assert left[0] > right[0] and pose.yaw(mirrored) < 45


def test_a_figure_seen_from_behind_is_turned_away(model):
    assert pose.yaw(model.find(look("gown", 0, "back").pixels_uint8()).person) > 135


def test_a_second_figure_is_seen(model):
    seconds = [model.find(look("gown", seed, "several").pixels_uint8()).second for seed in range(4)]
    assert 0.5 < min(seconds) and max(seconds) < 1.5


def test_of_whom_the_detector_is_not_certain_nothing_is_said(model):
    # A side view: the landmark model alone would be sure of it.
    people = model.find(look("gown", 0, "side").pixels_uint8())
    assert pose.MIN_SCORE <= people.score < pose.CERTAIN and people.presence > pose.PRESENT
    assert people.person is None


@pytest.mark.parametrize(("width", "height"), [(0, 0), (200, 0), (0, 200)])
def test_the_detectors_box_is_around_the_face(model, width, height):
    canvas = look("gown", 0)
    pixels = np.pad(canvas.pixels_uint8(), ((height, 0), (width, 0), (0, 0)), mode="edge")
    (found,) = model.detect(pixels)
    left, top, right, bottom = found.box
    x, y = model.find_landmarks(pixels, found).landmarks[0]  # the nose
    assert left < x < right and top < y < bottom
    assert right - left < found.size and bottom - top < found.size


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("shape", [(320, 240), (1, 1), (2, 900), (900, 2)])
def test_in_a_blank_picture_is_nobody(model, value, shape):
    assert model.find(np.full((*shape, 3), value, np.uint8)) == People(None, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("thing", scenes.THINGS)
def test_drawn_things_are_nobody(model, thing):
    for seed in range(4):
        pixels = scenes.no_garment_scene(np.random.default_rng(seed), thing).pixels_uint8()
        assert model.find(pixels).person is None


def test_the_same_picture_gives_the_same_bit_for_bit_whatever_came_before(model):
    one, other = look("coat", 0).pixels_uint8(), look("suit", 6).pixels_uint8()
    kept = one.copy()
    first, between, again = model.find(one), model.find(other), model.find(one)
    assert same(first, again) and not same(first, between)
    assert np.array_equal(one, kept)
    assert same(first, pose.PoseModel(pose.find_models()).find(one))


def test_a_result_outlives_the_next_picture(model):
    first = model.find(look("gown", 0).pixels_uint8())
    kept = {kind: getattr(first.person, kind).copy() for kind in ("landmarks", "visibility", "world", "mask")}
    model.find(look("suit", 0).pixels_uint8())
    for kind, values in kept.items():
        assert np.array_equal(getattr(first.person, kind), values)


def test_loading_the_models_says_nothing_and_leaves_stderr_as_it_was(model, capfd):

    pose.PoseModel(pose.find_models())
    assert capfd.readouterr() == ("", "")
    os.write(2, b"still here")
    assert capfd.readouterr().err == "still here"


def test_without_litert_nobody_is_looked_for(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert pose.find_models() is None
