"""Sending what is due: claims by lease, signed attempts, and what came of them."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import version

import structlog

from service.domain.clock import Clock
from service.domain.ids import new_id
from service.domain.retries import MAX_RETRY_AFTER, wait_before
from service.domain.signing import read_secret, signature
from service.outbound import Answer
from service.storage import deliveries, erasing
from service.storage.database import Database
from service.storage.records import AttemptRow, DeliveryOutcome, DeliveryToSend
from service.webhooks.endpoints import disable_endpoint

log = structlog.get_logger("parley.webhooks")
BATCH = 32
PARALLEL = 8
# No attempt begins later than this after the claim, and none takes longer than 15 s: the lease outlasts them.
BEGIN_WITHIN = timedelta(seconds=12)
LEASE = timedelta(seconds=30)
WRITE_EVERY_S = 1.0
MAX_ANSWER = 2048  # bytes of an answer that the log keeps
USER_AGENT = f"Parley-Webhooks/{version('parley')}"
Send = Callable[[str, bytes, Mapping[str, str]], Answer]


def due_endpoints(db: Database, now: datetime) -> list[str]:
    """Return the ids of endpoints that have something to send now and that nobody sends to."""
    with db.read() as connection:
        return deliveries.due_endpoints(connection, now, LEASE)


@dataclass(frozen=True, slots=True)
class _Claim:
    """What one worker holds of one endpoint, and until when it may begin to send."""

    owner: str
    endpoint_id: str
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

    0 means that nothing is due, the endpoint is disabled or gone, or another worker sends to it just now.
    Deliveries are claimed by lease; what a worker that died had claimed becomes due again, and a worker
    that comes back after its lease writes nothing. ``send`` is `Outbound.post`, ``chance`` gives numbers
    in [0, 1].
    """
    now = clock()
    claim = _Claim(new_id(now), endpoint_id, now + BEGIN_WITHIN)
    with db.write() as connection:
        count = deliveries.claim_due(connection, endpoint_id, claim.owner, now, LEASE, BATCH)
    if not count:
        return 0
    with db.read() as connection:
        batch = deliveries.claimed(connection, claim.owner)
    pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="webhook")
    try:
        running = {pool.submit(_attempt, delivery, claim, send, clock) for delivery in batch}
        while running:
            done, running = wait(running, timeout=WRITE_EVERY_S)
            if done:
                _write(db, claim, [future.result() for future in done], clock(), chance)
    finally:
        claim.stop.set()
        pool.shutdown(cancel_futures=True)
    return count


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
    now: datetime,
    chance: Callable[[], float],
) -> None:
    """Write what came of attempts: one transaction, guarded by the claim."""
    tried = [one for one in ended if one.answer is not None]
    unbegun = [one.delivery.id for one in ended if one.answer is None]
    gone = any(one.answer is not None and one.answer.status == 410 for one in tried)
    with db.write() as connection:
        if gone:  # first, in the order in which removing an endpoint locks
            disable_endpoint(connection, claim.endpoint_id, "The receiver answered 410 Gone.", now)
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
        status = one.answer.status if one.answer else None
        log.info("webhook attempt", delivery=one.delivery.id, answer=status, status=outcome.status)


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
