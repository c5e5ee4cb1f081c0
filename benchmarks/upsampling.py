"""Times the forms of the upsampling convolution on this machine, forward and backward, on the backend in use.

The plain pair is UpSampling2D and Conv2D; the other two are what demicouture/dcgan/layers.py has in its place.

Example:
  KERAS_BACKEND=jax python benchmarks/upsampling.py --width 0.25
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from demicouture.keras_backend import start_keras  # noqa: E402


def compiled(form):
    """Returns two functions of inputs, kernel and the result's gradient: the result, and both gradients."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        backward = jax.jit(lambda x, kernel, towards: jax.vjp(form, x, kernel)[1](towards))
        return jax.jit(lambda x, kernel, towards: form(x, kernel)), backward, jax.block_until_ready
    import tensorflow as tf

    @tf.function
    def backward(x, kernel, towards):
        with tf.GradientTape() as tape:
            tape.watch([x, kernel])
            outputs = form(x, kernel)
        return tape.gradient(outputs, [x, kernel], output_gradients=towards)

    forward = tf.function(lambda x, kernel, towards: form(x, kernel))
    return forward, backward, lambda result: [part.numpy() for part in tf.nest.flatten(result)]


def main() -> None:
    """Prints a table, a row for each of the generator's upsampling layers at 128×128."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=float, default=0.25, help="factor on the channels (default: %(default)s)")
    parser.add_argument("--batch-size", type=int, default=32, help="default: %(default)s")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--rounds", type=int, default=7, help="the median of so many (default: %(default)s)")
    args = parser.parse_args()
    keras = start_keras()
    from keras import layers, ops

    from demicouture.dcgan.layers import interleaved_convolutions, transposed_convolution

    upsampling = layers.UpSampling2D(dtype=args.precision)

    def plain_pair(x, kernel):
        kernel = ops.cast(kernel, x.dtype)
        return ops.conv(upsampling(x), kernel, padding="same", data_format="channels_last")

    forms = {"plain pair": plain_pair, "transposed": transposed_convolution, "interleaved": interleaved_convolutions}
    print(f"{keras.backend.backend()}, batch {args.batch_size}, {args.precision}; milliseconds forward, backward")
    print(f"| layer | {' | '.join(forms)} |\n| --- |{' ---: |' * len(forms)}")
    random = np.random.default_rng(0)
    for side, channels in ((16, 1024), (32, 512), (64, 256)):
        before, after = round(channels * args.width), round(channels * args.width / 2)
        shapes = (side, side, before), (2 * side, 2 * side, after)
        x, towards = (
            ops.convert_to_tensor(random.normal(size=(args.batch_size, *shape)), dtype=args.precision)
            for shape in shapes
        )
        kernel = ops.convert_to_tensor(random.normal(size=(3, 3, before, after)), dtype="float32")
        seconds = {}
        for name, form in forms.items():
            *functions, wait = compiled(form)
            for function in functions:
                wait(function(x, kernel, towards))  # compiles
            seconds[name] = [functions, wait, [], []]
        for _ in range(args.rounds):
            for functions, wait, *taken in seconds.values():
                for function, times in zip(functions, taken, strict=True):
                    began = time.perf_counter()
                    wait(function(x, kernel, towards))
                    times.append(time.perf_counter() - began)
        cells = [
            f"{1000 * statistics.median(forward):.1f}, {1000 * statistics.median(backward):.1f}"
            for *_, forward, backward in seconds.values()
        ]
        print(f"| {side}×{side}×{before} → {2 * side}×{2 * side}×{after} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
