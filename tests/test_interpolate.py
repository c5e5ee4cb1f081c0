import csv
import json
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import planted
import pytest
from PIL import Image

import interpolate
from demicouture import cli
from demicouture.boundary.hyperplane import Hyperplane
from demicouture.dataset import read_dataset
from demicouture.dcgan import inference
from demicouture.designs.designs import design_name, read_designs
from demicouture.evaluation import style_classifier
from demicouture.evaluation.generator_quality import NOT_JUDGED
from demicouture.evaluation.imagenet_features import describe
from demicouture.evaluation.reference import describe_dataset
from demicouture.files import write_json
from demicouture.images import save_png
from demicouture.interpolation import lookbook, sequence
from demicouture.interpolation.endpoints import RatedDesigns, choose_endpoints
from demicouture.interpolation.paths import lerp, prior_preserving_mean, prior_preserving_path
from demicouture.latents import LATENT_DIM, sample_prior

COUNT = 12
WORDS = ["casual"] * 5 + ["collection"] * 5 + ["", ""]
SCORES = [0.3, 0.02, 0.2, 0.1, 0.4, 0.7, 0.8, 0.6, 0.97, 0.9, 0.5, 0.5]
MOST_CONFIDENT = (1, 8)
"""Of each pole, by SCORES."""


def run(home: Path, *flags: str, criteria: lookbook.Criteria = lookbook.USUAL_CRITERIA) -> int:
    # Small animations, unless a test wants others.
    return cli.run(lambda: interpolate.main(["--home", str(home), "--size", "64", *flags], criteria))


