"""The content of ``report.json``, and its findings in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from demicouture.boundary import attribute_changes, hyperplane, style_scores, validation
from demicouture.commands import command
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
        found["angle_degrees"] = _angle(*planes)
        scores = designs.scores
        sides = np.where(scores > 0.5, designs.poles[1], np.where(scores <= 0.5, designs.poles[0], ""))
        classifiers = np.where(labels_by["classifier"] == "", sides, labels_by["classifier"])
        same_designs = labelled(np.where(np.isin(labels_by["person"], designs.poles), classifiers, ""))
        of_second = int(same_designs[1].sum())
        if min(of_second, len(same_designs[1]) - of_second) >= hyperplane.FOLDS:
            refitted = hyperplane.fit_hyperplane(*same_designs, seed=seed).plane
            found["angle_degrees_by_number_alone"] = _angle(planes[0], refitted)
    return found


def _angle(first: hyperplane.Hyperplane, second: hyperplane.Hyperplane) -> float:
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
        "is_where_the_chance_is_one_half": fit.is_placed,
        "intercept_of_the_support_vector_machine": fit.machine_intercept,
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
    if curve["labels_needed"] is None:
        enough = f"under {validation.FEWEST_FOR_A_FORECAST} labels do not say how many more are needed"
    else:
        enough = f"{curve['target_cosine']} takes about {curve['labels_needed']:,} labels"
    return f"{count} labels give the normal to a cosine of about {curve['cosine_now']:.2f}; {enough} ({stability})"


def findings(report: Mapping[str, Any]) -> list[str]:
    """Returns all findings, one sentence after the other."""
    first, second = report["poles"]
    sentences = [
        f"{main_finding(report)}. Training accuracy is {report['training_accuracy']:.0%}, which means little; "
        f"always guessing the larger pole gives {report['accuracy_of_guessing_the_larger_pole']:.0%}. Of all pairs "
        f"of a held-out {first} and a held-out {second} design {report['held_out_area_under_roc']:.0%} lie in the "
        "right order"
    ]
    if (unsure := report["unsure"])["designs"]:
        low, high = unsure["interval"]
        sentences.append(
            f"The {unsure['designs']} designs that the classifier is unsure of have no label and are not among these; "
            f"by their side of one half the plane is right on {unsure['accuracy']:.0%} of them ({low:.0%} to "
            f"{high:.0%}), and on {unsure['accuracy_with_them']:.0%} of all together"
        )
    more = f"{command('generate.py', '--count')} N"
    mend = f"correct the labels, or label more designs, in the column your_label (more: {more})"
    if report["p_value"] >= validation.SIGNIFICANT:
        sentences.append(
            f"Shuffled labels can be predicted as well too often (p is not below {validation.SIGNIFICANT}), so do not "
            f"rely on this plane: {mend}"
        )
    elif not report["boundary_found"]:
        sentences.append(
            f"There is a direction from {first} to {second}, but no place along it where a design is as likely "
            f"labelled {first} as {second}, so do not rely on this plane: {mend}"
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
        alone = by_source["angle_degrees_by_number_alone"]
        beside = (
            "their number alone cannot be judged"
            if alone is None
            else f"by their number alone, the classifier's own labels on the designs that the person labelled give "
            f"{alone:.0f}°"
        )
        sentences.append(f"The classifier's labels alone and a person's alone give planes {angle:.0f}° apart; {beside}")
    elif by_classifier and by_person:
        sentences.append(
            f"{by_person} labels are a person's; from {FEWEST_LABELS} of each pole on, they are compared with the "
            "classifier's"
        )
    if across := report.get("across_the_plane"):
        if scores := across["style_scores"]:
            sentences.append(style_scores.describe_scores(scores, report["poles"]))
        sentences.append(f"Across the plane, {across['explained']}")
        sentences.append(across["changes"])
        sentences.append(
            f"Of what changes in the pictures, {attribute_changes.format_shares(across['change_in_the_picture'])}"
        )
    return sentences
