import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from samples import bomb, close, corners, encode, jpeg, noise, quarters, snapshot, write

import preprocess
from demicouture import cli, files
from demicouture.dataset import read_dataset
from demicouture.decisions import COLUMNS

SCRIPT = cli.HOUSE / "preprocess.py"


@pytest.fixture
def home(tmp_path):
    """Two poles of six sound pictures each, in two queries."""
    for pole, start in (("casual", 0), ("collection", 100)):
        for number in range(6):
            write(tmp_path / "data/1-scraped" / pole / f"q{number % 2}" / f"{number}.jpg", jpeg(start + number))
    return tmp_path


def run(home, *argv: str) -> int:
    """Runs the script in this process and returns its exit code."""
    return cli.run(lambda: preprocess.main(["--home", str(home), *argv]))


def scraped(home):
    return home / "data/1-scraped"


def dataset(home):
    return home / "data/2-dataset"


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


def summary(home) -> dict:
    return files.read_json(dataset(home) / "summary.json")


def test_a_data_set_as_promised(home, capsys):
    source = scraped(home)
    write(source / "casual/q0/broken.jpg", jpeg(7)[:900])
    write(source / "casual/q0/empty.png", b"")
    write(source / "casual/q1/page.jpg", b"<html>gone</html>")
    write(source / "casual/q1/small.jpg", jpeg(8, 300, 127))
    write(source / "casual/q1/copy.jpg", jpeg(0))
    write(source / "collection/q0/bomb.png", bomb())
    write(source / "collection/stray/deep/er/again.jpeg", jpeg(3))
    write(source / "collection/q0/notes.txt", b"")
    write(source / "collection/q0/.DS_Store", b"")
    assert run(home) == 0

    rows = table(home)
    assert len(rows) == 12 + 7
    assert list(rows) == sorted(rows)
    reasons = {file.removeprefix("casual/"): row["reason"] for file, row in rows.items() if row["reason"]}
    assert reasons == {
        "q0/broken.jpg": "undecodable",
        "q0/empty.png": "undecodable",
        "q1/page.jpg": "undecodable",
        "q1/small.jpg": "smaller than 128×128",
        "q1/copy.jpg": "exact duplicate",
        "q1/3.jpg": "in both poles",
        "collection/q0/bomb.png": "over 100 megapixels",
        "collection/stray/deep/er/again.jpeg": "in both poles",
    }
    assert all((row["decision"] == "keep") == bool(row["picture"]) for row in rows.values())
    small = rows["casual/q1/small.jpg"]
    assert (small["width"], small["height"], small["rule_box"]) == ("300", "127", "86 0 213 127")

    found = read_dataset(dataset(home))
    assert found.pictures.shape == (11, 128, 128, 3)
    assert found.poles == ("casual", "collection")
    told = summary(home)
    assert told["dataset_sha256"] == found.sha256
    assert told["flags"] == {
        "input": str(scraped(home)),
        "output": str(dataset(home)),
        "size": 128,
        "count": 500,
        "seed": 0,
    }
    assert told["poles"]["casual"] == {
        "kept": 5,
        "dropped": 6,
        "review": 0,
        "dropped_by_reason": {"exact duplicate": 1, "in both poles": 1, "smaller than 128×128": 1, "undecodable": 3},
        "by_person": 0,
    }
    assert told["other_files"] == 1
    assert sorted(path.name for path in dataset(home).iterdir()) == [
        *("casual", "casual-dropped.png", "casual-kept.png"),
        *("collection", "collection-dropped.png", "collection-kept.png"),
        *("decisions.csv", "measures.jsonl", "options.json", "summary.json"),
    ]
    for path in found.files:
        with Image.open(path) as image:
            assert (image.format, image.mode, image.size) == ("PNG", "RGB", (128, 128))
    output = capsys.readouterr().out.splitlines()
    assert output[0].startswith("casual: 5 kept, 6 dropped (exact duplicate 1, in both poles 1, smaller than 128×128 1")
    assert "passed over 1 files whose names do not end like a picture's" in output
    assert output[-1].startswith("next: python") and output[-1].endswith(f"train_dcgan.py --home {home}")


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
    }.items():
        write(scraped(home) / "casual" / name, content)
    grey = np.linspace(0, 65535, 200 * 200).reshape(200, 200).astype(np.uint16)
    write(scraped(home) / "casual/16-bit.png", encode(Image.fromarray(grey), "PNG"))
    assert run(home) == 0
    for file in table(home):
        if file.count("/") == 1 and "16-bit" not in file:
            assert close(corners(cut_of(home, file)), tolerance=14), file
    shades = cut_of(home, "casual/16-bit.png")[:, 64, 0].astype(int)
    assert np.abs(shades - np.linspace(0, 255, 128)).max() < 3


