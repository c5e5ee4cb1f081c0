"""Training runs in one process: what a collapse, a kill, a full disk and a lost folder do to them."""

from __future__ import annotations

import json
import os
import resource
import signal

import numpy as np
import pytest
from PIL import Image

keras = pytest.importorskip("keras")

from tiny_gan import PICTURES, SEED, make_metrics, shared, state  # noqa: E402

from demicouture import cli, files  # noqa: E402
from demicouture.dcgan.inference import load_generator  # noqa: E402
from demicouture.errors import InputError  # noqa: E402
from demicouture.latents import sample_prior  # noqa: E402
from demicouture.training import callbacks, checkpoints, collapse, training_loop  # noqa: E402
from demicouture.training.generator_metrics import NAMES, GeneratorMetrics  # noqa: E402
from demicouture.training.history import best_row  # noqa: E402

METRICS = make_metrics()


class Run:
    """A run of two steps each epoch: what train_dcgan.py does, with a GAN that was compiled before."""

    def __init__(
        self,
        folder,
        epochs: int = 6,
        on_collapse: str = "warn",
        *,
        pictures: np.ndarray = PICTURES,
        tensorboard: bool = False,
        evaluate_every: int = 5,
        metrics: GeneratorMetrics = METRICS,
        share: float = 1e9,  # A checkpoint after each epoch.
    ):
        (folder / "options.json").write_text("{}")
        self.gan, self.messages = shared(pictures), []
        self.folder, self.epochs, self.on_collapse, self.tensorboard = folder, epochs, on_collapse, tensorboard
        self.evaluate_every, self.metrics, self.share = evaluate_every, metrics, share
        report = self.messages.append
        self.loop = training_loop.TrainingLoop(self.gan, folder, epochs, 1, on_collapse, report)

    def train(self, *before: keras.callbacks.Callback) -> dict:
        folder, epochs, report = self.folder, self.epochs, self.messages.append
        self.loop.resume()
        while self.loop.goes_on():
            done = self.gan.epochs_done
            history = callbacks.History(folder, done, epochs, self.metrics, self.evaluate_every)
            boards = []
            if self.tensorboard:
                from demicouture.training.tensorboard import TensorBoard

                boards = [TensorBoard(folder, history, done)]
            progress = callbacks.Progress(epochs, True, report, history)
            with callbacks.Interruption() as interruption, progress:
                self.gan.fit(
                    self.gan.batches.steps(),
                    initial_epoch=done,
                    epochs=epochs,
                    shuffle=False,
                    verbose=0,
                    callbacks=[
                        callbacks.EpochOrder(SEED),
                        *before,
                        progress,
                        history,
                        callbacks.Samples(folder, sample_prior(4, 0), epochs),
                        *boards,
                        callbacks.Checkpoints(folder, 1, history, interruption, self.share),
                        callbacks.CollapseWatch(folder, done, self.on_collapse != "warn", report),
                    ],
                )
        return self.loop.finish()


class Poison(keras.callbacks.Callback):
    """Makes a weight NaN at the beginning of an epoch: what a gradient that overflows does."""

    def __init__(self, epoch: int, attempts: int):
        super().__init__()
        self.epoch, self.attempts = epoch, attempts

    def on_epoch_begin(self, epoch, logs=None):
        if epoch + 1 == self.epoch and int(self.model.rollbacks.numpy()) < self.attempts:
            kernel = self.model.generator.trainable_variables[0]
            kernel.assign(np.full(kernel.shape, np.nan, np.float32))


class At(keras.callbacks.Callback):
    """Does something before the first step of an epoch, or before the second."""

    def __init__(self, epoch: int, action, step: int = 0):
        super().__init__()
        self.wanted, self.action = (epoch, step), action
        self.epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch + 1

    def on_train_batch_begin(self, batch, logs=None):
        if (self.epoch, batch) == self.wanted:
            self.action()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> tuple[list[np.ndarray], list[dict[str, str]]]:
    """The state of a run of six epochs at its end, and its log without its speed."""
    run = Run(tmp_path_factory.mktemp("undisturbed"))
    run.train()
    return state(run.gan), log(run.folder)


