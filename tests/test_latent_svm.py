import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import planted
import pytest
from PIL import Image

import latent_svm
from demicouture import cli, pretrained
from demicouture.boundary import validation
from demicouture.boundary.hyperplane import Hyperplane
from demicouture.boundary.outputs import NUMBER_FILES, PICTURE_FILES, read_plane
from demicouture.boundary.report import Effort
from demicouture.dataset import read_dataset
from demicouture.dcgan.encodings import Encodings
from demicouture.dcgan.inference import hash_generator
from demicouture.designs.designs import design_name
from demicouture.evaluation import style_classifier
from demicouture.files import hash_file, write_text
from demicouture.latents import sample_prior

COUNT = 40
SMALL = Effort(
    (validation.LINEAR, validation.CURVED), repeats=1, permutations=199, resamples=3, pairs=1, on_the_plane=12
)
"""The validation is tested beside it; here, a little of everything is enough."""


def run(home: Path, *flags: str) -> int:
    return cli.run(lambda: latent_svm.main(["--home", str(home), *flags], SMALL))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_designs(home: Path) -> Path:
    latents, labels, _ = planted.planted(COUNT, 0)
    planted.write_generated(home / "outputs/4-generated", latents, planted.words_of(labels))
    return home


@pytest.fixture
def home(tmp_path):
    return write_designs(tmp_path)


@pytest.fixture(scope="module")
def done_once(tmp_path_factory):
    home = write_designs(tmp_path_factory.mktemp("done"))
    assert run(home) == 0
    return home


