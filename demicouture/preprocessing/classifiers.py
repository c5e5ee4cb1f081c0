"""Classifiers of pictures' descriptors, fitted in seconds: is it a top, and which pole does it look like?

Every answer about a picture comes from a classifier that did not learn from that picture. One thread each, because
sums in another order differ in their last digits, and a table shall not depend on the number of cores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from sklearn.decomposition import PCA
    from sklearn.model_selection import StratifiedKFold

# scikit-learn is imported by the functions: it takes two seconds, and every worker process imports this module.

FEWEST_EXAMPLES = 20
"""Of tops and of other things. With fewer, a held-out accuracy says hardly anything, and so does the classifier."""

FOLDS = 5
"""Parts of the pictures; each is answered for by a classifier that learned from the other four."""

COMPONENTS = 60
"""Principal components that are kept. With 285 drawn examples 60 did as well as all 768 numbers."""


def _reduction(pictures: int, whiten: bool) -> PCA:
    from sklearn.decomposition import PCA

    # Which of the two is the faster one turns about where there are as many pictures as numbers.
    solver = "covariance_eigh" if pictures > 768 else "full"
    return PCA(min(COMPONENTS, pictures - 1), whiten=whiten, svd_solver=solver)


def _folds() -> StratifiedKFold:
    from sklearn.model_selection import StratifiedKFold

    return StratifiedKFold(FOLDS, shuffle=True, random_state=0)


@threadpool_limits.wrap(limits=1)
def top_probabilities(
    descriptors: np.ndarray, known: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, float] | None:
    """Returns how surely each picture is a top, learned from those of which it is known.

    Args:
        descriptors: uint8 (n, 768), as :func:`describe` gives them.
        known: bool (n,): of which pictures it is known.
        labels: bool (n,): whether a known picture is a top; elsewhere of no meaning.

    Returns:
        float64 (n,) in [0, 1], each by a classifier that did not learn from that picture, and the balanced accuracy on
        the known ones; None where there are fewer than FEWEST_EXAMPLES known tops or known others.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    truth = labels[known]
    if min(truth.sum(), (~truth).sum()) < FEWEST_EXAMPLES:
        return None
    components = _reduction(int(known.sum()) * (FOLDS - 1) // FOLDS, whiten=True)
    classifier = make_pipeline(StandardScaler(), components, SVC(C=1.0, class_weight="balanced"))
    held_out = cross_val_predict(classifier, descriptors[known], truth, cv=_folds(), method="decision_function")
    # Platt's sigmoid, fitted on held-out margins: those of the fitting pictures themselves are too sure.
    sigmoid = LogisticRegression(class_weight="balanced").fit(held_out[:, None], truth)
    margins = np.empty(len(descriptors))
    margins[known] = held_out
    if (~known).any():
        margins[~known] = classifier.fit(descriptors[known], truth).decision_function(descriptors[~known])
    scores = sigmoid.predict_proba(margins[:, None])[:, 1]
    return scores, float(balanced_accuracy_score(truth, scores[known] > 0.5))


@threadpool_limits.wrap(limits=1)
def style_probabilities(descriptors: np.ndarray, labels: np.ndarray) -> np.ndarray | None:
    """Returns how much each picture looks like the second pole, by a classifier that did not learn from it.

    Args:
        descriptors: uint8 (n, 768).
        labels: int (n,): 0 for the first pole, 1 for the second.

    Returns:
        float64 (n,) in [0, 1]; None where a pole has fewer than FOLDS pictures.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if np.bincount(labels, minlength=2).min() < FOLDS:
        return None
    # The components see no labels, so they may be worked out once for all folds: a seventh of the time.
    reduce = make_pipeline(StandardScaler(), _reduction(len(labels), whiten=False))
    reduced = reduce.fit_transform(descriptors.astype(np.float32))
    classifier = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    return cross_val_predict(classifier, reduced, labels, cv=_folds(), method="predict_proba")[:, 1]


@threadpool_limits.wrap(limits=1)
def held_out_accuracy(values: np.ndarray, labels: np.ndarray) -> float:
    """Returns the balanced held-out accuracy of a logistic regression between two kinds; 0.5 is guessing.

    Args:
        values: float (n, m).
        labels: int (n,): 0 or 1, at least FOLDS of each.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    # Little weight to each of up to two hundred colours: with as many pictures a free one would fit noise.
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=1000))
    return float(balanced_accuracy_score(labels, cross_val_predict(classifier, values, labels, cv=_folds())))
