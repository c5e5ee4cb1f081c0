from __future__ import annotations

import time

import pytest

from demicouture.scraping.robots import MAX_ROBOTS_BYTES, RobotsRules, header_opts_out, origin_of, page_opts_out


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
