"""Generate designs, and say of each whether it is casual or collection, how real, and how new.

Reads outputs/3-training: generator.keras; and, for the judge, the pictures in data/2-dataset. Without the pictures the
labels stay empty, for a person to fill in.
Writes outputs/4-generated:
  design-0000.png ...       the first designs, as many as --pictures
  grid.png                  these
  latents.npy               row i made design i; of all designs, as are both tables
  labels.csv                each design's label, for you to correct
  grid-judged.png           the designs by score, with their labels; copies of photographs are called copies
  designs.csv               what the judge says of each design by now, whatever its label; how realistic it is; which
                            photograph is nearest to it, how near, and whether that makes it a copy
  suggested.png             designs whose labels would teach most (--suggest)
  style-classifier.keras, .json   the judge; style-classifier.png: how far to trust it
  reference-features.npz          what designs are held against
  options.json (written first), summary.json (written last: its absence means unfinished)

A judge labels first: a small network that learned from the pictures of both poles. It leaves a label empty where its
score lies between 0.4 and 0.6, and all of them where it is right on less than 80% of the pictures that were held back.
Then it is your turn: edit the column `label` in labels.csv (one of the two poles, or nothing) and run this again. What
you wrote stays, whatever the judge thinks; to give a design back to the judge, undo your edit.

Example: python generate.py --count 2000 --suggest 20
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from demicouture import cli, files, images, runs
from demicouture.boundary.active_learning import fit_plane, suggest
from demicouture.dataset import Dataset, read_dataset
from demicouture.dcgan import inference
from demicouture.designs import labels
from demicouture.designs.designs import design_name, read_latents
from demicouture.designs.figures import COLUMNS, YES, draw_judged, draw_reliability, draw_suggested
from demicouture.errors import InputError, PictureError
from demicouture.evaluation import style_classifier
from demicouture.evaluation.realism import PASSING, RealismScorer, can_score_realism
from demicouture.latents import sample_prior
from demicouture.visualization import grid

COUNT = 100
"""As many as the seed made."""

PICTURES = 100
"""As many as one looks at; a plane wants more labels than that, and those need no pictures."""

AT_A_TIME = 512
"""Designs that are rendered and judged before the next; of the largest size they take 400 MB."""

DESIGN_COLUMNS = (
    "design",
    "score",
    "judge_label",
    "realism",
    "realistic",
    "nearest",
    "nearest_distance",
    "nearest_rank",
    "copy",
)


def read_options(folder: Path) -> dict[str, Any]:
    """Returns what made the designs in ``folder``, or {} where there are none."""
    record = folder / "options.json"
    if not record.exists():
        return {}
    before = runs.read_options(folder)
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
    batches = range(0, len(missing), inference.CHUNK)
    for start in tqdm(batches, desc="designs", unit="batch", disable=quiet or None, leave=False):
        rows = missing[start : start + inference.CHUNK]
        for index, picture in zip(rows, inference.render(generator, latents[rows]), strict=True):
            images.save_png(folder / design_name(index), picture)


def standing_answers(folder: Path, count: int, dataset: Dataset | None) -> list[dict[str, Any]] | None:
    """Returns what the judge said in the last run, where it still holds: None after any change but a label's."""
    try:
        summary = files.read_record(folder / "summary.json", "dataset_sha256")
        rows = files.read_csv(folder / "designs.csv", DESIGN_COLUMNS)
        answers = [{**row, "score": float(row["score"]) if row["score"] else None} for row in rows]
    except (InputError, ValueError):
        return None
    record = style_classifier.read_record(folder)
    learned_from = record and record["dataset_sha256"]
    stands = len(answers) == count and summary["dataset_sha256"] == learned_from
    return answers if stands and (dataset is None or dataset.sha256 == learned_from) else None


def ask(
    classifier: style_classifier.StyleClassifier | None, count: int, see: Callable[[range], np.ndarray], quiet: bool
) -> list[dict]:
    """Returns the judge's answers, a row of ``designs.csv`` for each design; without a judge all but the name is empty.

    Args:
        classifier: The judge, or None.
        count: How many designs there are.
        see: Gives the pictures of some designs, uint8 (n, size, size, 3).
        quiet: Whether to show no progress bar.
    """
    nothing = {**dict.fromkeys(DESIGN_COLUMNS, ""), "score": None}
    rows = [{**nothing, "design": design_name(index)} for index in range(count)]
    if classifier is None:
        return rows
    appraiser = RealismScorer(classifier.photographs) if can_score_realism(classifier.photographs) else None
    bar = tqdm(total=count, desc="judging", unit="design", disable=quiet or None, leave=False)
    for start in range(0, count, AT_A_TIME):
        some = range(start, min(start + AT_A_TIME, count))
        pictures = see(some)
        features, scores = classifier.answer(pictures)
        words = classifier.label(scores)
        for index, score, word in zip(some, scores.tolist(), words, strict=True):
            rows[index] |= {"score": score, "judge_label": word}
        if appraiser:
            found = appraiser.score_realism(features, style_classifier.texture(pictures))
            for number, index in enumerate(some):
                rows[index] |= {
                    "realism": float(found.realism[number]),
                    "realistic": YES if found.realistic[number] else "no",
                    "nearest": found.nearest[number],
                    "nearest_distance": float(found.distance[number]),
                    "nearest_rank": float(found.rank[number]),
                    "copy": YES if found.copy[number] else "no",
                }
        bar.update(len(some))
    bar.close()
    return rows


