"""Designs in the round: what ``interpolate.py --round`` was asked for, and what it writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from demicouture import video, visualization
from demicouture.designs.designs import design_name
from demicouture.errors import InputError, PictureError
from demicouture.files import read_csv, write_bytes
from demicouture.garment3d.garment import MOST_ERROR, Garment, make_garment
from demicouture.garment3d.glb import describe, to_glb
from demicouture.garment3d.pattern import lay_out, make_panels, to_pdf, to_svg
from demicouture.garment3d.silhouette import has_plain_ground
from demicouture.garment3d.turntable import FRAMES, MILLISECONDS, draw_views, turn
from demicouture.images import open_picture, save_png
from demicouture.interpolation.endpoints import EndpointSpec, Named, RatedDesigns, check_endpoint, parse_endpoint
from demicouture.interpolation.paths import prior_preserving_mean
from demicouture.interpolation.references import BOARD, LOOKBOOK, STRIP, Reference, find_sheet, resolve
from demicouture.language import _
from demicouture.progress import progress_bar

if TYPE_CHECKING:
    from demicouture.boundary.figures import Renderer

MOST_GARMENTS = 30
"""On one rail."""

GAP = 0.35
"""Metres between the middles of two garments on a rail, and half of either's width on top."""

LARGE, SMALL, TINY = 320, 200, 120
"""The side of one garment's part of a turntable, in pixels: of one alone, of up to nine, of more."""

VIEW_SIDE = {True: 360, False: 200}
"""The side of a view on the sheet, in pixels: of one garment alone, and of several."""

PHOTOGRAPH_SIDE = 256
"""At which a photograph of one's own is cut out."""

PATTERN = ("pattern.svg", "pattern.pdf")
"""A single garment's sewing pattern."""

ALL = (LOOKBOOK, STRIP)
"""Sheets that can be named as a whole."""


@dataclass(frozen=True)
class Subject:
    """One thing to be shown in the round.

    Attributes:
        asked: What a person would type for it: ``7``, ``lookbook:7``, a file.
        name: What it is called.
        picture: Its picture's file; None for what has to be rendered.
        latent: float64 (latent_dim,) in [-1, 1], for what has to be rendered.
        is_photograph: Whether the file is a photograph that may have to be cut out first.
        sheet: The latents of the sheet that shows it, where it was named by its number there.
    """

    asked: str
    name: str
    picture: Path | None = None
    latent: np.ndarray | None = None
    is_photograph: bool = False
    sheet: Path | None = None


def find_subjects(asked: Sequence[str], rated: RatedDesigns, folders: Sequence[Path]) -> list[Subject]:
    """Returns what is to be shown in the round.

    Args:
        asked: What a person typed: as for an end of a path, and ``lookbook`` or ``strip`` for all of it.
        rated: The designs.
        folders: Where sheets lie, the first choice first.

    Raises:
        InputError: There is no such thing, or there are too many.
    """
    subjects: list[Subject] = []
    for text in asked:
        spec = parse_endpoint(text)
        if isinstance(spec, Path) and spec.name in ALL and not spec.is_file():
            sheet = find_sheet("--round", Reference(text, (1,)), folders)
            count = len(np.load(sheet, allow_pickle=False))
            first = 1 if spec.name == LOOKBOOK else 0
            subjects += [_of_sheet(Reference(text, (first + number,)), folders) for number in range(count)]
        else:
            subjects.append(_find(text, spec, rated, folders))
    if len(subjects) > MOST_GARMENTS:
        raise InputError(
            _("--round: found {count} garments, expected {most} at most").format(
                count=len(subjects), most=MOST_GARMENTS
            )
        )
    return subjects


