from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import answer

from demicouture.errors import SourceError
from demicouture.scraping.http_client import Fetcher
from demicouture.scraping.offers import SOURCES, others
from demicouture.scraping.sources import open_source
from demicouture.scraping.sources.excite import MAX_PAGES, Excite


@pytest.fixture
def excite(website):
    with Fetcher(timeout_seconds=5, delay_seconds=0, allow_private_hosts=True) as fetcher:
        yield Excite(fetcher, website.url())


def serve(website, pages):
    """Serves result pages by their number; past the last, one without a result."""

    def page(request):
        number = int(parse_qs(urlsplit(request.path).query)["page"][0])
        links = pages[number - 1] if number <= len(pages) else []
        body = "".join(f'<li><a href="{link}"><img src="/thumb.jpg"></a></li>' for link in links)
        answer(request, f"<html><body><ul>{body}</ul></body></html>".encode())

    website.pages["/"] = page


def pictures(*numbers):
    return [f"https://pictures.test/{number}.jpg" for number in numbers]


def urls(offers):
    return [offer.url for offer in offers]


def test_pages_are_asked_from_one_until_one_has_no_result(website, excite):
    serve(website, [pictures(*range(20)), pictures(*range(20, 30))])
    found = list(excite.offers("casual", "polo shirt", 500))
    assert urls(found) == pictures(*range(30))
    assert website.asked == [f"/?q=polo+shirt&page={page}" for page in (1, 2, 3)]
    assert found[25].page_url == website.url("/?q=polo+shirt&page=2")
    assert (found[0].creator, found[0].licence, found[0].content, found[0].reason) == ("", "", None, "")


def test_no_more_pages_are_asked_than_are_needed(website, excite):
    serve(website, [pictures(*range(20)), pictures(*range(20, 40)), pictures(*range(40, 60))])
    assert urls(excite.offers("casual", "shirt", 40)) == pictures(*range(40))
    assert len(website.asked) == 2


def test_only_links_that_lead_off_the_site_are_pictures(website, excite):
    website.add(
        "/",
        b"""<p><a name="top">no link</a> <a href="">empty</a> <a href="#top">within</a> <a href="/help">internal</a>
        <a href="?q=other">relative</a> <a href="https://www.excite.co.jp/news">the portal</a>
        <a href="HTTPS://EXCITE.co.jp/">the portal again</a> <a href="javascript:void(0)">script</a>
        <a href="mailto:a@b.test">mail</a> <a href="data:image/png;base64,AAAA">data</a> <a href="ftp://a.test/1">ftp</a>
        <a href="http://[half/">broken</a> <a href="https:///nowhere">no host</a>
        <a href="https://notexcite.co.jp/1.jpg">another site</a> <a href=" https://a.test/2.jpg?x=1&amp;y=%E3%81%82#z ">
        <b>untidy</b> <A HREF='//b.test/3.jpg'>without a scheme</a><a href=http://c.test/4>bare</a>
        <img src="https://d.test/5.jpg"> <a href="https://a.test/2.jpg?x=1&y=%E3%81%82#z">again</a>""",
    )
    assert urls(excite.offers("casual", "shirt", 100)) == [
        "https://notexcite.co.jp/1.jpg",
        "https://a.test/2.jpg?x=1&y=%E3%81%82#z",
        "http://b.test/3.jpg",
        "http://c.test/4",
    ]


def test_marked_results_are_preferred_and_links_that_share_the_page_are_skipped(website, excite):
    share = '<a href="https://www.facebook.com/sharer?u=x">f</a><a href="https://x.com/intent/post">x</a>'
    share += '<a href="https://b.hatena.ne.jp/entry/">B!</a>'
    other = '<a href="https://ads.test/1">ad</a>'
    marked = "".join(f'<a rel="nofollow lightbox[result]" href="{url}">x</a>' for url in pictures(1, 2))
    website.add("/", (share + other + marked).encode())
    assert urls(excite.offers("casual", "shirt", 9)) == pictures(1, 2)
    website.add("/", (share + other).encode())
    assert urls(excite.offers("casual", "shirt", 9)) == ["https://ads.test/1"]


def test_a_403_is_told_in_its_own_words(website, excite):
    website.add("/", b"<h1>No programs, please</h1>", status=403)
    with pytest.raises(SourceError, match=r"HTTP 403 \(No programs, please\), expected a page of results"):
        list(excite.offers("casual", "shirt", 9))


def test_another_port_of_the_same_host_is_another_site(website, excite):
    website.add("/", f'<a href="{website.url("/own")}">1</a><a href="http://127.0.0.1:9/2.jpg">2</a>'.encode())
    assert urls(excite.offers("casual", "shirt", 9)) == ["http://127.0.0.1:9/2.jpg"]


def test_the_same_results_for_ever_end_at_once(website, excite):
    website.add("/", "".join(f'<a href="{url}">x</a>' for url in pictures(*range(20))).encode())
    assert urls(excite.offers("casual", "shirt", 500)) == pictures(*range(20))
    assert len(website.asked) == 2