def log(folder) -> list[dict[str, str]]:
    return [{name: value for name, value in row.items() if name != "images_per_second"} for row in rows(folder)]


def ends_like(undisturbed, run: Run) -> bool:
    """Trains to the end, and compares what came out with the undisturbed run, bit for bit."""
    run.train()
    same = [(one == other).all() for one, other in zip(state(run.gan), undisturbed[0], strict=True)]
    saved = [load_generator(run.folder / f"{name}.keras").get_weights() for name in ("generator-last", "generator")]
    last = [(one == other).all() for one, other in zip(saved[0], run.gan.ema_generator().get_weights(), strict=True)]
    return all(same) and all(last) and log(run.folder) == undisturbed[1]


def rows(folder) -> list[dict[str, str]]:
    return files.read_csv(folder / "history.csv", ["epoch"])


def steps_of_checkpoints(folder) -> list[int]:
    return sorted(int(path.stem.removeprefix("step-")) for path in (folder / "checkpoints").glob("step-*.npz"))


class Killed(BaseException):
    """Ends everything where it is raised."""


@pytest.mark.parametrize("number", [pytest.param(1, marks=pytest.mark.both_backends), 2])
def test_killed_between_any_two_files_it_ends_with_the_same_bits(undisturbed, tmp_path, monkeypatch, number):
    replace = os.replace
    # Other moments every time: one that fails would be a find. Six epochs write some 20 files.
    moments = set(np.random.default_rng().integers(2, 20, 2).tolist())
    done = []

    def replace_or_die(source, target):
        done.append(target)
        if len(done) in moments:
            raise Killed(f"instead of {target}")
        replace(source, target)

    monkeypatch.setattr(os, "replace", replace_or_die)
    for _ in range(3):
        try:
            assert ends_like(undisturbed, Run(tmp_path)), done
            return
        except Killed:
            pass
    raise AssertionError(moments)


def test_ctrl_c_ends_at_a_step_and_what_is_resumed_ends_with_the_same_bits(undisturbed, tmp_path):
    def interrupt():
        signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    # The epoch under way is lost, and nothing else.
    with pytest.raises(KeyboardInterrupt):
        Run(tmp_path, 5).train(At(3, interrupt))
    assert [row["epoch"] for row in rows(tmp_path)] == ["1", "2"]
    assert steps_of_checkpoints(tmp_path)[-1] == 4
    assert signal.getsignal(signal.SIGINT) == before
    # In an epoch's last step the epoch is done first.
    with pytest.raises(KeyboardInterrupt):
        Run(tmp_path, 6).train(At(4, interrupt, step=1))
    assert steps_of_checkpoints(tmp_path)[-1] == 8
    run = Run(tmp_path)
    assert ends_like(undisturbed, run)
    assert run.messages == [f"going on from {checkpoints.path_of(tmp_path / 'checkpoints', 8)}, after epoch 4"]


def test_where_the_last_checkpoint_is_older_than_the_epoch_under_way_ctrl_c_waits_for_its_end(tmp_path):
    with pytest.raises(KeyboardInterrupt):  # The first epoch is always followed by a checkpoint, and here no other is.
        Run(tmp_path, share=1e-9).train(At(3, lambda: signal.raise_signal(signal.SIGINT)))
    assert [row["epoch"] for row in rows(tmp_path)] == ["1", "2", "3"]
    assert steps_of_checkpoints(tmp_path) == [2, 6]


def test_a_lost_folder_stops_the_run_and_put_back_it_goes_on(undisturbed, tmp_path, capsys):
    output, away = tmp_path / "run", tmp_path / "away"
    output.mkdir()
    run = Run(output)
    assert cli.run(lambda: run.train(At(2, lambda: output.rename(away), step=1))) == 1
    message = capsys.readouterr().err
    assert message.startswith(f"error: {output}: no longer there (moved, deleted, or its disk is gone); put it back")
    assert message.count("\n") == 1
    assert not output.exists()  # nothing began anew there
    away.rename(output)
    assert ends_like(undisturbed, Run(output))


