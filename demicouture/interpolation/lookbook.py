"""The lookbook: the best of thousands of garments in between, each unlike the others and unlike any photograph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from demicouture.boundary.figures import Renderer
from demicouture.boundary.hyperplane import Hyperplane
from demicouture.designs.designs import design_name
from demicouture.evaluation.realism import (
    PASSING,
    Appraisal,
    RealismScorer,
    ScoredDesigns,
    can_score_realism,
    score_designs,
)
from demicouture.evaluation.style_classifier import StyleClassifier, is_worthy
from demicouture.files import write_array, write_csv
from demicouture.images import save_png
from demicouture.interpolation import lookbook_page
from demicouture.interpolation.endpoints import RatedDesigns
from demicouture.interpolation.paths import crossing_or_midpoint, path_between
from demicouture.latents import sample_prior

TYPICAL = 0.9
"""How far a garment's counterparts lie from the plane: as far as all but a tenth of the designs."""

AT_A_TIME = 512
"""Candidates that are rendered and scored at once: of the largest size they take 400 MB."""

HUNDRED = 100
"""Designs of each kind that are counted; the seed's slide gives its own figure of so many."""

LOOKBOOK_FILES = ("lookbook.png", "lookbook.pdf", "lookbook.csv", "lookbook.npy")


@dataclass(frozen=True)
class Criteria:
    """How many candidates there are, and which of them may be chosen.

    Attributes:
        on_the_plane: Candidates from all over the plane; without a plane, pairs drawn at random. Of the demonstration's
            about one in five is in between for the classifier too.
        of_each_pole: Each of so many most confident designs of the one pole is paired with each of the other.
        scores: The classifier's scores of what is in between: the other pole is two thirds as likely at the least.
        share: Of the candidates that qualify, this most realistic share is chosen from: the points farthest from one
            another are also the strangest, and with all of them the lookbook would collect what only just qualifies.
        size: Garments at most: as many as fill a page.
    """

    on_the_plane: int = 2000
    of_each_pole: int = 20
    scores: tuple[float, float] = (0.35, 0.65)
    share: float = 0.25
    size: int = lookbook_page.PAGE_ROWS * lookbook_page.PAGE_COLUMNS

    def is_in_between(self, scores: np.ndarray) -> np.ndarray:
        """Returns whether the classifier takes designs for neither pole, bool (n,)."""
        low, high = self.scores
        return (scores >= low) & (scores <= high)


USUAL_CRITERIA = Criteria()


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
class Lookbook:
    """The lookbook, before it is written.

    Attributes:
        page: The page; None where no candidate qualifies.
        pictures: uint8 (n, size, size, 3), each garment.
        latents: float32 (n, latent_dim).
        rows: The table, a row for each.
        results: The part for ``summary.json``.
        messages: What was found, in sentences.
    """

    page: Image.Image | None
    pictures: np.ndarray
    latents: np.ndarray
    rows: list[dict[str, Any]]
    results: dict[str, Any]
    messages: list[str]

    def save(self, folder: Path) -> list[str]:
        """Writes all but the results; returns the files' names."""
        if self.page is None:
            return []
        for row, picture in zip(self.rows, self.pictures, strict=True):
            save_png(folder / row["picture"], picture)
        write_array(folder / "lookbook.npy", self.latents)
        write_csv(folder / "lookbook.csv", list(self.rows[0]), self.rows)
        save_png(folder / "lookbook.png", self.page)
        lookbook_page.save_pdf(folder / "lookbook.pdf", self.page)
        return [*LOOKBOOK_FILES, *(row["picture"] for row in self.rows)]


def remove_lookbook(folder: Path) -> None:
    """Removes the lookbook of an earlier run."""
    for old in (*(folder / name for name in LOOKBOOK_FILES), *(folder / "lookbook").glob("*.png")):
        old.unlink(missing_ok=True)


def reason_against(folder: Path, plane: Hyperplane | None, classifier: StyleClassifier | None) -> str:
    """Returns why no lookbook can be made of the designs in a folder, "" where it can."""
    if classifier is None:
        return f"{folder}: no style classifier in it, so there is no lookbook; run generate.py with a data set for it"
    if not plane and not is_worthy(classifier.record):
        return "neither hyperplane nor classifier separates the poles, so there is no lookbook of what is in between"
    if not can_score_realism(classifier.photographs):
        return f"{folder}: too few photographs to measure realism by, so there is no lookbook"
    return ""


