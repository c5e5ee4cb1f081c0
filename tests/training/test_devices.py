"""Several devices and several processes, on JAX: simulated on one CPU, and on loopback."""

from __future__ import annotations

import importlib.util
import signal
import socket

import numpy as np
import pytest
import tiny_run

from demicouture import files
from demicouture.errors import InputError

pytestmark = pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="jax is not installed")

MEASURED = ("d_loss", "g_loss", "d_real", "d_fake")
FLAGS = ("--epochs", "3", "--batch-size", "8", "--augment")


@pytest.fixture(scope="module")
def jax() -> dict[str, str]:
    """The environment of a run on JAX."""
    return {"KERAS_BACKEND": "jax"}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return tiny_run.make_dataset(tmp_path_factory.mktemp("dataset") / "data", pictures=12)


@pytest.fixture(scope="module")
def alone(dataset, jax, tmp_path_factory) -> list[list[float]]:
    """The log of one device."""
    return log_of(dataset, tmp_path_factory.mktemp("alone") / "run", (), jax)


def log_of(dataset, output, flags, environment) -> list[list[float]]:
    result = tiny_run.run(dataset, output, *FLAGS, *flags, **environment)
    assert (result.returncode, result.stderr) == (0, "")
    return measured(output)


def measured(output) -> list[list[float]]:
    return [[float(row[name]) for name in MEASURED] for row in tiny_run.figures(output)]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_four_devices_compute_what_one_computes(dataset, alone, jax, tmp_path):
    four = {**jax, "XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    together = log_of(dataset, tmp_path / "run", ("--devices", "all"), four)
    np.testing.assert_allclose(together, alone, rtol=2e-3)
    assert len(together) == 3
    assert files.read_json(tmp_path / "run" / "summary.json")["devices"] == 4
    result = tiny_run.run(dataset, tmp_path / "run", *FLAGS, "--epochs", "4", "--devices", "3", **four)
    assert result.stderr == "error: --batch-size 8: cannot be shared evenly by 3 devices; use --batch-size 6\n"


def test_two_processes_compute_what_one_computes_stop_together_and_tell_of_a_loss(dataset, alone, jax, tmp_path):
    output = tmp_path / "run"

    def start_both():
        meeting = ("--coordinator", f"127.0.0.1:{free_port()}", "--processes", "2")
        flags = [*FLAGS, "--epochs", "100000", *meeting]
        return [tiny_run.start(dataset, output, *flags, "--process", str(number), **jax) for number in (0, 1)]

    def rows():
        return len(tiny_run.figures(output)) if (output / "history.csv").exists() else 0

    both = start_both()
    tiny_run.wait_for(lambda: rows() >= 3, *both)
    np.testing.assert_allclose(measured(output)[:3], alone, rtol=2e-3)
    # Whichever is interrupted, both end at the same step, and the first one saves.
    both[1].send_signal(signal.SIGINT)
    for process in both:
        stderr = process.communicate(timeout=60)[1]
        assert (process.returncode, stderr.split(":")[0]) == (130, "interrupted")
    checkpoint = max(output.glob("checkpoints/step-*.npz"))
    done = rows()
    assert int(checkpoint.stem[5:]) // 3 == done

    both = start_both()
    tiny_run.wait_for(lambda: rows() > done, *both)
    both[1].kill()
    stderr = both[0].communicate(timeout=60)[1]
    both[1].communicate()
    assert both[0].returncode == 1
    assert stderr.startswith("error: a process of this run is gone (") and stderr.count("\n") == 1


def test_processes_that_disagree_are_stopped(dataset, jax, tmp_path):
    meeting = ("--coordinator", f"127.0.0.1:{free_port()}", "--processes", "2")
    both = [
        tiny_run.start(dataset, tmp_path / "run", *FLAGS, *meeting, "--process", str(n), "--seed", str(n), **jax)
        for n in (0, 1)
    ]
    for process in both:
        stderr = process.communicate(timeout=120)[1]
        assert process.returncode == 1
        assert "error: the processes have different flags, pictures or checkpoints; start each with the" in stderr


def test_a_coordinator_that_is_not_there_is_told(monkeypatch):
    from demicouture import keras_backend

    monkeypatch.setattr(keras_backend, "MEETING_SECONDS", 0.2)
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(
        InputError, match=f"--coordinator {address}: nobody answered in 0.2 seconds .* start --process 0"
    ):
        keras_backend._join(None, keras_backend.Cluster(address, 2, 1))
