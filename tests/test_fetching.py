from __future__ import annotations

import gzip
import os
import socket
import struct
import threading
import time

import pytest
from conftest import answer

from demicouture import __version__, connecting
from demicouture.connecting import is_public
from demicouture.errors import FetchError
from demicouture.fetching import MAX_REDIRECTS, Fetcher, host_of
from demicouture.hosts import one_per_host


@pytest.fixture
def fetcher():
    with Fetcher(timeout_seconds=5, delay_seconds=0, allow_private_hosts=True) as fetcher:
        yield fetcher


def quick(seconds=0.4):
    return Fetcher(timeout_seconds=seconds, delay_seconds=0, allow_private_hosts=True)


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
        time.sleep(0.25)
        answer(request, b"", status=302, headers={"Location": "/"})

    website.pages["/"] = page
    with quick(0.6) as fetcher:
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
    monkeypatch.setattr(connecting, "is_public", lambda address: address == "127.0.0.1")
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
    "::1 :: fe80::1 fe80::1%eth0 fc00::1 ff02::1 ::ffff:10.0.0.1 64:ff9b::7f00:1 2002:7f00:1::".split(),
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
    with Fetcher(timeout_seconds=5, delay_seconds=0.1, allow_private_hosts=True) as fetcher:
        threads = [threading.Thread(target=fetcher.fetch, args=(website.url(),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert website.most_at_once == 1
    gaps = [later - earlier for earlier, later in zip(website.times, website.times[1:], strict=False)]
    assert min(gaps) >= 0.15  # What the server takes, and the pause.


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


def test_many_hosts_at_once_but_never_two_of_one():
    lock, busy, most = threading.Lock(), [], []

    def work(item):
        with lock:
            assert item[0] not in busy
            busy.append(item[0])
            most.append(len(busy))
        time.sleep(0.01)
        with lock:
            busy.remove(item[0])
        return item * 2

    items = [host + str(number) for number in range(6) for host in "abcde"]
    found = dict(one_per_host(items, lambda item: item[0], work, 3))
    assert found == {item: item * 2 for item in items}
    assert max(most) == 3


def test_items_are_read_only_as_far_as_needed():
    read = []

    def items():
        for number in range(1000):
            read.append(number)
            yield number

    found = one_per_host(items(), str, lambda item: item, 2)
    next(found)
    assert len(read) <= 3
    found.close()


def test_what_was_read_is_finished_before_a_failure_to_read_more_is_raised():
    def items():
        yield from ("a1", "a2", "b1")
        raise ValueError("no more")

    found = []
    with pytest.raises(ValueError, match="no more"):
        for item, _ in one_per_host(items(), lambda item: item[0], lambda item: item, 4):
            found.append(item)
    assert sorted(found) == ["a1", "a2", "b1"]
