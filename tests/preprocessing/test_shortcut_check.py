import numpy as np
import pytest
from samples import garment

from demicouture.images import save_png
from demicouture.preprocessing import shortcut_check
from demicouture.preprocessing.shortcut_check import check_dataset, check_shortcuts, describe

PER_POLE = 20
LABELS = np.repeat([0, 1], PER_POLE)
SIZES = np.full((2 * PER_POLE, 2), (400, 600))
GREY = (200, 200, 200)


def cuts(grounds=(GREY, GREY), trousers=(False, False)) -> np.ndarray:
    """Pictures of both poles: garments of every colour on the pole's ground."""
    pictures = [
        garment(1000 * label + number, 64, 64, ground=grounds[label], trousers=trousers[label])
        for label in (0, 1)
        for number in range(PER_POLE)
    ]
    return np.stack([np.asarray(picture) for picture in pictures])


@pytest.fixture(scope="module")
def alike() -> dict[str, float]:
    return check_shortcuts(cuts(), SIZES, LABELS)


def test_where_nothing_but_chance_tells_the_poles_apart_there_is_no_shortcut(alike):
    assert list(alike) == ["sides", "top and bottom", "original size", "mean colour", "middle"]
    assert all(0.2 < accuracy < shortcut_check.SHORTCUT for accuracy in alike.values()), alike
    assert alike["original size"] == 0.5
    assert len(describe(alike, "keep")) == len(describe(alike, "plain")) == 1


def test_a_planted_background_is_found():
    found = check_shortcuts(cuts(grounds=((170, 190, 220), (220, 190, 170))), SIZES, LABELS)
    assert found["sides"] > 0.95 and found["top and bottom"] > 0.95


def test_figures_that_are_cut_off_at_the_bottom_are_found_there_and_not_at_the_sides():
    pictures = cuts()
    pictures[LABELS == 1, 40:, 24:40] = (40, 40, 60)
    found = check_shortcuts(pictures, SIZES, LABELS)
    assert found["top and bottom"] > 0.95
    assert found["sides"] < shortcut_check.SHORTCUT


def test_planted_sizes_are_found():
    taller = SIZES + np.outer(LABELS, (0, 200)) + np.random.default_rng(0).integers(0, 20, SIZES.shape)
    assert check_shortcuts(cuts(), taller, LABELS)["original size"] > 0.95


def test_a_planted_colour_is_found_in_the_mean_colour():
    pictures = cuts().astype(int)
    pictures[LABELS == 1] += (60, 0, -60)
    assert check_shortcuts(np.clip(pictures, 0, 255).astype(np.uint8), SIZES, LABELS)["mean colour"] > 0.9


def test_garments_that_differ_are_no_shortcut():
    found = check_shortcuts(cuts(trousers=(False, True)), SIZES, LABELS)
    assert found["middle"] > 0.9
    assert max(found["sides"], found["top and bottom"]) < shortcut_check.SHORTCUT


def test_a_pole_of_too_few_pictures_is_not_checked():
    pictures = cuts()
    assert check_shortcuts(pictures[: PER_POLE + 4], SIZES[: PER_POLE + 4], LABELS[: PER_POLE + 4]) is None
    assert check_shortcuts(pictures[:PER_POLE], SIZES[:PER_POLE], LABELS[:PER_POLE]) is None
    assert check_shortcuts(pictures[: PER_POLE + 5], SIZES[: PER_POLE + 5], LABELS[: PER_POLE + 5]) is not None
    assert describe(None, "plain") == []


def test_a_data_set_is_checked_as_its_pictures_are(alike, tmp_path):
    rows = []
    for number, (cut, label) in enumerate(zip(cuts(), LABELS, strict=True)):
        pole = ("casual", "collection")[label]
        save_png(tmp_path / pole / f"{number:02}.png", cut)
        rows.append({"picture": f"{pole}/{number:02}.png", "pole": pole, "width": 400, "height": 600})
    assert check_dataset(tmp_path, rows, ("casual", "collection")) == alike


def test_a_warning_says_what_tells_the_poles_apart():
    found = {
        "sides": shortcut_check.SHORTCUT,
        "top and bottom": 1.0,
        "original size": 0.5,
        "mean colour": 0.625,
        "middle": 1.0,
    }
    percent = f"{shortcut_check.SHORTCUT:.0%}"
    line = (
        f"shortcut check: the border alone tells the poles apart ({percent}); top and bottom 100%, original size 50%, "
        "mean colour 62%, middle 100% (50% is guessing)"
    )
    assert describe(found, "keep")[0] == describe(found, "plain")[0] == line
    (kept,), (plain,) = describe(found, "keep")[1:], describe(found, "plain")[1:]
    assert kept.startswith("warning: the background tells the poles apart, not only the garment")
    # Where the background is plain already, that is no advice.
    assert kept == plain + "; --background plain --fresh removes it"
    even = found | {"sides": shortcut_check.SHORTCUT - 0.01}
    (framing,) = describe(even, "plain")[1:]
    assert framing.startswith("the framing tells the poles apart: figures are cut off at the border")
    assert len(describe(even | {"top and bottom": shortcut_check.SHORTCUT - 0.01}, "keep")) == 1
