"""The pictures of designs: those that are saved, and all others rendered when they are needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from demicouture import images
from demicouture.dcgan import inference
from demicouture.designs.designs import design_name, read_latents
from demicouture.errors import InputError, PictureError
from demicouture.files import write_array
from demicouture.language import _
from demicouture.progress import progress_bar

if TYPE_CHECKING:
    import keras


class DesignPictures:
    """The pictures of all designs, the first of which are saved in a folder.

    Attributes:
        folder: The folder.
        latents: float32 (n, latent_dim), one for each design.
        saved: How many of the first designs are saved, or are to be.
    """

    def __init__(
        self,
        folder: Path,
        latents: np.ndarray,
        saved: int,
        generator_file: Path,
        generator_sha256: str | None = None,
        *,
        anew: bool = False,
    ):
        """Looks at what lies in the folder.

        Args:
            folder: The folder.
            latents: float32 (n, latent_dim).
            saved: How many of the first designs are to be saved, at most.
            generator_file: The generator, which is loaded only if something has to be rendered.
            generator_sha256: Its hash, where it is known; no other one is then loaded.
            anew: Whether nothing in the folder counts.
        """
        self.folder, self.latents, self.saved = folder, latents, min(saved, len(latents))
        self._generator_file, self._generator_sha256 = generator_file, generator_sha256
        self._generator: keras.Model | None = None
        self.missing = [index for index in range(self.saved) if anew or self._open(index) is None]
        self.complete = not self.missing and not anew and self._has_latents()

    @property
    def files(self) -> list[str]:
        """The names of the saved pictures, and of the file of all latents."""
        return [*map(design_name, range(self.saved)), "latents.npy"]

    def load_generator(self) -> keras.Model:
        """Returns the generator, loaded at the first call.

        Raises:
            InputError: It is missing, damaged, or was replaced by another one.
        """
        self._generator = self._generator or inference.load_generator(self._generator_file, self._generator_sha256)
        return self._generator

    def save_missing(self, quiet: bool) -> None:
        """Renders what is missing and saves each at once, so that an interrupted run loses no more than a batch."""
        batches = range(0, len(self.missing), inference.CHUNK)
        for start in progress_bar(batches, _("designs"), unit=_("batch"), quiet=quiet):
            rows = self.missing[start : start + inference.CHUNK]
            rendered = inference.render(self.load_generator(), self.latents[rows])
            for index, picture in zip(rows, rendered, strict=True):
                images.save_png(self.folder / design_name(index), picture)
        if not self._has_latents():
            write_array(self.folder / "latents.npy", self.latents)

    def read(self, some: Sequence[int]) -> np.ndarray:
        """Returns the pictures of some designs, uint8 (n, size, size, 3): as they are saved, or else rendered."""
        pictures = {index: self._open(index) for index in some if index < self.saved}
        if unsaved := [index for index in some if pictures.get(index) is None]:
            rendered = inference.render(self.load_generator(), self.latents[unsaved])
            pictures |= dict(zip(unsaved, rendered, strict=True))
        return np.stack([pictures[index] for index in some])

    def _open(self, index: int) -> np.ndarray | None:
        try:
            return np.asarray(images.open_picture(self.folder / design_name(index)))
        except (FileNotFoundError, PictureError):
            return None

    def _has_latents(self) -> bool:
        try:
            return np.array_equal(read_latents(self.folder / "latents.npy"), self.latents)
        except InputError:
            return False
