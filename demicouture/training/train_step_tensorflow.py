"""The gradient step on TensorFlow."""

from __future__ import annotations

import tensorflow as tf


class TensorFlowTrainStep:
    """The part of :class:`demicouture.training.gan.GAN` that takes its gradients from ``tf.GradientTape``."""

    def prepare_step(self):
        """Compiles what runs faster as one kernel."""
        # Augmentation and Adam are long chains of elementwise operations, which XLA fuses: three times as fast on a
        # CPU. The convolutions stay outside, where oneDNN and cuDNN are faster than XLA's own.
        self.augmented = tf.function(self.augmented, jit_compile=True)
        self._update_discriminator = _fused_update(self.optimizer.discriminator, self.discriminator.trainable_variables)
        self._update_generator = _fused_update(self.optimizer.generator, self.making_variables)

    def train_step(self, data):
        """Takes one step: the discriminator's, then the generator's against the updated discriminator."""
        reals, latents = self.draw_batch(data)
        with tf.GradientTape() as generator_tape:
            fakes, code_loss = self.make(latents, reals)

        still = tf.stop_gradient(fakes)
        if self.fresh_fakes:
            fake_loss, fake_logits = self._step_discriminator(lambda: self.fakes_loss(still))
            real_loss, real_logits = self._step_discriminator(lambda: self.reals_loss(reals))
            d_loss, logits = (real_loss + fake_loss) / 2, (real_logits, fake_logits)
            with tf.GradientTape() as generator_tape:
                fakes, code_loss = self.make(self.draw_latents(), reals)
        else:
            d_loss, logits = self._step_discriminator(lambda: self.both_losses(reals, still))

        with tf.GradientTape() as tape:
            tape.watch(fakes)
            loss, g_losses = self.generator_loss(fakes, reals)
        towards_real = tape.gradient(loss, fakes)
        losses, weights = (fakes, code_loss), (towards_real, tf.ones(()))
        self._update_generator(*generator_tape.gradient(losses, self.making_variables, output_gradients=weights))

        self.step.assign_add(1)
        return self.update_metrics(d_loss, g_losses, code_loss, logits, (reals, fakes))

    def _step_discriminator(self, losses):
        with tf.GradientTape() as tape:
            loss, logits = losses()
        self._update_discriminator(*tape.gradient(loss, self.discriminator.trainable_variables))
        return loss, logits


def _fused_update(optimizer, variables):
    def update(*gradients):
        optimizer.apply(gradients, variables)

    return tf.function(update, jit_compile=True)
