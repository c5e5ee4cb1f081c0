import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from demicouture.cli import HOUSE
from demicouture.errors import InputError
from demicouture.scraping.queries import read_queries
from demicouture.scraping.sources.wardrobe import ODD_FORMATS, WASTE, Wardrobe, cut_in, garment_in, thing_in, view_in
from demicouture.synthetic import file_formats, scenes
from demicouture.synthetic.garments import GARMENTS
from demicouture.synthetic.runway_styles import CUTS

OUTFITS = ("column dress", "cape", "puff sleeves")
QUERIES = {"casual": GARMENTS, "collection": OUTFITS}


@pytest.fixture(scope="module")
def wardrobe():
    return Wardrobe(queries=QUERIES)


def first(wardrobe, kind, pole="casual"):
    """Finds the first offer of a kind in a pole, without drawing: its query and index."""
    for index in range(2000):
        for query in QUERIES[pole]:
            if wardrobe.kind(pole, query, index) == kind:
                return query, index
    raise AssertionError(f"no {kind} among the first offers")


def offer_of(wardrobe, kind, pole="casual"):
    offer = wardrobe.offer(pole, *first(wardrobe, kind, pole))
    assert offer.reason == f"planted:{kind}"
    return offer


def opened(offer):
    picture = Image.open(io.BytesIO(offer.content))
    picture.load()
    return picture


def test_an_offer_depends_on_seed_pole_query_and_index_alone(wardrobe):
    few, many = list(wardrobe.offers("casual", "hoody", 3)), list(wardrobe.offers("casual", "hoody", 6))
    assert few == many[:3]
    assert wardrobe.offer("casual", "hoody", 5) == many[5]
    assert Wardrobe(seed=1).offer("casual", "hoody", 0).content != many[0].content
    assert wardrobe.offer("casual", "shirt", 0).content != many[0].content


def test_another_process_with_another_hash_seed_draws_the_same_bytes(wardrobe):
    here = hashlib.sha256(wardrobe.offer("collection", OUTFITS[1], 0).content).hexdigest()
    code = (
        "import hashlib; from demicouture.scraping.sources.wardrobe import Wardrobe;"
        f"print(hashlib.sha256(Wardrobe().offer('collection', {OUTFITS[1]!r}, 0).content).hexdigest())"
    )
    there = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "7", "PYTHONUTF8": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == here


@pytest.mark.parametrize(
    ("query", "cut"),
    [
        ("cape", "cape"),
        ("velvet Capes", "cape"),
        ("cocoon coat", "cocoon"),
        ("long coat", "coat"),
        ("puff sleeves", "balloon"),
        ("tiered gown", "tiers"),
        ("ball gown", "gown"),
        ("column dress", "column"),
        ("trouser suit", "suit"),
        ("Chanel runway look", None),
        ("landscape", None),
    ],
)
def test_cuts_are_found_anywhere(query, cut):
    assert cut_in(query) == cut


def test_every_cut_of_the_demonstration_is_drawn():
    queries = read_queries(HOUSE / "data/queries-demo.csv")
    assert {cut_in(query.text) for query in queries if query.pole == "collection"} == set(CUTS)


@pytest.mark.parametrize("pole", ["collection", "gala"])
def test_nothing_is_drawn_under_the_name_of_a_fashion_house(pole):
    with pytest.raises(InputError, match="found the query 'Chanel runway look', expected the name of a cut"):
        Wardrobe(queries={"casual": ["hoody"], pole: ["cape", "Chanel runway look"]})
    with pytest.raises(InputError, match="choose another --source, or --queries data/queries-demo.csv"):
        Wardrobe().offer(pole, "Chanel runway look", 0)


def test_the_address_escapes_the_query(wardrobe):
    offer = wardrobe.offer("collection", "cape in crêpe/x", 7)
    assert offer.url == "wardrobe:collection/cape%20in%20cr%C3%AApe%2Fx/00007?seed=0"
    assert offer.licence == "CC0-1.0"
    assert offer.licence_url.startswith("https://creativecommons.org/publicdomain/zero/")
    assert offer.creator == "Demicouture's wardrobe"


@pytest.mark.parametrize(
    ("query", "garment"),
    [
        ("polo shirt", "polo shirt"),
        ("men's POLO Shirt front", "polo shirt"),
        ("t-shirt", "T-shirt"),
        ("plain T shirt", "T-shirt"),
        ("flannel shirt", "shirt"),
        ("sweats", "sweats"),
        ("sweatshirt", "sweats"),
        ("crewneck", "sweats"),
        ("hooded sweatshirt", "hoody"),
        ("fleece sweatshirt", "fleece"),
        ("cardigan sweater", "cardigan"),
        ("zip hoodie", "hoody"),
        ("denim jacket", "jacket"),
        ("column dress", None),
    ],
)
def test_garment_words_are_found_anywhere(query, garment):
    assert garment_in(query) == garment


