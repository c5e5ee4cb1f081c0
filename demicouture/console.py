"""The console, which belongs to our messages: what C libraries print there by themselves is kept from it."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

_ONE_AT_A_TIME = threading.RLock()


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
