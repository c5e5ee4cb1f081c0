import pytest
from PIL import Image
from samples import jpeg, snapshot, write

from demicouture.errors import InputError
from demicouture.files import read_csv, write_csv
from demicouture.preprocessing.overrides import Move
from demicouture.preprocessing.records import Scraped
from demicouture.preprocessing.review_folders import COLUMNS, read_moves, review_folder, write_review

DECISIONS = {"a/q/0.jpg": ("keep", ""), "a/q/1.jpg": ("drop", "seated"), "a/q/2.jpg": ("review", "turned")}


@pytest.fixture
def folder(tmp_path):
    sort(tmp_path, DECISIONS)
    return tmp_path / "2-review"


def sort(home, decisions):
    """Writes the folders anew, as a run with these decisions of the rules would."""
    moves = read_moves(home / "2-review")
    decisions = decisions | {
        file: (move.now, "a person's decision") for file, move in moves.items() if file in decisions
    }
    pictures, rows = [], []
    for number, (file, (decision, reason)) in enumerate(decisions.items()):
        if not (home / "source" / file).exists():
            write(home / "source" / file, jpeg(number, 640, 480))
        pictures.append(Scraped(file, "a", "a/q", f"{file[-5]:0>16}" + 48 * "f"))
        rows.append({"file": file, "pole": "a", "decision": decision, "reason": reason})
    write_review(home / "2-review", home / "source", pictures, rows, moves, lambda results, title, total: results)


def placed(folder) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))


ZEROS = "0" * 15


def test_each_picture_lies_once_in_the_folder_of_its_decision_and_reason(folder):
    assert placed(folder) == [
        f"a/drop/seated/{ZEROS}1.jpg",
        f"a/keep/{ZEROS}0.jpg",
        f"a/review/turned/{ZEROS}2.jpg",
    ]
    with Image.open(folder / f"a/keep/{ZEROS}0.jpg") as image:
        assert image.size == (256, 192)
    assert read_moves(folder) == {}
    assert review_folder(folder.parent / "2-dataset") == folder
    assert review_folder(folder.parent / "mine").name == "mine-review"


def test_a_picture_that_is_moved_is_a_decision(folder):
    (folder / f"a/keep/{ZEROS}0.jpg").rename(folder / f"a/drop/{ZEROS}0.jpg")
    (folder / f"a/review/turned/{ZEROS}2.jpg").rename(folder / f"a/keep/{ZEROS}2.jpg")
    assert read_moves(folder) == {"a/q/0.jpg": Move("keep", "drop"), "a/q/2.jpg": Move("review", "keep")}
    # Which reason's folder does not matter; one that is gone, and one that is another's, say nothing.
    (folder / f"a/drop/{ZEROS}0.jpg").rename(folder / f"a/drop/seated/{ZEROS}0.jpg")
    (folder / f"a/drop/seated/{ZEROS}1.jpg").unlink()
    write(folder / "a/keep/holiday.jpg", jpeg(9))
    assert read_moves(folder) == {"a/q/0.jpg": Move("keep", "drop"), "a/q/2.jpg": Move("review", "keep")}


def test_the_next_run_puts_everything_in_its_place_and_remembers_the_moves(folder):
    (folder / f"a/keep/{ZEROS}0.jpg").rename(folder / f"a/drop/seated/{ZEROS}0.jpg")
    (folder / f"a/review/turned/{ZEROS}2.jpg").unlink()
    write(folder / "a/keep/holiday.jpg", jpeg(9))
    later = DECISIONS | {"a/q/1.jpg": ("keep", "")}
    sort(folder.parent, later)
    assert placed(folder) == [
        f"a/drop/a person's decision/{ZEROS}0.jpg",
        f"a/keep/{ZEROS}1.jpg",
        "a/keep/holiday.jpg",
        f"a/review/turned/{ZEROS}2.jpg",
    ]
    assert not (folder / "a/drop/seated").exists()
    moves = {"a/q/0.jpg": Move("keep", "drop")}
    assert read_moves(folder) == moves
    before = snapshot(folder)
    sort(folder.parent, later)
    assert snapshot(folder) == before
    # It stays a person's decision when the rule comes to agree, and when its small picture is removed.
    sort(folder.parent, later | {"a/q/0.jpg": ("drop", "seated")})
    (folder / f"a/drop/a person's decision/{ZEROS}0.jpg").unlink()
    assert read_moves(folder) == moves
    sort(folder.parent, later)
    assert snapshot(folder) == before


