"""The adversary: generator and discriminator, the losses between them, and the data they train on.

The gradient step itself is the one thing that each Keras backend writes differently: ``tensorflow_step.py`` and
``jax_step.py`` derive from :class:`GAN` and add ``train_step``.

What a step is
==============

The seed trains by Keras' ``train_on_batch``: the discriminator on a batch of generated pictures (→ 0) and on a batch of
photographs (→ 1), a step of Adam for each; then, on fresh latents, the generator through the discriminator (→ 1).

Our step differs in two ways, both of them pytorch/examples'. The discriminator takes *one* step on the mean of both
losses. And the fakes are made once: the generator's gradient is taken back through the updated discriminator to the
fakes, and from there through the generator's recorded pass, which saves one pass of the generator in four. Its latents
are then those that the discriminator has just met, where the seed draws new ones; both are samples of the same prior.
``fresh_fakes`` does it as the seed does.

In both, photographs and fakes go through the discriminator one after the other: batch normalisation must not see them
mixed.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
from keras import ops

from demicouture.dcgan import networks
from demicouture.dcgan.layers import BatchNormalization
from demicouture.training.devices import kind_of_device, on_one_device, split_batch
from demicouture.training.diffaugment import diff_augment, flip

BETA_1 = 0.5
"""Radford et al., DCGAN, section 4: at Adam's usual 0.9 training oscillates and collapses."""

STEPS_PER_CALL = 8
"""On a GPU a step is so short that Keras' work between two of them would show; on a CPU Ctrl-C should act at once.
TensorFlow runs them in one call. On JAX, which computes while Python prepares the next step, callbacks are spared."""

MEASURES = ("d_loss", "g_loss", "d_real", "d_fake", "variety")
"""What is measured in each step, and logged as its mean over an epoch; see :meth:`GAN.measured`."""

THUMBNAIL = 8
"""The side to which pictures are reduced where only their variety counts: grain would pass for variety."""


class AveragingAdam(keras.optimizers.Adam):
    """Adam whose average of the weights is one over the last ninth of the steps so far, until that is long enough.

    With one momentum from the beginning on, an average over a thousand steps would show the noise of a run's first
    weights for three thousand.

    Source:
        The warm-up of TensorFlow's ``tf.train.ExponentialMovingAverage``, where the number of updates is given.
    """

    @property
    def ema_momentum(self):
        """The momentum of the next step, (): (1 + steps) / (10 + steps), and at most what was asked for."""
        steps = ops.cast(self.iterations, "float32")
        return ops.minimum((1 + steps) / (10 + steps), self.last_momentum)

    @ema_momentum.setter
    def ema_momentum(self, momentum: float) -> None:
        self.last_momentum = momentum


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


