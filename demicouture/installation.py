"""Imported first by each script: an interpreter that is too old, or lacks a package, is told in one line.

Written so that any Python 3 understands it, and so that it costs a script a few milliseconds.
"""

import os
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec

from demicouture.language import _, ngettext

HOUSE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

OLDEST = (3, 11)

MODULES = (
    "PIL bs4 cv2 filelock keras matplotlib matplotlib_fontja numpy pi_heif platformdirs protego requests sklearn "
    "threadpoolctl tqdm"
)
"""What every script may need of requirements.txt, by the names that are imported."""


def find_fault():
    """Returns what is wrong with the interpreter that is running, and what to do; "" where nothing is."""
    if sys.version_info < OLDEST:
        return _("found Python {found}, expected {oldest} or newer; run: {remedy}").format(
            found="{}.{}".format(*sys.version_info), oldest="{}.{}".format(*OLDEST), remedy=_find_remedy("python3.12")
        )
    missing = [name for name in MODULES.split() if find_spec(name) is None]
    if not missing:
        return ""
    return ngettext(
        "the package {names} is missing in {python}; run: {remedy}",
        "{count} packages ({names} …) are missing in {python}; run: {remedy}",
        len(missing),
    ).format(
        count=len(missing),
        names=", ".join(missing[:3]),
        python=sys.executable,
        remedy=_find_remedy(sys.executable),
    )


def _find_remedy(python):
    """Returns the command that helps: the same one with the checkout's own environment, or the one that makes that."""
    environment = os.path.join(HOUSE, ".venv")
    own = os.path.join(environment, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))
    if os.path.exists(own) and os.path.abspath(sys.prefix) != environment:
        return _quote(_from_here(own), *sys.argv)
    install = "-m", "pip", "install", "-r", _from_here(os.path.join(HOUSE, "requirements.txt"))
    if sys.prefix != sys.base_prefix:  # An environment of somebody's own is filled; a system's Python is left alone.
        return _quote(python, *install)
    if shutil.which("make"):
        return _quote("make", *([] if os.getcwd() == HOUSE else ["-C", _from_here(HOUSE)]), "set-up")
    make = _quote(python, "-m", "venv", _from_here(environment))
    return _("{first}, and then: {then}").format(first=make, then=_quote(_from_here(own), *install))


def _from_here(path):
    try:
        return min(path, os.path.relpath(path), key=len)
    except ValueError:  # on another of Windows' drives
        return path


def _quote(*words):
    return subprocess.list2cmdline(words) if os.name == "nt" else " ".join(map(shlex.quote, words))


fault = find_fault()
if fault:
    print(_("error: ") + fault, file=sys.stderr)
    sys.exit(1)
