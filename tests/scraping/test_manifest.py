from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from demicouture.scraping.manifest import KEYS, Manifest
from demicouture.scraping.queries import Query
from demicouture.scraping.query_progress import QueryProgress

SOURCE, OTHER = SimpleNamespace(name="s"), SimpleNamespace(name="other")
LINE = dict.fromkeys(KEYS, "") | {"pole": "a", "query": "q", "url": "u", "source": "s", "status": "failed"}


@pytest.mark.parametrize("cut", [1, 50, 200_000])
def test_half_a_line_is_cut_off_and_whole_ones_stay(tmp_path, cut):
    with Manifest(tmp_path) as manifest:
        manifest.append(LINE)
        manifest.append(LINE | {"url": "v"})
        manifest.append(LINE | {"url": "w" * 300_000})
    path = tmp_path / "manifest.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])
    with Manifest(tmp_path) as manifest:
        assert list(manifest.entries("a", "q")) == ["u", "v"]
        manifest.append(LINE | {"url": "x"})
    with Manifest(tmp_path) as manifest:
        assert list(manifest.entries("a", "q")) == ["u", "v", "x"]


def test_a_file_of_half_a_line_is_emptied(tmp_path):
    (tmp_path / "manifest.jsonl").write_bytes(b'{"pole": ' + b"x" * 100_000)
    with Manifest(tmp_path) as manifest:
        assert manifest.entries("a", "q") == {}
    assert (tmp_path / "manifest.jsonl").read_bytes() == b""


def test_reading_touches_nothing(tmp_path):
    assert Manifest(tmp_path).entries("a", "q") == {} and not list(tmp_path.iterdir())
    with Manifest(tmp_path) as manifest:
        manifest.append(LINE)
    path = tmp_path / "manifest.jsonl"
    path.write_bytes(path.read_bytes() + b"half a line")
    before = path.read_bytes()
    manifest = Manifest(tmp_path)
    assert list(manifest.entries("a", "q")) == ["u"] and [line["url"] for line in manifest.read()] == ["u"]
    assert path.read_bytes() == before


def test_any_address_is_kept_exactly(tmp_path):
    urls = ["https://a.test/\ud800", "line\u2028break", 'quote"\\', "袖", "", "\x00\x1f\x7f"]
    with Manifest(tmp_path) as manifest:
        for url in urls:
            manifest.append(LINE | {"url": url})
    with Manifest(tmp_path) as manifest:
        assert list(manifest.entries("a", "q")) == urls
        assert [line["url"] for line in manifest.read_failed()] == urls


def test_what_failed_is_read_once_and_not_what_came_later(tmp_path):
    with Manifest(tmp_path) as manifest:
        for url in ("u", "v", "u"):
            manifest.append(LINE | {"url": url, "reason": "timeout"})
        manifest.append(LINE | {"url": "v", "status": "fetched", "file": "a/q/1.jpg", "sha256": "1"})
        assert [line["url"] for line in manifest.read_failed()] == ["u"]
        manifest.append(LINE | {"url": "v", "query": "other"})
        assert manifest.find("v").file == "a/q/1.jpg" and manifest.find("u").reason == "timeout"
        assert manifest.find("w") is None


def test_a_source_that_had_fewer_is_not_asked_again(tmp_path):
    query = Query("a", "q", 5)
    with Manifest(tmp_path) as manifest:
        manifest.append(LINE | {"url": "v", "status": "failed", "file": ""})  # No picture: still wanted.
        manifest.append(LINE | {"status": "fetched"})
        progress = QueryProgress(tmp_path, manifest)
        assert progress.still_wanted(SOURCE, query) == 4
        progress.record(SOURCE, query)
        assert progress.still_wanted(SOURCE, query) == 0 and progress.still_wanted(OTHER, query) == 5
        again = QueryProgress(tmp_path, manifest)
        assert again.still_wanted(SOURCE, query) == 0 and again.requested(query) == {"s": 5}
        assert again.still_wanted(SOURCE, Query("a", "q", 6)) == 5
    (tmp_path / "manifest.jsonl").unlink()
    with Manifest(tmp_path) as manifest:
        assert QueryProgress(tmp_path, manifest).still_wanted(SOURCE, query) == 5


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "[1]", '[{"pole": "a"}]', '[{"pole": [], "query": "q", "offered": 0, "requested": {}}]']
)
def test_a_damaged_note_only_means_that_sources_are_asked_again(tmp_path, text):
    (tmp_path / "query-progress.json").write_text(text)
    with Manifest(tmp_path) as manifest:
        progress = QueryProgress(tmp_path, manifest)
        assert progress.still_wanted(SOURCE, Query("a", "q", 5)) == 5
        progress.record(SOURCE, Query("a", "q", 5))
    assert json.loads((tmp_path / "query-progress.json").read_text())[0]["requested"] == {"s": 5}


def test_the_last_line_on_an_address_wins(tmp_path):
    line = dict.fromkeys(KEYS, "") | {"pole": "a", "query": "q", "url": "u", "source": "s"}
    with Manifest(tmp_path) as manifest:
        manifest.append(line | {"status": "failed", "reason": "timeout"})
        manifest.append(line | {"status": "fetched", "file": "a/q/1.jpg", "sha256": "1"})
    with Manifest(tmp_path) as manifest:
        assert manifest.count("a", "q") == {"offered": 1, "fetched": 1, "duplicates": 0, "refused": {}}
        assert manifest.files("a", "1") == ["a/q/1.jpg"]
