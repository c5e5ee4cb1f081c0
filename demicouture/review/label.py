"""Labelling by eye: ``generate.py --review``.

Designs one after another, or as a wall. A label goes into ``your_label`` of labels.csv; or, for a further direction of
any two words, into a table of its own, which is the person's as a whole.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Request, Response

from demicouture.boundary.outputs import is_designs_plane
from demicouture.commands import command
from demicouture.dcgan import inference
from demicouture.designs import labels
from demicouture.designs.designs import NEITHER, design_name, full_name, read_latents
from demicouture.designs.pictures import DesignPictures
from demicouture.errors import InputError, PictureError
from demicouture.files import read_csv, read_record
from demicouture.images import open_picture
from demicouture.language import _
from demicouture.magazine import words
from demicouture.review.background import Background
from demicouture.review.own_table import OwnTable, Step
from demicouture.review.plane import PlaneFinder
from demicouture.review.server import Route, read_request, send, send_page, send_picture
from demicouture.review.suggestions import order_designs

DIRECTION_NAME = re.compile(r"[\w-]{1,60}")
"""What a direction may be called, because files are."""

OUR_TABLES = ("labels", "designs")
"""Of outputs/4-generated; no direction may be called so."""

NEW_ORDER_AFTER = 10
"""Labels, after which the designs are put into a new order: as many as one gives in a quarter of a minute."""


class LabelDesk:
    """What the page asks for, and what it tells."""

    def __init__(self, home: Path, generated: Path, training: Path, seed: int) -> None:
        """Reads what generate.py made.

        Args:
            home: The folder that holds ``outputs/``.
            generated: outputs/4-generated.
            training: outputs/3-training, with the generator, which only pictures need that are not saved.
            seed: Decides the folds of the plane that says which designs are the most instructive.

        Raises:
            InputError: It made nothing yet, or a file is damaged.
        """
        self.folder, self.seed = generated, seed
        options = read_record(generated / "options.json", "options")["options"]
        if not {"pictures", "generator_sha256"} <= set(options):
            raise InputError(
                _(
                    "{folder}: made by an older version (its options.json has no {missing}); to make it anew, run: "
                    "{command}"
                ).format(folder=generated, missing="pictures", command=command("generate.py", "--fresh"))
            )
        latents = read_latents(generated / "latents.npy")
        generator = training / "generator.keras"
        self.pictures = DesignPictures(generated, latents, options["pictures"], generator)
        self.count, self.fault = len(latents), ""
        self._numbers = {design_name(number): number for number in range(self.count)}
        if not generator.is_file() or inference.hash_generator(generator) != options["generator_sha256"]:
            self.count = self.pictures.saved
            self.fault = _(
                "{generator}: not the generator of these designs, so only the {count} saved ones are shown"
            ).format(generator=generator, count=self.count)
        found = read_record(generated / "summary.json", "results")["results"].get("poles") or ()
        self.poles = tuple(found) if len(found) == 2 else ("casual", "collection")
        self.tables = {"": OwnTable(generated / "labels.csv", labels.COLUMNS, ["your_label"], name=full_name)}
        self.words = {"": self.poles}
        for path in sorted(generated.glob("*.csv")):
            if path.stem not in OUR_TABLES and DIRECTION_NAME.fullmatch(path.stem):
                self._open_direction(path)
        self._rendered: dict[int, bytes] = {}
        self._rendering = threading.Lock()
        self.orders = {direction: (0, list(range(self.count))) for direction in self.tables}
        self._ordered_at: dict[str, int] = {}
        self.planes = PlaneFinder(home, training)
        if self.count > self.pictures.saved:  # Keras takes some seconds to start: by then the first labels are given.
            threading.Thread(target=self._load_generator, daemon=True).start()
        self.background = Background(order_designs, self._take_order, lambda fault: None)
        self._ask_order("")

    def close(self) -> None:
        """Ends what runs beside."""
        self.background.close()
        self.planes.close()

    @property
    def routes(self) -> list[Route]:
        """What is answered."""
        return [
            ("GET", "/", self.show),
            ("GET", "/entries", self.list_entries),
            ("GET", "/changes", self.list_changes),
            ("GET", "/picture/<int:number>", self.show_picture),
            ("GET", "/guess/<int:number>", self.tell_guess),
            ("GET", "/guesses", self.list_guesses),
            ("GET", "/agreement", self.tell_agreement),
            ("GET", "/walk", self.show_walk),
            ("POST", "/label", self.label),
            ("POST", "/direction", self.add_direction),
            ("POST", "/plane", self.find_plane),
            ("POST", "/undo", self.undo),
            ("POST", "/redo", self.redo),
        ]

    # Directions.

    def _open_direction(self, path: Path, two: Sequence[str] = ()) -> None:
        """Takes in a further direction's table; what is no such table is left alone."""
        try:
            table = OwnTable(path, ["design", "label"], ["label"], name=full_name, grows=True)
        except InputError:
            return
        used = sorted({row["label"].strip() for row in table.rows.values()} - {"", NEITHER})
        if "your_label" in next(iter(table.rows.values()), {}) or not (two or len(used) == 2):
            return
        self.tables[path.stem], self.words[path.stem] = table, tuple(two or used)

    def _direction(self, request: Request) -> str:
        direction = request.args.get("direction", "")
        if direction not in self.tables:
            raise NotFound
        return direction

    def _labels_file(self, direction: str) -> Path | None:
        return self.tables[direction].path if direction else None

    def add_direction(self, request: Request) -> Response:
        """Begins a further direction, with two words of the person's."""
        name, first, second = (text.strip() for text in read_request(request, name=str, first=str, second=str))
        path = self.folder / f"{name}.csv"
        if not DIRECTION_NAME.fullmatch(name) or name.lower() in OUR_TABLES or is_designs_plane(name):
            raise InputError(
                _("found the name {name!r}, expected another one of letters, digits, - and _").format(name=name)
            )
        if not (first and second) or first == second or NEITHER in (first.casefold(), second.casefold()):
            raise InputError(
                _("found the words {first!r} and {second!r}, expected two that differ, and not {neither!r}").format(
                    first=first, second=second, neither=NEITHER
                )
            )
        if any(len(word) > 60 or not word.isprintable() for word in (first, second)):
            raise InputError(_("found a word of over 60 letters, expected two short ones"))
        if name not in self.tables:
            if path.exists():
                used = {row["label"].strip() for row in read_csv(path, ["design", "label"])} - {"", NEITHER}
                if used - {first, second}:
                    raise InputError(
                        _("{path}: has the labels {used}; take another name, or these").format(
                            path=path, used=", ".join(sorted(used))
                        )
                    )
            self._open_direction(path, (first, second))
            self.orders[name] = 0, list(range(self.count))
        return send({"directions": self._directions()})

    def _directions(self) -> list[list[Any]]:
        return [[name, *map(words.pole, two), *two] for name, two in self.words.items()]

    # What the page shows.

    def show(self, request: Request) -> Response:
        """Sends the page."""
        return send_page("label.html")

    def list_entries(self, request: Request) -> Response:
        """Sends everything about the designs but their pictures and the classifier's guesses."""
        direction = self._direction(request)
        table = self.tables[direction]
        with table.lock:
            table.refresh()
            entries = [self._label(direction, number) for number in range(self.count)]
            state = {"version": table.version, "edition": table.edition, "merges": len(table.merges)}
        self._ask_order(direction)
        return send(state | {"directions": self._directions(), "labels": entries, "fault": self.fault})

    def _label(self, direction: str, number: int) -> str:
        table = self.tables[direction]
        text = table.field(design_name(number), table.own[0]).strip()
        return NEITHER if text.casefold() == NEITHER else text

    def list_changes(self, request: Request) -> Response:
        """Sends what changed since the page last asked."""
        direction = self._direction(request)
        self.tables[direction].refresh()
        return self._changes(request, direction)

    def _changes(self, request: Request, direction: str, **more: Any) -> Response:
        version, edition, merges, orders = (
            request.args.get(name, -1, int) for name in ("version", "edition", "merges", "forecasts")
        )
        table = self.tables[direction]
        with table.lock:
            if table.version - self._ordered_at.get(direction, 0) >= NEW_ORDER_AFTER:
                self._ask_order(direction)
            changed = table.changed_since(version)
            numbers = [self._numbers[name] for name in changed or () if name in self._numbers]
            answer = {
                "version": table.version,
                "edition": table.edition,
                "merges": len(table.merges),
                "anew": edition != table.edition or changed is None,
                "changed": [(number, self._label(direction, number)) for number in numbers if number < self.count],
                "merged": [
                    {"taken": len(merge.taken), "kept": merge.kept, "anew": merge.anew}
                    for merge in table.merges[max(merges, 0) :]
                ],
                "undo": table.can_undo,
                "redo": table.can_redo,
                "plane": self._tell_plane(direction),
            }
            number, order = self.orders[direction]
            if orders != number:
                answer["forecast"] = {"number": number, "order": order}
        return send(answer | more)

    def show_picture(self, request: Request, number: int) -> Response:
        """Sends a design, to the pixel."""
        if not 0 <= number < self.count:
            raise NotFound
        if number < self.pictures.saved and not self.pictures.missing:
            return send_picture(_encode(self.pictures.read([number])[0]), "image/png")
        with self._rendering:  # Keras does one thing at a time.
            if number not in self._rendered:
                self._render(number)
            return send_picture(self._rendered[number], "image/png")

    def _load_generator(self) -> None:
        with self._rendering:
            self.pictures.load_generator()

    def _render(self, number: int) -> None:
        """Renders a design, and those along with it that will be looked at next, for that takes no longer."""
        order = next(order for _, order in reversed(self.orders.values()))
        numbers = [number]
        numbers += [n for n in order if n >= self.pictures.saved and n not in self._rendered and n != number]
        numbers = numbers[: inference.CHUNK]
        for index, pixels in zip(numbers, self.pictures.read(numbers), strict=True):
            self._rendered[index] = _encode(pixels)

    # The classifier's guesses, for those who ask.

    def tell_guess(self, request: Request, number: int) -> Response:
        """Sends what the classifier says of one design."""
        if not 0 <= number < self.count:
            raise NotFound
        return send(self._guess(number))

    def list_guesses(self, request: Request) -> Response:
        """Sends what the classifier says of all designs."""
        return send([self._guess(number) for number in range(self.count)])

    def _guess(self, number: int) -> tuple[str, float | None]:
        row = self.tables[""].rows.get(design_name(number), {"label": "", "score": ""})
        score = row["score"].strip()
        return row["label"], round(float(score.replace(",", ".")), 3) if score else None

    def tell_agreement(self, request: Request) -> Response:
        """Sends how often classifier and person agree; ``agreement`` is null where there are too few labels."""
        table = self.tables[""]
        with table.lock:
            rows = list(table.rows.values())
            found = labels.measure_agreement(rows)
            given = sum(labels.is_yours(row) and bool(labels.label_of(row)) for row in rows)
        return send({"agreement": found, "given": given, "enough": labels.ENOUGH})

    # What the person says.

    def label(self, request: Request) -> Response:
        """Takes a label for some designs: 0 and 1 for the two words, 2 for neither, -1 to take it away."""
        direction = self._direction(request)
        numbers, which = read_request(request, numbers=list, label=int)
        if which not in (-1, 0, 1, 2) or not all(isinstance(n, int) and 0 <= n < self.count for n in numbers):
            raise BadRequest
        text = (*self.words[direction], NEITHER, "")[which]
        table = self.tables[direction]
        step = table.choose({design_name(number): {table.own[0]: text} for number in numbers})
        return self._answer(request, direction, step)

    def undo(self, request: Request) -> Response:
        """Undoes the last label."""
        direction = self._direction(request)
        return self._answer(request, direction, self.tables[direction].undo())

    def redo(self, request: Request) -> Response:
        """Does once more what was undone."""
        direction = self._direction(request)
        return self._answer(request, direction, self.tables[direction].redo())

    def _answer(self, request: Request, direction: str, step: Step | None) -> Response:
        at = [self._numbers[change.key] for change in step.changes if change.key in self._numbers] if step else []
        return self._changes(request, direction, at=at, passed_over=step.passed_over if step else 0)

    # What follows from it.

    def _ask_order(self, direction: str) -> None:
        self._ordered_at[direction] = self.tables[direction].version
        self.background.ask(direction, self.folder, self._labels_file(direction), self.seed)

    def _take_order(self, found: tuple[str, list[int]]) -> None:
        direction, order = found
        number, _ = self.orders.pop(direction)
        # The direction that was asked for last stands last.
        self.orders[direction] = number + 1, [index for index in order if index < self.count]

    def find_plane(self, request: Request) -> Response:
        """Runs latent_svm.py on the labels so far."""
        direction = self._direction(request)
        if self.planes.is_running:
            raise InputError(_("latent_svm.py is running already; wait for its end"))
        self.planes.start(direction, self._labels_file(direction))
        return self._changes(request, direction, at=[], passed_over=0)

    def _tell_plane(self, direction: str) -> dict[str, Any] | None:
        run = self.planes.runs.get(direction)
        if run is None:
            return None
        picture = self.planes.picture(direction)
        return {"state": run.state, "lines": run.lines, "walk": str(picture.stat().st_mtime_ns if picture else 0)}

    def show_walk(self, request: Request) -> Response:
        """Sends the picture of the walk across the plane that was found, or else of both labelled sets."""
        picture = self.planes.picture(self._direction(request))
        try:
            return send_picture(_encode(np.asarray(open_picture(picture))), "image/png")
        except (AttributeError, OSError, PictureError):
            raise NotFound from None


def _encode(pixels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG", compress_level=3)
    return content.getvalue()


def check_made(generated: Path) -> None:
    """Refuses a folder in which nothing is finished that could be labelled.

    Raises:
        InputError: There are no designs, or the run that makes them is unfinished.
    """
    if not (generated / "summary.json").exists():
        wanted = _("found no finished designs, expected some to label; run: {command}").format(
            command=command("generate.py")
        )
        raise InputError(f"{generated}: {wanted}")
