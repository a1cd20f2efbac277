"""The moderators' pages. They work by plain forms; `static/queue/` only makes them quicker."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from marshmallow import ValidationError
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.exceptions import NotFound as NoSuchPage
from werkzeug.wrappers import Response as BaseResponse

from service.comments.reading import UUID as UUID_PATTERN
from service.context import context
from service.domain import access, errors
from service.domain.comment import ACTIONS, Status
from service.moderation import acting, queue
from service.review import account, cards, guard, second_factor
from service.sites import moderators, second_factors
from service.web.auth import CHANGE_IT
from service.web.context import web_context
from service.web.fields import Note
from service.web.problems import STATUS, as_problem

log = structlog.get_logger("parley.review")

bp = Blueprint(
    "review",
    __name__,
    url_prefix="/review",
    template_folder="templates",
    static_folder="static",
    static_url_path="/static",
)
bp.after_request(guard.add_headers)
bp.register_blueprint(account.bp)
bp.register_blueprint(second_factor.bp)
NOTE = Note()
# What asks nobody who they are, and the way out.
OPEN = (
    "review.static",
    "review.show_login",
    "review.log_in",
    "review.log_out",
    "review.show_code",
    "review.enter_code",
)
TITLES = {
    400: "That cannot be read",
    401: "You are logged out",
    403: "Not done",
    404: "Not found",
    405: "Not possible here",
    409: "Somebody else was faster",
    413: "Too large",
    429: "Too many attempts",
    500: "Something went wrong here",
    503: "Try again in a moment",
}


@bp.before_request
def check_form() -> None:
    """Refuse forms of other sites before anything reads them."""
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        guard.check_origin()


@bp.before_request
def ask_for_a_password_of_their_own() -> Any:
    """Lead whose password somebody else set to the page where it is changed, and nowhere else."""
    endpoint = request.endpoint or ""
    if endpoint in OPEN or endpoint.startswith("review.account."):
        return None
    visitor = guard.visitor()
    if visitor is None or not visitor.must_change_password:
        return None
    if endpoint in ("review.show_news", "review.show_undo"):
        return as_problem(errors.Forbidden(CHANGE_IT))
    return redirect(url_for("review.account.show_account"), 303)


@bp.context_processor
def words() -> dict[str, Any]:
    """What templates may call."""
    return {
        "cards": cards,
        "now": context().clock(),
        "CHOICES": cards.CHOICES,
        "COUNT_CAP": queue.COUNT_CAP,
        "csrf": guard.page_token(),
    }


@bp.get("/login")
def show_login() -> Any:
    """Show the login form, or the queue to somebody who is logged in."""
    if guard.visitor() is not None:
        return redirect(_next(request.args.get("next")), 303)
    return _login_page(next=_next(request.args.get("next")), out="out" in request.args)


@bp.post("/login")
def log_in() -> Any:
    """Begin a session. Name and password are never told apart, known or not."""
    guard.check_login_form()
    here = web_context()
    name, password = request.form.get("name", ""), request.form.get("password", "")
    after = _next(request.form.get("next"))
    try:
        with guard.attempt(name):
            entered = moderators.log_in(here.db, name, password, here.clock())
    except errors.Unauthorised as error:
        return _login_page(401, next=after, wrong=str(error), name=name[: moderators.MAX_NAME])
    except errors.Unavailable as error:
        page = _login_page(503, next=after, wrong=str(error), name=name[: moderators.MAX_NAME])
        page.headers["Retry-After"] = str(error.retry_after)
        return page
    if isinstance(entered, moderators.HalfLogin):
        answer = _flask(redirect(url_for("review.show_code", next=after), 303))
        guard.set_half_login(answer, entered)
        return answer
    return _let_in(name, entered, after)


@bp.get("/login/code")
def show_code() -> Any:
    """Ask who gave the right password for a code of their second factor."""
    after = _next(request.args.get("next"))
    if guard.visitor() is not None:
        return redirect(after, 303)
    if guard.half_login() is None:
        return redirect(url_for("review.show_login", next=after), 303)
    return _code_page(next=after)


@bp.post("/login/code")
def enter_code() -> Any:
    """Begin a session, for a right code. Wrong ones are counted as wrong passwords are, and more strictly."""
    guard.check_login_form()
    here, after = web_context(), _next(request.form.get("next"))
    half = guard.half_login()
    if half is None:
        return _login_page(401, next=after, wrong=second_factors.OVER)
    code = request.form.get("code", "")
    try:
        with guard.attempt(half.name, password=False, code=True):
            secret = second_factors.finish(here.db, here.settings.secret_key, half, code, here.clock())
    except errors.Unauthorised as error:
        return _code_page(401, next=after, wrong=str(error))
    return _let_in(half.name, secret, after)


def _let_in(name: str, secret: str, after: str) -> Response:
    here = web_context()
    here.login_limits.forgive(name)
    if guard.session_secret():
        moderators.log_out(here.db, guard.session_secret())
    answer = _flask(redirect(after, 303))
    guard.set_session(answer, secret)
    guard.set_device(answer, here.login_limits.device_cookie(name, guard.device(), here.clock()))
    return answer


@bp.post("/logout")
def log_out() -> Any:
    """End the session here and in the database."""
    if guard.visitor() is not None:
        guard.check_session_form()
        moderators.log_out(context().db, guard.session_secret())
    answer = redirect(url_for("review.show_login", out=1), 303)
    guard.drop_session(_flask(answer))
    return answer


@bp.get("/")
def show_queue() -> Any:
    """Show one page of the queue."""
    visitor = guard.visitor()
    if visitor is None:
        return redirect(url_for("review.show_login", next=_here()), 303)
    site, cursor = request.args.get("site") or None, request.args.get("cursor") or None
    if cursor is not None and not UUID_PATTERN.fullmatch(cursor):
        raise BadRequest("The address of this page is damaged. Begin again at the first page.")
    page = queue.pending_page(
        context().db,
        visitor,
        site,
        request.args.get("status") or Status.PENDING.value,
        cursor,
        scorer=context().scorer,
        now=context().clock(),
    )
    return render_template(
        "review/queue.html",
        me=visitor,
        page=page,
        cursor=cursor,
        done=_done(visitor, request.args.get("done")),
    )


@bp.get("/news")
def show_news() -> Any:
    """Return as JSON how many comments came after one, and the tabs' counts; for `queue/news.js`."""
    after = request.args.get("after") or None
    if after is not None and not UUID_PATTERN.fullmatch(after):
        raise BadRequest("The parameter `after` must be the id of a comment.")
    site = request.args.get("site") or None
    found = queue.news(context().db, guard.identity(), site, after)
    counts = {name: cards.tab_count(n, queue.COUNT_CAP) for name, n in found.counts.items()}
    return {"new": found.new, "counts": counts}


