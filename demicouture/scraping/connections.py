"""Connections to servers that we did not choose: their IP address is checked, and they are cut at a deadline.

It fits underneath requests: a session made by :func:`open_session` does all its work within an :class:`Exchange`.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import math
import socket
import threading
import time
from contextvars import ContextVar
from http.cookiejar import DefaultCookiePolicy
from queue import Empty, SimpleQueue

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Retry
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from demicouture.errors import FetchError
from demicouture.scraping import failure_reasons

RETRIES = Retry(
    total=2, connect=1, read=1, redirect=0, status=0, other=0, backoff_factor=0.5, respect_retry_after_header=False
)
"""For a connection that broke. An answer, even an error, is handed on as it is."""

KEPT_CONNECTIONS = 64
"""Hosts whose connection stays open for the next picture."""

LONGEST_BLIND = 0.2
"""Seconds after which a thread that waits for a name server looks up at the latest."""

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv4 addresses behind a translator.

Source: RFC 6052, section 2.1.
"""


def open_session(headers: dict[str, str]) -> requests.Session:
    """Returns a session that keeps no cookies and takes neither proxies nor passwords from its surroundings.

    A proxy would be connected to in place of the host, so that no address could be checked; a ``.netrc`` would send a
    person's passwords along.
    """
    # Its warnings of every retry would end up in the middle of a progress bar.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    session = _Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers = headers
    for scheme in ("http://", "https://"):
        session.mount(scheme, _CheckedAdapter(max_retries=RETRIES, pool_connections=KEPT_CONNECTIONS))
    return session


def is_public(address: str) -> bool:
    """Returns whether an IP address belongs to the open internet, also where IPv6 wraps an IPv4 address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        translated = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in NAT64 else None
        wrapped = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1]) or translated
        if wrapped is not None:
            return is_public(str(wrapped))
        if ip.is_site_local:  # fec0::/10, private networks of old, which Python calls global.
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


class Exchange:
    """One request and its answer, in this thread. At its deadline the connection is cut, whatever it does."""

    def __init__(self, seconds: float, allow_private_hosts: bool) -> None:
        """Sets the rules; the time runs from here."""
        self.allow_private_hosts = allow_private_hosts
        self._ends_at = time.monotonic() + seconds
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Exchange:
        """Makes this the thread's exchange."""
        self._token = _current_exchange.set(self)
        # A socket's own timeout starts again with every byte, so it never ends a slow drip, least of all in headers.
        _watchdog.watch(self, self._ends_at)
        return self

    def __exit__(self, *_: object) -> None:
        """Calls the deadline off."""
        _watchdog.dismiss(self)
        _current_exchange.reset(self._token)

    def is_open(self) -> bool:
        """Returns whether there is time left."""
        return time.monotonic() < self._ends_at

    def seconds_left(self) -> float:
        """Returns the time left.

        Raises:
            FetchError: ``timeout``: there is none.
        """
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise FetchError(failure_reasons.TIMEOUT)
        return left

    def watch(self, connected: socket.socket) -> None:
        """Takes charge of a socket that this exchange uses."""
        self._sockets.append(connected)
        if time.monotonic() >= self._ends_at:
            self._cut()

    def end(self) -> None:
        """Cuts the exchange off now, from another thread."""
        self._ends_at = time.monotonic()
        self._cut()

    def _cut(self) -> None:
        for connected in self._sockets:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)


class _Watchdog:
    """One thread that cuts off every exchange at its deadline; a timer for each would be a thread for each picture."""

    def __init__(self) -> None:
        self._deadlines: dict[Exchange, float] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def watch(self, exchange: Exchange, ends_at: float) -> None:
        with self._changed:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
            if ends_at < min(self._deadlines.values(), default=math.inf):
                self._changed.notify()
            self._deadlines[exchange] = ends_at

    def dismiss(self, exchange: Exchange) -> None:
        with self._changed:
            self._deadlines.pop(exchange, None)

    def _run(self) -> None:
        while True:
            with self._changed:
                ends_at = min(self._deadlines.values(), default=math.inf)
                self._changed.wait(min(ends_at - time.monotonic(), threading.TIMEOUT_MAX))
                late = [exchange for exchange, ends_at in self._deadlines.items() if ends_at <= time.monotonic()]
                for exchange in late:
                    del self._deadlines[exchange]
            for exchange in late:
                exchange.end()


_watchdog = _Watchdog()
_current_exchange: ContextVar[Exchange] = ContextVar("current_exchange")


def _look_up(host: str, port: int, exchange: Exchange) -> list[tuple]:
    """Looks a name up, for no longer than the exchange has time: the system itself knows no deadline here.

    Raises:
        FetchError: ``timeout``: the name server is slower than that.
    """
    answer: SimpleQueue[tuple[list[tuple], Exception | None]] = SimpleQueue()

    def ask() -> None:
        try:
            answer.put((socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), None))
        except Exception as error:
            answer.put(([], error))

    threading.Thread(target=ask, daemon=True).start()
    while True:
        try:
            found, error = answer.get(timeout=min(exchange.seconds_left(), LONGEST_BLIND))
        except Empty:
            continue  # Perhaps everything was closed meanwhile.
        if error:
            raise error
        return found


class _CheckedConnection:
    """Mixed into urllib3's connections: looks a name up once, checks each IP address, and connects to one that passed.

    Checking a name and leaving it to others to look it up again would let it resolve differently the second time.
    """

    def _new_conn(self) -> socket.socket:
        exchange = _current_exchange.get()
        try:
            found = _look_up(self.host, self.port, exchange)
        except (OSError, UnicodeError) as error:
            raise NameResolutionError(self.host, self, error) from error
        addresses = dict.fromkeys(entry[4][0] for entry in found)
        allowed = [address for address in addresses if exchange.allow_private_hosts or is_public(address)]
        if not allowed:
            raise FetchError(failure_reasons.PRIVATE)
        for address in allowed:
            try:
                return create_connection(
                    (address, self.port), exchange.seconds_left(), socket_options=self.socket_options
                )
            except OSError as error:
                failure = error
        raise NewConnectionError(self, str(failure)) from failure

    def request(self, *args: object, **kwargs: object) -> None:
        super().request(*args, **kwargs)
        _current_exchange.get().watch(self.sock)


class _CheckedHTTPConnection(_CheckedConnection, HTTPConnection):
    pass


class _CheckedHTTPSConnection(_CheckedConnection, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _CheckedHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _CheckedHTTPSConnection


class _CheckedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: object, **kwargs: object) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    def close(self) -> None:
        # urllib3 leaves it to the garbage collector, for which an exception that somebody holds may be in the way.
        for key in self.poolmanager.pools.keys():
            if pool := self.poolmanager.pools.get(key):
                pool.close()
        super().close()


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        # Even when told not to follow, requests reads a redirect's whole body first, however long it is.
        return None
