from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from demicouture.evaluation import sliced_wasserstein
from demicouture.evaluation.sliced_wasserstein import draw_directions, draw_patches, level_distances, pyramid


def plain(values, side: int = 16) -> np.ndarray:
    """Pictures of one grey each."""
    values = np.array(values, np.uint8)
    return np.broadcast_to(values[:, None, None, None], (len(values), side, side, 3)).copy()


def blurred_noise(count: int, seed: int, side: int = 64) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    return np.stack([cv2.GaussianBlur(picture, (0, 0), 2) for picture in noise])


def test_a_shift_of_plain_pictures_costs_what_it_does_by_hand():
    # Half black and half light grey: normalised, every patch is all −1 or all 1. Held against light grey alone, half of
    # the patches move by 2·|sum of the direction|; that sum is normal with deviation 1, so its mean size is √(2/π).
    distance = sliced_wasserstein.sliced_wasserstein(plain([0, 200] * 8), plain([200] * 16))
    assert distance == pytest.approx(1000 * np.sqrt(2 / np.pi), rel=0.1)
    assert sliced_wasserstein.sliced_wasserstein(plain([0, 200] * 8), plain([200, 0] * 8)) == 0
    assert sliced_wasserstein.sliced_wasserstein(plain([7] * 4), plain([7] * 4)) == 0


def test_the_distance_along_each_direction_is_the_one_that_scipy_finds():
    real, generated = blurred_noise(3, 0, 16), blurred_noise(3, 1, 16)
    random = np.random.default_rng(5)
    patches, others = (draw_patches(pictures.astype(np.float32), random) for pictures in (real, generated))
    mean, deviation = patches.mean(axis=(0, 1, 2)), patches.std(axis=(0, 1, 2))
    patches, others = (((found - mean) / deviation).reshape(-1, 147) for found in (patches, others))
    expected = [
        wasserstein_distance(patches @ direction, others @ direction)
        for directions in draw_directions(147, random, 8)
        for direction in directions
    ]
    assert len(expected) == 8
    assert level_distances(real, generated, seed=5, directions=8) == pytest.approx(
        {16: 1000 * np.mean(expected)}, rel=1e-4
    )


def test_a_pyramid_can_be_put_together_again():
    pictures = blurred_noise(2, 0)
    levels = list(pyramid(pictures))
    assert [level.shape[1] for level in levels] == [64, 32, 16]
    together = levels[-1]
    for level in levels[-2::-1]:
        together = level + np.stack([cv2.pyrUp(picture) for picture in together])
    np.testing.assert_allclose(together, pictures, atol=1e-3)


def test_patches_are_cut_from_their_pictures():
    level = np.random.default_rng(0).standard_normal((2, 16, 16, 3)).astype(np.float32)
    patches = draw_patches(level, np.random.default_rng(0))
    assert patches.shape == (2 * 128, 7, 7, 3)
    for patch, picture in ((patches[0], level[0]), (patches[127], level[0]), (patches[128], level[1])):
        places = [(y, x) for y in range(10) for x in range(10) if (picture[y : y + 7, x : x + 7] == patch).all()]
        assert len(places) == 1


def test_each_level_tells_its_own_size_of_difference_and_the_same_seed_the_same_number():
    real, others = blurred_noise(16, 0), blurred_noise(16, 1)
    floor = level_distances(real, others)
    assert floor == level_distances(real, others) != level_distances(real, others, seed=1)
    grainy = np.clip(others + np.random.default_rng(0).normal(0, 8, others.shape), 0, 255).astype(np.uint8)
    grain = level_distances(real, grainy)
    assert grain[64] > 5 * floor[64] and grain[16] < 2 * floor[16]
    faded = level_distances(real, (others * 0.5).astype(np.uint8))
    assert all(faded[side] > 5 * floor[side] for side in (64, 32, 16))


def test_directions_come_some_at_a_time_and_are_unit_vectors():
    some = list(draw_directions(5, np.random.default_rng(0), 300))
    assert [len(vectors) for vectors in some] == [128, 128, 44]
    np.testing.assert_allclose(np.linalg.norm(np.concatenate(some), axis=1), 1, rtol=1e-5)


def test_sets_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match=r"\(3, 16, 16, 3\) generated pictures, expected \(2, 16, 16, 3\)"):
        sliced_wasserstein.sliced_wasserstein(plain([1, 2]), plain([1, 2, 3]))
