from collections import Counter

import pytest

from demicouture.culling import KEEP, REVIEW, UNUSABLE, Scraped, judge, rank, reasons
from demicouture.measuring import Measures

GOOD = Measures("", 200, 300, (0, 50, 200, 250))


def scraped(file: str, content: str = "") -> Scraped:
    return Scraped(file, file.split("/")[0], file.rpartition("/")[0], content or file)


def judged(pictures, measures=None, words=None, size=128, count=500, seed=0):
    known = {picture.sha256: GOOD for picture in pictures} | (measures or {})
    return judge(pictures, known, words or {}, size=size, count=count, seed=seed)


def test_at_most_one_reason_the_first_that_holds():
    pictures = [scraped("a/1", "broken"), scraped("a/2", "small"), scraped("a/3", "small"), scraped("b/1", "broken")]
    pictures += [scraped("a/4", "huge"), scraped("b/2", "fine")]
    measures = {
        "broken": Measures("undecodable"),
        "huge": Measures("over 100 megapixels"),
        "small": Measures("", 500, 127, (0, 0, 127, 127)),
        "fine": Measures("", 500, 128, (0, 0, 128, 128)),
    }
    assert judged(pictures, measures) == {
        "a/1": "undecodable",
        "a/2": "smaller than 128×128",
        "a/3": "smaller than 128×128",
        "b/1": "undecodable",
        "a/4": "over 100 megapixels",
        "b/2": "",
    }
    assert judged(pictures, measures, size=64)["a/2"] == ""
    assert judged(pictures, measures, size=64)["a/3"] == "exact duplicate"


def test_reasons_come_from_a_fixed_list():
    assert reasons(64) == (
        *("undecodable", "over 100 megapixels", "smaller than 64×64", "in both poles", "exact duplicate"),
        "over --count",
    )
    assert set(UNUSABLE) < set(reasons(64))


def test_of_the_same_bytes_the_first_by_name_stays():
    pictures = [scraped("a/q/1", "x"), scraped("a/r/0", "x"), scraped("a/r/2", "x"), scraped("b/1"), scraped("b/2")]
    verdict = judged(pictures)
    assert [verdict[picture.file] for picture in pictures] == ["", "exact duplicate", "exact duplicate", "", ""]
    # A copy that a person keeps is the one that stays; one that a person drops takes the others with it.
    assert judged(pictures, words={"a/r/2": KEEP})["a/q/1"] == "exact duplicate"
    assert judged(pictures, words={"a/q/1": "drop"})["a/r/0"] == "exact duplicate"


def test_the_same_bytes_in_both_poles_are_dropped_from_both():
    pictures = [scraped("a/1", "x"), scraped("a/2", "x"), scraped("a/3"), scraped("b/1", "x"), scraped("b/2")]
    verdict = judged(pictures)
    assert {file for file, reason in verdict.items() if reason == "in both poles"} == {"a/1", "a/2", "b/1"}
    assert verdict["a/3"] == verdict["b/2"] == ""


def test_every_query_has_its_even_share():
    pictures = [
        scraped(f"a/{query}/{number:03}") for query in "xyz" for number in range({"x": 3, "y": 50, "z": 80}[query])
    ]
    pictures += [scraped("b/1"), scraped("b/2")]
    kept = [file for file, reason in judged(pictures, count=43).items() if not reason and file[0] == "a"]
    assert Counter(file.split("/")[1] for file in kept) == {"x": 3, "y": 20, "z": 20}
    # It is a shuffle, not the first by name.
    assert sorted(kept) != sorted(file for file in kept if int(file[-3:]) < 20)


def test_a_higher_count_extends_and_another_seed_chooses_others():
    pictures = [scraped(f"a/{query}/{number}") for query in "xyz" for number in range(40)]
    few, more, other = (
        {file for file, reason in judged(pictures, count=count, seed=seed).items() if not reason}
        for count, seed in [(20, 0), (33, 0), (20, 1)]
    )
    assert (len(few), len(more)) == (20, 33)
    assert few < more
    assert few != other
    # Further pictures do not turn the whole choice over.
    grown = {file for file, reason in judged([*pictures, scraped("a/x/new")], count=20).items() if not reason}
    assert len(few & grown) >= 19


def test_a_person_comes_first():
    pictures = [scraped(f"a/q/{number:02}") for number in range(20)]
    rules = [file for file, reason in judged(pictures, count=5).items() if not reason]
    out = [picture.file for picture in pictures if picture.file not in rules]
    kept = judged(pictures, count=5, words={out[0]: KEEP, out[1]: KEEP})
    assert len([file for file, reason in kept.items() if not reason and file not in out[:2]]) == 3
    # Who drops a picture, or puts it aside, makes room for the next.
    moved_up = judged(pictures, count=5, words={rules[0]: "drop", rules[1]: REVIEW})
    now = {file for file, reason in moved_up.items() if not reason} - set(rules[:2])
    assert len(now) == 5
    assert now > set(rules[2:])
    # More of a person's own than --count: all of them stay, and no other.
    law = dict.fromkeys(out[:7], KEEP)
    assert {file for file, reason in judged(pictures, count=5, words=law).items() if not reason} == set(out[:7])


def test_a_persons_keep_of_what_cannot_be_decoded_takes_no_place():
    pictures = [scraped(f"a/q/{number}") for number in range(5)]
    verdict = judged(pictures, {"a/q/0": Measures("undecodable")}, {"a/q/0": KEEP}, count=3)
    assert sum(not reason for reason in verdict.values()) == 3
    assert verdict["a/q/0"] == "undecodable"


@pytest.mark.parametrize("known", [{}, None])
def test_pictures_not_looked_into_yet_are_taken_to_be_sound(known):
    pictures = [scraped("a/1"), scraped("a/2")]
    assert judge(pictures, known or {}, {}, size=128, count=5, seed=0) == {"a/1": "", "a/2": ""}


def test_what_a_person_keeps_counts_for_its_query():
    candidates = [scraped(f"a/{query}/{number}") for query in "xy" for number in range(4)]
    kept = [scraped("a/x/mine"), scraped("a/x/too")]
    assert [picture.query for picture in rank(candidates, kept, 0)][:2] == ["a/y", "a/y"]