def results_of(folder: Path) -> dict:
    return json.loads((folder / "summary.json").read_text())["results"]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def steps_of(folder: Path) -> list[dict[str, str]]:
    with open(folder / "steps.csv", newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def plane_between(latents: np.ndarray) -> Hyperplane:
    """The plane that halves the line between the two most confident designs at a right angle."""
    first, second = latents[list(MOST_CONFIDENT)].astype(np.float64)
    normal = (second - first) / np.linalg.norm(second - first)
    return Hyperplane(normal, float(-(first + second) / 2 @ normal))


def write_boundary(home: Path, plane: Hyperplane, found: bool = True) -> Path:
    folder = home / "outputs/5-boundary"
    plane.save(folder / "hyperplane.npz")
    write_json(folder / "report.json", {"boundary_found": found})
    return folder


@pytest.fixture(scope="session")
def designs_home(tiny_training, tmp_path_factory):
    home = tmp_path_factory.mktemp("designs")
    latents = sample_prior(COUNT, 3)
    folder = planted.write_generated(home / "outputs/4-generated", latents, WORDS, SCORES)
    generator = inference.load_generator(tiny_training / "generator.keras")
    for index, picture in enumerate(inference.render(generator, latents)):
        save_png(folder / design_name(index), picture)
    shutil.copytree(tiny_training, home / "outputs/3-training")
    return home


@pytest.fixture
def home(designs_home, tmp_path):
    return shutil.copytree(designs_home, tmp_path / "home")


@pytest.fixture(scope="module")
def done_once(designs_home, tmp_path_factory):
    home = shutil.copytree(designs_home, tmp_path_factory.mktemp("done") / "home")
    write_boundary(home, plane_between(np.load(home / "outputs/4-generated/latents.npy")))
    assert run(home) == 0
    return home


@pytest.fixture
def done(done_once, tmp_path):
    """A home of its own in which the script has done its work, with a hyperplane."""
    return shutil.copytree(done_once, tmp_path / "done")


def test_the_most_confident_two_are_joined_and_the_ends_are_the_designs_to_the_pixel(home, capsys):
    latents = np.load(home / "outputs/4-generated/latents.npy")
    plane = plane_between(latents)
    write_boundary(home, plane)
    assert run(home, "--size", "512") == 0
    folder, generated = home / "outputs/6-interpolation", home / "outputs/4-generated"
    rows = steps_of(folder)
    assert list(rows[0]) == ["strip", "step", "t", "distance", "picture"]
    assert [(row["strip"], row["step"]) for row in rows] == [("0", str(step)) for step in range(9)]
    assert [float(row["t"]) for row in rows] == [step / 8 for step in range(9)]
    path = prior_preserving_path(*latents[list(MOST_CONFIDENT)], np.linspace(0, 1, 9))
    assert np.array_equal([float(row["distance"]) for row in rows], plane.signed_distance(path))
    for row, number in ((rows[0], MOST_CONFIDENT[0]), (rows[-1], MOST_CONFIDENT[1])):
        assert np.array_equal(pixels(folder / row["picture"]), pixels(generated / design_name(number)))
    middle = Image.fromarray(pixels(folder / rows[4]["picture"])).resize((512, 512), Image.Resampling.LANCZOS)
    assert np.abs(pixels(folder / "midpoint.png").astype(int) - np.asarray(middle)).max() <= 1
    results = results_of(folder)
    assert results["pair"] == ["design-0001.png", "design-0008.png"]
    point = prior_preserving_path(*latents[list(MOST_CONFIDENT)], np.array([results["crossing"]]))
    assert plane.signed_distance(point)[0] == pytest.approx(0, abs=1e-9)
    assert pixels(folder / "crossing.png").shape == (512, 512, 3)
    with Image.open(folder / "animation.gif") as animation:
        assert animation.n_frames <= 2 * sequence.FRAMES - 2
        assert animation.size == (256, 256 + 256 // 9 + 6)
    assert (folder / "animation.mp4").stat().st_size > 10_000
    printed = capsys.readouterr().out
    assert "From design 1 (casual) to design 8 (collection): the hyperplane is crossed at t = 0." in printed
    assert all(f"6-interpolation/{name}" in printed.splitlines()[-1] for name in ("strip.png", "animation.gif"))


def test_the_strip_shows_every_step_to_the_pixel(home):
    assert run(home, "--a", "10", "--b", "2", "--steps", "4") == 0
    folder = home / "outputs/6-interpolation"
    strip = pixels(folder / "strip.png")
    assert strip.shape[1] == 4 * (96 + 2) + 2
    for step in range(4):
        shown = pixels(folder / f"strip-0/step-{step:02d}.png").repeat(3, 0).repeat(3, 1)
        left = 2 + step * 98
        assert any(np.array_equal(strip[top : top + 96, left : left + 96], shown) for top in range(strip.shape[0] - 95))


def test_nothing_is_left_to_do_and_a_killed_run_is_done_again(done, capsys):
    folder = done / "outputs/6-interpolation"
    before = contents(folder)
    assert run(done) == 0
    assert "nothing to do" in capsys.readouterr().out
    (folder / "summary.json").unlink()
    (folder / "strip.png").unlink()
    (folder / "strip-0/.step-03.123-456.partial.png").write_bytes(b"half")
    assert run(done) == 0
    assert contents(folder) == before
    # A finished folder that was damaged is made again.
    (folder / "midpoint.png").unlink()
    assert run(done) == 0
    assert contents(folder) == before


def test_without_a_boundary_there_are_strips_but_no_distances(done, capsys):
    folder, boundary = done / "outputs/6-interpolation", done / "outputs/5-boundary"
    assert (folder / "crossing.png").exists()
    # It turns out to be none, and what was made of it is taken back; then it goes away.
    report = boundary / "report.json"
    write_json(report, {"boundary_found": False})
    assert run(done) == 0
    assert "report.json: no boundary was found, so there is no crossing" in capsys.readouterr().out
    assert not (folder / "crossing.png").exists()
    assert {row["distance"] for row in steps_of(folder)} == {""}
    (folder / "summary.json").unlink()
    shutil.rmtree(boundary)
    assert run(done) == 0
    printed = capsys.readouterr().out
    assert re.search("5-boundary: not found, so there are no distances; run: .*latent_svm.py", printed)
    assert {row["distance"] for row in steps_of(folder)} == {""}
    assert not (folder / "crossing.png").exists()
    # Then one is made, and worked in.
    write_boundary(done, plane_between(np.load(done / "outputs/4-generated/latents.npy")))
    assert run(done) == 0
    assert (folder / "crossing.png").exists()


def test_a_path_on_one_side_says_so(home, capsys):
    normal = np.eye(LATENT_DIM)[0]
    write_boundary(home, Hyperplane(normal, 5.0))
    assert run(home) == 0
    assert "both on the same side of the hyperplane, which is not crossed" in capsys.readouterr().out
    assert not (home / "outputs/6-interpolation/crossing.png").exists()


def test_lerp_is_the_straight_line(home):
    latents = np.load(home / "outputs/4-generated/latents.npy")
    plane = plane_between(latents)
    write_boundary(home, plane)
    assert run(home, "--path", "lerp", "--steps", "3") == 0
    rows = steps_of(home / "outputs/6-interpolation")
    line = lerp(*latents[list(MOST_CONFIDENT)], np.array([0, 0.5, 1]))
    assert [float(row["distance"]) for row in rows] == pytest.approx(plane.signed_distance(line), abs=1e-12)
    assert results_of(home / "outputs/6-interpolation")["crossing"] == pytest.approx(0.5)


def pair_of(home: Path, *flags: str) -> tuple:
    args = interpolate.parse_args(["--home", str(home), *flags])
    designs = read_designs(args.input)
    return choose_endpoints(RatedDesigns(args.input, designs, None, np.zeros(COUNT)), args.a, args.b)


def test_how_the_endpoints_are_chosen(home):
    assert pair_of(home) == ((1,), (8,))
    assert pair_of(home, "--a", "2") == ((2,), (8,))
    assert pair_of(home, "--a", "6") == ((6,), (1,))  # From the second pole, to the first.
    assert pair_of(home, "--b", "2") == ((8,), (2,))
    assert pair_of(home, "--a", "10") == ((10,), (8,))
    assert pair_of(home, "--a", "10", "--b", "11") == ((10,), (11,))
    # Of several, all of one pole, to the other; the most confident is never one of those that are given.
    assert pair_of(home, "--a", "6,7") == ((6, 7), (1,))
    assert pair_of(home, "--a", "2,6") == ((2, 6), (8,))
    assert pair_of(home, "--a", "8,2") == ((8, 2), (9,))
    assert pair_of(home, "--b", "1,2") == ((8,), (1, 2))
    # A photograph is at the end that it is given for.
    save_png(home / "mine.png", np.zeros((32, 32, 3), np.uint8))
    assert pair_of(home, "--a", str(home / "mine.png")) == (home / "mine.png", (8,))
    assert pair_of(home, "--b", str(home / "mine.png")) == ((1,), home / "mine.png")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--a", "12"], "--a 12: found 12 designs, expected a number from 0 to 11"),
        (["--b", "99"], "--b 99: found 12 designs"),
        (["--a", "2,3,2"], "--a 2,3,2: names design 2 twice, expected different designs"),
        (["--a", "nowhere.jpg"], "--a nowhere.jpg: not found, expected a picture's file, or numbers of designs"),
        (["--path", "boundary"], "--path boundary: expected a hyperplane, but"),
        (["--even", "distance"], "--even distance: expected a hyperplane, but"),
        (["--a", "3", "--b", "3"], "--a 3 --b 3: found one design, expected two different ones"),
        (["--boundary", "nowhere"], "nowhere: not found, expected a folder with hyperplane.npz"),
        (["--training", "nowhere"], "nowhere/generator.keras: not found, expected a trained generator"),
        (["--input", "nowhere"], "nowhere: not found, expected a folder with latents.npy"),
    ],
)
def test_what_does_not_fit_is_told_in_one_line(home, capsys, flags, message):
    assert run(home, *flags) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    assert message in error
    assert not (home / "outputs/6-interpolation").exists()


