"""The parts that all tops share: sleeves, body, ribs, seams, buttons and zips.

Units: a top is about 1.5 high, from -0.75 at the shoulders to 0.75 at the hem; x grows to the right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demicouture.synthetic.canvas import Canvas, ellipse, mirrored, outline, spline
from demicouture.synthetic.fabrics import Fabric, brightness, mix_colours, print_tile, rgb

#: What casual tops are dyed in.
FABRIC_COLOURS = tuple(
    rgb(c)
    for c in (
        "1f2a44 23252b e9e6df 8d9096 6d1f2c 56603f b98d5b 8fb0cf d8a7a7 d6a336 2f5244 e8dcc3 b0563a 2f6f7a "
        "4a6fa5 c9c9cc 3a3f4d a33b3b 7a8b6f 5b4636 f4f2ee 22558c 8c6f9c 3f7f5f"
    ).split()
)

#: Height of a top in units.
SPAN = 1.5


@dataclass
class GarmentCut:
    """The measures of one top.

    Attributes:
        neck: Half-width of the neck hole.
        depth: How far the front neckline dips.
        shoulder: Half-width at the shoulders.
        chest: Half-width at the armpits.
        hem: Half-width at the hem.
        bottom: y of the hem.
        curve: How much the hem is rounded.
        length: Length of a sleeve.
        spread: Angle of a sleeve from hanging straight, radians.
        cuff: Half-width at the wrist, or at the end of a short sleeve.
        elbow: Half-width at the elbow.
    """

    neck: float = 0.17
    depth: float = 0.12
    shoulder: float = 0.46
    chest: float = 0.46
    hem: float = 0.46
    bottom: float = 0.74
    curve: float = 0.015
    length: float = 1.16
    spread: float = 0.24
    cuff: float = 0.085
    elbow: float = 0.125


def cut_for(garment: str, rng: np.random.Generator) -> GarmentCut:
    """Chooses the measures of a top, a little different each time."""
    cut = GarmentCut(spread=rng.uniform(0.17, 0.31))
    if garment in ("T-shirt", "polo shirt"):
        cut.length, cut.spread = rng.uniform(0.36, 0.46), rng.uniform(0.6, 0.78)
        cut.cuff, cut.elbow = 0.155, 0.165
        cut.bottom = 0.76
    if garment in ("hoody", "sweats", "fleece"):
        cut.chest, cut.hem, cut.elbow, cut.cuff = 0.49, 0.45, 0.15, 0.09
        cut.bottom = 0.70
    if garment == "shirt":
        cut.curve, cut.elbow, cut.cuff, cut.bottom = -0.1, 0.12, 0.085, 0.70
    if garment == "jacket":
        cut.shoulder, cut.chest, cut.hem, cut.elbow, cut.cuff = 0.49, 0.48, 0.48, 0.135, 0.105
    if garment == "cardigan":
        cut.hem = 0.44
    cut.hem *= rng.uniform(0.96, 1.06)
    cut.bottom *= rng.uniform(0.96, 1.03)
    return cut


class Top:
    """Draws the parts that all tops share, in order, on one canvas."""

    def __init__(self, canvas: Canvas, cut: GarmentCut, fabric: Fabric, rng: np.random.Generator):
        """Keeps what the parts need."""
        self.canvas, self.cut, self.fabric, self.rng = canvas, cut, fabric, rng
        self.ink = (
            fabric.shade(0.4) if brightness(fabric.colour) > 0.16 else mix_colours(fabric.colour, rgb("ffffff"), 0.3)
        )
        self.rib = fabric.replace(texture="rib", pattern="plain", tile=None).darker(0.9)

    def inside(self, depth: float = 0.1, lining: Fabric | None = None) -> None:
        """Paints the inside of the back, seen through the neck hole."""
        n = self.cut.neck
        shape = outline([(-n, -0.73), (0, -0.70), (n, -0.73)], [(n, -0.73), (0, -0.73 + 2 * depth), (-n, -0.73)])
        self.canvas.paint(shape, (lining or self.fabric).darker(0.5), shadow=0, seam=0.3, depth=0.2)
        label = ellipse(0, -0.655, 0.045, 0.02)
        self.canvas.fill(label, mix_colours(self.fabric.colour, rgb("f4f2ee"), 0.75), 0.9)

    def _sleeve_axis(self, share: float) -> tuple[np.ndarray, np.ndarray]:
        cut = self.cut
        start = np.array([(cut.shoulder + cut.chest) / 2 - 0.06, -0.42])
        # The arm bends a little inwards below the elbow.
        angle = cut.spread - 0.10 * max(0.0, share - 0.5)
        along = np.array([np.sin(angle), np.cos(angle)])
        return start + along * (cut.length * share), np.array([along[1], -along[0]])

    def sleeve_part(self, first: float, last: float, slack: float = 0.0) -> np.ndarray:
        """Outlines a piece of the right sleeve between two shares of its length."""
        cut = self.cut
        outer, inner = [], []
        for share in np.linspace(first, last, 5):
            centre, across = self._sleeve_axis(share)
            width = np.interp(share, (0, 0.45, 1), (0.16, cut.elbow, cut.cuff)) + slack
            outer.append(centre + across * width)
            inner.append(centre - across * width)
        return outline(outer, [outer[-1], inner[-1]], inner[::-1])

    def sleeves(self, fabric: Fabric | None = None, cuff: str = "hem") -> None:
        """Paints both sleeves; ``cuff`` is ``rib``, ``button``, ``hem`` or ``plain``."""
        cut, canvas = self.cut, self.canvas
        fabric = fabric or self.fabric
        short = cut.length < 0.8
        outer, inner = [], []
        for share in (0.22, 0.5, 0.75, 1.0) if not short else (0.5, 1.0):
            centre, across = self._sleeve_axis(share)
            width = float(np.interp(share, (0, 0.45, 1), (0.17, cut.elbow, cut.cuff)))
            outer.append(centre + across * width)
            inner.append(centre - across * width)
        tip = (cut.shoulder, -0.625)
        pit = (cut.chest - 0.03, -0.24)
        upper = spline([(cut.neck, -0.72), tip, *outer])[6:]  # from the shoulder's tip
        shape = np.vstack([upper, spline([inner[-1], *inner[-2::-1], pit]), [(0.3, -0.4), (0.3, -0.66)]])
        elbow, across = self._sleeve_axis(0.5)
        folds = [
            [elbow - across * 0.1, elbow + across * 0.05 + (0, 0.05)],
            [elbow - across * 0.1 + (0, -0.1), elbow + across * 0.02 + (0.0, -0.09)],
            [pit, (cut.chest + 0.02, -0.42)],
        ]
        for side in (1, -1):
            flip = (side, 1)
            canvas.paint(
                shape * flip,
                fabric,
                grain=-side * cut.spread,
                relief=0.05,
                ridges=[] if short else [np.array(f) * flip for f in folds],
                ridge_width=0.02,
            )
            if cuff in ("rib", "button"):
                slack = -0.012 if cuff == "rib" else 0.008
                end = self.sleeve_part(0.93 if cuff == "rib" else 0.91, 1.035, slack) * flip
                made = self.rib if cuff == "rib" else fabric
                canvas.paint(end, made, grain=-side * cut.spread, relief=0.03, shadow=0.2)
            if cuff in ("hem", "rib-short"):
                inner_end, across = self._sleeve_axis(0.93 if short else 0.97)
                ends = [inner_end + across * cut.cuff, inner_end - across * cut.cuff]
                if cuff == "hem":
                    canvas.line(np.array(ends) * flip, self.ink, 0.0, 0.6)
                else:
                    band = self.sleeve_part(0.9, 1.03, 0.004) * flip
                    canvas.paint(band, self.rib, grain=-side * cut.spread, relief=0.02, shadow=0.1)

    def body_outline(self, neckline: list[tuple[float, float]] | None = None) -> np.ndarray:
        """Outlines the body's right half from the neckline's middle to the hem's, and mirrors it."""
        cut = self.cut
        neckline = neckline or [(0, -0.72 + cut.depth), (cut.neck * 0.72, -0.70 + 0.45 * cut.depth), (cut.neck, -0.73)]
        waist = (cut.chest + cut.hem) / 2 - 0.02
        hem = [(cut.hem, cut.bottom), (cut.hem * 0.5, cut.bottom + cut.curve * 0.75), (0, cut.bottom + cut.curve)]
        if cut.curve < 0:  # a shirt's tail: high at the sides, low in the middle
            hem = [(cut.hem, cut.bottom - 0.09), (cut.hem * 0.7, cut.bottom + 0.02), (0, cut.bottom + 0.05)]
        half = outline(
            neckline,
            [(cut.neck, -0.73), (cut.shoulder, -0.625)],
            [(cut.shoulder, -0.625), (cut.chest - 0.06, -0.45), (cut.chest - 0.01, -0.24)],
            [(cut.chest - 0.01, -0.24), (waist, 0.2), hem[0]],
            hem,
        )
        return mirrored(half)

    def body_folds(self) -> list[list[tuple[float, float]]]:
        """Chooses soft folds from the armpits and over the belly."""
        cut, rng = self.cut, self.rng
        folds = []
        for side in (1, -1):
            end = rng.uniform(-0.1, 0.15)
            folds.append([(side * (cut.chest - 0.03), -0.24), (side * 0.28, -0.1), (side * 0.2, end)])
            x = side * rng.uniform(0.16, 0.34)
            folds.append([(x, rng.uniform(0, 0.2)), (x + 0.02 * side, 0.4), (x + 0.05 * side, cut.bottom - 0.12)])
        return folds

    def body(self, fabric: Fabric | None = None, neckline: list[tuple[float, float]] | None = None) -> None:
        """Paints the body with its folds."""
        self.canvas.paint(
            self.body_outline(neckline), fabric or self.fabric, relief=0.08, ridges=self.body_folds(), ridge_width=0.035
        )

    def armholes(self) -> None:
        """Draws the seams where the sleeves are set in."""
        cut = self.cut
        for side in (1, -1):
            seam = np.array([(cut.shoulder, -0.625), (cut.chest - 0.06, -0.45), (cut.chest - 0.01, -0.24)])
            self.canvas.line(seam * (side, 1), self.ink, 0.0, 0.55)

    def hem_rib(self) -> None:
        """Paints the ribbed band at the hem."""
        cut = self.cut
        half = outline(
            [(0, cut.bottom - 0.07), (cut.hem + 0.002, cut.bottom - 0.085)],
            [(cut.hem + 0.002, cut.bottom - 0.085), (cut.hem - 0.03, cut.bottom + 0.03)],
            [(cut.hem - 0.03, cut.bottom + 0.03), (0, cut.bottom + 0.045)],
        )
        self.canvas.paint(mirrored(half), self.rib, relief=0.03, shadow=0.25)

    def hem_stitch(self) -> None:
        """Draws the stitching above a plain hem."""
        cut = self.cut
        y = cut.bottom - 0.045
        lift = 0.05 if cut.curve < 0 else 0.0
        points = [(-cut.hem, y - 2 * lift), (-cut.hem * 0.6, y + lift), (0, y + cut.curve * 0 + lift * 1.4)]
        points += [(-x, v) for x, v in points[-2::-1]]
        self.canvas.line(points, self.ink, 0.0, 0.5)

    def neck_rib(self, width: float = 0.05) -> None:
        """Paints the collar band of a crew neck, around the hole."""
        cut = self.cut
        inner = spline([(-cut.neck, -0.73), (-cut.neck * 0.7, -0.7 + 0.45 * cut.depth), (0, -0.72 + cut.depth)])
        inner = np.vstack([inner, inner[-2::-1] * (-1, 1)])
        grow = np.array([1 + width / cut.neck, 1.0])
        outer = inner * grow + (0, width)
        outer[[0, -1]] = inner[[0, -1]] * grow + (0, 0.012)
        self.canvas.paint(np.vstack([inner, outer[::-1]]), self.rib, relief=0.02, shadow=0.2, depth=0.35)

    def button(self, x: float, y: float, colour: np.ndarray, radius: float = 0.019) -> None:
        """Sews a button on."""
        self.canvas.fill(ellipse(x + 0.004, y + 0.008, radius * 1.15, radius * 1.15), colour * 0.25, 0.6)
        self.canvas.fill(ellipse(x, y, radius, radius), colour)
        self.canvas.fill(ellipse(x, y, radius * 0.4, radius * 0.4), colour * 0.5)

    def zip(self, top: float, bottom: float, colour: np.ndarray, x: float = 0.0, width: float = 0.022) -> None:
        """Draws a zip with its slider."""
        self.canvas.line([(x, top), (x, bottom)], colour * 0.4, width * 1.5, 0.9)
        self.canvas.line([(x, top), (x, bottom)], colour, width * 0.6, 0.95)
        y = top + 0.05
        self.canvas.fill(ellipse(x, y, 0.014, 0.03), mix_colours(colour, rgb("ffffff"), 0.4))
        self.canvas.fill(ellipse(x, y + 0.045, 0.009, 0.028), colour * 0.6)

    def buttons_colour(self) -> np.ndarray:
        """Chooses buttons that show against the fabric."""
        if brightness(self.fabric.colour) > 0.5:
            return (rgb("4a3a2c"), rgb("23252b"), rgb("7a6248"))[int(self.rng.integers(3))]
        return (rgb("e9e2d2"), rgb("c9a36a"), rgb("d5d5d8"))[int(self.rng.integers(3))]


