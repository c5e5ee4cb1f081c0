"""The style classifier: which pole a picture belongs to, with a probability; trained on real pictures only.

Its *features* describe what a picture looks like. They are learned once, on photographs, and frozen. The
discriminator's would not do: they move while it trains, and the generator learns to fool exactly them. How real and how
new a design is, :mod:`demicouture.evaluation.realism` measures on the same features.

The classifier's own network is small and learns in half a minute. In its place a network trained on ImageNet can give
the features; then only the last layer is learned.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image
from tqdm import tqdm

from demicouture import files
from demicouture.dataset import Dataset
from demicouture.errors import InputError
from demicouture.images import WHITE, to_floats, to_square
from demicouture.keras_backend import start_keras

if TYPE_CHECKING:
    import keras

SIZE = 64
"""The side that every picture is resized to. Larger ones took longer and gave no better accuracy."""

CHANNELS = (16, 32, 64, 128)
"""Of four convolutions with stride 2. A thousand pictures do not fill more."""

FEATURES = 96
THUMBNAIL_SIDE = 8
BATCH = 32
"""Pictures in a batch, for training and for prediction alike; half of them from each pole while training."""

STEPS = 400
"""Gradient steps, whatever the size of the data set: half a minute on two CPU cores."""

LEARNING_RATE = 2e-3
MIXUP_ALPHA = 0.4
"""Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018, section 3: 0.1 to 0.4 for photographs."""

HELD_OUT_PART = 5
"""One picture in this many is held out."""

WORTHY_ACCURACY = 0.8
"""Below this held-out accuracy no label is given: one in five would be noise for the hyperplane."""

UNSURE = (0.4, 0.6)
"""Scores between these get no label: even by its own account the classifier would be wrong on two in five."""

RELIABILITY_BINS = 5
"""Of the reliability diagram: a hundred held-out pictures fill no more."""

OCTAVES = 3
"""Of :func:`texture`: details of one, two and four pixels of :data:`SIZE`."""

OWN, IMAGENET = FEATURES_BY = "own", "imagenet"
"""What gives the features: the classifier's own network, or MobileNetV2 as trained on ImageNet."""

IMAGENET_SIZE = 128
"""The side of the pictures for MobileNetV2, one of those it was trained for. It is the smallest of its kind, 9 MB to
download, and takes pictures in [-1, 1], as they are here."""

FILES = ("style-classifier.keras", "reference-features.npz", "style-classifier.json")
"""A classifier on disk, the record last: it says which two belong together."""

OF_FILES = ("network_sha256", "photographs_sha256")
"""What ``style-classifier.json`` holds of the two other files, so that none is taken for another's."""

RECORDED = (
    "poles",
    "seed",
    "features",
    "dataset_sha256",
    "held_out",
    "held_out_accuracy",
    "held_out_brier_score",
    "reliability",
    *OF_FILES,
)
"""What ``style-classifier.json`` must hold for a classifier to be used again."""


@dataclass(frozen=True)
class ReferenceFeatures:
    """The data set's features, which designs are compared with.

    Attributes:
        features: float32 (n, d), the pictures' features.
        mirrored: float32 (n, d), those of the mirrored pictures.
        textures: float64 (n, OCTAVES), see :func:`texture`.
        held_out: bool (n,), which of them the classifier did not learn from.
        files: The n files' names, pole/name.png.
    """

    features: np.ndarray
    mirrored: np.ndarray
    textures: np.ndarray
    held_out: np.ndarray
    files: np.ndarray


