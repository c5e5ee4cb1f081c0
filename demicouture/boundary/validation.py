"""Validation of a hyperplane: held-out accuracy, permutation test, bootstrap, learning curve, other classifiers.

Everything here takes the labelled latents and nothing else. The folds, the resamples and the shuffles depend on the
seed alone, so the same labels give the same numbers on any number of cores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from demicouture import parallel
from demicouture.boundary.hyperplane import (
    FOLDS,
    MOST_REPEATS,
    PENALTIES,
    VALIDATION_TOLERANCE,
    Setting,
    choose_setting,
    fit_svm,
    held_out_distances,
    repeats_for,
    stratified_folds,
)
from demicouture.boundary.intercept import find_middle
from demicouture.language import N_, _
from demicouture.progress import progress_bar

LINEAR, LDA, LOGISTIC, CURVED = N_("linear SVM"), "LDA", N_("logistic regression"), N_("RBF SVM")
"""The classifiers that are compared; the plane that is used is the first one's."""

LOGISTIC_PENALTIES = (0.01, 0.1, 1.0)
"""Logistic regression's C: from shrunk as much as a mean difference to hardly shrunk."""

CURVATURES = ((0.3, 1.0), (0.3, 10.0), (1.0, 1.0), (1.0, 10.0))
"""The RBF machine's gamma, in parts of 1 / (a latent's mean squared length), and C. At 0.3 it is nearly a plane, at
1 a hill around each design."""

PERMUTATIONS = 9_999
"""Shuffles of the labels: the smallest p-value is 1/10,000."""

SIGNIFICANT = 0.01
"""Below this p-value there is a boundary. One random labelling in a hundred passes."""

RIDGE = 100.0
"""The permutation test's penalty on the length of a normal. Of 100 planted planes with 60 labels it found 58 at 100, 54
at 33 and at 1000, and 33 at 1 (p < 0.01); the same test made with support vector machines in five folds, 42 of 100."""

RESAMPLES = 50
"""Bootstrap normals: enough for their mean cosine to two digits."""

PAIRS = 8
"""Pairs of separate sets of labels at each size of the learning curve."""

TARGET_COSINE = 0.95
"""From here on the fitted normal is as good as the true one: 18 degrees between them, which nobody sees in a walk."""

SIZES_OF_CURVE = 5

FEWEST_FOR_A_FORECAST = 300
"""Labels from which on the learning curve is drawn out to the number that the target needs. The curve's points lie at
half of the labels and fewer, where with less than this most of a normal is chance."""

Item = TypeVar("Item")
Result = TypeVar("Result")
DecisionFunction = Callable[[np.ndarray, np.ndarray, Setting], np.ndarray]
"""Fits a classifier on some designs (int) and returns the decision values of others (int), with a setting."""


@dataclass(frozen=True)
class HeldOut:
    """A classifier's cross-validated results.

    Attributes:
        distances: float64 (n,); each design's decision value by classifiers that were fitted without it, averaged over
            the repeats.
        accuracy: The share of designs on the right side.
        balanced_accuracy: The mean of the two poles' shares, so that always guessing the larger pole gives one half.
        repeats: How many splits into folds were averaged.
    """

    distances: np.ndarray
    accuracy: float
    balanced_accuracy: float
    repeats: int


@dataclass(frozen=True)
class LearningCurve:
    """The cosine between the fitted normal and the true one, estimated for more and more labels.

    Attributes:
        sizes: int (k,), numbers of labels, rising.
        cosines: float64 (k,), the estimates.
        slope: Of the straight line through the logarithms, see :func:`fit_line`; None where no such line fits.
        height: Of that line.
        count: How many labels there are.
    """

    sizes: np.ndarray
    cosines: np.ndarray
    slope: float | None
    height: float | None
    count: int

    def at(self, sizes: np.ndarray) -> np.ndarray:
        """Returns the curve's cosine at numbers of labels, float64."""
        return 1 / np.sqrt(1 + np.exp(self.height + self.slope * np.log(sizes)))

    @property
    def now(self) -> float | None:
        """The cosine for all labels that there are; None where no curve fits."""
        return None if self.slope is None else float(self.at(np.array(self.count)))

    @property
    def needed(self) -> int | None:
        """How many labels a cosine of :data:`TARGET_COSINE` needs.

        None where no curve fits, and under :data:`FEWEST_FOR_A_FORECAST` labels.
        """
        if self.slope is None or self.count < FEWEST_FOR_A_FORECAST:
            return None
        return math.ceil(math.exp((math.log(1 / TARGET_COSINE**2 - 1) - self.height) / self.slope))


