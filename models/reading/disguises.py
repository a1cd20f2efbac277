"""Misspelt abuse, put right: the words that people disguise most, with a letter starred, dropped or swapped.

The list is written by hand, neutral as to who is meant, and easy to edit. Only disguises that are no word of
their own are undone (``NOT_DISGUISES``), so that nobody's "sit" becomes something else. A changed list needs
a newly trained fast reader; an artifact names its digest.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator

import regex

_OFTEN_DISGUISED = """
arse arsehole asshole bastard bitch bitches bollocks bullshit clown clowns cock cocksucker coward crap
cunt cunts damn degenerate dick dickhead dimwit disgusting douche douchebag dumb dumbass dumbest faggot
faggots fascist fool foolish fools fuck fucked fucker fuckers fuckin fucking garbage goddamn hate
hateful hell hypocrite idiot idiotic idiots ignorant imbecile jackass jerk kill killed lame liar liars
loser losers lunatic maggot maniac moron moronic morons motherfucker motherfucking murder nazi nazis
nigger niggers pathetic pedophile pervert piss pissed prick pussy racist rape rapist retard retarded
retards rubbish scum scumbag shit shithead shithole shitty shut sick silly slut sluts sucks suck stupid
stupidity terrorist thug thugs traitor trash troll trolls twat ugly vandal vermin whore whores worthless
"""
_WORDS_OF_THEIR_OWN = """
are ares cap carp cut cuts dan dub garage hae lair lairs lar lars loses moon moons nais niger pick rae
sit sum tash tat thus toll tolls tug tugs wore
"""
WORDS = tuple(_OFTEN_DISGUISED.split())
NOT_DISGUISES = frozenset(_WORDS_OF_THEIR_OWN.split())
STARS_AT_MOST = 9  # letters of a word whose every starred spelling is listed

_RUN = regex.compile(r"(.)\1{2,}")
_PIECES = regex.compile(r"[\p{L}*]+")


def _disguises(word: str) -> Iterator[str]:
    """Yield a word with inner letters dropped or swapped with a neighbour, or some of them starred."""
    inner = range(1, len(word) - 1)
    yield from (word[:at] + word[at + 1 :] for at in inner)
    yield from (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in inner)
    if len(word) <= STARS_AT_MOST:
        for count in range(1, len(inner) + 1):
            for chosen in itertools.combinations(inner, count):
                yield "".join("*" if at in chosen else char for at, char in enumerate(word))
    yield from (word[:at] + "*" + word[at + 1 :] for at in inner)


def _table() -> dict[str, str]:
    """Return the word behind each disguise; of several the first listed."""
    table: dict[str, str] = {}
    for word in WORDS:
        for found in _disguises(word):
            short = _RUN.sub(r"\1\1", found)  # as the normaliser cuts runs
            if len(short) > 2 and short not in NOT_DISGUISES and short not in WORDS:
                table.setdefault(short, word)
    return table


RESTORED = _table()
DIGEST = hashlib.sha256(" ".join(f"{a}={b}" for a, b in sorted(RESTORED.items())).encode()).hexdigest()


def restore(text: str) -> str:
    """Return a normalised or readable text with disguised words as they are meant.

    >>> restore("you f*cking bicth, sit down")
    'you fucking bitch, sit down'
    """
    if RESTORED.keys().isdisjoint(_PIECES.findall(text)):
        return text
    return str(_PIECES.sub(lambda word: RESTORED.get(word[0], word[0]), text))
