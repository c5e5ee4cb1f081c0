from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from samples import bomb, encode, garment, jpeg, shirt, write

from demicouture.images import read_tile
from demicouture.near_duplicates import find_near_duplicates
from demicouture.preprocessing import pose, segmentation, shortcut_check
from demicouture.preprocessing.cropping import centre_box, read_origin
from demicouture.preprocessing.image_features import (
    FIGURE,
    GARMENT,
    Crop,
    FeatureTask,
    ImageFeatures,
    Log,
    extract_features,
    find_subject,
    is_outdated,
    make_crop,
    read_log,
    write_log,
)
from demicouture.scraping.sources.wardrobe import Wardrobe

FOUND = {
    "b": ImageFeatures("", 3, 4, (0, 0, 3, 3), 0.5, yaw=None, thumbnail_base64="AA=="),
    "a": ImageFeatures("undecodable"),
}

needs_models = pytest.mark.skipif(pose.find_models() is None, reason="BlazePose's models are not there: make models")


def test_one_look_says_what_is_in_a_picture(tmp_path):
    # The garment is 0.75 to 0.9 of the shorter side high, and lies left of the middle.
    path = write(tmp_path / "a.png", encode(garment(1, 600, 400, middle=(0.35, 0.5)), "PNG"))
    found = extract_features(FeatureTask(path))
    assert (found.reason, found.width, found.height) == ("", 600, 400)
    left, top, right, bottom = found.box
    assert abs((right - left) - (bottom - top)) <= 1  # Each edge is rounded by itself.
    assert abs((left + right) / 2 - 0.35 * 600) < 30
    assert 340 < right - left < 470
    assert found.contrast > 0.4 and found.sharpness > 0.4 and found.flatness < 0.5
    # Nobody was sought: there are no models.
    assert found.detected is found.person is found.yaw is found.thighs is found.second is None
    assert 0.1 < found.garment < 0.6
    assert found.thumbnail().shape == (16, 16, 3) and found.thumbnail().std() > 5
    assert found.descriptor().shape == (768,) and found.descriptor().dtype == np.uint8
    assert extract_features(FeatureTask(path)) == found


def test_what_cannot_be_looked_at_has_a_reason_and_nothing_else(tmp_path):
    assert extract_features(FeatureTask(write(tmp_path / "a.jpg", b"x"))) == ImageFeatures("undecodable")
    assert extract_features(FeatureTask(write(tmp_path / "a.jpg", shirt(1)[:900]))) == ImageFeatures("undecodable")
    assert extract_features(FeatureTask(write(tmp_path / "a.jpg", bomb()))) == ImageFeatures("over 100 megapixels")


def test_where_no_garment_is_found_the_middle_is_cut_out(tmp_path):
    blank = write(tmp_path / "a.png", encode(Image.new("RGB", (300, 200), (180, 180, 180)), "PNG"))
    found = extract_features(FeatureTask(blank))
    assert found.box == centre_box(300, 200) == (50, 0, 250, 200)
    assert found.garment == found.sharpness == 0
    assert found.contrast < 0.01


def test_the_same_picture_again_is_known_whatever_its_size_and_encoding(tmp_path):
    pictures = [garment(1, 480, 640), garment(1, 480, 640).resize((240, 320), Image.Resampling.LANCZOS), garment(2)]
    contents = [
        encode(pictures[0], "JPEG", quality=92),
        encode(pictures[1], "JPEG", quality=60),
        encode(pictures[2], "PNG"),
        encode(pictures[0].crop((10, 12, 470, 630)), "WEBP", quality=80),
    ]
    found = [extract_features(FeatureTask(write(tmp_path / "a.jpg", content))) for content in contents]
    pairs = find_near_duplicates(np.stack([features.thumbnail() for features in found]))
    assert [(0, 1), (0, 3)] == [pair for pair in map(tuple, pairs.tolist()) if 0 in pair]
    assert not (pairs == 2).any()


def cut(path, box, plain, size=64, **how) -> np.ndarray:
    with Image.open(path) as image:
        task = Crop(path, "f" * 64, *image.size, box, size, plain, **how)
    made = write(path.with_name("cut.png"), make_crop(task))
    assert read_origin(made) == (task.source, box)
    with Image.open(made) as image:
        assert (image.mode, image.size) == ("RGB", (size, size))
        return np.asarray(image).astype(int)


def test_a_crop_keeps_its_background_or_gets_the_plain_one(tmp_path):
    path = write(tmp_path / "a.png", encode(garment(3, 320, 320, ground=(120, 200, 120)), "PNG"))
    kept, plain = cut(path, (0, 0, 320, 320), plain=False), cut(path, (0, 0, 320, 320), plain=True)
    for corner in (np.s_[:6, :6], np.s_[-6:, :6], np.s_[:6, -6:], np.s_[-6:, -6:]):
        assert np.abs(kept[corner] - (120, 200, 120)).max() <= 25  # Its blotches are 20 levels strong.
        assert (plain[corner] == segmentation.PLAIN).all()
    middle = np.s_[26:38, 28:36]
    assert np.abs(kept[middle] - plain[middle]).mean() < 1  # Reduced at once, or by way of twice the size.
    # A box that a person drew is cut out of the same figure.
    part, plain_part = cut(path, (0, 0, 160, 160), plain=False), cut(path, (0, 0, 160, 160), plain=True)
    assert (plain_part[:6, :6] == segmentation.PLAIN).all()
    assert np.abs(part[-6:, -6:] - plain_part[-6:, -6:]).mean() < 4
    assert cut(path, (-160, -160, 160, 160), plain=True)[:20, :20].min() == segmentation.PLAIN[0]


