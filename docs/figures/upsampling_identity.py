"""Draws how upsampling and a 3×3 convolution become one 4×4 kernel, and measures that nothing is lost.

Three forms of the same layer are compared on random feature maps and kernels: the plain pair, UpSampling2D and Conv2D,
and the two of demicouture/dcgan/layers.py.

Reads:
    Nothing.

Writes:
    docs/upsampling-identity.png

Example:
    .venv/bin/python docs/figures/upsampling_identity.py
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from demicouture import visualization  # noqa: E402
from demicouture.keras_backend import start_keras  # noqa: E402

KERNEL = np.array([[1, 2, 1], [3, 5, 2], [1, 2, 4]])
"""An example whose sums can be checked in the head."""

DRAWS = 20
SIDES = (1, 2, 5, 16)
"""Of the small image; 1 and 2 are all border."""

CHANNELS = 64, 32
"""In and out. The sums of the whole-number test stay below 2²⁴, up to which float32 holds every whole number."""


def measure(forms: dict, draw, dtype: str) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Compares each form with the plain pair in float64, on many random inputs.

    Args:
        forms: Functions of feature maps and kernel, by name; among them "plain pair".
        draw: Gives an array of random numbers of a shape.
        dtype: The precision in which the forms compute.

    Returns:
        For each form the largest difference in units of the largest output, float64 (draws · sides,); and how far the
        outputs range, float64 (draws · sides,).
    """
    from keras import ops

    differences, ranges = {name: [] for name in forms}, []
    for side in SIDES:
        for _ in range(DRAWS):
            # Numbers that float32 holds too, so that what differs is the arithmetic alone.
            inputs, kernel = (
                draw(shape).astype(np.float32).astype(np.float64)
                for shape in ((2, side, side, CHANNELS[0]), (3, 3, *CHANNELS))
            )
            exact = ops.convert_to_numpy(forms["plain pair"](*(ops.convert_to_tensor(a) for a in (inputs, kernel))))
            ranges.append(np.abs(exact).max())
            for name, form in forms.items():
                result = form(*(ops.convert_to_tensor(array, dtype=dtype) for array in (inputs, kernel)))
                differences[name].append(np.abs(ops.convert_to_numpy(result) - exact).max() / ranges[-1])
    return {name: np.array(values) for name, values in differences.items()}, np.array(ranges)


def check_worked_example(forms: dict) -> None:
    """Checks the page's example along one axis: [1, 2, 4] under the taps [1, 10, 100]."""
    from keras import ops

    row = np.array([1.0, 2.0, 4.0]).reshape(1, 1, 3, 1)
    kernel = np.zeros((3, 3, 1, 1))
    kernel[1, :, 0, 0] = 1, 10, 100
    for name, form in forms.items():
        result = ops.convert_to_numpy(form(ops.convert_to_tensor(row), ops.convert_to_tensor(kernel)))[0, 0, :, 0]
        print(f"[1, 2, 4] under [1, 10, 100], {name}: {result.round().astype(int).tolist()}")
        assert result.tolist() == [110, 211, 221, 422, 442, 44]


def draw_matrix(axis, matrix: np.ndarray, title: str, sign: str) -> None:
    """Draws whole numbers in squares, darker where larger, with a sign to the right."""
    shades = np.array([[1.0, 1.0, 1.0], [int(visualization.POLE_COLOURS[0][i : i + 2], 16) / 255 for i in (1, 3, 5)]])
    share = (0.1 + 0.6 * matrix / 17)[..., np.newaxis]
    axis.imshow((1 - share) * shades[0] + share * shades[1])
    for (row, column), value in np.ndenumerate(matrix):
        axis.text(column, row, str(value), ha="center", va="center", fontsize=11)
    size = len(matrix)
    axis.text((size - 1) / 2, -0.7, title, ha="center", va="bottom", fontsize=11)
    axis.text(size - 0.2, (size - 1) / 2, sign, ha="left", va="center", fontsize=16)
    axis.set_axis_off()
    axis.set(xlim=(-0.6, size + 0.2), ylim=(size - 0.4, -0.6))


def main() -> None:
    """Measures, draws, and prints the figures that the page quotes."""
    os.environ["KERAS_BACKEND"] = "tensorflow"  # JAX computes in float32 where float64 is asked for.
    start_keras()
    from keras import layers, ops

    from demicouture.dcgan.layers import fold_upsampling, interleaved_convolutions, transposed_convolution

    def plain_pair(inputs, kernel):
        upsampled = layers.UpSampling2D(dtype=inputs.dtype)(inputs)
        return ops.conv(upsampled, kernel, padding="same", data_format="channels_last")

    forms = {"plain pair": plain_pair, "transposed": transposed_convolution, "interleaved": interleaved_convolutions}
    check_worked_example(forms)
    random = np.random.default_rng(0)
    whole, _ = measure(forms, lambda shape: random.integers(-8, 9, shape), "float32")
    double, _ = measure(forms, random.standard_normal, "float64")
    single, ranges = measure(forms, random.standard_normal, "float32")
    print(f"{len(ranges)} inputs of each kind; the outputs range to {np.median(ranges):.0f} (median)")
    for name in forms:
        found = ", ".join(
            f"{kind} {values[name].max():.1e}"
            for kind, values in (("whole numbers", whole), ("float64", double), ("float32", single))
        )
        print(f"{name}: largest difference, in units of the largest output: {found}")

    folded = ops.convert_to_numpy(fold_upsampling(ops.convert_to_tensor(KERNEL[..., np.newaxis, np.newaxis])))
    folded = folded[::-1, ::-1, 0, 0]  # As a convolution's kernel, before it is reversed for scattering.
    path = Path(__file__).resolve().parents[1] / "upsampling-identity.png"
    with visualization.plot(path, width=12, height=3.9, columns=4) as axes:
        axes[0].get_gridspec().set_width_ratios([3, 2.1, 3.6, 5.2])
        axes[0].figure.suptitle(
            "Upsampling and a 3×3 convolution are together one 4×4 kernel: the same result, to rounding"
        )
        draw_matrix(axes[0], KERNEL, "the layer's kernel", "∗")
        draw_matrix(axes[1], np.ones((2, 2), int), "the box of ones", "=")
        draw_matrix(axes[2], folded, "the folded kernel", "")
        jitter = np.random.default_rng(0).uniform(-0.25, 0.25, len(ranges))
        for place, name in enumerate(forms):
            for values, colour, label in (
                (single, visualization.POLE_COLOURS[1], "in float32"),
                (double, visualization.POLE_COLOURS[0], "in float64"),
            ):
                if values[name].any():  # The reference differs from itself by 0, for which this axis has no place.
                    named = label if place == len(forms) - 1 else None
                    axes[3].scatter(
                        place + jitter, values[name], s=7, color=colour, alpha=0.6, linewidths=0, label=named
                    )
        axes[3].text(0, 1e-15, "(the reference)", ha="center", va="center", fontsize=9)
        axes[3].set(
            yscale="log", ylim=(1e-17, 1e-4), xticks=range(len(forms)), xticklabels=list(forms), xlim=(-0.6, 2.6)
        )
        axes[3].set_ylabel("largest difference\n(in units of the largest output)")
        axes[3].set_title("compared with the plain pair in float64")
        axes[3].legend(fontsize=9, loc="center right", framealpha=1, edgecolor="none", markerscale=2)


if __name__ == "__main__":
    main()
