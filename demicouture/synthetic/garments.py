"""The eight casual tops, seen from the front (or, as waste, from behind and from the side).

Each stands on the parts of :mod:`demicouture.synthetic.garment_parts` and adds what makes it what it is.
"""

from __future__ import annotations

import numpy as np

from demicouture.synthetic.canvas import Canvas, ellipse, mirrored, outline, ribbon, spline
from demicouture.synthetic.fabrics import Fabric, brightness, mix_colours, rgb
from demicouture.synthetic.garment_parts import FABRIC_COLOURS, Top, cut_for

#: The seed's eight garments, as they are asked for.
GARMENTS = ("cardigan", "fleece", "hoody", "jacket", "polo shirt", "shirt", "sweats", "T-shirt")


def _cardigan(top: Top, back: bool) -> None:
    canvas, cut = top.canvas, top.cut
    v = top.rng.uniform(-0.3, -0.02)
    top.inside(0.05)
    if not back:
        # The V: the lining of the back shows down to the first button.
        well = mirrored(outline([(0, -0.71), (cut.neck, -0.73)], [(cut.neck, -0.73), (0.12, v * 0.6 - 0.35), (0, v)]))
        canvas.paint(well, top.fabric.darker(0.42), shadow=0, seam=0.2, depth=0.25)
    top.sleeves(cuff="rib")
    if back:
        top.body()
        top.neck_rib(0.04)
    else:
        top.body(neckline=[(0, v), (0.11, (v - 0.73) / 2 + 0.02), (cut.neck, -0.73)])
    top.armholes()
    top.hem_rib()
    if back:
        return
    edge = spline([(cut.neck, -0.74), (0.115, (v - 0.73) / 2 + 0.02), (0.0, v)])
    band = top.rib.darker(0.95)
    for side in (-1, 1):
        line = np.vstack([edge, [(0.0, v + 0.1), (0.0, cut.bottom + 0.03)]])
        outer = line + (0.062, 0.01)
        outer[0] = line[0] + (0.055, 0.0)
        inner = line - (0.0 if side < 0 else 0.03, 0)
        inner[: len(edge) - 2] = line[: len(edge) - 2]
        canvas.paint(np.vstack([outer, inner[::-1]]) * (side, 1), band, relief=0.02, shadow=0.3, depth=0.4, creases=0.2)
    colour = top.buttons_colour()
    count = int(top.rng.integers(4, 7))
    for y in np.linspace(v + 0.06, cut.bottom - 0.03, count):
        top.button(0.018, float(y), colour, 0.022)
    if top.rng.random() < 0.5:
        for side in (-1, 1):
            pocket = np.array([(0.13, 0.33), (0.36, 0.33), (0.355, 0.6), (0.135, 0.6)]) * (side, 1)
            canvas.paint(pocket, top.fabric, relief=0.02, shadow=0.25, depth=0.3, creases=0.3)
            welt = np.array([(0.125, 0.3), (0.365, 0.3), (0.363, 0.35), (0.127, 0.35)]) * (side, 1)
            canvas.paint(welt, top.rib, relief=0.015, shadow=0.15, depth=0.3)


def _stand_collar(top: Top, fabric: Fabric, height: float = 0.13, open_by: float = 0.0) -> None:
    """Paints a collar that stands up around the neck, its inside showing behind."""
    n = top.cut.neck
    up = -0.72 - height
    behind = outline([(-n * 0.86, up + 0.02), (0, up - 0.03), (n * 0.86, up + 0.02)], [(n, -0.66), (-n, -0.66)])
    top.canvas.paint(behind, fabric.darker(0.5), relief=0.02, shadow=0.1, seam=0.4, creases=0.2)
    for side in (-1, 1):
        half = outline(
            [(open_by, -0.60), (open_by * 1.6, up + 0.075)],
            [(open_by * 1.6, up + 0.075), (n * 0.5, up + 0.055), (n * 0.88, up)],
            [(n * 0.88, up), (n * 1.03, -0.75), (n * 1.12, -0.69)],
            [(n * 1.12, -0.69), (n * 0.5, -0.60), (open_by, -0.585)],
        )
        top.canvas.paint(half * (side, 1), fabric, relief=0.03, shadow=0.25, creases=0.2)


