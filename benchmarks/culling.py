"""Compares the rules of culling and cropping with labels that a person gave by eye.

Reads   a data set that preprocess.py made of photographs (decisions.csv), and tests/data/photo-labels.csv: file,
        decision (keep, drop or review), reason, sample (random, or extra: picked because it looked doubtful), and the
        box of what is to be seen, in shares of the picture: the garment, where it lies flat; the torso from the
        shoulders' line to the hips', where a person wears it.
Prints  for each pole how often hand and rule agree, precision and recall of each decision, every disagreement by
        file, and how well the crops frame what the hand framed.

Rows of decisions.csv on which a person decided are left out, and what merely had no place (over --count, too like
another) or was not cut out counts as kept: nothing was found wrong with it.

Example:
    python preprocess.py --input photographs --output labelled && python benchmarks/culling.py labelled/decisions.csv
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from demicouture import cli  # noqa: E402
from demicouture.errors import InputError  # noqa: E402
from demicouture.files import read_csv  # noqa: E402
from demicouture.preprocessing import decisions  # noqa: E402
from demicouture.preprocessing.records import CHOICES, DECISIONS, KEEP  # noqa: E402

LABELS = cli.HOUSE / "tests/data/photo-labels.csv"
LABEL_COLUMNS = ("file", "decision", "reason", "worn", "sample", *decisions.SIDES)

OFF_CENTRE = 0.15
"""A crop's centre is well placed within this share of its side from the centre of what the hand framed."""


def rule_of(row: dict[str, str]) -> str:
    """Returns what the rules say of a picture's contents."""
    return KEEP if row["reason"] in CHOICES else row["decision"]


def count(labels: dict[str, dict], rows: dict[str, dict]) -> dict:
    """Returns how hand and rule agree: a table hand × rule, and precision and recall of each decision."""
    table = Counter((label["decision"], rule_of(rows[file])) for file, label in labels.items())
    found = {"table": {hand: {rule: table[hand, rule] for rule in DECISIONS} for hand in DECISIONS}}
    for decision in DECISIONS:
        right = table[decision, decision]
        by_rule = sum(table[hand, decision] for hand in DECISIONS)
        by_hand = sum(table[decision, rule] for rule in DECISIONS)
        found[decision] = {
            "precision": right / by_rule if by_rule else None,
            "recall": right / by_hand if by_hand else None,
            "by_rule": by_rule,
            "by_hand": by_hand,
        }
    return found


def print_table(title: str, found: dict) -> None:
    """Prints how hand and rule agree."""
    print(f"\n{title}\n\n| by hand \\ by rule | keep | drop | review | recall |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for hand in DECISIONS:
        numbers = " | ".join(str(found["table"][hand][rule]) for rule in DECISIONS)
        print(f"| {hand} | {numbers} | {_share(found[hand]['recall'])} |")
    print(f"| precision | {' | '.join(_share(found[decision]['precision']) for decision in DECISIONS)} | |\n")


def measure_crop(label: dict[str, str], row: dict[str, str]) -> tuple[float, float, float]:
    """Returns how a crop sits on what a person framed by eye.

    Returns:
        The distance of the centres in shares of the crop's side; the share of the framed box that is inside the crop;
        the crop's side in heights of the framed box.
    """
    width, height = int(row["width"]), int(row["height"])
    left, top, right, bottom = (
        float(label[side]) * extent for side, extent in zip(decisions.SIDES, (width, height) * 2, strict=True)
    )
    crop_left, crop_top, crop_right, crop_bottom = (int(row[side]) for side in decisions.SIDES)
    side = crop_right - crop_left
    off = np.hypot(left + right - crop_left - crop_right, top + bottom - crop_top - crop_bottom) / 2 / side
    across = max(0.0, min(right, crop_right) - max(left, crop_left))
    down = max(0.0, min(bottom, crop_bottom) - max(top, crop_top))
    return float(off), across * down / ((right - left) * (bottom - top)), side / (bottom - top)


def main(argv: list[str] | None = None) -> None:
    """Compares and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=cli.HelpFormatter, allow_abbrev=False)
    parser.add_argument("decisions", type=Path, help="decisions.csv")
    parser.add_argument("--labels", type=Path, default=LABELS, help="a person's labels")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    args = parser.parse_args(argv)
    rows = {row["file"]: row for row in read_csv(args.decisions, decisions.COLUMNS) if not decisions.is_manual(row)}
    labels = {row["file"]: row for row in read_csv(args.labels, LABEL_COLUMNS) if row["file"] in rows}
    if not labels:
        raise InputError(f"{args.decisions}: none of its files is among those of {args.labels}; give the same pictures")
    figures = {}
    for pole in sorted({file.partition("/")[0] for file in labels}):
        mine = {file: label for file, label in labels.items() if file.startswith(f"{pole}/")}
        figures[pole] = found = count(mine, rows)
        print_table(f"{pole}: {len(mine)} labelled by eye", found)
        random = {file: label for file, label in mine.items() if label["sample"] == "random"}
        if len(random) < len(mine):
            found["random"] = count(random, rows)
            print_table(f"{pole}: {len(random)} of these, drawn at random", found["random"])
        for file, label in mine.items():
            if label["decision"] != (rule := rule_of(rows[file])):
                print(f"  {file}: hand {label['decision']} ({label['reason']}), rule {rule} ({rows[file]['reason']})")
        crops = [
            measure_crop(label, rows[file])
            for file, label in mine.items()
            if label["decision"] == KEEP and label["left"] and rows[file]["left"]
        ]
        if crops:
            off, inside, side = np.array(crops).T
            found["crops"] = {
                "judged": len(crops),
                "centred": float(np.mean(off <= OFF_CENTRE)),
                "median_inside": float(np.median(inside)),
                "nine_tenths_inside": float(np.mean(inside >= 0.9)),
                "median_side": float(np.median(side)),
            }
            print(f"\n  crops of {len(crops)} that the hand keeps: {json.dumps(found['crops'])}")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


if __name__ == "__main__":
    sys.exit(cli.run(main))
