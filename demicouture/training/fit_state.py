"""The price of one ``fit`` on two backends: what lives elsewhere in a plain loop has to be state that ``fit`` carries.

On JAX a step is a pure function of the model's variables and of *one* optimizer's. So two things look unusual here: the
two networks' optimizers are one object, :class:`OptimizerPair`; and the pictures and the order in which they come are
weights, of :class:`Batches`, while what ``fit`` iterates over are the numbers of the steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from demicouture.images import to_floats

SAMPLED = 8
"""Batches of pictures by which an encoder's statistics are computed."""

SAMPLE_BATCH = 128
"""Pictures in such a batch: a variance within n pictures is short of that of all by a share of 1/n."""


class OptimizerPair(keras.optimizers.Optimizer):
    """Both networks' optimizers as one object, because ``fit`` carries the state of one optimizer only."""

    def __init__(self, discriminator: keras.optimizers.Optimizer, generator: keras.optimizers.Optimizer):
        """Takes the two optimizers, already built."""
        super().__init__(learning_rate=0.0)
        self.discriminator, self.generator = discriminator, generator
        self.built = True

    @property
    def variables(self):
        """Both optimizers' variables, the discriminator's first."""
        return [*self.discriminator.variables, *self.generator.variables]

    def finalize_variable_values(self, var_list):
        """Leaves the weights alone: ``fit`` would overwrite both networks with the generator's average at its end."""


class Batches(keras.layers.Layer):
    """The training pictures in batches, in an order that changes from epoch to epoch.

    ``fit(batches.steps())`` hands a step's number to ``train_step``, and :meth:`take` returns that step's pictures. A
    data set that does not fit on the device stays in its file; then ``fit`` is given the pictures themselves.

    Attributes:
        pictures: uint8 (n, size, size, 3): the whole data set, on the device; or None, if it stays on disk.
        order: int32 (steps_per_epoch · batch_size,): this epoch's pictures, in turn; see :meth:`set_order`.
        rows: int (m,), the pictures that are trained on.
        batch_size: Pictures in a step.
        steps_per_epoch: Whole batches in an epoch.
    """

    def __init__(self, pictures: np.ndarray, batch_size: int, rows: np.ndarray | None = None):
        """Moves the pictures to the device, or leaves them on disk.

        Args:
            pictures: uint8 (n, size, size, 3) in [0, 255]. A memory-mapped file stays on disk, and its pictures are
                read as they are needed; an array is moved to the device.
            batch_size: Pictures in a step, at most as many as are trained on.
            rows: int (m,), those to train on; None takes all.
        """
        super().__init__(name="batches")
        self.rows = np.arange(len(pictures)) if rows is None else rows
        self.batch_size, self.steps_per_epoch = batch_size, len(self.rows) // batch_size
        self.picture_shape = pictures.shape[1:]
        self.on_disk = pictures if isinstance(pictures, np.memmap) else None
        self.pictures = None if self.on_disk is not None else constant(self, pictures, "pictures")
        self._order_on_host = self.rows[: self.steps_per_epoch * batch_size].astype(np.int32)
        self.order = constant(self, self._order_on_host, "order")
        self.built = True

    def set_order(self, order: np.ndarray) -> None:
        """Sets the pictures of the epoch that begins, int32 (steps_per_epoch · batch_size,), in turn."""
        self.order.assign(order)
        self._order_on_host = order

    def steps(self, count: int | None = None) -> Any:
        """Returns what ``fit`` iterates over in an epoch; of all its steps, or of so many."""
        count = count or self.steps_per_epoch
        if self.on_disk is not None or keras.backend.backend() != "tensorflow":
            return _Steps(self, count)
        import tensorflow as tf

        # For anything else Keras would build a pipeline with threads of its own, whose start at each epoch took up to
        # nine seconds on two busy cores.
        steps = tf.data.Dataset.range(count, output_type=tf.int32).batch(1)
        options = tf.data.Options()
        options.autotune.enabled = False
        options.threading.max_intra_op_parallelism = 1
        return steps.with_options(options)

    def fetch(self, step: int) -> np.ndarray:
        """Returns what ``fit`` hands to a step: its number, int32 (1,), or its pictures where they are on disk."""
        if self.on_disk is None:
            return np.array([step], np.int32)
        begin = step * self.batch_size
        return self.on_disk[self._order_on_host[begin : begin + self.batch_size]]

    def sample(self) -> Iterator[np.ndarray]:
        """Yields batches of pictures that are trained on, float32 (n, size, size, 3) in [-1, 1], always the same."""
        rows = np.sort(np.random.default_rng(0).permutation(self.rows)[: SAMPLED * SAMPLE_BATCH])
        for some in np.array_split(rows, -(-len(rows) // SAMPLE_BATCH)):
            yield self.read(some)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Returns pictures, float32 (n, size, size, 3) in [-1, 1], by their rows, int (n,)."""
        pictures = self.on_disk[rows] if self.pictures is None else ops.take(self.pictures.value, rows, axis=0)
        return to_floats(np.asarray(pictures))

    def take(self, data):
        """Returns a step's pictures, uint8 (batch, size, size, 3), from what ``fit`` handed over."""
        data, *_ = keras.utils.unpack_x_y_sample_weight(data)
        if self.pictures is None:
            return ops.reshape(data, (self.batch_size, *self.picture_shape))  # TensorFlow does not know the size
        start = ops.reshape(ops.cast(data, "int32"), ()) * self.batch_size
        chosen = ops.slice(self.order.value, (start,), (self.batch_size,))
        return ops.take(self.pictures.value, chosen, axis=0)


class _Steps(keras.utils.PyDataset):
    def __init__(self, batches: Batches, count: int):
        # From two workers on, Keras fetches the next batch while a step runs; a number needs no fetching.
        super().__init__(workers=1 if batches.on_disk is None else 2)
        self.batches, self.count = batches, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> np.ndarray:
        return self.batches.fetch(index)


def constant(layer: keras.layers.Layer, value: np.ndarray, name: str) -> keras.Variable:
    """Adds a weight to a layer that training does not change; returns it."""
    return layer.add_weight(
        name=name,
        shape=value.shape,
        dtype=value.dtype.name,
        trainable=False,
        initializer=lambda shape, dtype: value,
    )
