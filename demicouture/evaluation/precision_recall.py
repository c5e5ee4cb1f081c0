"""Precision and recall of generated pictures, and the realism of each, by nearest neighbours in feature space.

Around each picture's features lies a ball that reaches to its k-th nearest neighbour among the others; all balls
together estimate the manifold of pictures of this kind. Pictures here are rows of features, such as
:meth:`demicouture.evaluation.style_classifier.StyleClassifier.describe` gives.

Source:
    Kynkäänniemi, Karras, Laine, Lehtinen, Aila, "Improved Precision and Recall Metric for Assessing Generative Models",
    NeurIPS 2019: the region and the two measures in section 2, the realism score in section 5.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

NEIGHBOURS = 3
"""The source's k, for sets of thousands and for ours of hundreds."""

WIDEST = 0.05
"""The share of the balls, those of the largest radii, that are left out of the region. Around a picture that is unlike
all others lies a ball so wide that it holds anything: on drawn pictures 1% of the balls held all pictures of noise,
and without the widest 5% none did; of held-out pictures the others still hold 85% in place of 87%."""

ROWS = 1024
"""Rows of distances in memory at a time: eight megabytes for a thousand pictures."""


class Manifold:
    """The manifold of a set of pictures: all balls around them.

    Attributes:
        features: float64 (n, d), one row for each picture.
        neighbours: How far a ball reaches: to this nearest of the other pictures.
    """

    def __init__(self, features: np.ndarray, neighbours: int = NEIGHBOURS):
        """Takes the pictures' features, float (n, d).

        Raises:
            ValueError: There are not more pictures than ``neighbours``.
        """
        if len(features) <= neighbours:
            raise ValueError(f"{len(features)} pictures, expected more than {neighbours}")
        self.features, self.neighbours = np.asarray(features, np.float64), neighbours

    @cached_property
    def radii(self) -> np.ndarray:
        """The distance from each picture to its k-th nearest other one, float64 (n,)."""
        # A picture's nearest is itself, at number 0.
        number = self.neighbours
        return self._for_rows(self.features, lambda distances: np.partition(distances, number, axis=1)[:, number])

    def contains(self, features: np.ndarray) -> np.ndarray:
        """Returns whether each row is in the manifold, bool (m,). A set's share of such rows is its *precision*.

        The source takes every ball; see :data:`WIDEST`.
        """
        usual = self.radii <= np.quantile(self.radii, 1 - WIDEST)
        return self._for_rows(features, lambda distances: (distances[:, usual] <= self.radii[usual]).any(axis=1))

    def realism(self, features: np.ndarray) -> np.ndarray:
        """Returns each row's realism score, float64 (m,): above 1 it is in a ball, the higher the nearer its centre.

        Balls of more than the median radius are left out: where pictures are sparse the estimate is loose, and it
        would call real what is only far from everything.
        """
        small = self.radii <= np.median(self.radii)

        def score(distances: np.ndarray) -> np.ndarray:
            near = distances[:, small]
            # A row that is a picture is infinitely real.
            return np.divide(self.radii[small], near, out=np.full(near.shape, np.inf), where=near > 0).max(axis=1)

        return self._for_rows(features, score)

    def nearest(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns which picture lies nearest to each row, int (m,), and how far away, float64 (m,)."""
        found = self._for_rows(features, lambda distances: np.column_stack([distances.argmin(1), distances.min(1)]))
        return found[:, 0].astype(int), found[:, 1]

    def _for_rows(self, features: np.ndarray, function) -> np.ndarray:
        # Imported here: scripts that only say --help need not wait for SciPy.
        from scipy.spatial.distance import cdist

        # Each distance by itself, not by a matrix product, whose rounding depends on how many rows there are.
        features = np.asarray(features, np.float64)
        return np.concatenate(
            [function(cdist(features[start : start + ROWS], self.features)) for start in range(0, len(features), ROWS)]
        )


def precision_and_recall(real: np.ndarray, generated: np.ndarray, neighbours: int = NEIGHBOURS) -> tuple[float, float]:
    """Returns precision, the share of generated pictures in the real ones' manifold, and recall, the reverse.

    Both depend on how many pictures there are, so compare sets of the same sizes only.

    Args:
        real: float (n, d), features of real pictures.
        generated: float (m, d), features of generated ones.
        neighbours: How far a ball reaches.
    """
    precision = Manifold(real, neighbours).contains(generated).mean()
    return float(precision), float(Manifold(generated, neighbours).contains(real).mean())
