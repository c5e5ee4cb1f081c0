from dataclasses import replace

import pytest
from samples import write

from demicouture.errors import InputError
from demicouture.files import read_csv, write_csv
from demicouture.preprocessing.decisions import (
    COLUMNS,
    check_boxes,
    count_pole,
    describe_pole,
    find_oddities,
    make_rows,
    read_overrides,
    suggest_people,
    write_rows,
)
from demicouture.preprocessing.image_features import ImageFeatures
from demicouture.preprocessing.selection import DROP, KEEP, REVIEW, Scraped, Verdict

PICTURES = [Scraped(f"a/q/{name}.jpg", "a", "a/q", name * 64) for name in "0123"]
FOUND = ImageFeatures("", 200, 300, (0, 50, 200, 250), 0.5, 0.6, 0.25)
MEASURES = {picture.sha256: FOUND for picture in PICTURES} | {"3" * 64: ImageFeatures("undecodable")}
MEASURES["1" * 64] = replace(FOUND, detected=0.8, person=0.75, yaw=12.5, thighs=0.875, second=0.0)
MEASURES["2" * 64] = replace(FOUND, detected=0.0, person=0.1, garment=0.375)
SOUND, LEFT_OUT = Verdict(), Verdict(DROP, "over --count")
VERDICTS = {
    "a/q/0.jpg": Verdict(KEEP, "not judged: no models"),
    "a/q/1.jpg": SOUND,
    "a/q/2.jpg": Verdict(DROP, "too like another", "a/q/0.jpg"),
    "a/q/3.jpg": Verdict(DROP, "undecodable"),
}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "decisions.csv"
    write_rows(path, make_rows(PICTURES, MEASURES, VERDICTS, {}, {"2" * 64: 0.9}, {"1" * 64: 0.125}))
    return path


def edit(path, name, /, **changes):
    rows = read_csv(path, COLUMNS)
    for row in rows:
        if row["file"] == name:
            row.update(changes)
    write_csv(path, COLUMNS, rows)


def rerun(path, verdicts=VERDICTS, features=MEASURES, pictures=PICTURES):
    write_rows(path, make_rows(pictures, features, verdicts, read_overrides(path)))
    return {row["file"]: row for row in read_csv(path, COLUMNS)}


def test_the_table_of_a_first_run(table):
    assert table.read_text("utf-8").splitlines() == [
        "file,pole,decision,reason,decided_by,rule_decision,left,top,right,bottom,rule_box,picture,like,"
        "width,height,contrast,sharpness,flatness,detected,person,yaw,thighs,second,garment,is_top,style",
        "a/q/0.jpg,a,keep,not judged: no models,rule,keep,0,50,200,250,0 50 200 250,a/0000000000000000.png,,"
        "200,300,0.5,0.6,0.25,,,,,,,,",
        "a/q/1.jpg,a,keep,,rule,keep,0,50,200,250,0 50 200 250,a/1111111111111111.png,,"
        "200,300,0.5,0.6,0.25,0.8,0.75,12.5,0.875,0.0,,,0.125",
        "a/q/2.jpg,a,drop,too like another,rule,drop,0,50,200,250,0 50 200 250,,a/q/0.jpg,"
        "200,300,0.5,0.6,0.25,0.0,0.1,,,,0.375,0.9,",
        "a/q/3.jpg,a,drop,undecodable,rule,drop,,,,,,,,,,,,,,,,,,,,",
    ]


def test_an_untouched_table_holds_no_word_of_a_person_whatever_the_rules_say_now(table, tmp_path):
    assert read_overrides(table) == read_overrides(tmp_path / "none.csv") == {}
    row = rerun(table, VERDICTS | {"a/q/0.jpg": Verdict(DROP, "in both poles")})["a/q/0.jpg"]
    assert (row["decision"], row["rule_decision"], row["decided_by"]) == ("drop", "drop", "rule")


@pytest.mark.parametrize("verdict", [SOUND, LEFT_OUT, Verdict(DROP, "exact duplicate", "a/q/9.jpg")])
def test_a_persons_decision_is_law_and_stays_so_when_the_rule_comes_to_agree(table, verdict):
    edit(table, "a/q/2.jpg", decision=" Keep ")
    edit(table, "a/q/0.jpg", decision="drop")
    edit(table, "a/q/1.jpg", decision="review")
    for _ in range(2):
        rows = rerun(table, VERDICTS | {"a/q/2.jpg": verdict, "a/q/0.jpg": verdict})
        assert [rows[f"a/q/{name}.jpg"]["decision"] for name in "012"] == ["drop", "review", "keep"]
        assert [rows[f"a/q/{name}.jpg"]["picture"] for name in "012"] == ["", "", "a/2222222222222222.png"]
        assert [rows[f"a/q/{name}.jpg"]["rule_decision"] for name in "012"] == ["keep", "keep", "drop"]
        assert {rows[f"a/q/{name}.jpg"]["decided_by"] for name in "012"} == {"person"}
        assert rows["a/q/0.jpg"]["reason"] == "a person's decision"
        assert rows["a/q/2.jpg"]["reason"] == rows["a/q/2.jpg"]["like"] == rows["a/q/0.jpg"]["like"] == ""


