"""Boards: what lies between each of some designs of the one pole and each of some of the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from demicouture import visualization
from demicouture.boundary.hyperplane import Hyperplane
from demicouture.latents import nearest_crossing

Way = Callable[[np.ndarray], np.ndarray]
"""Gives the points of a way, float64 (m, latent_dim), at places float64 (m,) in [0, 1]."""


@dataclass(frozen=True)
class Cell:
    """What lies between two designs.

    Attributes:
        latent: float64 (latent_dim,) in [-1, 1].
        t: Where on the way from the one to the other it lies.
        crossed: Whether the way crosses the hyperplane there; else it is the way's middle.
    """

    latent: np.ndarray
    t: float
    crossed: bool


def between(way: Way, plane: Hyperplane | None) -> Cell:
    """Returns where a way crosses the plane nearest to its middle, or its middle where it does not.

    Args:
        way: The way.
        plane: The hyperplane, or None.
    """
    crossing = nearest_crossing(lambda t: plane.signed_distance(way(t)), scan=201) if plane else None
    t = 0.5 if crossing is None else crossing
    return Cell(way(np.array([t]))[0], t, crossing is not None)


def draw_board(
    pictures: np.ndarray, rows: np.ndarray, columns: np.ndarray, names: Sequence[Sequence[str]], cells: Sequence[Cell]
) -> Image.Image:
    """Returns the board, with the designs it is made of on its left and upper side.

    Args:
        pictures: uint8 (rows · columns, size, size, 3), row by row.
        rows: uint8 (rows, size, size, 3), the first pole's designs.
        columns: uint8 (columns, size, size, 3), the second pole's.
        names: The names of the rows and of the columns.
        cells: Where each picture lies.
    """
    white = np.full_like(rows[0], 255)
    width = len(columns)
    sheet, captions = [white, *columns], ["", *names[1]]
    for row, (design, name) in enumerate(zip(rows, names[0], strict=True)):
        inside = slice(row * width, (row + 1) * width)
        sheet += [design, *pictures[inside]]
        captions += [name]
        captions += [f"t = {cell.t:.2f}" + ("" if cell.crossed else ", no crossing") for cell in cells[inside]]
    crossed = sum(cell.crossed for cell in cells)
    where = f"{crossed} of {len(cells)} on the hyperplane" if crossed else "each in the middle of the way"
    return visualization.grid(
        np.stack(sheet),
        width + 1,
        scale=visualization.legible_scale(rows.shape[1]),
        captions=captions,
        title=f"Between each of {len(rows)} designs (left) and each of {width} (above): {where}",
    )
