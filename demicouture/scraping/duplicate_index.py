"""The index of near duplicates: finds, as a picture comes in, one of its pole that shows the same, in another size say.

``preprocess.py`` looks at all pictures together and drops what is the same. Here a picture is only marked, by the same
measure: a perceptual hash finds what may be the same, and of these the pictures themselves are compared.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from demicouture import near_duplicates
from demicouture.errors import PictureError
from demicouture.images import open_reduced

MOST_COMPARED = 8
"""Pictures within reach of the hash that are opened. Of different photographs 2 pairs in 100,000 are within reach."""

DECODED_SIDE = 128
"""Pixels of the shorter side that a picture is decoded at, where its format can do that for less work: twice as many
as the thumbnail is made from."""


class DuplicateIndex:
    """The perceptual hashes of one pole's pictures."""

    def __init__(self, folder: Path) -> None:
        """Makes an empty index.

        Args:
            folder: ``1-scraped``, which the pictures' names start from.
        """
        self._folder = folder
        self._files: list[str] = []
        self._hashes = np.empty((256, 3), np.uint64)

    def add(self, file: str, text: str) -> None:
        """Adds a picture by its hash, as :func:`hash_text` gives it."""
        if len(self._files) == len(self._hashes):
            self._hashes = np.concatenate([self._hashes, np.empty_like(self._hashes)])
        self._hashes[len(self._files)] = [int(text[start : start + 16], 16) for start in (0, 16, 32)]
        self._files.append(file)

    def find(self, thumbnail: np.ndarray, text: str) -> str:
        """Returns the file of a picture that shows the same, or nothing.

        Args:
            thumbnail: The picture's, as :func:`decode_thumbnail` gives it.
            text: Its hash.
        """
        wanted = np.array([int(text[start : start + 16], 16) for start in (0, 16, 32)], np.uint64)
        bits = np.bitwise_count(self._hashes[: len(self._files)] ^ wanted)  # uint8 (n, 3)
        total = bits.sum(axis=1, dtype=np.uint16)
        near = np.flatnonzero((bits[:, 0] <= near_duplicates.RELATED_LIGHT) & (total <= near_duplicates.RELATED))
        for index in near[np.argsort(total[near], kind="stable")][:MOST_COMPARED]:
            file = self._files[index]
            try:
                other = decode_thumbnail(self._folder / file)[0]
            except (PictureError, FileNotFoundError):
                continue  # A person deleted it, or wrote over it.
            if len(near_duplicates.find_near_duplicates(np.stack([other, thumbnail]))):
                return file
        return ""


def decode_thumbnail(picture: Path | bytes) -> tuple[np.ndarray, int, int]:
    """Decodes a picture completely, at reduced scale, and returns its thumbnail, and its width and height upright.

    Raises:
        PictureError: It cannot be decoded.
        FileNotFoundError: There is no such file.
    """
    found = open_reduced(picture, DECODED_SIDE)
    return near_duplicates.thumbnail(np.asarray(found.image)), found.width, found.height


def hash_text(thumbnail: np.ndarray) -> str:
    """Returns a thumbnail's perceptual hash as 48 hexadecimal digits."""
    return "".join(f"{int(word):016x}" for word in near_duplicates.perceptual_hash(thumbnail[np.newaxis])[0])