def choose_garments(scored: ScoredDesigns, worthy: bool, criteria: Criteria = USUAL_CRITERIA) -> list[int]:
    """Returns the garments of the lookbook: in between, realistic, no copies, and unlike each other.

    The most realistic comes first; then always the one whose features are farthest from those of its nearest neighbour
    among the chosen.

    Args:
        scored: The candidates.
        worthy: Whether the classifier separates the poles; else its scores are not used.
        criteria: Which may be chosen, and how many.

    Source:
        Gonzalez 1985, "Clustering to minimize the maximum intercluster distance", for the greedy choice.
    """
    appraisal = scored.appraisal
    qualified = appraisal.realistic & ~appraisal.copy
    if worthy:
        qualified &= criteria.is_in_between(scored.scores)
    rows = np.flatnonzero(qualified)
    if not len(rows) or not criteria.size:
        return []
    rows = rows[np.argsort(-appraisal.realism[rows], kind="stable")]
    rows = rows[: max(criteria.size, int(len(rows) * criteria.share))]
    features = scored.features[rows].astype(np.float64)
    chosen, gaps = [0], np.linalg.norm(features - features[0], axis=1)
    while len(chosen) < min(criteria.size, len(rows)):
        gaps[chosen] = -1  # Two designs may be equal to the bit; none is chosen twice.
        chosen.append(int(np.argmax(gaps)))
        gaps = np.minimum(gaps, np.linalg.norm(features - features[chosen[-1]], axis=1))
    return rows[chosen].tolist()


def count_passing(appraisal: Appraisal) -> dict[str, int]:
    """Returns how many of the last hundred are realistic, as 95% of photographs are, and how many are copies."""
    realistic, copies = appraisal.realistic[-HUNDRED:], appraisal.copy[-HUNDRED:]
    return {"designs": len(copies), "realistic": int(realistic.sum()), "copies": int(copies.sum())}


def counterparts(latents: np.ndarray, plane: Hyperplane, distance: float) -> np.ndarray:
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


def choose_pairs(rated: RatedDesigns, seed: int, criteria: Criteria = USUAL_CRITERIA) -> list[tuple[int, int]]:
    """Returns pairs of designs, one of each pole: the most confident, each with each; without a plane others at random.

    Args:
        rated: The designs.
        seed: Of the pairs at random.
        criteria: How many.
    """
    designs = rated.designs
    if len(designs.poles) != 2:
        return []
    pairs = list(product(*(rated.most_confident(pole, criteria.of_each_pole) for pole in (0, 1))))
    if not rated.plane:
        random, count = np.random.default_rng(seed), criteria.on_the_plane
        drawn = [random.choice(np.flatnonzero(designs.labelled(pole)), count).tolist() for pole in designs.poles]
        pairs += zip(*drawn, strict=True)
    return pairs


def find_candidates(
    rated: RatedDesigns, pairs: Sequence[tuple[int, int]], seed: int, criteria: Criteria = USUAL_CRITERIA
) -> Candidates:
    """Returns candidates: what lies between pairs of designs, and a uniform sample of the plane.

    Without a plane there are only the pairs, and the midpoints of their paths in place of the crossings.

    Args:
        rated: The designs.
        pairs: The numbers of two designs each.
        seed: Of the sample.
        criteria: How large the sample is.
    """
    designs, plane = rated.designs, rated.plane
    paths = (path_between("preserving", *designs.latents[list(pair)], plane) for pair in pairs)
    latents = np.array([crossing_or_midpoint(path, plane).latent for path in paths])
    latents = latents.reshape(-1, designs.latents.shape[1])
    count = criteria.on_the_plane if plane else 0
    if plane:
        latents = np.concatenate([latents, plane.sample(count, seed)])
    return Candidates(latents.astype(np.float32), [*pairs, *[None] * count])


def make_lookbook(
    rated: RatedDesigns,
    classifier: StyleClassifier,
    render: Renderer,
    data: Path,
    seed: int,
    quiet: bool,
    criteria: Criteria = USUAL_CRITERIA,
) -> Lookbook:
    """Makes the lookbook.

    Args:
        rated: The designs that pairs are made of.
        classifier: The style classifier, with enough photographs to measure realism by.
        render: The generator.
        data: The data set, for the nearest photographs' pictures; where they are missing, they are only named.
        seed: Of the sample of the plane.
        quiet: Whether to show no progress bar.
        criteria: How many candidates, and which may be chosen.
    """
    scorer, worthy = RealismScorer(classifier.photographs), is_worthy(classifier.record)
    pairs = choose_pairs(rated, seed, criteria)
    candidates = find_candidates(rated, pairs, seed, criteria)
    scored = score_designs(classifier, scorer, _render_all(candidates.latents, render, quiet))
    random = score_designs(classifier, scorer, [render(sample_prior(HUNDRED, seed))])
    chosen = choose_garments(scored, worthy, criteria)
    results, messages = _count(scored, random, worthy, len(chosen), criteria)
    if not chosen:
        nothing = "lookbook: none of these candidates is in between, realistic and new"
        return Lookbook(None, np.empty(0), np.empty(0), [], results, [*messages, nothing])
    latents = candidates.latents[chosen]
    pictures = render(latents)
    rows = _tabulate(candidates, chosen, scored, rated.plane)
    parents = [candidates.parents[row] for row in chosen]
    captions = [_caption(*both, rated.plane, scorer.bar) for both in zip(rows, parents, strict=True)]
    first, second = classifier.poles
    page = lookbook_page.draw_page(
        pictures,
        _draw_counterparts(rated, candidates, chosen, render),
        lookbook_page.read_photographs(data, [row["nearest"] for row in rows]),
        captions,
        f"Lookbook: {len(chosen)} garments in between {first} and {second}",
        f"Beside each, from above: towards {first}, towards {second}, and the photograph nearest to it. Score: 0 is "
        f"{first}, 1 is {second}. Realism: 95% of photographs have 1 or more. Enlarged by Lanczos' filter.",
    )
    best = f"lookbook: the {len(chosen)} best and most different of {results['of_these_no_copies']} that qualify"
    return Lookbook(page, pictures, latents, rows, results, [*messages, best])


