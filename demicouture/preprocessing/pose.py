"""BlazePose: finds a person's pose in a picture, the direction in which they face, and which pixels are theirs.

Two models work one after the other. A detector looks at the whole picture and gives, for each person, a box and four
key points; a second model looks at a square around the best of them and gives 33 landmarks, the same in metres, and a
mask. The main person's landmarks only are worked out; of all others the size is enough to say that they are there.

Source: Bazarevsky et al., "BlazePose: On-device Real-time Body Pose Tracking", 2020, and the graphs of MediaPipe's
pose modules, whose numbers stand below. Our own: pictures are reduced by areas before they are sampled, so that none
flickers; the models' heat map is not used to refine landmarks (it moves them by a pixel of 256).

A point is x, y in pixels, from the picture's top left corner; a pixel's centre lies at half past its number.
"""

from __future__ import annotations

import contextlib
import importlib.util
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from demicouture import pretrained
from demicouture.pretrained import DETECTION, LANDMARKS

CERTAIN = 0.75
PRESENT = 0.5
"""The least score of the detector, and the least presence, of a person. BlazePose's own bars are 0.5 and 0.5; at these
it sees somebody in 6 of 760 photographs of empty garments, and nobody in 2 of 629 photographs of people. A presence of
0.9 alone would be wrong on 18 of the garments."""

DETECTOR_SIDE = 224
"""The side of the detector's square, in pixels."""

LANDMARK_SIDE = 256
"""The side of the landmark model's square, in pixels."""

STRIDES = ((8, 2), (16, 2), (32, 6))
"""The detector's grids: pixels of its square in one cell, and anchors in each cell."""

SCORE_CLIP = 100.0
"""The detector's raw scores are clipped to this before the sigmoid, as in its graph."""

MIN_SCORE = 0.5
"""The least score of a detection."""

MIN_OVERLAP = 0.3
"""Detections whose boxes have more than this of their union in common are one."""

SQUARE_SCALE = 2.5
"""The side of a person's square in distances from the hips' centre to the circle around the body."""

SEEN = 0.5
"""The least visibility of a landmark that is to be relied on."""

KNEES_ABOVE_HIPS = 0.25
"""In torsos: nobody who sits has the knees higher above the hips; of drawn figures in long skirts 9 in 200 do."""

LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP, LEFT_KNEE, RIGHT_KNEE = 11, 12, 23, 24, 25, 26
"""BlazePose's landmarks, by the person's own left and right."""

PERSON_LANDMARKS, ALL_LANDMARKS = 33, 39
"""The model gives six more than the body's: they place the next frame's square in a film."""


def find_models() -> Path | None:
    """Returns the folder that holds BlazePose's two files.

    Returns:
        None where they are not there, or where LiteRT, which runs them, has no wheel for this machine.
    """
    return None if importlib.util.find_spec("ai_edge_litert") is None else pretrained.find(pretrained.POSE)


@dataclass(frozen=True)
class Person:
    """One person.

    Attributes:
        presence: How sure the model is that its square holds a person, from 0 to 1.
        landmarks: float32 (33, 2), x and y in pixels of the picture; they may lie outside it.
        visibility: float32 (33,) from 0 to 1: whether a landmark is in the picture and not hidden.
        world: float32 (33, 3), in metres from the hips' centre: x to the picture's right, y down, z away from the
            camera.
        mask: float32 (height, width) in [0, 1], in the picture's own pixels: what is the person; 0 outside the square
            that the model looked at.
    """

    presence: float
    landmarks: np.ndarray
    visibility: np.ndarray
    world: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True)
class People:
    """Who is in a picture.

    Attributes:
        person: The main one, by size and nearness to the middle; None where there is none for certain.
        score: The detector's score of the main one, 0 where it found nobody.
        second: How large the largest of the others is, the main one being 1; 0 where there is no other.
        presence: How sure the landmark model is of the main one, also where that is not enough; 0 where nobody is.
    """

    person: Person | None
    score: float = 0.0
    second: float = 0.0
    presence: float = 0.0


