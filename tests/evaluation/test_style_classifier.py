from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from demicouture.evaluation.realism import RealismScorer, can_score_realism, score_designs
from PIL import Image, ImageOps
from scipy.special import expit

from demicouture import files
from demicouture.dataset import Dataset
from demicouture.dcgan.inference import render
from demicouture.errors import InputError
from demicouture.evaluation import style_classifier
from demicouture.latents import sample_prior
from demicouture.scraping.sources.wardrobe import Wardrobe


def make_dataset(pictures: np.ndarray, labels: np.ndarray, sha256: str = "a") -> Dataset:
    poles = ("casual", "collection")
    names = tuple(Path("data", poles[label], f"{index}.png") for index, label in enumerate(labels))
    return Dataset(pictures, labels, poles, names, sha256)


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
def trained(shapes, tmp_path_factory) -> tuple[style_classifier.StyleClassifier, object]:
    folder = tmp_path_factory.mktemp("classifier")
    return style_classifier.open_style_classifier(folder, shapes, seed=0, steps=60), folder


def test_learns_two_plainly_different_sets(trained, shapes):
    classifier, _ = trained
    assert classifier.record["held_out_accuracy"] >= 0.9
    assert classifier.record["held_out_brier_score"] <= 0.1
    assert (classifier.record["trained_on"], classifier.record["held_out"]) == (96, 24)
    scores = classifier.score(shapes.pictures)
    assert scores.dtype == np.float64 and 0 <= scores.min() and scores.max() <= 1
    assert {"casual", "collection"} <= set(classifier.label(scores))


def test_score_depends_on_its_picture_alone(trained, shapes):
    classifier, _ = trained
    scores, descriptors = classifier.score(shapes.pictures), classifier.describe(shapes.pictures)
    assert descriptors.shape == (120, style_classifier.FEATURES) and descriptors.dtype == np.float32
    for rows in (slice(0, 1), slice(5, 40), slice(None, None, -1)):
        np.testing.assert_array_equal(classifier.score(shapes.pictures[rows]), scores[rows])
        np.testing.assert_array_equal(classifier.describe(shapes.pictures[rows]), descriptors[rows])


def test_saved_classifier_is_taken_as_it_is(trained, shapes):
    classifier, folder = trained
    before = (folder / "style-classifier.keras").read_bytes()
    for dataset in (shapes, None):
        again = style_classifier.open_style_classifier(folder, dataset, seed=0)
        np.testing.assert_array_equal(again.score(shapes.pictures), classifier.score(shapes.pictures))
        assert again.record == classifier.record
    assert (folder / "style-classifier.keras").read_bytes() == before


def test_a_classifier_that_lies_elsewhere_is_copied(trained, shapes, tmp_path):
    _, elsewhere = trained
    copied = style_classifier.open_style_classifier(tmp_path, shapes, seed=0, elsewhere=elsewhere)
    assert {path.name for path in tmp_path.iterdir()} == set(style_classifier.FILES)
    for name in style_classifier.FILES:
        assert (tmp_path / name).read_bytes() == (elsewhere / name).read_bytes()
    np.testing.assert_array_equal(copied.score(shapes.pictures[:5]), trained[0].score(shapes.pictures[:5]))


def test_one_of_another_seed_is_of_no_use_and_random_labels_make_no_labels(trained, tmp_path):
    pictures, labels = draw_shapes(100)
    # The data set's hash is the same: the seed alone differs.
    dataset = make_dataset(pictures, np.random.default_rng(1).permutation(labels))
    classifier = style_classifier.open_style_classifier(tmp_path, dataset, seed=7, elsewhere=trained[1], steps=6)
    assert classifier.record["seed"] == 7
    assert not style_classifier.is_worthy(classifier.record)
    # Each pole counts half: right on all of one pole and on none of the other is no better than guessing.
    held_out = classifier.photographs.held_out
    right = (classifier.score(pictures) > 0.5) == (dataset.labels == 1)
    by_pole = [right[held_out & (dataset.labels == pole)].mean() for pole in (0, 1)]
    assert classifier.record["held_out_accuracy"] == pytest.approx(np.mean(by_pole))
    assert classifier.label(classifier.score(pictures)) == [""] * 100


