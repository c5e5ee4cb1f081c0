import numpy as np
import planted
import pytest
from sklearn.svm import SVC

from demicouture.boundary import hyperplane
from demicouture.boundary.hyperplane import Hyperplane, fit_hyperplane
from demicouture.errors import InputError
from demicouture.latents import LATENT_DIM


@pytest.mark.parametrize(("seed", "intercept"), [(0, 0.0), (1, 0.2), (2, 0.0), (3, 0.2)])
def test_a_planted_plane_is_found_again(seed, intercept):
    latents, labels, normal = planted.planted(1000, seed, intercept=intercept)
    plane = fit_hyperplane(latents, labels).plane
    assert plane.normal @ normal >= 0.97
    assert plane.intercept == pytest.approx(intercept, abs=0.05)
    assert np.linalg.norm(plane.normal) == pytest.approx(1, abs=1e-12)


def test_a_planted_plane_is_found_again_with_a_tenth_of_the_labels_flipped():
    for seed in range(2):
        latents, labels, normal = planted.planted(1000, seed, flipped=0.1)
        assert fit_hyperplane(latents, labels).plane.normal @ normal >= 0.9


def test_the_plane_is_scikit_learns_own():
    latents, labels, _ = planted.planted(200, 4, flipped=0.1)
    fit = fit_hyperplane(latents, labels)
    machine = SVC(kernel="linear", C=fit.penalty, class_weight="balanced", tol=1e-5).fit(latents, labels)
    length = np.linalg.norm(machine.coef_)
    assert fit.plane.normal == pytest.approx(machine.coef_[0] / length, abs=1e-3)
    assert fit.plane.intercept == pytest.approx(machine.intercept_[0] / length, abs=1e-3)
    assert fit.margin == pytest.approx(1 / length, rel=1e-3)
    # Designs on the margin may count or not, by rounding.
    assert fit.is_support_vector.sum() == pytest.approx(len(machine.support_), abs=3)


def test_a_label_of_weight_two_counts_as_two_labels():
    latents, labels, _ = planted.planted(40, 0)
    latents = latents.astype(np.float64)

    def normal(rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
        # C is of all labels together, so that more of them have more of it.
        penalty = 0.001 * 40 / len(rows)
        coefficients, _ = hyperplane.fit_svm(latents[rows] @ latents[rows].T, labels[rows], weights, penalty, 1e-6)
        return coefficients @ latents[rows] / np.linalg.norm(coefficients @ latents[rows])

    mixed = np.concatenate([np.arange(40), np.arange(0, 40, 3)])
    weights = np.where(np.arange(40) % 3 == 0, 2.0, 1.0)
    assert normal(np.arange(40), weights) == pytest.approx(normal(mixed, np.ones(len(mixed))), abs=1e-4)
    assert normal(np.arange(40), weights) != pytest.approx(normal(np.arange(40), np.ones(40)), abs=0.01)


def test_weights_that_are_all_alike_change_nothing():
    latents, labels, _ = planted.planted(60, 0)
    plain, doubled = fit_hyperplane(latents, labels), fit_hyperplane(latents, labels, np.full(60, 2.0))
    assert np.array_equal(plain.plane.normal, doubled.plane.normal) and plain.penalty == doubled.penalty


def test_a_setting_is_chosen_by_designs_that_were_held_out():
    labels = np.arange(40) % 2 == 0
    settings_tried = []

    def decision_function(train, test, setting):
        assert not set(train) & set(test) and len(train) + len(test) == 40
        settings_tried.append(setting)
        return np.where(labels[test], 1.0, -1.0) * (1 if setting == "right" else -1)

    chosen = hyperplane.choose_setting(
        decision_function, ("wrong", "right", "wrong too"), np.arange(40), labels, np.random.default_rng(0)
    )
    assert chosen == "right"
    assert len(settings_tried) == 3 * hyperplane.FOLDS


def test_the_setting_with_the_largest_area_under_the_roc_curve_is_chosen_and_the_first_of_equals():
    labels = np.arange(40) % 2 == 0
    # Of the pairs of the two poles, each order is right in: all; all but those of one design (0.95); all again.
    values = {"best": np.where(labels, 2.0, -1.0), "equal": np.where(labels, 3.0, 2.5)}
    values["worse"] = values["best"] - 10 * (np.arange(40) == 0)

    def decision_function(train, test, setting):
        return values[setting][test]

    for settings, expected in ((("worse", "best", "equal"), "best"), (("equal", "worse", "best"), "equal")):
        found = hyperplane.choose_setting(decision_function, settings, np.arange(40), labels, np.random.default_rng(0))
        assert found == expected


def test_designs_are_held_out_once_in_each_repeat_and_each_fold_has_both_poles():
    labels = np.arange(23) % 3 == 0
    folds = hyperplane.stratified_folds(labels, np.random.default_rng(0))
    sizes = np.bincount(folds, minlength=hyperplane.FOLDS)
    assert sizes.min() >= 4 and sizes.max() <= 5
    for pole in (False, True):
        assert np.ptp(np.bincount(folds[labels == pole], minlength=hyperplane.FOLDS)) <= 1


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