class GAN(keras.Model):
    """A generator and a discriminator, trained against each other with binary cross-entropy.

    ``fit`` is given positions, int32 (steps,), in ``order``, and each step takes one batch of pictures from there. Of
    pictures on disk it is given the batches themselves.

    Attributes:
        pictures: uint8 (n, size, size, 3): the whole data set, on the device; or None, if it stays on disk.
        order: int32 (steps_per_epoch · batch_size,): this epoch's pictures, in turn; see :meth:`set_order`.
        step: int32 (): how many steps were done, in all runs together.
        rollbacks: int32 (): how often the run went back to an earlier state; see :meth:`reseed_after_rollback`.
    """

    def __init__(
        self,
        pictures: np.ndarray,
        *,
        width: float,
        discriminator_width: float,
        batch_size: int,
        learning_rate: float,
        discriminator_learning_rate: float,
        augment: bool,
        flips: bool,
        ema: float,
        fresh_fakes: bool,
        seed: int,
    ):
        """Builds both networks and both optimizers.

        Args:
            pictures: uint8 (n, size, size, 3) in [0, 255]. A memory-mapped file stays on disk, and its pictures are
                read as they are needed; an array is moved to the device.
            width: The factor on the generator's inner channel counts.
            discriminator_width: The factor on the discriminator's.
            batch_size: Pictures in a step, at most n.
            learning_rate: Of the generator's Adam.
            discriminator_learning_rate: Of the discriminator's.
            augment: Whether the discriminator sees its pictures through DiffAugment.
            flips: Whether photographs are mirrored at random.
            ema: Momentum of the generator's averaged weights, in the long run; 0 keeps no average.
            fresh_fakes: Whether to take the seed's three steps in place of our two: see above.
            seed: Of the initial weights, the latents, the order, dropout and augmentation.
        """
        # Every initializer and every dropout layer that is made from here on draws its seed from this one.
        keras.utils.set_random_seed(seed)
        super().__init__(name="adversary")
        size = pictures.shape[1]
        self.generator = networks.build_generator(size, width)
        self.discriminator = networks.build_discriminator(size, discriminator_width)
        self.batch_size, self.augment, self.flips, self.ema = batch_size, augment, flips, ema
        self.fresh_fakes = fresh_fakes
        self.picture_count, self.steps_per_epoch = len(pictures), len(pictures) // batch_size
        on_disk = isinstance(pictures, np.memmap)
        self.pictures = None if on_disk else self._constant(pictures, "pictures")
        self.order = self._constant(np.zeros(self.steps_per_epoch * batch_size, np.int32), "order")
        self.step = self._constant(np.zeros((), np.int32), "step")
        self.rollbacks = self._constant(np.zeros((), np.int32), "rollbacks")
        self._learning_rates = discriminator_learning_rate, learning_rate
        self.seed, self._seed_number = keras.random.SeedGenerator(seed), seed
        self.measures = {name: keras.metrics.Mean(name) for name in MEASURES}
        with on_one_device():
            twin = keras.models.clone_model(self.generator)
        # In a namespace, or Keras would count the twin's weights among those that are trained and saved.
        self._untracked = SimpleNamespace(twin=twin, stream=StreamedPictures(pictures, self) if on_disk else None)
        self.built = True

        discriminator_optimizer = keras.optimizers.Adam(discriminator_learning_rate, BETA_1)
        discriminator_optimizer.build(self.discriminator.trainable_variables)
        average = {"use_ema": True, "ema_momentum": ema} if ema else {}
        generator_optimizer = AveragingAdam(learning_rate, BETA_1, **average)
        generator_optimizer.build(self.generator.trainable_variables)
        self.compile(
            optimizer=OptimizerPair(discriminator_optimizer, generator_optimizer),
            jit_compile=keras.backend.backend() == "jax",
            steps_per_execution=1 if kind_of_device() == "cpu" else STEPS_PER_CALL,
        )

    def _constant(self, value: np.ndarray, name: str) -> keras.Variable:
        return self.add_weight(
            name=name,
            shape=value.shape,
            dtype=value.dtype.name,
            trainable=False,
            initializer=lambda shape, dtype: value,
        )

    def set_order(self, order: np.ndarray) -> None:
        """Sets the pictures of the epoch that begins, int32 (steps_per_epoch · batch_size,), in turn."""
        self.order.assign(order)
        if self._untracked.stream:
            self._untracked.stream.order = order

    def reseed_after_rollback(self, rollbacks: int) -> None:
        """Sees to it that a state that a run went back to does not lead to where it led before.

        From here on latents, mirroring and augmentation are drawn anew (and so is the order of the pictures, which
        follows from ``rollbacks``), and both networks learn at half the rate of the attempt before.
        """
        self.rollbacks.assign(rollbacks)
        self.seed.state.assign(keras.random.SeedGenerator(self._seed_number + rollbacks).state)
        for half, rate in zip(
            (self.optimizer.discriminator, self.optimizer.generator), self._learning_rates, strict=True
        ):
            half.learning_rate = rate / 2**rollbacks

    def steps_from(self, first: int) -> dict[str, Any]:
        """Returns what ``fit`` takes to do an epoch's steps from number ``first`` on."""
        if self._untracked.stream:
            self._untracked.stream.first = first
            return {"x": self._untracked.stream}
        return {"x": np.arange(first, self.steps_per_epoch, dtype=np.int32), "batch_size": 1}

    @property
    def metrics(self):
        """What ``fit`` averages over an epoch and resets after it."""
        return list(self.measures.values())

    def draw_batch(self, data):
        """Returns a step's photographs, float32 (batch, size, size, 3) in [-1, 1], and its latents.

        Args:
            data: What ``fit`` hands over: a position, int32 (1,), or uint8 pictures (batch, size, size, 3).
        """
        data, *_ = keras.utils.unpack_x_y_sample_weight(data)
        if self.pictures is None:
            pixels = ops.reshape(data, (self.batch_size, *self.discriminator.input_shape[1:]))  # tells TensorFlow n
        else:
            start = ops.reshape(ops.cast(data, "int32"), ()) * self.batch_size
            chosen = ops.slice(self.order.value, (start,), (self.batch_size,))
            pixels = ops.take(self.pictures.value, chosen, axis=0)
        # The one other place that turns pixels into floats: images.to_floats for what is on the device.
        reals = split_batch(ops.cast(pixels, "float32") / 127.5 - 1)
        if self.flips:
            reals = flip(reals, self.seed)
        return reals, self.draw_latents()

    def draw_latents(self):
        """Returns latents from the prior, float32 (batch, latent_dim) in [-1, 1]."""
        return split_batch(keras.random.uniform((self.batch_size, networks.LATENT_DIM), -1, 1, seed=self.seed))

    def augmented(self, pictures):
        """Returns pictures as the discriminator is meant to see them."""
        return diff_augment(pictures, self.seed) if self.augment else pictures

    def classifier(self, pictures):
        """Returns the discriminator's logits, (batch, 1)."""
        return self.discriminator(self.augmented(pictures), training=True)

    def reals_loss(self, reals):
        """Returns the loss on photographs (→ 1) and their logits."""
        logits = self.classifier(reals)
        return cross_entropy(logits, True), logits

    def fakes_loss(self, fakes):
        """Returns the loss on generated pictures (→ 0) and their logits."""
        logits = self.classifier(fakes)
        return cross_entropy(logits, False), logits

    def both_losses(self, reals, fakes):
        """Returns the mean of the discriminator's two losses, and both logits, those of photographs first."""
        (real_loss, real_logits), (fake_loss, fake_logits) = self.reals_loss(reals), self.fakes_loss(fakes)
        return (real_loss + fake_loss) / 2, (real_logits, fake_logits)

    def generator_loss(self, fakes):
        """Returns the loss that the generator lowers: the discriminator should say 1."""
        return cross_entropy(self.classifier(fakes), True)

    def measured(self, d_loss, g_loss, logits, pictures):
        """Adds a step's figures to the epoch's and returns the epoch's means so far.

        ``d_real`` and ``d_fake`` are the discriminator's accuracies on photographs and on generated pictures.
        ``variety`` says how far apart the generated pictures of a batch are: 1 is as far as photographs.

        Args:
            d_loss: The discriminator's loss.
            g_loss: The generator's.
            logits: The discriminator's on photographs and on generated pictures, (batch, 1) each.
            pictures: The photographs and the generated pictures, (batch, size, size, 3) each.
        """
        real_logits, fake_logits = logits
        reals, fakes = pictures
        self.measures["d_loss"].update_state(d_loss)
        self.measures["g_loss"].update_state(g_loss)
        self.measures["d_real"].update_state(ops.cast(real_logits > 0, "float32"))
        self.measures["d_fake"].update_state(ops.cast(fake_logits < 0, "float32"))
        self.measures["variety"].update_state(nearest_neighbour_diversity(fakes) / nearest_neighbour_diversity(reals))
        return {name: measure.result() for name, measure in self.measures.items()}

    def is_sound(self) -> bool:
        """Returns whether all weights of both networks are numbers."""
        return all(np.isfinite(float(ops.sum(ops.abs(weights)))) for weights in self.trainable_variables)

    def ema_generator(self) -> keras.Model:
        """Returns the generator to show and to save: with the averaged weights, where an average is kept.

        Batch normalisation's statistics belong to the weights of the moment, not to averaged ones, so they are
        measured anew. It is the same model at every call, brought up to date, and always on one device, so that the
        process that writes the files can do it alone.
        """
        twin = self._untracked.twin
        twin.set_weights(self.generator.get_weights())
        with on_one_device():
            if self.ema:
                self.optimizer.generator.finalize_variable_values(twin.trainable_variables)
                twin.set_weights(twin.get_weights())  # The averages came from all devices.
                measure_batch_statistics(twin)
        return twin


