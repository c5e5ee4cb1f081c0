"""A person's own list of addresses: a text file with one on each line, or a CSV file with more about each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from demicouture.commands import pip_install
from demicouture.errors import InputError
from demicouture.files import read_bounded, read_csv
from demicouture.language import _
from demicouture.scraping.offers import Offer
from demicouture.scraping.queries import CONTROL_CHARACTERS, Query

FACTS = ("page_url", "title", "creator", "licence", "licence_url")
"""Columns of a CSV file, beside ``url``, ``pole`` and ``query``, that the manifest keeps. All may be missing."""


@dataclass(frozen=True)
class Address:
    """An offer, and the query that it counts as an answer to."""

    pole: str
    query: str
    offer: Offer


def read_addresses(path: Path, poles: Sequence[str], pole: str | None) -> list[Address]:
    """Reads a list of addresses.

    Args:
        path: A text file, where lines that begin with # are comments, or a file that ends in ``.csv`` or
            ``.parquet``, with a column ``url``, and others as there are.
        poles: The two poles.
        pole: The pole of addresses that name none.

    Raises:
        InputError: The file is missing or damaged, has no address, or an address has no pole.
    """
    if path.suffix.lower() == ".csv":
        rows = read_csv(path, ("url",))
    elif path.suffix.lower() == ".parquet":
        rows = _read_parquet(path)
    else:
        try:
            lines = read_bounded(path).decode("utf-8-sig").splitlines()
        except FileNotFoundError:
            raise InputError(_("{path}: not found, expected a file of addresses").format(path=path)) from None
        except UnicodeDecodeError:
            raise InputError(
                _("{path}: not readable as UTF-8, expected one address on each line").format(path=path)
            ) from None
        rows = [{"url": line} for line in lines if not line.lstrip().startswith("#")]
    addresses = {}
    for number, row in enumerate(rows, start=1):
        url = row["url"].strip()
        if not url:
            continue
        chosen, query = row.get("pole", "").strip() or pole, row.get("query", "").strip() or path.stem
        if chosen not in poles:
            raise InputError(
                _("{path}: address {number} has {found}, expected {poles}; {mend}").format(
                    path=path,
                    number=number,
                    found=_("the pole {pole!r}").format(pole=chosen) if chosen else _("no pole"),
                    poles=_(" or ").join(poles),
                    mend=_("mend it") if chosen else _("add --pole, or a column of that name"),
                )
            )
        if CONTROL_CHARACTERS.search(query):
            raise InputError(
                _("{path}: address {number} has the query {query!r}, expected no control characters").format(
                    path=path, number=number, query=query
                )
            )
        facts = {name: row.get(name, "").strip() for name in FACTS}
        addresses.setdefault((chosen, query, url), Address(chosen, query, Offer(url, **facts)))
    if not addresses:
        raise InputError(_("{path}: found no address, expected one on each line").format(path=path))
    return list(addresses.values())


def _read_parquet(path: Path) -> list[dict[str, str]]:
    """Reads the rows of a parquet file, in which lists of millions of pictures are handed on."""
    try:
        from pyarrow import parquet
    except ImportError:
        raise InputError(
            _(
                "{path}: a parquet file, which needs pyarrow; to install it, run: {command}, or save the file as CSV"
            ).format(path=path, command=pip_install("pyarrow"))
        ) from None
    try:
        rows = parquet.read_table(path).to_pylist()
    except FileNotFoundError:
        raise InputError(_("{path}: not found, expected a file of addresses").format(path=path)) from None
    except (OSError, ValueError):  # What pyarrow raises is one of these, too.
        raise InputError(
            _("{path}: not readable as parquet; expected a table with a column url").format(path=path)
        ) from None
    rows = [{str(name).lower(): "" if value is None else str(value) for name, value in row.items()} for row in rows]
    if rows and "url" not in rows[0]:
        raise InputError(
            _("{path}: found the columns {columns}, expected also url").format(path=path, columns=", ".join(rows[0]))
        )
    return rows


def queries_of(addresses: Sequence[Address], limit: int | None) -> list[Query]:
    """Returns the queries that the addresses answer, each wanted as many times as there are addresses."""
    counts = Counter((address.pole, address.query) for address in addresses)
    return [Query(pole, query, min(count, limit or count)) for (pole, query), count in counts.items()]


class Urls:
    """Offers what is on a list."""

    name = "urls"

    def __init__(self, addresses: Sequence[Address]) -> None:
        """Takes the list, as :func:`read_addresses` gives it."""
        self._addresses = addresses

    def offers(self, pole: str, query: str, count: int) -> Iterator[Offer]:
        """Yields at most ``count`` offers, in the list's order."""
        mine = [address.offer for address in self._addresses if (address.pole, address.query) == (pole, query)]
        yield from mine[:count]
