import cv2
import numpy as np
import pytest

from demicouture.preprocessing.segmentation import PLAIN, garment_mask, lay_on, mask_box, refine, soften


def t_shape(height=400, width=300):
    """A garment's outline: body and two sleeves; bool (height, width)."""
    mask = np.zeros((height, width), bool)
    mask[100:320, 100:200] = True
    mask[100:160, 40:260] = True
    return mask


def photograph(mask, garment=(30, 60, 160), ground=(200, 190, 170), noise=0, seed=0):
    pixels = np.where(mask[..., None], garment, ground).astype(float)
    pixels += np.random.default_rng(seed).normal(0, noise, pixels.shape)
    return pixels.clip(0, 255).round().astype(np.uint8)


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


@pytest.mark.parametrize("noise", [0, 12, 30])
def test_a_garment_is_found_on_its_background(noise):
    mask = garment_mask(photograph(t_shape(), noise=noise))
    assert mask.dtype == bool and mask.shape == (400, 300)
    assert overlap(mask, t_shape()) > 0.95
    # A working pixel is 400 / 128 = 3.1 pixels.
    assert np.abs(np.subtract(mask_box(mask), (40, 100, 260, 320))).max() <= 4


def test_a_garment_is_found_on_a_chequered_background():
    mask = t_shape()
    y, x = np.mgrid[:400, :300] // 40
    ground = np.where(((x + y) % 2 == 0)[..., None], (220, 210, 200), (120, 140, 90))
    assert overlap(garment_mask(photograph(mask, (160, 30, 60), ground, noise=8)), mask) > 0.95


def test_a_garment_of_two_colours_with_a_print_of_the_background_s_colour_stays_whole():
    mask = t_shape()
    pixels = photograph(mask, noise=5)
    pixels[220:320, 100:200] = (150, 30, 40)
    pixels[180:186, 148:154] = (200, 190, 170)
    assert overlap(garment_mask(pixels), mask) > 0.95


def test_a_garment_that_reaches_the_frame_is_not_taken_for_its_background():
    mask = np.ones((400, 300), bool)
    mask[:90, :80] = mask[:90, -80:] = False  # Only above the shoulders is there ground.
    pixels = photograph(mask, noise=5)
    cv2.putText(pixels, "GAP", (90, 200), cv2.FONT_HERSHEY_SIMPLEX, 2, (240, 240, 240), 12)
    assert overlap(garment_mask(pixels), mask) > 0.9


@pytest.mark.parametrize("noise", [0, 4, 60])
def test_on_blank_paper_is_no_garment(noise):
    pixels = photograph(np.zeros((400, 300), bool), noise=noise)
    assert mask_box(garment_mask(pixels)) is None


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (5, 900), (900, 5), (16, 16), (128, 128)])
def test_pictures_of_any_size_have_masks(shape):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert garment_mask(pixels).shape == shape
    assert garment_mask(np.full_like(pixels, 255)).shape == shape


def test_the_same_picture_has_the_same_mask_whatever_came_before():
    pixels = photograph(t_shape(), noise=40)
    soft = cv2.GaussianBlur(t_shape().astype(np.float32), (0, 0), 8)
    garment, refined = garment_mask(pixels), refine(pixels, soft)
    for seed in (1, 2):
        cv2.setRNGSeed(seed)
        garment_mask(photograph(t_shape(), noise=60, seed=seed))
        assert np.array_equal(garment_mask(pixels), garment)
        assert np.array_equal(refine(pixels, soft), refined)


def test_the_box_of_a_mask():
    mask = np.zeros((10, 20), bool)
    mask[2:9, 3:13] = True  # 70 of 200
    assert mask_box(mask) == (3, 2, 13, 9)
    mask[5:9] = False  # 30 of 200
    assert mask_box(mask) == (3, 2, 13, 5)


@pytest.mark.parametrize(("filled", "is_garment"), [(0, False), (27, False), (28, True), (176, True), (177, False)])
def test_nearly_nothing_and_nearly_everything_is_no_garment(filled, is_garment):
    mask = np.arange(200).reshape(10, 20) < filled  # The bars are 0.14 and 0.88.
    assert (mask_box(mask) is not None) == is_garment


