"""Files that claim to be a generator and are none, or would do harm: each is refused in one line, and runs no code."""

from __future__ import annotations

import base64
import io
import json
import marshal
import resource
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from demicouture.dcgan.inference import hash_generator, load_generator, render
from demicouture.errors import DemicoutureError
from demicouture.latents import sample_prior
from faults.report import Section

CONFIG, WEIGHTS, METADATA = "config.json", "model.weights.h5", "metadata.json"

Parts = dict[str, bytes]


def unpack(path: Path) -> Parts:
    """Returns the entries of a network's file."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(parts: Parts, path: Path, how: int = zipfile.ZIP_STORED) -> None:
    """Writes a network's file."""
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def with_config(change: Callable[[str], str]) -> Callable[[Parts], Parts]:
    """Returns what changes a network's description."""
    return lambda parts: {**parts, CONFIG: change(parts[CONFIG].decode()).encode()}


def with_weights(change: Callable[[h5py.File], None]) -> Callable[[Parts], Parts]:
    """Returns what changes a network's weights."""

    def changed(parts: Parts) -> Parts:
        content = io.BytesIO(parts[WEIGHTS])
        with h5py.File(content, "r+") as file:
            change(file)
        return {**parts, WEIGHTS: content.getvalue()}

    return changed


def first_array(file: h5py.File) -> h5py.Dataset:
    """Returns the first of a network's weights."""
    found: list[h5py.Dataset] = []
    file.visititems(lambda name, item: found.append(item) if isinstance(item, h5py.Dataset) else None)
    return found[0]


def replace_all(value: float) -> Callable[[h5py.File], None]:
    """Returns what sets one weight to a value."""

    def change(file: h5py.File) -> None:
        array = first_array(file)
        array[(0,) * array.ndim] = value

    return change


def virtual(file: h5py.File) -> None:
    """Adds an array of a hundred gigabytes that was never written, and so takes no place."""
    file.create_dataset("vast", (25_000, 1_000_000), "f4", chunks=(1, 1_000_000))


def external(file: h5py.File) -> None:
    """Adds an array that lies in a file of the system."""
    file.create_dataset("elsewhere", (16,), "u1", external=[("/etc/passwd", 0, 16)])


def sequence(module: str, class_name: str, **config: object) -> Callable[[str], str]:
    """Returns the description of another network: latents, one layer, and three colours."""

    def layer(module: str, class_name: str, **config: object) -> dict:
        return {"module": module, "class_name": class_name, "config": config, "registered_name": None}

    layers = [layer("keras.layers", "InputLayer", batch_shape=[None, 100], name="latents")]
    layers.append(layer(module, class_name, **config))
    layers.append(layer("keras.layers", "Dense", name="colours", units=192))
    layers.append(layer("keras.layers", "Reshape", name="picture", target_shape=[8, 8, 3]))
    return lambda text: json.dumps(layer("keras", "Sequential", name="network", layers=layers))


def code_that_touches(canary: Path) -> dict:
    """Returns a function as Keras used to write it down: its compiled code, which makes a file."""
    code = base64.b64encode(marshal.dumps(compile(f"open({str(canary)!r}, 'w')", "hostile", "eval"))).decode()
    return {"class_name": "__lambda__", "config": {"code": code, "defaults": None, "closure": None}}


def make_all(generator: Path, folder: Path, canary: Path) -> dict[str, Path]:
    """Writes the hostile files; returns them by what they are."""
    parts = unpack(generator)
    changes: dict[str, Callable[[Parts], Parts]] = {
        "a weight is NaN": with_weights(replace_all(np.nan)),
        "a weight is infinite": with_weights(replace_all(np.inf)),
        "weights of a hundred gigabytes that were never written": with_weights(virtual),
        "weights in a file of the system": with_weights(external),
        "weights cut in half": lambda parts: {**parts, WEIGHTS: parts[WEIGHTS][: len(parts[WEIGHTS]) // 2]},
        "no weights": lambda parts: {name: parts[name] for name in parts if name != WEIGHTS},
        "no description": lambda parts: {name: parts[name] for name in parts if name != CONFIG},
        "a description nested 200,000 deep": with_config(lambda text: "[" * 200_000),
        "a description that is a list": with_config(lambda text: "[]"),
        "a layer of code": with_config(
            sequence("keras.layers", "Lambda", name="code", function=code_that_touches(canary))
        ),
        "a layer that is os.system": with_config(sequence("os", "system", command=f"touch {canary}")),
        "a layer that is builtins.exec": with_config(sequence("builtins", "exec", source=f"open('{canary}', 'w')")),
        "a layer of forty gigabytes": with_config(sequence("keras.layers", "Dense", name="wide", units=100_000_000)),
        "another network's description": with_config(lambda text: text.replace('"units"', '"unit"')),
        "an entry that leads outside": lambda parts: {"../../outside": b"x", **parts, CONFIG: b"{}"},
    }
    made = {}
    for number, (what, change) in enumerate(changes.items()):
        made[what] = folder / f"{number}.keras"
        pack(change(parts), made[what])
    made["a few bytes that unpack to three hundred million"] = bomb = folder / "bomb.keras"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(WEIGHTS, bytes(300_000_000))
    others = {"nothing": b"", "a text": b"no network", "a pickle": b"\x80\x04cos\nsystem\n(S'true'\ntR."}
    for what, content in others.items():
        made[what] = folder / f"{what.split()[-1]}.keras"
        made[what].write_bytes(content)
    return made


def attack(generator: Path, place: Path) -> Section:
    """Tries to load each of them, as the scripts do: hashed, loaded, rendered. Memory is bounded meanwhile."""
    section, canary = Section("Hostile networks", "load_generator"), place / "canary"
    for what, path in make_all(generator, place, canary).items():
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
        try:
            sha256 = hash_generator(path)
            render(load_generator(path, sha256), sample_prior(4, 0))
            fault = "was taken for a generator"
        except DemicoutureError as error:
            fault, line = ("", str(error)) if "\n" not in str(error) else ("more than one line", "")
        except BaseException as error:
            fault, line = f"{type(error).__name__}: {error}"[:300], ""
        taken = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        seconds = time.monotonic() - began
        if not fault and (taken > 1500 or seconds > 60):
            fault = f"took {taken:.0f} MB and {seconds:.0f} s"
        if canary.exists() or (place.parent / "outside").exists():
            fault = "ran code, or wrote outside"
        section.add(what, fault, "refused in one line", line)
    return section
