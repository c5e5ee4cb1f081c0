"""Collects pictures of two styles: step 1 of 6.

Reads   data/queries.csv: pole,query,count. A pole is one of the two styles; a query is what is searched for.
Writes  data/1-scraped/<pole>/<query>/<hash>.<ext>, the pictures as they came; <pole>.<query>.png, a contact sheet of
        each query; manifest.jsonl, a line for each address that was offered, with what became of it;
        attribution.csv and ATTRIBUTION.md: who made the pictures; asked.json; summary.json.

Stop it at any time and run it again: nothing is fetched twice, not even what you have deleted since, and a higher
--limit goes on from there. Pictures from several sources may share a folder.

It asks a site's robots.txt before it takes a picture, visits each host by one connection with a pause, waits as long
as it is told to, and leaves a host alone that has refused it three times. What you fetch is yours to answer for all
the same: README.md says what each source is good for, and what its terms ask of you.

Examples:
    python scrape.py
    python scrape.py --source openverse --contact you@example.org
    python scrape.py --source urls --urls addresses.txt --pole casual
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from demicouture import cli, files, images, runs
from demicouture.dataset import EXAMPLES
from demicouture.errors import InputError, OptionsError, SourceError
from demicouture.scraping import failure_reasons
from demicouture.scraping.attribution import write_attribution
from demicouture.scraping.contact_sheets import write_sheets
from demicouture.scraping.downloader import Collection, Downloads, Found, draw
from demicouture.scraping.http_client import MAX_BYTES, Fetcher
from demicouture.scraping.manifest import Manifest, check_that_nobody_is_at_work
from demicouture.scraping.offers import Source
from demicouture.scraping.progress import Progress, table
from demicouture.scraping.queries import Query, by_pole, read_queries
from demicouture.scraping.query_progress import Asked
from demicouture.scraping.sources import SOURCES, open_source, others
from demicouture.scraping.sources.urls import Address, queries_of, read_addresses

OWN_FLAGS = ("source", "queries", "urls", "limit", "pole", "base_url", "workers", "delay", "timeout", "max_bytes")
OWN_FLAGS += ("min_size", "retry_failed", "allow_private_hosts")
"""What is recorded; the contact is a person's own affair."""

SEARCHED = ("openverse", "met", "commons", "excite")
"""The sources that have an address of their own."""


def identity(args: argparse.Namespace, poles: dict[str, list[str]]) -> dict[str, Any]:
    """Returns the options that a folder must keep.

    What is drawn depends on the seed and, because of the planted duplicates, on the list of queries. What is found
    depends on neither, so a person may add a query to a collection from the web. The source is no part of it: each
    line of the manifest names its own.

    Raises:
        InputError: The folder's options are damaged.
        OptionsError: The folder holds other poles.
    """
    known = (args.output / "options.json").exists() and not args.fresh
    before = runs.read_options(args.output)["options"] if known else {}
    now = {
        "poles": sorted(poles),
        "seed": args.seed,
        "queries": files.sha256(repr(sorted(poles.items())).encode())[:16],
        "limit": args.limit,
    }
    if (held := before.get("poles", now["poles"])) != now["poles"]:
        held = " and ".join(map(str, held)) if isinstance(held, list) else held
        raise OptionsError(
            f"{args.output}: holds the poles {held}, but {args.queries} has "
            f"{' and '.join(now['poles'])}; choose another --output, or add --fresh to start over"
        )
    if args.source != "wardrobe":
        now |= {name: before[name] for name in ("seed", "queries") if name in before}
    return now


