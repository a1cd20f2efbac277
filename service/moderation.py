"""What happens to received comments, and what moderators do: evidence, decision, one transaction."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson
import structlog
from sqlalchemy import Connection

from service.domain.audit import first_break
from service.domain.comment import Status, after
from service.domain.errors import AlreadyDecided, IllegalMove, NotFound
from service.domain.ids import fingerprint, new_id
from service.domain.policy import POLICY_ACTOR, Decision, Evidence, NameEvidence, Policy, decide
from service.domain.policy_document import policy_from
from service.domain.retries import MAX_SCORING_TRIES, wait_before_rescoring
from service.domain.scores import Reading, Scorer
from service.domain.word_lists import Normalise, WordList, count_links, count_links_in_name
from service.storage import comments as queries
from service.storage import ledger, sites
from service.storage.database import Database
from service.storage.records import Record

log = structlog.get_logger("parley.moderation")

BATCH = 256
LEASE = timedelta(seconds=15)  # several times what reading and writing a batch may take
READING = timedelta(seconds=3)  # for the careful readings of a batch; what is left over is unsure
EXPLAINING = timedelta(seconds=2)  # for the marks of a batch; what is left over has none
MIN_THREAD_REPEAT = 20  # characters; shorter texts ("Thank you!") are said by many
# A bare name is too short to be read rightly: of 97 innocent ones, 22 would be held, and 6 in this sentence;
# of 38 bad ones 37 and 35. It is English, whatever the name is.
NAME_IN_A_SENTENCE = ("My name is {}", "en")
UNDO = {Status.PENDING: "reopen", Status.APPROVED: "approve", Status.REJECTED: "reject"}
Clock = Callable[[], datetime]


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


def drain(db: Database, *, scorer: Scorer, clock: Clock, limit: int = BATCH) -> int:
    """Score a batch of received comments and carry out what the policy decides.

    Comments are claimed by lease, so two workers never hold the same one and a dead worker's claim
    expires. A worker that comes back after its lease finds its comments gone and writes nothing.
    Words are marked after the decisions are written: readers wait for those, nobody for marks.
    Returns how many were taken up; 0 means nothing was left.
    """
    now = clock()
    owner = new_id(now)
    with db.write() as connection:
        count = queries.claim_received(connection, owner, now, now + LEASE, limit)
    if not count:
        return 0
    with db.read() as connection:
        comments = queries.claimed(connection, owner)
        policies = sites.policies(connection, {comment["site_id"] for comment in comments})
    found = _read(scorer, comments, clock)
    _rest_or_give_up(db, owner, comments, found, clock())
    scored = [comment for comment in comments if comment["id"] in found.readings]
    if scored:
        changes = _decide_all(db, owner, scored, found, policies, scorer, clock())
        _mark_words(db, changes, scorer, clock)
    return count


def _read(scorer: Scorer, comments: Sequence[Record], clock: Clock) -> Found:
    """Score a batch in one call; if that fails, halve it until the comment that fails stands alone.

    A name is scored once for all its comments, and with them: if it fails, they do.
    """
    exhausted = [comment for comment in comments if comment["tries"] > MAX_SCORING_TRIES]
    fresh = [comment for comment in comments if comment["tries"] <= MAX_SCORING_TRIES]
    found = Found({comment["id"]: None for comment in exhausted}, {}, {}, [])
    until = clock() + READING
    heap = [fresh] if fresh else []
    while heap:
        part = heap.pop()
        within = max((until - clock()).total_seconds(), 0.0)
        try:
            _read_part(scorer, part, within, found)
        except Exception as error:  # whatever a model may raise must not stop the others
            if len(part) > 1:
                middle = len(part) // 2
                heap += [part[:middle], part[middle:]]
            else:
                found.failed.append(part[0]["id"])
                log.warning("scoring failed", comment=part[0]["id"], error=type(error).__name__)
    return found


def _read_part(scorer: Scorer, part: Sequence[Record], within: float, found: Found) -> None:
    sentence, language = NAME_IN_A_SENTENCE
    names = sorted({comment["author_name"] for comment in part if comment["author_name"]} - set(found.names))
    plain = {name: scorer.normalise(name) for name in names}
    bodies = [comment["body"] for comment in part]  # first: if time runs out, it does so for names
    texts = [*bodies, *(sentence.format(name) for name in names)]
    languages = [*(None for _ in bodies), *(language for _ in names)]
    readings = scorer.read(texts, languages=languages, within=within)
    if len(readings) != len(texts):
        raise ValueError(f"{len(readings)} readings of {len(texts)} texts")
    found.readings.update({comment["id"]: one for comment, one in zip(part, readings, strict=False)})
    found.names.update(zip(names, readings[len(part) :], strict=True))
    found.plain.update(plain)


def _rest_or_give_up(
    db: Database,
    owner: str,
    comments: Sequence[Record],
    found: Found,
    now: datetime,
) -> None:
    """Let comments whose scoring failed rest before the next try; after the last, ask a human."""
    for comment in comments:
        if comment["id"] not in found.failed:
            continue
        if comment["tries"] >= MAX_SCORING_TRIES:
            found.readings[comment["id"]] = None
            continue
        with db.write() as connection:
            rest = now + wait_before_rescoring(comment["tries"])
            queries.release(connection, owner, [comment["id"]], rest)


def _decide_all(
    db: Database,
    owner: str,
    comments: Sequence[Record],
    found: Found,
    policies: Mapping[str, Mapping[str, Any]],
    scorer: Scorer,
    now: datetime,
) -> list[ledger.Change]:
    """Decide, write and return the changes of those comments that ``owner`` still held."""
    rules = {site: rules_of(orjson.dumps(document), scorer.normalise) for site, document in policies.items()}
    readings = found.readings
    hashes = {key: text_hash(reading) for key, reading in readings.items() if reading}
    with db.read() as connection:
        evidence = _gather(connection, comments, found, hashes, rules)
    decisions = {c["id"]: decide(evidence[c["id"]], rules[c["site_id"]].policy) for c in comments}
    changes = [
        _change(comment, decisions[comment["id"]], readings[comment["id"]], hashes.get(comment["id"]), scorer)
        for comment in comments
    ]
    unsure = sum(reading.is_unsure for reading in readings.values() if reading)
    with db.write() as connection:
        held = queries.hold(connection, owner)
        kept = [change for change in changes if change.comment["id"] in held]
        ledger.record(connection, kept, now)
    ids: dict[str, list[str]] = {}
    for change in kept:
        ids.setdefault(str(change.outcome), []).append(change.comment["id"])
    log.info("decided", **ids, unsure=unsure)
    return kept


def _change(
    comment: Record, decision: Decision, reading: Reading | None, text: str | None, scorer: Scorer
) -> ledger.Change:
    scores = {name: round(score, 6) for name, score in reading.scores.items()} if reading else None
    if scores and not all(math.isfinite(score) for score in scores.values()):
        scores = {name: score for name, score in scores.items() if math.isfinite(score)}
    reasons = [reason.as_dict() for reason in decision.reasons]
    return ledger.Change(
        comment,
        decision.status,
        decision.outcome,
        "policy",
        POLICY_ACTOR,
        outcome=decision.outcome,
        reasons=reasons,
        scores=scores,
        model_id=scorer.model_id if reading else None,
        columns={
            "scores": scores,
            "reasons": reasons,
            "spans": None,  # of an earlier decision
            "language": reading.language if reading else None,
            "model_id": scorer.model_id if reading else None,
            "text_hash": text,
        },
    )


def _mark_words(db: Database, changes: Sequence[ledger.Change], scorer: Scorer, clock: Clock) -> None:
    """Store which words account for the score of what was not approved, the oldest first, while time lasts.

    An explanation may cost thirty careful readings. Under an attack, when most of a batch is held, a worker
    could do nothing else; then the last ones have their scores and reasons, and no marks.
    """
    until = clock() + EXPLAINING
    found: list[tuple[str, int, list[list[float]]]] = []
    for change in changes:
        if change.outcome == "approve" or change.model_id is None:
            continue
        if clock() > until:
            log.warning("no time left to mark words", marked=len(found))
            break
        try:
            spans = scorer.explain(change.comment["body"])
        except Exception as error:  # the decision stands
            log.warning("no words marked", comment=change.comment["id"], error=type(error).__name__)
            continue
        marks = [[span.begin, span.end, round(span.score, 4)] for span in spans]
        found.append((change.comment["id"], change.sequence, marks))
    if found:
        with db.write() as connection:
            queries.mark_words(connection, found)


def _gather(
    connection: Connection,
    comments: Sequence[Record],
    found: Found,
    hashes: Mapping[str, str],
    rules: Mapping[str, Rules],
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


def act(
    db: Database,
    *,
    comment_id: str,
    action: str,
    version: int,
    moderator: str,
    sites_allowed: frozenset[str],
    now: datetime,
    note: str | None = None,
) -> Record:
    """Carry out a moderator's action on the version of the comment that the moderator saw.

    ``action`` is approve, reject, reopen or undo; undo takes back the moderator's own last action.
    Returns the comment as it stands after. Raises `NotFound` for a comment of another site,
    `AlreadyDecided` if it changed in between, `IllegalMove` if the action is not possible.
    """
    with db.write() as connection:
        comment = queries.find_comment(connection, comment_id, lock=True)
        if comment is None or comment["site_id"] not in sites_allowed:
            raise NotFound("There is no such comment on a site of yours.")
        if comment["version"] != version:
            raise _already_decided(comment)
        done = _undoing(connection, comment, moderator) if action == "undo" else action
        to = after(Status(comment["status"]), done)
        outcome = {Status.APPROVED: "approve", Status.REJECTED: "reject"}.get(to, "review")
        change = ledger.Change(comment, to, action, "moderator", moderator, outcome=outcome, note=note)
        ledger.record(connection, [change], now)
    log.info("moderated", comment=comment_id, action=action)
    return {**comment, "status": to.value, "version": change.sequence, "decided_by": moderator}


def _already_decided(comment: Record) -> AlreadyDecided:
    by = comment["decided_by"] or "the policy"
    return AlreadyDecided(
        f"This comment was changed in the meantime: it is {comment['status']}, by {by}.",
        status=comment["status"],
        version=comment["version"],
        by=by,
        body=comment["body"],
    )


def _undoing(connection: Connection, comment: Record, moderator: str) -> str:
    last = queries.last_audit_row(connection, comment["id"])
    if last is None or last["actor_kind"] != "moderator" or last["actor"] != moderator:
        raise IllegalMove("there is nothing of yours to undo: the last change was not made by you")
    try:
        return UNDO[Status(last["from_status"])]
    except KeyError:
        raise IllegalMove(f"cannot go back to {last['from_status']}") from None


def read_queue(
    db: Database, *, site: str, status: str, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """Return one page of a site's comments of one status, oldest first, and the next page's cursor."""
    with db.read() as connection:
        found = queries.by_status(connection, site, status, cursor, limit + 1)
    return {
        "comments": found[:limit],
        "next_cursor": found[limit - 1]["id"] if len(found) > limit else None,
    }


def history(db: Database, comment_id: str, *, sites_allowed: frozenset[str]) -> dict[str, Any]:
    """Return a comment's audit log and whether its chain of hashes holds; `NotFound` on a foreign site."""
    with db.read() as connection:
        comment = queries.find_comment(connection, comment_id)
        if comment is None or comment["site_id"] not in sites_allowed:
            raise NotFound("There is no such comment on a site of yours.")
        rows = queries.audit_rows(connection, comment_id)
    return {"entries": rows, "intact": first_break(rows, comment["audit_head"]) is None}
