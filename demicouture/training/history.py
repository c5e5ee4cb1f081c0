"""A run's log, ``history.csv``: its columns and rows, the best epoch, and the curves and animation made from it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from demicouture.evaluation.realism_scale import GARMENTS, RealismScale
from demicouture.images import open_picture
from demicouture.language import _
from demicouture.training import checkpoints
from demicouture.training.collapse import all_collapses, looks_sound, read_rollbacks
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
    "reconstruction_error",
    "code_loss",
    *NAMES,
)
"""Of ``history.csv``; the last four are empty where the generator was not measured, the two before where no encoder
learns along."""

MARKS = ("blurred by one pixel", "blurred by two pixels", "principal components", "coloured noise")
"""The controls that are marked among the curves: those that an eye can picture, far enough from one another."""

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
    """Returns the row of the best generator that was measured; None where none was.

    It is the latest epoch whose interval overlaps that of the least distance: between such epochs the measure cannot
    decide, and the later one has learned for longer. An epoch that looks like a collapse has not: a generator learns
    nothing from a discriminator that has won, and to go back to there would help no run.
    """
    measured = [row for row in rows if row.get("distance") not in (None, "")]
    if not measured:
        return None
    nearest = min(measured, key=lambda row: float(row["distance"]))
    reach = float(nearest["distance_high"])
    as_near = [row for row in measured if float(row["distance_low"]) <= reach]
    return [row for row in as_near if row is nearest or looks_sound(row)][-1]


def row_to_keep(folder: Path, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Returns the row of the generator that is kept, and gone back to after a collapse; None where there is none yet.

    It is the best one's; where quality is not judged, the latest that has a checkpoint and looks like no collapse.
    """
    if best := best_row(rows):
        return best
    steps = {path.name for path in (folder / "checkpoints").glob("step-*.npz")}
    saved = [row for row in rows if checkpoints.path_of(folder, int(row["step"])).name in steps and looks_sound(row)]
    return saved[-1] if saved else None


def draw_history(folder: Path, epochs_done: int) -> None:
    """Draws ``history.png``: losses, accuracies and metrics by epoch, and where the run collapsed."""
    rows, rollbacks = read_rows(folder, epochs_done), read_rollbacks(folder)
    if not rows:
        return
    epochs = [int(row["epoch"]) for row in rows]
    measured = [row for row in rows if row["distance"]]
    first, second = POLE_COLOURS

    def draw(axes, name: str, label: str, colour: str, **look) -> None:
        axes.plot(epochs, [float(row[name]) for row in rows], label=label, color=colour, **look)

    with plot(folder / "history.png", width=8, height=11, rows=4) as (losses, accuracies, progress, diversity):
        draw(losses, "d_loss", _("discriminator"), first)
        draw(losses, "g_loss", _("generator"), second)
        losses.set(ylabel=_("binary cross-entropy"), title=_("Losses: both level, neither at 0, is a fair game"))
        draw(accuracies, "d_real", _("on real pictures"), first)
        draw(accuracies, "d_fake", _("on generated pictures"), second)
        accuracies.set(ylabel=_("discriminator's accuracy"), ylim=(0, 1.02))
        accuracies.set_title(_("Accuracies: both at 1 means that the generator has lost"))
        _draw_progress(progress, measured, RealismScale.load(folder))
        draw(diversity, "nearest_neighbour_diversity", _("1 is the real pictures'"), PLANE_COLOUR, linewidth=0.8)
        diversity.set(xlabel=_("epoch"), ylabel=_("diversity"), ylim=(0, None))
        diversity.set_title(_("Distance of generated pictures from one another: near 0 they are all alike"))
        marks = [
            (
                mark["epoch"],
                _("{reason}; back to epoch {back_to}").format(reason=_(mark["reason"]), back_to=mark["back_to"]),
            )
            for mark in rollbacks
        ]
        panels = (losses, accuracies, progress, diversity)
        for epoch, reason in [*marks, *all_collapses(rows)]:
            for axes in panels:
                label = (
                    _("epoch {epoch}: {reason}").format(epoch=epoch, reason=_(reason)) if axes is accuracies else None
                )
                axes.axvline(epoch, color=PLANE_COLOUR, linestyle="--", linewidth=0.8, label=label)
        for axes in panels:
            axes.set_xlim(0, max(epochs) + 1)
        # In a row above the curves, but for the accuracies, which leave room below. To look for the best place would
        # take long: a run has thousands of epochs.
        accuracies.legend(frameon=False, fontsize=8, loc="lower right")
        for axes in (losses, diversity):
            axes.legend(frameon=False, fontsize=8, loc="upper right", ncols=3)
            low, high = axes.get_ylim()
            axes.set_ylim(top=high + 0.15 * (high - low))


def _draw_progress(axes: Any, measured: Sequence[Mapping[str, str]], scale: RealismScale | None) -> None:
    """Draws how far the generators have come from noise to real pictures, with the marks of the controls."""
    axes.set(ylabel=_("progress"), ylim=(0, 1.02))
    if scale is None or not measured:
        axes.set_title(_("Quality was not judged"))
        return
    epochs = [int(row["epoch"]) for row in measured]
    low, high = ([scale.progress(float(row[name])) for row in measured] for name in ("distance_high", "distance_low"))
    axes.fill_between(epochs, low, high, color=POLE_COLOURS[1], alpha=0.2, linewidth=0)
    axes.plot(epochs, [float(row["progress"]) for row in measured], ".-", color=POLE_COLOURS[1])
    axes.axhline(GARMENTS, color=POLE_COLOURS[0], linewidth=1)
    axes.text(0.005, GARMENTS, _("garments can be named"), **_beside(axes, "left"), color=POLE_COLOURS[0])
    for name in MARKS:
        height = scale.progress(scale.marks[name])
        axes.axhline(height, color=PLANE_COLOUR, linewidth=0.8, linestyle=":")
        axes.text(0.995, height, _(name), **_beside(axes, "right"), color=PLANE_COLOUR)
    best = best_row(measured)
    axes.set_title(
        _("0 is an untrained generator, 1 real pictures: epoch {epoch}, the best, is at {progress:.0%}").format(
            epoch=best["epoch"], progress=float(best["progress"])
        )
    )


def _beside(axes: Any, side: str) -> dict[str, Any]:
    return {"transform": axes.get_yaxis_transform(), "ha": side, "va": "bottom", "fontsize": 8}


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