def choose(
    args: argparse.Namespace, queries: list[Query], poles: Iterable[str]
) -> tuple[list[Query], list[Query], list[Address]]:
    """Returns the queries that are counted, those of them that are chosen for now, and the addresses of ``--urls``.

    Raises:
        InputError: The list of addresses is missing or damaged, or the flags do not go together.
    """
    if args.pole and args.pole not in poles:
        raise InputError(f"--pole: found {args.pole!r}, expected {' or '.join(poles)}, the poles in {args.queries}")
    if (args.source == "urls") != (args.urls is not None):
        given, missing = ("--urls FILE", "--source urls") if args.urls else ("--source urls", "--urls FILE")
        raise InputError(f"found {given} without {missing}, expected both or neither; add {missing}")
    if args.base_url and args.source not in SEARCHED:
        raise InputError(
            f"--base-url: found with --source {args.source}, which searches nowhere, expected one of "
            f"{', '.join(SEARCHED)}; leave it away"
        )
    if not args.urls:
        return queries, [query for query in queries if args.pole in (None, query.pole)], []
    addresses = read_addresses(args.urls, list(poles), args.pole)
    chosen = queries_of([address for address in addresses if args.pole in (None, address.pole)], args.limit)
    names = {(query.pole, query.text) for query in chosen}
    return [query for query in queries if (query.pole, query.text) not in names] + chosen, chosen, addresses


def collect(
    args: argparse.Namespace,
    manifest: Manifest,
    asked: Asked,
    fetcher: Fetcher,
    source: Source,
    chosen: Sequence[Query],
) -> bool:
    """Collects what is missing, and under --retry-failed what failed before; returns whether there was anything.

    Raises:
        SourceError: The source fails; what it had offered has been collected.
    """
    missing = {query: number for query in chosen if (number := asked.still_wanted(source, query))}
    expected = Counter(missing)
    if args.retry_failed:
        expected.update({query: sum(manifest.count(query.pole, query.text)["refused"].values()) for query in chosen})
    if not expected.total():
        return False
    (args.output / "summary.json").unlink(missing_ok=True)
    collection = Collection(args.output, manifest)
    shown = {"retrying": args.retry_failed, "quiet": args.quiet}
    with Progress(chosen, expected, manifest.count, fetcher.hosts.waits, **shown) as progress:
        downloads = Downloads(fetcher, manifest, hosts=args.workers, min_side=args.min_size, on_idle=progress.idle)

        def find() -> Iterator[Found]:
            if args.retry_failed:
                yield from downloads.retry(chosen)
            if hasattr(source, "offer"):
                yield from draw(source, list(missing), manifest, asked)
            else:
                yield from downloads.search(source, missing, asked)

        with contextlib.closing(find()) as everything:
            for found in everything:
                progress.update(found.query, *collection.keep(found))
    return True


