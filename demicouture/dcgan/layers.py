"""The seed's layers made fast, with the weights and the results of the plain ones.

The upsampling convolution is UpSampling2D and Conv2D 3×3 as one layer, exact and with 4/9 of the arithmetic; batch
normalisation is Keras' own with TensorFlow's fused kernel under it.
"""

from __future__ import annotations

import math

import keras
import numpy as np
from keras import ops


def fold_upsampling(kernel):
    """Folds nearest ×2 upsampling into the 3×3 convolution that follows it.

    Nearest upsampling is zero-insertion followed by a 2×2 box of ones. Box and kernel together are their full
    convolution, 4×4, and a convolution after zero-insertion is a transposed convolution with stride 2. Along one
    axis the taps [w₀, w₁, w₂] become [w₂, w₁ + w₂, w₀ + w₁, w₀]: reversed, because a transposed convolution
    scatters where a convolution gathers.

    Args:
        kernel: float (3, 3, in, out), as Conv2D holds it.

    Returns:
        float (4, 4, out, in), as ``keras.ops.conv_transpose`` takes it.
    """
    ahead = ops.pad(kernel, [(1, 0), (1, 0), (0, 0), (0, 0)])
    padded = ops.pad(kernel, [(0, 1), (0, 1), (0, 0), (0, 0)])
    rows_ahead = ops.pad(kernel, [(1, 0), (0, 1), (0, 0), (0, 0)])
    columns_ahead = ops.pad(kernel, [(0, 1), (1, 0), (0, 0), (0, 0)])
    folded = padded + rows_ahead + columns_ahead + ahead
    return ops.transpose(ops.flip(folded, axis=(0, 1)), (0, 1, 3, 2))


def split_phases(kernel):
    """Splits the same two layers into four 2×2 kernels on the small image, one for each output pixel's phase.

    Of the three rows that a 3×3 kernel meets in the upsampled image two are always the same small row: along one axis
    the even outputs see [w₀, w₁ + w₂] and the odd ones [w₀ + w₁, w₂].

    Args:
        kernel: float (3, 3, in, out), as Conv2D holds it.

    Returns:
        float (2, 2, in, 4·out): the phases (even row, even column), (even, odd), (odd, even), (odd, odd) in turn.
    """
    phases = []
    for rows in ((kernel[0], kernel[1] + kernel[2]), (kernel[0] + kernel[1], kernel[2])):
        rows = ops.stack(rows)
        for columns in ((rows[:, 0], rows[:, 1] + rows[:, 2]), (rows[:, 0] + rows[:, 1], rows[:, 2])):
            phases.append(ops.stack(columns, axis=1))
    return ops.concatenate(phases, axis=3)


def transposed_convolution(inputs, kernel):
    """Upsamples and convolves by a transposed convolution with stride 2.

    Args:
        inputs: float (n, height, width, in).
        kernel: float (3, 3, in, out), summed in its own precision and then rounded to that of the inputs.

    Returns:
        (n, 2·height, 2·width, out) in the precision of the inputs.
    """
    folded = ops.cast(fold_upsampling(kernel), inputs.dtype)
    return ops.conv_transpose(inputs, folded, strides=2, padding="same", data_format="channels_last")


def interleaved_convolutions(inputs, kernel):
    """Upsamples and convolves by 2×2 convolutions on the small image whose results are interleaved.

    The four convolutions are one with four times the channels: it starts one pixel outside of the image and each phase
    takes its own part of the result, so a row and a column in (height + 1) are computed for nothing.

    Arguments and result are those of :func:`transposed_convolution`.
    """
    height, width, channels = inputs.shape[1], inputs.shape[2], kernel.shape[3]
    around = ops.pad(inputs, [(0, 0), (1, 1), (1, 1), (0, 0)])
    kernels = ops.cast(split_phases(kernel), inputs.dtype)
    results = ops.conv(around, kernels, padding="valid", data_format="channels_last")
    phases = [
        results[:, row : row + height, column : column + width, phase * channels : (phase + 1) * channels]
        for phase, (row, column) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)])
    ]
    pairs = [ops.stack(phases[:2], axis=3), ops.stack(phases[2:], axis=3)]  # (n, height, width, 2, out): a row each
    return ops.reshape(ops.stack(pairs, axis=2), (-1, 2 * height, 2 * width, channels))


