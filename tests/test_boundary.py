import numpy as np
import planted
import pytest
from sklearn.svm import SVC

from demicouture import boundary
from demicouture.boundary import Hyperplane, cross_validate, fit_hyperplane, permutation_test, wilson_interval
from demicouture.errors import InputError
from demicouture.latents import LATENT_DIM, sample_prior


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("intercept", [0.0, 0.2])
def test_a_planted_plane_is_found_again(seed, intercept):
    latents, labels, normal = planted.planted(1000, seed, intercept=intercept)
    plane = fit_hyperplane(latents, labels).plane
    assert plane.normal @ normal >= 0.97
    assert plane.intercept == pytest.approx(intercept, abs=0.05)
    assert np.linalg.norm(plane.normal) == pytest.approx(1, abs=1e-12)


def test_a_planted_plane_is_found_again_with_a_tenth_of_the_labels_flipped():
    cosines = []
    for seed in range(5):
        latents, labels, normal = planted.planted(1000, seed, flipped=0.1)
        cosines.append(fit_hyperplane(latents, labels).plane.normal @ normal)
    assert np.median(cosines) >= 0.9


def test_the_plane_is_scikit_learns_own():
    latents, labels, _ = planted.planted(200, 4, flipped=0.1)
    fit = fit_hyperplane(latents, labels)
    machine = SVC(kernel="linear", C=fit.penalty, class_weight="balanced", tol=1e-5).fit(latents, labels)
    length = np.linalg.norm(machine.coef_)
    assert fit.plane.normal == pytest.approx(machine.coef_[0] / length, abs=1e-3)
    assert fit.plane.intercept == pytest.approx(machine.intercept_[0] / length, abs=1e-3)
    assert fit.margin == pytest.approx(1 / length, rel=1e-3)
    # Designs at the street's edge may count or not, by rounding.
    assert fit.support.sum() == pytest.approx(len(machine.support_), abs=3)


def test_the_penalty_grows_with_the_labels_between_its_bounds():
    assert [boundary.penalty_for(count) for count in (10, 90, 300, 900, 5000)] == [0.03, 0.03, 0.1, 0.3, 0.3]


def test_designs_are_held_out_once_in_each_repeat_and_each_fold_has_both_poles():
    labels = np.arange(23) % 3 == 0
    folds = boundary._stratified_folds(labels, np.random.default_rng(0))
    sizes = np.bincount(folds, minlength=boundary.FOLDS)
    assert sizes.min() >= 4 and sizes.max() <= 5
    for pole in (False, True):
        assert np.ptp(np.bincount(folds[labels == pole], minlength=boundary.FOLDS)) <= 1


def test_held_out_accuracy_is_below_training_accuracy_and_above_chance():
    latents, labels, _ = planted.planted(300, 0)
    held_out = cross_validate(latents, labels, seed=0)
    assert np.array_equal(held_out.distances, cross_validate(latents, labels, seed=0).distances)
    training = np.mean((fit_hyperplane(latents, labels).plane.signed_distance(latents) > 0) == labels)
    assert training > 0.95
    assert 0.7 < held_out.accuracy < 0.92
    assert np.mean((held_out.distances > 0) == labels) == pytest.approx(held_out.accuracy, abs=0.05)


def test_a_rare_pole_is_not_given_away():
    latents, _, normal = planted.planted(300, 1)
    labels = latents @ normal > 0.6
    assert 0.1 < labels.mean() < 0.2
    held_out = cross_validate(latents, labels, seed=0)
    assert held_out.balanced_accuracy > 0.65
    # Always guessing the larger pole would be right more often, and worth nothing.
    assert held_out.accuracy < 1 - labels.mean() + 0.05


def test_a_real_boundary_passes_the_permutation_test():
    latents, labels, _ = planted.planted(200, 0)
    assert permutation_test(latents, labels, seed=0, permutations=30) == pytest.approx(1 / 31)


