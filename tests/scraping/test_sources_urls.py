from __future__ import annotations

import re
import sys
from types import SimpleNamespace

import pytest

from demicouture.errors import InputError
from demicouture.scraping.sources.urls import Urls, queries_of, read_addresses

POLES = ("casual", "collection")


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_a_text_file_has_an_address_on_each_line(tmp_path):
    path = write(
        tmp_path / "my list.txt", "\ufeff# mine\nhttps://a.test/1.jpg\n\n https://a.test/2.jpg \nhttps://a.test/1.jpg\n"
    )
    found = read_addresses(path, POLES, "casual")
    assert [(entry.pole, entry.query, entry.offer.url) for entry in found] == [
        ("casual", "my list", "https://a.test/1.jpg"),
        ("casual", "my list", "https://a.test/2.jpg"),
    ]
    (query,) = queries_of(found, None)
    assert (query.pole, query.text, query.wanted) == ("casual", "my list", 2)
    assert queries_of(found, 1)[0].wanted == 1
    assert [offer.url for offer in Urls(found).offers("casual", "my list", 1)] == ["https://a.test/1.jpg"]


def test_a_csv_file_says_more(tmp_path):
    text = "url;pole;query;page_url;title;creator;licence;licence_url;mine\n"
    text += "https://a.test/1;collection;袖;https://a.test/;Sleeve;Anna;CC0-1.0;https://c.test/;x\n"
    text += "https://a.test/2;;;;;;;;\n"
    first, second = read_addresses(write(tmp_path / "list.CSV", text), POLES, "casual")
    assert (first.pole, first.query, first.offer.title, first.offer.creator) == ("collection", "袖", "Sleeve", "Anna")
    assert (first.offer.page_url, first.offer.licence, first.offer.licence_url) == (
        "https://a.test/",
        "CC0-1.0",
        "https://c.test/",
    )
    assert (second.pole, second.query, second.offer.title) == ("casual", "list", "")
    assert [(query.pole, query.text) for query in queries_of([first, second], None)] == [
        ("collection", "袖"),
        ("casual", "list"),
    ]


def test_addresses_are_offered_exactly_as_they_stand(tmp_path):
    odd = ["ftp://a.test/1", "javascript:alert(1)", "https://a.test/%zz?x=1&y=あ#b", "words"]
    found = read_addresses(write(tmp_path / "list.txt", "\n".join(odd)), POLES, "casual")
    assert [offer.url for offer in Urls(found).offers("casual", "list", 9)] == odd


@pytest.mark.parametrize(
    ("name", "text", "pole", "message"),
    [
        (
            "list.txt",
            "https://a.test/1",
            None,
            "address 1 has no pole, expected casual or collection; add --pole, or a",
        ),
        (
            "list.csv",
            "url,pole\nhttps://a.test/1,formal\n",
            "casual",
            "address 1 has the pole 'formal', expected casual",
        ),
        ("list.csv", "address\nhttps://a.test/1\n", "casual", "found the columns address, expected also url"),
        ("list.txt", "# nothing\n\n", "casual", "found no address, expected one on each line"),
        ("list.csv", 'url,query\nhttps://a.test/1,"a\nb"\n', "casual", "address 1 has the query 'a\\nb', expected no"),
    ],
)
def test_a_list_that_does_not_fit_is_told(tmp_path, name, text, pole, message):
    path = write(tmp_path / name, text)
    with pytest.raises(InputError, match=re.escape(f"{path}: {message}")):
        read_addresses(path, POLES, pole)


def test_a_missing_list_and_one_that_is_no_text_are_told(tmp_path):
    with pytest.raises(InputError, match=r"none\.txt: not found, expected a file of addresses"):
        read_addresses(tmp_path / "none.txt", POLES, "casual")
    (tmp_path / "list.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"list\.txt: not readable as UTF-8"):
        read_addresses(tmp_path / "list.txt", POLES, "casual")


def test_a_parquet_file_is_read_where_pyarrow_is_there(tmp_path, monkeypatch):
    rows = [{"URL": "https://a.test/1.jpg", "licence": None}, {"URL": "https://a.test/2.jpg", "licence": "CC0"}]
    table = SimpleNamespace(to_pylist=lambda: rows)
    monkeypatch.setitem(sys.modules, "pyarrow", SimpleNamespace(parquet=SimpleNamespace(read_table=lambda path: table)))
    found = read_addresses(tmp_path / "list.parquet", ["casual"], "casual")
    assert [(address.offer.url, address.offer.licence) for address in found] == [
        ("https://a.test/1.jpg", ""),
        ("https://a.test/2.jpg", "CC0"),
    ]
    rows[:] = [{"link": "x"}]
    with pytest.raises(InputError, match=r"list\.parquet: found the columns link, expected also url"):
        read_addresses(tmp_path / "list.parquet", ["casual"], "casual")


def test_a_parquet_file_without_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"list\.parquet: a parquet file, which needs pyarrow; to install it, run: "):
        read_addresses(tmp_path / "list.parquet", ["casual"], "casual")
