"""Designs that were made before, by the name of the sheet that shows them or of the file that holds them.

``NAME:NUMBER`` is the number as it stands on the sheet: ``lookbook:7``, ``strip:4``, and ``board:2,3`` for the row and
the column. ``FILE:NUMBER`` is a row of a file of latents, from 0; where there is only one, the number may be left out.
Several numbers, ``lookbook:7,9`` or ``kept.json:0,4``, are the middle of several designs.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demicouture.commands import command
from demicouture.designs.latents_file import is_latents_file, read_latents_file
from demicouture.errors import InputError
from demicouture.files import read_csv
from demicouture.interpolation.paths import prior_preserving_mean
from demicouture.language import _

NUMBERED = re.compile(r"(?P<source>.+):(?P<numbers>\d+(,\d+)*)")

LOOKBOOK, BOARD, STRIP = SHEETS = ("lookbook", "board", "strip")
"""Sheets that ``interpolate.py`` makes; the latents of each lie beside it, in ``<name>.npy``."""


@dataclass(frozen=True)
class Reference:
    """Something made before.

    Attributes:
        source: A sheet's name, perhaps with a folder before it, or a file of latents.
        numbers: As a person gave them; none for the only one of a file.
    """

    source: str
    numbers: tuple[int, ...] = ()

    def __str__(self) -> str:
        """Returns it as a person wrote it."""
        return f"{self.source}:{','.join(map(str, self.numbers))}" if self.numbers else self.source


def parse_reference(text: str) -> Reference | None:
    """Returns what ``text`` refers to; None where it is neither a sheet with a number nor a file of latents."""
    if is_latents_file(Path(text)):
        return Reference(text)
    found = NUMBERED.fullmatch(text)
    if not found or not (Path(found["source"]).name in SHEETS or is_latents_file(Path(found["source"]))):
        return None
    return Reference(found["source"], tuple(map(int, found["numbers"].split(","))))


def resolve(flag: str, reference: Reference, folders: Sequence[Path]) -> tuple[np.ndarray, str]:
    """Returns the latent that a reference names, and what to call it.

    Args:
        flag: Which flag gave it, for messages.
        reference: The reference.
        folders: Where sheets lie, the first choice first.

    Returns:
        float64 (latent_dim,) in [-1, 1], and for instance "design 7 of the lookbook".

    Raises:
        InputError: There is no such sheet, file or number.
    """
    source = Path(reference.source)
    if is_latents_file(source):
        latents = read_latents_file(flag, source)
        if not reference.numbers and len(latents) > 1:
            example = f"{reference.source}:{min(3, len(latents) - 1)}"
            raise InputError(
                _(
                    "{flag} {reference}: holds {latents} latents, expected one; name its number, such as "
                    "{example}, or several with commas between, for their middle"
                ).format(flag=flag, reference=reference, latents=len(latents), example=example)
            )
        rows, name = reference.numbers or (0,), source.name
        return _middle(flag, reference, latents, rows, 0), _name(reference.numbers, _("latent"), name)
    file = find_sheet(flag, reference, [source.parent] if source.parent != Path(".") else folders)
    latents = read_latents_file(flag, file)
    if source.name == BOARD:
        if len(reference.numbers) != 2:
            raise InputError(
                _("{flag} {reference}: expected a row and a column as on the board, such as board:2,3").format(
                    flag=flag, reference=reference
                )
            )
        width = _board_width(file)
        row, column = reference.numbers
        if column >= width or row >= len(latents) // width:
            size = _("{rows} rows and {columns} columns").format(rows=len(latents) // width, columns=width)
            raise InputError(
                _("{flag} {reference}: the board has {size}, and both are counted from 0").format(
                    flag=flag, reference=reference, size=size
                )
            )
        return latents[row * width + column].astype(np.float64), _("design {row},{column} of the board").format(
            row=row, column=column
        )
    first = 1 if source.name == LOOKBOOK else 0
    noun = _("design") if first else _("step")
    name = _name(reference.numbers, noun, _("the {name}").format(name=source.name))
    return _middle(flag, reference, latents, reference.numbers, first), name


def _middle(flag: str, reference: Reference, latents: np.ndarray, numbers: Sequence[int], first: int) -> np.ndarray:
    for number in numbers:
        if not first <= number < first + len(latents):
            last = first + len(latents) - 1
            raise InputError(
                _("{flag} {reference}: found no number {number}, expected {first} to {last}").format(
                    flag=flag, reference=reference, number=number, first=first, last=last
                )
            )
        if numbers.count(number) > 1:
            raise InputError(
                _("{flag} {reference}: names {number} twice, expected different ones").format(
                    flag=flag, reference=reference, number=number
                )
            )
    return prior_preserving_mean(latents[[number - first for number in numbers]])


def _name(numbers: Sequence[int], noun: str, source: str) -> str:
    if not numbers:
        return source
    if len(numbers) == 1:
        return _("{noun} {number} of {source}").format(noun=noun, number=numbers[0], source=source)
    return _("the middle of {noun}s {numbers} of {source}").format(
        noun=noun, numbers=", ".join(map(str, numbers)), source=source
    )


def find_sheet(flag: str, reference: Reference, folders: Sequence[Path]) -> Path:
    """Returns the file of a sheet's latents: in the first folder that has one, or in one beside the folders."""
    name = f"{Path(reference.source).name}.npy"
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    beside = {path for folder in folders for path in folder.parent.glob(f"{glob.escape(folder.name)}-*/{name}")}
    if len(beside) == 1:
        return beside.pop()
    where = ", ".join(map(str, folders))
    if not beside:
        raise InputError(
            _("{flag} {reference}: found no {name} in {where}; make one: {command}").format(
                flag=flag, reference=reference, name=name, where=where, command=command("interpolate.py")
            )
        )
    found = [str(path.with_suffix("")) for path in sorted(beside)]
    example = Reference(found[0], reference.numbers)
    raise InputError(
        _("{flag} {reference}: found several, {found}; name one, such as {example}").format(
            flag=flag, reference=reference, found=", ".join(found), example=example
        )
    )


def _board_width(file: Path) -> int:
    """Returns how many columns a board has, from the table beside it."""
    rows = read_csv(file.with_name("steps.csv"), ["strip", "step"])
    try:
        return 1 + max(int(row["step"]) for row in rows)
    except ValueError:
        raise InputError(
            _("{path}: found no numbers of steps; make the board again").format(path=file.with_name("steps.csv"))
        ) from None
