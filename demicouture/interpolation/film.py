"""Films: from one design to the next and the next, and back to the first; a second for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from demicouture import video, visualization
from demicouture.dcgan import inference
from demicouture.designs.latents_file import read_latents_file
from demicouture.errors import InputError
from demicouture.interpolation.endpoints import RatedDesigns
from demicouture.interpolation.outputs import FRAME_MILLISECONDS, Interpolation, Step
from demicouture.interpolation.paths import path_between
from demicouture.language import _
from demicouture.progress import progress_bar

if TYPE_CHECKING:
    import keras

FRAMES_EACH = 1000 // FRAME_MILLISECONDS
"""Frames from one design to the next: a second of them."""

AT_A_TIME = 10 * inference.CHUNK
"""Frames that are in memory at once."""

COLUMNS = 10

MOST_SECONDS = 600

FILM = "film.mp4"


@dataclass(frozen=True)
class Film(Interpolation):
    """A film, and the designs that it goes through as a strip.

    Attributes:
        generator: Makes the frames, when they are written: a minute of large ones does not fit in memory.
        path: float32 (frames, latent_dim), a latent for each.
    """

    generator: keras.Model | None = None
    path: np.ndarray | None = None

    @property
    def to_look_at(self) -> list[str]:
        """The names of the files to open."""
        return [*super().to_look_at, FILM]

    def save(self, folder: Path, size: int, quiet: bool = True) -> list[str]:
        """Writes all but the results, see :meth:`.outputs.Interpolation.save`; returns the files' names."""
        names = super().save(folder, size, quiet)
        bar = progress_bar(self._frames(size), _("film"), total=len(self.path), unit=_("frame"), quiet=quiet)
        video.save_video(folder / FILM, bar, FRAME_MILLISECONDS)
        return names

    def _frames(self, size: int) -> Iterator[np.ndarray]:
        for start in range(0, len(self.path), AT_A_TIME):
            for picture in inference.render(self.generator, self.path[start : start + AT_A_TIME]):
                yield np.asarray(visualization.enlarge(picture, size - size % 2))


def read_waypoints(flag: str, path: Path) -> np.ndarray:
    """Reads the latents that a film goes through, float32 (n, latent_dim).

    Raises:
        InputError: It is no file of latents, or of too few or too many.
    """
    latents = read_latents_file(flag, path)
    if not 2 <= len(latents) <= MOST_SECONDS:
        raise InputError(
            _("{flag} {path}: found {latents} latents, expected 2 to {most_seconds} for a film").format(
                flag=flag, path=path, latents=len(latents), most_seconds=MOST_SECONDS
            )
        )
    return latents


def make_film(
    latents: np.ndarray, title: str, rated: RatedDesigns, path: str, generator: keras.Model, quiet: bool
) -> Film:
    """Makes a film through several designs, which ends where it begins.

    Args:
        latents: float (n, latent_dim) in [-1, 1], n at least 2.
        title: What they are.
        rated: Says what the plane is, for distances.
        path: Of :data:`demicouture.interpolation.paths.PATH_NAMES`, from each to the next.
        generator: Makes the designs.
        quiet: Whether to show no progress bar.
    """
    plane, count = rated.plane, len(latents)
    places = np.arange(FRAMES_EACH) / FRAMES_EACH
    legs = zip(latents, np.roll(latents, -1, axis=0), strict=True)
    film = np.concatenate([path_between(path, *leg, plane)(places) for leg in legs]).astype(np.float32)
    pictures = inference.render(generator, latents, quiet)
    distances = plane.signed_distance(latents) if plane else [None] * count
    sheet = visualization.grid(
        pictures,
        COLUMNS,
        scale=visualization.legible_scale(pictures.shape[1]),
        captions=[str(number) for number in range(count)],
        title=_("{title}, in the order of the film").format(title=title),
    )
    return Film(
        [
            Step(0, number, number / count, distance, str(number), str((number + 1) % count))
            for number, distance in enumerate(distances)
        ],
        pictures,
        {"strip.png": sheet},
        {"designs": count, "frames": len(film)},
        _("{title}: {seconds:g} seconds, {count} designs and back to the first").format(
            title=title, seconds=len(film) * FRAME_MILLISECONDS / 1000, count=count
        ),
        {"strip.npy": latents},
        generator=generator,
        path=film,
    )
