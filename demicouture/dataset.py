"""The two poles and their pictures: what training and the judge read from ``data/2-dataset``."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demicouture.commands import command
from demicouture.errors import InputError, PictureError
from demicouture.files import hash_files
from demicouture.images import WHITE, find_pictures, open_picture, to_square
from demicouture.language import _
from demicouture.progress import progress_bar

OUR_PICTURE = re.compile(r"[0-9a-f]{16}(-\d+)?\.png")
"""The names that preprocess.py gives. Other files in a pole's folder are somebody's own and are never removed."""

LONG_READ = 2000
"""From so many pictures on, reading takes a second or more, and shows it."""

EXAMPLES = TOP, OTHER = "top", "other"
"""In place of two poles: what preprocess.py learns from what a top is."""

SIZES = (32, 64, 128, 256, 512)
"""Sides that the networks' pattern reaches, in pixels: a first feature map of 16×16, doubled one to five times."""

WITHHELD = 10
"""One picture in so many is withheld from training, to measure by."""

FEWEST_WITHHELD = 50
"""Fewer say little; but of a small data set no more than one in :data:`MOST_WITHHELD`."""

MOST_WITHHELD = 4


@dataclass(frozen=True)
class Dataset:
    """The pictures of both poles.

    Attributes:
        pictures: uint8 (n, size, size, 3) in [0, 255], sorted by pole, then by file name; in memory, or a memory-mapped
            file.
        labels: int64 (n,); 0 for the first pole, 1 for the second.
        poles: The two poles' names, sorted: the first is the negative side.
        files: The n files, in the same order.
        sha256: One hash over the names and contents of all files.
    """

    pictures: np.ndarray
    labels: np.ndarray
    poles: tuple[str, str]
    files: tuple[Path, ...]
    sha256: str

    @property
    def names(self) -> tuple[str, ...]:
        """The files' names below the data set's folder, such as ``casual/0123456789abcdef.png``."""
        folder = os.path.commonpath(self.files)  # There are two poles, so it is the folder that holds them.
        return tuple(path.relative_to(folder).as_posix() for path in self.files)

    def choose_withheld(self, seed: int) -> np.ndarray:
        """Returns which pictures are withheld from training, bool (n,): of each pole the same share, chosen by seed.

        It is one in ten, but at least 50, and of a small data set at most one in four.
        """
        count = len(self.labels)
        share = max(1 / WITHHELD, min(FEWEST_WITHHELD / count, 1 / MOST_WITHHELD))
        rng = np.random.default_rng([seed, count])
        withheld = np.zeros(count, bool)
        for pole in (0, 1):
            mine = np.flatnonzero(self.labels == pole)
            # At least one of each pole is withheld, and one is left.
            withheld[rng.permutation(mine)[: min(max(round(share * len(mine)), 1), len(mine) - 1)]] = True
        return withheld


def find_poles(folder: Path, made_by: str) -> tuple[str, str]:
    """Returns the names of the two poles in ``folder``, sorted.

    Args:
        folder: A folder with exactly two sub-folders (hidden ones do not count).
        made_by: The command that makes such a folder, for the error message.

    Raises:
        InputError: The folder is missing, or does not hold exactly two sub-folders.
    """
    if folder.is_file():
        raise InputError(
            _("{folder}: a file, expected a folder with one sub-folder for each pole; give the folder").format(
                folder=folder
            )
        )
    if not folder.is_dir():
        raise InputError(
            _("{folder}: not found, expected a folder with one sub-folder for each pole; run: {made_by}").format(
                folder=folder, made_by=made_by
            )
        )
    poles = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if len(poles) != 2:
        found = (
            _("{count} sub-folders ({poles})").format(count=len(poles), poles=", ".join(poles))
            if poles
            else _("no sub-folder")
        )
        mend = _("run: {command}").format(command=made_by) if len(poles) < 2 else _("move the others away")
        raise InputError(
            _(
                "{folder}: found {found}, expected exactly two, one for each pole (casual and collection, say); {mend}"
            ).format(folder=folder, found=found, mend=mend)
        )
    return poles[0], poles[1]


