"""Several devices, on JAX: simulated on one CPU."""

from __future__ import annotations

import importlib.util
import re

import numpy as np
import pytest
import tiny_run

from demicouture import files

MEASURED = ("d_loss", "g_loss", "d_real", "d_fake")

PROGRAM = """
from demicouture import cli
folder = Path({folder!r})
for name, wanted in (("alone", "1"), ("together", "all"), ("uneven", "3")):
    flags = ("--epochs", "3", "--batch-size", "8", "--augment", "--devices", wanted)
    print(cli.run(lambda: tiny_run.main(folder / "data", folder / name, *flags)))
"""


@pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="jax is not installed")
def test_four_devices_compute_what_one_computes(tmp_path):
    tiny_run.make_dataset(tmp_path / "data", pictures=12)
    result = tiny_run.in_child(
        PROGRAM.format(folder=str(tmp_path)),
        KERAS_BACKEND="jax",
        XLA_FLAGS="--xla_force_host_platform_device_count=4",
    )
    assert result.stdout == "0\n0\n1\n", result.stderr
    assert re.fullmatch("error: --batch-size 8: cannot be shared evenly by 3 devices; use .*-size 6\n", result.stderr)
    alone, together = (
        [[float(row[name]) for name in MEASURED] for row in tiny_run.log(tmp_path / folder)]
        for folder in ("alone", "together")
    )
    np.testing.assert_allclose(together, alone, rtol=2e-3)
    assert len(together) == 3
    found = [files.read_json(tmp_path / name / "summary.json")["results"]["devices"] for name in ("alone", "together")]
    assert found == [1, 4]
