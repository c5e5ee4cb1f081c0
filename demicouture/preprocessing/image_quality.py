"""Measures of image quality that need no model: is a picture blurred, blank or drawn?

All measures look at a picture whose shorter side is at most :data:`SIDE` pixels, so that a bar means the same for a
telephone's photograph and for a web shop's.
"""

from __future__ import annotations

import cv2
import numpy as np

SIDE = 256
"""Pixels of the shorter side: twice the data set's 128, so what is sharp here is sharp there. Smaller pictures are
measured as they are: whoever enlarges one gains nothing."""

MIN_SHARPNESS = 0.3
"""Sharpness below this is blurred: an edge as wide as under a Gaussian of 1.5 pixels at :data:`SIDE`. Measured on 1,389
photographs: the least sharp has 0.39 and is a little soft to the eye, so none is called blurred. Of 240 of them under a
Gaussian of 2 pixels 98% are, of 1.5 pixels 74%, of 1 pixel none; of the same enlarged from 64 pixels 90%. Blur along
one direction, a moving hand's, goes unseen: of 12 pixels' motion 8% are found."""

MIN_CONTRAST = 0.1
"""Contrast below this is blank: 25 of 255 levels. Of 1,389 photographs the faintest has 0.35; of 400 garments cut out
and laid on pure white, white ones among them, 0.28."""

MAX_FLATNESS = 0.86
"""Flatness above this is a drawing, a logo or a few words. Of 1,389 photographs the flattest has 0.66; of 400 garments
cut out and laid on pure white one, black without a fold, is above it (0.93), and the next has 0.84. Of 200 drawings
made for the purpose 85% of logos, 85% of line drawings, half of flat clip art, a quarter of bar charts and no page of
small text are found: what is all edges may be a pattern."""


def sharpness(pixels: np.ndarray) -> float:
    """Returns how much of the slope of a picture's sharpest edges goes when it is blurred a little.

    An edge that a Gaussian of s pixels has widened gives 1 - s / sqrt(s² + 1.5²), whatever its contrast: 0.6 where
    it is as sharp as pixels allow, 0.3 at s = 1.5 and 0.1 at s = 3. Only the steepest edges count, and of these the
    sharpest tenth, so neither a plain garment nor an unsharp background lowers it. Without any edge it is 0: look at
    :func:`contrast` first.

    Args:
        pixels: uint8 (height, width, 3) in [0, 255].

    Source:
        Zhuo and Sim, "Defocus map estimation from a single image", Pattern Recognition 44 (2011), section 3.
    """
    grey = downscale(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)).astype(np.float32)
    slopes = _slopes(grey).ravel()
    blurred = _slopes(cv2.GaussianBlur(grey, (0, 0), 1.5)).ravel()
    # One pixel in fifty lies on a steep edge: the outline alone of a garment that fills half of the picture.
    edges = np.argpartition(blurred, -max(1, blurred.size // 50))[-max(1, blurred.size // 50) :]
    # A tenth of a level in the denominator, so that rounding in an even picture is no edge.
    kept = np.quantile(slopes[edges] / (blurred[edges] + 0.1), 0.9)
    return float(max(0, 1 - 1 / max(kept, 1)))


def contrast(pixels: np.ndarray) -> float:
    """Returns the range of a picture's brightness or of one of its colours, whichever is largest, in [0, 1].

    One pixel in two hundred is left out at either end, and noise is averaged away first.

    Args:
        pixels: uint8 (height, width, 3) in [0, 255].

    Source:
        Our choice; 64 pixels, because nothing smaller is left of the picture in training either.
    """
    channels = np.ascontiguousarray(downscale(pixels, 64).reshape(-1, 3).T)  # uint8 (3, places)
    low, high = np.quantile(channels, (0.005, 0.995), axis=1)
    return float((high - low).max() / 255)


def flatness(pixels: np.ndarray) -> float:
    """Returns how nearly a picture consists of even areas and a few hard edges, as drawings, logos and text do.

    In a photograph brightness changes nearly everywhere a little: folds, shadows, cloth. Slopes count as hard from
    8 levels a pixel and as soft between 1.2 and 8 where no hard one is within 3 pixels. From 1 is taken away the area
    of hard slopes (a striped shirt is all edges, and no drawing) or twice the share of the soft among all slopes,
    whichever is more. The picture is softened by one pixel first: film grain and JPEG's blocks are no shading.

    Args:
        pixels: uint8 (height, width, 3) in [0, 255].

    Returns:
        A number in [0, 1].

    Source:
        Our choice. Few colours, the usual sign, did not help: plain garments on plain backgrounds have few too.
    """
    red, green, blue = (_slopes(channel) for channel in cv2.split(cv2.GaussianBlur(downscale(pixels), (0, 0), 1)))
    slopes = cv2.max(cv2.max(red, green), blue)
    hard = slopes >= 8
    near = cv2.dilate(hard.view(np.uint8), np.ones((7, 7), np.uint8)).view(bool)
    hard_share, soft_share = hard.mean(), ((slopes > 1.2) & ~near).mean()
    shading = soft_share / max(hard_share + soft_share, 1e-9)
    return float(max(0, 1 - max(2 * shading, hard_share)))


def downscale(pixels: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Returns a picture with a shorter side of at most ``side`` pixels.

    All measures begin with it, and do nothing where it was done before: who takes several reduces once.
    """
    height, width = pixels.shape[:2]
    scale = side / min(height, width)
    if scale >= 1:
        return pixels
    return cv2.resize(pixels, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)


def _slopes(pixels: np.ndarray) -> np.ndarray:
    """Returns the slope at each pixel of one channel in levels a pixel, float32 (height, width)."""
    across, down = cv2.Sobel(pixels, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(pixels, cv2.CV_32F, 0, 1, scale=1 / 8)
    return cv2.magnitude(across, down)
