"""Makes designs in between: on the path from one photograph to another, in a grid of many pairs, and in a lookbook.

Where an encoder was trained, the ends are photographs of the data set, by the codes that it gave them; else they are
designs (as with --from designs). Whatever has a number can be an end: a design, casual:123, lookbook:7, strip:4,
board:2,3, a file of latents.

The path keeps to what the generator has learnt: at every step, the latents are distributed as the prior. (A straight
line leaves the prior in the middle, where designs look washed out; --path lerp shows that.) Between photographs a copy
of the generator draws it, tuned to them, so that colours and large prints come along, and its middle is moved towards
what the discriminator takes for a photograph.

Reads outputs/3-training: generator.keras, and where they exist encoder.keras, encodings.npz and discriminator.keras;
outputs/4-generated: latents.npy, labels.csv, and where they exist designs.csv, the style classifier, the features of
the data set's pictures, what is known of the generator's quality and the designs' pictures; and outputs/5-boundary: the
hyperplane, and the pictures in data/2-dataset.
Writes outputs/6-interpolation; where that holds what was made with other flags, a folder beside it, named after these:
  strip.png, .npy    the steps side by side, with the photographs at either end; where they are designs, the first and
                     the last step are these, to the pixel; the steps' latents
  crossing.png, .npy the design where the path crosses the hyperplane nearest to its middle, enlarged; its latent. Where
                     there is no crossing, midpoint.png, the design half-way
  animation.gif      there and back again, with the strip below; animation.mp4: the same once, as browsers and phones
                     play it (H.264)
  found-a.png, .npy  with --a PHOTO (or --b): the photograph, as it was cropped, and the design found for it; its latent
  steps.csv          strip, step, t from 0 to 1, signed distance from the hyperplane, picture, both ends of the path
  strip-0/           each step's picture by itself
and, unless endpoints are given:
  photographs-casual.png, photographs-collection.png
                     the data set's photographs, and the numbers by which --a casual:123 names them
and, where the network that describes pictures is there (see below) and the generator draws garments, a
choice of thousands of designs in between, the most different of those that rank highest:
  lookbook.png, .pdf on one page, each with its origin, and with the data set's nearest picture and how like it that is
  lookbook.csv       number, both ends, score, distance, realism_rank, nearest picture; lookbook.npy: their latents
  lookbook/          each design's picture by itself
In place of all this, with --pairs K:
  board.png          what lies between each of K photographs (or designs) of the one pole and each of K of the other
  board.npy          the latents, row by row; steps.csv and strip-0/ to strip-(K-1)/, one for each row
with --random-walk SECONDS or --latents FILE:
  film.mp4           from one design to the next, one each second, and back to the first; strip.png, .npy: these designs
with --along NAME the files of a path, of one design that is walked along a direction; and with --round WHAT
  garment.glb        the garment in three dimensions, on a dress form, for Blender and for browsers (glTF 2.0); several
                     hang on a rail, rail.glb, and the page lets each turn, by light/
  turntable.gif, .mp4  it turns once; views.png: from the front, from three quarters, from the side and from behind
  pattern.svg, .pdf  of one garment, a sewing pattern in full size, for a toile and not for production

Enlarged pictures are enlarged by Lanczos' filter, which adds no detail. The network is fetched once, by
python -m demicouture.pretrained

Examples:
  python interpolate.py
  python interpolate.py --a 3 --b 17 --steps 11
  python interpolate.py --a my-shirt.jpg --b casual:123
  python interpolate.py --along sleeves --a lookbook:7
  python interpolate.py --random-walk 60
  python interpolate.py --pairs 8
  python interpolate.py --round lookbook:7
  python interpolate.py --round strip
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import demicouture.installation  # noqa: F401 (says what is missing, before it is looked for)

import numpy as np

from demicouture import cli, runs
from demicouture.boundary.outputs import find_direction, read_plane
from demicouture.commands import command
from demicouture.dataset import read_dataset
from demicouture.dcgan import inference
from demicouture.designs.designs import read_designs
from demicouture.errors import InputError
from demicouture.evaluation.generator_quality import describe_generator, draws_garments, read_quality, warn_of_blobs
from demicouture.evaluation.imagenet_features import find_network
from demicouture.files import hash_file
from demicouture.interpolation import flags, lookbook, paths, photographs
from demicouture.interpolation.directions import Direction, read_direction
from demicouture.interpolation.endpoints import (
    Endpoint,
    EndpointSpec,
    RatedDesigns,
    check_endpoint,
    choose_endpoints,
    format_endpoint,
    read_ranks,
    resolve_endpoints,
)
from demicouture.interpolation.film import make_film, read_waypoints
from demicouture.interpolation.in_the_round import InTheRound, Subject, files_of, find_subjects, make_round
from demicouture.interpolation.inputs import hash_inputs
from demicouture.interpolation.outputs import Interpolation
from demicouture.interpolation.pair_grid import make_pair_grid
from demicouture.interpolation.sequence import SequenceOptions, make_sequence, make_walk
from demicouture.language import _
from demicouture.latents import sample_prior
from demicouture.magazine.publishing import publish

if TYPE_CHECKING:
    import keras


def read_rated_designs(args: argparse.Namespace) -> tuple[RatedDesigns, str]:
    """Returns the designs with their ranks and the hyperplane, and the reason where there is no hyperplane.

    Raises:
        InputError: A folder is missing or damaged, or a flag needs the hyperplane.
    """
    designs = read_designs(args.input)
    if args.along:
        plane, reason = None, ""  # The walk has a plane of its own, and needs no other.
    elif not args.boundary_given and not args.boundary.is_dir():
        plane, reason = (
            None,
            _("{boundary}: not found, so there are no distances; run: {command}").format(
                boundary=args.boundary, command=command("latent_svm.py")
            ),
        )
    else:
        plane, reason = read_plane(args.boundary, args.input, hash_file(args.input / "latents.npy"))
    for flag, needs_plane in (("path", paths.BOUNDARY), ("even", paths.EQUAL_DISTANCE)):
        if not plane and getattr(args, flag) == needs_plane:
            raise InputError(
                _("--{flag} {needs_plane}: expected a hyperplane, but {reason}").format(
                    flag=flag, needs_plane=needs_plane, reason=reason
                )
            )
    return RatedDesigns(args.input, designs, plane, read_ranks(args.input, len(designs.latents))), reason


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Returns the flags."""
    parser = cli.parser(
        __doc__,
        output="6-interpolation",
        input="4-generated",
        training=("3-training", _("the folder with generator.keras")),
        boundary=("5-boundary", _("the folder with hyperplane.npz, where there is one")),
        data=(
            "2-dataset",
            _("the data set: the lookbook shows its pictures, and your photograph is cropped as they were"),
        ),
    )
    flags.add_flags(parser.add_argument_group(_("of this script")))
    args = cli.parse(parser, argv)
    if wrong := flags.refuse(vars(args)):
        parser.error(wrong)
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


