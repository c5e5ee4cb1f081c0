"""Progress bars: a bar in a terminal; elsewhere, in a log say, a line every few minutes; under ``--quiet`` nothing."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm

TOLD_EVERY = 180.0
"""Seconds between two lines where there is no terminal; what is done sooner says nothing."""


class Lines(io.TextIOBase):
    """Prints each state of a bar as a line of its own."""

    def write(self, text: str) -> int:
        """Prints a state; the blanks with which a bar is erased are none."""
        if state := text.strip():
            print(state, file=sys.stderr, flush=True)
        return len(text)


def progress_bar(steps: Iterable | None = None, title: str = "", *, unit: str, quiet: bool, **options: Any) -> tqdm:
    """Returns a bar, which gives the steps back one by one.

    Args:
        steps: What is worked on; None for a bar that is moved on by ``update``.
        title: What is being done.
        unit: What a step is.
        quiet: Whether to show nothing.
        options: Further ones of tqdm's.
    """
    options = {"leave": False, "disable": quiet} | options
    if not sys.stderr.isatty():
        options |= {"file": Lines(), "ascii": True, "ncols": 120, "delay": TOLD_EVERY}
        options |= {"mininterval": TOLD_EVERY, "maxinterval": TOLD_EVERY}
    return tqdm(steps, title, unit=unit, **options)
