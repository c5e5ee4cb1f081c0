"""The GAN: generator and discriminator, trained against each other as one ``keras.Model``.

The gradient step itself is the one thing that each Keras backend writes differently: ``train_step_tensorflow.py`` and
``train_step_jax.py`` have it. ``fit_state.py`` has what one ``fit`` on both needs.

What a step is
==============

The seed trains by Keras' ``train_on_batch``: the discriminator on a batch of generated pictures (→ 0) and on a batch of
real pictures (→ 1), a step of Adam for each; then, on fresh latents, the generator through the discriminator (→ 1).

Our step differs in two ways, both of them pytorch/examples'. The discriminator takes *one* step on the mean of both
losses. And the fakes are made once: the generator's gradient is taken back through the updated discriminator to the
fakes, and from there through the generator's recorded pass, which saves one pass of the generator in four. Its latents
are then those that the discriminator has just met, where the seed draws new ones; both are samples of the same prior.
``fresh_fakes`` does it as the seed does.

In both, real pictures and fakes go through the discriminator one after the other: batch normalisation must not see them
mixed.

An encoder may learn along with the game: it gives each real picture a code, from which the generator is to rebuild it,
and the codes are to be distributed as the prior. The generator makes pictures of latents and of codes in one pass, and
to the discriminator all of them are fakes: where it met those of latents alone, after the same steps rebuilt pictures
were blurred, and further from the real ones. The encoder's losses are in ``autoencoder.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace

import keras
import numpy as np
from keras import ops
from scipy.optimize import brentq

from demicouture.latents import LATENT_DIM, from_normal, to_normal
from demicouture.training import autoencoder
from demicouture.training.devices import kind_of_device, on_one_device, split_batch
from demicouture.training.diffaugment import diff_augment, flip
from demicouture.training.fit_state import Batches, OptimizerPair, constant

if keras.backend.backend() == "jax":
    from demicouture.training.train_step_jax import JaxTrainStep as TrainStep
else:
    from demicouture.training.train_step_tensorflow import TensorFlowTrainStep as TrainStep

BETA_1 = 0.5
"""Radford et al., DCGAN, section 4: at Adam's usual 0.9 training oscillates and collapses."""

STEPS_PER_CALL = 8
"""On a GPU a step is so short that Keras' work between two of them would show; on a CPU Ctrl-C should act at once.
TensorFlow runs them in one call. On JAX, which computes while Python prepares the next step, callbacks are spared."""

STEP_METRICS = ("d_loss", "g_loss", "d_real", "d_fake", "nearest_neighbour_diversity")
"""Computed in each step, and logged as their means over an epoch; see :meth:`GAN.update_metrics`."""

ENCODER_METRICS = ("reconstruction_error", "code_loss")
"""Likewise, where an encoder learns along."""

LEAST_FACTOR, MOST_FACTOR = 0.1, 10
"""Between which the factor is sought that gives codes the prior's variance; after a long training it was 1.04."""

THUMBNAIL = 8
"""The side to which pictures are reduced where only their diversity counts: grain would pass for it."""


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


