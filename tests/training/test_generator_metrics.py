from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras")

from tiny_gan import describe, make_metrics  # noqa: E402

from demicouture.dcgan.networks import build_generator  # noqa: E402
from demicouture.evaluation.kernel_distance import kernel_distance  # noqa: E402
from demicouture.training.generator_metrics import NAMES, GeneratorMetrics, open_metrics  # noqa: E402


def test_metrics_are_the_same_twice_and_those_of_the_withheld_pictures():
    random = np.random.default_rng(1)
    shapes = np.full((40, 32, 32, 3), 240, np.uint8)
    for picture in shapes:
        left, top = random.integers(2, 12, 2)
        picture[top : top + 16, left : left + 16] = random.integers(0, 200, 3)
    metrics = make_metrics(shapes)
    generator = build_generator(32, 1 / 64)
    found = metrics.compute(generator)
    assert tuple(found) == NAMES and found == metrics.compute(generator)
    assert found["distance_low"] < found["distance"] < found["distance_high"]
    assert found["progress"] == metrics.meter.scale.progress(found["distance"])
    # What returns the pictures that are trained on is far nearer.
    assert kernel_distance(describe(shapes[::2]), describe(shapes[1::2])).mean < found["distance"] / 4

    quality = metrics.measure(generator)
    assert quality["pictures"] == 40
    assert quality["distance"] != found["distance"]  # by other latents


def test_where_quality_is_not_judged_nothing_is_claimed(tmp_path):
    metrics = GeneratorMetrics(None, 0, 8)
    assert metrics.compute(None) == {}
    assert metrics.measure(None) is None
    # Of so few withheld pictures nothing can be said, whether the network is there or not.
    few = open_metrics(tmp_path, None, np.arange(36) < 9, None, 0, True, 8)
    assert few.meter is None and list(tmp_path.iterdir()) == []
