"""Makes garments in between: on the path from one design to another, in a grid of many pairs, and in a lookbook.

The path keeps to what the generator has learnt: at every step, the latents are distributed as the prior. (A straight
line leaves the prior in the middle, where designs look washed out; --path lerp shows that.)

Reads outputs/3-training: generator.keras; outputs/4-generated: latents.npy, labels.csv, and where they exist
designs.csv, the style classifier and the designs' pictures; and, where it exists, outputs/5-boundary: the hyperplane.
Writes outputs/6-interpolation:
  strip.png          the steps side by side; the first and the last are the two designs, to the pixel
  midpoint.png       the design half-way, enlarged
  crossing.png       the design where the path crosses the hyperplane nearest to its middle, enlarged
  animation.gif      there and back again, with the strip below; animation.mp4: the same once, as MPEG-4 Part 2, which
                     players play and most browsers do not: OpenCV has no encoder for H.264
  found-a.png, .npy  with --a PHOTO (or --b): the photograph, as it was cropped, and the design found for it; its latent
  steps.csv          strip, step, t from 0 to 1, signed distance from the hyperplane, picture
  strip-0/           each step's picture by itself
and, unless endpoints are given and where there is a classifier, the best garments in between, of thousands:
  lookbook.png, .pdf on one page, each with its origin and the photograph that is nearest to it
  lookbook.csv       number, both designs, score, distance, realism, nearest photograph; lookbook.npy: their latents
  lookbook/          each garment's picture by itself
With --pairs K in place of all this:
  board.png          what lies between each of K designs of the one pole and each of K of the other
  board.npy          the latents, row by row; steps.csv and strip-0/ to strip-(K-1)/, one for each row

Enlarged pictures are enlarged by Lanczos' filter, which adds no detail.

Examples:
  python interpolate.py
  python interpolate.py --a 3 --b 17 --steps 11 --output outputs/6-from-3-to-17
  python interpolate.py --a my-shirt.jpg --b 3,17,40 --output outputs/6-my-shirt
  python interpolate.py --pairs 8 --output outputs/6-board
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from demicouture import cli
from demicouture.boundary.outputs import read_plane
from demicouture.dcgan import inference
from demicouture.designs.designs import read_designs
from demicouture.errors import InputError
from demicouture.evaluation.style_classifier import open_style_classifier
from demicouture.files import hash_file, sha256
from demicouture.interpolation import lookbook, paths
from demicouture.interpolation.endpoints import (
    EndpointSpec,
    RatedDesigns,
    choose_endpoints,
    format_endpoint,
    parse_endpoint,
    read_realism,
)
from demicouture.interpolation.outputs import MOST_OF_GIF
from demicouture.interpolation.pair_grid import make_pair_grid
from demicouture.interpolation.sequence import SequenceOptions, make_sequence

MOST_STEPS = 99
MOST_PAIRS = 20
ENLARGED = 512
"""The side of the enlarged pictures, in pixels."""


def read_rated_designs(args: argparse.Namespace) -> tuple[RatedDesigns, str]:
    """Returns the designs with their realism and the hyperplane, and the reason where there is no hyperplane.

    Raises:
        InputError: A folder is missing or damaged, or a flag needs the hyperplane.
    """
    designs = read_designs(args.input)
    if not args.boundary_given and not args.boundary.is_dir():
        plane, reason = None, f"{args.boundary}: not found, so there are no distances; run: python latent_svm.py"
    else:
        plane, reason = read_plane(args.boundary, args.input, hash_file(args.input / "latents.npy"))
    for flag, needs_plane in (("path", paths.BOUNDARY), ("even", paths.EQUAL_DISTANCE)):
        if not plane and getattr(args, flag) == needs_plane:
            raise InputError(f"--{flag} {needs_plane}: expected a hyperplane, but {reason}")
    return RatedDesigns(args.input, designs, plane, read_realism(args.input, len(designs.latents))), reason


def hash_inputs(
    args: argparse.Namespace, rated: RatedDesigns, generator_file: Path, specs: Sequence[EndpointSpec]
) -> dict[str, str | None]:
    """Returns the SHA-256 of all that is read; None for what may be missing, and is."""
    plane = rated.plane
    inputs = {name: hash_file(args.input / name) for name in ("latents.npy", "labels.csv")}
    inputs["generator.keras"] = inference.hash_generator(generator_file)
    inputs["hyperplane"] = sha256(plane.normal.tobytes() + np.float64(plane.intercept).tobytes()) if plane else None
    for name in ("designs.csv", "style-classifier.json"):
        inputs[name] = hash_file(args.input / name) if (args.input / name).is_file() else None
    photos = [(flag, spec) for flag, spec in zip(("--a", "--b"), specs, strict=False) if isinstance(spec, Path)]
    return inputs | {flag: hash_file(photo) for flag, photo in photos}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Returns the flags."""
    parser = cli.parser(
        __doc__,
        output="6-interpolation",
        input="4-generated",
        training=("3-training", "the folder with generator.keras"),
        boundary=("5-boundary", "the folder with hyperplane.npz, where there is one"),
        data=("2-dataset", "the data set: the lookbook shows its photographs, and yours is cropped as they were"),
    )
    own = parser.add_argument_group("of this script")
    for flag, what, pole in (("--a", "start from", "first"), ("--b", "arrive at", "second")):
        own.add_argument(
            flag,
            type=parse_endpoint,
            metavar="WHAT",
            help=f"what to {what}: the number of a design; numbers with commas between, for the middle of several; or "
            f"a photograph's file, for the design that is most like it (default: the most confident design of the "
            f"{pole} pole, a realistic one where there is any)",
        )
    own.add_argument(
        "--pairs",
        type=cli.integer(1, MOST_PAIRS),
        metavar="K",
        help="in place of one path, a grid of what lies between each of the K most confident designs of either pole",
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
        choices=paths.PATH_NAMES,
        default="preserving",
        help="'preserving' keeps to the distribution that the generator has learnt; 'lerp' is the straight line; "
        "'boundary' bends the first so that its middle is the nearest point of the hyperplane",
    )
    own.add_argument(
        "--even",
        choices=paths.SPACINGS,
        default=paths.EQUAL_T,
        help="what is divided into equal steps: the path, or the signed distance from the hyperplane, so that each "
        "step is as visible as the next",
    )
    own.add_argument(
        "--size",
        type=cli.integer(32, 2048),
        metavar="PIXELS",
        default=ENLARGED,
        help=f"the side of the enlarged pictures and of the video; the GIF's is {MOST_OF_GIF} at most. Lanczos' filter "
        "enlarges: that adds no detail",
    )
    args = cli.parse(parser, argv)
    if args.pairs and (args.a is not None or args.b is not None):
        parser.error("argument --pairs: not allowed with --a or --b")
    return args


