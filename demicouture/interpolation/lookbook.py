"""The lookbook: the best of thousands of garments in between, each unlike the others and unlike any photograph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from tqdm import tqdm

from demicouture import visualization
from demicouture.boundary.hyperplane import Hyperplane
from demicouture.designs.designs import Designs, design_name
from demicouture.errors import PictureError
from demicouture.evaluation.realism import PASSING, Appraisal, RealismScorer
from demicouture.evaluation.style_classifier import StyleClassifier, is_worthy, texture
from demicouture.files import atomic_path, write_csv
from demicouture.images import open_picture, save_png
from demicouture.interpolation.endpoints import most_confident
from demicouture.interpolation.pair_grid import between
from demicouture.latents import prior_preserving_path, sample_prior

SIZE = 24
"""Garments in a lookbook: six rows of four fill a page."""

ON_THE_PLANE = 2000
"""Candidates from all over the plane. Of the demonstration's about one in five is in between for the judge too."""

OF_EACH_POLE = 20
"""The surest designs of each pole, whose pairs give the other candidates, 400."""

BETWEEN = (0.35, 0.65)
"""The judge's scores of what is in between, of which it is two thirds as likely the other pole's at the least."""

SHARE = 0.25
"""Of the candidates that will do, the most realistic quarter is chosen from: the farthest points of a set are its
strangest, and without this the lookbook would gather what only just passes."""

FAR = 0.9
"""How far a garment's relatives stand from the plane: as far as all but a tenth of the designs."""

AT_A_TIME = 512
HUNDRED = 100
"""Designs of each kind that are counted; the seed's slide gives its own figure of so many."""

WIDTH, HEIGHT, DOTS = 1654, 2339, 200
"""A page of A4, in pixels and in dots an inch."""

COLUMNS = 4
MARGIN = 60
HEAD = 130
LARGE = 256
THUMBNAIL = 80


@dataclass(frozen=True)
class Candidates:
    """Garments that may be in between.

    Attributes:
        latents: float32 (n, latent_dim) in [-1, 1].
        parents: The numbers of the two designs that each lies between; None for one from the plane itself.
    """

    latents: np.ndarray
    parents: list[tuple[int, int] | None]


@dataclass(frozen=True)
class Judged:
    """What is said of some designs, row by row.

    Attributes:
        features: float32 (n, d), the judge's descriptors.
        scores: float64 (n,) in [0, 1], the second pole's share.
        appraisal: How real and how new they are.
    """

    features: np.ndarray
    scores: np.ndarray
    appraisal: Appraisal


@dataclass(frozen=True)
class Lookbook:
    """The lookbook, before it is written.

    Attributes:
        page: The page; None where no candidate would do.
        pictures: uint8 (n, size, size, 3), each garment.
        latents: float32 (n, latent_dim).
        rows: The table, a row for each.
        found: What belongs into ``summary.json``.
        sentences: What to tell.
    """

    page: Image.Image | None
    pictures: np.ndarray
    latents: np.ndarray
    rows: list[dict[str, Any]]
    found: dict[str, Any]
    sentences: list[str]

    def save(self, folder: Path) -> list[str]:
        """Writes all of it but what belongs into the summary; returns the files' names."""
        for old in (folder / "lookbook").glob("*.png"):
            old.unlink()
        if self.page is None:
            return []
        for row, picture in zip(self.rows, self.pictures, strict=True):
            save_png(folder / row["picture"], picture)
        with atomic_path(folder / "lookbook.npy") as partial_file:
            np.save(partial_file, self.latents)
        write_csv(folder / "lookbook.csv", list(self.rows[0]), self.rows)
        save_png(folder / "lookbook.png", self.page)
        save_pdf(folder / "lookbook.pdf", self.page)
        own = [row["picture"] for row in self.rows]
        return ["lookbook.png", "lookbook.pdf", "lookbook.csv", "lookbook.npy", *own]


Render = Callable[[np.ndarray], np.ndarray]
"""Makes pictures, uint8 (n, size, size, 3), of latents, float (n, latent_dim)."""


