"""Wikimedia Commons: photographs under free licences, found by words, or all of a category.

A query that begins with ``Category:`` takes that category's files; any other is searched for.

Source: https://www.mediawiki.org/wiki/API:Imageinfo and API:Search; the contact and one request after another are
requested by the Wikimedia Foundation's User-Agent policy and API:Etiquette.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from demicouture.errors import InputError
from demicouture.scraping.html import plain_text
from demicouture.scraping.http_client import Fetcher
from demicouture.scraping.json_api import as_address, as_text, failure, request_json, with_query
from demicouture.scraping.offers import Offer

BASE_URL = "https://commons.wikimedia.org/w/api.php"

WIDTH = 1280
"""Pixels: one of the widths that Wikimedia keeps ready (mediawiki.org/wiki/Common_thumbnail_sizes); asking for others
makes work there. A file that is narrower comes as it is."""

PAGE_SIZE = 50
"""Files on a page of results: the most for which reduced pictures are given."""

MAX_PAGES = 100
"""Our choice: 5,000 files."""

TYPES = ("image/jpeg", "image/png", "image/webp", "image/tiff", "image/gif")
"""What photographs come in. Left out are drawings (SVG), books (DjVu, PDF), and films."""


class Commons:
    """Searches ``commons.wikimedia.org``, or a wiki that answers like it."""

    name = "commons"

    def __init__(self, fetcher: Fetcher, base_url: str | None = None) -> None:
        """Sends no request yet.

        Args:
            fetcher: The HTTP client.
            base_url: The ``api.php`` of another wiki.

        Raises:
            InputError: There is no contact, which Wikimedia asks for.
        """
        if not fetcher.contact:
            raise InputError(
                "--contact: found none, expected an e-mail address or a page about you, which Wikimedia wants to know "
                "of every program; add --contact you@example.org"
            )
        self._fetcher = fetcher
        self._base_url = base_url or BASE_URL

    def offers(self, pole: str, query: str, count: int) -> Iterator[Offer]:
        """Yields at most ``count`` offers, the best first, no address twice.

        Raises:
            SourceError: Commons cannot be reached, refuses, or changed its answers.
        """
        parameters: dict[str, Any] = {"action": "query", "format": "json", "formatversion": 2, "prop": "imageinfo"}
        parameters |= {"iiprop": "url|size|mime|extmetadata", "iiurlwidth": WIDTH}
        parameters |= {"iiextmetadatafilter": "LicenseShortName|LicenseUrl|Artist|Credit|ObjectName"}
        if query.lower().startswith("category:"):
            parameters |= {"generator": "categorymembers", "gcmtitle": query, "gcmtype": "file", "gcmlimit": PAGE_SIZE}
        else:
            parameters |= {"generator": "search", "gsrsearch": f"{query} filetype:bitmap", "gsrnamespace": 6}
            parameters |= {"gsrlimit": PAGE_SIZE}
        seen: set[str] = set()
        go_on: dict[str, Any] = {}
        for _ in range(MAX_PAGES):
            url = with_query(self._base_url, parameters | go_on)
            found, _ = request_json(self._fetcher, self.name, url)
            if isinstance(error := found.get("error"), dict):
                raise failure(self.name, url, f"{as_text(error.get('code'))}: {as_text(error.get('info'))}")
            query_part = found.get("query", {})  # Missing where nothing was found.
            pages = query_part.get("pages", []) if isinstance(query_part, dict) else None
            if not isinstance(pages, list) or not ({"query", "batchcomplete"} & set(found)):
                raise failure(self.name, url, "found no pages in it, so the service has changed")
            before = len(seen)
            for offer in filter(None, map(_read, sorted(pages, key=_place))):
                if offer.url not in seen:
                    seen.add(offer.url)
                    yield offer
                    if len(seen) >= count:
                        return
            last, go_on = go_on, found.get("continue")
            # A page that only adds to the one before it (iicontinue) may hold nothing new.
            if not isinstance(go_on, dict) or go_on == last or (len(seen) == before and "iicontinue" not in go_on):
                return


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
        creator=fact("Artist") or fact("Credit"),
        licence=fact("LicenseShortName"),
        licence_url=as_address(fact("LicenseUrl")),
    )
