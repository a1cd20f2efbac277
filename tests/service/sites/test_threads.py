"""Closing threads, and having people read what is posted there first.

Proves `service/storage/threads.py` too.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import update

from service.comments.reading import count_comments
from service.domain.access import OPERATOR
from service.domain.addresses import Spelling
from service.domain.errors import Invalid, NotFound, ThreadClosed
from service.sites import sites, threads
from service.storage.database import Database
from service.storage.tables import Thread
from service.storage.threads import lock, make
from tests.fakes import FakeClock
from tests.service.moderation.test_deciding import drain, look, post

URL = "https://news.example/b"
CHANGES: list[Callable[[Database, str, str], object]] = [
    lambda db, site, key: threads.close(db, OPERATOR, site, key, FakeClock()()),
    lambda db, site, key: threads.reopen(db, OPERATOR, site, key, FakeClock()()),
    lambda db, site, key: threads.premoderate(db, OPERATOR, site, key, FakeClock()()),
    lambda db, site, key: threads.premoderate(db, OPERATOR, site, key, FakeClock()(), on=False),
]


def version(db: Database, key: str = "a") -> int:
    with db.write() as connection:
        found = lock(connection, "demo", key)
    assert found is not None
    return found.version


def test_a_closed_thread_takes_no_comments_until_it_is_reopened(db: Database) -> None:
    clock = FakeClock()
    post(db, clock, "A fine remark.")

    threads.close(db, OPERATOR, "demo", "a", clock())

    with pytest.raises(ThreadClosed):
        post(db, clock, "Too late.")
    threads.reopen(db, OPERATOR, "demo", "a", clock())
    assert post(db, clock, "In time.")


def test_a_premoderated_thread_publishes_nothing_by_itself(db: Database) -> None:
    clock = FakeClock()
    before = post(db, clock, "A fine remark.")
    threads.premoderate(db, OPERATOR, "demo", "a", clock())
    drain(db, clock)
    threads.premoderate(db, OPERATOR, "demo", "a", clock(), on=False)
    after = post(db, clock, "Another fine remark.")
    drain(db, clock)

    assert [look(db, one).status for one in (before, after)] == ["pending", "approved"]


def test_every_change_is_a_new_version_so_that_caches_notice_and_what_changes_nothing_is_none(
    db: Database,
) -> None:
    clock = FakeClock()
    post(db, clock, "A fine remark.")
    seen = [version(db)]
    for _ in range(2):
        threads.close(db, OPERATOR, "demo", "a", clock())
        seen.append(version(db))
    closed_at = threads.list_threads(db, OPERATOR, "demo")[0].closed_at
    for change in (CHANGES[1], CHANGES[2], CHANGES[2], CHANGES[3]):
        change(db, "demo", "a")
        seen.append(version(db))

    assert [number - seen[0] for number in seen] == [0, 1, 1, 2, 3, 3, 4]
    assert closed_at is not None
    assert threads.list_threads(db, OPERATOR, "demo")[0].closed_at is None


def test_a_thread_is_found_by_the_address_of_its_page(db: Database) -> None:
    clock = FakeClock()
    post(db, clock, "A fine remark.", thread=URL)

    threads.close(db, OPERATOR, "demo", f"{URL}?utm_source=x#top", clock())

    assert threads.list_threads(db, OPERATOR, "demo")[0].closed_at is not None


@pytest.mark.parametrize("change", [CHANGES[1], CHANGES[3]])
def test_an_unknown_thread_or_one_of_another_site_is_not_found(
    db: Database, change: Callable[[Database, str, str], object]
) -> None:
    post(db, FakeClock(), "A fine remark.")

    for site, key in (("demo", "none"), ("other", "a"), ("nowhere", "a")):
        with pytest.raises(NotFound, match=f"no thread '{key}'"):
            change(db, site, key)


@pytest.mark.parametrize("key", ["b", "https://news.example/b/?utm_source=x"])
def test_a_page_is_closed_before_anybody_comments_there(db: Database, key: str) -> None:
    clock = FakeClock()
    made = threads.close(db, OPERATOR, "demo", key, clock())

    with pytest.raises(ThreadClosed):
        post(db, clock, "First!", thread=key)
    assert made.title is None
    assert made.url == (None if key == "b" else "https://news.example/b/")
    with pytest.raises(NotFound):
        threads.close(db, OPERATOR, "nowhere", key, clock())


def test_a_page_is_read_first_from_its_first_comment_on(db: Database) -> None:
    clock = FakeClock()
    threads.premoderate(db, OPERATOR, "demo", "b", clock())
    first = post(db, clock, "A fine remark.", thread="b")
    drain(db, clock)

    assert look(db, first).status == "pending"


def test_no_thread_is_made_for_a_word_that_says_nothing(db: Database) -> None:
    with pytest.raises(Invalid, match="all pages would share one"):
        threads.close(db, OPERATOR, "demo", "undefined", FakeClock()())


OLD = "http://www.news.example/a/"


def old_thread(db: Database, key: str, count: int = 0) -> None:
    """Make a thread as an earlier release did, under its own spelling."""
    with db.write() as connection:
        made = make(connection, "demo", key, key, None, FakeClock()())
        connection.execute(update(Thread).where(Thread.id == made.id).values(approved_count=count))


def test_threads_of_earlier_releases_are_found_as_before_and_get_the_key_of_now(db: Database) -> None:
    old_thread(db, OLD, 3)
    assert count_comments(db, "demo", [OLD]) == {OLD: 3}

    threads.respell(db)

    asked = [OLD, "https://news.example/a", "http://news.example/a/index.html"]
    assert count_comments(db, "demo", asked) == dict.fromkeys(asked, 3)
    assert [found.key for found in threads.list_threads(db, OPERATOR, "demo")] == ["https://news.example/a"]


def test_of_threads_that_would_be_one_the_longest_gets_the_key_and_none_is_lost(db: Database) -> None:
    old_thread(db, OLD, 1)
    old_thread(db, "http://news.example/a", 5)
    threads.respell(db)

    assert count_comments(db, "demo", ["https://news.example/a", OLD]) == {
        "https://news.example/a": 5,
        OLD: 1,
    }
    threads.close(db, OPERATOR, "demo", OLD, FakeClock()())
    assert [
        one.closed_at is None for one in threads.list_threads(db, OPERATOR, "demo") if one.key == OLD
    ] == [False]


def test_a_site_that_holds_the_slash_apart_has_two_threads(db: Database) -> None:
    clock = FakeClock()
    sites.set_spelling(db, OPERATOR, "demo", Spelling(slash_apart=True), clock())
    for url in (URL, f"{URL}/"):
        post(db, clock, f"A fine remark on {url}.", thread=url)

    assert {found.key for found in threads.list_threads(db, OPERATOR, "demo")} == {URL, f"{URL}/"}


def test_threads_are_listed_by_site_the_newest_first(db: Database) -> None:
    clock = FakeClock()
    for thread in ("a", "b"):
        post(db, clock, "A fine remark.", thread=thread)

    assert [found.key for found in threads.list_threads(db, OPERATOR, "demo")] == ["b", "a"]
    assert threads.list_threads(db, OPERATOR, "other") == []
    with pytest.raises(NotFound, match="no site"):
        threads.list_threads(db, OPERATOR, "nowhere")
