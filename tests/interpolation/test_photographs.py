import numpy as np
import pytest

from demicouture.boundary.hyperplane import Hyperplane
from demicouture.dcgan.encodings import Encodings
from demicouture.errors import InputError
from demicouture.images import save_png
from demicouture.interpolation.photographs import Photographs, read_photographs
from demicouture.latents import LATENT_DIM, sample_prior

PLANE = Hyperplane(np.eye(LATENT_DIM)[0], 0.0)


@pytest.fixture
def encodings(tmp_path):
    """Four photographs of each pole, of which the first two of each come back best, in a data set of the same."""
    codes = sample_prior(8, 5)
    codes[:, 0] = [-0.9, -0.1, -0.8, -0.7, 0.1, 0.9, 0.8, 0.7]
    files = [f"{pole}/{letter}.png" for pole in ("casual", "collection") for letter in "abcd"]
    for number, file in enumerate(files):
        save_png(tmp_path / "data" / file, np.full((8, 8, 3), number, np.uint8))
    labels, errors = np.repeat([0, 1], 4), np.array([1, 2, 3, 4] * 2, np.float32)
    return Encodings(codes, errors, labels, labels > 1, tuple(files), ("casual", "collection"), "data", "generator")


@pytest.fixture
def photographs(encodings, tmp_path):
    return Photographs(encodings, tmp_path / "data")


def test_a_photograph_is_named_by_its_number_or_its_file(photographs):
    assert [photographs.name(row) for row in (0, 3, 4, 7)] == ["casual:0", "casual:3", "collection:0", "collection:3"]
    assert photographs.find("--a", "collection", "1") == (5,)
    assert photographs.find("--a", "collection", "d.png") == photographs.find("--a", "collection", "d") == (7,)
    assert photographs.find("--a", "casual", "2,0") == (2, 0)


@pytest.mark.parametrize(
    ("pole", "which", "message"),
    [
        ("cotton", "1", "--a cotton:1: found no pole cotton, expected a photograph such as casual:12 or collection:12"),
        ("casual", "4", "--a casual:4: found 4 photographs, expected a number from 0 to 3, or a file's name in "),
        ("casual", "z.png", "--a casual:z.png: found 4 photographs"),
        ("casual", "1,1", "--a casual:1,1: names a photograph twice"),
    ],
)
def test_what_is_no_photograph_is_refused(photographs, pole, which, message):
    with pytest.raises(InputError, match=f"^{message}"):
        photographs.find("--a", pole, which)


def test_those_are_shown_that_come_back_well_and_are_clearly_of_their_pole(photographs, tmp_path):
    assert sorted(photographs.best(0, None)) == [0, 1]
    assert photographs.best(0, PLANE) == [0]
    assert photographs.best(1, PLANE) == [5]
    # Where the plane has none of them on its side, it does not count; what is gone does not either.
    assert sorted(photographs.best(1, Hyperplane(PLANE.normal, -2.0))) == [4, 5]
    (tmp_path / "data/casual/a.png").unlink()
    assert 0 not in Photographs(photographs.encodings, tmp_path / "data").best(0, None)


def test_the_seed_draws_their_order(encodings, tmp_path):
    orders = {tuple(Photographs(encodings, tmp_path / "data", seed).best(0, None)) for seed in range(20)}
    assert orders == {(0, 1), (1, 0)}


def test_a_photograph_is_as_large_as_the_designs_and_a_missing_one_is_none(photographs, tmp_path):
    assert np.array_equal(photographs.picture(3, 4), np.full((4, 4, 3), 3, np.uint8))
    (tmp_path / "data/casual/a.png").unlink()
    assert photographs.picture(0, 4) is None


def test_sheets_show_all_with_their_numbers(photographs):
    sheets = photographs.sheets(8)
    assert list(sheets) == ["photographs-casual.png", "photographs-collection.png"]
    shown = np.asarray(sheets["photographs-collection.png"])
    for number in range(4, 8):
        assert np.all(shown == number, axis=2).sum() >= 64


def test_photographs_of_another_generator_or_data_set_are_left_out(encodings, tmp_path):
    training, data = tmp_path / "training", tmp_path / "data"
    assert read_photographs(training, data, "generator", 0, None) == (None, "")
    with pytest.raises(InputError, match=r"--from photographs: found no photographs .*encodings\.npz not found"):
        read_photographs(training, data, "generator", 0, "photographs")
    training.mkdir()
    encodings.save(training)
    found, reason = read_photographs(training, data, "generator", 3, None)
    assert reason == "" and found.seed == 3 and found.encodings.files == encodings.files
    assert read_photographs(training, data, "generator", 0, "designs") == (None, "")
    found, reason = read_photographs(training, data, "another", 0, None)
    assert found is None and "encodings.npz: codes for another generator than " in reason
    assert "generator.keras, so photographs are left out; run: " in reason
    found, reason = read_photographs(training, tmp_path / "nowhere", "generator", 0, None)
    assert found is None and "so photographs are left out; give --data" in reason
