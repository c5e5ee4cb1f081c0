"""From an offer to a picture in its folder and a line in the manifest."""

from __future__ import annotations

import contextlib
import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from demicouture import files, images, parallel
from demicouture.errors import FetchError, PictureError
from demicouture.scraping import duplicate_index, failure_reasons
from demicouture.scraping.contact_sheets import sheet_path
from demicouture.scraping.host_scheduler import one_per_host
from demicouture.scraping.http_client import Fetcher, host_of
from demicouture.scraping.manifest import DUPLICATE, FAILED, FETCHED, Manifest
from demicouture.scraping.offers import DrawingSource, Offer, Source
from demicouture.scraping.queries import Query
from demicouture.scraping.query_progress import Asked
from demicouture.scraping.rate_limits import TryLater


@dataclass(frozen=True)
class Found:
    """What became of an offer.

    Attributes:
        query: What it was an answer to.
        source: The source's name.
        offer: The offer.
        content: The picture; None where there is none.
        reason: Why there is none, or what the source knows about the picture beforehand.
        header: The usual suffix of the picture's format, its width and its height, as its header says.
        sha256: Of the content.
        thumbnail: The picture's, to find others that show the same; None for what was drawn.
        perceptual_hash: The thumbnail's.
    """

    query: Query
    source: str
    offer: Offer
    content: bytes | None
    reason: str = ""
    header: tuple[str, int | None, int | None] = (".jpg", None, None)
    sha256: str = ""
    thumbnail: np.ndarray | None = None
    perceptual_hash: str = ""


def draw(source: DrawingSource, queries: Sequence[Query], manifest: Manifest, asked: Asked) -> Iterator[Found]:
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
        yield Found(query, source.name, offer, offer.content, offer.reason, header, files.sha256(offer.content))
    for query in queries:
        asked.note(source.name, query)


def _draw_one(source: DrawingSource, task: tuple[Query, int]) -> Offer:
    query, index = task
    return source.offer(query.pole, query.text, index)


class Downloads:
    """Downloads offers, from several hosts at once.

    Attributes:
        min_side: The fewest pixels of a picture's shorter side.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        manifest: Manifest,
        *,
        hosts: int,
        min_side: int,
        on_idle: Callable[[], None] = lambda: None,
    ) -> None:
        """Fetches nothing yet.

        Args:
            fetcher: Does the fetching.
            manifest: What is there.
            hosts: How many are visited at once.
            min_side: The fewest pixels of a picture's shorter side.
            on_idle: Called about once a second while everybody waits.
        """
        self._fetcher = fetcher
        self._manifest = manifest
        self._hosts = hosts
        self.min_side = min_side
        self._on_idle = on_idle
        self._failed: dict[str, str] = {}

    def search(self, source: Source, missing: Mapping[Query, int], asked: Asked) -> Iterator[Found]:
        """Downloads what a source offers and what has no line yet, and yields it as it comes.

        Args:
            source: Where to look.
            missing: The queries, and how many offers each still wants at most.
            asked: Where is written down what a source was asked for.

        Raises:
            SourceError: The source fails; what it had offered is yielded first.
        """
        read: Counter[Query] = Counter()
        done: Counter[Query] = Counter()
        at_end: set[Query] = set()

        def ask() -> Iterator[_Task]:
            for query, number in missing.items():
                known = set(self._manifest.entries(query.pole, query.text))
                for offer in source.offers(query.pole, query.text, query.wanted):
                    if read[query] < number and offer.url not in known:
                        read[query] += 1
                        yield _Task(query, source.name, offer)
                yield _Task(query, source.name, None)

        with contextlib.closing(self._visit(ask())) as visited:
            for task, found in visited:
                query = task.query
                if found:
                    yield found
                    done[query] += 1
                else:
                    at_end.add(query)
                if query in at_end and done[query] == read[query]:
                    asked.note(source.name, query)

    def retry(self, queries: Sequence[Query]) -> Iterator[Found]:
        """Downloads again what failed before, for these queries."""
        known = {(query.pole, query.text): query for query in queries}
        facts = ("url", "page_url", "title", "creator", "licence", "licence_url")
        tasks = (
            _Task(query, line["source"], Offer(**{name: line[name] for name in facts}), again=True)
            for line in self._manifest.read_failed()
            if (query := known.get((line["pole"], line["query"])))
        )
        with contextlib.closing(self._visit(tasks)) as visited:
            for _, found in visited:
                yield found

    def _visit(self, tasks: Iterable[_Task]) -> Iterator[tuple[_Task, Found | None]]:
        def host(task: _Task) -> str:
            try:
                return host_of(task.offer.url) if task.offer else ""
            except FetchError:
                return ""  # No connection will be made; fetching it says why.

        hosts = self._fetcher.hosts
        return one_per_host(tasks, host, self._fetch, self._judge, self._hosts, hosts.ready_at, self._on_idle)

    def _fetch(self, task: _Task) -> bytes | str:
        """Returns what an address gives, or the reason why it gives nothing.

        An address that was offered for another query is not asked again: what it gave then, it gives now.
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
                self._fetcher.look_at_page(offer.page_url, patient=False)
            return self._fetcher.fetch(offer.url, patient=False).content
        except TryLater:
            raise
        except FetchError as error:
            self._failed[offer.url] = str(error)
            return str(error)

    def _judge(self, task: _Task, fetched: bytes | str) -> Found | None:
        if task.offer is None:
            return None
        if isinstance(fetched, str):
            return Found(task.query, task.source, task.offer, None, fetched)
        try:
            return Found(task.query, task.source, task.offer, fetched, "", *classifier(fetched, self.min_side))
        except PictureError as error:
            return Found(task.query, task.source, task.offer, None, str(error))


