"""The downloader: turns a source's offers into pictures, drawn on all cores or fetched from several hosts at once."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from demicouture import files, images, parallel
from demicouture.commands import same_command
from demicouture.errors import FetchError, PictureError, SourceError
from demicouture.language import _
from demicouture.scraping import duplicate_index, failure_reasons
from demicouture.scraping.clock import describe_duration
from demicouture.scraping.host_scheduler import one_per_host
from demicouture.scraping.http_client import Fetcher, host_of
from demicouture.scraping.manifest import FAILED, FETCHED, Manifest
from demicouture.scraping.offers import DrawingSource, Offer, Source
from demicouture.scraping.picture_store import Outcome
from demicouture.scraping.queries import Query
from demicouture.scraping.query_progress import QueryProgress
from demicouture.scraping.rate_limits import PutOff, TryLater

OFFERS_FOR_A_PICTURE = 5
"""Our choice: at most so many offers are tried for each picture that is wanted; a search that gives less is wrong."""


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
    for (query, _index), offer in zip(missing, drawn, strict=True):
        try:
            header = images.read_header(offer.content)
        except PictureError:
            header = ".jpg", None, None
        yield Outcome(query, source.name, offer, offer.content, offer.reason, header, files.sha256(offer.content))
    for query in queries:
        query_progress.record(source, query)


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
        self._put_off: dict[str, tuple[int, float]] = {}  # Of each host: addresses, and seconds to wait.

    def search(self, source: Source, missing: Mapping[Query, int], query_progress: QueryProgress) -> Iterator[Outcome]:
        """Downloads what a source offers and what has no line yet, and yields it as it comes.

        Of a query as many offers are read as it wants pictures; in the place of each that gives none, a further one.

        Args:
            source: Where to search.
            missing: The queries, and how many pictures each still wants.
            query_progress: Where it is recorded how many pictures a source was searched for.

        Raises:
            SourceError: The source fails, or a host put us off for longer than this run waits; what was offered is
                yielded first.
        """
        searches = {query: _Search(source, query, number, self._manifest) for query, number in missing.items()}
        lock = threading.Lock()

        def tasks() -> Iterator[_Task | None]:
            unfinished = list(searches.values())
            while unfinished:
                nothing = True
                for search in list(unfinished):
                    while True:
                        with lock:
                            wants, is_over = search.wants_more(), search.is_over()
                            search.under_way += wants
                        if not wants:
                            break
                        offer, nothing = search.next_offer(), False
                        if offer is None:
                            with lock:
                                search.under_way -= 1
                                search.complete = is_over = True
                            break
                        yield _Task(search.query, source.name, offer)
                    if is_over:
                        unfinished.remove(search)
                        yield _Task(search.query, source.name, None)
                if unfinished and nothing:
                    yield None  # All that is wanted is under way.

        with contextlib.closing(self._schedule(tasks())) as finished:
            for task, outcome in finished:
                search = searches[task.query]
                if outcome:
                    yield outcome
                with lock:
                    if task.offer:
                        search.note(task.offer, put_off=outcome is None)
                    if search.is_complete():
                        query_progress.record(source, task.query)
        self._report_put_off()

    def _report_put_off(self) -> None:
        """Raises an error where addresses were not tried because their hosts put us off."""
        if not self._put_off:
            return
        limits, parts = self._fetcher.rate_limits, []
        for host, (number, _seconds) in self._put_off.items():
            rest = describe_duration(number * limits.pace(host))
            parts.append(
                _("{number:,} addresses wait for {host}, at its pace about {rest}").format(
                    number=number, host=host, rest=rest
                )
            )
        again = self._fetcher.clock.time_of_day(min(seconds for _, seconds in self._put_off.values()))
        raise SourceError(
            _(
                '{parts}; found HTTP 429 ("later") for longer than a run waits, expected pictures; to go on, '
                "at {again} run: {command}"
            ).format(parts="; ".join(parts), again=again, command=same_command())
        )

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
                if outcome:
                    yield outcome

    def _schedule(self, tasks: Iterable[_Task | None]) -> Iterator[tuple[_Task, Outcome | None]]:
        limits = self._fetcher.rate_limits
        how = {"ready_at": limits.ready_at, "is_spent": limits.is_spent, "on_idle": self._on_idle}
        return one_per_host(
            tasks, self._host, self._fetch, self._check, self._workers, **how, clock=self._fetcher.clock
        )

    def _host(self, task: _Task) -> str:
        """Returns the host that a picture is best fetched from at present: where its own is spent, the source's."""
        if task.offer is None:
            return ""
        try:
            own = host_of(task.offer.url)
            if task.offer.thumbnail and not task.own_only and self._fetcher.rate_limits.is_spent(own):
                return host_of(task.offer.thumbnail)
        except FetchError:
            return ""  # No connection will be made; fetching it says why.
        return own

    def _fetch(self, task: _Task, host: str) -> _Answer:
        """Returns what an address gives, or the reason why it gives nothing.

        An address that was offered for another query is not fetched again: what it gave then, it gives now.
        """
        offer = task.offer
        if offer is None:
            return _Answer()
        if offer.url in self._failed:
            return _Answer(reason=self._failed[offer.url])
        before = self._manifest.find(offer.url)
        if before and before.file and (path := self._manifest.path.parent / before.file).exists():
            return _Answer(path.read_bytes())
        if before and before.status == FAILED and not task.again:
            return _Answer(reason=before.reason)
        try:
            if offer.page_url and not offer.licence:
                # A licence says what may be done with a picture; where there is none, perhaps its page does.
                self._fetcher.check_page(offer.page_url, patient=False)
            if offer.thumbnail and host == host_of(offer.thumbnail) != host_of(offer.url):
                return self._fetch_thumbnail(task)
            return _Answer(self._fetcher.fetch(offer.url, patient=False).content)
        except TryLater:
            raise
        except PutOff as error:
            number, _ = self._put_off.get(error.host, (0, 0.0))
            self._put_off[error.host] = number + 1, error.seconds
            return _Answer(put_off=True)
        except FetchError as error:
            reason = str(error)
        except (ValueError, LookupError, ArithmeticError, RecursionError):
            reason = failure_reasons.NOT_UNDERSTOOD  # Whatever a stranger sends, it is not to end a collection.
        self._failed[offer.url] = reason
        return _Answer(reason=reason)

    def _fetch_thumbnail(self, task: _Task) -> _Answer:
        self._fetcher.check_known_robots(task.offer.url)
        try:
            content = self._fetcher.fetch(task.offer.thumbnail, patient=False, crawling=False).content
        except (TryLater, PutOff):
            raise
        except FetchError as error:
            task.own_only = True  # The picture itself may be there all the same.
            raise TryLater(str(error)) from error
        return _Answer(content, failure_reasons.REDUCED)

    def _check(self, task: _Task, answer: _Answer) -> Outcome | None:
        if task.offer is None or answer.put_off:
            return None
        if answer.content is None:
            return Outcome(task.query, task.source, task.offer, None, answer.reason)
        try:
            checked = check_picture(answer.content, self.min_side)
        except PictureError as error:
            return Outcome(task.query, task.source, task.offer, None, str(error))
        return Outcome(task.query, task.source, task.offer, answer.content, answer.reason, *checked)


