"""Intake: what is accepted is stored whole, once, and not public.

Proves `service/comments/own.py`, `service/domain/ids.py`, `service/domain/clock.py` and
`service/storage/comments.py` too.

Proves `service/comments/together.py` too.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select, update
from sqlalchemy.exc import IntegrityError

from service.comments import own
from service.comments.intake import Draft, Intake
from service.domain.audit import COMMENT, first_break
from service.domain.errors import IllegalMove, Invalid, KeyReused, NotFound, ThreadClosed, Unavailable
from service.domain.ids import author_id, fingerprint
from service.storage import audit
from service.storage import comments as queries
from service.storage.database import Database
from service.storage.tables import Comment, Event, IdempotencyKey, Thread
from tests.fakes import FakeClock

KEY = b"k" * 32
URL = "https://news.example/a?utm_source=x"


def draft(**changes: object) -> Draft:
    return Draft(**({"site": "demo", "url": URL, "body": "A fine remark."} | changes))  # type: ignore[arg-type]


def submit(db: Database, clock: FakeClock, key: str | None = None, /, **changes: object) -> str:
    return Intake(db, KEY).submit(draft(**changes, idempotency_key=key), clock()).id


def test_a_comment_is_stored_with_its_audit_row_and_its_event(db: Database) -> None:
    found = Intake(db, KEY).submit(draft(author_name="Ann"), FakeClock()())

    with db.read() as connection:
        comment = queries.find_comment(connection, found.id)
        rows = audit.entries(connection, COMMENT, [found.id])
        events = connection.execute(select(Event.type, Event.sequence, Event.subject_id)).all()
    assert comment is not None
    assert (found.status, comment.status, comment.author_name) == ("received", "received", "Ann")
    assert comment.thread_key == "https://news.example/a"
    assert [row.action for row in rows] == ["post"]
    assert first_break(rows, comment.audit_head) is None
    assert [tuple(event) for event in events] == [("comment.received", 1, found.id)]


def test_the_same_key_and_content_give_the_same_comment_and_receipt(db: Database) -> None:
    clock = FakeClock()

    sent = draft(idempotency_key="k1", author_token="a" * 30)

    once, again = (Intake(db, KEY).submit(sent, clock()) for _ in range(2))

    assert once == again
    assert once.receipt


@pytest.mark.parametrize("change", [
    {"body": "Something else."}, {"author_name": "Ann"}, {"url": "https://news.example/b"}, {"key": "b"},
])  # fmt: skip
def test_an_authors_key_with_other_content_is_refused(db: Database, change: dict[str, str]) -> None:
    clock = FakeClock()
    submit(db, clock, "k1", author_token="a" * 30)

    with pytest.raises(KeyReused, match="Use a new one"):
        submit(db, clock, "k1", author_token="a" * 30, **change)


@pytest.mark.parametrize("change", [
    {"title": "(1) A page"}, {"title": None}, {"url": "https://news.example/a?utm_source=y"},
    {"url": "https://news.example/a#comments"}, {"url": "HTTPS://NEWS.example:443/a?fbclid=1"},
    {"url": "https://news.example/a", "key": "https://news.example/a?gclid=2"},
])  # fmt: skip
@pytest.mark.parametrize("token", ["a" * 30, None])
def test_a_retry_gets_through_though_the_page_changed_by_itself(
    db: Database, change: dict[str, str], token: str | None
) -> None:
    clock = FakeClock()
    first = submit(db, clock, "k1", author_token=token, title="A page")

    assert submit(db, clock, "k1", **{"author_token": token, "title": "A page", **change}) == first


def test_a_page_with_a_key_of_its_own_may_move_between_two_tries(db: Database) -> None:
    clock = FakeClock()
    first = submit(db, clock, "k1", author_token="a" * 30, key="an-article")

    again = submit(
        db, clock, "k1", author_token="a" * 30, key="an-article", url="https://www.news.example/x?amp=1"
    )

    assert again == first


def test_a_key_without_an_author_gives_the_comment_and_no_receipt(db: Database) -> None:
    clock = FakeClock()
    first, stranger = (Intake(db, KEY).submit(draft(idempotency_key="1"), clock()) for _ in range(2))

    assert stranger.id == first.id
    assert first.receipt
    assert stranger.receipt is None


def test_many_at_once_under_one_anonymous_key_get_one_receipt_between_them(db: Database) -> None:
    clock, intake = FakeClock(), Intake(db, KEY)

    with ThreadPoolExecutor(8) as pool:
        sent = pool.map(lambda _: intake.submit(draft(idempotency_key="1"), clock()), range(16))
        found = list(sent)

    assert len({one.id for one in found}) == 1
    assert len([one for one in found if one.receipt]) == 1


def test_whoever_used_a_common_key_first_stands_in_nobodys_way(db: Database) -> None:
    clock = FakeClock()
    ids = {submit(db, clock, "1", body=f"Remark number {n}.") for n in range(5)}
    ids |= {submit(db, clock, "1", key=f"page-{n}") for n in range(5)}
    ids.add(submit(db, clock, "1", author_name="Ann"))

    assert len(ids) == 11


def test_a_retry_is_found_after_an_upgrade_and_after_its_page_was_closed(db: Database) -> None:
    clock = FakeClock()
    first = submit(db, clock, "k1", title="A page")
    of_old = repr(["demo", None, "k1"]), repr([URL, None, "A page", None, None, "A fine remark."])
    key, request = (fingerprint(one) for one in of_old)
    with db.write() as connection:  # as an earlier release kept it
        connection.execute(update(IdempotencyKey).values(key_hash=key, request_hash=request))
        connection.execute(update(Thread).values(closed_at=clock()))

    assert submit(db, clock, "k1", title="A page") == first


def test_anothers_key_gives_no_receipt_of_theirs(db: Database) -> None:
    clock = FakeClock()
    first = submit(db, clock, "k1", author_token="a" * 30)

    assert submit(db, clock, "k1", author_token="b" * 30) != first


def test_one_key_sent_by_many_at_once_makes_one_comment(db: Database) -> None:
    clock = FakeClock()

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: submit(db, clock, "k1"), range(16)))

    with db.read() as connection:
        stored = connection.execute(select(func.count()).select_from(Comment)).scalar_one()
    assert (len(ids), stored) == (1, 1)


def test_many_first_comments_at_once_make_one_thread(db: Database) -> None:
    clock = FakeClock()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: submit(db, clock, body=f"Remark number {n}."), range(16)))

    with db.read() as connection:
        assert connection.execute(select(func.count()).select_from(Thread)).scalar_one() == 1


def test_an_unknown_site_is_not_found(db: Database) -> None:
    with pytest.raises(NotFound, match="no site 'nowhere'"):
        submit(db, FakeClock(), site="nowhere")


def test_a_closed_thread_takes_no_comment(db: Database) -> None:
    clock = FakeClock()
    submit(db, clock)
    with db.write() as connection:
        connection.execute(update(Thread).values(closed_at=clock()))

    with pytest.raises(ThreadClosed, match="no more comments"):
        submit(db, clock)


@pytest.mark.parametrize("case", ["unpublished", "other thread", "unknown"])
def test_a_parent_must_be_a_published_comment_of_the_page(db: Database, case: str) -> None:
    clock = FakeClock()
    parent = submit(db, clock, url="https://news.example/b" if case == "other thread" else URL)
    if case == "other thread":
        with db.write() as connection:
            connection.execute(update(Comment).values(status="approved"))
    wanted = "019b76da-a800-7000-8000-000000000000" if case == "unknown" else parent

    with pytest.raises(Invalid, match="/parent_id"):
        submit(db, clock, parent_id=wanted)


def test_only_the_receipt_shows_a_hidden_comment(db: Database) -> None:
    made = Intake(db, KEY).submit(draft(), FakeClock()())

    assert own.look_at_own(db, made.id, made.receipt, secret_key=KEY).comment.status == "received"
    for receipt in (None, "", "wrong", "ü"):
        with pytest.raises(NotFound, match="receipt is not its own"):
            own.look_at_own(db, made.id, receipt, secret_key=KEY)


def test_an_author_can_take_a_comment_back_once(db: Database) -> None:
    clock = FakeClock()
    made = Intake(db, KEY).submit(draft(), clock())

    own.withdraw(db, made.id, made.receipt, secret_key=KEY, now=clock())

    assert own.look_at_own(db, made.id, made.receipt, secret_key=KEY).comment.status == "deleted"
    with pytest.raises(IllegalMove, match="is deleted"):
        own.withdraw(db, made.id, made.receipt, secret_key=KEY, now=clock())
    with pytest.raises(NotFound, match="receipt"):
        own.withdraw(db, made.id, "wrong", secret_key=KEY, now=clock())


def test_an_author_is_another_pseudonym_on_each_site() -> None:
    token = "t" * 30

    assert author_id("demo", token) != author_id("other", token)


def test_many_posts_at_once_share_transactions_and_each_gets_its_own_answer(db: Database) -> None:
    clock, intake = FakeClock(), Intake(db, KEY)

    def post(n: int) -> str:
        site = "nowhere" if n % 5 == 0 else "demo"
        try:
            return intake.submit(draft(body=f"Remark number {n}.", site=site), clock()).id
        except NotFound:
            return "refused"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(40)))

    with db.read() as connection:
        stored = dict(connection.execute(select(Comment.id, Comment.body)).all())
    assert [answer == "refused" for answer in answers] == [n % 5 == 0 for n in range(40)]
    assert {f"Remark number {n}." for n in range(40) if n % 5} == set(stored.values())
    assert all(stored[answers[n]] == f"Remark number {n}." for n in range(40) if n % 5)


class Unlucky(Database):
    """A database in which another process is always faster, and which then does not answer."""

    @contextmanager
    def write(self) -> Iterator[Connection]:
        raise IntegrityError("insert", {}, ValueError("taken"))
        yield

    @contextmanager
    def read(self) -> Iterator[Connection]:
        raise Unavailable("The database does not answer.")
        yield


def test_whatever_the_database_does_everybody_who_waits_gets_an_answer(tmp_path: Path) -> None:
    clock, intake = FakeClock(), Intake(Unlucky(f"sqlite:///{tmp_path / 'x.db'}"), KEY)

    def post(n: int) -> str:
        with pytest.raises(Unavailable) as caught:
            intake.submit(draft(body=f"Remark number {n}.", idempotency_key=str(n)), clock())
        return str(caught.value)

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(post, range(24)))

    assert answers == {"The database does not answer."}


def test_two_processes_that_meet_the_same_new_pages_in_another_order_do_not_wait_for_each_other(
    db: Database,
) -> None:
    clock, houses = FakeClock(), [Intake(db, KEY), Intake(db, KEY)]
    pages = [f"page-{n}" for n in range(30)]

    def post(n: int) -> str:
        page = pages[n // 2] if n % 2 else pages[-1 - n // 2]
        return houses[n % 2].submit(draft(key=page, body=f"Remark number {n}."), clock()).id

    with ThreadPoolExecutor(16) as pool:
        ids = set(pool.map(post, range(60)))

    assert len(ids) == 60
