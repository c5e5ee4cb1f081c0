"""Output folders: what made them, whether they are up to date, and who is at work on them."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import demicouture
from demicouture.errors import InputError, OptionsError
from demicouture.files import PARTIAL_SUFFIX, read_json, read_record, write_json

RECORDED_PACKAGES = (
    "keras",
    "tensorflow",
    "jax",
    "numpy",
    "pillow",
    "opencv-python-headless",
    "scikit-learn",
)


def versions() -> dict[str, str]:
    """Returns the versions that a result depends on, without importing anything heavy."""
    found = {"demicouture": demicouture.__version__, "python": platform.python_version()}
    for package in RECORDED_PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def move_aside(folder: Path) -> Path | None:
    """Renames ``folder`` to the first free ``<name>.old-<n>``; returns the new path, or None if there was none."""
    if not folder.exists():
        return None
    number = 1
    while (aside := folder.with_name(f"{folder.name}.old-{number}")).exists():
        number += 1
    folder.rename(aside)
    return aside


def read_options(folder: Path) -> dict[str, Any]:
    """Returns the content of ``options.json``: ``script``, ``options`` and ``versions``.

    Raises:
        InputError: The file is missing or damaged.
    """
    record = read_record(folder / "options.json", "script", "options")
    if not isinstance(record["options"], dict):
        raise InputError(f"{folder / 'options.json'}: found no options in it; restore it, or add --fresh to start over")
    return record


def open_run(
    folder: Path,
    script: str,
    options: Mapping[str, Any],
    *,
    extendable: Sequence[str] = (),
    shared_with_people: bool = False,
) -> bool:
    """Opens an output folder, or opens it again, and records in ``options.json`` what makes it.

    Args:
        folder: The output folder. It is made where it is missing.
        script: The file name of the script that writes it.
        options: All that decides the result, JSON values only.
        extendable: Numbers that may be raised from run to run.
        shared_with_people: Whether people put files of their own in here before the script ever ran.

    Returns:
        Whether the folder had been opened with options before.

    Raises:
        InputError: The folder's ``options.json`` is damaged.
        OptionsError: The folder was made by another script, or with other options, which are named.
    """
    record = folder / "options.json"
    if folder.exists() and not folder.is_dir():
        raise OptionsError(f"{folder}: a file, expected a folder; choose another --output")
    for partial in folder.rglob(f".*{PARTIAL_SUFFIX}*"):
        partial.unlink()  # What a killed run left half-written.
    known = record.exists()
    if known:
        before = read_options(folder)
        if before["script"] != script:
            raise OptionsError(f"{folder}: made by {before['script']}, not by {script}; choose another --output")
        _refuse_differences(folder, before["options"], options, extendable)
        if before["options"] == dict(options):
            return True  # The versions in there are those that began the work.
    elif not shared_with_people and folder.exists() and any(folder.iterdir()):
        raise OptionsError(
            f"{folder}: holds files that {script} did not make (no options.json); "
            "choose another --output or add --fresh"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError:  # although parents are made: in /proc, say
        raise OptionsError(f"{folder}: cannot be made; choose another --output") from None
    write_json(record, {"script": script, "options": dict(options), "versions": versions()})
    return known


def _refuse_differences(
    folder: Path, before: Mapping[str, Any], now: Mapping[str, Any], extendable: Sequence[str]
) -> None:
    def flag(name: str) -> str:
        return "--" + name.replace("_", "-")

    differences = [
        f"{flag(name)} {before.get(name)} (now {now.get(name)})"
        for name in {**before, **now}
        if before.get(name) != now.get(name) and name not in extendable
    ]
    if differences:
        raise OptionsError(
            f"{folder}: made with {', '.join(differences)}; use the same options, or add --fresh to start over"
        )
    for name in extendable:
        was, wanted = before.get(name), now.get(name)
        if isinstance(was, int | float) and wanted is not None and wanted < was:
            raise OptionsError(
                f"{folder}: made with {flag(name)} {was} (now {wanted}, expected at least as many); "
                "use the same or more, or add --fresh to start over"
            )


def is_finished(folder: Path, inputs: Mapping[str, str | None], record: str = "summary.json") -> bool:
    """Returns whether ``folder`` holds everything that :func:`finish_run` recorded there for these very inputs."""
    try:
        summary = read_json(folder / record)
        return summary["inputs"] == dict(inputs) and all((folder / name).exists() for name in summary["files"])
    except (InputError, KeyError, TypeError):
        return False  # No summary, or none of this kind: the work is done again.


def finish_run(
    folder: Path,
    script: str,
    options: Mapping[str, Any],
    inputs: Mapping[str, str | None],
    files: Iterable[str],
    findings: Mapping[str, Any],
    record: str = "summary.json",
) -> None:
    """Writes ``summary.json``, the last file of a run: its absence means that the run was not finished.

    Args:
        folder: The output folder.
        script: The file name of the script that ends.
        options: All that decided the result.
        inputs: The SHA-256 of each file that was read; None for one that may be missing, and was.
        files: The names of all files that were made, below ``folder``.
        findings: What else the next script or a person may want to know.
        record: Another name, where a folder holds the results of several runs.
    """
    made_by = {"script": script, "options": dict(options), "seed": options.get("seed"), "versions": versions()}
    summary = {**made_by, "inputs": dict(inputs), "files": sorted(files), **findings}
    write_json(folder / record, summary)
