"""Finds the hyperplane between the two poles in latent space, and says what it means, if it means anything.

A linear support vector machine separates the labelled designs' latents. The seed had to stop here, because no tool gave
the hyperplane out; here it is the result, with what it is worth, with what changes across it, and with designs on it.

Reads outputs/4-generated: latents.npy and labels.csv; and for the pictures outputs/3-training/generator.keras.
Writes outputs/5-boundary:
  hyperplane.npz      normal (100 numbers, of unit length, towards the second pole) and intercept
  report.json         whether there is a boundary; how many held-out designs lie on the right side, by other machines
                      too; how well the normal is known; what changes across it, and how much of that is the garment
  distances.csv       each design's signed distance from the plane
  plot.png            the two labelled sets with the plane between
  learning-curve.png  how well the normal is known, and how many labels would be enough
  on-the-plane.npy    the nearest latents on the plane, for all labelled designs
  in-between.npy      latents from all over the plane, uniformly: the general in-between
With the generator also:
  walk.png            a walk across the plane, from several designs
  difference.png      the mean picture on each side, their difference, and where pictures change
  changes.png, .csv   what can be measured in pictures, and how it goes with the distance from the plane
  on-the-plane.png    labelled designs, and the nearest design on the plane to each
  in-between.png      designs from all over the plane

Other words make other directions: --labels sleeves.csv writes all of this with its name, hyperplane-sleeves.npz and so
on, beside the plane of the poles. --without sleeves finds the best plane among those independent of that direction, and
names it hyperplane-without-sleeves.npz.

Example:
  python latent_svm.py --labels sleeves.csv
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from demicouture import cli
from demicouture.boundary import attribute_changes, hyperplane
from demicouture.boundary import report as boundary_report
from demicouture.boundary.figures import draw_changes, draw_learning_curve, draw_sets, look
from demicouture.boundary.hyperplane import Hyperplane
from demicouture.dcgan import inference
from demicouture.designs.designs import Designs, design_name, read_designs
from demicouture.errors import InputError
from demicouture.files import atomic_path, hash_file, write_csv, write_json
from demicouture.images import save_png
from demicouture.latents import without_directions
from demicouture.runs import finish_run, is_finished

NUMBERS = (
    "hyperplane.npz",
    "report.json",
    "distances.csv",
    "on-the-plane.npy",
    "in-between.npy",
    "plot.png",
    "learning-curve.png",
)
"""What needs the labelled latents only."""

PICTURES = ("walk.png", "difference.png", "changes.png", "changes.csv", "on-the-plane.png", "in-between.png")
"""What needs the generator too."""

IN_BETWEEN = 1000
"""Latents from all over the plane: enough to choose among."""

NAME = re.compile(r"[\w-]+")
"""What a direction may be called, because files are."""


def choose_labelled(designs: Designs, source: Path) -> tuple[np.ndarray, np.ndarray]:
    """Returns which designs are labelled, int (n,), and whether with the second pole, bool (n,).

    Raises:
        InputError: The labels are not of exactly two words, or one of them is too rare to be held out.
    """
    poles, least = designs.poles, f"expected two words, each on at least {boundary_report.LEAST} designs"
    counts = ", ".join(f"{word} {designs.labelled(word).sum()}" for word in poles) or "none"
    if len(poles) > 2:
        raise InputError(f"{source}: found labels of {len(poles)} kinds ({counts}), {least}; mend the column label")
    if len(poles) < 2 or min(designs.labelled(word).sum() for word in poles) < boundary_report.LEAST:
        raise InputError(
            f"{source}: found these labels: {counts}; {least}; "
            "write more into the column label, or make more designs: python generate.py --count N"
        )
    labelled = np.flatnonzero(~designs.labelled(""))
    return labelled, designs.labelled(poles[1])[labelled]


def read_directions(folder: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Returns the normals of directions that were found before, by name.

    Raises:
        InputError: There is no such direction.
    """
    normals = {}
    for name in names:
        path = folder / f"hyperplane-{name}.npz"
        if not path.exists():
            known = sorted(found.stem.removeprefix("hyperplane-") for found in folder.glob("hyperplane-*.npz"))
            raise InputError(
                f"--without {name}: {path} not found, expected one of: {', '.join(known) or 'none yet'}; "
                f"run: python latent_svm.py --labels {name}.csv"
            )
        normals[name] = Hyperplane.load(path).normal
    return normals


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Returns the flags; ``args.name`` is what the direction is called, "" for the plane between the poles."""
    parser = cli.parser(__doc__, output="5-boundary", input="4-generated")
    own = parser.add_argument_group("of this script")
    own.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="a CSV file with the columns design and label, which labels all designs or some with any two words; its "
        "name is the direction's (default: INPUT/labels.csv)",
    )
    own.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="NAME",
        help="find a plane that is independent of this direction, found before with --labels NAME.csv; may be repeated",
    )
    own.add_argument(
        "--training",
        type=Path,
        metavar="DIR",
        help="the folder with generator.keras, which only the pictures need (default: HOME/outputs/3-training)",
    )
    args = cli.parse(parser, argv)
    if args.labels and not NAME.fullmatch(args.labels.stem):
        parser.error(f"argument --labels: found {args.labels.name!r}, expected a name of letters, digits, - and _")
    if unfit := [name for name in args.without if not NAME.fullmatch(name)]:
        parser.error(f"argument --without: found {unfit[0]!r}, expected the name of a file that --labels took")
    if args.without and args.fresh:
        parser.error("argument --without: not allowed with --fresh, which moves the direction aside")
    parts = [args.labels.stem] if args.labels else []
    args.name = "-".join(parts + [f"without-{name}" for name in sorted(set(args.without))])
    return args


def main(argv: list[str] | None = None) -> None:
    """Fits the plane, asks what it is worth and what changes across it, and draws it."""
    args = parse_args(argv)
    say = cli.reporter(args)
    labels_file = args.labels or args.input / "labels.csv"
    designs = read_designs(args.input, args.labels)
    labelled, labels = choose_labelled(designs, labels_file)
    directions = read_directions(args.output, sorted(set(args.without)))
    generator_file = (args.training or cli.folder(args, "3-training")) / "generator.keras"
    inputs = {
        "latents.npy": hash_file(args.input / "latents.npy"),
        "labels.csv": hash_file(labels_file),
        "generator.keras": hash_file(generator_file) if generator_file.is_file() else None,
        **{f"hyperplane-{name}.npz": hash_file(args.output / f"hyperplane-{name}.npz") for name in directions},
    }
    # The labels are no option but an input, however their file is named: changed ones are worked in.
    options = {"seed": args.seed}
    passed_on = {"input": args.input if args.input_given else None, "training": args.training}
    if args.labels:
        # Of two other words there is no pair to go between; but the plane of the poles can be made independent of them.
        next_step = cli.next_step(args, "latent_svm.py", "--output", **passed_on) + f" --without {args.name}"
    else:
        next_step = cli.next_step(args, "interpolate.py", "--boundary", **passed_on)

    def named(name: str) -> str:
        stem, _, suffix = name.rpartition(".")
        return f"{stem}-{args.name}.{suffix}" if args.name else name

    def place(name: str) -> Path:
        return args.output / named(name)

    cli.open_output(args, "latent_svm.py", options)
    if is_finished(args.output, inputs, named("summary.json")):
        say(f"{args.output}: nothing to do, these designs and labels are worked in already")
        say(next_step)
        return

    # All is worked out before a result is touched, so that a damaged input costs nothing that lies there finished.
    every = designs.latents.astype(np.float64)
    if directions:
        every = without_directions(every, np.stack(list(directions.values())))
    latents, weights = every[labelled], boundary_report.weigh(designs, labelled)
    fit = hyperplane.fit_hyperplane(latents, labels, weights, args.seed)
    training = fit.plane.signed_distance(designs.latents[labelled])
    in_between = fit.plane.sample(IN_BETWEEN, args.seed)
    seen = None
    if inputs["generator.keras"]:
        generator = inference.load_generator(generator_file)

        def render(latents: np.ndarray) -> np.ndarray:
            return inference.render(generator, latents, args.quiet)

        seen = look(args.input, designs, fit.plane, in_between, render, args.seed)
    worth, held_out, curve = boundary_report.validate(latents, labels, weights, fit, args.seed, args.quiet)
    report = worth | boundary_report.describe(designs, labels, fit, training)
    report["by_source"] = boundary_report.compare_sources(designs, every, args.seed, args.quiet)
    report["independent_of"] = list(directions)
    report["across_the_plane"] = seen and seen.findings

    for name in ("summary.json", *PICTURES):
        place(name).unlink(missing_ok=True)
    fit.plane.save(place("hyperplane.npz"))
    write_json(place("report.json"), report)
    rows = enumerate(zip(designs.labels, fit.plane.signed_distance(designs.latents), strict=True))
    write_csv(
        place("distances.csv"),
        ["design", "label", "distance"],
        ({"design": design_name(index), "label": label, "distance": distance} for index, (label, distance) in rows),
    )
    for name, points in (
        ("on-the-plane.npy", fit.plane.nearest(designs.latents[labelled])),
        ("in-between.npy", in_between),
    ):
        with atomic_path(place(name)) as partial:
            np.save(partial, points.astype(np.float32))
    draw_sets(place("plot.png"), report, boundary_report.finding(report), labels, training, held_out.distances)
    draw_learning_curve(place("learning-curve.png"), curve, boundary_report.how_well_known(report))
    if seen:
        for name, sheet in seen.sheets.items():
            save_png(place(name), sheet)
        draw_changes(place("changes.png"), seen.changes, seen.distances, seen.second)
        attribute_changes.write_changes(place("changes.csv"), seen.changes)
    made = [named(name) for name in (*NUMBERS, *(PICTURES if seen else ()))]
    found = {"boundary_found": report["boundary_found"], "poles": report["poles"]}
    found["labels"] = str(args.labels.resolve()) if args.labels else None
    finish_run(args.output, "latent_svm.py", options, inputs, made, found, named("summary.json"))

    say(f"{args.output}: {', '.join(made)}")
    if not seen:
        missing = f"not found, so {named('walk.png')} and the other pictures of designs were not made"
        say(f"{generator_file}: {missing}; run train_dcgan.py, or give --training DIR")
    for sentence in boundary_report.sentences(report):
        say(sentence)
    say(next_step)


if __name__ == "__main__":
    sys.exit(cli.run(main))
