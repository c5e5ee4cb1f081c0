"""The lookbook: some of thousands of designs in between, each unlike the others, and none a copy.

They are chosen by classifiers, and no classifier certifies a design: whether these are garments, and good ones, is for
a person to see. That is why the nearest picture of the data set stands beside each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from demicouture.boundary.figures import Renderer
from demicouture.boundary.hyperplane import Hyperplane
from demicouture.commands import command, fetch_models
from demicouture.dataset import Dataset
from demicouture.designs.comparison import Comparison, describe_controls, reduce
from demicouture.designs.designs import design_name
from demicouture.evaluation.copies import Nearest, find_nearest
from demicouture.evaluation.generator_quality import describe_missing_judge, draws_garments
from demicouture.evaluation.imagenet_features import FEATURES, describe
from demicouture.evaluation.realism_rank import fit_scorer, rank
from demicouture.evaluation.reference import ReferenceFeatures
from demicouture.evaluation.style_classifier import StyleClassifier, is_worthy
from demicouture.files import write_array, write_csv
from demicouture.images import save_png
from demicouture.interpolation import lookbook_page
from demicouture.interpolation.endpoints import RatedDesigns
from demicouture.interpolation.likeness import likeness
from demicouture.interpolation.paths import crossing_or_midpoint, path_between
from demicouture.language import _
from demicouture.latents import sample_prior
from demicouture.progress import progress_bar

if TYPE_CHECKING:
    import keras

TYPICAL = 0.9
"""How far a design's counterparts lie from the plane: as far as all but a tenth of the designs."""

AT_A_TIME = 512
"""Candidates that are rendered and described at once: of the largest size they take 400 MB."""

HUNDRED = 100
"""Designs of each kind that are counted, chosen by nobody."""


LOOKBOOK_FILES = ("lookbook.png", "lookbook.pdf", "lookbook.csv", "lookbook.npy")


@dataclass(frozen=True)
class Criteria:
    """How many candidates there are, and which of them may be chosen.

    Attributes:
        on_the_plane: Candidates from all over the plane; without a plane, pairs drawn at random. Of the demonstration's
            about one in five is in between for the classifier too.
        of_each_pole: Each of so many most confident designs of the one pole is paired with each of the other.
        scores: The classifier's scores of what is in between: the other pole is two thirds as likely at the least.
        share: Of the candidates that qualify, this share of the highest ranks is chosen from: the points farthest
            from one another are also the strangest, and with all of them the lookbook would collect what only just
            qualifies.
        learned_from: Random designs from which the rank's classifier learns what designs look like; it ranks others.
        size: Designs at most: as many as fill a page.
    """

    on_the_plane: int = 2000
    of_each_pole: int = 20
    scores: tuple[float, float] = (0.35, 0.65)
    share: float = 0.25
    learned_from: int = 512
    size: int = lookbook_page.PAGE_ROWS * lookbook_page.PAGE_COLUMNS

    def split(self, rated: RatedDesigns) -> tuple[int, int]:
        """Returns how many pairs are drawn at random, and how many points of the plane.

        Of photographs there are as many pairs as points.
        """
        count = self.on_the_plane + (self.of_each_pole**2 if rated.photographs else 0)
        pairs = count if not rated.plane else count // 2 if rated.photographs else 0
        return pairs, count - pairs

    def is_in_between(self, scores: np.ndarray) -> np.ndarray:
        """Returns whether the classifier takes designs for neither pole, bool (n,)."""
        low, high = self.scores
        return (scores >= low) & (scores <= high)


USUAL_CRITERIA = Criteria()


@dataclass(frozen=True)
class Candidates:
    """Designs that may be in between.

    Attributes:
        latents: float32 (n, latent_dim) in [-1, 1].
        parents: The two photographs that each lies between, by row, or designs, by number; None for one from the plane
            itself.
    """

    latents: np.ndarray
    parents: list[tuple[int, int] | None]


