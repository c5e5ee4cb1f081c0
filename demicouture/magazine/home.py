"""A home as the page reads it: folders that may be missing, unfinished, older than each other, or damaged.

The page is made of what is there. A file that cannot be read is left out, for it is the scripts' work to say so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from demicouture.commands import FOLDERS
from demicouture.dcgan.encodings import Encodings
from demicouture.errors import DemicoutureError
from demicouture.files import read_csv, read_record
from demicouture.images import find_pictures
from demicouture.magazine import inlining, words
from demicouture.magazine.words import Text

Found = TypeVar("Found")

PHOTOGRAPH = re.compile(r"(?P<pole>.+):(?P<number>\d+)")
"""What interpolate.py calls a photograph of the data set."""

DESIGN = re.compile(r"design-\d+\.png")
"""What it calls a design."""


def or_none(read: Callable[[], Found]) -> Found | None:
    """Returns what was read; None where a file is missing, damaged, or a person's own."""
    try:
        return read()
    except (DemicoutureError, OSError, KeyError, IndexError, TypeError, ValueError, AttributeError):
        return None


class Home:
    """A home's folders, and what several chapters ask of them."""

    def __init__(self, path: Path) -> None:
        """``path`` holds ``data/`` and ``outputs/``."""
        self.path = path
        folders = {key: path / place for key, place in FOLDERS.items()}
        self.scraped, self.dataset = folders["1-scraped"], folders["2-dataset"]
        self.training, self.designs = folders["3-training"], folders["4-generated"]
        self.boundary, self.interpolation = folders["5-boundary"], folders["6-interpolation"]

    def summary(self, folder: Path) -> dict[str, Any] | None:
        """Returns a finished run's ``summary.json``; None where the run is unfinished."""
        return or_none(lambda: read_record(folder / "summary.json", "options", "inputs", "results"))

    def options(self, folder: Path) -> dict[str, Any] | None:
        """Returns the options that a run was begun with; None where it was not."""
        return or_none(lambda: dict(read_record(folder / "options.json", "options")["options"]))

    @cached_property
    def generator_sha256(self) -> str | None:
        """The hash of the weights of the generator that training ended with; None while there is none."""
        summary = self.summary(self.training)
        return summary and summary["results"].get("generator_weights_sha256")

    def is_of_this_generator(self, folder: Path) -> bool:
        """Returns whether a finished folder was made with the generator of today's training."""
        summary = self.summary(folder)
        made_with = summary and summary["inputs"].get("generator.keras")
        return bool(summary) and (self.generator_sha256 is None or made_with in (None, self.generator_sha256))

    @cached_property
    def decisions(self) -> list[dict[str, str]]:
        """The rows of ``decisions.csv``."""
        columns = ("file", "pole", "decision", "reason", "picture")
        return or_none(lambda: read_csv(self.dataset / "decisions.csv", columns)) or []

    @cached_property
    def _scraped_files(self) -> dict[str, str]:
        """The scraped file of each picture of the data set, by the names of both."""
        return {row["picture"]: row["file"] for row in self.decisions if row["picture"]}

    @cached_property
    def attribution(self) -> dict[str, dict[str, str]]:
        """The rows of ``attribution.csv`` by their file."""
        columns = ("file", "title", "creator", "licence", "licence_url", "page_url", "source")
        rows = or_none(lambda: read_csv(self.scraped / "attribution.csv", columns)) or []
        return {row["file"]: row for row in rows}

    @cached_property
    def credited(self) -> list[dict[str, str]]:
        """The attribution of each picture of the data set that has one."""
        files = sorted(self._scraped_files.values())
        return [self.attribution[file] for file in files if file in self.attribution]

    @cached_property
    def noun(self) -> str:
        """What the data set holds, of :data:`demicouture.magazine.words.PICTURES`."""
        drawn = {row["source"] == "wardrobe" for row in self.credited}
        whole = len(self.credited) == len(self._scraped_files) > 0
        return "picture" if not whole or len(drawn) > 1 else "drawing" if drawn == {True} else "photograph"

    @cached_property
    def poles(self) -> tuple[str, str] | None:
        """The two poles' names, the negative side first."""
        for folder in (self.training, self.designs):
            summary = self.summary(folder)
            poles = summary and summary["results"].get("poles")
            if isinstance(poles, list) and len(poles) == 2:
                return str(poles[0]), str(poles[1])
        found = sorted({row["pole"] for row in self.decisions})
        return (found[0], found[1]) if len(found) == 2 else None

    def describe(self, picture: str) -> Text:
        """Returns what a picture of the data set shows, by its name below the data set: "a cardigan"."""
        parts = Path(self._scraped_files.get(picture, "")).parts
        named = words.garment(parts[1]) if len(parts) == 3 else None
        return named or words.one_of(picture.partition("/")[0])

    @cached_property
    def _photographs(self) -> dict[str, list[str]]:
        """The data set's pictures of each pole in the order in which interpolate.py numbers them."""
        encodings = or_none(lambda: Encodings.load(self.training))
        if encodings:
            names = np.array(encodings.files)
            return {pole: names[encodings.labels == label].tolist() for label, pole in enumerate(encodings.poles)}
        found = {pole: find_pictures(self.dataset / pole) for pole in self.poles or ()}
        return {pole: [f"{pole}/{path.name}" for path in paths] for pole, paths in found.items()}

    def end(self, name: str) -> dict[str, Any] | None:
        """Returns one end of a path, by the name that interpolate.py gave it: its picture, and what it is.

        Returns:
            ``picture``, a ``data:`` address or None; ``words``, what it is. None where the name says nothing here.
        """
        if found := PHOTOGRAPH.fullmatch(name):
            names = self._photographs.get(found["pole"], [])
            if int(found["number"]) >= len(names):
                return None
            picture = names[int(found["number"])]
            return {"picture": inlining.small(self.dataset / picture), "words": self.describe(picture)}
        if DESIGN.fullmatch(name):
            label = words.pole(self.labels.get(name, ""))
            named = (f"a {label[0]} design".replace("  ", " "), f"{label[1]}のデザイン".removeprefix("の"))
            return {"picture": inlining.exact(self.designs / name), "words": named}
        return None

    @cached_property
    def labels(self) -> dict[str, str]:
        """The label that counts of each design, by its file's name."""
        rows = or_none(lambda: read_csv(self.designs / "labels.csv", ("design", "label", "your_label"))) or []
        return {row["design"]: row["your_label"] or row["label"] for row in rows}

    @cached_property
    def quality(self) -> dict[str, Any] | None:
        """What is known of the generator's quality; None where it was not judged."""
        summary = self.summary(self.training) or self.summary(self.designs)
        quality = summary and summary["results"].get("quality")
        return quality if isinstance(quality, dict) and "progress" in quality else None
