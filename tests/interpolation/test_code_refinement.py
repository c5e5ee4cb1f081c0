import keras
import numpy as np
import pytest

from demicouture.dcgan import inference
from demicouture.dcgan.encodings import Encodings
from demicouture.evaluation.copies import distances_to_training
from demicouture.evaluation.imagenet_features import describe
from demicouture.evaluation.reference import ReferenceFeatures
from demicouture.interpolation.code_refinement import Refined, find_code, refine
from demicouture.latents import sample_prior


@pytest.fixture(scope="module")
def generator(tiny_training):
    return inference.load_generator(tiny_training / "generator.keras")


def difference(generator, picture, latent):
    rebuilt = inference.render(generator, latent[np.newaxis])[0]
    return np.abs(rebuilt.astype(float) - picture).mean()


def test_a_refined_code_is_more_like_the_photograph_and_still_distributed_as_the_prior(generator):
    wanted, nearby = sample_prior(2, 1)
    picture = inference.render(generator, wanted[np.newaxis])[0]
    code = np.clip(0.7 * wanted + 0.3 * nearby, -1, 1)
    code[0] = 1.0  # A wall of the cube is no infinity.
    found = refine(generator, picture, code)
    assert found.dtype == np.float32 and found.shape == (100,) and np.abs(found).max() <= 1
    assert difference(generator, picture, found) < 0.7 * difference(generator, picture, code)
    # The pull alone: a picture that the code gives back to the pixel is left where it is, to rounding.
    exact = refine(generator, picture, wanted, steps=5)
    assert np.abs(exact - wanted).max() < 0.2
    assert np.array_equal(found, refine(generator, picture, code))


def encodings_of(errors, withheld):
    count = len(errors)
    names = tuple(f"casual/{number}.png" for number in range(count))
    labels = np.arange(count) % 2
    return Encodings(sample_prior(count, 0), np.array(errors, np.float32), labels, withheld, names, ("a", "b"), "", "")


def test_a_photograph_is_held_against_those_that_training_has_not_seen(generator, network):
    latents = sample_prior(20, 7)
    pictures = inference.render(generator, latents)
    withheld = np.arange(20) >= 10
    features = describe(network, pictures)
    names = tuple(f"{number}.png" for number in range(20))
    reference = ReferenceFeatures(features, features, np.arange(20) % 2, withheld, names, ("a", "b"), "")
    # An encoder that knows one code only, of picture 0.
    inputs = keras.Input((32, 32, 3))
    zeros = keras.layers.Dense(100, kernel_initializer="zeros", bias_initializer="zeros", activation="tanh")
    encoder = keras.Model(inputs, zeros(keras.layers.Flatten()(inputs)))
    encoder.layers[-1].bias.assign(np.arctanh(np.clip(latents[0], -0.999, 0.999)))
    own = difference(generator, pictures[12], inference.encode(encoder, pictures[12:13])[0])
    errors = np.where(np.arange(20) % 2, own - 1, own + 1)
    found = find_code(encoder, generator, encodings_of(errors, withheld), network, reference, pictures[12])
    assert found.error == pytest.approx(own, abs=1e-3) and found.error_left < found.error
    assert found.worse == 0.5
    distances = distances_to_training(features, reference)
    assert found.farther == np.mean(distances[withheld] > distances[12])
    assert np.array_equal(found.picture, inference.render(generator, found.latent[np.newaxis])[0])
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    found = find_code(encoder, generator, encodings_of(errors, withheld), network, reference, noise)
    assert found.likeness == "unlike"
    # Without the network the pixels alone are known.
    assert find_code(encoder, generator, encodings_of(errors, withheld), None, None, noise).farther is None


def test_how_like_it_is_in_words():
    def found(worse, farther):
        return Refined(np.zeros(100), np.zeros((8, 8, 3)), 9.0, 8.0, worse, farther)

    assert found(0.63, 0.5).describe() == (
        "63% of the photographs that training has not seen come back worse from their codes: "
        "the design found is much like it"
    )
    assert found(0.3, None).likeness == "a little like"
    assert found(0.02, 0.5).likeness == found(0.9, 0.0).likeness == "unlike"
    assert "and 0% are as far from all that it has seen: the design found is unlike it; it may be no garment" in (
        found(0.9, 0.0).describe()
    )
    assert found(0.63, 0.5).results["share_of_withheld_pictures_that_come_back_worse"] == 0.63
