"""What the hyperplane looks like: the two labelled sets along its normal, designs on it, and walks across it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from demicouture import figures
from demicouture.boundary import Hyperplane
from demicouture.designs import Designs, own_pictures

SHOWN_OF_EACH_POLE = 10
"""Designs of each pole beside their nearest points on the plane: a row that fits on a screen."""

WALKS = 8
"""Designs that a walk starts from; the sheet fits on a screen."""

WALK_STEPS = 9
"""Odd, so that the middle column lies on the plane."""

Renderer = Callable[[np.ndarray], np.ndarray]
"""Makes pictures, uint8 (n, size, size, 3), of latents, float (n, latent_dim)."""


def draw_sets(
    path: Path, report: Mapping[str, Any], finding: str, labels: np.ndarray, training: np.ndarray, held_out: np.ndarray
) -> None:
    """Draws both labelled sets along the normal: as the plane was fitted on them, and as planes see them that were not.

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
    with figures.plot(path, height=6.0, rows=2) as axes:
        axes[0].figure.suptitle(finding, fontsize=11, fontweight="bold", wrap=True)
        for axis, (distances, title) in zip(axes, panels, strict=True):
            for pole, colour, members in zip(report["poles"], figures.POLE_COLOURS, (~labels, labels), strict=True):
                axis.hist(distances[members], bins, color=colour, alpha=0.6, label=f"{pole}, {members.sum()} designs")
            axis.axvline(0, color=figures.PLANE_COLOUR, linewidth=1.5, label="the plane")
            axis.set(title=title, ylabel="designs", xlim=(-reach, reach))
        axes[0].legend(frameon=False, fontsize=9)
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
    chosen = [spread(np.flatnonzero(designs.labelled(pole)), distances, SHOWN_OF_EACH_POLE) for pole in designs.poles]
    columns = min(len(indices) for indices in chosen)
    pictures, captions, titles = [], [], []
    for pole, indices in zip(designs.poles, (indices[:columns] for indices in chosen), strict=True):
        pictures.append(own_pictures(folder, indices, render(designs.latents[indices])))
        pictures.append(render(plane.nearest(designs.latents[indices])))
        captions += [f"{index}: {distances[index]:+.2f}" for index in indices] + ["on the plane"] * columns
        titles += [pole, "in between"]
    return figures.grid(
        np.concatenate(pictures),
        columns,
        scale=figures.legible_scale(pictures[0].shape[1]),
        captions=captions,
        title="Designs (number: signed distance from the plane), and the nearest point of the plane to each",
        row_titles=titles,
    )


def draw_walk(designs: Designs, plane: Hyperplane, render: Renderer) -> Image.Image:
    """Returns a sheet of several designs at even signed distances from the plane, from one side to the other.

    The walk goes as far as the furthest design lies, so nowhere beyond what the generator was trained on, and each
    stop is the nearest point of the cube at its distance.

    Args:
        designs: The designs and their labels.
        plane: The hyperplane.
        render: The generator.
    """
    distances = plane.signed_distance(designs.latents)
    starts = spread(np.arange(len(distances)), distances, WALKS)
    furthest = min(np.abs(distances).max(), 0.9 * plane.reach)
    stops = np.linspace(-furthest, furthest, WALK_STEPS)
    latents = np.stack([plane.nearest(designs.latents[starts], stop) for stop in stops], axis=1)
    pictures = render(latents.reshape(-1, latents.shape[-1]))
    first, second = designs.poles
    return figures.grid(
        pictures,
        WALK_STEPS,
        scale=figures.legible_scale(pictures.shape[1]),
        title=f"A walk across the plane, from {first} (negative distances) to {second} (positive)",
        row_titles=[f"design {start}\nat {distances[start]:+.2f}" for start in starts],
        column_titles=[f"{stop:+.2f}" if stop else "0: the plane" for stop in stops],
    )


def spread(indices: np.ndarray, distances: np.ndarray, count: int) -> np.ndarray:
    """Returns up to ``count`` of ``indices``, evenly spread from the lowest to the highest of their distances."""
    ordered = indices[np.argsort(distances[indices], kind="stable")]
    return ordered[np.linspace(0, len(ordered) - 1, min(count, len(ordered))).round().astype(int)]
