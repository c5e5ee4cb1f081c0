"""A path whose middle is moved towards what the discriminator takes for a photograph.

Half-way between two garments of different outlines a generator draws scraps of both. Some near latent is a garment of
its own, and the discriminator, which learned to tell the generator's pictures from photographs, says in which direction
it lies: its gradient moves the middle there, and the path bends as far as the middle moves. The ends stay.

Source:
    Ansari et al., "Refining Deep Generative Samples with Discriminator Gradient Flow", ICLR 2021, for latents that
    follow the discriminator. Theirs is a diffusion that begins at samples of the prior; here a middle begins between
    two garments and is held to it, by its latent and by its colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from demicouture.interpolation.inversion import descend
from demicouture.interpolation.paths import LatentPath
from demicouture.latents import from_normal, to_normal

if TYPE_CHECKING:
    import keras

STARTS = 8
"""The middle and others around it; the best one that any of them leads to is taken. From the middle alone some led to
another garment's scraps."""

SPREAD = 0.5
"""The deviation of the other starts from the middle, in coordinates that are distributed as a standard normal."""

STEPS = 60

LEARNING_RATE = 0.2
"""Of the same coordinates."""

SHIFTS = ((2, 1), (-2, -1), (1, -2))
"""By which a picture is moved, in pixels down and right. The discriminator sees it so, too, and mirrored, as it saw
photographs in training. What it takes for one in one place only is grain."""

PULL = 1.0
"""The weight of the squared distance from the middle, for each coordinate. At 0.3 the middle was no more of a garment,
and less of the two."""

COLOUR = 6.0
"""The weight of the difference of the pictures' mean colours, in [-1, 1]: what is vivid looks more like a photograph to
the discriminator, and without this a path from navy to brown led through emerald."""


@dataclass(frozen=True)
class RealisticPath:
    """A bent path.

    Attributes:
        path: Gives its points; its ends are those of the path that was bent.
        logit_before: The discriminator's of the middle's picture, the mean over its views; positive means "a
            photograph".
        logit: The same afterwards.
        moved: How far the middle was moved, for each coordinate, where those are distributed as a standard normal.
    """

    path: LatentPath
    logit_before: float
    logit: float
    moved: float

    @property
    def results(self) -> dict[str, float]:
        """The part for ``summary.json``."""
        return {"middle_logit_before": self.logit_before, "middle_logit": self.logit, "middle_moved": self.moved}


def bend(path: LatentPath, generator: keras.Model, discriminator: keras.Model) -> RealisticPath:
    """Bends a path so that its middle's picture looks more like a photograph.

    Each point moves as the middle does, by a share that falls to 0 at the ends, and keeps its length, in coordinates
    that are distributed as a standard normal: so what is distributed as the prior stays so.

    Args:
        path: Its points are distributed as the prior.
        generator: Makes its pictures.
        discriminator: Maps pictures, float (n, size, size, 3) in [-1, 1], to logits, (n, 1).
    """
    from keras import ops

    middle = to_normal(path(np.array([0.5])))
    length = np.linalg.norm(middle)
    origin = middle.astype(np.float32)
    around = np.random.default_rng(0).normal(0, SPREAD, (STARTS, middle.shape[1]))
    around[0] = 0
    starts = middle + around
    starts *= length / np.linalg.norm(starts, axis=1, keepdims=True)
    colour = np.asarray(ops.mean(generator(path(np.array([0.5])).astype(np.float32), training=False), axis=(1, 2)))

    def losses(normal: Any) -> Any:
        pictures = generator(ops.erf(normal / np.float32(np.sqrt(2))), training=False)
        logits = ops.reshape(discriminator(views(pictures), training=False), (-1, len(pictures)))
        unreal = ops.mean(ops.softplus(-logits), axis=0)
        recoloured = ops.mean(ops.abs(ops.mean(pictures, axis=(1, 2)) - colour), axis=1)
        return unreal + PULL * ops.mean(ops.square(normal - origin), axis=1) + COLOUR * recoloured

    def keep_length(normal: Any) -> Any:
        return normal * (np.float32(length) / ops.norm(normal, axis=1, keepdims=True))

    found, lowest = descend(losses, starts, STEPS, True, LEARNING_RATE, keep_length)
    shift = found[lowest.argmin()] - middle

    def bent(t: np.ndarray) -> np.ndarray:
        points = path(t)
        share = 1 - np.abs(2 * np.asarray(t, np.float64)[:, np.newaxis] - 1)
        normal = to_normal(points)
        moved = normal + share * shift
        lengths = (np.linalg.norm(some, axis=1, keepdims=True) for some in (normal, moved))
        return np.where(share > 0, from_normal(moved * np.divide(*lengths)), points)

    def logit(some: LatentPath) -> float:
        pictures = generator(some(np.array([0.5])).astype(np.float32), training=False)
        return float(np.asarray(discriminator(views(pictures), training=False)).mean())

    return RealisticPath(bent, logit(path), logit(bent), float(np.sqrt(np.square(shift).mean())))


def views(pictures: Any) -> Any:
    """Returns pictures, (n, size, size, 3), as they are, mirrored, and moved by each of SHIFTS, one after the other."""
    from keras import ops

    margin = max(map(abs, sum(SHIFTS, ())))
    wide = ops.pad(pictures, [(0, 0), (margin, margin), (margin, margin), (0, 0)], mode="reflect")
    size = pictures.shape[1]
    moved = [
        wide[:, margin - down : margin - down + size, margin - right : margin - right + size] for down, right in SHIFTS
    ]
    return ops.concatenate([pictures, ops.flip(pictures, axis=2), *moved])
