import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from demicouture.keras_backend import backend_in_use

HOUSE = Path(__file__).parents[2]


def check_gradients() -> None:
    import keras

    from demicouture.interpolation.input_gradients import with_gradients

    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    run = with_gradients(lambda x: keras.ops.square(network(x, training=False))[:, 0])
    losses, gradients = run(np.array([[1, 2, 3], [0, 0, 1]], np.float32))
    # (1 + 2 + 3)² = 36, by each 2 · 6; 1² = 1, by each 2 · 1.
    assert losses.dtype == gradients.dtype == np.float64
    assert losses.tolist() == [36, 1], losses
    assert gradients.tolist() == [[12, 12, 12], [2, 2, 2]], gradients


def test_each_row_has_the_gradient_of_its_own_loss():
    check_gradients()


def test_so_it_has_on_the_other_backend(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow" if backend_in_use() == "jax" else "jax")
    code = "import test_input_gradients; test_input_gradients.check_gradients()"
    monkeypatch.setenv("PYTHONPATH", f"{HOUSE}{os.pathsep}{Path(__file__).parent}")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_gradient_agrees_with_a_small_step():
    import keras

    from demicouture.interpolation.input_gradients import with_gradients

    run = with_gradients(lambda x: keras.ops.sum(keras.ops.sin(x) * x, axis=1))
    place = np.array([[0.3, -0.8]], np.float32)
    step = 1e-2
    around = [(run(place + step * axis)[0] - run(place - step * axis)[0])[0] / (2 * step) for axis in np.eye(2)]
    assert run(place)[1][0] == pytest.approx(around, abs=1e-3)
