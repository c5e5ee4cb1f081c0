"""Manners towards each host: one visit at a time, a pause after it, and nothing more where it has had enough of us."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import math
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TypeVar

from demicouture import reasons
from demicouture.errors import FetchError
from demicouture.workers import cores

MAX_REFUSALS = 3
"""Connections in a row that were refused, broken or met with silence; after them a host is left alone."""

MAX_PUT_OFFS = 5
"""Our choice: answers in a row that say "later", until we no longer believe it. With the waits below that is a quarter
of an hour in which nothing came of it."""

FIRST_WAIT, LONGEST_BACKOFF = 5.0, 300.0
"""Seconds to wait for a host that says "later" without saying when: doubled each time, up to five minutes, and of that
a random part from a half to the whole, so that not all who were turned away come back at once."""

LONGEST_WAIT = 3600.0
"""Seconds; our choice. A host that asks for more than an hour is left alone in this run: another one will do."""

BACKLOG = 2_000
"""How many items :func:`one_per_host` reads ahead to find a host that is free."""

AHEAD = 2
"""Items handed out for each worker, so that none waits until what another one brought has been put away."""

LONGEST_NAP = 1.0
"""Seconds after which :func:`one_per_host` looks up at the latest: on Windows a longer sleep would not feel Ctrl-C."""

Item = TypeVar("Item")
Work = TypeVar("Work")
Result = TypeVar("Result")


class TryLater(FetchError):
    """A host is busy; perhaps another one than that of the address, which only sent us on.

    Attributes:
        until: The moment, on the monotonic clock, from which it may be asked.
    """

    def __init__(self, reason: str, status: int | None = None, until: float = 0.0) -> None:
        """Keeps the moment beside the reason."""
        super().__init__(reason, status)
        self.until = until


@dataclass
class _Host:
    lock: threading.Lock = field(default_factory=threading.Lock)
    left_at: float = -math.inf
    put_off_until: float = 0.0
    pause: float = 0.0
    refusals: int = 0
    put_offs: int = 0
    left_alone: bool = False


class Hosts:
    """What this run knows of each host: when it may be asked again, and whether at all. Threads share one."""

    def __init__(self, delay_seconds: float, closed: threading.Event) -> None:
        """Knows nobody yet.

        Args:
            delay_seconds: The pause on one host between the end of a response and the next request.
            closed: Ends every wait.
        """
        self.delay_seconds = delay_seconds
        self._closed = closed
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    def _get(self, name: str) -> _Host:
        with self._lock:
            return self._hosts.setdefault(name, _Host())

    @contextlib.contextmanager
    def turn(self, name: str, patient: bool) -> Iterator[None]:
        """Waits until nobody else talks to the host and its pause is over.

        Args:
            name: The host.
            patient: Whether to wait also for a host that has put us off, perhaps for an hour.

        Raises:
            FetchError: ``host left alone``.
            TryLater: The host has put us off.
        """
        host = self._get(name)
        with host.lock:
            if host.left_alone:
                raise FetchError(reasons.LEFT_ALONE)
            if not patient and host.put_off_until > time.monotonic():
                raise TryLater("put off", until=host.put_off_until)
            self._closed.wait(max(0.0, self._free_at(host) - time.monotonic()))
            try:
                yield
            finally:
                host.left_at = time.monotonic()

    def ready_at(self, name: str) -> float:
        """Returns the moment, on the monotonic clock, from which a host may be asked."""
        host = self._get(name)
        return 0.0 if host.left_alone else self._free_at(host)

    def _free_at(self, host: _Host) -> float:
        return max(host.left_at + max(self.delay_seconds, host.pause), host.put_off_until)

    def slow_down(self, name: str, seconds: float) -> None:
        """Makes the pause on a host at least so long."""
        host = self._get(name)
        host.pause = max(host.pause, seconds)

    def wait(self, name: str, seconds: float) -> None:
        """Asks nothing of a host for so long, because it said beforehand that it would not answer."""
        self._get(name).put_off_until = time.monotonic() + seconds

    def note_answer(self, name: str) -> None:
        """Notes that a host answered something other than "later"."""
        host = self._get(name)
        host.refusals = host.put_offs = 0

    def note_refusal(self, name: str) -> None:
        """Notes that a connection came to nothing."""
        host = self._get(name)
        host.refusals += 1
        host.left_alone |= host.refusals >= MAX_REFUSALS

    def note_put_off(self, name: str, seconds: float | None) -> bool:
        """Notes that a host says "later"; returns whether it will be asked again.

        Args:
            name: The host.
            seconds: How much later, where it said so.
        """
        host = self._get(name)
        host.refusals = 0
        host.put_offs += 1
        if seconds is None:
            longest = min(LONGEST_BACKOFF, FIRST_WAIT * 2 ** (host.put_offs - 1))
            seconds = longest * random.uniform(0.5, 1)
        host.left_alone |= seconds > LONGEST_WAIT or host.put_offs >= MAX_PUT_OFFS
        host.put_off_until = time.monotonic() + seconds
        return not host.left_alone

    def waits(self) -> dict[str, float]:
        """Returns the hosts that have put us off, and for how many seconds from now."""
        now = time.monotonic()
        with self._lock:
            hosts = list(self._hosts.items())
        return {
            name: host.put_off_until - now for name, host in hosts if host.put_off_until > now and not host.left_alone
        }


def one_per_host(
    items: Iterable[Item],
    host: Callable[[Item], str],
    work: Callable[[Item], Work],
    finish: Callable[[Item, Work], Result],
    workers: int,
    ready_at: Callable[[str], float] = lambda name: 0.0,
    on_idle: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Item, Result]]:
    """Works on items in parallel, never on two of one host at once, and yields each with its result when it is done.

    A host that is not ready keeps nobody from the others: its items stand aside until it is.

    Args:
        items: Read in a thread, and only as far ahead as keeps the workers busy. Should reading fail, what was
            read is finished before the failure is raised.
        host: Gives an item's host.
        work: Visits the host, in one of so many threads. An item for which it raises :class:`TryLater` is tried again.
        finish: Does what is left to do without the host, in other threads, one for each core.
        workers: How many hosts are visited at once.
        ready_at: Gives the moment, on the monotonic clock, from which a host may be visited.
        on_idle: Called while there is nothing else to do, about once a second.
    """
    events: SimpleQueue[tuple[str, object, object]] = SimpleQueue()
    wanted, abandoned = threading.Semaphore(0), threading.Event()

    def read() -> None:
        failure = None
        try:
            for item in _when(items, wanted, abandoned):
                events.put(("read", _Task(item, host(item)), None))
        except Exception as error:
            failure = error
        events.put(("end", failure, None))

    def visit(task: _Task) -> None:
        try:
            finishers.submit(conclude, task, work(task.item))
        except TryLater as error:
            events.put(("later", task, error.until))
        except BaseException as error:
            events.put(("failed", task, error))

    def conclude(task: _Task, done: Work) -> None:
        try:
            events.put(("done", task, finish(task.item, done)))
        except BaseException as error:
            events.put(("failed", task, error))

    waiting: dict[str, deque[_Task]] = {}
    idle: list[tuple[float, int, str]] = []  # A heap of the hosts that wait with something and are not being visited.
    order = itertools.count()
    visited: set[str] = set()
    most = workers * AHEAD
    reading, asked, backlog, failure, finished = True, 0, 0, None, False

    def stand_by(name: str, until: float = 0.0) -> None:
        if waiting.get(name):
            heapq.heappush(idle, (max(ready_at(name), until), next(order), name))
        else:
            waiting.pop(name, None)

    threading.Thread(target=read, daemon=True).start()
    visitors, finishers = ThreadPoolExecutor(workers), ThreadPoolExecutor(cores())
    try:
        while reading or backlog or visited:
            while idle and len(visited) < most and idle[0][0] <= time.monotonic():
                name = heapq.heappop(idle)[2]
                if ready_at(name) > time.monotonic():  # It has put us off since.
                    stand_by(name)
                    continue
                backlog -= 1
                visited.add(name)
                visitors.submit(visit, waiting[name].popleft())
            now = time.monotonic()
            stock = sum(moment <= now for moment, _, _ in idle)
            if reading and (more := min(most - stock, BACKLOG - backlog) - asked) > 0:
                asked += more
                wanted.release(more)
            nap = idle[0][0] - time.monotonic() if idle and len(visited) < most else LONGEST_NAP
            try:
                kind, subject, result = events.get(timeout=min(max(nap, 0.001), LONGEST_NAP))
            except Empty:
                on_idle()
                continue
            if kind == "end":
                reading, failure = False, subject
            elif kind == "read":
                asked -= 1
                backlog += 1
                at_rest = subject.host not in waiting and subject.host not in visited
                waiting.setdefault(subject.host, deque()).append(subject)
                if at_rest:
                    stand_by(subject.host)
            elif kind == "failed":
                raise result
            else:
                visited.discard(subject.host)
                if kind == "later":
                    backlog += 1
                    waiting.setdefault(subject.host, deque()).appendleft(subject)
                stand_by(subject.host, result if kind == "later" else 0.0)
                if kind == "done":
                    yield subject.item, result
        finished = True
    finally:
        # Abandoned halfway, it does not wait; the items at work end when their fetcher closes.
        abandoned.set()
        wanted.release()
        for pool in (visitors, finishers):
            pool.shutdown(wait=finished, cancel_futures=True)
    if failure is not None:
        raise failure


@dataclass(eq=False)
class _Task:
    item: object
    host: str


def _when(items: Iterable[Item], wanted: threading.Semaphore, abandoned: threading.Event) -> Iterator[Item]:
    """Yields each item when it is wanted."""
    source = iter(items)
    while wanted.acquire() and not abandoned.is_set():
        try:
            item = next(source)
        except StopIteration:
            return
        yield item
