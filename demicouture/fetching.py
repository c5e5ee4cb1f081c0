"""The polite downloader: one connection and a pause for each host, and an end to every response.

A server that we did not choose may do anything: send for ever, one byte a second, a small body that unpacks to
gigabytes, or a redirect into the private network. So every response ends by a deadline and at a size, and every hop
of a redirect is judged like the first.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

import demicouture
from demicouture.connecting import Visit, open_session
from demicouture.errors import FetchError

HEADERS = {
    "User-Agent": f"demicouture/{demicouture.__version__} python-requests/{requests.__version__}",
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
}

MAX_BYTES = 20_000_000
"""Our choice: photographs on the web are far smaller, and eight of these at once still fit in memory."""

MAX_REDIRECTS = 5
"""Our choice: a browser follows 20, but a picture that needs more than two is rare."""

BACKLOG = 2_000
"""How many items :func:`one_per_host` reads ahead to find a host that is free."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Answer:
    """What came back from an address.

    Attributes:
        content: The body, unpacked.
        url: Where it came from in the end, after redirects.
        content_type: What the server calls it, which need not be true.
    """

    content: bytes
    url: str
    content_type: str


class Fetcher:
    """Fetches addresses. Threads share one; use it as a context manager."""

    def __init__(
        self, *, timeout_seconds: float = 30, delay_seconds: float = 1, allow_private_hosts: bool = False
    ) -> None:
        """Opens nothing yet.

        Args:
            timeout_seconds: For a whole response with its redirects, from looking up the name to the last byte.
            delay_seconds: The pause on one host between the end of a response and the next request.
            allow_private_hosts: Whether hosts in loopback, private and link-local networks may be asked.
        """
        self.timeout_seconds = timeout_seconds
        self.delay_seconds = delay_seconds
        self.allow_private_hosts = allow_private_hosts
        self._hosts: dict[str, _Host] = {}
        self._visits: set[Visit] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._session = open_session(HEADERS)

    def __enter__(self) -> Fetcher:
        """Returns the fetcher itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes all connections, also those in use, so that nobody waits for a slow server after Ctrl-C."""
        self._closed.set()
        with self._lock:
            for visit in self._visits:
                visit.end()
        self._session.close()

    def fetch(self, url: str, max_bytes: int = MAX_BYTES) -> Answer:
        """Fetches one address, waiting for the host's turn first.

        Raises:
            FetchError: ``not http(s)``, ``credentials in the address``, ``bad address``, ``private address``,
                ``unreachable``, ``HTTP 404`` and its like, ``too many redirects``, ``timeout``, ``over 20 MB``,
                ``broken off``, ``damaged encoding`` or ``closed``.
        """
        seconds_left = self.timeout_seconds
        for _ in range(MAX_REDIRECTS + 1):
            with self._turn(host_of(url)):
                begun = time.monotonic()
                found = self._fetch_hop(url, max_bytes, seconds_left)
                seconds_left -= time.monotonic() - begun
            if isinstance(found, Answer):
                return found
            url = found
        raise FetchError("too many redirects")

    def _fetch_hop(self, url: str, max_bytes: int, seconds: float) -> Answer | str:
        """Returns the answer, or the address that it redirects to."""
        with Visit(seconds, self.allow_private_hosts) as visit, self._listed(visit):
            try:
                # The visit ends the request; the socket's own timeout only stands behind it.
                timeout = visit.seconds_left() + 1
                with self._session.get(url, stream=True, allow_redirects=False, timeout=timeout) as reply:
                    if reply.is_redirect:
                        return urljoin(url, requests.Session.get_redirect_target(self._session, reply))
                    if reply.status_code != 200:
                        raise FetchError(f"HTTP {reply.status_code}", reply.status_code)
                    content = _read_body(reply, max_bytes)
                    visit.seconds_left()  # A body without a length ends where the deadline cut it.
                    return Answer(content, url, reply.headers.get("Content-Type", ""))
            except FetchError:
                raise
            except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as error:
                visit.seconds_left()  # Being cut off shows as nearly any of these.
                raise FetchError(_reason(error)) from error

    @contextlib.contextmanager
    def _listed(self, visit: Visit) -> Iterator[None]:
        with self._lock:
            if self._closed.is_set():
                raise FetchError("closed")
            self._visits.add(visit)
        try:
            yield
        finally:
            with self._lock:
                self._visits.discard(visit)

    @contextlib.contextmanager
    def _turn(self, name: str) -> Iterator[None]:
        """Waits until nobody else talks to the host and its pause is over."""
        with self._lock:
            host = self._hosts.setdefault(name, _Host())
        with host.lock:
            self._closed.wait(max(0.0, host.free_at - time.monotonic()))
            try:
                yield
            finally:
                host.free_at = time.monotonic() + self.delay_seconds


