from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
NAME = os.fsdecode(b"caf\xe9")


def run(program: str, redirected: str = "", **environment: str) -> subprocess.CompletedProcess:
    """Runs Python behind a shell that redirects its streams."""
    program = f"from demicouture import console\n{program}"
    words = ["sh", "-c", f'exec "$0" -c "$1" {redirected}', sys.executable, program]
    env = {**os.environ, "PYTHONPATH": str(HOUSE), **environment}
    return subprocess.run(words, env=env, capture_output=True, timeout=60)


pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")


def test_a_console_without_our_letters_shows_them_in_ascii():
    program = f"console.open_streams()\nprint('64×64 …', '家', {NAME!r})"
    assert run(program, PYTHONIOENCODING="ascii").stdout == b"64x64 ... \\u5bb6 caf\xe9\n"
    assert run(program, PYTHONIOENCODING="utf-8").stdout == "64×64 … 家 caf".encode() + b"\xe9\n"


def test_a_closed_console_stays_silent_and_becomes_no_file(tmp_path):
    program = (
        "console.open_streams()\nimport os, sys\n"
        f"with open({str(tmp_path / 'result')!r}, 'w') as file:\n"
        "    os.write(1, b'printed'), os.write(2, b'warned'), print('told', file=sys.stderr)\n"
        "    assert file.fileno() > 2\n    file.write('kept')\n"
    )
    for closed in (">&-", "2>&-", "<&- >&- 2>&-"):
        assert run(program, closed).returncode == 0
        assert (tmp_path / "result").read_text() == "kept"
