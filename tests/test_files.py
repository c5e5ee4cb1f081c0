import os
from pathlib import Path

import numpy as np
import pytest
from samples import write

from demicouture import files
from demicouture.errors import InputError
from demicouture.files import ArraySpec


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    files.write_text(path, "old")
    with pytest.raises(RuntimeError), files.atomic_path(path) as partial:
        partial.write_text("half")
        assert path.read_text() == "old"
        raise RuntimeError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_partial_file_keeps_its_suffix_and_is_hidden(tmp_path):
    with files.atomic_path(tmp_path / "deep" / "picture.png") as partial:
        assert partial.suffix == ".png"
        assert partial.name.startswith(".")
        assert partial.parent == tmp_path / "deep"
        partial.write_bytes(b"x")
    assert (tmp_path / "deep" / "picture.png").read_bytes() == b"x"


def test_json_round_trip_and_refusals(tmp_path):
    path = tmp_path / "a.json"
    value = {"number": 0.1, "text": "服", "none": None, "list": [1, 2]}
    files.write_json(path, value)
    assert files.read_json(path) == value
    assert "服" in path.read_text("utf-8")
    with pytest.raises(ValueError):
        files.write_json(path, {"a": float("nan")})
    assert files.read_json(path) == value
    with pytest.raises(InputError, match="b.json: not found, expected a JSON file"):
        files.read_json(tmp_path / "b.json")
    for damage in (b'{"a": ', b"\xff\xfe"):
        with pytest.raises(InputError, match="not readable as JSON .* restore it, or add --fresh to start over"):
            files.read_json(write(path, damage))


def test_csv_round_trip(tmp_path):
    path = tmp_path / "a.csv"
    rows = [
        {"file": 'a "quoted", name\nand a line', "score": 1 / 3, "count": 3},
        {"file": "服;", "score": np.float32(0.5), "count": None},
    ]
    files.write_csv(path, ["file", "score", "count"], rows)
    assert path.read_bytes().startswith(b"\xef\xbb\xbffile,score,count\r\n")  # for Excel, a byte order mark
    found = files.read_csv(path, ["file", "score"])
    assert [row["file"] for row in found] == [row["file"] for row in rows]
    assert [float(row["score"]) for row in found] == [1 / 3, 0.5]
    assert [row["count"] for row in found] == ["3", ""]


@pytest.mark.parametrize(
    "content",
    [
        "file,label,note\r\na.png,casual,x\r\n",
        "\ufefffile,label,note\r\na.png,casual,x\r\n",
        "\ufefffile;label;note\r\na.png;casual;x\r\n",
        "file,label,note\na.png,casual,x",
        '"file","label","note"\n"a.png","casual","x"\n',
        "File,LABEL, Note \r\na.png,casual,x\r\n",  # somebody's capitals
        "file\tlabel\tnote\na.png\tcasual\tx\n",  # copied out of a spreadsheet
        "sep=;\r\nfile;label;note\r\na.png;casual;x\r\n",  # for Excel
        '"sep=\t"\nfile\tlabel\tnote\na.png\tcasual\tx\n',
        "file,label,note,,\r\na.png,casual,x,,\r\n,,,,\r\n,,,,\r\n",  # blank rows and columns at the end
        "\r\nfile;label;note;\r\n\r\na.png;casual;x;\r\n;;;\r\n",
        ",file,label,note\n0,a.png,casual,x\n",  # pandas, with its index
        "file,label,note\ra.png,casual,x\r",  # old line ends
    ],
)
def test_what_spreadsheets_write_is_understood(tmp_path, content):
    for encoding in ("utf-8", "utf-16"):  # Excel's "Unicode text" is the latter.
        path = write(
            tmp_path / "a.csv", content.removeprefix("\ufeff" if encoding == "utf-16" else "").encode(encoding)
        )
        assert files.read_csv(path, ["file", "label"]) == [{"file": "a.png", "label": "casual", "note": "x"}]


def test_decimal_commas_become_points_where_commas_divide_nothing(tmp_path):
    german = "file;score;your_box;note\r\na, b.png;0,25;48,0 20,0 310,0 282,0;1,5e-05\r\n"
    [row] = files.read_csv(write(tmp_path / "a.csv", german.encode()), ["file"])
    assert row == {"file": "a, b.png", "score": "0.25", "your_box": "48,0 20,0 310,0 282,0", "note": "1.5e-05"}
    [row] = files.read_csv(write(tmp_path / "b.csv", b'file,note\na,"1,5"\n'), ["file"])
    assert row["note"] == "1,5"


