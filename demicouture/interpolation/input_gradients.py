"""Gradients of losses with respect to the inputs of networks, on either backend; the weights are not changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from demicouture.keras_backend import backend_in_use, start_keras


def with_gradients(losses: Callable[[Any], Any]) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Returns a compiled function that gives losses and their gradients.

    Args:
        losses: Maps float32 (n, d) to (n,), each loss of its own row alone, by ``keras.ops`` and networks.

    Returns:
        A function that maps float32 (n, d) to the losses, float64 (n,), and to each one's gradient with respect to its
        own row, float64 (n, d). For each n it is compiled once.
    """
    start_keras()
    # Each loss depends on its own row alone, so the gradient of their sum holds each one's gradient in its row.
    if backend_in_use() == "jax":
        import jax

        def total(inputs):
            each = losses(inputs)
            return each.sum(), each

        compiled = jax.jit(jax.value_and_grad(total, has_aux=True))

        def both(inputs):
            (_, each), gradients = compiled(inputs)
            return each, gradients
    else:
        import tensorflow as tf

        @tf.function
        def both(inputs):
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                each = losses(inputs)
            return each, tape.gradient(each, inputs)

        compiled, both = both, lambda inputs: compiled(tf.convert_to_tensor(inputs))

    def run(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        each, gradients = both(np.asarray(inputs, np.float32))
        return np.asarray(each, np.float64), np.asarray(gradients, np.float64)

    return run
