from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import generate
from demicouture import cli, files, images
from demicouture.evaluation import style_classifier
from demicouture.latents import sample_prior

HOUSE = Path(__file__).resolve().parent.parent
STEPS = 15
COUNT = 6

# Runs the script and kills it with the signal that nothing survives, just before it finishes a file of a given name.
KILLED = f"""
import os, signal, sys
sys.path.insert(0, {str(HOUSE)!r})
import generate
from demicouture import cli, judge
judge.STEPS = {STEPS}
replace = os.replace
def kill_at(source, target):
    if os.path.basename(target) == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)
os.replace = kill_at
cli.run(lambda: generate.main(sys.argv[2:]))
"""


def write_poles(folder: Path, seed: int = 0, poles: tuple[str, str] = ("casual", "collection")) -> None:
    """Writes pictures of two plainly different kinds: light ones with a dark disc, and dark ones with stripes."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:32, :32]
    for label, pole in enumerate(poles):
        (folder / pole).mkdir(parents=True)
        for index in range(20):
            mask = columns % 8 < 4 if label else np.hypot(rows - 16, columns - 16) < 8
            shades = random.integers(0, 60, (2, 3)) + ([[0], [60]] if label else [[60], [190]])
            picture = np.where(mask[..., np.newaxis], *shades).astype(np.uint8)
            Image.fromarray(picture).save(folder / pole / f"{index}.png")


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A project with two small generators and a data set; tests copy it."""
    from demicouture.keras_backend import start_keras

    start_keras()
    import keras

    from demicouture.dcgan.networks import build_generator

    home = tmp_path_factory.mktemp("home")
    for seed, name in enumerate(("generator.keras", "other.keras")):
        keras.utils.set_random_seed(seed)
        (home / "outputs" / "3-training").mkdir(parents=True, exist_ok=True)
        build_generator(size=32, width=0.01).save(home / "outputs" / "3-training" / name)
    write_poles(home / "data" / "2-dataset")
    return home