def test_a_full_disk_stops_the_run_in_one_line_with_a_checkpoint_to_go_on_from(undisturbed, tmp_path, capsys):
    # No file may grow beyond so much from the third epoch on: a checkpoint is cut off, as on a full disk.
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    fill = At(3, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1])))
    run = Run(tmp_path)
    try:
        assert cli.run(lambda: run.train(fill)) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    told = capsys.readouterr().err
    assert told.startswith("error: a file cannot grow (a limit, or the disk is full); free some space and run: ")
    assert told.count("\n") == 1
    assert steps_of_checkpoints(tmp_path)[-1] == 4
    assert not list(tmp_path.rglob(".*"))
    assert ends_like(undisturbed, Run(tmp_path))


def test_losses_that_are_nan_end_the_run_and_replace_no_checkpoint(tmp_path):
    run = Run(tmp_path, 6)
    with pytest.raises(
        InputError,
        match=r"losses or weights are no longer numbers, noticed after epoch 4; add --on-collapse rollback to",
    ):
        run.train(Poison(4, attempts=1))
    assert run.messages == ["collapse: losses or weights are no longer numbers, noticed after epoch 4; see history.png"]
    assert [row["d_loss"] for row in rows(tmp_path)][3:] == ["nan"]
    assert steps_of_checkpoints(tmp_path) == [2, 6]  # the best one's, and the last sound one's
    for name in ("generator", "generator-last"):
        assert all(np.isfinite(values).all() for values in load_generator(tmp_path / f"{name}.keras").get_weights())


def test_a_rollback_goes_back_to_the_best_generator_and_a_killed_one_is_done_again(tmp_path):
    run = Run(tmp_path, 6, "rollback")
    run.train(Poison(3, attempts=1))
    record = {"epoch": 3, "back_to": 1, "reason": "losses or weights are no longer numbers"}
    assert json.loads((tmp_path / collapse.RECORD).read_text()) == [record]
    assert run.messages[1:] == [
        "rollback 1 of 3: on from epoch 1, the best generator's, with new random numbers and half the learning rates"
    ]
    assert float(run.gan.optimizer.generator.learning_rate.numpy()) == pytest.approx(1e-3 / 2)
    found = rows(tmp_path)
    assert [row["epoch"] for row in found] == ["1", "2", "3", "4", "5", "6"]
    assert all(np.isfinite(float(row["d_loss"])) for row in found)
    best = best_row(found)
    assert steps_of_checkpoints(tmp_path) == sorted({int(best["step"]), 12})
    with Image.open(tmp_path / "samples.gif") as animation:
        assert animation.n_frames == 4  # epochs 1, 2, 5 and 6

    # A process that wrote down a rollback and was killed before it was done.
    back_to = int(best["epoch"])
    files.write_json(tmp_path / collapse.RECORD, [record, {"epoch": 6, "back_to": back_to, "reason": "a test"}])
    resumed = Run(tmp_path, 7)
    resumed.train()
    assert resumed.messages[-1].startswith(f"rollback 2 of 3: on from epoch {back_to}, the best generator's")
    assert int(resumed.gan.rollbacks.numpy()) == 2
    assert float(resumed.gan.optimizer.generator.learning_rate.numpy()) == pytest.approx(1e-3 / 4)
    assert [row["epoch"] for row in rows(tmp_path)] == ["1", "2", "3", "4", "5", "6", "7"]


