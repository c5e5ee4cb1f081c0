from __future__ import annotations

import numpy as np
import pytest

from demicouture.evaluation.precision_recall import Manifold, precision_and_recall

LINE = np.array([[0.0, 0], [1, 0], [3, 0], [7, 0]])


def test_radii_worked_out_by_hand():
    assert Manifold(LINE, neighbours=2).radii.tolist() == [3, 2, 3, 6]
    assert Manifold(LINE, neighbours=1).radii.tolist() == [1, 1, 2, 4]


def test_contains_is_the_union_of_the_balls_but_the_widest():
    manifold = Manifold(LINE, neighbours=1)  # [-1, 1], [0, 2], [1, 5]; and [3, 11], which is too wide
    inside = manifold.contains(np.array([[-1.01, 0], [-1, 0], [0, 0.9], [2.5, 2], [4.9, 0], [8, 3]]))
    assert inside.tolist() == [False, True, True, False, True, False]


def test_realism_is_the_largest_ratio_among_the_smaller_balls():
    manifold = Manifold(LINE, neighbours=2)  # the ball of radius 6 is left out
    realism = manifold.realism(np.array([[5.0, 0], [9, 0], [1, 0]]))
    assert realism[0] == pytest.approx(3 / 2)
    assert realism[1] == pytest.approx(3 / 6)
    assert realism[2] == np.inf


def test_nearest_names_the_picture_and_its_distance():
    index, distance = Manifold(LINE, neighbours=1).nearest(np.array([[4.5, 0], [6.0, 0], [3.0, 4]]))
    assert index.tolist() == [2, 3, 2]
    assert distance.tolist() == [1.5, 1.0, 4.0]


def test_a_row_depends_on_no_other():
    random = np.random.default_rng(0)
    manifold = Manifold(random.normal(size=(50, 96)))
    rows = random.normal(size=(1100, 96))
    assert np.array_equal(manifold.realism(rows)[1030:1031], manifold.realism(rows[1030:1031]))
    assert np.array_equal(manifold.nearest(rows)[1][:3], manifold.nearest(rows[:3])[1])


def test_precision_and_recall_tell_narrow_from_wide():
    random = np.random.default_rng(0)
    real = random.normal(size=(400, 2))
    assert min(precision_and_recall(real, random.normal(size=(400, 2)))) > 0.9
    narrow = random.normal(0, 0.1, (400, 2))
    precision, recall = precision_and_recall(real, narrow)
    assert precision == 1 and recall < 0.1
    precision, recall = precision_and_recall(real, random.normal(0, 5, (400, 2)))
    assert precision < 0.3 and recall > 0.9


def test_equal_pictures_are_no_fault():
    manifold = Manifold(np.zeros((5, 3)))
    assert manifold.contains(np.zeros((1, 3))).all()
    assert manifold.realism(np.array([[1.0, 1, 1], [0, 0, 0]])).tolist() == [0.0, np.inf]


def test_too_few_pictures_are_refused():
    with pytest.raises(ValueError, match="3 pictures, expected more than 3"):
        Manifold(np.zeros((3, 2)))
