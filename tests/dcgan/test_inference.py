from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from demicouture.dcgan import serialization
from demicouture.dcgan.inference import CHUNK, hash_generator, load_generator, render
from demicouture.errors import InputError
from demicouture.latents import sample_prior


@pytest.fixture(scope="module")
def generator():
    keras = pytest.importorskip("keras")
    from demicouture.dcgan.networks import build_generator

    keras.utils.set_random_seed(0)
    generator = build_generator(size=32, width=0.02)
    # As after training: without statistics of their own the normalisations would do nothing.
    random = np.random.default_rng(0)
    for layer in generator.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.1, 1, weight.shape) for weight in layer.get_weights()])
    return generator


def test_picture_depends_on_its_latent_alone(generator):
    latents = sample_prior(2 * CHUNK + 5, seed=3)
    pictures = render(generator, latents)
    assert pictures.shape == (2 * CHUNK + 5, 32, 32, 3) and pictures.dtype == np.uint8
    assert len(np.unique(pictures.reshape(len(pictures), -1), axis=0)) == len(pictures)
    order = np.random.default_rng(0).permutation(len(latents))
    np.testing.assert_array_equal(render(generator, latents[order]), pictures[order])
    for count in (1, 7, CHUNK, CHUNK + 1):
        np.testing.assert_array_equal(render(generator, latents[:count]), pictures[:count])
        np.testing.assert_array_equal(render(generator, latents[-count:]), pictures[-count:])


def test_pictures_are_the_generators_outputs_rounded(generator):
    latents = sample_prior(CHUNK, seed=0)
    outputs = np.asarray(generator(latents, training=False), np.float64)
    assert np.abs(render(generator, latents) - (outputs + 1) * 127.5).max() <= 0.5 + 1e-3


def test_saved_and_loaded_renders_the_same(generator, tmp_path):
    generator.save(tmp_path / "generator.keras")
    latents = sample_prior(5, seed=0)
    loaded = load_generator(tmp_path / "generator.keras")
    np.testing.assert_array_equal(render(loaded, latents), render(generator, latents))


def test_load_refuses_what_is_no_generator(generator, tmp_path):
    import keras

    path = tmp_path / "generator.keras"
    with pytest.raises(InputError, match="generator.keras: not found, expected a trained generator; run: .* train"):
        load_generator(path)
    path.write_bytes(b"not a model")
    with pytest.raises(InputError, match=r"generator.keras: not a Keras model that this version reads \("):
        load_generator(path)
    generator.save(path)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(InputError, match="not a Keras model that this version reads"):
        load_generator(path)
    pictures = keras.Input((32, 32, 3))
    keras.Model(pictures, keras.layers.Flatten()(pictures)).save(path)
    with pytest.raises(InputError, match=r"maps \(None, 32, 32, 3\) to \(None, 3072\), expected latents \(None, 100\)"):
        load_generator(path)


def test_the_hash_is_of_the_weights_alone_and_needs_no_keras(generator, tmp_path):
    path = tmp_path / "generator.keras"
    with pytest.raises(InputError, match="not found, expected a trained generator; run: .* train_dcgan.py"):
        hash_generator(path)
    path.write_bytes(b"abc")
    with pytest.raises(InputError, match=r"generator.keras: not a Keras model that this version reads \(BadZipFile\)"):
        hash_generator(path)

    serialization.save_network(generator, path)
    found = hash_generator(path)
    other = load_generator(path)  # Other objects, another date, another name: another file.
    serialization.save_network(other, tmp_path / "again.keras")
    assert hash_generator(tmp_path / "again.keras") == found
    program = (
        "import sys\nfrom pathlib import Path\nfrom demicouture.dcgan.inference import hash_generator\n"
        "print(hash_generator(Path(sys.argv[1])), 'keras' in sys.modules)"
    )
    house = Path(__file__).parents[2]
    result = subprocess.run([sys.executable, "-c", program, path], cwd=house, capture_output=True, text=True)
    assert result.stdout == f"{found} False\n"

    kernel = other.layers[1].kernel
    kernel.assign(np.nextafter(np.array(kernel), np.float32(1)))  # the least change that there is
    serialization.save_network(other, path)
    assert hash_generator(path) != found


def test_both_backends_make_the_same_pictures_of_the_same_file(generator, tmp_path):
    import keras

    here = keras.backend.backend()
    there = {"tensorflow": "jax", "jax": "tensorflow"}[here]
    pytest.importorskip(there)
    generator.save(tmp_path / "generator.keras")
    latents = sample_prior(CHUNK, seed=1)
    np.save(tmp_path / "latents.npy", latents)
    program = (
        "import sys, numpy as np\nfrom demicouture.dcgan.inference import load_generator\n"
        "generator = load_generator(__import__('pathlib').Path(sys.argv[1]) / 'generator.keras')\n"
        "outputs = generator.predict_on_batch(np.load(sys.argv[1] + '/latents.npy'))\n"
        "np.save(sys.argv[1] + '/outputs.npy', np.asarray(outputs))"
    )
    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env={**os.environ, "KERAS_BACKEND": there, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=True,
        timeout=300,
    )
    outputs = np.load(tmp_path / "outputs.npy")
    assert outputs.std() > 0.01
    np.testing.assert_allclose(outputs, generator.predict_on_batch(latents), atol=1e-4)


def test_a_generator_that_was_replaced_after_its_hash_is_not_taken_for_that_one(generator, tmp_path):
    path = tmp_path / "generator.keras"
    generator.save(path)
    sha256 = hash_generator(path)
    assert load_generator(path, sha256).output_shape == generator.output_shape
    changed = [weight + 1 for weight in generator.get_weights()]
    before = generator.get_weights()
    generator.set_weights(changed)
    generator.save(path)
    generator.set_weights(before)
    with pytest.raises(InputError, match=r"generator\.keras: replaced by another one while it was read; wait"):
        load_generator(path, sha256)


def test_what_is_no_number_becomes_no_black_picture(generator):
    before = generator.get_weights()
    generator.set_weights([np.full_like(weight, np.nan) for weight in before])
    try:
        with pytest.raises(InputError, match="makes values that are NaN or infinite"):
            render(generator, sample_prior(3, seed=0))
    finally:
        generator.set_weights(before)
