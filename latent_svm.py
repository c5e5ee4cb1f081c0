"""Finds the hyperplane between the two poles in latent space, and says whether it means anything.

A linear support vector machine separates the labelled designs' latents. The seed had to stop here, because no tool gave
the hyperplane out; here it is the result, together with designs that lie on it.

Reads outputs/4-generated: latents.npy and labels.csv; and for the pictures outputs/3-training/generator.keras.
Writes outputs/5-boundary:
  hyperplane.npz     normal (100 numbers, of unit length, towards the second pole) and intercept
  report.json        how many labelled designs lie on the right side, held out too; whether there is a boundary at all
  distances.csv      each design's signed distance from the plane
  plot.png           the two labelled sets with the plane between
  on-the-plane.png   labelled designs, and the nearest design on the plane to each
  on-the-plane.npy   the nearest latents on the plane, for all labelled designs
  walk.png           a walk across the plane, from several designs

Example:
  python latent_svm.py --labels sleeves.csv --output outputs/5-sleeves
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from demicouture import boundary, cli, rendering
from demicouture.boundary_figures import draw_on_the_plane, draw_sets, draw_walk
from demicouture.designs import Designs, design_name, read_designs
from demicouture.errors import InputError
from demicouture.files import atomic_path, finish_run, hash_file, is_finished, write_csv, write_json
from demicouture.images import save_png

NUMBERS = ["hyperplane.npz", "report.json", "distances.csv", "on-the-plane.npy", "plot.png"]
"""What needs the labelled latents only."""

PICTURES = ["on-the-plane.png", "walk.png"]
"""What needs the generator too."""


def choose_labelled(designs: Designs, source: Path) -> tuple[np.ndarray, np.ndarray]:
    """Returns which designs are labelled, int (n,), and whether with the second pole, bool (n,).

    Raises:
        InputError: The labels are not of exactly two words, or one of them is too rare to be held out.
    """
    poles, least = designs.poles, f"expected two words, each on at least {boundary.FOLDS} designs"
    counts = ", ".join(f"{word} {designs.labelled(word).sum()}" for word in poles) or "none"
    if len(poles) > 2:
        raise InputError(f"{source}: found labels of {len(poles)} kinds ({counts}), {least}; mend the column label")
    if len(poles) < 2 or min(designs.labelled(word).sum() for word in poles) < boundary.FOLDS:
        raise InputError(
            f"{source}: found these labels: {counts}; {least}; "
            "write more into the column label, or make more designs: python generate.py --count N"
        )
    labelled = np.flatnonzero(~designs.labelled(""))
    return labelled, designs.labelled(poles[1])[labelled]


def describe(designs: Designs, labels: np.ndarray, fit: boundary.Fit, held_out: boundary.HeldOut, p: float) -> dict:
    """Returns the content of ``report.json`` but the training accuracy: what the plane is worth, by plain names."""
    sources = {
        pole: {
            "judge": int(np.sum(designs.labelled(pole) & ~designs.by_person)),
            "person": int(np.sum(designs.labelled(pole) & designs.by_person)),
        }
        for pole in designs.poles
    }
    return {
        "boundary_found": p < boundary.SIGNIFICANT,
        "poles": list(designs.poles),
        "labels": {pole: sum(counts.values()) for pole, counts in sources.items()},
        "labelled_by": sources,
        "unlabelled": len(designs.labels) - len(labels),
        "held_out_accuracy": held_out.accuracy,
        "held_out_interval": list(boundary.wilson_interval(held_out.accuracy, len(labels))),
        "held_out_balanced_accuracy": held_out.balanced_accuracy,
        "accuracy_of_guessing_the_larger_pole": float(max(labels.mean(), 1 - labels.mean())),
        "p_value": p,
        "permutations": boundary.PERMUTATIONS,
        "folds": boundary.FOLDS,
        "repeats": held_out.repeats,
        "C": fit.penalty,
        "margin": fit.margin,
        "support_designs": int(fit.support.sum()),
        "intercept": fit.plane.intercept,
    }


def finding(report: dict[str, Any]) -> str:
    """Returns what the numbers say, in one sentence."""
    low, high = report["held_out_interval"]
    evidence = (
        f"{report['held_out_accuracy']:.0%} of held-out designs on the right side "
        f"(95% interval {low:.0%} to {high:.0%}), p = {report['p_value']:.3g}"
    )
    first, second = report["poles"]
    if report["boundary_found"]:
        return f"A plane separates {first} from {second}: {evidence}"
    return f"No boundary between {first} and {second} was found: {evidence}"


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Returns the flags."""
    parser = cli.parser(__doc__, output="5-boundary", input="4-generated")
    own = parser.add_argument_group("of this script")
    own.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="a CSV file with the columns design and label, which labels all designs or some with any two words "
        "(default: INPUT/labels.csv)",
    )
    own.add_argument(
        "--training",
        type=Path,
        metavar="DIR",
        help="the folder with generator.keras, which only the pictures need (default: HOME/outputs/3-training)",
    )
    return cli.parse(parser, argv)


