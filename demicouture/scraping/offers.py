"""Offers of pictures, and the interface of the sources that make them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from demicouture.language import N_


@dataclass(frozen=True)
class Offer:
    """One picture that a source offers for a query.

    Attributes:
        url: The picture's address, exactly as the source gave it.
        page_url: The page that shows the picture, where the source knows it.
        title: What the picture is called, where the source knows it.
        creator: Who made the picture, where the source knows it.
        licence: The licence's short name, such as ``CC0-1.0``.
        licence_url: The licence's text.
        content: The encoded picture itself, where the source makes pictures rather than finding them.
        reason: What the source knows about the picture beforehand; ``planted:<kind>`` for the
            wardrobe's deliberate waste. Nothing after the scraper may read it.
        thumbnail: The address of a reduced copy that the source itself serves to programs, where it does.
    """

    url: str
    page_url: str = ""
    title: str = ""
    creator: str = ""
    licence: str = ""
    licence_url: str = ""
    content: bytes | None = None
    reason: str = ""
    thumbnail: str = ""


@dataclass(frozen=True)
class Limits:
    """What a source gives at most, and how fast.

    Attributes:
        most: Pictures of one query.
        page_size: Pictures that one request names.
        seconds_between_requests: Between two requests for such names.
        requests_a_day: The most of them in a day; None for as many as anybody likes.
        requests_for_a_picture: Further requests that a picture needs before it can be fetched.
        hosts: From how many hosts pictures come, about: they are visited at once.
        advice: How there could be more; nothing where there is no way.
        caution: What the numbers do not say.
    """

    most: int
    page_size: int
    seconds_between_requests: float
    requests_a_day: int | None = None
    requests_for_a_picture: int = 0
    hosts: int = 1
    advice: str = ""
    caution: str = ""


class Source(Protocol):
    """The interface of every source. One that searches the web has ``limits`` besides, a :class:`Limits`."""

    name: str

    def offers(self, pole: str, query: str, count: int) -> Iterator[Offer]:
        """Yields at most ``count`` offers for one query, the best first, no address twice.

        Raises:
            SourceError: The source cannot be reached, or its answers changed.
        """
        ...


class DrawingSource(Source, Protocol):
    """A source that makes its pictures. Each depends on its number alone, so they can be made in any order."""

    def url(self, pole: str, query: str, index: int) -> str:
        """Returns one picture's address at once, without drawing it."""
        ...

    def offer(self, pole: str, query: str, index: int) -> Offer:
        """Draws one picture."""
        ...


SOURCES = {
    "wardrobe": N_("draws garments and runway outfits: no network, no licences; for trying things out"),
    "openverse": N_("searches openly licensed pictures: for real use"),
    "met": N_("searches the Metropolitan Museum's Costume Institute: couture in the public domain"),
    "commons": N_("searches Wikimedia Commons; needs --contact"),
    "excite": N_("fetches what the image search of excite.co.jp finds; check the licences yourself"),
    "urls": N_("fetches your own list of addresses, see --urls"),
}
"""The names that ``--source`` takes, and what each is good for."""


def others(name: str) -> str:
    """Returns the other sources' names, for a message that sends a person there."""
    return ", ".join(other for other in SOURCES if other != name)
