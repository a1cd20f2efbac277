"""The Perspective API's doors: the same addresses, bodies and errors, answered on this machine.

Here alone names are in camelCase and errors in Google's shape. Nothing that is sent is logged, a key in the
address no more than a text, and nothing is stored but suggested scores, where the settings say so.
"""

from __future__ import annotations

import time

import orjson
import structlog
from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from service.api.perspective import batch as batches
from service.api.perspective import errors
from service.api.perspective.discovery import discovery_document
from service.api.perspective.fields import selected
from service.api.perspective.methods import METHODS, Answer, perform
from service.domain.errors import Unavailable
from service.web.bodies import MAX_SCORED_BYTES
from service.web.context import web_context
from service.web.headers import SCORING
from service.web.public_address import root_url
from service.web.scoring_access import BadKey, given_key, key_of_request

bp = Blueprint("perspective", __name__)
bp.after_request(SCORING.allow)
log = structlog.get_logger("parley.web")

READ_WITHIN_S = 0.4  # half of the shortest time limit known of a client
BATCH_WITHIN_S = 10.0  # for all of a batch; each of its requests has the time that it would have alone
GOOGLE = "commentanalyzer.googleapis.com"
NOT_FOUND = Answer(404, errors.error_body(404, "Requested entity was not found."))


@bp.post("/v1alpha1/comments:analyze")
@bp.post("/<path:prefix>/v1alpha1/comments:analyze")
def analyze(prefix: str = "") -> Response:
    """Score a text, here and now."""
    return _respond(perform("analyze", _body(), key_of_request(), READ_WITHIN_S))


@bp.post("/v1alpha1/comments:suggestscore")
@bp.post("/<path:prefix>/v1alpha1/comments:suggestscore")
def suggest_score(prefix: str = "") -> Response:
    """Take the scores that a text should have."""
    return _respond(perform("suggestscore", _body(), key_of_request(), READ_WITHIN_S))


@bp.post("/batch")
@bp.post("/<path:prefix>/batch")
def batch(prefix: str = "") -> Response:
    """Answer several requests in one."""
    raw, until = _body(), time.monotonic() + BATCH_WITHIN_S
    try:
        parts = batches.parse(request.content_type or "", raw)
    except batches.NotABatch as error:
        return _respond(Answer(400, errors.error_body(400, f"Failed to parse batch request: {error}")))
    content_type, composed = batches.compose(parts, lambda part: _answer_part(part, until))
    return Response(composed, headers={"Cache-Control": "no-store"}, content_type=content_type)


@bp.get("/$discovery/rest")
@bp.get("/<path:prefix>/$discovery/rest")
@bp.get("/discovery/v1/apis/commentanalyzer/v1alpha1/rest")
@bp.get("/<path:prefix>/discovery/v1/apis/commentanalyzer/v1alpha1/rest")
def discovery(prefix: str = "") -> Response:
    """Describe the API to Google's client libraries, under the address at which it was asked for.

    Anybody may read it; but a bad key is said to be one already here, where some clients look for that.
    """
    if key := key_of_request():
        try:
            web_context().scoring_access.identify(key)
        except BadKey:
            return _respond(Answer(400, errors.bad_key()))
    if request.args.get("version", "v1alpha1") != "v1alpha1":
        return _respond(NOT_FOUND)
    if not request.host:
        return _respond(Answer(400, errors.error_body(400, "The Host header is no host's name.")))
    # Who leads Google's own name here wants it kept; any other Host is the caller's to choose.
    root = request.url_root if request.host == GOOGLE else root_url()
    return _respond(Answer(200, discovery_document(f"{root}{prefix}{'/' if prefix else ''}")))


def _answer_part(part: batches.Part, until: float) -> Answer:
    method = part.path.rsplit("/v1alpha1/comments:", 1)[-1]
    if part.verb != "POST" or "/v1alpha1/comments:" not in part.path or method not in METHODS:
        return NOT_FOUND
    within = min(READ_WITHIN_S, max(0.0, until - time.monotonic()))
    return perform(method, part.body, given_key(part.query, part.headers) or key_of_request(), within)


def _body() -> bytes:
    request.max_content_length = MAX_SCORED_BYTES
    raw = request.get_data(cache=False)
    # Werkzeug cuts a body without a length at the limit and says nothing.
    if request.content_length is None and len(raw) >= MAX_SCORED_BYTES:
        raise RequestEntityTooLarge
    return raw


def _respond(told: Answer) -> Response:
    """Return an answer in JSON: indented unless asked otherwise, cut down to ``fields`` if given."""
    body = told.body
    if told.status == 200 and (wanted := request.args.get("fields", request.args.get("$.fields"))):
        body = selected(body, wanted)
    is_pretty = request.args.get("prettyPrint", "true").lower() not in ("false", "0")
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE if is_pretty else 0
    headers = {"Cache-Control": "no-store", **told.headers}
    return Response(
        orjson.dumps(body, option=options),
        told.status,
        headers,
        content_type="application/json; charset=UTF-8",
    )


@bp.errorhandler(Unavailable)
def _unavailable(error: Unavailable) -> Response:
    told = errors.error_body(503, "The service is currently unavailable.")
    return _respond(Answer(503, told, {"Retry-After": str(error.retry_after)}))


@bp.errorhandler(HTTPException)
def _not_read(error: HTTPException) -> Response:
    """Answer a body that is too large or broke off: 400, as everything that is the sender's."""
    message = "The request could not be read."
    if isinstance(error, RequestEntityTooLarge):
        message = f"Request payload size exceeds the limit: {request.max_content_length} bytes."
    return _respond(Answer(400, errors.error_body(400, message)))


@bp.errorhandler(Exception)
def _unexpected(error: Exception) -> Response:
    log.error("unexpected error", exc_info=error)
    return _respond(Answer(500, errors.error_body(500, "Internal error encountered.")))
