"""Culling and trimming by eye: ``preprocess.py --review``.

A wall of all scraped pictures, and each picture in large with its square. Every choice goes into the person's own two
columns of decisions.csv; what preprocess.py would make of it is worked out beside it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Request, Response

from demicouture.commands import command
from demicouture.errors import InputError
from demicouture.language import _
from demicouture.magazine import words
from demicouture.preprocessing import decisions, image_features, review_folders
from demicouture.preprocessing.cropping import Box, find_fault, square_around
from demicouture.preprocessing.decisions import KEPT, KINDS, SIDES
from demicouture.preprocessing.overrides import YOUR_BOX, YOUR_COLUMNS, YOUR_DECISION, parse_box
from demicouture.preprocessing.records import DECISIONS, KEEP, UNUSABLE
from demicouture.review import pictures
from demicouture.review.background import Background
from demicouture.review.forecast import Fate, find_hashes, forecast, read_features
from demicouture.review.own_table import OwnTable
from demicouture.review.server import Route, read_request, send, send_page, send_picture
from demicouture.runs import read_options

COLUMNS = (
    *("file", "pole", "decision", "reason", "picture", "like", "style", "is_top", "width", "height"),
    *SIDES,
    *YOUR_COLUMNS,
)

OPTIONS = ("size", "count", "subject", "background", "on_review", "people", "seed")
"""Of preprocess.py, which the forecast and the crops depend on."""

OTHER = "other"
"""What the page asks for where a picture is of the other pole."""

MOST_ALIKE = 500
"""Pictures that are shown as being like one, the likest first."""


@dataclass(frozen=True)
class Folders:
    """Where everything lies.

    Attributes:
        scraped: data/1-scraped.
        dataset: data/2-dataset.
        examples: Examples of tops; None where there are none.
        models: BlazePose's models; None where they are not there.
    """

    scraped: Path
    dataset: Path
    examples: Path | None
    models: Path | None


class CullDesk:
    """What the page asks for, and what it tells."""

    def __init__(self, folders: Folders, poles: Sequence[str]) -> None:
        """Reads what preprocess.py made.

        Raises:
            InputError: It made nothing yet, or a file is damaged.
        """
        self.folders, self.poles = folders, tuple(poles)
        self.options = read_options(folders.dataset)["options"]
        if missing := [name for name in OPTIONS if name not in self.options]:
            raise InputError(
                _(
                    "{folder}: made by an older version (its options.json has no {missing}); to make it anew, run: "
                    "{command}"
                ).format(folder=folders.dataset, missing=missing[0], command=command("preprocess.py", "--fresh"))
            )
        self.table = OwnTable(folders.dataset / "decisions.csv", COLUMNS, YOUR_COLUMNS)
        self.review = review_folders.review_folder(folders.dataset)
        self._numbers: dict[str, int] = {}
        self._files: list[str] = []
        self._moved = 0  # How often pictures were found moved by hand.
        self._cropping = threading.Lock()  # BlazePose's interpreter does one thing at a time.
        self.fates: dict[str, Fate] = {}
        self.forecasts, self.fault, self.last = 0, "", (0, 0)
        self._load()
        self.forecaster = Background(forecast, self._take_forecast, self._take_fault)
        self._ask()

    def close(self) -> None:
        """Ends the forecasts."""
        self.forecaster.close()

    @property
    def edition(self) -> int:
        """Grows where a page has to load everything again."""
        return self.table.edition + self._moved

    @property
    def routes(self) -> list[Route]:
        """What is answered."""
        return [
            ("GET", "/", self.show),
            ("GET", "/entries", self.list_entries),
            ("GET", "/changes", self.list_changes),
            ("GET", "/thumbnail/<int:number>", self.show_thumbnail),
            ("GET", "/picture/<int:number>", self.show_picture),
            ("GET", "/alike/<int:number>", self.list_alike),
            ("GET", "/square/<int:number>", self.tell_square),
            ("GET", "/result/<int:number>", self.show_result),
            ("POST", "/choose", self.choose),
            ("POST", "/trim", self.trim),
            ("POST", "/undo", self.undo),
            ("POST", "/redo", self.redo),
        ]

    def _load(self) -> None:
        """Takes in a table that was written anew, and the folders for review."""
        self._loaded = self.table.edition
        for file in self.table.rows:
            if file not in self._numbers:  # A number stays a picture's for as long as the page is served.
                self._numbers[file] = len(self._files)
                self._files.append(file)
        self._moves = review_folders.read_moves(self.review)
        self._small = review_folders.find_small(self.review)[1]
        self.__dict__.pop("hashes", None)
        self.__dict__.pop("_descriptors", None)

    @cached_property
    def hashes(self) -> dict[str, str]:
        """The SHA-256 of each picture that can be looked at, by file."""
        return find_hashes(self.folders.dataset)

    def _refresh(self) -> None:
        """Takes over what others did to the table."""
        version = self.table.version
        self.table.refresh()
        anew = self._loaded != self.table.edition
        if anew:
            self._load()
        if anew or version != self.table.version:
            self._ask()

    def _path(self, number: int) -> Path:
        """Returns a scraped picture.

        Raises:
            NotFound: There is none of this number, or the table names a place outside of the folder.
        """
        if not (0 <= number < len(self._files) and pictures.lies_below(self._files[number])):
            raise NotFound
        return self.folders.scraped / self._files[number]

    # What the page shows.

    def show(self, request: Request) -> Response:
        """Sends the page."""
        return send_page("cull.html", poles=[words.pole(pole) for pole in self.poles])

    def list_entries(self, request: Request) -> Response:
        """Sends all that the wall shows but the pictures."""
        self._refresh()
        with self.table.lock:
            reasons: dict[str, int] = {}
            entries = [self._entry(file, row, reasons) for file, row in self.table.rows.items()]
            state = {"version": self.table.version, "edition": self.edition, "merges": len(self.table.merges)}
        return send(
            {
                **state,
                "poles": [(pole, *words.pole(pole)) for pole in self.poles],
                "count": self.options["count"],
                "size": self.options["size"],
                "reasons": [words.reason(reason) for reason in reasons],
                "entries": entries,
            }
        )

    def _entry(self, file: str, row: Mapping[str, str], reasons: dict[str, int]) -> list[Any]:
        return [
            self._numbers[file],
            file,
            self._pole(row["pole"]),
            KINDS.index(self._kind(row)),
            reasons.setdefault(row["reason"], len(reasons)),
            _share(row["style"]),
            _share(row["is_top"]),
            self._decision(file),
            row[YOUR_BOX],
            int(row["reason"] not in UNUSABLE),
            self._numbers.get(row["like"], -1),
        ]

    def _pole(self, pole: str) -> int:
        return self.poles.index(pole) if pole in self.poles else 0

    @staticmethod
    def _kind(row: Mapping[str, str]) -> str:
        """Returns what the last run made of a picture."""
        return next(kind for kind, found in decisions.sort_rows([row], row["pole"]).items() if found)

    def _decision(self, file: str) -> str:
        """Returns a person's decision: keep, drop, review, ``other`` for the other pole, or nothing."""
        text = self.table.field(file, YOUR_DECISION).strip()
        if not text and file in self._moves:
            return self._moves[file].now
        if text in self.poles:
            return KEEP if text == file.partition("/")[0] else OTHER
        return text.lower()

    def list_changes(self, request: Request) -> Response:
        """Sends what changed since the page last asked."""
        self._refresh()
        return self._changes(request)

    def _changes(self, request: Request, **more: Any) -> Response:
        version, edition, merges, forecasts = (
            request.args.get(name, -1, int) for name in ("version", "edition", "merges", "forecasts")
        )
        with self.table.lock:
            changed = self.table.changed_since(version)
            answer = {
                "version": self.table.version,
                "edition": self.edition,
                "merges": len(self.table.merges),
                # A page that is too far behind loads everything again.
                "anew": edition != self.edition or changed is None,
                "changed": [
                    (self._numbers[file], self._decision(file), self.table.field(file, YOUR_BOX))
                    for file in changed or ()
                    if file in self.table.rows
                ],
                "merged": [
                    {"taken": len(merge.taken), "kept": merge.kept, "anew": merge.anew}
                    for merge in self.table.merges[max(merges, 0) :]
                ],
                "undo": self.table.can_undo,
                "redo": self.table.can_redo,
                "pending": self.forecaster.pending,
            }
            if forecasts != self.forecasts > 0:
                answer["forecast"] = self._tell_forecast()
        return send(answer | more)

    def show_thumbnail(self, request: Request, number: int) -> Response:
        """Sends a picture for the wall."""
        path = self._path(number)
        # Of most pictures a small copy lies in the folders for review.
        content = pictures.thumbnail(self._small.get(self._files[number], path)) or pictures.thumbnail(path)
        if content is None:
            raise NotFound
        return send_picture(content)

    def show_picture(self, request: Request, number: int) -> Response:
        """Sends a picture in large."""
        content = pictures.large(self._path(number))
        if content is None:
            raise NotFound
        return send_picture(content)

    def list_alike(self, request: Request, number: int) -> Response:
        """Sends the numbers of the pictures that are most like one, by their descriptors."""
        self._path(number)
        files, descriptors = self._descriptors
        if self._files[number] not in files:
            raise NotFound
        mine = descriptors[files.index(self._files[number])].astype(np.float32)
        distances = ((descriptors.astype(np.float32) - mine) ** 2).sum(axis=1)
        nearest = np.argsort(distances, kind="stable")[:MOST_ALIKE]
        return send([self._numbers[files[index]] for index in nearest])

    @cached_property
    def _descriptors(self) -> tuple[list[str], np.ndarray]:
        known = read_features(self.folders.dataset)
        files = [file for file, sha256 in self.hashes.items() if known[sha256].descriptor_base64]
        if not files:
            raise NotFound
        return files, np.stack([known[self.hashes[file]].descriptor() for file in files])

    # What the person chooses.

    def choose(self, request: Request) -> Response:
        """Takes a person's decision on some pictures: keep, drop, review, ``other``, or nothing for the rules'."""
        numbers, decision = read_request(request, numbers=list, decision=str)
        if decision not in ("", OTHER, *DECISIONS):
            raise BadRequest
        files = [self._file(number) for number in numbers]
        with self.table.lock:
            if moved := {file: self._moves[file] for file in files if file in self._moves}:
                # A picture was moved by hand: from now on the table says so, and the later word can be undone.
                self.table.choose({file: {YOUR_DECISION: move.now} for file, move in moved.items()})
                review_folders.take_back(self.review, moved)
                self._moves = {file: move for file, move in self._moves.items() if file not in moved}
            wanted = {file: {YOUR_DECISION: self._word(file, decision)} for file in files}
            step = self.table.choose(wanted)
        return self._answer(request, step)

    def _file(self, number: Any) -> str:
        if not isinstance(number, int) or not 0 <= number < len(self._files):
            raise BadRequest
        return self._files[number]

    def _word(self, file: str, decision: str) -> str:
        """Returns what ``your_decision`` is to hold."""
        if decision != OTHER:
            return decision
        folder = file.partition("/")[0]
        # Once more the other one is the folder's own.
        return KEEP if self._decision(file) == OTHER else next(pole for pole in self.poles if pole != folder)

    def trim(self, request: Request) -> Response:
        """Takes a person's square for a picture; nothing gives it back to the rules."""
        number, text = read_request(request, number=int, box=str)
        file = self._file(number)
        if box := parse_box(text, file):
            self._refuse_fault(file, box)
        return self._answer(request, self.table.choose({file: {YOUR_BOX: text and " ".join(map(str, box))}}))

    def undo(self, request: Request) -> Response:
        """Undoes the last choice."""
        return self._answer(request, self.table.undo())

    def redo(self, request: Request) -> Response:
        """Does once more what was undone."""
        return self._answer(request, self.table.redo())

    def _answer(self, request: Request, step: Any) -> Response:
        if step and step.changes:
            self._ask()
        if self._loaded != self.table.edition:
            self._load()
        at = [self._numbers[change.key] for change in step.changes] if step else []
        return self._changes(request, at=at, passed_over=step.passed_over if step else 0)

    # The square.

    def tell_square(self, request: Request, number: int) -> Response:
        """Sends a picture's size, and its square by the rules and by the person."""
        self._path(number)
        file = self._files[number]
        row = self.table.rows.get(file)
        size = self._size(file)
        if row is None or size is None:
            raise NotFound
        features = read_features(self.folders.dataset).get(self.hashes.get(file, ""))
        # In the table the person's square stands in the place of the rule's, where there is one.
        rule = features.box_of(self.options["subject"]) if features else [int(row[side]) for side in SIDES]
        return send({"width": size[0], "height": size[1], "rule": rule, "box": parse_box(row[YOUR_BOX], file)})

    def _size(self, file: str) -> tuple[int, int] | None:
        """Returns a picture's width and height in pixels, as the table has them; None where nothing can be cut."""
        row = self.table.rows.get(file, {})
        if not all(row.get(name) for name in ("width", "height", *SIDES)):
            return None
        return int(row["width"]), int(row["height"])

    def show_result(self, request: Request, number: int) -> Response:
        """Sends what preprocess.py would cut out of a picture with a square."""
        path, file = self._path(number), self._files[number]
        size, box = self._size(file), parse_box(request.args.get("box", ""), file)
        if size is None or box is None or not path.exists():
            raise NotFound
        self._refuse_fault(file, box)
        plain = self.options["background"] == "plain"
        how = self.options["size"], plain, self.folders.models, self.options["subject"]
        task = image_features.Crop(path, "", *size, square_around(box), *how)
        with self._cropping:
            return send_picture(image_features.make_crop(task), "image/png")

    def _refuse_fault(self, file: str, box: Box) -> None:
        size = self._size(file)
        if size is None or find_fault(box, *size):
            raise BadRequest

    # What preprocess.py would do.

    def _ask(self) -> None:
        self.forecaster.ask(self.folders.dataset, self.folders.examples)

    def _look_for_moves(self) -> None:
        """Takes in what a person moved by hand meanwhile; a picture in two places is told as the forecast's fault."""
        try:
            moves = review_folders.read_moves(self.review)
        except InputError:
            return
        if moves != self._moves:
            self._moves = moves
            self._moved += 1

    def _take_forecast(self, found: Mapping[str, Fate]) -> None:
        with self.table.lock:
            self._look_for_moves()
            then, now = ({file for file, fate in fates.items() if fate.kind == KEPT} for fates in (self.fates, found))
            self.last = (len(now - then), len(then - now)) if self.fates else (0, 0)
            self.fates, self.fault = dict(found), ""
            self.forecasts += 1

    def _take_fault(self, fault: str) -> None:
        with self.table.lock:
            self._look_for_moves()
            self.fault = fault
            self.forecasts += 1

    def _tell_forecast(self) -> dict[str, Any]:
        if self.fault:
            return {"number": self.forecasts, "fault": self.fault}
        if not self.fates:
            return {"number": self.forecasts, "unknown": True}
        reasons: dict[str, int] = {}
        changes = []
        for file, fate in self.fates.items():
            row = self.table.rows.get(file)
            if row is not None and (self._kind(row), row["reason"]) != (fate.kind, fate.reason):
                like = self._numbers.get(fate.like, -1)
                reason = reasons.setdefault(fate.reason, len(reasons))
                changes.append((self._numbers[file], KINDS.index(fate.kind), reason, like))
        kept = {pole: 0 for pole in self.poles}
        for fate in self.fates.values():
            if fate.kind == KEPT and fate.pole in kept:
                kept[fate.pole] += 1
        return {
            "number": self.forecasts,
            "kept": list(kept.values()),
            "changes": changes,
            "reasons": [words.reason(reason) for reason in reasons],
            "last": self.last,
        }


def _share(text: str) -> float | None:
    """Returns a score as the page shows it; None where there is none."""
    try:
        return round(float(text), 3)
    except ValueError:
        return None
