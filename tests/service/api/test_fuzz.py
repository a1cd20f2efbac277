"""Odd input at every door: refused in words or taken whole, never a 5xx, and a refusal stores nothing.

F numbers are those of the team's list of inputs; what a row must answer stands beside it.

Proves `service/web/fields.py` too.
"""

from __future__ import annotations

import gzip
import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from service.storage.database import Database
from service.storage.tables import Base, Site
from tests.service.api.naughty import BLANK, STRINGS
from tests.service.api.odd_bodies import BODIES, NO_NUMBERS, NO_TEXTS, TYPES
from tests.service.api.parts import JSON, STAFF, assert_problem, bearer, decide, draft, hire, post

NOWHERE = "019b76da-a800-7000-8000-000000000000"


@dataclass(frozen=True)
class WriteDoor:
    """A door that takes a body, and one body that it takes. ``texts`` are pointers to its text fields."""

    method: str
    path: str
    who: str | None
    body: Mapping[str, Any]
    texts: tuple[str, ...]
    numbers: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


POST = WriteDoor(
    "POST", "/api/v1/comments", None, draft(author={"name": "Ada"}, parent_id=None),
    ("/site", "/thread/key", "/thread/url", "/thread/title", "/author/name", "/body", "/parent_id"),
)  # fmt: skip
ACT = WriteDoor(
    "POST", "/api/v1/moderation/actions", "mo",
    {"comment_id": NOWHERE, "action": "approve", "version": 2, "note": "seen"},
    ("/comment_id", "/action", "/note"), ("/version",),
)  # fmt: skip
POLICY = WriteDoor(
    "PUT", "/api/v1/moderation/policies?site=demo", "olga",
    {"banned_words": ["x"], "suspect_words": ["y"], "max_links": 3,
    "thresholds": {"THREAT": {"review": 0.5}}},
    ("/banned_words/0", "/suspect_words/0"), ("/max_links", "/thresholds/THREAT/review"),
)  # fmt: skip
ENDPOINT = WriteDoor(
    "POST", "/api/v1/webhook-endpoints", "olga",
    {"site": "demo", "url": "https://8.8.8.8/hooks", "types": ["comment.approved"]},
    ("/site", "/url", "/types/0"),
)  # fmt: skip
DOORS = [POST, ACT, POLICY, ENDPOINT]


@pytest.fixture
def who(db: Database) -> dict[str, dict[str, str]]:
    """The header that each person sends."""
    return {name: bearer(hire(db, name, roles)) for name, roles in STAFF.items()}


def send(
    client: FlaskClient,
    door: WriteDoor,
    who: Mapping[str, dict[str, str]],
    data: bytes,
    headers: Mapping[str, str],
) -> TestResponse:
    shown = who[door.who] if door.who else {}
    return client.open(door.path, method=door.method, data=data, headers={**shown, **headers})


def replaced(body: Mapping[str, Any], pointer: str, value: Any) -> Any:
    """Return a body with another value at a JSON pointer."""
    changed: Any = deepcopy(dict(body))
    *way, last = pointer.strip("/").split("/")
    at = changed
    for name in way:
        at = at[int(name) if isinstance(at, list) else name]
    at[int(last) if isinstance(at, list) else last] = value
    return changed


def stored(db: Database) -> list[Any]:
    """How much there is of everything, and each site's policy."""
    with db.read() as connection:
        counts = [
            (table.name, connection.scalar(select(func.count()).select_from(table)))
            for table in Base.metadata.sorted_tables
        ]
        return [*counts, connection.execute(select(Site.id, Site.policy).order_by(Site.id)).all()]


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_bodies_that_cannot_be_read(
    client: FlaskClient, db: Database, who: dict[str, dict[str, str]], door: WriteDoor
) -> None:
    before = stored(db)
    for name, (raw, statuses) in BODIES.items():
        answer = send(client, door, who, raw, JSON)
        assert answer.status_code in statuses, (name, answer.status_code, answer.text[:300])
        assert_problem(answer, *statuses)
        assert len(answer.data) < 20_000, name

    assert stored(db) == before


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_bodies_of_another_type(
    client: FlaskClient, db: Database, who: dict[str, dict[str, str]], door: WriteDoor
) -> None:
    before, fine = stored(db), json.dumps(door.body).encode()
    for name, (headers, statuses) in TYPES.items():
        packed = gzip.compress(fine) if name == "F17 gzip" else fine
        answer = send(client, door, who, packed, headers)
        assert answer.status_code in statuses, (name, answer.status_code, answer.text[:300])
        assert_problem(answer, *statuses)

    assert stored(db) == before


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_values_of_another_kind(
    client: FlaskClient, db: Database, who: dict[str, dict[str, str]], door: WriteDoor
) -> None:
    before = stored(db)
    rows = [(at, value) for at in door.texts for value in NO_TEXTS]
    rows += [(at, value) for at in door.numbers for value in NO_NUMBERS]
    rows += [(f"/{name}", 1) for name in UNKNOWN]
    rows += [
        (f"/{name}", value) for name in door.body for value in (5, "x", [], [{}]) if _is_object(door, name)
    ]
    for at, value in rows:
        answer = send(client, door, who, json.dumps(replaced(door.body, at, value)).encode(), JSON)
        assert answer.status_code == 422, (at, value, answer.status_code, answer.text[:300])
        problem = assert_problem(answer, 422)
        assert problem["errors"][0]["pointer"].startswith("/" + at.split("/")[1]), (at, value, problem)

    assert stored(db) == before