def test_an_undone_edit_gives_the_row_back(table):
    edit(table, "a/q/0.jpg", decision="drop")
    rerun(table)
    edit(table, "a/q/0.jpg", decision="keep")
    row = rerun(table, VERDICTS | {"a/q/0.jpg": LEFT_OUT})["a/q/0.jpg"]
    assert (row["decision"], row["decided_by"]) == ("drop", "rule")


def test_a_persons_box_stays_and_keeps_what_was_kept(table):
    edit(table, "a/q/0.jpg", left="-10", top="20", right="110", bottom="140")
    features = MEASURES | {"0" * 64: ImageFeatures("", 200, 300, (1, 1, 9, 9))}
    row = rerun(table, VERDICTS | {"a/q/0.jpg": LEFT_OUT}, features)["a/q/0.jpg"]
    assert [row[side] for side in ("left", "top", "right", "bottom")] == ["-10", "20", "110", "140"]
    assert (row["decision"], row["decided_by"], row["rule_box"]) == ("keep", "person", "0 50 200 250")
    edit(table, "a/q/0.jpg", left="", top="", right="", bottom="")
    row = rerun(table, features=features)["a/q/0.jpg"]
    assert (row["decided_by"], row["left"], row["rule_box"]) == ("rule", "1", "1 1 9 9")


def test_a_persons_box_on_a_dropped_row_waits(table):
    edit(table, "a/q/2.jpg", right="201")
    row = rerun(table)["a/q/2.jpg"]
    assert (row["decision"], row["reason"], row["decided_by"]) == ("drop", "too like another", "person")
    row = rerun(table, VERDICTS | {"a/q/2.jpg": SOUND})["a/q/2.jpg"]
    assert (row["decision"], row["right"], row["decided_by"]) == ("keep", "201", "person")


def test_what_cannot_be_decoded_stays_out_and_the_word_is_not_forgotten(table):
    edit(table, "a/q/3.jpg", decision="keep")
    row = rerun(table)["a/q/3.jpg"]
    assert (row["decision"], row["reason"], row["picture"]) == ("keep", "undecodable", "")
    mended = MEASURES | {"3" * 64: ImageFeatures("", 200, 300, (0, 50, 200, 250))}
    row = rerun(table, VERDICTS | {"a/q/3.jpg": LEFT_OUT}, mended)["a/q/3.jpg"]
    assert (row["decision"], row["reason"], row["picture"]) == ("keep", "", "a/3333333333333333.png")


def test_a_persons_rows_outlive_their_files_and_rules_rows_do_not(table):
    edit(table, "a/q/0.jpg", decision="drop")
    rows = rerun(table, pictures=PICTURES[2:])
    assert list(rows) == ["a/q/0.jpg", "a/q/2.jpg", "a/q/3.jpg"]
    assert (rows["a/q/0.jpg"]["reason"], rows["a/q/0.jpg"]["decided_by"]) == ("file not found", "person")
    assert rerun(table)["a/q/0.jpg"]["decision"] == "drop"


def test_the_same_bytes_kept_twice_by_a_person_have_two_names():
    same = [Scraped(f"a/{name}.jpg", "a", "a", "f" * 64) for name in "xyz"]
    rows = make_rows(same, {"f" * 64: MEASURES["0" * 64]}, dict.fromkeys([picture.file for picture in same], SOUND), {})
    names = [f"a/{'f' * 16}.png", f"a/{'f' * 16}-2.png", f"a/{'f' * 16}-3.png"]
    assert [row["picture"] for row in rows] == names


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decision": "maybe"}, r"row 3, a/q/1\.jpg: found the decision 'maybe', expected keep, drop or review"),
        ({"decision": ""}, "found the decision ''"),
        ({"left": "ten"}, r"row 3, a/q/1\.jpg: found the box ten, 50, 200, 250, expected four whole numbers"),
        ({"left": ""}, "found the box nothing, 50, 200, 250, expected four whole numbers"),
        ({"left": "1.5"}, "found the box 1.5, 50"),
        ({"left": "200"}, "found the box 200, 50, 200, 250, which is empty; expected right over left"),
        ({"bottom": "0"}, "found the box 0, 50, 200, 0, which is empty"),
        ({"file": "a/q/0.jpg"}, r"found a/q/0\.jpg in row 2 and row 3, expected it once; remove one"),
    ],
)
def test_slips_are_named_with_file_and_row(table, changes, message):
    edit(table, "a/q/1.jpg", **changes)
    with pytest.raises(InputError, match=message):
        read_overrides(table)


