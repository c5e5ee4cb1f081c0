import numpy as np
import pytest

from demicouture.preprocessing.classifiers import FEWEST_EXAMPLES, style_probabilities, top_probabilities


def planted(count: int, seed: int, apart: float = 40) -> tuple[np.ndarray, np.ndarray]:
    """Descriptors of two kinds, in turn: they differ by so much in forty of the numbers."""
    kinds = np.arange(count) % 2 == 0
    values = np.random.default_rng(seed).normal(128, 30, (count, 768))
    values[kinds, :40] += apart
    return np.clip(values, 0, 255).astype(np.uint8), kinds


def test_a_planted_difference_is_learned_and_told_of_the_others():
    descriptors, tops = planted(140, 0)
    known = np.arange(140) < 100
    scores, accuracy = top_probabilities(descriptors, known, np.where(known, tops, False))
    assert scores.shape == (140,) and scores.min() >= 0 and scores.max() <= 1
    assert accuracy >= 0.9
    assert ((scores > 0.5) == tops)[~known].mean() >= 0.9
    # Nothing is told apart where nothing differs.
    descriptors, tops = planted(140, 0, apart=0)
    assert 0.3 < top_probabilities(descriptors, known, tops)[1] < 0.7


def test_a_known_pictures_own_label_does_not_tell_on_it():
    descriptors, tops = planted(100, 1)
    everything = np.ones(100, bool)
    labels = tops.copy()
    labels[0] = not tops[0]
    scores, _ = top_probabilities(descriptors, everything, labels)
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
        assert (top_probabilities(descriptors, known, np.append(labels, True)) is not None) == learned


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
