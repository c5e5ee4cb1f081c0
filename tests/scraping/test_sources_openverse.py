from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import answer
from turned_clock import TurnedClock

from demicouture.errors import SourceError
from demicouture.scraping.http_client import Fetcher
from demicouture.scraping.search_answers import SearchAnswers
from demicouture.scraping.sources.openverse import MUSEUMS, TOKEN_VARIABLE, Openverse


@pytest.fixture
def clock():
    return TurnedClock()


@pytest.fixture
def fetcher(clock):
    with Fetcher(timeout_seconds=5, delay_seconds=0, allow_private_hosts=True, clock=clock) as fetcher:
        yield fetcher


@pytest.fixture
def openverse(website, fetcher, monkeypatch):
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    return Openverse(fetcher, website.url("/v1/images/"))


def result(number, **changes):
    """One result, with the fields that the documentation names."""
    return {
        "id": f"00000000-0000-0000-0000-{number:012d}",
        "title": f"Look {number}",
        "url": f"https://live.pictures.test/{number}.jpg",
        "thumbnail": f"https://api.openverse.test/v1/images/{number}/thumb/",
        "creator": "Anna",
        "creator_url": "https://pictures.test/anna",
        "license": "by-sa",
        "license_version": "2.0",
        "license_url": "https://creativecommons.org/licenses/by-sa/2.0/",
        "attribution": f'"Look {number}" by Anna is licensed under CC BY-SA 2.0.',
        "foreign_landing_url": f"https://pictures.test/anna/{number}",
        "source": "flickr",
        "width": 1024,
        "height": 683,
    } | changes


