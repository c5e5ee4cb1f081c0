"""What was tried, how often, and what came out: ``docs/reliability.md``."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Section:
    """One line of a table.

    Attributes:
        part: The table's title.
        what: The line's.
        outcomes: How often each outcome was seen.
        faults: What broke a promise: the case, and how.
        notes: The lines with which scripts refused.
    """

    part: str
    what: str
    outcomes: Counter = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, case: str, fault: str, outcome: str, note: str = "") -> None:
        """Counts a case."""
        self.outcomes[outcome if not fault else "fault"] += 1
        if fault:
            self.faults.append(f"{case}: {fault}")
        if note:
            self.notes.append(f"{case}: {note}")
