"""GAN inversion: the latent whose design is most like a photograph.

Adam moves several starts at once inside the cube, the best of the known designs among them; the best one is kept.
"Like" means both: the same light and colour in the same places, and the same features by the style classifier.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from demicouture.dcgan import inference
from demicouture.evaluation.realism import RealismScorer, can_score_realism
from demicouture.evaluation.style_classifier import StyleClassifier
from demicouture.images import to_floats
from demicouture.interpolation.input_gradients import with_gradients

if TYPE_CHECKING:
    import keras

COMPARED_SIDE = 32
"""The side, in pixels, at which pictures are compared: no design has a photograph's weave and creases, and at full size
they would count most."""

STARTS = inference.CHUNK
"""Starts, moved as one batch."""

FINALISTS = 4
"""Starts that are moved on after the first round."""

ROUNDS = ((STARTS, 60), (FINALISTS, 200))
"""How many starts are moved for how many steps. With all of them for 300, each of 17 pictures took three times as long,
and the two best starts came to the same loss within 5% for all photographs."""

LEARNING_RATE = 0.05
"""Of a cube that is 2 wide: from end to end in forty steps, and less and less towards a round's end."""

LEAST_LIKENESS = 0.62
"""From here on the design found is near. On the demonstration's generator and on one of photographs, 17 pictures of the
data set that the classifier had not learned from came to 0.68 to 0.94, and upside down still to 0.75;
noise of several kinds to 0.51 to 0.62. Designs of other latents come to 0.94 and more."""

LEAST_NEARER = 0.8
"""The least share of photographs that must lie further from any other photograph than the picture lies from the design
found. It distinguishes what light and colour do not: the same 17 pictures came to 0.98 and more, upside down to 0.95;
noise, a gradient and a plain colour, some of which reach a likeness of 0.7, to 0.01 to 0.69."""


@dataclass(frozen=True)
class Inversion:
    """The design found for a picture.

    Attributes:
        latent: float32 (latent_dim,) in [-1, 1].
        picture: uint8 (size, size, 3), the design of it.
        likeness: 1 for the same picture, 0 for one that is as unlike as designs are on average.
        nearer: The share of photographs that lie further from any other one than the picture lies from the design;
            None without a classifier.
    """

    latent: np.ndarray
    picture: np.ndarray
    likeness: float
    nearer: float | None

    @property
    def is_near(self) -> bool:
        """Whether the design is like the picture at all."""
        return self.likeness >= LEAST_LIKENESS and (self.nearer is None or self.nearer >= LEAST_NEARER)


def find_latent(
    generator: keras.Model,
    classifier: StyleClassifier | None,
    wanted: np.ndarray,
    known: np.ndarray,
    quiet: bool = True,
) -> Inversion:
    """Returns the latent whose design is most like a picture.

    Args:
        generator: Makes the designs.
        classifier: Gives the pictures' features; None compares pixels alone.
        wanted: uint8 (size, size, 3), the picture, as large as the designs.
        known: float (n, latent_dim) in [-1, 1], latents among which the starts are chosen; their designs are also the
            scale of likeness.
        quiet: Whether to show no progress bar.
    """
    import keras

    def small(pictures):
        if pictures.shape[1] <= COMPARED_SIDE:
            return pictures
        return keras.ops.image.resize(pictures, (COMPARED_SIDE, COMPARED_SIDE), antialias=True)

    def describe(pictures):
        side = classifier.network.input_shape[1]
        if pictures.shape[1] != side:
            pictures = keras.ops.image.resize(pictures, (side, side), antialias=True)
        return classifier.network(pictures, training=False)[0]

    target = keras.ops.convert_to_tensor(to_floats(wanted[np.newaxis]))
    small_target = small(target)
    described_target = describe(target) if classifier else None

    def parts(pictures):
        by_pixels = keras.ops.mean(keras.ops.square(small(pictures) - small_target), axis=(1, 2, 3))
        if classifier is None:
            return by_pixels, by_pixels
        return by_pixels, keras.ops.mean(keras.ops.square(describe(pictures) - described_target), axis=1)

    pictures = inference.render(generator, known, quiet, "comparing designs")
    pixels, features = (
        np.concatenate(halves)
        for halves in zip(
            *(
                [np.asarray(part) for part in parts(to_floats(pictures[at : at + STARTS]))]
                for at in range(0, len(pictures), STARTS)
            ),
            strict=True,
        )
    )
    # Each part counts in units of what it is between the picture and any design.
    pixel_scale, feature_scale = max(pixels.mean(), 1e-9), max(features.mean(), 1e-9)

    def losses(latents):
        by_pixels, by_features = parts(generator(latents, training=False))
        return by_pixels / pixel_scale + by_features / feature_scale

    latents, reached = np.asarray(known, np.float64), pixels / pixel_scale + features / feature_scale
    for starts, steps in ROUNDS:
        order = np.argsort(reached, kind="stable")[:starts]
        # Fewer designs than starts are taken several times: of one size, so that it is compiled once.
        latents, reached = descend(losses, np.resize(latents[order], (starts, latents.shape[1])), steps, quiet)
    best = np.argmin(reached)
    found = latents[best].astype(np.float32)
    picture = inference.render(generator, found[np.newaxis])[0]
    # The square root: a distance, of which the mean design's is 1.
    likeness = 1 - math.sqrt(reached[best] / 2)
    nearer = None
    if classifier and can_score_realism(classifier.photographs):
        described = classifier.describe(np.stack([wanted, picture])).astype(np.float64)
        gaps = RealismScorer(classifier.photographs).gaps
        nearer = float(np.mean(gaps > np.linalg.norm(described[0] - described[1])))
    return Inversion(found, picture, likeness, nearer)


def descend(losses: Callable[[Any], Any], starts: np.ndarray, steps: int, quiet: bool) -> tuple[np.ndarray, np.ndarray]:
    """Minimises losses over latents, inside the cube.

    Args:
        losses: Maps float32 (n, latent_dim) to (n,), by ``keras.ops``.
        starts: float64 (n, latent_dim) in [-1, 1].
        steps: How many steps to take.
        quiet: Whether to show no progress bar.

    Returns:
        The best latents that each start passed, float64 (n, latent_dim) in [-1, 1], and its loss, float64 (n,).

    Source:
        Kingma and Ba, "Adam", ICLR 2015, projected onto the cube after each step. A tanh that kept inside by itself
        would have no gradient left where the cube ends, and a third of all latents has a coordinate within 0.004 of it.
    """
    import keras

    run = with_gradients(losses)
    latents = keras.Variable(starts, dtype="float32")
    latents.constraint = lambda moved: keras.ops.clip(moved, -1, 1)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps))
    optimizer.build([latents])
    best, lowest = starts.copy(), np.full(len(starts), np.inf)
    for _ in tqdm(range(steps), "finding the photograph", unit="step", disable=quiet or None, leave=False):
        reached, gradients = run(latents.numpy())
        better = reached < lowest
        best[better], lowest[better] = latents.numpy()[better], reached[better]
        optimizer.apply([gradients])
    return best, lowest
