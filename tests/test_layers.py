from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")


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


@pytest.mark.parametrize(("height", "width"), [(1, 1), (4, 4), (5, 6), (7, 3)])
def test_upsampling_convolution_is_the_pair_of_layers(height, width):
    from demicouture.layers import UpsamplingConv2D

    random = np.random.default_rng(0)
    pictures = random.normal(size=(2, height, width, 5)).astype(np.float32)
    layer = UpsamplingConv2D(4)
    layer(pictures)
    kernel, bias = random.normal(size=(3, 3, 5, 4)), random.normal(size=4)
    layer.set_weights([kernel, bias])

    outputs = keras.ops.convert_to_numpy(layer(pictures))

    assert outputs.shape == (2, 2 * height, 2 * width, 4) == layer.compute_output_shape(pictures.shape)
    np.testing.assert_allclose(outputs, plain_pair(kernel, bias, pictures), atol=2e-5)


def test_weights_move_to_and_from_a_convolution():
    from demicouture.layers import UpsamplingConv2D

    pictures = np.random.default_rng(1).normal(size=(1, 8, 8, 3)).astype(np.float32)
    pair = keras.Sequential([keras.layers.UpSampling2D(), keras.layers.Conv2D(6, 3, padding="same")])
    expected = pair.predict_on_batch(pictures)
    layer = UpsamplingConv2D(6)
    layer(pictures)

    layer.set_weights(pair.get_weights())

    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(pictures)), expected, atol=1e-5)
    assert [weights.shape for weights in layer.get_weights()] == [(3, 3, 3, 6), (6,)]


def test_gradients_are_those_of_the_pair():
    import tensorflow as tf

    from demicouture.layers import UpsamplingConv2D

    random = np.random.default_rng(2)
    pictures = tf.constant(random.normal(size=(2, 5, 5, 3)).astype(np.float32))
    towards = tf.constant(random.normal(size=(2, 10, 10, 4)).astype(np.float32))
    fused = UpsamplingConv2D(4)
    fused(pictures)
    convolution = keras.layers.Conv2D(4, 3, padding="same")
    upsampling = keras.layers.UpSampling2D()
    convolution(upsampling(pictures))
    convolution.set_weights(fused.get_weights())

    def gradients(function, layer):
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            outputs = function(pictures)
        variables = [variable.value for variable in layer.trainable_variables]
        return tape.gradient(outputs, [pictures, *variables], output_gradients=towards)

    for ours, theirs in zip(
        gradients(fused, fused), gradients(lambda x: convolution(upsampling(x)), convolution), strict=True
    ):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=1e-4)
