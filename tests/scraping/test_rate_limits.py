from __future__ import annotations

import threading
import time

import pytest
from turned_clock import TurnedClock

from demicouture.errors import FetchError
from demicouture.scraping.rate_limits import PutOff, RateLimits, TryLater


@pytest.fixture
def limits():
    return RateLimits(0.0, threading.Event())


def visit(limits, name="a", patient=True):
    with limits.turn(name, patient):
        return time.monotonic()


def left_alone(limits, name="a"):
    try:
        visit(limits, name, patient=False)
    except PutOff:
        return "put off"
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
    assert left_alone(limits) is True and not left_alone(limits, "b")
    assert limits.ready_at("a") == 0  # Nobody waits for it.


def test_a_host_that_forbids_three_times_in_a_row_is_left_alone(limits):
    for _ in range(2):
        limits.note_answer("a", served=False, forbidden=True)
    limits.note_answer("a", served=False)  # Not found, say.
    for _ in range(2):
        limits.note_answer("a", served=False, forbidden=True)
    assert not left_alone(limits)
    limits.note_answer("a", served=False, forbidden=True)
    assert left_alone(limits) is True


def test_a_host_that_never_gave_anything_is_put_off_after_eight_times(limits):
    assert [limits.note_throttled("a", 0) for _ in range(7)] == [True] * 7
    limits.note_answer("a", served=False)
    assert [limits.note_throttled("a", 0) for _ in range(8)] == [True] * 7 + [False]
    assert left_alone(limits) == "put off"


def test_a_host_that_served_us_is_waited_for_until_it_gave_nothing_for_an_hour():
    clock = TurnedClock()
    limits = RateLimits(0.0, threading.Event(), clock=clock)
    limits.note_answer("a")
    begun = clock.now()
    while limits.note_throttled("a", None):
        clock.turn_to(limits.ready_at("a"))
    assert 3600 < clock.now() - begun < 3600 + 300
    assert left_alone(limits) == "put off" and limits.ready_at("a") == 0


def test_a_host_that_puts_us_off_for_more_than_an_hour_is_not_waited_for(limits):
    assert limits.note_throttled("a", 3600)
    assert not limits.note_throttled("b", 3601)
    assert not left_alone(limits, "a") and left_alone(limits, "b") == "put off"
    assert limits.waits().keys() == {"a"} and 3590 < limits.waits()["a"] <= 3600


def test_the_pace_of_a_host_is_learned():
    limits = RateLimits(1.0, threading.Event(), clock=TurnedClock())
    paces = []
    for _ in range(3):
        limits.note_throttled("a", 5)
        paces.append(limits.pace("a"))
        limits.note_throttled("a", 5)  # The same trouble, still.
        assert limits.pace("a") == paces[-1]
        limits.note_answer("a")
    assert paces == [2, pytest.approx(2 * 0.98 * 2), pytest.approx((2 * 0.98 * 2) * 0.98 * 2)]
    assert limits.pace("b") == 1
    for _ in range(200):
        limits.note_answer("a")
    assert limits.pace("a") == 1  # In the end it is as fast as before.
    for _ in range(20):
        limits.note_throttled("a", 5)
        limits.note_answer("a")
    assert 290 < limits.pace("a") <= 300


def test_only_a_host_that_said_later_and_takes_nothing_now_is_spent():
    clock = TurnedClock()
    limits = RateLimits(1.0, threading.Event(), clock=clock)
    visit(limits)
    assert not limits.is_spent("a")  # Its usual pause is no reason to go elsewhere.
    limits.note_throttled("a", 5)
    assert limits.is_spent("a")
    clock.turn_to(clock.now() + 5)
    assert not limits.is_spent("a")
    limits.note_throttled("a", 7200)
    assert limits.is_spent("a")  # For the whole run.
    for _ in range(3):
        limits.note_answer("a", served=False, forbidden=True)
    assert not limits.is_spent("a")


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