def faster_form():
    """Returns the form that was the faster one where this runs: see ``benchmarks/upsampling.py``.

    On a CPU, XLA takes fifteen times as long for the gradients of a transposed convolution. On GPUs, where cuDNN has
    kernels for it, nobody measured it.
    """
    if keras.backend.backend() == "jax":
        import jax

        if jax.default_backend() == "cpu":
            return interleaved_convolutions
    return transposed_convolution


@keras.saving.register_keras_serializable("demicouture")
class UpsamplingConv2D(keras.layers.Layer):
    """Nearest ×2 upsampling and a 3×3 convolution with "same" padding, in one step.

    The weights are those of ``Conv2D(filters, 3, padding="same")``: a kernel (3, 3, in, out) and a bias (out,), so
    ``get_weights`` and ``set_weights`` carry them between this layer and the plain pair. The result is the pair's, to
    rounding, but no upsampled tensor is ever in memory and each output takes 4 multiply-adds a channel in place of 9.

    Maps float (n, height, width, in) to float (n, 2·height, 2·width, filters).

    Source:
        The identity is our own derivation; :func:`fold_upsampling` and :func:`split_phases` state its two forms.
    """

    def __init__(self, filters: int, **kwargs):
        """Makes a layer with ``filters`` output channels."""
        super().__init__(**kwargs)
        self.filters = filters

    def build(self, input_shape):
        """Makes the weights, with Conv2D's initializers."""
        # Under mixed precision too its taps are summed in float32 and rounded once.
        self.kernel = self.add_weight(name="kernel", shape=(3, 3, input_shape[-1], self.filters), autocast=False)
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")
        self.convolve = faster_form()

    def call(self, inputs):
        """Upsamples and convolves."""
        return ops.add(self.convolve(inputs, self.kernel), self.bias)

    def compute_output_shape(self, input_shape):
        """Returns the shape of the result."""
        batch, height, width, _ = input_shape
        doubled = [side and 2 * side for side in (height, width)]
        return (batch, *doubled, self.filters)

    def get_config(self):
        """Returns what rebuilds this layer from a file."""
        return {**super().get_config(), "filters": self.filters}


@keras.saving.register_keras_serializable("demicouture")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' batch normalisation; in training on TensorFlow by the fused kernel, which reads its input once.

    For feature maps (n, height, width, channels). Weights, file and results are those of Keras' layer, to rounding.
    Keras computes mean, variance and result by separate operations: on two CPU cores they take three times as long, and
    made a quarter of a training step. XLA fuses them by itself, so on JAX nothing differs.
    """

    def call(self, inputs, training=None, mask=None):
        """Normalises."""
        if not (training and self.trainable) or keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs,
            ops.cast(self.gamma, "float32"),
            ops.cast(self.beta, "float32"),
            epsilon=self.epsilon,
            is_training=True,
        )
        # The kernel gives the unbiased variance; Keras averages the biased one.
        count = math.prod(inputs.shape[:3])
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance * ((count - 1) / count))):
            moving.assign(moving * self.momentum + value * (1 - self.momentum))
        return outputs


@keras.saving.register_keras_serializable("demicouture")
class NormalToUniform(keras.layers.Layer):
    """Maps what is distributed as a standard normal to what is distributed as U(-1, 1): erf(x / √2).

    The normal's distribution function, from -1 to 1 in place of 0 to 1.
    """

    def call(self, inputs):
        """Maps, elementwise."""
        return ops.erf(inputs * np.float32(math.sqrt(0.5)))

    def compute_output_shape(self, input_shape):
        """Returns the shape of the result, which is the input's."""
        return input_shape