def read_dataset(
    folder: Path,
    size: int | None = None,
    allocate: Callable[[tuple[int, ...]], np.ndarray] = lambda shape: np.empty(shape, np.uint8),
    quiet: bool = True,
) -> Dataset:
    """Reads a data set: two folders of pictures.

    Args:
        folder: The folder with the two poles.
        size: The side that every picture is reduced to, in pixels; None takes the first picture's.
        allocate: Gives the place for all pictures, uint8 of a shape (n, size, size, 3), in memory or on disk.
        quiet: Whether to show no progress bar.

    Raises:
        InputError: The folder is unfinished, a pole is missing or has fewer than two pictures, or a picture is damaged,
            smaller than ``size`` or not square.
    """
    made_by = command("preprocess.py")
    poles = find_poles(folder, made_by)
    if (folder / "options.json").exists() and not (folder / "summary.json").exists():
        raise InputError(
            _("{folder}: unfinished (no summary.json); run: {made_by}").format(folder=folder, made_by=made_by)
        )
    files: list[Path] = []
    labels: list[int] = []
    for label, pole in enumerate(poles):
        found = find_pictures(folder / pole)
        if len(found) < 2:
            raise InputError(
                _("{path}: found {found} pictures, expected at least 2; run: {made_by}").format(
                    path=folder / pole, found=len(found), made_by=made_by
                )
            )
        files += found
        labels += [label] * len(found)
    size = size or len(read_square(files[0], None))
    pictures = allocate((len(files), size, size, 3))
    bar = progress_bar(files, _("reading"), unit=_("picture"), quiet=quiet or len(files) < LONG_READ)
    for index, file in enumerate(bar):
        pictures[index] = read_square(file, size)
    return Dataset(pictures, np.array(labels), poles, tuple(files), hash_files(files, folder))


def read_square(file: Path, size: int | None) -> np.ndarray:
    """Returns a picture of a data set, uint8 (size, size, 3), reduced to ``size``; None takes it as it is.

    Raises:
        InputError: It is damaged, smaller than ``size`` or not square.
    """
    try:
        image = open_picture(file)
    except PictureError as error:
        raise InputError(
            _("{file}: {error}; remove it, or run: {command}").format(
                file=file, error=_(str(error)), command=command("preprocess.py")
            )
        ) from None
    size = size or image.width
    mend = ""
    if image.width != image.height:
        mend = _("remove it, or let preprocess.py cut it")
    elif image.width < size:
        again = command("preprocess.py", "--size", size, "--fresh")
        mend = _("run: {command}, or train with a smaller --size").format(command=again)
    if mend:
        raise InputError(
            _("{file}: found {width}×{height} pixels, expected a square of {size} or more; {mend}").format(
                file=file, width=image.width, height=image.height, size=size, mend=mend
            )
        )
    if image.width > size:
        image = to_square(image, (0, 0, *image.size), size, WHITE)
    return np.asarray(image)


def own_pictures(folder: Path) -> list[Path]:
    """Returns the pictures in a data set that preprocess.py made."""
    return [path for pole in _sub_folders(folder) for path in find_pictures(pole) if OUR_PICTURE.fullmatch(path.name)]


def refuse_strangers(folder: Path, source: Path) -> None:
    """Refuses pictures in a data set that preprocess.py did not make; training would take them in, unjudged.

    Args:
        folder: The data set.
        source: Where such a picture belongs.

    Raises:
        InputError: Such a picture is there.
    """
    for pole in _sub_folders(folder):
        for path in find_pictures(pole):
            if not (path.parent == pole and OUR_PICTURE.fullmatch(path.name)):
                raise InputError(
                    _("{path}: not made by preprocess.py; move it away (if you want it in, below {source})").format(
                        path=path, source=source
                    )
                )


def remove_leftovers(folder: Path, poles: Sequence[str], pictures: Iterable[str]) -> None:
    """Removes pictures that are no longer kept, and what is left of poles that have other names now.

    Args:
        folder: The data set.
        poles: The two poles.
        pictures: What stays, below ``folder``.

    Raises:
        InputError: A folder that is no pole holds somebody's own files.
    """
    pictures = set(pictures)
    for path in own_pictures(folder):
        if path.relative_to(folder).as_posix() not in pictures:
            path.unlink()
    for pole in _sub_folders(folder):
        if pole.name not in poles:
            try:
                pole.rmdir()
            except OSError:
                raise InputError(
                    _("{pole}: not a pole of the input, and not empty; move it away").format(pole=pole)
                ) from None


def _sub_folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_dir() and not path.name.startswith("."))
