"""The hand-off on disk: atomic writes, JSON, CSV and arrays, and hashes."""

from __future__ import annotations

import codecs
import contextlib
import csv
import errno
import hashlib
import io
import json
import math
import os
import re
import threading
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from demicouture.commands import same_command
from demicouture.errors import InputError
from demicouture.language import _

PARTIAL_NAME = re.compile(r"\..+\.\d+-\d+\.partial(\.\w+)?")
"""The names of files that are being written, by which process and which thread. Nothing reads such a file."""

MOST_TEXT_BYTES = 256 * 2**20
"""Of a JSON or CSV file that is read at once: a table of a million rows is half of that."""

MOST_TIMES_UNPACKED, UNPACKED_ALWAYS = 20, 64 * 2**20
"""How much larger than itself an archive may be when it is unpacked. Ours are stored as they are, and floats that are
packed anew shrink little; a bomb unpacks to a thousand times its size. What is small unpacked does no harm."""

SEAL = "seal"
"""The last entry of a record: the hash of all others, by which a record that was damaged is known."""


_guarded: dict[Path, tuple[int, int]] = {}
"""The folders that runs of this process write, and which ones on which disk they are."""


def guard(folder: Path) -> None:
    """Lets nothing be written below a folder any more once it was moved, removed, or replaced by another one."""
    found = os.stat(folder)
    _guarded[Path(os.path.abspath(folder))] = found.st_dev, found.st_ino


def release(folder: Path) -> None:
    """Ends what :func:`guard` began."""
    _guarded.pop(Path(os.path.abspath(folder)), None)


def refuse_lost(path: Path) -> None:
    """Refuses to write where a guarded folder is no longer there; a new one of its name would hold half of a result.

    Raises:
        InputError: It is not.
    """
    path = Path(os.path.abspath(path))
    for folder, identity in _guarded.items():
        if path == folder or folder in path.parents:
            try:
                found = os.stat(folder)
            except (FileNotFoundError, NotADirectoryError):
                found = None
            if found is None or (found.st_dev, found.st_ino) != identity:
                raise InputError(
                    _(
                        "{folder}: no longer there (moved, deleted, or its disk is gone); put it back, with all that "
                        "was in it, or let it go, and run: {command}"
                    ).format(folder=folder, command=same_command())
                )


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside ``path``; what was written there becomes ``path`` at the end, or nothing does.

    The temporary name is this process's and thread's own. It keeps the suffix, because Pillow, OpenCV and Keras choose
    the format by it.

    Raises:
        InputError: A folder that is guarded, in which the path lies, is no longer there.
    """
    refuse_lost(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{os.getpid()}-{threading.get_ident()}.partial{path.suffix}")
    try:
        yield partial
        os.replace(partial, path)
    except FileNotFoundError:
        refuse_lost(path)  # It went while the file was written.
        raise
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
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    # A file's name may hold bytes that are no Unicode, half a surrogate pair to Python; so written, it is JSON for it.
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def parse_json(text: str | bytes) -> Any:
    """Returns the value that JSON from anywhere describes.

    Raises:
        ValueError: It is no JSON: neither are nan and infinity, and what is nested a hundred thousand deep.
    """

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no JSON")

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise ValueError("nested too deep") from None


def read_bounded(path: Path, most: int = MOST_TEXT_BYTES) -> bytes:
    """Returns a file's content, which is read at once.

    Raises:
        InputError: It is larger than ``most`` bytes, or has no end, as ``/dev/zero`` has none.
    """
    with open(path, "rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise InputError(
            _("{path}: over {most:.0f} MB, expected less; give another file").format(path=path, most=most / 1e6)
        )
    return content


def read_json(path: Path) -> Any:
    """Returns the value in a JSON file.

    Raises:
        InputError: The file is missing, is not JSON, or is far too large.
    """
    try:
        return parse_json(read_bounded(path).decode("utf-8"))
    except FileNotFoundError:
        raise InputError(_("{path}: not found, expected a JSON file").format(path=path)) from None
    except ValueError as error:
        raise InputError(
            _("{path}: not readable as JSON ({error}); restore it, or add --fresh to start over").format(
                path=path, error=error
            )
        ) from None


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Writes an object to a JSON file atomically, with its seal."""
    write_json(path, {**record, SEAL: seal(record)})


