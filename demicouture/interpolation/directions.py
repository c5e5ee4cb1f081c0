"""Walks of one design along a direction that was found by ``latent_svm.py``: longer sleeves, say, and all else kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demicouture.boundary.figures import walk_stops
from demicouture.boundary.hyperplane import Hyperplane
from demicouture.boundary.outputs import file_name, find_again, find_direction
from demicouture.errors import InputError
from demicouture.files import read_record
from demicouture.language import _


@dataclass(frozen=True)
class Direction:
    """A direction, and what is known of it.

    Attributes:
        name: As ``--labels`` had it.
        plane: The plane across it.
        ends: What lies on its negative and on its positive side.
        is_found: Whether the labels bear it out; else what changes along it is chance.
    """

    name: str
    plane: Hyperplane
    ends: tuple[str, str]
    is_found: bool

    @property
    def warning(self) -> str:
        """What has to be said before it is believed; "" where nothing has."""
        if self.is_found:
            return ""
        return _("{name}: no boundary was found between {ends}, so what changes may be chance").format(
            name=self.name, ends=_(" and ").join(self.ends)
        )


def read_direction(flag: str, folder: Path, name: str, designs_folder: Path, latents_sha256: str) -> Direction:
    """Reads a direction.

    Args:
        flag: What asks for it, for messages.
        folder: The output folder of ``latent_svm.py``.
        name: The direction's.
        designs_folder: The designs' folder, for messages.
        latents_sha256: Of the designs' ``latents.npy``.

    Raises:
        InputError: There is none of that name, or it is unfinished, damaged, or of other designs.
    """
    plane = Hyperplane.load(find_direction(flag, folder, name))
    again = _("run: {command}").format(command=find_again(name))
    summary = folder / file_name("summary.json", name)
    if not summary.exists():
        raise InputError(
            _("{summary}: not found, so latent_svm.py was stopped; {again}").format(summary=summary, again=again)
        )
    inputs = read_record(summary, "inputs")["inputs"]
    if not isinstance(inputs, dict) or inputs.get("latents.npy") != latents_sha256:
        raise InputError(
            _("{flag} {name}: found in other designs than {designs_folder}; {again}").format(
                flag=flag, name=name, designs_folder=designs_folder, again=again
            )
        )
    report = read_record(folder / file_name("report.json", name), "poles", "boundary_found")
    return Direction(name, plane, tuple(report["poles"]), bool(report["boundary_found"]))


def path_along(plane: Hyperplane, latent: np.ndarray, others: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Returns the path of a design straight across a plane, as far as designs lie on either side.

    Each point is the nearest point of the cube at its distance; from one end to the other the distance grows evenly.

    Args:
        plane: The plane.
        latent: float64 (latent_dim,), the design.
        others: float (n, latent_dim), designs that say how far the generator was asked to go.
    """
    low, high = walk_stops(others, plane, 2)
    distance = float(plane.signed_distance(latent[np.newaxis])[0])
    low, high = min(low, distance), max(high, distance)

    def path(t: np.ndarray) -> np.ndarray:
        wanted = low + np.asarray(t, np.float64) * (high - low)
        return plane.nearest(np.repeat(latent[np.newaxis], len(wanted), axis=0), wanted)

    return path
