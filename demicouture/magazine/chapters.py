"""The chapters of the page: what each step left in a home, in the numbers and pictures that a person asks for.

Each function returns what its part of the template needs, or None where its step has left nothing yet.
"""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from demicouture.evaluation.realism_scale import GARMENTS, RECORD, draws_garments
from demicouture.files import read_array, read_csv, read_record
from demicouture.magazine import inlining, words
from demicouture.magazine.home import Home, or_none
from demicouture.preprocessing.records import DROP, KEEP, REVIEW
from demicouture.visualization import evenly_spread

MOST_FRAMES = 16
"""Of the film of training."""

SHEET_SIDE, FOLDED_SIDE = 1400, 700
"""The longer side of what is shown, and of what is folded away, in pixels."""

REASONS_SHOWN = 12
"""Reasons with a picture each, the most frequent ones."""

NOT_BETWEEN_POLES = ("a", "b", "along", "pairs", "random_walk", "latents")
"""Flags of interpolate.py with which a path need not lead from the one style to the other."""

MOST_BARS = 30
"""Of the histogram of distances, on either side of the plane."""


def lookbook(home: Home) -> dict[str, Any] | None:
    """Returns the lookbook: its garments, their ends, and their latents."""
    folder = home.interpolation
    columns = ("number", "first", "second", "realism_rank", "nearest", "nearest_rank", "picture")
    rows = or_none(lambda: read_csv(folder / "lookbook.csv", columns))
    if not rows or not home.is_of_this_generator(folder):
        return None
    latents = or_none(lambda: read_array(folder / "lookbook.npy"))
    garments = []
    for row in rows:
        picture = inlining.exact(folder / row["picture"])
        if picture is None:
            continue
        ends = [home.end(row["first"]), home.end(row["second"])] if row["first"] else []
        near = row["nearest"]
        garments.append(
            {
                "number": int(row["number"]),
                "picture": picture,
                "ends": ends if len(ends) == 2 and all(ends) else None,
                "nearest": {"picture": inlining.small(home.dataset / near), "words": home.describe(near)},
                "likeness": words.how_like(float(row["nearest_rank"])),
                "realism_rank": float(row["realism_rank"]),
            }
        )
    if not garments:
        return None
    whole = latents is not None and latents.shape[0] == len(rows)
    # The cover shows how a garment comes about, so it has two ends; of those it is the one most like the pictures.
    cover = max(garments, key=lambda one: (bool(one["ends"]), one["realism_rank"]))
    return {"garments": garments, "cover": cover, "latents": latents if whole else None}


def strip(home: Home) -> dict[str, Any] | None:
    """Returns the frames from one end of a path to the other."""
    folder = home.interpolation
    rows = or_none(lambda: read_csv(folder / "steps.csv", ("strip", "t", "distance", "picture", "first", "second")))
    summary = home.summary(folder)
    if not rows or not summary or not home.is_of_this_generator(folder):
        return None
    rows = [row for row in rows if row["strip"] == "0"]
    pictures = [inlining.exact(folder / row["picture"]) for row in rows]
    if len(rows) < 2 or not all(pictures):
        return None
    latents = or_none(lambda: read_array(folder / "strip.npy"))
    crossing, tuned, bent = (summary["results"].get(name) for name in ("crossing", "tuned", "bent"))
    return {
        "frames": pictures,
        "tuned": bool(tuned),
        "bent": bool(bent),
        "ends": [home.end(rows[0]["first"]), home.end(rows[0]["second"])],
        "crossing": crossing if isinstance(crossing, float) else None,
        "between_poles": not any(summary["options"].get(name) for name in NOT_BETWEEN_POLES),
        # A tuned generator's pictures are not what the page's own generator would draw of these latents.
        "latents": latents if latents is not None and len(latents) == len(rows) and not tuned else None,
    }


def scraping(home: Home) -> dict[str, Any] | None:
    """Returns what was collected, and how much of what; a person's own folders have neither queries nor a record."""
    if not home.scraped.is_dir():
        return None
    summary = home.summary(home.scraped)
    queries = or_none(lambda: [_count_query(row) for row in summary["results"]["queries"]]) if summary else None
    sheets = sorted(home.scraped.glob("*.png"))
    return {
        "queries": queries or [],
        "fetched": sum(row["fetched"] for row in queries or []),
        "sheets": [(_name_sheet(sheet.stem), inlining.large(sheet, FOLDED_SIDE)) for sheet in sheets],
    }


