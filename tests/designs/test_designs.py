import numpy as np
import planted
import pytest

from demicouture.designs.designs import design_name, own_pictures, read_designs, read_rows
from demicouture.errors import InputError
from demicouture.files import write_text
from demicouture.images import save_png
from demicouture.latents import sample_prior

WORDS = ["casual", "", "collection"]


@pytest.fixture
def folder(tmp_path):
    return planted.write_generated(tmp_path / "generated", sample_prior(3, seed=0), WORDS, [0.1, None, 0.9])


def test_designs_are_read_as_written(folder):
    designs = read_designs(folder)
    assert np.array_equal(designs.latents, sample_prior(3, seed=0))
    assert designs.labels == tuple(WORDS) and designs.poles == ("casual", "collection")
    assert np.array_equal(designs.scores, [0.1, np.nan, 0.9], equal_nan=True)
    assert not designs.by_person.any()
    assert designs.labelled("casual").tolist() == [True, False, False]
    assert [design_name(index) for index in (0, 12, 12345)] == [
        "design-0000.png",
        "design-0012.png",
        "design-12345.png",
    ]


def test_a_persons_label_counts_where_there_is_one(folder):
    planted.write_generated(folder, sample_prior(3, seed=0), ["collection", "casual", ""], judged=["casual", "", ""])
    designs = read_designs(folder)
    assert designs.labels == ("collection", "casual", "") and designs.judge_labels == ("casual", "", "")
    assert designs.by_person.tolist() == [True, True, False]
    # "none" is a label, too: neither pole.
    planted.write_generated(folder, sample_prior(3, seed=0), ["", "", "casual"], judged=["casual", "", "casual"])
    text = (folder / "labels.csv").read_text("utf-8-sig")
    assert "design-0000.png,casual,,none" in text
    for word in ("none", " None "):
        write_text(folder / "labels.csv", text.replace("none", word))
        designs = read_designs(folder)
        assert designs.labels == ("", "", "casual") and designs.by_person.tolist() == [True, False, False]


def test_an_old_table_is_refused_with_what_to_do(folder):
    write_text(
        folder / "labels.csv", "design,label,score,labelled_by,judge_label\ndesign-0000.png,casual,,judge,casual\n"
    )
    with pytest.raises(InputError, match=r"labels\.csv: made by an earlier version.*generate\.py --fresh.*your_label$"):
        read_designs(folder)


def test_rows_may_be_sorted_and_semicolons_may_stand_for_commas(folder):
    write_text(
        folder / "labels.csv",
        "\ufeffdesign;label;score\r\ndesign-0002.png; collection;0,9\r\n"
        "design-0000.png;casual;0,1\r\ndesign-0001.png;;\r\n;;\r\n",
    )
    designs = read_designs(folder)
    assert designs.labels == tuple(WORDS)
    assert np.array_equal(designs.scores, [0.1, np.nan, 0.9], equal_nan=True)


def test_another_file_may_leave_designs_out(folder, tmp_path):
    write_text(tmp_path / "sleeves.csv", "design,label\ndesign-0001.png,long\n")
    designs = read_designs(folder, tmp_path / "sleeves.csv")
    assert designs.labels == ("", "long", "") and designs.by_person.tolist() == [False, True, False]


def test_latents_and_labels_are_checked_against_each_other(folder):
    np.save(folder / "latents.npy", sample_prior(4, seed=0))
    with pytest.raises(InputError, match=r"found 3 rows, expected 4, .* latents\.npy; run: \S+ generate\.py$"):
        read_designs(folder)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("design-0000.png,,\ndesign-0001.png,,\ndesign-0003.png,,\n", r"labels 'design-0003\.png', which is no design"),
        ("design-0000.png,,\ndesign-0001.png,,\ndesign-0001.png,,\n", r"found two rows for design-0001\.png"),
        # One row too few or too many is no reason to say less of it.
        ("design-0000.png,,\ndesign-0003.png,,\n", r"labels 'design-0003\.png', which is no design"),
        ("".join(f"design-000{index}.png,,\n" for index in (0, 1, 2, 2)), r"found two rows for design-0002\.png"),
        ("design-0000.png,,\ndesign-0001.png,,\ndesign-0002.png,,much\n", r"score of design-0002\.png is 'much'"),
        ("design-0000.png,,\ndesign-0001.png,,\ndesign-0002.png,,1.5\n", r"score of design-0002\.png is '1\.5'"),
    ],
)
def test_rows_that_do_not_fit_are_named(folder, rows, message):
    write_text(folder / "labels.csv", "design,label,score\n" + rows)
    with pytest.raises(InputError, match=message):
        read_designs(folder)


