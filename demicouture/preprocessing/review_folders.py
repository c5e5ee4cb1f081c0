"""data/2-review/: the same decisions as folders, for a person who would rather move pictures than edit a table.

    <pole>/keep/                 what is in the data set
    <pole>/drop/<reason>/        what is not
    <pole>/review/<reason>/      what waits for a person
    places.csv                   where the last run put each picture

Each scraped picture that can be looked at lies there once, as a small JPEG file. Moved from one of the three folders
to another, it says the same as an edit of ``decision``; which reason's folder it lies in does not matter. Whatever is
moved, renamed or removed in there, the pictures themselves stay as they are in data/1-scraped.
"""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from demicouture.errors import InputError
from demicouture.files import read_csv, write_bytes, write_csv
from demicouture.images import open_reduced
from demicouture.parallel import in_order
from demicouture.preprocessing.decisions import Row
from demicouture.preprocessing.selection import DECISIONS, KEEP, UNUSABLE, Scraped

SIDE = 256
"""The longer side of a picture for review, in pixels: enough to tell a garment, at some 10 kB."""

PLACES = "places.csv"
COLUMNS = ("name", "file", "place")

OUR_PICTURE = re.compile(r"[0-9a-f]{16}(-\d+)?\.jpg")
"""The names of our own pictures in there; others are somebody's own, and are left alone."""


def review_folder(dataset: Path) -> Path:
    """Returns where the pictures for review lie: ``data/2-review`` for ``data/2-dataset``."""
    return dataset.with_name("2-review" if dataset.name == "2-dataset" else f"{dataset.name}-review")


def read_moves(folder: Path) -> dict[str, tuple[str, str]]:
    """Returns what a person decided by moving pictures, by scraped file: the decision before, and the one now.

    Raises:
        InputError: ``places.csv`` is damaged, or a picture lies in places that say different things.
    """
    path = folder / PLACES
    places = read_csv(path, COLUMNS) if path.exists() else []
    found = _find(folder)
    moves = {}
    for row in places:
        pole, before, *_ = *row["place"].split("/"), ""
        if before not in DECISIONS:
            raise InputError(
                f"{path}: found the place {row['place']!r}, expected a pole and a decision; remove the file"
            )
        now = {path.relative_to(folder).parts[1] for path in found.get((pole, row["name"]), ())}
        if len(now) > 1:
            raise InputError(
                f"{folder / pole}: {row['name']} lies in {' and in '.join(sorted(now))}, expected it in one of them; "
                "remove the others"
            )
        if now and now != {before}:
            moves[row["file"]] = before, now.pop()
    return moves


def is_there(folder: Path) -> bool:
    """Returns whether an earlier run finished sorting pictures into the folders."""
    return (folder / PLACES).exists()


def _find(folder: Path) -> dict[tuple[str, str], list[Path]]:
    """Returns where our pictures lie now, by pole and name."""
    found = defaultdict(list)
    for decision in DECISIONS:
        for path in sorted(folder.glob(f"*/{decision}/**/*.jpg")):
            if OUR_PICTURE.fullmatch(path.name):
                found[path.relative_to(folder).parts[0], path.name].append(path)
    return found


def write_review(
    folder: Path, source: Path, pictures: Sequence[Scraped], rows: Sequence[Row], follow: Callable
) -> None:
    """Sorts all pictures that can be looked at into the folders of their decisions.

    Args:
        folder: data/2-review; it is made where it is missing.
        source: data/1-scraped.
        pictures: All scraped pictures.
        rows: All rows of decisions.csv.
        follow: Shows how far it is: called with the results, a title and their number, it gives the results back.
    """
    places = _places(pictures, rows)
    found = _find(folder)
    # Where places.csv is missing nobody's move can be read: so a run that is killed while it sorts says nothing wrong.
    (folder / PLACES).unlink(missing_ok=True)
    missing = []
    for place in places:
        target = folder / place["place"] / place["name"]
        here = found.pop((place["place"].split("/")[0], place["name"]), [])
        target.parent.mkdir(parents=True, exist_ok=True)
        if target not in here:
            if here:
                here.pop(0).replace(target)
            else:
                missing.append((source / place["file"], target))
        for path in here:
            if path != target:
                path.unlink()
    for paths in found.values():
        for path in paths:
            path.unlink()
    tasks = [path for path, _ in missing]
    for (_, target), content in zip(missing, follow(in_order(reduce, tasks), "review", len(tasks)), strict=True):
        write_bytes(target, content)
    for path in sorted(folder.glob("*/*/**/"), reverse=True):
        if not any(path.iterdir()):
            path.rmdir()
    for pole in {place["place"].split("/")[0] for place in places}:
        for decision in DECISIONS:  # So that there is always a folder to move a picture to.
            (folder / pole / decision).mkdir(parents=True, exist_ok=True)
    write_csv(folder / PLACES, COLUMNS, places)


def _places(pictures: Sequence[Scraped], rows: Sequence[Row]) -> list[dict[str, str]]:
    hashes = {picture.file: picture.sha256 for picture in pictures}
    places, taken = [], set()
    for row in rows:
        if row["file"] not in hashes or row["reason"] in UNUSABLE:
            continue
        name, number = f"{hashes[row['file']][:16]}.jpg", 1
        while (row["pole"], name) in taken:  # The same bytes from several queries.
            number += 1
            name = f"{hashes[row['file']][:16]}-{number}.jpg"
        taken.add((row["pole"], name))
        place = f"{row['pole']}/{row['decision']}"
        if row["decision"] != KEEP:
            # A colon, which "not judged: no models" has, is no letter of a file name on Windows.
            place += "/" + row["reason"].replace(":", "")
        places.append({"name": name, "file": row["file"], "place": place})
    return places


def reduce(path: Path) -> bytes:
    """Returns a picture as a small JPEG file."""
    image = open_reduced(path, SIDE).image
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    image.save(content, "JPEG", quality=85)
    return content.getvalue()
