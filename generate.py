"""Generate designs, label each as casual or collection, and say which are copies and which look best.

Reads outputs/3-training: generator.keras, what is known of its quality, and the features of the data set's pictures;
and the pictures in data/2-dataset. Without pictures and features the labels stay empty, for a person to fill in.
Writes outputs/4-generated:
  design-0000.png ...       the first designs, as many as --pictures
  grid.png                  these
  latents.npy               row i made design i; of all designs, as are both tables
  labels.csv                each design's label and score, and a column your_label for you
  grid-by-score.png         the designs by score, with label and rank; a copy is called a copy
  designs.csv               each design's rank among these, 1 being the most like the data set's pictures; the picture
                            that is nearest to it, and whether that makes it a copy
  suggested.png             designs whose labels would teach most (--suggest)
  style-classifier.npz, .json     the style classifier; style-classifier.png: how reliable it is on pictures
  reference-features.npz          the data set's pictures, which designs are compared with
  options.json (written first), summary.json (written last: its absence means unfinished)

A style classifier labels first: it learned what tells the data set's two poles apart. It leaves a label empty where its
score lies between 0.4 and 0.6, and all of them where it is right on less than 80% of the pictures that it has not seen.
How often it is right on designs, pictures cannot say. Then it is your turn: write into the column `your_label` of
labels.csv (one of the two poles, or none for a design that is neither) and run this again. Your edits always win, no
script writes into that column, and from 40 labels on you are told how often the classifier agrees with you.

A rank is there to choose and to sort by. The best of a thousand blobs has rank 1.

--latents FILE makes designs of latents of your own: an array, latents.npy, or JSON as a web page saves it,
{"latents": [[100 numbers in [-1, 1]], ...]}. They lie in a folder of their own, named after the file.

--truncation T draws all latents from the middle of the latent space, T times as wide: fewer surprises, less variety.

--review labels by eye in a page, at a key a design: the most instructive first, the classifier's guess hidden until you
ask for it; every label is in your column at once, any two other words make a further direction, and one key finds the
plane of what you labelled.

Examples:
  python generate.py --count 2000 --suggest 20
  python generate.py --review
  python generate.py --latents kept.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import demicouture.installation  # noqa: F401 (says what is missing, before it is looked for)

import numpy as np

from demicouture import cli, images
from demicouture.boundary.active_learning import fit_plane, suggest
from demicouture.commands import command, same_command
from demicouture.dataset import read_dataset
from demicouture.dcgan import inference
from demicouture.designs import comparison, figures, labels, scoring
from demicouture.designs.designs import made_by_another_generator
from demicouture.designs.latents_file import read_latents_file
from demicouture.designs.pictures import DesignPictures
from demicouture.evaluation import style_classifier
from demicouture.evaluation.generator_quality import (
    describe_missing_judge,
    describe_quality,
    draws_garments,
    warn_of_blobs,
)
from demicouture.evaluation.reference import RECORD
from demicouture.files import sha256
from demicouture.language import _
from demicouture.latents import sample_prior
from demicouture.magazine.publishing import publish

COUNT = 100
"""As many as the seed made."""

MOST = 1_000_000
"""Designs: their latents take 400 MB."""

PICTURES = 100
"""As many as one looks at; a plane wants more labels than that, and those need no pictures."""


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line."""
    dataset = ("2-dataset", _("the pictures that the classifier learns from, one sub-folder for each pole"))
    command_line = cli.parser(__doc__, output="4-generated", input="3-training", data=dataset)
    own = command_line.add_argument_group(_("of this script"))
    own.add_argument(
        "--count",
        type=cli.integer(1, MOST),
        metavar="N",
        default=COUNT,
        help=_("designs to make; raise it to add some"),
    )
    own.add_argument(
        "--pictures",
        type=cli.integer(1, MOST),
        metavar="N",
        default=PICTURES,
        help=_("write the pictures of the first N; the others are scored and labelled all the same"),
    )
    own.add_argument(
        "--suggest",
        type=cli.integer(0, 200),
        metavar="N",
        default=0,
        help=_("name N designs whose labels would teach the plane most, and draw them as suggested.png"),
    )
    own.add_argument(
        "--latents",
        type=Path,
        metavar="FILE",
        help=_(
            "make the designs of these latents, .npy or .json, in place of random ones (OUTPUT is then by "
            "default HOME/outputs/4-generated-NAME)"
        ),
    )
    own.add_argument(
        "--truncation",
        type=cli.number(0.05, 1),
        metavar="T",
        default=1.0,
        help=_("draw latents from [-T, T] in place of [-1, 1]: nearer to the average design, and more alike"),
    )
    own.add_argument("--review", action="store_true", help=_("label what was made, by eye in a page; Ctrl-C ends it"))
    args = cli.parse(command_line, argv)
    if args.review and args.fresh:
        command_line.error(_("argument --review: not allowed with --fresh"))
    if args.latents:
        if args.count != COUNT or args.truncation != 1:
            command_line.error(_("argument --latents: not allowed with --count or --truncation"))
        if not args.output_given:  # Beside the usual designs, with the labels that a person gave them.
            cli.give_folder(args, "output", args.output.with_name(f"{args.output.name}-{args.latents.stem}"))
    return args


