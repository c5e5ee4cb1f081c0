"""Finding a collapse from the rows of a run's log alone, so that a run that goes on knows what the last one knew."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from demicouture import files
from demicouture.language import N_

LONG = 10
"""Epochs in a row before what looks like a collapse is called one. Our choice: the first epochs of a good run look
like one, too, and a network that fell behind for five epochs often came back."""

CERTAIN = 0.999
"""A discriminator that is right on so many of its pictures has won."""

BLIND = 0.001
"""A discriminator that is right on so few real pictures, or generated pictures, says the same to everything."""

ALIKE = 0.3
"""The diversity below which generated pictures are variations on a few. Measured on photographs taken again and again
with small changes: of eight it was 0.3 to 0.4 in batches of 16 and 0.25 in batches of 32, of four 0.2 to 0.3, of one
0.1; a good generator's is about 1."""

MAX_ROLLBACKS = 3
"""Each halves the learning rates; at an eighth of them more of the same helps no more."""

RECORD = "rollbacks.json"


def find_collapse(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Returns how a run has collapsed by its last epoch, in words that follow "since epoch N", or None.

    Args:
        rows: The log's, from the first epoch on: ``d_loss, g_loss, d_real, d_fake,
            nearest_neighbour_diversity``, numbers or their texts.
    """
    if not rows:
        return None
    if not is_finite(rows[-1]):
        return N_("losses or weights are no longer numbers")
    if len(rows) < LONG:
        return None
    recent = [
        {name: float(row[name]) for name in ("d_real", "d_fake", "nearest_neighbour_diversity")} for row in rows[-LONG:]
    ]
    if all(min(row["d_real"], row["d_fake"]) >= CERTAIN for row in recent):
        return N_("the discriminator recognises every picture, and teaches nothing any more")
    if all(min(row["d_real"], row["d_fake"]) <= BLIND for row in recent):
        return N_("the discriminator says the same to every picture")
    if all(row["nearest_neighbour_diversity"] <= ALIKE for row in recent):
        return N_("the generated pictures are nearly all alike")
    return None


def looks_sound(row: Mapping[str, Any]) -> bool:
    """Returns whether an epoch looks like no collapse, however long it lasted."""
    return find_collapse([row] * LONG) is None


def is_finite(row: Mapping[str, Any]) -> bool:
    """Returns whether the losses of an epoch are numbers."""
    return all(math.isfinite(float(row[name])) for name in ("d_loss", "g_loss"))


def all_collapses(rows: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """Returns each epoch at which a run that had not collapsed before has, and how."""
    found, before = [], None
    for count, row in enumerate(rows, start=1):
        now = find_collapse(rows[max(0, count - LONG) : count])
        if now is not None and before is None:
            found.append((int(row["epoch"]), now))
        before = now
    return found


def read_rollbacks(folder: Path) -> list[dict[str, Any]]:
    """Returns the rollbacks of a run so far: ``epoch`` (of the collapse), ``back_to`` (an epoch), ``reason``."""
    path = folder / RECORD
    return files.read_json(path) if path.exists() else []
