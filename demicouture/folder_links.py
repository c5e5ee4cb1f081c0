"""Links to folders, on every system: what they hold is read where it lies, and nothing is copied."""

from __future__ import annotations

import os
from pathlib import Path

from demicouture.errors import InputError
from demicouture.language import _


def link_folder(folder: Path, place: Path) -> Path:
    """Makes a link to a folder, under the folder's own name, and returns it; one that is there already stays.

    Args:
        folder: What is linked.
        place: The folder in which the link is put; it is made where it is missing.

    Raises:
        InputError: Something else of that name is there, or the system makes no link.
    """
    target = Path(os.path.abspath(folder))
    place.mkdir(parents=True, exist_ok=True)
    number = 1
    while (link := place / f"{target.name or 'photographs'}{f'-{number}' if number > 1 else ''}").exists():
        if os.path.samefile(link, target):
            return link
        number += 1  # Two folders of one name, from different places.
    if link.is_symlink():  # Its folder is gone; the person has moved it, and says so by this one.
        link.unlink()
    try:
        os.symlink(target, link, target_is_directory=True)
    except OSError as error:
        if os.name != "nt":
            raise InputError(
                _("{link}: cannot be made ({strerror}); copy the folder there").format(
                    link=link, strerror=error.strerror
                )
            ) from None
        _make_junction(target, link)
    return link


def _make_junction(target: Path, link: Path) -> None:
    """Makes Windows' other link to a folder, for which no rights are needed."""
    import _winapi  # What Python itself makes junctions with; it has no public name yet.

    try:
        _winapi.CreateJunction(str(target), str(link))
    except OSError as error:  # To a network drive, say.
        raise InputError(
            _("{link}: cannot be made ({strerror}); copy the folder there").format(link=link, strerror=error.strerror)
        ) from None
