"""The labels of designs, ``labels.csv``: the classifier's, and in a column of its own a person's.

``label`` and ``score`` are the classifier's and are brought up to date at every run. ``your_label`` is a person's: a
pole, or ``none`` for a design that is neither; no script writes there. Where it is filled, it counts.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from demicouture.commands import command
from demicouture.designs.designs import NEITHER, design_name, label_that_counts, read_rows, read_score
from demicouture.errors import InputError
from demicouture.evaluation.style_classifier import label_scores
from demicouture.files import read_csv, sha256, write_csv
from demicouture.language import _

COLUMNS = ("design", "label", "score", "your_label")

ENOUGH = 40
"""Labels of a person from which on an agreement is told; even so its 95% interval is 20 points wide or more."""

ROUNDING = 1e-6
"""By how much a spreadsheet may change a score."""


def read_labels(
    folder: Path,
    count: int,
    poles: Sequence[str] | None,
    record: Mapping[str, Any] | None = None,
    *,
    finished: bool = False,
) -> dict[str, dict[str, str]]:
    """Returns the rows of ``labels.csv`` by design, once they have been checked; none where there is no such file.

    Args:
        folder: The folder of the designs.
        count: Designs that there may be.
        poles: The two labels that are understood; None takes any two.
        record: The content of ``style-classifier.json``, or None.
        finished: Whether the last run was, so that the labels are those of the classifier that ``record`` is about.

    Raises:
        InputError: The file is no such table; names a design twice, not at all or one too many; holds another label; or
            a person edited ``label``, the classifier's column.
    """
    path, designs = folder / "labels.csv", folder / "designs.csv"
    if not path.exists():
        return {}
    rows = read_rows(path, COLUMNS, count)
    # The last run had so many designs; there may be more rows, where a run that added some was killed.
    known = len(read_csv(designs, ["design"])) if designs.exists() else 0
    for index in range(max(known, len(rows))):
        if (name := design_name(index)) not in rows:
            raise InputError(
                _(
                    "{path}: no row for {name}, expected one for each design; restore it (with empty fields, say), "
                    "or remove the whole file to have the classifier label all designs anew"
                ).format(path=path, name=name)
            )
    _refuse_other_words(path, rows, list(poles or []), any_two=poles is None)
    if finished:
        _refuse_edited_labels(path, rows, record)
    return rows


def _refuse_other_words(path: Path, rows: Mapping[str, Mapping[str, str]], allowed: list[str], any_two: bool) -> None:
    for name in sorted(rows):
        label = label_that_counts("", rows[name]["your_label"].strip())
        if label and any_two and label not in allowed and len(allowed) < 2:
            allowed.append(label)
        if label and label not in allowed:
            raise InputError(
                _(
                    "{path}: {name} has {label!r} in your_label, expected {first}, {second}, {neither} or nothing; "
                    "correct it (a file of other words, FILE, goes to: {command} FILE)"
                ).format(
                    path=path,
                    name=name,
                    label=label,
                    first=allowed[0],
                    second=allowed[1],
                    neither=NEITHER,
                    command=command("latent_svm.py", "--labels"),
                )
            )


def _refuse_edited_labels(path: Path, rows: Mapping[str, Mapping[str, str]], record: Mapping[str, Any] | None) -> None:
    # Else a person who edits the wrong column would lose all of it.
    for name in sorted(rows):
        label, score = rows[name]["label"].strip(), read_score(path, name, rows[name]["score"])
        if math.isnan(score):
            expected = [""]
        elif record:
            expected = label_scores(np.array([score, score - ROUNDING, score + ROUNDING]), record)
        else:
            continue
        if label not in expected:
            raise InputError(
                _(
                    "{path}: {name} has {label!r} in label, the classifier's column, expected {expected!r}; "
                    "restore it and write yours into the column your_label"
                ).format(path=path, name=name, label=label, expected=expected[0])
            )


def hash_your_labels(rows: Mapping[str, Mapping[str, str]]) -> str:
    """Returns the SHA-256 of a person's labels, whatever the order of the rows of ``labels.csv``."""
    filled = {name: label for name in sorted(rows) if (label := rows[name]["your_label"].strip())}
    return sha256(json.dumps(filled).encode())


def write_labels(
    folder: Path, rows: Iterable[Mapping[str, Any]], before: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Writes ``labels.csv``, with a person's labels as they are.

    Args:
        folder: The folder of the designs.
        rows: ``design``, ``label`` and ``score`` of each design, in order; no score is None.
        before: The rows that were in the file, by design.

    Returns:
        The rows, each with its ``your_label``.
    """
    rows = [{**row, "your_label": before.get(row["design"], {}).get("your_label", "")} for row in rows]
    write_csv(folder / "labels.csv", COLUMNS, ({column: row[column] for column in COLUMNS} for row in rows))
    return rows


def label_of(row: Mapping[str, Any]) -> str:
    """Returns the label that counts of a row of ``labels.csv``: a pole, or empty."""
    return label_that_counts(row["label"], row["your_label"].strip())


def is_yours(row: Mapping[str, Any]) -> bool:
    """Returns whether a person labelled the design, also as neither pole."""
    return bool(row["your_label"].strip())


def count_labels(rows: Sequence[Mapping[str, Any]], poles: Sequence[str]) -> dict[str, dict[str, int]]:
    """Returns how many designs of each pole have the classifier's label and how many a person's."""
    counts = Counter((label_of(row), is_yours(row)) for row in rows)
    return {pole: {"classifier": counts[pole, False], "person": counts[pole, True]} for pole in poles}


def measure_agreement(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Returns how often classifier and person agree on designs: the only measure of the classifier on *designs*.

    Args:
        rows: Those of ``labels.csv``.

    Returns:
        ``designs``, on which both have a label; ``agreed``, how many of these have the same; ``share, low, high``, with
        Wilson's 95% interval; ``unsure``, designs that a person labelled and the classifier did not. None where a
        person gave fewer than :data:`ENOUGH` designs a pole, or the classifier none of these.
    """
    pairs = [(row["label"], label_of(row)) for row in rows if is_yours(row) and label_of(row)]
    both = [(label, yours) for label, yours in pairs if label]
    if len(pairs) < ENOUGH or not both:
        return None
    # Imported here: what only reads labels need not wait for SciPy.
    from scipy.stats import binomtest

    agreed = sum(label == yours for label, yours in both)
    interval = binomtest(agreed, len(both)).proportion_ci(method="wilson")
    return {
        "designs": len(both),
        "agreed": agreed,
        "share": agreed / len(both),
        "low": float(interval.low),
        "high": float(interval.high),
        "unsure": len(pairs) - len(both),
    }


def describe_agreement(agreement: Mapping[str, Any]) -> str:
    """Returns the sentence on what :func:`measure_agreement` found."""
    unsure = (
        _("; of {unsure} more that you labelled it is unsure").format(unsure=agreement["unsure"])
        if agreement["unsure"]
        else ""
    )
    return _(
        "of {designs} designs that both you and the classifier labelled it calls {agreed} as you do: "
        "{share:.0%} (95% interval {low:.0%} to {high:.0%}){unsure}"
    ).format(
        designs=agreement["designs"],
        agreed=agreement["agreed"],
        share=agreement["share"],
        low=agreement["low"],
        high=agreement["high"],
        unsure=unsure,
    )
