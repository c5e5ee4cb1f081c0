"""Generated designs on disk: the latents and labels of one folder, checked against each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demicouture.commands import command
from demicouture.errors import InputError, PictureError
from demicouture.files import read_array, read_csv
from demicouture.images import open_picture
from demicouture.language import _
from demicouture.latents import LATENT_DIM
from demicouture.runs import read_options

NEITHER = "none"
"""What a person writes into ``your_label`` of a design that is neither of one pole nor of the other."""

SAME_GENERATOR = 0.5
"""Mean difference, of 255 levels, up to which a picture counts as this generator's. Another machine's rounding moves a
few dozen values by one level; another generator moves most of them by dozens."""


@dataclass(frozen=True)
class LabelledLatents:
    """Latents and a label for each.

    Attributes:
        latents: float32 or float64 (n, 100) in [-1, 1].
        labels: The n labels that count: a pole, or empty.
    """

    latents: np.ndarray
    labels: tuple[str, ...]

    @property
    def poles(self) -> tuple[str, ...]:
        """The labels of at least one latent, sorted."""
        return tuple(sorted(set(self.labels) - {""}))

    def labelled(self, word: str) -> np.ndarray:
        """Returns which latents are labelled ``word``, as bool (n,)."""
        return np.array([label == word for label in self.labels])


@dataclass(frozen=True)
class Designs(LabelledLatents):
    """Latents and labels of designs; row i of everything is ``design-<i>.png``.

    Attributes:
        labels: A person's where there is one, else the classifier's.
        scores: float64 (n,) in [0, 1], the classifier's share of the second pole; NaN where there is none.
        by_person: bool (n,); whether a person labelled the design, also as neither pole.
        judge_labels: The classifier's n labels, overruled by a person or not: a pole, or empty where it is unsure.
    """

    scores: np.ndarray
    by_person: np.ndarray
    judge_labels: tuple[str, ...]


def design_name(index: int) -> str:
    """Returns the file name of the design that row ``index`` of the latents made."""
    return f"design-{index:04d}.png"


def full_name(text: str) -> str:
    """Returns a design's file name, however a person names it: ``17``, ``17.0``, ``design-0017`` or the name itself."""
    found = re.fullmatch(r"(?:design-)?(\d{1,9})(?:\.0+)?(?:\.png)?", text.strip().lower())
    return design_name(int(found[1])) if found else text


def made_by_another_generator(folder: Path, generator_sha256: str) -> bool:
    """Returns whether the designs in ``folder`` are another generator's.

    Raises:
        InputError: The record of what made them is damaged.
    """
    if not (folder / "options.json").exists():
        return False
    before = read_options(folder)
    if before["script"] != "generate.py":
        return False
    options = before["options"]
    if not isinstance(options.get("count"), int) or "generator_sha256" not in options:
        found = _("found no count or no generator_sha256")
        raise InputError(
            _("{path}: {found}; restore it, or add --fresh to start over").format(
                path=folder / "options.json", found=found
            )
        )
    return options["generator_sha256"] != generator_sha256


def read_designs(folder: Path, labels_file: Path | None = None) -> Designs:
    """Reads ``latents.npy`` and the labels, and checks them against each other.

    Args:
        folder: A folder that ``generate.py`` wrote.
        labels_file: Another file than the folder's ``labels.csv``, with the columns ``design`` and ``label`` at least.
            It may leave designs out. Where it has no column ``your_label``, all its labels are a person's.

    Raises:
        InputError: A file is missing or damaged, or the two do not describe the same designs.
    """
    if not folder.is_dir():
        raise InputError(
            _("{folder}: not found, expected a folder with latents.npy and labels.csv; run: {command}").format(
                folder=folder, command=command("generate.py")
            )
        )
    latents = read_latents(folder / "latents.npy")
    path = labels_file or folder / "labels.csv"
    if not path.exists():
        mend = _("give another --labels") if labels_file else _("run: {command}").format(command=command("generate.py"))
        raise InputError(
            _("{path}: not found, expected a CSV file with the columns design and label; {mend}").format(
                path=path, mend=mend
            )
        )
    rows = read_rows(path, ["design", "label"], len(latents))
    if not labels_file and len(rows) < len(latents):
        raise InputError(
            _("{path}: found {count} rows, expected {latents}, one for each row of latents.npy; run: {command}").format(
                path=path, count=len(rows), latents=len(latents), command=command("generate.py")
            )
        )
    labels, scores = [""] * len(latents), np.full(len(latents), np.nan)
    by_person, judge_labels = np.zeros(len(latents), bool), [""] * len(latents)
    for index in range(len(latents)):
        name = design_name(index)
        if row := rows.get(name):
            label, yours = row["label"].strip(), row.get("your_label", row["label"]).strip()
            labels[index] = label_that_counts(label, yours)
            scores[index] = read_score(path, name, row.get("score", ""))
            by_person[index] = bool(yours) or "your_label" not in row
            judge_labels[index] = label if "your_label" in row else ""
    return Designs(latents, tuple(labels), scores, by_person, tuple(judge_labels))


def label_that_counts(label: str, your_label: str) -> str:
    """Returns a person's label where there is one, else the classifier's: a pole, or empty."""
    if your_label.casefold() == NEITHER:  # Spreadsheets write capitals by themselves.
        return ""
    return your_label or label


