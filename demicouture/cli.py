"""What all six scripts share on the command line: flags, messages, and an expected failure in one line."""

from __future__ import annotations

import argparse
import errno
import math
import os
import re
import signal
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from demicouture import commands, console, runs
from demicouture.errors import DemicoutureError
from demicouture.language import _, break_lines, ngettext

HOUSE = commands.HOUSE

FOLDERS = commands.FOLDERS

# argparse looks its own words up by the two functions that it took from gettext, which ask for no domain of ours.
argparse._, argparse.ngettext = _, ngettext


MOST = 10**15
"""What no flag goes beyond, for which nothing else is said."""


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the docstring's line breaks and shows the range and the default of each flag that has one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        text = action.help or ""
        if wanted := getattr(action.type, "wanted", ""):
            text = _("{text}; {wanted}").format(text=text, wanted=wanted)
        hidden = action.default in (None, argparse.SUPPRESS) or isinstance(action.default, bool)
        return text if hidden or "%(default)" in text else _("{text} (default: %(default)s)").format(text=text)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return break_lines(text, width)


def manual(doc: str) -> str:
    """Returns a script's docstring as ``--help`` shows it: in the person's language, with commands to paste."""
    return commands.in_help("\n\n".join(map(_, doc.strip().split("\n\n"))))


def parser(doc: str, *, output: str, input: str | None = None, **further: tuple[str, str]) -> argparse.ArgumentParser:
    """Returns a parser with the flags that all scripts share.

    Args:
        doc: The script's module docstring; it becomes the manual that ``--help`` shows.
        output: The key in :data:`FOLDERS` of the folder that the script writes.
        input: The key of the folder that it reads, or None for a script that reads no folder.
        further: Flags for further folders that it reads: of each its key in :data:`FOLDERS`, and what it is for.
    """
    command_line = argparse.ArgumentParser(description=manual(doc), formatter_class=HelpFormatter, allow_abbrev=False)
    shared = command_line.add_argument_group(_("shared by all scripts"))
    shared.add_argument(
        "--home",
        type=Path,
        metavar="DIR",
        default=Path("."),
        help=_("the folder that holds data/ and outputs/; one for each project"),
    )
    if input:
        shared.add_argument(
            "--input",
            type=Path,
            metavar="DIR",
            help=_("the folder to read (default: HOME/{folder})").format(folder=FOLDERS[input]),
        )
    shared.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help=_("the folder to write (default: HOME/{folder})").format(folder=FOLDERS[output]),
    )
    for name, (key, purpose) in further.items():
        shared.add_argument(
            f"--{name}",
            type=Path,
            metavar="DIR",
            help=_("{purpose} (default: HOME/{folder})").format(purpose=purpose, folder=FOLDERS[key]),
        )
    shared.add_argument(
        "--seed",
        type=integer(0, 2**32 - 1),
        metavar="N",
        default=0,
        help=_("the same seed gives the same result"),
    )
    shared.add_argument(
        "--fresh", action="store_true", help=_("start over; the old folder is moved aside, not deleted")
    )
    shared.add_argument("--quiet", action="store_true", help=_("print nothing but errors"))
    keys = {"output": output} | ({"input": input} if input else {}) | {name: key for name, (key, _) in further.items()}
    command_line.set_defaults(folder_keys=keys)
    return command_line


def parse(command_line: argparse.ArgumentParser, argv: list[str] | None) -> argparse.Namespace:
    """Parses ``argv`` and fills in the folders that follow from ``--home``.

    ``args.output_given``, ``args.input_given`` and so on tell whether the next script finds these folders by itself.
    """
    args = command_line.parse_args(argv)
    given = {key: getattr(args, name) for name, key in args.folder_keys.items() if getattr(args, name) is not None}
    output = args.folder_keys["output"]
    script = next(name for name, flags in commands.FOLDER_FLAGS.items() if flags.get("output") == output)
    commands.remember(commands.Running(script, args.home, given, sys.argv[1:] if argv is None else argv))
    for name, key in args.folder_keys.items():
        setattr(args, f"{name}_given", key in given)
        setattr(args, name, given.get(key) or folder(args, key))
    return args


def give_folder(args: argparse.Namespace, name: str, path: Path) -> None:
    """Lets one of the folders be another one, as if the command line had named it."""
    setattr(args, name, path)
    setattr(args, f"{name}_given", True)
    commands.give(args.folder_keys[name], path)


def folder(args: argparse.Namespace, key: str) -> Path:
    """Returns the folder of the chain that ``key`` names, below ``--home``."""
    return args.home / FOLDERS[key]


def integer(minimum: int, maximum: int | None = None) -> Callable[[str], int]:
    """Returns an argparse type: a whole number from ``minimum`` to ``maximum``, both included."""
    return _number(int, _("a whole number"), minimum, maximum)


