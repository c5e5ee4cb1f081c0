"""Several devices, on one host or on several: data parallel, by ``keras.distribution`` on JAX.

Every device holds both networks and computes its share of each batch; batch normalisation and the losses see the whole
one, so the figures are those of one device at the same batch, to rounding.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
from collections.abc import Iterator

import keras
import numpy as np

from demicouture.cli import expected_failure
from demicouture.errors import DemicoutureError, InputError


class DataParallel(keras.distribution.DataParallel):
    """Keras' data parallelism, but what ``fit`` hands over is given whole to every device.

    It is a step's position or a batch of bytes, the same on all hosts; :func:`split_batch` divides what is made of it.
    """

    def get_data_layout(self, data_shape):
        """Returns the layout of what ``fit`` hands over: not divided."""
        return keras.distribution.TensorLayout([None] * len(data_shape), self.device_mesh)


def use_devices(wanted: int | None, batch_size: int) -> int:
    """Spreads what is built from now on over devices.

    Args:
        wanted: How many; None takes all, of all hosts.
        batch_size: Pictures in a step.

    Returns:
        How many devices train.

    Raises:
        InputError: There are not so many, or they cannot share a batch evenly.
    """
    found = keras.distribution.list_devices() if keras.backend.backend() == "jax" else [""]
    count = len(found) if wanted is None else wanted
    if count > len(found):
        raise InputError(f"--devices {count}: found {len(found)}, expected as many; use --devices all")
    if batch_size % count:
        raise InputError(
            f"--batch-size {batch_size}: cannot be shared evenly by {count} devices; "
            f"use --batch-size {batch_size - batch_size % count or count}"
        )
    if count > 1:
        keras.distribution.set_distribution(DataParallel(devices=found[:count], auto_shard_dataset=False))
    return count


@contextlib.contextmanager
def on_one_device() -> Iterator[None]:
    """Lets what is built or run inside stay on one device of this process."""
    distribution = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(distribution)


def split_batch(values):
    """Divides a tensor among the devices by its first axis, inside of a step; with one device it does nothing."""
    distribution = keras.distribution.distribution()
    if distribution is None:
        return values
    axes = [distribution.batch_dim_name] + [None] * (len(values.shape) - 1)
    layout = keras.distribution.TensorLayout(axes, distribution.device_mesh)
    return keras.distribution.distribute_tensor(values, layout)


def alone() -> bool:
    """Returns whether this process trains by itself."""
    return keras.backend.backend() != "jax" or _process_count() == 1


def _process_count() -> int:
    import jax

    return jax.process_count()


def any_process(flag: bool) -> bool:
    """Returns whether the flag is set in any process; all of them must ask at the same step."""
    if alone():
        return flag
    from jax.experimental import multihost_utils

    return bool(np.any(multihost_utils.process_allgather(np.array(flag))))


@contextlib.contextmanager
def ending_with_the_others() -> Iterator[None]:
    """Where one of several processes fails, tells why and ends it with exit code 1, and then the others likewise.

    JAX's own way is a traceback, minutes of waiting for the others at the exit, and an abort.
    """
    try:
        yield
    except (DemicoutureError, OSError, RuntimeError, ValueError) as error:
        line = expected_failure(error)
        # A lost process shows as one or the other, depending on where the connection broke, with a status of XLA's.
        reason = str(error).partition("\n")[0]
        if line is None and re.match("[A-Z_]+: ", reason):
            line = (
                f"error: a process of this run is gone ({reason}); start all of them again, and the run goes on from "
                "its last checkpoint"
            )
        if alone() or line is None:
            raise
        print(line, file=sys.stderr, flush=True)
        os._exit(1)


def refuse_disagreement(*facts: object) -> None:
    """Stops processes that are about to train different things together.

    Args:
        facts: What this process begins with; their texts are compared.

    Raises:
        InputError: They are not the same everywhere.
    """
    if alone():
        return
    from jax.experimental import multihost_utils

    digest = np.frombuffer(hashlib.sha256(repr(facts).encode()).digest(), np.uint8)
    everywhere = multihost_utils.process_allgather(digest)
    if (everywhere != digest).any():
        raise InputError(
            "the processes have different flags, pictures or checkpoints; start each with the same command, but for "
            "--process, on a --home that they share"
        )


def kind_of_device() -> str:
    """Returns what computes: "cpu", or the name of a GPU or TPU."""
    if keras.backend.backend() == "jax":
        import jax

        return "cpu" if jax.default_backend() == "cpu" else jax.local_devices()[0].device_kind
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    return tf.config.experimental.get_device_details(found[0]).get("device_name", "gpu") if found else "cpu"
