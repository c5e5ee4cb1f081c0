"""Figures of the hyperplane: both labelled sets along its normal, designs on it, walks across it, what changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from demicouture import visualization
from demicouture.boundary import attribute_changes, validation
from demicouture.boundary.attribute_changes import Change, PictureChange
from demicouture.boundary.hyperplane import Hyperplane
from demicouture.boundary.photographs import LabelledPhotographs
from demicouture.boundary.style_scores import SCORED, Scorer, compare_scores, random_plane
from demicouture.designs.designs import Designs, LabelledLatents, own_pictures
from demicouture.language import _

SHOWN_OF_EACH_POLE = 10
"""Designs of each pole above their nearest points on the plane: a row that fits on a screen."""

WALKS = 8
"""Designs that are moved across the plane; the sheet fits on a screen."""

WALK_STEPS = 9
"""Odd, so that the middle column lies on the plane."""

SHOWN_ON_THE_PLANE = 40
"""Designs of the plane's sample that are shown."""

SIDE_IN_DIFFERENCE = 256
"""The least side of the mean pictures, in pixels: they are to show places, not garments."""

HEAT_COLOURS = "magma"
"""matplotlib's colour map from dark to light: even in lightness, and readable in grey."""

NO_LABEL_COLOUR = "0.6"

MEASURED = 300
"""Designs whose pictures are measured: enough to distinguish a correlation of 0.2 from none, and full-size networks on
a CPU render them in two minutes."""

Renderer = Callable[[np.ndarray], np.ndarray]
"""Makes pictures, uint8 (n, size, size, 3), of latents, float (n, latent_dim)."""

Reader = Callable[[np.ndarray], np.ndarray]
"""Reads photographs, uint8 (n, size, size, 3), by their numbers, int (n,)."""


