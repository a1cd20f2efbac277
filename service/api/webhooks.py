"""The host sites' doors: webhook endpoints, their deliveries, and the same events to pull."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, url_for

from service.api.schemas import webhooks as schemas
from service.context import context
from service.outbound import Outbound
from service.storage.records import Record
from service.web.auth import identity, owner_of
from service.web.doors import door
from service.webhooks import endpoints
from service.webhooks import log as delivery_log

bp = Blueprint("webhooks", __name__, url_prefix="/api/v1")
ENDPOINT = "/webhook-endpoints/<uuid:endpoint_id>"


@bp.get("/webhook-endpoints")
@door(
    "List webhook endpoints",
    query=schemas.SiteQuery(),
    answer=schemas.Endpoints(),
    problems=(404,),
    auth="owner",
)
def list_endpoints(query: dict[str, Any]) -> Any:
    """Return the webhook endpoints of a site."""
    owner_of(query["site"])
    return {"endpoints": endpoints.list_endpoints(context().db, query["site"])}


@bp.post("/webhook-endpoints")
@door(
    "Add a webhook endpoint",
    body=schemas.NewEndpoint(),
    answer=schemas.EndpointWithSecret(),
    status=201,
    problems=(404,),
    auth="owner",
)
def add_endpoint(body: dict[str, Any]) -> Any:
    """Add an address that is told of a site's events. The answer is the only one that has the secret."""
    owner_of(body["site"])
    here = context()
    check = Outbound(here.settings.webhook_private_networks).check
    made = endpoints.add_endpoint(
        here.db, body["site"], body["url"], body["types"], here.clock(), check=check
    )
    return made, {"Location": url_for(".show_endpoint", endpoint_id=made["id"])}


@bp.get(ENDPOINT)
@door(
    "Look at a webhook endpoint",
    answer=schemas.Endpoint(),
    problems=(404,),
    auth="owner",
)
def show_endpoint(endpoint_id: UUID) -> Any:
    """Return one webhook endpoint, with why it was disabled if it was."""
    return _owned(endpoint_id)


@bp.delete(ENDPOINT)
@door("Remove a webhook endpoint", status=204, problems=(404,), auth="owner")
def remove_endpoint(endpoint_id: UUID) -> Any:
    """Remove a webhook endpoint with its deliveries and their log."""
    endpoint = _owned(endpoint_id)
    endpoints.remove_endpoint(context().db, endpoint["id"], sites_allowed=[endpoint["site_id"]])


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
    endpoint, here = _owned(endpoint_id), context()
    made = endpoints.send_test(here.db, endpoint["id"], here.clock(), sites_allowed=[endpoint["site_id"]])
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
    endpoint, here = _owned(endpoint_id), context()
    return endpoints.rotate_secret(here.db, endpoint["id"], here.clock(), sites_allowed=[endpoint["site_id"]])


@bp.post(f"{ENDPOINT}/enable")
@door(
    "Enable a webhook endpoint again",
    answer=schemas.Endpoint(),
    problems=(404,),
    auth="owner",
)
def enable_endpoint(endpoint_id: UUID) -> Any:
    """Let an endpoint that answered 410 take events again. What it missed is in the log of events."""
    endpoint, here = _owned(endpoint_id), context()
    changed = endpoints.enable_endpoint(here.db, endpoint["id"], sites_allowed=[endpoint["site_id"]])
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
def list_deliveries(endpoint_id: UUID, query: dict[str, Any]) -> Any:
    """Return an endpoint's deliveries with all attempts, newest first."""
    endpoint = _owned(endpoint_id)
    page = delivery_log.list_deliveries(
        context().db,
        endpoint["id"],
        sites_allowed=[endpoint["site_id"]],
        before=query.get("cursor"),
        limit=query["limit"],
        status=query.get("status"),
    )
    following = page[-1]["id"] if len(page) == query["limit"] else None
    return {"deliveries": page, "next_cursor": following}


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
    caller, here = identity(), context()
    found = delivery_log.find_delivery(here.db, str(delivery_id), sites_allowed=caller.sites)
    caller.must("own", found["site_id"])
    delivery_log.replay(here.db, found["id"], here.clock(), sites_allowed=[found["site_id"]])
    here.tasks.nudge_webhooks()
    return {"delivery": found["id"]}


@bp.get("/events")
@door(
    "Pull events",
    query=schemas.EventsQuery(),
    answer=schemas.Events(),
    problems=(404,),
    auth="owner",
)
def list_events(query: dict[str, Any]) -> Any:
    """Return a site's events in order: the same as webhooks carry, for whoever missed some."""
    owner_of(query["site"])
    found = delivery_log.events_after(context().db, query["site"], query["after"], query["limit"])
    following = found[-1]["position"] if found else query["after"]
    return {"events": found, "next": following}


def _owned(endpoint_id: UUID) -> Record:
    """Return an endpoint of a site that the caller owns; those of other sites are as good as not there."""
    caller = identity()
    endpoint = endpoints.find_endpoint(context().db, str(endpoint_id), sites_allowed=caller.sites)
    caller.must("own", endpoint["site_id"])
    return endpoint
