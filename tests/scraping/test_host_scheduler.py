from __future__ import annotations

import threading
import time

import pytest

from demicouture.scraping import host_scheduler as module
from demicouture.scraping.rate_limits import RateLimits, TryLater


def one_per_host(items, host, work, *options, **named):
    return module.one_per_host(items, host, lambda item, host: work(item), lambda item, done: done, *options, **named)


def test_many_hosts_at_once_but_never_two_of_one():
    lock, busy, most = threading.Lock(), [], []

    def work(item):
        with lock:
            assert item[0] not in busy
            busy.append(item[0])
            most.append(len(busy))
        time.sleep(0.01)
        with lock:
            busy.remove(item[0])
        return item * 2

    items = [host + str(number) for number in range(6) for host in "abcde"]
    found = dict(one_per_host(items, lambda item: item[0], work, 3))
    assert found == {item: item * 2 for item in items}
    assert max(most) == 3


def test_items_are_read_only_as_far_ahead_as_keeps_the_workers_busy():
    read = []

    def items():
        for number in range(1000):
            read.append(number)
            yield number

    found = one_per_host(items(), str, lambda item: item, 2)
    next(found)
    time.sleep(0.05)
    assert len(read) <= 2 * 2 * module.TASKS_PER_WORKER + 1
    found.close()


def test_reading_is_no_reason_to_wait_with_what_is_there():
    first_is_done = threading.Event()

    def items():
        yield "a1"
        assert first_is_done.wait(10)
        yield "a2"

    found = one_per_host(items(), lambda item: item[0], lambda item: item, 2)
    assert next(found)[0] == "a1"
    first_is_done.set()
    assert [item for item, _ in found] == ["a2"]


def test_what_was_read_is_finished_before_a_failure_to_read_more_is_raised():
    def items():
        yield from ("a1", "a2", "b1")
        raise ValueError("no more")

    found = []
    with pytest.raises(ValueError, match="no more"):
        for item, _ in one_per_host(items(), lambda item: item[0], lambda item: item, 4):
            found.append(item)
    assert sorted(found) == ["a1", "a2", "b1"]


def test_a_failure_of_the_work_is_raised():
    def work(item):
        raise KeyError(item)

    with pytest.raises(KeyError, match="a1"):
        list(one_per_host(["a1"], lambda item: item[0], work, 4))


def test_a_host_that_puts_us_off_keeps_nobody_from_the_others():
    hosts, order = RateLimits(0.0, threading.Event()), []

    def work(item):
        with hosts.turn(item[0], patient=False):
            if item == "a1" and "a1" not in order:
                order.append(item)
                hosts.note_throttled("a", 0.5)
                raise TryLater("HTTP 429")
            return time.monotonic()

    begun = time.monotonic()
    items = ["a1", "a2", *(f"b{number}" for number in range(20))]
    found = dict(one_per_host(items, lambda item: item[0], work, 1, hosts.ready_at))
    assert found.keys() == set(items)
    assert max(found[item] for item in items if item[0] == "b") < found["a1"] <= found["a2"]
    assert found["a1"] - begun >= 0.5


def test_who_is_sent_on_to_a_busy_host_does_not_knock_all_the_time():
    tried = []

    def work(item):
        tried.append(time.monotonic())
        if len(tried) < 3:
            raise TryLater("put off", until=time.monotonic() + 0.15)
        return item

    assert list(one_per_host(["a"], str, work, 2)) == [("a", "a")]
    assert len(tried) == 3 and tried[2] - tried[0] >= 0.3


def test_pauses_of_many_hosts_overlap_on_one_worker():
    hosts = RateLimits(0.1, threading.Event())

    def work(item):
        with hosts.turn(item[0], patient=False):
            return item

    begun = time.monotonic()
    items = [host + str(number) for host in "abcdefgh" for number in range(3)]
    assert len(list(one_per_host(items, lambda item: item[0], work, 1, hosts.ready_at))) == 24
    assert 0.2 <= time.monotonic() - begun < 1.6  # Two pauses, not sixteen.


def test_whoever_watches_is_told_that_nothing_happens():
    idle, enough = [], threading.Event()

    def on_idle():
        idle.append(1)
        if len(idle) >= 2:
            enough.set()

    quick = {"on_idle": on_idle, "longest_sleep_seconds": 0.01}
    assert dict(one_per_host(["a"], str, lambda item: enough.wait(10), 1, **quick)) == {"a": True}


def test_what_is_left_to_do_keeps_no_visitor():
    two_at_once = threading.Barrier(min(2, module.cores()))

    def finish(item, done):
        two_at_once.wait(10)
        return done + item

    found = module.one_per_host("abcd", str, lambda item, host: item, finish, 1, on_idle=lambda: None)
    assert dict(found) == {item: item * 2 for item in "abcd"}


def test_a_failure_of_what_is_left_to_do_is_raised():
    def finish(item, done):
        raise KeyError(item)

    with pytest.raises(KeyError, match="a"):
        list(module.one_per_host("a", str, lambda item, host: item, finish, 1))


def test_who_has_another_host_does_not_wait_for_a_spent_one():
    spent, visits = threading.Event(), []

    def host(item):
        return "copy" if spent.is_set() and item.startswith("both") else "own"

    def work(item, host):
        visits.append((item, host))
        if len(visits) == 1:
            spent.set()
            raise TryLater("HTTP 429", until=time.monotonic() + 0.3)
        return host

    items = ["both1", "own1", "both2"]
    found = dict(
        module.one_per_host(items, host, work, lambda item, done: done, 1, is_spent=lambda name: name == "own")
    )
    assert found == {"both1": "copy", "both2": "copy", "own1": "own"}
    assert visits[-1] == ("own1", "own")  # After its host's time.


def test_a_source_that_has_nothing_at_present_is_asked_again_when_something_is_done():
    under_way, done = set(), []

    def items():
        yield "a1"
        under_way.add("a1")
        while not done:
            yield None  # It waits for what becomes of the first.
        yield "a2"

    for item, _ in one_per_host(items(), lambda item: item[0], lambda item: item, 4):
        done.append(item)
    assert done == ["a1", "a2"]


def test_nothing_more_is_read_while_thousands_wait():
    read = []

    class EnoughError(Exception):
        pass

    def items():
        for number in range(10**6):
            read.append(number)
            yield number

    def on_idle():
        raise EnoughError

    how = {"ready_at": lambda name: time.monotonic() + 100, "on_idle": on_idle, "longest_sleep_seconds": 0.3}
    with pytest.raises(EnoughError):
        list(one_per_host(items(), lambda item: "slow", lambda item: item, 4, **how))
    assert len(read) == module.BACKLOG