@dataclass(frozen=True)
class ScoredDesigns:
    """What is known of some designs; row i of everything is the i-th design.

    Attributes:
        features: float32 (n, 1280), see :mod:`demicouture.evaluation.imagenet_features`.
        scores: float64 (n,) in [0, 1], the share of the second pole; NaN without a classifier.
        ranks: float64 (n,) in [0, 1], the rank among these, by how they look to a classifier of pictures and designs.
        nearest: The data set's nearest pictures, and whether that makes a design a copy.
    """

    features: np.ndarray
    scores: np.ndarray
    ranks: np.ndarray
    nearest: Nearest


@dataclass(frozen=True)
class Lookbook:
    """The lookbook, before it is written.

    Attributes:
        page: The page; None where no candidate qualifies.
        pictures: uint8 (n, size, size, 3), each design.
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


def reason_against(
    folder: Path, plane: Hyperplane | None, has_network: bool, quality: Mapping[str, Any] | None, anyway: bool
) -> str:
    """Returns why no lookbook can be made of the designs in a folder, "" where it can.

    Args:
        folder: The designs' folder.
        plane: The hyperplane, where there is one.
        has_network: Whether the network is there that describes pictures.
        quality: What is known of the generator, see
            :func:`demicouture.evaluation.generator_quality.read_quality`.
        anyway: Whether a person wants one of blobs, too.

    Raises:
        InputError: The features in the folder are damaged.
    """
    if not has_network:
        missing = _("the network that describes pictures is not there; run once (19 MB): {command}")
        reason = describe_missing_judge() if quality is None else missing.format(command=fetch_models())
        return _("{reason}; without that network there is no lookbook").format(reason=reason)
    if not draws_garments(quality) and not anyway:
        return _("there is no lookbook of blobs; --anyway makes one all the same")
    if ReferenceFeatures.load(folder) is None:
        found = _("{folder}: no features of the data set's pictures in it").format(folder=folder)
        return _("{found}, so there is no lookbook; run: {command}").format(found=found, command=command("generate.py"))
    classifier = StyleClassifier.load(folder)
    if not plane and not (classifier and is_worthy(classifier.record)):
        return _("neither hyperplane nor classifier separates the poles, so there is no lookbook of what is in between")
    return ""


def open_comparison(
    folder: Path, dataset: Dataset | None, network: keras.Model, side: int, seed: int, quiet: bool
) -> Comparison:
    """Returns what candidates are compared with, from the designs' folder; controls need the pictures themselves.

    Args:
        folder: The designs' folder, with the features of the data set's pictures.
        dataset: The pictures, where they are at hand.
        network: Describes pictures.
        side: That of the designs, in pixels.
        seed: Of the controls.
        quiet: Whether to show no progress bar.
    """
    reference = ReferenceFeatures.load(folder)
    pictures = reduce(dataset.pictures, side) if dataset and dataset.sha256 == reference.dataset_sha256 else None
    controls = describe_controls(reference, pictures, network, seed, quiet)
    return Comparison(reference, controls, StyleClassifier.load(folder))


def choose_designs(scored: ScoredDesigns, worthy: bool, criteria: Criteria = USUAL_CRITERIA) -> list[int]:
    """Returns the designs of the lookbook: in between, of high rank, no copies, and unlike each other.

    That of the highest rank comes first; then always the one whose features are farthest from those of its nearest
    neighbour among the chosen.

    Args:
        scored: The candidates.
        worthy: Whether the classifier separates the poles; else its scores are not used.
        criteria: Which may be chosen, and how many.

    Source:
        Gonzalez 1985, "Clustering to minimize the maximum intercluster distance", for the greedy choice.
    """
    qualified = ~scored.nearest.copy
    if worthy:
        qualified &= criteria.is_in_between(scored.scores)
    rows = np.flatnonzero(qualified)
    if not len(rows) or not criteria.size:
        return []
    rows = rows[np.argsort(-scored.ranks[rows], kind="stable")]
    rows = rows[: max(criteria.size, int(len(rows) * criteria.share))]
    # Of one length, as everywhere: a pale design's features are short.
    features = scored.features[rows].astype(np.float64)
    features /= np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    chosen, gaps = [0], np.linalg.norm(features - features[0], axis=1)
    while len(chosen) < min(criteria.size, len(rows)):
        gaps[chosen] = -1  # Two designs may be equal to the bit; none is chosen twice.
        chosen.append(int(np.argmax(gaps)))
        gaps = np.minimum(gaps, np.linalg.norm(features - features[chosen[-1]], axis=1))
    return rows[chosen].tolist()


def counterparts(latents: np.ndarray, plane: Hyperplane, distance: float) -> np.ndarray:
    """Returns designs moved straight to either side of the plane: the same designs as either pole would have them.

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
    """Returns pairs of designs, one of each pole: the most confident, each with each; without a plane random ones, too.

    Where there are photographs in latent space, the pairs are photographs', by row, and all at random: there are many,
    and none is a better garment than the others.

    Args:
        rated: The designs.
        seed: Of the pairs at random.
        criteria: How many.
    """
    designs = rated.designs
    if rated.photographs:
        random, count = np.random.default_rng(seed), criteria.split(rated)[0]
        drawn = [random.choice(rated.best_photographs(pole), count).tolist() for pole in (0, 1)]
        return list(zip(*drawn, strict=True))
    if len(designs.poles) != 2:
        return []
    pairs = list(product(*(rated.most_confident(pole, criteria.of_each_pole) for pole in (0, 1))))
    if not rated.plane:
        random, count = np.random.default_rng(seed), criteria.split(rated)[0]
        drawn = [random.choice(np.flatnonzero(designs.labelled(pole)), count).tolist() for pole in designs.poles]
        pairs += zip(*drawn, strict=True)
    return pairs