def test_excel_writes_no_divider_after_the_last_filled_field(tmp_path):
    path = write(tmp_path / "a.csv", b"design,label,your_label\r\na,casual\r\nb,casual,none\r\nc\r\n")
    assert [row["your_label"] for row in files.read_csv(path, ["design"])] == ["", "none", ""]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "a.csv: not found, expected a CSV file with the columns file, label"),
        (b"file,l\xe9bel\n", "a.csv: not UTF-8; save it again as CSV in UTF-8"),
        (b"", "found the columns none, expected also file, label; restore the first line"),
        (b"file,name\n", "found the columns file, name, expected also label"),
        (b"file,label\na,b,c,d\n", "a.csv: row 2 has 4 fields, expected 2; mend it or remove it"),
        (b"file,label\na,b\n\nc,d,,e\n", "a.csv: row 4 has 4 fields, expected 2"),
        (b"file,label,Label \na,b,c\n", "found two columns called label, expected one; remove the wrong one"),
        (b"\xff\xfef", "a.csv: not UTF-8; save it again as CSV in UTF-8"),
        (b'file,label\n"a,b\n', "not readable as CSV"),
    ],
)
def test_damaged_csv_is_told_in_one_line(tmp_path, content, message):
    path = tmp_path / "a.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        files.read_csv(path, ["file", "label"])


def test_hashes(tmp_path):
    # SHA-256 of "abc": the first example of FIPS 180-2.
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    one, two = write(tmp_path / "b" / "one", b"abc"), write(tmp_path / "a", b"")
    assert files.sha256(b"abc") == files.hash_file(one) == known
    nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    both = files.sha256(f"a\0{nothing}\nb/one\0{known}\n".encode())
    assert files.hash_files([one, two], tmp_path) == files.hash_files([two, one], tmp_path) == both
    one.rename(tmp_path / "b" / "two")
    assert files.hash_files([tmp_path / "b" / "two", two], tmp_path) != both


def test_json_nested_too_deep_is_told_and_so_are_numbers_that_are_none(tmp_path):
    for content in ("[" * 200_000, '{"a": NaN}', '{"a": -Infinity}'):
        (tmp_path / "a.json").write_text(content)
        with pytest.raises(InputError, match=r"a\.json: not readable as JSON \((nested too deep|.*is no JSON)\)"):
            files.read_json(tmp_path / "a.json")


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="this system has no file without an end")
def test_a_file_without_an_end_is_refused_before_it_takes_all_memory():
    with pytest.raises(InputError, match="/dev/zero: over 1 MB, expected less"):
        files.read_bounded(Path("/dev/zero"), 1_000_000)
    with pytest.raises(InputError, match="/dev/zero: over 268 MB"):
        files.read_csv(Path("/dev/zero"), ["pole"])


def test_a_record_is_known_to_be_whole_by_its_seal(tmp_path):
    path, record = tmp_path / "a.json", {"of": {1: 0.1, 10: 2, 2: None}, "files": ("b", "a"), "name": "×家"}
    files.write_record(path, record)
    assert files.read_record(path, "of") == {"of": {"1": 0.1, "10": 2, "2": None}, "files": ["b", "a"], "name": "×家"}
    sealed = path.read_text("utf-8")
    for changed in (sealed.replace("0.1", '"many"'), sealed.replace("null", "3"), sealed.replace('"a"', '"c"')):
        path.write_text(changed, "utf-8")
        with pytest.raises(InputError, match=r"a\.json: changed since it was written; restore it, or add --fresh"):
            files.read_record(path, "of")
    files.write_json(path, {"of": 1})  # A person's, or an earlier version's, has none.
    assert files.read_record(path, "of") == {"of": 1}


@pytest.mark.skipif(os.name == "nt", reason="there all names are letters")
def test_a_name_that_is_no_unicode_is_written_to_json_and_read_again(tmp_path):
    name = os.fsdecode(b"caf\xe9")
    files.write_json(tmp_path / "a.json", {"name": name})
    assert files.read_json(tmp_path / "a.json") == {"name": name}


SPECS = {
    "codes": ArraySpec(float, ("rows", 3), -1, 1),
    "labels": ArraySpec(int, ("rows",), 0, 1),
    "names": ArraySpec(str, ("rows",)),
    "intercept": ArraySpec(float),
}
WHOLE = {
    "codes": np.full((2, 3), 0.5, np.float32),
    "labels": np.array([0, 1]),
    "names": np.array(["a", "b"]),
    "intercept": np.float64(7),
}


