"""Turntables: garments that turn, and sheets of their views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from demicouture import visualization
from demicouture.garment3d.garment import Garment, frame
from demicouture.garment3d.rendering import Camera, Surface, render
from demicouture.language import N_, _

FRAMES, MILLISECONDS = 36, 80
"""Of one turn: it takes three seconds."""

VIEWS = ((N_("front"), 0), (N_("three-quarter"), 40), (N_("side"), 90), (N_("back"), 180))
"""What a sheet shows of each garment: a name, and by how many degrees it is turned."""

MOST_IN_ROW = 9


def scene(garment: Garment, bare: bool) -> tuple[list[Surface], Camera]:
    """Returns what is drawn of a garment, and a camera that shows all of it; ``bare`` leaves out the dress form."""
    surfaces = [garment.surface] if bare else [garment.surface, garment.form]
    return surfaces, frame(surfaces)


def turn(garments: Sequence[Garment], side: int, bare: bool) -> Iterator[np.ndarray]:
    """Draws garments side by side, each turning about itself once.

    Args:
        garments: At least one; of more than :data:`MOST_IN_ROW` there are several rows.
        side: That of a garment's part of the picture, in pixels, even.
        bare: Whether to leave out the dress forms.

    Yields:
        uint8 (height, width, 3) in [0, 255], :data:`FRAMES` times.
    """
    scenes = [scene(garment, bare) for garment in garments]
    rows = -(-len(scenes) // MOST_IN_ROW)
    columns = -(-len(scenes) // rows)
    for number in range(FRAMES):
        # The camera goes round clockwise: first the garment's left side comes to the front.
        angle = 2 * np.pi * number / FRAMES
        picture = np.full((rows * side, columns * side, 3), 255, np.uint8)
        for place, (surfaces, camera) in enumerate(scenes):
            row, column = divmod(place, columns)
            tile = render(surfaces, replace(camera, azimuth=angle), side, side)
            picture[row * side : (row + 1) * side, column * side : (column + 1) * side] = tile
        yield picture


def draw_views(garments: Sequence[Garment], side: int, bare: bool) -> Image.Image:
    """Draws a sheet with a row for each garment: front, three-quarter, side and back."""
    pictures, captions = [], []
    for garment in garments:
        surfaces, camera = scene(garment, bare)
        for name, degrees in VIEWS:
            pictures.append(render(surfaces, replace(camera, azimuth=np.radians(degrees)), side, side))
            captions.append(f"{garment.name}, {_(name)}" if len(garments) > 1 else _(name))
    title = _("In the round: front as designed; depth and back are guesses")
    columns = len(VIEWS) * (2 if len(garments) > MOST_IN_ROW else 1)
    return visualization.grid(np.stack(pictures), columns, captions=captions, title=title)
