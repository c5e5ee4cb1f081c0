"""Collects pictures of two styles: step 1 of 6.

Reads   data/queries.csv: pole,query,count. A pole is one of the two styles; a query is what is searched for.
Writes  data/1-scraped/<pole>/<query>/<hash>.<ext>, the pictures as they came; manifest.jsonl, a line for each
        address that was offered, with what became of it; summary.json.

Stop it at any time and run it again: nothing is fetched twice, not even what you have deleted since, and a higher
--limit goes on from there. Pictures from several sources may share a folder. What you fetch is yours to answer for:
each source has its terms, and the manifest keeps every picture's page and, where the source knows it, its creator and
licence.

Examples:
    python scrape.py
    python scrape.py --source excite --limit 50 --pole casual
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tqdm import tqdm

from demicouture import cli, files, images, workers
from demicouture.errors import FetchError, InputError, OptionsError, PictureError, SourceError
from demicouture.fetching import Fetcher, host_of, one_per_host
from demicouture.manifest import DUPLICATE, FAILED, FETCHED, Manifest
from demicouture.queries import EXAMPLES, Query, by_pole, read_queries
from demicouture.sources import SOURCES, DrawingSource, Offer, Source, open_source, others

OWN_FLAGS = ("source", "queries", "limit", "pole", "base_url", "workers", "delay", "timeout", "allow_private_hosts")

Found = tuple[Query, Offer, bytes | None, str]
"""An offer for a query, with the picture's bytes, or with None and the reason why there are none."""


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
    before = files.read_options(args.output)["options"] if known else {}
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


def read_asked(summary_file: Path, manifest: Manifest) -> dict[tuple[str, str], dict[str, int]]:
    """Returns, for each pole and query, how many offers each source was asked for in runs that came to their end.

    A source that had fewer need not be asked again.
    """
    try:
        # A manifest that has lost lines since makes the old answer void.
        return {
            (row["pole"], row["query"]): {
                source: number for source, number in row["asked"].items() if isinstance(number, int)
            }
            for row in files.read_json(summary_file)["queries"]
            if row["offered"] == len(manifest.lines(row["pole"], row["query"]))
        }
    except (InputError, KeyError, TypeError, AttributeError):
        return {}  # No summary, or none of ours: each source is asked.


def find_missing(
    source: str, queries: Sequence[Query], asked: Mapping[tuple[str, str], Mapping[str, int]], manifest: Manifest
) -> dict[Query, int]:
    """Returns the queries for which the source may have more, and how many offers each still wants."""
    missing = {}
    for query in queries:
        offered = manifest.offered(query.pole, query.text, source)
        if max(offered, asked.get((query.pole, query.text), {}).get(source, 0)) < query.wanted:
            missing[query] = query.wanted - offered
    return missing


def draw(source: DrawingSource, queries: Sequence[Query], manifest: Manifest) -> Iterator[Found]:
    """Draws, on all cores, what has no line yet, and yields it in the queries' order."""
    missing = [
        (query, index)
        for query in queries
        for index in range(query.wanted)
        if source.url(query.pole, query.text, index) not in manifest.lines(query.pole, query.text)
    ]
    drawn = workers.in_order(functools.partial(_draw_one, source), missing)
    for (query, _), offer in zip(missing, drawn, strict=True):
        yield query, offer, offer.content, offer.reason


def _draw_one(source: DrawingSource, task: tuple[Query, int]) -> Offer:
    query, index = task
    return source.offer(query.pole, query.text, index)


def download(
    source: Source, queries: Sequence[Query], manifest: Manifest, fetcher: Fetcher, hosts: int
) -> Iterator[Found]:
    """Downloads what has no line yet, from several hosts at once, and yields it as it comes."""

    def ask() -> Iterator[tuple[Query, Offer]]:
        for query in queries:
            known = set(manifest.lines(query.pole, query.text))
            missing = query.wanted - manifest.offered(query.pole, query.text, source.name)
            for offer in source.offers(query.pole, query.text, query.wanted):
                if missing > 0 and offer.url not in known:
                    missing -= 1
                    yield query, offer

    def host(asked: tuple[Query, Offer]) -> str:
        try:
            return host_of(asked[1].url)
        except FetchError:
            return ""  # No connection will be made; fetching it says why.

    def fetch(asked: tuple[Query, Offer]) -> tuple[bytes | None, str]:
        try:
            return fetcher.fetch(asked[1].url).content, ""
        except FetchError as error:
            return None, str(error)

    for (query, offer), (content, reason) in one_per_host(ask(), host, fetch, hosts):
        yield query, offer, content, reason


