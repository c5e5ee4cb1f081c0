"""The commands that made a home's folders, from the flags that these record.

The page may be sent: whoever works in another home adds ``--home``, and nothing is said of this machine's folders.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath

from demicouture.commands import FOLDER_FLAGS, FOLDERS, HOUSE, quote, recorded_flags
from demicouture.files import read_record
from demicouture.magazine.home import or_none


def command(home: Path, script: str, *words: str) -> str | None:
    """Returns ``python SCRIPT`` with the flags with which its folder was made; None where nothing says which.

    Args:
        home: The folder that holds ``data/`` and ``outputs/``.
        script: The script's file name.
        words: A flag and its values, in place of what the folder has of it.
    """
    folder = home / FOLDERS[FOLDER_FLAGS[script]["output"]]
    flags = recorded_flags(folder, script)
    if script == "scrape.py":  # Its folder goes on with whatever source: only the last run can be told.
        flags = or_none(lambda: read_record(folder / "summary.json", "results")["results"]["flags"])
    if not isinstance(flags, list):  # An earlier version recorded none, or else.
        return None
    return or_none(lambda: quote(["python", script, *_portable(flags, home, words[:1]), *words]))


def _portable(flags: list[list[str]], home: Path, without: tuple[str, ...]) -> list[str]:
    """Returns the words of all flags but those ``without``; what names a folder or an address is left out."""
    words = []
    for flag, *values in flags:
        if flag not in without and not any("://" in value or os.path.isdir(value) for value in values):
            words += [flag, *(_without_folder(value, home) for value in values)]
    return words


def _without_folder(value: str, home: Path) -> str:
    """Returns a file's place in the home, or else in the checkout, or else its name; other values as they are."""
    if not re.search(r"[/\\]", value):
        return value
    file = Path(re.sub(r":[\d,]+$", "", value))  # kept.json:3 is a row of a file.
    for base in (home.resolve(), HOUSE):
        if file.exists() and file.resolve().is_relative_to(base):
            return file.resolve().relative_to(base).as_posix() + value.removeprefix(str(file))
    return PurePath(value.replace("\\", "/")).name
