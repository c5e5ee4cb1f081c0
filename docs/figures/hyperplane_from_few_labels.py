"""Draws what a hyperplane from few labels is worth, measured on planted planes.

Latents of the prior are labelled by the side of a known plane on which they lie; the plane that is fitted to some of
them is then compared with the known one.

Reads:
    Nothing.

Writes:
    docs/hyperplane-from-few-labels.png

Example:
    .venv/bin/python docs/figures/hyperplane_from_few_labels.py
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from math import comb
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from demicouture import parallel, visualization  # noqa: E402
from demicouture.boundary.hyperplane import Hyperplane, fit_hyperplane, held_out_positions  # noqa: E402
from demicouture.boundary.validation import permutation_test  # noqa: E402
from demicouture.latents import LATENT_DIM, sample_prior  # noqa: E402

SIZES = (50, 100, 200, 300, 500, 1_000)
SEEDS = 8
FLIPPED = (0.0, 0.1)
FRESH = 10_000
"""Latents that no fit saw."""

RANDOM_SIZES = (60, 101, 150, 180, 202, 220, 250, 300)
RANDOM_DRAWS = 40
TESTED_SIZES = (60, 100, 300)
TESTS = 50
SHARES = (0.5, 0.25, 0.1)


def plant(count: int, seed: int, flipped: float = 0.0, share: float = 0.5):
    """Draws a plane and labelled latents.

    Args:
        count: Latents.
        seed: Decides the plane, the latents and the flips.
        flipped: The share of labels that are set wrong.
        share: The second pole's share of the cube, to the precision of a large sample.

    Returns:
        The plane; latents float32 (count, 100); labels bool (count,).
    """
    random = np.random.default_rng([seed, count])
    normal = random.standard_normal(LATENT_DIM)
    normal /= np.linalg.norm(normal)
    heights = sample_prior(FRESH, seed=10_000 + seed) @ normal
    plane = Hyperplane(normal, 0.0 if share == 0.5 else -float(np.quantile(heights, 1 - share)))
    latents = sample_prior(count, seed=seed)
    labels = (plane.signed_distance(latents) > 0) ^ (random.random(count) < flipped)
    return plane, latents, labels


def share_of_separable(count: int, dimensions: int) -> float:
    """Returns the share of all labellings of points in general position that some plane separates.

    Args:
        count: Points.
        dimensions: Of the space; a plane that need not go through the origin has one freedom more.

    Source:
        Cover, "Geometrical and Statistical Properties of Systems of Linear Inequalities with Applications in Pattern
        Recognition", IEEE Transactions on Electronic Computers 1965, theorem 1.
    """
    return 2 * sum(comb(count - 1, k) for k in range(dimensions + 1)) / 2**count


def toss(count: int, seed: int) -> np.ndarray:
    """Returns labels without meaning, bool (count,)."""
    return np.random.default_rng([seed, count]).random(count) < 0.5


def is_separable(latents: np.ndarray, labels: np.ndarray) -> bool:
    """Returns whether some plane has all latents on the right side, by linear programming."""
    from scipy.optimize import linprog

    sides = np.where(labels, 1.0, -1.0)[:, np.newaxis]
    rows = -sides * np.column_stack([latents, np.ones(len(latents))])
    found = linprog(np.zeros(rows.shape[1]), rows, -np.ones(len(rows)), bounds=(None, None), method="highs")
    return found.status == 0


def measure_fits(run: Callable[..., Iterator]) -> dict[float, np.ndarray]:
    """Fits planes to more and more labels.

    Args:
        run: Works as ``map`` does.

    Returns:
        For each share of flipped labels float64 (sizes, seeds, 3): the cosine with the true normal, the share of fresh
        latents on the right side, and the share of the fitted labels that the plane repeats.
    """
    fresh = sample_prior(FRESH, seed=99_999)

    def fit(task: tuple[float, int, int]) -> tuple[float, float, float]:
        flipped, size, seed = task
        plane, latents, labels = plant(size, seed, flipped)
        fitted = fit_hyperplane(latents, labels, seed=seed).plane
        right = (fitted.signed_distance(fresh) > 0) == (plane.signed_distance(fresh) > 0)
        repeated = (fitted.signed_distance(latents) > 0) == labels
        return fitted.normal @ plane.normal, right.mean(), repeated.mean()

    tasks = [(flipped, size, seed) for flipped in FLIPPED for size in SIZES for seed in range(SEEDS)]
    table = np.array(list(run(fit, tasks))).reshape(len(FLIPPED), len(SIZES), SEEDS, 3)
    return dict(zip(FLIPPED, table, strict=True))


def find_boundary(latents: np.ndarray, labels: np.ndarray, seed: int) -> tuple[bool, bool]:
    """Returns whether the permutation test finds a direction, and whether the plane has a place on it, too."""
    significant = permutation_test(latents, labels, seed, 999) < 0.01
    return significant, significant and fit_hyperplane(latents, labels, seed=seed).is_placed


def measure_intercept(task: tuple[float, float, int]) -> tuple[float, float, float]:
    """Fits a plane to 1,000 labels and looks at points on it.

    Args:
        task: The second pole's share, the share of flipped labels, the seed.

    Returns:
        How many points on the plane are of the second pole in truth, as a share, where the plane has the support vector
        machine's own intercept; where it lies at the ½ of a logistic curve through held-out positions; and where the
        curve also allows for wrong labels, as the plane that is used does.
    """
    from sklearn.linear_model import LogisticRegression

    share, flipped, seed = task
    truth, latents, labels = plant(1_000, seed, flipped, share)
    latents = latents.astype(np.float64)
    fit = fit_hyperplane(latents, labels, seed=seed)
    positions = held_out_positions(latents, latents @ latents.T, labels, np.ones(len(labels)), fit.penalty, seed)
    curve = LogisticRegression(C=np.inf).fit(positions.T, labels)
    intercepts = (fit.machine_intercept, curve.intercept_[0] / curve.coef_[0, 0], fit.plane.intercept)
    planes = (Hyperplane(fit.plane.normal, float(intercept)) for intercept in intercepts)
    return tuple((truth.signed_distance(plane.sample(500, seed)) > 0).mean() for plane in planes)


def print_other_findings(run: Callable[..., Iterator]) -> None:
    """Prints what fits of coin tosses, the permutation test and the intercept do; ``run`` works as ``map`` does."""
    repeated = []
    for seed in range(SEEDS):
        latents, labels = sample_prior(100, seed), toss(100, seed)
        fitted = fit_hyperplane(latents, labels, seed=seed).plane
        repeated.append(((fitted.signed_distance(latents) > 0) == labels).mean())
    print(
        f"100 coin tosses, as fitted: training accuracy {np.mean(repeated):.0%} "
        f"({min(repeated):.0%} to {max(repeated):.0%})"
    )
    for size in TESTED_SIZES:
        planted = run(lambda seed: find_boundary(*plant(size, seed)[1:], seed), range(TESTS))  # noqa: B023
        tossed = run(
            lambda seed: find_boundary(sample_prior(size, seed), toss(size, seed), seed),  # noqa: B023
            range(TESTS),
        )
        for name, found in (("planted planes", planted), ("coin tosses", tossed)):
            significant, both = np.sum(list(found), axis=0)
            print(f"{size} labels: p < 0.01 for {significant} of {TESTS} {name}, and a place for {both} of these")
    names = ("the machine's own", "by a logistic curve", "by one that allows for wrong labels")
    for share, flipped in itertools.product(SHARES, FLIPPED):
        tasks = [(share, flipped, seed) for seed in range(SEEDS)]
        for name, shares in zip(names, zip(*run(measure_intercept, tasks), strict=True), strict=True):
            print(
                f"1,000 labels, {share:.0%} of the second pole, {flipped:.0%} flipped, the intercept {name}: "
                f"{np.mean(shares):.0%} ({min(shares):.0%} to {max(shares):.0%}) of its points are of the second pole"
            )


def main() -> None:
    """Measures, draws, and prints the figures that the page quotes."""
    # On matrices of this size BLAS' own threads wait for one another.
    with threadpool_limits(1), ThreadPoolExecutor(parallel.cores()) as pool:
        found = measure_fits(pool.map)
        for flipped, table in found.items():
            for size, row in zip(SIZES, table, strict=True):
                predicted = 1 - np.arccos(row[:, 0]) / np.pi
                mean, low, high = row.mean(axis=0), row.min(axis=0), row.max(axis=0)
                print(
                    f"{flipped:.0%} flipped, {size} labels: cosine {mean[0]:.3f} ({low[0]:.3f} to {high[0]:.3f}), "
                    f"held-out accuracy {mean[1]:.1%} ({low[1]:.1%} to {high[1]:.1%}; the cosines say "
                    f"{predicted.mean():.1%}), training accuracy {mean[2]:.1%} ({low[2]:.1%} to {high[2]:.1%})"
                )
        separable = []
        for size in RANDOM_SIZES:
            results = [is_separable(sample_prior(size, draw), toss(size, draw)) for draw in range(RANDOM_DRAWS)]
            separable.append(np.mean(results))
            print(
                f"{size} coin tosses: a plane separates {separable[-1]:.0%} of {RANDOM_DRAWS} sets, "
                f"{share_of_separable(size, LATENT_DIM):.1%} by Cover's theorem"
            )
        print_other_findings(pool.map)

    path = Path(__file__).resolve().parents[1] / "hyperplane-from-few-labels.png"
    blue, red = visualization.POLE_COLOURS
    with visualization.plot(path, width=12, height=4.2, columns=3) as (cover, cosine, accuracy):
        cover.figure.suptitle(
            "Any 100 labels in 100 dimensions can be fitted, so a good fit says nothing; held-out latents do"
        )
        counts = np.arange(20, 321)
        cover.plot(
            counts,
            [share_of_separable(int(count), LATENT_DIM) for count in counts],
            color=visualization.PLANE_COLOUR,
            label="Cover's theorem",
        )
        cover.plot(RANDOM_SIZES, separable, "o", color=red, label=f"measured, {RANDOM_DRAWS} sets each")
        cover.set(xlabel="labels, each a coin toss", ylabel="share of sets that a plane separates", ylim=(-0.03, 1.05))
        cover.set_title("labels without meaning can be fitted, too")
        cover.legend(fontsize=9, loc="lower left", framealpha=1, edgecolor="none")
        for axis, column, label in (
            (cosine, 0, "cosine of fitted and true normal"),
            (accuracy, 1, "share on the right side"),
        ):
            for (flipped, table), colour in zip(found.items(), (blue, red), strict=True):
                values = table[..., column]
                axis.plot(SIZES, values.mean(axis=1), "o-", color=colour, label=f"{flipped:.0%} of labels wrong")
                axis.fill_between(SIZES, values.min(axis=1), values.max(axis=1), color=colour, alpha=0.15, linewidth=0)
            axis.set(xlabel="labels (logarithmic)", ylabel=label, xscale="log")
            axis.set_xticks(SIZES, [f"{size:,}" for size in SIZES], minor=False)
            axis.set_xticks([], minor=True)
        accuracy.plot(
            SIZES,
            found[0.0][..., 2].mean(axis=1),
            ":",
            color=visualization.PLANE_COLOUR,
            label="its own labels, 0% wrong",
        )
        cosine.set(ylim=(0, 1.03))
        cosine.set_title(f"the direction: mean, and range of {SEEDS} planes")
        accuracy.set(ylim=(0.5, 1.02))
        accuracy.set_title("fresh latents, and the fitted labels themselves")
        cosine.legend(fontsize=9, loc="lower right", framealpha=1, edgecolor="none")
        accuracy.legend(fontsize=9, loc="lower right", framealpha=1, edgecolor="none")


if __name__ == "__main__":
    main()