def test_garment_words_decide_in_poles_of_other_names():
    plain = Wardrobe()
    assert plain._canvas("everyday", "a hoody", np.random.default_rng(0)).height >= 240
    garment = scenes.garment_scene("hoody", np.random.default_rng(0)).pixels_uint8()
    assert np.array_equal(plain._canvas("everyday", "a hoody", np.random.default_rng(0)).pixels_uint8(), garment)
    look = scenes.runway_scene("cape", np.random.default_rng(0)).pixels_uint8()
    assert np.array_equal(plain._canvas("gala", "a cape", np.random.default_rng(0)).pixels_uint8(), look)


@pytest.mark.parametrize(
    ("pole", "query"), [("casual", g) for g in GARMENTS] + [("collection", o) for o in OUTFITS] + [("casual", "tops")]
)
def test_good_pictures_are_photograph_sized_and_not_blank_in_their_middle(wardrobe, pole, query):
    good = [k for k in range(20) if not wardrobe.kind(pole, query, k)][:3]
    for index in good:
        picture = opened(wardrobe.offer(pole, query, index))
        assert picture.mode == "RGB"
        assert 240 <= min(picture.size) and max(picture.size) <= 420
        assert 0.74 <= picture.width / picture.height <= 1.01
        pixels = np.asarray(picture, dtype=float)
        assert pixels.std() > 12
        height, width = pixels.shape[:2]
        middle = pixels[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4]
        assert middle.std() > 10


def test_no_two_good_pictures_are_equal(wardrobe):
    seen = set()
    for pole, queries in QUERIES.items():
        for query in queries:
            for index in [k for k in range(12) if not wardrobe.kind(pole, query, k)][:4]:
                seen.add(wardrobe.offer(pole, query, index).content)
    assert len(seen) == 4 * (len(GARMENTS) + len(OUTFITS))


def test_shares_are_those_of_the_table(wardrobe):
    kinds = [wardrobe.kind("casual", query, index) for query in GARMENTS for index in range(400)]
    for kind, share in (WASTE | ODD_FORMATS).items():
        # Four standard deviations of a binomial; the seed is fixed, so this cannot fail by chance.
        assert abs(kinds.count(kind) / len(kinds) - share) < 4 * (share / len(kinds)) ** 0.5, kind
    planted = sum(WASTE.values()) + sum(ODD_FORMATS.values())
    assert 0.1 < planted < 0.2
    assert abs(1 - kinds.count("") / len(kinds) - planted) < 0.03


@pytest.mark.parametrize("pole", QUERIES)
def test_too_small_is_too_small(wardrobe, pole):
    assert 40 < min(opened(offer_of(wardrobe, "too-small", pole)).size) < 128


@pytest.mark.parametrize("pole", QUERIES)
@pytest.mark.parametrize("kind", ["side-view", "back-view", "several-figures", "no-garment"])
def test_what_is_wrong_only_to_the_eye_decodes_like_a_good_picture(wardrobe, pole, kind):
    picture = opened(offer_of(wardrobe, kind, pole))
    assert min(picture.size) >= 128 and np.asarray(picture).std() > 8


@pytest.mark.parametrize("pole", QUERIES)
def test_a_duplicate_repeats_a_good_picture_of_another_query_of_its_pole(wardrobe, pole):
    query, index = first(wardrobe, "duplicate", pole)
    other_pole, other_query, other_index = wardrobe.original(pole, query, index)
    assert other_pole == pole and other_query != query and other_index < 12
    original = wardrobe.offer(other_pole, other_query, other_index)
    assert original.reason == ""
    assert wardrobe.offer(pole, query, index).content == original.content


@pytest.mark.parametrize("pole", QUERIES)
def test_a_few_duplicates_repeat_a_good_picture_of_the_other_pole(wardrobe, pole):
    query, index = first(wardrobe, "duplicate-other-pole", pole)
    other_pole, other_query, other_index = wardrobe.original(pole, query, index)
    assert {pole, other_pole} == set(QUERIES) and other_index < 12
    original = wardrobe.offer(other_pole, other_query, other_index)
    assert original.reason == ""
    assert wardrobe.offer(pole, query, index).content == original.content


def test_without_known_queries_a_cut_repeats_itself():
    alone = Wardrobe(queries={})
    kinds = [alone.kind("collection", "cape", index) for index in range(600)]
    assert "duplicate-other-pole" not in kinds
    index = kinds.index("duplicate")
    pole, query, earlier = alone.original("collection", "cape", index)
    assert (pole, query) == ("collection", "cape") and earlier < index and kinds[earlier] == ""
    assert alone.offer("collection", "cape", index).content == alone.offer("collection", "cape", earlier).content


