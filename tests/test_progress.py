from __future__ import annotations

import io
import sys
import time

from demicouture import progress
from demicouture.progress import progress_bar


def work(count: int, seconds: float, **options) -> list[int]:
    def step(number: int) -> int:
        time.sleep(seconds)
        return number

    return [step(number) for number in progress_bar(range(count), "cropping", unit="picture", **options)]


def test_without_a_terminal_a_line_comes_every_few_minutes(monkeypatch, capsys):
    monkeypatch.setattr(progress, "TOLD_EVERY", 0.1)
    assert work(20, 0.02, quiet=False) == list(range(20))
    lines = capsys.readouterr().err.splitlines()
    assert 2 <= len(lines) <= 5
    assert all(line.startswith("cropping:") and "picture" in line and "/20 [" in line for line in lines)


def test_what_is_done_sooner_and_what_is_quiet_says_nothing(monkeypatch, capsys):
    work(5, 0.001, quiet=False)
    monkeypatch.setattr(progress, "TOLD_EVERY", 0.0)
    work(5, 0.001, quiet=True)
    assert capsys.readouterr().err == ""


def test_in_a_terminal_it_is_a_bar(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    work(3, 0.12, quiet=False)
    assert sys.stderr.getvalue().startswith("\rcropping:") and "\n" not in sys.stderr.getvalue()
