"""What the page shows in the round: the lookbook's garments, and rails of others."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image, ImageSequence

from demicouture.files import hash_file
from demicouture.interpolation.references import BOARD, LOOKBOOK, STRIP
from demicouture.magazine import inlining
from demicouture.magazine.home import Home, or_none

MOST_RAILS = 4
"""Of a person's own rails, the newest."""

MOST_BYTES = 600_000
"""Of one garment's light file; what is larger was not made by interpolate.py."""

TURNTABLE_WIDTH, TURNTABLE_QUALITY = 900, 60
"""Of the animation that stands in where a browser has no WebGL, in pixels, and WebP's."""


def gather(home: Home) -> dict[str, Any]:
    """Returns all that turns.

    Returns:
        ``files``: by its name on the page each garment's file, in base64; ``book``: which of them each garment of the
        lookbook is, by its number; ``rails``: of each what hangs on it, its animation, and how far its fronts are from
        their pictures.
    """
    files: dict[str, str] = {}
    book: dict[int, str] = {}
    rails = []
    folder = home.interpolation
    found = [path.parent for path in folder.parent.glob(f"{folder.name}*/summary.json")]
    found.sort(key=lambda path: (path / "summary.json").stat().st_mtime_ns, reverse=True)
    for place in found:
        summary = home.summary(place)
        rows = summary and summary["results"].get("round")
        if not isinstance(rows, list) or not home.is_of_this_generator(place):
            continue
        hung = or_none(lambda place=place, rows=rows: [_read(place, row) for row in rows])
        if not hung or not or_none(lambda summary=summary: _is_current(summary, folder)):
            continue
        of_book = [row["asked"].partition(":") for row in rows]
        is_book = all(name == LOOKBOOK and number.isdecimal() for name, _, number in of_book)
        if not is_book and len(rails) == MOST_RAILS:
            continue
        names = [f"glb-{len(files) + number}" for number in range(len(hung))]
        files |= dict(zip(names, hung, strict=True))
        if is_book:
            book = {int(row[2]): name for row, name in zip(of_book, names, strict=True)} | book
            continue
        rails.append(
            {
                "names": names,
                "captions": [str(row["name"]) for row in rows],
                "is_way": all(row["asked"].startswith(f"{STRIP}:") for row in rows) and len(rows) > 2,
                "animation": or_none(lambda place=place: _animation(place / "turntable.gif")),
                "error": max(float(row["front_error_grey_levels"]) for row in rows),
            }
        )
    return {"files": files, "book": book, "rails": rails}


def _is_current(summary: dict[str, Any], folder: Path) -> bool:
    """Returns whether the sheets that garments were named on are still those that lie there."""
    inputs = summary["inputs"]
    for sheet in (LOOKBOOK, STRIP, BOARD):
        known = [value for name, value in inputs.items() if name == f"--round {sheet}.npy"]
        if known and (folder / f"{sheet}.npy").is_file() and hash_file(folder / f"{sheet}.npy") != known[0]:
            return False
    return True


def _read(folder: Path, row: dict[str, Any]) -> str:
    file = (folder / row["light"]).resolve()
    if folder.resolve() not in file.parents or file.stat().st_size > MOST_BYTES:
        raise ValueError(f"{file}: not a garment's light file")
    content = file.read_bytes()
    if content[:4] != b"glTF":
        raise ValueError(f"{file}: not a GLB file")
    return inlining.to_base64(content)


def _animation(path: Path) -> str:
    """Returns a turntable as an animated WebP picture, in a ``data:`` address."""
    frames = []
    with Image.open(path) as opened:
        milliseconds = opened.info.get("duration", 80)
        for frame in ImageSequence.Iterator(opened):
            image = frame.convert("RGB")
            image.thumbnail((TURNTABLE_WIDTH, TURNTABLE_WIDTH))
            frames.append(image)
    content = io.BytesIO()
    how = {"quality": TURNTABLE_QUALITY, "method": 2, "duration": milliseconds, "loop": 0}
    frames[0].save(content, "WEBP", save_all=True, append_images=frames[1:], **how)
    return inlining.data_address("image/webp", content.getvalue())
