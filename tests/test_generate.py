from __future__ import annotations

import csv
import os
import re
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import generate
from demicouture import cli, files, images, pretrained
from demicouture.dataset import read_dataset
from demicouture.dcgan.inference import hash_generator
from demicouture.designs import scoring
from demicouture.evaluation import reference
from demicouture.evaluation.generator_quality import BLURRED, describe_missing_judge
from demicouture.evaluation.imagenet_features import describe
from demicouture.latents import sample_prior

COUNT = 6

QUALITY = {
    "distance": 1000.0,
    "progress": 0.6,
    "progress_low": 0.55,
    "progress_high": 0.65,
    "told_apart": 1.0,
    "told_apart_low": 0.95,
    "told_apart_high": 1.0,
    "copies": 0.0,
    "scale": {"marks": {BLURRED: 0.62}},
}
"""Of the generator, as if training had measured it."""


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
def trained(network, tmp_path_factory) -> Path:
    """A project with two small generators, a data set and its features; tests copy it.

    In ``swapped`` lies another data set, its poles the other way round.
    """
    from demicouture.keras_backend import start_keras

    keras = start_keras()
    from demicouture.dcgan.networks import build_generator

    home = tmp_path_factory.mktemp("trained") / "home"
    training = home / "outputs" / "3-training"
    training.mkdir(parents=True)
    for seed, name in enumerate(("generator.keras", "other.keras")):
        keras.utils.set_random_seed(seed)
        build_generator(size=32, width=0.01).save(training / name)
    write_poles(home / "data" / "2-dataset")
    write_poles(home / "swapped", seed=1, poles=("collection", "casual"))
    dataset = read_dataset(home / "data" / "2-dataset")
    reference.describe_dataset(dataset, dataset.choose_withheld(0), partial(describe, network), quiet=True).save(
        training
    )
    write_quality(home, QUALITY)
    return home


def write_quality(home: Path, quality: dict[str, object] | None) -> None:
    """Writes the summary of a training that measured this."""
    training = home / "outputs/3-training"
    made = {"generator_weights_sha256": hash_generator(training / "generator.keras")}
    files.write_json(training / "summary.json", {"results": {**made, "quality": quality}})


@pytest.fixture(scope="module")
def finished(trained, tmp_path_factory) -> Path:
    """The same project after an undisturbed run; tests copy it."""
    home = tmp_path_factory.mktemp("finished") / "home"
    shutil.copytree(trained, home)
    assert run(home) == 0
    return home


@pytest.fixture
def home(finished, tmp_path) -> Path:
    shutil.copytree(finished, tmp_path / "home")
    return tmp_path / "home"


def run(home: Path, *words: str) -> int:
    count = () if "--latents" in words else ("--count", str(COUNT))
    return cli.run(lambda: generate.main(["--home", str(home), *count, *words]))


def output(home: Path) -> Path:
    return home / "outputs" / "4-generated"


def content(home: Path) -> dict[str, object]:
    """Returns everything that a run promises, but for where the project lies."""
    found: dict[str, object] = {path.name: path.read_bytes() for path in output(home).iterdir()}
    summary = files.read_record(output(home) / "summary.json")
    found["summary.json"] = {**summary, "results": {**summary["results"], "input": None, "data": None}}
    return found


def read_results(home: Path) -> dict[str, object]:
    return files.read_json(output(home) / "summary.json")["results"]


def read_labels(home: Path) -> list[dict[str, str]]:
    return files.read_csv(output(home) / "labels.csv", ["label"])


