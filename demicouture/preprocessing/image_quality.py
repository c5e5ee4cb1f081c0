"""What one picture says about itself without any model: is it blurred, blank, or drawn, and which others are copies?

All measures look at a picture whose shorter side is at most :data:`SIDE` pixels, so that a bar means the same for a
telephone's photograph and for a web shop's.
"""

from __future__ import annotations

import cv2
import numpy as np

SIDE = 256
"""Pixels of the shorter side: twice the data set's 128, so what is sharp here is sharp there. Smaller pictures are
measured as they are: whoever enlarges one gains nothing."""

BLURRED = 0.3
"""Sharpness below this is blurred: an edge as wide as under a Gaussian of 1.5 pixels at :data:`SIDE`. Measured on 1,389
photographs: the least sharp has 0.39 and is a little soft to the eye, so none is called blurred. Of 240 of them under a
Gaussian of 2 pixels 98% are, of 1.5 pixels 74%, of 1 pixel none; of the same enlarged from 64 pixels 90%. Blur along
one direction, a moving hand's, goes unseen: of 12 pixels' motion 8% are found."""

BLANK = 0.1
"""Contrast below this is blank: 25 of 255 levels. Of 1,389 photographs the faintest has 0.35; of 400 garments cut out
and laid on pure white, white ones among them, 0.28."""

DRAWN = 0.86
"""Flatness above this is a drawing, a logo or a few words. Of 1,389 photographs the flattest has 0.66; of 400 garments
cut out and laid on pure white one, black without a fold, is above it (0.93), and the next has 0.84. Of 200 drawings
made for the purpose 85% of logos, 85% of line drawings, half of flat clip art, a quarter of bar charts and no page of
small text are found: what is all edges may be a pattern."""

RELATED, RELATED_LIGHT = 42, 20
"""Bits of 189, and of the 63 of brightness among them, in which the hashes of two copies may differ. 98% of copies that
lost 4% on every side are within both, and of pairs of different photographs 2 in 100,000, which are then compared in
full. Without the second all pairs of black-and-white photographs, which differ in brightness alone, would be."""

SAME = 0.07
"""What may be left of a picture's contrast when its copy is laid on it. Of different photographs the closest pair has
0.14 (two dark blue jackets on one hanger), of drawn garments 0.075. Of 500 copies of photographs all are found after
JPEG at quality 40 to 90 or resizing to 50 to 150%, 98% after brightening, 95% after cropping up to 4% on each side, and
90% after all of these together. One pair of the 1,389 photographs is found, and it is one."""

GAIN = 0.6
"""A copy's contrast is at least this part of the other's; otherwise every picture would fit on a blank one."""

THUMBNAIL_SIDE = 16
"""Pixels. 24 told copies from others no better, at twice the bytes."""

_CHUNK = 128
"""Rows of hashes, or pairs of thumbnails, that are compared at a time: they stay in the processor's cache."""


