"""GAN inversion: the latent whose design is most like a photograph.

Adam moves several starts at once inside the cube, the best of the known designs among them; the best one is kept.
"Like" means both: the same light and colour in the same places, and the same ImageNet features.

How like the two are, the data set says: a picture and its design are as far apart as so many of the data set's pictures
are from their nearest other one. The share of the data set's pictures that are less like the design would be no answer.
The search moves the design towards the picture, whatever that is: for noise of any colour it came to 96% to 100%, as
for garments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from demicouture.commands import fetch_models
from demicouture.dcgan import inference
from demicouture.evaluation import imagenet_features
from demicouture.evaluation.copies import cosine_distances, distances_apart
from demicouture.images import to_floats
from demicouture.interpolation.input_gradients import with_gradients
from demicouture.interpolation.likeness import likeness
from demicouture.language import _
from demicouture.progress import progress_bar

if TYPE_CHECKING:
    import keras

    from demicouture.evaluation.reference import ReferenceFeatures

COMPARED_SIDE = 32
"""The side, in pixels, at which light and colour are compared: no design has a photograph's weave and creases, and at
full size they would count most."""

STARTS = inference.CHUNK
"""Starts, moved as one batch."""

FINALISTS = 4
"""Starts that are moved on after the first round."""

ROUNDS = ((STARTS, 40), (FINALISTS, 120))
"""How many starts are moved for how many steps. The network that describes pictures costs most: on two cores 20 seconds
with the demonstration's generator."""

LEARNING_RATE = 0.05
"""Of a cube that is 2 wide: from end to end in forty steps, and less and less towards a round's end."""

FARTHEST = 0.7
"""The ``apart`` from which on a design is not near. On a generator of photographs at 64 pixels, ten photographs that it
had not learned from came to 0.00 to 0.48, noise of three kinds to 0.77 to 1, a landscape and plain colours to 0.90 and
more."""

LEAST_ALIKE = 0.9
"""The least ``alike``: of the same photographs 0.97 to 1, of the noise 0.39 to 0.86. A search by light and colour alone
comes to 1 for all of them, so without the network that describes pictures nothing is refused, and nothing claimed."""


@dataclass(frozen=True)
class Inversion:
    """The design found for a picture.

    Attributes:
        latent: float32 (latent_dim,) in [-1, 1].
        picture: uint8 (size, size, 3), the design of it.
        distance: The cosine distance of the features of the two, 0 (the same) to 2; None without the network.
        apart: The share of the data set's pictures that are nearer to another one than the two are to each other; None
            without the network or the data set's features.
        alike: The share of other designs that are less like the one found than the picture is, by light and colour.
    """

    latent: np.ndarray
    picture: np.ndarray
    distance: float | None
    apart: float | None
    alike: float

    @property
    def likeness(self) -> str | None:
        """How like the design is, in words; None where that is not judged."""
        if self.distance is None or self.apart is None:
            return None
        return likeness(self.apart) if self.is_near else "unlike"

    @property
    def results(self) -> dict[str, float | None]:
        """The part for ``summary.json``."""
        return {
            "distance": self.distance,
            "share_of_pictures_nearer_to_another": self.apart,
            "share_of_designs_less_alike_by_colour": self.alike,
        }

    def describe(self) -> str:
        """Returns how like a picture the design is that was found for it."""
        if self.apart is None:
            return _("how like the design is that was found for it is not judged; run: {command}").format(
                command=fetch_models()
            )
        by_colour = ""
        if not self.is_near:
            by_colour = _(
                "; {alike:.0%} of other designs are more like that one than it is, by light and colour"
            ).format(alike=1 - self.alike)
        return _(
            "{apart:.0%} of the data set's pictures are nearer to another than it is to the design "
            "found{by_colour}: it is {likeness} it"
        ).format(apart=self.apart, by_colour=by_colour, likeness=_(self.likeness))

    @property
    def is_near(self) -> bool:
        """Whether the design is like the picture at all; without the network one cannot know."""
        if self.distance is None:
            return True
        return self.alike >= LEAST_ALIKE and (self.apart is None or self.apart < FARTHEST)


