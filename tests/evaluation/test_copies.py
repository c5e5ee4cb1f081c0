import dataclasses

import numpy as np

from demicouture.evaluation.copies import AT_A_TIME, cosine_distances, find_nearest
from demicouture.evaluation.imagenet_features import FEATURES
from demicouture.evaluation.reference import ReferenceFeatures


def make_reference(count=300, withheld=30):
    rng = np.random.default_rng(0)
    features, mirrored = rng.uniform(0, 6, (2, count, FEATURES)).astype(np.float32)
    hidden = np.arange(count) < withheld
    names = tuple(f"{index}.png" for index in range(count))
    return ReferenceFeatures(features, mirrored, np.arange(count) % 2, hidden, names, ("a", "b"), "")


def test_copies_are_called_copies_also_mirrored_ones():
    reference = make_reference()
    rng = np.random.default_rng(1)
    fresh = rng.exponential(3, (5, FEATURES)).astype(np.float32)  # less alike than pictures are
    nudge = rng.normal(0, 0.05, (2, FEATURES)).astype(np.float32)
    designs = np.concatenate([reference.features[[40]] + nudge[:1], reference.mirrored[[299]] + nudge[1:], fresh])
    found = find_nearest(designs, reference)
    assert found.copy.tolist() == [True, True] + [False] * 5
    assert found.files[:2] == ["40.png", "299.png"]
    assert (found.rank[:2] == 0).all() and (found.rank[2:] > 0.01).all()


def test_a_data_set_that_holds_pictures_twice_hides_no_copies():
    whole = make_reference()
    twice = np.arange(300)
    twice[40:50] = np.arange(50, 60)  # Of 270 pictures ten are there twice: the closest one in a hundred are at 0.
    reference = dataclasses.replace(whole, features=whole.features[twice], mirrored=whole.mirrored[twice])
    designs = np.concatenate([reference.features[[40, 200]], np.random.default_rng(4).uniform(0, 6, (3, FEATURES))])
    assert find_nearest(designs, reference).copy.tolist() == [True, True, False, False, False]


def test_the_nearest_is_that_of_a_plain_search_and_never_a_withheld_one():
    reference = make_reference()
    designs = np.concatenate([reference.features[:30], np.random.default_rng(2).uniform(0, 6, (40, FEATURES))])
    found = find_nearest(designs, reference)
    both = np.minimum(*(cosine_distances(designs, some[30:]) for some in (reference.features, reference.mirrored)))
    assert found.files == [f"{index + 30}.png" for index in both.argmin(axis=1)]
    np.testing.assert_allclose(found.distance, both.min(axis=1))
    assert found.distance[:30].min() > 0.1  # The generator has never seen these.


def test_a_design_s_distance_does_not_depend_on_how_many_there_are():
    reference = make_reference(100, 10)
    designs = np.random.default_rng(3).uniform(0, 6, (AT_A_TIME + 7, FEATURES)).astype(np.float32)
    whole = find_nearest(designs, reference)
    for count in (1, 6, 9, AT_A_TIME, AT_A_TIME + 1):
        part = find_nearest(designs[:count], reference)
        np.testing.assert_array_equal(part.distance, whole.distance[:count])
        assert part.files == whole.files[:count]
