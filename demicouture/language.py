"""The language in which scripts speak to a person: Japanese where the system does, else English.

Messages are written in English, as ``_("{count} pictures").format(count=count)``; their Japanese is in
``locale/ja/LC_MESSAGES/demicouture.po``, which ``make messages`` brings up to date and compiles. Data stay English:
names of files, columns and keys, and the words in them that programs read.

Python 3 of any age understands this module: demicouture.installation imports it, before anything else is.
"""

import functools
import gettext
import locale
import os
import re
import subprocess
import sys
import unicodedata

LOCALE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "locale")

WIDE, OPENS = "\u2e80-\uffef", "「『（"
CLOSES = "、。」』）：；・…ーぁぃぅぇぉっゃゅょァィゥェォッャュョ:;,.!?)"
PIECE = re.compile(f"[{OPENS}]*[{WIDE}][{CLOSES}]*\\s*|[^\\s{WIDE}]+\\s*")
"""What no line may break within: a word, or a Japanese letter with the marks that open and close beside it."""

VARIABLES = "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"
"""What says which language a person reads, the strongest first, as gettext(3) has it."""


def _(message):
    """Returns a message in the person's language."""
    return _translations().gettext(message) if message else ""  # The translation of nothing is the catalogue's header.


def ngettext(one, many, count):
    """Returns a message in the person's language, where English has a form for one and a form for many."""
    return _translations().ngettext(one, many, count)


def N_(message):  # noqa: N802 (gettext's own name)
    """Returns a message as it is: it is data, or is said later, and there it is translated."""
    return message


def columns(text):
    """Returns how many columns of a terminal a text takes: Latin letters one each, kanji and kana two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def right_aligned(text, width):
    """Returns a text with blanks before it, so many that it takes ``width`` columns."""
    return " " * (width - columns(text)) + text


def break_lines(text, width, measure=columns):
    """Returns a text in lines of at most ``width``, as far as its words allow; Japanese breaks between any letters.

    No line begins with a mark that closes, or ends with one that opens.

    Args:
        text: The text.
        width: The most that ``measure`` returns of a line.
        measure: Returns the width of a text.
    """
    lines = [""]
    for piece in PIECE.findall(text):
        if lines[-1] and measure((lines[-1] + piece).rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines if line]


def choose():
    """Returns "ja" or "en"."""
    wanted = next((os.environ[name] for name in VARIABLES if os.environ.get(name)), "") or _language_of_the_desktop()
    for tag in wanted.split(":"):
        if tag.startswith("ja"):
            return "ja" if _can_be_shown("日本語") else "en"
        if tag.startswith(("en", "C", "POSIX")):
            break
    return "en"


@functools.lru_cache(maxsize=None)  # noqa: UP033 (functools.cache is younger than some interpreters)
def _translations():
    return gettext.translation("demicouture", LOCALE, [choose()], fallback=True)


def forget():
    """Chooses anew when the next message is said: the environment has changed."""
    _translations.cache_clear()


def _can_be_shown(text):
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _language_of_the_desktop():
    """Returns the language in which Windows or macOS speaks, such as "ja_JP"; "" where that is not known."""
    if sys.platform == "win32":
        import ctypes

        return locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "")
    if sys.platform == "darwin":
        command = ["defaults", "read", "-g", "AppleLanguages"]
        try:
            told = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=2).stdout
        except (OSError, subprocess.SubprocessError):
            return ""
        found = re.search(r"[a-z]{2}\b", told.decode("utf-8", "replace"))
        return found.group() if found else ""
    return ""