def find_candidates(
    rated: RatedDesigns, pairs: Sequence[tuple[int, int]], seed: int, criteria: Criteria = USUAL_CRITERIA
) -> Candidates:
    """Returns candidates: where the paths between pairs cross the plane, and a uniform sample of the plane.

    A pair on one side of the plane has nothing in between. Without a plane there are only the pairs, and the midpoints
    of their paths in place of the crossings.

    Args:
        rated: The photographs or designs.
        pairs: Two of them each, see :func:`choose_pairs`.
        seed: Of the sample.
        criteria: How large the sample is.
    """
    plane, ends = rated.plane, latents_of_parents(rated)
    paths = (path_between("preserving", *ends[list(pair)], plane) for pair in pairs)
    points = [(pair, crossing_or_midpoint(path, plane)) for pair, path in zip(pairs, paths, strict=True)]
    points = [(pair, point) for pair, point in points if point.is_crossing or not plane]
    latents = np.array([point.latent for _, point in points]).reshape(-1, ends.shape[1])
    count = criteria.split(rated)[1]
    if plane:
        latents = np.concatenate([latents, plane.sample(count, seed)])
    return Candidates(latents.astype(np.float32), [*(pair for pair, _ in points), *[None] * count])


def latents_of_parents(rated: RatedDesigns) -> np.ndarray:
    """Returns the latents of what pairs are made of, float (n, latent_dim): photographs, or designs without those."""
    return rated.photographs.latents if rated.photographs else rated.designs.latents


