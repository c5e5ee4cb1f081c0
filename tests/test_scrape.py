from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from urllib.parse import parse_qs, urlsplit

import killable
import pytest
from conftest import Website, answer
from samples import bomb, encode, garment, jpeg, noise
from turned_clock import TurnedClock

import scrape
from demicouture import cli, parallel, runs
from demicouture.cli import HOUSE
from demicouture.errors import InputError, OptionsError, SourceError
from demicouture.images import find_pictures
from demicouture.scraping import failure_reasons
from demicouture.scraping.manifest import KEYS
from demicouture.scraping.queries import folder_name
from demicouture.scraping.sources.wardrobe import Wardrobe

ROOT = Path(__file__).parent.parent
SCRIPT = str(ROOT / "scrape.py")
PLAN = "pole,query,count\ncasual,hoody,4\ncasual,polo shirt,4\ncollection,long cape,4\n"


@pytest.fixture
def home(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/queries.csv").write_text(PLAN, encoding="utf-8")
    return tmp_path


def run(home, *flags):
    scrape.main(["--home", str(home), "--quiet", *map(str, flags)])


def run_excite(home, website, *flags):
    run(home, "--source", "excite", "--base-url", website.url("/search"), "--delay", 0, "--allow-private-hosts", *flags)


def lines(home):
    return [json.loads(line) for line in (home / "data/1-scraped/manifest.jsonl").read_text("utf-8").splitlines()]


def timeless(home):
    return [{key: value for key, value in line.items() if key != "fetched_at"} for line in lines(home)]


def tree(home):
    folder = home / "data/1-scraped"
    pictures = [path for path in find_pictures(folder) if path.parent != folder]  # Not the contact sheets.
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in pictures}


def summary(home):
    return json.loads((home / "data/1-scraped/summary.json").read_text("utf-8"))["results"]


def serve(website, results):
    """Serves a search whose single page of results for a query is given by ``results``."""

    def page(request):
        asked = parse_qs(urlsplit(request.path).query)
        links = results.get(asked["q"][0], []) if asked["page"] == ["1"] else []
        answer(request, "".join(f'<a href="{link}">x</a>' for link in links).encode())

    website.pages["/search"] = page


def elsewhere(website, path):
    return website.url(path, host="localhost")


# The queries file


def test_a_queries_file_that_does_not_fit_is_refused_before_anything_is_made(home):
    (home / "data/queries.csv").write_text("pole,query,count\n")
    with pytest.raises(InputError, match=re.escape(f"{home / 'data/queries.csv'}: found 0 poles (no rows), expected")):
        run(home)
    assert not (home / "data/1-scraped").exists()


def test_a_queries_file_from_a_spreadsheet_is_understood(home):
    (home / "data/queries.csv").write_text("\ufeffcount;query;pole\r\n1;shirt;casual\r\n1;cape;couture\r\n", "utf-8")
    run(home)
    assert sorted(path.split("/")[0] for path in tree(home)) == ["casual", "couture"]


@pytest.mark.parametrize("pole", ["red shirts", "Große Größen", "普段着", "b&w (1990s), old's", "袖" * 66])
def test_a_pole_may_have_any_name_that_a_folder_can_have(home, pole):
    (home / "data/queries.csv").write_text(f'pole,query,count\n"{pole}",shirt,1\ncouture,cape,1\n', "utf-8")
    run(home)
    assert sorted(path.split("/")[0] for path in tree(home)) == sorted(["couture", pole])


def test_without_a_queries_file_of_its_own_a_home_takes_the_seeds(tmp_path, capsys):
    scrape.main(["--home", str(tmp_path), "--plan", "--source", "excite"])
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "excite gives at most 2,000 pictures of a query, 20 a request"
    assert [line.split() for line in told[2:4]] == [
        ["casual", "96", "4,000", "4,000", "200"],
        ["collection", "250", "10,000", "10,000", "500"],
    ]
    assert told[-2] == "openverse: at most 14,000 of 14,000 pictures, in at least 3.0 days"
    assert told[-1].startswith("met: at most 14,000 of 14,000 pictures, in at least 7.") and "no runway" in told[-1]
    assert not (tmp_path / "data/1-scraped").exists()


def test_the_wardrobe_draws_the_demonstrations_queries_for_the_seeds_name_fashion_houses(tmp_path, capsys):
    scrape.main(["--home", str(tmp_path), "--plan"])
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "wardrobe: 800 pictures of 16 queries; it asks nobody, so no limits apply" and len(told) == 4
    with pytest.raises(InputError, match="found the query 'Chanel "):
        scrape.main(["--home", str(tmp_path), "--queries", str(HOUSE / "data/queries.csv"), "--quiet"])
    assert not list(tmp_path.rglob("*.jpg"))
    # The seed's own, in the repository's folder, is not what a person wrote for the wardrobe.
    assert scrape.parse_args(["--home", str(HOUSE)]).queries == HOUSE / "data/queries-demo.csv"
    assert scrape.parse_args(["--home", str(HOUSE), "--source", "met"]).queries == HOUSE / "data/queries.csv"


def test_an_unknown_pole_is_told(home):
    with pytest.raises(InputError, match=r"--pole: found 'formal', expected casual or collection, the poles in .*csv"):
        run(home, "--pole", "formal")


# The wardrobe


def test_the_wardrobe_is_written_as_the_design_says(home):
    run(home)
    found = lines(home)
    assert [line["url"] for line in found[:4]] == [f"wardrobe:casual/hoody/{index:05d}?seed=0" for index in range(4)]
    files = tree(home)
    for line in found:
        assert tuple(line) == KEYS
        content = files[line["file"]]
        assert line["status"] == "fetched" and line["source"] == "wardrobe"
        assert hashlib.sha256(content).hexdigest() == line["sha256"]
        assert re.fullmatch(rf"{line['pole']}/{folder_name(line['query'])}/{line['sha256'][:16]}\.\w+", line["file"])
        assert line["width"] > 0 and line["height"] > 0
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", line["fetched_at"])
    rows = summary(home)["queries"]
    assert [(row["pole"], row["query"], row["wanted"], row["fetched"]) for row in rows] == [
        ("casual", "hoody", 4, 4),
        ("casual", "polo shirt", 4, 4),
        ("collection", "long cape", 4, 4),
    ]


