from __future__ import annotations

import pytest

from demicouture.training.collapse import LONG, all_collapses, find_collapse

GOOD = {"d_loss": 0.6, "g_loss": 0.9, "d_real": 0.7, "d_fake": 0.8, "nearest_neighbour_diversity": 0.9}
WON = {**GOOD, "d_real": 1.0, "d_fake": 0.9995}
BLIND = {**GOOD, "d_real": 1.0, "d_fake": 0.0}
ALIKE = {**GOOD, "nearest_neighbour_diversity": 0.1}


def log(*stretches: tuple[dict, int]) -> list[dict]:
    rows = [row for row, count in stretches for _ in range(count)]
    return [{"epoch": str(number)} | row for number, row in enumerate(rows, start=1)]


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (WON, "the discriminator recognises every picture, and teaches nothing any more"),
        (BLIND, "the discriminator says the same to every picture"),
        ({**BLIND, "d_real": 0.0, "d_fake": 1.0}, "the discriminator says the same to every picture"),
        (ALIKE, "the generated pictures are nearly all alike"),
    ],
)
def test_what_lasts_long_is_a_collapse_and_what_passes_is_none(bad, told):
    assert find_collapse(log((GOOD, 3), (bad, LONG))) == told
    assert find_collapse(log((GOOD, 3), (bad, LONG - 1))) is None
    assert find_collapse(log((bad, LONG - 1), (GOOD, 1), (bad, LONG - 1))) is None
    assert find_collapse(log((bad, LONG), (GOOD, 1))) is None
    # Numbers come as texts from the file.
    assert find_collapse([{name: str(value) for name, value in row.items()} for row in log((bad, LONG))]) == told


@pytest.mark.parametrize("value", ["nan", "inf"])
@pytest.mark.parametrize("name", ["d_loss", "g_loss"])
def test_losses_that_are_no_numbers_are_a_collapse_at_once(name, value):
    assert find_collapse(log((GOOD, 1), ({**GOOD, name: value}, 1))) == "losses or weights are no longer numbers"


def test_a_good_run_and_an_empty_one_have_none():
    assert find_collapse([]) is None
    assert find_collapse(log((GOOD, 50))) is None
    assert all_collapses(log((GOOD, 50))) == []


def test_each_collapse_is_marked_where_it_was_noticed():
    rows = log((GOOD, 5), (WON, LONG + 7), (GOOD, 5), (ALIKE, LONG))
    found = all_collapses(rows)
    assert [epoch for epoch, _ in found] == [5 + LONG, 5 + LONG + 7 + 5 + LONG]
    assert "recognises every picture" in found[0][1] and "alike" in found[1][1]
