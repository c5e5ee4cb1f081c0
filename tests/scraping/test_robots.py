from __future__ import annotations

import time

import pytest

from demicouture.scraping.robots import (
    MAX_ROBOTS_BYTES,
    RobotsRules,
    header_opts_out,
    headers_reserve,
    origin_of,
    page_opts_out,
    page_reserves,
    site_reserves,
)


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Demicouture\nDisallow: /b", "/a", True),
        ("User-agent: *\nAllow: /\n\nUser-agent: demicouture\nDisallow: /", "/a", False),
        ("User-agent: otherbot\nDisallow: /", "/a", True),
        ("User-agent: *\nDisallow: /*.jpg$", "/a/b.jpg", False),
        ("User-agent: *\nDisallow: /*.jpg$", "/a/b.jpg?x", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b", True),
        ("\ufeffUser-agent: *\nDisallow: /あ", "/%E3%81%82", False),
        ("<html>no such page</html>", "/a", True),
        ("\x00\x81\xff User-agent\n:::\nDisallow", "/a", True),
    ],
)
def test_rules(text, path, allowed):
    assert RobotsRules(text.encode()).allow("https://a.test" + path) is allowed


def test_what_is_too_long_is_left_away_and_takes_no_time():
    begun = time.monotonic()
    text = b"User-agent: *\nDisallow: /no\n" + b"Disallow: /*a*b*c*d*e*f*g\n" * 40_000
    rules = RobotsRules(text + b"Disallow: /late\n")
    assert len(text) > MAX_ROBOTS_BYTES and rules.allow("https://a.test/late")
    assert not rules.allow("https://a.test/no") and rules.allow("https://a.test/" + "abcdef" * 500)
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize(("value", "seconds"), [("5", 5), ("0.5", 0.5), ("86400", 60), ("-3", 0), ("soon", 0), ("", 0)])
def test_a_crawl_delay_has_a_bound(value, seconds):
    assert RobotsRules(f"User-agent: *\nCrawl-delay: {value}\n".encode()).delay_seconds() == seconds


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://A.test/b?c", "https://a.test"),
        ("http://a.test:8080/", "http://a.test:8080"),
        ("http://[::1]:80/x", "http://[::1]:80"),
    ],
)
def test_one_robots_txt_speaks_for_scheme_host_and_port(url, origin):
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    ("values", "no"),
    [
        ([], False),
        (["nofollow, noarchive"], False),
        (["noai"], True),
        (["nofollow", "NOIMAGEAI"], True),
        (["nofollow,noindex"], True),
        (["none"], True),
        (["all"], False),
        (["otherbot: noai"], False),
        (["otherbot: nofollow, noai"], False),
        (["otherbot: noai", "noindex"], True),
        (["otherbot: noai, demicouture: noimageai"], True),
        (["Demicouture: noai"], True),
        (["demicouture: nofollow, otherbot: noai"], False),
        (["max-snippet: 5, noai"], True),
        (["unavailable_after: 25 Jun 2030 15:00:00 PST, noindex"], True),
        ([""], False),
        (["::::,,,"], False),
    ],
)
def test_headers(values, no):
    assert header_opts_out(values) is no


@pytest.mark.parametrize(
    ("page", "no"),
    [
        ('<meta name="robots" content="noai">', True),
        ("<META CONTENT='nofollow, NoImageAI' NAME=ROBOTS>", True),
        ('<meta name="demicouture" content="noindex">', True),
        ('<meta name="otherbot" content="noindex">', False),
        ('<meta name="robots" content="index, follow, max-image-preview:large">', False),
        ('<meta http-equiv="X-Robots-Tag" content="otherbot: noai, demicouture: noindex">', True),
        ('<meta name="description" content="noai">', False),
        ('<!-- <meta name="robots" content="noai"> -->', False),
        ('<script>"<meta name=robots content=noai>"</script>', False),
        ('<meta name="robots">', False),
        ("<meta " * 30_000, False),
        ("", False),
    ],
)
def test_pages(page, no):
    begun = time.monotonic()
    assert page_opts_out(page.encode(), "text/html") is no
    assert time.monotonic() - begun < 2


