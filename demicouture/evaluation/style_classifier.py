"""The style classifier: which pole a picture belongs to, with a probability; learned from the data set's pictures.

It is logistic regression on ImageNet features, calibrated by cross-validation (Platt's sigmoid), so that of the data
set's pictures with a score of 0.7 about 70% are of the second pole. Standardisation and calibration are folded into one
linear function: the score is the logistic function of ``features · coefficients + intercept``.

How good it is, pictures say that it has not seen: those that are withheld from training or, where none are, those of
each fold in turn. How good it is on *designs* no picture can say; only a person's labels can.

What was tried, on drawn pictures and photographs, all of them or 150 (mean of six splits, log loss on held-out ones;
"noisy" has 10% of the labels flipped):

    strength C, calibration   clean, 150   clean, all   noisy, 150   noisy, all
    0.001, none                  0.19         0.08         0.39         0.36
    0.001, sigmoid               0.03         0.01         0.37         0.36
    0.001, temperature           0.08         0.01         0.37         0.36
    0.1, none                    0.03         0.01         0.52         0.61
    0.1, sigmoid                 0.03         0.01         0.42         0.44

Temperature by itself knows no bound where the poles can be separated without a fault: it makes every score 0 or 1.

Designs are softer and grainier than pictures, and a classifier that has seen sharp pictures only takes that for a pole.
Of a generator of drawn garments it called 80% of a thousand designs "collection", and of 71 designs that a person had
labelled before and that it labelled, too, it called 50 as the person did. One that also learned from softened pictures
(:func:`soften`) called 66% so, and 64 of 73. On a generator of photographs: 33 of 37, and 37 of 41. On withheld
pictures both are equally good, so those do not show it. Nor do they show much of scores in between: hardly any has one.

Source:
    Platt, "Probabilistic outputs for support vector machines", 1999, in scikit-learn's implementation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from demicouture import files
from demicouture.errors import InputError
from demicouture.evaluation.controls import blur
from demicouture.evaluation.imagenet_features import FEATURES
from demicouture.evaluation.reference import ReferenceFeatures
from demicouture.language import _

REGULARISATION = 1e-3
"""scikit-learn's C, on standardised features; see above. There are more features than pictures."""

FOLDS = 5
"""Of the calibration, and of the test where no pictures are withheld."""

WORTHY_ACCURACY = 0.8
"""Below this accuracy no label is given: one in five would be noise for the hyperplane."""

GRAIN = 12
"""Standard deviation of the noise in softened pictures, of 255 levels."""

UNSURE = (0.4, 0.6)
"""Scores between these get no label: even by its own account the classifier would be wrong on two in five."""

RELIABILITY_BINS = 5
"""Of the reliability diagram: a hundred pictures fill no more."""

ARRAYS, RECORD = FILES = ("style-classifier.npz", "style-classifier.json")
"""A classifier on disk, the record last: it holds the hash of the arrays, so that none is taken for another's."""

SPECS = {"coefficients": files.ArraySpec(float, (FEATURES,)), "intercept": files.ArraySpec(float)}

WITHHELD, CROSS_VALIDATION = "withheld pictures", "cross-validation"
"""What a classifier was measured on: the record's ``measured_on``."""

RECORDED = (
    "poles",
    "seed",
    "dataset_sha256",
    "reference_sha256",
    "trained_on",
    "softened",
    "measured_on",
    "pictures",
    "right",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "balanced_accuracy",
    "brier_score",
    "reliability",
    "arrays_sha256",
)
"""What the record must hold for a classifier to be used again."""


@dataclass(frozen=True)
class StyleClassifier:
    """A trained style classifier.

    Attributes:
        coefficients: float64 (1280,), of the features.
        intercept: Of the log-odds.
        record: What it learned from and how good it is; the content of ``style-classifier.json``: ``poles`` (sorted),
            ``seed, dataset_sha256, reference_sha256`` (see :func:`identify`), ``trained_on`` (pictures), ``softened``
            (whether it also learned from these softened), ``measured_on`` (:data:`WITHHELD` or
            :data:`CROSS_VALIDATION`), ``pictures`` (measured on), ``right`` (of them), ``accuracy, accuracy_low,
            accuracy_high`` (Wilson's 95% interval), ``balanced_accuracy`` (each pole counts half), ``brier_score,
            reliability`` (see :func:`reliability`) and, once it is saved, ``arrays_sha256``.
    """

    coefficients: np.ndarray
    intercept: float
    record: dict[str, Any]

    @property
    def poles(self) -> tuple[str, str]:
        """The two poles' names, sorted."""
        first, second = self.record["poles"]
        return first, second

    def score(self, features: np.ndarray) -> np.ndarray:
        """Returns the share of the second pole in each picture.

        Args:
            features: float (n, 1280), see :func:`demicouture.evaluation.imagenet_features.describe`.

        Returns:
            float64 (n,) in [0, 1]. Score i depends on row i alone, to the last digit.
        """
        # Not a matrix product, whose sums depend on how many rows there are.
        log_odds = (np.asarray(features, np.float64) * self.coefficients).sum(axis=1) + self.intercept
        return 0.5 * (1 + np.tanh(log_odds / 2))  # the logistic function, in the form that cannot overflow

    def label(self, scores: np.ndarray) -> list[str]:
        """Returns a pole for each score, or empty; see :func:`label_scores`."""
        return label_scores(scores, self.record)

    def save(self, folder: Path) -> None:
        """Writes :data:`FILES` to a folder, the record last."""
        files.write_arrays(folder / ARRAYS, coefficients=self.coefficients, intercept=np.float64(self.intercept))
        self.record["arrays_sha256"] = files.hash_file(folder / ARRAYS)
        files.write_record(folder / RECORD, self.record)

    @classmethod
    def load(cls, folder: Path) -> StyleClassifier | None:
        """Returns the classifier in a folder; None where no whole one lies there."""
        if (record := read_record(folder)) is None:
            return None
        try:
            coefficients, intercept = files.read_arrays(folder / ARRAYS, SPECS)
        except InputError:
            return None
        return cls(coefficients, float(intercept), record)


