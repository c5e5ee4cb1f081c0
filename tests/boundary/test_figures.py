from __future__ import annotations

import numpy as np
import planted
import pytest

from demicouture.boundary import figures
from demicouture.boundary.hyperplane import Hyperplane
from demicouture.designs.designs import Designs
from demicouture.latents import sample_prior


def designs_of(latents: np.ndarray) -> Designs:
    words = ("",) * len(latents)
    return Designs(latents, words, np.full(len(words), np.nan), np.zeros(len(words), bool), words)


@pytest.mark.parametrize("intercept", [0.0, 0.7])
def test_a_walk_goes_as_far_as_designs_lie_on_either_side(intercept):
    designs = designs_of(sample_prior(200, 0))
    plane = Hyperplane(planted.planted_normal(0), intercept)
    distances = plane.signed_distance(designs.latents)
    stops, latents = figures.walk(designs, plane, np.array([3, 5]), 9)
    assert (stops[0], stops[4], stops[8]) == (distances.min(), 0, distances.max())
    assert np.diff(stops[:5]) == pytest.approx(np.full(4, -stops[0] / 4))
    assert np.diff(stops[4:]) == pytest.approx(np.full(4, stops[8] / 4))
    assert plane.signed_distance(latents.reshape(-1, 100)) == pytest.approx(np.tile(stops, 2), abs=1e-6)


def test_where_all_designs_lie_on_one_side_the_walk_crosses_the_plane_all_the_same():
    designs = designs_of(sample_prior(50, 0))
    plane = Hyperplane(planted.planted_normal(0), 2.5)
    stops, _ = figures.walk(designs, plane, np.array([0]), 3)
    assert stops[2] == plane.signed_distance(designs.latents).max() and stops[0] == -stops[2]
