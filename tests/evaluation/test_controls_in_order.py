"""Nothing is trained here, and everything that a person would reject lies where a person would put it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from demicouture import pretrained
from demicouture.dcgan import inference, networks
from demicouture.evaluation import controls, imagenet_features
from demicouture.evaluation.kernel_distance import kernel_distance, progress
from demicouture.evaluation.two_sample_test import tell_apart
from demicouture.images import WHITE, to_square
from demicouture.synthetic import garments, scenes

pytestmark = pytest.mark.skipif(
    pretrained.find(pretrained.IMAGENET) is None, reason="the network's weights are not here: make models"
)
HELD = 48


def draw(number):
    """Returns a drawn garment (even numbers) or look (odd ones): uint8 (64, 64, 3)."""
    rng = np.random.default_rng((7, number))
    if number % 2:
        scene = scenes.runway_scene(f"house {number % 23}", rng)
    else:
        scene = scenes.garment_scene(garments.GARMENTS[number // 2 % len(garments.GARMENTS)], rng)
    image = Image.fromarray(scene.pixels_uint8())
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return np.asarray(to_square(image, (left, top, left + side, top + side), 64, WHITE))


@pytest.fixture(scope="module")
def features():
    """The features of held-out drawings, of the others, of an untrained generator's pictures, and of all controls."""
    network = imagenet_features.find_network()
    drawings = np.stack([draw(number) for number in range(2 * HELD)])
    latents = np.random.default_rng(0).uniform(-1, 1, (HELD, 100)).astype(np.float32)
    sets = {
        "held out": drawings[:HELD],
        "drawings": drawings[HELD:],
        "untrained": inference.render(networks.build_generator(64, 0.125), latents),
    }
    sets |= controls.make_controls(drawings[HELD:], np.arange(HELD) % 2, HELD)
    return {name: imagenet_features.describe(network, pictures) for name, pictures in sets.items()}


@pytest.fixture(scope="module")
def distances(features):
    return {name: kernel_distance(features["held out"], found) for name, found in features.items()}


def test_every_control_is_worse_than_drawings_beyond_doubt(distances):
    floor = distances["drawings"]
    assert floor.low < 50 and floor.mean < 100
    for name in set(distances) - {"drawings", "held out"}:
        assert distances[name].low > max(floor.high, 0), name


def test_the_order_is_an_eyes(distances):
    # Three groups, each clearly apart from the next: a garment that can be named; its ghost; nothing at all.
    garment = ["blurred by one pixel", "quarters shuffled", "cross-faded", "half and half", "upside down"]
    ghost, nothing = ["principal components"], ["coloured noise", "white noise", "untrained"]
    for better, worse in ((["blurred by two pixels", *garment], ghost), (ghost, nothing)):
        assert max(distances[name].high for name in better) < min(distances[name].low for name in worse)
    assert distances["blurred by one pixel"].high < distances["blurred by two pixels"].low
    assert distances["coloured noise"].high < distances["white noise"].low < distances["untrained"].high


def test_progress_puts_noise_and_ghosts_far_below_garments(distances):
    done = {
        name: progress(found.mean, distances["untrained"].mean, distances["drawings"].mean)
        for name, found in distances.items()
    }
    assert done["untrained"] == 0 and done["drawings"] == 1
    assert done["white noise"] < 0.1 and done["coloured noise"] < 0.25 and done["principal components"] < 0.45
    assert 0.55 < done["blurred by two pixels"] < 0.75 < done["blurred by one pixel"] < 0.95


def test_every_control_is_told_apart_and_drawings_are_not(features):
    same = tell_apart(features["held out"], features["drawings"])
    # Both sets hold the same kinds of drawings in the same numbers, so that guessing is right in less than 50%.
    assert same.low < 0.5 and same.accuracy < 0.6
    for name in set(features) - {"drawings", "held out"}:
        assert tell_apart(features["held out"], features[name]).low > 0.7, name
