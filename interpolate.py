"""Makes designs in between: on the path from one design to another, in a grid of many pairs, and in a lookbook.

The path keeps to what the generator has learnt: at every step, the latents are distributed as the prior. (A straight
line leaves the prior in the middle, where designs look washed out; --path lerp shows that.)

Reads outputs/3-training: generator.keras; outputs/4-generated: latents.npy, labels.csv, and where they exist
designs.csv, the style classifier, the features of the data set's pictures, what is known of the generator's quality and
the designs' pictures; and, where they exist, outputs/5-boundary: the hyperplane, and the pictures in data/2-dataset.
Writes outputs/6-interpolation:
  strip.png          the steps side by side; the first and the last are the two designs, to the pixel
  midpoint.png       the design half-way, enlarged
  crossing.png       the design where the path crosses the hyperplane nearest to its middle, enlarged
  animation.gif      there and back again, with the strip below; animation.mp4: the same once, as MPEG-4 Part 2, which
                     players play and most browsers do not: OpenCV has no encoder for H.264
  found-a.png, .npy  with --a PHOTO (or --b): the photograph, as it was cropped, and the design found for it; its latent
  steps.csv          strip, step, t from 0 to 1, signed distance from the hyperplane, picture
  strip-0/           each step's picture by itself
and, unless endpoints are given, and where the network that describes pictures is there (see below) and the generator
draws garments, a choice of thousands of designs in between, the most different of those that rank highest:
  lookbook.png, .pdf on one page, each with its origin, and with the data set's nearest picture and how like it that is
  lookbook.csv       number, both designs, score, distance, realism_rank, nearest picture; lookbook.npy: their latents
  lookbook/          each design's picture by itself
With --pairs K in place of all this:
  board.png          what lies between each of K designs of the one pole and each of K of the other
  board.npy          the latents, row by row; steps.csv and strip-0/ to strip-(K-1)/, one for each row

Enlarged pictures are enlarged by Lanczos' filter, which adds no detail. The network is fetched once, by
python -m demicouture.pretrained

Examples:
  python interpolate.py
  python interpolate.py --a 3 --b 17 --steps 11 --output outputs/6-from-3-to-17
  python interpolate.py --a my-shirt.jpg --b 3,17,40 --output outputs/6-my-shirt
  python interpolate.py --pairs 8 --output outputs/6-board
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import demicouture.installation  # noqa: F401 (says what is missing, before it is looked for)

import numpy as np

from demicouture import cli, pretrained
from demicouture.boundary.outputs import read_plane
from demicouture.commands import command
from demicouture.dataset import read_dataset
from demicouture.dcgan import inference
from demicouture.designs.designs import read_designs
from demicouture.errors import InputError
from demicouture.evaluation.generator_quality import NOT_JUDGED, draws_garments, read_quality, warn_of_blobs
from demicouture.evaluation.imagenet_features import find_network
from demicouture.files import hash_file, sha256
from demicouture.interpolation import lookbook, paths
from demicouture.interpolation.endpoints import (
    EndpointSpec,
    RatedDesigns,
    choose_endpoints,
    format_endpoint,
    parse_endpoint,
    read_ranks,
)
from demicouture.interpolation.outputs import MOST_OF_GIF
from demicouture.interpolation.pair_grid import make_pair_grid
from demicouture.interpolation.sequence import SequenceOptions, make_sequence

if TYPE_CHECKING:
    import keras

MOST_STEPS = 99
MOST_PAIRS = 20
ENLARGED = 512
"""The side of the enlarged pictures, in pixels."""


def read_rated_designs(args: argparse.Namespace) -> tuple[RatedDesigns, str]:
    """Returns the designs with their ranks and the hyperplane, and the reason where there is no hyperplane.

    Raises:
        InputError: A folder is missing or damaged, or a flag needs the hyperplane.
    """
    designs = read_designs(args.input)
    if not args.boundary_given and not args.boundary.is_dir():
        plane, reason = None, f"{args.boundary}: not found, so there are no distances; run: {command('latent_svm.py')}"
    else:
        plane, reason = read_plane(args.boundary, args.input, hash_file(args.input / "latents.npy"))
    for flag, needs_plane in (("path", paths.BOUNDARY), ("even", paths.EQUAL_DISTANCE)):
        if not plane and getattr(args, flag) == needs_plane:
            raise InputError(f"--{flag} {needs_plane}: expected a hyperplane, but {reason}")
    return RatedDesigns(args.input, designs, plane, read_ranks(args.input, len(designs.latents))), reason


def hash_inputs(
    args: argparse.Namespace, rated: RatedDesigns, generator_file: Path, specs: Sequence[EndpointSpec]
) -> dict[str, str | None]:
    """Returns the SHA-256 of all that is read; None for what may be missing, and is.

    The network counts only as there or not: what it was needed for is made once it is.
    """
    plane = rated.plane
    inputs = {name: hash_file(args.input / name) for name in ("latents.npy", "labels.csv")}
    inputs["generator.keras"] = inference.hash_generator(generator_file)
    inputs["hyperplane"] = sha256(plane.normal.tobytes() + np.float64(plane.intercept).tobytes()) if plane else None
    for name in ("designs.csv", "style-classifier.json", "reference-features.npz"):
        inputs[name] = hash_file(args.input / name) if (args.input / name).is_file() else None
    is_there = pretrained.find(pretrained.IMAGENET) is not None
    inputs["network"] = pretrained.EFFICIENTNET_LITE0.sha256 if is_there else None
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
        data=(
            "2-dataset",
            "the data set: the lookbook shows its pictures, and your photograph is cropped as they were",
        ),
    )
    own = parser.add_argument_group("of this script")
    for flag, what, pole in (("--a", "start from", "first"), ("--b", "arrive at", "second")):
        own.add_argument(
            flag,
            type=parse_endpoint,
            metavar="WHAT",
            help=f"what to {what}: the number of a design; numbers with commas between, for the middle of several; or "
            f"a photograph's file, for the design that is most like it (default: the most confident design of the "
            f"{pole} pole, among the better half by rank)",
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
    own.add_argument(
        "--anyway",
        action="store_true",
        help="make the lookbook even where the generator draws blobs, not garments",
    )
    args = cli.parse(parser, argv)
    if args.pairs and (args.a is not None or args.b is not None):
        parser.error("argument --pairs: not allowed with --a or --b")
    return args


def make_book(
    args: argparse.Namespace,
    rated: RatedDesigns,
    generator: keras.Model,
    criteria: lookbook.Criteria,
    quality: Mapping[str, Any] | None,
) -> tuple[lookbook.Lookbook | None, str]:
    """Makes the lookbook, or returns the reason why there is none."""
    network = find_network()
    if reason := lookbook.reason_against(args.input, rated.plane, network is not None, quality, args.anyway):
        return None, reason
    dataset = read_dataset(args.data) if args.data_given or args.data.exists() else None
    comparison = lookbook.open_comparison(
        args.input, dataset, network, generator.output_shape[1], args.seed, args.quiet
    )
    render = partial(inference.render, generator)
    warning = "" if draws_garments(quality) else warn_of_blobs(quality)
    book = lookbook.make_lookbook(
        rated, comparison, network, render, args.data, args.seed, args.quiet, criteria, warning
    )
    return book, ""


def describe_generator(quality: Mapping[str, Any] | None) -> str:
    """Returns the line about the generator's quality that stands before the findings; "" where there is none."""
    if quality is None:
        return NOT_JUDGED
    return "" if draws_garments(quality) else warn_of_blobs(quality)


