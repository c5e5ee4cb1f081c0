"""Which designs look most like photographs: a rank among the designs, to choose and to sort by, never a certificate.

A linear classifier on ImageNet features learns what photographs are, as against designs and controls: photographs that
were blurred, cross-faded, shuffled and so on, and noise. Each design is scored by a classifier that has not seen it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from demicouture.evaluation.two_sample_test import held_out_scores, linear_classifier


def rank_designs(designs: np.ndarray, photographs: np.ndarray, controls: np.ndarray, seed: int = 0) -> np.ndarray:
    """Returns each design's rank among all designs, float64 (n,) in [0, 1]; 1 looks most like a photograph.

    Args:
        designs: float (n, dim), features.
        photographs: float (m, dim), features of photographs.
        controls: float (k, dim), features of what no generator should draw.
        seed: Of the folds.
    """
    scores, _ = held_out_scores(photographs, np.concatenate([designs, controls]), seed)
    return rank(scores[len(photographs) : len(photographs) + len(designs)])


def fit_scorer(
    designs: np.ndarray, photographs: np.ndarray, controls: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """Trains the classifier once, to score many designs that it has not seen; see :func:`rank_designs`.

    Args:
        designs: float (n, dim), features of others than those that are to be scored.
        photographs: float (m, dim), features of photographs.
        controls: float (k, dim), features of what no generator should draw.

    Returns:
        A function that maps features, float (any, dim), to log-odds of being a photograph, float64 (any,).
    """
    from threadpoolctl import threadpool_limits

    features = np.concatenate([photographs, designs, controls]).astype(np.float64)
    with threadpool_limits(1):  # so that the sums, and with them the last digits, do not depend on the cores
        scaler, machine = linear_classifier().fit(features, np.arange(len(features)) < len(photographs))
    # Not a matrix product, whose sums depend on how many rows there are.
    weights = machine.coef_[0] / scaler.scale_
    return lambda some: ((some - scaler.mean_) * weights).sum(axis=1) + machine.intercept_[0]


def rank(scores: np.ndarray) -> np.ndarray:
    """Returns each score's rank among all of them, float64 (n,) in [0, 1]; 1 is the highest."""
    return scores.argsort(kind="stable").argsort(kind="stable") / max(1, len(scores) - 1)
