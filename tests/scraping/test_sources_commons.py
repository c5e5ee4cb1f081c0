from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import answer
from turned_clock import TurnedClock

from demicouture.errors import InputError, SourceError
from demicouture.scraping.http_client import Fetcher
from demicouture.scraping.sources.commons import Commons


@pytest.fixture
def commons(website):
    how = {"timeout_seconds": 5, "delay_seconds": 0, "contact": "me@studio.jp", "clock": TurnedClock()}
    with Fetcher(**how, allow_private_hosts=True) as fetcher:
        yield Commons(fetcher, website.url("/w/api.php"))


def page(number, **changes):
    """One file, as the documentation of imageinfo shows it in format version 2."""
    facts = {
        "ObjectName": "Runway",
        "LicenseShortName": "CC BY-SA 4.0",
        "LicenseUrl": "https://creativecommons.org/licenses/by-sa/4.0",
        "Artist": '<a href="//commons.wikimedia.org/wiki/User:Anna" title="User:Anna">Anna &amp; co</a>',
        "Credit": '<span class="int-own-work">Own work</span>',
    } | changes.pop("facts", {})
    info = {
        "size": 2_000_000,
        "width": 4000,
        "height": 3000,
        "thumburl": f"https://upload.wiki.test/thumb/{number}.jpg/1280px-{number}.jpg",
        "thumbwidth": 1280,
        "thumbheight": 960,
        "url": f"https://upload.wiki.test/{number}.jpg",
        "descriptionurl": f"https://commons.wiki.test/wiki/File:{number}.jpg",
        "mime": "image/jpeg",
        "extmetadata": {name: {"value": value, "source": "commons-desc-page"} for name, value in facts.items()},
    } | changes
    return {"pageid": number, "ns": 6, "title": f"File:{number}.jpg", "index": number, "imageinfo": [info]}


def serve(website, pages, key="gsroffset"):
    """Serves files in pages of as many as are asked for."""

    def respond(request):
        asked = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        start = int(asked.get(key, 0))
        end = start + int(asked.get("gsrlimit") or asked["gcmlimit"])
        body = {"batchcomplete": True, "query": {"pages": pages[start:end][::-1]}}
        if end < len(pages):
            body["continue"] = {key: end, "continue": f"{key}||"}
        answer(request, json.dumps(body).encode(), content_type="application/json")

    website.pages["/w/api.php"] = respond


def test_files_come_with_page_creator_and_licence(website, commons):
    serve(website, [page(1), page(2, thumburl=None), page(3, facts={"Artist": ""})])
    first, second, third = commons.offers("collection", "runway look", 200)
    assert first.url == "https://upload.wiki.test/thumb/1.jpg/1280px-1.jpg"
    assert first.page_url == "https://commons.wiki.test/wiki/File:1.jpg"
    assert (first.title, first.creator, first.licence) == ("1.jpg", "Anna & co", "CC BY-SA 4.0")
    assert first.licence_url == "https://creativecommons.org/licenses/by-sa/4.0"
    assert second.url == "https://upload.wiki.test/2.jpg" and third.creator == "Own work"
    asked = {name: values[0] for name, values in parse_qs(urlsplit(website.asked[0]).query).items()}
    assert asked["generator"] == "search" and asked["gsrsearch"] == "runway look filetype:bitmap"
    assert (asked["gsrnamespace"], asked["gsrlimit"], asked["iiurlwidth"]) == ("6", "50", "1280")
    assert asked["iiprop"] == "url|size|mime|extmetadata"
    assert "(me@studio.jp)" in website.headers[0]["User-Agent"]
    assert website.robots_asked == []


def test_results_stand_in_the_searchs_order_and_pages_follow_each_other(website, commons):
    serve(website, [page(number) for number in range(1, 121)])
    found = list(commons.offers("collection", "runway", 110))
    assert [offer.title for offer in found] == [f"{number}.jpg" for number in range(1, 111)]
    assert len(website.asked) == 3


def test_a_category(website, commons):
    serve(website, [page(number) for number in range(1, 61)], "gcmcontinue")
    assert len(list(commons.offers("collection", "Category:Fashion shows in Paris", 500))) == 60
    asked = parse_qs(urlsplit(website.asked[0]).query)
    assert asked["gcmtitle"] == ["Category:Fashion shows in Paris"] and asked["gcmtype"] == ["file"]


def test_what_is_no_photograph_is_passed_over(website, commons):
    odd = [page(2, mime="image/svg+xml"), page(3, mime="application/pdf"), page(4, mime=None), {"pageid": 5}, 7, None]
    odd += [page(6, thumburl=3, url=None), {"imageinfo": []}, {"imageinfo": ["x"]}, page(8, extmetadata="none")]
    serve(website, [page(1), *odd])
    found = list(commons.offers("collection", "山本耀司", 200))
    assert sorted(offer.url[-5:] for offer in found) == ["1.jpg", "8.jpg"]
    assert parse_qs(urlsplit(website.asked[0]).query)["gsrsearch"] == ["山本耀司 filetype:bitmap"]


