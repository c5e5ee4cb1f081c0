"""The folder ``data/1-scraped``: what it still lacks, how pictures are collected into it, and what it holds."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2

from demicouture import images
from demicouture.errors import InputError
from demicouture.language import _
from demicouture.scraping import attribution
from demicouture.scraping.contact_sheets import query_sheet_path, write_query_sheets
from demicouture.scraping.downloader import Downloader, draw
from demicouture.scraping.forecast import least_seconds
from demicouture.scraping.http_client import Fetcher
from demicouture.scraping.manifest import Manifest
from demicouture.scraping.offers import Source
from demicouture.scraping.picture_store import Outcome, PictureStore
from demicouture.scraping.plan import Plan
from demicouture.scraping.progress import PoleProgress
from demicouture.scraping.queries import Query
from demicouture.scraping.query_progress import QueryProgress
from demicouture.scraping.search_answers import SearchAnswers


class ScrapedFolder:
    """A folder of scraped pictures, with its manifest.

    Attributes:
        path: ``1-scraped``.
        plan: What is to be collected.
        manifest: The outcome of each address that a source offered.
        query_progress: How many offers each source was searched for.
    """

    def __init__(self, path: Path, plan: Plan) -> None:
        """Reads what is there, and touches nothing.

        Raises:
            InputError: A line of the manifest is damaged.
        """
        self.path = path
        self.plan = plan
        self.manifest = Manifest(path)
        self.query_progress = QueryProgress(path, self.manifest)

    def missing(self, source: Source) -> dict[Query, int]:
        """Returns how many pictures of a source the chosen queries still want, without those that want none."""
        wanted = {query: self.query_progress.still_wanted(source, query) for query in self.plan.chosen}
        return {query: number for query, number in wanted.items() if number}

    def collect(
        self, source: Source, fetcher: Fetcher, *, workers: int, min_side: int, retry_failed: bool, quiet: bool
    ) -> bool:
        """Collects what is missing, and returns whether there was anything. The manifest has to be open.

        Args:
            source: Where to search.
            fetcher: The HTTP client.
            workers: How many hosts are visited at once.
            min_side: The fewest pixels of a picture's shorter side.
            retry_failed: Whether to try again what failed in earlier runs.
            quiet: Whether to show no progress.

        Raises:
            SourceError: The source fails; what it had offered has been collected.
        """
        queries, manifest, query_progress = self.plan.chosen, self.manifest, self.query_progress
        missing = self.missing(source)
        limits, delay = getattr(source, "limits", None), fetcher.rate_limits.delay_seconds
        expected = Counter({query: min(number, limits.most if limits else number) for query, number in missing.items()})
        if retry_failed:
            for query in queries:
                expected[query] += sum(manifest.count(query.pole, query.text)["refused"].values())
        if not expected.total():
            return False
        store, waits = PictureStore(self.path, manifest), fetcher.rate_limits.waits
        with (
            _opencv_in_one_thread(),
            _search_answers(self.path, source, fetcher),
            PoleProgress(
                queries,
                expected,
                manifest.count,
                waits,
                retrying=retry_failed,
                quiet=quiet,
                pictures_only=limits is not None and not retry_failed,
                least_seconds=lambda number: least_seconds(number, limits, delay) if limits else 0.0,
                clock=fetcher.clock,
            ) as progress,
        ):
            downloader = Downloader(fetcher, manifest, workers=workers, min_side=min_side, on_idle=progress.idle)

            def outcomes() -> Iterator[Outcome]:
                if retry_failed:
                    yield from downloader.retry(queries)
                if hasattr(source, "offer"):
                    yield from draw(source, list(missing), manifest, query_progress)
                else:
                    yield from downloader.search(source, missing, query_progress)

            with contextlib.closing(outcomes()) as found:
                for outcome in found:
                    progress.update(outcome.query, *store.keep(outcome))
        return True

    def count(self) -> list[dict[str, Any]]:
        """Returns a row for each query: what was wanted, the outcomes of its offers, and how far it was searched."""
        return [
            {"pole": query.pole, "query": query.text, "wanted": query.wanted}
            | self.manifest.count(query.pole, query.text)
            | {"requested": self.query_progress.requested(query)}
            for query in self.plan.queries
        ]

    def write_overview(self) -> list[str]:
        """Writes the contact sheets that are missing and the attribution; returns the names of the folder's files."""
        write_query_sheets(self.path, self.plan.queries, self.manifest.count)
        attribution.write_attribution(self.path, self.manifest)
        paths = [self.manifest.path, self.query_progress.path]
        paths += [query_sheet_path(self.path, query) for query in self.plan.queries]
        return [*attribution.ATTRIBUTION_FILES, *(path.name for path in paths if path.exists())]

    def check_that_pictures_are_left(self, rows: Sequence[dict[str, Any]]) -> None:
        """Checks that the poles that were collected still have two pictures, the fewest that the next step takes.

        Deleting a picture is a person's decision against it, so it is not fetched again, unless with --fresh.

        Args:
            rows: The counts of each query, see :meth:`count`.

        Raises:
            InputError: Pictures of a pole were fetched, and are gone.
        """
        for pole in sorted({query.pole for query in self.plan.chosen}):
            fetched = sum(row["fetched"] for row in rows if row["pole"] == pole)
            left = len(images.find_pictures(self.path / pole))
            if left < min(fetched, 2):
                raise InputError(
                    _(
                        "{path}: {left} pictures, expected at least 2 of the {fetched} that were fetched; what was "
                        "deleted is not fetched again: put pictures back, or add --fresh to start over"
                    ).format(path=self.path / pole, left=left, fetched=fetched)
                )


@contextlib.contextmanager
def _search_answers(folder: Path, source: Source, fetcher: Fetcher) -> Iterator[None]:
    """Keeps what a service answers, where the source asks one."""
    if not hasattr(source, "limits"):
        yield
        return
    with SearchAnswers(folder, fetcher.clock) as fetcher.answers:
        try:
            yield
        finally:
            fetcher.answers = None


@contextlib.contextmanager
def _opencv_in_one_thread() -> Iterator[None]:
    """Lets OpenCV work in one thread: the downloads' threads are many already."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