def sharpness(pixels: np.ndarray) -> float:
    """Returns how much of the slope of a picture's sharpest edges goes when it is blurred a little.

    An edge that a Gaussian of s pixels has widened gives 1 - s / sqrt(s² + 1.5²), whatever its contrast: 0.6 where
    it is as sharp as pixels allow, 0.3 at s = 1.5 and 0.1 at s = 3. Only the steepest edges count, and of these the
    sharpest tenth, so neither a plain garment nor an unsharp ground is held against a picture. Without any edge it is
    0: look at :func:`contrast` first.

    Args:
        pixels: uint8 (height, width, 3) in [0, 255].

    Source:
        Zhuo and Sim, "Defocus map estimation from a single image", Pattern Recognition 44 (2011), section 3.
    """
    grey = reduce(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)).astype(np.float32)
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
    channels = np.ascontiguousarray(reduce(pixels, 64).reshape(-1, 3).T)  # uint8 (3, places)
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
        Our choice. Few colours, the usual sign, told nothing: plain garments on plain grounds have few too.
    """
    red, green, blue = (_slopes(channel) for channel in cv2.split(cv2.GaussianBlur(reduce(pixels), (0, 0), 1)))
    slopes = cv2.max(cv2.max(red, green), blue)
    hard = slopes >= 8
    near = cv2.dilate(hard.view(np.uint8), np.ones((7, 7), np.uint8)).view(bool)
    hard_share, soft_share = hard.mean(), ((slopes > 1.2) & ~near).mean()
    shading = soft_share / max(hard_share + soft_share, 1e-9)
    return float(max(0, 1 - max(2 * shading, hard_share)))


def thumbnail(pixels: np.ndarray) -> np.ndarray:
    """Returns a tiny picture by which copies are found.

    It is square whatever the picture's shape, and softened, because otherwise it would change with every pixel
    that is cropped away.

    Args:
        pixels: uint8 (height, width, 3) in [0, 255].

    Returns:
        uint8 (THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3) in [0, 255].
    """
    small = cv2.resize(pixels, (64, 64), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 0.6 * 64 / THUMBNAIL_SIDE, borderType=cv2.BORDER_REPLICATE)
    return cv2.resize(small, (THUMBNAIL_SIDE, THUMBNAIL_SIDE), interpolation=cv2.INTER_AREA)


def find_twins(thumbnails: np.ndarray) -> np.ndarray:
    """Finds pictures that show the same photograph: encoded anew, resized, a little brighter, or cropped by up to 4%.

    Args:
        thumbnails: uint8 (n, THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3) in [0, 255].

    Returns:
        int64 (pairs, 2): the rows of each pair, the smaller first, sorted. A copy of a copy need not be a pair.
    """
    hashes = perceptual_hash(thumbnails)
    related = [np.empty((0, 2), np.int64)]
    for start in range(0, len(hashes), _CHUNK):
        rows = hashes[start : start + _CHUNK, np.newaxis]  # (chunk, 1, 3)
        light, red, blue = (np.bitwise_count(rows[..., word] ^ hashes[start:, word]) for word in range(3))
        first, second = np.nonzero((light <= RELATED_LIGHT) & (light + red + blue <= RELATED))
        later = second > first
        related.append(np.stack([first[later], second[later]], axis=1) + start)
    pairs = np.concatenate(related)
    return pairs[_are_same(thumbnails, pairs)]


def perceptual_hash(thumbnails: np.ndarray) -> np.ndarray:
    """Returns three words for each thumbnail; copies differ in few bits.

    For brightness and both colour differences: which of the 63 lowest frequencies lie above their median.

    Args:
        thumbnails: uint8 (n, THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3) in [0, 255].

    Returns:
        uint64 (n, 3).

    Source:
        Krawetz, "Looks like it", hackerfactor.com (2011), of brightness alone. With colours, of pairs of different
        photographs a tenth as many are within the same reach.
    """
    side = THUMBNAIL_SIDE
    frequencies, places = np.mgrid[:8, :side]
    cosines = np.cos(np.pi * frequencies * (places + 0.5) / side).astype(np.float32)  # DCT-II, (8, side)
    luma = np.array([0.299, 0.587, 0.114], np.float32)
    channels = np.stack([luma, np.array([1, 0, 0], np.float32) - luma, np.array([0, 0, 1], np.float32) - luma])
    bits_of = np.uint64(1) << np.arange(63, dtype=np.uint64)
    hashes = np.empty((len(thumbnails), 3), np.uint64)
    for start in range(0, len(thumbnails), _CHUNK):
        planes = np.moveaxis(thumbnails[start : start + _CHUNK] @ channels.T, -1, 1)  # (chunk, 3, side, side)
        lowest = (cosines @ planes @ cosines.T).reshape(-1, 3, 64)[..., 1:]
        # Where a plane is even, as both colour differences of a grey picture are, rounding must not decide.
        bits = lowest > np.maximum(np.median(lowest, axis=2, keepdims=True), 1e-2)
        hashes[start : start + _CHUNK] = np.where(bits, bits_of, np.uint64(0)).sum(axis=2)
    return hashes


def _are_same(thumbnails: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    same = np.zeros(len(pairs), bool)
    for start in range(0, len(pairs), _CHUNK):
        chunk = np.arange(start, min(start + _CHUNK, len(pairs)))
        # The first step shows most pairs to be different pictures.
        chunk = chunk[_difference(thumbnails[pairs[chunk, 0]], thumbnails[pairs[chunk, 1]], 0) < 4 * SAME]
        # Either may be the one that was cropped, and what was cropped away cannot be made up.
        for one, other in ((0, 1), (1, 0)):
            open_ones = chunk[~same[chunk]]
            first, second = thumbnails[pairs[open_ones, one]], thumbnails[pairs[open_ones, other]]
            same[open_ones] = _difference(first, second, 3) < SAME
    return same


def _difference(originals: np.ndarray, copies: np.ndarray, steps: int) -> np.ndarray:
    """Returns what is left of each copy's contrast when the original is laid on it as well as can be, float32 (n,).

    The original may be shifted and stretched along either axis, and its brightness and contrast changed: six numbers,
    found by least squares.

    Args:
        originals: uint8 (n, side, side, 3).
        copies: uint8 (n, side, side, 3).
        steps: How many times the shift and the stretch are improved; 0 solves for all six at once, and roughly.

    Source:
        Lucas and Kanade, "An iterative image registration technique", IJCAI 1981.
    """
    count, side = originals.shape[:2]
    places = np.linspace(-1, 1, side, dtype=np.float32)
    across, down = places[:, np.newaxis], places[:, np.newaxis, np.newaxis]
    values = 3 * (side - 2) ** 2  # Without the outermost pixels, where slopes are one-sided.
    originals, wanted = originals.astype(np.float32), copies[:, 1:-1, 1:-1].reshape(count, values, 1).astype(np.float32)
    shift, stretch = np.zeros((2, count), np.float32), np.ones((2, count), np.float32)
    for step in range(steps + 1):
        moved = _resample(originals, shift, stretch, places) if step else originals
        terms = [np.ones_like(moved), moved]
        if step < steps or steps == 0:
            slope_down, slope_across = np.gradient(moved, places[1] - places[0], axis=(1, 2))
            terms += [slope_across, slope_down, slope_across * across, slope_down * down]
        inner = np.stack([term[:, 1:-1, 1:-1].reshape(count, values) for term in terms], axis=2)  # (n, values, terms)
        products = inner.transpose(0, 2, 1) @ inner + np.eye(len(terms), dtype=np.float32)  # Solvable for blanks too.
        weights = np.linalg.solve(products, inner.transpose(0, 2, 1) @ wanted)  # (n, terms, 1)
        if step == steps:
            break
        change = weights[:, 2:, 0].T / np.maximum(np.abs(weights[:, 1, 0]), 0.2)
        # A crop of 4% on each side moves no place by more than 0.08, in halves of the side; beyond, it is no copy.
        shift = np.clip(shift + change[:2], -0.1, 0.1)
        stretch = np.clip(stretch + change[2:], 0.88, 1.12)
    left = wanted - inner @ weights
    difference = np.sqrt((left**2).mean(axis=(1, 2))) / (wanted.std(axis=(1, 2)) + 1)
    gain = weights[:, 1, 0]
    return np.where((gain > GAIN) & (gain < 1 / GAIN), difference, np.inf)


def _resample(pictures: np.ndarray, shift: np.ndarray, stretch: np.ndarray, places: np.ndarray) -> np.ndarray:
    count, side = pictures.shape[:2]
    middle = (side - 1) / 2
    wanted = np.clip((shift[..., np.newaxis] + stretch[..., np.newaxis] * places + 1) * middle, 0, side - 1)
    # Linear interpolation as one matrix for each axis: weight 1 - d of every pixel at a distance d below 1.
    matrices = np.maximum(0, 1 - np.abs(wanted[..., np.newaxis] - np.arange(side, dtype=np.float32)))
    rows = (matrices[1] @ pictures.reshape(count, side, 3 * side)).reshape(pictures.shape)
    return matrices[0][:, np.newaxis] @ rows


def reduce(pixels: np.ndarray, side: int = SIDE) -> np.ndarray:
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
