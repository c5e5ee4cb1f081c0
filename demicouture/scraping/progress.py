"""Progress on the terminal: a line for each pole while pictures come in, and a table at the end."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tqdm import tqdm

from demicouture.language import _, right_aligned
from demicouture.scraping.clock import CLOCK, Clock, describe_duration
from demicouture.scraping.failure_reasons import TRANSIENT
from demicouture.scraping.manifest import FAILED, FETCHED
from demicouture.scraping.queries import Query

LINE = "{desc} |{bar:10}| {rate_fmt}{postfix}"

TOLD_EVERY = 60.0
"""Seconds between two lines where there is no terminal, in the log of a night say."""

MOST_REASONS = 4
"""Our choice: what fits on a line beside the rest; the table at the end has them all."""

SHOWN_WAIT = 5.0
"""Seconds of waiting for a host, from which on the line shows it."""


class PoleProgress:
    """A line for each pole: fetched / wanted, rate, time left, and how many were refused and why.

    Use it as a context manager.
    """

    def __init__(
        self,
        queries: Sequence[Query],
        expected: Mapping[Query, int],
        count: Callable[[str, str], dict[str, Any]],
        waits: Callable[[], dict[str, float]],
        *,
        retrying: bool,
        quiet: bool,
        pictures_only: bool = False,
        least_seconds: Callable[[int], float] = lambda number: 0.0,
        clock: Clock = CLOCK,
    ) -> None:
        """Shows the lines on a terminal; where there is none, tells every minute how far it is.

        Args:
            queries: All that count.
            expected: How many pictures, or addresses, of each query are still to come, at most.
            count: Returns the outcomes of a query's addresses so far.
            waits: Returns the hosts that asked us to wait, and for how many seconds.
            retrying: Whether what was refused before is tried again, and so counted anew.
            quiet: Whether to show nothing.
            pictures_only: Whether an address that gives no picture is no step forward, for another takes its place.
            least_seconds: Returns the time that so many pictures take at least, at the source's limits.
            clock: Tells the time.
        """
        self._waits = waits
        self._pictures_only, self._least_seconds, self._clock = pictures_only, least_seconds, clock
        self._begun_at = self._told_at = clock.now()
        self._tells = not quiet and not sys.stderr.isatty()
        self._left: Counter[str] = Counter()
        self._done = 0
        self._wanted: Counter[str] = Counter()
        self._fetched: Counter[str] = Counter()
        self._refused: dict[str, Counter[str]] = {}
        self._lines: dict[str, tqdm] = {}
        for query in queries:
            counts = count(query.pole, query.text)
            self._wanted[query.pole] += query.wanted
            self._fetched[query.pole] += counts["fetched"]
            self._refused.setdefault(query.pole, Counter()).update({} if retrying else counts["refused"])
        self._width = max(map(len, self._wanted))
        for position, pole in enumerate(sorted(self._wanted)):
            total = sum(number for query, number in expected.items() if query.pole == pole)
            self._left[pole] = total
            self._lines[pole] = tqdm(
                total=total,
                desc=self._text(pole),
                position=position,
                unit=_(" pictures"),
                bar_format=LINE,
                dynamic_ncols=True,
                disable=quiet or None,
            )

    def __enter__(self) -> PoleProgress:
        """Returns itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves the lines as they are."""
        for line in self._lines.values():
            line.close()

    def update(self, query: Query, status: str, reason: str) -> None:
        """Counts one address."""
        if status == FETCHED:
            self._fetched[query.pole] += 1
        elif status == FAILED:
            self._refused[query.pole][reason] += 1
        step = status == FETCHED or not self._pictures_only
        self._left[query.pole] -= step
        self._done += step
        self._show(query.pole, refresh=False)
        self._lines[query.pole].update(step)
        self._tell()

    def idle(self) -> None:
        """Shows which hosts everybody waits for."""
        for pole in self._lines:
            self._show(pole)
        self._tell()

    def _show(self, pole: str, refresh: bool = True) -> None:
        if not self._lines[pole].disable:
            self._lines[pole].set_postfix_str(
                _("{time_left} left").format(time_left=self._time_left(pole)), refresh=False
            )
            self._lines[pole].set_description_str(self._text(pole), refresh=refresh)

    def _tell(self) -> None:
        """Prints a line for each pole, where there is no terminal and a minute has passed."""
        if self._tells and self._clock.now() - self._told_at >= TOLD_EVERY:
            self._told_at = self._clock.now()
            for pole in sorted(self._lines):
                print(
                    _("{time_of_day} {text}; {time_left} left").format(
                        time_of_day=self._clock.time_of_day(), text=self._text(pole), time_left=self._time_left(pole)
                    ),
                    flush=True,
                )

    def _time_left(self, pole: str) -> str:
        """Returns how long a pole takes, by the pace so far and by what its source allows."""
        left, passed = max(self._left[pole], 0), self._clock.now() - self._begun_at
        if not self._done and left:
            return (
                "?"
                if not (least := self._least_seconds(left))
                else _("at least {duration}").format(duration=describe_duration(least))
            )
        by_pace = left * passed / self._done if self._done else 0.0
        return describe_duration(max(by_pace, self._least_seconds(left) if left else 0.0))

    def _text(self, pole: str) -> str:
        parts = [_("{fetched:,}/{wanted:,} fetched").format(fetched=self._fetched[pole], wanted=self._wanted[pole])]
        refused = self._refused[pole]
        if refused:
            why = ", ".join(f"{_(reason)} {number:,}" for reason, number in refused.most_common(MOST_REASONS))
            parts.append(
                _("{refused:,} refused ({why})").format(
                    refused=refused.total(), why=why + (", …" if len(refused) > MOST_REASONS else "")
                )
            )
        for host, seconds in self._waits().items():
            if seconds > SHOWN_WAIT:
                parts.append(_("{host} asks us to wait {seconds:.0f} s").format(host=host, seconds=seconds))
        return f"{pole:{self._width}} {'; '.join(parts)}"


def count_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Returns the counts of each pole as a small table, with the reasons for what was refused."""
    columns = (_("wanted"), _("found"), _("fetched"), _("duplicates"), _("refused"))
    width = max(len(row["pole"]) for row in rows)
    text = [" " * width + "".join(right_aligned(name, 12) for name in columns)]
    for pole in sorted({row["pole"] for row in rows}):
        mine = [row for row in rows if row["pole"] == pole]
        reasons = sum((Counter(row["refused"]) for row in mine), Counter())
        numbers = [sum(row[name] for row in mine) for name in ("wanted", "offered", "fetched", "duplicates")]
        named = ", ".join(f"{_(reason)} {number}" for reason, number in reasons.most_common())
        text.append(
            f"{pole:{width}}"
            + "".join(f"{number:>12}" for number in (*numbers, reasons.total()))
            + (f"  ({named})" if named else "")
        )
    return "\n".join(text)


def describe_counts(
    rows: Sequence[Mapping[str, Any]], chosen: Sequence[Query], words: Mapping[str, str] | None = None
) -> str:
    """Returns the table, and a line on what may succeed another day.

    Args:
        rows: The counts of each query.
        chosen: The queries that were collected now; others are left out where nothing was offered for them.
        words: What hosts said along with "forbidden".
    """
    names = {(query.pole, query.text) for query in chosen}
    text = count_table([row for row in rows if row["offered"] or (row["pole"], row["query"]) in names])
    refused = sum((Counter(row["refused"]) for row in rows), Counter())
    if passing := sum(number for reason, number in refused.items() if reason in TRANSIENT):
        text += "\n" + _("refused for reasons that may pass: {passing:,}; --retry-failed tries them again").format(
            passing=passing
        )
    for host, said in sorted((words or {}).items())[:MOST_REASONS]:
        if said:
            text += "\n" + _("{host} says with HTTP 403: {said}").format(host=host, said=said)
    return text
