"""A trained generator as one object, for notebooks."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from demicouture.dcgan import inference
from demicouture.latents import sample_prior

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Generator:
    """A generator that was trained.

    Attributes:
        network: Maps float (n, latent_dim) in [-1, 1] to float32 (n, size, size, 3) in [-1, 1].
    """

    network: keras.Model

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Generator:
        """Loads a ``generator.keras`` that ``train_dcgan.py`` wrote.

        Raises:
            InputError: The file is missing, damaged, or no generator.
        """
        return cls(inference.load_generator(Path(path)))

    @property
    def size(self) -> int:
        """The side of its pictures, in pixels."""
        return self.network.output_shape[1]

    def sample(self, count: int, seed: int, truncation: float = 1.0) -> np.ndarray:
        """Draws latents, float32 (count, latent_dim); row i depends on ``seed`` and i alone, as in ``generate.py``.

        Args:
            count: Rows.
            seed: Of the sample.
            truncation: See :func:`demicouture.latents.sample_prior`.
        """
        return sample_prior(count, seed, self.network.input_shape[1], truncation)

    def render(self, latents: np.ndarray) -> np.ndarray:
        """Renders pictures, each by its latent alone, to the bit as the scripts do.

        Args:
            latents: float (n, latent_dim), or (latent_dim,) for one.

        Returns:
            uint8 (n, size, size, 3) in [0, 255].

        Raises:
            ValueError: The latents have another shape.
        """
        latents = np.atleast_2d(latents)
        if latents.ndim != 2 or latents.shape[1] != self.network.input_shape[1]:
            raise ValueError(f"latents of shape {latents.shape}, expected (n, {self.network.input_shape[1]})")
        return inference.render(self.network, latents)
