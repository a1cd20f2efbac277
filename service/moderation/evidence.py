"""Evidence: what is known of comments when they are decided."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import structlog
from sqlalchemy import Connection

from service.domain.contacts import contacts
from service.domain.errors import Invalid
from service.domain.evidence import Evidence, NameEvidence, rounded
from service.domain.links import count_links, count_links_in_name
from service.domain.page_words import ADDRESS, TITLE, hosts_of, page_texts, without_hosts, words_of
from service.domain.personal_data import personal_data
from service.domain.policy_document import policy_from
from service.domain.policy_members import Policy
from service.domain.pressure import Pressure
from service.domain.reserved_names import is_disguised, looks_reserved
from service.domain.retries import MAX_SCORING_TRIES
from service.domain.scores import ATTRIBUTES, Reading, Scorer
from service.domain.word_lists import WordList
from service.moderation.repeats import Earlier
from service.storage import comments as queries
from service.storage.records import CommentForLedger, LikeText, PolicyRow

log = structlog.get_logger("parley.moderation")

RULES_KEPT = 256
# A bare name is too short to be read rightly: of 97 innocent ones, 22 would be held, and 6 in this sentence;
# of 38 bad ones 37 and 35. It is English, whatever the name is.
NAME_IN_A_SENTENCE = ("My name is {}", "en")


@dataclass(frozen=True, slots=True)
class Rules:
    """One site's policy with its word lists ready to search."""

    policy: Policy
    banned: WordList
    suspect: WordList
    site_name: str = ""
    own_hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """What the scorer said of a batch: a reading a comment, None for one given up, and one a name.

    ``names`` are all texts of `said_beside`, ``plain`` the same as word lists search them.
    """

    readings: dict[str, Reading | None]
    names: dict[str, Reading]
    plain: dict[str, str]
    failed: list[str]


def said_beside(comment: CommentForLedger) -> set[str]:
    """Return what a stranger said beside the body, to be read as names are."""
    page = page_texts(comment.page_title, comment.page_url, comment.page_key)
    found = {words for field, text in page.items() if (words := words_of(field, text))}
    return found | {comment.author_name} if comment.author_name else found


def gather(
    connection: Connection,
    comments: Sequence[CommentForLedger],
    found: Found,
    rules: Mapping[str, Rules],
    scorer: Scorer,
    now: datetime,
) -> tuple[dict[str, Evidence], list[LikeText]]:
    """Collect all evidence for a batch: every check runs, whatever the others found.

    Returns also the texts that are like none before, to be kept for those that come after.
    """
    unknown = frozenset(ATTRIBUTES).difference(scorer.attributes)
    earlier = Earlier.find(connection, comments, found.readings, now)
    known = queries.approved_by_author(
        connection, sorted({(one.site_id, one.author_id) for one in comments if one.author_id})
    )
    evidence = {
        one.id: _evidence(one, found, rules[one.site_id], earlier, known, unknown) for one in comments
    }
    return evidence, earlier.fresh


def _evidence(
    comment: CommentForLedger,
    found: Found,
    site: Rules,
    earlier: Earlier,
    known: Set[tuple[str, str]],
    unknown: frozenset[str],
) -> Evidence:
    reading = found.readings[comment.id]
    repeat = earlier.repeat(comment, reading)
    about: dict[str, Any] = {
        "links": count_links(comment.body),
        "personal": personal_data(comment.body),
        "contacts": contacts(comment.body),
        "repeat_of": repeat.of if repeat else None,
        "nearly": repeat is not None and repeat.nearly,
        "first_time": (comment.site_id, comment.author_id) not in known,
        "premoderated": comment.thread_premoderate,
        "name": _name(comment.author_name, found, site),
        "unknown": unknown,
        **_page(comment, found, site),
        **_pressure(Pressure.from_dict(comment.pressure)),
    }
    if reading is None:
        failure = f"it failed {MAX_SCORING_TRIES} times"
        return Evidence(None, language="und", failure=failure, **about)
    return Evidence(
        rounded(reading.scores) or None,
        language=reading.language,
        language_supported=reading.supported,
        banned=site.banned.find(reading.normalised),
        suspect=site.suspect.find(reading.normalised),
        is_beta=reading.is_beta,
        is_unsure=reading.is_unsure,
        is_short=reading.is_short,
        reader=reading.reader,
        **about,
    )


def _pressure(found: Pressure) -> Mapping[str, object]:
    counts = {f"posts_{axis}": count for axis, count in found.figures().items()}
    return {"form": found.form, "trapped": found.trapped, **counts}


def _name(name: str | None, found: Found, site: Rules) -> NameEvidence | None:
    if not name:
        return None
    reading, plain = found.names.get(name), found.plain.get(name, "")
    return NameEvidence(
        scores=rounded(reading.scores) if reading else None,
        banned=site.banned.find(plain),
        suspect=site.suspect.find(plain),
        links=count_links_in_name(name),
        personal=personal_data(name),
        contacts=contacts(name),
        is_reserved=looks_reserved(name, site.policy.reserved_names, site.site_name),
        is_disguised=is_disguised(name),
        reader=reading.reader if reading else None,
    )


def _page(comment: CommentForLedger, found: Found, site: Rules) -> dict[str, NameEvidence]:
    """What was found in what a post says of its page; nothing where that says nothing."""
    texts = page_texts(comment.page_title, comment.page_url, comment.page_key)
    judged = ((field, _of_page(field, text, found, site)) for field, text in texts.items())
    return {field: one for field, one in judged if one is not None}


def _of_page(field: str, text: str, found: Found, site: Rules) -> NameEvidence | None:
    """Judge a title, an address or a key. An address is no link in itself."""
    said = words_of(field, text)
    reading, plain = found.names.get(said), found.plain.get(said, "")
    shown = without_hosts(text, site.own_hosts) if field == TITLE else text
    links = 0 if field == ADDRESS else count_links_in_name(shown)
    ways = contacts(shown)
    if not (said or links or ways):
        return None
    return NameEvidence(
        scores=rounded(reading.scores) if reading else None,
        banned=site.banned.find(plain),
        suspect=site.suspect.find(plain),
        links=links,
        contacts=ways,
        is_disguised=is_disguised(text),
        reader=reading.reader if reading else None,
    )


_built: OrderedDict[tuple[bytes, str], Rules] = OrderedDict()
_building = threading.Lock()


def policy_or_people(policy: PolicyRow) -> Policy:
    """Return a site's policy; of one that cannot be read, that people decide everything.

    It was written by another release, or by hand. Other sites' comments do not wait for it.
    """
    try:
        return policy_from(policy.document)
    except Invalid as error:
        log.error("a policy cannot be read: people decide", site=policy.site_id, error=str(error)[:200])
        return Policy(premoderate=True)


def rules_of(row: PolicyRow, scorer: Scorer) -> Rules:
    """Return a site's rules, built once for each version of its policy and each model.

    The model is remembered by its id: by itself, one that was replaced would never be freed.
    """
    key = (orjson.dumps([row.site_name, row.document, row.origins]), scorer.model_id)
    with _building:
        rules = _built.get(key)
        if rules is None:
            policy = policy_or_people(row)
            rules = _built[key] = Rules(
                policy,
                WordList.of(policy.banned_words, scorer.normalise),
                WordList.of(policy.suspect_words, scorer.normalise),
                row.site_name,
                hosts_of(row.origins),
            )
        _built.move_to_end(key)
        while len(_built) > RULES_KEPT:
            _built.popitem(last=False)
    return rules
