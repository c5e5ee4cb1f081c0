"""Who called which design what: ``labels.csv``, in which a person's word stands above the judge's.

People edit ``label`` and nothing else. The judge's answer stays beside it, and where the two differ the row is a
person's: no judge overwrites it. Such a row keeps the answer that the person overruled: were it brought up to date, it
might come to agree with the person, and the next change of the judge's mind would pass over what the person said. To
give a row back to the judge, undo the edit. What the judge says by now of every design stands in ``designs.csv``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from demicouture.designs.designs import design_name, is_manual, read_rows
from demicouture.errors import InputError
from demicouture.files import write_csv

COLUMNS = ("design", "label", "score", "labelled_by", "judge_label")
JUDGE, PERSON, NOBODY = "judge", "person", ""


def read_manual_labels(path: Path, known: int, count: int, poles: Sequence[str] | None) -> dict[str, dict[str, str]]:
    """Returns what people said: ``label``, ``labelled_by`` and the overruled ``judge_label``, by design.

    Args:
        path: A ``labels.csv``; where there is none, nobody said anything.
        known: Designs that had been labelled when the last run ended.
        count: Designs that there may be: more than ``known`` where a run that added some was killed.
        poles: The two words that are understood; None takes any two.

    Raises:
        InputError: The file is no such table, names a design twice, not at all or one too many, or holds another word.
    """
    if not path.exists():
        return {}
    rows = read_rows(path, COLUMNS, count)
    for index in range(max(known, len(rows))):
        if (name := design_name(index)) not in rows:
            raise InputError(
                f"{path}: no row for {name}, expected one for each design; restore it (with an empty label, say), "
                "or remove the whole file to have the judge label anew"
            )
    words: dict[str, dict[str, str]] = {}
    allowed = list(poles or [])
    for name in sorted(rows):
        if not is_manual(rows[name]):
            continue
        label = rows[name]["label"].strip()
        if label and poles is None and label not in allowed and len(allowed) < 2:
            allowed.append(label)
        if label and label not in allowed:
            raise InputError(
                f"{path}: {name} is labelled {label!r}, expected {allowed[0]}, {allowed[1]} or nothing; "
                "correct it (for other words, python latent_svm.py --labels takes a file of its own)"
            )
        words[name] = {"label": label, "labelled_by": PERSON, "judge_label": rows[name]["judge_label"].strip()}
    return words


def write_labels(
    path: Path, answers: Sequence[Mapping[str, Any]], words: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Writes ``labels.csv`` and returns its rows.

    Args:
        path: The file.
        answers: The judge's ``design``, ``score`` and ``judge_label`` for each design, in order; None is no score.
        words: What people said, from :func:`read_manual_labels`; it is put over the judge's answers.
    """
    rows = []
    for answer in answers:
        label = answer["judge_label"]
        judged = {name: answer[name] for name in ("design", "score", "judge_label")}
        judged |= {"label": label, "labelled_by": JUDGE if label else NOBODY}
        rows.append({**judged, **words.get(answer["design"], {})})
    write_csv(path, COLUMNS, rows)
    return rows


def count_labels(rows: Sequence[Mapping[str, Any]], poles: Sequence[str]) -> dict[str, dict[str, int]]:
    """Returns how many designs each pole has from the judge and from a person."""
    counts = Counter((row["label"], row["labelled_by"]) for row in rows)
    return {pole: {source: counts[pole, source] for source in (JUDGE, PERSON)} for pole in poles}
