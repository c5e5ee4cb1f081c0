"""Does the garment tell the two poles apart, or the ground, the framing, or the picture's size?

What differs between the poles beside the garments, the networks learn as part of the style: if casual means a shirt on
a bed and collection a person in a street, the way from one to the other leads from beds to streets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from demicouture.images import open_picture

FRAME = 0.06
"""Part of the side that counts as the border, on each side."""

PARTS = 8
"""Mean colours along each side of the border, and along each side of the middle."""

LEAK = 0.8
"""From this held-out accuracy on, what is no garment tells the poles apart in four of five pictures."""

MOST_PICTURES = 2000
"""Our choice: more pictures take longer and change nothing about the second digit."""


def check_leaks(cuts: np.ndarray, sizes: np.ndarray, labels: np.ndarray) -> dict[str, float] | None:
    """Returns how well a trivial classifier tells the poles apart from what is no garment.

    The classifier is a logistic regression on standardised pixels or numbers; its answers are held out.

    Args:
        cuts: uint8 (n, side, side, 3) in [0, 255], the pictures of the data set.
        sizes: int (n, 2), width and height of the originals in pixels.
        labels: int (n,): 0 for the first pole, 1 for the second.

    Returns:
        Balanced accuracy, 0.5 is guessing, from the left and right ``sides`` of the border, where there is hardly
        anything but ground; from its ``top and bottom``, which a figure crosses and a garment does not; from the
        ``original size``; from the ``mean colour``; and, to compare, from the ``middle``. None where a pole has too
        few pictures.
    """
    # Here, because scikit-learn takes two seconds to import, and every worker process imports this module.
    from demicouture.preprocessing.classifiers import FOLDS, tell_apart

    if np.bincount(labels, minlength=2).min() < FOLDS:
        return None
    depth = max(1, round(FRAME * cuts.shape[1]))
    quarter = cuts.shape[1] // 4
    features = {
        "sides": np.hstack([_means(cuts[:, :, :depth], PARTS, 1), _means(cuts[:, :, -depth:], PARTS, 1)]),
        "top and bottom": np.hstack([_means(cuts[:, :depth], 1, PARTS), _means(cuts[:, -depth:], 1, PARTS)]),
        "original size": np.column_stack([sizes, sizes[:, 0] / sizes[:, 1]]),
        "mean colour": _means(cuts, 1, 1),
        "middle": _means(cuts[:, quarter:-quarter, quarter:-quarter], PARTS, PARTS),
    }
    return {name: tell_apart(values, labels) for name, values in features.items()}


def _means(pictures: np.ndarray, down: int, across: int) -> np.ndarray:
    """Returns the mean colours of so many by so many parts: float32 (n, down * across * 3)."""
    small = [cv2.resize(picture, (across, down), interpolation=cv2.INTER_AREA) for picture in pictures]
    return np.stack(small).reshape(len(small), -1).astype(np.float32)


def check_dataset(folder: Path, rows: Sequence[Mapping], poles: Sequence[str]) -> dict[str, float] | None:
    """Returns :func:`check_leaks` of a data set.

    Args:
        folder: data/2-dataset.
        rows: The rows of decisions.csv that have a picture.
        poles: The two poles, sorted.
    """
    shown = min(len(rows), MOST_PICTURES)
    rows = [rows[index * len(rows) // shown] for index in range(shown)]
    cuts = np.stack([np.asarray(open_picture(folder / row["picture"])) for row in rows])
    sizes = np.array([(row["width"], row["height"]) for row in rows])
    return check_leaks(cuts, sizes, np.array([poles.index(row["pole"]) for row in rows]))


def describe(found: Mapping[str, float] | None, ground: str) -> list[str]:
    """Returns a line on what tells the poles apart, and a warning where it is not the garment.

    Args:
        found: As :func:`check_leaks` gives it.
        ground: ``keep`` or ``plain``: what was done about the ground.
    """
    if found is None:
        return []
    told = ", ".join(f"{name} {accuracy:.0%}" for name, accuracy in found.items())
    lines = [f"leak check: the poles are told apart (50% is guessing) by {told}"]
    if found["sides"] >= LEAK:
        lines.append(
            "warning: the ground tells the poles apart, not only the garment; designs will change their ground on the "
            "way from one pole to the other" + ("; --ground plain --fresh takes it away" if ground == "keep" else "")
        )
    elif found["top and bottom"] >= LEAK:
        lines.append(
            "the framing tells the poles apart: figures are cut off at the border, garments are whole; that much of "
            "the way from one pole to the other will be a change of framing"
        )
    return lines