def test_the_crop_is_the_middle(home):
    pixels = np.full((200, 300, 3), 255, np.uint8)
    pixels[:, 50:250] = (20, 120, 60)
    write(scraped(home) / "casual/wide.png", encode(Image.fromarray(pixels), "PNG"))
    assert run(home) == 0
    assert (cut_of(home, "casual/wide.png")[:, 3:-3] == (20, 120, 60)).all()
    assert table(home)["casual/wide.png"]["rule_box"] == "50 0 250 200"


def test_a_manifest_changes_nothing(home):
    assert run(home) == 0
    before = snapshot(dataset(home))
    names = list(table(home))
    lines = [json.dumps({"file": name, "reason": "planted:side", "pole": "casual"}) for name in names]
    write(scraped(home) / "manifest.jsonl", "\n".join(lines).encode())
    assert run(home, "--fresh") == 0
    assert snapshot(dataset(home)) == before
    # Nothing is even opened that is not a picture of a pole.
    (scraped(home) / "manifest.jsonl").unlink()
    os.mkfifo(scraped(home) / "manifest.jsonl")
    assert run(home, "--fresh") == 0
    assert snapshot(dataset(home)) == before


def test_again_there_is_nothing_to_do(home, capsys):
    run(home)
    before = {path: path.stat().st_mtime_ns for path in dataset(home).rglob("*.*") if path.name != "options.json"}
    content = snapshot(dataset(home))
    capsys.readouterr()
    assert run(home) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert snapshot(dataset(home)) == content
    assert before == {path: path.stat().st_mtime_ns for path in before}


@pytest.mark.parametrize("damage", ["lost", "half", "painted", "sheet", "summary", "log"])
def test_what_is_damaged_is_made_again(home, damage, capsys):
    run(home)
    before = snapshot(dataset(home))
    name = next(name for name in before if name.startswith("casual/"))
    {
        "lost": lambda: (dataset(home) / name).unlink(),
        "half": lambda: write(dataset(home) / name, before[name][:500]),
        "painted": lambda: write(dataset(home) / name, encode(noise(9), "PNG")),
        "sheet": lambda: (dataset(home) / "casual-kept.png").unlink(),
        "summary": lambda: write(dataset(home) / "summary.json", b"[1"),
        "log": lambda: write(dataset(home) / "measures.jsonl", b"\xff{") and (dataset(home) / name).unlink(),
    }[damage]()
    assert run(home) == 0
    assert "nothing to do" not in capsys.readouterr().out.partition("next")[2]
    assert snapshot(dataset(home)) == before


def test_pictures_that_come_and_go(home):
    run(home)
    write(scraped(home) / "casual/new/6.jpg", jpeg(50))
    (scraped(home) / "casual/q0/0.jpg").unlink()
    assert run(home) == 0
    rows = table(home)
    assert "casual/q0/0.jpg" not in rows
    assert rows["casual/new/6.jpg"]["decided_by"] == "rule"
    assert len(read_dataset(dataset(home)).files) == 12
    grown = snapshot(dataset(home))
    assert run(home, "--fresh") == 0
    assert snapshot(dataset(home)) == grown
    # The bytes of a casual picture turn up in the other pole: both go, and no row looks like a person's.
    write(scraped(home) / "collection/q0/x.jpg", jpeg(50))
    run(home)
    rows = table(home)
    assert rows["casual/new/6.jpg"]["reason"] == rows["collection/q0/x.jpg"]["reason"] == "in both poles"
    assert {row["decided_by"] for row in rows.values()} == {"rule"}


