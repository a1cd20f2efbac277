"""The commands on the page about the API are those of the document, and the doors take what they send."""

from __future__ import annotations

import html
import json
import re
import shlex
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.api.examples import RECEIPT, TOKEN, curl, example
from service.api.openapi import spec
from service.storage.database import Database
from tests.service.api.parts import hire

ORIGIN = "http://127.0.0.1:8080"


def doors(app: Flask) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, one) for path, found in spec(app)["paths"].items() for method, one in found.items()
    ]


def test_each_door_stands_on_the_page_with_its_meaning_its_command_and_a_place_in_the_index(
    app: Flask, client: FlaskClient
) -> None:
    page = html.unescape(client.get("/api/docs").text)
    index = page[page.index('class="index"') : page.index("</nav>")]

    for path, method, operation in doors(app):
        name = f"{operation['operationId']}-{method}"
        section = page[page.index(f'<section aria-labelledby="{name}"') :].split("</section>")[0]
        assert f'<a href="#{name}">{operation["summary"]}</a>' in index
        assert operation["description"] in section
        assert curl(ORIGIN, path, method, operation, spec(app)) in section


def test_each_command_is_one_that_its_door_takes(app: Flask, client: FlaskClient, db: Database) -> None:
    token = hire(db, "olga", {"demo": "owner"})
    for path, method, operation in doors(app):
        command = curl(ORIGIN, path, method, operation, spec(app))
        words = shlex.split(command.replace(TOKEN, token).replace(RECEIPT, "r"))
        flags = list(zip(words, [*words[1:], ""], strict=True))
        headers = dict(after.split(": ", 1) for word, after in flags if word == "-H")
        [data] = [after for word, after in flags if word == "-d"] or [None]
        [address] = [word for word in words if word.startswith(ORIGIN)]
        sent = client.open(address.removeprefix(ORIGIN), method=method.upper(), headers=headers, data=data)

        # The ids are nobody's, and a machine without a network looks no name up.
        fine = sent.status_code < 400 or sent.status_code in (404, 409) or "be looked up" in sent.text
        assert fine, (command, sent.text)
        assert method == "get" or f"-X {method.upper()}" in command
        assert not re.search(r"[{}<>]", address)
        if data is not None:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            whole = schema | {"components": spec(app)["components"]}
            assert jsonschema_rs.Draft202012Validator(whole).is_valid(json.loads(data)), command


@pytest.mark.parametrize(
    ("schema", "made"),
    [
        ({"type": "integer", "minimum": 3}, 3),
        ({"type": ["string", "null"], "enum": ["a", "b"]}, "a"),
        ({"type": "object", "properties": {"a": {"type": "boolean"}, "b": {}}}, {"a": True}),
        ({"type": "object", "properties": {"a": {}, "b": {"type": "number"}}, "required": ["b"]}, {"b": 0.5}),
        ({"type": "array", "items": {}}, []),
    ],
)
def test_a_value_is_made_from_its_schema(schema: dict[str, Any], made: object) -> None:
    assert example("", schema, {}) == made


def test_what_is_in_a_command_cannot_leave_its_quotes() -> None:
    body = {"content": {"application/json": {"schema": {"type": "string", "enum": ["it's; rm -rf /"]}}}}
    command = curl(ORIGIN, "/a", "post", {"requestBody": body}, {})

    assert shlex.split(command)[-1] == json.dumps("it's; rm -rf /")
