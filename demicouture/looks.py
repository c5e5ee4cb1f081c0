"""What a cut picture looks like, in numbers; and what is learned from them in seconds, without a network.

The descriptor is a histogram of oriented gradients (Dalal and Triggs, "Histograms of Oriented Gradients for Human
Detection", CVPR 2005) beside a coarse colour picture. It is taken after the ground was painted over, so that it tells
of the garment.
"""

from __future__ import annotations

import cv2
import numpy as np
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

SIDE, CELL, ORIENTATIONS = 64, 8, 9
"""Pixels of the picture's side, pixels of a cell's side, and directions in half a turn: Dalal and Triggs' cells."""

COLOUR_SIDE = 8
"""Colours along a side: where the garment is dark or red, not what is printed on it."""

GREY = 225
"""The level of what is no garment. Any would do, as long as it is always the same."""

FOLDS = 5
"""Parts of the pictures; each is answered for by a classifier that learned from the other four."""

FEWEST_EXAMPLES = 20
"""Of either kind. With fewer, a held-out accuracy says hardly anything, and so does the classifier."""

COMPONENTS = 60
"""Principal components that are kept. With 285 drawn examples 60 did as well as all 768 numbers."""

TOO_LIKE = 17.5
"""Root mean square difference of two descriptors, in levels of 255, below which two pictures are too like. Of 760
photographs of tops 6 are so like another that was chosen: plain shirts of one cut and colour. At 20 it would be 32,
many of them plainly two garments."""


def describe(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Returns what a square picture looks like without its ground.

    Args:
        pixels: RGB, uint8 (side, side, 3) in [0, 255].
        mask: float32 (side, side) in [0, 1], 1 on the garment.

    Returns:
        uint8 (768,): 8×8 cells of 9 orientations, then 8×8 colours in CIE L*a*b*.
    """
    alpha = cv2.resize(mask.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)[..., None]
    small = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    laid = (alpha * small + (1 - alpha) * GREY).astype(np.uint8)
    lab = cv2.cvtColor(laid, cv2.COLOR_RGB2Lab)
    colours = cv2.resize(lab, (COLOUR_SIDE, COLOUR_SIDE), interpolation=cv2.INTER_AREA)
    return np.concatenate([_orientations(lab[..., 0].astype(np.float32)), colours.ravel()])


def _orientations(light: np.ndarray) -> np.ndarray:
    down, across = np.gradient(light)
    strength = np.hypot(across, down)
    # Unsigned: a dark garment on grey and a light one have the same outline.
    angle = np.mod(np.arctan2(down, across), np.pi) / np.pi * ORIENTATIONS
    low = np.floor(angle).astype(int)
    share = angle - low
    cells = SIDE // CELL
    cell = np.arange(SIDE) // CELL
    place = (cell[:, None] * cells + cell[None, :]) * ORIENTATIONS
    count = cells * cells * ORIENTATIONS
    histogram = sum(
        np.bincount((place + np.mod(low + step, ORIENTATIONS)).ravel(), (strength * weight).ravel(), count)
        for step, weight in ((0, 1 - share), (1, share))
    ).reshape(cells * cells, ORIENTATIONS)
    norm = np.linalg.norm(histogram, axis=1, keepdims=True)
    # The constant keeps noise in an even cell from looking like an edge.
    return (
        np.clip(np.rint(255 * histogram / (norm + 0.05 * strength.max() * CELL * CELL + 1e-6)), 0, 255)
        .astype(np.uint8)
        .ravel()
    )


def learn(features: int) -> Pipeline:
    """Returns a classifier of descriptors, not fitted yet: whitened principal components, and an SVM."""
    reduce = PCA(min(COMPONENTS, features), whiten=True, svd_solver="covariance_eigh")
    return make_pipeline(StandardScaler(), reduce, SVC(C=1.0, class_weight="balanced"))


def score_tops(descriptors: np.ndarray, known: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, float] | None:
    """Returns how surely each picture is a top, learned from those of which it is known.

    Args:
        descriptors: uint8 (n, 768), as :func:`describe` gives them.
        known: bool (n,): of which pictures it is known.
        labels: bool (n,): whether a known picture is a top; elsewhere of no meaning.

    Returns:
        float64 (n,) in [0, 1], each by a classifier that did not learn from that picture, and the balanced accuracy on
        the known ones; None where there are fewer than FEWEST_EXAMPLES known tops or known others.
    """
    truth = labels[known]
    if min(truth.sum(), (~truth).sum()) < FEWEST_EXAMPLES:
        return None
    classifier = learn(int(known.sum() * (FOLDS - 1) / FOLDS) - 1)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    held_out = cross_val_predict(classifier, descriptors[known], truth, cv=folds, method="decision_function")
    # Platt's sigmoid, fitted on held-out margins: those of the fitting pictures themselves are too sure.
    sigmoid = LogisticRegression(class_weight="balanced").fit(held_out[:, None], truth)
    margins = np.empty(len(descriptors))
    margins[known] = held_out
    if (~known).any():
        margins[~known] = classifier.fit(descriptors[known], truth).decision_function(descriptors[~known])
    scores = sigmoid.predict_proba(margins[:, None])[:, 1]
    return scores, balanced_accuracy(scores[known] > 0.5, truth)


def style_scores(descriptors: np.ndarray, labels: np.ndarray) -> np.ndarray | None:
    """Returns how much each picture looks like the second pole, by a classifier that did not learn from it.

    Args:
        descriptors: uint8 (n, 768).
        labels: int (n,): 0 for the first pole, 1 for the second.

    Returns:
        float64 (n,) in [0, 1]; None where a pole has fewer than FOLDS pictures.
    """
    if np.bincount(labels, minlength=2).min() < FOLDS:
        return None
    # The components see no labels, so they may be worked out once for all folds: a seventh of the time.
    reduce = make_pipeline(StandardScaler(), PCA(min(COMPONENTS, len(labels)), svd_solver="covariance_eigh"))
    reduced = reduce.fit_transform(descriptors.astype(np.float32))
    classifier = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    return cross_val_predict(classifier, reduced, labels, cv=folds, method="predict_proba")[:, 1]


def find_like(descriptor: np.ndarray, others: np.ndarray) -> int | None:
    """Returns which of the others a picture is too like, the likest; None where it is like none of them.

    Args:
        descriptor: float32 (768,).
        others: float32 (n, 768).
    """
    if not len(others):
        return None
    distances = np.sqrt(np.mean((others - descriptor) ** 2, axis=1))
    nearest = int(np.argmin(distances))
    return nearest if distances[nearest] < TOO_LIKE else None


def balanced_accuracy(guesses: np.ndarray, truth: np.ndarray) -> float:
    """Returns the share of right answers, both kinds counting alike."""
    return float(np.mean([(guesses == truth)[truth == kind].mean() for kind in np.unique(truth)]))
