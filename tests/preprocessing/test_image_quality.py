import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from samples import noise

from demicouture.near_duplicates import find_near_duplicates, perceptual_hash, thumbnail
from demicouture.preprocessing.image_quality import BLANK, BLURRED, DRAWN, SIDE, contrast, flatness, reduce, sharpness


def plain(level, height=SIDE, width=SIDE):
    return np.full((height, width, 3), level, np.uint8)


def step(low=0, high=255, height=SIDE, width=SIDE):
    """Dark on the left, light on the right: one edge, as sharp as pixels allow."""
    pixels = plain(low, height, width)
    pixels[:, width // 2 :] = high
    return pixels


def garment(seed, width=300, height=360, cloth=None, ground=None):
    """A T-shape with folds on a plain ground, with grain: a poor man's photograph."""
    random = np.random.default_rng(seed)
    cloth = random.integers(30, 226, 3) if cloth is None else cloth
    ground = random.integers(30, 226, 3) if ground is None else ground
    left, top, right, sleeve = random.uniform((0.2, 0.1, 0.7, 0.3), (0.35, 0.25, 0.85, 0.5))
    mask = Image.new("L", (width, height))
    draw = ImageDraw.Draw(mask)
    draw.rectangle((left * width, top * height, right * width, 0.9 * height), fill=255)
    draw.rectangle((0.05 * width, top * height, 0.95 * width, sleeve * height), fill=255)
    weight = cv2.GaussianBlur(np.asarray(mask, np.float32) / 255, (0, 0), 0.7)[..., None]
    coarse = random.normal(0, 18, (8, 8)).astype(np.float32)
    folds = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
    pixels = weight * (np.float32(cloth) + folds) + (1 - weight) * np.float32(ground)
    return np.clip(pixels + random.normal(0, 2, pixels.shape), 0, 255).astype(np.uint8)


def encoded(pixels, quality):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "JPEG", quality=quality)
    return np.asarray(Image.open(content).convert("RGB"))


def logo(ink, ground):
    image = Image.new("RGB", (400, 300), ground)
    ImageDraw.Draw(image).text((200, 150), "SALE", fill=ink, font=ImageFont.load_default(size=110), anchor="mm")
    return np.asarray(image)


def test_reduced_once_and_never_enlarged():
    assert reduce(plain(7, 512, 700)).shape == (256, 350, 3)
    small = plain(7, 100, 300)
    assert reduce(small) is small
    pixels = garment(3, 600, 700)
    for measure in (sharpness, flatness, contrast):
        assert measure(reduce(pixels)) == pytest.approx(measure(pixels), abs=0.02)


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
    assert sharpness(encoded(white, 85)) > BLURRED
    for pixels in (garment(seed), white):
        assert sharpness(encoded(pixels, 85)) > BLURRED
    assert sharpness(encoded(cv2.GaussianBlur(garment(seed), (0, 0), 4), 85)) < BLURRED


def test_a_sharp_garment_before_an_unsharp_ground_is_sharp():
    ground = cv2.GaussianBlur(np.asarray(noise(1, 300, 360)), (0, 0), 8)
    pixels = garment(2)
    ground[100:260, 80:220] = pixels[100:260, 80:220]
    assert sharpness(ground) > BLURRED


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
    assert contrast(grain) < BLANK
    # A sixteenth of the width squared is 1 in 256: under one pixel in two hundred.
    speck = plain(200)
    speck[100:116, 100:116] = 0
    assert contrast(speck) == 0
    assert contrast(garment(0, cloth=(225, 225, 225), ground=(255, 255, 255))) > BLANK


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
    assert flatness(encoded(logo("black", "white"), 88)) > DRAWN
    assert flatness(encoded(logo((250, 240, 230), (20, 15, 10)), 88)) > DRAWN
    # Also where hue alone is drawn, in colours of one brightness.
    assert flatness(logo((210, 60, 60), (60, 134, 60))) > DRAWN
    for seed in range(6):
        assert flatness(encoded(garment(seed), 85)) < DRAWN - 0.1
    stripes = garment(1)
    stripes[::6] = stripes[1::6] = stripes[2::6] = 10
    assert flatness(stripes) < 0.5


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
    pixels = garment(3)
    assert (sharpness(pixels), contrast(pixels), flatness(pixels)) == (
        sharpness(pixels.copy()),
        contrast(pixels.copy()),
        flatness(pixels.copy()),
    )
