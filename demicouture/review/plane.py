"""The plane of the labels so far: ``latent_svm.py``, run beside the page, and what it found."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

from demicouture.boundary.outputs import file_name
from demicouture.boundary.report import DESIGNS
from demicouture.commands import FOLDERS, HOUSE, arguments

RUNNING, FOUND, FAILED = "running", "found", "failed"


@dataclass
class Run:
    """One run of the script.

    Attributes:
        state: :data:`RUNNING`, :data:`FOUND` or :data:`FAILED`.
        lines: What the script printed.
        pictures: Where its picture of a walk across the plane lies; and, where there is no generator to draw that,
            the one of both labelled sets.
    """

    pictures: tuple[Path, Path]
    state: str = RUNNING
    lines: list[str] = field(default_factory=list)


class PlaneFinder:
    """Runs the script, one run at a time."""

    def __init__(self, home: Path, training: Path) -> None:
        """``home`` holds ``outputs/``; ``training`` the generator and, perhaps, photographs' codes."""
        self._home, self._training = home, training
        self._process: subprocess.Popen | None = None
        self.runs: dict[str, Run] = {}  # Of each direction the last one.

    @property
    def is_running(self) -> bool:
        """Whether a run goes on."""
        return any(run.state == RUNNING for run in self.runs.values())

    def start(self, direction: str, labels_file: Path | None) -> None:
        """Starts a run: on the designs' labels, or on those of a further direction."""
        folder, words = self._home / FOLDERS["5-boundary"], ["--from", DESIGNS]
        if labels_file:
            words = ["--labels", labels_file]
        elif (self._training / "encodings.npz").exists():
            # The usual plane there is that of photographs, which stays; this one lies beside it.
            folder = folder.with_name(f"{folder.name}-{DESIGNS}")
            words += ["--output", folder]
        walk, plot = (folder / file_name(name, direction) for name in ("walk.png", "plot.png"))
        run = self.runs[direction] = Run((walk, plot))
        command = [sys.executable, str(HOUSE / "latent_svm.py"), *arguments("latent_svm.py", *words)]
        how = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, **how, encoding="utf-8", errors="replace")
        threading.Thread(target=self._follow, args=(run, self._process), daemon=True).start()

    def picture(self, direction: str) -> Path | None:
        """Returns the picture of the plane that was found; None where there is none yet."""
        run = self.runs.get(direction)
        found = run.pictures if run and run.state == FOUND else ()
        return next((path for path in found if path.exists()), None)

    @staticmethod
    def _follow(run: Run, process: subprocess.Popen) -> None:
        with process:
            for line in process.stdout:
                run.lines.append(line.rstrip("\n"))
        run.state = FAILED if process.returncode else FOUND

    def close(self) -> None:
        """Ends a run that goes on; what it had finished is kept."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