def read_overrides(folder: Path, count: int, poles: Sequence[str] | None) -> dict[str, dict[str, str]]:
    """Returns what people wrote into ``labels.csv``, by design."""
    record = folder / "designs.csv"
    known = len(files.read_csv(record, ["design"])) if record.exists() else 0
    return labels.read_manual_labels(folder / "labels.csv", known, count, poles)


def choose_suggested(
    rows: Sequence[Mapping[str, Any]], latents: np.ndarray, poles: Sequence[str], count: int, seed: int
) -> tuple[list[int], list[str]]:
    """Returns the designs to label next, and on which pole's side of the plane each lies ("" without a plane)."""
    plane = fit_plane(latents, [row["label"] for row in rows], poles, seed)
    distances = None if plane is None else plane.signed_distance(latents)
    scores = np.array([np.nan if row["score"] is None else row["score"] for row in rows])
    by_person = np.array([row["labelled_by"] == labels.PERSON for row in rows])
    chosen = suggest(scores, distances, by_person, count)
    return chosen, ["" if distances is None else poles[int(distances[index] > 0)] for index in chosen]


def tell(say: Callable[[str], None], args: argparse.Namespace, summary: Mapping[str, Any]) -> None:
    """Prints what was made, how far to trust its labels, and what to do next."""
    record, labels_file = summary["judge"], args.output / "labels.csv"
    if not args.data.exists():
        effect = "the judge of an earlier run stays" if record else f"no judge, so fill in {labels_file} yourself"
        say(f"{args.data}: not found ({effect}); the pictures come from: python preprocess.py")
    if record:
        share = f"right on {record['held_out_accuracy']:.0%} of {record['held_out']} pictures that it never saw"
        share += f" (Brier score {record['held_out_brier_score']:.3f}; style-classifier.png)"
        noise = f", under {style_classifier.WORTHY_ACCURACY:.0%}: no judge, so fill in {labels_file} yourself"
        say(f"the judge: {share}" + ("" if style_classifier.is_worthy(record) else noise))
    if (real := summary["realistic"]) is not None:
        say(
            f"{real} of {args.count} designs are realistic, as {PASSING:.0%} of photographs are; {summary['copies']} "
            "are copies of one"
        )
    counts = [
        f"{sum(sources.values())} {pole} ({sources[labels.PERSON]} by you)"
        for pole, sources in summary["labels"].items()
    ]
    counts.append(f"{summary['unlabelled']} without a label")
    say(f"{args.output}: {args.count} designs: {', '.join(counts)}")
    sheets = "grid.png and grid-judged.png" + (", then suggested.png" if summary["suggested"] else "")
    say(f"look at {sheets}; correct the labels in {labels_file} and run: {same_command(args)}")
    say(cli.next_step(args, "latent_svm.py", training=args.input if args.input_given else None))


