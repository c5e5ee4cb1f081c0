"""The plan of a run: the queries that count, those that are collected now, and the options that a folder keeps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demicouture import files, runs
from demicouture.errors import InputError, OptionsError
from demicouture.language import _
from demicouture.scraping.queries import Query, by_pole, read_queries
from demicouture.scraping.sources import SEARCHING
from demicouture.scraping.sources.urls import Address, queries_of, read_addresses


@dataclass(frozen=True)
class Plan:
    """What is to be collected.

    Attributes:
        file: The queries file.
        poles: The queries of each pole in the file.
        queries: The queries whose pictures are counted.
        chosen: Those of them that are collected now.
        addresses: The addresses of ``--urls``.
    """

    file: Path
    poles: dict[str, list[str]]
    queries: list[Query]
    chosen: list[Query]
    addresses: list[Address]


def read_plan(
    file: Path, *, source: str, urls: Path | None, pole: str | None, limit: int | None, base_url: str | None
) -> Plan:
    """Reads the queries file and the list of addresses, and checks that the flags fit them.

    Args:
        file: The queries file.
        source: The source's name.
        urls: The list of addresses, for the source ``urls``.
        pole: The only pole to collect for now; None for both.
        limit: The most pictures that are wanted for a query.
        base_url: Where to search in place of the source's own address.

    Raises:
        InputError: A file is missing or damaged, or the flags do not go together.
    """
    queries = read_queries(file, limit)
    poles = by_pole(queries)
    if pole and pole not in poles:
        raise InputError(
            _("--pole: found {pole!r}, expected {poles}, the poles in {file}").format(
                pole=pole, poles=_(" or ").join(poles), file=file
            )
        )
    if (source == "urls") != (urls is not None):
        given, missing = ("--urls FILE", "--source urls") if urls else ("--source urls", "--urls FILE")
        raise InputError(
            _("found {given} without {missing}, expected both or neither; add {missing}").format(
                given=given, missing=missing
            )
        )
    if base_url and source not in SEARCHING:
        raise InputError(
            _(
                "--base-url: found with --source {source}, which searches nowhere, expected one of "
                "{searching}; leave it away"
            ).format(source=source, searching=", ".join(SEARCHING))
        )
    if not urls:
        return Plan(file, poles, queries, [query for query in queries if pole in (None, query.pole)], [])
    addresses = read_addresses(urls, list(poles), pole)
    chosen = queries_of([address for address in addresses if pole in (None, address.pole)], limit)
    names = {(query.pole, query.text) for query in chosen}
    others = [query for query in queries if (query.pole, query.text) not in names]
    return Plan(file, poles, others + chosen, chosen, addresses)


def folder_options(
    folder: Path, plan: Plan, *, source: str, seed: int, limit: int | None, fresh: bool
) -> dict[str, Any]:
    """Returns the options that a folder must keep from run to run.

    What is drawn depends on the seed and, because of the planted duplicates, on the list of queries. What is found
    depends on neither, so a person may add a query to a collection from the web. The source is not among the options:
    each line of the manifest names its own.

    Args:
        folder: ``1-scraped``.
        plan: What is to be collected.
        source: The source's name.
        seed: Of a source that draws.
        limit: The most pictures that are wanted for a query.
        fresh: Whether the folder is to be begun anew.

    Raises:
        InputError: The folder's options are damaged.
        OptionsError: The folder holds other poles.
    """
    known = (folder / "options.json").exists() and not fresh
    before = runs.read_options(folder)["options"] if known else {}
    mine, held = set(plan.poles), before.get("poles", [])
    both = mine | set(held) if isinstance(held, list) and all(isinstance(pole, str) for pole in held) else None
    if both is None or (held and len(both) > 2):
        held = _(" and ").join(map(str, held)) if isinstance(held, list) else held
        raise OptionsError(
            _(
                "{folder}: holds the poles {held}, but {file} has {mine}; choose another --output, or add "
                "--fresh to start over"
            ).format(folder=folder, held=held, file=plan.file, mine=_(" and ").join(sorted(mine)))
        )
    now = {
        "poles": sorted(both),
        "seed": seed,
        "queries": files.sha256(repr(sorted(plan.poles.items())).encode())[:16],
        "limit": limit,
    }
    if source != "wardrobe":
        now |= {name: before[name] for name in ("seed", "queries") if name in before}
    return now
