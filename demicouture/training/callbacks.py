"""Keras callbacks of a training run: shuffling, the log and its metrics, samples, checkpoints, Ctrl-C, progress."""

from __future__ import annotations

import csv
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from demicouture.dcgan.inference import render
from demicouture.dcgan.serialization import save_network
from demicouture.files import write_csv
from demicouture.images import save_png
from demicouture.language import _
from demicouture.progress import progress_bar
from demicouture.training import checkpoints
from demicouture.training.checkpoints import still_there
from demicouture.training.collapse import find_collapse, is_finite, looks_sound
from demicouture.training.devices import on_one_device
from demicouture.training.gan import GAN
from demicouture.training.generator_metrics import NAMES, GeneratorMetrics
from demicouture.training.history import COLUMNS, best_row, draw_history, read_rows, row_to_keep, sample_path
from demicouture.training.recommendation import LONG_RUN_HOURS, describe_duration
from demicouture.visualization import grid

EVALUATE_EVERY = 5
"""Epochs between two evaluations of the generator, below epoch 100."""

LOSSES = ("d_loss", "g_loss", "d_real", "d_fake")
"""What the progress line shows of a step."""

SAVING_SHARE = 0.05
"""The largest share of a run's time that writing checkpoints may take: where epochs are shorter than twenty times that,
not every one of them is followed by one."""

SHOWING_SECONDS = 30
"""The least time between two drawings of the curves, which take about a second, within a run."""


def epoch_order(seed: int, epoch: int, rows: np.ndarray, wanted: int, rollbacks: int = 0) -> np.ndarray:
    """Returns an epoch's pictures, int32 (wanted,): the first of a permutation of the rows that are trained on.

    What does not fill a last batch is left out, other pictures in every epoch. An epoch that is done again after a
    rollback takes another order.
    """
    return np.random.default_rng([seed, epoch, rollbacks]).permutation(rows)[:wanted].astype(np.int32)


def epoch_losses(model: GAN, logs: Mapping[str, Any]) -> dict[str, float]:
    """Returns what an epoch logged; the losses are NaN if a network's weights are.

    Such a network may go on having a loss: TensorFlow's ReLU on a CPU takes NaN for 0.
    """
    losses = {name: float(value) for name, value in logs.items()}
    return losses if model.is_sound() else losses | {"d_loss": np.nan, "g_loss": np.nan}


def is_evaluated(epoch: int, last: int, every: int = EVALUATE_EVERY) -> bool:
    """Returns whether a generator is evaluated after so many epochs: after the first, the last, and now and then.

    Below epoch 100 it is every fifth one, then every 25th, from 1000 on every 250th: on two cores an evaluation takes
    as long as a twentieth of five epochs of a thousand small pictures, and on a GPU epochs are shorter but more.
    """
    return epoch in (1, last) or epoch % (every ** (1 + (epoch >= 100)) * (10 if epoch >= 1000 else 1)) == 0


class EpochOrder(keras.callbacks.Callback):
    """Shuffles the pictures anew at the beginning of each epoch."""

    def __init__(self, seed: int):
        """Takes the run's seed."""
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch, logs=None):
        """Sets the order."""
        batches, rollbacks = self.model.batches, int(self.model.rollbacks.numpy())
        batches.set_order(epoch_order(self.seed, epoch, batches.rows, batches.order.shape[0], rollbacks))


