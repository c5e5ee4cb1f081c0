"""Segmentation: which pixels are garment or figure and which are background; and one plain background for all pictures.

Source: Rother, Kolmogorov and Blake, "GrabCut", 2004, in OpenCV's implementation. Our own: it looks at CIE L*a*b*,
where equal steps look equal; and the colours to begin with are learned from a part of the pixels, which takes a third
of the time of OpenCV's own start, for the same masks.

A mask is as high and as wide as its picture: bool, or float32 in [0, 1]; 1 is garment or figure, 0 is background.
"""

from __future__ import annotations

import cv2
import numpy as np

from demicouture.preprocessing.cropping import Box

PLAIN = (236, 236, 236)
"""The plain background: a light grey. Of garments' pixels on casual photographs 1% lie within 12 levels of it, of
people's on street photographs 3%; of any grey from 150 to 210 it is 5% and 3%. White is left to what is white."""

WORKING_SIDE = 128
"""The longer side, in pixels, at which a garment is sought. At 256 it takes six times as long, and no more masks are
right; at 96 they share 0.92 of their union with those at 256, at 128 they share 0.95."""

REFINING_SIDE = 256
"""The longer side, in pixels, at which an edge is refined: twice a picture of the data set. At 192 it takes two thirds
of the time, and more background stays between sleeve and body."""

REMAINS = 0.7
"""The least part of a mask that refining must leave. Of 200 photographs of garments it took a quarter at most where it
was right, all of that background; 3 in which garment and background are of one colour lost more, and are left as they
were."""

INSET = 0.04
"""What is taken for background on every side of a photograph of a garment, in shorter sides. At 0.06 more sleeves are
lost that come near the edge; at 0.02 there is too little to learn a background from."""

CORE = 0.2
"""The radius of what is taken for garment in the middle of a photograph, in halves of its width and height. Without it
GrabCut loses 4 of 200 garments as a whole, whose colour comes close to their background's."""

ROUNDS = 2
"""GrabCut's rounds. After the first, pieces of floor remain; from the third on, pieces of striped garments go."""

MIDDLE, FILLED = 0.4, 0.74
"""The radius around the middle of a photograph, as CORE, whose colours are the garment's, and the least share of it
that a garment fills. Of 760 photographs 6 filled less: in all of them the garment reached the frame, so that its own
colour was taken for background."""

CORNER = 0.8
"""Where a photograph's corners begin, from its middle, in halves of its width and height: the last place for a
garment."""

LEAST, MOST = 0.14, 0.88
"""The shares of a photograph between which a mask may be a garment. Garments of 760 photographs filled 0.16 to 0.80 of
them; on blank paper and in noise GrabCut finds no more than the middle that it was given, 0.13."""

PIECE, HOLE = 0.05, 0.003
"""The least size of a piece of garment that is kept, and that of a hole, in parts of the largest piece. Larger holes
are background that shows between sleeve and body; smaller ones are buttons and prints."""

SURE = 0.9
"""From here on a soft mask is believed; under 1 less this, too. In between GrabCut decides."""

FOREIGN = 16.0
"""By how much, in log densities, the background must explain a colour better than the garment's middle does for it to
be background from the beginning. Otherwise GrabCut learns from the background between sleeve and body that it is a
garment's colour; at 12 it takes away parts of garments whose colours the middle lacks."""

EDGE, DEPTH, DOUBT = 2 / 128, 0.2, 0.85
"""How a garment's mask is softened, in sides of its picture: by EDGE where the edge may be, because it was found at a
smaller scale; and what lies less than DEPTH inside gets DOUBT, because background between sleeve and body is there."""

FEATHER = 0.5 / 128
"""The standard deviation of a mask's edge, in sides of its picture: half a pixel of the data set. At 0.75 dark garments
glow."""

COLOURS = 5
"""Colours of garment and of background, each a Gaussian: OpenCV's GrabCut knows no other number."""

SAMPLES = 2000
"""Pixels from which these colours are learned."""

LEAST_DENSITY = 1e-12
"""So that two colours that both models rule out are a draw."""

FLOOR = float(np.log(LEAST_DENSITY))
"""The least log density."""


