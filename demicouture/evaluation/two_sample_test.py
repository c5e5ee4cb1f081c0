"""Classifier two-sample test: how often a fresh linear classifier tells generated pictures from photographs.

50% would be perfect: nobody can tell. It looks at the features of :mod:`demicouture.evaluation.imagenet_features`.

Source: Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

FOLDS = 5
REGULARISATION = 0.01
"""scikit-learn's C, on standardised features. Our choice: with a hundred pictures any C separates those it has seen."""


@dataclass(frozen=True)
class TwoSampleTest:
    """How often photographs and generated pictures were told apart, held out.

    Attributes:
        accuracy: Balanced accuracy in [0, 1]; 0.5 is guessing.
        low: Lower end of Wilson's 95% interval.
        high: Its upper end.
        count: How many pictures were told apart, of both kinds.
    """

    accuracy: float
    low: float
    high: float
    count: int


def tell_apart(photographs: np.ndarray, generated: np.ndarray, seed: int = 0) -> TwoSampleTest:
    """Trains a linear classifier to tell two sets of pictures apart, and tests it on those it has not seen.

    Of the larger set as many are taken as the smaller one has, so that guessing is right in 50%.

    Args:
        photographs: float (n, dim), features.
        generated: float (m, dim), features.
        seed: Chooses which, and the folds.

    Raises:
        ValueError: A set has fewer pictures than there are folds.
    """
    scores, labels = held_out_scores(*_same_size(photographs, generated, seed), seed)
    from scipy.stats import binomtest

    right = int(((scores > 0) == labels).sum())
    interval = binomtest(right, len(labels)).proportion_ci(method="wilson")
    return TwoSampleTest(right / len(labels), float(interval.low), float(interval.high), len(labels))


def _same_size(first: np.ndarray, second: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    count = min(len(first), len(second))
    if count < FOLDS:
        raise ValueError(f"{count} pictures, expected at least {FOLDS}")
    rng = np.random.default_rng(seed)
    return tuple(some[np.sort(rng.choice(len(some), count, replace=False))] for some in (first, second))


def held_out_scores(photographs: np.ndarray, others: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Returns how photographic each picture looks to a linear classifier that has not seen it.

    Args:
        photographs: float (n, dim), features.
        others: float (m, dim), features of what is none.
        seed: Of the folds.

    Returns:
        float64 (n + m,), log-odds of being a photograph; bool (n + m,), whether it is one.
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from threadpoolctl import threadpool_limits

    labels = np.arange(len(photographs) + len(others)) < len(photographs)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    with threadpool_limits(1):  # so that the sums, and with them the last digits, do not depend on the cores
        scores = cross_val_predict(
            linear_classifier(), np.concatenate([photographs, others]), labels, cv=folds, method="decision_function"
        )
    return scores, labels


def linear_classifier() -> Pipeline:
    """Returns an untrained logistic regression on standardised features; both kinds of pictures weigh the same."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=REGULARISATION, class_weight="balanced", max_iter=1000))
