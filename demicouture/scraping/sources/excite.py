"""Excite's image search: what the seed collected its pictures with.

A result page shows 20 pictures, each as a link to the picture itself, on the site that has it. The search knows
nothing about licences. How the pages are read follows the MIT-licensed scraper that the seed used
(github.com/Doarakko/scraping-challenge).
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode, urljoin, urlsplit

from demicouture.errors import FetchError, SourceError
from demicouture.language import _
from demicouture.scraping import failure_reasons
from demicouture.scraping.html import find_tags
from demicouture.scraping.http_client import Fetcher, Response
from demicouture.scraping.offers import Limits, Offer, others

BASE_URL = "https://imagesearch.excite.co.jp/"

HOME_DOMAIN = "excite.co.jp"

RESULT = "lightbox[result]"
"""The ``rel`` of the links to results."""

SHARING = (
    "facebook.com",
    "twitter.com",
    "x.com",
    "line.me",
    "hatena.ne.jp",
    "getpocket.com",
    "pinterest.com",
    "mixi.jp",
)
"""Where links lead that share a page. Pictures that these services show lie on hosts of other names."""

MAX_PAGES = 100
"""Our choice: 2,000 pictures. A search that shows new addresses for ever has left its subject long before."""

MAX_PAGE_BYTES = 2_000_000
"""Our choice: a result page had about 100 kB."""


class Excite:
    """Searches ``imagesearch.excite.co.jp``, or a host that answers like it."""

    name = "excite"

    def __init__(self, fetcher: Fetcher, base_url: str | None = None) -> None:
        """Sends no request yet.

        Args:
            fetcher: Fetches the result pages.
            base_url: Where to search instead; what leads off that host is then a picture.
        """
        self._fetcher = fetcher
        self._base_url = base_url or BASE_URL

    @property
    def limits(self) -> Limits:
        """What it gives at most, and how fast."""
        seconds = self._fetcher.rate_limits.delay_seconds
        caution = _("of unknown licences, while it lasts")
        return Limits(most=MAX_PAGES * 20, page_size=20, seconds_between_requests=seconds, hosts=8, caution=caution)

    def offers(self, pole: str, query: str, count: int) -> Iterator[Offer]:
        """Yields at most ``count`` offers in the order of the result pages, no address twice.

        Raises:
            SourceError: The search cannot be reached, answers an error, or sends us to another host.
        """
        seen: set[str] = set()
        for page in range(1, MAX_PAGES + 1):
            page_url = f"{self._base_url}?{urlencode({'q': query, 'page': page})}"
            answer = self._fetch_page(page_url, page)
            new = [url for url in self._picture_urls(answer) if url not in seen] if answer else []
            if not new:
                return  # Past the end, the search shows its last page again, or an empty one.
            for url in dict.fromkeys(new):
                yield Offer(url, page_url)
                seen.add(url)
                if len(seen) >= count:
                    return

    def _fetch_page(self, page_url: str, page: int) -> Response | None:
        """Returns a result page, or None where there is no such page any more."""
        host = urlsplit(self._base_url).hostname
        try:
            answer = self._fetcher.fetch(page_url, max_bytes=MAX_PAGE_BYTES)
        except FetchError as error:
            if error.status == 404 and page > 1:
                return None
            problem = _(str(error))
            if error.status == 403 and (words := self._fetcher.words.get(host)):
                problem += f" ({words})"
            if str(error) == failure_reasons.PRIVATE:
                problem += _(" (add --allow-private-hosts if that is meant)")
            if str(error) == failure_reasons.UNREACHABLE or error.status in (404, 410):
                problem += _(", so the search may have ended")
        else:
            if urlsplit(answer.url).hostname == host:
                return answer
            problem = _("it sends us on to {hostname}, so the search has moved or ended").format(
                hostname=urlsplit(answer.url).hostname
            )
        raise SourceError(
            _(
                "excite: {page_url}: {problem}, expected a page of results; try again later, or use another "
                "--source ({others})"
            ).format(page_url=page_url, problem=problem, others=others("excite"))
        )

    def _picture_urls(self, answer: Response) -> Iterator[str]:
        """Yields the address of each result, in the page's order.

        They are marked as such; where none is, each link counts that leads off the search's own site and is not there
        to share the page.
        """
        ours = urlsplit(self._base_url).netloc
        tags = find_tags(answer.content, answer.content_type, "a", "href")
        results = [tag for tag in tags if RESULT in tag.get("rel", "").split()]
        for tag in results or tags:
            try:
                url = urljoin(answer.url, tag["href"].strip())
                parts = urlsplit(url)
                host = parts.hostname or ""
            except ValueError:
                continue
            at_home = parts.netloc == ours or f".{host}".endswith(f".{HOME_DOMAIN}")
            shares = any(f".{host}".endswith(f".{name}") for name in SHARING)
            if parts.scheme in ("http", "https") and host and not at_home and not shares:
                yield url
