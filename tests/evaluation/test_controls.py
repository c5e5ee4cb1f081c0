from __future__ import annotations

import numpy as np
import pytest

from demicouture.evaluation import controls


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (30, 16, 16, 3), dtype=np.uint8)


POLES = np.arange(30) % 2


def test_all_controls_are_made_by_seed(pictures):
    made = controls.make_controls(pictures, POLES, 40, seed=3)
    assert list(made) == [
        "blurred by one pixel",
        "blurred by two pixels",
        "quarters shuffled",
        "cross-faded",
        "half and half",
        "upside down",
        "principal components",
        "coloured noise",
        "white noise",
    ]
    assert all(control.shape == (40, 16, 16, 3) and control.dtype == np.uint8 for control in made.values())
    again, other = (controls.make_controls(pictures, POLES, 40, seed=seed) for seed in (3, 4))
    for name in made:
        np.testing.assert_array_equal(made[name], again[name])
        assert (made[name] != other[name]).any(), name


def test_a_control_takes_each_photograph_once_before_any_comes_again(pictures):
    turned = controls.make_controls(pictures, POLES, 45)["upside down"][:, ::-1]
    counts = [int((turned == picture).all(axis=(1, 2, 3)).sum()) for picture in pictures]
    assert sorted(set(counts)) == [1, 2] and sum(counts) == 45


def test_pairs_have_one_photograph_of_each_pole():
    pictures = np.zeros((10, 16, 16, 3), np.uint8)
    poles = np.arange(10) % 2
    pictures[poles == 1] = 201
    made = controls.make_controls(pictures, poles, 8)
    assert (made["cross-faded"] == 100).all()
    assert (made["half and half"][:, :, :8] == 0).all() and (made["half and half"][:, :, 8:] == 201).all()
    with pytest.raises(ValueError, match="a pole without pictures"):
        controls.make_controls(pictures, np.zeros(10, int), 8)


def test_a_blur_spreads_a_point_as_a_gaussian_and_keeps_its_sum():
    point = np.zeros((1, 33, 33, 3), np.uint8)
    point[0, 16, 16] = 255
    for sigma in (1, 2):
        blurred = controls.blur(point, sigma)
        assert blurred[0, 16, 16, 0] == pytest.approx(255 / (2 * np.pi * sigma**2), abs=1)
        ratio = blurred[0, 16, 16, 0] / blurred[0, 16, 16 + sigma, 0]
        assert ratio == pytest.approx(np.exp(0.5), rel=0.15)  # one standard deviation away
    plain = np.full((1, 8, 8, 3), 77, np.uint8)
    np.testing.assert_array_equal(controls.blur(plain, 2), plain)
    two = np.zeros((2, 8, 8, 3), np.uint8)
    two[1] = 255
    assert (controls.blur(two, 2)[0] == 0).all()  # Neither pictures nor channels run into each other.


def test_controls_of_larger_pictures_are_blurred_by_as_much_of_the_picture():
    pictures = np.random.default_rng(0).integers(0, 256, (4, 128, 128, 3), dtype=np.uint8)
    made = controls.make_controls(pictures, np.arange(4) % 2, 4)
    assert any((made["blurred by one pixel"][0] == controls.blur(picture[None], 2)[0]).all() for picture in pictures)


def test_quarters_come_in_another_order_and_stay_whole():
    picture = np.zeros((1, 4, 4, 3), np.uint8)
    picture[0, :2, :2], picture[0, :2, 2:], picture[0, 2:, :2], picture[0, 2:, 2:] = 1, 2, 3, 4
    picture[0, 0, 0] = 9  # The quarter's own upper left corner.
    shuffled = controls.shuffle_quarters(np.repeat(picture, 200, axis=0), np.random.default_rng(0))
    orders = {tuple(one[[1, 1, 3, 3], [1, 3, 1, 3], 0]) for one in shuffled}
    assert len(orders) == 23 and (1, 2, 3, 4) not in orders and all(sorted(order) == [1, 2, 3, 4] for order in orders)
    for one in shuffled:
        assert one[np.ix_([0, 2], [0, 2])][..., 0].max() == 9


def test_principal_components_have_the_photographs_mean_and_variances():
    rng = np.random.default_rng(0)
    # Two ways in which pictures differ: the left half's brightness, and, half as much, the right half's.
    pictures = np.full((400, 4, 4, 3), 128.0)
    pictures[:, :, :2] += rng.normal(0, 20, (400, 1, 1, 1))
    pictures[:, :, 2:] += rng.normal(0, 10, (400, 1, 1, 1))
    drawn = controls.draw_from_principal_components(np.rint(pictures).astype(np.uint8), 4000, rng, components=2)
    left, right = drawn[:, 0, 0, 0].astype(float), drawn[:, 0, 3, 0].astype(float)
    assert left.mean() == pytest.approx(128, abs=3) and right.mean() == pytest.approx(128, abs=2)
    assert left.std() == pytest.approx(20, rel=0.1) and right.std() == pytest.approx(10, rel=0.1)
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.15
    assert (abs(drawn[:, 0, 0, 0].astype(int) - drawn[:, 3, 1, 2]) <= 2).all()


def test_noise_is_white_or_coloured():
    white = controls.draw_white_noise(50, 64, np.random.default_rng(0)).astype(float)
    coloured = controls.draw_coloured_noise(50, 64, np.random.default_rng(0)).astype(float)
    for noise, neighbours in ((white, 0.0), (coloured, 0.95)):
        assert noise.mean() == pytest.approx(127.5, abs=3)
        assert np.corrcoef(noise[:, :, 1:].ravel(), noise[:, :, :-1].ravel())[0, 1] == pytest.approx(
            neighbours, abs=0.05
        )
        assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.05
    assert white.min() == 0 and white.max() == 255
