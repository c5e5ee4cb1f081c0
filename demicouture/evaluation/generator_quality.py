"""How good a generator is: how far it has come from noise to the data set's pictures, and whether it copies them.

Three answers, all by ImageNet features: the kernel distance from withheld pictures on the scale of
:mod:`demicouture.evaluation.realism_scale`, the two-sample test against the same, and the share of copies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from demicouture.commands import fetch_models
from demicouture.errors import InputError
from demicouture.evaluation.controls import make_controls
from demicouture.evaluation.copies import find_nearest
from demicouture.evaluation.kernel_distance import KernelDistance, kernel_distance
from demicouture.evaluation.realism_scale import GARMENTS, RealismScale, draws_garments
from demicouture.evaluation.reference import ReferenceFeatures
from demicouture.evaluation.two_sample_test import tell_apart
from demicouture.files import read_record
from demicouture.language import _

Describe = Callable[[np.ndarray], np.ndarray]
"""Returns the features of pictures: uint8 (n, size, size, 3) to float32 (n, dim)."""

BLURRED = "blurred by two pixels"
"""The control that is named beside a generator's progress."""

FEWEST_WITHHELD = 10
"""Withheld pictures; with fewer quality is not judged."""

CONTROLS = 100
"""Pictures in each control, at most."""


@dataclass(frozen=True)
class QualityMeter:
    """What judges the generators of a run.

    Attributes:
        describe: Returns the features of pictures, uint8 (n, size, size, 3), float32 (n, dim).
        reference: The data set's pictures.
        scale: What distances are compared with.
    """

    describe: Describe
    reference: ReferenceFeatures
    scale: RealismScale

    def distance(self, pictures: np.ndarray) -> KernelDistance:
        """Returns the kernel distance of generated pictures, uint8 (n, size, size, 3), from the withheld ones."""
        return kernel_distance(self.withheld, self.describe(pictures))

    @property
    def withheld(self) -> np.ndarray:
        """The withheld pictures' features, float32 (n, 1280)."""
        return self.reference.features[self.reference.withheld]

    def measure(self, pictures: np.ndarray, seed: int = 0) -> dict[str, Any]:
        """Returns all that is known of a generator's quality, as JSON holds it.

        Args:
            pictures: uint8 (n, size, size, 3), generated; several draws of latents one after the other.
            seed: Of the two-sample test's folds.

        Returns:
            ``distance, distance_low, distance_high``, the kernel distance; ``progress, progress_low, progress_high``,
            on the scale; ``told_apart, told_apart_low, told_apart_high``, the two-sample test's accuracy; ``copies``,
            the share of copies; ``pictures``, how many were measured; ``scale``, the distances of its ends and marks.
        """
        features = self.describe(pictures)
        distance = kernel_distance(self.withheld, features)
        test = tell_apart(self.withheld, features, seed)
        return {
            "distance": distance.mean,
            "distance_low": distance.low,
            "distance_high": distance.high,
            "progress": self.scale.progress(distance.mean),
            "progress_low": self.scale.progress(distance.high),
            "progress_high": self.scale.progress(distance.low),
            "told_apart": test.accuracy,
            "told_apart_low": test.low,
            "told_apart_high": test.high,
            "copies": float(find_nearest(features, self.reference).copy.mean()),
            "pictures": len(pictures),
            "scale": {
                "untrained": self.scale.untrained,
                "real": self.scale.real,
                "marks": {name: self.scale.progress(mark) for name, mark in self.scale.marks.items()},
            },
        }


def measure_scale(
    describe: Describe, pictures: np.ndarray, reference: ReferenceFeatures, untrained: np.ndarray, seed: int
) -> RealismScale:
    """Returns a run's scale.

    Args:
        describe: Returns the features of pictures.
        pictures: uint8 (n, size, size, 3), the pictures that the generator learns from.
        reference: The features of these and of the withheld ones.
        untrained: uint8 (m, size, size, 3), by the generator before its first step.
        seed: Of the controls.
    """
    withheld = reference.features[reference.withheld]
    count = min(len(pictures), CONTROLS)
    controls = make_controls(pictures, reference.labels[~reference.withheld], count, seed)
    return RealismScale(
        kernel_distance(withheld, describe(untrained)).mean,
        kernel_distance(withheld, reference.features[~reference.withheld]).mean,
        {name: kernel_distance(withheld, describe(some)).mean for name, some in controls.items()},
    )


def describe_missing_judge() -> str:
    """Returns why a generator's quality is not judged, and what to do."""
    return _(
        "quality is not judged: that takes {count} pictures in the data set, and the network that describes pictures; "
        "run once (19 MB): {command}"
    ).format(count=4 * FEWEST_WITHHELD, command=fetch_models())


def describe_quality(quality: Mapping[str, Any] | None) -> list[str]:
    """Returns sentences on a generator's quality, as :meth:`QualityMeter.measure` found it; None: it was not judged."""
    if quality is None:
        return [describe_missing_judge()]
    told = [
        _(
            "this generator has come {progress:.0%} of the way from noise to the data set's pictures (95% "
            "interval {low:.0%} to {high:.0%}); pictures {blurred} are at {marks:.0%}"
        ).format(
            progress=quality["progress"],
            low=quality["progress_low"],
            high=quality["progress_high"],
            blurred=_(BLURRED),
            marks=quality["scale"]["marks"][BLURRED],
        ),
        _(
            "a linear classifier tells its designs from withheld pictures in {share:.0%} of all cases (95% "
            "interval {low:.0%} to {high:.0%}; 50% would be perfect)"
        ).format(share=quality["told_apart"], low=quality["told_apart_low"], high=quality["told_apart_high"]),
    ]
    if quality["copies"] >= 0.005:
        told.append(
            _("{copies:.0%} of its designs are copies of pictures that it learned from").format(
                copies=quality["copies"]
            )
        )
    if not draws_garments(quality):
        told.append(warn_of_blobs(quality))
    return told


def warn_of_blobs(quality: Mapping[str, Any]) -> str:
    """Returns the line that every script prints whose generator is below the bar: see :func:`draws_garments`."""
    return _(
        "this generator draws blobs, not garments ({progress:.0%} of the way; garments can be named "
        "from {garments:.0%}): what follows describes blobs; more epochs or more pictures help"
    ).format(progress=quality["progress"], garments=GARMENTS)


def describe_generator(quality: Mapping[str, Any] | None) -> str:
    """Returns the line about a generator's quality that stands before other findings; "" where there is none."""
    if quality is None:
        return describe_missing_judge()
    return "" if draws_garments(quality) else warn_of_blobs(quality)


def read_quality(folder: Path) -> dict[str, Any] | None:
    """Returns what :meth:`QualityMeter.measure` found of a generator, from a folder's ``summary.json``; None: nothing.

    Args:
        folder: A folder of training or of designs.
    """
    try:
        results = read_record(folder / "summary.json", "results")["results"]
    except (InputError, FileNotFoundError):
        return None  # Not finished, or laid there by a person.
    quality = results.get("quality") if isinstance(results, dict) else None
    return quality if isinstance(quality, dict) and "progress" in quality else None
