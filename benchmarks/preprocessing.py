"""Times the culling and cropping of pictures on one core: without the rules on contents, and the rules by themselves.

Without the rules: a photograph is decoded, made upright RGB, cut to its middle square, reduced and saved as PNG; side
by side with the plain loop, Pillow's open, convert, resize and save. The rules: the features that
demicouture/preprocessing/image_features.py extracts from each picture. The photographs are drawn (the wardrobe's,
enlarged, with a camera's noise), or your own.

Example:
    python benchmarks/preprocessing.py --photos ~/pictures --json preprocessing.json
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from demicouture import cli  # noqa: E402
from demicouture.images import find_pictures, open_reduced  # noqa: E402
from demicouture.preprocessing import cropping, image_features, pose  # noqa: E402
from demicouture.scraping.sources.wardrobe import Wardrobe  # noqa: E402

SIZE = 128
SIDES = {"12 megapixels": (4000, 3000), "1 megapixel": (1155, 866), "small": (400, 300)}


def draw_photograph(number: int, width: int, height: int) -> bytes:
    """Returns a drawn garment or look as a JPEG file of this size, with noise, as a camera would write it."""
    pole, query = (("casual", "hoody"), ("collection", "cape"))[number % 2]
    wardrobe = Wardrobe(seed=1)
    # Far apart, so that two numbers never come to the same picture past the waste that it draws in between.
    good = next(index for index in itertools.count(100 * number) if not wardrobe.kind(pole, query, index))
    with Image.open(io.BytesIO(wardrobe.offer(pole, query, good).content)) as opened:
        pixels = np.asarray(opened.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)).astype(np.int16)
    noise = np.random.default_rng(number).normal(0, 4, (height, width, 1))
    content = io.BytesIO()
    Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8)).save(content, "JPEG", quality=90)
    return content.getvalue()


def plain(path: Path) -> bytes:
    """The loop that anyone would write first."""
    content = io.BytesIO()
    with Image.open(path) as image:
        image.convert("RGB").resize((SIZE, SIZE)).save(content, "PNG")
    return content.getvalue()


def ours(path: Path) -> bytes:
    """What preprocess.py does with a picture that it keeps, but for the rules on contents."""
    found = open_reduced(path, cropping.OVERSAMPLING * SIZE)
    box = cropping.centre_box(found.width, found.height)
    return cropping.encode(cropping.crop(found, box, SIZE), "", box)


def time_each(function: Callable[[Path], object], paths: Sequence[Path]) -> float:
    """Returns the milliseconds of processor time that a picture takes, all pictures together."""
    start = time.process_time()
    for path in paths:
        function(path)
    return (time.process_time() - start) * 1000 / len(paths)


def main(argv: list[str] | None = None) -> None:
    """Times and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=cli.HelpFormatter, allow_abbrev=False)
    parser.add_argument("--photos", type=Path, metavar="DIR", help="your own photographs, for the rules on contents")
    parser.add_argument("--pictures", type=cli.integer(2), default=8, metavar="N", help="of each size")
    parser.add_argument("--rounds", type=cli.integer(1), default=5, metavar="N", help="turns that the contenders take")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    args = parser.parse_args(argv)
    cv2.setNumThreads(1)
    figures: dict = {}
    with tempfile.TemporaryDirectory() as folder:
        print("| photographs | plain loop, ms | ours, ms | times as fast |\n| --- | ---: | ---: | ---: |")
        for name, (width, height) in SIDES.items():
            paths = [Path(folder, f"{name}-{number}.jpg") for number in range(args.pictures)]
            for number, path in enumerate(paths):
                path.write_bytes(draw_photograph(number, width, height))
            times = {"plain": [], "ours": []}
            for _ in tqdm(range(args.rounds), desc=name, leave=False, disable=None):
                times["plain"].append(time_each(plain, paths))
                times["ours"].append(time_each(ours, paths))
            ratio = statistics.median(a / b for a, b in zip(times["plain"], times["ours"], strict=True))
            figures[name] = {key: statistics.median(values) for key, values in times.items()} | {"ratio": ratio}
            print(f"| {name} | {figures[name]['plain']:.1f} | {figures[name]['ours']:.1f} | {ratio:.2f} |")
        pictures = (
            find_pictures(args.photos)[:: max(1, len(find_pictures(args.photos)) // 100)] if args.photos else paths
        )
        found = pose.find_models()
        tasks = [image_features.FeatureTask(path, found) for path in pictures]
        image_features.extract_features(tasks[0])  # Loads the models.
        times = [time_each(image_features.extract_features, tasks) for _ in itertools.repeat(None, args.rounds)]
        figures["rules"] = {"ms": statistics.median(times), "pictures": len(tasks), "models": found is not None}
        print(
            f"\nrules on contents{'' if found else ' (without those on people: no models)'}, {len(tasks)} pictures: "
            f"{figures['rules']['ms']:.1f} ms a picture, decoding included"
        )
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(cli.run(main))
