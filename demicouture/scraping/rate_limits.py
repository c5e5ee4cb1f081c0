"""Rate limits and back-off for each host: one request at a time, a pause that is learned, and an end where it refuses.

Some hosts name their limits. Others only answer 429: the one that has most of the openly licensed pictures does so
after 20 to 30 of them, whatever the pause. So the pace of a host is learned: each time that it says "later" the pause
is doubled, and with each picture that it gives it becomes a little shorter.
"""

from __future__ import annotations

import contextlib
import math
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from demicouture.errors import FetchError
from demicouture.scraping import failure_reasons
from demicouture.scraping.clock import CLOCK, Clock

MAX_REFUSALS = 3
"""Connections in a row that were refused, broken or met with silence, or answers "forbidden" in a row; after them a
host is left alone."""

MAX_THROTTLED = 8
"""Our choice: answers "later" in a row from a host that has never given anything, until this run is done with it. With
the waits below that is after five to ten minutes without a result."""

FIRST_WAIT, LONGEST_BACKOFF = 5.0, 300.0
"""Seconds to wait for a host that says "later" without saying when: doubled each time, up to five minutes, and of that
a random part from a half to the whole, so that not all clients come back at once."""

LONGEST_WAIT = 3600.0
"""Seconds; our choice. A host that asks for more than an hour, or gave nothing for an hour, is not waited for in this
run: the next run goes on with it."""

LENGTHENED, SHORTENED = 2.0, 0.98
"""Our choice: by which the pause on a host is multiplied at each first "later", and at each answer. Where pictures come
regularly it halves after 35 of them."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Seconds; our choice: the least and the most that is ever learned to be the pause of a host that says "later"."""


class TryLater(FetchError):
    """A host is busy; perhaps another one than that of the address, which only redirected to it.

    Attributes:
        until: The moment, on the clock, from which it takes requests again.
    """

    def __init__(self, reason: str, status: int | None = None, until: float = 0.0) -> None:
        """Keeps the moment beside the reason."""
        super().__init__(reason, status)
        self.until = until


class PutOff(FetchError):
    """A host says "later", and so much later that this run does not wait for it.

    Attributes:
        host: The host.
        seconds: From now until it may be tried again.
    """

    def __init__(self, reason: str, status: int | None, host: str, seconds: float) -> None:
        """Keeps host and time beside the reason."""
        super().__init__(reason, status)
        self.host = host
        self.seconds = seconds


@dataclass
class _Host:
    lock: threading.Lock = field(default_factory=threading.Lock)
    left_at: float = -math.inf
    throttled_until: float = 0.0
    pause: float = 0.0
    learned: float = 0.0
    refusals: int = 0
    forbidden: int = 0
    throttled: int = 0
    throttled_since: float = 0.0
    served: bool = False
    left_alone: bool = False
    put_off: bool = False


