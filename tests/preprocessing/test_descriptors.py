import numpy as np
import pytest
from samples import garment

from demicouture.preprocessing import descriptors
from demicouture.preprocessing.classifiers import balanced_accuracy, score_tops, style_probabilities
from demicouture.preprocessing.descriptors import describe, find_like
from demicouture.preprocessing.top_classifier import FEWEST_EXAMPLES

ALL = np.ones((128, 128), np.float32)


def edges(across: bool) -> np.ndarray:
    """Wide stripes, black and white."""
    stripes = np.where(np.arange(128) // 16 % 2, 255, 0).astype(np.uint8)
    light = np.broadcast_to(stripes if across else stripes[:, None], (128, 128))
    return np.stack([light] * 3, axis=2)


def orientations(pixels: np.ndarray, mask: np.ndarray = ALL) -> np.ndarray:
    return describe(pixels, mask)[: 64 * 9].reshape(8, 8, 9)


def test_the_descriptor_tells_directions_and_colours():
    assert describe(edges(True), ALL).shape == (768,) and describe(edges(True), ALL).dtype == np.uint8
    # The slope of an upright stripe lies across (the first of nine directions), that of a lying one down (between the
    # fifth and the sixth).
    assert orientations(edges(True)).sum(axis=(0, 1)).argmax() == 0
    assert set(np.argsort(orientations(edges(False)).sum(axis=(0, 1)))[-2:]) == {4, 5}
    red = np.full((128, 128, 3), (255, 0, 0), np.uint8)
    colours = describe(red, ALL)[64 * 9 :].reshape(8, 8, 3)
    # CIE L*a*b* of sRGB's red is 53.2, 80.1, 67.2; in 8 bits L is 255/100 of that, a and b are shifted by 128.
    assert np.abs(colours.astype(int) - (136, 208, 195)).max() <= 1
    assert not orientations(red).any()


def test_neither_the_ground_nor_the_size_is_described():
    pixels = np.asarray(garment(1, 128, 128)).copy()
    mask = np.zeros((128, 128), np.float32)
    mask[32:96, 32:96] = 1
    before = describe(pixels, mask)
    painted = np.where(mask[..., None] > 0, pixels, np.random.default_rng(0).integers(0, 256, pixels.shape, np.uint8))
    assert np.array_equal(describe(painted, mask), before)
    twice = np.kron(pixels, np.ones((2, 2, 1), np.uint8))
    larger = describe(twice, np.kron(mask, np.ones((2, 2), np.float32)))
    assert np.abs(larger.astype(int) - before).max() <= 3  # The mean of four pixels is rounded twice, or once.


def planted(count: int, seed: int, apart: float = 40) -> tuple[np.ndarray, np.ndarray]:
    """Descriptors of two kinds, in turn: they differ by so much in forty of the numbers."""
    kinds = np.arange(count) % 2 == 0
    values = np.random.default_rng(seed).normal(128, 30, (count, 768))
    values[kinds, :40] += apart
    return np.clip(values, 0, 255).astype(np.uint8), kinds


def test_a_planted_difference_is_learned_and_told_of_the_others():
    descriptors, tops = planted(140, 0)
    known = np.arange(140) < 100
    scores, accuracy = score_tops(descriptors, known, np.where(known, tops, False))
    assert scores.shape == (140,) and scores.min() >= 0 and scores.max() <= 1
    assert accuracy >= 0.9
    assert ((scores > 0.5) == tops)[~known].mean() >= 0.9
    # Nothing is told apart where nothing differs.
    descriptors, tops = planted(140, 0, apart=0)
    assert 0.3 < score_tops(descriptors, known, tops)[1] < 0.7


def test_a_known_pictures_own_label_does_not_tell_on_it():
    descriptors, tops = planted(100, 1)
    everything = np.ones(100, bool)
    labels = tops.copy()
    labels[0] = not tops[0]
    scores, _ = score_tops(descriptors, everything, labels)
    assert (scores[0] > 0.5) == tops[0]


def test_too_few_examples_teach_nothing():
    few = FEWEST_EXAMPLES
    for tops, others, learned in [
        (few, few, True),
        (few - 1, 5 * few, False),
        (5 * few, few - 1, False),
        (0, 0, False),
    ]:
        labels = np.arange(tops + others) < tops
        descriptors = np.random.default_rng(2).integers(0, 256, (len(labels) + 1, 768), np.uint8)
        known = np.arange(len(labels) + 1) < len(labels)
        assert (score_tops(descriptors, known, np.append(labels, True)) is not None) == learned


def test_styles_are_told_by_classifiers_that_did_not_see_the_picture():
    descriptors, first = planted(40, 3, apart=80)
    poles = (~first).astype(int)
    scores = style_probabilities(descriptors, poles)
    assert ((scores > 0.5) == poles).mean() >= 0.9
    assert np.array_equal(scores, style_probabilities(descriptors, poles))
    # A picture of the second kind in the first pole is told by its looks, not by its pole.
    strayed = poles.copy()
    strayed[1] = 0
    assert style_probabilities(descriptors, strayed)[1] > 0.5


@pytest.mark.parametrize(("first", "second", "scored"), [(5, 5, True), (4, 30, False), (30, 4, False), (9, 0, False)])
def test_no_styles_where_a_pole_is_missing_or_too_small(first, second, scored):
    labels = np.repeat([0, 1], [first, second])
    descriptors = np.random.default_rng(4).integers(0, 256, (len(labels), 768), np.uint8)
    assert (style_probabilities(descriptors, labels) is not None) == scored


def test_the_likest_is_found_where_it_is_too_like():
    picture = np.full(768, 100, np.float32)
    assert find_like(picture, np.empty((0, 768), np.float32)) is None
    for distance, found in [(descriptors.TOO_LIKE - 0.01, 1), (descriptors.TOO_LIKE + 0.01, None)]:
        others = np.stack([picture + 90, picture - distance, picture + 60])
        assert find_like(picture, others) == found
    # Root mean square: 40 levels in a quarter of the numbers are 20 in all of them.
    quarter = picture + 40 * (np.arange(768) < 192)
    assert np.isclose(np.sqrt(np.mean((quarter - picture) ** 2)), 20)
    assert find_like(picture, np.stack([quarter - 0.2, quarter])) == (0 if descriptors.TOO_LIKE >= 20 else None)


def test_balanced_accuracy_counts_both_kinds_alike():
    truth = np.array([True] * 8 + [False] * 2)
    assert balanced_accuracy(np.ones(10, bool), truth) == 0.5
    assert balanced_accuracy(np.array([True] * 6 + [False] * 3 + [True]), truth) == (6 / 8 + 1 / 2) / 2