def find_latent(
    generator: keras.Model,
    network: keras.Model | None,
    reference: ReferenceFeatures | None,
    wanted: np.ndarray,
    known: np.ndarray,
    quiet: bool = True,
    rounds: Sequence[tuple[int, int]] = ROUNDS,
) -> Inversion:
    """Returns the latent whose design is most like a picture.

    Args:
        generator: Makes the designs.
        network: Describes pictures, see :func:`demicouture.evaluation.imagenet_features.find_network`; None compares
            light and colour alone.
        reference: The data set's features, by which to say how like the two are; or None.
        wanted: uint8 (size, size, 3), the picture, as large as the designs.
        known: float (n, latent_dim) in [-1, 1], latents among which the starts are chosen.
        quiet: Whether to show no progress bar.
        rounds: How many starts are moved for how many steps, one round after the other.
    """
    from keras import ops

    pictures = inference.render(generator, known, quiet, _("comparing designs"))
    thumbnails, target = _thumbnails(pictures), _thumbnails(wanted[np.newaxis])
    pixels = np.square(thumbnails - target).mean(axis=1)
    # Each part counts in units of what it is between the picture and any design.
    pixel_scale = max(float(pixels.mean()), 1e-9)
    reached = pixels / pixel_scale
    if network:
        described = imagenet_features.describe(network, wanted[np.newaxis])
        direction = (described / np.linalg.norm(described)).astype(np.float32)
        features = cosine_distances(imagenet_features.describe(network, pictures, quiet), described)[:, 0]
        feature_scale = max(float(features.mean()), 1e-9)
        reached = reached + features / feature_scale

    def losses(latents):
        designs = generator(latents, training=False)
        loss = ops.mean(ops.square(_shrink(designs) - target), axis=1) / pixel_scale
        if network:
            found = network(imagenet_features.prepare_generated(designs), training=False)
            cosine = ops.sum(found * direction, axis=1) / ops.sqrt(ops.sum(ops.square(found), axis=1) + 1e-12)
            loss = loss + (1 - cosine) / feature_scale
        return loss

    latents = np.asarray(known, np.float64)
    for starts, steps in rounds:
        order = np.argsort(reached, kind="stable")[:starts]
        # Fewer designs than starts are taken several times: of one size, so that it is compiled once.
        latents, reached = descend(losses, np.resize(latents[order], (starts, latents.shape[1])), steps, quiet)
    found = latents[np.argmin(reached)].astype(np.float32)
    picture = inference.render(generator, found[np.newaxis])[0]
    small = _thumbnails(picture[np.newaxis])
    alike = np.square(thumbnails - small).mean(axis=1) > np.square(target - small).mean()
    distance = apart = None
    if network:
        own = imagenet_features.describe(network, picture[np.newaxis])
        distance = float(cosine_distances(own, described)[0, 0])
        apart = reference and float(np.mean(distances_apart(reference) < distance))
    return Inversion(found, picture, distance, apart, float(alike.mean()))


def _shrink(pictures: Any) -> Any:
    """Returns pictures, float (n, size, size, 3), at the size at which they are compared, as rows."""
    from keras import ops

    if pictures.shape[1] > COMPARED_SIDE:
        pictures = ops.image.resize(pictures, (COMPARED_SIDE, COMPARED_SIDE), antialias=True)
    return ops.reshape(pictures, (len(pictures), -1))


def _thumbnails(pictures: np.ndarray) -> np.ndarray:
    """Returns pictures, uint8 (n, size, size, 3), as float32 rows at the size at which they are compared."""
    parts = range(0, len(pictures), STARTS)
    return np.concatenate([np.asarray(_shrink(to_floats(pictures[start : start + STARTS]))) for start in parts])


def inside_cube(latents: Any) -> Any:
    """Returns the nearest latents inside the cube."""
    import keras

    return keras.ops.clip(latents, -1, 1)


def normal_to_latents(normal: Any) -> Any:
    """Returns the latents of numbers that are distributed as a standard normal, by ``keras.ops``.

    It is :func:`demicouture.latents.from_normal`, with gradients. Moved so, a latent stays inside the cube by itself.
    """
    from keras import ops

    return ops.erf(normal / np.float32(np.sqrt(2)))


def descend(
    losses: Callable[[Any], Any],
    starts: np.ndarray,
    steps: int,
    quiet: bool,
    learning_rate: float = LEARNING_RATE,
    constraint: Callable[[Any], Any] | None = inside_cube,
) -> tuple[np.ndarray, np.ndarray]:
    """Minimises losses over latents, inside the cube, or over other rows of numbers.

    Args:
        losses: Maps float32 (n, latent_dim) to (n,), by ``keras.ops``.
        starts: float64 (n, latent_dim) in [-1, 1].
        steps: How many steps to take.
        quiet: Whether to show no progress bar.
        learning_rate: The first step's.
        constraint: Maps what a step came to, float32 (n, latent_dim), to where it may be; None where that is anywhere.

    Returns:
        The best latents that each start passed, float64 (n, latent_dim) in [-1, 1], and its loss, float64 (n,).

    Source:
        Kingma and Ba, "Adam", ICLR 2015, projected onto the cube after each step. A tanh that kept inside by itself
        would have no gradient left where the cube ends, and a third of all latents has a coordinate within 0.004 of it.
    """
    import keras

    run = with_gradients(losses)
    latents = keras.Variable(starts, dtype="float32")
    latents.constraint = constraint
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(learning_rate, steps))
    optimizer.build([latents])
    best, lowest = starts.copy(), np.full(len(starts), np.inf)
    for _step in progress_bar(range(steps), _("finding the photograph"), unit=_("step"), quiet=quiet):
        reached, gradients = run(latents.numpy())
        better = reached < lowest
        best[better], lowest[better] = latents.numpy()[better], reached[better]
        optimizer.apply([gradients])
    return best, lowest