class GAN(TrainStep, keras.Model):
    """A generator and a discriminator, trained against each other with binary cross-entropy.

    ``compile`` takes an optimizer for each, and ``fit`` takes ``batches.steps()``.

    Attributes:
        generator: Maps latents, float (n, latent_dim) in [-1, 1], to pictures, (n, size, size, 3) in [-1, 1].
        encoder: Maps such pictures to the latents from which they are rebuilt; None where none learns along.
        discriminator: Maps such pictures to logits, (n, 1); positive means "real".
        batches: The real pictures.
        step: int32 (): how many steps were done, in all runs together.
        rollbacks: int32 (): how often the run went back to an earlier state; see :meth:`reseed_after_rollback`.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        batches: Batches,
        *,
        encoder: keras.Model | None = None,
        augment: bool = False,
        flips: bool = False,
        fresh_fakes: bool = False,
        seed: int = 0,
    ):
        """Takes the two networks and what they learn from.

        Args:
            generator: See the class.
            discriminator: See the class.
            batches: The real pictures, in batches.
            encoder: Learns along, where it is given; its weights are changed by the generator's optimizer.
            augment: Whether the discriminator sees its pictures through DiffAugment.
            flips: Whether real pictures are mirrored at random.
            fresh_fakes: Whether to take the seed's three steps in place of our two: see above.
            seed: Of latents, mirroring and augmentation. Initial weights and dropout have seeds of their own.
        """
        super().__init__(name="gan")
        self.generator, self.encoder, self.discriminator, self.batches = generator, encoder, discriminator, batches
        self.augment, self.flips, self.fresh_fakes = augment, flips, fresh_fakes
        self.step = constant(self, np.zeros((), np.int32), "step")
        self.rollbacks = constant(self, np.zeros((), np.int32), "rollbacks")
        self.prior_loss = None if encoder is None else autoencoder.PriorLoss()
        self.seed, self._seed_number = keras.random.SeedGenerator(seed), seed
        names = STEP_METRICS if encoder is None else (*STEP_METRICS, *ENCODER_METRICS)
        self.step_metrics = {name: keras.metrics.Mean(name) for name in names}
        with on_one_device():
            shown = [keras.models.clone_model(network) for network in self._makers]
        # In a namespace, or Keras would count the clones' weights among those that are trained and saved.
        self._untracked = SimpleNamespace(shown=shown)
        self.built = True

    def compile(self, d_optimizer: keras.optimizers.Optimizer, g_optimizer: keras.optimizers.Optimizer) -> None:
        """Takes the discriminator's and the generator's optimizer; the latter may keep an average of the weights."""
        d_optimizer.build(self.discriminator.trainable_variables)
        g_optimizer.build(self.making_variables)
        self._learning_rates = [float(optimizer.learning_rate.numpy()) for optimizer in (d_optimizer, g_optimizer)]
        super().compile(
            optimizer=OptimizerPair(d_optimizer, g_optimizer),
            jit_compile=keras.backend.backend() == "jax",
            steps_per_execution=1 if kind_of_device() == "cpu" else STEPS_PER_CALL,
        )
        self.prepare_step()

    @property
    def _makers(self) -> list[keras.Model]:
        return [self.generator] if self.encoder is None else [self.generator, self.encoder]

    @property
    def making_variables(self) -> list[keras.Variable]:
        """The trainable variables of the generator's optimizer: its own and the encoder's, in this order."""
        return [variable for network in self._makers for variable in network.trainable_variables]

    @property
    def epochs_done(self) -> int:
        """How many whole epochs were done, in all runs together."""
        return int(self.step.numpy()) // self.batches.steps_per_epoch

    def reseed_after_rollback(self, rollbacks: int) -> None:
        """Sees to it that a state that a run went back to does not lead to where it led before.

        From here on latents, mirroring and augmentation are drawn anew (and so is the order of the pictures, which
        follows from ``rollbacks``), and both networks learn at half the rate of the attempt before.
        """
        self.rollbacks.assign(rollbacks)
        self.seed.state.assign(keras.random.SeedGenerator(self._seed_number + rollbacks).state)
        optimizers = (self.optimizer.discriminator, self.optimizer.generator)
        for optimizer, rate in zip(optimizers, self._learning_rates, strict=True):
            optimizer.learning_rate = rate / 2**rollbacks

    @property
    def metrics(self):
        """What ``fit`` averages over an epoch and resets after it."""
        return list(self.step_metrics.values())

    def draw_batch(self, data):
        """Returns a step's real pictures, float32 (batch, size, size, 3) in [-1, 1], and its latents.

        Args:
            data: What ``fit`` hands over.
        """
        # The one other place that turns pixels into floats: images.to_floats for what is on the device.
        reals = split_batch(ops.cast(self.batches.take(data), "float32") / 127.5 - 1)
        if self.flips:
            reals = flip(reals, self.seed)
        return reals, self.draw_latents()

    def draw_latents(self):
        """Returns latents from the prior, float32 (batch, latent_dim) in [-1, 1]."""
        return split_batch(keras.random.uniform((self.batches.batch_size, LATENT_DIM), -1, 1, seed=self.seed))

    def augmented(self, pictures):
        """Returns pictures as the discriminator is meant to see them."""
        return diff_augment(pictures, self.seed) if self.augment else pictures

    def classifier(self, pictures):
        """Returns the discriminator's logits, (batch, 1)."""
        return self.discriminator(self.augmented(pictures), training=True)

    def reals_loss(self, reals):
        """Returns the loss on real pictures (→ 1) and their logits."""
        logits = self.classifier(reals)
        return cross_entropy(logits, True), logits

    def fakes_loss(self, fakes):
        """Returns the loss on generated pictures (→ 0) and their logits."""
        logits = self.classifier(fakes)
        return cross_entropy(logits, False), logits

    def both_losses(self, reals, fakes):
        """Returns the mean of the discriminator's two losses, and both logits, those of real pictures first."""
        (real_loss, real_logits), (fake_loss, fake_logits) = self.reals_loss(reals), self.fakes_loss(fakes)
        return (real_loss + fake_loss) / 2, (real_logits, fake_logits)

    def make(self, latents, reals):
        """Makes a step's pictures; the generator's gradient goes back through this.

        Returns:
            The fakes, (batch, size, size, 3), of latents; and after them, where an encoder learns along, as many that
            are rebuilt from codes; and the codes' loss, (), which is 0 without an encoder.
        """
        if self.encoder is None:
            return self.generator(latents, training=True), ops.zeros(())
        codes = self.encoder(reals, training=True)
        loss = self.prior_loss(codes, latents, seed=self.seed)
        return self.generator(ops.concatenate([latents, codes]), training=True), loss

    def generator_loss(self, fakes, reals):
        """Returns the loss that the generator lowers, without that of the codes.

        The discriminator should say 1; where an encoder learns along, that counts less, and rebuilt pictures should be
        the real ones.

        Args:
            fakes: What :meth:`make` made.
            reals: The step's real pictures.

        Returns:
            The loss, (); the discriminator's part of it, (); and the mean absolute error of the rebuilt pictures, (),
            in grey levels of 255, or 0.
        """
        to_fool = cross_entropy(self.classifier(fakes), True)
        if self.encoder is None:
            return to_fool, (to_fool, ops.zeros(()))
        loss, error = autoencoder.reconstruction_loss(fakes[self.batches.batch_size :], reals)
        return autoencoder.ADVERSARIAL * to_fool + loss, (to_fool, error)

    def update_metrics(self, d_loss, g_losses, code_loss, logits, pictures):
        """Adds a step's metrics to the epoch's and returns the epoch's means so far.

        ``d_real`` and ``d_fake`` are the discriminator's accuracies on real pictures and on generated pictures.
        ``nearest_neighbour_diversity`` says how different the generated pictures of a batch are: 1 is as different as
        real pictures.

        Args:
            d_loss: The discriminator's loss.
            g_losses: The generator's, of fakes; and the error of rebuilt pictures.
            code_loss: That of the codes, which is how far they are from the prior.
            logits: The discriminator's on real pictures and on generated pictures, (batch, 1) each.
            pictures: The real pictures and the generated pictures, (n, size, size, 3) each.
        """
        real_logits, fake_logits = logits
        reals, fakes = pictures[0], pictures[1][: self.batches.batch_size]
        g_loss, reconstruction_error = g_losses
        values = {
            "d_loss": d_loss,
            "g_loss": g_loss,
            "d_real": ops.cast(real_logits > 0, "float32"),
            "d_fake": ops.cast(fake_logits < 0, "float32"),
            "nearest_neighbour_diversity": nearest_neighbour_diversity(fakes) / nearest_neighbour_diversity(reals),
            "reconstruction_error": reconstruction_error,
            "code_loss": code_loss,
        }
        for name, metric in self.step_metrics.items():
            metric.update_state(values[name])
        return {name: metric.result() for name, metric in self.step_metrics.items()}

    def is_sound(self) -> bool:
        """Returns whether all weights of both networks are numbers."""
        return all(np.isfinite(float(ops.sum(ops.abs(weights)))) for weights in self.trainable_variables)

    def ema_generator(self) -> keras.Model:
        """Returns the generator to show and to save: with the averaged weights, where an average is kept.

        Batch normalisation's statistics belong to the weights of the moment, not to averaged ones, so they are
        computed anew. It is the same model at every call, brought up to date, and always on one device.
        """
        shown = self._averaged()[0]
        with on_one_device():
            if self.optimizer.generator.use_ema:
                latents = np.random.default_rng(0).uniform(-1, 1, (4, 32, shown.input_shape[1]))
                compute_batch_statistics(shown, latents.astype(np.float32))
        return shown

    def ema_encoder(self) -> keras.Model:
        """Returns the encoder to save, likewise; its statistics are those of pictures that it learns from."""
        shown = self._averaged()[1]
        with on_one_device():
            compute_code_statistics(shown, self.batches.sample())
        return shown

    def _averaged(self) -> list[keras.Model]:
        """Returns generator and encoder with the averaged weights, where an average is kept."""
        for shown, network in zip(self._untracked.shown, self._makers, strict=True):
            shown.set_weights(network.get_weights())
        if self.optimizer.generator.use_ema:
            with on_one_device():
                averaged = [variable for shown in self._untracked.shown for variable in shown.trainable_variables]
                self.optimizer.generator.finalize_variable_values(averaged)
                for shown in self._untracked.shown:
                    shown.set_weights(shown.get_weights())  # The averages came from all devices.
        return self._untracked.shown


