from __future__ import annotations

import threading
import time

import pytest

from demicouture.errors import FetchError
from demicouture.scraping.rate_limits import RateLimits, TryLater


@pytest.fixture
def limits():
    return RateLimits(0.0, threading.Event())


def visit(limits, name="a", patient=True):
    with limits.turn(name, patient):
        return time.monotonic()


def left_alone(limits, name="a"):
    try:
        visit(limits, name, patient=False)
    except TryLater:
        return False
    except FetchError as error:
        return str(error) == "host left alone"
    return False


def test_a_host_that_refuses_three_times_in_a_row_is_left_alone(limits):
    for _ in range(2):
        limits.note_refusal("a")
    limits.note_answer("a")
    for _ in range(2):
        limits.note_refusal("a")
    assert not left_alone(limits)
    limits.note_refusal("a")
    assert left_alone(limits) and not left_alone(limits, "b")
    assert limits.ready_at("a") == 0  # Nobody waits for it.


def test_a_host_that_puts_us_off_eight_times_in_a_row_is_left_alone(limits):
    assert [limits.note_throttled("a", 0) for _ in range(7)] == [True] * 7
    limits.note_answer("a")
    assert [limits.note_throttled("a", 0) for _ in range(8)] == [True] * 7 + [False]
    assert left_alone(limits)


def test_a_host_that_puts_us_off_for_more_than_an_hour_is_left_alone(limits):
    assert limits.note_throttled("a", 3600)
    assert not limits.note_throttled("b", 3601)
    assert not left_alone(limits, "a") and left_alone(limits, "b")
    assert limits.waits().keys() == {"a"} and 3590 < limits.waits()["a"] <= 3600


def test_waits_without_a_time_grow_to_a_cap_and_are_never_the_same():
    limits = RateLimits(0.0, threading.Event(), max_throttled=100)
    waits = []
    for _ in range(12):
        limits.note_throttled("a", None)
        waits.append(limits.waits()["a"])
    longest = [5, 10, 20, 40, 80, 160, 300, 300, 300, 300, 300, 300]
    assert all(most / 2 - 0.1 <= wait <= most for wait, most in zip(waits, longest, strict=True))
    assert len({round(wait, 3) for wait in waits[6:]}) > 1


def test_the_pause_is_the_longest_that_anybody_asks_for():
    limits = RateLimits(0.05, threading.Event())
    first = visit(limits)
    assert visit(limits) - first >= 0.05
    limits.slow_down("a", 0.15)
    limits.slow_down("a", 0.01)
    before = time.monotonic()
    assert visit(limits) - before >= 0.1


def test_who_is_not_patient_is_told_to_try_later(limits):
    limits.wait("a", 0.2)
    with pytest.raises(TryLater):
        visit(limits, patient=False)
    begun = time.monotonic()
    assert visit(limits) - begun >= 0.15


def test_closing_ends_a_wait():
    closed = threading.Event()
    limits = RateLimits(0.0, closed)
    limits.wait("a", 60)
    threading.Timer(0.1, closed.set).start()
    begun = time.monotonic()
    visit(limits)
    assert time.monotonic() - begun < 5
