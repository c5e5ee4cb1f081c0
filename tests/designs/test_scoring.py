import numpy as np
import pytest

from demicouture.designs import scoring
from demicouture.designs.comparison import Comparison
from demicouture.evaluation.imagenet_features import FEATURES
from demicouture.evaluation.reference import ReferenceFeatures
from demicouture.evaluation.style_classifier import StyleClassifier

POLES = ("casual", "collection")


@pytest.fixture(scope="module")
def comparison():
    """Pictures of which ten features are high, and low in controls; a classifier by another feature."""
    rng = np.random.default_rng(0)
    features, mirrored = rng.uniform(0, 1, (2, 60, FEATURES)).astype(np.float32)
    features[:, 10:20] += 8
    mirrored[:, 10:20] += 8
    controls = rng.uniform(0, 1, (30, FEATURES)).astype(np.float32)
    withheld = np.arange(60) % 6 == 0
    names = tuple(f"{index}.png" for index in range(60))
    reference = ReferenceFeatures(features, mirrored, np.arange(60) % 2, withheld, names, POLES, "")
    coefficients = np.zeros(FEATURES)
    coefficients[1] = 10
    record = {"poles": list(POLES), "balanced_accuracy": 0.9}
    return Comparison(reference, controls, StyleClassifier(coefficients, -5.0, record))


def make_designs(count):
    features = np.random.default_rng(1).uniform(0, 1, (40, FEATURES)).astype(np.float32)
    features[:, 10:20] += np.linspace(0, 8, 40)[:, np.newaxis]
    features[:, 1] = np.linspace(0, 1, 40)
    return features[:count]


def test_the_most_like_pictures_have_the_highest_ranks(comparison):
    rows = scoring.score_rows(make_designs(40), comparison, seed=0)
    ranks = np.array([row["realism_rank"] for row in rows])
    assert sorted(ranks) == [index / 39 for index in range(40)]
    assert ranks[30:].mean() > ranks[:10].mean() + 0.3
    assert [rows[index]["label"] for index in (0, 19, 39)] == ["casual", "", "collection"]


def test_all_but_the_rank_is_the_same_among_fewer(comparison):
    many, few = (scoring.score_rows(make_designs(count), comparison, seed=0) for count in (40, 7))
    assert [{**row, "realism_rank": 0} for row in many[:7]] == [{**row, "realism_rank": 0} for row in few]
    again = scoring.score_rows(make_designs(7), comparison, seed=0)
    assert again == few


def test_too_few_designs_have_no_rank_and_no_classifier_gives_no_label(comparison):
    rows = scoring.score_rows(make_designs(4), Comparison(comparison.reference, comparison.controls, None), seed=0)
    assert [(row["realism_rank"], row["label"], row["score"]) for row in rows] == [("", "", None)] * 4
    assert scoring.count_copies(rows) == 0
    assert scoring.count_copies(scoring.empty_rows(4)) is None


def test_a_picture_that_comes_back_is_a_copy(comparison):
    designs = np.concatenate([make_designs(6), comparison.reference.mirrored[[7]]])
    rows = scoring.score_rows(designs, comparison, seed=0)
    assert [row["copy"] for row in rows] == ["no"] * 6 + ["yes"]
    assert rows[6]["nearest"] == "7.png" and rows[6]["nearest_distance"] < 1e-9 and scoring.count_copies(rows) == 1
