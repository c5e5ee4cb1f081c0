from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")

pytestmark = pytest.mark.both_backends

FORMS = ["transposed_convolution", "interleaved_convolutions"]


def plain_pair(kernel: np.ndarray, bias: np.ndarray, pictures: np.ndarray) -> np.ndarray:
    """Nearest upsampling and a 3×3 convolution with zeros around, as nested sums."""
    upsampled = pictures.repeat(2, axis=1).repeat(2, axis=2)
    padded = np.pad(upsampled, [(0, 0), (1, 1), (1, 1), (0, 0)])
    height, width = upsampled.shape[1:3]
    result = np.zeros((*upsampled.shape[:3], kernel.shape[3])) + bias
    for row in range(3):
        for column in range(3):
            result += padded[:, row : row + height, column : column + width] @ kernel[row, column]
    return result


def gradients(function, values, towards):
    """The gradients of ``function(*values)``, weighted by ``towards``, as float32 arrays."""
    if keras.backend.backend() == "jax":
        import jax

        found = jax.vjp(function, *values)[1](towards)
    else:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(values)
            outputs = function(*values)
        found = tape.gradient(outputs, values, output_gradients=towards)
    return [as_float32(gradient) for gradient in found]


def as_float32(tensor) -> np.ndarray:
    return keras.ops.convert_to_numpy(keras.ops.cast(tensor, "float32"))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (4, 4), (5, 6), (7, 3)])
def test_upsampling_convolution_is_the_pair_of_layers(height, width, form):
    from demicouture.dcgan import layers

    random = np.random.default_rng(0)
    pictures = random.normal(size=(2, height, width, 5)).astype(np.float32)
    layer = layers.UpsamplingConv2D(4)
    layer(pictures)
    layer.convolve = getattr(layers, form)
    kernel, bias = random.normal(size=(3, 3, 5, 4)), random.normal(size=4)
    layer.set_weights([kernel, bias])

    outputs = keras.ops.convert_to_numpy(layer(pictures))

    assert outputs.shape == (2, 2 * height, 2 * width, 4) == layer.compute_output_shape(pictures.shape)
    np.testing.assert_allclose(outputs, plain_pair(kernel, bias, pictures), atol=2e-5)


def test_weights_move_to_and_from_a_convolution():
    from demicouture.dcgan.layers import UpsamplingConv2D

    pictures = np.random.default_rng(1).normal(size=(1, 8, 8, 3)).astype(np.float32)
    pair = keras.Sequential([keras.layers.UpSampling2D(), keras.layers.Conv2D(6, 3, padding="same")])
    expected = pair.predict_on_batch(pictures)
    layer = UpsamplingConv2D(6)
    layer(pictures)

    layer.set_weights(pair.get_weights())

    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(pictures)), expected, atol=1e-5)
    assert [weights.shape for weights in layer.get_weights()] == [(3, 3, 3, 6), (6,)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("height", "width"), [(5, 5), (4, 7)])
def test_gradients_are_those_of_the_pair(height, width, form):
    from demicouture.dcgan import layers

    random = np.random.default_rng(2)
    shapes = [(2, height, width, 3), (3, 3, 3, 4), (2, 2 * height, 2 * width, 4)]
    *values, towards = (keras.ops.convert_to_tensor(random.normal(size=s).astype(np.float32)) for s in shapes)
    upsampling = keras.layers.UpSampling2D()

    def pair(pictures, kernel):
        return keras.ops.conv(upsampling(pictures), kernel, padding="same", data_format="channels_last")

    ours = gradients(getattr(layers, form), values, towards)
    for found, expected in zip(ours, gradients(pair, values, towards), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_in_bfloat16_values_and_gradients_are_the_pairs_to_its_rounding(form):
    from demicouture.dcgan import layers

    random = np.random.default_rng(3)
    pictures, towards = random.normal(size=(2, 6, 5, 8)), random.normal(size=(2, 12, 10, 4))
    kernel = random.normal(size=(3, 3, 8, 4))
    convolve = getattr(layers, form)
    low = [keras.ops.convert_to_tensor(pictures, dtype="bfloat16"), keras.ops.convert_to_tensor(kernel, "float32")]
    outputs = convolve(*low)
    assert keras.backend.standardize_dtype(outputs.dtype) == "bfloat16"

    # The result to be expected, of the rounded pictures, in full precision; 72 products of 8 bits are summed in it.
    high = [keras.ops.cast(low[0], "float32"), low[1]]
    expected = plain_pair(kernel, 0, as_float32(low[0]))
    np.testing.assert_allclose(as_float32(outputs), expected, atol=0.02 * np.abs(expected).max())
    exact = gradients(convolve, high, keras.ops.convert_to_tensor(towards, dtype="float32"))
    rounded = gradients(convolve, low, keras.ops.convert_to_tensor(towards, dtype="bfloat16"))
    for found, wanted in zip(rounded, exact, strict=True):
        np.testing.assert_allclose(found, wanted, atol=0.03 * np.abs(wanted).max())


def test_the_layer_sums_its_taps_in_float32_under_mixed_precision():
    from demicouture.dcgan.layers import UpsamplingConv2D, transposed_convolution

    layer = UpsamplingConv2D(4, dtype="mixed_bfloat16")
    layer.build((1, 3, 3, 2))
    seen = []

    def convolve(inputs, kernel):
        seen.extend(keras.backend.standardize_dtype(tensor.dtype) for tensor in (inputs, kernel))
        return transposed_convolution(inputs, kernel)

    layer.convolve = convolve
    outputs = layer(np.ones((1, 3, 3, 2), np.float32))
    assert seen == ["bfloat16", "float32"]
    assert keras.backend.standardize_dtype(outputs.dtype) == "bfloat16"


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_batch_normalisation_is_keras_own(dtype):
    from demicouture.dcgan.layers import BatchNormalization

    random = np.random.default_rng(4)
    features = keras.ops.convert_to_tensor(random.normal(3, 2, size=(4, 5, 6, 7)).astype(np.float32))
    towards = keras.ops.convert_to_tensor(random.normal(size=(4, 5, 6, 7)).astype(np.float32))
    ours, theirs = BatchNormalization(dtype=dtype), keras.layers.BatchNormalization(dtype=dtype)
    weights = [random.normal(size=7), random.normal(size=7), random.normal(size=7), random.uniform(1, 2, size=7)]
    tolerance = 1e-4 if dtype == "float32" else 0.05
    found = {}
    for layer in (ours, theirs):
        layer(features)
        layer.set_weights(weights)
        before = as_float32(layer(features, training=False))
        during = as_float32(layer(features, training=True))
        after = [as_float32(weight) for weight in layer.get_weights()]
        low = keras.ops.cast(features, layer.compute_dtype)
        gradient = gradients(lambda x, layer=layer: keras.ops.cast(layer(x, training=True), "float32"), [low], towards)
        found[layer] = [before, during, *after, *gradient]
    for mine, expected in zip(found[ours], found[theirs], strict=True):
        np.testing.assert_allclose(mine, expected, atol=tolerance)
    # The moving averages are float32 in both, and those of the biased variance.
    np.testing.assert_allclose(found[ours][5], found[theirs][5], rtol=1e-5)
    assert [weight.name for weight in ours.weights] == [weight.name for weight in theirs.weights]
