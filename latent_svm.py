"""Finds the hyperplane between the two poles in latent space, and says how far to trust it.

A linear support vector machine separates the labelled designs' latents. The seed had to stop here, because no tool gave
the hyperplane out; here it is the result, with its validation, with what changes across it, and with designs on it.

The plane lies where a design is as likely labelled with the one pole as with the other.

Reads outputs/4-generated: latents.npy, labels.csv, and the style classifier; and for the pictures
outputs/3-training/generator.keras.
Writes outputs/5-boundary:
  hyperplane.npz      normal (100 numbers, of unit length, towards the second pole) and intercept
  report.json         whether there is a boundary; the accuracy on held-out designs, also of other classifiers; how well
                      the normal is known; what changes across it: the garment, or background and framing; whether the
                      style classifier, too, finds the plane's designs in between
  distances.csv       each design's signed distance from the plane
  plot.png            the two labelled sets with the plane between
  learning-curve.png  how well the normal is known, and how many labels would be enough
  on-the-plane.npy    the nearest latents on the plane, for all labelled designs
  in-between.npy      latents from all over the plane, uniformly: the general in-between
With the generator also:
  walk.png            a walk across the plane, from several designs
  difference.png      the mean picture on each side, their difference, and where pictures change
  changes.png, .csv   attributes of the pictures, and their correlation with the distance from the plane
  on-the-plane.png    labelled designs, and the nearest design on the plane to each
  in-between.png      designs from all over the plane

Labels of other kinds give other directions: --labels sleeves.csv writes all of this under its name,
hyperplane-sleeves.npz and so on, beside the plane of the poles. --without sleeves finds the best plane among those
independent of that direction, and names it hyperplane-without-sleeves.npz.

Example:
  python latent_svm.py --labels sleeves.csv
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import demicouture.installation  # noqa: F401 (says what is missing, before it is looked for)

import numpy as np

from demicouture import cli, pretrained
from demicouture.boundary import outputs
from demicouture.boundary import report as boundary_report
from demicouture.boundary.figures import RenderedFigures, render_figures
from demicouture.boundary.hyperplane import Hyperplane, fit_hyperplane
from demicouture.boundary.report import FEWEST_LABELS, FULL_EFFORT, Effort
from demicouture.boundary.style_scores import find_scorer
from demicouture.commands import command
from demicouture.dcgan import inference
from demicouture.designs.designs import Designs, read_designs
from demicouture.errors import InputError
from demicouture.evaluation.generator_quality import NOT_JUDGED, draws_garments, warn_of_blobs
from demicouture.files import hash_file, read_record
from demicouture.latents import without_directions

DIRECTION_NAME = re.compile(r"[\w-]+")
"""What a direction may be called, because files are."""


def choose_labelled(designs: Designs, source: Path) -> tuple[np.ndarray, np.ndarray]:
    """Returns which designs are labelled, int (n,), and whether with the second pole, bool (n,).

    Raises:
        InputError: The labels are not of exactly two kinds, or one of them is too rare to be held out.
    """
    poles, expected = designs.poles, f"expected two kinds, each on at least {FEWEST_LABELS} designs"
    counts = ", ".join(f"{pole} {designs.labelled(pole).sum()}" for pole in poles) or "none"
    if len(poles) > 2:
        mend = "correct the labels, in the column your_label"
        raise InputError(f"{source}: found labels of {len(poles)} kinds ({counts}), {expected}; {mend}")
    if len(poles) < 2 or min(designs.labelled(pole).sum() for pole in poles) < FEWEST_LABELS:
        raise InputError(
            f"{source}: found these labels: {counts}; {expected}; "
            f"label more designs, in the column your_label, or make more: {command('generate.py', '--count')} N"
        )
    labelled = np.flatnonzero(~designs.labelled(""))
    return labelled, designs.labelled(poles[1])[labelled]


def hash_inputs(args: argparse.Namespace, generator_file: Path, directions: Iterable[str]) -> dict[str, str | None]:
    """Returns the SHA-256 of each file that is read; None for a generator that is not there."""
    # The labels are no option but an input, however their file is named: changed ones are worked in.
    classifier, can_score = args.input / "style-classifier.json", pretrained.find(pretrained.IMAGENET)
    return {
        "latents.npy": hash_file(args.input / "latents.npy"),
        "labels.csv": hash_file(args.labels or args.input / "labels.csv"),
        "generator.keras": inference.hash_generator(generator_file) if generator_file.is_file() else None,
        "style-classifier.json": hash_file(classifier) if can_score and classifier.is_file() else None,
        **{f"hyperplane-{name}.npz": hash_file(args.output / f"hyperplane-{name}.npz") for name in directions},
    }


def look_across(
    args: argparse.Namespace, designs: Designs, plane: Hyperplane, in_between: np.ndarray, generator_file: Path
) -> RenderedFigures | None:
    """Renders the figures that need the generator; None where there is no generator."""
    if not generator_file.is_file():
        return None
    render = partial(inference.render, inference.load_generator(generator_file), quiet=args.quiet)
    scorer = find_scorer(args.input, designs.poles, args.quiet)
    return render_figures(args.input, designs, plane, in_between, render, scorer, args.seed)


def describe_generator(folder: Path) -> str:
    """Returns the line about the generator's quality that has to stand before the findings; "" where there is none."""
    quality = None
    if (folder / "summary.json").exists():
        quality = read_record(folder / "summary.json").get("results", {}).get("quality")
    if not draws_garments(quality):
        return warn_of_blobs(quality)
    return "" if quality or pretrained.find(pretrained.IMAGENET) else NOT_JUDGED


