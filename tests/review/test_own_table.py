"""A table in two hands: choices, undoing, a spreadsheet's stale copy, a script at work, a full disk."""

from __future__ import annotations

import errno

import pytest

from demicouture import files, runs
from demicouture.errors import InputError, OptionsError
from demicouture.files import read_csv, write_csv
from demicouture.review import own_table
from demicouture.review.own_table import Change, Merge, OwnTable

COLUMNS = ("design", "score", "your_label")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "4-generated/labels.csv"
    rows = [{"design": f"{number}", "score": 0.1 * number, "your_label": ""} for number in range(6)]
    write_csv(path, COLUMNS, rows)
    return path


@pytest.fixture
def table(path):
    return OwnTable(path, COLUMNS, ["your_label"])


def choose(table, **labels):
    return table.choose({key.removeprefix("d"): {"your_label": label} for key, label in labels.items()})


def on_disk(path) -> dict[str, str]:
    return {row["design"]: row["your_label"] for row in read_csv(path, COLUMNS)}


def labels(table) -> dict[str, str]:
    return {key: row["your_label"] for key, row in table.rows.items()}


def save_elsewhere(path, rows) -> None:
    """As a spreadsheet does, which knows no atomic writes."""
    text = ";".join(COLUMNS) + "\r\n" + "".join(";".join(row[name] for name in COLUMNS) + "\r\n" for row in rows)
    path.write_text(text, "utf-8")


def test_a_choice_is_on_disk_at_once_and_nothing_else_changes(path, table):
    before = path.read_bytes()
    step = choose(table, d3="casual")
    assert step.changes == (Change("3", "your_label", "", "casual"),)
    assert path.read_bytes() == before.replace(b"3,0.30000000000000004,", b"3,0.30000000000000004,casual")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf") and table.version == 1


def test_undo_and_redo_lead_back_and_forth(path, table):
    choose(table, d0="a", d1="a")
    choose(table, d1="b")
    choose(table, d1="b")  # Says nothing new, and so is no step.
    assert table.undo().changes == (Change("1", "your_label", "b", "a"),)
    table.undo()
    assert on_disk(path)["0"] == on_disk(path)["1"] == "" and table.undo() is None
    table.redo()
    table.redo()
    assert (on_disk(path)["0"], on_disk(path)["1"]) == ("a", "b") and table.redo() is None
    table.undo()
    choose(table, d2="c")
    assert not table.can_redo and table.can_undo


def test_a_later_word_is_not_undone(path, table):
    choose(table, d0="a", d1="a")
    rows = read_csv(path, COLUMNS)
    rows[1]["your_label"] = "b"
    save_elsewhere(path, rows)
    step = table.undo()
    assert step.passed_over == 1 and labels(table)["0"] == "" and labels(table)["1"] == "b"
    assert on_disk(path) == labels(table)


def test_what_a_spreadsheet_saves_is_taken_over_and_what_it_did_not_know_is_kept(path, table):
    stale = read_csv(path, COLUMNS)  # Opened before …
    choose(table, d0="a")
    choose(table, d1="b")
    choose(table, d2="c")
    stale[2]["your_label"], stale[4]["your_label"] = "x", "y"
    save_elsewhere(path, stale)  # … and saved afterwards.
    table.refresh()
    taken = (Change("2", "your_label", "c", "x"), Change("4", "your_label", "", "y"))
    assert table.merges == [Merge(taken, kept=2, anew=False)]
    assert labels(table) == {"0": "a", "1": "b", "2": "x", "3": "", "4": "y", "5": ""} == on_disk(path)


def test_what_a_spreadsheet_did_not_know_is_written_again_once_no_script_is_at_work(path, table):
    stale = read_csv(path, COLUMNS)
    choose(table, d0="a", d1="b")
    stale[4]["your_label"] = "y"
    with runs.open_run(path.parent, "generate.py", {}, shared_with_people=True):
        save_elsewhere(path, stale)
        table.refresh()
        assert labels(table)["0"] == "a" and labels(table)["4"] == "y" and on_disk(path)["0"] == ""
    table.refresh()
    assert on_disk(path) == labels(table) and on_disk(path)["1"] == "b"