def test_the_summary_names_what_was_read_and_what_was_made(home):
    run(home, "--limit", 9, "--contact", "anna@my-wear.org")
    folder = home / "data/1-scraped"
    found = json.loads((folder / "summary.json").read_text("utf-8"))
    assert found["inputs"] == {"queries": hashlib.sha256(PLAN.encode()).hexdigest(), "urls": None}
    sheets = ["casual.hoody.png", "casual.polo-shirt.png", "collection.long-cape.png"]
    assert found["files"] == ["ATTRIBUTION.md", "attribution.csv", *sheets, "manifest.jsonl", "query-progress.json"]
    assert sorted(found["results"]) == ["flags", "queries"]
    assert ["--limit", "9"] in found["results"]["flags"] and "anna" not in str(found["results"]["flags"])
    assert found["options"].keys() == {"poles", "seed", "queries", "limit"}


@pytest.mark.parametrize("name", ["attribution.csv", "ATTRIBUTION.md", "casual.hoody.png"])
def test_a_file_that_is_removed_is_made_again(home, name):
    run(home, "--limit", 1)
    file = home / "data/1-scraped" / name
    before = file.read_bytes()
    file.unlink()
    run(home, "--limit", 1)
    assert file.read_bytes() == before and len(lines(home)) == 3


def test_planted_waste_is_written_as_it_is(home):
    wardrobe = Wardrobe(queries={"casual": ["hoody", "polo shirt"], "collection": ["long cape"]})
    first = next(i for i in range(1000) if wardrobe.kind("casual", "hoody", i) == "truncated")
    folder = home / "data/1-scraped"
    folder.mkdir()
    # Lines for all offers before it stand in for the time that drawing those would take.
    skipped = dict.fromkeys(KEYS, "") | {"pole": "casual", "query": "hoody", "source": "wardrobe", "status": "failed"}
    text = "".join(json.dumps(skipped | {"url": wardrobe.url("casual", "hoody", i)}) + "\n" for i in range(first))
    (folder / "manifest.jsonl").write_text(text)
    (home / "data/queries.csv").write_text(PLAN.replace("hoody,4", f"hoody,{first + 1}"))
    run(home, "--pole", "casual")
    line = next(line for line in lines(home) if line["url"] == wardrobe.url("casual", "hoody", first))
    assert (line["status"], line["reason"]) == ("fetched", "planted:truncated")
    content = tree(home)[line["file"]]
    assert content == wardrobe.offer("casual", "hoody", first).content
    assert line["width"] >= 128


def test_nothing_to_do_is_said_and_changes_nothing(home, capsys):
    run(home)
    before, manifest = tree(home), lines(home)
    scrape.main(["--home", str(home)])
    assert "1-scraped: nothing to do; for more pictures raise --limit, or the counts in" in capsys.readouterr().out
    assert (tree(home), lines(home)) == (before, manifest)


def test_a_higher_limit_extends_and_a_lower_one_is_refused(home, tmp_path_factory):
    run(home, "--limit", 1)
    assert len(lines(home)) == 3
    run(home, "--limit", 3)
    at_once = tmp_path_factory.mktemp("at-once")
    run(at_once, "--limit", 3, "--queries", home / "data/queries.csv")
    assert tree(home) == tree(at_once)
    with pytest.raises(OptionsError, match=r"made with --limit 3 \(now 2, expected at least as many\)"):
        run(home, "--limit", 2)


def test_one_pole_now_and_the_other_later(home, tmp_path_factory):
    run(home, "--pole", "collection")
    assert {line["pole"] for line in lines(home)} == {"collection"}
    run(home)
    at_once = tmp_path_factory.mktemp("at-once")
    run(at_once, "--queries", home / "data/queries.csv")
    assert tree(home) == tree(at_once)


def test_one_pole_alone_may_be_collected_and_the_other_from_another_file(home, capsys):
    one, other = home / "one.csv", home / "other.csv"
    one.write_text("pole,query,count\ncasual,hoody,2\n")
    other.write_text("pole,query,count\ncouture,cape,2\n")
    scrape.main(["--home", str(home), "--queries", str(one)])
    told = capsys.readouterr().out
    assert f"a data set needs two poles: collect the other one into {home / 'data/1-scraped'} as well\n" in told
    run(home, "--queries", other, "--source", "wardrobe", "--fresh")
    assert {line["pole"] for line in lines(home)} == {"couture"}


def test_poles_from_the_web_may_come_from_two_files(home, website):
    website.add("/1.jpg", jpeg(1))
    website.add("/2.jpg", jpeg(2))
    serve(website, {"hoody": [elsewhere(website, "/1.jpg")], "Prada": [elsewhere(website, "/2.jpg")]})
    for name, row in (("one", "casual,hoody,1"), ("other", "couture,Prada,1"), ("third", "formal,hoody,1")):
        (home / f"{name}.csv").write_text(f"pole,query,count\n{row}\n")
    for name in ("one", "other", "one"):
        run_excite(home, website, "--queries", home / f"{name}.csv")
    assert [line["pole"] for line in lines(home)] == ["casual", "couture"]
    with pytest.raises(OptionsError, match=r"holds the poles casual and couture, but .*third\.csv has formal; choose"):
        run_excite(home, website, "--queries", home / "third.csv")


def test_another_seed_draws_another_wardrobe_and_is_refused_in_the_same_folder(home, capsys):
    run(home, "--limit", 1)
    with pytest.raises(OptionsError, match=r"1-scraped: made with --seed 0 \(now 7\); to go on with these, run: "):
        run(home, "--limit", 1, "--seed", 7)
    before = tree(home)
    capsys.readouterr()
    scrape.main(["--home", str(home), "--limit", "1", "--seed", "7", "--fresh"])
    folder = home / "data/1-scraped"
    assert f"{folder}: starting over; the old folder is now {folder}.old-1\n" in capsys.readouterr().out
    assert not before.keys() & tree(home).keys()
    assert (home / "data/1-scraped.old-1/summary.json").exists()


def test_other_queries_are_refused_for_the_wardrobe(home):
    run(home, "--limit", 1)
    (home / "data/queries.csv").write_text(PLAN + "casual,fleece,4\n")
    with pytest.raises(OptionsError, match=r"made with --queries [0-9a-f]{16} \(now [0-9a-f]{16}\)"):
        run(home, "--limit", 1)


def test_other_poles_are_refused(home):
    run(home, "--limit", 1)
    (home / "data/queries.csv").write_text(PLAN.replace("collection", "couture"))
    message = r"1-scraped: holds the poles casual and collection, but .*csv has casual and couture; choose another"
    with pytest.raises(OptionsError, match=message):
        run(home, "--limit", 1, "--source", "excite")


def test_a_persons_own_photographs_stay(home):
    own = home / "data/1-scraped/casual/holiday/me.jpg"
    own.parent.mkdir(parents=True)
    own.write_bytes(jpeg(1))
    run(home, "--limit", 1)
    assert own.read_bytes() == jpeg(1)


