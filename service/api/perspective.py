"""The Perspective API's doors: the same addresses, bodies and errors, answered on this machine.

Here alone names are in camelCase and errors in Google's shape. Nothing that is sent is logged, a key in the
address no more than a text, and nothing is stored but suggested scores, where the settings say so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import structlog
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from models.language import detect_several
from service import perspective, suggestions
from service.api import perspective_batch as batches
from service.api import perspective_errors as errors
from service.api import strict_json
from service.api.perspective_discovery import discovery_document
from service.api.perspective_fields import selected
from service.api.schemas import perspective as schemas
from service.api.scoring_access import BadKey, NoKey, OverQuota, access, given_key, key_of_request
from service.context import context
from service.domain.errors import Unavailable
from service.domain.scores import Scorer
from service.perspective import Passage, Question, Refused, Wanted
from service.scoring_keys import Caller
from service.suggestions import Label, SuggestedSpan, Suggestion

bp = Blueprint("perspective", __name__)
log = structlog.get_logger("parley.web")

READ_WITHIN_S = 0.4  # half of the shortest time limit known of a client
# A text with its context, in which an entry may have a megabyte; or a batch. Whoever calls is unknown, and
# may cost no more with one request than with some two hundred.
MAX_BODY_BYTES = 4 * 1024 * 1024
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Parley-Model, Retry-After, X-Request-Id",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "*, Authorization",  # the star leaves out that one
    "Access-Control-Max-Age": "86400",
}
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls a method, None where anybody may, and until when on the monotonic clock.

    After that moment no careful reading is begun.
    """

    caller: Caller | None
    until: float


Method = Callable[[Body, Call], Body]


@bp.post("/v1alpha1/comments:analyze")
@bp.post("/<path:prefix>/v1alpha1/comments:analyze")
def analyze(prefix: str = "") -> Response:
    """Score a text, here and now."""
    return _respond(*perform("analyze", _body(), key_of_request(), time.monotonic() + READ_WITHIN_S))


@bp.post("/v1alpha1/comments:suggestscore")
@bp.post("/<path:prefix>/v1alpha1/comments:suggestscore")
def suggest_score(prefix: str = "") -> Response:
    """Take the scores that a text should have."""
    return _respond(*perform("suggestscore", _body(), key_of_request(), time.monotonic() + READ_WITHIN_S))


@bp.post("/batch")
@bp.post("/<path:prefix>/batch")
def batch(prefix: str = "") -> Response:
    """Answer several requests in one."""
    raw, until = _body(), time.monotonic() + READ_WITHIN_S
    try:
        parts = batches.parse(request.content_type or "", raw)
    except batches.NotABatch as error:
        return _respond(400, errors.error_body(400, f"Failed to parse batch request: {error}"))
    answers = [(part, *_answer_part(part, until)) for part in parts]
    content_type, composed = batches.compose(answers)
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
            access().identify(key)
        except BadKey:
            return _respond(400, errors.bad_key())
    if request.args.get("version", "v1alpha1") != "v1alpha1":
        return _respond(404, errors.error_body(404, "Requested entity was not found."))
    return _respond(200, discovery_document(f"{request.host_url}{prefix}{'/' if prefix else ''}"))


def perform(method: str, raw: bytes, key: str, until: float) -> tuple[int, Body]:
    """Return status and body of a method's answer to a raw request; ``until`` as in `Call`."""
    try:
        caller = access().identify(key)
        access().charge(caller)
    except NoKey:
        return 403, errors.no_key()
    except BadKey:
        return 400, errors.bad_key()
    except OverQuota as error:
        g.retry_after = error.retry_after
        return 429, errors.over_quota(error.caller, f"{request.host_url}api/docs/perspective")
    return _perform(method, raw, Call(caller, until))


def _perform(method: str, raw: bytes, call: Call) -> tuple[int, Body]:
    wanted, act = METHODS[method]
    try:
        body = schemas.read(wanted, strict_json.parse(raw) if raw.strip() else {})
        return 200, act(body, call)
    except (strict_json.NotJson, strict_json.BadText) as error:
        return 400, errors.error_body(400, f"Invalid JSON payload received. {error}.")
    except schemas.BadPayload as error:
        return 400, errors.bad_payload(error)
    except Refused as error:
        return 400, errors.refused(error)


def _analyze(body: Body, call: Call) -> Body:
    wanted = {
        name: Wanted(how.get("scoreType", "PROBABILITY"), how.get("scoreThreshold"))
        for name, how in body.get("requestedAttributes", {}).items()
    }
    question = Question(
        _passage(body),
        wanted,
        body.get("spanAnnotations", False),
        body.get("dropUnsupportedAttributes", False),
    )
    scorer, detector = _scorer()
    within = max(0.0, call.until - time.monotonic())
    found = perspective.analyze(question, scorer, detector, within=within)
    g.perspective_model = found.model_id
    scores = {name: _scored(one) for name, one in found.scores.items()}
    return {
        **({"attributeScores": scores} if scores else {}),
        "languages": list(found.languages),
        **_token(body),
        "detectedLanguages": list(found.detected),
    }


