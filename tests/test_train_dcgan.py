from __future__ import annotations

import contextlib
import io
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
from tiny_run import HOUSE, TINY, command, figures, make_dataset, networks, run, start, wait_for

import train_dcgan
from demicouture import files
from demicouture.errors import InputError, OptionsError


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("dataset") / "data")


@pytest.fixture(scope="module")
def undisturbed(dataset, tmp_path_factory) -> Path:
    """A run of six epochs, two steps each."""
    folder = tmp_path_factory.mktemp("training") / "undisturbed"
    result = run(dataset, folder, "--epochs", "6")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    return folder


def test_a_run_leaves_what_was_promised(undisturbed, dataset):
    found = {path.relative_to(undisturbed).as_posix() for path in undisturbed.rglob("*") if path.is_file()}
    rows = files.read_csv(undisturbed / "history.csv", ["epoch"])
    measured = [(float(row["swd"]), int(row["step"])) for row in rows if row["swd"]]
    # Written where a generator was the best so far, and at the end; the last two are kept, and the best one.
    written = [step for place, (swd, step) in enumerate(measured) if swd == min(measured[: place + 1])[0]]
    best = next(row for row in rows if int(row["step"]) == min(measured)[1])
    kept = {*sorted({*written, 12})[-2:], int(best["step"])}
    assert found == {
        *(f"checkpoints/step-{step:09d}.npz" for step in kept),
        "options.json",
        "dataset.json",
        "history.csv",
        "history.png",
        "reals.png",
        "samples/epoch-00001.png",
        "samples/epoch-00002.png",
        "samples/epoch-00005.png",
        "samples/epoch-00006.png",
        "samples.gif",
        "style-classifier.keras",
        "style-classifier.json",
        "reference-features.npz",
        "generator.keras",
        "generator-last.keras",
        "discriminator.keras",
        "summary.json",
    }
    own = ["epoch", "step", "d_loss", "g_loss", "d_real", "d_fake", "images_per_second", "variety"]
    assert list(rows[0]) == [*own, "swd", "swd_floor", "precision", "recall"]
    assert [row["epoch"] for row in rows if row["swd"]] == ["1", "5", "6"]
    assert [(row["epoch"], row["step"]) for row in rows] == [(str(n), str(2 * n)) for n in range(1, 7)]
    summary = json.loads((undisturbed / "summary.json").read_text())
    assert summary["poles"] == ["casual", "collection"] and summary["steps"] == 12
    assert summary["best_epoch"] == {name: float(value) for name, value in best.items()}
    assert summary["rollbacks"] == []
    assert summary["generator_sha256"] == files.sha256((undisturbed / "generator.keras").read_bytes())
    with Image.open(undisturbed / "samples/epoch-00006.png") as grid:
        assert grid.size == (8 * 34 + 2, 8 * 34 + 2)


EAGER = """
start_keras()
import time
from demicouture.training import callbacks
callbacks.CHECKPOINT_SECONDS = callbacks.CHECKPOINT_SHARE = -1  # a checkpoint after every step
callbacks.Progress.on_train_batch_begin = lambda *args, **kwargs: time.sleep(0.2)
"""


def test_killed_at_random_moments_interrupted_and_extended_it_ends_with_the_same_bits(undisturbed, dataset, tmp_path):
    output = tmp_path / "run"
    random = np.random.default_rng()  # other moments every time: one that fails would be a find
    for epochs, how in (("5", signal.SIGKILL), ("6", signal.SIGKILL), ("6", signal.SIGKILL), ("6", signal.SIGINT)):
        known = set(output.glob("checkpoints/step-*"))
        process = start(dataset, output, "--epochs", epochs, before=EAGER)
        # From the first checkpoint of this process on, anywhere: within a step, a sample, a checkpoint's writing.
        wait_for(lambda known=known: set(output.glob("checkpoints/step-*")) - known, process)
        time.sleep(random.uniform(0, 0.3))
        process.send_signal(how)
        told = process.communicate(timeout=60)
    assert (process.returncode, *told) == (
        130,
        "",
        "interrupted: everything finished so far is kept; run the same command to go on\n",
    )

    result = run(dataset, output, "--epochs", "6")
    assert (result.returncode, result.stderr) == (0, "")
    assert networks(output) == networks(undisturbed)
    assert figures(output) == figures(undisturbed)


once = pytest.mark.skipif(
    os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow", reason="the same code on every backend"
)


@once
def test_a_lost_folder_and_a_full_disk_stop_the_run_in_one_line_with_a_checkpoint_to_go_on_from(
    undisturbed, dataset, tmp_path
):
    output, away = tmp_path / "run", tmp_path / "away"
    process = start(dataset, output, "--epochs", "6", before=EAGER)
    wait_for(lambda: (output / "checkpoints" / "step-000000002.npz").exists(), process)
    output.rename(away)
    told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert told[1].startswith(f"error: {output}: no longer there (moved, deleted, or its disk is gone); put it back")
    assert told[1].count("\n") == 1
    assert not output.exists()  # nothing began anew there
    away.rename(output)

    # No file may grow beyond so much from this process's third step on: a checkpoint is cut off, as on a full disk.
    limit = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