def _render_all(latents: np.ndarray, render: Renderer, quiet: bool) -> Iterator[np.ndarray]:
    with tqdm(total=len(latents), desc="scoring", unit="design", disable=quiet or None, leave=False) as bar:
        for start in range(0, len(latents), AT_A_TIME):
            pictures = render(latents[start : start + AT_A_TIME])
            yield pictures
            bar.update(len(pictures))


def _count(
    scored: ScoredDesigns, random: ScoredDesigns, worthy: bool, chosen: int, criteria: Criteria
) -> tuple[dict[str, Any], list[str]]:
    appraisal = scored.appraisal
    qualified = criteria.is_in_between(scored.scores) if worthy else np.ones(len(scored.scores), bool)
    # The last candidates are of the plane's sample, or of pairs drawn at random. Nobody chose among them.
    of_random, of_between = count_passing(random.appraisal), count_passing(appraisal)
    results = {
        "candidates": len(scored.scores),
        "in_between_for_the_classifier": int(qualified.sum()) if worthy else None,
        "of_these_realistic": int((qualified & appraisal.realistic).sum()),
        "of_these_no_copies": int((qualified & appraisal.realistic & ~appraisal.copy).sum()),
        "chosen": chosen,
        "random_designs": of_random,
        "designs_in_between": of_between,
    }
    message = (
        f"realistic, as {PASSING:.0%} of photographs are: {of_random['realistic']} of {of_random['designs']} designs, "
        f"and {of_between['realistic']} of {of_between['designs']} in between; copies: {of_random['copies']} and "
        f"{of_between['copies']}"
    )
    return results, [message]


def _tabulate(
    candidates: Candidates, chosen: Sequence[int], scored: ScoredDesigns, plane: Hyperplane | None
) -> list[dict[str, Any]]:
    distances = plane.signed_distance(candidates.latents[chosen]) if plane else [None] * len(chosen)
    appraisal, rows = scored.appraisal, []
    for number, (row, distance) in enumerate(zip(chosen, distances, strict=True), 1):
        parents = candidates.parents[row]
        rows.append(
            {
                "number": number,
                "first": design_name(parents[0]) if parents else "",
                "second": design_name(parents[1]) if parents else "",
                "score": scored.scores[row],
                "distance": distance,
                "realism": appraisal.realism[row],
                "nearest": appraisal.nearest[row],
                "nearest_distance": appraisal.distance[row],
                "nearest_rank": appraisal.rank[row],
                "picture": f"lookbook/{number:02d}.png",
            }
        )
    return rows


def _caption(
    row: dict[str, Any], parents: tuple[int, int] | None, plane: Hyperplane | None, bar: float
) -> tuple[str, ...]:
    origin = f"designs {parents[0]} × {parents[1]}" if parents else "from the plane" if plane else "a new design"
    return (
        f"{row['number']}   {origin}",
        f"score {row['score']:.2f}   realism {row['realism'] / bar:.2f}",
        f"nearest: {row['nearest']}"[:46],
    )


def _draw_counterparts(
    rated: RatedDesigns, candidates: Candidates, chosen: Sequence[int], render: Renderer
) -> list[np.ndarray | None]:
    """Returns the pictures towards either pole: of a pair the two designs, of others their own counterparts."""
    designs, plane = rated.designs, rated.plane
    latents: list[np.ndarray | None] = []
    typical = float(np.quantile(np.abs(plane.signed_distance(designs.latents)), TYPICAL)) if plane else 0.0
    for row in chosen:
        parents = candidates.parents[row]
        if parents:
            latents.append(designs.latents[list(parents)].astype(np.float64))
        else:
            latents.append(counterparts(candidates.latents[row : row + 1], plane, typical)[0] if plane else None)
    whole = [pair for pair in latents if pair is not None]
    pictures = iter(np.split(render(np.concatenate(whole)), len(whole))) if whole else iter(())
    return [None if pair is None else next(pictures) for pair in latents]
