"""The formulas of paths; test_paths.py has the rest of the module."""

import numpy as np
import pytest
from scipy import stats

from demicouture.interpolation.paths import (
    equal_distance_steps,
    lerp,
    nearest_crossing,
    path_through_boundary,
    prior_preserving_mean,
    prior_preserving_path,
)
from demicouture.latents import (
    LATENT_DIM,
    sample_prior,
    signed_distance,
)

T = np.array([0.0, 0.1, 0.25, 0.5, 0.8, 1.0])


def plane(latent_dim: int = LATENT_DIM) -> np.ndarray:
    normal = np.random.default_rng(1).normal(size=latent_dim)
    return normal / np.linalg.norm(normal)


def test_lerp_by_hand():
    assert lerp([0.0, -1.0], [1.0, 1.0], np.array([0.0, 0.25, 1.0])).tolist() == [[0, -1], [0.25, -0.5], [1, 1]]


def test_the_middle_of_the_preserving_path_is_y_times_two_minus_size():
    first, second = sample_prior(2, seed=0).astype(np.float64)
    line = (first + second) / 2
    assert prior_preserving_path(first, second, [0.5])[0] == pytest.approx(line * (2 - np.abs(line)), abs=1e-12)


def test_the_preserving_path_by_hand():
    # t = 1/4: m = 1/4, M = 3/4. The line is at 0.6·0.75 + 0·0.25 = 0.45 <= M−m = 0.5, so 0.45/0.75 = 0.6; and at
    # 0.8·0.75 + 0.8·0.25 = 0.8 > 0.5, so 1 − 0.2²/(4·3/16) = 1 − 0.04/0.75.
    found = prior_preserving_path(np.array([0.6, 0.8, -0.8]), np.array([0.0, 0.8, -0.8]), [0.25])[0]
    assert found == pytest.approx([0.6, 1 - 0.04 / 0.75, -(1 - 0.04 / 0.75)], abs=1e-12)


def test_paths_begin_and_end_at_the_designs_exactly():
    first, second = sample_prior(2, seed=1)
    for path in (lerp, prior_preserving_path):
        ends = path(first, second, [0.0, 1.0])
        assert np.array_equal(ends, np.stack([first, second]).astype(np.float64))
        assert np.array_equal(ends.astype(np.float32), np.stack([first, second]))


def test_the_preserving_path_has_no_jump_where_its_two_formulas_meet():
    t = np.linspace(0, 1, 2001)
    path = prior_preserving_path(np.array([0.9, 0.3]), np.array([-0.7, 0.95]), t)
    assert np.abs(np.diff(path, axis=0)).max() < 0.01


@pytest.mark.parametrize("t", T)
def test_a_thousand_random_pairs_stay_distributed_as_the_prior(t):
    first, second = sample_prior(1000, seed=11), sample_prior(1000, seed=12)
    points = np.stack([prior_preserving_path(a, b, [t])[0] for a, b in zip(first, second, strict=True)])
    assert np.abs(points).max() <= 1
    assert stats.kstest(points.ravel(), stats.uniform(-1, 2).cdf).pvalue > 0.01
    assert np.linalg.norm(points, axis=1).mean() == pytest.approx(np.sqrt(LATENT_DIM / 3), abs=0.05)


def test_crossings_by_hand():
    assert nearest_crossing(lambda t: t - 0.3) == pytest.approx(0.3, abs=1e-12)
    assert nearest_crossing(lambda t: 0.3 - t) == pytest.approx(0.3, abs=1e-12)
    assert nearest_crossing(lambda t: (t - 0.1) * (t - 0.45) * (t - 0.9)) == pytest.approx(0.45, abs=1e-12)
    assert nearest_crossing(lambda t: (t - 0.1) * (t - 0.45), t=0.0) == pytest.approx(0.1, abs=1e-12)
    assert nearest_crossing(lambda t: t + 0.1) is None


def test_the_middle_of_one_and_of_two():
    first, second = sample_prior(2, 0)
    assert np.array_equal(prior_preserving_mean(first[np.newaxis]), first)
    middle = prior_preserving_path(first, second, [0.5])[0]
    assert prior_preserving_mean(np.stack([first, second])) == pytest.approx(middle, abs=1e-12)