def _name_sheet(stem: str) -> words.Text:
    """Returns what a contact sheet shows, by its file: ``casual.polo-shirt``."""
    pole, _, query = stem.partition(".")
    english, japanese = words.garment(query) or (query.replace("-", " "),) * 2
    return f"{words.pole(pole)[0]}: {english}", f"{words.pole(pole)[1]}：{japanese}"


def _count_query(row: dict[str, Any]) -> dict[str, Any]:
    folder = row["query"].lower().replace(" ", "-")
    named = words.garment(folder) or (row["query"], row["query"])
    return {"pole": words.pole(row["pole"]), "words": named, "fetched": int(row["fetched"])}


def dataset(home: Home) -> dict[str, Any] | None:
    """Returns what was kept, and what was not and why, with an example of each reason."""
    if not home.decisions:
        return None
    kept = Counter(row["pole"] for row in home.decisions if row["decision"] == KEEP)
    out = [row for row in home.decisions if row["decision"] in (DROP, REVIEW) and row["reason"]]
    counted = Counter(row["reason"] for row in out).most_common()
    dropped = []
    for reason, count in counted:
        files = (row["file"] for row in out if row["reason"] == reason)
        example = next(filter(None, (inlining.small(home.scraped / file) for file in files)), None)
        dropped.append({"words": words.reason(reason), "count": count, "picture": example})
    sheets = []
    for pole in sorted(kept):
        for what in ("kept", "dropped", "review"):
            if sheet := inlining.large(home.dataset / f"{pole}-{what}.png", SHEET_SIDE):
                sheets.append((words.pole(pole), what, sheet))
    examples = {pole: _examples(home, pole) for pole in sorted(kept)}
    return {
        "looked_at": len(home.decisions),
        "kept": [(words.pole(pole), kept[pole], examples[pole]) for pole in sorted(kept)],
        "total": sum(kept.values()),
        "dropped": dropped[:REASONS_SHOWN],
        "others": sum(row["count"] for row in dropped[REASONS_SHOWN:]),
        "sheets": sheets,
        "options": home.options(home.dataset) or {},
    }


def _examples(home: Home, pole: str, count: int = 8) -> list[dict[str, Any]]:
    """Returns some pictures of a pole, evenly spread over its queries."""
    names = [row["picture"] for row in home.decisions if row["pole"] == pole and row["picture"]]
    chosen = [names[place] for place in evenly_spread(len(names), count)]
    found = [{"picture": inlining.small(home.dataset / name), "words": home.describe(name)} for name in chosen]
    return [one for one in found if one["picture"]]


def training(home: Home) -> dict[str, Any] | None:
    """Returns the film of training, how far it has come, and how long it still takes."""
    folder, options = home.training, home.options(home.training)
    if options is None:
        return None
    rows = or_none(lambda: read_csv(folder / "history.csv", ("epoch", "step", "images_per_second"))) or []
    sheets = sorted((folder / "samples").glob("epoch-*.png"))
    sheets = [sheets[place] for place in evenly_spread(len(sheets), MOST_FRAMES)] if sheets else []
    frames = [(int(sheet.stem.partition("-")[2]), inlining.large(sheet, SHEET_SIDE)) for sheet in sheets]
    summary = home.summary(folder)
    done = int(rows[-1]["epoch"]) if rows else 0
    return {
        "finished": summary is not None,
        "epochs": options.get("epochs"),
        "done": done,
        "minutes_left": None if summary else or_none(lambda: _minutes_left(rows, options)),
        "frames": [(epoch, picture) for epoch, picture in frames if picture],
        "scale": scale(home, rows),
        "history": inlining.large(folder / "history.png", SHEET_SIDE),
        "rebuilt": inlining.large(folder / "rebuilt.png", SHEET_SIDE),
        "reals": inlining.large(folder / "reals.png", SHEET_SIDE),
        "options": options,
        "copies": (home.quality or {}).get("copies"),
        "told_apart": (home.quality or {}).get("told_apart"),
    }


def _minutes_left(rows: list[dict[str, str]], options: dict[str, Any]) -> float:
    """Returns how long the rest takes at the speed of the last epochs; pictures and measures come on top."""
    last = rows[-1]
    pictures = float(last["step"]) / float(last["epoch"]) * options["batch_size"]
    speeds = [float(row["images_per_second"]) for row in rows[-5:]]
    minutes = (options["epochs"] - int(last["epoch"])) * pictures / float(np.median(speeds)) / 60
    if not math.isfinite(minutes):
        raise ValueError("no speed was recorded")
    return minutes