def review(args: argparse.Namespace) -> None:
    """Serves the page on which a person labels what an earlier run made."""
    from demicouture.review.label import LabelDesk, check_made  # Here, for a run needs no page.
    from demicouture.review.server import serve

    check_made(args.output)
    serve(LabelDesk(args.home, args.output, args.input, args.seed), cli.reporter(args))
    cli.reporter(args)(_("ended; to work your labels in, run: {command}").format(command=command("generate.py")))


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
    """Prints how good the generator is, what was made, how reliable its labels are, and what to do next."""
    report, record, labels_file = cli.reporter(args), results["classifier"], args.output / "labels.csv"
    if (quality := results["quality"]) is not None:
        report(describe_quality(quality)[0])
        if not draws_garments(quality):
            report(warn_of_blobs(quality))
    elif results["network"]:
        report(
            _("quality is not judged: {input} holds no measures of this generator; training takes them").format(
                input=args.input
            )
        )
    else:
        report(describe_missing_judge())
    if results["data_differs"]:
        report(_("{data}: not the pictures that the generator learned from; they are left out").format(data=args.data))
    elif not args.data.exists() and not (record and record["softened"]):
        effect = (
            _("the classifier has learned from sharp pictures only")
            if record
            else _("so fill in {labels_file}").format(labels_file=labels_file)
        )
        report(
            _("{data}: not found ({effect}); the pictures come from: {command}").format(
                data=args.data, effect=effect, command=command("preprocess.py")
            )
        )
    if record:
        fill_in = (
            "" if style_classifier.is_worthy(record) else _("; fill in {labels_file}").format(labels_file=labels_file)
        )
        report(style_classifier.describe_accuracy(record) + fill_in)
    if results["agreement"]:
        report(labels.describe_agreement(results["agreement"]))
    if results["copies"] is not None:
        measure = _("by a measure that calls one in a hundred of those a copy of another one; see designs.csv")
        report(
            _("{copies} of {count} designs are copies of the data set's pictures, {measure}").format(
                copies=results["copies"], count=args.count, measure=measure
            )
        )
    counts = [
        _("{count} {pole} ({person} by you)").format(count=sum(by.values()), pole=pole, person=by["person"])
        for pole, by in results["labels"].items()
    ]
    counts.append(_("{count} without a label").format(count=results["unlabelled"]))
    report(
        _("{output}: {count} designs: {counts}").format(output=args.output, count=args.count, counts=", ".join(counts))
    )
    sheets = _("grid.png and grid-by-score.png") + (_(", then suggested.png") if results["suggested"] else "")
    report(
        _("look at {sheets}; fill in your_label in {labels_file} and run: {command}").format(
            sheets=sheets, labels_file=labels_file, command=same_command()
        )
    )
    report(cli.next_step("latent_svm.py"))


