from __future__ import annotations

import gzip
import os
import socket
import struct
import threading
import time
from email.utils import formatdate

import pytest
from conftest import answer
from turned_clock import TurnedClock

from demicouture import __version__
from demicouture.errors import FetchError, InputError
from demicouture.scraping import connections
from demicouture.scraping.connections import is_public
from demicouture.scraping.http_client import MAX_REDIRECTS, Fetcher, host_of, user_agent
from demicouture.scraping.rate_limits import PutOff, TryLater


@pytest.fixture
def fetcher():
    with Fetcher(timeout_seconds=5, delay_seconds=0, allow_private_hosts=True) as fetcher:
        yield fetcher


def quick(seconds=0.3, **options):
    return Fetcher(timeout_seconds=seconds, delay_seconds=0, allow_private_hosts=True, **options)


def refused(fetcher, url, **options):
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(url, **options)
    return str(caught.value)


def drip(request, pieces, seconds=0.05):
    for piece in pieces:
        if request.website.stopping.wait(seconds):
            return
        request.wfile.write(piece)
        request.wfile.flush()


def forever(piece):
    while True:
        yield piece


def test_an_answer_has_its_content_type_and_address(website, fetcher):
    url = website.add("/a.jpg", b"\xff\xd8 picture", content_type="image/jpeg")
    found = fetcher.fetch(url)
    assert (found.content, found.content_type, found.url) == (b"\xff\xd8 picture", "image/jpeg", url)
    assert website.headers[0]["User-Agent"].startswith(f"demicouture/{__version__} ")


def test_cookies_are_not_sent_back(website, fetcher):
    url = website.add("/", b"x", headers={"Set-Cookie": "you=known"})
    fetcher.fetch(url)
    fetcher.fetch(url)
    assert "Cookie" not in website.headers[1]


