"""The adversarial step on both backends, run in processes of their own, and the checkpoints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HOUSE = Path(__file__).parent.parent

STEPS = """
import json, sys
import numpy as np
from demicouture.backend import start_keras
start_keras()
from demicouture.training.callbacks import epoch_order
backend, augment, ema = sys.argv[1], sys.argv[2] == "augment", float(sys.argv[3])
if backend == "jax":
    from demicouture.training.jax_step import JaxAdversary as Backend
else:
    from demicouture.training.tensorflow_step import TensorFlowAdversary as Backend
pictures = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)
model = Backend(
    pictures, width=1 / 32, discriminator_width=1 / 32, batch_size=4, learning_rate=1e-3, augment=augment,
    flips=augment, ema=ema, fresh_fakes=False, seed=1,
)
model.set_order(epoch_order(1, 0, 8, 8))
weights = lambda network: np.concatenate([w.ravel() for w in network.get_weights()])
before = weights(model.generator), weights(model.discriminator)
logs = model.fit(np.arange(2, dtype=np.int32), batch_size=1, shuffle=False, verbose=0).history
after = weights(model.generator), weights(model.discriminator)
shown = model.generator_to_show()
again = weights(model.generator)
print(json.dumps({
    "step": int(model.step.numpy()),
    "moved": [float(np.abs(b - a).max()) for b, a in zip(before, after)],
    "untouched_by_showing": bool((again == after[0]).all()),
    "averaged_differs": bool((weights(shown) != after[0]).any()),
    "logs": {name: values[0] for name, values in logs.items()},
    "trained": len(model.trainable_variables),
}))
"""


def run_steps(backend: str, *words: str) -> dict:
    result = subprocess.run(
        [sys.executable, "-c", STEPS, backend, *words],
        cwd=HOUSE,
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_step_moves_both_networks_and_logs_what_it_did(backend):
    if backend == "jax":
        pytest.importorskip("jax")
    result = run_steps(backend, "augment", "0.9")

    assert result["step"] == 2
    # Adam's first steps are as long as the learning rate, whatever the gradient: 1e-3 each.
    assert all(1e-3 < moved < 1 for moved in result["moved"])
    assert result["untouched_by_showing"] and result["averaged_differs"]
    assert result["trained"] == 10 + 6  # the averaged twin is not among what is trained
    assert set(result["logs"]) == {"d_loss", "g_loss", "d_real", "d_fake"}
    assert 0.3 < result["logs"]["d_loss"] < 2 and 0.3 < result["logs"]["g_loss"] < 2
    assert 0 <= result["logs"]["d_real"] <= 1 and 0 <= result["logs"]["d_fake"] <= 1


@pytest.fixture
def adversary():
    from demicouture.training.tensorflow_step import TensorFlowAdversary

    pictures = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), dtype=np.uint8)

    def build(**options):
        figures = {
            "width": 1 / 32,
            "discriminator_width": 1 / 32,
            "batch_size": 4,
            "learning_rate": 1e-3,
            "augment": False,
            "flips": False,
            "ema": 0.9,
            "fresh_fakes": False,
        }
        return TensorFlowAdversary(pictures, seed=2, **{**figures, **options})

    return build


def test_each_half_of_the_step_changes_its_own_network(adversary, monkeypatch):
    model = adversary()
    monkeypatch.setattr(model, "_update_generator", lambda *gradients: None)
    before = [w.copy() for w in model.generator.get_weights()]
    trained = len(model.generator.trainable_variables)
    kernel = model.discriminator.trainable_variables[0].numpy().copy()
    model.train_step(np.array([0], np.int32))
    assert (model.discriminator.trainable_variables[0].numpy() != kernel).any()
    assert all(
        (variable.numpy() == old).all()
        for variable, old in zip(
            model.generator.trainable_variables,
            [w for w, v in zip(before, model.generator.weights, strict=True) if v.trainable],
            strict=True,
        )
    ), trained

    model = adversary()
    monkeypatch.setattr(model, "_update_discriminator", lambda *gradients: None)
    kernels = [v.numpy().copy() for v in model.discriminator.trainable_variables]
    generator = model.generator.trainable_variables[0].numpy().copy()
    model.train_step(np.array([0], np.int32))
    assert (model.generator.trainable_variables[0].numpy() != generator).any()
    assert all(
        (v.numpy() == old).all() for v, old in zip(model.discriminator.trainable_variables, kernels, strict=True)
    )


def test_losses_are_binary_cross_entropy():
    import keras

    from demicouture.training.model import cross_entropy

    logits = np.array([[-2.0], [0.5], [3.0]], np.float32)
    probabilities = 1 / (1 + np.exp(-logits.astype(np.float64)))
    for real in (True, False):
        expected = -np.log(probabilities if real else 1 - probabilities).mean()
        found = float(keras.ops.convert_to_numpy(cross_entropy(keras.ops.convert_to_tensor(logits), real)))
        assert found == pytest.approx(expected, rel=1e-6)


def test_batch_statistics_are_those_of_the_prior(adversary):
    from demicouture.training.model import measure_batch_statistics

    generator = adversary().generator
    first = next(layer for layer in generator.layers if "batch_normalization" in layer.name)
    measure_batch_statistics(generator)

    latents = np.random.default_rng(0).uniform(-1, 1, (4, 32, 100)).astype(np.float32)
    dense = generator.layers[1]
    features = [np.asarray(dense(batch)).reshape(-1, first.moving_mean.shape[0]) for batch in latents]
    np.testing.assert_allclose(
        first.moving_mean.numpy(), np.mean([f.mean(axis=0) for f in features], axis=0), atol=1e-5
    )
    np.testing.assert_allclose(
        first.moving_variance.numpy(), np.mean([f.var(axis=0) for f in features], axis=0), atol=1e-5
    )
    assert first.momentum == 0.99


def test_an_epoch_takes_each_picture_at_most_once_and_every_epoch_others():
    from demicouture.training.callbacks import epoch_order

    orders = [epoch_order(seed=0, epoch=epoch, pictures=10, wanted=8) for epoch in range(20)]
    assert all(len(set(order)) == 8 for order in orders)
    assert {int(picture) for order in orders for picture in order} == set(range(10))
    assert len({tuple(order) for order in orders}) == 20
    np.testing.assert_array_equal(orders[3], epoch_order(0, 3, 10, 8))


def test_a_checkpoint_brings_everything_back(adversary, tmp_path):
    from demicouture.training import checkpoints
    from demicouture.training.callbacks import EpochOrder

    def fit(model, epochs):
        model.fit(
            np.arange(2, dtype=np.int32),
            batch_size=1,
            shuffle=False,
            verbose=0,
            initial_epoch=int(model.step.numpy()) // 2,
            epochs=epochs,
            callbacks=[EpochOrder(2)],
        )
        return [v.numpy() for v in (*model.variables, *model.optimizer.variables)]

    undisturbed = fit(adversary(augment=True, flips=True), 4)
    stopped = adversary(augment=True, flips=True)
    fit(stopped, 2)
    checkpoints.save(tmp_path, stopped, kept=2)
    resumed = adversary(augment=True, flips=True)
    assert checkpoints.restore(tmp_path, resumed) == (tmp_path / "step-000000004.npz", [])

    for expected, found in zip(undisturbed, fit(resumed, 4), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_damaged_checkpoint_is_passed_over_and_two_are_kept(adversary, tmp_path):
    from demicouture.training import checkpoints

    model = adversary()
    for step in (1, 2, 3):
        model.step.assign(step)
        checkpoints.save(tmp_path, model, kept=2)
    newest = tmp_path / "step-000000003.npz"
    assert sorted(tmp_path.iterdir()) == [tmp_path / "step-000000002.npz", newest]
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 0xFF
    newest.write_bytes(content)

    assert checkpoints.restore(tmp_path, model) == (tmp_path / "step-000000002.npz", [newest])
    assert int(model.step.numpy()) == 2
    assert checkpoints.restore(tmp_path / "nowhere", model) == (None, [])
