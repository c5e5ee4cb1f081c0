from __future__ import annotations

import numpy as np
import pytest

from demicouture.boundary import attribute_changes
from demicouture.files import read_csv

BACKGROUND = (236, 236, 236)


def draw(
    size: int = 64,
    top: int = 10,
    bottom: int = 50,
    width: int = 30,
    left: int = 17,
    colour: tuple[int, int, int] = (40, 60, 150),
    background: tuple[int, int, int] = BACKGROUND,
) -> np.ndarray:
    """A box for a garment."""
    picture = np.empty((size, size, 3), np.uint8)
    picture[:] = background
    picture[top:bottom, left : left + width] = colour
    return picture


def measure(*pictures: np.ndarray) -> dict[str, np.ndarray]:
    return attribute_changes.measure(np.stack(pictures))


def test_the_foreground_is_what_differs_from_the_background():
    noisy = draw().astype(int) + np.random.default_rng(0).integers(-6, 7, (64, 64, 3))
    inside = attribute_changes.foreground(
        attribute_changes.to_lab(np.stack([draw(), np.clip(noisy, 0, 255).astype(np.uint8)]))
    )
    expected = np.zeros((64, 64), bool)
    expected[10:50, 17:47] = True
    assert (inside[0] != expected).sum() <= 4  # A median rounds the corners.
    assert (inside[1] != expected).mean() < 0.01


def test_a_white_print_is_part_of_the_garment():
    picture = draw()
    picture[25:35, 27:37] = BACKGROUND
    assert attribute_changes.foreground(attribute_changes.to_lab(picture[np.newaxis]))[0, 20:40, 20:44].all()


def test_framing_by_hand():
    found = measure(draw(), draw(top=16, bottom=64, left=20, width=32))
    assert found["height"] == pytest.approx([40 / 64, 48 / 64])
    assert found["centre, left to right"] == pytest.approx([32 / 64, 36 / 64])
    assert found["centre, top to bottom"] == pytest.approx([30 / 64, 40 / 64])
    assert found["cut off below"] == pytest.approx([0, 0.5], abs=0.03)


def test_shape_by_hand():
    wide, narrow = draw(width=40, left=12), draw(width=20, left=22)
    skirt = draw(width=20, left=22)
    skirt[40:50, 12:52] = (40, 60, 150)
    found = measure(wide, narrow, skirt)
    assert found["width at the middle"] == pytest.approx([1, 0.5, 0.5])
    assert found["width at the hem"] == pytest.approx([1, 0.5, 1], abs=0.06)
    assert found["symmetry"] == pytest.approx([1, 1, 1])
    lopsided = draw(width=20, left=22)
    lopsided[20:30, 42:58] = (40, 60, 150)
    assert measure(lopsided)["symmetry"][0] < 0.8


def test_a_nearer_garment_has_the_same_shape():
    found = measure(draw(top=4, bottom=60, left=11, width=42), draw(top=18, bottom=46, left=22, width=21))
    assert found["width at the middle"][0] == pytest.approx(found["width at the middle"][1], abs=0.02)
    assert found["height"][0] == pytest.approx(2 * found["height"][1])


def test_colours_are_those_of_the_garment_and_those_of_the_background():
    grey, red = (119, 119, 119), (200, 40, 40)
    found = measure(draw(colour=grey), draw(colour=red), draw(colour=grey, background=(20, 20, 20)))
    assert found["lightness"][0] == pytest.approx(50, abs=0.5)  # sRGB 119 is middle grey.
    assert found["colourfulness"][0] < 1 < 50 < found["colourfulness"][1]
    assert found["green to red"][1] > 50
    assert found["background's lightness"][0] > 90 and found["background's lightness"][2] < 10
    assert found["contrast"] == pytest.approx([0, 0, 0], abs=0.5)


def test_an_empty_picture_has_no_garment_and_does_no_harm():
    found = measure(draw(colour=BACKGROUND))
    assert found["height"][0] == found["symmetry"][0] == 0
    assert all(np.isfinite(values).all() for values in found.values())


def test_correlations_are_pearsons_with_fishers_interval():
    distances = np.linspace(-1, 1, 28)
    changes = attribute_changes.correlate(
        {"lightness": 3 * distances, "contrast": np.ones(28), "detail": distances**2}, distances
    )
    assert changes[0].correlation == pytest.approx(1) and changes[1].correlation == 0
    low, high = changes[2].interval
    # With r = 0 and n = 28 the interval is ±tanh(1.96 / 5).
    assert (low, high) == pytest.approx((-0.3729, 0.3729), abs=1e-3)
    assert [change.is_clear for change in changes] == [True, False, False] and changes[1].p_value == 1
    assert attribute_changes.describe_changes(changes) == (
        "1 of 3 attributes change with the distance by more than chance (p < 0.05 after Holm's correction); "
        "most of all lightness +1.00"
    )