def test_where_quality_is_not_judged_a_run_goes_back_all_the_same_and_a_generator_is_there_all_along(tmp_path):
    run = Run(tmp_path, 6, "rollback", metrics=GeneratorMetrics(None, 0, 8))
    there = []
    run.train(Poison(3, attempts=1), At(2, lambda: there.append((tmp_path / "generator.keras").exists())))
    assert len(run.messages) == 2
    assert run.messages[1].startswith("rollback 1 of 3: on from epoch 2, the latest that was kept, with new random num")
    assert there == [True]
    assert [row["epoch"] for row in rows(tmp_path)] == ["1", "2", "3", "4", "5", "6"]
    last, kept = (load_generator(tmp_path / f"{name}.keras").get_weights() for name in ("generator-last", "generator"))
    assert all((one == other).all() for one, other in zip(last, kept, strict=True))


def test_rollbacks_are_bounded_and_need_something_to_go_back_to(tmp_path):
    run = Run(tmp_path, 6, "rollback")
    with pytest.raises(
        InputError, match="no checkpoint of an evaluated generator to go back to; begin anew with --fresh"
    ):
        run.loop._plan_rollback("a test", 0)
    with pytest.raises(
        InputError, match="it did so after 3 rollbacks, too; generator.keras is the best one; begin anew"
    ):
        run.train(Poison(3, attempts=99))
    assert len([line for line in run.messages if line.startswith("rollback")]) == 3


def test_a_discriminator_that_won_is_warned_of_once_and_marked_and_may_stop_the_run(monkeypatch, tmp_path):
    # A generator that never learns has lost soon where all photographs are bright.
    monkeypatch.setattr(collapse, "LONG", 3)
    bright = PICTURES // 4 + 192

    def unfair(epochs: int, on_collapse: str) -> Run:
        run = Run(tmp_path, epochs, on_collapse, pictures=bright, metrics=make_metrics(bright), share=1e-9)
        run.gan.optimizer.generator.learning_rate = 0.0
        run.gan.optimizer.discriminator.learning_rate = 0.02
        return run

    run = unfair(20, "warn")
    run.train()
    warnings = [line for line in run.messages if line.startswith("collapse: the discriminator recognises every pict")]
    assert len(warnings) >= 1
    marks = collapse.all_collapses(rows(tmp_path))
    assert len(marks) == len(run.messages)
    assert f"noticed after epoch {marks[0][0]};" in warnings[0]
    assert (tmp_path / "history.png").exists()

    assert collapse.find_collapse(rows(tmp_path)) is not None
    with pytest.raises(
        InputError, match="the discriminator recognises every picture, and teaches nothing any more, not"
    ):
        unfair(30, "stop").train()
    assert len(rows(tmp_path)) == 20


def test_the_best_generator_is_kept_beside_the_last_and_tensorboard_is_given_every_number(monkeypatch, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    distances = iter((30.0, 10.0, 20.0))
    metrics = make_metrics()
    monkeypatch.setattr(
        metrics,
        "compute",
        lambda generator: dict(zip(NAMES, (distance := next(distances), distance - 1, distance + 1, 0.5), strict=True)),
    )
    Run(tmp_path, 3, tensorboard=True, evaluate_every=1, metrics=metrics).train()
    assert steps_of_checkpoints(tmp_path) == [4, 6]
    best, last = (load_generator(tmp_path / f"{name}.keras").get_weights() for name in ("generator", "generator-last"))
    assert any((one != other).any() for one, other in zip(best, last, strict=True))
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    for name in ("d_loss", "nearest_neighbour_diversity", "distance", "progress"):
        values = {event.step: event.value for event in events.Scalars(name)}
        assert values == pytest.approx({int(row["epoch"]): float(row[name]) for row in rows(tmp_path)}, rel=1e-6)
    pictures = events.Images("samples")
    assert [picture.step for picture in pictures] == [1, 2, 3]
    assert pictures[1].encoded_image_string == (tmp_path / "samples/epoch-00002.png").read_bytes()

    (tmp_path / "generator.keras").unlink()
    resumed = Run(tmp_path, 3)
    resumed.train()
    again = load_generator(tmp_path / "generator.keras").get_weights()
    assert all((one == other).all() for one, other in zip(best, again, strict=True))
    assert int(resumed.gan.step.numpy()) == 6