def seal(record: Mapping[str, Any]) -> str:
    """Returns the hash of a record's entries, by which one that was damaged is known."""
    # As it is read back: a number that names an entry is then a text.
    content = json.loads(json.dumps({name: record[name] for name in record if name != SEAL}))
    return sha256(json.dumps(content, sort_keys=True).encode())


def read_record(path: Path, *keys: str) -> dict[str, Any]:
    """Returns the object in a JSON file that one of the scripts wrote, without its seal.

    Raises:
        InputError: The file is missing, is not JSON, is no object, lacks one of ``keys``, or was changed since it was
            written.
    """
    record = read_json(path)
    missing = [key for key in keys if not isinstance(record, dict) or key not in record]
    if missing or not isinstance(record, dict):
        raise InputError(
            _("{path}: found no {missing} in it; restore it, or add --fresh to start over").format(
                path=path, missing=_(" and no ").join(missing) or "object"
            )
        )
    # What an earlier version wrote, or a person, has no seal.
    if SEAL in record and record[SEAL] != seal(record):
        raise InputError(
            _("{path}: changed since it was written; restore it, or add --fresh to start over").format(path=path)
        )
    return {name: record[name] for name in record if name != SEAL}


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


@dataclass(frozen=True)
class ArraySpec:
    """What an array in a file has to be.

    Attributes:
        kind: Of its numbers: ``float``, ``int``, ``bool`` or ``str``, of any size.
        shape: Its sides: each a number, or a name for a length that is the same wherever it stands.
        low: The least that its numbers may be.
        high: The most. Floats are finite in any case.
    """

    kind: type
    shape: tuple[int | str, ...] = ()
    low: float = -math.inf
    high: float = math.inf

    def find_fault(self, array: np.ndarray, lengths: dict[str, int]) -> str:
        """Returns what is wrong with an array, "" where nothing is.

        Args:
            array: The array.
            lengths: The lengths that have names; those that are new are added.
        """
        kinds = {float: "f", int: "iu", bool: "b", str: "U"}[self.kind]
        sides = len(array.shape) == len(self.shape) and all(
            found == (lengths.setdefault(side, found) if isinstance(side, str) else side)
            for found, side in zip(array.shape, self.shape, strict=True)
        )
        if array.dtype.kind not in kinds or not sides:
            wanted = ", ".join(str(lengths.get(str(side), side)) for side in self.shape)
            return _("{dtype} of shape {shape}, expected {kind} of shape ({wanted})").format(
                dtype=array.dtype, shape=array.shape, kind=self.kind.__name__, wanted=wanted
            )
        if self.kind is str or not array.size:
            return ""
        if not np.isfinite(array).all():
            return _("values that are NaN or infinite")
        if not (self.low <= array.min() and array.max() <= self.high):
            return _("values from {least:g} to {most:g}, expected {low:g} to {high:g}").format(
                least=array.min(), most=array.max(), low=self.low, high=self.high
            )
        return ""


def read_arrays(path: Path, specs: Mapping[str, ArraySpec], mend: str = "") -> list[np.ndarray]:
    """Returns arrays of an ``.npz`` file that one of the scripts wrote.

    Args:
        path: The file.
        specs: What each array has to be, by its name.
        mend: What to do, for messages.

    Returns:
        The arrays, in the order of ``specs``.

    Raises:
        InputError: The file is damaged, lacks one of the arrays, or one of them, or all together, are not as they have
            to be. That a header promises more than there is, is seen before any memory is taken.
        FileNotFoundError: It is missing.
    """
    arrays, lengths = read_all_arrays(path, specs, mend), dict[str, int]()
    for name, spec in specs.items():
        if fault := spec.find_fault(arrays[name], lengths):
            raise InputError(
                _("{path}: found for {name} {fault}; {mend}").format(
                    path=path, name=name, fault=fault, mend=mend or make_again()
                )
            )
    return [arrays[name] for name in specs]


