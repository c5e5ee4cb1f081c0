"""Designs side by side: as they are, as the judge sees them, those to look at next; and how far to trust the judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from demicouture import visualization
from demicouture.boundary.validation import wilson_interval
from demicouture.designs import labels

COLUMNS = 10
"""A hundred designs make a square, as in the seed."""

YES = "yes"


def draw_judged(designs: np.ndarray, rows: Sequence[Mapping[str, Any]], answers: Sequence[Mapping[str, Any]]):
    """Returns all designs from the first pole's end to the second's, with score and label; copies are called copies.

    Args:
        designs: uint8 (n, size, size, 3).
        rows: The designs' rows of ``labels.csv``.
        answers: Their rows of ``designs.csv``.
    """
    order = sorted(range(len(designs)), key=lambda index: rows[index]["score"] or 0.0)
    captions = []
    for index in order:
        row, answer = rows[index], answers[index]
        score = "" if row["score"] is None else f"  {row['score']:.2f}"
        by_person = " (you)" if row["labelled_by"] == labels.PERSON else ""
        told = "a COPY" if answer["copy"] == YES else "" if answer["realistic"] in (YES, "") else "unlike photos"
        captions.append(f"{index:04d}{score}\n{row['label'] or 'no label'}{by_person}\n{told}")
    scale = visualization.legible_scale(designs.shape[1])
    return visualization.grid(designs[order], COLUMNS, scale=scale, captions=captions)


def draw_suggested(
    designs: np.ndarray, suggested: Sequence[int], rows: Sequence[Mapping[str, Any]], sides: Sequence[str]
) -> Image.Image:
    """Returns the designs whose labels would teach most, with what judge and plane say.

    Args:
        designs: uint8 (n, size, size, 3), the suggested ones.
        suggested: Their numbers.
        rows: All designs' rows of ``labels.csv``.
        sides: For each suggested one the pole on whose side of the plane it lies; "" where there is no plane.
    """
    captions = []
    for index, side in zip(suggested, sides, strict=True):
        score = rows[index]["score"]
        judged = "" if score is None else f"judge: {score:.2f}"
        captions.append(f"{index:04d}  {judged}\n" + (f"plane: {side}" if side else ""))
    title = f"Label these {len(suggested)} first, in labels.csv: they would teach the plane most"
    scale = visualization.legible_scale(designs.shape[1])
    return visualization.grid(designs, COLUMNS, scale=scale, captions=captions, title=title)


def draw_reliability(path: Path, record: Mapping[str, Any]) -> None:
    """Draws how often the judge is right about pictures that it never saw, by its own score.

    Args:
        path: The PNG file to write.
        record: The content of ``style-classifier.json``.
    """
    bins = record["reliability"]
    scores, shares, counts = (np.array([one[name] for one in bins]) for name in ("mean_score", "share", "pictures"))
    low, high = np.array([wilson_interval(share, count) for share, count in zip(shares, counts, strict=True)]).T
    second = record["poles"][1]
    with visualization.plot(path, width=6, height=5.5) as axes:
        axes.plot(
            [0, 1], [0, 1], color=visualization.PLANE_COLOUR, linewidth=1, linestyle="--", label="a judge to be trusted"
        )
        spread = [np.maximum(shares - low, 0), np.maximum(high - shares, 0)]
        axes.errorbar(
            scores, shares, spread, fmt="o", color=visualization.POLE_COLOURS[1], capsize=3, label="this judge"
        )
        for score, share, count in zip(scores, shares, counts, strict=True):
            axes.annotate(f"{count}", (score, share), (6, -12), textcoords="offset points", fontsize=8)
        axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xlabel=f"the judge's score: share of {second}")
        axes.set_ylabel(f"pictures that are {second} (95% interval; number of pictures)")
        axes.set_title(
            f"Right on {record['held_out_accuracy']:.0%} of {record['held_out']} pictures that it never saw; "
            f"Brier score {record['held_out_brier_score']:.3f}",
            wrap=True,
        )
        axes.legend(frameon=False, fontsize=9, loc="upper left")
