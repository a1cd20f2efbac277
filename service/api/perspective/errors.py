"""Errors as Google's APIs tell them."""

from __future__ import annotations

from typing import Any

from service.api.perspective.messages import PACKAGE, BadPayload
from service.scoring.keys import Caller
from service.scoring.perspective import Refused

SERVICE = "commentanalyzer.googleapis.com"  # clients look for these names, whoever answers
QUOTA = "Analysis requests (AnalyzeComment)"
RPC = "type.googleapis.com/google.rpc."
UNREGISTERED = (
    "Method doesn't allow unregistered callers (callers without established identity)."
    " Please use API Key or other form of API consumer identity to call this API."
)

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
    detail = {"@type": f"{RPC}BadRequest", "fieldViolations": violations}
    return error_body(400, str(error), [detail])


def no_key() -> dict[str, Any]:
    """Return that a key is needed."""
    return error_body(403, UNREGISTERED)


def bad_key() -> dict[str, Any]:
    """Return that the key is none of ours."""
    message = "API key not valid. Please pass a valid API key."
    return error_body(400, message, [_info("API_KEY_INVALID", {"service": SERVICE})])


def over_quota(caller: Caller, help_url: str) -> dict[str, Any]:
    """Return that a key's quota is used up."""
    message = (
        f"Quota exceeded for quota metric '{QUOTA}' and limit '{QUOTA} per minute' of service '{SERVICE}'"
        f" for consumer 'project_number:{caller.id}'."
    )
    about = {
        "consumer": f"projects/{caller.id}",
        "quota_limit": "AnalyzeRequestsPerMinutePerProject",
        "quota_limit_value": str(caller.per_minute),
        "quota_location": "global",
        "quota_metric": f"{SERVICE}/analyze_requests",
        "service": SERVICE,
    }
    link = {"description": "Ask the operator for a higher quota.", "url": help_url}
    details = [_info("RATE_LIMIT_EXCEEDED", about), {"@type": f"{RPC}Help", "links": [link]}]
    return error_body(429, message, details)


def _info(reason: str, metadata: dict[str, str]) -> dict[str, Any]:
    return {"@type": f"{RPC}ErrorInfo", "reason": reason, "domain": "googleapis.com", "metadata": metadata}