def _fleece(top: Top, back: bool) -> None:
    canvas, cut, rng = top.canvas, top.cut, top.rng
    panel = rng.random()
    trim = Fabric(top.fabric.accent, texture="weave", softness=0.4)
    top.rib = trim if panel < 0.5 else top.rib
    top.sleeves(cuff="rib")
    top.body()
    if panel < 0.6:
        # A yoke of another colour over the chest, cut along the body's own outline.
        whole = top.body_outline()
        yoke = whole[whole[:, 1] < -0.18]
        canvas.paint(yoke, top.fabric.replace(colour=top.fabric.accent), relief=0.05, shadow=0.1, creases=0.3)
    top.armholes()
    top.hem_rib()
    if back:
        _stand_collar(top, top.fabric)
        canvas.line([(-cut.neck, -0.7), (0, -0.66), (cut.neck, -0.7)], top.ink, 0, 0.5)
        n = cut.neck * 0.9
        canvas.paint(np.array([(-n, -0.84), (n, -0.84), (n, -0.64), (-n, -0.64)]), top.fabric, relief=0.03)
        return
    _stand_collar(top, top.fabric.replace(colour=top.fabric.accent) if panel < 0.25 else top.fabric, 0.13, 0.012)
    metal = rgb("d8d8da") if brightness(top.fabric.colour) < 0.55 else rgb("3a3f4d")
    full = rng.random() < 0.55
    end = cut.bottom + 0.02 if full else rng.uniform(-0.25, -0.1)
    canvas.line([(0, -0.78), (0, end)], trim.colour * 0.75, 0.045, 0.9)
    top.zip(-0.76, end, metal)
    if rng.random() < 0.75:
        pocket = np.array([(0.14, -0.36), (0.34, -0.37), (0.34, -0.14), (0.14, -0.14)])
        canvas.paint(pocket, trim, relief=0.015, shadow=0.2, depth=0.35)
        canvas.line([(0.15, -0.33), (0.33, -0.335)], metal, 0.014, 0.9)
    if full:
        for side in (-1, 1):
            canvas.line([(side * 0.31, 0.22), (side * 0.36, 0.48)], top.ink, 0.016, 0.8)


def _hood(top: Top, back: bool) -> None:
    canvas, n = top.canvas, top.cut.neck
    fabric = top.fabric
    if back:
        shape = mirrored(outline([(0, -0.80), (0.2, -0.78), (0.31, -0.62), (0.2, -0.28), (0, -0.2)]))
        canvas.paint(shape, fabric, relief=0.08, shadow=0.4, ridges=[[(0, -0.78), (0, -0.25)]])
        return
    high = -1.02
    dome = mirrored(
        outline(
            [(0, high), (0.17, high + 0.025), (0.275, high + 0.16), (0.285, -0.74), (0.23, -0.60)],
            [(0.23, -0.60), (0.1, -0.54), (0, -0.52)],
        )
    )
    canvas.paint(dome, fabric, relief=0.09, shadow=0.35, ridges=[[(0.2, high + 0.1), (0.24, -0.7)]])
    hole = mirrored(
        outline(
            [(0, high + 0.085), (0.115, high + 0.12), (0.18, high + 0.24), (0.165, -0.68), (0.07, -0.56), (0, -0.53)]
        )
    )
    canvas.paint(hole, fabric.darker(0.5), shadow=0.0, depth=-0.5, relief=0.06, seam=0.6)
    canvas.line([(0, high + 0.09), (0.0, -0.62)], fabric.shade(0.3), 0, 0.4)
    # The two fronts of the hood cross over at the throat.
    for side in (-1, 1):
        flap = outline(
            [(0.185, high + 0.27), (0.165, -0.67), (0.06, -0.56), (-0.05, -0.49)],
            [(-0.05, -0.49), (0.1, -0.49), (0.22, -0.58)],
            [(0.22, -0.58), (0.265, -0.72), (0.245, high + 0.25)],
        )
        canvas.paint(flap * (side, 1), fabric, relief=0.03, shadow=0.3, creases=0.3)
    cord = rgb("f2f0ea") if brightness(fabric.colour) < 0.72 else rgb("3a3f4d")
    for side in (-1, 1):
        x = side * n * 0.55
        down = -0.2 + 0.06 * top.rng.uniform(-1, 1)
        points = [(x, -0.55), (x * 1.15, -0.4), (x * 1.05, down)]
        canvas.line(np.array(points) + (0.012, 0.012), fabric.shade(0.4), 0.012, 0.6)
        canvas.line(points, cord, 0.012, 1.0)
        canvas.fill(ellipse(x * 1.05, down + 0.02, 0.011, 0.028), cord * 0.8)
        canvas.fill(ellipse(x, -0.55, 0.018, 0.018), rgb("c8c8cc"))


