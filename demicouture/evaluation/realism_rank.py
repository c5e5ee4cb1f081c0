"""Which designs look most like photographs: a rank among the designs, to choose and to sort by, never a certificate.

A linear classifier on ImageNet features learns what photographs are, as against designs and controls: photographs that
were blurred, cross-faded, shuffled and so on, and noise. Each design is scored by a classifier that has not seen it.
"""

from __future__ import annotations

import numpy as np

from demicouture.evaluation.two_sample_test import held_out_scores


def rank_designs(designs: np.ndarray, photographs: np.ndarray, controls: np.ndarray, seed: int = 0) -> np.ndarray:
    """Returns each design's rank among all designs, float64 (n,) in [0, 1]; 1 looks most like a photograph.

    Args:
        designs: float (n, dim), features.
        photographs: float (m, dim), features of photographs.
        controls: float (k, dim), features of what no generator should draw.
        seed: Of the folds.
    """
    scores, _ = held_out_scores(photographs, np.concatenate([designs, controls]), seed)
    scores = scores[len(photographs) : len(photographs) + len(designs)]
    return scores.argsort(kind="stable").argsort(kind="stable") / max(1, len(designs) - 1)
