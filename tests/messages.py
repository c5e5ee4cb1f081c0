"""Brings the Japanese of all messages up to date: ``make messages``.

Collects what is wrapped in ``_()``, ``N_()`` and ``ngettext()``, the paragraphs of the docstrings that ``--help``
shows, and argparse's own words into demicouture/locale/ja/LC_MESSAGES/demicouture.po, where a new message stands with
an empty text for a person to fill in; and compiles that file.
"""

from __future__ import annotations

import ast
import functools
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

HOUSE = Path(__file__).parent.parent
PO = HOUSE / "demicouture/locale/ja/LC_MESSAGES/demicouture.po"
MO = PO.with_suffix(".mo")
FORMS = {"_": 1, "N_": 1, "ngettext": 2}
"""What marks a message, and how many forms of it the English has."""

SOURCES = [
    *sorted(HOUSE.glob("*.py")),
    *sorted(path for path in (HOUSE / "demicouture").rglob("*.py") if "synthetic" not in path.parts),
]
"""Whose messages a person reads; the drawing of the demonstration's pictures has none."""

MANUALS = [*sorted(HOUSE.glob("*.py")), HOUSE / "demicouture/pretrained.py"]
"""Whose docstrings ``--help`` shows."""

ARGPARSE = (
    "usage: ",
    "positional arguments",
    "options",
    "show this help message and exit",
    "%(prog)s: error: %(message)s\n",
    "argument %(argument_name)s: %(message)s",
    "unrecognized arguments: %s",
    "the following arguments are required: %s",
    "ignored explicit argument %r",
    "expected one argument",
    "expected at most one argument",
    "expected at least one argument",
    ("expected %s argument", "expected %s arguments"),
    "invalid choice: %(value)r (choose from %(choices)s)",
    "invalid %(type)s value: %(value)r",
)
"""The words of its own that it says to a person; what it says to programmers stays English."""

HEADER = r"""# The Japanese of Demicouture's messages. `make messages` brings it up to date, and compiles it.
msgid ""
msgstr ""
"Language: ja\n"
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=1; plural=0;\n"

"""


@functools.cache
def parse(path: Path) -> ast.Module:
    """Returns a file's syntax tree."""
    return ast.parse(path.read_text("utf-8"))


def find_messages(path: Path) -> Iterator[str | tuple[str, str]]:
    """Yields the messages of a file: of one with a plural both forms."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORMS:
            forms = node.args[: FORMS[node.func.id]]
            if all(isinstance(form, ast.Constant) for form in forms):  # Else it is data, marked elsewhere.
                yield forms[0].value if len(forms) == 1 else tuple(form.value for form in forms)


@functools.cache
def collect() -> Catalog:
    """Returns the catalogue of all messages, without translations."""
    template = Catalog(charset="utf-8")
    for path in SOURCES:
        place = [(str(path.relative_to(HOUSE).as_posix()), None)]
        for message in find_messages(path):
            template.add(message, locations=place)
        if path in MANUALS:
            for paragraph in ast.get_docstring(parse(path), clean=False).strip().split("\n\n"):
                template.add(paragraph, locations=place)
    for message in ARGPARSE:
        template.add(message, locations=[("argparse", None)])
    return template


def read_translations() -> Catalog:
    """Returns the catalogue with its Japanese."""
    with open(PO, "rb") as file:
        return read_po(file, locale="ja")


def find_untranslated() -> list[str | tuple[str, str]]:
    """Returns the messages that have no Japanese."""
    known = {message.id: message.string for message in read_translations()}
    wanted = [message.id for message in collect() if message.id]
    return [message for message in wanted if not (text := known.get(message)) or not all(text)]


def compile_translations() -> bytes:
    """Returns what demicouture.mo has to hold."""
    compiled, catalog = io.BytesIO(), read_translations()
    catalog.creation_date = datetime(2000, 1, 1)  # Which is in it, too: the same file for the same messages.
    write_mo(compiled, catalog)
    return compiled.getvalue()


def main() -> None:
    """Brings both files up to date and prints what is left to do."""
    known = read_translations() if PO.exists() else Catalog(locale="ja", charset="utf-8")
    known.update(collect(), no_fuzzy_matching=True)
    written = io.BytesIO()
    write_po(written, known, width=100, omit_header=True, sort_by_file=True, include_lineno=False, ignore_obsolete=True)
    PO.write_bytes(HEADER.encode() + written.getvalue())
    MO.write_bytes(compile_translations())
    print(f"{PO}: {len(known)} messages, {len(find_untranslated())} without Japanese")


if __name__ == "__main__":
    main()
