"""data/2-review/: the same decisions as folders, for a person who would rather move pictures than fill in a table.

    <pole>/keep/                 what is in the data set
    <pole>/drop/<reason>/        what is not
    <pole>/review/<reason>/      what waits for a person
    places.csv                   where the last run put each picture; not for a person to edit

Each scraped picture that can be looked at lies there once, as a small JPEG file. Moved from one of the three folders
to another, it says the same as ``your_decision``; which reason's folder it lies in does not matter. The folders
themselves are the record and are read by each run: as long as a picture lies elsewhere than where the rules had put it
(``moved_from`` in places.csv), it is the person's, whatever the rules come to say; moved back, it is the rules' again.
Whatever is moved, renamed or removed in there, the pictures themselves stay as they are in data/1-scraped.
"""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PIL import Image

from demicouture.commands import same_command
from demicouture.errors import InputError
from demicouture.files import PARTIAL_NAME, read_csv, write_bytes, write_csv
from demicouture.images import open_reduced
from demicouture.language import _
from demicouture.parallel import in_order
from demicouture.preprocessing.decisions import Row
from demicouture.preprocessing.overrides import Move
from demicouture.preprocessing.records import DECISIONS, KEEP, UNUSABLE, Scraped

SIDE = 256
"""The longer side of a picture for review, in pixels: enough to tell a garment, at some 10 kB."""

PLACES = "places.csv"
COLUMNS = ("name", "file", "place", "moved_from", "not_yet_out_of")
"""``moved_from``: keep, drop or review, out of which a person moved it. ``not_yet_out_of``: the one in which it lay
when the last run began to sort; empty once it has sorted, so that a run which is killed meanwhile leaves no picture
that looks as if a person had moved it."""

OUR_PICTURE = re.compile(r"[0-9a-f]{16}(-\d+)?\.jpg")
"""The names of our own pictures in there; others are somebody's own, and are left alone."""


def review_folder(dataset: Path) -> Path:
    """Returns where the pictures for review lie: ``data/2-review`` for ``data/2-dataset``."""
    return dataset.with_name("2-review" if dataset.name == "2-dataset" else f"{dataset.name}-review")


def read_moves(folder: Path) -> dict[str, Move]:
    """Returns the pictures that lie where a person moved them, by scraped file.

    Raises:
        InputError: ``places.csv`` is damaged, or a picture lies in places that say different things.
    """
    path = folder / PLACES
    rows = read_csv(path, COLUMNS[:3]) if path.exists() else []
    if rows and not set(COLUMNS) <= set(rows[0]):
        raise InputError(
            _("{path}: made by an older version; move {folder} away and run: {command}").format(
                path=path, folder=folder, command=same_command()
            )
        )
    found = _find(folder)
    moves = {}
    for row in rows:
        pole, placed, *_deeper = *row["place"].split("/"), ""
        if placed not in DECISIONS or row["moved_from"] not in ("", *DECISIONS):
            raise InputError(
                _("{path}: found the place {place!r}, expected a pole and a decision; remove the file").format(
                    path=path, place=row["place"]
                )
            )
        lies_in = {_decision_of(folder, path) for path in found.get((pole, row["name"]), ())}
        if row["not_yet_out_of"]:  # The last run was killed; what lies in the new place and in the old one is one.
            lies_in = {placed if decision == row["not_yet_out_of"] else decision for decision in lies_in}
        if len(lies_in) > 1:
            raise InputError(
                _("{path}: {name} lies in {lies_in}, expected it in one of them; remove the others").format(
                    path=folder / pole, name=row["name"], lies_in=_(" and in ").join(sorted(lies_in))
                )
            )
        now = lies_in.pop() if lies_in else placed
        origin = row["moved_from"] or placed
        if now != origin:
            moves[row["file"]] = Move(origin, now)
    return moves


def take_back(folder: Path, moves: Mapping[str, Move]) -> None:
    """Moves pictures back to where a person took them from, so that ``your_decision`` alone says what becomes of them.

    Args:
        folder: data/2-review.
        moves: What :func:`read_moves` found, of these pictures.
    """
    if not moves:
        return
    found = _find(folder)
    for place in read_csv(folder / PLACES, COLUMNS):
        if move := moves.get(place["file"]):
            home = place["place"] if _decision(place) == move.origin else f"{_pole(place)}/{move.origin}"
            for path in found.get((_pole(place), place["name"]), ()):
                (folder / home).mkdir(parents=True, exist_ok=True)
                path.replace(folder / home / place["name"])


