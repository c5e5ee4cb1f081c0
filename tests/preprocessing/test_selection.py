import base64
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from demicouture.preprocessing import rules as bars
from demicouture.preprocessing.image_features import GARMENT, ImageFeatures
from demicouture.preprocessing.pose import CERTAIN, PRESENT
from demicouture.preprocessing.records import DROP, KEEP, REVIEW, UNUSABLE, Scraped, Verdict, reasons
from demicouture.preprocessing.rules import Rules, check_contents
from demicouture.preprocessing.selection import choose, rank, score_styles, select

NOT_LOOKED_AT = ImageFeatures("undecodable")
SOUND = ImageFeatures("", 200, 300, (0, 50, 200, 250), 0.6, 0.5, 0.2, detected=0.0, person=0.0, garment=0.4)
WORN = replace(SOUND, detected=0.95, person=0.99, yaw=10.0, thighs=0.95, second=0.0, garment=None)
LITTLE = 1e-6


def scraped(file: str, content: str = "") -> Scraped:
    return Scraped(file, file.split("/")[0], file.rpartition("/")[0], content or file)


def text(values: np.ndarray) -> str:
    return base64.b64encode(values.astype(np.uint8).tobytes()).decode()


def thumbnail(content: str) -> np.ndarray:
    """Another picture of blotches for each content."""
    blotches = np.random.default_rng(list(content.encode())).integers(20, 236, (4, 4, 3))
    return np.kron(blotches, np.ones((4, 4, 1), int))


def descriptor(content: str) -> np.ndarray:
    return np.random.default_rng([7, *content.encode()]).integers(0, 256, 768)


def measured(content: str, like: str = "", **changes) -> ImageFeatures:
    """A sound picture of its own; or one as ``like``, a little brighter."""
    tiny = thumbnail(like) + 6 if like else thumbnail(content)
    return replace(SOUND, **{"thumbnail_base64": text(tiny), "descriptor_base64": text(descriptor(content)), **changes})


def verdicts_on(pictures, features=None, manual=None, tops=None, **rules) -> dict[str, Verdict]:
    known = {picture.sha256: measured(picture.sha256) for picture in pictures} | (features or {})
    return select(pictures, known, manual or {}, tops or {}, Rules(**rules))[0]


def reasons_of(*args, **options) -> dict[str, str]:
    return {file: verdict.reason for file, verdict in verdicts_on(*args, **options).items()}


def kept(*args, **options) -> list[str]:
    return [file for file, verdict in verdicts_on(*args, **options).items() if verdict.decision == KEEP]


# -- one picture by itself ---------------------------------------------------------------------------------------------

CASUAL, COLLECTION = scraped("casual/q/1"), scraped("collection/q/1")
PEOPLE = Rules(people=("collection",))


