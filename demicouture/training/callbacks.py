"""What happens beside the steps: the order of the pictures, the log, samples, checkpoints, the progress line."""

from __future__ import annotations

import contextlib
import csv
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from demicouture.errors import InputError
from demicouture.figures import POLE_COLOURS, grid, plot
from demicouture.files import read_csv, write_csv
from demicouture.images import save_png
from demicouture.networks import save_network
from demicouture.rendering import render
from demicouture.training import checkpoints
from demicouture.training.devices import any_process, on_one_device
from demicouture.training.model import Adversary

COLUMNS = ("epoch", "step", "d_loss", "g_loss", "d_real", "d_fake", "images_per_second")

CHECKPOINT_SECONDS = 60
"""The least time between two checkpoints within a run."""

CHECKPOINT_SHARE = 0.05
"""The largest share of a run's time that writing checkpoints may take."""

LONG_RUN_HOURS = 12
"""Our choice: a run that takes longer than overnight is said to."""


def epoch_order(seed: int, epoch: int, pictures: int, wanted: int) -> np.ndarray:
    """Returns the positions of an epoch's pictures, int32 (wanted,): the first of a permutation.

    What does not fill a last batch is left out, other pictures in every epoch.
    """
    return np.random.default_rng([seed, epoch]).permutation(pictures)[:wanted].astype(np.int32)


class EpochOrder(keras.callbacks.Callback):
    """Shuffles the pictures anew at the beginning of each epoch."""

    def __init__(self, seed: int, partial_epoch: list[np.ndarray] | None = None):
        """Takes the run's seed, and the figures so far of an epoch that was stopped in its middle."""
        super().__init__()
        self.seed, self.partial_epoch = seed, partial_epoch

    def on_epoch_begin(self, epoch, logs=None):
        """Sets the model's order, and gives a stopped epoch its figures back, which ``fit`` has just reset."""
        model: Adversary = self.model
        model.set_order(epoch_order(self.seed, epoch, model.picture_count, model.order.shape[0]))
        if self.partial_epoch is not None:
            for variable, value in zip(model.metrics_variables, self.partial_epoch, strict=True):
                variable.assign(value)
            self.partial_epoch = None


class History(keras.callbacks.Callback):
    """Writes ``history.csv``, a row for each epoch, and draws ``history.png``.

    Must stand before the callbacks that take time, so that ``images_per_second`` counts steps only.
    """

    def __init__(self, folder: Path, done_epochs: int):
        """Takes the run's folder and keeps the rows of the epochs that are done."""
        super().__init__()
        self.path = folder / "history.csv"
        write_csv(self.path, COLUMNS, whole_rows(self.path, done_epochs))
        self.paused = 0.0
        self.started = self.first_step = 0

    def on_epoch_begin(self, epoch, logs=None):
        """Forgets the last epoch's time."""
        self.started, self.paused, self.first_step = 0, 0.0, int(self.model.step.numpy())

    def on_train_batch_begin(self, batch, logs=None):
        """Starts the clock at the first step."""
        self.started = self.started or time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Appends a row; one short line, written at once, so that a kill leaves a whole row or a half last one."""
        seconds = time.perf_counter() - self.started - self.paused
        step = int(self.model.step.numpy())
        if step % self.model.steps_per_epoch:
            return  # stopped within the epoch
        row = {"epoch": epoch + 1, "step": step, **{name: float(value) for name, value in logs.items()}}
        row["images_per_second"] = (step - self.first_step) * self.model.batch_size / seconds
        with still_there(self.path.parent), open(self.path, "a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, COLUMNS).writerow(row)

    def on_train_end(self, logs=None):
        """Draws the curves."""
        with still_there(self.path.parent):
            rows = read_csv(self.path, COLUMNS)
        if rows:
            draw_history(self.path.with_suffix(".png"), rows)


def whole_rows(path: Path, done_epochs: int) -> list[dict[str, str]]:
    """Returns the rows of the first ``done_epochs`` epochs.

    A run that was killed may have written rows after its last checkpoint, whose epochs are done again; and one that
    met a full disk may have left half a row, which is left out.
    """
    if not path.exists():
        return []
    with open(path, encoding="utf-8", errors="replace", newline="") as file:
        rows = list(csv.DictReader(file))
    whole = [row for row in rows if set(row) == set(COLUMNS) and None not in row.values() and row["epoch"].isdecimal()]
    return [row for row in whole if int(row["epoch"]) <= done_epochs]


def draw_history(path: Path, rows: list[dict[str, str]]) -> None:
    """Draws the losses and the discriminator's two accuracies over the epochs."""
    columns = {name: [float(row[name]) for row in rows] for name in COLUMNS}
    with plot(path, width=8, height=6, rows=2) as (losses, accuracies):
        losses.plot(columns["epoch"], columns["d_loss"], color=POLE_COLOURS[0], label="discriminator")
        losses.plot(columns["epoch"], columns["g_loss"], color=POLE_COLOURS[1], label="generator")
        losses.set(ylabel="binary cross-entropy", title="Losses: both level, neither at 0, is a fair game")
        accuracies.plot(columns["epoch"], columns["d_real"], color=POLE_COLOURS[0], label="on photographs")
        accuracies.plot(columns["epoch"], columns["d_fake"], color=POLE_COLOURS[1], label="on generated pictures")
        accuracies.set(xlabel="epoch", ylabel="discriminator's accuracy", ylim=(0, 1.02))
        accuracies.set_title("Accuracies: both at 1 means that the generator has lost")
        for axes in (losses, accuracies):
            axes.legend(frameon=False)