def main(argv: list[str] | None = None) -> None:
    """Generates, classifies and compares designs."""
    args = parse_args(argv)
    if args.review:
        review(args)
        return
    generator_file = args.input / "generator.keras"
    if args.latents:
        latents = read_latents_file("--latents", args.latents)
        args.count = len(latents)
    else:
        latents = sample_prior(args.count, args.seed, truncation=args.truncation)
    options = {name: getattr(args, name) for name in ("count", "pictures", "seed")}
    # Only where they are given, so that a folder of before goes on.
    options |= {"latents": f"SHA-256 {sha256(latents.tobytes())[:16]}"} if args.latents else {}
    options |= {"truncation": args.truncation} if args.truncation != 1 else {}
    options["generator_sha256"] = made_by = inference.hash_generator(generator_file)
    # Who names a folder wants it; the usual one may be missing.
    dataset = read_dataset(args.data) if args.data_given or args.data.exists() else None
    replaced = not args.fresh and made_by_another_generator(args.output, made_by)
    args.fresh = args.fresh or replaced
    with cli.open_output(args, "generate.py", options, extendable=("count", "pictures")) as run:
        # Check everything before the first change, and load what is slow to load only if it is needed.
        last, record = run.read_summary(), None if args.fresh else style_classifier.read_record(run.path)
        found = comparison.find_reference(args.input, None if args.fresh else run.path, dataset)
        poles = found[1].poles if found else dataset and dataset.poles
        table = {} if args.fresh else labels.read_labels(run.path, args.count, poles, record, finished=bool(last))
        pictures = DesignPictures(run.path, latents, args.pictures, generator_file, made_by, anew=args.fresh)
        inputs, quality = (
            comparison.list_inputs(made_by, found, dataset, last),
            comparison.read_quality(args.input, made_by),
        )
        scores = scoring.read_scores(run.path, last, table, args.count, inputs, record)
        current = run.is_current(inputs | {"your_label": labels.hash_your_labels(table)}) and pictures.complete
        if scores and current and (last["results"]["suggest"], last["results"]["quality"]) == (args.suggest, quality):
            cli.reporter(args)(_("{path}: up to date; nothing to do").format(path=run.path))
            return tell(args, last["results"])
        if not pictures.complete:
            pictures.load_generator()

        aside = run.begin()
        if replaced:  # Said also under --quiet: nobody asked for it, and a person's labels are in there.
            what = _("made by another generator; moved to {aside}, with any labels of yours, and made anew").format(
                aside=aside
            )
            print(_("warning: {path}: {what}").format(path=run.path, what=what), file=sys.stderr)
        pictures.save_missing(args.quiet)
        if not scores:
            scores = scoring.score_designs(pictures, found, dataset, args.seed, args.quiet)
            found = comparison.find_reference(args.input, run.path, dataset)
            inputs = comparison.list_inputs(made_by, found, dataset)
        # Describing the designs took a while, in which a person may have saved a label: what counts is there now.
        table = labels.read_labels(run.path, args.count, poles)
        rows = labels.write_labels(run.path, scores, table)
        scoring.write_scores(run.path, rows)
        record = style_classifier.read_record(run.path)
        poles = poles or sorted({labels.label_of(row) for row in rows} - {""})
        sheets = figures.save_sheets(pictures, rows, record)
        suggested = suggest_designs(pictures, rows, poles, args.suggest, args.seed)
        differs = bool(found and dataset and found[1].dataset_sha256 != dataset.sha256)
        results = {"quality": quality, "network": inputs["network"] is not None, "data_differs": differs}
        results |= {"input": str(args.input), "data": str(args.data) if args.data.exists() else None}
        results |= {"suggest": args.suggest} | scoring.summarise(record, rows, poles, suggested)
        made = [*pictures.files, "labels.csv", "designs.csv", *sheets, *(["suggested.png"] if suggested else [])]
        made += [RECORD] if found else []
        made += style_classifier.FILES if record else []
        run.finish(inputs | {"your_label": labels.hash_your_labels(table)}, made, results)
    publish(args.home, args.output)
    tell(args, results)


if __name__ == "__main__":
    sys.exit(cli.run(main))
