import numpy as np
import pytest

from demicouture.dcgan import inference
from demicouture.evaluation.controls import draw_white_noise
from demicouture.evaluation.copies import cosine_distances
from demicouture.evaluation.imagenet_features import describe
from demicouture.evaluation.reference import ReferenceFeatures
from demicouture.interpolation import inversion
from demicouture.latents import sample_prior


@pytest.fixture(scope="module")
def generator(tiny_training):
    return inference.load_generator(tiny_training / "generator.keras")


def test_without_the_network_light_and_colour_are_compared(generator):
    # Its latent is none of those that the search starts from.
    picture = inference.render(generator, sample_prior(1, 99))[0]
    found = inversion.find_latent(generator, None, None, picture, sample_prior(40, 0))
    assert found.latent.dtype == np.float32 and found.latent.shape == (100,)
    assert np.abs(found.latent).max() <= 1
    assert found.alike == 1 and found.is_near and found.distance is None and found.apart is None
    assert np.array_equal(found.picture, inference.render(generator, found.latent[np.newaxis])[0])
    assert np.abs(found.picture.astype(int) - picture).mean() < 10


def test_with_it_features_are_compared_and_the_data_set_says_how_like_the_two_are(generator, network):
    pictures = inference.render(generator, sample_prior(30, 7))
    features = describe(network, pictures)
    labels = np.arange(30) % 2
    names = tuple(f"{number}.png" for number in range(30))
    reference = ReferenceFeatures(features, features, labels, labels > 1, names, ("a", "b"), "hash")
    rounds = ((4, 10), (2, 20))
    wanted = inference.render(generator, sample_prior(1, 99))[0]
    found = inversion.find_latent(generator, network, reference, wanted, sample_prior(20, 0), rounds=rounds)
    own, others = describe(network, np.stack([wanted, found.picture])), describe(network, pictures)
    assert found.distance == pytest.approx(cosine_distances(own[:1], own[1:])[0, 0], abs=1e-6)
    among = cosine_distances(others, others)
    np.fill_diagonal(among, np.inf)
    assert found.apart == np.mean(among.min(axis=1) < found.distance)
    # The starts are designs, and the search goes down from the nearest of them.
    starts = describe(network, inference.render(generator, sample_prior(20, 0)))
    assert found.distance < cosine_distances(own[:1], starts).min()
    noise = draw_white_noise(1, 32, np.random.default_rng(0))[0]
    found = inversion.find_latent(generator, network, reference, noise, sample_prior(20, 0), rounds=rounds)
    assert not found.is_near


def test_a_design_is_near_by_both_colour_and_features():
    def near(apart, alike, distance=0.2):
        return inversion.Inversion(np.zeros(100), np.zeros((8, 8, 3)), distance, apart, alike).is_near

    assert near(0.65, 0.95) and near(None, 0.95)
    assert not near(0.75, 1.0) and not near(0.1, 0.5) and not near(None, 0.5)
    assert near(None, 0.5, distance=None)  # Without the network nothing is known.


def test_descending_stops_at_the_cubes_walls():
    # The nearest point of the cube to (3, 0.5) is (1, 0.5).
    import keras

    wanted = np.array([3, 0.5], np.float32)
    best, reached = inversion.descend(
        lambda x: keras.ops.sum(keras.ops.square(x - wanted), axis=1), np.zeros((2, 2)), 120, quiet=True
    )
    assert best == pytest.approx(np.array([[1, 0.5], [1, 0.5]]), abs=0.01)
    assert reached == pytest.approx([4, 4], abs=0.01)
