"""The hyperplane between the two poles in latent space.

A linear support vector machine separates the labelled latents and so gives the plane its normal; its place along the
normal is :mod:`demicouture.boundary.intercept`'s. Training accuracy says nothing here: 100 labels in 100 dimensions can
always be separated, random ones too. :mod:`demicouture.boundary.validation` measures what a plane is worth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from demicouture import latents as geometry
from demicouture.boundary.intercept import PLACE_FOLDS, find_middle
from demicouture.commands import command
from demicouture.errors import InputError
from demicouture.files import ArraySpec, read_arrays, write_arrays
from demicouture.language import _

Setting = TypeVar("Setting")

SPECS = {"normal": ArraySpec(float, (geometry.LATENT_DIM,)), "intercept": ArraySpec(float)}
"""What a file of a plane holds."""

FOLDS = 5
"""The usual number; and so the fewest labels of a pole, one for each fold."""

PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0)
"""The support vector machine's C, among which cross-validation chooses. A latent's squared length is about 33 by the
prior; far below C = 1/33 no design can reach its own margin. At 3 and 10 the cosine with planted normals (1,000 labels)
rose by 0.003 at most, and with a tenth of the labels wrong a fit took 4 and 15 times as long."""

LABELS_IN_ALL_REPEATS = 300
MOST_REPEATS = 3
"""Splits of few labels differ, so they are repeated and averaged; with many labels, one split is steady enough."""

PERSON_WEIGHT = 2.0
"""How many of the classifier's labels one of a person's counts for. On planted planes with 300 and 1,000 labels, 10% to
20% of them wrong, and 20 to 100 of them corrected by a person, 2 came nearest to the true normal, before 1, 3, 5 and
10."""

TOLERANCE, VALIDATION_TOLERANCE = 1e-3, 1e-2
"""The solver's, for the plane itself and for the many planes that only validate it. The second saves more than half of
the time and moves a plane by a cosine of 0.0002 at most (measured at 1,000 labels)."""


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
        write_arrays(path, normal=self.normal, intercept=np.float64(self.intercept))

    @classmethod
    def load(cls, path: Path) -> Hyperplane:
        """Reads a plane.

        Raises:
            InputError: The file is missing, or holds no plane.
        """
        wanted = _(
            "expected a hyperplane: a normal of unit length and shape ({latent_dim},), and an intercept; run: {command}"
        ).format(latent_dim=geometry.LATENT_DIM, command=command("latent_svm.py", "--fresh"))
        try:
            normal, intercept = read_arrays(path, SPECS, wanted)
        except FileNotFoundError:
            raise InputError(_("{path}: not found, {wanted}").format(path=path, wanted=wanted)) from None
        if normal.dtype != np.float64 or abs(np.linalg.norm(normal) - 1) > 1e-6:
            raise InputError(
                _("{path}: found a normal of {dtype}, {length:g} long; {wanted}").format(
                    path=path, dtype=normal.dtype, length=np.linalg.norm(normal), wanted=wanted
                )
            )
        return cls(normal, float(intercept))


@dataclass(frozen=True)
class Fit:
    """A fitted plane, and the support vector machine behind it.

    Attributes:
        plane: The hyperplane.
        is_placed: Whether the plane lies where the chance of either label is one half; else, for want of such a place,
            at the support vector machine's own intercept.
        machine_intercept: The support vector machine's own, of the same normal.
        penalty: The support vector machine's C.
        margin: The distance from the plane to either margin, in the units of latent space.
        is_support_vector: bool (n,).
    """

    plane: Hyperplane
    is_placed: bool
    machine_intercept: float
    penalty: float
    margin: float
    is_support_vector: np.ndarray


def fit_hyperplane(latents: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None, seed: int = 0) -> Fit:
    """Fits the plane of a linear support vector machine, whose C cross-validation chooses, and lays it in its place.

    For the normal the two poles weigh the same, however many labels each has: else a rare pole would be sacrificed to
    the other. The place along the normal is where the chance of either label is one half.

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
    kernel = latents @ latents.T
    penalty, _score = choose_setting(
        lambda train, test, penalty: held_out_distances(kernel, labels, weights, train, test, penalty),
        PENALTIES,
        np.arange(len(labels)),
        labels,
        np.random.default_rng(seed),
    )
    coefficients, intercept = fit_svm(kernel, labels, weights, penalty, TOLERANCE)
    normal = coefficients @ latents
    length = float(np.linalg.norm(normal))
    machines = Hyperplane(normal / (length or 1), intercept / (length or 1))
    if length < 1e-9 or machines.reach <= 0:
        mend = _("run: {command}").format(command=command("generate.py", "--fresh"))
        raise InputError(_("latents.npy: no plane passes between the labelled latents; {mend}").format(mend=mend))
    middle = find_middle(held_out_positions(latents, kernel, labels, weights, penalty, seed), labels, weights)
    plane = machines if middle is None else Hyperplane(machines.normal, -middle)
    return Fit(plane, middle is not None, machines.intercept, penalty, 1 / length, coefficients != 0)


