"""Culling and trimming, asked over HTTP as the page does."""

from __future__ import annotations

import errno
import io
import queue
import shutil
from pathlib import Path

import numpy as np
import pytest
import review_home
from PIL import Image, PngImagePlugin
from review_home import COUNT, served

import preprocess
from demicouture import runs
from demicouture.errors import InputError
from demicouture.files import read_csv, write_csv
from demicouture.images import Picture
from demicouture.preprocessing import overrides, review_folders
from demicouture.preprocessing.cropping import crop
from demicouture.preprocessing.overrides import Move
from demicouture.review import pictures
from demicouture.review.background import Background
from demicouture.review.cull import CullDesk, Folders
from demicouture.review.forecast import forecast

SCRIPT = b"<script>document.title='taken'</script>"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return review_home.make_scraped(tmp_path_factory.mktemp("made"), each=50)


@pytest.fixture
def home(made, tmp_path):
    return shutil.copytree(made, tmp_path / "home")


class NoForecast:
    """In place of the process: most tests ask nothing of it."""

    pending = False

    def __init__(self, *_: object) -> None:
        self.asked = 0

    def ask(self, *_: object) -> None:
        self.asked += 1

    def close(self) -> None:
        pass


@pytest.fixture
def page(home, monkeypatch):
    monkeypatch.setattr("demicouture.review.cull.Background", NoForecast)
    with served(make_desk(home)) as page:
        yield page


def make_desk(home) -> CullDesk:
    return CullDesk(Folders(home / "data/1-scraped", home / "data/2-dataset", None, None), review_home.POLES)


def own(home) -> dict[str, tuple[str, str]]:
    """What stands in the person's own columns, where something does."""
    rows = read_csv(home / "data/2-dataset/decisions.csv", ["file", *overrides.YOUR_COLUMNS])
    found = {row["file"]: (row["your_decision"], row["your_box"]) for row in rows}
    return {file: words for file, words in found.items() if any(words)}


def test_the_wall_gets_all_that_is_in_the_table(page):
    facts = page.get("entries")
    assert facts["poles"] == [["casual", "casual", "カジュアル"], ["collection", "collection", "コレクション"]]
    assert (facts["count"], facts["size"], len(facts["entries"])) == (COUNT, 32, 100)
    number, file, pole, kind, reason, style, top, decision, box, usable, like = facts["entries"][1]
    assert (number, file, pole, kind, top, decision, box, usable, like) == (
        1,
        "casual/hoody/0001.png",
        0,
        1,
        None,
        "",
        "",
        1,
        0,
    )
    assert facts["reasons"][reason] == ["the same picture twice", "ほぼ同じ画像がある"] and 0 <= style <= 1
    assert sum(entry[3] == 0 for entry in facts["entries"]) == 2 * COUNT


def test_decisions_are_in_the_persons_own_column_at_once(home, page):
    page.post("choose", numbers=[0, 1, 2], decision="drop")
    answer = page.post("choose?version=0&edition=0", numbers=[2], decision="keep")
    assert answer["at"] == [2] and [2, "keep", ""] in answer["changed"] and len(answer["changed"]) == 3
    page.post("choose", numbers=[50, 51], decision="other")
    page.post("choose", numbers=[51], decision="other")
    page.post("choose", numbers=[60], decision="review")
    assert own(home) == {
        "casual/hoody/0000.png": ("drop", ""),
        "casual/hoody/0001.png": ("drop", ""),
        "casual/hoody/0002.png": ("keep", ""),
        "collection/cape/0000.png": ("casual", ""),
        "collection/cape/0001.png": ("keep", ""),
        "collection/cape/0010.png": ("review", ""),
    }
    page.post("choose", numbers=[1], decision="")
    assert "casual/hoody/0001.png" not in own(home) and page.desk.forecaster.asked > 5
    assert page.post("undo")["at"] == [1]
    assert own(home)["casual/hoody/0001.png"] == ("drop", "")


@pytest.mark.parametrize(
    "body",
    [
        {"numbers": [1000], "decision": "keep"},
        {"numbers": ["../x"], "decision": "keep"},
        {"numbers": [0], "decision": "x"},
        {"numbers": 0},
    ],
)
def test_what_is_no_choice_is_refused(home, page, body):
    assert page.ask("choose", body)[0] == 400 and own(home) == {}


def test_trimming_shows_what_would_be_cut_and_writes_the_box(home, page):
    assert page.get("square/3") == {"width": 48, "height": 48, "rule": [0, 0, 48, 48], "box": None}
    page.post("trim", number=3, box="-4 2 36 42")
    assert own(home) == {"casual/hoody/0003.png": ("", "-4 2 36 42")}
    assert page.get("square/3")["box"] == [-4, 2, 36, 42]
    status, content = page.ask("result/3?box=-4%202%2036%2042")
    wanted = crop(Picture(Image.fromarray(review_home.garment(3)), 48, 48), (-4, 2, 36, 42), 32)
    assert status == 200 and np.array_equal(np.asarray(Image.open(io.BytesIO(content))), np.asarray(wanted))
    page.post("trim", number=3, box="")
    assert own(home) == {}
    for box in ("100 100 140 140", "0 0 4000 4000"):
        assert page.ask("trim", {"number": 3, "box": box})[0] == 400
    assert page.ask("trim", {"number": 3, "box": "a b"})[0] == 409 and own(home) == {}


