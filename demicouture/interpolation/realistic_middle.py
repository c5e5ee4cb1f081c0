"""A path whose middle is moved towards what the discriminator takes for a photograph.

Half-way between two garments of different outlines a generator draws scraps of both. Some near latent is a garment of
its own, and the discriminator, which learned to tell the generator's pictures from photographs, says in which direction
it lies: its gradient moves the middle there, and the path bends as far as the middle moves. The ends stay.

Source:
    Ansari et al., "Refining Deep Generative Samples with Discriminator Gradient Flow", ICLR 2021, for latents that
    follow the discriminator. Theirs is a diffusion that begins at samples of the prior; here a middle begins between
    two garments and is held to it, by its latent and by its colour; and grain counts against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from demicouture.interpolation.inversion import descend, normal_to_latents
from demicouture.interpolation.paths import LatentPath
from demicouture.latents import from_normal, to_normal

if TYPE_CHECKING:
    import keras

CANDIDATES = 128
"""The middle and others around it, of which the best ones are moved on: from the middle alone, some were moved to other
scraps."""

BATCH = 32
"""Candidates that are drawn at once."""

CLOSENESS = 0.8
"""The cosine of the angle from the middle at which the others lie, in coordinates that are distributed as a standard
normal."""

STARTS = 8
"""Of the candidates, those that are moved; the best of what they lead to is taken."""

STEPS = 40

LEARNING_RATE = 0.1
"""Of the same coordinates."""

SHIFTS = ((2, 1), (-2, -1), (1, -2))
"""By which a picture is moved, in pixels down and right. The discriminator sees it so, too, and mirrored, as it saw
photographs in training. What it takes for one in one place only is grain."""

PULL = 1.0
"""The weight of the squared distance from the middle, for each coordinate. At 0.3 the middle was no more of a garment,
and less of the two."""

GRAIN = 8.0
"""The weight of the mean difference of neighbouring pixels, in [-1, 1]: the discriminator misses the texture of cloth
in any design, and was given coloured specks without this."""

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

    def draw_middle(some: LatentPath) -> Any:
        return generator(some(np.array([0.5])).astype(np.float32), training=False)

    def logit(pictures: Any) -> float:
        return float(np.asarray(discriminator(views(pictures), training=False)).mean())

    drawn = draw_middle(path)
    colour = np.asarray(ops.mean(drawn, axis=(1, 2)))
    middle = to_normal(path(np.array([0.5])))
    length = np.linalg.norm(middle)
    origin = middle.astype(np.float32)
    around = np.random.default_rng(0).standard_normal((CANDIDATES, middle.shape[1]))
    candidates = CLOSENESS * middle + np.sqrt(1 - CLOSENESS**2) * around
    candidates[0] = middle
    candidates *= length / np.linalg.norm(candidates, axis=1, keepdims=True)

    def losses(normal: Any) -> Any:
        pictures = generator(normal_to_latents(normal), training=False)
        logits = ops.reshape(discriminator(views(pictures), training=False), (-1, len(pictures)))
        unreal = ops.mean(ops.softplus(-logits), axis=0)
        recoloured = ops.mean(ops.abs(ops.mean(pictures, axis=(1, 2)) - colour), axis=1)
        far = ops.mean(ops.square(normal - origin), axis=1)
        return unreal + PULL * far + COLOUR * recoloured + GRAIN * _grain(pictures)

    def keep_length(normal: Any) -> Any:
        return normal * (np.float32(length) / ops.norm(normal, axis=1, keepdims=True))

    reached = [np.asarray(losses(batch)) for batch in np.split(candidates.astype(np.float32), CANDIDATES // BATCH)]
    starts = candidates[np.argsort(np.concatenate(reached), kind="stable")[:STARTS]]
    found, lowest = descend(losses, starts, STEPS, True, LEARNING_RATE, keep_length)
    shift = found[lowest.argmin()] - middle

    def bent(t: np.ndarray) -> np.ndarray:
        points = path(t)
        share = 1 - np.abs(2 * np.asarray(t, np.float64)[:, np.newaxis] - 1)
        normal = to_normal(points)
        moved = normal + share * shift
        lengths = (np.linalg.norm(some, axis=1, keepdims=True) for some in (normal, moved))
        return np.where(share > 0, from_normal(moved * np.divide(*lengths)), points)

    return RealisticPath(bent, logit(drawn), logit(draw_middle(bent)), float(np.sqrt(np.square(shift).mean())))


def _grain(pictures: Any) -> Any:
    """Returns the mean absolute difference of neighbouring pixels of pictures, (n, size, size, 3); (n,)."""
    from keras import ops

    down, right = pictures[:, 1:] - pictures[:, :-1], pictures[:, :, 1:] - pictures[:, :, :-1]
    return ops.mean(ops.abs(down), axis=(1, 2, 3)) + ops.mean(ops.abs(right), axis=(1, 2, 3))


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
