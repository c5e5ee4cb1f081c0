"""Latents in a file of a person's own: an array of NumPy's, or JSON as a web page saves it.

The JSON is ``{"latents": [[0.1, -0.5, …], …]}``: one list of 100 numbers for each design. Further names beside
``latents`` are for the page, and are passed over.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from demicouture.designs.designs import check_latents, read_latents
from demicouture.errors import InputError
from demicouture.files import parse_json, read_bounded
from demicouture.language import _
from demicouture.latents import LATENT_DIM

SUFFIXES = (".npy", ".json")

MOST_BYTES = 100_000_000
"""Of a JSON file: 40,000 designs with all their digits, which take several times as much memory while they are read."""


def is_latents_file(path: Path) -> bool:
    """Returns whether a path names latents and not a picture."""
    return path.suffix.lower() in SUFFIXES


def read_latents_file(flag: str, path: Path) -> np.ndarray:
    """Reads latents from a file that a person names.

    Args:
        flag: What asks for it, for messages.
        path: The file, ``.npy`` or ``.json``.

    Returns:
        float32 (n, 100) in [-1, 1], n at least 1.

    Raises:
        InputError: The file is missing, too large, or holds anything else.
    """
    name = f"{flag} {path}"
    if not is_latents_file(path):
        raise InputError(
            _("{name}: expected a file of latents, {suffixes}").format(name=name, suffixes=_(" or ").join(SUFFIXES))
        )
    if not path.is_file():
        raise InputError(_("{name}: not found, expected a file of latents").format(name=name))
    if path.suffix.lower() == ".npy":
        return read_latents(path, name, _("give another file")).astype(np.float32)
    return _read_json(name, path).astype(np.float32)


def _read_json(name: str, path: Path) -> np.ndarray:
    wanted = _('expected {{"latents": [[…], …]}} with {latent_dim} numbers in [-1, 1] for each design').format(
        latent_dim=LATENT_DIM
    )
    if (size := path.stat().st_size) > MOST_BYTES:
        raise InputError(
            _("{name}: {size:.0f} MB, expected {most:.0f} at most; save an array as .npy").format(
                name=name, size=size / 1e6, most=MOST_BYTES / 1e6
            )
        )
    try:
        # utf-8-sig: some editors put a byte order mark in front.
        record = parse_json(read_bounded(path, MOST_BYTES).decode("utf-8-sig"))
    except ValueError as error:
        raise InputError(
            _("{name}: not readable as JSON ({error}), {wanted}").format(name=name, error=error, wanted=wanted)
        ) from None
    rows = record.get("latents") if isinstance(record, dict) else None
    if not isinstance(rows, list) or not rows:
        raise InputError(_("{name}: found no list of latents, {wanted}").format(name=name, wanted=wanted))
    for number, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != LATENT_DIM:
            found = _("{count} numbers").format(count=len(row)) if isinstance(row, list) else f"{row!r:.40}"
            raise InputError(
                _("{name}: latent {number} is {found}, {wanted}").format(
                    name=name, number=number, found=found, wanted=wanted
                )
            )
        # JSON's true is no number, though it is one to Python.
        odd = [value for value in row if type(value) not in (int, float)]
        if odd:
            raise InputError(
                _("{name}: latent {number} holds {odd!r:.40}, {wanted}").format(
                    name=name, number=number, odd=odd[0], wanted=wanted
                )
            )
    try:
        latents = np.array(rows, np.float64)
    except OverflowError:  # A whole number of more than 300 digits.
        raise InputError(_("{name}: found numbers without end, {wanted}").format(name=name, wanted=wanted)) from None
    return check_latents(name, latents, wanted)
