from __future__ import annotations

import numpy as np
import planted
import pytest

from demicouture.boundary import report as boundary_report
from demicouture.boundary.hyperplane import Hyperplane, fit_hyperplane
from demicouture.boundary.report import Effort
from demicouture.boundary.validation import HeldOut
from demicouture.designs.designs import Designs

LITTLE = Effort(repeats=1)


def designs_of(
    latents: np.ndarray, judged: list[str], yours: dict[int, str] | None = None, scores: np.ndarray | None = None
) -> Designs:
    yours = yours or {}
    labels = tuple(yours.get(index, word) for index, word in enumerate(judged))
    by_person = np.array([index in yours for index in range(len(judged))])
    scores = np.full(len(judged), np.nan) if scores is None else scores
    return Designs(latents, labels, scores, by_person, tuple(judged))


def test_the_designs_without_a_label_are_the_hard_ones():
    plane = Hyperplane(np.eye(100)[0], 0.0)
    latents = np.zeros((7, 100))
    latents[:, 0] = [-0.9, -0.5, 0.5, 0.9, -0.1, 0.1, 0.1]
    words = ["casual", "casual", "collection", "collection", "", "", ""]
    scores = np.array([0.1, 0.1, 0.9, 0.9, 0.45, 0.55, 0.41])
    found = boundary_report.measure_unsure(designs_of(latents, words, scores=scores), latents, plane, 0.75)
    # Two of three are on their side of one half: with 75% of four that is 5 of 7.
    assert found["designs"] == 3 and found["accuracy"] == pytest.approx(2 / 3)
    assert found["accuracy_with_them"] == pytest.approx(5 / 7)
    assert found["interval"] == pytest.approx((0.2077, 0.9385), abs=1e-3)


def test_what_a_person_called_neither_is_not_unsure():
    plane = Hyperplane(np.eye(100)[0], 0.0)
    words = ["casual", "collection", ""]
    designs = designs_of(np.zeros((3, 100)), words, {2: ""}, np.array([0.1, 0.9, 0.5]))
    found = boundary_report.measure_unsure(designs, designs.latents, plane, 0.8)
    assert found == {"designs": 0, "accuracy": None, "interval": None, "accuracy_with_them": 0.8}


def compare(designs: Designs, latents: np.ndarray) -> dict:
    labelled = ~designs.labelled("")
    own = latents[labelled], designs.labelled(designs.poles[1])[labelled]
    held_out = HeldOut(np.empty(0), 0.0, 0.0, 1)  # Of all labels; it is passed on.
    return boundary_report.compare_sources(designs, latents, fit_hyperplane(*own), held_out, 0, True, LITTLE)


def test_an_angle_that_few_labels_alone_give_is_told_from_another_opinion():
    latents, labels, _ = planted.planted(300, 0)
    latents, judged = latents.astype(np.float64), planted.words_of(labels)
    # The person says what the classifier says: all of the angle is the number's.
    same = compare(designs_of(latents, judged, {index: judged[index] for index in range(80)}), latents)
    assert same["angle_degrees"] > 25
    assert same["angle_degrees_by_number_alone"] == pytest.approx(same["angle_degrees"])
    # And of one who means something else, hardly any of it is.
    other = planted.words_of(latents @ planted.planted_normal(5) > 0)
    different = compare(designs_of(latents, judged, {index: other[index] for index in range(80)}), latents)
    assert different["angle_degrees"] > different["angle_degrees_by_number_alone"] + 20


def test_of_too_few_labels_of_a_person_there_is_no_angle():
    latents, labels, _ = planted.planted(60, 0)
    latents, judged = latents.astype(np.float64), planted.words_of(labels)
    found = compare(designs_of(latents, judged, {0: judged[0]}), latents)
    assert found["angle_degrees"] is None and found["angle_degrees_by_number_alone"] is None
