from __future__ import annotations

import numpy as np
import planted
import pytest
from sklearn.metrics import roc_auc_score

from demicouture.boundary import validation
from demicouture.boundary.hyperplane import fit_hyperplane
from demicouture.boundary.validation import CURVED, LDA, LINEAR, LOGISTIC, HeldOut, cross_validate, permutation_test
from demicouture.latents import sample_prior


def held_out(distances: np.ndarray) -> HeldOut:
    return HeldOut(distances, 0.0, 0.0, 1)


def test_held_out_accuracy_is_below_training_accuracy_and_above_chance():
    latents, labels, _ = planted.planted(300, 0)
    found = cross_validate(latents, labels)[LINEAR]
    training = np.mean((fit_hyperplane(latents, labels).plane.signed_distance(latents) > 0) == labels)
    assert training > 0.95
    assert 0.7 < found.accuracy < 0.92
    assert np.mean((found.distances > 0) == labels) == pytest.approx(found.accuracy, abs=0.05)


def test_the_same_seed_gives_the_same_figures_on_any_number_of_cores(monkeypatch):
    latents, labels, _ = planted.planted(60, 0)
    several = cross_validate(latents, labels, seed=3)[LINEAR]
    monkeypatch.setattr("demicouture.parallel.cores", lambda: 1)
    one = cross_validate(latents, labels, seed=3)[LINEAR]
    assert np.array_equal(several.distances, one.distances)
    other = cross_validate(latents, labels, seed=4)[LINEAR]
    assert not np.array_equal(other.distances, one.distances)


def test_a_rare_pole_is_not_given_away():
    latents, _, normal = planted.planted(300, 1)
    labels = latents @ normal > 0.6
    assert 0.1 < labels.mean() < 0.2
    found = cross_validate(latents, labels)[LINEAR]
    # The normal is not given away to the commoner pole ...
    assert roc_auc_score(labels, found.distances) > 0.8
    # ... and the threshold lies where the chance is one half: at least as often right as guessing the larger pole, and
    # right on some of the rarer.
    assert found.accuracy > 1 - labels.mean()
    assert found.balanced_accuracy > 0.6


def test_a_setting_is_chosen_without_the_designs_that_it_is_measured_on(monkeypatch):
    latents, labels, _ = planted.planted(50, 0)
    seen = []
    choose = validation.choose_setting

    def watched(decide, settings, designs, labels, random):
        seen.append(set(designs.tolist()))
        return choose(decide, settings, designs, labels, random)

    monkeypatch.setattr(validation, "choose_setting", watched)
    monkeypatch.setattr("demicouture.parallel.cores", lambda: 1)
    cross_validate(latents, labels)
    assert len(seen) == 5 * validation.repeats_for(50)
    assert all(len(designs) == 40 for designs in seen)


def test_every_machine_finds_a_planted_plane():
    latents, labels, _ = planted.planted(300, 2)
    found = cross_validate(latents, labels, names=(LINEAR, LDA, LOGISTIC, CURVED))
    assert list(found) == [LINEAR, LDA, LOGISTIC, CURVED]
    assert min(one.accuracy for one in found.values()) > 0.7


def test_a_curved_boundary_is_told_from_a_plane():
    # A ball in the middle: no plane separates it, and one that is a hill around each design does.
    latents = sample_prior(300, 0, latent_dim=3)
    labels = np.linalg.norm(latents, axis=1) < 0.95
    found = cross_validate(latents, labels, names=(LINEAR, CURVED))
    gain, chance = validation.is_better(found[CURVED], found[LINEAR], labels)
    assert gain > 0.2 and chance < 0.001
    # And of a real plane it is not.
    latents, labels, _ = planted.planted(300, 0)
    found = cross_validate(latents, labels, names=(LINEAR, CURVED))
    assert validation.is_better(found[CURVED], found[LINEAR], labels)[1] > 0.01


def test_mcnemars_test_by_hand():
    labels = np.ones(10, bool)
    candidate = held_out(np.array([1.0, 1, 1, 1, 1, -1, 1, 1, 1, 1]))
    other = held_out(np.array([-1.0, -1, -1, -1, -1, 1, 1, 1, 1, 1]))
    # Five won and one lost: chance gives at least five of six in 7 of 64 cases.
    assert validation.is_better(candidate, other, labels) == pytest.approx((0.4, 7 / 64))
    assert validation.is_better(other, other, labels) == (0.0, 1.0)


def test_a_real_boundary_passes_the_permutation_test():
    latents, labels, _ = planted.planted(200, 0)
    assert permutation_test(latents, labels, seed=0, permutations=199) == 1 / 200


