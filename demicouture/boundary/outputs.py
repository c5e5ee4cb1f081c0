"""The files of ``outputs/5-boundary``: written by ``latent_svm.py``, read by ``interpolate.py``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from demicouture.boundary import attribute_changes, findings
from demicouture.boundary.figures import Histogram, RenderedFigures, draw_changes, draw_learning_curve, draw_sets
from demicouture.boundary.hyperplane import Hyperplane
from demicouture.boundary.photographs import LabelledPhotographs
from demicouture.boundary.report import DESIGNS, PHOTOGRAPHS
from demicouture.boundary.validation import HeldOut, LearningCurve
from demicouture.commands import command
from demicouture.designs.designs import Designs, LabelledLatents, design_name
from demicouture.errors import InputError
from demicouture.files import read_record, write_array, write_csv, write_record
from demicouture.images import save_png
from demicouture.language import _

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

PHOTOGRAPHS_FILE = "photographs.csv"
"""Of a plane that is fitted on photographs."""

DESIGNS_PLANE = f"hyperplane-{DESIGNS}.npz"
"""The judged designs' own plane, beside the photographs'."""

PICTURE_FILES = ("walk.png", "difference.png", "changes.png", "changes.csv", "on-the-plane.png", "in-between.png")
"""Files that need the generator too."""

YES, NO = "yes", "no"


@dataclass(frozen=True)
class Boundary:
    """All that was found of a plane, before it is written.

    Attributes:
        plane: The hyperplane.
        in_between: float64 (n, latent_dim), its uniform sample.
        report: The content of ``report.json``.
        held_out: The linear SVM's results in cross-validation.
        curve: The learning curve.
        figures: What needs the generator; None leaves it out.
        designs_plane: The designs' plane, where the other one is the photographs'.
    """

    plane: Hyperplane
    in_between: np.ndarray
    report: Mapping[str, Any]
    held_out: HeldOut
    curve: LearningCurve
    figures: RenderedFigures | None
    designs_plane: Hyperplane | None = None


def file_name(name: str, direction: str) -> str:
    """Returns a file's name with the direction's before the suffix; the plane between the poles has none, ""."""
    stem, _, suffix = name.rpartition(".")
    return f"{stem}-{direction}.{suffix}" if direction else name


def is_designs_plane(direction: str) -> bool:
    """Returns whether a direction's name is that of :data:`DESIGNS_PLANE`, or begins as such a name does."""
    return direction.split("-")[0] == DESIGNS


def write(
    folder: Path, direction: str, designs: Designs, photographs: LabelledPhotographs | None, found: Boundary
) -> list[str]:
    """Writes all files, and removes those of an earlier plane that this one has not; returns the files' names.

    Args:
        folder: The output folder.
        direction: The direction's name, "" for the plane between the poles.
        designs: The designs and their labels.
        photographs: What the plane is fitted on; None where that are the designs.
        found: What was found.
    """
    made = [*NUMBER_FILES, *(PICTURE_FILES if found.figures else ())]
    made += [PHOTOGRAPHS_FILE] if photographs else []
    made += [DESIGNS_PLANE] if found.designs_plane else []

    def place(name: str) -> Path:
        return folder / file_name(name, direction)

    for name in {*PICTURE_FILES, PHOTOGRAPHS_FILE, DESIGNS_PLANE} - set(made):
        place(name).unlink(missing_ok=True)
    plane = found.plane
    plane.save(place("hyperplane.npz"))
    if found.designs_plane:
        found.designs_plane.save(place(DESIGNS_PLANE))
    write_record(place("report.json"), found.report)
    names = map(design_name, range(len(designs.latents)))
    _write_distances(place("distances.csv"), designs, plane, {"design": names})
    if photographs:
        withheld = [YES if one else NO for one in photographs.withheld]
        columns = {"photograph": photographs.names, "withheld": withheld}
        _write_distances(place(PHOTOGRAPHS_FILE), photographs, plane, columns)
    labelled = (photographs or designs).latents[~(photographs or designs).labelled("")]
    write_array(place("on-the-plane.npy"), plane.nearest(labelled).astype(np.float32))
    write_array(place("in-between.npy"), found.in_between.astype(np.float32))
    panels = _panels_of_photographs(photographs, found) if photographs else _panels_of_designs(designs, found)
    noun, poles = _(PHOTOGRAPHS if photographs else DESIGNS), found.report["poles"]
    draw_sets(place("plot.png"), poles, findings.main_finding(found.report), noun, panels)
    draw_learning_curve(place("learning-curve.png"), found.curve, findings.normal_finding(found.report))
    if figures := found.figures:
        for name, sheet in figures.sheets.items():
            save_png(place(name), sheet)
        draw_changes(place("changes.png"), figures.changes, figures.distances, figures.labels, poles)
        attribute_changes.write_changes(place("changes.csv"), figures.changes)
    return [file_name(name, direction) for name in made]


