"""Starting Keras: at the moment it is needed, without its libraries' chatter, on a backend that we have a step for."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from types import ModuleType

from demicouture.errors import InputError

BACKENDS = ("tensorflow", "jax")


def start_keras() -> ModuleType:
    """Imports Keras and its backend, which takes seconds, and returns it.

    Raises:
        InputError: ``KERAS_BACKEND`` names a backend that we have no training step for, or one that is not installed.
    """
    wanted = os.environ.get("KERAS_BACKEND", "tensorflow")
    if wanted not in BACKENDS:
        raise InputError(f"KERAS_BACKEND={wanted}, expected {' or '.join(BACKENDS)}")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with _silent_stderr():
            import keras

            if wanted == "jax":
                import jax

                jax.devices()
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
        raise InputError(f"KERAS_BACKEND={wanted}: {error}; run: pip install {wanted}") from error
    return keras


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    # TensorFlow's C++ greets on file descriptor 2 before it has read its own log level, so that descriptor is closed to
    # it while it starts. Python's exceptions are raised, not printed, and lose nothing.
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
