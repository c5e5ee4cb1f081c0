import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from samples import write

from demicouture import runs
from demicouture.errors import InputError, OptionsError


def make(folder, options, script="a.py", inputs=None, files=(), **how):
    """Goes through a run from its opening to its end; returns whether there was something to do."""
    with runs.open_run(folder, script, options, **how) as run:
        if run.is_current(inputs or {}):
            return False
        run.begin()
        for name in files:
            write(folder / name, b"made")
        run.finish(inputs or {}, files, {"found": 1})
    return True


def test_a_folder_is_moved_aside_to_the_first_free_name(tmp_path):
    folder = tmp_path / "run"
    assert runs.move_aside(folder) is None
    for number in (1, 2):
        write(folder / "a", str(number).encode())
        assert runs.move_aside(folder) == tmp_path / f"run.old-{number}"
    assert (tmp_path / "run.old-1" / "a").read_bytes() == b"1"
    assert not folder.exists()


def test_a_run_leaves_two_records_and_is_done_once(tmp_path):
    folder = tmp_path / "run"
    assert make(folder, {"count": 5, "seed": 0}, inputs={"x": "abc"}, files=["b.png", "a.png"])
    began, ended = (json.loads((folder / name).read_text()) for name in ("options.json", "summary.json"))
    assert list(began) == ["script", "options", "versions", "flags"]
    assert list(ended) == ["script", "options", "versions", "inputs", "files", "results", "seal"]
    assert began["script"] == ended["script"] == "a.py"
    assert began["options"] == ended["options"] == {"count": 5, "seed": 0}
    assert {"demicouture", "python", "numpy", "pillow"} <= set(began["versions"])
    assert (ended["inputs"], ended["files"], ended["results"]) == ({"x": "abc"}, ["a.png", "b.png"], {"found": 1})
    assert sorted(os.listdir(folder)) == ["a.png", "b.png", "options.json", "summary.json"]

    assert not make(folder, {"count": 5, "seed": 0}, inputs={"x": "abc"}, files=["b.png", "a.png"])
    assert make(folder, {"count": 5, "seed": 0}, inputs={"x": "abd"}, files=["b.png", "a.png"])  # another input
    (folder / "a.png").unlink()
    assert make(folder, {"count": 5, "seed": 0}, inputs={"x": "abd"}, files=["b.png", "a.png"])  # a file is gone
    assert make(folder, {"count": 7, "seed": 0}, inputs={"x": "abd"}, files=["b.png"], extendable=["count"])
    assert json.loads((folder / "options.json").read_text())["options"]["count"] == 7


def test_nothing_is_touched_before_the_work_begins_and_only_then_is_the_folder_unfinished(tmp_path):
    folder = tmp_path / "deep" / "run"
    with runs.open_run(folder, "a.py", {"seed": 0}) as run:
        assert not folder.exists()
        run.begin()
        assert sorted(os.listdir(folder)) == ["options.json"]
        run.finish({}, [], {})
    before = (folder / "summary.json").read_bytes()
    for fresh in (False, True):
        with pytest.raises(RuntimeError), runs.open_run(folder, "a.py", {"seed": 0}, fresh=fresh):
            raise RuntimeError
        assert (folder / "summary.json").read_bytes() == before
    with runs.open_run(folder, "a.py", {"seed": 0}) as run:
        run.begin()
        assert not (folder / "summary.json").exists()
        assert not run.is_current({})


def test_fresh_moves_the_old_folder_aside_whatever_made_it(tmp_path):
    folder, told = tmp_path / "run", []
    make(folder, {"seed": 0}, "b.py", files=["old"])
    assert make(folder, {"seed": 1}, files=["new"], fresh=True, report=told.append)
    assert told == [f"{folder}: starting over; the old folder is now {tmp_path / 'run.old-1'}"]
    assert (tmp_path / "run.old-1" / "old").exists()
    assert sorted(os.listdir(folder)) == ["new", "options.json", "summary.json"]


