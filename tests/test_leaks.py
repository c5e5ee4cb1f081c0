import numpy as np
import pytest
from samples import garment

from demicouture import leaks
from demicouture.images import save_png
from demicouture.leaks import check_dataset, check_leaks, describe

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
    return check_leaks(cuts(), SIZES, LABELS)


def test_where_nothing_but_chance_tells_the_poles_apart_there_is_no_leak(alike):
    assert list(alike) == ["border", "original size", "mean colour", "middle"]
    assert all(0.2 < accuracy < leaks.LEAK for accuracy in alike.values()), alike
    assert alike["original size"] == 0.5
    assert len(describe(alike, "keep")) == len(describe(alike, "plain")) == 1


def test_a_planted_ground_is_found():
    found = check_leaks(cuts(grounds=((170, 190, 220), (220, 190, 170))), SIZES, LABELS)
    assert found["border"] > 0.95


def test_planted_sizes_are_found():
    taller = SIZES + np.outer(LABELS, (0, 200)) + np.random.default_rng(0).integers(0, 20, SIZES.shape)
    assert check_leaks(cuts(), taller, LABELS)["original size"] > 0.95


def test_a_planted_colour_is_found_in_the_mean_colour():
    pictures = cuts().astype(int)
    pictures[LABELS == 1] += (60, 0, -60)
    assert check_leaks(np.clip(pictures, 0, 255).astype(np.uint8), SIZES, LABELS)["mean colour"] > 0.9


def test_garments_that_differ_are_no_leak():
    found = check_leaks(cuts(trousers=(False, True)), SIZES, LABELS)
    assert found["middle"] > 0.9
    assert found["border"] < leaks.LEAK


def test_a_pole_of_too_few_pictures_is_not_checked():
    pictures = cuts()
    assert check_leaks(pictures[: PER_POLE + 4], SIZES[: PER_POLE + 4], LABELS[: PER_POLE + 4]) is None
    assert check_leaks(pictures[:PER_POLE], SIZES[:PER_POLE], LABELS[:PER_POLE]) is None
    assert check_leaks(pictures[: PER_POLE + 5], SIZES[: PER_POLE + 5], LABELS[: PER_POLE + 5]) is not None
    assert describe(None, "plain") == []


def test_a_data_set_is_checked_as_its_pictures_are(alike, tmp_path):
    rows = []
    for number, (cut, label) in enumerate(zip(cuts(), LABELS, strict=True)):
        pole = ("casual", "collection")[label]
        save_png(tmp_path / pole / f"{number:02}.png", cut)
        rows.append({"picture": f"{pole}/{number:02}.png", "pole": pole, "width": 400, "height": 600})
    assert check_dataset(tmp_path, rows, ("casual", "collection")) == alike


def test_both_warnings_say_what_to_do_about_it():
    found = {"border": leaks.LEAK, "original size": 0.5, "mean colour": 0.625, "middle": 1.0}
    told, warning = describe(found, "keep")
    percent = f"{leaks.LEAK:.0%}"
    assert told == (
        f"leak check: the poles are told apart (50% is guessing) by border {percent}, original size 50%, "
        "mean colour 62%, middle 100%"
    )
    assert warning.startswith("warning: the ground tells the poles apart, not only the garment")
    assert warning.endswith("--ground plain --fresh takes it away")
    told, warning = describe(found, "plain")
    assert warning.startswith("warning: the border tells the poles apart although the ground is plain")
    assert len(describe(found | {"border": leaks.LEAK - 0.01}, "keep")) == 1
