import pytest

from demicouture import parallel
from demicouture.errors import OptionsError
from demicouture.training import recommendation
from demicouture.training.presets import fill_in
from demicouture.training.recommendation import describe_duration, estimate_seconds, recommend, refuse_months

MEASURED = [
    # Seconds a step on two cores: benchmarks/README.md's; the demonstration with a discriminator half as wide, without
    # an encoder and with it, and as it is.
    (fill_in("seed", {"width": 0.25, "epochs": 1}), 0.906),
    (fill_in("demo", {"discriminator_width": 1.0, "encoder": "afterwards", "epochs": 1}), 0.15),
    (fill_in("demo", {"discriminator_width": 1.0, "epochs": 1}), 0.171),
    (fill_in("demo", {"epochs": 1}), 0.32),
    (fill_in("best", {"epochs": 1}), 0.5),
]


@pytest.mark.parametrize(("options", "seconds"), MEASURED)
def test_estimates_are_near_what_was_measured(options, seconds):
    assert estimate_seconds(options, options["batch_size"], cores=2) == pytest.approx(seconds, rel=0.3)


def test_the_seeds_run_takes_months_and_is_asked_for_by_name(monkeypatch):
    monkeypatch.setattr(recommendation, "cores", lambda: 2)
    monkeypatch.setattr(recommendation, "GPU_DEVICES", ())
    seed = fill_in("seed", {})
    message = r"about \d+ days here; run: .*train_dcgan.py --preset best --size 64 \(about \d+ minutes\), or add --pre"
    with pytest.raises(OptionsError, match=message):
        refuse_months(seed, 900)
    refuse_months(fill_in("demo", {}), 900)
    refuse_months(seed | {"epochs": 1}, 900)


def test_what_suits_a_machine(monkeypatch):
    monkeypatch.setattr(recommendation, "cores", lambda: 2)
    assert recommend(1000, 128, gpu=True) == ["--preset", "best"]
    assert recommend(1000, 64, gpu=True) == ["--preset", "best", "--size", "64"]
    assert recommend(1000, 64, gpu=False) == recommend(1000, 128, gpu=False) == ["--preset", "best", "--size", "64"]
    assert recommend(1000, 32, gpu=False)[2:] == ["--size", "32"]
    *_, flag, epochs = recommend(10**5, 64, gpu=False)
    hours = estimate_seconds(fill_in("best", {"size": 64, "epochs": int(epochs)}), 10**5, cores=2) / 3600
    assert flag == "--epochs" and 10 < hours <= 12
    monkeypatch.setattr(recommendation, "cores", lambda: 16)
    assert recommend(1000, 128, gpu=False) == ["--preset", "best"]


def test_a_machine_without_a_gpus_device_has_none(monkeypatch):
    monkeypatch.setattr(recommendation, "GPU_DEVICES", ("/dev/nonesuch",))
    assert not recommendation.has_gpu()


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
