"""Scores of designs: the classifier's label and score, the nearest picture, the rank among designs (designs.csv)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from demicouture.dataset import Dataset
from demicouture.designs import labels
from demicouture.designs.comparison import Comparison, prepare
from demicouture.designs.designs import design_name, read_rows, read_score
from demicouture.designs.pictures import DesignPictures
from demicouture.errors import InputError
from demicouture.evaluation.copies import find_nearest
from demicouture.evaluation.imagenet_features import FEATURES, describe, find_network
from demicouture.evaluation.realism_rank import rank_designs
from demicouture.evaluation.reference import ReferenceFeatures
from demicouture.evaluation.style_classifier import label_scores
from demicouture.evaluation.two_sample_test import FOLDS
from demicouture.files import write_csv
from demicouture.language import _
from demicouture.progress import progress_bar

if TYPE_CHECKING:
    import keras

COLUMNS = ("design", "realism_rank", "nearest", "nearest_distance", "nearest_rank", "copy")
"""Of ``designs.csv``."""

YES, NO = "yes", "no"

AT_A_TIME = 512
"""Designs that are rendered and described before the next; of the largest size they take 400 MB."""


def empty_rows(count: int) -> list[dict[str, Any]]:
    """Returns a row for each design without anything that is measured."""
    nothing = {**dict.fromkeys(COLUMNS, ""), "label": "", "score": None}
    return [{**nothing, "design": design_name(index)} for index in range(count)]


def score_designs(
    pictures: DesignPictures,
    found: tuple[Path, ReferenceFeatures] | None,
    dataset: Dataset | None,
    seed: int,
    quiet: bool,
) -> list[dict[str, Any]]:
    """Returns a row for each design, and leaves what it takes in their folder; empty where nothing can be measured.

    Args:
        pictures: Those of all designs.
        found: What :func:`demicouture.designs.comparison.find_reference` returned.
        dataset: The data set's pictures, or None.
        seed: Of folds, grain and controls.
        quiet: Whether to show no progress bars.
    """
    network, side, count = find_network(), pictures.read([0]).shape[1], len(pictures.latents)
    comparison = prepare(pictures.folder, found, dataset, network, side, seed, quiet)
    if comparison is None:
        return empty_rows(count)
    return score_rows(describe_designs(network, count, pictures.read, quiet), comparison, seed)


def describe_designs(network: keras.Model, count: int, read: Callable[[range], np.ndarray], quiet: bool) -> np.ndarray:
    """Returns the features of all designs, float32 (count, 1280); row i depends on design i alone.

    Args:
        network: The network that describes pictures.
        count: How many designs there are.
        read: Returns the pictures of some designs, uint8 (n, size, size, 3).
        quiet: Whether to show no progress bar.
    """
    features = np.empty((count, FEATURES), np.float32)
    with progress_bar(title=_("describing designs"), total=count, unit=_("design"), quiet=quiet) as bar:
        for start in range(0, count, AT_A_TIME):
            some = range(start, min(start + AT_A_TIME, count))
            features[some.start : some.stop] = describe(network, read(some))
            bar.update(len(some))
    return features


def score_rows(features: np.ndarray, comparison: Comparison, seed: int) -> list[dict[str, Any]]:
    """Returns a row for each design: ``label``, ``score`` and the :data:`COLUMNS`.

    Label, score and nearest picture of one design depend on no other; its rank does. A rank is left out where there are
    too few designs or pictures.

    Args:
        features: float32 (n, 1280), of all designs.
        comparison: What they are compared with.
        seed: Of the rank's folds.
    """
    rows, reference, classifier = empty_rows(len(features)), comparison.reference, comparison.classifier
    if classifier:
        scores = classifier.score(features)
        for row, score, label in zip(rows, scores.tolist(), classifier.label(scores), strict=True):
            row |= {"score": score, "label": label}
    nearest = find_nearest(features, reference)
    for index, row in enumerate(rows):
        row |= {
            "nearest": nearest.files[index],
            "nearest_distance": float(nearest.distance[index]),
            "nearest_rank": float(nearest.rank[index]),
            "copy": YES if nearest.copy[index] else NO,
        }
    if min(len(features), len(reference.features)) >= FOLDS:
        ranks = rank_designs(features, reference.features, comparison.controls, seed)
        for row, rank in zip(rows, ranks.tolist(), strict=True):
            row["realism_rank"] = rank
    return rows


def read_scores(
    folder: Path,
    last: Mapping[str, Any] | None,
    labels: Mapping[str, Mapping[str, str]],
    count: int,
    inputs: Mapping[str, str | None],
    record: Mapping[str, Any] | None,
) -> list[dict[str, Any]] | None:
    """Returns the rows of the last run, as :func:`score_rows` does, where they still hold.

    Args:
        folder: The folder of the designs.
        last: The last run's ``summary.json``, or None.
        labels: The rows of ``labels.csv``, by design.
        count: How many designs there are.
        inputs: All that scores depend on.
        record: The classifier's, the content of ``style-classifier.json``, or None.

    Returns:
        The rows; None where the designs are more than they were, an input is another one, or a file is damaged.
    """
    if (
        not last
        or last["options"]["count"] != count
        or any(last["inputs"].get(name) != inputs[name] for name in inputs)
    ):
        return None
    if (record is None) != (last["results"].get("classifier") is None):
        return None
    names = [design_name(index) for index in range(count)]
    try:
        scored = read_rows(folder / "designs.csv", COLUMNS, count)
        scores = np.array([read_score(folder / "labels.csv", name, labels[name]["score"]) for name in names])
        rows = [{column: scored[name][column] for column in COLUMNS} for name in names]
    except (InputError, KeyError):
        return None
    if record is None:
        return [{**row, "score": None, "label": ""} for row in rows]
    if np.isnan(scores).any():
        return None
    found = zip(rows, scores.tolist(), label_scores(scores, record), strict=True)
    return [{**row, "score": score, "label": label} for row, score, label in found]


def write_scores(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes ``designs.csv``; of each row its :data:`COLUMNS`.

    After the labels: it tells the next run how many rows ``labels.csv`` must have, which a person may have edited.
    """
    write_csv(folder / "designs.csv", COLUMNS, ({column: row[column] for column in COLUMNS} for row in rows))


def count_copies(rows: Sequence[Mapping[str, Any]]) -> int | None:
    """Returns how many designs are copies of a picture of the data set; None where that is unknown."""
    return sum(row["copy"] == YES for row in rows) if any(row["copy"] for row in rows) else None


def summarise(
    record: Mapping[str, Any] | None, rows: Sequence[Mapping[str, Any]], poles: Sequence[str], suggested: Sequence[int]
) -> dict[str, Any]:
    """Returns what is known of the designs, for the ``results`` in ``summary.json``.

    Args:
        record: The style classifier's, or None.
        rows: Each design's, with its labels.
        poles: The two.
        suggested: The numbers of the designs whose labels would teach most.
    """
    return {
        "poles": list(poles),
        "classifier": record and {name: record[name] for name in record if name != "arrays_sha256"},
        "agreement": labels.measure_agreement(rows),
        "labels": labels.count_labels(rows, poles),
        "unlabelled": sum(not labels.label_of(row) for row in rows),
        "copies": count_copies(rows),
        "suggested": [design_name(index) for index in suggested],
    }
