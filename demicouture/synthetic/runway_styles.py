"""Styles of runway outfits: colours, a print and a taste for metal, pads and collars; each is drawn by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demicouture.synthetic.fabrics import PRINTS, rgb

#: The cuts that :mod:`demicouture.synthetic.runway_outfits` draws.
CUTS = ("balloon", "cape", "coat", "cocoon", "column", "gown", "suit", "tiers")

#: Colours of one outfit: three fabrics, an accent, and a metal.
PALETTES = tuple(
    [rgb(c) for c in line.split()]
    for line in (
        "17171c 2e2e38 e8e2d6 b01030 c9ccd4",
        "f2ece0 d9c8a8 a88f6c 2b2622 d8b25a",
        "0f4c5c 5f0f40 9a031e e36414 e0a83c",
        "23395b 406e8e 8ea8c3 f0f4f8 c8ced8",
        "c9184a ff4d6d ffb3c1 590d22 e6b8a2",
        "283618 606c38 dda15e fefae0 bc6c25",
        "3c096c 7b2cbf c77dff f1e3ff b8a0d8",
        "003049 d62828 f77f00 fcbf49 eae2b7",
        "111111 f5f5f5 8a8a8a d4af37 d4af37",
        "1b4332 2d6a4f b7e4c7 f4d35e c9b458",
        "4a1c1c 8c2f39 d98c5f f3d9b1 b87333",
        "0a0a23 1f3fb5 e8e8f0 ff3b6b a8b4d8",
    )
)


@dataclass(frozen=True)
class RunwayStyle:
    """The style of one picture.

    Attributes:
        palette: Five colours; see :data:`PALETTES`.
        cut: One of :data:`CUTS`.
        motif: Its print, where there is one.
        shine: How likely metal is.
        shoulders: How far shoulders are padded, in heads.
        collar: plain, funnel, ruff or wing.
        dark: Whether the runway is dark.
        warm: Tint of the light, -1 (cold) to 1.
    """

    palette: list[np.ndarray]
    cut: str
    motif: str
    shine: float
    shoulders: float
    collar: str
    dark: bool
    warm: float


def draw_style(cut: str, rng: np.random.Generator) -> RunwayStyle:
    """Returns a style for an outfit of one of :data:`CUTS`."""
    return RunwayStyle(
        palette=PALETTES[int(rng.integers(len(PALETTES)))],
        cut=cut,
        motif=PRINTS[int(rng.integers(len(PRINTS)))],
        shine=float(rng.uniform(0.1, 0.4)),
        shoulders=float(rng.uniform(0.1, 0.5)),
        collar=("plain", "funnel", "ruff", "wing")[int(rng.integers(4))],
        dark=bool(rng.random() < 0.55),
        warm=float(rng.uniform(-1, 1)),
    )
