from __future__ import annotations

import json
import os
import re
import shutil
import signal

import numpy as np
import pytest
import tiny_run
from PIL import Image
from tiny_run import TINY, command, in_child, log, make_dataset, networks

import train_dcgan
from demicouture import cli, files
from demicouture.dcgan.serialization import hash_weights
from demicouture.errors import InputError, OptionsError
from demicouture.evaluation import realism_scale
from demicouture.evaluation.reference import ReferenceFeatures
from demicouture.training import pictures

REPLACED: list[str] = []


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("dataset") / "data")


@pytest.fixture(scope="module")
def undisturbed(dataset, tmp_path_factory):
    """A run of six epochs, two steps each; ``REPLACED`` lists the files that it put in their places, in order."""
    folder = tmp_path_factory.mktemp("training") / "undisturbed"
    with pytest.MonkeyPatch.context() as patch:
        replace = os.replace
        patch.setattr(os, "replace", lambda source, target: (REPLACED.append(str(target)), replace(source, target)))
        tiny_run.main(dataset, folder, "--epochs", "6")
    return folder


def test_a_run_leaves_what_was_promised(undisturbed, dataset):
    found = {path.relative_to(undisturbed).as_posix() for path in undisturbed.rglob("*") if path.is_file()}
    rows = files.read_csv(undisturbed / "history.csv", ["epoch"])
    # So few pictures can be withheld that nothing is measured, and the last generator is kept.
    assert not any(row["distance"] for row in rows)
    best = rows[-1]
    # At epochs' ends, and as often as time allows; the last two are kept, and the best one.
    kept = {name for name in found if name.startswith("checkpoints/")}
    assert {f"checkpoints/step-{int(step):09d}.npz" for step in (12, best["step"])} <= kept
    assert kept <= {f"checkpoints/step-{2 * epoch:09d}.npz" for epoch in range(1, 7)} and len(kept) <= 3
    assert found - kept == {
        "options.json",
        "history.csv",
        "history.png",
        "reals.png",
        "samples/epoch-00001.png",
        "samples/epoch-00002.png",
        "samples/epoch-00005.png",
        "samples/epoch-00006.png",
        "samples.gif",
        "generator.keras",
        "generator-plain.keras",
        "generator.onnx",
        "generator-last.keras",
        "discriminator.keras",
        "encoder.keras",
        "encodings.npz",
        "rebuilt.png",
        "summary.json",
    }
    own = ["epoch", "step", "d_loss", "g_loss", "d_real", "d_fake", "images_per_second"]
    own += ["nearest_neighbour_diversity", "reconstruction_error", "code_loss"]
    assert list(rows[0]) == [*own, "distance", "distance_low", "distance_high", "progress"]
    assert [(row["epoch"], row["step"]) for row in rows] == [(str(n), str(2 * n)) for n in range(1, 7)]
    summary = json.loads((undisturbed / "summary.json").read_text())
    assert summary["inputs"] == {"2-dataset": summary["options"]["dataset_sha256"]}
    assert set(summary["files"]) < found
    results = summary["results"]
    assert results["poles"] == ["casual", "collection"] and results["steps"] == 12
    assert results["best_epoch"] == {name: float(value) for name, value in best.items() if value}
    assert results["rollbacks"] == [] and results["quality"] is None
    assert results["generator_weights_sha256"] == networks(undisturbed)[0]
    with Image.open(undisturbed / "samples/epoch-00006.png") as grid:
        assert grid.size == (8 * 34 + 2, 8 * 34 + 2)


DIES = """
import os, signal
replace, done = os.replace, []
def replace_or_die(source, target):
    done.append(target)
    if len(done) == {number}:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)
os.replace = replace_or_die
tiny_run.main(Path({dataset!r}), Path({output!r}), "--epochs", "5")
"""


def test_killed_interrupted_and_extended_it_ends_with_the_same_bits(
    undisturbed, dataset, tmp_path, monkeypatch, capsys
):
    from demicouture.training.callbacks import EpochOrder

    output = tmp_path / "run"
    # Another moment every time, one that fails would be a find: between the first epoch's samples and the fifth's.
    first, last = (REPLACED.index(str(undisturbed / f"samples/epoch-0000{epoch}.png")) + 1 for epoch in (1, 5))
    number = int(np.random.default_rng().integers(first, last + 1))
    child = in_child(DIES.format(number=number, dataset=str(dataset), output=str(output)))
    assert (child.returncode, child.stdout, child.stderr) == (-signal.SIGKILL, "", "")
    assert not (output / "summary.json").exists()

    begin = EpochOrder.on_epoch_begin

    def interrupted(self, epoch, logs=None):
        begin(self, epoch, logs)
        if epoch + 1 == 6:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(EpochOrder, "on_epoch_begin", interrupted)
    assert cli.run(lambda: tiny_run.main(dataset, output, "--epochs", "6")) == 130
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    assert said.err.startswith("interrupted: everything finished so far is kept; to go on, run: ")

    monkeypatch.setattr(EpochOrder, "on_epoch_begin", begin)
    tiny_run.main(dataset, output, "--epochs", "6")
    assert networks(output) == networks(undisturbed)
    assert log(output) == log(undisturbed)
    assert not list(output.rglob(".*"))


