"""Draft."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from demicouture.preprocessing import cropping
from demicouture.preprocessing.pose import Person
from demicouture.preprocessing.segmentation import _learn_colours, _likelihood, _mend

NOSE, EYES, EARS, MOUTH = 0, (2, 5), (7, 8), (9, 10)
ARMS = ((11, 13, 15), (12, 14, 16))
HANDS = ((15, 17, 19), (16, 18, 20))
LEGS = ((23, 25), (24, 26))

SIDE = 192


@dataclass(frozen=True)
class WornGarment:
    """What a person wears, without the person.

    Attributes:
        mask: float32 (height, width) in [0, 1], in the picture's own pixels: 1 on the garment.
        covered: float32 (height, width) in [0, 1]: 1 where a hand or an arm lies before it.
        box: The square to crop, in pixels of the picture.
    """

    mask: np.ndarray
    covered: np.ndarray
    box: cropping.Box


def find_worn_garment(pixels: np.ndarray, person: Person) -> WornGarment | None:
    found = worn_garment(pixels, person)
    if found is None:
        return None
    mask, covered = found
    solid = mask > 0.5
    if not solid.any():
        return None
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    return WornGarment(mask, covered, cropping.garment_box(box))


def worn_garment(pixels: np.ndarray, person: Person, debug=None):
    body = Body(person)
    height, width = pixels.shape[:2]
    # the part that matters
    rows = np.flatnonzero((person.mask > 0.5).any(axis=1))
    columns = np.flatnonzero((person.mask > 0.5).any(axis=0))
    if not len(rows):
        return None
    left, right = max(0, columns[0] - 4), min(width, columns[-1] + 5)
    top = rows[0]
    lowest = body.at(body.mid_thigh, 0)[1] + 0.3 * body.torso
    top, bottom = max(0, int(top) - 4), int(min(height, max(top + 16, lowest)))
    scale = min(1.0, SIDE / max(bottom - top, right - left))
    part = pixels[top:bottom, left:right]
    mask = person.mask[top:bottom, left:right]
    if scale < 1:
        size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
        part, mask = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (part, mask))
    points = (person.landmarks.astype(np.float64) - (left, top)) * scale
    found = _cut(part, mask, points, person.visibility, debug)
    if found is None:
        return None
    kept, covered = found
    full = np.zeros((height, width), np.float32)
    soft = cv2.GaussianBlur(kept.astype(np.float32), (0, 0), 0.7)
    full[top:bottom, left:right] = cv2.resize(soft, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
    hidden = np.zeros((height, width), np.float32)
    hidden[top:bottom, left:right] = cv2.resize(covered.astype(np.float32), (right - left, bottom - top))
    return np.minimum(full, person.mask), hidden


class Body:
    def __init__(self, person=None, points=None, visibility=None):
        points = person.landmarks.astype(np.float64) if points is None else points
        self.visibility = person.visibility if visibility is None else visibility
        self.points = points
        self.shoulders = points[[11, 12]].mean(axis=0)
        self.hips = points[[23, 24]].mean(axis=0)
        self.torso = max(float(np.linalg.norm(self.hips - self.shoulders)), 1.0)
        self.down = (self.hips - self.shoulders) / self.torso
        self.across = np.array([self.down[1], -self.down[0]])
        self.half = max(abs((points[11] - points[12]) @ self.across) / 2 / self.torso, 0.22)
        knees = [self.along(points[k]) for k in (25, 26) if self.visibility[k] > 0.5]
        knee = np.mean(knees) if knees else 1.9
        self.mid_thigh = float(np.clip((1 + knee) / 2, 1.3, 1.55))

    def at(self, a, b):
        return self.shoulders + a * self.torso * self.down + b * self.torso * self.across

    def along(self, point):
        return float((point - self.shoulders) @ self.down / self.torso)


def _capsule(x, y, start, end):
    """distance of pixels to a segment"""
    d = end - start
    t = np.clip(((x - start[0]) * d[0] + (y - start[1]) * d[1]) / max(d @ d, 1e-6), 0, 1)
    return np.hypot(x - start[0] - t * d[0], y - start[1] - t * d[1])


def _gauss(samples, spread):
    mean = np.median(samples, axis=0)
    distance = np.abs(samples - mean) @ np.array([0.3, 1, 1])
    samples = samples[distance <= np.quantile(distance, 0.6)]
    mean = samples.mean(axis=0)
    cov = (samples - mean).T @ (samples - mean) / len(samples) + np.diag(np.square(spread))
    return mean, np.linalg.inv(cov), -0.5 * np.log(np.linalg.det(cov))


def _log(colours, model):
    mean, inverse, norm = model
    d = colours - mean
    return norm - 0.5 * np.einsum("...i,ij,...j->...", d, inverse, d)


FLOOR = -27.6


def _cut(pixels, mask, points, visibility, debug=None):
    body = Body(points=points, visibility=visibility)
    T = body.torso
    height, width = mask.shape
    lab8 = cv2.cvtColor(pixels, cv2.COLOR_RGB2Lab)
    lab = lab8.astype(np.float32)
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    a = ((x - body.shoulders[0]) * body.down[0] + (y - body.shoulders[1]) * body.down[1]) / T
    b = ((x - body.shoulders[0]) * body.across[0] + (y - body.shoulders[1]) * body.across[1]) / T
    inside = mask > 0.5
    sure = mask > 0.8

    # face
    eyes, mouth = points[list(EYES)].mean(axis=0), points[list(MOUTH)].mean(axis=0)
    m = max(float(np.linalg.norm(mouth - eyes)), 0.08 * T)
    face_down = (mouth - eyes) / max(np.linalg.norm(mouth - eyes), 1e-6)
    middle = (eyes + mouth) / 2
    chin = mouth + face_down * 0.85 * m
    fx, fy = x - middle[0], y - middle[1]
    f_along = (fx * face_down[0] + fy * face_down[1]) / m
    f_across = (fx * face_down[1] - fy * face_down[0]) / m
    face = (np.hypot(f_along / 1.1, f_across / 0.85) < 1) & sure
    hands = np.full(mask.shape, np.inf, np.float32)
    for wrist, pinky, index in HANDS:
        tip = (points[pinky] + points[index]) / 2
        hands = np.minimum(hands, _capsule(x, y, points[wrist], points[wrist] + 1.4 * (tip - points[wrist])) / T)
    hand = hands < 0.14
    forearms = np.minimum(*(_capsule(x, y, points[e], points[w]) / T for _, e, w in ARMS))
    uppers = np.minimum(*(_capsule(x, y, points[s], points[e]) / T for s, e, _ in ARMS))

    def skinlike(c):
        return (c[..., 1] > 131) & (c[..., 2] > 131) & (c[..., 0] > 40)

    samples = lab[face & skinlike(lab)]
    if len(samples) < 12:
        samples = lab[face]
    if len(samples) < 6:
        return None
    skin = _gauss(samples, (14, 3.5, 3.5))
    near = _log(lab, skin)
    # hands of the same hue
    d = lab - skin[0]
    more = lab[(hands < 0.08) & sure & (np.hypot(d[..., 1], d[..., 2]) < 9) & (np.abs(d[..., 0]) < 60)]
    if len(more) > 10:
        keep = samples[:: max(1, len(samples) // 300)]
        skin = _gauss(np.concatenate([keep, more[:: max(1, len(more) // 300)]]), (14, 3.5, 3.5))
    log_skin = np.maximum(_log(lab, skin), FLOOR)
    wide = skin[0], skin[1] / 5, skin[2] - 1.5 * np.log(5)
    log_skin = np.maximum(log_skin, _log(lab, wide) - 2)
    d = lab - skin[0]
    skin_hue = (np.hypot(d[..., 1], d[..., 2]) < 10) & (np.abs(d[..., 0]) < 70)

    # cloth
    taper = body.half * 0.85
    core = (a > 0.15) & (a < 0.85) & (np.abs(b) < taper) & sure
    sleeves = ((forearms < 0.07) | (uppers < 0.09)) & sure & (hands > 0.16)
    cloth = (core & ~(skin_hue & ((hands < 0.2) | (forearms < 0.14) | ((a < 0.4) & (np.abs(b) < 0.3))))) | (
        sleeves & ~skin_hue
    )
    if np.count_nonzero(cloth) < 30:
        return None
    log_cloth = _likelihood(lab8, _learn_colours(lab8[cloth]))
    is_skin = np.clip(log_skin - log_cloth, -8, 8)

    # prior by place
    prior = np.full(mask.shape, -6.0, np.float32)
    prior[(np.abs(b) < 0.3) & (a < 0.45)] = -1.5
    prior[(uppers < 0.17)] = np.maximum(prior, -1.0)[uppers < 0.17]
    prior[(forearms < 0.17)] = np.maximum(prior, -0.5)[forearms < 0.17]
    prior[a > 1.0] = np.maximum(prior, -0.5)[a > 1.0]
    slope = _slope(b, body)
    prior[a < slope] = 3.0
    prior[hands < 0.17] = 2.0
    prior[hands < 0.11] = 4.0
    skin_score = cv2.blur(is_skin, (3, 3)) + prior

    # head
    a_chin = float(np.clip(body.along(chin), -0.5, -0.14))
    head = a < a_chin
    # hair
    ring = inside & ~skin_hue & (f_along < 0.3) & (np.hypot(f_along + 0.5, f_across) > 1.2) & (
        np.hypot(f_along + 0.5, f_across) < 3
    ) & (a < a_chin)
    hair_zone = (a < 0.12) & (np.abs(b) < 0.5)
    if np.count_nonzero(ring) >= 12:
        hair = _gauss(lab[ring], (8, 2.5, 2.5))
        is_hair = np.clip(np.maximum(_log(lab, hair), FLOOR) - log_cloth, -8, 8)
        hair_prior = np.where(a < slope, 3.0, -2.0)
        hair_score = np.where(hair_zone, cv2.blur(is_hair, (3, 3)) + hair_prior, -9)
    else:
        hair_score = np.full(mask.shape, -9.0)

    # lower end
    low = a > body.mid_thigh
    seam = None
    thighs = np.full(mask.shape, np.inf)
    for hip, knee in LEGS:
        p, q = points[hip], points[knee]
        thighs = np.minimum(thighs, _capsule(x, y, p + 0.55 * (q - p), p + 1.0 * (q - p)) / T)
    legs = (thighs < 0.1) & inside & (a > 1.1) & (hands > 0.15)
    torso = (a > 0.2) & (a < 0.85) & (np.abs(b) < taper) & sure & cloth
    gap = None
    if np.count_nonzero(legs) > 30 and np.count_nonzero(torso) > 30:
        log_torso = log_cloth
        log_legs = _likelihood(lab8, _learn_colours(lab8[legs]))
        difference = np.clip(log_torso - log_legs, -4, 4)
        gap = float(difference[legs].mean()), float(difference[torso].mean())
        if gap[0] < -1.2 and gap[1] > 1.2:
            arm = ((forearms < 0.15) | (uppers < 0.15)) & ~skin_hue & (hands > 0.1)
            middle = inside & ~arm & (hands > 0.15) & (np.abs(b) < body.half * 1.5)
            seam = _seam(np.where(middle, difference, 0), a, body.mid_thigh)
            like = cv2.blur(difference, (5, 5))
            sleeve = ((forearms < 0.16) | (uppers < 0.2)) & (like > 0)
            low |= (y > seam[None, :]) & ~(sleeve | (like > 1.5))

    strong = (skin_score > 0).astype(np.uint8)
    weak = (skin_score > -3.5).astype(np.uint8)
    for _ in range(2):
        strong = cv2.dilate(strong, np.ones((3, 3), np.uint8)) & weak | strong
    bare = strong > 0
    keep = inside & ~head & ~bare & ~(hair_score > 0) & ~low
    over = (forearms < 0.2) | (hands < 0.22)
    covered = inside & bare & over & (a > 0.25) & ~low & (np.abs(b) < body.half * 0.95)
    keep = cv2.medianBlur((keep | covered).astype(np.uint8), 5) > 0
    across = 2 * round(0.035 * T) + 1
    keep = cv2.morphologyEx(keep.astype(np.uint8), cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (across, across))) > 0
    keep = _pieces(_mend(keep), forearms < 0.2)
    if debug is not None:
        debug.update(gap=gap, seam=seam, covered=covered, skin=skin_score, hair=hair_score, head=head, low=low, a_chin=a_chin)
    if np.count_nonzero(keep) < 0.35 * T * T * body.half * 2:
        return None
    covered = cv2.dilate((covered & keep).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return keep, covered & keep


def _pieces(keep, arms):
    """Keeps the largest piece, and others that are sleeves or large too."""
    count, pieces, figures, _ = cv2.connectedComponentsWithStats(keep.astype(np.uint8), connectivity=4)
    if count <= 2:
        return keep
    areas = figures[:, cv2.CC_STAT_AREA].astype(float)
    areas[0] = 0
    sleeves = np.bincount(pieces[arms], minlength=count) / np.maximum(areas, 1)
    wanted = (areas > 0.2 * areas.max()) | ((areas > 0.04 * areas.max()) & (sleeves > 0.6))
    wanted[0] = False
    return wanted[pieces]


def _slope(b, body):
    """The line of neck and shoulders: what is above it is neck, in torsos."""
    b = np.abs(b)
    return np.interp(b, [0, 0.1, body.half, body.half + 0.1], [0.0, -0.08, -0.1, -0.2])


def _seam(difference, a, mid_thigh):
    """Per column the row below which something else begins."""
    height, width = difference.shape
    middle = a[:, width // 2]
    first, last = np.searchsorted(middle, 0.5), np.searchsorted(middle, mid_thigh)
    if last - first < 3:
        return np.full(width, height)
    gain = np.cumsum(difference[first:last], axis=0)
    gain = np.vstack([np.zeros(width), gain])  # seam after k rows
    total = gain - (gain[-1:] - gain)
    n = len(total)
    step = -np.abs(np.arange(n)[:, None] - np.arange(n)[None]) * 12.0
    best = np.zeros((width, n))
    back = np.zeros((width, n), int)
    best[0] = total[:, 0]
    for c in range(1, width):
        moves = best[c - 1][None] + step
        back[c] = moves.argmax(axis=1)
        best[c] = total[:, c] + moves[np.arange(n), back[c]]
    seam = np.zeros(width, int)
    seam[-1] = best[-1].argmax()
    for c in range(width - 1, 0, -1):
        seam[c - 1] = back[c, seam[c]]
    return seam + first