@dataclass(frozen=True)
class _Task:
    query: Query
    source: str
    offer: Offer | None  # None stands behind the last of a query's offers.
    again: bool = False


def classifier(content: bytes, min_side: int) -> tuple[tuple[str, int, int], str, np.ndarray, str]:
    """Returns a picture's suffix, width and height; its SHA-256; its thumbnail, and that one's perceptual hash.

    Raises:
        PictureError: It does not decode completely, is too large, or too small.
    """
    thumbnail, width, height = duplicate_index.look(content)
    if min(width, height) < min_side:
        raise PictureError(failure_reasons.TOO_SMALL)
    return images.read_header(content), files.sha256(content), thumbnail, duplicate_index.hash_text(thumbnail)


class Collection:
    """The folder ``1-scraped`` as it grows."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        """Reads the perceptual hashes of what is there."""
        self._folder = folder
        self._manifest = manifest
        self._twins: dict[str, duplicate_index.Twins] = {}
        self._grown: set[Query] = set()

    def keep(self, found: Found) -> tuple[str, str]:
        """Writes a picture, then its line in the manifest; returns the status and the reason."""
        query, offer, sha256 = found.query, found.offer, found.sha256
        status, reason, file, text, like = FAILED, found.reason, "", "", ""
        if found.content is not None:
            status = FETCHED
            known = self._manifest.files(query.pole, sha256)
            if found.thumbnail is None:  # What is drawn twice for two queries is waste that was planted.
                known = [name for name in known if name.startswith(f"{query.folder}/")]
            if known:
                status, reason, file = DUPLICATE, reason or failure_reasons.SAME_BYTES, known[0]
            else:
                file = f"{query.folder}/{sha256[:16]}{found.header[0]}"
                if found.thumbnail is not None:
                    text = found.perceptual_hash
                    like = self._twins_of(query.pole).find(found.thumbnail, text)
                    reason = failure_reasons.NEAR_DUPLICATE if like else ""
                if query not in self._grown:  # Its sheet shows less than there is from now on.
                    sheet_path(self._folder, query).unlink(missing_ok=True)
                    self._grown.add(query)
                files.write_bytes(self._folder / file, found.content)
        _, width, height = found.header
        line = {"pole": query.pole, "query": query.text, "source": found.source, "url": offer.url}
        line |= {"page_url": offer.page_url, "status": status, "reason": reason, "file": file, "sha256": sha256}
        line |= {"width": width, "height": height, "fetched_at": datetime.now(UTC).isoformat(timespec="seconds")}
        line |= {"title": offer.title, "creator": offer.creator, "licence": offer.licence}
        line |= {"licence_url": offer.licence_url, "perceptual_hash": text, "like": like}
        self._manifest.append(line)
        if text:
            self._twins[query.pole].add(file, text)
        return status, reason

    def _twins_of(self, pole: str) -> duplicate_index.Twins:
        if pole not in self._twins:
            known = self._twins[pole] = duplicate_index.Twins(self._folder)
            for line in self._manifest.read():
                if line["pole"] == pole and line["perceptual_hash"]:
                    known.add(line["file"], line["perceptual_hash"])
        return self._twins[pole]
