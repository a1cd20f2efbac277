"""The host sites' doors: webhook endpoints, their deliveries, and the same events to pull."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, url_for

from service.api.schemas import webhooks as schemas
from service.api.schemas.moderation import OfSite, SiteQuery
from service.context import context
from service.outbound import Outbound
from service.web.auth import identity
from service.web.doors import door
from service.webhooks import endpoints
from service.webhooks import log as delivery_log

bp = Blueprint("webhooks", __name__, url_prefix="/api/v1")
ENDPOINT = "/webhook-endpoints/<uuid:endpoint_id>"


@bp.get("/webhook-endpoints")
@door(
    "List webhook endpoints",
    query=SiteQuery(),
    answer=schemas.Endpoints(),
    problems=(404,),
    auth="owner",
)
def list_endpoints(query: OfSite) -> Any:
    """Return the webhook endpoints of a site."""
    return {"endpoints": endpoints.list_endpoints(context().db, identity(), query.site)}


@bp.post("/webhook-endpoints")
@door(
    "Add a webhook endpoint",
    body=schemas.NewEndpoint(),
    answer=schemas.EndpointWithSecret(),
    status=201,
    problems=(404,),
    auth="owner",
)
def add_endpoint(body: schemas.Wanted) -> Any:
    """Add an address that is told of a site's events. The answer is the only one that has the secret."""
    here = context()
    check = Outbound(here.settings.webhook_private_networks).check
    made = endpoints.add_endpoint(
        here.db, identity(), body.site, body.url, body.types, here.clock(), check=check
    )
    here.tasks.nudge_webhooks()
    return made, {"Location": url_for(".show_endpoint", endpoint_id=made.id)}


@bp.get(ENDPOINT)
@door(
    "Look at a webhook endpoint",
    answer=schemas.Endpoint(),
    problems=(404,),
    auth="owner",
)
def show_endpoint(endpoint_id: UUID) -> Any:
    """Return one webhook endpoint, with why it was disabled if it was."""
    return endpoints.find_endpoint(context().db, identity(), str(endpoint_id))


@bp.delete(ENDPOINT)
@door("Remove a webhook endpoint", status=204, problems=(404,), auth="owner")
def remove_endpoint(endpoint_id: UUID) -> Any:
    """Remove a webhook endpoint with its deliveries and their log."""
    here = context()
    endpoints.remove_endpoint(here.db, identity(), str(endpoint_id), here.clock())
    here.tasks.nudge_webhooks()


@bp.post(f"{ENDPOINT}/test")
@door(
    "Send a test event",
    answer=schemas.QueuedDelivery(),
    status=202,
    problems=(404, 409),
    auth="owner",
)
def send_test(endpoint_id: UUID) -> Any:
    """Send an event of type `webhook.test`, signed and logged like any other."""
    here = context()
    made = endpoints.send_test(here.db, identity(), str(endpoint_id), here.clock())
    here.tasks.nudge_webhooks()
    return {"delivery": made}


@bp.post(f"{ENDPOINT}/rotate-secret")
@door(
    "Replace the signing secret",
    answer=schemas.EndpointWithSecret(),
    problems=(404,),
    auth="owner",
)
def rotate_secret(endpoint_id: UUID) -> Any:
    """Make a new secret and return it. For 24 hours attempts carry signatures of both."""
    here = context()
    made = endpoints.rotate_secret(here.db, identity(), str(endpoint_id), here.clock())
    here.tasks.nudge_webhooks()
    return made


@bp.post(f"{ENDPOINT}/enable")
@door(
    "Enable a webhook endpoint again",
    answer=schemas.Endpoint(),
    problems=(404,),
    auth="owner",
)
def enable_endpoint(endpoint_id: UUID) -> Any:
    """Let an endpoint that answered 410 take events again. What it missed is in the log of events."""
    here = context()
    changed = endpoints.enable_endpoint(here.db, identity(), str(endpoint_id), here.clock())
    here.tasks.nudge_webhooks()
    return changed


@bp.get(f"{ENDPOINT}/deliveries")
@door(
    "Read the delivery log",
    query=schemas.DeliveriesQuery(),
    answer=schemas.Deliveries(),
    problems=(404,),
    auth="owner",
)
def list_deliveries(endpoint_id: UUID, query: schemas.DeliveriesPart) -> Any:
    """Return an endpoint's deliveries with all attempts, newest first."""
    return delivery_log.list_deliveries(
        context().db,
        identity(),
        str(endpoint_id),
        status=query.status,
        cursor=query.cursor,
        limit=query.limit,
    )


@bp.post("/webhook-deliveries/<uuid:delivery_id>/replay")
@door(
    "Send a delivery again",
    answer=schemas.QueuedDelivery(),
    status=202,
    problems=(404, 409),
    auth="owner",
)
def replay_delivery(delivery_id: UUID) -> Any:
    """Send a delivery once more, with the same id and body, and a fresh schedule of retries."""
    here = context()
    delivery_log.replay(here.db, identity(), str(delivery_id), here.clock())
    here.tasks.nudge_webhooks()
    return {"delivery": str(delivery_id)}


@bp.get("/events")
@door(
    "Pull events",
    query=schemas.EventsQuery(),
    answer=schemas.Events(),
    problems=(404, 410),
    auth="owner",
)
def list_events(query: schemas.Stretch) -> Any:
    """Return a site's events in order: the same as webhooks carry, for whoever missed some.

    Events are kept for a time. Where some after that position are gone the answer is 410: its `oldest` is the
    position of the oldest that is kept, or null, and `after` is what to ask with to go on from there.
    """
    return delivery_log.events_after(context().db, identity(), query.site, query.after, query.limit)
