"""A table on disk, and in it the columns that are a person's own: each choice is written at once, and can be undone.

The person may have the same table open in a spreadsheet, or in a second page. Of two words on the same field the later
one wins. But a spreadsheet saves all that it once read, also what it knows nothing new about: so what was saved is
compared with the state that it must have begun with, and only what differs from that is taken for a word of the person.
"""

from __future__ import annotations

import contextlib
import csv
import io
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from demicouture import runs
from demicouture.errors import InputError, OptionsError
from demicouture.files import read_csv, write_bytes
from demicouture.language import _

REMEMBERED = 10_000
"""Changes of single fields: with so many more behind it, no spreadsheet's table is merged any more."""


@dataclass(frozen=True)
class Change:
    """A change of one field.

    Attributes:
        key: Of the row.
        column: One of the person's own.
        before: What was there.
        after: What is there now.
    """

    key: str
    column: str
    before: str
    after: str


@dataclass(frozen=True)
class Step:
    """One step of the person's: a choice, an undoing, or what came from elsewhere.

    Attributes:
        changes: What changed.
        passed_over: How many fields were left as they are, since a later word stands in them.
    """

    changes: tuple[Change, ...]
    passed_over: int = 0


@dataclass(frozen=True)
class Merge:
    """What was found in a table that somebody else saved.

    Attributes:
        taken: Changes that were taken over.
        kept: How many fields are ours, of which the one who saved did not know.
        anew: Whether a script wrote the table anew: rows, or other columns, are others.
    """

    taken: tuple[Change, ...]
    kept: int
    anew: bool