@pytest.mark.parametrize(
    ("picture", "features", "top", "expected"),
    [
        (CASUAL, NOT_LOOKED_AT, None, (DROP, "undecodable")),
        (CASUAL, ImageFeatures("over 100 megapixels"), None, (DROP, "over 100 megapixels")),
        (CASUAL, replace(SOUND, height=127), None, (DROP, "smaller than 128×128")),
        (CASUAL, replace(SOUND, width=128, height=128), None, (KEEP, "")),
        (CASUAL, replace(SOUND, contrast=bars.MIN_CONTRAST - LITTLE), None, (DROP, "blank")),
        (CASUAL, replace(SOUND, contrast=bars.MIN_CONTRAST), None, (KEEP, "")),
        (CASUAL, replace(SOUND, sharpness=bars.MIN_SHARPNESS - LITTLE), None, (DROP, "blurred")),
        (CASUAL, replace(SOUND, sharpness=bars.MIN_SHARPNESS), None, (KEEP, "")),
        (CASUAL, replace(SOUND, flatness=bars.MAX_FLATNESS + LITTLE), None, (DROP, "no photograph")),
        (CASUAL, replace(SOUND, flatness=bars.MAX_FLATNESS), None, (KEEP, "")),
        # Without the models the rules on people, and on what nobody wears, are left out.
        (COLLECTION, replace(SOUND, person=None), None, (KEEP, "not judged: no models")),
        (CASUAL, replace(SOUND, person=None, garment=0.0), 0.0, (KEEP, "not judged: no models")),
        (CASUAL, replace(SOUND, person=None, contrast=0.0), None, (DROP, "blank")),
        # Nobody there: a matter of the poles of --people alone.
        (COLLECTION, SOUND, None, (DROP, "no person")),
        (COLLECTION, replace(SOUND, detected=CERTAIN - LITTLE, person=PRESENT - LITTLE), None, (DROP, "no person")),
        (COLLECTION, replace(SOUND, detected=CERTAIN), None, (REVIEW, "person unclear")),
        (COLLECTION, replace(SOUND, person=PRESENT), None, (REVIEW, "person unclear")),
        (CASUAL, replace(SOUND, detected=CERTAIN), None, (KEEP, "")),
        # People, where they must stand and where they may sit.
        (COLLECTION, WORN, None, (KEEP, "")),
        (CASUAL, WORN, None, (KEEP, "")),
        (COLLECTION, replace(WORN, yaw=bars.FRONT_DEGREES), None, (KEEP, "")),
        (COLLECTION, replace(WORN, yaw=bars.FRONT_DEGREES + LITTLE), None, (REVIEW, "turned")),
        (CASUAL, replace(WORN, yaw=bars.SIDE_DEGREES), None, (REVIEW, "turned")),
        (CASUAL, replace(WORN, yaw=bars.SIDE_DEGREES + LITTLE), None, (DROP, "not from the front")),
        (COLLECTION, replace(WORN, yaw=180.0), None, (DROP, "not from the front")),
        (COLLECTION, replace(WORN, thighs=bars.SEATED_THIGHS - LITTLE), None, (DROP, "seated")),
        (COLLECTION, replace(WORN, thighs=bars.SEATED_THIGHS), None, (KEEP, "")),
        (CASUAL, replace(WORN, thighs=0.0), None, (KEEP, "")),
        (COLLECTION, replace(WORN, thighs=None), None, (KEEP, "")),
        (COLLECTION, replace(WORN, second=bars.LARGE_SECOND), None, (KEEP, "")),
        (COLLECTION, replace(WORN, second=bars.LARGE_SECOND + LITTLE), None, (REVIEW, "second person")),
        # Garments that nobody wears.
        (CASUAL, SOUND, bars.SURELY_NO_TOP - LITTLE, (DROP, "no top")),
        (CASUAL, SOUND, bars.SURELY_NO_TOP, (REVIEW, "perhaps no top")),
        (CASUAL, SOUND, bars.SURELY_TOP - LITTLE, (REVIEW, "perhaps no top")),
        (CASUAL, SOUND, bars.SURELY_TOP, (KEEP, "")),
        (CASUAL, replace(SOUND, garment=0.0), None, (REVIEW, "no garment found")),
        (CASUAL, replace(SOUND, garment=0.0), 0.0, (DROP, "no top")),
        (CASUAL, replace(SOUND, garment=0.0), 0.9, (REVIEW, "no garment found")),
        # What a person wears is not asked whether it is a top.
        (CASUAL, WORN, 0.0, (KEEP, "")),
    ],
)
def test_every_rule_on_both_sides_of_its_bar(picture, features, top, expected):
    assert check_contents(picture, features, top, PEOPLE) == Verdict(*expected)


