"""Harmless things that people say in few words, and texts put together of two. Training only.

Short texts in labelled sets are mostly abuse, so a model learns that to be short is to be rude, that calling
anybody anything is an insult, and that an emoji goes with both. `sentences` teaches the contrary, `sprinkled`
puts emoji on texts of every kind, and `inserted` hides a bad sentence among civil ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from random import Random

import emoji

from models.reading.windows import sentences as sentences_of
from models.texts.templates import grammar

_WHO = (
    "You are", "You're", "She is", "He is", "She's", "He's", "I am", "I'm", "We are a family and she is",
    "My brother is", "My cousin is", "Our landlady is", "The new mayor is", "This is", "That was",
    "Her son is", "Their grandfather was", "Everyone says she is", "I always knew you were", "Once he was",
)  # fmt: skip
_PLURAL_WHO = ("You are", "They are", "We are", "These are", "My parents are", "Most of them are")
_QUALITY = (
    "polite", "patient", "generous", "thoughtful", "cheerful", "honest", "gifted", "retired", "local",
    "busy", "young", "old", "short", "quiet", "strong", "tired", "pregnant", "modest", "clever",
    "wonderful", "great", "beautiful", "sweet", "proper", "real", "true", "decent", "fine", "careful",
    "widowed", "single", "big", "little", "loving", "grown", "brave", "lucky", "blond", "freckled", "wise",
    "funny", "good",
)  # fmt: skip
_PERSON = (
    "woman", "man", "boy", "girl", "lady", "gentleman", "mother", "father", "daughter", "son", "aunt",
    "baker", "plumber", "carpenter", "pilot", "singer", "captain", "winner", "hero", "champion", "legend",
    "friend", "colleague", "fan", "voter", "student", "librarian", "cook", "dancer", "goalkeeper", "reader",
    "writer", "journalist", "professor", "waiter", "gardener", "postman", "sailor", "guest", "tenant",
    "cyclist", "musician", "person", "human being", "father of two", "member of the choir", "veteran",
    "bus driver",
)  # fmt: skip
_AFTER = (
    "",
    "",
    "",
    "",
    "!",
    ".",
    ".",
    " and I like that.",
    " from {city}.",
    ", thank you.",
    " with two cats.",
)
_SAID = (
    "Thanks", "Thank you so much", "Agreed", "Same here", "Congratulations", "Well said", "Good point",
    "So true", "Nice photo", "Lovely picture", "Love this", "This made my day", "What a match",
    "See you on Saturday", "Happy birthday", "Get well soon", "Rest in peace", "Good luck", "Sleep well",
    "Welcome back", "Hello from {city}", "Greetings from {city}", "Looks delicious", "Where was this taken",
    "Great article", "Beautiful weather in {city}", "I walked to the market", "The bus was late again",
    "We planted tomatoes", "The meeting starts at seven", "Who won", "Any news", "Interesting read",
    "I need a coffee", "First day of school", "Our cat had kittens", "Snow in {city} tonight",
    "The bridge is open again", "Not sure about that", "I was there", "Yes please", "No thanks",
    "Fair enough", "Me too", "Sounds good", "I did not know that", "Hope you are well", "Here we go",
    "Best team ever", "What a goal", "That was close", "Sad news", "Thinking of you all", "Proud of you",
    "Love from {city}", "Miss you", "You look great", "Well played", "What a beauty", "He died too young",
    "I cried at the end", "My feet hurt", "Dinner is ready", "Off to work", "Sunday at last",
    "Still raining here",
)  # fmt: skip
_OFTEN = (
    "😀😂🤣😊😍😭😅🥰😘😁👍🙏💕💪😎🎉✨🔥❤💙💚🖤🤍🤎♥☀🌞🌙⭐☕🍕🍺🎂🎄🌹🌸🍀🐶"
    "🐱🐦👏🙌👋🤝✌🤔😢😔😉🙂😴🤗💯✅❌➡⚽🏆🚗✈📷🎶"
)
_OF_THEIR_OWN = frozenset("🖕💩🤬🤮🍆🍑💦🔪🔫💣🐒🐵🐖🐷🐀🐍🤡")  # these mean something by themselves

SHORT = (15, 160)  # characters of what is put in
LONG = (250, 900)  # of what it is put into: longer ones are not read as a whole


@cache
def harmless_emoji() -> tuple[str, ...]:
    """Return every emoji and flag that says nothing rude by itself, in a fixed order."""
    whole = emoji.STATUS["fully_qualified"]
    known = (sign for sign, found in emoji.EMOJI_DATA.items() if found["status"] <= whole)
    return tuple(sorted(sign for sign in known if _OF_THEIR_OWN.isdisjoint(sign)))


def sentences(count: int, rng: Random) -> list[str]:
    """Write harmless short comments: what people are, and what people say."""
    city = grammar().slots["city"]
    written = [_of_person(rng) if rng.random() < 0.6 else _said(rng) for _ in range(count)]
    return [_typed(text.replace("{city}", rng.choice(city)), rng) for text in written]


def _of_person(rng: Random) -> str:
    person = rng.choice(_PERSON)
    described = rng.random()
    if described < 0.3:
        quality = rng.choice(grammar().identities).adjective
    elif described < 0.85:
        quality = rng.choice(_QUALITY)
    else:
        quality = ""
    if rng.random() < 0.15:
        nouns = rng.choice(grammar().identities).plural
        return f"{rng.choice(_PLURAL_WHO)} {nouns}{rng.choice(_AFTER)}"
    words = f"{quality} {person}".strip()
    article = "an" if words[0].lower() in "aeiou" else "a"
    return f"{rng.choice(_WHO)} {article} {words}{rng.choice(_AFTER)}"


def _said(rng: Random) -> str:
    said = rng.choice(_SAID)
    if rng.random() < 0.35:
        said = f"{said}. {rng.choice(_SAID)}"
    return said + rng.choice(("", "", ".", "!", "!!", "..."))


def _typed(text: str, rng: Random) -> str:
    return text.lower() if rng.random() < 0.25 else text


def sprinkled(text: str, rng: Random) -> str:
    """Return a text with one to three harmless emoji before, after or between its words."""
    chosen = [
        rng.choice(_OFTEN) if rng.random() < 0.5 else rng.choice(harmless_emoji())
        for _ in range(rng.randint(1, 3))
    ]
    if rng.random() < 0.2:
        chosen = chosen[:1] * rng.randint(1, 4)
    signs = "".join(chosen) if rng.random() < 0.6 else " ".join(chosen)
    words = text.split(" ")
    at = len(words) if rng.random() < 0.7 else rng.randint(0, len(words))
    return " ".join([*words[:at], signs, *words[at:]])


def inserted(sentence: str, into: str, rng: Random) -> str:
    """Return a text with a sentence between two of its own, or before or after all.

    >>> inserted("Go away.", "One two three four five six seven eight nine ten.", Random(1))
    'Go away. One two three four five six seven eight nine ten.'
    """
    places = [0, *(end for _, end in sentences_of(into))]
    at = rng.choice(places)
    return " ".join(part.strip() for part in (into[:at], sentence, into[at:]) if part.strip())


def to_insert(texts: Sequence[str], toxic: Sequence[bool], civil: Sequence[bool]) -> tuple[list[int], ...]:
    """Return which texts are short and toxic, short and civil, long and civil."""
    short = [SHORT[0] <= len(text) <= SHORT[1] for text in texts]
    long = [LONG[0] <= len(text) <= LONG[1] for text in texts]
    rows = range(len(texts))
    return (
        [i for i in rows if short[i] and toxic[i]],
        [i for i in rows if short[i] and civil[i]],
        [i for i in rows if long[i] and civil[i]],
    )
