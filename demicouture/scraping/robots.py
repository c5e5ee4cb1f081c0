"""robots.txt and opt-outs: what a site allows programs to fetch, and which pictures it wants nobody to collect."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from protego import Protego

from demicouture.files import parse_json
from demicouture.scraping.html import find_tags

AGENT = "demicouture"
"""The name by which a site may address us alone. The User-Agent begins with it."""

OPT_OUTS = {"noai", "noimageai", "noml", "noindex", "noimageindex", "none"}
"""Words by which a site opts out of having a picture collected: the three made for such programs as this
one, and those by which a site keeps out of picture searches. ``none`` stands for noindex and nofollow."""

TRAINING_SIGNALS = {"content-signal": ("ai-train", "no"), "content-usage": ("train-ai", "n")}
"""Lines of a robots.txt, and headers, by which a site opts out of having models trained on it.

Source: contentsignals.org; the drafts of the IETF's working group AI Preferences, draft-ietf-aipref-attach.
"""

RESERVATION = "tdm-reservation"
"""A header, and the name of a ``meta`` tag; 1 reserves the rights of text and data mining.

Source: W3C Community Group, TDM Reservation Protocol, https://www.w3.org/2022/tdmrep/.
"""

RESERVATIONS_PATH = "/.well-known/tdmrep.json"
"""The same for a whole site, by paths."""

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
        text = content[:MAX_ROBOTS_BYTES].decode("utf-8-sig", "replace")
        self._rules = Protego.parse(text)
        self._signals = _training_signals(text)

    def allow(self, url: str) -> bool:
        """Returns whether an address may be fetched."""
        return self._rules.can_fetch(url, AGENT)

    def opt_out_of_training(self, url: str) -> bool:
        """Returns whether models may not be trained on an address; the longest path that fits decides."""
        parts = urlsplit(url)
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        fitting = [(len(pattern), said_no) for pattern, said_no in self._signals if _path_fits(pattern, path)]
        return max(fitting, default=(0, False))[1]

    def delay_seconds(self) -> float:
        """Returns the pause between requests that the site asks for; 0 where it asks for none."""
        return min(self._rules.crawl_delay(AGENT) or 0.0, LONGEST_DELAY)


def origin_of(url: str) -> str:
    """Returns the origin that one robots.txt is for: scheme, host and port.

    Source: RFC 9309, section 2.3.
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _training_signals(text: str) -> list[tuple[str, bool]]:
    """Returns of each signal that is meant for us its path, and whether it says no.

    As with other rules, a group that names us stands in place of the one for everybody. A signal before the first group
    is for everybody.
    """
    groups: dict[str, list[tuple[str, bool]]] = {"*": []}
    agents, in_names = ["*"], False
    for line in text.splitlines():
        name, colon, value = line.partition("#")[0].partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon:
            continue
        if name == "user-agent":
            agents = [*agents, value.lower()] if in_names else [value.lower()]
            for agent in agents:
                groups.setdefault(agent, [])
            in_names = True
            continue
        in_names = False
        if name in TRAINING_SIGNALS and (said_no := _says_no(name, value)) is not None:
            path = value.split()[0] if value.startswith("/") else "/"
            for agent in agents:
                groups[agent].append((path, said_no))
    return groups.get(AGENT, groups["*"])


def _says_no(name: str, value: str) -> bool | None:
    """Returns whether a signal forbids training; None where it says nothing of it."""
    key, no = TRAINING_SIGNALS[name]
    if value.startswith("/"):
        value = value.partition(" ")[2]  # A path stands before what holds for it.
    for part in re.split(r"[,;\s]+", value.lower()):
        said, equals, word = part.partition("=")
        if equals and said == key:
            return word == no
    return None


def _path_fits(pattern: str, path: str) -> bool:
    """Returns whether a path begins as a pattern says; ``*`` stands for anything, a ``$`` behind it for the end."""
    first, *others = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at, last = len(first), others[-1] if others else ""
    for part in others:  # Each where it comes first: no pattern takes longer than the path.
        if (found := path.find(part, at)) < 0:
            return False
        at = found + len(part)
    return not pattern.endswith("$") or (path.endswith(last) if others else at == len(path))


def headers_reserve(headers: Mapping[str, str]) -> bool:
    """Returns whether an answer's headers reserve it from mining, or opt out of training."""
    if headers.get(RESERVATION, "").strip() == "1":
        return True
    return any(_says_no(name, headers[name]) for name in TRAINING_SIGNALS if name in headers)


def site_reserves(reservations: bytes, url: str) -> bool:
    """Returns whether a site's ``tdmrep.json`` reserves an address; the first entry that fits decides.

    Args:
        reservations: The file, whatever is in it.
        url: The address.
    """
    try:
        entries = parse_json(reservations)
    except ValueError:
        return False
    path = urlsplit(url).path or "/"
    for entry in entries if isinstance(entries, list) else ():
        location = entry.get("location") if isinstance(entry, dict) else None
        if isinstance(location, str) and _path_fits(location, path):
            return str(entry.get(RESERVATION)) == "1"
    return False


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


def page_reserves(content: bytes, content_type: str) -> bool:
    """Returns whether a page's ``meta`` tags reserve it from mining."""
    tags = find_tags(content[:MAX_HEAD], content_type, "meta", "content")
    return any(tag.get("name", "").strip().lower() == RESERVATION and tag["content"].strip() == "1" for tag in tags)
