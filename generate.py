"""Generate designs, and say of each whether it is casual or collection.

Reads outputs/3-training: generator.keras; and, for the judge, the pictures in data/2-dataset. Without the pictures the
labels stay empty, for a person to fill in.
Writes outputs/4-generated:
  design-0000.png ...       the designs
  grid.png                  all of them
  latents.npy               row i made design i
  labels.csv                each design's label, for you to correct
  grid-judged.png           all designs by score, with their labels
  designs.csv               what the judge says of each design by now, whatever its label
  judge.keras, judge.json   the judge, and how good it is
  options.json (written first), summary.json (written last: its absence means unfinished)

A judge labels first: a small network that learned from the pictures of both poles. It leaves a label empty where its
score lies between 0.4 and 0.6, and all of them where it is right on less than 80% of the pictures that were held back.
Then it is your turn: edit the column `label` in labels.csv (one of the two poles, or nothing) and run this again. What
you wrote stays, whatever the judge thinks; to give a design back to the judge, undo your edit.

Example: python generate.py --count 200
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from demicouture import cli, files, images, judge, labels, rendering
from demicouture.dataset import Dataset, read_dataset
from demicouture.designs import design_name, read_latents
from demicouture.errors import InputError, PictureError
from demicouture.figures import grid, legible_scale
from demicouture.latents import sample_prior

COUNT = 100
"""As many as the seed made."""

GRID_COLUMNS = 10
"""A hundred designs make a square, as in the seed."""


def read_options(folder: Path) -> dict[str, Any]:
    """Returns what made the designs in ``folder``, or {} where there are none."""
    record = folder / "options.json"
    if not record.exists():
        return {}
    before = files.read_options(folder)
    options = before["options"]
    if before["script"] != "generate.py":
        return {}
    if not isinstance(options.get("count"), int) or "generator_sha256" not in options:
        raise InputError(f"{record}: found no count or no generator_sha256; restore it, or add --fresh to start over")
    return options


def has_latents(folder: Path, count: int, seed: int) -> bool:
    """Returns whether ``latents.npy`` holds the latents of ``count`` designs already."""
    try:
        return np.array_equal(read_latents(folder / "latents.npy"), sample_prior(count, seed))
    except InputError:
        return False


def read_design(folder: Path, index: int) -> np.ndarray | None:
    """Returns the picture of a design, uint8 (size, size, 3), or None where there is none that can be opened."""
    try:
        return np.asarray(images.open_picture(folder / design_name(index)))
    except (FileNotFoundError, PictureError):
        return None


def make_designs(folder: Path, generator: Any, latents: np.ndarray, missing: Sequence[int], quiet: bool) -> None:
    """Renders the missing designs and saves each at once, so that an interrupted run loses no more than a batch."""
    batches = range(0, len(missing), rendering.CHUNK)
    for start in tqdm(batches, desc="designs", unit="batch", disable=quiet or None, leave=False):
        rows = missing[start : start + rendering.CHUNK]
        for index, picture in zip(rows, rendering.render(generator, latents[rows]), strict=True):
            images.save_png(folder / design_name(index), picture)


def standing_answers(folder: Path, count: int, dataset: Dataset | None) -> list[dict[str, Any]] | None:
    """Returns what the judge said in the last run, where it still holds: None after any change but a label's."""
    try:
        summary = files.read_record(folder / "summary.json", "dataset_sha256")
        rows = files.read_csv(folder / "designs.csv", ["design", "score", "judge_label"])
        answers = [{**row, "score": float(row["score"]) if row["score"] else None} for row in rows]
    except (InputError, ValueError):
        return None
    record = judge.read_record(folder)
    learned_from = record and record["dataset_sha256"]
    stands = len(answers) == count and summary["dataset_sha256"] == learned_from
    return answers if stands and (dataset is None or dataset.sha256 == learned_from) else None


def ask(the_judge: judge.Judge | None, designs: np.ndarray) -> list[dict[str, Any]]:
    """Returns the judge's answers: design, score and label, both empty where there is no judge."""
    scores = [None] * len(designs) if the_judge is None else the_judge.score(designs).tolist()
    words = [""] * len(designs) if the_judge is None else the_judge.label(scores)
    return [
        {"design": design_name(index), "score": score, "judge_label": word}
        for index, (score, word) in enumerate(zip(scores, words, strict=True))
    ]


def read_words(folder: Path, count: int, poles: Sequence[str] | None) -> dict[str, dict[str, str]]:
    """Returns what people wrote into ``labels.csv``, by design."""
    record = folder / "designs.csv"
    known = len(files.read_csv(record, ["design"])) if record.exists() else 0
    return labels.read_persons_words(folder / "labels.csv", known, count, poles)


def draw_grids(folder: Path, designs: np.ndarray, rows: Sequence[Mapping[str, Any]]) -> None:
    """Draws ``grid.png``, which marks nothing, and ``grid-judged.png``, from the first pole's end to the second's."""
    images.save_png(folder / "grid.png", grid(designs, GRID_COLUMNS))
    order = sorted(range(len(rows)), key=lambda index: rows[index]["score"] or 0.0)
    captions = []
    for index in order:
        row = rows[index]
        score = "" if row["score"] is None else f"  {row['score']:.2f}"
        by_person = " (you)" if row["labelled_by"] == labels.PERSON else ""
        captions.append(f"{index:04d}{score}\n{row['label'] or 'no label'}{by_person}")
    scale = legible_scale(designs.shape[1])
    images.save_png(folder / "grid-judged.png", grid(designs[order], GRID_COLUMNS, scale=scale, captions=captions))


