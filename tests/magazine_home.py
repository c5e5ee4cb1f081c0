"""A home as the six scripts leave it, written by hand: small, quick, and with what strangers may put into it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from demicouture.boundary.hyperplane import Hyperplane
from demicouture.files import write_array, write_csv, write_json
from demicouture.images import save_png
from demicouture.latents import sample_prior

HOSTILE = "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
NAMES = {"casual": ("hoody", "shirt"), "collection": ("cape", HOSTILE.replace("/", "∕"))}
LATENTS = sample_prior(60, 3)
NORMAL = np.random.default_rng(1).normal(size=100)
PLANE = Hyperplane(NORMAL / np.linalg.norm(NORMAL), 0.1)
SHA256 = "a" * 64


def noise(seed: int, side: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def begin(folder: Path, script: str, options: dict, *flags: str) -> None:
    record = {"script": script, "options": options, "flags": [flag.split() for flag in flags]}
    write_json(folder / "options.json", record)


def finish(folder: Path, options: dict, results: dict, inputs: dict | None = None) -> None:
    write_json(folder / "summary.json", {"options": options, "inputs": inputs or {}, "results": results})


def make_data(home: Path) -> None:
    """What was collected and culled: of each query three pictures, one of them left out."""
    scraped, dataset = home / "data/1-scraped", home / "data/2-dataset"
    rows, credits = [], []
    for pole, queries in NAMES.items():
        for query in queries:
            for number in range(3):
                file, picture = f"{pole}/{query}/{number}.png", f"{pole}/{len(rows):016x}.png"
                save_png(scraped / file, noise(len(rows)))
                kept = number < 2
                if kept:
                    save_png(dataset / picture, noise(len(rows)))
                decision, reason = ("keep", "") if kept else ("drop", "no top")
                rows.append({"file": file, "pole": pole, "decision": decision, "reason": reason})
                rows[-1]["picture"] = picture if kept else ""
                credits.append({"file": file, "title": HOSTILE, "creator": "Anna & Ben", "licence": "CC BY 4.0"})
                credits[-1] |= {"licence_url": "https://creativecommons.org/licenses/by/4.0/", "source": "urls"}
                credits[-1]["page_url"] = "javascript:alert(1)" if number else "https://example.org/?a=1&b=2"
    write_csv(dataset / "decisions.csv", list(rows[0]), rows)
    write_csv(scraped / "attribution.csv", list(credits[0]), credits)
    queries = [{"pole": pole, "query": query, "fetched": 3} for pole, two in NAMES.items() for query in two]
    flags = [["--source", "urls"], ["--urls", "/home/anna/links.txt"], ["--limit", "3"]]
    begin(scraped, "scrape.py", {}, "--limit 3")
    finish(scraped, {}, {"queries": queries, "flags": flags})
    options = {"size": 32, "background": "plain"}
    begin(dataset, "preprocess.py", options, "--size 32")
    finish(dataset, options, {})


def make_training(home: Path, progress: float = 0.6, finished: bool = True, generator_sha256: str = SHA256) -> None:
    folder = home / "outputs/3-training"
    options = {"size": 32, "epochs": 40, "batch_size": 16, "learning_rate": 0.001, "seed": 0}
    begin(folder, "train_dcgan.py", options, "--preset demo", "--size 32", "--epochs 40")
    rows = [{"epoch": n, "step": 30 * n, "images_per_second": 8.0, "progress": progress} for n in (1, 2, 10)]
    write_csv(folder / "history.csv", list(rows[0]), rows)
    marks = {"white noise": 900.0, "blurred by two pixels": 400.0}
    write_json(folder / "realism-scale.json", {"untrained": 1000.0, "real": 0.0, "marks": marks})
    for epoch in (1, 2, 10):
        save_png(folder / f"samples/epoch-{epoch:05d}.png", noise(epoch, 64))
    (folder / "summary.json").unlink(missing_ok=True)
    if finished:
        scale = {"untrained": 1000.0, "real": 0.0, "marks": {"white noise": 0.1, "blurred by two pixels": 0.6}}
        quality = {"progress": progress, "progress_low": progress - 0.02, "progress_high": progress + 0.02}
        quality |= {"told_apart": 0.9, "told_apart_low": 0.8, "told_apart_high": 1.0, "copies": 0.0, "scale": scale}
        results = {"preset": "demo", "poles": ["casual", "collection"], "pictures": 8, "quality": quality}
        finish(folder, options, results | {"generator_weights_sha256": generator_sha256})


def make_designs(home: Path, generator_sha256: str = SHA256) -> None:
    folder = home / "outputs/4-generated"
    save_png(folder / "grid.png", noise(1, 64))
    write_array(folder / "latents.npy", LATENTS)
    labels = {"casual": {"classifier": 20, "person": 1}, "collection": {"classifier": 30, "person": 0}}
    results = {"poles": ["casual", "collection"], "labels": labels, "unlabelled": 9, "copies": 0}
    results["classifier"] = {"accuracy": 0.97}
    begin(folder, "generate.py", {"count": 60}, "--count 60")
    finish(folder, {"count": 60}, results, {"generator.keras": generator_sha256})


def make_boundary(home: Path, generator_sha256: str = SHA256) -> None:
    folder = home / "outputs/5-boundary"
    for name, plane, poles in (
        ("", PLANE, ["casual", "collection"]),
        ("-sleeves", Hyperplane(-PLANE.normal[::-1].copy(), 0.0), ["long", "short"]),
    ):
        plane.save(folder / f"hyperplane{name}.npz")
        found = {"boundary_found": not name, "poles": poles, "from": "designs", "held_out_accuracy": 0.9}
        found |= {"p_value": 0.0001, "permutations": 9999, "held_out_interval": [0.8, 0.95]}
        found["accuracy_of_guessing_the_larger_pole"] = 0.5
        correlations = {"width at the hem": -0.4, "detail": 0.3, "lightness": 0.0}
        found["across_the_plane"] = {"correlations": correlations, "more_than_chance": ["detail", "width at the hem"]}
        write_json(folder / f"report{name}.json", found)
        write_json(folder / f"summary{name}.json", {"options": {}, "inputs": {}, "results": {}})
    rows = [
        {"label": ("casual", "collection")[number % 2], "distance": distance}
        for number, distance in enumerate(PLANE.signed_distance(LATENTS))
    ]
    write_csv(folder / "distances.csv", list(rows[0]), rows)
    write_json(folder / "summary.json", {"options": {}, "inputs": {"generator.keras": generator_sha256}, "results": {}})


RANKS = (1.0, 0.2, 0.4, 0.9, 0.3)
"""How like the data set's pictures the lookbook's garments are; the first one has no ends."""


def make_interpolation(home: Path, render, generator_sha256: str = SHA256) -> None:
    """``render`` makes pictures of latents."""
    folder = home / "outputs/6-interpolation"
    latents = PLANE.nearest(LATENTS[:5]).astype(np.float32)
    nearest = f"casual/{0:016x}.png"
    rows = [
        {"number": n + 1, "first": "casual:1" if n else "", "second": "collection:2" if n else "", "score": 0.5}
        | {"realism_rank": RANKS[n], "nearest": nearest, "nearest_rank": 0.6, "picture": f"lookbook/{n + 1:02d}.png"}
        for n in range(5)
    ]
    for row, picture in zip(rows, render(latents), strict=True):
        save_png(folder / row["picture"], picture)
    write_csv(folder / "lookbook.csv", list(rows[0]), rows)
    write_array(folder / "lookbook.npy", latents)
    strip = np.linspace(LATENTS[0], LATENTS[1], 4).astype(np.float32)
    steps = [
        {"strip": 0, "t": n / 3, "distance": 0.0, "picture": f"strip-0/step-{n:02d}.png"}
        | {"first": "casual:0", "second": "collection:0"}
        for n in range(4)
    ]
    for row, picture in zip(steps, render(strip), strict=True):
        save_png(folder / row["picture"], picture)
    write_csv(folder / "steps.csv", list(steps[0]), steps)
    write_array(folder / "strip.npy", strip)
    counts = {"candidates": 2400, "in_between_for_the_classifier": 178, "chosen": 5}
    results = {"crossing": 0.4, "lookbook": counts}
    begin(folder, "interpolate.py", {"a": None, "steps": 4}, "--steps 4")
    finish(folder, {"a": None, "steps": 4}, results, {"generator.keras": generator_sha256})


def draw(latents: np.ndarray) -> np.ndarray:
    """Pictures of latents where no generator is needed."""
    return np.stack([noise(int(abs(latent[0]) * 1e6)) for latent in latents])


def make_home(home: Path, render=draw, generator_sha256: str = SHA256) -> Path:
    """A finished home."""
    make_data(home)
    make_training(home, generator_sha256=generator_sha256)
    make_designs(home, generator_sha256)
    make_boundary(home, generator_sha256)
    make_interpolation(home, render, generator_sha256)
    return home


def open_data_picture(address: str) -> np.ndarray:
    """The pixels of a picture within a page."""
    import base64
    import io

    content = base64.b64decode(address.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
