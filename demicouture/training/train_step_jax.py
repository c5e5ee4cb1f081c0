"""The gradient step on JAX."""

from __future__ import annotations

import jax
from keras import StatelessScope


class JaxTrainStep:
    """The part of :class:`demicouture.training.gan.GAN` that takes its gradients from ``jax.vjp``.

    All state is handed in and out.
    """

    def prepare_step(self):
        """Compiles nothing: ``fit`` compiles the whole step."""

    def train_step(self, state, data):
        """Takes one step: the discriminator's, then the generator's against the updated discriminator."""
        trainable, non_trainable, optimizers, metrics = state
        of_generator = len(self.making_variables)
        of_discriminator_optimizer = len(self.optimizer.discriminator.variables)
        generator, discriminator = trainable[:of_generator], trainable[of_generator:]
        d_optimizer, g_optimizer = (
            optimizers[:of_discriminator_optimizer],
            optimizers[of_discriminator_optimizer:],
        )

        def run(function, non_trainable, generator=generator, discriminator=discriminator):
            """Calls ``function`` on the given values; returns its result and the non-trainable values after it."""
            variables = [*self.trainable_variables, *self.non_trainable_variables]
            values = [*generator, *discriminator, *non_trainable]
            with StatelessScope(state_mapping=zip(variables, values, strict=True)) as scope:
                result = function()
                return result, [scope.get_current_value(v) for v in self.non_trainable_variables]

        def make(latents, non_trainable):
            def forward(generator):
                return run(lambda: self.make(latents, reals), non_trainable, generator)

            return jax.vjp(forward, generator, has_aux=True)

        def step_discriminator(losses, discriminator, d_optimizer, non_trainable):
            def forward(discriminator):
                (loss, logits), after = run(losses, non_trainable, discriminator=discriminator)
                return loss, (loss, logits, after)

            gradients, (loss, logits, after) = jax.grad(forward, has_aux=True)(discriminator)
            return (
                loss,
                logits,
                *self.optimizer.discriminator.stateless_apply(d_optimizer, gradients, discriminator),
                after,
            )

        (reals, latents), non_trainable = run(lambda: self.draw_batch(data), non_trainable)
        (fakes, code_loss), towards_weights, non_trainable = make(latents, non_trainable)

        if self.fresh_fakes:
            fake_loss, fake_logits, discriminator, d_optimizer, non_trainable = step_discriminator(
                lambda: self.fakes_loss(fakes), discriminator, d_optimizer, non_trainable
            )
            real_loss, real_logits, discriminator, d_optimizer, non_trainable = step_discriminator(
                lambda: self.reals_loss(reals), discriminator, d_optimizer, non_trainable
            )
            d_loss, logits = (real_loss + fake_loss) / 2, (real_logits, fake_logits)
            latents, non_trainable = run(self.draw_latents, non_trainable)
            (fakes, code_loss), towards_weights, non_trainable = make(latents, non_trainable)
        else:
            d_loss, logits, discriminator, d_optimizer, non_trainable = step_discriminator(
                lambda: self.both_losses(reals, fakes), discriminator, d_optimizer, non_trainable
            )

        def generator_loss(fakes):
            (loss, g_losses), after = run(
                lambda: self.generator_loss(fakes, reals), non_trainable, generator, discriminator
            )
            return loss, (g_losses, after)

        (_, (g_losses, non_trainable)), towards_real = jax.value_and_grad(generator_loss, has_aux=True)(fakes)
        (g_gradients,) = towards_weights((towards_real, jax.numpy.float32(1)))
        generator, g_optimizer = self.optimizer.generator.stateless_apply(g_optimizer, g_gradients, generator)

        counted = [*self.non_trainable_variables, *self.metrics_variables]
        with StatelessScope(state_mapping=zip(counted, [*non_trainable, *metrics], strict=True)) as scope:
            self.step.assign(self.step + 1)
            logs = self.update_metrics(d_loss, g_losses, code_loss, logits, (reals, fakes))
            non_trainable = [scope.get_current_value(v) for v in self.non_trainable_variables]
            metrics = [scope.get_current_value(v) for v in self.metrics_variables]
        return logs, ([*generator, *discriminator], non_trainable, [*d_optimizer, *g_optimizer], metrics)
