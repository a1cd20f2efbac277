"""What a post says of its page is a stranger's choice: judged, held, not public before its comment is.

Proves `service/domain/page_words.py` too.
"""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from service.comments import own
from service.comments.intake import Draft, Intake
from service.domain.access import OPERATOR
from service.domain.ids import receipt_for
from service.moderation import deciding
from service.sites import sites
from service.storage.database import Database
from service.storage.tables import Comment, Event
from tests.fakes import FakeClock, FakeScorer
from tests.service.api.test_pages import read
from tests.service.moderation.test_deciding import KEY, act, drain, look

SITE = "https://news.example"


def post(
    db: Database,
    clock: FakeClock,
    body: str = "A fine remark.",
    url: str = f"{SITE}/a",
    origin: str | None = None,
    **more: Any,
) -> str:
    return Intake(db, KEY).submit(Draft("demo", url, body, origin=origin, **more), clock()).id


def held_for(db: Database, comment_id: str) -> set[tuple[str, str | None]]:
    found = look(db, comment_id)
    return {(one["code"], one.get("field")) for one in found.reasons or () if found.status != "approved"}


@pytest.mark.parametrize(("title", "code"), [
    ("You vile thing", "score"), ("BUY CHEAP VIAGRA www.spam.example", "links"),
    ("Lord Voldemort", "banned-word"),
    ("Some shill", "suspect-word"), ("Write to me on WhatsApp +44 7700 900123", "contact"),
    ("casino-royal.example", "links"), ("Mоderаtor news", "disguised-name"), ("bit.ly/xyz", "links"),
])  # fmt: skip
@pytest.mark.parametrize("origins", [None, [SITE]])
def test_a_title_holds_the_post_that_brings_it_and_says_so(
    db: Database, title: str, code: str, origins: list[str] | None
) -> None:
    clock = FakeClock()
    sites.set_policy(
        db, OPERATOR, "demo", {"banned_words": ["voldemort"], "suspect_words": ["shill"]}, clock()
    )
    if origins:
        sites.set_origins(db, OPERATOR, "demo", origins, None, clock())
    found = post(db, clock, title=title, origin=SITE if origins else None)
    drain(db, clock)

    assert look(db, found).status == "pending"  # never refused: readers do not choose titles
    assert (code, "title") in held_for(db, found)
    assert all("title" in reason["text"] for reason in look(db, found).reasons)
    told = own.look_at_own(db, found, receipt_for(KEY, found), secret_key=KEY).comment
    assert told.thread_title is None


def test_nobody_reads_a_title_before_its_comment_is_public(client: FlaskClient, db: Database) -> None:
    clock = FakeClock()
    vile = post(db, clock, title="You vile thing", key="k")
    fine = post(db, clock, "Another remark, by somebody else.", key="k")
    drain(db, clock)

    thread = read(client, "k")["thread"]
    with db.read() as connection:
        events = connection.execute(select(Event.payload)).scalars().all()
    assert (look(db, fine).status, thread["title"], thread["url"]) == ("approved", None, f"{SITE}/a")
    assert "vile" not in str(events)
    act(db, clock, vile, "approve", look(db, vile).version)
    assert read(client, "k")["thread"]["title"] == "You vile thing"
    with db.read() as connection:
        last = [
            orjson.loads(one) for one in connection.scalars(select(Event.payload).order_by(Event.position))
        ][-2:]
    assert [one["type"] for one in last] == ["thread.renamed", "comment.approved"]
    assert last[0]["data"]["title"] == last[1]["data"]["thread"]["title"] == "You vile thing"


def test_a_title_that_was_read_holds_nothing_any_more(db: Database) -> None:
    clock = FakeClock()
    first = post(db, clock, title="A vile affair")
    drain(db, clock)
    act(db, clock, first, "approve", look(db, first).version)
    second = post(db, clock, "Another remark.", title="A vile affair")
    drain(db, clock)

    assert look(db, second).status == "approved"


def test_a_refused_comment_names_nothing(client: FlaskClient, db: Database) -> None:
    clock = FakeClock()
    vile = post(db, clock, title="You vile thing", key="k")
    drain(db, clock)
    act(db, clock, vile, "reject", look(db, vile).version)

    assert read(client, "k")["thread"] | {"version": 0} == {
        "key": "k", "url": None, "title": None, "count": 0, "closed": False, "version": 0,
    }  # fmt: skip


