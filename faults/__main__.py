"""Tries the worst day on thin runs, and writes what came out to docs/reliability.md.

Example:
    python -m faults
"""

from __future__ import annotations

import argparse
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from demicouture import cli
from faults import command_lines, damage, kills, networks, odd_pictures, report, thin
from faults.report import Section

PARTS = ("kill", "disk", "move", "end", "twice", "jax", "networks", "pictures", "files", "flags")
"""What can be tried by itself."""

READERS = (
    (("train_dcgan", "--epochs", "4"), ("generate",)),
    (("generate", "--count", "30"), ("interpolate",)),
)
"""Pairs of scripts at once: the second reads what the first is writing."""


def disturb(home: Path, place: Path, script: str, times: int, seed: int, parts: Collection[str]) -> list[Section]:
    """Kills a script, fills its disk, moves its folder, asks it to end, and starts it twice."""
    place.mkdir()
    random = np.random.default_rng([seed, thin.SCRIPTS.index(script)])
    found = []
    if "kill" in parts:
        found.append(kills.kill(home, place, script, times, random))
    if "disk" in parts and kills.can_mount(place / "mount"):
        found.append(kills.fill(home, place, script, -(-times // 2), random))
    if "move" in parts:
        found.append(kills.move(home, place, script, -(-times // 4), random))
    if "end" in parts:
        found.append(kills.interrupt(home, place, script))
    if "twice" in parts:
        found.append(kills.run_two(home, place, script))
    shutil.rmtree(place)
    return found


def disturb_jax(home: Path, place: Path, times: int, seed: int) -> list[Section]:
    """Kills training on JAX."""
    place.mkdir()
    return [kills.kill(home, place, "train_dcgan", times, np.random.default_rng(seed), KERAS_BACKEND="jax")]


def read_beside(home: Path, place: Path) -> list[Section]:
    """Starts scripts at once of which one reads what the other one writes."""
    place.mkdir()
    return [kills.run_beside(home, place, first, second) for first, second in READERS]


def attack_networks(home: Path, place: Path) -> list[Section]:
    """Tries to load hostile networks."""
    place.mkdir()
    return [networks.attack(home / "outputs/3-training/generator.keras", place)]


def run_all(
    place: Path, times: int, share: float, seed: int, parts: Collection[str], say: Callable[[str], None]
) -> list[Section]:
    """Runs the parts: those in processes of their own beside those in this one."""
    say("a thin home, in which all six scripts run")
    home = thin.build(place / "home")
    beside = [partial(disturb, home, place / script, script, times, seed, parts) for script in thin.SCRIPTS]
    if "jax" in parts:
        beside.append(partial(disturb_jax, home, place / "jax", -(-times // 2), seed))
    if "twice" in parts:
        beside.append(partial(read_beside, home, place / "read"))
    found: list[Section] = []

    def finish(part: Callable[[], list[Section]]) -> list[Section]:
        sections = part()
        for section in sections:
            say(f"{section.part}: {section.what}: {section.sentence}")
        return sections

    with ThreadPoolExecutor(1) as pool:
        pending = [pool.submit(finish, part) for part in beside]
        if "networks" in parts:
            found += finish(partial(attack_networks, home, place / "networks"))
        if "pictures" in parts:
            found += finish(partial(odd_pictures.attack, place, seed))
        for section in damage.attack(home, place, seed, share=share) if "files" in parts else ():
            found += finish(lambda section=section: [section])
        if "flags" in parts:
            found += finish(partial(command_lines.attack, home, place))
        for part in pending:
            found += part.result()
    return found


def main() -> int:
    """Runs the suite; returns 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=cli.integer(1, 100), metavar="N", default=4, help="kills of each script")
    parser.add_argument("--share", type=cli.number(0.01, 1), metavar="X", default=1.0, help="part of the damages")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--seed", type=cli.integer(0), metavar="N", default=0)
    args = parser.parse_args()
    began = time.monotonic()

    def say(message: str) -> None:
        print(f"{time.monotonic() - began:4.0f} s  {message}", file=sys.__stderr__, flush=True)

    with tempfile.TemporaryDirectory(prefix="faults-") as place:
        found = run_all(Path(place), args.times, args.share, args.seed, args.only, say)
        text = report.write(found, args.seed, args.share, time.monotonic() - began, platform.system(), place)
    (cli.HOUSE / "docs/reliability.md").write_text(text, encoding="utf-8")
    faults = [fault for section in found for fault in section.faults]
    for fault in faults:
        say(f"fault: {fault}")
    say(f"{sum(section.outcomes.total() for section in found)} cases, {len(faults)} faults: docs/reliability.md")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
