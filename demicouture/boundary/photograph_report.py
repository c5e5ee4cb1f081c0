"""What only photographs' codes can say of their plane: how it does on withheld ones, and what the designs' says.

Photographs that neither generator, encoder nor plane has seen are the honest test, and of their labels nobody is in
doubt. The plane of the judged designs stands beside, because it is another's opinion of the same question: its labels
are a classifier's, of pictures that nobody photographed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from demicouture.boundary import hyperplane, validation
from demicouture.boundary.hyperplane import Fit, Hyperplane
from demicouture.boundary.photographs import LabelledPhotographs
from demicouture.boundary.report import PHOTOGRAPHS, SOURCES, angle_between, choose_labelled, describe_fit, weigh
from demicouture.boundary.validation import LearningCurve
from demicouture.designs.designs import Designs
from demicouture.errors import InputError
from demicouture.language import _

WITHHELD_SIGNIFICANT = 0.05
"""Below this p-value withheld photographs, too, lie on their sides. Not 0.01, which four of each pole, as a small data
set has, do not reach even in perfect order."""

NEAR = 3**-0.5
"""The prior's standard deviation in any direction: two designs in three are so near to a plane through the centre."""

CROSS_VALIDATED = (
    "held_out_accuracy",
    "held_out_interval",
    "held_out_balanced_accuracy",
    "held_out_area_under_roc",
    "accuracy_of_guessing_the_larger_pole",
    "classifiers",
    "curved_is_better_by",
    "curved_is_better_p_value",
    "plane_is_too_simple",
    "folds",
    "repeats",
)
"""What :func:`demicouture.boundary.report.validate` measures in cross-validation."""


def report_photographs(
    worth: dict[str, Any],
    photographs: LabelledPhotographs,
    designs: Designs,
    designs_latents: np.ndarray,
    labels_file: Path,
    fit: Fit,
    curve: LearningCurve,
    seed: int,
) -> tuple[dict[str, Any], Hyperplane | None]:
    """Returns the content of ``report.json`` for a plane that is fitted on photographs, and the designs' own plane.

    Args:
        worth: How far to trust it by what training saw, as :func:`demicouture.boundary.report.validate` says.
        photographs: All photographs.
        designs: The designs and their labels.
        designs_latents: float64 (n, latent_dim), the designs' without the directions to be independent of.
        labels_file: Where their labels come from, for messages.
        fit: The fit to what training saw.
        curve: Its learning curve.
        seed: Decides the folds.
    """
    chosen, labels = photographs.seen
    counts = {pole: int((labels == (pole == photographs.poles[1])).sum()) for pole in photographs.poles}
    of_designs, beside = compare_with_designs(
        photographs, designs, designs_latents, labels_file, fit.plane, curve, seed
    )
    report = {
        "from": PHOTOGRAPHS,
        **measure_withheld(photographs, fit.plane, worth),
        "poles": list(photographs.poles),
        "labels": counts,
        **describe_fit(fit, photographs.latents[chosen], labels),
        "near_the_plane": measure_near(photographs, designs, fit.plane),
        "designs": of_designs,
    }
    return report, beside


def measure_withheld(photographs: LabelledPhotographs, plane: Hyperplane, worth: dict[str, Any]) -> dict[str, Any]:
    """Returns how far to trust a plane, by photographs that neither generator, encoder nor plane has seen.

    Args:
        photographs: All photographs.
        plane: The plane of those that training saw.
        worth: What :func:`demicouture.boundary.report.validate` says of it, by the photographs that training saw.

    Returns:
        The same, where all that was held out is withheld photographs; :data:`CROSS_VALIDATED` lies under
        ``cross_validation_on_seen``.
    """
    from scipy.stats import mannwhitneyu
    from sklearn.metrics import balanced_accuracy_score, roc_auc_score

    first, second = photographs.poles
    distances = plane.signed_distance(photographs.latents[photographs.withheld])
    labels = photographs.labelled(second)[photographs.withheld]
    p_value = float(mannwhitneyu(distances[labels], distances[~labels], alternative="greater").pvalue)
    return {
        **{name: value for name, value in worth.items() if name not in CROSS_VALIDATED},
        "boundary_found": worth["boundary_found"] and p_value < WITHHELD_SIGNIFICANT,
        **_accuracy("held_out_accuracy", "held_out_interval", distances, labels),
        "held_out_balanced_accuracy": float(balanced_accuracy_score(labels, distances > 0)),
        "held_out_area_under_roc": float(roc_auc_score(labels, distances)),
        "held_out_p_value": p_value,
        "accuracy_of_guessing_the_larger_pole": float(max(labels.mean(), 1 - labels.mean())),
        "withheld": {first: int((~labels).sum()), second: int(labels.sum())},
        "cross_validation_on_seen": {name: value for name, value in worth.items() if name in CROSS_VALIDATED},
    }