def _hoody(top: Top, back: bool) -> None:
    canvas, cut = top.canvas, top.cut
    top.sleeves(cuff="rib")
    top.body(neckline=[(0, -0.66), (cut.neck, -0.73)])
    top.armholes()
    top.hem_rib()
    if not back:
        zipped = top.rng.random() < 0.25
        low = cut.bottom - 0.09
        pocket = mirrored(
            outline(
                [(0, 0.18), (0.2, 0.18)],
                [(0.2, 0.18), (0.27, 0.3), (0.345, 0.42)],
                [(0.345, 0.42), (0.345, low), (0, low)],
            )
        )
        canvas.paint(pocket, top.fabric, relief=0.025, shadow=0.4, seam=0.7, creases=0.6)
        for side in (-1, 1):
            slit = np.array([(0.2, 0.18), (0.27, 0.3), (0.345, 0.42)]) * (side, 1)
            canvas.line(slit, top.ink, 0.014, 0.85)
            canvas.line(slit - (side * 0.025, 0), top.ink, 0, 0.5)
        if zipped:
            top.zip(-0.52, cut.bottom + 0.03, rgb("d0d0d4"))
    _hood(top, back)


def _collar_points(
    top: Top, fabric: Fabric, length: float, spread: float, stand: float = 0.055, gap: float = 0.012
) -> None:
    """Paints a turned-down collar: the inside of its stand behind, two leaves in front."""
    canvas, n = top.canvas, top.cut.neck
    up = -0.745 - stand
    behind = outline(
        [(-n, -0.71), (-n * 0.8, up), (0, up - 0.02), (n * 0.8, up), (n, -0.71)], [(n, -0.71), (0, -0.60), (-n, -0.71)]
    )
    canvas.paint(behind, fabric.darker(0.55), shadow=0.1, relief=0.02, seam=0.4, creases=0.2)
    for side in (-1, 1):
        leaf = outline(
            [(gap, -0.60), (n * 0.45, -0.68), (n * 0.84, up + 0.005)],
            [(n * 0.84, up + 0.005), (n * 1.12, -0.76), (n * 1.3, -0.69)],
            [(n * 1.3, -0.69), (gap + spread, -0.60 + length)],
            [(gap + spread, -0.60 + length), (gap, -0.60)],
        )
        canvas.paint(leaf * (side, 1), fabric, relief=0.02, shadow=0.4, seam=0.75, creases=0.2, grain=side * 0.6)


def _jacket(top: Top, back: bool) -> None:
    canvas, cut, rng = top.canvas, top.cut, top.rng
    if back:
        top.sleeves(cuff="hem")
        top.body(neckline=[(0, -0.71), (cut.neck, -0.73)])
        top.armholes()
        canvas.line([(0, -0.7), (0, cut.bottom)], top.ink, 0, 0.7)
        n = cut.neck
        canvas.paint(mirrored(outline([(0, -0.78), (n, -0.75)], [(n * 1.1, -0.66), (0, -0.62)])), top.fabric)
        return
    if rng.random() < 0.5:
        _blazer(top)
    else:
        _trucker(top)


