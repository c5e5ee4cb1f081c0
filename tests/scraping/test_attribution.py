from __future__ import annotations

import csv

from samples import write

from demicouture.scraping.attribution import ATTRIBUTION_COLUMNS, write_attribution
from demicouture.scraping.manifest import KEYS, Manifest

BLANK = dict.fromkeys(KEYS, "") | {"pole": "casual", "query": "shirt", "source": "openverse", "status": "fetched"}


def attribute(folder, *lines, there=True):
    with Manifest(folder) as manifest:
        for line in lines:
            manifest.append(BLANK | line)
            if there and line.get("file"):
                write(folder / line["file"], b"picture")
        write_attribution(folder, manifest)
    with open(folder / "attribution.csv", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file)), (folder / "ATTRIBUTION.md").read_text("utf-8")


def test_each_picture_has_its_title_creator_licence_and_link(tmp_path):
    licence = {"licence": "CC-BY-2.0", "licence_url": "https://creativecommons.org/licenses/by/2.0/"}
    one = {
        "file": "casual/shirt/1.jpg",
        "title": "A shirt",
        "creator": "Anna",
        "page_url": "https://a.test/1",
    } | licence
    two = {"file": "casual/shirt/2.jpg", "url": "https://b.test/2.jpg"}
    rows, page = attribute(tmp_path, two, one)
    assert tuple(rows[0]) == ATTRIBUTION_COLUMNS
    assert [(row["file"], row["title"], row["licence"]) for row in rows] == [
        ("casual/shirt/1.jpg", "A shirt", "CC-BY-2.0"),
        ("casual/shirt/2.jpg", "", ""),
    ]
    assert page == (
        "# Attribution\n\n"
        "2 pictures. Of each that was found: its file, its title, who made it, the page that shows it, and the "
        "licence. The same, for programs, is in `attribution.csv`.\n\n"
        "## [CC-BY-2.0](<https://creativecommons.org/licenses/by/2.0/>): 1\n\n"
        "- `casual/shirt/1.jpg`: [A shirt](<https://a.test/1>), by Anna (openverse)\n\n"
        "## Licence unknown: 1\n\n"
        "The source did not say. Ask before you publish one of these, or what shows it.\n\n"
        "- `casual/shirt/2.jpg`: [untitled](<https://b.test/2.jpg>), by an unknown creator (openverse)\n"
    )


def test_only_pictures_that_are_there_are_listed_and_each_once(tmp_path):
    lines = [
        {"file": "casual/shirt/1.jpg", "url": "u1"},
        {"file": "casual/shirt/1.jpg", "url": "u2", "status": "duplicate"},
        {"file": "casual/shirt/1.jpg", "url": "u3"},
        {"url": "u4", "status": "failed", "reason": "timeout"},
    ]
    rows, _ = attribute(tmp_path, *lines)
    assert [row["url"] for row in rows] == ["u1"]
    (tmp_path / "casual/shirt/1.jpg").unlink()
    rows, page = attribute(tmp_path)
    assert rows == [] and "0 pictures" in page


def test_drawn_pictures_are_counted(tmp_path):
    drawn = {"source": "wardrobe", "licence": "CC0-1.0", "creator": "Demicouture's wardrobe"}
    rows, page = attribute(tmp_path, *({"file": f"casual/shirt/{n}.jpg", "url": f"u{n}"} | drawn for n in range(3)))
    assert len(rows) == 3 and "3 of them were drawn by this software" in page and "- `" not in page


def test_what_strangers_wrote_does_no_harm(tmp_path):
    hostile = {
        "file": "casual/shirt/1.jpg",
        "title": "](javascript:alert(1)) <script>alert(1)</script> # x\n\n| `y` \ud800",
        "creator": '=HYPERLINK("http://evil.test","x")',
        "page_url": "https://a.test/> <b>",
        "licence": "@SUM(1)",
        "licence_url": "javascript:alert(1)",
    }
    rows, page = attribute(tmp_path, hostile)
    assert rows[0]["creator"] == '\'=HYPERLINK("http://evil.test","x")' and rows[0]["licence"] == "'@SUM(1)"
    assert "\n" not in rows[0]["title"]
    assert r"[\]\(javascript" not in page and r"[\](javascript:alert(1)) \<script\>" in page
    assert "(<https://a.test/%3E %3Cb%3E>)" in page
    assert "## @SUM(1): 1" in page
    assert len(page.splitlines()) == 7


def test_a_full_width_sign_is_a_formula_to_some_spreadsheets(tmp_path):
    rows, _ = attribute(tmp_path, {"file": "casual/shirt/1.jpg", "title": "＝1+1", "creator": "＠SUM(1)"})
    assert (rows[0]["title"], rows[0]["creator"]) == ("'＝1+1", "'＠SUM(1)")
