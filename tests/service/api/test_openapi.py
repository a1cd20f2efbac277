"""The API described from its own doors: complete, valid, readable.

Proves `service/web/doors.py` and `service/app.py` too.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.api import openapi

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
UNDOCUMENTED = {"/api/v1/openapi.json"}  # it would describe itself


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document of an application that touches no database."""
    from pathlib import Path

    from service.app import create_app
    from service.settings import Settings

    settings = Settings(Path(), "sqlite:///nowhere.db", "unix:///nowhere", b"k" * 32, log_level="error")
    app = create_app(settings)
    return openapi.spec(app)


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, found in document["paths"].items()
        for method, operation in found.items()
    ]


def test_every_door_of_the_api_is_described(client: FlaskClient, app: Flask) -> None:
    document = client.get("/api/v1/openapi.json").json
    there = {
        (method, re.sub(r"<uuid:(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and rule.rule not in UNDOCUMENTED
        for method in rule.methods or ()
        if method in METHODS
    }

    described = {(method, path) for method, path, _ in operations(document)}
    assert described == there


def test_the_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["info"]["title"] == "Parley"
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    for method, path, operation in operations(document):
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)
        wanted = set(re.findall(r"{(\w+)}", path))
        given = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert given == wanted, (method, path)
        for answer in operation["responses"].values():
            assert answer["description"], (method, path)


def test_every_reference_has_an_end_and_every_schema_is_a_schema(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    for found in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)):
        assert found in schemas
    for name in schemas:
        whole = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        jsonschema_rs.Draft202012Validator(whole)


def test_every_door_says_what_can_go_wrong(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        answers = set(operation["responses"])
        assert "503" in answers, (method, path)
        if "requestBody" in operation:
            assert answers >= {"400", "413", "415", "422"}, (method, path)
        if operation["parameters"]:
            assert {"404", "422"} & answers, (method, path)
        if operation.get("security", [{}])[0]:
            assert "401" in answers, (method, path)
            assert "403" in answers or method == "GET", (method, path)
        for status, answer in operation["responses"].items():
            if status >= "400":
                assert set(answer["content"]) == {"application/problem+json"}, (method, path, status)


def test_bodies_are_closed_and_described(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        if "requestBody" in operation:
            name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[
                -1
            ]
            assert document["components"]["schemas"][name]["additionalProperties"] is False, (method, path)


def test_patterns_are_written_as_json_schema_reads_them(document: dict[str, Any]) -> None:
    patterns = re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(document))

    assert patterns
    for pattern in map(json.loads, patterns):
        assert pattern.startswith("^")
        assert pattern.endswith("$")
        assert "\\A" not in pattern


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given["href"] or ""] if "href" in given else []
        assert "style" not in given
        assert not [name for name in given if name.startswith("on")]


def test_the_page_for_people_shows_every_door(client: FlaskClient) -> None:
    answer = client.get("/api/docs")
    page = _Page()
    page.feed(answer.text)

    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "script" not in page.tags
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids, link
        else:
            with client.get(link) as answer_there:
                assert answer_there.status_code == 200, link
    for method, path, _ in operations(client.get("/api/v1/openapi.json").json):
        assert f"{method} {path}" in answer.text
