"""Emoji and flags by their names, so that a reader of words can read them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import emoji
import regex

# Signs that are emoji to Unicode and letters or marks to whoever types them.
_NO_PICTURES = r"\u00a9\u00ae\u203c\u2049\u2122\u2139\u24c2\u3030\u303d\u3297\u3299\U0001f170-\U0001f19a"
_RUN = regex.compile(
    rf"(?V1)(?:[[\p{{Extended_Pictographic}}\p{{Regional_Indicator}}\U0001f7e0-\U0001f7eb\u20e3]--[{_NO_PICTURES}]]"
    r"[\p{Emoji_Modifier}\ufe0e\ufe0f\u200d\U000e0020-\U000e007f\u20e3]*)+"
)
_FLAGS = regex.compile(r"\p{Regional_Indicator}{2,}")
_INK = regex.compile(r"\b(?:black|white|heavy) ")  # how a sign is printed: "BLACK STAR" is a filled outline
_SKIN = regex.compile(r"\p{Emoji_Modifier}")  # says nothing of what is meant, and names a group


def named(text: str) -> str:
    """Return a text with its emoji by their CLDR names, each of a run once; the rest stays as it is.

    >>> named("Good morning ☀️☀️ from 🇺🇦!")
    'Good morning  sun  from  Ukraine !'
    """
    return text if text.isascii() else str(_RUN.sub(lambda run: _names(run[0]), text))


@lru_cache(maxsize=4096)
def _names(run: str) -> str:
    """Return the names in a run of emoji; what has none stays."""
    parts: dict[str, None] = {}
    at = 0
    plain = _FLAGS.sub(_letters, _SKIN.sub("", run))
    for found in emoji.emoji_list(plain):
        parts[plain[at : found["match_start"]]] = None
        name = emoji.EMOJI_DATA[found["emoji"]]["en"]
        parts[f" {name.strip(':').replace('_', ' ')} "] = None
        at = found["match_end"]
    parts[plain[at:]] = None
    return "".join(parts)


def _letters(signs: regex.Match[str]) -> str:
    """Return regional indicators as they are if they are flags, and as the letters that they show if not."""
    pairs = [signs[0][at : at + 2] for at in range(0, len(signs[0]), 2)]
    if all(pair in emoji.EMOJI_DATA for pair in pairs):
        return str(signs[0])
    return "".join(chr(ord(sign) - 0x1F1E6 + ord("a")) for sign in signs[0])


def described(signs: re.Match[str]) -> str:
    """Return the names of a run of other signs, each once."""
    names = dict.fromkeys(_INK.sub("", unicodedata.name(char, "").lower()) for char in signs[0])
    return f" {' '.join(name for name in names if name)} "