def make_lookbook(
    rated: RatedDesigns,
    comparison: Comparison,
    network: keras.Model,
    render: Renderer,
    data: Path,
    seed: int,
    quiet: bool,
    criteria: Criteria = USUAL_CRITERIA,
    warning: str = "",
) -> Lookbook:
    """Makes the lookbook.

    Args:
        rated: The photographs or designs that pairs are made of.
        comparison: What candidates are compared with.
        network: Describes pictures.
        render: The generator.
        data: The data set, for the nearest pictures; where they are missing, they are only named.
        seed: Of the sample of the plane, and of random designs.
        quiet: Whether to show no progress bar.
        criteria: How many candidates, and which may be chosen.
        warning: What has to be said of the generator on the page.
    """
    classifier = comparison.classifier
    worthy = classifier is not None and is_worthy(classifier.record)
    candidates = find_candidates(rated, choose_pairs(rated, seed, criteria), seed, criteria)
    random = sample_prior(HUNDRED + criteria.learned_from, seed)
    features = _describe_all(np.concatenate([random, candidates.latents]), render, network, quiet)
    counted, learned_from, features = np.split(features, [HUNDRED, len(random)])
    score = fit_scorer(learned_from, comparison.reference.features, comparison.controls)
    scored = ScoredDesigns(
        features,
        _score_style(classifier, features),
        rank(score(features)),
        find_nearest(features, comparison.reference),
    )
    chosen = choose_designs(scored, worthy, criteria)
    of_random = count_designs(_score_style(classifier, counted), find_nearest(counted, comparison.reference), criteria)
    results, messages = _count(scored, of_random, worthy, len(chosen), criteria)
    if not chosen:
        nothing = _("lookbook: none of these candidates is in between and no copy")
        return Lookbook(None, np.empty(0), np.empty(0), [], results, [*messages, nothing])
    latents = candidates.latents[chosen]
    pictures = render(latents)
    rows = _tabulate(rated, candidates, chosen, scored)
    captions = [_caption(row, candidates.parents[index], rated) for row, index in zip(rows, chosen, strict=True)]
    first, second = comparison.reference.poles
    page = lookbook_page.draw_page(
        pictures,
        _draw_counterparts(rated, candidates, chosen, render),
        lookbook_page.read_pictures(data, [row["nearest"] for row in rows]),
        captions,
        _("Lookbook: {chosen} designs in between {first} and {second}").format(
            chosen=len(chosen), first=first, second=second
        ),
        [
            _(
                "Beside each, from above: its two {parents}, or else towards {first} and towards {second}; and "
                "the data set's nearest picture. Score: 0 is {first}, 1 is {second}, by a classifier. Enlarged "
                "by Lanczos' filter."
            ).format(parents=_("photographs") if rated.photographs else _("designs"), first=first, second=second),
            warning or _("Classifiers chose these; whether they are garments, and good ones, is for you to see."),
        ],
    )
    chosen_from = _(
        "lookbook: {chosen} of {count} candidates that qualify, the most different of the {share:.0%} that rank highest"
    ).format(chosen=len(chosen), count=results["of_these_no_copies"], share=criteria.share)
    return Lookbook(
        page,
        pictures,
        latents,
        rows,
        results,
        [*messages, chosen_from],
    )


def _describe_all(latents: np.ndarray, render: Renderer, network: keras.Model, quiet: bool) -> np.ndarray:
    """Returns the features of designs, float32 (n, 1280), of which only some are in memory as pictures."""
    features = np.empty((len(latents), FEATURES), np.float32)
    with progress_bar(title=_("describing designs"), total=len(latents), unit=_("design"), quiet=quiet) as bar:
        for start in range(0, len(latents), AT_A_TIME):
            some = latents[start : start + AT_A_TIME]
            features[start : start + AT_A_TIME] = describe(network, render(some))
            bar.update(len(some))
    return features


def _score_style(classifier: StyleClassifier | None, features: np.ndarray) -> np.ndarray:
    return classifier.score(features) if classifier else np.full(len(features), np.nan)


def count_designs(scores: np.ndarray, nearest: Nearest, criteria: Criteria = USUAL_CRITERIA) -> dict[str, int]:
    """Returns how many of the last hundred are in between by the classifier's score, and how many are copies."""
    scores, copies = scores[-HUNDRED:], nearest.copy[-HUNDRED:]
    in_between = int(criteria.is_in_between(scores).sum())
    return {"designs": len(scores), "in_between": in_between, "copies": int(copies.sum())}


