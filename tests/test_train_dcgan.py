from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import train_dcgan
from demicouture import files
from demicouture.errors import InputError, OptionsError

HOUSE = Path(__file__).parent.parent
TINY = [
    "--preset",
    "demo",
    "--size",
    "32",
    "--width",
    "0.03125",
    "--discriminator-width",
    "0.0625",
    "--batch-size",
    "4",
]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    random = np.random.default_rng(0)
    for pole in ("casual", "collection"):
        (folder / pole).mkdir()
        for number in range(5):
            pixels = random.integers(0, 256, (40, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / pole / f"{number}.png")
    return folder


def command(dataset: Path, output: Path, *flags: str) -> list[str]:
    return [*TINY, "--quiet", "--input", str(dataset), "--output", str(output), *flags]


def run(dataset: Path, output: Path, *flags: str) -> subprocess.CompletedProcess:
    words = [sys.executable, "train_dcgan.py", *command(dataset, output, *flags)]
    return subprocess.run(words, cwd=HOUSE, capture_output=True, text=True, timeout=300)


def networks(folder: Path) -> list[bytes]:
    return [(folder / f"{name}.keras").read_bytes() for name in ("generator", "discriminator")]


def figures(folder: Path) -> list[dict]:
    rows = files.read_csv(folder / "history.csv", ["epoch"])
    return [{name: value for name, value in row.items() if name != "images_per_second"} for row in rows]


@pytest.fixture(scope="module")
def undisturbed(dataset, tmp_path_factory) -> Path:
    """A run of six epochs, two steps each."""
    folder = tmp_path_factory.mktemp("training") / "undisturbed"
    result = run(dataset, folder, "--epochs", "6")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    return folder


def test_a_run_leaves_what_was_promised(undisturbed, dataset):
    found = {path.relative_to(undisturbed).as_posix() for path in undisturbed.rglob("*") if path.is_file()}
    assert found == {
        "options.json",
        "dataset.json",
        "history.csv",
        "history.png",
        "reals.png",
        "samples/epoch-00001.png",
        "samples/epoch-00002.png",
        "samples/epoch-00005.png",
        "samples/epoch-00006.png",
        "checkpoints/step-000000012.npz",
        "generator.keras",
        "discriminator.keras",
        "summary.json",
    }
    rows = files.read_csv(undisturbed / "history.csv", ["epoch"])
    assert list(rows[0]) == ["epoch", "step", "d_loss", "g_loss", "d_real", "d_fake", "images_per_second"]
    assert [(row["epoch"], row["step"]) for row in rows] == [(str(n), str(2 * n)) for n in range(1, 7)]
    summary = json.loads((undisturbed / "summary.json").read_text())
    assert summary["poles"] == ["casual", "collection"] and summary["steps"] == 12
    assert summary["generator_sha256"] == files.sha256((undisturbed / "generator.keras").read_bytes())
    with Image.open(undisturbed / "samples/epoch-00006.png") as grid:
        assert grid.size == (8 * 34 + 2, 8 * 34 + 2)


def test_a_raised_number_of_epochs_extends_to_the_same_bits(undisturbed, dataset, tmp_path):
    assert run(dataset, tmp_path / "run", "--epochs", "3").returncode == 0
    assert run(dataset, tmp_path / "run", "--epochs", "6").returncode == 0
    assert networks(tmp_path / "run") == networks(undisturbed)
    assert figures(tmp_path / "run") == figures(undisturbed)


def test_killed_and_interrupted_within_epochs_it_ends_with_the_same_bits(undisturbed, dataset, tmp_path):
    output = tmp_path / "run"
    # A checkpoint after every step, and steps that take a while, so that the kill comes between and not after them.
    eager = (
        "import sys, time\nfrom demicouture.backend import start_keras\nstart_keras()\n"
        "from demicouture.training import callbacks\n"
        "callbacks.CHECKPOINT_SECONDS = callbacks.CHECKPOINT_SHARE = -1\n"
        "callbacks.Progress.on_train_batch_begin = lambda *args, **kwargs: time.sleep(0.3)\n"
        "import train_dcgan\nfrom demicouture import cli\n"
        f"sys.argv[1:] = {command(dataset, output, '--epochs', '6')!r}\nsys.exit(cli.run(train_dcgan.main))"
    )
    for steps, how, code in ((3, signal.SIGKILL, -signal.SIGKILL), (7, signal.SIGINT, 130)):
        process = subprocess.Popen([sys.executable, "-c", eager], cwd=HOUSE, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 120
        while not list(output.glob(f"checkpoints/step-{steps:09d}.npz")):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(how)
        message = process.communicate(timeout=60)[1]
        assert process.returncode == code, message
        assert not (output / "summary.json").exists()
    assert message == "interrupted: everything finished so far is kept; run the same command to go on\n"

    assert run(dataset, output, "--epochs", "6").returncode == 0
    assert networks(output) == networks(undisturbed)
    assert figures(output) == figures(undisturbed)


def test_nothing_to_do_touches_nothing(undisturbed, dataset, capsys):
    before = {path: path.stat().st_mtime_ns for path in undisturbed.rglob("*.keras")}
    flags = [*TINY, "--input", str(dataset), "--output", str(undisturbed), "--epochs", "6"]
    train_dcgan.main(flags)
    assert "all 6 epochs are done; raise --epochs to go on\nnext: python" in capsys.readouterr().out
    assert before == {path: path.stat().st_mtime_ns for path in undisturbed.rglob("*.keras")}


def test_a_damaged_run_is_repaired_from_its_checkpoint(undisturbed, dataset, tmp_path):
    output = tmp_path / "run"
    shutil.copytree(undisturbed, output)
    (output / "generator.keras").write_bytes(b"damaged")
    with open(output / "history.csv", "a") as history:
        history.write("7,14,0.5")
    result = run(dataset, output, "--epochs", "6")
    assert result.returncode == 0, result.stderr
    assert networks(output) == networks(undisturbed)
    assert figures(output) == figures(undisturbed)
    (output / "dataset.json").write_text("[]")
    with pytest.raises(InputError, match="dataset.json: found no sha256 in it; restore it, or add --fresh"):
        train_dcgan.main(command(dataset, output, "--epochs", "6"))


def test_other_options_and_other_pictures_are_refused(undisturbed, dataset, tmp_path):
    with pytest.raises(OptionsError, match=r"made with --learning-rate 0.001 \(now 0.1\); use the same options"):
        train_dcgan.main(command(dataset, undisturbed, "--epochs", "6", "--learning-rate", "0.1"))
    with pytest.raises(OptionsError, match=r"made with --epochs 6 \(now 5, expected at least as many\)"):
        train_dcgan.main(command(dataset, undisturbed, "--epochs", "5"))
    other = tmp_path / "other"
    for pole in ("casual", "collection"):
        (other / pole).mkdir(parents=True)
        for number in range(2):
            Image.new("RGB", (32, 32), (number, 0, 0)).save(other / pole / f"{number}.png")
    with pytest.raises(OptionsError, match=r"trained on a data set with SHA-256 \w{12}…, found \w{12}…"):
        train_dcgan.main(command(other, undisturbed, "--epochs", "6"))


def test_what_cannot_be_trained_on_is_told_in_one_line(dataset, tmp_path):
    with pytest.raises(InputError, match="nowhere: not found, expected a folder with one sub-folder for each pole"):
        train_dcgan.main(command(tmp_path / "nowhere", tmp_path / "run"))
    with pytest.raises(InputError, match="found 10 pictures, expected at least a batch; .* --batch-size 10"):
        train_dcgan.main(command(dataset, tmp_path / "run", "--batch-size", "16"))
    with pytest.raises(
        InputError, match="found 40×40 pixels, expected a square of 64 or more; run preprocess.py with --size 64"
    ):
        train_dcgan.main(command(dataset, tmp_path / "run", "--size", "64"))
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    for pole in ("casual", "collection"):
        (unfinished / pole).mkdir()
    (unfinished / "options.json").write_text("{}")
    with pytest.raises(InputError, match=r"unfinished \(no summary.json\); run: python preprocess.py"):
        train_dcgan.main(command(unfinished, tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_an_unknown_backend_is_told_in_one_line(dataset, tmp_path):
    result = subprocess.run(
        [sys.executable, "train_dcgan.py", *command(dataset, tmp_path / "run")],
        cwd=HOUSE,
        env={**os.environ, "KERAS_BACKEND": "theano"},
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stderr) == (1, "error: KERAS_BACKEND=theano, expected tensorflow or jax\n")


def test_describe_prints_the_seeds_tables(capsys):
    train_dcgan.main(["--describe"])
    printed = capsys.readouterr().out
    assert "generator: 32,681,731 parameters" in printed and "discriminator: 405,569 parameters" in printed
    assert "UpsamplingConv2D          32×32×512    4,719,104" in printed


def test_the_preset_of_the_seed_is_the_default_and_each_figure_a_flag():
    args = train_dcgan.parse_args([])
    assert (args.size, args.width, args.discriminator_width, args.epochs, args.batch_size) == (128, 1, 1, 10_000, 32)
    assert (args.learning_rate, args.augment, args.flips, args.ema) == (2e-4, False, False, 0)
    args = train_dcgan.parse_args(["--preset", "best", "--no-flips", "--width", "0.5"])
    assert (args.width, args.discriminator_width, args.augment, args.flips, args.ema) == (0.5, 0.5, True, False, 0.999)
