"""The document from which Google's libraries make their methods."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.settings import Settings
from tests.service.api.perspective.parts import MarkedScorer, application

NEWER, OLDER = "/$discovery/rest?version=v1alpha1", "/discovery/v1/apis/commentanalyzer/v1alpha1/rest"


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    """A client of an application without a database."""
    return application(MarkedScorer(), tmp_path).test_client()


@pytest.mark.parametrize("path", [NEWER, f"{NEWER}&key=K", "/%24discovery/rest", OLDER, f"{OLDER}?key=K"])
@pytest.mark.parametrize(("base", "root"), [
    ("http://parley.internal:8080", "http://parley.internal:8080/"),
    ("https://commentanalyzer.googleapis.com", "https://commentanalyzer.googleapis.com/"),
])  # fmt: skip
def test_the_address_is_the_one_it_was_asked_at(client: FlaskClient, path: str, base: str, root: str) -> None:
    answer = client.get(path, base_url=base)

    assert answer.status_code == 200
    assert answer.json["rootUrl"] == answer.json["baseUrl"] == root
    assert (answer.json["servicePath"], answer.json["batchPath"]) == ("", "batch")


def test_a_prefix_belongs_to_the_address(client: FlaskClient) -> None:
    answer = client.get(f"/sub/way{NEWER}", base_url="http://h.example")

    assert answer.json["rootUrl"] == "http://h.example/sub/way/"


@pytest.mark.parametrize(("told", "root"), [
    ({"trusted_proxies": 1, "forwarded_host": True}, "https://news.example/"),
    ({"trusted_proxies": 1}, "https://inner/"),
    ({"forwarded_host": True}, "http://inner/"),
    ({"trusted_proxies": 1, "forwarded_host": True, "public_url": "https://a.example/talk"}, "https://a.example/talk/"),
])  # fmt: skip
def test_a_proxy_is_believed_only_if_and_as_far_as_it_is_trusted(
    tmp_path: Path, told: dict[str, Any], root: str
) -> None:
    settings = Settings(
        tmp_path, f"sqlite:///{tmp_path / 'x'}", "unix:///nowhere", b"k" * 32, log_level="error"
    )
    client = create_app(replace(settings, **told)).test_client()
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "news.example"}

    answer = client.get(NEWER, base_url="http://inner", headers=headers)

    assert answer.json["rootUrl"] == root


def test_there_is_one_version(client: FlaskClient) -> None:
    answer = client.get("/$discovery/rest?version=v1")

    assert answer.status_code == 404
    assert answer.json["error"]["status"] == "NOT_FOUND"


def test_the_methods_are_the_api_s_own(client: FlaskClient) -> None:
    document = client.get(NEWER).json
    methods = document["resources"]["comments"]["methods"]

    assert (document["kind"], document["id"]) == ("discovery#restDescription", "commentanalyzer:v1alpha1")
    assert {name: (one["id"], one["httpMethod"], one["path"]) for name, one in methods.items()} == {
        "analyze": ("commentanalyzer.comments.analyze", "POST", "v1alpha1/comments:analyze"),
        "suggestscore": ("commentanalyzer.comments.suggestscore", "POST", "v1alpha1/comments:suggestscore"),
    }


def test_every_reference_leads_to_a_schema(client: FlaskClient) -> None:
    document = client.get(NEWER).json

    assert len(document["schemas"]) == 11
    assert set(references(document)) == set(document["schemas"])
    for name, schema in document["schemas"].items():
        assert schema["id"] == name
        assert schema["properties"]


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [name for value in part.values() for name in references(value)]
    return [name for value in part for name in references(value)] if isinstance(part, list) else []


def test_a_host_that_is_none_is_refused(client: FlaskClient) -> None:
    answer = client.get(NEWER, headers={"Host": "a b"})

    assert answer.status_code == 400
    assert answer.json["error"]["status"] == "INVALID_ARGUMENT"
