"""Training on several devices of one host: data parallel, by ``keras.distribution`` on JAX.

Every device holds both networks and computes its share of each batch; batch normalisation and the losses see the whole
one, so the results are those of one device at the same batch, to rounding.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras

from demicouture.errors import InputError
from demicouture.language import _


class DataParallel(keras.distribution.DataParallel):
    """Keras' data parallelism, but what ``fit`` hands over is given whole to every device.

    It is a step's number or a batch of bytes; :func:`split_batch` divides what is made of it.
    """

    def get_data_layout(self, data_shape):
        """Returns the layout of what ``fit`` hands over: not divided."""
        return keras.distribution.TensorLayout([None] * len(data_shape), self.device_mesh)


def use_devices(wanted: int | None, batch_size: int) -> int:
    """Spreads what is built from now on over devices.

    Args:
        wanted: How many; None takes all.
        batch_size: Pictures in a step.

    Returns:
        How many devices train.

    Raises:
        InputError: There are not so many, or they cannot share a batch evenly.
    """
    found = keras.distribution.list_devices() if keras.backend.backend() == "jax" else [""]
    count = len(found) if wanted is None else wanted
    if count > len(found):
        raise InputError(
            _("--devices {count}: found {found}, expected as many; use --devices all").format(
                count=count, found=len(found)
            )
        )
    if batch_size % count:
        raise InputError(
            _(
                "--batch-size {batch_size}: cannot be shared evenly by {count} devices; use --batch-size {fitting}"
            ).format(batch_size=batch_size, count=count, fitting=batch_size - batch_size % count or count)
        )
    if count > 1:
        keras.distribution.set_distribution(DataParallel(devices=found[:count], auto_shard_dataset=False))
    return count


@contextlib.contextmanager
def on_one_device() -> Iterator[None]:
    """Lets what is built or run inside stay on one device."""
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


@contextlib.contextmanager
def built_in(precision: str) -> Iterator[None]:
    """Lets the networks that are built inside compute in "float32", or in "bfloat16" with weights in float32."""
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
    try:
        yield
    finally:
        keras.mixed_precision.set_dtype_policy("float32")


def kind_of_device() -> str:
    """Returns what computes: "cpu", or the name of a GPU or TPU."""
    if keras.backend.backend() == "jax":
        import jax

        return "cpu" if jax.default_backend() == "cpu" else jax.local_devices()[0].device_kind
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    return tf.config.experimental.get_device_details(found[0]).get("device_name", "gpu") if found else "cpu"