def _blazer(top: Top) -> None:
    canvas, cut, rng = top.canvas, top.cut, top.rng
    cut.curve = 0.0
    v = rng.uniform(-0.02, 0.14)
    inner = Fabric(rgb("efece6") if brightness(top.fabric.colour) < 0.6 else rgb("4a5568"))
    top.inside(0.08, top.fabric.replace(colour=top.fabric.accent))
    shirt = mirrored(
        outline(
            [(0, -0.62), (cut.neck, -0.73)],
            [(cut.neck, -0.73), (0.22, -0.4), (0.05, v + 0.05)],
            [(0.05, v + 0.05), (0, v + 0.1)],
        )
    )
    if rng.random() < 0.6:
        canvas.paint(shirt, inner, shadow=0, seam=0.2, depth=0.3)
        canvas.line([(0, -0.6), (0, v)], inner.shade(0.7), 0, 0.6)
    else:
        canvas.paint(shirt, top.fabric.darker(0.45), shadow=0, seam=0.2, depth=0.3)
    top.sleeves(cuff="hem")
    whole = top.body_outline([(0.0, v), (0.12, -0.35), (cut.neck, -0.73)])
    canvas.paint(whole, top.fabric, relief=0.08, ridges=top.body_folds(), ridge_width=0.03)
    top.armholes()
    # The fronts fall apart below the last button.
    gap = mirrored(
        outline(
            [(0, v + 0.3), (0.05, cut.bottom - 0.1), (0.11, cut.bottom + 0.03)],
            [(0.11, cut.bottom + 0.03), (0, cut.bottom + 0.03)],
        )
    )
    canvas.fill(gap, top.fabric.shade(0.3), 0.9)
    canvas.line([(0.005, v), (0.005, v + 0.33)], top.ink, 0.006, 0.9)
    for side in (-1, 1):
        lapel = outline(
            [(cut.neck, -0.745), (0.12, -0.35), (0.0, v)],
            [(0.0, v), (0.18, -0.25), (0.245, -0.47)],
            [(0.245, -0.47), (0.185, -0.475)],
            [(0.185, -0.475), (0.255, -0.56)],
            [(0.255, -0.56), (0.245, -0.68), (cut.neck + 0.02, -0.76)],
        )
        canvas.paint(lapel * (side, 1), top.fabric, relief=0.02, shadow=0.45, seam=0.85, creases=0.2, grain=side * 0.25)
        canvas.line(np.array([(0.185, -0.475), (0.115, -0.5)]) * (side, 1), top.ink, 0, 0.8)
        flap = np.array([(0.16, 0.3), (0.39, 0.285), (0.395, 0.355), (0.16, 0.37)]) * (side, 1)
        canvas.paint(flap, top.fabric, relief=0.012, shadow=0.4, seam=0.8, creases=0.2)
    canvas.line([(0.2, -0.27), (0.34, -0.295)], top.ink, 0.012, 0.8)
    colour = top.buttons_colour()
    for y in (v + 0.04, v + 0.22):
        top.button(0.025, y, colour, 0.022)


