"""The queries file: what is searched for, for which of the two poles, and how many pictures are wanted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from demicouture.errors import InputError
from demicouture.files import read_csv, sha256
from demicouture.language import _

QUERY_COLUMNS = ("pole", "query", "count")

CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f]")

DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])")
"""Names that Windows keeps for devices: no file or folder can have one, whatever follows after a dot."""

LONGEST_POLE = 200
"""Of a pole, in bytes: file systems allow 255, and further steps add to the name."""


@dataclass(frozen=True)
class Query:
    """A row of the queries file: for ``pole``, search for ``text`` and take ``wanted`` pictures."""

    pole: str
    text: str
    wanted: int

    @property
    def folder(self) -> str:
        """The folder for its pictures, below ``1-scraped``."""
        return f"{self.pole}/{folder_name(self.text)}"


def folder_name(text: str) -> str:
    """Turns a query into a name that every file system takes: lower case, words joined by hyphens.

    Letters of all scripts stay. ``polo shirt`` gives ``polo-shirt``.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    # 80 letters of three bytes each stay below the 255 bytes that file systems allow for a name.
    name = re.sub(r"\W+", "-", plain)[:80].strip("-_")
    if DEVICES.fullmatch(name):
        return f"{name}-query"
    return name or "query-" + sha256(text.encode())[:8]


def is_folder_name(name: str) -> bool:
    """Returns whether every file system takes ``name`` for a folder of its own, and shows it."""
    return (
        0 < len(name.encode()) <= LONGEST_POLE
        and not CONTROL_CHARACTERS.search(name)
        and not set('/\\<>:"|?*') & set(name)  # Windows takes none of these,
        and not DEVICES.fullmatch(name.partition(".")[0].strip())
        and not name.startswith(".")
        and not name.endswith((".", " "))  # and leaves these away.
    )


def read_queries(path: Path, limit: int | None = None) -> list[Query]:
    """Reads the queries file.

    Args:
        path: A CSV file with the columns pole, query and count.
        limit: The most pictures that are wanted for a query.

    Raises:
        InputError: The file is missing or damaged, has no pole or more than two, has one query twice, a pole is no
            name for a folder, a query has control characters, or a count is not a whole number of at least 1.
    """
    queries: dict[str, Query] = {}
    for number, row in enumerate(read_csv(path, QUERY_COLUMNS), start=2):  # the header is row 1
        pole, text, count = (row[column].strip() for column in QUERY_COLUMNS)
        where = _("{path}: row {number}").format(path=path, number=number)
        if not text:
            raise InputError(_("{where}: found no query, expected words to search for").format(where=where))
        if CONTROL_CHARACTERS.search(text):
            raise InputError(
                _("{where}: found the query {text!r}, expected words without control characters").format(
                    where=where, text=text
                )
            )
        if not is_folder_name(pole):
            raise InputError(
                _(
                    "{where}: found the pole {pole!r}, expected a name for a folder: at most {longest_pole} bytes, "
                    'no dot at either end, no device of Windows, no control characters and none of / \\ < > : " | ? *'
                ).format(where=where, pole=pole, longest_pole=LONGEST_POLE)
            )
        number_of = re.fullmatch(r"([0-9]{1,6})(?:\.0+)?", count)  # Spreadsheets make 48 a 48.0.
        if not number_of or int(number_of[1]) < 1:
            raise InputError(
                _("{where}: found the count {count!r}, expected a whole number from 1 to 999999").format(
                    where=where, count=count
                )
            )
        query = Query(pole, text, min(int(number_of[1]), limit or int(number_of[1])))
        if other := queries.get(query.folder.casefold()):
            raise InputError(
                _("{where}: found {text!r} after {other_text!r} for {pole}, expected it once; remove one").format(
                    where=where, text=text, other_text=other.text, pole=pole
                )
            )
        queries[query.folder.casefold()] = query
    poles = sorted({query.pole for query in queries.values()})
    if not 1 <= len(poles) <= 2:
        raise InputError(
            _("{path}: found {count} poles ({poles}), expected one or two").format(
                path=path, count=len(poles), poles=", ".join(poles) or _("no rows")
            )
        )
    return list(queries.values())


def by_pole(queries: Sequence[Query]) -> dict[str, list[str]]:
    """Returns each pole's queries, in the file's order."""
    return {query.pole: [other.text for other in queries if other.pole == query.pole] for query in queries}
