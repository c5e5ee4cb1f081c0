"""GANs so small that a test can afford them: one compiled for each set of options, its state set back for each test."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from demicouture.dcgan import networks
from demicouture.evaluation.generator_quality import BLURRED, QualityMeter
from demicouture.evaluation.realism_scale import RealismScale
from demicouture.evaluation.reference import ReferenceFeatures
from demicouture.training.callbacks import EpochOrder
from demicouture.training.fit_state import Batches
from demicouture.training.gan import BETA_1, GAN, AveragingAdam
from demicouture.training.generator_metrics import GeneratorMetrics

PICTURES = np.random.default_rng(0).integers(0, 256, (10, 32, 32, 3), dtype=np.uint8)
"""Two steps of four an epoch, and two pictures left out."""

BATCH_SIZE = 4
SEED = 2

_built: dict[tuple, tuple[GAN, list[np.ndarray]]] = {}


def describe(pictures: np.ndarray) -> np.ndarray:
    """Returns a few of the pictures' pixels as their features."""
    return pictures[:, ::8, ::8].reshape(len(pictures), -1).astype(np.float32)


def make_metrics(pictures: np.ndarray = PICTURES) -> GeneratorMetrics:
    """Returns metrics by :func:`describe`, with every second picture withheld."""
    count = len(pictures)
    withheld, labels = np.arange(count) % 2 == 0, np.arange(count) % 4 // 2
    names = tuple(f"{number}.png" for number in range(count))
    features = describe(pictures), describe(pictures[:, :, ::-1])
    reference = ReferenceFeatures(*features, labels, withheld, names, ("casual", "collection"), "")
    scale = RealismScale(2000.0, 0.0, {BLURRED: 500.0})
    return GeneratorMetrics(QualityMeter(describe, reference, scale), seed=0, pictures=10)


def build(
    pictures: np.ndarray = PICTURES,
    *,
    width: float = 1 / 64,
    batch_size: int = BATCH_SIZE,
    ema: float = 0.9,
    rate: float = 1e-3,
    dropout: float = networks.DROPOUT,
    encodes: bool = False,
    **options: Any,
) -> GAN:
    """Builds and compiles a GAN that nothing else uses."""
    keras.utils.set_random_seed(SEED)
    generator = networks.build_generator(pictures.shape[1], width)
    discriminator = networks.build_discriminator(pictures.shape[1], 1 / 32, dropout)
    encoder = networks.build_encoder(pictures.shape[1], 1 / 32) if encodes else None
    gan = GAN(generator, discriminator, Batches(pictures, batch_size), encoder=encoder, seed=SEED, **options)
    gan.compile(
        d_optimizer=keras.optimizers.Adam(rate, BETA_1),
        g_optimizer=AveragingAdam(rate, BETA_1, use_ema=ema > 0, ema_momentum=ema),
    )
    return gan


def shared(pictures: np.ndarray = PICTURES, **options: Any) -> GAN:
    """Returns the GAN with these options as it was when it was built; other pictures of the same shape are swapped in.

    What a test changes beside variables, it changes back.
    """
    key = (pictures.shape, *sorted(options.items()))
    if key not in _built:
        gan = build(pictures, **options)
        _built[key] = gan, [np.array(variable) for variable in _variables(gan)]
    gan, initial = _built[key]
    for variable, value in zip(_variables(gan), initial, strict=True):
        variable.assign(value)
    gan.batches.pictures.assign(pictures)
    return gan


def _variables(gan: GAN) -> list[keras.Variable]:
    return [*gan.variables, *gan.optimizer.variables, *gan.metrics_variables]


def fit(gan: GAN, epochs: int) -> dict[str, list[float]]:
    """Trains up to the last epoch and returns the log."""
    how = {"initial_epoch": gan.epochs_done, "epochs": epochs, "shuffle": False, "verbose": 0}
    return gan.fit(gan.batches.steps(), callbacks=[EpochOrder(SEED)], **how).history


def state(gan: GAN) -> list[np.ndarray]:
    """All that changes in training."""
    left_out = {id(variable) for variable in gan.batches.variables}
    variables = [*gan.variables, *gan.optimizer.variables]
    return [np.array(variable) for variable in variables if id(variable) not in left_out]