class History(keras.callbacks.Callback):
    """Writes ``history.csv``, a row for each epoch, and evaluates the generator now and then.

    Must stand before the callbacks that take time, so that ``images_per_second`` counts steps only.

    Attributes:
        row: The epoch's row, when it is done.
        latest: The generator's latest metrics, or nothing.
        best: The row of the best generator so far, see :func:`demicouture.training.history.row_to_keep`, or None.
    """

    def __init__(
        self,
        folder: Path,
        epochs_done: int,
        last_epoch: int,
        metrics: GeneratorMetrics,
        evaluate_every: int = EVALUATE_EVERY,
    ):
        """Takes the run's folder, keeps the rows of the epochs that are done, and takes what evaluates a generator."""
        super().__init__()
        self.path, self.last_epoch, self.metrics = folder / "history.csv", last_epoch, metrics
        self.evaluate_every = evaluate_every
        rows = read_rows(folder, epochs_done)
        write_csv(self.path, COLUMNS, rows)
        evaluated = [row for row in rows if row["distance"]]
        self.latest = {name: float(evaluated[-1][name]) for name in NAMES} if evaluated else {}
        self._evaluated: list[Mapping[str, Any]] = evaluated
        self.best = row_to_keep(folder, rows)
        self.row: dict[str, float] = {}
        self.started = self.first_step = 0

    @property
    def best_step(self) -> int | None:
        """The step after which the generator was the best one so far."""
        return self.best and int(self.best["step"])

    def on_epoch_begin(self, epoch, logs=None):
        """Forgets the last epoch's time."""
        self.started, self.first_step = 0, int(self.model.step.numpy())

    def on_train_batch_begin(self, batch, logs=None):
        """Starts the clock at the first step."""
        self.started = self.started or time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Appends a row; one short line, written at once, so that a kill leaves a whole row or a half last one."""
        seconds = time.perf_counter() - self.started
        step = int(self.model.step.numpy())
        row = {"epoch": epoch + 1, "step": step, **epoch_losses(self.model, logs)}
        row["images_per_second"] = (step - self.first_step) * self.model.batches.batch_size / seconds
        if is_evaluated(epoch + 1, self.last_epoch, self.evaluate_every) and is_finite(row):
            self.latest = self.metrics.compute(self.model.ema_generator())
            row |= self.latest
            if self.latest:
                self._evaluated.append(row)
                self.best = best_row(self._evaluated)
            elif not self._evaluated and looks_sound(row):
                self.best = row
        with still_there(self.path.parent), open(self.path, "a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, COLUMNS).writerow(row)
        self.row = row


class Samples(keras.callbacks.Callback):
    """Renders the same latents after epochs 1, 2, 5, 10, 20, 50, … and after the last."""

    def __init__(self, folder: Path, latents: np.ndarray, last_epoch: int):
        """Takes the run's folder and the latents, float32 (n, latent_dim)."""
        super().__init__()
        self.folder, self.latents, self.last_epoch = folder, latents, last_epoch

    def on_epoch_end(self, epoch, logs=None):
        """Renders a grid, if it is this epoch's turn."""
        done = epoch + 1
        round_number = str(done).rstrip("0") in ("1", "2", "5")
        if (round_number or done == self.last_epoch) and self.model.is_sound():
            with on_one_device():
                pictures = render(self.model.ema_generator(), self.latents)
            with still_there(self.folder):
                save_png(sample_path(self.folder, done), grid(pictures, columns=8))


class Interruption:
    """Listens for Ctrl-C and for a termination while it is entered; a second Ctrl-C ends the program at once.

    Attributes:
        requested: Whether there was one.
    """

    requested = False

    def __enter__(self) -> Interruption:
        """Listens from now on."""
        # SIGHUP ends a terminal; Windows has none, and nohup has it ignored.
        named = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
        numbers = [number for number in named if number and signal.getsignal(number) != signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._request) for number in numbers}
        return self

    def __exit__(self, *error: object) -> None:
        """Listens no longer."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _request(self, number, frame):
        self.requested = True
        signal.signal(signal.SIGINT, signal.default_int_handler)


class Checkpoints(keras.callbacks.Callback):
    """Saves at the end of epochs, and ends the run when Ctrl-C asks for it.

    A checkpoint is written after each epoch unless epochs are so short that it would take more than its share of the
    time, and always when the generator is better than ever, and at the end. Ctrl-C ends the run after the step under
    way, and that epoch is lost; where the last checkpoint is older than that, after the epoch, which is a short one.
    """

    def __init__(
        self,
        folder: Path,
        kept: int,
        history: History,
        interruption: Interruption,
        share: float = SAVING_SHARE,
    ):
        """Takes the run's folder, how many checkpoints to keep, what knows the best one, and what may end the run."""
        super().__init__()
        self.folder, self.kept, self.history, self.interruption = folder, kept, history, interruption
        self.share, self.unsaved = share, False
        self.save_from, self.show_from = 0.0, time.monotonic() + SHOWING_SECONDS

    def on_train_batch_end(self, batch, logs=None):
        """Ends the run if asked to, and if only the epoch under way is lost by that."""
        if self.interruption.requested and not self.unsaved and batch + 1 < self.params["steps"]:
            raise KeyboardInterrupt

    def on_epoch_end(self, epoch, logs=None):
        """Saves if it is time, and always when the generator is better than ever; ends the run if asked to."""
        self.unsaved = True
        is_best = self.history.best_step == int(self.model.step.numpy())
        is_time_to_show = time.monotonic() >= self.show_from
        if is_best or self.interruption.requested or time.monotonic() >= self.save_from:
            self._save()
        if is_best or is_time_to_show:
            self._save_generator(is_best)
        if is_time_to_show:
            with still_there(self.folder):
                draw_history(self.folder, epoch + 1)
            self.show_from = time.monotonic() + SHOWING_SECONDS
        if self.interruption.requested:
            raise KeyboardInterrupt

    def on_train_end(self, logs=None):
        """Saves what is not saved yet."""
        if self.unsaved:
            self._save()

    def _save(self) -> None:
        """Writes a checkpoint; a run whose losses are NaN replaces nothing that is worth something."""
        if is_finite(self.history.row):
            began = time.monotonic()
            with still_there(self.folder):
                checkpoints.save(self.folder / "checkpoints", self.model, self.kept, spared=self.history.best_step)
            self.unsaved = False
            self.save_from = time.monotonic() + (time.monotonic() - began) / self.share

    def _save_generator(self, is_best: bool) -> None:
        """Saves the generator as it is now, to be looked at while the run goes on."""
        if is_finite(self.history.row):
            with still_there(self.folder):
                save_network(self.model.ema_generator(), self.folder / "generator-last.keras")
                if is_best:
                    checkpoints.save_kept(self.folder, self.model)


