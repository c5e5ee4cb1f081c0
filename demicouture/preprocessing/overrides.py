"""A person's own decisions on pictures: the last two columns of decisions.csv, and moves in data/2-review.

``your_decision`` is keep, drop, review, or a pole's name, which keeps a picture as one of that pole; ``your_box`` is
"left top right bottom", in pixels of the upright original. Both are empty until a person fills them; no script writes
into them, and where one is filled, it wins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from demicouture.errors import InputError
from demicouture.files import read_csv
from demicouture.language import _
from demicouture.preprocessing.cropping import Box, find_fault
from demicouture.preprocessing.image_features import ImageFeatures
from demicouture.preprocessing.records import DECISIONS, KEEP, Scraped

YOUR_DECISION, YOUR_BOX = YOUR_COLUMNS = ("your_decision", "your_box")

READ_COLUMNS = ("file", "picture", *YOUR_COLUMNS)
"""What is read of a table that an earlier run wrote."""

FIRST_ROW = 2
"""The number that a spreadsheet shows beside the first row after the heading."""

WHOLE_NUMBER = re.compile(r"(-?\d+)(?:[.,]0+)?")
"""As spreadsheets write it: ``48``, ``48.0`` or ``48,0``."""


@dataclass(frozen=True)
class Move:
    """A picture that a person moved between the folders of data/2-review.

    Attributes:
        origin: keep, drop or review: the folder that it was moved out of; moved back there, it is the rules' again.
        now: The folder that it lies in, which is the person's decision.
    """

    origin: str
    now: str


@dataclass(frozen=True)
class Override:
    """What a person decided on one picture.

    Attributes:
        row: The row's number in decisions.csv as a spreadsheet shows it; None where there is no such row.
        fields: The row as it was read.
        decision: keep, drop or review; None where the decision is left to the rules.
        box: The person's box; None where it is left to the rules.
        pole: The pole that the person says it is of; None for the folder's.
    """

    row: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    decision: str | None = None
    box: Box | None = None
    pole: str | None = None


def refuse_old_table(path: Path) -> None:
    """Refuses a decisions.csv of before a person's edits had columns of their own.

    Raises:
        InputError: The table is such a one.
    """
    rows = read_csv(path, ()) if path.exists() else []
    if rows and "rule_decision" in rows[0]:
        raise InputError(
            _(
                "{path}: made by an older version (it has the column rule_decision); add --fresh to start "
                "over, then copy your edits from the old folder, which is moved aside, into the columns "
                "your_decision and your_box"
            ).format(path=path)
        )


def read_overrides(path: Path, moves: Mapping[str, Move] | None = None) -> dict[str, Override]:
    """Returns what a person decided, by file.

    A box on a picture that is in the data set also says keep: who took the trouble to frame a picture wants it. On one
    that the rules drop, it waits until they keep it.

    Args:
        path: decisions.csv, which may not be there yet.
        moves: The pictures that a person moved in data/2-review, by file.

    Raises:
        InputError: The file is damaged, has two rows for one file, an invalid decision or an invalid box; or a picture
            was moved to say one thing, and ``your_decision`` says another.
    """
    overrides = {file: Override(decision=move.now) for file, move in (moves or {}).items()}
    rows: dict[str, int] = {}
    table = read_csv(path, READ_COLUMNS) if path.exists() else []
    poles = {fields["file"].partition("/")[0] for fields in table} - set(DECISIONS)
    for row, fields in enumerate(table, FIRST_ROW):
        file = fields["file"]
        if file in rows:
            raise InputError(
                _("{path}: found {file} in row {other} and row {row}, expected it once; remove one").format(
                    path=path, file=file, other=rows[file], row=row
                )
            )
        rows[file] = row
        where = _("{path}: row {row}, {file}").format(path=path, row=row, file=file)
        decision = fields[YOUR_DECISION].strip() or None
        pole = decision if decision in poles else None
        decision = KEEP if pole else decision and decision.lower()
        if decision not in (None, *DECISIONS):
            raise InputError(
                _(
                    "{where}: found the {your_decision} {text!r}, expected keep, drop, review, {poles} (to keep it "
                    "there), or an empty field"
                ).format(
                    where=where,
                    your_decision=YOUR_DECISION,
                    text=fields[YOUR_DECISION],
                    poles=_(" or ").join(sorted(poles)),
                )
            )
        moved = overrides[file].decision if file in overrides else None
        if moved and decision and moved != decision:
            raise InputError(
                _(
                    "{where}: {your_decision} is {decision}, but its picture was moved to {moved}; undo one of them"
                ).format(where=where, your_decision=YOUR_DECISION, decision=decision, moved=moved)
            )
        box = parse_box(fields[YOUR_BOX], where)
        decision = decision or moved or (KEEP if box and fields["picture"] else None)
        if decision or box:
            overrides[file] = Override(row, fields, decision, box, pole)
    return overrides


def parse_box(text: str, where: str) -> Box | None:
    """Returns the box in a field of ``your_box``; None for an empty field.

    Args:
        text: Four whole numbers with spaces or commas between them, each as a spreadsheet may write it.
        where: The file and the row, for messages.

    Raises:
        InputError: The text is no box, or the box is empty.
    """
    if not text.strip():
        return None
    text = text.strip().lstrip("'")  # which a spreadsheet wants before a minus that begins a text
    words = text.split() if len(text.split()) == 4 else re.split(r"[\s,;]+", text)
    numbers = [WHOLE_NUMBER.fullmatch(word.strip(",;")) for word in words]
    if len(numbers) != 4 or not all(numbers):
        raise InputError(
            _(
                '{where}: found the {your_box} {text!r}, expected four whole numbers, "left top right bottom" '
                "in pixels, or an empty field for the rule's box"
            ).format(where=where, your_box=YOUR_BOX, text=text)
        )
    left, top, right, bottom = (int(number[1]) for number in numbers)
    if right <= left or bottom <= top:
        raise InputError(
            _(
                "{where}: found the {your_box} {text!r}, which is empty; expected right over left, and bottom over top"
            ).format(where=where, your_box=YOUR_BOX, text=text)
        )
    return left, top, right, bottom


def check_boxes(
    path: Path,
    overrides: Mapping[str, Override],
    pictures: Sequence[Scraped],
    features: Mapping[str, ImageFeatures],
) -> None:
    """Refuses a person's box that cannot be meant, among the pictures whose size is known.

    Raises:
        InputError: A box lies outside its picture, or is many times as large.
    """
    for picture in pictures:
        override, known = overrides.get(picture.file), features.get(picture.sha256)
        if override and override.box and known and known.width and known.height:
            fault = find_fault(override.box, known.width, known.height)
            if fault:
                text = override.fields[YOUR_BOX]
                raise InputError(
                    _("{path}: row {row}, {file}: found the {your_box} {text!r}, {fault}").format(
                        path=path, row=override.row, file=picture.file, your_box=YOUR_BOX, text=text, fault=fault
                    )
                )
