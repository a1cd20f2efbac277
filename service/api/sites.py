"""The host sites' door to their threads: how one stands, before or after its first comment."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from service.api.schemas import sites as schemas
from service.context import context
from service.sites import threads
from service.web.auth import identity
from service.web.doors import door

bp = Blueprint("sites", __name__, url_prefix="/api/v1")


@bp.put("/threads")
@door(
    "Say how a thread stands",
    body=schemas.WantedThread(),
    answer=schemas.Thread(),
    problems=(404,),
    auth="owner",
)
def set_thread(body: threads.Standing) -> Any:
    """Close a thread, have people read its comments first, pin its title or link. It is made if it is new."""
    here = context()
    done = threads.set_standing(here.db, identity(), body, here.clock())
    here.tasks.nudge_webhooks()
    return done
