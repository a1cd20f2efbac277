"""The API described from the doors themselves: OpenAPI 3.1 and a page one can read."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Flask, Response, current_app, render_template, send_from_directory
from marshmallow import Schema
from werkzeug.routing import Rule

from service.api.examples import curl
from service.context import context
from service.web.doors import Door
from service.web.public_address import root_url

bp = Blueprint("openapi", __name__, template_folder="templates")
VERSION = "1"
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
ANSWERS = {
    400: "The body is not JSON",
    401: "Not logged in",
    403: "Not allowed",
    404: "Not found, or not the caller's to see",
    409: "The comment's status does not allow it, or somebody was faster",
    410: "What was asked for is no longer kept; the answer says how to go on",
    413: "Too large",
    415: "Not application/json",
    422: "A value breaks a rule; `errors` points at it",
    429: "Too many requests; see Retry-After, RateLimit and RateLimit-Policy",
    503: "A part does not answer; see Retry-After",
}
READ_ONLY = {  # what a page of text needs
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
REFERENCE = re.compile(r"#/components/schemas/(\w+)")
AUTH: dict[str, list[dict[str, list[str]]]] = {
    "moderator": [{"token": []}],
    "owner": [{"token": []}],
    "receipt": [{}, {"receipt": []}],
}


@bp.get("/api/v1/openapi.json")
def document() -> Response:
    """Return the OpenAPI document."""
    return Response(orjson.dumps(spec(current_app)), content_type="application/json")


@bp.get("/api/docs")
def page() -> Response:
    """Return the same for people, with an index and a command for each door."""
    settings = context().settings
    # What the settings say, never the Host that a request names: people copy these commands.
    origin = settings.public_url or settings.own_origin or f"http://127.0.0.1:{settings.port}"
    told = {"root": root_url(), "curl": partial(curl, origin)}
    text = render_template("api/docs.html", spec=spec(current_app), **told)
    return Response(text, content_type="text/html", headers=READ_ONLY)


@bp.get("/api/docs.css")
def style() -> Response:
    """Return the page's style sheet."""
    return send_from_directory(Path(__file__).parent / "static", "docs.css", max_age=3600)


def spec(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI document of an application's doors; made once."""
    if "parley-openapi" not in app.extensions:
        app.extensions["parley-openapi"] = _build(app)
    found: dict[str, Any] = app.extensions["parley-openapi"]
    return found


def _build(app: Flask) -> dict[str, Any]:
    made = APISpec("Parley", VERSION, "3.1.0", plugins=[MarshmallowPlugin()])
    made.components.schema("Problem", PROBLEM)
    made.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    made.components.security_scheme("receipt", {"type": "apiKey", "in": "header", "name": "Parley-Receipt"})
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        declared = getattr(app.view_functions[rule.endpoint], "door", None)
        if declared is not None:
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            operations = {name.lower(): _operation(app, rule, declared, name) for name in sorted(methods)}
            made.path(re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", r"{\1}", rule.rule), operations=operations)
    described = made.to_dict()
    _promise_all_members(described)
    if public := app.extensions["parley"].settings.public_url:
        described["servers"] = [{"url": public}]
    found: dict[str, Any] = _with_plain_patterns(described)
    return found


def _promise_all_members(described: dict[str, Any]) -> None:
    """Say that what only goes out has all its members: null where there is nothing, never left out."""
    schemas = described["components"]["schemas"]
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    waiting = _referred([operation.get("requestBody") for operation in operations])
    taken_in: set[str] = {"Problem"}
    while waiting:
        name = waiting.pop()
        if name not in taken_in:
            taken_in.add(name)
            waiting |= _referred(schemas[name])
    for name, schema in schemas.items():
        if name not in taken_in:
            schema["required"] = sorted(schema.get("properties", {}))


def _referred(part: Any) -> set[str]:
    return set(REFERENCE.findall(orjson.dumps(part).decode()))


def _with_plain_patterns(part: Any) -> Any:
    r"""Write ``^`` and ``$`` for Python's ``\A`` and ``\Z``: JSON Schema's expressions are JavaScript's."""
    if isinstance(part, list):
        return [_with_plain_patterns(item) for item in part]
    if not isinstance(part, dict):
        return part
    return {
        name: value.replace(r"\A", "^").replace(r"\Z", "$")
        if name == "pattern" and isinstance(value, str)
        else _with_plain_patterns(value)
        for name, value in part.items()
    }


def _operation(app: Flask, rule: Rule, declared: Door, method: str) -> dict[str, Any]:
    text = declared.description or (app.view_functions[rule.endpoint].__doc__ or "").strip()
    operation: dict[str, Any] = {
        "operationId": rule.endpoint.replace(".", "_"),
        "summary": declared.summary,
        "description": text,
        "parameters": _parameters(rule, declared),
        "responses": _responses(declared),
    }
    if declared.body is not None:
        content = {"application/json": {"schema": declared.body}}
        operation["requestBody"] = {"required": True, "content": content}
    if declared.auth:
        operation["security"] = AUTH[declared.auth]
    return operation


def _parameters(rule: Rule, declared: Door) -> list[Any]:
    path = [
        {"in": "path", "name": name, "required": True, "schema": {"type": "string", "format": "uuid"}}
        for name in sorted(rule.arguments)
    ]
    return [*path, *_fields("query", declared.query), *_fields("header", declared.headers)]


def _fields(place: str, schema: Schema | None) -> list[Any]:
    return [{"in": place, "schema": schema}] if schema is not None else []


def _responses(declared: Door) -> dict[str, Any]:
    fine: dict[str, Any] = {"description": declared.summary}
    if declared.answer is not None:
        fine["content"] = {"application/json": {"schema": declared.answer}}
    found = {str(declared.status): fine}
    for status, text in declared.other_answers.items():
        found[str(status)] = {"description": text}
    content = {"application/problem+json": {"schema": "Problem"}}
    for status in declared.every_problem:
        found[str(status)] = {"description": ANSWERS[status], "content": content}
    return found
