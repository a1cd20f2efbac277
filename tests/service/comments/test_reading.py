"""Public reading: only what is approved, nested, page by page, and never stale.

Proves `service/storage/reading.py` too.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import update

from service.comments import reading
from service.comments.intake import Draft, Intake
from service.comments.reading import (
    HEAD_BYTES,
    MAX_PAGE_BYTES,
    PageCache,
    PageQuery,
    count_comments,
    read_page,
)
from service.domain.access import OPERATOR
from service.domain.comment import MAX_COMMENT_BYTES, MAX_COMMENT_GRAPHEMES
from service.domain.errors import Invalid, NotFound
from service.moderation import acting, deciding
from service.sites import sites
from service.storage.database import Database
from service.storage.tables import Comment
from service.web.fields import Text
from tests.fakes import MO, FakeClock, FakeScorer

KEY = b"k" * 32


class Talk:
    """One thread and its reader."""

    def __init__(self, db: Database) -> None:
        self.db, self.clock, self.cache = db, FakeClock(), PageCache()
        # The reader says much the same over and over; what is tried here is how it is read.
        sites.set_policy(db, OPERATOR, "demo", {"hold_repeats": False}, self.clock())

    def post(self, body: str, parent: str | None = None) -> str:
        draft = Draft("demo", "https://news.example/a", body, key="a", parent_id=parent)
        made = Intake(self.db, KEY).submit(draft, self.clock())
        deciding.drain(self.db, scorer=FakeScorer(), clock=self.clock)
        return made.id

    def act(self, comment_id: str, action: str, version: int) -> None:
        acting.act(self.db, MO, acting.Act(comment_id, action, version), self.clock())

    def page(self, **query: Any) -> dict[str, Any]:
        page = read_page(self.db, self.cache, PageQuery("demo", "a", **query))
        assert page.body is not None
        found: dict[str, Any] = orjson.loads(page.body)
        return found

    def bodies(self, **query: Any) -> list[str | None]:
        return [comment["body"] for comment in self.page(**query)["comments"]]


@pytest.fixture
def talk(db: Database) -> Talk:
    return Talk(db)


def test_a_page_nobody_wrote_on_is_empty_and_an_unknown_site_is_not_found(talk: Talk) -> None:
    assert (talk.page()["comments"], talk.page()["thread"]["count"]) == ([], 0)
    with pytest.raises(NotFound, match="nowhere"):
        read_page(talk.db, talk.cache, PageQuery("nowhere", "a"))


def test_only_approved_comments_are_shown_and_counted(talk: Talk) -> None:
    fine = talk.post("A fine remark.")
    talk.post("You vile thing.")

    page = talk.page()

    assert [comment["id"] for comment in page["comments"]] == [fine]
    assert page["thread"]["count"] == 1
    assert b"vile" not in orjson.dumps(page)


@pytest.mark.parametrize("sort", ["newest", "oldest", "top"])
def test_pages_show_every_comment_once_in_order(talk: Talk, sort: str) -> None:
    ids = [talk.post(f"Remark number {n} of many.") for n in range(7)]
    with talk.db.write() as connection:
        for rank, comment_id in enumerate(ids):
            connection.execute(update(Comment).where(Comment.id == comment_id).values(rank=rank // 3))

    seen, cursor = [], None
    while True:
        page = talk.page(sort=sort, limit=3, cursor=cursor)
        seen += [comment["id"] for comment in page["comments"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    expected = ids if sort == "oldest" else ids[::-1]
    assert seen == expected


def test_replies_hang_below_what_they_answer(talk: Talk) -> None:
    root = talk.post("The root of it all.")
    reply = talk.post("A reply to the root.", root)
    talk.post("An answer to the reply.", reply)

    (top,) = talk.page()["comments"]

    assert top["replies"][0]["body"] == "A reply to the root."
    assert top["replies"][0]["replies"][0]["body"] == "An answer to the reply."
    assert (top["reply_count"], talk.page()["thread"]["count"]) == (2, 3)


def test_a_chain_deeper_than_we_nest_keeps_every_reply(talk: Talk) -> None:
    last = talk.post("The root of it all.")
    for n in range(10):
        last = talk.post(f"Reply number {n} to the one above.", last)

    def count(found: list[dict[str, Any]]) -> tuple[int, int]:
        below = [count(comment["replies"]) for comment in found]
        depth = max((depth for _, depth in below), default=0)
        return len(found) + sum(total for total, _ in below), depth + bool(found)

    assert count(talk.page()["comments"]) == (11, 7)


def test_many_replies_come_in_parts(talk: Talk) -> None:
    root = talk.post("The root of it all.")
    ids = [talk.post(f"Reply number {n} to the root.", root) for n in range(25)]

    (top,) = talk.page()["comments"]
    rest = talk.page(parent=root, cursor=top["next_replies"], limit=3)
    last = talk.page(parent=root, cursor=rest["next_cursor"], limit=10)

    seen = [reply["id"] for reply in top["replies"] + rest["comments"] + last["comments"]]
    assert (seen, last["next_cursor"]) == (ids, None)


def test_what_does_not_fit_on_a_page_comes_on_the_next_one(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = []
    for n in range(4):
        ids.append(talk.post(f"Root number {n}. " + "Long, very long. " * 10))
        root = ids[-1]
        ids += [talk.post(f"Reply {m} to {n}. " + "Rather long. " * 20, root) for m in range(n)]
    monkeypatch.setattr(reading, "MAX_PAGE_BYTES", HEAD_BYTES + 2_500)
    monkeypatch.setattr(reading, "ROWS_AT_ONCE", 3)
    pages: list[dict[str, Any]] = []
    while not pages or pages[-1]["next_cursor"]:
        pages.append(talk.page(sort="oldest", cursor=pages[-1]["next_cursor"] if pages else None))

    shown = [one["id"] for page in pages for root in page["comments"] for one in [root, *root["replies"]]]
    assert shown == ids
    assert len(pages) > 1
    assert max(len(orjson.dumps(page["comments"])) for page in pages) <= 2_500


def test_replies_that_do_not_fit_on_their_page_come_on_the_next_one(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = talk.post("The root of it all.")
    ids = [talk.post(f"Reply {n}. " + "Rather long. " * 20, root) for n in range(5)]
    monkeypatch.setattr(reading, "MAX_PAGE_BYTES", HEAD_BYTES + 1_300)
    pages: list[dict[str, Any]] = []
    while not pages or pages[-1]["next_cursor"]:
        pages.append(talk.page(parent=root, cursor=pages[-1]["next_cursor"] if pages else None))

    assert [[reply["id"] for reply in page["comments"]] for page in pages] == [ids[:2], ids[2:4], ids[4:]]


def test_the_longest_comment_fits_on_a_page_with_as_many_of_the_longest_replies() -> None:
    """A control character takes six bytes in JSON; one sign to a reader may have any number of joiners."""
    joined = "a" + "\u200d" * ((MAX_COMMENT_BYTES - MAX_COMMENT_GRAPHEMES) // 3)
    body = "\x01" * (MAX_COMMENT_GRAPHEMES - 1) + joined
    kept = Text(max_graphemes=MAX_COMMENT_GRAPHEMES, max_bytes=MAX_COMMENT_BYTES).deserialize(body)
    some_id, moment = str(UUID(int=1)), FakeClock()()
    row: Any = (some_id, some_id, some_id, '"' * 60, kept, "approved", moment, moment, 20, 0)
    one = len(orjson.dumps(reading.public_comment(row))) + 1

    assert one > 40_000
    assert one * (1 + reading.REPLIES) + HEAD_BYTES <= MAX_PAGE_BYTES <= 1_000_000


def test_replies_are_found_on_their_own_page_alone(talk: Talk) -> None:
    root = talk.post("The root of it all.")
    reply = talk.post("A reply to the root.", root)
    elsewhere = Draft("demo", "https://news.example/b", "Another page.", key="b")
    Intake(talk.db, KEY).submit(elsewhere, talk.clock())

    foreign = read_page(talk.db, talk.cache, PageQuery("demo", "b", parent=root))
    own = talk.bodies(parent=root)
    talk.act(reply, "reject", 2)

    assert foreign.body is not None
    assert orjson.loads(foreign.body)["comments"] == []
    assert (own, talk.bodies(parent=root)) == (["A reply to the root."], [])


def test_a_rejected_comment_leaves_its_place_to_its_replies_and_nothing_of_its_text(talk: Talk) -> None:
    root = talk.post("The root of it all.")
    talk.post("A reply to the root.", root)
    talk.page()
    talk.act(root, "reject", 2)

    (top,) = talk.page()["comments"]

    assert (top["status"], top["body"], top["author"]) == ("removed", None, None)
    assert top["replies"][0]["body"] == "A reply to the root."


def test_a_rejected_comment_without_replies_is_gone_at_once(talk: Talk) -> None:
    fine = talk.post("A fine remark.")
    before = read_page(talk.db, talk.cache, PageQuery("demo", "a"))
    talk.act(fine, "reject", 2)

    after = read_page(talk.db, talk.cache, PageQuery("demo", "a"), before.etag)

    assert after.body is not None
    assert orjson.loads(after.body)["comments"] == []


def test_a_page_that_did_not_change_is_not_sent_again(talk: Talk) -> None:
    talk.post("A fine remark.")
    first = read_page(talk.db, talk.cache, PageQuery("demo", "a"))
    talk.post("You vile thing.")

    again = read_page(talk.db, talk.cache, PageQuery("demo", "a"), f'W/{first.etag}, "other"')

    assert again.body is None


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "",
        "bm90IGpzb24",
        "WyJuZXdlc3QiLDAsIngiXQ",
        "WyJ0b3AiLDAsMV0",
        "ü",
        "W10",
        "bnVsbA",
        "W1tdLFtdLFtdXQ",
    ],
)
def test_a_forged_cursor_is_refused(talk: Talk, cursor: str) -> None:
    with pytest.raises(Invalid, match="/cursor"):
        talk.page(cursor=cursor)


def test_counts_come_under_the_names_that_were_asked_for(talk: Talk) -> None:
    talk.post("A fine remark.")

    assert count_comments(talk.db, "demo", ["a", "b"]) == {"a": 1, "b": 0}


def test_the_cache_forgets_what_was_used_least(talk: Talk) -> None:
    cache = PageCache(max_bytes=10)
    cache.put("a", b"12345")
    cache.put("b", b"12345")
    cache.get("a")
    cache.put("c", b"12345")

    assert [cache.get(key) for key in "abc"] == [b"12345", None, b"12345"]
