"""Makes the designs between one design of the first pole and one of the second.

The way keeps to what the generator has learnt: at every step, the latents are distributed as the prior. (A straight
line leaves it in the middle, where designs look washed out; --path lerp shows that.)

Reads outputs/3-training: generator.keras; outputs/4-generated: latents.npy, labels.csv and the two designs' pictures;
and, where it exists, outputs/5-boundary: the hyperplane.
Writes outputs/6-interpolation:
  strip.png          the steps side by side; the first and the last are the two designs, to the pixel
  midpoint.png       the design half-way, in large
  crossing.png       the design where the way crosses the hyperplane, in large
  animation.gif      there and back again
  steps.csv          strip, step, t from 0 to 1, signed distance from the hyperplane, picture
  strip-0/           each step's picture by itself

Examples:
  python interpolate.py
  python interpolate.py --a 3 --b 17 --steps 11 --output outputs/6-from-3-to-17
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from demicouture import cli, figures, rendering
from demicouture.boundary import Hyperplane
from demicouture.designs import Designs, design_name, own_pictures, read_designs
from demicouture.errors import InputError
from demicouture.files import finish_run, hash_file, is_finished, read_json, sha256, write_csv
from demicouture.images import save_png
from demicouture.latents import PATHS, nearest_crossing

MOST_STEPS = 99
LARGE = 512
"""The side of the pictures in large, in pixels."""

ANIMATION_SIZE = 256
FRAMES = 40
"""From one end of the animation to the other, in two seconds; browsers show no GIF much faster."""

FRAME_MILLISECONDS = 50
HOLD_MILLISECONDS = 800
"""Long enough to recognise the two designs."""


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


def choose_pair(args: argparse.Namespace, designs: Designs, plane: Hyperplane | None) -> tuple[int, int]:
    """Returns the two designs' numbers: those asked for, or else the surest of each pole.

    Raises:
        InputError: There is no such design, the two are one, or a pole has no labelled design to choose.
    """
    count = len(designs.latents)
    for flag, number in (("--a", args.a), ("--b", args.b)):
        if number is not None and number >= count:
            raise InputError(f"{flag} {number}: found {count} designs, expected a number from 0 to {count - 1}")
    if args.a is not None and args.a == args.b:
        raise InputError(f"--a {args.a} --b {args.b}: found one design, expected two different ones")
    if args.a is not None and args.b is not None:
        return args.a, args.b
    if len(designs.poles) != 2:
        found = ", ".join(designs.poles) or "none"
        raise InputError(
            f"{args.input / 'labels.csv'}: found these poles: {found}; expected two, to choose the surest design of "
            "each; label designs, or give --a N --b M"
        )
    # Where one design is given, the other is of the other pole.
    swap = args.a is not None and designs.labels[args.a] == designs.poles[1]
    swap |= args.b is not None and designs.labels[args.b] == designs.poles[0]
    a = surest(designs, int(swap), plane) if args.a is None else args.a
    b = surest(designs, int(not swap), plane) if args.b is None else args.b
    if a == b:
        raise InputError(f"--a {a} --b {b}: the given design is also the surest one; give both --a N and --b M")
    return a, b


def surest(designs: Designs, pole: int, plane: Hyperplane | None) -> int:
    """Returns the design that is most surely of a pole: 0 is the first, 1 the second.

    A person's word counts before the judge's; then its score, or the distance from the hyperplane where there is none.
    """
    candidates = np.flatnonzero(designs.labelled(designs.poles[pole]))
    if designs.by_person[candidates].any():
        candidates = candidates[designs.by_person[candidates]]
    if not np.isnan(designs.scores[candidates]).all():
        towards_second = designs.scores[candidates]
    elif plane:
        towards_second = plane.signed_distance(designs.latents[candidates])
    else:
        return int(candidates[0])
    return int(candidates[np.nanargmax(towards_second) if pole else np.nanargmin(towards_second)])


def title(designs: Designs, pair: tuple[int, int], plane: Hyperplane | None, crossing: float | None) -> str:
    """Returns what the strip shows, in one sentence."""
    ends = [f"design {number}" + (f" ({designs.labels[number]})" if designs.labels[number] else "") for number in pair]
    sentence = f"From {ends[0]} to {ends[1]}"
    if plane is None:
        return sentence
    if crossing is None:
        return sentence + ": both on the same side of the hyperplane, which is not crossed"
    return sentence + f": the hyperplane is crossed at t = {crossing:.2f}"


def draw_strip(pictures: np.ndarray, t: np.ndarray, distances: Sequence[float | None], sentence: str) -> Image.Image:
    """Returns the steps in one row, with t and the signed distance from the hyperplane below each."""
    captions = [f"t = {place:.3g}" for place in t]
    if distances[0] is not None:
        captions = [f"{text}\ndistance {distance:+.2f}" for text, distance in zip(captions, distances, strict=True)]
    scale = figures.legible_scale(pictures.shape[1])
    return figures.grid(pictures, len(pictures), scale=scale, captions=captions, title=sentence)


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
        "--a",
        type=cli.integer(0),
        metavar="N",
        help="the number of the design to start from (default: the surest of the first pole)",
    )
    own.add_argument(
        "--b",
        type=cli.integer(0),
        metavar="M",
        help="the number of the design to arrive at (default: the surest of the second pole)",
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
        choices=list(PATHS),
        default="preserving",
        help="'preserving' keeps to the distribution that the generator has learnt; 'lerp' is the straight line",
    )
    return cli.parse(parser, argv)


def main(argv: list[str] | None = None) -> None:
    """Chooses the pair, goes the way between the two, and shows it."""
    args = parse_args(argv)
    say = cli.reporter(args)
    designs = read_designs(args.input)
    inputs = {name: hash_file(args.input / name) for name in ("latents.npy", "labels.csv")}
    plane, no_plane = read_plane(args, inputs["latents.npy"])
    pair = choose_pair(args, designs, plane)
    generator_file = (args.training or cli.folder(args, "3-training")) / "generator.keras"
    inputs["generator.keras"] = rendering.hash_generator(generator_file)
    inputs["hyperplane"] = sha256(plane.normal.tobytes() + np.float64(plane.intercept).tobytes()) if plane else None
    options = {"a": args.a, "b": args.b, "steps": args.steps, "path": args.path, "seed": args.seed}

    cli.open_output(args, "interpolate.py", options)
    if is_finished(args.output, inputs):
        say(f"{args.output}: nothing to do, this pair is interpolated already; open strip.png")
        return

    def way(t: np.ndarray) -> np.ndarray:
        return PATHS[args.path](designs.latents[pair[0]], designs.latents[pair[1]], t)

    crossing = nearest_crossing(lambda t: plane.signed_distance(way(t))) if plane else None
    t = np.linspace(0, 1, args.steps)
    distances = plane.signed_distance(way(t)) if plane else [None] * args.steps
    places = [t, [0.5], [] if crossing is None else [crossing], np.linspace(0, 1, FRAMES)]

    # All is rendered before a result is touched, so that a damaged input costs nothing that lies there finished.
    generator = rendering.load_generator(generator_file)
    rendered = rendering.render(generator, way(np.concatenate(places)), args.quiet)
    steps, middle, crossed, frames = np.split(rendered, np.cumsum([len(part) for part in places])[:-1])
    steps[[0, -1]] = frames[[0, -1]] = own_pictures(args.input, pair, steps[[0, -1]])

    for name in ("summary.json", "crossing.png"):
        (args.output / name).unlink(missing_ok=True)
    names = [f"strip-0/step-{number:02d}.png" for number in range(args.steps)]
    for name, picture in zip(names, steps, strict=True):
        save_png(args.output / name, picture)
    rows = zip(t, distances, names, strict=True)
    write_csv(
        args.output / "steps.csv",
        ["strip", "step", "t", "distance", "picture"],
        (
            {"strip": 0, "step": step, "t": place, "distance": distance, "picture": name}
            for step, (place, distance, name) in enumerate(rows)
        ),
    )
    save_png(args.output / "strip.png", draw_strip(steps, t, distances, title(designs, pair, plane, crossing)))
    save_png(args.output / "midpoint.png", figures.enlarge(middle[0], LARGE))
    made = ["strip.png", "midpoint.png"]
    if crossing is not None:
        save_png(args.output / "crossing.png", figures.enlarge(crossed[0], LARGE))
        made.append("crossing.png")
    figures.save_animation(args.output / "animation.gif", frames, ANIMATION_SIZE, FRAME_MILLISECONDS, HOLD_MILLISECONDS)
    made.append("animation.gif")
    found = {"pair": [design_name(number) for number in pair], "crossing": crossing}
    finish_run(args.output, "interpolate.py", options, inputs, [*made, "steps.csv", *names], found)

    say(f"{title(designs, pair, plane, crossing)}, in {args.steps} steps")
    if not plane:
        say(no_plane)
    say("open: " + ", ".join(str(args.output / name) for name in made))


if __name__ == "__main__":
    sys.exit(cli.run(main))