class RateLimits:
    """The limits of each host: when it takes the next request, and whether any. Threads share one."""

    def __init__(
        self,
        delay_seconds: float,
        closed: threading.Event,
        *,
        clock: Clock = CLOCK,
        first_wait_seconds: float = FIRST_WAIT,
        max_throttled: int = MAX_THROTTLED,
    ) -> None:
        """Starts without limits but the pause.

        Args:
            delay_seconds: The pause on one host between the end of a response and the next request.
            closed: Ends every wait.
            clock: Tells the time.
            first_wait_seconds: See :data:`FIRST_WAIT`.
            max_throttled: See :data:`MAX_THROTTLED`.
        """
        self.delay_seconds = delay_seconds
        self.clock = clock
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
            PutOff: The host said "later", for longer than this run waits.
            TryLater: The host said "later".
        """
        host = self._get(name)
        with host.lock:
            if host.left_alone:
                raise FetchError(failure_reasons.LEFT_ALONE)
            if host.put_off:
                raise self.put_off(name, 429)
            if not patient and host.throttled_until > self.clock.now():
                raise TryLater("throttled", until=host.throttled_until)
            self.sleep_until(self._free_at(host))
            try:
                yield
            finally:
                host.left_at = self.clock.now()

    def sleep_until(self, moment: float) -> None:
        """Waits until a moment on the clock, or until everything is closed."""
        if (seconds := moment - self.clock.now()) > 0:
            self.clock.wait(seconds, self._closed)

    def ready_at(self, name: str) -> float:
        """Returns the moment, on the clock, from which a host takes requests."""
        host = self._get(name)
        return 0.0 if host.left_alone or host.put_off else self._free_at(host)

    def is_spent(self, name: str) -> bool:
        """Returns whether a host has said "later" in this run, and takes no request at this moment.

        One that is left alone is not: whoever forbids a picture does not want it to be fetched from elsewhere.
        """
        host = self._get(name)
        busy = host.put_off or (host.learned > 0 and self._free_at(host) > self.clock.now())
        return busy and not host.left_alone

    def _free_at(self, host: _Host) -> float:
        return max(host.left_at + max(self.delay_seconds, host.pause, host.learned), host.throttled_until)

    def slow_down(self, name: str, seconds: float) -> None:
        """Makes the pause on a host at least this long."""
        host = self._get(name)
        host.pause = max(host.pause, seconds)

    def wait(self, name: str, seconds: float) -> None:
        """Sends a host no request for this long, because it said beforehand that it would not answer."""
        self._get(name).throttled_until = self.clock.now() + seconds

    def note_answer(self, name: str, *, served: bool = True, forbidden: bool = False) -> None:
        """Notes that a host answered something other than "later".

        Args:
            name: The host.
            served: Whether it gave what it was asked for.
            forbidden: Whether it said "forbidden": a host that says so three times in a row is left alone.
        """
        host = self._get(name)
        host.refusals = host.throttled = 0
        host.left_alone |= forbidden and host.forbidden + 1 >= MAX_REFUSALS
        host.forbidden = host.forbidden + 1 if forbidden else 0
        if served:
            host.served = True
            host.learned *= SHORTENED
            if host.learned < max(self.delay_seconds, host.pause):
                host.learned = 0.0  # It is as fast again as it was before it ever said "later".

    def note_refusal(self, name: str) -> None:
        """Notes that a connection failed."""
        host = self._get(name)
        host.refusals += 1
        host.left_alone |= host.refusals >= MAX_REFUSALS

    def note_throttled(self, name: str, seconds: float | None) -> bool:
        """Notes that a host said "later", and lengthens its pause; returns whether it will be tried again in this run.

        Args:
            name: The host.
            seconds: How much later, where it said so.
        """
        host, now = self._get(name), self.clock.now()
        host.refusals = 0
        if not host.throttled:
            host.throttled_since = now
            pause = LENGTHENED * max(self.delay_seconds, host.pause, host.learned)
            host.learned = min(max(pause, FIRST_PAUSE), LONGEST_PAUSE)
        host.throttled += 1
        if seconds is None:
            longest = min(LONGEST_BACKOFF, self._first_wait_seconds * 2 ** min(host.throttled - 1, 60))
            seconds = longest * random.uniform(0.5, 1)
        host.throttled_until = now + seconds
        in_vain = now - host.throttled_since > LONGEST_WAIT if host.served else host.throttled >= self._max_throttled
        host.put_off |= in_vain or seconds > LONGEST_WAIT
        return not host.put_off

    def put_off(self, name: str, status: int) -> PutOff:
        """Returns the error that says for how long a host is not to be asked."""
        seconds = max(0.0, self._get(name).throttled_until - self.clock.now())
        return PutOff(f"HTTP {status}", status, name, seconds)

    def pace(self, name: str) -> float:
        """Returns the seconds that a picture of a host takes at least, as far as that is known."""
        host = self._get(name)
        return max(self.delay_seconds, host.pause, host.learned)

    def waits(self) -> dict[str, float]:
        """Returns the hosts that asked us to wait, and for how many seconds from now."""
        now = self.clock.now()
        with self._lock:
            hosts = list(self._hosts.items())
        return {
            name: host.throttled_until - now
            for name, host in hosts
            if host.throttled_until > now and not host.left_alone and not host.put_off
        }
