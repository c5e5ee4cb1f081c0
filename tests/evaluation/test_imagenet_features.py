from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from demicouture import pretrained
from demicouture.evaluation import imagenet_features
from demicouture.evaluation.imagenet_features import CHUNK, EPSILON, FEATURES, STAGES, build_network, describe, fold
from demicouture.images import to_floats
from demicouture.keras_backend import start_keras

needs_weights = pytest.mark.skipif(
    pretrained.find(pretrained.IMAGENET) is None, reason="the network's weights are not here: make models"
)


def reference_pictures():
    """Returns a gradient, a checkerboard with a disc, and a T-shirt of rectangles on grey: uint8 (3, 128, 128, 3)."""
    down, across = np.mgrid[:128, :128]
    gradient = np.stack([2 * across, 2 * down, 255 - across - down], axis=2)
    board = np.where((down // 16 + across // 16) % 2, 220, 30)[:, :, None] * np.array([1, 1, 1])
    board[(down - 64) ** 2 + (across - 64) ** 2 < 900] = (200, 40, 60)
    shirt = np.full((128, 128, 3), 200)
    shirt[32:116, 40:88] = shirt[32:56, 16:112] = (40, 60, 140)
    shirt[32:44, 54:74] = (224, 180, 150)
    return np.stack([gradient, board, shirt]).astype(np.uint8)


# What PyTorch 2.13 and efficientnet-lite-pytorch 0.1.0 made of them, fed with (pixel - 127) / 128: mean and length of
# the 1,280 features, and the four largest. All 1,280 differed from ours by 2e-5 at most.
REFERENCES = {
    "as they are": (
        (0.091421, 14.3506, {113: 5.3059, 897: 4.3354, 930: 3.5319, 755: 3.3761}),
        (0.167416, 21.2363, {621: 4.7079, 1019: 4.4222, 1240: 4.2663, 61: 4.1232}),
        (0.030563, 7.0492, {468: 3.7557, 872: 3.2372, 61: 1.9511, 472: 1.8647}),
    ),
    # Every other pixel, enlarged again.
    "enlarged": (
        (0.089697, 14.2570, {113: 5.3287, 897: 4.3155, 930: 3.5696, 755: 3.2948}),
        (0.234237, 26.3422, {439: 5.6155, 1240: 4.9017, 642: 4.8334, 951: 4.6107}),
        (0.110661, 16.8340, {1243: 4.8613, 1044: 4.6329, 22: 4.4973, 472: 4.0842}),
    ),
}


def random_tensors(seed=0):
    """Returns weights of the right names and shapes that keep pictures apart; they know nothing."""
    rng = np.random.default_rng(seed)
    tensors = {}

    def add(name, norm, channels, filters, kernel):
        shape = (filters, channels, kernel, kernel)
        tensors[f"{name}.weight"] = rng.normal(0, math.sqrt(2 / math.prod(shape[1:])), shape).astype(np.float32)
        ranges = {"weight": (0.5, 1.5), "bias": (0, 0.5), "running_mean": (-0.5, 0.5), "running_var": (0.5, 2)}
        for part, (low, high) in ranges.items():
            tensors[f"{norm}.{part}"] = rng.uniform(low, high, filters).astype(np.float32)

    add("_conv_stem", "_bn0", 3, 32, 3)
    number, channels = 0, 32
    for kernel, _, expansion, filters, blocks in STAGES:
        for _ in range(blocks):
            block, wide = f"_blocks.{number}.", channels * expansion
            if expansion > 1:
                add(f"{block}_expand_conv", f"{block}_bn0", channels, wide, 1)
            add(f"{block}_depthwise_conv", f"{block}_bn1", 1, wide, kernel)
            add(f"{block}_project_conv", f"{block}_bn2", wide, filters, 1)
            number, channels = number + 1, filters
    add("_conv_head", "_bn1", channels, FEATURES, 1)
    return tensors


@pytest.fixture(scope="module")
def network():
    return build_network(random_tensors())


@pytest.fixture(scope="module")
def trained():
    return imagenet_features.find_network()


def test_the_network_is_efficientnet_lite0(network):
    # Of its 4,652,008 parameters 1,281,000 are the classifier's, which is left out, and 42,016 scales and shifts of
    # normalisations; of those one bias for each channel is left, 21,008.
    assert network.count_params() == 4_652_008 - 1_281_000 - 42_016 + 21_008
    kinds = [type(layer).__name__ for layer in network.layers]
    assert kinds.count("Conv2D") == 1 + 15 + 16 + 1
    # On JAX a layer of our own, see shifting_depthwise.
    assert kinds.count("DepthwiseConv2D") + kinds.count("ShiftingDepthwise") == 16
    sums = [type(operation).__name__ for operation in network.operations].count("Add")
    assert sums == 9  # Where a block keeps stride and channels: in stages of 2, 2, 3, 3 and 4.
    assert network.output_shape == (None, FEATURES)


@pytest.mark.parametrize(
    ("kernel", "stride", "side"), [(3, 1, 8), (3, 2, 8), (5, 1, 8), (5, 2, 8), (5, 2, 7), (3, 2, 7)]
)
def test_a_depthwise_convolution_is_a_sum_of_shifted_maps(kernel, stride, side):
    keras = start_keras()
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(2, side, side, 4)).astype(np.float32)
    weights = [rng.normal(size=(kernel, kernel, 4, 1)), rng.normal(size=4)]
    found = []
    for kind in (keras.layers.DepthwiseConv2D, imagenet_features.shifting_depthwise(keras)):
        layer = kind(kernel, strides=stride, padding="same")
        layer.build(maps.shape)
        layer.set_weights(weights)
        found.append(np.asarray(layer(maps)))
    assert found[0] == pytest.approx(found[1], abs=1e-5)


def test_a_generators_pictures_are_prepared_as_saved_ones_are():
    # So little contrast that Lanczos' filter overshoots within the pixels' range.
    pictures = np.random.default_rng(0).integers(90, 160, (2, 64, 64, 3), dtype=np.uint8)
    prepared = np.asarray(imagenet_features.prepare_generated(to_floats(pictures)))
    assert prepared == pytest.approx(imagenet_features.prepare(pictures), abs=0.02)
    same = np.random.default_rng(0).integers(0, 256, (1, 128, 128, 3), dtype=np.uint8)
    prepared = np.asarray(imagenet_features.prepare_generated(to_floats(same)))
    assert prepared == pytest.approx(imagenet_features.prepare(same), abs=1e-5)


def test_a_normalisation_is_folded_into_the_convolution_before_it():
    rng = np.random.default_rng(1)
    tensors = {"c.weight": rng.normal(size=(4, 3, 1, 1)).astype(np.float32)}
    tensors |= {f"n.{part}": rng.uniform(0.5, 2, 4) for part in ("weight", "bias", "running_mean", "running_var")}
    kernel, bias = fold(tensors, "c", "n")
    assert kernel.shape == (1, 1, 3, 4) and kernel.dtype == bias.dtype == np.float32
    pixel = np.array([0.3, -0.7, 1.1])
    plain = tensors["c.weight"][:, :, 0, 0] @ pixel
    normalised = (plain - tensors["n.running_mean"]) / np.sqrt(tensors["n.running_var"] + EPSILON)
    expected = normalised * tensors["n.weight"] + tensors["n.bias"]
    np.testing.assert_allclose(pixel @ kernel[0, 0] + bias, expected, rtol=1e-5)


def test_kernels_are_turned_as_keras_has_them():
    ones = {f"n.{part}": np.ones(2) for part in ("weight", "bias", "running_mean")}
    ones["n.running_var"] = np.ones(2) - EPSILON
    whole = np.arange(2 * 3 * 5 * 5, dtype=np.float32).reshape(2, 3, 5, 5)
    kernel, bias = fold(ones | {"a_conv.weight": whole}, "a_conv", "n")
    assert kernel[4, 1, 2, 0] == whole[0, 2, 4, 1] and (bias == 0).all()
    kernel, _ = fold(ones | {"a_depthwise_conv.weight": whole[:, :1]}, "a_depthwise_conv", "n")
    assert kernel.shape == (5, 5, 2, 1) and kernel[4, 1, 1, 0] == whole[1, 0, 4, 1]


def test_pictures_are_enlarged_and_normalised():
    grey = np.full((2, 64, 64, 3), 127, np.uint8)
    prepared = imagenet_features.prepare(grey)
    assert prepared.shape == (2, 128, 128, 3) and prepared.dtype == np.float32 and (prepared == 0).all()
    large = np.zeros((1, 128, 128, 3), np.uint8)
    large[0, 3, 4] = 255
    prepared = imagenet_features.prepare(large)
    assert prepared[0, 3, 4, 0] == 1 and prepared[0, 0, 0, 0] == -127 / 128
    small = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), dtype=np.uint8)
    lanczos = np.asarray(Image.fromarray(small[0]).resize((128, 128), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(imagenet_features.prepare(small)[0], (lanczos - np.float32(127)) / np.float32(128))


def test_a_pictures_features_do_not_depend_on_the_others(network):
    pictures = np.random.default_rng(0).integers(0, 256, (CHUNK + 5, 32, 32, 3), dtype=np.uint8)
    together = describe(network, pictures)
    assert together.shape == (CHUNK + 5, FEATURES) and together.dtype == np.float32
    assert together.min() >= 0 and together.max() <= 6 and (together[0] != together[1]).any()
    for rows in ([0], [CHUNK + 4], [3, 4, 5], list(range(CHUNK + 4, -1, -1))):
        np.testing.assert_array_equal(describe(network, pictures[rows]), together[rows])
    assert describe(network, pictures[:0]).shape == (0, FEATURES)


@needs_weights
@pytest.mark.parametrize("size", REFERENCES)
def test_the_features_are_those_of_pytorch(trained, size):
    pictures = reference_pictures()
    features = describe(trained, pictures if size == "as they are" else pictures[:, ::2, ::2])
    for found, (mean, length, largest) in zip(features, REFERENCES[size], strict=True):
        assert found.mean() == pytest.approx(mean, rel=1e-4)
        assert np.linalg.norm(found) == pytest.approx(length, rel=1e-4)
        assert list(np.argsort(-found)[:4]) == list(largest)
        np.testing.assert_allclose(found[list(largest)], list(largest.values()), rtol=1e-4)


def test_without_the_file_there_is_no_network(tmp_path, monkeypatch):
    monkeypatch.setenv(pretrained.FOLDER_VARIABLE, str(tmp_path))
    assert imagenet_features.find_network() is None
