import pytest
from samples import write

from demicouture.errors import InputError
from demicouture.files import read_csv, write_csv
from demicouture.preprocessing.decisions import COLUMNS, make_rows, write_rows
from demicouture.preprocessing.image_features import ImageFeatures
from demicouture.preprocessing.overrides import Move, Override, check_boxes, parse_box, read_overrides, refuse_old_table
from demicouture.preprocessing.records import SOUND, Scraped

PICTURES = [Scraped(f"a/q/{name}.jpg", "a", "a/q", name * 64) for name in "012"]
FEATURES = {picture.sha256: ImageFeatures("", 200, 300, (0, 50, 200, 250), 0.5, 0.6, 0.25) for picture in PICTURES}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "decisions.csv"
    write_rows(path, make_rows(PICTURES, FEATURES, {picture.file: SOUND for picture in PICTURES}, {}))
    return path


def edit(path, name, /, **changes):
    rows = [row | changes if row["file"] == name else row for row in read_csv(path, COLUMNS)]
    write_csv(path, COLUMNS, rows)


def test_an_untouched_table_and_one_that_is_not_there_hold_no_decision_of_a_person(table, tmp_path):
    assert read_overrides(table) == read_overrides(tmp_path / "none.csv") == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"your_decision": "maybe"}, r"row 3, a/q/1\.jpg: found the your_decision 'maybe', expected keep, drop, revie"),
        (
            {"your_box": "ten 50 200 250"},
            r"row 3, a/q/1\.jpg: found the your_box 'ten 50 200 250', expected four w",
        ),
        ({"your_box": "50 200 250"}, "found the your_box '50 200 250', expected four whole numbers"),
        ({"your_box": "1.5 50 200 250"}, "found the your_box '1.5 50"),
        (
            {"your_box": "200 50 200 250"},
            "found the your_box '200 50 200 250', which is empty; expected right over",
        ),
        ({"your_box": "0 50 200 0"}, "found the your_box '0 50 200 0', which is empty"),
        ({"file": "a/q/0.jpg"}, r"found a/q/0\.jpg in row 2 and row 3, expected it once; remove one"),
    ],
)
def test_slips_are_named_with_file_and_row(table, changes, message):
    edit(table, "a/q/1.jpg", **changes)
    with pytest.raises(InputError, match=message):
        read_overrides(table)


@pytest.mark.parametrize(
    "text",
    [
        "-4 50 200 250",
        "-4.0 50.0 200.0 250.0",
        "-4,0 50,0 200,0 250,0",
        " -4, 50, 200, 250 ",
        "-4;50;200;250.00",
        "'-4 50 200 250",
    ],
)
def test_a_box_is_understood_as_people_and_spreadsheets_write_it(text):
    assert parse_box(text, "") == (-4, 50, 200, 250)


def test_an_empty_field_leaves_the_box_to_the_rule():
    assert parse_box("", "") is parse_box("  ", "") is None


def test_boxes_that_cannot_be_meant_are_refused_once_the_size_is_known(table):
    edit(table, "a/q/1.jpg", your_box="0 50 3200 250")
    overrides = read_overrides(table)
    check_boxes(table, overrides, PICTURES, {})
    with pytest.raises(InputError, match=r"row 3, a/q/1\.jpg: found the your_box '0 50 3200 250', over 10 times as la"):
        check_boxes(table, overrides, PICTURES, FEATURES)


def test_a_spreadsheets_way_of_writing(table):
    edit(table, "a/q/1.jpg", your_decision="drop")
    text = table.read_text("utf-8-sig")
    overrides = read_overrides(write(table, ("\ufeff" + text.replace(",", ";")).encode()))
    assert {file: override.decision for file, override in overrides.items()} == {"a/q/1.jpg": "drop"}
    assert overrides["a/q/1.jpg"].row == 3


def test_a_move_is_a_decision_without_a_word_in_the_table(table, tmp_path):
    moves = {"a/q/0.jpg": Move("keep", "drop")}
    assert read_overrides(tmp_path / "none.csv", moves) == {"a/q/0.jpg": Override(decision="drop")}
    assert {file: override.decision for file, override in read_overrides(table, moves).items()} == {"a/q/0.jpg": "drop"}
    edit(table, "a/q/0.jpg", your_box="1 2 30 40")
    override = read_overrides(table, moves)["a/q/0.jpg"]
    assert (override.row, override.decision, override.box) == (2, "drop", (1, 2, 30, 40))


def test_your_decision_and_a_move_of_one_picture_may_agree_but_not_differ(table):
    edit(table, "a/q/0.jpg", your_decision="drop")
    assert read_overrides(table, {"a/q/0.jpg": Move("keep", "drop")})["a/q/0.jpg"].decision == "drop"
    with pytest.raises(
        InputError,
        match=r"row 2, a/q/0\.jpg: your_decision is drop, but its picture was moved to review; undo one of them",
    ):
        read_overrides(table, {"a/q/0.jpg": Move("keep", "review")})


def test_a_table_of_an_older_version_is_refused_with_what_to_do(table, tmp_path):
    refuse_old_table(table)
    refuse_old_table(tmp_path / "none.csv")
    old = b"file,pole,decision,reason,decided_by,rule_decision\r\na/q/0.jpg,a,drop,,person,keep\r\n"
    with pytest.raises(InputError, match="made by an older version .* add --fresh to start over, then copy your edits"):
        refuse_old_table(write(table, old))


def test_a_poles_name_keeps_a_picture_as_one_of_that_pole(tmp_path):
    pictures = [Scraped(f"{pole}/q/0.jpg", pole, f"{pole}/q", pole[0] * 64) for pole in ("casual", "collection")]
    features = {picture.sha256: FEATURES["0" * 64] for picture in pictures}
    table = tmp_path / "decisions.csv"
    write_rows(table, make_rows(pictures, features, {picture.file: SOUND for picture in pictures}, {}))
    edit(table, "casual/q/0.jpg", your_decision=" collection ")
    edit(table, "collection/q/0.jpg", your_decision="collection")
    found = read_overrides(table)
    assert {file: (override.decision, override.pole) for file, override in found.items()} == {
        "casual/q/0.jpg": ("keep", "collection"),
        "collection/q/0.jpg": ("keep", "collection"),
    }
    edit(table, "casual/q/0.jpg", your_decision="formal")
    with pytest.raises(InputError, match=r"expected keep, drop, review, casual or collection \(to keep it there\), or"):
        read_overrides(table)
