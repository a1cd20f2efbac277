"""Commands that call the doors of the API: made from the OpenAPI document, so they say what it says."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

Described = Mapping[str, Any]  # a part of the OpenAPI document
# What stands for a value, by the member's name; others are made from their schemas.
SAMPLES: Mapping[str, object] = {
    "site": "demo",
    "thread": "https://www.example.org/article",
    "url": "https://www.example.org/article",
    "key": "article-1",
    "title": "An article",
    "name": "Ada",
    "body": "A fine remark.",
    "action": "approve",
    "version": 2,
    "after": 0,
    "types": ["comment.approved"],
    "thresholds": {"TOXICITY": {"review": 0.6}},
}
SOME_ID = "01890f3c-5d2e-7c4a-9b1f-3a6d8e2c7f10"
TOKEN, RECEIPT = "$PARLEY_TOKEN", "$RECEIPT"


def curl(origin: str, path: str, method: str, operation: Described, document: Described) -> str:
    """Return a command that calls one door with what it requires.

    A body has the members that are required; where none is, the first one. Values of one's own stand as
    variables of the shell, or as ids and names to be replaced.
    """
    lines = [f"curl {_address(origin, path, operation)}"]
    if method != "get":
        lines[0] = f"curl -X {method.upper()} {_address(origin, path, operation)}"
    security = operation.get("security", [])
    if {"token": []} in security:
        lines.append(f'-H "Authorization: Bearer {TOKEN}"')
    if {"receipt": []} in security:
        lines.append(f'-H "Parley-Receipt: {RECEIPT}"')
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        lines.append("-H 'Content-Type: application/json'")
        lines.append(f"-d {shlex.quote(json.dumps(example('', schema, document), ensure_ascii=False))}")
    return " \\\n  ".join(lines)


def _address(origin: str, path: str, operation: Described) -> str:
    wanted = [one for one in operation.get("parameters", ()) if one.get("required")]
    for one in wanted:
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", SOME_ID)
    query = [(one["name"], _sample(one["name"], one["schema"])) for one in wanted if one["in"] == "query"]
    encoded = urlencode([(name, _plain(value)) for name, value in query], quote_via=quote)
    return shlex.quote(f"{origin}{path}{'?' + encoded if encoded else ''}")


def _plain(value: object) -> str:
    return str(value[0] if isinstance(value, list) else value)


def example(name: str, schema: Described, document: Described) -> Any:
    """Return a value that a schema allows, with the members that it requires."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    if schema.get("type") == "object" and "properties" in schema:
        members = schema["properties"]
        wanted = [one for one in members if one in schema.get("required", ())] or list(members)[:1]
        return {one: example(one, members[one], document) for one in wanted}
    return _sample(name, schema)


def _sample(name: str, schema: Described) -> object:
    if name in SAMPLES and "enum" not in schema:
        return SAMPLES[name]
    if "enum" in schema:
        return SAMPLES[name] if SAMPLES.get(name) in schema["enum"] else schema["enum"][0]
    kinds = schema.get("type", "string")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    samples = {"integer": schema.get("minimum", 1), "number": 0.5, "boolean": True, "array": [], "object": {}}
    return samples.get(kind, SOME_ID if "[0-9a-f]{8}" in schema.get("pattern", "") else "text")