def tell(say: Callable[[str], None], args: argparse.Namespace, summary: Mapping[str, Any]) -> None:
    """Prints what was made, how far to trust its labels, and what to do next."""
    record, labels_file = summary["judge"], args.output / "labels.csv"
    if not args.data.exists():
        effect = "the judge of an earlier run stays" if record else f"no judge, so fill in {labels_file} yourself"
        say(f"{args.data}: not found ({effect}); the pictures come from: python preprocess.py")
    if record:
        share = f"right on {record['held_out_accuracy']:.0%} of {record['held_out']} pictures that it never saw"
        noise = f", under {judge.WORTHY_ACCURACY:.0%}: no judge, so fill in {labels_file} yourself"
        say(f"the judge: {share}" + ("" if judge.is_worthy(record) else noise))
    counts = [
        f"{sum(sources.values())} {pole} ({sources[labels.PERSON]} by you)"
        for pole, sources in summary["labels"].items()
    ]
    counts.append(f"{summary['unlabelled']} without a label")
    say(f"{args.output}: {args.count} designs: {', '.join(counts)}")
    say(f"look at grid.png and grid-judged.png; correct the labels in {labels_file} and run: {same_command(args)}")
    say(cli.next_step(args, "latent_svm.py", training=args.input if args.input_given else None))


def same_command(args: argparse.Namespace) -> str:
    """Returns the command that works corrected labels in: this one, but never with --fresh."""
    given = {"input": args.input if args.input_given else None, "data": args.data if args.data_given else None}
    command = cli.next_step(args, "generate.py", "--output", **given).removeprefix("next: ")
    command += f" --count {args.count}" if args.count != COUNT else ""
    return command + (f" --seed {args.seed}" if args.seed else "")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line."""
    command_line = cli.parser(__doc__, output="4-generated", input="3-training")
    own = command_line.add_argument_group("of this script")
    own.add_argument(
        "--count", type=cli.integer(1), metavar="N", default=COUNT, help="designs to make; raise it to add some"
    )
    own.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="the pictures that the judge learns from, one sub-folder for each pole "
        f"(default: HOME/{cli.FOLDERS['2-dataset']})",
    )
    args = cli.parse(command_line, argv)
    args.data_given = args.data is not None
    args.data = args.data or cli.folder(args, "2-dataset")
    return args


def main(argv: list[str] | None = None) -> None:
    """Generates, judges and labels."""
    args = parse_args(argv)
    say = cli.reporter(args)
    folder, generator_file = args.output, args.input / "generator.keras"
    generator_sha256 = rendering.hash_generator(generator_file)
    # Who names a folder wants it; the usual one may be missing.
    dataset = read_dataset(args.data) if args.data_given or args.data.exists() else None

    # Read and check everything before the first change, and load what is slow to load only if it is needed.
    before = {} if args.fresh else read_options(folder)
    other = bool(before) and before["generator_sha256"] != generator_sha256
    anew = args.fresh or other
    known = None if anew else judge.read_record(folder)
    poles = list(dataset.poles) if dataset else known and known["poles"]
    if not anew:
        read_words(folder, max(args.count, before.get("count", 0)), poles)
    missing = [index for index in range(args.count) if anew or read_design(folder, index) is None]
    incomplete = bool(missing) or not has_latents(folder, args.count, args.seed)
    generator = rendering.load_generator(generator_file) if incomplete else None
    if other:
        aside = files.move_aside(folder)
        # Said even under --quiet: nobody asked for it, and a person's labels are in there.
        told = f"made by another generator; moved to {aside}, with any labels of yours, and made anew"
        print(f"warning: {folder}: {told}", file=sys.stderr)
    options = {"count": args.count, "seed": args.seed, "generator_sha256": generator_sha256}
    cli.open_output(args, "generate.py", options, extendable=["count"])

    answers = None if incomplete else standing_answers(folder, args.count, dataset)
    if answers is None:
        (folder / "summary.json").unlink(missing_ok=True)  # From here on the folder is unfinished.
    if generator:
        latents = sample_prior(args.count, args.seed)
        make_designs(folder, generator, latents, missing, args.quiet)
        with files.atomic_path(folder / "latents.npy") as partial:
            np.save(partial, latents)
    designs = np.stack([read_design(folder, index) for index in range(args.count)])
    if answers is None:
        answers = ask(judge.open_judge(folder, dataset, args.seed, args.quiet), designs)

    # Training the judge took a while, in which a person may have saved another label: what counts is there now.
    words = read_words(folder, args.count, poles)
    rows = labels.write_labels(folder / "labels.csv", answers, words)
    # After the labels: it tells the next run how many rows labels.csv must have, which a person may have edited.
    files.write_csv(folder / "designs.csv", ("design", "score", "judge_label"), answers)
    draw_grids(folder, designs, rows)

    record = judge.read_record(folder)
    poles = poles or sorted({row["label"] for row in rows} - {""})
    summary = {
        "script": "generate.py",
        "options": options,
        "seed": args.seed,
        "versions": files.versions(),
        "poles": poles,
        "input": str(args.input),
        "data": dataset and str(args.data),
        "generator_sha256": generator_sha256,
        "dataset_sha256": record and record["dataset_sha256"],
        "judge": record and {name: value for name, value in record.items() if name != "network_sha256"},
        "labels": labels.count_labels(rows, poles),
        "unlabelled": sum(not row["label"] for row in rows),
    }
    files.write_json(folder / "summary.json", summary)
    tell(say, args, summary)


if __name__ == "__main__":
    sys.exit(cli.run(main))
