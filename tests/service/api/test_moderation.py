"""The moderators' doors for programs.

Proves `service/api/schemas/moderation.py`, `service/domain/policy_document.py`, `service/sites/sites.py` and
`service/storage/sites.py` too.
"""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from service.domain.policy_members import DEFAULT
from service.storage.database import Database
from service.storage.tables import AuditRow
from tests.service.api.parts import assert_problem, bearer, begin_session, decide, hire, post
from tests.service.web.test_fields import KEPT, REFUSED

ACTIONS = "/api/v1/moderation/actions"
QUEUE = "/api/v1/moderation/comments"
POLICY = "/api/v1/moderation/policies?site=demo"


@pytest.fixture
def mo(db: Database) -> dict[str, str]:
    """The header of a moderator of ``demo``."""
    return bearer(hire(db, "mo", {"demo": "moderator"}))


@pytest.fixture
def olga(db: Database) -> dict[str, str]:
    """The header of an owner of ``demo``."""
    return bearer(hire(db, "olga", {"demo": "owner"}))


@pytest.fixture
def pending(client: FlaskClient, db: Database) -> dict[str, Any]:
    """A comment that waits for a person, as it was answered to its author."""
    made = post(client, "You vile thing.", author={"name": "Ada"})
    decide(db)
    return made


def act(client: FlaskClient, who: dict[str, str], comment: str, action: str, version: Any) -> TestResponse:
    body = {"comment_id": comment, "action": action, "version": version}
    return client.post(ACTIONS, json=body, headers=who)


def test_the_queue_shows_what_waits_with_scores_and_reasons(
    client: FlaskClient, mo: dict[str, str], pending: dict[str, Any]
) -> None:
    answer = client.get(f"{QUEUE}?site=demo", headers=mo)

    [found] = answer.json["comments"]
    assert (found["id"], found["status"], found["version"]) == (pending["id"], "pending", 2)
    assert found["thread"] == {"key": "a", "url": "https://news.example/a", "title": None}
    assert found["author"] == {"name": "Ada"}
    assert found["scores"]["TOXICITY"] == 0.9
    assert found["reasons"][0]["code"] == "score"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "receipt" not in answer.text


def test_the_queue_is_read_page_by_page_oldest_first(
    client: FlaskClient, db: Database, mo: dict[str, str]
) -> None:
    made = [post(client, f"You vile thing number {n}.")["id"] for n in range(5)]
    decide(db)

    seen, cursor = [], None
    while cursor is not None or not seen:
        more = {"cursor": cursor} if cursor else {}
        answer = client.get(QUEUE, query_string={"site": "demo", "limit": 2, **more}, headers=mo).json
        seen += [comment["id"] for comment in answer["comments"]]
        cursor = answer["next_cursor"]
    assert seen == made


def test_a_moderator_decides_and_takes_it_back(
    client: FlaskClient, mo: dict[str, str], pending: dict[str, Any]
) -> None:
    statuses = []
    for action, version in (("approve", 2), ("undo", 3), ("reject", 4), ("reopen", 5)):
        done = act(client, mo, pending["id"], action, version)
        assert done.status_code == 200, done.text
        statuses.append((done.json["status"], done.json["version"]))

    assert statuses == [("approved", 3), ("pending", 4), ("rejected", 5), ("pending", 6)]
    log = client.get(f"/api/v1/moderation/audit?comment={pending['id']}", headers=mo).json
    assert log["intact"] is True
    assert [entry["actor_kind"] for entry in log["entries"]] == ["author", "policy", *["moderator"] * 4]
    assert log["entries"][2]["actor"] == "mo"


def test_who_comes_second_is_told_who_was_first(
    client: FlaskClient, db: Database, mo: dict[str, str], olga: dict[str, str], pending: dict[str, Any]
) -> None:
    act(client, mo, pending["id"], "approve", 2)

    problem = assert_problem(act(client, olga, pending["id"], "reject", 2), 409)
    assert problem["current"] == {"status": "approved", "version": 3, "by": "mo", "body": "You vile thing."}
    assert_problem(act(client, olga, pending["id"], "approve", 3), 409)
    with db.read() as connection:
        of_comment = select(func.count()).where(AuditRow.subject_id == pending["id"])
        rows = connection.scalar(of_comment.select_from(AuditRow))
    assert rows == 3


@pytest.mark.parametrize("version", ["2", 2.0, True, None, [2], 0, -1, 2**31, 2**63, 10**29])
def test_a_version_is_a_plain_number(
    client: FlaskClient, mo: dict[str, str], pending: dict[str, Any], version: Any
) -> None:
    problem = assert_problem(act(client, mo, pending["id"], "approve", version), 422)

    assert problem["errors"][0]["pointer"] == "/version"


@pytest.mark.parametrize(("sent", "kept"), KEPT)
def test_a_note_is_kept_in_the_history(
    client: FlaskClient, mo: dict[str, str], pending: dict[str, Any], sent: str, kept: str
) -> None:
    body = {"comment_id": pending["id"], "action": "approve", "version": 2, "note": sent}

    assert client.post(ACTIONS, json=body, headers=mo).status_code == 200
    log = client.get(f"/api/v1/moderation/audit?comment={pending['id']}", headers=mo).json
    assert log["entries"][-1]["note"] == kept


@pytest.mark.parametrize("note", REFUSED)
def test_a_note_that_turns_what_stands_around_it_is_refused(
    client: FlaskClient, mo: dict[str, str], pending: dict[str, Any], note: str
) -> None:
    body = {"comment_id": pending["id"], "action": "approve", "version": 2, "note": note}

    problem = assert_problem(client.post(ACTIONS, json=body, headers=mo), 422)
    assert problem["errors"][0]["pointer"] == "/note"


