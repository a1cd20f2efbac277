"""Words that name a group of people, hidden from every head but IDENTITY_ATTACK.

Without this a model learns that the names of often-attacked groups are themselves toxic. The list is
`identity_terms.json`: languages, kinds of group, terms. Edit it freely: neutral names only, no slurs, as
`models.reading.normalise` writes them. A changed list needs a newly trained model; an artifact names the
list's digest.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import regex

from models.reading.normalise import normalise

MASK = "identityterm"
# What the careful reader sees instead: a people that nobody belongs to, and one piece of its vocabulary.
STAND_IN = "martian"
# In training also others, lest that one word be learnt as a mark of hatred.
STAND_INS = (STAND_IN, "venusian", "atlantean", "lilliputian")

# The careful reader sees these as they are: they name no group as often as they name one.
_OFTEN_NO_GROUP = """
man men woman women boy boys girl girls male males female females masculine feminine elderly older younger
teenage teenager teenagers traveller travellers married straight pole poles blind disabled disability
disabilities foreigner foreigners english
"""
SHOWN = frozenset(_OFTEN_NO_GROUP.split())
_COLOURS = ("black", "white", "brown")

_LISTED = json.loads(Path(__file__).with_name("identity_terms.json").read_text(encoding="utf-8"))


def _spelt(language: str, term: str) -> tuple[str, ...]:
    """Return a term's forms: English terms that end in a letter of a singular have a plural too."""
    return (term,) if language != "en" or term.endswith(("s", "men", "ish", "ese")) else (term, term + "s")


TERMS = frozenset(
    normalise(form)
    for language, kinds in _LISTED.items()
    for listed in kinds.values()
    for term in listed.split()
    for form in _spelt(language, term)
)
_HIDDEN = TERMS - SHOWN - {form for colour in _COLOURS for form in (colour, f"{colour}s")}
DIGEST = hashlib.sha256(" ".join(sorted(TERMS)).encode()).hexdigest()

# Groups named by several words. The careful reader was not trained so; at work they are hidden too.
_PHRASES = regex.compile(
    r"\b(?:mixed[- ]race|middle[- ]eastern|first nations|asylum[- ]seekers?|(?:people|person) of colou?r)\b"
)
# Colours name people only where people follow: "a black car" is none of them.
_PEOPLE = """
actor|adults?|americans?|artists?|athletes?|author|babies|baby|boys?|brothers?|candidates?|celebrities|child|
children|citizens?|colleagues?|communities|community|cops?|couples?|dads?|daughters?|doctors?|drivers?|employees?|
famil(?:y|ies)|farmers?|fellas?|folks?|friends?|girlfriends?|girls?|guys?|husbands?|individuals?|jews?|kids?|
ladies|lady|lawyers?|lives|males?|females?|m[ae]n|minorities|moms?|mothers?|mums?|muslims?|neighbou?rs?|nurses?|
officers?|parents?|people|persons?|players?|politicians?|power|president|race|residents?|sisters?|soldiers?|sons?|
students?|supremac\\w+|teachers?|teens?|trash|voters?|wife|wives|wom[ae]n|workers?|youths?
"""
_COLOUR = regex.compile(
    rf"\b(?:{'|'.join(_COLOURS)})(?=[\s-]+(?:{''.join(_PEOPLE.split())})\b)|\b(?:{'|'.join(_COLOURS)})s\b"
)
_WORDS = regex.compile(r"\p{L}+")
_STOOD_IN = regex.compile(rf"\b{STAND_IN}(?:[\s-]+{STAND_IN})+\b")


def mask(normalised: str) -> str:
    """Return a normalised text with each identity term replaced by one token.

    >>> mask("my gay uncle likes jazz")
    'my identityterm uncle likes jazz'
    """
    words = normalised.split(" ")
    if TERMS.isdisjoint(words):
        return normalised
    return " ".join(MASK if word in TERMS else word for word in words)


def hide_phrases(readable: str) -> str:
    """Return a readable text with each group that is named by several words replaced by `STAND_IN`.

    >>> hide_phrases("mixed-race families")
    'martian families'
    """
    return str(_PHRASES.sub(STAND_IN, readable))


def stand_in(readable: str) -> str:
    """Return a readable text with each term, or run of terms, that surely names a group as `STAND_IN`.

    >>> stand_in("black women in black cars, and my muslim-jewish neighbour")
    'martian women in black cars, and my martian neighbour'
    """
    if TERMS.isdisjoint(_WORDS.findall(readable)):
        return readable
    hidden = _COLOUR.sub(STAND_IN, readable)
    hidden = _WORDS.sub(lambda word: STAND_IN if word[0] in _HIDDEN else word[0], hidden)
    return str(_STOOD_IN.sub(STAND_IN, hidden))
