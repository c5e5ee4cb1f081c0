"""A photograph of one's own, made ready as the data set's pictures were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from demicouture import files, runs
from demicouture.errors import InputError, PictureError
from demicouture.images import open_picture
from demicouture.language import _
from demicouture.preprocessing import image_features, pose

GRAIN = 0.15
"""The least correlation of neighbouring pixels in a picture of anything. Of 250 photographs at 256 pixels it was 0.53
and more, of 900 pictures of data sets at 32 and 64 pixels 0.2 and more; of noise of any size it was below 0.01. Noise
has to be known before it is cut out: on a plain ground it passes for a grey, grainy garment."""


def read_photograph(flag: str, path: Path, size: int, data: Path) -> np.ndarray:
    """Returns a photograph as the generator knows such pictures: cut out, on the data set's background, and small.

    A square of the generator's own size is a picture of a data set, or a design, and is taken as it is.

    Args:
        flag: What asks for it, for messages.
        path: The file.
        size: The side of the generator's pictures, in pixels.
        data: The data set, whose ``options.json`` says what was cut out; without one, the garment.

    Returns:
        uint8 (size, size, 3) in [0, 255].

    Raises:
        InputError: The file is no picture that can be used, or it shows nothing but noise.
    """
    try:
        whole = open_picture(path)
    except PictureError as error:
        raise InputError(
            _("{flag} {path}: {error}; expected a photograph, or numbers of designs").format(
                flag=flag, path=path, error=_(str(error))
            )
        ) from None
    looked_at = whole.copy()
    looked_at.thumbnail((image_features.WORKING_SIDE, image_features.WORKING_SIDE), Image.Resampling.BOX)
    if correlation(np.asarray(looked_at)) < GRAIN:
        raise InputError(
            _("{flag} {path}: shows nothing but noise, so no design is near it; take a garment's photograph").format(
                flag=flag, path=path
            )
        )
    if whole.size == (size, size):
        return np.asarray(whole)
    found = pose.find_models()
    features = image_features.extract_features(image_features.FeatureTask(path, found))
    options = _options(data)
    subject, is_plain = options.get("subject", image_features.FIGURE), options.get("background") != "keep"
    what = path, files.hash_file(path), features.width, features.height, features.box_of(subject)
    cut = image_features.Crop(*what, size, is_plain, found, subject=subject)
    return np.asarray(open_picture(image_features.make_crop(cut)))


def correlation(pixels: np.ndarray) -> float:
    """Returns how much neighbouring pixels have in common: 0 in noise, 1 where nothing differs.

    Args:
        pixels: uint8 (height, width, 3), at least 2×2.

    Returns:
        Pearson's correlation of grey values with those of their right neighbours, or of their lower ones if that is
        less.
    """
    grey = pixels.mean(axis=2)
    pairs = ((grey[:, 1:], grey[:, :-1]), (grey[1:], grey[:-1]))
    if any(side.std() < 1e-6 for pair in pairs for side in pair):
        return 1.0
    return float(min(np.corrcoef(first.ravel(), second.ravel())[0, 1] for first, second in pairs))


def _options(data: Path) -> dict[str, Any]:
    """Returns how a data set was cut; where nothing says it, as preprocess.py does by itself."""
    if not (data / "options.json").exists():
        return {"subject": image_features.GARMENT}
    return runs.read_options(data)["options"]
