"""What happens to received comments: claim, read, decide, write."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from service.domain.clock import Clock
from service.domain.evidence import Evidence
from service.domain.ids import new_id
from service.domain.policy import decide
from service.domain.reasons import POLICY_ACTOR
from service.domain.retries import MAX_SCORING_TRIES, wait_before_rescoring
from service.domain.scores import Scorer
from service.moderation.evidence import NAME_IN_A_SENTENCE, Found, Rules, gather, rules_of, said_beside
from service.moderation.marking import Marks
from service.moderation.repeats import text_hash
from service.storage import comments as queries
from service.storage import likenesses, moves, sites
from service.storage.database import Database
from service.storage.records import CommentForLedger, PolicyRow

log = structlog.get_logger("parley.moderation")

BATCH = 256
LEASE = timedelta(seconds=15)  # several times what reading and writing a batch may take
# For the careful readings of a batch; what is left over is unsure. Seconds of processor time, and how long a
# busy machine may take over them, so that the lease holds.
EFFORT_S = 3.0
READING = timedelta(seconds=7)
# Processor time for careful readings of what the fast reader is sure of, as far as a batch is not full: a
# full one means that others wait.
SPARE_S = 0.15


def drain(
    db: Database, *, scorer: Scorer, clock: Clock, limit: int = BATCH, marks: Marks | None = None
) -> int:
    """Score a batch of received comments and carry out what the policy decides.

    Comments are claimed by lease, so two workers never hold the same one and a dead worker's claim
    expires. A worker that comes back after its lease finds its comments gone and writes nothing.
    What is held is added to ``marks``, whose words are marked later. Returns how many were taken up; 0 means
    nothing was left.
    """
    now = clock()
    owner = new_id(now)
    with db.write() as connection:
        count = queries.claim_received(connection, owner, now, now + LEASE, limit)
    if not count:
        return 0
    with db.read() as connection:
        comments = queries.claimed(connection, owner)
        policies = sites.policies(connection, {comment.site_id for comment in comments})
        others_wait = queries.any_wait(connection, now)
    found = _read(scorer, comments, clock, 0.0 if others_wait else SPARE_S * (1 - count / limit))
    _rest_or_give_up(db, owner, comments, found, clock())
    scored = [comment for comment in comments if comment.id in found.readings]
    if scored:
        done = _decide_all(db, owner, scored, found, policies, scorer, clock())
        if marks is not None:
            marks.add(done)
    return count


def _read(scorer: Scorer, comments: Sequence[CommentForLedger], clock: Clock, spare: float) -> Found:
    """Score a batch in one call; if that fails, halve it until the comment that fails stands alone.

    A name is scored once for all its comments, and with them: if it fails, they do. So is what posts say of
    their page.
    """
    exhausted = [comment for comment in comments if comment.tries > MAX_SCORING_TRIES]
    fresh = [comment for comment in comments if comment.tries <= MAX_SCORING_TRIES]
    found = Found({comment.id: None for comment in exhausted}, {}, {}, [])
    until = clock() + READING
    heap = [fresh] if fresh else []
    while heap:
        part = heap.pop()
        within = max((until - clock()).total_seconds(), 0.0)
        try:
            _read_part(scorer, part, within, spare, found)
        except Exception as error:  # whatever a model may raise must not stop the others
            if len(part) > 1:
                middle = len(part) // 2
                heap += [part[:middle], part[middle:]]
            else:
                found.failed.append(part[0].id)
                log.warning("scoring failed", comment=part[0].id, error=type(error).__name__)
    return found


def _read_part(
    scorer: Scorer, part: Sequence[CommentForLedger], within: float, spare: float, found: Found
) -> None:
    sentence, language = NAME_IN_A_SENTENCE
    names = sorted(set().union(*map(said_beside, part)) - set(found.names))
    plain = {name: scorer.normalise(name) for name in names}
    bodies = [comment.body for comment in part]  # first: if time runs out, it does so for names
    texts = [*bodies, *(sentence.format(name) for name in names)]
    languages = [*(None for _ in bodies), *(language for _ in names)]
    readings = scorer.read(texts, languages=languages, within=within, effort=EFFORT_S, spare=spare)
    if len(readings) != len(texts):
        raise ValueError(f"{len(readings)} readings of {len(texts)} texts")
    found.readings.update({comment.id: one for comment, one in zip(part, readings, strict=False)})
    found.names.update(zip(names, readings[len(part) :], strict=True))
    found.plain.update(plain)


def _rest_or_give_up(
    db: Database,
    owner: str,
    comments: Sequence[CommentForLedger],
    found: Found,
    now: datetime,
) -> None:
    """Let comments whose scoring failed rest before the next try; after the last, ask a human."""
    for comment in comments:
        if comment.id not in found.failed:
            continue
        if comment.tries >= MAX_SCORING_TRIES:
            found.readings[comment.id] = None
            continue
        with db.write() as connection:
            rest = now + wait_before_rescoring(comment.tries)
            queries.release(connection, owner, [comment.id], rest)


def _decide_all(
    db: Database,
    owner: str,
    comments: Sequence[CommentForLedger],
    found: Found,
    policies: Mapping[str, PolicyRow],
    scorer: Scorer,
    now: datetime,
) -> list[moves.Move]:
    """Decide, write and return the moves of those comments that ``owner`` still held."""
    rules = {site: rules_of(policy, scorer) for site, policy in policies.items()}
    with db.read() as connection:
        evidence, fresh = gather(connection, comments, found, rules, scorer, now)
    wanted = [
        _move(one, evidence[one.id], rules[one.site_id], policies[one.site_id], found, scorer)
        for one in comments
    ]
    with db.write() as connection:
        held = queries.hold(connection, owner)
        kept = [
            replace(move, comment=replace(move.comment, thread_id=held[move.comment.id]))
            for move in wanted
            if move.comment.id in held
        ]
        moves.record(connection, kept, now)
        likenesses.keep(connection, [text for text in fresh if text.comment_id in held], now)
    ids: dict[str, list[str]] = {}
    for move in kept:
        ids.setdefault(str(move.outcome), []).append(move.comment.id)
    log.info("decided", **ids, unsure=sum(one.is_unsure for one in evidence.values()))
    return kept


def _move(
    comment: CommentForLedger,
    evidence: Evidence,
    rules: Rules,
    policy: PolicyRow,
    found: Found,
    scorer: Scorer,
) -> moves.Move:
    """Decide about one comment: the only place where the policy speaks."""
    decision, reading = decide(evidence, rules.policy), found.readings[comment.id]
    scores = {n: score for n, score in (evidence.scores or {}).items() if math.isfinite(score)}
    reasons = [reason.as_dict() for reason in decision.reasons]
    model_id = scorer.model_id if reading else None
    return moves.Move(
        comment,
        decision.status,
        decision.outcome,
        "policy",
        POLICY_ACTOR,
        outcome=decision.outcome,
        reasons=reasons,
        scores=scores if reading else None,
        model_id=model_id,
        evidence=evidence.as_dict(),
        policy_version=policy.version,
        columns={
            "scores": scores if reading else None,
            "reasons": reasons,
            "spans": None,  # of an earlier decision
            "language": reading.language if reading else None,
            "model_id": model_id,
            "text_hash": text_hash(reading) if reading else None,
        },
    )
