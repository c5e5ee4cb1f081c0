"""Makes garments in between: on the way from one design to another, on a board of many pairs, and in a lookbook.

The way keeps to what the generator has learnt: at every step, the latents are distributed as the prior. (A straight
line leaves it in the middle, where designs look washed out; --path lerp shows that.)

Reads outputs/3-training: generator.keras; outputs/4-generated: latents.npy, labels.csv, and where they are there
designs.csv, the judge and the designs' pictures; and, where it exists, outputs/5-boundary: the hyperplane.
Writes outputs/6-interpolation:
  strip.png          the steps side by side; the first and the last are the two designs, to the pixel
  midpoint.png       the design half-way, in large
  crossing.png       the design where the way crosses the hyperplane nearest to its middle, in large
  animation.gif      there and back again, with the strip below; animation.mp4: the same once, as MPEG-4 Part 2, which
                     players play and most browsers do not: OpenCV has no encoder for H.264
  found-a.png, .npy  with --a PHOTO (or --b): the photograph, as it was cut out, and the design found for it; its latent
  steps.csv          strip, step, t from 0 to 1, signed distance from the hyperplane, picture
  strip-0/           each step's picture by itself
and, unless ends are given and where there is a judge, the best garments in between, of thousands:
  lookbook.png, .pdf on one page, with what each is made of and the photograph that is nearest to it
  lookbook.csv       number, both designs, score, distance, realism, nearest photograph; lookbook.npy: their latents
  lookbook/          each garment's picture by itself
With --pairs K in place of all this:
  board.png          what lies between each of K designs of the one pole and each of K of the other
  board.npy          the latents, row by row; steps.csv and strip-0/ to strip-(K-1)/, one for each row

Pictures in large are enlarged by Lanczos' filter, which adds no detail.

Examples:
  python interpolate.py
  python interpolate.py --a 3 --b 17 --steps 11 --output outputs/6-from-3-to-17
  python interpolate.py --a my-shirt.jpg --b 3,17,40 --output outputs/6-my-shirt
  python interpolate.py --pairs 8 --output outputs/6-board
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from demicouture import cli
from demicouture.boundary.hyperplane import Hyperplane
from demicouture.dcgan import inference
from demicouture.designs.designs import read_designs
from demicouture.errors import InputError
from demicouture.evaluation import style_classifier
from demicouture.evaluation.realism import can_score_realism
from demicouture.files import hash_file, read_json, sha256
from demicouture.interpolation import endpoints, lookbook
from demicouture.interpolation.sequence import FOOT, MOST_OF_GIF, Setting, choose_ends, make_board, make_way
from demicouture.latents import PATHS
from demicouture.runs import finish_run, is_finished

MOST_STEPS = 99
MOST_PAIRS = 20
LARGE = 512
"""The side of the pictures in large, in pixels."""

OF_PAIR = ("crossing.png", "found-a.png", "found-a.npy", "found-b.png", "found-b.npy")
"""What a run makes only sometimes."""

OF_LOOKBOOK = ("lookbook.png", "lookbook.pdf", "lookbook.csv", "lookbook.npy")


def read_plane(args: argparse.Namespace, latents_sha256: str) -> tuple[Hyperplane | None, str]:
    """Returns the hyperplane, or None and the reason why there is none.

    Raises:
        InputError: The folder that was asked for is missing, unfinished, damaged, or of other designs.
    """
    folder = args.boundary or cli.folder(args, "5-boundary")
    if not folder.is_dir():
        if args.boundary:
            raise InputError(f"{folder}: not found, expected a folder with hyperplane.npz; run: python latent_svm.py")
        return None, f"{folder}: not found, so nothing is said about the hyperplane; run: python latent_svm.py"
    plane = Hyperplane.load(folder / "hyperplane.npz")
    # A plane of a person's own making may lie there alone; what our script began, it has to have finished.
    if (folder / "options.json").exists():
        if not (folder / "summary.json").exists():
            raise InputError(f"{folder}: no summary.json, so latent_svm.py was stopped; run: python latent_svm.py")
        if _entry(_entry(read_json(folder / "summary.json"), "inputs"), "latents.npy") != latents_sha256:
            raise InputError(f"{folder}: made from other designs than {args.input}; run: python latent_svm.py")
    report = folder / "report.json"
    if report.exists() and not _entry(read_json(report), "boundary_found"):
        return None, f"{report}: no boundary was found, so there is no crossing and no distance to tell"
    return plane, ""


def _entry(record: Any, name: str) -> Any:
    return record.get(name) if isinstance(record, dict) else None


def make_lookbook(
    setting: Setting, generator: Any, classifier: style_classifier.StyleClassifier | None
) -> tuple[lookbook.Lookbook | None, str]:
    """Returns the lookbook, or None and the reason why there is none."""
    args = setting.args
    if classifier is None:
        return None, f"{args.input}: no judge in it, so there is no lookbook; run generate.py with a data set for it"
    if not setting.plane and not style_classifier.is_worthy(classifier.record):
        return None, "neither hyperplane nor judge tells the poles apart, so there is no lookbook of what is in between"
    if not can_score_realism(classifier.photographs):
        return None, f"{args.input}: too few photographs to say what is realistic, so there is no lookbook"
    render = partial(inference.render, generator)
    return lookbook.make(
        setting.designs, setting.plane, setting.realism, classifier, render, args.data, args.seed, args.quiet
    ), ""


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Returns the flags."""
    parser = cli.parser(__doc__, output="6-interpolation", input="4-generated")
    own = parser.add_argument_group("of this script")
    own.add_argument(
        "--training",
        type=Path,
        metavar="DIR",
        help="the folder with generator.keras (default: HOME/outputs/3-training)",
    )
    own.add_argument(
        "--boundary",
        type=Path,
        metavar="DIR",
        help="the folder with hyperplane.npz (default: HOME/outputs/5-boundary, where it exists)",
    )
    own.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="the data set, whose photographs the lookbook shows, and as whose a photograph of your own is made ready "
        f"(default: HOME/{cli.FOLDERS['2-dataset']})",
    )
    for flag, what, pole in (("--a", "start from", "first"), ("--b", "arrive at", "second")):
        own.add_argument(
            flag,
            type=endpoints.read_endpoint,
            metavar="WHAT",
            help=f"what to {what}: the number of a design; numbers with commas between, for the middle of several; or "
            f"a photograph's file, whose design is looked for (default: the surest of the {pole} pole, a realistic one "
            "where there is any)",
        )
    own.add_argument(
        "--pairs",
        type=cli.integer(1, MOST_PAIRS),
        metavar="K",
        help="in place of one way, a board of what lies between each of the K surest designs of either pole",
    )
    own.add_argument(
        "--steps",
        type=cli.integer(2, MOST_STEPS),
        metavar="N",
        default=9,
        help="designs in the strip, both ends included; an odd number shows the middle",
    )
    own.add_argument(
        "--path",
        choices=[*PATHS, FOOT],
        default="preserving",
        help="'preserving' keeps to the distribution that the generator has learnt; 'lerp' is the straight line; "
        "'foot' bends the first so that its middle is the nearest point of the hyperplane",
    )
    own.add_argument(
        "--even",
        choices=("t", "distance"),
        default="t",
        help="what is divided into even steps: the way, or the signed distance from the hyperplane, so that each step "
        "is as visible as the next",
    )
    own.add_argument(
        "--size",
        type=cli.integer(32, 2048),
        metavar="PIXELS",
        default=LARGE,
        help=f"the side of the pictures in large and of the video; the GIF's is {MOST_OF_GIF} at most. Lanczos' filter "
        "enlarges: that adds no detail",
    )
    args = cli.parse(parser, argv)
    if args.pairs and (args.a is not None or args.b is not None):
        parser.error("argument --pairs: not allowed with --a or --b")
    args.data = args.data or cli.folder(args, "2-dataset")
    return args