def _trucker(top: Top) -> None:
    canvas, cut, rng = top.canvas, top.cut, top.rng
    zipped = rng.random() < 0.5
    stitch = mix_colours(top.fabric.colour, rgb("e0b070"), 0.6) if rng.random() < 0.5 else top.ink
    top.rib = top.fabric.darker(0.92)
    top.sleeves(cuff="button")
    top.body(neckline=[(0, -0.62), (cut.neck, -0.73)])
    top.armholes()
    band = mirrored(
        outline(
            [(0, cut.bottom - 0.08), (cut.hem, cut.bottom - 0.09)],
            [(cut.hem, cut.bottom - 0.09), (cut.hem, cut.bottom + 0.02)],
            [(cut.hem, cut.bottom + 0.02), (0, cut.bottom + 0.03)],
        )
    )
    canvas.paint(band, top.fabric, relief=0.02, shadow=0.25, seam=0.7)
    for side in (-1, 1):
        flip = (side, 1)
        canvas.line(np.array([(0.04, -0.3), (cut.chest - 0.04, -0.34)]) * flip, stitch, 0.008, 0.8)
        canvas.line(np.array([(0.11, -0.3), (0.17, cut.bottom - 0.09)]) * flip, stitch, 0.006, 0.7)
        canvas.line(np.array([(0.34, -0.3), (0.27, cut.bottom - 0.09)]) * flip, stitch, 0.006, 0.7)
        flap = np.array([(0.12, -0.31), (0.34, -0.33), (0.34, -0.245), (0.23, -0.2), (0.12, -0.235)]) * flip
        canvas.paint(flap, top.fabric, relief=0.015, shadow=0.4, seam=0.85, creases=0.2)
        top.button(side * 0.23, -0.235, top.buttons_colour(), 0.014)
        canvas.line(np.array([(0.33, 0.2), (0.36, 0.45)]) * flip, top.ink, 0.016, 0.8)
    placket = np.array([(-0.035, -0.6), (0.035, -0.6), (0.035, cut.bottom + 0.02), (-0.035, cut.bottom + 0.02)])
    canvas.paint(placket, top.fabric, relief=0.015, shadow=0.3, seam=0.7, creases=0.2)
    if zipped:
        top.zip(-0.6, cut.bottom + 0.02, rgb("c9c9cf"), width=0.026)
    else:
        colour = top.buttons_colour()
        for y in np.linspace(-0.48, cut.bottom - 0.03, 6):
            top.button(0.0, float(y), colour, 0.02)
    _collar_points(top, top.fabric, 0.13, 0.2, stand=0.06)


def _placket(top: Top, end: float, buttons: int, width: float = 0.034) -> None:
    placket = np.array([(-width, -0.62), (width, -0.62), (width, end), (-width, end)])
    top.canvas.paint(placket, top.fabric, relief=0.012, shadow=0.3, seam=0.65, creases=0.2)
    colour = rgb("f6f4ef") if brightness(top.fabric.colour) < 0.7 else rgb("8a8478")
    for y in np.linspace(-0.53, end - 0.07, buttons):
        top.button(0.0, float(y), colour, 0.015)


def _polo(top: Top, back: bool) -> None:
    plain = top.fabric.replace(pattern="plain")
    contrast = plain.replace(colour=top.fabric.accent) if top.rng.random() < 0.35 else plain
    top.rib = contrast.replace(texture="rib")
    top.sleeves(cuff="rib-short")
    top.body(neckline=[(0, -0.62), (top.cut.neck, -0.73)])
    top.armholes()
    top.hem_stitch()
    if back:
        _back_collar(top, contrast)
        return
    _placket(top, top.rng.uniform(-0.28, -0.2), int(top.rng.integers(2, 4)))
    _collar_points(top, contrast, 0.15, 0.16)
    if top.rng.random() < 0.5:
        top.canvas.fill(ellipse(0.22, -0.3, 0.028, 0.02), top.fabric.accent, 0.95)


def _back_collar(top: Top, fabric: Fabric) -> None:
    n = top.cut.neck
    shape = mirrored(
        outline([(0, -0.80), (n * 0.85, -0.79)], [(n * 0.85, -0.79), (n * 1.3, -0.67)], [(n * 1.3, -0.67), (0, -0.62)])
    )
    top.canvas.paint(shape, fabric, relief=0.03, shadow=0.35, seam=0.7)


