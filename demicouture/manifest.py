"""The manifest of ``data/1-scraped``: one line for each address that a source offered, and what became of it.

It is only ever added to, and a line is written after the picture it tells of. So whatever moment a run is killed
at, no line speaks of a picture that was never there, and at worst one picture is fetched again.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from demicouture.errors import InputError

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
    "creator",
    "licence",
    "licence_url",
)

TEXTS = tuple(key for key in KEYS if key not in ("width", "height"))

FETCHED = "fetched"
"""The picture was written to ``file``; where it is gone, a person deleted it, and it is not fetched again."""

DUPLICATE = "duplicate"
"""Another address for the same query gave the same bytes, which lie in ``file``."""

FAILED = "failed"
"""There is no picture; ``reason`` says why."""


class Manifest:
    """The lines, in memory and on disk. Use it as a context manager.

    Attributes:
        path: ``manifest.jsonl``.
    """

    def __init__(self, folder: Path) -> None:
        """Reads the lines that are there, and cuts off one that a killed run left half-written.

        Raises:
            InputError: A line is damaged.
        """
        self.path = folder / "manifest.jsonl"
        self._lines: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
        self._files: dict[tuple[str, str, str], str] = {}
        content = self.path.read_bytes() if self.path.exists() else b""
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self.path, whole)
        for number, text in enumerate(content[:whole].splitlines(), start=1):
            try:
                line = json.loads(text)
                if set(line) != set(KEYS) or not all(isinstance(line[key], str) for key in TEXTS):
                    raise ValueError("other keys or values than expected")
            except (ValueError, TypeError) as error:
                raise InputError(
                    f"{self.path}: line {number} is damaged ({error}); remove that line, or add --fresh to start over"
                ) from None
            self._take_in(line)
        self._file = open(self.path, "ab")

    def __enter__(self) -> Manifest:
        """Returns the manifest itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the file."""
        self._file.close()

    def append(self, line: dict[str, Any]) -> None:
        """Adds a line and hands it to the operating system at once."""
        self._file.write(json.dumps({key: line[key] for key in KEYS}, ensure_ascii=False).encode() + b"\n")
        self._file.flush()
        self._take_in(line)

    def lines(self, pole: str, query: str) -> dict[str, dict[str, Any]]:
        """Returns the last line on each address that was offered for a query."""
        return self._lines.get((pole, query), {})

    def offered(self, pole: str, query: str, source: str) -> int:
        """Returns how many addresses a source has offered for a query."""
        return sum(line["source"] == source for line in self.lines(pole, query).values())

    def count(self, pole: str, query: str) -> dict[str, Any]:
        """Counts what became of a query's addresses, from all sources together."""
        lines = self.lines(pole, query).values()
        statuses = Counter(line["status"] for line in lines)
        refused = Counter(line["reason"] for line in lines if line["status"] == FAILED)
        return {
            "offered": len(lines),
            "fetched": statuses[FETCHED],
            "duplicates": statuses[DUPLICATE],
            "refused": dict(sorted(refused.items())),
        }

    def file(self, pole: str, query: str, sha256: str) -> str | None:
        """Returns the file that holds these bytes for a query, if they were fetched before."""
        return self._files.get((pole, query, sha256))

    def _take_in(self, line: dict[str, Any]) -> None:
        self._lines.setdefault((line["pole"], line["query"]), {})[line["url"]] = line
        if line["status"] == FETCHED:
            self._files[line["pole"], line["query"], line["sha256"]] = line["file"]
