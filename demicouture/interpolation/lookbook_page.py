"""The lookbook's page: all designs of it on one sheet of A4, as a picture and as a PDF file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from demicouture import visualization
from demicouture.errors import PictureError
from demicouture.files import atomic_path
from demicouture.fonts import load_font
from demicouture.images import open_picture
from demicouture.language import _

PAGE_ROWS, PAGE_COLUMNS = 6, 4
"""What fills a page."""

PAGE_WIDTH, PAGE_HEIGHT, DOTS = 1654, 2339, 200
"""A page of A4, in pixels and in dots an inch."""

MARGIN = 60
HEAD = 130
LARGE_SIDE = 256
SMALL_SIDE = 80


def draw_page(
    pictures: np.ndarray,
    sides: Sequence[np.ndarray | None],
    nearest: Sequence[np.ndarray | None],
    captions: Sequence[Sequence[str]],
    title: str,
    explanation: Sequence[str],
) -> Image.Image:
    """Returns one page with all designs, each enlarged, with its counterparts and the nearest picture beside it.

    Args:
        pictures: uint8 (n, size, size, 3), the designs.
        sides: uint8 (2, size, size, 3) for each, its counterparts towards either pole; None where there are none.
        nearest: uint8 (height, width, 3) for each, square, the data set's nearest picture; None where it is missing.
        captions: A few short lines for each.
        title: In large letters above.
        explanation: One or two lines below the title.
    """
    page = Image.new("RGB", (PAGE_WIDTH, PAGE_HEIGHT), visualization.BACKGROUND)
    pen = ImageDraw.Draw(page)
    pen.text((MARGIN, MARGIN - 20), title, fill=visualization.CAPTION_COLOUR, font=load_font(34, title))
    for line, text in enumerate(explanation):
        place = (MARGIN, MARGIN + 22 + 21 * line)
        pen.text(place, text, fill=visualization.CAPTION_COLOUR, font=load_font(15, text))
    across = (PAGE_WIDTH - 2 * MARGIN) // PAGE_COLUMNS
    down = (PAGE_HEIGHT - HEAD - MARGIN) // PAGE_ROWS
    step = (LARGE_SIDE - SMALL_SIDE) // 2
    for number, picture in enumerate(pictures):
        left, top = MARGIN + number % PAGE_COLUMNS * across, HEAD + number // PAGE_COLUMNS * down
        page.paste(visualization.enlarge(picture, LARGE_SIDE), (left, top))
        small = [*(sides[number] if sides[number] is not None else (None, None)), nearest[number]]
        for place, other in enumerate(small):
            if other is not None:
                page.paste(visualization.enlarge(other, SMALL_SIDE), (left + LARGE_SIDE + 6, top + place * step))
        for line, text in enumerate(captions[number]):
            place = left, top + LARGE_SIDE + 4 + 19 * line
            pen.text(place, text, fill=visualization.CAPTION_COLOUR, font=load_font(14, text))
    return page


def save_pdf(path: Path, page: Image.Image) -> None:
    """Writes a page to a PDF file atomically; the same page gives the same file, so it has no date."""
    with atomic_path(path) as partial_file:
        page.save(
            partial_file, resolution=DOTS, quality=95, title=_("Demicouture lookbook"), creationDate=None, modDate=None
        )


def read_pictures(folder: Path, names: Sequence[str]) -> list[np.ndarray | None]:
    """Returns pictures of the data set, uint8 (size, size, 3) each, or None for one that is missing."""
    found: list[np.ndarray | None] = []
    for name in names:
        try:
            picture = np.asarray(open_picture(folder / name))
        except (FileNotFoundError, PictureError):
            picture = None
        found.append(picture if picture is not None and picture.shape[0] == picture.shape[1] else None)
    return found
