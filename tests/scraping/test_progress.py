from __future__ import annotations

import re

from turned_clock import TurnedClock

from demicouture.scraping.progress import PoleProgress, count_table
from demicouture.scraping.queries import Query

QUERIES = [Query("casual", "shirt", 500), Query("casual", "fleece", 500), Query("collection", "look", 200)]


def count(pole, query):
    return {"fetched": 10, "refused": {"timeout": 2} if query == "shirt" else {}}


def shown(capsys):
    return re.split(r"[\r\n]|\x1b\[A", capsys.readouterr().err)


def test_a_line_for_each_pole_tells_how_far_it_is_and_what_was_refused(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    waits = {}
    with PoleProgress(
        QUERIES, {QUERIES[0]: 50, QUERIES[2]: 5}, count, lambda: waits, retrying=False, quiet=False
    ) as progress:
        for _ in range(3):
            progress.update(QUERIES[0], "fetched", "")
        for reason in ("HTTP 404", "too small", "opted out", "undecodable", "undecodable"):
            progress.update(QUERIES[0], "failed", reason)
        waits.update({"slow.test": 59.6, "soon.test": 1})
        progress.idle()
    lines = shown(capsys)
    casual = [line for line in lines if line.startswith("casual")][-1]
    assert "casual     23/1,000 fetched; 7 refused (timeout 2, undecodable 2, " in casual and ", …)" in casual
    assert "slow.test asks us to wait 60 s" in casual and "soon.test" not in casual
    assert " pictures/s, " in casual and " left" in casual
    assert any(line.startswith("collection 10/200 fetched") for line in lines)


def test_what_is_tried_again_is_counted_anew(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with PoleProgress(QUERIES, {QUERIES[0]: 2}, count, dict, retrying=True, quiet=False) as progress:
        progress.update(QUERIES[0], "failed", "HTTP 404")
        progress.update(QUERIES[0], "fetched", "")
        progress.idle()
    casual = [line for line in shown(capsys) if line.startswith("casual")][-1]
    assert "21/1,000 fetched; 1 refused (HTTP 404 1) |" in casual


def test_nothing_is_shown_where_nobody_watches(capsys):
    for quiet in (True, False):  # The tests' own output is no terminal.
        with PoleProgress(QUERIES, {}, count, dict, retrying=False, quiet=quiet) as progress:
            progress.update(QUERIES[0], "failed", "timeout")
            progress.idle()
    assert capsys.readouterr().err == ""


def test_the_table():
    rows = [
        {"pole": "b", "wanted": 500, "offered": 400, "fetched": 300, "duplicates": 40, "refused": {"timeout": 60}},
        {"pole": "a", "wanted": 5, "offered": 0, "fetched": 0, "duplicates": 0, "refused": {}},
        {
            "pole": "b",
            "wanted": 1,
            "offered": 2,
            "fetched": 0,
            "duplicates": 0,
            "refused": {"HTTP 404": 1, "timeout": 1},
        },
    ]
    assert [line.split() for line in count_table(rows).splitlines()] == [
        ["wanted", "found", "fetched", "duplicates", "refused"],
        ["a", "5", "0", "0", "0", "0"],
        ["b", "501", "402", "300", "40", "62", "(timeout", "61,", "HTTP", "404", "1)"],
    ]


def test_without_a_terminal_a_line_every_minute(capsys):
    clock = TurnedClock()
    how = {"pictures_only": True, "least_seconds": lambda number: number * 3600.0, "clock": clock}
    with PoleProgress(QUERIES, {QUERIES[0]: 50}, count, dict, retrying=False, quiet=False, **how) as progress:
        for second in range(1, 181):
            clock.turn_to(second)
            progress.update(
                QUERIES[0], "fetched" if second % 60 == 30 else "failed", "" if second % 60 == 30 else "timeout"
            )
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:4] for line in lines if "casual" in line] == [
        ["09:01", "casual", "21/1,000", "fetched;"],
        ["09:02", "casual", "22/1,000", "fetched;"],
        ["09:03", "casual", "23/1,000", "fetched;"],
    ]
    assert "2.0 days left" in lines[0]  # What the source allows, not the pace.
    with PoleProgress(QUERIES, {QUERIES[0]: 50}, count, dict, retrying=False, quiet=True, **how) as progress:
        clock.turn_to(1000)
        progress.idle()
    assert capsys.readouterr().out == ""


def test_the_time_left_is_that_of_the_pace_where_the_source_has_no_limits(capsys):
    clock = TurnedClock()
    with PoleProgress(QUERIES, {QUERIES[0]: 50}, count, dict, retrying=False, quiet=False, clock=clock) as progress:
        clock.turn_to(60)
        progress.update(QUERIES[0], "fetched", "")
    assert "; 49 min left" in capsys.readouterr().out
