from __future__ import annotations

import threading
import time

import pytest

from demicouture.errors import FetchError
from demicouture.scraping import rate_limits as module
from demicouture.scraping.rate_limits import Hosts, TryLater


@pytest.fixture
def hosts():
    return Hosts(0.0, threading.Event())


def visit(hosts, name="a", patient=True):
    with hosts.turn(name, patient):
        return time.monotonic()


def left_alone(hosts, name="a"):
    try:
        visit(hosts, name, patient=False)
    except TryLater:
        return False
    except FetchError as error:
        return str(error) == "host left alone"
    return False


def test_a_host_that_refuses_three_times_in_a_row_is_left_alone(hosts):
    for _ in range(2):
        hosts.note_refusal("a")
    hosts.note_answer("a")
    for _ in range(2):
        hosts.note_refusal("a")
    assert not left_alone(hosts)
    hosts.note_refusal("a")
    assert left_alone(hosts) and not left_alone(hosts, "b")
    assert hosts.ready_at("a") == 0  # Nobody waits for it.


def test_a_host_that_puts_us_off_eight_times_in_a_row_is_left_alone(hosts):
    assert [hosts.note_put_off("a", 0) for _ in range(7)] == [True] * 7
    hosts.note_answer("a")
    assert [hosts.note_put_off("a", 0) for _ in range(8)] == [True] * 7 + [False]
    assert left_alone(hosts)


def test_a_host_that_puts_us_off_for_more_than_an_hour_is_left_alone(hosts):
    assert hosts.note_put_off("a", 3600)
    assert not hosts.note_put_off("b", 3601)
    assert not left_alone(hosts, "a") and left_alone(hosts, "b")
    assert hosts.waits().keys() == {"a"} and 3590 < hosts.waits()["a"] <= 3600


def test_waits_without_a_time_grow_to_a_cap_and_are_never_the_same(hosts, monkeypatch):
    monkeypatch.setattr(module, "MAX_PUT_OFFS", 100)
    waits = []
    for _ in range(12):
        hosts.note_put_off("a", None)
        waits.append(hosts.waits()["a"])
    longest = [5, 10, 20, 40, 80, 160, 300, 300, 300, 300, 300, 300]
    assert all(most / 2 - 0.1 <= wait <= most for wait, most in zip(waits, longest, strict=True))
    assert len({round(wait, 3) for wait in waits[6:]}) > 1


def test_the_pause_is_the_longest_that_anybody_asks_for():
    hosts = Hosts(0.05, threading.Event())
    first = visit(hosts)
    assert visit(hosts) - first >= 0.05
    hosts.slow_down("a", 0.15)
    hosts.slow_down("a", 0.01)
    before = time.monotonic()
    assert visit(hosts) - before >= 0.1


def test_who_is_not_patient_is_told_to_try_later(hosts):
    hosts.wait("a", 0.2)
    with pytest.raises(TryLater):
        visit(hosts, patient=False)
    begun = time.monotonic()
    assert visit(hosts) - begun >= 0.15


def test_closing_ends_a_wait():
    closed = threading.Event()
    hosts = Hosts(0.0, closed)
    hosts.wait("a", 60)
    threading.Timer(0.1, closed.set).start()
    begun = time.monotonic()
    visit(hosts)
    assert time.monotonic() - begun < 5