@pytest.mark.parametrize("body", [{"batchcomplete": True}, {"batchcomplete": True, "query": {"pages": []}}])
def test_no_results_are_no_failure(website, commons, body):
    website.add("/w/api.php", json.dumps(body).encode())
    assert list(commons.offers("collection", "runway", 200)) == []


def test_the_same_results_for_ever_end(website, commons):
    body = {"query": {"pages": [page(1)]}, "continue": {"gsroffset": 50, "continue": "gsroffset||"}}
    website.add("/w/api.php", json.dumps(body).encode())
    assert len(list(commons.offers("collection", "runway", 200))) == 1
    assert len(website.asked) == 2


def test_a_page_that_only_adds_to_the_one_before_is_not_the_end(website, commons):
    bare = page(2) | {"imageinfo": None}
    bodies = [
        {"query": {"pages": [page(1), bare]}, "continue": {"iicontinue": "2|x", "continue": "||"}},
        {"query": {"pages": [page(1), bare]}, "continue": {"iicontinue": "2|y", "continue": "||"}},
        {"batchcomplete": True, "query": {"pages": [page(2)]}},
    ]
    website.pages["/w/api.php"] = lambda request: answer(request, json.dumps(bodies[len(website.asked) - 1]).encode())
    assert len(list(commons.offers("collection", "runway", 200))) == 2


def test_older_versions_of_a_file_are_not_gone_into(website, commons):
    # So goes a batch of one file on: into versions that lie in /archive/, where robots.txt forbids to go.
    body = {"query": {"pages": [page(1)]}, "continue": {"iistart": "2011-03-01T10:00:00Z", "continue": "||"}}
    website.add("/w/api.php", json.dumps(body).encode())
    assert len(list(commons.offers("collection", "runway", 200))) == 1
    assert len(website.asked) == 1


def test_a_search_that_is_too_busy_is_tried_again_later(website, commons):
    busy = {"error": {"code": "cirrussearch-too-busy-error", "info": "Search is currently too busy."}}
    bodies = [busy, busy, {"batchcomplete": True, "query": {"pages": [page(1)]}}]
    website.pages["/w/api.php"] = lambda request: answer(request, json.dumps(bodies[len(website.asked) - 1]).encode())
    assert len(list(commons.offers("collection", "runway", 200))) == 1
    assert commons._fetcher.clock.now() >= 5 + 30


def test_half_a_character_in_what_continues_a_search(website, commons):
    bodies = [
        {"query": {"pages": [page(1)]}, "continue": {"gsroffset": "\ud800", "continue": "gsroffset||"}},
        {"batchcomplete": True, "query": {"pages": [page(2)]}},
    ]
    website.pages["/w/api.php"] = lambda request: answer(request, json.dumps(bodies[len(website.asked) - 1]).encode())
    assert len(list(commons.offers("collection", "runway", 200))) == 2


def test_the_name_is_that_of_the_licences_own_attribution_and_there_once(website, commons):
    unknown = '<span>Unknown author</span><span style="display: none;">Unknown author</span>'
    serve(website, [page(1, facts={"Attribution": "Photo: Anna / CC BY"}), page(2, facts={"Artist": unknown})])
    names = [offer.creator for offer in commons.offers("collection", 'deepcategory:"Fashion shows in Paris"', 5)]
    assert names == ["Photo: Anna / CC BY", "Unknown author"]
    asked = parse_qs(urlsplit(website.asked[0]).query)
    assert asked["gsrsearch"] == ['deepcategory:"Fashion shows in Paris" filetype:bitmap']
    assert "Attribution" in asked["iiextmetadatafilter"][0].split("|")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            b"Please set a user-agent and respect our robot policy https://w.wiki/4wJS.\n",
            "Please set",
        ),
        (b"<html><style>p {}</style><p>Scripted&nbsp;requests must <b>not</b>", "Scripted requests must not"),
        (b"", "HTTP 403, expected"),
    ],
)
def test_a_403_is_told_in_its_own_words(website, commons, words, told):
    website.add("/w/api.php", words, status=403)
    with pytest.raises(SourceError, match=f"HTTP 403.*{told}|{told}"):
        list(commons.offers("collection", "runway", 200))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            '{"error": {"code": "ratelimited", "info": "You\'ve exceeded your rate limit."}}',
            "ratelimited: You've exceed",
        ),
        ('{"error": {"code": "badvalue", "info": "Unrecognized value"}}', "badvalue: Unrecognized value"),
        ("<html>", "found no JSON"),
        ('{"query": []}', "found no pages in it, so the service has changed"),
        ('{"query": {"pages": {"1": {}}}}', "found no pages"),
        ("{}", "found no pages"),
    ],
)
def test_an_answer_that_changed_is_told_in_one_line(website, commons, body, told):
    website.add("/w/api.php", body.encode())
    with pytest.raises(SourceError, match=rf"^commons: http.*{told}.*expected an answer for programs; try again later"):
        list(commons.offers("collection", "runway", 200))


def test_without_a_contact_nothing_is_asked():
    with Fetcher() as fetcher:
        with pytest.raises(
            InputError, match=r"^--contact: found none, expected an e-mail address .*; add --contact with your own"
        ):
            Commons(fetcher)
