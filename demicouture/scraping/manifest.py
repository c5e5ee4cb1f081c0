"""The manifest of ``data/1-scraped``: one line for each address that a source offered, with its outcome.

It is only ever added to, and a line is written after its picture. So whatever moment a run is killed at, no line
names a picture that was never there, and at worst one picture is fetched again.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demicouture.errors import InputError
from demicouture.files import parse_json
from demicouture.language import _

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

SIDES = ("width", "height")
TEXTS = tuple(key for key in KEYS if key not in SIDES)

FETCHED = "fetched"
"""The picture was written to ``file``; where it is gone, a person deleted it, and it is not fetched again."""

DUPLICATE = "duplicate"
"""Another address gave the same bytes, which lie in ``file``."""

FAILED = "failed"
"""There is no picture; ``reason`` says why, in the words of :mod:`demicouture.scraping.failure_reasons`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The part of a line that is kept in memory: little, for there may be a hundred thousand."""

    source: str
    status: str
    reason: str
    file: str


class Manifest:
    """The lines, on disk, and what matters of them in memory. To append lines, use it as a context manager.

    Attributes:
        path: ``manifest.jsonl``.
    """

    def __init__(self, folder: Path) -> None:
        """Reads the lines that are there, and touches nothing.

        Raises:
            InputError: A line is damaged.
        """
        self.path = folder / "manifest.jsonl"
        self._entries: dict[tuple[str, str], dict[str, Entry]] = {}
        self._files: dict[tuple[str, str], list[str]] = {}
        self._end = 0
        for end, line in self._read_lines():
            self._end = end
            self._take_in(line)

    def __enter__(self) -> Manifest:
        """Opens the file, cuts off a line that a killed run left half-written, and returns the manifest itself."""
        self._file = open(self.path, "ab")
        self._file.truncate(self._end)
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the file."""
        self._file.close()

    def read(self) -> Iterator[dict[str, Any]]:
        """Yields the lines from the file, in its order; of an address there may be several, and the last one holds.

        Raises:
            InputError: A line is damaged.
        """
        return (line for _, line in self._read_lines())

    def _read_lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yields each whole line and the number of bytes up to its end."""
        with contextlib.suppress(FileNotFoundError), open(self.path, "rb") as file:
            end = 0
            for number, text in enumerate(file, start=1):
                if not text.endswith(b"\n"):
                    return
                try:
                    line = parse_json(text)
                    texts = set(line) == set(KEYS) and all(isinstance(line[key], str) for key in TEXTS)
                    if not texts or any(line[key] and not isinstance(line[key], int) for key in SIDES):
                        raise ValueError("other keys or values than expected")
                except (ValueError, TypeError) as error:
                    raise InputError(
                        _(
                            "{path}: line {number} is damaged ({error}); remove that line, or add --fresh to start over"
                        ).format(path=self.path, number=number, error=error)
                    ) from None
                end += len(text)
                yield end, line

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
        # Half a surrogate pair, which JSON from outside may hold, is no UTF-8; what replaces it is JSON for the same.
        self._file.write(text.encode("utf-8", "backslashreplace") + b"\n")
        self._file.flush()
        self._take_in(line)

    def entries(self, pole: str, query: str) -> dict[str, Entry]:
        """Returns the outcome of each address that was offered for a query."""
        return self._entries.get((pole, query), {})

    def offered(self, pole: str, query: str, source: str) -> int:
        """Returns how many addresses a source has offered for a query."""
        return sum(entry.source == source for entry in self.entries(pole, query).values())

    def fetched(self, pole: str, query: str, source: str) -> int:
        """Returns how many pictures a query has from a source."""
        entries = self.entries(pole, query).values()
        return sum(entry.source == source and entry.status == FETCHED for entry in entries)

    def count(self, pole: str, query: str) -> dict[str, Any]:
        """Counts the outcomes of a query's addresses, from all sources together."""
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
        """Returns the outcome of an address for whichever query, a picture before a failure."""
        found = [entry for entries in list(self._entries.values()) if (entry := entries.get(url))]
        return max(found, key=lambda entry: bool(entry.file), default=None)

    def _take_in(self, line: dict[str, Any]) -> None:
        entry = Entry(*(sys.intern(line[key]) for key in ("source", "status", "reason", "file")))
        self._entries.setdefault((line["pole"], line["query"]), {})[line["url"]] = entry
        if line["status"] == FETCHED:
            files = self._files.setdefault((line["pole"], line["sha256"]), [])
            if line["file"] not in files:
                files.append(line["file"])
