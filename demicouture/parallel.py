"""The same work on many pictures, on all cores: in order, and with little in memory at a time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TypeVar

import cv2

from demicouture.commands import same_command
from demicouture.errors import DemicoutureError
from demicouture.language import _

Task = TypeVar("Task")
Result = TypeVar("Result")

WORTH_A_PROCESS = 64
"""Tasks. Starting a worker takes about half a second, in which a core crops some 60 photographs of the web's size."""

AHEAD = 8
"""Tasks handed out ahead of the results for each worker: enough that none waits, little enough to hold in memory."""


def cores() -> int:
    """Returns how many cores this process may use, which in a container is fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
    """Yields ``function(task)`` for each task, in the tasks' order, worked out on all cores.

    Args:
        function: A function of a module; it must be sent to another process by its name.
        tasks: Small values; a file's path rather than its contents.

    Raises:
        DemicoutureError: A worker process was ended from outside.
    """
    workers = min(cores(), len(tasks) // WORTH_A_PROCESS)
    if workers < 2:
        yield from map(function, tasks)
        return
    # Spawned, not forked: a fork copies locks that another thread (a progress bar's) may hold at that moment.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_prepare_worker)
    pending: deque = deque()
    try:
        for task in tasks:
            pending.append(pool.submit(function, task))
            if len(pending) >= workers * AHEAD:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except BrokenProcessPool:
        raise DemicoutureError(
            _("a worker process was ended from outside, perhaps for want of memory; to go on, run: {command}").format(
                command=same_command()
            )
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def start_beside(function: Callable[..., None], *args: object) -> tuple[BaseProcess, Connection]:
    """Starts a function in a process beside this one, with which it ends.

    Args:
        function: A function of a module. It is called with its end of a connection, and then with ``args``.
        args: Small values.

    Returns:
        The process, and our end of the connection.
    """
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_run_beside, args=(function, theirs, *args), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def _run_beside(function: Callable[..., None], *args: object) -> None:
    _prepare_worker()
    function(*args)


def _prepare_worker() -> None:
    # One process works on each core; OpenCV's own threads would only stand in line.
    cv2.setNumThreads(1)
    # Ctrl-C reaches every process of the terminal; the parent alone answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A worker whose parent was killed would wait for its next task for ever.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
