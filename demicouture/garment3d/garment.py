"""A garment in the round, from one picture: its mesh, its cloth, a form that wears it, and how true its front is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from demicouture.garment3d import cloth
from demicouture.garment3d.form import LINEN, make_form
from demicouture.garment3d.mesh import LIGHT_SPACING, MOST_FACES, SPACING, Mesh, Shape, build, shape_of
from demicouture.garment3d.outline import NECK, OPENINGS
from demicouture.garment3d.parts import divide
from demicouture.garment3d.rendering import Camera, Surface, cover, texels
from demicouture.garment3d.silhouette import GRID, find_silhouette

MOST_ERROR = 6.0
"""The mean difference of a front from its picture up to which the one is the other's, in grey levels."""


@dataclass(frozen=True)
class Garment:
    """A garment in three dimensions.

    Attributes:
        name: What it is called.
        picture: The picture it was made from, uint8 (side, side, 3) in [0, 255].
        shape: Its silhouette, inflated.
        mesh: Its surface.
        texture: uint8 (2·tile, 2·tile, 3), see :mod:`.cloth`.
        is_light: Whether it has a quarter of the faces, and a smaller texture.
    """

    name: str
    picture: np.ndarray
    shape: Shape
    mesh: Mesh
    texture: np.ndarray
    is_light: bool = False

    @cached_property
    def surface(self) -> Surface:
        """The garment, to be drawn."""
        mesh = self.mesh
        return Surface(
            mesh.vertices, mesh.normals, mesh.faces, self.texture, cloth.coordinates(mesh.places, mesh.tiles)
        )

    @cached_property
    def form(self) -> Surface:
        """A dress form that wears it."""
        return Surface(*make_form(self.shape, self.is_light), np.array([[LINEN]], np.uint8))

    @cached_property
    def front_error(self) -> float:
        """The mean absolute difference of the mesh's front, without light and perspective, from the picture.

        In grey levels, over all that is garment on either of the two.
        """
        side = len(self.picture)
        front = render_front(self, side)
        apart = np.abs(front.astype(float) - self.picture).mean(axis=2)
        ground = self.shape.silhouette.ground
        either = (np.abs(self.picture - ground).max(axis=2) > 12) | (np.abs(front - ground).max(axis=2) > 12)
        return float(apart[either].mean()) if either.any() else 0.0

    @property
    def openings(self) -> list[str]:
        """Where its cloth ends."""
        kinds = set(self.shape.outline.kinds[0].tolist())
        return [name for kind, name in OPENINGS.items() if kind in kinds]


def make_garment(picture: np.ndarray, name: str, light: bool = False) -> Garment:
    """Makes a garment in three dimensions.

    Args:
        picture: RGB, uint8 (side, side, 3) in [0, 255]: one garment from the front, on one ground.
        name: What it is called.
        light: Whether a quarter of the faces will do, as for a page.

    Raises:
        InputError: The picture shows no garment, several pieces, or no plain ground.
    """
    silhouette = find_silhouette(picture)
    parts = divide(silhouette, picture)
    spacing = LIGHT_SPACING if light else SPACING
    shape = shape_of(silhouette, parts, picture, spacing)
    mesh = build(shape, spacing)
    while len(mesh.faces) > MOST_FACES:
        spacing *= 1.1
        shape = shape_of(silhouette, parts, picture, spacing)
        mesh = build(shape, spacing)
    inside = None
    if shape.neckline is not None:
        loop, kinds = shape.outline.loops[0], shape.outline.kinds[0]
        start = int(np.flatnonzero(loop == shape.outline.neck[0])[0])
        run = shape.outline.points[np.roll(loop, -start)[: int((kinds == NECK).sum()) + 1]]
        line = np.vstack([run[:1], shape.neckline, run[-1:]])
        inside = cloth.seen_inside((GRID, GRID), run, line, silhouette.mask)
    most = cloth.LIGHT_TILE if light else cloth.MOST_TILE
    texture = cloth.make_texture(picture, silhouette.mask, inside, silhouette.noise, most)
    return Garment(name, picture, shape, mesh, texture, light)


def render_front(garment: Garment, side: int, finer: int = 4) -> np.ndarray:
    """Draws a garment from straight in front, without perspective and light, where the picture has it.

    Returns:
        uint8 (side, side, 3) in [0, 255].
    """
    shape, surface = garment.shape, garment.surface
    w = side * finer
    image = np.broadcast_to(shape.silhouette.ground.astype(np.float32), (w * w, 3)).copy()
    place = garment.mesh.places * w
    # The sleeve's and the torso's edges were moved apart a little: the places on the picture are the ones before.
    pixels, triangles, weights, depth = cover(place, 1 + garment.mesh.vertices[:, 2] / 100, surface.faces, w, w)
    order = np.argsort(depth, kind="stable")
    chosen = np.full(w * w, -1)
    chosen[pixels[order]] = order
    where = np.flatnonzero(chosen >= 0)
    chosen = chosen[where]
    image[where] = texels(surface, surface.faces[triangles[chosen]], weights[chosen])
    image = cv2.resize(image.reshape(w, w, 3), (side, side), interpolation=cv2.INTER_AREA)
    return np.rint(image).clip(0, 255).astype(np.uint8)


def frame(surfaces: Sequence[Surface], margin: float = 1.08) -> Camera:
    """Returns a camera that shows surfaces whole from all sides."""
    vertices = np.concatenate([surface.vertices for surface in surfaces])
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    centre = (low + high) / 2
    around = 2 * np.hypot(*(vertices[:, [0, 2]] - centre[[0, 2]]).T).max()
    return Camera(centre, float(max(around, high[1] - low[1]) * margin))