def test_two_poles_are_needed_to_choose(home, capsys):
    planted.write_generated(home / "outputs/4-generated", sample_prior(COUNT, 3), ["casual"] * COUNT)
    assert run(home) == 1
    assert "labels.csv: found these poles: casual; expected two" in capsys.readouterr().err
    assert run(home, "--a", "3", "--b", "4") == 0


def test_an_unfinished_or_strange_boundary_is_told(home, capsys):
    folder = write_boundary(home, plane_between(np.load(home / "outputs/4-generated/latents.npy")))
    write_json(folder / "options.json", {})
    assert run(home) == 1
    assert re.search("no summary.json, so latent_svm.py was stopped; run: .*latent_svm.py", capsys.readouterr().err)
    write_json(folder / "summary.json", {"inputs": {"latents.npy": "another"}})
    assert run(home) == 1
    assert "5-boundary: made from other designs than" in capsys.readouterr().err
    (folder / "hyperplane.npz").write_bytes(b"no archive")
    assert run(home) == 1
    assert "hyperplane.npz: not readable as a hyperplane" in capsys.readouterr().err


def test_a_generator_that_has_changed_since_is_told(home, capsys):
    save_png(home / "outputs/4-generated" / design_name(8), np.zeros((32, 32, 3), np.uint8))
    assert run(home) == 1
    assert "design-0008.png: differs from what the generator makes of its latent" in capsys.readouterr().err


def test_a_damaged_generator_costs_nothing_that_is_finished(done, capsys):
    folder = done / "outputs/6-interpolation"
    before = contents(folder)
    assert "crossing.png" in before
    (done / "outputs/3-training/generator.keras").write_bytes(b"no archive")
    assert run(done) == 1
    assert "generator.keras: not a Keras model" in capsys.readouterr().err
    assert contents(folder) == before