def build_classifiers(
    latents: np.ndarray, labels: np.ndarray, weights: np.ndarray
) -> dict[str, tuple[DecisionFunction, Sequence[Setting]]]:
    """Returns the classifiers that are compared, by name: each one's decision function and settings to choose from.

    Args:
        latents: float64 (n, latent_dim).
        labels: bool (n,).
        weights: float64 (n,), how much each label counts.
    """
    linear_kernel = latents @ latents.T
    squares = np.diag(linear_kernel)
    squared_distances = np.maximum(squares[:, np.newaxis] + squares - 2 * linear_kernel, 0) / squares.mean()
    rbf_kernels = {gamma: np.exp(-gamma * squared_distances) for gamma in {gamma for gamma, _ in CURVATURES}}

    def linear(train, test, penalty):
        return held_out_distances(linear_kernel, labels, weights, train, test, penalty)

    def curved(train, test, setting):
        gamma, penalty = setting
        return held_out_distances(rbf_kernels[gamma], labels, weights, train, test, penalty)

    def lda(train, test, _):
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

        classifier = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=[0.5, 0.5])
        return classifier.fit(latents[train], labels[train]).decision_function(latents[test])

    def logistic(train, test, penalty):
        from sklearn.linear_model import LogisticRegression

        classifier = LogisticRegression(C=penalty, class_weight="balanced", max_iter=1000)
        return classifier.fit(latents[train], labels[train], weights[train]).decision_function(latents[test])

    return {
        LINEAR: (linear, PENALTIES),
        LDA: (lda, (None,)),
        LOGISTIC: (logistic, LOGISTIC_PENALTIES),
        CURVED: (curved, CURVATURES),
    }


def cross_validate(
    latents: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray | None = None,
    seed: int = 0,
    names: Sequence[str] = (LINEAR,),
    quiet: bool = True,
    most_repeats: int = MOST_REPEATS,
) -> dict[str, HeldOut]:
    """Returns classifiers' results in nested, stratified cross-validation, by name.

    Each classifier's setting is chosen anew in every fold, by a cross-validation among that fold's designs alone: a
    setting that was chosen with the held-out designs would look too good. The same cross-validation's held-out decision
    values give its threshold, where the chance of either label is one half, as the plane's intercept is found. All
    classifiers get the same folds.

    Args:
        latents: float (n, latent_dim).
        labels: bool (n,), true for the second pole; at least :data:`FOLDS` of each, and for the inner folds better two
            times as many.
        weights: float (n,), how much each label counts in the fits; right and wrong count alike.
        seed: Decides the splits.
        names: The classifiers.
        quiet: Whether to show no progress bar.
        most_repeats: How many splits of few labels are averaged.
    """
    from sklearn.metrics import balanced_accuracy_score

    latents, labels = np.asarray(latents, np.float64), np.asarray(labels, bool)
    weights = np.ones(len(labels)) if weights is None else weights
    classifiers = build_classifiers(latents, labels, weights)
    repeats = repeats_for(len(labels), most_repeats)
    folds = [stratified_folds(labels, np.random.default_rng([seed, repeat])) for repeat in range(repeats)]
    tasks = [(name, repeat, fold) for name in names for repeat in range(repeats) for fold in range(FOLDS)]

    def hold_out(task: tuple[str, int, int]) -> np.ndarray:
        name, repeat, fold = task
        function, settings = classifiers[name]
        train, test = (np.flatnonzero((folds[repeat] == fold) == side) for side in (False, True))
        random = np.random.default_rng([seed, repeat, fold])
        setting, decided = choose_setting(function, settings, train, labels, random)
        middle = find_middle(decided[np.newaxis], labels[train], weights[train])
        return function(train, test, setting) - (middle or 0.0)

    values = {name: np.empty((repeats, len(labels))) for name in names}
    for (name, repeat, fold), found in zip(tasks, _on_all_cores(hold_out, tasks, _("held out"), quiet), strict=True):
        values[name][repeat, folds[repeat] == fold] = found
    return {
        name: HeldOut(
            found.mean(axis=0),
            float(((found > 0) == labels).mean()),
            float(np.mean([balanced_accuracy_score(labels, row > 0) for row in found])),
            repeats,
        )
        for name, found in values.items()
    }