class Samples(keras.callbacks.Callback):
    """Renders the same latents after epochs 1, 2, 5, 10, 20, 50, … and after the last."""

    def __init__(self, folder: Path, latents: np.ndarray, last_epoch: int):
        """Takes the folder for the grids and the latents, float32 (n, latent_dim)."""
        super().__init__()
        self.folder, self.latents, self.last_epoch = folder, latents, last_epoch

    def on_epoch_end(self, epoch, logs=None):
        """Renders a grid, if it is this epoch's turn."""
        done = epoch + 1
        leading = done // 10 ** (len(str(done)) - 1)
        round_number = str(done).rstrip("0") in ("1", "2", "5") and leading in (1, 2, 5)
        if int(self.model.step.numpy()) % self.model.steps_per_epoch == 0 and (round_number or done == self.last_epoch):
            with on_one_device():
                pictures = render(self.model.generator_to_show(), self.latents)
            with still_there(self.folder.parent):
                save_png(self.folder / f"epoch-{done:05d}.png", grid(pictures, columns=8))


class Interruption(keras.callbacks.Callback):
    """Ends the run after the step under way when Ctrl-C or a termination asks for it.

    Attributes:
        requested: Whether this process was asked.
        agreed: Whether the run ends: every process does so at the same step, whichever was asked.
    """

    def __init__(self):
        """Listens from now on; a second Ctrl-C ends the program at once."""
        super().__init__()
        self.requested = self.agreed = False
        self.before = {number: signal.signal(number, self._request) for number in (signal.SIGINT, signal.SIGTERM)}

    def close(self) -> None:
        """Listens no longer."""
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def _request(self, number, frame):
        self.requested = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def on_train_batch_end(self, batch, logs=None):
        """Stops if asked to."""
        self.agreed = any_process(self.requested)
        self.model.stop_training = self.agreed


class Checkpoints(keras.callbacks.Callback):
    """Saves at the end of the run, however it ends, and in between whenever enough time has passed."""

    def __init__(self, folder: Path, kept: int, history: History):
        """Takes the run's folder, how many checkpoints to keep, and the callback whose clock to stop."""
        super().__init__()
        self.folder, self.kept, self.history = folder, kept, history
        self.saved_at, self.next_wait = time.monotonic(), CHECKPOINT_SECONDS

    def on_train_batch_end(self, batch, logs=None):
        """Saves if it is time. Not at the end of an epoch, whose row and samples are not written yet."""
        if not self.model.stop_training and batch + 1 < self.params["steps"]:
            self.save_if_due()

    def on_epoch_end(self, epoch, logs=None):
        """Saves if it is time; sees to it in any case that there is something to go on with."""
        self.refuse_divergence()
        self.save_if_due()

    def refuse_divergence(self) -> None:
        """Stops a run that computes nothing any more, before it replaces checkpoints that are worth something.

        Raises:
            InputError: A loss is infinite or no number.
        """
        if not all(np.isfinite(np.asarray(variable)).all() for variable in self.model.metrics_variables):
            raise InputError(
                f"{self.folder}: the losses are no longer numbers since step {int(self.model.step.numpy())} or shortly "
                "before; begin anew with --fresh and a lower --learning-rate or --precision float32"
            )

    def on_train_end(self, logs=None):
        """Saves."""
        self.save()

    def save_if_due(self) -> None:
        """Saves if enough time has passed."""
        if time.monotonic() - self.saved_at > self.next_wait:
            self.save()

    def save(self) -> None:
        """Writes a checkpoint and the generator as it is now."""
        began = time.monotonic()
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()  # On JAX the variables are elsewhere while fit runs.
        self.refuse_divergence()
        with still_there(self.folder):
            checkpoints.save(self.folder / "checkpoints", self.model, self.kept)
        shown = self.model.generator_to_show()
        with still_there(self.folder):
            save_network(shown, self.folder / "generator.keras")
        self.saved_at = time.monotonic()
        self.history.paused += self.saved_at - began
        self.next_wait = max(CHECKPOINT_SECONDS, (self.saved_at - began) / CHECKPOINT_SHARE)


