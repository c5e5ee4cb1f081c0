"""One command for two folders of photographs, under names that a shell takes apart; and through make."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from samples import shirt, snapshot, write

import mine
from demicouture import cli
from demicouture.commands import HOUSE
from demicouture.errors import InputError
from demicouture.folder_links import link_folder
from demicouture.training import recommendation


@pytest.fixture
def photographs(tmp_path) -> Path:
    """Two folders of photographs, with blanks and 服 in their names."""
    for number in range(3):
        write(tmp_path / f"普段着 & more/2024/{number}.JPG", shirt(number))
        write(tmp_path / f"my shows/{number}.jpg", shirt(10 + number))
    write(tmp_path / "my shows/walk.mov", b"")
    return tmp_path


def run_mine(words: list[str], cwd: Path, program: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    words = list(program) or [sys.executable, str(HOUSE / "mine.py"), *words]
    environment = os.environ | {"DEMICOUTURE_MODELS": str(cwd / "none"), "PIP_NO_INDEX": "1"}
    return subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)


def test_two_folders_are_linked_and_the_scripts_run_until_one_cannot(photographs):
    before = snapshot(photographs)
    done = run_mine(["casual=普段着 & more", "collection=my shows"], photographs)
    told = done.stdout
    assert told.startswith("casual: 3 photographs; 100 are a beginning"), done.stderr
    assert re.search(r"without a GPU, on \d+ cores?: pictures of 64×64", told) or "with a GPU" in told
    scraped = photographs / "mine/data/1-scraped"
    assert (scraped / "casual/普段着 & more").is_symlink() and (scraped / "collection/my shows").is_symlink()
    assert {name: content for name, content in snapshot(photographs).items() if not name.startswith("mine")} == before
    # Nobody is seen without BlazePose's models, and three pictures are no batch; all that can be done was done.
    assert (photographs / "mine/data/2-dataset/summary.json").exists()
    flags = json.loads((photographs / "mine/data/2-dataset/options.json").read_text())["flags"]
    assert flags[0][0] == "--size"
    last, way_on = done.stderr.splitlines()[-2:]
    assert done.returncode == 1 and "expected at least a batch" in last
    assert way_on.startswith("mine.py stopped there; after that, to go on, run: ")
    assert way_on.endswith("mine.py 'casual=普段着 & more' 'collection=my shows'")


def test_make_hands_folders_on_as_they_are(photographs):
    if shutil.which("make") is None:
        pytest.skip("there is no make")
    words = ["make", "-n", "-C", str(HOUSE), "mine"]
    line = [text for text in run_mine([], photographs, tuple(words)).stdout.splitlines() if "mine.py" in text][-1]
    line = line.replace(".venv/bin/python mine.py", "printf '%s|%s'")
    variables = os.environ | {"CASUAL": "普段着 & more", "COLLECTION": 'it\'s "mine"'}
    given = subprocess.run(line, shell=True, env=variables, capture_output=True, text=True).stdout
    assert given == 'casual=普段着 & more|collection=it\'s "mine"'


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["casual=nowhere", "collection=my shows"], "nowhere: found no such folder, expected a folder of photographs"),
        (
            ["casual=empty", "collection=my shows"],
            "empty: found 0 pictures and 1 .mov, expected a folder of photograph",
        ),
        (["casual=.", "collection=my shows"], r"\.: --home mine lies in it, and what is made would count as"),
    ],
)
def test_folders_that_cannot_be_meant_are_refused(photographs, words, message, monkeypatch):
    monkeypatch.chdir(photographs)
    write(photographs / "empty/a.mov", b"")
    with pytest.raises(InputError, match=message):
        mine.link_photographs(mine.parse_args(words))


@pytest.mark.parametrize("words", ["a=x", "a=x b", "a=x a=y", "a=x =y", "a=x b=", "a=x b/c=y"])
def test_wrong_usage(words):
    with pytest.raises(SystemExit) as left:
        mine.parse_args(words.split())
    assert left.value.code == 2


def test_a_home_folder_is_found_and_earlier_flags_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    args = mine.parse_args(["a=~/x", "b=y", "--home", str(tmp_path / "m")])
    assert args.folders == {"a": tmp_path / "x", "b": Path("y")}
    assert mine.chosen_before("train_dcgan.py") == []
    flags = [["--preset", "demo"], ["--size", "32"]]
    record = {"script": "train_dcgan.py", "options": {}, "flags": flags}
    write(cli.folder(args, "3-training") / "options.json", json.dumps(record).encode())
    assert mine.chosen_before("train_dcgan.py") == ["--preset", "demo", "--size", "32"]


def test_the_plan_says_what_and_how_long(monkeypatch):
    monkeypatch.setattr(mine, "cores", lambda: 2)
    words = recommendation.recommend(1000, 128, gpu=False)
    assert re.fullmatch(
        r"without a GPU, on 2 cores: pictures of 64×64; about \d+ (minutes|hours) in all",
        mine.describe_plan(1200, 64, words, gpu=False),
    )
    assert mine.describe_plan(1200, 128, words, gpu=True).startswith("with a GPU: pictures of 128×128")


def test_links(tmp_path):
    one, other, place = tmp_path / "a/album", tmp_path / "b/album", tmp_path / "place"
    one.mkdir(parents=True)
    other.mkdir(parents=True)
    assert link_folder(one, place) == link_folder(one, place) == place / "album"
    assert link_folder(other, place) == place / "album-2"
    one.rename(tmp_path / "c")
    assert link_folder(other, place) == place / "album"  # whose folder is gone
    assert os.path.samefile(place / "album", other)
