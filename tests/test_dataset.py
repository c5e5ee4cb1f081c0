from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from samples import encode, quarters, write

from demicouture.dataset import Dataset, find_poles, read_dataset
from demicouture.errors import InputError
from demicouture.files import hash_files


def png(colour: tuple[int, int, int], width: int = 64, height: int = 64) -> bytes:
    return encode(Image.new("RGB", (width, height), colour), "PNG")


@pytest.fixture
def folder(tmp_path):
    for pole, red in (("zen", 10), ("art", 200)):
        for name in ("b.png", "a.png"):
            write(tmp_path / pole / name, png((red, ord(name[0]), 0)))
    write(tmp_path / "decisions.csv", b"")
    write(tmp_path / ".hidden" / "x.png", b"")
    return tmp_path


def test_poles_are_sorted_and_files_too(folder):
    found = read_dataset(folder)
    assert found.poles == find_poles(folder, "x") == ("art", "zen")
    assert found.pictures.shape == (4, 64, 64, 3)
    assert found.pictures.dtype == np.uint8
    assert found.pictures[:, 0, 0].tolist() == [[200, 97, 0], [200, 98, 0], [10, 97, 0], [10, 98, 0]]
    assert found.labels.tolist() == [0, 0, 1, 1]
    assert [path.name for path in found.files] == ["a.png", "b.png", "a.png", "b.png"]
    assert found.sha256 == hash_files(found.files, folder)


def test_larger_pictures_are_reduced_and_smaller_ones_refused(folder):
    assert read_dataset(folder, 32).pictures.shape == (4, 32, 32, 3)
    with pytest.raises(InputError, match="found 64×64 pixels, expected a square of 96 or more; run: .* preproc"):
        read_dataset(folder, 96)
    write(folder / "zen" / "a.png", encode(Image.fromarray(quarters(128, 128)), "PNG"))
    assert read_dataset(folder).pictures.shape == (4, 64, 64, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no picture", r"a\.png: undecodable; remove it, or run: .* preprocess\.py"),
        (png((0, 0, 0), 64, 70), "found 64×70 pixels, expected a square of 64 or more"),
        (png((0, 0, 0), 48, 48), "found 48×48 pixels, expected a square of 64 or more"),
    ],
)
def test_pictures_that_do_not_fit_are_named(folder, content, message):
    write(folder / "zen" / "a.png", content)
    with pytest.raises(InputError, match=message):
        read_dataset(folder)


def test_folders_that_are_no_data_set(folder, tmp_path):
    with pytest.raises(InputError, match=r"nothing: not found, expected a folder .* run: \S+ scrape\.py"):
        find_poles(tmp_path / "nothing", "python scrape.py")
    with pytest.raises(InputError, match=r"zen: found no sub-folder, expected exactly two"):
        find_poles(folder / "zen", "python scrape.py")
    (folder / "third").mkdir()
    with pytest.raises(InputError, match=r"found 3 sub-folders \(art, third, zen\), .* move the others away"):
        find_poles(folder, "python scrape.py")
    (folder / "third").rmdir()
    (folder / "zen" / "b.png").unlink()
    with pytest.raises(InputError, match=r"zen: found 1 pictures, expected at least 2; run: \S+ preprocess\.py"):
        read_dataset(folder)


@pytest.mark.parametrize(
    ("casual", "collection", "withheld"),
    [
        (600, 400, (60, 40)),  # one in ten
        (200, 100, (33, 17)),  # at least 50
        (80, 40, (20, 10)),  # at most one in four
        (6, 2, (2, 1)),  # one of each pole, and one is left
    ],
)
def test_one_in_ten_is_withheld_of_each_pole_by_seed(casual, collection, withheld):
    labels = np.repeat([0, 1], [casual, collection])
    files = tuple(Path("data", pole, f"{number}.png") for number, pole in enumerate(np.array(["a", "b"])[labels]))
    dataset = Dataset(np.zeros((len(labels), 1, 1, 3), np.uint8), labels, ("a", "b"), files, "")
    chosen = dataset.choose_withheld(0)
    assert (chosen[labels == 0].sum(), chosen[labels == 1].sum()) == withheld
    assert np.array_equal(chosen, dataset.choose_withheld(0))
    if casual > 10:
        assert not np.array_equal(chosen, dataset.choose_withheld(1))
    assert dataset.names[0] == "a/0.png"