@bp.get("/undo")
def show_undo() -> Any:
    """Return as JSON what the moderator may take back next; for `queue/undo.js`, after a reload."""
    card = queue.last_decision(context().db, guard.identity())
    if card is None:
        return {"undo": None}
    comment = card.comment
    author = comment.author_name or cards.NAMELESS
    last = {"id": comment.id, "version": comment.version, "status": comment.status, "author": author}
    return {"undo": last | {"to": card.undo}}


@bp.get("/comments/<uuid:comment_id>")
def show_comment(comment_id: UUID) -> Any:
    """Show one comment as it stands now."""
    visitor = guard.visitor()
    if visitor is None:
        return redirect(url_for("review.show_login", next=_here()), 303)
    return _comment_page(visitor, str(comment_id))


@bp.post("/comments/<uuid:comment_id>/actions")
def act(comment_id: UUID) -> Any:
    """Carry out an action on the version that the moderator saw, then show the queue again."""
    visitor, here = guard.identity(), context()
    guard.check_session_form()
    g.comment_id = str(comment_id)
    action, version, note = _decision()
    try:
        acting.act(here.db, visitor, acting.Act(str(comment_id), action, version, note), here.clock())
    except (errors.AlreadyDecided, errors.IllegalMove) as error:
        return _comment_page(visitor, str(comment_id), error)
    here.tasks.nudge_webhooks()
    back: dict[str, Any] = {name: request.form.get(name) or None for name in ("site", "status", "cursor")}
    return redirect(url_for("review.show_queue", **back, done=str(comment_id)), 303)


