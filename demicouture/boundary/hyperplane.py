"""The hyperplane between the two poles in latent space.

A linear support vector machine separates the labelled latents. Training accuracy says nothing here: 100 labels in 100
dimensions can always be separated, random ones too. What a plane is worth, :mod:`demicouture.boundary.validation` says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from demicouture import latents as geometry
from demicouture.errors import InputError
from demicouture.files import atomic_path

Setting = TypeVar("Setting")

FOLDS = 5
"""The usual number; and so the fewest labels of a pole, one for each fold."""

PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0)
"""The support vector machine's C, among which cross-validation chooses. A latent's squared length is about 33 by the
prior; far below C = 1/33 no design can reach its own margin. At 3 and 10 the cosine with planted normals (1,000 labels)
rose by 0.003 at most, and with a tenth of the labels wrong a fit took 4 and 15 times as long."""

PERSON_WEIGHT = 2.0
"""How many of the judge's labels one of a person's counts for. On planted planes with 300 and 1,000 labels, 10% to 20%
of them wrong, and 20 to 100 of them set right by a person, 2 came nearest to the true normal, before 1, 3, 5 and 10."""

FINE, COARSE = 1e-3, 1e-2
"""The solver's tolerances for the plane itself, and for the many planes that only say what it is worth, where it saves
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

    def sample(self, count: int, seed: int) -> np.ndarray:
        """Draws points of the plane inside the cube, uniformly; float64 (count, latent_dim)."""
        return geometry.sample_plane(count, seed, self.normal, self.intercept)

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


def fit_hyperplane(latents: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None, seed: int = 0) -> Fit:
    """Fits the plane of a linear support vector machine, whose C cross-validation chooses.

    The two poles weigh the same, however many labels each has, so that a rare pole is not given away.

    Args:
        latents: float (n, latent_dim).
        labels: bool (n,), true for the second pole; at least :data:`FOLDS` of each.
        weights: float (n,), how much each label counts; None counts all alike.
        seed: Decides the folds.

    Raises:
        InputError: The latents do not differ, or not so that a plane could pass between them.
    """
    latents, labels = np.asarray(latents, np.float64), np.asarray(labels, bool)
    weights = np.ones(len(labels)) if weights is None else weights
    products = latents @ latents.T
    penalty = choose_setting(
        lambda fitted, asked, penalty: decide(products, labels, weights, fitted, asked, penalty),
        PENALTIES,
        np.arange(len(labels)),
        labels,
        np.random.default_rng(seed),
    )
    coefficients, intercept = solve(products, labels, weights, penalty, FINE)
    normal = coefficients @ latents
    length = float(np.linalg.norm(normal))
    plane = Hyperplane(normal / (length or 1), intercept / (length or 1))
    if length < 1e-9 or plane.reach <= 0:
        raise InputError("latents.npy: no plane passes between the labelled latents; run: python generate.py --fresh")
    return Fit(plane, penalty, 1 / length, coefficients != 0)


def solve(
    products: np.ndarray, labels: np.ndarray, weights: np.ndarray, penalty: float, tolerance: float
) -> tuple[np.ndarray, float]:
    """Solves the support vector machine on the latents' scalar products, or on any other kernel.

    Args:
        products: float64 (n, n).
        labels: bool (n,), of both kinds.
        weights: float64 (n,); those of each pole are scaled to half of n together.
        penalty: The C of both poles together.
        tolerance: libsvm's stopping tolerance.

    Returns:
        The coefficient of each latent in the (not yet unit) normal, float64 (n,), and the intercept.
    """
    # Imported here: it takes a second, which asking for --help should not.
    from sklearn import config_context
    from sklearn.svm import SVC

    weights = weights * np.where(labels, 1 / weights[labels].sum(), 1 / weights[~labels].sum()) * len(labels) / 2
    with config_context(skip_parameter_validation=True, assume_finite=True):
        machine = SVC(kernel="precomputed", C=penalty, tol=tolerance).fit(products, labels, weights)
    coefficients = np.zeros(len(labels))
    coefficients[machine.support_] = machine.dual_coef_[0]
    return coefficients, float(machine.intercept_[0])


def decide(
    products: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    fitted: np.ndarray,
    asked: np.ndarray,
    penalty: float,
) -> np.ndarray:
    """Fits a machine on some designs and returns the height of others above it, float64 (len(asked),).

    Args:
        products: float64 (n, n): the kernel of all designs.
        labels: bool (n,).
        weights: float64 (n,).
        fitted: int: the designs to fit.
        asked: int: the designs to decide on; positive is the second pole's side. It is the signed distance, in units
            of the space in which the kernel is a scalar product.
        penalty: The C of both poles together.
    """
    own = products[np.ix_(fitted, fitted)]
    coefficients, intercept = solve(own, labels[fitted], weights[fitted], penalty, COARSE)
    square = coefficients @ own @ coefficients
    # Where latents repeat there may be no direction at all; the designs then lie at the plane's height.
    length = math.sqrt(square) if square > 0 else 1.0
    return (products[np.ix_(asked, fitted)] @ coefficients + intercept) / length


def choose_setting(
    decide: Callable[[np.ndarray, np.ndarray, Setting], np.ndarray],
    settings: Sequence[Setting],
    designs: np.ndarray,
    labels: np.ndarray,
    random: np.random.Generator,
) -> Setting:
    """Returns the setting whose machines order designs best that they were not fitted on.

    The order of the two poles, the area under the receiver's curve, is a steadier guide than how many are right: on ten
    planted planes with 1,000 labels it led to a cosine of 0.983 with the true normal at worst, the other to 0.969.

    Args:
        decide: Fits a machine on designs (int) and returns the height of others (int), with a setting.
        settings: To choose from, the simplest first: among equals the first one wins.
        designs: int: the designs that may be looked at.
        labels: bool (n,), of all designs.
        random: The source of chance; deals the designs out to folds.
    """
    if len(settings) == 1:
        return settings[0]
    fold_of = stratified_folds(labels[designs], random)
    heights = np.empty((len(settings), len(designs)))
    for fold in range(FOLDS):
        asked = fold_of == fold
        for row, setting in enumerate(settings):
            heights[row, asked] = decide(designs[~asked], designs[asked], setting)
    return settings[int(np.argmax([area_under_curve(row, labels[designs]) for row in heights]))]


def area_under_curve(heights: np.ndarray, labels: np.ndarray) -> float:
    """Returns how often a design of the second pole stands higher than one of the first: ½ by chance."""
    from scipy.stats import rankdata

    of_second, of_first = int(labels.sum()), int((~labels).sum())
    above = rankdata(heights)[labels].sum() - of_second * (of_second + 1) / 2  # Mann and Whitney's U
    return float(above / (of_second * of_first))


def balanced_accuracy(heights: np.ndarray, labels: np.ndarray) -> float:
    """Returns the mean of both poles' shares on the right side: always guessing the larger pole gives one half."""
    right = (heights > 0) == labels
    return float((right[labels].mean() + right[~labels].mean()) / 2)


def stratified_folds(labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Deals each pole's designs out to the folds in random order; returns the fold of each design, int (n,)."""
    fold_of = np.empty(len(labels), int)
    dealt = 0
    for pole in (False, True):
        members = random.permutation(np.flatnonzero(labels == pole))
        # The second pole is dealt on from where the first ended, so that the folds' sizes differ by one at most.
        fold_of[members] = (dealt + np.arange(len(members))) % FOLDS
        dealt += len(members)
    return fold_of
