"""The API as its own document describes it: generated requests, good and bad, at every door."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from service.app import create_app
from service.context import utcnow
from service.domain.access import OPERATOR
from service.settings import Settings
from service.sites import sites
from service.storage import migrate
from service.webhooks import endpoints
from tests.service.api.parts import PROBLEM, STAFF, bearer, decide, hire, post

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 12  # for each operation, mode and caller
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The web application on a small SQLite database, without a Redis."""
    folder: Path = tmp_path_factory.mktemp("contract")
    made = create_app(
        Settings(
            folder, f"sqlite:///{folder / 'parley.db'}", f"filesystem://{folder / 'broker'}", b"k" * 32,
            log_level="error",
        )
    )  # fmt: skip
    migrate.upgrade(made.extensions["parley"].db)
    yield made
    made.extensions["parley"].db.close()


@pytest.fixture(scope="module")
def there(app: Flask) -> dict[str, str]:
    """What really exists, by the names that parameters and members have; and the owner's token."""
    db, client = app.extensions["parley"].db, app.test_client()
    for site in ("demo", "other"):
        sites.add_site(db, site, site, now=utcnow())
    tokens = {name: hire(db, name, roles) for name, roles in STAFF.items()}
    fine, vile = post(client), post(client, "You vile thing.")
    post(client, "A reply.")
    decide(db)
    post(client, "A reply.", parent_id=fine["id"])
    endpoint = endpoints.add_endpoint(
        db, OPERATOR, "demo", "https://8.8.8.8/in", [], utcnow(), check=lambda _: None
    )
    delivery = endpoints.send_test(db, OPERATOR, endpoint.id, utcnow())
    return {
        "site": "demo", "thread": "a", "comment_id": vile["id"], "comment": vile["id"],
        "endpoint_id": endpoint.id, "delivery_id": delivery, "Parley-Receipt": vile["receipt"],
        "parent_id": fine["id"], "url": "https://news.example/a", "key": "a", "token": tokens["olga"],
    }  # fmt: skip


@pytest.fixture(scope="module")
def api(app: Flask, there: dict[str, str]) -> Any:
    """The document, loaded and checked."""
    loaded = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    loaded.validate()
    return loaded


def put_real(part: Any, there: dict[str, str]) -> None:
    """Let a generated part of a request be about something that exists."""
    for name, value in list(part.items()) if isinstance(part, MutableMapping) else []:
        if isinstance(value, str) and name in there:
            part[name] = there[name]
        put_real(value, there)


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@pytest.mark.parametrize("caller", ["anonymous", "owner"])
def test_every_answer_is_as_described(
    api: Any, there: dict[str, str], caller: str, mode: GenerationMode
) -> None:
    operations = [found.ok() for found in api.get_all_operations()]
    assert len(operations) >= 20
    shown = bearer(there["token"]) if caller == "owner" else {}
    seen: set[int] = set()

    for operation in operations:

        @examples(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(mode), real=st.booleans())
        def try_one(case: Any, real: bool) -> None:
            if real:
                for part in (case.path_parameters, case.query, case.headers, case.body):
                    put_real(part, there)
            answer = case.call(headers=shown)
            seen.add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == ["application/problem+json"], answer.text
                assert set(answer.json()) >= PROBLEM

        try_one()

    wanted = {"anonymous": {401, 404, 422}, "owner": {404, 422}}[caller]
    assert seen >= wanted | ({200, 202} if mode is GenerationMode.POSITIVE else set()), seen
