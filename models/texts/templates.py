"""Comments written from a grammar of our own, with the labels that its authors gave them.

Labelled comments from the web teach that the name of a group goes with abuse, and that abuse goes with swear
words. The grammar in ``templates.json`` teaches the contrary: every identity is in as many civil rows as in
toxic ones, and words such as "hate", "kill" or "vermin" stand on both sides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import TypeVar

import numpy as np

from models.texts.data import COLUMNS

T = TypeVar("T")

SLOT = re.compile(r"(?P<article>\b[Aa] )?\{(?P<name>\w+)\}")
IDENTITY_SLOTS = frozenset({"adj", "one", "many"})
OTHER = "other_"  # before an identity slot: a second identity, not the one that the row is about
# In turn, (is toxic, names a group). Two of three rows name a group: most lessons are about groups.
POOLS = ((True, True), (False, True), (True, False), (False, False), (True, True), (False, True))
# Abuse of people for what they do or think is abuse, but hardly an attack on an identity.
UNPROTECTED_ATTACK = 0.25
TRIES, PATIENCE = 20, 1000
# Beside labelled texts: so many sentences at most, and no more than one for so many texts.
AT_MOST, TEXTS_PER_SENTENCE = 12_000, 8

_AN = re.compile(r"[aeio]|u(?!k|ni|se)|hiv|mp\b|lgbt\b|lgbtq|8|11\b", re.IGNORECASE)
_NOT_AN = re.compile(r"eu|one\b|once", re.IGNORECASE)
_FIRST_PERSON = re.compile(r"I\b")


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """One comment; ``labels`` in the order of `models.texts.data.COLUMNS`, NaN where unknown."""

    text: str
    labels: tuple[float, ...]
    family: str


@dataclass(frozen=True, slots=True)
class Identity:
    """A group of people in three forms; ``protected`` if it is one by birth, belief, origin or health."""

    adjective: str
    singular: str
    plural: str
    protected: bool

    def forms(self, prefix: str = "") -> dict[str, str]:
        """Return what stands in each identity slot."""
        return {f"{prefix}adj": self.adjective, f"{prefix}one": self.singular, f"{prefix}many": self.plural}


@dataclass(frozen=True, slots=True)
class Frame:
    """One pattern of a family, with the family's labels."""

    family: str
    pattern: str
    labels: tuple[float, ...]

    @property
    def is_toxic(self) -> bool:
        return self.labels[0] >= 0.5

    @property
    def names_group(self) -> bool:
        return not IDENTITY_SLOTS.isdisjoint(slots_of(self.pattern))


@dataclass(frozen=True, slots=True)
class Grammar:
    """Everything `rows` writes from. A running opening goes on in the same sentence."""

    slots: dict[str, tuple[str, ...]]
    identities: tuple[Identity, ...]
    frames: tuple[Frame, ...]
    sentence_openings: tuple[str, ...]
    running_openings: tuple[str, ...]
    endings: tuple[str, ...]


def slots_of(pattern: str) -> set[str]:
    """Return the names of a pattern's slots.

    >>> sorted(slots_of("A {one} from {city}."))
    ['city', 'one']
    """
    return {match["name"] for match in SLOT.finditer(pattern)}


@cache
def grammar() -> Grammar:
    """Return the shipped grammar."""
    found = json.loads(files("models.texts").joinpath("templates.json").read_text("utf-8"))
    return Grammar(
        slots={name: tuple(fillers) for name, fillers in found["slots"].items()},
        identities=tuple(
            Identity(adjective, singular, plural, kind["protected"])
            for kind in found["identities"].values()
            for adjective, singular, plural in kind["forms"]
        ),
        frames=tuple(
            Frame(family, pattern, _labels(frame["labels"]))
            for family, frame in found["frames"].items()
            for pattern in frame["patterns"]
        ),
        sentence_openings=tuple(found["openings"]["sentence"]),
        running_openings=tuple(found["openings"]["running"]),
        endings=tuple(found["endings"]),
    )


