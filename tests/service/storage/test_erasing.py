"""What was taken back is gone: from every table, every answer, every event still to be sent, and the files.

Proves `service/comments/own.py` too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.event import listen
from standardwebhooks import Webhook

from service.comments import own
from service.comments.intake import Draft, Intake, Receipt
from service.context import utcnow
from service.domain import days
from service.domain.access import OPERATOR
from service.domain.comment import Status
from service.domain.days import KeptFor
from service.moderation import acting, deciding
from service.outbound import Answer
from service.sites import sites
from service.storage import migrate
from service.storage.database import Database
from service.storage.erasing import hold_old
from service.storage.tables import Attempt, Base, Comment
from service.upkeep.audit import verify
from service.upkeep.retention import tidy
from service.webhooks import log, sending
from tests.fakes import MO, FakeClock, FakeScorer
from tests.service.api import parts
from tests.service.webhooks.test_endpoints import KEY, add, relay_all

WORDS, NAME = "zebrafinch-quartz-1207", "Ocelot Amberfield"


def post(db: Database, clock: FakeClock, body: str = WORDS, **more: Any) -> Receipt:
    draft = Draft("demo", "https://news.example/a", body, key="a", author_name=NAME, **more)
    return Intake(db, KEY).submit(draft, clock())


def decide(db: Database, clock: FakeClock) -> None:
    deciding.drain(db, scorer=FakeScorer(), clock=clock)


def take_back(db: Database, clock: FakeClock, made: Receipt) -> None:
    own.withdraw(db, made.id, made.receipt, secret_key=KEY, now=clock())


def where(db: Database, *planted: str) -> list[str]:
    """Return which tables hold one of some texts in any column."""
    with db.read() as connection:
        return [
            table.name
            for table in Base.metadata.sorted_tables
            if any(one in str(tuple(row)) for row in connection.execute(select(table)) for one in planted)
        ]


def send(db: Database, clock: FakeClock, endpoint: str, status: int = 204) -> list[tuple[str, bytes]]:
    """Relay and send all that is due now; the receiver repeats what it was sent."""
    sent: list[tuple[str, bytes]] = []

    def receive(_url: str, body: bytes, headers: Any) -> Answer:
        sent.append((headers["webhook-id"], body))
        return Answer(status, body.decode())

    relay_all(db, clock)
    while sending.deliver(db, endpoint, send=receive, clock=clock, chance=lambda: 0.5):
        pass
    return sent


@pytest.mark.parametrize("status", ["received", "pending", "approved", "rejected"])
def test_no_table_has_what_was_taken_back_wherever_it_stood(db: Database, status: str) -> None:
    clock = FakeClock()
    endpoint = add(db, clock)
    made = post(db, clock, f"vile {WORDS}" if status in ("pending", "rejected") else WORDS)
    if status != "received":
        decide(db, clock)
    if status == "rejected":
        acting.act(db, MO, acting.Act(made.id, "reject", 2), clock())
    send(db, clock, endpoint.id)
    assert where(db, WORDS) == where(db, NAME) == ["events", "comments", "attempts"]

    take_back(db, clock, made)

    assert where(db, WORDS, NAME) == []
    assert verify(db) == (1, [])
    with db.read() as connection:
        kept = connection.execute(select(Comment.status, Comment.body, Comment.text_hash, Comment.spans))
        assert tuple(kept.one()) == ("deleted", "", None, None)


def test_what_is_still_to_be_sent_goes_out_without_the_words_signed_and_in_order(db: Database) -> None:
    clock = FakeClock(utcnow())
    endpoint = add(db, clock)
    made = post(db, clock)
    tried = send(db, clock, endpoint.id, status=503)
    decide(db, clock)
    take_back(db, clock, made)
    clock.forward(seconds=10)
    posted: list[tuple[dict[str, str], bytes]] = []

    def receive(_url: str, body: bytes, headers: Any) -> Answer:
        posted.append((dict(headers), body))
        return Answer(204)

    relay_all(db, clock)
    while sending.deliver(db, endpoint.id, send=receive, clock=clock, chance=lambda: 0.5):
        pass

    events = [Webhook(endpoint.secret).verify(body, headers) for headers, body in posted]
    assert WORDS in tried[0][1].decode()
    assert posted[0][0]["webhook-id"] == tried[0][0]
    assert [one["type"] for one in events] == ["comment.received", "comment.approved", "comment.deleted"]
    assert [one["data"]["sequence"] for one in events] == [1, 2, 3]
    assert [(one["data"]["body"], one["data"]["author"]) for one in events] == [(None, {"name": None})] * 3
    assert {one["data"]["id"] for one in events} == {made.id}
    assert events[1]["data"]["decision"]["outcome"] == "approve"


def test_the_log_to_pull_keeps_its_events_and_none_of_the_words(db: Database) -> None:
    clock = FakeClock()
    endpoint = add(db, clock)
    made, other = post(db, clock), post(db, clock, "Another fine remark.")
    decide(db, clock)
    send(db, clock, endpoint.id)
    before = log.events_after(db, OPERATOR, "demo", 0, 100).events

    take_back(db, clock, made)
    send(db, clock, endpoint.id)

    after = log.events_after(db, OPERATOR, "demo", 0, 100).events
    assert [one.id for one in after[: len(before)]] == [one.id for one in before]
    assert [one.type for one in after].count("comment.deleted") == 1
    assert WORDS not in str(after)
    told = [one.data["body"] for one in after if one.data["id"] == other.id]
    assert told == ["Another fine remark."] * 2, "others keep theirs"


def test_a_delivery_that_is_sent_again_has_no_words(db: Database) -> None:
    clock = FakeClock()
    endpoint = add(db, clock)
    made = post(db, clock)
    first = send(db, clock, endpoint.id)
    take_back(db, clock, made)
    (delivery,) = log.list_deliveries(db, OPERATOR, endpoint.id).deliveries

    log.replay(db, OPERATOR, delivery.id, clock())

    again = send(db, clock, endpoint.id)
    assert again[0][0] == first[0][0]
    assert WORDS not in str(again)


def test_an_answer_that_comes_after_the_words_were_taken_back_is_not_kept(db: Database) -> None:
    clock = FakeClock()
    endpoint = add(db, clock)
    made = post(db, clock)
    post(db, clock, "Another fine remark.")
    relay_all(db, clock)

    def receive(_url: str, body: bytes, _headers: Any) -> Answer:
        if made.id in body.decode():
            take_back(db, clock, made)
        return Answer(500, body.decode())

    sending.deliver(db, endpoint.id, send=receive, clock=clock, chance=lambda: 0.5)

    assert where(db, NAME) == ["events", "comments", "attempts"], "the other one's"
    assert where(db, WORDS) == []
    with db.read() as connection:
        answers = list(connection.scalars(select(Attempt.answer).order_by(Attempt.answer.is_(None))))
    assert len(answers) == 2
    assert "Another fine remark." in answers[0]
    assert answers[1] is None


def test_no_door_shows_what_was_taken_back(client: FlaskClient, db: Database) -> None:
    hired = {name: parts.bearer(parts.hire(db, name, parts.STAFF[name])) for name in ("mo", "olga")}
    client.set_cookie("parley_session", parts.begin_session(db, "mo"))
    parent = parts.post(client, WORDS, author={"name": NAME})
    parts.decide(db)
    reply = parts.post(client, "You vile thing.", parent_id=parent["id"])
    approved = parts.post(client, "A fine answer.", parent_id=parent["id"])
    parts.decide(db)
    mine = {"Parley-Receipt": parent["receipt"]}
    assert client.delete(f"/api/v1/comments/{parent['id']}", headers=mine).status_code == 204
    relay_all(db, utcnow)

    looked = {
        place: client.get(place, headers=headers)
        for place, headers in (
            (f"/api/v1/comments/{parent['id']}", mine),
            ("/api/v1/moderation/comments?site=demo&status=deleted", hired["mo"]),
            (f"/api/v1/moderation/audit?comment={parent['id']}", hired["mo"]),
            ("/api/v1/events?site=demo", hired["olga"]),
            ("/api/v1/comments?site=demo&thread=a", {}),
            (f"/api/v1/comments?site=demo&thread=a&parent={parent['id']}", {}),
            ("/review/", {}),
            (f"/review/comments/{parent['id']}", {}),
            (f"/review/comments/{reply['id']}", {}),
        )
    }
    for place, answer in looked.items():
        assert answer.status_code == 200, place
        assert WORDS not in answer.text, place
        assert NAME not in answer.text, place
    own_view, listed = (looked[place].json for place in list(looked)[:2])
    assert (own_view["status"], own_view["body"], own_view["author"]) == ("deleted", None, {"name": None})
    assert [(one["body"], one["author"]) for one in listed["comments"]] == [(None, {"name": None})]
    assert "no longer kept" in looked[f"/review/comments/{parent['id']}"].text
    assert approved["id"] in looked["/api/v1/comments?site=demo&thread=a"].text
    stale = {"comment_id": parent["id"], "action": "reject", "version": 2}
    late = client.post("/api/v1/moderation/actions", json=stale, headers=hired["mo"])
    assert late.status_code == 409
    assert WORDS not in late.text


def test_a_comment_that_is_taken_back_while_it_is_read_gets_no_words_again(db: Database) -> None:
    clock = FakeClock()
    made = post(db, clock, f"vile {WORDS}")

    class Slow(FakeScorer):
        def read(self, *texts: Any, **more: Any) -> Any:
            take_back(db, clock, made)
            return super().read(*texts, **more)

    deciding.drain(db, scorer=Slow(), clock=clock)

    assert where(db, WORDS, NAME) == []


def test_the_author_who_posts_the_same_again_repeats_nothing(db: Database) -> None:
    clock = FakeClock()
    for _ in range(2):
        made = post(db, clock, author_token="a" * 30)
        decide(db, clock)
        with db.read() as connection:
            stands = connection.scalar(select(Comment.status).where(Comment.id == made.id))
        assert stands == "approved"
        take_back(db, clock, made)


def test_the_files_of_sqlite_have_nothing_of_it_once_upkeep_came_by(tmp_path: Path) -> None:
    clock = FakeClock()
    db = Database(f"sqlite:///{tmp_path / 'own.db'}")
    migrate.upgrade(db)
    sites.add_site(db, "demo", "Demo", now=clock())
    made = []
    for number in range(120):
        made.append(post(db, clock, f"{WORDS} {number} {'so much to say. ' * (number % 90)}"))
        if number % 7 == 0:
            decide(db, clock)
    for one in made[::-1]:
        take_back(db, clock, one)
        decide(db, clock)
    while tidy(db, clock(), KeptFor({days.SUGGESTIONS: 1, days.REJECTED: 1})):
        pass

    for path in tmp_path.iterdir():  # the gaps between rows and the write-ahead log included
        found = path.read_bytes()
        assert WORDS.encode() not in found, path
        assert NAME.encode() not in found, path
    db.close()


def test_upkeep_finds_what_is_to_be_erased_by_an_index(sqlite_database: Database) -> None:
    asked: list[str] = []
    with sqlite_database.read() as connection:
        listen(connection, "before_cursor_execute", lambda *call: asked.append(call[2]))
        hold_old(connection, Status.REJECTED, utcnow(), 10)
        plans = [
            connection.execute(text("EXPLAIN QUERY PLAN " + asked[0].replace("?", "1"))).all(),
            connection.execute(text("EXPLAIN QUERY PLAN SELECT 1 FROM events WHERE subject_id = 'a'")).all(),
        ]

    assert "ix_comments_to_erase" in str(plans[0])
    assert "ix_events_subject_id" in str(plans[1])
