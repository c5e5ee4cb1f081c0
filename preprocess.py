"""Culls and trims scraped pictures into a data set of two poles: small squares, all of one kind.

Reads   data/1-scraped/<pole>/, any tree of pictures in two folders; of a manifest it takes no notice.
        data/examples/{top,other}/, where it is there: pictures from which to learn what is a top
Writes  data/2-dataset/
            <pole>/*.png          what is kept: RGB, 8 bit, size×size
            decisions.csv         one row for each scraped picture: keep, drop or review, why, the crop's box, scores
            <pole>-kept.png, <pole>-dropped.png, <pole>-review.png   contact sheets; captions name the row
            measures.jsonl        what was found in each picture, so that the next run need not look again
            options.json          what this folder is made with; written first
            summary.json          counts, reasons, hashes; written last: its absence means unfinished
        data/2-review/<pole>/{keep,drop,review}/   the same pictures, small, in folders

Dropped are damaged, small, blurred, blank and drawn pictures, and copies of others; people who are seen from the side
or the back, or sit, and pictures of a pole of --people without anybody; and garments that are no tops, once there are
examples. What a rule cannot decide is for review. Kept is a square: of a person from the chin to the hips, of a garment
the whole. The rules on people need two model files that `make models` fetches; without them they are left out.

The last word is yours: edit `decision` or `left, top, right, bottom` in decisions.csv, and nothing else, or move
pictures between the three folders of data/2-review, and run this again. What you changed is law from then on, and what
you keep and drop teaches the rules what a top is. A keep of yours overrules every reason but `undecodable` and `over
100 megapixels`; a drop of yours gives its place to the next picture. Boxes are in pixels of the upright original; one
that is not square is widened to a square around its centre, and what lies outside the picture is filled with the
colour of its ground.

Example:
    python preprocess.py --count 500 --size 128
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from demicouture import cli, dataset, files, parallel, runs
from demicouture.errors import InputError, OptionsError
from demicouture.images import find_pictures
from demicouture.preprocessing import (
    contact_sheets,
    cropping,
    decisions,
    image_features,
    pose_models,
    review_folders,
    selection,
    shortcut_check,
    top_classifier,
)


def find_scraped(folder: Path, poles: Sequence[str]) -> tuple[list[str], int]:
    """Returns the pictures of both poles, as paths below ``folder``, sorted, and how many other files lie there.

    Raises:
        InputError: A pole holds fewer than two pictures, or a file's name is not UTF-8.
    """
    found, others = [], 0
    for pole in poles:
        pictures = find_pictures(folder / pole)
        if len(pictures) < 2:
            raise InputError(f"{folder / pole}: {len(pictures)} pictures, expected at least 2; run: python scrape.py")
        found += [path.relative_to(folder).as_posix() for path in pictures]
        visible = [path for path in (folder / pole).rglob("*") if "/." not in path.relative_to(folder).as_posix()]
        others += sum(path.is_file() for path in visible) - len(pictures)
    for file in found:
        try:
            file.encode()
        except UnicodeEncodeError:
            raise InputError(f"{folder}: found the file name {file!a}, expected UTF-8; rename the file") from None
    return sorted(found), others


def hash_scraped(folder: Path, found: Sequence[str], follow: Callable) -> list[selection.Scraped]:
    """Returns the pictures with the hashes of their bytes, in the same order."""

    def describe(file: str) -> selection.Scraped:
        pole, query = file.partition("/")[0], file.rpartition("/")[0]
        return selection.Scraped(file, pole, query, files.hash_file(folder / file))

    # Hashing waits for the disk and runs outside Python's lock, so threads do.
    with ThreadPoolExecutor(2 * parallel.cores()) as pool:
        return list(follow(pool.map(describe, found), "reading", len(found)))


def look_into_pictures(
    paths: Mapping[str, Path],
    known: dict[str, image_features.Measures],
    log: Path,
    models_folder: Path | None,
    follow: Callable,
) -> None:
    """Looks into every picture that is not known yet, and adds what was found to ``known`` and to the log.

    Args:
        paths: Where the pictures lie, by SHA-256.
        known: What earlier runs found, by SHA-256.
        log: The file that remembers it.
        models_folder: The folder of BlazePose's models; None where they are not there.
        follow: Shows how far it is.
    """
    new = [
        sha256 for sha256 in paths if sha256 not in known or image_features.is_outdated(known[sha256], models_folder)
    ]
    tasks = [image_features.Task(paths[sha256], models_folder) for sha256 in new]
    with image_features.Log(log, known) as growing:
        found = follow(parallel.in_order(image_features.look, tasks), "looking", len(tasks))
        for sha256, measures in zip(new, found, strict=True):
            growing.add(sha256, measures)


def cut_out(
    args: argparse.Namespace,
    rows: Sequence[Mapping],
    hashes: Mapping[str, str],
    models_folder: Path | None,
    follow: Callable,
) -> None:
    """Cuts out every picture that is kept, but for those that an earlier run cut out already."""
    cuts = {
        path.relative_to(args.output).as_posix(): cropping.read_origin(path)
        for path in dataset.own_pictures(args.output)
    }
    names, tasks = [], []
    for row in rows:
        if row["picture"]:
            task = image_features.Cut(
                args.input / row["file"],
                hashes[row["file"]],
                row["width"],
                row["height"],
                tuple(row[side] for side in decisions.SIDES),
                args.size,
                args.ground == "plain",
                models_folder,
            )
            if cuts.get(row["picture"]) != (task.source, task.box):
                names.append(row["picture"])
                tasks.append(task)
    cut = follow(parallel.in_order(image_features.make_cut, tasks), "cutting", len(tasks))
    for name, png in zip(names, cut, strict=True):
        files.write_bytes(args.output / name, png)


def refuse_nesting(args: argparse.Namespace) -> None:
    """Refuses an output folder in the input folder or around it: it would be read as pictures, or be overwritten."""
    source, target = args.input.resolve(), args.output.resolve()
    if source == target or source in target.parents or target in source.parents:
        raise OptionsError(f"{args.output}: lies in {args.input} or around it; choose an --output apart from --input")


def is_finished(output: Path, made_from: Mapping) -> bool:
    """Returns whether an earlier run made this folder from the same input, and nothing in it was changed since."""
    try:
        summary = files.read_json(output / "summary.json")
        return (
            summary["made_from"] == made_from
            and summary["dataset_sha256"] == files.hash_files(dataset.own_pictures(output), output)
            and all((output / sheet).is_file() for sheet in summary["sheets"])
        )
    except (InputError, KeyError, TypeError):
        return False


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line."""
    parser = cli.parser(__doc__, input="1-scraped", output="2-dataset")
    own = parser.add_argument_group("of this script")
    own.add_argument(
        "--count", type=cli.integer(2), metavar="N", default=500, help="pictures to keep for each pole, at most"
    )
    own.add_argument(
        "--size",
        type=int,
        choices=dataset.SIZES,
        default=128,
        help="the side of the pictures in pixels; a scraped picture whose shorter side is under it is dropped",
    )
    own.add_argument(
        "--ground",
        choices=("keep", "plain"),
        default="plain",
        help="plain takes the ground away and puts both poles on one light grey, so that garments differ and grounds "
        "do not; keep leaves each picture its own",
    )
    own.add_argument(
        "--on-review",
        choices=(selection.KEEP, selection.DROP),
        default=selection.DROP,
        help="what becomes of pictures for review as long as nobody decided on them",
    )
    own.add_argument(
        "--people",
        nargs="*",
        metavar="POLE",
        help="the poles in which every picture must show a person, who stands and faces the camera; none where no name "
        "follows (default: collection, where there is such a pole)",
    )
    own.add_argument(
        "--examples",
        type=Path,
        metavar="DIR",
        help="two folders of pictures, top/ and other/, from which to learn what is a top; it also learns from the "
        "rows that you decided (default: HOME/data/examples, where it is there)",
    )
    return cli.parse(parser, argv)


