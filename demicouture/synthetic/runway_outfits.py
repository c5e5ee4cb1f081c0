"""Runway outfits, one function for each cut.

Units are heads; see :mod:`demicouture.synthetic.mannequin`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from demicouture.synthetic.canvas import Canvas, ellipse, mirrored, outline, ribbon, spline
from demicouture.synthetic.fabrics import Fabric
from demicouture.synthetic.mannequin import Mannequin
from demicouture.synthetic.runway_styles import RunwayStyle


def _gown(mannequin: Mannequin) -> None:
    rng, s = mannequin.rng, mannequin.side
    width = float(rng.uniform(1.5, 1.9))
    shift = s * float(rng.uniform(0, 0.9))
    mannequin.legs()
    neckline = ("strapless", "one-shoulder", "deep", "halter")[int(rng.integers(4))]
    long_gloves = rng.random() < 0.35
    mannequin.torso()
    for side in (1, -1):
        mannequin.arm(side, None, [0.15, 0.14, 0.12, 0.085], 0.05)
        if long_gloves:
            glove = ribbon(
                [(side * 1.0, 2.5), (side * 1.03, 2.95), (side * 1.02, 4.0), (side * 0.96, 4.5)], [0.16, 0.15, 0.1, 0.1]
            )
            mannequin.canvas.paint(glove, mannequin.second.replace(pattern="plain", gloss=0.4), relief=0.03)
    mannequin.skirt(mannequin.main, 7.6 - max(0, shift), 7.6 + min(0, shift), width, waves=5, folds=9)
    if rng.random() < 0.4:
        overlay = mannequin.second if mannequin.main.pattern != "plain" else mannequin.metal
        mannequin.skirt(overlay, 5.2 - s * 0.7, 5.2 + s * 0.7, 1.25, waves=4, folds=6)
    top = mannequin.main if rng.random() < 0.6 else mannequin.second
    mannequin.bodice(top, neckline)
    if rng.random() < 0.5:
        mannequin.belt(mannequin.accent.replace(pattern="plain"), half=0.52)
    if rng.random() < 0.4:
        line = spline([(-s * 0.75, 2.05), (0, 1.85), (s * 0.85, 1.45)])
        mannequin.ruffle(top, line, 0.5, 4)
    mannequin.finish("plain")


def _coat(mannequin: Mannequin) -> None:
    rng = mannequin.rng
    mannequin.pad = max(mannequin.pad, 0.22)
    hem = float(rng.uniform(5.9, 6.9))
    if rng.random() < 0.5:
        mannequin.trousers(mannequin.second.replace(pattern="plain"), 0.32, 0.08)
    else:
        mannequin.legs(mannequin.second.replace(pattern="plain", softness=0))
        mannequin.boots(5.4)
    mannequin.torso()
    mannequin.arms(mannequin.main, [0.28, 0.27, 0.25, 0.2], 0.02 + mannequin.pad * 0.15)
    mannequin.jacket(mannequin.main, hem, float(rng.uniform(1.05, 1.4)), lapels=bool(rng.random() < 0.65))
    if rng.random() < 0.6:
        mannequin.belt(mannequin.second.replace(pattern="plain", gloss=0.3), half=0.56)
    if rng.random() < 0.5:
        for side in (1, -1):
            fur = outline(
                [(side * 0.15, 1.2), (side * 0.6, 1.3), (side * 0.6, 2.0), (side * 0.2, 2.9)],
                [(side * 0.2, 2.9), (side * 0.1, 2.0), (side * 0.15, 1.2)],
            )
            mannequin.canvas.paint(
                fur, mannequin.accent.replace(texture="fuzz", pattern="plain"), relief=0.06, shadow=0.5
            )
    mannequin.finish(None if rng.random() < 0.5 else "plain")


def _suit(mannequin: Mannequin) -> None:
    rng = mannequin.rng
    mannequin.pad = max(mannequin.pad, 0.3)
    below = mannequin.main if rng.random() < 0.6 else mannequin.second.replace(pattern="plain")
    mannequin.trousers(below, float(rng.uniform(0.36, 0.62)), float(rng.uniform(0.1, 0.3)))
    mannequin.torso()
    mannequin.arms(mannequin.main, [0.26, 0.24, 0.21, 0.165], 0.0 + mannequin.pad * 0.2)
    mannequin.jacket(mannequin.main, float(rng.uniform(3.9, 4.5)), 0.88, waist=0.5)
    if rng.random() < 0.5:
        mannequin.belt(mannequin.accent.replace(pattern="plain", gloss=0.4))
    mannequin.finish("plain" if rng.random() < 0.5 else None, mannequin.second)


def _cape(mannequin: Mannequin) -> None:
    rng, canvas, s = mannequin.rng, mannequin.canvas, mannequin.side
    hem = float(rng.uniform(5.0, 6.8))
    width = float(rng.uniform(1.5, 1.95))
    lining = mannequin.second.replace(pattern="plain", gloss=0.3)
    back = mirrored(
        outline([(0, 1.4), (0.9, 1.45), (1.3, 2.6), (width, hem)], [(width, hem), (width * 0.5, hem + 0.15), (0, hem)])
    )
    canvas.paint(
        back, lining.darker(0.65), relief=0.05, ridges=[[(x * 0.5, 2), (x, hem)] for x in (-1.2, -0.6, 0.6, 1.2)]
    )
    if rng.random() < 0.5:
        mannequin.trousers(mannequin.accent.replace(pattern="plain"), 0.4, 0.12)
    else:
        mannequin.legs()
        mannequin.boots(5.3)
        mannequin.skirt(mannequin.accent, 5.2, 5.2, 0.8, waves=2, folds=4)
    mannequin.torso()
    mannequin.bodice(mannequin.accent, "high")
    mannequin.belt(mannequin.metal)
    tip = 0.92 + mannequin.pad * 0.6
    slope = s * float(rng.uniform(0.2, 0.9))
    for side in (1, -1):
        end = hem + side * slope
        panel = outline(
            [(side * 0.12, 1.32), (side * 0.5, 1.34), (side * tip, 1.5), (side * 1.3, 2.8), (side * width, end)],
            [(side * width, end), (side * width * 0.72, end + 0.18), (side * 0.62, end - 0.1)],
            [(side * 0.62, end - 0.1), (side * 0.5, 3.4), (side * 0.12, 1.32)],
        )
        ridges = [
            [(side * a, 1.6), (side * (a + 0.2), 3.0), (side * b, end)]
            for a, b in ((0.5, 0.8), (0.75, 1.1), (0.95, 1.4))
        ]
        canvas.paint(panel, mannequin.main, relief=0.08, shadow=0.45, ridges=ridges, ridge_width=0.035)
    mannequin.finish(None if mannequin.style.collar != "plain" else "funnel")


def _tiers(mannequin: Mannequin) -> None:
    rng = mannequin.rng
    bare = rng.random() < 0.5
    mannequin.legs(None if bare else mannequin.accent.replace(pattern="plain", softness=0))
    if rng.random() < 0.6:
        mannequin.boots(float(rng.uniform(4.9, 6.2)))
    mannequin.torso()
    mannequin.arms(None, [0.15, 0.14, 0.12, 0.085], 0.08)
    count = int(rng.integers(3, 6))
    bottom = float(rng.uniform(4.6, 6.6))
    slope = mannequin.side * float(rng.uniform(0, 0.5))
    other = mannequin.second if mannequin.main.pattern == "plain" else mannequin.main.darker(0.85)
    for k in reversed(range(count)):
        y = 2.75 + (bottom - 2.75) * k / count
        half = 0.6 + 0.75 * (k / count) ** 0.8 + 0.05 * k
        tilt = slope * k / count
        fabric = mannequin.main if k % 2 == 0 else other
        line = spline([(-half, y - tilt), (0, y + 0.12), (half, y + tilt)])
        mannequin.ruffle(fabric, line, (bottom - 2.75) / count + 0.4, 6 + k)
    mannequin.bodice(mannequin.main, ("strapless", "one-shoulder", "high")[int(rng.integers(3))])
    if rng.random() < 0.6:
        for side in (1, -1):
            puff = ellipse(side * 0.98, 1.78, 0.42, 0.44)
            mannequin.canvas.paint(
                puff,
                mannequin.main,
                relief=0.08,
                ridges=[[(side * 0.7, 1.5), (side * 1.25, 2.0)], [(side * 0.75, 2.0), (side * 1.2, 1.5)]],
            )
    mannequin.finish()


def _column(mannequin: Mannequin) -> None:
    rng, s = mannequin.rng, mannequin.side
    mannequin.legs()
    mannequin.torso()
    mannequin.arm(-s, None, [0.15, 0.14, 0.12, 0.085], 0.05)
    mannequin.skirt(
        mannequin.main, 7.2 - s * 1.0, 7.2 + s * 0.5 - 0.3, float(rng.uniform(0.75, 0.95)), waves=2, folds=4, wave=0.03
    )
    mannequin.bodice(mannequin.main, "one-shoulder")
    # One great sleeve, or a sash that falls from the covered shoulder to the floor.
    if rng.random() < 0.5:
        mannequin.arm(s, mannequin.second, [0.2, 0.55, 0.7, 0.75], 0.35, hand=False)
    else:
        mannequin.arm(s, None, [0.15, 0.14, 0.12, 0.085], 0.05)
        sash = outline(
            [(s * 0.35, 1.35), (s * 1.0, 1.4), (s * 1.25, 2.6), (s * 1.55, 6.8)],
            [(s * 1.55, 6.8), (s * 1.1, 7.1), (s * 0.75, 6.6)],
            [(s * 0.75, 6.6), (s * 0.8, 3.0), (s * 0.35, 1.35)],
        )
        mannequin.canvas.paint(
            sash,
            mannequin.second.replace(gloss=0.4),
            relief=0.06,
            shadow=0.45,
            ridges=[[(s * 0.7, 1.5), (s * 1.0, 4), (s * 1.1, 7)], [(s * 0.9, 1.5), (s * 1.2, 4), (s * 1.4, 7)]],
            ridge_width=0.03,
        )
    block = outline(
        [(-s * 0.52, 2.9), (s * 0.5, 2.9)],
        [(s * 0.5, 2.9), (s * 0.74, 3.8)],
        [(s * 0.74, 3.8), (-s * 0.62, 3.3), (-s * 0.52, 2.9)],
    )
    mannequin.canvas.paint(
        block, mannequin.accent.replace(gloss=0.3), relief=0.04, ridges=[[(-s * 0.5, 3.0), (s * 0.6, 3.4)]]
    )
    mannequin.finish("plain" if rng.random() < 0.6 else "wing")


def _balloon(mannequin: Mannequin) -> None:
    rng = mannequin.rng
    if rng.random() < 0.5:
        mannequin.trousers(mannequin.second.replace(pattern="plain"), float(rng.uniform(0.24, 0.34)), 0.04)
    else:
        mannequin.legs()
        mannequin.skirt(mannequin.second, 6.2, 6.2, float(rng.uniform(0.7, 1.3)), waves=3, folds=6)
    mannequin.torso()
    big = float(rng.uniform(0.5, 0.72))
    mannequin.arms(mannequin.main, [0.25, big, big * 0.95, 0.14], 0.28)
    mannequin.bodice(mannequin.main, "high")
    peplum = float(rng.uniform(3.5, 4.1))
    mannequin.ruffle(mannequin.main, spline([(-0.52, 2.95), (0, 3.02), (0.52, 2.95)]), peplum - 2.95, 3)
    mannequin.belt(mannequin.accent.replace(pattern="plain", gloss=0.3), half=0.54)
    mannequin.finish(None if mannequin.style.collar != "plain" else "ruff")


def _cocoon(mannequin: Mannequin) -> None:
    rng, canvas, s = mannequin.rng, mannequin.canvas, mannequin.side
    mannequin.legs(mannequin.accent.replace(pattern="plain", softness=0) if rng.random() < 0.5 else None)
    if rng.random() < 0.6:
        mannequin.boots(5.7)
    mannequin.torso()
    wide = float(rng.uniform(1.15, 1.4))
    end = float(rng.uniform(5.2, 6.0))
    half = outline(
        [(0, 1.25), (0.3, 1.22)],
        [(0.3, 1.22), (0.85, 1.45), (wide * 0.92, 2.0), (wide, 3.0), (wide * 0.9, 4.4), (0.76, end)],
        [(0.72, end), (0, end + 0.12)],
    )
    ridges = [[(side * 0.5, 1.6), (side * a, 3.3), (side * 0.4, end)] for side in (1, -1) for a in (0.7, 1.1)]
    canvas.paint(mirrored(half), mannequin.main, relief=0.1, ridges=ridges, ridge_width=0.04)
    front = outline(
        [(s * 0.3, 1.22), (-s * 0.1, 2.8), (-s * 0.35, end + 0.08)],
        [(-s * 0.35, end + 0.08), (0, end + 0.1), (s * 0.76, end)],
        [
            (s * 0.76, end),
            (s * wide * 0.9, 4.4),
            (s * wide, 3.0),
            (s * wide * 0.92, 2.0),
            (s * 0.85, 1.45),
            (s * 0.3, 1.22),
        ],
    )
    if mannequin.facing == "front":
        canvas.paint(
            front,
            mannequin.second if rng.random() < 0.5 else mannequin.main,
            relief=0.08,
            shadow=0.4,
            ridges=[[(s * 0.5, 1.8), (s * 1.0, 3.3), (s * 0.4, end)]],
            ridge_width=0.04,
        )
        for y in (2.4, 3.2, 4.0):
            canvas.paint(
                ellipse(-s * (0.05 + 0.08 * (y - 2.4)) + s * 0.22, y, 0.11, 0.11), mannequin.metal, relief=0.02
            )
    for side in (1, -1):
        hand = ribbon([(side * wide * 0.86, 3.85), (side * wide * 0.8, 4.4)], [0.2, 0.08])
        canvas.paint(hand, mannequin.skin, relief=0.02)
        cuff = ribbon([(side * wide * 0.97, 3.0), (side * wide * 0.9, 3.95)], [0.3, 0.26])
        canvas.paint(cuff, mannequin.main, relief=0.04, shadow=0.4)
    mannequin.finish("funnel" if rng.random() < 0.5 else None, mannequin.second)


_DRAWERS: dict[str, Callable[[Mannequin], None]] = {
    "gown": _gown,
    "coat": _coat,
    "suit": _suit,
    "cape": _cape,
    "tiers": _tiers,
    "column": _column,
    "balloon": _balloon,
    "cocoon": _cocoon,
}


def draw_outfit(mannequin: Mannequin) -> None:
    """Draws a mannequin in its style's cut, the crown of its head at the canvas's origin."""
    _DRAWERS[mannequin.style.cut](mannequin)


def draw_outfit_from_side(canvas: Canvas, style: RunwayStyle, rng: np.random.Generator) -> None:
    """Draws a mannequin in profile: nose ahead, one arm over a narrow body, feet to the side."""
    mannequin = Mannequin(canvas, style, rng)
    flip = (mannequin.side, 1)
    shoe = Fabric(style.palette[3] * 0.5, gloss=0.3, softness=0)
    for start, knee, foot in ((-0.05, -0.35, -0.75), (0.05, 0.3, 0.5)):
        leg = ribbon([(start, 3.8), (knee, 5.8), (foot, 7.5)], [0.38, 0.24, 0.12]) * flip
        canvas.paint(leg, mannequin.second.replace(pattern="plain"), relief=0.05)
        toe = outline(
            [(foot - 0.15, 7.45), (foot - 0.15, 7.8), (foot + 0.5, 7.82)],
            [(foot + 0.5, 7.82), (foot + 0.2, 7.5), (foot - 0.15, 7.45)],
        )
        canvas.paint(toe * flip, shoe, relief=0.02)
    end = float(rng.uniform(4.5, 7.0))
    dress = outline(
        [(-0.2, 1.35), (0.2, 1.4), (0.42, 2.05), (0.28, 2.95)],
        [(0.28, 2.95), (0.45, 3.8), (0.75, end)],
        [(0.75, end), (-0.2, end + 0.1), (-1.0, end)],
        [(-1.0, end), (-0.55, 3.9), (-0.25, 2.95)],
        [(-0.25, 2.95), (-0.38, 2.0), (-0.2, 1.35)],
    )
    canvas.paint(
        dress * flip,
        mannequin.main,
        relief=0.08,
        ridges=[np.array([(0, 3.0), (x, end)]) * flip for x in (-0.6, 0, 0.4)],
    )
    arm = ribbon([(-0.05, 1.7), (-0.15, 2.9), (0.2, 4.1)], [0.24, 0.19, 0.13]) * flip
    canvas.paint(arm, mannequin.main, relief=0.04, shadow=0.45, seam=0.6)
    neck = ribbon([(-0.03, 1.4), (0.02, 0.8)], [0.17, 0.15]) * flip
    canvas.paint(neck, mannequin.skin, relief=0.03)
    face = outline(
        [(-0.1, 0.0), (0.25, 0.1), (0.33, 0.42)],
        [(0.33, 0.42), (0.46, 0.62)],
        [(0.46, 0.62), (0.34, 0.66), (0.33, 0.9), (0.15, 1.0)],
        [(0.15, 1.0), (-0.2, 0.8), (-0.35, 0.4), (-0.1, 0.0)],
    )
    canvas.paint(face * flip, mannequin.skin, relief=0.04)
    hair = outline(
        [(0.3, 0.16), (0, -0.06), (-0.4, 0.2), (-0.46, 0.7), (-0.3, 1.1)],
        [(-0.3, 1.1), (-0.12, 0.6), (0.0, 0.3), (0.3, 0.16)],
    )
    canvas.paint(hair * flip, mannequin.hair, relief=0.04)
