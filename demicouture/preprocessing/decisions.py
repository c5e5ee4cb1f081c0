"""data/2-dataset/decisions.csv: what became of each scraped picture, and why.

Every column but the last two is rewritten by each run and shows what counts in the end: the rules' answer, or the
person's where one is given. The last two, ``your_decision`` and ``your_box``, are the person's own (see
:mod:`demicouture.preprocessing.overrides`) and are carried over as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from demicouture.commands import command
from demicouture.files import write_csv
from demicouture.language import _
from demicouture.preprocessing.image_features import FIGURE, ImageFeatures
from demicouture.preprocessing.overrides import FIRST_ROW, YOUR_COLUMNS, Override
from demicouture.preprocessing.records import (
    BY_A_PERSON,
    KEEP,
    NOT_FOUND,
    REVIEW,
    UNUSABLE,
    Scraped,
    Verdict,
    describe_reason,
)

SIDES = ("left", "top", "right", "bottom")

MEASURED = (
    "width",
    "height",
    "contrast",
    "sharpness",
    "flatness",
    "detected",
    "person",
    "yaw",
    "thighs",
    "second",
    "garment",
)
"""Columns of :class:`demicouture.preprocessing.image_features.ImageFeatures`, by the same names."""

COLUMNS = (
    *("file", "pole", "decision", "reason", *SIDES, "picture", "like"),
    *(*MEASURED, "is_top", "style"),
    *YOUR_COLUMNS,
)

KEPT, DROPPED = "kept", "dropped"
KINDS = (KEPT, DROPPED, REVIEW)
"""What becomes of a picture in the end."""

MOSTLY_PEOPLE = 0.8
"""Of a pole's pictures: then those without a person are most likely what the search brought in by mistake."""

Row = Mapping[str, Any]


def make_rows(
    pictures: Sequence[Scraped],
    features: Mapping[str, ImageFeatures],
    verdicts: Mapping[str, Verdict],
    overrides: Mapping[str, Override],
    tops: Mapping[str, float] | None = None,
    styles: Mapping[str, float] | None = None,
    keep_reviewed: bool = False,
    subject: str = FIGURE,
) -> list[dict]:
    """Returns the rows of decisions.csv, sorted by file: the rules' answers, or a person's where one is given.

    A row has a picture where its decision is ``keep``, or ``review`` with ``keep_reviewed``, and the file can be
    decoded.

    Args:
        pictures: All scraped pictures, sorted by file.
        features: What was found in each, by SHA-256.
        verdicts: What the rules say of a picture, by file.
        overrides: What a person decided, by file; rows of files that are gone stay too.
        tops: How surely a picture is a top, by SHA-256, where there is a score.
        styles: How much a picture looks like the second pole, by SHA-256, where there is a score.
        keep_reviewed: Whether pictures for review are taken into the data set.
        subject: What the box shows of a person: the garment or the whole figure.
    """
    rows, taken = [], set()
    for picture in pictures:
        known, verdict = features[picture.sha256], verdicts[picture.file]
        override = overrides.get(picture.file, Override())
        decision, reason, like = verdict.decision, verdict.reason, verdict.like
        if override.decision:
            decision, reason, like = override.decision, BY_A_PERSON, ""
            if known.reason in UNUSABLE:
                reason = known.reason
        name = ""
        if (decision == KEEP or (decision == REVIEW and keep_reviewed)) and known.reason not in UNUSABLE:
            name = _name(picture, taken)
            taken.add(name)
        rows.append(
            {
                "file": picture.file,
                "pole": picture.pole,
                "decision": decision,
                "reason": reason,
                **dict(zip(SIDES, override.box or known.box_of(subject) or (None,) * 4, strict=True)),
                "picture": name,
                "like": like,
                **{column: getattr(known, column) for column in MEASURED},
                "is_top": (tops or {}).get(picture.sha256),
                "style": (styles or {}).get(picture.sha256),
                **{column: override.fields.get(column, "") for column in YOUR_COLUMNS},
            }
        )
    for file in set(overrides) - {picture.file for picture in pictures}:
        override = overrides[file]
        row = {column: override.fields.get(column, "") for column in COLUMNS}
        row |= {"file": file, "pole": file.partition("/")[0], "decision": override.decision or row["decision"]}
        rows.append(row | {"reason": NOT_FOUND, "picture": "", "like": ""})
    return sorted(rows, key=lambda row: row["file"])


