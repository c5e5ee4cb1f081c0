import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from samples import bomb, close, corners, encode, garment, noise, quarters, shirt, snapshot, write

import preprocess
from demicouture import cli, files, pretrained
from demicouture.dataset import own_pictures, read_dataset
from demicouture.parallel import WORTH_A_PROCESS
from demicouture.preprocessing import classifiers, pose, segmentation
from demicouture.preprocessing.decisions import COLUMNS, is_manual
from demicouture.preprocessing.records import STRIP
from demicouture.preprocessing.review_folders import review_folder
from demicouture.scraping.sources.wardrobe import Wardrobe

SCRIPT = cli.HOUSE / "preprocess.py"


PER_POLE = 4
"""Too few for scores of style and for a shortcut check, which most tests can do without: they take a second each."""

NOT_JUDGED = "not judged: no models"
REAL_MODELS = pose.find_models()
needs_models = pytest.mark.skipif(REAL_MODELS is None, reason="BlazePose's models are not there: make models")


@pytest.fixture(autouse=True)
def without_models(tmp_path, monkeypatch):
    monkeypatch.setenv(pretrained.FOLDER_VARIABLE, str(tmp_path / "no-models"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A home in which the script ran: two poles of four sound pictures each, in two queries."""
    home = tmp_path_factory.mktemp("finished")
    for pole, start in (("casual", 0), ("collection", 100)):
        for number in range(PER_POLE):
            write(scraped(home) / pole / f"q{number % 2}" / f"{number}.jpg", shirt(start + number))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv(pretrained.FOLDER_VARIABLE, str(home / "no-models"))
        assert run(home) == 0
    return home


@pytest.fixture
def home(finished, tmp_path):
    """The same two poles, into which nothing looked yet."""
    shutil.copytree(scraped(finished), scraped(tmp_path))
    return tmp_path


@pytest.fixture
def made(finished, tmp_path):
    """The same two poles and what was made of them."""
    return shutil.copytree(finished, tmp_path, dirs_exist_ok=True)


def run(home, *argv: str) -> int:
    """Runs the script in this process, in its home, and returns its exit code."""
    with contextlib.chdir(home):
        return cli.run(lambda: preprocess.main([*argv]))


def scraped(home):
    return home / "data/1-scraped"


def dataset(home):
    return home / "data/2-dataset"


def for_review(home):
    return home / "data/2-review"


def table(home) -> dict[str, dict]:
    return {row["file"]: row for row in files.read_csv(dataset(home) / "decisions.csv", COLUMNS)}


def edit(home, name: str, /, **changes: str) -> None:
    rows = files.read_csv(dataset(home) / "decisions.csv", COLUMNS)
    assert name in [row["file"] for row in rows]
    edited = [row | changes if row["file"] == name else row for row in rows]
    files.write_csv(dataset(home) / "decisions.csv", COLUMNS, edited)


def cut_of(home, file: str) -> np.ndarray:
    with Image.open(dataset(home) / table(home)[file]["picture"]) as image:
        return np.asarray(image)


def place_of(home, file: str) -> Path:
    """Where a picture lies for review."""
    rows = files.read_csv(for_review(home) / "places.csv", ("name", "file", "place"))
    return next(for_review(home) / row["place"] / row["name"] for row in rows if row["file"] == file)


def move(home, file: str, decision: str) -> None:
    place = place_of(home, file)
    pole = for_review(home) / file.partition("/")[0]
    place.rename(pole / decision / place.name)


def summary(home) -> dict:
    return files.read_json(dataset(home) / "summary.json")


def test_a_data_set_as_promised(home, capsys):
    source = scraped(home)
    write(source / "casual/q0/broken.jpg", shirt(7)[:900])
    write(source / "casual/q0/empty.png", b"")
    write(source / "casual/q1/page.jpg", b"<html>gone</html>")
    write(source / "casual/q1/small.jpg", shirt(8, 300, 127))
    write(source / "casual/q1/copy.jpg", shirt(0))
    write(source / "collection/q0/bomb.png", bomb())
    write(source / "collection/stray/deep/er/again.jpeg", shirt(3))
    write(source / "collection/q0/larger.webp", encode(garment(101).resize((320, 320)), "WEBP", quality=90))
    write(source / "collection/q0/blank.png", encode(Image.new("RGB", (200, 200), (150, 150, 150)), "PNG"))
    write(source / "collection/q0/blurred.png", encode(noise(1, 400, 400), "PNG"))
    write(source / "collection/q0/notes.txt", b"")
    write(source / "collection/q0/.DS_Store", b"")
    assert run(home) == 0

    rows = table(home)
    assert len(rows) == 2 * PER_POLE + 10
    assert list(rows) == sorted(rows)
    reasons = {file.removeprefix("casual/"): row["reason"] for file, row in rows.items() if row["decision"] == "drop"}
    assert reasons == {
        "q0/broken.jpg": "undecodable",
        "q0/empty.png": "undecodable",
        "q1/page.jpg": "undecodable",
        "q1/small.jpg": "smaller than 128×128",
        "q1/copy.jpg": "exact duplicate",
        "q1/3.jpg": "in both poles",
        "collection/q0/bomb.png": "over 100 megapixels",
        "collection/stray/deep/er/again.jpeg": "in both poles",
        "collection/q1/1.jpg": "near duplicate",
        "collection/q0/blank.png": "blank",
        "collection/q0/blurred.png": "blurred",
    }
    assert rows["casual/q1/copy.jpg"]["like"] == "casual/q0/0.jpg"
    assert rows["collection/q1/1.jpg"]["like"] == "collection/q0/larger.webp"
    assert {row["reason"] for row in rows.values() if row["decision"] == "keep"} == {NOT_JUDGED}
    assert all((row["decision"] == "keep") == bool(row["picture"]) for row in rows.values())
    small = rows["casual/q1/small.jpg"]
    assert (small["width"], small["height"]) == ("300", "127")
    assert int(small["right"]) > int(small["left"])
    for column in ("contrast", "sharpness", "garment"):
        assert 0 < float(rows["casual/q0/0.jpg"][column]) < 1
    # Nobody was looked for, and nobody said what a top is; and so few pictures have no style.
    for column in ("detected", "person", "yaw", "thighs", "second", "is_top", "style"):
        assert rows["casual/q0/0.jpg"][column] == ""

    found = read_dataset(dataset(home))
    assert found.pictures.shape == (7, 128, 128, 3)
    assert found.poles == ("casual", "collection")
    told = summary(home)
    assert sorted(told) == ["files", "inputs", "options", "results", "script", "seal", "versions"]
    results = told["results"]
    assert results["dataset_sha256"] == found.sha256
    assert told["options"] == {
        **{"size": 128, "count": 500, "seed": 0},
        **{"subject": "garment", "background": "plain", "on_review": "drop", "people": ["collection"]},
    }
    assert sorted(told["inputs"]) == ["1-scraped", "2-review", "decisions.csv", "examples", "pose models"]
    assert told["inputs"]["decisions.csv"] == files.hash_file(dataset(home) / "decisions.csv")
    assert told["inputs"]["examples"] is told["inputs"]["2-review"] is told["inputs"]["pose models"] is None
    assert told["files"] == sorted(
        path.relative_to(dataset(home)).as_posix()
        for path in [*found.files, *dataset(home).glob("*.png"), dataset(home) / "decisions.csv"]
    )
    assert results["poles"]["casual"] == {
        "kept": 3,
        "dropped": 6,
        "review": 0,
        "kept_by_reason": {NOT_JUDGED: 3},
        "dropped_by_reason": {"exact duplicate": 1, "in both poles": 1, "smaller than 128×128": 1, "undecodable": 3},
        "review_by_reason": {},
        "by_person": 0,
    }
    assert results["other_files"] == {".txt": 1}
    assert results["tops"] is results["shortcuts"] is None
    assert sorted(path.name for path in dataset(home).iterdir()) == [
        *("casual", "casual-dropped.png", "casual-kept.png"),
        *("collection", "collection-dropped.png", "collection-kept.png"),
        *("decisions.csv", "features.jsonl", "options.json", "summary.json"),
    ]
    for path in found.files:
        with Image.open(path) as image:
            assert (image.format, image.mode, image.size) == ("PNG", "RGB", (128, 128))
    # Every picture that can be looked at lies for review once.
    assert len(list(for_review(home).rglob("*.jpg"))) == 2 * PER_POLE + 10 - 4
    assert place_of(home, "casual/q1/copy.jpg").parent == for_review(home) / "casual/drop/exact duplicate"
    assert place_of(home, "casual/q0/0.jpg").parent == for_review(home) / "casual/keep"
    output = capsys.readouterr().out.splitlines()
    assert output[0].startswith(
        "casual: 3 kept (not judged: no models 3), 6 dropped (exact duplicate 1, in both poles 1, smaller than 128×"
    )
    assert sum(line.startswith("people were not judged: no models; run: ") for line in output) == 1
    assert "passed over what is no picture, or none of a kind that is read: 1 .txt" in output
    assert output[-1].startswith("next: ") and output[-1].endswith("train_dcgan.py --preset best --size 64")


def test_every_format_comes_out_upright_and_in_its_colours(home):
    rgb, exif = Image.fromarray(quarters(320, 320)), Image.Exif()
    exif[0x0112] = 6
    layer = np.dstack([quarters(320, 320), np.full((320, 320), 255, np.uint8)])
    palette = rgb.convert("P", palette=Image.Palette.ADAPTIVE)
    for name, content in {
        "cmyk.jpg": encode(rgb.convert("CMYK"), "JPEG", quality=95),
        "palette.png": encode(palette, "PNG"),
        "palette.gif": encode(palette, "GIF"),
        "alpha.png": encode(Image.fromarray(layer), "PNG"),
        "turned.jpg": encode(Image.fromarray(np.rot90(quarters(320, 320)).copy()), "JPEG", exif=exif, quality=95),
        "large.webp": encode(rgb.resize((900, 900)), "WEBP", quality=95),
        "large.jpg": encode(rgb.resize((900, 900)), "JPEG", quality=95),
        "tiff.tif": encode(rgb, "TIFF"),
        "phone.HEIC": (Path(__file__).parent / "data/quarters.heic").read_bytes(),
        "avif.avif": encode(rgb, "AVIF", quality=95),
    }.items():
        write(scraped(home) / "casual" / name, content)
    grey = np.linspace(0, 65535, 200 * 200).reshape(200, 200).astype(np.uint16)
    write(scraped(home) / "casual/16-bit.png", encode(Image.fromarray(grey), "PNG"))
    write(scraped(home) / "casual/q0/strip.png", encode(Image.fromarray(quarters(300, 1201)), "PNG"))
    # To the rules most of these are one picture, and no photograph; a person may want them all the same.
    assert run(home, "--background", "keep") == 0
    added = {file: row for file, row in table(home).items() if file.count("/") == 1}
    assert {row["reason"] for row in added.values()} <= {"near duplicate", "no photograph", "blurred", NOT_JUDGED}
    for file, row in added.items():
        edit(home, file, your_decision="keep", your_box=f"0 0 {row['width']} {row['height']}")
    edit(home, "casual/q0/strip.png", your_decision="keep")  # There is no square in it, whatever a person says.
    assert run(home, "--background", "keep") == 0
    strip = table(home)["casual/q0/strip.png"]
    assert (strip["reason"], strip["picture"]) == (STRIP, "")
    for file in added:
        if "16-bit" not in file:
            assert close(corners(cut_of(home, file)), tolerance=14), file
    shades = cut_of(home, "casual/16-bit.png")[:, 64, 0].astype(int)
    assert np.abs(shades - np.linspace(0, 255, 128)).max() < 3


def test_both_poles_have_one_plain_background_or_their_own(made):
    wide = garment(30, 300, 200, middle=(0.4, 0.5), ground=(120, 180, 120))
    write(scraped(made) / "casual/wide.png", encode(wide, "PNG"))
    assert run(made) == 0
    assert len(own_pictures(dataset(made))) == 2 * PER_POLE + 1
    for file in table(made):
        square = cut_of(made, file)
        for corner in (np.s_[:4, :4], np.s_[-4:, :4], np.s_[-4:, -4:]):
            assert (square[corner] == segmentation.PLAIN).all(), file
    # The square is around the garment, not in the middle of the picture.
    left, right = (int(table(made)["casual/wide.png"][side]) for side in ("left", "right"))
    assert abs((left + right) / 2 - 120) < 15
    assert run(made, "--background", "keep", "--fresh") == 0
    assert np.abs(cut_of(made, "casual/wide.png")[-4:, -4:].astype(int) - (120, 180, 120)).max() <= 25
    assert run(made, "--background", "plain") == 1


def test_a_manifest_changes_nothing(made):
    before = snapshot(dataset(made))
    names = list(table(made))
    lines = [json.dumps({"file": name, "reason": "planted:side", "pole": "casual"}) for name in names]
    write(scraped(made) / "manifest.jsonl", "\n".join(lines).encode())
    assert run(made, "--fresh") == 0
    assert snapshot(dataset(made)) == before
    # Nothing is even opened that is not a picture of a pole.
    (scraped(made) / "manifest.jsonl").unlink()
    os.mkfifo(scraped(made) / "manifest.jsonl")
    assert run(made, "--fresh") == 0
    assert snapshot(dataset(made)) == before


def test_again_there_is_nothing_to_do(made, capsys):
    before = {path: path.stat().st_mtime_ns for path in dataset(made).rglob("*.*") if path.name != "options.json"}
    content = snapshot(dataset(made))
    capsys.readouterr()
    assert run(made) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert snapshot(dataset(made)) == content
    assert before == {path: path.stat().st_mtime_ns for path in before}


@pytest.mark.parametrize("damage", ["lost", "half", "painted", "sheet", "summary", "log"])
def test_what_is_damaged_is_made_again(made, damage, capsys):
    before = snapshot(dataset(made))
    name = next(name for name in before if name.startswith("casual/"))
    {
        "lost": lambda: (dataset(made) / name).unlink(),
        "half": lambda: write(dataset(made) / name, before[name][:500]),
        "painted": lambda: write(dataset(made) / name, encode(noise(9), "PNG")),
        "sheet": lambda: (dataset(made) / "casual-kept.png").unlink(),
        "summary": lambda: write(dataset(made) / "summary.json", b"[1"),
        "log": lambda: write(dataset(made) / "features.jsonl", b"\xff{") and (dataset(made) / name).unlink(),
    }[damage]()
    assert run(made) == 0
    assert "nothing to do" not in capsys.readouterr().out.partition("next")[2]
    assert snapshot(dataset(made)) == before


def test_pictures_that_come_and_go(made):
    write(scraped(made) / "casual/new/6.jpg", shirt(50))
    (scraped(made) / "casual/q0/0.jpg").unlink()
    assert run(made) == 0
    rows = table(made)
    assert "casual/q0/0.jpg" not in rows
    assert not is_manual(rows["casual/new/6.jpg"])
    assert len(read_dataset(dataset(made)).files) == 2 * PER_POLE
    grown = snapshot(dataset(made))
    assert run(made, "--fresh") == 0
    assert snapshot(dataset(made)) == grown
    # The bytes of a casual picture turn up in the other pole: both go, and no row looks like a person's.
    write(scraped(made) / "collection/q0/x.jpg", shirt(50))
    run(made)
    rows = table(made)
    assert rows["casual/new/6.jpg"]["reason"] == rows["collection/q0/x.jpg"]["reason"] == "in both poles"
    assert not any(map(is_manual, rows.values()))


def test_count_is_raised_never_lowered(home, capsys):
    assert run(home, "--count", "2") == 0
    few = {file for file, row in table(home).items() if row["picture"]}
    assert len(few) == 4
    assert {row["reason"] for file, row in table(home).items() if file not in few} == {"over --count"}
    assert run(home, "--count", "3") == 0
    assert few < {file for file, row in table(home).items() if row["picture"]}
    assert summary(home)["results"]["poles"]["casual"]["kept"] == 3
    more = snapshot(dataset(home))
    capsys.readouterr()
    assert run(home, "--count", "2") == 1
    assert "made with --count 3 (now 2, expected at least as many)" in capsys.readouterr().err
    for flags, message in [
        (("--size", "64"), "--size 128 (now 64)"),
        (("--seed", "1"), "--seed 0 (now 1)"),
        (("--subject", "figure"), "--subject garment (now figure)"),
        (("--background", "keep"), "--background plain (now keep)"),
        (("--on-review", "keep"), "--on-review drop (now keep)"),
        (("--people",), "--people ['collection'] (now [])"),
    ]:
        assert run(home, "--count", "3", *flags) == 1
        assert message in capsys.readouterr().err
    assert snapshot(dataset(home)) == more
    assert run(home, "--count", "3", "--fresh") == 0
    assert "the old folder is now" in capsys.readouterr().out
    assert snapshot(dataset(home)) == more
    assert (home / "data/2-dataset.old-1/summary.json").exists()


def test_a_persons_decisions_are_followed_and_kept(home, capsys):
    flags = ("--count", "3", "--background", "keep")
    write(scraped(home) / "casual/q0/small.jpg", shirt(8, 100, 90))
    write(scraped(home) / "casual/q0/broken.jpg", shirt(9)[:700])
    write(scraped(home) / "collection/q0/copy.jpg", shirt(100))
    red = Image.new("RGB", (200, 200), (200, 30, 30))
    red.paste((30, 30, 200), (60, 60, 140, 140))
    write(scraped(home) / "casual/red.png", encode(red, "PNG"))
    run(home, *flags)
    assert table(home)["casual/red.png"]["reason"] == "no photograph"
    kept = [file for file, row in table(home).items() if row["picture"] and file.startswith("casual/q")]
    edit(home, "casual/q0/small.jpg", your_decision="keep")
    edit(home, "casual/q0/broken.jpg", your_decision="keep")
    edit(home, "collection/q0/copy.jpg", your_decision="keep")
    edit(home, kept[0], your_decision="drop")
    edit(home, kept[1], your_decision="review")
    edit(home, "casual/red.png", your_decision="keep", your_box="-100 0 100 100")
    capsys.readouterr()
    assert run(home, *flags) == 0
    output = capsys.readouterr().out
    assert "warning: casual/q0/broken.jpg: you keep it, but it is undecodable; it stays dropped" in output

    rows = table(home)
    assert rows["casual/q0/small.jpg"]["picture"]
    assert cut_of(home, "casual/q0/small.jpg").shape == (128, 128, 3)
    assert rows["casual/q0/broken.jpg"]["picture"] == ""
    assert rows["collection/q0/copy.jpg"]["picture"] and rows["collection/q0/0.jpg"]["reason"] == "exact duplicate"
    assert rows[kept[0]]["picture"] == rows[kept[1]]["picture"] == ""
    assert summary(home)["results"]["poles"]["casual"]["kept"] == 3
    assert summary(home)["results"]["poles"]["casual"]["review"] == 1
    assert (dataset(home) / "casual-review.png").exists()
    # 200×100 becomes the square from -100, -50 to 100, 150; what lies outside has the red of the background.
    square = cut_of(home, "casual/red.png")
    assert (square[:, :60] == (200, 30, 30)).all() and (square[:30] == (200, 30, 30)).all()
    assert (square[75:115, 106:124] == (30, 30, 200)).all()

    before = snapshot(dataset(home))
    assert run(home, *flags) == 0
    assert snapshot(dataset(home)) == before
    edit(home, kept[1], your_decision="keep")
    assert run(home, *flags) == 0
    assert not (dataset(home) / "casual-review.png").exists()
    for number in (0, 2):
        (scraped(home) / f"casual/q0/{number}.jpg").unlink()
    write(scraped(home) / "casual/late.jpg", shirt(60))
    assert run(home, *flags) == 0
    assert table(home)["casual/q0/small.jpg"]["your_decision"] == "keep"
    assert table(home)["casual/q0/small.jpg"]["picture"]


def test_a_moved_picture_is_a_persons_decision_until_it_is_moved_back(made, capsys):
    before, places = snapshot(dataset(made)), snapshot(for_review(made))
    move(made, "casual/q0/0.jpg", "drop")
    move(made, "collection/q1/1.jpg", "review")
    assert run(made) == 0
    rows = table(made)
    for file, decision in (("casual/q0/0.jpg", "drop"), ("collection/q1/1.jpg", "review")):
        row = rows[file]
        assert (row["decision"], row["your_decision"], row["reason"]) == (decision, "", "a person's decision")
        assert row["picture"] == ""
        assert place_of(made, file).parent.name == "a person's decision" and place_of(made, file).exists()
    assert len(own_pictures(dataset(made))) == 2 * PER_POLE - 2
    assert (
        summary(made)["results"]["poles"]["casual"]["by_person"]
        == summary(made)["results"]["poles"]["collection"]["by_person"]
        == 1
    )
    # The pictures themselves stay where they are, and the decision stays from run to run.
    assert len(list(scraped(made).rglob("*.jpg"))) == 2 * PER_POLE
    write(scraped(made) / "casual/late.jpg", shirt(60))
    assert run(made) == 0
    assert table(made)["casual/q0/0.jpg"]["decision"] == "drop"
    assert "nothing to do" not in capsys.readouterr().out
    assert run(made) == 0
    assert "nothing to do" in capsys.readouterr().out
    (scraped(made) / "casual/late.jpg").unlink()
    move(made, "casual/q0/0.jpg", "keep")
    move(made, "collection/q1/1.jpg", "keep")
    assert run(made) == 0
    assert snapshot(dataset(made)) == before
    assert snapshot(for_review(made)) == places


def test_a_move_and_an_edit_that_differ_are_refused_in_one_line(made, capsys):
    move(made, "casual/q0/0.jpg", "drop")
    edit(made, "casual/q0/0.jpg", your_decision="review")
    before = snapshot(made)
    assert run(made) == 1
    told = capsys.readouterr().err
    assert "row 2, casual/q0/0.jpg: your_decision is review, but its picture was moved to drop; undo one" in told
    assert told.count("\n") == 1
    assert snapshot(made) == before
    edit(made, "casual/q0/0.jpg", your_decision="drop")
    assert run(made) == 0


def test_fresh_begins_without_a_persons_decisions_and_keeps_them_aside(made):
    before = snapshot(dataset(made))
    move(made, "casual/q0/0.jpg", "drop")
    edit(made, "casual/q1/1.jpg", your_decision="drop")
    moved, edited = snapshot(for_review(made)), snapshot(dataset(made))
    assert run(made, "--fresh") == 0
    assert snapshot(dataset(made)) == before
    assert not any(map(is_manual, table(made).values()))
    assert snapshot(made / "data/2-review.old-1") == moved
    assert snapshot(made / "data/2-dataset.old-1") == edited


def test_pictures_for_review_are_taken_in_where_the_user_wants_it(home, capsys):
    assert run(home, "--on-review", "keep") == 0
    edit(home, "casual/q0/0.jpg", your_decision="review")
    capsys.readouterr()
    assert run(home, "--on-review", "keep") == 0
    assert capsys.readouterr().out.startswith("casual: 4 kept (a person's decision 1, not judged: no models 3), 0 dr")
    row = table(home)["casual/q0/0.jpg"]
    assert row["decision"] == "review" and (dataset(home) / row["picture"]).exists()
    assert place_of(home, "casual/q0/0.jpg").parent == for_review(home) / "casual/review/a person's decision"


def test_styles_and_shortcuts_are_reported_where_there_are_pictures_enough(home, capsys):
    remove(scraped(home))
    for pole, ground in (("casual", (150, 190, 235)), ("collection", (235, 190, 150))):
        for number in range(classifiers.FOLDS + 1):
            content = shirt(200 + number + 50 * (pole == "casual"), ground=ground)
            write(scraped(home) / pole / f"{number}.jpg", content)
    assert run(home, "--background", "keep") == 0
    output = capsys.readouterr().out
    assert "shortcut check: the border alone tells the poles apart (100%); top and bottom 100%" in output
    assert output.count("warning: the background tells the poles apart, not only the garment") == 1
    assert summary(home)["results"]["shortcuts"]["sides"] == 1
    assert all(0 <= float(row["style"]) <= 1 for row in table(home).values())
    # On one background nothing is left of that.
    assert run(home, "--fresh") == 0
    output = capsys.readouterr().out
    assert "shortcut check: " in output and "warning" not in output
    assert summary(home)["results"]["shortcuts"]["sides"] < 0.8


def test_what_is_a_top_is_learned_from_examples_that_may_come_and_change(made, capsys):
    few = classifiers.FEWEST_EXAMPLES
    examples = made / "data/examples"
    for number in range(few + 1):
        write(examples / "top/q" / f"{number}.jpg", shirt(300 + number, 128, 128))
        write(examples / "other" / f"{number}.jpg", shirt(300 + number, 128, 128, trousers=True))
    write(scraped(made) / "casual/trousers.jpg", shirt(7, trousers=True))
    assert run(made) == 0
    rows = table(made)
    scores = {file: float(row["is_top"]) for file, row in rows.items() if file.startswith("casual")}
    assert scores.pop("casual/trousers.jpg") < 0.35
    assert min(scores.values()) > 0.5
    # In a pole of people nothing is scored; and the examples themselves are no pictures of the data set.
    assert {row["is_top"] for file, row in rows.items() if file.startswith("collection")} == {""}
    assert len(rows) == 2 * PER_POLE + 1
    learned = summary(made)["results"]["tops"]
    assert (learned["tops"], learned["others"]) == (few + 1, few + 1) and learned["held_out_accuracy"] > 0.9
    capsys.readouterr()
    assert run(made) == run(made, "--examples", "data/examples") == 0
    assert capsys.readouterr().out.count("nothing to do") == 2
    (examples / "other/0.jpg").unlink()
    assert run(made) == 0
    assert "nothing to do" not in capsys.readouterr().out
    assert summary(made)["results"]["tops"]["others"] == few
    (examples / "other/1.jpg").unlink()
    assert run(made) == 1
    told = capsys.readouterr().err
    assert f"other: {few - 1} pictures, expected at least {few}; add some, or run: " in told


@needs_models
def test_the_rules_on_people_begin_once_the_models_are_there(home, monkeypatch, capsys):
    remove(scraped(home))
    wardrobe = Wardrobe()
    for index in (0, 1, 3):
        write(scraped(home) / f"collection/{index}.png", wardrobe.offer("collection", "long coat", index).content)
    write(scraped(home) / "collection/empty.jpg", shirt(1))
    for number in (2, 3, 4):
        write(scraped(home) / f"casual/{number}.jpg", shirt(number))
    assert run(home) == 0
    assert {row["reason"] for row in table(home).values()} == {NOT_JUDGED}
    before = table(home)
    capsys.readouterr()

    monkeypatch.setenv(pretrained.FOLDER_VARIABLE, str(REAL_MODELS))
    assert run(home) == 0
    output = capsys.readouterr().out
    assert "nothing to do" not in output and "demicouture.pretrained" not in output
    rows = table(home)
    dropped = {file: row["reason"] for file, row in rows.items() if row["reason"]}
    assert dropped == {"collection/empty.jpg": "no person"}
    for file, row in rows.items():
        assert 0 <= float(row["person"]) <= 1
        assert bool(row["yaw"]) == bool(row["second"]) == (file.endswith("png"))
        assert bool(row["garment"]) != bool(row["yaw"])
    # A person's square is the top's, not the whole figure's; it is cut out anew.
    assert rows["collection/0.png"]["left"] != before["collection/0.png"]["left"]
    assert (cut_of(home, "collection/0.png")[:4, :4] == segmentation.PLAIN).all()
    later = snapshot(dataset(home))
    assert run(home) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert run(home, "--fresh") == 0
    assert snapshot(dataset(home)) == later

    # The whole figure, and the garment alone, are cut out of different squares.
    assert run(home, "--fresh", "--subject", "figure") == 0
    figures = table(home)
    assert {row["decision"] for row in figures.values()} == {row["decision"] for row in rows.values()}
    assert figures["collection/0.png"]["left"] != rows["collection/0.png"]["left"]
    assert (cut_of(home, "collection/0.png")[:3] != segmentation.PLAIN).any()
    edit(home, "collection/0.png", your_box="20 30 180 190")
    assert run(home, "--subject", "figure") == 0
    assert table(home)["collection/0.png"]["left"] == "20"

    assert run(home, "--fresh", "--people") == 0
    assert not any(row["reason"] for row in table(home).values())
    assert run(home, "--fresh", "--people", "casual", "collection") == 1
    assert "casual: 0 kept, 3 dropped (no person 3)" in capsys.readouterr().err


def test_rows_of_a_person_outlive_their_files(made, capsys):
    edit(made, "casual/q0/0.jpg", your_decision="drop")
    (scraped(made) / "casual/q0/0.jpg").rename(made / "away.jpg")
    assert run(made) == 0
    assert "warning: 1 of your rows in decisions.csv have no file any more (casual/q0/0.jpg)" in capsys.readouterr().out
    assert run(made) == 0
    (made / "away.jpg").rename(scraped(made) / "casual/q0/0.jpg")
    assert run(made) == 0
    assert table(made)["casual/q0/0.jpg"]["reason"] == "a person's decision"


def test_moves_outlive_their_files(made, capsys):
    move(made, "casual/q0/0.jpg", "drop")
    (scraped(made) / "casual/q0/0.jpg").rename(made / "away.jpg")
    for _ in range(2):
        assert run(made) == 0
        assert table(made)["casual/q0/0.jpg"]["reason"] == "file not found"
    assert "warning: 1 of your rows in decisions.csv have no file any more (casual/q0/0.jpg)" in capsys.readouterr().out
    (made / "away.jpg").rename(scraped(made) / "casual/q0/0.jpg")
    assert run(made) == 0
    assert table(made)["casual/q0/0.jpg"]["decision"] == "drop"


def test_folders_of_other_poles_are_cleared(made, capsys):
    (scraped(made) / "casual").rename(scraped(made) / "daily")
    assert run(made) == 0
    assert sorted(path.name for path in dataset(made).iterdir() if path.is_dir()) == ["collection", "daily"]
    assert not list(dataset(made).glob("casual*"))
    renamed = snapshot(dataset(made))
    assert run(made, "--fresh") == 0
    assert snapshot(dataset(made)) == renamed
    write(dataset(made) / "mine" / "letter.txt", b"")
    write(scraped(made) / "daily/x.jpg", shirt(70))
    assert run(made) == 1
    assert "mine: not a pole of the input, and not empty; move it away" in capsys.readouterr().err


def remove(folder):
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda home: remove(scraped(home)), "1-scraped: not found, expected a folder .* run: .*scrape.py"),
        (lambda home: remove(scraped(home) / "casual"), r"found 1 sub-folders \(collection\), expected exactly two"),
        (lambda home: (scraped(home) / "third").mkdir(), r"found 3 sub-folders \(casual, collection, third\)"),
        (lambda home: remove(scraped(home) / "casual/q0") or [p.unlink() for p in scraped(home).glob("casual/q1/*")],
         "casual: 0 pictures, expected at least 2 pictures; run: .*scrape.py"),
        (lambda home: [write(p, b"x") for p in scraped(home).glob("casual/*/[1-3].jpg")],
         r"casual: 1 kept \(not .*\), 3 dropped \(undecodable 3\); expected at least 2 kept; add pictures to .* or w"),
        (lambda home: write(dataset(home), b""), "2-dataset: a file, expected a folder; choose another --output"),
        (lambda home: write(dataset(home) / "mine.txt", b""), "holds files that preprocess.py did not make"),
        (lambda home: write(scraped(home) / "casual" / os.fsdecode(b"caf\xe9.jpg"), b""),
         "found the file name 'casual/caf.udce9.jpg', expected UTF-8; rename the file"),
    ],
)  # fmt: skip
def test_inputs_that_cannot_be_used_are_refused_in_one_line(home, spoil, message, capsys):
    spoil(home)
    assert run(home) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ") and told.count("\n") == 1
    assert re.search(message, told), told
    assert not (dataset(home) / "summary.json").exists()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda home: edit(home, "casual/q0/0.jpg", your_decision="yes"),
            "row 2, casual/q0/0.jpg: found the your_decision 'yes'",
        ),
        (lambda home: edit(home, "casual/q0/0.jpg", your_box="999 0 1100 100"), "outside the picture"),
        (lambda home: edit(home, "casual/q0/0.jpg", your_box="0 0 9999 100"), "over 10 times as large as the picture"),
        (lambda home: edit(home, "casual/q0/0.jpg", file="casual/q0/2.jpg"), "in row 2 and row 3, expected it once"),
        (lambda home: write(dataset(home) / "decisions.csv", b"caf\xe9"), "decisions.csv: not UTF-8"),
        (lambda home: write(dataset(home) / "decisions.csv", b"file,pole\n"), "expected also picture, your_decision"),
        (
            lambda home: write(dataset(home) / "casual/mine.png", b""),
            "mine.png: not made by preprocess.py; move it away",
        ),
        (lambda home: write(dataset(home) / "options.json", b"{"), "options.json: not readable as JSON"),
        (
            lambda home: write(for_review(home) / "places.csv", b"name\n"),
            "places.csv: found the columns name, expected",
        ),
        (
            lambda home: shutil.copy(place_of(home, "casual/q0/0.jpg"), for_review(home) / "casual/drop"),
            "lies in drop and in keep, expected it in one of them; remove the others",
        ),
        (
            lambda home: write(dataset(home) / "decisions.csv", b"file,rule_decision\nx,keep\n"),
            "decisions.csv: made by an older version (it has the column rule_decision); add --fresh to start over, th",
        ),
        (lambda home: (home / "data/examples").mkdir(), "data/examples/top: 0 pictures, expected at least 20"),
    ],
)
def test_slips_leave_everything_as_it_is(made, spoil, message, capsys):
    spoil(made)
    before = snapshot(made)
    assert run(made) == 1
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1
    assert snapshot(made) == before


@pytest.mark.parametrize(("input", "output"), [("a", "a"), ("a", "a/b"), ("a/b", "a")])
def test_input_and_output_in_one_another_are_refused(home, input, output, capsys):
    inner = home / "a/b" if input == "a/b" else home / "a"
    inner.parent.mkdir(exist_ok=True)
    scraped(home).rename(inner)
    before = snapshot(home / "a")
    assert run(home, "--input", str(home / input), "--output", str(home / output), "--fresh") == 1
    assert "choose an --output apart from --input" in capsys.readouterr().err
    assert snapshot(home / "a") == before


@pytest.mark.parametrize(
    "argv",
    [
        ["--size", "100"],
        ["--size", "16"],
        ["--size", "2048"],
        ["--count", "1"],
        ["--x"],
        ["--background", "white"],
        ["--on-review", "review"],
        ["--examples"],
    ],
)
def test_wrong_usage_leaves_with_2(argv, capsys):
    with pytest.raises(SystemExit) as left:
        preprocess.parse_args(argv)
    assert left.value.code == 2
    if argv == ["--size", "100"]:
        assert "invalid choice: 100 (choose from 32, 64, 128, 256, 512)" in capsys.readouterr().err


def test_a_small_size_is_told_to_the_next_script(home, capsys):
    assert run(home, "--home", str(home), "--size", "64", "--quiet") == 0
    assert capsys.readouterr().out == ""
    assert read_dataset(dataset(home)).pictures.shape[1] == 64
    assert run(home, "--home", str(home), "--size", "64") == 0
    assert capsys.readouterr().out.endswith(f"train_dcgan.py --home {home} --preset best --size 64\n")


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """Enough pictures for several worker processes; two of three are cut short."""
    folder = tmp_path_factory.mktemp("crowd")
    for number in range(2 * WORTH_A_PROCESS):
        content = shirt(1000 + number) if number % 6 < 2 else shirt(1000 + number)[:800]
        write(folder / "casual collection".split()[number % 2] / f"q{number % 3}" / f"{number:03}.jpg", content)
    return folder


FEW = ("--count", "10", "--background", "keep", "--quiet")


def start(source, output, **options) -> subprocess.Popen:
    command = [sys.executable, SCRIPT, "--input", source, "--output", output, *FEW]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def wait_for(process: subprocess.Popen, happened) -> None:
    while not happened():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def children_of(pid: int) -> list[int]:
    listing = Path(f"/proc/{pid}/task/{pid}/children")  # Where there is none, as on macOS, this is not looked at.
    return [int(child) for child in listing.read_text().split()] if listing.exists() else []


def ended(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


KILL_YOURSELF = """
import os, signal, sys
import preprocess
from demicouture import cli, parallel

parallel.cores = lambda: 1
source, output, moments, *flags = sys.argv[1:]
replace = os.replace
for moment in moments.split():
    name, _, left = moment.partition(":")

    def replace_or_die(partial, path):
        global left
        if str(path).endswith(name):
            left = int(left) - 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)  # The temporary file is written, and not yet in its place.
        replace(partial, path)

    if (child := os.fork()) == 0:  # Imports are paid for once.
        os.replace = replace_or_die
        os._exit(cli.run(lambda: preprocess.main(["--input", source, "--output", output, *flags])))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), os.path.exists(output + "/summary.json"), flush=True)