UNKNOWN = (
    "__proto__", "constructor", "status", "score", "scores", "site_id", "created_at", "role", "id", "receipt",
    "author_id", "decided_by", "secret", "$where", "", " ", "Body", "moderator",
)  # fmt: skip


def _is_object(door: WriteDoor, name: str) -> bool:
    return isinstance(door.body[name], dict)


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_texts_that_broke_others(
    client: FlaskClient, db: Database, who: dict[str, dict[str, str]], door: WriteDoor
) -> None:
    """Through the text fields by turns: taken or refused, in JSON, with the fault at that field."""
    taken_or_refused(client, db, who, door, list(zip(cycle(door.texts), STRINGS, strict=False)))


@pytest.mark.nightly
@pytest.mark.parametrize("door", DOORS, ids=str)
def test_each_text_that_broke_others_in_each_field(
    client: FlaskClient, db: Database, who: dict[str, dict[str, str]], door: WriteDoor
) -> None:
    taken_or_refused(client, db, who, door, [(at, text) for at in door.texts for text in STRINGS])


def taken_or_refused(
    client: FlaskClient,
    db: Database,
    who: Mapping[str, dict[str, str]],
    door: WriteDoor,
    texts: Sequence[tuple[str, str]],
) -> None:
    before = stored(db)
    refused = 0
    for at, text in texts:
        answer = send(client, door, who, json.dumps(replaced(door.body, at, text)).encode(), JSON)
        if answer.status_code >= 400:
            refused += 1
            assert_problem(answer, 404, 422)
        else:
            assert answer.status_code in (200, 201, 202), (at, text, answer.text)

    assert (stored(db) == before) == (refused == len(texts))


def test_what_is_taken_comes_back_whole(client: FlaskClient, db: Database) -> None:
    """F20, F21, F23, F24, F36: kept as typed, in composed form, and shown as JSON says."""
    taken = 0
    for text in STRINGS:
        answer = client.post("/api/v1/comments", json=draft(text))
        if answer.status_code != 202:
            assert_problem(answer, 422)
            continue
        taken += 1
        own = client.get(
            f"/api/v1/comments/{answer.json['id']}", headers={"Parley-Receipt": answer.json["receipt"]}
        )
        lines = text.replace("\r\n", "\n").replace("\r", "\n")  # a line ends in one way
        assert own.json["body"] == unicodedata.normalize("NFC", lines).strip()

    assert taken >= len(STRINGS) - 5
    decide(db)
    shown = client.get("/api/v1/comments?site=demo&thread=a&limit=100")
    assert shown.status_code == 200
    assert json.loads(shown.data)["thread"]["count"] > 50


def test_texts_with_nothing_to_see_are_refused(client: FlaskClient, db: Database) -> None:
    before = stored(db)
    for at in ("/body", "/author/name", "/thread/key"):
        for text in BLANK:
            answer = client.post("/api/v1/comments", json=replaced(POST.body, at, text))
            assert answer.status_code == 422, (at, text)
            assert_problem(answer, 422)

    assert stored(db) == before


QUERY_VALUES = (
    "", "%20", "%00", "%ff", "%ed%a0%80", "-1", "0", "1e9", "999999999999999999999", "1.5", "1_0", "%D9%A3",
    "+1",
    "true", "null", "None", "[]", "{}", "%27%20OR%201=1--", "..%2f..%2f", "%3Cscript%3E",
    "javascript:alert(1)",
    "https://[", "https://user@x/", "%F0%9F%98%80", "%E2%80%AE", "x" * 3000, "%0d%0aSet-Cookie:%20a=b",
    "%25", "%",
    "019b76da-a800-7000-8000-00000000000g", NOWHERE, "demo", "other", "pending", "newest", "WzEsMiwzXQ",
)  # fmt: skip


def reading_doors(app: Flask) -> Iterator[tuple[str, list[str]]]:
    """Every door that is read by GET and declares a query, with the names of its parameters."""
    for rule in app.url_map.iter_rules():
        declared = getattr(app.view_functions[rule.endpoint], "door", None)
        if declared is not None and declared.query is not None and "GET" in (rule.methods or ()):
            path = rule.rule
            for name in rule.arguments:
                path = path.replace(f"<uuid:{name}>", NOWHERE)
            yield path, list(declared.query.fields)


