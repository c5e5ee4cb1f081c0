import os

import pytest
from samples import bomb, jpeg, write

from demicouture import workers
from demicouture.cropping import read_origin
from demicouture.errors import DemicoutureError
from demicouture.measuring import Log, Measures, Task, look, look_at_tile, read_log, write_log

FOUND = {"b": Measures("", 3, 4, (0, 0, 3, 3)), "a": Measures("undecodable")}


def test_one_look_gives_measures_and_cut(tmp_path):
    path = write(tmp_path / "a.jpg", jpeg(1, 600, 500))
    expected = Measures("", 600, 500, (50, 0, 550, 500))
    assert look(Task(path, "f", 64)) == (expected, None)
    for box in (None, (10, 10, 90, 90)):
        measures, png = look(Task(path, "f", 64, "a/f.png", box))
        assert measures == expected
        assert read_origin(write(tmp_path / "cut.png", png)) == ("f", box or expected.box)
    assert look(Task(write(path, b"x"), "f", 64, "a/f.png")) == (Measures("undecodable"), None)
    assert look(Task(write(path, bomb()), "f", 64)) == (Measures("over 100 megapixels"), None)


def test_a_tile_shows_the_whole_picture(tmp_path):
    tile = look_at_tile((write(tmp_path / "a.jpg", jpeg(1, 600, 300)), 80))
    assert tile.shape == (80, 80, 3)
    assert (tile[:20] == tile[0, 0]).all() and (tile[60:] == tile[0, 0]).all()
    assert tile[21:59].std() > 10
    assert look_at_tile((write(tmp_path / "b.jpg", b""), 80)) is None


def test_the_log_goes_on_after_a_kill(tmp_path):
    path = tmp_path / "measures.jsonl"
    assert read_log(path) == {}
    with Log(path, dict(FOUND)) as log:
        log.add("c", Measures("", 1, 2, (0, 0, 1, 1)))
        assert len(read_log(path)) == 3  # Written line by line, not at the end.
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    assert read_log(path) == FOUND
    with Log(path, read_log(path)) as log:
        log.add("c", Measures("", 1, 2, (0, 0, 1, 1)))
    assert path.read_bytes() == whole
    write_log(path, FOUND)
    assert list(read_log(path)) == ["a", "b"]


def test_strange_lines_in_the_log_are_looked_into_again(tmp_path):
    path = tmp_path / "measures.jsonl"
    write_log(path, FOUND)
    write(path, b'[]\n7\n{"sha256": "x"}\n{"sha256": "y", "older": 1}\n\xff\n' + path.read_bytes())
    assert read_log(path) == FOUND


def test_work_is_done_in_order_on_all_cores():
    tasks = list(range(100, 100 + 4 * workers.WORTH_A_PROCESS))
    assert list(workers.in_order(hex, tasks)) == [hex(task) for task in tasks]
    assert list(workers.in_order(hex, [7])) == ["0x7"]
    assert list(workers.in_order(hex, [])) == []


@pytest.mark.skipif(workers.cores() < 2, reason="one core works without worker processes")
def test_a_worker_that_is_ended_from_outside_is_told_in_one_line():
    with pytest.raises(DemicoutureError, match="a worker process was ended from outside, perhaps for want of memory"):
        list(workers.in_order(os._exit, [1] * 3 * workers.WORTH_A_PROCESS))


@pytest.mark.skipif(workers.cores() < 2, reason="one core works without worker processes")
def test_an_error_in_a_worker_comes_through():
    with pytest.raises(ValueError):
        list(workers.in_order(int, ["1"] * 3 * workers.WORTH_A_PROCESS + ["x"]))
