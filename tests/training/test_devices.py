"""Several devices, on JAX: simulated on one CPU."""

from __future__ import annotations

import importlib.util
import json
import re

import numpy as np
import pytest
import tiny_run

from demicouture import files
from demicouture.training import recommendation
from demicouture.training.devices import kind_of_device

METRICS = ("d_loss", "g_loss", "d_real", "d_fake")

PROGRAM = """
import json
from demicouture import cli
from demicouture.keras_backend import start_keras
from demicouture.training.pictures import read_training_pictures
start_keras()
import tiny_gan
folder = Path({folder!r})
dataset = read_training_pictures(folder / "data", 32, folder)
pictures = dataset.pictures[~dataset.choose_withheld(tiny_gan.SEED)]
gan = tiny_gan.build(pictures, batch_size=8, ema=0.99, augment=True, flips=True, encodes=True)
print(json.dumps(tiny_gan.fit(gan, 3)))
for wanted in ("all", "3"):
    flags = ("--epochs", "3", "--batch-size", "8", "--augment", "--dropout", "0.25", "--seed", str(tiny_gan.SEED))
    print(cli.run(lambda: tiny_run.main(folder / "data", folder / wanted, *flags, "--devices", wanted)))
"""


@pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="jax is not installed")
def test_four_devices_compute_what_one_computes(tmp_path):
    tiny_run.make_dataset(tmp_path / "data", pictures=12)
    result = tiny_run.in_child(
        PROGRAM.format(folder=str(tmp_path)),
        KERAS_BACKEND="jax",
        # How a batch is shared is what matters here; without XLA's optimizations it is compiled in half the time.
        XLA_FLAGS="--xla_force_host_platform_device_count=4 --xla_backend_optimization_level=0",
    )
    alone, *codes = result.stdout.splitlines()
    assert codes == ["0", "1"], result.stderr
    assert re.fullmatch("error: --batch-size 8: cannot be shared evenly by 3 devices; use .*-size 6\n", result.stderr)
    together = tiny_run.log(tmp_path / "all")
    assert len(together) == 3
    for name in METRICS:
        np.testing.assert_allclose([float(row[name]) for row in together], json.loads(alone)[name], rtol=2e-3)
    assert files.read_json(tmp_path / "all" / "summary.json")["results"]["devices"] == 4


def test_a_gpu_counts_where_the_backend_computes_on_it(monkeypatch):
    monkeypatch.setattr(recommendation, "GPU_DEVICES", (__file__,))
    assert recommendation.has_gpu() is (kind_of_device() != "cpu")
