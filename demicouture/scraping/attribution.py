"""Attribution: who made the pictures, and under which licence.

``attribution.csv`` is for programs, ``ATTRIBUTION.md`` for people. Both come out of the manifest,
for the pictures that are still there.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import Any

from demicouture.files import write_csv, write_text
from demicouture.scraping.manifest import FETCHED, Manifest

ATTRIBUTION_COLUMNS = (
    "file",
    "title",
    "creator",
    "licence",
    "licence_url",
    "page_url",
    "url",
    "pole",
    "query",
    "source",
)

ATTRIBUTION_FILES = ("attribution.csv", "ATTRIBUTION.md")

DRAWING_SOURCE = "wardrobe"
"""The source that has no one to name."""

FORMULA_SIGNS = ("=", "+", "-", "@")
"""By which a spreadsheet knows a formula."""

UNKNOWN = "Licence unknown"


def write_attribution(folder: Path, manifest: Manifest) -> None:
    """Writes both files into ``1-scraped``."""
    seen: set[str] = set()
    rows = []
    for line in manifest.read():
        if line["status"] == FETCHED and line["file"] not in seen and (folder / line["file"]).exists():
            seen.add(line["file"])
            rows.append({name: _one_line(line[name]) for name in ATTRIBUTION_COLUMNS})
    rows.sort(key=lambda row: row["file"])
    write_csv(
        folder / ATTRIBUTION_FILES[0],
        ATTRIBUTION_COLUMNS,
        ({name: _harmless(value) for name, value in row.items()} for row in rows),
    )
    write_text(folder / ATTRIBUTION_FILES[1], _page(rows))


def _page(rows: list[dict[str, Any]]) -> str:
    drawn = sum(row["source"] == DRAWING_SOURCE for row in rows)
    groups = defaultdict(list)
    for row in rows:
        if row["source"] != DRAWING_SOURCE:
            groups[row["licence"] or UNKNOWN, row["licence_url"]].append(row)
    text = ["# Attribution", ""]
    text.append(
        f"{len(rows):,} pictures. Of each that was found: its file, its title, who made it, the page that shows it, "
        "and the licence. The same, for programs, is in `attribution.csv`."
    )
    if drawn:
        text += ["", f"{drawn:,} of them were drawn by this software, and need no attribution (CC0-1.0)."]
    for (licence, address), mine in sorted(groups.items(), key=lambda group: (group[0][0] == UNKNOWN, group[0])):
        text += ["", f"## {_link(licence, address)}: {len(mine):,}", ""]
        if licence == UNKNOWN:
            text += ["The source did not say. Ask before you publish one of these, or what shows it.", ""]
        for row in mine:
            title, page = row["title"] or "untitled", row["page_url"] or row["url"]
            creator = _plain(row["creator"]) or "an unknown creator"
            text.append(f"- `{row['file'].replace('`', '')}`: {_link(title, page)}, by {creator} ({row['source']})")
    return "\n".join(text) + "\n"


def _one_line(value: str) -> str:
    """Returns a value from outside without line breaks and half characters, which a file could not hold."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", value).encode("utf-8", "replace").decode().strip()


def _harmless(value: str) -> str:
    """Returns a value so that no spreadsheet takes it for a formula; a Japanese one reads full-width signs as well."""
    return f"'{value}" if unicodedata.normalize("NFKC", value[:1]) in FORMULA_SIGNS else value


def _plain(text: str) -> str:
    """Returns text in which nothing is Markdown or HTML."""
    return re.sub(r"([\\`*_\[\]<>#|!~&])", r"\\\1", text)


def _link(text: str, address: str) -> str:
    if not re.match(r"(?i)https?://", address):
        return _plain(text)
    address = re.sub(r"[<>\\]", lambda match: f"%{ord(match[0]):02X}", address)
    return f"[{_plain(text)}](<{address}>)"
