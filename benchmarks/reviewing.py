"""Times the wall of ``preprocess.py --review`` with made-up pictures: a step of scrolling, a filter, a key.

Measured in the page, in Chromium: what its script, styles and layout take (the page can do nothing else meanwhile), and
how long it is until the browser has drawn the next frame. A key is measured until the choice is on the disk. Pictures
and their features are made up: 14,000 files of 300 small drawings, and random numbers.

Example:
    python benchmarks/reviewing.py --count 14000
"""

from __future__ import annotations

import argparse
import base64
import json
import shutil
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from demicouture import cli  # noqa: E402
from demicouture.files import write_csv, write_json  # noqa: E402
from demicouture.preprocessing import decisions, image_features, review_folders  # noqa: E402
from demicouture.preprocessing.image_features import ImageFeatures  # noqa: E402
from demicouture.preprocessing.records import DROP, NO_TOP, OVER_COUNT, REVIEW, SOUND, TURNED, Scraped, Verdict  # noqa: E402
from demicouture.review.cull import CullDesk, Folders  # noqa: E402
from demicouture.review.server import Server  # noqa: E402

POLES = ("casual", "collection")
DRAWINGS = 300
VERDICTS = (SOUND, Verdict(DROP, OVER_COUNT), Verdict(DROP, NO_TOP), Verdict(REVIEW, TURNED))

STEPS = """async (steps) => {
  const frame = () => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
  const time = async (act) => {
    await frame();
    const begin = performance.now();
    act();
    document.body.offsetHeight;
    const worked = performance.now() - begin;
    await frame();
    return [worked, performance.now() - begin];
  };
  const choose = (name, value) => time(() => {
    document.querySelector(name).value = value;
    document.querySelector(name).dispatchEvent(new Event("change"));
  });
  const wall = cull.wall, found = { screens: [], jumps: [], filters: [], orders: [] };
  for (let i = 0; i < steps; i++) {
    found.screens.push(await time(() => { wall.element.scrollTop += wall.element.clientHeight; wall.render(); }));
  }
  for (let i = 0; i < steps; i++) {
    const place = (i * 0.618) % 1;
    found.jumps.push(await time(() => { wall.element.scrollTop = place * wall.inner.clientHeight; wall.render(); }));
  }
  for (let i = 0; i < steps; i++) found.filters.push(await choose("#by-decision", ["0", "1", "2", ""][i % 4]));
  for (let i = 0; i < steps; i++) found.orders.push(await choose("#order", ["up", "doubt", "down", "file"][i % 4]));
  return found;
}"""

KEYS = """async (keys) => {
  const times = [];
  for (let i = 0; i < keys; i++) {
    const begin = performance.now();
    await cull.server.post("choose", { numbers: [i], decision: ["keep", "drop"][i % 2] });
    times.push([performance.now() - begin, performance.now() - begin]);
  }
  return times;
}"""

PICTURES = """async (count) => {
  const begin = performance.now();
  await Promise.all(Array.from({ length: count }, (_, i) => {
    const image = new Image();
    image.src = `thumbnail/${i}`;
    return image.decode();
  }));
  return count / (performance.now() - begin) * 1000;
}"""