def judge_designs(
    classifier: StyleClassifier, appraiser: RealismScorer, latents: np.ndarray, render: Render, quiet: bool = True
) -> Judged:
    """Renders designs and has them judged, some hundreds at a time.

    Args:
        classifier: The judge.
        appraiser: Holds designs against its photographs.
        latents: float (n, latent_dim).
        render: The generator.
        quiet: Whether to show no progress bar.
    """
    features, scores, textures = [], [], []
    with tqdm(total=len(latents), desc="judging", unit="design", disable=quiet or None, leave=False) as bar:
        for start in range(0, len(latents), AT_A_TIME):
            pictures = render(latents[start : start + AT_A_TIME])
            described, scored = classifier.predict(pictures)
            features.append(described)
            scores.append(scored)
            textures.append(texture(pictures))
            bar.update(len(pictures))
    features = np.concatenate(features)
    return Judged(features, np.concatenate(scores), appraiser.score_realism(features, np.concatenate(textures)))


def choose(judged: Judged, worthy: bool, count: int = SIZE) -> list[int]:
    """Returns the garments of the lookbook: in between, realistic, no copies, and unlike each other.

    The most realistic comes first; then always the one that is farthest, in the judge's descriptor, from the nearest
    of those chosen already.

    Args:
        judged: What is said of the candidates.
        worthy: Whether the judge tells the poles apart; else its scores are not asked.
        count: How many garments, at most.

    Source:
        Gonzalez 1985, "Clustering to minimize the maximum intercluster distance", for the greedy choice.
    """
    said = judged.appraisal
    good = said.realistic & ~said.copy
    if worthy:
        good &= in_between(judged.scores)
    rows = np.flatnonzero(good)
    if not len(rows):
        return []
    rows = rows[np.argsort(-said.realism[rows], kind="stable")]
    rows = rows[: max(count, int(len(rows) * SHARE))]
    features = judged.features[rows].astype(np.float64)
    chosen, gaps = [0], np.linalg.norm(features - features[0], axis=1)
    while len(chosen) < min(count, len(rows)):
        gaps[chosen] = -1  # Two designs may be alike to the bit; none is chosen twice.
        chosen.append(int(np.argmax(gaps)))
        gaps = np.minimum(gaps, np.linalg.norm(features - features[chosen[-1]], axis=1))
    return rows[chosen].tolist()


def in_between(scores: np.ndarray) -> np.ndarray:
    """Returns whether the judge takes designs for neither of the one pole nor of the other, bool (n,)."""
    low, high = BETWEEN
    return (scores >= low) & (scores <= high)


def count_passing(said: Appraisal) -> dict[str, int]:
    """Returns how many of the last hundred are realistic, as 95% of photographs are, and how many are copies."""
    realistic, copies = said.realistic[-HUNDRED:], said.copy[-HUNDRED:]
    return {"designs": len(copies), "realistic": int(realistic.sum()), "copies": int(copies.sum())}


def relatives(latents: np.ndarray, plane: Hyperplane, distance: float) -> np.ndarray:
    """Returns designs moved straight to either side of the plane: the same garments as either pole would have them.

    Args:
        latents: float (n, latent_dim).
        plane: The hyperplane.
        distance: How far from the plane, on either side.

    Returns:
        float64 (n, 2, latent_dim).
    """
    distance = min(distance, 0.9 * plane.reach)
    return np.stack([plane.nearest(latents, side) for side in (-distance, distance)], axis=1)


def draw_page(
    pictures: np.ndarray,
    sides: Sequence[np.ndarray | None],
    photographs: Sequence[np.ndarray | None],
    captions: Sequence[Sequence[str]],
    title: str,
    explanation: str,
) -> Image.Image:
    """Returns one page with all garments, each in large with its relatives and its nearest photograph beside.

    Args:
        pictures: uint8 (n, size, size, 3), the garments.
        sides: uint8 (2, size, size, 3) for each, towards either pole; None where there is no plane and no pair.
        photographs: uint8 (height, width, 3) for each, square, the nearest photograph; None where it is not there.
        captions: A few short lines for each.
        title: In large letters above.
        explanation: Below the title.
    """
    page = Image.new("RGB", (WIDTH, HEIGHT), visualization.GROUND)
    pen = ImageDraw.Draw(page)
    pen.text((MARGIN, MARGIN - 20), title, fill=visualization.CAPTION_COLOUR, font=visualization.load_font(34))
    pen.text((MARGIN, MARGIN + 28), explanation, fill=visualization.CAPTION_COLOUR, font=visualization.load_font(15))
    across = (WIDTH - 2 * MARGIN) // COLUMNS
    down = (HEIGHT - HEAD - MARGIN) // -(-SIZE // COLUMNS)
    font = visualization.load_font(14)
    step = (LARGE - THUMBNAIL) // 2
    for number, picture in enumerate(pictures):
        left, top = MARGIN + number % COLUMNS * across, HEAD + number // COLUMNS * down
        page.paste(visualization.enlarge(picture, LARGE), (left, top))
        small = [*(sides[number] if sides[number] is not None else (None, None)), photographs[number]]
        for place, other in enumerate(small):
            if other is not None:
                page.paste(visualization.enlarge(other, THUMBNAIL), (left + LARGE + 6, top + place * step))
        for line, text in enumerate(captions[number]):
            pen.text((left, top + LARGE + 4 + 19 * line), text, fill=visualization.CAPTION_COLOUR, font=font)
    return page


