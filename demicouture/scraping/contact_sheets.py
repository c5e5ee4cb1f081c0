"""Contact sheets of a collection, one for each query: one look shows whether its words were right."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from demicouture import visualization
from demicouture.files import sha256
from demicouture.images import find_pictures, read_tile, save_png
from demicouture.language import _
from demicouture.scraping.queries import Query

MOST_SHOWN = 60
"""Our choice: that many tell whether a search went wrong, and fit on a screen."""

FEWEST_COLUMNS, MOST_COLUMNS = 4, 12
"""The fewest leave room for a title above a single picture."""

TILE_SIDE = 96
"""Pixels of a tile: see :data:`demicouture.visualization.LEGIBLE`."""

EMPTY = np.full((TILE_SIDE, TILE_SIDE, 3), 236, np.uint8)


LONGEST_SHEET_NAME = 200
"""Of a sheet, in bytes: a pole and a query together may be longer than file systems allow."""


def query_sheet_path(folder: Path, query: Query) -> Path:
    """Returns where a query's sheet is: beside the poles, whose folders hold nothing but pictures."""
    name = query.folder.replace("/", ".")  # A query's folder has no dot, so no two names are the same.
    if len(name.encode()) > LONGEST_SHEET_NAME:
        name = f"sheet-{sha256(name.encode())[:16]}"
    return folder / f"{name}.png"


def write_query_sheets(folder: Path, queries: Iterable[Query], count: Callable[[str, str], dict]) -> None:
    """Writes the sheets that are missing, of queries that have pictures.

    Args:
        folder: ``1-scraped``.
        queries: Those that may have pictures.
        count: Returns the outcomes of a query's addresses, see :meth:`demicouture.scraping.manifest.Manifest.count`.
    """
    for query in queries:
        path = query_sheet_path(folder, query)
        if path.exists():
            continue
        found = find_pictures(folder / query.folder)
        shown = [
            found[index * len(found) // min(len(found), MOST_SHOWN)] for index in range(min(len(found), MOST_SHOWN))
        ]
        # What is drawn may be damaged by intent; it shows as an empty tile.
        tiles = [EMPTY if tile is None else tile for tile in (read_tile((picture, TILE_SIDE)) for picture in shown)]
        if not tiles:
            continue
        counts = count(query.pole, query.text)
        title = _("{query} ({pole}): {found:,} pictures").format(query=query.text, pole=query.pole, found=len(found))
        if refused := sum(counts["refused"].values()):
            title += _(", {refused:,} refused").format(refused=refused)
        if len(shown) < len(found):
            title += _("; shown: {count}, evenly spread").format(count=len(shown))
        columns = max(FEWEST_COLUMNS, min(MOST_COLUMNS, math.ceil(1.5 * math.sqrt(len(tiles)))))
        tiles += [np.full_like(tiles[0], 255)] * (columns - len(tiles))
        save_png(path, visualization.grid(np.stack(tiles), columns, gap=3, title=title), compress_level=1)
