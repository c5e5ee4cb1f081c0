"""Drawn garments with folds and grain, and the plainest of pictures, for tests of what a picture's pixels tell."""

import functools
import io

import cv2
import numpy as np
from PIL import Image, ImageDraw

from demicouture.preprocessing.image_quality import SIDE


def plain(level, height=SIDE, width=SIDE):
    return np.full((height, width, 3), level, np.uint8)


def step(low=0, high=255, height=SIDE, width=SIDE):
    """Dark on the left, light on the right: one edge, as sharp as pixels allow."""
    pixels = plain(low, height, width)
    pixels[:, width // 2 :] = high
    return pixels


def garment(seed, width=300, height=360, cloth=None, ground=None):
    """A T-shape with folds on a plain background, with grain: a poor man's photograph."""
    return _draw_garment(seed, width, height, cloth, ground).copy()


@functools.cache
def _draw_garment(seed, width, height, cloth, ground):
    random = np.random.default_rng(seed)
    cloth = random.integers(30, 226, 3) if cloth is None else cloth
    ground = random.integers(30, 226, 3) if ground is None else ground
    left, top, right, sleeve = random.uniform((0.2, 0.1, 0.7, 0.3), (0.35, 0.25, 0.85, 0.5))
    mask = Image.new("L", (width, height))
    draw = ImageDraw.Draw(mask)
    draw.rectangle((left * width, top * height, right * width, 0.9 * height), fill=255)
    draw.rectangle((0.05 * width, top * height, 0.95 * width, sleeve * height), fill=255)
    weight = cv2.GaussianBlur(np.asarray(mask, np.float32) / 255, (0, 0), 0.7)[..., None]
    coarse = random.normal(0, 18, (8, 8)).astype(np.float32)
    folds = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
    pixels = weight * (np.float32(cloth) + folds) + (1 - weight) * np.float32(ground)
    return np.clip(pixels + random.normal(0, 2, pixels.shape), 0, 255).astype(np.uint8)


def encoded(pixels, quality):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "JPEG", quality=quality)
    return np.asarray(Image.open(content).convert("RGB"))
