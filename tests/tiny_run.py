"""Training runs so small that a test can afford them, as a person would start them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from demicouture import files

HOUSE = Path(__file__).parent.parent
FIGURES = {"--size": 32, "--width": 0.03125, "--discriminator-width": 0.0625, "--batch-size": 4}
TINY = ["--preset", "demo", *(str(word) for pair in FIGURES.items() for word in pair)]


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


def start(dataset: Path, output: Path, *flags: str, before: str = "", **environment: str) -> subprocess.Popen:
    """Starts a run; ``before`` is Python that its process does first, with ``callbacks`` at hand."""
    program = (
        f"import sys\nsys.path.insert(0, {str(HOUSE)!r})\n"
        "from demicouture import judge\njudge.STEPS = 2\n"  # It only has to be there.
        + (f"from demicouture.keras_backend import start_keras\n{before}\n" if before else "")
        + "import train_dcgan\nfrom demicouture import cli\n"
        + f"sys.argv = ['train_dcgan.py', *{command(dataset, output, *flags)!r}]\nsys.exit(cli.run(train_dcgan.main))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=HOUSE,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(dataset: Path, output: Path, *flags: str, before: str = "", **environment: str) -> subprocess.CompletedProcess:
    """Runs to the end."""
    process = start(dataset, output, *flags, before=before, **environment)
    told = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, *told)


def wait_for(condition: Callable[[], object], *processes: subprocess.Popen, seconds: float = 180) -> None:
    """Waits until something is so, as long as the processes live."""
    deadline = time.monotonic() + seconds
    while not condition():
        for process in processes:
            assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def networks(folder: Path) -> list[bytes]:
    """The three files of a run that ended."""
    return [(folder / f"{name}.keras").read_bytes() for name in ("generator", "generator-last", "discriminator")]


def figures(folder: Path) -> list[dict[str, str]]:
    """The rows of a run's log, but for its speed."""
    rows = files.read_csv(folder / "history.csv", ["epoch"])
    return [{name: value for name, value in row.items() if name != "images_per_second"} for row in rows]
