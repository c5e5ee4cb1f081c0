"""The hyperplane's place along its normal: where a design is as likely labelled with the one pole as with the other.

The support vector machine's own intercept is no such place. It weighs both poles alike, so that the rarer one is not
given away; where labels are wrong, that moves the plane into the commoner one. So a logistic curve is fitted to the
labels over positions along the normal, without class weights, and the plane is laid where the curve is at one half. The
positions are those of designs that were held out: a plane knows the side of each design that it was fitted to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PLACE_FOLDS = 10
"""Folds for the held-out positions. A normal from fewer designs is further from the true one, and along it the place
where the chance is one half lies further out than along the plane's own normal. With 1,000 labels a fold's normal had a
cosine with the true one of 0.95 to 0.99 times the plane's own with 5 folds, 0.97 to 0.998 with 10."""

MOST_WRONG = 0.3
"""The largest share of wrong labels that is considered: beyond it a curve is hardly distinguished from a flat line."""

STEEPEST = 50.0
"""The steepest slope, per standard deviation of the positions: a curve that rises within a fiftieth of it is a step."""

CLEAR_GAIN = 1.92
"""The log-likelihood that the curve has to gain over a constant chance: half the 95% point of chi-squared with one
degree of freedom. Below it the labels do not clearly depend on the position, so there is no place of one half."""


@dataclass(frozen=True)
class LabelCurve:
    """The chance of the second pole's label over positions x: wrong + (1 − 2·wrong) · logistic(slope · (x − middle)).

    Attributes:
        middle: The position at which the chance is one half.
        slope: In 1 / the positions' unit; 0 where the chance does not rise.
        wrong: The share of wrong labels, of either pole: it keeps the curve from 0 and 1 far from the middle.
        gain: The log-likelihood, over that of a constant chance.
    """

    middle: float
    slope: float
    wrong: float
    gain: float


def fit_label_curve(positions: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> LabelCurve:
    """Fits the chance of the second pole's label over positions along the normal, by maximum likelihood.

    The share of wrong labels is fitted too. Without it a few wrong labels far from the middle flatten the curve, and
    where one pole is rare that moves the middle: with 1,000 labels, 10% of the second pole and 10% wrong, 69% of the
    points on the plane were of the second pole in truth, with it 50% (16 planted planes).

    Args:
        positions: float64 (repeats, n), of designs that were held out of the fit of the normal, several times over.
        labels: bool (n,), of both kinds.
        weights: float64 (n,), how much each label counts; None counts all alike.

    Source:
        Platt, "Probabilistic Outputs for Support Vector Machines and Comparisons to Regularized Likelihood Methods", in
        Advances in Large Margin Classifiers, 2000, for the logistic fit to what was held out. Copas, "Binary Regression
        Models for Contaminated Data", Journal of the Royal Statistical Society B, 1988, for the share of wrong labels.
    """
    # Imported here: it takes a moment, which --help should not.
    from scipy.optimize import minimize
    from scipy.special import expit

    repeats, count = positions.shape
    weights = np.ones(count) if weights is None else weights
    share = float(weights[labels].sum() / weights.sum())
    # However often a design was held out, its label counts once.
    weights = np.tile(weights * count / weights.sum(), repeats) / repeats
    unit = float(positions.std()) or 1.0
    x, y = positions.ravel() / unit, np.tile(labels, repeats).astype(np.float64)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        slope, height, wrong = parameters
        rise = expit(slope * x + height)
        # Bounded away from 0 and 1, where a label that is sure and wrong would cost infinitely much.
        chance = np.clip(wrong + (1 - 2 * wrong) * rise, 1e-12, 1 - 1e-12)
        by_chance = weights * (chance - y) / (chance * (1 - chance))
        by_rise = by_chance * (1 - 2 * wrong) * rise * (1 - rise)
        value = -(weights * np.log(np.where(y > 0, chance, 1 - chance))).sum()
        # No scalar products: for vectors of this length BLAS' own threads wait for one another.
        return float(value), np.array([(by_rise * x).sum(), by_rise.sum(), (by_chance * (1 - 2 * rise)).sum()])

    # With wrong labels the likelihood may have two maxima: a flat curve without, and a steep one with them.
    starts = ((1.0, 0.0, 0.0), (2.0, 0.0, 0.05), (3.0, -3.0, 0.1), (3.0, 3.0, 0.1))
    bounds = ((0.0, STEEPEST), (None, None), (0.0, MOST_WRONG))
    fits = [minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds) for start in starts]
    best = min(fits, key=lambda fit: fit.fun)
    slope, height, wrong = (float(value) for value in best.x)
    constant = -count * (share * np.log(share) + (1 - share) * np.log(1 - share))
    middle = -height / slope * unit if slope > 0 else float("nan")
    return LabelCurve(middle, slope / unit, wrong, float(constant - best.fun))


def find_middle(positions: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> float | None:
    """Returns the position at which the chance of either label is one half.

    None where there is no such position among the designs: the labels do not clearly depend on the position, or all
    designs lie where one pole is the likelier one.

    Args:
        positions: float64 (repeats, n), of designs that were held out of the fit of the normal.
        labels: bool (n,), of both kinds.
        weights: float64 (n,), how much each label counts; None counts all alike.
    """
    curve = fit_label_curve(positions, labels, weights)
    if curve.slope <= 0 or curve.gain < CLEAR_GAIN or not positions.min() < curve.middle < positions.max():
        return None
    return curve.middle