def test_a_page_in_an_older_encoding():
    assert page_opts_out('<title>袖</title><meta name="robots" content="noai">'.encode("shift_jis"), "text/html")


SIGNAL = "User-agent: *\nContent-Signal: search=yes, ai-input=yes, ai-train=no\nAllow: /\n"


@pytest.mark.parametrize(
    ("text", "path", "said_no"),
    [
        ("", "/a", False),
        (SIGNAL, "/a", True),
        ("Content-Signal: ai-train=no", "/a", True),
        ("User-agent: *\nContent-Signal: search=yes,ai-train=yes", "/a", False),
        ("User-agent: *\nContent-Usage: train-ai=n", "/a", True),
        ("User-agent: *\nContent-Usage: train-ai=n, search=y", "/a", True),
        ("User-agent: *\nContent-Usage: /images/ train-ai=n", "/a", False),
        ("User-agent: *\nContent-Usage: /images/ train-ai=n", "/images/1.jpg", True),
        ("User-agent: *\nContent-Usage: train-ai=n\nContent-Usage: /open/ train-ai=y", "/open/1.jpg", False),
        ("User-agent: *\nContent-Usage: /*.jpg$ train-ai=n", "/open/1.jpg", True),
        (SIGNAL + "User-agent: demicouture\nAllow: /", "/a", False),
        ("User-agent: otherbot\nUser-agent: Demicouture\nContent-Signal: ai-train=no", "/a", True),
        ("User-agent: otherbot\nContent-Signal: ai-train=no", "/a", False),
        ("# Content-Signal: ai-train=no", "/a", False),
        ("User-agent: *\nContent-Signal: maybe", "/a", False),
    ],
)
def test_signals_against_training(text, path, said_no):
    rules = RobotsRules(text.encode())
    assert rules.opt_out_of_training("https://a.test" + path) is said_no and rules.allow("https://a.test" + path)


def test_a_path_with_many_stars_takes_no_time():
    begun = time.monotonic()
    rules = RobotsRules(b"User-agent: *\nContent-Usage: /" + b"a*" * 500 + b"b train-ai=n")
    assert not rules.opt_out_of_training("https://a.test/" + "a" * 5000)
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize(
    ("headers", "reserved"),
    [
        ({}, False),
        ({"tdm-reservation": "1"}, True),
        ({"tdm-reservation": "0"}, False),
        ({"content-usage": "train-ai=n"}, True),
        ({"content-signal": "ai-train=no, search=yes"}, True),
        ({"content-signal": "search=yes"}, False),
    ],
)
def test_headers_that_reserve(headers, reserved):
    assert headers_reserve(headers) is reserved


@pytest.mark.parametrize(
    ("text", "reserved"),
    [
        ('[{"location": "/", "tdm-reservation": 1}]', True),
        ('[{"location": "/*", "tdm-reservation": 1, "tdm-policy": "https://a.test/policy"}]', True),
        ('[{"location": "/open/*.jpg$", "tdm-reservation": 0}, {"location": "/", "tdm-reservation": 1}]', False),
        ('[{"location": "/closed/", "tdm-reservation": 1}]', False),
        ('[{"location": "/", "tdm-reservation": 0}]', False),
        ("{}", False),
        ("<html>", False),
        ("[" * 100_000, False),
        ('[{"location": 3}, "x", null]', False),
    ],
)
def test_a_sites_reservations(text, reserved):
    assert site_reserves(text.encode(), "https://a.test/open/1.jpg") is reserved


def test_a_page_that_reserves():
    assert page_reserves(b'<meta name="TDM-Reservation" content="1">', "text/html")
    assert not page_reserves(b'<meta name="tdm-reservation" content="0">', "text/html")


def test_noml_opts_out():
    assert header_opts_out(["noml"]) and page_opts_out(b'<meta name="robots" content="index, noml">', "text/html")
