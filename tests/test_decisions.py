import pytest
from samples import write

from demicouture.culling import Scraped
from demicouture.decisions import COLUMNS, check_boxes, make_rows, read_words, write_rows
from demicouture.errors import InputError
from demicouture.files import read_csv, write_csv
from demicouture.measuring import Measures

PICTURES = [Scraped(f"a/q/{name}.jpg", "a", "a/q", name * 64) for name in "0123"]
MEASURES = {picture.sha256: Measures("", 200, 300, (0, 50, 200, 250)) for picture in PICTURES}
VERDICTS = {"a/q/0.jpg": "", "a/q/1.jpg": "", "a/q/2.jpg": "over --count", "a/q/3.jpg": "undecodable"}
MEASURES["3" * 64] = Measures("undecodable")


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "decisions.csv"
    write_rows(path, make_rows(PICTURES, MEASURES, VERDICTS, {}))
    return path


def edit(path, name, /, **changes):
    rows = read_csv(path, COLUMNS)
    for row in rows:
        if row["file"] == name:
            row.update(changes)
    write_csv(path, COLUMNS, rows)


def rerun(path, verdicts=VERDICTS, measures=MEASURES, pictures=PICTURES):
    write_rows(path, make_rows(pictures, measures, verdicts, read_words(path)))
    return {row["file"]: row for row in read_csv(path, COLUMNS)}


def test_the_table_of_a_first_run(table):
    assert table.read_text("utf-8").splitlines() == [
        "file,pole,decision,reason,decided_by,rule_decision,left,top,right,bottom,rule_box,picture,width,height",
        "a/q/0.jpg,a,keep,,rule,keep,0,50,200,250,0 50 200 250,a/0000000000000000.png,200,300",
        "a/q/1.jpg,a,keep,,rule,keep,0,50,200,250,0 50 200 250,a/1111111111111111.png,200,300",
        "a/q/2.jpg,a,drop,over --count,rule,drop,0,50,200,250,0 50 200 250,,200,300",
        "a/q/3.jpg,a,drop,undecodable,rule,drop,,,,,,,,",
    ]


def test_an_untouched_table_holds_no_word_of_a_person_whatever_the_rules_say_now(table, tmp_path):
    assert read_words(table) == read_words(tmp_path / "none.csv") == {}
    row = rerun(table, VERDICTS | {"a/q/0.jpg": "in both poles"})["a/q/0.jpg"]
    assert (row["decision"], row["rule_decision"], row["decided_by"]) == ("drop", "drop", "rule")


@pytest.mark.parametrize("verdict", ["", "over --count", "exact duplicate"])
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
        assert rows["a/q/2.jpg"]["reason"] == ""


def test_an_undone_edit_gives_the_row_back(table):
    edit(table, "a/q/0.jpg", decision="drop")
    rerun(table)
    edit(table, "a/q/0.jpg", decision="keep")
    row = rerun(table, VERDICTS | {"a/q/0.jpg": "over --count"})["a/q/0.jpg"]
    assert (row["decision"], row["decided_by"]) == ("drop", "rule")


def test_a_persons_box_stays_and_keeps_what_was_kept(table):
    edit(table, "a/q/0.jpg", left="-10", top="20", right="110", bottom="140")
    measures = MEASURES | {"0" * 64: Measures("", 200, 300, (1, 1, 9, 9))}
    row = rerun(table, VERDICTS | {"a/q/0.jpg": "over --count"}, measures)["a/q/0.jpg"]
    assert [row[side] for side in ("left", "top", "right", "bottom")] == ["-10", "20", "110", "140"]
    assert (row["decision"], row["decided_by"], row["rule_box"]) == ("keep", "person", "0 50 200 250")
    edit(table, "a/q/0.jpg", left="", top="", right="", bottom="")
    row = rerun(table, measures=measures)["a/q/0.jpg"]
    assert (row["decided_by"], row["left"], row["rule_box"]) == ("rule", "1", "1 1 9 9")


def test_a_persons_box_on_a_dropped_row_waits(table):
    edit(table, "a/q/2.jpg", right="201")
    row = rerun(table)["a/q/2.jpg"]
    assert (row["decision"], row["reason"], row["decided_by"]) == ("drop", "over --count", "person")
    row = rerun(table, VERDICTS | {"a/q/2.jpg": ""})["a/q/2.jpg"]
    assert (row["decision"], row["right"], row["decided_by"]) == ("keep", "201", "person")


def test_what_cannot_be_decoded_stays_out_and_the_word_is_not_forgotten(table):
    edit(table, "a/q/3.jpg", decision="keep")
    row = rerun(table)["a/q/3.jpg"]
    assert (row["decision"], row["reason"], row["picture"]) == ("keep", "undecodable", "")
    mended = MEASURES | {"3" * 64: Measures("", 200, 300, (0, 50, 200, 250))}
    row = rerun(table, VERDICTS | {"a/q/3.jpg": "over --count"}, mended)["a/q/3.jpg"]
    assert (row["decision"], row["reason"], row["picture"]) == ("keep", "", "a/3333333333333333.png")


def test_a_persons_rows_outlive_their_files_and_rules_rows_do_not(table):
    edit(table, "a/q/0.jpg", decision="drop")
    rows = rerun(table, pictures=PICTURES[2:])
    assert list(rows) == ["a/q/0.jpg", "a/q/2.jpg", "a/q/3.jpg"]
    assert (rows["a/q/0.jpg"]["reason"], rows["a/q/0.jpg"]["decided_by"]) == ("file not found", "person")
    assert rerun(table)["a/q/0.jpg"]["decision"] == "drop"


def test_the_same_bytes_kept_twice_by_a_person_have_two_names():
    same = [Scraped(f"a/{name}.jpg", "a", "a", "f" * 64) for name in "xyz"]
    rows = make_rows(same, {"f" * 64: MEASURES["0" * 64]}, {picture.file: "" for picture in same}, {})
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
        read_words(table)


def test_boxes_that_cannot_be_meant_are_refused_once_the_size_is_known(table):
    edit(table, "a/q/1.jpg", right="3200")
    words = read_words(table)
    check_boxes(table, words, PICTURES, {})
    with pytest.raises(InputError, match=r"row 3, a/q/1\.jpg: found the box 0, 50, 3200, 250, over 10 times as large"):
        check_boxes(table, words, PICTURES, MEASURES)


def test_a_spreadsheets_way_of_writing(table):
    edit(table, "a/q/1.jpg", decision="drop")
    text = table.read_text("utf-8")
    words = read_words(write(table, ("\ufeff" + text.replace(",", ";")).encode()))
    assert {file: word.decision for file, word in words.items()} == {"a/q/1.jpg": "drop"}
    assert words["a/q/1.jpg"].row == 3
