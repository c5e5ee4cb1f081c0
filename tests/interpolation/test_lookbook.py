from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from demicouture.boundary.hyperplane import Hyperplane
from demicouture.dcgan.encodings import Encodings
from demicouture.designs.designs import Designs
from demicouture.evaluation.copies import Nearest
from demicouture.evaluation.generator_quality import describe_missing_judge
from demicouture.evaluation.reference import ReferenceFeatures
from demicouture.images import save_png
from demicouture.interpolation import lookbook, lookbook_page
from demicouture.interpolation.endpoints import RatedDesigns
from demicouture.interpolation.paths import prior_preserving_path
from demicouture.interpolation.photographs import Photographs
from demicouture.latents import LATENT_DIM, sample_prior

Criteria = lookbook.Criteria
PLANE = Hyperplane(np.eye(LATENT_DIM)[0], 0.1)


def scored(features, scores, ranks, copies=()):
    count = len(scores)
    copy = np.isin(np.arange(count), copies)
    nearest = Nearest(["casual/a.png"] * count, np.ones(count), np.full(count, 0.5), copy)
    return lookbook.ScoredDesigns(np.array(features, np.float32), np.array(scores), np.array(ranks, float), nearest)


def rated(plane=None, ranks=None, count=8):
    words = ("casual", "collection") * (count // 2)
    designs = Designs(sample_prior(count, 3), words, np.full(count, np.nan), np.zeros(count, bool), words)
    return RatedDesigns(Path(), designs, plane, np.zeros(count) if ranks is None else ranks)


def directions(degrees):
    """Features of any length that point so far apart."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) * np.arange(1, len(degrees) + 1)[:, np.newaxis]


def test_what_is_no_in_between_or_a_copy_is_not_chosen():
    #                     clear    fine  copy  fine
    found = scored(np.eye(4), [0.9, 0.5, 0.5, 0.36], [0.9, 0.2, 1, 0.3], copies=[2])
    assert lookbook.choose_designs(found, worthy=True) == [3, 1]
    # The scores of a classifier that cannot separate the poles are not used.
    assert sorted(lookbook.choose_designs(found, worthy=False)) == [0, 1, 3]
    assert lookbook.choose_designs(scored(np.eye(2), [0.9, 0.1], [1, 1]), worthy=True) == []


def test_each_choice_is_the_one_farthest_from_those_before():
    # At 0, 10, 40, 85 and 84 degrees; that of the highest rank is at 10. From there 85 is farthest, then 40, then 0.
    found = scored(directions([0, 10, 40, 85, 84]), [0.5] * 5, [0.1, 0.9, 0.2, 0.5, 0.2])
    assert lookbook.choose_designs(found, True, Criteria(size=5)) == [1, 3, 2, 0, 4]
    assert lookbook.choose_designs(found, True, Criteria(size=2))[0] == 1


def test_of_many_those_of_the_highest_ranks_are_chosen_from():
    found = scored(directions(np.arange(8) * 10), [0.5] * 8, [8, 7, 6, 5, 4, 3, 2, 1])
    assert lookbook.choose_designs(found, True, Criteria(size=2, share=0.5)) == [0, 3]


def test_why_there_is_no_lookbook(tmp_path):
    blobs, garments = ({"progress": progress} for progress in (0.49, 0.5))
    reason = lookbook.reason_against
    assert (
        reason(tmp_path, PLANE, False, None, False)
        == f"{describe_missing_judge()}; without that network there is no lookbook"
    )
    assert "is not judged" not in (without := reason(tmp_path, PLANE, False, garments, False))
    assert "run once (19 MB): " in without
    assert (
        reason(tmp_path, PLANE, True, blobs, False) == "there is no lookbook of blobs; --anyway makes one all the same"
    )
    for quality, anyway in ((garments, False), (None, False), (blobs, True)):
        assert "no features of the data set's pictures" in reason(tmp_path, PLANE, True, quality, anyway)
    features = np.zeros((4, 1280), np.float32)
    labels = np.array([0, 0, 1, 1])
    names = tuple(f"{number}.png" for number in labels)
    ReferenceFeatures(features, features, labels, labels > 1, names, ("a", "b"), "hash").save(tmp_path)
    assert reason(tmp_path, PLANE, True, garments, False) == ""
    assert "neither hyperplane nor classifier separates the poles" in reason(tmp_path, None, True, garments, False)


def test_candidates_lie_on_the_plane_between_pairs_and_all_over_it():
    plane = Hyperplane(np.eye(LATENT_DIM)[0], 0.0)
    few = rated(plane)
    below, above = np.argmin(few.designs.latents[:, 0]), np.argmax(few.designs.latents[:, 0])
    found = lookbook.find_candidates(few, [(int(below), int(above))], 5, Criteria(on_the_plane=20))
    assert found.latents.shape == (21, LATENT_DIM) and found.latents.dtype == np.float32
    assert found.parents == [(below, above)] + [None] * 20
    assert np.abs(found.latents[:, 0]).max() <= 1e-6
    assert np.array_equal(found.latents[1:], plane.sample(20, 5).astype(np.float32))
    # What lies on one side of the plane has nothing in between.
    one_side = np.argsort(few.designs.latents[:, 0])[-2:].tolist()
    assert few.designs.latents[one_side, 0].min() > 0
    found = lookbook.find_candidates(few, [tuple(one_side)], 5, Criteria(on_the_plane=3))
    assert found.latents.shape == (3, LATENT_DIM) and found.parents == [None] * 3


def test_without_a_plane_the_midpoints_of_pairs_are_candidates():
    few = rated()
    found = lookbook.find_candidates(few, [(0, 1)], 3, Criteria(on_the_plane=10))
    assert found.parents == [(0, 1)]
    middle = prior_preserving_path(few.designs.latents[0], few.designs.latents[1], [0.5])
    assert found.latents == pytest.approx(middle, abs=1e-6)


def test_pairs_are_of_the_most_confident_and_without_a_plane_others_at_random():
    ranks, criteria = np.array([1, 5, 9, 1, 1, 9, 3, 1.0]), Criteria(of_each_pole=2, on_the_plane=10)
    most_confident = [(2, 5), (2, 1), (6, 5), (6, 1)]
    assert lookbook.choose_pairs(rated(PLANE, ranks), 0, criteria) == most_confident
    few = rated(None, ranks)
    more = lookbook.choose_pairs(few, 0, criteria)
    assert more[:4] == most_confident and len(more) == 14
    assert all(first % 2 == 0 and second % 2 == 1 for first, second in more)
    assert more == lookbook.choose_pairs(few, 0, criteria) != lookbook.choose_pairs(few, 1, criteria)


def test_of_photographs_as_many_pairs_are_drawn_as_points_of_the_plane(tmp_path):
    names = tuple(f"{pole}/{number}.png" for pole in ("casual", "collection") for number in range(4))
    for name in names:
        save_png(tmp_path / name, np.zeros((4, 4, 3), np.uint8))
    codes, labels = sample_prior(8, 1), np.repeat([0, 1], 4)
    codes[:, 0] = np.abs(codes[:, 0]) * (2 * labels - 1)
    errors = np.ones(8, np.float32)
    encodings = Encodings(codes, errors, labels, labels > 1, names, ("casual", "collection"), "", "")
    plane, criteria = Hyperplane(np.eye(LATENT_DIM)[0], 0.0), Criteria(of_each_pole=2, on_the_plane=10)
    few = replace(rated(plane), photographs=Photographs(encodings, tmp_path))
    pairs = lookbook.choose_pairs(few, 0, criteria)
    assert len(pairs) == 7 and all(first < 4 <= second for first, second in pairs)
    found = lookbook.find_candidates(few, pairs, 0, criteria)
    assert found.parents == [*pairs, *[None] * 7]
    for latent, pair in zip(found.latents, pairs, strict=False):
        path = prior_preserving_path(*codes[list(pair)], np.linspace(0, 1, 2001))
        assert np.abs(path - latent).max(axis=1).min() < 2e-3
    without = replace(few, plane=None)
    assert len(lookbook.choose_pairs(without, 0, criteria)) == 14
    assert len(lookbook.find_candidates(without, pairs, 0, criteria).latents) == 7


def test_counterparts_lie_on_either_side():
    sides = lookbook.counterparts(PLANE.sample(5, 0), PLANE, 0.4)
    assert sides.shape == (5, 2, LATENT_DIM)
    assert PLANE.signed_distance(sides.reshape(-1, LATENT_DIM)) == pytest.approx([-0.4, 0.4] * 5, abs=1e-6)
    # No further than the cube reaches: on the first pole's side 0.9.
    far = lookbook.counterparts(np.zeros((1, LATENT_DIM)), PLANE, 5.0)
    assert PLANE.signed_distance(far[0]) == pytest.approx([-0.81, 0.81], abs=1e-6)


def test_a_saved_lookbook_is_removed_whole(tmp_path):
    garment = np.zeros((1, 8, 8, 3), np.uint8)
    page = lookbook_page.draw_page(garment, [None], [None], [("a",)], "Title", ["What is what"])
    row = {"number": 1, "picture": "lookbook/01.png"}
    book = lookbook.Lookbook(page, garment, np.zeros((1, LATENT_DIM), np.float32), [row], {}, [])
    names = book.save(tmp_path)
    assert sorted(names) == sorted([*lookbook.LOOKBOOK_FILES, "lookbook/01.png"])
    assert all((tmp_path / name).exists() for name in names)
    lookbook.remove_lookbook(tmp_path)
    assert not any((tmp_path / name).exists() for name in names)