def compute_batch_statistics(network: keras.Model, batches: Iterable[np.ndarray]) -> None:
    """Sets the moving statistics of batch normalisation to their means over batches of inputs."""
    normalisations = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in normalisations]
    for done, batch in enumerate(batches):
        for layer in normalisations:
            layer.momentum = done / (done + 1)  # so that the moving average is the plain mean of all batches so far
        network(batch, training=True)
    for layer, momentum in zip(normalisations, momenta, strict=True):
        layer.momentum = momentum


def compute_code_statistics(encoder: keras.Model, batches: Iterable[np.ndarray]) -> None:
    """Sets an encoder's moving statistics likewise, and then the last ones so that codes have the prior's variance.

    Its last normalisation gives a coordinate the variance of a standard normal, of which
    :class:`demicouture.dcgan.layers.NormalToUniform` makes the prior's only where it is distributed as one. What has
    longer tails becomes too short: after a long training codes had a mean norm of 5.61, and the prior has 5.77.

    Args:
        encoder: Its last normalisation is changed by one factor, for all coordinates.
        batches: Of pictures, float32 (n, size, size, 3) in [-1, 1] each.
    """
    batches = list(batches)
    compute_batch_statistics(encoder, batches)
    normal = to_normal(np.concatenate([np.asarray(encoder(batch, training=False)) for batch in batches]))

    def excess(factor: float) -> float:
        return np.square(from_normal(factor * normal)).mean() - autoencoder.VARIANCE

    if not excess(LEAST_FACTOR) < 0 < excess(MOST_FACTOR):
        return  # Codes that are all alike, or no numbers.
    factor = brentq(excess, LEAST_FACTOR, MOST_FACTOR)
    last = [layer for layer in encoder.layers if isinstance(layer, keras.layers.BatchNormalization)][-1]
    variance = last.moving_variance
    variance.assign((variance + last.epsilon) / factor**2 - last.epsilon)


def nearest_neighbour_diversity(pictures):
    """Returns the mean distance from each picture of a batch, (batch, size, size, 3), to the one most like it.

    Compared are their thumbnails. A mean over all pairs would hardly notice a generator that draws two pictures only.
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
