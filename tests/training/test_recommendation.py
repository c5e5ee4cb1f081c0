from pathlib import Path

import pytest

from demicouture import parallel
from demicouture.errors import OptionsError
from demicouture.training import recommendation
from demicouture.training.presets import fill_in
from demicouture.training.recommendation import describe_duration, estimate_seconds, recommend, refuse_months

BY_HAND = [
    # benchmarks/README.md: 906 ms a step of 32 on two cores at a quarter of the width; and five minutes of the
    # demonstration, of which a part is for sample grids and measures: 1,394 steps of 16.
    (fill_in("seed", {"width": 0.25, "epochs": 1}), 32, 0.906),
    (fill_in("demo", {}), 660, 290.0),
]


@pytest.mark.parametrize(("options", "pictures", "seconds"), BY_HAND)
def test_estimates_are_near_what_was_measured(options, pictures, seconds):
    assert estimate_seconds(options, pictures, cores=2) == pytest.approx(seconds, rel=0.25)


def test_the_seeds_run_takes_months_and_is_asked_for_by_name(monkeypatch):
    monkeypatch.setattr(recommendation, "cores", lambda: 2)
    monkeypatch.setattr(recommendation, "GPU_DEVICES", ())
    seed = fill_in("seed", {})
    message = (
        r"about \d+ days here; run: .*train_dcgan.py --preset demo --epochs 170 \(about \d+ minutes\), or add --pres"
    )
    with pytest.raises(OptionsError, match=message):
        refuse_months(seed, 900)
    refuse_months(fill_in("demo", {}), 900)
    refuse_months(seed | {"epochs": 1}, 900)


def test_what_suits_a_machine():
    assert recommend(1000, 128, gpu=True) == ["--preset", "best"]
    assert recommend(1000, 64, gpu=True) == ["--preset", "best", "--size", "64"]
    assert recommend(1000, 64, gpu=False) == recommend(1000, 128, gpu=False) == ["--preset", "demo", "--epochs", "150"]
    assert recommend(1000, 32, gpu=False)[2:4] == ["--size", "32"]
    assert recommend(10**6, 64, gpu=False)[-1] == "34"  # never fewer than the preset's


def test_a_machine_without_a_gpus_device_starts_no_keras(monkeypatch):
    monkeypatch.setattr(recommendation, "GPU_DEVICES", ("/dev/nonesuch",))
    assert not recommendation.has_gpu()
    monkeypatch.setattr(recommendation, "GPU_DEVICES", (str(Path(__file__)),))
    assert recommendation.has_gpu() is False  # There is a device's file, and Keras finds no GPU behind it.


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 minute"),
        (1500, "25 minutes"),
        (3600 * 7, "7 hours"),
        (86_400 * 45, "45 days"),
        (8_640_000, "3 months"),
    ],
)
def test_durations_in_words(seconds, words):
    assert describe_duration(seconds) == words


def test_cores_are_counted():
    assert parallel.cores() >= 1