def test_several_results_in_one_folder_are_told_apart_by_name(tmp_path):
    folder = tmp_path / "run"
    make(folder, {"seed": 0}, files=["a"])
    assert make(folder, {"seed": 0}, files=["a-sleeves"], name="sleeves")
    assert not make(folder, {"seed": 0}, files=["a"])
    assert not make(folder, {"seed": 0}, files=["a-sleeves"], name="sleeves")
    assert {"summary.json", "summary-sleeves.json"} <= set(os.listdir(folder))


def test_what_a_killed_run_left_half_written_is_swept_and_nothing_else(tmp_path):
    folder = tmp_path / "run"
    make(folder, {"seed": 0})
    half = write(folder / "deep" / ".x.123-456.partial.png", b"half"), write(folder / ".y.123-456.partial", b"half")
    own = write(folder / ".diary.partial.txt", b"mine")
    with pytest.raises(OptionsError), runs.open_run(folder, "a.py", {"seed": 1}):
        pass
    assert all(path.exists() for path in half)  # It was not for us to touch the folder.
    with runs.open_run(folder, "a.py", {"seed": 0}) as run:
        run.begin()
    assert not any(path.exists() for path in half)
    assert own.exists()


def test_other_options_are_refused_by_name(tmp_path):
    folder = tmp_path / "run"
    make(folder, {"count": 5, "batch_size": 32}, extendable=["count"])
    before = (folder / "options.json").read_bytes()
    for options, message in [
        (
            {"count": 5, "batch_size": 16},
            r"made with --batch-size 32 \(now 16\); to go on with these, run: .*or add --fresh",
        ),
        ({"count": 4, "batch_size": 32}, r"made with --count 5 \(now 4, expected at least as many\)"),
    ]:
        with pytest.raises(OptionsError, match=message):
            make(folder, options, extendable=["count"])
    with pytest.raises(OptionsError, match=r"made by a\.py, not by b\.py; choose another --output"):
        make(folder, {}, "b.py")
    assert (folder / "options.json").read_bytes() == before


def test_the_versions_that_began_a_work_stay(tmp_path):
    make(tmp_path / "run", {"seed": 0})
    record = tmp_path / "run/options.json"
    record.write_text(record.read_text().replace('"numpy": "', '"numpy": "0.'))
    before = record.read_bytes()
    make(tmp_path / "run", {"seed": 0}, inputs={"x": "changed"})
    assert record.read_bytes() == before


def test_strange_folders_are_refused(tmp_path):
    with pytest.raises(OptionsError, match="a file, expected a folder; choose another --output"):
        make(write(tmp_path / "file", b""), {})
    with pytest.raises(OptionsError, match="cannot be made; choose another --output"):
        make(tmp_path / "file" / "run", {})
    write(tmp_path / "mine" / "letter.txt", b"")
    with pytest.raises(OptionsError, match=r"holds files that a\.py did not make"):
        make(tmp_path / "mine", {})
    assert os.listdir(tmp_path / "mine") == ["letter.txt"]
    assert make(tmp_path / "mine", {}, shared_with_people=True)
    for damage in (b"[]", b"{}", b'{"script": "a.py"}', b'{"script": "a.py", "options": []}'):
        write(tmp_path / "mine" / "options.json", damage)
        with pytest.raises(
            InputError, match=r"options\.json: found no (script and no )?options in it; restore it, or add --fresh"
        ):
            make(tmp_path / "mine", {})


@pytest.mark.parametrize("damage", [b"[]", b"{", b'{"options": {}, "inputs": {}}', b'{"files": 3}'])
def test_a_damaged_summary_means_that_the_work_is_done_again(tmp_path, damage):
    make(tmp_path / "run", {"seed": 0})
    write(tmp_path / "run" / "summary.json", damage)
    assert make(tmp_path / "run", {"seed": 0})


HOLD = """
import sys
from pathlib import Path
from demicouture import runs
with runs.open_run(Path(sys.argv[1]), "generate.py", {}) as run:
    run.begin()
    print("holding", flush=True)
    sys.stdin.read()
"""