@dataclass(frozen=True)
class StyleClassifier:
    """A trained style classifier.

    Attributes:
        network: Maps float32 (n, size, size, 3) in [-1, 1] to the features and the logit of the second pole.
        record: What it learned from and how good it is; the content of ``style-classifier.json``.
        photographs: What it learned from and was measured on; None only while it is being made.
    """

    network: keras.Model
    record: dict[str, Any]
    photographs: ReferenceFeatures | None = None

    @property
    def poles(self) -> tuple[str, str]:
        """The two poles' names, sorted."""
        first, second = self.record["poles"]
        return first, second

    def describe(self, pictures: np.ndarray) -> np.ndarray:
        """Returns the pictures' features, whose distances mean something.

        Args:
            pictures: uint8 (n, height, width, 3) in [0, 255], square, of any size.

        Returns:
            float32 (n, FEATURES). Row i depends on picture i alone.
        """
        return self.predict(pictures)[0]

    def score(self, pictures: np.ndarray) -> np.ndarray:
        """Returns the share of the second pole in each picture.

        Args:
            pictures: uint8 (n, height, width, 3) in [0, 255], square, of any size.

        Returns:
            float64 (n,) in [0, 1]. Score i depends on picture i alone.
        """
        return self.predict(pictures)[1]

    def label(self, scores: np.ndarray) -> list[str]:
        """Returns a pole for each score, or empty; see :func:`label_scores`."""
        return label_scores(scores, self.record)

    def predict(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns what :meth:`describe` and :meth:`score` do, in one go."""
        # Batches of one size, as in rendering: another size would run through other kernels and round differently.
        inputs = _reduce(pictures, self.network.input_shape[1])
        outputs = []
        for start in range(0, len(inputs), BATCH):
            batch = inputs[start : start + BATCH]
            padded = np.concatenate([batch, np.zeros((BATCH - len(batch), *batch.shape[1:]), np.float32)])
            outputs.append([np.asarray(output)[: len(batch)] for output in self.network.predict_on_batch(padded)])
        features, logits = (np.concatenate(parts) for parts in zip(*outputs, strict=True))
        # The logistic function, in the form that cannot overflow.
        return features, 0.5 * (1 + np.tanh(logits[:, 0].astype(np.float64) / 2))


def is_worthy(record: Mapping[str, Any]) -> bool:
    """Returns whether a classifier is accurate enough for its labels to be used."""
    return record["held_out_accuracy"] >= WORTHY_ACCURACY


def label_scores(scores: np.ndarray, record: Mapping[str, Any]) -> list[str]:
    """Returns the classifier's labels: a pole for each score, or empty where it is unsure, or not accurate enough.

    Args:
        scores: float64 (n,) in [0, 1].
        record: The classifier's, the content of ``style-classifier.json``.
    """
    if not is_worthy(record):
        return [""] * len(scores)
    low, high = UNSURE
    first, second = record["poles"]
    return [first if score <= low else second if score >= high else "" for score in scores]


def open_style_classifier(
    folder: Path,
    dataset: Dataset | None,
    seed: int,
    quiet: bool = True,
    features: str = OWN,
    elsewhere: Path | None = None,
    steps: int = STEPS,
) -> StyleClassifier | None:
    """Returns the style classifier in ``folder``, trained now where there is none for this data set yet.

    Args:
        folder: The folder of :data:`FILES`, which are read or made.
        dataset: The pictures to learn from; None takes the classifier as it is.
        seed: Decides the initial weights, the split and the augmentation.
        quiet: Whether to show no progress bar.
        features: What gives the features, one of :data:`FEATURES_BY`.
        elsewhere: Another folder in which such a classifier may lie already; it is copied.
        steps: Gradient steps of the classifier's own network, if it is trained now.

    Returns:
        The classifier, or None where there is neither one in the folder nor a data set.

    Raises:
        InputError: The network trained on ImageNet cannot be had.
    """
    if not is_usable(record := read_record(folder), dataset, seed, features):
        if dataset is None:
            return None
        if elsewhere is None or not is_usable(record := read_record(elsewhere), dataset, seed, features):
            classifier = train_style_classifier(dataset, seed, quiet, features, steps)
            save_style_classifier(classifier, folder)
            return classifier
        for name in FILES:
            files.write_bytes(folder / name, (elsewhere / name).read_bytes())
    start_keras()
    import keras

    with np.load(folder / "reference-features.npz", allow_pickle=False) as arrays:
        photographs = ReferenceFeatures(*(arrays[field.name] for field in fields(ReferenceFeatures)))
    network = keras.saving.load_model(folder / "style-classifier.keras", compile=False, safe_mode=True)
    return StyleClassifier(network, record, photographs)


def is_usable(record: Mapping[str, Any] | None, dataset: Dataset | None, seed: int, features: str) -> bool:
    """Returns whether a saved classifier is the one that would be trained; without a data set any one is."""
    if record is None or dataset is None:
        return record is not None
    return (record["dataset_sha256"], record["seed"], record["features"]) == (dataset.sha256, seed, features)


def read_record(folder: Path) -> dict[str, Any] | None:
    """Returns the content of ``style-classifier.json``, or None where no whole classifier lies in ``folder``."""
    try:
        record = files.read_record(folder / "style-classifier.json", *RECORDED)
        # The record is written after the network; a run killed in between leaves two that do not belong together.
        whole = (record["network_sha256"], record["photographs_sha256"]) == (
            files.hash_file(folder / "style-classifier.keras"),
            files.hash_file(folder / "reference-features.npz"),
        )
    except (InputError, FileNotFoundError):
        return None
    return record if whole else None


def save_style_classifier(classifier: StyleClassifier, folder: Path) -> None:
    """Writes a classifier's :data:`FILES`, the record last, and each file's hash into its record."""
    # Imported here: it imports Keras.
    from demicouture.dcgan.serialization import save_network

    save_network(classifier.network, folder / "style-classifier.keras")
    with files.atomic_path(folder / "reference-features.npz") as partial:
        np.savez(
            partial, **{field.name: getattr(classifier.photographs, field.name) for field in fields(ReferenceFeatures)}
        )
    classifier.record["network_sha256"] = files.hash_file(folder / "style-classifier.keras")
    classifier.record["photographs_sha256"] = files.hash_file(folder / "reference-features.npz")
    files.write_json(folder / "style-classifier.json", classifier.record)


def train_style_classifier(
    dataset: Dataset, seed: int, quiet: bool = True, features: str = OWN, steps: int = STEPS
) -> StyleClassifier:
    """Trains a style classifier on four fifths of the data set and measures it on the rest.

    It is not trained again on all pictures afterwards: so the accuracy is this very classifier's, and there are
    photographs that it never saw, with which generated pictures can be compared.

    Args:
        dataset: The pictures of both poles.
        seed: Decides the initial weights, the split and the augmentation.
        quiet: Whether to show no progress bar.
        features: What gives the features, one of :data:`FEATURES_BY`.
        steps: Gradient steps of the classifier's own network.

    Raises:
        InputError: The network trained on ImageNet cannot be had.
    """
    # Imported here: what only renders or labels need not wait for scikit-learn.
    from sklearn.metrics import balanced_accuracy_score

    held_out = split(dataset.labels, seed)
    if features == IMAGENET:
        network = _fit_last_layer(open_mobilenet(), dataset, ~held_out)
    else:
        network = _learn(dataset, ~held_out, seed, quiet, steps)
    record = {
        "poles": list(dataset.poles),
        "seed": seed,
        "features": features,
        "dataset_sha256": dataset.sha256,
        "trained_on": int((~held_out).sum()),
        "held_out": int(held_out.sum()),
    }
    classifier = StyleClassifier(network, record)
    described, scores = classifier.predict(dataset.pictures)
    names = np.array([f"{file.parent.name}/{file.name}" for file in dataset.files])
    mirrored, textures = classifier.describe(dataset.pictures[:, :, ::-1]), texture(dataset.pictures)
    photographs = ReferenceFeatures(described, mirrored, textures, held_out, names)
    scores, labels = scores[held_out], dataset.labels[held_out]
    # Each pole counts half: with 9 to 1 pictures, guessing is no 90%.
    record["held_out_accuracy"] = float(balanced_accuracy_score(labels, scores > 0.5))
    record["held_out_brier_score"] = float(np.mean((scores - labels) ** 2))
    record["reliability"] = reliability(scores, labels)
    return StyleClassifier(network, record, photographs)


def _learn(dataset: Dataset, usable: np.ndarray, seed: int, quiet: bool, steps: int) -> keras.Model:
    """Returns the classifier's own network, trained on the usable pictures."""
    network, trainer = _build(seed, steps)
    pictures = _reduce(dataset.pictures, SIZE)
    generator = np.random.default_rng(seed)
    batches = _batches(dataset.labels, usable, generator)
    for _ in tqdm(range(steps), desc="training the classifier", unit="step", disable=quiet or None, leave=False):
        rows = next(batches)
        inputs, targets = mix(augment(pictures[rows], generator), dataset.labels[rows], generator)
        trainer.train_on_batch(inputs, [targets[:, np.newaxis], _thumbnails(inputs)])
    return network


def open_mobilenet(weights: str | None = "imagenet", size: int = IMAGENET_SIZE) -> keras.Model:
    """Returns MobileNetV2 without its last layer, which maps pictures to 1,280 features.

    Args:
        weights: None leaves them random, which needs no download.
        size: The side of the pictures in pixels.

    Raises:
        InputError: The weights cannot be had.

    Source:
        Sandler et al., "MobileNetV2", CVPR 2018, in Keras' implementation.
    """
    start_keras()
    import keras

    try:
        return keras.applications.MobileNetV2((size, size, 3), include_top=False, pooling="avg", weights=weights)
    except Exception as error:
        # Keras raises a plain Exception for an address that cannot be fetched, and others for a file that is damaged.
        raise InputError(
            f"--features imagenet: its weights could not be had ({' '.join(str(error).split())[:200]}); expected a "
            "connection to download 9 MB once; try again, or leave --features out"
        ) from None


def _fit_last_layer(extractor: keras.Model, dataset: Dataset, usable: np.ndarray) -> keras.Model:
    """Returns a feature extractor with a last layer: logistic regression on features of the usable pictures."""
    from keras import Model, layers
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    extractor.trainable = False
    pictures = _reduce(dataset.pictures[usable], extractor.input_shape[1])
    described = np.concatenate(
        [np.asarray(extractor.predict_on_batch(pictures[at : at + BATCH])) for at in range(0, len(pictures), BATCH)]
    ).astype(np.float64)
    scaler = StandardScaler().fit(described)
    # Strongly shrunk: there are more features than pictures.
    machine = LogisticRegression(C=0.01, class_weight="balanced", max_iter=1000)
    machine.fit(scaler.transform(described), dataset.labels[usable])
    logit = layers.Dense(1, name="logit")
    network = Model(extractor.input, [extractor.output, logit(extractor.output)], name="style_classifier")
    weights = machine.coef_[0] / scaler.scale_
    logit.set_weights([weights[:, np.newaxis], machine.intercept_ - scaler.mean_ @ weights])
    return network


def reliability(scores: np.ndarray, labels: np.ndarray) -> list[dict[str, float]]:
    """Returns a reliability diagram: for pictures of about one score, the share that really is of the second pole.

    Args:
        scores: float64 (n,) in [0, 1].
        labels: int (n,), 0 or 1.

    Returns:
        For each of :data:`RELIABILITY_BINS` equal parts of [0, 1] that holds a picture: ``mean_score``, ``share`` of
        the second pole, and ``pictures``. Of a calibrated classifier the first two are alike.

    Source:
        DeGroot and Fienberg 1983.
    """
    bin_of = np.minimum((scores * RELIABILITY_BINS).astype(int), RELIABILITY_BINS - 1)
    return [
        {
            "mean_score": float(scores[members].mean()),
            "share": float(labels[members].mean()),
            "pictures": int(members.sum()),
        }
        for members in (bin_of == number for number in range(RELIABILITY_BINS))
        if members.any()
    ]


def split(labels: np.ndarray, seed: int) -> np.ndarray:
    """Returns which pictures are held out: bool (n,), a seeded fifth of each pole and at least one."""
    generator = np.random.default_rng(seed)
    held_out = np.zeros(len(labels), bool)
    for pole in (0, 1):
        rows = generator.permutation(np.flatnonzero(labels == pole))
        held_out[rows[: max(1, len(rows) // HELD_OUT_PART)]] = True
    return held_out


def texture(pictures: np.ndarray) -> np.ndarray:
    """Returns how much detail pictures have, from fine to coarse.

    The classifier's features hardly depend on it: they were trained with blur and noise, so as not to tell real
    pictures from generated ones by them. Whether a design looks real depends on it all the same.

    Args:
        pictures: uint8 (n, height, width, 3) in [0, 255], square, of any size.

    Returns:
        float64 (n, OCTAVES): the logarithm of the mean size of each level of a Laplacian pyramid in grey.

    Source:
        Burt and Adelson 1983 for the pyramid.
    """
    levels = np.empty((len(pictures), OCTAVES))
    for row, grey in enumerate(_reduce(pictures, SIZE).mean(axis=3)):
        for octave in range(OCTAVES):
            smaller = cv2.pyrDown(grey)
            # One level of 255 in 8 pixels, so that a picture without any detail has a logarithm.
            levels[row, octave] = math.log(float(np.abs(grey - cv2.pyrUp(smaller)).mean()) + 1e-3)
            grey = smaller
    return levels


def _batches(labels: np.ndarray, usable: np.ndarray, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """Yields rows without end, half from each pole, each pole's pictures in turn and shuffled anew every time."""

    def stream(pole: int) -> Iterator[int]:
        rows = np.flatnonzero(usable & (labels == pole))
        while True:
            yield from generator.permutation(rows)

    first, second = stream(0), stream(1)
    while True:
        yield np.array([next(pole) for _ in range(BATCH // 2) for pole in (first, second)])


def augment(pictures: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Returns augmented pictures, so that the classifier does not learn how they were taken.

    Flips and shifts; light, contrast and colour cast; and, because generated pictures are soft and grainy where
    photographs are sharp, up to half the resolution and some noise. NumPy draws it all, so every Keras backend
    learns from the same pictures.

    Args:
        pictures: float32 (n, size, size, 3) in [-1, 1].
        generator: Draws the random numbers; the same state gives the same pictures.

    Returns:
        float32 (n, size, size, 3), about [-1, 1].
    """
    count, size = pictures.shape[:2]

    def draw(low: float, high: float, channels: int = 1) -> np.ndarray:
        return generator.uniform(low, high, (count, 1, 1, channels)).astype(np.float32)

    reach = size // 8
    padded = np.pad(pictures, ((0, 0), (reach, reach), (reach, reach), (0, 0)), mode="edge")
    corners = generator.integers(0, 2 * reach + 1, (count, 2))
    flips = 1 - 2 * generator.integers(0, 2, count)
    windows = [
        picture[top : top + size, left : left + size][:, ::flip]
        for picture, (top, left), flip in zip(padded, corners, flips, strict=True)
    ]
    moved = np.stack(windows)  # (n, size, size, 3)
    halved = _block_means(moved, size // 2).repeat(2, axis=1).repeat(2, axis=2)
    moved += np.maximum(draw(-1, 1), 0) * (halved - moved)  # Every other picture keeps its full resolution.
    mean = moved.mean(axis=(1, 2), keepdims=True)
    moved = (moved - mean) * draw(0.7, 1.3) + mean * draw(0.8, 1.2) + draw(-0.2, 0.2, 3)
    moved += generator.standard_normal(moved.shape, np.float32) * draw(0, 0.08)
    return moved


def mix(pictures: np.ndarray, labels: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Blends each picture with another and its label likewise (mixup).

    What lies between the poles is what we are after; a classifier that saw blends gives it a score in between, where
    one that saw pure pictures only is sure of everything.

    Args:
        pictures: float32 (n, size, size, 3).
        labels: int (n,), 0 or 1.
        generator: Draws the random numbers.

    Returns:
        The blends, of the same shape, and their shares of the second pole, float32 (n,) in [0, 1].
    """
    share = generator.beta(MIXUP_ALPHA, MIXUP_ALPHA, len(pictures)).astype(np.float32)
    others = generator.permutation(len(pictures))
    weight = share[:, np.newaxis, np.newaxis, np.newaxis]
    labels = labels.astype(np.float32)
    return weight * pictures + (1 - weight) * pictures[others], share * labels + (1 - share) * labels[others]


def _build(seed: int, steps: int) -> tuple[keras.Model, keras.Model]:
    """Returns the network, with outputs (features, logit), and a compiled model of the same layers to train them."""
    start_keras()
    import keras
    from keras import layers

    # Each layer has its own seed, so that nobody else's random numbers change.
    seeds = iter(np.random.SeedSequence(seed).generate_state(len(CHANNELS) + 3).tolist())
    x = pictures = keras.Input((SIZE, SIZE, 3), name="pictures")
    for channels in CHANNELS:
        kernel = keras.initializers.HeNormal(seed=next(seeds))
        x = layers.Conv2D(channels, 3, strides=2, padding="same", use_bias=False, kernel_initializer=kernel)(x)
        # 0.9, because the usual 0.99 would still remember the first of so few steps.
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.LeakyReLU(negative_slope=0.2)(x)
    x = layers.Flatten()(x)

    def dense(units: int, name: str) -> keras.layers.Layer:
        return layers.Dense(units, kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)), name=name)

    features = dense(FEATURES, "features")(x)
    logit = dense(1, "logit")(layers.LeakyReLU(negative_slope=0.2)(features))
    # Two poles need one number, and features trained for them alone keep little more: all casual pictures would
    # be neighbours. That it must also give back a thumbnail keeps colours and outlines in it. This head is not saved.
    thumbnail = dense(3 * THUMBNAIL_SIDE**2, "thumbnail")(features)
    network = keras.Model(pictures, [features, logit], name="style_classifier")
    trainer = keras.Model(pictures, [logit, thumbnail])
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    trainer.compile(
        keras.optimizers.AdamW(schedule, weight_decay=1e-3),
        [keras.losses.BinaryCrossentropy(from_logits=True), keras.losses.MeanSquaredError()],
    )
    return network, trainer


def _thumbnails(pictures: np.ndarray) -> np.ndarray:
    return _block_means(pictures, THUMBNAIL_SIDE).reshape(len(pictures), -1)


def _block_means(pictures: np.ndarray, side: int) -> np.ndarray:
    count, size = pictures.shape[:2]
    block = size // side
    return pictures.reshape(count, side, block, side, block, 3).mean(axis=(2, 4))  # (n, side, side, 3)


def _reduce(pictures: np.ndarray, size: int) -> np.ndarray:
    """Returns float32 (n, size, size, 3) in [-1, 1] from square pictures of any size."""
    if pictures.shape[1] != size:
        whole = (0, 0, pictures.shape[2], pictures.shape[1])
        pictures = np.stack(
            [np.asarray(to_square(Image.fromarray(picture), whole, size, WHITE)) for picture in pictures]
        )
    return to_floats(pictures)
