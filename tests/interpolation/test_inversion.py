import numpy as np
import pytest

from demicouture.dcgan import inference
from demicouture.interpolation import inversion
from demicouture.latents import sample_prior


@pytest.fixture(scope="module")
def generator(tiny_training):
    return inference.load_generator(tiny_training / "generator.keras")


def test_a_picture_that_is_a_design_is_found_again(generator):
    # Its latent is none of those that the search starts from.
    latent = sample_prior(1, 99)
    picture = inference.render(generator, latent)[0]
    found = inversion.find_latent(generator, None, picture, sample_prior(40, 0))
    assert found.latent.dtype == np.float32 and found.latent.shape == (100,)
    assert np.abs(found.latent).max() <= 1
    assert found.likeness > 0.9 and found.is_near and found.nearer is None
    assert np.array_equal(found.picture, inference.render(generator, found.latent[np.newaxis])[0])
    assert np.abs(found.picture.astype(int) - picture).mean() < 10


def test_noise_is_not_found(generator):
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    found = inversion.find_latent(generator, None, noise, sample_prior(40, 0))
    assert found.likeness < inversion.LEAST_LIKENESS and not found.is_near
    assert np.abs(found.latent).max() <= 1


def test_descending_stops_at_the_cubes_walls():
    # The nearest point of the cube to (3, 0.5) is (1, 0.5).
    import keras

    wanted = np.array([3, 0.5], np.float32)
    best, reached = inversion.descend(
        lambda x: keras.ops.sum(keras.ops.square(x - wanted), axis=1), np.zeros((2, 2)), 120, quiet=True
    )
    assert best == pytest.approx(np.array([[1, 0.5], [1, 0.5]]), abs=0.01)
    assert reached == pytest.approx([4, 4], abs=0.01)
