import numpy as np

from demicouture.evaluation.realism_rank import fit_scorer, rank, rank_designs


def draw(count, shift, seed):
    """Features: photographs at 0, controls at 4, designs somewhere between them."""
    return np.random.default_rng(seed).normal(size=(count, 30)) + np.reshape(shift, (-1, 1)) * (np.arange(30) < 10)


PHOTOGRAPHS, CONTROLS = draw(120, 0, 0), draw(60, 4, 1)
SHIFTS = np.linspace(1, 3, 100)


def test_designs_that_look_more_like_photographs_rank_higher():
    ranks = rank_designs(draw(100, SHIFTS, 2), PHOTOGRAPHS, CONTROLS)
    assert sorted(ranks) == [place / 99 for place in range(100)]
    assert np.corrcoef(ranks, -SHIFTS)[0, 1] > 0.7


def test_so_they_do_for_a_classifier_that_has_not_seen_them():
    score = fit_scorer(draw(100, SHIFTS, 2), PHOTOGRAPHS, CONTROLS)
    unseen = draw(100, SHIFTS, 3)
    scores = score(unseen)
    assert np.corrcoef(rank(scores), -SHIFTS)[0, 1] > 0.7
    # Controls are among the negatives; and a score depends on no other.
    assert score(draw(50, 4, 4)).max() < score(draw(50, 0, 5)).min()
    assert score(unseen[7:8])[0] == scores[7]
    # Without the data set's pictures at hand there are no controls.
    assert np.corrcoef(fit_scorer(unseen, PHOTOGRAPHS, CONTROLS[:0])(draw(100, SHIFTS, 2)), -SHIFTS)[0, 1] > 0.7


def test_ranks_by_hand():
    assert rank(np.array([0.3, -1.0, 7.0])).tolist() == [0.5, 0, 1]
    assert rank(np.array([4.0])).tolist() == [0]
