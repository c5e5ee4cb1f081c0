"""The hand-off on disk: atomic writes, JSON, CSV and arrays, and hashes."""

from __future__ import annotations

import codecs
import contextlib
import csv
import hashlib
import io
import json
import os
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from demicouture.errors import InputError
from demicouture.language import _

PARTIAL_NAME = re.compile(r"\..+\.\d+-\d+\.partial(\.\w+)?")
"""The names of files that are being written, by which process and which thread. Nothing reads such a file."""


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside ``path``; what was written there becomes ``path`` at the end, or nothing does.

    The temporary name is this process's and thread's own. It keeps the suffix, because Pillow, OpenCV and Keras choose
    the format by it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{os.getpid()}-{threading.get_ident()}.partial{path.suffix}")
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
        raise InputError(_("{path}: not found, expected a JSON file").format(path=path)) from None
    except ValueError as error:
        raise InputError(
            _("{path}: not readable as JSON ({error}); restore it, or add --fresh to start over").format(
                path=path, error=error
            )
        ) from None


def read_record(path: Path, *keys: str) -> dict[str, Any]:
    """Returns the object in a JSON file that one of the scripts wrote.

    Raises:
        InputError: The file is missing, is not JSON, is no object, or lacks one of ``keys``.
    """
    record = read_json(path)
    missing = [key for key in keys if not isinstance(record, dict) or key not in record]
    if missing or not isinstance(record, dict):
        raise InputError(
            _("{path}: found no {missing} in it; restore it, or add --fresh to start over").format(
                path=path, missing=_(" and no ").join(missing) or "object"
            )
        )
    return record


def write_array(path: Path, array: np.ndarray) -> None:
    """Writes an array to a ``.npy`` file atomically; a full disk is an OSError with its number, unlike np.save's."""
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    write_bytes(path, content.getvalue())


def write_arrays(path: Path, **arrays: Any) -> None:
    """Writes arrays to an ``.npz`` file atomically, by name, without pickle; of a full disk see :func:`write_array`."""
    content = io.BytesIO()
    np.savez(content, **arrays)
    write_bytes(path, content.getvalue())


def read_arrays(path: Path, names: Iterable[str]) -> list[np.ndarray]:
    """Returns arrays of an ``.npz`` file that one of the scripts wrote, in the order of ``names``.

    Raises:
        InputError: The file is missing, damaged, or lacks one of them.
    """
    try:
        # Opened here, because NumPy leaves a damaged archive open.
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            return [archive[name] for name in names]
    except Exception as error:
        # A damaged archive makes NumPy raise ValueError, KeyError, BadZipFile, EOFError, zlib.error …
        raise InputError(
            _("{path}: damaged ({name}); remove it and run the script that made the folder again").format(
                path=path, name=type(error).__name__
            )
        ) from error


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes a CSV file atomically: UTF-8, RFC 4180, numbers in full; None becomes an empty field.

    The byte order mark is for spreadsheets: without it a Japanese Excel shows other letters than ours.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _csv_field(value) for key, value in row.items()})
    write_bytes(path, text.getvalue().encode("utf-8-sig"))


def _csv_field(value: Any) -> Any:
    # NumPy 2 writes its scalars as "np.float64(0.5)" in repr; item() gives the plain Python number.
    value = value.item() if hasattr(value, "item") else value
    return repr(value) if isinstance(value, float) else value


def read_csv(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Returns the rows of a CSV file that a person may have edited, with the programs that people have.

    Understood are UTF-8 with and without a byte order mark, and UTF-16 with one; commas, semicolons and tabs; a first
    line ``sep=;``; decimal commas, where commas divide nothing; capitals in the first line; any line ends. Blank rows
    are left out, and so are columns without a name. Excel writes no divider after a row's last filled field: what is
    missing there is empty. Further columns than those expected are kept, by their names in small letters.

    Raises:
        InputError: The file is missing, is no such table, lacks one of ``columns``, or has two of one name.
    """
    text = _decode(path, columns)
    first, _end, rest = text.partition("\n")
    delimiter = None
    if (told := re.fullmatch(r'"?sep=(.)"?\r?', first)) is not None:  # For Excel, which shows it to nobody.
        delimiter, text = told[1], rest
    delimiter = delimiter or _find_delimiter(text.lstrip().partition("\n")[0])
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise InputError(
            _("{path}: not readable as CSV ({error}); restore it, or remove it").format(path=path, error=error)
        ) from None
    numbered = [(number, line) for number, line in enumerate(lines, 1) if any(field.strip() for field in line)]
    names = [name.strip().lower() for name in numbered[0][1]] if numbered else []
    while names and not names[-1]:
        names.pop()
    if missing := [column for column in columns if column not in names]:
        found = ", ".join(filter(None, names)) or "none"
        also = ", ".join(missing)
        raise InputError(
            _("{path}: found the columns {found}, expected also {also}; restore the first line").format(
                path=path, found=found, also=also
            )
        )
    if twice := [name for name, count in Counter(names).items() if name and count > 1]:
        raise InputError(
            _("{path}: found two columns called {twice}, expected one; remove the wrong one").format(
                path=path, twice=twice[0]
            )
        )
    rows = []
    for number, line in numbered[1:]:  # The first line is row 1, as in a spreadsheet.
        if any(field.strip() for field in line[len(names) :]):
            raise InputError(
                _("{path}: row {number} has {found} fields, expected {expected}; mend it or remove it").format(
                    path=path, number=number, found=len(line), expected=len(names)
                )
            )
        fields = line + [""] * (len(names) - len(line))
        if delimiter != ",":
            fields = [DECIMAL_COMMA.sub(r"\1.\2", field) for field in fields]
        rows.append({name: field for name, field in zip(names, fields, strict=False) if name})
    return rows


DECIMAL_COMMA = re.compile(r"^(\s*[-+]?\d+),(\d+(?:[eE][-+]?\d+)?\s*)$")


def _decode(path: Path, columns: Sequence[str]) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(
            _("{path}: not found, expected a CSV file with the columns {columns}").format(
                path=path, columns=", ".join(columns)
            )
        ) from None
    with_two_bytes = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if with_two_bytes else "utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(_("{path}: not UTF-8; save it again as CSV in UTF-8").format(path=path)) from None


def _find_delimiter(line: str) -> str:
    """Returns which of the three dividers a table's first line has most of, outside of quotes."""
    line = re.sub(r'"[^"]*"', "", line)
    return max(",;\t", key=line.count)


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
