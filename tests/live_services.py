"""Loopback servers that answer as the live services were seen to answer, in the time of a clock that tests turn."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from conftest import Website, answer
from samples import encode, noise

MOST_RESULTS = 240
DAY = 86400.0


@functools.cache
def _base(number: int) -> bytes:
    return encode(noise(number, 128, 128), "JPEG", quality=40)


def picture(name: str, reduced: bool) -> bytes:
    """A picture that no other has: one of sixty, with its name in a comment."""
    digest = hashlib.sha256(name.encode()).digest()
    comment = f"{name} {reduced}".encode()
    base = _base(digest[0] % 60)
    return base[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + base[2:]


class Quota:
    """So many requests in each sliding period, as Django REST framework counts them."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most, self.seconds, self._times = most, seconds, deque()

    def left(self, now: float) -> int:
        while self._times and self._times[0] <= now - self.seconds:
            self._times.popleft()
        return self.most - len(self._times)

    def take(self, now: float) -> float:
        """Takes one, or returns the seconds until there is one."""
        if self.left(now) <= 0:
            return self._times[0] + self.seconds - now
        self._times.append(now)
        return 0.0


class LiveServices:
    """Openverse, Flickr's pictures and a museum's: three hosts.

    Openverse: 240 results of a query, 20 on a page, 20 searches a minute, so many a day, 150 reduced pictures a minute.
    Flickr: 429 without a word after 25 pictures, however slowly they are fetched, and one a minute from then on. One
    link in twenty is dead, and one result in ten belongs to another wording of the same thing as well.
    """

    def __init__(self, now: Callable[[], float], searches_a_day: int) -> None:
        self.now = now
        self.openverse, self.flickr, self.museum = (Website(f"127.0.0.{number}") for number in (1, 2, 3))
        self.sites = (self.openverse, self.flickr, self.museum)
        self.times: dict[str, list[float]] = {"search": [], "thumbnail": [], "flickr": [], "museum": []}
        self.searched: list[str] = []
        self._burst, self._day, self._thumbnails = Quota(20, 60), Quota(searches_a_day, DAY), Quota(150, 60)
        self._tokens, self._filled_at = 25.0, 0.0
        self.openverse.pages = _Answering(self._openverse)
        self.flickr.pages = _Answering(self._flickr)
        self.museum.pages = _Answering(self._museum)

    def _openverse(self, request: BaseHTTPRequestHandler) -> None:
        parts, now = urlsplit(request.path), self.now()
        if parts.path.endswith("/thumb/"):
            self.times["thumbnail"].append(now)
            if wait := self._thumbnails.take(now):
                return answer(request, b"", status=429, headers={"Retry-After": str(int(wait) + 1)})
            name = parts.path.split("/")[-3]
            if _is_dead(name):
                return answer(request, b"", status=424)
            return answer(request, picture(name, True), content_type="image/jpeg")
        self.times["search"].append(now)
        for quota in (self._burst, self._day):
            if wait := quota.take(now):
                return answer(request, b"", status=429, headers={"Retry-After": str(int(wait) + 1)})
        self.searched.append(request.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        size, page = int(asked["page_size"]), int(asked["page"])
        if size > 20 or size * page > MOST_RESULTS:
            return answer(request, b'{"detail": "page_size may not exceed 20 for anonymous requests"}', status=401)
        shown = [self._result(asked["q"], number) for number in range((page - 1) * size, page * size)]
        body = {"result_count": MOST_RESULTS, "page_count": MOST_RESULTS // size, "page": page, "results": shown}
        headers = {}
        for name, quota, rate in (("burst", self._burst, "20/min"), ("sustained", self._day, f"{self._day.most}/day")):
            headers |= {f"X-RateLimit-Limit-anon_{name}": rate}
            headers |= {f"X-RateLimit-Available-anon_{name}": str(quota.left(now))}
        answer(request, json.dumps(body).encode(), content_type="application/json", headers=headers)

    def _result(self, query: str, number: int) -> dict[str, str]:
        words = query.split()
        shared = number % 10 == 0
        name = hashlib.sha256(f"{words[0] if shared else query} {number}".encode()).hexdigest()[:20]
        site = self.museum if number % 10 == 5 else self.flickr
        return {
            "url": site.url(f"/{name}.jpg"),
            "thumbnail": self.openverse.url(f"/v1/images/{name}/thumb/"),
            "title": query,
            "creator": "Anna",
            "license": "by",
            "license_version": "2.0",
        }

    def _flickr(self, request: BaseHTTPRequestHandler) -> None:
        now = self.now()
        self.times["flickr"].append(now)
        self._tokens, self._filled_at = min(25.0, self._tokens + (now - self._filled_at) / 60), now
        if self._tokens < 1:
            return answer(request, b"<h1>429 Too Many Requests</h1>", status=429)
        self._tokens -= 1
        name = request.path[1:].removesuffix(".jpg")
        if _is_dead(name):
            return answer(request, b"", status=404)
        answer(request, picture(name, False), content_type="image/jpeg")

    def _museum(self, request: BaseHTTPRequestHandler) -> None:
        self.times["museum"].append(self.now())
        name = request.path[1:].removesuffix(".jpg")
        answer(request, picture(name, False), content_type="image/jpeg")

    def stop(self) -> None:
        for site in self.sites:
            site.stop()


FIREWALL = b'<html style="height:100%"><head><META NAME="ROBOTS" CONTENT="NOINDEX, NOFOLLOW"></head>Incapsula</html>'


class LiveMuseum:
    """The Metropolitan Museum behind its firewall, and Wikimedia Commons.

    Thirty requests, and then for forty seconds a page in place of every answer, with status 403 or 200: so do the
    museum's interface and its image host. Commons answers a search that found one file with that file's older versions.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.site, self.images, self.commons = (Website(f"127.0.0.{number}") for number in (4, 5, 6))
        self.sites = (self.site, self.images, self.commons)
        self._counts = dict.fromkeys(self.sites, 0)
        self._closed_until = dict.fromkeys(self.sites, 0.0)
        self.site.pages, self.images.pages = _Answering(self._interface), _Answering(self._image)
        self.commons.pages = _Answering(self._commons)

    def _is_closed(self, site: Website, request: BaseHTTPRequestHandler) -> bool:
        if self.now() >= self._closed_until[site]:
            self._counts[site] += 1
            if self._counts[site] % 31:
                return False
            self._closed_until[site] = self.now() + 40
        answer(request, FIREWALL, status=200 if self._counts[site] % 2 else 403)
        return True

    def _interface(self, request: BaseHTTPRequestHandler) -> None:
        if self._is_closed(self.site, request):
            return
        number = urlsplit(request.path).path.rsplit("/", 1)[1]
        body = {"total": 60, "objectIDs": list(range(60))}
        if number != "search":
            address = self.images.url(f"/{number}.jpg")
            body = {"isPublicDomain": int(number) % 3 > 0, "primaryImage": address, "primaryImageSmall": address}
        answer(request, json.dumps(body).encode(), content_type="application/json")

    def _image(self, request: BaseHTTPRequestHandler) -> None:
        if not self._is_closed(self.images, request):
            answer(request, picture(request.path, False), content_type="image/jpeg")

    def _commons(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        if parts.path == "/w/api.php":
            older = "iistart" in parse_qs(parts.query)
            address = self.commons.url("/archive/look.jpg" if older else "/look.jpg")
            info = {"url": address, "mime": "image/jpeg", "extmetadata": {"LicenseShortName": {"value": "CC BY 4.0"}}}
            body = {"query": {"pages": [{"title": "File:look.jpg", "imageinfo": [info]}]}}
            body["continue"] = {"iistart": f"{len(self.commons.asked)}", "continue": "||"}
            return answer(request, json.dumps(body).encode(), content_type="application/json")
        answer(request, picture(request.path, False), content_type="image/jpeg")

    def stop(self) -> None:
        for site in self.sites:
            site.stop()


class _Answering(dict):
    """Answers every path but robots.txt by one function."""

    def __init__(self, page: Callable[[BaseHTTPRequestHandler], None]) -> None:
        super().__init__()
        self._page = page

    def get(self, path: str, default: object = None) -> object:
        return default if path in ("/robots.txt", "/.well-known/tdmrep.json") else self._page


def _is_dead(name: str) -> bool:
    return int(name[:4], 16) % 20 == 0


@contextlib.contextmanager
def live_museum(now: Callable[[], float]) -> Iterator[LiveMuseum]:
    museum = LiveMuseum(now)
    try:
        yield museum
    finally:
        museum.stop()


@contextlib.contextmanager
def live_services(now: Callable[[], float], searches_a_day: int) -> Iterator[LiveServices]:
    services = LiveServices(now, searches_a_day)
    try:
        yield services
    finally:
        services.stop()
