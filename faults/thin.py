"""Thin homes, in which all six scripts ran on a few small pictures, and what tells one run from another."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from demicouture import cli
from demicouture.dcgan.serialization import hash_weights
from demicouture.files import sha256, write_csv
from faults.launch import Outcome

SCRIPTS = ("scrape", "preprocess", "train_dcgan", "generate", "latent_svm", "interpolate")

OUTPUTS = {
    "scrape": "data/1-scraped",
    "preprocess": "data/2-dataset",
    "train_dcgan": "outputs/3-training",
    "generate": "outputs/4-generated",
    "latent_svm": "outputs/5-boundary",
    "interpolate": "outputs/6-interpolation",
}

FLAGS = {
    "preprocess": ("--size", "32", "--count", "14"),
    "train_dcgan": (
        *("--preset", "demo", "--size", "32", "--width", "0.015625", "--discriminator-width", "0.03125"),
        *("--batch-size", "4", "--epochs", "3"),
    ),
    "generate": ("--count", "24", "--pictures", "12"),
    "interpolate": ("--from", "designs", "--a", "0", "--b", "1", "--steps", "3", "--size", "64"),
}

QUERIES = "pole,query,count\ncasual,hoody,8\ncasual,shirt,8\ncollection,cape,8\ncollection,long coat,8\n"

LONGEST = 300.0
"""Seconds after which a script is held to hang."""


def environment(**more: str) -> dict[str, str]:
    """Returns what thin runs have in their environment: one thread each, and XLA's quick compiler."""
    quick = {"XLA_FLAGS": "--xla_backend_optimization_level=0", "OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1"}
    quick |= {"TF_NUM_INTEROP_THREADS": "1", "PYTHONPATH": str(cli.HOUSE), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return os.environ | quick | more


def flags_of(script: str, home: Path, *flags: str) -> list[str]:
    """Returns the flags of a thin run."""
    return ["--home", str(home), *FLAGS.get(script, ()), *flags]


def words(script: str, home: Path, *flags: str) -> list[str]:
    """Returns the command line of a thin run."""
    return [sys.executable, "-m", "faults.launch", script, *flags_of(script, home, *flags)]


def run(script: str, home: Path, *flags: str, **more: str) -> Outcome:
    """Runs a script to its end.

    Args:
        script: Its name.
        home: The home folder.
        flags: Further flags.
        more: Further variables of its environment.
    """
    began = time.monotonic()
    try:
        done = subprocess.run(
            words(script, home, *flags),
            cwd=home,
            env=environment(**more),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LONGEST,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return Outcome(-9, "", "hangs", LONGEST)
    return Outcome(done.returncode, done.stdout, done.stderr, time.monotonic() - began)


def build(home: Path) -> Path:
    """Runs all six scripts in a new home.

    Raises:
        RuntimeError: One of them fails.
    """
    (home / "data").mkdir(parents=True)
    (home / "data/queries.csv").write_text(QUERIES)
    for script in SCRIPTS:
        if script == "latent_svm":
            label_half_and_half(home / "outputs/4-generated/labels.csv")
        if (outcome := run(script, home)).code:
            raise RuntimeError(f"{script}: {outcome.err}")
    return home


def label_half_and_half(path: Path) -> None:
    """Fills in a person's labels: every second design is of the one pole, the others are of the other one."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        row["your_label"] = ("casual", "collection")[number % 2]
    write_csv(path, list(rows[0]), rows)


def fingerprint(folder: Path) -> dict[str, str]:
    """Returns a hash of each file of an output folder, over all in it that is to be the same in every run.

    Left out are dates, speeds, versions, and the names of the folders that were read.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found[path.relative_to(folder).as_posix()] = _hash(path)
    return found


VARYING = {
    *("fetched_at", "images_per_second", "versions", "input", "data", "labels", "seconds", "flags", "seal"),
    *("your_label", "requested"),
}


def _hash(path: Path) -> str:
    if path.suffix == ".npz":  # The numbers: an archive may hold the same ones in another order of bytes.
        with np.load(path, allow_pickle=False) as arrays:
            parts = (
                f"{name}{arrays[name].dtype}{arrays[name].shape}".encode() + arrays[name].tobytes() for name in arrays
            )
            return sha256(b"".join(parts))
    if path.name == "query-progress.json":
        return ""  # Which searches were made, in whatever order.
    if path.suffix == ".keras":
        return hash_weights(path)
    if path.name == "manifest.jsonl":
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        return sha256("\n".join(sorted(json.dumps(_without_varying(line)) for line in lines)).encode())
    if path.suffix == ".json":
        return sha256(json.dumps(_without_varying(json.loads(path.read_text("utf-8"))), sort_keys=True).encode())
    if path.name in ("history.csv", "labels.csv"):
        rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
        return sha256(json.dumps(_without_varying(rows)).encode())
    return sha256(path.read_bytes())


def _without_varying(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_varying(part) for name, part in value.items() if name not in VARYING}
    return [_without_varying(part) for part in value] if isinstance(value, list) else value
