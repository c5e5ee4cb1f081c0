"""data/2-dataset/decisions.csv: what became of each scraped picture, and a person's word on it.

People edit ``decision`` or the box (``left, top, right, bottom``) and nothing else. Beside each stands the rule's own
last answer, ``rule_decision`` and ``rule_box``; where the two differ, the row is a person's. Such a row keeps the
rule's answer that the person overruled: were it brought up to date, it might come to agree with the person, and the
next change of a rule would pass over what the person said. To give a row back to the rules, undo the edit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demicouture.errors import InputError
from demicouture.files import read_csv, write_csv
from demicouture.preprocessing.cropping import Box, find_fault
from demicouture.preprocessing.image_features import Measures
from demicouture.preprocessing.selection import DECISIONS, KEEP, REVIEW, UNUSABLE, Scraped, Verdict

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
"""Columns of :class:`demicouture.preprocessing.image_features.Measures`, by the same names."""

COLUMNS = (
    *("file", "pole", "decision", "reason", "decided_by", "rule_decision", *SIDES, "rule_box", "picture", "like"),
    *(*MEASURED, "is_top", "style"),
)

BY_A_PERSON = "a person's decision"
NOT_FOUND = "file not found"

KEPT, DROPPED = "kept", "dropped"
KINDS = (KEPT, DROPPED, REVIEW)
"""What becomes of a picture in the end."""

FIRST_ROW = 2
"""The number that a spreadsheet shows beside the first row after the heading."""

MOSTLY_PEOPLE = 0.8
"""Of a pole's pictures: then those without a person are most likely what the search brought in by mistake."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Override:
    """What a person said of one picture.

    Attributes:
        row: The row's number as a spreadsheet shows it.
        fields: The row as it was read.
        decision: keep, drop or review; None where the decision is left to the rules.
        box: The person's box; None where it is left to the rules.
    """

    row: int
    fields: dict[str, str]
    decision: str | None
    box: Box | None


def read_overrides(path: Path, moves: Mapping[str, tuple[str, str]] | None = None) -> dict[str, Override]:
    """Returns the rows that are a person's, by file; none where there is no such CSV file yet.

    A box of one's own on a row that is kept also says keep: who took the trouble to frame a picture wants it. On a
    row that the rules drop, it waits for the day on which they keep it.

    Args:
        path: decisions.csv.
        moves: What a person decided by moving pictures in data/2-review: the decision before and the one now, by file.

    Raises:
        InputError: The file is damaged, has two rows for one file, a decision that is none, or a box that is none; or a
            picture was moved to say one thing, and its row edited to say another.
    """
    if not path.exists():
        return {}
    words: dict[str, Override] = {}
    rows: dict[str, int] = {}
    for row, fields in enumerate(read_csv(path, COLUMNS), FIRST_ROW):
        file = fields["file"]
        if file in rows:
            raise InputError(f"{path}: found {file} in row {rows[file]} and row {row}, expected it once; remove one")
        rows[file] = row
        where = f"{path}: row {row}, {file}"
        decision, rule_decision = (fields[column].strip().lower() for column in ("decision", "rule_decision"))
        if decision not in DECISIONS:
            raise InputError(f"{where}: found the decision {fields['decision']!r}, expected keep, drop or review")
        if file in (moves or {}):
            before, now = moves[file]
            if decision not in (before, now):
                raise InputError(f"{where}: edited to {decision}, but its picture was moved to {now}; undo one of them")
            decision = now
        box = _read_box(fields, where)
        if decision != rule_decision or (box and decision == KEEP):
            words[file] = Override(row, fields, decision, box)
        elif box:
            words[file] = Override(row, fields, None, box)
    return words


def _read_box(fields: Mapping[str, str], where: str) -> Box | None:
    texts = [fields[side].strip() for side in SIDES]
    # Someone who empties the four fields, or types the rule's own numbers, leaves the box to the rule.
    if not any(texts) or " ".join(texts) == fields["rule_box"].strip():
        return None
    try:
        left, top, right, bottom = map(int, texts)
    except ValueError:
        raise InputError(
            f"{where}: found the box {', '.join(text or 'nothing' for text in texts)}, expected four whole numbers "
            "(left, top, right, bottom, in pixels), or four empty fields for the rule's box"
        ) from None
    if right <= left or bottom <= top:
        raise InputError(
            f"{where}: found the box {left}, {top}, {right}, {bottom}, which is empty; "
            "expected right over left, and bottom over top"
        )
    return left, top, right, bottom


