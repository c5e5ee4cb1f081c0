from __future__ import annotations

import numpy as np
import planted
import pytest

from demicouture.boundary import style_scores
from demicouture.boundary.hyperplane import Hyperplane
from demicouture.evaluation import style_classifier
from demicouture.files import write_json


def test_scores_are_summarised_by_hand():
    found = style_scores.compare_scores(
        np.array([0.45, 0.55, 0.5, 0.5]), np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.1, 0.2, 0.5, 0.9])
    )
    plane, designs, random = (found[name] for name in ("on_the_plane", "random_designs", "on_a_random_plane"))
    assert (plane["mean"], plane["in_between"], plane["designs"]) == (0.5, 1.0, 4)
    assert plane["high"] - plane["mean"] == pytest.approx(1.96 * np.sqrt(0.005 / 3) / 2)
    # Random designs of two poles have the same mean, and none of them is in between.
    assert (designs["mean"], designs["in_between"]) == (0.5, 0.0) and designs["low"] == 0.0
    assert random["mean"] == pytest.approx(0.425) and random["in_between"] == 0.25
    # All four of the plane's and one of the eight others: of the 792 ways to place five of twelve, 8 are like that.
    assert found["in_between_p_value"] == pytest.approx(8 / 792)


def test_the_sentence_says_whether_the_plane_is_more_in_between_than_chance():
    random = np.random.default_rng(0)
    middle, ends = random.uniform(0.4, 0.6, 100), random.uniform(0, 1, 100).round()
    told = style_scores.describe_scores(style_scores.compare_scores(middle, ends, ends), planted.POLES)
    assert "0 is casual, 1 is collection" in told
    assert told.endswith("100% of the plane's in between (0.4 to 0.6), more than of the others (0% and 0%)")
    told = style_scores.describe_scores(style_scores.compare_scores(ends, ends, ends), planted.POLES)
    assert told.endswith("0% of the plane's in between (0.4 to 0.6), not clearly more than of the others (0% and 0%)")


def test_the_classifier_is_unsure_where_it_gives_no_label():
    scores = np.array([0.39, 0.4, 0.5, 0.59, 0.6, np.nan])
    assert style_scores.is_unsure(scores).tolist() == [False, False, True, True, False, False]


def test_a_random_plane_is_as_far_from_the_centre_in_another_direction():
    plane = Hyperplane(planted.planted_normal(0), 0.3)
    other = style_scores.random_plane(plane, 0)
    assert other.intercept == 0.3 and abs(other.normal @ plane.normal) < 0.4
    assert np.linalg.norm(other.normal) == pytest.approx(1, abs=1e-12)
    assert np.array_equal(other.normal, style_scores.random_plane(plane, 0).normal)


def test_without_a_classifier_of_these_poles_that_is_worth_it_nothing_is_scored(tmp_path):
    assert style_scores.find_scorer(tmp_path, planted.POLES, quiet=True) == (None, "")
    for poles, accuracy in ((("long", "short"), 0.9), (planted.POLES, 0.6)):
        record = dict.fromkeys(style_classifier.RECORDED, 0) | {"poles": list(poles), "balanced_accuracy": accuracy}
        style_classifier.StyleClassifier(np.zeros(1280), 0.0, record).save(tmp_path)
        assert style_scores.find_scorer(tmp_path, planted.POLES, quiet=True) == (None, "")


def test_a_classifier_of_an_earlier_version_is_told(tmp_path):
    write_json(tmp_path / "style-classifier.json", {"poles": list(planted.POLES), "accuracy": 0.9})
    scorer, reason = style_scores.find_scorer(tmp_path, planted.POLES, quiet=True)
    assert scorer is None
    assert "style-classifier.json: made by an earlier version, or damaged" in reason
    assert reason.endswith("generate.py")