def number(minimum: float, maximum: float | None = None) -> Callable[[str], float]:
    """Returns an argparse type: a finite number from ``minimum`` to ``maximum``, both included."""
    return _number(float, _("a number"), minimum, maximum)


def _number(kind: type, noun: str, minimum: float, maximum: float | None) -> Callable[[str], float]:
    wanted = (
        _("{noun} from {minimum} to {maximum}").format(noun=noun, minimum=minimum, maximum=maximum)
        if maximum is not None
        else _("{noun}, at least {minimum}").format(noun=noun, minimum=minimum)
    )

    def convert(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        # Written so that nan, which compares false with everything, is refused too.
        if not (value <= (MOST if maximum is None else maximum) and minimum <= value):
            raise argparse.ArgumentTypeError(_("found {text!r}, expected {wanted}").format(text=text, wanted=wanted))
        return value

    convert.wanted = wanted
    return convert


def reporter(args: argparse.Namespace) -> Callable[[str], None]:
    """Returns a function that prints one message, or nothing under ``--quiet``; a progress bar makes room for it."""

    def report(message: str) -> None:
        if not args.quiet:
            with tqdm.external_write_mode():
                print(message, flush=True)

    return report


def open_output(
    args: argparse.Namespace,
    script: str,
    options: Mapping[str, Any],
    *,
    extendable: Sequence[str] = (),
    shared_with_people: bool = False,
    name: str = "",
) -> AbstractContextManager[runs.RunFolder]:
    """Takes a script's output folder for this process: :func:`demicouture.runs.open_run` with the shared flags."""
    how = {"extendable": extendable, "shared_with_people": shared_with_people, "name": name}
    flags = commands.typed_flags({*options, "preset"})  # which stands for several options
    return runs.open_run(args.output, script, options, **how, flags=flags, fresh=args.fresh, report=reporter(args))


def next_step(script: str, *words: object, without: Collection[str] = ()) -> str:
    """Returns the line that names what continues the chain: :func:`demicouture.commands.command`, ready to paste."""
    return _("next: {command}").format(command=commands.command(script, *words, without=without))


def run(main: Callable[[], None]) -> int:
    """Runs a script's ``main`` and returns its exit code.

    0 done, 1 an expected failure (told in one line), 130 interrupted. Wrong usage leaves with 2 from
    within argparse. Anything unexpected keeps its traceback.
    """
    console.open_streams()
    _listen_to_the_end()
    try:
        main()
    except KeyboardInterrupt:
        again = commands.same_command()
        print(
            _("interrupted: everything finished so far is kept; to go on, run: {again}").format(again=again),
            file=sys.stderr,
        )
        return 130
    except BrokenPipeError:
        # The reader of our output went away (a pipe into head, say); nothing is left to tell it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (DemicoutureError, OSError) as error:
        if (line := expected_failure(error)) is None:
            raise
        print(line, file=sys.stderr)
        return 1
    return 0


def _listen_to_the_end() -> None:
    """Lets a request to end, and the end of the terminal, do what Ctrl-C does; one that is ignored (nohup) stays so."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP.
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def expected_failure(error: Exception) -> str | None:
    """Returns the line that tells a person of a failure, or None for one that nobody expected."""
    if isinstance(error, DemicoutureError):
        return _("error: ") + re.sub(r"\s*\n\s*", " ", str(error))  # Two spaces may stand in a folder's name.
    if not isinstance(error, OSError):
        return None
    told = {
        "ENOSPC": _("the disk is full; free some space"),
        "EFBIG": _("a file cannot grow (a limit, or the disk is full); free some space"),
        "EDQUOT": _("the disk quota is used up; free some space"),
        "EIO": _("the disk does not answer as it should; look after it"),
        "ESTALE": _("the network disk is gone; mount it again"),
        "ENODEV": _("the disk is gone; mount it again"),
        "ENXIO": _("the disk is gone; mount it again"),
        "EACCES": _("permission denied; choose another folder or change its permissions"),
        "EROFS": _("the file system is read-only; choose another folder"),
        "ENOENT": _("not found, or no longer there; put it back"),
        "ENOTDIR": _("a file stands where a folder is expected; move it away"),
        "EISDIR": _("a folder stands where a file is expected; move it away"),
        "ENAMETOOLONG": _("the name is too long; choose a shorter one"),
        "EPERM": _("not permitted; choose another folder or change its permissions"),
    }.get(errno.errorcode.get(error.errno, ""))  # by name: Windows lacks some of them
    if told is None:
        return None
    place = f"{error.filename}: " if error.filename else ""  # a write that fails names no file
    return _("error: {place}{told} and run: {command}").format(place=place, told=told, command=commands.same_command())