def test_a_softened_mask_is_sure_of_the_middle_and_the_ground_alone():
    mask = np.zeros((256, 256), bool)
    mask[32:224, 32:224] = True
    soft = soften(mask)
    assert soft.dtype == np.float32
    assert soft[128, 128] == pytest.approx(1) and soft[0, 0] == 0
    # 0.2 of 256 is 51.2 pixels, counted from the first one outside.
    assert soft[128, 32 + 49] == pytest.approx(0.85) and soft[128, 32 + 53] == pytest.approx(1)
    # At the edge a blur of both sides, symmetric about the line between pixel 31 and pixel 32.
    assert soft[128, 31] + soft[128, 32] == pytest.approx(1, abs=1e-5)
    assert soft[128, 32 - 14] < 0.01


def test_refining_finds_the_edge_that_a_coarse_mask_missed():
    mask = np.zeros((128, 128), bool)
    mask[30:110, 40:90] = True
    pixels = photograph(mask, noise=6)
    soft = cv2.GaussianBlur(np.roll(mask, (3, -3), (0, 1)).astype(np.float32), (0, 0), 4)
    assert overlap(soft > 0.5, mask) < 0.9
    refined = refine(pixels, soft)
    assert refined.dtype == np.float32 and refined.shape == (128, 128)
    assert overlap(refined > 0.5, mask) > 0.99


def test_a_refined_edge_is_feathered_over_half_a_pixel():
    mask = np.zeros((128, 128), bool)
    mask[30:110, 40:90] = True
    row = refine(photograph(mask), cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 3))[64]
    # A Gaussian of 0.5 pixels at whole distances, normalised: exp(-2 d²) / (1 + 2 exp(-2) + ...).
    beside = np.exp(-2) / (1 + 2 * np.exp(-2) + 2 * np.exp(-8))
    assert row[36] == 0 and row[43] == pytest.approx(1)
    assert row[39] == pytest.approx(beside, abs=1e-3) and row[40] == pytest.approx(1 - beside, abs=1e-3)


def test_ground_between_sleeve_and_body_is_taken_away():
    mask = np.zeros((256, 256), bool)
    mask[20:236, 80:176] = True
    mask[20:60, 30:226] = True
    mask[20:216, 30:60] = mask[20:216, 196:226] = True
    mask[206:216, 60:80] = True  # A cuff that touches the body makes a hole of it.
    whole = mask.copy()
    whole[20:216, 30:226] = True  # As it is found at a small scale.
    refined = refine(photograph(mask, noise=6), soften(whole))
    assert overlap(refined > 0.5, mask) > 0.97


def test_a_garment_of_its_background_s_colour_is_not_eaten():
    mask = np.zeros((256, 256), bool)
    mask[20:236, 60:196] = True
    pixels = photograph(mask, garment=(200, 190, 170), noise=6)
    pixels[110:150, 110:150] = (30, 60, 160)
    assert overlap(refine(pixels, soften(mask)) > 0.5, mask) > 0.95


@pytest.mark.parametrize("value", [0, 1, 0.5])
def test_refining_what_has_no_edge_leaves_it(value):
    pixels = photograph(np.zeros((64, 64), bool), noise=3)
    assert (refine(pixels, np.full((64, 64), value, np.float32)) == round(value)).all()


def test_lay_on_keeps_what_is_inside_and_replaces_what_is_outside():
    pixels = photograph(t_shape(), noise=20)
    laid = lay_on(pixels, t_shape().astype(np.float32))
    assert laid.dtype == np.uint8
    assert np.array_equal(laid[t_shape()], pixels[t_shape()])
    assert (laid[~t_shape()] == PLAIN).all()
    assert (lay_on(pixels, np.zeros((400, 300), np.float32), (1, 2, 3)) == (1, 2, 3)).all()
    assert np.array_equal(lay_on(pixels, np.ones((400, 300), np.float32)), pixels)


def test_lay_on_mixes_garment_and_plain_ground_without_the_old_one():
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:, :16] = (100, 20, 60)
    pixels[:, 16:] = (0, 255, 0)
    mask = np.zeros((32, 32), np.float32)
    mask[:, :15], mask[:, 15], mask[:, 16] = 1, 0.75, 0.25
    laid = lay_on(pixels, mask, (200, 220, 240))
    assert tuple(laid[8, 3]) == (100, 20, 60) and tuple(laid[8, 20]) == (200, 220, 240)
    assert tuple(laid[8, 15]) == (125, 70, 105)
    assert tuple(laid[8, 16]) == (175, 170, 195)  # (0, 255, 0) would give (150, 229, 180).