@dataclass
class _Host:
    lock: threading.Lock = field(default_factory=threading.Lock)
    free_at: float = 0.0


def host_of(url: str) -> str:
    """Returns the host that an address is fetched from, in lower case and without a port.

    Raises:
        FetchError: ``not http(s)``, ``credentials in the address`` or ``bad address``.
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (raises ValueError where it is no number)
    except ValueError:
        raise FetchError("bad address") from None
    if parts.scheme not in ("http", "https"):
        raise FetchError("not http(s)")
    if "@" in parts.netloc:
        raise FetchError("credentials in the address")
    if not parts.hostname:
        raise FetchError("bad address")
    return parts.hostname


def one_per_host(
    items: Iterable[Item], host: Callable[[Item], str], work: Callable[[Item], Result], workers: int
) -> Iterator[tuple[Item, Result]]:
    """Works on items in parallel, never on two of one host at once, and yields each with its result when it is done.

    Args:
        items: Read only as far as needed to keep the workers busy. Should reading fail, what was read is finished
            before the failure is raised.
        host: Gives an item's host.
        work: Called in a thread.
        workers: How many hosts are visited at once.
    """
    source, failure = iter(items), None
    waiting: dict[str, deque[Item]] = {}
    running: dict[Future[Result], tuple[str, Item]] = {}
    pool = ThreadPoolExecutor(workers)
    finished = False
    try:
        while True:
            busy = {name for name, _ in running.values()}
            free = next((name for name in waiting if name not in busy), None)
            if free is not None and len(running) < workers:
                item = waiting[free].popleft()
                if not waiting[free]:
                    del waiting[free]
                running[pool.submit(work, item)] = (free, item)
            elif source and len(running) < workers and sum(map(len, waiting.values())) < BACKLOG:
                try:
                    item = next(source)
                    waiting.setdefault(host(item), deque()).append(item)
                except StopIteration:
                    source = None
                except Exception as error:
                    source, failure = None, error
            elif running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future)[1], future.result()
            else:
                finished = True
                break
    finally:
        # Abandoned halfway, it does not wait; the items at work end when their fetcher closes.
        pool.shutdown(wait=finished, cancel_futures=True)
    if failure is not None:
        raise failure


def _read_body(reply: requests.Response, max_bytes: int) -> bytes:
    too_long = FetchError(f"over {max_bytes // 1_000_000} MB")
    stated = reply.headers.get("Content-Length", "")
    if stated.isdigit() and int(stated) > max_bytes:
        raise too_long
    body = bytearray()
    for piece in reply.iter_content(65536):
        body += piece
        if len(body) > max_bytes:
            raise too_long
    return bytes(body)


def _reason(error: Exception) -> str:
    """Names what went wrong between us and the server."""
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return "damaged encoding"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "broken off"
    if isinstance(error, requests.Timeout):
        return "timeout"
    if isinstance(error, ValueError):  # requests' InvalidURL and its kin, or a host name that IDNA refuses.
        return "bad address"
    return "unreachable"
