"""Contact sheets of designs: sorted by score, and those to label next; and the classifier's reliability diagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from demicouture import images, visualization
from demicouture.designs.labels import is_yours, label_of
from demicouture.designs.pictures import DesignPictures
from demicouture.designs.scoring import YES
from demicouture.evaluation.style_classifier import UNSURE
from demicouture.language import _

COLUMNS = 10
"""A hundred designs make a square, as in the seed."""


def save_sheets(
    pictures: DesignPictures, rows: Sequence[Mapping[str, Any]], record: Mapping[str, Any] | None
) -> list[str]:
    """Writes ``grid.png``, ``grid-by-score.png`` and the classifier's reliability diagram; returns the names.

    Args:
        pictures: The pictures of the designs; those that are saved are drawn.
        rows: What ``labels.csv`` and ``designs.csv`` hold of each.
        record: The content of ``style-classifier.json``, or None.
    """
    saved = pictures.read(range(pictures.saved))
    # The number is what interpolate.py and the tables take.
    numbers, scale = [f"{index:04d}" for index in range(pictures.saved)], visualization.legible_scale(saved.shape[1])
    images.save_png(pictures.folder / "grid.png", visualization.grid(saved, COLUMNS, scale=scale, captions=numbers))
    images.save_png(pictures.folder / "grid-by-score.png", draw_by_score(saved, rows))
    if not record:
        return ["grid.png", "grid-by-score.png"]
    draw_reliability(pictures.folder / "style-classifier.png", record)
    return ["grid.png", "grid-by-score.png", "style-classifier.png"]


def draw_by_score(designs: np.ndarray, rows: Sequence[Mapping[str, Any]]) -> Image.Image:
    """Returns designs sorted by score, with score, label and rank; a copy is called a copy.

    Args:
        designs: uint8 (n, size, size, 3).
        rows: What ``labels.csv`` and ``designs.csv`` hold of each.
    """
    order = sorted(range(len(designs)), key=lambda index: rows[index]["score"] or 0.0)
    captions = []
    for index in order:
        row = rows[index]
        score = "" if row["score"] is None else f"  {row['score']:.2f}"
        by_person = _(" (you)") if is_yours(row) else ""
        rank = "" if row["realism_rank"] == "" else _("rank {rank:.2f}").format(rank=float(row["realism_rank"]))
        label = label_of(row) or _("no label")
        captions.append(f"{index:04d}{score}\n{label}{by_person}\n{_('a COPY') if row['copy'] == YES else rank}")
    scale = visualization.legible_scale(designs.shape[1])
    return visualization.grid(designs[order], COLUMNS, scale=scale, captions=captions)


def draw_suggested(
    designs: np.ndarray, suggested: Sequence[int], rows: Sequence[Mapping[str, Any]], sides: Sequence[str]
) -> Image.Image:
    """Returns the designs whose labels would teach most, with the classifier's score and the plane's side.

    Args:
        designs: uint8 (n, size, size, 3), the suggested ones.
        suggested: Their numbers.
        rows: All designs' rows of ``labels.csv``.
        sides: For each suggested one the pole on whose side of the plane it lies; "" where there is no plane.
    """
    captions = []
    for index, side in zip(suggested, sides, strict=True):
        score = rows[index]["score"]
        scored = "" if score is None else _("score {score:.2f}").format(score=score)
        captions.append(f"{index:04d}  {scored}\n" + (_("plane: {side}").format(side=side) if side else ""))
    title = _("Label these {count} first, in labels.csv: they would teach the plane most").format(count=len(suggested))
    scale = visualization.legible_scale(designs.shape[1])
    return visualization.grid(designs, COLUMNS, scale=scale, captions=captions, title=title)


def draw_reliability(path: Path, record: Mapping[str, Any]) -> None:
    """Draws the reliability diagram: of unseen pictures by score, the share that really is of the second pole.

    Args:
        path: The PNG file to write.
        record: The content of ``style-classifier.json``.
    """
    # Imported here: scripts that only say --help need not wait for SciPy.
    from scipy.stats import binomtest

    bins = record["reliability"]
    scores, shares, counts = (np.array([one[name] for one in bins]) for name in ("mean_score", "share", "pictures"))
    right = np.round(shares * counts).astype(int).tolist()
    low, high = np.array(
        [binomtest(k, n).proportion_ci(method="wilson") for k, n in zip(right, counts.tolist(), strict=True)]
    ).T
    second = record["poles"][1]
    with visualization.plot(path, width=6, height=5.5) as axes:
        axes.axvspan(*UNSURE, color="0.93", label=_("in between: no label"))
        axes.plot(
            [0, 1],
            [0, 1],
            color=visualization.PLANE_COLOUR,
            linewidth=1,
            linestyle="--",
            label=_("perfectly calibrated"),
        )
        spread = [np.maximum(shares - low, 0), np.maximum(high - shares, 0)]
        axes.errorbar(
            scores, shares, spread, fmt="o", color=visualization.POLE_COLOURS[1], capsize=3, label=_("this classifier")
        )
        for score, share, count in zip(scores, shares, counts, strict=True):
            axes.annotate(f"{count}", (score, share), (6, -12), textcoords="offset points", fontsize=8)
        axes.set(
            xlim=(-0.03, 1.03),
            ylim=(-0.03, 1.03),
            xlabel=_("the classifier's score: share of {second}").format(second=second),
        )
        axes.set_ylabel(_("pictures that are {second} (95% interval; number of pictures)").format(second=second))
        axes.set_title(
            _(
                "Right on {right} of {pictures} pictures that it had not seen ({low:.0%} to {high:.0%}); Brier "
                "score {brier_score:.3f}. Of designs this says nothing"
            ).format(
                right=record["right"],
                pictures=record["pictures"],
                low=record["accuracy_low"],
                high=record["accuracy_high"],
                brier_score=record["brier_score"],
            ),
            wrap=True,
        )
        axes.legend(frameon=False, fontsize=9, loc="upper left")