def test_missing_files_are_named(folder, tmp_path):
    with pytest.raises(InputError, match=r"nowhere: not found, expected a folder with latents\.npy"):
        read_designs(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"none\.csv: not found, .* give another --labels"):
        read_designs(folder, tmp_path / "none.csv")
    (folder / "labels.csv").unlink()
    with pytest.raises(InputError, match=r"labels\.csv: not found, .* run: \S+ generate\.py"):
        read_designs(folder)
    (folder / "latents.npy").unlink()
    with pytest.raises(InputError, match=r"latents\.npy: not found"):
        read_designs(folder)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((3, 64), np.float32), r"found float32 of shape \(3, 64\)"),
        (np.zeros(100, np.float32), r"found float32 of shape \(100,\)"),
        (np.zeros((3, 100), np.int64), "found int64"),
        (np.full((3, 100), "x"), "found <U1"),
        (np.zeros((0, 100), np.float32), "found no latents"),
        (np.full((3, 100), np.nan, np.float32), "NaN or infinite"),
        (np.full((3, 100), 1.5, np.float32), r"found values up to 1\.5, outside the cube"),
        (np.array([{"a": 1}] * 3), r"damaged \(ValueError: Python objects, expected numbers\)"),
    ],
)
def test_other_arrays_are_refused(folder, array, message):
    np.save(folder / "latents.npy", array)
    with pytest.raises(InputError, match=message):
        read_designs(folder)


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00v\x00{'descr'", b"PK\x03\x04"])
def test_damaged_latents_are_refused(folder, content):
    (folder / "latents.npy").write_bytes(content)
    with pytest.raises(InputError, match=r"latents\.npy: damaged \(ValueError.*run: \S+ generate\.py$"):
        read_designs(folder)


def test_several_arrays_are_refused(folder):
    with open(folder / "latents.npy", "wb") as file:
        np.savez(file, a=np.zeros(1))
    with pytest.raises(InputError, match="damaged"):
        read_designs(folder)


def test_designs_keep_their_own_pictures_if_the_generator_is_theirs(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 250, (3, 16, 16, 3), dtype=np.uint8)
    for index in (4, 6):
        save_png(tmp_path / design_name(index), pictures[index - 4])
    rendered = pictures.copy()
    rendered[0, 0, 0] += 1  # Another machine's rounding.
    assert np.array_equal(own_pictures(tmp_path, [4, 5, 6], rendered), pictures)
    with pytest.raises(InputError, match=r"design-0004\.png: differs from what the generator makes"):
        own_pictures(tmp_path, [4], pictures[1:2])
    with pytest.raises(InputError, match="the generator has changed since"):
        own_pictures(tmp_path, [4], pictures[:1, :8, :8])
    (tmp_path / design_name(4)).write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"design-0004\.png: undecodable; remove it"):
        own_pictures(tmp_path, [4], pictures[:1])


@pytest.mark.parametrize("named", ["2", "0002", "2.0", "design-2", "Design-0002", "design-0002.png", " design-02.PNG"])
def test_designs_are_named_as_people_name_them(named, tmp_path):
    path = tmp_path / "sleeves.csv"
    path.write_text(f"Design;Label\n{named};long\n0;short\n;\n", encoding="utf-16")
    rows = read_rows(path, ["design", "label"], 3)
    assert {name: row["label"] for name, row in rows.items()} == {"design-0002.png": "long", "design-0000.png": "short"}
    assert all(row["design"] == name for name, row in rows.items())


@pytest.mark.parametrize("named", ["3", "design-0003.png", "-1", "two", "2.5", "design-0002.jpg"])
def test_other_names_are_refused(named, tmp_path):
    path = tmp_path / "sleeves.csv"
    path.write_text(f"design,label\n{named},long\n")
    with pytest.raises(InputError, match=f"labels '{named}', which is no design here, expected design-0000.png to"):
        read_rows(path, ["design", "label"], 3)
