"""Scores of designs: the classifier's label and score, and how real and how new each design is (``designs.csv``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from demicouture.designs.designs import design_name, read_rows, read_score
from demicouture.errors import InputError
from demicouture.evaluation.realism import RealismScorer, can_score_realism, score_designs
from demicouture.evaluation.style_classifier import StyleClassifier, label_scores
from demicouture.files import write_csv

COLUMNS = ("design", "realism", "realistic", "nearest", "nearest_distance", "nearest_rank", "copy")
"""Of ``designs.csv``."""

YES, NO = "yes", "no"

AT_A_TIME = 512
"""Designs that are rendered and scored before the next; of the largest size they take 400 MB."""


def score_rows(
    classifier: StyleClassifier | None, count: int, read: Callable[[range], np.ndarray], quiet: bool
) -> list[dict[str, Any]]:
    """Returns a row for each design: ``label``, ``score`` and the :data:`COLUMNS`; without a classifier empty ones.

    Args:
        classifier: The style classifier, or None.
        count: How many designs there are.
        read: Returns the pictures of some designs, uint8 (n, size, size, 3).
        quiet: Whether to show no progress bar.
    """
    nothing = {**dict.fromkeys(COLUMNS, ""), "label": "", "score": None}
    rows = [{**nothing, "design": design_name(index)} for index in range(count)]
    if classifier is None:
        return rows

    def batches() -> Iterator[np.ndarray]:
        with tqdm(total=count, desc="scoring", unit="design", disable=quiet or None, leave=False) as bar:
            for start in range(0, count, AT_A_TIME):
                some = range(start, min(start + AT_A_TIME, count))
                yield read(some)
                bar.update(len(some))

    scorer = RealismScorer(classifier.photographs) if can_score_realism(classifier.photographs) else None
    found = score_designs(classifier, scorer, batches())
    for index, (row, score, label) in enumerate(
        zip(rows, found.scores.tolist(), classifier.label(found.scores), strict=True)
    ):
        row |= {"score": score, "label": label}
        if found.appraisal:
            row |= {
                "realism": float(found.appraisal.realism[index]),
                "realistic": YES if found.appraisal.realistic[index] else NO,
                "nearest": found.appraisal.nearest[index],
                "nearest_distance": float(found.appraisal.distance[index]),
                "nearest_rank": float(found.appraisal.rank[index]),
                "copy": YES if found.appraisal.copy[index] else NO,
            }
    return rows


def read_scores(
    folder: Path,
    last: Mapping[str, Any] | None,
    labels: Mapping[str, Mapping[str, str]],
    count: int,
    record: Mapping[str, Any] | None,
    dataset_sha256: str | None,
) -> list[dict[str, Any]] | None:
    """Returns the rows of the last run, as :func:`score_rows` does, where they still hold.

    Args:
        folder: The folder of the designs.
        last: The last run's ``summary.json``, or None.
        labels: The rows of ``labels.csv``, by design.
        count: How many designs there are.
        record: The classifier's, the content of ``style-classifier.json``, or None.
        dataset_sha256: The hash of the pictures that a classifier would learn from now.

    Returns:
        The rows; None where the designs are more than they were, the classifier is another one, or a table is damaged.
    """
    if not (last and record and last["options"]["count"] == count):
        return None
    if not record["dataset_sha256"] == last["inputs"].get("dataset") == dataset_sha256:
        return None
    names = [design_name(index) for index in range(count)]
    try:
        scored = read_rows(folder / "designs.csv", COLUMNS, count)
        scores = [read_score(folder / "labels.csv", name, labels[name]["score"]) for name in names]
        rows = [{column: scored[name][column] for column in COLUMNS} for name in names]
    except (InputError, KeyError):
        return None
    if np.isnan(scores).any():
        return None
    found = zip(rows, scores, label_scores(np.array(scores), record), strict=True)
    return [{**row, "score": score, "label": label} for row, score, label in found]


def write_scores(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes ``designs.csv``; of each row its :data:`COLUMNS`.

    After the labels: it tells the next run how many rows ``labels.csv`` must have, which a person may have edited.
    """
    write_csv(folder / "designs.csv", COLUMNS, ({column: row[column] for column in COLUMNS} for row in rows))


def count_realistic(rows: Sequence[Mapping[str, Any]]) -> dict[str, int | None]:
    """Returns how many designs are realistic, and how many are copies of a photograph; None where that is unknown."""
    known = any(row["realistic"] for row in rows)
    return {
        "realistic": sum(row["realistic"] == YES for row in rows) if known else None,
        "copies": sum(row["copy"] == YES for row in rows) if known else None,
    }