def test_other_options_are_refused_until_fresh(done, capsys):
    assert run(done, "--a", "3", "--b", "7") == 1
    assert "made with --a None (now 3), --b None (now 7); to go on with these, run: " in capsys.readouterr().err
    assert run(done, "--a", "3", "--b", "7", "--fresh") == 0
    assert "6-interpolation: starting over; the old folder is now " in capsys.readouterr().out
    assert (done / "outputs/6-interpolation.old-1/strip.png").exists()


def test_it_runs_by_itself_from_anywhere(home, tmp_path):
    script = Path(interpolate.__file__)
    done = subprocess.run([sys.executable, script, "--home", home], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    first, last = (
        home / "outputs/6-interpolation/strip-0/step-00.png",
        home / "outputs/6-interpolation/strip-0/step-08.png",
    )
    assert pixels(home / "outputs/6-interpolation/midpoint.png").shape == (512, 512, 3)
    for path, number in ((first, 1), (last, 8)):
        assert np.array_equal(pixels(path), pixels(home / "outputs/4-generated" / design_name(number)))


def test_the_own_flags_stand_after_the_shared_ones(capsys):
    with pytest.raises(SystemExit):
        interpolate.main(["--help"])
    shared, own = capsys.readouterr().out.split("\nof this script:\n")
    assert "--fresh" in shared and "--boundary" in shared and "--pairs" in own
    assert " ".join(own.split()).count("2 to 99") == 1
    assert "MPEG-4 Part 2" in shared and "Lanczos" in shared


def test_wrong_usage_leaves_with_2(home):
    for flags in (
        ["--steps", "1"],
        ["--steps", "100"],
        ["--path", "slerp"],
        ["--path", "foot"],
        ["--pairs", "0"],
        ["--pairs", "2", "--a", "1"],
    ):
        with pytest.raises(SystemExit) as stopped:
            run(home, *flags)
        assert stopped.value.code == 2


def test_the_middle_of_several_designs_is_an_endpoint(home):
    latents = np.load(home / "outputs/4-generated/latents.npy")
    assert run(home, "--a", "1,2,3", "--b", "8", "--steps", "3") == 0
    folder = home / "outputs/6-interpolation"
    generator = inference.load_generator(home / "outputs/3-training/generator.keras")
    wanted = inference.render(generator, prior_preserving_mean(latents[[1, 2, 3]])[np.newaxis])[0]
    assert np.array_equal(pixels(folder / "strip-0/step-00.png"), wanted)
    assert results_of(folder)["pair"] == ["the middle of designs 1, 2, 3", "design-0008.png"]
    assert json.loads((folder / "options.json").read_text())["options"]["a"] == "1,2,3"


def test_steps_of_equal_distance_and_the_path_through_the_boundary(home):
    latents = np.load(home / "outputs/4-generated/latents.npy")
    plane = plane_between(latents)
    write_boundary(home, plane)
    assert run(home, "--even", "distance", "--steps", "5") == 0
    folder = home / "outputs/6-interpolation"
    distances = [float(row["distance"]) for row in steps_of(folder)]
    assert np.diff(distances) == pytest.approx(np.full(4, (distances[-1] - distances[0]) / 4), abs=1e-4)
    assert run(home, "--path", "boundary", "--fresh") == 0
    assert float(steps_of(folder)[4]["distance"]) == pytest.approx(0, abs=1e-6)
    for row, number in ((steps_of(folder)[0], MOST_CONFIDENT[0]), (steps_of(folder)[-1], MOST_CONFIDENT[1])):
        picture = pixels(home / "outputs/4-generated" / design_name(number))
        assert np.array_equal(pixels(folder / row["picture"]), picture)


def test_a_grid_of_pairs(home, capsys):
    latents = np.load(home / "outputs/4-generated/latents.npy")
    plane = plane_between(latents)
    write_boundary(home, plane)
    assert run(home, "--pairs", "2") == 0
    folder = home / "outputs/6-interpolation"
    results = results_of(folder)
    # The most confident of each pole by SCORES: 0.02 and 0.1, 0.97 and 0.9.
    assert results["rows"] == ["design-0001.png", "design-0003.png"]
    assert results["columns"] == ["design-0008.png", "design-0009.png"]
    rows = steps_of(folder)
    assert [(row["strip"], row["step"]) for row in rows] == [("0", "0"), ("0", "1"), ("1", "0"), ("1", "1")]
    found = np.load(folder / "board.npy")
    assert found.shape == (4, LATENT_DIM) and found.dtype == np.float32
    for latent, row, pair in zip(found, rows, ((1, 8), (1, 9), (3, 8), (3, 9)), strict=True):
        path = prior_preserving_path(*latents[list(pair)], np.array([float(row["t"])]))[0]
        assert latent == pytest.approx(path, abs=1e-6)
        assert (folder / row["picture"]).exists()
    crossed = results["crossed"]
    assert crossed == sum(abs(float(row["distance"])) < 1e-9 for row in rows) >= 1
    assert f"4 designs in between, {crossed} of them on the hyperplane" in capsys.readouterr().out
    # Three columns and rows: the designs stand around the garments.
    assert pixels(folder / "board.png").shape[1] == 3 * 98 + 2
    assert run(home, "--pairs", "2") == 0
    assert "nothing to do" in capsys.readouterr().out
    assert not (folder / "strip.png").exists()


def test_a_grid_without_a_plane_shows_the_midpoints(home, capsys):
    assert run(home, "--pairs", "9") == 0
    printed = capsys.readouterr().out
    assert "25 designs in between, 0 of them on the hyperplane; of one pole there are only 5 designs" in printed
    assert "so there are no distances" in printed
    assert {row["t"] for row in steps_of(home / "outputs/6-interpolation")} == {"0.5"}


def test_a_photograph_that_is_a_design_is_found_and_noise_is_refused(home, capsys, monkeypatch):
    monkeypatch.setenv("DEMICOUTURE_MODELS", str(home / "none"))  # The search with the network: test_inversion.py.
    generator = inference.load_generator(home / "outputs/3-training/generator.keras")
    save_png(home / "mine.png", inference.render(generator, sample_prior(1, 77))[0])
    assert run(home, "--a", str(home / "mine.png"), "--b", "8", "--steps", "3") == 0
    folder = home / "outputs/6-interpolation"
    latent = np.load(folder / "found-a.npy")
    assert latent.shape == (1, LATENT_DIM) and np.abs(latent).max() <= 1
    found = results_of(folder)["found_a"]
    assert found["distance"] is None and found["share_of_pictures_nearer_to_another"] is None
    printed = capsys.readouterr().out
    assert "mine.png: how like the design is that was found for it is not judged; run: " in printed
    assert "From the design found for mine.png to design 8" in printed
    assert printed.count("quality is not judged") == 1
    assert np.array_equal(pixels(folder / "strip-0/step-00.png"), inference.render(generator, latent)[0])
    assert pixels(folder / "found-a.png").shape[1] == 2 * (256 + 2) + 2
    # Where the other end is left to us, it is of the other pole, by the side of the plane on which the design lies.
    normal = latent[0].astype(np.float64)
    write_boundary(home, Hyperplane(normal / np.linalg.norm(normal), 0.0))
    assert run(home, "--a", str(home / "mine.png"), "--steps", "2", "--fresh") == 0
    assert results_of(folder)["pair"] == ["the design found for mine.png", "design-0001.png"]
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    save_png(home / "noise.png", noise)
    assert run(home, "--a", str(home / "noise.png"), "--output", str(home / "other")) == 1
    assert "noise.png: shows nothing but noise" in capsys.readouterr().err
    assert not (home / "other").exists()
    (home / "text.png").write_text("no picture")
    assert run(home, "--b", str(home / "text.png"), "--output", str(home / "other")) == 1
    assert "--b " in (error := capsys.readouterr().err) and "text.png: undecodable; expected a photograph" in error


def measured(home: Path, progress: float | None) -> None:
    """Writes what generate.py knows of the generator."""
    quality = None if progress is None else {"progress": progress}
    write_json(home / "outputs/4-generated/summary.json", {"results": {"quality": quality}})


def test_blobs_are_called_blobs_and_have_a_lookbook_only_on_demand(home, capsys):
    measured(home, 0.39)
    blobs = "this generator draws blobs, not garments (39% of the way; garments can be named from 50%)"
    assert run(home) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(blobs) and printed.count("blobs, not garments") == 1
    assert "lookbook" not in printed.splitlines()[-1]
    assert run(home) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(blobs) and "nothing to do" in printed
    # What was learned since counts.
    measured(home, 0.61)
    assert run(home) == 0
    assert "draws blobs" not in (printed := capsys.readouterr().out) and "nothing to do" not in printed


@pytest.fixture(scope="module")
def compared_home(designs_home, network, tmp_path_factory):
    """A home with a data set, its features and a classifier: designs of the generator, by their first coordinate."""
    home = shutil.copytree(designs_home, tmp_path_factory.mktemp("compared") / "home")
    generator = inference.load_generator(home / "outputs/3-training/generator.keras")
    latents = sample_prior(60, 55)
    pictures, labels = inference.render(generator, latents), (latents[:, 0] > 0).astype(int)
    for number, (label, picture) in enumerate(zip(labels, pictures, strict=True)):
        save_png(home / f"data/2-dataset/{planted.POLES[label]}/{number:02d}.png", picture)
    dataset = read_dataset(home / "data/2-dataset")
    reference = describe_dataset(dataset, np.arange(60) % 10 == 0, partial(describe, network), True)
    reference.save(home / "outputs/4-generated")
    style_classifier.train_style_classifier(reference).save(home / "outputs/4-generated")
    write_boundary(home, Hyperplane(np.eye(LATENT_DIM)[0], 0.0))
    return home


FEW = lookbook.Criteria(on_the_plane=110, of_each_pole=2, scores=(0.0, 1.0), learned_from=40)


def test_the_lookbook(compared_home, tmp_path, capsys):
    home = shutil.copytree(compared_home, tmp_path / "home")
    measured(home, 0.4)
    assert run(home, criteria=FEW) == 0
    assert "there is no lookbook of blobs; --anyway makes one all the same" in capsys.readouterr().out
    folder = home / "outputs/6-interpolation"
    assert not (folder / "lookbook.png").exists()
    assert run(home, "--anyway", criteria=FEW) == 0
    results = results_of(folder)["lookbook"]
    assert 110 <= results["candidates"] <= 4 + 110
    assert results["random_designs"]["designs"] == results["designs_in_between"]["designs"] == 100
    chosen = results["chosen"]
    assert 1 <= chosen <= 24
    found = np.load(folder / "lookbook.npy")
    assert found.shape == (chosen, LATENT_DIM) and found.dtype == np.float32
    assert np.abs(found[:, 0]).max() < 1e-6
    with open(folder / "lookbook.csv", newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == [str(number) for number in range(1, chosen + 1)]
    generator = inference.load_generator(home / "outputs/3-training/generator.keras")
    for row, picture in zip(rows, inference.render(generator, found), strict=True):
        assert np.array_equal(pixels(folder / row["picture"]), picture)
        assert row["nearest"].partition("/")[0] in planted.POLES
        assert 0 <= float(row["realism_rank"]) <= 1 and "realism" not in row
    assert pixels(folder / "lookbook.png").shape == (2339, 1654, 3)
    assert (folder / "lookbook.pdf").read_bytes().startswith(b"%PDF")
    printed = capsys.readouterr().out
    copies = [results[name]["copies"] for name in ("random_designs", "designs_in_between")]
    assert f"copies: {copies[0]} of 100 random designs, and {copies[1]} of 100 in between" in printed
    assert f"lookbook: {chosen} of {results['of_these_no_copies']} candidates that qualify" in printed
    assert "realis" not in printed
    # The same again.
    before = contents(folder)
    (folder / "summary.json").unlink()
    assert run(home, "--anyway", criteria=FEW) == 0
    assert contents(folder) == before
    # Of nothing that is in between no lookbook is made, and the old one does not stay.
    (folder / "summary.json").unlink()
    assert (
        run(home, "--anyway", criteria=lookbook.Criteria(on_the_plane=110, of_each_pole=2, learned_from=40, size=0))
        == 0
    )
    assert "none of these candidates is in between and no copy" in capsys.readouterr().out
    assert not (folder / "lookbook.png").exists()


def test_without_the_network_there_is_no_lookbook_and_with_it_there_is(compared_home, tmp_path, capsys, monkeypatch):
    home = shutil.copytree(compared_home, tmp_path / "home")
    monkeypatch.setenv("DEMICOUTURE_MODELS", str(tmp_path / "none"))
    assert run(home, criteria=FEW) == 0
    printed = capsys.readouterr().out
    assert printed.count("quality is not judged") == 1
    assert f"{NOT_JUDGED}; without that network there is no lookbook" in printed
    monkeypatch.delenv("DEMICOUTURE_MODELS")
    assert run(home, criteria=FEW) == 0
    printed = capsys.readouterr().out
    assert NOT_JUDGED in printed and "no lookbook" not in printed
    assert (home / "outputs/6-interpolation/lookbook.png").exists()