def _suggest_score(body: Body, call: Call) -> Body:
    here = context()
    labels = {name: _label(scores) for name, scores in body.get("attributeScores", {}).items()}
    passage = _passage(body)
    community, token = body.get("communityId", ""), body.get("clientToken")
    suggestions.check(passage, labels, community=community, token=token)
    _, detector = _scorer()
    detected = list(detector(passage.text)[0])
    if here.settings.suggestion_days:
        sender, language = call.caller.name if call.caller else None, (*passage.languages, *detected)[0]
        made = Suggestion(community, token, sender, passage.text, language, labels)
        suggestions.keep(here.db, made, here.clock())
    languages = {"requestedLanguages": list(passage.languages)} if passage.languages else {}
    return {**_token(body), "detectedLanguages": detected, **languages}


def _label(scores: Body) -> Label:
    spans = [
        SuggestedSpan(span.get("begin"), span.get("end"), span.get("score", {}).get("value", 0.0))
        for span in scores.get("spanScores", [])
    ]
    summary = scores["summaryScore"].get("value", 0.0) if "summaryScore" in scores else None
    return Label(summary, spans)


METHODS: dict[str, tuple[schemas.Message, Method]] = {
    "analyze": (schemas.ANALYZE_REQUEST, _analyze),
    "suggestscore": (schemas.SUGGEST_REQUEST, _suggest_score),
}


def _passage(body: Body) -> Passage:
    comment, around = body.get("comment", {}), body.get("context", {})
    return Passage(
        comment.get("text", ""),
        comment.get("type", "PLAIN_TEXT"),
        has_entries=bool(around.get("entries")),
        has_article="articleAndParentComment" in around,
        languages=tuple(body.get("languages", ())),
    )


def _scorer() -> tuple[Scorer, perspective.Detect]:
    scorer = context().scorer()
    if scorer is None:
        raise Unavailable("There is no model.")
    return scorer, partial(detect_several, supported=scorer.languages | scorer.beta_languages)


def _scored(one: perspective.Scored) -> Body:
    spans = [
        {"begin": span.begin, "end": span.end, "score": {"value": span.score, "type": "PROBABILITY"}}
        for span in one.spans
    ]
    summary = (
        {"summaryScore": {"value": one.summary, "type": "PROBABILITY"}} if one.summary is not None else {}
    )
    return {**({"spanScores": spans} if spans else {}), **summary}


def _token(body: Body) -> Body:
    return {"clientToken": body["clientToken"]} if "clientToken" in body else {}


def _answer_part(part: batches.Part, until: float) -> tuple[int, Body]:
    method = part.path.rsplit("/v1alpha1/comments:", 1)[-1]
    if part.verb != "POST" or "/v1alpha1/comments:" not in part.path or method not in METHODS:
        return 404, errors.error_body(404, "Requested entity was not found.")
    return perform(method, part.body, given_key(part.query, part.headers) or key_of_request(), until)


def _body() -> bytes:
    request.max_content_length = MAX_BODY_BYTES
    raw = request.get_data(cache=False)
    # Werkzeug cuts a body without a length at the limit and says nothing.
    if request.content_length is None and len(raw) >= MAX_BODY_BYTES:
        raise RequestEntityTooLarge
    return raw


def _respond(status: int, body: Body) -> Response:
    """Return an answer in JSON: indented unless asked otherwise, cut down to ``fields`` if given."""
    if status == 200 and (wanted := request.args.get("fields", request.args.get("$.fields"))):
        body = selected(body, wanted)
    is_pretty = request.args.get("prettyPrint", "true").lower() not in ("false", "0")
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE if is_pretty else 0
    answer = Response(orjson.dumps(body, option=options), status)
    answer.content_type = "application/json; charset=UTF-8"
    answer.headers["Cache-Control"] = "no-store"
    if model := g.get("perspective_model"):
        answer.headers["Parley-Model"] = model
    if status == 429:
        answer.headers["Retry-After"] = str(g.retry_after)
    return answer


@bp.after_request
def _allow_pages_anywhere(response: Response) -> Response:
    """Let pages of any origin call; these doors never look at cookies."""
    response.headers.update(CORS)
    if request.method == "OPTIONS":
        response.headers.update(PREFLIGHT)
    return response


@bp.errorhandler(Unavailable)
def _unavailable(error: Unavailable) -> Response:
    answer = _respond(503, errors.error_body(503, "The service is currently unavailable."))
    answer.headers["Retry-After"] = str(error.retry_after)
    return answer


@bp.errorhandler(HTTPException)
def _not_read(error: HTTPException) -> Response:
    """Answer a body that is too large or broke off: 400, as everything that is the sender's."""
    too_large = f"Request payload size exceeds the limit: {request.max_content_length} bytes."
    message = too_large if isinstance(error, RequestEntityTooLarge) else "The request could not be read."
    return _respond(400, errors.error_body(400, message))


@bp.errorhandler(Exception)
def _unexpected(error: Exception) -> Response:
    log.error("unexpected error", exc_info=error)
    return _respond(500, errors.error_body(500, "Internal error encountered."))
