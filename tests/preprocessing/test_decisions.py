from dataclasses import replace

import pytest

from demicouture.commands import command
from demicouture.files import read_csv, write_csv
from demicouture.preprocessing.decisions import (
    COLUMNS,
    count_pole,
    describe_pole,
    find_oddities,
    is_manual,
    make_rows,
    suggest_people,
    write_rows,
)
from demicouture.preprocessing.image_features import FIGURE, GARMENT, ImageFeatures
from demicouture.preprocessing.overrides import Move, read_overrides
from demicouture.preprocessing.records import DROP, KEEP, REVIEW, SOUND, Scraped, Verdict

PICTURES = [Scraped(f"a/q/{name}.jpg", "a", "a/q", name * 64) for name in "0123"]
FOUND = ImageFeatures("", 200, 300, (0, 50, 200, 250), 0.5, 0.6, 0.25)
FEATURES = {picture.sha256: FOUND for picture in PICTURES} | {"3" * 64: ImageFeatures("undecodable")}
FEATURES["1" * 64] = replace(FOUND, detected=0.8, person=0.75, yaw=12.5, thighs=0.875, second=0.0)
FEATURES["2" * 64] = replace(FOUND, detected=0.0, person=0.1, garment=0.375)
LEFT_OUT = Verdict(DROP, "over --count")
VERDICTS = {
    "a/q/0.jpg": Verdict(KEEP, "not judged: no models"),
    "a/q/1.jpg": SOUND,
    "a/q/2.jpg": Verdict(DROP, "too like another", "a/q/0.jpg"),
    "a/q/3.jpg": Verdict(DROP, "undecodable"),
}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "decisions.csv"
    write_rows(path, make_rows(PICTURES, FEATURES, VERDICTS, {}, {"2" * 64: 0.9}, {"1" * 64: 0.125}))
    return path


def edit(path, name, /, **changes):
    rows = read_csv(path, COLUMNS)
    for row in rows:
        if row["file"] == name:
            row.update(changes)
    write_csv(path, COLUMNS, rows)


def rerun(path, verdicts=VERDICTS, features=FEATURES, pictures=PICTURES, moves=None):
    write_rows(path, make_rows(pictures, features, verdicts, read_overrides(path, moves)))
    return {row["file"]: row for row in read_csv(path, COLUMNS)}


def manual(rows):
    return [file for file, row in rows.items() if is_manual(row)]


def test_the_table_of_a_first_run(table):
    assert table.read_text("utf-8-sig").splitlines() == [
        "file,pole,decision,reason,left,top,right,bottom,picture,like,"
        "width,height,contrast,sharpness,flatness,detected,person,yaw,thighs,second,garment,is_top,style,"
        "your_decision,your_box",
        "a/q/0.jpg,a,keep,not judged: no models,0,50,200,250,a/0000000000000000.png,,200,300,0.5,0.6,0.25,,,,,,,,,,",
        "a/q/1.jpg,a,keep,,0,50,200,250,a/1111111111111111.png,,200,300,0.5,0.6,0.25,0.8,0.75,12.5,0.875,0.0,,,0.125,,",
        "a/q/2.jpg,a,drop,too like another,0,50,200,250,,a/q/0.jpg,200,300,0.5,0.6,0.25,0.0,0.1,,,,0.375,0.9,,,",
        "a/q/3.jpg,a,drop,undecodable,,,,,,,,,,,,,,,,,,,,,",
    ]


def test_an_untouched_table_follows_the_rules_whatever_they_say_now(table):
    rows = rerun(table, VERDICTS | {"a/q/0.jpg": Verdict(DROP, "in both poles")})
    assert (rows["a/q/0.jpg"]["decision"], rows["a/q/0.jpg"]["reason"]) == ("drop", "in both poles")
    assert manual(rows) == []


