"""Generate designs, label each as casual or collection, and measure how realistic and how new it is.

Reads outputs/3-training: generator.keras; and, for the classifier, the pictures in data/2-dataset. Without the pictures
the labels stay empty, for a person to fill in.
Writes outputs/4-generated:
  design-0000.png ...       the first designs, as many as --pictures
  grid.png                  these
  latents.npy               row i made design i; of all designs, as are both tables
  labels.csv                each design's label and score, and a column your_label for you
  grid-judged.png           the designs by score, with their labels; copies of photographs are called copies
  designs.csv               how realistic each design is; which photograph is nearest to it, how near, and whether that
                            makes it a copy
  suggested.png             designs whose labels would teach most (--suggest)
  style-classifier.keras, .json   the style classifier; style-classifier.png: how reliable it is
  reference-features.npz          what designs are compared with
  options.json (written first), summary.json (written last: its absence means unfinished)

A style classifier labels first: a small network that learned from the pictures of both poles. It leaves a label empty
where its score lies between 0.4 and 0.6, and all of them where it is right on less than 80% of the pictures that were
held back. Then it is your turn: write into the column `your_label` of labels.csv (one of the two poles, or none for a
design that is neither) and run this again. Your edits always win, and no script writes into that column.

Example: python generate.py --count 2000 --suggest 20
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from demicouture import cli, images
from demicouture.boundary.active_learning import fit_plane, suggest
from demicouture.dataset import Dataset, read_dataset
from demicouture.dcgan import inference
from demicouture.designs import figures, labels, scoring
from demicouture.designs.designs import design_name, made_by_another_generator
from demicouture.designs.pictures import DesignPictures
from demicouture.evaluation import style_classifier
from demicouture.evaluation.realism import PASSING
from demicouture.latents import sample_prior

COUNT = 100
"""As many as the seed made."""

PICTURES = 100
"""As many as one looks at; a plane wants more labels than that, and those need no pictures."""


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line."""
    dataset = ("2-dataset", "the pictures that the classifier learns from, one sub-folder for each pole")
    command_line = cli.parser(__doc__, output="4-generated", input="3-training", data=dataset)
    own = command_line.add_argument_group("of this script")
    own.add_argument(
        "--count", type=cli.integer(1), metavar="N", default=COUNT, help="designs to make; raise it to add some"
    )
    own.add_argument(
        "--pictures",
        type=cli.integer(1),
        metavar="N",
        default=PICTURES,
        help="write the pictures of the first N; the others are scored and labelled all the same",
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
        help="what describes pictures to the classifier: 'own' is a small network that learns from yours, 'imagenet' "
        "is MobileNetV2, 9 MB to download once",
    )
    return cli.parse(command_line, argv)


def classify(args: argparse.Namespace, dataset: Dataset | None, pictures: DesignPictures) -> list[dict[str, Any]]:
    """Returns the scores of all designs, by a classifier that is trained now where there is none."""
    how = {"features": args.features, "elsewhere": args.input}  # Training may have left the one that is wanted.
    classifier = style_classifier.open_style_classifier(pictures.folder, dataset, args.seed, args.quiet, **how)
    return scoring.score_rows(classifier, args.count, pictures.read, args.quiet)


def suggest_designs(
    pictures: DesignPictures, rows: Sequence[Mapping[str, Any]], poles: Sequence[str], count: int, seed: int
) -> list[int]:
    """Returns the designs to label next, and draws them as ``suggested.png``; with none, no old sheet is left."""
    sheet = pictures.folder / "suggested.png"
    sheet.unlink(missing_ok=True)
    if not count:
        return []
    plane = fit_plane(pictures.latents, [labels.label_of(row) for row in rows], poles, seed)
    distances = None if plane is None else plane.signed_distance(pictures.latents)
    scores = np.array([np.nan if row["score"] is None else row["score"] for row in rows])
    by_person = np.array([labels.is_yours(row) for row in rows])
    chosen = suggest(scores, distances, by_person, count)
    if chosen:
        sides = ["" if distances is None else poles[int(distances[index] > 0)] for index in chosen]
        images.save_png(sheet, figures.draw_suggested(pictures.read(chosen), chosen, rows, sides))
    return chosen


