"""Pivotal tuning: a generator that draws some photographs as they are, for the paths that begin or end there.

A code of a hundred numbers holds a garment's cut; it does not hold its print, its stripes, or a colour that was rare in
training. So the codes stay, and the generator's weights are moved a little, until it draws each photograph from its
own code, but for fine stripes and lettering. What lies between the codes is still drawn by one generator, so colours
and large prints change along the path as the cut does.

Source:
    Roich et al., "Pivotal Tuning for Latent-based Editing of Real Images", ACM Transactions on Graphics 2022. Theirs
    is a StyleGAN with a perceptual loss; the loss here is training's own, and all is one batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from demicouture.dcgan import inference
from demicouture.images import to_floats
from demicouture.language import _
from demicouture.progress import progress_bar

if TYPE_CHECKING:
    import keras

STEPS = 60
"""Ten pairs of withheld photographs came to a mean error of 4.3 grey levels of 255, from 10.0 by refined codes alone;
that is at 64 pixels, with a generator of 305 epochs."""

LEARNING_RATE = 1e-3
"""Of Adam, falling to 0. It is training's."""


@dataclass(frozen=True)
class Tuned:
    """A generator that was tuned.

    Attributes:
        generator: Draws the photographs.
        error_before: The mean absolute difference between the photographs and what was drawn before, in grey levels of
            255.
        error: The same afterwards.
    """

    generator: keras.Model
    error_before: float
    error: float

    @property
    def results(self) -> dict[str, float]:
        """The part for ``summary.json``."""
        return {"error_before": self.error_before, "error": self.error}


def tune(generator: keras.Model, latents: np.ndarray, pictures: np.ndarray, quiet: bool = True) -> Tuned:
    """Returns a copy of a generator that draws pictures from latents.

    Args:
        generator: It is left as it is.
        latents: float (n, latent_dim) in [-1, 1].
        pictures: uint8 (n, size, size, 3), what is to be drawn from each.
        quiet: Whether to show no progress bar.
    """
    import keras

    from demicouture.training.autoencoder import reconstruction_loss

    tuned = keras.models.clone_model(generator)
    tuned.set_weights(generator.get_weights())
    for layer in tuned.layers:
        # Two pictures would be a poor estimate of a feature's mean and variance.
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, STEPS)
    tuned.compile(
        keras.optimizers.Adam(rate),
        lambda wanted, drawn: reconstruction_loss(drawn, wanted)[0],
        jit_compile=keras.backend.backend() == "jax",
    )
    with progress_bar(total=STEPS, title=_("tuning the generator"), unit=_("step"), quiet=quiet) as bar:
        # One epoch of equal steps: Keras spends more on an epoch than on a step.
        tuned.fit(
            np.tile(np.asarray(latents, np.float32), (STEPS, 1)),
            np.tile(to_floats(pictures), (STEPS, 1, 1, 1)),
            batch_size=len(latents),
            shuffle=False,
            verbose=0,
            callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: bar.update())],
        )
    before, after = (
        float(np.abs(inference.render(network, latents).astype(np.float32) - pictures).mean())
        for network in (generator, tuned)
    )
    return Tuned(tuned, before, after)
