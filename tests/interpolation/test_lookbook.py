import numpy as np
import pytest
from PIL import Image

from demicouture.boundary.hyperplane import Hyperplane
from demicouture.designs.designs import Designs
from demicouture.evaluation.realism import Appraisal
from demicouture.images import save_png
from demicouture.interpolation import lookbook
from demicouture.latents import LATENT_DIM, prior_preserving_path, sample_prior

PLANE = Hyperplane(np.eye(LATENT_DIM)[0], 0.1)


def judged(features, scores, realism, copies=()):
    count = len(scores)
    realism = np.array(realism, float)
    copy = np.isin(np.arange(count), copies)
    appraisal = Appraisal(realism, realism >= 1, ["casual/a.png"] * count, np.ones(count), np.full(count, 0.5), copy)
    return lookbook.Judged(np.array(features, np.float32), np.array(scores), appraisal)


def designs(count=8):
    words = ("casual", "collection") * (count // 2)
    return Designs(sample_prior(count, 3), words, np.full(count, np.nan), np.zeros(count, bool), words)


def test_what_is_no_in_between_or_unreal_or_a_copy_is_not_chosen():
    #                    sure     fine  copy  unreal  fine
    said = judged(np.eye(5), [0.9, 0.5, 0.5, 0.5, 0.36], [9, 2, 9, 0.9, 3], copies=[2])
    assert lookbook.choose(said, worthy=True) == [4, 1]
    # A judge that cannot tell the poles apart is not asked for its scores.
    assert sorted(lookbook.choose(said, worthy=False)) == [0, 1, 4]
    assert lookbook.choose(judged(np.eye(2), [0.9, 0.1], [2, 2]), worthy=True) == []


def test_each_choice_is_the_one_farthest_from_those_before():
    # On a line at 0, 1, 4, 10, and 10 again; the most realistic is at 1. From there 10 is farthest, then 4, then 0.
    features = np.array([0, 1, 4, 10, 10])[:, np.newaxis]
    said = judged(features, [0.5] * 5, [1, 5, 2, 3, 2])
    assert lookbook.choose(said, True, count=5) == [1, 3, 2, 0, 4]
    assert lookbook.choose(said, True, count=2)[0] == 1


def test_of_many_the_more_realistic_are_chosen_from(monkeypatch):
    monkeypatch.setattr(lookbook, "SHARE", 0.5)
    said = judged(np.arange(8)[:, np.newaxis], [0.5] * 8, [8, 7, 6, 5, 4, 3, 2, 1])
    assert lookbook.choose(said, True, count=2) == [0, 3]


def test_candidates_lie_on_the_plane_between_pairs_and_all_over_it():
    plane = Hyperplane(np.eye(LATENT_DIM)[0], 0.0)
    few = designs()
    below, above = np.argmin(few.latents[:, 0]), np.argmax(few.latents[:, 0])
    found = lookbook.gather(few, plane, [(int(below), int(above))], 5, 20)
    assert found.latents.shape == (21, LATENT_DIM) and found.latents.dtype == np.float32
    assert found.parents == [(below, above)] + [None] * 20
    assert np.abs(found.latents[:, 0]).max() <= 1e-6
    assert np.array_equal(found.latents[1:], plane.sample(20, 5).astype(np.float32))


def test_without_a_plane_the_middles_of_pairs_are_candidates():
    few = designs()
    found = lookbook.gather(few, None, [(0, 1)], 3, 10)
    assert found.parents == [(0, 1)]
    middle = prior_preserving_path(few.latents[0], few.latents[1], [0.5])
    assert found.latents == pytest.approx(middle, abs=1e-6)


def test_pairs_are_of_the_surest_and_without_a_plane_others_at_random(monkeypatch):
    monkeypatch.setattr(lookbook, "OF_EACH_POLE", 2)
    few, realism = designs(), np.array([1, 5, 9, 1, 1, 9, 3, 1.0])
    most_confident = [(2, 5), (2, 1), (6, 5), (6, 1)]
    assert lookbook.choose_pairs(few, PLANE, realism, 0, 10) == most_confident
    more = lookbook.choose_pairs(few, None, realism, 0, 10)
    assert more[:4] == most_confident and len(more) == 14
    assert all(first % 2 == 0 and second % 2 == 1 for first, second in more)
    assert more == lookbook.choose_pairs(few, None, realism, 0, 10) != lookbook.choose_pairs(few, None, realism, 1, 10)


def test_relatives_stand_on_either_side():
    sides = lookbook.relatives(PLANE.sample(5, 0), PLANE, 0.4)
    assert sides.shape == (5, 2, LATENT_DIM)
    assert PLANE.signed_distance(sides.reshape(-1, LATENT_DIM)) == pytest.approx([-0.4, 0.4] * 5, abs=1e-6)
    # No further than the cube reaches: on the first pole's side 0.9.
    far = lookbook.relatives(np.zeros((1, LATENT_DIM)), PLANE, 5.0)
    assert PLANE.signed_distance(far[0]) == pytest.approx([-0.81, 0.81], abs=1e-6)


def test_the_page_is_one_of_a4_and_its_pdf_the_same_file_twice(tmp_path):
    pictures = np.stack([np.full((8, 8, 3), (200, number, 0), np.uint8) for number in range(24)])
    sides = [pictures[:2] if number else None for number in range(24)]
    page = lookbook.draw_page(pictures, sides, [None] * 24, [("a", "b", "c")] * 24, "Title", "What is what")
    assert page.size == (1654, 2339)
    pixels = np.asarray(page)
    for number in range(24):
        large = np.all(pixels == (200, number, 0), axis=2).sum()
        assert large >= lookbook.LARGE**2
    for name in ("one.pdf", "two.pdf"):
        lookbook.save_pdf(tmp_path / name, page)
    content = (tmp_path / "one.pdf").read_bytes()
    assert content == (tmp_path / "two.pdf").read_bytes() and content.startswith(b"%PDF")


def test_a_photograph_that_is_gone_or_damaged_is_left_out(tmp_path):
    save_png(tmp_path / "a.png", np.full((4, 4, 3), 7, np.uint8))
    save_png(tmp_path / "wide.png", Image.new("RGB", (4, 8)))
    (tmp_path / "b.png").write_bytes(b"no picture")
    found = lookbook.read_photographs(tmp_path, ["a.png", "b.png", "c.png", "wide.png"])
    assert found[0].tolist() == np.full((4, 4, 3), 7).tolist()
    assert found[1:] == [None] * 3
