"""The source ``wardrobe``: draws its pictures, so that the whole chain runs without a network.

It answers like a search engine for garments and runway outfits: mostly good pictures,
a few in file formats that are hard to read, and a known share of waste. What it draws is no fashion
house's: a query must name a cut or a garment. Every picture depends on the
seed, the pole, the query and its own number, and on nothing else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

import numpy as np

from demicouture.errors import InputError
from demicouture.language import _
from demicouture.scraping.offers import Offer
from demicouture.synthetic import file_formats, scenes
from demicouture.synthetic.canvas import Canvas
from demicouture.synthetic.garments import GARMENTS

#: Waste, to be dropped by whoever culls: its kind, and its share of all offers. Our choice: a search
#: engine returns far more, but then most of the drawing would be for nothing.
WASTE = {
    "too-small": 0.015,
    "side-view": 0.015,
    "back-view": 0.015,
    "several-figures": 0.015,
    "no-garment": 0.02,
    "duplicate": 0.015,
    "duplicate-other-pole": 0.005,
    "near-duplicate": 0.01,
    "truncated": 0.01,
}

#: Good pictures in file formats that careless code loses, turns over or miscolours; to be kept.
ODD_FORMATS = {"cmyk": 0.01, "palette": 0.01, "16-bit": 0.01, "alpha": 0.01, "exif-rotated": 0.01}

#: The default names of the poles say what they show, whatever the query; under any other name the query decides.
GARMENT_POLE, OUTFIT_POLE = "casual", "collection"

#: What may be duplicated where the caller names no queries of its own.
KNOWN_QUERIES = {GARMENT_POLE: GARMENTS}

#: The first words that match decide which garment a query names, so "polo shirt" stands before "shirt", and
#: what a "hooded sweatshirt" is more than a sweatshirt comes first.
_GARMENT_WORDS = (
    ("polo", "polo shirt"),
    (r"hood(y|ie|ed)", "hoody"),
    ("cardigan", "cardigan"),
    ("fleece", "fleece"),
    ("sweat|pullover|crewneck", "sweats"),
    (r"\bt[- ]?shirt|\btees?\b", "T-shirt"),
    ("jacket|blazer", "jacket"),
    ("shirt", "shirt"),
)


#: The same for cuts of runway outfits, so "cocoon coat" stands before "coat", and "tiered gown" before "gown".
_CUT_WORDS = (
    (r"\bcapes?\b|cloak", "cape"),
    ("cocoon", "cocoon"),
    ("tier|ruffle|flounce", "tiers"),
    ("puff|balloon", "balloon"),
    (r"\bsuits?\b|tuxedo", "suit"),
    (r"\bgowns?\b", "gown"),
    ("column|sheath", "column"),
    (r"coats?\b", "coat"),
)


def garment_in(query: str) -> str | None:
    """Finds the garment that a query names, or None where it names none."""
    for pattern, garment in _GARMENT_WORDS:
        if re.search(pattern, query, re.IGNORECASE):
            return garment
    return None


def cut_in(query: str) -> str | None:
    """Finds the cut of a runway outfit that a query names, or None where it names none."""
    return next((cut for pattern, cut in _CUT_WORDS if re.search(pattern, query, re.IGNORECASE)), None)


def thing_in(query: str) -> str | None:
    """Finds the thing besides garments that a query names, or None where it names none."""
    return next((thing for thing in scenes.THINGS if re.search(rf"\b{thing}s?\b", query, re.IGNORECASE)), None)


def view_in(query: str) -> str:
    """Finds the view of a garment that a query names; ``front`` where it names none."""
    for pattern, view in ((r"\bside\b", "side"), (r"\b(behind|back)\b", "back"), (r"\b(pile|heap)\b", "several")):
        if re.search(pattern, query, re.IGNORECASE):
            return view
    return "front"


def _refuse_unknown(pole: str, query: str) -> None:
    named = cut_in(query) or (pole != OUTFIT_POLE and (garment_in(query) or thing_in(query)))
    if pole != GARMENT_POLE and not named:
        raise InputError(
            _(
                "--source wardrobe: found the query {query!r}, expected the name of a cut that it draws, such as cape, "
                "column dress or puff sleeves; choose another --source, or --queries data/queries-demo.csv"
            ).format(query=query)
        )


class Wardrobe:
    """A source that draws garments and runway outfits.

    Attributes:
        name: The source's name.
        seed: Another seed draws other pictures.
    """

    name = "wardrobe"

    def __init__(self, seed: int = 0, queries: Mapping[str, Sequence[str]] | None = None):
        """Draws nothing yet.

        Args:
            seed: Another seed draws other pictures.
            queries: For each pole, the queries that will be searched for, so that a duplicate repeats a picture
                that is really offered elsewhere. Without it a cut repeats itself.

        Raises:
            InputError: A query names nothing that it draws.
        """
        self.seed = seed
        self.queries = dict(queries) if queries is not None else dict(KNOWN_QUERIES)
        for pole, texts in self.queries.items():
            for text in texts:
                _refuse_unknown(pole, text)

    def offers(self, pole: str, query: str, count: int) -> Iterator[Offer]:
        """Yields ``count`` offers; offer i is the same whatever the count."""
        for index in range(count):
            yield self.offer(pole, query, index)

    def offer(self, pole: str, query: str, index: int) -> Offer:
        """Draws one picture."""
        kind = self.kind(pole, query, index)
        return Offer(
            url=self.url(pole, query, index),
            creator="Demicouture's wardrobe",
            licence="CC0-1.0",
            licence_url="https://creativecommons.org/publicdomain/zero/1.0/",
            content=self._content(pole, query, index, kind),
            reason=f"planted:{kind}" if kind else "",
        )

    def url(self, pole: str, query: str, index: int) -> str:
        """Returns the address of one picture."""
        return f"wardrobe:{quote(pole, safe='')}/{quote(query, safe='')}/{index:05d}?seed={self.seed}"

    def kind(self, pole: str, query: str, index: int) -> str:
        """Returns, without drawing, what is planted at an index; empty for a plain good picture."""
        kind = self._drawn_kind(pole, query, index)
        if kind == "duplicate-other-pole" and not self._others(pole):
            kind = "duplicate"
        if kind.startswith("duplicate") and self.original(pole, query, index) is None:
            return ""
        if kind == "near-duplicate" and self._good_index(pole, query, index, 0) is None:
            return ""
        return kind

    def original(self, pole: str, query: str, index: int) -> tuple[str, str, int] | None:
        """Finds which good picture a duplicate repeats: its pole, query and index, or None."""
        rng = self._rng("original", pole, query, index)
        others = [(pole, other) for other in self.queries.get(pole, ()) if other != query]
        if self._drawn_kind(pole, query, index) == "duplicate-other-pole":
            others = self._others(pole) or others
        if not others:
            found = self._good_index(pole, query, index, int(rng.integers(4)))
            return None if found is None else (pole, query, found)
        other_pole, other_query = others[int(rng.integers(len(others)))]
        # A low index, so that it is fetched even where little is wanted.
        found = self._good_index(other_pole, other_query, 64, int(rng.integers(4)))
        return None if found is None else (other_pole, other_query, found)

    def _others(self, pole: str) -> list[tuple[str, str]]:
        return [(other, query) for other in self.queries if other != pole for query in self.queries[other]]

    def _rng(self, purpose: str, pole: str, query: str, index: int) -> np.random.Generator:
        digest = hashlib.sha256(f"{purpose}/{self.seed}/{pole}/{query}/{index}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:16], "big"))

    def _drawn_kind(self, pole: str, query: str, index: int) -> str:
        chance = float(self._rng("kind", pole, query, index).random())
        for kind, share in (WASTE | ODD_FORMATS).items():
            chance -= share
            if chance < 0:
                return kind
        return ""

    def _good_index(self, pole: str, query: str, below: int, start: int) -> int | None:
        for step in range(below):
            index = (start + step) % below
            if not self._drawn_kind(pole, query, index):
                return index
        return None

    def _canvas(self, pole: str, query: str, rng: np.random.Generator, view: str = "front") -> Canvas:
        garment = None if pole == OUTFIT_POLE else garment_in(query)
        if garment is None and pole not in (GARMENT_POLE, OUTFIT_POLE) and (thing := thing_in(query)):
            return scenes.no_garment_scene(rng, thing)
        if garment is None and pole == GARMENT_POLE:
            garment = GARMENTS[int(rng.integers(len(GARMENTS)))]
        if garment is not None:
            return scenes.garment_scene(garment, rng, view if view != "front" else view_in(query))
        _refuse_unknown(pole, query)
        return scenes.runway_scene(cut_in(query), rng, view)

    def _good(self, pole: str, query: str, index: int) -> bytes:
        rng = self._rng("picture", pole, query, index)
        return file_formats.encode_picture(self._canvas(pole, query, rng).pixels_uint8(), rng)

    def _content(self, pole: str, query: str, index: int, kind: str) -> bytes:
        if kind.startswith("duplicate"):
            return self._good(*self.original(pole, query, index))
        if not kind:
            return self._good(pole, query, index)
        rng = self._rng("waste", pole, query, index)
        if kind == "near-duplicate":
            earlier = self._good_index(pole, query, index, int(rng.integers(4)))
            return file_formats.encode_again(self._good(pole, query, earlier), rng)
        if kind == "truncated":
            return file_formats.truncated(self._good(pole, query, index), rng)
        if kind == "no-garment":
            return file_formats.encode_picture(scenes.no_garment_scene(rng).pixels_uint8(), rng)
        views = {"side-view": "side", "back-view": "back", "several-figures": "several"}
        canvas = self._canvas(pole, query, rng, views.get(kind, "front"))
        pixels = canvas.pixels_uint8()
        if kind == "too-small":
            pixels = scenes.reduced(pixels, int(rng.integers(60, 127)))
        encoders = {
            "cmyk": lambda: file_formats.cmyk(pixels),
            "palette": lambda: file_formats.palette(pixels, rng),
            "16-bit": lambda: file_formats.sixteen_bit(pixels, rng),
            "alpha": lambda: file_formats.alpha(pixels, canvas.cover),
            "exif-rotated": lambda: file_formats.exif_rotated(pixels, rng),
        }
        return encoders.get(kind, lambda: file_formats.encode_picture(pixels, rng))()