def choose_fabric(garment: str, rng: np.random.Generator) -> Fabric:
    """Chooses colour, pattern and texture of a top."""
    first, second = rng.choice(len(FABRIC_COLOURS), 2, replace=False)
    colour, accent = FABRIC_COLOURS[first], FABRIC_COLOURS[second]
    if abs(brightness(colour) - brightness(accent)) < 0.25:
        accent = rgb("f4f2ee") if brightness(colour) < 0.5 else rgb("1f2a44")
    fabric = Fabric(colour, accent)
    chance = rng.random()
    if garment == "cardigan":
        fabric = fabric.replace(texture=("knit", "cable", "knit")[int(rng.integers(3))])
        if chance < 0.15:
            fabric = fabric.replace(pattern="stripes", pitch=0.3)
    elif garment == "fleece":
        fabric = fabric.replace(texture="fuzz", softness=0.5)
    elif garment in ("hoody", "sweats"):
        fabric = fabric.replace(texture="melange" if chance < 0.4 else "smooth")
    elif garment == "jacket":
        fabric = fabric.replace(texture="weave", softness=0.6)
        if chance < 0.15:
            fabric = fabric.replace(pattern="checks", pitch=0.22, accent=mix_colours(colour, accent, 0.35))
    elif garment == "polo shirt":
        fabric = fabric.replace(texture="weave", softness=0.8)
        if chance < 0.2:
            fabric = fabric.replace(pattern="stripes", pitch=float(rng.uniform(0.16, 0.24)))
    elif garment == "shirt":
        fabric = fabric.replace(softness=0.9)
        if chance < 0.3:
            fabric = fabric.replace(pattern="pinstripes", pitch=float(rng.uniform(0.06, 0.09)))
        elif chance < 0.55:
            fabric = fabric.replace(pattern="checks", pitch=float(rng.uniform(0.13, 0.2)))
    elif garment == "T-shirt":
        if chance < 0.25:
            fabric = fabric.replace(pattern="stripes", pitch=float(rng.uniform(0.1, 0.16)))
        elif chance < 0.35:
            kind = ("flowers", "dots", "brush")[int(rng.integers(3))]
            tile = print_tile(kind, [colour, accent, mix_colours(colour, accent, 0.5)], rng)
            fabric = fabric.replace(pattern="print", tile=tile, pitch=0.4)
    return fabric