def scale(home: Home, rows: list[dict[str, str]]) -> dict[str, Any] | None:
    """Returns the scale of realism: where the generator is on it, and marks that one can imagine, in parts of it."""
    quality = home.quality
    if quality:
        marks, progress = quality["scale"]["marks"], quality["progress"]
    else:
        record = or_none(lambda: read_record(home.training / RECORD, "untrained", "real", "marks"))
        measured = [row["progress"] for row in rows if row.get("progress")]
        if not record or not measured:
            return None
        progress, length = float(measured[-1]), record["untrained"] - record["real"]
        marks = {name: min(max((record["untrained"] - mark) / length, 0), 1) for name, mark in record["marks"].items()}
    named = [{"words": words.MARKS[name], "place": float(mark)} for name, mark in marks.items() if name in words.MARKS]
    named.sort(key=lambda mark: mark["place"])
    return {
        "progress": progress,
        "marks": named,
        "garments": GARMENTS,
        "draws_garments": draws_garments(quality or {"progress": progress}),
        "low": quality and quality["progress_low"],
        "high": quality and quality["progress_high"],
    }


def designs(home: Home) -> dict[str, Any] | None:
    """Returns the designs: a sheet of the first ones, their labels, and how often the classifier is right."""
    summary = home.summary(home.designs)
    if not summary or not home.is_of_this_generator(home.designs):
        return None
    results = summary["results"]
    labels = or_none(lambda: [(words.pole(name), sum(by.values())) for name, by in results["labels"].items()])
    return {
        "count": summary["options"].get("count"),
        "grid": inlining.large(home.designs / "grid.png", SHEET_SIDE),
        "by_score": inlining.large(home.designs / "grid-by-score.png", SHEET_SIDE),
        "suggested": inlining.large(home.designs / "suggested.png", SHEET_SIDE),
        "labels": labels or [],
        "unlabelled": results.get("unlabelled", 0),
        "yours": sum(by.get("person", 0) for by in results.get("labels", {}).values()),
        "copies": results.get("copies"),
        "classifier": results.get("classifier"),
    }


def boundary(home: Home) -> dict[str, Any] | None:
    """Returns the plane: whether there is one, how sure that is, how pictures lie about it, and what changes."""
    folder = home.boundary
    report = or_none(
        lambda: read_record(folder / "report.json", "boundary_found", "poles", "held_out_accuracy", "from")
    )
    if report is None or not home.summary(folder) or not home.is_of_this_generator(folder):
        return None
    across = report.get("across_the_plane") or {}
    changes = or_none(lambda: _changes(across["correlations"], across["more_than_chance"])) or []
    named = {
        name: inlining.large(folder / f"{name}.png", SHEET_SIDE)
        for name in ("walk", "difference", "changes", "in-between", "on-the-plane", "learning-curve", "plot")
    }
    return {
        "found": bool(report["boundary_found"]),
        "right": report["held_out_accuracy"],
        "interval": report.get("held_out_interval"),
        "guessing": report.get("accuracy_of_guessing_the_larger_pole"),
        "p_value": report.get("p_value"),
        "permutations": report.get("permutations"),
        "of_photographs": report["from"] == "photographs",
        "poles": [words.pole(name) for name in report["poles"]],
        "withheld": sum((report.get("withheld") or {}).values()) or None,
        "histogram": or_none(lambda: _histogram(folder, report["poles"])),
        "changes": changes,
        "pictures": named,
    }


def _changes(correlations: dict[str, float], more_than_chance: list[str]) -> list[words.Text]:
    """Returns what a garment becomes on the way to the second pole, what changes most first."""
    known = [name for name in more_than_chance if name in words.CHANGES]
    known.sort(key=lambda name: -abs(correlations[name]))
    return [words.CHANGES[name][int(correlations[name] > 0)] for name in known]


