from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import answer
from turned_clock import TurnedClock

from demicouture.errors import SourceError
from demicouture.scraping.http_client import Fetcher
from demicouture.scraping.sources import met as module
from demicouture.scraping.sources.met import Met


@pytest.fixture
def met(website):
    with Fetcher(timeout_seconds=5, delay_seconds=0, allow_private_hosts=True, clock=TurnedClock()) as fetcher:
        waits = {"seconds_between_requests": 0.0, "forbidden_wait_seconds": 0.01}
        yield Met(fetcher, website.url("/public/collection/"), **waits)


def thing(number, **changes):
    """One object, with the fields that the documentation names."""
    return {
        "objectID": number,
        "isPublicDomain": True,
        "primaryImage": f"https://images.met.test/original/{number}.jpg",
        "primaryImageSmall": f"https://images.met.test/web-large/{number}.jpg",
        "title": "Evening dress",
        "objectName": "Dress",
        "classification": "Costumes",
        "artistDisplayName": "House of Worth",
        "creditLine": "Gift of Eva Drexel Dahlgren, 1976",
        "objectURL": f"https://www.met.test/art/collection/search/{number}",
    } | changes


def serve(website, things, *, page_size=500):
    by_number = {entry["objectID"]: entry for entry in things}

    def search(request):
        asked = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        start = int(asked["offset"])
        shown = list(by_number)[start : start + min(int(asked["limit"]), page_size)]
        body = {"total": len(by_number), "objectIDs": shown or None}
        answer(request, json.dumps(body).encode(), content_type="application/json")

    website.pages["/public/collection/v1.1/search"] = search
    for number, entry in by_number.items():
        website.add(f"/public/collection/v1/objects/{number}", json.dumps(entry).encode())


def test_objects_in_the_public_domain_come_with_their_page_and_credit(website, met):
    free = [thing(1), thing(4, primaryImageSmall="", objectName="Evening dress", artistDisplayName="")]
    serve(website, [free[0], thing(2, isPublicDomain=False), thing(3, primaryImage=""), free[1]])
    first, last = met.offers("collection", "Worth", 200)
    assert first.url == "https://images.met.test/web-large/1.jpg"
    assert first.page_url == "https://www.met.test/art/collection/search/1"
    assert first.title == "Evening dress (Dress)"
    assert first.creator == "House of Worth; Gift of Eva Drexel Dahlgren, 1976"
    assert (first.licence, first.licence_url[:25]) == ("CC0-1.0", "https://creativecommons.o")
    assert last.url == "https://images.met.test/original/4.jpg"
    assert (last.title, last.creator) == ("Evening dress", "unknown; Gift of Eva Drexel Dahlgren, 1976")
    asked = parse_qs(urlsplit(website.asked[0]).query)
    assert asked == {"q": ["Worth"], "departmentId": ["8"], "hasImages": ["true"], "offset": ["0"], "limit": ["500"]}
    assert website.asked[0].endswith("&q=Worth")  # With it first, the old search dropped its filters.
    assert website.robots_asked == []


def test_objects_are_asked_for_only_as_far_as_needed(website, met):
    serve(website, [thing(number) for number in range(1, 30)])
    assert len(list(met.offers("collection", "Worth", 3))) == 3
    assert len(website.asked) == 1 + 3


def test_pages_follow_each_other(website, met):
    serve(website, [thing(number) for number in range(1, 8)], page_size=3)
    module_size = module.PAGE_SIZE
    try:
        module.PAGE_SIZE = 3
        assert len(list(met.offers("collection", "Worth", 200))) == 7
    finally:
        module.PAGE_SIZE = module_size
    searches = [path for path in website.asked if "search" in path]
    assert [parse_qs(urlsplit(path).query)["offset"][0] for path in searches] == ["0", "3", "6"]


def test_the_same_results_for_ever_end(website, met):
    body = json.dumps({"total": 10_000, "objectIDs": [1, 2]}).encode()
    website.add("/public/collection/v1.1/search", body)
    for number in (1, 2):
        website.add(f"/public/collection/v1/objects/{number}", json.dumps(thing(number)).encode())
    assert len(list(met.offers("collection", "Worth", 200))) == 2
    assert len(website.asked) == 4


