import numpy as np
import pytest

from demicouture.boundary.hyperplane import Hyperplane
from demicouture.interpolation import paths
from demicouture.interpolation.paths import lerp, prior_preserving_path
from demicouture.latents import LATENT_DIM, sample_prior

FIRST, SECOND = sample_prior(2, 0)
T = np.array([0, 0.25, 0.5, 1])


def plane_through(latent: np.ndarray) -> Hyperplane:
    normal = (SECOND - FIRST).astype(np.float64)
    normal /= np.linalg.norm(normal)
    return Hyperplane(normal, float(-latent @ normal))


def test_paths_by_name():
    assert np.array_equal(paths.path_between("lerp", FIRST, SECOND, None)(T), lerp(FIRST, SECOND, T))
    preserving = prior_preserving_path(FIRST, SECOND, T)
    assert np.array_equal(paths.path_between("preserving", FIRST, SECOND, None)(T), preserving)
    plane = Hyperplane(np.eye(LATENT_DIM)[0], 0.3)
    through = paths.path_between(paths.BOUNDARY, FIRST, SECOND, plane)(T)
    assert np.array_equal(through[[0, -1]], preserving[[0, -1]])
    assert plane.signed_distance(through)[2] == pytest.approx(0, abs=1e-6)


def test_steps_are_equal_in_t_or_in_distance():
    plane = plane_through(lerp(FIRST, SECOND, [0.5])[0])
    path = paths.path_between("preserving", FIRST, SECOND, plane)
    assert np.array_equal(paths.place_steps(path, None, 5, paths.EQUAL_T), [0, 0.25, 0.5, 0.75, 1])
    distances = plane.signed_distance(path(paths.place_steps(path, plane, 5, paths.EQUAL_DISTANCE)))
    assert np.diff(distances) == pytest.approx(np.full(4, np.ptp(distances) / 4), abs=1e-4)


def test_the_crossing_or_else_the_midpoint():
    path = paths.path_between("lerp", FIRST, SECOND, None)
    plane = plane_through(path(np.array([0.3]))[0])
    point = paths.crossing_or_midpoint(path, plane)
    assert point.is_crossing and point.t == pytest.approx(0.3) == paths.find_crossing(path, plane)
    assert np.array_equal(point.latent, path(np.array([point.t]))[0])
    for nowhere in (None, Hyperplane(plane.normal, 50.0)):
        point = paths.crossing_or_midpoint(path, nowhere)
        assert (point.t, point.is_crossing) == (0.5, False)
        assert paths.find_crossing(path, nowhere) is None
