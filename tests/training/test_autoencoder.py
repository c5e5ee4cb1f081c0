"""An encoder that learns along with the game, or afterwards: what its losses are, and that it learns."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from tiny_gan import PICTURES, fit, shared, state  # noqa: E402

from demicouture.dcgan import networks  # noqa: E402
from demicouture.dcgan.encodings import Encodings  # noqa: E402
from demicouture.dcgan.inference import encode, hash_generator, load_encoder, render  # noqa: E402
from demicouture.dcgan.serialization import save_network  # noqa: E402
from demicouture.images import to_floats  # noqa: E402
from demicouture.latents import sample_prior  # noqa: E402
from demicouture.training import autoencoder, checkpoints, encoder_training  # noqa: E402
from demicouture.training.fit_state import Batches  # noqa: E402
from demicouture.training.gan import compute_batch_statistics, compute_code_statistics  # noqa: E402


def weights(network) -> np.ndarray:
    return np.concatenate([values.ravel() for values in network.get_weights()])


@pytest.mark.both_backends
def test_a_step_moves_all_three_networks_and_the_run_goes_on_to_the_bit(tmp_path):
    model = shared(encodes=True, flips=True)
    networks_of = (model.generator, model.encoder, model.discriminator)
    before = [weights(network) for network in networks_of]
    log = fit(model, 1)
    after = [weights(network) for network in networks_of]
    assert all(1e-3 < np.abs(b - a).max() for a, b in zip(before, after, strict=True))
    assert 0 < log["reconstruction_error"][0] < 255 and 0 < log["code_loss"][0] < 20
    checkpoints.save(tmp_path, model, kept=1)
    fit(model, 3)
    undisturbed = state(model)

    model = shared(encodes=True, flips=True)
    checkpoints.restore(tmp_path, model)
    fit(model, 3)
    for one, other in zip(state(model), undisturbed, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.both_backends
def test_pictures_come_back_more_and_more_like_themselves():
    colours = np.random.default_rng(0).choice([0, 255], (len(PICTURES), 1, 1, 3)).astype(np.uint8)
    model = shared(np.broadcast_to(colours, PICTURES.shape).copy(), encodes=True, flips=True)
    errors = fit(model, 12)["reconstruction_error"]
    assert errors[-1] < 0.95 * errors[0]


def test_the_sliced_distance_is_that_of_sorted_projections():
    rng = np.random.default_rng(0)
    codes, latents = rng.uniform(-1, 1, (2, 16, 100)).astype(np.float32)
    found = float(autoencoder.sliced_distance(codes, latents, keras.random.SeedGenerator(1)))
    directions = np.array(keras.random.normal((100, autoencoder.DIRECTIONS), seed=keras.random.SeedGenerator(1)))
    directions /= np.linalg.norm(directions, axis=0)
    expected = np.abs(np.sort(codes @ directions, axis=0) - np.sort(latents @ directions, axis=0)).mean()
    assert found == pytest.approx(expected, rel=1e-5)
    assert float(autoencoder.sliced_distance(codes, codes[::-1].copy(), keras.random.SeedGenerator(1))) < 1e-6


def test_codes_that_are_too_short_are_further_from_the_prior():
    codes, latents = np.random.default_rng(0).uniform(-1, 1, (2, 500, 100)).astype(np.float32)
    near, far = (
        float(autoencoder.sliced_distance(some, latents, keras.random.SeedGenerator(1))) for some in (codes, codes / 2)
    )
    assert far > 4 * near


def test_a_picture_that_is_rebuilt_costs_nothing_and_one_that_is_moved_by_a_pixel_less_than_a_wrong_colour():
    picture = np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)
    assert [float(value) for value in autoencoder.reconstruction_loss(picture, picture)] == [0, 0]
    grey, black = np.zeros_like(picture), np.full_like(picture, -1)
    loss, error = autoencoder.reconstruction_loss(black, grey)
    assert float(error) == 127.5 and float(loss) == autoencoder.PIXELS + autoencoder.AREAS
    stripes = np.where(np.arange(32) % 2, 1, -1)[:, None, None] * np.ones_like(picture)
    assert float(autoencoder.reconstruction_loss(stripes, -stripes)[0]) == 2 * autoencoder.PIXELS


@pytest.mark.both_backends
def test_codes_have_the_priors_mean_and_variance_before_anything_is_learned():
    encoder = networks.build_encoder(32, 1 / 8)
    pictures = to_floats(np.random.default_rng(0).integers(0, 256, (64, 32, 32, 3), dtype=np.uint8))
    codes = np.array(encoder(pictures, training=True))
    assert codes.shape == (64, 100) and np.abs(codes).max() <= 1
    assert codes.std() == pytest.approx(1 / np.sqrt(3), abs=0.02)
    assert np.abs(codes.mean(axis=0)).max() < 0.1


@pytest.mark.both_backends
def test_codes_of_long_tails_get_the_priors_variance():
    encoder = networks.build_encoder(32, 0.25)
    rng = np.random.default_rng(0)
    # Few pictures with strong contrast among faint ones.
    strength = np.where(rng.random((128, 1, 1, 1)) < 0.3, 1.0, 0.3)
    pictures = (strength * rng.uniform(-1, 1, (128, 32, 32, 3))).astype(np.float32)
    compute_batch_statistics(encoder, pictures.reshape(4, 32, 32, 32, 3))
    plain = np.asarray(encoder(pictures, training=False))
    compute_code_statistics(encoder, pictures.reshape(4, 32, 32, 32, 3))
    codes = np.asarray(encoder(pictures, training=False))
    assert abs(np.square(codes).mean() - 1 / 3) < 1e-3 < abs(np.square(plain).mean() - 1 / 3)
    assert np.corrcoef(codes.ravel(), plain.ravel())[0, 1] > 0.99


def test_codes_that_are_all_alike_are_left_as_they_are():
    encoder = networks.build_encoder(32, 0.25)
    pictures = np.zeros((2, 16, 32, 32, 3), np.float32)
    compute_code_statistics(encoder, pictures)
    assert np.isfinite(weights(encoder)).all() and np.isfinite(np.asarray(encoder(pictures[0]))).all()


def test_an_encoder_that_learns_afterwards_finds_generated_pictures_latents(tmp_path):
    generator = networks.build_generator(32, 1 / 64)
    first, *others, last, bias = generator.get_weights()
    first[3:] = 0  # Three latents can be found in so little time; 100 cannot.
    generator.set_weights([first, *others, last, bias])
    # Untrained, it would draw grey on grey.
    contrast = np.asarray(generator(sample_prior(64, 1))).std()
    generator.set_weights([first, *others, 0.7 * last / contrast, bias])
    save_network(generator, tmp_path / "generator.keras")
    before = hash_generator(tmp_path / "generator.keras")
    batches = Batches(render(generator, sample_prior(64, 1)), 8)

    encoder_training.fit_encoder(tmp_path, batches, 1 / 8, seed=0, quiet=True, steps=100)

    encoder = load_encoder(tmp_path / "encoder.keras", generator)
    latents = sample_prior(64, 5)
    codes = encode(encoder, render(generator, latents))
    assert np.corrcoef(codes[:, :3].ravel(), latents[:, :3].ravel())[0, 1] > 0.5  # By chance, within 0.15 of 0.
    assert hash_generator(tmp_path / "generator.keras") == before


def test_code_i_depends_on_picture_i_alone():
    encoder = networks.build_encoder(32, 1 / 8)
    pictures = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
    together = encode(encoder, pictures)
    np.testing.assert_array_equal(together[:17], encode(encoder, pictures[:17]))
    np.testing.assert_array_equal(together[20:21], encode(encoder, pictures[20:21]))


def test_encodings_come_back_and_damaged_ones_are_refused(tmp_path):
    from demicouture.errors import InputError

    codes, errors = sample_prior(3, 0), np.ones(3, np.float32)
    labels, withheld = np.array([0, 0, 1]), np.array([True, False, False])
    names = ("casual/a.png", "casual/b.png", "collection/a.png")
    saved = Encodings(codes, errors, labels, withheld, names, ("casual", "collection"), "d", "g")
    assert Encodings.load(tmp_path) is None
    saved.save(tmp_path)
    found = Encodings.load(tmp_path)
    np.testing.assert_array_equal(found.codes, codes)
    assert (found.files, found.poles, found.dataset_sha256, found.generator_sha256) == (names, saved.poles, "d", "g")
    for damage in ({"codes": codes * 3}, {"codes": codes[:, :7]}, {"labels": labels + 1}, {"errors": errors * np.nan}):
        Encodings(**{**vars(saved), **damage}).save(tmp_path)
        with pytest.raises(InputError, match="encodings.npz: found for (codes|labels|errors) "):
            Encodings.load(tmp_path)
    (tmp_path / "encodings.npz").write_bytes(b"PK")
    with pytest.raises(InputError, match="damaged"):
        Encodings.load(tmp_path)


def test_coordinates_that_rise_together_cost_what_single_directions_do_not_show():
    """A pole that all coordinates take part in: each by itself is still distributed as the prior."""
    rng = np.random.default_rng(0)
    pole = np.where(rng.random((2000, 1)) < 0.5, -0.5, 0.5)
    codes = (pole + rng.uniform(-0.5, 0.5, (2000, 100))).astype(np.float32)
    latents = rng.uniform(-1, 1, (2000, 100)).astype(np.float32)
    np.testing.assert_allclose(codes.std(), latents.std(), atol=0.01)

    def losses(points):
        loss = autoencoder.PriorLoss()
        single = autoencoder.CODES * float(autoencoder.sliced_distance(points, latents, keras.random.SeedGenerator(1)))
        return float(loss(points, latents, seed=keras.random.SeedGenerator(1))) - single, loss

    (together, loss), (apart, _) = losses(codes), losses(latents[::-1].copy())
    assert together > 100 * apart
    expected = autoencoder.MEMORY * np.eye(100) + (1 - autoencoder.MEMORY) * 3 * codes.T @ codes / 2000
    np.testing.assert_allclose(np.array(loss.correlations), expected, atol=1e-4)