def test_a_classifier_is_used_again_for_the_same_pictures_seed_and_features(shapes):
    record = {"dataset_sha256": "a", "seed": 0, "features": "own"}
    assert style_classifier.is_usable(record, shapes, 0, "own")
    assert not style_classifier.is_usable(record, shapes, 1, "own")
    assert not style_classifier.is_usable(record, shapes, 0, "imagenet")
    assert not style_classifier.is_usable({**record, "dataset_sha256": "b"}, shapes, 0, "own")
    assert style_classifier.is_usable(record, None, 1, "imagenet")  # Without pictures, any one is better than none.
    assert not style_classifier.is_usable(None, shapes, 0, "own") and not style_classifier.is_usable(
        None, None, 0, "own"
    )


def test_half_saved_classifier_is_none(tmp_path):
    assert style_classifier.open_style_classifier(tmp_path, None, seed=0) is None
    hashes = dict(zip(style_classifier.OF_FILES, map(files.sha256, (b"network", b"photographs")), strict=True))
    record = dict.fromkeys(style_classifier.RECORDED, 0) | hashes
    files.write_json(tmp_path / "style-classifier.json", record)
    for network, photographs, whole in (
        (b"old", b"photographs", False),
        (b"network", b"old", False),
        (b"network", b"photographs", True),
    ):
        (tmp_path / "style-classifier.keras").write_bytes(network)
        (tmp_path / "reference-features.npz").write_bytes(photographs)
        assert style_classifier.read_record(tmp_path) == (record if whole else None)


@pytest.mark.parametrize("damaged", ["[]", "{}", "", "7", '{"network_sha256": "a"}'])
def test_damaged_record_is_no_classifier(tmp_path, damaged):
    (tmp_path / "style-classifier.keras").write_bytes(b"network")
    (tmp_path / "style-classifier.json").write_text(damaged)
    assert style_classifier.read_record(tmp_path) is None
    assert style_classifier.open_style_classifier(tmp_path, None, seed=0) is None


def test_labels_leave_out_the_band_between_the_poles():
    record = {"poles": ["casual", "collection"], "held_out_accuracy": 0.8}
    scores = np.array([0, 0.4, 0.41, 0.5, 0.59, 0.6, 1])
    expected = ["casual", "casual", "", "", "", "collection", "collection"]
    assert style_classifier.StyleClassifier(None, record).label(scores) == expected
    assert style_classifier.StyleClassifier(None, {**record, "held_out_accuracy": 0.79}).label(scores) == [""] * 7


def test_split_holds_out_a_fifth_of_each_pole():
    labels = np.array([0] * 50 + [1] * 23 + [0] * 5)
    held_out = style_classifier.split(labels, seed=1)
    assert held_out[labels == 0].sum() == 11 and held_out[labels == 1].sum() == 4
    np.testing.assert_array_equal(style_classifier.split(labels, seed=1), held_out)
    assert (style_classifier.split(labels, seed=2) != held_out).any()
    assert style_classifier.split(np.array([0, 0, 1, 1]), seed=0).sum() == 2


