"""Endpoints of a path: a design, the middle of several, or a photograph; and the choice where none is given."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from demicouture import commands
from demicouture.boundary.hyperplane import Hyperplane
from demicouture.designs.designs import Designs, design_name, read_rows
from demicouture.errors import InputError
from demicouture.interpolation.paths import prior_preserving_mean

if TYPE_CHECKING:
    import keras

    from demicouture.interpolation.inversion import Inversion

DESIGN_NUMBERS = re.compile(r"\d+(,\d+)*")

CONFIDENT = 0.1
"""The largest distance of a confident design's score from its pole: by the classifier's own account, one in ten of
those is of the other pole."""

BETTER = 0.5
"""The share of a pole's designs, those of the highest ranks, among which an endpoint is chosen."""

INVERSION_STARTS = 512
"""Designs among which a photograph's search starts, at most: with the full-size network, half a minute on two cores."""

LIKENESS = ((0.05, "almost the same as"), (0.5, "much like"), (0.7, "a little like"), (math.inf, "unlike"))
"""A distance between two pictures in words, by the share of the data set's pictures that are nearer to another one."""

EndpointSpec = tuple[int, ...] | Path
"""What ``--a`` or ``--b`` names: designs by number, or a photograph."""


@dataclass(frozen=True)
class Endpoint:
    """One end of a path.

    Attributes:
        latent: float64 (latent_dim,) in [-1, 1].
        name: What it is called in a title.
        designs: The numbers of the designs that it is made of; none for a photograph.
    """

    latent: np.ndarray
    name: str
    designs: tuple[int, ...] = ()


@dataclass(frozen=True)
class RatedDesigns:
    """Designs with all that is known about them, and their folder.

    Attributes:
        folder: Where they lie.
        designs: Their latents and labels.
        plane: The hyperplane between the poles, or None.
        ranks: float64 (n,), see :func:`read_ranks`.
    """

    folder: Path
    designs: Designs
    plane: Hyperplane | None
    ranks: np.ndarray

    def most_confident(self, pole: int, count: int = 1, without: Sequence[int] = ()) -> list[int]:
        """Returns designs that are clearly of a pole, the clearest first; not those that a person would pass over.

        The better half of the pole's designs, by their rank, comes before the others, a person's labels before the
        classifier's, scores within :data:`CONFIDENT` of the pole before the rest, and what lies further from the
        hyperplane than half of the pole's designs before what lies near it, from where a path would cross it at once.
        Among those left the one of the higher rank comes first: by its own account the classifier is as sure of all of
        them, and the most extreme score is an exaggeration's. Where ranks are unknown, the score decides; or the
        distance from the hyperplane, where there is no score.

        Args:
            pole: 0 for the first pole, 1 for the second.
            count: How many designs.
            without: Designs that are not to be chosen.
        """
        designs = self.designs
        of_pole = np.flatnonzero(designs.labelled(designs.poles[pole]))
        of_pole = of_pole[np.argsort(-self.ranks[of_pole], kind="stable")]
        is_better = self.ranks[of_pole] > -math.inf
        is_better &= self.ranks[of_pole] >= self.ranks[of_pole[: math.ceil(BETTER * len(of_pole))]].min(
            initial=math.inf
        )
        allowed = ~np.isin(of_pole, np.array(without, int))
        of_pole, is_better = of_pole[allowed], is_better[allowed]
        scores = designs.scores[of_pole]
        confidence = scores if pole else 1 - scores
        is_confident = confidence >= 1 - CONFIDENT  # False for NaN.
        margins = np.zeros(len(of_pole))
        if self.plane and len(of_pole):
            margins = self.plane.signed_distance(designs.latents[of_pole]) * (1 if pole else -1)
        is_clear = margins >= np.median(margins) if len(of_pole) else np.zeros(0, bool)
        if np.isnan(scores).all():
            confidence = margins
        confidence, ranks = np.nan_to_num(confidence, nan=-math.inf), self.ranks[of_pole]
        # The last key counts first.
        keys = [
            of_pole,
            -confidence,
            -ranks,
            ~is_clear,
            ~is_confident,
            ~designs.by_person[of_pole],
            ~is_better,
            np.isneginf(ranks),
        ]
        return of_pole[np.lexsort(keys)[:count]].tolist()

    def check_two_poles(self) -> None:
        """Refuses designs without labels of two poles.

        Raises:
            InputError: It is so.
        """
        if len(self.designs.poles) != 2:
            raise InputError(
                f"{self.folder / 'labels.csv'}: found these poles: {', '.join(self.designs.poles) or 'none'}; expected "
                "two, to choose the most confident design of each; label designs, or give --a N --b M"
            )