def test_a_sound_person_whose_garment_was_not_cut_out_waits_where_the_garment_is_wanted():
    wanted = replace(PEOPLE, subject=GARMENT)
    framed = replace(WORN, garment_box=(0, 0, 90, 90))
    for picture in (CASUAL, COLLECTION):
        assert check_contents(picture, WORN, None, wanted) == Verdict(REVIEW, "garment not cut out")
        assert check_contents(picture, framed, None, wanted) == check_contents(picture, WORN, None, PEOPLE) == Verdict()
    # It is the last of all reasons: it says nothing of the picture.
    turned = replace(WORN, yaw=bars.FRONT_DEGREES + LITTLE)
    assert check_contents(COLLECTION, turned, None, wanted) == Verdict(REVIEW, "turned")
    assert check_contents(CASUAL, replace(SOUND, garment=0.0), None, wanted) == Verdict(REVIEW, "no garment found")
    assert check_contents(CASUAL, SOUND, None, wanted) == Verdict()


def test_the_user_says_in_which_poles_a_picture_must_show_a_person():
    seated, empty = replace(WORN, thighs=0.2), SOUND
    for people, decisions in [
        ((), (KEEP, KEEP, KEEP, KEEP)),
        (("casual",), (DROP, DROP, KEEP, KEEP)),
        (("casual", "collection"), (DROP,) * 4),
    ]:
        rules = Rules(people=people)
        found = [check_contents(picture, m, None, rules) for picture in (CASUAL, COLLECTION) for m in (seated, empty)]
        assert tuple(verdict.decision for verdict in found) == decisions


def test_at_most_one_reason_the_first_that_holds():
    bad = ImageFeatures(
        "undecodable", 100, 100, (0, 0, 100, 100), 0.0, 0.0, 1.0, 0.9, 0.99, yaw=90.0, thighs=0.0, second=1.0
    )
    for mended, reason in [
        ({}, "undecodable"),
        ({"reason": ""}, "smaller than 128×128"),
        ({"width": 128, "height": 128}, "blank"),
        ({"contrast": 0.5}, "blurred"),
        ({"sharpness": 0.5}, "no photograph"),
        ({"flatness": 0.1}, "not from the front"),
        ({"yaw": 40.0}, "seated"),
        ({"thighs": 1.0}, "second person"),
        ({"second": 0.0}, "turned"),
        ({"yaw": 0.0}, ""),
    ]:
        bad = replace(bad, **mended)
        assert check_contents(COLLECTION, bad, None, PEOPLE).reason == reason


def test_reasons_come_from_a_fixed_list():
    listed = reasons(64)
    assert listed[:3] == ("undecodable", "over 100 megapixels", "over 500 MB")
    assert listed[3:6] == ("too many scans", "strip beyond 4:1", "smaller than 64×64")
    assert listed[6:9] == ("in both poles", "exact duplicate", "near duplicate")
    assert listed[-2:] == ("too like another", "over --count")
    assert len(set(listed)) == len(listed) == 24
    assert set(UNUSABLE) < set(listed)


# -- duplicates --------------------------------------------------------------------------------------------------------


def test_what_cannot_be_used_is_no_duplicate():
    pictures = [scraped("a/1", "broken"), scraped("a/2", "small"), scraped("a/3", "small"), scraped("b/1", "broken")]
    features = {"broken": NOT_LOOKED_AT, "small": measured("small", width=500, height=127)}
    small = "smaller than 128×128"
    assert reasons_of(pictures, features) == {"a/1": "undecodable", "a/2": small, "a/3": small, "b/1": "undecodable"}
    assert reasons_of(pictures, features, size=64) == {
        "a/1": "undecodable",
        "a/2": "",
        "a/3": "exact duplicate",
        "b/1": "undecodable",
    }


def test_of_the_same_bytes_the_first_by_name_stays():
    pictures = [scraped("a/q/1", "x"), scraped("a/r/0", "x"), scraped("a/r/2", "x"), scraped("b/1"), scraped("b/2")]
    found = verdicts_on(pictures)
    assert [found[picture.file].reason for picture in pictures] == ["", "exact duplicate", "exact duplicate", "", ""]
    assert found["a/r/0"] == Verdict(DROP, "exact duplicate", "a/q/1")
    # A copy that a person keeps is the one that stays; one that a person drops takes the others with it.
    assert verdicts_on(pictures, manual={"a/r/2": KEEP})["a/q/1"] == Verdict(DROP, "exact duplicate", "a/r/2")
    assert reasons_of(pictures, manual={"a/q/1": DROP})["a/r/0"] == "exact duplicate"