@bp.route("/<path:rest>", methods=("GET", "POST", "PUT", "PATCH", "DELETE"))
def show_nothing(rest: str) -> Any:
    """Answer for addresses that are not there in this door's own manner."""
    raise NoSuchPage("There is no page at this address.")


@bp.errorhandler(errors.ParleyError)
def explain(error: errors.ParleyError) -> Any:
    """Answer an error of ours with a page in words."""
    answer = _error_page(STATUS[type(error)], str(error))
    if isinstance(error, errors.TooManyRequests | errors.Unavailable):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


@bp.errorhandler(HTTPException)
def explain_http(error: HTTPException) -> Any:
    """Answer an error of the protocol with a page in words."""
    if error.code is None or error.code < 400:
        return error.get_response()
    return _error_page(error.code, error.description or error.name)


@bp.errorhandler(Exception)
def explain_unexpected(error: Exception) -> Any:
    """Answer what nobody foresaw; the log has it under the request's id."""
    log.error("unexpected error", exc_info=error)
    return _error_page(500, f"It was logged under the id {g.get('request_id', 'none')}. Nothing was lost.")


def _error_page(status: int, detail: str) -> Response:
    title = TITLES.get(status, "That did not work")
    page = render_template("review/error.html", status=status, title=title, detail=detail)
    return Response(page, status)


def _login_page(status: int = 200, **values: Any) -> Response:
    return _entry_page("review/login.html", status, **values)


def _code_page(status: int = 200, **values: Any) -> Response:
    return _entry_page("review/login_code.html", status, **values)


def _entry_page(template: str, status: int, **values: Any) -> Response:
    nonce = guard.login_nonce()
    page = render_template(template, token=guard.login_token(nonce), **values)
    answer = Response(page, status)
    guard.set_login_nonce(answer, nonce)
    return answer


def _comment_page(
    visitor: access.Caller,
    comment_id: str,
    error: errors.AlreadyDecided | errors.IllegalMove | None = None,
) -> Response:
    card = queue.one_card(context().db, visitor, comment_id, scorer=context().scorer)
    page = render_template("review/comment.html", me=visitor, card=card, error=error)
    return Response(page, 409 if error else 200)


def _decision() -> tuple[str, int, str | None]:
    """Read action, version and note from the form; refuse with 400 what no page of ours sends."""
    action, version = request.form.get("action", ""), request.form.get("version", "")
    if action not in ACTIONS:
        raise BadRequest(f"The action must be one of {', '.join(ACTIONS)}.")
    if not (version.isascii() and version.isdigit() and 0 < len(version) < 10):
        raise BadRequest("The form does not say which version of the comment was seen.")
    try:
        note = request.form.get("note", "").strip()
        return action, int(version), NOTE.deserialize(note) if note else None
    except ValidationError as error:
        raise BadRequest(f"The note {' '.join(map(str, error.messages))}.") from None


def _done(visitor: access.Caller, comment_id: str | None) -> queue.Card | None:
    """Return the comment that was just decided, as it stands now: what the page says of it is true."""
    if comment_id is None or not UUID_PATTERN.fullmatch(comment_id):
        return None
    try:
        return queue.one_card(context().db, visitor, comment_id)
    except errors.NotFound:
        return None


def _next(path: str | None) -> str:
    """Return where to go after the login: a page of this door, never an address of somebody else."""
    home = url_for("review.show_queue")
    if not path or not path.startswith(home) or "\\" in path or any(ord(c) < 33 for c in path):
        return home
    parts = urlsplit(path)
    is_page = not parts.netloc and not parts.path.startswith((f"{home}login", f"{home}logout"))
    return path if is_page else home


def _here() -> str:
    return request.script_root + request.full_path.rstrip("?")


def _flask(answer: BaseResponse) -> Response:
    assert isinstance(answer, Response)
    return answer
