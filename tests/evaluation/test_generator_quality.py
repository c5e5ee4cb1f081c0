from __future__ import annotations

import numpy as np
import pytest

from demicouture.dataset import Dataset
from demicouture.errors import InputError
from demicouture.evaluation import generator_quality
from demicouture.evaluation.generator_quality import BLURRED, QualityMeter, describe_quality, measure_scale
from demicouture.evaluation.realism_scale import GARMENTS, RealismScale
from demicouture.evaluation.reference import ReferenceFeatures, describe_dataset

RANDOM = np.random.default_rng(0)
SHAPES = np.full((80, 16, 16, 3), 230, np.uint8)
for _picture in SHAPES:
    _left, _top = RANDOM.integers(0, 8, 2)
    _picture[_top : _top + 8, _left : _left + 8] = RANDOM.integers(0, 200, 3)


def describe(pictures: np.ndarray, *_: object) -> np.ndarray:
    """Features of pictures: their pixels, around the mean grey of the shapes."""
    return pictures.reshape(len(pictures), -1).astype(np.float32) - 200


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    labels = np.arange(80) % 2
    folder = tmp_path_factory.mktemp("data")
    files = tuple(folder / "ab"[label] / f"{number:02}.png" for number, label in enumerate(labels))
    dataset = Dataset(SHAPES, labels, ("a", "b"), files, "hash")
    return describe_dataset(dataset, np.arange(80) % 4 < 2, describe, quiet=True)


@pytest.fixture(scope="module")
def meter(reference):
    untrained = np.full((40, 16, 16, 3), 128, np.uint8)
    scale = measure_scale(describe, SHAPES[~reference.withheld], reference, untrained, 0)
    return QualityMeter(describe, reference, scale)


def test_features_are_kept_and_read_again(reference, tmp_path):
    assert ReferenceFeatures.load(tmp_path) is None
    reference.save(tmp_path)
    # Loaded features have to be the ImageNet network's 1,280; these are 768.
    with pytest.raises(
        InputError,
        match=r"features.npz: found for features .* \(80, 768\), expected .*; remove",
    ):
        ReferenceFeatures.load(tmp_path)
    wide = np.zeros((80, 1280), np.float32)
    whole = ReferenceFeatures(wide, wide, *(getattr(reference, name) for name in FIELDS))
    whole.save(tmp_path)
    again = ReferenceFeatures.load(tmp_path)
    assert all(np.array_equal(getattr(again, name), getattr(whole, name)) for name in FIELDS)
    assert again.files[:2] == ("a/00.png", "b/01.png") and again.poles == ("a", "b")
    (tmp_path / "reference-features.npz").write_bytes(b"PK damaged")
    with pytest.raises(InputError, match=r"reference-features.npz: damaged \(\w+\); remove it and run the script"):
        ReferenceFeatures.load(tmp_path)


FIELDS = ("labels", "withheld", "files", "poles", "dataset_sha256")


def test_the_scale_has_its_ends_and_every_control_below_real_pictures(meter, tmp_path):
    scale = meter.scale
    assert scale.progress(scale.untrained) == 0 and scale.progress(scale.real) == 1
    # A quarter of the squared distance is half of the way.
    assert scale.progress(scale.real + (scale.untrained - scale.real) / 4) == pytest.approx(0.5)
    assert scale.progress(scale.untrained * 2) == 0 and scale.progress(scale.real - 100) == 1
    scale.save(tmp_path)
    assert RealismScale.load(tmp_path) == scale


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("{}", "found no untrained and no real and no marks"),
        ('{"untrained": 5, "real": "x", "marks": {}}', "found no numbers in it"),
        ('{"untrained": 5, "real": 9, "marks": {}}', "an untrained generator is as near to the withheld pictures"),
    ],
)
def test_a_damaged_scale_is_refused(tmp_path, record, message):
    assert RealismScale.load(tmp_path) is None
    (tmp_path / "realism-scale.json").write_text(record)
    with pytest.raises(InputError, match=message):
        RealismScale.load(tmp_path)


def test_a_generator_that_returns_its_training_pictures_is_near_and_copies(meter, reference):
    trained = SHAPES[~reference.withheld]
    quality = meter.measure(trained)
    assert quality["progress"] > 0.9 and quality["copies"] == 1
    assert quality["told_apart_low"] < 0.5 < quality["told_apart_high"]
    assert meter.measure(trained[:, :, ::-1])["copies"] == 1
    # The withheld pictures are as good, and no copies.
    assert meter.measure(SHAPES[reference.withheld])["copies"] < 0.1
    assert "100% of its designs are copies of pictures that it learned from" in describe_quality(quality)


def test_a_scale_without_a_length_is_refused_before_anything_is_measured_on_it():
    for real in (5.0, 9.0, float("nan")):
        with pytest.raises(InputError, match="expected pictures of one kind in the data set"):
            RealismScale(5.0, real, {})


def test_noise_is_told_apart_and_called_blobs(meter):
    noise = np.random.default_rng(1).integers(0, 256, (60, 16, 16, 3), dtype=np.uint8)
    quality = meter.measure(noise)
    assert quality["progress"] < GARMENTS and quality["copies"] == 0 and quality["told_apart"] > 0.9
    told = describe_quality(quality)
    assert told[-1].startswith(f"this generator draws blobs, not garments ({quality['progress']:.0%} of the way; ")
    assert not generator_quality.draws_garments(quality)


def test_sentences_say_what_was_measured_and_nothing_where_it_was_not():
    quality = {
        **{"progress": 0.54, "progress_low": 0.52, "progress_high": 0.561, "copies": 0.0},
        **{"told_apart": 0.97, "told_apart_low": 0.91, "told_apart_high": 0.99},
        "scale": {"marks": {BLURRED: 0.62}},
    }
    assert describe_quality(quality) == [
        "this generator has come 54% of the way from noise to the data set's pictures (95% interval 52% to 56%); "
        "pictures blurred by two pixels are at 62%",
        "a linear classifier tells its designs from withheld pictures in 97% of all cases (95% interval 91% to 99%; "
        "50% would be perfect)",
    ]
    assert describe_quality(None) == [generator_quality.describe_missing_judge()]
    assert generator_quality.describe_generator(None) == generator_quality.describe_missing_judge()
    assert generator_quality.describe_generator(quality) == ""
    assert generator_quality.describe_generator({"progress": 0.3}).startswith("this generator draws blobs, not garm")
    assert generator_quality.draws_garments(None)
    # Where the interval reaches the bar nobody knows; where it does not, it draws blobs.
    assert generator_quality.describe_generator({"progress": 0.49, "progress_high": 0.51}) == ""
    assert "49%" in generator_quality.describe_generator({"progress": 0.49, "progress_high": 0.499})
