"""Ways through latent space, made and shown: from one end to another, and the board of many ways' crossings."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from demicouture import visualization
from demicouture.boundary.hyperplane import Hyperplane
from demicouture.dcgan import inference
from demicouture.designs.designs import Designs, design_name, own_pictures
from demicouture.errors import InputError
from demicouture.evaluation import style_classifier
from demicouture.files import atomic_path, write_csv
from demicouture.images import save_png
from demicouture.interpolation import endpoints, pair_grid
from demicouture.interpolation.endpoints import End
from demicouture.latents import PATHS, equal_distance_steps, nearest_crossing, path_through_boundary

MOST_OF_GIF = 256
"""The side of a GIF's pictures, at most: it weighs megabytes at this size already, because it knows no motion."""

FRAMES = 40
"""From one end of the animation to the other, in two seconds; browsers show no GIF much faster."""

GAP = 2
"""Pixels between the steps of a strip."""

FRAME_MILLISECONDS = 50
HOLD_MILLISECONDS = 800
"""Long enough to recognise the two designs."""

LOOKED_THROUGH = 512
"""Designs among which a photograph's search starts, at most: of the full-size network, half a minute on two cores."""

FOOT = "foot"
"""The way through the hyperplane's nearest point."""


@dataclass(frozen=True)
class Setting:
    """What a run works with.

    Attributes:
        args: The flags.
        designs: The designs.
        plane: The hyperplane, or None.
        realism: float64 (n,), how realistic the designs are; see :func:`demicouture.interpolation.endpoints.read_realism`.
        generator_file: Where the generator lies.
    """

    args: argparse.Namespace
    designs: Designs
    plane: Hyperplane | None
    realism: np.ndarray
    generator_file: Path


def way_between(setting: Setting, first: np.ndarray, second: np.ndarray) -> pair_grid.Way:
    """Returns the way that --path asks for, from one latent to the other."""
    path, plane = setting.args.path, setting.plane

    def straight(t: np.ndarray) -> np.ndarray:
        return PATHS["preserving" if path == FOOT else path](first, second, t)

    if path != FOOT:
        return straight
    return lambda t: path_through_boundary(straight, t, plane.normal, plane.intercept)


def choose_ends(setting: Setting) -> tuple[tuple[int, ...] | Path, tuple[int, ...] | Path]:
    """Returns what the way leads from and to: what was asked for, or else the surest design of a pole.

    Raises:
        InputError: There is no such design or file, both are one, or a pole has no labelled design to choose.
    """
    args, designs = setting.args, setting.designs
    for flag, asked in (("--a", args.a), ("--b", args.b)):
        endpoints.check_asked(flag, asked, len(designs.latents))
    if args.a is not None and args.a == args.b:
        told = endpoints.format_endpoint(args.a)
        raise InputError(f"--a {told} --b {told}: found one design, expected two different ones")
    if args.a is not None and args.b is not None:
        return args.a, args.b
    endpoints.refuse_one_pole(designs, args.input / "labels.csv")
    given = args.a if args.a is not None else args.b
    taken = given if isinstance(given, tuple) else ()
    # Where one end is given, the other is of the other pole.
    swap = bool(taken) and {designs.labels[number] for number in taken} == {designs.poles[int(args.a is None) ^ 1]}

    def most_confident(pole: int) -> tuple[int, ...]:
        found = endpoints.most_confident(designs, pole, setting.plane, setting.realism, without=taken)
        if not found:
            raise InputError(f"{args.input / 'labels.csv'}: found no other design to go to; give both --a and --b")
        return tuple(found)

    return (
        most_confident(int(swap)) if args.a is None else args.a,
        most_confident(int(not swap)) if args.b is None else args.b,
    )


def find_photograph(
    setting: Setting, flag: str, path: Path, classifier: style_classifier.StyleClassifier | None, generator: Any
) -> tuple[End, np.ndarray, dict[str, float | None]]:
    """Returns a photograph as an end.

    Returns:
        The end; the photograph and the design found for it, uint8 (2, size, size, 3); and how like the two are.

    Raises:
        InputError: The photograph cannot be used, or no design is near it.
    """
    # Imported here: people are looked for in it by libraries that no other way needs.
    from demicouture.interpolation.inversion import find_latent
    from demicouture.interpolation.photo_input import read_photograph

    args = setting.args
    wanted = read_photograph(flag, path, generator.output_shape[1], args.data)
    found = find_latent(generator, classifier, wanted, setting.designs.latents[:LOOKED_THROUGH], args.quiet)
    if not found.is_near:
        nearer = "" if found.nearer is None else f", nearer than {found.nearer:.0%} of photographs have another one"
        raise InputError(
            f"{flag} {path}: found no design near it (the most like one: {found.likeness:.0%}{nearer}), expected a "
            "photograph of the kind that the generator learned from; take one garment from the front"
        )
    name = f"{path.name} (a design {found.likeness:.0%} like it)"
    record = {"likeness": found.likeness, "nearer_than_share_of_photographs": found.nearer}
    return End(found.latent.astype(np.float64), name), np.stack([wanted, found.picture]), record


