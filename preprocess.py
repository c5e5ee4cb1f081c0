"""Culls and trims scraped pictures into a data set of two poles: small squares, all of one kind.

Reads   data/1-scraped/<pole>/, any tree of pictures in two folders; of a manifest it takes no notice.
Writes  data/2-dataset/
            <pole>/*.png          what is kept: RGB, 8 bit, size×size
            decisions.csv         one row for each scraped picture: keep, drop or review, why, and the crop's box
            <pole>-kept.png, <pole>-dropped.png, <pole>-review.png   contact sheets; captions name the row
            measures.jsonl        what was found in each picture, so that the next run need not look again
            options.json          what this folder is made with; written first
            summary.json          counts, reasons, hashes; written last: its absence means unfinished

The last word is yours: edit `decision` or `left, top, right, bottom` in decisions.csv, and nothing else, and run this
again. Rows that you changed are law from then on. A keep of yours overrules every reason but `undecodable` and
`over 100 megapixels`; a drop of yours gives its place to the next picture. Boxes are in pixels of the upright original;
one that is not square is widened to a square around its centre, and what lies outside the picture is filled with the
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

from demicouture import cli, cropping, culling, dataset, decisions, files, measuring, sheets, workers
from demicouture.errors import InputError, OptionsError
from demicouture.images import find_pictures


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


def hash_scraped(folder: Path, found: Sequence[str], follow: Callable) -> list[culling.Scraped]:
    """Returns the pictures with the hashes of their bytes, in the same order."""

    def describe(file: str) -> culling.Scraped:
        pole, query = file.partition("/")[0], file.rpartition("/")[0]
        return culling.Scraped(file, pole, query, files.hash_file(folder / file))

    # Hashing waits for the disk and runs outside Python's lock, so threads do.
    with ThreadPoolExecutor(2 * workers.cores()) as pool:
        return list(follow(pool.map(describe, found), "reading", len(found)))


def look_into_pictures(
    args: argparse.Namespace,
    pictures: Sequence[culling.Scraped],
    words: Mapping[str, decisions.Word],
    known: dict[str, measuring.Measures],
    follow: Callable,
) -> list[dict]:
    """Looks into every picture that is not known yet, cuts out those that are kept, and returns the decisions.

    A picture is decoded once: the first round takes unknown pictures to be sound and cuts those that would then be
    kept. Where some turn out not to be, others move up and are cut in a second round.
    """
    cuts = {
        path.relative_to(args.output).as_posix(): cropping.read_origin(path)
        for path in dataset.own_pictures(args.output)
    }
    by_person = {file: word.decision for file, word in words.items() if word.decision}
    while True:
        decisions.check_boxes(args.output / "decisions.csv", words, pictures, known)
        verdicts = culling.judge(pictures, known, by_person, size=args.size, count=args.count, seed=args.seed)
        rows = decisions.make_rows(pictures, known, verdicts, words)
        names = {row["file"]: row["picture"] for row in rows}
        tasks: list[measuring.Task] = []
        met = set(known)
        for picture in pictures:
            path, sha256, name = args.input / picture.file, picture.sha256, names[picture.file]
            box = words[picture.file].box if picture.file in words else None
            if sha256 not in met:
                met.add(sha256)
                # Whether a person's box can be meant shows only when the picture's size is known.
                tasks.append(measuring.Task(path, sha256, args.size, "" if box else name))
            elif sha256 in known and name and cuts.get(name) != (sha256, box or known[sha256].box):
                tasks.append(measuring.Task(path, sha256, args.size, name, box))
        if not tasks:
            return rows
        with measuring.Log(args.output / "measures.jsonl", known) as log:
            for task, (measures, png) in zip(
                tasks, follow(workers.in_order(measuring.look, tasks), "decoding", len(tasks)), strict=True
            ):
                log.add(task.sha256, measures)
                if png:
                    files.write_bytes(args.output / task.picture, png)
                    cuts[task.picture] = (task.sha256, task.box or measures.box)


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
    return cli.parse(parser, argv)


def main(argv: list[str] | None = None) -> None:
    """Culls and trims."""
    args = parse_args(argv)
    say = cli.reporter(args)

    def follow(results: Iterable, title: str, total: int) -> Iterable:
        return tqdm(results, title, total, unit="picture", disable=args.quiet or None, leave=False)

    poles = dataset.find_poles(args.input, "python scrape.py")
    source, target = args.input.resolve(), args.output.resolve()
    if source == target or source in target.parents or target in source.parents:
        raise OptionsError(f"{args.output}: lies in {args.input} or around it; choose an --output apart from --input")
    found, others = find_scraped(args.input, poles)
    options = {"size": args.size, "count": args.count, "seed": args.seed}
    cli.open_output(args, "preprocess.py", options, extendable=("count",))
    dataset.refuse_strangers(args.output, args.input)

    decisions_file, summary_file = args.output / "decisions.csv", args.output / "summary.json"
    before = _hash_if_there(decisions_file)
    words = decisions.read_words(decisions_file)
    pictures = hash_scraped(args.input, found, follow)
    input_sha256 = files.sha256("".join(f"{picture.file}\0{picture.sha256}\n" for picture in pictures).encode())
    made_from = {"options": options, "input_sha256": input_sha256, "decisions_sha256": before}
    if is_finished(args.output, made_from):
        say(f"{args.output}: nothing to do, it is made from this input with these options and decisions")
        say(next_command(args))
        return

    known = measuring.read_log(args.output / "measures.jsonl")
    decisions.check_boxes(decisions_file, words, pictures, known)
    summary_file.unlink(missing_ok=True)
    rows = look_into_pictures(args, pictures, words, known, follow)
    dataset.remove_leftovers(args.output, poles, [row["picture"] for row in rows])
    sheets.remove_leftovers(args.output, poles)
    written = sheets.write_sheets(args.output, args.input, poles, rows, follow)
    if _hash_if_there(decisions_file) != before:
        raise InputError(f"{decisions_file}: edited while preprocess.py was at work; run it again to take that in")
    decisions.write_rows(decisions_file, rows)
    measuring.write_log(args.output / "measures.jsonl", {picture.sha256: known[picture.sha256] for picture in pictures})

    counts = {pole: decisions.count_pole(rows, pole) for pole in poles}
    for pole in poles:
        say(decisions.describe_pole(pole, counts[pole]))
    for warning in decisions.find_oddities(rows):
        say(warning)
    if others:
        say(f"passed over {others:,} files whose names do not end like a picture's")
    for pole in poles:
        if counts[pole][decisions.KEPT] < 2:
            raise InputError(
                f"{args.output}: {decisions.describe_pole(pole, counts[pole])}; expected at least 2 kept; "
                f"add pictures to {args.input / pole}, or write keep into {decisions_file}, and run again"
            )
    summary = {
        "flags": {"input": str(args.input), "output": str(args.output), **options},
        "made_from": made_from | {"decisions_sha256": files.hash_file(decisions_file)},
        "dataset_sha256": files.hash_files(dataset.own_pictures(args.output), args.output),
        "poles": counts,
        "other_files": others,
        "sheets": written,
        "versions": files.versions(),
    }
    files.write_json(summary_file, summary)
    say(f"made {args.output}; look at {', '.join(written)}; to disagree, edit decisions.csv there and run this again")
    say(next_command(args))


def _hash_if_there(path: Path) -> str | None:
    return files.hash_file(path) if path.exists() else None


def next_command(args: argparse.Namespace) -> str:
    """Returns the command that continues the chain, with the size where training would expect a larger one."""
    return cli.next_step(args, "train_dcgan.py") + (f" --size {args.size}" if args.size < 128 else "")


if __name__ == "__main__":
    sys.exit(cli.run(main))
