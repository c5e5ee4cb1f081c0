"""Pair grids: what lies between each of some designs of the one pole and each of some of the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from demicouture import visualization
from demicouture.dcgan import inference
from demicouture.designs.designs import design_name, own_pictures
from demicouture.interpolation.endpoints import RatedDesigns, endpoint_of_designs
from demicouture.interpolation.outputs import Interpolation, Step
from demicouture.interpolation.paths import PathPoint, crossing_or_midpoint, path_between

if TYPE_CHECKING:
    import keras


def make_pair_grid(rated: RatedDesigns, count: int, path: str, generator: keras.Model, quiet: bool) -> Interpolation:
    """Finds what lies between each of the most confident designs of the one pole and each of the other.

    Args:
        rated: The designs.
        count: Designs of each pole.
        path: Of :data:`demicouture.interpolation.paths.PATH_NAMES`.
        generator: Makes the designs.
        quiet: Whether to show no progress bar.

    Raises:
        InputError: The generator is not the designs'.
    """
    designs, plane = rated.designs, rated.plane
    first, second = (rated.most_confident(pole, count) for pole in (0, 1))
    points = [
        crossing_or_midpoint(path_between(path, *designs.latents[list(pair)], plane), plane)
        for pair in product(first, second)
    ]
    latents = np.stack([point.latent for point in points])
    numbers = [*first, *second]
    rendered = inference.render(generator, np.concatenate([designs.latents[numbers], latents]), quiet)
    own, pictures = own_pictures(rated.folder, numbers, rendered[: len(numbers)]), rendered[len(numbers) :]
    distances = plane.signed_distance(latents) if plane else [None] * len(points)
    steps = [
        Step(number // len(second), number % len(second), point.t, distance)
        for number, (point, distance) in enumerate(zip(points, distances, strict=True))
    ]
    names = [[endpoint_of_designs(designs, [number]).name for number in side] for side in (first, second)]
    crossed = sum(point.is_crossing for point in points)
    message = f"{len(points)} designs in between, {crossed} of them on the hyperplane"
    if (fewest := min(len(first), len(second))) < count:
        message += f"; of one pole there are only {fewest} designs"
    return Interpolation(
        steps,
        pictures,
        {"board.png": draw_pair_grid(pictures, own[: len(first)], own[len(first) :], names, points)},
        {
            "rows": [design_name(number) for number in first],
            "columns": [design_name(number) for number in second],
            "crossed": crossed,
        },
        message,
        {"board.npy": latents},
    )


def draw_pair_grid(
    pictures: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    names: Sequence[Sequence[str]],
    points: Sequence[PathPoint],
) -> Image.Image:
    """Returns the grid, with the designs of each pair on its left and upper side; numbers as in ``--a board:2,3``.

    Args:
        pictures: uint8 (rows · columns, size, size, 3), row by row.
        rows: uint8 (rows, size, size, 3), the first pole's designs.
        columns: uint8 (columns, size, size, 3), the second pole's.
        names: The names of the rows and of the columns.
        points: Where each picture lies on its path.
    """
    white = np.full_like(rows[0], 255)
    width = len(columns)
    sheet, captions = [white, *columns], ["", *names[1]]
    for row, (design, name) in enumerate(zip(rows, names[0], strict=True)):
        inside = slice(row * width, (row + 1) * width)
        sheet += [design, *pictures[inside]]
        captions += [name]
        captions += [
            f"{row},{column}: t = {point.t:.2f}" + ("" if point.is_crossing else ", no crossing")
            for column, point in enumerate(points[inside])
        ]
    crossed = sum(point.is_crossing for point in points)
    where = f"{crossed} of {len(points)} on the hyperplane" if crossed else "each at the midpoint of the path"
    return visualization.grid(
        np.stack(sheet),
        width + 1,
        scale=visualization.legible_scale(rows.shape[1]),
        captions=captions,
        title=f"Between each of {len(rows)} designs (left) and each of {width} (above): {where}",
    )
