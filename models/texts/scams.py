"""Advertising and scams as they stand under articles, and civil comments with the same words. Training only.

Comments labelled for spam come from a few music videos, so a model learns that "channel" and a link are spam,
and that a casino is not. The grammar in ``scams.json`` teaches the contrary: as many civil rows as spam ones,
with links, prices, telephone numbers and the names of the same trades on both sides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice
from random import Random
from typing import Literal

from models.texts.everyday import sprinkled
from models.texts.obfuscation import KNOWN, disguise_others

Part = Literal["train", "dev"]
Patterns = tuple[str, ...]

KEPT_FOR_DEV = 5  # of each list every fifth entry is written in the development part alone
SHARED_BELOW = 5  # ... unless the list is so short
PATIENCE = 1000
AT_MOST, TEXTS_PER_ROW = 12_000, 8  # beside labelled texts, as of the other grammar

_SLOT = re.compile(r"\{(\w+)\}")
_CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")


@dataclass(frozen=True, slots=True)
class ScamRow:
    """One comment: whether it is spam, and the family of its first pattern."""

    text: str
    is_spam: bool
    family: str


@dataclass(frozen=True, slots=True)
class ScamGrammar:
    """One part of everything that `rows` writes from; families and openings by whether they are spam."""

    slots: Mapping[str, Patterns]
    openings: Mapping[bool, Patterns]
    families: Mapping[bool, Mapping[str, Patterns]]


@cache
def scam_grammar(part: Part) -> ScamGrammar:
    """Return the shipped grammar's patterns and fillers of one part."""
    found = json.loads(files("models.texts").joinpath("scams.json").read_text("utf-8"))
    sides = {True: "spam", False: "civil"}
    return ScamGrammar(
        slots={name: part_of(fillers, part) for name, fillers in found["slots"].items()},
        openings={is_spam: part_of(found["openings"][side], part) for is_spam, side in sides.items()},
        families={
            is_spam: {family: part_of(patterns, part) for family, patterns in found[side].items()}
            for is_spam, side in sides.items()
        },
    )


def part_of(entries: Sequence[str], part: Part) -> Patterns:
    """Return the entries of a list that one part may use; a short list is for both.

    >>> part_of("abcdefghij", "dev"), part_of("abc", "dev")
    (('e', 'j'), ('a', 'b', 'c'))
    """
    if len(entries) < SHARED_BELOW:
        return tuple(entries)
    is_dev = part == "dev"
    return tuple(entry for at, entry in enumerate(entries, 1) if (at % KEPT_FOR_DEV == 0) == is_dev)


