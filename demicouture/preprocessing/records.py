"""The vocabulary of a cull: scraped pictures, decisions, and the reasons that the rules give."""

from __future__ import annotations

from dataclasses import dataclass

from demicouture.images import TOO_LARGE, UNDECODABLE

KEEP, DROP, REVIEW = DECISIONS = ("keep", "drop", "review")

IN_BOTH_POLES = "in both poles"
EXACT_DUPLICATE = "exact duplicate"
NEAR_DUPLICATE = "near duplicate"
BLANK = "blank"
BLURRED = "blurred"
NO_PHOTOGRAPH = "no photograph"
NO_PERSON = "no person"
PERSON_UNCLEAR = "person unclear"
NOT_FROM_THE_FRONT = "not from the front"
TURNED = "turned"
SEATED = "seated"
SECOND_PERSON = "second person"
NOT_CUT_OUT = "garment not cut out"
NO_TOP = "no top"
PERHAPS_NO_TOP = "perhaps no top"
NO_GARMENT_FOUND = "no garment found"
TOO_LIKE = "too like another"
OVER_COUNT = "over --count"
NOT_JUDGED = "not judged: no models"

BY_A_PERSON = "a person's decision"
NOT_FOUND = "file not found"
"""Reasons that no rule gives: a person decided, or a picture that a person decided on is gone."""

STRIP = "strip beyond 4:1"

UNUSABLE = (UNDECODABLE, TOO_LARGE, STRIP)
"""The reasons that even a person cannot overrule, for there is nothing to look at, or no square to cut."""

CHOICES = (TOO_LIKE, OVER_COUNT)
"""The reasons with which nothing is wrong with a picture."""


@dataclass(frozen=True)
class Scraped:
    """One scraped picture.

    Attributes:
        file: Its path below data/1-scraped, with slashes.
        pole: The first part of that path; or the one that a person says it is of.
        query: The folder that it lies in, below data/1-scraped.
        sha256: Of its bytes.
    """

    file: str
    pole: str
    query: str
    sha256: str


@dataclass(frozen=True)
class Verdict:
    """What the rules say of one picture.

    Attributes:
        decision: keep, drop or review.
        reason: One of the reasons above; empty where there is nothing to report.
        like: The file that it is a duplicate of, or too like.
    """

    decision: str = KEEP
    reason: str = ""
    like: str = ""


SOUND = Verdict()


def too_small(size: int) -> str:
    """Returns the reason for dropping a picture whose shorter side is under ``size`` pixels."""
    return f"smaller than {size}×{size}"


def reasons(size: int) -> tuple[str, ...]:
    """Returns all reasons for which a rule drops a picture or sends it to review, in the order in which they apply."""
    files = *UNUSABLE, too_small(size), IN_BOTH_POLES, EXACT_DUPLICATE, NEAR_DUPLICATE
    people = NO_PERSON, PERSON_UNCLEAR, NOT_FROM_THE_FRONT, SEATED, SECOND_PERSON, TURNED
    garments = NO_TOP, PERHAPS_NO_TOP, NO_GARMENT_FOUND, NOT_CUT_OUT
    return *files, BLANK, BLURRED, NO_PHOTOGRAPH, *people, *garments, *CHOICES
