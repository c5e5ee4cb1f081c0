"""Figures of the hyperplane: both labelled sets along its normal, designs on it, walks across it, what changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from demicouture import visualization
from demicouture.boundary import attribute_changes, validation
from demicouture.boundary.attribute_changes import Change, PictureChange
from demicouture.boundary.hyperplane import Hyperplane
from demicouture.boundary.style_scores import SCORED, Scorer, compare_scores, random_plane
from demicouture.designs.designs import Designs, own_pictures

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
    plane: Hyperplane,
    in_between: np.ndarray,
    render: Renderer,
    scorer: Scorer | None,
    seed: int,
) -> RenderedFigures:
    """Renders designs on both sides of the plane and on it, and measures what changes and how in between they are.

    Args:
        folder: Where the designs' own pictures lie.
        designs: The designs and their labels.
        plane: The hyperplane.
        in_between: float64 (n, latent_dim), on the plane.
        render: The generator.
        scorer: The style classifier, where there is one.
        seed: Decides the folds of the explained variance, and the random plane.
    """
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
        "walk.png": draw_walk(designs, plane, render),
        "difference.png": draw_difference(picture_change, designs.poles, stops),
        "on-the-plane.png": draw_on_the_plane(folder, designs, plane, render),
        "in-between.png": draw_in_between(on_the_plane[:SHOWN_ON_THE_PLANE], designs.poles),
    }
    labels = tuple(designs.labels[index] for index in measured)
    return RenderedFigures(sheets, changes, distances[measured], labels, findings)


def draw_sets(
    path: Path, report: Mapping[str, Any], finding: str, labels: np.ndarray, training: np.ndarray, held_out: np.ndarray
) -> None:
    """Draws histograms of both labelled sets along the normal: as fitted, and held out of the fit.

    Args:
        path: The PNG file to write.
        report: The content of ``report.json``.
        finding: The plot's title.
        labels: bool (n,), true for the second pole.
        training: float64 (n,), distances from the plane fitted on all n designs.
        held_out: float64 (n,), distances from planes fitted without the design.
    """
    reach = 1.05 * max(np.abs(training).max(), np.abs(held_out).max())
    bins = np.linspace(-reach, reach, 41)  # An even number of bins, so that none lies on both sides of the plane.
    panels = (
        (training, f"Designs that the plane was fitted on: {report['training_accuracy']:.0%} on the right side"),
        (held_out, f"The same designs, each held out of the fit: {report['held_out_accuracy']:.0%} on the right side"),
    )
    with visualization.plot(path, height=6.0, rows=2) as axes:
        axes[0].figure.suptitle(finding, fontsize=11, fontweight="bold", wrap=True)
        for axis, (distances, title) in zip(axes, panels, strict=True):
            for pole, colour, members in zip(
                report["poles"], visualization.POLE_COLOURS, (~labels, labels), strict=True
            ):
                axis.hist(distances[members], bins, color=colour, alpha=0.6, label=f"{pole}, {members.sum()} designs")
            axis.axvline(0, color=visualization.PLANE_COLOUR, linewidth=1.5, label="the plane")
            axis.set(title=title, ylabel="designs", xlim=(-reach, reach))
        axes[0].legend(frameon=False, fontsize=9, loc="upper right")
        axes[1].set_xlabel("signed distance from the plane (units of latent space)")


def draw_on_the_plane(folder: Path, designs: Designs, plane: Hyperplane, render: Renderer) -> Image.Image:
    """Returns a sheet of labelled designs of both poles, and below each the nearest design on the plane.

    Args:
        folder: Where the designs' own pictures lie.
        designs: The designs and their labels.
        plane: The hyperplane.
        render: The generator.

    Raises:
        InputError: The generator is not the one that made the designs.
    """
    distances = plane.signed_distance(designs.latents)
    chosen = [
        spread_by_distance(np.flatnonzero(designs.labelled(pole)), distances, SHOWN_OF_EACH_POLE)
        for pole in designs.poles
    ]
    columns = min(len(indices) for indices in chosen)
    pictures, captions, titles = [], [], []
    for pole, indices in zip(designs.poles, (indices[:columns] for indices in chosen), strict=True):
        pictures.append(own_pictures(folder, indices, render(designs.latents[indices])))
        pictures.append(render(plane.nearest(designs.latents[indices])))
        captions += [f"{index}: {distances[index]:+.2f}" for index in indices] + ["on the plane"] * columns
        titles += [pole, "in between"]
    return visualization.grid(
        np.concatenate(pictures),
        columns,
        scale=visualization.legible_scale(pictures[0].shape[1]),
        captions=captions,
        title="Designs (number: signed distance from the plane), and the nearest point of the plane to each",
        row_titles=titles,
    )


def walk(designs: Designs, plane: Hyperplane, starts: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Moves designs straight across the plane, inside the cube.

    On either side the walk reaches as far as the furthest design there, so not beyond what the generator was trained
    on: where one pole is rare, its side is the shorter one. Each stop is the nearest point of the cube at its distance.

    Args:
        designs: The designs.
        plane: The hyperplane.
        starts: int (n,), which designs to move.
        steps: How many stops.

    Returns:
        The stops' signed distances, float64 (steps,), evenly spread on either side, and the latents, float64
        (n, steps, latent_dim).
    """
    stops = walk_stops(designs, plane, steps)
    return stops, np.stack([plane.nearest(designs.latents[starts], stop) for stop in stops], axis=1)