def is_better(candidate: HeldOut, other: HeldOut, labels: np.ndarray) -> tuple[float, float]:
    """Returns how much more accurate one classifier is than another, and the probability of that by chance.

    Args:
        candidate: The one's results.
        other: The other one's, for the same designs.
        labels: bool (n,).

    Returns:
        The difference of the two accuracies, in shares, and the one-sided p-value.

    Source:
        McNemar 1947, in the exact form: of the designs on which the two differ, chance gives each half.
    """
    from scipy.stats import binomtest

    candidates_right, others_right = (((held_out.distances > 0) == labels) for held_out in (candidate, other))
    won, lost = int((candidates_right & ~others_right).sum()), int((others_right & ~candidates_right).sum())
    p_value = binomtest(won, won + lost, alternative="greater").pvalue if won + lost else 1.0
    return (won - lost) / len(labels), float(p_value)


def permutation_test(latents: np.ndarray, labels: np.ndarray, seed: int, permutations: int = PERMUTATIONS) -> float:
    """Returns how often shuffled labels can be predicted as well as the real ones: a p-value.

    The labels are shuffled among the designs, and each time every design is predicted by a plane that was fitted
    without it. The planes are those of ridge regression, where leaving one out costs nothing, so that thousands of
    shuffles take a second or two: the test asks whether the labels depend on any direction, not how well one classifier
    finds it. The statistic is the area under the ROC curve, which no choice of an intercept can make look better.

    Args:
        latents: float (n, latent_dim), around 0 as the prior's are.
        labels: bool (n,), true for the second pole.
        seed: Decides the shuffles.
        permutations: How many shuffles; p is at least 1 / (1 + permutations).

    Source:
        Ojala and Garriga, "Permutation Tests for Studying Classifier Performance", JMLR 2010, test 1. The observed
        labelling counts as one of the shuffles, so p is never 0. Leaving one out of a ridge regression in closed form:
        Allen 1974 (PRESS).
    """
    from scipy.stats import rankdata

    latents, labels = np.asarray(latents, np.float64), np.asarray(labels, bool)
    inverse = np.linalg.inv(latents.T @ latents + RIDGE * np.eye(latents.shape[1]))
    leverage = np.einsum("ij,jk,ik->i", latents, inverse, latents)[:, np.newaxis]
    random = np.random.default_rng(seed)
    of_second = int(labels.sum())

    def areas(shuffled: np.ndarray) -> np.ndarray:  # bool (n, m) → float64 (m,)
        targets = np.where(shuffled, 1 / of_second, -1 / (len(labels) - of_second))
        left_out = (latents @ (inverse @ (latents.T @ targets)) - leverage * targets) / (1 - leverage)
        ranks = rankdata(left_out, axis=0)
        return np.where(shuffled, ranks, 0).sum(axis=0)  # which grows with the area, all else being fixed

    observed = areas(labels[:, np.newaxis])[0]
    as_good, done = 0, 0
    while done < permutations:
        count = min(500, permutations - done)
        shuffled = random.permuted(np.tile(labels, (count, 1)), axis=1).T
        # The small allowance keeps ties ties, whatever the order in which ranks were added.
        as_good += int((areas(shuffled) >= observed - 1e-6).sum())
        done += count
    return (1 + as_good) / (1 + permutations)


def bootstrap_cosine(
    latents: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    penalty: float,
    seed: int,
    quiet: bool = True,
    resamples: int = RESAMPLES,
) -> float:
    """Returns the mean cosine between normals fitted on resamples of the designs: 1 where chance plays no part.

    Args:
        latents: float (n, latent_dim).
        labels: bool (n,).
        weights: float64 (n,), how much each label counts.
        penalty: The support vector machine's C.
        seed: Decides the resamples.
        quiet: Whether to show no progress bar.
        resamples: How many, at least 2.
    """
    latents, labels = np.asarray(latents, np.float64), np.asarray(labels, bool)

    def resampled(number: int) -> np.ndarray:
        random = np.random.default_rng([seed, number])
        # Each pole by itself, so that none is lost; a design that is drawn twice counts twice.
        drawn = np.concatenate([random.choice(where, len(where)) for where in map(np.flatnonzero, (~labels, labels))])
        times = np.bincount(drawn, minlength=len(labels))
        return _normal(latents, labels, weights * times, np.flatnonzero(times), penalty)

    normals = np.stack(list(_on_all_cores(resampled, range(resamples), "resamples", quiet)))
    cosines = normals @ normals.T
    return float(cosines[np.triu_indices(len(normals), 1)].mean())


