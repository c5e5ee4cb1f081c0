"""Each file that the scripts hand on to one another, damaged in twenty ways; then the script runs that reads it.

It may go on (what it can make again, it makes again) or refuse in one line. Where it refuses, everything is as it was.
"""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from faults import thin
from faults.launch import Outcome, run_here
from faults.report import Section

Damage = Callable[[bytes, np.random.Generator], bytes | None]

HAND_OFFS = {
    "data/queries.csv": "scrape",
    "data/1-scraped/options.json": "scrape",
    "data/1-scraped/summary.json": "scrape",
    "data/1-scraped/manifest.jsonl": "scrape",
    "data/1-scraped/query-progress.json": "scrape",
    "data/1-scraped/casual/hoody/*.jpg": "preprocess",
    "data/2-dataset/options.json": "preprocess",
    "data/2-dataset/summary.json": "preprocess",
    "data/2-dataset/decisions.csv": "preprocess",
    "data/2-dataset/features.jsonl": "preprocess",
    "data/2-review/places.csv": "preprocess",
    "data/2-dataset/casual/*.png": "generate",
    "outputs/3-training/generator.keras": "generate",
    "outputs/3-training/summary.json": "generate",
    "outputs/4-generated/options.json": "generate",
    "outputs/4-generated/summary.json": "generate",
    "outputs/4-generated/labels.csv": "generate",
    "outputs/4-generated/designs.csv": "generate",
    "outputs/4-generated/reference-features.npz": "generate",
    "outputs/4-generated/style-classifier.npz": "generate",
    "outputs/4-generated/style-classifier.json": "generate",
    "outputs/4-generated/latents.npy": "latent_svm",
    "outputs/3-training/encodings.npz": "latent_svm",
    "outputs/5-boundary/options.json": "latent_svm",
    "outputs/5-boundary/summary.json": "interpolate",
    "outputs/5-boundary/hyperplane.npz": "interpolate",
    "outputs/5-boundary/report.json": "interpolate",
    "outputs/6-interpolation/options.json": "interpolate",
    "outputs/3-training/options.json": "train_dcgan",
    "outputs/3-training/history.csv": "train_dcgan",
    "outputs/3-training/checkpoints/step-*.npz": "train_dcgan",
}
"""Of each file, the script that reads it; of several of a name, the last one is damaged."""


def flip(part: float, bits: int = 0xFF) -> Damage:
    """Returns a damage: one byte changes, at a place that is drawn from the first part of the file."""

    def damage(content: bytes, random: np.random.Generator) -> bytes:
        changed, place = bytearray(content), int(random.integers(max(1, len(content) * part)))
        changed[place] ^= bits
        return bytes(changed)

    return damage


def cut(part: float) -> Damage:
    """Returns a damage: only the first part of the file is left."""
    return lambda content, random: content[: int(len(content) * part)]


