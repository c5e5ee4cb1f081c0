"""A clock that tests turn: hours pass as soon as everybody waits for them."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from demicouture.scraping.clock import Clock

BEGINNING = datetime(2030, 5, 6, 9, 0)

LONGEST_WORK = 0.03
"""Seconds of real time without any event, after which time passes although somebody seems to be at work: a thread that
waits for another one."""


class Value(Protocol):
    """Holds the seconds since the beginning, perhaps for several processes."""

    value: float


class _Own:
    value = 0.0


class TurnedClock(Clock):
    """Stands still while anybody works, and goes on to the next moment that anybody waits for."""

    def __init__(self, shown: Value | None = None) -> None:
        self._shown = shown or _Own()
        self._changed = threading.Condition()
        self._until: list[float] = []

    def now(self) -> float:
        return self._shown.value

    def today(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.now())

    def turn_to(self, moment: float) -> None:
        with self._changed:
            self._shown.value = max(self.now(), moment)
            self._changed.notify_all()

    def wait(self, seconds: float, closed: threading.Event) -> None:
        """Waits until somebody turns the clock; where nobody else could, turns it itself."""
        until = self.now() + seconds
        if threading.current_thread() is threading.main_thread():
            self.turn_to(until)
            return
        with self._changed:
            self._until.append(until)
            while self.now() < until and not closed.is_set():
                self._changed.wait(0.05)
            self._until.remove(until)

    def get(self, events: SimpleQueue, seconds: float, at_work: int) -> Any:
        """Returns the next event; where all who are at work wait for a time, makes it that time."""
        until, begun = self.now() + seconds, time.monotonic()
        while True:
            try:
                return events.get(timeout=0.0005 if at_work else 0)
            except Empty:
                pass
            with self._changed:
                if len(self._until) >= at_work or time.monotonic() - begun > LONGEST_WORK:
                    self._shown.value = max(self.now(), min([until, *self._until]))
                    self._changed.notify_all()
                    if self.now() >= until:
                        raise Empty
                    begun = time.monotonic()
