"""Attributes of pictures (colour, shape, framing, background), and how they change across the hyperplane.

A generator gives each latent a picture, so a direction in latent space is a change of pictures. Whether the garment
changes, or the background and the framing, does not follow from any accuracy; here it is measured.

Pictures are uint8 (n, size, size, 3) in [0, 255] throughout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from demicouture.boundary.hyperplane import FOLDS
from demicouture.files import write_csv
from demicouture.language import N_, _

GARMENT, FRAMING, BACKGROUND = N_("garment"), N_("framing"), N_("background")
"""The kinds of attributes."""

ATTRIBUTES = {
    N_("lightness"): (GARMENT, "L*"),
    N_("contrast"): (GARMENT, "L*"),
    N_("colourfulness"): (GARMENT, "C*"),
    N_("green to red"): (GARMENT, "a*"),
    N_("blue to yellow"): (GARMENT, "b*"),
    N_("detail"): (GARMENT, N_("L* a pixel")),
    N_("symmetry"): (GARMENT, N_("share")),
    N_("width at the shoulders"): (GARMENT, N_("heights")),
    N_("width at the middle"): (GARMENT, N_("heights")),
    N_("width at the hem"): (GARMENT, N_("heights")),
    N_("height"): (FRAMING, N_("pictures")),
    N_("centre, left to right"): (FRAMING, N_("pictures")),
    N_("centre, top to bottom"): (FRAMING, N_("pictures")),
    N_("cut off above"): (FRAMING, N_("share of the edge")),
    N_("cut off below"): (FRAMING, N_("share of the edge")),
    N_("cut off at the sides"): (FRAMING, N_("share of the edge")),
    N_("background's lightness"): (BACKGROUND, "L*"),
    N_("background, green to red"): (BACKGROUND, "a*"),
    N_("background, blue to yellow"): (BACKGROUND, "b*"),
    N_("background's unevenness"): (BACKGROUND, "L*"),
}
"""Each attribute's kind and unit. Widths are those of the outline, in parts of its own height: they do not change where
a garment is only nearer."""

CORNER = 1 / 8
"""The side of the two upper corners, in sides of the picture, whose median is taken for the background's colour: the
last place for a garment, and where a figure that is cut off below does not reach."""

FOREGROUND_DIFFERENCE = 12.0
"""From this difference in L*a*b* on, a pixel is not background: 1 is just noticeable, and generated backgrounds have
noise of 3 to 5."""

CHANCE = 0.05
"""The probability of calling any attribute's correlation more than chance where none is, whatever their number."""

ATTRIBUTE_RIDGE = 1.0
"""For standardised attributes and hundreds of pictures: just enough that two that agree share the weight."""


@dataclass(frozen=True)
class Change:
    """The correlation of an attribute with the distance from the plane.

    Attributes:
        name: Of :data:`ATTRIBUTES`.
        values: float64 (n,), one for each picture.
        correlation: Pearson's, with the signed distance; 0 where the attribute does not vary.
        interval: The correlation's 95% interval, its own: of twenty, one misses the truth.
        p_value: The correlation's, after Holm's correction for all that were measured.
    """

    name: str
    values: np.ndarray
    correlation: float
    interval: tuple[float, float]
    p_value: float

    @property
    def is_clear(self) -> bool:
        """Whether the correlation is more than chance, although many attributes were tried."""
        return self.p_value < CHANCE


@dataclass(frozen=True)
class ExplainedVariance:
    """How well attributes predict the distance from the plane: R², on pictures held out of the fit.

    Attributes:
        surroundings: By background and framing alone.
        garment: By the garment's own attributes alone.
        both: By all together.
    """

    surroundings: float
    garment: float
    both: float

    @property
    def sentence(self) -> str:
        """What each kind explains: at least what the other cannot, at most what it does alone."""
        surroundings = _range(self.both - self.garment, self.surroundings)
        garment = _range(self.both - self.surroundings, self.garment)
        return _(
            "background and framing explain {surroundings} of the differences between designs in their "
            "distance from the plane, the garment's own measures {garment}, {neither:.0%} neither"
        ).format(surroundings=surroundings, garment=garment, neither=1 - self.both)


