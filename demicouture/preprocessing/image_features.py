"""The features of one scraped picture, extracted in a worker process; its crop; and the log of features."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from demicouture import near_duplicates
from demicouture.errors import PictureError
from demicouture.files import parse_json, seal, write_text
from demicouture.images import is_strip, open_reduced
from demicouture.preprocessing import cropping, descriptors, image_quality, segmentation
from demicouture.preprocessing.cropping import OVERSAMPLING, Box
from demicouture.preprocessing.pose import People, Person, PoseModel, thighs, torso, yaw
from demicouture.preprocessing.records import STRIP
from demicouture.preprocessing.worn_garment import find_worn_garment

GARMENT, FIGURE = SUBJECTS = ("garment", "figure")
"""What is left of a person: the garment alone, or all from the chin to the hips."""

WORKING_SIDE = 256
"""The shorter side, in pixels, at which features are extracted: what BlazePose and GrabCut see is smaller still."""


@dataclass(frozen=True)
class ImageFeatures:
    """The features of a picture: its box, its quality, who is in it, and what it looks like.

    Attributes:
        reason: Why it cannot be used, or nothing.
        width: Of the upright original in pixels; None where it cannot be used, like all that follow.
        height: Of the upright original in pixels.
        box: The square to crop of the whole figure, or of a garment that nobody wears.
        contrast: See :func:`demicouture.preprocessing.image_quality.contrast`.
        sharpness: See :func:`demicouture.preprocessing.image_quality.sharpness`.
        flatness: See :func:`demicouture.preprocessing.image_quality.flatness`.
        detected: The detector's score of a person, in [0, 1]; None where the models were not there.
        person: The landmark model's presence of the same person, in [0, 1].
        yaw: Degrees by which the person's shoulders are turned from the camera, in [0, 180]; None without a person.
        thighs: How upright the thighs are, in [0, 1]; None where they are not to be seen.
        second: How large a second person is, in parts of the first.
        garment: The part of the picture that the garment takes, in [0, 1]; None where a person was found.
        garment_box: The square to crop of the garment alone, worn or not, framed alike; None where none was found, or
            where it could not be told from the person.
        thumbnail_base64: The picture's thumbnail, for finding near duplicates; base64.
        descriptor_base64: The descriptor of the crop without its background; base64.
    """

    reason: str = ""
    width: int | None = None
    height: int | None = None
    box: Box | None = None
    contrast: float | None = None
    sharpness: float | None = None
    flatness: float | None = None
    detected: float | None = None
    person: float | None = None
    yaw: float | None = None
    thighs: float | None = None
    second: float | None = None
    garment: float | None = None
    garment_box: Box | None = None
    thumbnail_base64: str = ""
    descriptor_base64: str = ""

    def box_of(self, subject: str) -> Box | None:
        """Returns the square to crop, by rule, for one of :data:`SUBJECTS`; the figure's where no garment was found."""
        return self.garment_box if subject == GARMENT and self.garment_box else self.box

    def thumbnail(self) -> np.ndarray:
        """Returns the picture's thumbnail, uint8 (side, side, 3); see :func:`demicouture.near_duplicates.thumbnail`."""
        values = np.frombuffer(base64.b64decode(self.thumbnail_base64), np.uint8)
        return values.reshape(near_duplicates.THUMBNAIL_SIDE, near_duplicates.THUMBNAIL_SIDE, 3)

    def descriptor(self) -> np.ndarray:
        """Returns the crop's descriptor, uint8; see :func:`demicouture.preprocessing.descriptors.describe`."""
        return np.frombuffer(base64.b64decode(self.descriptor_base64), np.uint8)


@dataclass(frozen=True)
class FeatureTask:
    """One picture to extract features from.

    Attributes:
        path: The file.
        models: The folder of BlazePose's models; None where they are not there.
    """

    path: Path
    models: Path | None = None


@dataclass(frozen=True)
class Crop:
    """One picture to crop.

    Attributes:
        path: The file.
        sha256: Of its bytes.
        width: Of the upright original, in pixels.
        height: Of the upright original, in pixels.
        box: What to crop, in pixels of the upright original.
        size: The side of the result in pixels.
        plain: Whether its background is replaced by a plain one.
        models: The folder of BlazePose's models; None where they are not there.
        subject: What is left of a person before a plain background: the garment or the whole figure.
    """

    path: Path
    sha256: str
    width: int
    height: int
    box: Box
    size: int
    plain: bool = False
    models: Path | None = None
    subject: str = FIGURE

    @property
    def source(self) -> str:
        """What the crop is made from, and how: which pixels are background depends on whether people are seen."""
        if not self.plain:
            return self.sha256
        how = f"{self.sha256} plain {'with' if self.models else 'without'} models"
        return how if self.subject == FIGURE else f"{how} {self.subject}"


