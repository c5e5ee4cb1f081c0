from __future__ import annotations

import numpy as np
import pytest

from demicouture.boundary import intercept
from demicouture.boundary.intercept import find_middle, fit_label_curve


def draw(count: int, middle: float, slope: float, wrong: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Positions, (1, count), and labels by the curve that is to be found again."""
    random = np.random.default_rng(seed)
    positions = random.normal(scale=0.58, size=count)
    chance = wrong + (1 - 2 * wrong) / (1 + np.exp(-slope * (positions - middle)))
    return positions[np.newaxis], random.random(count) < chance


@pytest.mark.parametrize(("middle", "slope", "wrong"), [(0.0, 4.0, 0.0), (0.5, 8.0, 0.0), (-0.7, 10.0, 0.1)])
def test_a_known_curve_is_found_again(middle, slope, wrong):
    curve = fit_label_curve(*draw(10_000, middle, slope, wrong))
    assert curve.middle == pytest.approx(middle, abs=0.03)
    assert curve.slope == pytest.approx(slope, rel=0.1)
    assert curve.wrong == pytest.approx(wrong, abs=0.01)
    assert find_middle(*draw(10_000, middle, slope, wrong)) == curve.middle


def test_without_wrong_labels_it_is_scikit_learns_logistic_regression():
    from sklearn.linear_model import LogisticRegression

    positions, labels = draw(400, 0.3, 3.0)
    weights = np.where(np.arange(400) % 3 == 0, 2.0, 1.0)
    curve = fit_label_curve(positions, labels, weights)
    plain = LogisticRegression(C=np.inf, tol=1e-8).fit(positions.T, labels, weights)
    assert curve.wrong == 0
    assert curve.slope == pytest.approx(plain.coef_[0, 0], rel=1e-3)
    assert curve.middle == pytest.approx(-plain.intercept_[0] / plain.coef_[0, 0], abs=1e-3)


def test_a_design_that_was_held_out_three_times_counts_once():
    positions, labels = draw(200, 0.1, 3.0)
    once, thrice = fit_label_curve(positions, labels), fit_label_curve(np.repeat(positions, 3, axis=0), labels)
    assert thrice.middle == pytest.approx(once.middle, abs=1e-4)
    assert thrice.gain == pytest.approx(once.gain, rel=1e-4)


def test_wrong_labels_of_a_rare_pole_do_not_move_the_middle():
    positions, labels = draw(10_000, 0.74, 12.0, wrong=0.1)
    assert (positions[0] > 0.74).mean() == pytest.approx(0.1, abs=0.01)
    assert find_middle(positions, labels) == pytest.approx(0.74, abs=0.03)


def test_positions_that_part_the_labels_have_the_middle_between_them():
    positions = np.array([[-0.9, -0.5, -0.4, 0.2, 0.3, 0.8]])
    assert -0.4 < find_middle(positions, positions[0] > 0) < 0.2


def test_there_is_no_middle_where_labels_do_not_depend_on_positions():
    random = np.random.default_rng(3)
    found = [find_middle(random.normal(size=(1, 200)), random.random(200) < 0.5) for _ in range(20)]
    assert found.count(None) >= 18
    positions, labels = draw(400, 0.0, 4.0)
    assert find_middle(-positions, labels) is None  # The chance falls.
    assert find_middle(np.zeros((1, 400)), labels) is None


def test_there_is_no_middle_beyond_all_designs():
    # The chance rises, to a third at most.
    positions, labels = draw(2_000, 3.0, 2.0)
    curve = fit_label_curve(positions, labels)
    assert curve.gain > intercept.CLEAR_GAIN and curve.middle > positions.max()
    assert find_middle(positions, labels) is None