def test_proxies_and_passwords_of_the_surroundings_are_left_alone(website, fetcher, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert fetcher.fetch(website.add("/", b"direct")).content == b"direct"
    assert "Authorization" not in website.headers[0]


@pytest.mark.parametrize("status", [204, 301, 400, 403, 404, 410, 500, 502])
def test_another_status_than_200_is_refused_at_once(website, fetcher, status):
    url = website.add("/gone", b"", status=status, headers={"Retry-After": "60"})
    with pytest.raises(FetchError, match=f"^HTTP {status}$") as caught:
        fetcher.fetch(url)
    assert caught.value.status == status
    assert website.asked == ["/gone"]


def test_a_slow_drip_ends_at_the_timeout(website):
    def page(request):
        request.send_response(200)
        request.send_header("Connection", "close")  # Without a length, so that any end looks like the right one.
        request.end_headers()
        drip(request, forever(b"x"))

    website.pages["/"] = page
    begun = time.monotonic()
    with quick() as fetcher:
        assert refused(fetcher, website.url()) == "timeout"
    assert time.monotonic() - begun < 2


def test_headers_that_drip_end_at_the_timeout(website):
    website.pages["/"] = lambda request: drip(request, [b"HTTP/1.1 200 OK\r\n", *[b"X: x\r\n"] * 90])
    begun = time.monotonic()
    with quick() as fetcher:
        assert refused(fetcher, website.url()) == "timeout"
    assert time.monotonic() - begun < 2


def test_silence_ends_at_the_timeout(website):
    website.pages["/"] = lambda request: request.website.stopping.wait(5)
    with quick() as fetcher:
        assert refused(fetcher, website.url()) == "timeout"


def test_the_timeout_covers_all_redirects_together(website):
    def page(request):
        time.sleep(0.15)
        answer(request, b"", status=302, headers={"Location": "/"})

    website.pages["/"] = page
    with quick(0.4) as fetcher:
        assert refused(fetcher, website.url()) == "timeout"
    assert 2 <= len(website.asked) <= 3


def test_an_endless_body_ends_at_the_limit(website, fetcher):
    def page(request):
        request.send_response(200)
        request.send_header("Connection", "close")
        request.end_headers()
        while True:
            request.wfile.write(b"x" * 65536)

    website.pages["/"] = page
    assert refused(fetcher, website.url(), max_bytes=1_000_000) == "too many bytes"


def test_a_body_that_is_announced_too_long_is_not_read(website, fetcher):
    website.add("/", b"", length=30_000_000)
    assert refused(fetcher, website.url()) == "too many bytes"


@pytest.mark.parametrize("layers", [1, 2])
def test_a_small_body_that_unpacks_to_a_large_one_ends_at_the_limit(website, fetcher, layers):
    content = b"\0" * 50_000_000
    for _ in range(layers):
        content = gzip.compress(content)
    website.add("/", content, headers={"Content-Encoding": ", ".join(["gzip"] * layers)})
    assert refused(fetcher, website.url(), max_bytes=2_000_000) == "too many bytes"


def test_a_packed_body_is_unpacked(website, fetcher):
    website.add("/", gzip.compress(b"words"), headers={"Content-Encoding": "gzip"})
    assert fetcher.fetch(website.url()).content == b"words"


def test_a_wrong_encoding_header_is_told(website, fetcher):
    website.add("/", b"not packed at all", headers={"Content-Encoding": "gzip"})
    assert refused(fetcher, website.url()) == "damaged encoding"


def test_a_body_shorter_than_announced_is_told(website, fetcher):
    website.add("/", b"half of", length=1000)
    assert refused(fetcher, website.url()) == "broken off"


def test_a_reset_connection_is_tried_once_more_without_a_word(website, fetcher, caplog):
    def page(request):
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.close_connection = True
        os.close(request.connection.detach())

    website.pages["/"] = page
    assert refused(fetcher, website.url()) == "unreachable"
    assert website.asked == ["/", "/"]
    assert not caplog.records


def test_a_closed_port_is_unreachable(fetcher):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert refused(fetcher, f"http://127.0.0.1:{taken.getsockname()[1]}/") == "unreachable"


def test_a_redirect_is_followed(website, fetcher):
    website.add("/old", b"", status=301, headers={"Location": "new%20place?a=1"})
    website.add("/new%20place", b"here")
    found = fetcher.fetch(website.url("/old"))
    assert (found.content, found.url) == (b"here", website.url("/new%20place?a=1"))


def test_a_redirect_loop_ends(website, fetcher):
    website.add("/", b"", status=302, headers={"Location": "/"})
    assert refused(fetcher, website.url()) == "too many redirects"
    assert len(website.asked) == MAX_REDIRECTS + 1


def test_the_endless_body_of_a_redirect_is_not_read(website, fetcher):
    def page(request):
        request.send_response(302)
        request.send_header("Location", "/there")
        request.send_header("Connection", "close")
        request.end_headers()
        while True:
            request.wfile.write(b"x" * 65536)

    website.pages["/"] = page
    website.add("/there", b"arrived")
    begun = time.monotonic()
    assert fetcher.fetch(website.url()).content == b"arrived"
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("ftp://127.0.0.1/a", "not http(s)"),
        ("file:///etc/passwd", "not http(s)"),
        ("http://me:secret@127.0.0.1/", "credentials in the address"),
        ("http://[::bad/", "bad address"),
        ("http://127.0.0.1:99999/", "bad address"),
    ],
)
def test_each_hop_of_a_redirect_is_judged(website, fetcher, target, reason):
    website.add("/", b"", status=302, headers={"Location": target})
    assert refused(fetcher, website.url()) == reason


def test_a_redirect_into_the_private_network_is_refused(website, monkeypatch):
    # One loopback address stands for the open internet, another for the network behind the wall.
    monkeypatch.setattr(connections, "is_public", lambda address: address == "127.0.0.1")
    website.add("/", b"", status=302, headers={"Location": website.url("/secret", host="127.0.0.2")})
    website.add("/secret", b"secret")
    with Fetcher(timeout_seconds=5, delay_seconds=0) as fetcher:
        assert refused(fetcher, website.url()) == "private address"
    assert website.asked == ["/"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "2130706433"])
