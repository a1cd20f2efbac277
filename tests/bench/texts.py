"""Texts to post: made up, each another, of the length of ordinary comments."""

from __future__ import annotations

import json
import random

SUBJECTS = (
    "the mediators",
    "both delegations",
    "our council",
    "the ferry company",
    "her neighbours",
    "the paper",
)
VERBS = ("should publish", "never mentioned", "will have to pay for", "quietly agreed to", "asked us about")
OBJECTS = (
    "the old border road",
    "a second round of talks",
    "the harbour plan",
    "those fishing rights",
    "the budget",
)
ENDINGS = (
    "and I doubt it will last.",
    "which is good news.",
    "but nobody here was asked.",
    "as far as I know.",
)


def comment(number: int) -> str:
    """Return a text of one to four sentences, about 120 characters in the median."""
    chance = random.Random(number)
    count = chance.choice((1, 2, 2, 3, 4))
    sentences = (" ".join(map(chance.choice, (SUBJECTS, VERBS, OBJECTS, ENDINGS))) for _ in range(count))
    return f"{number}: " + " ".join(sentence.capitalize() for sentence in sentences)


def body(number: int, threads: int = 20) -> bytes:
    """Return the body of a post."""
    thread = f"thread-{number % threads}"
    place = {"key": thread, "url": f"https://news.example/{thread}"}
    return json.dumps({"site": "bench", "thread": place, "body": comment(number)}).encode()
