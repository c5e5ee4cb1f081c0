"""The forecast of a collection: what a source can give of a plan at most, and how long that takes at its limits."""

from __future__ import annotations

import math
from collections.abc import Mapping

from demicouture.scraping.clock import describe_duration
from demicouture.scraping.offers import Limits, Source
from demicouture.scraping.queries import Query

DAY = 86400.0

MOST_NAMED = 3
"""Our choice: queries that are named as examples."""


def duration(missing: Mapping[Query, int], limits: Limits, delay_seconds: float) -> tuple[int, float, float]:
    """Returns the requests that a source needs at least, and the seconds for them and for the pictures.

    Args:
        missing: How many pictures each query still wants.
        limits: The source's.
        delay_seconds: The pause between two requests to one host.
    """
    numbers = [min(number, limits.most) for number in missing.values()]
    requests = sum(math.ceil(number / limits.page_size) for number in numbers)
    requests += limits.requests_for_a_picture * sum(numbers)
    pause = max(delay_seconds, limits.seconds_between_requests)
    for_requests = requests * pause
    if limits.requests_a_day:
        days, rest = divmod(max(requests - 1, 0), limits.requests_a_day)
        for_requests = days * DAY + (rest + 1) * pause
    return requests, for_requests, sum(numbers) * delay_seconds / limits.hosts


def least_seconds(number: int, limits: Limits, delay_seconds: float) -> float:
    """Returns the time that so many pictures of a source take at least, of however many queries."""
    whole = {Query("", str(start), min(limits.most, number - start)): 0 for start in range(0, number, limits.most)}
    _, for_requests, for_pictures = duration({query: query.wanted for query in whole}, limits, delay_seconds)
    return max(for_requests, for_pictures)


def describe_rest(missing: Mapping[Query, int], source: Source, delay_seconds: float) -> str:
    """Returns how many pictures are still wanted of a source, and how long that takes, on one line."""
    limits = source.limits
    _, for_requests, for_pictures = duration(missing, limits, delay_seconds)
    number = sum(min(number, limits.most) for number in missing.values())
    return f"still wanted: {number:,} pictures; at the limits of {source.name} about " + describe_duration(
        max(for_requests, for_pictures)
    )


def describe_plan(missing: Mapping[Query, int], source: Source, delay_seconds: float) -> str:
    """Returns what a source can give of what is missing: a table of the poles, and the time.

    Args:
        missing: How many pictures each query still wants.
        source: The source.
        delay_seconds: The pause between two requests to one host.
    """
    total = sum(missing.values())
    if not (limits := getattr(source, "limits", None)):
        return f"{source.name}: {total:,} pictures of {len(missing)} queries; it asks nobody, so no limits apply"
    granted = f"{limits.page_size} a request"
    if limits.requests_a_day:
        granted += f", {limits.requests_a_day:,} requests a day"
    text = [f"{source.name} gives at most {limits.most:,} pictures of a query, {granted}"]
    poles = sorted({query.pole for query in missing})
    width = max(map(len, poles), default=0)
    text.append(" " * width + "".join(f"{name:>10}" for name in ("queries", "wanted", "at most", "requests")))
    for pole in poles:
        mine = {query: number for query, number in missing.items() if query.pole == pole}
        at_most = sum(min(number, limits.most) for number in mine.values())
        requests = duration(mine, limits, delay_seconds)[0]
        numbers = (len(mine), sum(mine.values()), at_most, requests)
        text.append(f"{pole:{width}}" + "".join(f"{number:>10,}" for number in numbers))
    requests, for_requests, for_pictures = duration(missing, limits, delay_seconds)
    longest = describe_duration(max(for_requests, for_pictures))
    text.append(
        f"at these limits about {longest}: {requests:,} requests take {describe_duration(for_requests)}, "
        f"the pictures {describe_duration(for_pictures)}"
    )
    too_many = [query for query, number in missing.items() if number > limits.most]
    if too_many:
        lacking = sum(missing[query] - limits.most for query in too_many)
        named = ", ".join(f"{query.text} {missing[query]:,}" for query in too_many[:MOST_NAMED])
        text.append(
            f"{lacking:,} of {total:,} cannot be reached: {len(too_many)} queries want more than {limits.most:,} "
            f"({named}{', …' if len(too_many) > MOST_NAMED else ''}); spread their counts over several wordings"
        )
    if limits.advice and limits.requests_a_day and requests > limits.requests_a_day:
        text.append(limits.advice)
    return "\n".join(text)


def describe_source(missing: Mapping[Query, int], source: Source, delay_seconds: float) -> str:
    """Returns on one line what a source can give of what is missing, and how long that takes at least."""
    limits = source.limits
    _, for_requests, for_pictures = duration(missing, limits, delay_seconds)
    at_most = sum(min(number, limits.most) for number in missing.values())
    text = f"{source.name}: at most {at_most:,} of {sum(missing.values()):,} pictures, in at least "
    text += describe_duration(max(for_requests, for_pictures))
    return f"{text} ({limits.caution})" if limits.caution else text