def read_ranks(folder: Path, count: int) -> np.ndarray:
    """Returns each design's rank among all, by how it looks to a classifier of pictures and designs; float64 (n,).

    It is -inf for copies of a picture; and 0 for all where ``designs.csv`` is missing, knows none, or all are copies.

    Raises:
        InputError: ``designs.csv`` is damaged.
    """
    table = folder / "designs.csv"
    if not table.exists():
        return np.zeros(count)
    ranks = np.zeros(count)
    rows = read_rows(table, ["design", "realism_rank", "copy"], count)
    for index in range(count):
        row = rows.get(design_name(index), {"realism_rank": "", "copy": ""})
        try:
            ranks[index] = float(row["realism_rank"] or 0)
        except ValueError:
            found = f"the realism_rank of {row['design']} is {row['realism_rank']!r}, expected a number"
            raise InputError(f"{table}: {found}; run: {commands.command('generate.py')}") from None
        if row["copy"] == "yes":
            ranks[index] = -np.inf
    return ranks if np.isfinite(ranks).any() else np.zeros(count)


def likeness(rank: float) -> str:
    """Returns in words how like two pictures are, of :data:`LIKENESS`.

    Args:
        rank: The share of the data set's pictures that are nearer to another one than these are to each other.
    """
    return next(words for below, words in LIKENESS if rank < below)


def parse_endpoint(text: str) -> EndpointSpec:
    """Returns what a person named: numbers with commas between are designs, all else is a file."""
    return tuple(int(number) for number in text.split(",")) if DESIGN_NUMBERS.fullmatch(text) else Path(text)


def format_endpoint(spec: EndpointSpec | None) -> int | str | None:
    """Returns an endpoint as ``options.json`` keeps it; None where none was given."""
    if isinstance(spec, tuple):
        return spec[0] if len(spec) == 1 else ",".join(map(str, spec))
    return None if spec is None else str(spec)


def check_endpoint(flag: str, spec: EndpointSpec | None, count: int) -> None:
    """Refuses numbers of designs that do not exist, or that are named twice, and files that do not exist.

    Raises:
        InputError: It is so.
    """
    if isinstance(spec, Path) and not spec.is_file():
        raise InputError(
            f"{flag} {spec}: not found, expected a picture's file, or numbers of designs such as 3 or 3,17,40"
        )
    for number in spec if isinstance(spec, tuple) else ():
        if number >= count:
            raise InputError(f"{flag} {number}: found {count} designs, expected a number from 0 to {count - 1}")
        if spec.count(number) > 1:
            raise InputError(f"{flag} {format_endpoint(spec)}: names design {number} twice, expected different designs")


