"""The pages in a real browser: what a person does with keys, and what happens meanwhile."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import review_home
from review_home import Served

from demicouture import commands, runs
from demicouture.files import read_csv
from demicouture.preprocessing import overrides
from demicouture.review import plane
from demicouture.review.cull import CullDesk, Folders
from demicouture.review.label import LabelDesk

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; on Debian: apt-get install chromium")

SERIOUS = ("serious", "critical")
THIN = Path(__file__).parents[1] / "thin"


@pytest.fixture(scope="module")
def browser() -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Without its sandbox, for a container's root may not make one; the pages are our own.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("home with a space")
    review_home.make_scraped(home)
    return review_home.make_designs(home)


@pytest.fixture(scope="module")
def cull(home) -> Iterator[Served]:
    page = Served(CullDesk(Folders(home / "data/1-scraped", home / "data/2-dataset", None, None), review_home.POLES))
    yield page
    page.stop()


@pytest.fixture(scope="module")
def label(home) -> Iterator[Served]:
    page = Served(LabelDesk(home, home / "outputs/4-generated", home / "outputs/3-training", 0))
    yield page
    page.stop()


@pytest.fixture
def open_page(browser) -> Iterator:
    """Opens an address; what its console says, or asks of another place, is a fault."""
    contexts, said = [], []

    def open_page(address: str, width: int = 1280, theme: str = "light", query: str = ""):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, locale="en-GB")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(address) else said.append(request.url))
        page.goto(address + query)
        return page

    open_page.said = said
    yield open_page
    for context in contexts:
        context.close()
    assert said == []


def decisions(home: Path) -> list[tuple[str, str]]:
    rows = read_csv(home / "data/2-dataset/decisions.csv", ["file", *overrides.YOUR_COLUMNS])
    return [(row["your_decision"], row["your_box"]) for row in rows]


def labels(home: Path) -> list[str]:
    return [row["your_label"] for row in read_csv(home / "outputs/4-generated/labels.csv", ["your_label"])]


def settled(page) -> None:
    """Waits until what was chosen is on disk, or was refused."""
    page.evaluate("() => (typeof cull === 'undefined' ? desk : cull).server.order")


def test_a_person_culls_200_trims_one_and_undoes(open_page, cull, home):
    page = open_page(cull.address)
    page.locator("#wall .tile img").first.wait_for()
    for number in range(200):
        page.keyboard.press("kd"[number % 2])
    settled(page)
    assert [decision for decision, _ in decisions(home)] == ["keep", "drop"] * 100 + [""] * 20
    assert page.locator("#wall .tile").count() < 120  # Of 220 only those in sight, and some above and below.
    assert "yours: 55 kept, 55 dropped" in page.inner_text("#counts")
    for key in "uuy":
        page.keyboard.press(key)
    settled(page)
    assert [decision for decision, _ in decisions(home)][196:] == ["keep", "drop", "keep", ""] + [""] * 20
    assert page.inner_text("#said") == "Done again: 1"

    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("o")
    settled(page)
    assert [decision for decision, _ in decisions(home)][:4] == ["collection"] * 3 + ["drop"]

    page.keyboard.press("Home")
    page.keyboard.press("t")
    page.locator("#square").wait_for()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("-")
    page.wait_for_timeout(200)  # It is written once the keys rest.
    settled(page)
    assert decisions(home)[0] == ("collection", "11 1 57 47")
    box = page.locator("#square").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] - box["width"] / 46 * 7, middle[1], steps=3)
    page.mouse.up()
    settled(page)
    assert decisions(home)[0] == ("collection", "4 1 50 47")
    shown = page.locator("#result").get_attribute("src")
    assert shown == "result/0?box=4%201%2050%2047"
    assert page.locator("#result").evaluate("image => image.decode().then(() => image.naturalWidth)") == 32
    page.keyboard.press("u")
    page.keyboard.press("0")
    settled(page)
    assert decisions(home)[0] == ("collection", "")
    page.keyboard.press("Escape")
    page.locator("#forecast", has_text="Run now, preprocess.py would take").wait_for()


def test_another_tab_and_a_spreadsheet_are_seen_within_a_second(open_page, cull, home):
    one, other = open_page(cull.address), open_page(cull.address)
    for page in (one, other):
        page.locator("#wall .tile.current").wait_for()
        page.keyboard.press("End")
    one.keyboard.press("d")
    other.locator("#wall .tile.mine[data-number='219'][data-kind='1']").wait_for()
    table = home / "data/2-dataset/decisions.csv"
    lines = table.read_bytes().splitlines(keepends=True)
    assert b"cape/0108.png" in lines[-2]
    table.write_bytes(b"".join([*lines[:-2], lines[-2].replace(b",,\r\n", b",review,\r\n"), lines[-1]]))
    for page in (one, other):
        page.locator("#said", has_text="1 of its entries are newer and were taken over").wait_for()
        page.locator("#wall .tile.mine[data-number='218'][data-kind='2']").wait_for()


def test_a_script_at_work_is_named_and_the_wall_waits_where_it_was_refused(open_page, cull, home):
    page = open_page(cull.address)
    page.locator("#wall .tile.current").wait_for()
    before = decisions(home)
    with runs.open_run(home / "data/2-dataset", "preprocess.py", {}, fresh=True):
        for key in ("d", "k", "d"):
            page.keyboard.press(key)
        page.locator("#fault", has_text="Not saved: ").wait_for()
        settled(page)
        assert "preprocess.py (process " in page.inner_text("#fault") and page.evaluate("cull.wall.current") == 0
    assert decisions(home) == before
    page.keyboard.press("r")
    settled(page)
    assert decisions(home)[0][0] == "review" and page.locator("#fault").is_hidden()
    open_page.said[:] = [text for text in open_page.said if "409" not in text]  # The browser tells of the refusal.


def test_of_14000_pictures_only_those_in_sight_are_in_the_page(open_page, cull):
    page = open_page(cull.address)
    page.locator("#wall .tile.current").wait_for()
    found = page.evaluate(
        """() => {
            const some = [...cull.entries.values()];
            const many = Array.from({ length: 14000 }, (_, number) => ({ ...some[number % some.length], number }));
            cull.entries = new Map(many.map((entry) => [entry.number, entry]));
            filter();
            const counts = [];
            for (const place of [0, 0.3, 0.9, 1]) {
                cull.wall.element.scrollTop = place * cull.wall.inner.clientHeight;
                cull.wall.render();
                counts.push([cull.wall.shown.size, document.querySelectorAll("*").length]);
            }
            return [cull.wall.items.length, counts, cull.wall.inner.clientHeight, [...cull.wall.shown.keys()].at(-1)];
        }"""
    )
    items, counts, height, last = found
    assert items == 14_000 and last == 13_999 and height > 200_000
    assert all(shown <= 80 and nodes < 900 for shown, nodes in counts)
    page.close()
    open_page.said[:] = [
        text for text in open_page.said if "404" not in text
    ]  # Numbers beyond the 220 have no picture.


def test_a_person_labels_100_and_sees_the_plane_made_from_them(open_page, label, home, monkeypatch):
    monkeypatch.setattr(plane, "HOUSE", THIN)
    commands.remember(commands.Running("generate.py", home))  # As the script has, whose page it is.
    monkeypatch.setattr("demicouture.review.label.NEW_ORDER_AFTER", 1000)  # It takes a second each time.
    page = open_page(label.address)
    page.locator("#design[src]").wait_for()
    first = page.inner_text("#design-name")
    assert page.inner_text("#guess") == ""
    page.keyboard.press("g")
    page.locator("#guess", has_text="classifier:").wait_for()
    for number in range(100):
        page.keyboard.press(("ArrowLeft", "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowDown")[number % 5])
    settled(page)
    given = labels(home)
    assert [given.count(word) for word in ("casual", "collection", "none", "")] == [40, 40, 20, 30]
    assert given[int(first.removeprefix("design-"))] == "casual"
    assert "100 of 130 labelled by you: 40 casual, 40 collection, 20 neither" in page.inner_text("#progress")
    shown = page.inner_text("#design-name")
    page.keyboard.press("u")
    settled(page)
    assert labels(home).count("none") == 19 and page.inner_text("#design-name") != shown
    page.keyboard.press("ArrowDown")
    page.keyboard.press("p")
    page.click("#agreement summary")
    page.locator("#agreement-text", has_text="95% interval").wait_for()
    page.locator("#walk:not([hidden])").wait_for()
    assert page.locator("#walk").evaluate("image => image.decode().then(() => image.naturalWidth)") > 300
    assert "hyperplane.npz" in page.inner_text("#plane-lines") and "of held-out" in page.inner_text("#plane-lines")
    assert (home / "outputs/5-boundary/hyperplane.npz").exists()

    page.keyboard.press("w")
    page.locator("#wall .tile.current").wait_for()
    page.select_option("#which", "open")
    assert page.evaluate("desk.wall.items.length") == 30
    page.focus("#wall")
    for key in ("Shift+ArrowRight", "Shift+ArrowRight", "0"):
        page.keyboard.press(key)
    settled(page)
    assert labels(home).count("none") == 23

    page.click("#new-direction")
    for name, text in (("name", "sleeves"), ("first", "short"), ("second", "long")):
        page.fill(f"#direction-{name}", text)
    page.keyboard.press("Enter")
    page.locator("#progress", has_text="0 short, 0 long").wait_for()
    page.keyboard.press("w")
    page.locator("#design[src]").wait_for()
    page.keyboard.press("ArrowRight")
    settled(page)
    assert [row["label"] for row in read_csv(home / "outputs/4-generated/sleeves.csv", ["label"])] == ["long"]


def test_a_kill_costs_nothing(open_page, home, tmp_path):
    home = shutil.copytree(home / "data", tmp_path / "data").parent
    words = [sys.executable, "-u", str(commands.HOUSE / "preprocess.py"), "--home", str(home), "--review"]
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            page = open_page(re.fullmatch(r"open: (http://\S+)\n", process.stdout.readline())[1])
            page.locator("#wall .tile.current").wait_for()
            page.keyboard.press("End")
            page.keyboard.press("k")
            settled(page)
        finally:
            process.kill()
    page.keyboard.press("d")
    page.locator("#fault", has_text="The server has ended. Everything up to here is on disk").wait_for()
    assert decisions(home)[-1] == ("keep", "")
    page.close()  # It says that it reaches nobody.
    open_page.said[:] = [text for text in open_page.said if "net::ERR_" not in text]


def check(page, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    faults = [fault for fault in Axe().run(page).response["violations"] if fault["impact"] in SERIOUS]
    told = [(fault["id"], fault["nodes"][0]["html"][:200], fault["nodes"][0]["failureSummary"]) for fault in faults]
    assert told == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("theme", "language", "width"), [("light", "en", 1280), ("dark", "ja", 400)])
def test_no_serious_fault_for_those_who_do_not_see_or_do_not_point(open_page, cull, label, theme, language, width):
    page = open_page(cull.address, width, theme, f"?lang={language}")
    page.locator("#wall .tile.current").wait_for()
    assert page.title() == ("Demicouture: cull and trim" if language == "en" else "Demicouture：選別とトリミング")
    if theme == "dark":
        check(page, width)
        # At 200%, as somebody reads who sees little: a smaller page, and nothing to scroll sideways.
        page.set_viewport_size({"width": 320, "height": 450})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
    else:
        page.keyboard.press("?")
        page.locator("#help").wait_for()
        page.click("#help form button")
        page.keyboard.press("t")
        page.locator("#square").wait_for()
        check(page, width)
        page.set_viewport_size({"width": width // 2, "height": 450})
        assert page.evaluate("document.documentElement.scrollWidth") <= width // 2
    page = open_page(label.address, width, theme, f"?lang={language}")
    page.locator("#design[src]").wait_for()
    if theme == "dark":
        page.keyboard.press("w")
        page.locator("#wall .tile.current").wait_for()
    check(page, width)
