"""Which designs to label next: the most instructive first, by the labels that are on the disk now."""

from __future__ import annotations

from pathlib import Path

from demicouture.boundary.active_learning import fit_plane, suggest
from demicouture.designs.designs import read_designs

MOST = 500
"""So many are put into order; by then there is a new one."""


def order_designs(direction: str, folder: Path, labels_file: Path | None, seed: int) -> tuple[str, list[int]]:
    """Returns the numbers of designs that a person has not labelled, the most instructive first.

    Args:
        direction: Comes back with the answer.
        folder: outputs/4-generated.
        labels_file: A further direction's labels; None for the poles'. Where the file is not there yet, the order is
            the designs' own.
        seed: Decides the folds of the plane.

    Raises:
        InputError: A file is missing or damaged.
    """
    if labels_file and not labels_file.exists():
        return direction, list(range(len(read_designs(folder).latents)))
    designs = read_designs(folder, labels_file)
    plane = fit_plane(designs.latents, designs.labels, designs.poles, seed)
    distances = None if plane is None else plane.signed_distance(designs.latents)
    return direction, suggest(designs.scores, distances, designs.by_person, min(MOST, len(designs.latents)))