@pytest.fixture
def done(done_once, tmp_path):
    """A home of its own in which the script has done its work."""
    return shutil.copytree(done_once, tmp_path, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Run by itself, as people do, with enough labels for a boundary."""
    home = tmp_path_factory.mktemp("finished")
    latents, labels, _ = planted.planted(120, 0, intercept=0.1)
    words = planted.words_of(labels)
    words[:6] = [""] * 6
    judged = list(words)
    judged[10] = "" if words[10] else "casual"
    planted.write_generated(home / "outputs/4-generated", latents, words, judged=judged)
    script = Path(latent_svm.__file__)
    done = subprocess.run([sys.executable, script, "--home", home], capture_output=True, text=True, cwd=home)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return home, done.stdout


def test_the_folder_holds_what_was_promised(finished):
    home, printed = finished
    folder = home / "outputs/5-boundary"
    assert set(contents(folder)) == {"options.json", "summary.json", *NUMBER_FILES}
    report = json.loads((folder / "report.json").read_text())
    assert report["boundary_found"] is True and report["p_value"] < 0.001
    assert set(report["classifiers"]) == {"linear SVM", "LDA", "logistic regression", "RBF SVM"}
    assert report["plane_is_too_simple"] is False and 0.5 < report["bootstrap_cosine"] < 0.9
    assert report["learning_curve"]["labels_needed"] is None and report["across_the_plane"] is None
    assert report["is_where_the_chance_is_one_half"] is True and report["unsure"]["designs"] == 0
    assert report["by_source"]["person"]["labels"] == {"casual": 0, "collection": 1} or report["by_source"]["person"][
        "labels"
    ] == {"casual": 1, "collection": 0}
    assert report["by_source"]["angle_degrees"] is None
    assert report["poles"] == ["casual", "collection"]
    assert sum(report["labels"].values()) == 114 and report["unlabelled"] == 6
    assert sum(counts["person"] for counts in report["labelled_by"].values()) == 1
    assert report["training_accuracy"] > 0.9
    low, high = report["held_out_interval"]
    assert 0.55 < low < report["held_out_accuracy"] < high < 0.9
    assert "3-training/generator.keras: not found, so walk.png and the other pictures of designs were" in printed
    assert "No curved boundary is clearly better than the plane (linear SVM " in printed
    assert "1 labels are a person's; from 10 of each pole on, they are compared with the classifier's" in printed
    assert re.search(
        r"114 labels give the normal to a cosine of about 0\.\d+; under 300 labels do not say how many more", printed
    )
    assert re.search(r"Of all pairs of a held-out casual and a held-out collection design \d\d% lie in the", printed)
    assert f"A plane separates casual from collection: {report['held_out_accuracy']:.0%} of held-out designs" in printed
    assert printed.splitlines()[-1].endswith(f"interpolate.py --home {home}")


def test_distances_are_the_planes(finished):
    home, _ = finished
    folder = home / "outputs/5-boundary"
    latents = np.load(home / "outputs/4-generated/latents.npy")
    plane = Hyperplane.load(folder / "hyperplane.npz")
    with open(folder / "distances.csv", newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["design", "label", "distance"]
    assert [row["design"] for row in rows] == [design_name(index) for index in range(120)]
    assert [row["label"] for row in rows[:6]] == [""] * 6
    assert np.array_equal(
        [float(row["distance"]) for row in rows], latents.astype(np.float64) @ plane.normal + plane.intercept
    )
    assert np.mean([float(row["distance"]) > 0 for row in rows if row["label"] == "collection"]) > 0.9


def test_each_labelled_design_has_a_neighbour_on_the_plane(finished):
    home, _ = finished
    folder = home / "outputs/5-boundary"
    points = np.load(folder / "on-the-plane.npy")
    assert points.shape == (114, 100) and points.dtype == np.float32 and np.abs(points).max() <= 1
    assert Hyperplane.load(folder / "hyperplane.npz").signed_distance(points) == pytest.approx(np.zeros(114), abs=1e-6)


def test_numbers_do_not_wait_for_keras(done):
    flags = ["--home", str(done), "--output", str(done / "elsewhere"), "--quiet"]
    code = (
        "import sys, latent_svm; from demicouture.boundary.report import Effort; "
        f"latent_svm.main({flags!r}, {SMALL!r}); "
        "sys.exit(bool({'keras', 'tensorflow', 'jax'} & set(sys.modules)))"
    )
    root = Path(latent_svm.__file__).parent
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0
    # The same numbers in another folder, and the same files.
    again, before = contents(done / "elsewhere"), contents(done / "outputs/5-boundary")
    assert again == before


def test_nothing_is_left_to_do_and_a_killed_run_is_done_again(done, capsys):
    folder = done / "outputs/5-boundary"
    before = contents(folder)
    capsys.readouterr()
    assert run(done) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert contents(folder) == before
    # As a kill leaves it: the summary gone, some files old, one half-written, some not there yet.
    (folder / "summary.json").unlink()
    (folder / ".plot.123-456.partial.png").write_bytes(b"half")
    (folder / "distances.csv").unlink()
    assert run(done) == 0
    assert contents(folder) == before
    # A finished folder that was damaged is made again.
    (folder / "plot.png").unlink()
    assert run(done) == 0
    assert contents(folder) == before


def test_a_changed_label_is_worked_in(done):
    folder, labels = done / "outputs/5-boundary", done / "outputs/4-generated/labels.csv"
    before = Hyperplane.load(folder / "hyperplane.npz")
    text = labels.read_text()
    first = text.splitlines()[1]
    other = next(pole for pole in planted.POLES if pole not in first)
    write_text(labels, text.replace(first, first + other))
    assert run(done) == 0
    assert not np.array_equal(Hyperplane.load(folder / "hyperplane.npz").normal, before.normal)
    report = json.loads((folder / "report.json").read_text())
    assert report["labelled_by"][other]["person"] == 1


def test_no_boundary_is_a_finding_said_plainly(home, capsys):
    words = planted.words_of(np.random.default_rng(5).permutation(np.arange(COUNT) % 2 == 0))
    planted.write_generated(home / "outputs/4-generated", sample_prior(COUNT, 1), words)
    assert run(home) == 0
    printed = capsys.readouterr().out
    assert "No boundary between casual and collection was found" in printed
    assert "do not rely on this plane: correct the labels, or label more designs, in the column your_label" in printed
    assert json.loads((home / "outputs/5-boundary/report.json").read_text())["boundary_found"] is False


def test_other_words_label_some_designs(home, tmp_path, monkeypatch, capsys):
    lengths = ["long", "short"] * 10
    rows = [f"{design_name(2 * index)},{word}" for index, word in enumerate(lengths)]
    write_text(tmp_path / "sleeves.csv", "\n".join(["design,label", *rows]) + "\n")
    assert run(home, "--labels", str(tmp_path / "sleeves.csv"), "--output", str(tmp_path / "sleeves")) == 0
    folder = tmp_path / "sleeves"
    assert json.loads((folder / "summary-sleeves.json").read_text())["results"]["labels"] == str(
        tmp_path / "sleeves.csv"
    )
    report = json.loads((folder / "report-sleeves.json").read_text())
    assert report["poles"] == ["long", "short"] and report["labels"] == {"long": 10, "short": 10}
    assert report["labelled_by"]["long"] == {"classifier": 0, "person": 10}
    # The same file by another name, as from another working directory.
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert run(home, "--labels", "sleeves.csv", "--output", "sleeves") == 0
    assert "nothing to do" in capsys.readouterr().out


def write_sleeves(path: Path) -> str:
    """Writes labels of long and short sleeves, along another planted direction."""
    latents, _, _ = planted.planted(COUNT, 0)
    words = np.where(latents @ planted.planted_normal(7) > 0, "long", "short")
    write_text(path, "".join(["design,label\n", *(f"{design_name(i)},{word}\n" for i, word in enumerate(words))]))
    return str(path)


def test_directions_lie_beside_the_plane_and_can_be_left_out_of_it(done, tmp_path, capsys):
    folder = done / "outputs/5-boundary"
    before = contents(folder)
    capsys.readouterr()
    assert run(done, "--labels", write_sleeves(tmp_path / "sleeves.csv")) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith(f"interpolate.py --home {done} --along sleeves")
    after = contents(folder)
    assert {name: after[name] for name in before} == before
    assert {"hyperplane-sleeves.npz", "report-sleeves.json", "plot-sleeves.png"} <= set(after)
    assert run(done, "--without", "sleeves") == 0
    normal, sleeves, rest = (
        Hyperplane.load(folder / f"hyperplane{name}.npz").normal for name in ("", "-sleeves", "-without-sleeves")
    )
    assert abs(normal @ sleeves) > 0.005 and abs(rest @ sleeves) < 1e-12
    assert rest @ normal > 0.9
    report = json.loads((folder / "report-without-sleeves.json").read_text())
    assert report["independent_of"] == ["sleeves"]
    capsys.readouterr()
    assert run(done, "--without", "sleeves") == 0
    assert "nothing to do" in capsys.readouterr().out
    # The direction is an input: another one is worked in.
    Hyperplane(planted.planted_normal(8), 0.0).save(folder / "hyperplane-sleeves.npz")
    assert run(done, "--without", "sleeves") == 0
    assert abs(Hyperplane.load(folder / "hyperplane-without-sleeves.npz").normal @ planted.planted_normal(8)) < 1e-12


def test_a_direction_that_is_not_there_is_told(home, tmp_path, capsys):
    assert run(home, "--without", "sleeves") == 1
    error = capsys.readouterr().err
    assert "--without sleeves: " in error and re.search(
        "expected one of: none yet; run: .*latent_svm.py .*--labels", error
    )
    assert run(home, "--labels", write_sleeves(tmp_path / "sleeves.csv")) == 0
    assert run(home, "--without", "colour") == 1
    assert "expected one of: sleeves;" in capsys.readouterr().err
    for flags in (["--without", "../x"], ["--labels", str(tmp_path / "a b.csv")], ["--without", "sleeves", "--fresh"]):
        with pytest.raises(SystemExit) as left:
            latent_svm.main(["--home", str(home), *flags])
        assert left.value.code == 2


def test_a_persons_labels_and_the_classifiers_give_a_plane_each(home, capsys):
    latents, labels, _ = planted.planted(120, 3)
    judged = planted.words_of(labels)
    words = [planted.POLES[1 - planted.POLES.index(word)] if i % 3 == 0 else word for i, word in enumerate(judged)]
    planted.write_generated(home / "outputs/4-generated", latents, words, judged=judged)
    assert run(home) == 0
    found = json.loads((home / "outputs/5-boundary/report.json").read_text())["by_source"]
    assert sum(found["classifier"]["labels"].values()) == 120 and sum(found["person"]["labels"].values()) == 40
    assert found["classifier"]["held_out_accuracy"] > 0.6
    # The person's labels are the opposite of the classifier's.
    assert found["angle_degrees"] > 90
    assert re.search(
        r"The classifier's labels alone and a person's alone give planes \d+° apart; by their number alone, the "
        r"classifier's own labels on the designs that the person labelled give \d+°",
        capsys.readouterr().out,
    )
    assert 0 < found["angle_degrees_by_number_alone"] < 90


def test_pictures_are_made_where_the_generator_is(done, tiny_training, capsys):
    folder = done / "outputs/5-boundary"
    numbers = contents(folder)
    assert run(done, "--training", str(tiny_training)) == 0
    with Image.open(folder / "on-the-plane.png") as sheet:
        assert sheet.width > 9 * 96 and sheet.height > 4 * 96
    with Image.open(folder / "walk.png") as sheet:
        assert sheet.width > 9 * 96 and sheet.height > 8 * 96
    assert set(contents(folder)) == {"options.json", "summary.json", *NUMBER_FILES, *PICTURE_FILES}
    across = json.loads((folder / "report.json").read_text())["across_the_plane"]
    assert across["pictures_measured"] == COUNT and sum(across["change_in_the_picture"].values()) == pytest.approx(1)
    printed = capsys.readouterr().out
    assert "Across the plane, background and framing explain " in printed
    assert re.search(r"\d+ of 20 attributes change with the distance by more than chance \(p < 0.05 after", printed)
    assert across["style_scores"] is None and "The style classifier" not in printed
    assert "Of what changes in the pictures, " in printed
    with open(folder / "changes.csv", newline="", encoding="utf-8-sig") as file:
        strengths = [abs(float(row["correlation"])) for row in csv.DictReader(file)]
    assert len(strengths) == 20 and strengths == sorted(strengths, reverse=True)
    for name in set(NUMBER_FILES) - {"report.json"}:
        assert (folder / name).read_bytes() == numbers[name]
    # The generator went away: so do its pictures, which nothing could make again.
    assert run(done) == 0
    assert set(contents(folder)) == set(numbers)


def test_the_style_classifier_says_how_in_between_the_planes_designs_are(home, tiny_training, capsys):
    if not pretrained.find(pretrained.IMAGENET):
        pytest.skip("the network that describes pictures is not there; make models fetches it")
    generated = home / "outputs/4-generated"
    record = dict.fromkeys(style_classifier.RECORDED, 0) | {"poles": list(planted.POLES), "balanced_accuracy": 0.9}
    classifier = style_classifier.StyleClassifier(np.random.default_rng(0).normal(0, 0.05, 1280), 0.0, record)
    classifier.save(generated)
    assert run(home, "--training", str(tiny_training)) == 0
    scores = json.loads((home / "outputs/5-boundary/report.json").read_text())["across_the_plane"]["style_scores"]
    kinds = [scores[name] for name in ("on_the_plane", "random_designs", "on_a_random_plane")]
    assert [kind["designs"] for kind in kinds] == [12, COUNT, 12]
    assert all(0 <= kind["low"] <= kind["mean"] <= kind["high"] <= 1 for kind in kinds)
    printed = capsys.readouterr().out
    assert f"gives designs on the plane a mean score of {kinds[0]['mean']:.2f} (95% interval " in printed


def test_blobs_are_called_blobs_before_anything_is_said_of_them(home, capsys):
    generated = home / "outputs/4-generated"

    def write_quality(quality: dict | None) -> None:
        record = {"script": "generate.py", "results": {"quality": quality}}
        write_text(generated / "summary.json", json.dumps(record))

    write_quality({"progress": 0.3})
    assert run(home) == 0
    lines = [line.split(" (")[0] for line in capsys.readouterr().out.splitlines()]
    of_findings = [i for i, line in enumerate(lines) if line.startswith(("A plane separates", "No boundary between"))]
    assert lines.index("this generator draws blobs, not garments") < of_findings[0]
    write_quality({"progress": 0.7})
    assert run(home) == 0
    assert "draws blobs" not in capsys.readouterr().out


def test_one_line_says_that_quality_is_not_judged(done, capsys):
    assert run(done) == 0
    assert capsys.readouterr().out.startswith("quality is not judged: that takes ")


PHOTOGRAPHS = 240


def write_photographs(home: Path, generator_sha256: str = "") -> Encodings:
    """Codes of photographs on both sides of a planted plane, one in six withheld; the designs' plane is another."""
    codes, labels, _ = planted.planted(PHOTOGRAPHS, 11, intercept=0.0)
    withheld = np.arange(PHOTOGRAPHS) % 6 == 0
    training = home / "outputs/3-training"
    return planted.write_encodings(training, codes, labels, withheld, generator_sha256=generator_sha256)


@pytest.fixture(scope="module")
def of_photographs_once(done_once, tmp_path_factory):
    """A home in which the plane is fitted on photographs, in place of one of designs that lay there."""
    home = shutil.copytree(done_once, tmp_path_factory.mktemp("photographs"), dirs_exist_ok=True)
    write_photographs(home)
    assert run(home) == 0
    return home


@pytest.fixture
def of_photographs(of_photographs_once, tmp_path):
    return shutil.copytree(of_photographs_once, tmp_path, dirs_exist_ok=True)


def test_a_planted_plane_is_found_by_the_true_labels_of_photographs(of_photographs_once):
    folder = of_photographs_once / "outputs/5-boundary"
    assert set(contents(folder)) == {
        *("options.json", "summary.json", "photographs.csv", "hyperplane-designs.npz"),
        *NUMBER_FILES,
    }
    encodings = Encodings.load(of_photographs_once / "outputs/3-training")
    plane, report = Hyperplane.load(folder / "hyperplane.npz"), json.loads((folder / "report.json").read_text())
    assert report["from"] == "photographs" and report["boundary_found"] is True
    assert plane.normal @ planted.planted_normal(11) > 0.8
    # The accuracy that is told is that on photographs that nothing has seen.
    distances = encodings.codes.astype(np.float64) @ plane.normal + plane.intercept
    right = ((distances > 0) == encodings.labels)[encodings.withheld]
    assert report["held_out_accuracy"] == right.mean() > 0.7
    assert report["held_out_interval"] == list(validation.accuracy_interval(right.mean(), 40))
    assert sum(report["labels"].values()) == 200 and sum(report["withheld"].values()) == 40
    assert report["training_accuracy"] > report["cross_validation_on_seen"]["held_out_accuracy"] > 0.7
    with open(folder / "photographs.csv", newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["photograph", "label", "withheld", "distance"]
    assert [row["photograph"] for row in rows] == list(encodings.files)
    assert [row["label"] for row in rows] == planted.words_of(encodings.labels)
    assert [row["withheld"] == "yes" for row in rows] == encodings.withheld.tolist()
    assert np.array_equal([float(row["distance"]) for row in rows], distances)
    on_the_plane = np.load(folder / "on-the-plane.npy")
    assert on_the_plane.shape == (PHOTOGRAPHS, 100)
    assert plane.signed_distance(on_the_plane) == pytest.approx(np.zeros(PHOTOGRAPHS), abs=1e-6)


def test_all_designs_have_their_distance_from_the_photographs_plane(of_photographs_once):
    folder = of_photographs_once / "outputs/5-boundary"
    plane = Hyperplane.load(folder / "hyperplane.npz")
    with open(folder / "distances.csv", newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["design", "label", "distance"] and len(rows) == COUNT
    latents = np.load(of_photographs_once / "outputs/4-generated/latents.npy").astype(np.float64)
    assert np.array_equal([float(row["distance"]) for row in rows], latents @ plane.normal + plane.intercept)
    # interpolate.py takes it for these designs' plane.
    generated = of_photographs_once / "outputs/4-generated"
    found, reason = read_plane(folder, generated, hash_file(generated / "latents.npy"))
    assert np.array_equal(found.normal, plane.normal) and reason == ""


def test_the_designs_plane_stands_beside_and_is_the_whole_result_where_it_is_asked_for(
    of_photographs, done_once, capsys
):
    folder, before = of_photographs / "outputs/5-boundary", contents(done_once / "outputs/5-boundary")
    of_photographs_plane = contents(folder)
    assert of_photographs_plane["hyperplane-designs.npz"] == before["hyperplane.npz"]
    planes = [Hyperplane.load(folder / f"hyperplane{name}.npz").normal for name in ("", "-designs")]
    report = json.loads((folder / "report.json").read_text())["designs"]
    assert report["angle_degrees"] == pytest.approx(np.degrees(np.arccos(planes[0] @ planes[1])))
    assert sum(report["labels"].values()) == COUNT
    # What is fitted is an input: another one is worked in, and nothing of the first is left.
    assert run(of_photographs, "--from", "designs") == 0
    assert contents(folder) == before
    capsys.readouterr()
    assert run(of_photographs) == 0
    printed = capsys.readouterr().out
    assert contents(folder) == of_photographs_plane
    assert (
        f"The plane of the {COUNT} labelled designs, beside it, is at {report['angle_degrees']:.0f}° to it" in printed
    )
    assert "% of withheld photographs on the right side (95% interval " in printed
    assert "p = 0.005 among those that training saw" in printed
    assert run(of_photographs) == 0
    assert "nothing to do" in capsys.readouterr().out
    # Other codes are worked in, too.
    codes, labels, _ = planted.planted(PHOTOGRAPHS, 12)
    planted.write_encodings(of_photographs / "outputs/3-training", codes, labels, np.arange(PHOTOGRAPHS) % 6 == 0)
    assert run(of_photographs) == 0
    assert contents(folder)["hyperplane.npz"] != of_photographs_plane["hyperplane.npz"]


def test_without_labels_of_designs_there_is_a_plane_all_the_same(home, capsys):
    write_photographs(home)
    planted.write_generated(home / "outputs/4-generated", sample_prior(COUNT, 0), [""] * COUNT)
    assert run(home) == 0
    assert not (home / "outputs/5-boundary/hyperplane-designs.npz").exists()
    printed = capsys.readouterr().out
    assert "No plane of the designs' own labels stands beside the photographs': " in printed
    assert "labels.csv: found these labels: none; expected two kinds, each on at least 10 designs" in printed


def test_codes_for_another_generator_are_left_out_or_refused(home, tiny_training, capsys):
    shutil.copytree(tiny_training, home / "outputs/3-training")
    write_photographs(home, generator_sha256="another")
    assert run(home) == 0
    assert "encodings.npz: codes for another generator than " in capsys.readouterr().out
    assert json.loads((home / "outputs/5-boundary/report.json").read_text())["from"] == "designs"
    assert run(home, "--from", "photographs") == 1
    assert "encodings.npz: codes for another generator than " in capsys.readouterr().err
    # The generator is not there, but the designs' record names another one.
    (home / "outputs/3-training/generator.keras").unlink()
    record = {"script": "generate.py", "options": {"count": COUNT, "generator_sha256": "a third"}}
    write_text(home / "outputs/4-generated/options.json", json.dumps(record))
    assert run(home, "--from", "photographs") == 1
    assert "4-generated: made by another generator than " in capsys.readouterr().err
    (home / "outputs/3-training/encodings.npz").unlink()
    assert run(home, "--from", "photographs") == 1
    assert "encodings.npz: not found, expected photographs' codes; run: " in capsys.readouterr().err


def test_too_few_photographs_are_left_out(home, capsys):
    codes, labels, _ = planted.planted(24, 0)
    planted.write_encodings(home / "outputs/3-training", codes, labels, np.arange(24) % 4 == 0)
    assert run(home) == 0
    assert re.search(
        r"encodings.npz: found casual \d+ and \d withheld, collection \d+ and \d withheld, expected at least 10 of "
        "each that training saw and 1 withheld, so the photographs' codes are left out",
        capsys.readouterr().out,
    )


def test_labels_of_designs_and_the_name_of_their_plane_are_not_mixed_up(home, tmp_path, capsys):
    write_photographs(home)
    assert run(home, "--labels", write_sleeves(tmp_path / "sleeves.csv")) == 0
    folder = home / "outputs/5-boundary"
    assert json.loads((folder / "report-sleeves.json").read_text())["from"] == "designs"
    assert run(home, "--without", "sleeves") == 0
    names = "hyperplane-without-sleeves.npz", "hyperplane-designs-without-sleeves.npz", "hyperplane-sleeves.npz"
    *both, sleeves = (Hyperplane.load(folder / name).normal for name in names)
    assert all(abs(normal @ sleeves) < 1e-12 for normal in both)
    assert run(home, "--without", "colour") == 1
    assert "expected one of: sleeves, without-sleeves;" in capsys.readouterr().err
    sleeves_file = str(tmp_path / "sleeves.csv")
    refused = [
        ["--labels", sleeves_file, "--from", "photographs"],
        ["--without", "designs"],
        ["--labels", "designs.csv"],
    ]
    for flags in refused:
        with pytest.raises(SystemExit) as left:
            latent_svm.main(["--home", str(home), *flags])
        assert left.value.code == 2


def test_photographs_are_shown_beside_what_their_codes_make(home, tiny_training, capsys):
    shutil.copytree(tiny_training, home / "outputs/3-training")
    generator_sha256 = hash_generator(tiny_training / "generator.keras")
    encodings = write_photographs(home, generator_sha256)
    dataset, folder = home / "data/2-dataset", home / "outputs/5-boundary"
    for number, name in enumerate(encodings.files):
        (dataset / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 64), (number, 0, 0)).save(dataset / name)
    planted.write_encodings(
        home / "outputs/3-training",
        *(encodings.codes, encodings.labels, encodings.withheld, read_dataset(dataset).sha256, generator_sha256),
    )
    assert run(home) == 0
    assert "photographs that were encoded" not in capsys.readouterr().out
    with Image.open(folder / "walk.png") as sheet:
        width = sheet.width
        # The first column holds withheld photographs: black or red, unlike anything else.
        column = np.asarray(sheet)[60:, 60:150].reshape(-1, 3)
    reds = {int(red) for red, green, blue in np.unique(column, axis=0) if green == blue == 0}
    assert 6 < len(reds) and all(encodings.withheld[red] for red in reds)
    assert set(contents(folder)) >= {*NUMBER_FILES, *PICTURE_FILES}
    # One photograph has changed: what is there is not what was encoded.
    Image.new("RGB", (64, 64), "white").save(dataset / encodings.files[0])
    assert run(home) == 0
    assert "2-dataset: not the photographs that were encoded, so they are not shown" in capsys.readouterr().out
    with Image.open(folder / "walk.png") as sheet:
        assert sheet.width < width


def test_a_generator_of_other_designs_is_told(home, tiny_training, capsys):
    for index in range(COUNT):
        Image.new("RGB", (32, 32), "white").save(home / "outputs/4-generated" / design_name(index))
    assert run(home, "--training", str(tiny_training)) == 1
    assert "the generator has changed since" in capsys.readouterr().err


def test_a_damaged_input_costs_nothing_that_is_finished(home, tiny_training, tmp_path, capsys):
    folder, generated = home / "outputs/5-boundary", home / "outputs/4-generated"
    assert run(home, "--training", str(tiny_training)) == 0
    before = contents(folder)
    (tmp_path / "generator.keras").write_bytes(b"no archive")
    assert run(home, "--training", str(tmp_path)) == 1
    assert "generator.keras: not a Keras model" in capsys.readouterr().err
    assert contents(folder) == before
    # A label has changed, so there is work to do; but the pictures are not the generator's.
    first, *others = planted.words_of(planted.planted(COUNT, 0)[1])
    other = next(pole for pole in planted.POLES if pole != first)
    planted.write_generated(generated, np.load(generated / "latents.npy"), [other, *others])
    for index in range(COUNT):
        Image.new("RGB", (32, 32), "white").save(generated / design_name(index))
    assert run(home, "--training", str(tiny_training)) == 1
    assert "the generator has changed since" in capsys.readouterr().err
    assert contents(folder) == before


def test_the_next_command_passes_on_the_folders_that_were_given(home, capsys):
    away = home / "away"
    shutil.move(home / "outputs/4-generated", away / "designs")
    flags = ["--input", str(away / "designs"), "--training", str(away / "none")]
    for _ in range(2):  # When there was work to do, and when there was none.
        assert run(home, *flags, "--output", str(away / "plane")) == 0
        command = capsys.readouterr().out.splitlines()[-1]
        flag_words = f"--home {home} --input {away}/designs --training {away}/none --boundary {away}/plane"
        assert command.endswith(f"interpolate.py {flag_words}")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["casual"] * COUNT, "found these labels: casual 40; expected two kinds, each on at least 10 designs"),
        ([""] * COUNT, "found these labels: none; expected two kinds"),
        (["casual"] * 36 + ["collection"] * 4, "found these labels: casual 36, collection 4; expected"),
        (["a", "b", "c", "c"] * 10, "found labels of 3 kinds (a 10, b 10, c 20), expected two kinds"),
    ],
)
def test_labels_that_cannot_be_separated_are_told(home, capsys, words, message):
    planted.write_generated(home / "outputs/4-generated", sample_prior(COUNT, 0), words)
    assert run(home) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    assert message in error
    assert not (home / "outputs/5-boundary").exists()