@pytest.mark.parametrize("verdict", [SOUND, LEFT_OUT, Verdict(DROP, "exact duplicate", "a/q/9.jpg")])
def test_a_persons_decision_wins_and_stays_when_the_rule_comes_to_agree(table, verdict):
    edit(table, "a/q/2.jpg", your_decision=" Keep ")
    edit(table, "a/q/0.jpg", your_decision="drop")
    edit(table, "a/q/1.jpg", your_decision="review")
    for _ in range(2):
        rows = rerun(table, VERDICTS | {"a/q/2.jpg": verdict, "a/q/0.jpg": verdict})
        assert [rows[f"a/q/{name}.jpg"]["decision"] for name in "012"] == ["drop", "review", "keep"]
        assert [rows[f"a/q/{name}.jpg"]["picture"] for name in "012"] == ["", "", "a/2222222222222222.png"]
        # What a person wrote stays to the letter.
        assert [rows[f"a/q/{name}.jpg"]["your_decision"] for name in "0123"] == ["drop", "review", " Keep ", ""]
        assert manual(rows) == [f"a/q/{name}.jpg" for name in "012"]
        assert {rows[f"a/q/{name}.jpg"]["reason"] for name in "012"} == {"a person's decision"}
        assert rows["a/q/2.jpg"]["like"] == rows["a/q/0.jpg"]["like"] == ""


def test_a_person_who_empties_the_field_gives_the_row_back(table):
    edit(table, "a/q/0.jpg", your_decision="drop")
    rerun(table)
    edit(table, "a/q/0.jpg", your_decision="")
    rows = rerun(table, VERDICTS | {"a/q/0.jpg": Verdict(REVIEW, "turned")})
    assert (rows["a/q/0.jpg"]["decision"], manual(rows)) == ("review", [])


def test_an_edit_in_a_column_that_is_not_a_persons_is_overwritten(table):
    before = table.read_bytes()
    edit(table, "a/q/0.jpg", decision="drop", reason="ugly", left="7", right="9", picture="x.png", style="0.5")
    edit(table, "a/q/2.jpg", decision="nonsense")
    rerun(table, VERDICTS)
    assert [line.split(",")[:10] for line in table.read_text("utf-8").splitlines()] == [
        line.split(",")[:10] for line in before.decode().splitlines()
    ]


def test_a_persons_box_stays_and_keeps_what_was_kept(table):
    edit(table, "a/q/0.jpg", your_box="-10 20 110 140")
    features = FEATURES | {"0" * 64: ImageFeatures("", 200, 300, (1, 1, 9, 9))}
    for _ in range(2):
        row = rerun(table, VERDICTS | {"a/q/0.jpg": LEFT_OUT}, features)["a/q/0.jpg"]
        assert [row[side] for side in ("left", "top", "right", "bottom")] == ["-10", "20", "110", "140"]
        assert (row["decision"], row["your_decision"], row["your_box"]) == ("keep", "", "-10 20 110 140")
        assert is_manual(row)
    edit(table, "a/q/0.jpg", your_box="")
    row = rerun(table, features=features)["a/q/0.jpg"]
    assert (row["left"], row["bottom"], is_manual(row)) == ("1", "9", False)


def test_a_persons_box_on_a_dropped_row_waits(table):
    edit(table, "a/q/2.jpg", your_box="0 50 201 250")
    row = rerun(table)["a/q/2.jpg"]
    assert (row["decision"], row["reason"], is_manual(row)) == ("drop", "too like another", True)
    row = rerun(table, VERDICTS | {"a/q/2.jpg": SOUND})["a/q/2.jpg"]
    assert (row["decision"], row["right"], is_manual(row)) == ("keep", "201", True)


def test_what_cannot_be_decoded_stays_out_and_the_decision_is_not_forgotten(table):
    edit(table, "a/q/3.jpg", your_decision="keep")
    row = rerun(table)["a/q/3.jpg"]
    assert (row["decision"], row["reason"], row["picture"]) == ("keep", "undecodable", "")
    mended = FEATURES | {"3" * 64: ImageFeatures("", 200, 300, (0, 50, 200, 250))}
    row = rerun(table, VERDICTS | {"a/q/3.jpg": LEFT_OUT}, mended)["a/q/3.jpg"]
    assert (row["decision"], row["reason"]) == ("keep", "a person's decision")
    assert row["picture"] == "a/3333333333333333.png"


@pytest.mark.parametrize("moves", [None, {"a/q/0.jpg": Move("keep", "drop")}])
def test_a_persons_rows_outlive_their_files_and_rules_rows_do_not(table, moves):
    if not moves:
        edit(table, "a/q/0.jpg", your_decision="drop")
    for _ in range(2):
        rows = rerun(table, pictures=PICTURES[2:], moves=moves)
        assert list(rows) == ["a/q/0.jpg", "a/q/2.jpg", "a/q/3.jpg"]
        row = rows["a/q/0.jpg"]
        assert (row["pole"], row["decision"], row["reason"]) == ("a", "drop", "file not found")
        assert row["your_decision"] == ("" if moves else "drop") and manual(rows) == ["a/q/0.jpg"]