def test_random_labels_are_called_random():
    # Few labels, dimensions and shuffles, so that twenty whole tests take seconds.
    values = []
    for seed in range(20):
        latents = sample_prior(24, seed, latent_dim=3)
        labels = np.random.default_rng([seed, 9]).permutation(np.arange(24) % 2 == 0)
        values.append(permutation_test(latents, labels, seed, permutations=19))
    assert sum(value <= 0.05 for value in values) <= 3  # One is expected; more than three come once in 60 times.
    assert 0.3 < np.mean(values) < 0.75  # Spread as chance spreads them; ties push them up a little.


def test_random_labels_can_be_separated_all_the_same():
    latents = sample_prior(100, 3)
    labels = np.random.default_rng(3).random(100) < 0.5
    assert np.mean((fit_hyperplane(latents, labels).plane.signed_distance(latents) > 0) == labels) > 0.85
    assert cross_validate(latents, labels, seed=0).accuracy < 0.65


def test_wilsons_interval_by_hand():
    # The textbook's example: 9 of 10.
    assert wilson_interval(0.9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert wilson_interval(1.0, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)
    assert wilson_interval(0.0, 10)[0] == 0


def test_latents_that_do_not_differ_have_no_plane():
    with pytest.raises(InputError, match="no plane passes between"):
        fit_hyperplane(np.zeros((20, LATENT_DIM)), np.arange(20) % 2 == 0)


def test_points_on_the_plane_lie_on_it_and_in_the_cube():
    latents, labels, _ = planted.planted(100, 0)
    plane = fit_hyperplane(latents, labels).plane
    for distance in (0.0, -1.2, 1.2):
        points = plane.nearest(latents, distance)
        assert np.abs(points).max() <= 1
        assert plane.signed_distance(points) == pytest.approx(np.full(100, distance), abs=1e-6)
    assert plane.reach == pytest.approx(np.abs(plane.normal).sum() - abs(plane.intercept))


def test_a_plane_comes_back_from_disk_bit_for_bit(tmp_path):
    plane = Hyperplane(planted.planted_normal(0), 0.25)
    plane.save(tmp_path / "hyperplane.npz")
    loaded = Hyperplane.load(tmp_path / "hyperplane.npz")
    assert np.array_equal(loaded.normal, plane.normal) and loaded.intercept == plane.intercept
    with np.load(tmp_path / "hyperplane.npz", allow_pickle=False) as arrays:
        assert arrays["normal"].dtype == arrays["intercept"].dtype == np.float64
        assert arrays["intercept"].shape == ()
    plane.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "hyperplane.npz").read_bytes()


def test_what_is_no_plane_is_refused(tmp_path):
    path, normal = tmp_path / "hyperplane.npz", planted.planted_normal(0)
    with pytest.raises(InputError, match=r"hyperplane\.npz: not found, expected a normal"):
        Hyperplane.load(path)
    for content in (b"", b"no archive", b"PK\x03\x04 cut short"):
        path.write_bytes(content)
        with pytest.raises(InputError, match="not readable as a hyperplane"):
            Hyperplane.load(path)
    np.savez(path, normal=normal)
    with pytest.raises(InputError, match="not readable as a hyperplane"):
        Hyperplane.load(path)
    for bad in (
        {"normal": 2 * normal, "intercept": np.float64(0)},
        {"normal": normal[:50], "intercept": np.float64(0)},
        {"normal": normal, "intercept": np.zeros(1)},
        {"normal": normal, "intercept": np.float64("nan")},
        {"normal": normal * np.nan, "intercept": np.float64(0)},
    ):
        np.savez(path, **bad)
        with pytest.raises(InputError, match="make no plane"):
            Hyperplane.load(path)
    with open(path, "wb") as file:
        np.save(file, normal)
    with pytest.raises(InputError, match="not readable as a hyperplane"):
        Hyperplane.load(path)
