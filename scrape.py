"""Collects pictures of two styles: step 1 of 6.

Reads   data/queries.csv: pole,query,count. A pole is one of the two styles; a query is what is searched for.
Writes  data/1-scraped/<pole>/<query>/<hash>.<ext>, the pictures as they came; <pole>.<query>.png, a contact sheet of
        each query; manifest.jsonl, a line for each address that was offered, with what became of it;
        attribution.csv and ATTRIBUTION.md: who made the pictures; query-progress.json; summary.json.

Stop it at any time and run it again: nothing is fetched twice, no search is made twice, not even for what you have
deleted since, and a higher --limit goes on from there. --plan says beforehand what a source can give, and how long
that takes. Pictures from several sources may share a folder.

It reads a site's robots.txt before it takes a picture, visits each host by one connection with a pause, waits as long
as a host asks for, learns the pace of one that says "later", and leaves a host alone that has refused it three times.
What you fetch is yours to answer for all the same: README.md says what each source is good for, and what its terms ask
of you.

Examples:
    python scrape.py
    python scrape.py --source openverse --contact YOUR@ADDRESS
    python scrape.py --source urls --urls addresses.txt --pole casual
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import demicouture.installation  # noqa: F401 (says what is missing, before it is looked for)

from demicouture import cli, files
from demicouture.commands import typed_flags
from demicouture.dataset import EXAMPLES
from demicouture.errors import SourceError
from demicouture.images import MOST_BYTES
from demicouture.language import _
from demicouture.magazine.publishing import publish
from demicouture.scraping.clock import CLOCK, Clock
from demicouture.scraping.forecast import describe_plan, describe_rest, describe_source
from demicouture.scraping.http_client import MAX_PICTURE_BYTES, Fetcher
from demicouture.scraping.offers import SOURCES, others
from demicouture.scraping.plan import folder_options, read_plan
from demicouture.scraping.progress import describe_counts
from demicouture.scraping.scraped_folder import ScrapedFolder
from demicouture.scraping.sources import SEARCHING, open_source

RECORDED = ("source", "queries", "urls", "limit", "pole", "base_url", "workers", "delay", "timeout", "max_bytes")
RECORDED += ("min_size", "retry_failed", "allow_private_hosts", "only", "without", "seed")
"""The flags that are recorded; the contact is a person's own affair."""


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line."""
    parser = cli.parser(__doc__, output="1-scraped")
    own = parser.add_argument_group(_("of this script"))
    purposes = "; ".join(f"{name} {_(purpose)}" for name, purpose in SOURCES.items())
    own.add_argument(
        "--source",
        choices=SOURCES,
        default="wardrobe",
        help=_("where pictures come from: {purposes}").format(purposes=purposes),
    )
    own.add_argument(
        "--queries",
        type=Path,
        metavar="FILE",
        help=_(
            "CSV with the columns pole,query,count (default: HOME/data/queries.csv if there, else the "
            "seed's plan; for the wardrobe data/queries-demo.csv)"
        ),
    )
    own.add_argument(
        "--urls",
        type=Path,
        metavar="FILE",
        help=_(
            "the addresses for --source urls: one on each line, all for --pole; or a CSV file with the "
            "column url, and as you like pole, query, page_url, title, creator, licence, licence_url"
        ),
    )
    own.add_argument(
        "--limit", type=cli.integer(1), metavar="N", help=_("at most N pictures of each query (default: its count)")
    )
    own.add_argument(
        "--plan",
        action="store_true",
        help=_("say what the source can give of what is missing, and how long that takes at its limits; fetch nothing"),
    )
    own.add_argument(
        "--only",
        metavar="NAMES",
        default="",
        help=_("of openverse: search only these collections, museum or met,nypl say"),
    )
    own.add_argument(
        "--without", metavar="NAMES", default="", help=_("of openverse: leave these collections out, flickr say")
    )
    own.add_argument("--pole", metavar="NAME", help=_("collect for this pole only, for now"))
    own.add_argument("--base-url", metavar="URL", help=_("search at this address in place of the source's own"))
    own.add_argument("--workers", type=cli.integer(1, 64), metavar="N", default=8, help=_("hosts visited at once"))
    own.add_argument(
        "--delay",
        type=cli.number(0, 3600),
        metavar="SECONDS",
        default=1.0,
        help=_("pause between requests to one host"),
    )
    own.add_argument(
        "--timeout",
        type=cli.number(0.1, 3600),
        metavar="SECONDS",
        default=30.0,
        help=_("for a whole response; what took longer is not tried again in this run"),
    )
    own.add_argument(
        "--max-bytes",
        type=cli.integer(1000, MOST_BYTES),
        metavar="N",
        default=MAX_PICTURE_BYTES,
        help=_("the most that a picture may hold"),
    )
    own.add_argument(
        "--min-size",
        type=cli.integer(1),
        metavar="PX",
        default=128,
        help=_("the least that its shorter side may measure"),
    )
    own.add_argument(
        "--contact",
        metavar="WHO",
        default="",
        help=_("an e-mail address or a page about you, for the sites that you visit to write to"),
    )
    own.add_argument("--retry-failed", action="store_true", help=_("try again what failed in earlier runs"))
    own.add_argument(
        "--allow-private-hosts", action="store_true", help=_("fetch also from this machine and its network")
    )
    args = cli.parse(parser, argv)
    args.queries = args.queries or default_queries(args)
    return args


def default_queries(args: argparse.Namespace) -> Path:
    """Returns the queries of the home folder, or else the seed's, or the wardrobe's, which draws no house's looks."""
    own, seeds = args.home / "data/queries.csv", cli.HOUSE / "data/queries.csv"
    if own.exists() and not own.samefile(seeds):
        return own
    return seeds.with_name("queries-demo.csv") if args.source == "wardrobe" else seeds