def find_specs(args: argparse.Namespace, rated: RatedDesigns) -> list[EndpointSpec | Endpoint]:
    """Returns the endpoints: both, the only one of a walk, or none where there is no path between two.

    Raises:
        InputError: One cannot be found, or not be chosen.
    """
    if args.pairs and not rated.photographs:
        rated.check_two_poles()
    if args.pairs or args.random_walk or args.latents or args.round:
        return []
    if args.along and args.a is not None:
        check_endpoint("--a", args.a, len(rated.designs.latents), rated.photographs)
        specs = [args.a]
    else:
        specs = choose_endpoints(rated, args.a, args.b)[: 1 if args.along else 2]
    return resolve_endpoints(specs, (args.output, cli.folder(args, "6-interpolation")))


def read_what_is_named(
    args: argparse.Namespace,
) -> tuple[np.ndarray | None, Direction | None, dict[str, Path]]:
    """Returns the latents of a film, the direction of ``--along``, and the files that both were read from, by flag.

    Raises:
        InputError: One of them is missing or damaged.
    """
    if args.latents:
        return read_waypoints("--latents", args.latents), None, {"--latents": args.latents}
    if args.random_walk:
        return sample_prior(args.random_walk, args.seed), None, {}
    if args.along:
        latents_sha256 = hash_file(args.input / "latents.npy")
        direction = read_direction("--along", args.boundary, args.along, args.input, latents_sha256)
        return None, direction, {"direction": find_direction("--along", args.boundary, args.along)}
    return None, None, {}