def main(argv: list[str] | None = None) -> None:
    """Fits the plane, asks what it is worth, and draws it."""
    args = parse_args(argv)
    say = cli.reporter(args)
    labels_file = args.labels or args.input / "labels.csv"
    designs = read_designs(args.input, args.labels)
    labelled, labels = choose_labelled(designs, labels_file)
    generator_file = (args.training or cli.folder(args, "3-training")) / "generator.keras"
    inputs = {
        "latents.npy": hash_file(args.input / "latents.npy"),
        "labels.csv": hash_file(labels_file),
        "generator.keras": hash_file(generator_file) if generator_file.is_file() else None,
    }
    # The labels are no option but an input, however their file is named: changed ones are worked in.
    options = {"seed": args.seed}
    next_step = cli.next_step(
        args,
        "interpolate.py",
        flag="--boundary",
        input=args.input if args.input_given else None,
        training=args.training,
    )

    cli.open_output(args, "latent_svm.py", options)
    if is_finished(args.output, inputs):
        say(f"{args.output}: nothing to do, these designs and labels are worked in already")
        say(next_step)
        return

    # All is worked out before a result is touched, so that a damaged input costs nothing that lies there finished.
    latents = designs.latents[labelled]
    fit = boundary.fit_hyperplane(latents, labels)
    sheets = {}
    if inputs["generator.keras"]:
        generator = rendering.load_generator(generator_file)

        def render(latents: np.ndarray) -> np.ndarray:
            return rendering.render(generator, latents, args.quiet)

        sheets["on-the-plane.png"] = draw_on_the_plane(args.input, designs, fit.plane, render)
        sheets["walk.png"] = draw_walk(designs, fit.plane, render)
    training = fit.plane.signed_distance(latents)
    held_out = boundary.cross_validate(latents, labels, args.seed)
    p_value = boundary.permutation_test(latents, labels, args.seed, quiet=args.quiet)
    report = describe(designs, labels, fit, held_out, p_value)
    report["training_accuracy"] = float(np.mean((training > 0) == labels))

    for name in ["summary.json", *PICTURES]:
        (args.output / name).unlink(missing_ok=True)
    fit.plane.save(args.output / "hyperplane.npz")
    write_json(args.output / "report.json", report)
    rows = enumerate(zip(designs.labels, fit.plane.signed_distance(designs.latents), strict=True))
    write_csv(
        args.output / "distances.csv",
        ["design", "label", "distance"],
        ({"design": design_name(index), "label": label, "distance": distance} for index, (label, distance) in rows),
    )
    with atomic_path(args.output / "on-the-plane.npy") as partial:
        np.save(partial, fit.plane.nearest(latents).astype(np.float32))
    draw_sets(args.output / "plot.png", report, finding(report), labels, training, held_out.distances)
    for name, sheet in sheets.items():
        save_png(args.output / name, sheet)
    made = [*NUMBERS, *sheets]
    found = {"boundary_found": report["boundary_found"], "poles": report["poles"]}
    found["labels"] = str(args.labels.resolve()) if args.labels else None
    finish_run(args.output, "latent_svm.py", options, inputs, made, found)

    say(f"{args.output}: {', '.join(made)}")
    if not sheets:
        missing = f"not found, so {' and '.join(PICTURES)} were not made"
        say(f"{generator_file}: {missing}; run train_dcgan.py, or give --training DIR")
    say(
        f"{finding(report)}. Training accuracy is {report['training_accuracy']:.0%}, which says little; "
        f"always guessing the larger pole gives {report['accuracy_of_guessing_the_larger_pole']:.0%}."
    )
    if not report["boundary_found"]:
        say(
            f"Labels without meaning look as good too often (p is not below {boundary.SIGNIFICANT}), so the plane is "
            "nothing to rely on: correct the labels, or label more designs (python generate.py --count N)"
        )
    say(next_step)


if __name__ == "__main__":
    sys.exit(cli.run(main))