def tell(args: argparse.Namespace, results: Mapping[str, Any]) -> None:
    """Prints what was made, how reliable its labels are, and what to do next."""
    report, record, labels_file = cli.reporter(args), results["classifier"], args.output / "labels.csv"
    if not args.data.exists():
        effect = "the classifier of an earlier run stays" if record else f"no classifier, so fill in {labels_file}"
        report(f"{args.data}: not found ({effect}); the pictures come from: python preprocess.py")
    if record:
        share = f"right on {record['held_out_accuracy']:.0%} of {record['held_out']} pictures that it never saw"
        share += f" (Brier score {record['held_out_brier_score']:.3f}; style-classifier.png)"
        too_few = f", under {style_classifier.WORTHY_ACCURACY:.0%}: it labels nothing, so fill in {labels_file}"
        report(f"the style classifier: {share}" + ("" if style_classifier.is_worthy(record) else too_few))
    if (realistic := results["realistic"]) is not None:
        report(
            f"{realistic} of {args.count} designs are realistic, as {PASSING:.0%} of photographs are; "
            f"{results['copies']} are copies of one"
        )
    counts = [f"{sum(by.values())} {pole} ({by['person']} by you)" for pole, by in results["labels"].items()]
    counts.append(f"{results['unlabelled']} without a label")
    report(f"{args.output}: {args.count} designs: {', '.join(counts)}")
    sheets = "grid.png and grid-judged.png" + (", then suggested.png" if results["suggested"] else "")
    report(f"look at {sheets}; fill in your_label in {labels_file} and run: {same_command(args)}")
    report(cli.next_step(args, "latent_svm.py", training=args.input if args.input_given else None))


def same_command(args: argparse.Namespace) -> str:
    """Returns the command that takes a person's labels in: this one, but never with --fresh."""
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


def summarise(
    args: argparse.Namespace,
    record: Mapping[str, Any] | None,
    rows: Sequence[Mapping[str, Any]],
    poles: Sequence[str],
    suggested: Sequence[int],
) -> dict[str, Any]:
    """Returns the ``results`` in summary.json."""
    return {
        "poles": list(poles),
        "input": str(args.input),
        "data": str(args.data) if args.data.exists() else None,
        "classifier": record and {name: record[name] for name in record if name not in style_classifier.OF_FILES},
        "labels": labels.count_labels(rows, poles),
        "unlabelled": sum(not labels.label_of(row) for row in rows),
        **scoring.count_realistic(rows),
        "suggest": args.suggest,
        "suggested": [design_name(index) for index in suggested],
    }


def main(argv: list[str] | None = None) -> None:
    """Generates, classifies and measures designs."""
    args = parse_args(argv)
    generator_file = args.input / "generator.keras"
    options = {name: getattr(args, name) for name in ("count", "pictures", "seed", "features")}
    options["generator_sha256"] = inference.hash_generator(generator_file)
    # Who names a folder wants it; the usual one may be missing.
    dataset = read_dataset(args.data) if args.data_given or args.data.exists() else None
    replaced = not args.fresh and made_by_another_generator(args.output, options["generator_sha256"])
    args.fresh = args.fresh or replaced
    with cli.open_output(args, "generate.py", options, extendable=("count", "pictures")) as run:
        # Check everything before the first change, and load what is slow to load only if it is needed.
        last, record = run.read_summary(), None if args.fresh else style_classifier.read_record(run.path)
        poles = dataset.poles if dataset else record and record["poles"]
        table = {} if args.fresh else labels.read_labels(run.path, args.count, poles, record, finished=bool(last))
        latents = sample_prior(args.count, args.seed)
        pictures = DesignPictures(run.path, latents, args.pictures, generator_file, anew=args.fresh)
        inputs = {
            "generator.keras": options["generator_sha256"],
            "dataset": dataset.sha256 if dataset else record and record["dataset_sha256"],
            "your_label": labels.hash_your_labels(table),
        }
        whole = pictures.complete and (record is not None or dataset is None)
        if whole and run.is_current(inputs) and last["results"].get("suggest") == args.suggest:
            cli.reporter(args)(f"{run.path}: up to date; nothing to do")
            return tell(args, last["results"])
        if not pictures.complete:
            pictures.load_generator()
        scores = scoring.read_scores(run.path, last, table, args.count, record, inputs["dataset"])

        aside = run.begin()
        if replaced:  # Said also under --quiet: nobody asked for it, and a person's labels are in there.
            what = f"made by another generator; moved to {aside}, with any labels of yours, and made anew"
            print(f"warning: {run.path}: {what}", file=sys.stderr)
        pictures.save_missing(args.quiet)
        scores = scores or classify(args, dataset, pictures)
        # Training the classifier took a while, in which a person may have saved a label: what counts is there now.
        table = labels.read_labels(run.path, args.count, poles)
        rows = labels.write_labels(run.path, scores, table)
        scoring.write_scores(run.path, rows)
        record = style_classifier.read_record(run.path)
        poles = poles or sorted({labels.label_of(row) for row in rows} - {""})
        sheets = figures.save_sheets(pictures, rows, record)
        suggested = suggest_designs(pictures, rows, poles, args.suggest, args.seed)
        results = summarise(args, record, rows, poles, suggested)
        made = [*pictures.files, "labels.csv", "designs.csv", *sheets, *(["suggested.png"] if suggested else [])]
        made += style_classifier.FILES if record else []
        run.finish(inputs | {"your_label": labels.hash_your_labels(table)}, made, results)
    tell(args, results)


if __name__ == "__main__":
    sys.exit(cli.run(main))
