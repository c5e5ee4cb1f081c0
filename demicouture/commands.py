"""The commands that messages name: each works when it is pasted into the shell in which the script is running.

It has the interpreter that is running, the script's path from the current folder, ``--home`` and the folders that were
given on the command line, and quotes what the shell would take apart.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent
"""The checkout: the folder that holds the scripts and ``data/queries.csv``."""

FOLDERS = {
    "1-scraped": "data/1-scraped",
    "2-dataset": "data/2-dataset",
    "3-training": "outputs/3-training",
    "4-generated": "outputs/4-generated",
    "5-boundary": "outputs/5-boundary",
    "6-interpolation": "outputs/6-interpolation",
}
"""The chain of folders below ``--home``, by the names that scripts, docs and messages use."""

FOLDER_FLAGS = {
    "mine.py": {},
    "scrape.py": {"output": "1-scraped"},
    "preprocess.py": {"input": "1-scraped", "output": "2-dataset"},
    "train_dcgan.py": {"input": "2-dataset", "output": "3-training"},
    "generate.py": {"input": "3-training", "data": "2-dataset", "output": "4-generated"},
    "latent_svm.py": {
        "input": "4-generated",
        "training": "3-training",
        "data": "2-dataset",
        "output": "5-boundary",
    },
    "interpolate.py": {
        "input": "4-generated",
        "training": "3-training",
        "boundary": "5-boundary",
        "data": "2-dataset",
        "output": "6-interpolation",
    },
}
"""Of each script, which flag names which folder of the chain."""


@dataclass(frozen=True)
class Running:
    """What the command line of the running script says.

    Attributes:
        script: The script's file name; "" where none of the scripts is running.
        home: What ``--home`` names.
        given: The folders of the chain that it names, by their keys in :data:`FOLDERS`.
        words: All its words after the script's name.
    """

    script: str = ""
    home: Path = Path(".")
    given: Mapping[str, Path] = field(default_factory=dict)
    words: Sequence[str] = ()


_running = Running()


def remember(running: Running) -> None:
    """Remembers the running script's command line, so that the commands it names work on the same folders."""
    global _running
    _running = running


def give(key: str, path: Path) -> None:
    """Remembers a folder of the chain that the command line did not name, but that follows from it."""
    remember(replace(_running, given={**_running.given, key: path}))


def command(script: str, *words: object, without: Collection[str] = ()) -> str:
    """Returns the command that runs a script, on the folders on which the running script works.

    Where its output folder was made before, the flags of then are in it: with others the script would refuse.

    Args:
        script: The script's file name.
        words: What to add: flags and their values.
        without: The keys of folders that are left at their defaults, whatever the command line names.
    """
    return quote([interpreter(), script_path(script), *arguments(script, *words, without=without)])


def arguments(script: str, *words: object, without: Collection[str] = ()) -> list[str]:
    """Returns what follows the script's name in the command that :func:`command` returns, word by word."""
    home, given = _running.home, {key: path for key, path in _running.given.items() if key not in without}
    found = [] if home == Path(".") else ["--home", str(home)]
    for flag, key in FOLDER_FLAGS.get(script, {}).items():
        if key in given:
            found += [f"--{flag}", str(given[key])]
    for flag, *values in flags_of_before(script, without):
        if flag not in words:
            found += [flag, *values]
    return [*found, *map(str, words)]


def flags_of_before(script: str, without: Collection[str] = ()) -> list[list[str]]:
    """Returns the flags with which a script's output folder was made, each with its values; none where it is new."""
    key = FOLDER_FLAGS.get(script, {}).get("output", "")
    if not key or not _running.script:  # Where no script is running, no folder is meant.
        return []
    given = None if key in without else _running.given.get(key)
    return recorded_flags(given or _running.home / FOLDERS[key], script) or []


def recorded_flags(folder: Path, script: str) -> list[list[str]] | None:
    """Returns the flags with which a script made a folder, each with its values; None where no record says so."""
    try:
        record = json.loads((folder / "options.json").read_text("utf-8"))
        flags = record["flags"] if record["script"] == script else None
        are_words = all(group and all(isinstance(word, str) for word in group) for group in flags or ())
        return flags if are_words and isinstance(flags, list) else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None  # What is wrong with the folder, its script says.


def same_command() -> str:
    """Returns the command that is running, to be run again; never with ``--fresh``."""
    if not _running.script:
        return fetch_models()  # The one thing else that is run from a shell.
    words = [word for word in _running.words if word != "--fresh"]
    return quote([interpreter(), script_path(_running.script), *words])


def typed_flags(names: Collection[str]) -> list[list[str]]:
    """Returns those of the running script's flags that decide its result, each with its values.

    Args:
        names: The options by their names in Python.
    """
    groups: list[list[str]] = []
    for word in _running.words:
        if word.startswith("--"):
            groups.append(word.split("=", 1))
        elif groups:
            groups[-1].append(word)
    return [group for group in groups if group[0].removeprefix("--").removeprefix("no-").replace("-", "_") in names]


def fetch_models() -> str:
    """Returns the command that fetches the networks which find people and judge pictures."""
    if Path.cwd() == HOUSE:
        return quote([interpreter(), "-m", "demicouture.pretrained"])
    return quote([interpreter(), script_path("demicouture")])


def pip_install(*words: str) -> str:
    """Returns the command that installs packages for the interpreter that is running."""
    return quote([interpreter(), "-m", "pip", "install", *words])


def in_help(text: str) -> str:
    """Returns a help text in which the commands that begin with ``python`` are those to paste."""

    def replace(found: re.Match) -> str:
        return fetch_models() if found[1].startswith("-m") else quote([interpreter(), script_path(found[1])])

    return re.sub(r"\bpython (\w+\.py|-m demicouture\.pretrained)\b", replace, text)


def interpreter() -> str:
    """Returns how to call the interpreter that is running: as it was typed, where that calls it here."""
    for typed in (sys.orig_argv[0], "python", "python3"):
        if (found := shutil.which(typed)) and _is_running(found):
            return typed
    return path_from_here(Path(sys.executable))


def _is_running(program: str) -> bool:
    # A virtual environment's interpreter is often a link to another one's, so its folder has to be the same as well.
    program, running = os.path.abspath(program), os.path.abspath(sys.executable)
    in_one_folder = os.path.normcase(os.path.dirname(program)) == os.path.normcase(os.path.dirname(running))
    return in_one_folder and os.path.samefile(program, running)


def script_path(script: str) -> str:
    """Returns the path of one of the scripts: beside the one that is running, as that was typed."""
    folder, name = os.path.split(sys.argv[0])
    return os.path.join(folder, script) if name in FOLDER_FLAGS else path_from_here(HOUSE / script)


def path_from_here(path: Path) -> str:
    """Returns a path as short as it can be written in the current folder."""
    try:
        return min(str(path), os.path.relpath(path), key=len)
    except ValueError:  # on another of Windows' drives
        return str(path)


def quote(words: list[str]) -> str:
    """Returns a command line as the system's shell reads it."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
