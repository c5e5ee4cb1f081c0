import hashlib
from importlib import metadata

import numpy as np
import pytest

from demicouture.synthetic import scenes
from demicouture.synthetic.garments import GARMENTS

DRAWN_WITH = {"numpy": "2.4.6", "opencv-python-headless": "5.0.0.93", "pillow": "13.0.0"}
"""The versions that drew what these tests compare with: another one may round another way."""

PICTURES = {
    ("garment_scene", "cardigan", "front"): "18c7e6c07cab",
    ("garment_scene", "fleece", "front"): "832843b6a938",
    ("garment_scene", "hoody", "front"): "0d8bc9801bae",
    ("garment_scene", "jacket", "front"): "5c00202a968e",
    ("garment_scene", "polo shirt", "front"): "9fe9346e73c4",
    ("garment_scene", "shirt", "front"): "8ccab2d30210",
    ("garment_scene", "sweats", "front"): "7062ca37f937",
    ("garment_scene", "T-shirt", "front"): "3f3a9b0e3359",
    ("garment_scene", "jacket", "back"): "380061ffdab3",
    ("garment_scene", "jacket", "side"): "2fa22937c604",
    ("garment_scene", "jacket", "several"): "a9a20a311a3f",
    ("runway_scene", "balloon", "front"): "2beabeeceadf",
    ("runway_scene", "cape", "front"): "66e83281a6f4",
    ("runway_scene", "coat", "front"): "22894a2dd968",
    ("runway_scene", "cocoon", "front"): "962f3ccb8e21",
    ("runway_scene", "column", "front"): "4fe3f2f160f7",
    ("runway_scene", "gown", "front"): "4499668bb6d5",
    ("runway_scene", "suit", "front"): "180adeaf5ee3",
    ("runway_scene", "tiers", "front"): "7c20f1a3e211",
    ("runway_scene", "suit", "back"): "51ae645939ad",
    ("runway_scene", "suit", "side"): "666927cb2737",
    ("runway_scene", "suit", "several"): "473a8698fe52",
    ("no_garment_scene", "bottle", ""): "db35a213e532",
    ("no_garment_scene", "shoe", ""): "dd2fe2c1b127",
    ("no_garment_scene", "chair", ""): "b32e34aa7a37",
    ("no_garment_scene", "landscape", ""): "b32111730235",
    ("no_garment_scene", "logo", ""): "074484e5cb04",
}
"""The start of the SHA-256 of each picture's pixels, by what draws it, its first argument and its view."""


@pytest.mark.parametrize(("scene", "name", "view"), PICTURES)
def test_the_same_seed_gives_the_same_pixels_as_ever(scene, name, view):
    found = {package: metadata.version(package) for package in DRAWN_WITH}
    if found != DRAWN_WITH:
        pytest.skip(f"drawn with {found}, the pictures to compare with by {DRAWN_WITH}")
    rng = np.random.default_rng(0)
    draw = getattr(scenes, scene)
    canvas = draw(rng, name) if scene == "no_garment_scene" else draw(name, rng, view)
    assert hashlib.sha256(canvas.pixels_uint8()).hexdigest()[:12] == PICTURES[scene, name, view]


@pytest.mark.parametrize("garment", GARMENTS)
def test_a_garment_fills_the_centre_square_and_stays_inside_it(garment):
    for seed in range(4):
        cover = scenes.garment_scene(garment, np.random.default_rng(seed)).cover > 0.5
        height, width = cover.shape
        square = cover[(height - width) // 2 : (height - width) // 2 + width]
        assert 0.2 < square.mean() < 0.75
        assert square.sum() > 0.985 * cover.sum()
        assert abs(np.nonzero(cover.any(axis=0))[0].mean() / width - 0.5) < 0.06


def test_an_outfit_stands_in_the_middle_from_head_to_floor():
    for seed in range(6):
        cover = scenes.runway_scene("gown", np.random.default_rng(seed)).cover > 0.5
        height, width = cover.shape
        rows, columns = np.nonzero(cover)
        assert rows.min() < 0.12 * height and rows.max() > 0.9 * height
        assert abs(columns.mean() / width - 0.5) < 0.1


def test_a_side_view_is_narrower_than_a_front_view():
    front = scenes.garment_scene("hoody", np.random.default_rng(3)).cover
    side = scenes.garment_scene("hoody", np.random.default_rng(3), "side").cover
    assert side.sum() < 0.6 * front.sum()
