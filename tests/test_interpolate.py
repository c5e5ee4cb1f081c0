import csv
import json
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import av
import drawn_garment
import keras
import numpy as np
import planted
import pytest
import trimesh
from PIL import Image

import interpolate
from demicouture import cli
from demicouture.boundary.hyperplane import Hyperplane
from demicouture.dataset import read_dataset
from demicouture.dcgan import inference, networks
from demicouture.dcgan.encodings import Encodings
from demicouture.designs.designs import design_name, read_designs
from demicouture.errors import InputError
from demicouture.evaluation import style_classifier
from demicouture.evaluation.generator_quality import describe_missing_judge
from demicouture.evaluation.imagenet_features import describe
from demicouture.evaluation.reference import describe_dataset
from demicouture.files import hash_file, write_json
from demicouture.garment3d import turntable
from demicouture.images import save_png
from demicouture.interpolation import in_the_round, lookbook, sequence
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
    assert list(rows[0]) == ["strip", "step", "t", "distance", "picture", "first", "second"]
    assert {(row["first"], row["second"]) for row in rows} == {("design-0001.png", "design-0008.png")}
    assert [(row["strip"], row["step"]) for row in rows] == [("0", str(step)) for step in range(9)]
    assert [float(row["t"]) for row in rows] == [step / 8 for step in range(9)]
    path = prior_preserving_path(*latents[list(MOST_CONFIDENT)], np.linspace(0, 1, 9))
    assert np.array_equal([float(row["distance"]) for row in rows], plane.signed_distance(path))
    for row, number in ((rows[0], MOST_CONFIDENT[0]), (rows[-1], MOST_CONFIDENT[1])):
        assert np.array_equal(pixels(folder / row["picture"]), pixels(generated / design_name(number)))
    results = results_of(folder)
    assert results["pair"] == ["design-0001.png", "design-0008.png"]
    point = prior_preserving_path(*latents[list(MOST_CONFIDENT)], np.array([results["crossing"]]))
    assert plane.signed_distance(point)[0] == pytest.approx(0, abs=1e-9)
    assert pixels(folder / "crossing.png").shape == (512, 512, 3) and not (folder / "midpoint.png").exists()
    with Image.open(folder / "animation.gif") as animation:
        assert animation.n_frames <= 2 * sequence.FRAMES - 2
        assert animation.size == (256, 256 + 256 // 9 + 6)
    assert (folder / "animation.mp4").stat().st_size > 10_000
    printed = capsys.readouterr().out
    assert "From design 1 (casual) to design 8 (collection): the hyperplane is crossed at t = 0." in printed
    last = printed.splitlines()[-1]
    assert last.startswith(f"open: {home / 'outputs/index.html'}, ")
    assert all(f"6-interpolation/{name}" in last for name in ("strip.png", "animation.gif"))


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
    (folder / "crossing.png").unlink()
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
    midpoint = pixels(folder / "midpoint.png").astype(int)
    middle = Image.fromarray(pixels(folder / "strip-0/step-04.png"))
    assert np.abs(midpoint - middle.resize(midpoint.shape[:2], Image.Resampling.LANCZOS)).max() <= 1
    # Then one is made, and worked in.
    write_boundary(done, plane_between(np.load(done / "outputs/4-generated/latents.npy")))
    assert run(done) == 0
    assert (folder / "crossing.png").exists() and not (folder / "midpoint.png").exists()


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
    assert "hyperplane.npz: damaged" in capsys.readouterr().err


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


def test_with_other_flags_the_new_lies_beside_the_old(done, capsys):
    folder = done / "outputs/6-interpolation"
    before = contents(folder)
    for flags, name in (
        (("--steps", "5"), "steps-5"),
        (("--pairs", "2"), "pairs-2"),
        (("--a", "3", "--b", "7", "--path", "lerp"), "from-3-to-7-path-lerp"),
    ):
        beside = folder.with_name(f"6-interpolation-{name}-size-64")
        for said in (f"{folder} holds what was made with other flags, and stays", f"{beside}: nothing to do"):
            assert run(done, *flags) == 0
            assert said in capsys.readouterr().out
        assert (beside / "summary.json").exists()
    assert len(steps_of(folder.with_name("6-interpolation-steps-5-size-64"))) == 5
    assert contents(folder) == before
    # What lies beside another is what begins anew there.
    assert run(done, "--pairs", "2", "--fresh") == 0
    assert folder.with_name("6-interpolation-pairs-2-size-64.old-1").is_dir() and contents(folder) == before


def test_fresh_begins_anew_in_the_folder_itself(done, capsys):
    assert run(done, "--a", "3", "--b", "7", "--fresh") == 0
    assert "6-interpolation: starting over; the old folder is now " in capsys.readouterr().out
    assert (done / "outputs/6-interpolation.old-1/strip.png").exists()


def test_nothing_made_is_a_dead_end(done, capsys):
    """From a strip to a board, from that to a path, and from that through a file of JSON to a film and to designs."""
    folder, latents = done / "outputs/6-interpolation", np.load(done / "outputs/4-generated/latents.npy")
    strip, crossing = np.load(folder / "strip.npy"), np.load(folder / "crossing.npy")
    assert strip.shape == (9, LATENT_DIM) and strip.dtype == np.float32
    assert np.array_equal(strip[[0, -1]], latents[list(MOST_CONFIDENT)])
    plane = Hyperplane.load(done / "outputs/5-boundary/hyperplane.npz")
    assert plane.signed_distance(crossing) == pytest.approx([0], abs=1e-6)
    assert run(done, "--pairs", "2") == 0
    flags = ("--a", "board:1,0", "--b", f"{folder}/crossing.npy", "--steps", "3")
    assert run(done, *flags) == 0
    printed = capsys.readouterr().out
    assert "From design 1,0 of the board to crossing.npy" in printed
    beside = folder.with_name("6-interpolation-from-board-1-0-to-crossing-steps-3-size-64")
    board = np.load(folder.with_name("6-interpolation-pairs-2-size-64") / "board.npy")
    assert np.array_equal(np.load(beside / "strip.npy")[[0, -1]], [board[2], crossing[0]])
    # The step of a strip is its picture to the pixel; the other end is of the other pole.
    assert run(done, "--a", "strip:2", "--steps", "2") == 0
    again = folder.with_name("6-interpolation-from-strip-2-steps-2-size-64")
    assert np.array_equal(pixels(again / "strip-0/step-00.png"), pixels(folder / "strip-0/step-02.png"))
    assert results_of(again)["pair"] == ["step 2 of the strip", "design-0008.png"]
    # A changed board is worked in.
    assert run(done, *flags) == 0
    assert "nothing to do" in capsys.readouterr().out
    np.save(folder.with_name("6-interpolation-pairs-2-size-64") / "board.npy", board[::-1])
    assert run(done, *flags) == 0
    assert np.array_equal(np.load(beside / "strip.npy")[0], board[1])


def test_both_ends_have_to_differ(done, capsys):
    assert run(done, "--a", "strip:0", "--b", "1") == 1
    assert "--a and --b: step 0 of the strip and design 1 (casual) are one design" in capsys.readouterr().err


def write_direction(home: Path, name: str, plane: Hyperplane, found: bool = True) -> None:
    folder = home / "outputs/5-boundary"
    plane.save(folder / f"hyperplane-{name}.npz")
    write_json(folder / f"report-{name}.json", {"poles": ["long", "short"], "boundary_found": found})
    latents = hash_file(home / "outputs/4-generated/latents.npy")
    write_json(folder / f"summary-{name}.json", {"inputs": {"latents.npy": latents}})


def test_a_walk_along_a_direction(home, capsys):
    latents = np.load(home / "outputs/4-generated/latents.npy")
    sleeves = Hyperplane(np.eye(LATENT_DIM)[4], 0.0)
    write_direction(home, "sleeves", sleeves)
    assert run(home, "--along", "sleeves", "--a", "7", "--steps", "5") == 0
    folder = home / "outputs/6-interpolation"
    assert "Design 7 (collection) along sleeves, from long to short, in 5 steps" in capsys.readouterr().out
    strip, distances = np.load(folder / "strip.npy"), sleeves.signed_distance(latents)
    # From the farthest design on the one side to the farthest on the other, evenly, and nothing else changes.
    wanted = np.linspace(max(distances.min(), -0.9), min(distances.max(), 0.9), 5)
    assert strip[:, 4] == pytest.approx(wanted, abs=1e-6)
    assert np.array_equal(np.delete(strip, 4, axis=1), np.delete(latents[[7] * 5], 4, axis=1))
    assert [float(row["distance"]) for row in steps_of(folder)] == pytest.approx(wanted, abs=1e-6)
    generator = inference.load_generator(home / "outputs/3-training/generator.keras")
    assert np.array_equal(pixels(folder / "strip-0/step-00.png"), inference.render(generator, strip[:1])[0])
    assert results_of(folder)["start"] == "design 7 (collection)" and results_of(folder)["along"] == "sleeves"
    # The plane between the poles is not needed, and another start is another walk; without one it is the usual design.
    assert run(home, "--along", "sleeves", "--a", f"{folder}/strip.npy:1", "--steps", "5") == 0
    assert run(home, "--along", "sleeves", "--steps", "5") == 0
    printed = capsys.readouterr().out
    assert "Latent 1 of strip.npy along sleeves" in printed and "Design 1 (casual) along sleeves" in printed


def test_a_direction_that_is_none_is_told(home, capsys):
    assert run(home, "--along", "sleeves", "--a", "7") == 1
    error = capsys.readouterr().err
    assert re.search("--along sleeves: .* expected one of: none yet; run: .*latent_svm.py .*--labels", error)
    write_direction(home, "sleeves", Hyperplane(np.eye(LATENT_DIM)[4], 0.0), found=False)
    assert run(home, "--along", "sleeves", "--a", "7", "--steps", "2") == 0
    assert "sleeves: no boundary was found between long and short, so what changes may be" in capsys.readouterr().out
    assert run(home, "--along", "sleeves", "--a", "12") == 1
    assert "--a 12: found 12 designs" in capsys.readouterr().err
    write_json(home / "outputs/5-boundary/summary-sleeves.json", {"inputs": {"latents.npy": "others"}})
    assert run(home, "--along", "sleeves", "--a", "7") == 1
    assert "--along sleeves: found in other designs than" in capsys.readouterr().err
    (home / "outputs/5-boundary/summary-sleeves.json").unlink()
    assert run(home, "--along", "sleeves", "--a", "7") == 1
    assert "summary-sleeves.json: not found, so latent_svm.py was stopped" in capsys.readouterr().err


def test_a_film_through_a_file_and_at_random(home, capsys):
    folder, kept = home / "outputs/6-interpolation", sample_prior(3, 50)
    write_json(home / "kept.json", {"latents": kept.astype(float).tolist()})
    assert run(home, "--latents", str(home / "kept.json")) == 0
    assert "Through kept.json: 3 seconds, 3 designs and back to the first" in capsys.readouterr().out
    assert np.array_equal(np.load(folder / "strip.npy"), kept)
    generator = inference.load_generator(home / "outputs/3-training/generator.keras")
    for step, picture in enumerate(inference.render(generator, kept)):
        assert np.array_equal(pixels(folder / f"strip-0/step-{step:02d}.png"), picture)
    with av.open(str(folder / "film.mp4")) as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height, stream.average_rate) == (64, 64, 20)
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in film.decode(video=0)]
    assert len(frames) == 60
    for second, picture in enumerate(inference.render(generator, kept)):
        shown = np.asarray(Image.fromarray(picture).resize((64, 64), Image.Resampling.LANCZOS))
        assert np.abs(frames[20 * second] - shown).mean() < 8
    # It ends near to where it began.
    assert np.abs(frames[-1] - frames[0]).mean() < np.abs(frames[30] - frames[0]).mean() / 2
    assert run(home, "--random-walk", "2", "--seed", "4") == 0
    walk = folder.with_name("6-interpolation-random-walk-2-size-64-seed-4")
    assert np.array_equal(np.load(walk / "strip.npy"), sample_prior(2, 4)) and (walk / "film.mp4").exists()
    write_json(home / "kept.json", {"latents": kept[:1].astype(float).tolist()})
    assert run(home, "--latents", str(home / "kept.json")) == 1
    assert "kept.json: found 1 latents, expected 2 to 600 for a film" in capsys.readouterr().err