def test_one_script_at_a_time_and_the_second_says_who_holds_the_folder(tmp_path):
    folder = tmp_path / "run"
    house = Path(__file__).parent.parent
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(command, cwd=house, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "holding\n"
        message = rf"run: generate\.py \(process {holder.pid}, since [-\d]+ [\d:]+\) is at work on it; wait for its end"
        for fresh in (False, True):
            with pytest.raises(OptionsError, match=message):
                make(folder, {}, "generate.py", fresh=fresh)
        make(tmp_path / "other", {})  # Another folder is free.
        holder.kill()  # However it ends, the folder is free again.
    assert make(folder, {}, "generate.py")
    assert not [name for name in os.listdir(tmp_path) if name.endswith("holder.json")]


def test_a_result_of_other_options_has_a_folder_beside(tmp_path, monkeypatch):
    folder = tmp_path / "6-things"

    def beside(fresh: bool = False, **options: object) -> str:
        return runs.folder_beside(folder, "script.py", options, "odd", fresh).name

    def make(name: str, script: str = "script.py", **options: object) -> None:
        with runs.open_run(tmp_path / name, script, options) as run:
            run.begin()

    assert beside(a=1) == "6-things"
    make("6-things", a=1)
    assert beside(a=1) == beside(a=1, b=None) == "6-things"
    assert beside(a=2) == "6-things-odd"
    assert beside(fresh=True, a=2) == "6-things"  # Nothing of that is anywhere yet, so the folder begins anew.
    make("6-things-odd", a=2)
    assert beside(a=2) == beside(fresh=True, a=2) == "6-things-odd"
    monkeypatch.chdir(folder)
    assert runs.folder_beside(Path("."), "script.py", {"a": 2}, "odd") == tmp_path / "6-things-odd"
    # Where the name is taken, by other options or by files of a person's, it is numbered.
    assert beside(a=3) == "6-things-odd-2"
    (tmp_path / "6-things-odd-2").mkdir()
    assert beside(a=3) == "6-things-odd-3"
    # Of another script's folder nothing is made beside: that one has to be named to a person.
    assert runs.folder_beside(folder, "other.py", {"a": 3}, "odd") == folder
    (folder / "options.json").write_text("{")
    with pytest.raises(InputError, match="not readable as JSON"):
        beside(a=1)
    assert beside(fresh=True, a=1) == "6-things"


@pytest.mark.parametrize("name", [".", "..", "/", ""])
def test_fresh_moves_no_folder_that_holds_more_than_a_result(tmp_path, monkeypatch, name):
    inside = tmp_path / "work" / "inside"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    folder = Path(name or os.curdir)
    write(folder.resolve() / "options.json", b"{}") if name in (".", "..") else None
    with (
        pytest.raises(OptionsError, match="lies in it, so --fresh does not move it aside; choose another --output"),
        runs.open_run(folder, "a.py", {}, fresh=True),
    ):
        pass


def test_fresh_moves_nothing_that_no_script_made(tmp_path):
    folder = tmp_path / "run"
    write(folder / "novel.txt", b"years of work")
    for shared in (False, True):
        with (
            pytest.raises(OptionsError, match=r"holds files that a\.py did not make \(no options\.json\); choose"),
            runs.open_run(folder, "a.py", {}, fresh=True, shared_with_people=shared),
        ):
            pass
    assert os.listdir(folder) == ["novel.txt"]


def test_a_folder_that_is_moved_while_a_run_writes_ends_it_and_can_be_put_back(tmp_path):
    folder = tmp_path / "run"
    with (
        pytest.raises(InputError, match="run: no longer there"),
        runs.open_run(folder, "a.py", {"seed": 0}) as run,
    ):
        run.begin()
        folder.rename(tmp_path / "elsewhere")
        run.finish({}, [], {})
    assert not folder.exists()
    (tmp_path / "elsewhere").rename(folder)
    assert make(folder, {"seed": 0}) and not make(folder, {"seed": 0})


def test_a_summary_that_was_changed_is_none(tmp_path):
    folder = tmp_path / "run"
    make(folder, {"seed": 0})
    path = folder / "summary.json"
    for old, new in (('"found": 1', '"found": "many"'), ('"files": []', '"files": 7')):
        path.write_text(path.read_text().replace(old, new))
        assert make(folder, {"seed": 0})  # is done again
        assert not make(folder, {"seed": 0})
