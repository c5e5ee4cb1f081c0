"""Each script killed at random moments, robbed of its disk's space or of its folder, and run again.

In the end its folder is the same, byte by byte, as after a run that nothing disturbed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from faults import thin
from faults.launch import Outcome
from faults.report import Section


def stage(home: Path, script: str, place: Path) -> Path:
    """Returns a new copy of a home as it was before a script ran."""
    copy = place / "home"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(home, copy, symlinks=True)
    shutil.rmtree(copy / thin.OUTPUTS[script])
    if script == "preprocess":
        shutil.rmtree(copy / "data/2-review")
    return copy


def start(script: str, home: Path, *flags: str, **more: str) -> subprocess.Popen:
    """Starts a script in a session of its own."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    how = {"text": True, "errors": "replace", "start_new_session": True}
    return subprocess.Popen(thin.words(script, home, *flags), cwd=home, env=thin.environment(**more), **pipes, **how)


def finish(process: subprocess.Popen, began: float) -> Outcome:
    """Waits for a script's end; one that hangs is ended."""
    try:
        out, err = process.communicate(timeout=thin.LONGEST)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Outcome(-9, "", "hangs", thin.LONGEST)
    return Outcome(process.returncode, out, err, time.monotonic() - began)


def wait_for_writes(process: subprocess.Popen, folder: Path, wanted: int, longest: float) -> None:
    """Waits until so many files were written into a folder, the script is done, or time is up."""
    seen: set[tuple[str, int]] = set()
    until = time.monotonic() + longest
    while len(seen) < wanted and process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError):
            seen |= {(entry.path, entry.stat().st_mtime_ns) for entry in os.scandir(folder)}
        time.sleep(0.002)


def compare(home: Path, folder: Path, script: str) -> str:
    """Returns how a folder differs from that of the undisturbed run; "" where it does not."""
    wanted, found = thin.fingerprint(home / thin.OUTPUTS[script]), thin.fingerprint(folder)
    return (
        "differs: " + ", ".join(sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))[:4])
        if wanted != found
        else ""
    )


def kill(home: Path, place: Path, script: str, times: int, random: np.random.Generator, **more: str) -> Section:
    """Kills a script at random moments, half of them right after a random file was written, and runs it again."""
    section = Section("Killed", f"{script} on JAX" if more else script)
    copy = stage(home, script, place)
    usual = thin.run(script, copy, **more)
    fault = usual.fault or (usual.line if usual.code else "")
    undisturbed = place / "undisturbed"  # on this backend, too
    shutil.rmtree(undisturbed, ignore_errors=True)
    shutil.copytree(copy, undisturbed, symlinks=True)
    if not more:
        fault = fault or compare(home, undisturbed / thin.OUTPUTS[script], script)
    section.add("undisturbed", fault, "undisturbed")
    files = len(list((copy / thin.OUTPUTS[script]).iterdir()))
    for number in range(times):
        copy = stage(home, script, place)
        folder, process = copy / thin.OUTPUTS[script], start(script, copy, **more)
        if number % 2:
            moment = f"after write {(wanted := int(random.integers(1, files + 1)))}"
            wait_for_writes(process, folder, wanted, 2 * usual.seconds + 10)
        else:
            moment = f"after {(share := random.uniform(0.2, 1)):.0%} of the usual time"
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(share * usual.seconds)
        was_at_work = process.poll() is None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        again = thin.run(script, copy, **more)
        fault = again.fault or (f"not done: {again.line}" if again.code else compare(undisturbed, folder, script))
        section.add(f"killed {moment}", fault, "killed, and the same in the end" if was_at_work else "was done before")
    return section


