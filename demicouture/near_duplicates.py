"""Near duplicates: the same photograph in another size, encoding, brightness or crop, found by its thumbnail."""

from __future__ import annotations

import cv2
import numpy as np

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
"""Pixels. 24 separated copies from others no better, at twice the bytes."""


_CHUNK = 128
"""Rows of hashes, or pairs of thumbnails, that are compared at a time: they stay in the processor's cache."""


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


def find_near_duplicates(thumbnails: np.ndarray) -> np.ndarray:
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