def test_a_rail_of_garments_in_the_round(done, capsys, monkeypatch):
    monkeypatch.setattr(turntable, "FRAMES", 2)
    monkeypatch.setattr(in_the_round, "VIEW_SIDE", {True: 60, False: 60})
    monkeypatch.setattr(in_the_round, "SMALL", 40)
    home, designs = done, done / "outputs/4-generated"
    for number, hanging in ((3, False), (4, True)):
        save_png(designs / design_name(number), drawn_garment.draw(64, hanging))
    save_png(home / "shirt.png", drawn_garment.draw(128))
    asked = ["--home", str(home), "--round", "3", "4", "5", str(home / "shirt.png")]
    assert cli.run(lambda: interpolate.main(asked)) == 0
    said = capsys.readouterr().out
    assert "3 garments in the round: seen from the front" in said and "are guesses from one view" in said
    assert "; 5 is left out: found a" in said  # An untrained generator's picture.
    folder = home / "outputs/6-interpolation-round-3-4-5-shirt"
    results = results_of(folder)
    assert [row["asked"] for row in results["round"]] == ["3", "4", str(home / "shirt.png")]
    assert all(row["front_error_grey_levels"] < 6 for row in results["round"]) and list(results["refused"]) == ["5"]
    rail = trimesh.load(folder / "rail.glb")
    assert len(rail.geometry) == 6 and rail.extents[0] > 2
    assert (folder / "light/03.glb").stat().st_size < (folder / "rail.glb").stat().st_size / 6
    assert pixels(folder / "turntable.gif").shape == (40, 120, 3) and (folder / "turntable.mp4").stat().st_size > 500
    before = contents(folder)
    assert cli.run(lambda: interpolate.main(asked)) == 0
    assert "nothing to do" in capsys.readouterr().out and contents(folder) == before
    # The same picture is the same garment, to the bit, and alone, without a form.
    assert cli.run(lambda: interpolate.main([*asked[:2], "--round", "3", "--bare"])) == 0
    alone = trimesh.load(home / "outputs/6-interpolation-round-3-bare/garment.glb")
    assert list(alone.geometry) == ["garment"]
    # Alone it comes with its sewing pattern, and a rail with none.
    patterns = [path.name for path in sorted(home.glob("outputs/6-interpolation-round-3-bare/pattern.*"))]
    assert patterns == ["pattern.pdf", "pattern.svg"] and not list(folder.glob("pattern.*"))
    assert np.array_equal(alone.geometry["garment"].vertices, rail.geometry["garment-1"].vertices)
    capsys.readouterr()
    assert cli.run(lambda: interpolate.main([*asked[:2], "--round", "5"])) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: --round 5: found ") and error.count("\n") == 1
    assert not (home / "outputs/6-interpolation-round-5/garment.glb").exists()