def test_missing_and_unfit_inputs_are_told(home, capsys):
    generated = home / "outputs/4-generated"
    assert run(home, "--labels", str(home / "none.csv")) == 1
    assert "none.csv: not found" in capsys.readouterr().err
    np.save(generated / "latents.npy", sample_prior(COUNT + 1, 0))
    assert run(home) == 1
    assert "labels.csv: found 40 rows, expected 41" in capsys.readouterr().err
    (generated / "latents.npy").unlink()
    assert run(home) == 1
    assert re.search(
        "latents.npy: not found, expected the designs' latents; run: .*generate.py", capsys.readouterr().err
    )
    shutil.rmtree(generated)
    assert run(home) == 1
    assert "4-generated: not found, expected a folder with latents.npy and labels.csv" in capsys.readouterr().err


def test_other_options_are_refused_until_fresh(done, capsys):
    assert run(done, "--seed", "1") == 1
    assert "made with --seed 0 (now 1)" in capsys.readouterr().err
    assert run(done, "--seed", "1", "--fresh") == 0
    assert "5-boundary: starting over; the old folder is now " in capsys.readouterr().out
    assert (done / "outputs/5-boundary.old-1/hyperplane.npz").exists()


def test_the_own_flags_stand_after_the_shared_ones(capsys):
    with pytest.raises(SystemExit):
        latent_svm.main(["--help"])
    shared, own = capsys.readouterr().out.split("\nof this script:\n")
    assert "--fresh" in shared and "--training" in shared and "--labels" in own and "--without" in own