def _find(text: str, spec: EndpointSpec, rated: RatedDesigns, folders: Sequence[Path]) -> Subject:
    check_endpoint("--round", spec, len(rated.designs.latents), rated.photographs)
    if isinstance(spec, Reference):
        return _of_sheet(spec, folders)
    if isinstance(spec, tuple):
        if len(spec) == 1:
            picture = rated.folder / design_name(spec[0])
            known = picture if picture.is_file() else None
            return Subject(
                text, _("design {number}").format(number=text), known, rated.designs.latents[spec[0]].astype(np.float64)
            )
        middle = prior_preserving_mean(rated.designs.latents[list(spec)])
        return Subject(text, _("the middle of designs {numbers}").format(numbers=text), None, middle)
    if isinstance(spec, Named):
        rows = rated.photographs.find("--round", spec.of, spec.which)
        if len(rows) == 1:
            return Subject(text, text, rated.photographs.folder / rated.photographs.encodings.files[rows[0]])
        return Subject(
            text,
            _("the middle of {names}").format(names=text),
            None,
            prior_preserving_mean(rated.photographs.latents[list(rows)]),
        )
    return Subject(text, spec.name, spec, is_photograph=True)


def _of_sheet(reference: Reference, folders: Sequence[Path]) -> Subject:
    """Returns what a sheet shows under a number: its picture where there is one, drawn as it is seen there."""
    latent, name = resolve("--round", reference, folders)
    kind, picture, sheet = Path(reference.source).name, None, None
    if kind in (LOOKBOOK, STRIP, BOARD):
        sheet = find_sheet("--round", reference, folders)
    if sheet and (len(reference.numbers) == 1 or kind == BOARD):
        if kind == LOOKBOOK:
            picture = sheet.parent / f"lookbook/{reference.numbers[0]:02d}.png"
        else:
            rows = read_csv(sheet.with_name("steps.csv"), ("strip", "step", "picture"))
            place = tuple(map(str, reference.numbers if kind == BOARD else (0, *reference.numbers)))
            found = [row["picture"] for row in rows if (row["strip"], row["step"]) == place]
            picture = sheet.parent / found[0] if found else None
    return Subject(str(reference), name, picture if picture and picture.is_file() else None, latent, sheet=sheet)


def files_of(subjects: Sequence[Subject]) -> dict[str, Path]:
    """Returns the files that are read, by what they were asked for as."""
    pictures = {f"--round {subject.asked}": subject.picture for subject in subjects if subject.picture}
    return pictures | {f"--round {subject.sheet.name}": subject.sheet for subject in subjects if subject.sheet}


