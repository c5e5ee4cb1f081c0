"""Asking a service that answers in JSON, and taking nothing that it says for granted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from demicouture.errors import FetchError, SourceError
from demicouture.scraping import failure_reasons
from demicouture.scraping.http_client import BUSY, Answer, Fetcher
from demicouture.scraping.sources import others

MAX_BYTES = 5_000_000
"""Our choice: fifty results with all their metadata come to a few hundred kB."""

MOST_LETTERS = 500
"""Of a title or a name. Some services have whole descriptions there."""

LONGEST_ADDRESS = 8000
"""Letters. Source: RFC 9110, section 4.1: what everybody should be able to take."""


def with_query(url: str, parameters: Mapping[str, Any]) -> str:
    """Returns an address with parameters."""
    return f"{url}?{urlencode(parameters)}"


def ask_json(
    fetcher: Fetcher,
    source: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    busy: Mapping[int, float | None] = BUSY,
    missing: bool = False,
) -> tuple[dict[str, Any] | None, Answer | None]:
    """Asks for a JSON object, and returns it and the answer that it came in.

    Args:
        fetcher: Does the asking.
        source: The source's name.
        url: Where to ask.
        headers: Further headers.
        busy: Statuses that mean "later", see :meth:`demicouture.scraping.http_client.Fetcher.ask`.
        missing: Whether there may be nothing there; then for HTTP 404 both are None.

    Raises:
        SourceError: The service cannot be reached, refuses, or answers something else.
    """
    try:
        answer = fetcher.ask(url, max_bytes=MAX_BYTES, headers=headers, busy=busy)
        found = json.loads(answer.content)
    except FetchError as error:
        if missing and error.status == 404:
            return None, None
        raise failure(source, url, str(error)) from error
    except (ValueError, RecursionError):
        raise failure(source, url, "found no JSON, so the service has moved or changed") from None
    if not isinstance(found, dict):
        raise failure(source, url, "found JSON of another shape, so the service has changed")
    return found, answer


def failure(source: str, url: str, told: str, expected: str = "an answer for programs") -> SourceError:
    """Returns the error that tells a person what is wrong with a service, and what else there is."""
    if told == failure_reasons.PRIVATE:
        told += " (add --allow-private-hosts if that is meant)"
    return SourceError(
        f"{source}: {url}: {told}, expected {expected}; try again later, or use another --source ({others(source)})"
    )


def as_text(value: Any) -> str:
    """Returns a value of strangers as one short line of text; nothing where it is no text."""
    if not isinstance(value, str):
        return ""
    clean = re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", value).strip()
    return clean.encode("utf-8", "replace").decode()[:MOST_LETTERS]


def as_address(value: Any) -> str:
    """Returns a value of strangers where it is a web address, exactly as it is, and nothing otherwise."""
    is_one = isinstance(value, str) and len(value) <= LONGEST_ADDRESS and re.match(r"(?i)https?://", value)
    return value if is_one else ""