def title(pair: tuple[End, End], plane: Hyperplane | None, crossing: float | None) -> str:
    """Returns what the strip shows, in one sentence."""
    sentence = f"From {pair[0].name} to {pair[1].name}"
    if plane is None:
        return sentence
    if crossing is None:
        return sentence + ": both on the same side of the hyperplane, which is not crossed"
    return sentence + f": the hyperplane is crossed at t = {crossing:.2f}"


def draw_strip(
    pictures: np.ndarray, t: np.ndarray, distances: Sequence[float | None], crossing: float | None, sentence: str
) -> Image.Image:
    """Returns the steps in one row, with t and the distance below each, and a mark above where the plane is crossed."""
    captions = [f"t = {place:.3g}" for place in t]
    if distances[0] is not None:
        captions = [f"{text}\ndistance {distance:+.2f}" for text, distance in zip(captions, distances, strict=True)]
    scale = visualization.legible_scale(pictures.shape[1])
    sheet = visualization.grid(pictures, len(pictures), scale=scale, gap=GAP, captions=captions, title=sentence)
    if crossing is not None:
        side = pictures.shape[2] * scale
        middles = GAP + side / 2 + np.arange(len(t)) * (side + GAP)
        visualization.point_at(
            sheet, float(np.interp(crossing, t, middles)), sheet.height - _height_below_title(side, captions)
        )
    return sheet


def _height_below_title(side: int, captions: Sequence[str]) -> int:
    return 2 * GAP + side + visualization.CAPTION_HEIGHT * (captions[0].count("\n") + 1)


def own_ends(folder: Path, pair: Sequence[End], rendered: np.ndarray) -> np.ndarray:
    """Returns the first and the last picture: of a single design its own, as it lies in the folder."""
    pictures = rendered.copy()
    for place, end in enumerate(pair):
        if len(end.designs) == 1:
            pictures[[place]] = own_pictures(folder, end.designs, rendered[[place]])
    return pictures


def write_steps(folder: Path, pictures: np.ndarray, rows: Sequence[tuple[int, int, float, float | None]]) -> list[str]:
    """Writes each step's picture and the table of all; returns the files' names.

    Args:
        folder: The output folder.
        pictures: uint8 (n, size, size, 3).
        rows: The number of the strip, of the step, t, and the distance, for each picture.
    """
    names = [f"strip-{strip}/step-{step:02d}.png" for strip, step, _, _ in rows]
    for name, picture in zip(names, pictures, strict=True):
        save_png(folder / name, picture)
    columns = ["strip", "step", "t", "distance", "picture"]
    table = (dict(zip(columns, (*row, name), strict=True)) for row, name in zip(rows, names, strict=True))
    write_csv(folder / "steps.csv", columns, table)
    return ["steps.csv", *names]


def save_latents(path: Path, latents: np.ndarray) -> None:
    """Writes latents as float32 atomically."""
    with atomic_path(path) as partial:
        np.save(partial, latents.astype(np.float32))


@dataclass(frozen=True)
class Made:
    """What was made of a pair or of a board, before it is written.

    Attributes:
        steps: uint8 (n, size, size, 3), each step's picture.
        rows: The number of the strip, of the step, t, and the distance, for each step.
        pictures: Further pictures, by file name.
        latents: Latents to save, by file name.
        frames: uint8 (n, side, side, 3), the animation, or None.
        shown: The names of the files to open.
        found: What belongs into ``summary.json``.
        sentences: What to tell.
        size: The side of the video, in pixels.
    """

    steps: np.ndarray
    rows: Sequence[tuple[int, int, float, float | None]]
    pictures: dict[str, Image.Image]
    latents: dict[str, np.ndarray]
    frames: np.ndarray | None
    shown: list[str]
    found: dict[str, Any]
    sentences: list[str]
    size: int

    def save(self, folder: Path) -> list[str]:
        """Writes all of it but what belongs into the summary; returns the files' names."""
        names = write_steps(folder, self.steps, self.rows)
        for name, picture in self.pictures.items():
            save_png(folder / name, picture)
        for name, latents in self.latents.items():
            save_latents(folder / name, latents)
        if self.frames is not None:
            for name, size, save in (
                ("animation.gif", min(self.size, MOST_OF_GIF), visualization.save_animation),
                ("animation.mp4", self.size, visualization.save_video),
            ):
                frames = visualization.with_strip(self.frames, self.steps, size - size % 2)
                save(folder / name, frames, FRAME_MILLISECONDS, HOLD_MILLISECONDS)
                names.append(name)
        return [*names, *self.pictures, *self.latents]


