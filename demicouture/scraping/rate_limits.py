"""Rate limits and back-off for each host: one request at a time, a pause after it, and an end where it refuses us."""

from __future__ import annotations

import contextlib
import math
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from demicouture.errors import FetchError
from demicouture.scraping import failure_reasons

MAX_REFUSALS = 3
"""Connections in a row that were refused, broken or met with silence; after them a host is left alone."""

MAX_THROTTLED = 8
"""Our choice: answers in a row that say "later", until a host is left alone. With the waits below that is after five to
ten minutes without a result."""

FIRST_WAIT, LONGEST_BACKOFF = 5.0, 300.0
"""Seconds to wait for a host that says "later" without saying when: doubled each time, up to five minutes, and of that
a random part from a half to the whole, so that not all clients come back at once."""

LONGEST_WAIT = 3600.0
"""Seconds; our choice. A host that asks for more than an hour is left alone in this run: another one will do."""


class TryLater(FetchError):
    """A host is busy; perhaps another one than that of the address, which only redirected to it.

    Attributes:
        until: The moment, on the monotonic clock, from which it takes requests again.
    """

    def __init__(self, reason: str, status: int | None = None, until: float = 0.0) -> None:
        """Keeps the moment beside the reason."""
        super().__init__(reason, status)
        self.until = until


@dataclass
class _Host:
    lock: threading.Lock = field(default_factory=threading.Lock)
    left_at: float = -math.inf
    throttled_until: float = 0.0
    pause: float = 0.0
    refusals: int = 0
    throttled: int = 0
    left_alone: bool = False


class RateLimits:
    """The limits of each host: when it takes the next request, and whether any. Threads share one."""

    def __init__(
        self,
        delay_seconds: float,
        closed: threading.Event,
        *,
        first_wait_seconds: float = FIRST_WAIT,
        max_throttled: int = MAX_THROTTLED,
    ) -> None:
        """Starts without limits but the pause.

        Args:
            delay_seconds: The pause on one host between the end of a response and the next request.
            closed: Ends every wait.
            first_wait_seconds: See :data:`FIRST_WAIT`.
            max_throttled: See :data:`MAX_THROTTLED`.
        """
        self.delay_seconds = delay_seconds
        self._closed = closed
        self._first_wait_seconds = first_wait_seconds
        self._max_throttled = max_throttled
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    def _get(self, name: str) -> _Host:
        with self._lock:
            return self._hosts.setdefault(name, _Host())

    @contextlib.contextmanager
    def turn(self, name: str, patient: bool) -> Iterator[None]:
        """Waits until no other thread talks to the host and its pause is over.

        Args:
            name: The host.
            patient: Whether to wait also for a host that said "later", perhaps for an hour.

        Raises:
            FetchError: ``host left alone``.
            TryLater: The host said "later".
        """
        host = self._get(name)
        with host.lock:
            if host.left_alone:
                raise FetchError(failure_reasons.LEFT_ALONE)
            if not patient and host.throttled_until > time.monotonic():
                raise TryLater("throttled", until=host.throttled_until)
            self._closed.wait(max(0.0, self._free_at(host) - time.monotonic()))
            try:
                yield
            finally:
                host.left_at = time.monotonic()

    def ready_at(self, name: str) -> float:
        """Returns the moment, on the monotonic clock, from which a host takes requests."""
        host = self._get(name)
        return 0.0 if host.left_alone else self._free_at(host)

    def _free_at(self, host: _Host) -> float:
        return max(host.left_at + max(self.delay_seconds, host.pause), host.throttled_until)

    def slow_down(self, name: str, seconds: float) -> None:
        """Makes the pause on a host at least this long."""
        host = self._get(name)
        host.pause = max(host.pause, seconds)

    def wait(self, name: str, seconds: float) -> None:
        """Sends a host no request for this long, because it said beforehand that it would not answer."""
        self._get(name).throttled_until = time.monotonic() + seconds

    def note_answer(self, name: str) -> None:
        """Notes that a host answered something other than "later"."""
        host = self._get(name)
        host.refusals = host.throttled = 0

    def note_refusal(self, name: str) -> None:
        """Notes that a connection failed."""
        host = self._get(name)
        host.refusals += 1
        host.left_alone |= host.refusals >= MAX_REFUSALS

    def note_throttled(self, name: str, seconds: float | None) -> bool:
        """Notes that a host said "later"; returns whether it will be tried again.

        Args:
            name: The host.
            seconds: How much later, where it said so.
        """
        host = self._get(name)
        host.refusals = 0
        host.throttled += 1
        if seconds is None:
            longest = min(LONGEST_BACKOFF, self._first_wait_seconds * 2 ** (host.throttled - 1))
            seconds = longest * random.uniform(0.5, 1)
        host.left_alone |= seconds > LONGEST_WAIT or host.throttled >= self._max_throttled
        host.throttled_until = time.monotonic() + seconds
        return not host.left_alone

    def waits(self) -> dict[str, float]:
        """Returns the hosts that asked us to wait, and for how many seconds from now."""
        now = time.monotonic()
        with self._lock:
            hosts = list(self._hosts.items())
        return {
            name: host.throttled_until - now
            for name, host in hosts
            if host.throttled_until > now and not host.left_alone
        }
