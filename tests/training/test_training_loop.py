"""A run whose game is lost, as it happens on the Keras backend in use (``make test`` runs this on both)."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

keras = pytest.importorskip("keras")

from demicouture import files  # noqa: E402
from demicouture.dcgan.inference import load_generator  # noqa: E402
from demicouture.errors import InputError  # noqa: E402
from demicouture.latents import sample_prior  # noqa: E402
from demicouture.training import callbacks, collapse  # noqa: E402
from demicouture.training.generator_metrics import NAMES, Measures  # noqa: E402
from demicouture.training.training_loop import Run, build_gan  # noqa: E402

PICTURES = np.random.default_rng(0).integers(0, 256, (10, 32, 32, 3), dtype=np.uint8)


def describe(pictures: np.ndarray) -> np.ndarray:
    return pictures[:, ::8, ::8].reshape(len(pictures), -1).astype(np.float32)


@pytest.fixture
def start(tmp_path):
    """Returns a run of two steps each epoch, in a folder of its own, and what it reports."""
    files.write_json(tmp_path / "options.json", {})

    def begin(
        epochs: int = 6, on_collapse: str = "warn", tensorboard: bool = False, pictures: np.ndarray = PICTURES
    ) -> tuple[Run, list[str]]:
        model = build_gan(
            pictures,
            width=1 / 32,
            discriminator_width=1 / 32,
            batch_size=4,
            learning_rate=1e-3,
            discriminator_learning_rate=1e-3,
            augment=False,
            flips=False,
            ema=0.9,
            fresh_fakes=False,
            seed=2,
        )
        told: list[str] = []
        return Run(
            model,
            tmp_path,
            epochs,
            sample_prior(4, 0),
            seed=2,
            kept=1,
            measures=Measures(pictures, describe, seed=0),
            on_collapse=on_collapse,
            tensorboard=tensorboard,
            quiet=True,
            report=told.append,
        ), told

    return begin


@pytest.fixture
def poison(monkeypatch):
    """Makes a weight no number at the beginning of an epoch: what a gradient that overflows does."""

    def at(epoch: int, attempts: int) -> None:
        begin = callbacks.EpochOrder.on_epoch_begin

        def poisoned(self, number, logs=None):
            begin(self, number, logs)
            if number + 1 == epoch and int(self.model.rollbacks.numpy()) < attempts:
                kernel = self.model.generator.trainable_variables[0]
                kernel.assign(np.full(kernel.shape, np.nan, np.float32))

        monkeypatch.setattr(callbacks.EpochOrder, "on_epoch_begin", poisoned)

    return at


def rows(folder) -> list[dict[str, str]]:
    return files.read_csv(folder / "history.csv", ["epoch"])


def steps_of_checkpoints(folder) -> list[int]:
    return sorted(int(path.stem.removeprefix("step-")) for path in (folder / "checkpoints").glob("step-*.npz"))


def test_numbers_that_are_none_end_the_run_and_replace_no_checkpoint(start, poison, tmp_path):
    poison(4, attempts=1)
    run, told = start(6)
    with pytest.raises(
        InputError,
        match=r"losses or weights are no longer numbers, noticed after epoch 4; add --on-collapse rollback to",
    ):
        run.train()
    assert told == ["collapse: losses or weights are no longer numbers, noticed after epoch 4; see history.png"]
    assert [row["d_loss"] for row in rows(tmp_path)][3:] == ["nan"]
    assert steps_of_checkpoints(tmp_path) == [2]  # the best one's; nothing was due since
    for name in ("generator", "generator-last"):
        assert all(np.isfinite(values).all() for values in load_generator(tmp_path / f"{name}.keras").get_weights())


def test_a_rollback_goes_back_to_the_best_generator_and_a_killed_one_is_done_again(start, poison, tmp_path):
    poison(3, attempts=1)
    run, told = start(6, "rollback")
    run.train()
    record = {"epoch": 3, "back_to": 1, "reason": "losses or weights are no longer numbers"}
    assert json.loads((tmp_path / collapse.RECORD).read_text()) == [record]
    assert told[1:] == [
        "rollback 1 of 3: on from epoch 1, the best generator's, with new random numbers and half the learning rates"
    ]
    assert float(run.model.optimizer.generator.learning_rate.numpy()) == pytest.approx(1e-3 / 2)
    found = rows(tmp_path)
    assert [row["epoch"] for row in found] == ["1", "2", "3", "4", "5", "6"]
    assert all(np.isfinite(float(row["d_loss"])) for row in found)
    best = min((row for row in found if row["swd"]), key=lambda row: float(row["swd"]))
    assert steps_of_checkpoints(tmp_path) == sorted({int(best["step"]), 12})
    with Image.open(tmp_path / "samples.gif") as animation:
        assert animation.n_frames == 4  # epochs 1, 2, 5 and 6

    # A process that wrote down a rollback and was killed before it was done.
    back_to = int(best["epoch"])
    files.write_json(tmp_path / collapse.RECORD, [record, {"epoch": 6, "back_to": back_to, "reason": "a test"}])
    resumed, told = start(7)
    resumed.train()
    assert told[-1].startswith(f"rollback 2 of 3: on from epoch {back_to}, the best generator's")
    assert int(resumed.model.rollbacks.numpy()) == 2
    assert float(resumed.model.optimizer.generator.learning_rate.numpy()) == pytest.approx(1e-3 / 4)
    assert [row["epoch"] for row in rows(tmp_path)] == ["1", "2", "3", "4", "5", "6", "7"]


def test_rollbacks_are_bounded_and_need_something_to_go_back_to(start, poison):
    poison(3, attempts=99)
    run, told = start(6, "rollback")
    with pytest.raises(
        InputError, match="no checkpoint of a measured generator to go back to; begin anew with --fresh"
    ):
        run._plan_rollback("a test", 0)
    with pytest.raises(
        InputError, match="it did so after 3 rollbacks, too; generator.keras is the best one; begin anew"
    ):
        run.train()
    assert len([line for line in told if line.startswith("rollback")]) == 3


def test_a_discriminator_that_won_is_warned_of_once_and_marked_and_may_stop_the_run(start, monkeypatch, tmp_path):
    # A generator that never learns has lost soon where all photographs are bright.
    monkeypatch.setattr(collapse, "LONG", 3)
    bright = PICTURES // 4 + 192

    def unfair(epochs: int, on_collapse: str) -> tuple[Run, list[str]]:
        run, told = start(epochs, on_collapse, pictures=bright)
        run.model.optimizer.generator.learning_rate = 0.0
        run.model.optimizer.discriminator.learning_rate = 0.02
        return run, told

    run, told = unfair(20, "warn")
    run.train()
    warnings = [line for line in told if line.startswith("collapse: the discriminator tells all pictures apart")]
    assert len(warnings) >= 1
    marks = collapse.all_collapses(rows(tmp_path))
    assert len(marks) == len(told)
    assert f"noticed after epoch {marks[0][0]};" in warnings[0]
    assert (tmp_path / "history.png").exists()

    assert collapse.find_collapse(rows(tmp_path)) is not None
    again, _ = unfair(30, "stop")
    with pytest.raises(
        InputError, match="the discriminator tells all pictures apart, and teaches nothing any more, not"
    ):
        again.train()
    assert len(rows(tmp_path)) == 20


def test_below_the_floor_precision_and_recall_say_which_generator_is_best():
    def row(epoch: int, *values: float) -> dict[str, str]:
        return {"epoch": str(epoch), **{name: repr(value) for name, value in zip(NAMES, values, strict=True)}}

    unmeasured = {"epoch": "2", **dict.fromkeys(NAMES, "")}
    assert callbacks.best_row([unmeasured]) is None
    above = [row(1, 50.0, 40.0, 0.9, 0.9), unmeasured, row(5, 41.0, 40.0, 0.0, 0.0), row(6, 41.0, 40.0, 0.0, 0.0)]
    assert callbacks.best_row(above)["epoch"] == "5"
    # Means 2 / (1 / 0.9 + 1 / 0.1) = 0.18 and 2 / (1 / 0.4 + 1 / 0.6) = 0.48; the latter is further, but below.
    below = [row(10, 35.0, 40.0, 0.9, 0.1), row(15, 39.0, 40.0, 0.4, 0.6), row(20, 38.0, 40.0, 0.0, 0.0)]
    assert callbacks.best_row([*above, *below])["epoch"] == "15"


def test_the_best_generator_is_kept_beside_the_last_and_tensorboard_is_given_every_figure(start, monkeypatch, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    monkeypatch.setattr(callbacks, "MEASURE_EVERY", 1)
    run, _ = start(3, tensorboard=True)
    distances = iter((30.0, 10.0, 20.0))
    monkeypatch.setattr(
        run.measures,
        "measure",
        lambda generator: {"swd": next(distances), "swd_floor": 5.0, "precision": 0.5, "recall": 0.5},
    )
    run.train()
    assert steps_of_checkpoints(tmp_path) == [4, 6]
    best, last = (load_generator(tmp_path / f"{name}.keras").get_weights() for name in ("generator", "generator-last"))
    assert any((one != other).any() for one, other in zip(best, last, strict=True))
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    for name in ("d_loss", "variety", "swd", "recall"):
        values = {event.step: event.value for event in events.Scalars(name)}
        assert values == pytest.approx({int(row["epoch"]): float(row[name]) for row in rows(tmp_path)}, rel=1e-6)
    pictures = events.Images("samples")
    assert [picture.step for picture in pictures] == [1, 2, 3]
    assert pictures[1].encoded_image_string == (tmp_path / "samples/epoch-00002.png").read_bytes()

    (tmp_path / "generator.keras").unlink()
    resumed, _ = start(3)
    resumed.train()
    again = load_generator(tmp_path / "generator.keras").get_weights()
    assert all((one == other).all() for one, other in zip(best, again, strict=True))
    assert int(resumed.model.step.numpy()) == 6


def test_measures_are_taken_often_at_first_and_seldom_later():
    taken = [epoch for epoch in range(1, 2001) if callbacks.is_measured(epoch, 1999)]
    assert taken[:5] == [1, 5, 10, 15, 20]
    assert [epoch for epoch in taken if 90 <= epoch <= 150] == [90, 95, 100, 125, 150]
    assert [epoch for epoch in taken if epoch >= 975] == [975, 1000, 1250, 1500, 1750, 1999, 2000]


def test_measures_tell_photographs_from_noise_and_are_the_same_twice(start):
    random = np.random.default_rng(1)
    shapes = np.full((40, 32, 32, 3), 240, np.uint8)
    for picture in shapes:
        left, top = random.integers(2, 12, 2)
        picture[top : top + 16, left : left + 16] = random.integers(0, 200, 3)
    measures = Measures(shapes, describe, seed=0)
    run, _ = start()
    generator = run.model.ema_generator()
    found = measures.measure(generator)
    assert found == measures.measure(generator)
    assert found["swd_floor"] == measures.floor and found["swd"] > 2 * measures.floor
    assert (found["precision"], found["recall"]) == (0, 0)
