import numpy as np
import pytest
from scipy import stats

from demicouture.latents import (
    LATENT_DIM,
    equal_distance_steps,
    lerp,
    nearest_at_distance,
    nearest_crossing,
    path_through_boundary,
    prior_preserving_mean,
    prior_preserving_path,
    sample_plane,
    sample_prior,
    signed_distance,
    without_directions,
)

T = np.array([0.0, 0.1, 0.25, 0.5, 0.8, 1.0])


def test_a_latent_depends_on_seed_and_number_alone():
    assert np.array_equal(sample_prior(7, seed=3), sample_prior(50, seed=3)[:7])
    assert not np.array_equal(sample_prior(7, seed=3), sample_prior(7, seed=4))
    assert sample_prior(2, seed=0).dtype == np.float32


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


def test_the_straight_line_leaves_the_prior_in_the_middle():
    first, second = sample_prior(1000, seed=11), sample_prior(1000, seed=12)
    middles = (first + second) / 2
    assert np.linalg.norm(middles, axis=1).mean() == pytest.approx(4.08, abs=0.05)
    assert stats.kstest(middles.ravel(), stats.uniform(-1, 2).cdf).pvalue < 1e-9


def test_signed_distance_by_hand():
    normal = np.array([0.6, 0.8])
    assert signed_distance([[1.0, 1.0], [0.0, 0.0], [-1.0, -0.5]], normal, 0.5) == pytest.approx([1.9, 0.5, -0.5])


def test_the_nearest_point_by_hand():
    # The plane x + y = 1.5. Its nearest point to (1, 0.1), (1.2, 0.3), lies outside the square: the nearest inside is
    # (1, 0.5), while clipping would give (1, 0.3), off the plane.
    normal, intercept = np.array([1.0, 1.0]) / np.sqrt(2), -1.5 / np.sqrt(2)
    found = nearest_at_distance([[1.0, 0.1], [0.5, 0.5], [0.75, 0.75]], normal, intercept)
    assert found == pytest.approx(np.array([[1.0, 0.5], [0.75, 0.75], [0.75, 0.75]]), abs=1e-8)


@pytest.mark.parametrize(("intercept", "distance"), [(0.1, 0.0), (-2.0, 0.0), (0.1, 1.5), (0.1, -3.0)])
def test_nearest_points_lie_in_the_cube_at_the_distance_and_nowhere_nearer(intercept, distance):
    latents, random = sample_prior(200, seed=5).astype(np.float64), np.random.default_rng(6)
    normal = random.normal(size=LATENT_DIM)
    normal[:3] = 0, 1e-9, 3
    normal /= np.linalg.norm(normal)
    found = nearest_at_distance(latents, normal, intercept, distance)
    assert np.abs(found).max() <= 1
    assert signed_distance(found, normal, intercept) == pytest.approx(np.full(200, distance), abs=1e-6)
    # Any other point of the cube at that distance is further away. Mixing keeps both conditions.
    for _ in range(20):
        others = found + 0.2 * (found[random.permutation(200)] - found)
        assert np.all(np.linalg.norm(others - latents, axis=1) >= np.linalg.norm(found - latents, axis=1) - 1e-9)


def test_a_distance_out_of_the_cubes_reach_is_refused():
    with pytest.raises(ValueError, match="no point of the cube lies at distance 3"):
        nearest_at_distance(np.zeros((1, 2)), np.array([0.6, 0.8]), 0.0, 3.0)


def test_crossings_by_hand():
    assert nearest_crossing(lambda t: t - 0.3) == pytest.approx(0.3, abs=1e-12)
    assert nearest_crossing(lambda t: 0.3 - t) == pytest.approx(0.3, abs=1e-12)
    assert nearest_crossing(lambda t: (t - 0.1) * (t - 0.45) * (t - 0.9)) == pytest.approx(0.45, abs=1e-12)
    assert nearest_crossing(lambda t: (t - 0.1) * (t - 0.45), t=0.0) == pytest.approx(0.1, abs=1e-12)
    assert nearest_crossing(lambda t: t + 0.1) is None


def plane(latent_dim: int = LATENT_DIM) -> np.ndarray:
    normal = np.random.default_rng(1).normal(size=latent_dim)
    return normal / np.linalg.norm(normal)


def test_a_sample_of_the_plane_lies_on_it_and_in_the_cube():
    normal = plane()
    points = sample_plane(40, 0, normal, 0.7)
    assert np.abs(points).max() <= 1
    assert np.abs(signed_distance(points, normal, 0.7)).max() <= 1e-6
    assert np.abs(signed_distance(points.astype(np.float32), normal, 0.7)).max() <= 1e-6


def test_a_point_of_the_sample_depends_on_seed_and_number_alone():
    normal = plane()
    assert np.array_equal(sample_plane(3, 5, normal, 0.1), sample_plane(8, 5, normal, 0.1)[:3])
    assert not np.array_equal(sample_plane(3, 5, normal, 0.1), sample_plane(3, 6, normal, 0.1))


def test_a_sample_of_the_plane_is_uniform():
    # Against points of the cube that happen to lie within 0.01 of the plane.
    normal, intercept = plane(4), 0.5
    cube = np.random.default_rng(2).uniform(-1, 1, (400_000, 4))
    near = cube[np.abs(signed_distance(cube, normal, intercept)) < 0.01]
    points = sample_plane(2000, 0, normal, intercept)
    for direction in [*np.eye(4), np.full(4, 0.5)]:
        assert stats.ks_2samp(points @ direction, near @ direction).pvalue > 0.001


def test_a_sample_goes_everywhere_that_the_plane_does():
    # The plane x = 0 of a cube: the normal touches one coordinate only, the others are the prior's.
    points = sample_plane(500, 0, np.array([1.0, 0, 0]), 0.0)
    assert np.abs(points[:, 0]).max() <= 1e-9
    for column in (1, 2):
        assert stats.kstest(points[:, column], stats.uniform(-1, 2).cdf).pvalue > 0.01


def test_latents_without_directions_hold_nothing_along_them():
    latents = sample_prior(20, 0)
    normals = np.stack([plane(), sample_prior(1, 9)[0]])
    rest = without_directions(latents, normals)
    assert np.abs(rest @ normals.T).max() < 1e-12
    # What they hold in any other direction stays.
    other = without_directions(np.random.default_rng(3).normal(size=(1, LATENT_DIM)), normals)[0]
    assert rest @ other == pytest.approx(latents @ other)


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