def test_count_is_raised_never_lowered(home, capsys):
    assert run(home, "--count", "3") == 0
    few = {file for file, row in table(home).items() if row["picture"]}
    assert len(few) == 6
    assert {row["reason"] for file, row in table(home).items() if file not in few} == {"over --count"}
    assert run(home, "--count", "5") == 0
    assert few < {file for file, row in table(home).items() if row["picture"]}
    assert summary(home)["poles"]["casual"]["kept"] == 5
    more = snapshot(dataset(home))
    capsys.readouterr()
    assert run(home, "--count", "4") == 1
    assert "made with --count 5 (now 4, expected at least as many)" in capsys.readouterr().err
    for flags, message in [(("--size", "64"), "--size 128 (now 64)"), (("--seed", "1"), "--seed 0 (now 1)")]:
        assert run(home, "--count", "5", *flags) == 1
        assert message in capsys.readouterr().err
    assert snapshot(dataset(home)) == more
    assert run(home, "--count", "5", "--fresh") == 0
    assert "the old folder is now" in capsys.readouterr().out
    assert snapshot(dataset(home)) == more
    assert (home / "data/2-dataset.old-1/summary.json").exists()


def test_a_persons_word_is_followed_and_kept(home, capsys):
    write(scraped(home) / "casual/q0/small.jpg", jpeg(8, 100, 90))
    write(scraped(home) / "casual/q0/broken.jpg", jpeg(9)[:700])
    write(scraped(home) / "collection/q0/copy.jpg", jpeg(100))
    red = Image.new("RGB", (200, 200), (200, 30, 30))
    red.paste((30, 30, 200), (60, 60, 140, 140))
    write(scraped(home) / "casual/red.png", encode(red, "PNG"))
    run(home, "--count", "5")
    kept = [file for file, row in table(home).items() if row["picture"] and file.startswith("casual/q")]
    out = [file for file, row in table(home).items() if row["reason"] == "over --count" and file.startswith("casual/")]
    edit(home, "casual/q0/small.jpg", decision="keep")
    edit(home, "casual/q0/broken.jpg", decision="keep")
    edit(home, "collection/q0/copy.jpg", decision="keep")
    edit(home, kept[0], decision="drop")
    edit(home, kept[1], decision="review")
    edit(home, "casual/red.png", decision="keep", left="-100", top="0", right="100", bottom="100")
    capsys.readouterr()
    assert run(home, "--count", "5") == 0
    output = capsys.readouterr().out
    assert "warning: casual/q0/broken.jpg: you keep it, but it is undecodable; it stays dropped" in output

    rows = table(home)
    assert rows["casual/q0/small.jpg"]["picture"]
    assert cut_of(home, "casual/q0/small.jpg").shape == (128, 128, 3)
    assert rows["casual/q0/broken.jpg"]["picture"] == ""
    assert rows["collection/q0/copy.jpg"]["picture"] and rows["collection/q0/0.jpg"]["reason"] == "exact duplicate"
    assert rows[kept[0]]["picture"] == rows[kept[1]]["picture"] == ""
    assert summary(home)["poles"]["casual"]["kept"] == 5
    assert summary(home)["poles"]["casual"]["review"] == 1
    assert (dataset(home) / "casual-review.png").exists()
    # 200×100 becomes the square from -100, -50 to 100, 150; what lies outside has the red of the ground.
    square = cut_of(home, "casual/red.png")
    assert (square[:, :60] == (200, 30, 30)).all() and (square[:30] == (200, 30, 30)).all()
    assert (square[75:115, 106:124] == (30, 30, 200)).all()

    before = snapshot(dataset(home))
    assert run(home, "--count", "5") == 0
    assert snapshot(dataset(home)) == before
    assert len(out) >= 1
    edit(home, kept[1], decision="keep")
    assert run(home, "--count", "5") == 0
    assert not (dataset(home) / "casual-review.png").exists()
    for number in range(3):
        (scraped(home) / f"casual/q0/{2 * number}.jpg").unlink()
    write(scraped(home) / "casual/late.jpg", jpeg(60))
    assert run(home, "--count", "5") == 0
    assert table(home)["casual/q0/small.jpg"]["decided_by"] == "person"


