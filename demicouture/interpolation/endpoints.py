"""Endpoints of a path: a design, a photograph, or the middle of several; and the choice where none is given."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from demicouture.boundary.hyperplane import Hyperplane
from demicouture.commands import command
from demicouture.designs.designs import Designs, design_name, read_rows
from demicouture.errors import InputError
from demicouture.interpolation.paths import prior_preserving_mean
from demicouture.interpolation.photographs import Photographs
from demicouture.interpolation.references import Reference, parse_reference, resolve
from demicouture.language import _

if TYPE_CHECKING:
    import keras

    from demicouture.interpolation.code_refinement import Refined
    from demicouture.interpolation.inversion import Inversion

DESIGN_NUMBERS = re.compile(r"\d+(,\d+)*")

NAMED = re.compile(r"([^:/\\]{2,}):([^:/\\][^:\\]*)|([^:/\\]+):(\d+(?:,\d+)*)")
"""``casual:123`` or ``casual:file.png``, and neither an address nor a path on a drive of Windows, ``C:shirt.jpg``."""

CONFIDENT = 0.1
"""The largest distance of a confident design's score from its pole: by the classifier's own account, one in ten of
those is of the other pole."""

BETTER = 0.5
"""The share of a pole's designs, those of the highest ranks, among which an endpoint is chosen."""

INVERSION_STARTS = 512
"""Designs among which a photograph's search starts, at most: with the full-size network, half a minute on two cores."""


@dataclass(frozen=True)
class Named:
    """What a person named in a list: ``casual:123`` is a photograph of the data set, in its pole.

    Attributes:
        of: The list's name: a pole.
        which: A number, numbers with commas between, or a file's name.
    """

    of: str
    which: str

    def __str__(self) -> str:
        """Returns what the person typed."""
        return f"{self.of}:{self.which}"


EndpointSpec = tuple[int, ...] | Path | Named | Reference
"""What ``--a`` or ``--b`` names: designs by number, a photograph's file, photographs of the data set, or what was made
before."""


@dataclass(frozen=True)
class Endpoint:
    """One end of a path.

    Attributes:
        latent: float64 (latent_dim,) in [-1, 1].
        name: What it is called in a title.
        designs: The numbers of the designs that it is made of; none for a photograph.
        original: The photograph that it was found for, uint8 (size, size, 3); None for designs, and where it is gone.
        is_alike: Whether the design is known to be like that photograph at all.
    """

    latent: np.ndarray
    name: str
    designs: tuple[int, ...] = ()
    original: np.ndarray | None = None
    is_alike: bool = True

    @property
    def file_name(self) -> str:
        """What it is called in tables: a single design's file name, or else its name."""
        return design_name(self.designs[0]) if len(self.designs) == 1 else self.name


