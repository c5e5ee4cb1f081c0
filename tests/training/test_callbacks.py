from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras")

from demicouture.training.callbacks import epoch_order, is_evaluated  # noqa: E402

ROWS = np.arange(20, 40, 2)
"""The others are withheld."""


def test_an_epoch_takes_each_picture_at_most_once_and_every_epoch_others():
    orders = [epoch_order(0, epoch, ROWS, wanted=8) for epoch in range(20)]
    assert all(len(set(order)) == 8 for order in orders)
    assert {int(picture) for order in orders for picture in order} == set(ROWS)
    assert len({tuple(order) for order in orders}) == 20
    np.testing.assert_array_equal(orders[3], epoch_order(0, 3, ROWS, 8))
    assert list(orders[3]) != list(epoch_order(0, 3, ROWS, 8, rollbacks=1))


def test_generators_are_evaluated_often_at_first_and_seldom_later():
    taken = [epoch for epoch in range(1, 2001) if is_evaluated(epoch, 1999)]
    assert taken[:5] == [1, 5, 10, 15, 20]
    assert [epoch for epoch in taken if 90 <= epoch <= 150] == [90, 95, 100, 125, 150]
    assert [epoch for epoch in taken if epoch >= 975] == [975, 1000, 1250, 1500, 1750, 1999, 2000]
