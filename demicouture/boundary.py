"""The hyperplane between the two poles in latent space, and whether it means anything.

A linear support vector machine separates the labelled latents. Training accuracy says nothing here: 100 labels in 100
dimensions can always be separated, random ones too. So every plane comes with the accuracy on designs that it was
not fitted on, and with a permutation test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from demicouture import latents as geometry
from demicouture.errors import InputError
from demicouture.files import atomic_path

FOLDS = 5
"""The usual number; and so the fewest labels of a pole, one for each fold."""

PERMUTATIONS = 199
"""The smallest p-value is then 1/200, twice as small as :data:`SIGNIFICANT` asks for."""

SIGNIFICANT = 0.01
"""Below this p-value there is a boundary. One random labelling in a hundred passes."""

LABELS_IN_ALL_REPEATS = 300
MOST_REPEATS = 3
"""Splits of few labels differ, so they are repeated and averaged; with many labels, one split is steady enough."""


FINE, COARSE = 1e-3, 1e-2
"""The solver's tolerances for the plane itself, and for the thousand planes of the permutation test, where it saves
more than half of the time and moves a plane by a cosine of 0.0002 at most (measured at 1,000 labels)."""


@dataclass(frozen=True)
class Hyperplane:
    """A plane through latent space: the points z where ``z @ normal + intercept`` is 0.

    Attributes:
        normal: float64 (latent_dim,), of unit length, pointing to the second pole.
        intercept: The signed distance of the cube's centre from the plane.
    """

    normal: np.ndarray
    intercept: float

    def signed_distance(self, latents: np.ndarray) -> np.ndarray:
        """Returns how far each latent lies from the plane, float64 (n,); positive on the second pole's side."""
        return geometry.signed_distance(latents, self.normal, self.intercept)

    def nearest(self, latents: np.ndarray, distance: float = 0.0) -> np.ndarray:
        """Moves each latent to the nearest point of the cube at a signed distance; float64 (n, latent_dim)."""
        return geometry.nearest_at_distance(latents, self.normal, self.intercept, distance)

    @property
    def reach(self) -> float:
        """How far from the plane the cube reaches on *both* sides; not above 0 where the plane misses the cube."""
        return float(np.abs(self.normal).sum() - abs(self.intercept))

    def save(self, path: Path) -> None:
        """Writes the plane to an ``.npz`` file atomically, without pickle."""
        with atomic_path(path) as partial:
            np.savez(partial, normal=self.normal, intercept=np.float64(self.intercept))

    @classmethod
    def load(cls, path: Path) -> Hyperplane:
        """Reads a plane.

        Raises:
            InputError: The file is missing, or holds no plane.
        """
        wanted = (
            f"expected a normal of unit length and shape ({geometry.LATENT_DIM},), and an intercept; "
            "run: python latent_svm.py --fresh"
        )
        try:
            # Opened here, because NumPy leaves a damaged archive open.
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
                normal, intercept = arrays["normal"], arrays["intercept"]
        except FileNotFoundError:
            raise InputError(f"{path}: not found, {wanted}") from None
        except Exception as error:
            # A damaged archive makes NumPy raise ValueError, KeyError, EOFError, BadZipFile, zlib.error …; and a plain
            # array is no context manager, which is a TypeError or an AttributeError.
            raise InputError(f"{path}: not readable as a hyperplane ({type(error).__name__}), {wanted}") from None
        fits = normal.shape == (geometry.LATENT_DIM,) and intercept.shape == () and normal.dtype == np.float64
        if not (fits and np.isfinite(intercept) and abs(np.linalg.norm(normal) - 1) < 1e-6):
            raise InputError(
                f"{path}: found a normal of shape {normal.shape} and an intercept of shape {intercept.shape} "
                f"that make no plane, {wanted}"
            )
        return cls(normal, float(intercept))