@dataclass(frozen=True)
class PictureChange:
    """The same designs on both sides of the plane, and where their pictures differ.

    Attributes:
        first: float64 (size, size, 3) in [0, 255], the mean picture on the first pole's side.
        second: The same on the second pole's side.
        heat: float64 (size, size), how much a pixel changes, as the mean difference in L*a*b*.
        shares: Of all change, the parts within the garment, at its outline (garment on one side of the plane,
            background on the other) and in the background; together 1.
    """

    first: np.ndarray
    second: np.ndarray
    heat: np.ndarray
    shares: dict[str, float]


def _range(low: float, high: float) -> str:
    # Held out, two kinds together may explain a little less than one alone, or more than both add up to.
    low, high = sorted((max(0.0, low), high))
    return (
        _("{low:.0%} to {high:.0%}").format(low=low, high=high)
        if high - low >= 0.01
        else _("about {high:.0%}").format(high=high)
    )


def to_lab(pictures: np.ndarray) -> np.ndarray:
    """Returns CIE L*a*b*, float32 (n, size, size, 3): L* in [0, 100], a* and b* about [-100, 100]."""
    return np.stack([cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2Lab) for picture in pictures])


def foreground(lab: np.ndarray) -> np.ndarray:
    """Returns the mask of the garment or figure, bool (n, size, size): what differs from the upper corners' colour."""
    size = lab.shape[1]
    corner = max(1, round(size * CORNER))
    corners = np.concatenate([lab[:, :corner, :corner], lab[:, :corner, -corner:]], axis=2)
    background = np.median(corners.reshape(len(lab), -1, 3), axis=1)
    differences = np.linalg.norm(lab - background[:, np.newaxis, np.newaxis], axis=3)
    return np.stack([_clean((one > FOREGROUND_DIFFERENCE).astype(np.uint8)) for one in differences])


