"""Evidence: what is known of comments when they are decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import orjson
from sqlalchemy import Connection

from service.domain.evidence import Evidence, NameEvidence
from service.domain.ids import fingerprint
from service.domain.policy import Policy
from service.domain.policy_document import policy_from
from service.domain.retries import MAX_SCORING_TRIES
from service.domain.scores import ATTRIBUTES, Reading, Scorer
from service.domain.word_lists import Normalise, WordList, count_links, count_links_in_name
from service.storage import comments as queries
from service.storage.records import Record

MIN_THREAD_REPEAT = 20  # characters; shorter texts ("Thank you!") are said by many
# A bare name is too short to be read rightly: of 97 innocent ones, 22 would be held, and 6 in this sentence;
# of 38 bad ones 37 and 35. It is English, whatever the name is.
NAME_IN_A_SENTENCE = ("My name is {}", "en")


@dataclass(frozen=True, slots=True)
class Rules:
    """One site's policy with its word lists ready to search."""

    policy: Policy
    banned: WordList
    suspect: WordList


@dataclass(frozen=True, slots=True)
class Found:
    """What the scorer said of a batch: a reading a comment, None for one given up, and one a name.

    ``plain`` are the names as word lists search them.
    """

    readings: dict[str, Reading | None]
    names: dict[str, Reading]
    plain: dict[str, str]
    failed: list[str]


def gather(
    connection: Connection,
    comments: Sequence[Record],
    found: Found,
    hashes: Mapping[str, str],
    rules: Mapping[str, Rules],
    scorer: Scorer,
) -> dict[str, Evidence]:
    """Collect all evidence for a batch: every check runs, whatever the others found."""
    authors = {(c["site_id"], c["author_id"]) for c in comments if c["author_id"]}
    known = queries.approved_by_author(connection, sorted(authors))
    in_thread, by_author = queries.earlier_texts(
        connection, {c["thread_id"] for c in comments}, {a for _, a in authors}, set(hashes.values())
    )
    evidence = {}
    for comment in comments:
        reading, text = found.readings[comment["id"]], hashes.get(comment["id"])
        repeat = _repeat(comment, reading, text, in_thread, by_author)
        if text:
            in_thread.add((comment["thread_id"], text))
            by_author.add((comment["author_id"], text))
        site = rules[comment["site_id"]]
        evidence[comment["id"]] = Evidence(
            scores=(reading.scores or None) if reading else None,
            language=reading.language if reading else "und",
            language_supported=reading.supported if reading else True,
            banned=site.banned.find(reading.normalised) if reading else (),
            suspect=site.suspect.find(reading.normalised) if reading else (),
            links=count_links(comment["body"]),
            repeat_of=repeat,
            first_time=(comment["site_id"], comment["author_id"]) not in known,
            premoderated=comment["thread_premoderate"],
            failure=None if reading else f"it failed {MAX_SCORING_TRIES} times",
            is_beta=reading.is_beta if reading else False,
            is_unsure=reading.is_unsure if reading else False,
            reader=reading.reader if reading else None,
            unknown=frozenset(ATTRIBUTES).difference(scorer.attributes),
            name=_name_evidence(comment["author_name"], found, site),
        )
    return evidence


def _name_evidence(name: str | None, found: Found, site: Rules) -> NameEvidence | None:
    if not name:
        return None
    reading, plain = found.names.get(name), found.plain.get(name, "")
    return NameEvidence(
        scores=reading.scores if reading else None,
        banned=site.banned.find(plain),
        suspect=site.suspect.find(plain),
        links=count_links_in_name(name),
        reader=reading.reader if reading else None,
    )


def _repeat(
    comment: Record,
    reading: Reading | None,
    text: str | None,
    in_thread: set[tuple[str, str]],
    by_author: set[tuple[str, str]],
) -> str | None:
    if reading is None or text is None:
        return None
    if comment["author_id"] and (comment["author_id"], text) in by_author:
        return "author"
    long_enough = len(reading.normalised) >= MIN_THREAD_REPEAT
    return "thread" if long_enough and (comment["thread_id"], text) in in_thread else None


def text_hash(reading: Reading) -> str:
    """Return the fingerprint under which repeats of a text are found, however they are typed."""
    return fingerprint(" ".join(reading.normalised.split()))


@lru_cache(maxsize=256)
def rules_of(document: bytes, normalise: Normalise) -> Rules:
    """Build a site's rules from its policy document, once for each version of it."""
    policy = policy_from(orjson.loads(document))
    return Rules(
        policy,
        WordList.of(policy.banned_words, normalise),
        WordList.of(policy.suspect_words, normalise),
    )