@dataclass(frozen=True)
class InTheRound:
    """Garments in the round, before they are written.

    Attributes:
        subjects: What was asked for, of each garment.
        garments: The garments.
        light: The same with fewer faces.
        refused: Why some could not be made, by what was asked for.
        bare: Whether dress forms are left out.
    """

    subjects: Sequence[Subject]
    garments: Sequence[Garment]
    light: Sequence[Garment]
    refused: Mapping[str, str]
    bare: bool

    @property
    def glb(self) -> str:
        """The name of the file with all of them."""
        return "garment.glb" if len(self.garments) == 1 else "rail.glb"

    @property
    def to_look_at(self) -> list[str]:
        """The names of the files to open."""
        return ["views.png", "turntable.mp4", self.glb, *(PATTERN[1:] if len(self.garments) == 1 else ())]

    @property
    def results(self) -> dict[str, Any]:
        """The part for ``summary.json``."""
        rows = [
            {"asked": subject.asked, "light": f"light/{number:02d}.glb", **describe(garment)}
            for number, (subject, garment) in enumerate(zip(self.subjects, self.garments, strict=True), 1)
        ]
        return {"round": rows, "refused": dict(self.refused), "glb": self.glb, "turntable": "turntable.gif"}

    @property
    def message(self) -> str:
        """What was made, in one or two sentences."""
        errors = [garment.front_error for garment in self.garments]
        if len(errors) == 1:
            seen = _("{name} in the round: seen from the front {error:.1f} grey levels from the picture").format(
                name=self.garments[0].name, error=errors[0]
            )
        else:
            seen = _(
                "{count} garments in the round: seen from the front {error:.1f} grey levels from the picture, on "
                "average; at most {most:.1f}"
            ).format(count=len(errors), error=np.mean(errors), most=max(errors))
        text = _("{seen}; how deep it is, its back and its size are guesses from one view").format(seen=seen)
        far = [garment.name for garment in self.garments if garment.front_error > MOST_ERROR]
        if far:
            text += _("; more than {most:.0f} grey levels, so look at it first: {names}").format(
                most=MOST_ERROR, names=", ".join(far)
            )
        for asked, reason in self.refused.items():
            text += _("; {asked} is left out: {reason}").format(asked=asked, reason=reason)
        return text

    def save(self, folder: Path, size: int, quiet: bool = True) -> list[str]:
        """Writes all but the results; returns the files' names. ``size`` has no effect."""
        count = len(self.garments)
        for old in (*folder.glob("light/*.glb"), *map(folder.joinpath, ("garment.glb", "rail.glb", *PATTERN))):
            old.unlink(missing_ok=True)
        side = LARGE if count == 1 else SMALL if count < 10 else TINY
        frames = progress_bar(
            turn(self.garments, side, self.bare), _("turn"), total=FRAMES, unit=_("frame"), quiet=quiet
        )
        turned = np.stack(list(frames))
        video.save_video(folder / "turntable.mp4", [*turned, *turned], MILLISECONDS)
        visualization.save_animation(folder / "turntable.gif", turned, MILLISECONDS, MILLISECONDS, back=False)
        save_png(folder / "views.png", draw_views(self.garments, VIEW_SIDE[count == 1], self.bare))
        gap = GAP + max(float(np.ptp(garment.mesh.vertices[:, 0])) for garment in self.garments) / 2
        write_bytes(folder / self.glb, to_glb(self.garments, gap, self.bare))
        names = ["turntable.mp4", "turntable.gif", "views.png", self.glb]
        if count == 1:
            sheet = lay_out(make_panels(self.garments[0].shape), self.garments[0].name)
            for name, content in zip(PATTERN, (to_svg(sheet), to_pdf(sheet)), strict=True):
                write_bytes(folder / name, content)
            names += PATTERN
        for row, garment in zip(self.results["round"], self.light, strict=True):
            write_bytes(folder / row["light"], to_glb([garment], gap, self.bare))
            names.append(row["light"])
        return names


def make_round(
    subjects: Sequence[Subject], render: Renderer, side: int, data: Path, bare: bool, quiet: bool
) -> InTheRound:
    """Makes garments in the round.

    Args:
        subjects: What to make.
        render: Draws designs.
        side: The side of the generator's pictures, in pixels.
        data: The data set, as whose pictures a photograph is cut out.
        bare: Whether to leave out dress forms.
        quiet: Whether to show no progress bar.

    Raises:
        InputError: A picture cannot be read, or none of them shows a garment.
    """
    made, refused = [], {}
    bar = progress_bar(subjects, _("in the round"), unit=_("garment"), quiet=quiet or len(subjects) == 1)
    for subject in bar:
        picture = _picture(subject, render, side, data)
        try:
            made.append((subject, make_garment(picture, subject.name), make_garment(picture, subject.name, light=True)))
        except InputError as error:
            refused[subject.asked] = str(error)
    if not made:
        asked, reason = next(iter(refused.items()))
        raise InputError(_("--round {asked}: {reason}; choose another design").format(asked=asked, reason=reason))
    return InTheRound(*zip(*made, strict=True), refused, bare)


def _picture(subject: Subject, render: Renderer, side: int, data: Path) -> np.ndarray:
    if subject.picture is None:
        return render(subject.latent[np.newaxis].astype(np.float32))[0]
    try:
        image = open_picture(subject.picture)
    except (PictureError, FileNotFoundError) as error:
        raise InputError(
            _("--round {asked}: {error}; expected the picture of a garment").format(
                asked=subject.asked, error=_(str(error))
            )
        ) from None
    if not subject.is_photograph or (image.width == image.height and has_plain_ground(np.asarray(image))):
        return np.asarray(image)
    from demicouture.interpolation.photo_input import read_photograph  # Imported here, for what looks for people.

    return read_photograph("--round", subject.picture, max(side, PHOTOGRAPH_SIDE), data)
