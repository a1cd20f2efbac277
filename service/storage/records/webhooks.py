"""Endpoints, events on their way, deliveries and attempts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A webhook endpoint as it may be shown: no query for it reads a secret. ``types`` empty means all."""

    id: str
    site_id: str
    url: str
    types: Sequence[str]
    created_at: datetime
    disabled_at: datetime | None
    disabled_because: str | None
    old_secret_until: datetime | None
    paused_until: datetime | None

    @property
    def host(self) -> str:
        """Where the endpoint is, without what only its owner may know."""
        return urlsplit(self.url).hostname or ""

    def snapshot(self) -> dict[str, object]:
        """Return what an event may tell of it: no secret, and no path, which may be one for its receiver."""
        return {
            "id": self.id,
            "site": self.site_id,
            "host": self.host,
            "types": list(self.types),
            "created_at": self.created_at,
            "disabled_at": self.disabled_at,
            "disabled_because": self.disabled_because,
            "old_secret_until": self.old_secret_until,
        }


@dataclass(frozen=True, slots=True)
class EndpointWithSecret(Endpoint):
    """A webhook endpoint whose secret was just made: to be shown once, and never printed by accident."""

    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ActiveEndpoint:
    """What the relay must know of an endpoint that takes events."""

    id: str
    site_id: str
    types: Sequence[str]


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that is to be inserted; with ``relayed_at`` the relay makes no deliveries of it."""

    id: str
    site_id: str
    subject_kind: str
    subject_id: str
    sequence: int
    type: str
    payload: str
    created_at: datetime
    relayed_at: datetime | None


@dataclass(frozen=True, slots=True)
class EventToRelay:
    """An event without a place in the log; with ``relayed_at`` it has had its deliveries already."""

    position: int
    id: str
    site_id: str
    subject_kind: str
    subject_id: str
    sequence: int
    type: str
    relayed_at: datetime | None


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event in its place in the log."""

    place: int
    id: str
    payload: str


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """One event that is to go to one endpoint."""

    id: str
    endpoint_id: str
    event_id: str
    subject_kind: str
    subject_id: str
    sequence: int
    next_attempt_at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryToSend:
    """A delivery that somebody holds, with the exact text to send, the address, and what signs it."""

    id: str
    event_id: str
    subject_kind: str
    subject_id: str
    sequence: int
    attempts: int
    payload: str
    url: str
    secret: str = field(repr=False)
    old_secret: str | None = field(repr=False)
    old_secret_until: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """How a delivery stands after an attempt."""

    id: str
    status: str
    attempts: int
    next_attempt_at: datetime
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One event for one endpoint, as the log shows it."""

    id: str
    endpoint_id: str
    event_id: str
    subject_kind: str
    subject_id: str
    sequence: int
    type: str
    status: str
    attempts: int
    next_attempt_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryToReplay:
    """A delivery, with whose endpoint it is for and whether that takes events."""

    id: str
    endpoint_id: str
    site_id: str
    subject_kind: str
    subject_id: str
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One try of one delivery: what the receiver answered, or why it could not be reached."""

    delivery_id: str
    number: int
    started_at: datetime
    duration_ms: int
    status_code: int | None
    answer: str | None
    error: str | None