def open_fetcher(args: argparse.Namespace, clock: Clock) -> Fetcher:
    """Returns the HTTP client that the flags describe."""
    return Fetcher(
        timeout_seconds=args.timeout,
        delay_seconds=args.delay,
        max_bytes=args.max_bytes,
        contact=args.contact,
        allow_private_hosts=args.allow_private_hosts,
        clock=clock,
    )


def describe_other_sources(args: argparse.Namespace, folder: ScrapedFolder, web: dict[str, Any]) -> str:
    """Returns a line on each further source that searches, on what it can give of what is missing."""
    web = web | {"base_url": None, "only": "", "without": ""}
    names = [name for name in SEARCHING if name != args.source and (name != "commons" or args.contact)]
    sources = [open_source(name, seed=args.seed, queries=folder.plan.poles, **web) for name in names]
    return "\n".join(describe_source(folder.missing(source), source, args.delay) for source in sources)


def check_that_something_was_found(args: argparse.Namespace, rows: list[dict[str, Any]]) -> None:
    """Raises an error where there is no picture, which says whether any was offered."""
    if not any(row["offered"] for row in rows):
        raise SourceError(
            _(
                "{source}: offered nothing, expected pictures; its words may find nothing there, or the "
                "service has changed or ended: look at it in a browser, check {urls}, or use another --source "
                "({others})"
            ).format(source=args.source, urls=args.urls or args.queries, others=others(args.source))
        )
    if not any(row["fetched"] for row in rows):
        raise SourceError(
            _(
                "{output}: found no picture, expected some; manifest.jsonl there says why; check {urls}, or "
                "use another --source ({others})"
            ).format(output=args.output, urls=args.urls or args.queries, others=others(args.source))
        )


def main(argv: list[str] | None = None, clock: Clock = CLOCK) -> None:
    """Collects what is still missing, and counts what is there."""
    args = parse_args(argv)
    report = cli.reporter(args)
    which = {"source": args.source, "limit": args.limit}
    plan = read_plan(args.queries, **which, urls=args.urls, pole=args.pole, base_url=args.base_url)
    options = folder_options(args.output, plan, **which, seed=args.seed, fresh=args.fresh)
    inputs = {"queries": files.hash_file(args.queries), "urls": files.hash_file(args.urls) if args.urls else None}
    with (
        open_fetcher(args, clock) as fetcher,
        cli.open_output(args, "scrape.py", options, extendable=("limit", "poles"), shared_with_people=True) as run,
    ):
        web = {"fetcher": fetcher, "base_url": args.base_url, "addresses": plan.addresses}
        web |= {"only": args.only, "without": args.without}
        source = open_source(args.source, seed=args.seed, queries=plan.poles, **web)
        if args.fresh and not args.plan:
            run.begin()  # What lies there is moved aside, so nothing in it can be refused.
        folder = ScrapedFolder(args.output, plan)
        if args.plan:
            report(describe_plan(folder.missing(source), source, args.delay))
            return report(describe_other_sources(args, folder, web))
        source_has_limits = hasattr(source, "limits")
        if source_has_limits and (missing := folder.missing(source)):
            report(describe_plan(missing, source, args.delay))
        run.begin()  # Even where nothing is missing: people add and delete pictures, so all is counted anew.
        failure = None
        try:
            how = {"workers": args.workers, "min_side": args.min_size, "retry_failed": args.retry_failed}
            with folder.manifest:
                if not folder.collect(source, fetcher, **how, quiet=args.quiet):
                    more = _("raise --limit, or the counts in {queries}").format(queries=args.queries)
                    report(_("{output}: nothing to do; for more pictures {more}").format(output=args.output, more=more))
        except SourceError as error:
            failure = error  # What was found before is counted and shown all the same.
        rows, made = folder.count(), folder.write_overview()
        if failure is None or any(row["offered"] for row in rows):
            report(describe_counts(rows, plan.chosen, fetcher.words))
        if failure:
            if source_has_limits:
                report(describe_rest(folder.missing(source), source, args.delay))
            raise failure
        run.finish(inputs, made, {"flags": typed_flags(RECORDED), "queries": rows})
    publish(args.home, args.output)
    check_that_something_was_found(args, rows)
    folder.check_that_pictures_are_left(rows)
    report(
        _("made {output}; look at its contact sheets, and add photographs of your own to a pole if you like").format(
            output=args.output
        )
    )
    if len(options["poles"]) == 1:
        report(_("a data set needs two poles: collect the other one into {output} as well").format(output=args.output))
    examples = {query.pole for query in plan.chosen} == set(EXAMPLES)
    if examples and args.output_given:
        report(cli.next_step("preprocess.py", "--examples", args.output, without={"1-scraped"}))
    else:
        report(cli.next_step("preprocess.py"))


if __name__ == "__main__":
    sys.exit(cli.run(main))
