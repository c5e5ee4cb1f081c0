import cv2
import numpy as np
import pytest

from demicouture.preprocessing import pose, segmentation
from demicouture.preprocessing.pose import Person
from demicouture.preprocessing.worn_garment import WornGarment, find_worn_garment
from demicouture.synthetic import scenes

needs_models = pytest.mark.skipif(pose.find_models() is None, reason="BlazePose's models are not there: make models")

HEIGHT, WIDTH = 400, 300
SKIN, HAIR, GREEN, BLUE, BROWN = (224, 172, 138), (52, 34, 24), (40, 140, 70), (40, 70, 170), (120, 70, 40)
GROUND = (150, 150, 160)
PLACES = {0: (150, 72), 2: (158, 64), 5: (142, 64), 7: (170, 68), 8: (130, 68), 9: (156, 84), 10: (144, 84)}
PLACES |= {11: (185, 125), 12: (115, 125), 23: (170, 225), 24: (130, 225), 25: (170, 320), 26: (130, 320)}
ARMS = {13: (205, 180), 14: (95, 180), 15: (215, 235), 16: (85, 235)}
HANDS = {17: (219, 252), 19: (214, 254), 18: (81, 252), 20: (86, 254)}
CROSSED = {15: (140, 195), 17: (123, 191), 19: (122, 196)}
"""BlazePose's landmarks of somebody who stands; of one who lays a hand on the belly."""


def draw(top=GREEN, sleeves=None, legs=BROWN, hem=240, places=None, grain=3):
    """Returns somebody in a top: pixels, and the person that BlazePose would find.

    Args:
        top: The colour of the top, from the shoulders to the hem.
        sleeves: That of its sleeves; None for bare arms.
        legs: That of trousers; None for bare legs.
        hem: The top's lower end, in pixels.
        places: Landmarks that lie elsewhere.
        grain: The standard deviation of the colours.
    """
    points = np.full((33, 2), 150.0)
    for index, place in (PLACES | ARMS | HANDS | (places or {})).items():
        points[index] = place
    at = {index: tuple(int(value) for value in point) for index, point in enumerate(points)}
    pixels, mask = np.full((HEIGHT, WIDTH, 3), GROUND, np.uint8), np.zeros((HEIGHT, WIDTH), np.uint8)

    def paint(function, *where, colour, thickness=-1):
        function(pixels, *where, colour, thickness)
        function(mask, *where, 1, thickness)

    for hip, knee in ((23, 25), (24, 26)):
        paint(cv2.line, at[hip], (at[knee][0], 395), colour=legs or SKIN, thickness=36)
    paint(cv2.circle, (150, 64), 36, colour=HAIR)
    paint(cv2.rectangle, (137, 90), (163, 125), colour=SKIN)
    paint(cv2.ellipse, (150, 72), (22, 28), 0, 0, 360, colour=SKIN)
    paint(cv2.rectangle, (115, 115), (185, hem), colour=top)
    for shoulder, elbow, wrist, index in ((11, 13, 15, 19), (12, 14, 16, 20)):
        for start, end in ((shoulder, elbow), (elbow, wrist)):
            paint(cv2.line, at[start], at[end], colour=sleeves or SKIN, thickness=18)
        paint(cv2.line, at[wrist], at[index], colour=SKIN, thickness=14)
    noise = np.random.default_rng(0).normal(0, grain, pixels.shape)
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1)
    somebody = Person(1.0, points.astype(np.float32), np.ones(33, np.float32), np.zeros((33, 3), np.float32), soft)
    return (pixels + noise).clip(0, 255).astype(np.uint8), somebody


def cut(**how) -> WornGarment:
    return find_worn_garment(*draw(**how))


def part(mask, left, top, right, bottom):
    return float(mask[top:bottom, left:right].mean())


def test_of_a_person_in_a_top_and_trousers_the_top_remains():
    worn = cut(sleeves=GREEN)
    assert worn.mask.shape == (HEIGHT, WIDTH) and worn.mask.dtype == worn.covered.dtype == np.float32
    assert 0 <= worn.mask.min() and worn.mask.max() <= 1
    assert part(worn.mask, 120, 130, 180, 232) > 0.98
    # Both sleeves, but neither head, neck and hair, nor hands, nor trousers.
    assert part(worn.mask, 207, 190, 211, 220) > 0.9 and part(worn.mask, 90, 190, 94, 220) > 0.9
    assert part(worn.mask, 100, 20, 200, 105) == part(worn.mask, 100, 255, 200, 400) == 0
    assert part(worn.mask, 205, 246, 230, 270) == part(worn.mask, 70, 246, 95, 270) == 0
    left, top, right, bottom = worn.box
    assert abs(top - 115) <= 6 and abs(bottom - 241) <= 8 and left < 95 and right > 205
    assert worn.covered.max() == 0


