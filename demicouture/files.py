"""The hand-off on disk: atomic writes, JSON and CSV, hashes, and the folders that record what made them."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import demicouture
from demicouture.errors import InputError, OptionsError

PARTIAL_SUFFIX = ".partial"
"""Ends the name of a file that is being written. Nothing reads such a file."""

RECORDED_PACKAGES = (
    "keras",
    "tensorflow",
    "jax",
    "numpy",
    "pillow",
    "opencv-python-headless",
    "scikit-learn",
)


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside ``path``; what was written there becomes ``path`` at the end, or nothing does.

    The temporary name keeps the suffix, because Pillow, OpenCV and Keras choose the format by it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}{PARTIAL_SUFFIX}{path.suffix}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Writes ``content`` to ``path`` atomically."""
    with atomic_path(path) as partial:
        partial.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Writes ``text`` to ``path`` atomically, as UTF-8 with Unix line ends."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Writes ``value`` to ``path`` atomically; refuses nan and infinity, which are no JSON."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Returns the value in a JSON file.

    Raises:
        InputError: The file is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: not found, expected a JSON file") from None
    except ValueError as error:
        raise InputError(f"{path}: not readable as JSON ({error}); restore it, or add --fresh to start over") from None


def read_record(path: Path, *keys: str) -> dict[str, Any]:
    """Returns the object in a JSON file that one of the scripts wrote.

    Raises:
        InputError: The file is missing, is not JSON, is no object, or lacks one of ``keys``.
    """
    record = read_json(path)
    missing = [key for key in keys if not isinstance(record, dict) or key not in record]
    if missing or not isinstance(record, dict):
        raise InputError(
            f"{path}: found no {' and no '.join(missing) or 'object'} in it; restore it, or add --fresh to start over"
        )
    return record


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes a CSV file atomically: UTF-8, RFC 4180, numbers in full; None becomes an empty field."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _csv_field(value) for key, value in row.items()})
    write_text(path, text.getvalue())


def _csv_field(value: Any) -> Any:
    # NumPy 2 writes its scalars as "np.float64(0.5)" in repr; item() gives the plain Python number.
    value = value.item() if hasattr(value, "item") else value
    return repr(value) if isinstance(value, float) else value


def read_csv(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Returns the rows of a CSV file that a person may have edited.

    Spreadsheets add a byte order mark and, in much of Europe, write semicolons: both are understood.
    Further columns than those expected are kept.

    Raises:
        InputError: The file is missing, is not CSV in UTF-8, or lacks one of ``columns``.
    """
    try:
        # newline="" keeps the CR LF of RFC 4180 for the csv module, which needs them inside quoted fields.
        with open(path, encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except FileNotFoundError:
        raise InputError(f"{path}: not found, expected a CSV file with the columns {', '.join(columns)}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8; save it again as CSV in UTF-8") from None
    header = text.partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        found = reader.fieldnames or []
        missing = [column for column in columns if column not in found]
        if missing:
            raise InputError(
                f"{path}: found the columns {', '.join(found) or 'none'}, "
                f"expected also {', '.join(missing)}; restore the first line"
            )
        rows = list(reader)
    except csv.Error as error:
        raise InputError(f"{path}: not readable as CSV ({error}); restore it or remove it and run again") from None
    for number, row in enumerate(rows, 2):  # the header is row 1, as in a spreadsheet
        if None in row or None in row.values():
            # DictReader keeps surplus fields under None, and fills missing ones with None.
            fields = sum(value is not None for name, value in row.items() if name) + len(row.get(None, []))
            raise InputError(f"{path}: row {number} has {fields} fields, expected {len(found)}; mend it or remove it")
    return rows


def sha256(content: bytes) -> str:
    """Returns the SHA-256 of ``content`` in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def hash_file(path: Path) -> str:
    """Returns the SHA-256 of a file's contents in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_files(paths: Iterable[Path], root: Path) -> str:
    """Returns one SHA-256 over the files' names below ``root`` and their contents, in the order of the names."""
    digest = hashlib.sha256()
    for name, path in sorted((path.relative_to(root).as_posix(), path) for path in paths):
        digest.update(f"{name}\0{hash_file(path)}\n".encode())
    return digest.hexdigest()


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
