"""The rules of the cull: they keep, drop or review each picture by itself.

Each picture has at most one reason, the first that holds.

Of files, in every pole:

undecodable                no picture, truncated, or damaged
over 100 megapixels        no camera for this purpose makes more; most likely an attack
over 500 MB                the file, which then is not even read
too many scans             a progressive JPEG that would take minutes to decode
strip beyond 4:1           no square of it shows a garment
smaller than 128×128       the shorter side is under --size
in both poles              the same picture in both poles: nobody knows which of the two is right
exact duplicate            the same bytes again within a pole, where one of them stays
near duplicate             the same picture again, in another size or encoding; the better one stays
blank                      hardly any difference between light and dark
blurred                    no sharp edge anywhere
no photograph              a drawing, a text or a logo

Of people, where BlazePose's models are there:

no person                  in a pole of --people                      review: person unclear
not from the front         a side or back view                        review: turned
seated                     in a pole of --people
                                                                      review: second person

Of garments that nobody wears, in the other poles:

no top                     by examples of tops and of other things    review: perhaps no top
                                                                      review: no garment found

And at the end, of pictures with which nothing is wrong:

                           with --subject garment, a person of whom      review: garment not cut out
                           hardly any garment is to be seen
too like another           the choice is to be varied; the row names the other one
over --count               others were chosen

A picture that is kept has no reason, or ``not judged: no models`` where the rules on people had to be left out.
Whether a flat garment shows its front or its back, no rule here can tell: such pictures are kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from demicouture.preprocessing.image_features import FIGURE, GARMENT, ImageFeatures
from demicouture.preprocessing.image_quality import MAX_FLATNESS, MIN_CONTRAST, MIN_SHARPNESS
from demicouture.preprocessing.pose import CERTAIN, PRESENT
from demicouture.preprocessing.records import (
    BLANK,
    BLURRED,
    DROP,
    KEEP,
    NO_GARMENT_FOUND,
    NO_PERSON,
    NO_PHOTOGRAPH,
    NO_TOP,
    NOT_CUT_OUT,
    NOT_FROM_THE_FRONT,
    NOT_JUDGED,
    PERHAPS_NO_TOP,
    PERSON_UNCLEAR,
    REVIEW,
    SEATED,
    SECOND_PERSON,
    SOUND,
    TURNED,
    Scraped,
    Verdict,
    too_small,
)

FRONT_DEGREES, SIDE_DEGREES = 35.0, 50.0
"""Up to the first a person faces the camera, from the second on not. Of street photographs labelled by eye those with
an even number chose these two among seven pairs; those with an odd one measured them (README)."""


SEATED_THIGHS = 0.75
"""Neither thigh within 41° of upright. Of 613 people who stand or walk the least upright has 0.77."""


LARGE_SECOND = 0.6
"""In parts of the main person's size: passers-by in the background are smaller."""


SURELY_TOP, SURELY_NO_TOP = 0.65, 0.35
"""From the first on a garment is a top, up to the second it is none; between, the examples do not say."""


@dataclass(frozen=True)
class Rules:
    """The options that rules depend on, as a person chose them on the command line.

    Attributes:
        size: The side of the data set's pictures in pixels.
        count: How many pictures of each pole are kept, a person's among them.
        seed: Decides between pictures that are equally good.
        people: The poles in which a picture must show a person.
        keep_reviewed: Whether a picture for review may be taken into the data set.
        subject: What is kept of a person: the garment or the whole figure.
    """

    size: int = 128
    count: int = 500
    seed: int = 0
    people: tuple[str, ...] = ()
    keep_reviewed: bool = False
    subject: str = FIGURE


def check_contents(picture: Scraped, features: ImageFeatures, top: float | None, rules: Rules) -> Verdict:
    """Returns what the rules say of one picture by itself, without regard to the others.

    Args:
        picture: The picture.
        features: What was found in it.
        top: How surely it is a top, in [0, 1]; None where nobody gave examples, or a person wears it.
        rules: What a person chose.
    """
    if features.reason:
        return Verdict(DROP, features.reason)
    if min(features.width, features.height) < rules.size:
        return Verdict(DROP, too_small(rules.size))
    if features.contrast < MIN_CONTRAST:
        return Verdict(DROP, BLANK)
    if features.sharpness < MIN_SHARPNESS:
        return Verdict(DROP, BLURRED)
    if features.flatness > MAX_FLATNESS:
        return Verdict(DROP, NO_PHOTOGRAPH)
    if features.person is None:
        return Verdict(KEEP, NOT_JUDGED)
    must_show_a_person = picture.pole in rules.people
    if features.yaw is not None:
        verdict = _check_person(features, must_show_a_person)
        if verdict is SOUND and rules.subject == GARMENT and features.garment_box is None:
            return Verdict(REVIEW, NOT_CUT_OUT)
        return verdict
    if must_show_a_person:
        # One of the two models saw somebody, and the other was not sure.
        unclear = features.detected >= CERTAIN or features.person >= PRESENT
        return Verdict(REVIEW, PERSON_UNCLEAR) if unclear else Verdict(DROP, NO_PERSON)
    return _check_garment(features, top)


def _check_person(features: ImageFeatures, must_stand: bool) -> Verdict:
    if features.yaw > SIDE_DEGREES:
        return Verdict(DROP, NOT_FROM_THE_FRONT)
    if must_stand and features.thighs is not None and features.thighs < SEATED_THIGHS:
        return Verdict(DROP, SEATED)
    if features.second > LARGE_SECOND:
        return Verdict(REVIEW, SECOND_PERSON)
    if features.yaw > FRONT_DEGREES:
        return Verdict(REVIEW, TURNED)
    return SOUND


def _check_garment(features: ImageFeatures, top: float | None) -> Verdict:
    if top is not None and top < SURELY_NO_TOP:
        return Verdict(DROP, NO_TOP)
    if top is not None and top < SURELY_TOP:
        return Verdict(REVIEW, PERHAPS_NO_TOP)
    return Verdict(REVIEW, NO_GARMENT_FOUND) if features.garment == 0 else SOUND
