"""Grids, strips and plots with one look: the same fonts, and the same two colours for the two poles."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from demicouture.files import atomic_path

POLE_COLOURS = ("#2a78b5", "#d1495b")
"""The first pole's blue and the second pole's red: told apart by colour-blind readers too, and when printed grey."""

PLANE_COLOUR = "#444444"
CAPTION_HEIGHT = 16
CAPTION_COLOUR = (40, 40, 40)
GROUND = (255, 255, 255)


def grid(
    pictures: np.ndarray,
    columns: int = 10,
    gap: int = 2,
    scale: int = 1,
    captions: Sequence[str] | None = None,
) -> Image.Image:
    """Returns pictures side by side in rows, on white.

    Args:
        pictures: uint8 (n, height, width, 3) in [0, 255].
        columns: Pictures in a row.
        gap: Pixels between two pictures and around them.
        scale: How many times larger each pixel is shown; 1 leaves the pictures as they are.
        captions: One short line below each picture; one that is too wide is cut.
    """
    count, height, width = pictures.shape[:3]
    columns = min(columns, count)
    rows = -(-count // columns)
    cell_width, cell_height = width * scale + gap, height * scale + gap + (CAPTION_HEIGHT if captions else 0)
    sheet = Image.new("RGB", (columns * cell_width + gap, rows * cell_height + gap), GROUND)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for index, picture in enumerate(pictures):
        left, top = gap + index % columns * cell_width, gap + index // columns * cell_height
        image = Image.fromarray(picture)
        if scale > 1:
            image = image.resize((width * scale, height * scale), Image.Resampling.NEAREST)
        sheet.paste(image, (left, top))
        if captions:
            text = captions[index]
            while text and font.getlength(text) > cell_width - gap:
                text = text[:-1]
            pen.text((left, top + height * scale + 1), text, fill=CAPTION_COLOUR, font=font)
    return sheet


@contextlib.contextmanager
def plot(path: Path, width: float = 8.0, height: float = 5.0, rows: int = 1, columns: int = 1) -> Iterator:
    """Yields matplotlib axes in the house's look and saves the figure to ``path`` atomically.

    Args:
        path: The PNG file to write.
        width: In inches, at 120 dots an inch.
        height: In inches.
        rows: Rows of axes.
        columns: Columns of axes.

    Yields:
        One Axes, or an array of them where ``rows`` or ``columns`` is over 1.
    """
    # Figure without pyplot: no window system is touched and nothing is left open.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    axes = figure.subplots(rows, columns)
    for axis in np.ravel(axes):
        axis.grid(alpha=0.25, linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
    yield axes
    for axis in np.ravel(axes):
        axis.title.set_fontsize(11)
    with atomic_path(path) as partial:
        # Without the metadata that names matplotlib's version, the same plot is the same file.
        figure.savefig(partial, metadata={"Software": None})