def learning_curve(
    latents: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    penalty: float,
    seed: int,
    quiet: bool = True,
    pairs: int = PAIRS,
) -> LearningCurve:
    """Estimates the cosine between the fitted normal and the true one for fewer labels, for these, and for more.

    Two normals from two sets of labels that share none have, each, the same cosine c with the true one, and all else in
    them is chance; so the cosine between them is c². With a = 1/c² − 1, the part of chance in squares, a falls as a
    power of the number of labels; the line through its logarithms predicts what more labels would give.

    Args:
        latents: float (n, latent_dim).
        labels: bool (n,).
        weights: float64 (n,), how much each label counts.
        penalty: The support vector machine's C.
        seed: Decides the sets.
        quiet: Whether to show no progress bar.
        pairs: Pairs of sets at each size.

    Source:
        Our own.
    """
    latents, labels = np.asarray(latents, np.float64), np.asarray(labels, bool)
    poles = [np.flatnonzero(labels == pole) for pole in (False, True)]
    sizes = np.unique(np.round(len(labels) / 2 / np.sqrt(2.0) ** np.arange(SIZES_OF_CURVE)).astype(int))
    # Each set needs two designs of a pole at the very least, or there is nothing to fit.
    sizes = np.array([size for size in sizes if min(len(pole) for pole in poles) * size // len(labels) >= 2], int)
    tasks = [(size, pair) for size in sizes.tolist() for pair in range(pairs)]

    def cosine(task: tuple[int, int]) -> float:
        size, pair = task
        random = np.random.default_rng([seed, size, pair])
        shuffled = [random.permutation(pole) for pole in poles]
        shares = [max(2, round(len(pole) * size / len(labels))) for pole in poles]
        shares = [min(share, len(pole) // 2) for share, pole in zip(shares, poles, strict=True)]
        halves = [[pole[:share], pole[share : 2 * share]] for pole, share in zip(shuffled, shares, strict=True)]
        first, second = (
            _normal(latents, labels, weights, np.concatenate(designs), penalty) for designs in zip(*halves, strict=True)
        )
        return float(first @ second)

    found = np.array(list(_on_all_cores(cosine, tasks, _("learning curve"), quiet))).reshape(len(sizes), -1)
    squares = np.clip(found.mean(axis=1), 1e-6, 1 - 1e-9) if len(sizes) else np.empty(0)
    slope, height = fit_line(sizes, squares)
    return LearningCurve(sizes, np.sqrt(squares), slope, height, len(labels))


def fit_line(sizes: np.ndarray, squares: np.ndarray) -> tuple[float | None, float | None]:
    """Returns slope and height of log(1/c² − 1) over log(labels).

    Args:
        sizes: int (k,), numbers of labels.
        squares: float64 (k,) in (0, 1), the squared cosine c² at each.

    Returns:
        Two times None where the line does not fall, so that more labels seem to teach nothing, or where fewer than two
        points are above chance.
    """
    # Below a cosine of 0.1 two normals in 100 dimensions are as good as random.
    above_chance = squares > 0.01
    if above_chance.sum() < 2:
        return None, None
    slope, height = np.polyfit(np.log(sizes[above_chance]), np.log(1 / squares[above_chance] - 1), 1)
    # The part of chance falls as 1/n, and faster where labels have no errors; where it hardly falls, all is chance.
    return (float(slope), float(height)) if slope < -0.25 else (None, None)


def accuracy_interval(accuracy: float, count: int) -> tuple[float, float]:
    """Returns the 95% interval of an accuracy on ``count`` designs.

    An accuracy that was averaged over several splits is taken as the nearest whole number of right designs. Designs
    that were held out in cross-validation are not quite independent, so the interval is a little too narrow.

    Source:
        Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 1927.
    """
    from scipy.stats import binomtest

    low, high = binomtest(round(accuracy * count), count).proportion_ci(method="wilson")
    return float(low), float(high)


def _normal(
    latents: np.ndarray, labels: np.ndarray, weights: np.ndarray, chosen: np.ndarray, penalty: float
) -> np.ndarray:
    own = latents[chosen]
    coefficients, _ = fit_svm(own @ own.T, labels[chosen], weights[chosen], penalty, VALIDATION_TOLERANCE)
    normal = coefficients @ own
    return normal / (np.linalg.norm(normal) or 1)


def _on_all_cores(
    function: Callable[[Item], Result], items: Iterable[Item], title: str, quiet: bool
) -> Iterable[Result]:
    """Yields the function's results in the items' order.

    In threads, for libsvm leaves Python alone while it works. BLAS keeps to one thread in each: on matrices of this
    size its own threads wait for one another, and logistic regression took twelve times as long.
    """
    items = list(items)
    with threadpool_limits(1), ThreadPoolExecutor(parallel.cores()) as pool:
        yield from progress_bar(pool.map(function, items), title, total=len(items), unit=_("fit"), quiet=quiet)
