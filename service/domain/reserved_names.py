"""Names that are not what they seem: those that look like the site's own, and those with tricks in them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

RESERVED, DISGUISED = "reserved", "disguised"
# Letters of other scripts, and signs, each before the letter that it looks like; "l", "1" and "i" are one.
_PAIRS = (
    "аa еe іi јj оo рp сc уy хx һh кk мm нh тt вb ԁd ѕs ѵv ԝw ɡg αa εe ιi κk νv οo ρp τt υu χx ηn γy μu"
    " ıi øo đd łi 0o 1i 3e 4a 5s 7t 8b $s @a !i |i li"
)
LOOKS_LIKE = str.maketrans({pair[0]: pair[1] for pair in _PAIRS.split()})
WORD = re.compile(r"[^\W_]+")
SCRIPTS = frozenset(("LATIN", "CYRILLIC", "GREEK"))  # whose letters pass for one another
# Beside a site's name these claim to speak for it.
OFFICIAL = frozenset(
    ("official", "team", "staff", "support", "editor", "editors", "redaktion", "the", "help", "desk")
)
BLACK_FLAG = "\U0001f3f4"  # the flags of England, Scotland and Wales are spelt with tag characters behind it


def looks_reserved(name: str, reserved: Iterable[str], site: str = "") -> bool:
    """Say whether a name looks like one of those reserved, or has one of them in it as a word.

    The site's own name and what is reserved in several words count as a whole, by themselves or with a word
    such as "team": whoever reads the paper may say so.

    >>> looks_reserved("M\u043ederat0r Anna", ["Moderator"]), looks_reserved("Anna Moderat", ["Moderator"])
    (True, False)
    >>> looks_reserved("The News Team", [], "News"), looks_reserved("News reader", [], "News")
    (True, False)
    """
    # What is typed with spaces or dots between letters is read without them.
    words = [_shape(word) for word in WORD.findall(_folded(name))]
    official = {_shape(word) for word in OFFICIAL}
    whole, alone = "".join(words), "".join(word for word in words if word not in official)
    for entry in (*reserved, site):
        parts = [_shape(word) for word in WORD.findall(_folded(entry))]
        wanted = "".join(parts)
        is_word = entry != site and len(parts) == 1 and wanted in words
        if wanted and (is_word or wanted in (whole, alone)):
            return True
    return False


def is_disguised(name: str) -> bool:
    """Say whether a name has hidden characters beside its letters, or mixes scripts within a word.

    >>> is_disguised("mod\u200berator"), is_disguised("M\u043ederator"), is_disguised("Zoë Женя")
    (True, True, False)
    """
    return _hides(name) or any(_mixes(word) for word in WORD.findall(name))


def _hides(name: str) -> bool:
    for at, char in enumerate(name):
        if "\U000e0000" <= char <= "\U000e007f" and BLACK_FLAG in name[:at]:
            continue
        if unicodedata.category(char) == "Cf" and any(map(_script, name[max(0, at - 1) : at + 2])):
            return True
        if "\U000e0000" <= char <= "\U000e007f":
            return True
    return False


def _mixes(word: str) -> bool:
    return len({script for char in word if (script := _script(char))}) > 1


def _script(char: str) -> str | None:
    """Return the script of a letter that could pass for one of another script."""
    if not char.isalpha() or char == "\u00b5":  # the sign of micrometres is of no script
        return None
    script = unicodedata.name(char, "").partition(" ")[0]
    return script if script in SCRIPTS else None


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    seen = "".join(char for char in plain if unicodedata.category(char) not in ("Cf", "Mn", "Me", "Cc"))
    return seen.translate(LOOKS_LIKE)


def _shape(word: str) -> str:
    return word.replace("rn", "m")
