"""Draws what a straight line, slerp and the distribution-preserving path do to latents of the uniform prior.

Reads:
    Nothing.

Writes:
    docs/distribution-preserving-path.png

Example:
    .venv/bin/python docs/figures/distribution_preserving_path.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from demicouture import visualization  # noqa: E402
from demicouture.latents import lerp, prior_preserving_path, sample_prior  # noqa: E402

PAIRS = 2_000
STEPS = np.linspace(0, 1, 21)
BINS = np.linspace(-1.5, 1.5, 61)
"""Two of the edges are the cube's."""


def slerp(first: np.ndarray, second: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Returns the points of the arc from ``first`` to ``second`` about the origin.

    Args:
        first: float (latent_dim,).
        second: float (latent_dim,).
        t: float (steps,) in [0, 1].

    Returns:
        float64 (steps, latent_dim).

    Source:
        Shoemake, "Animating Rotation with Quaternion Curves", SIGGRAPH 1985; for latents White, "Sampling Generative
        Networks", arXiv:1609.04468, 2016.
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    angle = np.arccos(first @ second / np.linalg.norm(first) / np.linalg.norm(second))
    t = np.asarray(t, np.float64)[:, np.newaxis]
    return (np.sin((1 - t) * angle) * first + np.sin(t * angle) * second) / np.sin(angle)


def main() -> None:
    """Samples, draws, and prints the figures that the page quotes."""
    from scipy.stats import kstest

    first, second = sample_prior(PAIRS, seed=1), sample_prior(PAIRS, seed=2)
    red, blue = visualization.POLE_COLOURS[1], visualization.POLE_COLOURS[0]
    methods = {
        "straight line": (lerp, visualization.PLANE_COLOUR),
        "distribution-preserving": (prior_preserving_path, blue),
        "slerp": (slerp, red),
    }
    points = {
        name: np.stack([path(*ends, STEPS) for ends in zip(first, second, strict=True)])  # (pairs, steps, latent_dim)
        for name, (path, _) in methods.items()
    }
    middle = len(STEPS) // 2
    print(f"{PAIRS} pairs; the prior's mean norm: {np.linalg.norm(first, axis=1).mean():.3f}")
    for name, sample in points.items():
        norms = np.linalg.norm(sample, axis=2)
        at_half = sample[:, middle]
        outside = np.abs(at_half) > 1
        apart = max(kstest(sample[:, step].ravel(), "uniform", (-1, 2)).statistic for step in range(len(STEPS)))
        print(
            f"{name}: at t = ½ mean norm {norms[:, middle].mean():.3f}, deviation {norms[:, middle].std():.2f}; "
            f"coordinates outside of the cube {outside.mean():.2%}, points outside {outside.any(axis=1).mean():.2%}; "
            f"largest distance from U(-1, 1), Kolmogorov-Smirnov over all t: {apart:.4f}"
        )
    ends = points["distribution-preserving"][:, [0, -1]]
    print(f"the ends come back exactly: {np.array_equal(ends, np.stack([first, second], axis=1))}")

    path = Path(__file__).resolve().parents[1] / "distribution-preserving-path.png"
    with visualization.plot(path, width=12, height=4, columns=3) as (along, density, transport):
        along.figure.suptitle(
            "Half way, a straight line is too short and slerp is outside of the cube; the map T keeps the prior"
        )
        for name, (_, colour) in methods.items():
            norms = np.linalg.norm(points[name], axis=2)
            style = "--" if name == "slerp" else "-"
            along.plot(
                STEPS, norms.mean(axis=0), style, color=colour, label=name, linewidth=1.5 if name == "slerp" else 2.5
            )
            low, high = np.percentile(norms, (5, 95), axis=0)
            along.fill_between(STEPS, low, high, color=colour, alpha=0.12, linewidth=0)
            counts, edges = np.histogram(points[name][:, middle], BINS, density=True)
            density.stairs(counts, edges, color=colour, linestyle=style, label=name, linewidth=1.8)
        along.set(xlabel="t (share of the path)", ylabel="norm (latent units)", ylim=(2.2, 7), xlim=(0, 1))
        along.set_title("norms: mean, and 5% to 95% of pairs")
        along.legend(fontsize=9, loc="lower left", framealpha=1, edgecolor="none")
        for edge in (-1, 1):
            density.axvline(edge, color=visualization.PLANE_COLOUR, linewidth=0.8, linestyle=":")
        density.set(xlabel="a coordinate at t = ½ (latent units)", ylabel="density", xlim=(-1.55, 1.55), ylim=(0, 1.3))
        density.set_title("in training there was nothing beyond ±1")
        density.text(0.97, 1.2, "the cube ends here", ha="right", fontsize=9)
        heights = np.linspace(-1, 1, 401)
        for t, colour, label in (
            (0.0, visualization.PLANE_COLOUR, "t = 0 or 1: itself"),
            (0.2, red, "t = 0.2"),
            (0.5, blue, "t = ½: y(2 − |y|)"),
        ):
            # Of one end repeated the straight line is that end, so the path shows the map T itself.
            mapped = [prior_preserving_path([y], [y], [t])[0, 0] for y in heights]
            transport.plot(heights, mapped, color=colour, label=label, linewidth=1.8)
        transport.set(xlabel="y, on the straight line (latent units)", ylabel="T(y) (latent units)")
        transport.set_title("T moves the middle outwards, and no end")
        transport.legend(fontsize=9, loc="upper left", framealpha=1, edgecolor="none")


if __name__ == "__main__":
    main()
