"""The commands that the page shows: those by which a home's folders were made."""

from __future__ import annotations

import pytest
from samples import write

from demicouture import cli
from demicouture.files import write_json
from demicouture.magazine.commands import command


def make_folder(home, script: str, place: str, *flags: list[str]) -> None:
    write_json(home / place / "options.json", {"script": script, "options": {}, "flags": flags})


def test_a_scripts_own_record_becomes_its_command(tmp_path):
    parser = cli.parser("Generates.", input="3-training", output="4-generated")
    parser.add_argument("--count", type=int)
    args = cli.parse(parser, ["--home", str(tmp_path), "--count=20", "--seed", "7", "--quiet"])
    with cli.open_output(args, "generate.py", {"count": 20, "seed": 7}) as run:
        run.begin()
    assert command(tmp_path, "generate.py") == "python generate.py --count 20 --seed 7"
    assert command(tmp_path, "generate.py", "--count", "40") == "python generate.py --seed 7 --count 40"


@pytest.mark.parametrize("record", [b"", b"[]", b'{"script": "generate.py", "options": {}}'])
def test_where_nothing_says_which_flags_there_is_no_command(tmp_path, record):
    assert command(tmp_path, "generate.py") is None
    write(tmp_path / "outputs/4-generated/options.json", record)
    assert command(tmp_path, "generate.py") is None
    make_folder(tmp_path, "another.py", "outputs/4-generated", ["--count", "20"])
    assert command(tmp_path, "generate.py") is None


def test_of_a_collection_the_last_run_is_told(tmp_path):
    make_folder(tmp_path, "scrape.py", "data/1-scraped", ["--limit", "3"])
    assert command(tmp_path, "scrape.py") is None  # The options do not say from which source.
    results = {"flags": [["--source", "openverse"], ["--base-url", "http://10.0.0.7/"], ["--only", "met,nypl"]]}
    write_json(tmp_path / "data/1-scraped/summary.json", {"results": results})
    assert command(tmp_path, "scrape.py") == "python scrape.py --source openverse --only met,nypl"
    results["flags"] = {"source": "openverse"}  # as an earlier version had it
    write_json(tmp_path / "data/1-scraped/summary.json", {"results": results})
    assert command(tmp_path, "scrape.py") is None


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("lookbook:7", "lookbook:7"),
        ("3,17", "3,17"),
        ("home/kept.json", "kept.json"),
        ("home/mine/kept.json:3,4", "mine/kept.json:3,4"),
        ("elsewhere/my shirt.jpg", "'my shirt.jpg'"),
        ("elsewhere/../home/mine/kept.json", "mine/kept.json"),
        ("/nowhere/anna/kept.json:3", "kept.json:3"),
        (r"C:\anna\kept.json:3", "kept.json:3"),
    ],
)
def test_of_files_only_what_means_something_elsewhere_is_told(tmp_path, monkeypatch, value, told):
    monkeypatch.chdir(tmp_path)
    for file in ("home/kept.json", "home/mine/kept.json", "elsewhere/my shirt.jpg"):
        write(tmp_path / file, b"[]")
    make_folder(tmp_path / "home", "interpolate.py", "outputs/6-interpolation", ["--a", value], ["--untuned"])
    assert command(tmp_path / "home", "interpolate.py") == f"python interpolate.py --a {told} --untuned"


def test_a_folder_is_left_out_and_the_checkouts_files_keep_their_place(tmp_path):
    checkout = cli.HOUSE / "data/queries-demo.csv"
    flags = ["--queries", str(checkout)], ["--output", str(tmp_path)], ["--seed", "1"]
    make_folder(tmp_path, "preprocess.py", "data/2-dataset", *flags)
    assert command(tmp_path, "preprocess.py") == "python preprocess.py --queries data/queries-demo.csv --seed 1"