@dataclass(frozen=True)
class Subject:
    """What a picture is of.

    Attributes:
        mask: float32 (height, width) in [0, 1]: 1 on the person or the garment, 0 on the background.
        box: The square to crop, in pixels of the picture given.
        person: The person, where one was found.
        people: What BlazePose found; None where the models are not there.
    """

    mask: np.ndarray
    box: Box
    person: Person | None
    people: People | None


def find_subject(pixels: np.ndarray, models: Path | None) -> Subject:
    """Returns what a picture is of: a person, or else a garment.

    Args:
        pixels: uint8 (height, width, 3) in [0, 255].
        models: The folder of BlazePose's models; None finds garments only.
    """
    height, width = pixels.shape[:2]
    people = _pose_model(models).find(pixels) if models else None
    if people and people.person:
        mask = people.person.mask
        box = cropping.person_box(*torso(people.person))
        return Subject(mask, box, people.person, people)
    mask = segmentation.garment_mask(pixels)
    box = segmentation.mask_box(mask)
    if box is None:
        mask, box = np.zeros_like(mask), cropping.centre_box(width, height)
    else:
        box = cropping.garment_box(box)
    return Subject(mask.astype(np.float32), box, None, people)


def frame_garment(pixels: np.ndarray, subject: Subject) -> Box | None:
    """Returns the square around the garment alone, with the same margin whether somebody wears it or not.

    Args:
        pixels: uint8 (height, width, 3) in [0, 255].
        subject: What it is of.

    Returns:
        In pixels of the picture given; None where there is no garment, or none that can be told from the person.
    """
    worn = find_worn_garment(pixels, subject.person) if subject.person else None
    box = worn.box if worn else None if subject.person else segmentation.mask_box(subject.mask > 0.5)
    return box and cropping.garment_box(box, cropping.ALIKE)


@lru_cache(maxsize=1)
def _pose_model(folder: Path) -> PoseModel:
    return PoseModel(folder)


def extract_features(task: FeatureTask) -> ImageFeatures:
    """Returns the features of a picture, or the reason why it has none."""
    try:
        if is_strip(task.path):  # Before it costs: GrabCut on a panorama takes a minute.
            return ImageFeatures(STRIP)
        found = open_reduced(task.path, WORKING_SIDE)
    except PictureError as error:
        return ImageFeatures(str(error))
    pixels = np.asarray(_downscale(found.image, WORKING_SIDE))
    subject = find_subject(pixels, task.models)
    scale = found.width / pixels.shape[1]
    person = subject.person
    framed = frame_garment(pixels, subject)
    return ImageFeatures(
        "",
        found.width,
        found.height,
        _scale(subject.box, scale),
        image_quality.contrast(pixels),
        image_quality.sharpness(pixels),
        image_quality.flatness(pixels),
        detected=subject.people and subject.people.score,
        person=subject.people and subject.people.presence,
        yaw=yaw(person) if person else None,
        thighs=thighs(person) if person else None,
        second=subject.people.second if person else None,
        garment=None if person else float(np.mean(subject.mask)),
        garment_box=_scale(framed, scale) if framed else None,
        thumbnail_base64=_to_text(near_duplicates.thumbnail(pixels)),
        descriptor_base64=_to_text(
            descriptors.describe(*crop_subject(pixels, subject.mask, subject.box, 2 * descriptors.SIDE))
        ),
    )


def is_outdated(features: ImageFeatures, models: Path | None) -> bool:
    """Returns whether features are to be extracted again: it was done before the models were there."""
    return models is not None and not features.reason and features.person is None


def make_crop(task: Crop) -> bytes:
    """Returns the square that is cropped out of a picture, as a PNG file that names its source."""
    left, top, right, bottom = cropping.square_around(task.box)
    # A box may be a small part of a large picture, which then is decoded at a larger scale.
    part = min(1.0, (right - left) / min(task.width, task.height))
    found = open_reduced(task.path, math.ceil(OVERSAMPLING * task.size / part))
    image = None
    if task.plain:
        # From a larger scale the models might see it otherwise than when the garment's box was found.
        seen = open_reduced(task.path, WORKING_SIDE) if task.subject == GARMENT else found
        pixels = np.asarray(_downscale(seen.image, WORKING_SIDE))
        subject = find_subject(pixels, task.models)
        if subject.mask.any():
            mask, covered = _mask_of(pixels, subject, task.subject)
            scale = pixels.shape[1] / seen.width
            box = tuple(edge * scale for edge in task.box)
            # At twice the size, and then reduced: the mask's edge would show its steps otherwise.
            large = np.asarray(cropping.crop(found, task.box, OVERSAMPLING * task.size))
            mask = segmentation.refine(large, crop_subject(pixels, mask, box, len(large))[1])
            if covered.any():
                large = segmentation.fill(large, mask, crop_subject(pixels, covered, box, len(large))[1])
            laid = segmentation.lay_on(large, mask)
            image = Image.fromarray(cv2.resize(laid, (task.size, task.size), interpolation=cv2.INTER_AREA))
    return cropping.encode(image or cropping.crop(found, task.box, task.size), task.source, task.box)


