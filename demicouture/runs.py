"""Output folders: what made them, whether they are up to date, and who is at work on them.

Each script writes one folder, and each folder follows the same protocol::

    with open_run(folder, "generate.py", options, fresh=args.fresh) as run:   # locks it; refuses other options
        if run.is_current(inputs):                                             # nothing to do
            return
        ...                                                                    # read and check every input
        run.begin()                                                            # options.json; no summary.json any more
        ...                                                                    # write results, each atomically
        run.finish(inputs, files, results)                                     # summary.json, written last

``options.json`` holds ``script, options, versions, flags``: what the folder was begun with. ``summary.json`` holds
``script, options, versions, inputs, files, results`` and a seal: where it is missing, or was changed, the folder is
unfinished. Until :meth:`RunFolder.begin` nothing in the folder is touched, so a wrong flag or a damaged input costs
nothing that lies there finished.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import filelock

import demicouture
from demicouture.commands import HOUSE, command
from demicouture.errors import InputError, OptionsError
from demicouture.files import PARTIAL_NAME, guard, read_record, release, write_json, write_record
from demicouture.language import _

RECORDED_PACKAGES = (
    "keras",
    "tensorflow",
    "jax",
    "numpy",
    "pillow",
    "opencv-python-headless",
    "scikit-learn",
)

HELD_SECONDS = 0.5
"""For so long a script waits for a folder: a page takes it for some milliseconds at a time."""

SUMMARY_KEYS = ("script", "options", "versions", "inputs", "files", "results")


def read_summary(path: Path) -> dict[str, Any]:
    """Returns the summary of a finished run.

    Raises:
        InputError: It is missing, damaged, or was changed since.
    """
    summary = read_record(path, *SUMMARY_KEYS)
    kinds = {"script": str, "options": dict, "versions": dict, "inputs": dict, "files": list, "results": dict}
    for key, kind in kinds.items():
        if not isinstance(summary[key], kind):
            raise InputError(
                _("{path}: found {value!r:.40} for {key}; restore it, or add --fresh to start over").format(
                    path=path, value=summary[key], key=key
                )
            )
    return summary


class RunFolder:
    """An output folder that this process alone works on; made by :func:`open_run`.

    Attributes:
        path: The folder.
        script: The file name of the script that writes it.
        options: All that decides the result.
        before: The options that the folder was made with; {} where it is new, or is to be begun anew.
        name: Tells several results in one folder apart: ``summary-<name>.json``; "" for the only one.
    """

    def __init__(
        self,
        path: Path,
        script: str,
        options: Mapping[str, Any],
        before: Mapping[str, Any],
        *,
        fresh: bool,
        name: str = "",
        flags: Sequence[Sequence[str]] = (),
        report: Callable[[str], None] = print,
    ) -> None:
        """See :func:`open_run`, which has checked all this."""
        self.path, self.script, self.options, self.before = path, script, dict(options), dict(before)
        self.name, self._flags, self._fresh, self._report = name, flags, fresh, report

    @property
    def summary_path(self) -> Path:
        """``summary.json``, or ``summary-<name>.json``."""
        return self.path / (f"summary-{self.name}.json" if self.name else "summary.json")

    def read_summary(self) -> dict[str, Any] | None:
        """Returns the summary of the last run that was finished here, or None: unfinished, or to be begun anew."""
        try:
            return None if self._fresh else read_summary(self.summary_path)
        except InputError:
            return None  # None, or none of this kind: the work is done again.

    def is_current(self, inputs: Mapping[str, Any]) -> bool:
        """Returns whether the folder holds everything that :meth:`finish` recorded, for these options and inputs."""
        summary = self.read_summary()
        return (
            summary is not None
            and summary["options"] == self.options
            and summary["inputs"] == dict(inputs)
            and all((self.path / name).exists() for name in summary["files"])
        )

    def begin(self) -> Path | None:
        """Makes the folder, or moves the old one aside under --fresh; from here on it is unfinished.

        Returns:
            Where the old folder is now, if it was moved aside.

        Raises:
            OptionsError: The folder cannot be made.
        """
        aside = move_aside(self.path) if self._fresh else None
        if aside:
            self._report(_("{path}: starting over; the old folder is now {aside}").format(path=self.path, aside=aside))
        self._fresh = False
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except FileNotFoundError:  # although parents are made: in /proc, say
            raise OptionsError(_("{path}: cannot be made; choose another --output").format(path=self.path)) from None
        guard(self.path)
        # The folder is ours, and so is the lock: what is half-written here was left by a run that was killed.
        for leftover in self.path.rglob(".*"):
            if PARTIAL_NAME.fullmatch(leftover.name) and leftover.is_file():
                leftover.unlink()
        if self.before != self.options:  # Else the versions in there are those that began the work.
            record = {"script": self.script, "options": self.options, "versions": versions(), "flags": self._flags}
            write_json(self.path / "options.json", record)
            self.before = self.options
        self.summary_path.unlink(missing_ok=True)
        return aside

    def finish(self, inputs: Mapping[str, Any], files: Iterable[str], results: Mapping[str, Any]) -> None:
        """Writes ``summary.json``, the last file of a run.

        Args:
            inputs: What was read: the SHA-256 of each file or folder by its name; None for one that may be missing, and
                was.
            files: The names of the files without which the folder is not whole, below it, with slashes.
            results: What else the next script or a person may want to know.
        """
        made_by = {"script": self.script, "options": self.options, "versions": versions()}
        summary = {**made_by, "inputs": dict(inputs), "files": sorted(files), "results": dict(results)}
        write_record(self.summary_path, summary)


@contextlib.contextmanager
def open_run(
    folder: Path,
    script: str,
    options: Mapping[str, Any],
    *,
    extendable: Sequence[str] = (),
    shared_with_people: bool = False,
    fresh: bool = False,
    name: str = "",
    flags: Sequence[Sequence[str]] = (),
    report: Callable[[str], None] = print,
) -> Iterator[RunFolder]:
    """Takes an output folder for this process, and checks that it was made with the same options.

    Nothing in the folder is touched before :meth:`RunFolder.begin`.

    Args:
        folder: The output folder.
        script: The file name of the script that writes it.
        options: All that decides the result, JSON values only.
        extendable: Numbers that may be raised from run to run.
        shared_with_people: Whether people put files of their own in here before the script ever ran.
        fresh: Whether to begin anew, whatever made the folder; the old one is moved aside.
        name: Tells several results in one folder apart.
        flags: The options that the command line names, as it does, for the commands that messages name.
        report: Prints a message.

    Raises:
        InputError: The folder's ``options.json`` is damaged.
        OptionsError: Another script is at work on the folder, or it was made by another script, or with other options,
            which are named.
    """
    if folder.exists() and not folder.is_dir():
        raise OptionsError(_("{folder}: a file, expected a folder; choose another --output").format(folder=folder))
    if fresh:
        _refuse_to_move(folder, script)
    with _lock(folder, script):
        before: dict[str, Any] = {}
        if not fresh and (folder / "options.json").exists():
            record = read_options(folder)
            if record["script"] != script:
                raise OptionsError(
                    _("{folder}: made by {maker}, not by {script}; choose another --output").format(
                        folder=folder, maker=record["script"], script=script
                    )
                )
            before = record["options"]
            _refuse_differences(folder, before, options, extendable, script if "flags" in record else None)
        elif not fresh and not shared_with_people and folder.exists() and any(folder.iterdir()):
            raise OptionsError(_describe_strangers(folder, script))
        try:
            yield RunFolder(folder, script, options, before, fresh=fresh, name=name, flags=flags, report=report)
        finally:
            release(folder)


def _describe_strangers(folder: Path, script: str) -> str:
    return _("{folder}: holds files that {script} did not make (no options.json); choose another --output").format(
        folder=folder, script=script
    )


def _refuse_to_move(folder: Path, script: str) -> None:
    """Refuses to move aside what no script made, and what holds more than a result: the folder one is in, say."""
    real = Path(os.path.realpath(folder))
    for place in (Path.cwd(), Path.home() if "HOME" in os.environ else HOUSE, HOUSE):
        if real == place or real in place.parents:
            raise OptionsError(
                _("{folder}: {place} lies in it, so --fresh does not move it aside; choose another --output").format(
                    folder=folder, place=place
                )
            )
    if folder.exists() and not (folder / "options.json").exists() and any(folder.iterdir()):
        raise OptionsError(_describe_strangers(folder, script))


def folder_beside(folder: Path, script: str, options: Mapping[str, Any], name: str, fresh: bool = False) -> Path:
    """Returns a folder for a result with these options: the one asked for, or one beside it.

    Args:
        folder: The output folder asked for.
        script: The file name of the script that writes it.
        options: All that decides the result.
        name: What the result is called where the folder holds another one of the same script.
        fresh: Whether to begin anew: where the result is already, or else in ``folder``, which is then moved aside.

    Returns:
        ``folder``, unless this script made it with other options; then ``<folder>-<name>``, or the first of
        ``<folder>-<name>-2``, -3 … that is free or was made with these.

    Raises:
        InputError: A folder's ``options.json`` is damaged.
    """

    def is_other(candidate: Path) -> bool:
        if not (candidate / "options.json").exists():
            return candidate != folder and candidate.exists()
        record = read_options(candidate)
        before = record["options"]
        same = all(before.get(key) == options.get(key) for key in {**before, **options})
        return not same and (record["script"] == script or candidate != folder)

    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    named = folder if folder.name not in ("", "..") else Path(os.path.abspath(folder))  # "." has no name.
    candidates = itertools.chain([folder], (named.with_name(f"{named.name}-{name}") for name in names))
    try:
        found = next(candidate for candidate in candidates if not is_other(candidate))
    except InputError:
        if not fresh:
            raise
        return folder
    return found if found.exists() or not fresh else folder


@contextlib.contextmanager
def _lock(folder: Path, script: str) -> Iterator[None]:
    lock_file, holder_file = _lock_files(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except (FileNotFoundError, FileExistsError, NotADirectoryError):
        raise OptionsError(_("{folder}: cannot be made; choose another --output").format(folder=folder)) from None
    # Who is at a page holds it for some milliseconds, see hold().
    lock = filelock.FileLock(lock_file, timeout=HELD_SECONDS)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise OptionsError(
            _("{folder}: {holder}; wait for its end, or choose another --output").format(
                folder=folder, holder=_describe_holder(holder_file)
            )
        ) from None
    try:
        write_json(holder_file, {"script": script, "process": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M")})
        yield
    finally:
        holder_file.unlink(missing_ok=True)
        lock.release()


def _lock_files(folder: Path) -> tuple[Path, Path]:
    # Beside the folder, not in it: --fresh moves the folder aside, and a person may remove it.
    folder = Path(os.path.abspath(folder))
    return folder.with_name(f".{folder.name}.lock"), folder.with_name(f".{folder.name}.holder.json")


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Takes a folder for the moment in which a person's choice is written there.

    Raises:
        OptionsError: A script is at work on the folder.
    """
    lock_file, holder_file = _lock_files(folder)
    lock = filelock.FileLock(lock_file, timeout=HELD_SECONDS)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise OptionsError(
            _("{folder}: {holder}; wait for its end").format(folder=folder, holder=_describe_holder(holder_file))
        ) from None
    try:
        yield
    finally:
        lock.release()