@dataclass(frozen=True)
class Fit:
    """A plane and how it came about.

    Attributes:
        plane: The hyperplane.
        penalty: The support vector machine's C.
        margin: Half the width of the street around the plane, in the units of latent space.
        support: bool (n,); the designs that hold the plane where it is.
    """

    plane: Hyperplane
    penalty: float
    margin: float
    support: np.ndarray


@dataclass(frozen=True)
class HeldOut:
    """What planes say about designs that they were not fitted on.

    Attributes:
        distances: float64 (n,); each design's signed distance from the planes fitted without it, averaged.
        accuracy: The share of designs on the right side.
        balanced_accuracy: The mean of the two poles' shares, so that always guessing the larger pole gives one half.
        repeats: How many splits into folds were averaged.
    """

    distances: np.ndarray
    accuracy: float
    balanced_accuracy: float
    repeats: int


def penalty_for(count: int) -> float:
    """Returns the support vector machine's C for a number of labels.

    A latent's squared length is about 33 by the prior. Below C = 1/33 no single design can reach its own margin, and
    with few labels the intercept is then left to chance. With few labels a small C is best, because noisy labels ask
    for averaging; with many, a larger one finds the normal and the intercept more exactly.

    Source:
        Our choice, measured on planted planes in 100 dimensions, as the median cosine to the true normal (6 to 20
        planes each; 10% of the labels flipped in the second figure). 100 labels: 0.66 and 0.54 with 0.03, 0.67 and
        0.46 with 1. 1,000 labels: 0.965 and 0.927 with 0.03, 0.985 and 0.942 with 0.3, no better above, and slower.
    """
    return min(max(count / 3000, 0.03), 0.3)


def fit_hyperplane(latents: np.ndarray, labels: np.ndarray) -> Fit:
    """Fits the plane of a linear support vector machine.

    The two poles weigh the same, however many labels each has, so that a rare pole is not given away.

    Args:
        latents: float (n, latent_dim).
        labels: bool (n,), true for the second pole; both poles occur.

    Raises:
        InputError: The latents do not differ, or not so that a plane could pass between them.
    """
    latents = np.asarray(latents, np.float64)
    penalty = penalty_for(len(latents))
    coefficients, intercept = _solve(latents @ latents.T, labels, penalty, FINE)
    weights = coefficients @ latents
    length = float(np.linalg.norm(weights))
    plane = Hyperplane(weights / (length or 1), intercept / (length or 1))
    if length < 1e-9 or plane.reach <= 0:
        raise InputError("latents.npy: no plane passes between the labelled latents; run: python generate.py --fresh")
    return Fit(plane, penalty, 1 / length, coefficients != 0)


def _solve(products: np.ndarray, labels: np.ndarray, penalty: float, tolerance: float) -> tuple[np.ndarray, float]:
    """Solves the support vector machine on the latents' scalar products (n, n), which all folds share.

    Args:
        products: float64 (n, n).
        labels: bool (n,).
        penalty: The C of both poles together.
        tolerance: libsvm's stopping tolerance.

    Returns:
        The coefficient of each latent in the (not yet unit) normal, float64 (n,), and the intercept.
    """
    # Imported here: it takes a second, which asking for --help should not.
    from sklearn import config_context
    from sklearn.svm import SVC

    # The weights of class_weight="balanced", which scikit-learn takes a millisecond to find, longer than the fit.
    weights = {pole: len(labels) / (2 * np.count_nonzero(labels == pole)) for pole in (False, True)}
    with config_context(skip_parameter_validation=True, assume_finite=True):
        machine = SVC(kernel="precomputed", C=penalty, class_weight=weights, tol=tolerance).fit(products, labels)
    coefficients = np.zeros(len(labels))
    coefficients[machine.support_] = machine.dual_coef_[0]
    return coefficients, float(machine.intercept_[0])