def test_a_moved_picture_is_a_decision_for_as_long_as_it_lies_there(table):
    moves = {"a/q/0.jpg": Move("keep", "drop"), "a/q/2.jpg": Move("drop", "keep"), "a/q/1.jpg": Move("keep", "review")}
    for _ in range(2):
        rows = rerun(table, moves=moves)
        assert [rows[f"a/q/{name}.jpg"]["decision"] for name in "012"] == ["drop", "review", "keep"]
        assert {rows[f"a/q/{name}.jpg"]["your_decision"] for name in "012"} == {""}
        assert manual(rows) == [f"a/q/{name}.jpg" for name in "012"]
    # Moved back, all are the rules' again.
    assert manual(rerun(table)) == []


def test_the_same_bytes_kept_twice_by_a_person_have_two_names():
    same = [Scraped(f"a/{name}.jpg", "a", "a", "f" * 64) for name in "xyz"]
    rows = make_rows(same, {"f" * 64: FEATURES["0" * 64]}, dict.fromkeys([picture.file for picture in same], SOUND), {})
    names = [f"a/{'f' * 16}.png", f"a/{'f' * 16}-2.png", f"a/{'f' * 16}-3.png"]
    assert [row["picture"] for row in rows] == names


def test_pictures_for_review_are_taken_into_the_data_set_where_the_user_wants_it(table):
    verdicts = VERDICTS | {"a/q/1.jpg": Verdict(REVIEW, "turned")}
    for keep_reviewed, pictures in [(False, [1, 0, 0]), (True, [1, 1, 0])]:
        rows = make_rows(PICTURES, FEATURES, verdicts, {}, keep_reviewed=keep_reviewed)
        assert [bool(row["picture"]) for row in rows[:3]] == pictures
        assert rows[1]["decision"] == "review"
    # A person's review is a review.
    edit(table, "a/q/0.jpg", your_decision="review")
    edit(table, "a/q/3.jpg", your_decision="review")
    rows = make_rows(PICTURES, FEATURES, VERDICTS, read_overrides(table), keep_reviewed=True)
    assert [bool(row["picture"]) for row in rows] == [True, True, False, False]


def test_what_became_of_a_pole_in_one_line(table):
    edit(table, "a/q/0.jpg", your_decision="review")
    edit(table, "a/q/3.jpg", your_decision="keep")
    rows = make_rows(PICTURES, FEATURES, VERDICTS, read_overrides(table))
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
    drop = command("preprocess.py", "--people", "runway", "--fresh")
    told = [f"80% of runway show a person; to drop those that do not, run: {drop}"]
    assert suggest_people(shown + flat, ("flat", "runway"), []) == told
    assert suggest_people(shown + flat, ("flat", "runway"), ["runway"]) == []
    assert suggest_people(shown[1:] + flat, ("flat", "runway"), []) == []
    # Without the models nobody was looked for.
    unjudged = [{"pole": "runway", "person": None, "yaw": None}] * 9
    assert suggest_people(unjudged, ("flat", "runway"), []) == []


def test_the_box_is_the_garments_or_the_figures_and_a_persons_own_wins(table):
    framed = FEATURES | {"1" * 64: replace(FEATURES["1" * 64], garment_box=(20, 60, 120, 160))}
    boxes = {
        subject: [tuple(row[side] for side in ("left", "top", "right", "bottom")) for row in rows]
        for subject in (GARMENT, FIGURE)
        for rows in [make_rows(PICTURES, framed, VERDICTS, {}, subject=subject)]
    }
    assert boxes[FIGURE][1] == FOUND.box and boxes[GARMENT][1] == (20, 60, 120, 160)
    # Where no garment was told from the person, the figure's box is all that there is.
    assert boxes[GARMENT][0] == boxes[FIGURE][0] == FOUND.box
    edit(table, "a/q/1.jpg", your_box="1 2 81 82")
    mine = make_rows(PICTURES, framed, VERDICTS, read_overrides(table), subject=GARMENT)[1]
    assert (mine["left"], mine["top"], mine["right"], mine["bottom"]) == (1, 2, 81, 82)
