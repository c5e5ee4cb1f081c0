"""Active learning: which designs a person should label next, those whose labels would improve the plane most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from demicouture.boundary.hyperplane import FOLDS, Hyperplane, fit_hyperplane


def fit_plane(latents: np.ndarray, words: Sequence[str], poles: Sequence[str], seed: int) -> Hyperplane | None:
    """Returns the plane of the labels so far, or None where there are too few of a pole.

    Args:
        latents: float (n, latent_dim).
        words: n labels: a pole, or empty.
        poles: The two poles, sorted.
        seed: Decides the folds.
    """
    words = np.array(words)
    if len(poles) != 2 or min(int((words == pole).sum()) for pole in poles) < FOLDS:
        return None
    labelled = np.isin(words, poles)
    return fit_hyperplane(latents[labelled], words[labelled] == poles[1], seed=seed).plane


def suggest(scores: np.ndarray, distances: np.ndarray | None, by_person: np.ndarray, count: int) -> list[int]:
    """Returns the numbers of the designs to label next, the most informative first.

    Every other one is where classifier and plane contradict each other most; the others are nearest to the plane, and
    may lie on the other side of the next one. Without a plane, the classifier's least certain designs come first.

    Args:
        scores: float64 (n,) in [0, 1], the classifier's probability of the second pole; nan where there is none.
        distances: float64 (n,), signed distances from the plane; None where there is none.
        by_person: bool (n,), which designs a person has labelled; they are never suggested.
        count: How many at most.

    Source:
        Nearest to the plane: Tong and Koller, "Support Vector Machine Active Learning", JMLR 2001, the simple margin.
        The contradictions are our choice, because the classifier's labels are not to be believed blindly.
    """
    certainty = np.abs(np.nan_to_num(scores, nan=0.5) - 0.5)
    if distances is None:
        ordered = np.argsort(certainty, kind="stable")
        return [int(index) for index in ordered if not by_person[index]][:count]
    nearest = np.argsort(np.abs(distances), kind="stable")
    contradiction = np.where((scores > 0.5) != (distances > 0), certainty * np.abs(distances), 0.0)
    contradicting = [index for index in np.argsort(-contradiction, kind="stable") if contradiction[index] > 0]
    suggested: list[int] = []
    streams = [iter(contradicting), iter(nearest)]
    while len(suggested) < count and streams:
        for stream in list(streams):
            chosen = next((int(i) for i in stream if not by_person[i] and i not in suggested), None)
            if chosen is None:
                streams.remove(stream)
            elif len(suggested) < count:
                suggested.append(chosen)
    return suggested
