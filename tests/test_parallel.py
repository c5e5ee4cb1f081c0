import os
import subprocess
import sys

import cv2
import pytest

from demicouture import cli, parallel
from demicouture.errors import DemicoutureError

needs_two_cores = pytest.mark.skipif(parallel.cores() < 2, reason="one core works without worker processes")


def count_threads(_: object) -> int:
    return cv2.getNumThreads()


def test_work_is_done_in_order_on_all_cores():
    tasks = list(range(100, 100 + 4 * parallel.WORTH_A_PROCESS))
    assert list(parallel.in_order(hex, tasks)) == [hex(task) for task in tasks]
    assert list(parallel.in_order(hex, [7])) == ["0x7"]
    assert list(parallel.in_order(hex, [])) == []


@needs_two_cores
def test_a_worker_that_is_ended_from_outside_is_told_in_one_line():
    with pytest.raises(DemicoutureError, match="a worker process was ended from outside, perhaps for want of memory"):
        list(parallel.in_order(os._exit, [1] * 3 * parallel.WORTH_A_PROCESS))


@needs_two_cores
def test_an_error_in_a_worker_comes_through():
    with pytest.raises(ValueError):
        list(parallel.in_order(int, ["1"] * 3 * parallel.WORTH_A_PROCESS + ["x"]))


@needs_two_cores
def test_opencv_has_one_thread_in_each_worker_and_its_own_elsewhere():
    mine = cv2.getNumThreads()
    assert set(parallel.in_order(count_threads, range(2 * parallel.WORTH_A_PROCESS))) == {1}
    assert cv2.getNumThreads() == mine
    lines = "import cv2; before = cv2.getNumThreads(); import preprocess; assert cv2.getNumThreads() == before"
    subprocess.run([sys.executable, "-c", lines], cwd=cli.HOUSE, check=True)
