"""What happens beside the steps: the pictures' order, the log and its measures, samples, checkpoints, progress."""

from __future__ import annotations

import contextlib
import csv
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from demicouture.dcgan.inference import render
from demicouture.dcgan.serialization import save_network
from demicouture.errors import InputError
from demicouture.files import read_csv, write_csv
from demicouture.images import open_picture, save_png
from demicouture.training import checkpoints
from demicouture.training.collapse import all_collapses, find_collapse, is_finite, read_rollbacks
from demicouture.training.devices import any_process, on_one_device
from demicouture.training.gan import GAN
from demicouture.training.generator_metrics import NAMES, Measures
from demicouture.visualization import PLANE_COLOUR, POLE_COLOURS, enlarge, grid, plot, save_animation

COLUMNS = ("epoch", "step", "d_loss", "g_loss", "d_real", "d_fake", "images_per_second", "variety", *NAMES)
"""Of ``history.csv``; a run with ``--kid`` has ``kid`` after them."""

MEASURE_EVERY = 5
"""Epochs between two measures, below epoch 100."""

ANIMATION_SIDE = 640
"""Of ``samples.gif``, in pixels at most: a grid of 128-pixel pictures would make tens of megabytes."""

FRAME_MILLISECONDS = 700
LAST_MILLISECONDS = 3000

LOSSES = ("d_loss", "g_loss", "d_real", "d_fake")
"""What the progress line shows of a step."""

CHECKPOINT_SECONDS = 60
"""The least time between two checkpoints within a run."""

CHECKPOINT_SHARE = 0.05
"""The largest share of a run's time that writing checkpoints may take."""

LONG_RUN_HOURS = 12
"""Our choice: a run that takes longer than overnight is said to."""


def epoch_order(seed: int, epoch: int, pictures: int, wanted: int, rollbacks: int = 0) -> np.ndarray:
    """Returns the positions of an epoch's pictures, int32 (wanted,): the first of a permutation.

    What does not fill a last batch is left out, other pictures in every epoch. An epoch that is done again after a
    rollback takes another order.
    """
    return np.random.default_rng([seed, epoch, rollbacks]).permutation(pictures)[:wanted].astype(np.int32)


def epoch_figures(model: GAN, logs: Mapping[str, Any]) -> dict[str, float]:
    """Returns what an epoch logged; the losses are no numbers if a network's weights are none any more.

    Such a network may go on having a loss: TensorFlow's ReLU on a CPU takes what is no number for 0.
    """
    figures = {name: float(value) for name, value in logs.items()}
    return figures if model.is_sound() else figures | {"d_loss": np.nan, "g_loss": np.nan}


def is_measured(epoch: int, last: int) -> bool:
    """Returns whether a generator is measured after so many epochs: after the first, the last, and now and then.

    Below epoch 100 it is every fifth one, then every 25th, from 1000 on every 250th: on two cores a measure takes as
    long as a twentieth of five epochs of a thousand small pictures, and on a GPU epochs are shorter but more.
    """
    return epoch in (1, last) or epoch % (MEASURE_EVERY ** (1 + (epoch >= 100)) * (10 if epoch >= 1000 else 1)) == 0


class EpochOrder(keras.callbacks.Callback):
    """Shuffles the pictures anew at the beginning of each epoch."""

    def __init__(self, seed: int, partial_epoch: list[np.ndarray] | None = None):
        """Takes the run's seed, and the figures so far of an epoch that was stopped in its middle."""
        super().__init__()
        self.seed, self.partial_epoch = seed, partial_epoch

    def on_epoch_begin(self, epoch, logs=None):
        """Sets the model's order, and gives a stopped epoch its figures back, which ``fit`` has just reset."""
        model: GAN = self.model
        rollbacks = int(model.rollbacks.numpy())
        model.set_order(epoch_order(self.seed, epoch, model.picture_count, model.order.shape[0], rollbacks))
        if self.partial_epoch is not None:
            for variable, value in zip(model.metrics_variables, self.partial_epoch, strict=True):
                variable.assign(value)
            self.partial_epoch = None