def test_the_same_bytes_in_both_poles_are_dropped_from_both():
    pictures = [scraped("a/1", "x"), scraped("a/2", "x"), scraped("a/3"), scraped("b/1", "x"), scraped("b/2")]
    found = verdicts_on(pictures)
    assert {file for file, verdict in found.items() if verdict.reason == "in both poles"} == {"a/1", "a/2", "b/1"}
    assert (found["a/1"].like, found["b/1"].like) == ("b/1", "a/1")
    assert found["a/3"].reason == found["b/2"].reason == ""


def test_of_near_duplicates_the_larger_stays_and_then_the_sharper():
    pictures = [scraped(f"a/{name}") for name in ("1", "2", "3", "4")] + [scraped("b/1"), scraped("b/2")]
    features = {
        "a/2": measured("a/2", like="a/1", width=400, height=600),
        "a/4": measured("a/4", like="a/3", sharpness=0.55),
    }
    found = verdicts_on(pictures, features)
    assert found["a/1"] == Verdict(DROP, "near duplicate", "a/2")
    assert found["a/3"] == Verdict(DROP, "near duplicate", "a/4")
    assert found["a/2"].reason == found["a/4"].reason == ""
    # A person's keep is worth more than pixels; who drops the better one drops its copies.
    assert verdicts_on(pictures, features, {"a/1": KEEP})["a/2"] == Verdict(DROP, "near duplicate", "a/1")
    assert reasons_of(pictures, features, {"a/2": DROP})["a/1"] == "near duplicate"


def test_a_copy_with_which_something_is_wrong_does_not_take_the_good_one_along():
    pictures = [scraped("a/1"), scraped("a/2"), scraped("b/1"), scraped("b/2")]
    blurred = measured("a/2", like="a/1", width=4000, height=6000, sharpness=0.1)
    found = verdicts_on(pictures, {"a/2": blurred})
    assert found["a/1"] == Verdict(KEEP, "")
    assert found["a/2"] == Verdict(DROP, "near duplicate", "a/1")


def test_near_duplicates_across_the_poles_are_dropped_from_both():
    pictures = [scraped("a/1"), scraped("a/2"), scraped("b/1"), scraped("b/2")]
    found = verdicts_on(pictures, {"b/1": measured("b/1", like="a/1", width=1000, height=1000)})
    assert found["a/1"] == Verdict(DROP, "in both poles", "b/1")
    assert found["b/1"] == Verdict(DROP, "in both poles", "a/1")
    assert found["a/2"].reason == found["b/2"].reason == ""


# -- the choice --------------------------------------------------------------------------------------------------------


def test_every_query_has_its_even_share():
    pictures = [
        scraped(f"a/{query}/{number:03}") for query in "xyz" for number in range({"x": 3, "y": 50, "z": 80}[query])
    ]
    pictures += [scraped("b/1"), scraped("b/2")]
    found = [file for file in kept(pictures, count=43) if file[0] == "a"]
    assert Counter(file.split("/")[1] for file in found) == {"x": 3, "y": 20, "z": 20}
    # Without scores of style it is a shuffle, not the first by name.
    assert sorted(found) != sorted(file for file in found if int(file[-3:]) < 20)


def test_a_higher_count_extends_and_another_seed_chooses_others():
    pictures = [scraped(f"a/{query}/{number}") for query in "xyz" for number in range(40)]
    few, more, other = (set(kept(pictures, count=count, seed=seed)) for count, seed in [(20, 0), (33, 0), (20, 1)])
    assert (len(few), len(more)) == (20, 33)
    assert few < more
    assert few != other
    # Further pictures do not turn the whole choice over.
    assert len(few & set(kept([*pictures, scraped("a/x/new")], count=20))) >= 19