class OwnTable:
    """A table with a person's own columns, the same on disk and here.

    Attributes:
        path: The file.
        rows: The rows by their key, in the file's order. Not to be changed by others.
        version: Grows by one with each change of a field.
        edition: Grows by one where the table was written anew.
        merges: What was taken over from others, in order.
    """

    def __init__(
        self,
        path: Path,
        columns: Sequence[str],
        own: Sequence[str],
        *,
        name: Callable[[str], str] = str,
        grows: bool = False,
    ) -> None:
        """Reads the table.

        Args:
            path: A CSV file.
            columns: Those that it must have; the first holds the key of a row.
            own: Those of them that are the person's.
            name: Makes a key of what stands in the first column, however a spreadsheet writes it.
            grows: Whether the table is the person's as a whole: it may be missing, and gets a row for each new key.

        Raises:
            InputError: The file is missing, is no such table, or has two rows of one key.
        """
        self.path, self.own = path, tuple(own)
        self._columns, self._name, self._grows = tuple(columns), name, grows
        self.lock = threading.RLock()
        self.version = self.edition = 0
        self.merges: list[Merge] = []
        self._trail: list[Change] = []  # All changes, in order; the last one is that of ``version``.
        self._past: list[Step] = []
        self._undone: list[Step] = []
        self._behind = False  # Whether the file lacks some of the person's words: its last writer did not know them.
        self._load(self._read())

    def _read(self) -> dict[str, dict[str, str]]:
        self._seen = _stamp(self.path)
        if self._grows and self._seen is None:
            return {}
        rows: dict[str, dict[str, str]] = {}
        for row in read_csv(self.path, self._columns):
            key = self._name(row[self._columns[0]])
            if key in rows:
                raise InputError(
                    _("{path}: found two rows for {key}, expected one; remove the wrong one").format(
                        path=self.path, key=key
                    )
                )
            rows[key] = row
        return rows

    def _load(self, rows: dict[str, dict[str, str]]) -> None:
        self.rows = rows
        self._heading = tuple(next(iter(rows.values()), dict.fromkeys(self._columns)))
        self._lines = {key: _line(row[column] for column in self._heading) for key, row in rows.items()}

    def refresh(self) -> None:
        """Takes over what somebody else saved since this table was read or written last, and notes it in ``merges``.

        Raises:
            InputError: The file is gone, or damaged. It is left as it is.
        """
        with self.lock:
            self._merge()
            if not self._behind:
                return
            with contextlib.suppress(OptionsError), runs.hold(self.path.parent):  # Or else at the next look.
                self._merge()
                self._write()

    def _merge(self) -> None:
        if _stamp(self.path) == self._seen:
            return
        seen, ours = self._seen, self.rows
        try:
            theirs = self._read()
        except InputError:
            self._seen = seen  # Until it is mended, this is said each time.
            raise
        if theirs == ours:
            return
        base = self._find_base(theirs)
        taken, kept = [], 0
        for key, row in theirs.items():
            for column in self.own if key in ours else ():
                now, then = ours[key][column], base.get((key, column), ours[key][column])
                if row[column] != then and row[column] != now:
                    taken.append(Change(key, column, now, row[column]))
                elif row[column] != now:
                    row[column] = now
                    kept += 1
        anew = _others(ours, self.own) != _others(theirs, self.own)
        self._load(theirs)
        self.edition += anew
        self._note(taken)
        self._behind |= kept > 0
        self.merges.append(Merge(tuple(taken), kept, anew))

    def _find_base(self, theirs: Mapping[str, Mapping[str, str]]) -> dict[tuple[str, str], str]:
        """Returns what the fields that changed here held when the other one read them, as far as that can be told.

        It is the last of all states that differ in the fewest fields from what was saved.
        """
        state: dict[tuple[str, str], str] = {}
        differences = fewest = 0
        base: dict[tuple[str, str], str] = {}
        for change in reversed(self._trail):
            key = change.key, change.column
            if change.key in theirs:
                saved = theirs[change.key][change.column]
                differences += (saved != change.before) - (saved != change.after)
            state[key] = change.before
            if differences < fewest:
                fewest, base = differences, dict(state)
        return base

    def choose(self, wanted: Mapping[str, Mapping[str, str]]) -> Step:
        """Writes a person's choice into the table, on disk and here; it can be undone.

        Args:
            wanted: What the person's own columns are to hold, by key and column.

        Raises:
            InputError: There is no such row; or see :meth:`refresh`.
            OptionsError: A script is at work on the folder.
        """
        with self.lock:
            if unknown := [] if self._grows else [key for key in wanted if key not in self.rows]:
                raise InputError(
                    _("{path}: no row for {unknown}; load the page again").format(path=self.path, unknown=unknown[0])
                )
            step = self._apply(
                lambda: [
                    Change(key, column, self.field(key, column), value)
                    for key, fields in wanted.items()
                    for column, value in fields.items()
                ]
            )
            if step.changes:
                self._past.append(step)
                self._undone.clear()
            return step

    def undo(self) -> Step | None:
        """Undoes the last step that was not undone; None where there is none. A later word stays as it is."""
        return self._turn(self._past, self._undone, lambda change: (change.after, change.before))

    def redo(self) -> Step | None:
        """Does once more what was undone last; None where there is nothing. A later word stays as it is."""
        return self._turn(self._undone, self._past, lambda change: (change.before, change.after))

    def _turn(self, source: list[Step], target: list[Step], which: Callable) -> Step | None:
        with self.lock:
            if not source:
                return None
            wanted = [(change, *which(change)) for change in source[-1].changes]

            def changes() -> list[Change]:
                # A script may have written the table without one of the rows.
                return [
                    Change(change.key, change.column, there, to)
                    for change, there, to in wanted
                    if change.key in self.rows and self.field(change.key, change.column) == there
                ]

            step = self._apply(changes)
            target.append(source.pop())
            return Step(step.changes, len(wanted) - len(step.changes))

    def _apply(self, find_changes: Callable[[], list[Change]]) -> Step:
        """Writes changes, which are found once the file is in step and no script is at work on it."""
        with runs.hold(self.path.parent):
            self._merge()
            changes = [change for change in find_changes() if change.before != change.after]
            try:
                self._put((change.key, change.column, change.after) for change in changes)
                if changes or self._behind:
                    self._write()
            except BaseException:  # The disk is full, say: then nothing has changed.
                self._put((change.key, change.column, change.before) for change in changes)
                raise
            self._note(changes)
            return Step(tuple(changes))

    def field(self, key: str, column: str) -> str:
        """Returns what stands in one of the person's fields; nothing where there is no such row yet."""
        return self.rows[key][column] if key in self.rows else ""

    def _put(self, fields: Iterable[tuple[str, str, str]]) -> None:
        for key, column, value in fields:
            row = self.rows.setdefault(key, dict.fromkeys(self._heading, "") | {self._columns[0]: key})
            row[column] = value
            self._lines[key] = _line(row[name] for name in self._heading)

    def _note(self, changes: Sequence[Change]) -> None:
        self._trail += changes
        del self._trail[:-REMEMBERED]
        self.version += len(changes)

    def _write(self) -> None:
        # The lines of all other rows are there already: a table of 14,000 rows is written in some milliseconds.
        write_bytes(self.path, "".join([_line(self._heading), *self._lines.values()]).encode("utf-8-sig"))
        self._seen, self._behind = _stamp(self.path), False

    def changed_since(self, version: int) -> list[str] | None:
        """Returns the keys of the rows that changed after a version; None where that is too long ago to tell."""
        with self.lock:
            count = self.version - version
            if not 0 <= count <= len(self._trail):
                return None
            return list(dict.fromkeys(change.key for change in self._trail[len(self._trail) - count :]))

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether something was undone that could be done again."""
        return bool(self._undone)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _others(rows: Mapping[str, Mapping[str, str]], own: Sequence[str]) -> list[tuple]:
    # In whatever order: a spreadsheet may have sorted them.
    return sorted((key, *(value for name, value in row.items() if name not in own)) for key, row in rows.items())


def _line(fields: Iterable[str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(fields)
    return text.getvalue()
