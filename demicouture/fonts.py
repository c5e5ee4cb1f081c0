"""The fonts of all our pictures: matplotlib's own, and for letters that it lacks, Japanese ones say, another one."""

from __future__ import annotations

import functools
import importlib.util
import logging
from pathlib import Path

from PIL import ImageFont

USUAL = "DejaVu Sans"

FURTHER = (
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "Hiragino Sans",
    "Hiragino Kaku Gothic ProN",
    "Yu Gothic",
    "Meiryo",
    "BIZ UDGothic",
    "IPAexGothic",
)
"""Fonts with Japanese letters, as Linux, macOS and Windows have them, the best first. Those that are found are taken.

The last one comes with the package matplotlib-fontja, which is installed with us.
"""

BEYOND = 0x2E80
"""The first letter of East Asia in Unicode; nearly all before it the usual font has."""


def load_font(size: float, text: str = "") -> ImageFont.FreeTypeFont:
    """Returns the font for a text in a picture: matplotlib's, like the plots, or one that has the letters.

    Pillow's own lacks even the multiplication sign.

    Args:
        size: In pixels.
        text: What will be written; of all its letters one font is taken, for Pillow mixes none.
    """
    if all(ord(letter) < BEYOND for letter in text):
        return _load(_folder_of("matplotlib") / "mpl-data/fonts/ttf/DejaVuSans.ttf", size)
    return _load(max(find_further().values(), key=lambda path: _count_known(path, text)), size)


@functools.cache
def find_further() -> dict[str, Path]:
    """Returns which of the further fonts are here, each with its file, the best first; the package's is the last."""
    from matplotlib import font_manager

    # Where a font is not there in bold, its usual weight is taken, and that is no news.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    package = _folder_of("matplotlib_fontja") / "fonts/ipaexg.ttf"
    font_manager.fontManager.addfont(package)
    # A file of several fonts has the Japanese one as its first, which is the one that Pillow and FreeType open.
    there = {
        entry.name: Path(entry.fname)
        for entry in reversed(font_manager.fontManager.ttflist)
        if entry.name in FURTHER and str(entry.weight) in ("400", "normal", "regular") and Path(entry.fname).exists()
    }
    return {name: there[name] for name in FURTHER if name in there}


def families() -> list[str]:
    """Returns the names of our fonts for matplotlib, which takes each letter from the first one that has it."""
    return [USUAL, *find_further()]


@functools.cache
def _load(path: Path, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


@functools.cache
def _letters(path: Path) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(path).get_charmap())


def _count_known(path: Path, text: str) -> int:
    return sum(ord(letter) in _letters(path) for letter in text)


def _folder_of(package: str) -> Path:
    # Without importing it: that takes longer than drawing most sheets, and matplotlib-fontja changes settings.
    return Path(importlib.util.find_spec(package).origin).parent