@pytest.mark.parametrize(("kind", "shares"), [("background", (1, 0)), ("garment", (0, 1)), ("both", (0.5, 0.5))])
def test_what_explains_the_distance_is_told(kind, shares):
    random = np.random.default_rng(0)
    values = {name: random.normal(size=300) for name in attribute_changes.ATTRIBUTES}
    background, garment = values["background's lightness"], values["lightness"]
    distances = {"background": background, "garment": garment, "both": (background + garment) / np.sqrt(2)}[kind]
    found = attribute_changes.explain(values, distances, seed=0)
    assert (found.surroundings, found.garment) == pytest.approx(shares, abs=0.15)
    assert found.both > 0.95


def test_both_sides_are_told():
    # Alone 65% and 51%, together 71%: each explains at least what the other leaves.
    assert attribute_changes.ExplainedVariance(0.65, 0.51, 0.71).sentence == (
        "background and framing explain 20% to 65% of the differences between designs in their distance from the "
        "plane, the garment's own measures 6% to 51%, 29% neither"
    )
    # Held out, both together may explain a little less than one alone.
    found = attribute_changes.ExplainedVariance(0.4, 0.002, 0.39).sentence
    assert "explain 39% to 40% of" in found and "measures about 0%, 61% neither" in found


def test_holms_correction_by_hand():
    # Sorted 0.005, 0.011, 0.02, 0.04, times 4, 3, 2, 1: 0.02, 0.033, 0.04, 0.04.
    corrected = attribute_changes.holm(np.array([0.011, 0.04, 0.005, 0.02]))
    assert corrected == pytest.approx([0.033, 0.04, 0.02, 0.04])
    # None becomes smaller than one before it, nor larger than 1: 0.03, 0.04 of 3 are 0.09, 0.08, so 0.09 both.
    assert attribute_changes.holm(np.array([0.04, 0.03, 0.9])) == pytest.approx([0.09, 0.09, 0.9])
    assert attribute_changes.holm(np.array([0.6, 0.7])) == pytest.approx([1.0, 1.0])


def test_of_attributes_that_are_chance_none_is_called_more():
    mistaken = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        values = {name: random.normal(size=60) for name in attribute_changes.ATTRIBUTES}
        mistaken += any(change.is_clear for change in attribute_changes.correlate(values, random.normal(size=60)))
    assert mistaken <= 5  # Two are to be expected; without the correction it would be 26.


def test_chance_explains_nothing():
    random = np.random.default_rng(1)
    values = {name: random.normal(size=300) for name in attribute_changes.ATTRIBUTES}
    found = attribute_changes.explain(values, random.normal(size=300), seed=0)
    assert max(found.surroundings, found.garment, found.both) < 0.05


def test_a_change_is_placed_within_the_garment_at_its_outline_or_in_the_background():
    def shares(first: np.ndarray, second: np.ndarray) -> dict[str, float]:
        found = attribute_changes.compare(first[np.newaxis], second[np.newaxis])
        assert sum(found.shares.values()) == pytest.approx(1)
        return found.shares

    assert shares(draw(), draw(colour=(150, 60, 40)))["garment"] > 0.95
    assert shares(draw(), draw(width=36))["outline"] > 0.95
    assert shares(draw(), draw(background=(200, 200, 230)))["background"] > 0.95


def test_the_heat_is_where_pictures_differ():
    found = attribute_changes.compare(np.stack([draw()] * 2), np.stack([draw(), draw(colour=(150, 60, 40))]))
    assert found.heat[30, 30] > 20 and found.heat[2, 2] == 0
    assert found.first[30, 30] == pytest.approx((40, 60, 150)) and found.second[30, 30] == pytest.approx((95, 60, 95))


def test_changes_are_written_the_strongest_first(tmp_path):
    distances = np.linspace(-1, 1, 28)
    attribute_changes.write_changes(
        tmp_path / "changes.csv",
        attribute_changes.correlate({"contrast": distances**2, "lightness": -distances}, distances),
    )
    rows = read_csv(
        tmp_path / "changes.csv", ["attribute", "kind", "unit", "correlation", "low", "high", "holm_p_value"]
    )
    assert [row["attribute"] for row in rows] == ["lightness", "contrast"]
    assert float(rows[0]["correlation"]) == pytest.approx(-1) and rows[0]["kind"] == "garment"
    assert float(rows[0]["holm_p_value"]) < 1e-9 and float(rows[1]["holm_p_value"]) > 0.9


def test_a_garment_of_single_pixels_has_attributes_too():
    lab, inside = np.random.default_rng(0).random((8, 8, 3)), np.zeros((8, 8), bool)
    inside[2, 3] = inside[5, 5] = True  # none beside another
    assert np.isfinite(list(attribute_changes._measure_one(lab, inside).values())).all()