@pytest.fixture(scope="module")
def finished(trained, tmp_path_factory) -> Path:
    """The same project after an undisturbed run; tests copy it."""
    home = tmp_path_factory.mktemp("finished") / "home"
    shutil.copytree(trained, home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(style_classifier, "STEPS", STEPS)
        assert run(home) == 0
    return home


@pytest.fixture
def home(finished, tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(style_classifier, "STEPS", STEPS)
    shutil.copytree(finished, tmp_path / "home")
    return tmp_path / "home"


def run(home: Path, *words: str) -> int:
    return cli.run(lambda: generate.main(["--home", str(home), "--count", str(COUNT), *words]))


def output(home: Path) -> Path:
    return home / "outputs" / "4-generated"


def content(home: Path) -> dict[str, object]:
    """Returns everything that a run promises, but for the judge's file and for where the project lies."""
    found: dict[str, object] = {path.name: path.read_bytes() for path in output(home).iterdir()}
    del found["style-classifier.keras"]
    found["style-classifier.json"] = {**json.loads(found["style-classifier.json"]), "network_sha256": None}
    found["summary.json"] = {**json.loads(found["summary.json"]), "input": None, "data": None}
    return found


def read_labels(home: Path) -> list[dict[str, str]]:
    return files.read_csv(output(home) / "labels.csv", ["label"])


def edit(home: Path, words: dict[int, str]) -> None:
    """Does what a person does: changes labels, and nothing else."""
    rows = read_labels(home)
    for index, word in words.items():
        rows[index]["label"] = word
    with open(output(home) / "labels.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def other_pole(word: str) -> str:
    return "casual" if word == "collection" else "collection"


def test_folder_holds_what_the_scripts_promise_each_other(home, capsys):
    folder = output(home)
    np.testing.assert_array_equal(np.load(folder / "latents.npy"), sample_prior(COUNT, seed=0))
    assert images.open_picture(folder / "design-0005.png").size == (32, 32)
    assert images.open_picture(folder / "grid.png").size == (COUNT * 34 + 2, 36)
    header, first = (folder / "labels.csv").read_text().splitlines()[:2]
    assert header == "design,label,score,labelled_by,judge_label" and first.startswith("design-0000.png,")
    for row in read_labels(home):
        score = float(row["score"])
        word = "casual" if score <= 0.4 else "collection" if score >= 0.6 else ""
        assert row["label"] == row["judge_label"] == word
        assert row["labelled_by"] == ("judge" if word else "")
    summary = files.read_json(folder / "summary.json")
    assert summary["poles"] == ["casual", "collection"]
    assert Path(summary["input"]).parts[-2:] == ("outputs", "3-training")
    assert Path(summary["data"]).parts[-2:] == ("data", "2-dataset")
    assert summary["judge"]["held_out_accuracy"] >= 0.8 and summary["judge"]["held_out"] == 8
    assert sum(sum(counts.values()) for counts in summary["labels"].values()) + summary["unlabelled"] == COUNT
    # Once more: nothing changes, and nothing that is slow is needed.
    before, written = content(home), (folder / "style-classifier.keras").stat().st_mtime_ns
    capsys.readouterr()
    assert run(home) == 0
    assert content(home) == before and (folder / "style-classifier.keras").stat().st_mtime_ns == written
    told = capsys.readouterr().out
    assert "right on" in told and "6 designs" in told and "latent_svm.py" in told
    assert re.search(rf"labels\.csv and run: python \S*generate\.py --home {re.escape(str(home))} --count 6\n", told)
    assert run(home, "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_raised_count_adds_designs_and_leaves_the_others(home):
    before = content(home)
    word = other_pole(read_labels(home)[2]["label"])
    edit(home, {2: word})
    assert run(home, "--count", "9") == 0
    after = content(home)
    assert all(after[name] == before[name] for name in before if name.startswith("design-"))
    rows = read_labels(home)
    assert len(rows) == 9 and rows[2]["label"] == word
    np.testing.assert_array_equal(np.load(output(home) / "latents.npy"), sample_prior(9, seed=0))


def test_persons_word_survives_every_rerun(home, capsys):
    judged = [row["label"] for row in read_labels(home)]
    edit(home, {0: other_pole(judged[0]), 1: ""} if judged[1] else {0: other_pole(judged[0]), 1: "casual"})
    wanted = [row["label"] for row in read_labels(home)]
    for _ in range(2):
        assert run(home) == 0
        rows = read_labels(home)
        assert [row["label"] for row in rows] == wanted
        assert [row["judge_label"] for row in rows] == judged
        assert [row["labelled_by"] for row in rows[:2]] == ["person", "person"]
    # Another data set, with the poles the other way round: the judge changes its mind, the person does not.
    shutil.rmtree(home / "data" / "2-dataset")
    write_poles(home / "data" / "2-dataset", seed=1, poles=("collection", "casual"))
    assert run(home) == 0
    rows = read_labels(home)
    assert [row["label"] for row in rows[:2]] == wanted[:2]
    assert [row["labelled_by"] for row in rows[:2]] == ["person", "person"]
    # What each of them overruled stays beside it; what the judge says now stands elsewhere.
    assert [row["judge_label"] for row in rows[:2]] == judged[:2]
    answers = files.read_csv(output(home) / "designs.csv", ["judge_label"])
    assert answers[0]["judge_label"] == wanted[0] != judged[0]
    # The judge has come to agree on the first; the person's word is still one. Undone, the row is the judge's again.
    edit(home, {0: judged[0]})
    assert run(home) == 0
    assert [read_labels(home)[0][column] for column in ("label", "labelled_by", "judge_label")] == [
        wanted[0],
        "judge",
        wanted[0],
    ]
    # A design whose picture was lost comes back; a removed table is filled in by the judge.
    picture = (output(home) / "design-0003.png").read_bytes()
    (output(home) / "design-0003.png").unlink()
    (output(home) / "labels.csv").unlink()
    assert run(home) == 0
    assert (output(home) / "design-0003.png").read_bytes() == picture
    assert {row["labelled_by"] for row in read_labels(home)} <= {"judge", ""}


def test_another_generator_moves_the_old_designs_aside(home, capsys):
    edit(home, {0: "casual", 1: "collection"})
    shutil.copy(home / "outputs/3-training/other.keras", home / "outputs/3-training/generator.keras")
    before = {path.name: path.read_bytes() for path in output(home).iterdir()}
    shutil.rmtree(home / "data")  # The designs are what this is about; no judge has to learn for it.
    assert run(home, "--quiet") == 0
    told = capsys.readouterr().err  # Even under --quiet: a person's labels are in there.
    assert "made by another generator; moved to" in told and "4-generated.old-1" in told
    aside = output(home).with_name("4-generated.old-1")
    assert {path.name: path.read_bytes() for path in aside.iterdir()} == before
    assert (output(home) / "design-0000.png").read_bytes() != before["design-0000.png"]
    assert {row["label"] for row in read_labels(home)} == {""}


def test_without_pictures_a_person_labels(trained, tmp_path, capsys):
    shutil.copytree(trained / "outputs", tmp_path / "outputs")
    assert run(tmp_path) == 0
    assert f"{tmp_path / 'data' / '2-dataset'}: not found (no judge, so fill in" in capsys.readouterr().out
    assert all(row["label"] == row["score"] == row["labelled_by"] == "" for row in read_labels(tmp_path))
    edit(tmp_path, {0: "short", 1: "long"})
    assert run(tmp_path) == 0
    assert files.read_json(output(tmp_path) / "summary.json")["poles"] == ["long", "short"]
    assert [row["labelled_by"] for row in read_labels(tmp_path)[:3]] == ["person", "person", ""]
    edit(tmp_path, {2: "middling"})
    assert run(tmp_path) == 1
    assert "design-0002.png is labelled 'middling', expected short, long or nothing" in capsys.readouterr().err


def test_damaged_labels_are_told_in_one_line(home, capsys):
    path = output(home) / "labels.csv"
    lines = path.read_text().splitlines()
    cases = {
        "design-0001.png is labelled 'casula', expected casual, collection or nothing": [
            *lines[:2],
            lines[2]
            .replace(",", ",casula,", 1)
            .replace(",casula,casual", ",casula")
            .replace(",casula,collection", ",casula"),
            *lines[3:],
        ],
        "found two rows for design-0000.png": [*lines, lines[1]],
        "no row for design-0003.png": [*lines[:4], *lines[5:]],
        "no row for design-0005.png": lines[:-1],
        "labels 'design-0099.png', which is no design here": [*lines, lines[1].replace("0000", "0099")],
        "expected also label": [lines[0].replace(",label,", ",word,"), *lines[1:]],
    }
    for message, damaged in cases.items():
        path.write_text("\n".join(damaged))
        # Nothing is touched by a refused run, so the next one is not refused for another count.
        assert run(home, "--count", "9") == 1
        told = capsys.readouterr().err
        assert message in told and told.startswith("error: ") and told.count("\n") == 1
        assert path.read_text() == "\n".join(damaged)
    path.write_text("\n".join(lines))
    assert run(home) == 0


def test_expected_failures_are_told_in_one_line(home, tmp_path, capsys):
    def told(*words: str) -> str:
        assert run(home, *words) == 1
        error = capsys.readouterr().err
        assert error.startswith("error: ") and error.count("\n") == 1
        return error

    assert "generator.keras: not found, expected a trained generator" in told("--input", str(tmp_path))
    (tmp_path / "generator.keras").write_bytes(b"no")
    assert "not a Keras model" in told("--input", str(tmp_path))
    assert output(home).is_dir()  # A damaged generator is no other generator: nothing was moved aside.
    assert "--seed 0 (now 1)" in told("--seed", "1")
    assert "--count 6 (now 5, expected at least as many)" in told("--count", "5")
    assert "nope: not found, expected a folder with one sub-folder for each pole" in told(
        "--data", str(tmp_path / "nope")
    )
    assert "found no sub-folder, expected exactly two" in told(
        "--data", str(tmp_path / "home" / "outputs" / "3-training")
    )
    (home / "data" / "2-dataset" / "casual" / "0.png").write_bytes(b"no")
    assert "undecodable" in told()


@pytest.mark.parametrize("name", ["summary.json", "style-classifier.json"])
@pytest.mark.parametrize("damaged", ["[]", "{}"])
def test_damaged_records_are_made_anew(home, name, damaged):
    before = content(home)
    (output(home) / name).write_text(damaged)
    assert run(home) == 0
    assert content(home) == before


@pytest.mark.parametrize(
    "damaged",
    [
        "[]",
        '{"script": "generate.py"}',
        '{"script": "generate.py", "options": []}',
        '{"script": "generate.py", "options": {"count": "six", "generator_sha256": ""}}',
        '{"script": "generate.py", "options": {"count": 6}}',
    ],
)
def test_damaged_options_are_told_in_one_line_until_fresh(home, capsys, damaged):
    shutil.rmtree(home / "data")
    (output(home) / "options.json").write_text(damaged)
    assert run(home) == 1
    told = capsys.readouterr().err
    assert "options.json: found no" in told and told.startswith("error: ") and told.count("\n") == 1
    assert run(home, "--fresh") == 0
    assert "starting over; the old folder is now" in capsys.readouterr().out
    summary = files.read_json(output(home) / "summary.json")
    # Nothing of the folder before is taken over, its judge's poles no more than its judge.
    assert summary["poles"] == [] and summary["judge"] is None and summary["data"] is None
    assert (output(home).with_name("4-generated.old-1") / "labels.csv").exists()


def test_messages_name_the_folders_that_were_given(home, tmp_path, capsys):
    (home / "outputs" / "3-training").rename(tmp_path / "training")
    (home / "data" / "2-dataset").rename(tmp_path / "pictures")
    given = ["--input", str(tmp_path / "training"), "--data", str(tmp_path / "pictures")]
    assert run(home, *given) == 0
    told = capsys.readouterr().out
    assert f"generate.py --home {home} {' '.join(given)} --count {COUNT}\n" in told
    assert f"latent_svm.py --home {home} --training {tmp_path / 'training'}\n" in told
    summary = files.read_json(output(home) / "summary.json")
    assert [summary["input"], summary["data"]] == given[1::2]


def test_killed_at_any_time_it_ends_as_if_undisturbed(trained, finished, tmp_path, monkeypatch):
    monkeypatch.setattr(style_classifier, "STEPS", STEPS)
    shutil.copytree(trained, tmp_path / "home")
    home = tmp_path / "home"
    # Among the designs, and between the labels and the record of them.
    for name in ("design-0004.png", "designs.csv"):
        command = [sys.executable, "-c", KILLED, name, "--home", str(home), "--count", str(COUNT), "--quiet"]
        assert subprocess.run(command, timeout=120).returncode == -9
    assert not (output(home) / "summary.json").exists()
    assert run(home) == 0
    assert content(home) == content(finished)


def test_more_designs_than_pictures(home):
    before = content(home)
    assert run(home, "--fresh", "--count", "9", "--pictures", "4") == 0
    folder = output(home)
    assert sorted(path.name for path in folder.glob("design-*.png")) == [f"design-000{index}.png" for index in range(4)]
    assert images.open_picture(folder / "grid.png").size == (4 * 34 + 2, 36)
    assert np.load(folder / "latents.npy").shape == (9, 100)
    rows, answers = read_labels(home), files.read_csv(folder / "designs.csv", generate.DESIGN_COLUMNS)
    assert len(rows) == len(answers) == 9
    # A design that is only judged is judged as one that lies there.
    old = files.read_csv(output(home).with_name("4-generated.old-1") / "designs.csv", generate.DESIGN_COLUMNS)
    assert answers[:6] == old
    assert run(home, "--count", "9", "--pictures", "6") == 0
    assert (folder / "design-0005.png").read_bytes() == before["design-0005.png"]
    assert read_labels(home) == rows


def test_designs_are_held_against_the_photographs(home, capsys):
    answers = files.read_csv(output(home) / "designs.csv", generate.DESIGN_COLUMNS)
    for row in answers:
        assert row["nearest"].split("/")[0] in ("casual", "collection") and row["nearest"].endswith(".png")
        assert float(row["nearest_distance"]) > 0 and 0 <= float(row["nearest_rank"]) <= 1
        assert row["realistic"] in ("yes", "no") and row["copy"] in ("yes", "no") and float(row["realism"]) >= 0
    summary = files.read_json(output(home) / "summary.json")
    assert summary["realistic"] == sum(row["realistic"] == "yes" for row in answers)
    assert summary["copies"] == sum(row["copy"] == "yes" for row in answers)
    assert run(home) == 0
    assert f"{summary['realistic']} of 6 designs are realistic, as 95% of photographs are" in capsys.readouterr().out


def test_suggested_designs_are_drawn_and_named(home, capsys):
    assert run(home, "--suggest", "3") == 0
    suggested = files.read_json(output(home) / "summary.json")["suggested"]
    assert len(suggested) == 3 and set(suggested) < {f"design-{index:04d}.png" for index in range(COUNT)}
    assert (output(home) / "suggested.png").exists()
    told = capsys.readouterr().out
    assert "then suggested.png" in told and "--suggest 3" in told
    # What a person has labelled is not asked again.
    rows = read_labels(home)
    index = int(suggested[0][7:11])
    edit(home, {index: other_pole(rows[index]["label"] or "casual")})
    assert run(home, "--suggest", "3") == 0
    assert suggested[0] not in files.read_json(output(home) / "summary.json")["suggested"]
    # Without the flag, no sheet of an earlier run is left to mislead.
    assert run(home) == 0
    assert not (output(home) / "suggested.png").exists()


def test_network_that_cannot_be_had_costs_nothing(home, capsys, monkeypatch):
    import keras

    def unreachable(*args, **how):
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.applications, "MobileNetV2", unreachable)
    assert run(home, "--features", "imagenet") == 1
    assert "made with --features own (now imagenet)" in capsys.readouterr().err
    assert run(home, "--features", "imagenet", "--output", str(home / "other")) == 1
    assert "error: --features imagenet: its weights could not be had (URL fetch failure)" in capsys.readouterr().err
