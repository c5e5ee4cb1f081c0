"""The forecast of a collection: what a source can give of a plan at most, and how long that takes at its limits."""

from __future__ import annotations

import math
from collections.abc import Mapping

from demicouture.language import _, right_aligned
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
    _requests, for_requests, for_pictures = duration(missing, limits, delay_seconds)
    number = sum(min(number, limits.most) for number in missing.values())
    return _("still wanted: {number:,} pictures; at the limits of {name} about {duration}").format(
        number=number, name=source.name, duration=describe_duration(max(for_requests, for_pictures))
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
        return _("{name}: {total:,} pictures of {count} queries; it asks nobody, so no limits apply").format(
            name=source.name, total=total, count=len(missing)
        )
    granted = _("{page_size} a request").format(page_size=limits.page_size)
    if limits.requests_a_day:
        granted += _(", {requests_a_day:,} requests a day").format(requests_a_day=limits.requests_a_day)
    text = [
        _("{name} gives at most {most:,} pictures of a query, {granted}").format(
            name=source.name, most=limits.most, granted=granted
        )
    ]
    poles = sorted({query.pole for query in missing})
    width = max(map(len, poles), default=0)
    columns = (_("queries"), _("wanted"), _("at most"), _("requests"))
    text.append(" " * width + "".join(right_aligned(name, 10) for name in columns))
    for pole in poles:
        mine = {query: number for query, number in missing.items() if query.pole == pole}
        at_most = sum(min(number, limits.most) for number in mine.values())
        requests = duration(mine, limits, delay_seconds)[0]
        numbers = (len(mine), sum(mine.values()), at_most, requests)
        text.append(f"{pole:{width}}" + "".join(f"{number:>10,}" for number in numbers))
    requests, for_requests, for_pictures = duration(missing, limits, delay_seconds)
    longest = describe_duration(max(for_requests, for_pictures))
    text.append(
        _(
            "at these limits about {longest}: {requests:,} requests take {for_requests}, the pictures {for_pictures}"
        ).format(
            longest=longest,
            requests=requests,
            for_requests=describe_duration(for_requests),
            for_pictures=describe_duration(for_pictures),
        )
    )
    too_many = [query for query, number in missing.items() if number > limits.most]
    if too_many:
        lacking = sum(missing[query] - limits.most for query in too_many)
        named = ", ".join(f"{query.text} {missing[query]:,}" for query in too_many[:MOST_NAMED])
        text.append(
            _(
                "{lacking:,} of {total:,} cannot be reached: {queries} queries want more than {most:,} "
                "({named}); spread their counts over several wordings"
            ).format(
                lacking=lacking,
                total=total,
                queries=len(too_many),
                most=limits.most,
                named=named + (", …" if len(too_many) > MOST_NAMED else ""),
            )
        )
    if limits.advice and limits.requests_a_day and requests > limits.requests_a_day:
        text.append(limits.advice)
    return "\n".join(text)


def describe_source(missing: Mapping[Query, int], source: Source, delay_seconds: float) -> str:
    """Returns on one line what a source can give of what is missing, and how long that takes at least."""
    limits = source.limits
    _requests, for_requests, for_pictures = duration(missing, limits, delay_seconds)
    at_most = sum(min(number, limits.most) for number in missing.values())
    text = _("{name}: at most {at_most:,} of {missing:,} pictures, in at least {duration}").format(
        name=source.name,
        at_most=at_most,
        missing=sum(missing.values()),
        duration=describe_duration(max(for_requests, for_pictures)),
    )
    return f"{text} ({limits.caution})" if limits.caution else text
