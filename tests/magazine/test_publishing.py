"""The page of homes in every state, without a browser."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode

import magazine_home
import numpy as np
import pytest
from bs4 import BeautifulSoup

from demicouture.interpolation.likeness import likeness
from demicouture.magazine import words
from demicouture.magazine.publishing import publish
from demicouture.preprocessing import records


def page_of(home) -> str:
    publish(home, home / "outputs/3-training")
    return (home / "outputs/index.html").read_text("utf-8")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return magazine_home.make_home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def page(home) -> str:
    return page_of(home)


@pytest.fixture(scope="module")
def soup(page) -> BeautifulSoup:
    return BeautifulSoup(page, "html.parser")


def english(element) -> str:
    parsed = BeautifulSoup(str(element), "html.parser")
    for other in parsed.select("[lang=ja]"):
        other.extract()
    return " ".join(parsed.get_text(" ").split())


def test_everything_is_in_the_one_file(soup):
    for element in soup.select("[src]"):
        assert element["src"].startswith("data:image/webp;base64,")
    assert not soup.select("link, iframe, object, embed, base, form, audio, video, [style], [srcset]")
    loaded = [element for element in soup.select("[href]") if element.name != "a"]
    assert not loaded


def test_the_policy_allows_this_script_and_this_style_alone(page, soup):
    policy = soup.select_one("meta[http-equiv=Content-Security-Policy]")["content"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'" and directives["img-src"] == "data:"
    (script,) = (element.string for element in soup.select("script:not([type])"))
    for name, content in (("script-src", script), ("style-src", soup.style.string)):
        digest = b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert directives[name] == f"'sha256-{digest}'"
    assert not re.search(r"\son\w+=", re.sub(r"<script.*?</script>", "", page, flags=re.S).split("<body>")[0])


def test_what_strangers_wrote_is_text(page, soup):
    assert "<img src=x" not in page and "document.title='taken'" not in page.replace("&#39;", "")
    titles = [element.get_text() for element in soup.select(".credits li")]
    assert len(titles) == 8 and all(magazine_home.HOSTILE in title and "Anna & Ben" in title for title in titles)
    links = {element["href"] for element in soup.select(".credits a")}
    assert links == {"https://example.org/?a=1&b=2", "https://creativecommons.org/licenses/by/4.0/"}


def test_a_garments_words_are_a_persons(soup):
    garment = soup.select_one("#garment-3").parent
    text = english(garment)
    assert "between a shirt" not in text and "between a hoody and a cape" not in text
    assert "between a hoody and " in text and "Nearest photograph: a hoody (a little like it)" in text
    whole = soup.get_text()
    assert "パーカー" in whole and "境目そのものから" in whole
    assert not re.search(r"[0-9a-f]{16}", whole.split('{"edition"')[0]), "a hash name is for programs"


def test_both_languages_stand_beside_each_other(soup):
    main = soup.main
    assert len(main.select("[lang=en]")) == len(main.select("[lang=ja]")) > 100
    for element in main.select("img[alt]"):
        assert element["alt"] == "" or element["data-ja-alt"]
    for element in main.select("button[aria-label], input[aria-label]"):
        assert element["data-ja-label"]


def test_pictures_of_designs_are_the_designs_to_the_pixel(home, soup):
    shown = magazine_home.open_data_picture(soup.select_one("#garment-2 img")["src"])
    latents = np.load(home / "outputs/6-interpolation/lookbook.npy")
    assert np.array_equal(shown, magazine_home.draw(latents)[1])


def test_latents_and_planes_are_there_for_the_script(home, soup):
    facts = json.loads(soup.select_one("#facts").string)
    assert facts["network"] is None and not soup.select("#weights, #wardrobe")  # There is no generator.onnx.
    planes = {plane["name"]: plane for plane in facts["planes"]}
    assert set(planes) == {"", "sleeves"} and planes["sleeves"]["ends"] == [["long"] * 2, ["short"] * 2]
    assert planes[""]["low"] < 0 < planes[""]["high"] and not planes["sleeves"]["found"]
    assert facts["latents"]["book"]["width"] == 100


def test_every_reason_and_likeness_has_words_in_both_languages():
    for text in (*records.reasons(64), records.BY_A_PERSON):
        english_words, japanese_words = words.reason(text)
        assert re.search("[ぁ-ん一-龠]", japanese_words) and not re.search("[ぁ-ん一-龠]", english_words), text
    assert {likeness(rank) for rank in np.linspace(0, 1, 101)} <= words.LIKENESS.keys()


def test_the_cover_is_the_most_realistic_garment_of_those_with_two_ends(soup):
    assert soup.select_one(".cover .picture")["id"] == "garment-4"


def test_a_path_that_a_tuned_copy_drew_has_no_latents_for_the_pages_own_generator(tmp_path):
    home = magazine_home.make_home(tmp_path)
    before = BeautifulSoup(page_of(home), "html.parser")
    assert "strip" in json.loads(before.select_one("#facts").string)["latents"]
    assert "the network's own" in english(before.select_one("#path"))
    summary = home / "outputs/6-interpolation/summary.json"
    record = json.loads(summary.read_text())
    record["results"]["tuned"] = {"error_before": 8.0, "error": 2.0}
    summary.write_text(json.dumps(record))
    after = BeautifulSoup(page_of(home), "html.parser")
    assert "strip" not in json.loads(after.select_one("#facts").string)["latents"]
    told = english(after.select_one("#path"))
    assert "a copy of the network that was tuned" in told and "half-way was moved" not in told
    record["results"]["bent"] = {"middle_moved": 0.4}
    summary.write_text(json.dumps(record))
    bent = BeautifulSoup(page_of(home), "html.parser")
    assert "What lies half-way was moved" in english(bent.select_one("#path"))
    assert len(after.select("#strip .frame")) == 4


def test_steps_say_what_was_done_and_by_which_command(soup):
    for chapter, sentence in (
        ("scraping", "Made by python scrape.py --source urls --urls links.txt --limit 3 Look"),
        ("dataset", "Of 12 pictures 8 were kept"),
        ("dataset", "not a top: 4"),
        ("training", "Made by python train_dcgan.py --preset demo --size 32 --epochs 40 Is"),
        ("designs", "21 look casual"),
        ("boundary", "0 of 9,999 shuffles of the labels did as well by chance"),
        ("boundary", "garments become: narrower at the hem, more detail."),
        ("interpolation", "Of 2,400 garments in between, 178 were neither casual nor collection"),
    ):
        assert sentence in english(soup.select_one(f"#{chapter}")), sentence


def test_the_same_home_gives_the_same_page(home, page):
    assert page_of(home) == page


def test_another_folder_than_the_homes_own_writes_no_page(tmp_path):
    publish(tmp_path, tmp_path / "elsewhere")
    publish(tmp_path, tmp_path / "outputs/4-generated-kept")
    assert not list(tmp_path.iterdir())
    publish(tmp_path, tmp_path / "outputs/6-interpolation-pairs-8")
    assert (tmp_path / "outputs/index.html").exists()


def test_an_empty_home_says_what_comes_first(tmp_path):
    soup = BeautifulSoup(page_of(tmp_path), "html.parser")
    assert "Between casual and collection" in english(soup.select_one("#lookbook"))
    commands = [element.get_text() for element in soup.select("#making code.command")]
    scripts = ("scrape", "preprocess", "train_dcgan", "generate", "latent_svm", "interpolate")
    assert [command.split()[1] for command in commands] == [f"{script}.py" for script in scripts]


def test_training_in_progress_shows_its_film_and_its_estimate(tmp_path):
    magazine_home.make_training(tmp_path, finished=False)
    soup = BeautifulSoup(page_of(tmp_path), "html.parser")
    notice = english(soup.select_one(".notice"))
    # 30 epochs of 30 steps of 16 pictures, 8 in a second.
    assert "10 of 40 passes over the pictures are done, and about 30 minutes of work are left" in notice
    assert len(soup.select(".notice .frame")) == 3 and not soup.select("#training .frame")


def test_blobs_are_called_so_kindly_and_in_the_largest_letters(tmp_path):
    magazine_home.make_training(tmp_path, progress=0.31)
    soup = BeautifulSoup(page_of(tmp_path), "html.parser")
    assert soup.h1.strong.find(lang="en").get_text() == "Not garments yet: blobs."
    notice = english(soup.select_one(".notice"))
    assert "Nothing is broken" in notice and "31% of the way" in notice
    command = soup.select_one(".notice code.command").get_text()
    assert command == "python train_dcgan.py --preset demo --size 32 --epochs 80"


def test_what_another_generator_made_is_left_out(tmp_path):
    magazine_home.make_home(tmp_path)
    magazine_home.make_training(tmp_path, generator_sha256="b" * 64)
    soup = BeautifulSoup(page_of(tmp_path), "html.parser")
    assert not soup.select(".garments, #path") and not json.loads(soup.select_one("#facts").string)["planes"]


def test_damaged_files_cost_their_own_part_alone(tmp_path):
    home = magazine_home.make_home(tmp_path)
    for file in (
        *("data/2-dataset/decisions.csv", "data/1-scraped/attribution.csv", "data/1-scraped/summary.json"),
        *("outputs/3-training/history.csv", "outputs/3-training/summary.json", "outputs/4-generated/latents.npy"),
        *("outputs/5-boundary/report.json", "outputs/6-interpolation/lookbook.csv"),
        *("outputs/6-interpolation/strip-0/step-01.png", "outputs/6-interpolation/lookbook/02.png"),
    ):
        content = (home / file).read_bytes()
        (home / file).write_bytes(b"\xff\x00damaged")
        assert "Demicouture" in page_of(home), file
        (home / file).write_bytes(content)


def test_a_page_that_cannot_be_written_ends_no_training(tmp_path):
    pytest.importorskip("keras")
    from demicouture.magazine.progress import Pages

    magazine_home.make_training(tmp_path, finished=False)
    said: list[str] = []
    pages = Pages(tmp_path, tmp_path / "outputs/3-training", said.append)
    pages.on_epoch_end(8)  # The ninth epoch gave no sheet.
    assert not (tmp_path / "outputs/index.html").exists()
    pages.on_epoch_end(9)
    assert "Learning to draw" in (tmp_path / "outputs/index.html").read_text("utf-8") and not said
    (tmp_path / "outputs/index.html").unlink()
    (tmp_path / "outputs/index.html").mkdir()
    pages.on_epoch_end(9)
    assert len(said) == 1 and said[0].endswith("training goes on")


def test_a_generator_that_is_too_large_to_send_or_was_never_exported_is_told(tmp_path):
    magazine_home.make_training(tmp_path)
    text = english(BeautifulSoup(page_of(tmp_path), "html.parser").main)
    assert "a file that an earlier version did not write" in text and "No live wardrobe" not in text
    with open(tmp_path / "outputs/3-training/generator.onnx", "wb") as file:
        file.truncate(130_000_000)  # The seed's own, but for its contents.
    text = english(BeautifulSoup(page_of(tmp_path), "html.parser").main)
    assert "This network is too large to be sent along in a page" in text