def serve(website, results, headers=None):
    """Serves a search in pages of the size that is asked for, and refuses what the documentation refuses."""

    def page(request):
        asked = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        size, number = int(asked["page_size"]), int(asked["page"])
        token = request.headers.get("Authorization")
        if size > (50 if token else 20) or number * size > 240:
            return answer(request, b'{"detail": "page_size may not exceed 20"}', status=401)
        count = min(len(results), 240)
        pages = -(-count // size)
        shown = results[(number - 1) * size : number * size]
        body = {"result_count": count, "page_count": pages, "page_size": size, "page": number, "results": shown}
        answer(request, json.dumps(body).encode(), content_type="application/json", headers=headers)

    website.pages["/v1/images/"] = page


def test_results_come_with_page_creator_and_licence(website, openverse):
    serve(website, [result(1), result(2, license="cc0", license_version="1.0"), result(3, license="pdm", title=None)])
    first, second, third = openverse.offers("casual", "polo shirt", 500)
    assert first.url == "https://live.pictures.test/1.jpg"
    assert first.page_url == "https://pictures.test/anna/1"
    assert first.thumbnail == "https://api.openverse.test/v1/images/1/thumb/"
    assert (first.title, first.creator, first.licence) == ("Look 1", "Anna", "CC-BY-SA-2.0")
    assert first.licence_url == "https://creativecommons.org/licenses/by-sa/2.0/"
    assert (second.licence, third.licence, third.title) == ("CC0-1.0", "CC-PDM-2.0", "")
    asked = parse_qs(urlsplit(website.asked[0]).query)
    assert asked == {
        **{"q": ["polo shirt"], "page": ["1"], "page_size": ["20"]},
        **{"license_type": ["modification"], "category": ["photograph"]},
    }
    assert len(website.asked) == 1  # page_count says that there is no second page.
    assert website.robots_asked == []  # An interface for programs.


def test_no_more_pages_are_asked_than_are_needed(website, openverse):
    serve(website, [result(number) for number in range(100)])
    assert [offer.title for offer in openverse.offers("casual", "shirt", 45)] == [f"Look {n}" for n in range(45)]
    assert len(website.asked) == 3


@pytest.mark.parametrize(("token", "pages"), [("", 12), ("secret", 5)])
def test_a_search_gives_240_results_with_or_without_a_token(website, fetcher, monkeypatch, token, pages):
    monkeypatch.setenv(TOKEN_VARIABLE, token)
    serve(website, [result(number) for number in range(1000)])
    openverse = Openverse(fetcher, website.url("/v1/images/"))
    assert len(list(openverse.offers("casual", "shirt", 1000))) == openverse.limits.most == 240
    assert len(website.asked) == pages


@pytest.mark.parametrize(
    ("flags", "sent"),
    [
        ({"only": "flickr,met"}, {"source": ["flickr,met"]}),
        ({"without": "flickr"}, {"excluded_source": ["flickr"]}),
        ({"only": "museum"}, {"source": [MUSEUMS]}),
        ({}, {}),
    ],
)
def test_collections_are_chosen_or_left_out(website, fetcher, flags, sent):
    serve(website, [result(1)])
    list(Openverse(fetcher, website.url("/v1/images/"), **flags).offers("casual", "shirt", 5))
    asked = parse_qs(urlsplit(website.asked[0]).query)
    assert {name: value for name, value in asked.items() if "source" in name} == sent


def test_what_was_answered_is_not_asked_again(website, openverse, tmp_path):
    serve(website, [result(number) for number in range(60)])
    for _ in range(2):
        with SearchAnswers(tmp_path) as openverse._fetcher.answers:
            assert len(list(openverse.offers("casual", "shirt", 30))) == 30
    with SearchAnswers(tmp_path) as openverse._fetcher.answers:
        assert len(list(openverse.offers("casual", "shirt", 60))) == 60
    assert len(website.asked) == 3


def test_no_results_are_no_failure(website, openverse):
    serve(website, [])
    assert list(openverse.offers("casual", "shirt", 500)) == []


def test_the_same_results_for_ever_end_at_once(website, openverse):
    body = json.dumps({"page_count": 20, "results": [result(number) for number in range(20)]}).encode()
    website.add("/v1/images/", body, content_type="application/json")
    assert len(list(openverse.offers("casual", "shirt", 500))) == 20
    assert len(website.asked) == 2


def test_a_japanese_query(website, openverse):
    serve(website, [result(1, title="袖の\n大きい服", creator="花子")])
    (offer,) = openverse.offers("collection", "山本耀司 ランウェイ & co", 5)
    assert website.asked[0].isascii()
    assert parse_qs(urlsplit(website.asked[0]).query)["q"] == ["山本耀司 ランウェイ & co"]
    assert (offer.title, offer.creator) == ("袖の 大きい服", "花子")


def test_results_of_another_shape_are_passed_over(website, openverse):
    odd = ["words", None, 3, {}, result(1, url=None), result(2, url="ftp://a.test/1"), result(3, url=["x"])]
    odd.append(result(6, url="https://a.test/" + "x" * 8000))
    strange = result(4, title={"en": "x"}, creator=7, license=None, license_url="javascript:alert(1)")
    strange["foreign_landing_url"] = "data:text/html,x"
    serve(website, [*odd, strange, result(5, title="half a \ud800 pair")])
    four, five = openverse.offers("casual", "shirt", 500)
    assert (four.title, four.creator, four.licence, four.licence_url, four.page_url) == ("", "", "", "", "")
    assert five.title == "half a ? pair"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<html>moved</html>", "found no JSON, so the service has moved or changed"),
        (b"[" * 100_000, "found no JSON"),
        (b"[]", "found JSON of another shape"),
        (b'{"images": []}', "found no results in it, so the service has changed"),
        (b'{"results": {"1": {}}}', "found no results in it"),
    ],
)
def test_an_answer_that_changed_is_told_in_one_line(website, openverse, body, told):
    website.add("/v1/images/", body, content_type="application/json")
    with pytest.raises(
        SourceError, match=rf"^openverse: http://.*: {told}.*; try again later, or use another --source"
    ):
        list(openverse.offers("casual", "shirt", 500))


def test_an_error_is_told_with_the_other_sources(website, openverse):
    website.add("/v1/images/", b"", status=500)
    message = "HTTP 500, expected an answer for programs; try again later, or use another --source (wardrobe, met,"
    with pytest.raises(SourceError, match=re.escape(message)):
        list(openverse.offers("casual", "shirt", 500))


def timed(website, clock):
    """Returns a list that will have the time of each search."""
    page, times = website.pages["/v1/images/"], []
    website.pages["/v1/images/"] = lambda request: (times.append(clock.now()), page(request))
    return times


