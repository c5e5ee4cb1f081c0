import os

import numpy as np
import pytest
from samples import write

from demicouture import files
from demicouture.errors import InputError


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
