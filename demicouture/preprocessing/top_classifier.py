"""The classifier of tops, fitted in seconds to a person's examples in two folders and to a person's decisions.

No weights are shipped: what a top looks like depends on how the pictures of a pole were taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from demicouture import commands, files
from demicouture.dataset import EXAMPLES, TOP
from demicouture.errors import InputError
from demicouture.images import find_pictures
from demicouture.language import _
from demicouture.preprocessing import classifiers
from demicouture.preprocessing.classifiers import FEWEST_EXAMPLES
from demicouture.preprocessing.image_features import ImageFeatures
from demicouture.preprocessing.overrides import Override
from demicouture.preprocessing.records import DROP, KEEP, Scraped

UNLIKE = 0.95
"""From this held-out accuracy on, examples of tops differ in kind from the pictures to be judged: drawings from
photographs, say. Learned from drawn ones, a classifier would throw out a third of 760 photographs of tops."""


def find_examples(folder: Path) -> dict[str, tuple[Path, bool]]:
    """Returns the examples in a folder: the path of each and whether it is a top, by SHA-256.

    Raises:
        InputError: There are too few of one kind to learn from.
    """
    found, queries = {}, commands.path_from_here(commands.HOUSE / "data/queries-examples.csv")
    for kind in EXAMPLES:
        paths = find_pictures(folder / kind)
        if len(paths) < FEWEST_EXAMPLES:
            raise InputError(
                _("{path}: {count} pictures, expected at least {fewest_examples}; add some, or run: {command}").format(
                    path=folder / kind,
                    count=len(paths),
                    fewest_examples=FEWEST_EXAMPLES,
                    command=commands.command(
                        "scrape.py", "--queries", queries, "--output", folder, without={"1-scraped"}
                    ),
                )
            )
        found |= {files.hash_file(path): (path, kind == TOP) for path in paths}
    return found


def _accuracy_apart(tops: Sequence[np.ndarray], pictures: Sequence[np.ndarray]) -> float | None:
    """Returns the accuracy between examples of tops and the pictures to be judged, 0.5 to 1; None for too few."""
    from sklearn.metrics import balanced_accuracy_score  # Here, because scikit-learn takes two seconds to import.

    if min(len(tops), len(pictures)) < classifiers.FOLDS:
        return None
    kinds = np.repeat([0, 1], [len(tops), len(pictures)])
    scores = classifiers.style_probabilities(np.stack([*tops, *pictures]), kinds)
    return float(balanced_accuracy_score(kinds == 1, scores > 0.5))


def score_tops(
    pictures: Sequence[Scraped],
    known: Mapping[str, ImageFeatures],
    overrides: Mapping[str, Override],
    examples: Mapping[str, bool],
    people: Sequence[str],
) -> tuple[dict[str, float], dict | None]:
    """Returns how surely each garment that nobody wears is a top, by SHA-256, and from what that was learned.

    It is learned from the examples and from a person's decisions on such pictures.

    Args:
        pictures: All scraped pictures.
        known: What was found in each picture and example, by SHA-256.
        overrides: What a person decided, by file.
        examples: Whether an example is a top, by SHA-256.
        people: The poles in which a picture must show a person; there nothing is scored.

    Returns:
        No scores and None where there is too little to learn from; no scores where the examples are of another kind
        than the pictures, so that what was learned says nothing about them.
    """
    garments = [p for p in pictures if p.pole not in people and known[p.sha256].garment is not None]
    decided = {p.sha256: overrides[p.file].decision for p in garments if p.file in overrides}
    labels = {sha256: top for sha256, top in examples.items() if known[sha256].descriptor_base64}
    labels |= {sha256: decision == KEEP for sha256, decision in decided.items() if decision in (KEEP, DROP)}
    wanted = {picture.sha256 for picture in garments}
    hashes = sorted(wanted | set(labels))
    if not hashes:
        return {}, None
    scored = classifiers.top_probabilities(
        np.stack([known[sha256].descriptor() for sha256 in hashes]),
        np.array([sha256 in labels for sha256 in hashes]),
        np.array([labels.get(sha256, False) for sha256 in hashes]),
    )
    if scored is None:
        return {}, None
    scores, accuracy = scored
    count = sum(labels.values())
    learned = {"tops": count, "others": len(labels) - count, "held_out_accuracy": accuracy}
    learned["accuracy_against_pictures"] = apart = _accuracy_apart(
        [known[sha256].descriptor() for sha256, top in examples.items() if top and known[sha256].descriptor_base64],
        [known[sha256].descriptor() for sha256 in sorted(wanted - set(examples))],
    )
    if apart is not None and apart >= UNLIKE:
        return {}, learned
    return {sha256: score for sha256, score in zip(hashes, scores.tolist(), strict=True) if sha256 in wanted}, learned
