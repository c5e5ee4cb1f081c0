"""The mannequin of runway outfits: its body, and the parts that outfits are made of.

Units: a head. The mannequin is about eight of them high, from 0 at the crown to 8 at the soles; x grows to the
right, and its middle is 0.
"""

from __future__ import annotations

import numpy as np

from demicouture.synthetic.canvas import Canvas, ellipse, mirrored, outline, ribbon, spline, wavy
from demicouture.synthetic.fabrics import Fabric, brightness, mix_colours, print_tile, rgb
from demicouture.synthetic.runway_styles import RunwayStyle

#: Height of a top, in heads: what lengths of fabric are measured in.
SPAN = 3.2

SKINS = tuple(rgb(c) for c in "f3d3bd e6b894 d09a70 a8714b 7b4d31 553322".split())
HAIRS = tuple(rgb(c) for c in "17120f 2d1d14 5a3820 8c6239 c9a36b 6b2a1c b9b4ae".split())


class Mannequin:
    """A dressed model: draws its parts, each where the canvas is placed."""

    def __init__(self, canvas: Canvas, style: RunwayStyle, rng: np.random.Generator, facing: str = "front"):
        """Chooses a model and three fabrics in the style's colours."""
        self.canvas, self.style, self.rng, self.facing = canvas, style, rng, facing
        self.skin = Fabric(SKINS[int(rng.integers(len(SKINS)))], softness=0.0)
        self.hair = Fabric(HAIRS[int(rng.integers(len(HAIRS)))], softness=0.3)
        order = rng.permutation(4)
        colours = [style.palette[k] for k in order]
        self.main = Fabric(colours[0], colours[1], softness=0.8)
        self.second = Fabric(colours[1], colours[2], softness=0.8)
        self.accent = Fabric(colours[2], colours[3], softness=0.8)
        self.metal = Fabric(style.palette[4], gloss=1.0, softness=1.6)
        chance = rng.random()
        if chance < style.shine:
            self.main = self.metal.replace(colour=mix_colours(style.palette[4], colours[0], float(rng.uniform(0, 0.5))))
        elif chance < style.shine + 0.25:
            tile = print_tile(style.motif, [colours[0], colours[1], colours[2]], rng)
            self.main = self.main.replace(pattern="print", tile=tile, pitch=float(rng.uniform(0.28, 0.4)))
        elif chance < style.shine + 0.37:
            self.main = self.main.replace(pattern="gradient")
        elif chance < style.shine + 0.47:
            self.main = self.main.replace(pattern="halves")
        elif chance < style.shine + 0.57:
            self.main = self.main.replace(gloss=0.5, softness=1.3)
        self.hairstyle = int(rng.integers(5))
        # Which side is the longer, the barer, the one in front.
        self.side = 1 if rng.random() < 0.5 else -1
        self.pad = style.shoulders * float(rng.uniform(0.7, 1.2))
        self.ink = (
            self.main.shade(0.4)
            if brightness(self.main.colour) > 0.2
            else mix_colours(self.main.colour, rgb("ffffff"), 0.25)
        )

    # -- the body ------------------------------------------------------------------------------

    def legs(self, fabric: Fabric | None = None, width: float = 1.0, shoe: Fabric | None = None) -> None:
        """Paints two legs in mid-stride, the farther one first, and their shoes."""
        shoe = shoe or Fabric(self.style.palette[int(self.rng.integers(5))] * 0.6, gloss=0.3, softness=0)
        for side, lift in ((-self.side, 0.2), (self.side, 0.0)):
            ankle = 7.42 - lift
            leg = ribbon(
                [
                    (side * 0.36, 3.7),
                    (side * 0.33, 5.0),
                    (side * 0.29, 5.85 - lift / 2),
                    (side * 0.28, 6.5),
                    (side * 0.25, ankle),
                ],
                [0.40 * width, 0.34 * width, 0.22 * width, 0.23 * width, 0.11 * width],
            )
            made = fabric or self.skin
            self.canvas.paint(leg, made if not lift else made.darker(0.88), relief=0.05, shadow=0.2, seam=0.3)
            foot = outline(
                [(side * 0.16, ankle - 0.08), (side * 0.14, ankle + 0.28), (side * 0.2, ankle + 0.52)],
                [(side * 0.2, ankle + 0.52), (side * 0.30, ankle + 0.56), (side * 0.40, ankle + 0.48)],
                [(side * 0.40, ankle + 0.48), (side * 0.40, ankle + 0.2), (side * 0.36, ankle - 0.08)],
            )
            self.canvas.paint(foot, shoe, relief=0.02, shadow=0.25)

    def boots(self, top: float = 5.6, fabric: Fabric | None = None) -> None:
        """Pulls boots over the legs, up to ``top``."""
        fabric = fabric or Fabric(self.style.palette[int(self.rng.integers(4))] * 0.55, gloss=0.5, softness=1.2)
        for side, lift in ((-self.side, 0.2), (self.side, 0.0)):
            ankle = 7.42 - lift
            shape = outline(
                [(side * 0.06, top), (side * 0.07, 6.4), (side * 0.12, ankle), (side * 0.14, ankle + 0.5)],
                [(side * 0.14, ankle + 0.5), (side * 0.30, ankle + 0.6), (side * 0.44, ankle + 0.5)],
                [(side * 0.44, ankle + 0.5), (side * 0.38, ankle), (side * 0.52, 6.4), (side * 0.55, top)],
                [(side * 0.55, top), (side * 0.06, top)],
            )
            self.canvas.paint(shape, fabric if not lift else fabric.darker(0.85), relief=0.05, shadow=0.3)

    def trousers(self, fabric: Fabric, hem: float, spread: float = 0.2) -> None:
        """Paints trousers: ``hem`` is the half-width of one leg's end, ``spread`` how far out it falls."""
        shoe = Fabric(self.style.palette[int(self.rng.integers(4))] * 0.5, gloss=0.3, softness=0)
        self.legs(shoe=shoe)
        for side, lift in ((-self.side, 0.14), (self.side, 0.0)):
            centre = side * (0.28 + spread)
            end = 7.7 - lift
            leg = outline(
                [(side * 0.0, 3.0), (side * 0.0, 4.2), (centre - side * hem, end)],
                [(centre - side * hem, end), (centre, end + 0.06), (centre + side * hem, end)],
                [(centre + side * hem, end), (side * (0.62 + hem * 0.35), 5.4), (side * 0.74, 3.9), (side * 0.54, 3.0)],
                [(side * 0.54, 3.0), (side * 0.0, 3.0)],
            )
            crease = [(side * 0.36, 3.3), (centre, 5.6), (centre, end)]
            fold = [(side * 0.1, 4.3), (centre - side * hem * 0.5, end)]
            made = fabric if not lift else fabric.darker(0.9)
            self.canvas.paint(leg, made, relief=0.06, shadow=0.3, ridges=[crease, fold], ridge_width=0.025)

    def hair_behind(self) -> None:
        """Paints the hair that falls behind neck and shoulders."""
        if self.hairstyle == 0:  # long
            strand = [(0, -0.04), (0.36, 0.1), (0.45, 0.6), (0.5, 1.3), (0.46, 1.95)]
            shape = mirrored(outline(strand, [(0.46, 1.95), (0, 1.9)]))
            folds = [[(side * 0.4, 0.4), (side * 0.42, 1.8)] for side in (1, -1)]
            self.canvas.paint(shape, self.hair, relief=0.05, shadow=0.1, ridges=folds)
        elif self.hairstyle == 1:  # a bob
            strand = [(0, -0.04), (0.36, 0.08), (0.44, 0.5), (0.43, 0.98)]
            self.canvas.paint(mirrored(outline(strand, [(0.43, 0.98), (0, 0.95)])), self.hair, relief=0.05, shadow=0.1)

    def torso(self) -> None:
        """Paints neck, shoulders and chest in skin; what is worn goes over it."""
        self.hair_behind()
        half = outline(
            [(0, 1.0), (0.17, 1.0), (0.17, 1.24), (0.36, 1.38), (0.78, 1.5), (0.84, 1.75)],
            [(0.84, 1.75), (0.62, 2.2), (0.5, 3.0), (0, 3.0)],
        )
        self.canvas.paint(mirrored(half), self.skin, relief=0.05, shadow=0.1, seam=0.25)
        if self.facing == "front":
            for side in (1, -1):
                self.canvas.line(np.array([(0.06, 1.44), (0.5, 1.46)]) * (side, 1), self.skin.shade(0.7), 0.01, 0.4)

    def head(self) -> None:
        """Paints head and hair; a face is only hinted at, as from the photographers' stand."""
        canvas, skin, hair = self.canvas, self.skin, self.hair
        style = self.hairstyle
        if style == 2:  # a knot on the crown
            canvas.paint(ellipse(0, -0.08, 0.2, 0.17), hair, relief=0.04, shadow=0)
        if self.facing == "back" and style == 0:
            self.hair_behind()
        canvas.paint(
            mirrored(outline([(0, 0.8), (0.15, 0.85), (0.17, 1.3), (0, 1.42)])), skin.darker(0.85), shadow=0, seam=0
        )
        face = mirrored(outline([(0, 0.02), (0.24, 0.1), (0.335, 0.42), (0.27, 0.78), (0.1, 0.99), (0, 1.01)]))
        if self.facing == "back":
            canvas.paint(face, hair, relief=0.05, shadow=0.2)
            return
        canvas.paint(face, skin, relief=0.05, shadow=0.35, seam=0.3)
        for side in (1, -1):
            canvas.fill(ellipse(side * 0.14, 0.50, 0.075, 0.03), skin.shade(0.45), 0.75)
            canvas.line(np.array([(0.07, 0.42), (0.22, 0.41)]) * (side, 1), hair.colour * 0.7, 0.008, 0.5)
        canvas.line([(0.0, 0.5), (0.02, 0.66)], skin.shade(0.75), 0.006, 0.5)
        canvas.fill(ellipse(0, 0.80, 0.09, 0.03), mix_colours(skin.shade(0.8), rgb("a0283c"), 0.6), 0.85)
        part = self.side * float(self.rng.uniform(0, 0.14))
        if style == 4:  # cropped
            cap = outline(
                [(-0.34, 0.4), (-0.31, 0.05), (0, -0.06), (0.31, 0.05), (0.34, 0.4)],
                [(0.34, 0.4), (0.25, 0.2), (0, 0.14), (-0.25, 0.2), (-0.34, 0.4)],
            )
        else:
            cap = outline(
                [(-0.36, 0.5), (-0.34, 0.06), (0, -0.07), (0.34, 0.06), (0.36, 0.5)],
                [(0.36, 0.5), (0.27, 0.26), (part, 0.12), (-0.27, 0.26), (-0.36, 0.5)],
            )
        canvas.paint(cap, hair, relief=0.04, shadow=0.25)
        if style < 2:
            end = (0.97, 1.5)[style == 0]
            for side in (1, -1):
                lock = outline(
                    [(0.2, 0.14), (0.38, 0.3), (0.44, 0.7), (0.45, end)],
                    [(0.45, end), (0.3, end + 0.03)],
                    [(0.3, end + 0.03), (0.31, 0.6), (0.2, 0.14)],
                )
                lock = lock * (side, 1)
                canvas.paint(lock, hair, relief=0.03, shadow=0.2)
        if style == 3:  # a hat with a brim
            hat = Fabric(self.style.palette[3] * 0.8)
            canvas.paint(ellipse(0, 0.13, 0.62, 0.13), hat, relief=0.03, shadow=0.4)
            canvas.paint(
                mirrored(outline([(0, -0.3), (0.26, -0.26), (0.33, 0.1)], [(0.33, 0.1), (0, 0.16)])), hat, relief=0.05
            )

    def arm(self, side: int, fabric: Fabric | None, widths: list[float], out: float = 0.0, hand: bool = True) -> None:
        """Paints one arm with its sleeve; ``widths`` run from shoulder to wrist."""
        shoulder = (side * (0.80 + self.pad * (0.5 if fabric is not None else 0)), 1.72)
        elbow = (side * (0.9 + out + self.pad * 0.3), 2.95)
        wrist = (side * (0.9 + out * 1.2), 4.0)
        if hand:
            palm = ribbon(
                [wrist, (side * (0.88 + out * 1.2), 4.3), (side * (0.82 + out * 1.2), 4.55)], [0.09, 0.13, 0.05]
            )
            self.canvas.paint(palm, self.skin, relief=0.02, shadow=0.2, seam=0.3)
        shape = ribbon([shoulder, (side * (0.87 + out * 0.6 + self.pad * 0.4), 2.3), elbow, wrist], widths)
        if fabric is None:
            self.canvas.paint(shape, self.skin, relief=0.04, shadow=0.25, seam=0.3)
            return
        middle = elbow[0]
        folds = [
            [(middle - side * 0.2, 2.85), (middle + side * 0.12, 3.0)],
            [(middle - side * 0.2, 3.1), (middle + side * 0.1, 3.15)],
        ]
        wide = max(widths) > 0.35
        if wide:
            folds = [[shoulder, (middle + dx, 2.9), wrist] for dx in (-0.3, 0.0, 0.3)]
        self.canvas.paint(shape, fabric, relief=0.06, shadow=0.35, ridges=folds, ridge_width=0.02)

    def arms(self, fabric: Fabric | None, widths: list[float], out: float = 0.0, hand: bool = True) -> None:
        """Paints both arms alike."""
        for side in (1, -1):
            self.arm(side, fabric, widths, out, hand)

    # -- clothes -------------------------------------------------------------------------------

    def bodice(self, fabric: Fabric, neckline: str, waist: float = 3.0) -> None:
        """Paints a fitted top: strapless, one-shoulder, deep, halter or high."""
        if neckline == "one-shoulder":
            s = self.side
            shape = outline(
                [(-s * 0.66, 1.95), (-s * 0.2, 1.75), (s * 0.3, 1.38)],
                [(s * 0.3, 1.38), (s * 0.86, 1.5)],
                [(s * 0.86, 1.5), (s * 0.7, 2.1), (s * 0.5, waist)],
                [(s * 0.5, waist), (0, waist + 0.06), (-s * 0.5, waist)],
                [(-s * 0.5, waist), (-s * 0.62, 2.4), (-s * 0.66, 1.95)],
            )
        else:
            tops = {
                "strapless": [[(0, 1.98), (0.3, 1.88), (0.66, 1.95)]],
                "deep": [[(0, 2.5), (0.28, 1.36)], [(0.28, 1.36), (0.55, 1.42)], [(0.55, 1.42), (0.66, 1.95)]],
                "halter": [[(0, 1.2), (0.19, 1.18)], [(0.19, 1.18), (0.4, 1.6), (0.66, 2.0)]],
                "high": [[(0, 1.12), (0.2, 1.1)], [(0.2, 1.1), (0.4, 1.37), (0.84, 1.5)], [(0.84, 1.5), (0.72, 2.0)]],
            }[neckline]
            last = tops[-1][-1]
            half = outline(*tops, [last, (0.64, 2.3), (0.5, waist)], [(0.5, waist), (0, waist + 0.06)])
            shape = mirrored(half)
        folds = [[(side * 0.3, 2.1), (side * 0.33, 2.35), (side * 0.22, waist)] for side in (1, -1)]
        self.canvas.paint(shape, fabric, relief=0.06, shadow=0.25, ridges=folds, ridge_width=0.03)

    def skirt(
        self,
        fabric: Fabric,
        left: float,
        right: float,
        width: float,
        waves: float = 4,
        folds: int = 7,
        waist: float = 3.0,
        hips: float = 0.74,
        wave: float = 0.07,
    ) -> None:
        """Paints a skirt whose hem runs from ``left`` to ``right``, with folds that fan out from the waist."""
        hem = wavy((width, right), (-width, left), waves, wave, sag=0.14)
        # Where the hem rises high on one side, the hip's bend moves up with it.
        hip_left, hip_right = (waist + min(0.75, 0.4 * (end - waist)) for end in (left, right))
        shape = np.vstack(
            [
                outline(
                    [(-0.5, waist), (0, waist - 0.05), (0.5, waist)], [(0.5, waist), (hips, hip_right), (width, right)]
                ),
                hem,
                spline([(-width, left), (-hips, hip_left), (-0.5, waist)]),
            ]
        )
        under = hem + (0, -0.1)
        under[:, 0] *= 0.96
        back = np.vstack([under, under[::-1] - (0, 0.5)])
        self.canvas.paint(back, fabric.darker(0.45), shadow=0.1, seam=0.2)
        fan = np.linspace(-0.9, 0.9, folds) + self.rng.uniform(-0.05, 0.05, folds)
        ends = [left + (right - left) * (x + 1) / 2 for x in fan]
        ridges = [
            [(x * 0.4, waist + 0.15), (x * hips, waist + 0.9), (x * width, y)] for x, y in zip(fan, ends, strict=True)
        ]
        self.canvas.paint(shape, fabric, relief=0.08, shadow=0.3, ridges=ridges, ridge_width=0.035)

    def ruffle(self, fabric: Fabric, line: np.ndarray, depth: float, waves: float) -> None:
        """Sews a ruffle along a line (n, 2): a band with a wavy lower edge and short folds."""
        t = np.linspace(0, 1, max(16, int(14 * waves)))
        length = np.linspace(0, 1, len(line))
        upper = np.stack([np.interp(t, length, line[:, 0]), np.interp(t, length, line[:, 1])], axis=1)
        centre = upper.mean(axis=0)
        lower = upper + (0, depth) + (upper - centre) * (0.10, 0)
        lower[:, 1] += min(0.25 * depth, 0.16) * np.abs(np.sin(np.pi * waves * t))
        shape = np.vstack([upper, lower[::-1]])
        step = max(1, round(len(t) / waves / 1.0))
        ridges = [[tuple(upper[k]), tuple(lower[k])] for k in range(step // 4, len(t), step)]
        self.canvas.paint(shape, fabric, relief=0.03, shadow=0.45, ridges=ridges, ridge_width=0.02, seam=0.6)

    def collar(self, kind: str, fabric: Fabric) -> None:
        """Sets a collar around the neck, before the head is painted over its top."""
        if kind == "funnel":
            shape = mirrored(
                outline([(0, 1.02), (0.3, 0.97)], [(0.3, 0.97), (0.31, 1.2), (0.48, 1.5)], [(0.48, 1.5), (0, 1.66)])
            )
            self.canvas.paint(shape, fabric, relief=0.04, shadow=0.4, ridges=[[(-0.3, 1.15), (0.3, 1.2)]])
        elif kind == "ruff":
            for k, (radius, y) in enumerate(((0.86, 1.28), (0.66, 1.16))):
                angle = np.linspace(0, 2 * np.pi, 80, endpoint=False)
                r = radius * (1 + 0.07 * np.sin(angle * 16))
                ruff = np.stack([r * np.cos(angle), y + 0.36 * r * np.sin(angle)], axis=1)
                spokes = [[(0, y), (float(x), float(v))] for x, v in ruff[::5]]
                self.canvas.paint(
                    ruff, fabric if k == 0 else fabric.darker(0.92), relief=0.03, ridges=spokes, ridge_width=0.012
                )
        elif kind == "wing":
            for side in (1, -1):
                wing = outline(
                    [(0.12, 1.62), (0.16, 1.05), (0.62, 0.72)], [(0.62, 0.72), (0.72, 1.2), (0.5, 1.5), (0.12, 1.9)]
                )
                self.canvas.paint(wing * (side, 1), fabric, relief=0.04, shadow=0.4, seam=0.7)

    def jacket(self, fabric: Fabric, hem: float, width: float, waist: float = 0.54, lapels: bool = True) -> None:
        """Paints a tailored front with padded shoulders, from a jacket to a long coat."""
        pad, front = self.pad, self.facing == "front"
        tip = 0.88 + pad
        half = outline(
            [(0, 1.3), (0.22, 1.28)],
            [(0.22, 1.28), (tip * 0.6, 1.38 - pad * 0.1), (tip, 1.46 - pad * 0.25)],
            [(tip, 1.46 - pad * 0.25), (tip * 0.94, 1.75), (0.74, 2.2)],
            [(0.74, 2.2), (waist, 3.0), (0.6 + width * 0.25, 3.8), (width, hem)],
            [(width, hem), (width * 0.5, hem + 0.1), (0, hem + 0.1)],
        )
        shape = mirrored(half)
        ridges = [[(s * 0.4, 2.2), (s * waist * 0.6, 3.0), (s * width * 0.6, hem)] for s in (1, -1)]
        ridges += [[(s * 0.6, 3.0), (s * 0.25, 3.05)] for s in (1, -1)]
        self.canvas.paint(shape, fabric, relief=0.07, shadow=0.35, ridges=ridges, ridge_width=0.03)
        if not front:
            self.canvas.line([(0, 1.4), (0, hem)], self.ink, 0.006, 0.7)
            return
        s = self.side
        if lapels:
            v = 2.7
            well = mirrored(outline([(0, 1.3), (0.22, 1.28)], [(0.22, 1.28), (0.26, 1.8), (0.0, v)]))
            inner = self.accent.replace(pattern="plain", tile=None)
            bare = self.rng.random() < 0.4
            self.canvas.paint(well, self.skin if bare else inner, shadow=0, depth=0.3, seam=0.3)
            for side in (-s, s):
                lapel = outline(
                    [(0.2, 1.2), (0.24, 1.8), (0.0, v)],
                    [(0.0, v), (0.36, 2.3), (0.58, 1.82)],
                    [(0.58, 1.82), (0.44, 1.8)],
                    [(0.44, 1.8), (0.55, 1.62), (0.4, 1.26), (0.2, 1.2)],
                )
                facing = self.second.replace(pattern="plain", tile=None) if self.pad > 0.32 else fabric
                self.canvas.paint(lapel * (side, 1), facing, relief=0.025, shadow=0.45, seam=0.8, creases=0.3)
            self.canvas.line([(0.02 * s, v), (0.06 * s, hem)], self.ink, 0.008, 0.85)
        else:
            self.canvas.line([(0.1 * s, 1.4), (0.12 * s, hem)], self.ink, 0.008, 0.85)
            for y in np.arange(1.9, min(hem, 4.6), 0.55):
                for x in (-0.2, 0.36):
                    self.canvas.fill(ellipse(s * x, y, 0.05, 0.05), self.metal.colour)

    def belt(self, fabric: Fabric, y: float = 3.0, half: float = 0.53, height: float = 0.13) -> None:
        """Ties a belt with a buckle."""
        shape = outline(
            [(-half, y - height), (0, y - height + 0.04), (half, y - height)],
            [(half, y - height), (half, y + height)],
            [(half, y + height), (0, y + height + 0.04), (-half, y + height)],
        )
        self.canvas.paint(shape, fabric, relief=0.02, shadow=0.35, seam=0.7, creases=0.2)
        if self.facing == "front":
            self.canvas.paint(
                np.array([(-0.13, y - 0.12), (0.13, y - 0.12), (0.13, y + 0.16), (-0.13, y + 0.16)]),
                self.metal,
                relief=0.01,
            )

    def finish(self, collar: str | None = None, fabric: Fabric | None = None) -> None:
        """Adds the collar and the head."""
        kind = collar or self.style.collar
        made = fabric or self.main
        if kind in ("ruff", "wing"):
            self.collar(kind, made)
        self.head()
        if kind == "funnel":
            self.collar(kind, made)
