"""The moderators' doors for programs: the review queue, actions, policies, the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g

from service.api.schemas import moderation as schemas
from service.context import context
from service.moderation import acting, history, queue
from service.sites import sites
from service.web.auth import identity
from service.web.doors import door

bp = Blueprint("moderation", __name__, url_prefix="/api/v1/moderation")


@bp.get("/comments")
@door(
    "Read the review queue",
    query=schemas.QueueQuery(),
    answer=schemas.Queue(),
    problems=(404,),
    auth="moderator",
)
def list_queue(query: schemas.QueuePart) -> Any:
    """Return comments of one status, oldest first."""
    return queue.read_queue(
        context().db,
        identity(),
        site=query.site,
        status=query.status,
        limit=query.limit,
        cursor=query.cursor,
    )


@bp.post("/actions")
@door(
    "Decide",
    body=schemas.NewAction(),
    answer=schemas.QueuedComment(),
    problems=(404, 409),
    auth="moderator",
)
def take_action(body: acting.Act) -> Any:
    """Approve, reject, reopen or undo. 409 says who was faster, with the comment as it is now."""
    here = context()
    g.comment_id = body.comment_id
    done = acting.act(here.db, identity(), body, here.clock())
    here.tasks.nudge_webhooks()
    return done


@bp.get("/policies")
@door(
    "Read a site's policy",
    query=schemas.SiteQuery(),
    answer=schemas.PolicyDocument(),
    problems=(404,),
    auth="moderator",
)
def show_policy(query: schemas.OfSite) -> Any:
    """Return thresholds, word lists and modes of a site, defaults filled in."""
    return sites.policy_of(context().db, identity(), query.site)


@bp.put("/policies")
@door(
    "Set a site's policy",
    body=schemas.PolicyDocument(),
    query=schemas.SiteQuery(),
    answer=schemas.PolicyDocument(),
    problems=(404,),
    auth="owner",
)
def set_policy(body: Mapping[str, Any], query: schemas.OfSite) -> Any:
    """Replace a site's policy; it holds for comments that are decided from now on."""
    here = context()
    done = sites.set_policy(here.db, identity(), query.site, body, here.clock())
    here.tasks.nudge_webhooks()
    return done


@bp.get("/audit")
@door(
    "Read a comment's history",
    query=schemas.AuditQuery(),
    answer=schemas.AuditLog(),
    problems=(404,),
    auth="moderator",
)
def show_audit(query: schemas.OfComment) -> Any:
    """Return everything done to a comment, by whom and why, and whether the log was tampered with."""
    return history.history(context().db, identity(), query.comment)
