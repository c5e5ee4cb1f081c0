"""Demicouture: garments between casual and collection wear, found in the latent space of a DCGAN.

Five names are for notebooks; the first use of each imports what is behind it, and no more::

    from demicouture import Generator, Hyperplane, grid, interpolate, read_designs

    generator = Generator.load("outputs/3-training/generator.keras")
    latents = generator.sample(2, seed=7)
    grid(generator.render(interpolate(*latents, steps=9)))
"""

import importlib
from typing import Any

__version__ = "0.1.0"

_ROOMS = {
    "Generator": "demicouture.dcgan.generator",
    "Hyperplane": "demicouture.boundary.hyperplane",
    "grid": "demicouture.visualization",
    "interpolate": "demicouture.interpolation.paths",
    "read_designs": "demicouture.designs.designs",
}

__all__ = ["Generator", "Hyperplane", "grid", "interpolate", "read_designs"]


def __getattr__(name: str) -> Any:
    """Imports a name's room when it is first asked for: every script imports this package, and most need no Keras."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_ROOMS[name]), name)


def __dir__() -> list[str]:
    """Returns the names for notebooks, too."""
    return sorted({*globals(), *__all__})
