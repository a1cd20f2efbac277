"""Sending what is due: claims by lease, signed attempts, and what came of them."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import version

import structlog

from service.domain.clock import Clock
from service.domain.ids import new_id
from service.domain.retries import MAX_RETRY_AFTER, wait_before
from service.domain.signing import read_secret, signature
from service.domain.turns import Standing, after_turn, batch_of, chosen
from service.outbound import Answer
from service.storage import deliveries, endpoints, erasing
from service.storage.database import Database
from service.storage.records import AttemptRow, DeliveryOutcome, DeliveryToSend
from service.webhooks.endpoints import disable_endpoint

log = structlog.get_logger("parley.webhooks")
PARALLEL = 8
# No attempt begins later than this after the claim, and none takes longer than 15 s: the lease outlasts them.
BEGIN_WITHIN = timedelta(seconds=12)
LEASE = timedelta(seconds=30)
WRITE_EVERY_S = 1.0
MAX_ANSWER = 2048  # bytes of an answer that the log keeps
USER_AGENT = f"Parley-Webhooks/{version('parley')}"
Send = Callable[[str, bytes, Mapping[str, str]], Answer]


def due_endpoints(db: Database, now: datetime, chance: Callable[[], float] = random.random) -> list[str]:
    """Return the ids of endpoints whose turn it is: something is to be sent there, and nobody does so yet.

    Whoever's receivers are slow, the endpoints of others come before them; see `service.domain.turns`.
    """
    with db.read() as connection:
        waiting = deliveries.waiting_endpoints(connection, now, LEASE)
        under_way = deliveries.endpoints_under_way(connection, now, LEASE) if waiting else ()
    return chosen(waiting, under_way, chance)


@dataclass(frozen=True, slots=True)
class _Claim:
    """What one worker holds of one endpoint, how that has done, and until when it may begin to send."""

    owner: str
    endpoint_id: str
    standing: Standing
    begin_until: datetime
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class _Try:
    """One attempt; without an answer it was never begun."""

    delivery: DeliveryToSend
    started_at: datetime
    ended_at: datetime
    answer: Answer | None

    @property
    def arrived(self) -> bool:
        """Whether the receiver took it: any 2xx, nothing else."""
        return self.answer is not None and self.answer.status in range(200, 300)


def deliver(
    db: Database, endpoint_id: str, *, send: Send, clock: Clock, chance: Callable[[], float] = random.random
) -> int:
    """Send what is due at one endpoint; return how many deliveries were taken up.

    0 means that nothing is due, the endpoint is disabled, gone or rests, or it is the turn of others.
    Deliveries are claimed by lease; what a worker that died had claimed becomes due again, and a worker
    that comes back after its lease writes nothing. ``send`` is `Outbound.post`, ``chance`` gives numbers
    in [0, 1].
    """
    now = clock()
    with db.write() as connection:
        standing = endpoints.standing(connection, endpoint_id)
        claim = _Claim(new_id(now), endpoint_id, standing, now + BEGIN_WITHIN)
        count = deliveries.claim_due(connection, endpoint_id, claim.owner, now, LEASE, batch_of(standing))
    if not count:
        return 0
    with db.read() as connection:
        batch = deliveries.claimed(connection, claim.owner)
    pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="webhook")
    ended: list[_Try] = []
    try:
        running = {pool.submit(_attempt, delivery, claim, send, clock) for delivery in batch}
        while running:
            done, running = wait(running, timeout=WRITE_EVERY_S)
            if done:
                ended += [future.result() for future in done]
                stands = claim.standing if running else _standing(claim, ended, clock())
                _write(db, claim, ended[-len(done) :], stands, clock(), chance)
    finally:
        claim.stop.set()
        pool.shutdown(cancel_futures=True)
    return count


def _standing(claim: _Claim, ended: Sequence[_Try], now: datetime) -> Standing:
    """Return how an endpoint stands after the last attempt of a turn."""
    tried = [one for one in ended if one.answer is not None]
    if not tried:
        return claim.standing
    slowest = max(one.ended_at - one.started_at for one in tried)
    answered = any(one.answer is not None and one.answer.status is not None for one in tried)
    stands = after_turn(claim.standing, slowest, answered=answered, now=now)
    if stands.paused_until:
        until = stands.paused_until.isoformat()
        log.warning("the receiver does not answer: it rests", endpoint=claim.endpoint_id, until=until)
    return stands


def _attempt(delivery: DeliveryToSend, claim: _Claim, send: Send, clock: Clock) -> _Try:
    started = clock()
    if claim.stop.is_set() or started >= claim.begin_until:
        return _Try(delivery, started, started, None)
    body = delivery.payload.encode()
    try:
        answer = send(delivery.url, body, headers(delivery, body, started))
    except Exception as error:  # one delivery that cannot be sent must not stop the others
        log.error("sending failed", delivery=delivery.id, exc_info=error)
        answer = Answer(None, error="it could not be sent")
    if answer.status == 410:
        claim.stop.set()
    return _Try(delivery, started, clock(), answer)


def headers(delivery: DeliveryToSend, body: bytes, sent_at: datetime) -> dict[str, str]:
    """Return the headers of one attempt; while a rotation lasts, with the signatures of both keys."""
    keys = [delivery.secret]
    if delivery.old_secret and delivery.old_secret_until and delivery.old_secret_until > sent_at:
        keys.append(delivery.old_secret)
    signed = [signature(read_secret(key), delivery.event_id, sent_at, body) for key in keys]
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "webhook-id": delivery.event_id,
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": " ".join(signed),
    }


def _write(
    db: Database,
    claim: _Claim,
    ended: Sequence[_Try],
    stands: Standing,
    now: datetime,
    chance: Callable[[], float],
) -> None:
    """Write what came of attempts, and how the endpoint stands: one transaction, guarded by the claim."""
    tried = [one for one in ended if one.answer is not None]
    unbegun = [one.delivery.id for one in ended if one.answer is None]
    gone = any(one.answer is not None and one.answer.status == 410 for one in tried)
    with db.write() as connection:
        if gone:  # first, in the order in which removing an endpoint locks
            disable_endpoint(connection, claim.endpoint_id, "The receiver answered 410 Gone.", now)
        if stands != claim.standing:
            endpoints.change_endpoint(connection, claim.endpoint_id, **asdict(stands))
        held = deliveries.still_held(connection, claim.owner, [one.delivery.id for one in tried])
        kept = [one for one in tried if one.delivery.id in held]
        outcomes = [_outcome(one, now, chance) for one in kept]
        # What was taken back while it was on its way: a receiver's answer may repeat it.
        sent = {one.delivery.event_id: one.delivery.payload for one in kept}
        gone_since = erasing.erased_since(connection, sent)
        rows = [_attempt_row(one, keep_answer=one.delivery.event_id not in gone_since) for one in kept]
        deliveries.add_attempts(connection, rows)
        deliveries.finish(connection, outcomes)
        deliveries.hold_back_later(connection, claim.endpoint_id, [
            (one.delivery, outcome.next_attempt_at)
            for one, outcome in zip(kept, outcomes, strict=True)
            if outcome.status == "due"
        ])  # fmt: skip
        deliveries.release(connection, claim.owner, unbegun, now)
    for one, outcome in zip(kept, outcomes, strict=True):
        answer = one.answer or Answer(None)
        error = {"error": answer.error} if answer.error else {}
        log.info(
            "webhook attempt", delivery=one.delivery.id, answer=answer.status, status=outcome.status, **error
        )


def _outcome(one: _Try, now: datetime, chance: Callable[[], float]) -> DeliveryOutcome:
    delivery, number = one.delivery.id, one.delivery.attempts + 1
    if one.arrived:
        return DeliveryOutcome(delivery, "delivered", number, now, one.ended_at)
    if one.answer is not None and one.answer.status == 410:
        return DeliveryOutcome(delivery, "due", number, now)  # it waits for the endpoint to be enabled again
    pause = wait_before(number, chance(), retry_after(one.answer, now))
    if pause is None:
        return DeliveryOutcome(delivery, "failed", number, now)
    return DeliveryOutcome(delivery, "due", number, now + pause)


def retry_after(answer: Answer | None, now: datetime) -> timedelta | None:
    """Return how long a busy receiver asks us to wait, from seconds or a date; None if it does not.

    >>> new_year = datetime(2026, 1, 1, tzinfo=UTC)
    >>> retry_after(Answer(429, retry_after="120"), new_year)
    datetime.timedelta(seconds=120)
    >>> retry_after(Answer(503, retry_after="Thu, 01 Jan 2026 00:01:00 GMT"), new_year)
    datetime.timedelta(seconds=60)
    >>> retry_after(Answer(500, retry_after="120"), new_year)
    """
    if answer is None or answer.status not in (429, 502, 503, 504) or not answer.retry_after:
        return None
    text = answer.retry_after.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), MAX_RETRY_AFTER.total_seconds()))
    try:
        at = parsedate_to_datetime(text[:100])
    except (ValueError, OverflowError):
        return None
    return max(at.replace(tzinfo=at.tzinfo or UTC) - now, timedelta())


def _attempt_row(one: _Try, *, keep_answer: bool) -> AttemptRow:
    answer = one.answer or Answer(None)
    return AttemptRow(
        delivery_id=one.delivery.id,
        number=one.delivery.attempts + 1,
        started_at=one.started_at,
        duration_ms=round((one.ended_at - one.started_at) / timedelta(milliseconds=1)),
        status_code=answer.status,
        answer=(answer.text.encode()[:MAX_ANSWER].decode(errors="ignore") or None) if keep_answer else None,
        error=answer.error,
    )