def block(value: int | None) -> Damage:
    """Returns a damage: a tenth of the file is one value, or noise."""

    def damage(content: bytes, random: np.random.Generator) -> bytes:
        size = max(1, len(content) // 10)
        start = int(random.integers(len(content) - size + 1))
        inside = random.bytes(size) if value is None else bytes([value]) * size
        return content[:start] + inside + content[start + size :]

    return damage


def number_becomes(text: str) -> Damage:
    """Returns a damage: a number in a text, or the numbers of an array, are something else."""

    def damage(content: bytes, random: np.random.Generator) -> bytes:
        if content[:6] == b"\x93NUMPY":
            array = np.load(io.BytesIO(content))
            value = {"NaN": np.nan, "1e999": np.inf, "-1": -1e6}.get(text)
            changed = array.astype(str) if value is None else array.copy()
            changed.flat[int(random.integers(array.size))] = text if value is None else value
            saved = io.BytesIO()
            np.save(saved, changed)
            return saved.getvalue()
        if content[:2] == b"PK":
            return _change_archive(content, text, random)
        found = list(re.finditer(rb"(?<![\w.])-?\d+(\.\d+)?(?![\w.])", content))
        if not found:
            return text.encode()
        one = found[int(random.integers(len(found)))]
        return content[: one.start()] + text.encode() + content[one.end() :]

    return damage


def _change_archive(content: bytes, text: str, random: np.random.Generator) -> bytes:
    try:
        with np.load(io.BytesIO(content)) as archive:
            arrays = {name: archive[name] for name in archive.files}
        numbers = [name for name, array in arrays.items() if array.dtype.kind == "f" and array.size]
    except Exception:  # A network: its zip archive holds no arrays.
        return content[: len(content) // 2] + text.encode() + content[len(content) // 2 :]
    if numbers:
        name = numbers[int(random.integers(len(numbers)))]
        value = {"NaN": np.nan, "1e999": np.inf, "-1": -1e6}.get(text)
        arrays[name] = arrays[name].astype(str) if value is None else np.full_like(arrays[name], value)
    saved = io.BytesIO()
    np.savez(saved, **arrays)
    return saved.getvalue()


def huge_header(content: bytes, random: np.random.Generator) -> bytes:
    """An array's header promises a terabyte; of another kind of file, its first number is a billion billions."""
    if content[:6] == b"\x93NUMPY" or content[:2] == b"PK":
        changed = re.sub(rb"'shape': \((\d+)", lambda found: b"'shape': (" + b"9" * len(found[1]), content)
        return changed.replace(b"'<f4', 'fort", b"'<f8', 'fort") if changed == content else changed
    return re.sub(rb"\d+", b"1" + b"0" * 18, content, count=1)


DAMAGES: dict[str, Damage] = {
    "empty": lambda content, random: b"",
    "cut to a quarter": cut(0.25),
    "cut to a half": cut(0.5),
    "cut to nine tenths": cut(0.9),
    "without its last byte": lambda content, random: content[:-1],
    "first byte changed": flip(0),
    "a byte of the header changed": flip(0.02),
    "another byte of the header changed": flip(0.02, 0x01),
    "any byte changed": flip(1),
    "any bit changed": flip(1, 0x10),
    "a tenth zero": block(0),
    "a tenth noise": block(None),
    "something at its end": lambda content, random: content + random.bytes(100),
    "twice": lambda content, random: content + content,
    "another text": lambda content, random: b"This is no such file.\n",
    "an empty list": lambda content, random: b"[]",
    "an empty object": lambda content, random: b"{}",
    "JSON nested 200,000 deep": lambda content, random: b"[" * 200_000,
    "a number is NaN": number_becomes("NaN"),
    "a number is infinite": number_becomes("1e999"),
    "a number is a text": number_becomes('"many"'),
    "a number is another one": number_becomes("-1"),
    "a header that promises too much": huge_header,
    "a folder in its place": lambda content, random: None,
}


def home_state(home: Path) -> dict[str, str]:
    """Returns the hashes of all files of a home that a failed run must leave as they are."""
    return {
        path.relative_to(home).as_posix(): thin.sha256(path.read_bytes())
        for path in home.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def try_one(home: Path, file: str, script: str, damage: Damage, random: np.random.Generator) -> tuple[Outcome, str]:
    """Damages a file of a home, runs the script that reads it, and returns how it ended and what is wrong with that."""
    path = sorted(home.glob(file))[-1]
    damaged = damage(path.read_bytes(), random)
    path.unlink()
    if damaged is None:
        path.mkdir()
    else:
        path.write_bytes(damaged)
    before = home_state(home)
    outcome = run_here(script, *thin.flags_of(script, home))
    if outcome.fault or outcome.code != 1:
        return outcome, outcome.fault
    after = home_state(home)
    lost = [name for name in before if after.get(name) != before[name]]
    return outcome, f"refused, but {', '.join(lost[:3])} changed" if lost else ""


def attack(
    home: Path, place: Path, seed: int, files: dict[str, str] = HAND_OFFS, share: float = 1.0
) -> Iterator[Section]:
    """Damages every file in every way; yields a section of the report for each script.

    Args:
        home: A thin home in which all six scripts ran.
        place: Where copies of it are made.
        seed: Of the places at which files are damaged.
        files: The files, and which script reads each.
        share: Which part of the damages is tried.
    """
    random = np.random.default_rng(seed)
    for script in dict.fromkeys(files.values()):
        section = Section("Damaged files", script)
        for file in [name for name, reader in files.items() if reader == script]:
            for kind, damage in DAMAGES.items():
                if random.random() >= share:
                    continue
                copy = place / "damaged"
                shutil.copytree(home, copy, symlinks=True)
                outcome, fault = try_one(copy, file, script, damage, random)
                section.add(f"{file}: {kind}", fault, "refused" if outcome.code else "went on", outcome.line)
                shutil.rmtree(copy)
        yield section


def dump(sections: Iterator[Section]) -> str:
    """Returns all failures as JSON, for a look."""
    return json.dumps([section.faults for section in sections], indent=1)
