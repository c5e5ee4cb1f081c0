"""Tags of HTML pages from anywhere, found in a time that grows with the page's length and no faster."""

from __future__ import annotations

import codecs
import re
import warnings

from bs4 import BeautifulSoup

ENCODINGS = ("utf-8", "shift_jis", "cp932", "euc_jp", "iso2022_jp")
"""Those of Japanese pages. Python knows stranger ones, some of them slow."""

# Beautiful Soup gets the tags alone: on a whole page, its time grows with the square of the pictures and line breaks
# in it, and a page of "<!--" holds the parser below it for hours. These patterns look at each letter once.
_NO_TAGS = re.compile(r"(?is)<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1|\Z)")
_TAG = r"""(?is)<{}\s(?:[^<>"']++|"[^"<]*+"|'[^'<]*+'|["'])*+>"""
_CHARSET = re.compile(r"(?i)charset\s*=\s*[\"']?([\w-]{1,40})")


def find_tags(content: bytes, content_type: str, name: str, attribute: str) -> list[dict[str, str]]:
    """Returns the attributes of each tag of a name that has one of them, in the page's order.

    Args:
        content: The page.
        content_type: What its server calls it, perhaps with an encoding.
        name: The tag's name, such as ``a``.
        attribute: What the tag must have, such as ``href``.
    """
    text = _NO_TAGS.sub("", content.decode(_encoding(content, content_type), "replace"))
    tags = "".join(f"{match[0]}</{name}>" for match in re.finditer(_TAG.format(name), text))
    found = _parse(tags).find_all(name, attrs={attribute: True})
    return [
        {key: value if isinstance(value, str) else " ".join(value) for key, value in tag.attrs.items()} for tag in found
    ]


def plain_text(markup: str) -> str:
    """Returns a short piece of HTML, a name with a link say, without its tags."""
    return _parse(markup).get_text(" ")


def _parse(markup: str) -> BeautifulSoup:
    with warnings.catch_warnings():
        # Beautiful Soup warns of what looks like XML or like a file name; it reads it all the same.
        warnings.simplefilter("ignore")
        return BeautifulSoup(markup, "html.parser")


def _encoding(content: bytes, content_type: str) -> str:
    """Names the page's encoding as the server does, or the page itself, or UTF-8."""
    for text in (content_type, content[:2048].decode("ascii", "replace")):
        if found := _CHARSET.search(text):
            try:
                name = codecs.lookup(found[1]).name
            except LookupError:
                continue
            if name in ENCODINGS:
                return name
    return "utf-8"
