"""Search answers: what services answered, kept in ``data/1-scraped``, so that no question is asked twice.

A service that answers two hundred questions a day must not answer one again because a run was stopped, or because the
pictures that it named could not be fetched yet.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
import zlib
from datetime import timedelta
from pathlib import Path
from typing import Any

from demicouture.files import parse_json
from demicouture.scraping.clock import CLOCK, Clock

FILE = "search-answers.sqlite3"

MAX_AGE = timedelta(days=30)
"""Our choice: after which a service is asked again, for it may know more."""


class SearchAnswers:
    """The answers in one folder. Threads share one; use it as a context manager."""

    def __init__(self, folder: Path, clock: Clock = CLOCK) -> None:
        """Opens nothing yet.

        Args:
            folder: ``1-scraped``.
            clock: Tells the date.
        """
        self.path = folder / FILE
        self._clock = clock
        self._lock = threading.Lock()

    def __enter__(self) -> SearchAnswers:
        """Opens the file; a damaged one is begun anew, for nothing in it is lost but time."""
        try:
            self._open()
        except sqlite3.DatabaseError:
            self._file.close()
            self.path.unlink()
            self._open()
        return self

    def _open(self) -> None:
        self._file = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
        self._file.execute("PRAGMA synchronous = OFF")  # Lasts through the death of this process; that is enough.
        self._file.execute("CREATE TABLE IF NOT EXISTS answers (url TEXT PRIMARY KEY, date TEXT, answer BLOB)")

    def __exit__(self, *_: object) -> None:
        """Closes the file."""
        with self._lock:
            self._file.close()

    def find(self, url: str) -> dict[str, Any] | None:
        """Returns what was answered to an address, or None where nothing was, or long ago."""
        since = (self._clock.today() - MAX_AGE).isoformat()
        with self._lock, contextlib.suppress(sqlite3.DatabaseError, zlib.error, ValueError):
            row = self._file.execute("SELECT answer FROM answers WHERE url = ? AND date > ?", (url, since)).fetchone()
            found = parse_json(zlib.decompress(row[0])) if row else None
            return found if isinstance(found, dict) else None
        return None

    def keep(self, url: str, answer: dict[str, Any]) -> None:
        """Keeps an answer."""
        row = (url, self._clock.today().isoformat(), zlib.compress(json.dumps(answer).encode()))
        with self._lock, contextlib.suppress(sqlite3.DatabaseError):  # A full disk shows soon enough elsewhere.
            self._file.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", row)
