"""Where a way begins and ends: a design, the middle of several, or a photograph of one's own."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demicouture.boundary.hyperplane import Hyperplane
from demicouture.designs.designs import Designs, design_name, read_rows
from demicouture.errors import InputError
from demicouture.latents import prior_preserving_mean

NUMBERS = re.compile(r"\d+(,\d+)*")

SURE = 0.1
"""How far from its pole a score may be to be sure: one in ten such designs is not of it, by the judge's own account."""

Asked = tuple[int, ...] | Path | None
"""What ``--a`` or ``--b`` asks for: designs by number, a photograph, or nothing, which leaves the choice to us."""


@dataclass(frozen=True)
class End:
    """One end of a way.

    Attributes:
        latent: float64 (latent_dim,) in [-1, 1].
        name: What it is called in a title.
        designs: The numbers of the designs that it is made of; none for a photograph.
    """

    latent: np.ndarray
    name: str
    designs: tuple[int, ...] = ()


def read_endpoint(text: str) -> Asked:
    """Returns what a person asked for: numbers with commas between are designs, all else is a file."""
    return tuple(int(number) for number in text.split(",")) if NUMBERS.fullmatch(text) else Path(text)


def format_endpoint(asked: Asked) -> int | str | None:
    """Returns what was asked for, as ``options.json`` keeps it."""
    if isinstance(asked, tuple):
        return asked[0] if len(asked) == 1 else ",".join(map(str, asked))
    return None if asked is None else str(asked)


def check_asked(flag: str, asked: Asked, count: int) -> None:
    """Refuses numbers of designs that there are not, or that are named twice, and a file that is not there.

    Raises:
        InputError: It is so.
    """
    if isinstance(asked, Path) and not asked.is_file():
        raise InputError(
            f"{flag} {asked}: not found, expected a picture's file, or numbers of designs such as 3 or 3,17,40"
        )
    for number in asked if isinstance(asked, tuple) else ():
        if number >= count:
            raise InputError(f"{flag} {number}: found {count} designs, expected a number from 0 to {count - 1}")
        if asked.count(number) > 1:
            raise InputError(
                f"{flag} {format_endpoint(asked)}: names design {number} twice, expected different designs"
            )


def of_designs(designs: Designs, numbers: Sequence[int]) -> End:
    """Returns a design as an end, or the middle of several."""
    latent = prior_preserving_mean(designs.latents[list(numbers)])
    if len(numbers) > 1:
        return End(latent, f"the middle of designs {', '.join(map(str, numbers))}", tuple(numbers))
    label = designs.labels[numbers[0]]
    return End(latent, f"design {numbers[0]}" + (f" ({label})" if label else ""), tuple(numbers))


def read_realism(folder: Path, count: int) -> np.ndarray:
    """Returns how realistic the judge found each design, float64 (n,).

    Of designs that are not realistic, or copies of a photograph, it is -inf; of all it is 0 where the judge did not say
    or found none that will do.

    Raises:
        InputError: ``designs.csv`` is damaged.
    """
    table = folder / "designs.csv"
    if not table.exists():
        return np.zeros(count)
    realism = np.full(count, -np.inf)
    rows = read_rows(table, ["design", "realism", "realistic", "copy"], count)
    for index in range(count):
        row = rows.get(design_name(index))
        if row and (row["realistic"], row["copy"]) == ("yes", "no"):
            try:
                realism[index] = float(row["realism"])
            except ValueError:
                found = f"the realism of {row['design']} is {row['realism']!r}, expected a number"
                raise InputError(f"{table}: {found}; run: python generate.py") from None
    return realism if np.isfinite(realism).any() else np.zeros(count)


def most_confident(
    designs: Designs, pole: int, plane: Hyperplane | None, realism: np.ndarray, count: int = 1, without: Sequence = ()
) -> list[int]:
    """Returns designs that are surely of a pole and good to look at, the best first: 0 is the first pole, 1 the second.

    Designs that are realistic count before the others, a person's word before the judge's, and scores within
    :data:`SURE` of the pole before the rest. What then is left to differ is how realistic they are: a judge that is
    sure is sure to the last digit, and the most extreme score is an exaggeration's. Where nothing is known of that, the
    score decides; or the distance from the hyperplane, where there is none.

    Args:
        designs: The designs.
        pole: 0 or 1.
        plane: The hyperplane, or None.
        realism: float64 (n,), see :func:`read_realism`.
        count: How many designs.
        without: Designs that are not to be chosen.
    """
    of_pole = np.setdiff1d(np.flatnonzero(designs.labelled(designs.poles[pole])), np.array(without, int))
    scores = designs.scores[of_pole]
    sureness = scores if pole else 1 - scores
    sure = sureness >= 1 - SURE  # Of nan it is false.
    if np.isnan(scores).all():
        sureness = np.zeros(len(of_pole))
        if plane:
            sureness = plane.signed_distance(designs.latents[of_pole]) * (1 if pole else -1)
    sureness, realism = np.nan_to_num(sureness, nan=-math.inf), realism[of_pole]
    # The last key counts first.
    order = np.lexsort([of_pole, -sureness, -realism, ~sure, ~designs.by_person[of_pole], np.isneginf(realism)])
    return of_pole[order[:count]].tolist()


def refuse_one_pole(designs: Designs, labels_file: Path) -> None:
    """Refuses designs among which the surest of two poles cannot be chosen.

    Raises:
        InputError: There are not two poles.
    """
    if len(designs.poles) != 2:
        found = ", ".join(designs.poles) or "none"
        raise InputError(
            f"{labels_file}: found these poles: {found}; expected two, to choose the surest design of "
            "each; label designs, or give --a N --b M"
        )