def _write_distances(path: Path, examples: LabelledLatents, plane: Hyperplane, columns: dict[str, Any]) -> None:
    first, *further = columns.items()
    table = dict([first, ("label", examples.labels), *further, ("distance", plane.signed_distance(examples.latents))])
    write_csv(path, list(table), (dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)))


def _panels_of_designs(designs: Designs, found: Boundary) -> list[Histogram]:
    labelled, report = ~designs.labelled(""), found.report
    labels = designs.labelled(designs.poles[1])[labelled]
    fitted = _("Designs that the plane was fitted on: {training:.0%} on the right side").format(
        training=report["training_accuracy"]
    )
    held_out = _("The same designs, each held out of the fit: {accuracy:.0%} on the right side").format(
        accuracy=report["held_out_accuracy"]
    )
    return [
        Histogram(fitted, found.plane.signed_distance(designs.latents[labelled]), labels),
        Histogram(held_out, found.held_out.distances, labels),
    ]


def _panels_of_photographs(photographs: LabelledPhotographs, found: Boundary) -> list[Histogram]:
    report, labels = found.report, photographs.labelled(photographs.poles[1])
    distances = found.plane.signed_distance(photographs.latents)
    seen = _("Photographs that the plane was fitted on: {training:.0%} on the right side").format(
        training=report["training_accuracy"]
    )
    unseen = _(
        "Photographs that neither generator, encoder nor plane has seen: {accuracy:.0%} on the right side"
    ).format(accuracy=report["held_out_accuracy"])
    return [
        Histogram(title, distances[part], labels[part])
        for title, part in ((seen, ~photographs.withheld), (unseen, photographs.withheld))
    ]


def read_directions(folder: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Returns the normals of directions that were found before, by name.

    Raises:
        InputError: There is no such direction.
    """
    return {name: Hyperplane.load(find_direction("--without", folder, name)).normal for name in names}


def find_direction(flag: str, folder: Path, name: str) -> Path:
    """Returns the file of a direction that was found before.

    Args:
        flag: What asks for it, for messages.
        folder: The output folder.
        name: The direction's.

    Raises:
        InputError: There is no such direction.
    """
    path = folder / file_name("hyperplane.npz", name)
    if not path.exists():
        known = sorted(found.stem.removeprefix("hyperplane-") for found in folder.glob("hyperplane-*.npz"))
        known = [known_name for known_name in known if not is_designs_plane(known_name)]
        raise InputError(
            _("{flag} {name}: {path} not found, expected one of: {known}; run: {command}").format(
                flag=flag, name=name, path=path, known=", ".join(known) or _("none yet"), command=find_again(name)
            )
        )
    return path


def find_again(name: str) -> str:
    """Returns the command that finds the direction of a name: from a table of that name, or without another one."""
    other = name.removeprefix("without-")
    return command("latent_svm.py", *(["--labels", f"{name}.csv"] if other == name else ["--without", other]))


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
        raise InputError(
            _("{folder}: not found, expected a folder with hyperplane.npz; run: {command}").format(
                folder=folder, command=command("latent_svm.py")
            )
        )
    plane = Hyperplane.load(folder / "hyperplane.npz")
    # A plane of a person's own may lie there alone; what latent_svm.py began, it has to have finished.
    if (folder / "options.json").exists():
        if not (folder / "summary.json").exists():
            raise InputError(
                _("{folder}: no summary.json, so latent_svm.py was stopped; run: {command}").format(
                    folder=folder, command=command("latent_svm.py")
                )
            )
        if _entry(_entry(read_record(folder / "summary.json"), "inputs"), "latents.npy") != latents_sha256:
            raise InputError(
                _("{folder}: made from other designs than {designs_folder}; run: {command}").format(
                    folder=folder, designs_folder=designs_folder, command=command("latent_svm.py")
                )
            )
    report = folder / "report.json"
    if report.exists() and not _entry(read_record(report), "boundary_found"):
        return None, _("{report}: no boundary was found, so there is no crossing and there are no distances").format(
            report=report
        )
    return plane, ""


def _entry(record: Any, name: str) -> Any:
    return record.get(name) if isinstance(record, dict) else None