def test_bare_arms_and_legs_go_with_the_head():
    worn = cut(legs=None, hem=270)
    assert part(worn.mask, 120, 130, 180, 262) > 0.98
    assert worn.mask[:, :100].max() < 0.5 and worn.mask[:, 200:].max() < 0.5
    assert part(worn.mask, 100, 280, 200, 400) < 0.01


def test_what_goes_on_to_the_floor_is_cut_at_mid_thigh():
    worn = cut(sleeves=BLUE, top=BLUE, legs=BLUE, hem=390)
    # Hips at 225, knees at 320.
    assert abs(worn.box[3] - 272.5) <= 8
    assert part(worn.mask, 120, 130, 180, 262) > 0.98


def test_a_sleeve_of_another_colour_stays():
    worn = cut(sleeves=BLUE)
    assert part(worn.mask, 207, 190, 211, 220) > 0.9 and part(worn.mask, 90, 190, 94, 220) > 0.9


def test_a_hand_before_the_garment_is_covered_and_the_garment_goes_on_there():
    pixels, somebody = draw(sleeves=GREEN, places=CROSSED)
    worn = find_worn_garment(pixels, somebody)
    assert part(worn.mask, 120, 130, 180, 232) > 0.97
    assert part(worn.covered, 124, 190, 134, 198) > 0.9 and part(worn.covered, 150, 130, 180, 160) == 0
    filled = segmentation.fill(pixels, worn.mask, worn.covered)
    there = filled[190:198, 126:132].reshape(-1, 3).mean(axis=0)
    assert np.abs(there - GREEN).max() < 12
    away = np.abs(filled.astype(int) - pixels)[:, :100]
    assert away.max() == 0


def test_nothing_covered_changes_no_pixel():
    pixels, _ = draw()
    assert (
        segmentation.fill(pixels, np.ones((HEIGHT, WIDTH), np.float32), np.zeros((HEIGHT, WIDTH), np.float32)) is pixels
    )


def test_without_a_person_or_a_face_nothing_is_cut_out():
    pixels, somebody = draw()
    nobody = Person(1.0, somebody.landmarks, somebody.visibility, somebody.world, np.zeros_like(somebody.mask))
    assert find_worn_garment(pixels, nobody) is None
    faceless = somebody.landmarks.copy()
    faceless[:11] = (20, 20)  # far from the person's mask
    assert find_worn_garment(pixels, Person(1.0, faceless, somebody.visibility, somebody.world, somebody.mask)) is None


@pytest.mark.parametrize("factor", [0.5, 2])
def test_a_garment_is_the_same_at_another_size(factor):
    pixels, somebody = draw(sleeves=GREEN)
    expected = find_worn_garment(pixels, somebody)
    size = round(WIDTH * factor), round(HEIGHT * factor)
    resized, mask = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (pixels, somebody.mask))
    points = somebody.landmarks * np.float32(factor)
    found = find_worn_garment(resized, Person(1.0, points, somebody.visibility, somebody.world, mask))
    assert np.divide(found.box, factor) == pytest.approx(expected.box, abs=7)


def test_the_same_picture_gives_the_same_garment():
    one, other = cut(sleeves=GREEN), cut(sleeves=GREEN)
    assert np.array_equal(one.mask, other.mask) and one.box == other.box


@needs_models
def test_of_drawn_looks_the_torso_stays_and_the_head_goes():
    model = pose.PoseModel(pose.find_models())
    for cut_name, seed in (("coat", 0), ("gown", 0), ("suit", 0)):
        pixels = scenes.runway_scene(cut_name, np.random.default_rng(seed)).pixels_uint8()
        somebody = model.find(pixels).person
        worn = find_worn_garment(pixels, somebody)
        x, y = (round(float(value)) for value in somebody.landmarks[0])
        assert worn.mask[: y + 3, x - 3 : x + 4].max() == 0  # the nose, and all above
        middle, centre, length = map(round, pose.torso(somebody))
        assert worn.mask[centre - length // 4 : centre + length // 4, middle - 4 : middle + 5].mean() > 0.8