def count_for(texts: int) -> int:
    """Return how many sentences stand well beside a number of labelled texts.

    >>> count_for(80), count_for(1_000_000)
    (10, 12000)
    """
    return min(AT_MOST, texts // TEXTS_PER_SENTENCE)


def rows(count: int, seed: int) -> list[TemplateRow]:
    """Write distinct comments, the same ones for the same seed; fewer are the beginning of more.

    Families take turns, and so do identities; toxic and civil rows alternate.

    Raises
    ------
    ValueError
        If ``count`` is negative, or more than the grammar can write.

    >>> [row.labels[0] >= 0.5 for row in rows(4, seed=1)]
    [True, False, True, False]
    """
    if count < 0:
        raise ValueError(f"count must not be negative, got {count}")
    return list(islice(_distinct(grammar(), seed), count))


def _distinct(source: Grammar, seed: int) -> Iterator[TemplateRow]:
    rng = np.random.default_rng(seed)
    writer = _Writer(source, rng)
    frames = {pool: _deal_frames(_members(source, pool), rng) for pool in set(POOLS)}
    # One deck a side, so that each identity is dealt as often to toxic frames as to civil ones.
    identities = {is_toxic: _deal(source.identities, rng) for is_toxic in (True, False)}
    seen: set[str] = set()
    written = refused = 0
    while refused < PATIENCE:
        pool = POOLS[written % len(POOLS)]
        frame, identity = next(frames[pool]), next(identities[pool[0]]) if pool[1] else None
        for _ in range(TRIES):
            row = writer.write(frame, identity)
            if row.text.casefold() not in seen:
                seen.add(row.text.casefold())
                written, refused = written + 1, 0
                yield row
                break
        else:
            refused += 1
    raise ValueError(f"the grammar has no more than about {written} rows to give")


class _Writer:
    """Turns frames into comments: fills slots, joins sentences, and types as people type."""

    def __init__(self, source: Grammar, rng: np.random.Generator) -> None:
        self._source, self._rng = source, rng
        self._partners = {
            is_toxic: _deal_frames(_members(source, (is_toxic, False)), rng) for is_toxic in (True, False)
        }

    def write(self, frame: Frame, identity: Identity | None) -> TemplateRow:
        labels = frame.labels
        if identity and not identity.protected:
            attack = list(COLUMNS).index("IDENTITY_ATTACK")
            labels = (*labels[:attack], min(labels[attack], UNPROTECTED_ATTACK), *labels[attack + 1 :])
        text = self._opened(frame.pattern, identity)
        while self._chance(0.25):
            partner = next(self._partners[frame.is_toxic and self._chance(0.25)])
            labels = combined(labels, partner.labels)
            pair = [text, self._fill(partner.pattern, None)]
            text = " ".join(_closed(pair[index]) for index in self._rng.permutation(2))
        return TemplateRow(self._typed(text), labels, frame.family)

    def _opened(self, pattern: str, identity: Identity | None) -> str:
        if self._chance(0.14):
            opening = self._one_of(self._source.running_openings)
            opening = self._fill(opening, None, running=self._chance(0.4))
            text = f"{opening} {self._fill(pattern, identity, running=True)}"
        else:
            text = self._fill(pattern, identity)
            if self._chance(0.1):
                text = f"{self._fill(self._one_of(self._source.sentence_openings), None)} {text}"
        if self._chance(0.14):
            ending = self._fill(self._one_of(self._source.endings), None, running=True, keep_case=True)
            text = f"{text.rstrip('.')}{ending}" if ending.startswith(",") else f"{text} {ending}"
        return text

    def _fill(
        self, pattern: str, identity: Identity | None, running: bool = False, keep_case: bool = False
    ) -> str:
        chosen = self._chosen(pattern, identity)

        def filler(match: re.Match[str]) -> str:
            text, article = chosen[match["name"]], match["article"] or ""
            if article:
                return f"{article[0]}{'n' if takes_an(text) else ''} {text}"
            before = pattern[: match.start()]
            starts = before.endswith((". ", "! ", "? ")) if before else not running
            return text[:1].upper() + text[1:] if starts else text

        text = SLOT.sub(filler, pattern)
        if keep_case or pattern.startswith("{") or _FIRST_PERSON.match(text):
            return text
        if running:
            return text if text[:2].isupper() else text[:1].lower() + text[1:]
        return text

    def _chosen(self, pattern: str, identity: Identity | None) -> dict[str, str]:
        """Choose one filler a slot name: a word that is repeated in a pattern is meant to be the same."""
        chosen = {}
        if identity:
            others = [other for other in self._source.identities if other.plural != identity.plural]
            chosen = identity.forms() | self._one_of(others).forms(OTHER)
        for name in sorted(slots_of(pattern) - chosen.keys()):
            chosen[name] = self._one_of(self._source.slots[name])
        return chosen

    def _typed(self, text: str) -> str:
        if text.endswith(".") and not text.endswith(".."):
            if self._chance(0.25):
                text = text[:-1]
            elif self._chance(0.12):
                text = text[:-1] + self._one_of(("!", "!!!", "...", "!!", " ."))
        if self._chance(0.17):
            return text.lower()
        return text.upper() if self._chance(0.05) else text

    def _chance(self, share: float) -> bool:
        return bool(self._rng.random() < share)

    def _one_of(self, items: Sequence[T]) -> T:
        return items[int(self._rng.integers(len(items)))]


def combined(one: tuple[float, ...], other: tuple[float, ...]) -> tuple[float, ...]:
    """Return the labels of two sentences together: each the higher; unknown if the unknown one may be it.

    >>> combined((0.1, 0.9, float("nan")), (0.6, float("nan"), 0.2))
    (0.6, 0.9, nan)
    """
    pairs = zip(one, other, strict=True)
    return tuple(
        float("nan") if np.isnan([a, b]).any() and not np.fmax(a, b) >= 0.5 else float(np.fmax(a, b))
        for a, b in pairs
    )


def takes_an(text: str) -> bool:
    """Say whether the indefinite article before a text is "an".

    >>> takes_an("Iraqi"), takes_an("Ukrainian"), takes_an("European"), takes_an("LGBT person")
    (True, False, False, True)
    """
    return bool(_AN.match(text)) and not _NOT_AN.match(text)


def _labels(known: dict[str, float | None]) -> tuple[float, ...]:
    values = (known[attribute] for attribute in COLUMNS)
    return tuple(float("nan") if value is None else value for value in values)


def _members(source: Grammar, pool: tuple[bool, bool]) -> list[Frame]:
    return [frame for frame in source.frames if (frame.is_toxic, frame.names_group) == pool]


def _deal(items: Sequence[T], rng: np.random.Generator) -> Iterator[T]:
    """Deal all items in random order, then all again, without end."""
    while True:
        for index in rng.permutation(len(items)):
            yield items[index]


def _deal_frames(frames: Sequence[Frame], rng: np.random.Generator) -> Iterator[Frame]:
    """Deal the families in turn, and within each family its patterns in turn."""
    decks = {
        family: _deal([frame for frame in frames if frame.family == family], rng)
        for family in dict.fromkeys(frame.family for frame in frames)
    }
    for family in _deal(tuple(decks), rng):
        yield next(decks[family])


def _closed(sentence: str) -> str:
    return f"{sentence}." if sentence[-1].isalnum() else sentence