"""


def test_killed_at_any_moment_and_run_again_it_ends_the_same(crowd, tmp_path, monkeypatch):
    output = tmp_path / "disturbed"
    with start(crowd, output) as process:
        log = output / "features.jsonl"
        wait_for(process, lambda: log.exists() and log.read_bytes().count(b"\n") > 20)
        children = children_of(process.pid)
        process.send_signal(signal.SIGKILL)
    assert not (output / "summary.json").exists()
    # No worker is left behind, waiting for ever.
    deadline = time.monotonic() + 5
    while not all(ended(child) for child in children) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert all(ended(child) for child in children)
    moments = [".png:6", ".jpg:21", "places.csv:2", "summary.json:1"]
    command = [sys.executable, "-c", KILL_YOURSELF, crowd, output, " ".join(moments), *FEW]
    done = subprocess.run(command, cwd=cli.HOUSE, capture_output=True, text=True, timeout=120)
    assert done.stdout == f"{-signal.SIGKILL} False\n" * len(moments), done.stderr

    monkeypatch.setattr("demicouture.parallel.cores", lambda: 1)
    for folder in (output, tmp_path / "undisturbed"):
        assert run(Path("/"), "--input", str(crowd), "--output", str(folder), *FEW) == 0
    assert snapshot(tmp_path / "undisturbed") == snapshot(output)
    assert sum(name.startswith("casual/") for name in snapshot(output)) == 10
    assert snapshot(review_folder(tmp_path / "undisturbed")) == snapshot(review_folder(output))


def test_an_edit_made_while_it_runs_is_not_lost(made, monkeypatch, capsys):
    write(scraped(made) / "casual/late.jpg", shirt(60))
    replace = os.replace

    def replace_and_edit(partial, path):
        replace(partial, path)
        if path.parent.name == "casual" and not table(made)["casual/q0/0.jpg"]["your_decision"]:
            edit(made, "casual/q0/0.jpg", your_decision="drop")

    monkeypatch.setattr(os, "replace", replace_and_edit)
    assert run(made) == 1
    told = capsys.readouterr().err
    assert "decisions.csv: edited while preprocess.py was at work; to take that in, run: " in told
    assert not (dataset(made) / "summary.json").exists()
    assert table(made)["casual/q0/0.jpg"]["your_decision"] == "drop"
    assert run(made) == 0
    assert table(made)["casual/q0/0.jpg"]["decision"] == "drop"


def test_an_edit_in_a_column_of_the_script_is_overwritten(made):
    before = snapshot(dataset(made))
    edit(made, "casual/q0/0.jpg", decision="drop", left="9", style="1.0")
    assert run(made) == 0
    assert snapshot(dataset(made)) == before


def test_help_is_a_manual():
    found = subprocess.run([sys.executable, SCRIPT, "--help"], capture_output=True, text=True, cwd="/", check=True)
    for words in (
        "Reads   data/1-scraped",
        "decisions.csv",
        "--count N",
        "(default: 500)",
        "--size {32,64,128,256,512}",
        "--subject {garment,figure}",
        "--background {keep,plain}",
        "--on-review {keep,drop}",
        "--people [POLE ...]",
        "--examples DIR",
        "data/2-review",
        "Examples:",
    ):
        assert words in found.stdout
    assert (
        "keras"
        not in subprocess.run(
            [sys.executable, "-X", "importtime", SCRIPT, "--help"], capture_output=True, text=True, check=True
        ).stderr
    )