def test_rows_of_a_person_outlive_their_files(home, capsys):
    run(home)
    edit(home, "casual/q0/0.jpg", decision="drop")
    (scraped(home) / "casual/q0/0.jpg").rename(home / "away.jpg")
    assert run(home) == 0
    assert "warning: 1 of your rows in decisions.csv have no file any more (casual/q0/0.jpg)" in capsys.readouterr().out
    assert run(home) == 0
    (home / "away.jpg").rename(scraped(home) / "casual/q0/0.jpg")
    assert run(home) == 0
    assert table(home)["casual/q0/0.jpg"]["reason"] == "a person's decision"


def test_folders_of_other_poles_are_cleared(home, capsys):
    run(home)
    (scraped(home) / "casual").rename(scraped(home) / "daily")
    assert run(home) == 0
    assert sorted(path.name for path in dataset(home).iterdir() if path.is_dir()) == ["collection", "daily"]
    assert not list(dataset(home).glob("casual*"))
    renamed = snapshot(dataset(home))
    assert run(home, "--fresh") == 0
    assert snapshot(dataset(home)) == renamed
    write(dataset(home) / "mine" / "letter.txt", b"")
    write(scraped(home) / "daily/x.jpg", jpeg(70))
    assert run(home) == 1
    assert "mine: not a pole of the input, and not empty; move it away" in capsys.readouterr().err


def remove(folder):
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda home: remove(scraped(home)), "1-scraped: not found, expected a folder .* run: python scrape.py"),
        (lambda home: remove(scraped(home) / "casual"), r"found 1 sub-folders \(collection\), expected exactly two"),
        (lambda home: (scraped(home) / "third").mkdir(), r"found 3 sub-folders \(casual, collection, third\)"),
        (lambda home: remove(scraped(home) / "casual/q0") or [p.unlink() for p in scraped(home).glob("casual/q1/*")],
         "casual: 0 pictures, expected at least 2; run: python scrape.py"),
        (lambda home: [write(p, b"x") for p in scraped(home).glob("casual/*/[1-5].jpg")],
         r"casual: 1 kept, 5 dropped \(undecodable 5\); expected at least 2 kept; add pictures to .* or write keep "),
        (lambda home: write(dataset(home), b""), "2-dataset: a file, expected a folder; choose another --output"),
        (lambda home: write(dataset(home) / "mine.txt", b""), "holds files that preprocess.py did not make"),
        (lambda home: write(scraped(home) / "casual" / os.fsdecode(b"caf\xe9.jpg"), b""),
         "found the file name 'casual/caf.udce9.jpg', expected UTF-8; rename the file"),
    ],
)  # fmt: skip
def test_inputs_that_cannot_be_used_are_told_in_one_line(home, spoil, message, capsys):
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
            lambda home: edit(home, "casual/q0/0.jpg", decision="yes"),
            "row 2, casual/q0/0.jpg: found the decision 'yes'",
        ),
        (lambda home: edit(home, "casual/q0/0.jpg", left="999", right="1100"), "outside the picture"),
        (lambda home: edit(home, "casual/q0/0.jpg", right="9999"), "over 10 times as large as the picture"),
        (lambda home: edit(home, "casual/q0/0.jpg", file="casual/q0/2.jpg"), "in row 2 and row 3, expected it once"),
        (lambda home: write(dataset(home) / "decisions.csv", b"\xff\xfe"), "decisions.csv: not UTF-8"),
        (lambda home: write(dataset(home) / "decisions.csv", b"file,pole\n"), "expected also decision, reason"),
        (
            lambda home: write(dataset(home) / "casual/mine.png", b""),
            "mine.png: not made by preprocess.py; move it away",
        ),
        (lambda home: write(dataset(home) / "options.json", b"{"), "options.json: not readable as JSON"),
    ],
)
def test_slips_leave_everything_as_it_is(home, spoil, message, capsys):
    run(home)
    spoil(home)
    before = snapshot(dataset(home))
    assert run(home) == 1
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1
    assert snapshot(dataset(home)) == before


@pytest.mark.parametrize(("input", "output"), [("a", "a"), ("a", "a/b"), ("a/b", "a")])
def test_input_and_output_in_one_another_are_refused(home, input, output, capsys):
    inner = home / "a/b" if input == "a/b" else home / "a"
    inner.parent.mkdir(exist_ok=True)
    scraped(home).rename(inner)
    before = snapshot(home / "a")
    assert run(home, "--input", str(home / input), "--output", str(home / output), "--fresh") == 1
    assert "choose an --output apart from --input" in capsys.readouterr().err
    assert snapshot(home / "a") == before


