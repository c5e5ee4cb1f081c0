"""What a network that has seen the world finds in pictures: the features of EfficientNet-Lite0, trained on ImageNet.

Wherever pictures are compared with photographs, they are compared by these 1,280 numbers. A network that was trained
here, on a few hundred pictures, would not do: it has never seen what a bad picture looks like.

Source:
    Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019, table 1; "Lite",
    Google, 2020: no squeeze-and-excitation, ReLU6 for swish. The weights are Google's, under the Apache License 2.0.
"""

from __future__ import annotations

import functools
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from demicouture import pretrained
from demicouture.evaluation.torch_weights import read_tensors
from demicouture.images import WHITE, to_square
from demicouture.keras_backend import start_keras
from demicouture.language import _
from demicouture.progress import progress_bar

if TYPE_CHECKING:
    import keras

STAGES = (
    # kernel, stride, expansion, channels, blocks
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
"""The inverted residual blocks, from the picture to the features."""

FEATURES = 1280

EPSILON = 1e-3
"""Of all batch normalisations."""

MEAN, SCALE = 127.0, 128.0
"""What the network was trained on is (pixel - 127) / 128, as Google's code has it.

The PyTorch package that goes with the weights shows ImageNet's usual means and deviations instead. The weights say
otherwise: on photographs, the first layer's variances are 0.7 times those that its normalisation learned by this rule,
and 3.7 times by the other."""

SIDE = 128
"""Pixels. Smaller pictures are enlarged: at 64 the last map would be 2×2, and the network looks for larger things."""

CHUNK = 16
"""Pictures in a batch; the last one is padded, so that a picture's features do not depend on what it came with."""


def find_network() -> keras.Model | None:
    """Returns the trained network; None where its file is not there: then quality is not judged."""
    folder = pretrained.find(pretrained.IMAGENET)
    return folder and _load_once(folder / pretrained.EFFICIENTNET_LITE0.name)


@functools.cache
def _load_once(path: Path) -> keras.Model:
    return load_network(path)


def load_network(path: Path) -> keras.Model:
    """Builds the network with the weights of a PyTorch file.

    Raises:
        InputError: The file is missing, damaged, or holds anything but tensors.
    """
    return build_network(read_tensors(path))


def build_network(tensors: dict[str, np.ndarray]) -> keras.Model:
    """Builds the network: float32 (n, 128, 128, 3), normalised, to features, float32 (n, 1280).

    Every batch normalisation is folded into the convolution before it: half the layers, and the same numbers.

    Args:
        tensors: The weights, by PyTorch's names and in its layout.
    """
    keras = start_keras()
    depthwise = shifting_depthwise(keras) if keras.backend.backend() == "jax" else keras.layers.DepthwiseConv2D

    def convolve(inputs: keras.KerasTensor, name: str, norm: str, stride: int = 1, relu: bool = True):
        kernel, bias = fold(tensors, name, norm)
        # Zeros, not Keras' random numbers, which cost a compilation for each shape on JAX and are replaced at once.
        options = {"strides": stride, "padding": "same"}
        if name.endswith("_depthwise_conv"):
            layer = depthwise(kernel.shape[:2], depthwise_initializer="zeros", **options)
        else:
            layer = keras.layers.Conv2D(kernel.shape[3], kernel.shape[:2], kernel_initializer="zeros", **options)
        outputs = layer(inputs)
        layer.set_weights([kernel, bias])
        return keras.ops.relu6(outputs) if relu else outputs

    inputs = keras.Input((SIDE, SIDE, 3))
    maps = convolve(inputs, "_conv_stem", "_bn0", stride=2)
    number = 0
    for _kernel, first_stride, expansion, channels, blocks in STAGES:
        for stride in (first_stride, *(1,) * (blocks - 1)):
            block = f"_blocks.{number}."
            wide = maps if expansion == 1 else convolve(maps, f"{block}_expand_conv", f"{block}_bn0")
            wide = convolve(wide, f"{block}_depthwise_conv", f"{block}_bn1", stride)
            narrow = convolve(wide, f"{block}_project_conv", f"{block}_bn2", relu=False)
            maps = maps + narrow if stride == 1 and maps.shape[-1] == channels else narrow
            number += 1
    maps = convolve(maps, "_conv_head", "_bn1")
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(maps), name="efficientnet_lite0")


