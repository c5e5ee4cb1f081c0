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

from demicouture.cropping import Box, find_fault
from demicouture.culling import DECISIONS, DROP, KEEP, REVIEW, UNUSABLE, Scraped
from demicouture.errors import InputError
from demicouture.files import read_csv, write_csv
from demicouture.measuring import Measures

SIDES = ("left", "top", "right", "bottom")

COLUMNS = (
    *("file", "pole", "decision", "reason", "decided_by", "rule_decision", *SIDES, "rule_box", "picture"),
    *("width", "height"),
)

BY_A_PERSON = "a person's decision"
NOT_FOUND = "file not found"

KEPT, DROPPED = "kept", "dropped"
KINDS = (KEPT, DROPPED, REVIEW)
"""What becomes of a picture in the end."""

FIRST_ROW = 2
"""The number that a spreadsheet shows beside the first row after the heading."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Word:
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


def read_words(path: Path) -> dict[str, Word]:
    """Returns the rows that are a person's, by file; none where there is no such CSV file yet.

    A box of one's own on a row that is kept also says keep: who took the trouble to frame a picture wants it. On a
    row that the rules drop, it waits for the day on which they keep it.

    Raises:
        InputError: The file is damaged, has two rows for one file, a decision that is none, or a box that is none.
    """
    if not path.exists():
        return {}
    words: dict[str, Word] = {}
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
        box = _read_box(fields, where)
        if decision != rule_decision or (box and decision == KEEP):
            words[file] = Word(row, fields, decision, box)
        elif box:
            words[file] = Word(row, fields, None, box)
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
    path: Path, words: Mapping[str, Word], pictures: Sequence[Scraped], measures: Mapping[str, Measures]
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
    verdicts: Mapping[str, str],
    words: Mapping[str, Word],
) -> list[dict]:
    """Returns the rows of decisions.csv, sorted by file: the rules' answers with a person's word put over them.

    A row is kept, and has a picture, where its decision is ``keep`` and the file can be decoded.

    Args:
        pictures: All scraped pictures, sorted by file.
        measures: What was found in each, by SHA-256.
        verdicts: Why the rules drop a picture, or nothing, by file.
        words: The rows that are a person's, by file; those of files that are gone stay too.
    """
    rows, taken = [], set()
    for picture in pictures:
        known, verdict, word = measures.get(picture.sha256, Measures()), verdicts[picture.file], words.get(picture.file)
        rule_decision = DROP if verdict else KEEP
        rule_box = " ".join(map(str, known.box or ()))
        decision, reason, box = rule_decision, verdict, known.box
        if word and word.decision:
            decision, rule_decision = word.decision, word.fields["rule_decision"]
            reason = "" if decision == KEEP else BY_A_PERSON
            if known.reason in UNUSABLE:
                reason = known.reason
        if word and word.box:
            box, rule_box = word.box, word.fields["rule_box"]
        name = ""
        if decision == KEEP and not reason:
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
                "width": known.width,
                "height": known.height,
            }
        )
    present = {picture.file for picture in pictures}
    for file, word in words.items():
        if file not in present:
            gone = {"reason": NOT_FOUND, "decided_by": "person", "picture": ""}
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
    dropped = Counter(row["reason"] for _, row in kinds[DROPPED])
    return {
        **{kind: len(entries) for kind, entries in kinds.items()},
        "dropped_by_reason": dict(sorted(dropped.items())),
        "by_person": sum(row["decided_by"] == "person" for entries in kinds.values() for _, row in entries),
    }


def describe_pole(pole: str, counts: Mapping) -> str:
    """Returns one line on what became of one pole's pictures."""
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in counts["dropped_by_reason"].items())
    line = f"{pole}: {counts[KEPT]:,} kept, {counts[DROPPED]:,} dropped"
    line += f" ({reasons})" if reasons else ""
    line += f", {counts[REVIEW]:,} for review" if counts[REVIEW] else ""
    return line + (f"; {counts['by_person']:,} decided by a person" if counts["by_person"] else "")


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