def held_out_positions(
    latents: np.ndarray, kernel: np.ndarray, labels: np.ndarray, weights: np.ndarray, penalty: float, seed: int
) -> np.ndarray:
    """Returns each latent's position along a normal that was fitted without it, float64 (repeats, n).

    Positions, not distances: each fold's machine has an intercept of its own, which a position does not hold, so the
    positions of all folds have one zero, the cube's centre.

    Args:
        latents: float64 (n, latent_dim).
        kernel: float64 (n, n), their scalar products.
        labels: bool (n,).
        weights: float64 (n,), how much each label counts.
        penalty: The C of both poles together.
        seed: Decides the folds.
    """
    positions = np.empty((repeats_for(len(labels)), len(labels)))
    for repeat, row in enumerate(positions):
        fold_of = stratified_folds(labels, np.random.default_rng([seed, PLACE_FOLDS, repeat]), PLACE_FOLDS)
        for fold in np.unique(fold_of):
            fitted, held_out = np.flatnonzero(fold_of != fold), fold_of == fold
            own = kernel[np.ix_(fitted, fitted)]
            coefficients, _ = fit_svm(own, labels[fitted], weights[fitted], penalty, VALIDATION_TOLERANCE)
            normal = coefficients @ latents[fitted]
            row[held_out] = latents[held_out] @ normal / (np.linalg.norm(normal) or 1)
    return positions


def fit_svm(
    kernel: np.ndarray, labels: np.ndarray, weights: np.ndarray, penalty: float, tolerance: float
) -> tuple[np.ndarray, float]:
    """Fits a support vector machine.

    Args:
        kernel: float64 (n, n), the scalar products of the latents, or another kernel of them.
        labels: bool (n,), of both kinds.
        weights: float64 (n,); those of each pole are scaled to half of n together.
        penalty: The C of both poles together.
        tolerance: libsvm's stopping tolerance.

    Returns:
        The coefficient of each latent in the (not yet unit) normal, float64 (n,), and the intercept.
    """
    # Imported here: it takes a second, which --help should not.
    from sklearn import config_context
    from sklearn.svm import SVC

    weights = weights * np.where(labels, 1 / weights[labels].sum(), 1 / weights[~labels].sum()) * len(labels) / 2
    with config_context(skip_parameter_validation=True, assume_finite=True):
        machine = SVC(kernel="precomputed", C=penalty, tol=tolerance).fit(kernel, labels, weights)
    coefficients = np.zeros(len(labels))
    coefficients[machine.support_] = machine.dual_coef_[0]
    return coefficients, float(machine.intercept_[0])


def held_out_distances(
    kernel: np.ndarray, labels: np.ndarray, weights: np.ndarray, train: np.ndarray, test: np.ndarray, penalty: float
) -> np.ndarray:
    """Fits a support vector machine on some designs and returns the signed distance of others from its boundary.

    Args:
        kernel: float64 (n, n), of all designs.
        labels: bool (n,).
        weights: float64 (n,).
        train: int: the designs to fit.
        test: int: the others.
        penalty: The C of both poles together.

    Returns:
        float64 (len(test),), positive on the second pole's side, in units of the space in which the kernel is a scalar
        product.
    """
    own = kernel[np.ix_(train, train)]
    coefficients, intercept = fit_svm(own, labels[train], weights[train], penalty, VALIDATION_TOLERANCE)
    square = coefficients @ own @ coefficients
    # Where latents repeat there may be no direction at all; then only the intercept is left.
    length = math.sqrt(square) if square > 0 else 1.0
    return (kernel[np.ix_(test, train)] @ coefficients + intercept) / length


def choose_setting(
    decision_function: Callable[[np.ndarray, np.ndarray, Setting], np.ndarray],
    settings: Sequence[Setting],
    designs: np.ndarray,
    labels: np.ndarray,
    random: np.random.Generator,
) -> tuple[Setting, np.ndarray]:
    """Returns the setting with the largest area under the ROC curve in a stratified cross-validation.

    That area is a steadier guide than accuracy: on ten planted planes with 1,000 labels it led to a cosine of 0.983
    with the true normal at worst, accuracy to 0.969.

    Args:
        decision_function: Fits a classifier on designs (int) and returns the decision values of others (int), with a
            setting.
        settings: To choose from, the simplest first: among equals the first one wins.
        designs: int: the designs that may be used.
        labels: bool (n,), of all designs.
        random: The source of chance; deals the designs out to folds.

    Returns:
        The setting, and with it the decision value of each of ``designs`` when it was held out, float64.
    """
    from sklearn.metrics import roc_auc_score

    fold_of = stratified_folds(labels[designs], random)
    values = np.empty((len(settings), len(designs)))
    for fold in range(FOLDS):
        test = fold_of == fold
        for row, setting in enumerate(settings):
            values[row, test] = decision_function(designs[~test], designs[test], setting)
    # Rounded, so that areas that differ by the order of a summation only are equal.
    best = int(np.argmax([round(roc_auc_score(labels[designs], row), 12) for row in values]))
    return settings[best], values[best]


def repeats_for(count: int, most: int = MOST_REPEATS) -> int:
    """Returns how many splits into folds are averaged for a number of labels."""
    return max(1, min(most, LABELS_IN_ALL_REPEATS // count))


def stratified_folds(labels: np.ndarray, random: np.random.Generator, folds: int = FOLDS) -> np.ndarray:
    """Deals each pole's designs out to the folds in random order; returns the fold of each design, int (n,).

    Not by scikit-learn's StratifiedKFold, which deals in another order: the plane depends on the folds, and the same
    labels are to give the same plane, to the bit, as they always did.
    """
    fold_of = np.empty(len(labels), int)
    dealt = 0
    for pole in (False, True):
        members = random.permutation(np.flatnonzero(labels == pole))
        # The second pole is dealt on from where the first ended, so that the folds' sizes differ by one at most.
        fold_of[members] = (dealt + np.arange(len(members))) % folds
        dealt += len(members)
    return fold_of
