"""Reads the tensors of a legacy PyTorch file (``torch.save`` before 1.6) without PyTorch, and without running anything.

Such a file is a row of five pickles (a magic number, the version, the machine, the tensors' names and shapes, the
storages' keys) and then the raw storages. Unpickling it would run whatever functions the file names. Here its opcodes
are read by ``pickletools``, which only splits them, and followed by a machine that knows strings, numbers, tuples,
dictionaries and two functions: "an empty ordered dictionary" and "a tensor". No object of the file's choosing is
ever made, no name that it gives is ever looked up, and ``pickle`` is not imported: a restricted ``Unpickler`` would
have to be right about each method of each object that it lets through. Everything else in a file is refused.

Source:
    PyTorch, ``torch/serialization.py``, ``_legacy_save`` and ``_legacy_load``; ``torch/_utils.py``,
    ``_rebuild_tensor_v2``.
"""

from __future__ import annotations

import io
import math
import pickletools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from demicouture.commands import fetch_models
from demicouture.errors import InputError
from demicouture.language import _

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001

STORAGES = {
    "torch FloatStorage": "<f4",
    "torch DoubleStorage": "<f8",
    "torch HalfStorage": "<f2",
    "torch LongStorage": "<i8",
    "torch IntStorage": "<i4",
}
"""The kinds of numbers that a network's weights have, and their dtypes; files are little-endian."""

ORDERED_DICT = "collections OrderedDict"
TENSOR = "torch._utils _rebuild_tensor_v2"
NAMES = {ORDERED_DICT, TENSOR, *STORAGES}

MAX_BYTES = 200_000_000
"""Of a whole file, which is read into memory. The largest that we read has 19 MB."""

MAX_DIMENSIONS = 8


class _Name(NamedTuple):
    """A function or type that the file names; it is never looked up."""

    name: str


class _Storage(NamedTuple):
    """A reference to one of the raw storages."""

    key: str
    dtype: str
    length: int


class _Tensor(NamedTuple):
    """A part of a storage: where it starts, and its shape and strides, in numbers."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Mark:
    """Where a tuple's or a dictionary's items begin on the stack."""


class _Refusal(Exception):
    """What makes a file unreadable for us, in a few words."""


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Returns the tensors of a state dictionary by their names, in the file's order.

    Args:
        path: A file that ``torch.save(network.state_dict(), path)`` wrote in the legacy format.

    Raises:
        InputError: The file is missing, too large, no legacy PyTorch file, damaged, or holds anything but tensors.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _Refusal(f"over {MAX_BYTES // 1_000_000} MB")
        return _read(io.BytesIO(path.read_bytes()))
    except FileNotFoundError:
        raise InputError(
            _("{path}: not found, expected a network's weights; run: {command}").format(
                path=path, command=fetch_models()
            )
        ) from None
    except _Refusal as refusal:
        raise InputError(
            _("{path}: not a legacy PyTorch file with tensors only ({refusal}); remove it and run: {command}").format(
                path=path, refusal=refusal, command=fetch_models()
            )
        ) from None


def _read(file: io.BytesIO) -> dict[str, np.ndarray]:
    if _run(file) != MAGIC_NUMBER:
        raise _Refusal("another magic number")
    if _run(file) != PROTOCOL:
        raise _Refusal("another version")
    machine = _run(file)
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise _Refusal("written on a big-endian machine")
    tensors = _run(file)
    if not isinstance(tensors, dict):
        raise _Refusal("no state dictionary")
    for name, tensor in tensors.items():
        if not isinstance(tensor, _Tensor):
            raise _Refusal(f"{name!r} is no tensor")
    contents = _read_storages(file, {tensor.storage for tensor in tensors.values()})
    # Each number is used once at most: a small file could describe tensors of any size otherwise.
    if sum(math.prod(tensor.shape) for tensor in tensors.values()) > sum(map(len, contents.values())):
        raise _Refusal("tensors larger than their storages")
    return {name: _view(tensor, contents[tensor.storage.key]) for name, tensor in tensors.items()}


def _read_storages(file: io.BytesIO, wanted: set[_Storage]) -> dict[str, np.ndarray]:
    by_key = {storage.key: storage for storage in wanted}
    keys = _run(file)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise _Refusal("no list of storages")
    if len(by_key) != len(wanted) or sorted(keys) != sorted(by_key):
        raise _Refusal("the storages are not those of the tensors")
    contents = {}
    for key in keys:
        dtype, length = np.dtype(by_key[key].dtype), by_key[key].length
        if int.from_bytes(file.read(8), "little", signed=True) != length:
            raise _Refusal(f"the storage {key} has another length")
        raw = file.read(length * dtype.itemsize)
        if len(raw) != length * dtype.itemsize:
            raise _Refusal("cut short")
        contents[key] = np.frombuffer(raw, dtype)
    return contents


def _view(tensor: _Tensor, storage: np.ndarray) -> np.ndarray:
    """Returns a tensor's own copy, in C order, of its part of a storage."""
    offset, shape, strides = tensor.offset, tensor.shape, tensor.strides
    last = offset + sum((side - 1) * stride for side, stride in zip(shape, strides, strict=True))
    if 0 in shape or last >= len(storage):
        raise _Refusal("a tensor reaches beyond its storage")
    in_bytes = [stride * storage.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, in_bytes, writeable=False).copy(order="C")


