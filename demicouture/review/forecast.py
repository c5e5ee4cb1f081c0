"""What preprocess.py would do with a person's decisions: worked out by its own functions, in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from demicouture.preprocessing import decisions, image_features, pipeline, review_folders, top_classifier
from demicouture.preprocessing.image_features import ImageFeatures
from demicouture.preprocessing.records import KEEP, Scraped
from demicouture.preprocessing.rules import Rules
from demicouture.runs import read_options


@dataclass(frozen=True)
class Fate:
    """What would become of one picture.

    Attributes:
        pole: Its pole: a person may say that it is of the other one.
        kind: kept, dropped or review.
        reason: Why, as in decisions.csv.
        like: The file that it is a duplicate of, or too like.
    """

    pole: str
    kind: str
    reason: str
    like: str


@lru_cache(maxsize=1)
def _read_features(log: Path, version: int) -> dict[str, ImageFeatures]:
    return image_features.read_log(log)


def read_features(dataset: Path) -> dict[str, ImageFeatures]:
    """Returns what preprocess.py found in each scraped picture, by SHA-256; remembered until the log changes."""
    log = dataset / "features.jsonl"
    return _read_features(log, log.stat().st_mtime_ns if log.exists() else 0)


@lru_cache(maxsize=1)
def _find_examples(folder: Path) -> dict[str, tuple[Path, bool]]:
    return top_classifier.find_examples(folder)


def find_hashes(dataset: Path) -> dict[str, str]:
    """Returns the SHA-256 of each scraped picture that can be looked at, by file, as the last run found it.

    Raises:
        InputError: The folders for review are missing or damaged.
    """
    beginnings, _ = review_folders.find_small(review_folders.review_folder(dataset))
    full = {sha256[:16]: sha256 for sha256 in read_features(dataset)}
    return {file: full[beginning] for file, beginning in beginnings.items() if beginning in full}


def forecast(dataset: Path, examples_folder: Path | None) -> dict[str, Fate]:
    """Returns what a run of preprocess.py would now make of each picture that it knows, by file.

    There is none where features.jsonl is of an older version, until a run has looked at the pictures again.

    Args:
        dataset: data/2-dataset, which has been made.
        examples_folder: Examples of tops; None where there are none.

    Raises:
        InputError: What a person decided is contradictory, or a file is damaged.
    """
    options = read_options(dataset)["options"]
    edits = pipeline.read_edits(dataset)
    known = read_features(dataset)
    pictures = [
        Scraped(file, file.partition("/")[0], file.rpartition("/")[0], sha256)
        for file, sha256 in sorted(find_hashes(dataset).items())
    ]
    if not pictures:
        return {}
    examples = {
        sha256: example
        for sha256, example in (_find_examples(examples_folder) if examples_folder else {}).items()
        if sha256 in known
    }
    rules = Rules(
        options["size"],
        options["count"],
        options["seed"],
        tuple(options["people"]),
        options["on_review"] == KEEP,
        options["subject"],
    )
    rows, _ = pipeline.decide(pictures, known, edits, examples, rules)
    there = {picture.file for picture in pictures}
    return {
        row["file"]: Fate(row["pole"], kind, row["reason"], row["like"])
        for pole in {row["pole"] for row in rows}
        for kind, entries in decisions.sort_rows(rows, pole).items()
        for _, row in entries
        if row["file"] in there
    }
