"""The steps of preprocess.py, from scraped pictures to the data set: find, extract features, decide, crop, write.

Each takes plain values and folders. ``progress`` shows how far a step is: called with the results, a title and their
number, it gives the results back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from demicouture import dataset, files, parallel, pretrained
from demicouture.commands import command, same_command
from demicouture.errors import InputError
from demicouture.images import describe_kinds, search_pictures
from demicouture.language import _
from demicouture.preprocessing import (
    contact_sheets,
    cropping,
    decisions,
    image_features,
    overrides,
    review_folders,
    selection,
    top_classifier,
)
from demicouture.preprocessing.image_features import ImageFeatures
from demicouture.preprocessing.overrides import Move, Override
from demicouture.preprocessing.records import Scraped
from demicouture.preprocessing.rules import Rules
from demicouture.runs import RunFolder

Examples = Mapping[str, tuple[Path, bool]]
"""Of tops and other things: the path of each and whether it is a top, by SHA-256."""


@dataclass(frozen=True)
class Edits:
    """Everything that a person decided in an output folder, as it was when it was read.

    Attributes:
        table: decisions.csv.
        review: The folder in which pictures can be moved.
        table_sha256: The table's hash; None where there is none yet.
        moves: The pictures that a person moved, by scraped file.
        overrides: What a person decided by either means, by scraped file.
    """

    table: Path
    review: Path
    table_sha256: str | None
    moves: dict[str, Move]
    overrides: dict[str, Override]

    def refuse_changes(self) -> None:
        """Refuses to go on where a person edited something after it was read.

        Raises:
            InputError: The table or a picture's place has changed.
        """
        if _hash_if_there(self.table) != self.table_sha256 or review_folders.read_moves(self.review) != self.moves:
            raise InputError(
                _("{table}: edited while preprocess.py was at work; to take that in, run: {command}").format(
                    table=self.table, command=same_command()
                )
            )


def read_edits(output: Path) -> Edits:
    """Returns what a person decided in an output folder and in the folder for review beside it."""
    table, review = output / "decisions.csv", review_folders.review_folder(output)
    table_sha256, moves = _hash_if_there(table), review_folders.read_moves(review)
    return Edits(table, review, table_sha256, moves, overrides.read_overrides(table, moves))


def find_scraped(folder: Path, poles: Sequence[str]) -> tuple[list[str], dict[str, int]]:
    """Returns the pictures of both poles, as paths below ``folder``, sorted, and how many other files lie there.

    The other files are counted by kind, see :func:`demicouture.images.search_pictures`.

    Raises:
        InputError: A pole holds fewer than two pictures, or a file's name is not UTF-8.
    """
    found, others = [], Counter()
    for pole in poles:
        pictures, passed_over = search_pictures(folder / pole)
        if len(pictures) < 2:
            also = _(" and {kinds}").format(kinds=describe_kinds(passed_over)) if passed_over else ""
            mend = (
                _("add some as JPEG, PNG or HEIC files")
                if passed_over
                else _("run: {command}").format(command=command("scrape.py"))
            )
            raise InputError(
                _("{path}: {count} pictures{also}, expected at least 2 pictures; {mend}").format(
                    path=folder / pole, count=len(pictures), also=also, mend=mend
                )
            )
        found += [path.relative_to(folder).as_posix() for path in pictures]
        others.update(passed_over)
    for file in found:
        try:
            file.encode()
        except UnicodeEncodeError:
            raise InputError(
                _("{folder}: found the file name {file!a}, expected UTF-8; rename the file").format(
                    folder=folder, file=file
                )
            ) from None
    return sorted(found), dict(others.most_common())


def hash_scraped(folder: Path, found: Sequence[str], progress: Callable) -> list[Scraped]:
    """Returns the pictures with the hashes of their bytes, in the same order."""

    def describe(file: str) -> Scraped:
        pole, query = file.partition("/")[0], file.rpartition("/")[0]
        return Scraped(file, pole, query, files.hash_file(folder / file))

    # Hashing waits for the disk and runs outside Python's lock, so threads do.
    with ThreadPoolExecutor(2 * parallel.cores()) as pool:
        return list(progress(pool.map(describe, found), _("reading"), len(found)))


def hash_inputs(
    pictures: Sequence[Scraped], examples: Examples, edits: Edits, models: Path | None
) -> dict[str, str | None]:
    """Returns the hashes of all that decides the data set, by what it is; None for what is not there."""
    labels = sorted((sha256, is_top) for sha256, (_, is_top) in examples.items())
    moves = sorted((file, move.origin, move.now) for file, move in edits.moves.items())
    return {
        "1-scraped": files.sha256("".join(f"{p.file}\0{p.sha256}\n" for p in pictures).encode()),
        "examples": files.sha256(repr(labels).encode()) if examples else None,
        "decisions.csv": edits.table_sha256,
        "2-review": files.sha256(repr(moves).encode()) if moves else None,
        "pose models": files.sha256("".join(file.sha256 for file in pretrained.POSE.files).encode())
        if models
        else None,
    }


def is_current(run: RunFolder, inputs: Mapping[str, Any]) -> bool:
    """Returns whether the data set was made from these inputs, and nothing in it was changed or lost since."""
    if not run.is_current(inputs) or not review_folders.is_there(review_folders.review_folder(run.path)):
        return False
    results = run.read_summary()["results"]
    return results.get("dataset_sha256") == files.hash_files(dataset.own_pictures(run.path), run.path)


def extract_features(
    source: Path,
    pictures: Sequence[Scraped],
    examples: Examples,
    known: dict[str, ImageFeatures],
    log: Path,
    models: Path | None,
    progress: Callable,
) -> None:
    """Extracts the features of every picture and example that has none yet, and adds them to ``known`` and to the log.

    Args:
        source: data/1-scraped.
        pictures: All scraped pictures.
        examples: Of tops and other things.
        known: The features that earlier runs extracted, by SHA-256.
        log: The file that remembers them.
        models: The folder of BlazePose's models; None where they are not there.
        progress: See above.
    """
    paths = {sha256: path for sha256, (path, _) in examples.items()}
    paths |= {picture.sha256: source / picture.file for picture in pictures}
    new = [sha256 for sha256 in paths if sha256 not in known or image_features.is_outdated(known[sha256], models)]
    tasks = [image_features.FeatureTask(paths[sha256], models) for sha256 in new]
    with image_features.Log(log, known) as growing:
        found = progress(parallel.in_order(image_features.extract_features, tasks), _("looking"), len(tasks))
        for sha256, features in zip(new, found, strict=True):
            growing.add(sha256, features)
    image_features.write_log(log, {sha256: known[sha256] for sha256 in paths})


def decide(
    pictures: Sequence[Scraped],
    known: Mapping[str, ImageFeatures],
    edits: Edits,
    examples: Examples,
    rules: Rules,
) -> tuple[list[dict], dict | None]:
    """Returns the rows of decisions.csv, and what the classifier of tops was fitted to, where there was enough."""
    poles = {file: override.pole for file, override in edits.overrides.items() if override.pole}
    pictures = [replace(picture, pole=poles.get(picture.file, picture.pole)) for picture in pictures]
    is_top = {sha256: top for sha256, (_, top) in examples.items()}
    top_scores, learned = top_classifier.score_tops(pictures, known, edits.overrides, is_top, rules.people)
    manual = {file: override.decision for file, override in edits.overrides.items() if override.decision}
    verdicts, styles = selection.select(pictures, known, manual, top_scores, rules)
    rows = decisions.make_rows(
        pictures,
        known,
        verdicts,
        edits.overrides,
        top_scores,
        styles,
        keep_reviewed=rules.keep_reviewed,
        subject=rules.subject,
    )
    return rows, learned and learned | {"used": bool(top_scores)}


def crop_kept(
    source: Path,
    output: Path,
    rows: Sequence[Mapping],
    hashes: Mapping[str, str],
    *,
    size: int,
    plain: bool,
    subject: str,
    models: Path | None,
    progress: Callable,
) -> None:
    """Crops every picture that is kept, but for those that an earlier run cropped already.

    Args:
        source: data/1-scraped.
        output: data/2-dataset.
        rows: The rows of decisions.csv.
        hashes: The SHA-256 of each scraped picture, by file.
        size: The side of the result in pixels.
        plain: Whether backgrounds are replaced by a plain one.
        subject: What is left of a person: the garment or the whole figure.
        models: The folder of BlazePose's models; None where they are not there.
        progress: See above.
    """
    there = {path.relative_to(output).as_posix(): cropping.read_origin(path) for path in dataset.own_pictures(output)}
    names, tasks = [], []
    for row in rows:
        if row["picture"]:
            box = tuple(row[side] for side in decisions.SIDES)
            path, sha256 = source / row["file"], hashes[row["file"]]
            task = image_features.Crop(path, sha256, row["width"], row["height"], box, size, plain, models, subject)
            if there.get(row["picture"]) != (task.source, task.box):
                names.append(row["picture"])
                tasks.append(task)
    cropped = progress(parallel.in_order(image_features.make_crop, tasks), _("cropping"), len(tasks))
    for name, png in zip(names, cropped, strict=True):
        files.write_bytes(output / name, png)


def write_results(
    source: Path,
    output: Path,
    poles: Sequence[str],
    pictures: Sequence[Scraped],
    rows: Sequence[Mapping],
    edits: Edits,
    progress: Callable,
) -> tuple[list[str], Edits]:
    """Writes the contact sheets, decisions.csv and the folders for review.

    Returns:
        The names of the sheets, and the edits with the hash of the new table.

    Raises:
        InputError: A person edited the table or moved a picture since it was read; neither is touched then.
    """
    dataset.remove_leftovers(output, poles, [row["picture"] for row in rows])
    contact_sheets.remove_leftovers(output, poles)
    sheets = contact_sheets.write_decision_sheets(output, source, poles, rows, progress)
    edits.refuse_changes()
    decisions.write_rows(edits.table, rows)
    edits = replace(edits, table_sha256=files.hash_file(edits.table))
    review_folders.write_review(edits.review, source, pictures, rows, edits.moves, progress)
    return sheets, edits


def finish(run: RunFolder, inputs: Mapping[str, Any], sheets: Sequence[str], results: Mapping[str, Any]) -> None:
    """Writes summary.json, with the hash of the data set under ``results``."""
    pictures = dataset.own_pictures(run.path)
    made = ["decisions.csv", *sheets, *(path.relative_to(run.path).as_posix() for path in pictures)]
    run.finish(inputs, made, {**results, "dataset_sha256": files.hash_files(pictures, run.path)})


def _hash_if_there(path: Path) -> str | None:
    return files.hash_file(path) if path.exists() else None