def repeats_for(count: int) -> int:
    """Returns how many splits into folds are averaged for a number of labels."""
    return max(1, min(MOST_REPEATS, LABELS_IN_ALL_REPEATS // count))


def cross_validate(latents: np.ndarray, labels: np.ndarray, seed: int) -> HeldOut:
    """Measures designs with planes that were fitted without them, by stratified k-fold cross-validation.

    Args:
        latents: float (n, latent_dim).
        labels: bool (n,), true for the second pole; at least :data:`FOLDS` of each.
        seed: Decides the splits.
    """
    latents = np.asarray(latents, np.float64)
    return _cross_validate(latents @ latents.T, np.asarray(labels, bool), seed)


def _cross_validate(products: np.ndarray, labels: np.ndarray, seed: int) -> HeldOut:
    penalty, repeats = penalty_for(len(labels)), repeats_for(len(labels))
    distances = np.zeros((repeats, len(labels)))
    for repeat in range(repeats):
        fold_of = _stratified_folds(labels, np.random.default_rng([seed, repeat]))
        for fold in range(FOLDS):
            test = fold_of == fold
            coefficients, intercept = _solve(products[np.ix_(~test, ~test)], labels[~test], penalty, COARSE)
            square = coefficients @ products[np.ix_(~test, ~test)] @ coefficients
            # Where latents repeat, a fold may find no direction at all; its designs then lie at the plane's height.
            length = math.sqrt(square) if square > 0 else 1.0
            distances[repeat, test] = (products[np.ix_(test, ~test)] @ coefficients + intercept) / length
    right = (distances > 0) == labels
    balanced = (right[:, labels].mean() + right[:, ~labels].mean()) / 2
    return HeldOut(distances.mean(0), float(right.mean()), float(balanced), repeats)


def _stratified_folds(labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Deals each pole's designs out to the folds in random order; returns the fold of each design, int (n,)."""
    fold_of = np.empty(len(labels), int)
    dealt = 0
    for pole in (False, True):
        members = random.permutation(np.flatnonzero(labels == pole))
        # The second pole is dealt on from where the first ended, so that the folds' sizes differ by one at most.
        fold_of[members] = (dealt + np.arange(len(members))) % FOLDS
        dealt += len(members)
    return fold_of


def permutation_test(
    latents: np.ndarray, labels: np.ndarray, seed: int, permutations: int = PERMUTATIONS, quiet: bool = True
) -> float:
    """Returns how often labels without meaning would look as good: the p-value of the held-out balanced accuracy.

    Each time the labels are shuffled among the designs and the whole cross-validation is done again.

    Args:
        latents: float (n, latent_dim).
        labels: bool (n,), true for the second pole.
        seed: Decides the splits, as in :func:`cross_validate`, and the shuffles.
        permutations: How many shuffles; p is at least 1 / (1 + permutations).
        quiet: Whether to show no progress bar.

    Source:
        Ojala and Garriga, "Permutation Tests for Studying Classifier Performance", JMLR 2010, test 1. The observed
        labelling counts as one of the shuffles, so p is never 0.
    """
    latents, labels = np.asarray(latents, np.float64), np.asarray(labels, bool)
    products = latents @ latents.T
    observed = _cross_validate(products, labels, seed).balanced_accuracy
    as_good = 0
    for number in tqdm(
        range(permutations), desc="permutation test", unit="shuffle", disable=quiet or None, leave=False
    ):
        shuffled = np.random.default_rng([seed, MOST_REPEATS, number]).permutation(labels)
        # The small allowance keeps ties ties, whatever the order in which the two shares were added.
        as_good += _cross_validate(products, shuffled, seed).balanced_accuracy >= observed - 1e-12
    return (1 + as_good) / (1 + permutations)


def wilson_interval(share: float, count: int) -> tuple[float, float]:
    """Returns the 95% interval of a share that was observed in ``count`` independent cases.

    Source:
        Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 1927. Designs measured by
        cross-validation are not quite independent, so the interval is a little too narrow.
    """
    z = 1.959963984540054  # The normal distribution's 97.5% quantile.
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, centre - half), min(1.0, centre + half)
