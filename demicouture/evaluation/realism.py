"""How real and how new a design is, held against the photographs that its generator learned from.

All in the numbers by which the judge describes pictures; see :class:`demicouture.evaluation.style_classifier.ReferenceFeatures`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demicouture.evaluation.precision_recall import NEIGHBOURS, Manifold
from demicouture.evaluation.style_classifier import ReferenceFeatures

PASSING = 0.95
"""The share of real pictures, held out from the judge, that must pass as real: so the bar is set."""

UNLIKELY = 0.01
"""A design is a copy if it lies nearer to a photograph than all but this share of photographs lie to another one. A
photograph that was blurred, reduced to half its pixels or made noisy does, every time, and so does its mirror image;
one that was moved by several pixels, or made brighter by a tenth, does not, and passes as new."""


@dataclass(frozen=True)
class Appraisal:
    """What is said of some designs, one value for each.

    Attributes:
        realism: float64 (m,), Kynkäänniemi's score; the higher the more like the photographs.
        realistic: bool (m,), whether it reaches the bar.
        nearest: m names of photographs.
        distance: float64 (m,), to the nearest photograph, or to its mirror image.
        rank: float64 (m,) in [0, 1], the share of photographs that lie nearer to another photograph.
        copy: bool (m,).
    """

    realism: np.ndarray
    realistic: np.ndarray
    nearest: list[str]
    distance: np.ndarray
    rank: np.ndarray
    copy: np.ndarray


class RealismScorer:
    """Appraises designs.

    Attributes:
        bar: The realism from which on a design is realistic; of the held-out photographs 95% reach it.
    """

    def __init__(self, photographs: ReferenceFeatures):
        """Takes the photographs; see :func:`can_score_realism`."""
        held_out = photographs.held_out
        self.files = photographs.files
        learned = photographs.textures[~held_out]
        self.middle, self.spread = learned.mean(axis=0), np.maximum(learned.std(axis=0), 1e-6)
        # A standard deviation of detail weighs as much as the way to a neighbour: by the descriptor alone noise, and
        # what an untrained generator makes, lay in the midst of pictures of many kinds.
        self.weight = np.median(Manifold(photographs.features[~held_out]).radii)
        looks = self._looks(photographs.features, photographs.textures)
        self.learned = Manifold(looks[~held_out])
        realism = self.learned.realism(looks[held_out])
        # "lower": a value that is there, so that not one too few passes.
        self.bar = float(np.quantile(realism, 1 - PASSING, method="lower"))
        self.both_ways = Manifold(np.concatenate([photographs.features, photographs.mirrored]))
        self.gaps = np.sort(_gaps(photographs.features, photographs.mirrored))

    def _looks(self, features: np.ndarray, textures: np.ndarray) -> np.ndarray:
        return np.column_stack([features, self.weight * (textures - self.middle) / self.spread])

    def score_realism(self, features: np.ndarray, textures: np.ndarray) -> Appraisal:
        """Appraises designs; what is said of one depends on no other.

        Args:
            features: float (m, d), their descriptors.
            textures: float64 (m, OCTAVES), see :func:`demicouture.evaluation.style_classifier.texture`.
        """
        realism = self.learned.realism(self._looks(features, textures))
        index, distance = self.both_ways.nearest(features)
        rank = np.searchsorted(self.gaps, distance) / len(self.gaps)
        nearest = [str(self.files[number % len(self.files)]) for number in index]
        return Appraisal(realism, realism >= self.bar, nearest, distance, rank, rank < UNLIKELY)


def can_score_realism(photographs: ReferenceFeatures) -> bool:
    """Returns whether there are enough photographs for a region to be told."""
    return int((~photographs.held_out).sum()) > NEIGHBOURS


def _gaps(features: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
    """Returns each photograph's distance to the nearest other one, mirrored or not; float64 (n,)."""
    from scipy.spatial.distance import cdist

    gaps = np.empty(len(features))
    for row, own in enumerate(features.astype(np.float64)):
        others = np.arange(len(features)) != row
        gaps[row] = min(cdist(own[np.newaxis], side[others]).min() for side in (features, mirrored))
    return gaps