def test_random_labels_are_called_random():
    found = []
    for seed in range(20):
        labels = np.random.default_rng([seed, 9]).permutation(np.arange(100) % 2 == 0)
        found.append(permutation_test(sample_prior(100, seed), labels, seed, permutations=999))
    assert sum(p >= validation.SIGNIFICANT for p in found) >= 19
    assert 0.35 < np.mean(found) < 0.65  # Spread as chance spreads them.


def test_the_permutation_test_leaves_designs_out_exactly():
    # Its closed form against ridge regressions that were really fitted without the design.
    latents, labels, _ = planted.planted(30, 1)
    latents = latents.astype(np.float64)
    targets = np.where(labels, 1 / labels.sum(), -1 / (~labels).sum())
    heights = np.empty(30)
    for left_out in range(30):
        rest = np.arange(30) != left_out
        square = latents[rest].T @ latents[rest] + validation.RIDGE * np.eye(100)
        heights[left_out] = latents[left_out] @ np.linalg.solve(square, latents[rest].T @ targets[rest])
    above = np.mean(heights[labels][:, np.newaxis] > heights[~labels])

    def area(shuffled: np.ndarray) -> float:
        targets = np.where(shuffled, 1 / shuffled.sum(), -1 / (~shuffled).sum())
        inverse = np.linalg.inv(latents.T @ latents + validation.RIDGE * np.eye(100))
        hat = latents @ inverse @ latents.T
        left_out = (hat @ targets - np.diag(hat) * targets) / (1 - np.diag(hat))
        return np.mean(left_out[shuffled][:, np.newaxis] > left_out[~shuffled])

    assert area(labels) == pytest.approx(above)
    shuffles = np.random.default_rng(0).permuted(np.tile(labels, (99, 1)), axis=1)
    expected = (1 + sum(area(one) >= above - 1e-9 for one in shuffles)) / 100
    assert permutation_test(latents, labels, seed=0, permutations=99) == pytest.approx(expected)


def test_random_labels_can_be_separated_all_the_same():
    latents = sample_prior(100, 3)
    labels = np.random.default_rng(3).random(100) < 0.5
    assert np.mean((fit_hyperplane(latents, labels).plane.signed_distance(latents) > 0) == labels) > 0.8
    assert cross_validate(latents, labels)[LINEAR].accuracy < 0.65


def test_bootstrap_normals_agree_the_more_labels_there_are():
    cosines = []
    for count in (100, 600):
        latents, labels, _ = planted.planted(count, 0)
        cosines.append(validation.bootstrap_cosine(latents, labels, np.ones(count), 0.3, seed=0))
    assert 0.5 < cosines[0] < cosines[1] < 1
    assert cosines[1] > 0.9


@pytest.mark.parametrize("seed", range(2))
def test_the_learning_curve_says_how_near_the_normal_is(seed):
    latents, labels, normal = planted.planted(800, seed)
    fit = fit_hyperplane(latents, labels)
    curve = validation.learning_curve(latents, labels, np.ones(800), fit.penalty, seed=0)
    assert np.all(np.diff(curve.sizes) > 0) and curve.sizes[-1] == 400
    assert curve.now == pytest.approx(fit.plane.normal @ normal, abs=0.03)
    # So many labels really give that cosine, to a few hundredths.
    latents, labels, normal = planted.planted(curve.needed, seed)
    assert fit_hyperplane(latents, labels).plane.normal @ normal == pytest.approx(0.95, abs=0.03)


def test_random_labels_have_no_learning_curve():
    labels = np.random.default_rng(0).random(200) < 0.5
    curve = validation.learning_curve(sample_prior(200, 0), labels, np.ones(200), 0.03, seed=0)
    assert curve.now is None and curve.needed is None


def test_the_line_through_the_learning_curve_by_hand():
    sizes = np.array([100, 200, 400])
    slope, height = validation.fit_line(sizes, 1 / (1 + 50 / sizes))  # c² with a noise that falls as 50/n
    assert (slope, height) == pytest.approx((-1, np.log(50)))
    curve = validation.LearningCurve(sizes, np.empty(3), slope, height, 400)
    assert curve.now == pytest.approx(np.sqrt(1 / (1 + 50 / 400)))
    assert curve.needed == np.ceil(50 / (1 / 0.95**2 - 1))
    # Under 300 labels the same curve says no such number.
    few = validation.LearningCurve(sizes, np.empty(3), slope, height, 299)
    assert few.needed is None and few.now == pytest.approx(np.sqrt(1 / (1 + 50 / 299)))
    assert validation.fit_line(sizes, np.full(3, 0.3)) == (None, None)
    assert validation.fit_line(sizes, np.array([1e-6, 1e-6, 0.3])) == (None, None)


def test_the_accuracys_interval_is_wilsons():
    # The textbook's example: 9 of 10.
    assert validation.accuracy_interval(0.9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert validation.accuracy_interval(1.0, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)
    assert validation.accuracy_interval(0.0, 10)[0] == 0