def _histogram(folder: Path, poles: list[str]) -> dict[str, Any]:
    """Returns how many pictures lie at which distance from the plane, in dots: each is one picture.

    Returns:
        ``dots``: the place across and the number from below of each, its pole, and whether it was withheld;
        ``across`` and ``highest``: the extent; ``plane``: the plane's place.
    """
    file = folder / "photographs.csv"
    rows = read_csv(file if file.exists() else folder / "distances.csv", ("label", "distance"))
    rows = [row for row in rows if row["label"] in poles][:2000]
    distances = np.array([float(row["distance"]) for row in rows])
    width = max(abs(distances.min()), abs(distances.max())) / MOST_BARS * 1.0001
    heights: Counter[tuple[int, str]] = Counter()
    dots = []
    for row, distance in sorted(zip(rows, distances, strict=True), key=lambda pair: pair[0].get("withheld") != "yes"):
        bar = math.floor(distance / width) + MOST_BARS
        key = (bar, row["label"])
        dots.append((bar, heights[key], poles.index(row["label"]), row.get("withheld") == "yes"))
        heights[key] += 1
    return {"dots": dots, "bars": 2 * MOST_BARS, "highest": max(heights.values()), "plane": MOST_BARS}


def interpolation(home: Home) -> dict[str, Any] | None:
    """Returns the last step: how many candidates there were, the boards, and the photographs' sheets."""
    folder = home.interpolation
    summary = home.summary(folder)
    if not summary or not home.is_of_this_generator(folder):
        return None
    boards = [inlining.large(path / "board.png", SHEET_SIDE) for path in sorted(folder.parent.glob(f"{folder.name}*"))]
    # Where the path crosses the plane, that is what lies in between; else it is what lies half-way.
    middle = inlining.large(folder / "crossing.png", 512) or inlining.large(folder / "midpoint.png", 512)
    return {
        "counts": summary["results"].get("lookbook"),
        "boards": [board for board in boards if board],
        "middle": middle,
        "sheets": [inlining.large(path, SHEET_SIDE) for path in sorted(folder.glob("photographs-*.png"))],
    }


def planes(home: Home) -> list[dict[str, Any]]:
    """Returns the ways on which the live wardrobe can move: between the poles, and along each further direction.

    Returns:
        Of each the ``name``, "" between the poles; both ``ends``; ``found``, whether it is more than chance;
        ``normal`` and ``intercept``; and how far designs lie from it, ``low`` and ``high``.
    """
    if not home.is_of_this_generator(home.boundary):
        return []
    latents = or_none(lambda: read_array(home.designs / "latents.npy"))
    if latents is None:
        return []
    names = sorted(
        path.stem.removeprefix("hyperplane").removeprefix("-") for path in home.boundary.glob("hyperplane*.npz")
    )
    found = (or_none(lambda name=name: _plane(home.boundary, name, latents)) for name in names)
    return [plane for plane in found if plane]


def _plane(folder: Path, name: str, latents: np.ndarray) -> dict[str, Any] | None:
    # Imported here: scikit-learn takes a second, for which the page of a home without a plane need not wait.
    from demicouture.boundary.hyperplane import Hyperplane
    from demicouture.boundary.outputs import file_name, is_designs_plane

    if is_designs_plane(name):
        return None
    plane = Hyperplane.load(folder / file_name("hyperplane.npz", name))
    report = read_record(folder / file_name("report.json", name), "poles", "boundary_found")
    read_record(folder / file_name("summary.json", name))  # Where it is missing, the direction is unfinished.
    low, high = np.quantile(plane.signed_distance(latents), (0.005, 0.995)).clip(-0.9 * plane.reach, 0.9 * plane.reach)
    # Where all designs lie on one side, the other one is worth seeing all the same.
    extent = max(-low, high)
    return {
        "name": name,
        "ends": [words.pole(pole) for pole in report["poles"]],
        "found": bool(report["boundary_found"]),
        "normal": inlining.floats(plane.normal),
        "intercept": plane.intercept,
        "low": float(min(low, -extent / 2)),
        "high": float(max(high, extent / 2)),
    }


def credits(home: Home) -> dict[str, Any]:
    """Returns who made the data set's pictures, and under which licences."""
    drawn = [row for row in home.credited if row["source"] == "wardrobe"]
    found = [row for row in home.credited if row["source"] != "wardrobe"]
    licences = Counter(row["licence"] or "?" for row in home.credited).most_common()
    return {
        "drawn": len(drawn),
        "found": [{**row, "page_url": _web(row["page_url"]), "licence_url": _web(row["licence_url"])} for row in found],
        "licences": licences,
        "unknown": len([row for row in home.decisions if row["picture"]]) - len(home.credited),
    }


def _web(address: str) -> str:
    """Returns an address that a person may follow; "" for one that is none of the web's, whoever offered it."""
    return address if address.startswith(("https://", "http://")) else ""