def _clean(inside: np.ndarray) -> np.ndarray:
    # A median of nine pixels removes the noise and leaves edges where they are. A white print has the background's
    # colour, and yet is garment: gaps are closed, and holes are filled.
    reach = 2 * (len(inside) // 32) + 1
    inside = cv2.medianBlur(inside, 3)
    inside = cv2.morphologyEx(inside, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    framed = cv2.copyMakeBorder(1 - inside, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    _, pieces = cv2.connectedComponents(framed, connectivity=4)
    return (pieces != pieces[0, 0])[1:-1, 1:-1]


def measure(pictures: np.ndarray) -> dict[str, np.ndarray]:
    """Returns all :data:`ATTRIBUTES` of pictures, float64 (n,) each; of the garment 0 where there is none."""
    lab = to_lab(pictures).astype(np.float64)
    rows = [_measure_one(*both) for both in zip(lab, foreground(lab), strict=True)]
    return {name: np.array([row[name] for row in rows]) for name in ATTRIBUTES}


def _measure_one(lab: np.ndarray, inside: np.ndarray) -> dict[str, float]:
    size = len(lab)
    found = dict.fromkeys(ATTRIBUTES, 0.0)
    if not inside.all():
        names = ("background's lightness", "background, green to red", "background, blue to yellow")
        found |= _colours(lab[~inside], *names)
        found["background's unevenness"] = float(lab[~inside][:, 0].std())
    if not inside.any():
        return found
    garment = lab[inside]
    found |= _colours(garment, "lightness", "green to red", "blue to yellow")
    found["contrast"] = float(garment[:, 0].std())
    found["colourfulness"] = float(np.hypot(garment[:, 1], garment[:, 2]).mean())
    steps = np.abs(np.diff(lab[..., 0], axis=1))
    side_by_side = inside[:, 1:] & inside[:, :-1]  # Of a garment of single pixels there are none.
    found["detail"] = float(steps[side_by_side].mean()) if side_by_side.any() else 0.0
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
    """Returns how each attribute correlates with the signed distance.

    Args:
        values: As :func:`measure` gives them.
        distances: float64 (n,), n at least 4.
    """
    from scipy.stats import norm, pearsonr

    found, p_values = [], []
    for name, column in values.items():
        if column.std() > 1e-9 and distances.std() > 1e-9:
            result = pearsonr(column, distances)
            found.append((name, column, float(result.statistic), tuple(map(float, result.confidence_interval()))))
            p_values.append(float(result.pvalue))
        else:  # pearsonr has no answer; as if it were 0.
            half = float(np.tanh(norm.ppf(0.975) / np.sqrt(len(column) - 3)))
            found.append((name, column, 0.0, (-half, half)))
            p_values.append(1.0)
    return [Change(*one, float(p)) for one, p in zip(found, holm(np.array(p_values)), strict=True)]


def holm(p_values: np.ndarray) -> np.ndarray:
    """Returns p-values corrected for their number m, float64 (m,).

    The smallest is multiplied by m, the next by m − 1, and so on; none becomes smaller than the one before it. Where
    those below 0.05 are believed, the chance of believing any that is none is 0.05 at most, whatever they have to do
    with one another.

    Source:
        Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics, 1979.
    """
    order = np.argsort(p_values, kind="stable")
    multiplied = p_values[order] * np.arange(len(p_values), 0, -1)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(np.maximum.accumulate(multiplied), 1.0)
    return corrected


def explain(values: dict[str, np.ndarray], distances: np.ndarray, seed: int) -> ExplainedVariance:
    """Returns how well background and framing predict the distances, how well the garment does, and both together.

    By ridge regression on attributes and their squares (a background may be extreme on both sides), in five folds.

    Args:
        values: As :func:`measure` gives them.
        distances: float64 (n,), n at least :data:`FOLDS`.
        seed: Decides the folds.
    """
    # Imported here: it takes a second, which --help should not.
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def predicted(kinds: Sequence[str]) -> float:
        columns = np.column_stack([values[name] for name, (kind, _) in ATTRIBUTES.items() if kind in kinds])
        columns -= columns.mean(axis=0)
        model = make_pipeline(StandardScaler(), Ridge(ATTRIBUTE_RIDGE))
        folds = KFold(FOLDS, shuffle=True, random_state=seed)
        found = cross_val_predict(model, np.column_stack([columns, columns**2]), distances, cv=folds)
        return max(0.0, 1 - float(np.mean((found - distances) ** 2) / max(distances.var(), 1e-12)))

    kinds = ((BACKGROUND, FRAMING), (GARMENT,), (GARMENT, BACKGROUND, FRAMING))
    return ExplainedVariance(*map(predicted, kinds))


def compare(first: np.ndarray, second: np.ndarray) -> PictureChange:
    """Returns where pictures of the same designs differ between the two sides of the plane.

    Args:
        first: The designs on the first pole's side.
        second: The same designs on the second pole's side.
    """
    sides = [to_lab(pictures) for pictures in (first, second)]
    change = np.linalg.norm(sides[1] - sides[0], axis=3)
    garments = [foreground(lab) for lab in sides]
    both, either = garments[0] & garments[1], garments[0] | garments[1]
    whole = max(float(change.sum()), 1e-12)
    shares = {
        "garment": float(change[both].sum()) / whole,
        "outline": float(change[either & ~both].sum()) / whole,
        "background": float(change[~either].sum()) / whole,
    }
    return PictureChange(first.mean(axis=0), second.mean(axis=0), change.mean(axis=0), shares)


def write_changes(path: Path, changes: Sequence[Change]) -> None:
    """Writes each attribute's correlation with the distance, the strongest first, to a CSV file atomically."""
    rows = [
        {
            "attribute": change.name,
            "kind": ATTRIBUTES[change.name][0],
            "unit": ATTRIBUTES[change.name][1],
            "mean": float(change.values.mean()),
            "standard_deviation": float(change.values.std()),
            "correlation": change.correlation,
            "low": change.interval[0],
            "high": change.interval[1],
            "holm_p_value": change.p_value,
        }
        for change in sorted(changes, key=lambda change: -abs(change.correlation))
    ]
    write_csv(path, list(rows[0]), rows)


def describe_changes(changes: Sequence[Change]) -> str:
    """Returns how many attributes change with the distance by more than chance, and the most, in one sentence."""
    clear = sorted((change for change in changes if change.is_clear), key=lambda change: -abs(change.correlation))
    most = ", ".join(f"{_(change.name)} {change.correlation:+.2f}" for change in clear[:3])
    return _(
        "{clear} of {total} attributes change with the distance by more than chance (p < {chance} "
        "after Holm's correction){most_of_all}"
    ).format(
        clear=len(clear),
        total=len(changes),
        chance=CHANCE,
        most_of_all=_("; most of all {most}").format(most=most) if clear else "",
    )


def format_shares(shares: Mapping[str, float]) -> str:
    """Returns the shares of a :class:`PictureChange` in words."""
    places = {"garment": _("within the garment"), "outline": _("at its outline"), "background": _("in the background")}
    return ", ".join(
        _("{share:.0%} is {place}").format(share=share, place=places[name]) for name, share in shares.items()
    )