begin, steps = callbacks.Interruption.on_train_batch_end, []
def limited(self, batch, logs=None):
    begin(self, batch, logs)
    steps.append(batch)
    if len(steps) == 3:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
callbacks.Interruption.on_train_batch_end = limited
"""
    known = set(output.glob("checkpoints/step-*"))
    result = run(dataset, output, "--epochs", "6", before=EAGER + limit)
    assert result.returncode == 1
    told = "error: a file cannot grow (a limit, or the disk is full); free some space and run the same command again\n"
    assert result.stderr == told
    assert set(output.glob("checkpoints/step-*")) - known  # the first two steps'
    assert not list(output.rglob(".*"))

    assert run(dataset, output, "--epochs", "6").returncode == 0
    assert networks(output) == networks(undisturbed)
    assert figures(output) == figures(undisturbed)


@once
def test_pictures_that_do_not_fit_the_device_stay_on_disk_and_train_to_the_same_bits(undisturbed, dataset, tmp_path):
    small = "import train_dcgan\ntrain_dcgan.ALWAYS_RESIDENT = train_dcgan.RESIDENT_SHARE = 0"
    result = run(dataset, tmp_path / "run", "--epochs", "6", before=small)
    assert (result.returncode, result.stderr) == (0, "")
    assert networks(tmp_path / "run") == networks(undisturbed)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]

    train_dcgan.ALWAYS_RESIDENT, before = 0, train_dcgan.ALWAYS_RESIDENT
    try:
        with pytest.raises(OptionsError), contextlib.redirect_stdout(io.StringIO()) as told:
            share, train_dcgan.RESIDENT_SHARE = train_dcgan.RESIDENT_SHARE, 0
            loud = [flag for flag in command(dataset, undisturbed, "--epochs", "5") if flag != "--quiet"]
            train_dcgan.main(loud)
    finally:
        train_dcgan.ALWAYS_RESIDENT, train_dcgan.RESIDENT_SHARE = before, share
    assert re.match(
        r"10 pictures take 0\.0 GiB and the device has [\d.]+, so they stay on disk and are", told.getvalue()
    )


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
    with pytest.raises(OptionsError, match=r"made with --learning-rate 0.001 \(now 0.1\), --disc"):
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


@once
def test_inception_weights_that_cannot_be_had_end_the_run_in_one_line(dataset, tmp_path):
    # A proxy that nobody answers at, and an empty cache.
    nowhere = {"KERAS_HOME": str(tmp_path / "keras"), "https_proxy": "http://127.0.0.1:9"}
    result = run(dataset, tmp_path / "run", "--kid", **nowhere)
    assert result.returncode == 1
    assert re.fullmatch(
        r"error: --kid: InceptionV3's weights cannot be had \(.*\); connect to the network once, or put the file \S+ "
        r"into ~/.keras/models, or leave --kid out\n",
        result.stderr,
    )


def test_describe_prints_the_seeds_tables(capsys):
    train_dcgan.main(["--describe"])
    printed = capsys.readouterr().out
    assert re.findall(r"in all +([\d,]+)", printed) == ["32,681,731", "405,569"]
    assert re.search(r"Dense, ReLU +262144 +26,476,544\n", printed)
    assert re.search(r"UpSampling2D ×2, Conv2D +32×32×512 +4,719,104\n", printed)


def test_several_devices_are_refused_on_tensorflow_and_half_a_cluster_anywhere(dataset, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    with pytest.raises(InputError, match="--devices 4: on TensorFlow training uses one device; install jax and set"):
        train_dcgan.main(command(dataset, tmp_path / "run", "--devices", "4"))
    whole = ["--coordinator", "host:1", "--processes", "2", "--process", "0"]
    with pytest.raises(InputError, match="--coordinator: on TensorFlow training uses one device"):
        train_dcgan.main(command(dataset, tmp_path / "run", *whole))
    for flags, told in (
        (["--process", "0"], "--coordinator, --process and --processes belong together"),
        (["--coordinator", "host", *whole[2:]], "--coordinator: found 'host', expected HOST:PORT"),
        ([*whole, "--process", "2"], "--process: found 2, expected less than --processes 2"),
        ([*whole, "--devices", "2"], "--devices: with several processes, all devices train; leave it out"),
    ):
        with pytest.raises(SystemExit, match="2"):
            train_dcgan.main(command(dataset, tmp_path / "run", *flags))
        assert told in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_the_preset_of_the_seed_is_the_default_and_each_figure_a_flag():
    args = train_dcgan.parse_args([])
    assert (args.size, args.width, args.discriminator_width, args.epochs, args.batch_size) == (128, 1, 1, 10_000, 32)
    assert (args.learning_rate, args.augment, args.flips, args.ema) == (2e-4, False, False, 0)
    assert args.discriminator_learning_rate == 2e-4
    args = train_dcgan.parse_args(["--preset", "best", "--no-flips", "--width", "0.5"])
    assert (args.learning_rate, args.discriminator_learning_rate) == (2e-4, 4e-4)
    assert (args.width, args.discriminator_width, args.augment, args.flips, args.ema) == (0.5, 0.5, True, False, 0.999)
