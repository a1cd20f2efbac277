"""What the web process holds beside a context: made once by the application, read by the doors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import current_app

from service.comments.intake import Intake
from service.comments.reading import PageCache
from service.context import Context, utcnow
from service.domain.clock import Clock
from service.settings import Settings
from service.upkeep.health import Writes
from service.web.login_limits import LoginLimits
from service.web.posting_limits import PostingLimits
from service.web.scoring_access import Access
from service.wiring import make_context


@dataclass(frozen=True, slots=True)
class WebContext(Context):
    """A `Context` with what the doors share between requests, all of it safe to use from many threads.

    ``intake`` takes in comments, ``pages`` are those rendered last, ``scoring_access`` knows who may have
    texts scored, ``login_limits`` how often a login was tried, ``posting_limits`` how much is posted, and
    ``writes`` whether the database can.
    """

    intake: Intake
    pages: PageCache
    scoring_access: Access
    login_limits: LoginLimits
    posting_limits: PostingLimits
    writes: Writes


def make_web_context(settings: Settings, own_clock: Clock = utcnow) -> WebContext:
    """Return the web process's context. Opens nothing, as `make_context`."""
    here = make_context(settings, settings.web_threads, own_clock, is_asked=True)
    return WebContext(
        settings=here.settings,
        db=here.db,
        tasks=here.tasks,
        clock=here.clock,
        own_clock=here.own_clock,
        scorer=here.scorer,
        intake=Intake(here.db, settings.secret_key, settings.own_origin),
        pages=PageCache(),
        scoring_access=Access(here),
        login_limits=LoginLimits(settings),
        posting_limits=PostingLimits(settings),
        writes=Writes(here.db, settings.data_dir),
    )


def web_context() -> WebContext:
    """Return what the running Flask application holds."""
    return cast(WebContext, current_app.extensions["parley"])
