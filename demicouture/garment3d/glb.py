"""Garments as glTF 2.0 in one binary file, which browsers' viewers, Blender and phones open."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

import demicouture
from demicouture.garment3d.garment import Garment
from demicouture.garment3d.rendering import Surface

GUESSED = (
    "Made from one picture of the front. What the picture does not show is a guess: how deep the garment is, its back, "
    "its lining and its size (each is 0.7 m high)."
)
"""What every file says of itself, and the page too."""


def to_glb(garments: Sequence[Garment], gap: float, bare: bool) -> bytes:
    """Returns garments as a GLB file, side by side from the left to the right; the same garments are the same file.

    Args:
        garments: At least one.
        gap: Metres from one garment's middle to the next one's.
        bare: Whether to leave out the dress forms.
    """
    import trimesh  # Imported here: what makes no file need not wait for it.

    scene = trimesh.Scene(metadata={"asset": f"demicouture {demicouture.__version__}", "guessed": GUESSED})
    for number, garment in enumerate(garments):
        names = [f"garment-{number + 1}", f"form-{number + 1}"] if len(garments) > 1 else ["garment", "form"]
        at = trimesh.transformations.translation_matrix([gap * number, 0, 0])
        for name, surface in zip(names, [garment.surface] if bare else [garment.surface, garment.form], strict=False):
            mesh = _to_trimesh(surface, name, garment.is_light)
            mesh.metadata.update(describe(garment) if surface is garment.surface else {"name": name})
            scene.add_geometry(mesh, node_name=name, geom_name=name, transform=at)
    return trimesh.exchange.gltf.export_glb(scene, include_normals=True)


def describe(garment: Garment) -> dict[str, Any]:
    """Returns what is known of a garment in the round, for the file and the summary."""
    shape = garment.shape
    return {
        "name": garment.name,
        "guessed": GUESSED,
        "front_error_grey_levels": round(garment.front_error, 2),
        "faces": len(garment.mesh.faces),
        "openings": garment.openings,
        "sleeves": sorted({("left", "right")[n - 1] for n in np.unique(shape.parts.sleeves).tolist() if n}),
        "neckline_seen": shape.neckline_seen,
        "symmetry": round(shape.silhouette.symmetry, 3),
        "mirrored_in": round(shape.silhouette.averaged, 3),
    }


def _to_trimesh(surface: Surface, name: str, light: bool) -> Any:
    import trimesh

    if surface.coordinates is None:
        colour = [*surface.texture[0, 0].tolist(), 255]
        material = trimesh.visual.material.PBRMaterial(
            name, baseColorFactor=colour, metallicFactor=0.0, roughnessFactor=0.9
        )
        visual = trimesh.visual.TextureVisuals(material=material)
    else:
        texture = Image.fromarray(surface.texture)
        if light:  # A quarter of the bytes; trimesh writes what has been a JPEG as one.
            content = io.BytesIO()
            texture.save(content, "JPEG", quality=90, subsampling=0)
            texture = Image.open(content)
        material = trimesh.visual.material.PBRMaterial(
            name, baseColorTexture=texture, metallicFactor=0.0, roughnessFactor=0.95
        )
        visual = trimesh.visual.TextureVisuals(uv=surface.coordinates, material=material)
    return trimesh.Trimesh(
        surface.vertices, surface.faces, vertex_normals=surface.normals, visual=visual, process=False, validate=False
    )
