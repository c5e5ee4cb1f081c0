"""The vocabulary of a cull: scraped pictures, decisions, and the reasons that the rules give."""

from __future__ import annotations

import re
from dataclasses import dataclass

from demicouture.images import TOO_HEAVY, TOO_LARGE, TOO_MANY_SCANS, UNDECODABLE
from demicouture.language import N_, _

KEEP, DROP, REVIEW = DECISIONS = ("keep", "drop", "review")

IN_BOTH_POLES = N_("in both poles")
EXACT_DUPLICATE = N_("exact duplicate")
NEAR_DUPLICATE = N_("near duplicate")
BLANK = N_("blank")
BLURRED = N_("blurred")
NO_PHOTOGRAPH = N_("no photograph")
NO_PERSON = N_("no person")
PERSON_UNCLEAR = N_("person unclear")
NOT_FROM_THE_FRONT = N_("not from the front")
TURNED = N_("turned")
SEATED = N_("seated")
SECOND_PERSON = N_("second person")
NOT_CUT_OUT = N_("garment not cut out")
NO_TOP = N_("no top")
PERHAPS_NO_TOP = N_("perhaps no top")
NO_GARMENT_FOUND = N_("no garment found")
TOO_LIKE = N_("too like another")
OVER_COUNT = N_("over --count")
NOT_JUDGED = N_("not judged: no models")

BY_A_PERSON = N_("a person's decision")
NOT_FOUND = N_("file not found")
"""Reasons that no rule gives: a person decided, or a picture that a person decided on is gone."""

STRIP = N_("strip beyond 4:1")

UNUSABLE = (UNDECODABLE, TOO_LARGE, TOO_HEAVY, TOO_MANY_SCANS, STRIP)
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


def describe_reason(reason: str) -> str:
    """Returns a reason in the person's language; in ``decisions.csv`` it is as it is here."""
    if size := re.fullmatch(r"smaller than (\d+)×\d+", reason):
        return _("smaller than {size}×{size}").format(size=size[1])
    return _(reason)


def reasons(size: int) -> tuple[str, ...]:
    """Returns all reasons for which a rule drops a picture or sends it to review, in the order in which they apply."""
    files = *UNUSABLE, too_small(size), IN_BOTH_POLES, EXACT_DUPLICATE, NEAR_DUPLICATE
    people = NO_PERSON, PERSON_UNCLEAR, NOT_FROM_THE_FRONT, SEATED, SECOND_PERSON, TURNED
    garments = NO_TOP, PERHAPS_NO_TOP, NO_GARMENT_FOUND, NOT_CUT_OUT
    return *files, BLANK, BLURRED, NO_PHOTOGRAPH, *people, *garments, *CHOICES