def next_step(args: argparse.Namespace) -> str:
    """Returns the command that uses the result."""
    if args.labels:
        # Such labels have no pair to interpolate between; but the plane of the poles can be made independent of them.
        return cli.next_step("latent_svm.py", "--without", args.name)
    return cli.next_step("interpolate.py")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Returns the flags; ``args.name`` is the direction's name, "" for the plane between the poles."""
    training = ("3-training", "the folder with generator.keras, which only the pictures need")
    parser = cli.parser(__doc__, output="5-boundary", input="4-generated", training=training)
    own = parser.add_argument_group("of this script")
    own.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="a CSV file with the columns design (17, or design-0017.png) and label, which labels all designs or some "
        "with any two words; its name is the direction's (default: INPUT/labels.csv)",
    )
    own.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="NAME",
        help="find a plane that is independent of this direction, found before with --labels NAME.csv; may be repeated",
    )
    args = cli.parse(parser, argv)
    if args.labels and not DIRECTION_NAME.fullmatch(args.labels.stem):
        parser.error(f"argument --labels: found {args.labels.name!r}, expected a name of letters, digits, - and _")
    if unfit := [name for name in args.without if not DIRECTION_NAME.fullmatch(name)]:
        parser.error(f"argument --without: found {unfit[0]!r}, expected the name of a file given to --labels before")
    if args.without and args.fresh:
        parser.error("argument --without: not allowed with --fresh, which moves the direction aside")
    args.without = sorted(set(args.without))
    parts = [args.labels.stem] if args.labels else []
    args.name = "-".join(parts + [f"without-{name}" for name in args.without])
    return args


def main(argv: list[str] | None = None, effort: Effort = FULL_EFFORT) -> None:
    """Fits the plane, validates it, measures what changes across it, and draws all of that."""
    args = parse_args(argv)
    say = cli.reporter(args)
    designs = read_designs(args.input, args.labels)
    if about_the_generator := describe_generator(args.input):
        say(about_the_generator)
    labelled, labels = choose_labelled(designs, args.labels or args.input / "labels.csv")
    directions = outputs.read_directions(args.output, args.without)
    generator_file = args.training / "generator.keras"
    inputs = hash_inputs(args, generator_file, directions)
    with cli.open_output(args, "latent_svm.py", {"seed": args.seed}, name=args.name) as run:
        if run.is_current(inputs):
            say(f"{args.output}: nothing to do, these designs and labels are worked in already")
            say(next_step(args))
            return

        # Everything is computed before a result is touched, so that a damaged input costs nothing that is finished.
        latents = designs.latents.astype(np.float64)
        if directions:
            latents = without_directions(latents, np.stack(list(directions.values())))
        of_fit = latents[labelled], labels, boundary_report.weigh(designs, labelled)
        fit = fit_hyperplane(*of_fit, args.seed)
        in_between = fit.plane.sample(effort.on_the_plane, args.seed)
        figures = look_across(args, designs, fit.plane, in_between, generator_file)
        worth, held_out, curve = boundary_report.validate(*of_fit, fit, args.seed, args.quiet, effort)
        training = fit.plane.signed_distance(designs.latents[labelled])
        report = worth | boundary_report.describe(designs, labels, fit, training)
        report["unsure"] = boundary_report.measure_unsure(designs, latents, fit.plane, held_out.accuracy)
        report["by_source"] = boundary_report.compare_sources(
            designs, latents, fit, held_out, args.seed, args.quiet, effort
        )
        report |= {"independent_of": list(directions), "across_the_plane": figures and figures.findings}

        run.begin()
        made = outputs.write(args.output, args.name, designs, fit.plane, in_between, report, held_out, curve, figures)
        results = {name: report[name] for name in ("boundary_found", "poles")}
        run.finish(inputs, made, results | {"labels": str(args.labels.resolve()) if args.labels else None})
    say(f"{args.output}: {', '.join(made)}")
    if not figures:
        walk = outputs.file_name("walk.png", args.name)
        missing = f"not found, so {walk} and the other pictures of designs were not made"
        say(f"{generator_file}: {missing}; run: {command('train_dcgan.py')}, or give --training DIR")
    for sentence in (*boundary_report.findings(report), next_step(args)):
        say(sentence)


if __name__ == "__main__":
    sys.exit(cli.run(main))