def save_pdf(path: Path, page: Image.Image) -> None:
    """Writes a page to a PDF file atomically; the same page is the same file, so it bears no date."""
    with atomic_path(path) as partial_file:
        page.save(
            partial_file, resolution=DOTS, quality=95, title="Demicouture lookbook", creationDate=None, modDate=None
        )


def read_photographs(folder: Path, names: Sequence[str]) -> list[np.ndarray | None]:
    """Returns photographs of the data set, uint8 (size, size, 3) each, or None for one that is not there any more."""
    found: list[np.ndarray | None] = []
    for name in names:
        try:
            picture = np.asarray(open_picture(folder / name))
        except (FileNotFoundError, PictureError):
            picture = None
        found.append(picture if picture is not None and picture.shape[0] == picture.shape[1] else None)
    return found


def choose_pairs(
    designs: Designs, plane: Hyperplane | None, realism: np.ndarray, seed: int, count: int = ON_THE_PLANE
) -> list[tuple[int, int]]:
    """Returns pairs of designs, one of each pole: each two of the surest, and without a plane others at random.

    Args:
        designs: The designs.
        plane: The hyperplane, or None.
        realism: float64 (n,), how realistic the designs are.
        seed: Of the pairs at random.
        count: How many pairs at random, without a plane.
    """
    if len(designs.poles) != 2:
        return []
    pairs = list(product(*(most_confident(designs, pole, plane, realism, OF_EACH_POLE) for pole in (0, 1))))
    if not plane:
        random = np.random.default_rng(seed)
        drawn = [random.choice(np.flatnonzero(designs.labelled(pole)), count).tolist() for pole in designs.poles]
        pairs += zip(*drawn, strict=True)
    return pairs


def gather(
    designs: Designs, plane: Hyperplane | None, pairs: Sequence[tuple[int, int]], seed: int, count: int
) -> Candidates:
    """Returns candidates: what lies between pairs of designs, and a uniform sample of the plane.

    Without a plane there are only the pairs, and the middles of their ways stand for the crossings.

    Args:
        designs: The designs.
        plane: The hyperplane, or None.
        pairs: The numbers of two designs each.
        seed: Of the sample.
        count: Candidates from all over the plane.
    """
    latents = []
    for first, second in pairs:
        way = partial(prior_preserving_path, designs.latents[first], designs.latents[second])
        latents.append(between(way, plane).latent)
    latents = np.array(latents).reshape(-1, designs.latents.shape[1])
    if plane:
        latents = np.concatenate([latents, plane.sample(count, seed)])
    return Candidates(latents.astype(np.float32), [*pairs, *([None] * count if plane else [])])