def main(argv: list[str] | None = None) -> None:
    """Makes a way or a board, and a lookbook, and shows them."""
    args = parse_args(argv)
    say = cli.reporter(args)
    designs = read_designs(args.input)
    inputs = {name: hash_file(args.input / name) for name in ("latents.npy", "labels.csv")}
    plane, no_plane = read_plane(args, inputs["latents.npy"])
    if not plane and (args.path == FOOT or args.even == "distance"):
        asked = "--path foot" if args.path == FOOT else "--even distance"
        raise InputError(f"{asked}: expected a hyperplane, but {no_plane}")
    generator_file = (args.training or cli.folder(args, "3-training")) / "generator.keras"
    setting = Setting(args, designs, plane, endpoints.read_realism(args.input, len(designs.latents)), generator_file)
    if args.pairs:
        endpoints.refuse_one_pole(designs, args.input / "labels.csv")
        asked = ()
    else:
        asked = choose_ends(setting)
    inputs["generator.keras"] = inference.hash_generator(generator_file)
    inputs["hyperplane"] = sha256(plane.normal.tobytes() + np.float64(plane.intercept).tobytes()) if plane else None
    for name in ("designs.csv", "style-classifier.json"):
        inputs[name] = hash_file(args.input / name) if (args.input / name).is_file() else None
    for flag, what in zip(("--a", "--b"), asked, strict=False):
        if isinstance(what, Path):
            inputs[flag] = hash_file(what)
    options = {"a": endpoints.format_endpoint(args.a), "b": endpoints.format_endpoint(args.b)}
    options |= {name: getattr(args, name) for name in ("pairs", "steps", "path", "even", "size", "seed")}
    if not args.fresh and is_finished(args.output, inputs):
        cli.open_output(args, "interpolate.py", options)
        shown = "board.png" if args.pairs else "strip.png"
        say(f"{args.output}: nothing to do, this is made from these designs already; open {shown}")
        return
    if not args.fresh and (args.output / "options.json").exists():
        cli.open_output(args, "interpolate.py", options)  # Other options are refused before the long work.

    # All is worked out before a result is touched, so that a damaged input costs nothing that lies there finished.
    generator = inference.load_generator(generator_file)
    with_lookbook = not args.pairs and args.a is None and args.b is None
    photographed = any(isinstance(what, Path) for what in asked)
    classifier = (
        style_classifier.open_style_classifier(args.input, None, args.seed) if with_lookbook or photographed else None
    )
    made = make_board(setting, generator) if args.pairs else make_way(setting, asked, generator, classifier)
    book, no_book = None, ""
    if with_lookbook:
        book, no_book = make_lookbook(setting, generator, classifier)

    cli.open_output(args, "interpolate.py", options)
    for name in ("summary.json", *OF_PAIR, *OF_LOOKBOOK):
        (args.output / name).unlink(missing_ok=True)
    names = made.save(args.output)
    shown = made.shown
    found = made.found
    if book:
        names += book.save(args.output)
        shown = [*shown, *(["lookbook.png"] if book.page else [])]
        found = found | {"lookbook": book.found}
    finish_run(args.output, "interpolate.py", options, inputs, names, found)

    for sentence in (*made.sentences, *(book.sentences if book else ())):
        say(sentence)
    for reason in filter(None, (no_plane, no_book)):
        say(reason)
    say("open: " + ", ".join(str(args.output / name) for name in shown))


if __name__ == "__main__":
    sys.exit(cli.run(main))
