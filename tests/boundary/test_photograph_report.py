from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import planted
import pytest

from demicouture.boundary import findings
from demicouture.boundary.hyperplane import Hyperplane, fit_hyperplane
from demicouture.boundary.photograph_report import compare_with_designs, measure_near, measure_withheld
from demicouture.boundary.photographs import LabelledPhotographs
from demicouture.boundary.validation import accuracy_interval, learning_curve
from demicouture.designs.designs import Designs
from demicouture.latents import sample_prior

NORMAL = planted.planted_normal(0)


def photographs_of(count: int, seed: int, flipped: float = 0.0) -> LabelledPhotographs:
    """Photographs of the planted plane, one in five of them withheld."""
    codes, random = sample_prior(count, seed), np.random.default_rng(seed)
    labels = (codes @ NORMAL > 0) ^ (random.random(count) < flipped)
    withheld, names = np.arange(count) % 5 == 0, tuple(f"{number}.png" for number in range(count))
    return LabelledPhotographs(codes, tuple(planted.words_of(labels)), withheld, names, "")


def designs_of(count: int, seed: int, normal: np.ndarray = NORMAL, words: tuple[str, str] = planted.POLES) -> Designs:
    latents = sample_prior(count, seed)
    labels = tuple(words[int(label)] for label in latents @ normal > 0)
    return Designs(latents, labels, np.full(count, np.nan), np.zeros(count, bool), labels)


def compare(photographs: LabelledPhotographs, designs: Designs) -> tuple[dict, np.ndarray, np.ndarray | None]:
    """Returns the comparison and both normals."""
    chosen, labels = photographs.seen
    latents = photographs.latents[chosen].astype(np.float64)
    fit = fit_hyperplane(latents, labels)
    curve = learning_curve(latents, labels, np.ones(len(labels)), fit.penalty, 0)
    of_designs = designs, designs.latents.astype(np.float64)
    found, plane = compare_with_designs(photographs, *of_designs, Path("labels.csv"), fit.plane, curve, 0)
    return found, fit.plane.normal, plane and plane.normal


@pytest.mark.parametrize("labels", [150, 600])
def test_numbers_alone_give_the_angle_of_two_planes_that_mean_the_same(labels):
    found, of_photographs, of_designs = compare(photographs_of(500, 1), designs_of(labels, 2))
    assert found["angle_degrees"] == pytest.approx(np.degrees(np.arccos(of_photographs @ of_designs)))
    # The learning curve is drawn out from half of the labels, a little too low where they have no errors.
    assert -3 < found["angle_degrees_by_number_alone"] - found["angle_degrees"] < 8


def test_another_opinion_is_further_away_than_numbers_alone_would_make_it():
    other = NORMAL + planted.planted_normal(3)
    found, *_ = compare(photographs_of(500, 1), designs_of(500, 2, other / np.linalg.norm(other)))
    assert found["angle_degrees"] > found["angle_degrees_by_number_alone"] + 15


def test_each_plane_is_tried_on_what_the_other_is_of():
    photographs, designs = photographs_of(400, 1, flipped=0.1), designs_of(200, 2)
    found, of_photographs, of_designs = compare(photographs, designs)
    # The planted plane passes the centre, and so nearly do both: their sides are those of the normals.
    labels = np.array(designs.labels) == "collection"
    assert found["photographs_plane_on_designs"] == pytest.approx(
        np.mean((designs.latents @ of_photographs > 0) == labels), abs=0.05
    )
    low, high = found["photographs_plane_on_designs_interval"]
    assert (low, high) == accuracy_interval(found["photographs_plane_on_designs"], 200)
    withheld = photographs.latents[photographs.withheld]
    labels = photographs.labelled("collection")[photographs.withheld]
    assert found["designs_plane_on_withheld_photographs"] == pytest.approx(
        np.mean((withheld @ of_designs > 0) == labels), abs=0.1
    )


@pytest.mark.parametrize(
    ("designs", "reason"),
    [
        (designs_of(12, 0), "labels.csv: found these labels: casual 5, collection 7; expected two kinds"),
        (
            designs_of(60, 0, words=("a", "b")),
            "labels.csv: found the labels a and b, expected the photographs', casual",
        ),
    ],
)
def test_why_no_plane_of_the_designs_stands_beside_is_said(designs, reason):
    found, _, plane = compare(photographs_of(100, 1), designs)
    assert plane is None and found["reason"].startswith(reason)


def test_photographs_that_avoid_the_plane_are_told_from_those_that_lie_as_designs_do():
    plane, designs, photographs = Hyperplane(NORMAL, 0.0), designs_of(400, 2), photographs_of(400, 1)
    report = {"near_the_plane": measure_near(photographs, designs, plane)}
    assert report["near_the_plane"]["designs"] == pytest.approx(0.68, abs=0.06)
    assert findings._describe_gap(report) == ""
    apart = plane.signed_distance(photographs.latents)
    apart = plane.nearest(photographs.latents, np.where(apart > 0, 1.5, -1.5))
    report = {"near_the_plane": measure_near(replace(photographs, latents=apart), designs, plane)}
    told = findings._describe_gap(report)
    assert re.match(r"Within 0\.58 of the plane lie [67]\d% of the designs, but 0% of the photographs: ", told)


def test_what_was_withheld_decides():
    photographs = photographs_of(300, 1)
    chosen, labels = photographs.seen
    plane = fit_hyperplane(photographs.latents[chosen], labels).plane
    worth = {"boundary_found": True} | dict.fromkeys(
        ("held_out_accuracy", "held_out_interval", "held_out_balanced_accuracy", "held_out_area_under_roc"), 0.9
    )
    found = measure_withheld(photographs, plane, worth)
    distances = plane.signed_distance(photographs.latents[photographs.withheld])
    right = (distances > 0) == photographs.labelled("collection")[photographs.withheld]
    assert found["held_out_accuracy"] == right.mean() and found["boundary_found"]
    assert tuple(found["held_out_interval"]) == accuracy_interval(right.mean(), 60)
    assert found["cross_validation_on_seen"]["held_out_accuracy"] == 0.9 and sum(found["withheld"].values()) == 60
    # Labels that are chance where training has not seen the photographs: the encoder knows its own ones only.
    by_chance = np.array(photographs.labels)
    by_chance[photographs.withheld] = np.random.default_rng(4).permutation(by_chance[photographs.withheld])
    found = measure_withheld(replace(photographs, labels=tuple(by_chance)), plane, worth)
    assert not found["boundary_found"] and found["held_out_p_value"] > 0.05
