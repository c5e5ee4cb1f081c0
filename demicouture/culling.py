"""Keep or drop: for each picture at most one reason, the first that holds.

undecodable                no picture, truncated, or damaged
over 100 megapixels        no camera for this purpose makes more; most likely an attack
smaller than 128×128       the shorter side is under --size
in both poles              the same bytes in both poles: nobody knows which of the two is right
exact duplicate            the same bytes again within a pole, where one of them stays
over --count               nothing is wrong with it; others were chosen
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from demicouture.images import TOO_LARGE, UNDECODABLE
from demicouture.measuring import Measures

KEEP, DROP, REVIEW = DECISIONS = ("keep", "drop", "review")

IN_BOTH_POLES = "in both poles"
EXACT_DUPLICATE = "exact duplicate"
OVER_COUNT = "over --count"

UNUSABLE = (UNDECODABLE, TOO_LARGE)
"""The reasons that even a person cannot overrule, for there is nothing to look at."""


@dataclass(frozen=True)
class Scraped:
    """One scraped picture.

    Attributes:
        file: Its path below data/1-scraped, with slashes.
        pole: The first part of that path.
        query: The folder that it lies in, below data/1-scraped.
        sha256: Of its bytes.
    """

    file: str
    pole: str
    query: str
    sha256: str


def too_small(size: int) -> str:
    """Returns the reason for dropping a picture whose shorter side is under ``size`` pixels."""
    return f"smaller than {size}×{size}"


def reasons(size: int) -> tuple[str, ...]:
    """Returns all reasons for which a rule drops a picture, in the order in which they are looked at."""
    return UNDECODABLE, TOO_LARGE, too_small(size), IN_BOTH_POLES, EXACT_DUPLICATE, OVER_COUNT


def judge(
    pictures: Sequence[Scraped],
    measures: Mapping[str, Measures],
    words: Mapping[str, str],
    *,
    size: int,
    count: int,
    seed: int,
) -> dict[str, str]:
    """Returns for each picture why the rules drop it; nothing where they keep it.

    Args:
        pictures: All scraped pictures, sorted by file.
        measures: What is known, by SHA-256. A picture that was not looked into yet is taken to be sound.
        words: A person's decisions, by file. They are law: the rules choose around them.
        size: The side of the data set's pictures in pixels.
        count: How many pictures of each pole are kept, a person's among them.
        seed: Decides which pictures are chosen.
    """
    verdict = {picture.file: _look_into(measures.get(picture.sha256, Measures()), size) for picture in pictures}
    sound = [picture for picture in pictures if not verdict[picture.file]]
    verdict |= _find_duplicates(sound, words)
    kept_by_person = [
        picture
        for picture in pictures
        if words.get(picture.file) == KEEP and measures.get(picture.sha256, Measures()).reason not in UNUSABLE
    ]
    free = [picture for picture in sound if not verdict[picture.file] and picture.file not in words]
    for pole in {picture.pole for picture in pictures}:
        kept = [picture for picture in kept_by_person if picture.pole == pole]
        ranked = rank((picture for picture in free if picture.pole == pole), kept, seed)
        for picture in ranked[max(0, count - len(kept)) :]:
            verdict[picture.file] = OVER_COUNT
    return verdict


def _look_into(measures: Measures, size: int) -> str:
    if measures.reason:
        return measures.reason
    if measures.width is not None and min(measures.width, measures.height) < size:
        return too_small(size)
    return ""


def _find_duplicates(pictures: Sequence[Scraped], words: Mapping[str, str]) -> dict[str, str]:
    copies = defaultdict(list)
    for picture in pictures:
        copies[picture.sha256].append(picture)
    found = {}
    for same in copies.values():
        if len({picture.pole for picture in same}) > 1:
            found |= {picture.file: IN_BOTH_POLES for picture in same}
        else:
            # The first stays, or the one that a person keeps. One that a person drops takes its copies with it.
            first = next((picture for picture in same if words.get(picture.file) == KEEP), same[0])
            found |= {picture.file: EXACT_DUPLICATE for picture in same if picture is not first}
    return found


def rank(candidates: Iterable[Scraped], kept: Iterable[Scraped], seed: int) -> list[Scraped]:
    """Returns one pole's candidates in the order in which they are chosen: one from each query in turn.

    So every query has its even share, whatever their sizes. Within a query the order is a shuffle that hangs on
    the seed and the picture's own bytes, so that further pictures do not turn the whole choice over.

    Args:
        candidates: The pictures to choose from.
        kept: Pictures that a person keeps; they count for their queries.
        seed: Decides the order.
    """

    def shuffled(text: str) -> str:
        return hashlib.sha256(f"{seed} {text}".encode()).hexdigest()

    turn = Counter(picture.query for picture in kept)
    order = []
    for picture in sorted(candidates, key=lambda picture: shuffled(picture.sha256)):
        order.append(((turn[picture.query], shuffled(picture.query)), picture))
        turn[picture.query] += 1
    return [picture for _, picture in sorted(order, key=lambda pair: pair[0])]
