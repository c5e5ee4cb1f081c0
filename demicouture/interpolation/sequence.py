"""Sequences: designs along one path in equal steps, as a strip and as an animation.

The path leads from one endpoint to another, or from one design along a direction that was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from demicouture import visualization
from demicouture.boundary.hyperplane import Hyperplane
from demicouture.dcgan import inference
from demicouture.designs.designs import own_pictures
from demicouture.errors import InputError
from demicouture.interpolation.code_refinement import refine
from demicouture.interpolation.directions import Direction, path_along
from demicouture.interpolation.endpoints import (
    Endpoint,
    EndpointSpec,
    Named,
    RatedDesigns,
    endpoint_of_designs,
    endpoint_of_photo,
    endpoint_of_photographs,
    endpoint_opposite,
)
from demicouture.interpolation.outputs import MOST_OF_GIF, Interpolation, Step
from demicouture.interpolation.paths import BENDABLE, LatentPath, find_crossing, path_between, place_steps
from demicouture.interpolation.realistic_middle import bend
from demicouture.interpolation.references import Reference
from demicouture.interpolation.tuning import Tuned, tune
from demicouture.language import _

if TYPE_CHECKING:
    import keras

FRAMES = 40
"""From one end of the animation to the other, in two seconds; browsers show no GIF much faster."""

GAP = 2
"""Pixels between the steps of a strip."""


@dataclass(frozen=True)
class SequenceOptions:
    """The flags that decide a sequence.

    Attributes:
        path: Of :data:`demicouture.interpolation.paths.PATH_NAMES`.
        even: What is divided into equal steps, of :data:`demicouture.interpolation.paths.SPACINGS`.
        steps: Designs in the strip, both ends included.
        size: The side of the enlarged pictures, in pixels.
        data: The data set, as whose pictures a photograph is cropped.
        untuned: Whether the generator draws as it is, also between photographs.
        quiet: Whether to show no progress bar.
    """

    path: str
    even: str
    steps: int
    size: int
    data: Path
    untuned: bool = False
    quiet: bool = True


@dataclass(frozen=True)
class FoundPhotos:
    """Photographs among the endpoints, and the designs found for them; by file name, in ``summary.json``, in words."""

    sheets: dict[str, Image.Image]
    latents: dict[str, np.ndarray]
    results: dict[str, dict[str, float | None]]
    messages: list[str]


def make_sequence(
    rated: RatedDesigns,
    specs: Sequence[EndpointSpec | Endpoint],
    given: Sequence[EndpointSpec | None],
    generator: keras.Model,
    encoder: keras.Model | None,
    discriminator: keras.Model | None,
    network: keras.Model | None,
    options: SequenceOptions,
) -> Interpolation:
    """Makes a sequence from one endpoint to another.

    Args:
        rated: The designs.
        specs: Both endpoints, see :func:`demicouture.interpolation.endpoints.resolve_endpoints`.
        given: The same two, as a person gave them; None for one that was chosen.
        generator: Makes the designs.
        encoder: Gives photographs of one's own their codes; None searches for their designs.
        discriminator: Bends a path that a tuned generator draws; None leaves it as its formula has it.
        network: Compares photographs with designs; None compares light and colour alone.
        options: The flags.

    Raises:
        InputError: A photograph cannot be used or found, both are one design, or the generator is not the designs'.
    """
    pair, photos = find_endpoints(rated, specs, given, generator, encoder, network, options)
    if np.array_equal(pair[0].latent, pair[1].latent):
        raise InputError(
            _("--a and --b: {first} and {second} are one design, expected two different ones").format(
                first=pair[0].name, second=pair[1].name
            )
        )
    path, bent = path_between(options.path, pair[0].latent, pair[1].latent, rated.plane), None
    tuned = tune_to_photographs(generator, pair, options)
    if tuned and discriminator and options.path == BENDABLE:
        bent = bend(path, tuned.generator, discriminator)
        path = bent.path
    sentence = describe_strip(pair, rated.plane, find_crossing(path, rated.plane))
    made = draw_path(rated.folder, path, rated.plane, pair, sentence, photos, generator, tuned, options)
    if not bent:
        return made
    message = _(
        "{message}, and the path's middle was moved towards what the discriminator takes for a photograph"
    ).format(message=made.message)
    return replace(made, results={**made.results, "bent": bent.results}, message=message)


def make_walk(
    rated: RatedDesigns,
    spec: EndpointSpec | Endpoint,
    given: EndpointSpec | None,
    direction: Direction,
    generator: keras.Model,
    encoder: keras.Model | None,
    network: keras.Model | None,
    options: SequenceOptions,
) -> Interpolation:
    """Makes the sequence of one design along a direction; arguments as for :func:`make_sequence`.

    Raises:
        InputError: A photograph cannot be used or found, or the generator is not the designs'.
    """
    (start,), photos = find_endpoints(rated, [spec], [given], generator, encoder, network, options)
    if numbers := list(start.designs):  # The walk passes by the design itself, so nothing else checks the generator.
        own_pictures(rated.folder, numbers, inference.render(generator, rated.designs.latents[numbers]))
    plane, path = direction.plane, path_along(direction.plane, start.latent, rated.designs.latents)
    low, own, high = plane.signed_distance(np.stack([*path(np.array([0.0, 1.0])), start.latent]))[[0, 2, 1]]
    ends = [Endpoint(end, name) for end, name in zip(path(np.array([0.0, 1.0])), direction.ends, strict=True)]
    sentence = _("{start} along {direction}, from {first} to {second}").format(
        start=f"{start.name[0].upper()}{start.name[1:]}",
        direction=direction.name,
        first=ends[0].name,
        second=ends[1].name,
    )
    tuned, place = tune_to_photographs(generator, [start], options), (own - low) / (high - low)
    made = draw_path(rated.folder, path, plane, ends, sentence, photos, generator, tuned, options, place)
    walked = {"along": direction.name, "start": start.name, "own_distance": own, "boundary_found": direction.is_found}
    message = "\n".join(
        filter(
            None,
            [direction.warning, _("{message}; the mark is where the design itself lies").format(message=made.message)],
        )
    )
    return replace(made, results={**made.results, **walked}, message=message)


def draw_path(
    folder: Path,
    path: LatentPath,
    plane: Hyperplane | None,
    pair: Sequence[Endpoint],
    sentence: str,
    photos: FoundPhotos,
    generator: keras.Model,
    tuned: Tuned | None,
    options: SequenceOptions,
    mark: float | None = None,
) -> Interpolation:
    """Renders a path.

    Args:
        folder: The designs' folder.
        path: The path.
        plane: What distances are measured from; None measures none.
        pair: Its ends.
        sentence: What the strip shows.
        photos: The photographs among the endpoints.
        generator: Makes the designs.
        tuned: The generator that draws the path; None draws it by the other one.
        options: The flags.
        mark: The place on the path that is marked; None marks where it crosses the plane.

    Raises:
        InputError: The generator is not the designs'.
    """
    crossing = find_crossing(path, plane)
    t, frame_t = (place_steps(path, plane, count, options.even) for count in (options.steps, FRAMES))
    distances = plane.signed_distance(path(t)) if plane else [None] * options.steps

    # One picture of what lies in between: where the path crosses the plane, or else half-way.
    places = [t, [0.5 if crossing is None else crossing], frame_t]
    rendered = inference.render(tuned.generator if tuned else generator, path(np.concatenate(places)), options.quiet)
    pictures, middle, frames = np.split(rendered, np.cumsum([len(part) for part in places])[:-1])
    pictures[[0, -1]] = frames[[0, -1]] = own_endpoints(folder, pair, pictures[[0, -1]], generator if tuned else None)

    marked = crossing if mark is None else mark
    sheets = {"strip.png": draw_strip(pictures, t, distances, marked, sentence, pair)}
    sheets["midpoint.png" if crossing is None else "crossing.png"] = visualization.enlarge(middle[0], options.size)
    latents = {"strip.npy": path(t)}
    if crossing is not None:
        latents["crossing.npy"] = path(np.array([crossing]))
    names, results = [end.file_name for end in pair], {**photos.results, "crossing": crossing}
    messages = [*photos.messages, _("{sentence}, in {steps} steps").format(sentence=sentence, steps=options.steps)]
    if tuned:
        results["tuned"] = tuned.results
        messages.append(
            _(
                "for this path a copy of the generator was tuned to the photographs: it draws them with an "
                "error of {error:.1f} grey levels of 255, the generator itself of {error_before:.1f} (see "
                "--untuned)"
            ).format(error=tuned.error, error_before=tuned.error_before)
        )
    return Interpolation(
        [Step(0, number, *of_step, *names) for number, of_step in enumerate(zip(t, distances, strict=True))],
        pictures,
        sheets | photos.sheets,
        {**results, "pair": names},
        "\n".join(messages),
        latents | photos.latents,
        frames,
    )


def find_endpoints(
    rated: RatedDesigns,
    specs: Sequence[EndpointSpec | Endpoint],
    given: Sequence[EndpointSpec | None],
    generator: keras.Model,
    encoder: keras.Model | None,
    network: keras.Model | None,
    options: SequenceOptions,
) -> tuple[list[Endpoint], FoundPhotos]:
    """Returns both endpoints, or the only one; arguments as for :func:`make_sequence`.

    One that was chosen, opposite to a photograph, is chosen anew now that the photograph's side of the plane is known.
    """
    pair, photos, side = [], FoundPhotos({}, {}, {}, []), generator.output_shape[1]
    for letter, spec in zip("ab", specs, strict=False):
        if isinstance(spec, Endpoint):
            pair.append(spec)
            continue
        if isinstance(spec, tuple):
            pair.append(endpoint_of_designs(rated.designs, spec))
            continue
        if isinstance(spec, Named):
            rows = rated.photographs.find(f"--{letter}", spec.of, spec.which)
            pair.append(refine_endpoint(endpoint_of_photographs(rated.photographs, rows, side), generator))
            continue
        endpoint, found = endpoint_of_photo(
            f"--{letter}", spec, generator, encoder, network, rated, options.data, options.quiet
        )
        pair.append(endpoint)
        like = (
            _("a design {likeness} it").format(likeness=_(found.likeness)) if found.likeness else _("the design found")
        )
        both, captions = np.stack([endpoint.original, found.picture]), [_("the photograph"), like]
        scale = max(1, MOST_OF_GIF // both.shape[1])
        photos.sheets[f"found-{letter}.png"] = visualization.grid(both, 2, scale=scale, captions=captions)
        photos.latents[f"found-{letter}.npy"] = endpoint.latent[np.newaxis]
        photos.results[f"found_{letter}"] = found.results
        photos.messages.append(f"{spec.name}: {found.describe()}")
    for chosen, other in ((0, 1), (1, 0)) if len(pair) == 2 else ():
        of_unknown_pole = isinstance(given[other], Path | Reference)
        if rated.plane and given[chosen] is None and of_unknown_pole:
            pair[chosen] = refine_endpoint(endpoint_opposite(rated, pair[other].latent, side), generator)
    return pair, photos


def refine_endpoint(endpoint: Endpoint, generator: keras.Model) -> Endpoint:
    """Returns a photograph of the data set with its code refined, and anything else as it is."""
    if endpoint.original is None:
        return endpoint
    return replace(endpoint, latent=refine(generator, endpoint.original, endpoint.latent).astype(np.float64))


def describe_strip(pair: Sequence[Endpoint], plane: Hyperplane | None, crossing: float | None) -> str:
    """Returns what the strip shows, in one sentence."""
    sentence = _("From {first} to {second}").format(first=pair[0].name, second=pair[1].name)
    if plane is None:
        return sentence
    if crossing is None:
        return _("{sentence}: both on the same side of the hyperplane, which is not crossed").format(sentence=sentence)
    return _("{sentence}: the hyperplane is crossed at t = {t:.2f}").format(sentence=sentence, t=crossing)


def draw_strip(
    pictures: np.ndarray,
    t: np.ndarray,
    distances: Sequence[float | None],
    mark: float | None,
    sentence: str,
    pair: Sequence[Endpoint],
) -> Image.Image:
    """Returns the steps in one row, with number, t and distance below each, and a mark above a place on the path.

    The numbers are those of ``--a strip:4``. Where an end was found for a photograph, that stands beside it.
    """
    captions = [f"{number}: t = {place:.3g}" for number, place in enumerate(t)]
    if distances[0] is not None:
        captions = [
            _("{text}\ndistance {distance:+.2f}").format(text=text, distance=distance)
            for text, distance in zip(captions, distances, strict=True)
        ]
    scale = visualization.legible_scale(pictures.shape[1])
    before, after = ([end.original] if end.original is not None else [] for end in pair)
    captions = [_("the photograph")] * len(before) + captions + [_("the photograph")] * len(after)
    shown = np.stack([*before, *pictures, *after])
    sheet = visualization.grid(shown, len(shown), scale=scale, gap=GAP, captions=captions, title=sentence)
    if mark is not None:
        side = pictures.shape[2] * scale
        middles = GAP + side / 2 + (len(before) + np.arange(len(t))) * (side + GAP)
        below_title = 2 * GAP + side + visualization.CAPTION_HEIGHT * (captions[len(before)].count("\n") + 1)
        visualization.point_at(sheet, float(np.interp(mark, t, middles)), sheet.height - below_title)
    return sheet


def own_endpoints(
    folder: Path, pair: Sequence[Endpoint], rendered: np.ndarray, generator: keras.Model | None
) -> np.ndarray:
    """Returns the first and the last picture: of a single design its own, as it lies in the folder.

    Args:
        folder: The designs' folder.
        pair: Both ends.
        rendered: uint8 (2, size, size, 3), what was drawn of them.
        generator: Draws single designs anew; None where it has drawn these already.
    """
    pictures = rendered.copy()
    for place, end in enumerate(pair):
        if len(end.designs) == 1:
            drawn = inference.render(generator, end.latent[np.newaxis]) if generator else rendered[[place]]
            pictures[[place]] = own_pictures(folder, end.designs, drawn)
    return pictures


def tune_to_photographs(generator: keras.Model, ends: Sequence[Endpoint], options: SequenceOptions) -> Tuned | None:
    """Returns the generator tuned to the photographs among the ends, or None where there are none.

    A photograph that the generator knows no kind of is none of them: of noise, too, it would learn each pixel. And a
    design is to stay what it is.
    """
    wanted = [end.original if end.is_alike else None for end in ends]
    if options.untuned or all(picture is None for picture in wanted):
        return None
    for place, end in enumerate(ends):
        if len(end.designs) == 1:
            wanted[place] = inference.render(generator, end.latent[np.newaxis])[0]
    latents = [end.latent for end, picture in zip(ends, wanted, strict=True) if picture is not None]
    pictures = [picture for picture in wanted if picture is not None]
    return tune(generator, np.stack(latents), np.stack(pictures), options.quiet)