def keep(folder: Path, manifest: Manifest, source: str, found: Found) -> None:
    """Writes a picture, then its line in the manifest.

    A download counts only when it decodes completely, whatever the server called it. What a source draws is kept as
    it is: its damaged files are there for the next step to find.
    """
    query, offer, content, reason = found
    status, sha256, file, suffix, width, height = FAILED, "", "", ".jpg", None, None
    if content is not None:
        status, sha256 = FETCHED, files.sha256(content)
        try:
            if offer.content is None:
                images.open_reduced(content, 128)
            suffix, width, height = images.read_header(content)
        except PictureError as error:
            if offer.content is None:
                status, reason = FAILED, str(error)
    if status == FETCHED:
        file = manifest.file(query.pole, query.text, sha256)
        if file:
            status, reason = DUPLICATE, reason or "same bytes"
        else:
            file = f"{query.folder}/{sha256[:16]}{suffix}"
            files.write_bytes(folder / file, content)
    line = {"pole": query.pole, "query": query.text, "source": source, "url": offer.url, "page_url": offer.page_url}
    line |= {"status": status, "reason": reason, "file": file, "sha256": sha256, "width": width, "height": height}
    line |= {"fetched_at": datetime.now(UTC).isoformat(timespec="seconds")}
    line |= {"creator": offer.creator, "licence": offer.licence, "licence_url": offer.licence_url}
    manifest.append(line)


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


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Returns the counts of each pole as a small table, with the reasons for what was refused."""
    columns = ("wanted", "offered", "fetched", "duplicates")
    width = max(len(row["pole"]) for row in rows)
    text = [" " * width + "".join(f"{name:>12}" for name in (*columns, "refused"))]
    for pole in sorted({row["pole"] for row in rows}):
        mine = [row for row in rows if row["pole"] == pole]
        reasons = sum((Counter(row["refused"]) for row in mine), Counter())
        numbers = [sum(row[name] for row in mine) for name in columns] + [reasons.total()]
        told = ", ".join(f"{reason} {number}" for reason, number in reasons.most_common())
        text.append(
            f"{pole:{width}}" + "".join(f"{number:>12}" for number in numbers) + (f"  ({told})" if told else "")
        )
    return "\n".join(text)


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
        "--limit", type=cli.integer(1), metavar="N", help="at most N offers for each query (default: its count)"
    )
    own.add_argument("--pole", metavar="NAME", help="collect for this pole only, for now")
    own.add_argument("--base-url", metavar="URL", help="search at this address in place of the source's own")
    own.add_argument("--workers", type=cli.integer(1, 64), metavar="N", default=8, help="hosts visited at once")
    own.add_argument(
        "--delay", type=cli.number(0, 3600), metavar="SECONDS", default=1.0, help="pause between requests to one host"
    )
    own.add_argument(
        "--timeout", type=cli.number(0.1, 3600), metavar="SECONDS", default=30.0, help="for a whole response"
    )
    own.add_argument("--allow-private-hosts", action="store_true", help="fetch also from this machine and its network")
    return cli.parse(parser, argv)


def main(argv: list[str] | None = None) -> None:
    """Collects what is still missing, and counts what is there."""
    args = parse_args(argv)
    say = cli.reporter(args)
    own_queries = args.home / "data/queries.csv"
    args.queries = args.queries or (own_queries if own_queries.exists() else cli.HOUSE / "data/queries.csv")
    queries = read_queries(args.queries, args.limit)
    poles = by_pole(queries)
    if args.pole and args.pole not in poles:
        raise InputError(f"--pole: found {args.pole!r}, expected {' or '.join(poles)}, the poles in {args.queries}")
    chosen = [query for query in queries if args.pole in (None, query.pole)]
    options = identity(args, poles)
    cli.open_output(args, "scrape.py", options, extendable=("limit",), shared_with_people=True)

    summary_file = args.output / "summary.json"
    with (
        Manifest(args.output) as manifest,
        Fetcher(
            timeout_seconds=args.timeout, delay_seconds=args.delay, allow_private_hosts=args.allow_private_hosts
        ) as fetcher,
    ):
        asked = read_asked(summary_file, manifest)
        missing = find_missing(args.source, chosen, asked, manifest)
        if missing:
            summary_file.unlink(missing_ok=True)
            source = open_source(args.source, seed=args.seed, queries=poles, fetcher=fetcher, base_url=args.base_url)
            if hasattr(source, "offer"):
                found = draw(source, list(missing), manifest)
            else:
                found = download(source, list(missing), manifest, fetcher, args.workers)
            bar = tqdm(total=sum(missing.values()), desc=args.source, unit="picture", disable=args.quiet or None)
            with contextlib.closing(found), bar:
                for one in found:
                    keep(args.output, manifest, args.source, one)
                    bar.update()
        else:
            say(f"{args.output}: nothing to do; for more pictures raise --limit, or the counts in {args.queries}")

        rows = []
        for query in queries:
            row = {"pole": query.pole, "query": query.text, "wanted": query.wanted}
            row |= manifest.count(query.pole, query.text)
            row["asked"] = dict(asked.get((query.pole, query.text), {}))
            if query in chosen:
                row["asked"][args.source] = max(query.wanted, row["asked"].get(args.source, 0))
            rows.append(row)
    flags = {name: str(value) if isinstance(value := getattr(args, name), Path) else value for name in OWN_FLAGS}
    made_by = {"flags": flags, "seed": args.seed, "versions": files.versions()}
    files.write_json(summary_file, {**made_by, "options": options, "queries": rows})
    say(table(rows))
    if not any(row["fetched"] for row in rows):
        raise SourceError(
            f"{args.output}: found no picture, expected some; {manifest.path.name} there says why; "
            f"check the queries in {args.queries}, or use another --source ({others(args.source)})"
        )
    check_that_pictures_are_left(args.output, (query.pole for query in chosen), rows)
    say(f"made {args.output}; look through its folders, and add photographs of your own if you like")
    examples = {query.pole for query in chosen} == set(EXAMPLES)
    say(cli.next_step(args, "preprocess.py", "--examples" if examples else "--input"))


if __name__ == "__main__":
    sys.exit(cli.run(main))
