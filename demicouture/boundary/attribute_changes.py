"""What changes across a hyperplane, in pictures and in numbers that can be measured in them.

A generator gives each latent a picture, so a direction in latent space is a change of pictures. Whether that change is
one of the garment, or of what it lies on and how it was framed, no accuracy tells; here it is measured.

Pictures are uint8 (n, size, size, 3) in [0, 255] throughout.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from demicouture.files import write_csv

GARMENT, FRAMING, GROUND = "garment", "framing", "ground"
"""What a measure tells of."""

MEASURES = {
    "lightness": (GARMENT, "L*"),
    "contrast": (GARMENT, "L*"),
    "colourfulness": (GARMENT, "C*"),
    "green to red": (GARMENT, "a*"),
    "blue to yellow": (GARMENT, "b*"),
    "detail": (GARMENT, "L* a pixel"),
    "symmetry": (GARMENT, "share"),
    "width at the shoulders": (GARMENT, "heights"),
    "width at the middle": (GARMENT, "heights"),
    "width at the hem": (GARMENT, "heights"),
    "height": (FRAMING, "pictures"),
    "centre, left to right": (FRAMING, "pictures"),
    "centre, top to bottom": (FRAMING, "pictures"),
    "cut off above": (FRAMING, "share of the edge"),
    "cut off below": (FRAMING, "share of the edge"),
    "cut off at the sides": (FRAMING, "share of the edge"),
    "ground's lightness": (GROUND, "L*"),
    "ground, green to red": (GROUND, "a*"),
    "ground, blue to yellow": (GROUND, "b*"),
    "ground's unevenness": (GROUND, "L*"),
}
"""Each measure's kind and unit. Widths are those of the outline, in parts of its own height, so that a garment that is
only nearer has the same."""

CORNER = 1 / 8
"""The side of the two upper corners, in sides of the picture, whose median is taken for the ground's colour: the last
place for a garment, and where a figure that is cut off below does not reach."""

APART = 12.0
"""From this difference in L*a*b* on a pixel is no ground: 1 is just noticeable, and generated ground is noisy by 3 to
5."""

FOLDS = 5
RIDGE = 1.0
"""For standardised measures and hundreds of pictures: just enough that two that say the same share the weight."""


@dataclass(frozen=True)
class Change:
    """How a measure goes with the distance from the plane.

    Attributes:
        name: Of :data:`MEASURES`.
        values: float64 (n,), one for each picture.
        correlation: Pearson's, with the signed distance; 0 where the measure does not vary.
        interval: The correlation's 95% interval.
    """

    name: str
    values: np.ndarray
    correlation: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Explained:
    """How well measures predict the distance from the plane: shares of its variance, on pictures held out of the fit.

    Attributes:
        surroundings: By ground and framing alone.
        garment: By the garment's own measures alone.
        both: By all together.
    """

    surroundings: float
    garment: float
    both: float

    @property
    def sentence(self) -> str:
        """What the three say, in a plain sentence."""
        low, high = max(0.0, self.both - self.garment), self.surroundings
        return (
            f"ground and framing alone predict {self.surroundings:.0%} of the differences between designs in their "
            f"distance from the plane, the garment's own measures {self.garment:.0%}, both together {self.both:.0%}: "
            + (
                f"so {low:.0%} to {high:.0%} of the direction is ground and framing rather than the garment"
                if high - low >= 0.01
                else f"so about {high:.0%} of the direction is ground and framing rather than the garment"
            )
        )


@dataclass(frozen=True)
class Crossing:
    """The same designs on both sides of the plane, and where their pictures differ.

    Attributes:
        first: float64 (size, size, 3) in [0, 255], the mean picture on the first pole's side.
        second: The same on the second pole's side.
        heat: float64 (size, size), how much a pixel changes, as the mean difference in L*a*b*.
        shares: Of all change, the parts within the garment, at its outline (garment on one side of the plane, ground on
            the other) and on the ground; together 1.
    """

    first: np.ndarray
    second: np.ndarray
    heat: np.ndarray
    shares: dict[str, float]


def to_lab(pictures: np.ndarray) -> np.ndarray:
    """Returns CIE L*a*b*, float32 (n, size, size, 3): L* in [0, 100], a* and b* about [-100, 100]."""
    return np.stack([cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2Lab) for picture in pictures])


def outline(lab: np.ndarray) -> np.ndarray:
    """Returns where the garment or figure is, bool (n, size, size): what differs from the upper corners' colour."""
    size = lab.shape[1]
    corner = max(1, round(size * CORNER))
    corners = np.concatenate([lab[:, :corner, :corner], lab[:, :corner, -corner:]], axis=2)
    ground = np.median(corners.reshape(len(lab), -1, 3), axis=1)
    apart = np.linalg.norm(lab - ground[:, np.newaxis, np.newaxis], axis=3)
    return np.stack([_mend((one > APART).astype(np.uint8)) for one in apart])