def count_for(texts: int) -> int:
    """Return how many rows stand well beside a number of labelled texts.

    >>> count_for(80), count_for(1_000_000)
    (10, 12000)
    """
    return min(AT_MOST, texts // TEXTS_PER_ROW)


def rows(count: int, seed: int, part: Part = "train") -> list[ScamRow]:
    """Write distinct comments, the same ones for the same seed; fewer are the beginning of more.

    Spam and civil rows alternate, and families take turns. The two parts share no pattern, and fillers only
    of short lists.

    Raises
    ------
    ValueError
        If ``count`` is negative, or more than the grammar can write.

    >>> [row.is_spam for row in rows(4, seed=1)]
    [True, False, True, False]
    """
    if count < 0:
        raise ValueError(f"count must not be negative, got {count}")
    return list(islice(_distinct(scam_grammar(part), Random(f"{seed}/{part}")), count))


def _distinct(source: ScamGrammar, rng: Random) -> Iterator[ScamRow]:
    writer = _Writer(source, rng)
    turns = {is_spam: _deal(tuple(source.families[is_spam]), rng) for is_spam in (True, False)}
    seen: set[str] = set()
    is_spam, refused = True, 0
    while refused < PATIENCE:
        row = writer.write(next(turns[is_spam]), is_spam)
        refused += 1
        if row.text.casefold() not in seen:
            seen.add(row.text.casefold())
            refused, is_spam = 0, not is_spam
            yield row
    raise ValueError(f"the grammar has no more than about {len(seen)} rows to give")


class _Writer:
    """Turns patterns into comments: fills them, puts them together, and types as people and spammers do."""

    def __init__(self, source: ScamGrammar, rng: Random) -> None:
        self._source, self._rng = source, rng
        self._decks = {
            (is_spam, family): _deal(patterns, rng)
            for is_spam, families in source.families.items()
            for family, patterns in families.items()
        }

    def write(self, family: str, is_spam: bool) -> ScamRow:
        parts = self._spam(family) if is_spam else self._civil(family)
        if self._chance(0.12):
            parts = [f"{self._rng.choice(self._source.openings[is_spam])} {parts[0]}", *parts[1:]]
        mark = self._rng.choice((" ", " ", " ", "\n", " - ")) if is_spam else " "
        text = mark.join(self._filled(part) for part in parts)
        return ScamRow(self._typed(text, is_spam), is_spam, family)

    def _spam(self, family: str) -> list[str]:
        """Return a boast, often how to answer, sometimes a second boast or civil words to hide behind."""
        parts = [self._next(True, family)]
        if self._chance(0.2):
            parts.append(self._next(True, family))
        if self._chance(0.6):
            parts.append(self._slot("call"))
        parts = [
            part if self._chance(0.4) else _closed(part, self._rng.choice((".", "!", "!!"))) for part in parts
        ]
        if self._chance(0.12):
            parts.insert(0, self._slot("plain"))
        return parts

    def _civil(self, family: str) -> list[str]:
        """Return one or two remarks, sometimes among others, so that a long text may hold one link."""
        parts = [self._next(False, family)]
        if self._chance(0.15):
            parts.append(self._next(False, self._rng.choice(tuple(self._source.families[False]))))
        parts = [_closed(part, ".") for part in parts]
        others = self._rng.choices((0, 1, 2, self._rng.randint(3, 8)), (60, 15, 10, 15))[0]
        plain = self._source.slots["plain"]
        for sentence in self._rng.sample(plain, min(others, len(plain))):
            parts.insert(self._rng.randint(0, len(parts)), sentence)
        return parts

    def _filled(self, pattern: str) -> str:
        """Fill slots, which may hold slots, then choose words, then digits."""
        while _SLOT.search(pattern):
            pattern = _SLOT.sub(lambda slot: self._slot(slot[1]), pattern)
        text = _CHOICE.sub(lambda found: self._rng.choice(found[1].split("|")), pattern)
        return re.sub("§", lambda _: self._rng.choice("123456789"), text)

    def _typed(self, text: str, is_spam: bool) -> str:
        if self._chance(0.12 if is_spam else 0.05):
            text = disguise_others(
                text, self._rng.choice(list(KNOWN.values())), frozenset(), self._rng, self._rng.randint(1, 4)
            )
        case = self._rng.random()
        if case < 0.2:
            text = text.lower()
        elif case < (0.3 if is_spam else 0.24):
            text = text.upper()
        if is_spam and self._chance(0.25):
            signs = self._slot("spam_sign") * self._rng.choice((1, 1, 2, 3))
            text = self._rng.choice((f"{signs} {text}", f"{text} {signs}", f"{signs}{text}{signs}"))
        elif self._chance(0.1):
            # Civil words, too, come with such signs, or the signs alone would be spam.
            signs = self._slot("spam_sign")
            text = f"{text} {signs}" if self._chance(0.3) else sprinkled(text, self._rng)
        return text.rstrip(".") if self._chance(0.2) else text

    def _next(self, is_spam: bool, family: str) -> str:
        return next(self._decks[is_spam, family])

    def _slot(self, name: str) -> str:
        return self._rng.choice(self._source.slots[name])

    def _chance(self, share: float) -> bool:
        return self._rng.random() < share


def _deal(items: Sequence[str], rng: Random) -> Iterator[str]:
    """Deal all items in random order, then all again, without end."""
    while True:
        yield from rng.sample(items, len(items))


def _closed(sentence: str, mark: str) -> str:
    """Put a mark at a sentence's end, but never at a link's, of which it would become a part."""
    return f"{sentence}{mark}" if sentence[-1].isalpha() or sentence[-1] == "]" else sentence