def test_arrays_come_back_as_they_were(tmp_path):
    files.write_arrays(tmp_path / "a.npz", **WHOLE)
    found = files.read_arrays(tmp_path / "a.npz", SPECS)
    assert all(np.array_equal(array, WHOLE[name]) for name, array in zip(SPECS, found, strict=True))
    files.write_array(tmp_path / "a.npy", WHOLE["codes"])
    assert np.array_equal(files.read_array(tmp_path / "a.npy"), WHOLE["codes"])


@pytest.mark.parametrize(
    ("name", "array", "found"),
    [
        ("codes", np.full((2, 3), np.nan, np.float32), "values that are NaN or infinite"),
        ("codes", np.full((2, 3), np.inf), "values that are NaN or infinite"),
        ("codes", np.full((2, 3), 1.5), "values from 1.5 to 1.5, expected -1 to 1"),
        ("codes", np.zeros((2, 4)), r"float64 of shape \(2, 4\), expected float of shape \(2, 3\)"),
        ("codes", np.zeros((2, 3), int), r"int64 of shape \(2, 3\), expected float"),
        ("labels", np.zeros(3, int), r"int64 of shape \(3,\), expected int of shape \(2\)"),
        ("labels", np.array([0, 2]), "values from 0 to 2, expected 0 to 1"),
        ("names", np.zeros(2), r"float64 of shape \(2,\), expected str"),
        ("intercept", np.zeros(1), r"float64 of shape \(1,\), expected float of shape \(\)"),
        ("intercept", np.float64("nan"), "values that are NaN"),
    ],
)
def test_arrays_that_are_none_of_the_kind_are_refused(tmp_path, name, array, found):
    files.write_arrays(tmp_path / "a.npz", **{**WHOLE, name: array})
    with pytest.raises(InputError, match=rf"a\.npz: found for {name} {found}.*; remove it"):
        files.read_arrays(tmp_path / "a.npz", SPECS)


def test_any_changed_byte_of_arrays_is_told_in_one_line_or_changes_no_number(tmp_path):
    files.write_arrays(tmp_path / "a.npz", **WHOLE)
    files.write_array(tmp_path / "a.npy", WHOLE["codes"])
    whole = {name: (tmp_path / name).read_bytes() for name in ("a.npz", "a.npy")}
    for name, content in whole.items():
        for place in range(0, len(content), 3 if name == "a.npz" else 1):
            (tmp_path / name).write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
            try:
                if name == "a.npz":
                    found = files.read_arrays(tmp_path / name, SPECS)
                    assert all(np.array_equal(array, WHOLE[key]) for key, array in zip(SPECS, found, strict=True))
                else:
                    files.read_array(tmp_path / name)
            except InputError as error:
                assert name in str(error)


def test_a_header_that_promises_more_than_there_is_takes_no_memory(tmp_path):
    path = tmp_path / "a.npy"
    files.write_array(path, np.zeros((999, 100), np.float32))
    path.write_bytes(path.read_bytes().replace(b"(999, 100), }      ", b"(999999999, 100), }"))
    with pytest.raises(InputError, match="a header for 399,999,999,600 bytes of numbers, and 399,600 bytes"):
        files.read_array(path)


def test_an_archive_that_unpacks_to_many_times_its_size_is_refused(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", codes=np.zeros((6_000_000, 3), np.float32))
    with pytest.raises(InputError, match="bytes that would unpack to 72,000,"):
        files.read_arrays(tmp_path / "a.npz", SPECS)


def test_nothing_is_written_where_a_guarded_folder_was_moved_or_replaced(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    files.guard(folder)
    try:
        files.write_text(folder / "deep" / "a", "1")
        folder.rename(tmp_path / "elsewhere")
        for place in (folder / "b", folder / "deep" / "b"):
            with pytest.raises(InputError, match="run: no longer there .*put it back"):
                files.write_text(place, "2")
        assert os.listdir(tmp_path) == ["elsewhere"]
        folder.mkdir()
        with pytest.raises(InputError, match="no longer there"):
            files.write_text(folder / "b", "2")
        folder.rmdir()
        (tmp_path / "elsewhere").rename(folder)
        files.write_text(folder / "b", "2")
        with pytest.raises(InputError, match="no longer there"), files.atomic_path(folder / "c") as partial:
            folder.rename(tmp_path / "elsewhere")
            partial.write_text("lost")
    finally:
        files.release(folder)
    files.write_text(folder / "a", "not guarded any more")
