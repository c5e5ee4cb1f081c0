from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras")

from demicouture.dcgan.networks import build_generator  # noqa: E402
from demicouture.training.generator_metrics import GeneratorMetrics  # noqa: E402


def describe_corners(pictures: np.ndarray) -> np.ndarray:
    return pictures[:, ::8, ::8].reshape(len(pictures), -1).astype(np.float32)


def test_metrics_tell_photographs_from_noise_and_are_the_same_twice():
    random = np.random.default_rng(1)
    shapes = np.full((40, 32, 32, 3), 240, np.uint8)
    for picture in shapes:
        left, top = random.integers(2, 12, 2)
        picture[top : top + 16, left : left + 16] = random.integers(0, 200, 3)
    metrics = GeneratorMetrics(shapes, describe_corners, seed=0)
    generator = build_generator(32, 1 / 64)
    found = metrics.compute(generator)
    assert found == metrics.compute(generator)
    assert found["swd_floor"] == metrics.floor and found["swd"] > 2 * metrics.floor
    assert (found["precision"], found["recall"]) == (0, 0)