@dataclass(frozen=True)
class RatedDesigns:
    """Designs with all that is known about them, and their folder.

    Attributes:
        folder: Where they lie.
        designs: Their latents and labels.
        plane: The hyperplane between the poles, or None.
        ranks: float64 (n,), see :func:`read_ranks`.
        photographs: The data set's photographs in the same latent space, or None.
    """

    folder: Path
    designs: Designs
    plane: Hyperplane | None
    ranks: np.ndarray
    photographs: Photographs | None = None

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

    def best_photographs(self, pole: int) -> list[int]:
        """Returns the rows of photographs to show, see :meth:`Photographs.best`; none where there are none."""
        if not self.photographs:
            return []
        # A plane between other poles says nothing of these photographs' sides.
        same = self.designs.poles in ((), self.photographs.poles)
        return self.photographs.best(pole, self.plane if same else None)

    def check_two_poles(self) -> None:
        """Refuses designs without labels of two poles.

        Raises:
            InputError: It is so.
        """
        if len(self.designs.poles) != 2:
            raise InputError(
                _(
                    "{path}: found these poles: {poles}; expected two, to choose the most confident design of "
                    "each; label designs, or give --a N --b M"
                ).format(path=self.folder / "labels.csv", poles=", ".join(self.designs.poles) or "none")
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
            found = _("the realism_rank of {design} is {realism_rank!r}, expected a number").format(
                design=row["design"], realism_rank=row["realism_rank"]
            )
            raise InputError(
                _("{table}: {found}; run: {command}").format(table=table, found=found, command=command("generate.py"))
            ) from None
        if row["copy"] == "yes":
            ranks[index] = -np.inf
    return ranks if np.isfinite(ranks).any() else np.zeros(count)


def parse_endpoint(text: str) -> EndpointSpec:
    """Returns what a person named: numbers are designs, ``casual:12`` is a photograph of a pole, ``strip:4`` a step.

    All else is a file.
    """
    if DESIGN_NUMBERS.fullmatch(text):
        return tuple(int(number) for number in text.split(","))
    if reference := parse_reference(text):
        return reference
    if (named := NAMED.fullmatch(text)) and not Path(text).is_file():
        return Named(named[1] or named[3], named[2] or named[4])
    return Path(text)


def format_endpoint(spec: EndpointSpec | None) -> int | str | None:
    """Returns an endpoint as ``options.json`` keeps it; None where none was given."""
    if isinstance(spec, tuple):
        return spec[0] if len(spec) == 1 else ",".join(map(str, spec))
    return None if spec is None else str(spec)


def check_endpoint(flag: str, spec: EndpointSpec | None, count: int, photographs: Photographs | None = None) -> None:
    """Refuses what does not exist or is named twice: numbers of designs, files, and photographs of the data set.

    Raises:
        InputError: It is so.
    """
    if isinstance(spec, Path) and not spec.is_file():
        raise InputError(
            _("{flag} {spec}: not found, expected a picture's file, or numbers of designs such as 3 or 3,17,40").format(
                flag=flag, spec=spec
            )
        )
    if isinstance(spec, Named):
        if not photographs:
            raise InputError(
                _(
                    "{flag} {spec}: found no photographs in latent space, expected encodings.npz of this generator "
                    "beside it, the data set, and no --from designs; give the photograph's file, or run: {command}"
                ).format(flag=flag, spec=spec, command=command("train_dcgan.py"))
            )
        photographs.find(flag, spec.of, spec.which)
    for number in spec if isinstance(spec, tuple) else ():
        if number >= count:
            raise InputError(
                _("{flag} {number}: found {count} designs, expected a number from 0 to {last}").format(
                    flag=flag, number=number, count=count, last=count - 1
                )
            )
        if spec.count(number) > 1:
            raise InputError(
                _("{flag} {endpoint}: names design {number} twice, expected different designs").format(
                    flag=flag, endpoint=format_endpoint(spec), number=number
                )
            )


def choose_endpoints(
    rated: RatedDesigns, a: EndpointSpec | None, b: EndpointSpec | None
) -> tuple[EndpointSpec, EndpointSpec]:
    """Returns both endpoints: as given, or else a photograph of a pole, or its most confident design.

    Where one is given, the other is of the other pole, and a design where that is one; of the pole of a photograph of
    one's own nothing is known yet.

    Raises:
        InputError: There is no such design or file, both are one, or a pole has no labelled design to choose.
    """
    designs = rated.designs
    for flag, spec in (("--a", a), ("--b", b)):
        check_endpoint(flag, spec, len(designs.latents), rated.photographs)
    if a is not None and a == b:
        name = format_endpoint(a)
        raise InputError(_("--a {name} --b {name}: found one design, expected two different ones").format(name=name))
    if a is not None and b is not None:
        return a, b
    given = a if a is not None else b
    if rated.photographs and not isinstance(given, tuple):
        return _choose_photographs(rated, a, b)
    rated.check_two_poles()
    taken = given if isinstance(given, tuple) else ()
    swap = bool(taken) and {designs.labels[number] for number in taken} == {designs.poles[int(a is None) ^ 1]}

    def most_confident(pole: int) -> tuple[int, ...]:
        found = rated.most_confident(pole, without=taken)
        if not found:
            raise InputError(
                _("{path}: found no other design to go to; give both --a and --b").format(
                    path=rated.folder / "labels.csv"
                )
            )
        return tuple(found)

    return (most_confident(int(swap)) if a is None else a, most_confident(int(not swap)) if b is None else b)


def resolve_endpoints(specs: Sequence[EndpointSpec], folders: Sequence[Path]) -> list[EndpointSpec | Endpoint]:
    """Returns endpoints with what was made before looked up; arguments as for :func:`.references.resolve`.

    Raises:
        InputError: There is no such thing.
    """
    return [
        Endpoint(*resolve(f"--{letter}", spec, folders)) if isinstance(spec, Reference) else spec
        for letter, spec in zip("ab", specs, strict=False)
    ]


def _choose_photographs(
    rated: RatedDesigns, a: EndpointSpec | None, b: EndpointSpec | None
) -> tuple[EndpointSpec, EndpointSpec]:
    """Returns both endpoints, of which a person gave one photograph at most."""
    photographs = rated.photographs
    given = a if a is not None else b
    # From the first pole to the second, unless what is given is of the pole at the other end.
    swap = isinstance(given, Named) and given.of == photographs.poles[int(a is not None)]
    first, second = (name_photograph(photographs, rated.best_photographs(pole)[0]) for pole in (0, 1))
    return a or (second if swap else first), b or (first if swap else second)


def name_photograph(photographs: Photographs, row: int) -> Named:
    """Returns a photograph of the data set as a person would name it."""
    return Named(*photographs.name(row).rsplit(":", 1))


def endpoint_of_photographs(photographs: Photographs, rows: Sequence[int], side: int) -> Endpoint:
    """Returns a photograph of the data set as an endpoint, or the middle of several; ``side`` is the designs'."""
    names = [photographs.name(row) for row in rows]
    if len(rows) > 1:
        return Endpoint(
            prior_preserving_mean(photographs.latents[list(rows)]),
            _("the middle of {names}").format(names=", ".join(names)),
        )
    latent = photographs.latents[rows[0]].astype(np.float64)
    return Endpoint(latent, names[0], original=photographs.picture(rows[0], side))


def endpoint_of_designs(designs: Designs, numbers: Sequence[int]) -> Endpoint:
    """Returns a design as an endpoint, or the middle of several."""
    latent = prior_preserving_mean(designs.latents[list(numbers)])
    if len(numbers) > 1:
        return Endpoint(
            latent, _("the middle of designs {numbers}").format(numbers=", ".join(map(str, numbers))), tuple(numbers)
        )
    label = designs.labels[numbers[0]]
    return Endpoint(
        latent, _("design {number}").format(number=numbers[0]) + (f" ({label})" if label else ""), tuple(numbers)
    )


def endpoint_opposite(rated: RatedDesigns, latent: np.ndarray, side: int) -> Endpoint:
    """Returns a photograph of the pole on whose side of the plane a latent does not lie, or its most confident design.

    Args:
        rated: The photographs or designs, and the plane.
        latent: float (latent_dim,).
        side: That of the designs, in pixels.
    """
    pole = int(rated.plane.signed_distance(latent[np.newaxis])[0] <= 0)
    if rated.photographs:
        return endpoint_of_photographs(rated.photographs, rated.best_photographs(pole)[:1], side)
    return endpoint_of_designs(rated.designs, rated.most_confident(pole))


def endpoint_of_photo(
    flag: str,
    path: Path,
    generator: keras.Model,
    encoder: keras.Model | None,
    network: keras.Model | None,
    rated: RatedDesigns,
    data: Path,
    quiet: bool,
) -> tuple[Endpoint, Inversion | Refined]:
    """Returns a photograph of one's own as an endpoint: the design that is most like it.

    Args:
        flag: Which flag gave it, for messages.
        path: The photograph.
        generator: Makes the designs.
        encoder: Gives pictures their codes; without it the design is searched for.
        network: Describes pictures; None compares light and colour alone.
        rated: The search starts from some of them; in their folder lie the features of the data set's pictures.
        data: The data set, as whose pictures the photograph is cropped.
        quiet: Whether to show no progress bar.

    Returns:
        The endpoint, with the cropped photograph, and the design found for it.

    Raises:
        InputError: The photograph cannot be used, or no design is near it.
    """
    # Imported here: people are looked for in it by libraries that no other endpoint needs.
    from demicouture.evaluation.reference import ReferenceFeatures
    from demicouture.interpolation.code_refinement import find_code
    from demicouture.interpolation.inversion import find_latent
    from demicouture.interpolation.photo_input import read_photograph

    reference = ReferenceFeatures.load(rated.folder) if network else None
    cropped = read_photograph(flag, path, generator.output_shape[1], data)
    if encoder and rated.photographs:
        found = find_code(encoder, generator, rated.photographs.encodings, network, reference, cropped)
    else:
        found = find_latent(generator, network, reference, cropped, rated.designs.latents[:INVERSION_STARTS], quiet)
    if not encoder and not found.is_near:
        raise InputError(
            _(
                "{flag} {path}: found no design near it ({likeness}), expected a photograph of the kind that "
                "the generator learned from; use one garment seen from the front"
            ).format(flag=flag, path=path, likeness=found.describe())
        )
    latent, name = found.latent.astype(np.float64), _("the design found for {name}").format(name=path.name)
    return Endpoint(latent, name, (), cropped, found.likeness not in (None, "unlike")), found