@pytest.mark.parametrize("argv", [["--size", "100"], ["--size", "16"], ["--size", "2048"], ["--count", "1"], ["--x"]])
def test_wrong_usage_leaves_with_2(argv, capsys):
    with pytest.raises(SystemExit) as left:
        preprocess.parse_args(argv)
    assert left.value.code == 2
    if argv == ["--size", "100"]:
        assert "invalid choice: 100 (choose from 32, 64, 128, 256, 512)" in capsys.readouterr().err


def test_a_small_size_is_told_to_the_next_script(home, capsys):
    assert run(home, "--size", "64", "--quiet") == 0
    assert capsys.readouterr().out == ""
    assert read_dataset(dataset(home)).pictures.shape[1] == 64
    assert run(home, "--size", "64") == 0
    assert capsys.readouterr().out.endswith(f"train_dcgan.py --home {home} --size 64\n")


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """Enough pictures for several worker processes and for a run of a second or two."""
    folder = tmp_path_factory.mktemp("crowd")
    for number in range(136):
        content = jpeg(1000 + number, 240, 240) if number % 16 else jpeg(1000 + number)[:800]
        write(folder / "casual collection".split()[number % 2] / f"q{number % 3}" / f"{number:03}.jpg", content)
    return folder


def start(source, output, **options) -> subprocess.Popen:
    command = [sys.executable, SCRIPT, "--input", source, "--output", output, "--count", "30"]
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


def test_killed_at_any_moment_and_run_again_it_ends_the_same(crowd, tmp_path):
    with start(crowd, tmp_path / "undisturbed") as process:
        assert process.wait(60) == 0, process.stderr.read()
    output = tmp_path / "disturbed"
    for moment in (
        lambda: (output / "options.json").exists(),
        lambda: len(list(output.glob("*/*.png"))) > 20,
        lambda: (output / "casual-kept.png").exists(),
    ):
        with start(crowd, output) as process:
            wait_for(process, moment)
            children = children_of(process.pid)
            process.send_signal(signal.SIGKILL)
        assert not (output / "summary.json").exists()
        # No worker is left behind, waiting for ever.
        deadline = time.monotonic() + 5
        while not all(ended(child) for child in children) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert all(ended(child) for child in children)
    with start(crowd, output, cwd="/") as process:
        assert process.wait(60) == 0, process.stderr.read()
    left, right = snapshot(tmp_path / "undisturbed"), snapshot(output)
    for told in (left, right):
        flags = json.loads(told.pop("summary.json"))
        assert flags.pop("flags")["count"] == 30
        told["summary"] = flags
    assert left == right
    assert sum(name.startswith("casual/") for name in right) == 30


def test_an_edit_made_while_it_runs_is_not_lost(crowd, tmp_path):
    home, output = tmp_path, tmp_path / "data/2-dataset"
    for path in crowd.glob("*/q0/*.jpg"):
        write(home / "source" / path.relative_to(crowd), path.read_bytes())
    with start(home / "source", output) as process:
        assert process.wait(60) == 0, process.stderr.read()
    file = next(file for file, row in table(home).items() if row["picture"])
    made = len(list(output.glob("*/*.png")))
    with start(crowd, output) as process:
        wait_for(process, lambda: len(list(output.glob("*/*.png"))) > made)
        edit(home, file, decision="drop")
        assert process.wait(60) == 1
        told = process.stderr.read()
    assert "decisions.csv: edited while preprocess.py was at work; run it again to take that in" in told
    assert not (output / "summary.json").exists()
    assert table(home)[file]["decision"] == "drop"


def test_help_is_a_manual():
    found = subprocess.run([sys.executable, SCRIPT, "--help"], capture_output=True, text=True, cwd="/", check=True)
    for words in (
        "Reads   data/1-scraped",
        "decisions.csv",
        "--count N",
        "(default: 500)",
        "--size {32,64,128,256,512}",
        "Example:",
    ):
        assert words in found.stdout
    assert (
        "keras"
        not in subprocess.run(
            [sys.executable, "-X", "importtime", SCRIPT, "--help"], capture_output=True, text=True, check=True
        ).stderr
    )
