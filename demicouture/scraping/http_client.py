"""The HTTP client: robots.txt, opt-outs, rate limits, and an end to every response.

A server that we did not choose may do anything: send for ever, one byte a second, a small body that unpacks to
gigabytes, or a redirect into the private network. So every response ends by a deadline and at a size, and every hop
of a redirect is checked like the first.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

import demicouture
from demicouture.errors import FetchError, InputError
from demicouture.language import _
from demicouture.scraping import failure_reasons, robots
from demicouture.scraping.clock import CLOCK, Clock
from demicouture.scraping.connections import Exchange, open_session
from demicouture.scraping.html import plain_text
from demicouture.scraping.rate_limits import FIRST_WAIT, LONGEST_WAIT, PutOff, RateLimits, TryLater
from demicouture.scraping.search_answers import SearchAnswers

MAX_PICTURE_BYTES = 20_000_000
"""Our choice: photographs on the web are far smaller, and the sixteen that may be held at once still fit in memory."""

MAX_REDIRECTS = 5
"""Our choice: a browser follows 20, but a picture that needs more than two is rare. RFC 9309 asks for five at least
before a robots.txt may be taken for missing."""

BUSY = {429: None, 503: None}
"""Statuses that mean "later", and for how many seconds where the answer names none."""

RETRY_WAITS = (10.0, 60.0)
"""Seconds; our choice: until a service is tried again that has failed for a reason that may pass."""

NOBODY = re.compile(r"(?i)^[^.]*$|(^|\.)(example\.(com|net|org)|example|invalid|test|localhost|local)$")
"""Hosts of a contact that are nobody's: without a dot, or kept free for examples (RFC 2606). Wikimedia answers 403 to
who names one."""

MOST_WORDS, MOST_WORDS_READ = 200, 20_000
"""Letters that are shown of what a host says along with "forbidden", and bytes that are read for it."""

OPT_OUTS = {failure_reasons.OPTED_OUT, failure_reasons.NO_TRAINING, failure_reasons.RESERVED}

HOST_FAILURES = {
    failure_reasons.UNREACHABLE,
    failure_reasons.LEFT_ALONE,
    failure_reasons.PRIVATE,
    failure_reasons.BAD_ADDRESS,
    failure_reasons.CLOSED,
}
"""Failures to read a robots.txt that concern the host, not that file."""


@dataclass(frozen=True)
class Response:
    """The answer of a server, complete.

    Attributes:
        content: The body, unpacked.
        url: Where it came from in the end, after redirects.
        headers: The server's, by names in any case. What they say need not be true.
        status: Its status.
    """

    content: bytes
    url: str
    headers: Mapping[str, str]
    status: int = 200

    @property
    def content_type(self) -> str:
        """What the server calls the content."""
        return self.headers.get("Content-Type", "")


@dataclass(frozen=True)
class _Request:
    """The rules for fetching an address.

    Attributes:
        max_bytes: The most that the answer may hold, unpacked.
        cut: Whether of a longer answer the beginning is taken, in place of nothing.
        patient: Whether to wait also for a host that says "later".
        crawling: Whether robots.txt and opt-outs apply, as they do to crawlers.
        headers: Further headers, for the first site only.
        busy: Statuses that mean "later", and for how many seconds where the answer names none.
        serves: Whether an answer is what the host is visited for; robots.txt is not.
        apart: Whether a limit of hours is for such requests only, and says nothing of the host's pictures.
    """

    max_bytes: int
    cut: bool = False
    patient: bool = True
    crawling: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    busy: Mapping[int, float | None] = field(default_factory=lambda: BUSY)
    serves: bool = True
    apart: bool = False


@dataclass
class _Site:
    lock: threading.Lock = field(default_factory=threading.Lock)
    rules: robots.RobotsRules | None = None
    reservations: bytes = b""
    read_at: float | None = None


class Fetcher:
    """Fetches addresses. Threads share one; use it as a context manager.

    Attributes:
        rate_limits: The limits of each host.
        contact: Whom a site may write to, where the person named somebody.
        clock: Tells the time between requests.
        words: What hosts said along with "forbidden", in their own words.
        answers: Where the answers of search services are kept, while a folder is worked on.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float = 30,
        delay_seconds: float = 1,
        max_bytes: int = MAX_PICTURE_BYTES,
        contact: str = "",
        allow_private_hosts: bool = False,
        clock: Clock = CLOCK,
        first_wait_seconds: float = FIRST_WAIT,
        retry_waits: Sequence[float] = RETRY_WAITS,
    ) -> None:
        """Opens nothing yet.

        Args:
            timeout_seconds: For a whole response with its redirects, from looking up the name to the last byte.
            delay_seconds: The pause on one host between the end of a response and the next request.
            max_bytes: The most that a response may hold, unpacked.
            contact: An e-mail address or a page about whoever runs this, for the User-Agent.
            allow_private_hosts: Whether hosts in loopback, private and link-local networks are allowed.
            clock: Tells the time between requests; that of a response is always the real one.
            first_wait_seconds: The back-off for a host that says "later" without saying when.
            retry_waits: Seconds until a service is tried again that has failed.

        Raises:
            InputError: The contact cannot stand in a header.
        """
        self.timeout_seconds = timeout_seconds
        self.max_bytes = max_bytes
        self.contact = contact
        self._retry_waits = retry_waits
        self.allow_private_hosts = allow_private_hosts
        self._sites: dict[str, _Site] = {}
        self._pages: dict[str, str] = {}
        self._served: set[str] = set()
        self._exchanges: set[Exchange] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._firewalled: dict[str, float] = {}
        self.words: dict[str, str] = {}
        self.answers: SearchAnswers | None = None
        self.clock = clock
        self.rate_limits = RateLimits(delay_seconds, self._closed, clock=clock, first_wait_seconds=first_wait_seconds)
        self._session = open_session(
            {"User-Agent": user_agent(contact), "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
        )

    def __enter__(self) -> Fetcher:
        """Returns the fetcher itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes all connections, also those in use, so that nobody waits for a slow server after Ctrl-C."""
        self._closed.set()
        with self._lock:
            for exchange in self._exchanges:
                exchange.end()
        self._session.close()

    def expect_firewall(self, host: str, seconds: float) -> None:
        """Takes "forbidden", and a page in place of what was asked for, for "later" from now on: so a firewall says it.

        Args:
            host: The host behind a firewall.
            seconds: How much later.
        """
        self._firewalled[host] = seconds

    def fetch(self, url: str, *, max_bytes: int | None = None, patient: bool = True, crawling: bool = True) -> Response:
        """Fetches one address as far as its site allows, waiting for the host's turn first.

        Args:
            url: The address.
            max_bytes: The most that the answer may hold, unpacked; None for the fetcher's own.
            patient: Whether to wait also for a host that says "later", perhaps for an hour.
            crawling: Whether robots.txt and opt-outs apply; not where an interface for programs names the address.

        Raises:
            FetchError: One of :data:`demicouture.scraping.failure_reasons.REASONS`, or ``HTTP 404`` and its like.
            TryLater: The host says "later", and ``patient`` is false.
            PutOff: The host says "later", for longer than this run waits.
        """
        return self._fetch(url, _Request(max_bytes or self.max_bytes, patient=patient, crawling=crawling))

    def check_page(self, url: str, *, patient: bool = True) -> None:
        """Fetches a page, unless that was done before, to see whether it opts out of having its pictures collected.

        A page that cannot be read opts out of nothing.

        Raises:
            FetchError: ``opted out``, ``opted out of training`` or ``reserved from mining``.
            TryLater: The host says "later", and ``patient`` is false.
            PutOff: The host says "later", for longer than this run waits.
        """
        if url not in self._pages:
            try:
                self._fetch(url, _Request(robots.MAX_HEAD, cut=True, patient=patient))
            except (TryLater, PutOff):
                raise
            except FetchError as error:
                self._pages[url] = str(error) if str(error) in OPT_OUTS else ""
        if reason := self._pages.setdefault(url, ""):
            raise FetchError(reason)

    def call_api(
        self,
        url: str,
        *,
        max_bytes: int,
        headers: Mapping[str, str] | None = None,
        busy: Mapping[int, float | None] = BUSY,
    ) -> Response:
        """Calls an interface that is documented for programs, and waits as long as it wants us to.

        One that has answered before in this run, and then fails, is tried twice more: a run of a day is not to end
        with a moment's trouble.

        robots.txt is for crawlers, who come crawling (RFC 9309, section 1). Whoever documents an interface for
        programs has invited them, under rules of its own; several keep crawlers off that very interface by their
        robots.txt. So it is not read here. Everything else holds: the turn, the pause, the waits.

        Args:
            url: The address.
            max_bytes: The most that the answer may hold, unpacked.
            headers: Further headers, a token say; another site that we are redirected to does not get them.
            busy: Statuses that mean "later", and for how many seconds where the answer names none.

        Raises:
            FetchError: As :meth:`fetch`.
        """
        request = _Request(max_bytes, crawling=False, headers=headers or {}, busy=busy, apart=True)
        host = host_of(url)
        for seconds in self._retry_waits:
            try:
                answer = self._fetch(url, request)
                self._served.add(host)
                return answer
            except PutOff:
                raise
            except FetchError as error:
                if host not in self._served or str(error) not in failure_reasons.TRANSIENT:
                    raise
                self.rate_limits.wait(host, seconds)
        return self._fetch(url, request)

    def _fetch(self, url: str, request: _Request) -> Response:
        while True:
            try:
                return self._follow(url, request)
            except TryLater:
                if not request.patient:
                    raise

    def _follow(self, url: str, request: _Request) -> Response:
        begun_with, seconds_left = url, self.timeout_seconds
        for _redirect in range(MAX_REDIRECTS + 1):
            host = host_of(url)
            if request.crawling:
                self._check_robots(url, request.patient)
            headers = request.headers if robots.origin_of(url) == robots.origin_of(begun_with) else {}
            with self.rate_limits.turn(host, request.patient):
                begun = time.monotonic()
                found = self._fetch_hop(url, host, request, headers, seconds_left)
                seconds_left -= time.monotonic() - begun
                if isinstance(found, Response) and request.serves and host in self._firewalled:
                    if _is_page(found):
                        raise self._later(host, found.status, self._firewalled[host])
                    self.rate_limits.note_answer(host)
            if isinstance(found, Response):
                if request.crawling and "html" in found.content_type.lower():
                    page = found.content, found.content_type
                    reserved = failure_reasons.RESERVED if robots.page_reserves(*page) else ""
                    reason = failure_reasons.OPTED_OUT if robots.page_opts_out(*page) else reserved
                    self._pages[begun_with] = reason
                    if reason:
                        raise FetchError(reason)
                return found
            url = found
        raise FetchError(failure_reasons.TOO_MANY_REDIRECTS)

    def _fetch_hop(
        self, url: str, host: str, request: _Request, headers: Mapping[str, str], seconds: float
    ) -> Response | str:
        """Returns the answer, or the address that it redirects to."""
        answered = False
        with Exchange(seconds, self.allow_private_hosts) as exchange, self._listed(exchange):
            try:
                # The exchange ends the request; the socket's own timeout only stands behind it.
                timeout = exchange.seconds_left() + 1
                with self._session.get(
                    url, stream=True, allow_redirects=False, timeout=timeout, headers=headers
                ) as reply:
                    answered = True
                    self._check_status(host, reply, request)
                    if reply.is_redirect:
                        return urljoin(url, requests.Session.get_redirect_target(self._session, reply))
                    content = _read_body(reply, request)
                    exchange.seconds_left()  # A body without a length ends where the deadline cut it.
                    return Response(content, url, reply.headers)
            except FetchError:
                raise
            except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as error:
                reason = (
                    _reason(error) if exchange.is_open() else failure_reasons.TIMEOUT
                )  # A cut shows as nearly any of these.
                if not answered and reason in (failure_reasons.UNREACHABLE, failure_reasons.TIMEOUT):
                    self.rate_limits.note_refusal(host)
                raise FetchError(reason) from error

    def _check_status(self, host: str, reply: requests.Response, request: _Request) -> None:
        """Checks the status and headers of an answer, before its body.

        Raises:
            FetchError: The answer is no use, or not meant for us.
            TryLater: The host says "later".
        """
        status = reply.status_code
        words = "" if status == 200 else _words(reply)  # Read to its end, so that the connection can be used again.
        busy = dict(request.busy)
        if request.serves and host in self._firewalled:
            busy[403] = self._firewalled[host]
        if status in busy:
            seconds = _retry_after(reply.headers.get("Retry-After", ""))
            if request.apart and seconds is not None and seconds > LONGEST_WAIT:
                raise PutOff(f"HTTP {status}", status, host, seconds)
            raise self._later(host, status, busy[status] if seconds is None else seconds)
        if not (status == 200 and request.serves and host in self._firewalled):  # Else its content is looked at first.
            forbidden = status == 403 and request.serves
            self.rate_limits.note_answer(host, served=status == 200 and request.serves, forbidden=forbidden)
        if request.crawling and robots.header_opts_out(reply.raw.headers.getlist("X-Robots-Tag")):
            raise FetchError(failure_reasons.OPTED_OUT)
        if request.crawling and robots.headers_reserve(reply.headers):
            raise FetchError(failure_reasons.RESERVED)
        if status == 403:
            self.words[host] = words
        if status != 200 and not reply.is_redirect:
            raise FetchError(f"HTTP {status}", status)

    def _later(self, host: str, status: int, seconds: float | None) -> TryLater | PutOff:
        """Notes that a host said "later", and returns the error that says so."""
        if self.rate_limits.note_throttled(host, seconds):
            return TryLater(f"HTTP {status}", status, self.rate_limits.ready_at(host))
        return self.rate_limits.put_off(host, status)

    def _check_robots(self, url: str, patient: bool) -> None:
        """Reads a site's robots.txt where it has not been read, and checks that it allows the address.

        Raises:
            FetchError: ``robots.txt``, ``robots.txt unavailable``, ``opted out of training`` or ``reserved from
                mining``, or the site cannot be reached.
        """
        with self._lock:
            site = self._sites.setdefault(robots.origin_of(url), _Site())
        with site.lock:
            if site.read_at is None or self.clock.now() - site.read_at > robots.MAX_AGE_SECONDS:
                site.rules = self._read_rules(url, patient)
                if site.rules and site.rules.allow(url):
                    site.reservations = self._read_reservations(url, patient)
                site.read_at = self.clock.now()
        if site.rules is None:
            raise FetchError(failure_reasons.NO_ROBOTS)
        if not site.rules.allow(url):
            raise FetchError(failure_reasons.ROBOTS)
        if site.rules.opt_out_of_training(url):
            raise FetchError(failure_reasons.NO_TRAINING)
        if robots.site_reserves(site.reservations, url):
            raise FetchError(failure_reasons.RESERVED)

    def check_known_robots(self, url: str) -> None:
        """Checks that a site's robots.txt, where it has been read, allows an address; visits nobody.

        Raises:
            FetchError: ``robots.txt``.
        """
        with self._lock:
            site = self._sites.get(robots.origin_of(url))
        if site and site.rules and not site.rules.allow(url):
            raise FetchError(failure_reasons.ROBOTS)
        if site and site.rules and site.rules.opt_out_of_training(url):
            raise FetchError(failure_reasons.NO_TRAINING)

    def _read_rules(self, url: str, patient: bool) -> robots.RobotsRules | None:
        """Returns a site's rules, or None for a site that could not give them: there, everything is forbidden.

        Source: RFC 9309, section 2.3.1: whoever has no robots.txt allows everything; so does one that hides behind
        more than five redirects; a server in trouble allows nothing.
        """
        request = _Request(robots.MAX_ROBOTS_BYTES, cut=True, patient=patient, crawling=False, serves=False)
        try:
            rules = robots.RobotsRules(self._follow(robots.origin_of(url) + "/robots.txt", request).content)
        except (TryLater, PutOff):
            raise
        except FetchError as error:
            if str(error) in HOST_FAILURES:
                raise
            missing = 400 <= (error.status or 0) < 500 and error.status not in BUSY
            if not missing and str(error) != failure_reasons.TOO_MANY_REDIRECTS:
                return None
            rules = robots.RobotsRules(b"")
        self.rate_limits.slow_down(host_of(url), rules.delay_seconds())
        return rules

    def _read_reservations(self, url: str, patient: bool) -> bytes:
        """Reads a site's tdmrep.json; nothing where there is none, or none that can be read."""
        request = _Request(robots.MAX_ROBOTS_BYTES, patient=patient, crawling=False, serves=False)
        try:
            answer = self._follow(robots.origin_of(url) + robots.RESERVATIONS_PATH, request)
        except (TryLater, PutOff):
            raise
        except FetchError as error:
            if str(error) in HOST_FAILURES:
                raise
            return b""
        return answer.content

    @contextlib.contextmanager
    def _listed(self, exchange: Exchange) -> Iterator[None]:
        with self._lock:
            if self._closed.is_set():
                raise FetchError(failure_reasons.CLOSED)
            self._exchanges.add(exchange)
        try:
            yield
        finally:
            with self._lock:
                self._exchanges.discard(exchange)


def user_agent(contact: str) -> str:
    """Returns the User-Agent: name, version, whom to write to, and the library underneath.

    Raises:
        InputError: The contact cannot stand in a header, is none, or leads to nobody.
    """
    expected = _("an e-mail address or a page about you")
    if contact and (not re.fullmatch(r"[!-'*-~]{1,200}", contact) or not re.search(r"@|://", contact)):
        raise InputError(
            _("--contact: found {contact!r}, expected {expected}, without spaces").format(
                contact=contact, expected=expected
            )
        )
    if contact and NOBODY.search(re.sub(r"^.*(@|://)|[/:?#].*$", "", contact.removeprefix("mailto:"))):
        raise InputError(
            _("--contact: found {contact!r}, which leads to nobody, expected {expected}, so put in your own").format(
                contact=contact, expected=expected
            )
        )
    words = [f"{robots.AGENT}/{demicouture.__version__}", f"({contact})", f"python-requests/{requests.__version__}"]
    return " ".join(words if contact else words[::2])


def host_of(url: str) -> str:
    """Returns the host that an address is fetched from, in lower case and without a port.

    Raises:
        FetchError: ``not http(s)``, ``credentials in the address`` or ``bad address``.
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (raises ValueError where it is no number)
    except ValueError:
        raise FetchError(failure_reasons.BAD_ADDRESS) from None
    if parts.scheme not in ("http", "https"):
        raise FetchError(failure_reasons.NOT_HTTP)
    if "@" in parts.netloc:
        raise FetchError(failure_reasons.CREDENTIALS)
    if not parts.hostname:
        raise FetchError(failure_reasons.BAD_ADDRESS)
    return parts.hostname


def _read_body(reply: requests.Response, request: _Request) -> bytes:
    stated = reply.headers.get("Content-Length", "")
    if stated.isdigit() and int(stated) > request.max_bytes and not request.cut:
        raise FetchError(failure_reasons.TOO_MANY_BYTES)
    body = bytearray()
    for piece in reply.iter_content(65536):
        body += piece
        if len(body) > request.max_bytes:
            if request.cut:
                break
            raise FetchError(failure_reasons.TOO_MANY_BYTES)
    return bytes(body[: request.max_bytes])


def _retry_after(value: str) -> float | None:
    """Returns the seconds that a Retry-After header asks for, or None where it says nothing that can be understood.

    Source: RFC 9110, section 10.2.3: a number of seconds, or a date.
    """
    value = value.strip()
    if re.fullmatch(r"[0-9]+", value):
        return float(value[:12])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError, IndexError, OSError):
        return None  # Whatever a stranger writes there.


def _is_page(response: Response) -> bool:
    """Returns whether an answer is a page, where a picture or JSON was expected."""
    start = response.content[:200].lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html")) or (
        start.startswith(b"<") and "html" in response.content_type.lower()
    )


def _words(reply: requests.Response) -> str:
    """Reads a short answer to its end, and returns what it says in words, on one line."""
    stated = reply.headers.get("Content-Length", "")
    if not stated.isdigit() or int(stated[:9]) > MOST_WORDS_READ:
        return ""
    with contextlib.suppress(requests.RequestException, HTTPError, HTTPException, OSError, ValueError):
        body = b"".join(reply.iter_content(MOST_WORDS_READ)).decode("utf-8", "replace")
        if reply.status_code != 403:
            return ""
        text = plain_text(re.sub(r"(?is)<(style|script)\b.*?</\1>", "", body))
        return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()[:MOST_WORDS]
    return ""


def _reason(error: Exception) -> str:
    """Returns the reason for an error between us and the server."""
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return failure_reasons.DAMAGED_ENCODING
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return failure_reasons.BROKEN_OFF
    if isinstance(error, requests.Timeout):
        return failure_reasons.TIMEOUT
    if isinstance(error, ValueError):  # requests' InvalidURL and its kin, or a host name that IDNA refuses.
        return failure_reasons.BAD_ADDRESS
    return failure_reasons.UNREACHABLE
