"""The seed's plan, collected from services that answer as the live ones do, in the time of a clock that is turned.

It is a thirtieth of the plan, and a thirtieth of the requests that a day grants, so as many days. With
``DEMICOUTURE_WHOLE_PLAN=1`` in the environment it is the whole: 14,000 pictures.
"""

from __future__ import annotations

import csv
import json
import os
import re
import time
from collections import Counter
from datetime import datetime
from random import Random

import killable
from live_services import live_museum, live_services
from turned_clock import BEGINNING, TurnedClock

import scrape
from demicouture.cli import HOUSE
from demicouture.errors import SourceError

WHOLE = bool(os.environ.get("DEMICOUTURE_WHOLE_PLAN"))
SEARCHES_A_DAY = 200 if WHOLE else 7


def take_a_part(home, garments, houses):
    """Writes so many wordings of the plan, of one garment and of one house."""
    with open(HOUSE / "data/queries.csv", encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    if not WHOLE:
        fleeces, chanel = ([row for row in rows if word in row[1]] for word in ("fleece", "Chanel"))
        rows = fleeces[:garments] + chanel[:houses]
    (home / "data").mkdir()
    with open(home / "data/queries.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return home


def flags(home, services):
    where = ("--base-url", services.openverse.url("/v1/images/"), "--allow-private-hosts")
    return ["--home", str(home), "--source", "openverse", *where]


def manifest(home):
    path = home / "data/1-scraped/manifest.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def collect(home, services, clock):
    """Runs the script, and comes back whenever it says to, until it is done; returns how often it had to."""
    for visit in range(1000):
        try:
            scrape.main([*flags(home, services), "--quiet"], clock)
            return visit
        except SourceError as error:
            told = re.search(r"(?:back|again) at (\d\d:\d\d)(?: on (\S+))?", str(error))
            assert told, error
            day = told[2] or clock.today().date().isoformat()
            when = datetime.fromisoformat(f"{day} {told[1]}")
            clock.turn_to((when - BEGINNING).total_seconds() + 60)
            while any(site.connections for site in services.sites):
                time.sleep(0.001)  # Until the servers have seen that the run hung up.
    raise AssertionError("it never ends")


def check_manners(services):
    """Checks that no host had two connections, and none was asked faster than it allows."""
    for site in services.sites:
        assert site.most_at_once <= 1 and site.most_connections <= 1
    for names in (("search", "thumbnail"), ("flickr",), ("museum",)):
        times = sorted(time for name in names for time in services.times[name])
        assert (
            len(times) < 2 or min(later - earlier for earlier, later in zip(times, times[1:], strict=False)) >= 1 - 1e-6
        )
    searches = services.times["search"]
    assert all(later - earlier >= 60 - 3 for earlier, later in zip(searches, searches[20:], strict=False))
    assert len(services.searched) == len(set(services.searched))  # No question twice.


def check_pictures(home):
    lines = manifest(home)
    with open(home / "data/queries.csv", encoding="utf-8", newline="") as file:
        wanted = {(row["pole"], row["query"]): int(row["count"]) for row in csv.DictReader(file)}
    fetched = Counter((line["pole"], line["query"]) for line in lines if line["status"] == "fetched")
    assert fetched == wanted
    files = {line["file"] for line in lines if line["status"] == "fetched"}
    assert len(files) == sum(wanted.values()) and all((home / "data/1-scraped" / file).exists() for file in files)
    assert not {line["reason"] for line in lines} - {"", "reduced copy", "near duplicate", "same bytes", "HTTP 404"}
    return lines


def test_the_plan_comes_to_its_end(tmp_path, capsys):
    home = take_a_part(tmp_path, 6, 5)
    clock = TurnedClock()
    with live_services(clock.now, SEARCHES_A_DAY) as services:
        scrape.main([*flags(home, services), "--plan"], clock)
        told = capsys.readouterr().out
        assert not services.searched and not (home / "data/1-scraped").exists()
        visits = collect(home, services, clock)
        days = clock.now() / 86400
        check_manners(services)
    lines = check_pictures(home)
    counts = Counter(line["pole"] for line in lines if line["status"] == "fetched")
    requests = int(re.search(r"about .*?: ([\d,]+) requests", told)[1].replace(",", ""))
    least = (requests - 1) // SEARCHES_A_DAY
    with capsys.disabled():
        print(f" {dict(counts)}, {days:.1f} days, {visits + 1} runs, {len(services.searched)} searches;", told)
    assert least <= days <= least * 1.5 + 1  # Dead links and doubles cost further searches.
    if WHOLE:
        assert counts == {"casual": 4000, "collection": 10_000} and "at these limits about 3.0 days" in told


def test_flickr_alone_is_waited_for_until_it_gave_everything(tmp_path):
    clock, number = TurnedClock(), 120
    with live_services(clock.now, 1) as services:
        addresses = [services.flickr.url(f"/{index:04x}.jpg") for index in range(1, 20 * number) if index % 20]
        (tmp_path / "list.txt").write_text("\n".join(addresses[:number]))
        flags = ["--source", "urls", "--urls", tmp_path / "list.txt", "--pole", "casual", "--allow-private-hosts"]
        scrape.main(["--home", *map(str, [tmp_path, *flags]), "--quiet"], clock)
        check_manners(services)
        in_vain = len(services.times["flickr"]) - number
    assert Counter(line["status"] for line in manifest(tmp_path)) == {"fetched": number}
    print(f"{number} pictures in {clock.now() / 60:.0f} minutes, {in_vain} times 429")
    assert number - 25 <= clock.now() / 60 <= 2 * number  # It gives 25 at once, and one a minute from then on.
    assert in_vain < number / 2


def test_the_museums_firewall_and_commons_older_versions_are_no_obstacle(tmp_path):
    clock = TurnedClock()
    plan = tmp_path / "plan.csv"
    plan.write_text("pole,query,count\ncollection,Worth evening dress,36\n")
    with live_museum(clock.now) as museum:
        common = ["--home", str(tmp_path), "--queries", str(plan), "--allow-private-hosts", "--quiet"]
        scrape.main([*common, "--source", "met", "--base-url", museum.site.url("/public/collection/")], clock)
        assert clock.now() > 3 * 40
        where = ["--base-url", museum.commons.url("/w/api.php"), "--contact", "me@studio.jp"]
        scrape.main([*common, "--source", "commons", *where], clock)
        assert [path.partition("?")[0] for path in museum.commons.asked] == ["/w/api.php", "/look.jpg"]
        assert all(site.most_connections <= 1 for site in museum.sites)
    found = Counter((line["source"], line["status"]) for line in manifest(tmp_path))
    assert found == {("met", "fetched"): 36, ("commons", "fetched"): 1}


def test_ten_kills_change_nothing(tmp_path):
    home = take_a_part(tmp_path, 2, 2)
    shown = killable.PROCESSES.Value("d", 0.0, lock=False)
    clock, random = TurnedClock(shown), Random(2)
    with live_services(clock.now, SEARCHES_A_DAY) as services:
        for _ in range(10):
            path = home / "data/1-scraped/manifest.jsonl"
            enough = (path.read_bytes().count(b"\n") if path.exists() else 0) + random.randint(1, 12)
            process = killable.start(
                killable.run_scrape_by_a_turned_clock, shown, *flags(home, services), "--quiet", "--delay", "1"
            )
            while process.is_alive() and (not path.exists() or path.read_bytes().count(b"\n") < enough):
                process.join(0.003)
            assert killable.kill(process)
        collect(home, services, clock)
        assert len(services.searched) <= len(set(services.searched)) + 10
        asked = Counter(path for site in services.sites for path in site.asked)
    check_pictures(home)
    assert sum(number - 1 for path, number in asked.items() if path.endswith("thumb/")) <= 10 * 2