def test_what_a_person_deleted_is_not_fetched_again(home):
    run(home)
    deleted, *others = [home / "data/1-scraped" / file for file in tree(home) if file.startswith("casual/")]
    deleted.unlink()
    run(home)
    assert not deleted.exists() and len(lines(home)) == 12
    for path in others[:-1]:
        path.unlink()
    message = (
        r"casual: 1 pictures, expected at least 2 of the 8 that were fetched; .* put pictures back, or add --fresh"
    )
    with pytest.raises(InputError, match=message):
        run(home)
    run(home, "--pole", "collection")
    (home / "data/1-scraped/casual/own.jpg").write_bytes(jpeg(1))
    run(home)
    shutil.rmtree(home / "data/1-scraped/collection")
    with pytest.raises(InputError, match=r"collection: 0 pictures, expected at least 2 of the 4"):
        run(home)
    run(home, "--fresh")
    assert len(tree(home)) == 12


def test_the_last_lines_name_the_counts_and_the_next_step(home, capsys):
    scrape.main(["--home", str(home), "--limit", "1"])
    said = capsys.readouterr().out.splitlines()
    assert said[0].split() == ["wanted", "found", "fetched", "duplicates", "refused"]
    assert said[1].split() == ["casual", "2", "2", "2", "0", "0"]
    assert said[2].split() == ["collection", "1", "1", "1", "0", "0"]
    assert re.fullmatch(rf"next: \S+ \S*preprocess\.py --home {home}", said[-1])


# What cannot be, and what may come later


def test_the_plan_says_beforehand_what_a_source_cannot_give(home, website, capsys):
    (home / "data/queries.csv").write_text("pole,query,count\ncasual,hoody,500\ncollection,Prada,200\n")
    flags = [
        "--home",
        str(home),
        "--plan",
        "--source",
        "openverse",
        "--base-url",
        website.url("/"),
        "--allow-private-hosts",
    ]
    scrape.main(flags)
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "openverse gives at most 240 pictures of a query, 20 a request, 200 requests a day"
    assert [line.split() for line in told[1:4]] == [
        ["queries", "wanted", "at", "most", "requests"],
        ["casual", "1", "500", "240", "12"],
        ["collection", "1", "200", "200", "10"],
    ]
    assert told[4] == "at these limits about 7 min: 22 requests take 66 s, the pictures 7 min"
    assert told[5] == (
        "260 of 700 cannot be reached: 1 queries want more than 240 (hoody 500); "
        "spread their counts over several wordings"
    )
    assert website.asked == website.robots_asked == [] and not (home / "data/1-scraped").exists()
    scrape.main(["--plan", "--source", "openverse"])
    told = capsys.readouterr().out
    assert "at these limits about 3.0 days: 700 requests" in told and "cannot be reached" not in told
    assert "\nwith a token of your own in OPENVERSE_TOKEN it grants 10,000 a day\n" in told
    scrape.main(["--plan", "--source", "met", "--contact", "me@studio.jp"])
    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()[-3:]] == [
        "openverse",
        "commons",
        "excite",
    ]


def test_addresses_that_were_not_tried_get_no_line_and_wait_for_the_next_run(home, website):
    website.add("/0.jpg", jpeg(0))
    for number in range(1, 6):
        website.add(f"/{number}.jpg", b"", status=429, headers={"Retry-After": "7200"})
    rows = [{"url": website.url(f"/{number}.jpg")} for number in range(6)]
    message = (
        r"^5 addresses wait for 127\.0\.0\.1, at its pace about 5 s; found HTTP 429 .*, expected pictures; "
        r"to go on, at \d\d:\d\d( on \S+)? run: .*scrape\.py .*--source urls"
    )
    with pytest.raises(SourceError, match=message):
        run_urls(home, rows)
    assert [line["status"] for line in lines(home)] == ["fetched"] and website.asked == ["/0.jpg", "/1.jpg"]
    for number in range(1, 6):
        website.add(f"/{number}.jpg", jpeg(number))
    run_urls(home, rows)
    assert [line["status"] for line in lines(home)] == ["fetched"] * 6


def test_whatever_is_wrong_with_one_address_becomes_its_reason(home, website, monkeypatch):
    look_up = socket.getaddrinfo

    def strange(host, *arguments, **options):
        if host == "strange.test":
            raise OverflowError("a number that nobody expects")
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", strange)
    website.add("/later.jpg", b"", status=429, headers={"Retry-After": "Wed, 21 Oct 99999999999 07:28:00 GMT"})
    website.pages["/later.jpg"] = lambda request, later=website.pages["/later.jpg"]: (
        later(request) if website.asked.count("/later.jpg") == 1 else answer(request, jpeg(2))
    )
    rows = ["http://strange.test/1.jpg", website.add("/1.jpg", jpeg(1)), website.url("/later.jpg")]
    clock = TurnedClock()
    (home / "list.txt").write_text("\n".join(rows))
    flags = ["--home", home, "--source", "urls", "--urls", home / "list.txt", "--pole", "casual", "--quiet"]
    scrape.main([*map(str, flags), "--allow-private-hosts"], clock)
    told = {line["url"]: (line["status"], line["reason"]) for line in lines(home)}
    assert told == {
        rows[0]: ("failed", "not understood"),
        rows[1]: ("fetched", ""),
        rows[2]: ("fetched", ""),
    }


def test_in_the_place_of_what_gives_no_picture_further_offers_are_taken(home, website):
    links = [elsewhere(website, f"/{number}.jpg") for number in range(10)]
    for number in (0, 3, 4, 6, 8):
        website.add(f"/{number}.jpg", jpeg(number if number != 3 else 0))
    serve(website, {"hoody": links})
    run_excite(home, website, "--limit", 3)
    assert [row["fetched"] for row in summary(home)["queries"]] == [3, 0, 0]
    fetched = {urlsplit(line["url"]).path for line in lines(home) if line["status"] == "fetched"}
    assert fetched == {"/0.jpg", "/4.jpg", "/6.jpg"} and "/8.jpg" not in website.asked


# What a killed run leaves


def run_and_kill(home, *flags, lines):
    """Kills a run once its manifest has so many lines; returns whether it was at work until then."""
    manifest = home / "data/1-scraped/manifest.jsonl"
    process = killable.start(killable.run_scrape, "--home", str(home), "--quiet", *flags)
    while process.is_alive() and (not manifest.exists() or manifest.read_bytes().count(b"\n") < lines):
        time.sleep(0.003)
    return killable.kill(process)


