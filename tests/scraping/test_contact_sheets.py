from __future__ import annotations

import numpy as np
from PIL import Image
from samples import encode, noise, write

from demicouture.scraping.contact_sheets import TILE_SIDE, query_sheet_path, write_query_sheets
from demicouture.scraping.queries import Query

SHIRT = Query("casual", "T-shirt", 100)


def counts(pole, query):
    return {"refused": {"timeout": 2, "HTTP 404": 1}}


def solid(colour):
    return encode(Image.new("RGB", (300, 200), colour), "PNG")


def sheet(folder, query=SHIRT):
    write_query_sheets(folder, [query], counts)
    with Image.open(query_sheet_path(folder, query)) as opened:
        return np.asarray(opened.convert("RGB"))


def test_a_sheet_shows_a_querys_pictures_whole(tmp_path):
    for name, colour in (("1.png", (200, 0, 0)), ("2.png", (0, 0, 200))):
        write(tmp_path / "casual/t-shirt" / name, solid(colour))
    write(tmp_path / "casual/t-shirt/3.jpg", b"damaged")
    assert query_sheet_path(tmp_path, SHIRT) == tmp_path / "casual.t-shirt.png"
    pixels = sheet(tmp_path)
    assert pixels.shape[1] == 4 * (TILE_SIDE + 3) + 3
    middle = pixels[-TILE_SIDE // 2 - 3]
    found = [tuple(int(value) for value in middle[3 + index * (TILE_SIDE + 3) + TILE_SIDE // 2]) for index in range(4)]
    assert found == [(200, 0, 0), (0, 0, 200), (236, 236, 236), (255, 255, 255)]


def test_a_title_that_the_font_has_no_letters_for_is_another_one(tmp_path):
    query = Query("casual", "𐀀", 1)
    write(tmp_path / "casual/𐀀/1.png", solid((9, 9, 9)))
    other = Query("casual", "𐀁", 1)
    write(tmp_path / "casual/𐀁/1.png", solid((9, 9, 9)))
    assert np.array_equal(sheet(tmp_path, query), sheet(tmp_path, other))


def test_of_many_some_are_shown_evenly_spread(tmp_path):
    for number in range(130):
        write(tmp_path / f"casual/t-shirt/{number:03}.png", encode(noise(number, 20, 20), "PNG"))
    assert sheet(tmp_path).shape[1] == 12 * (TILE_SIDE + 3) + 3


def test_a_sheet_that_is_there_stays_and_an_empty_query_gets_none(tmp_path):
    write(tmp_path / "casual/t-shirt/1.png", solid((9, 9, 9)))
    write(tmp_path / "casual.t-shirt.png", b"as it was")
    write_query_sheets(tmp_path, [SHIRT, Query("casual", "fleece", 1)], counts)
    assert query_sheet_path(tmp_path, SHIRT).read_bytes() == b"as it was"
    assert not query_sheet_path(tmp_path, Query("casual", "fleece", 1)).exists()


def test_no_two_queries_share_a_sheet_and_every_name_fits(tmp_path):
    queries = [Query("a", "b c", 1), Query("a.b", "c", 1), Query("a-b", "c", 1), Query("袖" * 66, "服" * 80, 1)]
    names = {query_sheet_path(tmp_path, query).name for query in queries}
    assert len(names) == 4 and all(len(name.encode()) <= 250 for name in names)
