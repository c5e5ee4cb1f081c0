"""Contact sheets of the decisions: what was kept, what was dropped and why, and what waits for a person."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from demicouture.fonts import load_font
from demicouture.images import read_tile, save_png
from demicouture.language import _
from demicouture.parallel import in_order
from demicouture.preprocessing.decisions import DROPPED, KEPT, KINDS, Row, is_manual, sort_rows
from demicouture.preprocessing.records import OVER_COUNT, REVIEW, describe_reason
from demicouture.visualization import CAPTION_SIZE, evenly_spread, grid

MOST_KEPT = 600
MOST_OF_A_REASON = 48
"""Our choice: on one sheet a person looks at a few hundred pictures, not at thousands; titles say what is left out."""

TILE_SIDE = 128
MOST_COLUMNS = 24
SHAPE = 1.5
"""Tiles across for each tile down, as long as the columns allow: the shape of a screen."""

GREY = (200, 200, 200)


def sheet_path(folder: Path, pole: str, kind: str) -> Path:
    """Returns where the sheet of one pole is: kept, dropped or review."""
    return folder / f"{pole}-{kind}.png"


def remove_leftovers(folder: Path, poles: Sequence[str]) -> None:
    """Removes the sheets of poles that have other names now."""
    for kind in KINDS:
        for path in set(folder.glob(f"*-{kind}.png")) - {sheet_path(folder, pole, kind) for pole in poles}:
            path.unlink()


def write_decision_sheets(
    folder: Path, source: Path, poles: Sequence[str], rows: Sequence[Row], progress: Callable
) -> list[str]:
    """Writes the contact sheets of both poles; one that would show nothing is removed.

    Args:
        folder: data/2-dataset.
        source: data/1-scraped.
        poles: The two poles.
        rows: All rows of decisions.csv, in its order.
        progress: Shows how far it is: called with the results, a title and their number, it gives the results back.

    Returns:
        The names of the sheets.
    """
    shown = {}
    for pole in poles:
        kinds = sort_rows(rows, pole)
        shown[pole, KEPT] = _choose(pole, _("{count:,} kept"), kinds[KEPT], MOST_KEPT)
        shown[pole, DROPPED] = _choose(pole, _("{count:,} dropped"), kinds[DROPPED], MOST_OF_A_REASON)
        shown[pole, REVIEW] = _choose(pole, _("{count:,} for review"), kinds[REVIEW], MOST_OF_A_REASON)
    tasks = [
        (folder / row["picture"] if row["picture"] else source / row["file"], TILE_SIDE)
        for _, entries in shown.values()
        for _, row in entries
    ]
    tiles = iter(progress(in_order(read_tile, tasks), _("contact sheets"), len(tasks)))
    written = []
    for (pole, kind), (title, entries) in shown.items():
        path = sheet_path(folder, pole, kind)
        pictures = [
            draw_missing(row["file"]) if tile is None else tile
            for (_, row), tile in zip(entries, islice(tiles, len(entries)), strict=True)
        ]
        if not pictures:
            path.unlink(missing_ok=True)
            continue
        captions = [
            "\n".join(filter(None, (describe_reason(row["reason"]), _number(number, row)))) for number, row in entries
        ]
        columns = min(MOST_COLUMNS, math.ceil(SHAPE * math.sqrt(len(pictures))))
        sheet = grid(np.stack(pictures), columns, gap=4, captions=captions, title=title)
        save_png(path, sheet, compress_level=1)  # Photographs hardly shrink further, at three times the time.
        written.append(path.name)
    return written


def _choose(pole: str, word: str, entries: Sequence, most: int) -> tuple[str, list]:
    """Returns a sheet's title, and what it shows: at most so many of each reason, evenly spread over all."""
    counts = Counter(row["reason"] for _, row in entries)
    # What nothing is wrong with comes last: it is the most, and tells the least.
    reasons = sorted(counts, key=lambda reason: (reason == OVER_COUNT, reason))
    chosen = []
    for reason in reasons:
        alike = [entry for entry in entries if entry[1]["reason"] == reason]
        chosen += [alike[index] for index in evenly_spread(len(alike), most)]
    named = ", ".join(f"{describe_reason(reason)} {counts[reason]:,}" for reason in reasons if reason)
    title = f"{pole}: {word.format(count=len(entries))}" + (f" ({named})" if named else "")
    if len(chosen) < len(entries):
        title += _("; shown: {chosen:,} of {total:,}, evenly spread").format(chosen=len(chosen), total=len(entries))
    return title, chosen


def draw_missing(file: str) -> np.ndarray:
    """Returns a grey tile with a file's name, for a picture that cannot be shown: uint8 (side, side, 3) in [0, 255]."""
    tile = Image.new("RGB", (TILE_SIDE, TILE_SIDE), GREY)
    font = load_font(CAPTION_SIZE, file)
    lines = [""]
    for letter in file.partition("/")[2]:
        if font.getlength(lines[-1] + letter) > TILE_SIDE - 8:
            lines.append("")
        lines[-1] += letter
    ImageDraw.Draw(tile).text((4, 4), "\n".join(lines[:7]), fill=(60, 60, 60), font=font)
    return np.asarray(tile)


def _number(number: int, row: Row) -> str:
    return _("row {number}").format(number=number) + (_(", a person's") if is_manual(row) else "")
