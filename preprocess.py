"""Culls and crops scraped pictures into a data set of two poles: small squares, all of one kind.

Reads   data/1-scraped/<pole>/, any tree of pictures in two folders; of a manifest it takes no notice.
        data/examples/{top,other}/, where it is there: pictures from which to learn what is a top
Writes  data/2-dataset/
            <pole>/*.png          what is kept: RGB, 8 bit, size×size
            decisions.csv         one row for each scraped picture: keep, drop or review, why, the crop's box, scores
            <pole>-kept.png, <pole>-dropped.png, <pole>-review.png   contact sheets; captions name the row
            features.jsonl        what was found in each picture, so that the next run need not look again
            options.json          what this folder is made with; written first
            summary.json          counts, reasons, hashes; written last: its absence means unfinished
        data/2-review/<pole>/{keep,drop,review}/   the same pictures, small, in folders

Dropped are damaged, small, blurred, blank and drawn pictures, and copies of others; people who are seen from the side
or the back, or sit, and pictures of a pole of --people without anybody; and garments that are no tops, once there are
examples. What a rule cannot decide is for review. Kept is a square around the garment alone: of a person head, hair,
neck, hands and bare skin go, and what is below the hem or mid-thigh; --subject figure leaves the person from the chin
to the hips. The rules on people need two model files; without them they are left out. They are fetched once, by
python -m demicouture.pretrained

Your edits always win. Fill in the last two columns of decisions.csv, `your_decision` (keep, drop or review) and
`your_box` (left top right bottom, in pixels of the upright original), or move pictures between the three folders of
data/2-review, and run this again. No run writes into your two columns; all others are written anew, so an edit there
is lost. What you keep and drop teaches the rules what a top is. A keep of yours overrules every reason but
`undecodable`, `over 100 megapixels`, `over 500 MB`, `too many scans` and `strip beyond 4:1`; a drop of yours gives its
place to the next picture. A box that is not square is widened to a square around its centre, and what lies outside the
picture is filled with the colours of its edge.

With --review all of that is done by eye in a page, at a key a picture: cull on a wall, trim with a square that is
dragged; every choice is in your two columns at once, and what a run would make of it is said beside it.

Examples:
    python preprocess.py --count 500 --size 128
    python preprocess.py --review
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import demicouture.installation  # noqa: F401 (says what is missing, before it is looked for)

from demicouture import cli, dataset, pretrained, runs
from demicouture.commands import command, flags_of_before, same_command
from demicouture.errors import InputError, OptionsError
from demicouture.images import describe_kinds
from demicouture.language import _
from demicouture.magazine.publishing import publish
from demicouture.preprocessing import (
    decisions,
    image_features,
    overrides,
    pipeline,
    pose,
    review_folders,
    shortcut_check,
    top_classifier,
)
from demicouture.preprocessing.image_features import GARMENT, SUBJECTS
from demicouture.preprocessing.records import DROP, KEEP
from demicouture.preprocessing.rules import Rules
from demicouture.progress import progress_bar
from demicouture.training import recommendation


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line."""
    parser = cli.parser(__doc__, input="1-scraped", output="2-dataset")
    own = parser.add_argument_group(_("of this script"))
    own.add_argument(
        "--count", type=cli.integer(2), metavar="N", default=500, help=_("pictures to keep for each pole, at most")
    )
    own.add_argument(
        "--size",
        type=int,
        choices=dataset.SIZES,
        default=128,
        help=_("the side of the pictures in pixels; a scraped picture whose shorter side is under it is dropped"),
    )
    own.add_argument(
        "--subject",
        choices=SUBJECTS,
        default=GARMENT,
        help=_(
            "what is left of a person: the garment from the shoulders to its hem or to mid-thigh, without "
            "head, hair, neck, hands and bare skin, framed like one that nobody wears; or the figure from "
            "the chin to the hips"
        ),
    )
    own.add_argument(
        "--background",
        choices=("keep", "plain"),
        default="plain",
        help=_(
            "plain puts both poles on one light grey background, so that garments differ and backgrounds "
            "do not; keep leaves each picture its own, and so cuts nothing out"
        ),
    )
    own.add_argument(
        "--on-review",
        choices=(KEEP, DROP),
        default=DROP,
        help=_("what becomes of pictures for review as long as nobody decided on them"),
    )
    own.add_argument(
        "--people",
        nargs="*",
        metavar="POLE",
        help=_(
            "the poles in which every picture must show a person, who stands and faces the camera; none "
            "where no name follows (default: collection, where there is such a pole)"
        ),
    )
    own.add_argument(
        "--examples",
        type=Path,
        metavar="DIR",
        help=_(
            "two folders of pictures, top/ and other/, from which to learn what is a top; it also learns "
            "from your own decisions (default: HOME/data/examples, where it is there)"
        ),
    )
    own.add_argument(
        "--review", action="store_true", help=_("cull and trim what was made, by eye in a page; Ctrl-C ends it")
    )
    args = cli.parse(parser, argv)
    if args.review and args.fresh:
        parser.error(_("argument --review: not allowed with --fresh"))
    return args


