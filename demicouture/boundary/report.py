"""The content of ``report.json``: what the labels are, how far to trust the plane, what a person's labels change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from demicouture.boundary import hyperplane, style_scores, validation
from demicouture.commands import command
from demicouture.designs.designs import Designs
from demicouture.errors import InputError
from demicouture.language import _

PHOTOGRAPHS, DESIGNS = SOURCES = ("photographs", "designs")
"""What a plane can be fitted on."""

FEWEST_LABELS = 2 * hyperplane.FOLDS
"""Of each pole: nested folds deal them out twice."""


@dataclass(frozen=True)
class Effort:
    """How much is computed for a report.

    Attributes:
        classifiers: The classifiers that are compared, the linear SVM and the curved one at least.
        repeats: Splits into folds that are averaged, at most.
        permutations: Shuffles in the permutation test.
        resamples: Resamples in the bootstrap.
        pairs: Pairs of label sets at each size of the learning curve.
        on_the_plane: Latents from all over the plane: enough to choose from.
    """

    classifiers: tuple[str, ...] = (validation.LINEAR, validation.LDA, validation.LOGISTIC, validation.CURVED)
    repeats: int = validation.MOST_REPEATS
    permutations: int = validation.PERMUTATIONS
    resamples: int = validation.RESAMPLES
    pairs: int = validation.PAIRS
    on_the_plane: int = 1000


FULL_EFFORT = Effort()


def choose_labelled(designs: Designs, source: Path) -> tuple[np.ndarray, np.ndarray]:
    """Returns which designs are labelled, int (n,), and whether with the second pole, bool (n,).

    Args:
        designs: The designs.
        source: Where their labels come from, for messages.

    Raises:
        InputError: The labels are not of exactly two kinds, or one of them is too rare to be held out.
    """
    poles, expected = (
        designs.poles,
        _("expected two kinds, each on at least {fewest_labels} designs").format(fewest_labels=FEWEST_LABELS),
    )
    counts = ", ".join(f"{pole} {designs.labelled(pole).sum()}" for pole in poles) or "none"
    if len(poles) > 2:
        mend = _("correct the labels, in the column your_label")
        raise InputError(
            _("{source}: found labels of {count} kinds ({counts}), {expected}; {mend}").format(
                source=source, count=len(poles), counts=counts, expected=expected, mend=mend
            )
        )
    if len(poles) < 2 or min(designs.labelled(pole).sum() for pole in poles) < FEWEST_LABELS:
        raise InputError(
            _(
                "{source}: found these labels: {counts}; {expected}; label more designs, in the column "
                "your_label, or make more: {command} N"
            ).format(source=source, counts=counts, expected=expected, command=command("generate.py", "--count"))
        )
    labelled = np.flatnonzero(~designs.labelled(""))
    return labelled, designs.labelled(poles[1])[labelled]


def weigh(designs: Designs, labelled: np.ndarray) -> np.ndarray:
    """Returns how much each label counts, float64 (n,): a person's more than the classifier's, if there are both."""
    by_person = designs.by_person[labelled]
    return np.where(by_person & (not by_person.all()), hyperplane.PERSON_WEIGHT, 1.0)


def compare_sources(
    designs: Designs,
    latents: np.ndarray,
    fit: hyperplane.Fit,
    held_out: validation.HeldOut,
    seed: int,
    quiet: bool,
    effort: Effort,
) -> dict[str, Any]:
    """Returns the planes of the classifier's labels and of a person's, each alone, and the angle between them.

    A label of the classifier that a person corrected counts as the classifier's here. For a source with too few labels
    for a plane, the entry has their numbers only.

    Few labels give another normal even where they say the same. So beside the angle stands the one that their number
    alone gives: between the plane of all the classifier's labels and that of its labels on just the designs that the
    person labelled, by its side of one half where it is unsure.

    Args:
        designs: The designs.
        latents: float64 (n, latent_dim), all designs', without the directions to be independent of.
        fit: The fit to all labels, which is a source's own where all labels are.
        held_out: The linear SVM's results on all labels, likewise.
        seed: Decides the folds.
        quiet: Whether to show no progress bar.
        effort: How much is computed.
    """
    labels_by = {
        "classifier": np.array(designs.judge_labels),
        "person": np.where(designs.by_person, np.array(designs.labels), ""),
    }
    found: dict[str, Any] = {}
    planes = []

    def labelled(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        chosen = np.isin(words, designs.poles)
        return latents[chosen], words[chosen] == designs.poles[1]

    for source, words in labels_by.items():
        counts = {pole: int((words == pole).sum()) for pole in designs.poles}
        found[source] = {"labels": counts, "held_out_accuracy": None}
        if min(counts.values()) >= FEWEST_LABELS:
            own_fit, own_held_out = fit, held_out
            if tuple(words) != designs.labels:
                own = labelled(words)
                how = {"seed": seed, "quiet": quiet, "most_repeats": effort.repeats}
                own_held_out = validation.cross_validate(*own, **how)[validation.LINEAR]
                own_fit = hyperplane.fit_hyperplane(*own, seed=seed)
            found[source]["held_out_accuracy"] = own_held_out.accuracy
            planes.append(own_fit.plane)
    found |= {"angle_degrees": None, "angle_degrees_by_number_alone": None}
    if len(planes) == 2:
        found["angle_degrees"] = angle_between(*planes)
        scores = designs.scores
        sides = np.where(scores > 0.5, designs.poles[1], np.where(scores <= 0.5, designs.poles[0], ""))
        classifiers = np.where(labels_by["classifier"] == "", sides, labels_by["classifier"])
        same_designs = labelled(np.where(np.isin(labels_by["person"], designs.poles), classifiers, ""))
        of_second = int(same_designs[1].sum())
        if min(of_second, len(same_designs[1]) - of_second) >= hyperplane.FOLDS:
            refitted = hyperplane.fit_hyperplane(*same_designs, seed=seed).plane
            found["angle_degrees_by_number_alone"] = angle_between(planes[0], refitted)
    return found


def angle_between(first: hyperplane.Hyperplane, second: hyperplane.Hyperplane) -> float:
    """Returns the angle between the normals of two planes, in degrees."""
    return float(np.degrees(np.arccos(np.clip(first.normal @ second.normal, -1, 1))))


def measure_unsure(
    designs: Designs, latents: np.ndarray, plane: hyperplane.Hyperplane, accuracy: float
) -> dict[str, Any]:
    """Returns how often the plane is right on the designs that the classifier is unsure of.

    Those are the hard ones, and they have no label: so the held-out accuracy is of the easy ones. They were held out of
    the fit, too, and the classifier's score says on which side of one half each lies.

    Args:
        designs: The designs.
        latents: float64 (n, latent_dim), all designs', without the directions to be independent of.
        plane: The plane of the labelled designs.
        accuracy: The held-out accuracy on the labelled designs.

    Returns:
        ``designs``, how many; ``accuracy`` on them and Wilson's 95% ``interval``, None where there are none; and
        ``accuracy_with_them``, on these and the labelled ones together.
    """
    unsure = designs.labelled("") & ~designs.by_person & style_scores.is_unsure(designs.scores)
    count, labelled = int(unsure.sum()), int((~designs.labelled("")).sum())
    if not count:
        return {"designs": 0, "accuracy": None, "interval": None, "accuracy_with_them": accuracy}
    right = int(((plane.signed_distance(latents[unsure]) > 0) == (designs.scores[unsure] > 0.5)).sum())
    return {
        "designs": count,
        "accuracy": right / count,
        "interval": list(validation.accuracy_interval(right / count, count)),
        "accuracy_with_them": (accuracy * labelled + right) / (labelled + count),
    }


def validate(
    latents: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    fit: hyperplane.Fit,
    seed: int,
    quiet: bool,
    effort: Effort,
) -> tuple[dict[str, Any], validation.HeldOut, validation.LearningCurve]:
    """Returns how far to trust the plane: for ``report.json``, the linear SVM's results, and the learning curve."""
    # Imported here: it takes a second, which --help should not.
    from sklearn.metrics import roc_auc_score

    held_out = validation.cross_validate(latents, labels, weights, seed, effort.classifiers, quiet, effort.repeats)
    linear = held_out[validation.LINEAR]
    gain, chance = validation.is_better(held_out[validation.CURVED], linear, labels)
    p_value = validation.permutation_test(latents, labels, seed, effort.permutations)
    of_fit = (latents, labels, weights, fit.penalty, seed, quiet)
    curve = validation.learning_curve(*of_fit, pairs=effort.pairs)
    report = {
        # A direction without a place on it where either label is as likely is no boundary.
        "boundary_found": p_value < validation.SIGNIFICANT and fit.is_placed,
        "held_out_accuracy": linear.accuracy,
        "held_out_interval": list(validation.accuracy_interval(linear.accuracy, len(labels))),
        "held_out_balanced_accuracy": linear.balanced_accuracy,
        "held_out_area_under_roc": float(roc_auc_score(labels, linear.distances)),
        "accuracy_of_guessing_the_larger_pole": float(max(labels.mean(), 1 - labels.mean())),
        "p_value": p_value,
        "permutations": effort.permutations,
        "classifiers": {
            name: {"held_out_accuracy": found.accuracy, "held_out_balanced_accuracy": found.balanced_accuracy}
            for name, found in held_out.items()
        },
        "curved_is_better_by": gain,
        "curved_is_better_p_value": chance,
        "plane_is_too_simple": gain > 0 and chance < validation.SIGNIFICANT,
        "bootstrap_cosine": validation.bootstrap_cosine(*of_fit, resamples=effort.resamples),
        "learning_curve": {
            "labels": curve.sizes.tolist(),
            "cosine": curve.cosines.tolist(),
            "cosine_now": curve.now,
            "target_cosine": validation.TARGET_COSINE,
            "labels_needed": curve.needed,
        },
        "folds": hyperplane.FOLDS,
        "repeats": linear.repeats,
    }
    return report, linear, curve