def test_queries_that_are_not_meant(
    app: Flask, client: FlaskClient, db: Database, who: dict[str, dict[str, str]]
) -> None:
    """F31, F32: at every parameter of every door that is read."""
    fine = {"site": "demo", "thread": "a", "comment": NOWHERE}
    before, asked = stored(db), 0
    for path, names in reading_doors(app):
        base = {name: fine[name] for name in names if name in fine}
        for name in names:
            others = "&".join(f"{key}={value}" for key, value in base.items() if key != name)
            given = base.get(name, "1")
            rows = [f"{name}={value}" for value in QUERY_VALUES]
            rows += [
                f"{name}[]={given}",
                f"{name}[a]={given}",
                f"{name}%00={given}",
                f"{name}={given}&x={given}",
            ]
            rows += [f"{name}", f"{name}={given}%26{name}=x", f"{name}={given}&{name.upper()}={given}"]
            for row in rows:
                answer = client.get(f"{path}?{others}&{row}", headers=who["olga"])
                asked += 1
                if answer.status_code != 200:
                    assert_problem(answer, 404, 422)
            if name != "thread":
                twice = client.get(f"{path}?{others}&{name}={given}&{name}={given}", headers=who["olga"])
                assert_problem(twice, 404, 422)

    assert asked > 900
    assert stored(db) == before


BAD_IDS = (
    "1" * 22, "-1", "0", "%00", "%D9%A3", NOWHERE[:-1], NOWHERE + "0", NOWHERE + "%0a", NOWHERE + "%00",
    NOWHERE + ".json",
    NOWHERE.replace("-", ""), "{" + NOWHERE + "}", "..%2f..%2fetc%2fpasswd", "%2e%2e", "null", "%ff",
    "%F0%9F%98%80",
    "%27%20OR%20%271", NOWHERE[:-1] + "%D9%A3", "x" * 5000,
)  # fmt: skip


def test_ids_that_are_none(app: Flask, client: FlaskClient, who: dict[str, dict[str, str]]) -> None:
    """F26, F27: in every path that has one."""
    paths = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.arguments and rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert len(paths) >= 8
    for method, path in sorted(paths):
        start, end = path.index("<"), path.index(">")
        assert path[start:].startswith("<uuid:"), "an id in a path is a UUID"
        for bad in BAD_IDS:
            answer = client.open(path[:start] + bad + path[end + 1 :], method=method, headers=who["olga"])
            assert_problem(answer, 404)
        answer = client.open(
            path[:start] + NOWHERE.upper() + path[end + 1 :], method=method, headers=who["olga"]
        )
        assert_problem(answer, 404)


HEADER_VALUES = (
    "",
    " ",
    "\x80",
    "é",
    "x" * 8000,
    "%00",
    "a, b",
    '"',
    "\t",
    "{}",
    "😀".encode().decode("latin-1"),
    "=?utf-8?q?x?=",
)


# What these say may reach the database, so that they are tried on each kind; the others on one.
ASKED_FOR = (
    "Idempotency-Key", "Parley-Author", "Parley-Receipt", "If-None-Match", "Authorization", "X-CSRF-Token",
    "Cookie", "X-Forwarded-For",
)  # fmt: skip
READ_BY_THE_WEB = (
    "Accept", "Origin", "Host", "Range", "Content-Language", "X-HTTP-Method-Override", "Expect",
    "Accept-Encoding", "If-Modified-Since", "Sec-Fetch-Site",
)  # fmt: skip


def test_headers_with_odd_values(client: FlaskClient, db: Database, who: dict[str, dict[str, str]]) -> None:
    """F33, F34, in one process; sizes and repeats are `test_fuzz_http`'s."""
    made = post(client)
    for name in ASKED_FOR + READ_BY_THE_WEB * db.is_sqlite:
        for value in HEADER_VALUES:
            headers = {name: value}
            for answer in (
                client.post("/api/v1/comments", json=draft(f"{name} {value!r}"), headers=headers),
                client.get("/api/v1/comments?site=demo&thread=a", headers=headers),
                client.get(f"/api/v1/comments/{made['id']}", headers=headers),
                client.get("/api/v1/moderation/comments?site=demo", headers=who["mo"] | headers),
            ):
                if answer.status_code >= 400:
                    assert_problem(answer, 400, 401, 404, 422)


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_any_json_at_any_place(
    client: FlaskClient, db: Database, who: dict[str, dict[str, str]], door: WriteDoor
) -> None:
    @examples(max_examples=40, suppress_health_check=list(HealthCheck))
    @given(
        at=st.sampled_from([*door.texts, *door.numbers, *(f"/{name}" for name in door.body)]), value=anything
    )
    def try_one(at: str, value: Any) -> None:
        answer = send(client, door, who, json.dumps(replaced(door.body, at, value)).encode(), JSON)
        if answer.status_code >= 400:
            assert_problem(answer, 400, 404, 409, 422)

    try_one()
