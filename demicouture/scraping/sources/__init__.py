"""Sources of pictures: one file for each, all with the same small interface.

A source is an object with a ``name`` and one method, ``offers(pole, query, count)``, which yields at
most ``count`` :class:`Offer` s. It does not download, decode or check pictures. One that searches the web also has
``limits``: what it gives at most, and how fast. To add one: write its file, and name it in
:data:`demicouture.scraping.offers.SOURCES` and :func:`open_source`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from demicouture.errors import InputError
from demicouture.language import _
from demicouture.scraping.offers import Source

if TYPE_CHECKING:
    from demicouture.scraping.http_client import Fetcher
    from demicouture.scraping.sources.urls import Address


SEARCHING = ("openverse", "met", "commons", "excite")
"""The sources that have an address of their own."""


def open_source(
    name: str,
    *,
    seed: int,
    queries: Mapping[str, Sequence[str]],
    fetcher: Fetcher,
    base_url: str | None = None,
    addresses: Sequence[Address] = (),
    only: str = "",
    without: str = "",
) -> Source:
    """Returns the source of that name.

    Args:
        name: One of :data:`demicouture.scraping.offers.SOURCES`.
        seed: For sources that draw.
        queries: All queries that will be searched for, of each pole.
        fetcher: For sources that search the web.
        base_url: Where to search instead of at the usual address.
        addresses: What the source ``urls`` offers.
        only: The collections that ``openverse`` searches; nothing for all.
        without: The collections that it leaves out.

    Raises:
        InputError: The source needs something that is missing.
    """
    if (only or without) and name != "openverse":
        flag = "--only" if only else "--without"
        raise InputError(
            _("{flag}: found with --source {name}, expected openverse; leave it away").format(flag=flag, name=name)
        )
    # Imported here, so that a run loads no source but its own.
    if name == "wardrobe":
        from demicouture.scraping.sources.wardrobe import Wardrobe

        return Wardrobe(seed=seed, queries=queries)
    if name == "excite":
        from demicouture.scraping.sources.excite import Excite

        return Excite(fetcher, base_url)
    if name == "openverse":
        from demicouture.scraping.sources.openverse import Openverse

        return Openverse(fetcher, base_url, only=only, without=without)
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