def same_command(args: argparse.Namespace) -> str:
    """Returns the command that works corrected labels in: this one, but never with --fresh."""
    given = {"input": args.input if args.input_given else None, "data": args.data if args.data_given else None}
    command = cli.next_step(args, "generate.py", "--output", **given).removeprefix("next: ")
    for flag, value, usual in (
        ("count", args.count, COUNT),
        ("pictures", args.pictures, PICTURES),
        ("suggest", args.suggest, 0),
        ("features", args.features, style_classifier.OWN),
        ("seed", args.seed, 0),
    ):
        command += f" --{flag} {value}" if value != usual else ""
    return command


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line."""
    command_line = cli.parser(__doc__, output="4-generated", input="3-training")
    own = command_line.add_argument_group("of this script")
    own.add_argument(
        "--count", type=cli.integer(1), metavar="N", default=COUNT, help="designs to make; raise it to add some"
    )
    own.add_argument(
        "--pictures",
        type=cli.integer(1),
        metavar="N",
        default=PICTURES,
        help="write the pictures of the first N; the others are judged and labelled all the same",
    )
    own.add_argument(
        "--suggest",
        type=cli.integer(0, 200),
        metavar="N",
        default=0,
        help="name N designs whose labels would teach the plane most, and draw them as suggested.png",
    )
    own.add_argument(
        "--features",
        choices=style_classifier.FEATURES_BY,
        default=style_classifier.OWN,
        help="what describes pictures to the judge: 'own' is a small network that learns from yours, 'imagenet' is "
        "MobileNetV2, 9 MB to download once",
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
    generator_sha256 = inference.hash_generator(generator_file)
    # Who names a folder wants it; the usual one may be missing.
    dataset = read_dataset(args.data) if args.data_given or args.data.exists() else None

    # Read and check everything before the first change, and load what is slow to load only if it is needed.
    before = {} if args.fresh else read_options(folder)
    other = bool(before) and before["generator_sha256"] != generator_sha256
    anew = args.fresh or other
    known = None if anew else style_classifier.read_record(folder)
    poles = list(dataset.poles) if dataset else known and known["poles"]
    if not anew:
        read_overrides(folder, max(args.count, before.get("count", 0)), poles)
    shown = min(args.count, args.pictures)
    missing = [index for index in range(shown) if anew or read_design(folder, index) is None]
    latents = sample_prior(args.count, args.seed)
    incomplete = bool(missing) or not has_latents(folder, args.count, args.seed)
    generator = inference.load_generator(generator_file) if incomplete else None
    if other:
        aside = runs.move_aside(folder)
        # Said even under --quiet: nobody asked for it, and a person's labels are in there.
        told = f"made by another generator; moved to {aside}, with any labels of yours, and made anew"
        print(f"warning: {folder}: {told}", file=sys.stderr)
    options = {
        "count": args.count,
        "pictures": args.pictures,
        "seed": args.seed,
        "features": args.features,
        "generator_sha256": generator_sha256,
    }
    cli.open_output(args, "generate.py", options, extendable=["count", "pictures"])

    answers = None if incomplete else standing_answers(folder, args.count, dataset)
    if answers is None:
        (folder / "summary.json").unlink(missing_ok=True)  # From here on the folder is unfinished.
    if generator:
        make_designs(folder, generator, latents, missing, args.quiet)
        with files.atomic_path(folder / "latents.npy") as partial:
            np.save(partial, latents)

    def see(some: Sequence[int]) -> np.ndarray:
        """Returns designs' pictures: as they lie there where they do, or else rendered."""
        nonlocal generator
        pictures = {index: read_design(folder, index) for index in some if index < shown}
        if hidden := [index for index in some if pictures.get(index) is None]:
            generator = generator or inference.load_generator(generator_file)
            pictures |= dict(zip(hidden, inference.render(generator, latents[hidden]), strict=True))
        return np.stack([pictures[index] for index in some])

    if answers is None:
        # Training may have left the very judge that is wanted.
        classifier = style_classifier.open_style_classifier(
            folder, dataset, args.seed, args.quiet, args.features, elsewhere=args.input
        )
        answers = ask(classifier, args.count, see, args.quiet)

    # Training the judge took a while, in which a person may have saved another label: what counts is there now.
    words = read_overrides(folder, args.count, poles)
    rows = labels.write_labels(folder / "labels.csv", answers, words)
    # After the labels: it tells the next run how many rows labels.csv must have, which a person may have edited.
    files.write_csv(folder / "designs.csv", DESIGN_COLUMNS, answers)
    designs = see(range(shown))
    images.save_png(folder / "grid.png", grid(designs, COLUMNS))
    images.save_png(folder / "grid-judged.png", draw_judged(designs, rows, answers))
    record = style_classifier.read_record(folder)
    if record:
        draw_reliability(folder / "style-classifier.png", record)
    poles = poles or sorted({row["label"] for row in rows} - {""})
    suggested, sides = choose_suggested(rows, latents, poles, args.suggest, args.seed) if args.suggest else ([], [])
    (folder / "suggested.png").unlink(missing_ok=True)
    if suggested:
        images.save_png(folder / "suggested.png", draw_suggested(see(suggested), suggested, rows, sides))

    known_real = [answer["realistic"] for answer in answers if answer["realistic"]]
    summary = {
        "script": "generate.py",
        "options": options,
        "seed": args.seed,
        "versions": runs.versions(),
        "poles": poles,
        "input": str(args.input),
        "data": dataset and str(args.data),
        "generator_sha256": generator_sha256,
        "dataset_sha256": record and record["dataset_sha256"],
        "judge": record
        and {name: value for name, value in record.items() if name not in ("network_sha256", "photographs_sha256")},
        "labels": labels.count_labels(rows, poles),
        "unlabelled": sum(not row["label"] for row in rows),
        "realistic": known_real.count(YES) if known_real else None,
        "copies": sum(answer["copy"] == YES for answer in answers) if known_real else None,
        "suggested": [design_name(index) for index in suggested],
    }
    files.write_json(folder / "summary.json", summary)
    tell(say, args, summary)


if __name__ == "__main__":
    sys.exit(cli.run(main))
