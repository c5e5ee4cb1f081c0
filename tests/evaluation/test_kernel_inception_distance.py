from __future__ import annotations

import numpy as np
import pytest

from demicouture.errors import InputError
from demicouture.evaluation.kernel_inception_distance import kernel_distance, open_inception


def test_the_estimate_is_the_one_worked_out_by_hand():
    # In one dimension k(x, y) = (xy + 1)³. Among 0 and 1: 1. Among 1 and 2: 27. Across: (1 + 1 + 8 + 27) / 4.
    assert kernel_distance([[0.0], [1.0]], [[1.0], [2.0]]) == pytest.approx(1 + 27 - 2 * 37 / 4)
    # In two dimensions the product is halved: k((2, 0), (2, 4)) = (4 / 2 + 1)³.
    first, second = [[2.0, 0.0], [2.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]
    assert kernel_distance(first, second) == pytest.approx(27 + 1 - 2)


def test_blocks_are_disjoint_and_averaged_and_a_rest_is_left_out():
    random = np.random.default_rng(0)
    real, generated = random.standard_normal((2, 25, 4))
    blocks = [kernel_distance(real[i : i + 10], generated[i : i + 10]) for i in (0, 10)]
    assert kernel_distance(real, generated, block=10) == pytest.approx(np.mean(blocks))


def test_the_same_distribution_is_at_zero_and_another_one_is_not():
    random = np.random.default_rng(0)
    real, same = random.standard_normal((2, 1000, 16))
    assert abs(kernel_distance(real, same)) < 0.1
    assert kernel_distance(real, same + 1) > 2


def test_pictures_of_any_size_have_features():
    describe = open_inception(weights=None, side=75)  # the smallest that the network takes
    pictures = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    features = describe(pictures)
    assert features.shape == (2, 2048) and features.dtype == np.float32 and np.isfinite(features).all()
    assert (features[0] != features[1]).any()


def test_weights_that_cannot_be_had_are_told(tmp_path):
    with pytest.raises(InputError, match=r"--kid: InceptionV3's weights cannot be had \(.*\); connect to the network"):
        open_inception(weights=str(tmp_path / "missing.weights.h5"))
