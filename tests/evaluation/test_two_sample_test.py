from __future__ import annotations

import numpy as np
import pytest

from demicouture.evaluation.two_sample_test import tell_apart


def test_what_is_the_same_is_told_apart_by_guessing_and_what_is_not_always():
    rng = np.random.default_rng(0)
    first, same, other = rng.normal(size=(3, 200, 40))
    guessed = tell_apart(first, same)
    assert guessed.low < 0.5 < guessed.high and guessed.accuracy == pytest.approx(0.5, abs=0.08)
    assert tell_apart(first, other + 3).accuracy == 1


def test_the_accuracy_is_held_out_and_that_of_the_best_line():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 1000, 10))
    second[:, 0] += 2  # The best there is: each class is right one standard deviation into the other, 84%.
    found = tell_apart(first, second)
    assert found.low < 0.8413 < found.high and 0.02 < found.high - found.low < 0.04
    # More numbers than pictures: in the training set any labels fit.
    assert tell_apart(rng.normal(size=(40, 300)), rng.normal(size=(40, 300))).accuracy < 0.7


def test_both_sets_count_alike_and_the_seed_chooses():
    rng = np.random.default_rng(0)
    small, large = rng.normal(size=(50, 8)), rng.normal(0.5, 1, (400, 8))
    found = tell_apart(small, large, seed=1)
    assert found == tell_apart(small, large, seed=1)
    assert found.accuracy * 100 == pytest.approx(round(found.accuracy * 100))  # of 100 pictures
    # Of the larger set alone, 89% could be had by always naming it.
    assert found.accuracy < 0.85
