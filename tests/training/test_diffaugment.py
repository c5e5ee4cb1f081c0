from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")


pytestmark = pytest.mark.both_backends


@pytest.fixture
def seed():
    return keras.random.SeedGenerator(3)


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_flip_mirrors_about_half_and_changes_nothing_else(seed):
    from demicouture.training.diffaugment import flip

    pictures = np.random.default_rng(0).uniform(-1, 1, (200, 4, 4, 3)).astype(np.float32)
    flipped = numpy(flip(keras.ops.convert_to_tensor(pictures), seed))
    kept = (flipped == pictures).all(axis=(1, 2, 3))
    mirrored = (flipped == pictures[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (kept ^ mirrored).all()
    assert 70 < mirrored.sum() < 130


def test_translation_moves_by_whole_pixels_and_fills_with_grey(seed):
    from demicouture.training.diffaugment import _translate

    pictures = np.random.default_rng(0).uniform(0.1, 1, (100, 16, 16, 3)).astype(np.float32)
    moved = numpy(_translate(keras.ops.convert_to_tensor(pictures), seed))
    shifts = set()
    for before, after in zip(pictures, moved, strict=True):
        filled = np.argwhere(after.any(axis=2))
        (top, left), (bottom, right) = filled.min(axis=0), filled.max(axis=0) + 1
        down = top if top else bottom - 16
        across = left if left else right - 16
        expected = np.zeros_like(before)
        expected[top:bottom, left:right] = before[
            max(0, -down) : 16 - max(0, down), max(0, -across) : 16 - max(0, across)
        ]
        np.testing.assert_allclose(after, expected, atol=1e-6)
        shifts |= {int(down), int(across)}
    assert shifts == {-2, -1, 0, 1, 2}  # an eighth of 16


def test_cutout_cuts_a_square_of_half_the_side(seed):
    from demicouture.training.diffaugment import _cutout

    cut = numpy(_cutout(keras.ops.ones((300, 16, 16, 3)), seed))
    holes = [np.argwhere(picture[:, :, 0] == 0) for picture in cut]
    assert all(len(hole) == np.prod(hole.max(axis=0) - hole.min(axis=0) + 1) for hole in holes)  # a full rectangle
    assert max(len(hole) for hole in holes) == 64  # 8×8 where the border does not cut it off
    assert min(len(hole) for hole in holes) >= 16


def test_the_same_seed_augments_alike_and_each_picture_differs():
    from demicouture.training.diffaugment import diff_augment

    picture = np.random.default_rng(0).uniform(-1, 1, (1, 16, 16, 3)).astype(np.float32)
    pictures = keras.ops.convert_to_tensor(picture.repeat(8, axis=0))
    once, again = (numpy(diff_augment(pictures, keras.random.SeedGenerator(5))) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    assert len(np.unique(once.reshape(8, -1), axis=0)) == 8
