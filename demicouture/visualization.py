"""Grids, strips and plots with one look: the same fonts, and the same two colours for the two poles."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from PIL.ImageFont import FreeTypeFont

from demicouture import fonts
from demicouture.files import atomic_path
from demicouture.fonts import load_font
from demicouture.images import to_square
from demicouture.language import break_lines

POLE_COLOURS = ("#2a78b5", "#d1495b")
"""The first pole's blue and the second pole's red: told apart by colour-blind readers too, and when printed grey."""

PLANE_COLOUR = "#444444"
CAPTION_HEIGHT = 16
CAPTION_SIZE = 10
TITLE_HEIGHT = 30
LEGIBLE = 96
"""Pixels; our choice: a garment is recognised at this side, and a caption of 14 letters fits below."""

MOST_BELOW = 9
"""Steps of a strip below an animation; of a longer one, evenly chosen ones."""

MARK = 6
"""The height of the mark over them, in pixels."""

PALETTE_SIDE = 64
CAPTION_COLOUR = (40, 40, 40)
BACKGROUND = (255, 255, 255)


def grid(
    pictures: np.ndarray,
    columns: int = 10,
    gap: int = 2,
    scale: int = 1,
    captions: Sequence[str] | None = None,
    title: str = "",
    row_titles: Sequence[str] | None = None,
    column_titles: Sequence[str] | None = None,
) -> Image.Image:
    """Returns pictures side by side in rows, on white.

    Args:
        pictures: uint8 (n, height, width, 3) in [0, 255].
        columns: Pictures in a row.
        gap: Pixels between two pictures and around them.
        scale: How many times larger each pixel is shown; 1 leaves the pictures as they are.
        captions: One or more short lines below each picture; one that is too wide is cut.
        title: What the sheet shows, in larger letters above it; it is broken to the sheet's width.
        row_titles: One or more short lines to the left of each row.
        column_titles: One short line above each column; one that is too wide is cut.
    """
    count, height, width = pictures.shape[:3]
    columns = min(columns, count)
    rows = -(-count // columns)
    caption_height = CAPTION_HEIGHT * max(caption.count("\n") + 1 for caption in captions) if captions else 0
    cell_width, cell_height = width * scale + gap, height * scale + gap + caption_height
    row_lines = [line for text in row_titles or () for line in text.split("\n")]
    margin = max((int(load_font(CAPTION_SIZE, line).getlength(line)) + 10 for line in row_lines), default=0)
    sheet_width = margin + columns * cell_width + gap
    title_font = load_font(TITLE_HEIGHT * 0.6, title)
    title_lines = break_lines(title, sheet_width - 4 * gap, title_font.getlength)
    head = len(title_lines) * TITLE_HEIGHT + (CAPTION_HEIGHT if column_titles else 0)
    sheet = Image.new("RGB", (sheet_width, head + rows * cell_height + gap), BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    for number, line in enumerate(title_lines):
        pen.text((2 * gap, number * TITLE_HEIGHT + gap), line, fill=CAPTION_COLOUR, font=title_font)
    for row, text in enumerate(row_titles or ()):
        middle = head + gap + row * cell_height + height * scale / 2
        font = load_font(CAPTION_SIZE, text)
        pen.multiline_text((4, middle), text, fill=CAPTION_COLOUR, font=font, anchor="lm")
    for column, text in enumerate(column_titles or ()):
        middle = margin + gap + column * cell_width + width * scale / 2
        font = load_font(CAPTION_SIZE, text)
        pen.text((middle, head - 2), _cut(text, font, cell_width), fill=CAPTION_COLOUR, font=font, anchor="md")
    for index, picture in enumerate(pictures):
        left, top = margin + gap + index % columns * cell_width, head + gap + index // columns * cell_height
        image = Image.fromarray(picture)
        if scale > 1:
            image = image.resize((width * scale, height * scale), Image.Resampling.NEAREST)
        sheet.paste(image, (left, top))
        for number, text in enumerate(captions[index].split("\n") if captions else ()):
            position = left, top + height * scale + 1 + number * (CAPTION_HEIGHT - 3)
            font = load_font(CAPTION_SIZE, text)
            pen.text(position, _cut(text, font, cell_width - gap), fill=CAPTION_COLOUR, font=font)
    return sheet


def legible_scale(size: int) -> int:
    """Returns the ``scale`` for :func:`grid` at which pictures of ``size`` pixels can be told apart and captioned."""
    return max(1, -(-LEGIBLE // size))


def _cut(text: str, font: FreeTypeFont, width: float) -> str:
    while text and font.getlength(text) > width:
        text = text[:-1]
    return text


def save_animation(path: Path, frames: np.ndarray, milliseconds: int, hold: int, back: bool = True) -> None:
    """Writes an animation, without end, to a GIF file atomically.

    Args:
        path: The GIF file to write.
        frames: uint8 (n, height, width, 3) in [0, 255], n at least 2.
        milliseconds: How long a frame is shown.
        hold: How long the last frame is shown, in milliseconds; and the first one, where it goes back.
        back: Whether it goes back again, or begins anew.
    """
    images = [_with_palette(Image.fromarray(frame)) for frame in frames]
    durations = [hold if back else milliseconds] + [milliseconds] * (len(images) - 2) + [hold]
    if back:
        durations += [milliseconds] * (len(images) - 2)
        images += images[-2:0:-1]
    with atomic_path(path) as partial:
        images[0].save(partial, save_all=True, append_images=images[1:], duration=durations, loop=0)


def with_strip(frames: np.ndarray, steps: np.ndarray, size: int) -> np.ndarray:
    """Enlarges frames, and puts below each the strip that it moves along, with a mark where it is.

    Args:
        frames: uint8 (n, side, side, 3) in [0, 255], n at least 2, evenly along the strip.
        steps: uint8 (m, side, side, 3), the strip.
        size: The side of the enlarged frames in pixels, even, as videos want it.

    Returns:
        uint8 (n, height, size, 3), the height even too.
    """
    shown = steps[evenly_spread(len(steps), MOST_BELOW)]
    side = size // len(shown)
    below = Image.new("RGB", (size, side + MARK + side % 2), BACKGROUND)
    for number, step in enumerate(shown):
        below.paste(enlarge(step, side), (number * side, MARK))
    sheets = []
    for number, frame in enumerate(frames):
        sheet = Image.new("RGB", (size, size + below.height), BACKGROUND)
        sheet.paste(enlarge(frame, size))
        sheet.paste(below, (0, size))
        middle = side / 2 + number / (len(frames) - 1) * side * (len(shown) - 1)
        ImageDraw.Draw(sheet).rectangle((middle - side / 4, size + 1, middle + side / 4, size + MARK - 2), PLANE_COLOUR)
        sheets.append(np.asarray(sheet))
    return np.stack(sheets)


def _with_palette(image: Image.Image) -> Image.Image:
    # A palette for each frame: one for all would leave too few colours to each of two very different designs. It is
    # chosen on a small copy, because Pillow's median cut takes seconds for a large picture of very many colours.
    small = image.resize((PALETTE_SIDE, PALETTE_SIDE))
    return image.quantize(palette=small.quantize(256, Image.Quantize.MEDIANCUT), dither=Image.Dither.FLOYDSTEINBERG)


def enlarge(picture: np.ndarray, size: int) -> Image.Image:
    """Returns a square picture, uint8 (side, side, 3), enlarged to ``size`` pixels by Lanczos' filter."""
    return to_square(Image.fromarray(picture), (0, 0, picture.shape[1], picture.shape[0]), size, BACKGROUND)


def point_at(sheet: Image.Image, x: float, y: float) -> None:
    """Draws a small triangle whose tip, below, is at a place of a sheet."""
    corners = [(x - MARK, y - 1 - MARK), (x + MARK, y - 1 - MARK), (x, y - 1)]
    ImageDraw.Draw(sheet).polygon(corners, fill=PLANE_COLOUR)


def evenly_spread(count: int, wanted: int) -> np.ndarray:
    """Returns which ``wanted`` of ``count`` things to show, the first and the last among them; all if there are fewer.

    Returns:
        int (min(count, wanted),), rising.
    """
    return np.linspace(0, count - 1, min(count, wanted)).round().astype(int)


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
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"font.family": fonts.families()}):
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
