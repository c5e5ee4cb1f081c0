"""The data set's photographs as endpoints: each by its number, with the code that the encoder gave it.

A photograph is called ``casual:123``: the 124th of its pole, in the order of file names; or ``casual:`` and its file's
name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from demicouture import visualization
from demicouture.boundary.hyperplane import Hyperplane
from demicouture.boundary.report import DESIGNS, PHOTOGRAPHS
from demicouture.commands import command
from demicouture.dcgan.encodings import RECORD, Encodings
from demicouture.errors import InputError, PictureError
from demicouture.images import WHITE, open_picture, to_square
from demicouture.language import _

BETTER = 0.5
"""The share of a pole's photographs, those that come back best from their codes, among which some are chosen."""

CLEAR = 0.5
"""The share of a pole's photographs, those farthest on its side of the plane, among which some are chosen."""

MOST_SHOWN = 600
"""Photographs on a sheet, as on those of preprocess.py."""

SHEET_COLUMNS = 24


@dataclass(frozen=True)
class Photographs:
    """The data set's photographs in latent space. A row is a photograph's place in ``encodings``.

    Attributes:
        encodings: Their codes.
        folder: The data set, in which their files lie.
        seed: Of all that is chosen among them.
    """

    encodings: Encodings
    folder: Path
    seed: int = 0

    @property
    def poles(self) -> tuple[str, str]:
        """The poles' names; the first is the negative side."""
        return self.encodings.poles

    @property
    def latents(self) -> np.ndarray:
        """The codes, float32 (n, latent_dim) in [-1, 1]."""
        return self.encodings.codes

    @cached_property
    def _numbers(self) -> np.ndarray:
        """Each row's number among its pole's, int (n,)."""
        labels = self.encodings.labels
        numbers = np.empty(len(labels), int)
        for pole in (0, 1):
            numbers[labels == pole] = np.arange((labels == pole).sum())
        return numbers

    @cached_property
    def _exists(self) -> np.ndarray:
        """Which photographs' files are there, bool (n,)."""
        return np.array([(self.folder / name).is_file() for name in self.encodings.files], bool)

    def name(self, row: int) -> str:
        """Returns what a photograph is called: ``casual:123``."""
        return f"{self.poles[self.encodings.labels[row]]}:{self._numbers[row]}"

    def find(self, flag: str, pole: str, which: str) -> tuple[int, ...]:
        """Returns the rows of photographs that a person named.

        Args:
            flag: Which flag named them, for messages.
            pole: A pole's name.
            which: Numbers with commas between, or a file's name, with its suffix or without.

        Raises:
            InputError: There is no such photograph, or one is named twice.
        """
        said = f"{flag} {pole}:{which}"
        if pole not in self.poles:
            expected = _(" or ").join(f"{known}:12" for known in self.poles)
            raise InputError(
                _("{said}: found no pole {pole}, expected a photograph such as {expected}").format(
                    said=said, pole=pole, expected=expected
                )
            )
        rows = np.flatnonzero(self.encodings.labels == self.poles.index(pole))
        stems = {self.encodings.files[row].partition("/")[2].rpartition(".")[0]: row for row in rows}
        stem = which.rpartition(".")[0] or which
        if stem in stems:
            return (int(stems[stem]),)
        words = which.split(",")
        if not all(word.isdecimal() and int(word) < len(rows) for word in words):
            raise InputError(
                _(
                    "{said}: found {count} photographs, expected a number from 0 to {last}, or a file's name in {path}"
                ).format(said=said, count=len(rows), last=len(rows) - 1, path=self.folder / pole)
            )
        numbers = [int(word) for word in words]
        if len(set(numbers)) < len(numbers):
            raise InputError(_("{said}: names a photograph twice, expected different ones").format(said=said))
        return tuple(int(rows[number]) for number in numbers)

    def picture(self, row: int, side: int) -> np.ndarray | None:
        """Returns a photograph as the generator's pictures are, uint8 (side, side, 3); None where its file is gone."""
        try:
            image = open_picture(self.folder / self.encodings.files[row])
        except (FileNotFoundError, PictureError):
            return None
        if image.size != (side, side):
            image = to_square(image, (0, 0, *image.size), side, WHITE)
        return np.asarray(image)

    def best(self, pole: int, plane: Hyperplane | None) -> list[int]:
        """Returns the rows of photographs to show: their codes give them back, and they are clearly of their pole.

        They belong to the better half of their pole by the error of what is rebuilt, and to the half that is farthest
        on their pole's side of the plane. Their order is drawn by the seed.

        Args:
            pole: 0 for the first pole, 1 for the second.
            plane: The hyperplane between the poles, or None.
        """
        rows = np.flatnonzero((self.encodings.labels == pole) & self._exists)
        if not len(rows):
            return []
        rows = np.random.default_rng([self.seed, pole]).permutation(rows)
        errors = self.encodings.errors[rows]
        is_better = errors <= np.quantile(errors, BETTER)
        if plane:
            margins = plane.signed_distance(self.latents[rows]) * (1 if pole else -1)
            # Where no photograph is both, the plane says nothing of these photographs.
            if (both := is_better & (margins > 0) & (margins >= np.quantile(margins, 1 - CLEAR))).any():
                is_better = both
        return rows[is_better].tolist()

    def sheets(self, side: int) -> dict[str, Image.Image]:
        """Returns both poles' photographs with their numbers, by file name; of very many some, evenly spread."""
        drawn = {}
        for pole, word in enumerate(self.poles):
            rows = np.flatnonzero((self.encodings.labels == pole) & self._exists)
            shown = rows[visualization.evenly_spread(len(rows), MOST_SHOWN)] if len(rows) else rows
            pictures = {row: picture for row in shown if (picture := self.picture(row, side)) is not None}
            if not pictures:
                continue
            counted = f"{len(pictures):,}"
            if len(pictures) < len(rows):
                counted = _("{shown:,} of {count:,}").format(shown=len(pictures), count=len(rows))
            title = _("{pole}: {counted} photographs; the first one is called {name}").format(
                pole=word, counted=counted, name=self.name(next(iter(pictures)))
            )
            captions = [str(self._numbers[row]) for row in pictures]
            drawn[f"photographs-{word}.png"] = visualization.grid(
                np.stack(list(pictures.values())), SHEET_COLUMNS, captions=captions, title=title
            )
        return drawn


