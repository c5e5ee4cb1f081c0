"""The files of a sequence or of a pair grid in ``outputs/6-interpolation``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from demicouture import video, visualization
from demicouture.files import write_array, write_csv
from demicouture.images import save_png

MOST_OF_GIF = 256
"""The side of a GIF's pictures, at most: it has megabytes at this size already, because it stores no motion."""

FRAME_MILLISECONDS = 50
HOLD_MILLISECONDS = 800
"""Long enough to recognise the two designs."""

SOMETIMES = ("crossing.png", "crossing.npy", "found-a.png", "found-a.npy", "found-b.png", "found-b.npy")
"""Files that only some runs make."""


@dataclass(frozen=True)
class Step:
    """A row of ``steps.csv``.

    Attributes:
        strip: The number of the strip.
        step: The number of the step in it.
        t: Its place on the path, from 0 to 1.
        distance: Its signed distance from the hyperplane; None without one.
        first: What the path begins with: a design's file name, or a photograph.
        second: What it ends with.
    """

    strip: int
    step: int
    t: float
    distance: float | None
    first: str
    second: str

    @property
    def picture(self) -> str:
        """The file of its picture."""
        return f"strip-{self.strip}/step-{self.step:02d}.png"


@dataclass(frozen=True)
class Interpolation:
    """A sequence or a pair grid, before it is written.

    Attributes:
        steps: A row for each picture.
        step_pictures: uint8 (n, size, size, 3).
        sheets: Further pictures, by file name.
        results: The part for ``summary.json``.
        message: What was made, in one sentence.
        latents: Latents to save, by file name.
        frames: uint8 (n, side, side, 3), of the animation, or None.
    """

    steps: Sequence[Step]
    step_pictures: np.ndarray
    sheets: Mapping[str, Image.Image]
    results: Mapping[str, Any]
    message: str
    latents: Mapping[str, np.ndarray] = field(default_factory=dict)
    frames: np.ndarray | None = None

    @property
    def to_look_at(self) -> list[str]:
        """The names of the files to open."""
        return [*self.sheets, *(["animation.gif", "animation.mp4"] if self.frames is not None else [])]

    def save(self, folder: Path, size: int, quiet: bool = True) -> list[str]:
        """Writes all but the results; returns the files' names.

        Args:
            folder: The output folder.
            size: The side of the video, in pixels.
            quiet: Whether to show no progress bar.
        """
        for old in (*(folder / name for name in SOMETIMES), *folder.glob("photographs-*.png")):
            old.unlink(missing_ok=True)
        for step, picture in zip(self.steps, self.step_pictures, strict=True):
            save_png(folder / step.picture, picture)
        columns = ("strip", "step", "t", "distance", "picture", "first", "second")
        rows = ({column: getattr(step, column) for column in columns} for step in self.steps)
        write_csv(folder / "steps.csv", columns, rows)
        for name, sheet in self.sheets.items():
            save_png(folder / name, sheet)
        for name, latents in self.latents.items():
            write_array(folder / name, latents.astype(np.float32))
        if self.frames is not None:
            small, large = (
                visualization.with_strip(self.frames, self.step_pictures, side - side % 2)
                for side in (min(size, MOST_OF_GIF), size)
            )
            visualization.save_animation(folder / "animation.gif", small, FRAME_MILLISECONDS, HOLD_MILLISECONDS)
            still = HOLD_MILLISECONDS // FRAME_MILLISECONDS
            video.save_video(folder / "animation.mp4", video.there_and_back(large, still), FRAME_MILLISECONDS)
        return ["steps.csv", *(step.picture for step in self.steps), *self.to_look_at, *self.latents]