def test_a_spreadsheet_that_knows_all_may_take_back(path, table):
    choose(table, d0="a")
    choose(table, d1="b")
    rows = read_csv(path, COLUMNS)
    rows[0]["your_label"] = ""
    save_elsewhere(path, rows[::-1])  # And it sorted them.
    table.refresh()
    assert table.merges == [Merge((Change("0", "your_label", "a", ""),), kept=0, anew=False)]
    assert labels(table)["0"] == "" and labels(table)["1"] == "b"


def test_two_servers_of_one_folder_take_each_others_words(path, table):
    other = OwnTable(path, COLUMNS, ["your_label"])
    for number, (one, label) in enumerate([(table, "a"), (other, "b")] * 3):
        choose(one, **{f"d{number}": label})
    other.undo()
    table.refresh()
    assert list(labels(table).values()) == ["a", "b", "a", "b", "a", ""] == list(on_disk(path).values())


def test_a_script_that_writes_anew_gives_a_new_edition(path, table):
    choose(table, d0="a")
    rows = [row | {"score": "0.9"} for row in read_csv(path, COLUMNS)] + [
        {"design": "6", "score": "1", "your_label": ""}
    ]
    write_csv(path, COLUMNS, rows)
    table.refresh()
    assert table.edition == 1 and table.merges[-1] == Merge((), 0, True)
    assert list(table.rows) == list("0123456") and labels(table)["0"] == "a"
    choose(table, d6="b")
    assert on_disk(path)["6"] == "b"


def test_a_damaged_table_is_left_as_it_is_and_goes_on_once_it_is_mended(path, table):
    choose(table, d0="a")
    good = path.read_bytes()
    path.write_text("something else")
    for _ in range(2):
        with pytest.raises(InputError, match="found the columns something else"):
            choose(table, d1="b")
    assert path.read_text() == "something else" and labels(table)["1"] == ""
    path.write_bytes(good)
    choose(table, d1="b")
    assert on_disk(path)["0"] == "a" and on_disk(path)["1"] == "b"


def test_a_script_at_work_is_respected(path, table):
    with (
        runs.open_run(path.parent, "generate.py", {}, shared_with_people=True),
        pytest.raises(OptionsError, match=r"generate\.py \(process \d+, since .*\) is at work on it; wait for its end"),
    ):
        choose(table, d0="a")
    assert labels(table)["0"] == on_disk(path)["0"] == ""
    choose(table, d0="a")
    with runs.hold(path.parent), pytest.raises(OptionsError, match="another script is at work"):
        choose(table, d0="b")


def test_a_full_disk_loses_nothing(path, table, monkeypatch):
    choose(table, d0="a")

    def write(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(own_table, "write_bytes", write)
    with pytest.raises(OSError, match="No space"):
        choose(table, d1="b")
    monkeypatch.setattr(own_table, "write_bytes", files.write_bytes)
    assert labels(table)["1"] == "" and table.version == 1 and on_disk(path)["0"] == "a"
    choose(table, d2="c")
    assert on_disk(path) == labels(table)


def test_a_persons_own_table_grows(tmp_path):
    path = tmp_path / "sleeves.csv"
    table = OwnTable(path, ["design", "label"], ["label"], grows=True)
    assert not path.exists()
    table.choose({"7": {"label": "long"}})
    table.choose({"3": {"label": "short"}})
    assert read_csv(path, []) == [{"design": "7", "label": "long"}, {"design": "3", "label": "short"}]
    table.undo()
    assert OwnTable(path, ["design", "label"], ["label"], grows=True).field("7", "label") == "long"


def test_what_changed_since_is_told_until_it_is_too_long_ago(table, monkeypatch):
    monkeypatch.setattr(own_table, "REMEMBERED", 3)
    for number in range(5):
        choose(table, **{f"d{number}": "a"})
    assert table.changed_since(5) == [] and table.changed_since(3) == ["3", "4"]
    assert table.changed_since(1) is None and table.changed_since(9) is None


def test_a_row_that_is_not_there_or_stands_there_twice_is_refused(path, table):
    with pytest.raises(InputError, match="no row for 9"):
        choose(table, d9="a")
    save_elsewhere(path, [{"design": "1", "score": "", "your_label": ""}] * 2)
    with pytest.raises(InputError, match="two rows for 1"):
        OwnTable(path, COLUMNS, ["your_label"])
