"""The content of ``report.json``, and its findings in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from demicouture.boundary import attribute_changes, hyperplane, validation
from demicouture.designs.designs import Designs

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
    for source, words in labels_by.items():
        counts = {pole: int((words == pole).sum()) for pole in designs.poles}
        found[source] = {"labels": counts, "held_out_accuracy": None}
        if min(counts.values()) >= FEWEST_LABELS:
            own_fit, own_held_out = fit, held_out
            if tuple(words) != designs.labels:
                chosen = np.isin(words, designs.poles)
                own = latents[chosen], words[chosen] == designs.poles[1]
                how = {"seed": seed, "quiet": quiet, "most_repeats": effort.repeats}
                own_held_out = validation.cross_validate(*own, **how)[validation.LINEAR]
                own_fit = hyperplane.fit_hyperplane(*own, seed=seed)
            found[source]["held_out_accuracy"] = own_held_out.accuracy
            planes.append(own_fit.plane)
    cosine = float(np.clip(planes[0].normal @ planes[1].normal, -1, 1)) if len(planes) == 2 else None
    return {**found, "angle_degrees": None if cosine is None else float(np.degrees(np.arccos(cosine)))}


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
    held_out = validation.cross_validate(latents, labels, weights, seed, effort.classifiers, quiet, effort.repeats)
    linear = held_out[validation.LINEAR]
    gain, chance = validation.is_better(held_out[validation.CURVED], linear, labels)
    p_value = validation.permutation_test(latents, labels, seed, effort.permutations)
    of_fit = (latents, labels, weights, fit.penalty, seed, quiet)
    curve = validation.learning_curve(*of_fit, pairs=effort.pairs)
    report = {
        "boundary_found": p_value < validation.SIGNIFICANT,
        "held_out_accuracy": linear.accuracy,
        "held_out_interval": list(validation.accuracy_interval(linear.accuracy, len(labels))),
        "held_out_balanced_accuracy": linear.balanced_accuracy,
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


def describe(designs: Designs, labels: np.ndarray, fit: hyperplane.Fit, training: np.ndarray) -> dict[str, Any]:
    """Returns the labels and the fit, for ``report.json``."""
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
        "unlabelled": len(designs.labels) - len(labels),
        "training_accuracy": float(np.mean((training > 0) == labels)),
        "C": fit.penalty,
        "margin": fit.margin,
        "support_vectors": int(fit.is_support_vector.sum()),
        "intercept": fit.plane.intercept,
    }


def main_finding(report: Mapping[str, Any]) -> str:
    """Returns whether there is a boundary, and on what evidence, in one sentence."""
    low, high = report["held_out_interval"]
    evidence = (
        f"{report['held_out_accuracy']:.0%} of held-out designs on the right side "
        f"(95% interval {low:.0%} to {high:.0%}), p = {report['p_value']:.3g}"
    )
    first, second = report["poles"]
    if report["boundary_found"]:
        return f"A plane separates {first} from {second}: {evidence}"
    return f"No boundary between {first} and {second} was found: {evidence}"


def normal_finding(report: Mapping[str, Any]) -> str:
    """Returns how near the normal is to the true one, in one sentence."""
    curve, count = report["learning_curve"], sum(report["labels"].values())
    stability = f"normals from resampled labels have a cosine of {report['bootstrap_cosine']:.2f} to one another"
    if curve["cosine_now"] is None:
        return f"How well {count} labels give the normal cannot be estimated; {stability}"
    enough = f"{curve['target_cosine']} takes about {curve['labels_needed']:,} labels"
    return f"{count} labels give the normal to a cosine of about {curve['cosine_now']:.2f}; {enough} ({stability})"


def findings(report: Mapping[str, Any]) -> list[str]:
    """Returns all findings, one sentence after the other."""
    sentences = [
        f"{main_finding(report)}. Training accuracy is {report['training_accuracy']:.0%}, which means little; "
        f"always guessing the larger pole gives {report['accuracy_of_guessing_the_larger_pole']:.0%}."
    ]
    if not report["boundary_found"]:
        sentences.append(
            f"Shuffled labels can be predicted as well too often (p is not below {validation.SIGNIFICANT}), so do not "
            "rely on this plane: correct the labels, or label more designs (python generate.py --count N)"
        )
    sentences.append(normal_finding(report))
    others = ", ".join(f"{name} {found['held_out_accuracy']:.0%}" for name, found in report["classifiers"].items())
    if report["plane_is_too_simple"]:
        sentences.append(
            f"A plane is too simple: a curved boundary is right on {report['curved_is_better_by']:.0%} more of the "
            f"held-out designs ({others}; p = {report['curved_is_better_p_value']:.2g})"
        )
    else:
        sentences.append(f"No curved boundary is clearly better than the plane ({others})")
    by_source = report["by_source"]
    by_classifier, by_person = (sum(by_source[source]["labels"].values()) for source in ("classifier", "person"))
    if (angle := by_source["angle_degrees"]) is not None:
        sentences.append(f"The classifier's labels alone and a person's alone give planes {angle:.0f}° apart")
    elif by_classifier and by_person:
        sentences.append(
            f"{by_person} labels are a person's; from {FEWEST_LABELS} of each pole on, they are compared with the "
            "classifier's"
        )
    if across := report.get("across_the_plane"):
        sentences.append(f"Across the plane, {across['explained']}")
        sentences.append(
            f"Of what changes in the pictures, {attribute_changes.format_shares(across['change_in_the_picture'])}"
        )
    return sentences
