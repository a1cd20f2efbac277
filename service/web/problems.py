"""The one exit for errors: problem details (RFC 9457) for every door that speaks JSON."""

from __future__ import annotations

from typing import Any

import orjson
import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from service.domain import errors
from service.web.strict_json import BadText, NotJson

log = structlog.get_logger("parley.web")

STATUS: dict[type[errors.ParleyError], int] = {
    errors.Invalid: 422,
    errors.NotFound: 404,
    errors.Unauthorised: 401,
    errors.Forbidden: 403,
    errors.IllegalMove: 409,
    errors.AlreadyDecided: 409,
    errors.ThreadClosed: 403,
    errors.ForeignPage: 403,
    errors.KeyReused: 422,
    errors.TooManyRequests: 429,
    errors.Unavailable: 503,
    errors.Damaged: 503,
    errors.Pruned: 410,
    errors.Misconfigured: 500,
    errors.DatabaseUnusable: 500,
    errors.NoAnswer: 500,
    NotJson: 400,
    BadText: 422,
}
TITLES = {
    400: "The request cannot be read",
    404: "Not found",
    405: "Method not allowed",
    413: "The request is too large",
    415: "Send JSON",
    500: "Something went wrong here",
}
DETAILS = {
    404: "There is nothing at this address.",
    405: "This address does not take that method; see the Allow header.",
    500: "The error was logged under the id in `instance`. Nothing you sent caused more than this answer.",
}


def problem(status: int, code: str, title: str, detail: str, **extra: Any) -> Response:
    """Return an answer of type application/problem+json; ``instance`` is the request's id."""
    body = {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": f"urn:request:{g.get('request_id', 'none')}",
        **extra,
    }
    answer = Response(orjson.dumps(body), status, content_type="application/problem+json")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def as_problem(error: errors.ParleyError) -> Response:
    """Turn an error of ours into its answer."""
    answer = problem(STATUS[type(error)], error.code, error.title, str(error), **error.extra())
    if isinstance(error, errors.TooManyRequests | errors.Unavailable):
        answer.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.TooManyRequests) and error.quotas:
        # As draft-ietf-httpapi-ratelimit-headers says since its number 08.
        policy = ", ".join(f'"{one.name}";q={one.many};w={one.seconds}' for one in error.quotas)
        stands = ", ".join(f'"{one.name}";r={one.left};t={error.retry_after}' for one in error.quotas)
        answer.headers["RateLimit-Policy"], answer.headers["RateLimit"] = policy, stands
    if isinstance(error, errors.Unauthorised):
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return Response(status=status, headers=error.get_headers(request.environ))
    title = TITLES.get(status, error.name)
    answer = problem(status, f"http-{status}", title, DETAILS.get(status, error.description or title))
    for name, value in error.get_headers(request.environ):
        if name in ("Allow", "Retry-After"):
            answer.headers[name] = value
    return answer


def _unexpected(error: Exception) -> Response:
    # Never the request's content: a traceback's variables are not logged, only its places.
    log.error("unexpected error", exc_info=error)
    return problem(500, "http-500", TITLES[500], DETAILS[500])


def install(app: Flask) -> None:
    """Make problem details the answer to every error of the application."""
    app.register_error_handler(errors.ParleyError, as_problem)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)
