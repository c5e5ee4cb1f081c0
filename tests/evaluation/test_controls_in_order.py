"""Nothing is trained here, and everything that a person would reject lies where a person would put it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from demicouture.dcgan import inference, networks
from demicouture.evaluation import controls, imagenet_features
from demicouture.evaluation.copies import find_nearest
from demicouture.evaluation.generator_quality import QualityMeter, describe_quality
from demicouture.evaluation.kernel_distance import kernel_distance
from demicouture.evaluation.realism_scale import GARMENTS, RealismScale
from demicouture.evaluation.reference import ReferenceFeatures
from demicouture.evaluation.two_sample_test import tell_apart
from demicouture.images import WHITE, to_square
from demicouture.synthetic import garments, scenes
from demicouture.synthetic.runway_styles import CUTS

HELD = 48
NOTHING = ("coloured noise", "white noise", "untrained")


def draw(number):
    """Returns a drawn garment (even numbers) or look (odd ones): uint8 (64, 64, 3)."""
    rng = np.random.default_rng((7, number))
    if number % 2:
        scene = scenes.runway_scene(CUTS[number // 2 % len(CUTS)], rng)
    else:
        scene = scenes.garment_scene(garments.GARMENTS[number // 2 % len(garments.GARMENTS)], rng)
    image = Image.fromarray(scene.pixels_uint8())
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return np.asarray(to_square(image, (left, top, left + side, top + side), 64, WHITE))


@pytest.fixture(scope="module")
def drawings():
    """Drawn pictures; the first half is held out."""
    return np.stack([draw(number) for number in range(2 * HELD)])


@pytest.fixture(scope="module")
def features(network, drawings):
    """The features of held-out drawings, of the others, of an untrained generator's pictures, and of all controls."""
    latents = np.random.default_rng(0).uniform(-1, 1, (HELD, 100)).astype(np.float32)
    sets = {
        "held out": drawings[:HELD],
        "drawings": drawings[HELD:],
        "mirrored": drawings[HELD:, :, ::-1],
        "untrained": inference.render(networks.build_generator(64, 0.125), latents),
    }
    sets |= controls.make_controls(drawings[HELD:], np.arange(HELD) % 2, HELD)
    return {name: imagenet_features.describe(network, pictures) for name, pictures in sets.items()}


@pytest.fixture(scope="module")
def distances(features):
    return {name: kernel_distance(features["held out"], features[name]) for name in set(features) - {"mirrored"}}


@pytest.fixture(scope="module")
def scale(distances):
    marks = {name: found.mean for name, found in distances.items()}
    return RealismScale(marks["untrained"], marks["drawings"], marks)


@pytest.fixture(scope="module")
def reference(network, drawings, features):
    """All drawings, of which the first half is withheld."""
    return ReferenceFeatures(
        np.concatenate([features["held out"], features["drawings"]]),
        np.concatenate([imagenet_features.describe(network, drawings[:HELD, :, ::-1]), features["mirrored"]]),
        np.arange(2 * HELD) % 2,
        np.arange(2 * HELD) < HELD,
        tuple(f"{number}.png" for number in range(2 * HELD)),
        ("garments", "looks"),
        "",
    )


def test_every_control_is_worse_than_drawings_beyond_doubt(distances):
    floor = distances["drawings"]
    assert floor.low < 50 and floor.mean < 100
    for name in set(distances) - {"drawings", "held out"}:
        assert distances[name].low > max(floor.high, 0), name


def test_the_order_is_an_eyes(distances):
    # Three groups, each clearly apart from the next: a garment that can be named; its ghost; nothing at all.
    garment = ["blurred by one pixel", "quarters shuffled", "cross-faded", "half and half", "upside down"]
    ghost, nothing = ["principal components"], NOTHING
    for better, worse in ((["blurred by two pixels", *garment], ghost), (ghost, nothing)):
        assert max(distances[name].high for name in better) < min(distances[name].low for name in worse)
    assert distances["blurred by one pixel"].high < distances["blurred by two pixels"].low
    assert distances["coloured noise"].high < distances["white noise"].low < distances["untrained"].high


def test_progress_puts_noise_and_ghosts_below_the_bar_and_every_control_below_drawings(scale):
    done = {name: scale.progress(mark) for name, mark in scale.marks.items()}
    assert done["untrained"] == 0 and done["drawings"] == 1
    assert done["white noise"] < 0.1 and done["coloured noise"] < 0.25 and done["principal components"] < 0.45
    assert max(done[name] for name in (*NOTHING, "principal components")) < GARMENTS
    assert 0.55 < done["blurred by two pixels"] < 0.75 < done["blurred by one pixel"] < 0.95
    assert all(done[name] < 0.95 for name in set(done) - {"drawings", "held out"})


def test_every_control_is_told_apart_and_drawings_are_not(features):
    same = tell_apart(features["held out"], features["drawings"])
    # Both sets hold the same kinds of drawings in the same numbers, so that guessing is right in less than 50%.
    assert same.low < 0.5 and same.accuracy < 0.6
    for name in set(features) - {"drawings", "mirrored", "held out"}:
        assert tell_apart(features["held out"], features[name]).low > 0.7, name


def test_copies_are_called_copies_and_nothing_else_is(network, drawings, features, reference):
    moved = np.roll(drawings[HELD:], 2, axis=2)
    for copies in (features["drawings"], features["mirrored"], imagenet_features.describe(network, moved)):
        found = find_nearest(copies, reference)
        assert found.copy.mean() >= 0.95
        assert np.mean([name == f"{HELD + row}.png" for row, name in enumerate(found.files)]) >= 0.95
    assert find_nearest(features["held out"], reference).copy.mean() <= 0.05
    for name in ("cross-faded", "half and half", "blurred by two pixels", "principal components", *NOTHING):
        assert find_nearest(features[name], reference).copy.mean() <= 0.05, name


def test_a_generator_that_copies_is_near_and_is_called_what_it_is(drawings, features, reference, scale):
    by_picture = {picture.tobytes(): row for picture, row in zip(drawings[HELD:], features["drawings"], strict=True)}
    meter = QualityMeter(lambda pictures: np.stack([by_picture[one.tobytes()] for one in pictures]), reference, scale)
    quality = meter.measure(drawings[HELD:])
    assert quality["progress"] == 1 and quality["copies"] == 1
    assert describe_quality(quality)[-1] == "100% of its designs are copies of pictures that it learned from"
