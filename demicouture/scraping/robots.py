"""robots.txt and opt-outs: what a site allows programs to fetch, and which pictures it wants nobody to collect."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from protego import Protego

from demicouture.scraping.html import find_tags

AGENT = "demicouture"
"""The name by which a site may address us alone. The User-Agent begins with it."""

OPT_OUTS = {"noai", "noimageai", "noindex", "noimageindex", "none"}
"""Words by which a site opts out of having a picture collected: the two made for such programs as this
one, and those by which a site keeps out of picture searches. ``none`` stands for noindex and nofollow."""

VALUED = {"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"}
"""What has a value after a colon, and is no program's name."""

MAX_ROBOTS_BYTES = 500 * 1024
"""What is read of a robots.txt; the rest is left away.

Source: RFC 9309, section 2.5: at least so much.
"""

MAX_AGE_SECONDS = 24 * 3600
"""After which a robots.txt is read again.

Source: RFC 9309, section 2.4.
"""

LONGEST_DELAY = 60.0
"""Seconds; our choice. A site with a longer Crawl-delay is visited once a minute, which disturbs nobody."""

MAX_HEAD = 200_000
"""Bytes of a page in which its ``meta`` tags are looked for; they belong into its head."""


class RobotsRules:
    """One site's robots.txt."""

    def __init__(self, content: bytes) -> None:
        """Reads it, however damaged.

        Args:
            content: The file; empty for a site that has none.
        """
        self._rules = Protego.parse(content[:MAX_ROBOTS_BYTES].decode("utf-8-sig", "replace"))

    def allow(self, url: str) -> bool:
        """Returns whether an address may be fetched."""
        return self._rules.can_fetch(url, AGENT)

    def delay_seconds(self) -> float:
        """Returns the pause between requests that the site asks for; 0 where it asks for none."""
        return min(self._rules.crawl_delay(AGENT) or 0.0, LONGEST_DELAY)


def origin_of(url: str) -> str:
    """Returns the origin that one robots.txt is for: scheme, host and port.

    Source: RFC 9309, section 2.3.
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def header_opts_out(values: Iterable[str]) -> bool:
    """Returns whether ``X-Robots-Tag`` headers opt out, for everybody or for us.

    Args:
        values: Each header's value: directives with commas between, after the name of a program that they are meant
            for, or without. ``otherbot: noai, nofollow`` does not concern us.
    """
    for value in values:
        meant_for_us = True
        for part in value.lower().split(","):
            name, colon, directive = part.partition(":")
            if not colon:
                directive = name
            elif name.strip() not in VALUED:
                meant_for_us = name.strip() in (AGENT, "*")
            if meant_for_us and directive.strip() in OPT_OUTS:
                return True
    return False


def page_opts_out(content: bytes, content_type: str) -> bool:
    """Returns whether a page's ``meta`` tags opt out, for everybody or for us."""
    for tag in find_tags(content[:MAX_HEAD], content_type, "meta", "content"):
        name = tag.get("name", tag.get("http-equiv", "")).strip().lower()
        if name == "x-robots-tag" and header_opts_out([tag["content"]]):
            return True
        if name in ("robots", AGENT) and OPT_OUTS & set(re.split(r"[\s,;]+", tag["content"].lower())):
            return True
    return False
