"""Words disguised as abusive commenters write them, to train on and to measure with.

A *family* is one way of disguise: it takes a word and a source of randomness and returns the word spelt
anew. Training sees the families of `KNOWN` alone; those of `HELD_OUT` are kept for
`models.evaluating.robustness`, to tell what a model makes of a trick that nobody showed it. No list of
words is shipped: which words are worth a disguise is counted in the data at hand."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from functools import wraps
from random import Random
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from models.reading.identity import TERMS

Family = Callable[[str, Random], str]

LETTERS_AT_LEAST = 3  # a shorter word with a letter hidden is any word
WORDS_AT_MOST = 3  # disguised in one text
OFTEN = math.log(4)  # a telling word is at least four times as frequent in positive texts
# Documents added to both counts of a word. With 1, rare words of a few positive texts crowd out the common
# ones, and the words found stand in a quarter fewer of the positive texts.
SMOOTHING = 3

# A whole word: not a part of one with digits, underscores or loose accents.
_WORD = re.compile(r"(?<![\w\u0300-\u036f])[^\W\d_]{3,}+(?![\w\u0300-\u036f])")

_VOWELS = "aeiou"
_LEET = {
    "a": "4@", "b": "8", "e": "3€", "g": "9", "i": "1!|", "l": "1|", "o": "0", "s": "5$", "t": "7+", "z": "2",
}  # fmt: skip
_LOOKALIKE = {
    "a": "аα", "b": "в", "c": "сϲ", "d": "ԁ", "e": "еε", "g": "ԍ", "h": "һ", "i": "іι", "j": "ј", "k": "кκ",
    "l": "ӏ", "m": "м", "n": "пη", "o": "оο", "p": "рρ", "q": "ԛ", "r": "г", "s": "ѕ", "t": "тτ", "u": "υ",
    "v": "ν", "w": "ԝω", "x": "хχ", "y": "уγ",
}  # fmt: skip
_OTHER_VOWEL = {vowel: _VOWELS.replace(vowel, "") + "*#@." for vowel in _VOWELS}
_ACCENTS = "\u0300\u0301\u0302\u0303\u0308\u030a\u030c\u0327"
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_CURSES = "@#$%&!"
# First capital letters of complete alphabets of the block Mathematical Alphanumeric Symbols: bold, bold
# script, bold fraktur, sans-serif bold, monospace.
_ALPHABETS = (0x1D400, 0x1D4D0, 0x1D56C, 0x1D5D4, 0x1D670)
_DISCS = (0x24B6, 0x1F150)  # capital A in a circle and in a black disc
_STROKES = "\u0335\u0336\u0337\u0338"
_EMOJI = "🙂🔥💩🤡🐷⭐"
_BRACKETS = ("()", "[]", "{}", "<>")
_SOUNDS = {
    "ph": "f", "ck": "k", "qu": "kw", "oo": "u", "ee": "ea", "ea": "ee", "er": "a", "or": "aw", "wh": "w",
    "mb": "m", "mn": "m", "ll": "l", "c": "k", "f": "ph", "i": "ee", "k": "c", "s": "z", "u": "oo", "x": "ks",
    "z": "s",
}  # fmt: skip
_SOUND = re.compile("|".join(_SOUNDS))  # two letters stand before one


def _some(places: Sequence[int], rng: Random, share: float) -> set[int]:
    """Return about a share of some places, at least one."""
    chosen = {place for place in places if rng.random() < share}
    return chosen or {rng.choice(places)}


def _exchanged(word: str, table: Mapping[str, str], rng: Random, share: float) -> str:
    """Exchange a share of the letters that a table knows, at least one, for one of its signs."""
    places = [i for i, char in enumerate(word) if char.lower() in table]
    if not places:
        return word
    chosen = _some(places, rng, share)
    return "".join(rng.choice(table[char.lower()]) if i in chosen else char for i, char in enumerate(word))


def _shifted(word: str, capital: int, small: int) -> str:
    """Move the 26 letters to alphabets elsewhere in Unicode."""
    table = {ord("A") + i: capital + i for i in range(26)} | {ord("a") + i: small + i for i in range(26)}
    return word.translate(table)


def _parted(word: str, rng: Random, signs: Sequence[str]) -> str:
    """Put a sign at one place inside a word."""
    at = rng.randrange(1, len(word))
    return word[:at] + rng.choice(signs) + word[at:]


def _leet_full(word: str, rng: Random) -> str:
    return _exchanged(word, _LEET, rng, share=1.0)


def _leet_partial(word: str, rng: Random) -> str:
    return _exchanged(word, _LEET, rng, share=0.4)


def _one_starred(word: str, rng: Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    return f"{word[:at]}*{word[at + 1 :]}"


def _inner_starred(word: str, rng: Random) -> str:
    return word[0] + "*" * (len(word) - 2) + word[-1]


def _masked(word: str, rng: Random) -> str:
    signs = rng.choice(["#", "%", "-", "_", _CURSES])
    chosen = _some(range(1, len(word) - 1), rng, share=0.6)
    return "".join(rng.choice(signs) if i in chosen else char for i, char in enumerate(word))


def _spaced(word: str, rng: Random) -> str:
    return " ".join(word)


def _dotted(word: str, rng: Random) -> str:
    return ".".join(word)


def _zero_width(word: str, rng: Random) -> str:
    sign, chosen = rng.choice(_INVISIBLE), _some(range(1, len(word)), rng, share=0.6)
    return "".join(sign + char if i in chosen else char for i, char in enumerate(word))


def _full_width(word: str, rng: Random) -> str:
    return _shifted(word, ord("Ａ"), ord("ａ"))


def _lookalike(word: str, rng: Random) -> str:
    return _exchanged(word, _LOOKALIKE, rng, share=0.6)


def _accented(word: str, rng: Random) -> str:
    chosen = _some(range(len(word)), rng, share=0.5)
    marked = (char + rng.choice(_ACCENTS) if i in chosen else char for i, char in enumerate(word))
    return unicodedata.normalize("NFC", "".join(marked))


def _stretched(word: str, rng: Random) -> str:
    at = rng.randrange(len(word))
    return word[:at] + word[at] * rng.randint(3, 9) + word[at + 1 :]


def _dropped(word: str, rng: Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1 :]


def _swapped(word: str, rng: Random) -> str:
    places = [i for i in range(len(word) - 1) if word[i] != word[i + 1]]
    if not places:
        return word
    at = rng.choice([place for place in places if place] or places)  # the first letter tells most
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _dashed(word: str, rng: Random) -> str:
    return _parted(word, rng, "-")


def _mixed_case(word: str, rng: Random) -> str:
    # Most words are lower-case: this alternates them and leaves no case as it was found.
    first = rng.randrange(2)
    return "".join(char.upper() if i % 2 == first else char.lower() for i, char in enumerate(word))


def _other_vowel(word: str, rng: Random) -> str:
    return _exchanged(word, _OTHER_VOWEL, rng, share=0.0)


def _mathematical(word: str, rng: Random) -> str:
    first = rng.choice(_ALPHABETS)
    return _shifted(word, first, first + 26)


def _circled(word: str, rng: Random) -> str:
    first = rng.choice(_DISCS)
    return _shifted(word, first, first + 26 if first == _DISCS[0] else first)  # black discs are all capital


def _struck(word: str, rng: Random) -> str:
    stroke = rng.choice(_STROKES)
    return "".join(char + stroke for char in word)


def _underscored(word: str, rng: Random) -> str:
    return "_".join(word)


def _last_doubled(word: str, rng: Random) -> str:
    return word + word[-1]


def _glued(word: str, rng: Random) -> str:
    return f"xx{word}xx"


def _emoji_inside(word: str, rng: Random) -> str:
    return _parted(word, rng, _EMOJI)


def _phonetic(word: str, rng: Random) -> str:
    spelt = _SOUND.sub(lambda sound: _SOUNDS[sound[0]], word.lower())
    return spelt.upper() if word.isupper() else spelt


def _bracketed(word: str, rng: Random) -> str:
    pair, chosen = rng.choice(_BRACKETS), _some(range(len(word)), rng, share=rng.choice([0.0, 1.0]))
    return "".join(char.join(pair) if i in chosen else char for i, char in enumerate(word))


def _vowelless(word: str, rng: Random) -> str:
    # A first vowel stays, or nobody could read the word.
    return word[0] + "".join(char for char in word[1:] if char.lower() not in _VOWELS)


def _slashed(word: str, rng: Random) -> str:
    return "/".join(word)


def _reversed(word: str, rng: Random) -> str:
    return word[::-1]


def _sparing_short_words(family: Family) -> Family:
    @wraps(family)
    def sparing(word: str, rng: Random) -> str:
        return word if sum(map(str.isalpha, word)) < LETTERS_AT_LEAST else family(word, rng)

    return sparing


def _named(*families: Family) -> Mapping[str, Family]:
    return MappingProxyType({f.__name__.strip("_"): _sparing_short_words(f) for f in families})


KNOWN: Mapping[str, Family] = _named(
    _leet_full,
    _leet_partial,
    _one_starred,
    _inner_starred,
    _masked,
    _spaced,
    _dotted,
    _zero_width,
    _full_width,
    _lookalike,
    _accented,
    _stretched,
    _dropped,
    _swapped,
    _dashed,
    _mixed_case,
    _other_vowel,
)
HELD_OUT: Mapping[str, Family] = _named(
    _mathematical,
    _circled,
    _struck,
    _underscored,
    _last_doubled,
    _glued,
    _emoji_inside,
    _phonetic,
    _bracketed,
    _vowelless,
    _slashed,
    _reversed,
)


def disguise(
    text: str, family: Family, words: Container[str], rng: Random, at_most: int = WORDS_AT_MOST
) -> str:
    """Spell some words of a text anew; all else in it stays as typed.

    Parameters
    ----------
    text : str
        Anything.
    family : callable
        One of `KNOWN` or `HELD_OUT`.
    words : container of str
        Which words to disguise, in lower case. Only whole words of three and more letters are.
    rng : Random
        Chooses among the words if there are more than ``at_most``, and serves the family.

    >>> disguise("What a Fool, foolish fool!", HELD_OUT["reversed"], {"fool"}, Random(0))
    'What a looF, foolish loof!'
    """
    found = [match for match in _WORD.finditer(text) if match[0].lower() in words]
    return _rewritten(text, found, family, rng, at_most)


def disguise_others(
    text: str, family: Family, words: Container[str], rng: Random, at_most: int = WORDS_AT_MOST
) -> str:
    """Spell some of the words anew that are *not* among ``words``; else as `disguise`.

    >>> disguise_others("you fool", HELD_OUT["slashed"], {"fool"}, Random(0))
    'y/o/u fool'
    """
    found = [match for match in _WORD.finditer(text) if match[0].lower() not in words]
    return _rewritten(text, found, family, rng, at_most)


def _rewritten(text: str, found: list[re.Match[str]], family: Family, rng: Random, at_most: int) -> str:
    if len(found) > at_most:
        found = sorted(rng.sample(found, at_most), key=re.Match.start)
    parts, at = [], 0
    for match in found:
        parts += [text[at : match.start()], family(match[0], rng)]
        at = match.end()
    return "".join([*parts, text[at:]])


def telling_words(
    texts: Sequence[str], positive: NDArray[np.bool_], count: int = 400, least: int = 5
) -> frozenset[str]:
    """Return the words that stand much more often in positive texts than in others, in lower case.

    They are ordered by the logarithm of the smoothed ratio of document frequencies, which must reach
    `OFTEN`. Names of groups (`models.reading.identity`) are left out: spelt anew they would slip past the
    mask that keeps a model from holding them against their bearers.

    Parameters
    ----------
    texts : sequence of str
    positive : array of bool, shape (n_texts,)
    count : int
        How many words at most.
    least : int
        Number of positive texts that a word must stand in.
    """
    hits: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for text, is_positive in zip(texts, positive.tolist(), strict=True):
        (hits if is_positive else others).update(_words_of(text))
    sizes = math.log((len(texts) - positive.sum() + 2 * SMOOTHING) / (positive.sum() + 2 * SMOOTHING))
    ratios = {
        word: sizes + math.log((number + SMOOTHING) / (others[word] + SMOOTHING))
        for word, number in hits.items()
        if number >= least and word not in TERMS
    }
    often = sorted((-ratio, word) for word, ratio in ratios.items() if ratio >= OFTEN)
    return frozenset(word for _, word in often[:count])


def holds_any(text: str, words: frozenset[str]) -> bool:
    """Return whether a text holds one of some lower-case words.

    >>> holds_any("You FOOL!", frozenset({"fool"})), holds_any("foolish", frozenset({"fool"}))
    (True, False)
    """
    return not words.isdisjoint(_words_of(text))


def _words_of(text: str) -> set[str]:
    return set(map(str.lower, _WORD.findall(text)))


def augmented(
    texts: Sequence[str],
    labels: NDArray[np.float64],
    rng: Random,
    share_positive: float = 0.35,
    share_clean: float = 0.17,
) -> tuple[list[str], NDArray[np.int64]]:
    """Return disguised copies of a share of the texts, and which text each is a copy of.

    In positive texts telling words are disguised, in others any other words, lest odd spelling itself be
    learnt as abuse; always by one family of `KNOWN`. A text that no disguise changes gives no copy.

    Parameters
    ----------
    texts : sequence of str
    labels : array, shape (n_texts,) or (n_texts, n_labels)
        In [0, 1], or NaN where nobody annotated. A text with any label of 0.5 or more is positive.
    rng : Random
        Equal states give equal copies.
    share_positive, share_clean : float
        Chance that a positive or other text is copied.
    """
    reached = labels >= 0.5  # False for a missing label
    positive = np.asarray(reached if reached.ndim == 1 else reached.any(axis=1))
    words, families = telling_words(texts, positive), list(KNOWN.values())
    copies, origins = [], []
    for i, (text, is_positive) in enumerate(zip(texts, positive.tolist(), strict=True)):
        if rng.random() >= (share_positive if is_positive else share_clean):
            continue
        respell = disguise if is_positive else disguise_others
        copy = respell(text, rng.choice(families), words, rng, rng.randint(1, WORDS_AT_MOST))
        if copy != text:
            copies.append(copy)
            origins.append(i)
    return copies, np.array(origins, np.int64)
