"""Finds the hyperplane between the two poles in latent space, and says how far to trust it.

A linear support vector machine separates latents with labels. The seed had to stop here, because no tool gave the
hyperplane out; here it is the result, with its validation, with what changes across it, and with designs on it.

Where there is an encoder, the latents are the codes of the data set's photographs, whose labels are true: the pole's
folder. Photographs that neither generator, encoder nor plane has seen say how good the plane is. The plane of the
labelled designs, whose labels are a classifier's, stands beside it. Else, or with --from designs, that is the plane.

The plane lies where a photograph (a design) is as likely labelled with the one pole as with the other.

Reads outputs/4-generated: latents.npy, labels.csv, and the style classifier; outputs/3-training: encodings.npz, where
it exists, and for the pictures generator.keras; and for them, where it exists, data/2-dataset.
Writes outputs/5-boundary:
  hyperplane.npz      normal (100 numbers, of unit length, towards the second pole) and intercept
  report.json         whether there is a boundary; the accuracy on what was held out, also of other classifiers; how
                      well the normal is known; what changes across it: the garment, or background and framing; whether
                      the style classifier, too, finds the plane's designs in between; the angle to the designs' plane
  distances.csv       each design's signed distance from the plane
  photographs.csv     each photograph's, and whether training saw it
  plot.png            the two labelled sets with the plane between
  learning-curve.png  how well the normal is known, and how many labels would be enough
  on-the-plane.npy    the nearest latents on the plane, for all photographs (for all labelled designs)
  in-between.npy      latents from all over the plane, uniformly: the general in-between
  hyperplane-designs.npz  the designs' own plane, beside the photographs'
With the generator also:
  walk.png            a walk across the plane, from several photographs that training has not seen (from designs)
  on-the-plane.png    such photographs (labelled designs), and the nearest design on the plane to each
  in-between.png      designs from all over the plane
  difference.png      the mean picture on each side, their difference, and where pictures change; of designs
  changes.png, .csv   attributes of designs' pictures, and their correlation with the distance from the plane

Labels of other kinds give other directions: --labels sleeves.csv labels designs, and writes all of this under its name,
hyperplane-sleeves.npz and so on, beside the plane of the poles. --without sleeves finds the best plane among those
independent of that direction, and names it hyperplane-without-sleeves.npz.

Examples:
  python latent_svm.py
  python latent_svm.py --from designs
  python latent_svm.py --labels sleeves.csv
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

import demicouture.installation  # noqa: F401 (says what is missing, before it is looked for)

import numpy as np

from demicouture import cli, pretrained
from demicouture.boundary import findings, outputs
from demicouture.boundary import report as boundary_report
from demicouture.boundary.figures import RenderedFigures, ShownPhotographs, render_figures
from demicouture.boundary.hyperplane import Hyperplane, fit_hyperplane
from demicouture.boundary.photograph_report import report_photographs
from demicouture.boundary.photographs import LabelledPhotographs, find_photographs
from demicouture.boundary.report import DESIGNS, FULL_EFFORT, PHOTOGRAPHS, SOURCES, Effort
from demicouture.boundary.style_scores import find_scorer
from demicouture.commands import command
from demicouture.dcgan import encodings, inference
from demicouture.designs.designs import Designs, read_designs
from demicouture.errors import InputError
from demicouture.evaluation.generator_quality import describe_generator, read_quality
from demicouture.files import hash_file
from demicouture.language import _
from demicouture.latents import without_directions
from demicouture.magazine.publishing import publish

DIRECTION_NAME = re.compile(r"[\w-]+")
"""What a direction may be called, because files are."""


def read_photographs(args: argparse.Namespace) -> tuple[LabelledPhotographs | None, str]:
    """Returns the photographs to fit the plane on; or None, for a plane of designs, and the reason, "" by choice.

    Raises:
        InputError: Photographs are asked for, and cannot be used.
    """
    if args.labels or args.fitted_on == DESIGNS:
        return None, ""
    photographs, reason = find_photographs(args.training, args.input)
    if args.fitted_on == PHOTOGRAPHS and not photographs:
        missing = _("{training}: not found, expected photographs' codes").format(
            training=args.training / encodings.RECORD
        )
        raise InputError(
            reason or _("{missing}; run: {command}").format(missing=missing, command=command("train_dcgan.py"))
        )
    return photographs, reason


def hash_inputs(
    args: argparse.Namespace, photographs: LabelledPhotographs | None, directions: Iterable[str]
) -> dict[str, str | None]:
    """Returns the SHA-256 of each file that is read; None for a generator, or a data set, that is not there."""
    # The labels are no option but an input, however their file is named, and so is what they are labels of: changed
    # ones are worked in.
    classifier, can_score = args.input / "style-classifier.json", pretrained.find(pretrained.IMAGENET)
    generator_file = args.training / "generator.keras"
    inputs = {
        "latents.npy": hash_file(args.input / "latents.npy"),
        "labels.csv": hash_file(args.labels or args.input / "labels.csv"),
        "generator.keras": inference.hash_generator(generator_file) if generator_file.is_file() else None,
        "style-classifier.json": hash_file(classifier) if can_score and classifier.is_file() else None,
        **{f"hyperplane-{name}.npz": hash_file(args.output / f"hyperplane-{name}.npz") for name in directions},
    }
    if not photographs:
        return inputs
    dataset = photographs.dataset_sha256 if photographs.lie_in(args.data) else None
    return inputs | {encodings.RECORD: hash_file(args.training / encodings.RECORD), "2-dataset": dataset}


def look_across(
    args: argparse.Namespace,
    designs: Designs,
    photographs: LabelledPhotographs | None,
    inputs: Mapping[str, str | None],
    plane: Hyperplane,
    in_between: np.ndarray,
) -> tuple[RenderedFigures | None, list[str]]:
    """Renders the figures that need the generator; None where there is none. And says what had to be left out."""
    generator_file = args.training / "generator.keras"
    if not generator_file.is_file():
        walk = outputs.file_name("walk.png", args.name)
        missing = _("not found, so {walk} and the other pictures of designs were not made").format(walk=walk)
        return None, [
            _("{generator_file}: {missing}; run: {command}, or give --training DIR").format(
                generator_file=generator_file, missing=missing, command=command("train_dcgan.py")
            )
        ]
    generator = inference.load_generator(generator_file, inputs["generator.keras"])
    render = partial(inference.render, generator, quiet=args.quiet)
    scorer, no_scores = find_scorer(args.input, (photographs or designs).poles, args.quiet)
    shown, no_originals = None, ""
    if photographs and inputs["2-dataset"]:
        shown = ShownPhotographs(photographs, partial(photographs.read, args.data, size=generator.output_shape[1]))
    elif photographs:
        shown = ShownPhotographs(photographs, None)
        no_originals = _(
            "{data}: not the photographs that were encoded, so they are not shown beside their codes"
        ).format(data=args.data)
    figures = render_figures(args.input, designs, shown, plane, in_between, render, scorer, args.seed)
    return figures, list(filter(None, (no_scores, no_originals)))


def next_step(args: argparse.Namespace) -> str:
    """Returns the command that uses the result."""
    # A direction has no pair of poles to interpolate between: one design walks along it.
    return cli.next_step("interpolate.py", *(["--along", args.name] if args.name else []))


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Returns the flags; ``args.name`` is the direction's name, "" for the plane between the poles."""
    parser = cli.parser(
        __doc__,
        output="5-boundary",
        input="4-generated",
        training=("3-training", _("the folder with encodings.npz, and with generator.keras, which only pictures need")),
        data=(
            "2-dataset",
            _("the data set, whose photographs are shown beside what the generator makes of their codes"),
        ),
    )
    own = parser.add_argument_group(_("of this script"))
    own.add_argument(
        "--from",
        dest="fitted_on",
        choices=SOURCES,
        help=_(
            "what the plane is fitted on: photographs' codes with their true labels, or designs with "
            "theirs (default: photographs where TRAINING/encodings.npz is there, else designs)"
        ),
    )
    own.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help=_(
            "a CSV file with the columns design (17, or design-0017.png) and label, which labels all "
            "designs or some with any two words; its name is the direction's (default: INPUT/labels.csv)"
        ),
    )
    own.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="NAME",
        help=_(
            "find a plane that is independent of this direction, found before with --labels NAME.csv; may be repeated"
        ),
    )
    args = cli.parse(parser, argv)
    if args.labels and not DIRECTION_NAME.fullmatch(args.labels.stem):
        parser.error(
            _("argument --labels: found {name!r}, expected a name of letters, digits, - and _").format(
                name=args.labels.name
            )
        )
    if unfit := [name for name in args.without if not DIRECTION_NAME.fullmatch(name)]:
        parser.error(
            _("argument --without: found {unfit!r}, expected the name of a file given to --labels before").format(
                unfit=unfit[0]
            )
        )
    if args.labels and args.fitted_on == PHOTOGRAPHS:
        parser.error(_("argument --labels: not allowed with --from photographs; such labels are designs'"))
    for name in [*args.without, *([args.labels.stem] if args.labels else [])]:
        if outputs.is_designs_plane(name):
            parser.error(
                _("found the direction {name!r}, expected another name: {designs_plane} is their plane").format(
                    name=name, designs_plane=outputs.DESIGNS_PLANE
                )
            )
    if args.without and args.fresh:
        parser.error(_("argument --without: not allowed with --fresh, which moves the direction aside"))
    args.without = sorted(set(args.without))
    parts = [args.labels.stem] if args.labels else []
    args.name = "-".join(parts + [f"without-{name}" for name in args.without])
    return args


