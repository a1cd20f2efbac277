"""How a JSON door is declared: schemas for what goes in and out, read by the server and by OpenAPI alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote_to_bytes

import orjson
from flask import Response, request
from marshmallow import Schema, ValidationError
from marshmallow.fields import List
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from service.domain.errors import Invalid
from service.web import strict_json
from service.web.auth import identity

Handler = TypeVar("Handler", bound=Callable[..., Any])
MAX_MISTAKES = 50  # an answer is no larger than it helps, whatever was sent
MAX_NAME = 100  # of a member that is pointed at


@dataclass(frozen=True)
class Door:
    """What a route takes and gives; kept on the handler as ``handler.door``."""

    summary: str
    body: Schema | None = None
    query: Schema | None = None
    headers: Schema | None = None
    answer: Schema | None = None
    status: int = 200
    problems: tuple[int, ...] = ()
    auth: str | None = None  # None, "receipt", "moderator" or "owner"
    description: str = ""
    other_answers: Mapping[int, str] = field(default_factory=dict)

    @property
    def every_problem(self) -> list[int]:
        """Every status of a problem that the door may answer.

        Those that follow from what it takes and from whom it asks for are not said at each door: there
        stand only the handler's own, as 404 and 409. Every door asks the database, which may be away.

        >>> Door("Look", query=Schema(), problems=(404,)).every_problem
        [404, 422, 503]
        >>> Door("Act", body=Schema(), auth="moderator").every_problem
        [400, 401, 403, 413, 415, 422, 503]
        """
        found = {*self.problems, 503}
        if self.body is not None:
            found |= {400, 413, 415, 422}
        if self.query is not None or self.headers is not None:
            found.add(422)
        # A moderator may be no owner, a session changes nothing without its CSRF token, and does nothing at
        # all while its password is one that somebody else set.
        if self.auth in ("moderator", "owner"):
            found |= {401, 403}
        return sorted(found)


def door(
    summary: str,
    *,
    body: Schema | None = None,
    query: Schema | None = None,
    headers: Schema | None = None,
    answer: Schema | None = None,
    status: int = 200,
    problems: tuple[int, ...] = (),
    auth: str | None = None,
    description: str = "",
    other_answers: Mapping[int, str] | None = None,
) -> Callable[[Handler], Handler]:
    """Declare a JSON door; ``problems`` are the handler's own, the others follow (see `Door.every_problem`).

    With ``auth`` "moderator" or "owner" a stranger's request is not even read; whose site it is about the
    handler checks. It gets the loaded ``body``, ``query`` and ``headers`` by name, each only if declared: as
    what a `Typed` schema makes, else as a dict.
    What it returns, or the first of a pair with headers, is dumped by ``answer``; a `Response` passes.
    """
    declared = Door(
        summary, body, query, headers, answer, status, problems, auth, description, other_answers or {}
    )

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def wrapped(**arguments: Any) -> Response:
            if auth in ("moderator", "owner"):
                identity()
            if body is not None:
                arguments["body"] = _load(body, _json_body())
            if query is not None:
                found = _query(query, request.query_string)
                arguments["query"] = dict(found) if isinstance(found, MappingProxyType) else found
            if headers is not None:
                arguments["headers"] = _load(headers, _headers(headers))
            return _present(handler(**arguments), declared)

        wrapped.door = declared  # type: ignore[attr-defined]
        return wrapped  # type: ignore[return-value]

    return decorate


def _present(result: Any, declared: Door) -> Response:
    if isinstance(result, Response):
        return result
    value, extra = result if isinstance(result, tuple) else (result, {})
    if declared.answer is None:
        return Response(status=declared.status, headers=extra)
    payload = orjson.dumps(declared.answer.dump(value))
    headers = {"Cache-Control": "no-store", **extra}
    return Response(payload, declared.status, headers, content_type="application/json")


def _json_body() -> Any:
    if request.content_encoding:
        raise UnsupportedMediaType("Send the body as it is, without a Content-Encoding.")
    if not request.is_json:
        raise UnsupportedMediaType("Send JSON with Content-Type: application/json.")
    if request.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType("JSON is read in UTF-8 only.")
    raw = request.get_data(cache=False)
    # Werkzeug cuts a body without a length at the limit and says nothing.
    if request.content_length is None and len(raw) >= (request.max_content_length or 0):
        raise RequestEntityTooLarge
    return strict_json.parse(raw)


@lru_cache(maxsize=512)  # readers of one page ask the same again and again
def _query(schema: Schema, raw: bytes) -> Any:
    """Return a loaded query that nobody can change; only a list field may be given more than once."""
    try:
        unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise Invalid([("", "the query is not UTF-8")]) from None
    found: dict[str, Any] = {}
    for name, value in parse_qsl(raw.decode(errors="replace"), keep_blank_values=True):
        many = name in schema.fields and isinstance(schema.fields[name], List)
        if name in found and not many:
            raise Invalid([_at("", name, "is given more than once")])
        if "\x00" in value:
            raise Invalid([_at("", name, "has a NUL in it")])
        found[name] = [*found.get(name, ()), value] if many else value
    loaded = _load(schema, found)
    return MappingProxyType(loaded) if isinstance(loaded, dict) else loaded


def _headers(schema: Schema) -> dict[str, Any]:
    names = [(field.data_key or name) for name, field in schema.fields.items()]
    return {name: request.headers[name] for name in names if name in request.headers}


def _load(schema: Schema, value: Any) -> Any:
    if not isinstance(value, dict):
        raise Invalid([("", "must be a JSON object")])
    try:
        return schema.load(value)
    except ValidationError as error:
        raise Invalid(_flatten(error.messages, "")[:MAX_MISTAKES]) from None


def _flatten(messages: Any, pointer: str) -> list[tuple[str, str]]:
    if isinstance(messages, dict):
        pairs = []
        for name, inner in messages.items():
            # A schema-wide message stands under "_schema": it belongs to the object itself.
            pairs += _flatten(inner, pointer if name == "_schema" else _at(pointer, name)[0])
        return pairs
    return [(pointer, str(message)) for message in (messages if isinstance(messages, list) else [messages])]


def _at(pointer: str, name: object, message: str = "") -> tuple[str, str]:
    """Return a JSON pointer to a member, with a message."""
    escaped = str(name)[:MAX_NAME].replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{escaped}", message