def walk_stops(designs: Designs, plane: Hyperplane, steps: int) -> np.ndarray:
    """Returns how far a walk across the plane reaches, as :func:`walk` does: float64 (steps,), from side to side."""
    distances = plane.signed_distance(designs.latents).clip(-0.9 * plane.reach, 0.9 * plane.reach)
    low, high = float(distances.min()), float(distances.max())
    # Where all designs lie on one side, the other is unknown; as far as the known one is a guess.
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
    stops, latents = walk(designs, plane, starts, WALK_STEPS)
    pictures = render(latents.reshape(-1, latents.shape[-1]))
    first, second = designs.poles
    return visualization.grid(
        pictures,
        WALK_STEPS,
        scale=visualization.legible_scale(pictures.shape[1]),
        title=f"A walk across the plane, from {first} (negative distances) to {second} (positive)",
        row_titles=[f"design {start}\nat {distances[start]:+.2f}" for start in starts],
        column_titles=[f"{stop:+.2f}" if stop else "0: the plane" for stop in stops],
    )


def draw_in_between(pictures: np.ndarray, poles: Sequence[str]) -> Image.Image:
    """Returns a sheet of designs on the plane itself: of neither pole.

    Args:
        pictures: uint8 (n, size, size, 3).
        poles: The two poles' names.
    """
    title = f"Designs in between {poles[0]} and {poles[1]}: a uniform sample of the plane"
    return visualization.grid(pictures, scale=visualization.legible_scale(pictures.shape[1]), title=title)


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
        f"mean, {abs(distances[0]):.2f} towards {poles[0]}",
        f"mean, {abs(distances[1]):.2f} towards {poles[1]}",
        f"{poles[1]} minus {poles[0]}; grey: none",
        f"mean change of a pixel: 0 to {change.heat.max():.0f} ΔE",
    ]
    title = f"What changes across the plane: {attribute_changes.format_shares(change.shares)}"
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
        (f"{poles[0]} by its label", f"{poles[1]} by its label", "no label"),
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
            "Attributes against the distance from the plane (correlation and its 95% interval)\n"
            f"in grey: no more than chance, p ≥ {attribute_changes.CHANCE} after Holm's correction for {len(ordered)}",
            fontweight="bold",
        )
        for axis, change in zip(axes.flat, ordered, strict=False):
            kind, unit = attribute_changes.ATTRIBUTES[change.name]
            low, high = change.interval
            for name, colour, members in kinds:
                where = distances[members], change.values[members]
                axis.scatter(*where, s=5, color=colour, alpha=0.5, linewidths=0, label=name)
            axis.axvline(0, color=visualization.PLANE_COLOUR, linewidth=0.8)
            title = f"{change.name}\n{change.correlation:+.2f} ({low:+.2f} to {high:+.2f})"
            axis.set_title(title, color="black" if change.is_clear else "0.55")
            axis.set_ylabel(f"{unit} ({kind})", fontsize=8)
        axes[0, 0].legend(fontsize=7, markerscale=2, loc="lower right", framealpha=0.8, edgecolor="none")
        for axis in axes.flat[len(ordered) :]:
            axis.set_axis_off()
        for axis in axes[-1]:
            axis.set_xlabel("signed distance", fontsize=8)


def draw_learning_curve(path: Path, curve: validation.LearningCurve, finding: str) -> None:
    """Draws the estimated cosine between the fitted normal and the true one against the number of labels.

    Args:
        path: The PNG file to write.
        curve: The estimates.
        finding: The plot's title.
    """
    with visualization.plot(path) as axes:
        axes.plot(
            curve.sizes, curve.cosines, "o", color=visualization.PLANE_COLOUR, label="from pairs of separate sets"
        )
        if curve.now is not None:
            last = max(curve.count, curve.needed or 0) * 1.2
            sizes = np.geomspace(max(2, curve.sizes[0] / 2), last, 200)
            axes.plot(
                sizes, curve.at(sizes), color=visualization.PLANE_COLOUR, linewidth=1, label="the curve through them"
            )
            axes.axvline(
                curve.count, color=visualization.POLE_COLOURS[0], linewidth=1.5, label=f"now: {curve.count} labels"
            )
            if curve.needed:
                axes.plot(
                    [curve.needed], [validation.TARGET_COSINE], "*", color=visualization.POLE_COLOURS[1], markersize=14
                )
        axes.axhline(validation.TARGET_COSINE, color=visualization.POLE_COLOURS[1], linewidth=1, linestyle="--")
        axes.set(xlabel="labels", ylabel="cosine with the true normal, estimated", ylim=(0, 1.02), xscale="log")
        axes.set_title(finding, wrap=True)
        axes.legend(framealpha=1, edgecolor="none", fontsize=9, loc="lower right")  # The line "now" goes behind it.


def spread_by_distance(indices: np.ndarray, distances: np.ndarray, count: int) -> np.ndarray:
    """Returns up to ``count`` of ``indices``, evenly spread from the lowest to the highest of their distances."""
    ordered = indices[np.argsort(distances[indices], kind="stable")]
    return ordered[visualization.evenly_spread(len(ordered), count)]
