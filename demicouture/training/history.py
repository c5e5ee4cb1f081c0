"""A run's log, ``history.csv``: its columns and rows, the best epoch, and the curves and animation made from it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from demicouture.images import open_picture
from demicouture.training.collapse import all_collapses, read_rollbacks
from demicouture.training.generator_metrics import NAMES
from demicouture.visualization import PLANE_COLOUR, POLE_COLOURS, enlarge, plot, save_animation

COLUMNS = (
    "epoch",
    "step",
    "d_loss",
    "g_loss",
    "d_real",
    "d_fake",
    "images_per_second",
    "nearest_neighbour_diversity",
    *NAMES,
)
"""Of ``history.csv``; a run with ``--kid`` has ``kid`` after them."""

ANIMATION_SIDE = 640
"""Of ``samples.gif``, in pixels at most: a grid of 128-pixel pictures would make tens of megabytes."""

FRAME_MILLISECONDS = 700
LAST_MILLISECONDS = 3000


def read_rows(folder: Path, epochs_done: int) -> list[dict[str, str]]:
    """Returns the log's rows of the first ``epochs_done`` epochs.

    A run that was killed may have written rows after its last checkpoint, whose epochs are done again; and one that
    met a full disk may have left half a row, which is left out.
    """
    path = folder / "history.csv"
    if not path.exists():
        return []
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = list(csv.DictReader(file))
    whole = [row for row in rows if None not in row and None not in row.values() and row["epoch"].isdecimal()]
    return [row for row in whole if int(row["epoch"]) <= epochs_done]


def best_row(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Returns the row of the best generator that has metrics, the first of several; None where none has.

    It is the one with the least sliced Wasserstein distance. Below the floor, where photographs are further from one
    another, that says nothing more, and the harmonic mean of precision and recall decides.
    """

    def badness(row: Mapping[str, Any]) -> tuple[float, float]:
        distance, floor, precision, recall = (float(row[name]) for name in NAMES)
        balance = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        return max(distance, floor), -balance

    return min((row for row in rows if row["swd"]), key=badness, default=None)


def draw_history(folder: Path, epochs_done: int) -> None:
    """Draws ``history.png``: losses, accuracies and metrics by epoch, and where the run collapsed."""
    rows, rollbacks = read_rows(folder, epochs_done), read_rollbacks(folder)
    if not rows:
        return
    epochs = [int(row["epoch"]) for row in rows]
    measured = [row for row in rows if row["swd"]]

    def draw(axes, name: str, label: str, **look) -> None:
        some = measured if name in NAMES else rows
        look = {"marker": "."} | look if some is measured else look
        axes.plot([int(row["epoch"]) for row in some], [float(row[name]) for row in some], label=label, **look)

    first, second = POLE_COLOURS
    with plot(folder / "history.png", width=8, height=11, rows=4) as (losses, accuracies, distances, shares):
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
        draw(
            shares, "nearest_neighbour_diversity", "diversity: 1 is the photographs'", color=PLANE_COLOUR, linewidth=0.8
        )
        shares.set(
            xlabel="epoch", ylabel="share", ylim=(0, None), title="How many are good, and how different they are"
        )
        marks = [(mark["epoch"], f"{mark['reason']}; back to epoch {mark['back_to']}") for mark in rollbacks]
        for epoch, reason in [*marks, *all_collapses(rows)]:
            for axes in (losses, accuracies, distances, shares):
                label = f"epoch {epoch}: {reason}" if axes is accuracies else None
                axes.axvline(epoch, color=PLANE_COLOUR, linestyle="--", linewidth=0.8, label=label)
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