def garment_mask(pixels: np.ndarray) -> np.ndarray:
    """Returns where the garment is on a photograph of one that nobody wears: laid flat, or on a hanger.

    Args:
        pixels: RGB, uint8 (height, width, 3) in [0, 255].

    Returns:
        bool (height, width).
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, WORKING_SIDE / max(height, width))
    size = max(16, round(width * scale)), max(16, round(height * scale))  # A strip too has a middle and corners.
    colours = cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2Lab)
    across, down = (np.abs((np.arange(side) + 0.5) / side * 2 - 1) for side in size)
    from_middle = np.hypot(across, down[:, None])
    depth = max(1, round(INSET * min(size)))
    frame = np.ones(colours.shape[:2], bool)
    frame[depth:-depth, depth:-depth] = False

    middle = from_middle < MIDDLE
    garment = likelihood(colours, learn_colours(colours[middle]))
    background = likelihood(colours, learn_colours(colours[frame]))
    trimap = np.where(background - garment > FOREIGN, cv2.GC_PR_BGD, cv2.GC_PR_FGD).astype(np.uint8)
    trimap[from_middle < CORE], trimap[frame] = cv2.GC_FGD, cv2.GC_BGD
    mask = mend(_grab_cut(colours, trimap))
    if mask[middle].mean() < FILLED:
        # The garment reaches the frame, and its colour is no background's there; the corners are the background's.
        corners = (across > CORNER) & (down[:, None] > CORNER)
        background = likelihood(colours, learn_colours(colours[corners]))
        trimap = np.where(frame & (background >= garment), cv2.GC_BGD, cv2.GC_PR_FGD).astype(np.uint8)
        trimap[middle] = cv2.GC_FGD
        mask = mend(_grab_cut(colours, trimap))
    return cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR) > 0.5


def mask_box(mask: np.ndarray) -> Box | None:
    """Returns the box of a garment's mask; None where it holds nearly nothing or nearly everything: no garment.

    Args:
        mask: bool (height, width).
    """
    if not LEAST <= mask.mean() <= MOST:
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def soften(mask: np.ndarray) -> np.ndarray:
    """Returns a garment's mask for :func:`refine`, with doubts where it was found at too small a scale.

    Args:
        mask: bool, or float32 in [0, 1]; (height, width).

    Returns:
        float32 (height, width) in [0, 1].
    """
    side = max(mask.shape)
    mask = (mask > 0.5).astype(np.float32)
    soft = cv2.GaussianBlur(mask, (0, 0), EDGE * side)
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    return np.where(inside > DEPTH * side, soft, np.minimum(soft, np.float32(DOUBT)))


def refine(pixels: np.ndarray, soft_mask: np.ndarray) -> np.ndarray:
    """Returns a soft mask with its edge where the picture has one, feathered.

    Twice the size of the data set's pictures is best: what is cut out there and then reduced has no steps.

    Args:
        pixels: RGB, uint8 (height, width, 3) in [0, 255]: the part that is cut out.
        soft_mask: float32 (height, width) in [0, 1]: of a person, or a garment's by :func:`soften`.

    Returns:
        float32 (height, width) in [0, 1].
    """
    height, width = soft_mask.shape
    scale = min(1.0, REFINING_SIDE / max(height, width))
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        pixels, soft_mask = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (pixels, soft_mask))
    colours = cv2.cvtColor(pixels, cv2.COLOR_RGB2Lab)
    inside, outside = soft_mask > SURE, soft_mask < 1 - SURE
    doubtful = ~inside & ~outside
    trimap = np.where(soft_mask > 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    if np.count_nonzero(inside) > PIECE * np.count_nonzero(soft_mask > 0.5) and outside.any() and doubtful.any():
        garment, background = (likelihood(colours[doubtful], learn_colours(colours[at])) for at in (inside, outside))
        trimap[doubtful] = np.where(background - garment > FOREIGN, cv2.GC_PR_BGD, trimap[doubtful])
    trimap[inside], trimap[outside] = cv2.GC_FGD, cv2.GC_BGD
    mask = mend(_grab_cut(colours, trimap))
    if np.count_nonzero(mask) < REMAINS * np.count_nonzero(soft_mask > 0.5):
        mask = soft_mask > 0.5
    mask = mask.astype(np.float32)
    mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.GaussianBlur(mask, (0, 0), FEATHER * max(height, width))


def lay_on(pixels: np.ndarray, mask: np.ndarray, colour: tuple[int, int, int] = PLAIN) -> np.ndarray:
    """Returns what the mask shows, on one plain background.

    On the feathered edge a picture's own pixels hold some of the old background, which would stay as a halo; they get
    the colour of the garment beside them instead.

    Args:
        pixels: RGB, uint8 (height, width, 3) in [0, 255].
        mask: float32 (height, width) in [0, 1].
        colour: Of the background.

    Returns:
        uint8 (height, width, 3) in [0, 255].
    """
    share = mask.astype(np.float32)[..., None]
    inside = (share > 0.95).astype(np.float32)
    sigma = max(1.0, 4 * FEATHER * max(mask.shape))
    weight = cv2.GaussianBlur(inside, (0, 0), sigma)[..., None]
    beside = cv2.GaussianBlur(pixels * inside, (0, 0), sigma) / np.maximum(weight, 1e-3)
    own = np.where((inside > 0) | (weight < 1e-3), pixels, beside)
    return np.clip(np.rint(share * own + (1 - share) * np.float32(colour)), 0, 255).astype(np.uint8)


def fill(pixels: np.ndarray, mask: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """Returns a picture in which the garment goes on where something covers it, in the colours around, blurred.

    Args:
        pixels: RGB, uint8 (height, width, 3) in [0, 255].
        mask: float32 (height, width) in [0, 1]: the garment, with what is covered of it.
        covered: float32 (height, width) in [0, 1].

    Returns:
        uint8 (height, width, 3) in [0, 255].
    """
    if not (covered > 0.5).any():
        return pixels
    # At a fraction of the size: the wide blurs would take most of the time, and nothing fine comes of them.
    size = tuple(max(1, round(side / 4)) for side in covered.shape[::-1])
    known = cv2.resize(((mask > 0.95) & (covered < 0.05)).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    colours = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) * known[..., None]
    filled, missing, sigma = np.zeros_like(colours), np.ones(known.shape, bool), 1.0
    while missing.any() and sigma < max(size):
        weight = cv2.GaussianBlur(known, (0, 0), sigma)
        now = missing & (weight > 0.02)
        filled[now] = cv2.GaussianBlur(colours, (0, 0), sigma)[now] / weight[now][:, None]
        missing &= ~now
        sigma *= 2
    share = cv2.GaussianBlur(covered, (0, 0), 2)
    left, top, width, height = cv2.boundingRect((share > 0.001).astype(np.uint8))
    there = np.s_[top : top + height, left : left + width]
    share = share[there][..., None]
    filled = cv2.resize(filled, covered.shape[::-1], interpolation=cv2.INTER_LINEAR)[there]
    result = pixels.copy()
    result[there] = np.rint(pixels[there] * (1 - share) + filled * share)
    return result


def _grab_cut(colours: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Returns what is not background, bool (height, width).

    Args:
        colours: L*a*b*, uint8 (height, width, 3).
        trimap: uint8 (height, width), OpenCV's four values; it is changed.
    """
    background = (trimap == cv2.GC_BGD) | (trimap == cv2.GC_PR_BGD)
    if background.all() or not background.any():
        return ~background
    models = [learn_colours(colours[where]) for where in (background, ~background)]
    cv2.setRNGSeed(0)
    cv2.grabCut(colours, trimap, None, *models, ROUNDS, cv2.GC_EVAL)
    return (trimap == cv2.GC_FGD) | (trimap == cv2.GC_PR_FGD)


