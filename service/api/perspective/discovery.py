"""The document from which Google's client libraries make their methods."""

from __future__ import annotations

from typing import Any

from service.api.perspective import messages as schemas
from service.api.perspective.messages import Field, Message

FORMATS = {"float": ("number", "float"), "int32": ("integer", "int32")}
PARAMETERS = {
    "$.xgafv": ("string", "Version of the errors' format; there is one.", ["1", "2"]),
    "access_token": ("string", "Ignored; a key may be sent as Authorization: Bearer.", None),
    "alt": ("string", "Every answer is JSON.", ["json", "media", "proto"]),
    "callback": ("string", "Ignored.", None),
    "fields": ("string", "Which parts of the answer to give.", None),
    "key": ("string", "The key of the caller, where the operator asks for one.", None),
    "oauth_token": ("string", "Ignored.", None),
    "prettyPrint": ("boolean", "Whether to indent the answer.", None),
    "quotaUser": ("string", "Ignored.", None),
    "uploadType": ("string", "Ignored.", None),
    "upload_protocol": ("string", "Ignored.", None),
}
ROOTS = (
    schemas.ANALYZE_REQUEST, schemas.ANALYZE_RESPONSE, schemas.SUGGEST_REQUEST, schemas.SUGGEST_RESPONSE,
)  # fmt: skip


def discovery_document(root_url: str) -> dict[str, Any]:
    """Return the description of the API at an address.

    It names no OAuth scope: with one, Google's Python library wants Google's credentials of its caller.
    """
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": "commentanalyzer:v1alpha1",
        "name": "commentanalyzer",
        "version": "v1alpha1",
        "revision": "20261101",
        "title": "Perspective Comment Analyzer API",
        "description": "Scores comments for toxicity. Served by Parley, on its own machine.",
        "protocol": "rest",
        "rootUrl": root_url,
        "baseUrl": root_url,
        "servicePath": "",
        "basePath": "",
        "batchPath": "batch",
        "parameters": {name: _parameter(*told) for name, told in PARAMETERS.items()},
        "schemas": {message.name: _schema(message) for message in schemas.messages(*ROOTS)},
        "resources": {
            "comments": {
                "methods": {
                    "analyze": _method(
                        "analyze", schemas.ANALYZE_REQUEST, schemas.ANALYZE_RESPONSE, "Scores a text."
                    ),
                    "suggestscore": _method(
                        "suggestscore",
                        schemas.SUGGEST_REQUEST,
                        schemas.SUGGEST_RESPONSE,
                        "Takes the scores that a text should have.",
                    ),
                }
            }
        },
    }


def _parameter(kind: str, description: str, names: list[str] | None) -> dict[str, Any]:
    described: dict[str, Any] = {"type": kind, "description": description, "location": "query"}
    if names:
        described |= {"enum": names, "enumDescriptions": [""] * len(names)}
    return described


def _method(name: str, takes: Message, gives: Message, description: str) -> dict[str, Any]:
    return {
        "id": f"commentanalyzer.comments.{name}",
        "path": f"v1alpha1/comments:{name}",
        "flatPath": f"v1alpha1/comments:{name}",
        "httpMethod": "POST",
        "parameters": {},
        "parameterOrder": [],
        "request": {"$ref": takes.name},
        "response": {"$ref": gives.name},
        "description": description,
    }


def _schema(message: Message) -> dict[str, Any]:
    return {
        "id": message.name,
        "type": "object",
        "description": message.description,
        "properties": {name: _property(field) for name, field in message.fields.items()},
    }


def _property(field: Field) -> dict[str, Any]:
    one: dict[str, Any]
    if isinstance(field.type, Message):
        one = {"$ref": field.type.name}
    elif isinstance(field.type, tuple):
        one = {"type": "string", "enum": list(field.type), "enumDescriptions": [""] * len(field.type)}
    elif field.type in FORMATS:
        kind, form = FORMATS[field.type]
        one = {"type": kind, "format": form}
    else:
        one = {"type": field.type}
    if field.shape == "list":
        return {"type": "array", "items": one, "description": field.description}
    if field.shape == "map":
        return {"type": "object", "additionalProperties": one, "description": field.description}
    return {**one, "description": field.description}
