"""The page in a real browser, from the disk and with the network off."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import drawn_garment
import magazine_home
import numpy as np
import pytest

from demicouture.files import write_bytes
from demicouture.garment3d import glb, turntable
from demicouture.garment3d.garment import make_garment
from demicouture.garment3d.rendering import render
from demicouture.magazine.publishing import publish
from demicouture.visualization import save_animation

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; on Debian: apt-get install chromium")

SIDE, WIDTH = 64, 0.0625
"""Of the generator, which is as deep as the demonstration's and half as wide."""

SERIOUS = ("serious", "critical")
"""What axe-core calls faults that keep people out."""

MOST_MILLISECONDS = 100
"""For a picture of the demonstration's generator on two CPU cores; this one has a third of its products."""


@pytest.fixture(scope="module")
def generator():
    keras = pytest.importorskip("keras")
    from demicouture.dcgan.networks import build_generator

    network = build_generator(SIDE, WIDTH)
    random = np.random.default_rng(4)
    # As after training: normalisations have the statistics of their maps, and pictures are full of contrast.
    normalisations = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in normalisations:
        layer.gamma.assign(random.normal(1, 0.5, layer.gamma.shape))
        layer.beta.assign(random.normal(0, 0.5, layer.beta.shape))
        layer.momentum = 0.0
    network(magazine_home.LATENTS, training=True)
    for layer in normalisations:
        layer.momentum = 0.99
    convolution = network.layers[-2]
    convolution.set_weights([3 * weight for weight in convolution.get_weights()])
    return network


@pytest.fixture(scope="module")
def home(tmp_path_factory, generator) -> Path:
    from demicouture.dcgan import export, inference
    from demicouture.dcgan.serialization import save_network

    home = tmp_path_factory.mktemp("home with a space")
    training = home / "outputs/3-training"
    training.mkdir(parents=True)
    save_network(generator, training / "generator.keras")
    export.save_exports(generator, training)
    made_by = inference.hash_generator(training / "generator.keras")
    magazine_home.make_home(home, lambda latents: inference.render(generator, latents), made_by)
    hang_in_the_round(home, made_by)
    publish(home, home / "outputs/6-interpolation")
    return home


def hang_in_the_round(home: Path, made_by: str) -> None:
    """A garment as two of the lookbook's, and as a rail of two."""
    light = make_garment(drawn_garment.draw(), magazine_home.HOSTILE, light=True)
    for name, asked in (("round-lookbook", ("lookbook:1", "lookbook:2")), ("round-3-4", ("3", "4"))):
        folder = home / f"outputs/6-interpolation-{name}"
        rows = [{"asked": one, "light": "light/01.glb", **glb.describe(light)} for one in asked]
        write_bytes(folder / "light/01.glb", glb.to_glb([light], 1, False))
        save_animation(folder / "turntable.gif", np.zeros((2, 8, 16, 3), np.uint8), 80, 80, back=False)
        magazine_home.finish(folder, {}, {"round": rows}, {"generator.keras": made_by})


@pytest.fixture(scope="module")
def browser() -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Without its sandbox, for a container's root may not make one; the page is our own.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, home) -> Iterator:
    """Opens the page; whatever it asks of a network, or its console says, is a fault."""
    contexts, said = [], []

    def open_page(width: int = 1280, theme: str = "light", query: str = "", before: str = "", **how):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, offline=True, locale="en-GB", **how
        )
        contexts.append(context)
        page = context.new_page()
        if before:
            page.add_init_script(before)
        page.set_default_timeout(10_000)
        # A browser without a graphics card says that reading back what it has drawn is slow.
        page.on("console", lambda message: "GL Driver Message" in message.text or said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url) if request.url.startswith("http") else None)
        page.goto((home / "outputs/index.html").as_uri() + query)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


def pixels(page, selector: str) -> np.ndarray:
    """What a canvas or a picture of the page shows, uint8 (size, size, 3)."""
    flat = page.evaluate(
        """selector => {
            const shown = document.querySelector(selector);
            const canvas = document.createElement("canvas");
            canvas.width = shown.naturalWidth ?? shown.width;
            canvas.height = shown.naturalHeight ?? shown.height;
            const context = canvas.getContext("2d");
            context.drawImage(shown, 0, 0);
            return Array.from(context.getImageData(0, 0, canvas.width, canvas.height).data);
        }""",
        selector,
    )
    side = int((len(flat) / 4) ** 0.5)
    return np.array(flat, np.uint8).reshape(side, side, 4)[..., :3]


