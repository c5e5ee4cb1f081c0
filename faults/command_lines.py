"""Command lines, consoles and environments that nobody would choose, and that somebody has."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from demicouture import cli
from faults import thin
from faults.launch import Outcome
from faults.report import Section

HUGE = "1" + "0" * 20

FLAGS: dict[str, tuple[str, ...]] = {
    "generate": ("--count 10000000", f"--count {HUGE}", f"--pictures {HUGE}", "--latents /dev/zero", "--count nan"),
    "scrape": (f"--limit {HUGE}", "--queries /dev/zero", "--source urls --pole casual --urls /dev/zero", "--delay inf"),
    "preprocess": (f"--count {HUGE}", "--examples /dev/null", "--people nobody"),
    "train_dcgan": (f"--epochs {HUGE}", f"--batch-size {HUGE}", "--learning-rate nan", "--width -1"),
    "latent_svm": ("--labels /dev/zero", "--labels ..", "--without ../../etc"),
    "interpolate": (f"--steps {HUGE}", "--a /dev/zero", f"--a {HUGE} --b 0", "--latents /dev/zero", "--pairs -1"),
}
"""Flags of each script that are refused, with exit code 1 or 2."""

PLACES = ("/", "..", ".", "{home}", "{home}/data", "/proc/nowhere", "/dev/null", "/dev/null/below")
"""Folders that --fresh --output never moves aside, and that hold what they held."""

CONSOLES: Mapping[str, tuple[str, dict[str, str]]] = {
    "letters of ASCII": ("", {"PYTHONIOENCODING": "ascii"}),
    "the C locale": ("", {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    "letters of EUC-JP": ("", {"PYTHONIOENCODING": "euc_jp"}),
    "stdout closed": (">&-", {}),
    "stderr closed": ("2>&-", {}),
    "all three closed": ("<&- >&- 2>&-", {}),
    "stdout full": (">/dev/full", {}),
    "a reader that goes away": ("| head -n 1", {}),
    "no HOME": ("", {"HOME": ""}),
    "a HOME that is not there, and no cache": ("", {"HOME": "/nowhere", "XDG_CACHE_HOME": "/proc/nowhere"}),
    "an unknown terminal": ("", {"TERM": "none", "COLUMNS": "3", "LINES": "-1"}),
}
"""Consoles and environments: what the shell appends, and what it exports."""


def shell(words: list[str], home: Path, redirected: str = "", **more: str) -> Outcome:
    """Runs a command behind a shell that redirects its streams."""
    line = ["sh", "-c", f'"$@" {redirected}', "sh", *words]
    environment = thin.environment(**more)
    if environment.get("HOME") == "":
        del environment["HOME"]
    done = subprocess.run(line, cwd=home, env=environment, capture_output=True, timeout=thin.LONGEST)
    return Outcome(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"), 0.0)


def attack(home: Path, place: Path) -> list[Section]:
    """Tries all of them on copies of a thin home."""
    copy = place / "flags-home"
    shutil.copytree(home, copy, symlinks=True)
    before = sorted(path.relative_to(copy).as_posix() for path in copy.rglob("*") if not path.name.startswith("."))
    flags, places, consoles = (Section("Command lines", what) for what in ("flags", "--fresh --output", "consoles"))
    for script, lines in FLAGS.items():
        for line in lines:
            outcome = thin.run(script, copy, *line.split())
            fault = outcome.fault or ("" if outcome.code in (1, 2) else f"exit {outcome.code}: {outcome.out[-100:]}")
            flags.add(f"{script} {line}", fault, "refused", outcome.line)
    for script in thin.SCRIPTS:
        for line in PLACES:
            outcome = thin.run(script, copy, "--fresh", "--output", line.format(home=copy))
            fault = outcome.fault or ("" if outcome.code == 1 else f"exit {outcome.code}")
            places.add(f"{script} {line}", fault, "refused", outcome.line)
    after = sorted(path.relative_to(copy).as_posix() for path in copy.rglob("*") if not path.name.startswith("."))
    if after != before:
        places.add("in the end", f"moved or made {sorted({*before} ^ {*after})[:5]}", "")
    for what, (redirected, more) in CONSOLES.items():
        for script in thin.SCRIPTS:
            words = [sys.executable, str(cli.HOUSE / f"{script}.py"), "--help"]
            consoles.add(f"{what}: {script} --help", shell(words, copy, redirected, **more).fault, "as it should")
        japanese = place / "家"
        shutil.copytree(home / "data", japanese / "data")
        outcome = shell(thin.words("scrape", japanese, "--limit", "9"), copy, redirected, **more)
        fault = outcome.fault or ("" if (japanese / "data/1-scraped/summary.json").exists() else "not done")
        consoles.add(f"{what}: scrape in 家", fault, "as it should")
        shutil.rmtree(japanese)
    shutil.rmtree(copy)
    return [flags, places, consoles]