@dataclass(frozen=True)
class ShownPhotographs:
    """What the sheets show of photographs: those that were withheld, for they show what happens to anybody's.

    Attributes:
        photographs: All photographs.
        read: Reads some of them; None where the data set is not there.
    """

    photographs: LabelledPhotographs
    read: Reader | None

    @property
    def withheld(self) -> np.ndarray:
        """Which ones may be shown, int (n,)."""
        return np.flatnonzero(self.photographs.withheld)

    def beside(self, indices: np.ndarray, rebuilt: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the photographs, where they are there, and what the generator makes of their codes, by title."""
        originals = {} if self.read is None else {_("photograph"): self.read(indices)}
        return originals | {_("from its code"): rebuilt}


@dataclass(frozen=True)
class RenderedFigures:
    """The figures and findings that need the generator, before they are written.

    Attributes:
        sheets: Pictures to save, by file name.
        changes: Attributes of some designs' pictures, with their correlations.
        distances: float64 (n,), those designs' signed distances.
        labels: n, the pole with which each of them is labelled; empty where it is not.
        findings: The part for ``report.json``.
    """

    sheets: dict[str, Image.Image]
    changes: list[attribute_changes.Change]
    distances: np.ndarray
    labels: tuple[str, ...]
    findings: dict[str, Any]


def render_figures(
    folder: Path,
    designs: Designs,
    shown: ShownPhotographs | None,
    plane: Hyperplane,
    in_between: np.ndarray,
    render: Renderer,
    scorer: Scorer | None,
    seed: int,
) -> RenderedFigures:
    """Renders what lies on both sides of the plane and on it, and measures what changes and how in between that is.

    What is measured is measured on designs, also where the plane is the photographs': they are drawn from the prior, so
    that nothing but the plane tells their sides, and the plane is not fitted to them.

    Args:
        folder: Where the designs' own pictures lie.
        designs: The designs and their labels.
        shown: The photographs that the plane is fitted on; None where that are the designs.
        plane: The hyperplane.
        in_between: float64 (n, latent_dim), on the plane.
        render: The generator.
        scorer: The style classifier, where there is one.
        seed: Decides the folds of the explained variance, and the random plane.
    """
    poles = (shown.photographs if shown else designs).poles
    distances = plane.signed_distance(designs.latents)
    measured = spread_by_distance(np.arange(len(distances)), distances, MEASURED)
    pictures, on_the_plane = render(designs.latents[measured]), render(in_between[:SCORED])
    values = attribute_changes.measure(pictures)
    stops, ends = walk(designs, plane, measured, 2)
    picture_change = attribute_changes.compare(render(ends[:, 0]), render(ends[:, 1]))
    changes = attribute_changes.correlate(values, distances[measured])
    explained = attribute_changes.explain(values, distances[measured], seed)
    findings = {
        "pictures_measured": len(measured),
        "correlations": {change.name: change.correlation for change in changes},
        "more_than_chance": [change.name for change in changes if change.is_clear],
        "changes": attribute_changes.describe_changes(changes),
        "predicted_by_background_and_framing": explained.surroundings,
        "predicted_by_the_garment": explained.garment,
        "predicted_by_both": explained.both,
        "explained": explained.sentence,
        "change_in_the_picture": picture_change.shares,
        "style_scores": None,
    }
    if scorer:
        of_random_plane = render(random_plane(plane, seed).sample(len(on_the_plane), seed))
        findings["style_scores"] = compare_scores(*map(scorer, (on_the_plane, pictures, of_random_plane)))
    sheets = {
        "walk.png": draw_walk_of_photographs(shown, plane, render) if shown else draw_walk(designs, plane, render),
        "difference.png": draw_difference(picture_change, poles, stops),
        "on-the-plane.png": (
            draw_photographs_on_the_plane(shown, plane, render)
            if shown
            else draw_designs_on_the_plane(folder, designs, plane, render)
        ),
        "in-between.png": draw_in_between(on_the_plane[:SHOWN_ON_THE_PLANE], poles),
    }
    labels = tuple(designs.labels[index] for index in measured)
    return RenderedFigures(sheets, changes, distances[measured], labels, findings)


@dataclass(frozen=True)
class Histogram:
    """A panel of :func:`draw_sets`.

    Attributes:
        title: What was measured, with the finding.
        distances: float64 (n,), signed distances.
        labels: bool (n,), true for the second pole.
    """

    title: str
    distances: np.ndarray
    labels: np.ndarray


def draw_sets(path: Path, poles: Sequence[str], finding: str, noun: str, panels: Sequence[Histogram]) -> None:
    """Draws histograms of both labelled sets along the normal, one panel above the other.

    Args:
        path: The PNG file to write.
        poles: The two poles' names.
        finding: The plot's title.
        noun: What is counted.
        panels: Two or more: as fitted, and held out of the fit.
    """
    reach = 1.05 * max(np.abs(panel.distances).max() for panel in panels)
    bins = np.linspace(-reach, reach, 41)  # An even number of bins, so that none lies on both sides of the plane.
    with visualization.plot(path, height=6.0, rows=len(panels)) as axes:
        axes[0].figure.suptitle(finding, fontsize=11, fontweight="bold", wrap=True)
        for axis, panel in zip(axes, panels, strict=True):
            both = zip(poles, visualization.POLE_COLOURS, (~panel.labels, panel.labels), strict=True)
            for pole, colour, members in both:
                label = _("{pole}, {count} {noun}").format(pole=pole, count=members.sum(), noun=noun)
                axis.hist(panel.distances[members], bins, color=colour, alpha=0.6, label=label)
            axis.axvline(0, color=visualization.PLANE_COLOUR, linewidth=1.5, label=_("the plane"))
            axis.set(title=panel.title, ylabel=noun, xlim=(-reach, reach))
            axis.margins(y=0.25)  # Room for the legend, which the line of the plane goes behind.
            axis.legend(framealpha=1, edgecolor="none", fontsize=9, loc="upper center", ncols=3)
        axes[-1].set_xlabel(_("signed distance from the plane (units of latent space)"))


def draw_designs_on_the_plane(folder: Path, designs: Designs, plane: Hyperplane, render: Renderer) -> Image.Image:
    """Returns a sheet of labelled designs of both poles, and below each the nearest design on the plane.

    Args:
        folder: Where the designs' own pictures lie.
        designs: The designs and their labels.
        plane: The hyperplane.
        render: The generator.

    Raises:
        InputError: The generator is not the one that made the designs.
    """
    return _draw_on_the_plane(
        designs,
        np.arange(len(designs.latents)),
        plane,
        render,
        lambda indices, rendered: {"": own_pictures(folder, indices, rendered)},
        lambda index: f"{index}: ",
        _("Designs (number: signed distance from the plane), and the nearest point of the plane to each"),
    )


def draw_photographs_on_the_plane(shown: ShownPhotographs, plane: Hyperplane, render: Renderer) -> Image.Image:
    """Returns a sheet of withheld photographs of both poles, rebuilt, and the nearest design on the plane to each."""
    return _draw_on_the_plane(
        shown.photographs,
        shown.withheld,
        plane,
        render,
        shown.beside,
        lambda index: "",
        _(
            "Photographs that training has not seen (signed distance of the code from the plane), and the "
            "nearest point of the plane to each"
        ),
    )


def _draw_on_the_plane(
    examples: LabelledLatents,
    candidates: np.ndarray,
    plane: Hyperplane,
    render: Renderer,
    rows_of: Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]],
    name: Callable[[int], str],
    title: str,
) -> Image.Image:
    """Returns a sheet: for each pole the examples' rows, by title, and below them the nearest points on the plane."""
    distances = plane.signed_distance(examples.latents)
    chosen = [
        spread_by_distance(candidates[examples.labelled(pole)[candidates]], distances, SHOWN_OF_EACH_POLE)
        for pole in examples.poles
    ]
    columns = min(len(indices) for indices in chosen)
    pictures, captions, titles = [], [], []
    for pole, indices in zip(examples.poles, (indices[:columns] for indices in chosen), strict=True):
        rows = rows_of(indices, render(examples.latents[indices]))
        captions += [f"{name(index)}{distances[index]:+.2f}" for index in indices]
        for row_title in list(rows)[1:]:
            captions += [row_title] * columns
        captions += [_("on the plane")] * columns
        pictures += [*rows.values(), render(plane.nearest(examples.latents[indices]))]
        titles += [pole, *[""] * (len(rows) - 1), _("in between")]
    return visualization.grid(
        np.concatenate(pictures),
        columns,
        scale=visualization.legible_scale(pictures[0].shape[1]),
        captions=captions,
        title=title,
        row_titles=titles,
    )


def walk(examples: LabelledLatents, plane: Hyperplane, starts: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Moves designs, or photographs' codes, straight across the plane, inside the cube.

    On either side the walk reaches as far as the furthest example there, so not beyond what the generator was trained
    on: where one pole is rare, its side is the shorter one. Each stop is the nearest point of the cube at its distance.

    Args:
        examples: The designs or the photographs.
        plane: The hyperplane.
        starts: int (n,), which of them to move.
        steps: How many stops.

    Returns:
        The stops' signed distances, float64 (steps,), evenly spread on either side, and the latents, float64
        (n, steps, latent_dim).
    """
    stops = walk_stops(examples.latents, plane, steps)
    return stops, np.stack([plane.nearest(examples.latents[starts], stop) for stop in stops], axis=1)


def walk_stops(latents: np.ndarray, plane: Hyperplane, steps: int) -> np.ndarray:
    """Returns how far a walk across the plane reaches, as :func:`walk` does: float64 (steps,), from side to side."""
    distances = plane.signed_distance(latents).clip(-0.9 * plane.reach, 0.9 * plane.reach)
    low, high = float(distances.min()), float(distances.max())
    # Where all examples lie on one side, the other is unknown; as far as the known one is a guess.
    low, high = low if low < 0 else -high, high if high > 0 else -low
    return np.interp(np.linspace(-1, 1, steps), [-1, 0, 1], [low, 0, high])


def draw_walk(designs: Designs, plane: Hyperplane, render: Renderer) -> Image.Image:
    """Returns a sheet of several designs at signed distances from the plane, from one side to the other.

    Args:
        designs: The designs and their labels.
        plane: The hyperplane.
        render: The generator.
    """
    distances = plane.signed_distance(designs.latents)
    starts = spread_by_distance(np.arange(len(distances)), distances, WALKS)
    names = [_("design {number}").format(number=start) for start in starts]
    return _draw_walk(designs, starts, names, {}, plane, render, _("A walk"))


def draw_walk_of_photographs(shown: ShownPhotographs, plane: Hyperplane, render: Renderer) -> Image.Image:
    """Returns a sheet of withheld photographs, rebuilt from their codes, and the codes' walks across the plane."""
    photographs = shown.photographs
    starts = spread_by_distance(shown.withheld, plane.signed_distance(photographs.latents), WALKS)
    names = [photographs.labels[start] for start in starts]
    before = shown.beside(starts, render(photographs.latents[starts]))
    title = _("Photographs that training has not seen, walked")
    return _draw_walk(photographs, starts, names, before, plane, render, title)


def _draw_walk(
    examples: LabelledLatents,
    starts: np.ndarray,
    names: Sequence[str],
    before: dict[str, np.ndarray],
    plane: Hyperplane,
    render: Renderer,
    title: str,
) -> Image.Image:
    """Returns a sheet: each example in a row, with pictures to stand before the walk by their column's title."""
    distances = plane.signed_distance(examples.latents)
    stops, latents = walk(examples, plane, starts, WALK_STEPS)
    pictures = render(latents.reshape(-1, latents.shape[-1]))
    columns = [pictures[step::WALK_STEPS] for step in range(WALK_STEPS)]
    columns = [*before.values(), *columns]
    first, second = examples.poles
    return visualization.grid(
        np.stack(columns, axis=1).reshape(-1, *pictures.shape[1:]),
        len(columns),
        scale=visualization.legible_scale(pictures.shape[1]),
        title=_("{title} across the plane, from {first} (negative distances) to {second} (positive)").format(
            title=title, first=first, second=second
        ),
        row_titles=[
            _("{name}\nat {distance:+.2f}").format(name=name, distance=distances[start])
            for name, start in zip(names, starts, strict=True)
        ],
        column_titles=[*before, *[f"{stop:+.2f}" if stop else _("0: the plane") for stop in stops]],
    )


def draw_in_between(pictures: np.ndarray, poles: Sequence[str]) -> Image.Image:
    """Returns a sheet of designs on the plane itself, of neither pole, with their rows in ``in-between.npy``.

    Args:
        pictures: uint8 (n, size, size, 3).
        poles: The two poles' names.
    """
    title = _("Designs in between {first} and {second}: a uniform sample of the plane").format(
        first=poles[0], second=poles[1]
    )
    scale, numbers = visualization.legible_scale(pictures.shape[1]), [str(row) for row in range(len(pictures))]
    return visualization.grid(pictures, scale=scale, captions=numbers, title=title)


def draw_difference(change: PictureChange, poles: Sequence[str], distances: np.ndarray) -> Image.Image:
    """Returns a sheet: the mean picture on each side of the plane, their difference, and where pictures change.

    Args:
        change: The same designs on both sides.
        poles: The two poles' names.
        distances: float64 (2,), the signed distances of the two sides from the plane.
    """
    import matplotlib

    difference = change.second - change.first
    # Grey where nothing changes; as strong as the strongest change allows, for means are pale.
    signed = 127.5 + difference * 127.5 / max(np.abs(difference).max(), 1e-9)
    heat = matplotlib.colormaps[HEAT_COLOURS](change.heat / max(change.heat.max(), 1e-9))[..., :3] * 255
    pictures = np.stack([change.first, change.second, signed, heat]).round().astype(np.uint8)
    scale = max(1, math.ceil(SIDE_IN_DIFFERENCE / pictures.shape[1]))
    captions = [
        _("mean, {distance:.2f} towards {pole}").format(distance=abs(distances[0]), pole=poles[0]),
        _("mean, {distance:.2f} towards {pole}").format(distance=abs(distances[1]), pole=poles[1]),
        _("{second} minus {first}; grey: none").format(second=poles[1], first=poles[0]),
        _("mean change of a pixel: 0 to {heat:.0f} ΔE").format(heat=change.heat.max()),
    ]
    title = _("What changes across the plane: {shares}").format(shares=attribute_changes.format_shares(change.shares))
    return visualization.grid(pictures, 4, scale=scale, captions=captions, title=title)


def draw_changes(
    path: Path, changes: Sequence[Change], distances: np.ndarray, labels: Sequence[str], poles: Sequence[str]
) -> None:
    """Draws each attribute against the distance from the plane, the strongest correlation first.

    Args:
        path: The PNG file to write.
        changes: The attributes.
        distances: float64 (n,), the pictures' signed distances.
        labels: n, the pole with which each picture is labelled; empty where it is not.
        poles: The two poles' names.
    """
    words = np.array(labels)
    kinds = zip(
        (
            _("{pole} by its label").format(pole=poles[0]),
            _("{pole} by its label").format(pole=poles[1]),
            _("no label"),
        ),
        (*visualization.POLE_COLOURS, NO_LABEL_COLOUR),
        (words == poles[0], words == poles[1], words == ""),
        strict=True,
    )
    kinds = [kind for kind in kinds if kind[2].any()]
    ordered = sorted(changes, key=lambda change: -abs(change.correlation))
    columns = 5
    rows = -(-len(ordered) // columns)
    with visualization.plot(path, width=3.1 * columns, height=2.5 * rows, rows=rows, columns=columns) as axes:
        axes[0, 0].figure.suptitle(
            _(
                "Attributes against the distance from the plane (correlation and its 95% interval)\nin grey: no "
                "more than chance, p ≥ {chance} after Holm's correction for {count}"
            ).format(chance=attribute_changes.CHANCE, count=len(ordered)),
            fontweight="bold",
        )
        for axis, change in zip(axes.flat, ordered, strict=False):
            kind, unit = attribute_changes.ATTRIBUTES[change.name]
            low, high = change.interval
            for name, colour, members in kinds:
                where = distances[members], change.values[members]
                axis.scatter(*where, s=5, color=colour, alpha=0.5, linewidths=0, label=name)
            axis.axvline(0, color=visualization.PLANE_COLOUR, linewidth=0.8)
            title = _("{name}\n{correlation:+.2f} ({low:+.2f} to {high:+.2f})").format(
                name=_(change.name), correlation=change.correlation, low=low, high=high
            )
            axis.set_title(title, color="black" if change.is_clear else "0.55")
            axis.set_ylabel(f"{_(unit)} ({_(kind)})", fontsize=8)
        axes[0, 0].legend(fontsize=7, markerscale=2, loc="lower right", framealpha=0.8, edgecolor="none")
        for axis in axes.flat[len(ordered) :]:
            axis.set_axis_off()
        for axis in axes[-1]:
            axis.set_xlabel(_("signed distance"), fontsize=8)


def draw_learning_curve(path: Path, curve: validation.LearningCurve, finding: str) -> None:
    """Draws the estimated cosine between the fitted normal and the true one against the number of labels.

    Args:
        path: The PNG file to write.
        curve: The estimates.
        finding: The plot's title.
    """
    with visualization.plot(path) as axes:
        axes.plot(
            curve.sizes, curve.cosines, "o", color=visualization.PLANE_COLOUR, label=_("from pairs of separate sets")
        )
        if curve.now is not None:
            last = max(curve.count, curve.needed or 0) * 1.2
            sizes = np.geomspace(max(2, curve.sizes[0] / 2), last, 200)
            axes.plot(
                sizes, curve.at(sizes), color=visualization.PLANE_COLOUR, linewidth=1, label=_("the curve through them")
            )
            axes.axvline(
                curve.count,
                color=visualization.POLE_COLOURS[0],
                linewidth=1.5,
                label=_("now: {count} labels").format(count=curve.count),
            )
            if curve.needed:
                axes.plot(
                    [curve.needed], [validation.TARGET_COSINE], "*", color=visualization.POLE_COLOURS[1], markersize=14
                )
        axes.axhline(validation.TARGET_COSINE, color=visualization.POLE_COLOURS[1], linewidth=1, linestyle="--")
        axes.set(xlabel=_("labels"), ylabel=_("cosine with the true normal, estimated"), ylim=(0, 1.02), xscale="log")
        axes.set_title(finding, wrap=True)
        axes.legend(framealpha=1, edgecolor="none", fontsize=9, loc="lower right")  # The line "now" goes behind it.


def spread_by_distance(indices: np.ndarray, distances: np.ndarray, count: int) -> np.ndarray:
    """Returns up to ``count`` of ``indices``, evenly spread from the lowest to the highest of their distances."""
    ordered = indices[np.argsort(distances[indices], kind="stable")]
    return ordered[visualization.evenly_spread(len(ordered), count)]
