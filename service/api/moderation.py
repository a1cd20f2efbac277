"""The moderators' doors for programs: the review queue, actions, policies, the audit log."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, g

from service.api.schemas import moderation as schemas
from service.context import context
from service.moderation import acting, history, queue
from service.sites import sites
from service.web.auth import identity, member_of, owner_of
from service.web.doors import door

bp = Blueprint("moderation", __name__, url_prefix="/api/v1/moderation")
NO_STORE = {"Cache-Control": "no-store"}


@bp.get("/comments")
@door(
    "Read the review queue",
    query=schemas.QueueQuery(),
    answer=schemas.Queue(),
    problems=(401, 404, 422, 503),
    auth="moderator",
)
def list_queue(query: dict[str, Any]) -> Any:
    """Return comments of one status, oldest first."""
    return queue.read_queue(context().db, identity(), **query), NO_STORE


@bp.post("/actions")
@door(
    "Decide",
    body=schemas.NewAction(),
    answer=schemas.QueuedComment(),
    problems=(400, 401, 403, 404, 409, 413, 415, 422, 503),
    auth="moderator",
)
def take_action(body: dict[str, Any]) -> Any:
    """Approve, reject, reopen or undo. 409 says who was faster, with the comment as it is now."""
    here, wanted = context(), acting.Act(**body)
    g.comment_id = wanted.comment_id
    done = acting.act(here.db, identity(), wanted, here.clock())
    here.tasks.nudge_webhooks()
    return done, NO_STORE


@bp.get("/policies")
@door(
    "Read a site's policy",
    query=schemas.SiteQuery(),
    answer=schemas.PolicyDocument(),
    problems=(401, 404, 422, 503),
    auth="moderator",
)
def show_policy(query: dict[str, Any]) -> Any:
    """Return thresholds, word lists and modes of a site, defaults filled in."""
    member_of(query["site"])
    return _document(sites.policy_of(context().db, query["site"]))


@bp.put("/policies")
@door(
    "Set a site's policy",
    body=schemas.PolicyDocument(),
    query=schemas.SiteQuery(),
    answer=schemas.PolicyDocument(),
    problems=(400, 401, 403, 404, 413, 415, 422, 503),
    auth="owner",
)
def set_policy(body: dict[str, Any], query: dict[str, Any]) -> Any:
    """Replace a site's policy; it holds for comments that are decided from now on."""
    owner_of(query["site"])
    return _document(sites.set_policy(context().db, query["site"], body))


@bp.get("/audit")
@door(
    "Read a comment's history",
    query=schemas.AuditQuery(),
    answer=schemas.AuditLog(),
    problems=(401, 404, 422, 503),
    auth="moderator",
)
def show_audit(query: dict[str, Any]) -> Any:
    """Return everything done to a comment, by whom and why, and whether the log was tampered with."""
    return history.history(context().db, identity(), query["comment"]), NO_STORE


def _document(document: dict[str, Any]) -> Response:
    """A policy goes out as it is: its members are the domain's, not a schema's."""
    return Response(orjson.dumps(document), content_type="application/json", headers=NO_STORE)