def main(argv: list[str] | None = None) -> None:
    """Culls and trims."""
    args = parse_args(argv)
    say = cli.reporter(args)

    def follow(results: Iterable, title: str, total: int) -> Iterable:
        return tqdm(results, title, total, unit="picture", disable=args.quiet or None, leave=False)

    poles = dataset.find_poles(args.input, "python scrape.py")
    refuse_nesting(args)
    if args.people is None:
        args.people = [pole for pole in poles if pole == "collection"]
    for pole in set(args.people) - set(poles):
        raise OptionsError(f"--people {pole}: no pole of {args.input}, expected {poles[0]} or {poles[1]}")
    found, others = find_scraped(args.input, poles)
    if args.examples is None and (args.home / "data/examples").is_dir():
        args.examples = args.home / "data/examples"
    examples = top_classifier.find_examples(args.examples) if args.examples else {}
    rules = selection.Rules(args.size, args.count, args.seed, tuple(args.people), args.on_review == selection.KEEP)
    options = {name: getattr(args, name) for name in ("size", "count", "ground", "on_review", "people", "seed")}
    for_review = review_folders.review_folder(args.output)
    if args.fresh:
        runs.move_aside(for_review)
    cli.open_output(args, "preprocess.py", options, extendable=("count",))
    dataset.refuse_strangers(args.output, args.input)

    decisions_file, summary_file = args.output / "decisions.csv", args.output / "summary.json"
    before = _hash_if_there(decisions_file)
    moves = review_folders.read_moves(for_review)
    words = decisions.read_overrides(decisions_file, moves)
    pictures = hash_scraped(args.input, found, follow)
    models_folder = pose_models.find_models()
    made_from = {
        "options": options,
        "input_sha256": files.sha256("".join(f"{p.file}\0{p.sha256}\n" for p in pictures).encode()),
        "examples_sha256": _hash_examples(examples),
        "decisions_sha256": before,
        "models": models_folder is not None,
    }
    if not moves and review_folders.is_there(for_review) and is_finished(args.output, made_from):
        say(f"{args.output}: nothing to do, it is made from this input with these options and decisions")
        say(next_command(args))
        return

    known = image_features.read_log(args.output / "measures.jsonl")
    decisions.check_boxes(decisions_file, words, pictures, known)
    summary_file.unlink(missing_ok=True)
    paths = {picture.sha256: args.input / picture.file for picture in pictures}
    all_paths = {sha256: path for sha256, (path, _) in examples.items()} | paths
    look_into_pictures(all_paths, known, args.output / "measures.jsonl", models_folder, follow)
    decisions.check_boxes(decisions_file, words, pictures, known)

    is_top = {sha256: top for sha256, (_, top) in examples.items()}
    top_scores, learned = top_classifier.score_tops(pictures, known, words, is_top, rules.people)
    said = {file: word.decision for file, word in words.items() if word.decision}
    verdicts, styles = selection.judge(pictures, known, said, top_scores, rules)
    rows = decisions.make_rows(pictures, known, verdicts, words, top_scores, styles, rules.keep_reviewed)
    cut_out(args, rows, {picture.file: picture.sha256 for picture in pictures}, models_folder, follow)
    dataset.remove_leftovers(args.output, poles, [row["picture"] for row in rows])
    contact_sheets.remove_leftovers(args.output, poles)
    written = contact_sheets.write_sheets(args.output, args.input, poles, rows, follow)
    if _hash_if_there(decisions_file) != before or review_folders.read_moves(for_review) != moves:
        raise InputError(f"{decisions_file}: edited while preprocess.py was at work; run it again to take that in")
    decisions.write_rows(decisions_file, rows)
    review_folders.write_review(for_review, args.input, pictures, rows, follow)
    image_features.write_log(args.output / "measures.jsonl", {sha256: known[sha256] for sha256 in all_paths})

    counts = {pole: decisions.count_pole(rows, pole) for pole in poles}
    for pole in poles:
        say(decisions.describe_pole(pole, counts[pole]))
    for line in decisions.find_oddities(rows) + decisions.suggest_people(rows, poles, args.people):
        say(line)
    if models_folder is None:
        say(f"people were not judged: no models; {pose_models.HOW_TO_GET}, and then this again")
    if learned and not top_scores:
        say(
            f"warning: the examples in {args.examples} are of another kind than your pictures (told apart in "
            f"{learned['told_from_pictures']:.0%}); what is a top was not judged; take examples from the same source"
        )
    if others:
        say(f"passed over {others:,} files whose names do not end like a picture's")
    for pole in poles:
        if counts[pole][decisions.KEPT] < 2:
            raise InputError(
                f"{args.output}: {decisions.describe_pole(pole, counts[pole])}; expected at least 2 kept; "
                f"add pictures to {args.input / pole}, or write keep into {decisions_file}, and run again"
            )
    found_leaks = shortcut_check.check_dataset(args.output, [row for row in rows if row["picture"]], poles)
    for line in shortcut_check.describe(found_leaks, args.ground):
        say(line)
    summary = {
        "flags": {"input": str(args.input), "output": str(args.output), **options},
        "made_from": made_from | {"decisions_sha256": files.hash_file(decisions_file)},
        "dataset_sha256": files.hash_files(dataset.own_pictures(args.output), args.output),
        "poles": counts,
        "tops": learned,
        "leaks": found_leaks,
        "other_files": others,
        "sheets": written,
        "versions": runs.versions(),
    }
    files.write_json(summary_file, summary)
    say(f"made {args.output}; look at {', '.join(written)}")
    say(f"to disagree, edit decisions.csv there or move pictures in {for_review}, and run this again")
    say(next_command(args))


def _hash_examples(examples: Mapping[str, tuple[Path, bool]]) -> str:
    return files.sha256(repr(sorted((sha256, top) for sha256, (_, top) in examples.items())).encode())


def _hash_if_there(path: Path) -> str | None:
    return files.hash_file(path) if path.exists() else None


def next_command(args: argparse.Namespace) -> str:
    """Returns the command that continues the chain, with the size where training would expect a larger one."""
    return cli.next_step(args, "train_dcgan.py") + (f" --size {args.size}" if args.size < 128 else "")


if __name__ == "__main__":
    sys.exit(cli.run(main))