class StreamedPictures(keras.utils.PyDataset):
    """An epoch's batches, read from disk in turn; Keras fetches the next ones while a step runs.

    Attributes:
        order: int32 (n,): the positions of the epoch's pictures.
        first: The step to begin with.
    """

    def __init__(self, pictures: np.memmap, model: GAN):
        """Takes the pictures, uint8 (n, size, size, 3), and the model whose steps they are for."""
        super().__init__(workers=2)  # Keras fetches ahead, on both backends, from two on.
        self.pictures, self.batch_size, self.steps_per_epoch = pictures, model.batch_size, model.steps_per_epoch
        self.order, self.first = np.arange(len(pictures)), 0

    def __len__(self) -> int:
        """Returns the number of steps."""
        return self.steps_per_epoch - self.first

    def __getitem__(self, index: int) -> np.ndarray:
        """Returns a batch, uint8 (batch, size, size, 3)."""
        begin = (self.first + index) * self.batch_size
        return self.pictures[self.order[begin : begin + self.batch_size]]


def measure_batch_statistics(generator: keras.Model, batches: int = 4, batch_size: int = 32) -> None:
    """Sets the moving statistics of batch normalisation to their means over batches from the prior, always the same."""
    normalisations = [layer for layer in generator.layers if isinstance(layer, BatchNormalization)]
    momenta = [layer.momentum for layer in normalisations]
    latents = np.random.default_rng(0).uniform(-1, 1, (batches, batch_size, generator.input_shape[1]))
    for done, batch in enumerate(latents.astype(np.float32)):
        for layer in normalisations:
            layer.momentum = done / (done + 1)  # so that the moving average is the plain mean of all batches so far
        generator(batch, training=True)
    for layer, momentum in zip(normalisations, momenta, strict=True):
        layer.momentum = momentum


def nearest_neighbour_diversity(pictures):
    """Returns the mean distance from each picture of a batch, (batch, size, size, 3), to the one most like it.

    Held apart are their thumbnails. A mean over all pairs would hardly notice a generator that draws two pictures only.
    """
    count, size = pictures.shape[:2]
    blocks = (count, THUMBNAIL, size // THUMBNAIL, THUMBNAIL, size // THUMBNAIL, 3)
    thumbnails = ops.reshape(ops.mean(ops.reshape(pictures, blocks), axis=(2, 4)), (count, -1))
    squared = ops.sum(ops.square(thumbnails[:, None] - thumbnails[None]), axis=2)
    of_others = ops.where(ops.eye(count) > 0, np.float32(np.inf), squared)
    return ops.mean(ops.sqrt(ops.min(of_others, axis=1))) + 1e-6


def cross_entropy(logits, real: bool):
    """Returns the mean binary cross-entropy of logits against "all real" or "all generated"."""
    return ops.mean(ops.softplus(-logits if real else logits))
