"""Where pictures come from: one file for each source, all answering the same small interface.

A source is an object with a ``name`` and one method, ``offers(pole, query, count)``, which yields at
most ``count`` :class:`Offer` s. It does not download, decode or judge pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Offer:
    """One picture that a source offers for a query.

    Attributes:
        url: The picture's address, exactly as the source gave it.
        page_url: The page that shows the picture, where the source knows it.
        creator: Who made the picture, where the source knows it.
        licence: The licence's short name, such as ``CC0-1.0``.
        licence_url: The licence's text.
        content: The encoded picture itself, where the source makes pictures rather than finding them.
        reason: What the source knows about the picture beforehand; ``planted:<kind>`` for the
            wardrobe's deliberate waste. Nothing after the scraper may read it.
    """

    url: str
    page_url: str = ""
    creator: str = ""
    licence: str = ""
    licence_url: str = ""
    content: bytes | None = None
    reason: str = ""


class Source(Protocol):
    """What the scraper asks of every source."""

    name: str

    def offers(self, pole: str, query: str, count: int) -> Iterator[Offer]:
        """Yields at most ``count`` offers for one query, the best first."""
        ...