def _describe_holder(holder_file: Path) -> str:
    try:
        holder = read_record(holder_file, "script", "process", "since")
    except InputError:
        return _("another script is at work on it")  # It has not come to say who it is.
    return _("{script} (process {process}, since {since}) is at work on it").format(
        script=holder["script"], process=holder["process"], since=holder["since"]
    )


def read_options(folder: Path) -> dict[str, Any]:
    """Returns the content of ``options.json``: ``script``, ``options`` and ``versions``.

    Raises:
        InputError: The file is missing or damaged.
    """
    record = read_record(folder / "options.json", "script", "options")
    if not isinstance(record["options"], dict):
        raise InputError(
            _("{path}: found no options in it; restore it, or add --fresh to start over").format(
                path=folder / "options.json"
            )
        )
    return record


def _refuse_differences(
    folder: Path, before: Mapping[str, Any], now: Mapping[str, Any], extendable: Sequence[str], script: str | None
) -> None:
    def flag(name: str) -> str:
        return "--" + name.replace("_", "-")

    differences = [
        _("{flag} {before} (now {now})").format(flag=flag(name), before=before.get(name), now=now.get(name))
        for name in {**before, **now}
        if before.get(name) != now.get(name) and name not in extendable
    ]
    if differences:
        # An earlier version did not record the flags.
        mend = (
            _("to go on with these, run: {command}").format(command=command(script))
            if script
            else _("use the same options")
        )
        raise OptionsError(
            _("{folder}: made with {differences}; {mend}, or add --fresh to start over").format(
                folder=folder, differences=", ".join(differences), mend=mend
            )
        )
    for name in extendable:
        was, wanted = before.get(name), now.get(name)
        if isinstance(was, int | float) and wanted is not None and wanted < was:
            raise OptionsError(
                _(
                    "{folder}: made with {flag} {was} (now {wanted}, expected at least as many); use the same or "
                    "more, or add --fresh to start over"
                ).format(folder=folder, flag=flag(name), was=was, wanted=wanted)
            )


def versions() -> dict[str, str]:
    """Returns the versions that a result depends on, without importing anything heavy."""
    found = {"demicouture": demicouture.__version__, "python": platform.python_version()}
    for package in RECORDED_PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def move_aside(folder: Path) -> Path | None:
    """Renames ``folder`` to the first free ``<name>.old-<n>``; returns the new path, or None if there was none."""
    if not folder.exists():
        return None
    number = 1
    while (aside := folder.with_name(f"{folder.name}.old-{number}")).exists():
        number += 1
    folder.rename(aside)
    return aside
