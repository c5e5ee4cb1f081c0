import numpy as np
import pytest
from PIL import Image, ImageDraw

from demicouture.errors import InputError
from demicouture.files import write_json
from demicouture.images import save_png
from demicouture.interpolation.photo_input import correlation, read_photograph
from demicouture.preprocessing.segmentation import PLAIN


@pytest.fixture(autouse=True)
def no_models(monkeypatch, tmp_path):
    monkeypatch.setenv("DEMICOUTURE_MODELS", str(tmp_path / "no-models"))


@pytest.fixture
def shirt(tmp_path):
    """A red shirt on a green wall, to the right of the middle."""
    image = Image.new("RGB", (300, 200), (40, 120, 60))
    ImageDraw.Draw(image).rectangle((150, 50, 250, 150), (200, 30, 30))
    image.save(tmp_path / "shirt.png")
    return tmp_path / "shirt.png"


def test_a_square_of_the_generators_size_is_taken_as_it_is(tmp_path):
    pixels = np.arange(32, dtype=np.uint8)[:, np.newaxis, np.newaxis] * np.full((32, 32, 3), 8, np.uint8)
    save_png(tmp_path / "a.png", pixels)
    assert np.array_equal(read_photograph("--a", tmp_path / "a.png", 32, tmp_path), pixels)


def test_a_photograph_is_cut_out_and_its_ground_taken_away_as_the_data_sets_was(shirt, tmp_path):
    found = read_photograph("--a", shirt, 32, tmp_path)
    assert found.shape == (32, 32, 3)
    assert found[16, 16] == pytest.approx([200, 30, 30], abs=12)
    assert found[0, 0] == pytest.approx(PLAIN, abs=3)
    write_json(tmp_path / "options.json", {"script": "preprocess.py", "options": {"background": "keep"}})
    kept = read_photograph("--a", shirt, 32, tmp_path)
    assert kept[16, 16] == pytest.approx([200, 30, 30], abs=12)
    assert kept[0, 0] == pytest.approx([40, 120, 60], abs=12)


def test_noise_is_refused_at_any_size(tmp_path):
    random = np.random.default_rng(0)
    for height, width in ((32, 32), (500, 600)):
        save_png(tmp_path / "noise.png", random.integers(0, 256, (height, width, 3), dtype=np.uint8))
        with pytest.raises(InputError, match="--b .*noise.png: shows nothing but noise"):
            read_photograph("--b", tmp_path / "noise.png", 32, tmp_path)


def test_correlation_by_hand():
    assert correlation(np.full((4, 4, 3), 9, np.uint8)) == 1
    # Stripes: each pixel is unlike its right neighbour and like its lower one.
    stripes = np.tile(np.array([0, 200], np.uint8)[:, np.newaxis].repeat(3, 1), (4, 4, 1))
    assert correlation(stripes) == pytest.approx(-1, abs=0.2)
    ramp = np.arange(16, dtype=np.uint8)[:, np.newaxis] * np.ones((16, 16, 3), np.uint8)[:, :, :1]
    assert correlation(ramp.repeat(3, 2)) > 0.9


def test_what_is_no_picture_is_refused(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match="--a .*a.jpg: undecodable; expected a photograph, or numbers of designs"):
        read_photograph("--a", tmp_path / "a.jpg", 32, tmp_path)
