"""The page in a real browser, from the disk and with the network off."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import magazine_home
import numpy as np
import pytest

from demicouture.magazine.publishing import publish

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
    # As after training: normalisations have statistics, of either sign, and pictures are full of contrast.
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = (weight.shape for weight in layer.get_weights())
            values = [random.normal(0.5, 0.5, gamma), random.normal(0, 0.5, beta), random.normal(0, 0.5, mean)]
            layer.set_weights([*values, random.uniform(0.2, 2, variance)])
    *_, last, _ = network.layers
    last.set_weights([weight * 4 for weight in last.get_weights()])
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
    publish(home, home / "outputs/6-interpolation")
    return home


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

    def open_page(width: int = 1280, theme: str = "light", query: str = "", **how):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, offline=True, locale="en-GB", **how
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: said.append(message.text))
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
    latents = magazine_home.LATENTS[:20]
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
    wanted = render(generator, latents).reshape(20, -1).astype(int)
    assert np.abs(np.array(shown) - wanted).max() <= 1 and wanted.std() > 30
    assert min(milliseconds) < MOST_MILLISECONDS

    # Each slider moves to the place that it shows, and leads back.
    before = pixels(page, "#wardrobe canvas")
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


def test_three_that_are_kept_are_read_back_by_a_script(open_page, home, tmp_path, generator):
    import generate
    from demicouture.dcgan.inference import render

    page = open_page()
    page.click("#garment-2 .heart")
    page.click("#strip .heart")
    page.click("#wardrobe .heart")
    page.click("#garment-3 .heart")
    page.click("#garment-3 .heart")  # And let go again.
    assert page.locator("#garment-2 .heart").get_attribute("aria-pressed") == "true"
    assert page.locator("#kept-list li").count() == 3
    page.reload()  # The browser remembers.
    assert page.locator("#kept-list li").count() == 3
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename == "kept.json"
    file = tmp_path / "kept.json"
    download.value.save_as(file)
    latents = np.array(json.loads(file.read_text())["latents"], np.float32)
    folder = home / "outputs/6-interpolation"
    assert np.array_equal(latents[0], np.load(folder / "lookbook.npy")[1])
    assert np.array_equal(latents[1], np.load(folder / "strip.npy")[0])
    assert np.array_equal(latents[2], np.load(folder / "lookbook.npy")[1])
    generate.main(["--home", str(home), "--latents", str(file), "--data", str(tmp_path), "--quiet"])
