from __future__ import annotations

import numpy as np
import pytest

from demicouture import files, judge
from demicouture.dataset import Dataset


def make_dataset(pictures: np.ndarray, labels: np.ndarray, sha256: str = "a") -> Dataset:
    return Dataset(pictures, labels, ("casual", "collection"), (), sha256)


def draw_shapes(count: int, size: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """Draws discs (0) and stripes (1) in any two colours, so that colour alone says nothing."""
    random = np.random.default_rng(0)
    labels = np.arange(count) % 2
    rows, columns = np.mgrid[:size, :size]
    pictures = np.empty((count, size, size, 3), np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        centre = random.integers(size // 3, 2 * size // 3, 2)
        disc = np.hypot(rows - centre[0], columns - centre[1]) < size // 4
        stripes = (columns + random.integers(size)) % 12 < 6
        mask = stripes if label else disc
        picture[:] = np.where(mask[..., np.newaxis], *random.integers(0, 256, (2, 3)))
    return pictures, labels


@pytest.fixture(scope="module")
def shapes() -> Dataset:
    return make_dataset(*draw_shapes(120))


@pytest.fixture(scope="module")
def trained(shapes, tmp_path_factory) -> tuple[judge.Judge, object]:
    folder = tmp_path_factory.mktemp("judge")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge, "STEPS", 60)
        return judge.open_judge(folder, shapes, seed=0), folder


def test_learns_two_plainly_different_sets(trained, shapes):
    the_judge, _ = trained
    assert the_judge.record["held_out_accuracy"] >= 0.9
    assert the_judge.record["held_out_brier_score"] <= 0.1
    assert (the_judge.record["trained_on"], the_judge.record["held_out"]) == (96, 24)
    scores = the_judge.score(shapes.pictures)
    assert scores.dtype == np.float64 and 0 <= scores.min() and scores.max() <= 1
    assert {"casual", "collection"} <= set(the_judge.label(scores))


def test_score_depends_on_its_picture_alone(trained, shapes):
    the_judge, _ = trained
    scores, descriptors = the_judge.score(shapes.pictures), the_judge.describe(shapes.pictures)
    assert descriptors.shape == (120, judge.FEATURES) and descriptors.dtype == np.float32
    for rows in (slice(0, 1), slice(5, 40), slice(None, None, -1)):
        np.testing.assert_array_equal(the_judge.score(shapes.pictures[rows]), scores[rows])
        np.testing.assert_array_equal(the_judge.describe(shapes.pictures[rows]), descriptors[rows])


def test_saved_judge_is_taken_as_it_is(trained, shapes):
    the_judge, folder = trained
    before = (folder / "judge.keras").read_bytes()
    for dataset in (shapes, None):
        again = judge.open_judge(folder, dataset, seed=0)
        np.testing.assert_array_equal(again.score(shapes.pictures), the_judge.score(shapes.pictures))
        assert again.record == the_judge.record
    assert (folder / "judge.keras").read_bytes() == before


def test_random_labels_make_no_judge(monkeypatch):
    monkeypatch.setattr(judge, "STEPS", 6)
    pictures, labels = draw_shapes(100)
    the_judge = judge.train_judge(make_dataset(pictures, np.random.default_rng(1).permutation(labels)), seed=7)
    assert not judge.is_worthy(the_judge.record)
    assert the_judge.label(the_judge.score(pictures)) == [""] * 100


def test_half_saved_judge_is_none(tmp_path):
    assert judge.open_judge(tmp_path, None, seed=0) is None
    (tmp_path / "judge.keras").write_bytes(b"new")
    record = dict.fromkeys(judge.RECORDED, 0) | {"network_sha256": files.sha256(b"old")}
    files.write_json(tmp_path / "judge.json", record)
    assert judge.read_record(tmp_path) is None
    (tmp_path / "judge.keras").write_bytes(b"old")
    assert judge.read_record(tmp_path) == record


@pytest.mark.parametrize("damaged", ["[]", "{}", "", "7", '{"network_sha256": "a"}'])
def test_damaged_record_is_no_judge(tmp_path, damaged):
    (tmp_path / "judge.keras").write_bytes(b"network")
    (tmp_path / "judge.json").write_text(damaged)
    assert judge.read_record(tmp_path) is None
    assert judge.open_judge(tmp_path, None, seed=0) is None


def test_labels_leave_out_the_band_between_the_poles():
    record = {"poles": ["casual", "collection"], "held_out_accuracy": 0.8}
    scores = np.array([0, 0.4, 0.41, 0.5, 0.59, 0.6, 1])
    expected = ["casual", "casual", "", "", "", "collection", "collection"]
    assert judge.Judge(None, record).label(scores) == expected
    assert judge.Judge(None, {**record, "held_out_accuracy": 0.79}).label(scores) == [""] * 7


def test_accuracy_counts_each_pole_half():
    # All "casual": right on 9 of 9 and on 0 of 1.
    assert judge.accuracy(np.full(10, 0.2), np.array([0] * 9 + [1])) == 0.5
    # Right on 2 of 4 and on 1 of 1.
    assert judge.accuracy(np.array([0.1, 0.1, 0.9, 0.9, 0.9]), np.array([0, 0, 0, 0, 1])) == 0.75


def test_split_holds_out_a_fifth_of_each_pole():
    labels = np.array([0] * 50 + [1] * 23 + [0] * 5)
    held_out = judge.split(labels, seed=1)
    assert held_out[labels == 0].sum() == 11 and held_out[labels == 1].sum() == 4
    np.testing.assert_array_equal(judge.split(labels, seed=1), held_out)
    assert (judge.split(labels, seed=2) != held_out).any()
    assert judge.split(np.array([0, 0, 1, 1]), seed=0).sum() == 2


def test_augmentation_is_seeded_and_keeps_the_picture_recognisable():
    pictures = np.random.default_rng(0).uniform(-1, 1, (64, 16, 16, 3)).astype(np.float32)
    first, second = (judge.augment(pictures, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.shape == pictures.shape and first.dtype == np.float32
    # A grey picture stays one colour but for the noise, of at most 0.08, and its light moves by less than half.
    grey = judge.augment(np.full((200, 16, 16, 3), 0.5, np.float32), np.random.default_rng(0))
    assert grey.std(axis=(1, 2)).max() < 0.09
    assert np.abs(grey.mean(axis=(1, 2)) - 0.5).max() < 0.35


def test_mix_blends_pictures_and_labels_alike():
    labels = np.array([0, 1] * 50)
    pictures = np.ones((100, 4, 4, 3), np.float32) * labels.astype(np.float32)[:, np.newaxis, np.newaxis, np.newaxis]
    mixed, shares = judge.mix(pictures, labels, np.random.default_rng(0))
    np.testing.assert_allclose(mixed.mean(axis=(1, 2, 3)), shares, atol=1e-6)
    assert ((shares > 0.01) & (shares < 0.99)).any() and mixed.dtype == np.float32
