"""The garment alone that a person wears: without head, hair, neck, hands and bare skin, to its hem or to mid-thigh.

BlazePose's landmarks say where to look, its mask what is the person. The colours of skin are learned from the face and
the hands of the same picture, those of hair from around the face, those of cloth from the torso and from sleeves; each
pixel then is what explains its colour best, weighed by where it lies. Where the legs wear another colour than the
torso, the hem is the line between the two; otherwise the cut is at mid-thigh.

Lengths are in torsos, from the middle of the shoulders to the middle of the hips: ``down`` along that line, 0 at the
shoulders and 1 at the hips, ``across`` to both sides of it. Colours are CIE L*a*b* as OpenCV's 8 bits hold it. The
numbers below are our choice, by looking at 200 street photographs one by one; the README says what they are worth.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from demicouture.preprocessing import cropping, segmentation
from demicouture.preprocessing.pose import (
    LEFT_HIP,
    LEFT_KNEE,
    LEFT_SHOULDER,
    RIGHT_HIP,
    RIGHT_KNEE,
    RIGHT_SHOULDER,
    SEEN,
    Person,
)

EYES, MOUTH = (2, 5), (9, 10)
ARMS = ((LEFT_SHOULDER, 13, 15), (RIGHT_SHOULDER, 14, 16))
HANDS = ((15, 17, 19), (16, 18, 20))
THIGHS = ((LEFT_HIP, LEFT_KNEE), (RIGHT_HIP, RIGHT_KNEE))
"""BlazePose's landmarks: shoulder, elbow, wrist; wrist, little finger, index finger; hip, knee."""

WORKING_SIDE = 192
"""The longer side, in pixels, of the part from the head to mid-thigh at which the garment is sought, at most."""

SPREAD = np.array([14.0, 3.5, 3.5])
HAIR_SPREAD = np.array([8.0, 2.5, 2.5])
"""Standard deviations added to the colours of a face and of hair: light falls on arms otherwise than on a face."""

TYPICAL = 0.6
"""Of a sample, the part nearest to its median is learned from: the rest are glasses, lips, rings and background."""

HUE, DARKER, LIGHTER = 10.0, 70.0, 140.0
"""How far from the mean of skin, in a* and b* together and in lightness, a colour may be skin's: the face is often in
the shadow of a hat, or of hair, and the arms are in the sun."""

COVERED, BARE = 0.2, 0.4
"""Of the pixels along an upper arm or a forearm, those of skin's colour: up to the first it has a sleeve, from the
second on it is bare."""

RADII = (0.08, 0.06)
"""Of what surely belongs to an upper arm and to a forearm."""

ROUGH, ALL_ALONG = 10.0, 0.4
"""Sleeves of leopard and fur have skin's colours too, but no arm is so rough: the median deviation of the lightness
within 3×3 pixels. Arms of so much skin only are asked: a shirt's short sleeve leaves less."""

APART = 1.8
"""How much better, in log densities, torso and legs must each be explained by their own colours for a hem between."""

STEP = 12.0
"""What a step of one pixel costs a hem, in the same: it is a smooth line, and yet may follow a shirt's tails."""

LEAST_HEM, LEAST_CUT, MOST_CUT = 0.5, 1.3, 1.55
"""No hem lies higher than the first; mid-thigh lies between the other two, wherever a skirt hides the knees."""

LEAST, REMAINS, MOST_COVERED = 0.35, 0.6, 0.13
"""A cut has failed where less is left than the first, in squares of the torso between the shoulders; where less than
the second remains of the torso's cloth or of the sleeves; or where more than the third of the garment lies behind hands
and arms. These are left to a person: 22 of 527 street photographs."""

SLEEVE, LARGE = 0.08, 0.2
"""The least size of a piece that is kept beside the largest, in parts of it: of a sleeve, and of anything else."""

CERTAIN = 8.0
"""Log densities are clipped here: no colour alone settles what a pixel is."""


@dataclass(frozen=True)
class WornGarment:
    """A garment without the person who wears it.

    Attributes:
        mask: float32 (height, width) in [0, 1], in the picture's own pixels: 1 on the garment.
        covered: float32 (height, width) in [0, 1]: 1 where a hand or a bare arm lies before it, which is within the
            mask.
        box: The box around it: left, top, right, bottom in pixels of the picture.
    """

    mask: np.ndarray
    covered: np.ndarray
    box: cropping.Box


