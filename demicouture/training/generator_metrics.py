"""Metrics of a generator while it trains: its kernel distance from withheld pictures, and how far that has come."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from demicouture.dataset import Dataset
from demicouture.dcgan.inference import render
from demicouture.evaluation import imagenet_features
from demicouture.evaluation.generator_quality import FEWEST_WITHHELD, QualityMeter, measure_scale
from demicouture.evaluation.kernel_distance import DEVIATIONS
from demicouture.evaluation.realism_scale import RealismScale
from demicouture.evaluation.reference import ReferenceFeatures, describe_dataset
from demicouture.latents import sample_prior
from demicouture.training.devices import on_one_device

DRAWS = 4
"""So many times as many pictures are measured at the end, of other latents: the best of many is a lucky one, too."""

NAMES = ("distance", "distance_low", "distance_high", "progress")
"""The columns of ``history.csv``. The interval leaves out what all epochs share, the withheld pictures' own chance, so
that epochs can be compared with one another."""


class GeneratorMetrics:
    """Measures the generators of a run; the same generator always gets the same numbers.

    Attributes:
        meter: None where quality is not judged.
    """

    def __init__(self, meter: QualityMeter | None, seed: int, pictures: int):
        """Draws latents, others than those of the samples and of generate.py's designs."""
        self.meter = meter
        self._latents = sample_prior(pictures, (seed + 1) % 2**32)
        self._fresh_latents = sample_prior(DRAWS * pictures, (seed + 2) % 2**32)

    def compute(self, generator: keras.Model) -> dict[str, float]:
        """Returns a generator's metrics by their :data:`NAMES`; none where quality is not judged."""
        if self.meter is None:
            return {}
        with on_one_device():
            distance = self.meter.distance(render(generator, self._latents))
        reach = DEVIATIONS * distance.own_error
        bounds = distance.mean, distance.mean - reach, distance.mean + reach
        return dict(zip(NAMES, (*bounds, self.meter.scale.progress(distance.mean)), strict=True))

    def measure(self, generator: keras.Model) -> dict[str, Any] | None:
        """Returns all that is known of the quality of a run's generator, by latents that did not choose it."""
        if self.meter is None:
            return None
        with on_one_device():
            return self.meter.measure(render(generator, self._fresh_latents))


def open_metrics(
    folder: Path,
    dataset: Dataset,
    withheld: np.ndarray,
    untrained: keras.Model,
    seed: int,
    quiet: bool,
    pictures: int,
) -> GeneratorMetrics:
    """Returns what measures the generators of a run; what that needs is made now where the folder lacks it.

    Args:
        folder: The run's folder, for the pictures' features and the scale.
        dataset: All pictures.
        withheld: bool (n,), which of them are not trained on.
        untrained: The generator before its first step.
        seed: Of the latents and the controls.
        quiet: Whether to show no progress bar.
        pictures: How many generated pictures are measured.
    """
    if withheld.sum() < FEWEST_WITHHELD:
        return GeneratorMetrics(None, seed, pictures)
    with on_one_device():
        if (network := imagenet_features.find_network()) is None:
            return GeneratorMetrics(None, seed, pictures)
        describe = partial(imagenet_features.describe, network)
        reference = ReferenceFeatures.load(folder)
        if reference is None or reference.dataset_sha256 != dataset.sha256:
            reference = describe_dataset(dataset, withheld, describe, quiet)
            reference.save(folder)
        if (scale := RealismScale.load(folder)) is None:
            noise = render(untrained, sample_prior(pictures, (seed + 1) % 2**32))
            scale = measure_scale(describe, dataset.pictures[~withheld], reference, noise, seed)
            scale.save(folder)
    return GeneratorMetrics(QualityMeter(describe, reference, scale), seed, pictures)