def test_without_a_garment_the_background_stays(tmp_path):
    path = write(tmp_path / "a.png", encode(Image.new("RGB", (200, 200), (90, 60, 30)), "PNG"))
    assert (cut(path, (0, 0, 200, 200), plain=True) == (90, 60, 30)).all()


def test_a_picture_is_looked_into_again_once_the_models_are_there(tmp_path):
    without = ImageFeatures("", 200, 300, (0, 0, 200, 200), garment=0.4)
    assert is_outdated(without, tmp_path)
    assert not is_outdated(without, None)
    assert not is_outdated(replace(without, detected=0.0, person=0.0), tmp_path)
    assert not is_outdated(ImageFeatures("undecodable"), tmp_path)


@needs_models
def test_a_drawn_figure_is_a_person_and_a_drawn_garment_is_none(tmp_path):
    figure = write(tmp_path / "figure.png", Wardrobe().offer("collection", "long coat", 0).content)
    found = extract_features(FeatureTask(figure, pose.find_models()))
    assert found.person > 0.9 and found.yaw < 30 and found.garment is None and found.second == 0
    left, top, right, bottom = found.box
    # The square lies within the picture, in its middle across, and shows less than the whole figure.
    assert abs((right - left) - (bottom - top)) <= 1
    assert abs((left + right) / 2 - found.width / 2) < 0.1 * found.width
    assert 0 < top and bottom < found.height
    assert extract_features(FeatureTask(figure)).person is None

    garment_only = write(tmp_path / "garment.png", Wardrobe().offer("casual", "hoody", 2).content)
    found = extract_features(FeatureTask(garment_only, pose.find_models()))
    assert found.person < 0.5 and found.garment > 0.2 and found.yaw is found.second is None

    with Image.open(figure) as image:
        pixels = np.asarray(image.convert("RGB"))
    subject = find_subject(pixels, pose.find_models())
    assert subject.mask.shape == pixels.shape[:2] and 0.05 < subject.mask.mean() < 0.6


@needs_models
@pytest.mark.parametrize(("query", "index"), [("long coat", 1), ("trouser suit", 0), ("cape", 1)])
def test_of_a_drawn_figure_the_garment_is_cut_out_and_framed_like_one_that_nobody_wears(tmp_path, query, index):
    models = pose.find_models()
    worn = write(tmp_path / "worn.png", Wardrobe().offer("collection", query, index).content)
    flat = write(tmp_path / "flat.png", Wardrobe().offer("casual", "hoody", 2).content)
    for path in (worn, flat):
        found = extract_features(FeatureTask(path, models))
        left, top, right, bottom = found.garment_box
        assert right - left == bottom - top
        square = cut(path, found.garment_box, True, models=models, subject=GARMENT)
        garment_only = np.abs(square - segmentation.PLAIN).max(axis=2) > 8
        # Nothing reaches into the border that the shortcut check looks at, and the garment fills what is within.
        depth = round(shortcut_check.BORDER * 64)
        inner = np.s_[depth:-depth, depth:-depth]
        assert garment_only.sum() == garment_only[inner].sum()
        rows, columns = np.flatnonzero(garment_only.any(axis=1)), np.flatnonzero(garment_only.any(axis=0))
        assert max(np.ptp(rows), np.ptp(columns)) >= 48
        assert abs(rows[0] + rows[-1] - 63) <= 4 and abs(columns[0] + columns[-1] - 63) <= 4
    # A box that a person drew shows the same garment, without the head that it has in the whole figure.
    box = extract_features(FeatureTask(worn, models)).box
    higher = box[0], box[1] - (box[3] - box[1]) // 2, box[2], box[3] - (box[3] - box[1]) // 2
    garment_only, figure = (cut(worn, higher, True, models=models, subject=subject) for subject in (GARMENT, FIGURE))
    assert (garment_only[:30] == segmentation.PLAIN).all() and (figure[:30] != segmentation.PLAIN).any()


def test_a_figure_is_named_as_it_was_before_there_were_garments():
    task = Crop(Path("a.png"), "f" * 64, 10, 10, (0, 0, 10, 10), 64, True)
    assert task.source == "f" * 64 + " plain without models"
    assert replace(task, subject=GARMENT).source == "f" * 64 + " plain without models garment"
    assert replace(task, subject=GARMENT, plain=False).source == "f" * 64


def test_a_tile_shows_the_whole_picture(tmp_path):
    tile = read_tile((write(tmp_path / "a.jpg", jpeg(1, 600, 300)), 80))
    assert tile.shape == (80, 80, 3)
    assert (tile[:20] == tile[0, 0]).all() and (tile[60:] == tile[0, 0]).all()
    assert tile[21:59].std() > 10
    assert read_tile((write(tmp_path / "b.jpg", b""), 80)) is None


def test_the_log_goes_on_after_a_kill(tmp_path):
    path = tmp_path / "features.jsonl"
    assert read_log(path) == {}
    with Log(path, dict(FOUND)) as log:
        log.add("c", ImageFeatures("", 1, 2, (0, 0, 1, 1)))
        assert len(read_log(path)) == 3  # Written line by line, not at the end.
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    assert read_log(path) == FOUND
    with Log(path, read_log(path)) as log:
        log.add("c", ImageFeatures("", 1, 2, (0, 0, 1, 1)))
    assert path.read_bytes() == whole
    write_log(path, FOUND)
    assert list(read_log(path)) == ["a", "b"]


def test_strange_lines_in_the_log_are_looked_into_again(tmp_path):
    path = tmp_path / "features.jsonl"
    write_log(path, FOUND)
    write(path, b'[]\n7\n{"sha256": "x"}\n{"sha256": "y", "older": 1}\n\xff\n' + path.read_bytes())
    assert read_log(path) == FOUND
