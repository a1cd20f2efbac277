"""Closing threads, and having people read what is posted there first.

Proves `service/storage/threads.py` too.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from service.domain.access import OPERATOR
from service.domain.errors import NotFound, ThreadClosed
from service.sites import threads
from service.storage.database import Database
from service.storage.threads import lock
from tests.fakes import FakeClock
from tests.service.moderation.test_deciding import drain, look, post

URL = "https://news.example/b"
CHANGES: list[Callable[[Database, str, str], None]] = [
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


@pytest.mark.parametrize("change", CHANGES)
def test_an_unknown_thread_or_one_of_another_site_is_not_found(
    db: Database, change: Callable[[Database, str, str], None]
) -> None:
    post(db, FakeClock(), "A fine remark.")

    for site, key in (("demo", "none"), ("other", "a"), ("nowhere", "a")):
        with pytest.raises(NotFound, match=f"no thread '{key}'"):
            change(db, site, key)


def test_threads_are_listed_by_site_the_newest_first(db: Database) -> None:
    clock = FakeClock()
    for thread in ("a", "b"):
        post(db, clock, "A fine remark.", thread=thread)

    assert [found.key for found in threads.list_threads(db, OPERATOR, "demo")] == ["b", "a"]
    assert threads.list_threads(db, OPERATOR, "other") == []
    with pytest.raises(NotFound, match="no site"):
        threads.list_threads(db, OPERATOR, "nowhere")
