"""The style classifier's scores of designs on the plane: are they in between, by its own account?

A mean score of one half alone would prove nothing: random designs have it, too, where half of them are of either pole.
So beside the plane's designs stand random ones and those of a random plane, and beside the mean the share of designs
that the classifier itself would leave without a label.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from demicouture.boundary.hyperplane import Hyperplane
from demicouture.boundary.validation import accuracy_interval
from demicouture.commands import command
from demicouture.evaluation import imagenet_features
from demicouture.evaluation.style_classifier import RECORD, UNSURE, StyleClassifier, is_worthy
from demicouture.language import _

SCORED = 200
"""Designs of a plane that are scored: a share of them is known to 7 percentage points."""

CLEARLY = 0.01
"""From this probability down, more designs in between are no chance."""

Scorer = Callable[[np.ndarray], np.ndarray]
"""Scores pictures, uint8 (n, size, size, 3): the share of the second pole, float64 (n,) in [0, 1]."""


def find_scorer(folder: Path, poles: Sequence[str], quiet: bool) -> tuple[Scorer | None, str]:
    """Returns the style classifier of a designs' folder as a function of pictures; or None, and the reason.

    The reason is empty where there is nothing to mend here: there is no classifier or it is not accurate enough, as
    ``generate.py`` says; it knows other poles; or the network is not there that describes the pictures.

    Args:
        folder: A folder that ``generate.py`` wrote.
        poles: The labels that the plane separates, sorted.
        quiet: Whether to show no progress bar.
    """
    if not (folder / RECORD).exists():
        return None, ""
    classifier = StyleClassifier.load(folder)
    if classifier is None:
        what = _("made by an earlier version, or damaged, so nothing is said of the style classifier's scores")
        return None, _("{path}: {what}; run: {command}").format(
            path=folder / RECORD, what=what, command=command("generate.py")
        )
    if classifier.poles != tuple(poles) or not is_worthy(classifier.record):
        return None, ""
    if (network := imagenet_features.find_network()) is None:
        return None, ""
    describe = partial(imagenet_features.describe, network, quiet=quiet, title=_("scoring designs"))
    return lambda pictures: classifier.score(describe(pictures)), ""


def random_plane(plane: Hyperplane, seed: int) -> Hyperplane:
    """Returns a plane as far from the cube's centre as another one, in a random direction."""
    normal = np.random.default_rng([seed, len(plane.normal)]).normal(size=len(plane.normal))
    return Hyperplane(normal / np.linalg.norm(normal), plane.intercept)


def compare_scores(
    on_the_plane: np.ndarray, random_designs: np.ndarray, on_a_random_plane: np.ndarray
) -> dict[str, Any]:
    """Returns the scores of three kinds of designs, for ``report.json``.

    Args:
        on_the_plane: float64 (n,) in [0, 1], of the plane's uniform sample.
        random_designs: float64 (m,) in [0, 1].
        on_a_random_plane: float64 (k,) in [0, 1], of a random plane's uniform sample.

    Returns:
        For each kind ``mean`` and its 95% interval ``low, high``; ``in_between``, the share with a score between those
        of :data:`UNSURE`, and Wilson's interval ``in_between_low, in_between_high``; ``designs``, how many. And
        ``in_between_p_value``: the probability that as many of the plane's are in between by chance, if no more are
        than of the other two kinds (Fisher's exact test, one-sided).
    """
    from scipy.stats import fisher_exact

    others = np.concatenate([random_designs, on_a_random_plane])
    table = [[int(is_unsure(some).sum()), int((~is_unsure(some)).sum())] for some in (on_the_plane, others)]
    return {
        "on_the_plane": _summarise(on_the_plane),
        "random_designs": _summarise(random_designs),
        "on_a_random_plane": _summarise(on_a_random_plane),
        "in_between_p_value": float(fisher_exact(table, alternative="greater").pvalue),
    }


def is_unsure(scores: np.ndarray) -> np.ndarray:
    """Returns which scores the style classifier gives no label for, bool (n,); never those that are NaN."""
    low, high = UNSURE
    return (scores > low) & (scores < high)


def _summarise(scores: np.ndarray) -> dict[str, float]:
    half = 1.96 * float(scores.std(ddof=1)) / np.sqrt(len(scores))
    share = float(is_unsure(scores).mean())
    low, high = accuracy_interval(share, len(scores))
    mean = float(scores.mean())
    return {
        "mean": mean,
        "low": max(0.0, mean - half),
        "high": min(1.0, mean + half),
        "in_between": share,
        "in_between_low": low,
        "in_between_high": high,
        "designs": len(scores),
    }


def describe_scores(found: Mapping[str, Any], poles: Sequence[str]) -> str:
    """Returns what :func:`compare_scores` found, in one sentence."""
    plane, designs, random = (found[name] for name in ("on_the_plane", "random_designs", "on_a_random_plane"))
    more = _("more") if found["in_between_p_value"] < CLEARLY else _("not clearly more")
    return _(
        "The style classifier gives designs on the plane a mean score of {mean:.2f} (95% interval "
        "{low:.2f} to {high:.2f}; 0 is {first}, 1 is {second}), random designs {of_designs:.2f}, "
        "designs on a random plane {of_random:.2f}; it calls {between:.0%} of the plane's in between "
        "({unsure} to {sure}), {more} than of the others ({designs_between:.0%} and {random_between:.0%})"
    ).format(
        mean=plane["mean"],
        low=plane["low"],
        high=plane["high"],
        first=poles[0],
        second=poles[1],
        of_designs=designs["mean"],
        of_random=random["mean"],
        between=plane["in_between"],
        unsure=UNSURE[0],
        sure=UNSURE[1],
        more=more,
        designs_between=designs["in_between"],
        random_between=random["in_between"],
    )
