"""Threads that are renamed, moved, merged and split, and put back as they were.

Proves `service/storage/thread_changes.py` too.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from service.comments.intake import Draft, Intake
from service.comments.reading import PageCache, PageQuery, count_comments, read_page
from service.domain.access import OPERATOR, Caller
from service.domain.audit import START
from service.domain.errors import Forbidden, IllegalMove, Invalid, NotFound, ParleyError, ThreadClosed
from service.domain.ids import new_id
from service.moderation import deciding
from service.sites import moving, sites, threads
from service.sites.moving import Change, Name
from service.storage.database import Database
from service.storage.tables import AuditRow, Comment, Event, Likeness, Thread, ThreadChangeComment
from service.upkeep import audit
from tests.fakes import FakeClock, FakeScorer
from tests.service.moderation.test_deciding import act, drain, look, post

CLOCK = FakeClock()
MODERATOR = Caller("token", "mo", {"demo": "moderator"})


def merge(db: Database, key: str, into: str, *, really: bool = True) -> Change:
    return moving.merge(db, OPERATOR, "demo", key, into, CLOCK(), really=really)


def rename(db: Database, key: str, to: str | None = None, title: str | None = None) -> Change:
    return moving.rename(db, OPERATOR, "demo", key, Name(title, to), CLOCK(), really=True)


def split(db: Database, key: str, into: str, *ids: str, really: bool = True) -> Change:
    return moving.split(db, OPERATOR, "demo", key, into, ids, CLOCK(), really=really)


def undo(db: Database, key: str, *, really: bool = True) -> Change:
    return moving.undo(db, OPERATOR, "demo", key, CLOCK(), really=really)


def page(db: Database, key: str) -> Any:
    import orjson

    return orjson.loads(read_page(db, PageCache(), PageQuery("demo", key)).body or b"")


def said(db: Database, key: str) -> list[Any]:
    """Return the talk of a thread: bodies, each with what is below it."""

    def of(comment: Any) -> Any:
        return (comment["body"], *map(of, comment["replies"])) if comment["replies"] else comment["body"]

    return sorted(map(of, page(db, key)["comments"]), key=str)


def talk(db: Database, clock: FakeClock, key: str) -> list[str]:
    """Post a comment, an answer, an answer to that, and another comment; publish all."""
    ids = [post(db, clock, f"The first on {key}.", thread=key)]
    drain(db, clock)
    for n in range(2):
        ids.append(post(db, clock, f"Answer {n} on {key}.", thread=key, parent_id=ids[-1]))
        drain(db, clock)
    ids.append(post(db, clock, f"The last on {key}.", thread=key))
    drain(db, clock)
    return ids


def state(db: Database) -> Any:
    """All that readers, hosts and moderators may tell apart, but versions."""
    with db.read() as connection:
        rows = connection.execute(
            select(
                Comment.id, Comment.thread_id, Comment.parent_id, Comment.root_id, Comment.rank,
                Comment.shown, Comment.reply_count, Comment.status,
            ).order_by(Comment.id)
        ).all()  # fmt: skip
        heads = connection.execute(
            select(Thread.id, Thread.key, Thread.url, Thread.title, Thread.approved_count, Thread.moved_to,
                   Thread.title_pinned, Thread.closed_at).order_by(Thread.id)
        ).all()  # fmt: skip
        near = connection.execute(select(Likeness.comment_id, Likeness.thread_id).distinct()).all()
    return [*map(tuple, rows)], [*map(tuple, heads)], sorted(map(tuple, near))


def told(db: Database) -> list[str]:
    with db.read() as connection:
        query = select(Event.type).where(Event.subject_kind == "thread").order_by(Event.position)
        return list(connection.scalars(query))


def test_a_merge_takes_all_comments_along_and_its_key_leads_there(db: Database) -> None:
    clock = FakeClock()
    talk(db, clock, "a")
    talk(db, clock, "b")
    done = merge(db, "a", "b")

    assert (done.comments, done.public) == (4, 4)
    assert page(db, "a")["thread"] == page(db, "b")["thread"]
    assert said(db, "a") == said(db, "b") == [
        ("The first on a.", ("Answer 0 on a.", "Answer 1 on a.")),
        ("The first on b.", ("Answer 0 on b.", "Answer 1 on b.")),
        "The last on a.", "The last on b.",
    ]  # fmt: skip
    assert count_comments(db, "demo", ["a", "b", "c"]) == {"a": 8, "b": 8, "c": 0}
    assert [one.key for one in threads.list_threads(db, OPERATOR, "demo")] == ["b"]
    assert told(db)[-1] == "thread.merged"
    assert audit.verify(db)[1] == []


def test_what_is_posted_by_the_old_key_stands_where_the_others_are(db: Database) -> None:
    clock = FakeClock()
    first = talk(db, clock, "a")[0]
    talk(db, clock, "b")
    merge(db, "a", "b")
    answer = post(db, clock, "An answer by the old key.", thread="a", parent_id=first)
    drain(db, clock)

    assert look(db, answer).thread_key == "b"
    assert page(db, "b")["thread"]["count"] == 9
    threads.close(db, OPERATOR, "demo", "a", clock())
    with pytest.raises(ThreadClosed):
        post(db, clock, "Too late.", thread="b")


def test_a_merge_is_taken_back_to_the_letter(db: Database) -> None:
    clock = FakeClock()
    for key in ("a", "b", "c"):
        talk(db, clock, key)
    merge(db, "c", "a")
    before = state(db)
    merge(db, "a", "b")
    assert count_comments(db, "demo", ["a", "b", "c"]) == {"a": 12, "b": 12, "c": 12}
    shown = undo(db, "a", really=False)
    assert (shown.comments, shown.is_undo, state(db) == before) == (8, True, False)
    undo(db, "a")

    assert state(db) == before
    assert count_comments(db, "demo", ["a", "b", "c"]) == {"a": 8, "b": 4, "c": 8}
    assert told(db)[-2:] == ["thread.merged", "thread.restored"]
    assert audit.verify(db)[1] == []


def test_answers_since_go_back_with_what_they_answer_and_the_rest_stays(db: Database) -> None:
    clock = FakeClock()
    first = talk(db, clock, "a")[0]
    talk(db, clock, "b")
    merge(db, "a", "b")
    post(db, clock, "Since then, an answer.", thread="b", parent_id=first)
    post(db, clock, "Since then, by the old key.", thread="a")
    drain(db, clock)
    undo(db, "b")

    assert ("The first on a.", ("Answer 0 on a.", "Answer 1 on a."), "Since then, an answer.") in said(
        db, "a"
    )
    assert "Since then, by the old key." in said(db, "b")
    assert count_comments(db, "demo", ["a", "b"]) == {"a": 5, "b": 5}


def test_a_preview_changes_nothing(db: Database) -> None:
    clock = FakeClock()
    ids = talk(db, clock, "a")
    talk(db, clock, "b")
    before, events = state(db), told(db)

    assert merge(db, "a", "b", really=False).comments == 4
    assert split(db, "a", "new", ids[0], really=False).comments == 3
    assert moving.rename(db, OPERATOR, "demo", "a", Name("T", "x"), CLOCK(), really=False).to == "x"
    assert (state(db), told(db)) == (before, events)


@pytest.mark.parametrize("is_closed", [True, False])
def test_the_thread_that_takes_says_whether_the_talk_goes_on(db: Database, is_closed: bool) -> None:
    clock = FakeClock()
    talk(db, clock, "a")
    talk(db, clock, "b")
    threads.close(db, OPERATOR, "demo", "b" if is_closed else "a", clock())

    assert merge(db, "a", "b").is_closed is is_closed
    if is_closed:
        with pytest.raises(ThreadClosed):
            post(db, clock, "Too late.", thread="a")
    else:
        assert post(db, clock, "In time.", thread="a")
    undo(db, "b")
    with pytest.raises(ThreadClosed):
        post(db, clock, "Too late.", thread="b" if is_closed else "a")


def test_what_cannot_be_is_refused_with_a_sentence(db: Database) -> None:
    clock = FakeClock()
    ids = talk(db, clock, "a")
    talk(db, clock, "b")
    merge(db, "a", "b")
    cases: list[tuple[Any, type[ParleyError], str]] = [
        (lambda: merge(db, "b", "b"), Invalid, "one thread already"),
        (lambda: merge(db, "a", "b"), Invalid, "one thread already"),
        (lambda: merge(db, "b", "a"), Invalid, "one thread already"),
        (lambda: merge(db, "b", "none"), NotFound, "no thread 'none'"),
        (lambda: split(db, "b", "a", ids[0]), Invalid, "one thread already"),
        (lambda: split(db, "b", "c", "nobody"), NotFound, "no comment 'nobody'"),
        (lambda: rename(db, "b", "null"), Invalid, "all pages would share"),
        (lambda: rename(db, "b", "k" * 301), Invalid, "300 bytes"),
        (lambda: rename(db, "b", title=" \u200f "), Invalid, "1 to 300"),
        (lambda: rename(db, "b"), Invalid, "called so already"),
        (lambda: moving.merge(db, OPERATOR, "other", "a", "b", CLOCK(), really=True), NotFound, "no thread"),
        (lambda: moving.merge(db, OPERATOR, "no", "a", "b", CLOCK(), really=True), NotFound, "no site 'no'"),
        (lambda: moving.undo(db, MODERATOR, "demo", "b", CLOCK(), really=True), Forbidden, "owner"),
    ]
    for refused, kind, words in cases:
        with pytest.raises(kind, match=words):
            refused()
    undo(db, "b")
    with pytest.raises(IllegalMove, match="nothing to take back"):
        undo(db, "b")


def test_a_page_that_moved_is_found_by_both_addresses_and_moves_back(db: Database) -> None:
    clock = FakeClock()
    old, new = "https://news.example/old", "https://news.example/new"
    post(db, clock, "A fine remark.", thread=old)
    drain(db, clock)
    before = state(db)
    rename(db, old, f"{new}/?utm_source=x")

    for key in (old, new, f"{old}#c"):
        assert (page(db, key)["thread"]["key"], page(db, key)["thread"]["url"]) == (new, f"{new}/")
    post(db, clock, "Another, on the old page.", thread=old)
    drain(db, clock)
    assert page(db, new)["thread"]["url"] == f"{new}/"  # who comes by an alias names nothing
    assert count_comments(db, "demo", [old, new]) == {old: 2, new: 2}
    rename(db, new, old)  # there and back again, and there: aliases are no cycle
    rename(db, old, new)
    assert page(db, old)["thread"]["key"] == new
    for _ in range(3):
        undo(db, new if page(db, new)["thread"]["count"] else old)
    assert [row[1:4] for row in state(db)[1]] == [row[1:4] for row in before[1]]
    assert page(db, new)["thread"]["count"] == 0


def test_a_key_of_another_thread_is_not_taken_nor_an_address_of_another_site(db: Database) -> None:
    clock = FakeClock()
    for key in ("a", "b"):
        post(db, clock, "A fine remark.", thread=key)
    with pytest.raises(Invalid, match="merge the two"):
        rename(db, "a", "b")
    sites.set_origins(db, OPERATOR, "demo", ["https://news.example"], None, clock())

    for change in (lambda to: rename(db, "a", to), lambda to: split(db, "a", to, "x")):
        with pytest.raises(Invalid, match="no page of the site"):
            change("https://evil.example/")


def test_a_title_that_was_given_stays_whatever_pages_say(db: Database) -> None:
    clock = FakeClock()
    post(db, clock, "A fine remark.", title="Draft")
    drain(db, clock)
    rename(db, "a", title="The  talks\u200f")
    post(db, clock, "Another fine remark.", title="(1) Draft")
    drain(db, clock)

    assert page(db, "a")["thread"]["title"] == "The talks"
    undo(db, "a")
    assert page(db, "a")["thread"]["title"] == "Draft"


def test_a_split_takes_comments_with_their_answers_and_back(db: Database) -> None:
    clock = FakeClock()
    ids = talk(db, clock, "a")
    before = state(db)
    done = split(db, "a", "c", ids[0])

    assert (done.comments, done.public, done.to) == (3, 3, "c")
    assert said(db, "a") == ["The last on a."]
    assert said(db, "c") == [("The first on a.", ("Answer 0 on a.", "Answer 1 on a."))]
    assert count_comments(db, "demo", ["a", "c"]) == {"a": 1, "c": 3}
    assert told(db)[-1] == "thread.split"
    undo(db, "c")
    assert state(db)[0] == before[0]
    assert count_comments(db, "demo", ["a", "c"]) == {"a": 4, "c": 0}


def test_an_answer_that_is_split_off_begins_a_talk_and_answers_since_come_back_too(db: Database) -> None:
    clock = FakeClock()
    first, answer, below, _ = talk(db, clock, "a")
    before = state(db)[0]
    split(db, "a", "c", answer, below)

    assert said(db, "c") == [("Answer 0 on a.", "Answer 1 on a.")]
    assert said(db, "a") == ["The first on a.", "The last on a."]
    since = post(db, clock, "Since then, an answer.", thread="c", parent_id=below)
    drain(db, clock)
    assert look(db, since).root_id == answer
    undo(db, "c")
    assert look(db, since).root_id == first
    assert said(db, "a")[0] == (
        "The first on a.", ("Answer 0 on a.", ("Answer 1 on a.", "Since then, an answer.")),
    )  # fmt: skip
    assert page(db, "a")["comments"][-1]["reply_count"] == 3
    act(db, clock, since, "reject", look(db, since).version)
    assert [row for row in state(db)[0] if row[0] != since] == before


def test_changes_are_taken_back_in_the_order_in_which_they_were_made(db: Database) -> None:
    clock = FakeClock()
    ids = talk(db, clock, "a")
    talk(db, clock, "b")
    before = state(db)[0]
    split(db, "a", "c", ids[0])
    merge(db, "c", "b")

    with pytest.raises(IllegalMove, match="the merge of 'b'"):
        undo(db, "a")
    undo(db, "b")
    undo(db, "a")
    assert state(db)[0] == before


def test_a_retry_after_the_merge_finds_its_comment(db: Database) -> None:
    clock = FakeClock()
    sent = Draft(
        "demo",
        "https://news.example/a",
        "A fine remark.",
        key="a",
        author_token="t" * 30,
        idempotency_key="k",
    )
    first = Intake(db, b"k" * 32).submit(sent, clock())
    post(db, clock, "Another.", thread="b")
    merge(db, "a", "b")

    assert Intake(db, b"k" * 32).submit(sent, clock()).id == first.id


def test_a_decision_that_was_under_way_counts_where_the_comment_is_now(db: Database) -> None:
    clock = FakeClock()
    late = post(db, clock, "A fine remark.", thread="a")
    post(db, clock, "You vile thing.", thread="b")

    class Slow(FakeScorer):
        def read(self, *args: Any, **kwargs: Any) -> Any:
            if self.calls == []:
                merge(db, "a", "b")
            return super().read(*args, **kwargs)

    deciding.drain(db, scorer=Slow(), clock=clock)

    assert (look(db, late).status, look(db, late).thread_key) == ("approved", "b")
    assert count_comments(db, "demo", ["a", "b"]) == {"a": 1, "b": 1}


def test_posts_and_decisions_during_merges_are_neither_lost_nor_miscounted(db: Database) -> None:
    clock = FakeClock()
    for key in ("a", "b"):
        post(db, clock, f"The first on {key}.", thread=key)

    def write(n: int) -> str:
        return post(db, clock, f"Remark number {n} of so many.", thread="ab"[n % 2])

    with ThreadPoolExecutor(6) as pool:
        sent = [pool.submit(write, n) for n in range(60)]
        for n in range(6):
            (merge(db, "a", "b") if n % 2 == 0 else undo(db, "b")) and drain(db, clock)
        ids = [one.result() for one in sent]
    while drain(db, clock):
        pass
    merge(db, "a", "b")

    assert len(set(ids)) == 60
    with db.read() as connection:
        places = connection.execute(select(Comment.thread_id, Comment.status).distinct()).all()
        alone = connection.scalars(select(Thread.id).where(Thread.moved_to.is_(None))).all()
    assert len(places) == len(alone) == 1
    assert count_comments(db, "demo", ["a"]) == {"a": 62}


def fill(db: Database, key: str, count: int) -> None:
    begin = datetime(2026, 1, 1, tzinfo=CLOCK.now.tzinfo)
    with db.write() as connection:
        thread = new_id(begin)
        connection.execute(insert(Thread), {
            "id": thread, "site_id": "demo", "key": key, "approved_count": count, "version": 1,
            "premoderate": False, "created_at": begin,
        })  # fmt: skip
        rows = [
            {"id": f"{n:08x}-0000-7000-8000-{hash(key) % 16**12:012x}", "site_id": "demo",
             "thread_id": thread, "body": "x", "status": "approved", "version": 1, "audit_head": START,
             "shown": True, "created_at": begin}
            for n in range(count)
        ]  # fmt: skip
        connection.execute(insert(Comment), rows)


def test_a_merge_of_many_is_a_handful_of_statements(db: Database) -> None:
    from sqlalchemy import event

    fill(db, "many", 2_000)
    fill(db, "few", 1)
    seen: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    done = merge(db, "many", "few")
    undo(db, "many")

    assert done.comments == 2_000
    assert len(seen) < 80
    assert count_comments(db, "demo", ["many", "few"]) == {"many": 2_000, "few": 1}
    with db.read() as connection:
        assert len(connection.scalars(select(ThreadChangeComment.comment_id)).all()) == 2_000


def test_each_change_leaves_an_audit_row_by_whoever_made_it(db: Database) -> None:
    clock = FakeClock()
    talk(db, clock, "a")
    talk(db, clock, "b")
    olga = Caller("token", "olga", {"demo": "owner"})
    moving.merge(db, olga, "demo", "a", "b", CLOCK(), really=True)

    with db.read() as connection:
        row = connection.execute(select(AuditRow).where(AuditRow.action == "merge")).one()
    assert (row.actor_kind, row.actor, row.detail["key"], row.detail["into"]["key"]) == (
        "moderator", "olga", "a", "b",
    )  # fmt: skip
    assert row.detail["comments"] == 4


def test_keys_of_merged_threads_are_spelt_anew_with_the_others(db: Database) -> None:
    clock = FakeClock()
    old, new = "http://www.news.example/old/", "http://www.news.example/new/"
    for key, body in ((old, "A fine remark."), (new, "Something else entirely.")):
        post(db, clock, body, thread=key.replace("http:", "https:"))
    drain(db, clock)
    with db.write() as connection:  # as an earlier release spelt them
        for spelt, now in ((old, "https://news.example/old"), (new, "https://news.example/new")):
            connection.execute(update(Thread).where(Thread.key == now).values(key=spelt))
    merge(db, old, new)
    threads.respell(db)

    asked = ["https://news.example/old", old, "https://news.example/new"]
    assert count_comments(db, "demo", asked) == dict.fromkeys(asked, 2)
