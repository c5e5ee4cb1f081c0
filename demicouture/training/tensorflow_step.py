"""The adversarial step on TensorFlow."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from demicouture.training.model import Adversary


class TensorFlowAdversary(Adversary):
    """An adversary whose gradients come from ``tf.GradientTape``."""

    def __init__(self, *args, **kwargs):
        """Takes the arguments of :class:`Adversary`."""
        super().__init__(*args, **kwargs)
        # Augmentation and Adam are long chains of elementwise operations, which XLA fuses: three times as fast on a
        # CPU. The convolutions stay outside, where oneDNN and cuDNN are faster than XLA's own.
        self.augmented = tf.function(super().augmented, jit_compile=True)
        self._update_discriminator = _fused_update(self.optimizer.discriminator, self.discriminator.trainable_variables)
        self._update_generator = _fused_update(self.optimizer.generator, self.generator.trainable_variables)

    def steps_from(self, first: int) -> dict[str, Any]:
        """Returns what ``fit`` takes to do an epoch's steps from number ``first`` on.

        For an array Keras would build a pipeline with threads of its own, whose start at each epoch took up to nine
        seconds on two busy cores.
        """
        steps = tf.data.Dataset.range(first, self.steps_per_epoch, output_type=tf.int32).batch(1)
        options = tf.data.Options()
        options.autotune.enabled = False
        options.threading.max_intra_op_parallelism = 1
        return {"x": steps.with_options(options)}

    def train_step(self, position):
        """Takes one step: the discriminator's update, then the generator's against the updated discriminator.

        The fakes are made once. The generator's gradient is taken back through the updated discriminator to the fakes,
        and from there through the generator's recorded pass: no second pass is needed. The seed draws fresh latents for
        the generator's step; both are samples of the same prior.
        """
        reals, latents = self.draw_batch(position)
        with tf.GradientTape() as generator_tape:
            fakes = self.generator(latents, training=True)

        with tf.GradientTape() as tape:
            d_loss, real_logits, fake_logits = self.discriminator_loss(reals, tf.stop_gradient(fakes))
        self._update_discriminator(*tape.gradient(d_loss, self.discriminator.trainable_variables))

        with tf.GradientTape() as tape:
            tape.watch(fakes)
            g_loss = self.generator_loss(fakes)
        towards_real = tape.gradient(g_loss, fakes)
        variables = self.generator.trainable_variables
        self._update_generator(*generator_tape.gradient(fakes, variables, output_gradients=towards_real))

        self.step.assign_add(1)
        return self.measured(d_loss, g_loss, real_logits, fake_logits)


def _fused_update(optimizer, variables):
    def update(*gradients):
        optimizer.apply(gradients, variables)

    return tf.function(update, jit_compile=True)