def read_rows(path: Path, columns: Sequence[str], count: int) -> dict[str, dict[str, str]]:
    """Returns the rows of a table about designs, by design: a spreadsheet may have sorted them, or added empty ones.

    Args:
        path: A CSV file that a person may have edited.
        columns: The columns that it must have, ``design`` among them.
        count: Designs that there are.

    Raises:
        InputError: The file is no such table or an old one, or names a design twice or one that there is not.
    """
    for row in read_csv(path, ["design"])[:1]:
        if "labelled_by" in row or "judge_label" in row:
            raise InputError(
                _(
                    "{path}: made by an earlier version, in which people edited the column label; expected the "
                    "columns design, label, score, your_label; run: {command} (it moves the old folder aside), and "
                    "write your labels into the new column your_label"
                ).format(path=path, command=command("generate.py", "--fresh"))
            )
    possible = {design_name(index) for index in range(count)}
    rows: dict[str, dict[str, str]] = {}
    for row in read_csv(path, columns):
        if not any(field.strip() for field in row.values()):
            continue
        name = full_name(row["design"])
        if name not in possible:
            raise InputError(
                _(
                    "{path}: labels {design!r}, which is no design here, expected {first} to {last}; correct the "
                    "name or remove the row"
                ).format(path=path, design=row["design"], first=design_name(0), last=design_name(count - 1))
            )
        if name in rows:
            raise InputError(
                _("{path}: found two rows for {name}, expected one; remove the wrong one").format(path=path, name=name)
            )
        rows[name] = row | {"design": name}
    return rows


def read_score(path: Path, name: str, text: str) -> float:
    """Returns a design's score from its field in a table, NaN where that is empty; a decimal comma is understood.

    Raises:
        InputError: It is no number from 0 to 1.
    """
    if not text.strip():
        return float("nan")
    try:
        score = float(text.replace(",", "."))
    except ValueError:
        score = -1.0
    if not 0 <= score <= 1:
        raise InputError(
            _("{path}: the score of {name} is {text!r}, expected a number from 0 to 1, or nothing").format(
                path=path, name=name, text=text
            )
        )
    return score


def read_latents(path: Path, name: str = "", mend: str = "") -> np.ndarray:
    """Reads an array of latents.

    Args:
        path: The file.
        name: What it is called in messages, where that is not its path.
        mend: What to do about a damaged one, where that is not to make the designs again.

    Returns:
        float32 or float64 (n, 100) in [-1, 1], n at least 1.

    Raises:
        InputError: The file is missing, is no such array, or holds anything outside the cube.
    """
    name, mend = name or str(path), mend or _("run: {command}").format(command=command("generate.py"))
    wanted = _("expected numbers of shape (designs, {latent_dim}) in [-1, 1]; {mend}").format(
        latent_dim=LATENT_DIM, mend=mend
    )
    try:
        return check_latents(name, read_array(path, wanted, name), wanted)
    except FileNotFoundError:
        raise InputError(
            _("{name}: not found, expected the designs' latents; {mend}").format(name=name, mend=mend)
        ) from None


def check_latents(name: str, latents: np.ndarray, wanted: str) -> np.ndarray:
    """Returns latents if they are some.

    Args:
        name: What they come from, for messages.
        latents: An array.
        wanted: What was expected, and what to do, for messages.

    Raises:
        InputError: They have another type or shape, or lie outside the cube.
    """
    if latents.dtype not in (np.float32, np.float64) or latents.ndim != 2 or latents.shape[1] != LATENT_DIM:
        raise InputError(
            _("{name}: found {dtype} of shape {shape}, {wanted}").format(
                name=name, dtype=latents.dtype, shape=latents.shape, wanted=wanted
            )
        )
    if not len(latents):
        raise InputError(_("{name}: found no latents, {wanted}").format(name=name, wanted=wanted))
    if not np.isfinite(latents).all():
        raise InputError(_("{name}: found values that are NaN or infinite, {wanted}").format(name=name, wanted=wanted))
    if np.abs(latents).max() > 1:
        raise InputError(
            _("{name}: found values up to {largest:g}, outside the cube, {wanted}").format(
                name=name, largest=np.abs(latents).max(), wanted=wanted
            )
        )
    return latents


def own_pictures(folder: Path, indices: Sequence[int], rendered: np.ndarray) -> np.ndarray:
    """Returns the pictures of designs as saved in ``folder``, after a check that this generator made them.

    On another machine a picture may differ from the same design's by a rounding here and there; the saved picture is
    the one that people looked at and labelled, so that one is returned.

    Args:
        folder: A folder that ``generate.py`` wrote.
        indices: Which designs.
        rendered: uint8 (len(indices), size, size, 3), what the generator makes of their latents now.

    Returns:
        uint8, as ``rendered``; a design without a picture on disk is taken from there.

    Raises:
        InputError: A picture is damaged, or was made by another generator.
    """
    pictures = rendered.copy()
    for row, index in enumerate(indices):
        path = folder / design_name(index)
        if not path.exists():
            continue
        try:
            picture = np.asarray(open_picture(path))
        except PictureError as error:
            raise InputError(
                _("{path}: {error}; remove it and run: {command}").format(
                    path=path, error=_(str(error)), command=command("generate.py")
                )
            ) from None
        if picture.shape != rendered[row].shape or np.abs(picture.astype(int) - rendered[row]).mean() > SAME_GENERATOR:
            raise InputError(
                _(
                    "{path}: differs from what the generator makes of its latent, so the generator has changed "
                    "since; give the --training folder that made the designs, or run: {command} (it makes new "
                    "designs and moves these aside, labels and all)"
                ).format(path=path, command=command("generate.py"))
            )
        pictures[row] = picture
    return pictures