def test_sheets_are_turned_by_their_numbers_and_as_a_whole(done):
    rated = RatedDesigns(
        done / "outputs/4-generated", read_designs(done / "outputs/4-generated"), None, np.zeros(COUNT)
    )
    folders = [done / "outputs/6-interpolation"]
    whole = in_the_round.find_subjects(["strip"], rated, folders)
    assert [subject.asked for subject in whole] == [f"strip:{number}" for number in range(9)]
    assert [subject.picture.name for subject in whole] == [f"step-{number:02d}.png" for number in range(9)]
    (middle,) = in_the_round.find_subjects(["3,4"], rated, folders)
    assert middle.picture is None and np.array_equal(
        middle.latent, prior_preserving_mean(np.load(done / "outputs/4-generated/latents.npy")[[3, 4]])
    )
    for asked, message in (("99", "found 12 designs"), ("lookbook", "found no lookbook.npy"), ("no.png", "not found")):
        with pytest.raises(InputError, match=message):
            in_the_round.find_subjects([asked], rated, folders)
    with pytest.raises(InputError, match="found 36 garments, expected 30 at most"):
        in_the_round.find_subjects(["strip"] * 4, rated, folders)


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
    assert "H.264" in shared and "Lanczos" in shared


def test_wrong_usage_leaves_with_2(home):
    for flags in (
        ["--steps", "1"],
        ["--steps", "100"],
        ["--path", "slerp"],
        ["--path", "foot"],
        ["--pairs", "0"],
        ["--pairs", "2", "--a", "1"],
        ["--pairs", "2", "--random-walk", "3"],
        ["--along", "sleeves", "--b", "3"],
        ["--along", "sleeves", "--even", "distance"],
        ["--random-walk", "1"],
        ["--random-walk", "5", "--a", "3"],
        ["--latents", "kept.json", "--steps", "3"],
        ["--pairs", "2", "--untuned"],
        ["--round", "2", "--pairs", "2"],
        ["--round", "2", "--steps", "3"],
        ["--bare"],
        ["--random-walk", "5", "--untuned"],
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
    assert f"{describe_missing_judge()}; without that network there is no lookbook" in printed
    monkeypatch.delenv("DEMICOUTURE_MODELS")
    assert run(home, criteria=FEW) == 0
    printed = capsys.readouterr().out
    assert describe_missing_judge() in printed and "no lookbook" not in printed
    assert (home / "outputs/6-interpolation/lookbook.png").exists()


def encode_dataset(home: Path, codes: np.ndarray, generator_sha256: str | None = None) -> Encodings:
    """Leaves what train_dcgan.py leaves of an encoder; it gives each picture the code that it was rendered from."""
    training = home / "outputs/3-training"
    inputs = keras.Input((32, 32, 3))
    spread = keras.initializers.RandomNormal(stddev=0.01, seed=1)
    codes_of = keras.layers.Dense(LATENT_DIM, activation="tanh", kernel_initializer=spread)
    keras.Model(inputs, codes_of(keras.layers.Flatten()(inputs))).save(training / "encoder.keras")
    networks.build_discriminator(32, width=0.1).save(training / "discriminator.keras")
    dataset = read_dataset(home / "data/2-dataset")
    errors = np.linspace(40, 60, len(codes)).astype(np.float32)
    generator_sha256 = generator_sha256 or inference.hash_generator(training / "generator.keras")
    encodings = Encodings(
        codes[[int(file.stem) for file in dataset.files]],
        errors,
        dataset.labels,
        np.arange(len(codes)) % 10 == 0,
        dataset.names,
        dataset.poles,
        dataset.sha256,
        generator_sha256,
    )
    encodings.save(training)
    return encodings


CODES = sample_prior(60, 55)
"""Of the compared home's pictures; whose pole is the first coordinate's sign."""


@pytest.fixture(scope="module")
def photographs_once(compared_home, tmp_path_factory):
    home = shutil.copytree(compared_home, tmp_path_factory.mktemp("photographs") / "home")
    return home, encode_dataset(home, CODES)


@pytest.fixture
def photographs_home(photographs_once, tmp_path):
    home, encodings = photographs_once
    return shutil.copytree(home, tmp_path / "home"), encodings


def named(encodings: Encodings, name: str) -> int:
    """The row of a photograph by its name, counted here once more."""
    pole, number = name.split(":")
    return np.flatnonzero(encodings.labels == planted.POLES.index(pole))[int(number)]


def test_the_default_strip_goes_between_photographs_that_stand_at_either_end(photographs_home, capsys):
    home, encodings = photographs_home
    assert run(home, criteria=FEW) == 0
    folder = home / "outputs/6-interpolation"
    first, second = results_of(folder)["pair"]
    rows = [named(encodings, name) for name in (first, second)]
    assert encodings.labels[rows].tolist() == [0, 1]
    assert f"From {first} to {second}: the hyperplane is crossed" in capsys.readouterr().out
    strip = pixels(folder / "strip.png")
    assert strip.shape[1] == 11 * 98 + 2
    for left, row in ((2, rows[0]), (2 + 10 * 98, rows[1])):
        photograph = pixels(home / "data/2-dataset" / encodings.files[row]).repeat(3, 0).repeat(3, 1)
        assert any(
            np.array_equal(strip[top : top + 96, left : left + 96], photograph) for top in range(len(strip) - 95)
        )
    assert {(row["first"], row["second"]) for row in steps_of(folder)} == {(first, second)}
    assert pixels(folder / "photographs-casual.png").shape[0] > 96
    # The lookbook's pairs are photographs, each shown beside it.
    with open(folder / "lookbook.csv", newline="", encoding="utf-8-sig") as file:
        chosen = list(csv.DictReader(file))
    pairs = [(row["first"], row["second"]) for row in chosen if row["first"]]
    assert pairs and all(
        encodings.labels[named(encodings, name)] == pole for pair in pairs for pole, name in enumerate(pair)
    )
    page = pixels(folder / "lookbook.png")
    assert page.shape == (2339, 1654, 3)
    # As without an encoder, on demand.
    assert run(home, "--from", "designs", "--pairs", "1", "--fresh") == 0
    assert results_of(folder)["columns"] == ["design-0009.png"]
    assert not list(folder.glob("photographs-*.png"))


def test_photographs_are_named_and_their_opposite_is_chosen(photographs_home, capsys):
    home, encodings = photographs_home
    folder = home / "outputs/6-interpolation"
    assert run(home, "--a", "collection:3", "--steps", "3") == 0
    first, second = results_of(folder)["pair"]
    assert first == "collection:3" and second.startswith("casual:")
    assert json.loads((folder / "options.json").read_text())["options"]["a"] == "collection:3"
    picture = home / "data/2-dataset" / encodings.files[named(encodings, "collection:3")]
    photograph = pixels(picture)[..., ::-1]  # Of other colours than its code says.
    save_png(picture, photograph)
    assert run(home, "--a", f"collection:{picture.stem}", "--b", "3", "--steps", "3", "--fresh") == 0
    assert results_of(folder)["pair"] == ["collection:3", "design-0003.png"]
    # One photograph only: one column more. The design is what it was, to the pixel.
    assert pixels(folder / "strip.png").shape[1] == 4 * 98 + 2
    tuned, generator = (
        results_of(folder)["tuned"],
        inference.load_generator(home / "outputs/3-training/generator.keras"),
    )
    assert tuned["error"] < 0.9 * tuned["error_before"]
    bent = results_of(folder)["bent"]
    assert bent["middle_logit"] > bent["middle_logit_before"] and bent["middle_moved"] > 0
    ends = inference.render(generator, np.load(folder / "strip.npy")[[0, 2]])
    assert np.array_equal(pixels(folder / "strip-0/step-02.png"), ends[1])
    nearer = np.abs(pixels(folder / "strip-0/step-00.png").astype(float) - photograph).mean()
    assert nearer < 0.9 * np.abs(ends[0].astype(float) - photograph).mean()
    assert run(home, "--a", "collection:3", "--b", "3", "--steps", "3", "--untuned") == 0
    beside = home / "outputs/6-interpolation-from-collection-3-to-3-steps-3-untuned-size-64"
    as_it_is = inference.render(generator, np.load(beside / "strip.npy"))
    assert not {"tuned", "bent"} & set(results_of(beside))
    assert np.array_equal(pixels(beside / "strip-0/step-00.png"), as_it_is[0])
    assert run(home, "--a", "casual:0,1", "--b", "3", "--steps", "3", "--path", "lerp", "--fresh") == 0
    assert results_of(folder)["pair"][0] == "the middle of casual:0, casual:1"
    assert "bent" not in results_of(folder)
    assert run(home, "--a", "collection:99", "--fresh") == 1
    assert "--a collection:99: found " in capsys.readouterr().err
    assert run(home, "--from", "designs", "--a", "collection:3", "--fresh") == 1
    assert "--a collection:3: found no photographs in latent space" in capsys.readouterr().err


def test_ones_own_photograph_is_encoded(photographs_home, capsys):
    home, encodings = photographs_home
    row = named(encodings, "casual:2")
    save_png(home / "mine.png", pixels(home / "data/2-dataset" / encodings.files[row]))
    assert run(home, "--a", str(home / "mine.png"), "--steps", "3") == 0
    folder = home / "outputs/6-interpolation"
    found = results_of(folder)["found_a"]
    assert found["error"] < found["error_of_the_code"]
    assert 0 <= found["share_of_withheld_pictures_that_come_back_worse"] <= 1
    assert "of the photographs that training has not seen come back worse from their codes" in capsys.readouterr().out
    assert results_of(folder)["pair"][0] == "the design found for mine.png"
    side = np.load(folder / "found-a.npy")[0, 0] > 0
    assert results_of(folder)["pair"][1].startswith("casual:" if side else "collection:")


def test_a_grid_of_photographs(photographs_home, capsys):
    home, encodings = photographs_home
    assert run(home, "--pairs", "2") == 0
    folder = home / "outputs/6-interpolation"
    results, steps = results_of(folder), steps_of(folder)
    assert [(row["first"], row["second"]) for row in steps] == [
        (first, second) for first in results["rows"] for second in results["columns"]
    ]
    board = pixels(folder / "board.png")
    for name in results["rows"] + results["columns"]:
        photograph = pixels(home / "data/2-dataset" / encodings.files[named(encodings, name)])
        large = photograph.repeat(3, 0).repeat(3, 1)
        assert any(
            np.array_equal(board[top : top + 96, left : left + 96], large)
            for left in (2, 100, 198)
            for top in range(len(board) - 95)
        )
    latents = np.load(folder / "board.npy")
    ends = [encodings.codes[named(encodings, name)] for name in (results["rows"][0], results["columns"][1])]
    assert latents[1] == pytest.approx(prior_preserving_path(*ends, np.array([float(steps[1]["t"])]))[0], abs=1e-6)


def test_codes_of_another_generator_are_left_out_and_said_to_be(photographs_home, capsys):
    home, _ = photographs_home
    measured(home, 0.39)  # There is no lookbook of blobs.
    encode_dataset(home, CODES, generator_sha256="another")
    assert run(home, "--steps", "2") == 0
    told = capsys.readouterr().out
    assert "encodings.npz: codes for another generator than " in told
    assert "generator.keras, so photographs are left out" in told
    assert results_of(home / "outputs/6-interpolation")["pair"] == ["design-0001.png", "design-0009.png"]
    assert run(home, "--from", "photographs", "--fresh") == 1
    assert "--from photographs: found no photographs in latent space: " in capsys.readouterr().err
