"""Writes ``outputs/index.html``: the page of all that lies in a home, in one file that can be mailed."""

from __future__ import annotations

from pathlib import Path

from demicouture.commands import FOLDERS
from demicouture.files import write_text

PAGE = "outputs/index.html"
"""Below the home."""


def publish(home: Path, changed: Path) -> Path | None:
    """Writes a home's page anew after one of its folders has changed, and returns it.

    Args:
        home: The folder that holds ``data/`` and ``outputs/``.
        changed: The folder that a script has written. Where it is none of the home's own, the page does not show it,
            is left as it is, and None is returned.
    """
    own = {(home / place).resolve() for place in FOLDERS.values()}
    own_name = (home / FOLDERS["6-interpolation"]).resolve().name
    changed = changed.resolve()
    # What interpolate.py makes with other flags lies beside its folder.
    beside = changed.parent == (home / "outputs").resolve() and changed.name.startswith(own_name)
    if not (changed in own or beside):
        return None
    # Imported here: six scripts import this module, and only their ends need a template.
    from demicouture.magazine.page import render

    write_text(home / PAGE, render(home))
    return home / PAGE
