"""Starting Keras: only when it is needed, on a backend that has a training step, without its libraries' greetings."""

from __future__ import annotations

import contextlib
import os
from types import ModuleType

from demicouture.commands import pip_install
from demicouture.console import silent_libraries
from demicouture.errors import InputError
from demicouture.language import _

BACKENDS = ("tensorflow", "jax")

ASSUMED_MEMORY = 4 * 2**30
"""Where a system does not report how much there is."""


def backend_in_use() -> str:
    """Returns the name of the Keras backend that the environment asks for.

    Raises:
        InputError: There is no training step for it.
    """
    wanted = os.environ.get("KERAS_BACKEND", "tensorflow")
    if wanted not in BACKENDS:
        raise InputError(
            _("KERAS_BACKEND={wanted}, expected {backends}").format(wanted=wanted, backends=_(" or ").join(BACKENDS))
        )
    return wanted


def start_keras() -> ModuleType:
    """Imports Keras and its backend, which takes seconds, and returns it.

    Raises:
        InputError: ``KERAS_BACKEND`` names a backend that has no training step here, or one that is not installed.
    """
    wanted = backend_in_use()
    # Set in any case, because a person's own ~/.keras/keras.json may say otherwise.
    os.environ["KERAS_BACKEND"] = wanted
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        # TensorFlow's C++ greets before it has read its own log level.
        with silent_libraries():
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
        raise InputError(
            _(
                "KERAS_BACKEND={wanted}: {error}; run: {command} (or set KERAS_BACKEND to one of {backends} "
                "that is installed)"
            ).format(wanted=wanted, error=error, command=pip_install(wanted), backends=", ".join(BACKENDS))
        ) from error
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    return keras


def device_memory() -> int:
    """Returns the memory of what computes, in bytes: a GPU's, or the machine's. Starts Keras."""
    start_keras()
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