def test_new_results_for_ever_end_at_the_cap(website, excite):
    def page(request):
        answer(request, f'<a href="https://a.test/{len(website.asked)}">x</a>'.encode())

    website.pages["/"] = page
    assert len(list(excite.offers("casual", "shirt", 10_000))) == MAX_PAGES


def test_a_page_with_ten_thousand_links(website, excite):
    serve(website, [pictures(*range(10_000))])
    assert urls(excite.offers("casual", "shirt", 500)) == pictures(*range(500))


def test_markup_that_changed_gives_nothing(website, excite):
    website.add("/", b'<div data-url="https://a.test/1.jpg"></div><script>["https://a.test/2.jpg"]</script><a>3</a>')
    assert list(excite.offers("casual", "shirt", 500)) == []
    assert len(website.asked) == 1


def test_a_search_that_wants_no_programs_is_left_alone(website, excite):
    website.add("/robots.txt", b"User-agent: *\nDisallow: /")
    with pytest.raises(SourceError, match=r"excite: .*: robots\.txt, expected a page of results"):
        list(excite.offers("casual", "shirt", 500))
    assert website.asked == []


def test_a_result_page_that_opts_out_is_obeyed(website, excite):
    website.add("/", b'<meta name="robots" content="noindex"><a href="https://a.test/1.jpg">x</a>')
    with pytest.raises(SourceError, match="opted out, expected a page of results"):
        list(excite.offers("casual", "shirt", 500))


@pytest.mark.parametrize(
    "body",
    [b"", b"<html><p>No picture was found.</p>", b"\x00\xff\xfe\x81garbage<a href", b'<?xml version="1.0"?><rss/>'],
)
def test_a_page_without_results_is_no_failure(website, excite, body):
    website.add("/", body)
    assert list(excite.offers("casual", "shirt", 500)) == []


def test_a_japanese_query_is_encoded_as_utf8(website, excite):
    serve(website, [pictures(1)])
    assert urls(excite.offers("collection", "山本耀司 ランウェイ & co", 500)) == pictures(1)
    query = website.asked[0].removeprefix("/?")
    assert query.isascii()
    assert parse_qs(query) == {"q": ["山本耀司 ランウェイ & co"], "page": ["1"]}


def test_a_japanese_page_in_an_older_encoding(website, excite):
    page = '<meta charset="shift_jis"><title>画像検索</title><a href="https://a.test/画像.jpg">画像</a>'
    website.add("/", page.encode("shift_jis"), content_type="text/html")
    assert urls(excite.offers("casual", "shirt", 500)) == ["https://a.test/画像.jpg"]


def test_a_missing_later_page_is_the_end(website, excite):
    def page(request):
        answer(request, b'<a href="https://a.test/1">x</a>', status=200 if request.path.endswith("=1") else 404)

    website.pages["/"] = page
    assert urls(excite.offers("casual", "shirt", 500)) == ["https://a.test/1"]


def test_another_base_url_keeps_its_path(website, excite):
    website.add("/search/images", b'<a href="https://a.test/1">x</a>')
    moved = Excite(excite._fetcher, website.url("/search/images"))
    assert urls(moved.offers("casual", "shirt", 1)) == ["https://a.test/1"]


@pytest.mark.parametrize("status", [403, 404, 410, 500])
def test_an_error_on_the_first_page_is_told_in_one_line(website, excite, status):
    website.add("/", b"no", status=status)
    expected = (
        f"excite: {website.url('/?q=shirt&page=1')}: HTTP {status}{' (no)' if status == 403 else ''}"
        f"{', so the search may have ended' if status in (404, 410) else ''}, expected a page of results; "
        "try again later, or use another --source (wardrobe, openverse, met, commons, urls)"
    )
    with pytest.raises(SourceError, match=re.escape(expected)):
        list(excite.offers("casual", "shirt", 500))


def test_a_search_that_is_gone_is_told(website, excite):
    website.stop()
    with pytest.raises(
        SourceError, match="unreachable, so the search may have ended, expected .* use another --source"
    ):
        list(excite.offers("casual", "shirt", 500))


def test_a_search_that_moved_away_is_told(website, excite):
    website.add("/", b"", status=301, headers={"Location": website.url("/news", host="localhost")})
    website.add("/news", b'<a href="https://advertising.test/">buy</a>')
    with pytest.raises(SourceError, match="it sends us on to localhost, so the search has moved or ended, expected"):
        list(excite.offers("casual", "shirt", 500))


def test_a_private_host_needs_permission(website):
    with Fetcher(delay_seconds=0) as fetcher:
        with pytest.raises(SourceError, match=r"private address \(add --allow-private-hosts if that is meant\)"):
            list(Excite(fetcher, website.url()).offers("casual", "shirt", 500))


def test_sources_are_opened_by_name():
    with Fetcher(contact="me@studio.jp") as fetcher:
        for name in SOURCES:
            source = open_source(name, seed=0, queries={"casual": ["shirt"]}, fetcher=fetcher, base_url=None)
            assert source.name == name
            assert name not in others(name)
        with pytest.raises(ValueError, match="no source is called 'gone'"):
            open_source("gone", seed=0, queries={}, fetcher=fetcher, base_url=None)
