"""The files of ``outputs/5-boundary``: written by ``latent_svm.py``, read by ``interpolate.py``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from demicouture.boundary import attribute_changes
from demicouture.boundary import report as boundary_report
from demicouture.boundary.figures import RenderedFigures, draw_changes, draw_learning_curve, draw_sets
from demicouture.boundary.hyperplane import Hyperplane
from demicouture.boundary.validation import HeldOut, LearningCurve
from demicouture.commands import command
from demicouture.designs.designs import Designs, design_name
from demicouture.errors import InputError
from demicouture.files import read_json, write_array, write_csv, write_json
from demicouture.images import save_png

NUMBER_FILES = (
    "hyperplane.npz",
    "report.json",
    "distances.csv",
    "on-the-plane.npy",
    "in-between.npy",
    "plot.png",
    "learning-curve.png",
)
"""Files that need the labelled latents only."""

PICTURE_FILES = ("walk.png", "difference.png", "changes.png", "changes.csv", "on-the-plane.png", "in-between.png")
"""Files that need the generator too."""


def file_name(name: str, direction: str) -> str:
    """Returns a file's name with the direction's before the suffix; the plane between the poles has none, ""."""
    stem, _, suffix = name.rpartition(".")
    return f"{stem}-{direction}.{suffix}" if direction else name


def write(
    folder: Path,
    direction: str,
    designs: Designs,
    plane: Hyperplane,
    in_between: np.ndarray,
    report: Mapping[str, Any],
    held_out: HeldOut,
    curve: LearningCurve,
    figures: RenderedFigures | None,
) -> list[str]:
    """Writes all files, and removes pictures of an earlier plane; returns the files' names.

    Args:
        folder: The output folder.
        direction: The direction's name, "" for the plane between the poles.
        designs: The designs and their labels.
        plane: The hyperplane.
        in_between: float64 (n, latent_dim), the sample of the plane.
        report: The content of ``report.json``.
        held_out: The linear SVM's results on the labelled designs.
        curve: The learning curve.
        figures: What needs the generator; None leaves it out.
    """

    def place(name: str) -> Path:
        return folder / file_name(name, direction)

    for name in PICTURE_FILES:
        place(name).unlink(missing_ok=True)
    plane.save(place("hyperplane.npz"))
    write_json(place("report.json"), report)
    columns = ("design", "label", "distance")
    distances = plane.signed_distance(designs.latents)
    rows = zip(map(design_name, range(len(distances))), designs.labels, distances, strict=True)
    write_csv(place("distances.csv"), columns, (dict(zip(columns, row, strict=True)) for row in rows))
    labelled = ~designs.labelled("")
    latents, labels = designs.latents[labelled], designs.labelled(designs.poles[1])[labelled]
    write_array(place("on-the-plane.npy"), plane.nearest(latents).astype(np.float32))
    write_array(place("in-between.npy"), in_between.astype(np.float32))
    title = boundary_report.main_finding(report)
    draw_sets(place("plot.png"), report, title, labels, plane.signed_distance(latents), held_out.distances)
    draw_learning_curve(place("learning-curve.png"), curve, boundary_report.normal_finding(report))
    if figures:
        for name, sheet in figures.sheets.items():
            save_png(place(name), sheet)
        draw_changes(place("changes.png"), figures.changes, figures.distances, figures.labels, designs.poles)
        attribute_changes.write_changes(place("changes.csv"), figures.changes)
    return [file_name(name, direction) for name in (*NUMBER_FILES, *(PICTURE_FILES if figures else ()))]


def read_directions(folder: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Returns the normals of directions that were found before, by name.

    Raises:
        InputError: There is no such direction.
    """
    normals = {}
    for name in names:
        path = folder / file_name("hyperplane.npz", name)
        if not path.exists():
            known = sorted(found.stem.removeprefix("hyperplane-") for found in folder.glob("hyperplane-*.npz"))
            raise InputError(
                f"--without {name}: {path} not found, expected one of: {', '.join(known) or 'none yet'}; "
                f"run: {command('latent_svm.py', '--labels', f'{name}.csv')}"
            )
        normals[name] = Hyperplane.load(path).normal
    return normals


def read_plane(folder: Path, designs_folder: Path, latents_sha256: str) -> tuple[Hyperplane | None, str]:
    """Returns the hyperplane between the poles; or None and the reason, where none was found.

    Args:
        folder: The output folder of ``latent_svm.py``, or one that holds a ``hyperplane.npz`` of a person's own.
        designs_folder: The designs' folder, for messages.
        latents_sha256: Of the designs' ``latents.npy``.

    Raises:
        InputError: The folder is missing, unfinished, damaged, or of other designs.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: not found, expected a folder with hyperplane.npz; run: {command('latent_svm.py')}")
    plane = Hyperplane.load(folder / "hyperplane.npz")
    # A plane of a person's own may lie there alone; what latent_svm.py began, it has to have finished.
    if (folder / "options.json").exists():
        if not (folder / "summary.json").exists():
            raise InputError(
                f"{folder}: no summary.json, so latent_svm.py was stopped; run: {command('latent_svm.py')}"
            )
        if _entry(_entry(read_json(folder / "summary.json"), "inputs"), "latents.npy") != latents_sha256:
            raise InputError(
                f"{folder}: made from other designs than {designs_folder}; run: {command('latent_svm.py')}"
            )
    report = folder / "report.json"
    if report.exists() and not _entry(read_json(report), "boundary_found"):
        return None, f"{report}: no boundary was found, so there is no crossing and there are no distances"
    return plane, ""


def _entry(record: Any, name: str) -> Any:
    return record.get(name) if isinstance(record, dict) else None