@dataclass(frozen=True)
class Detection:
    """What the detector says of one person.

    Attributes:
        score: From 0 to 1.
        box: float64 (4,): left, top, right, bottom of the face, in pixels.
        points: float64 (4, 2), x and y in pixels: the hips' centre, a point on the circle around the whole body, and
            the same two for the upper body.
    """

    score: float
    box: np.ndarray
    points: np.ndarray

    @property
    def size(self) -> float:
        """The radius of the circle around the whole body, in pixels."""
        return float(np.linalg.norm(self.points[1] - self.points[0]))


# -- the detector ----------------------------------------------------------------------------------------------------


def make_anchors() -> np.ndarray:
    """Returns the centres of the detector's anchors, in shares of its square: float64 (2254, 2), x and y."""
    grids = []
    for stride, each in STRIDES:
        cells = DETECTOR_SIDE // stride
        y, x = np.divmod(np.arange(cells * cells), cells)
        grids.append(np.repeat((np.stack([x, y], axis=1) + 0.5) / cells, each, axis=0))
    return np.concatenate(grids)


def letterbox(pixels: np.ndarray, side: int) -> tuple[np.ndarray, float, tuple[int, int]]:
    """Fits a picture into a square with black bars.

    Args:
        pixels: uint8 (height, width, 3) in [0, 255].
        side: Of the square, in pixels.

    Returns:
        The square, uint8 (side, side, 3); its scale, pixels of the square in one of the picture; and the left and top
        of the picture in it, in pixels.
    """
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (side - across) // 2, (side - down) // 2
    square = np.zeros((side, side, 3), np.uint8)
    square[top : top + down, left : left + across] = _resize(pixels, across, down)
    return square, scale, (left, top)


def decode(boxes: np.ndarray, scores: np.ndarray, anchors: np.ndarray) -> list[Detection]:
    """Reads the detector's two outputs, in pixels of its square.

    Args:
        boxes: float32 (2254, 12), pixels from the anchor: the box's centre x, y, its width and height, four points.
        scores: float32 (2254,), before the sigmoid.
        anchors: As :func:`make_anchors` gives them.

    Returns:
        Detections of at least :data:`MIN_SCORE`, the best first.
    """
    likely = 1 / (1 + np.exp(-np.clip(scores.astype(np.float64), -SCORE_CLIP, SCORE_CLIP)))
    order = np.argsort(-likely, kind="stable")
    found = []
    for index in order[likely[order] >= MIN_SCORE]:
        values, anchor = boxes[index].astype(np.float64), anchors[index] * DETECTOR_SIDE
        middle, half = values[:2] + anchor, values[2:4] / 2
        points = values[4:].reshape(4, 2) + anchor
        found.append(Detection(float(likely[index]), np.concatenate([middle - half, middle + half]), points))
    return found


def merge(detections: list[Detection]) -> list[Detection]:
    """Weighted non-maximum suppression: detections of one and the same person become their mean, weighted by score.

    Args:
        detections: The best first.

    Returns:
        One detection for each person, with the best score of those it was made of; the best first.
    """
    merged, rest = [], detections
    while rest:
        same = [rest[0]] + [other for other in rest[1:] if overlap(rest[0].box, other.box) > MIN_OVERLAP]
        weights = np.array([detection.score for detection in same])
        box, points = (
            np.tensordot(weights, np.stack(values), 1) / weights.sum()
            for values in ([detection.box for detection in same], [detection.points for detection in same])
        )
        merged.append(Detection(rest[0].score, box, points))
        taken = {id(detection) for detection in same}
        rest = [detection for detection in rest if id(detection) not in taken]
    return merged


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Returns the share of two boxes' union that they have in common, from 0 to 1."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    common = float(np.prod(np.maximum(sides, 0)))
    union = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2])) - common
    return common / union if union > 0 else 0.0


def choose_main(detections: list[Detection], width: int, height: int) -> int:
    """Returns which detection is the main one: the largest, one at the picture's edge counting half.

    Args:
        detections: At least one, in pixels of the picture.
        width: Of the picture.
        height: Of the picture.
    """

    # Across only: whoever stands in a picture fills its height anyway.
    def weight(detection: Detection) -> float:
        return detection.size * (1 - min(1.0, abs(detection.points[0, 0] - width / 2) / width))

    return max(range(len(detections)), key=lambda index: weight(detections[index]))


