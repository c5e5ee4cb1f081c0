"""A home as preprocess.py and generate.py leave it, written by hand, for a person to review; and a server for it."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from magazine_home import begin, finish

from demicouture.designs.designs import design_name
from demicouture.files import hash_file, write_array, write_csv
from demicouture.images import save_png
from demicouture.latents import sample_prior
from demicouture.preprocessing import decisions, image_features, review_folders
from demicouture.preprocessing.image_features import ImageFeatures
from demicouture.preprocessing.records import DROP, NEAR_DUPLICATE, OVER_COUNT, SOUND, Scraped, Verdict
from demicouture.review.server import Server

POLES = ("casual", "collection")
SIZE = 32
COUNT = 40


def to_text(values: np.ndarray) -> str:
    return base64.b64encode(values.astype(np.uint8).tobytes()).decode()


def garment(seed: int, side: int = 48) -> np.ndarray:
    """A patch of one colour on a light ground."""
    rng = np.random.default_rng(seed)
    pixels = np.full((side, side, 3), 236, np.uint8)
    pixels[8 : side - 8, 12 : side - 12] = rng.integers(0, 200, 3)
    pixels[12 : side - 14, 16:20] = rng.integers(0, 255, 3)
    return pixels


def make_scraped(home: Path, each: int = 110) -> Path:
    """Scraped pictures, of which 40 of each pole were chosen; the second is a near duplicate of the first."""
    source, dataset = home / "data/1-scraped", home / "data/2-dataset"
    options = {"size": SIZE, "count": COUNT, "subject": "figure", "background": "keep", "on_review": "drop"}
    begin(dataset, "preprocess.py", options | {"people": [], "seed": 0})
    pictures, known, verdicts = [], {}, {}
    rng = np.random.default_rng(5)
    for pole in POLES:
        for number in range(each):
            file = f"{pole}/{'hoody' if pole == 'casual' else 'cape'}/{number:04d}.png"
            save_png(source / file, garment(len(pictures)))
            picture = Scraped(file, pole, file.rpartition("/")[0], hash_file(source / file))
            thumbnail = rng.integers(0, 256, (16, 16, 3))
            if number == 1:
                thumbnail = known[pictures[-1].sha256].thumbnail()
            descriptor = rng.integers(0, 256, 768) // 2 + (60 if pole == "collection" else 0)
            known[picture.sha256] = ImageFeatures(
                "", 48, 48, (0, 0, 48, 48), 0.9, 0.9, 0.1, 0.0, 0.0, garment=0.4, garment_box=(4, 4, 44, 44),
                thumbnail_base64=to_text(thumbnail), descriptor_base64=to_text(descriptor),
            )  # fmt: skip
            verdicts[file] = SOUND if number < COUNT + 1 else Verdict(DROP, OVER_COUNT)
            if number == 1:
                verdicts[file] = Verdict(DROP, NEAR_DUPLICATE, pictures[-1].file)
            pictures.append(picture)
    pictures.sort(key=lambda picture: picture.file)
    styles = {picture.sha256: POLES.index(picture.pole) * 0.5 + rng.random() / 2 for picture in pictures}
    rows = decisions.make_rows(pictures, known, verdicts, {}, styles=styles, subject="figure")
    decisions.write_rows(dataset / "decisions.csv", rows)
    image_features.write_log(dataset / "features.jsonl", known)
    places = [
        {"name": f"{picture.sha256[:16]}.jpg", "file": picture.file, "place": f"{picture.pole}/{row['decision']}"}
        for picture, row in zip(pictures, rows, strict=True)
    ]
    blank = dict.fromkeys(review_folders.COLUMNS, "")
    write_csv(home / "data/2-review/places.csv", review_folders.COLUMNS, [blank | place for place in places])
    return home


def make_designs(home: Path, count: int = 130) -> Path:
    """Designs with saved pictures, which a classifier labelled by the first number of their latents."""
    folder = home / "outputs/4-generated"
    latents = sample_prior(count, 3)
    write_array(folder / "latents.npy", latents)
    for number in range(count):
        save_png(folder / design_name(number), garment(number, 32))
    scores = np.clip(0.5 + latents[:, 0], 0, 1)
    rows = [
        {"design": design_name(number), "label": POLES[int(score > 0.5)], "score": float(score), "your_label": ""}
        for number, score in enumerate(scores)
    ]
    write_csv(folder / "labels.csv", list(rows[0]), rows)
    options = {"count": count, "pictures": count, "seed": 0, "generator_sha256": "a" * 64}
    begin(folder, "generate.py", options)
    finish(folder, options, {"poles": list(POLES)})
    return home


class Served:
    """A desk's page, served on loopback by a thread."""

    def __init__(self, desk) -> None:
        self.desk = desk
        self.server = Server(desk.routes)
        self.address = self.server.application.address
        self.host = self.address.split("/")[2]
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()

    def ask(self, path: str = "", body: object = None, **headers: str) -> tuple[int, bytes]:
        """Asks as a program on this computer would that knows the address; what it posts is from the page itself."""
        request = urllib.request.Request(self.address + path, headers=headers)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
            if "Origin" not in headers:
                request.add_header("Origin", f"http://{self.host}")
        return open_request(request)

    def get(self, path: str) -> object:
        status, content = self.ask(path)
        assert status == 200, content
        return json.loads(content)

    def post(self, path: str, **body: object) -> dict:
        status, content = self.ask(path, body)
        assert status == 200, content
        return json.loads(content)

    def stop(self) -> None:
        self.server.stop()
        self.thread.join()
        self.desk.close()


def open_request(request: urllib.request.Request) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@contextlib.contextmanager
def served(desk) -> Iterator[Served]:
    page = Served(desk)
    try:
        yield page
    finally:
        page.stop()