def test_the_middle_of_three_by_hand():
    # Three numbers of U(0, 1) sum up to x with the probability x³/6 up to 1, and (−2x³ + 9x² − 9x + 3)/6 from 1 to 2.
    # (−1, −1, 0) is x = 0.5: 2 · 0.125/6 − 1; (0, 0, 0) is the centre; (−1, 0.2, 0.2) is x = 1.2: (−3.456 + 12.96 −
    # 10.8 + 3)/6 = 0.284.
    latents = np.array([[-1, 0, -1, 1, -1], [-1, 0, 0.2, 1, -1], [0, 0, 0.2, 1, -1]])
    wanted = [2 * 0.125 / 6 - 1, 0, 2 * 0.284 - 1, 1, -1]
    assert prior_preserving_mean(latents) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("count", [3, 7, 40])
def test_the_middles_of_many_are_distributed_as_the_prior(count):
    latents = sample_prior(1000 * count, seed=5).reshape(1000, count, LATENT_DIM)
    middles = np.stack([prior_preserving_mean(several) for several in latents])
    assert np.abs(middles).max() <= 1
    assert stats.kstest(middles.ravel(), stats.uniform(-1, 2).cdf).pvalue > 0.01
    assert np.linalg.norm(middles, axis=1).mean() == pytest.approx(np.sqrt(LATENT_DIM / 3), abs=0.05)


def test_the_middle_does_not_depend_on_the_order():
    latents = sample_prior(5, 2)
    assert prior_preserving_mean(latents[::-1]) == pytest.approx(prior_preserving_mean(latents), abs=1e-12)


def test_the_path_through_the_boundary_by_hand():
    # In the square, from (−1, 0) to (1, 0) along the plane y = 0.5: the middle (0, 0) moves up by 0.5, half-way to it
    # by half of that, and the ends stay.
    bent = path_through_boundary(
        lambda t: lerp([-1.0, 0], [1.0, 0], t), [0, 0.25, 0.5, 0.75, 1], np.array([0.0, 1.0]), -0.5
    )
    assert bent == pytest.approx(np.array([[-1, 0], [-0.5, 0.25], [0, 0.5], [0.5, 0.25], [1, 0]]), abs=1e-8)


def test_paths_through_the_boundary_end_exactly_and_stay_near_the_prior():
    normal = plane()
    first, second = sample_prior(300, seed=11), sample_prior(300, seed=12)
    bent = []
    for a, b in zip(first, second, strict=True):
        points = path_through_boundary(
            lambda t, a=a, b=b: prior_preserving_path(a, b, t), [0, 0.3, 0.5, 1], normal, 0.3
        )
        assert np.array_equal(points[[0, -1]], np.stack([a, b]).astype(np.float64))
        bent.append(points)
    bent = np.stack(bent)
    assert np.abs(bent).max() <= 1
    assert np.abs(signed_distance(bent[:, 2], normal, 0.3)).max() <= 1e-6
    assert np.linalg.norm(bent[:, 1], axis=1).mean() == pytest.approx(np.sqrt(LATENT_DIM / 3), abs=0.1)


def test_steps_of_equal_distance_by_hand():
    # The square of t: distances 0, 1/4, 1/2, 3/4, 1 are at their roots.
    found = equal_distance_steps(lambda t: t**2, 5)
    assert found == pytest.approx([0, 0.5, np.sqrt(0.5), np.sqrt(0.75), 1], abs=1e-6)
    assert equal_distance_steps(lambda t: -(t**2), 5) == pytest.approx(found, abs=1e-12)  # In the other direction.


def test_a_stretch_that_leads_back_is_passed_over():
    # Up to 1 at t = 0.25, back to 0 at 0.5, up to 2 at 1: the running maximum stays at 1 until t = 0.75.
    def height(t):
        return np.interp(t, [0, 0.25, 0.5, 1], [0, 1, 0, 2])

    assert equal_distance_steps(height, 5) == pytest.approx([0, 0.125, 0.25, 0.875, 1], abs=1e-6)
    # Past the far end's distance and back to it: nothing beyond it counts.
    assert equal_distance_steps(lambda t: np.interp(t, [0, 0.5, 1], [0, 2, 1]), 3) == pytest.approx(
        [0, 0.125, 1], abs=1e-6
    )


def test_between_ends_at_one_distance_there_is_nothing_to_divide():
    with pytest.raises(ValueError, match="both ends lie at the same distance"):
        equal_distance_steps(lambda t: 0 * t, 5)
