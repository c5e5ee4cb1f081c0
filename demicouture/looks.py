"""What a cut picture looks like, in numbers; and what is learned from them in seconds, without a network.

The descriptor is a histogram of oriented gradients (Dalal and Triggs, "Histograms of Oriented Gradients for Human
Detection", CVPR 2005) beside a coarse colour picture. It is taken after the ground was painted over, so that it tells
of the garment.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

SIDE = 64
CELL = 8
ORIENTATIONS = 9
COLOUR_SIDE = 8
GREY = 225

FOLDS = 5
FEWEST_EXAMPLES = 20
COMPONENTS = 60


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
    reduce = PCA(min(COMPONENTS, features), whiten=True, svd_solver="full")
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
    return sigmoid.predict_proba(margins[:, None])[:, 1], balanced_accuracy(held_out > 0, truth)


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
    components = min(COMPONENTS, len(labels) * (FOLDS - 1) // FOLDS - 1)
    classifier = make_pipeline(
        StandardScaler(),
        PCA(components, svd_solver="full"),
        LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
    )
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    return cross_val_predict(classifier, descriptors, labels, cv=folds, method="predict_proba")[:, 1]


TOO_LIKE = 20.0


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


# -- does the ground tell the poles apart? ---------------------------------------------------------------------------

FRAME = 0.06
LEAK = 0.8
MOST_CHECKED = 2000


def check_leaks(cuts: np.ndarray, sizes: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Returns how well a trivial classifier tells the poles apart from what is no garment.

    Args:
        cuts: uint8 (n, side, side, 3) in [0, 255], the pictures of the data set.
        sizes: int (n, 2), width and height of the originals in pixels.
        labels: int (n,): 0 for the first pole, 1 for the second.

    Returns:
        Held-out balanced accuracy from the ``border`` pixels alone, from the original's ``size`` alone, from the
        ``mean colour`` alone, and, to compare, from the ``middle`` of the picture; 0.5 is guessing.
    """
    small = np.stack([cv2.resize(cut, (32, 32), interpolation=cv2.INTER_AREA) for cut in cuts]).astype(np.float32)
    depth = max(1, round(FRAME * 32))
    frame = np.zeros((32, 32), bool)
    frame[:depth] = frame[-depth:] = frame[:, :depth] = frame[:, -depth:] = True
    middle = small[:, 8:24, 8:24].reshape(len(small), 8, 2, 8, 2, 3).mean(axis=(2, 4))
    proportions = np.column_stack([sizes, sizes[:, :1] / sizes[:, 1:]]).astype(np.float64)
    features = {
        "border": small[:, frame].reshape(len(small), -1),
        "size": proportions,
        "mean colour": small.mean(axis=(1, 2)),
        "middle": middle.reshape(len(small), -1),
    }
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    found = {}
    for name, values in features.items():
        classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=1000))
        found[name] = balanced_accuracy(cross_val_predict(classifier, values, labels, cv=folds), labels)
    return found
