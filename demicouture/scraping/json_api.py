"""JSON interfaces of search services: requests, and checks of everything that they answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from demicouture.errors import FetchError, SourceError
from demicouture.files import parse_json
from demicouture.language import _
from demicouture.scraping import failure_reasons
from demicouture.scraping.http_client import BUSY, Fetcher, Response
from demicouture.scraping.offers import others
from demicouture.scraping.rate_limits import PutOff

MAX_JSON_BYTES = 5_000_000
"""Our choice: fifty results with all their metadata come to a few hundred kB."""

MOST_LETTERS = 500
"""Of a title or a name. Some services have whole descriptions there."""

LONGEST_ADDRESS = 8000
"""Letters. Source: RFC 9110, section 4.1: what everybody should be able to take."""


def with_query(url: str, parameters: Mapping[str, Any]) -> str:
    """Returns an address with parameters; half a surrogate pair, which JSON from outside may hold, becomes a ``?``."""
    return f"{url}?{urlencode(parameters, errors='replace')}"


def request_json(
    fetcher: Fetcher,
    source: str,
    url: str,
    *,
    check: Callable[[dict[str, Any]], str] = lambda found: "",
    headers: Mapping[str, str] | None = None,
    busy: Mapping[int, float | None] = BUSY,
    missing: bool = False,
    before: Callable[[], None] = lambda: None,
) -> tuple[dict[str, Any], Response | None]:
    """Requests a JSON object, and returns it and the response that it came in.

    Args:
        fetcher: The HTTP client.
        source: The source's name.
        url: The address.
        check: Says what is wrong with an answer that cannot be used; nothing where it can.
        headers: Further headers.
        busy: Statuses that mean "later", see :meth:`demicouture.scraping.http_client.Fetcher.call_api`.
        missing: Whether there may be nothing there; then HTTP 404 is an empty answer.
        before: Called where the answer is not known from before, and so the service is really asked.

    Returns:
        The object, and the response; no response where the answer was known.

    Raises:
        SourceError: The service cannot be reached, refuses, or answers something else.
    """
    if fetcher.answers and (known := fetcher.answers.find(url)) is not None:
        return known, None
    before()
    response = None
    try:
        response = fetcher.call_api(url, max_bytes=MAX_JSON_BYTES, headers=headers, busy=busy)
        found = parse_json(response.content)
    except FetchError as error:
        if not (missing and error.status == 404):
            raise refusal(fetcher, source, url, error) from error
        found = {}
    except ValueError:
        raise failure(source, url, _("found no JSON, so the service has moved or changed")) from None
    if not isinstance(found, dict):
        raise failure(source, url, _("found JSON of another shape, so the service has changed"))
    if response and (problem := check(found)):
        raise failure(source, url, problem)
    if fetcher.answers:
        fetcher.answers.keep(url, found)
    return found, response


def refusal(fetcher: Fetcher, source: str, url: str, error: FetchError) -> SourceError:
    """Returns the error that says how a service refused, in its own words where it said any."""
    if isinstance(error, PutOff):
        return failure(
            source,
            url,
            str(error),
            when=_("at {time_of_day}").format(time_of_day=fetcher.clock.time_of_day(error.seconds)),
        )
    words = fetcher.words.get(urlsplit(url).hostname or "") if error.status == 403 else ""
    return failure(source, url, f"{_(str(error))} ({words})" if words else str(error))


def failure(source: str, url: str, problem: str, expected: str = "", when: str = "") -> SourceError:
    """Returns the error that says what is wrong with a service, and which other sources there are."""
    told = _(problem)
    if problem == failure_reasons.PRIVATE:
        told += _(" (add --allow-private-hosts if that is meant)")
    return SourceError(
        _(
            "{source}: {url}: {problem}, expected {expected}; try again {when}, or use another --source ({others})"
        ).format(
            source=source,
            url=url,
            problem=told,
            expected=expected or _("an answer for programs"),
            when=when or _("later"),
            others=others(source),
        )
    )


def as_text(value: Any) -> str:
    """Returns a value from outside as one short line of text; nothing where it is no text."""
    if not isinstance(value, str):
        return ""
    clean = re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", value).strip()
    return clean.encode("utf-8", "replace").decode()[:MOST_LETTERS]


def as_address(value: Any) -> str:
    """Returns a value from outside where it is a web address, exactly as it is, and nothing otherwise."""
    is_one = isinstance(value, str) and len(value) <= LONGEST_ADDRESS and re.match(r"(?i)https?://", value)
    return value if is_one else ""