def test_a_burst_limit_spreads_the_searches_and_nothing_else(website, openverse, clock):
    headers = {"X-RateLimit-Limit-anon_burst": "10/min", "X-RateLimit-Available-anon_burst": "9"}
    serve(website, [result(number) for number in range(60)], headers)
    times = timed(website, clock)
    list(openverse.offers("casual", "shirt", 60))
    assert [later - earlier for earlier, later in zip(times, times[1:], strict=False)] == [6, 6]
    assert openverse._fetcher.rate_limits.ready_at("127.0.0.1") - times[-1] == pytest.approx(0.4)  # 150 a minute.


def test_twenty_a_minute_where_the_service_names_no_limit(website, openverse, clock):
    serve(website, [result(number) for number in range(60)])
    times = timed(website, clock)
    list(openverse.offers("casual", "shirt", 60))
    assert [later - earlier for earlier, later in zip(times, times[1:], strict=False)] == [3, 3]


def test_a_burst_that_is_used_up_is_waited_for(website, openverse, clock):
    headers = {"X-RateLimit-Limit-anon_burst": "20/min", "X-RateLimit-Available-anon_burst": "0"}
    serve(website, [result(number) for number in range(40)], headers)
    times = timed(website, clock)
    list(openverse.offers("casual", "shirt", 40))
    assert times[1] - times[0] == 60


SPENT = (
    r"openverse: has answered all requests that it grants \(.*\), expected more; come back at 09:00 on 2030-05-07 "
    r"\(or set OPENVERSE_TOKEN to a token of your own\) and run: "
)


def test_a_day_that_is_used_up_ends_the_search_after_its_last_results(website, openverse):
    headers = {"X-RateLimit-Limit-anon_sustained": "200/day", "X-RateLimit-Available-anon_sustained": "0"}
    serve(website, [result(number) for number in range(40)], headers)
    offers = openverse.offers("casual", "shirt", 40)
    assert len([next(offers) for _ in range(20)]) == 20
    with pytest.raises(SourceError, match=SPENT):
        next(offers)
    with pytest.raises(SourceError, match=SPENT):
        list(openverse.offers("casual", "fleece", 40))
    assert len(website.asked) == 1


def test_a_day_that_was_used_up_before_keeps_nobody_from_the_pictures(website, openverse):
    website.add("/v1/images/", b"", status=429, headers={"Retry-After": str(24 * 3600)})
    with pytest.raises(SourceError, match=SPENT):
        list(openverse.offers("casual", "shirt", 40))
    thumbnail = website.add("/v1/images/1/thumb/", b"picture")
    assert openverse._fetcher.fetch(thumbnail, crawling=False).content == b"picture"


@pytest.mark.parametrize("value", ["", "many", "0/min", "20/fortnight", "20", "-1/min", "9" * 40 + "/min"])
def test_rate_headers_of_another_form_change_nothing(website, openverse, value):
    serve(website, [result(number) for number in range(40)], {"X-RateLimit-Limit-x": value})
    assert len(list(openverse.offers("casual", "shirt", 40))) == 40


def test_a_token_of_ones_own_is_sent_to_the_service_alone(website, fetcher, monkeypatch):
    monkeypatch.setenv(TOKEN_VARIABLE, "secret-token")
    serve(website, [result(number) for number in range(60)])
    assert len(list(Openverse(fetcher, website.url("/v1/images/")).offers("casual", "shirt", 60))) == 60
    assert [headers["Authorization"] for headers in website.headers] == ["Bearer secret-token"] * 2
    assert parse_qs(urlsplit(website.asked[0]).query)["page_size"] == ["48"]

    website.add(
        "/old/", b"", status=302, headers={"Location": website.url("/v1/images/?page=1&page_size=20", "localhost")}
    )
    list(Openverse(fetcher, website.url("/old/")).offers("casual", "shirt", 1))
    assert "Authorization" in website.headers[-2] and "Authorization" not in website.headers[-1]


def test_a_token_that_is_refused_is_told_without_showing_it(website, monkeypatch):
    monkeypatch.setenv(TOKEN_VARIABLE, "secret-token")
    website.add("/v1/images/", b'{"detail": "token expired"}', status=401)
    with Fetcher(timeout_seconds=5, delay_seconds=0, allow_private_hosts=True) as fetcher:
        with pytest.raises(
            SourceError,
            match=r"the token in OPENVERSE_TOKEN is refused \(one lives for half a day\), expected a valid one",
        ) as caught:
            list(Openverse(fetcher, website.url("/v1/images/")).offers("casual", "shirt", 1))
    assert "secret" not in str(caught.value)
