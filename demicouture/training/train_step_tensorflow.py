"""The adversarial step on TensorFlow."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from demicouture.training.gan import GAN


class TensorFlowGAN(GAN):
    """An adversary whose gradients come from ``tf.GradientTape``."""

    def __init__(self, *args, **kwargs):
        """Takes the arguments of :class:`GAN`."""
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
        if self.pictures is None:
            return super().steps_from(first)
        steps = tf.data.Dataset.range(first, self.steps_per_epoch, output_type=tf.int32).batch(1)
        options = tf.data.Options()
        options.autotune.enabled = False
        options.threading.max_intra_op_parallelism = 1
        return {"x": steps.with_options(options)}

    def train_step(self, data):
        """Takes one step: the discriminator's, then the generator's against the updated discriminator."""
        reals, latents = self.draw_batch(data)
        with tf.GradientTape() as generator_tape:
            fakes = self.generator(latents, training=True)

        still = tf.stop_gradient(fakes)
        if self.fresh_fakes:
            fake_loss, fake_logits = self._step_discriminator(lambda: self.fakes_loss(still))
            real_loss, real_logits = self._step_discriminator(lambda: self.reals_loss(reals))
            d_loss, logits = (real_loss + fake_loss) / 2, (real_logits, fake_logits)
            with tf.GradientTape() as generator_tape:
                fakes = self.generator(self.draw_latents(), training=True)
        else:
            d_loss, logits = self._step_discriminator(lambda: self.both_losses(reals, still))

        with tf.GradientTape() as tape:
            tape.watch(fakes)
            g_loss = self.generator_loss(fakes)
        towards_real = tape.gradient(g_loss, fakes)
        variables = self.generator.trainable_variables
        self._update_generator(*generator_tape.gradient(fakes, variables, output_gradients=towards_real))

        self.step.assign_add(1)
        return self.measured(d_loss, g_loss, logits, (reals, fakes))

    def _step_discriminator(self, losses):
        with tf.GradientTape() as tape:
            loss, logits = losses()
        self._update_discriminator(*tape.gradient(loss, self.discriminator.trainable_variables))
        return loss, logits


def _fused_update(optimizer, variables):
    def update(*gradients):
        optimizer.apply(gradients, variables)

    return tf.function(update, jit_compile=True)