def learn_colours(colours: np.ndarray) -> np.ndarray:
    """Returns a mixture of Gaussians as OpenCV's GrabCut keeps it.

    Args:
        colours: uint8 (n, 3), n at least 1.

    Returns:
        float64 (1, 65): 5 shares, 5 means of 3, 5 covariances of 3×3.
    """
    some = np.ascontiguousarray(colours[:: max(1, len(colours) // SAMPLES)], np.float32)
    some = np.repeat(some, COLOURS, axis=0) if len(some) < COLOURS else some  # k-means needs a pixel for each.
    cv2.setRNGSeed(0)  # Its k-means starts at random.
    stop = (cv2.TERM_CRITERIA_MAX_ITER, 6, 0)
    _, labels, _ = cv2.kmeans(some, COLOURS, None, stop, 1, cv2.KMEANS_PP_CENTERS)
    shares, means = np.zeros(COLOURS), np.zeros((COLOURS, 3))
    spreads = np.tile(np.eye(3), (COLOURS, 1, 1))  # One level's noise, without which a plain colour has no density.
    for index in range(COLOURS):
        members = some[labels[:, 0] == index].astype(np.float64)
        if len(members):
            shares[index] = len(members) / len(some)
            means[index] = members.mean(axis=0)
            spreads[index] += (members - means[index]).T @ (members - means[index]) / len(members)
    return np.concatenate([shares, means.ravel(), spreads.ravel()])[None]


def likelihood(colours: np.ndarray, model: np.ndarray) -> np.ndarray:
    """Returns how likely colours, uint8 (..., 3), are by a mixture of :func:`learn_colours`: log densities, (...)."""
    shares, means, spreads = model[0, :5], model[0, 5:20].reshape(5, 3), model[0, 20:].reshape(5, 3, 3)
    flat = np.ascontiguousarray(colours.reshape(-1, 3).T, np.float32)
    densities = np.full(flat.shape[1], LEAST_DENSITY, np.float32)
    for share, mean, factor in zip(shares, means, np.linalg.cholesky(np.linalg.inv(spreads)), strict=True):
        apart = factor.T.astype(np.float32) @ (flat - mean.astype(np.float32)[:, None])
        densities += np.exp(np.square(apart).sum(axis=0) / -2) * np.float32(share * np.diag(factor).prod())
    return np.log(densities).reshape(colours.shape[:-1])


def mend(mask: np.ndarray) -> np.ndarray:
    """Returns a mask, bool (height, width), without small pieces and small holes."""
    count, pieces, figures, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if count == 1:
        return mask
    largest = figures[1:, cv2.CC_STAT_AREA].max()
    small = figures[:, cv2.CC_STAT_AREA] < PIECE * largest
    small[0] = False
    mask = mask & ~small[pieces]
    _, holes, figures, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    small = figures[:, cv2.CC_STAT_AREA] < HOLE * largest
    small[0] = False
    # At the picture's edge it is no hole.
    small[np.unique(np.concatenate([holes[0], holes[-1], holes[:, 0], holes[:, -1]]))] = False
    return mask | small[holes]
