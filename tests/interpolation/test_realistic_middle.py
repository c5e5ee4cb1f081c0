from functools import partial

import numpy as np
import pytest

from demicouture.dcgan import inference
from demicouture.interpolation import realistic_middle
from demicouture.interpolation.paths import prior_preserving_path
from demicouture.interpolation.realistic_middle import SHIFTS, bend, views
from demicouture.latents import from_normal, sample_prior, to_normal


def test_latents_and_their_normal_numbers():
    latents = sample_prior(3, 0)
    assert from_normal(to_normal(latents)) == pytest.approx(latents, abs=1e-6)
    assert to_normal(np.array([[0.0, 0.6826894921]])) == pytest.approx(np.array([[0, 1]]), abs=1e-6)
    assert np.isfinite(to_normal(np.array([[-1.0, 1.0]]))).all()


@pytest.mark.both_backends
def test_the_middle_follows_the_discriminator_and_the_ends_stay(tiny_training):
    import keras

    generator = inference.load_generator(tiny_training / "generator.keras")
    # "A photograph" is, to this one, what is light above and dark below.
    pictures = keras.Input(generator.output_shape[1:])
    halves = keras.ops.mean(pictures, axis=(2, 3))
    lighter = keras.ops.mean(halves[:, :16], axis=1) - keras.ops.mean(halves[:, 16:], axis=1)
    discriminator = keras.Model(pictures, keras.ops.reshape(100 * lighter, (-1, 1)))
    path = partial(prior_preserving_path, *sample_prior(2, 3).astype(np.float64))
    found = bend(path, generator, discriminator)
    t = np.linspace(0, 1, 9)
    before, after = path(t), found.path(t)
    assert np.array_equal(after[[0, -1]], before[[0, -1]])
    assert found.logit > found.logit_before + 0.1
    drawn = views(generator(after[[4]].astype(np.float32), training=False))
    assert found.logit == pytest.approx(float(np.asarray(discriminator(drawn)).mean()), abs=1e-4)
    # Every point keeps its length, and the nearer it is to an end, the less it moves.
    lengths = [np.linalg.norm(to_normal(points), axis=1) for points in (before, after)]
    assert lengths[1] == pytest.approx(lengths[0], abs=1e-6)
    moved = np.sqrt(np.square(to_normal(after) - to_normal(before)).mean(axis=1))
    assert (np.diff(moved[:5]) > 0).all() and (np.diff(moved[4:]) < 0).all()
    assert moved[4] == pytest.approx(found.moved, rel=0.05) and 0.02 < found.moved < 1
    # To the bit, whenever it is done again.
    assert np.array_equal(bend(path, generator, discriminator).path(t), after)


@pytest.mark.parametrize("weight", ["PULL", "COLOUR", "GRAIN"])
def test_the_middle_is_held_to_where_it_was_and_to_its_colour_and_gets_no_grain(tiny_training, monkeypatch, weight):
    import keras

    generator = inference.load_generator(tiny_training / "generator.keras")
    pictures = keras.Input(generator.output_shape[1:])
    # What this one takes for photographs is light, and rough.
    rough = keras.ops.mean(keras.ops.abs(pictures[:, 1:] - pictures[:, :-1]), axis=(1, 2, 3))
    logits = 20 * (keras.ops.mean(pictures, axis=(1, 2, 3)) + rough) - 4
    discriminator = keras.Model(pictures, keras.ops.reshape(logits, (-1, 1)))
    path = partial(prior_preserving_path, *sample_prior(2, 3).astype(np.float64))
    middle = np.array([0.5])
    before = np.asarray(generator(path(middle).astype(np.float32), training=False))

    def measure() -> dict[str, float]:
        found = bend(path, generator, discriminator)
        after = np.asarray(generator(found.path(middle).astype(np.float32), training=False))
        recoloured = np.abs((after - before).mean(axis=(0, 1, 2))).mean()
        return {"PULL": found.moved, "COLOUR": recoloured, "GRAIN": np.abs(np.diff(after, axis=1)).mean()}

    held = measure()[weight]
    monkeypatch.setattr(realistic_middle, weight, 0.0)
    assert measure()[weight] > 1.05 * held


def test_views_are_the_picture_mirrored_and_moved():
    pictures = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 3)).astype(np.float32)
    own, mirrored, *moved = np.split(np.asarray(views(pictures)), 2 + len(SHIFTS))
    assert np.array_equal(own, pictures) and np.array_equal(mirrored, pictures[:, :, ::-1])
    for view, (down, right) in zip(moved, SHIFTS, strict=True):
        inside = np.roll(pictures, (down, right), axis=(1, 2))[:, 2:-2, 2:-2]
        assert np.array_equal(view[:, 2:-2, 2:-2], inside)
