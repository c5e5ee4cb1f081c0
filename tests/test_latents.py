import numpy as np
import pytest
from scipy import stats

from demicouture.latents import (
    LATENT_DIM,
    nearest_at_distance,
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
