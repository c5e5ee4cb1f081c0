"""The six scripts one after the other, as a person runs them: from a shell, in another folder, on tiny pictures."""

from __future__ import annotations

import csv
import functools
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

HOUSE = Path(__file__).parent.parent
SCRIPTS = ("scrape", "preprocess", "train_dcgan", "generate", "latent_svm", "interpolate")
TINY = ("--preset", "demo", "--size", "32", "--width", "0.03125", "--discriminator-width", "0.0625", "--epochs", "2")
FLAGS = {
    "preprocess": ("--size", "32", "--count", "12"),
    "train_dcgan": TINY,
    "generate": ("--count", "24"),
    "interpolate": ("--untuned",),  # so that the frames are what the generator, which is there, makes of their latents
}


def run(script: str, *flags: str, cwd: Path) -> subprocess.CompletedProcess:
    words = [sys.executable, str(HOUSE / f"{script}.py"), *flags]
    # Without BlazePose's models, so that the chain ends the same wherever the tests run.
    environment = os.environ | {"DEMICOUTURE_MODELS": str(cwd / "no-models"), "XLA_FLAGS": ""}
    return subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)


def columns(path: Path) -> list[str]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file))


def read(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A home in which the six scripts ran, with a person's labels in between."""
    home = tmp_path_factory.mktemp("chain")
    queries = ["casual,hoody,10", "casual,shirt,10", "collection,cape,10", "collection,long coat,10"]
    (home / "data").mkdir()
    (home / "data/queries.csv").write_text("\n".join(["pole,query,count", *queries]))
    for script in SCRIPTS:
        if script == "latent_svm":
            label_half_and_half(home / "outputs/4-generated/labels.csv")
        result = run(script, *FLAGS.get(script, ()), cwd=home)
        assert result.returncode == 0, (script, result.stderr)
        assert "Traceback" not in result.stderr and "absl" not in result.stderr, result.stderr
        last = result.stdout.rstrip().splitlines()[-1]
        if script == "interpolate":
            assert last.startswith("open: ")
        else:
            following = SCRIPTS[SCRIPTS.index(script) + 1]
            assert last.startswith("next: ") and f"{following}.py" in last
    return home


def label_half_and_half(path: Path) -> None:
    rows = read(path)
    for number, row in enumerate(rows):
        row["your_label"] = ("casual", "collection")[number % 2]
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_every_hand_off_file_is_there_with_its_columns(home):
    lines = (home / "data/1-scraped/manifest.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 40
    keys = (
        "pole query source url page_url status reason file sha256 width height fetched_at title creator licence "
        "licence_url perceptual_hash like"
    )
    assert all(sorted(json.loads(line)) == sorted(keys.split()) for line in lines)

    dataset = home / "data/2-dataset"
    assert sorted(path.name for path in dataset.iterdir() if path.is_dir()) == ["casual", "collection"]
    assert columns(dataset / "decisions.csv") == (
        "file pole decision reason left top right bottom picture like width height contrast sharpness flatness "
        "detected person yaw thighs second garment is_top style your_decision your_box".split()
    )
    assert len(read(dataset / "decisions.csv")) == len(list((home / "data/1-scraped").glob("*/*/*")))
    for path in dataset.glob("*/*.png"):
        with Image.open(path) as picture:
            assert (picture.size, picture.mode) == ((32, 32), "RGB")
    review = home / "data/2-review"
    assert sorted(path.name for path in review.iterdir()) == ["casual", "collection", "places.csv"]
    assert len(list(review.rglob("*.jpg"))) == len(read(review / "places.csv"))
    assert len(list(review.glob("*/keep/*.jpg"))) == len(list(dataset.glob("*/*.png")))

    training = home / "outputs/3-training"
    assert columns(training / "history.csv") == (
        "epoch step d_loss g_loss d_real d_fake images_per_second nearest_neighbour_diversity reconstruction_error "
        "code_loss distance distance_low distance_high progress".split()
    )

    generated = home / "outputs/4-generated"
    latents = np.load(generated / "latents.npy", allow_pickle=False)
    assert (latents.dtype, latents.shape) == (np.float32, (24, 100)) and np.abs(latents).max() <= 1
    assert columns(generated / "labels.csv") == "design label score your_label".split()
    assert [row["design"] for row in read(generated / "labels.csv")] == [f"design-{n:04d}.png" for n in range(24)]
    assert all((generated / f"design-{number:04d}.png").exists() for number in range(24))
    assert (generated / "grid.png").exists()

    boundary = home / "outputs/5-boundary"
    with np.load(boundary / "hyperplane.npz", allow_pickle=False) as plane:
        normal, intercept = plane["normal"], plane["intercept"]
    assert (normal.dtype, normal.shape, intercept.dtype, intercept.shape) == (np.float64, (100,), np.float64, ())
    report = json.loads((boundary / "report.json").read_text())
    assert {"boundary_found", "training_accuracy", "held_out_accuracy", "p_value"} <= set(report)
    assert columns(boundary / "distances.csv") == ["design", "label", "distance"]
    distances = [float(row["distance"]) for row in read(boundary / "distances.csv")]
    np.testing.assert_allclose(distances, latents.astype(float) @ normal + intercept, rtol=1e-12)

    interpolation = home / "outputs/6-interpolation"
    assert columns(interpolation / "steps.csv") == "strip step t distance picture first second".split()
    assert len(read(interpolation / "steps.csv")) == 9
    assert all((interpolation / name).exists() for name in ("strip.png", "animation.gif"))
    assert len([*interpolation.glob("midpoint.png"), *interpolation.glob("crossing.png")]) == 1
    assert (home / "outputs/index.html").exists()

    for folder in (home / "data/1-scraped", dataset, training, generated, boundary, interpolation):
        assert list(json.loads((folder / "options.json").read_text())) == ["script", "options", "versions", "flags"]
        keys = ["script", "options", "versions", "inputs", "files", "results", "seal"]
        assert list(json.loads((folder / "summary.json").read_text())) == keys


def test_any_design_can_be_followed_back_to_a_pictures_address(home):
    def summary(folder):
        return json.loads((home / folder / "summary.json").read_text())

    generated, training = summary("outputs/4-generated"), summary("outputs/3-training")
    assert generated["inputs"]["generator.keras"] == training["results"]["generator_weights_sha256"]
    assert training["inputs"]["2-dataset"] == summary("data/2-dataset")["results"]["dataset_sha256"]
    kept = next(row for row in read(home / "data/2-dataset/decisions.csv") if row["picture"])
    lines = map(json.loads, (home / "data/1-scraped/manifest.jsonl").read_text().splitlines())
    line = next(line for line in lines if line["file"] == kept["file"])
    assert line["url"].startswith("wardrobe:") and line["licence"] == "CC0-1.0"


def test_a_path_leads_from_one_photograph_to_another_and_is_what_the_generator_makes_of_its_latents(home):
    from demicouture.dcgan.encodings import Encodings
    from demicouture.dcgan.inference import load_generator, render

    folder, training = home / "outputs/6-interpolation", home / "outputs/3-training"
    pair = json.loads((folder / "summary.json").read_text())["results"]["pair"]
    encodings = Encodings.load(training)
    for label, photograph in enumerate(pair):
        pole, _, number = photograph.partition(":")
        assert pole == encodings.poles[label] and int(number) < (encodings.labels == label).sum()
    pictures = render(load_generator(training / "generator.keras"), np.load(folder / "strip.npy", allow_pickle=False))
    assert len(pictures) == 9
    for step, picture in enumerate(pictures):
        with Image.open(folder / "strip-0" / f"step-{step:02d}.png") as expected:
            assert np.array_equal(np.asarray(expected), picture)


@pytest.mark.parametrize("script", ["scrape", "preprocess", "train_dcgan", "latent_svm", "interpolate"])
def test_run_again_a_script_has_nothing_to_do(home, script):
    folders = [path for path in home.rglob("*") if path.is_file() and path.name != "options.json"]
    before = {path: path.read_bytes() for path in folders if path.name != "summary.json"}
    result = run(script, *FLAGS.get(script, ()), cwd=home)
    assert result.returncode == 0 and ("nothing to do" in result.stdout or "are done" in result.stdout)
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_is_the_manual_and_comes_at_once(script, tmp_path):
    result = run(script, "--help", cwd=tmp_path)
    assert result.returncode == 0
    assert "Example" in result.stdout and "Reads" in result.stdout and "Writes" in result.stdout
    for flag in ("--home", "--output", "--seed", "--fresh", "--quiet"):
        assert flag in result.stdout


@pytest.mark.parametrize("script", SCRIPTS[1:])
def test_an_empty_home_is_told_in_one_line(script, tmp_path):
    result = run(script, cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    assert "not found" in result.stderr and "run: " in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_importing_the_scripts_does_not_start_keras():
    code = f"import sys, {', '.join(SCRIPTS)}; sys.exit('keras' in sys.modules or 'tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=HOUSE).returncode == 0


def test_what_the_readme_shows_and_names_is_there(capsys):
    readme = (HOUSE / "README.md").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", readme) if not link.startswith("http")]
    assert len(links) >= 3
    assert all((HOUSE / link).exists() for link in links)

    @functools.cache
    def manual(script: str) -> str:
        with pytest.raises(SystemExit):
            importlib.import_module(script.removesuffix(".py")).parse_args(["--help"])
        return capsys.readouterr().out

    for script, flag in re.findall(r"python (\w+\.py)[^\n#`]*? (--[a-z-]+)", readme):
        assert flag in manual(script), (script, flag)


@pytest.mark.filterwarnings("default")  # Jupyter's own; what the notebook's cells warn of is in their outputs.
def test_the_notebook_runs_from_top_to_bottom(home):
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(HOUSE / "docs/notebook.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs for cell in cells)  # In the repository it has none.
    (home / "docs").mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(HOUSE))
        patch.setenv("IPYTHONDIR", str(home / "ipython"))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(home / "jupyter"))
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(home / "docs")}}).execute()
    pictures = [cell for cell in cells if any("image/png" in output.get("data", {}) for output in cell.outputs)]
    assert len(pictures) == 4
    printed = "".join(output.text for cell in cells for output in cell.outputs if output.output_type == "stream")
    assert "casual: mean distance " in printed and "collection: mean distance " in printed
    assert "Warning" not in printed
    assert float(re.search(r"between the two: (\S+),", printed)[1]) <= 1e-5
    assert np.load(home / "outputs/kept.npy").shape == (2, 100)
