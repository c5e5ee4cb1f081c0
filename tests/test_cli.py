import argparse
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from demicouture import cli, commands
from demicouture.errors import InputError, PictureError

DOC = """Does something.

Example:
    python some.py
"""


def parsed(*argv: str, input: str | None = "1-scraped") -> argparse.Namespace:
    return cli.parse(cli.parser(DOC, input=input, output="2-dataset"), list(argv))


def test_folders_chain_below_home():
    args = parsed()
    assert (args.input, args.output) == (Path("data/1-scraped"), Path("data/2-dataset"))
    args = parsed("--home", "mine", "--output", "elsewhere")
    assert (args.input, args.output) == (Path("mine/data/1-scraped"), Path("elsewhere"))
    assert cli.folder(args, "5-boundary") == Path("mine/outputs/5-boundary")
    assert not hasattr(parsed(input=None), "input")


def test_help_shows_manual_and_defaults(capsys):
    with pytest.raises(SystemExit) as left:
        parsed("--help")
    text = capsys.readouterr().out
    assert left.value.code == 0
    assert f"Example:\n    {commands.command('some.py')}" in text
    for words in ("--seed N", "(default: 0)", "HOME/data/1-scraped", "--fresh", "--quiet"):
        assert words in text
    assert "default: False" not in text


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (cli.integer(1, 10), "1", 1),
        (cli.integer(1, 10), "10", 10),
        (cli.integer(0), "123456789012", 123456789012),
        (cli.number(0, 1), "0.25", 0.25),
        (cli.number(0), "1e3", 1000.0),
    ],
)
def test_numbers(kind, text, value):
    assert kind(text) == value


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (cli.integer(1, 10), "0", "found '0', expected a whole number from 1 to 10"),
        (cli.integer(1, 10), "11", "from 1 to 10"),
        (cli.integer(1), "2.5", "found '2.5', expected a whole number, at least 1"),
        (cli.integer(1), "many", "found 'many'"),
        (cli.number(0, 1), "nan", "found 'nan', expected a number from 0 to 1"),
        (cli.number(0), "inf", "found 'inf'"),
        (cli.number(0), "", "found ''"),
    ],
)
def test_other_numbers_are_refused(kind, text, message):
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        kind(text)


@pytest.mark.parametrize("argv", [["--seed", "-1"], ["--nonsense"], ["--see", "1"]])
def test_wrong_usage_leaves_with_2(argv, capsys):
    with pytest.raises(SystemExit) as left:
        parsed(*argv)
    assert left.value.code == 2


def test_reporter(capsys):
    cli.reporter(parsed())("said")
    cli.reporter(parsed("--quiet"))("not said")
    assert capsys.readouterr().out == "said\n"


def raising(error: BaseException):
    def main():
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (InputError("data: found\nnothing  expected"), 1, "error: data: found nothing  expected\n"),
        (PictureError("undecodable"), 1, "error: undecodable\n"),
        (OSError(errno.ENOSPC, "x", "data/a"), 1, "error: data/a: the disk is full; free some space and run: "),
        (OSError(errno.ENOSPC, "x"), 1, "error: the disk is full; free some space and run: "),
        (OSError(errno.EACCES, "x", "data/a"), 1, "error: data/a: permission denied; choose another folder"),
        (KeyboardInterrupt(), 130, "interrupted: everything finished so far is kept; to go on, run: "),
    ],
)
def test_expected_failures_are_one_line(error, code, line, capsys):
    assert cli.run(raising(error)) == code
    told = capsys.readouterr().err
    assert told.startswith(line)
    assert told.count("\n") == 1


def test_success_and_mistakes_of_ours():
    assert cli.run(lambda: None) == 0
    with pytest.raises(ZeroDivisionError):
        cli.run(raising(ZeroDivisionError()))
    with pytest.raises(OSError):
        cli.run(raising(OSError(errno.EBUSY, "unheard of")))


def test_a_reader_that_goes_away_is_no_failure_worth_a_traceback():
    program = (
        "from demicouture import cli\ndef main():\n    while True: print('x' * 1000)\nraise SystemExit(cli.run(main))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=cli.HOUSE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(20) == 1
        assert process.stderr.read() == b""


def test_no_number_is_without_bound():
    with pytest.raises(argparse.ArgumentTypeError, match="expected a whole number, at least 1"):
        cli.integer(1)("1" + "0" * 20)


@pytest.mark.skipif(os.name == "nt", reason="there programs are not asked to end")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_request_to_end_does_what_ctrl_c_does(name):
    program = (
        "import os, signal, sys, time\nfrom demicouture import cli\n"
        f"signal.signal(signal.{name}, signal.SIG_DFL)\n"  # Whoever started the tests may have it ignored.
        f"def main():\n    os.kill(os.getpid(), signal.{name})\n    time.sleep(30)\nsys.exit(cli.run(main))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=cli.HOUSE, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.split(":")[0]) == (130, "interrupted")


def test_a_file_that_vanished_is_told_in_one_line():
    told = cli.expected_failure(FileNotFoundError(errno.ENOENT, "no such file", "a.jpg"))
    assert told.startswith("error: a.jpg: not found, or no longer there; put it back and run: ")
