"""The findings of ``report.json`` in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demicouture.boundary import attribute_changes, style_scores, validation
from demicouture.boundary.report import DESIGNS, FEWEST_LABELS, PHOTOGRAPHS
from demicouture.commands import command

HELD_OUT = {DESIGNS: "held-out designs", PHOTOGRAPHS: "withheld photographs"}

SHUFFLED = {DESIGNS: "", PHOTOGRAPHS: " among those that training saw"}
"""Whose labels the permutation test shuffles, where they are others."""


def main_finding(report: Mapping[str, Any]) -> str:
    """Returns whether there is a boundary, and on what evidence, in one sentence."""
    low, high = report["held_out_interval"]
    evidence = (
        f"{report['held_out_accuracy']:.0%} of {HELD_OUT[report['from']]} on the right side "
        f"(95% interval {low:.0%} to {high:.0%}), p = {report['p_value']:.3g}"
        f"{SHUFFLED[report['from']]}"
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
    of_photographs = report["from"] == PHOTOGRAPHS
    sentences = _findings_of_photographs(report) if of_photographs else _findings_of_designs(report)
    sentences.append(normal_finding(report))
    compared = report["cross_validation_on_seen"] if of_photographs else report
    others = ", ".join(f"{name} {found['held_out_accuracy']:.0%}" for name, found in compared["classifiers"].items())
    among = "; in cross-validation among the photographs that training saw" if of_photographs else ""
    if compared["plane_is_too_simple"]:
        sentences.append(
            f"A plane is too simple: a curved boundary is right on {compared['curved_is_better_by']:.0%} more of the "
            f"held-out {report['from']} ({others}; p = {compared['curved_is_better_p_value']:.2g}{among})"
        )
    else:
        sentences.append(f"No curved boundary is clearly better than the plane ({others}{among})")
    if of_photographs:
        sentences += [_describe_gap(report), _compare_planes(report)]
    else:
        sentences.append(_compare_sources(report))
    if across := report["across_the_plane"]:
        if scores := across["style_scores"]:
            sentences.append(style_scores.describe_scores(scores, report["poles"]))
        sentences.append(f"Across the plane, {across['explained']}")
        sentences.append(across["changes"])
        sentences.append(
            f"Of what changes in the pictures, {attribute_changes.format_shares(across['change_in_the_picture'])}"
        )
    return [sentence for sentence in sentences if sentence]


def _findings_of_designs(report: Mapping[str, Any]) -> list[str]:
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
    return [*sentences, _warn(report, "design", mend)]


def _findings_of_photographs(report: Mapping[str, Any]) -> list[str]:
    first, second = report["poles"]
    among_seen = report["cross_validation_on_seen"]
    low, high = among_seen["held_out_interval"]
    longer = command("train_dcgan.py", "--epochs")
    return [
        f"{main_finding(report)}. Neither generator, encoder nor plane has seen the "
        f"{sum(report['withheld'].values())} that are withheld; of the {sum(report['labels'].values())} others "
        f"{among_seen['held_out_accuracy']:.0%} are right in cross-validation ({low:.0%} to {high:.0%}) and "
        f"{report['training_accuracy']:.0%} in the fit, which means little; always guessing the larger pole gives "
        f"{report['accuracy_of_guessing_the_larger_pole']:.0%}. Of all pairs of a withheld {first} and a withheld "
        f"{second} photograph {report['held_out_area_under_roc']:.0%} lie in the right order",
        _warn(report, "photograph", f"more photographs or a longer training help ({longer} N)"),
    ]


def _warn(report: Mapping[str, Any], noun: str, mend: str) -> str:
    """Returns why a plane is not to be relied on, and what to do; "" where it may be."""
    first, second = report["poles"]
    if report["boundary_found"]:
        return ""
    if report["p_value"] >= validation.SIGNIFICANT:
        return (
            f"Shuffled labels can be predicted as well too often (p is not below {validation.SIGNIFICANT}), so do not "
            f"rely on this plane: {mend}"
        )
    if report["is_where_the_chance_is_one_half"]:
        return (
            "Photographs that training saw lie on their sides, but those that it has not seen do so no more than by "
            f"chance (p = {report['held_out_p_value']:.2g}), so do not rely on this plane: {mend}"
        )
    return (
        f"There is a direction from {first} to {second}, but no place along it where a {noun} is as likely "
        f"labelled {first} as {second}, so do not rely on this plane: {mend}"
    )


def _compare_sources(report: Mapping[str, Any]) -> str:
    """Returns how the classifier's labels of designs and a person's differ; "" where one of them has none."""
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
        return f"The classifier's labels alone and a person's alone give planes {angle:.0f}° apart; {beside}"
    if by_classifier and by_person:
        return (
            f"{by_person} labels are a person's; from {FEWEST_LABELS} of each pole on, they are compared with the "
            "classifier's"
        )
    return ""


def _describe_gap(report: Mapping[str, Any]) -> str:
    """Returns that photographs avoid the plane; "" where half as many as of the designs are near to it, or more."""
    near = report["near_the_plane"]
    of_photographs, of_designs = near[PHOTOGRAPHS], near[DESIGNS]
    if of_photographs >= of_designs / 2:
        return ""
    return (
        f"Within {near['within']:.2f} of the plane lie {of_designs:.0%} of the designs, but {of_photographs:.0%} of "
        "the photographs: along its normal codes are not distributed as the prior is, so training has seen little of "
        "what lies in between"
    )


def _compare_planes(report: Mapping[str, Any]) -> str:
    """Returns how the judged designs' plane differs from the photographs'."""
    designs = report["designs"]
    if designs["reason"]:
        return f"No plane of the designs' own labels stands beside the photographs': {designs['reason']}"

    def told(name: str) -> str:
        low, high = designs[f"{name}_interval"]
        return f"{designs[name]:.0%} ({low:.0%} to {high:.0%})"

    alone = designs["angle_degrees_by_number_alone"]
    by_number = (
        "what numbers alone would give cannot be judged"
        if alone is None
        else f"by their numbers alone, planes from so many photographs each would be about {alone:.0f}° apart"
    )
    return (
        f"The plane of the {sum(designs['labels'].values())} labelled designs, beside it, is at "
        f"{designs['angle_degrees']:.0f}° to it; {by_number}. The photographs' plane is right on "
        f"{told('photographs_plane_on_designs')} of the designs' labels, the designs' plane on "
        f"{told('designs_plane_on_withheld_photographs')} of the withheld photographs"
    )