def edit(home: Path, words: dict[int, str], column: str = "your_label") -> None:
    """Does what a person does: fills in a column of their own, and nothing else."""
    rows = read_labels(home)
    for index, word in words.items():
        rows[index][column] = word
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
    assert images.open_picture(folder / "grid.png").size == (COUNT * 98 + 2, 116)
    header, first = (folder / "labels.csv").read_text("utf-8-sig").splitlines()[:2]
    assert header == "design,label,score,your_label" and first.startswith("design-0000.png,")
    header = (folder / "designs.csv").read_text("utf-8-sig").splitlines()[0]
    assert header == "design,realism_rank,nearest,nearest_distance,nearest_rank,copy"
    for row in read_labels(home):
        score = float(row["score"])
        word = "casual" if score <= 0.4 else "collection" if score >= 0.6 else ""
        assert row["label"] == word and row["your_label"] == ""
    summary = files.read_json(folder / "summary.json")
    names = {"generator.keras", "dataset", "reference-features.npz", "network", "your_label"}
    assert set(summary["inputs"]) == names and None not in summary["inputs"].values()
    assert (folder / reference.RECORD).read_bytes() == (home / "outputs/3-training" / reference.RECORD).read_bytes()
    assert set(summary["files"]) == {path.name for path in folder.iterdir()} - {"options.json", "summary.json"}
    results = summary["results"]
    assert results["poles"] == ["casual", "collection"]
    assert Path(results["input"]).parts[-2:] == ("outputs", "3-training")
    assert Path(results["data"]).parts[-2:] == ("data", "2-dataset")
    record = results["classifier"]
    assert record["accuracy"] >= 0.8 and (record["pictures"], record["trained_on"]) == (10, 30) and record["softened"]
    assert record["measured_on"] == "withheld pictures" and results["quality"] == QUALITY
    assert results["agreement"] is None and results["network"] and not results["data_differs"]
    assert sum(sum(counts.values()) for counts in results["labels"].values()) + results["unlabelled"] == COUNT
    # Once more: nothing is written, and nothing that is slow is needed.
    before, written = content(home), {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    capsys.readouterr()
    assert run(home) == 0
    assert content(home) == before and {path: path.stat().st_mtime_ns for path in folder.iterdir()} == written
    told = capsys.readouterr().out
    assert (
        "nothing to do" in told
        and "right on 10 of 10 withheld pictures" in told
        and "6 designs" in told
        and "latent_svm.py" in told
    )
    assert re.search(rf"labels\.csv and run: \S+ \S*generate\.py --home {re.escape(str(home))} --count 6\n", told)
    assert run(home, "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_raised_count_adds_designs_and_leaves_the_others(home):
    before = content(home)
    edit(home, {2: "none"})
    assert run(home, "--count", "9") == 0
    after = content(home)
    assert all(after[name] == before[name] for name in before if name.startswith("design-"))
    rows = read_labels(home)
    assert len(rows) == 9 and rows[2]["your_label"] == "none"
    np.testing.assert_array_equal(np.load(output(home) / "latents.npy"), sample_prior(9, seed=0))


def test_a_persons_labels_survive_every_rerun(home):
    before = content(home)
    labelled = [row["label"] for row in read_labels(home)]
    yours = {0: other_pole(labelled[0]), 1: "none"}
    edit(home, yours)
    counted = {"casual": 0, "collection": 0} | {word: labelled[2:].count(word) for word in labelled[2:] if word}
    for _ in range(2):
        assert run(home) == 0
        rows = read_labels(home)
        assert [row["label"] for row in rows] == labelled  # The classifier's stay beside them.
        assert [row["your_label"] for row in rows] == [yours[0], "none", "", "", "", ""]
        results = read_results(home)
        assert {pole: counts["classifier"] for pole, counts in results["labels"].items()} == counted
        assert {pole: counts["person"] for pole, counts in results["labels"].items()} == {
            yours[0]: 1,
            other_pole(yours[0]): 0,
        }
        assert results["unlabelled"] == labelled[2:].count("") + 1
    assert content(home)["grid-by-score.png"] != before["grid-by-score.png"]
    # Another data set, with the poles the other way round: the classifier changes its mind, the person does not.
    shutil.rmtree(home / "data" / "2-dataset")
    shutil.copytree(home / "swapped", home / "data/2-dataset")
    (home / "outputs/3-training" / reference.RECORD).unlink()
    assert run(home) == 0
    rows = read_labels(home)
    assert [row["your_label"] for row in rows[:2]] == [yours[0], "none"]
    assert rows[0]["label"] == yours[0] != labelled[0]  # Brought up to date, whatever a person says.
    # A design whose picture was lost comes back; so does a removed table.
    picture = (output(home) / "design-0003.png").read_bytes()
    (output(home) / "design-0003.png").unlink()
    (output(home) / "labels.csv").unlink()
    assert run(home) == 0
    assert (output(home) / "design-0003.png").read_bytes() == picture
    assert [row["label"] for row in read_labels(home)] == [row["label"] for row in rows]
    assert {row["your_label"] for row in read_labels(home)} == {""}


def test_labels_come_back_from_a_spreadsheet(home):
    before = content(home)
    rows = read_labels(home)
    lines = [f"{row['design']};{row['label']};{row['score'][:8].replace('.', ',')};" for row in reversed(rows)]
    text = "\r\n".join(["design;label;score;your_label", *lines, ";;;"])
    (output(home) / "labels.csv").write_bytes(text.encode())
    assert run(home) == 0
    assert (output(home) / "labels.csv").read_bytes() == text.encode()  # Nothing of a person's is in there.
    (output(home) / "labels.csv").write_bytes(text.replace(lines[0], lines[0] + "None").encode())
    assert run(home) == 0
    after = read_labels(home)
    assert [row["design"] for row in after] == [row["design"] for row in rows]
    assert [row["label"] for row in after] == [row["label"] for row in rows] and after[5]["your_label"] == "None"
    assert read_results(home)["unlabelled"] == sum(not row["label"] for row in rows[:5]) + 1
    assert content(home)["designs.csv"] == before["designs.csv"]


def test_labels_in_the_classifiers_column_are_refused_and_kept(home, trained, tmp_path, capsys):
    label = read_labels(home)[0]["label"]
    edit(home, {0: other_pole(label)}, "label")
    before = content(home)
    for flags in ((), ("--count", "9")):
        assert run(home, *flags) == 1
        told = capsys.readouterr().err
        assert (
            f"design-0000.png has {other_pole(label)!r} in label, the classifier's column, expected {label!r}" in told
        )
        assert "write yours into the column your_label" in told and content(home) == before
    # Nor is one beside an empty score anybody else's than a person's.
    shutil.copytree(trained / "outputs", tmp_path / "without" / "outputs")
    (tmp_path / "without/outputs/3-training" / reference.RECORD).unlink()
    assert run(tmp_path / "without") == 0
    edit(tmp_path / "without", {1: "long"}, "label")
    capsys.readouterr()
    assert run(tmp_path / "without") == 1
    assert "design-0001.png has 'long' in label, the classifier's column, expected ''" in capsys.readouterr().err


def test_an_old_folder_is_refused_with_what_to_do(home, capsys):
    rows = [{**row, "labelled_by": "classifier", "judge_label": row["label"]} for row in read_labels(home)]
    for row in rows:
        del row["your_label"]
    files.write_csv(output(home) / "labels.csv", list(rows[0]), rows)
    before = content(home)
    assert run(home) == 1
    told = capsys.readouterr().err
    assert (
        "made by an earlier version" in told
        and f"generate.py --home {home} --count {COUNT} --fresh" in told
        and told.count("\n") == 1
    )
    assert content(home) == before


def test_another_generator_moves_the_old_designs_aside(home, capsys):
    edit(home, {0: "casual", 1: "collection"})
    shutil.copy(home / "outputs/3-training/other.keras", home / "outputs/3-training/generator.keras")
    before = {path.name: path.read_bytes() for path in output(home).iterdir()}
    shutil.rmtree(home / "data")  # The designs are what this is about; no classifier is needed for it.
    (home / "outputs/3-training" / reference.RECORD).unlink()
    assert run(home, "--quiet") == 0
    told = capsys.readouterr().err  # Even under --quiet: a person's labels are in there.
    assert "made by another generator; moved to" in told and "4-generated.old-1" in told
    aside = output(home).with_name("4-generated.old-1")
    assert {path.name: path.read_bytes() for path in aside.iterdir()} == before
    assert (output(home) / "design-0000.png").read_bytes() != before["design-0000.png"]
    assert {row["label"] + row["your_label"] for row in read_labels(home)} == {""}


def test_without_pictures_a_person_labels(trained, tmp_path, capsys):
    shutil.copytree(trained / "outputs", tmp_path / "outputs")
    (tmp_path / "outputs/3-training" / reference.RECORD).unlink()
    assert run(tmp_path) == 0
    assert f"{tmp_path / 'data' / '2-dataset'}: not found (so fill in" in capsys.readouterr().out
    assert all(row["label"] == row["score"] == row["your_label"] == "" for row in read_labels(tmp_path))
    edit(tmp_path, {0: "short", 1: "long", 2: "none"})
    assert run(tmp_path) == 0
    results = read_results(tmp_path)
    assert results["poles"] == ["long", "short"] and results["unlabelled"] == 4
    assert results["labels"]["long"] == {"classifier": 0, "person": 1}
    assert [row["your_label"] for row in read_labels(tmp_path)[:4]] == ["short", "long", "none", ""]
    edit(tmp_path, {2: "middling"})
    assert run(tmp_path) == 1
    assert "design-0002.png has 'middling' in your_label, expected short, long, none or nothing" in (
        capsys.readouterr().err
    )


def test_damaged_labels_are_told_in_one_line(home, capsys):
    path = output(home) / "labels.csv"
    lines = path.read_text("utf-8-sig").splitlines()
    cases = {
        "design-0001.png has 'casula' in your_label, expected casual, collection, none or nothing": [
            *lines[:2],
            lines[2] + "casula",
            *lines[3:],
        ],
        "found two rows for design-0000.png": [*lines, lines[1]],
        "no row for design-0003.png": [*lines[:4], *lines[5:]],
        "no row for design-0005.png": lines[:-1],
        "labels 'design-0099.png', which is no design here": [*lines, lines[1].replace("0000", "0099")],
        "expected also label": [lines[0].replace(",label,", ",word,"), *lines[1:]],
        "expected also your_label": [line.rpartition(",")[0] for line in lines],
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
    (home / "outputs/3-training" / reference.RECORD).unlink()
    (output(home) / "options.json").write_text(damaged)
    assert run(home) == 1
    told = capsys.readouterr().err
    assert "options.json: found no" in told and told.startswith("error: ") and told.count("\n") == 1
    assert run(home, "--fresh") == 0
    assert "starting over; the old folder is now" in capsys.readouterr().out
    results = read_results(home)
    # Nothing of the folder before is taken over, its classifier's poles no more than its classifier.
    assert results["poles"] == [] and results["classifier"] is None and results["data"] is None
    assert (output(home).with_name("4-generated.old-1") / "labels.csv").exists()


def test_messages_name_the_folders_that_were_given(home, tmp_path, capsys):
    (home / "outputs" / "3-training").rename(tmp_path / "training")
    (home / "data" / "2-dataset").rename(tmp_path / "pictures")
    given = ["--input", str(tmp_path / "training"), "--data", str(tmp_path / "pictures")]
    assert run(home, *given) == 0  # The same files in other places: nothing to do.
    told = capsys.readouterr().out
    assert f"generate.py --home {home} --count {COUNT} {' '.join(given)}\n" in told
    assert f"latent_svm.py --home {home} --training {tmp_path / 'training'} --data {tmp_path / 'pictures'}\n" in told
    edit(home, {0: "none"})
    assert run(home, *given) == 0
    assert [read_results(home)["input"], read_results(home)["data"]] == given[1::2]


class Killed(BaseException):
    """What no code of ours catches."""


def test_killed_at_any_time_it_ends_as_if_undisturbed(trained, finished, tmp_path, monkeypatch):
    shutil.copytree(trained, tmp_path / "home")
    home, replace = tmp_path / "home", os.replace
    # Among the designs, within the classifier, and between the labels and the record of them.
    for name in ("design-0004.png", "style-classifier.json", "designs.csv"):

        def kill(source, target, name=name):
            if Path(target).name == name:
                # Nothing cleans up behind a real kill: what was half-written stays.
                shutil.copy(source, Path(target).with_name(f".{name.partition('.')[0]}.1-2.partial.png"))
                raise Killed
            replace(source, target)

        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(os, "replace", kill)
            run(home, "--quiet")
        assert not (output(home) / "summary.json").exists()
        assert not (output(home) / name).exists()
    assert run(home) == 0
    assert content(home) == content(finished)


def test_more_designs_than_pictures(home):
    before = content(home)
    assert run(home, "--fresh", "--count", "9", "--pictures", "4") == 0
    folder = output(home)
    assert sorted(path.name for path in folder.glob("design-*.png")) == [f"design-000{index}.png" for index in range(4)]
    assert images.open_picture(folder / "grid.png").size == (4 * 98 + 2, 116)
    assert np.load(folder / "latents.npy").shape == (9, 100)
    rows, answers = read_labels(home), files.read_csv(folder / "designs.csv", scoring.COLUMNS)
    assert len(rows) == len(answers) == 9
    # A design that is not saved is scored as one that is.
    old = files.read_csv(output(home).with_name("4-generated.old-1") / "designs.csv", scoring.COLUMNS)
    assert [{**row, "realism_rank": ""} for row in answers[:6]] == [{**row, "realism_rank": ""} for row in old]
    # But for its rank, which is one among nine now.
    assert sorted(float(row["realism_rank"]) for row in answers) == [index / 8 for index in range(9)]
    assert run(home, "--count", "9", "--pictures", "6") == 0
    assert (folder / "design-0005.png").read_bytes() == before["design-0005.png"]
    assert read_labels(home) == rows


def test_designs_are_compared_with_the_data_sets_pictures(home, capsys):
    answers = files.read_csv(output(home) / "designs.csv", scoring.COLUMNS)
    kept = reference.ReferenceFeatures.load(output(home))
    seen = {name for name, withheld in zip(kept.files, kept.withheld, strict=True) if not withheld}
    for row in answers:
        assert row["nearest"] in seen and row["copy"] in ("yes", "no")
        assert float(row["nearest_distance"]) > 0 and 0 <= float(row["nearest_rank"]) <= 1
    assert sorted(float(row["realism_rank"]) for row in answers) == [index / 5 for index in range(6)]
    assert read_results(home)["copies"] == sum(row["copy"] == "yes" for row in answers)
    assert run(home) == 0
    told = capsys.readouterr().out
    assert f"{read_results(home)['copies']} of 6 designs are copies of the data set's pictures" in told
    assert "realistic" not in told and "photograph" not in told


def test_quality_is_carried_over_and_blobs_are_called_blobs(home, capsys):
    told = tell_of(home, capsys)
    assert "has come 60% of the way from noise to the data set's pictures (95% interval 55% to 65%)" in told
    assert "blobs" not in told
    write_quality(home, {**QUALITY, "progress": 0.34, "progress_high": 0.38})
    told = tell_of(home, capsys)
    lines = [line for line in told.splitlines() if "blobs" in line]
    assert len(lines) == 1 and lines[0].startswith("this generator draws blobs, not garments (34% of the way")
    assert read_results(home)["quality"]["progress"] == 0.34
    # Another generator's measures are none of this one.
    summary = files.read_json(home / "outputs/3-training/summary.json")
    summary["results"]["generator_weights_sha256"] = "another"
    files.write_json(home / "outputs/3-training/summary.json", summary)
    assert "quality is not judged: " in tell_of(home, capsys) and read_results(home)["quality"] is None


def tell_of(home: Path, capsys) -> str:
    assert run(home) == 0
    return capsys.readouterr().out


def test_without_training_s_features_the_data_set_is_described(home, capsys):
    before = content(home)
    (home / "outputs/3-training" / reference.RECORD).unlink()
    assert "nothing to do" in tell_of(home, capsys)  # An earlier run's are still there.
    (output(home) / reference.RECORD).unlink()
    told = tell_of(home, capsys)
    assert "right on 40 of 40 pictures, each judged by one that had not seen it" in told
    after = content(home)
    assert all(after[name] == before[name] for name in before if name.startswith("design-"))
    assert not reference.ReferenceFeatures.load(output(home)).withheld.any()
    assert read_results(home)["classifier"]["measured_on"] == "cross-validation"
    assert "nothing to do" in tell_of(home, capsys)


def test_pictures_that_are_gone_or_others(home, capsys):
    before = content(home)
    (home / "data/2-dataset").rename(home / "away")
    told = tell_of(home, capsys)
    assert "nothing to do" in told and "right on 10 of 10" in told and "not found" not in told
    # From the start without them: what training left is enough for a classifier, if a less reliable one.
    assert run(home, "--fresh") == 0
    assert "not found (the classifier has learned from sharp pictures only)" in capsys.readouterr().out
    assert not read_results(home)["classifier"]["softened"] and {row["label"] for row in read_labels(home)} != {""}
    shutil.copytree(home / "swapped", home / "data/2-dataset")
    assert "2-dataset: not the pictures that the generator learned from; they are left out" in tell_of(home, capsys)
    shutil.rmtree(home / "data/2-dataset")
    (home / "away").rename(home / "data/2-dataset")
    assert run(home) == 0
    assert content(home) == before


def test_without_the_network_a_person_labels(home, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv(pretrained.FOLDER_VARIABLE, str(tmp_path / "no models"))
    assert "nothing to do" in tell_of(home, capsys)  # What was found with it stays.
    assert run(home, "--fresh") == 0
    told = capsys.readouterr().out
    assert "60% of the way" in told and "classifier is right" not in told and "copies" not in told
    assert {row["label"] + row["score"] for row in read_labels(home)} == {""}
    assert {row["realism_rank"] + row["copy"] for row in files.read_csv(output(home) / "designs.csv", ["copy"])} == {""}
    assert (output(home) / reference.RECORD).exists() and read_results(home)["poles"] == ["casual", "collection"]
    write_quality(home, None)
    assert tell_of(home, capsys).count(describe_missing_judge()) == 1
    monkeypatch.delenv(pretrained.FOLDER_VARIABLE)
    assert "right on 10 of 10" in tell_of(home, capsys)  # Once it is there, all is measured.


def test_from_forty_labels_on_the_agreement_is_told(home, capsys):
    assert run(home, "--count", "45") == 0
    labelled = [row["label"] for row in read_labels(home)]
    sure = [index for index, label in enumerate(labelled) if label]
    edit(home, {index: labelled[index] or "casual" for index in range(45)})
    edit(home, {index: other_pole(labelled[index]) for index in sure[:4]})
    capsys.readouterr()
    assert run(home, "--count", "45") == 0
    agreement = read_results(home)["agreement"]
    assert (agreement["designs"], agreement["agreed"]) == (len(sure), len(sure) - 4)
    assert agreement["unsure"] == 45 - len(sure)
    told = capsys.readouterr().out
    assert (
        f"of {len(sure)} designs that both you and the classifier labelled it calls {len(sure) - 4} as you do" in told
    )


def test_suggested_designs_are_drawn_and_named(home, capsys):
    assert run(home, "--suggest", "3") == 0
    suggested = read_results(home)["suggested"]
    assert len(suggested) == 3 and set(suggested) < {f"design-{index:04d}.png" for index in range(COUNT)}
    assert (output(home) / "suggested.png").exists()
    told = capsys.readouterr().out
    assert "then suggested.png" in told and "--suggest 3" in told
    # What a person has labelled is not suggested again.
    edit(home, {int(suggested[0][7:11]): "none"})
    assert run(home, "--suggest", "3") == 0
    assert suggested[0] not in read_results(home)["suggested"]
    # Without the flag, no sheet of an earlier run is left to mislead.
    assert run(home) == 0
    assert not (output(home) / "suggested.png").exists()


def test_designs_of_a_persons_own_latents_lie_beside_the_usual_ones(home, capsys):
    before, kept = content(home), sample_prior(3, 99)
    files.write_json(home / "kept.json", {"latents": kept.astype(float).tolist()})
    for said in ("4-generated-kept: 3 designs", "4-generated-kept: up to date"):
        assert run(home, "--latents", str(home / "kept.json")) == 0
        assert said in (printed := capsys.readouterr().out)
    folder = home / "outputs/4-generated-kept"
    assert np.array_equal(np.load(folder / "latents.npy"), kept)
    assert sorted(path.name for path in folder.glob("design-*.png")) == [f"design-000{n}.png" for n in range(3)]
    assert f"--latents {home}/kept.json" in printed and f"--input {folder}" in printed
    assert content(home) == before
    # Other latents under the same name are another folder's.
    np.save(home / "kept.npy", kept[:2])
    assert run(home, "--latents", str(home / "kept.npy")) == 1
    assert "made with --latents SHA-256 " in capsys.readouterr().err
    assert run(home, "--latents", str(home / "kept.npy"), "--output", str(home / "two")) == 0
    with pytest.raises(SystemExit):
        run(home, "--latents", str(home / "kept.npy"), "--count", "7")


def test_truncated_latents_are_the_same_ones_shorter(home, capsys):
    other = home / "short"
    assert run(home, "--truncation", "0.5", "--output", str(other)) == 0
    assert np.array_equal(np.load(other / "latents.npy"), np.load(output(home) / "latents.npy") * np.float32(0.5))
    assert "--truncation 0.5" in capsys.readouterr().out
    assert run(home, "--truncation", "0.5") == 1
    assert "made with --truncation None (now 0.5)" in capsys.readouterr().err
