"""The downloader: turns a source's offers into pictures, drawn on all cores or fetched from several hosts at once."""

from __future__ import annotations

import contextlib
import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from demicouture import files, images, parallel
from demicouture.errors import FetchError, PictureError
from demicouture.scraping import duplicate_index, failure_reasons
from demicouture.scraping.host_scheduler import one_per_host
from demicouture.scraping.http_client import Fetcher, host_of
from demicouture.scraping.manifest import FAILED, Manifest
from demicouture.scraping.offers import DrawingSource, Offer, Source
from demicouture.scraping.picture_store import Outcome
from demicouture.scraping.queries import Query
from demicouture.scraping.query_progress import QueryProgress
from demicouture.scraping.rate_limits import TryLater


def draw(
    source: DrawingSource, queries: Sequence[Query], manifest: Manifest, query_progress: QueryProgress
) -> Iterator[Outcome]:
    """Draws, on all cores, what has no line yet, and yields it in the queries' order.

    What a source draws is kept as it is: its damaged files are there for the next step to find.
    """
    missing = [
        (query, index)
        for query in queries
        for index in range(query.wanted)
        if source.url(query.pole, query.text, index) not in manifest.entries(query.pole, query.text)
    ]
    drawn = parallel.in_order(functools.partial(_draw_one, source), missing)
    for (query, _), offer in zip(missing, drawn, strict=True):
        try:
            header = images.read_header(offer.content)
        except PictureError:
            header = ".jpg", None, None
        yield Outcome(query, source.name, offer, offer.content, offer.reason, header, files.sha256(offer.content))
    for query in queries:
        query_progress.record(source.name, query)


def _draw_one(source: DrawingSource, task: tuple[Query, int]) -> Offer:
    query, index = task
    return source.offer(query.pole, query.text, index)


class Downloader:
    """Downloads offers, from several hosts at once.

    Attributes:
        min_side: The fewest pixels of a picture's shorter side.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        manifest: Manifest,
        *,
        workers: int,
        min_side: int,
        on_idle: Callable[[], None] = lambda: None,
    ) -> None:
        """Fetches nothing yet.

        Args:
            fetcher: The HTTP client.
            manifest: What is there.
            workers: How many hosts are visited at once.
            min_side: The fewest pixels of a picture's shorter side.
            on_idle: Called about once a second while everybody waits.
        """
        self._fetcher = fetcher
        self._manifest = manifest
        self._workers = workers
        self.min_side = min_side
        self._on_idle = on_idle
        self._failed: dict[str, str] = {}

    def search(self, source: Source, missing: Mapping[Query, int], query_progress: QueryProgress) -> Iterator[Outcome]:
        """Downloads what a source offers and what has no line yet, and yields it as it comes.

        Args:
            source: Where to search.
            missing: The queries, and how many offers each still wants at most.
            query_progress: Where it is recorded how many offers a source was searched for.

        Raises:
            SourceError: The source fails; what it had offered is yielded first.
        """
        read: Counter[Query] = Counter()
        done: Counter[Query] = Counter()
        at_end: set[Query] = set()

        def offers() -> Iterator[_Task]:
            for query, number in missing.items():
                known = set(self._manifest.entries(query.pole, query.text))
                for offer in source.offers(query.pole, query.text, query.wanted):
                    if read[query] < number and offer.url not in known:
                        read[query] += 1
                        yield _Task(query, source.name, offer)
                yield _Task(query, source.name, None)

        with contextlib.closing(self._schedule(offers())) as finished:
            for task, outcome in finished:
                query = task.query
                if outcome:
                    yield outcome
                    done[query] += 1
                else:
                    at_end.add(query)
                if query in at_end and done[query] == read[query]:
                    query_progress.record(source.name, query)

    def retry(self, queries: Sequence[Query]) -> Iterator[Outcome]:
        """Downloads again what failed before, for these queries."""
        known = {(query.pole, query.text): query for query in queries}
        facts = ("url", "page_url", "title", "creator", "licence", "licence_url")
        tasks = (
            _Task(query, line["source"], Offer(**{name: line[name] for name in facts}), again=True)
            for line in self._manifest.read_failed()
            if (query := known.get((line["pole"], line["query"])))
        )
        with contextlib.closing(self._schedule(tasks)) as finished:
            for _, outcome in finished:
                yield outcome

    def _schedule(self, tasks: Iterable[_Task]) -> Iterator[tuple[_Task, Outcome | None]]:
        def host(task: _Task) -> str:
            try:
                return host_of(task.offer.url) if task.offer else ""
            except FetchError:
                return ""  # No connection will be made; fetching it says why.

        ready_at = self._fetcher.rate_limits.ready_at
        return one_per_host(tasks, host, self._fetch, self._check, self._workers, ready_at, self._on_idle)

    def _fetch(self, task: _Task) -> bytes | str:
        """Returns what an address gives, or the reason why it gives nothing.

        An address that was offered for another query is not fetched again: what it gave then, it gives now.
        """
        offer = task.offer
        if offer is None:
            return ""
        if offer.url in self._failed:
            return self._failed[offer.url]
        before = self._manifest.find(offer.url)
        if before and before.file and (path := self._manifest.path.parent / before.file).exists():
            return path.read_bytes()
        if before and before.status == FAILED and not task.again:
            return before.reason
        try:
            if offer.page_url and not offer.licence:
                # A licence says what may be done with a picture; where there is none, perhaps its page does.
                self._fetcher.check_page(offer.page_url, patient=False)
            return self._fetcher.fetch(offer.url, patient=False).content
        except TryLater:
            raise
        except FetchError as error:
            self._failed[offer.url] = str(error)
            return str(error)

    def _check(self, task: _Task, fetched: bytes | str) -> Outcome | None:
        if task.offer is None:
            return None
        if isinstance(fetched, str):
            return Outcome(task.query, task.source, task.offer, None, fetched)
        try:
            return Outcome(task.query, task.source, task.offer, fetched, "", *check_picture(fetched, self.min_side))
        except PictureError as error:
            return Outcome(task.query, task.source, task.offer, None, str(error))


@dataclass(frozen=True)
class _Task:
    query: Query
    source: str
    offer: Offer | None  # None stands behind the last of a query's offers.
    again: bool = False


def check_picture(content: bytes, min_side: int) -> tuple[tuple[str, int, int], str, np.ndarray, str]:
    """Returns a picture's suffix, width and height; its SHA-256; its thumbnail, and that one's perceptual hash.

    Raises:
        PictureError: It does not decode completely, is too large, or too small.
    """
    thumbnail, width, height = duplicate_index.decode_thumbnail(content)
    if min(width, height) < min_side:
        raise PictureError(failure_reasons.TOO_SMALL)
    return images.read_header(content), files.sha256(content), thumbnail, duplicate_index.hash_text(thumbnail)
