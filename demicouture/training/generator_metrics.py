"""Metrics of a generator that need no person, computed now and then while it trains."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

from demicouture.dcgan.inference import render
from demicouture.evaluation.kernel_inception_distance import kernel_distance
from demicouture.evaluation.precision_recall import NEIGHBOURS, precision_and_recall
from demicouture.evaluation.sliced_wasserstein import sliced_wasserstein
from demicouture.latents import sample_prior
from demicouture.training.devices import on_one_device

MOST_PICTURES = 256
"""Pictures in a sample. More would show smaller differences; of so many the metrics take about two seconds."""

NAMES = ("swd", "swd_floor", "precision", "recall")
"""What is always computed."""


class GeneratorMetrics:
    """Compares generated pictures with photographs; the same generator always gets the same numbers.

    Attributes:
        names: What :meth:`compute` returns.
        floor: The sliced Wasserstein distance between two samples of photographs that share none.
    """

    def __init__(
        self,
        pictures: np.ndarray,
        describe: Callable[[np.ndarray], np.ndarray],
        seed: int,
        inception: Callable[[np.ndarray], np.ndarray] | None = None,
    ):
        """Takes the photographs and draws two disjoint samples from them.

        Args:
            pictures: uint8 (n, size, size, 3) in [0, 255], n at least 4.
            describe: Returns the features of such pictures, float (n, d), in which precision and recall are
                computed; it must not change while the generator trains.
            seed: Decides the samples and the latents.
            inception: Returns the features of such pictures for the kernel Inception distance; None leaves that out.
        """
        count = min(len(pictures) // 2, MOST_PICTURES)
        drawn = np.random.default_rng(seed).permutation(len(pictures))
        self.real, others = pictures[np.sort(drawn[:count])], pictures[np.sort(drawn[count : 2 * count])]
        self.latents = sample_prior(count, seed)
        self.describe, self.inception = describe, inception
        self.names = (*NAMES, *(["kid"] if inception else []))
        with on_one_device():
            self.features = describe(self.real)
            self.inception_features = inception(self.real) if inception else None
        self.floor = sliced_wasserstein(self.real, others)

    def compute(self, generator: keras.Model) -> dict[str, float]:
        """Returns the generator's metrics by their names."""
        with on_one_device():
            generated = render(generator, self.latents)
            features = self.describe(generated)
            inception_features = self.inception(generated) if self.inception else None
        neighbours = min(NEIGHBOURS, len(features) - 1)
        precision, recall = precision_and_recall(self.features, features, neighbours)
        distance = sliced_wasserstein(self.real, generated)
        metrics = {"swd": distance, "swd_floor": self.floor, "precision": precision, "recall": recall}
        if self.inception:
            metrics["kid"] = kernel_distance(self.inception_features, inception_features)
        return metrics