@contextlib.contextmanager
def still_there(folder: Path) -> Iterator[None]:
    """Writes to a run's folder inside; where it was taken away, nothing is written to a new one of that name.

    Raises:
        InputError: The folder is no longer there.
    """

    def refuse_lost() -> None:
        if not (folder / "options.json").exists():
            raise InputError(
                f"{folder}: no longer there (moved, deleted, or its disk is gone); put it back, with its checkpoints, "
                "and run the same command to go on"
            ) from None

    refuse_lost()
    try:
        yield
    except FileNotFoundError:
        refuse_lost()
        raise


class Progress(keras.callbacks.Callback):
    """One line: epochs, steps, images a second, time left, both losses, both accuracies."""

    def __init__(self, epochs: int, quiet: bool, report: Callable[[str], None]):
        """Takes the number of epochs and how to print a message."""
        super().__init__()
        self.epochs, self.quiet, self.report = epochs, quiet, report
        self.line: tqdm | None = None
        self.left = self.shown_steps = 0
        self.marks: list[float] = []
        self.shown_at = 0.0

    def on_train_begin(self, logs=None):
        """Shows the line, from where an earlier run had stopped."""
        if self.line is None:
            model: Adversary = self.model
            total, done = self.epochs * model.steps_per_epoch, int(model.step.numpy())
            self.left = total - done
            self.line = tqdm(
                total=total,
                initial=done,
                desc="training",
                unit="img",
                unit_scale=model.batch_size,
                disable=self.quiet or None,
                smoothing=0.05,
            )

    def on_epoch_begin(self, epoch, logs=None):
        """Names the epoch."""
        self.shown_steps = 0
        self.line.set_description(f"epoch {epoch + 1}/{self.epochs}", refresh=False)

    def on_train_batch_end(self, batch, logs=None):
        """Moves the line on, and reads the figures from the device now and then."""
        done = min(batch + 1, self.params["steps"]) - self.shown_steps
        self.shown_steps += done
        self.left -= done
        self.line.update(done)
        now = time.monotonic()
        if not self.line.disable and now - self.shown_at > 1:
            self.shown_at = now
            self.line.set_postfix({name: f"{float(value):.2f}" for name, value in logs.items()}, refresh=False)
        if len(self.marks) < 2:
            self._say_how_long(done, logs)

    def _say_how_long(self, done: int, logs) -> None:
        """Says how long the run will take, if that is long: measured on the second call, for the first one compiles."""
        float(logs["d_loss"])  # JAX hands a step's result over before it is computed; this waits for it.
        self.marks.append(time.monotonic())
        if len(self.marks) == 2:
            hours = self.left / done * (self.marks[1] - self.marks[0]) / 3600
            if hours > LONG_RUN_HOURS:
                took = f"{hours / 24:,.0f} days" if hours > 48 else f"{hours:.0f} hours"
                self.report(
                    f"on this machine the whole run would take about {took}, measured; a GPU is the way out, or "
                    "--preset demo, a smaller --size, a smaller --width. It goes on now; Ctrl-C stops it, and nothing "
                    "done is lost"
                )

    def on_train_end(self, logs=None):
        """Leaves the line as it is."""
        if self.left == 0 or self.model.stop_training:
            self.close()

    def close(self) -> None:
        """Ends the line, so that what is printed next has one of its own."""
        if self.line is not None:
            self.line.close()