def _shirt(top: Top, back: bool) -> None:
    canvas, cut = top.canvas, top.cut
    plain = top.fabric.replace(pattern="plain")
    collar = plain.replace(colour=rgb("f4f2ee")) if top.rng.random() < 0.12 else top.fabric
    top.sleeves(cuff="button")
    top.body(neckline=[(0, -0.62), (cut.neck, -0.73)])
    top.armholes()
    top.hem_stitch()
    if back:
        canvas.line([(-cut.chest + 0.04, -0.44), (0, -0.42), (cut.chest - 0.04, -0.44)], top.ink, 0, 0.7)
        _back_collar(top, collar)
        return
    _placket(top, cut.bottom + 0.04, 6)
    if top.rng.random() < 0.7:
        pocket = np.array([(0.13, -0.32), (0.34, -0.32), (0.34, -0.1), (0.235, -0.06), (0.13, -0.1)])
        canvas.paint(pocket, top.fabric, relief=0.012, shadow=0.25, seam=0.7, creases=0.3)
        canvas.line([(0.13, -0.285), (0.34, -0.285)], top.ink, 0, 0.5)
    _collar_points(top, collar, 0.17, 0.13, stand=0.065)


def _sweats(top: Top, back: bool) -> None:
    canvas, cut, rng = top.canvas, top.cut, top.rng
    raglan = rng.random() < 0.35
    arms = top.fabric.replace(colour=top.fabric.accent) if raglan and rng.random() < 0.5 else top.fabric
    top.inside(0.07)
    top.sleeves(arms, cuff="rib")
    top.body()
    if raglan:
        for side in (-1, 1):
            piece = np.array([(cut.neck * 0.9, -0.7), (cut.neck, -0.73), (cut.shoulder, -0.625), (cut.chest, -0.24)])
            slope = spline([(cut.chest - 0.02, -0.24), (0.33, -0.4), (cut.neck * 0.9, -0.69)])
            canvas.paint(np.vstack([piece, slope]) * (side, 1), arms, relief=0.05, shadow=0.15, seam=0.6)
    else:
        top.armholes()
    top.hem_rib()
    top.neck_rib(0.055)
    if back:
        return
    y = -0.72 + cut.depth + 0.05
    insert = np.array([(-0.075, y), (0.075, y), (0.0, y + 0.115)])
    canvas.paint(insert, top.rib.darker(0.93), relief=0.012, shadow=0.1, seam=0.8, depth=0.3)
    if rng.random() < 0.3:
        word = np.array([(-0.2, -0.22), (0.2, -0.22), (0.2, -0.13), (-0.2, -0.13)])
        for k in range(5):
            piece = word * (0.17, 1) + (-0.18 + 0.09 * k, 0)
            canvas.fill(piece, top.fabric.accent, 0.9)


def _t_shirt(top: Top, back: bool) -> None:
    canvas, cut, rng = top.canvas, top.cut, top.rng
    if rng.random() < 0.25 and not back:
        cut.depth = 0.27
    top.inside(0.5 * cut.depth + 0.01)
    if rng.random() < 0.15:
        top.sleeves(top.fabric.replace(pattern="plain", colour=top.fabric.accent))
    else:
        top.sleeves()
    if cut.depth > 0.2:
        top.body(neckline=[(0, -0.72 + cut.depth), (cut.neck, -0.73)])
        edge = np.array([(-cut.neck - 0.004, -0.735), (0, -0.715 + cut.depth), (cut.neck + 0.004, -0.735)])
        for k in (0, 1):
            canvas.line(edge[k : k + 2] + (0, 0.012), top.fabric.shade(0.8), 0.026, 0.9)
            canvas.line(edge[k : k + 2] + (0, 0.034), top.ink, 0, 0.5)
    else:
        top.body()
        top.neck_rib(0.032)
    top.armholes()
    top.hem_stitch()
    if back or top.fabric.pattern != "plain" or rng.random() < 0.45:
        return
    ink, second = top.fabric.accent, FABRIC_COLOURS[int(rng.integers(len(FABRIC_COLOURS)))]
    kind = int(rng.integers(4))
    if kind == 0:
        canvas.fill(ellipse(0, -0.14, 0.19, 0.19), ink, 0.92)
        canvas.fill(ellipse(0.03, -0.17, 0.1, 0.1), second, 0.9)
    elif kind == 1:
        canvas.fill(np.array([(-0.2, -0.3), (0.2, -0.3), (0.2, 0.06), (-0.2, 0.06)]), ink, 0.92)
        canvas.fill(np.array([(-0.2, 0.06), (-0.05, -0.17), (0.05, -0.06), (0.12, -0.13), (0.2, 0.06)]), second, 0.9)
    elif kind == 2:
        for k, width in enumerate((0.24, 0.17, 0.21)):
            y = -0.26 + 0.12 * k
            canvas.fill(np.array([(-width, y), (width, y), (width, y + 0.07), (-width, y + 0.07)]), ink, 0.92)
    else:
        whole = top.body_outline()
        chest = whole[(whole[:, 1] > -0.23)]
        right = chest[chest[:, 0] > 0]
        edge_x = float(right[np.argmin(np.abs(right[:, 1] + 0.1)), 0]) - 0.012
        canvas.paint(
            np.array([(-edge_x, -0.2), (edge_x, -0.2), (edge_x, 0.02), (-edge_x, 0.02)]),
            top.fabric.replace(colour=ink),
            shadow=0,
            seam=0,
            relief=0.08,
            depth=0.3,
        )


