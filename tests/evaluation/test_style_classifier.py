from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from demicouture import files
from demicouture.evaluation import style_classifier
from demicouture.evaluation.imagenet_features import FEATURES
from demicouture.evaluation.reference import ReferenceFeatures
from demicouture.evaluation.style_classifier import StyleClassifier, train_style_classifier

POLES = ("casual", "collection")


def make_reference(
    count: int = 200, withheld: int = 40, apart: float = 1.0, flipped: float = 0.0, second: float = 0.5, seed: int = 0
) -> ReferenceFeatures:
    """Features of which the first ten tell the poles apart, by so many standard deviations each."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(count) < second).astype(int)
    features = rng.normal(size=(count, FEATURES)).astype(np.float32)
    features[:, :10] += apart * (2 * labels[:, np.newaxis] - 1)
    labels = np.where(rng.random(count) < flipped, 1 - labels, labels)
    hidden = np.arange(count) >= count - withheld
    names = tuple(f"{POLES[label]}/{index}.png" for index, label in enumerate(labels))
    return ReferenceFeatures(features, features[:, ::-1], labels, hidden, names, POLES, "of the pictures")


@pytest.fixture(scope="module")
def trained() -> StyleClassifier:
    return train_style_classifier(make_reference(), seed=3)


def test_it_tells_the_poles_apart_and_says_how_often(trained):
    reference, record = make_reference(), trained.record
    scores = trained.score(reference.features)
    assert scores.dtype == np.float64 and ((scores > 0) & (scores < 1)).all()
    right = (scores >= 0.5) == reference.labels
    assert record["right"] == right[160:].sum() >= 36 and record["pictures"] == 40 and record["trained_on"] == 160
    assert record["accuracy"] == record["right"] / 40
    assert record["accuracy_low"] < record["accuracy"] <= record["accuracy_high"] <= 1
    assert record["brier_score"] == np.mean((scores[160:] - reference.labels[160:]) ** 2) < 0.1
    assert record["poles"] == list(POLES) and trained.poles == POLES and record["dataset_sha256"] == "of the pictures"
    assert record["measured_on"] == "withheld pictures" and not record["softened"]
    told = style_classifier.describe_accuracy(record)
    assert f"right on {record['right']} of 40 withheld pictures (95% interval" in told
    assert told.endswith("; how often on designs, only a person's labels can tell")


def test_a_picture_s_score_does_not_depend_on_the_others(trained):
    features = make_reference().features
    together = trained.score(features)
    for rows in ([0], [199], [3, 4, 5], range(199, -1, -1)):
        np.testing.assert_array_equal(trained.score(features[list(rows)]), together[list(rows)])


def test_the_same_seed_gives_the_same_classifier(trained):
    again = train_style_classifier(make_reference(), seed=3)
    assert np.array_equal(again.coefficients, trained.coefficients) and again.intercept == trained.intercept
    assert again.record.items() <= trained.record.items()


@pytest.mark.parametrize("second", [0.5, 0.2])
def test_scores_are_shares_even_where_labels_are_wrong_and_poles_unequal(second):
    reference = make_reference(3000, withheld=2400, flipped=0.2, second=second, apart=0.4)
    classifier = train_style_classifier(reference)
    scores, labels = classifier.score(reference.features[reference.withheld]), reference.labels[reference.withheld]
    for low, high in ((0, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 1)):
        of_these = (scores >= low) & (scores < high)
        if of_these.sum() >= 100:
            assert labels[of_these].mean() == pytest.approx(scores[of_these].mean(), abs=0.12)


def test_without_withheld_pictures_it_is_measured_fold_by_fold():
    # Nothing tells these apart; a classifier that is measured on what it learned would be right on all.
    reference = make_reference(withheld=0, apart=0.0)
    record = train_style_classifier(reference).record
    assert record["measured_on"] == "cross-validation" and record["pictures"] == record["trained_on"] == 200
    assert 0.35 < record["accuracy"] < 0.65 and not style_classifier.is_worthy(record)
    told = style_classifier.describe_accuracy(record)
    assert "pictures, each judged by one that had not seen it" in told and told.endswith("it labels nothing")


def test_too_few_pictures_give_none():
    reference = make_reference(30, withheld=10)
    labels = np.array([1] * 4 + [0] * 26)
    assert train_style_classifier(replace(reference, labels=labels)) is None
    labels[4] = 1
    assert train_style_classifier(replace(reference, labels=labels)) is not None


def test_softened_pictures_move_what_it_learns():
    # The eleventh feature is as good as the others, but softening turns it round.
    reference = make_reference(400, apart=0.5)
    reference.features[:, 10] = 2 * (2 * reference.labels - 1)
    softened = reference.features[~reference.withheld].copy()
    softened[:, 10] *= -1
    sharp, both = (train_style_classifier(reference, 0, versions) for versions in (None, softened))
    assert both.record["softened"] and both.record["trained_on"] == sharp.record["trained_on"] == 360
    assert abs(both.coefficients[10]) < 0.1 * sharp.coefficients[10]


def test_softened_pictures_are_softer_and_grainier():
    board = np.where(np.indices((64, 64)).sum(axis=0) % 2, 0, 255).astype(np.uint8)
    pictures = np.stack([np.full((64, 64, 3), 120, np.uint8), np.repeat(board[..., np.newaxis], 3, axis=2)])
    soft = style_classifier.soften(pictures)
    assert soft.dtype == np.uint8 and soft.shape == pictures.shape
    assert soft[0].std() == pytest.approx(style_classifier.GRAIN, rel=0.05)
    assert soft[0].mean() == pytest.approx(120, abs=1)
    assert soft[1].std() < 20  # The blur has left next to nothing of the checkerboard.
    np.testing.assert_array_equal(soft, style_classifier.soften(pictures))
    assert (soft != style_classifier.soften(pictures, seed=1)).any()


def test_a_saved_classifier_is_the_same(trained, tmp_path):
    trained.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(style_classifier.FILES)
    again = StyleClassifier.load(tmp_path)
    assert np.array_equal(again.coefficients, trained.coefficients) and again.intercept == trained.intercept
    assert again.record == trained.record == style_classifier.read_record(tmp_path)


def test_what_is_not_whole_is_no_classifier(trained, tmp_path):
    assert StyleClassifier.load(tmp_path) is None
    trained.save(tmp_path)
    np.savez(tmp_path / style_classifier.ARRAYS, coefficients=np.zeros(FEATURES), intercept=0.0)
    assert StyleClassifier.load(tmp_path) is None  # another's arrays
    trained.save(tmp_path)
    (tmp_path / style_classifier.ARRAYS).unlink()
    assert StyleClassifier.load(tmp_path) is None
    trained.save(tmp_path)
    for damaged in ("[]", "{}", "no"):
        (tmp_path / style_classifier.RECORD).write_text(damaged)
        assert StyleClassifier.load(tmp_path) is None
    files.write_json(tmp_path / style_classifier.RECORD, trained.record)
    assert StyleClassifier.load(tmp_path) is not None


def test_a_classifier_is_used_again_for_the_same_features_and_seed(trained):
    reference, record = make_reference(), trained.record
    assert style_classifier.is_usable(record, reference, 3, softened=False)
    assert not style_classifier.is_usable(record, reference, 4, softened=False)
    assert not style_classifier.is_usable(record, reference, 3, softened=True)
    assert style_classifier.is_usable({**record, "softened": True}, reference, 3, softened=False)
    assert not style_classifier.is_usable(record, make_reference(seed=1), 3, softened=False)
    assert not style_classifier.is_usable(record, make_reference(withheld=30), 3, softened=False)
    assert not style_classifier.is_usable(record, replace(reference, poles=("a", "b")), 3, softened=False)


def test_only_sure_scores_get_a_label():
    scores = np.array([0.0, 0.4, 0.401, 0.5, 0.599, 0.6, 1.0])
    record = {"poles": list(POLES), "balanced_accuracy": 0.8}
    expected = ["casual", "casual", "", "", "", "collection", "collection"]
    assert StyleClassifier(np.zeros(FEATURES), 0.0, record).label(scores) == expected
    unworthy = {**record, "balanced_accuracy": 0.79}
    assert style_classifier.label_scores(scores, unworthy) == [""] * 7


def test_what_is_measured_of_scores():
    found = style_classifier.measure_scores(np.array([0.1, 0.2, 0.6, 0.9]), np.array([0, 0, 0, 1]))
    assert (found["pictures"], found["right"], found["accuracy"]) == (4, 3, 0.75)
    assert found["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert found["brier_score"] == pytest.approx((0.01 + 0.04 + 0.36 + 0.01) / 4)
    # Wilson's interval for 3 of 4, worked out by hand.
    assert (found["accuracy_low"], found["accuracy_high"]) == (
        pytest.approx(0.3006, abs=1e-4),
        pytest.approx(0.9544, abs=1e-4),
    )


def test_reliability_is_the_share_of_the_second_pole_by_score():
    scores = np.array([0.05, 0.15, 0.45, 0.9, 1.0, 0.8])
    found = style_classifier.reliability(scores, np.array([0, 0, 1, 1, 1, 1]))
    assert [one["pictures"] for one in found] == [2, 1, 3]
    assert [one["share"] for one in found] == [0, 1, 1]
    assert [one["mean_score"] for one in found] == pytest.approx([0.1, 0.45, 0.9])