def _count(
    scored: ScoredDesigns, of_random: dict[str, int], worthy: bool, chosen: int, criteria: Criteria
) -> tuple[dict[str, Any], list[str]]:
    qualified = criteria.is_in_between(scored.scores) if worthy else np.ones(len(scored.scores), bool)
    # The last candidates are of the plane's sample, or of pairs drawn at random. Nobody chose among them.
    of_between = count_designs(scored.scores, scored.nearest, criteria)
    results = {
        "candidates": len(scored.scores),
        "in_between_for_the_classifier": int(qualified.sum()) if worthy else None,
        "of_these_no_copies": int((qualified & ~scored.nearest.copy).sum()),
        "chosen": chosen,
        "random_designs": of_random,
        "designs_in_between": of_between,
    }
    copies = _(
        "copies: {random_copies} of {random_designs} random designs, and {between_copies} of {between_designs} in "
        "between"
    ).format(
        random_copies=of_random["copies"],
        random_designs=of_random["designs"],
        between_copies=of_between["copies"],
        between_designs=of_between["designs"],
    )
    if not worthy:
        return results, [copies]
    low, high = criteria.scores
    message = _(
        "scored {low:g} to {high:g} by the classifier: {random_between} of {random_designs} random "
        "designs, and {between} of {between_designs} from in between"
    ).format(
        low=low,
        high=high,
        random_between=of_random["in_between"],
        random_designs=of_random["designs"],
        between=of_between["in_between"],
        between_designs=of_between["designs"],
    )
    return results, [message, copies]


def _tabulate(
    rated: RatedDesigns, candidates: Candidates, chosen: Sequence[int], scored: ScoredDesigns
) -> list[dict[str, Any]]:
    plane, name = rated.plane, rated.photographs.name if rated.photographs else design_name
    distances = plane.signed_distance(candidates.latents[chosen]) if plane else [None] * len(chosen)
    nearest, rows = scored.nearest, []
    for number, (row, distance) in enumerate(zip(chosen, distances, strict=True), 1):
        parents = candidates.parents[row]
        rows.append(
            {
                "number": number,
                "first": name(parents[0]) if parents else "",
                "second": name(parents[1]) if parents else "",
                "score": None if np.isnan(scored.scores[row]) else scored.scores[row],
                "distance": distance,
                "realism_rank": scored.ranks[row],
                "nearest": nearest.files[row],
                "nearest_distance": nearest.distance[row],
                "nearest_rank": nearest.rank[row],
                "picture": f"lookbook/{number:02d}.png",
            }
        )
    return rows


def _caption(row: dict[str, Any], parents: tuple[int, int] | None, rated: RatedDesigns) -> tuple[str, ...]:
    origin = _("from the plane") if rated.plane else _("a new design")
    if parents:
        origin = (
            f"{row['first']} × {row['second']}"
            if rated.photographs
            else _("designs {first} × {second}").format(first=parents[0], second=parents[1])
        )
    score = "" if row["score"] is None else _("   score {score:.2f}").format(score=row["score"])
    return (
        f"{row['number']}   {origin}{score}",
        _("{likeness} the nearest picture:").format(likeness=_(likeness(row["nearest_rank"]))),
        row["nearest"][:46],
    )


def _draw_counterparts(
    rated: RatedDesigns, candidates: Candidates, chosen: Sequence[int], render: Renderer
) -> list[np.ndarray | None]:
    """Returns the pictures towards either pole: of a pair both photographs or designs, of others their counterparts."""
    designs, plane, ends = rated.designs, rated.plane, latents_of_parents(rated)
    latents: list[np.ndarray | None] = []
    typical = float(np.quantile(np.abs(plane.signed_distance(designs.latents)), TYPICAL)) if plane else 0.0
    for row in chosen:
        parents = candidates.parents[row]
        if parents:
            latents.append(ends[list(parents)].astype(np.float64))
        else:
            latents.append(counterparts(candidates.latents[row : row + 1], plane, typical)[0] if plane else None)
    whole = [pair for pair in latents if pair is not None]
    pictures = iter(np.split(render(np.concatenate(whole)), len(whole))) if whole else iter(())
    sides = [None if pair is None else next(pictures) for pair in latents]
    for place, row in enumerate(chosen):
        for end, photograph in enumerate(candidates.parents[row] or () if rated.photographs else ()):
            original = rated.photographs.picture(photograph, sides[place].shape[1])
            if original is not None:
                sides[place][end] = original
    return sides
