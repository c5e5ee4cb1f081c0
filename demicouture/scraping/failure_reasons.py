"""Failure reasons: why an address gave no picture, in the same words in the manifest and in data/README.md."""

from __future__ import annotations

import re

from demicouture.images import TOO_LARGE, TOO_LONG, TOO_MANY_SCANS, UNDECODABLE
from demicouture.language import N_

NOT_HTTP = N_("not http(s)")
CREDENTIALS = N_("credentials in the address")
BAD_ADDRESS = N_("bad address")
PRIVATE = N_("private address")
ROBOTS = N_("robots.txt")
NO_ROBOTS = N_("robots.txt unavailable")
OPTED_OUT = N_("opted out")
NO_TRAINING = N_("opted out of training")
RESERVED = N_("reserved from mining")
UNREACHABLE = N_("unreachable")
LEFT_ALONE = N_("host left alone")
TIMEOUT = N_("timeout")
BROKEN_OFF = N_("broken off")
DAMAGED_ENCODING = N_("damaged encoding")
TOO_MANY_BYTES = N_("too many bytes")
TOO_MANY_REDIRECTS = N_("too many redirects")
TOO_SMALL = N_("too small")
SAME_BYTES = N_("same bytes")
NEAR_DUPLICATE = N_("near duplicate")
REDUCED = N_("reduced copy")
NOT_UNDERSTOOD = N_("not understood")
CLOSED = N_("closed")
"""Only said of what was under way when a run ended; such an address gets no line, and is fetched again."""

REASONS = {
    NOT_HTTP: "an address of another kind, which nobody should fetch",
    CREDENTIALS: "an address that carries a name or a password",
    BAD_ADDRESS: "no address, or none that leads anywhere",
    PRIVATE: "it leads to this machine or a local network; see `--allow-private-hosts`",
    ROBOTS: "the host's robots.txt asks programs to stay away from it",
    NO_ROBOTS: "the host could not say what its robots.txt asks for, so it was not visited",
    OPTED_OUT: "its header or its page says `noai`, `noimageai`, `noml`, `noindex` or `noimageindex`",
    NO_TRAINING: "its robots.txt says `Content-Signal: ai-train=no` or `Content-Usage: train-ai=n`",
    RESERVED: "`tdm-reservation: 1`, or one of those two, in its header, its page or its site's `tdmrep.json`",
    UNREACHABLE: "no connection, or it broke before an answer",
    LEFT_ALONE: "not tried: its host had given no answer, or had said HTTP 403, three times in a row",
    TIMEOUT: "the whole response took longer than `--timeout`",
    BROKEN_OFF: "the answer ended early",
    DAMAGED_ENCODING: "the answer was not packed as it said",
    NOT_UNDERSTOOD: "the address or the answer is of a kind that no program expects",
    TOO_MANY_BYTES: "more than `--max-bytes`, unpacked",
    TOO_MANY_REDIRECTS: "more than five",
    UNDECODABLE: "no picture, truncated or damaged, whatever the server called it",
    TOO_LARGE: "too large to be a photograph for this purpose",
    TOO_LONG: "a line of pixels, which takes far more memory than it has bytes",
    TOO_MANY_SCANS: "a progressive JPEG that would take minutes to decode",
    TOO_SMALL: "its shorter side is under `--min-size`",
    SAME_BYTES: "a duplicate: another address of this pole gave the same bytes before",
    NEAR_DUPLICATE: "kept all the same, for the cull to decide: `like` names a picture that it hardly differs from",
    REDUCED: 'kept: its own host had said "later", so it is the reduced copy that the source itself serves',
}
"""Each reason, and what it means. Beside these: ``HTTP`` and a status, and the wardrobe's ``planted:`` and a kind."""

TRANSIENT = {UNREACHABLE, LEFT_ALONE, TIMEOUT, BROKEN_OFF, NO_ROBOTS}
TRANSIENT |= {f"HTTP {status}" for status in (408, 425, 429, 500, 502, 503, 504)}
"""Reasons that may be gone another day."""

_FURTHER = re.compile(r"HTTP \d{3}|planted:[a-z-]+")


def is_known(reason: str) -> bool:
    """Returns whether a reason is on the list, so that its meaning can be looked up."""
    return reason in REASONS or bool(_FURTHER.fullmatch(reason))
