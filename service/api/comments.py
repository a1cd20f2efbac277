"""The readers' doors: post, look, read, count."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, request, url_for

from service.api.schemas import comments as schemas
from service.comments import forms, intake, own, reading
from service.context import context
from service.web.context import web_context
from service.web.doors import door

bp = Blueprint("comments", __name__, url_prefix="/api/v1")


@bp.post("/comments")
@door(
    "Post a comment",
    body=schemas.NewComment(),
    headers=schemas.PostHeaders(),
    answer=schemas.Accepted(),
    status=202,
    problems=(403, 404, 429),
)
def post_comment(body: intake.Draft, headers: schemas.Sender) -> Any:
    """Accept a comment for scoring; it is stored for good and not public yet."""
    here = web_context()
    draft = replace(
        body,
        author_token=headers.author_token,
        idempotency_key=headers.idempotency_key,
        origin=headers.origin,
    )
    now = here.clock()
    pressure = here.posting_limits.measure(draft, request.remote_addr, now)
    receipt = here.intake.submit(replace(draft, pressure=pressure), now)
    here.tasks.nudge_scoring()
    g.comment_id = receipt.id
    return receipt, {"Location": url_for(".show_comment", comment_id=receipt.id)}


@bp.get("/form-token")
@door("Open a form to write in", query=schemas.FormQuery(), answer=schemas.FormToken())
def open_form(query: schemas.FormAsked) -> Any:
    """Return a token that shows, with the post, that a form was opened before. Nothing is stored."""
    here = context()
    key = here.settings.secret_key
    token = forms.open_form(query.site, query.thread, secret_key=key, now=here.clock())
    return {"token": token}, {"Cache-Control": "no-store"}


@bp.get("/comments")
@door(
    "Read a thread",
    query=schemas.PageQuerySchema(),
    answer=schemas.ThreadPage(),
    problems=(404,),
    other_answers={304: "You have this state already."},
)
def list_comments(query: reading.PageQuery) -> Response:
    """Return one page of the published comments of a thread, nested, with an ETag."""
    known = request.headers.get("If-None-Match", "")
    here = web_context()
    page = reading.read_page(here.db, here.pages, query, known)
    answer = Response(page.body, 200 if page.body is not None else 304, content_type="application/json")
    answer.headers["ETag"] = page.etag
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@bp.get("/comments/<uuid:comment_id>")
@door(
    "Look at one comment",
    query=schemas.ReceiptQuery(),
    headers=schemas.ReceiptHeaders(),
    answer=schemas.OwnComment(),
    problems=(404,),
    auth="receipt",
)
def show_comment(comment_id: UUID, query: schemas.GivenReceipt, headers: schemas.GivenReceipt) -> Any:
    """Return a comment of one's own with its status and reasons, or a published one."""
    here = context()
    receipt = headers.receipt or query.receipt
    return own.look_at_own(here.db, str(comment_id), receipt, secret_key=here.settings.secret_key)


@bp.delete("/comments/<uuid:comment_id>")
@door(
    "Take back a comment of one's own",
    query=schemas.ReceiptQuery(),
    headers=schemas.ReceiptHeaders(),
    status=204,
    problems=(404, 409),
    auth="receipt",
)
def withdraw_comment(comment_id: UUID, query: schemas.GivenReceipt, headers: schemas.GivenReceipt) -> Any:
    """Remove a comment for good, on its author's wish."""
    here = context()
    receipt = headers.receipt or query.receipt
    key = here.settings.secret_key
    own.withdraw(here.db, str(comment_id), receipt, secret_key=key, now=here.clock())
    here.tasks.nudge_webhooks()
    return None


@bp.get("/counts")
@door(
    "Count comments",
    query=schemas.CountsQuery(),
    answer=schemas.Counts(),
    problems=(404,),
)
def count_comments(query: schemas.Counted) -> Any:
    """Return the number of published comments of up to 100 threads."""
    found = reading.count_comments(context().db, query.site, query.thread)
    return {"counts": found}, {"Cache-Control": "public, max-age=10"}