def test_pictures_that_do_not_fit_the_device_stay_on_disk(dataset, tmp_path):
    resident = pictures.read_training_pictures(dataset, 32, tmp_path)
    assert not isinstance(resident.pictures, np.memmap)
    messages = []
    small = {"always_resident": 0, "resident_share": 0, "report": messages.append}
    on_disk = pictures.read_training_pictures(dataset, 32, tmp_path / "new", **small)
    assert isinstance(on_disk.pictures, np.memmap) and on_disk.sha256 == resident.sha256
    np.testing.assert_array_equal(on_disk.pictures, resident.pictures)
    (message,) = messages
    assert re.match(r"10 pictures take 0\.0 GiB and the device has [\d.]+, so they stay on disk and are", message)
    assert not list((tmp_path / "new").iterdir())


def test_nothing_to_do_touches_nothing(undisturbed, dataset, capsys):
    before = {path: path.stat().st_mtime_ns for path in undisturbed.rglob("*.keras")}
    flags = [*TINY, "--input", str(dataset), "--output", str(undisturbed), "--epochs", "6"]
    train_dcgan.main(flags)
    assert "all 6 epochs are done; raise --epochs to go on\nnext: " in capsys.readouterr().out
    assert before == {path: path.stat().st_mtime_ns for path in undisturbed.rglob("*.keras")}


def test_a_damaged_run_is_repaired_from_its_checkpoint(undisturbed, dataset, tmp_path):
    output = tmp_path / "run"
    shutil.copytree(undisturbed, output)
    (output / "generator.keras").write_bytes(b"damaged")
    with open(output / "history.csv", "a") as history:
        history.write("7,14,0.5")
    (output / "discriminator.keras").unlink()
    tiny_run.main(dataset, output, "--epochs", "6")
    assert networks(output) == networks(undisturbed)
    assert log(output) == log(undisturbed)


def test_a_run_of_a_version_that_exported_nothing_is_completed(undisturbed, dataset, tmp_path):
    output = tmp_path / "run"
    shutil.copytree(undisturbed, output)
    exported = ("generator-plain.keras", "generator.onnx")
    for name in exported:
        (output / name).unlink()
    summary = files.read_record(output / "summary.json")
    summary["files"] = [name for name in summary["files"] if name not in exported]
    files.write_record(output / "summary.json", summary)
    tiny_run.main(dataset, output, "--epochs", "6")
    assert (output / "generator.onnx").read_bytes() == (undisturbed / "generator.onnx").read_bytes()
    assert hash_weights(output / exported[0]) == hash_weights(undisturbed / exported[0])
    assert networks(output) == networks(undisturbed)


def test_other_options_and_other_pictures_are_refused(undisturbed, dataset, tmp_path):
    with pytest.raises(OptionsError, match=r"made with --learning-rate 0.001 \(now 0.1\), --disc"):
        train_dcgan.main(command(dataset, undisturbed, "--epochs", "6", "--learning-rate", "0.1"))
    with pytest.raises(OptionsError, match=r"made with --epochs 6 \(now 5, expected at least as many\)"):
        train_dcgan.main(command(dataset, undisturbed, "--epochs", "5"))
    other = tmp_path / "other"
    for pole in ("casual", "collection"):
        (other / pole).mkdir(parents=True)
        for number in range(4):
            Image.new("RGB", (32, 32), (number, 0, 0)).save(other / pole / f"{number}.png")
    before = (undisturbed / "summary.json").read_bytes()
    with pytest.raises(OptionsError, match=r"trained on a data set with SHA-256 \w{12}…, found \w{12}…"):
        train_dcgan.main(command(other, undisturbed, "--epochs", "6"))
    assert (undisturbed / "summary.json").read_bytes() == before


def test_a_run_of_an_earlier_version_is_refused(undisturbed, dataset, tmp_path):
    output = shutil.copytree(undisturbed, tmp_path / "run")
    record = files.read_json(output / "options.json")
    del record["options"]["dataset_sha256"]
    files.write_json(output / "options.json", record)
    with pytest.raises(OptionsError, match="begun by an earlier version, with other checkpoints; add --fresh"):
        train_dcgan.main(command(dataset, output, "--epochs", "6"))


