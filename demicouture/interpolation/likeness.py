"""How like two pictures are, in words."""

from __future__ import annotations

import math

from demicouture.language import N_

LIKENESS = (
    (0.05, N_("almost the same as")),
    (0.5, N_("much like")),
    (0.7, N_("a little like")),
    (math.inf, N_("unlike")),
)
"""A distance between two pictures in words, by the share of the data set's pictures that are nearer to another one."""


def likeness(rank: float) -> str:
    """Returns in words how like two pictures are, of :data:`LIKENESS`.

    Args:
        rank: The share of the data set's pictures that are nearer to another one than these are to each other.
    """
    return next(words for below, words in LIKENESS if rank < below)
