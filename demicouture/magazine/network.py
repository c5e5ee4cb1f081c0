"""The generator as the page's script runs it: its layers, and its weights as 16-bit numbers.

Each weight is a whole number in [-32767, 32767] times a factor of its output's own, so the largest weight of each
output is exact and the others are right to 1 in 65,534 of it. On the demonstration's generator 1 pixel value in 1,000
then differs by one grey level from what ``generate.py`` draws, and none by more; as float16 it was 1 in 90, as bfloat16
some differed by two.

A batch normalisation after a convolution is part of its weights and biases.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demicouture.commands import command
from demicouture.errors import InputError
from demicouture.language import _
from demicouture.latents import LATENT_DIM

MOST_WEIGHTS = 8_000_000
"""A page with more is no page to mail: base64 of so many 16-bit numbers is 21 MB. The seed's own generator has
32,000,000; those of the presets ``best`` and ``demo`` have under 4,000,000."""

MOST_LEVEL = 32767


@dataclass(frozen=True)
class Layer:
    """A layer of the chain.

    Attributes:
        kind: ``dense`` (with ReLU), ``affine`` (a factor and a bias for each channel), ``upsample`` (UpSampling2D,
            convolution and ReLU) or ``convolve``.
        weights: float64 (inputs, outputs); of a convolution (3 × 3 × inputs, outputs); of ``affine`` (1, channels).
        biases: float64 (outputs,).
    """

    kind: str
    weights: np.ndarray
    biases: np.ndarray

    def pack(self) -> bytes:
        """Returns factors and biases as float32 and weights as int16, row by row, all little-endian."""
        factors = np.abs(self.weights).max(axis=0) / MOST_LEVEL
        factors[factors == 0] = 1
        factors = factors.astype("<f4")
        levels = np.rint(self.weights / factors).clip(-MOST_LEVEL, MOST_LEVEL).astype("<i2")
        padding = bytes(levels.nbytes % 4)  # float32 begins at a multiple of four.
        return factors.tobytes() + self.biases.astype("<f4").tobytes() + levels.tobytes() + padding


@dataclass(frozen=True)
class Network:
    """A generator.

    Attributes:
        first_side: The side of the first feature map, in pixels.
        layers: From latents to pictures before their tanh.
    """

    first_side: int
    layers: tuple[Layer, ...]

    @property
    def side(self) -> int:
        """The side of its pictures, in pixels."""
        return self.first_side * 2 ** sum(layer.kind == "upsample" for layer in self.layers)

    @property
    def size(self) -> int:
        """How many weights it has."""
        return sum(layer.weights.size for layer in self.layers)

    def describe(self) -> dict:
        """Returns what the script has to know of the packed weights, as JSON holds it."""
        layers = [
            {"kind": layer.kind, "rows": layer.weights.shape[0], "outputs": layer.weights.shape[1]}
            for layer in self.layers
        ]
        return {"firstSide": self.first_side, "side": self.side, "layers": layers}

    def pack(self) -> bytes:
        """Returns the weights of all layers, one after the other."""
        return b"".join(layer.pack() for layer in self.layers)


def read_network(path: Path) -> Network:
    """Reads a ``generator.onnx`` that :mod:`demicouture.dcgan.export` wrote.

    Raises:
        InputError: The file is missing, damaged, or another network.
    """
    import onnx  # Imported here: the page of a home without a generator does not wait for it.
    from onnx import numpy_helper

    try:
        graph = onnx.load(str(path)).graph
        constants = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
        network = _read_nodes(list(graph.node), constants)
    except FileNotFoundError:
        raise InputError(
            _("{path}: not found; run: {command}").format(path=path, command=command("train_dcgan.py"))
        ) from None
    except Exception as error:
        # A damaged file makes protobuf and NumPy raise DecodeError, KeyError, ValueError …
        raise InputError(
            _("{path}: no generator of this version ({name}); train again").format(path=path, name=type(error).__name__)
        ) from None
    if network.layers[0].weights.shape[0] != LATENT_DIM:
        raise InputError(
            _("{path}: found {found} inputs, expected {latent_dim}").format(
                path=path, found=network.layers[0].weights.shape[0], latent_dim=LATENT_DIM
            )
        )
    return network


def _read_nodes(nodes: list, constants: dict[str, np.ndarray]) -> Network:
    layers: list[Layer] = []
    first_side = 0
    for number, node in enumerate(nodes):
        own = [constants[name].astype(np.float64) for name in node.input if name in constants]
        previous = nodes[number - 1].op_type if number else ""
        if node.op_type == "Gemm":
            layers.append(Layer("dense", *own))
        elif node.op_type == "Reshape":
            first_side = int(own[0][1])
        elif node.op_type == "BatchNormalization":
            gamma, beta, mean, variance = own
            factors = gamma / np.sqrt(variance + node.attribute[0].f)
            shift = beta - mean * factors
            if previous == "Conv":
                layer = layers.pop()
                layers.append(Layer(layer.kind, layer.weights * factors, layer.biases * factors + shift))
            else:
                layers.append(Layer("affine", factors[np.newaxis], shift))
        elif node.op_type == "Conv":
            kernel = own[0].transpose(2, 3, 1, 0)  # from (out, in, 3, 3) to (3, 3, in, out)
            kind = "upsample" if previous == "Resize" else "convolve"
            layers.append(Layer(kind, kernel.reshape(-1, kernel.shape[3]), own[1]))
    kinds = [layer.kind for layer in layers]
    if kinds[:2] != ["dense", "affine"] or set(kinds[2:-1]) - {"upsample"} or kinds[-1] != "convolve" or not first_side:
        raise ValueError(f"layers {kinds}")
    return Network(first_side, tuple(layers))
