"""What a hyperplane is worth: on designs that it was not fitted on, against chance, with other labels, beside curves.

Everything here is told the labelled latents and nothing else. The folds, the resamples and the shuffles depend on the
seed alone, so the same labels give the same figures, however many cores work on them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from demicouture import parallel
from demicouture.boundary.hyperplane import (
    COARSE,
    FOLDS,
    PENALTIES,
    Setting,
    balanced_accuracy,
    choose_setting,
    decide,
    solve,
    stratified_folds,
)

LINEAR, LDA, LOGISTIC, CURVED = "linear SVM", "LDA", "logistic regression", "RBF SVM"
"""The machines that are held against each other; the first is the one whose plane is used."""

LOGISTIC_PENALTIES = (0.01, 0.1, 1.0)
"""Logistic regression's C: from shrunk as much as a mean difference to hardly shrunk."""

CURVATURES = ((0.3, 1.0), (0.3, 10.0), (1.0, 1.0), (1.0, 10.0))
"""The curved machine's gamma, in parts of 1 / (a latent's mean squared length), and C. At 0.3 it is nearly a plane, at
1 a hill around each design."""

LABELS_IN_ALL_REPEATS = 300
MOST_REPEATS = 3
"""Splits of few labels differ, so they are repeated and averaged; with many labels, one split is steady enough."""

PERMUTATIONS = 9_999
"""Shuffles of the labels: the smallest p-value is 1/10,000."""

SIGNIFICANT = 0.01
"""Below this p-value there is a boundary. One random labelling in a hundred passes."""

RIDGE = 100.0
"""The permutation test's penalty on the length of a normal. Of 100 planted planes with 60 labels it found 58 at 100, 54
at 33 and at 1000, and 33 at 1 (p < 0.01); the same test made with support vector machines in five folds, 42 of 100."""

RESAMPLES = 50
"""Bootstrap normals: enough for their mean cosine to two digits."""

TARGET_COSINE = 0.95
"""From here on the fitted normal is as good as the true one: 18 degrees between them, which no eye tells in a walk."""

SIZES_OF_CURVE = 5
PAIRS_AT_EACH_SIZE = 8

Item = TypeVar("Item")
Result = TypeVar("Result")
Decide = Callable[[np.ndarray, np.ndarray, Setting], np.ndarray]


@dataclass(frozen=True)
class HeldOut:
    """What machines say about designs that they were not fitted on.

    Attributes:
        distances: float64 (n,); each design's height above the machines fitted without it, averaged.
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
    """How well a normal is known from more and more labels.

    Attributes:
        sizes: int (k,), numbers of labels, rising.
        cosines: float64 (k,), the cosine between the normal from so many labels and the true one, estimated.
        slope: Of the straight line through the logarithms; None where no such line fits.
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
        """How many labels a cosine of :data:`TARGET_COSINE` needs; None where no curve fits."""
        if self.slope is None:
            return None
        return math.ceil(math.exp((math.log(1 / TARGET_COSINE**2 - 1) - self.height) / self.slope))


def build_machines(
    latents: np.ndarray, labels: np.ndarray, weights: np.ndarray
) -> dict[str, tuple[Decide, Sequence[Setting]]]:
    """Returns, for each machine, what fits it on some designs and decides on others, and the settings to choose from.

    Args:
        latents: float64 (n, latent_dim).
        labels: bool (n,).
        weights: float64 (n,), how much each label counts.
    """
    products = latents @ latents.T
    squares = np.diag(products)
    apart = np.maximum(squares[:, np.newaxis] + squares - 2 * products, 0) / squares.mean()
    kernels = {gamma: np.exp(-gamma * apart) for gamma in {gamma for gamma, _ in CURVATURES}}

    def linear(fitted, asked, penalty):
        return decide(products, labels, weights, fitted, asked, penalty)

    def curved(fitted, asked, setting):
        gamma, penalty = setting
        return decide(kernels[gamma], labels, weights, fitted, asked, penalty)

    def lda(fitted, asked, _):
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

        machine = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=[0.5, 0.5])
        return machine.fit(latents[fitted], labels[fitted]).decision_function(latents[asked])

    def logistic(fitted, asked, penalty):
        from sklearn.linear_model import LogisticRegression

        machine = LogisticRegression(C=penalty, class_weight="balanced", max_iter=1000)
        return machine.fit(latents[fitted], labels[fitted], weights[fitted]).decision_function(latents[asked])

    return {
        LINEAR: (linear, PENALTIES),
        LDA: (lda, (None,)),
        LOGISTIC: (logistic, LOGISTIC_PENALTIES),
        CURVED: (curved, CURVATURES),
    }