def main(argv: list[str] | None = None) -> None:
    """Culls and crops."""
    args = parse_args(argv)
    report, progress = cli.reporter(args), make_progress(args)
    poles = dataset.find_poles(args.input, command("scrape.py"))
    check_args(args, poles)
    if args.review:
        review(args, poles)
        return
    found, other_files = pipeline.find_scraped(args.input, poles)
    examples = top_classifier.find_examples(args.examples) if args.examples else {}
    models = pose.find_models()
    options = {
        name: getattr(args, name) for name in ("size", "count", "subject", "background", "on_review", "people", "seed")
    }
    with cli.open_output(args, "preprocess.py", options, extendable=("count",)) as run:
        if args.fresh:
            run.begin()
            runs.move_aside(review_folders.review_folder(args.output))
        dataset.refuse_strangers(args.output, args.input)
        edits = pipeline.read_edits(args.output)
        pictures = pipeline.hash_scraped(args.input, found, progress)
        if pipeline.is_current(run, pipeline.hash_inputs(pictures, examples, edits, models)):
            report(
                _("{output}: nothing to do, it is made from this input with these options and decisions").format(
                    output=args.output
                )
            )
            report(describe_next_step(args))
            return

        log = args.output / "features.jsonl"
        known = image_features.read_log(log)
        overrides.check_boxes(edits.table, edits.overrides, pictures, known)
        run.begin()
        pipeline.extract_features(args.input, pictures, examples, known, log, models, progress)
        overrides.check_boxes(edits.table, edits.overrides, pictures, known)

        rules = Rules(args.size, args.count, args.seed, tuple(args.people), args.on_review == KEEP, args.subject)
        rows, learned = pipeline.decide(pictures, known, edits, examples, rules)
        how = {"size": args.size, "plain": args.background == "plain", "subject": args.subject, "models": models}
        hashes = {picture.file: picture.sha256 for picture in pictures}
        pipeline.crop_kept(args.input, args.output, rows, hashes, **how, progress=progress)
        sheets, edits = pipeline.write_results(args.input, args.output, poles, pictures, rows, edits, progress)

        counts = {pole: decisions.count_pole(rows, pole) for pole in poles}
        for line in describe_outcome(args, poles, rows, counts, models, learned, other_files):
            report(line)
        refuse_empty_poles(args, counts)
        shortcuts = shortcut_check.check_dataset(args.output, rows, poles)
        for line in shortcut_check.describe(shortcuts, args.background):
            report(line)
        results = {"poles": counts, "tops": learned, "shortcuts": shortcuts, "other_files": other_files}
        pipeline.finish(run, pipeline.hash_inputs(pictures, examples, edits, models), sheets, results)
    publish(args.home, args.output)
    report(_("made {output}; look at {sheets}").format(output=args.output, sheets=", ".join(sheets)))
    disagree = _("fill in your_decision in decisions.csv or move pictures in {review}").format(review=edits.review)
    report(_("to disagree, {disagree}, and run: {command}").format(disagree=disagree, command=same_command()))
    report(describe_next_step(args))


def review(args: argparse.Namespace, poles: Sequence[str]) -> None:
    """Serves the page on which a person culls and trims what an earlier run made."""
    from demicouture.review.cull import CullDesk, Folders  # Here, for a run needs no page.
    from demicouture.review.server import serve

    if not (args.output / "decisions.csv").exists():
        made_by = command("preprocess.py")
        raise InputError(
            _("{output}: found no decisions.csv, expected what a run made; run: {made_by}").format(
                output=args.output, made_by=made_by
            )
        )
    serve(CullDesk(Folders(args.input, args.output, args.examples, pose.find_models()), poles), cli.reporter(args))
    cli.reporter(args)(_("ended; to work your choices in, run: {command}").format(command=command("preprocess.py")))