def test_pictures_are_encoded_anew_and_bring_no_script(home, page):
    hostile = home / "data/1-scraped/casual/hoody/0004.png"
    content = PngImagePlugin.PngInfo()
    content.add_text("comment", SCRIPT.decode())
    Image.fromarray(review_home.garment(4)).save(hostile, "PNG", pnginfo=content)
    with open(hostile, "ab") as file:
        file.write(SCRIPT)
    for path in ("thumbnail/4", "picture/4", "result/4?box=0%200%2048%2048"):
        status, content = page.ask(path)
        assert status == 200 and SCRIPT not in content and content[:4] in (b"\xff\xd8\xff\xe0", b"\x89PNG")
    page.desk._small.clear()
    hostile.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'>" + SCRIPT + b"</svg>")
    assert page.ask("thumbnail/4")[0] == page.ask("picture/4")[0] == 404
    assert page.ask("thumbnail/99999")[0] == page.ask("thumbnail/-1")[0] == page.ask("thumbnail/..%2f1")[0] == 404


@pytest.mark.parametrize(
    "file", ["../../secret.png", "/etc/secret.png", "casual/../../secret.png", "C:/secret.png", "a\\..\\..\\secret.png"]
)
def test_a_table_leads_nowhere_else(home, file, monkeypatch):
    monkeypatch.setattr("demicouture.review.cull.Background", NoForecast)
    Image.new("RGB", (40, 40)).save(home / "secret.png")
    table = home / "data/2-dataset/decisions.csv"
    rows = read_csv(table, ["file"])
    rows[0]["file"] = file
    write_csv(table, list(rows[0]), rows)
    with served(make_desk(home)) as page:
        for path in ("thumbnail/0", "picture/0", "square/0", "result/0?box=0%200%2040%2040"):
            assert page.ask(path)[0] == 404
    assert not pictures.lies_below(file) and pictures.lies_below("casual/a b/…/服.jpg")


def test_the_likest_come_first(page):
    alike = page.get("alike/70")
    poles = [page.desk._files[number].partition("/")[0] for number in alike]
    assert alike[0] == 70 and len(alike) == 100 and poles[:50] == ["collection"] * 50


def test_a_picture_that_was_moved_by_hand_is_the_tables_from_now_on(home, page):
    folder = home / "data/2-review"
    places = {place["file"]: place for place in read_csv(folder / "places.csv", ["file", "name"])}
    file = "casual/hoody/0005.png"
    moved = folder / "casual/drop" / places[file]["name"]
    moved.parent.mkdir(parents=True)
    moved.write_bytes(b"")
    assert review_folders.read_moves(folder) == {file: Move("keep", "drop")}
    page.desk._load()
    assert page.get("entries")["entries"][5][7] == "drop"
    page.post("choose", numbers=[5], decision="keep")
    assert own(home) == {file: ("keep", "")} and review_folders.read_moves(folder) == {} and not moved.exists()
    page.post("undo")
    assert own(home) == {file: ("drop", "")}
    overrides.read_overrides(home / "data/2-dataset/decisions.csv", review_folders.read_moves(folder))


def test_two_tabs_and_a_spreadsheet_see_each_others_words(home, page):
    first = page.get("entries")
    query = "&".join(f"{name}={first[name]}" for name in ("version", "edition", "merges"))
    table = home / "data/2-dataset/decisions.csv"
    stale = read_csv(table, ["file"])
    page.post("choose", numbers=[7], decision="keep")  # The one tab,
    stale[8]["your_decision"] = "drop"  # a spreadsheet that was opened before,
    write_csv(table, list(stale[0]), stale)
    found = page.get(f"changes?{query}")  # and the other tab.
    assert found["changed"] == [[7, "keep", ""], [8, "drop", ""]] and not found["anew"]
    assert found["merged"] == [{"taken": 1, "kept": 1, "anew": False}]
    assert own(home) == {"casual/hoody/0007.png": ("keep", ""), "casual/hoody/0008.png": ("drop", "")}


def test_a_run_meanwhile_is_respected_and_taken_in(home, page):
    dataset = home / "data/2-dataset"
    with runs.open_run(dataset, "preprocess.py", {}, fresh=True):
        status, content = page.ask("choose", {"numbers": [0], "decision": "drop"})
        assert status == 409 and b"preprocess.py (process" in content and own(home) == {}
    rows = read_csv(dataset / "decisions.csv", ["file"])
    new = rows[0] | {"file": "casual/hoody/9999.png", "picture": "", "decision": "review"}
    write_csv(dataset / "decisions.csv", list(rows[0]), [*rows, new])
    assert page.get("changes?version=0&edition=0&merges=0")["anew"]
    entries = page.get("entries")["entries"]
    assert entries[-1][:4] == [100, "casual/hoody/9999.png", 0, 2]