def choose_endpoints(
    rated: RatedDesigns, a: EndpointSpec | None, b: EndpointSpec | None
) -> tuple[EndpointSpec, EndpointSpec]:
    """Returns both endpoints: as given, or else the most confident design of a pole.

    Where one is given, the other is of the other pole; of a photograph's pole nothing is known yet.

    Raises:
        InputError: There is no such design or file, both are one, or a pole has no labelled design to choose.
    """
    designs = rated.designs
    for flag, spec in (("--a", a), ("--b", b)):
        check_endpoint(flag, spec, len(designs.latents))
    if a is not None and a == b:
        name = format_endpoint(a)
        raise InputError(f"--a {name} --b {name}: found one design, expected two different ones")
    if a is not None and b is not None:
        return a, b
    rated.check_two_poles()
    given = a if a is not None else b
    taken = given if isinstance(given, tuple) else ()
    swap = bool(taken) and {designs.labels[number] for number in taken} == {designs.poles[int(a is None) ^ 1]}

    def most_confident(pole: int) -> tuple[int, ...]:
        found = rated.most_confident(pole, without=taken)
        if not found:
            raise InputError(f"{rated.folder / 'labels.csv'}: found no other design to go to; give both --a and --b")
        return tuple(found)

    return (most_confident(int(swap)) if a is None else a, most_confident(int(not swap)) if b is None else b)


def endpoint_of_designs(designs: Designs, numbers: Sequence[int]) -> Endpoint:
    """Returns a design as an endpoint, or the middle of several."""
    latent = prior_preserving_mean(designs.latents[list(numbers)])
    if len(numbers) > 1:
        return Endpoint(latent, f"the middle of designs {', '.join(map(str, numbers))}", tuple(numbers))
    label = designs.labels[numbers[0]]
    return Endpoint(latent, f"design {numbers[0]}" + (f" ({label})" if label else ""), tuple(numbers))


def endpoint_opposite(rated: RatedDesigns, latent: np.ndarray) -> Endpoint:
    """Returns the most confident design of the pole on whose side of the plane a latent does not lie."""
    pole = int(rated.plane.signed_distance(latent[np.newaxis])[0] <= 0)
    return endpoint_of_designs(rated.designs, rated.most_confident(pole))


def endpoint_of_photo(
    flag: str,
    path: Path,
    generator: keras.Model,
    network: keras.Model | None,
    rated: RatedDesigns,
    data: Path,
    quiet: bool,
) -> tuple[Endpoint, np.ndarray, Inversion]:
    """Returns a photograph as an endpoint: the design that is most like it.

    Args:
        flag: Which flag gave it, for messages.
        path: The photograph.
        generator: Makes the designs.
        network: Describes pictures; None compares light and colour alone.
        rated: The search starts from some of them; in their folder lie the features of the data set's pictures.
        data: The data set, as whose pictures the photograph is cropped.
        quiet: Whether to show no progress bar.

    Returns:
        The endpoint; the cropped photograph, uint8 (size, size, 3); and the design found for it.

    Raises:
        InputError: The photograph cannot be used, or no design is near it.
    """
    # Imported here: people are looked for in it by libraries that no other endpoint needs.
    from demicouture.evaluation.reference import ReferenceFeatures
    from demicouture.interpolation.inversion import find_latent
    from demicouture.interpolation.photo_input import read_photograph

    reference = ReferenceFeatures.load(rated.folder) if network else None
    cropped = read_photograph(flag, path, generator.output_shape[1], data)
    found = find_latent(generator, network, reference, cropped, rated.designs.latents[:INVERSION_STARTS], quiet)
    if not found.is_near:
        raise InputError(
            f"{flag} {path}: found no design near it ({describe_found(found)}), expected a photograph of the kind that "
            "the generator learned from; use one garment seen from the front"
        )
    return Endpoint(found.latent.astype(np.float64), f"the design found for {path.name}"), cropped, found


def describe_found(found: Inversion) -> str:
    """Returns how like a picture the design is that was found for it."""
    if found.apart is None:
        return f"how like the design is that was found for it is not judged; run: {commands.fetch_models()}"
    by_colour = ""
    if not found.is_near:
        by_colour = f"; {1 - found.alike:.0%} of other designs are more like that one than it is, by light and colour"
    return (
        f"{found.apart:.0%} of the data set's pictures are nearer to another than it is to the design found{by_colour}"
        f": it is {likeness(found.apart) if found.is_near else 'unlike'} it"
    )
