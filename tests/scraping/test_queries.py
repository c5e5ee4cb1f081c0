from __future__ import annotations

import hashlib
import re
from collections import Counter

import pytest

from demicouture.cli import HOUSE
from demicouture.errors import InputError
from demicouture.scraping.queries import folder_name, read_queries
from demicouture.scraping.sources.wardrobe import garment_in

GARMENTS = ("cardigan", "fleece", "hoody", "jacket", "polo shirt", "shirt", "sweats", "T-shirt")


def test_the_seeds_plan_in_wordings_that_searches_can_give():
    queries = read_queries(HOUSE / "data/queries.csv")
    garments, houses = Counter(), Counter()
    for query in queries:
        if query.pole == "casual":
            garments[garment_in(query.text)] += query.wanted
        else:
            house = re.fullmatch(r"(.+?) (runway|catwalk|fashion week|fashion show|runway look)", query.text)[1]
            houses[house] += query.wanted
    assert garments == dict.fromkeys(GARMENTS, 500) and garments.total() == 4000
    assert set(houses.values()) == {200} and len(houses) == 50 and houses.total() == 10_000
    assert max(query.wanted for query in queries) * 4 <= 240  # Of what a search gives, three in four may be no use.
    folders = [query.folder for query in queries]
    assert len({folder.casefold() for folder in folders}) == len(folders)
    assert all(re.fullmatch(r"(casual|collection)/[\w-]{3,40}", folder) for folder in folders)


def test_the_plan_for_commons_is_of_categories():
    queries = read_queries(HOUSE / "data/queries-commons.csv")
    assert {query.pole for query in queries} == {"casual", "collection"}
    assert all(re.match('deepcategory:"|Category:', query.text) for query in queries)
    assert 'deepcategory:"Fashion shows in Paris"' in {query.text for query in queries}


def test_the_demonstrations_plan():
    queries = read_queries(HOUSE / "data/queries-demo.csv")
    casual = {query.text: query.wanted for query in queries if query.pole == "casual"}
    assert casual == dict.fromkeys(GARMENTS, 50)
    collection = {query.text: query.wanted for query in queries if query.pole == "collection"}
    # No fashion house: what is drawn must not be filed under its name.
    assert len(collection) == 8 and set(collection.values()) == {50}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("polo shirt", "polo-shirt"),
        ("T-shirt", "t-shirt"),
        ("Comme des Garçons", "comme-des-garçons"),
        ("山本耀司 ランウェイ", "山本耀司-ランウェイ"),
        ("ｆｕｌｌ　ｗｉｄｔｈ", "full-width"),
        ("../../etc/passwd", "etc-passwd"),
        ("a\\b:c*d?\0e", "a-b-c-d-e"),
        (".hidden.", "hidden"),
        ("CON", "con-query"),
        ("nul", "nul-query"),
        ("lpt1", "lpt1-query"),
        ("console", "console"),
        ("?!", "query-" + hashlib.sha256(b"?!").hexdigest()[:8]),
    ],
)
def test_folder_names(text, name):
    assert folder_name(text) == name


def test_folder_names_fit_the_file_system():
    assert len(folder_name("袖" * 500).encode()) <= 255


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pole,query\ncasual,shirt\n", "found the columns pole, query, expected also count"),
        ("pole,query,count\n", "found 0 poles (no rows), expected one or two"),
        ("pole,query,count\na,x,1\nb,x,1\nc,x,1\n", "found 3 poles (a, b, c), expected one or two"),
        ("pole,query,count\na,x,-5\n", "row 2: found the count '-5', expected a whole number from 1 to 999999"),
        ("pole,query,count\na,x,1\nb,y,0\n", "row 3: found the count '0', expected a whole number"),
        ("pole,query,count\na,x,many\n", "row 2: found the count 'many', expected a whole number"),
        ("pole,query,count\na,x,2.5\n", "row 2: found the count '2.5', expected a whole number"),
        ("pole,query,count\na,x,1\na,x,2\n", "row 3: found 'x' after 'x' for a, expected it once; remove one"),
        (
            "pole,query,count\na,T-shirt,1\na,t shirt,2\n",
            "row 3: found 't shirt' after 'T-shirt' for a, expected",
        ),
        ("pole,query,count\na, ,1\n", "row 2: found no query, expected words to search for"),
        ("pole,query,count\na,x\0y,1\n", r"row 2: found the query 'x\x00y', expected words without control"),
        ('pole,query,count\na,"x\ny",1\n', r"row 2: found the query 'x\ny', expected words without control"),
        ("pole,query,count\n../a,x,1\n", "row 2: found the pole '../a', expected a name for a folder: at most 200"),
        ("pole,query,count\n,x,1\n", "row 2: found the pole '', expected a name"),
    ],
)
def test_a_queries_file_that_does_not_fit_is_refused(tmp_path, text, message):
    file = tmp_path / "queries.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=re.escape(f"{file}: {message}")):
        read_queries(file)


@pytest.mark.parametrize(
    "pole",
    [
        ".",
        "..",
        ".hidden",
        "a/b",
        "a\\b",
        "C:a",
        "what?",
        "a\0b",
        "a\x1bb",
        "a\x9fb",
        "a.",
        "袖" * 67,
        "con",
        "NUL.x",
        "lpt1",
    ],
)
def test_a_pole_that_could_be_no_folder_is_refused(tmp_path, pole):
    (tmp_path / "queries.csv").write_text(f"pole,query,count\n{pole},shirt,1\ncouture,cape,1\n", "utf-8")
    with pytest.raises(InputError, match="row 2: found the pole .*, expected a name for a folder"):
        read_queries(tmp_path / "queries.csv")


def test_a_missing_queries_file_is_told(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.csv: not found, expected a CSV file with the columns pole, query"):
        read_queries(tmp_path / "nothing.csv")
