"""The data set's photographs as codes: what the plane is fitted on wherever there is an encoder.

Their labels are true, a person put each photograph into its pole, and there are as many as the data set has. A part of
them is withheld: neither generator nor encoder has seen those, and the plane is not fitted to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demicouture.boundary.report import FEWEST_LABELS
from demicouture.commands import command
from demicouture.dataset import read_square
from demicouture.dcgan import inference
from demicouture.dcgan.encodings import RECORD, Encodings
from demicouture.designs.designs import LabelledLatents, made_by_another_generator
from demicouture.files import hash_files
from demicouture.language import _


@dataclass(frozen=True)
class LabelledPhotographs(LabelledLatents):
    """The codes of photographs; each one's label is the pole whose folder it lies in.

    Attributes:
        withheld: bool (n,); whether generator and encoder have never seen the photograph.
        names: The files below the data set's folder, such as ``casual/0123456789abcdef.png``.
        dataset_sha256: The data set's hash.
    """

    withheld: np.ndarray
    names: tuple[str, ...]
    dataset_sha256: str

    @property
    def seen(self) -> tuple[np.ndarray, np.ndarray]:
        """Which photographs the plane is fitted on, int (n,), and whether they are of the second pole, bool (n,)."""
        chosen = np.flatnonzero(~self.withheld)
        return chosen, self.labelled(self.poles[1])[chosen]

    def lie_in(self, folder: Path) -> bool:
        """Returns whether a data set's folder holds the very photographs that were encoded."""
        files = [folder / name for name in self.names]
        return all(file.is_file() for file in files) and hash_files(files, folder) == self.dataset_sha256

    def read(self, folder: Path, indices: Sequence[int], size: int) -> np.ndarray:
        """Returns some of the photographs themselves, uint8 (len(indices), size, size, 3).

        Raises:
            InputError: One is damaged, or smaller than that.
        """
        return np.stack([read_square(folder / self.names[index], size) for index in indices])


def find_photographs(training: Path, designs_folder: Path) -> tuple[LabelledPhotographs | None, str]:
    """Returns the photographs' codes in a training folder; or None and the reason why they cannot be used.

    The reason is empty where there are none.

    Args:
        training: A folder that ``train_dcgan.py`` wrote.
        designs_folder: The designs, which are to be of the same generator.

    Raises:
        InputError: The file of the codes is damaged.
    """
    found, path = Encodings.load(training), training / RECORD
    if found is None:
        return None, ""
    generator_file, left_out = training / "generator.keras", _("so the photographs' codes are left out")
    if generator_file.is_file() and (
        reason := found.describe_mismatch(training, inference.hash_generator(generator_file))
    ):
        return None, reason
    if made_by_another_generator(designs_folder, found.generator_sha256):
        return (
            None,
            _("{designs_folder}: made by another generator than {path}, {left_out}; run: {command}").format(
                designs_folder=designs_folder, path=path, left_out=left_out, command=command("generate.py")
            ),
        )
    labels = tuple(found.poles[label] for label in found.labels)
    photographs = LabelledPhotographs(found.codes, labels, found.withheld, found.files, found.dataset_sha256)
    seen, withheld = (
        {pole: int((photographs.labelled(pole) & part).sum()) for pole in found.poles}
        for part in (~found.withheld, found.withheld)
    )
    if min(seen.values()) < FEWEST_LABELS or min(withheld.values()) < 1:
        counts = ", ".join(
            _("{pole} {seen} and {withheld} withheld").format(pole=pole, seen=seen[pole], withheld=withheld[pole])
            for pole in found.poles
        )
        wanted = _("expected at least {fewest_labels} of each that training saw and 1 withheld").format(
            fewest_labels=FEWEST_LABELS
        )
        return None, _("{path}: found {counts}, {wanted}, {left_out}; more pictures help").format(
            path=path, counts=counts, wanted=wanted, left_out=left_out
        )
    return photographs, ""
