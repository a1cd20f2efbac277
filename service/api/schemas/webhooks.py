"""What host sites' programs send and get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from marshmallow import Schema, fields, validate

from service.api.schemas.comments import SITE, UUID, described
from service.domain.events import TYPES
from service.outbound import MAX_URL
from service.storage.records import DeliveryRow
from service.web.fields import Whole
from service.web.typed import Typed

MAX_POSITION = 2**53 - 1  # what every JSON reader can count to
STATUSES = ("due", "delivered", "failed")


@dataclass(frozen=True, slots=True)
class Wanted:
    """An endpoint to add: whose, where, and for which types of events; all of them if none is named."""

    site: str
    url: str
    types: Sequence[str]


class NewEndpoint(Typed):
    """An address that is to be told of a site's events."""

    makes = Wanted

    site = fields.String(required=True, validate=SITE)
    url = fields.String(
        required=True,
        validate=validate.Length(1, MAX_URL),
        metadata=described("http or https, on a public address."),
    )
    types = fields.List(
        fields.String(validate=validate.OneOf(TYPES)),
        load_default=list,
        validate=validate.Length(max=len(TYPES)),
        metadata=described("Only these event types; all if empty or left out."),
    )


class Endpoint(Schema):
    """A webhook endpoint, without its secret."""

    id = fields.String()
    site = fields.String(attribute="site_id")
    url = fields.String()
    types = fields.List(fields.String())
    created_at = fields.AwareDateTime()
    disabled_at = fields.AwareDateTime(allow_none=True)
    disabled_because = fields.String(allow_none=True)
    old_secret_until = fields.AwareDateTime(
        allow_none=True, metadata=described("Until then, attempts are signed with the previous secret too.")
    )
    paused_until = fields.AwareDateTime(
        allow_none=True,
        metadata=described("It let us wait and never answered: until then, nothing is sent to it."),
    )


class EndpointWithSecret(Endpoint):
    """A webhook endpoint with a secret that was just made: it is shown this once."""

    secret = fields.String(metadata=described("Signs every attempt, as Standard Webhooks 1.0.0 says."))


class Endpoints(Schema):
    """The webhook endpoints of a site, oldest first."""

    endpoints = fields.List(fields.Nested(Endpoint))


@dataclass(frozen=True, slots=True)
class DeliveriesPart:
    """One page of an endpoint's deliveries, by their status, its size and the page before."""

    limit: int
    status: str | None = None
    cursor: str | None = None


class DeliveriesQuery(Typed):
    """Which part of an endpoint's deliveries."""

    makes = DeliveriesPart

    status = fields.String(validate=validate.OneOf(STATUSES))
    cursor = fields.String(validate=UUID)
    limit = Whole(load_default=50, validate=validate.Range(1, 200))


class Attempt(Schema):
    """One try: what the receiver answered, or why it could not be reached."""

    number = fields.Integer()
    started_at = fields.AwareDateTime()
    duration_ms = fields.Integer()
    status_code = fields.Integer(allow_none=True)
    answer = fields.String(allow_none=True, metadata=described("The first 2,048 bytes."))
    error = fields.String(allow_none=True)


class Delivery(Schema):
    """One event for one endpoint, with every attempt so far."""

    id = fields.String()
    endpoint = fields.String(attribute="endpoint_id")
    event = fields.String(attribute="event_id", metadata=described("The webhook-id of every attempt."))
    type = fields.String()
    comment = fields.String(  # promised before there were other subjects
        attribute="subject_id",
        dump_only=True,  # or two fields would be loaded into one
        metadata=described("The same as `subject_id`: of a comment, if `subject_kind` says so."),
    )
    subject_kind = fields.String(metadata=described("What the event is about, such as `comment`."))
    subject_id = fields.String()
    sequence = fields.Integer(metadata=described("Counts what happened to one subject; 0 for a test."))
    status = fields.String(validate=validate.OneOf(STATUSES))
    attempts = fields.List(fields.Nested(Attempt), attribute="log")
    next_attempt_at = fields.Method("_next", metadata={"type": ["string", "null"], "format": "date-time"})
    delivered_at = fields.AwareDateTime(allow_none=True)

    def _next(self, row: DeliveryRow) -> str | None:
        return row.next_attempt_at.isoformat() if row.status == "due" else None


class Deliveries(Schema):
    """One page of an endpoint's deliveries, newest first."""

    deliveries = fields.List(fields.Nested(Delivery))
    next_cursor = fields.String(allow_none=True)


class QueuedDelivery(Schema):
    """A delivery that will be tried in a moment."""

    delivery = fields.String(metadata=described("Its id, to be found in the endpoint's deliveries."))


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a site's log: what comes after a place."""

    site: str
    after: int
    limit: int


class EventsQuery(Typed):
    """Which part of a site's log of events."""

    makes = Stretch

    site = fields.String(required=True, validate=SITE)
    after = Whole(
        load_default=0,
        validate=validate.Range(0, MAX_POSITION),
        metadata=described("The `next` of the answer before; 0 for the beginning."),
    )
    limit = Whole(load_default=100, validate=validate.Range(1, 500))


class Event(Schema):
    """One event as webhooks carry it, with its place in the log."""

    position = fields.Integer()
    id = fields.String(metadata=described("The webhook-id."))
    type = fields.String()
    timestamp = fields.String()
    data = fields.Dict()


class Events(Schema):
    """A stretch of a site's log of events, oldest first."""

    events = fields.List(fields.Nested(Event))
    next = fields.Integer(metadata=described("Ask for what comes after this. The same as before: no news."))