def test_moved_back_a_picture_is_the_rules_again(folder):
    (folder / f"a/keep/{ZEROS}0.jpg").rename(folder / f"a/drop/{ZEROS}0.jpg")
    sort(folder.parent, DECISIONS)
    (folder / f"a/drop/a person's decision/{ZEROS}0.jpg").rename(folder / f"a/review/{ZEROS}0.jpg")
    assert read_moves(folder) == {"a/q/0.jpg": Move("keep", "review")}
    (folder / f"a/review/{ZEROS}0.jpg").rename(folder / f"a/keep/{ZEROS}0.jpg")
    assert read_moves(folder) == {}
    sort(folder.parent, DECISIONS | {"a/q/0.jpg": ("drop", "blurred")})
    assert f"a/drop/blurred/{ZEROS}0.jpg" in placed(folder)
    assert read_moves(folder) == {}


def test_a_moved_picture_whose_file_is_gone_stays_where_it_lies(folder):
    (folder / f"a/keep/{ZEROS}0.jpg").rename(folder / f"a/drop/{ZEROS}0.jpg")
    others = {file: decision for file, decision in DECISIONS.items() if file != "a/q/0.jpg"}
    (folder.parent / "source/a/q/0.jpg").rename(folder.parent / "away.jpg")
    for _ in range(2):
        sort(folder.parent, others)
        assert f"a/drop/{ZEROS}0.jpg" in placed(folder)
        assert read_moves(folder) == {"a/q/0.jpg": Move("keep", "drop")}
    (folder.parent / "away.jpg").rename(folder.parent / "source/a/q/0.jpg")
    sort(folder.parent, DECISIONS)
    assert f"a/drop/a person's decision/{ZEROS}0.jpg" in placed(folder)


def test_pictures_that_cannot_be_looked_at_or_are_gone_have_no_place(folder):
    sort(folder.parent, {"a/q/0.jpg": ("drop", "undecodable"), "a/q/1.jpg": ("keep", "")})
    assert placed(folder) == [f"a/keep/{ZEROS}1.jpg"]
    assert sorted(path.name for path in (folder / "a").iterdir()) == ["drop", "keep", "review"]


def test_a_run_that_is_killed_while_it_sorts_leaves_nothing_that_looks_like_a_move_and_loses_none(folder):
    (folder / f"a/review/turned/{ZEROS}2.jpg").rename(folder / f"a/keep/{ZEROS}2.jpg")
    before = snapshot(folder)
    later = DECISIONS | {"a/q/0.jpg": ("drop", "blurred"), "a/q/1.jpg": ("review", "turned")}
    sort(folder.parent, later)
    after = snapshot(folder)
    # What is left of a run that was killed when it had begun to sort: its own account of it, and half of the pictures.
    rows = read_csv(folder / "places.csv", COLUMNS)
    for row in rows:
        row["not_yet_out_of"] = {"a/q/0.jpg": "keep", "a/q/1.jpg": "drop"}.get(row["file"], "")
    write_csv(folder / "places.csv", COLUMNS, rows)
    (folder / f"a/drop/blurred/{ZEROS}0.jpg").unlink()
    write(folder / f"a/keep/{ZEROS}0.jpg", before[f"a/keep/{ZEROS}0.jpg"])
    assert read_moves(folder) == {"a/q/2.jpg": Move("review", "keep")}
    # A person who moves one meanwhile is understood.
    (folder / f"a/keep/{ZEROS}0.jpg").rename(folder / f"a/review/{ZEROS}0.jpg")
    assert read_moves(folder)["a/q/0.jpg"] == Move("drop", "review")
    (folder / f"a/review/{ZEROS}0.jpg").rename(folder / f"a/keep/{ZEROS}0.jpg")
    sort(folder.parent, later)
    assert snapshot(folder) == after


def test_a_picture_in_two_places_is_refused(folder):
    write(folder / f"a/drop/{ZEROS}0.jpg", (folder / f"a/keep/{ZEROS}0.jpg").read_bytes())
    with pytest.raises(InputError, match=r"a: 0{15}0\.jpg lies in drop and in keep, expected it in one of them"):
        read_moves(folder)


def test_places_of_an_older_version_are_refused_with_what_to_do(folder):
    write(folder / "places.csv", b"name,file,place\r\n1.jpg,a/1.jpg,a/keep\r\n")
    with pytest.raises(InputError, match=r"places\.csv: made by an older version; move .*2-review away and run: "):
        read_moves(folder)


def test_there_may_be_no_folder_yet(tmp_path):
    assert read_moves(tmp_path / "2-review") == {}