def make_way(
    setting: Setting,
    asked: Sequence[tuple[int, ...] | Path],
    generator: Any,
    classifier: style_classifier.StyleClassifier | None,
) -> Made:
    """Goes from one end to the other.

    Raises:
        InputError: A photograph cannot be used or found, or the generator is not the designs'.
    """
    args, plane = setting.args, setting.plane
    pair, photographs, latents, found = [], {}, {}, {}
    for letter, what in zip("ab", asked, strict=True):
        if isinstance(what, Path):
            end, both, record = find_photograph(setting, f"--{letter}", what, classifier, generator)
            captions = ["the photograph", f"the design, {record['likeness']:.0%} like it"]
            scale = max(1, MOST_OF_GIF // both.shape[1])
            photographs[f"found-{letter}.png"] = visualization.grid(both, 2, scale=scale, captions=captions)
            latents[f"found-{letter}.npy"] = end.latent[np.newaxis]
            found[f"found_{letter}"] = record
        else:
            end = endpoints.of_designs(setting.designs, what)
        pair.append(end)
    pair = face_photograph(setting, pair)
    way = way_between(setting, pair[0].latent, pair[1].latent)

    def height(t: np.ndarray) -> np.ndarray:
        return plane.signed_distance(way(t))

    def divide(count: int) -> np.ndarray:
        return equal_distance_steps(height, count) if args.even == "distance" else np.linspace(0, 1, count)

    crossing = nearest_crossing(height) if plane else None
    t = divide(args.steps)
    distances = height(t) if plane else [None] * args.steps
    places = [t, [0.5], [] if crossing is None else [crossing], divide(FRAMES)]
    rendered = inference.render(generator, way(np.concatenate(places)), args.quiet)
    steps, middle, crossed, frames = np.split(rendered, np.cumsum([len(part) for part in places])[:-1])
    steps[[0, -1]] = frames[[0, -1]] = own_ends(args.input, pair, steps[[0, -1]])

    sentence = title(pair, plane, crossing)
    pictures = {"strip.png": draw_strip(steps, t, distances, crossing, sentence)}
    pictures["midpoint.png"] = visualization.enlarge(middle[0], args.size)
    if crossing is not None:
        pictures["crossing.png"] = visualization.enlarge(crossed[0], args.size)
    pictures |= photographs
    names = [design_name(end.designs[0]) if len(end.designs) == 1 else end.name for end in pair]
    found |= {"pair": names, "crossing": crossing}
    rows = [(0, step, *of_step) for step, of_step in enumerate(zip(t, distances, strict=True))]
    shown = [*pictures, "animation.gif", "animation.mp4"]
    told = [f"{sentence}, in {args.steps} steps"]
    return Made(steps, rows, pictures, latents, frames, shown, found, told, args.size)


def face_photograph(setting: Setting, pair: list[End]) -> list[End]:
    """Returns both ends; one that we chose ourselves to face a photograph is of the other pole than the photograph."""
    args, designs, plane = setting.args, setting.designs, setting.plane
    given = [asked is not None for asked in (args.a, args.b)]
    if plane is None or sum(given) != 1 or pair[given.index(True)].designs:
        return pair
    pole = int(plane.signed_distance(pair[given.index(True)].latent[np.newaxis])[0] <= 0)
    faced = list(pair)
    faced[given.index(False)] = endpoints.of_designs(
        designs, endpoints.most_confident(designs, pole, plane, setting.realism)
    )
    return faced


def make_board(setting: Setting, generator: Any) -> Made:
    """Finds what lies between each of the surest designs of the one pole and each of the other.

    Raises:
        InputError: The generator is not the designs'.
    """
    args, designs, plane = setting.args, setting.designs, setting.plane
    sides = [endpoints.most_confident(designs, pole, plane, setting.realism, args.pairs) for pole in (0, 1)]
    cells = []
    for first, second in itertools.product(*sides):
        way = way_between(setting, designs.latents[first], designs.latents[second])
        cells.append(pair_grid.between(way, plane))
    latents = np.stack([cell.latent for cell in cells])
    numbers = [*sides[0], *sides[1]]
    rendered = inference.render(generator, np.concatenate([designs.latents[numbers], latents]), args.quiet)
    own, pictures = own_pictures(args.input, numbers, rendered[: len(numbers)]), rendered[len(numbers) :]
    distances = plane.signed_distance(latents) if plane else [None] * len(cells)
    width = len(sides[1])
    rows = [
        (number // width, number % width, cell.t, distance)
        for number, (cell, distance) in enumerate(zip(cells, distances, strict=True))
    ]
    names = [[endpoints.of_designs(designs, [number]).name for number in side] for side in sides]
    board = pair_grid.draw_board(pictures, own[: len(sides[0])], own[len(sides[0]) :], names, cells)
    crossed = sum(cell.crossed for cell in cells)
    found = {"rows": [design_name(number) for number in sides[0]]}
    found |= {"columns": [design_name(number) for number in sides[1]], "crossed": crossed}
    told = f"{len(cells)} garments in between, {crossed} of them on the hyperplane"
    if min(map(len, sides)) < args.pairs:
        told += f"; of one pole there are only {min(map(len, sides))} designs"
    return Made(
        pictures, rows, {"board.png": board}, {"board.npy": latents}, None, ["board.png"], found, [told], args.size
    )