def read_photographs(
    training: Path, data: Path, generator_sha256: str, seed: int, source: str | None
) -> tuple[Photographs | None, str]:
    """Returns the data set's photographs in latent space; or None, and why, where there is something to say.

    Args:
        training: The folder with ``encodings.npz``; where an encoder never was, there is nothing to say.
        data: The data set.
        generator_sha256: Of the generator, see :func:`demicouture.dcgan.inference.hash_generator`.
        seed: Of all that is chosen among them.
        source: What a person wants, of :data:`demicouture.boundary.report.SOURCES`; None takes photographs where they
            are.

    Raises:
        InputError: The codes are damaged; or photographs are wanted, and not there.
    """
    if source == DESIGNS:
        return None, ""
    photographs, reason = _find_photographs(training, data, generator_sha256, seed)
    if source == PHOTOGRAPHS and not photographs:
        missing = _("{path} not found; run: {command}").format(
            path=training / RECORD, command=command("train_dcgan.py")
        )
        raise InputError(
            _("--from {photographs}: found no photographs in latent space: {reason}").format(
                photographs=PHOTOGRAPHS, reason=reason or missing
            )
        )
    return photographs, reason


def _find_photographs(training: Path, data: Path, generator_sha256: str, seed: int) -> tuple[Photographs | None, str]:
    encodings = Encodings.load(training)
    if encodings is None:
        return None, ""
    if reason := encodings.describe_mismatch(training, generator_sha256):
        return None, reason
    photographs = Photographs(encodings, data, seed)
    if not all(photographs.best(pole, None) for pole in (0, 1)):
        return None, _("{data}: not the pictures of {path}, so photographs are left out; give --data").format(
            data=data, path=training / RECORD
        )
    return photographs, ""