def find_worn_garment(pixels: np.ndarray, person: Person) -> WornGarment | None:
    """Returns the garment that a person wears.

    Args:
        pixels: RGB, uint8 (height, width, 3) in [0, 255].
        person: The person in it.

    Returns:
        None where too little is left: the face is hidden, or the garment has the colours of the skin.
    """
    height, width = pixels.shape[:2]
    rows, columns = (np.flatnonzero((person.mask > 0.5).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    points = person.landmarks.astype(np.float64)
    body = _Body(points, person.visibility)
    left, right = max(0, int(columns[0]) - 4), min(width, int(columns[-1]) + 5)
    top = max(0, int(rows[0]) - 4)
    # Below the cut there must be legs to learn their colours from.
    lowest = (body.shoulders + (body.mid_thigh + 0.3) * body.torso * body.down)[1]
    bottom = min(height, max(top + 16, int(lowest)))
    if bottom <= top or right <= left:
        return None
    part, mask = pixels[top:bottom, left:right], person.mask[top:bottom, left:right]
    scale = min(1.0, WORKING_SIDE / max(part.shape[:2]))
    if scale < 1:
        size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
        part, mask = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (part, mask))
    found = _cut(part, mask, _Body((points - (left, top)) * scale, person.visibility))
    if found is None:
        return None
    garment, covered = (
        cv2.copyMakeBorder(
            cv2.resize(each, (right - left, bottom - top)),
            top,
            height - bottom,
            left,
            width - right,
            cv2.BORDER_CONSTANT,
        )
        for each in (cv2.GaussianBlur(found[0].astype(np.float32), (0, 0), 0.7), found[1].astype(np.float32))
    )
    garment = np.minimum(garment, person.mask)
    solid = garment > 0.5
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    if not len(rows):
        return None
    return WornGarment(garment, covered, (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1))


class _Body:
    """Where a body's parts are, by its landmarks in pixels."""

    def __init__(self, points: np.ndarray, visibility: np.ndarray) -> None:
        self.points = points
        self.shoulders = points[[LEFT_SHOULDER, RIGHT_SHOULDER]].mean(axis=0)
        spine = points[[LEFT_HIP, RIGHT_HIP]].mean(axis=0) - self.shoulders
        self.torso = max(float(np.linalg.norm(spine)), 1.0)
        self.down = spine / self.torso if spine.any() else np.array([0.0, 1.0])
        self.across = np.array([self.down[1], -self.down[0]])
        self.half = max(abs((points[LEFT_SHOULDER] - points[RIGHT_SHOULDER]) @ self.across) / 2 / self.torso, 0.22)
        knees = [self.along(points[knee]) for knee in (LEFT_KNEE, RIGHT_KNEE) if visibility[knee] >= SEEN]
        knee = float(np.mean(knees)) if knees else 1.9
        self.mid_thigh = float(np.clip((1 + knee) / 2, LEAST_CUT, MOST_CUT))

    def along(self, point: np.ndarray) -> float:
        """Returns how far down the body a point lies, in torsos."""
        return float((point - self.shoulders) @ self.down / self.torso)


class _View:
    """A person's pixels, and where on the body each lies; arrays are (height, width)."""

    def __init__(self, pixels: np.ndarray, mask: np.ndarray, body: _Body) -> None:
        self.body = body
        self.colours = cv2.cvtColor(pixels, cv2.COLOR_RGB2Lab)
        self.lab = self.colours.astype(np.float32)
        self.inside, self.sure = mask > 0.5, mask > 0.8
        self.x = np.arange(mask.shape[1], dtype=np.float32)[None] + np.float32(0.5)
        self.y = np.arange(mask.shape[0], dtype=np.float32)[:, None] + np.float32(0.5)
        self.down, across = self.towards(body.shoulders, body.down, body.across, body.torso)
        self.across = np.abs(across)
        points = body.points
        self.uppers = [self.distance(points[shoulder], points[elbow]) for shoulder, elbow, _ in ARMS]
        self.forearms = [self.distance(points[elbow], points[wrist]) for _, elbow, wrist in ARMS]
        self.upper, self.forearm = np.minimum(*self.uppers), np.minimum(*self.forearms)
        tips = [
            points[wrist] + 1.4 * (points[[little, index]].mean(axis=0) - points[wrist])
            for wrist, little, index in HANDS
        ]
        self.hand = np.minimum(*(self.distance(points[hand[0]], tip) for hand, tip in zip(HANDS, tips, strict=True)))
        # The line of the shoulders, from the neck outwards: what is above it is neck, or hair.
        edges = [0, 0.1, body.half, body.half + 0.1]
        self.above_shoulders = self.down < np.interp(self.across, edges, [0, -0.08, -0.1, -0.2])

    def towards(self, origin: np.ndarray, down: np.ndarray, across: np.ndarray, unit: float) -> tuple:
        """Returns each pixel's place from ``origin``, along two directions, in units of so many pixels."""
        x, y = self.x - np.float32(origin[0]), self.y - np.float32(origin[1])
        return tuple(x * np.float32(way[0] / unit) + y * np.float32(way[1] / unit) for way in (down, across))

    def distance(self, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Returns each pixel's distance from the line between two points, in torsos."""
        (x0, y0), (dx, dy) = np.float32(start), np.float32(end - start)
        x, y = self.x - x0, self.y - y0
        part = np.clip((x * dx + y * dy) / max(dx * dx + dy * dy, np.float32(1e-6)), 0, 1)
        return np.sqrt(np.square(x - part * dx) + np.square(y - part * dy)) / np.float32(self.body.torso)


def _cut(pixels: np.ndarray, mask: np.ndarray, body: _Body) -> tuple[np.ndarray, np.ndarray] | None:
    """Returns what is garment and what of it is covered, bool (height, width); None where too little is left."""
    view = _View(pixels, mask, body)
    chin, face, brow = _find_face(view)
    skin = _learn_skin(view, face)
    if skin is None:
        return None
    distance = _squares(view.lab, skin)
    like_skin = _is_like(view.lab, skin)

    sleeves, prior = _judge_arms(view, like_skin)
    # The chest may be bare, and hands may lie before the torso.
    perhaps_bare = (view.hand < 0.2) | (view.forearm < 0.14) | ((view.down < 0.4) & (view.across < 0.3))
    core = (view.down > 0.15) & (view.down < 0.85) & (view.across < 0.85 * body.half) & view.sure
    core &= ~(like_skin & perhaps_bare)
    cloth = core | sleeves
    if np.count_nonzero(cloth) < 30:
        return None
    cloth_density = _density(view, cloth)
    # A second, wider bell: on sunlit arms skin is far from what a face says, and yet no cloth's.
    density = np.maximum(skin.peak - distance / 2, skin.peak - 1.5 * np.log(5) - 2 - distance / 10)
    is_skin = cv2.blur(np.clip(density - cloth_density, -CERTAIN, CERTAIN), (3, 3))
    prior[view.above_shoulders] = 3
    prior[view.hand < 0.17] = 2
    prior[view.hand < 0.11] = 4
    bare = is_skin + prior > 0
    # An arm's edge is half background: it goes with the arm.
    edge = (is_skin > -0.5) & (np.minimum(view.upper, view.forearm) < 0.25)
    for _ in range(2):
        bare |= cv2.dilate(bare.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & edge

    low = (view.down > body.mid_thigh) | _below_hem(view, core, like_skin, cloth_density)
    hair = _find_hair(view, brow, chin, like_skin, cloth_density)
    keep = view.inside & (view.down >= chin) & ~bare & ~hair & ~low
    covered = view.inside & bare & ((view.forearm < 0.2) | (view.hand < 0.22)) & ~low
    covered &= (view.down > 0.25) & (view.across < 0.95 * body.half)
    keep = _tidy(keep | covered, view)
    covered &= keep
    if np.count_nonzero(keep) < LEAST * 2 * body.half * body.torso**2:
        return None
    if np.count_nonzero(covered) > MOST_COVERED * np.count_nonzero(keep):
        return None
    for cloth in (core, sleeves & ~low):
        if np.count_nonzero(keep & cloth) < REMAINS * np.count_nonzero(cloth):
            return None
    return keep, cv2.dilate(covered.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & keep


def _density(view: _View, where: np.ndarray) -> np.ndarray:
    """Returns the log density of each pixel's colour among those of a part, bool (height, width)."""
    return segmentation.likelihood(view.colours, segmentation.learn_colours(view.colours[where]))


@dataclass(frozen=True)
class _Bell:
    """A Gaussian of colours: its mean, a factor of its inverse covariance, and the logarithm of its highest density."""

    mean: np.ndarray
    factor: np.ndarray
    peak: float


def _learn_bell(colours: np.ndarray, spread: np.ndarray) -> _Bell:
    """Returns a Gaussian of the typical ones of some colours, float32 (n, 3), wider by ``spread``."""
    apart = np.abs(colours - np.median(colours, axis=0)) @ np.array([0.3, 1, 1])
    typical = colours[apart <= np.quantile(apart, TYPICAL)].astype(np.float64)
    mean = typical.mean(axis=0)
    covariance = (typical - mean).T @ (typical - mean) / len(typical) + np.diag(np.square(spread))
    factor = np.linalg.cholesky(np.linalg.inv(covariance))
    return _Bell(mean.astype(np.float32), factor.astype(np.float32), float(-0.5 * np.log(np.linalg.det(covariance))))


def _squares(colours: np.ndarray, bell: _Bell) -> np.ndarray:
    """Returns the squared standard deviations of colours, float32 (..., 3), from the mean of a Gaussian: (...)."""
    apart = (colours.reshape(-1, 3) - bell.mean) @ bell.factor
    return np.einsum("ij,ij->i", apart, apart).reshape(colours.shape[:-1])


def _is_like(colours: np.ndarray, skin: _Bell) -> np.ndarray:
    """Returns which colours, float32 (..., 3), may be skin's, by their hue first: bool (...)."""
    lightness, a, b = np.moveaxis(colours - skin.mean, -1, 0)
    return (a * a + b * b < HUE**2) & (lightness > -DARKER) & (lightness < LIGHTER)


def _find_face(view: _View) -> tuple[float, np.ndarray, np.ndarray]:
    """Returns how far down the chin is; where the face is; and the ring around forehead and cheeks, where hair is."""
    body = view.body
    eyes, mouth = body.points[list(EYES)].mean(axis=0), body.points[list(MOUTH)].mean(axis=0)
    length = float(np.linalg.norm(mouth - eyes))
    way = (mouth - eyes) / length if length else body.down
    length = max(length, 0.08 * body.torso)
    chin = float(np.clip(body.along(mouth + 0.85 * length * way), -0.5, -0.14))
    down, across = view.towards((eyes + mouth) / 2, way, np.array([way[1], -way[0]]), length)
    face = (np.square(down / 1.1) + np.square(across / 0.85) < 1) & view.sure
    from_brow = np.square(down + 0.5) + np.square(across)
    ring = view.inside & (down < 0.3) & (from_brow > 1.2**2) & (from_brow < 3**2)
    return chin, face, ring & (view.down < chin)


def _learn_skin(view: _View, face: np.ndarray) -> _Bell | None:
    """Returns the colours of skin, by the face and what is like it of the hands; None without a face."""
    colours = view.lab[face]
    colours = colours[:: max(1, len(colours) // 300)]
    # Red and yellow prevail in skin of every tone; in glasses, beards and shadows they may not.
    warm = colours[(colours[:, 1] > 131) & (colours[:, 2] > 131) & (colours[:, 0] > 40)]
    colours = warm if len(warm) >= 12 else colours
    if len(colours) < 6:
        return None
    skin = _learn_bell(colours, SPREAD)
    hands = view.lab[(view.hand < 0.08) & view.sure]
    hands = hands[_is_like(hands, skin)]
    if len(hands) <= 10:
        return skin
    # As much of the hands as of the face, at most, however large they are in the picture.
    both = [each[:: max(1, len(each) // 300)] for each in (colours, hands)]
    return _learn_bell(np.concatenate(both), SPREAD)


def _judge_arms(view: _View, skin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns which pixels surely are sleeves, and how likely skin is by where a pixel lies, in log odds."""
    light = view.lab[..., 0]
    rough = np.sqrt(np.maximum(cv2.blur(light * light, (3, 3)) - np.square(cv2.blur(light, (3, 3))), 0))
    prior = np.full(skin.shape, -6, np.float32)
    prior[(view.across < 0.3) & (view.down < 0.45)] = -1.5
    prior[view.down > 1] = -0.5
    sleeves = np.zeros(skin.shape, bool)
    for arm in zip(view.uppers, view.forearms, strict=True):
        axes = [(part < radius) & view.sure & (view.hand > 0.14) for part, radius in zip(arm, RADII, strict=True)]
        shares = [float(skin[axis].mean()) if axis.any() else 0.0 for axis in axes]
        if shares[0] > ALL_ALONG and np.median(rough[axes[0] & skin]) > ROUGH:
            shares = [0.0, 0.0]
        for part, axis, share in zip(arm, axes, shares, strict=True):
            near = part < 0.18
            if share < COVERED:
                sleeves |= axis
                prior[near] = -4
            elif share < BARE:
                sleeves |= axis & ~skin
                prior[near] = np.maximum(prior[near], -1)
            else:
                prior[near] = np.maximum(prior[near], 2)
    return sleeves, prior


def _find_hair(
    view: _View, ring: np.ndarray, chin: float, like_skin: np.ndarray, cloth_density: np.ndarray
) -> np.ndarray:
    """Returns where hair hangs below the chin, beside the neck and on the shoulders."""
    ring = ring & ~like_skin
    found = np.zeros(ring.shape, bool)
    if np.count_nonzero(ring) < 12:
        return found
    colours = view.lab[ring]
    hair = _learn_bell(colours[:: max(1, len(colours) // 600)], HAIR_SPREAD)
    place = (view.down >= chin) & (view.down < 0.12) & (view.across < 0.5) & view.inside
    density = np.maximum(hair.peak - _squares(view.lab[place], hair) / 2, segmentation.FLOOR)
    is_hair = np.zeros(ring.shape, np.float32)
    is_hair[place] = np.clip(density - cloth_density[place], -CERTAIN, CERTAIN)
    found[place] = (cv2.blur(is_hair, (3, 3)) + np.where(view.above_shoulders, 3, -2))[place] > 0
    return found


def _below_hem(view: _View, torso: np.ndarray, like_skin: np.ndarray, cloth_density: np.ndarray) -> np.ndarray:
    """Returns what lies below the hem and is no sleeve; nothing where legs and torso are of the same colours."""
    body = view.body
    legs = [body.points[[hip, knee]] for hip, knee in THIGHS]
    thigh = np.minimum(*(view.distance(hip + 0.55 * (knee - hip), knee) for hip, knee in legs))
    legs = (thigh < 0.1) & view.inside & (view.down > 1.1) & (view.hand > 0.15)
    nothing = np.zeros(legs.shape, bool)
    if min(np.count_nonzero(legs), np.count_nonzero(torso)) <= 30:
        return nothing
    difference = np.clip(cloth_density - _density(view, legs), -4, 4)
    if difference[legs].mean() > -APART or difference[torso].mean() < APART:
        return nothing
    arm = (np.minimum(view.upper, view.forearm) < 0.15) & ~like_skin & (view.hand > 0.1)
    counted = view.inside & ~arm & (view.hand > 0.15) & (view.across < 1.5 * body.half)
    first, last = np.searchsorted(view.down[:, view.down.shape[1] // 2], (LEAST_HEM, body.mid_thigh))
    if last - first < 3:
        return nothing
    hem = first + _find_line(np.where(counted, difference, 0)[first:last])
    side = 2 * round(0.05 * body.torso) + 1
    like_cloth = cv2.blur(difference, (side, side))
    sleeve = ((view.forearm < 0.16) | (view.upper < 0.2)) & (like_cloth > 0)
    # A coat's sides hang lower than what is worn below it.
    return (view.y > hem[None]) & ~sleeve & (like_cloth <= 2)


def _find_line(gain: np.ndarray) -> np.ndarray:
    """Returns the line across a picture above which most is gained, and least below.

    It is the best of all lines, each step up or down costing :data:`STEP`: found by dynamic programming.

    Args:
        gain: float (height, width), of a pixel that lies above the line.

    Returns:
        int (width,): the first row below the line, in each column.
    """
    height, width = gain.shape
    above = np.vstack([np.zeros(width, np.float32), np.cumsum(gain, axis=0)])
    rows = np.arange(height + 1)
    steps = -STEP * np.abs(rows[:, None] - rows).astype(np.float32)
    best, came_from = above[:, 0], np.zeros((width, height + 1), int)
    for column in range(1, width):
        moves = best + steps
        came_from[column] = moves.argmax(axis=1)
        best = above[:, column] + moves[rows, came_from[column]]
    line = np.zeros(width, int)
    line[-1] = best.argmax()
    for column in range(width - 1, 0, -1):
        line[column - 1] = came_from[column, line[column]]
    return line


def _tidy(keep: np.ndarray, view: _View) -> np.ndarray:
    """Returns a garment's pixels without fringes, holes and pieces that are no garment."""
    side = 2 * round(0.035 * view.body.torso) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    smooth = cv2.morphologyEx(cv2.medianBlur(keep.astype(np.uint8), 5), cv2.MORPH_OPEN, kernel)
    keep = segmentation.mend(smooth > 0)
    # Pieces that hang together by less than the width of a sleeve are two: a passer-by, or a bag on its strap.
    side = 2 * round(0.05 * view.body.torso) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    solid = cv2.morphologyEx(keep.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    count, pieces, figures, _ = cv2.connectedComponentsWithStats(solid, connectivity=4)
    sizes = figures[:, cv2.CC_STAT_AREA].astype(np.float64)
    sizes[0] = 0
    in_sleeve = np.bincount(pieces[view.forearm < 0.2], minlength=count) / np.maximum(sizes, 1) > 0.6
    wanted = sizes > np.where(in_sleeve, SLEEVE, LARGE) * sizes.max()
    wanted[0] = False
    return keep & cv2.dilate(wanted[pieces].astype(np.uint8), kernel).astype(bool)