def describe_labels(designs: Designs) -> dict[str, Any]:
    """Returns the numbers of a plane's labels, and whose they are, for ``report.json``."""
    sources = {
        pole: {
            "classifier": int(np.sum(designs.labelled(pole) & ~designs.by_person)),
            "person": int(np.sum(designs.labelled(pole) & designs.by_person)),
        }
        for pole in designs.poles
    }
    return {
        "poles": list(designs.poles),
        "labels": {pole: sum(counts.values()) for pole, counts in sources.items()},
        "labelled_by": sources,
        "unlabelled": int(designs.labelled("").sum()),
    }


def describe_fit(fit: hyperplane.Fit, latents: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Returns what was fitted, for ``report.json``.

    Args:
        fit: The fit.
        latents: float (n, latent_dim), those that the plane was fitted on.
        labels: bool (n,), true for the second pole.
    """
    return {
        "training_accuracy": float(np.mean((fit.plane.signed_distance(latents) > 0) == labels)),
        "C": fit.penalty,
        "margin": fit.margin,
        "support_vectors": int(fit.is_support_vector.sum()),
        "intercept": fit.plane.intercept,
        "is_where_the_chance_is_one_half": fit.is_placed,
        "intercept_of_the_support_vector_machine": fit.machine_intercept,
    }


def report_designs(
    worth: dict[str, Any],
    designs: Designs,
    latents: np.ndarray,
    fit: hyperplane.Fit,
    held_out: validation.HeldOut,
    seed: int,
    quiet: bool,
    effort: Effort,
) -> dict[str, Any]:
    """Returns the content of ``report.json`` for a plane that is fitted on designs.

    Args:
        worth: How far to trust it, as :func:`validate` says.
        designs: The designs.
        latents: float64 (n, latent_dim), all designs', without the directions to be independent of.
        fit: The fit to all labels.
        held_out: The linear SVM's results on all labels.
        seed: Decides the folds.
        quiet: Whether to show no progress bar.
        effort: How much is computed.
    """
    labelled = ~designs.labelled("")
    labels = designs.labelled(designs.poles[1])[labelled]
    return {
        "from": DESIGNS,
        **worth,
        **describe_labels(designs),
        **describe_fit(fit, latents[labelled], labels),
        "unsure": measure_unsure(designs, latents, fit.plane, held_out.accuracy),
        "by_source": compare_sources(designs, latents, fit, held_out, seed, quiet, effort),
    }