@pytest.mark.parametrize(("page", "field", "code"), [
    ({"key": "you-vile-thing"}, "key", "score"), ({"key": "Buy at www.spam.example"}, "key", "links"),
    ({"key": "lord/voldemort"}, "key", "banned-word"),
    ({"url": f"{SITE}/you-%76ile-thing"}, "address", "score"),
    ({"url": "https://bit.ly/xyz", "key": "k"}, "address", "contact"),
    ({"url": f"{SITE}/x?q=voldemort"}, "address", "banned-word"),
    ({"url": "https://t.me/joinme", "key": "k"}, "address", "contact"),
])  # fmt: skip
def test_keys_and_addresses_that_nobody_vouches_for_are_judged(
    db: Database, page: dict[str, str], field: str, code: str
) -> None:
    clock = FakeClock()
    sites.set_policy(db, OPERATOR, "demo", {"banned_words": ["voldemort"]}, clock())
    found = post(db, clock, **page)
    drain(db, clock)

    assert look(db, found).status == "pending"
    assert (code, field) in held_for(db, found)


def test_an_address_that_a_page_of_the_site_vouches_for_is_its_own(db: Database) -> None:
    clock = FakeClock()
    sites.set_origins(db, OPERATOR, "demo", [SITE], None, clock())
    page = f"{SITE}/a-vile-affair"
    vouched = post(db, clock, url=page, origin=SITE)
    program = post(db, clock, "Another remark.", url=f"{page}-2")
    named = post(db, clock, "A third remark.", url=f"{SITE}/b", title="Bees | www.News.example", origin=SITE)
    drain(db, clock)

    assert [look(db, one).status for one in (vouched, program, named)] == ["approved", "pending", "approved"]


@pytest.mark.parametrize("title", ["The talks go on", "Bees – News", "Fête à Paris", "你好", "404", "?"])
def test_ordinary_titles_pass(client: FlaskClient, db: Database, title: str) -> None:
    clock = FakeClock()
    found = post(db, clock, title=title, key="article-1")
    drain(db, clock)

    assert look(db, found).status == "approved"
    assert read(client, "article-1")["thread"]["title"] == title


def test_an_older_page_that_is_approved_later_does_not_overrule_a_newer_one(
    client: FlaskClient, db: Database
) -> None:
    clock = FakeClock()
    sites.set_origins(db, OPERATOR, "demo", [SITE], None, clock())
    old = post(db, clock, "You vile thing.", title="Draft", key="k")
    new = post(db, clock, "A fine remark.", title="News", key="k")
    drain(db, clock)
    assert (look(db, new).status, read(client, "k")["thread"]["title"]) == ("approved", "News")
    act(db, clock, old, "approve", look(db, old).version)

    assert read(client, "k")["thread"]["title"] == "News"


def test_where_any_page_may_the_first_that_is_public_names_it(client: FlaskClient, db: Database) -> None:
    clock = FakeClock()
    post(db, clock, "A fine remark.", url=f"{SITE}/first", title="First", key="k")
    drain(db, clock)
    post(db, clock, "Another remark.", url="https://phish.example/login", title="Log in", key="k")
    drain(db, clock)

    thread = read(client, "k")["thread"]
    assert (thread["url"], thread["title"]) == (f"{SITE}/first", "First")


def test_what_waits_of_a_page_that_is_none_of_the_sites_any_more_is_forgotten(
    client: FlaskClient, db: Database
) -> None:
    clock = FakeClock()
    found = post(db, clock, "You vile thing.", url="https://phish.example/login", title="Log in", key="k")
    drain(db, clock)
    sites.set_origins(db, OPERATOR, "demo", [SITE], None, clock())
    act(db, clock, found, "approve", look(db, found).version)

    assert (read(client, "k")["thread"]["url"], read(client, "k")["thread"]["title"]) == (None, None)


def test_a_title_goes_with_the_comment_that_was_taken_back(db: Database) -> None:
    clock = FakeClock()
    found = post(db, clock, title="You vile thing", key="k")
    drain(db, clock)
    own.withdraw(db, found, receipt_for(KEY, found), secret_key=KEY, now=clock())

    with db.read() as connection:
        assert "vile" not in str(connection.execute(select(Comment)).all())


def test_a_title_is_scored_once_a_batch_and_one_that_is_known_is_not(db: Database) -> None:
    clock, scorer = FakeClock(), FakeScorer()
    for n in range(20):
        post(db, clock, f"Remark number {n} of many.", title="The talks")
    deciding.drain(db, scorer=scorer, clock=clock)
    for n in range(20):
        post(db, clock, f"Remark number {n} of even more.", title="The talks")
    deciding.drain(db, scorer=scorer, clock=clock)

    assert scorer.calls == [21, 20]