def settle(page) -> None:
    """Waits until what a slider asked for is drawn."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def set_slider(page, selector: str, value: int) -> None:
    page.locator(selector).evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input', {bubbles: true})); }", value
    )


def test_the_slider_runs_through_the_frames_by_pointer_and_by_keys(open_page, home, generator):
    from demicouture.dcgan.inference import render

    page = open_page()
    slider, stage = page.locator("#strip input"), page.locator("#strip .stage")
    strip = np.load(home / "outputs/6-interpolation/strip.npy")
    wanted = render(generator, strip)
    assert slider.get_attribute("max") == "18"  # Six places from each of four frames to the next.
    assert np.array_equal(pixels(page, "#strip .frame.now img"), wanted[0])
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 5, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, middle, steps=4)
    assert slider.input_value() == "9"
    half_way = render(generator, (strip[1:2] + strip[2:3]) / 2)[0]
    assert np.abs(pixels(page, "#strip .stage canvas").astype(int) - half_way).max() <= 1
    page.mouse.move(box["x"] + box["width"] + 40, middle, steps=4)
    page.mouse.up()
    assert slider.input_value() == "18" and np.array_equal(pixels(page, "#strip .frame.now img"), wanted[3])
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    assert slider.input_value() == "12" and np.array_equal(pixels(page, "#strip .frame.now img"), wanted[2])
    assert slider.get_attribute("aria-valuetext").startswith("67% of the way")


def test_the_live_wardrobe_draws_what_generate_py_draws(open_page, generator):
    from demicouture.dcgan.inference import render

    page = open_page()
    latents = magazine_home.LATENTS[:8]
    shown, milliseconds = page.evaluate(
        """latents => {
            const shown = [], times = [];
            for (const latent of latents) {
                const begin = performance.now();
                shown.push(Array.from(demicouture.generator.render(latent)));
                times.push(performance.now() - begin);
            }
            return [shown, times];
        }""",
        latents.tolist(),
    )
    wanted = render(generator, latents).reshape(8, -1).astype(int)
    assert np.abs(np.array(shown) - wanted).max() <= 1 and wanted.std() > 30
    assert min(milliseconds) < MOST_MILLISECONDS

    # Each slider moves to the place that it shows, and leads back.
    before = first = pixels(page, "#wardrobe canvas")
    for slider, plane in (("#plane-0", magazine_home.PLANE), ("#plane-1", None), ("#distance", None)):
        start = int(page.locator(slider).input_value())
        set_slider(page, slider, 180)
        settle(page)
        moved = np.array([page.evaluate("demicouture.wardrobe.latent")])
        assert np.abs(moved).max() <= 1
        drawn = render(generator, moved.astype(np.float32))[0].astype(int)
        assert np.abs(pixels(page, "#wardrobe canvas") - drawn).max() <= 1 and (drawn != before).any()
        if plane:
            low, high = page.evaluate("[demicouture.facts.planes[0].low, demicouture.facts.planes[0].high]")
            assert plane.signed_distance(moved)[0] == pytest.approx(low + 0.9 * (high - low), abs=1e-6)
        set_slider(page, slider, start)
    page.click("#surprise")
    settle(page)
    assert (pixels(page, "#wardrobe canvas") != before).any()
    page.click("#reset")
    settle(page)
    assert np.array_equal(pixels(page, "#wardrobe canvas"), first)


def test_garments_turn_under_the_pointer_and_by_keys(open_page):
    page = open_page(width=420)
    garment = make_garment(drawn_garment.draw(), "", light=True)
    assert page.locator("#lookbook [data-turn]").count() == 2 and page.locator("#round [data-turn]").count() == 1
    page.click("[data-place=garment-2]")
    canvas = page.locator("#garment-2 canvas.turning")
    canvas.wait_for()
    box = canvas.bounding_box()

    def seen() -> np.ndarray:
        """Where the canvas shows anything, bool (side, side)."""
        alpha, side = page.evaluate(
            """() => {
                const { canvas, gl } = demicouture.turntable;
                const values = new Uint8Array(4 * canvas.width * canvas.height);
                gl.readPixels(0, 0, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, values);
                return [Array.from(values.filter((_, i) => i % 4 === 3)), canvas.width];
            }"""
        )
        return np.array(alpha).reshape(-1, side)[::-1] > 128

    def likeness(angle: float, others: np.ndarray) -> float:
        """What the canvas has in common with what our own rasteriser draws."""
        surfaces, camera = turntable.scene(garment, bare=False)
        side = len(others)
        drawn = render(surfaces, replace(camera, azimuth=angle), side, side).astype(int)
        ground = render([], camera, side, side)
        wanted = np.abs(drawn - ground).max(axis=2) > 2
        return np.count_nonzero(wanted & others) / np.count_nonzero(wanted | others)

    front = seen()
    assert likeness(0, front) > 0.95
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + box["height"] / 2)
    side = seen()
    assert likeness(np.pi / 2, side) > 0.93 and likeness(0, side) < 0.7
    for _ in range(9):
        page.keyboard.press("ArrowLeft")
    assert np.mean(seen() == front) > 0.99
    # One canvas for all: the next garment takes it, and pressed again the picture is back.
    page.click("#round [data-turn]")
    page.locator("#rail-1 canvas.turning").wait_for()
    assert page.locator("canvas.turning").count() == 1
    assert page.get_attribute("[data-place=garment-2]", "aria-pressed") == "false"
    across = page.evaluate("[demicouture.turntable.canvas.width, demicouture.turntable.canvas.height]")
    assert across[0] == 2 * across[1] and page.title().startswith("Demicouture")
    page.click("#round [data-turn]")
    assert page.locator("canvas.turning").count() == 0


def test_without_webgl_the_animation_stays_and_nothing_offers_to_turn(open_page):
    page = open_page(
        before="""
            const { getContext } = HTMLCanvasElement.prototype;
            HTMLCanvasElement.prototype.getContext = function (kind, ...how) {
                return kind === "webgl" ? null : getContext.call(this, kind, ...how);
            };
        """
    )
    assert page.locator("#rail-1 img").get_attribute("src").startswith("data:image/webp")
    assert not page.locator("[data-turn]").first.is_visible()


def test_three_that_are_kept_are_read_back_by_a_script(open_page, home, tmp_path, generator):
    import generate
    from demicouture.dcgan.inference import render
    from demicouture.images import open_picture

    page = open_page()
    page.click("#garment-2 .heart")
    page.click("#strip .heart")
    page.click("#surprise")
    page.click("#wardrobe .heart")
    page.click("#garment-3 .heart")
    page.click("#garment-3 .heart")  # And let go again.
    assert page.locator("#garment-2 .heart").get_attribute("aria-pressed") == "true"
    assert page.locator("#kept-list li").count() == 3 and page.inner_text(".kept-link") == "Kept 3"
    surprise = page.evaluate("demicouture.wardrobe.latent")
    page.reload()  # The browser remembers.
    assert page.locator("#kept-list li").count() == 3
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename == "kept.json"
    download.value.save_as(tmp_path / "kept.json")
    latents = np.array(json.loads((tmp_path / "kept.json").read_text())["latents"], np.float32)
    folder = home / "outputs/6-interpolation"
    assert np.array_equal(latents[0], np.load(folder / "lookbook.npy")[1])
    assert np.array_equal(latents[1], np.load(folder / "strip.npy")[0])
    assert np.array_equal(latents[2], np.array(surprise, np.float32))

    words = ["--home", str(tmp_path), "--input", str(home / "outputs/3-training")]
    generate.main([*words, "--latents", str(tmp_path / "kept.json"), "--quiet"])
    for number, picture in enumerate(render(generator, latents)):
        assert np.array_equal(open_picture(tmp_path / f"outputs/4-generated-kept/design-{number:04d}.png"), picture)


@pytest.mark.parametrize(("theme", "language", "width"), [("light", "en", 1280), ("dark", "ja", 400)])
def test_no_serious_fault_for_those_who_do_not_see_or_do_not_point(open_page, theme, language, width):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(width, theme, f"?lang={language}")
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    faults = [fault for fault in Axe().run(page).response["violations"] if fault["impact"] in SERIOUS]
    assert not [(fault["id"], fault["nodes"][0]["html"][:200], fault["nodes"][0]["failureSummary"]) for fault in faults]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # At 200%, as somebody reads who sees little: half the width, and nothing to scroll sideways.
    page.set_viewport_size({"width": max(width // 2, 320), "height": 450})
    assert page.evaluate("document.documentElement.scrollWidth") <= max(width // 2, 320)


def test_japanese_is_asked_for_or_the_browsers(open_page):
    page = open_page(query="?lang=ja")
    assert page.title() == "Demicouture：カジュアルとコレクションのあいだ"
    assert "まだ誰も作ったことのない服" in page.inner_text("#lookbook") and "nobody" not in page.inner_text("#lookbook")
    assert page.locator("#garment-2 .heart").get_attribute("aria-label") == "服2をお気に入りに入れる"
    page.click("[data-speak=en]")
    assert page.title() == "Demicouture: between casual and collection"
    assert "Garments that nobody has made" in page.inner_text("#lookbook")
    assert page.locator("#garment-2 .heart").get_attribute("aria-label") == "Keep garment 2"


def test_without_scripts_everything_can_be_read(open_page):
    page = open_page(java_script_enabled=False)
    assert page.locator("#strip .frame").count() == 4 and page.locator("#strip .frame >> nth=3").is_visible()
    assert not page.locator("#wardrobe").is_visible() and not page.locator(".heart >> nth=0").is_visible()


def test_what_strangers_wrote_runs_nothing(open_page):
    page = open_page()
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert page.title() == "Demicouture: between casual and collection"
    # Facts, weights, four garments in the round, and the one script.
    assert page.evaluate("document.querySelectorAll('script').length") == 7