def make(
    args: argparse.Namespace,
    rated: RatedDesigns,
    specs: Sequence[EndpointSpec | Endpoint],
    through: np.ndarray | None,
    direction: Direction | None,
    subjects: Sequence[Subject],
    generator: keras.Model,
) -> Interpolation | InTheRound:
    """Makes what the flags ask for.

    ``through`` are the latents of a film, ``direction`` is that of ``--along``, ``subjects`` are those of ``--round``.
    """
    if subjects:
        render = partial(inference.render, generator)
        return make_round(subjects, render, generator.output_shape[1], args.data, args.bare, args.quiet)
    if args.pairs:
        return make_pair_grid(rated, args.pairs, args.path, generator, args.quiet)
    if through is not None:
        title = _("Through {name}").format(name=args.latents.name) if args.latents else _("A random walk")
        return make_film(through, title, rated, args.path, generator, args.quiet)
    encoder = network = None
    if any(isinstance(spec, Path) for spec in specs):
        network = find_network()
        encoder = rated.photographs and inference.load_encoder(args.training / "encoder.keras", generator)
    how = SequenceOptions(args.path, args.even, args.steps, args.size, args.data, args.untuned, args.quiet)
    if direction:
        return make_walk(rated, specs[0], args.a, direction, generator, encoder, network, how)
    discriminator, file = None, args.training / "discriminator.keras"
    if not args.untuned and file.is_file():
        discriminator = inference.load_discriminator(file, generator)
    return make_sequence(rated, specs, (args.a, args.b), generator, encoder, discriminator, network, how)


def main(argv: list[str] | None = None, criteria: lookbook.Criteria = lookbook.USUAL_CRITERIA) -> None:
    """Makes a sequence, a pair grid or a film, and a lookbook, and names the pictures to look at."""
    args = parse_args(argv)
    say = cli.reporter(args)
    rated, no_plane = read_rated_designs(args)
    generator_file = args.training / "generator.keras"
    generator_sha256 = inference.hash_generator(generator_file)
    encoded, no_photographs = photographs.read_photographs(
        args.training, args.data, generator_sha256, args.seed, args.source
    )
    rated = replace(rated, photographs=encoded)
    specs, (through, direction, further) = find_specs(args, rated), read_what_is_named(args)
    subjects = find_subjects(args.round or (), rated, (args.output, cli.folder(args, "6-interpolation")))
    further |= files_of(subjects)
    inputs = hash_inputs(rated, args.training, generator_sha256, specs, further)
    quality = read_quality(args.input)
    given = {**vars(args), "a": format_endpoint(args.a), "b": format_endpoint(args.b)}
    options = flags.options_of(given | {"latents": args.latents and str(args.latents)})
    asked_for = args.output
    args.output = runs.folder_beside(asked_for, "interpolate.py", options, flags.name_of(options), args.fresh)
    # Not among the options: who is told of --anyway has a folder without it, and need not start over.
    judged = {"quality": quality, "anyway": args.anyway and not draws_garments(quality)}
    with cli.open_output(args, "interpolate.py", options) as run:
        about = describe_generator(quality)
        if run.is_current(inputs) and judged.items() <= run.read_summary()["results"].items():
            shown = "board.png" if args.pairs else "views.png" if args.round else "strip.png"
            if about:
                say(about)
            say(
                _("{output}: nothing to do, this is made from these designs already; open {shown}").format(
                    output=args.output, shown=shown
                )
            )
            return

        # Everything is computed before a result is touched, so that a damaged input costs nothing that is finished.
        generator = inference.load_generator(generator_file, generator_sha256)
        made, book, no_book = make(args, rated, specs, through, direction, subjects, generator), None, ""
        if specs and args.a is None and args.b is None and not direction:
            if encoded:
                made = replace(made, sheets={**made.sheets, **encoded.sheets(generator.output_shape[1])})
            book, no_book = make_book(args, rated, generator, criteria, quality)

        run.begin()
        lookbook.remove_lookbook(args.output)
        names = made.save(args.output, args.size, args.quiet) + (book.save(args.output) if book else [])
        run.finish(inputs, names, {**made.results, **judged, **({"lookbook": book.results} if book else {})})
    page = publish(args.home, args.output)
    if no_book.startswith(about):
        about = ""
    beside = _("{asked_for} holds what was made with other flags, and stays; this is beside it").format(
        asked_for=asked_for
    )
    if args.output == asked_for:
        beside = ""
    for sentence in (about, made.message, *(book.messages if book else ()), no_plane, no_photographs, no_book, beside):
        if sentence:
            say(sentence)
    shown = [*made.to_look_at, *(["lookbook.png"] if book and book.page else [])]
    paths = [*([page] if page else []), *(args.output / name for name in shown)]
    say(_("open: {paths}").format(paths=", ".join(map(str, paths))))


if __name__ == "__main__":
    sys.exit(cli.run(main))
