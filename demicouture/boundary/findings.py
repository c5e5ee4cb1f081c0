"""The findings of ``report.json`` in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demicouture.boundary import attribute_changes, style_scores, validation
from demicouture.boundary.report import DESIGNS, FEWEST_LABELS, PHOTOGRAPHS
from demicouture.commands import command
from demicouture.language import N_, _

HELD_OUT = {DESIGNS: N_("held-out designs"), PHOTOGRAPHS: N_("withheld photographs")}

SHUFFLED = {DESIGNS: "", PHOTOGRAPHS: N_(" among those that training saw")}
"""Whose labels the permutation test shuffles, where they are others."""


def main_finding(report: Mapping[str, Any]) -> str:
    """Returns whether there is a boundary, and on what evidence, in one sentence."""
    low, high = report["held_out_interval"]
    evidence = _(
        "{accuracy:.0%} of {held_out} on the right side (95% interval {low:.0%} to {high:.0%}), p = "
        "{p_value:.3g}{shuffled}"
    ).format(
        accuracy=report["held_out_accuracy"],
        held_out=_(HELD_OUT[report["from"]]),
        low=low,
        high=high,
        p_value=report["p_value"],
        shuffled=_(SHUFFLED[report["from"]]),
    )
    first, second = report["poles"]
    if report["boundary_found"]:
        return _("A plane separates {first} from {second}: {evidence}").format(
            first=first, second=second, evidence=evidence
        )
    return _("No boundary between {first} and {second} was found: {evidence}").format(
        first=first, second=second, evidence=evidence
    )


def normal_finding(report: Mapping[str, Any]) -> str:
    """Returns how near the normal is to the true one, in one sentence."""
    curve, count = report["learning_curve"], sum(report["labels"].values())
    stability = _("normals from resampled labels have a cosine of {cosine:.2f} to one another").format(
        cosine=report["bootstrap_cosine"]
    )
    if curve["cosine_now"] is None:
        return _("How well {count} labels give the normal cannot be estimated; {stability}").format(
            count=count, stability=stability
        )
    if curve["labels_needed"] is None:
        enough = _("under {fewest} labels do not say how many more are needed").format(
            fewest=validation.FEWEST_FOR_A_FORECAST
        )
    else:
        enough = _("{cosine} takes about {needed:,} labels").format(
            cosine=curve["target_cosine"], needed=curve["labels_needed"]
        )
    return _("{count} labels give the normal to a cosine of about {cosine:.2f}; {enough} ({stability})").format(
        count=count, cosine=curve["cosine_now"], enough=enough, stability=stability
    )


def findings(report: Mapping[str, Any], labels_file: Path | None = None) -> list[str]:
    """Returns all findings, one sentence after the other.

    Args:
        report: As ``report.json`` has it.
        labels_file: A person's own table of labels; None for that of the designs.
    """
    of_photographs = report["from"] == PHOTOGRAPHS
    sentences = _findings_of_photographs(report) if of_photographs else _findings_of_designs(report, labels_file)
    sentences.append(normal_finding(report))
    compared = report["cross_validation_on_seen"] if of_photographs else report
    others = ", ".join(f"{_(name)} {found['held_out_accuracy']:.0%}" for name, found in compared["classifiers"].items())
    among = _("; in cross-validation among the photographs that training saw") if of_photographs else ""
    if compared["plane_is_too_simple"]:
        sentences.append(
            _(
                "A plane is too simple: a curved boundary is right on {by:.0%} more of the {held_out} "
                "({others}; p = {p_value:.2g}{among})"
            ).format(
                by=compared["curved_is_better_by"],
                held_out=_(HELD_OUT[report["from"]]),
                others=others,
                p_value=compared["curved_is_better_p_value"],
                among=among,
            )
        )
    else:
        sentences.append(
            _("No curved boundary is clearly better than the plane ({others}{among})").format(
                others=others, among=among
            )
        )
    if of_photographs:
        sentences += [_describe_gap(report), _compare_planes(report)]
    else:
        sentences.append(_compare_sources(report))
    if across := report["across_the_plane"]:
        if scores := across["style_scores"]:
            sentences.append(style_scores.describe_scores(scores, report["poles"]))
        sentences.append(_("Across the plane, {explained}").format(explained=across["explained"]))
        sentences.append(across["changes"])
        sentences.append(
            _("Of what changes in the pictures, {shares}").format(
                shares=attribute_changes.format_shares(across["change_in_the_picture"])
            )
        )
    return [sentence for sentence in sentences if sentence]


def _findings_of_designs(report: Mapping[str, Any], labels_file: Path | None) -> list[str]:
    first, second = report["poles"]
    sentences = [
        _(
            "{finding}. Training accuracy is {training:.0%}, which means little; always guessing the "
            "larger pole gives {guessing:.0%}. Of all pairs of a held-out {first} and a held-out {second} "
            "design {area:.0%} lie in the right order"
        ).format(
            finding=main_finding(report),
            training=report["training_accuracy"],
            guessing=report["accuracy_of_guessing_the_larger_pole"],
            first=first,
            second=second,
            area=report["held_out_area_under_roc"],
        )
    ]
    if (unsure := report["unsure"])["designs"]:
        low, high = unsure["interval"]
        sentences.append(
            _(
                "The {designs} designs that the classifier is unsure of have no label and are not among these; "
                "by their side of one half the plane is right on {accuracy:.0%} of them ({low:.0%} to "
                "{high:.0%}), and on {with_them:.0%} of all together"
            ).format(
                designs=unsure["designs"],
                accuracy=unsure["accuracy"],
                low=low,
                high=high,
                with_them=unsure["accuracy_with_them"],
            )
        )
    if labels_file:
        mend = _("correct the labels in {labels_file}, or label more designs there").format(labels_file=labels_file)
    else:
        more = f"{command('generate.py', '--count')} N"
        mend = _("correct the labels, or label more designs, in the column your_label (more: {more})").format(more=more)
    return [*sentences, _warn(report, _("design"), mend)]


def _findings_of_photographs(report: Mapping[str, Any]) -> list[str]:
    first, second = report["poles"]
    among_seen = report["cross_validation_on_seen"]
    low, high = among_seen["held_out_interval"]
    longer = command("train_dcgan.py", "--epochs")
    return [
        _(
            "{finding}. Neither generator, encoder nor plane has seen the {withheld} that are withheld; of "
            "the {seen} others {accuracy:.0%} are right in cross-validation ({low:.0%} to {high:.0%}) and "
            "{training:.0%} in the fit, which means little; always guessing the larger pole gives "
            "{guessing:.0%}. Of all pairs of a withheld {first} and a withheld {second} photograph "
            "{area:.0%} lie in the right order"
        ).format(
            finding=main_finding(report),
            withheld=sum(report["withheld"].values()),
            seen=sum(report["labels"].values()),
            accuracy=among_seen["held_out_accuracy"],
            low=low,
            high=high,
            training=report["training_accuracy"],
            guessing=report["accuracy_of_guessing_the_larger_pole"],
            first=first,
            second=second,
            area=report["held_out_area_under_roc"],
        ),
        _warn(
            report, _("photograph"), _("more photographs or a longer training help ({longer} N)").format(longer=longer)
        ),
    ]


def _warn(report: Mapping[str, Any], noun: str, mend: str) -> str:
    """Returns why a plane is not to be relied on, and what to do; "" where it may be."""
    first, second = report["poles"]
    if report["boundary_found"]:
        return ""
    if report["p_value"] >= validation.SIGNIFICANT:
        return _(
            "Shuffled labels can be predicted as well too often (p is not below {significant}), so do not "
            "rely on this plane: {mend}"
        ).format(significant=validation.SIGNIFICANT, mend=mend)
    if report["is_where_the_chance_is_one_half"]:
        return _(
            "Photographs that training saw lie on their sides, but those that it has not seen do so no "
            "more than by chance (p = {p_value:.2g}), so do not rely on this plane: {mend}"
        ).format(p_value=report["held_out_p_value"], mend=mend)
    return _(
        "There is a direction from {first} to {second}, but no place along it where a {noun} is as "
        "likely labelled {first} as {second}, so do not rely on this plane: {mend}"
    ).format(first=first, second=second, noun=noun, mend=mend)


def _compare_sources(report: Mapping[str, Any]) -> str:
    """Returns how the classifier's labels of designs and a person's differ; "" where one of them has none."""
    by_source = report["by_source"]
    by_classifier, by_person = (sum(by_source[source]["labels"].values()) for source in ("classifier", "person"))
    if (angle := by_source["angle_degrees"]) is not None:
        alone = by_source["angle_degrees_by_number_alone"]
        beside = (
            _("their number alone cannot be judged")
            if alone is None
            else _(
                "by their number alone, the classifier's own labels on the designs that the person labelled "
                "give {alone:.0f}°"
            ).format(alone=alone)
        )
        return _("The classifier's labels alone and a person's alone give planes {angle:.0f}° apart; {beside}").format(
            angle=angle, beside=beside
        )
    if by_classifier and by_person:
        return _(
            "{by_person} labels are a person's; from {fewest_labels} of each pole on, they are compared "
            "with the classifier's"
        ).format(by_person=by_person, fewest_labels=FEWEST_LABELS)
    return ""


def _describe_gap(report: Mapping[str, Any]) -> str:
    """Returns that photographs avoid the plane; "" where half as many as of the designs are near to it, or more."""
    near = report["near_the_plane"]
    of_photographs, of_designs = near[PHOTOGRAPHS], near[DESIGNS]
    if of_photographs >= of_designs / 2:
        return ""
    return _(
        "Within {within:.2f} of the plane lie {of_designs:.0%} of the designs, but "
        "{of_photographs:.0%} of the photographs: along its normal codes are not distributed as the "
        "prior is, so training has seen little of what lies in between"
    ).format(within=near["within"], of_designs=of_designs, of_photographs=of_photographs)


def _compare_planes(report: Mapping[str, Any]) -> str:
    """Returns how the judged designs' plane differs from the photographs'."""
    designs = report["designs"]
    if designs["reason"]:
        return _("No plane of the designs' own labels stands beside the photographs': {reason}").format(
            reason=designs["reason"]
        )

    def told(name: str) -> str:
        low, high = designs[f"{name}_interval"]
        return _("{designs:.0%} ({low:.0%} to {high:.0%})").format(designs=designs[name], low=low, high=high)

    alone = designs["angle_degrees_by_number_alone"]
    by_number = (
        _("what numbers alone would give cannot be judged")
        if alone is None
        else _("by their numbers alone, planes from so many photographs each would be about {alone:.0f}° apart").format(
            alone=alone
        )
    )
    return _(
        "The plane of the {count} labelled designs, beside it, is at {angle:.0f}° to it; {by_number}. "
        "The photographs' plane is right on {by_photographs} of the designs' labels, the designs' "
        "plane on {by_designs} of the withheld photographs"
    ).format(
        count=sum(designs["labels"].values()),
        angle=designs["angle_degrees"],
        by_number=by_number,
        by_photographs=told("photographs_plane_on_designs"),
        by_designs=told("designs_plane_on_withheld_photographs"),
    )