def find_small(folder: Path) -> tuple[dict[str, str], dict[str, Path]]:
    """Returns the first 16 digits of each scraped picture's SHA-256, and where its small copy lies, both by file.

    Raises:
        InputError: ``places.csv`` is missing or damaged.
    """
    found = _find(folder)
    places = read_csv(folder / PLACES, COLUMNS)
    copies = {place["file"]: found.get((_pole(place), place["name"]), [None])[0] for place in places}
    return (
        {place["file"]: place["name"][:16] for place in places},
        {file: path for file, path in copies.items() if path},
    )


def is_there(folder: Path) -> bool:
    """Returns whether an earlier run sorted pictures into the folders."""
    return (folder / PLACES).exists()


def _find(folder: Path) -> dict[tuple[str, str], list[Path]]:
    """Returns where our pictures lie now, by pole and name."""
    found = defaultdict(list)
    for decision in DECISIONS:
        for path in sorted(folder.glob(f"*/{decision}/**/*.jpg")):
            if OUR_PICTURE.fullmatch(path.name):
                found[path.relative_to(folder).parts[0], path.name].append(path)
    return found


def _decision_of(folder: Path, path: Path) -> str:
    return path.relative_to(folder).parts[1]


def write_review(
    folder: Path,
    source: Path,
    pictures: Sequence[Scraped],
    rows: Sequence[Row],
    moves: Mapping[str, Move],
    progress: Callable,
) -> None:
    """Sorts all pictures that can be looked at into the folders of their decisions.

    Args:
        folder: data/2-review; it is made where it is missing.
        source: data/1-scraped.
        pictures: All scraped pictures.
        rows: All rows of decisions.csv.
        moves: The pictures that a person moved, by scraped file. Those whose scraped file is gone stay where they lie.
        progress: Shows how far it is: called with the results, a title and their number, it gives the results back.
    """
    for leftover in folder.rglob(".*"):
        if PARTIAL_NAME.fullmatch(leftover.name):  # half-written, by a run that was killed
            leftover.unlink()
    places = _places(folder, pictures, rows, moves)
    found = _find(folder)
    for place in places:
        lies_in = [_decision_of(folder, path) for path in found.get((_pole(place), place["name"]), ())]
        place["not_yet_out_of"] = next((decision for decision in lies_in if decision != _decision(place)), "")
    write_csv(folder / PLACES, COLUMNS, places)
    missing = []
    for place in places:
        target = folder / place["place"] / place["name"]
        here = found.pop((_pole(place), place["name"]), [])
        target.parent.mkdir(parents=True, exist_ok=True)
        if target not in here:
            if here:
                here.pop(0).replace(target)
            elif (source / place["file"]).exists():
                missing.append((source / place["file"], target))
        for path in here:
            if path != target:
                path.unlink()
    for paths in found.values():
        for path in paths:
            path.unlink()
    tasks = [path for path, _ in missing]
    for (_original, target), content in zip(
        missing, progress(in_order(encode_small, tasks), _("pictures to look at"), len(tasks)), strict=True
    ):
        write_bytes(target, content)
    for path in sorted(folder.glob("*/*/**/"), reverse=True):
        if not any(path.iterdir()):
            path.rmdir()
    for pole in {_pole(place) for place in places}:
        for decision in DECISIONS:  # So that there is always a folder to move a picture to.
            (folder / pole / decision).mkdir(parents=True, exist_ok=True)
    write_csv(folder / PLACES, COLUMNS, [place | {"not_yet_out_of": ""} for place in places])


def _pole(place: Mapping[str, str]) -> str:
    return place["place"].split("/")[0]


def _decision(place: Mapping[str, str]) -> str:
    return place["place"].split("/")[1]


def _places(
    folder: Path, pictures: Sequence[Scraped], rows: Sequence[Row], moves: Mapping[str, Move]
) -> list[dict[str, str]]:
    hashes = {picture.file: picture.sha256 for picture in pictures}
    places = [
        row
        for row in (read_csv(folder / PLACES, COLUMNS) if is_there(folder) else ())
        if row["file"] in moves and row["file"] not in hashes
    ]
    for place in places:
        place |= {"place": f"{_pole(place)}/{moves[place['file']].now}", "moved_from": moves[place["file"]].origin}
    taken = {(_pole(place), place["name"]) for place in places}
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
        moved_from = moves[row["file"]].origin if row["file"] in moves else ""
        places.append({"name": name, "file": row["file"], "place": place, "moved_from": moved_from})
    return places


def encode_small(path: Path) -> bytes:
    """Returns a picture as a small JPEG file."""
    image = open_reduced(path, SIDE).image
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    image.save(content, "JPEG", quality=85)
    return content.getvalue()