def make_progress(args: argparse.Namespace) -> Callable[[Iterable, str, int], Iterable]:
    """Returns a function that shows the progress of a step in a bar and gives its results back."""

    def progress(results: Iterable, title: str, total: int) -> Iterable:
        return progress_bar(results, title, total=total, unit=_("picture"), quiet=args.quiet)

    return progress


def check_args(args: argparse.Namespace, poles: Sequence[str]) -> None:
    """Fills in what follows from the input, and refuses folders and poles that cannot be meant."""
    source, target = args.input.resolve(), args.output.resolve()
    if source == target or source in target.parents or target in source.parents:
        # It would be read as pictures, or be overwritten.
        raise OptionsError(
            _("{output}: lies in {input} or around it; choose an --output apart from --input").format(
                output=args.output, input=args.input
            )
        )
    if args.people is None:
        args.people = [pole for pole in poles if pole == "collection"]
    for pole in set(args.people) - set(poles):
        raise OptionsError(
            _("--people {pole}: no pole of {input}, expected {first} or {second}").format(
                pole=pole, input=args.input, first=poles[0], second=poles[1]
            )
        )
    if args.examples is None and (args.home / "data/examples").is_dir():
        args.examples = args.home / "data/examples"
    if not args.fresh:
        overrides.refuse_old_table(args.output / "decisions.csv")


def describe_outcome(
    args: argparse.Namespace,
    poles: Sequence[str],
    rows: Sequence[Mapping],
    counts: Mapping[str, Mapping],
    models: Path | None,
    learned: Mapping | None,
    other_files: Mapping[str, int],
) -> Iterator[str]:
    """Yields a line on each pole, and on everything that could not be judged or followed."""
    for pole in poles:
        yield decisions.describe_pole(pole, counts[pole])
    yield from decisions.find_oddities(rows)
    yield from decisions.suggest_people(rows, poles, args.people)
    if models is None:
        yield _("people were not judged: no models; {how_to_get}, and then: {command}").format(
            how_to_get=pretrained.how_to_get(), command=same_command()
        )
    if learned and not learned["used"]:
        yield (
            _(
                "warning: the examples in {examples} are of another kind than your pictures (a classifier "
                "separates them in {accuracy:.0%}); what is a top was not judged; take examples from the same "
                "source"
            ).format(examples=args.examples, accuracy=learned["accuracy_against_pictures"])
        )
    if other_files:
        yield _("passed over what is no picture, or none of a kind that is read: {kinds}").format(
            kinds=describe_kinds(other_files)
        )


def refuse_empty_poles(args: argparse.Namespace, counts: Mapping[str, Mapping]) -> None:
    """Refuses a data set of which a pole has fewer than two pictures: nothing can be trained with it."""
    for pole, found in counts.items():
        if found[decisions.KEPT] < 2:
            raise InputError(
                _(
                    "{output}: {found}; expected at least 2 kept; add pictures to {path}, or write keep into "
                    "your_decision in {table}, and run again"
                ).format(
                    output=args.output,
                    found=decisions.describe_pole(pole, found),
                    path=args.input / pole,
                    table=args.output / "decisions.csv",
                )
            )


def describe_next_step(args: argparse.Namespace) -> str:
    """Returns the lines on the training run that suits this data set and this machine, and how long it takes."""
    if flags_of_before("train_dcgan.py"):
        return cli.next_step("train_dcgan.py")
    pictures, gpu = len(dataset.own_pictures(args.output)), recommendation.has_gpu()
    words = recommendation.recommend(pictures, args.size, gpu)
    if gpu:
        return cli.next_step("train_dcgan.py", *words)
    takes = recommendation.describe_duration(recommendation.estimate_recommended(words, pictures))
    return _("training takes about {takes} here, without a GPU\n{command}").format(
        takes=takes, command=cli.next_step("train_dcgan.py", *words)
    )


if __name__ == "__main__":
    sys.exit(cli.run(main))