def make(
    designs: Designs,
    plane: Hyperplane | None,
    realism: np.ndarray,
    classifier: StyleClassifier,
    render: Render,
    data: Path,
    seed: int,
    quiet: bool,
) -> Lookbook:
    """Makes the lookbook.

    Args:
        designs: The designs that pairs are made of.
        plane: The hyperplane, or None.
        realism: float64 (n,), how realistic the designs are; see :func:`demicouture.interpolation.endpoints.read_realism`.
        classifier: The judge, with enough photographs to appraise by.
        render: The generator.
        data: The data set, for the nearest photographs' pictures; where they are not, they are only named.
        seed: Of the sample of the plane.
        quiet: Whether to show no progress bar.
    """
    appraiser, worthy = RealismScorer(classifier.photographs), is_worthy(classifier.record)
    pairs = choose_pairs(designs, plane, realism, seed)
    candidates = gather(designs, plane, pairs, seed, ON_THE_PLANE)
    judged = judge_designs(classifier, appraiser, candidates.latents, render, quiet)
    random = judge_designs(classifier, appraiser, sample_prior(HUNDRED, seed), render, True)
    chosen = choose(judged, worthy)
    said = judged.appraisal
    good = in_between(judged.scores) if worthy else np.ones(len(judged.scores), bool)
    found = {
        "candidates": len(candidates.latents),
        "in_between_for_the_judge": int(good.sum()) if worthy else None,
        "of_these_realistic": int((good & said.realistic).sum()),
        "of_these_no_copies": int((good & said.realistic & ~said.copy).sum()),
        "chosen": len(chosen),
        "random_designs": count_passing(random.appraisal),
        # The last ones are of the plane's sample, or of pairs drawn at random. Nobody chose among them.
        "designs_in_between": count_passing(said),
    }
    alone, between_them = found["random_designs"], found["designs_in_between"]
    told = [
        f"realistic, as {PASSING:.0%} of photographs are: {alone['realistic']} of {alone['designs']} designs, and "
        f"{between_them['realistic']} of {between_them['designs']} in between; copies: {alone['copies']} and "
        f"{between_them['copies']}"
    ]
    if not chosen:
        nothing = "lookbook: of none of these candidates can be said that it is in between, realistic and new"
        return Lookbook(None, np.empty(0), np.empty(0), [], found, [*told, nothing])
    latents = candidates.latents[chosen]
    pictures = render(latents)
    sides = _sides(designs, plane, candidates, chosen, render)
    names = [f"lookbook/{number:02d}.png" for number in range(1, len(chosen) + 1)]
    distances = plane.signed_distance(latents) if plane else [None] * len(chosen)
    rows, captions = [], []
    for number, (row, name) in enumerate(zip(chosen, names, strict=True)):
        parents = candidates.parents[row]
        rows.append(
            {
                "number": number + 1,
                "first": design_name(parents[0]) if parents else "",
                "second": design_name(parents[1]) if parents else "",
                "score": judged.scores[row],
                "distance": distances[number],
                "realism": said.realism[row],
                "nearest": said.nearest[row],
                "nearest_distance": said.distance[row],
                "nearest_rank": said.rank[row],
                "picture": name,
            }
        )
        of = f"designs {parents[0]} × {parents[1]}" if parents else "from the plane" if plane else "a new design"
        captions.append(
            (
                f"{number + 1}   {of}",
                f"score {judged.scores[row]:.2f}   realism {said.realism[row] / appraiser.bar:.2f}",
                f"nearest: {said.nearest[row]}"[:46],
            )
        )
    first, second = classifier.poles
    page = draw_page(
        pictures,
        sides,
        read_photographs(data, [row["nearest"] for row in rows]),
        captions,
        f"Lookbook: {len(chosen)} garments in between {first} and {second}",
        f"Beside each, from above: towards {first}, towards {second}, and the photograph nearest to it. Score: 0 is "
        f"{first}, 1 is {second}. Realism: 95% of photographs have 1 or more. Enlarged by Lanczos' filter.",
    )
    told.append(f"lookbook: the {len(chosen)} best and most different of {found['of_these_no_copies']} that will do")
    return Lookbook(page, pictures, latents, rows, found, told)


def _sides(
    designs: Designs, plane: Hyperplane | None, candidates: Candidates, chosen: Sequence[int], render: Render
) -> list[np.ndarray | None]:
    """Returns the pictures towards either pole: of a pair the two designs, of others their own relatives."""
    latents: list[np.ndarray | None] = []
    typical = float(np.quantile(np.abs(plane.signed_distance(designs.latents)), FAR)) if plane else 0.0
    for row in chosen:
        parents = candidates.parents[row]
        if parents:
            latents.append(designs.latents[list(parents)].astype(np.float64))
        else:
            latents.append(relatives(candidates.latents[row : row + 1], plane, typical)[0] if plane else None)
    whole = [pair for pair in latents if pair is not None]
    pictures = iter(np.split(render(np.concatenate(whole)), len(whole))) if whole else iter(())
    return [None if pair is None else next(pictures) for pair in latents]
