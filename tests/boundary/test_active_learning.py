from __future__ import annotations

import numpy as np
import planted

from demicouture.boundary.active_learning import fit_plane, suggest

NOBODY = np.zeros(6, bool)


def test_contradictions_and_nearest_take_turns():
    #                 agree  contra  near   contra  agree  near
    scores = np.array([0.9, 0.9, 0.6, 0.4, 0.1, 0.2])
    distances = np.array([1.0, -1.0, 0.1, 0.5, -0.8, -0.05])
    assert suggest(scores, distances, NOBODY, 4) == [1, 5, 3, 2]
    assert suggest(scores, distances, NOBODY, 1) == [1]
    assert sorted(suggest(scores, distances, NOBODY, 20)) == [0, 1, 2, 3, 4, 5]


def test_what_a_person_has_labelled_is_not_asked_again():
    scores, distances = np.array([0.9, 0.9, 0.6]), np.array([-1.0, 0.2, 0.1])
    assert suggest(scores, distances, np.array([True, False, True]), 3) == [1]


def test_without_a_plane_the_least_certain_come_first():
    assert suggest(np.array([0.9, 0.45, 0.2]), None, NOBODY[:3], 2) == [1, 2]
    assert suggest(np.full(3, np.nan), None, NOBODY[:3], 2) == [0, 1]


def test_designs_without_a_score_contradict_nothing():
    scores, distances = np.array([np.nan, np.nan, 0.9]), np.array([0.3, -0.1, -0.2])
    assert suggest(scores, distances, NOBODY[:3], 3) == [2, 1, 0]


def test_a_plane_takes_some_labels_of_each_pole():
    latents, labels, normal = planted.planted(300, 0)
    words = planted.words_of(labels)
    words[0] = ""
    assert fit_plane(latents, words, planted.POLES, 0).normal @ normal > 0.8
    assert fit_plane(latents[:4], words[:4], planted.POLES, 0) is None
    assert fit_plane(latents, [""] * 300, planted.POLES, 0) is None
    assert fit_plane(latents, [""] * 300, [], 0) is None
