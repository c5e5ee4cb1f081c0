from __future__ import annotations

import numpy as np
import pytest

from demicouture.evaluation.kernel_distance import KernelDistance, kernel_distance, progress


def by_hand(first, second):
    """The same estimate, pair by pair."""
    d = len(first[0])

    def kernel(x, y):
        return (np.dot(x, y) / d + 1) ** 3

    def within(rows):
        return np.mean([kernel(x, y) for i, x in enumerate(rows) for j, y in enumerate(rows) if i != j])

    return 1000 * (within(first) + within(second) - 2 * np.mean([kernel(x, y) for x in first for y in second]))


def test_the_estimate_is_the_one_worked_out_by_hand():
    # In one dimension k(x, y) = (xy + 1)³. Among 0, 0 and 1: 1. Among 1, 1 and 2: 8, 27 and 27, twice each.
    # Across: 0 with all is 1 (six times); 1 with 1, 1 and 2 is 8, 8 and 27.
    found = kernel_distance(np.array([[0.0], [0.0], [1.0]]), np.array([[1.0], [1.0], [2.0]]), unit_length=False)
    assert found.mean == pytest.approx(1000 * (1 + 62 / 3 - 2 * 49 / 9))
    # In two dimensions the product is halved: k((2, 0), (2, 4)) = (4 / 2 + 1)³.
    first, second = np.array([[2.0, 0.0], [2.0, 4.0], [2.0, 0.0]]), np.zeros((3, 2))
    assert kernel_distance(first, second, unit_length=False).mean == pytest.approx(1000 * (27 + 1 - 2))


def test_of_features_the_direction_counts_and_not_the_length():
    # k is (cosine + 1)³: 8 in the same direction, 1 at a right angle, 0 opposite. Among the first three: 8.
    # Among the others: up with up 8, up with left 1, 1. Across: right with up 1, 1, right with left 0.
    first = np.array([[1.0, 0.0], [5.0, 0.0], [0.1, 0.0]])
    second = np.array([[0.0, 2.0], [0.0, 30.0], [-3.0, 0.0]])
    expected = 1000 * (8 + (8 + 1 + 1) / 3 - 2 * 2 / 3)
    assert kernel_distance(first, second).mean == pytest.approx(expected)
    assert kernel_distance(first * 7, second / 9).mean == pytest.approx(expected)
    # What has no length has no direction: at a right angle to all, and to itself.
    assert kernel_distance(first, np.zeros((3, 2))).mean == pytest.approx(1000 * (8 + 1 - 2))


def test_errors_are_those_of_leaving_each_picture_out():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(6, 4)), rng.normal(0.5, 1, (9, 4))
    found = kernel_distance(first, second, unit_length=False)
    assert found.mean == pytest.approx(by_hand(first, second))
    without_first = [by_hand(np.delete(first, i, 0), second) for i in range(6)]
    without_second = [by_hand(first, np.delete(second, j, 0)) for j in range(9)]
    own = 8 / 9 * np.sum((without_second - np.mean(without_second)) ** 2)
    reference = 5 / 6 * np.sum((without_first - np.mean(without_first)) ** 2)
    assert found.own_error == pytest.approx(np.sqrt(own)) and found.error == pytest.approx(np.sqrt(own + reference))
    assert (found.low, found.high) == (found.mean - 1.96 * found.error, found.mean + 1.96 * found.error)


def test_the_interval_holds_the_true_distance_as_often_as_it_says():
    d, shift = 16, 0.3

    def expected(first, second):
        # Of (x·y / d + 1)³ for independent normal rows with means of `first` and `second` in each dimension: x·y has
        # the mean d·ab, the variance d·(1 + a² + b²) and the third central moment 6d·ab.
        mean, variance, third = first * second, (1 + first**2 + second**2) / d, 6 * first * second / d**2
        return (1 + mean) ** 3 + 3 * (1 + mean) * variance + third

    for mean in (0, shift):
        true = 1000 * (expected(0, 0) + expected(mean, mean) - 2 * expected(0, mean))
        rng = np.random.default_rng(0)
        draws = [
            kernel_distance(rng.normal(size=(50, d)), rng.normal(mean, 1, (80, d)), unit_length=False)
            for _ in range(120)
        ]
        assert np.mean([found.low <= true <= found.high for found in draws]) >= 0.93
        deviation = np.std([found.mean for found in draws])
        assert abs(np.mean([found.mean for found in draws]) - true) < 3 * deviation / np.sqrt(120)


def test_several_draws_are_one_set_and_tell_more():
    rng = np.random.default_rng(0)
    reference, draws = rng.normal(size=(100, 16)), rng.normal(0.3, 1, (4, 64, 16))
    one, all_four = kernel_distance(reference, draws[0]), kernel_distance(reference, draws.reshape(-1, 16))
    assert all_four.own_error == pytest.approx(one.own_error / 2, rel=0.25)


def test_sets_are_as_good_as_each_other_where_their_intervals_overlap():
    best = KernelDistance(100, 50, 10)
    assert KernelDistance(139, 50, 10).is_no_worse_than(best) and not KernelDistance(140, 50, 10).is_no_worse_than(best)
    assert KernelDistance(50, 0, 0).is_no_worse_than(best)


def test_of_too_few_pictures_nothing_is_said():
    with pytest.raises(ValueError, match="sets of 2 and 3 pictures, expected at least 3 in each"):
        kernel_distance(np.zeros((2, 4)), np.zeros((3, 4)))


def test_progress_goes_from_noise_to_photographs():
    assert progress(1000, noise=1000, photographs=0) == 0 and progress(0, noise=1000, photographs=0) == 1
    assert progress(250, noise=1000, photographs=0) == 0.5  # Half the distance has a quarter of its square.
    assert progress(260, noise=970, photographs=10) == pytest.approx(1 - np.sqrt(250 / 960))
    assert progress(1300, noise=1000, photographs=0) == 0 and progress(-5, noise=1000, photographs=3) == 1
