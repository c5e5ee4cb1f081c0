"""A garment drawn by hand whose silhouette is known: a pullover with sleeves that stand away, or hang at its sides."""

import cv2
import numpy as np

GROUND = (236, 236, 236)
CLOTH, DARK, STRIPE = (60, 110, 90), (25, 35, 30), (200, 190, 60)


def draw(side: int = 128, hanging: bool = False) -> np.ndarray:
    """Returns a picture, uint8 (side, side, 3): with a stripe across, buttons down the front, and a dark round neck."""
    finer = 4
    picture = np.full((side * finer, side * finer, 3), GROUND, np.uint8)

    def fill(points, colour) -> None:
        for mirrored in (1, -1):
            shape = np.array([(0.5 + mirrored * x, y) for x, y in points]) * side * finer
            cv2.fillPoly(picture, [np.rint(shape).astype(np.int32)], colour, cv2.LINE_AA)

    torso = [(0, 0.18), (0.09, 0.16), (0.22, 0.2), (0.22, 0.85), (0, 0.85)]
    sleeve = [(0.2, 0.19), (0.42, 0.52), (0.35, 0.57), (0.2, 0.36)]
    if hanging:
        sleeve = [(0.2, 0.19), (0.3, 0.25), (0.34, 0.8), (0.21, 0.8), (0.2, 0.3)]
    fill(sleeve, CLOTH)
    fill(torso, CLOTH)
    fill([(0, 0.5), (0.22, 0.5), (0.22, 0.56), (0, 0.56)], STRIPE)
    if hanging:
        for sign in (1, -1):
            line = np.array([(0.5 + sign * x, y) for x, y in ((0.22, 0.24), (0.22, 0.8))]) * side * finer
            cv2.polylines(picture, [np.rint(line).astype(np.int32)], False, DARK, finer, cv2.LINE_AA)
    neck = (round(0.5 * side * finer), round(0.155 * side * finer))
    area = np.zeros(picture.shape[:2], np.uint8)
    cv2.ellipse(area, neck, (round(0.085 * side * finer), round(0.1 * side * finer)), 0, 0, 360, 1, -1)
    picture[(area > 0) & (picture != GROUND).any(axis=2)] = DARK
    for y in (0.33, 0.45, 0.62, 0.74):
        cv2.circle(picture, (side * finer // 2, round(y * side * finer)), 2 * finer, (240, 240, 230), -1, cv2.LINE_AA)
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