def test_what_cannot_be_trained_on_is_told_in_one_line(dataset, tmp_path):
    with pytest.raises(InputError, match="nowhere: not found, expected a folder with one sub-folder for each pole"):
        train_dcgan.main(command(tmp_path / "nowhere", tmp_path / "run"))
    with pytest.raises(
        InputError,
        match="found 8 pictures to train on, and some to withhold; .* --batch-size 8",
    ):
        train_dcgan.main(command(dataset, tmp_path / "run", "--batch-size", "16"))
    with pytest.raises(
        InputError, match="found 40×40 pixels, expected a square of 64 or more; run: .*preprocess.py .*--size 64"
    ):
        train_dcgan.main(command(dataset, tmp_path / "run", "--size", "64"))
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    for pole in ("casual", "collection"):
        (unfinished / pole).mkdir()
    (unfinished / "options.json").write_text("{}")
    with pytest.raises(InputError, match=r"unfinished \(no summary.json\); run: \S+ preprocess.py"):
        train_dcgan.main(command(unfinished, tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_an_unknown_backend_is_reported_in_one_line(dataset, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    assert cli.run(lambda: train_dcgan.main(command(dataset, tmp_path / "run"))) == 1
    assert capsys.readouterr().err == "error: KERAS_BACKEND=theano, expected tensorflow or jax\n"
    assert not (tmp_path / "run").exists()


def test_quality_is_measured_by_withheld_pictures_and_what_it_takes_is_kept(network, tmp_path):
    folder, dataset = tmp_path / "run", make_dataset(tmp_path / "data", pictures=20)
    flags = command(dataset, folder, "--encoder", "afterwards", "--epochs", "2")
    train_dcgan.main(flags, measured=12, encoder_steps=20)
    summary = json.loads((folder / "summary.json").read_text())
    withheld = summary["options"]["withheld"]
    assert len(withheld) == 10 and sum(name.startswith("casual/") for name in withheld) == 5
    rows = files.read_csv(folder / "history.csv", ["distance", "distance_low", "distance_high", "progress"])
    assert [float(row["distance_low"]) < float(row["distance"]) < float(row["distance_high"]) for row in rows] == [1, 1]
    quality = summary["results"]["quality"]
    assert quality["pictures"] == 48
    assert 0 <= quality["progress_low"] <= quality["progress"] <= quality["progress_high"] <= 1
    assert quality["progress"] < realism_scale.GARMENTS  # of noise nothing can be learned
    reference, scale = ReferenceFeatures.load(folder), realism_scale.RealismScale.load(folder)
    assert sorted(np.array(reference.files)[reference.withheld]) == sorted(withheld)
    assert scale.progress(scale.untrained) == 0 and scale.progress(scale.real) == 1
    # Gone on with, the run takes both from its folder: they are not made anew.
    kept = {name: (folder / name).stat().st_mtime_ns for name in ("reference-features.npz", "realism-scale.json")}
    train_dcgan.main([*flags[:-1], "3"], measured=12, encoder_steps=20)
    assert kept == {name: (folder / name).stat().st_mtime_ns for name in kept}


def test_describe_prints_the_seeds_tables(capsys):
    train_dcgan.main(["--describe"])
    printed = capsys.readouterr().out
    assert re.findall(r"in all +([\d,]+)", printed) == ["32,681,731", "405,569"]
    assert re.search(r"Dense, ReLU +262144 +26,476,544\n", printed)
    assert re.search(r"UpSampling2D ×2, Conv2D +32×32×512 +4,719,104\n", printed)


def test_several_devices_are_refused_on_tensorflow(dataset, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    for wanted in ("4", "all"):
        with pytest.raises(
            InputError, match=f"--devices {wanted}: on TensorFlow training uses one device; run: .* install jax"
        ):
            train_dcgan.main(command(dataset, tmp_path / "run", "--devices", wanted))
    assert not (tmp_path / "run").exists()


def test_the_preset_of_the_seed_is_the_default_and_each_hyperparameter_a_flag():
    args = train_dcgan.parse_args([])
    assert (args.size, args.width, args.discriminator_width, args.epochs, args.batch_size) == (128, 1, 1, 10_000, 32)
    assert (args.learning_rate, args.augment, args.flips, args.ema) == (2e-4, False, False, 0)
    assert args.discriminator_learning_rate == 2e-4
    args = train_dcgan.parse_args(["--preset", "best", "--no-flips", "--width", "0.5"])
    assert (args.learning_rate, args.discriminator_learning_rate) == (1e-3, 1e-3)
    assert (args.width, args.discriminator_width, args.augment, args.flips, args.ema) == (0.5, 1, False, False, 0.999)
