"""What becomes of a run's pictures as codes: an encoder for a generator that had none, and the codes of all pictures.

Where no encoder learned along with the generator, one learns afterwards, with the generator as it is: on generated
pictures, whose latents are known, and on the pictures that the generator learned from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from demicouture.dataset import Dataset
from demicouture.dcgan.encodings import Encodings, describe_distribution
from demicouture.dcgan.inference import encode, hash_generator, load_encoder, load_generator, render
from demicouture.dcgan.networks import build_encoder
from demicouture.dcgan.serialization import save_network
from demicouture.images import save_png
from demicouture.language import _
from demicouture.progress import progress_bar
from demicouture.training.autoencoder import PriorLoss, reconstruction_loss
from demicouture.training.diffaugment import flip
from demicouture.training.fit_state import Batches
from demicouture.training.gan import compute_code_statistics
from demicouture.visualization import grid

LEARNING_RATE = 1e-3

KNOWN_LATENTS = 4.0
"""The weight of the mean absolute error of the codes of generated pictures."""

SHOWN = 32
"""Withheld pictures in ``rebuilt.png``."""


class EncoderTraining(keras.Model):
    """An encoder that learns to invert a generator, which does not change.

    ``fit`` takes pictures, float32 (n, size, size, 3) in [-1, 1].
    """

    def __init__(self, encoder: keras.Model, generator: keras.Model, batch_size: int, seed: int):
        """Takes the networks, how many pictures a step has, and the seed of latents, mirroring and directions."""
        super().__init__()
        self.encoder, self.generator, self.batch_size = encoder, generator, batch_size
        generator.trainable = False
        self.prior_loss, self.seed = PriorLoss(), keras.random.SeedGenerator(seed)

    def call(self, pictures, training=None):
        """Returns the pictures as the encoder sees them, what the generator rebuilds, latents, and all codes."""
        pictures = ops.reshape(pictures, (self.batch_size, *pictures.shape[1:]))  # TensorFlow does not know the size.
        pictures = flip(pictures, self.seed)
        latents = keras.random.uniform((self.batch_size, self.generator.input_shape[1]), -1, 1, seed=self.seed)
        codes = self.encoder(pictures, training=training)
        of_generated = self.encoder(self.generator(latents, training=False), training=training)
        return pictures, self.generator(codes, training=False), latents, codes, of_generated

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Returns the loss of what :meth:`call` returned, ()."""
        pictures, rebuilt, latents, codes, of_generated = y_pred
        loss, _ = reconstruction_loss(rebuilt, pictures)
        loss += self.prior_loss(codes, latents, seed=self.seed)
        return loss + KNOWN_LATENTS * ops.mean(ops.abs(of_generated - latents))


class _Bar(keras.callbacks.Callback):
    def __init__(self, quiet: bool):
        super().__init__()
        self.quiet = quiet

    def on_train_begin(self, logs=None):
        steps = self.params["steps"]
        self.bar = progress_bar(title=_("training the encoder"), total=steps, unit=_("step"), quiet=self.quiet)

    def on_train_batch_end(self, batch, logs=None):
        self.bar.update()

    def on_train_end(self, logs=None):
        self.bar.close()


def fit_encoder(folder: Path, batches: Batches, width: float, seed: int, quiet: bool, steps: int) -> None:
    """Trains an encoder for a run's ``generator.keras``, and writes ``encoder.keras``.

    Args:
        folder: The run's folder.
        batches: The pictures that the generator learned from.
        width: The factor on the encoder's inner channel counts.
        seed: Of the weights and of all that is drawn.
        quiet: Whether to show no progress bar.
        steps: How many steps to take.
    """
    generator = load_generator(folder / "generator.keras")
    keras.utils.set_random_seed(seed)
    encoder = build_encoder(generator.output_shape[1], width)
    model = EncoderTraining(encoder, generator, batches.batch_size, seed)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    model.compile(optimizer=keras.optimizers.Adam(rate), jit_compile=keras.backend.backend() == "jax")
    # A step of random pictures each: fit's own shuffling would hold all pictures as floats.
    order = np.random.default_rng(seed)
    pictures = _RandomBatches(batches, order.choice(batches.rows, (steps, batches.batch_size)))
    model.fit(pictures, shuffle=False, verbose=0, callbacks=[_Bar(quiet)])
    compute_code_statistics(encoder, batches.sample())
    save_network(encoder, folder / "encoder.keras")


