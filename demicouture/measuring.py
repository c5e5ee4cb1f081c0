"""Looking into one scraped picture, in a worker process, and the log of what was found.

Each picture is decoded once for everything that needs its pixels: is it sound, how large is it, where is the garment,
and the cut itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from PIL import Image

from demicouture.cropping import OVERSAMPLING, Box, centre_box, cut, encode
from demicouture.errors import PictureError
from demicouture.files import write_text
from demicouture.images import open_reduced


@dataclass(frozen=True)
class Measures:
    """What was found by looking into a picture.

    Attributes:
        reason: Why it cannot be used, or nothing.
        width: Of the upright original in pixels; None where it cannot be used, like all that follow.
        height: Of the upright original in pixels.
        box: Where the garment is, by rule.
    """

    reason: str = ""
    width: int | None = None
    height: int | None = None
    box: Box | None = None


@dataclass(frozen=True)
class Task:
    """One picture to look into.

    Attributes:
        path: The file.
        sha256: Of its bytes.
        size: The side of the cut in pixels.
        picture: What the cut is called, below data/2-dataset; empty where none is wanted.
        box: A person's box; None takes the rule's.
    """

    path: Path
    sha256: str
    size: int
    picture: str = ""
    box: Box | None = None


def look(task: Task) -> tuple[Measures, bytes | None]:
    """Returns what is in a picture and, where one is wanted, the cut as a PNG file."""
    # A person's box may be any small part, so it needs the picture in full.
    shorter_side = None if task.picture and task.box else OVERSAMPLING * task.size if task.picture else 1
    try:
        found = open_reduced(task.path, shorter_side)
    except PictureError as error:
        return Measures(str(error)), None
    measures = Measures("", found.width, found.height, centre_box(found.width, found.height))
    if not task.picture:
        return measures, None
    box = task.box or measures.box
    return measures, encode(cut(found, box, task.size), task.sha256, box)


def look_at_tile(path_and_side: tuple[Path, int]) -> np.ndarray | None:
    """Returns the whole of a picture, fitted into a square tile for a contact sheet; None if there is nothing to see.

    Returns:
        uint8 (side, side, 3) in [0, 255].
    """
    path, side = path_and_side
    try:
        image = open_reduced(path, side).image
    except (PictureError, FileNotFoundError):
        return None
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    tile = Image.new("RGB", (side, side), (236, 236, 236))
    tile.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return np.asarray(tile)


def read_log(path: Path) -> dict[str, Measures]:
    """Returns what earlier runs found, by SHA-256.

    Lines that a killed run left unfinished, and lines of a version that measured other things, are passed over.
    """
    known: dict[str, Measures] = {}
    names = {field.name for field in fields(Measures)}
    for line in path.read_text("utf-8", errors="replace").splitlines() if path.exists() else ():
        try:
            values = json.loads(line)
            sha256 = values.pop("sha256")
            if set(values) == names:
                known[sha256] = Measures(**values | {"box": values["box"] and tuple(values["box"])})
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return known


def write_log(path: Path, known: Mapping[str, Measures]) -> None:
    """Writes the log of what is known anew, atomically and in the order of the hashes."""
    write_text(path, "".join(_to_line(sha256, known[sha256]) for sha256 in sorted(known)))


class Log:
    """The log of what was found, which grows line by line, so that a killed run loses no more than one picture."""

    def __init__(self, path: Path, known: dict[str, Measures]) -> None:
        """Opens the log.

        Args:
            path: The file, which is made where it is missing.
            known: What is in it already; what is added to the log is added here too.
        """
        self.known = known
        write_log(path, known)  # A killed run may have left the last line unfinished.
        self._file = open(path, "a", encoding="utf-8", buffering=1)

    def add(self, sha256: str, measures: Measures) -> None:
        """Adds what was found in one picture."""
        self.known[sha256] = measures
        self._file.write(_to_line(sha256, measures))

    def __enter__(self) -> Log:
        """Returns the log itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Closes the file."""
        self._file.close()


def _to_line(sha256: str, measures: Measures) -> str:
    return json.dumps({"sha256": sha256, **asdict(measures)}) + "\n"
