"""Query progress: how many pictures each source was searched for, in ``query-progress.json`` in ``data/1-scraped``.

A source that had fewer pictures than were wanted is not searched again for the same, which with a service that answers
two hundred requests a day decides whether a collection ever comes to its end. The file is written query by query, and
only when each of a query's offers has its line in the manifest.
"""

from __future__ import annotations

from pathlib import Path

from demicouture.errors import InputError
from demicouture.files import read_json, write_json
from demicouture.scraping.manifest import Manifest
from demicouture.scraping.offers import Source
from demicouture.scraping.queries import Query

FILE = "query-progress.json"


class QueryProgress:
    """For each query, the number of pictures that each source was searched for until it had no more, or enough.

    Attributes:
        path: ``query-progress.json``.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        """Reads what is there; where it is damaged, or the manifest has lost lines, each source is searched again."""
        self.path = folder / FILE
        self._manifest = manifest
        self._rows: dict[tuple[str, str], dict[str, int]] = {}
        try:
            for row in read_json(self.path):
                numbers = {name: number for name, number in row["requested"].items() if isinstance(number, int)}
                if len(manifest.entries(row["pole"], row["query"])) >= row["offered"]:
                    self._rows[row["pole"], row["query"]] = numbers
        except (InputError, KeyError, TypeError, AttributeError):
            self._rows = {}

    def requested(self, query: Query) -> dict[str, int]:
        """Returns how many offers each source was searched for."""
        return self._rows.get((query.pole, query.text), {})

    def still_wanted(self, source: Source, query: Query) -> int:
        """Returns how many more pictures of a source a query wants; of a list of addresses, how many are left."""
        if source.name == "urls":  # It lies at hand, and a person may have changed it.
            offers = source.offers(query.pole, query.text, query.wanted)
            return sum(offer.url not in self._manifest.entries(query.pole, query.text) for offer in offers)
        if self.requested(query).get(search_name(source), 0) >= query.wanted:
            return 0
        drawn = hasattr(source, "offer")  # What is drawn is numbered, and its waste is part of it.
        have = (self._manifest.offered if drawn else self._manifest.fetched)(query.pole, query.text, source.name)
        return max(0, query.wanted - have)

    def record(self, source: Source, query: Query) -> None:
        """Records that a source was searched for all that a query wants."""
        row = self._rows.setdefault((query.pole, query.text), {})
        name = search_name(source)
        row[name] = max(query.wanted, row.get(name, 0))
        write_json(
            self.path,
            [
                {"pole": pole, "query": text, "offered": len(self._manifest.entries(pole, text)), "requested": numbers}
                for (pole, text), numbers in self._rows.items()
            ],
        )


def search_name(source: Source) -> str:
    """Returns the name by which a source's searches are recorded: one that is filtered is another search."""
    return getattr(source, "search_name", source.name)