_DRAWERS = {
    "cardigan": _cardigan,
    "fleece": _fleece,
    "hoody": _hoody,
    "jacket": _jacket,
    "polo shirt": _polo,
    "shirt": _shirt,
    "sweats": _sweats,
    "T-shirt": _t_shirt,
}


def draw_garment(canvas: Canvas, garment: str, fabric: Fabric, rng: np.random.Generator, back: bool = False) -> None:
    """Draws one of the eight tops where the canvas is placed.

    Args:
        canvas: Placed so that the top's middle is the origin.
        garment: One of :data:`GARMENTS`.
        fabric: What it is made of.
        rng: Decides on its cut and details.
        back: Whether it is seen from behind.
    """
    _DRAWERS[garment](Top(canvas, cut_for(garment, rng), fabric, rng), back)


def draw_garment_from_side(canvas: Canvas, garment: str, fabric: Fabric, rng: np.random.Generator) -> None:
    """Draws a top in profile: a narrow body and one sleeve over its middle."""
    flip = (1 if rng.random() < 0.5 else -1, 1)
    short = garment in ("T-shirt", "polo shirt")
    body = outline(
        [(-0.13, -0.72), (0.02, -0.70), (0.13, -0.66)],
        [(0.13, -0.66), (0.27, -0.35), (0.27, 0.2), (0.25, 0.72)],
        [(0.25, 0.72), (-0.22, 0.72)],
        [(-0.22, 0.72), (-0.25, 0.1), (-0.27, -0.4), (-0.13, -0.72)],
    )
    if garment == "hoody":
        hood = outline(
            [(-0.14, -0.62), (-0.36, -0.78), (-0.24, -1.0), (0.06, -0.96), (0.13, -0.66)],
            [(0.13, -0.66), (-0.14, -0.62)],
        )
        canvas.paint(hood * flip, fabric)
    elif garment != "T-shirt":
        collar = outline([(-0.15, -0.66), (-0.14, -0.82), (0.1, -0.76)], [(0.1, -0.76), (0.15, -0.62), (-0.15, -0.62)])
        canvas.paint(collar * flip, fabric.darker(0.9))
    canvas.paint(body * flip, fabric, relief=0.09)
    end = (0.06, -0.05) if short else (0.1, 0.6)
    arm = ribbon([(-0.03, -0.58), (-0.04, -0.2), end], [0.13, 0.155, 0.12 if short else 0.085])
    canvas.paint(arm * flip, fabric, relief=0.05, shadow=0.45, seam=0.6)
    if not short:
        cuff = ribbon([(0.085, 0.54), (0.105, 0.65)], [0.085, 0.075])
        canvas.paint(cuff * flip, fabric.replace(texture="rib", pattern="plain"), relief=0.02)