def test_a_near_duplicate_resembles_an_earlier_picture_but_not_to_the_byte(wardrobe):
    query, index = first(wardrobe, "near-duplicate")
    small = []
    for k in range(index + 1):
        if k == index or not wardrobe.kind("casual", query, k):
            picture = opened(wardrobe.offer("casual", query, k)).resize((32, 32), Image.Resampling.BOX)
            small.append(np.asarray(picture, dtype=float))
    distances = [np.abs(small[-1] - other).mean() for other in small[:-1]]
    assert 0 < min(distances) < 4


@pytest.mark.parametrize("pole", QUERIES)
def test_truncated_cannot_be_decoded_to_the_end(wardrobe, pole):
    offer = offer_of(wardrobe, "truncated", pole)
    with pytest.raises((OSError, SyntaxError)):
        opened(offer)


def test_cmyk_is_cmyk_and_looks_right_in_rgb(wardrobe):
    picture = opened(offer_of(wardrobe, "cmyk"))
    assert (picture.format, picture.mode) == ("JPEG", "CMYK")
    pixels = scenes.garment_scene("hoody", np.random.default_rng(0)).pixels_uint8()
    back = Image.open(io.BytesIO(file_formats.cmyk(pixels))).convert("RGB")
    assert np.abs(np.asarray(back, dtype=int) - pixels).mean() < 6


def test_palette_has_a_palette(wardrobe):
    picture = opened(offer_of(wardrobe, "palette"))
    assert picture.mode == "P" and picture.format in ("GIF", "PNG")


def test_16_bit_has_16_bits(wardrobe):
    content = offer_of(wardrobe, "16-bit").content
    assert cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED).dtype == np.uint16
    pixels = scenes.garment_scene("hoody", np.random.default_rng(0)).pixels_uint8()
    colour_types = set()
    for seed in range(8):
        content = file_formats.sixteen_bit(pixels, np.random.default_rng(seed))
        assert content[24] == 16  # the bit depth in a PNG's header
        colour_types.add(content[25])
    assert colour_types == {0, 2}  # grey and RGB


def test_alpha_is_transparent_around_the_garment(wardrobe):
    picture = opened(offer_of(wardrobe, "alpha"))
    assert picture.mode == "RGBA"
    alpha = np.asarray(picture)[..., 3]
    assert alpha[0, 0] == 0 and alpha[alpha.shape[0] // 2, alpha.shape[1] // 2] == 255
    assert 0.1 < (alpha > 128).mean() < 0.75


def test_exif_rotated_lies_in_the_file_and_stands_when_the_tag_is_honoured(wardrobe):
    picture = opened(offer_of(wardrobe, "exif-rotated"))
    assert picture.getexif()[file_formats.ORIENTATION_TAG] in (3, 6, 8)
    pixels = scenes.runway_scene("cape", np.random.default_rng(0)).pixels_uint8()
    tags = set()
    for seed in range(12):
        stored = Image.open(io.BytesIO(file_formats.exif_rotated(pixels, np.random.default_rng(seed))))
        tags.add(stored.getexif()[file_formats.ORIENTATION_TAG])
        upright = np.asarray(ImageOps.exif_transpose(stored), dtype=int)
        assert upright.shape == pixels.shape
        assert np.abs(upright - pixels).mean() < 6
    assert tags == {3, 6, 8}


def test_examples_of_what_is_no_top_are_drawn_as_they_are_asked_for():
    assert [thing_in(query) for query in ("red shoes", "bottle of perfume", "chair", "logos", "wheelchairs")] == [
        *("shoe", "bottle", "chair", "logo"),
        None,
    ]
    queries = ("hoody", "hoody from the side", "jacket from behind", "pile of shirts", "backpack")
    assert [view_in(query) for query in queries] == ["front", "side", "back", "several", "front"]
    wardrobe = Wardrobe(queries={"top": ("hoody",), "other": ("shoe", "hoody from the side", "chair")})
    pictures = {
        (pole, query): np.asarray(opened(offer_at(wardrobe, pole, query)).convert("RGB")).astype(int)
        for pole, query in (("other", "shoe"), ("other", "chair"), ("other", "hoody from the side"), ("top", "hoody"))
    }

    # From the side a hoody is narrow: the left quarter of the picture is ground, where a sleeve would lie.
    def busy(pixels):
        return pixels[:, pixels.shape[1] // 5 : pixels.shape[1] // 3].std()

    assert busy(pictures["other", "hoody from the side"]) < busy(pictures["top", "hoody"]) / 2
    assert offer_at(wardrobe, "other", "shoe").content != offer_at(wardrobe, "other", "chair").content
    # The two poles of the chain are drawn as ever, whatever their queries say.
    assert isinstance(opened(offer_at(wardrobe, "casual", "chair")), Image.Image)


def offer_at(wardrobe, pole, query):
    """Offers the first plain picture of a query."""
    return wardrobe.offer(pole, query, next(i for i in range(99) if not wardrobe.kind(pole, query, i)))