def test_this_machine_is_refused_before_anything_connects(website, host):
    with Fetcher(timeout_seconds=5, delay_seconds=0) as fetcher:
        assert refused(fetcher, website.url("/", host)) in ("private address", "unreachable")
        assert refused(fetcher, website.url()) == "private address"
    assert website.asked == []


def test_a_name_is_judged_by_the_very_number_that_is_connected_to(website, monkeypatch):
    # A name that points to the open internet for whoever looks twice, and to this machine afterwards.
    answers = iter(["127.0.0.1", "93.184.215.14"] * 10)
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, port, *_, **__: [(socket.AF_INET, 1, 6, "", (next(answers), port))]
    )
    with Fetcher(timeout_seconds=5, delay_seconds=0) as fetcher:
        assert refused(fetcher, website.url("/", "rebinding.test")) == "private address"


@pytest.mark.parametrize(
    "address",
    "127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 224.0.0.1 240.0.0.1 255.255.255.255 0.0.0.0 "
    "::1 :: fec0::1 feff::1 fe80::1 fe80::1%eth0 fc00::1 ff02::1 ::ffff:10.0.0.1 64:ff9b::7f00:1 2002:7f00:1::".split(),
)
def test_private_addresses(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses(address):
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "not http(s)"),
        ("/relative", "not http(s)"),
        ("javascript:alert(1)", "not http(s)"),
        ("data:image/png;base64,AAAA", "not http(s)"),
        ("http:///path", "bad address"),
        ("http://[half", "bad address"),
        ("http://host:port/", "bad address"),
        ("https://me@host/", "credentials in the address"),
    ],
)
def test_addresses_that_nobody_should_fetch(url, reason):
    with pytest.raises(FetchError) as caught:
        host_of(url)
    assert str(caught.value) == reason


def test_a_host_name_that_is_none_is_told(fetcher):
    assert refused(fetcher, "http://" + "a" * 70 + ".test/") in ("bad address", "unreachable")
    assert refused(fetcher, "http://under score\u0000.test/") in ("bad address", "unreachable")


