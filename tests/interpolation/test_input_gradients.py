import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HOUSE = Path(__file__).parents[2]

PROGRAM = """
import numpy as np
from demicouture.interpolation.input_gradients import with_gradients
import keras
network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
run = with_gradients(lambda x: keras.ops.square(network(x, training=False))[:, 0])
losses, gradients = run(np.array([[1, 2, 3], [0, 0, 1]], np.float32))
# (1 + 2 + 3)² = 36, by each 2 · 6; 1² = 1, by each 2 · 1.
assert losses.dtype == gradients.dtype == np.float64
assert losses.tolist() == [36, 1], losses
assert gradients.tolist() == [[12, 12, 12], [2, 2, 2]], gradients
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_each_row_has_the_gradient_of_its_own_loss(backend, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", backend)
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, cwd=HOUSE)
    assert done.returncode == 0, done.stderr


def test_the_gradient_agrees_with_a_small_step():
    import keras

    from demicouture.interpolation.input_gradients import with_gradients

    run = with_gradients(lambda x: keras.ops.sum(keras.ops.sin(x) * x, axis=1))
    place = np.array([[0.3, -0.8]], np.float32)
    step = 1e-2
    around = [(run(place + step * axis)[0] - run(place - step * axis)[0])[0] / (2 * step) for axis in np.eye(2)]
    assert run(place)[1][0] == pytest.approx(around, abs=1e-3)