def measure_near(photographs: LabelledPhotographs, designs: Designs, plane: Hyperplane) -> dict[str, float]:
    """Returns the shares of photographs and of designs near the plane, and how near that is.

    Codes may be distributed as the prior in every coordinate, and yet not along the one direction in which the poles
    differ. Where hardly a photograph lies, the generator has learnt little of what is in between.
    """
    shares = (np.mean(np.abs(plane.signed_distance(some.latents)) < NEAR) for some in (photographs, designs))
    return {"within": NEAR} | {name: float(share) for name, share in zip(SOURCES, shares, strict=True)}


def compare_with_designs(
    photographs: LabelledPhotographs,
    designs: Designs,
    designs_latents: np.ndarray,
    labels_file: Path,
    plane: Hyperplane,
    curve: LearningCurve,
    seed: int,
) -> tuple[dict[str, Any], Hyperplane | None]:
    """Fits the judged designs' own plane and compares the two, for ``report.json``.

    Few labels give another normal even where they mean the same. So beside the angle stands the one that numbers alone
    give: of two planes from sets of photographs that share none, as many as there are labels on either side. Each would
    have the learning curve's cosine with the true normal, and so the two the product of both.

    Args:
        photographs: All photographs.
        designs: The designs and their labels.
        designs_latents: float64 (n, latent_dim), the designs' without the directions to be independent of.
        labels_file: Where their labels come from, for messages.
        plane: The photographs' plane.
        curve: The photographs' learning curve.
        seed: Decides the folds.

    Returns:
        The part for the report, whose ``reason`` says why there is no plane of the designs; and that plane.
    """
    found: dict[str, Any] = {"labels": {pole: int(designs.labelled(pole).sum()) for pole in designs.poles}}
    try:
        labelled, labels = choose_labelled(designs, labels_file)
        if designs.poles != photographs.poles:
            words, poles = (_(" and ").join(some.poles) for some in (designs, photographs))
            raise InputError(
                _("{labels_file}: found the labels {words}, expected the photographs', {poles}").format(
                    labels_file=labels_file, words=words, poles=poles
                )
            )
        fit = hyperplane.fit_hyperplane(designs_latents[labelled], labels, weigh(designs, labelled), seed)
    except InputError as error:
        return found | {"reason": str(error)}, None
    by_number = None if curve.slope is None else curve.now * float(curve.at(np.array(len(labels))))
    of_designs = plane.signed_distance(designs_latents[labelled])
    of_withheld = fit.plane.signed_distance(photographs.latents[photographs.withheld])
    withheld_labels = photographs.labelled(photographs.poles[1])[photographs.withheld]
    return found | {
        "reason": "",
        "angle_degrees": angle_between(plane, fit.plane),
        "angle_degrees_by_number_alone": None if by_number is None else float(np.degrees(np.arccos(by_number))),
        **_accuracy("photographs_plane_on_designs", "photographs_plane_on_designs_interval", of_designs, labels),
        **_accuracy(
            "designs_plane_on_withheld_photographs",
            "designs_plane_on_withheld_photographs_interval",
            of_withheld,
            withheld_labels,
        ),
    }, fit.plane


def _accuracy(name: str, interval_name: str, distances: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    accuracy = float(np.mean((distances > 0) == labels))
    return {name: accuracy, interval_name: list(validation.accuracy_interval(accuracy, len(labels)))}
