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

    @property
    def sentence(self) -> str:
        """The outcomes in words, the most frequent first."""
        return ", ".join(f"{count} {outcome}" for outcome, count in self.outcomes.most_common())


INTRODUCTION = """# The worst day

What `make faults` tried on thin runs of the six scripts, and what came out. The suite writes this page itself.

A *fault* is a traceback, an exit code that is not promised (0 done, 1 an expected failure in one line, 2 wrong usage,
130 interrupted), a file that was lost or half-written, a result that differs from that of a run which nothing
disturbed, code that ran, or more time or memory than a picture may take.
"""

EXPLAINED = {
    "Killed": "By SIGKILL, with all its processes, at a random moment or after a random file was written; then run "
    "again. The same means: each file of the folder has the hash that it has after an undisturbed run.",
    "A full disk": "A disk of a random size, which one of the script's writes fills; then room is made, and it is run "
    "again.",
    "Its folder moved away": "While the script is at work; then it is put back, and the script is run again.",
    "Asked to end": "By Ctrl-C, by a request to terminate, and by the end of its terminal; then run again.",
    "Two at once": "The same script twice on one folder, and two of which one reads what the other one writes.",
    "Damaged files": "Each file that one script hands to another or to its own next run, in each of the ways below; "
    "then the script runs that reads it. It goes on, where it can make the file again or the damage changes nothing "
    "that it reads, or refuses in one line, and then leaves every file as it was.",
    "Hostile networks": "Files that claim to be a generator.",
    "Odd pictures": "Formats and colour modes, turned, cut, changed, misnamed, and such as are made to cost.",
    "Command lines": "Flags that nobody can mean, folders that are not ours to move, and odd consoles.",
}


def write(sections: list[Section], seed: int, share: float, seconds: float, system: str, place: str) -> str:
    """Returns the page, docs/reliability.md.

    Args:
        sections: What was found.
        seed: Of everything that was drawn.
        share: The part of the damages that was tried.
        seconds: How long it took.
        system: The operating system's name.
        place: The folder in which it was tried, which is not to be named.
    """
    from faults.damage import DAMAGES

    cases = sum(section.outcomes.total() for section in sections)
    faults = sum(len(section.faults) for section in sections)
    lines = [INTRODUCTION, f"**{cases:,} cases, {faults} faults.** Seed {seed}, {system}, {seconds / 60:.0f} minutes."]
    for part in dict.fromkeys(EXPLAINED):
        rows = [section for section in sections if section.part == part]
        if not rows:
            lines += [f"## {part}", f"{EXPLAINED[part]} Not tried in this run."]
            continue
        lines += [f"## {part}", EXPLAINED[part]]
        if part == "Damaged files":
            tried = "All" if share == 1 else f"A random {share:.0%} of all"
            lines.append(f"{tried} were tried of: {'; '.join(DAMAGES)}.")
        table = ["| | cases | what came out |", "| --- | ---: | --- |"]
        table += [f"| {row.what} | {row.outcomes.total()} | {row.sentence} |" for row in rows]
        lines.append("\n".join(table))
        if broken := [fault.replace(place, "…") for row in rows for fault in row.faults]:
            lines.append("\n".join(f"- fault: {fault[:300]}" for fault in broken))
    return "\n\n".join(line.strip() for line in lines) + "\n"