def read_record(folder: Path) -> dict[str, Any] | None:
    """Returns the content of ``style-classifier.json``, or None where no whole classifier lies in ``folder``."""
    try:
        record = files.read_record(folder / RECORD, *RECORDED)
        # The record is written after the arrays; a run killed in between leaves two that do not belong together.
        whole = record["arrays_sha256"] == files.hash_file(folder / ARRAYS)
    except (InputError, FileNotFoundError):
        return None
    return record if whole else None


def is_worthy(record: Mapping[str, Any]) -> bool:
    """Returns whether a classifier is accurate enough for its labels to be used; each pole counts half."""
    return record["balanced_accuracy"] >= WORTHY_ACCURACY


def label_scores(scores: np.ndarray, record: Mapping[str, Any]) -> list[str]:
    """Returns the classifier's labels: a pole for each score, or empty where it is unsure, or not accurate enough.

    Args:
        scores: float64 (n,) in [0, 1].
        record: The classifier's, the content of ``style-classifier.json``.
    """
    if not is_worthy(record):
        return [""] * len(scores)
    low, high = UNSURE
    first, second = record["poles"]
    return [first if score <= low else second if score >= high else "" for score in scores]


def soften(pictures: np.ndarray, seed: int = 0) -> np.ndarray:
    """Returns pictures blurred by one pixel (of 64) and with grain, about as soft and grainy as designs are.

    Args:
        pictures: uint8 (n, side, side, 3) in [0, 255].
        seed: Of the grain.
    """
    rng = np.random.default_rng(seed)
    softened = np.empty_like(pictures)
    for row, picture in enumerate(blur(pictures, pictures.shape[1] / 64)):
        grain = rng.standard_normal(picture.shape, np.float32) * GRAIN
        softened[row] = np.rint(picture + grain).clip(0, 255)
    return softened


def identify(reference: ReferenceFeatures) -> str:
    """Returns one hash over all that a classifier learns from and is measured on, but for softened pictures."""
    arrays = (reference.features, reference.labels, reference.withheld)
    return files.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays))


def is_usable(record: Mapping[str, Any], reference: ReferenceFeatures, seed: int, softened: bool) -> bool:
    """Returns whether a saved classifier is the one that would be trained, or a better one."""
    same = (record["reference_sha256"], record["poles"], record["seed"]) == (
        identify(reference),
        list(reference.poles),
        seed,
    )
    return same and (record["softened"] or not softened)


def train_style_classifier(
    reference: ReferenceFeatures, seed: int = 0, softened: np.ndarray | None = None
) -> StyleClassifier | None:
    """Trains the style classifier on the pictures that are not withheld, and measures it on those that are.

    Where none are withheld it learns from all, and what is measured is how such classifiers do on a fold that they have
    not seen.

    Args:
        reference: The features of the data set's pictures.
        seed: Of the folds.
        softened: float32 (m, 1280), features of the m pictures that are not withheld, softened; None: not at hand.

    Returns:
        The classifier; None where a pole has under :data:`FOLDS` pictures to learn from.
    """
    learned = ~reference.withheld
    # (pictures, versions, 1280): as it is and, perhaps, softened
    versions = [reference.features[learned]] + ([] if softened is None else [softened])
    features, labels = np.stack(versions, axis=1).astype(np.float64), reference.labels[learned]
    if np.bincount(labels, minlength=2).min() < FOLDS:
        return None
    coefficients, intercept = _fit(features, labels, seed)
    record = {
        "poles": list(reference.poles),
        "seed": seed,
        "dataset_sha256": reference.dataset_sha256,
        "reference_sha256": identify(reference),
        "trained_on": len(labels),
        "softened": softened is not None,
    }
    classifier = StyleClassifier(coefficients, intercept, record)
    if reference.withheld.any():
        scores, truth = classifier.score(reference.features[~learned]), reference.labels[~learned]
        record["measured_on"] = WITHHELD
    else:
        scores, truth = _cross_validate(features, labels, seed), labels
        record["measured_on"] = CROSS_VALIDATION
    record.update(measure_scores(scores, truth))
    return classifier


