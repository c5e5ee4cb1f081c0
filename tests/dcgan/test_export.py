from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from demicouture.dcgan import export  # noqa: E402
from demicouture.dcgan.inference import load_generator  # noqa: E402
from demicouture.dcgan.networks import build_generator  # noqa: E402
from demicouture.dcgan.serialization import save_network  # noqa: E402
from demicouture.latents import sample_prior  # noqa: E402

LATENTS = sample_prior(5, 1)


def trained(size: int, width: float, policy: str = "float32") -> keras.Model:
    """A generator as after training: with statistics of its own, and pictures of much contrast."""
    keras.config.set_dtype_policy(policy)
    try:
        generator = build_generator(size, width)
    finally:
        keras.config.set_dtype_policy("float32")
    random = np.random.default_rng(size)
    for layer in generator.layers:
        of_normalisation = isinstance(layer, keras.layers.BatchNormalization)
        low, high = (0.1, 1) if of_normalisation else (-0.3, 0.3)
        layer.set_weights([random.uniform(low, high, weight.shape) for weight in layer.get_weights()])
    return generator


def pictures_of_onnx(path) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [(given.name, given.shape) for given in session.get_inputs()] == [("latents", ["n", 100])]
    # One at a time, and all at once.
    alone = [session.run(["pictures"], {"latents": latent[np.newaxis]})[0] for latent in LATENTS]
    together = session.run(None, {"latents": LATENTS})[0]
    np.testing.assert_allclose(np.concatenate(alone), together, atol=1e-6)
    return together


@pytest.mark.parametrize(("size", "width"), [(32, 1 / 64), (64, 0.02), (128, 1 / 128)])
def test_both_exports_give_the_generators_pictures(size, width, tmp_path):
    generator = trained(size, width)
    export.save_exports(generator, tmp_path)
    expected = np.asarray(generator(LATENTS))
    assert expected.shape == (5, size, size, 3) and expected.std() > 0.05
    plain = keras.saving.load_model(tmp_path / "generator-plain.keras")
    np.testing.assert_allclose(np.asarray(plain(LATENTS)), expected, atol=1e-5)
    np.testing.assert_allclose(pictures_of_onnx(tmp_path / "generator.onnx"), expected, atol=1e-5)
    assert plain.count_params() == generator.count_params()


def test_trained_in_bfloat16_it_is_exported_in_float32(tmp_path):
    mixed = trained(32, 1 / 64, "mixed_bfloat16")
    exact = build_generator(32, 1 / 64)
    exact.set_weights(mixed.get_weights())
    save_network(mixed, tmp_path / "generator.keras")
    export.save_exports(load_generator(tmp_path / "generator.keras"), tmp_path)
    expected = np.asarray(exact(LATENTS))
    plain = keras.saving.load_model(tmp_path / "generator-plain.keras")
    np.testing.assert_allclose(np.asarray(plain(LATENTS)), expected, atol=1e-5)
    np.testing.assert_allclose(pictures_of_onnx(tmp_path / "generator.onnx"), expected, atol=1e-5)
    assert np.abs(np.asarray(mixed(LATENTS)) - expected).max() > 1e-3  # which is what bfloat16 rounds away
    assert {variable.dtype for variable in plain.variables} == {"float32"}


def test_the_plain_one_opens_where_this_package_is_not(tmp_path):
    generator = trained(32, 1 / 64)
    export.save_exports(generator, tmp_path)
    np.save(tmp_path / "latents.npy", LATENTS)
    program = (
        "import importlib.util, keras, numpy\n"
        "assert importlib.util.find_spec('demicouture') is None\n"
        "plain = keras.saving.load_model('generator-plain.keras')\n"
        "numpy.save('pictures.npy', plain.predict_on_batch(numpy.load('latents.npy')))\n"
    )
    # On a backend on which this package itself does not run; it starts the fastest, too.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"KERAS_BACKEND": "numpy"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load(tmp_path / "pictures.npy"), np.asarray(generator(LATENTS)), atol=1e-5)
    with zipfile.ZipFile(tmp_path / "generator-plain.keras") as archive:
        described = archive.read("config.json").decode()
    kinds = {layer["class_name"] for layer in json.loads(described)["config"]["layers"]}
    assert {"UpSampling2D", "Conv2D", "BatchNormalization"} < kinds and "demicouture" not in described


def test_the_same_generator_is_the_same_onnx_file():
    generator = trained(32, 1 / 64)
    first, second = (export.make_onnx(export.make_plain(generator)).SerializeToString() for _ in range(2))
    assert first == second


def test_a_network_that_is_no_generator_is_not_exported():
    network = keras.Sequential([keras.Input((100,)), keras.layers.Embedding(3, 4)])
    with pytest.raises(ValueError, match="no generator has a layer Embedding"):
        export.make_onnx(export.make_plain(network))
