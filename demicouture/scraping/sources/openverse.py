"""Openverse: a search over some 800 million openly licensed pictures, most of them from Flickr and museums.

Source: https://api.openverse.org, its documentation.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping

from demicouture.errors import SourceError
from demicouture.scraping.http_client import Fetcher, host_of
from demicouture.scraping.json_api import as_address, as_text, failure, request_json, with_query
from demicouture.scraping.offers import Offer

BASE_URL = "https://api.openverse.org/v1/images/"

TOKEN_VARIABLE = "OPENVERSE_TOKEN"
"""Who registers gets a token, and with it more requests a day. A variable, because flags are recorded and listed."""

PAGE_SIZE, PAGE_SIZE_WITH_TOKEN = 20, 50
"""Results on a page: the most that is allowed without a token, and with one."""

MAX_PAGES = 20
"""The most that are shown of a search."""

FILTERS = {"license_type": "modification", "category": "photograph"}
"""What is learned from pictures is made of them, so licences that forbid to change a picture (ND) are left out."""

WINDOWS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
"""Seconds of the periods that rate headers name: sec, min, hour, day."""

LONGEST_WINDOW = 3600
"""Seconds; our choice: for a period of up to an hour we wait, of a day we stop."""


class Openverse:
    """Searches ``api.openverse.org``, or a host that answers like it."""

    name = "openverse"

    def __init__(self, fetcher: Fetcher, base_url: str | None = None) -> None:
        """Sends no request yet.

        Args:
            fetcher: The HTTP client.
            base_url: Where to search instead.
        """
        self._fetcher = fetcher
        self._base_url = base_url or BASE_URL
        self._token = os.environ.get(TOKEN_VARIABLE, "").strip()
        self._spent = ""

    def offers(self, pole: str, query: str, count: int) -> Iterator[Offer]:
        """Yields at most ``count`` offers, the best first, no address twice.

        Raises:
            SourceError: The service cannot be reached, refuses, changed, or has answered enough for today.
        """
        seen: set[str] = set()
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        size = PAGE_SIZE_WITH_TOKEN if self._token else PAGE_SIZE
        for page in range(1, MAX_PAGES + 1):
            if self._spent:
                raise SourceError(
                    f"openverse: has answered all requests that it grants ({self._spent}), expected more; run the same "
                    f"command again tomorrow to go on, or set {TOKEN_VARIABLE} to a token of your own"
                )
            url = with_query(self._base_url, {"q": query, "page": page, "page_size": size, **FILTERS})
            try:
                found, response = request_json(self._fetcher, self.name, url, headers=headers)
            except SourceError as error:
                if self._token and getattr(error.__cause__, "status", None) in (401, 403):
                    raise failure(self.name, url, f"the token in {TOKEN_VARIABLE} is refused", "a valid one") from None
                raise
            self._follow_rate_headers(response.headers)
            results = found.get("results")
            if not isinstance(results, list):
                raise failure(self.name, url, "found no results in it, so the service has changed")
            before = len(seen)
            for offer in filter(None, map(_read, results)):
                if offer.url not in seen:
                    seen.add(offer.url)
                    yield offer
                    if len(seen) >= count:
                        return
            pages = found.get("page_count")
            if len(seen) == before or (isinstance(pages, int) and page >= pages):
                return

    def _follow_rate_headers(self, headers: Mapping[str, str]) -> None:
        """Spreads the requests over each period that the rate headers name, and stops where none is left.

        They come in pairs: ``X-RateLimit-Limit-anon_burst: 20/min`` and ``X-RateLimit-Available-anon_burst: 19``.
        """
        host = host_of(self._base_url)
        for name, value in headers.items():
            limit = re.fullmatch(r"\s*(\d{1,9})\s*/\s*([smhd])\w*\s*", value.lower())
            if not name.lower().startswith("x-ratelimit-limit") or not limit or int(limit[1]) == 0:
                continue
            seconds = WINDOWS[limit[2]]
            available = headers.get(name.lower().replace("limit-limit", "limit-available", 1), "").strip()
            if seconds <= LONGEST_WINDOW:
                self._fetcher.rate_limits.slow_down(host, seconds / int(limit[1]))
                if available == "0":
                    self._fetcher.rate_limits.wait(host, seconds)
            elif available == "0":
                self._spent = value.strip()


def _read(result: object) -> Offer | None:
    """Returns one result as an offer, or None where it has no address."""
    if not isinstance(result, dict) or not (url := as_address(result.get("url"))):
        return None
    return Offer(
        url=url,
        page_url=as_address(result.get("foreign_landing_url")),
        title=as_text(result.get("title")),
        creator=as_text(result.get("creator")),
        licence=_licence(as_text(result.get("license")), as_text(result.get("license_version"))),
        licence_url=as_address(result.get("license_url")),
    )


def _licence(kind: str, version: str) -> str:
    """Returns a licence's short name, as SPDX writes it: ``by-sa`` and ``2.0`` are ``CC-BY-SA-2.0``."""
    name = {"cc0": "CC0", "pdm": "CC-PDM", "": ""}.get(kind.lower(), f"CC-{kind.upper()}")
    return f"{name}-{version}" if name and version else name
