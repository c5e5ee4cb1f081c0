"""What tests run in a process of its own, in order to kill it; all imports are done before the process is forked."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from turned_clock import TurnedClock, Value

import scrape
from demicouture import cli, parallel
from demicouture.scraping.sources import openverse, urls, wardrobe  # noqa: F401  (scrape.py imports them when it needs them)

PROCESSES = multiprocessing.get_context("forkserver")


def start(function: object, *args: object) -> BaseProcess:
    """Starts a function of this module in a session of its own."""
    PROCESSES.set_forkserver_preload([__name__])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(cli.HOUSE), str(Path(__file__).parent)]))
        forkserver.ensure_running()
    process = PROCESSES.Process(target=function, args=args)
    process.start()
    return process


def kill(process: BaseProcess) -> bool:
    """Kills a process, waits for the end of its session, and returns whether it was at work until then."""
    process.kill()
    process.join()
    deadline = time.monotonic() + 5
    while _session_lives(process.pid):
        assert time.monotonic() < deadline, "a worker process outlives its parent"
        time.sleep(0.01)
    return process.exitcode == -signal.SIGKILL


def _session_lives(session: int) -> bool:
    try:
        os.killpg(session, 0)
    except ProcessLookupError:
        return False
    return True


def run_scrape(*flags: str) -> None:
    os.setsid()
    scrape.main(list(flags))


def run_scrape_by_a_turned_clock(shown: Value, *flags: str) -> None:
    os.setsid()
    scrape.main(list(flags), TurnedClock(shown))


def read_in_workers(fifo: Path) -> None:
    """Reads a FIFO in worker processes, which wait for as long as nobody writes."""
    os.setsid()
    list(parallel.in_order(Path.read_bytes, [fifo] * 2 * parallel.WORTH_A_PROCESS))
