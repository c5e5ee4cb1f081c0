"""The Metropolitan Museum of Art: garments and couture of its Costume Institute that are in the public domain.

Source: https://metmuseum.github.io, the documentation of its Collection API.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

from demicouture.errors import FetchError
from demicouture.language import _
from demicouture.scraping.http_client import BUSY, Fetcher, host_of
from demicouture.scraping.json_api import as_address, as_text, request_json, with_query
from demicouture.scraping.offers import Limits, Offer

BASE_URL = "https://collectionapi.metmuseum.org/public/collection/"

COSTUME_INSTITUTE = 8
"""Its number among the museum's departments."""

PAGE_SIZE = 500
"""Objects on a page of results: the most that is allowed."""

MAX_PAGES = 20
"""10,000 objects; the search shows no more."""

OBJECTS_FOR_AN_OFFER = 2
"""Our choice: at most so many are looked at, at one a second, for each offer. Most that a search finds late have little
to do with it, and many are not in the public domain."""

SECONDS_BETWEEN_REQUESTS = 1.0
"""Our choice. The documentation allows far more, but in practice faster ones are soon answered by 403."""

FORBIDDEN_WAIT = 60.0
"""Seconds to wait at a 403, or at a page with status 200, which is how the museum's firewall says "too fast". After 30
fast requests it does so for half a minute or more (github.com/metmuseum/openaccess, issues 18 and 60)."""


class Met:
    """Searches ``collectionapi.metmuseum.org``, or a host that answers like it."""

    name = "met"

    def __init__(
        self,
        fetcher: Fetcher,
        base_url: str | None = None,
        *,
        seconds_between_requests: float = SECONDS_BETWEEN_REQUESTS,
        forbidden_wait_seconds: float = FORBIDDEN_WAIT,
    ) -> None:
        """Sends no request yet.

        Args:
            fetcher: The HTTP client.
            base_url: Where to search instead.
            seconds_between_requests: See :data:`SECONDS_BETWEEN_REQUESTS`.
            forbidden_wait_seconds: See :data:`FORBIDDEN_WAIT`.
        """
        self._fetcher = fetcher
        self._base_url = (base_url or BASE_URL).rstrip("/") + "/"
        self._seconds_between_requests = seconds_between_requests
        self._busy = BUSY | {403: forbidden_wait_seconds}

    @property
    def limits(self) -> Limits:
        """What it gives at most, and how fast."""
        return Limits(
            most=MAX_PAGES * PAGE_SIZE,
            page_size=PAGE_SIZE,
            seconds_between_requests=self._seconds_between_requests,
            requests_for_a_picture=OBJECTS_FOR_AN_OFFER,
            caution=_("historical dress and couture; no runway, and hardly any casual wear"),
        )

    def offers(self, pole: str, query: str, count: int) -> Iterator[Offer]:
        """Yields at most ``count`` offers in the museum's order, no address twice.

        Raises:
            SourceError: The museum cannot be reached, refuses, or changed its answers.
        """
        host = host_of(self._base_url)
        self._fetcher.rate_limits.slow_down(host, self._seconds_between_requests)
        self._fetcher.expect_firewall(host, self._busy[403])
        seen: set[str] = set()
        for number in islice(self._find(query), count * OBJECTS_FOR_AN_OFFER):
            offer = self._read(number)
            if offer and offer.url not in seen:
                seen.add(offer.url)
                yield offer
                if len(seen) >= count:
                    return

    def _find(self, query: str) -> Iterator[int]:
        """Yields the numbers of the objects that a search finds, none twice."""
        seen: set[int] = set()
        for page in range(MAX_PAGES):
            parameters = {"departmentId": COSTUME_INSTITUTE, "hasImages": "true"}
            parameters |= {"offset": page * PAGE_SIZE, "limit": PAGE_SIZE}
            parameters |= {"q": query}  # Last: with the words first, the search forgets what stands behind them.
            url = with_query(self._base_url + "v1.1/search", parameters)
            found, _ = request_json(self._fetcher, self.name, url, check=_problem, busy=self._busy)
            numbers = found.get("objectIDs")
            new = [number for number in numbers or () if isinstance(number, int) and number not in seen]
            yield from dict.fromkeys(new)
            seen.update(new)
            total = found.get("total")
            if not new or (isinstance(total, int) and len(seen) >= total):
                return

    def _read(self, number: int) -> Offer | None:
        """Returns an object's picture, or None where it has none that is free."""
        url = f"{self._base_url}v1/objects/{number}"
        found, _ = request_json(self._fetcher, self.name, url, busy=self._busy, missing=True)
        if found.get("isPublicDomain") is not True:
            return None
        # The small one has some 600 pixels, enough for a square of 128, at a twentieth of the bytes.
        picture = as_address(found.get("primaryImage")) and (
            as_address(found.get("primaryImageSmall")) or as_address(found.get("primaryImage"))
        )
        if not picture:
            return None
        with contextlib.suppress(FetchError):
            self._fetcher.expect_firewall(host_of(picture), self._busy[403])
        kind = as_text(found.get("objectName")) or as_text(found.get("classification"))
        title = as_text(found.get("title"))
        maker = as_text(found.get("artistDisplayName")) or "unknown"
        return Offer(
            url=picture,
            page_url=as_address(found.get("objectURL")),
            title=f"{title} ({kind})" if title and kind and kind.lower() != title.lower() else title or kind,
            creator=f"{maker}; {as_text(found.get('creditLine'))}".removesuffix("; "),
            licence="CC0-1.0",
            licence_url="https://creativecommons.org/publicdomain/zero/1.0/",
        )


def _problem(found: dict[str, Any]) -> str:
    """Returns what is wrong with a search's answer, or nothing."""
    numbers = found.get("objectIDs")
    if ("objectIDs" in found or "total" in found) and isinstance(numbers, list | None):
        return ""
    return _("found no objects in it, so the service has changed")