class _RandomBatches(keras.utils.PyDataset):
    def __init__(self, batches: Batches, rows: np.ndarray):
        super().__init__()
        self.batches, self.rows = batches, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> np.ndarray:
        return self.batches.read(self.rows[index])


def encode_dataset(folder: Path, dataset: Dataset, withheld: np.ndarray, quiet: bool) -> dict[str, Any]:
    """Writes the codes of all pictures of a run's data set, and ``rebuilt.png``; returns what is known of them.

    Args:
        folder: The run's folder, with its generator and encoder.
        dataset: All pictures.
        withheld: bool (n,), those that neither learned from.
        quiet: Whether to show no progress bar.

    Returns:
        ``seen_error`` and ``withheld_error``, the mean absolute error of rebuilt pictures in grey levels of 255; and
        ``other_error``, that of what is rebuilt from another withheld picture's code; and of the codes of withheld
        pictures what :func:`demicouture.dcgan.encodings.describe_distribution` finds.
    """
    generator = load_generator(folder / "generator.keras")
    encoder = load_encoder(folder / "encoder.keras", generator)
    codes = encode(encoder, dataset.pictures)
    rebuilt = render(generator, codes, quiet, _("rebuilding pictures"))
    errors = _errors(dataset.pictures, rebuilt)
    encodings = Encodings(
        codes,
        errors,
        dataset.labels,
        withheld,
        dataset.names,
        dataset.poles,
        dataset.sha256,
        hash_generator(folder / "generator.keras"),
    )
    encodings.save(folder)
    save_png(folder / "rebuilt.png", _draw(dataset, rebuilt, withheld))
    others = _errors(dataset.pictures[withheld], np.roll(rebuilt[withheld], 1, axis=0))
    return {
        "seen_error": float(errors[~withheld].mean()),
        "withheld_error": float(errors[withheld].mean()),
        "other_error": float(others.mean()),
        **describe_distribution(codes[withheld]),
    }


def _errors(pictures: np.ndarray, rebuilt: np.ndarray) -> np.ndarray:
    """Returns the mean absolute difference of each pair of pictures, uint8 (n, size, size, 3), as float32 (n,)."""
    pairs = zip(pictures, rebuilt, strict=True)
    return np.array([np.abs(one.astype(np.float32) - other).mean() for one, other in pairs], np.float32)


def _draw(dataset: Dataset, rebuilt: np.ndarray, withheld: np.ndarray) -> Any:
    """Draws withheld pictures of both poles, and below each what the generator rebuilds from its code."""
    columns = SHOWN // 4
    rows = []
    for pole in (0, 1):
        chosen = np.flatnonzero(withheld & (dataset.labels == pole))[: SHOWN // 2]
        for start in range(0, len(chosen), columns):
            row = chosen[start : start + columns]
            rows += [dataset.pictures[row], rebuilt[row]]
    blank = np.full_like(dataset.pictures[:1], 255)
    filled = [np.concatenate([row, np.repeat(blank, columns - len(row), axis=0)]) for row in rows]
    titles = ["withheld", "rebuilt"] * (len(rows) // 2)
    return grid(np.concatenate(filled), columns, scale=2 if dataset.pictures.shape[1] < 128 else 1, row_titles=titles)


def describe_encoder(found: dict[str, Any]) -> str:
    """Returns a sentence on what :func:`encode_dataset` found."""
    return _(
        "withheld pictures come back from their codes with a mean error of {withheld:.0f} grey levels "
        "of 255 ({seen:.0f} those that were learned from; {other:.0f} from another picture's code): "
        "see rebuilt.png"
    ).format(withheld=found["withheld_error"], seen=found["seen_error"], other=found["other_error"])
