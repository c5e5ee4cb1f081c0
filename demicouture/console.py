"""The console, which belongs to our messages: what C libraries print there by themselves is kept from it."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
import threading
from collections.abc import Iterator

PLAIN = str.maketrans({"×": "x", "–": "-", "−": "-", "…": "...", "→": "->", "“": '"', "”": '"', "’": "'", "·": "*"})
"""How our own letters are written where there is only ASCII."""

_ONE_AT_A_TIME = threading.RLock()


def open_streams() -> None:
    """Lets everything be printed, whatever the console: one that is closed, and one without our letters.

    Where one is closed, the next file would get its number, and what libraries print would be written into that.
    """
    for name in ("stdin", "stdout", "stderr"):  # in their numbers' order: what is opened takes the lowest that is free
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))
    codecs.register_error("readable", _readable)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="readable")


def _readable(error: UnicodeError) -> tuple[str | bytes, int]:
    """Prints what the console has no letters for: bytes in a file's name as they are, so that it can be pasted."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = error.object[error.start : error.end]
    if all("\udc80" <= letter <= "\udcff" for letter in found):
        return found.encode("utf-8", "surrogateescape"), error.end
    return found.translate(PLAIN).encode("ascii", "backslashreplace").decode(), error.end


@contextlib.contextmanager
def silent_libraries() -> Iterator[None]:
    """Closes file descriptor 2 to what is written inside; exceptions are raised, not printed, and lose nothing.

    The descriptor is the whole process's: what other threads write there meanwhile is lost, too.
    """
    with _ONE_AT_A_TIME:
        try:
            kept = os.dup(2)
        except OSError:  # There is no console.
            yield
            return
        if sys.stderr is not None:
            sys.stderr.flush()
        try:
            with open(os.devnull, "w") as nothing:
                os.dup2(nothing.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
