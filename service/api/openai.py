"""The same scores at OpenAI's moderation endpoint; it answers what `service.scoring.openai` lists, no more.

Nothing is stored or logged. Keys and quotas are those of the Perspective doors; each text counts as one.
"""

from __future__ import annotations

import secrets
from typing import Any

import orjson
import structlog
from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from service.domain.errors import Unavailable
from service.scoring import openai
from service.scoring.openai import Moderated, Unreadable
from service.web import strict_json
from service.web.bodies import MAX_SCORED_BYTES
from service.web.context import web_context
from service.web.scoring_access import BadKey, NoKey, OverQuota, key_of_request

bp = Blueprint("openai", __name__)
log = structlog.get_logger("parley.web")

MAX_TEXT_BYTES = 20_480  # as much as is read; a text that is cut would be judged by half
MAX_TEXTS = 256
READ_WITHIN_S = 2.0


class _BadInput(Exception):
    """A request that is not as the endpoint wants it; ``param`` names the member."""

    def __init__(self, message: str, param: str | None = "input") -> None:
        super().__init__(message)
        self.param = param


@bp.post("/v1/moderations")
def moderations() -> Response:
    """Score one text, or each of several."""
    here = web_context()
    caller = here.scoring_access.identify(key_of_request())
    texts = _texts(_body())
    if caller is not None and len(texts) > caller.per_minute:
        raise _BadInput(f"input has more texts than the key's quota of {caller.per_minute} a minute.")
    here.scoring_access.charge(caller, len(texts))
    scorer = here.scorer()
    if scorer is None:
        raise Unavailable("There is no model.")
    found = openai.moderate(texts, scorer, within=READ_WITHIN_S)
    return _answer(
        200,
        {
            "id": f"modr-{secrets.token_hex(16)}",
            "model": scorer.model_id,
            "results": [_result(one) for one in found],
        },
    )


def _body() -> dict[str, Any]:
    request.max_content_length = MAX_SCORED_BYTES
    raw = request.get_data(cache=False)
    if len(raw) >= MAX_SCORED_BYTES:  # without a length Werkzeug cuts it there and says nothing
        raise _BadInput("The request is too large.", None)
    body = strict_json.parse(raw, mends_texts=True)
    if not isinstance(body, dict):
        raise _BadInput("The body must be a JSON object.", None)
    return body


def _texts(body: dict[str, Any]) -> list[str]:
    """Return the texts to score: a list of parts is one text, a list of strings is as many."""
    given = body.get("input")
    if isinstance(given, str):
        texts = [given]
    elif not isinstance(given, list) or not given:
        raise _BadInput("input must be a string, or a list of strings or of text parts.")
    elif all(isinstance(one, str) for one in given):
        texts = given
    else:
        texts = ["\n".join(_text_of_part(one) for one in given)]
    if len(texts) > MAX_TEXTS:
        raise _BadInput(f"input has more than {MAX_TEXTS} texts.")
    if any(len(text.encode()) > MAX_TEXT_BYTES for text in texts):
        raise _BadInput(f"A text has more than {MAX_TEXT_BYTES} bytes.")
    return texts


def _text_of_part(part: Any) -> str:
    if isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str):
        return str(part["text"])
    if isinstance(part, dict) and part.get("type") == "image_url":
        raise _BadInput("Images cannot be scored here.")
    raise _BadInput("input must be a string, or a list of strings or of text parts.")


def _result(one: Moderated) -> dict[str, Any]:
    return {
        "flagged": any(one.flags.values()),
        "categories": dict(one.flags),
        "category_scores": dict(one.scores),
        "category_applied_input_types": {name: ["text"] for name in one.scores},
    }


def _answer(status: int, body: dict[str, Any]) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(body), status, headers, content_type="application/json")


def _error(
    status: int, message: str, kind: str, param: str | None = None, code: str | None = None
) -> Response:
    return _answer(status, {"error": {"message": message, "type": kind, "param": param, "code": code}})


@bp.errorhandler(_BadInput)
def _bad_input(error: _BadInput) -> Response:
    return _error(400, str(error), "invalid_request_error", error.param)


@bp.errorhandler(NoKey)
def _no_key(_: NoKey) -> Response:
    message = "You didn't provide an API key. Send it as Authorization: Bearer."
    return _error(401, message, "invalid_request_error", code="invalid_api_key")


@bp.errorhandler(BadKey)
def _bad_key(_: BadKey) -> Response:
    return _error(401, "Incorrect API key provided.", "invalid_request_error", code="invalid_api_key")


@bp.errorhandler(OverQuota)
def _over_quota(error: OverQuota) -> Response:
    message = f"Rate limit reached: {error.caller.per_minute} texts a minute."
    answer = _error(429, message, "requests", code="rate_limit_exceeded")
    answer.headers["Retry-After"] = str(error.retry_after)
    return answer


@bp.errorhandler(Unreadable)
def _unreadable(error: Unreadable) -> Response:
    return _error(400, str(error), "invalid_request_error", "input", "language_not_supported")


@bp.errorhandler(strict_json.NotJson)
def _no_json(error: strict_json.NotJson) -> Response:
    return _error(400, f"The body cannot be read: {error}.", "invalid_request_error")


@bp.errorhandler(HTTPException)
def _not_read(error: HTTPException) -> Response:
    return _error(400, "The request could not be read, or is too large.", "invalid_request_error")


@bp.errorhandler(Unavailable)
def _unavailable(error: Unavailable) -> Response:
    answer = _error(503, "The service is currently unavailable.", "server_error")
    answer.headers["Retry-After"] = str(error.retry_after)
    return answer


@bp.errorhandler(Exception)
def _unexpected(error: Exception) -> Response:
    log.error("unexpected error", exc_info=error)
    return _error(500, "The server had an error.", "server_error")