def shifting_depthwise(keras: ModuleType) -> type[keras.layers.DepthwiseConv2D]:
    """Returns Keras' depthwise convolution, with padding "same", as a sum of shifted maps.

    On a CPU, JAX has no fast convolution with a channel to a group: the whole network took 30 times as long.
    """
    ops = keras.ops

    class ShiftingDepthwise(keras.layers.DepthwiseConv2D):
        def call(self, inputs):
            (side, _), (stride, _) = self.kernel_size, self.strides
            outputs = -(-inputs.shape[1] // stride)  # of square maps
            span = (outputs - 1) * stride + 1
            missing = max(span + side - 1 - inputs.shape[1], 0)
            before_after = (missing // 2, missing - missing // 2)
            padded = ops.pad(inputs, ((0, 0), before_after, before_after, (0, 0)))
            total = self.bias
            for row in range(side):
                for column in range(side):
                    shifted = padded[:, row : row + span : stride, column : column + span : stride]
                    total = total + shifted * self.kernel[row, column, :, 0]
            return total

    return ShiftingDepthwise


def fold(tensors: dict[str, np.ndarray], convolution: str, norm: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns the kernel and bias of a convolution with its batch normalisation in it, in Keras' layout.

    Args:
        tensors: The weights, by PyTorch's names; kernels are (out, in, height, width).
        convolution: The convolution's name; it has no bias.
        norm: The normalisation's name.
    """
    kernel = tensors[f"{convolution}.weight"].astype(np.float64)
    scale, shift, mean, variance = (
        tensors[f"{norm}.{name}"].astype(np.float64) for name in ("weight", "bias", "running_mean", "running_var")
    )
    factor = scale / np.sqrt(variance + EPSILON)
    kernel = kernel * factor[:, None, None, None]
    # Of a depthwise convolution PyTorch has (channels, 1, height, width), Keras (height, width, channels, 1).
    kernel = kernel.transpose((2, 3, 0, 1) if convolution.endswith("_depthwise_conv") else (2, 3, 1, 0))
    return kernel.astype(np.float32), (shift - mean * factor).astype(np.float32)


def prepare(pictures: np.ndarray) -> np.ndarray:
    """Turns pictures of any size, uint8 (n, side, side, 3), into what the network sees: float32 (n, 128, 128, 3)."""
    if pictures.shape[1:3] != (SIDE, SIDE):
        whole = (0, 0, pictures.shape[2], pictures.shape[1])
        pictures = np.stack([np.asarray(to_square(Image.fromarray(one), whole, SIDE, WHITE)) for one in pictures])
    return (pictures.astype(np.float32) - np.float32(MEAN)) / np.float32(SCALE)


def prepare_generated(pictures: Any) -> Any:
    """Does the same to a generator's pictures, with gradients: float32 (n, side, side, 3) in [-1, 1], not rounded."""
    from keras import ops

    if pictures.shape[1] != SIDE:
        pictures = ops.image.resize(pictures, (SIDE, SIDE), interpolation="lanczos3", antialias=True)
    return ((pictures + 1) * 127.5 - MEAN) / SCALE


def describe(network: keras.Model, pictures: np.ndarray, quiet: bool = True, title: str = "") -> np.ndarray:
    """Returns the features of pictures: the means over the network's last map.

    Args:
        network: What :func:`find_network` returned.
        pictures: uint8 (n, side, side, 3) in [0, 255].
        quiet: Whether to show no progress bar.
        title: What the progress bar says.

    Returns:
        float32 (n, 1280) in [0, 6]. Row i depends on picture i alone.
    """
    features = np.empty((len(pictures), FEATURES), np.float32)
    starts = range(0, len(pictures), CHUNK)
    for start in progress_bar(starts, title or _("describing pictures"), unit=_("batch"), quiet=quiet):
        batch = pictures[start : start + CHUNK]
        padding = np.zeros((CHUNK - len(batch), *batch.shape[1:]), np.uint8)
        found = np.asarray(network.predict_on_batch(prepare(np.concatenate([batch, padding]))))
        features[start : start + CHUNK] = found[: len(batch)]
    return features
