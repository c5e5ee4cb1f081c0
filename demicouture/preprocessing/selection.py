"""The choice: duplicates are dropped, and of the pictures that pass the rules --count of each pole are chosen."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from demicouture.near_duplicates import find_near_duplicates
from demicouture.preprocessing.classifiers import style_probabilities
from demicouture.preprocessing.descriptors import find_like
from demicouture.preprocessing.image_features import ImageFeatures
from demicouture.preprocessing.records import (
    DROP,
    EXACT_DUPLICATE,
    IN_BOTH_POLES,
    KEEP,
    NEAR_DUPLICATE,
    OVER_COUNT,
    REVIEW,
    TOO_LIKE,
    UNUSABLE,
    Scraped,
    Verdict,
    too_small,
)
from demicouture.preprocessing.rules import Rules, check_contents


def select(
    pictures: Sequence[Scraped],
    features: Mapping[str, ImageFeatures],
    manual: Mapping[str, str],
    tops: Mapping[str, float],
    rules: Rules,
) -> tuple[dict[str, Verdict], dict[str, float]]:
    """Returns what the rules say of each picture, by file, and the styles of those that passed, by SHA-256.

    Args:
        pictures: All scraped pictures, sorted by file.
        features: What was found in each, by SHA-256.
        manual: A person's decisions, by file. They always win: the rules choose around them.
        tops: How surely a picture is a top, by SHA-256, for those that have a score.
        rules: What a person chose on the command line.
    """
    verdicts = {
        picture.file: check_contents(picture, features[picture.sha256], tops.get(picture.sha256), rules)
        for picture in pictures
    }
    whole = [p for p in pictures if verdicts[p.file].reason not in (*UNUSABLE, too_small(rules.size))]
    verdicts |= find_duplicates(whole, features, verdicts, manual)
    taken = (KEEP, REVIEW) if rules.keep_reviewed else (KEEP,)
    kept = [p for p in pictures if manual.get(p.file) in taken and features[p.sha256].reason not in UNUSABLE]
    free = [p for p in whole if verdicts[p.file].decision in taken and p.file not in manual]
    styles = score_styles([*kept, *free], features)
    for pole, sign in zip(sorted({picture.pole for picture in pictures}), (-1, 1), strict=False):
        mine = {sha256: sign * style for sha256, style in styles.items()}
        poles = [[picture for picture in some if picture.pole == pole] for some in (free, kept)]
        verdicts |= choose(*poles, features, verdicts, mine, rules)
    return verdicts, styles


def find_duplicates(
    pictures: Sequence[Scraped],
    features: Mapping[str, ImageFeatures],
    verdicts: Mapping[str, Verdict],
    manual: Mapping[str, str],
) -> dict[str, Verdict]:
    """Returns a verdict for each picture that is another one over again.

    Of copies one stays: the one that a person keeps, or else one with which nothing is wrong, of these the largest, and
    of these the sharpest. A copy that a person drops takes the others with it. What is in both poles is dropped from
    both.

    Args:
        pictures: The pictures that can be looked at, sorted by file.
        features: What was found in each, by SHA-256.
        verdicts: The verdict on each by itself, by file.
        manual: A person's decisions, by file.
    """
    copies = defaultdict(list)
    for picture in pictures:
        copies[picture.sha256].append(picture)
    contents = sorted(copies)
    pairs = find_near_duplicates(np.stack([features[sha256].thumbnail() for sha256 in contents])) if contents else []
    like = defaultdict(set)
    for one, other in pairs:
        like[contents[one]].add(contents[other])
        like[contents[other]].add(contents[one])

    def poles(sha256: str) -> set[str]:
        return {picture.pole for picture in copies[sha256]}

    def worth(sha256: str) -> tuple:
        measured = features[sha256]
        by_person = any(manual.get(picture.file) == KEEP for picture in copies[sha256])
        wrong = (KEEP, REVIEW, DROP).index(verdicts[copies[sha256][0].file].decision)
        return not by_person, wrong, -measured.width * measured.height, -measured.sharpness, copies[sha256][0].file

    found: dict[str, Verdict] = {}
    stays: dict[str, Scraped] = {}
    for sha256 in sorted(contents, key=worth):
        same = copies[sha256]
        everywhere = poles(sha256).union(*(poles(other) for other in like[sha256]))
        better = [stays[other] for other in sorted(like[sha256]) if other in stays]
        if len(everywhere) > 1:
            # A picture in the other pole, or one so like it that only size and encoding differ.
            elsewhere = [p for other in (sha256, *sorted(like[sha256])) for p in copies[other]]
            for picture in same:
                others = sorted((p for p in elsewhere if p is not picture), key=lambda p: p.pole == picture.pole)
                other = others[0].file
                found[picture.file] = Verdict(DROP, IN_BOTH_POLES, other)
        elif better:
            found |= {picture.file: Verdict(DROP, NEAR_DUPLICATE, better[0].file) for picture in same}
        else:
            first = next((picture for picture in same if manual.get(picture.file) == KEEP), same[0])
            stays[sha256] = first
            found |= {p.file: Verdict(DROP, EXACT_DUPLICATE, first.file) for p in same if p is not first}
    return found


def score_styles(pictures: Sequence[Scraped], features: Mapping[str, ImageFeatures]) -> dict[str, float]:
    """Returns how much each picture descriptors like the second pole rather than the first, in [0, 1], by SHA-256.

    Each is scored by a classifier that did not see it. There are no scores where a pole is missing or too small.
    """
    poles = sorted({picture.pole for picture in pictures})
    hashes = {picture.sha256: picture.pole for picture in pictures}
    if len(poles) != 2 or not hashes:
        return {}
    descriptors = np.stack([features[sha256].descriptor() for sha256 in hashes])
    scores = style_probabilities(descriptors, np.array([poles.index(pole) for pole in hashes.values()]))
    return {} if scores is None else dict(zip(hashes, scores.tolist(), strict=True))


def choose(
    free: Sequence[Scraped],
    kept: Sequence[Scraped],
    features: Mapping[str, ImageFeatures],
    verdicts: Mapping[str, Verdict],
    styles: Mapping[str, float],
    rules: Rules,
) -> dict[str, Verdict]:
    """Returns a verdict for each picture of one pole that passed, and is left out all the same.

    Chosen are the pictures that look most like their pole, one from each query in turn, so that every query has its
    even share whatever their sizes. Those that need a person's review come after all others, and so do those that
    are too like one chosen before.

    Args:
        free: One pole's pictures that the rules may choose from.
        kept: Those that a person keeps; they count for their queries.
        features: What was found in each, by SHA-256.
        verdicts: The verdict on each so far, by file.
        styles: How much each descriptors like this pole, by SHA-256; those that have no score come in a seeded shuffle.
        rules: What a person chose on the command line.
    """
    places = max(0, rules.count - len(kept))
    order = rank(free, kept, {p.file: verdicts[p.file].decision == REVIEW for p in free}, styles, rules.seed)
    descriptors = np.array([features[p.sha256].descriptor() for p in (*kept, *order)], np.float32)
    chosen = list(range(len(kept)))  # Rows of ``descriptors``.
    left: dict[str, Verdict] = {}
    aside = []
    for row, picture in enumerate(order, start=len(kept)):
        if len(chosen) - len(kept) == places:
            left[picture.file] = Verdict(DROP, OVER_COUNT)
        elif (like := find_like(descriptors[row], descriptors[chosen])) is not None:
            aside.append(picture)
            left[picture.file] = Verdict(DROP, TOO_LIKE, [*kept, *order][chosen[like]].file)
        else:
            chosen.append(row)
    for picture in aside[: places - len(chosen) + len(kept)]:  # Rather than leave places empty.
        del left[picture.file]
    return left


def rank(
    candidates: Iterable[Scraped],
    kept: Iterable[Scraped],
    for_review: Mapping[str, bool],
    styles: Mapping[str, float],
    seed: int,
) -> list[Scraped]:
    """Returns one pole's candidates in the order in which they are chosen: one from each query in turn.

    Args:
        candidates: The pictures to choose from.
        kept: Pictures that a person keeps; they count for their queries.
        for_review: Whether a person should look at a picture, by file.
        styles: How much each descriptors like its pole, by SHA-256.
        seed: Decides where scores do not; by each picture's own bytes, so that further pictures change little.
    """

    def shuffled(text: str) -> str:
        return hashlib.sha256(f"{seed} {text}".encode()).hexdigest()

    def place(picture: Scraped) -> tuple:
        return for_review[picture.file], -styles.get(picture.sha256, 0.0), shuffled(picture.sha256), picture.file

    turn = Counter(picture.query for picture in kept)
    order = []
    for picture in sorted(candidates, key=place):
        order.append(((for_review[picture.file], turn[picture.query], shuffled(picture.query)), picture))
        turn[picture.query] += 1
    return [picture for _, picture in sorted(order, key=lambda pair: pair[0])]
