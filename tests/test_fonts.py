from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from demicouture import fonts, visualization

JAPANESE = "普段着とコレクション、12枚 ×"


@pytest.fixture(params=["the system's and the package's", "the package's alone"])
def further(request, monkeypatch):
    """Lets the machine have the fonts that it has, and none but the package's."""
    if "alone" in request.param:
        monkeypatch.setattr(fonts, "FURTHER", fonts.FURTHER[-1:])
    fonts.find_further.cache_clear()
    yield fonts.find_further()
    fonts.find_further.cache_clear()


def drawn(text: str) -> np.ndarray:
    image = Image.new("L", (24 * len(text) + 24, 40))
    ImageDraw.Draw(image).text((4, 4), text, fill=255, font=fonts.load_font(20, text))
    return np.asarray(image)


def test_japanese_letters_are_letters(further):
    assert list(further)[-1] == "IPAexGothic"
    boxes = drawn("\U000f0000服")  # Nobody has the first one: a box.
    box = boxes[:, : 4 + 20]
    for letter in set(JAPANESE) - {" "}:
        one = drawn(letter + "服")[:, : 4 + 20]
        assert one.any() and (one != box).any(), letter
    assert len({drawn(letter).tobytes() for letter in "普段着服"}) == 4


def test_in_plots_they_are_too(further, tmp_path, caplog):
    # What lacks a glyph warns, and a warning is an error here.
    with visualization.plot(tmp_path / "a.png") as axes:
        axes.set_title(f"{JAPANESE}, W", fontweight="bold")
        axes.plot([0, 1], label="コレクション")
        axes.legend()
        axes.figure.suptitle("普段着 − 0.5", fontweight="bold")
    assert (tmp_path / "a.png").exists() and not caplog.records


def test_other_texts_keep_the_usual_font():
    assert fonts.load_font(12, "Cafés: 3 × 4, −1 → ß").getname() == ("DejaVu Sans", "Book")
    assert fonts.families()[0] == "DejaVu Sans"


def test_every_place_of_a_sheet_takes_them():
    red = np.full((2, 128, 128, 3), (255, 0, 0), np.uint8)

    def sheet(word: str) -> Image.Image:
        where = {"captions": [word, word], "row_titles": [word], "column_titles": [word, word]}
        return visualization.grid(red, 2, title=word, **where)

    # Where all were boxes, these two would be alike.
    assert sheet("普段着").size == sheet("晴れ着").size
    found = np.asarray(sheet("普段着")) != np.asarray(sheet("晴れ着"))
    title, columns, captions = found[:30], found[30:46], found[-16:]
    assert title.any() and columns.any() and captions.any() and found[46:-20, :40].any()
