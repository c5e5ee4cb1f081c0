"""What designs are compared with: features of the data set's pictures, of controls, and the style classifier.

Training leaves the features of its pictures, with those that were withheld. Where it left none, the data set is
described here; then nobody knows of a picture that the generator has never seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from demicouture import files
from demicouture.dataset import Dataset
from demicouture.errors import InputError
from demicouture.evaluation import style_classifier
from demicouture.evaluation.controls import make_controls
from demicouture.evaluation.imagenet_features import describe
from demicouture.evaluation.reference import RECORD, ReferenceFeatures, describe_dataset
from demicouture.evaluation.style_classifier import StyleClassifier
from demicouture.images import WHITE, to_square
from demicouture.language import _
from demicouture.pretrained import EFFICIENTNET_LITE0, IMAGENET, find

if TYPE_CHECKING:
    import keras

CONTROLS = 50
"""Pictures in each control, at most: those of nine controls are described in three seconds. With 200 in each the ranks
are nearly the same: Spearman's correlation is 0.9, as it is with 50 others. It is one for each ten of the data set's
pictures, so that there are not many more controls than pictures."""


@dataclass(frozen=True)
class Comparison:
    """What designs are compared with.

    Attributes:
        reference: The features of the data set's pictures.
        controls: float32 (k, 1280), of what no generator should draw; (0, 1280) where the pictures are not at hand.
        classifier: The style classifier; None where there are too few pictures.
    """

    reference: ReferenceFeatures
    controls: np.ndarray
    classifier: StyleClassifier | None


def read_quality(training: Path, generator_sha256: str) -> dict[str, Any] | None:
    """Returns what training measured of a generator, as ``QualityMeter.measure`` does; None: nothing of this one."""
    try:
        results = files.read_record(training / "summary.json", "results")["results"]
        return results.get("quality") if results.get("generator_weights_sha256") == generator_sha256 else None
    except (InputError, FileNotFoundError, AttributeError):
        return None  # Training is not finished, or none of it is here but the generator.


def find_reference(
    training: Path, folder: Path | None, dataset: Dataset | None
) -> tuple[Path, ReferenceFeatures] | None:
    """Returns the reference features that count and their folder; None where the data set is to be described.

    Args:
        training: What train_dcgan.py wrote; its features come first.
        folder: The folder of the designs, with the features of an earlier run; None: nothing in there counts.
        dataset: The pictures at hand, or None; an earlier run's features must be of these.

    Raises:
        InputError: Training's features are damaged.
    """
    if reference := ReferenceFeatures.load(training):
        return training, reference
    try:
        own = folder and ReferenceFeatures.load(folder)
    except InputError:
        return None  # It is made again.
    return (folder, own) if own and (dataset is None or own.dataset_sha256 == dataset.sha256) else None


def list_inputs(
    generator_sha256: str,
    found: tuple[Path, ReferenceFeatures] | None,
    dataset: Dataset | None,
    last: Mapping[str, Any] | None = None,
) -> dict[str, str | None]:
    """Returns the ``inputs`` in summary.json but for a person's labels.

    Args:
        generator_sha256: The generator's hash.
        found: The reference features that count and their folder, or None.
        dataset: The pictures, or None.
        last: The last run's summary, or None. What it made with pictures or a network that are gone now is kept.
    """
    pictures = dataset and dataset.sha256
    network = EFFICIENTNET_LITE0.sha256 if find(IMAGENET) else None
    if last and found:
        network = network or last["inputs"].get("network")
        if dataset is None and last["inputs"].get("dataset") == found[1].dataset_sha256:
            pictures = found[1].dataset_sha256
    return {
        "generator.keras": generator_sha256,
        "dataset": pictures,
        RECORD: found and files.hash_file(found[0] / RECORD),
        "network": network,
    }


def prepare(
    folder: Path,
    found: tuple[Path, ReferenceFeatures] | None,
    dataset: Dataset | None,
    network: keras.Model | None,
    side: int,
    seed: int,
    quiet: bool,
) -> Comparison | None:
    """Leaves the reference features and the style classifier in the folder of the designs, and returns them.

    Args:
        folder: The folder of the designs.
        found: What :func:`find_reference` returned.
        dataset: The pictures, of any size; None: they are not at hand.
        network: See :func:`demicouture.evaluation.imagenet_features.find_network`; None: it is not there.
        side: That of the designs, in pixels: pictures are reduced to it first.
        seed: Of folds, grain and controls.
        quiet: Whether to show no progress bars.

    Returns:
        What designs are compared with; None where there are no reference features, or no network to describe designs.
    """
    if network is None or dataset is None or (found and found[1].dataset_sha256 != dataset.sha256):
        pictures = None
    else:
        pictures = reduce(dataset.pictures, side)
    if found:
        source, reference = found
        if source != folder:
            content = (source / RECORD).read_bytes()
            files.write_bytes(folder / RECORD, content)
    elif pictures is not None:
        nothing_withheld = np.zeros(len(pictures), bool)
        reference = describe_dataset(
            replace(dataset, pictures=pictures), nothing_withheld, partial(describe, network), quiet
        )
        reference.save(folder)
    else:
        remove_classifier(folder)  # and what it learned from: both are about other pictures
        (folder / RECORD).unlink(missing_ok=True)
        return None
    if network is None:
        return None
    classifier = open_classifier(folder, reference, pictures, network, seed, quiet)
    return Comparison(reference, describe_controls(reference, pictures, network, seed, quiet), classifier)


def remove_classifier(folder: Path) -> None:
    """Removes a style classifier that is not that of these pictures."""
    for name in style_classifier.FILES:
        (folder / name).unlink(missing_ok=True)


def open_classifier(
    folder: Path,
    reference: ReferenceFeatures,
    pictures: np.ndarray | None,
    network: keras.Model,
    seed: int,
    quiet: bool,
) -> StyleClassifier | None:
    """Returns the style classifier in the folder of the designs, trained now where it is not this one.

    Args:
        folder: The folder of the designs.
        reference: The features that it learns from.
        pictures: uint8 (n, side, side, 3), the same pictures, to learn from softened ones, too; or None.
        network: The network that describes pictures.
        seed: Of the folds and the grain.
        quiet: Whether to show no progress bar.
    """
    classifier = StyleClassifier.load(folder)
    if classifier and style_classifier.is_usable(classifier.record, reference, seed, pictures is not None):
        return classifier
    softened = None
    if pictures is not None:
        soft = style_classifier.soften(pictures[~reference.withheld], seed)
        softened = describe(network, soft, quiet, _("describing softened pictures"))
    classifier = style_classifier.train_style_classifier(reference, seed, softened)
    if classifier is None:
        remove_classifier(folder)
        return None
    classifier.save(folder)
    return classifier


def describe_controls(
    reference: ReferenceFeatures, pictures: np.ndarray | None, network: keras.Model, seed: int, quiet: bool
) -> np.ndarray:
    """Returns the features of all controls, one after the other: float32 (k, 1280); none without pictures."""
    if pictures is None:
        return np.empty((0, reference.features.shape[1]), np.float32)
    controls = make_controls(pictures, reference.labels, min(CONTROLS, -(-len(pictures) // 10)), seed)
    return describe(network, np.concatenate(list(controls.values())), quiet, _("describing controls"))


def reduce(pictures: np.ndarray, side: int) -> np.ndarray:
    """Returns square pictures, uint8 (n, any, any, 3), reduced to ``side`` pixels; smaller ones stay as they are."""
    if pictures.shape[1] <= side:
        return pictures
    whole = (0, 0, pictures.shape[2], pictures.shape[1])
    return np.stack([np.asarray(to_square(Image.fromarray(one), whole, side, WHITE)) for one in pictures])