def test_a_run_killed_at_any_moment_goes_on_to_the_same_end(home, tmp_path_factory):
    (home / "data/queries.csv").write_text(PLAN.replace(",4", ",10"))
    other = tmp_path_factory.mktemp("undisturbed")
    run(other, "--queries", home / "data/queries.csv")
    manifest = home / "data/1-scraped/manifest.jsonl"
    for number in (1, 9, 20):
        assert run_and_kill(home, lines=number)
        for line in manifest.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                assert (home / "data/1-scraped" / json.loads(line)["file"]).exists()
    assert not (home / "data/1-scraped/summary.json").exists()
    with manifest.open("ab") as file:
        file.write(b'{"pole": "casual", "query": "hood')
    (home / "data/1-scraped/casual/hoody/.0123456789abcdef.123-456.partial.jpg").write_bytes(b"half")
    run(home)
    assert tree(home) == tree(other)
    assert timeless(home) == timeless(other)
    assert not list(home.rglob("*.partial*"))


@pytest.mark.skipif(parallel.cores() < 2, reason="one core works without worker processes")
def test_no_worker_process_outlives_a_run_that_is_killed(tmp_path):
    fifo, writer = tmp_path / "fifo", None
    os.mkfifo(fifo)
    process = killable.start(killable.read_in_workers, fifo)
    while writer is None:
        try:
            writer = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)  # Refused as long as no worker reads.
        except OSError:
            time.sleep(0.01)
    assert killable.kill(process)
    os.close(writer)


def test_a_damaged_line_is_told(home):
    run(home, "--limit", 1)
    manifest = home / "data/1-scraped/manifest.jsonl"
    whole = manifest.read_text("utf-8").splitlines(keepends=True)
    manifest.write_text(whole[0] + "not json\n" + whole[2])
    with pytest.raises(InputError, match=r"manifest\.jsonl: line 2 is damaged \(.*\); remove that line, or add"):
        run(home, "--limit", 2)
    assert json.loads((manifest.parent / "summary.json").read_text())["options"]["limit"] == 1  # Nothing is touched.
    assert json.loads((manifest.parent / "options.json").read_text())["options"]["limit"] == 1
    manifest.write_text(whole[0] + '{"pole": "casual"}\n')
    with pytest.raises(InputError, match=r"line 2 is damaged \(other keys or values than expected\)"):
        run(home, "--limit", 1)
    manifest.write_text(whole[0] + json.dumps(json.loads(whole[1]) | {"pole": [], "file": 3}) + "\n")
    with pytest.raises(InputError, match=r"line 2 is damaged \(other keys or values than expected\)"):
        run(home, "--limit", 1)
    manifest.write_text(whole[0] + '"words"\n[]\n')
    with pytest.raises(InputError, match=r"line 2 is damaged"):
        run(home, "--limit", 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"queries": 1}',
        '{"queries": [{"pole": "casual", "query": "hoody", "offered": 1, "asked": 5}]}',
        '{"queries": [{"pole": "casual", "query": "hoody", "offered": 1, "asked": {"wardrobe": "x"}}]}',
    ],
)
def test_a_summary_that_is_none_of_ours_is_made_again(home, text):
    run(home, "--limit", 1)
    (home / "data/1-scraped/summary.json").write_text(text)
    run(home, "--limit", 1)
    assert [row["fetched"] for row in summary(home)["queries"]] == [1, 1, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "options.json: not readable as JSON"),
        ("[]", "options.json: found no script and no options in it"),
        ("null", "options.json: found no script and no options in it"),
        ('{"script": "scrape.py", "options": []}', "options.json: found no options in it"),
        ('{"script": "scrape.py", "options": {"poles": 3}}', "1-scraped: holds the poles 3, but"),
        ('{"script": "scrape.py", "options": {"poles": [3]}}', "1-scraped: holds the poles 3, but"),
    ],
)
def test_damaged_options_are_told(home, text, message):
    run(home, "--limit", 1)
    (home / "data/1-scraped/options.json").write_text(text)
    with pytest.raises((InputError, OptionsError), match=f"{re.escape(message)}.* add --fresh to start over"):
        run(home, "--limit", 1)
    run(home, "--limit", 1, "--fresh")
    assert len(tree(home)) == 3


# Excite