def main(argv: list[str] | None = None, effort: Effort = FULL_EFFORT) -> None:
    """Fits the plane, validates it, measures what changes across it, and draws all of that."""
    args = parse_args(argv)
    say = cli.reporter(args)
    labels_file = args.labels or args.input / "labels.csv"
    designs = read_designs(args.input, args.labels)
    photographs, no_photographs = read_photographs(args)
    for sentence in filter(None, (describe_generator(read_quality(args.input)), no_photographs)):
        say(sentence)
    examples = photographs or designs
    chosen, labels = photographs.seen if photographs else boundary_report.choose_labelled(designs, labels_file)
    weights = np.ones(len(chosen)) if photographs else boundary_report.weigh(designs, chosen)
    directions = outputs.read_directions(args.output, args.without)
    inputs = hash_inputs(args, photographs, directions)
    with cli.open_output(args, "latent_svm.py", {"seed": args.seed}, name=args.name) as run:
        if run.is_current(inputs):
            say(_("{output}: nothing to do, these latents and labels are worked in already").format(output=args.output))
            say(next_step(args))
            return

        # Everything is computed before a result is touched, so that a damaged input costs nothing that is finished.
        latents, designs_latents = (
            without_directions(some.latents, list(directions.values())) for some in (examples, designs)
        )
        of_fit = latents[chosen], labels, weights
        fit = fit_hyperplane(*of_fit, args.seed)
        in_between = fit.plane.sample(effort.on_the_plane, args.seed)
        figures, left_out = look_across(args, designs, photographs, inputs, fit.plane, in_between)
        worth, held_out, curve = boundary_report.validate(*of_fit, fit, args.seed, args.quiet, effort)
        of_designs, how = (designs, designs_latents), (args.seed, args.quiet, effort)
        if photographs:
            report, beside = report_photographs(worth, photographs, *of_designs, labels_file, fit, curve, args.seed)
        else:
            report, beside = boundary_report.report_designs(worth, *of_designs, fit, held_out, *how), None
        report |= {"independent_of": list(directions), "across_the_plane": figures and figures.findings}

        run.begin()
        found = outputs.Boundary(fit.plane, in_between, report, held_out, curve, figures, beside)
        made = outputs.write(args.output, args.name, designs, photographs, found)
        results = {name: report[name] for name in ("from", "boundary_found", "poles")}
        run.finish(inputs, made, results | {"labels": str(args.labels.resolve()) if args.labels else None})
    publish(args.home, args.output)
    say(f"{args.output}: {', '.join(made)}")
    for sentence in (*left_out, *findings.findings(report, args.labels), next_step(args)):
        say(sentence)


if __name__ == "__main__":
    sys.exit(cli.run(main))
