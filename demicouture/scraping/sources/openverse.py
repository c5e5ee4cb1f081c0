"""Openverse: a search over some 800 million openly licensed pictures, most of them from Flickr and museums.

Source: https://api.openverse.org, its documentation.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from demicouture.commands import same_command
from demicouture.errors import SourceError
from demicouture.language import _
from demicouture.scraping.http_client import Fetcher, host_of
from demicouture.scraping.json_api import as_address, as_text, failure, request_json, with_query
from demicouture.scraping.offers import Limits, Offer
from demicouture.scraping.rate_limits import PutOff

BASE_URL = "https://api.openverse.org/v1/images/"

TOKEN_VARIABLE = "OPENVERSE_TOKEN"
"""Who registers gets a token, and with it more requests a day. A variable, because flags are recorded and listed."""

MOST_RESULTS = 240
"""That are shown of a search, with or without a token (github.com/WordPress/openverse, issue 4474); so many pictures
need many searches, not many pages."""

PAGE_SIZE, PAGE_SIZE_WITH_TOKEN = 20, 48
"""Results on a page: the most without a token; with one up to 50, of which 48 make five full pages of 240."""

REQUESTS_A_DAY, REQUESTS_A_DAY_WITH_TOKEN = 200, 10_000
SECONDS_BETWEEN_REQUESTS, SECONDS_BETWEEN_REQUESTS_WITH_TOKEN = 3.0, 0.6
"""What it grants: 20 a minute without a token, 100 with one. Its answers name the limits that hold; a token, which
lives for half a day, adds requests and no results."""

SECONDS_BETWEEN_THUMBNAILS = 0.4
"""150 a minute without a token."""

MUSEUMS = (
    "met,rijksmuseum,brooklynmuseum,clevelandmuseum,museumsvictoria,sciencemuseum,statensmuseum,mccordmuseum,nypl,"
    "smithsonian_cooper_hewitt_museum,smithsonian_american_history_museum,smithsonian_african_american_history_museum"
)
"""What ``--only museum`` stands for, in the service's own names."""

FILTERS = {"license_type": "modification", "category": "photograph"}
"""What is learned from pictures is made of them, so licences that forbid to change a picture (ND) are left out."""

WINDOWS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
"""Seconds of the periods that rate headers name: sec, min, hour, day."""

LONGEST_WINDOW = 3600
"""Seconds; our choice: for a period of up to an hour we wait, of a day we stop."""


