"""Where the sentences of a text begin and end."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Marks that may end a sentence, with the quotes and brackets that close behind them; or line ends. What must
# follow is looked at afterwards, so that the search stays linear whatever was typed.
BREAK = re.compile(r"""([.!?…]+)["'”’»)\]]*+|[。！？｡]+["'”’」』）]*+|[\r\n\v\f\x85\u2028\u2029]+""")
LAST_WORD = re.compile(r"(\W?)(\w+)\Z")
LONGEST_TITLE = 8  # characters, with the one before it
TITLES = frozenset(("mr", "mrs", "ms", "dr", "prof", "st", "vs", "sr", "jr"))


def sentences(text: str) -> list[tuple[int, int]]:
    """Return where each sentence begins and ends, in code points, end exclusive.

    White space around a sentence belongs to none; every other character is in exactly one.

    >>> [text[a:b] for text in ["Go away!  Dr. Smith said so.\\nYes"] for a, b in sentences(text)]
    ['Go away!', 'Dr. Smith said so.', 'Yes']
    """
    found, begin = [], 0
    for match in BREAK.finditer(text):
        if match[1] is None or _ends_sentence(text, match):
            found.append((begin, match.end()))
            begin = match.end()
    trimmed = [_trimmed(text, a, b) for a, b in [*found, (begin, len(text))]]
    return [(a, b) for a, b in trimmed if a < b]


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    if not text[match.end() : match.end() + 1].isspace():
        return False  # "3.5", "a.example", or the end of the text
    if match[1] != ".":
        return True
    before = LAST_WORD.search(text[max(0, match.start() - LONGEST_TITLE) : match.start()])
    if before is None:
        return True
    is_initial = len(before[2]) == 1 and (before[1] == "." or (before[2].isupper() and before[2] != "I"))
    return not is_initial and before[2].lower() not in TITLES


def _trimmed(text: str, begin: int, end: int) -> tuple[int, int]:
    part = text[begin:end]
    begin += len(part) - len(part.lstrip())
    return begin, begin + len(part.strip())


def in_utf16(text: str, places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return places given in code points as UTF-16 code units; they are in order and do not overlap.

    >>> in_utf16("😀 ok 😀", [(0, 1), (2, 6)])
    [(0, 2), (3, 8)]
    """
    if text.isascii():
        return list(places)
    found, at, units = [], 0, 0
    for place in places:
        edges = []
        for edge in place:
            part = text[at:edge]
            units += len(part) + sum(char > "\uffff" for char in part)
            at = edge
            edges.append(units)
        found.append((edges[0], edges[1]))
    return found