def test_augmentation_is_seeded_and_keeps_the_picture_recognisable():
    pictures = np.random.default_rng(0).uniform(-1, 1, (64, 16, 16, 3)).astype(np.float32)
    first, second = (style_classifier.augment(pictures, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.shape == pictures.shape and first.dtype == np.float32
    # A grey picture stays one colour but for the noise, of at most 0.08, and its light moves by less than half.
    grey = style_classifier.augment(np.full((200, 16, 16, 3), 0.5, np.float32), np.random.default_rng(0))
    assert grey.std(axis=(1, 2)).max() < 0.09
    assert np.abs(grey.mean(axis=(1, 2)) - 0.5).max() < 0.35


def test_mix_blends_pictures_and_labels_alike():
    labels = np.array([0, 1] * 50)
    pictures = np.ones((100, 4, 4, 3), np.float32) * labels.astype(np.float32)[:, np.newaxis, np.newaxis, np.newaxis]
    mixed, shares = style_classifier.mix(pictures, labels, np.random.default_rng(0))
    np.testing.assert_allclose(mixed.mean(axis=(1, 2, 3)), shares, atol=1e-6)
    assert ((shares > 0.01) & (shares < 0.99)).any() and mixed.dtype == np.float32


def test_reliability_by_hand():
    scores = np.array([0.0, 0.1, 0.19, 0.25, 0.95, 1.0])
    found = style_classifier.reliability(scores, np.array([0, 0, 1, 1, 1, 1]))
    assert [one["pictures"] for one in found] == [3, 1, 2]
    assert found[0]["share"] == pytest.approx(1 / 3) and found[0]["mean_score"] == pytest.approx(0.29 / 3)
    assert found[2] == {"mean_score": 0.975, "share": 1.0, "pictures": 2}


def test_classifier_keeps_the_features_of_its_photographs(trained, shapes):
    classifier, folder = trained
    photographs = classifier.photographs
    np.testing.assert_array_equal(photographs.features, classifier.describe(shapes.pictures))
    np.testing.assert_array_equal(photographs.mirrored, classifier.describe(shapes.pictures[:, :, ::-1]))
    assert photographs.held_out.sum() == 24 and photographs.files[1] == "collection/1.png"
    again = style_classifier.open_style_classifier(folder, None, seed=0).photographs
    np.testing.assert_array_equal(again.features, photographs.features)
    assert again.files.tolist() == photographs.files.tolist()


def draw_wardrobe(first: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws garments and looks, 64×64: what photographs have, texture and folds, and the two poles in turn."""
    wardrobe = Wardrobe(seed=1)
    queries = (("casual", "hoody"), ("collection", "Yohji Yamamoto runway look"))
    good = [[i for i in range(first, first + 2 * count) if not wardrobe.kind(*query, i)] for query in queries]
    pictures = []
    for number in range(count):
        label, index = number % 2, number // 2
        content = wardrobe.offer(*queries[label], good[label][index]).content
        with Image.open(io.BytesIO(content)) as opened:
            pictures.append(np.asarray(ImageOps.fit(opened.convert("RGB"), (64, 64))))
    return np.stack(pictures), np.arange(count) % 2


def test_real_pictures_pass_the_bar_and_what_is_no_picture_does_not():
    from demicouture.dcgan.networks import build_generator

    classifier = style_classifier.train_style_classifier(make_dataset(*draw_wardrobe(0, 150)), seed=0, steps=60)
    appraiser = RealismScorer(classifier.photographs)

    def passing(pictures: np.ndarray) -> float:
        return appraiser.score_realism(
            classifier.describe(pictures), style_classifier.texture(pictures)
        ).realistic.mean()

    photographs = classifier.photographs
    held_out = (values[photographs.held_out] for values in (photographs.features, photographs.textures))
    assert appraiser.score_realism(*held_out).realistic.mean() >= 0.95
    # More real pictures, which neither classifier nor bar has seen.
    assert passing(draw_wardrobe(1000, 60)[0]) >= 0.85
    noise = np.random.default_rng(0).integers(0, 256, (100, 64, 64, 3), dtype=np.uint8)
    assert passing(noise) <= 0.05
    assert passing(render(build_generator(64, 0.02), sample_prior(100, 0))) <= 0.05


def test_a_copy_is_called_a_copy_and_a_new_picture_is_not(trained, shapes):
    classifier, _ = trained
    appraiser = RealismScorer(classifier.photographs)
    soft = np.stack([cv2.GaussianBlur(picture, (0, 0), 0.6) for picture in shapes.pictures[:20]])
    for copies in (shapes.pictures[:20], shapes.pictures[:20, :, ::-1], soft):
        found = appraiser.score_realism(classifier.describe(copies), style_classifier.texture(copies))
        assert found.copy.mean() >= 0.9
        assert (
            np.mean([name == f"{('casual', 'collection')[i % 2]}/{i}.png" for i, name in enumerate(found.nearest)])
            > 0.9
        )
    fresh = draw_shapes(320)[0][120:]
    new = appraiser.score_realism(classifier.describe(fresh), style_classifier.texture(fresh))
    assert new.copy.mean() <= 0.05
    assert 0.2 < np.mean(new.rank) < 0.8  # As far from the photographs as they are from one another.


def test_designs_are_scored_alike_in_batches_of_any_size(trained, shapes):
    classifier, _ = trained
    scorer, pictures = RealismScorer(classifier.photographs), shapes.pictures[:50]
    features, scores = classifier.predict(pictures)
    appraisal = scorer.score_realism(features, style_classifier.texture(pictures))
    for size in (50, 7):
        found = score_designs(classifier, scorer, (pictures[start : start + size] for start in range(0, 50, size)))
        np.testing.assert_array_equal(found.features, features)
        np.testing.assert_array_equal(found.scores, scores)
        for name, values in vars(appraisal).items():
            np.testing.assert_array_equal(getattr(found.appraisal, name), values)
    assert score_designs(classifier, None, [pictures]).appraisal is None


def test_too_few_photographs_appraise_nothing(trained):
    photographs = trained[0].photographs
    few = np.flatnonzero(~photographs.held_out)[:3]
    cut = style_classifier.ReferenceFeatures(*(values[few] for values in vars(photographs).values()))
    assert not can_score_realism(cut) and can_score_realism(photographs)


def test_a_network_that_saw_other_pictures_describes_just_as_well(shapes, tmp_path, monkeypatch):
    import keras

    # With random weights in place of ImageNet's, which would have to be downloaded, and fewer of them.
    build = keras.applications.MobileNetV2
    small = {"alpha": 0.35, "weights": None}
    monkeypatch.setattr(keras.applications, "MobileNetV2", lambda shape, **how: build((32, 32, 3), **{**how, **small}))
    classifier = style_classifier.open_style_classifier(tmp_path, shapes, seed=0, features=style_classifier.IMAGENET)
    assert classifier.record["features"] == "imagenet"
    descriptors, scores = classifier.predict(shapes.pictures)
    assert descriptors.shape == (120, 1280) and 0 <= scores.min() and scores.max() <= 1
    # The last layer was learned by regression on standardised features.
    weights, intercept = classifier.network.get_layer("logit").get_weights()
    logits = descriptors @ weights + intercept
    np.testing.assert_allclose(expit(logits[:, 0]), scores, atol=1e-5)
    again = style_classifier.open_style_classifier(tmp_path, None, seed=0)
    np.testing.assert_array_equal(again.score(shapes.pictures[:5]), scores[:5])


def test_weights_that_cannot_be_had_are_told(monkeypatch):
    import keras

    def unreachable(*args, weights, **how):
        raise Exception(f"URL fetch failure on {weights}: None -- [Errno -2] Name or service not known")

    monkeypatch.setattr(keras.applications, "MobileNetV2", unreachable)
    with pytest.raises(InputError, match="--features imagenet: its weights could not be had .*leave --features out"):
        style_classifier.open_mobilenet()


def test_texture_tells_fine_from_coarse():
    rows, columns = np.mgrid[:64, :64]
    plain = np.full((64, 64), 128)
    fine, coarse = 128 + 60 * ((rows + columns) % 2 * 2 - 1), 128 + 60 * ((columns // 8) % 2 * 2 - 1)
    pictures = np.repeat(np.stack([plain, fine, coarse])[..., np.newaxis], 3, axis=3).astype(np.uint8)
    found = style_classifier.texture(pictures)
    assert found[0] == pytest.approx(np.log(1e-3), abs=0.01)
    # A chequered pattern of single pixels is all in the first octave; it is ±60 of 127.5 there, and nothing below.
    assert np.exp(found[1, 0]) == pytest.approx(60 / 127.5, abs=0.03) and found[1, 1] < -3
    assert found[2].argmax() == 2
