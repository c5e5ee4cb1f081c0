import cv2
import numpy as np
import pytest
from grainy_photographs import encoded, garment, plain, step
from PIL import Image, ImageDraw, ImageFont
from samples import noise

from demicouture.preprocessing.image_quality import (
    MAX_FLATNESS,
    MIN_CONTRAST,
    MIN_SHARPNESS,
    SIDE,
    contrast,
    downscale,
    flatness,
    sharpness,
)


def logo(ink, ground):
    image = Image.new("RGB", (400, 300), ground)
    ImageDraw.Draw(image).text((200, 150), "SALE", fill=ink, font=ImageFont.load_default(size=110), anchor="mm")
    return np.asarray(image)


def test_reduced_once_and_never_enlarged():
    assert downscale(plain(7, 512, 700)).shape == (256, 350, 3)
    small = plain(7, 100, 300)
    assert downscale(small) is small
    pixels = garment(3, 600, 700)
    for measure in (sharpness, flatness, contrast):
        assert measure(downscale(pixels)) == pytest.approx(measure(pixels), abs=0.02)


@pytest.mark.parametrize("radius", [2, 3, 5])
def test_sharpness_is_that_of_the_formula(radius):
    # Sobel's own three pixels widen an edge of s to sqrt(s² + ½) or so; from 2 pixels on that is within 3%.
    blurred = cv2.GaussianBlur(step(), (0, 0), radius)
    assert sharpness(blurred) == pytest.approx(1 - radius / np.hypot(radius, 1.5), abs=0.03)


def test_sharpness_knows_no_contrast():
    # Black to white, and 10 levels of 255: the same edge.
    assert sharpness(step(0, 250)) == pytest.approx(sharpness(step(240, 250)), abs=0.03)
    assert sharpness(step(240, 250)) > 0.5


@pytest.mark.parametrize("seed", range(4))
def test_white_on_white_is_not_blurred_and_blurred_pictures_are(seed):
    white = garment(seed, cloth=(246, 246, 244), ground=(255, 255, 255))
    assert sharpness(encoded(white, 85)) > MIN_SHARPNESS
    for pixels in (garment(seed), white):
        assert sharpness(encoded(pixels, 85)) > MIN_SHARPNESS
    assert sharpness(encoded(cv2.GaussianBlur(garment(seed), (0, 0), 4), 85)) < MIN_SHARPNESS


def test_a_sharp_garment_before_an_unsharp_ground_is_sharp():
    ground = cv2.GaussianBlur(np.asarray(noise(1, 300, 360)), (0, 0), 8)
    pixels = garment(2)
    ground[100:260, 80:220] = pixels[100:260, 80:220]
    assert sharpness(ground) > MIN_SHARPNESS


def test_an_even_picture_has_no_sharpness_and_no_contrast():
    assert sharpness(plain(128)) == 0
    assert contrast(plain(128)) == 0


def test_contrast_by_hand():
    assert contrast(step(100, 151)) == pytest.approx(51 / 255)
    # Red on green of the same brightness is no blank picture.
    coloured = plain(0)
    coloured[:, :128, 0], coloured[:, 128:, 1] = 200, 102
    assert contrast(coloured) == pytest.approx(200 / 255)


def test_contrast_is_neither_noise_nor_a_speck():
    grain = np.random.default_rng(0).normal(128, 5, (SIDE, SIDE, 3)).astype(np.uint8)
    assert contrast(grain) < MIN_CONTRAST
    # A sixteenth of the width squared is 1 in 256: under one pixel in two hundred.
    speck = plain(200)
    speck[100:116, 100:116] = 0
    assert contrast(speck) == 0
    assert contrast(garment(0, cloth=(225, 225, 225), ground=(255, 255, 255))) > MIN_CONTRAST


def test_flatness_by_hand():
    # A Gaussian of one pixel, cut off at three, weighs 0.399, 0.242, 0.054, 0.004. Beside the edge it leaves 0.699,
    # 0.941, 0.996 and 1 of 255, so the slopes, half the difference of both neighbours, are 255 × (0.941 − 0.301) / 2 =
    # 82, 38, 7.5 and 0.6: two columns on either side are hard, and the third, being near them, is not soft.
    assert flatness(step()) == pytest.approx(1 - 4 / SIDE)
    assert flatness(plain(90)) == 1
    # A slope of 4 levels a pixel everywhere is all shading.
    ramp = np.broadcast_to(np.arange(60, dtype=np.uint8)[:, None] * 4, (60, 60))
    assert flatness(np.ascontiguousarray(np.repeat(ramp[..., None], 3, 2))) == 0


def test_drawings_are_flat_and_garments_are_not():
    assert flatness(encoded(logo("black", "white"), 88)) > MAX_FLATNESS
    assert flatness(encoded(logo((250, 240, 230), (20, 15, 10)), 88)) > MAX_FLATNESS
    # Also where hue alone is drawn, in colours of one brightness.
    assert flatness(logo((210, 60, 60), (60, 134, 60))) > MAX_FLATNESS
    for seed in range(6):
        assert flatness(encoded(garment(seed), 85)) < MAX_FLATNESS - 0.1
    stripes = garment(1)
    stripes[::6] = stripes[1::6] = stripes[2::6] = 10
    assert flatness(stripes) < 0.5


def test_the_same_twice():
    pixels = garment(3)
    assert (sharpness(pixels), contrast(pixels), flatness(pixels)) == (
        sharpness(pixels.copy()),
        contrast(pixels.copy()),
        flatness(pixels.copy()),
    )
