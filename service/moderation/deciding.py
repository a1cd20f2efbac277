"""What happens to received comments: claim, read, decide, write."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog

from service.domain.clock import Clock
from service.domain.ids import new_id
from service.domain.policy import POLICY_ACTOR, Decision, decide
from service.domain.retries import MAX_SCORING_TRIES, wait_before_rescoring
from service.domain.scores import Reading, Scorer
from service.moderation.evidence import NAME_IN_A_SENTENCE, Found, gather, rules_of, text_hash
from service.storage import comments as queries
from service.storage import ledger, sites
from service.storage.database import Database
from service.storage.records import Record

log = structlog.get_logger("parley.moderation")

BATCH = 256
LEASE = timedelta(seconds=15)  # several times what reading and writing a batch may take
READING = timedelta(seconds=3)  # for the careful readings of a batch; what is left over is unsure
EXPLAINING = timedelta(seconds=2)  # for the marks of a batch; what is left over has none


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
        evidence = gather(connection, comments, found, hashes, rules, scorer)
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