def make_home(home: Path, count: int) -> CullDesk:
    """Makes up what preprocess.py leaves of so many pictures, and returns the desk for it."""
    source, dataset, rng = home / "data/1-scraped", home / "data/2-dataset", np.random.default_rng(0)
    drawings = []
    for number in range(DRAWINGS):
        pixels = np.full((240, 180, 3), 230, np.uint8)
        pixels[40:200, 30:150] = rng.integers(0, 220, 3)
        pixels[60:180:8, 40:140] = rng.integers(0, 255, 3)
        drawings.append(home / f"{number}.jpg")
        Image.fromarray(pixels).save(drawings[-1], quality=90)
    pictures, known, verdicts, styles = [], {}, {}, {}
    for number in tqdm(range(count), "making up", unit="picture", leave=False, disable=None):
        pole = POLES[number % 7 > 1]  # Two in seven are casual, as in the seed.
        picture = Scraped(
            f"{pole}/query-{number % 50:02d}/{number:06d}.jpg", pole, pole, f"{number:016x}".ljust(64, "0")
        )
        path = source / picture.file
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(drawings[number % DRAWINGS], path)
        pictures.append(picture)
        known[picture.sha256] = ImageFeatures(
            "", 180, 240, (0, 30, 180, 210), 0.9, 0.9, 0.1, 0.0, 0.0, garment=0.5, garment_box=(10, 40, 170, 200),
            thumbnail_base64=to_text(rng.integers(0, 256, 768)), descriptor_base64=to_text(rng.integers(0, 256, 768)),
        )  # fmt: skip
        verdicts[picture.file] = VERDICTS[int(rng.integers(4))]
        styles[picture.sha256] = float(rng.random())
    pictures.sort(key=lambda picture: picture.file)
    rows = decisions.make_rows(pictures, known, verdicts, {}, styles=styles)
    decisions.write_rows(dataset / "decisions.csv", rows)
    image_features.write_log(dataset / "features.jsonl", known)
    options = {"size": 128, "count": 500, "subject": "garment", "background": "plain", "on_review": DROP, "seed": 0}
    write_json(dataset / "options.json", {"script": "preprocess.py", "options": options | {"people": []}, "flags": []})
    blank = dict.fromkeys(review_folders.COLUMNS, "")
    places = [
        blank | {"name": f"{picture.sha256[:16]}.jpg", "file": picture.file, "place": f"{picture.pole}/keep"}
        for picture in pictures
    ]
    write_csv(home / "data/2-review/places.csv", review_folders.COLUMNS, places)
    return CullDesk(Folders(source, dataset, None, None), POLES)


def to_text(values: np.ndarray) -> str:
    """Returns numbers as features.jsonl has them."""
    return base64.b64encode(values.astype(np.uint8).tobytes()).decode()


def measure(address: str, chromium: str, steps: int) -> dict:
    """Opens the page, and returns what each step took, in milliseconds."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
        page.locator("#wall .tile.current").wait_for(timeout=120_000)
        found = {"pictures a second": page.evaluate(PICTURES, 600)}
        found |= page.evaluate(STEPS, steps)
        found["keys"] = page.evaluate(KEYS, steps)
        found["nodes"] = page.evaluate("document.querySelectorAll('*').length")
        browser.close()
    return found


def describe(name: str, times: Sequence[Sequence[float]]) -> Mapping[str, float]:
    """Prints and returns the median, the 95th percentile and the longest of one kind of step."""
    worked, drawn = np.array(times).T
    told = {
        f"{what} {which}": round(float(value), 1)
        for what, values in (("worked", worked), ("drawn", drawn))
        for which, value in zip(("median", "p95", "longest"), np.percentile(values, (50, 95, 100)), strict=True)
    }
    print(f"{name}: {told}")
    return told


def main() -> None:
    """Measures, and prints what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=cli.HelpFormatter)
    parser.add_argument("--count", type=cli.integer(100), metavar="N", default=14_000, help="pictures on the wall")
    parser.add_argument("--steps", type=cli.integer(4), metavar="N", default=100, help="steps of each kind")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here, too")
    args = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder:
        desk = make_home(Path(folder), args.count)
        server = Server(desk.routes)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            found = measure(server.application.address, chromium, args.steps)
        finally:
            server.stop()
            thread.join()
            desk.close()
    print(f"{args.count:,} pictures, {found['nodes']} nodes, {found['pictures a second']:.0f} thumbnails a second")
    told = {name: describe(name, found[name]) for name in ("screens", "jumps", "filters", "orders", "keys")}
    if args.json:
        args.json.write_text(json.dumps(told | {"count": args.count}, indent=2))


if __name__ == "__main__":
    main()
