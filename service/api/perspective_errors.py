"""Errors as Google's APIs tell them."""

from __future__ import annotations

from typing import Any

from service.api.schemas.perspective import PACKAGE, BadPayload
from service.perspective import Refused

STATUS = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


def error_body(code: int, message: str, details: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Return the body of an error."""
    error: dict[str, Any] = {"code": code, "message": message, "status": STATUS[code]}
    if details:
        error["details"] = details
    return {"error": error}


def refused(error: Refused) -> dict[str, Any]:
    """Return what the analyzer itself has to say against a request."""
    detail = {"@type": f"{PACKAGE}Error", "errorType": error.kind, **error.extra}
    return error_body(400, str(error), [detail])


def bad_payload(error: BadPayload) -> dict[str, Any]:
    """Return what is wrong with the members of a body."""
    violations = [
        {"field": at, "description": sentence} if at else {"description": sentence}
        for at, sentence in error.violations
    ]
    detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations}
    return error_body(400, str(error), [detail])