def test_the_forecast_is_what_preprocess_py_then_does(home, page):
    dataset = home / "data/2-dataset"
    before = forecast(dataset, None)
    page.desk._take_forecast(before)
    page.post("choose", numbers=[0, 50], decision="drop")  # A copy goes along with each.
    page.post("choose", numbers=[51], decision="other")
    told = forecast(dataset, None)
    page.desk._take_forecast(told)
    found = page.get("changes")["forecast"]
    kept = [{file for file, fate in fates.items() if fate.kind == "kept"} for fates in (before, told)]
    assert found["kept"] == [COUNT, COUNT] and found["last"] == [len(kept[1] - kept[0]), len(kept[0] - kept[1])]
    assert found["last"][0] > 1
    kinds = {page.desk._files[number]: kind for number, kind, *_ in found["changes"]}
    assert kinds["casual/hoody/0000.png"] == 1 and kinds["collection/cape/0001.png"] == 0
    assert told["collection/cape/0001.png"].pole == "casual" and told["casual/hoody/0001.png"].kind == "dropped"

    how = ["--size", "32", "--count", str(COUNT), "--subject", "figure", "--background", "keep", "--people"]
    preprocess.main(["--home", str(home), "--quiet", *how])
    rows = read_csv(dataset / "decisions.csv", ["file"])
    made = {row["file"]: (row["pole"], row["decision"], row["reason"], row["like"]) for row in rows}
    assert made == {
        file: (fate.pole, "keep" if fate.kind == "kept" else "drop", fate.reason, fate.like)
        for file, fate in told.items()
    }
    assert (dataset / f"casual/{page.desk.hashes['collection/cape/0001.png'][:16]}.png").exists()


def test_what_is_worked_out_beside_ends_with_the_page():
    told = queue.Queue()
    beside = Background(divmod, told.put, told.put)
    beside.ask(7, 0)
    beside.ask(7, 2)
    assert told.get(timeout=60) == (3, 1) and not beside.pending
    beside.ask(*[Path("x")] * 2)
    beside.close()
    assert told.empty() and not beside._process.is_alive()


def test_nothing_to_review_yet_is_told(tmp_path, capsys):
    for pole in review_home.POLES:
        (tmp_path / f"data/1-scraped/{pole}").mkdir(parents=True)
    with pytest.raises(InputError, match=r"2-dataset: found no decisions\.csv, .* run: .*preprocess\.py"):
        preprocess.main(["--home", str(tmp_path), "--review"])
    with pytest.raises(SystemExit):
        preprocess.main(["--review", "--fresh"])
    assert "not allowed with --fresh" in capsys.readouterr().err


def test_a_picture_moved_by_hand_meanwhile_is_seen_and_the_contradiction_solved(home, page):
    folder, file = home / "data/2-review", "casual/hoody/0006.png"
    page.post("choose", numbers=[6], decision="keep")
    before = page.get("entries")
    name = next(place["name"] for place in read_csv(folder / "places.csv", ["name"]) if place["file"] == file)
    moved = folder / "casual/drop" / name
    moved.parent.mkdir(parents=True)
    moved.write_bytes(b"")
    with pytest.raises(InputError, match="but its picture was moved to drop") as contradiction:
        forecast(home / "data/2-dataset", None)
    page.desk._take_fault(str(contradiction.value))
    changes = page.get(f"changes?version={before['version']}&edition={before['edition']}&merges=0&forecasts=0")
    assert changes["anew"] and "moved to drop" in changes["forecast"]["fault"]
    page.post("choose", numbers=[6], decision="keep")
    assert forecast(home / "data/2-dataset", None)[file].kind == "kept"


def test_a_full_disk_is_told(home, page, monkeypatch):
    def write(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("demicouture.review.own_table.write_bytes", write)
    status, content = page.ask("choose", {"numbers": [0], "decision": "drop"})
    assert status == 409 and content.startswith(b'{"error":"the disk is full; free some space') and own(home) == {}


def test_a_folder_of_an_older_version_is_told(home):
    options = home / "data/2-dataset/options.json"
    options.write_text(options.read_text().replace('"subject"', '"theme"'))
    with pytest.raises(InputError, match=r"made by an older version \(its options.json has no subject\)"):
        make_desk(home)


def test_without_features_a_picture_can_be_culled_and_trimmed_all_the_same(home, page):
    log = home / "data/2-dataset/features.jsonl"
    log.write_text(log.read_text().replace('"contrast"', '"kontrast"'))  # Of an older version.
    page.post("trim", number=3, box="2 2 40 40")
    page.post("choose", numbers=[3], decision="drop")
    assert own(home) == {"casual/hoody/0003.png": ("drop", "2 2 40 40")}
    assert page.get("square/4") == {"width": 48, "height": 48, "rule": [0, 0, 48, 48], "box": None}
    assert page.ask("result/4?box=2%202%2040%2040")[0] == 200 and page.ask("alike/4")[0] == 404
    found = forecast(home / "data/2-dataset", None)
    page.desk._take_forecast(found)
    assert found == {} and page.get("changes")["forecast"] == {"number": 1, "unknown": True}