class CollapseWatch(keras.callbacks.Callback):
    """Looks for a collapse after each epoch, and reports it once; must stand last."""

    def __init__(self, folder: Path, epochs_done: int, ends: bool, report: Callable[[str], None]):
        """Takes the run's folder with its log so far, whether a collapse ends the run, and how to print a message."""
        super().__init__()
        self.rows: list[Mapping[str, Any]] = [*read_rows(folder, epochs_done)]
        self.ends, self.report = ends, report
        self.collapse = find_collapse(self.rows)

    def on_epoch_end(self, epoch, logs=None):
        """Looks; a run whose losses are NaN ends in any case."""
        self.rows.append(epoch_losses(self.model, logs))
        before, self.collapse = self.collapse, find_collapse(self.rows)
        if self.collapse and not before:
            self.report(
                _("collapse: {collapse}, noticed after epoch {epoch}; see history.png").format(
                    collapse=_(self.collapse), epoch=epoch + 1
                )
            )
        if self.collapse and (self.ends or not is_finite(self.rows[-1])):
            self.model.stop_training = True


class Progress(keras.callbacks.Callback):
    """One line: epochs, images, images a second, time left, losses, accuracies, the last progress from noise.

    The line ends where its ``with`` block does, so that what is printed next has one of its own.
    """

    def __init__(self, epochs: int, quiet: bool, report: Callable[[str], None], history: History):
        """Takes the number of epochs, how to print a message, and what knows the generator's metrics."""
        super().__init__()
        self.epochs, self.quiet, self.report, self.history = epochs, quiet, report, history
        self.line: tqdm | None = None
        self.left = self.shown_steps = 0
        self.marks: list[float] = []
        self.shown_at = 0.0

    def on_train_begin(self, logs=None):
        """Shows the line, from where an earlier run had stopped."""
        model: GAN = self.model
        total, done = self.epochs * model.batches.steps_per_epoch, int(model.step.numpy())
        self.left = total - done
        self.line = progress_bar(
            title=_("training"),
            total=total,
            initial=done,
            unit=_("img"),
            unit_scale=model.batches.batch_size,
            quiet=self.quiet,
            smoothing=0.05,
            leave=True,
        )

    def on_epoch_begin(self, epoch, logs=None):
        """Names the epoch."""
        self.shown_steps = 0
        self.line.set_description(
            _("epoch {epoch}/{epochs}").format(epoch=epoch + 1, epochs=self.epochs), refresh=False
        )

    def on_train_batch_end(self, batch, logs=None):
        """Moves the line on, and reads the losses from the device now and then."""
        done = min(batch + 1, self.params["steps"]) - self.shown_steps
        self.shown_steps += done
        self.left -= done
        self.line.update(done)
        now = time.monotonic()
        if not self.line.disable and now - self.shown_at > 1:
            self.shown_at = now
            shown = {name: f"{float(logs[name]):.2f}" for name in LOSSES}
            if latest := self.history.latest:
                shown["progress"] = f"{latest['progress']:.0%}"
            self.line.set_postfix(shown, refresh=False)
        if len(self.marks) < 2:
            self._announce_duration(done, logs)

    def _announce_duration(self, done: int, logs) -> None:
        """Reports how long the run will take, if that is long: by the second step, for the first one compiles."""
        float(logs["d_loss"])  # JAX hands a step's result over before it is computed; this waits for it.
        self.marks.append(time.monotonic())
        if len(self.marks) == 2:
            hours = self.left / done * (self.marks[1] - self.marks[0]) / 3600
            if hours > LONG_RUN_HOURS:
                took = describe_duration(hours * 3600)
                self.report(
                    _(
                        "on this machine the whole run would take about {took}, measured; a GPU is the way out, or "
                        "--preset demo, a smaller --size, a smaller --width. It goes on now; Ctrl-C stops it, and what "
                        "is done is kept"
                    ).format(took=took)
                )

    def __enter__(self) -> Progress:
        """Returns itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Ends the line."""
        if self.line is not None:
            self.line.close()