def test_one_connection_and_a_pause_for_each_host(website):
    website.pages["/"] = lambda request: (time.sleep(0.05), answer(request, b"x"))
    with Fetcher(timeout_seconds=5, delay_seconds=0.05, allow_private_hosts=True) as fetcher:
        threads = [threading.Thread(target=fetcher.fetch, args=(website.url(),)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert website.most_at_once == 1
    gaps = [later - earlier for earlier, later in zip(website.times, website.times[1:], strict=False)]
    assert min(gaps) >= 0.1  # What the server takes, and the pause.


def test_closing_ends_what_is_under_way(website):
    website.pages["/"] = lambda request: request.website.stopping.wait(10)
    reasons = []
    with Fetcher(timeout_seconds=30, delay_seconds=0, allow_private_hosts=True) as fetcher:
        thread = threading.Thread(target=lambda: reasons.append(refused(fetcher, website.url())))
        thread.start()
        while not website.asked:
            time.sleep(0.01)
        begun = time.monotonic()
    thread.join(5)
    assert time.monotonic() - begun < 2
    assert reasons == ["timeout"]


# Who we are


def test_the_user_agent_has_the_version_and_the_contact(website):
    with Fetcher(delay_seconds=0, contact="https://me.studio.jp/about", allow_private_hosts=True) as fetcher:
        fetcher.fetch(website.add("/", b"x"))
    (sent,) = {headers["User-Agent"] for headers in website.headers}
    assert sent.startswith(f"demicouture/{__version__} (https://me.studio.jp/about) python-requests/")
    assert "(" not in user_agent("")


@pytest.mark.parametrize("contact", ["me", "me @example.org", "me@studio.jp\r\nX: y", "(me@x)", "ü@x.org", "@" * 201])
def test_a_contact_that_is_none_is_refused(contact):
    with pytest.raises(InputError, match=r"^--contact: found .*, expected an e-mail address or a page about you"):
        Fetcher(contact=contact)


# Hosts that say "later", or nothing


def later_at_first(website, path, times, headers, status=429):
    def page(request):
        first = website.asked.count(path) <= times
        answer(request, b"" if first else b"here", status=status if first else 200, headers=headers if first else {})

    website.pages[path] = page
    return website.url(path)


def seconds_to_wait(fetcher, url):
    """Fetches an address whose host says "later"; returns for how many seconds from then."""
    with pytest.raises(TryLater) as caught:
        fetcher.fetch(url, patient=False)
    return caught.value.until - time.monotonic()


def test_what_retry_after_says_is_waited_for(website, fetcher):
    url = later_at_first(website, "/", 1, {"Retry-After": "1"})
    assert fetcher.fetch(url).content == b"here"
    assert 1 <= website.times[1] - website.times[0] < 5


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds(website, fetcher, status):
    url = later_at_first(website, "/", 1, {"Retry-After": "30"}, status)
    assert 25 < seconds_to_wait(fetcher, url) <= 30


def test_retry_after_as_a_date(website, fetcher):
    url = later_at_first(website, "/", 1, {"Retry-After": formatdate(time.time() + 30, usegmt=True)})
    assert 20 < seconds_to_wait(fetcher, url) <= 30


@pytest.mark.parametrize("value", ["soon", "", "-5", "1.5", "Thu, 99 Xxx 2026 00:00:00 GMT"])
def test_without_a_time_that_can_be_read_the_waits_grow(website, value):
    url = later_at_first(website, "/", 3, {"Retry-After": value} if value else {})
    with quick(5, clock=TurnedClock()) as fetcher:
        assert fetcher.fetch(url).content == b"here"
        assert (5 + 10 + 20) / 2 <= fetcher.clock.now() <= 5 + 10 + 20


def test_a_time_in_the_past_means_now(website):
    fetcher = quick(5, clock=TurnedClock())
    url = later_at_first(website, "/", 1, {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"})
    assert fetcher.fetch(url).content == b"here"
    assert website.times[1] - website.times[0] < 5


def test_who_is_not_patient_is_sent_away_at_once(website, fetcher):
    url = later_at_first(website, "/", 1, {"Retry-After": "30"})
    for _ in range(2):
        with pytest.raises(TryLater):
            fetcher.fetch(url, patient=False)
    assert website.asked == ["/"]
    assert 25 < fetcher.rate_limits.ready_at("127.0.0.1") - time.monotonic() <= 30


def test_later_for_ever_ends(website):
    fetcher = quick(5, clock=TurnedClock())
    url = website.add("/", b"", status=503, headers={"Retry-After": "0"})
    with pytest.raises(PutOff, match="^HTTP 503$") as caught:
        fetcher.fetch(url)
    assert caught.value.status == 503 and len(website.asked) == 8
    with pytest.raises(PutOff):
        fetcher.fetch(website.add("/other", b"x"))
    assert len(website.asked) == 8


def test_connections_are_closed_although_an_error_is_held(website):
    with quick(5) as fetcher, pytest.raises(FetchError) as held:
        fetcher.fetch(website.url("/gone"))
    deadline = time.monotonic() + 5
    while website.connections and time.monotonic() < deadline:
        time.sleep(0.01)
    assert website.connections == 0 and website.most_connections == 1 and held.value


def test_a_host_that_has_served_us_is_waited_for(website):
    url = later_at_first(website, "/", 12, {"Retry-After": "60"}, 503)
    with quick(5, clock=TurnedClock()) as fetcher:
        fetcher.fetch(website.add("/first", b"x"))
        assert fetcher.fetch(url).content == b"here" and len(website.asked) == 14
        assert fetcher.clock.now() >= 12 * 60


def test_a_host_that_asks_for_a_day_is_not_waited_for(website, fetcher):
    website.add("/", b"", status=429, headers={"Retry-After": "86400"})
    for _ in range(2):
        with pytest.raises(PutOff) as caught:
            fetcher.fetch(website.url())
        assert caught.value.host == "127.0.0.1" and 86390 < caught.value.seconds <= 86400
    assert website.asked == ["/"]


def test_a_host_that_says_403_three_times_in_a_row_is_left_alone(website, fetcher):
    for path in ("/1", "/2", "/4", "/5", "/6", "/7"):
        website.add(path, b"<p>Please set a <b>user-agent</b>", status=403)
    website.add("/3", b"x")
    assert [refused(fetcher, website.url(path)) for path in ("/1", "/2")] == ["HTTP 403"] * 2
    fetcher.fetch(website.url("/3"))
    told = [refused(fetcher, website.url(path)) for path in ("/4", "/5", "/6", "/7", "/3")]
    assert told == ["HTTP 403"] * 3 + ["host left alone"] * 2
    assert len(website.asked) == 6 and fetcher.words["127.0.0.1"] == "Please set a user-agent"


@pytest.mark.parametrize("value", ["Wed, 21 Oct 99999999999 07:28:00 GMT", "9" * 5000, "\x80", "Wed, 21 Oct 2015"])
def test_whatever_a_stranger_writes_into_retry_after(website, value):
    website.add("/", b"", status=429, headers={"Retry-After": value})
    with quick(5, first_wait_seconds=0.01) as fetcher, pytest.raises((PutOff, TryLater)):
        fetcher.fetch(website.url(), patient=False)


@pytest.mark.parametrize("status", [200, 403])
def test_the_page_of_a_firewall_means_later(website, status):
    page = b'<html><META NAME="ROBOTS" CONTENT="NOINDEX, NOFOLLOW">Request unsuccessful. Incapsula incident</html>'

    def picture(request):
        first = website.asked.count("/1.jpg") == 1
        kind = "text/html" if first else "image/jpeg"
        answer(request, page if first else b"picture", status=status if first else 200, content_type=kind)

    website.pages["/1.jpg"] = picture
    with quick(5, clock=TurnedClock()) as fetcher:
        fetcher.expect_firewall("127.0.0.1", 60)
        assert fetcher.fetch(website.url("/1.jpg")).content == b"picture"
        assert len(website.asked) == 2 and fetcher.clock.now() >= 60


def test_a_host_that_refuses_three_connections_in_a_row_is_left_alone(fetcher):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        assert [refused(fetcher, url) for _ in range(5)] == ["unreachable"] * 3 + ["host left alone"] * 2


def test_bad_answers_are_no_fault_of_the_host(website, fetcher):
    website.add("/gone", b"", status=404)
    website.add("/short", b"half of", length=1000)
    website.add("/packed", b"no", headers={"Content-Encoding": "gzip"})
    website.add("/failing", b"", status=500)
    for path in ("/gone", "/short", "/packed", "/failing") * 2:
        assert refused(fetcher, website.url(path)) != "host left alone"
    assert fetcher.fetch(website.add("/", b"well")).content == b"well"


# What sites ask of programs


def test_robots_txt_is_asked_for_once_and_obeyed(website, fetcher):
    website.add("/robots.txt", b"User-agent: *\nDisallow: /private/\nAllow: /private/but\n")
    website.add("/private/1", b"1")
    website.add("/private/but", b"2")
    assert refused(fetcher, website.url("/private/1")) == "robots.txt"
    assert fetcher.fetch(website.url("/private/but")).content == b"2"
    assert website.asked == ["/private/but"]
    assert website.robots_asked == [f"127.0.0.1:{website.port}"]
    fetcher.call_api(website.url("/private/1"), max_bytes=1000)  # An interface for programs.


def test_each_hop_obeys_its_own_hosts_robots_txt(website, fetcher):
    def page(request):
        rules = b"User-agent: demicouture\nDisallow: /there\n" if "localhost" in request.headers["Host"] else b""
        answer(request, rules)

    website.pages["/robots.txt"] = page
    website.add("/", b"", status=302, headers={"Location": website.url("/there", "localhost")})
    website.add("/there", b"not for us")
    assert refused(fetcher, website.url()) == "robots.txt"
    assert website.asked == ["/"] and len(website.robots_asked) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_site_without_robots_txt_allows_everything(website, fetcher, status):
    website.add("/robots.txt", b"User-agent: *\nDisallow: /", status=status)
    assert fetcher.fetch(website.add("/", b"x")).content == b"x"


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_site_whose_robots_txt_cannot_be_had_allows_nothing(website, fetcher, status):
    website.add("/robots.txt", b"", status=status)
    website.add("/", b"x")
    assert [refused(fetcher, website.url()) for _ in range(3)] == ["robots.txt unavailable"] * 3
    assert website.asked == [] and len(website.robots_asked) == 1


def test_a_robots_txt_that_drips_allows_nothing(website):
    website.pages["/robots.txt"] = lambda request: drip(request, [b"HTTP/1.1 200 OK\r\n", *[b"X: x\r\n"] * 90])
    with quick() as fetcher:
        assert refused(fetcher, website.add("/", b"x")) == "robots.txt unavailable"


def test_a_robots_txt_that_comes_later_is_waited_for(website, fetcher):
    def page(request):
        first = len(website.robots_asked) == 1
        rules = b"User-agent: *\nDisallow: /no"
        answer(request, b"" if first else rules, status=503 if first else 200, headers={"Retry-After": "0"})

    website.pages["/robots.txt"] = page
    assert refused(fetcher, website.add("/no", b"x")) == "robots.txt"
    assert fetcher.fetch(website.add("/", b"x")).content == b"x"


def test_redirects_of_robots_txt(website, fetcher):
    website.add("/robots.txt", b"", status=301, headers={"Location": "/rules"})
    website.add("/rules", b"User-agent: *\nDisallow: /no")
    assert refused(fetcher, website.add("/no", b"x")) == "robots.txt"


def test_a_robots_txt_behind_too_many_redirects_is_none(website, fetcher):
    website.add("/robots.txt", b"", status=302, headers={"Location": "/robots.txt"})
    assert fetcher.fetch(website.add("/", b"x")).content == b"x"
    assert len(website.robots_asked) == MAX_REDIRECTS + 1


def test_an_endless_robots_txt_is_read_as_far_as_needed(website, fetcher):
    def page(request):
        request.send_response(200)
        request.send_header("Connection", "close")
        request.end_headers()
        request.wfile.write(b"User-agent: *\nDisallow: /no\n")
        while True:
            request.wfile.write(b"# and so on\n" * 5000)

    website.pages["/robots.txt"] = page
    assert refused(fetcher, website.add("/no", b"x")) == "robots.txt"
    assert fetcher.fetch(website.add("/", b"x")).content == b"x"


def test_two_sites_whose_robots_txt_point_at_each_other_hold_nobody_up(website):
    def page(request):
        other = "localhost" if "127" in request.headers["Host"] else "127.0.0.1"
        answer(request, b"", status=302, headers={"Location": website.url("/robots.txt", other)})

    website.pages["/robots.txt"] = page
    website.add("/", b"x")
    with quick(5) as fetcher:
        threads = [
            threading.Thread(target=fetcher.fetch, args=(website.url("/", host),))
            for host in ("127.0.0.1", "localhost")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
            assert not thread.is_alive()
    assert website.asked == ["/", "/"]


def test_a_crawl_delay_is_kept(website, fetcher):
    website.add("/robots.txt", b"User-agent: *\nCrawl-delay: 0.1\n")
    url = website.add("/", b"x")
    for _ in range(3):
        fetcher.fetch(url)
    gaps = [later - earlier for earlier, later in zip(website.times, website.times[1:], strict=False)]
    assert min(gaps) >= 0.1


@pytest.mark.parametrize("value", ["noai", "NoImageAI, nofollow", "noindex", "demicouture: noimageindex", "none"])
def test_a_header_that_says_no_is_obeyed(website, fetcher, value):
    url = website.add("/1.jpg", b"picture", headers={"X-Robots-Tag": value})
    assert refused(fetcher, url) == "opted out"
    assert fetcher.call_api(url, max_bytes=1000).content == b"picture"


def test_a_header_for_others_is_no_business_of_ours(website, fetcher):
    url = website.add("/1.jpg", b"picture", headers={"X-Robots-Tag": "otherbot: noai, noindex"})
    assert fetcher.fetch(url).content == b"picture"


def test_a_page_that_says_no_is_obeyed_and_asked_once(website, fetcher):
    no = website.add("/no", b'<html><head><meta name="robots" content="noimageai"></head>')
    yes = website.add("/yes", b'<html><head><meta name="robots" content="nofollow"></head>')
    assert refused(fetcher, no) == "opted out"
    for _ in range(2):
        with pytest.raises(FetchError, match="^opted out$"):
            fetcher.check_page(no)
        fetcher.check_page(yes)
        fetcher.check_page(website.url("/gone"))  # It says nothing.
    assert website.asked == ["/no", "/yes", "/gone"]


def test_a_page_is_read_only_as_far_as_its_head(website):
    def page(request):
        request.send_response(200)
        request.send_header("Content-Type", "text/html")
        request.send_header("Connection", "close")
        request.end_headers()
        request.wfile.write(b'<meta content="noai" name="robots">')
        while True:
            request.wfile.write(b"<p>" * 10_000)

    website.pages["/"] = page
    with quick(5) as fetcher:
        with pytest.raises(FetchError, match="^opted out$"):
            fetcher.check_page(website.url())


# Services


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_service_that_fails_after_it_has_answered_is_asked_twice_more(website, status):
    def page(request):
        answer(request, b"well", status=200 if len(website.asked) in (1, 4) else status)

    website.pages["/"] = page
    with quick(5, retry_waits=(0.05, 0.1)) as fetcher:
        for _ in range(2):
            assert fetcher.call_api(website.url(), max_bytes=1000).content == b"well"
        assert len(website.asked) == 4 and website.times[3] - website.times[1] >= 0.15
        with pytest.raises(FetchError, match=f"^HTTP {status}$"):
            fetcher.call_api(website.url(), max_bytes=1000)
    assert len(website.asked) == 7


def test_a_service_that_fails_at_once_or_for_good_is_not_asked_again(website, fetcher):
    website.add("/", b"", status=500)
    assert fetcher.call_api(website.add("/fine", b"x"), max_bytes=9).content == b"x"
    website.add("/none", b"", status=404)
    begun = time.monotonic()
    with pytest.raises(FetchError, match="^HTTP 404$"):
        fetcher.call_api(website.url("/none"), max_bytes=9)
    with quick(5) as other, pytest.raises(FetchError, match="^HTTP 500$"):
        other.call_api(website.url("/"), max_bytes=9)
    assert time.monotonic() - begun < 2


def test_a_header_for_a_service_does_not_travel_on(website, fetcher):
    website.add("/same", b"", status=302, headers={"Location": "/end"})
    website.add("/other", b"", status=302, headers={"Location": website.url("/end", "localhost")})
    website.add("/end", b"x")
    for path in ("/same", "/other"):
        fetcher.call_api(website.url(path), max_bytes=9, headers={"Authorization": "Bearer secret"})
    assert ["Authorization" in headers for headers in website.headers] == [True, True, True, False]


@pytest.mark.parametrize(
    "contact",
    ["me@example.org", "https://example.com/me", "mailto:a@b.test", "you@host", "http://localhost:80/", "a@x.example"],
)
def test_a_contact_that_leads_to_nobody_is_refused(contact):
    with pytest.raises(InputError, match=r"^--contact: found '.*', which leads to nobody, expected an e-mail address"):
        Fetcher(contact=contact)


@pytest.mark.parametrize("contact", ["me@studio.jp", "https://ja.wikipedia.org/wiki/User:Me", "me@example-studio.com"])
def test_a_contact_that_leads_to_somebody(contact):
    assert f"({contact})" in user_agent(contact)


def test_a_name_server_that_is_slower_than_the_timeout(monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(20))
    with quick(0.3) as fetcher:
        begun = time.monotonic()
        assert refused(fetcher, "http://slow.test/", crawling=False) == "timeout"
        assert time.monotonic() - begun < 5
    over.set()
