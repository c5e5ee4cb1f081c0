"""The shortcut check: do the background, the framing or the picture's size tell the poles apart, not only the garment?

What differs between the poles beside the garments, the networks learn as part of the style: if casual means a shirt on
a bed and collection a person in a street, an interpolation leads from beds to streets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from demicouture.images import open_picture
from demicouture.language import N_, _
from demicouture.preprocessing.classifiers import FOLDS, held_out_accuracy
from demicouture.visualization import evenly_spread

BORDER = 0.06
"""Part of the side that counts as the border, on each side."""

PARTS = 8
"""Mean colours along each side of the border, and along each side of the middle."""

SHORTCUT = 0.8
"""From this held-out accuracy on, what is no garment tells the poles apart: in four of five pictures."""

MOST_PICTURES = 2000
"""Our choice: more pictures take longer and change nothing about the second digit."""


def check_shortcuts(pictures: np.ndarray, sizes: np.ndarray, labels: np.ndarray) -> dict[str, float] | None:
    """Returns how well a trivial classifier tells the poles apart from what is no garment.

    The classifier is a logistic regression on standardised pixels or numbers; its answers are held out.

    Args:
        pictures: uint8 (n, side, side, 3) in [0, 255], those of the data set.
        sizes: int (n, 2), width and height of the originals in pixels.
        labels: int (n,): 0 for the first pole, 1 for the second.

    Returns:
        Balanced accuracy, 0.5 is guessing, from the left and right ``sides`` of the border, where there is hardly
        anything but background; from its ``top and bottom``, which a figure crosses and a garment does not; from the
        ``original size``; from the ``mean colour``; and, to compare, from the ``middle``. None where a pole has too
        few pictures.
    """
    if np.bincount(labels, minlength=2).min() < FOLDS:
        return None
    depth = max(1, round(BORDER * pictures.shape[1]))
    quarter = pictures.shape[1] // 4
    features = {
        "sides": np.hstack([_means(pictures[:, :, :depth], PARTS, 1), _means(pictures[:, :, -depth:], PARTS, 1)]),
        N_("top and bottom"): np.hstack(
            [_means(pictures[:, :depth], 1, PARTS), _means(pictures[:, -depth:], 1, PARTS)]
        ),
        N_("original size"): np.column_stack([sizes, sizes[:, 0] / sizes[:, 1]]),
        N_("mean colour"): _means(pictures, 1, 1),
        N_("middle"): _means(pictures[:, quarter:-quarter, quarter:-quarter], PARTS, PARTS),
    }
    return {name: held_out_accuracy(values, labels) for name, values in features.items()}


def _means(pictures: np.ndarray, down: int, across: int) -> np.ndarray:
    """Returns the mean colours of so many by so many parts: float32 (n, down * across * 3)."""
    small = [cv2.resize(picture, (across, down), interpolation=cv2.INTER_AREA) for picture in pictures]
    return np.stack(small).reshape(len(small), -1).astype(np.float32)


def check_dataset(folder: Path, rows: Sequence[Mapping], poles: Sequence[str]) -> dict[str, float] | None:
    """Returns :func:`check_shortcuts` of a data set.

    Args:
        folder: data/2-dataset.
        rows: The rows of decisions.csv.
        poles: The two poles, sorted.
    """
    rows = [row for row in rows if row["picture"]]
    rows = [rows[index] for index in evenly_spread(len(rows), MOST_PICTURES)]
    pictures = np.stack([np.asarray(open_picture(folder / row["picture"])) for row in rows])
    sizes = np.array([(row["width"], row["height"]) for row in rows])
    return check_shortcuts(pictures, sizes, np.array([poles.index(row["pole"]) for row in rows]))


def describe(found: Mapping[str, float] | None, background: str) -> list[str]:
    """Returns a line on what tells the poles apart, and a warning where it is not the garment.

    Args:
        found: As :func:`check_shortcuts` gives it.
        background: ``keep`` or ``plain``: what was done about the backgrounds.
    """
    if found is None:
        return []
    others = ", ".join(f"{_(name)} {accuracy:.0%}" for name, accuracy in found.items() if name != "sides")
    lines = [
        _("shortcut check: the border alone tells the poles apart ({sides:.0%}); {others} (50% is guessing)").format(
            sides=found["sides"], others=others
        )
    ]
    if found["sides"] >= SHORTCUT:
        lines.append(
            _(
                "warning: the background tells the poles apart, not only the garment; designs will change "
                "their background between the poles"
            )
            + (_("; --background plain --fresh removes it") if background == "keep" else "")
        )
    elif found["top and bottom"] >= SHORTCUT:
        lines.append(
            _(
                "the framing tells the poles apart: figures are cut off at the border, garments are whole; "
                "between the poles, part of the change will be a change of framing"
            )
        )
    return lines