def main(argv: list[str] | None = None, criteria: lookbook.Criteria = lookbook.USUAL_CRITERIA) -> None:
    """Makes a sequence or a pair grid, and a lookbook, and names the pictures to look at."""
    args = parse_args(argv)
    say = cli.reporter(args)
    rated, no_plane = read_rated_designs(args)
    if args.pairs:
        rated.check_two_poles()
    specs = () if args.pairs else choose_endpoints(rated, args.a, args.b)
    generator_file = args.training / "generator.keras"
    inputs = hash_inputs(args, rated, generator_file, specs)
    options = {"a": format_endpoint(args.a), "b": format_endpoint(args.b)}
    options |= {name: getattr(args, name) for name in ("pairs", "steps", "path", "even", "size", "seed")}
    with cli.open_output(args, "interpolate.py", options) as run:
        if run.is_current(inputs):
            shown = "board.png" if args.pairs else "strip.png"
            say(f"{args.output}: nothing to do, this is made from these designs already; open {shown}")
            return

        # Everything is computed before a result is touched, so that a damaged input costs nothing that is finished.
        generator = inference.load_generator(generator_file)
        with_lookbook = not args.pairs and args.a is None and args.b is None
        with_photo = any(isinstance(spec, Path) for spec in specs)
        classifier = open_style_classifier(args.input, None, args.seed) if with_lookbook or with_photo else None
        if args.pairs:
            made = make_pair_grid(rated, args.pairs, args.path, generator, args.quiet)
        else:
            how = SequenceOptions(args.path, args.even, args.steps, args.size, args.data, args.quiet)
            made = make_sequence(rated, specs, (args.a, args.b), generator, classifier, how)
        book, no_book = None, ""
        if with_lookbook and not (no_book := lookbook.reason_against(args.input, rated.plane, classifier)):
            render = partial(inference.render, generator)
            book = lookbook.make_lookbook(rated, classifier, render, args.data, args.seed, args.quiet, criteria)

        run.begin()
        lookbook.remove_lookbook(args.output)
        names = made.save(args.output, args.size) + (book.save(args.output) if book else [])
        run.finish(inputs, names, {**made.results, **({"lookbook": book.results} if book else {})})
    for sentence in (made.message, *(book.messages if book else ()), no_plane, no_book):
        if sentence:
            say(sentence)
    shown = [*made.to_look_at, *(["lookbook.png"] if book and book.page else [])]
    say("open: " + ", ".join(str(args.output / name) for name in shown))


if __name__ == "__main__":
    sys.exit(cli.run(main))
