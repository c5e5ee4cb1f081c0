"""A photograph of one's own, made ready as the data set's pictures were."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from demicouture import files, measuring, models
from demicouture.errors import InputError, PictureError
from demicouture.images import open_picture


def read_photograph(flag: str, path: Path, size: int, data: Path) -> np.ndarray:
    """Returns a photograph as the generator knows such pictures: cut out, on the data set's ground, and small.

    A square of the generator's own size is a picture of a data set, or a design, and is taken as it is.

    Args:
        flag: What asks for it, for messages.
        path: The file.
        size: The side of the generator's pictures, in pixels.
        data: The data set, whose ``options.json`` says whether grounds were taken away; the usual, where it does not.

    Returns:
        uint8 (size, size, 3) in [0, 255].

    Raises:
        InputError: The file is no picture that can be used.
    """
    try:
        whole = open_picture(path)
    except PictureError as error:
        raise InputError(f"{flag} {path}: {error}; expected a photograph, or numbers of designs") from None
    if whole.size == (size, size):
        return np.asarray(whole)
    found = models.find_models()
    measures = measuring.look(measuring.Task(path, found))
    cut = measuring.Cut(
        path, files.hash_file(path), measures.width, measures.height, measures.box, size, _is_plain(data), found
    )
    return np.asarray(open_picture(measuring.make_cut(cut)))


def _is_plain(data: Path) -> bool:
    if not (data / "options.json").exists():
        return True
    return files.read_options(data)["options"].get("ground") != "keep"
