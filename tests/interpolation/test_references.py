import json
import re
from pathlib import Path

import numpy as np
import pytest

from demicouture.errors import InputError
from demicouture.files import write_csv
from demicouture.interpolation.endpoints import Named, format_endpoint, parse_endpoint
from demicouture.interpolation.paths import prior_preserving_mean
from demicouture.interpolation.references import Reference, parse_reference, resolve
from demicouture.latents import sample_prior

LATENTS = sample_prior(6, 9)


@pytest.fixture
def folder(tmp_path):
    """A folder with a lookbook and a strip of six, and a board of two rows and three columns."""
    folder = tmp_path / "6-interpolation"
    folder.mkdir()
    for name in ("lookbook", "strip", "board"):
        np.save(folder / f"{name}.npy", LATENTS)
    rows = [{"strip": number // 3, "step": number % 3} for number in range(6)]
    write_csv(folder / "steps.csv", ["strip", "step"], rows)
    return folder


def look_up(text: str, *folders: Path) -> tuple[np.ndarray, str]:
    return resolve("--a", parse_reference(text), folders)


def test_what_a_person_may_write():
    assert parse_endpoint("17") == (17,)
    assert parse_endpoint("3,17") == (3, 17)
    assert parse_endpoint("lookbook:7") == Reference("lookbook", (7,))
    assert parse_endpoint("casual:123") == Named("casual", "123")  # A photograph of the data set.
    assert parse_reference("lookbook") is None
    assert parse_endpoint("outputs/6-board/board:2,3") == Reference("outputs/6-board/board", (2, 3))
    assert parse_endpoint("found-a.npy") == Reference("found-a.npy")
    assert parse_endpoint(r"C:\kept.JSON:3") == Reference(r"C:\kept.JSON", (3,))
    assert parse_endpoint("my-shirt.jpg") == Path("my-shirt.jpg")
    assert parse_endpoint(r"C:\my-shirt.jpg") == Path(r"C:\my-shirt.jpg")
    for text in ("lookbook:7", "kept.json:0,4", "found-a.npy"):
        assert format_endpoint(parse_endpoint(text)) == text


def test_numbers_are_those_of_the_sheets(folder):
    for text, row, name in (
        ("lookbook:1", 0, "design 1 of the lookbook"),
        ("lookbook:6", 5, "design 6 of the lookbook"),
        ("strip:0", 0, "step 0 of the strip"),
        ("board:1,2", 5, "design 1,2 of the board"),
        ("board:1,0", 3, "design 1,0 of the board"),
        (f"{folder}/board:0,1", 1, "design 0,1 of the board"),
        (f"{folder}/lookbook.npy:2", 2, "latent 2 of lookbook.npy"),
    ):
        latent, called = look_up(text, folder)
        assert np.array_equal(latent, LATENTS[row]) and called == name
        assert latent.dtype == np.float64
    latent, called = look_up("lookbook:1,3", folder)
    assert np.array_equal(latent, prior_preserving_mean(LATENTS[[0, 2]]))
    assert called == "the middle of designs 1, 3 of the lookbook"


def test_a_file_of_one_needs_no_number(tmp_path):
    np.save(tmp_path / "found-a.npy", LATENTS[:1])
    latent, called = look_up(str(tmp_path / "found-a.npy"))
    assert np.array_equal(latent, LATENTS[0]) and called == "found-a.npy"
    (tmp_path / "kept.json").write_text(json.dumps({"latents": LATENTS.astype(float).tolist()}))
    assert np.array_equal(look_up(f"{tmp_path}/kept.json:4")[0], LATENTS[4])
    with pytest.raises(InputError, match=r"kept\.json: holds 6 latents, expected one; name its number, such as .*:3"):
        look_up(f"{tmp_path}/kept.json")


def test_a_sheet_beside_the_usual_folder_is_found_if_it_is_the_only_one(folder, tmp_path):
    usual = tmp_path / "usual"
    folder.rename(tmp_path / "usual-pairs-2")
    assert np.array_equal(look_up("board:1,2", tmp_path / "nowhere", usual)[0], LATENTS[5])
    (tmp_path / "usual-pairs-9").mkdir()
    np.save(tmp_path / "usual-pairs-9/board.npy", LATENTS)
    with pytest.raises(InputError, match=r"found several, .*usual-pairs-2/board, .*usual-pairs-9/board; name one, suc"):
        look_up("board:1,2", usual)
    # The first choice comes before all others.
    usual.mkdir()
    np.save(usual / "lookbook.npy", LATENTS[::-1])
    assert np.array_equal(look_up("lookbook:1", usual, tmp_path / "usual-pairs-2")[0], LATENTS[5])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lookbook:0", "--a lookbook:0: found no number 0, expected 1 to 6"),
        ("lookbook:7", "--a lookbook:7: found no number 7, expected 1 to 6"),
        ("strip:6", "found no number 6, expected 0 to 5"),
        ("strip:1,1", "names 1 twice"),
        ("board:2,0", "the board has 2 rows and 3 columns, and both are counted from 0"),
        ("board:0,3", "the board has 2 rows and 3 columns"),
        ("board:1", "expected a row and a column as on the board, such as board:2,3"),
        ("nowhere.npy:3", "--a nowhere.npy: not found"),
    ],
)
def test_what_is_not_there_is_told(folder, text, message):
    with pytest.raises(InputError, match=re.escape(message)):
        look_up(text, folder)


def test_without_a_lookbook_there_is_a_way_to_one(tmp_path):
    with pytest.raises(InputError, match=r"found no lookbook\.npy in .*; make one: .*interpolate\.py"):
        look_up("lookbook:7", tmp_path / "a")