def measure_scores(scores: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Returns how good scores are: that part of :data:`RECORDED`.

    Args:
        scores: float64 (n,) in [0, 1], of pictures that the classifier has not seen.
        labels: int (n,), 0 or 1.
    """
    # Imported here: what only labels need not wait for SciPy.
    from scipy.stats import binomtest

    right = (scores >= 0.5) == labels
    interval = binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson")
    return {
        "pictures": len(right),
        "right": int(right.sum()),
        "accuracy": float(right.mean()),
        "accuracy_low": float(interval.low),
        "accuracy_high": float(interval.high),
        # With 9 to 1 pictures, guessing is no 90%.
        "balanced_accuracy": float(np.mean([right[labels == pole].mean() for pole in np.unique(labels)])),
        "brier_score": float(np.mean((scores - labels) ** 2)),
        "reliability": reliability(scores, labels),
    }


def describe_accuracy(record: Mapping[str, Any]) -> str:
    """Returns a sentence on how good a classifier is, and of what that says nothing.

    Args:
        record: The classifier's, the content of ``style-classifier.json``.
    """
    unseen = _("withheld pictures")
    if record["measured_on"] == CROSS_VALIDATION:
        unseen = _("pictures, each judged by one that had not seen it")
    sentence = _(
        "the style classifier is right on {right} of {pictures} {unseen} (95% interval {low:.0%} to "
        "{high:.0%}; Brier score {brier_score:.3f}; style-classifier.png)"
    ).format(
        right=record["right"],
        pictures=record["pictures"],
        unseen=unseen,
        low=record["accuracy_low"],
        high=record["accuracy_high"],
        brier_score=record["brier_score"],
    )
    if is_worthy(record):
        return _("{sentence}; how often on designs, only a person's labels can tell").format(sentence=sentence)
    return _(
        "{sentence}; with each pole counting half that is {balanced_accuracy:.0%}, under "
        "{worthy_accuracy:.0%}: it labels nothing"
    ).format(sentence=sentence, balanced_accuracy=record["balanced_accuracy"], worthy_accuracy=WORTHY_ACCURACY)


def reliability(scores: np.ndarray, labels: np.ndarray) -> list[dict[str, float]]:
    """Returns a reliability diagram: for pictures of about one score, the share that really is of the second pole.

    Args:
        scores: float64 (n,) in [0, 1].
        labels: int (n,), 0 or 1.

    Returns:
        For each of :data:`RELIABILITY_BINS` equal parts of [0, 1] that holds a picture: ``mean_score``, ``share`` of
        the second pole, and ``pictures``. Of a calibrated classifier the first two are alike.

    Source:
        DeGroot and Fienberg 1983.
    """
    bin_of = np.minimum((scores * RELIABILITY_BINS).astype(int), RELIABILITY_BINS - 1)
    return [
        {
            "mean_score": float(scores[members].mean()),
            "share": float(labels[members].mean()),
            "pictures": int(members.sum()),
        }
        for members in (bin_of == number for number in range(RELIABILITY_BINS))
        if members.any()
    ]


def _fit(features: np.ndarray, labels: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
    """Returns the coefficients, float64 (1280,), and the intercept, with standardisation and calibration in them.

    Args:
        features: float64 (n, versions, 1280); all versions of a picture are in one fold.
        labels: int (n,), 0 or 1.
        seed: Of the folds.
    """
    # Imported here: what only scores or labels need not wait for scikit-learn.
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    count, versions, dim = features.shape
    rows = np.arange(count * versions).reshape(count, versions)
    folds = [(rows[learned].ravel(), rows[tested].ravel()) for learned, tested in _split(labels, seed)]
    # No class weights: the sigmoid is fitted to the pictures as they are.
    regression = make_pipeline(StandardScaler(), LogisticRegression(C=REGULARISATION, max_iter=1000))
    calibration = CalibratedClassifierCV(regression, method="sigmoid", cv=folds, ensemble=False)
    with threadpool_limits(1):  # so that the sums, and with them the last digits, do not depend on the cores
        calibration.fit(features.reshape(-1, dim), labels.repeat(versions))
    calibrated = calibration.calibrated_classifiers_[0]
    scaler, machine = calibrated.estimator[0], calibrated.estimator[1]
    weights = machine.coef_[0] / scaler.scale_
    intercept = machine.intercept_[0] - (scaler.mean_ * weights).sum()
    sigmoid = calibrated.calibrators[0]  # 1 / (1 + exp(a · log-odds + b))
    return -sigmoid.a_ * weights, float(-sigmoid.a_ * intercept - sigmoid.b_)


def _cross_validate(features: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
    """Returns the score of each picture as it is, float64 (n,), by a classifier that learned from the other folds."""
    scores = np.empty(len(labels))
    for learned, tested in _split(labels, seed):
        classifier = StyleClassifier(*_fit(features[learned], labels[learned], seed), {})
        scores[tested] = classifier.score(features[tested, 0])
    return scores


def _split(labels: np.ndarray, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import StratifiedKFold

    folds = min(FOLDS, int(np.bincount(labels).min()))
    return list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(labels[:, np.newaxis], labels))