def test_what_is_downloaded_is_judged_by_its_content(home, website):
    sound, png = jpeg(1), encode(noise(2), "PNG")
    website.add("/sound.jpg", sound, content_type="image/jpeg")
    website.add("/same.jpg", sound)
    website.add("/called.jpg", png, content_type="image/jpeg")
    website.add("/small.gif", encode(noise(3, 20, 20), "GIF"), content_type="text/plain")
    website.add("/truncated.jpg", sound[: len(sound) // 2], content_type="image/jpeg")
    website.add("/page.jpg", b"<html>No such picture", content_type="image/jpeg")
    website.add("/drawing.jpg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', content_type="image/svg+xml")
    website.add("/bomb.png", bomb(), content_type="image/png")
    website.add("/empty.jpg", b"", content_type="image/jpeg")
    website.add("/long.jpg", b"", length=30_000_000)
    website.add("/loop.jpg", b"", status=302, headers={"Location": "/loop.jpg"})
    website.add("/ftp.jpg", b"", status=302, headers={"Location": "ftp://a.test/"})
    website.add("/moved.jpg", b"", status=302, headers={"Location": "/sound.jpg"})
    website.pages["/slow.jpg"] = lambda request: request.website.stopping.wait(10)
    expected = {
        "/sound.jpg": ("fetched", "", ".jpg"),
        "/same.jpg": ("duplicate", "same bytes", ".jpg"),
        "/called.jpg": ("fetched", "", ".png"),
        "/small.gif": ("failed", "too small", ""),
        "/truncated.jpg": ("failed", "undecodable", ""),
        "/page.jpg": ("failed", "undecodable", ""),
        "/drawing.jpg": ("failed", "undecodable", ""),
        "/bomb.png": ("failed", "over 100 megapixels", ""),
        "/empty.jpg": ("failed", "undecodable", ""),
        "/long.jpg": ("failed", "too many bytes", ""),
        "/gone.jpg": ("failed", "HTTP 404", ""),
        "/loop.jpg": ("failed", "too many redirects", ""),
        "/ftp.jpg": ("failed", "not http(s)", ""),
        "/moved.jpg": ("duplicate", "same bytes", ".jpg"),
        "/slow.jpg": ("failed", "timeout", ""),
    }
    addresses = {elsewhere(website, path): path for path in expected}
    secret = f"http://me:secret@localhost:{website.port}/sound.jpg"
    serve(website, {"hoody": [*addresses, secret], "long cape": [elsewhere(website, "/sound.jpg")]})
    (home / "data/queries.csv").write_text(PLAN.replace(",4", ",500"))
    run_excite(home, website, "--timeout", 1)

    found = {line["url"]: line for line in lines(home) if line["query"] == "hoody"}
    assert found.pop(secret)["reason"] == "credentials in the address"
    told = {addresses[url]: (line["status"], line["reason"], Path(line["file"]).suffix) for url, line in found.items()}
    assert told == expected
    assert found[elsewhere(website, "/sound.jpg")]["page_url"] == website.url("/search?q=hoody&page=1")
    assert found[elsewhere(website, "/same.jpg")]["file"] == found[elsewhere(website, "/sound.jpg")]["file"]
    assert (found[elsewhere(website, "/called.jpg")]["width"], found[elsewhere(website, "/gone.jpg")]["width"]) == (
        160,
        None,
    )
    name = hashlib.sha256(sound).hexdigest()[:16] + ".jpg"
    # In the other pole the same bytes are written, too: preprocess.py is to see them.
    assert {path for path, content in tree(home).items() if content == sound} == {
        f"casual/hoody/{name}",
        f"collection/long-cape/{name}",
    }
    assert len(tree(home)) == 3
    row = summary(home)["queries"][0]
    assert (row["offered"], row["fetched"], row["duplicates"]) == (16, 2, 2)
    assert row["refused"]["undecodable"] == 4 and sum(row["refused"].values()) == 12


def test_nothing_is_fetched_or_asked_for_twice(home, website):
    paths = [website.add(f"/{number}.jpg", jpeg(number)).replace("127.0.0.1", "localhost") for number in range(6)]
    gone = elsewhere(website, "/gone.jpg")
    serve(website, {"hoody": [*paths[:3], gone, *paths[3:]], "polo shirt": paths[:1], "long cape": paths})
    run_excite(home, website, "--limit", 2)
    assert [len(summary(home)["queries"][index]["requested"]) for index in range(3)] == [1, 1, 1]
    assert len(lines(home)) == 5
    website.asked.clear()
    run_excite(home, website, "--limit", 2)
    assert website.asked == []  # Not even the query that had fewer than were wanted.
    run_excite(home, website, "--limit", 4)
    asked = [path for path in website.asked if not path.startswith("/search")]
    assert sorted(asked) == ["/2.jpg", "/3.jpg", "/gone.jpg"]
    assert [line["reason"] for line in lines(home) if line["status"] == "failed"] == ["HTTP 404"]


def test_a_collection_from_the_web_may_grow_by_a_query(home, website):
    url = elsewhere(website, "/1.jpg")
    website.add("/1.jpg", jpeg(1))
    serve(website, dict.fromkeys(("hoody", "フリース"), [url]))
    run_excite(home, website)
    (home / "data/queries.csv").write_text(PLAN + "casual,フリース,4\n", "utf-8")
    run_excite(home, website)
    assert [(line["query"], line["status"]) for line in lines(home)] == [
        ("hoody", "fetched"),
        ("フリース", "duplicate"),
    ]
    assert website.asked.count("/1.jpg") == 1


def test_two_sources_share_a_folder(home, website):
    run(home, "--limit", 1)
    website.add("/1.jpg", jpeg(1))
    serve(website, {"hoody": [elsewhere(website, "/1.jpg")]})
    run_excite(home, website, "--limit", 1, "--seed", 5)
    assert [line["source"] for line in lines(home)] == ["wardrobe"] * 3 + ["excite"]
    assert summary(home)["queries"][0]["requested"] == {"wardrobe": 1, "excite": 1}
    run(home, "--limit", 1)
    with pytest.raises(OptionsError, match="--seed 0"):
        run(home, "--limit", 1, "--seed", 5)


def test_a_failing_search_keeps_what_was_found_before(home, website):
    website.add("/1.jpg", jpeg(1))

    def page(request):
        if "polo" in request.path:
            answer(request, b"", status=500)
        else:
            answer(request, f'<a href="{elsewhere(website, "/1.jpg")}">x</a>'.encode())

    website.pages["/search"] = page
    with pytest.raises(SourceError, match=r"excite: .*: HTTP 500, expected a page of results; try again later, or use"):
        run_excite(home, website)
    assert [line["status"] for line in lines(home)] == ["fetched"]
    assert not (home / "data/1-scraped/summary.json").exists()


def test_a_search_without_any_picture_is_an_error(home, website):
    serve(website, {})
    with pytest.raises(SourceError, match="^excite: offered nothing, expected pictures; .* the service has changed or"):
        run_excite(home, website)
    assert [row["offered"] for row in summary(home)["queries"]] == [0, 0, 0]


def test_pictures_on_private_hosts_are_refused(home, website, monkeypatch):
    # The search itself stands on the open internet, so to say, and finds a picture on this machine.
    monkeypatch.setattr("demicouture.scraping.connections.is_public", lambda address: address == "127.0.0.1")
    website.add("/1.jpg", jpeg(1))
    serve(website, {"hoody": [website.url("/1.jpg", host="127.0.0.2")]})
    flags = ("--source", "excite", "--base-url", website.url("/search"), "--delay", 0)
    with pytest.raises(SourceError, match="found no picture"):
        run(home, *flags)
    assert [line["reason"] for line in lines(home)] == ["private address"]
    assert "/1.jpg" not in website.asked


# A list of addresses


def run_urls(home, rows, *flags):
    """Writes a list of addresses, each a dict of columns, and runs the script on it."""
    columns = ["url", "pole", "query", "page_url", "title", "creator", "licence", "licence_url"]
    with open(home / "list.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    own = ("--source", "urls", "--urls", home / "list.csv", "--pole", "casual", "--delay", 0, "--allow-private-hosts")
    run(home, *own, *flags)


def statuses(home):
    return {urlsplit(line["url"]).path: (line["status"], line["reason"]) for line in lines(home)}


def test_a_list_of_addresses_is_collected_with_all_that_it_says(home, website):
    facts = {"title": "袖", "creator": "Anna", "licence": "CC-BY-4.0", "licence_url": "https://cc.test/by"}
    rows = [
        {"url": website.add("/1.jpg", jpeg(1)), **facts},
        {"url": website.add("/2.jpg", jpeg(2)), "query": "my own"},
    ]
    run_urls(home, rows)
    one, two = lines(home)
    assert {name: one[name] for name in facts} == facts
    assert [(line["pole"], line["query"], line["source"]) for line in (one, two)] == [
        ("casual", "list", "urls"),
        ("casual", "my own", "urls"),
    ]
    folder = home / "data/1-scraped"
    assert (folder / "casual.list.png").exists() and (folder / "casual.my-own.png").exists()
    assert "[袖](<" in (folder / "ATTRIBUTION.md").read_text("utf-8")
    with open(folder / "attribution.csv", encoding="utf-8-sig") as file:
        assert [row["creator"] for row in csv.DictReader(file)] in (["Anna", ""], ["", "Anna"])
    assert [row["wanted"] for row in summary(home)["queries"]] == [4, 4, 4, 1, 1]


def test_a_list_may_be_changed(home, website):
    urls = [website.add(f"/{number}.jpg", jpeg(number)) for number in range(4)]
    run_urls(home, [{"url": url} for url in urls[:2]])
    run_urls(home, [{"url": url} for url in urls[1:3]])
    run_urls(home, [{"url": url} for url in urls])
    assert [line["url"] for line in lines(home)] == urls
    assert Counter(website.asked).most_common(1)[0][1] == 1


def test_a_text_file_needs_a_pole(home, website):
    (home / "list.txt").write_text(website.add("/1.jpg", jpeg(1)))
    with pytest.raises(
        InputError, match=r"list\.txt: address 1 has no pole, expected casual or collection; add --pole"
    ):
        run(home, "--source", "urls", "--urls", home / "list.txt")
    assert not (home / "data/1-scraped").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--source", "urls"], "found --source urls without --urls FILE, expected both or neither; add --urls FILE"),
        (["--urls", "list.txt"], "found --urls FILE without --source urls, expected both or neither; add --source"),
        (
            ["--base-url", "http://a.test/"],
            "--base-url: found with --source wardrobe, which searches nowhere, expected",
        ),
        (["--source", "commons"], "--contact: found none, expected an e-mail address or a page about you, which Wiki"),
        (
            ["--source", "met", "--only", "nypl"],
            "--only: found with --source met, expected openverse; leave it",
        ),
        (["--without", "flickr"], "--without: found with --source wardrobe, expected openverse"),
        (
            ["--source", "met", "--contact", "me@example.org"],
            "--contact: found 'me@example.org', which leads to",
        ),
        (["--source", "met", "--contact", "x y"], "--contact: found 'x y', expected an e-mail address or a page"),
    ],
)
def test_flags_that_do_not_go_together_are_told_before_anything_is_made(home, flags, message):
    with pytest.raises(InputError, match=re.escape(message)):
        run(home, *flags)
    assert not (home / "data/1-scraped").exists()


def test_what_failed_is_tried_again_only_when_told_to(home, website):
    rows = [{"url": website.url(f"/{number}.jpg"), "title": f"Look {number}"} for number in range(3)]
    website.add("/0.jpg", jpeg(0))
    run_urls(home, rows)
    assert statuses(home)["/1.jpg"] == ("failed", "HTTP 404")
    for number in (1, 2):
        website.add(f"/{number}.jpg", jpeg(number))
    website.asked.clear()
    run_urls(home, rows)
    assert website.asked == []
    run_urls(home, rows, "--retry-failed")
    assert sorted(website.asked) == ["/1.jpg", "/2.jpg"]
    assert set(statuses(home).values()) == {("fetched", "")}
    assert [line["title"] for line in lines(home)[-2:]] == ["Look 1", "Look 2"]
    row = summary(home)["queries"][-1]
    assert (row["offered"], row["fetched"], row["refused"]) == (3, 3, {})
    run_urls(home, rows, "--retry-failed")
    assert sorted(website.asked) == ["/1.jpg", "/2.jpg"]


def test_reasons_that_may_pass_are_told(home, website, capsys):
    website.add("/0.jpg", jpeg(0))
    website.add("/1.jpg", b"", status=500)
    (home / "list.txt").write_text("\n".join(website.url(f"/{number}.jpg") for number in range(3)))
    flags = ["--home", home, "--source", "urls", "--urls", home / "list.txt", "--pole", "casual", "--delay", 0]
    scrape.main([*map(str, flags), "--allow-private-hosts"])
    said = capsys.readouterr().out.splitlines()
    assert said[1].split()[:6] == ["casual", "3", "3", "1", "0", "2"]  # Without the plan's queries, never asked.
    assert said[2] == "refused for reasons that may pass: 1; --retry-failed tries them again"


def test_a_host_that_forbids_is_left_alone_and_its_words_are_shown(home, website, capsys):
    website.add("/0.jpg", jpeg(0))
    for number in range(1, 9):
        website.add(f"/{number}.jpg", b"Please set a user-agent and respect our robot policy", status=403)
    (home / "list.txt").write_text("\n".join(website.url(f"/{number}.jpg") for number in range(9)))
    flags = ["--home", home, "--source", "urls", "--urls", home / "list.txt", "--pole", "casual", "--delay", 0]
    scrape.main([*map(str, flags), "--allow-private-hosts"])
    assert len(website.asked) == 1 + 3
    assert Counter(line["reason"] for line in lines(home)) == {"": 1, "HTTP 403": 3, "host left alone": 5}
    told = capsys.readouterr().out
    assert "127.0.0.1 says with HTTP 403: Please set a user-agent and respect our robot policy\n" in told


def test_what_failed_is_tried_again_whatever_source_it_came_from(home, website):
    serve(website, {"hoody": [elsewhere(website, "/1.jpg")]})
    with pytest.raises(SourceError, match="found no picture"):
        run_excite(home, website)
    website.add("/1.jpg", jpeg(1))
    run_urls(home, [{"url": website.add("/2.jpg", jpeg(2))}])
    assert [line["status"] for line in lines(home)] == ["failed", "fetched"]
    website.pages["/search"] = lambda request: answer(request, b"", status=500)
    run_excite(home, website, "--retry-failed")  # The source itself has nothing to do.
    last = lines(home)[-1]
    assert (last["source"], last["query"], last["status"]) == ("excite", "hoody", "fetched")


def test_a_picture_that_timed_out_is_not_tried_again_in_this_run(home, website):
    website.pages["/slow.jpg"] = lambda request: request.website.stopping.wait(5)
    rows = [{"url": website.url("/slow.jpg"), "query": query} for query in ("one", "two")]
    rows.append({"url": website.add("/1.jpg", jpeg(1))})
    run_urls(home, rows, "--timeout", 0.3)
    assert statuses(home)["/slow.jpg"] == ("failed", "timeout")
    assert website.asked.count("/slow.jpg") == 1
    assert [line["reason"] for line in lines(home)].count("timeout") == 2


def test_small_and_large_pictures_are_refused_as_told(home, website):
    sizes = {"/a.jpg": (128, 300), "/b.jpg": (127, 300), "/c.jpg": (400, 100)}
    rows = [{"url": website.add(path, jpeg(1, *size))} for path, size in sizes.items()]
    rows.append({"url": website.add("/d.jpg", encode(noise(2, 900, 900), "PNG"))})
    run_urls(home, rows, "--max-bytes", 200_000)
    assert statuses(home) == {
        "/a.jpg": ("fetched", ""),
        "/b.jpg": ("failed", "too small"),
        "/c.jpg": ("failed", "too small"),
        "/d.jpg": ("failed", "too many bytes"),
    }
    run_urls(home, rows, "--max-bytes", 20_000_000, "--min-size", 100, "--retry-failed")
    assert {status for status, _ in statuses(home).values()} == {"fetched"}


def test_near_duplicates_are_kept_and_marked(home, website):
    look = garment(1, 400, 500)
    contents = [encode(look, "JPEG", quality=90), jpeg(2), encode(look.resize((240, 300)), "JPEG", quality=70)]
    rows = [{"url": website.add(f"/{number}.jpg", content)} for number, content in enumerate(contents)]
    run_urls(home, rows[:2])
    run_urls(home, rows)  # By a run that has to read the hashes first.
    first, _, third = lines(home)
    assert (third["status"], third["reason"], third["like"]) == ("fetched", "near duplicate", first["file"])
    assert len(tree(home)) == 3 and len(third["perceptual_hash"]) == 48


def test_a_page_that_wants_its_pictures_left_alone_is_obeyed(home, website):
    no = website.add("/no", b'<meta name="robots" content="noai">')
    yes = website.add("/yes", b"<title>Welcome</title>")
    rows = [
        {"url": website.add("/1.jpg", jpeg(1)), "page_url": no},
        {"url": website.add("/2.jpg", jpeg(2)), "page_url": no},
        {"url": website.add("/3.jpg", jpeg(3)), "page_url": yes},
        {"url": website.add("/4.jpg", jpeg(4)), "page_url": no, "licence": "CC0-1.0"},
        {"url": website.add("/5.jpg", jpeg(5), headers={"X-Robots-Tag": "noimageai"})},
    ]
    run_urls(home, rows)
    found = statuses(home)
    assert [found[f"/{number}.jpg"][1] for number in range(1, 6)] == ["opted out", "opted out", "", "", "opted out"]
    assert website.asked.count("/no") == website.asked.count("/yes") == 1
    assert "/1.jpg" not in website.asked


@pytest.mark.parametrize(
    ("path", "content", "options", "reason"),
    [
        ("/robots.txt", b"User-agent: *\nContent-Signal: search=yes, ai-train=no", {}, "opted out of training"),
        ("/robots.txt", b"User-agent: *\nContent-Usage: train-ai=n", {}, "opted out of training"),
        ("/.well-known/tdmrep.json", b'[{"location": "/", "tdm-reservation": 1}]', {}, "reserved from mining"),
        ("/1.jpg", b"picture", {"headers": {"tdm-reservation": "1"}}, "reserved from mining"),
        ("/1.jpg", b"picture", {"headers": {"Content-Usage": "train-ai=n"}}, "reserved from mining"),
        ("/1.jpg", b"picture", {"headers": {"X-Robots-Tag": "noml"}}, "opted out"),
        ("/page", b'<meta name="tdm-reservation" content="1">', {}, "reserved from mining"),
        ("/page", b'<meta name="robots" content="noml">', {}, "opted out"),
    ],
)
def test_opt_outs_that_people_use_are_obeyed(home, website, path, content, options, reason):
    website.add("/1.jpg", jpeg(1))
    website.add(path, content, **options)
    with pytest.raises(SourceError, match="found no picture"):
        run_urls(home, [{"url": website.url("/1.jpg"), "page_url": website.url("/page")}])
    assert statuses(home) == {"/1.jpg": ("failed", reason)}


def test_robots_txt_keeps_the_collector_away(home, website):
    website.add("/robots.txt", b"User-agent: *\nDisallow: /private")
    rows = [{"url": website.add("/private/1.jpg", jpeg(1))}, {"url": website.add("/2.jpg", jpeg(2))}]
    run_urls(home, rows)
    assert statuses(home) == {"/private/1.jpg": ("failed", "robots.txt"), "/2.jpg": ("fetched", "")}


def test_every_reason_that_is_ever_given_is_on_the_list(home, website):
    website.add("/gone.jpg", b"", status=410)
    website.add("/no.jpg", b"words")
    urls = [website.url("/gone.jpg"), website.url("/no.jpg"), "ftp://a.test/", "http://a:b@c.test/", "http://[x/", ""]
    urls += ["http://127.0.0.1:9/1.jpg", website.add("/1.jpg", jpeg(1)), website.add("/2.jpg", jpeg(1))]
    run_urls(home, [{"url": url} for url in urls])
    run(home, "--pole", "collection")
    assert len(lines(home)) == len(urls) - 1 + 4
    assert all(not line["reason"] or failure_reasons.is_known(line["reason"]) for line in lines(home))


def test_the_museum_and_commons_are_collected_from(home, website):
    thing = {"isPublicDomain": True, "title": "Cape", "primaryImage": elsewhere(website, "/met.jpg")}
    info = {"url": elsewhere(website, "/commons.jpg"), "mime": "image/jpeg", "descriptionurl": website.url("/page")}
    info["extmetadata"] = {"LicenseShortName": {"value": "CC BY 4.0"}}
    website.add("/v1.1/search", json.dumps({"total": 1, "objectIDs": [7]}).encode())
    website.add("/v1/objects/7", json.dumps(thing).encode())
    found = {"batchcomplete": True, "query": {"pages": [{"title": "File:Look.jpg", "imageinfo": [info]}]}}
    website.add("/w/api.php", json.dumps(found).encode())
    website.add("/met.jpg", jpeg(1))
    website.add("/commons.jpg", jpeg(2))
    flags = ["--pole", "collection", "--contact", "me@studio.jp", "--delay", 0, "--allow-private-hosts"]
    run(home, "--source", "met", "--base-url", website.url(), *flags)
    run(home, "--source", "commons", "--base-url", website.url("/w/api.php"), *flags)
    told = [(line["source"], line["title"], line["licence"], line["status"]) for line in lines(home)]
    assert told == [("met", "Cape", "CC0-1.0", "fetched"), ("commons", "Look.jpg", "CC BY 4.0", "fetched")]
    assert b"me@studio.jp" not in (home / "data/1-scraped/summary.json").read_bytes()


def test_a_source_that_ends_early_leaves_everything_in_order(home, website, capsys):
    website.add("/1.jpg", jpeg(1))

    def page(request):
        asked = parse_qs(urlsplit(request.path).query)
        body = {"page_count": 1, "results": [{"url": elsewhere(website, "/1.jpg"), "license": "cc0"}]}
        spent = {"X-RateLimit-Limit-anon_sustained": "2/day", "X-RateLimit-Available-anon_sustained": "0"}
        answer(request, json.dumps(body).encode(), headers=spent if asked["q"] == ["polo shirt"] else {})

    website.pages["/api/"] = page
    flags = ["--home", home, "--source", "openverse", "--base-url", website.url("/api/"), "--delay", 0]
    flags = [*map(str, flags), "--allow-private-hosts"]
    with pytest.raises(SourceError, match=r"grants \(2/day\), expected more; come back at 09:00 on 2030-05-07"):
        scrape.main(flags, TurnedClock())
    told = capsys.readouterr().out
    assert "openverse gives at most 240 pictures of a query" in told and "fetched" in told
    assert "still wanted: 4 pictures; at the limits of openverse about 3 s" in told
    folder = home / "data/1-scraped"
    assert not (folder / "summary.json").exists()
    assert (folder / "casual.hoody.png").exists() and "CC0" in (folder / "ATTRIBUTION.md").read_text("utf-8")
    scrape.main(flags, TurnedClock())
    searched = [parse_qs(urlsplit(path).query)["q"][0] for path in website.asked if path.startswith("/api/")]
    # Two had one picture of four, and are not asked again.
    assert searched == ["hoody", "polo shirt", "long cape"]
    assert (folder / "summary.json").exists()


def test_ctrl_c_ends_at_once_while_everybody_waits(home, website):
    website.add("/1.jpg", jpeg(1))
    website.add("/2.jpg", b"", status=429, headers={"Retry-After": "600"})
    website.pages["/slow.jpg"] = lambda request: request.website.stopping.wait(20)
    urls = [website.url("/1.jpg"), website.url("/2.jpg"), elsewhere(website, "/slow.jpg")]
    (home / "list.txt").write_text("\n".join(urls))
    command = [
        sys.executable,
        SCRIPT,
        "--home",
        home,
        "--source",
        "urls",
        "--urls",
        home / "list.txt",
        "--pole",
        "casual",
    ]
    process = subprocess.Popen([*command, "--delay", "0", "--allow-private-hosts"], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 20
    while not {"/2.jpg", "/slow.jpg"} <= set(website.asked):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.1)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert time.monotonic() - begun < 3
    assert (process.returncode, told.count("\n")) == (130, 1) and told.startswith("interrupted: everything finished")
    assert [line["status"] for line in lines(home)] == ["fetched"]


def test_many_hosts_and_kills_at_random_moments(home):
    hosts, each = [Website(f"127.0.0.{number}") for number in range(1, 7)], 10
    try:
        urls = []
        for number in range(len(hosts) * each):
            host = hosts[number % len(hosts)]
            kind = number % 10
            content = b"damaged" if kind == 7 else jpeg(number if kind != 8 else 0)
            urls.append(host.add(f"/{number}.jpg", content, status=404 if kind == 9 else 200))
            page = host.pages[f"/{number}.jpg"]
            host.pages[f"/{number}.jpg"] = lambda request, page=page: (time.sleep(0.03), page(request))
        (home / "list.txt").write_text("\n".join(urls))
        flags = ["--source", "urls", "--urls", str(home / "list.txt"), "--pole", "casual", "--delay", "0"]
        flags += ["--workers", "3", "--allow-private-hosts"]
        manifest = home / "data/1-scraped/manifest.jsonl"
        random, kills = Random(4), 0
        for _ in range(3):
            wanted = random.randint(1, 10) + (manifest.read_bytes().count(b"\n") if manifest.exists() else 0)
            kills += run_and_kill(home, *flags, lines=wanted)
        assert kills == 3
        run(home, *flags)
        found = lines(home)
        assert sorted(line["url"] for line in found) == sorted(urls)
        assert Counter(line["status"] for line in found) == {"fetched": 42, "duplicate": 6, "failed": 12}
        row = summary(home)["queries"][-1]
        assert (row["wanted"], row["offered"], row["fetched"], row["duplicates"]) == (60, 60, 42, 6)
        assert row["refused"] == {"HTTP 404": 6, "undecodable": 6}
        assert {line["file"] for line in found if line["status"] == "fetched"} == tree(home).keys()
        asked = Counter(path for host in hosts for path in host.asked)
        assert len(asked) == 60 and sum(asked.values()) <= 60 + kills * 3 * 2
        assert all(
            host.most_at_once <= 2 for host in hosts
        )  # Two where a killed run's last request was still answered.
    finally:
        for host in hosts:
            host.stop()


# The command


def test_the_command_line(home, capsys):
    with pytest.raises(SystemExit) as done:
        scrape.main(["--help"])
    assert done.value.code == 0
    manual = capsys.readouterr().out
    for flag in (
        *("source", "queries", "urls", "limit", "pole", "base-url", "workers", "delay", "timeout", "max-bytes"),
        *("min-size", "contact", "retry-failed", "allow-private-hosts", "plan", "only", "without"),
    ):
        assert f"--{flag}" in manual.partition("\nof this script:\n")[2]
    assert cli.run(lambda: scrape.main(["--home", str(home), "--pole", "none"])) == 1
    assert re.fullmatch(r"error: --pole: found 'none', expected .*\n", capsys.readouterr().err)
    with pytest.raises(SystemExit) as done:
        scrape.main(["--source", "nowhere"])
    assert done.value.code == 2


def test_the_script_run_from_another_folder_names_the_next_with_its_path(home):
    made = subprocess.run(
        [sys.executable, SCRIPT, "--limit", "1"], cwd=home, capture_output=True, text=True, timeout=60
    )
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.splitlines()[-1] == f"next: {sys.executable} {ROOT / 'preprocess.py'}"


def test_one_run_at_a_time_works_on_a_folder(home):
    with (
        runs.open_run(home / "data/1-scraped", "scrape.py", {}),
        pytest.raises(OptionsError, match=r"1-scraped: scrape\.py \(process \d+, since .*\) is at work on it; wait"),
    ):
        run(home)
    assert not (home / "data/1-scraped").exists()


def test_scraping_waits_for_no_framework(home):
    code = (
        "import sys, scrape; scrape.main(sys.argv[1:]);"
        "print([name for name in ('keras', 'tensorflow', 'jax', 'sklearn', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "--home", home, "--limit", "1", "--quiet"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "[]\n"