@contextlib.contextmanager
def small_disk(place: Path, kilobytes: int) -> Iterator[Callable[[], None]]:
    """Mounts a disk of so many kilobytes; yields what makes it large."""
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", place], check=True)
    try:
        yield lambda: subprocess.run(["mount", "-o", "remount,size=512m", place], check=True)
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def can_mount(place: Path) -> bool:
    """Returns whether this process may mount a disk."""
    try:
        with small_disk(place, 64):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def fill(home: Path, place: Path, script: str, times: int, random: np.random.Generator, **more: str) -> Section:
    """Lets a script run on disks that are too small, each for another one of its writes; then makes room."""
    section = Section("A full disk", script)
    size = sum(-(-path.stat().st_size // 4096) * 4 for path in (home / thin.OUTPUTS[script]).rglob("*"))
    for share in np.sort(random.uniform(0.02, 0.98, times)):
        copy, disk = stage(home, script, place), place / "disk"
        with small_disk(disk, max(8, int(share * size))) as make_room:
            full = thin.run(script, copy, "--output", str(disk / "out"), **more)
            fault = full.fault
            if full.code == 1 and not fault and "disk is full" not in full.line and "cannot grow" not in full.line:
                fault = f"says something else: {full.line}"
            make_room()
            if not fault:
                again = thin.run(script, copy, "--output", str(disk / "out"), **more)
                fault = again.fault or (f"not done: {again.line}" if again.code else "")
                fault = fault or compare(home, disk / "out", script)
        outcome = "one line, and the same in the end" if full.code == 1 else "there was room"
        section.add(f"a disk of {share:.0%}", fault, outcome, full.line)
    return section


def move(home: Path, place: Path, script: str, times: int, random: np.random.Generator, **more: str) -> Section:
    """Moves a script's folder away while it is at work, and later back again."""
    section = Section("Its folder moved away", script)
    for _ in range(times):
        copy = stage(home, script, place)
        folder, began, process = copy / thin.OUTPUTS[script], time.monotonic(), start(script, copy, **more)
        wait_for_writes(process, folder, int(random.integers(1, 4)), thin.LONGEST)
        away = folder.with_name("elsewhere")
        with contextlib.suppress(OSError):
            folder.rename(away)
        was_at_work = process.poll() is None
        outcome = finish(process, began)
        fault = outcome.fault
        if not fault and folder.exists() and outcome.code:
            fault = "made a new folder of that name"
        if not fault and outcome.code == 1 and "no longer there" not in outcome.line:
            fault = f"says something else: {outcome.line}"
        if not fault and outcome.code == 0 and was_at_work and not (away / "summary.json").exists():
            fault = "exit 0, and half of it is there"
        if not fault and not folder.exists():
            away.rename(folder)
            again = thin.run(script, copy, **more)
            fault = again.fault or (f"not done: {again.line}" if again.code else compare(home, folder, script))
        section.add(
            "moved", fault, "one line, and the same in the end" if outcome.code else "was done before", outcome.line
        )
    return section


def interrupt(home: Path, place: Path, script: str, **more: str) -> Section:
    """Asks a script to end in three ways: Ctrl-C, a request to terminate, and the end of its terminal."""
    section = Section("Asked to end", script)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        copy = stage(home, script, place)
        folder, began, process = copy / thin.OUTPUTS[script], time.monotonic(), start(script, copy, **more)
        wait_for_writes(process, folder, 1, thin.LONGEST)
        process.send_signal(number)
        outcome = finish(process, began)
        fault = outcome.fault
        if not fault and outcome.code not in (0, 130):
            fault = f"exit {outcome.code}, expected 130"
        again = thin.run(script, copy, **more)
        fault = fault or again.fault or (f"not done: {again.line}" if again.code else compare(home, folder, script))
        section.add(number.name, fault, "exit 130, and the same in the end" if outcome.code else "was done before")
    return section


def run_two(home: Path, place: Path, script: str, **more: str) -> Section:
    """Starts a script twice at once on one folder."""
    section = Section("Two at once", f"{script}, twice")
    copy = stage(home, script, place)
    began = time.monotonic()
    outcomes = [finish(process, began) for process in [start(script, copy, **more) for _ in range(2)]]
    fault = next((outcome.fault for outcome in outcomes if outcome.fault), "")
    codes = sorted(outcome.code for outcome in outcomes)
    if not fault and codes not in ([0, 0], [0, 1]):
        fault = f"exits {codes}"
    lines = [outcome.line for outcome in outcomes if outcome.line]
    if not fault and any("at work on it" not in line for line in lines):
        fault = f"says something else: {lines}"
    fault = fault or compare(home, copy / thin.OUTPUTS[script], script)
    section.add("twice", fault, "one waits its turn" if codes == [0, 1] else "one after the other", *lines[:1])
    return section


def run_beside(home: Path, place: Path, first: tuple[str, ...], second: tuple[str, ...]) -> Section:
    """Starts two scripts at once of which one reads what the other one writes; then the second again, by itself."""
    section = Section("Two at once", f"{first[0]} and {second[0]}")
    copy = stage(home, second[0], place)
    began = time.monotonic()
    outcomes = [finish(process, began) for process in [start(words[0], copy, *words[1:]) for words in (first, second)]]
    fault = next((outcome.fault for outcome in outcomes if outcome.fault), "")
    again = thin.run(second[0], copy, *second[1:])
    fault = fault or again.fault or (f"not done: {again.line}" if again.code else "")
    section.add("at once", fault, "both done" if not any(outcome.code for outcome in outcomes) else "one line")
    return section