def _mask_of(pixels: np.ndarray, subject: Subject, kept: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns the soft mask of what is kept of a picture, and where a hand covers it: float32 (height, width)."""
    nothing = np.zeros_like(subject.mask)
    if not subject.person:
        return segmentation.soften(subject.mask > 0.5), nothing
    worn = find_worn_garment(pixels, subject.person) if kept == GARMENT else None
    return (worn.mask, worn.covered) if worn else (subject.mask, nothing)


def crop_subject(
    pixels: np.ndarray, mask: np.ndarray, box: tuple[float, float, float, float], side: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the square in ``box`` and the mask there; outside the picture nothing is subject.

    Args:
        pixels: uint8 (height, width, 3) in [0, 255].
        mask: float32 (height, width) in [0, 1].
        box: left, top, right, bottom in pixels.
        side: Of the result, in pixels.

    Returns:
        uint8 (side, side, 3) and float32 (side, side).
    """
    left, top, right, bottom = box
    scale = side / max(right - left, bottom - top)
    # Pixels' centres lie at half past their numbers; to OpenCV, at whole numbers.
    across, down = (
        (scale - 1) / 2 - scale * (low + high) / 2 + side / 2 for low, high in ((left, right), (top, bottom))
    )
    move = np.array([[scale, 0, across], [0, scale, down]])
    size, flags = (side, side), cv2.INTER_LINEAR
    if scale < 1:  # Sampled as it is, a weave would turn into a pattern.
        pixels, mask = cv2.blur(pixels, (3, 3)), cv2.blur(mask, (3, 3))
    return cv2.warpAffine(pixels, move, size, flags=flags), cv2.warpAffine(mask, move, size, flags=flags)


def _scale(square: Box, scale: float) -> Box:
    """Returns a square in pixels of a larger picture; it stays a square, which rounding each edge would not do."""
    left, top, side = (round(value * scale) for value in (square[0], square[1], square[2] - square[0]))
    return left, top, left + side, top + side


def _to_text(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode()


def _downscale(image: Image.Image, shorter_side: int) -> Image.Image:
    """Returns a picture whose shorter side has at most so many pixels."""
    scale = shorter_side / min(image.size)
    if scale >= 1:
        return image
    size = round(image.width * scale), round(image.height * scale)
    return image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)


def read_log(path: Path) -> dict[str, ImageFeatures]:
    """Returns what earlier runs found, by SHA-256.

    Lines that a killed run left unfinished, lines that were changed since, and lines of a version that measured other
    things, are passed over.
    """
    known: dict[str, ImageFeatures] = {}
    names = {field.name for field in fields(ImageFeatures)}
    for line in path.read_text("utf-8", errors="replace").splitlines() if path.exists() else ():
        try:
            values = parse_json(line)
            whole = values.pop("seal") == seal(values)  # before anything else is taken out of it
            sha256 = values.pop("sha256")
            if whole and set(values) == names:
                boxes = {name: values[name] and tuple(values[name]) for name in ("box", "garment_box")}
                known[sha256] = ImageFeatures(**values | boxes)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return known


def write_log(path: Path, known: Mapping[str, ImageFeatures]) -> None:
    """Writes the log of what is known anew, atomically and in the order of the hashes."""
    write_text(path, "".join(_to_line(sha256, known[sha256]) for sha256 in sorted(known)))


class Log:
    """The log of what was found, which grows line by line, so that a killed run loses no more than one picture."""

    def __init__(self, path: Path, known: dict[str, ImageFeatures]) -> None:
        """Opens the log.

        Args:
            path: The file, which is made where it is missing.
            known: What is in it already; what is added to the log is added here too.
        """
        self.known = known
        write_log(path, known)  # A killed run may have left the last line unfinished.
        self._file = open(path, "a", encoding="utf-8", buffering=1)

    def add(self, sha256: str, features: ImageFeatures) -> None:
        """Adds what was found in one picture."""
        self.known[sha256] = features
        self._file.write(_to_line(sha256, features))

    def __enter__(self) -> Log:
        """Returns the log itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Closes the file."""
        self._file.close()


def _to_line(sha256: str, features: ImageFeatures) -> str:
    values = {"sha256": sha256, **asdict(features)}
    return json.dumps({**values, "seal": seal(values)}) + "\n"