@pytest.mark.parametrize("body", [b'{"total": 0, "objectIDs": null}', b'{"total": 0}', b'{"objectIDs": []}'])
def test_no_results_are_no_failure(website, met, body):
    website.add("/public/collection/v1.1/search", body)
    assert list(met.offers("collection", "山本耀司", 200)) == []
    assert parse_qs(urlsplit(website.asked[0]).query)["q"] == ["山本耀司"]


def test_a_search_of_which_nothing_is_free_ends(website, met):
    serve(website, [thing(number, isPublicDomain=False) for number in range(1, 60)])
    assert list(met.offers("collection", "Worth", 2)) == []
    assert len(website.asked) == 1 + 2 * module.OBJECTS_FOR_AN_OFFER


def test_an_object_that_was_withdrawn_is_passed_over(website, met):
    serve(website, [thing(1), thing(2), thing(3, title=None, objectName=3, classification=None)])
    del website.pages["/public/collection/v1/objects/1"]
    found = list(met.offers("collection", "Worth", 200))
    assert [offer.url[-5:] for offer in found] == ["2.jpg", "3.jpg"]
    assert found[1].title == ""


@pytest.mark.parametrize("body", [b"words", b"[]", b"{}", b'{"objectIDs": "many", "total": 3}'])
def test_an_answer_that_changed_is_told_in_one_line(website, met, body):
    website.add("/public/collection/v1.1/search", body)
    with pytest.raises(
        SourceError, match=r"^met: http.*changed.*expected .*; try again later, or use another --source"
    ):
        list(met.offers("collection", "Worth", 200))


def test_one_request_a_second(website):
    assert module.SECONDS_BETWEEN_REQUESTS == 1 and module.FORBIDDEN_WAIT == 60
    serve(website, [])
    with Fetcher(timeout_seconds=5, delay_seconds=0, allow_private_hosts=True) as fetcher:
        list(Met(fetcher, website.url("/public/collection")).offers("collection", "Worth", 1))
        assert fetcher.rate_limits.ready_at("127.0.0.1") - website.times[0] >= 1


def test_a_403_means_to_wait(website):
    serve(website, [thing(1)])
    search = website.pages["/public/collection/v1.1/search"]

    def first_no_then_yes(request):
        if len(website.asked) == 1:
            answer(request, b"too fast", status=403)
        else:
            search(request)

    website.pages["/public/collection/v1.1/search"] = first_no_then_yes
    with Fetcher(timeout_seconds=5, delay_seconds=0, allow_private_hosts=True) as fetcher:
        waits = {"seconds_between_requests": 0.1, "forbidden_wait_seconds": 0.2}
        met = Met(fetcher, website.url("/public/collection/"), **waits)
        assert len(list(met.offers("collection", "Worth", 1))) == 1
    assert website.times[1] - website.times[0] >= 0.2 and website.times[2] - website.times[1] >= 0.1


def test_a_403_for_ever_is_told(website, met):
    website.add("/public/collection/v1.1/search", b"", status=403)
    with pytest.raises(SourceError, match=re.escape("HTTP 403, expected an answer for programs; try again at ")):
        list(met.offers("collection", "Worth", 1))
    assert len(website.asked) == 8


FIREWALL = b'<html style="height:100%"><head><META NAME="ROBOTS" CONTENT="NOINDEX, NOFOLLOW"></head>Incapsula</html>'


@pytest.mark.parametrize("status", [200, 403])
def test_the_firewalls_page_means_to_wait_also_on_the_image_host(website, met, status):
    pictures = website.url("/1.jpg", host="localhost")
    serve(website, [thing(1, primaryImageSmall=pictures)])
    pages = dict(website.pages) | {"/1.jpg": lambda request: answer(request, b"picture", content_type="image/jpeg")}

    def at_first(request):
        path = urlsplit(request.path).path
        if sum(urlsplit(asked).path == path for asked in website.asked) == 1:
            answer(request, FIREWALL, status=status)
        else:
            pages[path](request)

    website.pages.update(dict.fromkeys(pages, at_first))
    (offer,) = met.offers("collection", "Worth", 1)
    assert met._fetcher.fetch(offer.url).content == b"picture"
    assert [urlsplit(path).path[-9:] for path in website.asked] == [".1/search"[-9:]] * 2 + ["objects/1"] * 2 + [
        "/1.jpg"
    ] * 2
