"""The manifest of ``data/1-scraped``: one line for each address that a source offered, and what became of it.

It is only ever added to, and a line is written after the picture it tells of. So whatever moment a run is killed
at, no line speaks of a picture that was never there, and at worst one picture is fetched again.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from demicouture.errors import InputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

KEYS = (
    "pole",
    "query",
    "source",
    "url",
    "page_url",
    "status",
    "reason",
    "file",
    "sha256",
    "width",
    "height",
    "fetched_at",
    "title",
    "creator",
    "licence",
    "licence_url",
    "perceptual_hash",
    "like",
)

TEXTS = tuple(key for key in KEYS if key not in ("width", "height"))

FETCHED = "fetched"
"""The picture was written to ``file``; where it is gone, a person deleted it, and it is not fetched again."""

DUPLICATE = "duplicate"
"""Another address gave the same bytes, which lie in ``file``."""

FAILED = "failed"
"""There is no picture; ``reason`` says why, in the words of :mod:`demicouture.scraping.failure_reasons`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept in memory of a line: little, for there may be a hundred thousand."""

    source: str
    status: str
    reason: str
    file: str


def check_that_nobody_is_at_work(folder: Path) -> None:
    """Checks that no other run is collecting into a folder, before anything in there is touched.

    Raises:
        InputError: One is.
    """
    with contextlib.suppress(FileNotFoundError), open(folder / "manifest.jsonl", "rb") as file:
        _claim(file)


def _claim(file: BinaryIO) -> None:
    """Locks a file until it is closed, by whatever end its process comes to; on Windows nothing is locked."""
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(
            f"{file.name}: another run is at work here, expected none; wait for its end, or choose another --output"
        ) from None
    except OSError:
        pass  # A file system that knows no locks.


class Manifest:
    """The lines, on disk, and what matters of them in memory. Use it as a context manager.

    Attributes:
        path: ``manifest.jsonl``.
    """

    def __init__(self, folder: Path) -> None:
        """Reads the lines that are there, and cuts off one that a killed run left half-written.

        Raises:
            InputError: A line is damaged, or another run is at work here.
        """
        self.path = folder / "manifest.jsonl"
        self._entries: dict[tuple[str, str], dict[str, Entry]] = {}
        self._files: dict[tuple[str, str], list[str]] = {}
        self._file = open(self.path, "ab")
        try:
            _claim(self._file)
            self._cut_off_half_a_line()
            for line in self.read():
                self._take_in(line)
        except InputError:
            self._file.close()
            raise

    def __enter__(self) -> Manifest:
        """Returns the manifest itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the file."""
        self._file.close()

    def read(self) -> Iterator[dict[str, Any]]:
        """Yields the lines from the file, in its order; of an address there may be several, and the last one holds.

        Raises:
            InputError: A line is damaged.
        """
        with open(self.path, "rb") as file:
            for number, text in enumerate(file, start=1):
                try:
                    line = json.loads(text)
                    if set(line) != set(KEYS) or not all(isinstance(line[key], str) for key in TEXTS):
                        raise ValueError("other keys or values than expected")
                except (ValueError, TypeError) as error:
                    raise InputError(
                        f"{self.path}: line {number} is damaged ({error}); "
                        "remove that line, or add --fresh to start over"
                    ) from None
                yield line

    def read_failed(self) -> Iterator[dict[str, Any]]:
        """Yields a line of each address that there is still no picture of, in the file's order."""
        seen: set[tuple[str, str, str]] = set()
        for line in self.read():
            address = line["pole"], line["query"], line["url"]
            if self.entries(*address[:2])[address[2]].status == FAILED and address not in seen:
                seen.add(address)
                yield line

    def append(self, line: dict[str, Any]) -> None:
        """Adds a line and hands it to the operating system at once."""
        text = json.dumps({key: line[key] for key in KEYS}, ensure_ascii=False)
        # Half a surrogate pair, which strangers' JSON may hold, is no UTF-8; what replaces it is JSON for the same.
        self._file.write(text.encode("utf-8", "backslashreplace") + b"\n")
        self._file.flush()
        self._take_in(line)

    def entries(self, pole: str, query: str) -> dict[str, Entry]:
        """Returns what became of each address that was offered for a query."""
        return self._entries.get((pole, query), {})

    def offered(self, pole: str, query: str, source: str) -> int:
        """Returns how many addresses a source has offered for a query."""
        return sum(entry.source == source for entry in self.entries(pole, query).values())

    def count(self, pole: str, query: str) -> dict[str, Any]:
        """Counts what became of a query's addresses, from all sources together."""
        entries = self.entries(pole, query).values()
        statuses = Counter(entry.status for entry in entries)
        refused = Counter(entry.reason for entry in entries if entry.status == FAILED)
        return {
            "offered": len(entries),
            "fetched": statuses[FETCHED],
            "duplicates": statuses[DUPLICATE],
            "refused": dict(sorted(refused.items())),
        }

    def files(self, pole: str, sha256: str) -> list[str]:
        """Returns the files of a pole that hold these bytes, as they were fetched before."""
        return self._files.get((pole, sha256), [])

    def find(self, url: str) -> Entry | None:
        """Returns what became of an address for whichever query, a picture before a failure."""
        found = [entry for entries in list(self._entries.values()) if (entry := entries.get(url))]
        return max(found, key=lambda entry: bool(entry.file), default=None)

    def _cut_off_half_a_line(self) -> None:
        with open(self.path, "rb+") as file:
            size = whole = file.seek(0, os.SEEK_END)
            step = 65536
            while whole > 0:
                start = max(0, whole - step)
                file.seek(start)
                if (end := file.read(whole - start).rfind(b"\n")) >= 0:
                    whole = start + end + 1
                    break
                whole = start
            if whole < size:
                file.truncate(whole)

    def _take_in(self, line: dict[str, Any]) -> None:
        entry = Entry(*(sys.intern(line[key]) for key in ("source", "status", "reason", "file")))
        self._entries.setdefault((line["pole"], line["query"]), {})[line["url"]] = entry
        if line["status"] == FETCHED:
            files = self._files.setdefault((line["pole"], line["sha256"]), [])
            if line["file"] not in files:
                files.append(line["file"])
