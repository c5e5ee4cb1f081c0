"""Starting Keras: at the moment it is needed, without its libraries' chatter, on a backend that we have a step for."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

from demicouture.errors import InputError

BACKENDS = ("tensorflow", "jax")

ASSUMED_MEMORY = 4 * 2**30
"""Where a system does not tell how much there is."""

MEETING_SECONDS = 120
"""How long a process waits for the first one to appear."""


class Cluster(NamedTuple):
    """One of several processes that train together.

    Attributes:
        coordinator: ``host:port`` of the first process, where all meet.
        processes: How many there are.
        process: This one's number, from 0.
    """

    coordinator: str
    processes: int
    process: int


def backend_in_use() -> str:
    """Returns the name of the Keras backend that the environment asks for.

    Raises:
        InputError: It is one that we have no training step for.
    """
    wanted = os.environ.get("KERAS_BACKEND", "tensorflow")
    if wanted not in BACKENDS:
        raise InputError(f"KERAS_BACKEND={wanted}, expected {' or '.join(BACKENDS)}")
    return wanted


def start_keras(cluster: Cluster | None = None) -> ModuleType:
    """Imports Keras and its backend, which takes seconds, and returns it.

    Args:
        cluster: What this process belongs to, if it does not work alone; JAX only.

    Raises:
        InputError: ``KERAS_BACKEND`` names a backend that we have no training step for, or one that is not installed;
            or the other processes did not come.
    """
    wanted = backend_in_use()
    # Said aloud, because a person's own ~/.keras/keras.json may say otherwise.
    os.environ["KERAS_BACKEND"] = wanted
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with _silent():
            import keras

            if wanted == "jax":
                import jax

                joins = cluster and not jax.distributed.is_initialized()
                if joins:
                    _join(keras, cluster)
                jax.devices()
                if joins:
                    from jax.experimental import multihost_utils

                    multihost_utils.sync_global_devices("start")  # The first meeting of all is told on stdout.
                # Keras takes TensorFlow, where it is installed, for feeding data to JAX.
                with contextlib.suppress(ImportError):
                    import tensorflow
            else:
                import tensorflow

                tensorflow.config.list_physical_devices()
                # TensorFlow's pass that fuses layers fails now and then on networks like ours, with a message, and
                # would then leave other roundings behind. Without it a step takes as long (measured on two CPU cores).
                tensorflow.config.optimizer.set_experimental_options({"remapping": False})
    except ImportError as error:
        raise InputError(
            f"KERAS_BACKEND={wanted}: {error}; run: pip install {wanted} (or set KERAS_BACKEND to one of "
            f"{', '.join(BACKENDS)} that is installed)"
        ) from error
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    return keras


def device_memory(cluster: Cluster | None = None) -> int:
    """Returns the memory of what computes, in bytes: a GPU's, or the machine's. Starts Keras."""
    start_keras(cluster)
    if backend_in_use() == "jax":
        import jax

        statistics = jax.local_devices()[0].memory_stats() or {}  # None on a CPU
        if "bytes_limit" in statistics:
            return statistics["bytes_limit"]
    else:
        from tensorflow.python.client import device_lib

        for device in device_lib.list_local_devices():
            if device.device_type == "GPU":
                return device.memory_limit
    if hasattr(os, "sysconf"):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return ASSUMED_MEMORY


def _join(keras: ModuleType, cluster: Cluster) -> None:
    host, _, port = cluster.coordinator.rpartition(":")
    if cluster.process:
        # Asked for here first: JAX would end the program without a word of its own if nobody were there.
        deadline = time.monotonic() + MEETING_SECONDS
        while True:
            try:
                socket.create_connection((host, int(port)), timeout=5).close()
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise InputError(
                        f"--coordinator {cluster.coordinator}: nobody answered in {MEETING_SECONDS} seconds "
                        f"({error}); start --process 0 on that host first"
                    ) from None
                time.sleep(0.5)
    try:
        keras.distribution.initialize(cluster.coordinator, cluster.processes, cluster.process)
    except RuntimeError as error:
        raise InputError(
            f"--coordinator {cluster.coordinator}: the {cluster.processes} processes did not come together "
            f"({error}); start all of them, with a --process of its own each"
        ) from None


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    # TensorFlow's C++ greets on file descriptor 2 before it has read its own log level, and JAX's tells on 1 whom it
    # met, so both are closed to them while they start. Python's exceptions are raised, not printed, and lose nothing.
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        for place, descriptor in enumerate(kept, start=1):
            os.dup2(descriptor, place)
            os.close(descriptor)