def test_a_policy_is_read_and_set_by_an_owner(
    client: FlaskClient, mo: dict[str, str], olga: dict[str, str]
) -> None:
    assert client.get(POLICY, headers=mo).json == DEFAULT

    wanted: dict[str, Any] = {
        "max_links": 0,
        "banned_words": ["buy now"],
        "thresholds": {"THREAT": {"review": 0.2}},
    }
    done = client.put(POLICY, json=wanted, headers=olga)

    whole = DEFAULT | wanted | {"thresholds": DEFAULT["thresholds"] | wanted["thresholds"]}
    assert done.json == whole
    assert client.get(POLICY, headers=mo).json == whole
    assert_problem(client.put(POLICY, json=wanted, headers=mo), 403)


@pytest.mark.parametrize(("document", "pointer"), [
    ({"max_links": -1}, "/max_links"),
    ({"max_links": True}, "/max_links"),
    ({"max_links": 10**29}, "/max_links"),
    ({"max_links": None}, "/max_links"),
    ({"thresholds": []}, "/thresholds"),
    ({"thresholds": {"TOXICITY": {"review": 1.5}}}, "/thresholds/TOXICITY/review"),
    ({"thresholds": {"TOXICITY": {"review": "0.5"}}}, "/thresholds/TOXICITY/review"),
    ({"thresholds": {"TOXICITY": {"review": 0.5, "reject": 0.4}}}, "/thresholds/TOXICITY/reject"),
    ({"thresholds": {"TOXICITY": {"review": 0.5, "hide": 0.4}}}, "/thresholds/TOXICITY"),
    ({"thresholds": {"RUDENESS": {"review": 0.5}}}, "/thresholds/RUDENESS"),
    ({"banned_words": "x"}, "/banned_words"),
    ({"banned_words": ["", "x"]}, "/banned_words/0"),
    ({"banned_words": [1]}, "/banned_words/0"),
    ({"banned_words": ["x" * 201]}, "/banned_words/0"),
    ({"premoderate": "yes"}, "/premoderate"),
    ({"hold_repeats": 1}, "/hold_repeats"),
    ({"owner": "me"}, "/owner"),
    ({"a/b~c": 1}, "/a~1b~0c"),
])  # fmt: skip
def test_each_mistake_in_a_policy_is_pointed_at(
    client: FlaskClient, olga: dict[str, str], document: dict[str, Any], pointer: str
) -> None:
    problem = assert_problem(client.put(POLICY, json=document, headers=olga), 422)

    assert pointer in [mistake["pointer"] for mistake in problem["errors"]]
    assert client.get(POLICY, headers=olga).json == DEFAULT


def test_a_flood_of_mistakes_gets_a_short_answer(client: FlaskClient, olga: dict[str, str]) -> None:
    many = {f"{n}-{'x' * 200}": 1 for n in range(500)}

    answer = client.put(POLICY, json=many, headers=olga)

    assert_problem(answer, 422)
    assert len(answer.data) < 20_000


def test_a_strangers_request_is_not_even_read(client: FlaskClient) -> None:
    for body in (b"{", b"x" * 200_000, b'{"comment_id": 1}'):
        answer = client.post(ACTIONS, data=body, headers={"Content-Type": "application/json"})

        problem = assert_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "errors" not in problem


def test_a_session_acts_only_with_its_csrf_header(
    client: FlaskClient, db: Database, mo: dict[str, str], pending: dict[str, Any]
) -> None:
    from service.web.auth import csrf_token

    secret = begin_session(db, "mo")
    client.set_cookie("parley_session", secret)
    key = client.application.extensions["parley"].settings.secret_key

    assert client.get(f"{QUEUE}?site=demo").status_code == 200
    assert_problem(act(client, {}, pending["id"], "approve", 2), 403)
    assert_problem(act(client, {"X-CSRF-Token": "wrong"}, pending["id"], "approve", 2), 403)
    assert_problem(act(client, {"X-CSRF-Token": "é"}, pending["id"], "approve", 2), 403)
    right = {"X-CSRF-Token": csrf_token(key, secret)}
    assert act(client, right, pending["id"], "approve", 2).status_code == 200


@pytest.mark.parametrize("header", [
    "Bearer", "Bearer ", "Bearer x", "bearer \udcff".encode("utf-8", "replace").decode(), "Basic bW86bW8=",
    "Bearer null", "Bearer eyJhbGciOiJub25lIn0.e30.", "Token x", "Bearer a b c", "Bearer é", "B" * 4000,
])  # fmt: skip
def test_an_odd_credential_is_nobodys(client: FlaskClient, header: str) -> None:
    assert_problem(client.get(f"{QUEUE}?site=demo", headers={"Authorization": header}), 401)


def test_the_history_tells_what_each_decision_was_made_from(
    client: FlaskClient, mo: dict[str, str], pending: dict[str, Any]
) -> None:
    decided = act(client, mo, pending["id"], "approve", 2).json

    log = client.get(f"/api/v1/moderation/audit?comment={pending['id']}", headers=mo).json

    policy, person = log["decisions"]
    assert (policy["outcome"], policy["policy_version"], policy["model"]) == ("review", 1, "fake-1")
    assert policy["evidence"]["scores"]["TOXICITY"] == 0.9
    assert policy["without_evidence"] is None
    assert (person["actor"], person["evidence"]) == ("mo", None)
    assert person["without_evidence"] == "decided by a person"
    assert decided["decided_at"] == person["created_at"] == log["entries"][-1]["created_at"]
