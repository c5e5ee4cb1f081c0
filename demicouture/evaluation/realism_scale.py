"""The scale on which a generator's realism is reported: 0% is an untrained generator, 100% the data set's pictures.

Between the ends it is the kernel distance from withheld pictures, which orders sets of pictures as an eye does; it
is a square, so roots are taken. Both ends are measured in the run itself, and so are marks to compare with: what was
done to pictures that a person would reject.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from demicouture.errors import InputError
from demicouture.evaluation import kernel_distance
from demicouture.files import read_record, write_record
from demicouture.language import _

RECORD = "realism-scale.json"

GARMENTS = 0.5
"""Progress from which a person can name garments; below it a generator draws blobs. By grids that were looked at: of a
thousand photographs clouds were at 14%, pale ghosts at 30%, coloured blots at 34%, dark silhouettes at 48%, coats and
T-shirts that one can name at 53% and 55%; of drawn pictures smeared coats and jackets at 54%. At 49% (47% to 51%) a
lookbook of drawn pictures could be named throughout, and four in ten of all designs were torn."""


def draws_garments(quality: Mapping[str, Any] | None) -> bool:
    """Returns whether a generator may draw garments that a person can name.

    One that was not judged gets the benefit of the doubt, and so does one whose interval reaches the bar.

    Args:
        quality: What :meth:`demicouture.evaluation.generator_quality.QualityMeter.measure` found.
    """
    return quality is None or quality.get("progress_high", quality["progress"]) >= GARMENTS


@dataclass(frozen=True)
class RealismScale:
    """What a run's kernel distances are compared with; all × 1000, from the withheld pictures.

    Attributes:
        untrained: Of an untrained generator's pictures: 0%.
        real: Of the pictures that the generator learns from: 100%.
        marks: Of the controls, by name: these pictures blurred, cross-faded and so on.

    Raises:
        InputError: 0% is no further from the withheld pictures than 100% is.
    """

    untrained: float
    real: float
    marks: Mapping[str, float]

    def __post_init__(self) -> None:
        """Refuses a scale without a length."""
        if not self.untrained > self.real:  # So that NaN is refused, too.
            raise InputError(
                _(
                    "the scale of realism: an untrained generator is as near to the withheld pictures as the "
                    "others are; expected pictures of one kind in the data set"
                )
            )

    def progress(self, distance: float) -> float:
        """Returns how far a kernel distance is on the way from an untrained generator to real pictures, in [0, 1]."""
        return kernel_distance.progress(distance, self.untrained, self.real)

    def save(self, folder: Path) -> None:
        """Writes the scale to a run's folder."""
        write_record(folder / RECORD, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> RealismScale | None:
        """Returns the scale in a run's folder; None where there is none.

        Raises:
            InputError: The file is damaged.
        """
        if not (folder / RECORD).exists():
            return None
        record = read_record(folder / RECORD, "untrained", "real", "marks")
        try:
            ends = float(record["untrained"]), float(record["real"])
            marks = {str(name): float(mark) for name, mark in record["marks"].items()}
        except (TypeError, ValueError, AttributeError):
            raise InputError(
                _("{path}: found no numbers in it; add --fresh to start over").format(path=folder / RECORD)
            ) from None
        return cls(*ends, marks)
