"""What a sequence, a grid or a lookbook was made from, by its hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from demicouture import pretrained
from demicouture.dcgan import encodings
from demicouture.files import hash_file, sha256
from demicouture.interpolation.endpoints import Endpoint, EndpointSpec, RatedDesigns


def hash_inputs(
    rated: RatedDesigns,
    training: Path,
    generator_sha256: str,
    specs: Sequence[EndpointSpec | Endpoint],
    further: Mapping[str, Path],
) -> dict[str, str | None]:
    """Returns the SHA-256 of all that is read; None for what may be missing, and is, or is left out.

    The network that describes pictures counts only as there or not: what it was needed for is made once it is.

    Args:
        rated: The designs, in their folder, with the plane and photographs.
        training: The folder with the networks.
        generator_sha256: The generator's.
        specs: The endpoints; none for a grid or a film.
        further: Files of a person's own, by what they are called here.
    """
    plane, folder = rated.plane, rated.folder
    inputs = {name: hash_file(folder / name) for name in ("latents.npy", "labels.csv")}
    inputs["generator.keras"] = generator_sha256
    inputs["hyperplane"] = sha256(plane.normal.tobytes() + np.float64(plane.intercept).tobytes()) if plane else None
    of_photographs = [training / name for name in (encodings.RECORD, "encoder.keras", "discriminator.keras")]
    for path in [folder / name for name in ("designs.csv", "style-classifier.json", "reference-features.npz")]:
        inputs[path.name] = hash_file(path) if path.is_file() else None
    for path in of_photographs:
        inputs[path.name] = hash_file(path) if rated.photographs and path.is_file() else None
    is_there = pretrained.find(pretrained.IMAGENET) is not None
    inputs["network"] = pretrained.EFFICIENTNET_LITE0.sha256 if is_there else None
    for flag, spec in zip(("--a", "--b"), specs, strict=False):
        if isinstance(spec, Path):
            inputs[flag] = hash_file(spec)
        elif isinstance(spec, Endpoint):
            inputs[flag] = sha256(spec.latent.tobytes())
    return inputs | {name: hash_file(path) for name, path in further.items()}