def is_manual(row: Row) -> bool:
    """Returns whether a person decided on a row's picture or framed it."""
    return row["reason"] in (BY_A_PERSON, NOT_FOUND) or any(row[column].strip() for column in YOUR_COLUMNS)


def _name(picture: Scraped, taken: set[str]) -> str:
    name, number = f"{picture.pole}/{picture.sha256[:16]}.png", 1
    # The same bytes are in the data set twice only where a person keeps both.
    while name in taken:
        number += 1
        name = f"{picture.pole}/{picture.sha256[:16]}-{number}.png"
    return name


def write_rows(path: Path, rows: Sequence[Mapping]) -> None:
    """Writes decisions.csv atomically."""
    write_csv(path, COLUMNS, rows)


def sort_rows(rows: Iterable[Row], pole: str) -> dict[str, list[tuple[int, Row]]]:
    """Returns one pole's rows by what became of them, each with its number in decisions.csv as a spreadsheet shows it.

    A row without a picture that is not for review is dropped, whatever its decision: a person may wish to keep a
    file that cannot be decoded.
    """
    kinds: dict[str, list[tuple[int, Row]]] = {kind: [] for kind in KINDS}
    for number, row in enumerate(rows, FIRST_ROW):
        if row["pole"] == pole:
            kind = KEPT if row["picture"] else REVIEW if row["decision"] == REVIEW else DROPPED
            kinds[kind].append((number, row))
    return kinds


def count_pole(rows: Sequence[Row], pole: str) -> dict:
    """Returns what became of one pole's pictures, in numbers."""
    kinds = sort_rows(rows, pole)
    reasons = {kind: Counter(row["reason"] for _, row in kinds[kind] if row["reason"]) for kind in KINDS}
    return {
        **{kind: len(entries) for kind, entries in kinds.items()},
        **{f"{kind}_by_reason": dict(sorted(reasons[kind].items())) for kind in KINDS},
        "by_person": sum(is_manual(row) for entries in kinds.values() for _, row in entries),
    }


def describe_pole(pole: str, counts: Mapping) -> str:
    """Returns one line on what became of one pole's pictures."""

    def describe(kind: str, word: str) -> str:
        reasons = ", ".join(
            f"{describe_reason(reason)} {count:,}" for reason, count in counts[f"{kind}_by_reason"].items()
        )
        return word.format(count=counts[kind]) + (f" ({reasons})" if reasons else "")

    parts = [describe(KEPT, _("{count:,} kept")), describe(DROPPED, _("{count:,} dropped"))]
    parts += [describe(REVIEW, _("{count:,} for review"))] if counts[REVIEW] else []
    by_person = (
        _("; {by_person:,} decided by a person").format(by_person=counts["by_person"]) if counts["by_person"] else ""
    )
    return f"{pole}: {', '.join(parts)}{by_person}"


def find_oddities(rows: Iterable[Row]) -> list[str]:
    """Returns one line for each kind of a person's decision that could not be followed."""
    rows = list(rows)
    lines = [
        _("warning: {file}: you keep it, but it is {reason}; it stays dropped").format(
            file=row["file"], reason=describe_reason(row["reason"])
        )
        for row in rows
        if row["decision"] == KEEP and row["reason"] in UNUSABLE
    ]
    gone = [row["file"] for row in rows if row["reason"] == NOT_FOUND]
    if gone:
        lines.append(
            _("warning: {count:,} of your rows in decisions.csv have no file any more ({gone}); the rows stay").format(
                count=len(gone), gone=gone[0]
            )
        )
    return lines


def suggest_people(rows: Iterable[Row], poles: Iterable[str], people: Iterable[str]) -> list[str]:
    """Returns a line for each pole that shows people nearly everywhere, where --people does not name it yet."""
    lines = []
    for pole in sorted(set(poles) - set(people)):
        # Rows of files that are gone were read from a table, where every field is a text.
        judged = [row for row in rows if row["pole"] == pole and isinstance(row["person"], float)]
        share = sum(row["yaw"] is not None for row in judged) / max(1, len(judged))
        if share >= MOSTLY_PEOPLE:
            drop = command("preprocess.py", "--people", *people, pole, "--fresh")
            lines.append(
                _("{share:.0%} of {pole} show a person; to drop those that do not, run: {drop}").format(
                    share=share, pole=pole, drop=drop
                )
            )
    return lines