@dataclass
class _Task:
    query: Query
    source: str
    offer: Offer | None  # None stands behind the last of a query's offers.
    again: bool = False
    own_only: bool = False  # Whether the source's reduced copy was no use.


@dataclass(frozen=True)
class _Answer:
    content: bytes | None = None
    reason: str = ""
    put_off: bool = False


class _Search:
    """The search for one query's pictures: what it still wants, and what is under way."""

    def __init__(self, source: Source, query: Query, number: int, manifest: Manifest) -> None:
        self.query = query
        self.under_way = 0
        self.complete = False  # Whether the source has no more.
        self._wanted = number
        self._have = self._waiting = 0
        self._manifest = manifest
        self._listed = source.name == "urls"  # Each address of a list is tried, and none in place of another.
        most = query.wanted * (1 if self._listed else OFFERS_FOR_A_PICTURE)
        self._offers = source.offers(query.pole, query.text, most)
        self._known = set(manifest.entries(query.pole, query.text))

    def next_offer(self) -> Offer | None:
        return next((offer for offer in self._offers if offer.url not in self._known), None)

    def wants_more(self) -> bool:
        return not self.complete and self._have + self._waiting + self.under_way < self._wanted

    def is_over(self) -> bool:
        return not self.under_way and not self.wants_more()

    def is_complete(self) -> bool:
        return self.is_over() and not self._waiting

    def note(self, offer: Offer, *, put_off: bool) -> None:
        self.under_way -= 1
        self._waiting += put_off
        entry = self._manifest.entries(self.query.pole, self.query.text).get(offer.url)
        self._have += not put_off and (self._listed or (entry is not None and entry.status == FETCHED))


def check_picture(content: bytes, min_side: int) -> tuple[tuple[str, int, int], str, np.ndarray, str]:
    """Returns a picture's suffix, width and height; its SHA-256; its thumbnail, and that one's perceptual hash.

    Raises:
        PictureError: It does not decode completely, is too large, or too small.
    """
    thumbnail, width, height = duplicate_index.decode_thumbnail(content)
    if min(width, height) < min_side:
        raise PictureError(failure_reasons.TOO_SMALL)
    return images.read_header(content), files.sha256(content), thumbnail, duplicate_index.hash_text(thumbnail)
