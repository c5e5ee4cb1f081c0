"""What ``report.json`` holds, and what it says in sentences."""

from __future__ import annotations

from typing import Any

import numpy as np

from demicouture.boundary import attribute_changes, hyperplane, validation
from demicouture.designs.designs import Designs

LEAST = 2 * hyperplane.FOLDS
"""Designs of a pole: nested folds deal them out twice."""

MACHINES = (validation.LINEAR, validation.LDA, validation.LOGISTIC, validation.CURVED)


def weigh(designs: Designs, labelled: np.ndarray) -> np.ndarray:
    """Returns how much each label counts, float64 (n,): a person's more than the judge's, where there are both."""
    by_person = designs.by_person[labelled]
    return np.where(by_person & (not by_person.all()), hyperplane.PERSON_WEIGHT, 1.0)


def compare_sources(designs: Designs, latents: np.ndarray, seed: int, quiet: bool) -> dict[str, Any]:
    """Returns the planes that the judge's labels and a person's give, each alone, and the angle between them.

    What a person overruled still counts as the judge's word here. Where one of the two said too little for a plane,
    its entry says how little.

    Args:
        designs: The designs.
        latents: float64 (n, latent_dim), all designs', without the directions to be independent of.
        seed: Decides the folds.
        quiet: Whether to show no progress bar.
    """
    said = {
        "judge": np.array(designs.judge_labels),
        "person": np.where(designs.by_person, np.array(designs.labels), ""),
    }
    found: dict[str, Any] = {}
    planes = []
    for source, words in said.items():
        counts = {pole: int((words == pole).sum()) for pole in designs.poles}
        found[source] = {"labels": counts, "held_out_accuracy": None}
        if min(counts.values()) >= LEAST:
            chosen = np.isin(words, designs.poles)
            labels = words[chosen] == designs.poles[1]
            held_out = validation.cross_validate(latents[chosen], labels, seed=seed, quiet=quiet)[validation.LINEAR]
            found[source]["held_out_accuracy"] = held_out.accuracy
            planes.append(hyperplane.fit_hyperplane(latents[chosen], labels, seed=seed).plane)
    cosine = float(np.clip(planes[0].normal @ planes[1].normal, -1, 1)) if len(planes) == 2 else None
    return {**found, "angle_degrees": None if cosine is None else float(np.degrees(np.arccos(cosine)))}


def validate(
    latents: np.ndarray, labels: np.ndarray, weights: np.ndarray, fit: hyperplane.Fit, seed: int, quiet: bool
) -> tuple[dict[str, Any], validation.HeldOut, validation.LearningCurve]:
    """Returns what the plane is worth: for ``report.json``, the linear machine's answers, and the learning curve."""
    held_out = validation.cross_validate(latents, labels, weights, seed, MACHINES, quiet)
    linear = held_out[validation.LINEAR]
    gain, chance = validation.is_better(held_out[validation.CURVED], linear, labels)
    p_value = validation.permutation_test(latents, labels, seed)
    curve = validation.learning_curve(latents, labels, weights, fit.penalty, seed, quiet)
    report = {
        "boundary_found": p_value < validation.SIGNIFICANT,
        "held_out_accuracy": linear.accuracy,
        "held_out_interval": list(validation.wilson_interval(linear.accuracy, len(labels))),
        "held_out_balanced_accuracy": linear.balanced_accuracy,
        "accuracy_of_guessing_the_larger_pole": float(max(labels.mean(), 1 - labels.mean())),
        "p_value": p_value,
        "permutations": validation.PERMUTATIONS,
        "machines": {
            name: {"held_out_accuracy": found.accuracy, "held_out_balanced_accuracy": found.balanced_accuracy}
            for name, found in held_out.items()
        },
        "curved_is_better_by": gain,
        "curved_is_better_p_value": chance,
        "plane_is_too_simple": gain > 0 and chance < validation.SIGNIFICANT,
        "bootstrap_cosine": validation.bootstrap_cosine(latents, labels, weights, fit.penalty, seed, quiet),
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
    """Returns what the plane is: for ``report.json``."""
    sources = {
        pole: {
            "judge": int(np.sum(designs.labelled(pole) & ~designs.by_person)),
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
        "support_designs": int(fit.support.sum()),
        "intercept": fit.plane.intercept,
    }


def finding(report: dict[str, Any]) -> str:
    """Returns what the numbers say, in one sentence."""
    low, high = report["held_out_interval"]
    evidence = (
        f"{report['held_out_accuracy']:.0%} of held-out designs on the right side "
        f"(95% interval {low:.0%} to {high:.0%}), p = {report['p_value']:.3g}"
    )
    first, second = report["poles"]
    if report["boundary_found"]:
        return f"A plane separates {first} from {second}: {evidence}"
    return f"No boundary between {first} and {second} was found: {evidence}"


def how_well_known(report: dict[str, Any]) -> str:
    """Returns how near the normal is to the true one, in one sentence."""
    curve, count = report["learning_curve"], sum(report["labels"].values())
    steady = f"normals from resampled labels have a cosine of {report['bootstrap_cosine']:.2f} to one another"
    if curve["cosine_now"] is None:
        return f"How well {count} labels give the normal cannot be told; {steady}"
    enough = f"{curve['target_cosine']} takes about {curve['labels_needed']:,} labels"
    return f"{count} labels give the normal to a cosine of about {curve['cosine_now']:.2f}; {enough} ({steady})"


def sentences(report: dict[str, Any]) -> list[str]:
    """Returns what the report says, one sentence after the other."""
    told = [
        f"{finding(report)}. Training accuracy is {report['training_accuracy']:.0%}, which says little; "
        f"always guessing the larger pole gives {report['accuracy_of_guessing_the_larger_pole']:.0%}."
    ]
    if not report["boundary_found"]:
        told.append(
            f"Labels without meaning look as good too often (p is not below {validation.SIGNIFICANT}), so the plane is "
            "nothing to rely on: correct the labels, or label more designs (python generate.py --count N)"
        )
    told.append(how_well_known(report))
    others = ", ".join(f"{name} {found['held_out_accuracy']:.0%}" for name, found in report["machines"].items())
    if report["plane_is_too_simple"]:
        told.append(
            f"A plane is too simple: a curved boundary is right on {report['curved_is_better_by']:.0%} more of the "
            f"held-out designs ({others}; p = {report['curved_is_better_p_value']:.2g})"
        )
    else:
        told.append(f"No curved boundary is clearly better than the plane ({others})")
    judged, own = (sum(report["by_source"][source]["labels"].values()) for source in ("judge", "person"))
    if (angle := report["by_source"]["angle_degrees"]) is not None:
        told.append(f"The judge's labels alone and a person's alone give planes {angle:.0f}° apart")
    elif judged and own:
        told.append(f"{own} labels are a person's; from {LEAST} of each word on, they are held against the judge's")
    if across := report.get("across_the_plane"):
        told.append(f"Across the plane, {across['explained']}")
        told.append(
            f"Of what changes in the pictures, {attribute_changes.told_shares(across['change_in_the_picture'])}"
        )
    return told
