"""What takes seconds after each choice is worked out in a process of its own, so that no key has to wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from demicouture import parallel
from demicouture.errors import DemicoutureError
from demicouture.language import _

QUIET_SECONDS = 0.3
"""After a choice: the next one may follow at once."""


class Background:
    """Works one thing out anew whenever it is asked to, a moment after the last question.

    Attributes:
        pending: Whether something is being worked out that ``done`` was not told yet.
    """

    def __init__(self, function: Callable, done: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        """Starts the process.

        Args:
            function: A function of a module, which reads what it needs from the disk.
            done: Is called with each result, in another thread.
            failed: Is called with what was wrong, in one line, in another thread.
        """
        self.pending = False
        self._done, self._failed, self._ended = done, failed, False
        self._asked, self._args = threading.Event(), ()
        self._process, self._connection = parallel.start_beside(_answer, function)
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def ask(self, *args: Any) -> None:
        """Asks for the function's result with these arguments, on what is on the disk now."""
        self._args = args
        self.pending = True
        self._asked.set()

    def close(self) -> None:
        """Ends the process, whatever it is at."""
        self._ended = True
        self._asked.set()
        self._process.kill()
        self._thread.join()
        self._process.join()
        self._connection.close()

    def _work(self) -> None:
        while self._asked.wait() and not self._ended:
            self._asked.clear()
            if self._asked.wait(QUIET_SECONDS):  # Another choice, or the end.
                continue
            try:
                self._connection.send(self._args)
                found, fault = self._connection.recv()
            except (EOFError, OSError):
                found, fault = None, _("the process that works it out has ended; start the page again")
            if self._ended:
                return
            self.pending = self._asked.is_set()
            if fault:
                self._failed(fault)
            else:
                self._done(found)


def _answer(connection: Connection, function: Callable) -> None:
    while True:
        args = connection.recv()
        try:
            connection.send((function(*args), ""))
        except (DemicoutureError, OSError) as error:
            connection.send((None, str(error)))