class History(keras.callbacks.Callback):
    """Writes ``history.csv``, a row for each epoch, and draws ``history.png``; measures the generator now and then.

    Must stand before the callbacks that take time, so that ``images_per_second`` counts steps only.

    Attributes:
        row: The epoch's row, when it is done.
        latest: The figures of the last measure, or nothing.
        best: The row of the best generator so far, see :func:`best_row`; None where none was measured.
    """

    def __init__(self, folder: Path, done_epochs: int, last_epoch: int, measures: Measures):
        """Takes the run's folder, keeps the rows of the epochs that are done, and takes what measures a generator."""
        super().__init__()
        self.path, self.last_epoch, self.measures = folder / "history.csv", last_epoch, measures
        self.columns = (*COLUMNS, *(name for name in measures.names if name not in NAMES))
        rows = whole_rows(self.path, done_epochs)
        write_csv(self.path, self.columns, rows)
        measured = [row for row in rows if row["swd"]]
        self.latest = {name: float(measured[-1][name]) for name in measures.names} if measured else {}
        self.best = best_row(rows)
        self.row: dict[str, float] = {}
        self.paused = 0.0
        self.started = self.first_step = 0

    @property
    def best_step(self) -> int | None:
        """The step after which the generator was the best one so far."""
        return self.best and int(self.best["step"])

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
        row = {"epoch": epoch + 1, "step": step, **epoch_figures(self.model, logs)}
        row["images_per_second"] = (step - self.first_step) * self.model.batch_size / seconds
        if is_measured(epoch + 1, self.last_epoch) and is_finite(row):
            self.latest = self.measures.measure(self.model.ema_generator())
            row |= self.latest
            self.best = best_row([self.best, row] if self.best else [row])
        with still_there(self.path.parent), open(self.path, "a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, self.columns).writerow(row)
        self.row = row

    def draw(self) -> None:
        """Draws the curves."""
        with still_there(self.path.parent):
            rows = read_csv(self.path, self.columns)
            if rows:
                draw_history(self.path.with_suffix(".png"), rows, read_rollbacks(self.path.parent))


def whole_rows(path: Path, done_epochs: int) -> list[dict[str, str]]:
    """Returns the rows of the first ``done_epochs`` epochs.

    A run that was killed may have written rows after its last checkpoint, whose epochs are done again; and one that
    met a full disk may have left half a row, which is left out.
    """
    if not path.exists():
        return []
    with open(path, encoding="utf-8", errors="replace", newline="") as file:
        rows = list(csv.DictReader(file))
    whole = [row for row in rows if None not in row and None not in row.values() and row["epoch"].isdecimal()]
    return [row for row in whole if int(row["epoch"]) <= done_epochs]


def best_row(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Returns the row of the best generator that was measured, the first of several; None without a measure.

    It is the one with the least sliced Wasserstein distance. Below the floor, where photographs are further from one
    another, that says nothing more, and the harmonic mean of precision and recall decides.
    """

    def badness(row: Mapping[str, Any]) -> tuple[float, float]:
        distance, floor, precision, recall = (float(row[name]) for name in NAMES)
        balance = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        return max(distance, floor), -balance

    return min((row for row in rows if row["swd"]), key=badness, default=None)


def draw_history(path: Path, rows: list[dict[str, str]], rollbacks: list[dict[str, Any]]) -> None:
    """Draws the losses, the discriminator's two accuracies and the measures over the epochs, and where it collapsed."""
    epochs = [int(row["epoch"]) for row in rows]
    measured = [row for row in rows if row["swd"]]

    def draw(axes, name: str, label: str, **look) -> None:
        some = measured if name in NAMES else rows
        look = {"marker": "."} | look if some is measured else look
        axes.plot([int(row["epoch"]) for row in some], [float(row[name]) for row in some], label=label, **look)

    first, second = POLE_COLOURS
    with plot(path, width=8, height=11, rows=4) as (losses, accuracies, distances, shares):
        draw(losses, "d_loss", "discriminator", color=first)
        draw(losses, "g_loss", "generator", color=second)
        losses.set(ylabel="binary cross-entropy", title="Losses: both level, neither at 0, is a fair game")
        draw(accuracies, "d_real", "on photographs", color=first)
        draw(accuracies, "d_fake", "on generated pictures", color=second)
        accuracies.set(ylabel="discriminator's accuracy", ylim=(0, 1.02))
        accuracies.set_title("Accuracies: both at 1 means that the generator has lost")
        draw(distances, "swd", "generated pictures", color=second)
        draw(distances, "swd_floor", "other photographs", color=PLANE_COLOUR, linestyle=":", marker="")
        distances.set(ylabel="sliced Wasserstein distance", yscale="log")
        if best := best_row(rows):
            distances.set_title(
                f"Distance from photographs: the best generator's, epoch {best['epoch']}, is {float(best['swd']):.1f}"
            )
        draw(shares, "precision", "precision", color=first)
        draw(shares, "recall", "recall", color=second)
        draw(shares, "variety", "variety: 1 is the photographs'", color=PLANE_COLOUR, linewidth=0.8)
        shares.set(
            xlabel="epoch", ylabel="share", ylim=(0, None), title="How many are good, and how different they are"
        )
        marks = [(mark["epoch"], f"{mark['reason']}; back to epoch {mark['back_to']}") for mark in rollbacks]
        for epoch, reason in [*marks, *all_collapses(rows)]:
            for axes in (losses, accuracies, distances, shares):
                told = f"epoch {epoch}: {reason}" if axes is accuracies else None
                axes.axvline(epoch, color=PLANE_COLOUR, linestyle="--", linewidth=0.8, label=told)
        for axes in (losses, accuracies, distances, shares):
            axes.set_xlim(0, max(epochs) + 1)
            # In a row above the curves, but for the accuracies, which leave room below. To look for the best place
            # would take long: a run has thousands of epochs.
            below = axes is accuracies
            place, columns = ("lower right", 1) if below else ("upper right", 3)
            axes.legend(frameon=False, fontsize=8, loc=place, ncols=columns)
            if not below:
                low, high = axes.get_ylim()
                axes.set_ylim(top=high * (high / low) ** 0.15 if axes is distances else high + 0.15 * (high - low))


class Samples(keras.callbacks.Callback):
    """Renders the same latents after epochs 1, 2, 5, 10, 20, 50, … and after the last."""

    def __init__(self, folder: Path, latents: np.ndarray, last_epoch: int):
        """Takes the run's folder and the latents, float32 (n, latent_dim)."""
        super().__init__()
        self.folder, self.latents, self.last_epoch = folder, latents, last_epoch

    def on_epoch_end(self, epoch, logs=None):
        """Renders a grid, if it is this epoch's turn."""
        done = epoch + 1
        leading = done // 10 ** (len(str(done)) - 1)
        round_number = str(done).rstrip("0") in ("1", "2", "5") and leading in (1, 2, 5)
        whole = int(self.model.step.numpy()) % self.model.steps_per_epoch == 0
        if whole and (round_number or done == self.last_epoch) and self.model.is_sound():
            with on_one_device():
                pictures = render(self.model.ema_generator(), self.latents)
            with still_there(self.folder):
                save_png(sample_path(self.folder, done), grid(pictures, columns=8))


def sample_path(folder: Path, epoch: int) -> Path:
    """Returns where a run's sample grid of an epoch lies."""
    return folder / "samples" / f"epoch-{epoch:05d}.png"


def animate_samples(folder: Path) -> None:
    """Writes a run's sample grids, one after the other, to ``samples.gif``; one alone makes no animation."""
    paths = sorted((folder / "samples").glob("epoch-*.png"))
    if len(paths) > 1:
        grids = [np.asarray(open_picture(path)) for path in paths]
        side = min(ANIMATION_SIDE, len(grids[0]))
        frames = np.stack([np.asarray(enlarge(picture, side)) for picture in grids])
        save_animation(folder / "samples.gif", frames, FRAME_MILLISECONDS, hold=LAST_MILLISECONDS, back=False)


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
        """Saves if it is time, and always when the generator is better than ever."""
        if self.history.best_step == int(self.model.step.numpy()):
            self.save()
        else:
            self.save_if_due()

    def on_train_end(self, logs=None):
        """Saves."""
        self.save()

    def save_if_due(self) -> None:
        """Saves if enough time has passed."""
        if time.monotonic() - self.saved_at > self.next_wait:
            self.save()

    def save(self) -> None:
        """Writes a checkpoint, the generator as it is now, and the curves.

        A run whose losses are no longer numbers replaces nothing that is worth something.
        """
        began = time.monotonic()
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()  # On JAX the variables are elsewhere while fit runs.
        losses = [np.asarray(variable) for variable in self.model.metrics_variables]
        if np.isfinite(losses).all() and self.model.is_sound():
            best = self.history.best_step
            with still_there(self.folder):
                checkpoints.save(self.folder / "checkpoints", self.model, self.kept, spared=best)
            shown = self.model.ema_generator()
            with still_there(self.folder):
                save_network(shown, self.folder / "generator-last.keras")
                if best in (None, int(self.model.step.numpy())):
                    save_network(shown, self.folder / "generator.keras")
        self.history.draw()
        self.saved_at = time.monotonic()
        self.history.paused += self.saved_at - began
        self.next_wait = max(CHECKPOINT_SECONDS, (self.saved_at - began) / CHECKPOINT_SHARE)


class Watch(keras.callbacks.Callback):
    """Looks out for a collapse after each epoch, and says so once; must stand last.

    Attributes:
        collapse: How the run has collapsed, or None.
        ended: Whether the run ends for that.
    """

    def __init__(self, rows: list[dict[str, Any]], ends: bool, report: Callable[[str], None]):
        """Takes the log so far, whether a collapse ends the run, and how to print a message."""
        super().__init__()
        self.rows, self.ends, self.report = [*rows], ends, report
        self.ended = False
        self.collapse = find_collapse(rows)

    def on_epoch_end(self, epoch, logs=None):
        """Looks; a run whose losses are no longer numbers ends in any case."""
        if int(self.model.step.numpy()) % self.model.steps_per_epoch:
            return  # stopped within the epoch
        self.rows.append(epoch_figures(self.model, logs))
        before, self.collapse = self.collapse, find_collapse(self.rows)
        if self.collapse and not before:
            self.report(f"collapse: {self.collapse}, noticed after epoch {epoch + 1}; see history.png")
        if self.collapse and (self.ends or not is_finite(self.rows[-1])):
            self.ended = self.model.stop_training = True


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
    """One line: epochs, images, images a second, time left, losses, accuracies, the last measure beside its floor."""

    def __init__(self, epochs: int, quiet: bool, report: Callable[[str], None], history: History | None):
        """Takes the number of epochs, how to print a message, and what knows the last measure."""
        super().__init__()
        self.epochs, self.quiet, self.report, self.history = epochs, quiet, report, history
        self.line: tqdm | None = None
        self.left = self.shown_steps = 0
        self.marks: list[float] = []
        self.shown_at = 0.0

    def on_train_begin(self, logs=None):
        """Shows the line, from where an earlier run had stopped."""
        if self.line is None:
            model: GAN = self.model
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
            shown = {name: f"{float(logs[name]):.2f}" for name in LOSSES}
            if self.history and (latest := self.history.latest):
                shown["swd"] = f"{latest['swd']:.0f} (floor {latest['swd_floor']:.0f})"
            self.line.set_postfix(shown, refresh=False)
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