# -- the landmarks ---------------------------------------------------------------------------------------------------


def to_square(detection: Detection) -> np.ndarray:
    """Returns the map from the landmark model's square to the picture: float64 (2, 3), pixels to pixels.

    The square is turned so that the body stands upright in it.
    """
    (x, y), (tip_x, tip_y) = detection.points[:2]
    # y grows downwards; the body's axis, from hips to head, shall point up.
    angle = math.pi / 2 - math.atan2(y - tip_y, tip_x - x)
    scale = max(SQUARE_SCALE * detection.size, 1.0) / LANDMARK_SIDE
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    linear = np.array([[cosine, -sine], [sine, cosine]])
    offset = np.array([x, y]) - linear @ np.full(2, LANDMARK_SIDE / 2)
    return np.column_stack([linear, offset])


def crop_square(pixels: np.ndarray, square: np.ndarray) -> np.ndarray:
    """Returns what a square shows, uint8 (256, 256, 3); what lies outside the picture is black."""
    height, width = pixels.shape[:2]
    scale = math.hypot(*square[:, 0])
    if scale > 1:  # Reduced by areas first: to sample every fourth pixel would show a pattern in place of a weave.
        across, down = max(1, round(width / scale)), max(1, round(height / scale))
        pixels = _resize(pixels, across, down)
        square = np.diag([across / width, down / height]) @ square
    side = (LANDMARK_SIDE, LANDMARK_SIDE)
    return cv2.warpAffine(pixels, _for_opencv(square), side, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def lay_back(mask: np.ndarray, square: np.ndarray, width: int, height: int) -> np.ndarray:
    """Lays the landmark model's mask, float32 (256, 256), back into the picture: float32 (height, width)."""
    return cv2.warpAffine(mask, cv2.invertAffineTransform(_for_opencv(square)), (width, height), flags=_INVERSE)


_INVERSE = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


def _for_opencv(square: np.ndarray) -> np.ndarray:
    """Returns the same map for OpenCV, to whom a pixel's centre lies at its whole number."""
    moved = square.copy()
    moved[:, 2] += square[:, :2] @ (0.5, 0.5) - 0.5
    return moved


def _resize(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    smaller = width < pixels.shape[1]
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)


class PoseModel:
    """Both models, ready to look at pictures; one thread, so that each core may have one of its own."""

    def __init__(self, folder: Path) -> None:
        """Loads the models.

        Args:
            folder: What :func:`find_models` found.
        """
        self._detector = _Network(folder / DETECTION.name)
        self._landmarker = _Network(folder / LANDMARKS.name)
        self._anchors = make_anchors()

    def find(self, pixels: np.ndarray) -> People:
        """Finds people.

        Args:
            pixels: RGB, uint8 (height, width, 3) in [0, 255].
        """
        height, width = pixels.shape[:2]
        detections = self.detect(pixels)
        if not detections:
            return People(None)
        main = detections.pop(choose_main(detections, width, height))
        second = max((other.size for other in detections), default=0.0) / max(main.size, 1.0)
        person = self.find_landmarks(pixels, main)
        certain = main.score >= CERTAIN and person.presence >= PRESENT
        return People(person if certain else None, main.score, second, person.presence)

    def detect(self, pixels: np.ndarray) -> list[Detection]:
        """Returns everybody whom the detector sees, in pixels of the picture, the most certain first."""
        square, scale, corner = letterbox(pixels, DETECTOR_SIDE)
        boxes, scores = self._detector.run(square.astype(np.float32) / np.float32(127.5) - np.float32(1))
        found = merge(decode(boxes[0], scores[0, :, 0], self._anchors))
        return [
            Detection(each.score, (each.box - (corner * 2)) / scale, (each.points - corner) / scale) for each in found
        ]

    def find_landmarks(self, pixels: np.ndarray, detection: Detection) -> Person:
        """Returns the landmarks and the mask of one whom the detector saw."""
        height, width = pixels.shape[:2]
        square = to_square(detection)
        view = crop_square(pixels, square).astype(np.float32) / np.float32(255)
        landmarks, presence, mask, _, world = self._landmarker.run(view)
        values = landmarks.reshape(ALL_LANDMARKS, 5)[:PERSON_LANDMARKS]
        turn = square[:, :2] / math.hypot(*square[:, 0])
        metres = world.reshape(ALL_LANDMARKS, 3)[:PERSON_LANDMARKS].copy()
        metres[:, :2] = metres[:, :2] @ turn.T
        return Person(
            float(presence[0, 0]),
            (values[:, :2] @ square[:, :2].T + square[:, 2]).astype(np.float32),
            _sigmoid(values[:, 3]),
            metres,
            lay_back(_sigmoid(mask[0, :, :, 0]), square, width, height),
        )


class _Network:
    """One TFLite file: a picture in, arrays out in the order of the file."""

    def __init__(self, path: Path) -> None:
        # Here, because everything else in the package runs without it.
        from ai_edge_litert.interpreter import Interpreter

        with _hushed():
            self._interpreter = Interpreter(str(path), num_threads=1)
            self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]

    def run(self, picture: np.ndarray) -> list[np.ndarray]:
        self._interpreter.set_tensor(self._input, picture[None])
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """Keeps LiteRT from announcing its delegate on stderr: a line for each worker, and no setting turns it off."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return (1 / (1 + np.exp(-np.clip(values, -SCORE_CLIP / 2, SCORE_CLIP / 2)))).astype(np.float32)


# -- what the landmarks say ------------------------------------------------------------------------------------------


def yaw(person: Person) -> float:
    """Returns how far a person is turned away from the camera, in degrees from 0 to 180, to either side alike.

    0: the shoulders are square to the camera, seen from the front. 90: from the side. 180: from behind.
    """
    world = person.world.astype(np.float64)
    shoulders = world[LEFT_SHOULDER] - world[RIGHT_SHOULDER]
    spine = (world[[LEFT_SHOULDER, RIGHT_SHOULDER]].mean(axis=0) - world[[LEFT_HIP, RIGHT_HIP]].mean(axis=0))[:2]
    # Across the body, not across the picture: a photograph may lie on its side. Seen from the front, a person's left
    # is on the picture's right.
    across = shoulders[:2] @ (-spine[1], spine[0]) / max(float(np.linalg.norm(spine)), 1e-6)
    return math.degrees(abs(math.atan2(shoulders[2], across)))


def thighs(person: Person) -> float | None:
    """Returns how steeply the thighs hang, the steeper of both: 1 straight down, 0 level, as of one who sits.

    Returns:
        From 0 to 1; None where no thigh is in the picture and seen from hip to knee, or the knees are said to be so
        high above the hips that the model must have lost them, under a long skirt perhaps.
    """
    height, width = person.mask.shape
    highest = KNEES_ABOVE_HIPS * torso(person)[2]
    steepness = []
    for hip, knee in ((LEFT_HIP, LEFT_KNEE), (RIGHT_HIP, RIGHT_KNEE)):
        ends = person.landmarks[[hip, knee]]
        inside = (ends >= 0).all() and (ends < (width, height)).all()
        lost = ends[1, 1] < ends[0, 1] - highest
        if inside and not lost and (person.visibility[[hip, knee]] >= SEEN).all():
            thigh = (person.world[knee] - person.world[hip]).astype(np.float64)
            steepness.append(max(0.0, float(thigh[1])) / max(float(np.linalg.norm(thigh)), 1e-6))
    return max(steepness, default=None)


def torso(person: Person) -> tuple[float, float, float]:
    """Returns the torso's centre x and y, midway between shoulders and hips, and its length, in pixels."""
    points = person.landmarks.astype(np.float64)
    shoulders = (points[LEFT_SHOULDER] + points[RIGHT_SHOULDER]) / 2
    hips = (points[LEFT_HIP] + points[RIGHT_HIP]) / 2
    x, y = (shoulders + hips) / 2
    return float(x), float(y), float(np.linalg.norm(hips - shoulders))