def test_a_person_comes_first():
    pictures = [scraped(f"a/q/{number:02}") for number in range(20)]
    rules = kept(pictures, count=5)
    out = [picture.file for picture in pictures if picture.file not in rules]
    found = kept(pictures, count=5, manual={out[0]: KEEP, out[1]: KEEP})
    assert len([file for file in found if file not in out[:2]]) == 3
    # Who drops a picture, or puts it aside, makes room for the next.
    now = set(kept(pictures, count=5, manual={rules[0]: DROP, rules[1]: REVIEW})) - set(rules[:2])
    assert len(now) == 5
    assert now > set(rules[2:])
    # More of a person's own than --count: all of them stay, and no other.
    mine = dict.fromkeys(out[:7], KEEP)
    assert set(kept(pictures, count=5, manual=mine)) == set(out[:7])


def test_a_persons_keep_of_what_cannot_be_decoded_takes_no_place():
    pictures = [scraped(f"a/q/{number}") for number in range(5)]
    found = reasons_of(pictures, {"a/q/0": NOT_LOOKED_AT}, {"a/q/0": KEEP}, count=3)
    assert sum(not reason for reason in found.values()) == 3
    assert found["a/q/0"] == "undecodable"


def test_a_persons_keep_of_what_a_rule_drops_takes_a_place():
    pictures = [scraped(f"a/q/{number}") for number in range(5)]
    found = kept(pictures, {"a/q/0": measured("a/q/0", contrast=0.0)}, {"a/q/0": KEEP}, count=3)
    assert len([file for file in found if file != "a/q/0"]) == 2


def test_what_a_person_keeps_counts_for_its_query():
    candidates = [scraped(f"a/{query}/{number}") for query in "xy" for number in range(4)]
    mine = [scraped("a/x/mine"), scraped("a/x/too")]
    sound = dict.fromkeys([picture.file for picture in candidates], False)
    assert [picture.query for picture in rank(candidates, mine, sound, {}, 0)][:2] == ["a/y", "a/y"]


def test_the_pictures_most_like_their_pole_come_first_in_each_querys_turn():
    candidates = [scraped(f"a/{query}/{number}") for query in "xy" for number in range(3)]
    styles = {"a/x/0": 0.1, "a/x/1": 0.9, "a/x/2": 0.5, "a/y/0": 0.3, "a/y/1": 0.2, "a/y/2": 0.4}
    review = {picture.file: picture.file == "a/x/1" for picture in candidates}
    order = [picture.file for picture in rank(candidates, [], dict.fromkeys(review, False), styles, 0)]
    turns = [set(order[:2]), set(order[2:4]), set(order[4:])]
    assert turns == [{"a/x/1", "a/y/2"}, {"a/x/2", "a/y/0"}, {"a/x/0", "a/y/1"}]
    # What waits for a person comes after all others, however good its style.
    assert [picture.file for picture in rank(candidates, [], review, styles, 0)][-1] == "a/x/1"


def choice(looks: dict[str, np.ndarray], count: int, mine=(), review=()) -> dict[str, Verdict]:
    """The choice among pictures of one query, whose styles fall in the order of their names."""
    features = {name: replace(SOUND, descriptor_base64=text(values)) for name, values in looks.items()}
    pictures = [scraped(name) for name in looks]
    styles = {name: 1 - 0.01 * place for place, name in enumerate(looks)}
    verdicts = {name: Verdict(REVIEW, "turned") if name in review else Verdict() for name in looks}
    free, own = ([p for p in pictures if (p.file in mine) == is_mine] for is_mine in (False, True))
    return choose(free, own, features, verdicts, styles, Rules(count=count))


