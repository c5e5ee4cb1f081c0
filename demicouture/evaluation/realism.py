"""Realism of designs: how real and how new each one is, compared with the photographs that its generator learned from.

Everything is measured on the style classifier's features; see
:class:`demicouture.evaluation.style_classifier.ReferenceFeatures`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from demicouture.evaluation.precision_recall import NEIGHBOURS, Manifold
from demicouture.evaluation.style_classifier import ReferenceFeatures, StyleClassifier, texture

PASSING = 0.95
"""The share of held-out photographs that must count as realistic: so the threshold is set."""

UNLIKELY = 0.01
"""A design is a copy if it is nearer to a photograph than all but this share of photographs are to another one. A
photograph that was blurred, reduced to half its pixels or made noisy is, every time, and so is its mirror image; one
that was moved by several pixels, or made brighter by a tenth, is not, and passes as new."""


@dataclass(frozen=True)
class Appraisal:
    """Realism and novelty of some designs, one value for each.

    Attributes:
        realism: float64 (m,), Kynkäänniemi's score; the higher the more like the photographs.
        realistic: bool (m,), whether it reaches the threshold.
        nearest: m names of photographs.
        distance: float64 (m,), to the nearest photograph, or to its mirror image.
        rank: float64 (m,) in [0, 1], the share of photographs that are nearer to another photograph.
        copy: bool (m,).
    """

    realism: np.ndarray
    realistic: np.ndarray
    nearest: list[str]
    distance: np.ndarray
    rank: np.ndarray
    copy: np.ndarray


@dataclass(frozen=True)
class ScoredDesigns:
    """Features, style and realism of some designs; row i of everything is the i-th design.

    Attributes:
        features: float32 (m, d), the style classifier's features.
        scores: float64 (m,) in [0, 1], the share of the second pole.
        appraisal: How real and how new they are; None where there are too few photographs to tell.
    """

    features: np.ndarray
    scores: np.ndarray
    appraisal: Appraisal | None


def score_designs(
    classifier: StyleClassifier, scorer: RealismScorer | None, batches: Iterable[np.ndarray]
) -> ScoredDesigns:
    """Scores the style and the realism of designs, a batch of pictures after the other.

    Args:
        classifier: The style classifier.
        scorer: Compares designs with the classifier's photographs; None leaves their realism out.
        batches: Pictures, uint8 (k, size, size, 3) each; how many are in a batch makes no difference to the result.
    """
    features, scores, textures = [], [], []
    for pictures in batches:
        found = classifier.predict(pictures)
        features.append(found[0])
        scores.append(found[1])
        textures.append(texture(pictures))
    described = np.concatenate(features)
    appraisal = scorer and scorer.score_realism(described, np.concatenate(textures))
    return ScoredDesigns(described, np.concatenate(scores), appraisal)


class RealismScorer:
    """The photographs' region in feature space, and the threshold from which on a design is realistic.

    Attributes:
        bar: The threshold; 95% of the held-out photographs reach it.
    """

    def __init__(self, photographs: ReferenceFeatures):
        """Takes the photographs, enough of them: see :func:`can_score_realism`."""
        held_out = photographs.held_out
        self.files = photographs.files
        learned = photographs.textures[~held_out]
        self.middle, self.spread = learned.mean(axis=0), np.maximum(learned.std(axis=0), 1e-6)
        # A standard deviation of detail weighs as much as the distance to a neighbour: by the features alone noise, and
        # what an untrained generator makes, were in the midst of pictures of many kinds.
        self.weight = np.median(Manifold(photographs.features[~held_out]).radii)
        with_texture = self._with_texture(photographs.features, photographs.textures)
        self.learned = Manifold(with_texture[~held_out])
        realism = self.learned.realism(with_texture[held_out])
        # "lower": a value that is there, so that not one too few passes.
        self.bar = float(np.quantile(realism, 1 - PASSING, method="lower"))
        self.both_ways = Manifold(np.concatenate([photographs.features, photographs.mirrored]))
        self.gaps = np.sort(_gaps(photographs.features, photographs.mirrored))

    def _with_texture(self, features: np.ndarray, textures: np.ndarray) -> np.ndarray:
        return np.column_stack([features, self.weight * (textures - self.middle) / self.spread])

    def score_realism(self, features: np.ndarray, textures: np.ndarray) -> Appraisal:
        """Returns how real and how new designs are; the values of one depend on no other.

        Args:
            features: float (m, d), the style classifier's features.
            textures: float64 (m, OCTAVES), see :func:`demicouture.evaluation.style_classifier.texture`.
        """
        realism = self.learned.realism(self._with_texture(features, textures))
        index, distance = self.both_ways.nearest(features)
        rank = np.searchsorted(self.gaps, distance) / len(self.gaps)
        nearest = [str(self.files[number % len(self.files)]) for number in index]
        return Appraisal(realism, realism >= self.bar, nearest, distance, rank, rank < UNLIKELY)


def can_score_realism(photographs: ReferenceFeatures) -> bool:
    """Returns whether there are enough photographs to estimate their region."""
    return int((~photographs.held_out).sum()) > NEIGHBOURS


def _gaps(features: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
    """Returns each photograph's distance to the nearest other one, mirrored or not; float64 (n,)."""
    from scipy.spatial.distance import cdist

    gaps = np.empty(len(features))
    for row, own in enumerate(features.astype(np.float64)):
        others = np.arange(len(features)) != row
        gaps[row] = min(cdist(own[np.newaxis], side[others]).min() for side in (features, mirrored))
    return gaps
