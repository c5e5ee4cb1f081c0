"""The scheduler of requests: many hosts at once, and one request at a time for each."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar

from demicouture.parallel import cores
from demicouture.scraping.clock import CLOCK, Clock
from demicouture.scraping.rate_limits import TryLater

BACKLOG = 2_000
"""How many items :func:`one_per_host` reads ahead to find a host that is free."""

TASKS_PER_WORKER = 2
"""Items handed out for each worker, so that none waits until what another one brought has been put away."""

LONGEST_SLEEP = 1.0
"""Seconds after which :func:`one_per_host` looks up at the latest: on Windows a longer sleep would not feel Ctrl-C."""

Item = TypeVar("Item")
Work = TypeVar("Work")
Result = TypeVar("Result")


def one_per_host(
    items: Iterable[Item | None],
    host: Callable[[Item], str],
    work: Callable[[Item, str], Work],
    finish: Callable[[Item, Work], Result],
    workers: int,
    ready_at: Callable[[str], float] = lambda name: 0.0,
    is_spent: Callable[[str], bool] = lambda name: False,
    on_idle: Callable[[], None] = lambda: None,
    longest_sleep_seconds: float = LONGEST_SLEEP,
    clock: Clock = CLOCK,
) -> Iterator[tuple[Item, Result]]:
    """Works on items in parallel, never on two of one host at once, and yields each with its result when it is done.

    A host that is not ready holds up no other: its items wait aside until it is.

    Args:
        items: Read in a thread, and only as far ahead as keeps the workers busy. Should reading fail, what was
            read is finished before the failure is raised. None means that there is nothing at present, and perhaps more
            once an item is done.
        host: Returns the host that an item is best fetched from at present.
        work: Visits that host, in one of so many threads. An item for which it raises :class:`TryLater` is tried again.
        finish: Does what is left to do without the host, in other threads, one for each core.
        workers: How many hosts are visited at once.
        ready_at: Returns the moment, on the clock, from which a host may be visited.
        is_spent: Returns whether a host has had enough; what waits for it may have another host.
        on_idle: Called while there is nothing else to do, about once a second.
        longest_sleep_seconds: See :data:`LONGEST_SLEEP`.
        clock: Tells the time.
    """
    events: SimpleQueue[tuple[str, object, object]] = SimpleQueue()
    wanted, abandoned = threading.Semaphore(0), threading.Event()

    def read() -> None:
        failure = None
        try:
            for item in _on_demand(items, wanted, abandoned):
                events.put(("read", item, None))
        except Exception as error:
            failure = error
        events.put(("end", failure, None))

    def visit(task: _Task) -> None:
        try:
            finishers.submit(conclude, task, work(task.item, task.host))
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
    most = workers * TASKS_PER_WORKER
    reading, requested, backlog, failure, finished = True, 0, 0, None, False
    dry = False  # Nothing can be read until something is done.

    def stand_by(name: str, until: float = 0.0) -> None:
        if waiting.get(name):
            heapq.heappush(idle, (max(ready_at(name), until), next(order), name))
        else:
            waiting.pop(name, None)

    def join(task: _Task) -> None:
        at_rest = task.host not in waiting and task.host not in visited
        waiting.setdefault(task.host, deque()).append(task)
        if at_rest:
            stand_by(task.host)

    def move_on(name: str) -> None:
        """Lets what waits for a host go to another one, where it has one."""
        staying: deque[_Task] = deque()
        for task in waiting.pop(name, ()):
            task.host = host(task.item)
            staying.append(task) if task.host == name else join(task)
        if staying:
            waiting[name] = staying

    threading.Thread(target=read, daemon=True).start()
    visitors, finishers = ThreadPoolExecutor(workers), ThreadPoolExecutor(cores())
    try:
        while reading or backlog or visited:
            while idle and len(visited) < most and idle[0][0] <= clock.now():
                name = heapq.heappop(idle)[2]
                if ready_at(name) > clock.now():  # It said "later" since.
                    stand_by(name)
                    continue
                backlog -= 1
                visited.add(name)
                visitors.submit(visit, waiting[name].popleft())
            now = clock.now()
            stock = sum(moment <= now for moment, _, _ in idle)
            dry &= bool(visited or backlog)
            if reading and not dry and (more := min(most - stock, BACKLOG - backlog) - requested) > 0:
                requested += more
                wanted.release(more)
            sleep = idle[0][0] - clock.now() if idle and len(visited) < most else longest_sleep_seconds
            try:
                at_work = len(visited) + (requested > 0)
                kind, subject, result = clock.get(events, min(max(sleep, 0.001), longest_sleep_seconds), at_work)
            except Empty:
                on_idle()
                continue
            if kind == "end":
                reading, requested, failure = False, 0, subject
            elif kind == "read":
                requested -= 1
                if subject is None:
                    dry = True
                else:
                    backlog += 1
                    join(_Task(subject, host(subject)))
            elif kind == "failed":
                raise result
            else:
                name, dry = subject.host, False
                visited.discard(name)
                if is_spent(name):
                    move_on(name)
                if kind == "later":
                    backlog += 1
                    subject.host = host(subject.item)
                    if subject.host == name:
                        waiting.setdefault(name, deque()).appendleft(subject)
                    else:
                        join(subject)
                stand_by(name, result if kind == "later" else 0.0)
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


def _on_demand(items: Iterable[Item], wanted: threading.Semaphore, abandoned: threading.Event) -> Iterator[Item]:
    """Yields each item when it is wanted."""
    source = iter(items)
    while wanted.acquire() and not abandoned.is_set():
        try:
            item = next(source)
        except StopIteration:
            return
        yield item
