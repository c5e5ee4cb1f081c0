"""Where pictures come from: one file for each source, all answering the same small interface.

A source is an object with a ``name`` and one method, ``offers(pole, query, count)``, which yields at
most ``count`` :class:`Offer` s. It does not download, decode or judge pictures. To add one: write its file, and name
it in :data:`SOURCES` and :func:`open_source`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from demicouture.scraping.http_client import Fetcher
    from demicouture.scraping.sources.urls import Address

SOURCES = {
    "wardrobe": "draws garments and looks: no network, no licences; for trying things out",
    "openverse": "searches openly licensed pictures: for real use",
    "met": "searches the Metropolitan Museum's Costume Institute: couture in the public domain",
    "commons": "searches Wikimedia Commons; needs --contact",
    "excite": "fetches what the image search of excite.co.jp finds; check the licences yourself",
    "urls": "fetches your own list of addresses, see --urls",
}
"""The names that ``--source`` takes, and what each is good for."""


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
    """

    url: str
    page_url: str = ""
    title: str = ""
    creator: str = ""
    licence: str = ""
    licence_url: str = ""
    content: bytes | None = None
    reason: str = ""


class Source(Protocol):
    """What the scraper asks of every source."""

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


def open_source(
    name: str,
    *,
    seed: int,
    queries: Mapping[str, Sequence[str]],
    fetcher: Fetcher,
    base_url: str | None = None,
    addresses: Sequence[Address] = (),
) -> Source:
    """Returns the source of that name.

    Args:
        name: One of :data:`SOURCES`.
        seed: For sources that draw.
        queries: All queries that will be asked, for each pole.
        fetcher: For sources that search the web.
        base_url: Where to search instead of at the usual address.
        addresses: What the source ``urls`` offers.

    Raises:
        InputError: The source asks for something that is missing.
    """
    # Imported here, so that nobody waits for OpenCV in order to fetch, or for a parser of HTML in order to draw.
    if name == "wardrobe":
        from demicouture.scraping.sources.wardrobe import Wardrobe

        return Wardrobe(seed=seed, queries=queries)
    if name == "excite":
        from demicouture.scraping.sources.excite import Excite

        return Excite(fetcher, base_url)
    if name == "openverse":
        from demicouture.scraping.sources.openverse import Openverse

        return Openverse(fetcher, base_url)
    if name == "met":
        from demicouture.scraping.sources.met import Met

        return Met(fetcher, base_url)
    if name == "commons":
        from demicouture.scraping.sources.commons import Commons

        return Commons(fetcher, base_url)
    if name == "urls":
        from demicouture.scraping.sources.urls import Urls

        return Urls(addresses)
    raise ValueError(f"no source is called {name!r}")


def others(name: str) -> str:
    """Returns the other sources' names, for a message that sends a person there."""
    return ", ".join(other for other in SOURCES if other != name)
