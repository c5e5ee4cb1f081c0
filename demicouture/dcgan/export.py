"""A trained generator for other programs: as a plain Keras model, and as ONNX.

Both hold the same weights as ``generator.keras``, as float32, and give the same pictures to 1e-5, for they compute the
upsampling convolution as its two plain layers. A network that was trained in bfloat16 computes in float32 here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np

from demicouture import files
from demicouture.dcgan.layers import BatchNormalization, UpsamplingConv2D
from demicouture.dcgan.serialization import save_network

if TYPE_CHECKING:
    import onnx

EXPORTED = ("generator-plain.keras", "generator.onnx")
"""The files' names in the training folder."""

OPSET, IR_VERSION = 17, 8
"""ONNX of 2022: every runtime since then reads it, those of browsers too, and nothing newer is needed."""

LATENTS, PICTURES = "latents", "pictures"
"""The ONNX model's input, float32 (n, latent_dim) in [-1, 1], and output, float32 (n, size, size, 3) in [-1, 1]."""


def save_exports(generator: keras.Model, folder: Path) -> None:
    """Writes the generator as ``generator-plain.keras`` and as ``generator.onnx``, atomically."""
    plain = make_plain(generator)
    save_network(plain, folder / EXPORTED[0])
    files.write_bytes(folder / EXPORTED[1], make_onnx(plain).SerializeToString())


def make_plain(generator: keras.Model) -> keras.Model:
    """Returns the generator made of Keras' own layers alone, which any program with Keras 3 opens.

    Args:
        generator: One chain of layers, as :func:`demicouture.dcgan.networks.build_generator` builds it, of any size.

    Returns:
        The same function in float32, with weights of its own.
    """
    latents = keras.Input(generator.input_shape[1:], name=LATENTS)
    x, weights = latents, []
    for number, layer in enumerate(_without_input(generator)):
        # Keras' own names count on through a process; these are the same in every file.
        name = f"{type(layer).__name__.lower()}_{number}"
        if isinstance(layer, UpsamplingConv2D):
            x = keras.layers.UpSampling2D(name=f"upsampling2d_{number}")(x)
            plain = keras.layers.Conv2D(layer.filters, 3, padding="same", name=f"conv2d_{number}")
        else:
            kind = keras.layers.BatchNormalization if isinstance(layer, BatchNormalization) else type(layer)
            plain = kind.from_config({**layer.get_config(), "dtype": "float32", "name": name})
        x = plain(x)
        weights.append((plain, layer.get_weights()))
    network = keras.Model(latents, x, name=generator.name)
    for plain, values in weights:
        plain.set_weights(values)
    return network


def make_onnx(plain: keras.Model) -> onnx.ModelProto:
    """Returns a generator of plain layers as an ONNX model that takes any number of latents at once.

    Latents and pictures are those of Keras, with channels last: (n, latent_dim) and (n, size, size, 3). Between them
    ONNX has channels first, so the first feature map and the pictures are transposed.

    The graph is written node by node, in 0.15 seconds for 64 pixels at width 0.25. Keras' own exporter needs tf2onnx,
    and TensorFlow also for a model of JAX; it took 6 seconds.

    Args:
        plain: What :func:`make_plain` returned.
    """
    from onnx import TensorProto, checker, helper, numpy_helper

    nodes, constants = [], []

    def constant(name: str, values: np.ndarray) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(kind: str, layer: keras.layers.Layer, *inputs: str, suffix: str = "", **attributes: object) -> str:
        output = layer.name + suffix
        nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def convert(layer: keras.layers.Layer, x: str) -> str:
        own = [np.array(weight, np.float32) for weight in layer.get_weights()]
        name = layer.name
        if isinstance(layer, keras.layers.Dense):
            x = node("Gemm", layer, x, constant(f"{name}/kernel", own[0]), constant(f"{name}/bias", own[1]))
            return node("Relu", layer, x, suffix="/relu")
        if isinstance(layer, keras.layers.Reshape):
            shape = constant(f"{name}/shape", np.array([-1, *layer.target_shape], np.int64))
            x = node("Reshape", layer, x, shape)
            return node("Transpose", layer, x, suffix="/channels_first", perm=[0, 3, 1, 2])
        if isinstance(layer, keras.layers.BatchNormalization):
            names = (f"{name}/{part}" for part in ("gamma", "beta", "mean", "variance"))
            parts = [constant(*pair) for pair in zip(names, own, strict=True)]
            return node("BatchNormalization", layer, x, *parts, epsilon=layer.epsilon)
        if isinstance(layer, keras.layers.UpSampling2D):
            scales = constant(f"{name}/scales", np.array([1, 1, 2, 2], np.float32))
            how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
            return node("Resize", layer, x, "", scales, **how)
        if isinstance(layer, keras.layers.Conv2D):
            kernel = constant(f"{name}/kernel", own[0].transpose(3, 2, 0, 1))  # from (3, 3, in, out) to (out, in, 3, 3)
            bias = constant(f"{name}/bias", own[1])
            return node("Conv", layer, x, kernel, bias, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        if isinstance(layer, keras.layers.ReLU):
            return node("Relu", layer, x)
        if isinstance(layer, keras.layers.Activation) and layer.activation is keras.activations.tanh:
            return node("Tanh", layer, x, suffix="/tanh")
        raise ValueError(f"{layer.name}: no generator has a layer {type(layer).__name__}")

    x = LATENTS
    for layer in _without_input(plain):
        x = convert(layer, x)
    nodes.append(helper.make_node("Transpose", [x], [PICTURES], name="channels_last", perm=[0, 2, 3, 1]))
    inputs = helper.make_tensor_value_info(LATENTS, TensorProto.FLOAT, ["n", *plain.input_shape[1:]])
    outputs = helper.make_tensor_value_info(PICTURES, TensorProto.FLOAT, ["n", *plain.output_shape[1:]])
    graph = helper.make_graph(nodes, plain.name, [inputs], [outputs], constants)
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="demicouture")
    model.doc_string = "Latents in [-1, 1] to RGB pictures in [-1, 1], channels last; a pixel is (value + 1) * 127.5."
    checker.check_model(model)
    return model


def _without_input(network: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in network.layers if not isinstance(layer, keras.layers.InputLayer)]