def check_that_pictures_are_left(folder: Path, poles: Iterable[str], rows: Sequence[dict[str, Any]]) -> None:
    """Checks that a pole still has two of its pictures, the fewest that the next step takes.

    Deleting a picture is a person's way to say no to it, so it is not fetched again, unless told to start over.

    Raises:
        InputError: Pictures of a pole were fetched, and are gone.
    """
    for pole in sorted(set(poles)):
        fetched = sum(row["fetched"] for row in rows if row["pole"] == pole)
        left = len(images.find_pictures(folder / pole))
        if left < min(fetched, 2):
            raise InputError(
                f"{folder / pole}: {left} pictures, expected at least 2 of the {fetched} that were fetched; "
                "what was deleted is not fetched again: put pictures back, or add --fresh to start over"
            )


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line."""
    parser = cli.parser(__doc__, output="1-scraped")
    own = parser.add_argument_group("of this script")
    purposes = "; ".join(f"{name} {purpose}" for name, purpose in SOURCES.items())
    own.add_argument("--source", choices=SOURCES, default="wardrobe", help=f"where pictures come from: {purposes}")
    own.add_argument(
        "--queries",
        type=Path,
        metavar="FILE",
        help="CSV with the columns pole,query,count (default: HOME/data/queries.csv if there, else the seed's plan)",
    )
    own.add_argument(
        "--urls",
        type=Path,
        metavar="FILE",
        help="the addresses for --source urls: one on each line, all for --pole; or a CSV file with the column url, "
        "and as you like pole, query, page_url, title, creator, licence, licence_url",
    )
    own.add_argument(
        "--limit", type=cli.integer(1), metavar="N", help="at most N offers for each query (default: its count)"
    )
    own.add_argument("--pole", metavar="NAME", help="collect for this pole only, for now")
    own.add_argument("--base-url", metavar="URL", help="search at this address in place of the source's own")
    own.add_argument("--workers", type=cli.integer(1, 64), metavar="N", default=8, help="hosts visited at once")
    own.add_argument(
        "--delay", type=cli.number(0, 3600), metavar="SECONDS", default=1.0, help="pause between requests to one host"
    )
    own.add_argument(
        "--timeout",
        type=cli.number(0.1, 3600),
        metavar="SECONDS",
        default=30.0,
        help="for a whole response; what took longer is not tried again in this run",
    )
    own.add_argument(
        "--max-bytes", type=cli.integer(1000), metavar="N", default=MAX_BYTES, help="the most that a picture may hold"
    )
    own.add_argument(
        "--min-size", type=cli.integer(1), metavar="PX", default=128, help="the least that its shorter side may measure"
    )
    own.add_argument(
        "--contact",
        metavar="WHO",
        default="",
        help="an e-mail address or a page about you, for the sites that you visit to write to",
    )
    own.add_argument("--retry-failed", action="store_true", help="try again what failed in earlier runs")
    own.add_argument("--allow-private-hosts", action="store_true", help="fetch also from this machine and its network")
    return cli.parse(parser, argv)


def main(argv: list[str] | None = None) -> None:
    """Collects what is still missing, and counts what is there."""
    args = parse_args(argv)
    say = cli.reporter(args)
    own_queries = args.home / "data/queries.csv"
    args.queries = args.queries or (own_queries if own_queries.exists() else cli.HOUSE / "data/queries.csv")
    planned = read_queries(args.queries, args.limit)
    poles = by_pole(planned)
    queries, chosen, addresses = choose(args, planned, poles)
    options = identity(args, poles)

    failure = None
    with Fetcher(
        timeout_seconds=args.timeout,
        delay_seconds=args.delay,
        max_bytes=args.max_bytes,
        contact=args.contact,
        allow_private_hosts=args.allow_private_hosts,
    ) as fetcher:
        from_where = {"seed": args.seed, "queries": poles, "base_url": args.base_url, "addresses": addresses}
        source = open_source(args.source, fetcher=fetcher, **from_where)
        check_that_nobody_is_at_work(args.output)
        cli.open_output(args, "scrape.py", options, extendable=("limit",), shared_with_people=True)
        with Manifest(args.output) as manifest:
            asked = Asked(args.output, manifest)
            try:
                if not collect(args, manifest, asked, fetcher, source, chosen):
                    more = f"raise --limit, or the counts in {args.queries}"
                    say(f"{args.output}: nothing to do; for more pictures {more}")
            except SourceError as error:
                failure = error
        rows = []
        for query in queries:
            row = {"pole": query.pole, "query": query.text, "wanted": query.wanted}
            rows.append(row | manifest.count(query.pole, query.text) | {"asked": asked.sources(query)})
        told = table([row for row, query in zip(rows, queries, strict=True) if row["offered"] or query in chosen])
        write_sheets(args.output, queries, manifest.count)
        write_attribution(args.output, manifest)
    if failure is not None:
        if any(row["offered"] for row in rows):
            say(told)
        raise failure
    flags = {name: str(value) if isinstance(value := getattr(args, name), Path) else value for name in OWN_FLAGS}
    made_by = {"flags": flags, "seed": args.seed, "versions": runs.versions()}
    files.write_json(args.output / "summary.json", {**made_by, "options": options, "queries": rows})
    say(told)
    passing = sum(
        number for row in rows for reason, number in row["refused"].items() if reason in failure_reasons.PASSING
    )
    if passing:
        say(f"refused for reasons that may pass: {passing:,}; --retry-failed tries them again")
    if not any(row["fetched"] for row in rows):
        raise SourceError(
            f"{args.output}: found no picture, expected some; {manifest.path.name} there says why; "
            f"check {args.urls or args.queries}, or use another --source ({others(args.source)})"
        )
    check_that_pictures_are_left(args.output, (query.pole for query in chosen), rows)
    say(f"made {args.output}; look at its contact sheets, and add photographs of your own to a pole if you like")
    examples = {query.pole for query in chosen} == set(EXAMPLES)
    say(cli.next_step(args, "preprocess.py", "--examples" if examples else "--input"))


if __name__ == "__main__":
    sys.exit(cli.run(main))