def _mend(inside: np.ndarray) -> np.ndarray:
    # A median of nine pixels takes the noise out and leaves edges where they are. A white print is the ground's colour,
    # and yet in the garment: gaps are closed, and what lies all around is filled.
    reach = 2 * (len(inside) // 32) + 1
    inside = cv2.medianBlur(inside, 3)
    inside = cv2.morphologyEx(inside, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    framed = cv2.copyMakeBorder(1 - inside, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    _, pieces = cv2.connectedComponents(framed, connectivity=4)
    return (pieces != pieces[0, 0])[1:-1, 1:-1]


def measure(pictures: np.ndarray) -> dict[str, np.ndarray]:
    """Returns all :data:`MEASURES` of pictures, float64 (n,) each; where there is no garment, as of an empty one: 0."""
    lab = to_lab(pictures).astype(np.float64)
    rows = [_measure_one(*both) for both in zip(lab, outline(lab), strict=True)]
    return {name: np.array([row[name] for row in rows]) for name in MEASURES}


def _measure_one(lab: np.ndarray, inside: np.ndarray) -> dict[str, float]:
    size = len(lab)
    found = dict.fromkeys(MEASURES, 0.0)
    if not inside.all():
        found |= _colours(lab[~inside], "ground's lightness", "ground, green to red", "ground, blue to yellow")
        found["ground's unevenness"] = float(lab[~inside][:, 0].std())
    if not inside.any():
        return found
    garment = lab[inside]
    found |= _colours(garment, "lightness", "green to red", "blue to yellow")
    found["contrast"] = float(garment[:, 0].std())
    found["colourfulness"] = float(np.hypot(garment[:, 1], garment[:, 2]).mean())
    steps = np.abs(np.diff(lab[..., 0], axis=1))
    found["detail"] = float(steps[inside[:, 1:] & inside[:, :-1]].mean()) if inside.sum() > 1 else 0.0
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    box = inside[top:bottom, left:right]
    found["symmetry"] = float((box & box[:, ::-1]).sum() / (box | box[:, ::-1]).sum())
    height = bottom - top
    # Of a fifth of the height each: the shoulders lie below the neck.
    for name, begin in (("shoulders", 0.15), ("middle", 0.4), ("hem", 0.75)):
        band = box[int(begin * height) : max(int(begin * height) + 1, int((begin + 0.2) * height))]
        found[f"width at the {name}"] = float(band.sum(axis=1).mean() / height)
    found["height"] = float(height / size)
    found["centre, left to right"] = float((left + right) / 2 / size)
    found["centre, top to bottom"] = float((top + bottom) / 2 / size)
    found["cut off above"], found["cut off below"] = float(inside[0].mean()), float(inside[-1].mean())
    found["cut off at the sides"] = float((inside[:, 0].mean() + inside[:, -1].mean()) / 2)
    return found


def _colours(pixels: np.ndarray, *names: str) -> dict[str, float]:
    return dict(zip(names, pixels.mean(axis=0).tolist(), strict=True))


def correlate(values: dict[str, np.ndarray], distances: np.ndarray) -> list[Change]:
    """Returns how each measure goes with the signed distance.

    Args:
        values: As :func:`measure` gives them.
        distances: float64 (n,), n at least 4.

    Source:
        The interval: Fisher 1921, by the inverse hyperbolic tangent.
    """
    changes = []
    for name, column in values.items():
        varies = column.std() > 1e-9 and distances.std() > 1e-9
        r = float(np.corrcoef(column, distances)[0, 1]) if varies else 0.0
        middle, half = math.atanh(np.clip(r, -0.999999, 0.999999)), 1.959963984540054 / math.sqrt(len(column) - 3)
        changes.append(Change(name, column, r, (math.tanh(middle - half), math.tanh(middle + half))))
    return changes


def explain(values: dict[str, np.ndarray], distances: np.ndarray, seed: int) -> Explained:
    """Returns how well the distances follow from ground and framing, from the garment, and from both.

    By ridge regression on measures and their squares (a ground may be extreme on both sides), in five folds.

    Args:
        values: As :func:`measure` gives them.
        distances: float64 (n,), n at least :data:`FOLDS`.
        seed: Decides the folds.
    """
    # Imported here: it takes a second, which asking for --help should not.
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def predicted(kinds: Sequence[str]) -> float:
        columns = np.column_stack([values[name] for name, (kind, _) in MEASURES.items() if kind in kinds])
        columns -= columns.mean(axis=0)
        machine = make_pipeline(StandardScaler(), Ridge(RIDGE))
        folds = KFold(FOLDS, shuffle=True, random_state=seed)
        found = cross_val_predict(machine, np.column_stack([columns, columns**2]), distances, cv=folds)
        return max(0.0, 1 - float(np.mean((found - distances) ** 2) / max(distances.var(), 1e-12)))

    return Explained(predicted((GROUND, FRAMING)), predicted((GARMENT,)), predicted((GARMENT, GROUND, FRAMING)))


def compare(first: np.ndarray, second: np.ndarray) -> Crossing:
    """Returns where pictures of the same designs differ between the two sides of the plane.

    Args:
        first: The designs on the first pole's side.
        second: The same designs on the second pole's side.
    """
    sides = [to_lab(pictures) for pictures in (first, second)]
    change = np.linalg.norm(sides[1] - sides[0], axis=3)
    garments = [outline(lab) for lab in sides]
    both, either = garments[0] & garments[1], garments[0] | garments[1]
    whole = max(float(change.sum()), 1e-12)
    shares = {
        "garment": float(change[both].sum()) / whole,
        "outline": float(change[either & ~both].sum()) / whole,
        "ground": float(change[~either].sum()) / whole,
    }
    return Crossing(first.mean(axis=0), second.mean(axis=0), change.mean(axis=0), shares)


def write_changes(path: Path, changes: Sequence[Change]) -> None:
    """Writes how each measure goes with the distance, the strongest correlation first, to a CSV file atomically."""
    rows = [
        {
            "measure": change.name,
            "kind": MEASURES[change.name][0],
            "unit": MEASURES[change.name][1],
            "mean": float(change.values.mean()),
            "standard_deviation": float(change.values.std()),
            "correlation": change.correlation,
            "low": change.interval[0],
            "high": change.interval[1],
        }
        for change in sorted(changes, key=lambda change: -abs(change.correlation))
    ]
    write_csv(path, list(rows[0]), rows)


def told_shares(shares: Mapping[str, float]) -> str:
    """Returns the parts of a :class:`Crossing`'s change in words."""
    places = {"garment": "within the garment", "outline": "at its outline", "ground": "on the ground"}
    return ", ".join(f"{share:.0%} is {places[name]}" for name, share in shares.items())