class Openverse:
    """Searches ``api.openverse.org``, or a host that answers like it.

    Attributes:
        search_name: Tells searches of all collections and of some apart.
    """

    name = "openverse"

    def __init__(self, fetcher: Fetcher, base_url: str | None = None, *, only: str = "", without: str = "") -> None:
        """Sends no request yet.

        Args:
            fetcher: The HTTP client.
            base_url: Where to search instead.
            only: The service's names of the collections to search, with commas between; nothing for all.
            without: Those to leave out.
        """
        self._fetcher = fetcher
        self._base_url = base_url or BASE_URL
        self._token = os.environ.get(TOKEN_VARIABLE, "").strip()
        self._spent = ""
        self._next_at = 0.0
        self._filters = dict(FILTERS)
        self.search_name = f"openverse{only and f' only {only}'}{without and f' without {without}'}"
        for name, chosen in (("source", only), ("excluded_source", without)):
            if chosen:
                self._filters[name] = MUSEUMS if chosen == "museum" else chosen
        self._page_size = PAGE_SIZE_WITH_TOKEN if self._token else PAGE_SIZE
        self._seconds = SECONDS_BETWEEN_REQUESTS_WITH_TOKEN if self._token else SECONDS_BETWEEN_REQUESTS
        fetcher.rate_limits.slow_down(host_of(self._base_url), SECONDS_BETWEEN_THUMBNAILS)

    @property
    def limits(self) -> Limits:
        """What it gives at most, and how fast."""
        return Limits(
            most=MOST_RESULTS,
            page_size=self._page_size,
            seconds_between_requests=self._seconds,
            requests_a_day=REQUESTS_A_DAY_WITH_TOKEN if self._token else REQUESTS_A_DAY,
            advice=""
            if self._token
            else _("with a token of your own in {token_variable} it grants 10,000 a day").format(
                token_variable=TOKEN_VARIABLE
            ),
        )

    def offers(self, pole: str, query: str, count: int) -> Iterator[Offer]:
        """Yields at most ``count`` offers, the best first, no address twice.

        Raises:
            SourceError: The service cannot be reached, refuses, changed, or has answered enough for today.
        """
        seen: set[str] = set()
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        for page in range(1, MOST_RESULTS // self._page_size + 1):
            url = with_query(self._base_url, {"q": query, "page": page, "page_size": self._page_size, **self._filters})
            try:
                found, response = request_json(
                    self._fetcher, self.name, url, headers=headers, check=_problem, before=self._wait_for_turn
                )
            except SourceError as error:
                if isinstance(error.__cause__, PutOff):
                    self._end_day("HTTP 429", error.__cause__.seconds)
                    raise SourceError(self._spent) from None
                if self._token and getattr(error.__cause__, "status", None) in (401, 403):
                    problem = _("the token in {token_variable} is refused (one lives for half a day)").format(
                        token_variable=TOKEN_VARIABLE
                    )
                    raise failure(self.name, url, problem, _("a valid one")) from None
                raise
            if response:
                self._follow_rate_headers(response.headers)
            results = found["results"]
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

    def _wait_for_turn(self) -> None:
        """Waits until the service takes a search. Its pictures have other limits, and need not wait."""
        if self._spent:
            raise SourceError(self._spent)
        clock = self._fetcher.clock
        self._fetcher.rate_limits.sleep_until(self._next_at)
        self._next_at = clock.now() + self._seconds

    def _end_day(self, granted: str, seconds: float) -> None:
        when = self._fetcher.clock.time_of_day(seconds)
        self._spent = _(
            "openverse: has answered all requests that it grants ({granted}), expected more; come back at "
            "{when} (or set {token_variable} to a token of your own) and run: {command}"
        ).format(granted=granted, when=when, token_variable=TOKEN_VARIABLE, command=same_command())

    def _follow_rate_headers(self, headers: Mapping[str, str]) -> None:
        """Spreads the requests over each period that the rate headers name, and stops where none is left.

        They come in pairs: ``X-RateLimit-Limit-anon_burst: 20/min`` and ``X-RateLimit-Available-anon_burst: 19``.
        """
        for name, value in headers.items():
            limit = re.fullmatch(r"\s*(\d{1,9})\s*/\s*([smhd])\w*\s*", value.lower())
            if not name.lower().startswith("x-ratelimit-limit") or not limit or int(limit[1]) == 0:
                continue
            seconds = WINDOWS[limit[2]]
            available = headers.get(name.lower().replace("limit-limit", "limit-available", 1), "").strip()
            if seconds <= LONGEST_WINDOW:
                self._seconds = max(self._seconds, seconds / int(limit[1]))
                pause = seconds if available == "0" else self._seconds
                self._next_at = max(self._next_at, self._fetcher.clock.now() + pause)
            elif available == "0":
                self._end_day(value.strip(), seconds)


def _problem(found: dict[str, Any]) -> str:
    """Returns what is wrong with an answer, or nothing."""
    return "" if isinstance(found.get("results"), list) else _("found no results in it, so the service has changed")


def _read(result: object) -> Offer | None:
    """Returns one result as an offer, or None where it has no address."""
    if not isinstance(result, dict) or not (url := as_address(result.get("url"))):
        return None
    return Offer(
        url=url,
        thumbnail=as_address(result.get("thumbnail")),
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
