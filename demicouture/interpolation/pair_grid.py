"""Pair grids: what lies between each of some photographs or designs of the one pole and each of some of the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from demicouture import visualization
from demicouture.dcgan import inference
from demicouture.designs.designs import own_pictures
from demicouture.interpolation.endpoints import (
    Endpoint,
    RatedDesigns,
    endpoint_of_designs,
    endpoint_of_photographs,
)
from demicouture.interpolation.outputs import Interpolation, Step
from demicouture.interpolation.paths import PathPoint, crossing_or_midpoint, path_between
from demicouture.language import N_, _

if TYPE_CHECKING:
    import keras


def make_pair_grid(rated: RatedDesigns, count: int, path: str, generator: keras.Model, quiet: bool) -> Interpolation:
    """Finds what lies between each of some photographs of the one pole and each of some of the other.

    Where there are no photographs in latent space, they are the most confident designs of either pole.

    Args:
        rated: The designs.
        count: Photographs or designs of each pole.
        path: Of :data:`demicouture.interpolation.paths.PATH_NAMES`.
        generator: Makes the designs.
        quiet: Whether to show no progress bar.

    Raises:
        InputError: The generator is not the designs'.
    """
    plane = rated.plane
    first, second = (_find_ends(rated, pole, count, generator.output_shape[1]) for pole in (0, 1))
    pairs = list(product(first, second))
    points = [crossing_or_midpoint(path_between(path, *(end.latent for end in pair), plane), plane) for pair in pairs]
    latents = np.stack([point.latent for point in points])
    pictures = inference.render(generator, latents, quiet)
    distances = plane.signed_distance(latents) if plane else [None] * len(points)
    steps = [
        Step(number // len(second), number % len(second), point.t, distance, *(end.file_name for end in pair))
        for number, (point, distance, pair) in enumerate(zip(points, distances, pairs, strict=True))
    ]
    rows, columns = (_draw_ends(rated, ends, generator) for ends in (first, second))
    names = [[end.name for end in ends] for ends in (first, second)]
    crossed = sum(point.is_crossing for point in points)
    what = _("photographs") if rated.photographs else _("designs")
    message = _("{total} designs in between, {crossed} of them on the hyperplane").format(
        total=len(points), crossed=crossed
    )
    if (fewest := min(len(first), len(second))) < count:
        message += _("; of one pole there are only {fewest} {what}").format(fewest=fewest, what=what)
    return Interpolation(
        steps,
        pictures,
        {"board.png": draw_pair_grid(pictures, rows, columns, names, points, what)},
        {
            "rows": [end.file_name for end in first],
            "columns": [end.file_name for end in second],
            "crossed": crossed,
        },
        message,
        {"board.npy": latents},
    )


def _find_ends(rated: RatedDesigns, pole: int, count: int, side: int) -> list[Endpoint]:
    """Returns photographs of a pole, or designs where there are none, at most ``count``."""
    if rated.photographs:
        rows = rated.best_photographs(pole)[:count]
        return [endpoint_of_photographs(rated.photographs, [row], side) for row in rows]
    return [endpoint_of_designs(rated.designs, [number]) for number in rated.most_confident(pole, count)]


def _draw_ends(rated: RatedDesigns, ends: Sequence[Endpoint], generator: keras.Model) -> np.ndarray:
    """Returns the pictures of photographs, or of designs as they lie in their folder; uint8 (n, size, size, 3)."""
    rendered = inference.render(generator, np.stack([end.latent for end in ends]))
    if not ends[0].designs:
        return np.stack(
            [picture if end.original is None else end.original for end, picture in zip(ends, rendered, strict=True)]
        )
    return own_pictures(rated.folder, [end.designs[0] for end in ends], rendered)


def draw_pair_grid(
    pictures: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    names: Sequence[Sequence[str]],
    points: Sequence[PathPoint],
    what: str = N_("designs"),
) -> Image.Image:
    """Returns the grid, with both ends of each pair on its left and upper side; numbers as in ``--a board:2,3``.

    Args:
        pictures: uint8 (rows · columns, size, size, 3), row by row.
        rows: uint8 (rows, size, size, 3), those of the first pole.
        columns: uint8 (columns, size, size, 3), the second pole's.
        names: The names of the rows and of the columns.
        points: Where each picture lies on its path.
        what: What stands around the grid, in a word.
    """
    white = np.full_like(rows[0], 255)
    width = len(columns)
    sheet, captions = [white, *columns], ["", *names[1]]
    for row, (design, name) in enumerate(zip(rows, names[0], strict=True)):
        inside = slice(row * width, (row + 1) * width)
        sheet += [design, *pictures[inside]]
        captions += [name]
        captions += [
            f"{row},{column}: t = {point.t:.2f}" + ("" if point.is_crossing else _(", no crossing"))
            for column, point in enumerate(points[inside])
        ]
    crossed = sum(point.is_crossing for point in points)
    where = (
        _("{crossed} of {total} on the hyperplane").format(crossed=crossed, total=len(points))
        if crossed
        else _("each at the midpoint of the path")
    )
    return visualization.grid(
        np.stack(sheet),
        width + 1,
        scale=visualization.legible_scale(rows.shape[1]),
        captions=captions,
        title=_("Between each of {count} {what} (left) and each of {width} (above): {where}").format(
            count=len(rows), what=what, width=width, where=where
        ),
    )