def main(argv: list[str] | None = None, criteria: lookbook.Criteria = lookbook.USUAL_CRITERIA) -> None:
    """Makes a sequence or a pair grid, and a lookbook, and names the pictures to look at."""
    args = parse_args(argv)
    say = cli.reporter(args)
    rated, no_plane = read_rated_designs(args)
    if args.pairs:
        rated.check_two_poles()
    specs = () if args.pairs else choose_endpoints(rated, args.a, args.b)
    generator_file = args.training / "generator.keras"
    inputs, quality = hash_inputs(args, rated, generator_file, specs), read_quality(args.input)
    options = {"a": format_endpoint(args.a), "b": format_endpoint(args.b)}
    options |= {name: getattr(args, name) for name in ("pairs", "steps", "path", "even", "size", "seed")}
    # Not among the options: who is told of --anyway has a folder without it, and need not start over.
    judged = {"quality": quality, "anyway": args.anyway and not draws_garments(quality)}
    with cli.open_output(args, "interpolate.py", options) as run:
        about = describe_generator(quality)
        if run.is_current(inputs) and judged.items() <= run.read_summary()["results"].items():
            shown = "board.png" if args.pairs else "strip.png"
            if about:
                say(about)
            say(f"{args.output}: nothing to do, this is made from these designs already; open {shown}")
            return

        # Everything is computed before a result is touched, so that a damaged input costs nothing that is finished.
        generator = inference.load_generator(generator_file)
        book, no_book = None, ""
        if args.pairs:
            made = make_pair_grid(rated, args.pairs, args.path, generator, args.quiet)
        else:
            network = find_network() if any(isinstance(spec, Path) for spec in specs) else None
            how = SequenceOptions(args.path, args.even, args.steps, args.size, args.data, args.quiet)
            made = make_sequence(rated, specs, (args.a, args.b), generator, network, how)
            if args.a is None and args.b is None:
                book, no_book = make_book(args, rated, generator, criteria, quality)

        run.begin()
        lookbook.remove_lookbook(args.output)
        names = made.save(args.output, args.size) + (book.save(args.output) if book else [])
        run.finish(inputs, names, {**made.results, **judged, **({"lookbook": book.results} if book else {})})
    if no_book.startswith(about):
        about = ""
    for sentence in (about, made.message, *(book.messages if book else ()), no_plane, no_book):
        if sentence:
            say(sentence)
    shown = [*made.to_look_at, *(["lookbook.png"] if book and book.page else [])]
    say("open: " + ", ".join(str(args.output / name) for name in shown))


if __name__ == "__main__":
    sys.exit(cli.run(main))
