"""The clock of a collection, which may take days: all its pauses are waited for here, so that tests can turn it."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from queue import SimpleQueue
from typing import Any

from demicouture.language import _


class Clock:
    """The real time."""

    def now(self) -> float:
        """Returns the seconds since some moment, which never go back."""
        return time.monotonic()

    def wait(self, seconds: float, closed: threading.Event) -> None:
        """Waits so long, or until the event is set."""
        closed.wait(max(0.0, min(seconds, threading.TIMEOUT_MAX)))

    def get(self, events: SimpleQueue, seconds: float, at_work: int) -> Any:
        """Returns the next event.

        Args:
            events: Where events come in.
            seconds: The most to wait for one.
            at_work: How many threads may still bring one; of interest for a clock that is turned.

        Raises:
            queue.Empty: None came in this time.
        """
        return events.get(timeout=seconds)

    def time_of_day(self, seconds: float = 0.0) -> str:
        """Returns what a clock on the wall shows so many seconds from now, with the date where it is another day."""
        today = self.today()
        then = today + timedelta(seconds=seconds)
        return then.strftime("%H:%M" if then.date() == today.date() else _("%H:%M on %Y-%m-%d"))

    def today(self) -> datetime:
        """Returns the local date and time."""
        return datetime.now()


CLOCK = Clock()


def describe_duration(seconds: float) -> str:
    """Returns a time as a person says it: ``40 s``, ``12 min``, ``3.5 h``, ``4 days``."""
    if seconds < 90:
        return _("{seconds:.0f} s").format(seconds=seconds)
    if seconds < 90 * 60:
        return _("{minutes:.0f} min").format(minutes=seconds / 60)
    if seconds < 36 * 3600:
        return _("{hours:.1f} h").format(hours=seconds / 3600)
    return _("{days:.1f} days").format(days=seconds / 86400)
