"""Wikimedia Commons: photographs under free licences, found by words, or all of a category.

A query that begins with ``Category:`` takes that category's files; any other is searched for.

Source: https://www.mediawiki.org/wiki/API:Imageinfo and API:Search; the contact and one request after another are
requested by the Wikimedia Foundation's User-Agent policy and API:Etiquette.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from demicouture.errors import InputError, SourceError
from demicouture.language import _
from demicouture.scraping.html import plain_text
from demicouture.scraping.http_client import Fetcher, host_of
from demicouture.scraping.json_api import as_address, as_text, request_json, with_query
from demicouture.scraping.offers import Limits, Offer

BASE_URL = "https://commons.wikimedia.org/w/api.php"

WIDTH = 1280
"""Pixels: one of the widths that Wikimedia keeps ready (mediawiki.org/wiki/Common_thumbnail_sizes); asking for others
makes work there. A file that is narrower comes as it is."""

PAGE_SIZE = 50
"""Files on a page of results: the most for which reduced pictures are given."""

MAX_PAGES = 100
"""Our choice: 5,000 files."""

BUSY_CODES = ("cirrussearch-too-busy-error", "ratelimited", "maxlag", "readonly")
"""Errors, with status 200, that mean "later"."""

BUSY_WAITS = (5.0, 30.0, 120.0, 600.0)
"""Seconds; our choice: until a search that was too busy is tried again."""

TYPES = ("image/jpeg", "image/png", "image/webp", "image/tiff", "image/gif")
"""What photographs come in. Left out are drawings (SVG), books (DjVu, PDF), and films."""


class Commons:
    """Searches ``commons.wikimedia.org``, or a wiki that answers like it."""

    name = "commons"

    def __init__(
        self, fetcher: Fetcher, base_url: str | None = None, *, busy_waits: Sequence[float] = BUSY_WAITS
    ) -> None:
        """Sends no request yet.

        Args:
            fetcher: The HTTP client.
            base_url: The ``api.php`` of another wiki.
            busy_waits: Seconds until a search that was too busy is tried again.

        Raises:
            InputError: There is no contact, which Wikimedia asks for.
        """
        if not fetcher.contact:
            raise InputError(
                _(
                    "--contact: found none, expected an e-mail address or a page about you, which Wikimedia wants "
                    "to know of every program; add --contact with your own"
                )
            )
        self._fetcher = fetcher
        self._base_url = base_url or BASE_URL
        self._busy_waits = busy_waits

    @property
    def limits(self) -> Limits:
        """What it gives at most, and how fast."""
        seconds = self._fetcher.rate_limits.delay_seconds
        caution = _("few by words, many by category: data/queries-commons.csv")
        return Limits(
            most=MAX_PAGES * PAGE_SIZE, page_size=PAGE_SIZE, seconds_between_requests=seconds, caution=caution
        )

    def offers(self, pole: str, query: str, count: int) -> Iterator[Offer]:
        """Yields at most ``count`` offers, the best first, no address twice.

        Raises:
            SourceError: Commons cannot be reached, refuses, or changed its answers.
        """
        parameters: dict[str, Any] = {"action": "query", "format": "json", "formatversion": 2, "prop": "imageinfo"}
        parameters |= {"iiprop": "url|size|mime|extmetadata", "iiurlwidth": WIDTH}
        parameters |= {"iiextmetadatafilter": "LicenseShortName|LicenseUrl|Artist|Credit|Attribution|ObjectName"}
        if query.lower().startswith("category:"):
            parameters |= {"generator": "categorymembers", "gcmtitle": query, "gcmtype": "file", "gcmlimit": PAGE_SIZE}
        else:
            parameters |= {"generator": "search", "gsrsearch": f"{query} filetype:bitmap", "gsrnamespace": 6}
            parameters |= {"gsrlimit": PAGE_SIZE}
        seen: set[str] = set()
        go_on: dict[str, Any] = {}
        for _page in range(MAX_PAGES):
            url = with_query(self._base_url, parameters | go_on)
            found = self._request(url)
            query_part = found.get("query", {})  # Missing where nothing was found.
            pages = query_part.get("pages", [])
            before = len(seen)
            for offer in filter(None, map(_read, sorted(pages, key=_place))):
                if offer.url not in seen:
                    seen.add(offer.url)
                    yield offer
                    if len(seen) >= count:
                        return
            last, go_on = go_on, found.get("continue")
            # A page that only adds to the one before it (iicontinue) may hold nothing new. With iistart it would go on
            # into older versions of the same files, which lie where robots.txt forbids to go.
            if not isinstance(go_on, dict) or go_on == last or "iistart" in go_on:
                return
            if len(seen) == before and "iicontinue" not in go_on:
                return

    def _request(self, url: str) -> dict[str, Any]:
        """Requests a page of results, and waits where the search is too busy for it.

        Raises:
            SourceError: Commons cannot be reached, refuses, or changed its answers.
        """
        limits, host = self._fetcher.rate_limits, host_of(self._base_url)
        for seconds in self._busy_waits:
            try:
                return request_json(self._fetcher, self.name, url, check=_problem)[0]
            except SourceError as error:
                if not any(f" {code}: " in str(error) for code in BUSY_CODES):
                    raise
            limits.wait(host, seconds)
        return request_json(self._fetcher, self.name, url, check=_problem)[0]


def _problem(found: dict[str, Any]) -> str:
    """Returns what is wrong with an answer, or nothing."""
    if isinstance(error := found.get("error"), dict):
        return f"{as_text(error.get('code'))}: {as_text(error.get('info'))}"
    query = found.get("query", {})
    if isinstance(query, dict) and isinstance(query.get("pages", []), list) and {"query", "batchcomplete"} & set(found):
        return ""
    return _("found no pages in it, so the service has changed")


def _place(page: Any) -> int:
    """Returns a result's place in the search's order; pages come in that of their numbers."""
    place = page.get("index") if isinstance(page, dict) else None
    return place if isinstance(place, int) else 0


def _read(page: Any) -> Offer | None:
    """Returns a file as an offer, or None for what is no photograph."""
    infos = page.get("imageinfo") if isinstance(page, dict) else None
    info = infos[0] if isinstance(infos, list) and infos and isinstance(infos[0], dict) else {}
    url = as_address(info.get("thumburl")) or as_address(info.get("url"))
    if not url or info.get("mime") not in TYPES:
        return None
    facts = info.get("extmetadata")

    def fact(name: str) -> str:
        entry = facts.get(name) if isinstance(facts, dict) else None
        value = entry.get("value") if isinstance(entry, dict) else None
        # They are HTML: names with links to their pages.
        return as_text(plain_text(value[:5000])) if isinstance(value, str) else ""

    return Offer(
        url=url,
        page_url=as_address(info.get("descriptionurl")),
        title=as_text(page.get("title")).removeprefix("File:"),
        creator=_once(fact("Attribution") or fact("Artist") or fact("Credit")),
        licence=fact("LicenseShortName"),
        licence_url=as_address(fact("LicenseUrl")),
    )


def _once(text: str) -> str:
    """Returns words once that are there twice: for people and for programs, as a template writes "Unknown author"."""
    half = len(text) // 2
    return text[:half] if text[:half] == text[half + 1 :] and text[half : half + 1] == " " else text