def repeats_for(count: int) -> int:
    """Returns how many splits into folds are averaged for a number of labels."""
    return max(1, min(MOST_REPEATS, LABELS_IN_ALL_REPEATS // count))


def cross_validate(
    latents: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray | None = None,
    seed: int = 0,
    names: Sequence[str] = (LINEAR,),
    quiet: bool = True,
) -> dict[str, HeldOut]:
    """Decides on each design with machines fitted without it, by nested stratified cross-validation.

    Each machine's setting is chosen anew in every fold, by a cross-validation among that fold's designs alone: a
    setting that has seen the held-out designs would flatter itself. All machines meet the same folds.

    Args:
        latents: float (n, latent_dim).
        labels: bool (n,), true for the second pole; at least :data:`FOLDS` of each, and for the inner folds better two
            times as many.
        weights: float (n,), how much each label counts in the fits; right and wrong count alike.
        seed: Decides the splits.
        names: The machines.
        quiet: Whether to show no progress bar.
    """
    latents, labels = np.asarray(latents, np.float64), np.asarray(labels, bool)
    weights = np.ones(len(labels)) if weights is None else weights
    machines = build_machines(latents, labels, weights)
    repeats = repeats_for(len(labels))
    folds = [stratified_folds(labels, np.random.default_rng([seed, repeat])) for repeat in range(repeats)]
    tasks = [(name, repeat, fold) for name in names for repeat in range(repeats) for fold in range(FOLDS)]

    def hold_out(task: tuple[str, int, int]) -> np.ndarray:
        name, repeat, fold = task
        function, settings = machines[name]
        fitted, asked = (np.flatnonzero((folds[repeat] == fold) == side) for side in (False, True))
        random = np.random.default_rng([seed, repeat, fold])
        return function(fitted, asked, choose_setting(function, settings, fitted, labels, random))

    heights = {name: np.empty((repeats, len(labels))) for name in names}
    for (name, repeat, fold), answer in zip(tasks, _on_all_cores(hold_out, tasks, "held out", quiet), strict=True):
        heights[name][repeat, folds[repeat] == fold] = answer
    return {
        name: HeldOut(
            found.mean(axis=0),
            float(((found > 0) == labels).mean()),
            float(np.mean([balanced_accuracy(row, labels) for row in found])),
            repeats,
        )
        for name, found in heights.items()
    }


def is_better(candidate: HeldOut, other: HeldOut, labels: np.ndarray) -> tuple[float, float]:
    """Returns by how much a machine is right on more designs than another, and the probability of that by chance.

    Args:
        candidate: What the machine says.
        other: What the other one says of the same designs.
        labels: bool (n,).

    Returns:
        The difference of the two accuracies, in shares, and the one-sided p-value.

    Source:
        McNemar 1947, in the exact form: of the designs on which the two differ, chance gives each half.
    """
    from scipy.stats import binomtest

    mine, its = (((held_out.distances > 0) == labels) for held_out in (candidate, other))
    won, lost = int((mine & ~its).sum()), int((its & ~mine).sum())
    p_value = binomtest(won, won + lost, alternative="greater").pvalue if won + lost else 1.0
    return (won - lost) / len(labels), float(p_value)


def permutation_test(latents: np.ndarray, labels: np.ndarray, seed: int, permutations: int = PERMUTATIONS) -> float:
    """Returns how often labels without meaning would look as good: a p-value.

    The labels are shuffled among the designs, and each time a plane is asked about every design that it was fitted
    without. The planes are ridge regression's, of which leaving one out costs nothing, so that thousands of shuffles
    take a second or two: what is tested is whether the labels go with any direction, not the machine that finds it.
    Compared is how well the left-out heights order the two poles: the area under the receiver's curve, which no choice
    of an intercept can flatter.

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
        heights = (latents @ (inverse @ (latents.T @ targets)) - leverage * targets) / (1 - leverage)
        ranks = rankdata(heights, axis=0)
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
    latents: np.ndarray, labels: np.ndarray, weights: np.ndarray, penalty: float, seed: int, quiet: bool = True
) -> float:
    """Returns the mean cosine between normals fitted on resamples of the designs: 1 where chance plays no part.

    Args:
        latents: float (n, latent_dim).
        labels: bool (n,).
        weights: float64 (n,), how much each label counts.
        penalty: The support vector machine's C.
        seed: Decides the resamples.
        quiet: Whether to show no progress bar.
    """
    latents, labels = np.asarray(latents, np.float64), np.asarray(labels, bool)

    def resampled(number: int) -> np.ndarray:
        random = np.random.default_rng([seed, number])
        # Each pole by itself, so that none is lost; a design that is drawn twice counts twice.
        drawn = np.concatenate([random.choice(where, len(where)) for where in map(np.flatnonzero, (~labels, labels))])
        times = np.bincount(drawn, minlength=len(labels))
        return _normal(latents, labels, weights * times, np.flatnonzero(times), penalty)

    normals = np.stack(list(_on_all_cores(resampled, range(RESAMPLES), "resamples", quiet)))
    cosines = normals @ normals.T
    return float(cosines[np.triu_indices(len(normals), 1)].mean())


def learning_curve(
    latents: np.ndarray, labels: np.ndarray, weights: np.ndarray, penalty: float, seed: int, quiet: bool = True
) -> LearningCurve:
    """Estimates how near the fitted normal is to the true one, for fewer labels, for these, and for more.

    Two normals from two sets of labels that share none have, each, the same cosine c with the true one, and what else
    they hold is chance; so the cosine between them is c². With a = 1/c² − 1, the chance's part in squares, a falls as a
    power of the number of labels; the line through its logarithms says what more labels would give.

    Args:
        latents: float (n, latent_dim).
        labels: bool (n,).
        weights: float64 (n,), how much each label counts.
        penalty: The support vector machine's C.
        seed: Decides the sets.
        quiet: Whether to show no progress bar.

    Source:
        Our own.
    """
    latents, labels = np.asarray(latents, np.float64), np.asarray(labels, bool)
    poles = [np.flatnonzero(labels == pole) for pole in (False, True)]
    sizes = np.unique(np.round(len(labels) / 2 / np.sqrt(2.0) ** np.arange(SIZES_OF_CURVE)).astype(int))
    # Each set needs two designs of a pole at the very least, or there is nothing to fit.
    sizes = np.array([size for size in sizes if min(len(pole) for pole in poles) * size // len(labels) >= 2], int)
    tasks = [(size, pair) for size in sizes.tolist() for pair in range(PAIRS_AT_EACH_SIZE)]

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

    found = np.array(list(_on_all_cores(cosine, tasks, "learning curve", quiet))).reshape(len(sizes), -1)
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
        points say anything.
    """
    # Below a cosine of 0.1 two normals in 100 dimensions are as good as random.
    says = squares > 0.01
    if says.sum() < 2:
        return None, None
    slope, height = np.polyfit(np.log(sizes[says]), np.log(1 / squares[says] - 1), 1)
    # Chance's part in squares falls as 1/n, and faster where labels are free of error; far from it, it is all chance.
    return (float(slope), float(height)) if slope < -0.25 else (None, None)


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


def _normal(
    latents: np.ndarray, labels: np.ndarray, weights: np.ndarray, chosen: np.ndarray, penalty: float
) -> np.ndarray:
    own = latents[chosen]
    coefficients, _ = solve(own @ own.T, labels[chosen], weights[chosen], penalty, COARSE)
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
        yield from tqdm(pool.map(function, items), desc=title, total=len(items), disable=quiet or None, leave=False)