def _run(file: io.BytesIO) -> Any:
    """Follows one pickle, up to and with its STOP, and returns what it describes."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}

    def pop(kind: type | tuple[type, ...] = object) -> Any:
        if not stack or not isinstance(stack[-1], kind):
            raise _Refusal("damaged")
        return stack.pop()

    def pop_to_mark() -> list[Any]:
        items = []
        while stack:
            item = stack.pop()
            if item is _Mark:
                return items[::-1]
            items.append(item)
        raise _Refusal("damaged")

    def set_items(items: list[Any]) -> None:
        if len(items) % 2 or not stack or not isinstance(stack[-1], dict):
            raise _Refusal("damaged")
        for name, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(name, str):
                raise _Refusal("a name that is no text")
            stack[-1][name] = value

    def append(items: list[Any]) -> None:
        if not stack or not isinstance(stack[-1], list):
            raise _Refusal("damaged")
        stack[-1].extend(items)

    def push_name(name: str) -> None:
        if name not in NAMES:
            raise _Refusal(f"it names {name.replace(' ', '.')!r}")
        stack.append(_Name(name))

    def recall(place: int) -> None:
        if place not in memo:
            raise _Refusal("damaged")
        stack.append(memo[place])

    def keep(place: int) -> None:
        memo[place] = pop()
        stack.append(memo[place])

    def call() -> None:
        arguments, function = pop(tuple), pop(_Name)
        stack.append(_call(function.name, arguments))

    # What is pushed as it stands: the argument of the opcode is the value.
    values = ("LONG1", "BININT", "BININT1", "BININT2", "BINUNICODE")
    actions: dict[str, Callable[[Any], None]] = {name: stack.append for name in values} | {
        "PROTO": lambda _: None,
        "NONE": lambda _: stack.append(None),
        "NEWTRUE": lambda _: stack.append(True),
        "NEWFALSE": lambda _: stack.append(False),
        "MARK": lambda _: stack.append(_Mark),
        "EMPTY_TUPLE": lambda _: stack.append(()),
        "EMPTY_DICT": lambda _: stack.append({}),
        "EMPTY_LIST": lambda _: stack.append([]),
        "TUPLE1": lambda _: stack.append((pop(),)),
        "TUPLE2": lambda _: stack.append((pop(), pop())[::-1]),
        "TUPLE3": lambda _: stack.append((pop(), pop(), pop())[::-1]),
        "TUPLE": lambda _: stack.append(tuple(pop_to_mark())),
        "SETITEM": lambda _: set_items([pop(), pop()][::-1]),
        "SETITEMS": lambda _: set_items(pop_to_mark()),
        "APPEND": lambda _: append([pop()]),
        "APPENDS": lambda _: append(pop_to_mark()),
        "BINPUT": keep,
        "LONG_BINPUT": keep,
        "BINGET": recall,
        "LONG_BINGET": recall,
        "GLOBAL": push_name,
        "BINPERSID": lambda _: stack.append(_storage(pop(tuple))),
        "REDUCE": lambda _: call(),
        # The attributes of a state dictionary, such as its "_metadata", are left out.
        "BUILD": lambda _: pop(dict),
    }
    try:
        for opcode, argument, _ in pickletools.genops(file):
            if opcode.name == "STOP":
                result = pop()
                if stack:
                    raise _Refusal("damaged")
                return result
            if opcode.name not in actions:
                raise _Refusal(f"the opcode {opcode.name}")
            actions[opcode.name](argument)
    except ValueError:  # pickletools' own, for what is no pickle, or is cut short
        raise _Refusal("no pickle, or cut short") from None
    raise _Refusal("cut short")


def _call(name: str, arguments: tuple[Any, ...]) -> Any:
    """Returns what one of the two functions that a file may call would make of its arguments."""
    if name == ORDERED_DICT and not arguments:
        return {}
    if name != TENSOR or len(arguments) < 4:
        raise _Refusal(f"it calls {name.replace(' ', '.')!r}")
    storage, offset, shape, strides = arguments[:4]  # and whether it learns, and its hooks
    if not isinstance(storage, _Storage) or not _are_counts((offset,)) or not _are_counts(shape, strides):
        raise _Refusal("a tensor that is none")
    return _Tensor(storage, offset, shape, strides)


def _storage(reference: tuple[Any, ...]) -> _Storage:
    """Returns the storage that ``("storage", type, key, device, length, view)`` refers to."""
    if len(reference) != 6 or reference[0] != "storage" or reference[5] is not None:
        raise _Refusal("a reference to no storage")
    _, kind, key, _, length, _ = reference
    if (
        not isinstance(kind, _Name)
        or kind.name not in STORAGES
        or not isinstance(key, str)
        or not _are_counts((length,))
    ):
        raise _Refusal("a reference to no storage")
    return _Storage(key, STORAGES[kind.name], length)


def _are_counts(*rows: Any) -> bool:
    """Returns whether all are tuples of one length that hold numbers from 0 to the size of the largest file."""
    return all(isinstance(row, tuple) and len(row) == len(rows[0]) <= MAX_DIMENSIONS for row in rows) and all(
        type(number) is int and 0 <= number <= MAX_BYTES for row in rows for number in row
    )
