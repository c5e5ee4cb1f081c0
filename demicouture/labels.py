"""Who called which design what: ``labels.csv``, in which a person's word stands above the judge's.

People edit ``label`` and nothing else. The judge's answer stays beside it, so where the two differ the row is a
person's, and from then on ``labelled_by`` says so: no judge overwrites it, not even one that changes its mind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from demicouture.designs import design_name
from demicouture.errors import InputError
from demicouture.files import read_csv, write_csv

COLUMNS = ("design", "label", "score", "labelled_by", "judge_label")
JUDGE, PERSON, NOBODY = "judge", "person", ""


def read_persons_words(path: Path, known: int, count: int, poles: Sequence[str] | None) -> dict[str, str]:
    """Returns what people said: the label of each design that a person labelled, or unlabelled, by design.

    Args:
        path: A ``labels.csv``; where there is none, nobody said anything.
        known: Designs that had been labelled when the last run ended.
        count: Designs that there may be: more than ``known`` where a run that added some was killed.
        poles: The two words that are understood; None takes any two.

    Raises:
        InputError: The file is no such table, names a design twice, not at all or one too many, or holds another word.
    """
    if not path.exists():
        return {}
    rows: dict[str, dict[str, str]] = {}
    # A spreadsheet may have sorted the rows, so each is found by its name.
    for row in read_csv(path, COLUMNS):
        name = row["design"].strip()
        if name in rows:
            raise InputError(f"{path}: found two rows for {name}, expected one; remove the wrong one")
        rows[name] = row
    possible = [design_name(index) for index in range(count)]
    for name in rows:
        if name not in possible:
            raise InputError(
                f"{path}: labels {name!r}, which is no design here, "
                f"expected {possible[0]} to {possible[-1]}; remove the row"
            )
    for name in possible[: max(known, len(rows))]:
        if name not in rows:
            raise InputError(
                f"{path}: no row for {name}, expected one for each design; restore it (with an empty label, say), "
                "or remove the whole file to have the judge label anew"
            )
    words: dict[str, str] = {}
    allowed = list(poles or [])
    for name in sorted(rows):
        label, judge_label = rows[name]["label"].strip(), rows[name]["judge_label"].strip()
        if label == judge_label and rows[name]["labelled_by"].strip() != PERSON:
            continue
        if label and poles is None and label not in allowed and len(allowed) < 2:
            allowed.append(label)
        if label and label not in allowed:
            raise InputError(
                f"{path}: {name} is labelled {label!r}, expected {allowed[0]}, {allowed[1]} or nothing; "
                "correct it (for other words, python latent_svm.py --labels takes a file of its own)"
            )
        words[name] = label
    return words


def write_labels(path: Path, answers: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> list[dict[str, Any]]:
    """Writes ``labels.csv`` and returns its rows.

    Args:
        path: The file.
        answers: The judge's ``design``, ``score`` and ``judge_label`` for each design, in order; None is no score.
        words: What people said, by design.
    """
    rows = []
    for answer in answers:
        name, judge_label = answer["design"], answer["judge_label"]
        by = PERSON if name in words else JUDGE if judge_label else NOBODY
        rows.append({**answer, "label": words.get(name, judge_label), "labelled_by": by})
    write_csv(path, COLUMNS, rows)
    return rows


def count_labels(rows: Sequence[Mapping[str, Any]], poles: Sequence[str]) -> dict[str, dict[str, int]]:
    """Returns how many designs each pole has from the judge and from a person."""
    counts = Counter((row["label"], row["labelled_by"]) for row in rows)
    return {pole: {source: counts[pole, source] for source in (JUDGE, PERSON)} for pole in poles}
