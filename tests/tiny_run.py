"""Runs of train_dcgan.py so small that a test can afford them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import train_dcgan
from demicouture import files
from demicouture.dcgan.serialization import hash_weights

HOUSE = Path(__file__).parent.parent
OPTIONS = {"--size": 32, "--width": 0.015625, "--discriminator-width": 0.03125, "--batch-size": 4}
TINY = ["--preset", "demo", *(str(word) for pair in OPTIONS.items() for word in pair)]


def make_dataset(folder: Path, pictures: int = 5) -> Path:
    """Two poles of so many pictures of noise."""
    random = np.random.default_rng(0)
    for pole in ("casual", "collection"):
        (folder / pole).mkdir(parents=True)
        for number in range(pictures):
            pixels = random.integers(0, 256, (40, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / pole / f"{number}.png")
    return folder


def command(dataset: Path, output: Path, *flags: str) -> list[str]:
    """The flags of a quiet run."""
    return [*TINY, "--quiet", "--input", str(dataset), "--output", str(output), *flags]


def main(dataset: Path, output: Path, *flags: str) -> None:
    """Runs to the end in this process."""
    train_dcgan.main(command(dataset, output, *flags))


def in_child(program: str, **environment: str) -> subprocess.CompletedProcess:
    """Runs Python in a process of its own, with this module's names at hand."""
    paths = f"import sys\nsys.path[:0] = [{str(HOUSE)!r}, {str(HOUSE / 'tests')!r}]\n"
    return subprocess.run(
        [sys.executable, "-c", f"{paths}import tiny_run\nfrom pathlib import Path\n{program}"],
        cwd=HOUSE,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


def networks(folder: Path) -> list[str]:
    """The hashes of the networks of a run that ended."""
    names = ("generator", "generator-last", "discriminator", "encoder")
    return [hash_weights(folder / f"{name}.keras") for name in names]


def log(folder: Path) -> list[dict[str, str]]:
    """The rows of a run's log, but for its speed."""
    rows = files.read_csv(folder / "history.csv", ["epoch"])
    return [{name: value for name, value in row.items() if name != "images_per_second"} for row in rows]
