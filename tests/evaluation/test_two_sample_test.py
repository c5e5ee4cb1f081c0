import numpy as np
import pytest

from demicouture.evaluation.two_sample_test import held_out_scores, tell_apart


def draw(count, shift=0.0, seed=0, dim=200):
    """Features of pictures of one kind: a normal distribution, moved along its first ten axes."""
    return np.random.default_rng(seed).normal(size=(count, dim)) + shift * (np.arange(dim) < 10)


def test_the_same_kind_of_pictures_cannot_be_told_apart():
    found = [tell_apart(draw(100, seed=2 * seed), draw(100, seed=2 * seed + 1)) for seed in range(8)]
    assert 0.45 < np.mean([test.accuracy for test in found]) < 0.55
    assert sum(test.low < 0.5 < test.high for test in found) >= 7
    assert found[0].count == 200


def test_another_kind_is_told_apart_and_how_surely_is_said():
    found = tell_apart(draw(100), draw(100, shift=1.5, seed=1))
    assert 0.9 < found.accuracy <= 1
    assert found.low < found.accuracy < found.high or found.accuracy == 1


def test_of_the_larger_set_as_many_are_taken_as_the_smaller_has():
    found = tell_apart(draw(60), draw(900, seed=1))
    assert found.count == 120
    assert 0.3 < found.accuracy < 0.7  # A classifier that says "generated" of all would be right in 94%.


def test_a_seed_gives_the_same_result_and_too_few_are_refused():
    assert tell_apart(draw(40), draw(90, seed=1), seed=3) == tell_apart(draw(40), draw(90, seed=1), seed=3)
    with pytest.raises(ValueError, match="4 pictures, expected at least 5"):
        tell_apart(draw(4), draw(90))


def test_scores_are_those_of_classifiers_that_have_not_seen_the_picture():
    scores, labels = held_out_scores(draw(50), draw(50, seed=1))
    assert labels.tolist() == [True] * 50 + [False] * 50
    # Any 100 points in 200 dimensions can be separated: seen pictures would all be right.
    assert ((scores > 0) == labels).mean() < 0.7