def test_what_is_too_like_another_is_set_aside_and_comes_back_where_places_are_left():
    grey = np.full(768, 100)
    looks = {"a/1": grey, "a/2": grey + 5, "a/3": grey + 60, "a/4": grey + 120, "a/5": grey + 121}
    # 5 levels apart is too like, 60 is not; and what comes too late is over --count whatever it is like.
    assert choice(looks, 2) == {
        "a/2": Verdict(DROP, "too like another", "a/1"),
        "a/4": Verdict(DROP, "over --count"),
        "a/5": Verdict(DROP, "over --count"),
    }
    assert choice(looks, 3) == {
        "a/2": Verdict(DROP, "too like another", "a/1"),
        "a/5": Verdict(DROP, "over --count"),
    }
    assert choice(looks, 4) == {"a/5": Verdict(DROP, "too like another", "a/4")}
    assert choice(looks, 5) == {}
    # A person's own is never set aside; but others are for its sake.
    assert choice(looks, 4, mine=["a/1", "a/2"]) == {"a/5": Verdict(DROP, "over --count")}
    assert choice(looks, 3, mine=["a/2"])["a/1"] == Verdict(DROP, "too like another", "a/2")
    assert choice(looks, 0) == {name: Verdict(DROP, "over --count") for name in looks}


def test_what_waits_for_a_person_is_chosen_last():
    looks = {f"a/{number}": descriptor(f"{number}") for number in range(4)}
    assert choice(looks, 3, review=["a/0"]) == {"a/0": Verdict(DROP, "over --count")}
    assert choice(looks, 4, review=["a/0"]) == {}


def test_pictures_for_review_take_places_only_where_the_user_wants_it():
    pictures = [scraped(f"a/q/{number}") for number in range(4)]
    features = {"a/q/0": measured("a/q/0", garment=0.0)}
    assert verdicts_on(pictures, features, count=3)["a/q/0"] == Verdict(REVIEW, "no garment found")
    assert len(kept(pictures, features, count=3)) == 3
    assert verdicts_on(pictures, features, count=3, keep_reviewed=True)["a/q/0"] == Verdict(DROP, "over --count")
    assert verdicts_on(pictures, features, count=4, keep_reviewed=True)["a/q/0"] == Verdict(REVIEW, "no garment found")
    # A person's review takes a place too, then.
    manual = {"a/q/1": REVIEW, "a/q/2": KEEP}
    assert len(set(kept(pictures, features, manual, count=2, keep_reviewed=True)) - set(manual)) == 0


def test_judged_are_tops_where_scores_are_there():
    pictures = [scraped("a/1"), scraped("a/2"), scraped("a/3")]
    found = reasons_of(pictures, tops={"a/1": 0.9, "a/2": 0.1})
    assert found == {"a/1": "", "a/2": "no top", "a/3": ""}


def test_styles_tell_how_much_a_picture_looks_like_the_second_pole():
    pictures = [scraped(f"{pole}/{number}") for pole in "ab" for number in range(12)]
    random = np.random.default_rng(0)
    features = {
        p.sha256: measured(p.sha256, descriptor_base64=text(random.integers(0, 100, 768) + 100 * (p.pole == "b")))
        for p in pictures
    }
    styles = score_styles(pictures, features)
    assert set(styles) == {picture.sha256 for picture in pictures}
    assert max(styles[p.sha256] for p in pictures[:12]) < 0.5 < min(styles[p.sha256] for p in pictures[12:])
    assert score_styles(pictures[:16], features) == score_styles(pictures[:12], features) == {}
    # One that lies among the pictures of the other pole is the last to be chosen.
    features["a/0"], features["b/0"] = features["b/0"], features["a/0"]
    found, styles = select(pictures, features, {}, {}, Rules(count=11))
    assert styles["b/0"] < 0.5 < styles["a/0"]
    assert [file for file, verdict in found.items() if verdict.reason] == ["a/0", "b/0"]