def check_boxes(
    path: Path, words: Mapping[str, Override], pictures: Sequence[Scraped], measures: Mapping[str, Measures]
) -> None:
    """Refuses a person's box that cannot be meant, among the pictures whose size is known.

    Raises:
        InputError: A box lies outside its picture, or is many times as large.
    """
    for picture in pictures:
        word, known = words.get(picture.file), measures.get(picture.sha256)
        if word and word.box and known and known.width and known.height:
            fault = find_fault(word.box, known.width, known.height)
            if fault:
                numbers = ", ".join(map(str, word.box))
                raise InputError(f"{path}: row {word.row}, {picture.file}: found the box {numbers}, {fault}")


def make_rows(
    pictures: Sequence[Scraped],
    measures: Mapping[str, Measures],
    verdicts: Mapping[str, Verdict],
    words: Mapping[str, Override],
    tops: Mapping[str, float] | None = None,
    styles: Mapping[str, float] | None = None,
    keep_reviewed: bool = False,
) -> list[dict]:
    """Returns the rows of decisions.csv, sorted by file: the rules' answers with a person's word put over them.

    A row has a picture where its decision is ``keep``, or ``review`` with ``keep_reviewed``, and the file can be
    decoded.

    Args:
        pictures: All scraped pictures, sorted by file.
        measures: What was found in each, by SHA-256.
        verdicts: What the rules say of a picture, by file.
        words: The rows that are a person's, by file; those of files that are gone stay too.
        tops: How surely a picture is a top, by SHA-256, where that can be said.
        styles: How much a picture looks like the second pole, by SHA-256, where that can be said.
        keep_reviewed: Whether pictures for review are taken into the data set.
    """
    rows, taken = [], set()
    for picture in pictures:
        known, verdict, word = measures[picture.sha256], verdicts[picture.file], words.get(picture.file)
        decision = rule_decision = verdict.decision
        reason, like, box = verdict.reason, verdict.like, known.box
        rule_box = " ".join(map(str, known.box or ()))
        if word and word.decision:
            decision, rule_decision = word.decision, word.fields["rule_decision"]
            reason, like = "" if decision == KEEP else BY_A_PERSON, ""
            if known.reason in UNUSABLE:
                reason = known.reason
        if word and word.box:
            box, rule_box = word.box, word.fields["rule_box"]
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
                "decided_by": "person" if word else "rule",
                "rule_decision": rule_decision,
                **dict(zip(SIDES, box or (None,) * 4, strict=True)),
                "rule_box": rule_box,
                "picture": name,
                "like": like,
                **{column: getattr(known, column) for column in MEASURED},
                "is_top": (tops or {}).get(picture.sha256),
                "style": (styles or {}).get(picture.sha256),
            }
        )
    present = {picture.file for picture in pictures}
    for file, word in words.items():
        if file not in present:
            gone = {"reason": NOT_FOUND, "decided_by": "person", "picture": "", "like": ""}
            rows.append({column: word.fields[column] for column in COLUMNS} | gone)
    return sorted(rows, key=lambda row: row["file"])


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
        "by_person": sum(row["decided_by"] == "person" for entries in kinds.values() for _, row in entries),
    }


def describe_pole(pole: str, counts: Mapping) -> str:
    """Returns one line on what became of one pole's pictures."""

    def describe(kind: str, word: str) -> str:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in counts[f"{kind}_by_reason"].items())
        return f"{counts[kind]:,} {word}" + (f" ({reasons})" if reasons else "")

    parts = [describe(KEPT, "kept"), describe(DROPPED, "dropped")]
    parts += [describe(REVIEW, "for review")] if counts[REVIEW] else []
    by_person = f"; {counts['by_person']:,} decided by a person" if counts["by_person"] else ""
    return f"{pole}: {', '.join(parts)}{by_person}"


def find_oddities(rows: Iterable[Row]) -> list[str]:
    """Returns one line for each kind of a person's word that could not be followed."""
    rows = list(rows)
    lines = [
        f"warning: {row['file']}: you keep it, but it is {row['reason']}; it stays dropped"
        for row in rows
        if row["decision"] == KEEP and row["reason"] in UNUSABLE
    ]
    gone = [row["file"] for row in rows if row["reason"] == NOT_FOUND]
    if gone:
        lines.append(
            f"warning: {len(gone):,} of your rows in decisions.csv have no file any more ({gone[0]}); the rows stay"
        )
    return lines


def suggest_people(rows: Iterable[Row], poles: Iterable[str], people: Iterable[str]) -> list[str]:
    """Returns a line for each pole that shows people nearly everywhere, where no person is asked for yet."""
    lines = []
    for pole in sorted(set(poles) - set(people)):
        # Rows of files that are gone were read from a table, where every field is a text.
        judged = [row for row in rows if row["pole"] == pole and isinstance(row["person"], float)]
        share = sum(row["yaw"] is not None for row in judged) / max(1, len(judged))
        if share >= MOSTLY_PEOPLE:
            named = " ".join([*people, pole])
            lines.append(f"{share:.0%} of {pole} show a person; --people {named} --fresh drops those that do not")
    return lines