def read_all_arrays(path: Path, names: Iterable[str] | None = None, mend: str = "") -> dict[str, np.ndarray]:
    """Returns arrays of an ``.npz`` file by name, whatever they are; all of them, where no names are given.

    Raises:
        InputError: The file is damaged, or lacks one of the arrays.
        FileNotFoundError: It is missing.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            refuse_bomb(archive)
            found = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            arrays = {}
            for name in found if names is None else names:
                with archive.open(found[name]) as file:
                    arrays[name] = _read_npy(file, found[name].file_size)
            return arrays
    except Exception as error:
        refuse_damage(str(path), error, mend)
        raise


def read_array(path: Path, mend: str = "", name: str = "") -> np.ndarray:
    """Returns the array of a ``.npy`` file, whatever it is.

    Args:
        path: The file.
        mend: What to do, for messages.
        name: What it is called in messages, where that is not its path.

    Raises:
        InputError: The file holds no array, or less than its header promises, which takes no memory.
        FileNotFoundError: It is missing.
    """
    try:
        with open(path, "rb") as file:
            return _read_npy(file, os.fstat(file.fileno()).st_size)
    except Exception as error:
        refuse_damage(name or str(path), error, mend)
        raise


def make_again() -> str:
    """Returns what to do about most damaged files."""
    return _("remove it and run the script that made the folder again")


def is_disks_fault(error: Exception) -> bool:
    """Returns whether a file could not be read for another reason than what is in it."""
    # A damaged archive names places that there are not: EINVAL.
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)


def refuse_damage(path: str, error: Exception, mend: str) -> None:
    """Raises an InputError for what went wrong while a file was read, unless it is the disk's fault.

    A damaged file makes readers raise nearly anything: ValueError, KeyError, EOFError, BadZipFile, zlib.error,
    TypeError, MemoryError …
    """
    if is_disks_fault(error):
        return
    detail = f": {error}" if str(error) and isinstance(error, ValueError) else ""
    raise InputError(
        _("{path}: damaged ({name}); {mend}").format(
            path=path, name=type(error).__name__ + detail, mend=mend or make_again()
        )
    ) from error


def refuse_bomb(archive: zipfile.ZipFile) -> None:
    """Refuses an archive that unpacks to many times its size.

    Raises:
        ValueError: It does.
    """
    entries = archive.infolist()
    refuse_many_times(sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries))


def refuse_many_times(unpacked: int, packed: int) -> None:
    """Refuses what would unpack to many times its size.

    Raises:
        ValueError: It would.
    """
    if unpacked > max(UNPACKED_ALWAYS, MOST_TIMES_UNPACKED * packed):
        raise ValueError(f"{packed:,} bytes that would unpack to {unpacked:,}")


def _read_npy(file: IO[bytes], size: int) -> np.ndarray:
    """Reads an array from a file of ``size`` bytes, once its header was found to promise these and no more."""
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    version = np.lib.format.read_magic(file)
    if version not in readers:
        raise ValueError(f"version {version} of the format")
    shape, _, dtype = readers[version](file)
    promised, there = math.prod(shape) * dtype.itemsize, size - file.tell()
    if dtype.hasobject:  # which could run code when it is read
        raise ValueError("Python objects, expected numbers")
    if promised != there or min(shape, default=0) < 0:
        raise ValueError(f"a header for {promised:,} bytes of numbers, and {there:,} bytes")
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


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
        content = read_bounded(path)
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