def test_boxes_that_cannot_be_meant_are_refused_once_the_size_is_known(table):
    edit(table, "a/q/1.jpg", right="3200")
    words = read_overrides(table)
    check_boxes(table, words, PICTURES, {})
    with pytest.raises(InputError, match=r"row 3, a/q/1\.jpg: found the box 0, 50, 3200, 250, over 10 times as large"):
        check_boxes(table, words, PICTURES, MEASURES)


def test_a_spreadsheets_way_of_writing(table):
    edit(table, "a/q/1.jpg", decision="drop")
    text = table.read_text("utf-8")
    words = read_overrides(write(table, ("\ufeff" + text.replace(",", ";")).encode()))
    assert {file: word.decision for file, word in words.items()} == {"a/q/1.jpg": "drop"}
    assert words["a/q/1.jpg"].row == 3


def test_a_moved_picture_is_a_word_like_an_edit(table):
    moves = {"a/q/0.jpg": ("keep", "drop"), "a/q/2.jpg": ("drop", "keep"), "a/q/1.jpg": ("keep", "review")}
    write_rows(table, make_rows(PICTURES, MEASURES, VERDICTS, read_overrides(table, moves)))
    rows = {row["file"]: row for row in read_csv(table, COLUMNS)}
    assert [rows[f"a/q/{name}.jpg"]["decision"] for name in "012"] == ["drop", "review", "keep"]
    assert {rows[f"a/q/{name}.jpg"]["decided_by"] for name in "012"} == {"person"}
    # From then on it is in the table, and stands without the move.
    assert rerun(table) == rows
    # Moved back, the row is the rule's again.
    words = read_overrides(table, {"a/q/0.jpg": ("drop", "keep")})
    assert set(words) == {"a/q/1.jpg", "a/q/2.jpg"}


def test_an_edit_and_a_move_of_one_picture_may_agree_but_not_differ(table):
    edit(table, "a/q/0.jpg", decision="drop")
    assert read_overrides(table, {"a/q/0.jpg": ("keep", "drop")})["a/q/0.jpg"].decision == "drop"
    with pytest.raises(
        InputError, match=r"row 2, a/q/0\.jpg: edited to drop, but its picture was moved to review; undo one of them"
    ):
        read_overrides(table, {"a/q/0.jpg": ("keep", "review")})


def test_pictures_for_review_are_taken_into_the_data_set_where_the_user_wants_it(table):
    verdicts = VERDICTS | {"a/q/1.jpg": Verdict(REVIEW, "turned")}
    for keep_reviewed, pictures in [(False, [1, 0, 0]), (True, [1, 1, 0])]:
        rows = make_rows(PICTURES, MEASURES, verdicts, {}, keep_reviewed=keep_reviewed)
        assert [bool(row["picture"]) for row in rows[:3]] == pictures
        assert rows[1]["decision"] == "review"
    # A person's review is a review.
    edit(table, "a/q/0.jpg", decision="review")
    edit(table, "a/q/3.jpg", decision="review")
    rows = make_rows(PICTURES, MEASURES, VERDICTS, read_overrides(table), keep_reviewed=True)
    assert [bool(row["picture"]) for row in rows] == [True, True, False, False]


def test_what_became_of_a_pole_in_one_line(table):
    edit(table, "a/q/0.jpg", decision="review")
    edit(table, "a/q/3.jpg", decision="keep")
    rows = make_rows(PICTURES, MEASURES, VERDICTS, read_overrides(table))
    counts = count_pole(rows, "a")
    assert counts == {
        **{"kept": 1, "dropped": 2, "review": 1, "by_person": 2},
        "kept_by_reason": {},
        "dropped_by_reason": {"too like another": 1, "undecodable": 1},
        "review_by_reason": {"a person's decision": 1},
    }
    assert describe_pole("a", counts) == (
        "a: 1 kept, 2 dropped (too like another 1, undecodable 1), 1 for review (a person's decision 1); "
        "2 decided by a person"
    )
    assert count_pole(rows, "b")["kept"] == 0
    assert find_oddities(rows) == ["warning: a/q/3.jpg: you keep it, but it is undecodable; it stays dropped"]


def test_a_pole_of_people_is_noticed():
    shown = [{"pole": "runway", "person": 0.99, "yaw": 3.0}] * 8 + [{"pole": "runway", "person": 0.0, "yaw": None}] * 2
    flat = [{"pole": "flat", "person": 0.0, "yaw": None}] * 5
    told = ["80% of runway show a person; --people runway --fresh drops those that do not"]
    assert suggest_people(shown + flat, ("flat", "runway"), []) == told
    assert suggest_people(shown + flat, ("flat", "runway"), ["runway"]) == []
    assert suggest_people(shown[1:] + flat, ("flat", "runway"), []) == []
    # Without the models nobody was looked for.
    unjudged = [{"pole": "runway", "person": None, "yaw": None}] * 9
    assert suggest_people(unjudged, ("flat", "runway"), []) == []
