"""From received to decided: batches, leases, poison, repeats, people.

Proves `service/moderation/acting.py`, `service/moderation/evidence.py`, `service/moderation/history.py` and
`service/storage/ledger.py` too.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson
import pytest
from sqlalchemy import select, update

from service.comments import own
from service.comments.intake import Draft, Intake
from service.context import utcnow
from service.domain.access import OPERATOR, Caller
from service.domain.audit import COMMENT, first_break
from service.domain.errors import AlreadyDecided, IllegalMove, NotFound
from service.domain.pressure import Pressure
from service.domain.scores import ATTRIBUTES
from service.moderation import acting, deciding, history, queue
from service.moderation.marking import MOST, Marks
from service.settings import Settings
from service.sites import sites
from service.storage import audit
from service.storage import comments as queries
from service.storage.database import Database
from service.storage.records import CommentRow
from service.storage.tables import AuditRow, Comment, Event, Thread
from service.upkeep import health
from service.wiring import make_context
from tests.fakes import MO, FakeClock, FakeReading, FakeScorer

KEY = b"k" * 32


def post(db: Database, clock: FakeClock, body: str, thread: str = "a", **more: Any) -> str:
    page = thread if thread.startswith("https:") else f"https://news.example/{thread}"
    draft = Draft("demo", page, body, key=thread, **more)
    return Intake(db, KEY).submit(draft, clock()).id


def drain(db: Database, clock: FakeClock, scorer: FakeScorer | None = None, most: int = MOST) -> int:
    """Decide a batch, then mark words as a worker does when nothing else waits."""
    scorer, marks = scorer or FakeScorer(), Marks(most)
    count = deciding.drain(db, scorer=scorer, clock=clock, marks=marks)
    while marks.mark_next(db, scorer):
        pass
    return count


def look(db: Database, comment_id: str) -> CommentRow:
    with db.read() as connection:
        found = queries.find_comment(connection, comment_id)
    assert found is not None
    return found


def reasons(db: Database, comment_id: str) -> list[str]:
    return [reason["code"] for reason in look(db, comment_id).reasons]


def act(
    db: Database, clock: FakeClock, comment_id: str, action: str, version: int, who: str = "mo"
) -> CommentRow:
    return acting.act(db, replace(MO, name=who), acting.Act(comment_id, action, version), clock())


def test_a_fine_comment_is_published_and_a_vile_one_waits_for_a_person(db: Database) -> None:
    clock = FakeClock()
    fine, vile = post(db, clock, "A fine remark."), post(db, clock, "You vile thing.")

    assert drain(db, clock) == 2

    assert (look(db, fine).status, look(db, vile).status) == ("approved", "pending")
    assert reasons(db, vile).count("score") == 6
    assert look(db, vile).spans == [[4, 8, 0.8]]
    assert look(db, fine).model_id == "fake-1"


def test_each_decision_leaves_an_audit_row_and_an_event_in_order(db: Database) -> None:
    clock = FakeClock()
    fine = post(db, clock, "A fine remark.")
    drain(db, clock)

    with db.read() as connection:
        rows = audit.entries(connection, COMMENT, [fine])
        events = connection.execute(select(Event.payload).order_by(Event.position)).scalars().all()
    assert [(row.actor_kind, row.to_status) for row in rows] == [
        ("author", "received"),
        ("policy", "approved"),
    ]
    assert first_break(rows, look(db, fine).audit_head) is None
    told = [orjson.loads(payload) for payload in events]
    assert [(event["type"], event["data"]["sequence"]) for event in told] == [
        ("comment.received", 1),
        ("comment.approved", 2),
    ]
    assert told[1]["data"]["decision"]["outcome"] == "approve"


def test_a_changed_audit_row_shows(db: Database) -> None:
    clock = FakeClock()
    fine = post(db, clock, "A fine remark.")
    drain(db, clock)
    with db.write() as connection:
        connection.execute(update(AuditRow).where(AuditRow.sequence == 2).values(actor="somebody"))

    assert history.history(db, MO, fine).intact is False


def test_a_batch_is_scored_in_one_call(db: Database) -> None:
    clock, scorer = FakeClock(), FakeScorer()
    for n in range(20):
        post(db, clock, f"Remark number {n} of many.")

    drain(db, clock, scorer)

    assert scorer.calls == [20]


def test_two_workers_never_hold_the_same_comment(db: Database) -> None:
    clock = FakeClock()
    for n in range(40):
        post(db, clock, f"Remark number {n} of many.")

    with ThreadPoolExecutor(4) as pool:
        taken = sum(
            pool.map(lambda _: deciding.drain(db, scorer=FakeScorer(), clock=clock, limit=10), range(8))
        )

    with db.read() as connection:
        decided = (
            connection.execute(select(AuditRow.subject_id).where(AuditRow.sequence == 2)).scalars().all()
        )
    assert (taken, len(decided), len(set(decided))) == (40, 40, 40)


def test_the_claim_of_a_dead_worker_ends_by_itself(db: Database) -> None:
    clock = FakeClock()
    fine = post(db, clock, "A fine remark.")
    with db.write() as connection:
        queries.claim_received(connection, "dead-worker", clock(), clock() + deciding.LEASE, 10)

    assert drain(db, clock) == 0
    clock.forward(seconds=16)
    assert drain(db, clock) == 1
    assert look(db, fine).status == "approved"


def test_a_worker_that_comes_back_after_its_lease_writes_nothing(db: Database) -> None:
    clock = FakeClock()
    fine = post(db, clock, "A fine remark.")

    class Slow(FakeScorer):
        """Sleeps past its lease, while another worker does the work."""

        def read(self, texts, **options):  # type: ignore[no-untyped-def]
            clock.forward(seconds=20)
            assert drain(db, clock) == 1
            return super().read(texts, **options)

    drain(db, clock, Slow())

    with db.read() as connection:
        assert len(audit.entries(connection, COMMENT, [fine])) == 2


def test_a_comment_that_breaks_the_model_goes_to_a_person_after_three_tries_and_holds_nobody_up(
    db: Database,
) -> None:
    clock = FakeClock()
    poison = post(db, clock, "This is poison.")
    fine = [post(db, clock, f"Remark number {n} of many.") for n in range(9)]

    drain(db, clock)

    assert {look(db, one).status for one in fine} == {"approved"}
    for _ in range(2):
        assert look(db, poison).status == "received"
        clock.forward(seconds=30)
        drain(db, clock)
    assert look(db, poison).status == "pending"
    assert "it failed 3 times" in look(db, poison).reasons[0]["text"]


def test_a_comment_that_kills_the_worker_goes_to_a_person_and_takes_no_other_along(db: Database) -> None:
    clock = FakeClock()
    poison, fine = post(db, clock, "This is poison."), post(db, clock, "A fine remark.")
    for _ in range(3):  # three workers die on what they claimed
        with db.write() as connection:
            queries.claim_received(connection, "dead-worker", clock(), clock() + deciding.LEASE, 256)
        clock.forward(seconds=20)

    while drain(db, clock):
        clock.forward(seconds=20)

    assert look(db, fine).status == "approved"
    assert look(db, poison).status == "pending"


def test_comments_whose_worker_died_are_taken_up_again_before_newer_ones(db: Database) -> None:
    clock = FakeClock()
    old = [post(db, clock, f"Remark number {n} of many.") for n in range(5)]
    with db.write() as connection:
        queries.claim_received(connection, "dead-worker", clock(), clock() + deciding.LEASE, 256)
    clock.forward(seconds=20)
    for n in range(5, 10):
        post(db, clock, f"Remark number {n} of many.")

    deciding.drain(db, scorer=FakeScorer(), clock=clock, limit=5)

    assert {look(db, one).status for one in old} == {"approved"}


def test_a_comment_that_missed_its_careful_reading_is_held_from_half_the_limit_on(db: Database) -> None:
    clock = FakeClock()
    subtle = post(db, clock, "A subtle jibe.")
    drain(db, clock)
    first = look(db, subtle).reasons[0]

    assert look(db, subtle).status == "pending"
    assert set(reasons(db, subtle)) == {"unsure", "score"}, "some limits are below 0.25 anyway"
    assert first == {
        "code": "unsure",
        "text": "TOXICITY 0.25 is not below 0.14, the wider limit while only the fast reader is at hand.",
        "attribute": "TOXICITY",
        "score": 0.25,
        "threshold": 0.14,
        "reader": "fast",
    }


def test_the_audit_log_keeps_whose_scores_decided(db: Database) -> None:
    class Careful(FakeScorer):
        """Reads everything carefully."""

        def _read(self, text: str) -> FakeReading:
            return replace(super()._read(text), reader="careful")

    clock = FakeClock()
    fine, vile = post(db, clock, "A fine remark."), post(db, clock, "You vile thing.")
    drain(db, clock, Careful())

    for comment in (fine, vile):
        with db.read() as connection:
            decision = audit.entries(connection, COMMENT, [comment])[1]
        assert {reason["reader"] for reason in decision.reasons} == {"careful"}


def test_the_careful_reader_has_a_few_seconds_a_batch_however_often_it_is_halved(db: Database) -> None:
    class Slow(FakeScorer):
        """Takes two seconds a call."""

        def read(self, texts, **options):  # type: ignore[no-untyped-def]
            clock.forward(seconds=2)
            return super().read(texts, **options)

    clock, scorer = FakeClock(), Slow()
    post(db, clock, "This is poison.")
    fine = [post(db, clock, f"Remark number {n} of many.") for n in range(3)]
    drain(db, clock, scorer)

    assert scorer.within[:4] == [pytest.approx(left, abs=0.01) for left in (7, 5, 3, 1)]
    assert set(scorer.within[4:]) == {0.0}
    assert set(scorer.effort) == {deciding.EFFORT_S}  # what others take of the processor is not counted
    assert {look(db, one).status for one in fine} == {"approved"}
    assert deciding.READING * 2 < deciding.LEASE


def test_the_fuller_a_batch_the_less_time_is_spared_for_what_is_sure(db: Database) -> None:
    clock, scorer = FakeClock(), FakeScorer()
    for number in range(12):
        post(db, clock, f"Remark number {number} of many.")
    for _ in range(3):
        deciding.drain(db, scorer=scorer, clock=clock, limit=8)

    assert scorer.spare == [0.0, pytest.approx(deciding.SPARE_S / 2)]


def test_a_language_in_beta_goes_to_a_person_unless_the_site_lists_it(db: Database) -> None:
    clock = FakeClock()
    before = post(db, clock, "Heel oké gezegd.")
    drain(db, clock)
    sites.set_policy(db, OPERATOR, "demo", {"languages": ["nl"]}, clock())
    fine, vile = post(db, clock, "Ook oké, dank."), post(db, clock, "Niet oké, vile.")
    drain(db, clock)

    assert (look(db, before).status, reasons(db, before)) == ("pending", ["language-beta"])
    assert look(db, before).reasons[0]["text"] == "The model for Dutch is in beta."
    assert look(db, fine).status == "approved"
    assert (look(db, vile).status, reasons(db, vile)) == ("pending", ["score"])


class WithoutSpam(FakeScorer):
    """A model that was made without examples of spam."""

    attributes = ATTRIBUTES[:-1]

    def _read(self, text: str) -> FakeReading:
        reading = super()._read(text)
        return replace(reading, scores={n: score for n, score in reading.scores.items() if n != "SPAM"})


@pytest.mark.parametrize("scorer", [FakeScorer(), WithoutSpam()])
def test_spam_goes_to_a_person_if_the_model_knows_it_and_nothing_else_does(
    db: Database, scorer: FakeScorer
) -> None:
    clock = FakeClock()
    sites.set_policy(db, OPERATOR, "demo", {"languages": ["nl"]}, clock())
    fine, beta, spam = (post(db, clock, body) for body in ("A fine remark.", "oké", "Come to my casino."))

    drain(db, clock, scorer)

    assert (look(db, fine).status, look(db, beta).status) == ("approved", "approved")
    assert reasons(db, spam) == (["score"] if "SPAM" in scorer.attributes else ["all-clear"])


def test_a_foreign_language_goes_to_a_person(db: Database) -> None:
    clock = FakeClock()
    foreign = post(db, clock, "Sehr schön gesagt.")
    drain(db, clock)

    assert (look(db, foreign).status, reasons(db, foreign)) == ("pending", ["language"])


def test_a_repeat_by_the_author_or_in_the_thread_goes_to_a_person(db: Database) -> None:
    clock = FakeClock()
    author, other = "t" * 30, "u" * 30
    first = post(db, clock, "Buy our fine, fine boots.", author_token=author)
    drain(db, clock)
    elsewhere = post(db, clock, "BUY our fine,  fine boots.", thread="b", author_token=author)
    same_thread = post(db, clock, "Buy our fine, fine boots.", author_token=other)
    short = [post(db, clock, "Thank you!", author_token=token) for token in (author, other)]
    drain(db, clock)

    assert look(db, first).status == "approved"
    assert "by the same author" in look(db, elsewhere).reasons[0]["text"]
    assert "in this thread" in look(db, same_thread).reasons[0]["text"]
    assert {look(db, one).status for one in short} == {"approved"}


def test_a_sites_policy_is_followed(db: Database) -> None:
    clock = FakeClock()
    sites.set_policy(
        db, OPERATOR, "demo",
        {"banned_words": ["Boots"], "suspect_words": ["fine shoes"], "max_links": 0, "hold_first_time": True},
        clock(),
    )  # fmt: skip
    banned = post(db, clock, "Buy boots!")
    suspect = post(db, clock, "Such fine shoes at www.shoes.example")

    drain(db, clock)

    assert (look(db, banned).status, reasons(db, banned)) == (
        "rejected",
        ["banned-word", "first-time-author"],
    )
    assert reasons(db, suspect) == ["suspect-word", "links", "first-time-author"]


def test_personal_data_waits_for_a_person_who_reads_which_kind_and_not_the_data_itself(db: Database) -> None:
    clock = FakeClock()
    held = post(db, clock, "She lives at 12 Elm Street, pay her a visit. Or ring 0171/2345678.")
    named = post(db, clock, "A fine remark.", author_name="Jo 0171/2345678")
    fine = post(db, clock, "The pub at 12 Elm Street is shut since 1914-1918.")

    drain(db, clock)

    assert [look(db, one).status for one in (held, named, fine)] == ["pending", "pending", "approved"]
    assert reasons(db, held) == reasons(db, named) == ["personal-data"]
    assert look(db, held).reasons[0]["text"] == (
        "Personal data: a telephone number, a street address with words of who lives or is found there."
    )
    assert look(db, named).reasons[0]["field"] == "author_name"
    (kept,) = history.history(db, MO, held).decisions
    assert kept.evidence is not None
    assert kept.evidence["personal"] == ["phone", "address"]


def test_a_site_may_let_personal_data_pass(db: Database) -> None:
    clock = FakeClock()
    sites.set_policy(db, OPERATOR, "demo", {"hold_personal_data": False}, clock())
    passed = post(db, clock, "Write to me: jane@example.org")

    drain(db, clock)

    assert look(db, passed).status == "approved"


def test_a_thread_can_be_premoderated(db: Database) -> None:
    clock = FakeClock()
    post(db, clock, "The first remark of the thread.")
    with db.write() as connection:
        connection.execute(update(Thread).values(premoderate=True))
    held = post(db, clock, "A fine remark.")
    drain(db, clock)

    assert reasons(db, held) == ["premoderation"]


def test_a_moderator_decides_and_can_undo(db: Database) -> None:
    clock = FakeClock()
    vile = post(db, clock, "You vile thing.")
    drain(db, clock)

    approved = act(db, clock, vile, "approve", 2)
    undone = act(db, clock, vile, "undo", approved.version)

    assert (approved.status, undone.status) == ("approved", "pending")
    with db.read() as connection:
        rows = audit.entries(connection, COMMENT, [vile])
        count = connection.execute(select(Thread.approved_count)).scalar_one()
    assert [row.action for row in rows] == ["post", "review", "approve", "undo"]
    assert (first_break(rows, look(db, vile).audit_head), count) == (None, 0)


def test_only_the_one_who_decided_can_undo(db: Database) -> None:
    clock = FakeClock()
    vile = post(db, clock, "You vile thing.")
    drain(db, clock)
    act(db, clock, vile, "approve", 2, who="mo")

    with pytest.raises(IllegalMove, match="not made by you"):
        act(db, clock, vile, "undo", 3, who="jo")


def test_what_was_taken_back_is_not_done_again(db: Database) -> None:
    """Reject, undo, undo: the third step rejected once more; after an approval it published."""
    clock = FakeClock()
    for action in ("reject", "approve"):
        vile = post(db, clock, f"You vile thing, {action}.", thread=action)
        drain(db, clock)
        done = act(db, clock, vile, action, 2)
        back = act(db, clock, vile, "undo", done.version)

        with pytest.raises(IllegalMove, match="took back your decision already"):
            act(db, clock, vile, "undo", back.version)
        assert look(db, vile).status == "pending"


def test_what_nobody_had_decided_waits_for_a_person_after_an_undo(db: Database) -> None:
    clock = FakeClock()
    fresh = post(db, clock, "A fine remark.")
    act(db, clock, fresh, "approve", 1)

    assert act(db, clock, fresh, "undo", 2).status == "pending"


def test_who_took_their_own_comment_back_has_the_last_word(db: Database) -> None:
    clock = FakeClock()
    accepted = Intake(db, KEY).submit(Draft("demo", "https://news.example/a", "You vile thing."), clock())
    drain(db, clock)
    act(db, clock, accepted.id, "approve", 2)
    own.withdraw(db, accepted.id, accepted.receipt, secret_key=KEY, now=clock())

    with pytest.raises(IllegalMove, match="not made by you"):
        act(db, clock, accepted.id, "undo", look(db, accepted.id).version)
    assert queue.last_decision(db, MO) is None


def test_the_last_decision_of_ones_own_is_known_after_a_reload(db: Database) -> None:
    clock = FakeClock()
    first, second = (post(db, clock, f"You vile thing {n}.") for n in range(2))
    drain(db, clock)
    act(db, clock, first, "reject", 2)
    act(db, clock, second, "approve", 2)

    def next_undo(who: str = "mo") -> tuple[str, str] | None:
        card = queue.last_decision(db, replace(MO, name=who))
        return (card.comment.id, str(card.undo)) if card else None

    assert next_undo() == (second, "pending")
    act(db, clock, second, "undo", 3)
    assert next_undo() == (first, "pending")
    assert next_undo("jo") is None
    act(db, clock, first, "approve", 3, who="jo")
    assert (next_undo(), next_undo("jo")) == (None, (first, "rejected"))
    assert queue.last_decision(db, replace(MO, name="jo", roles={"other": "owner"})) is None


def test_of_two_moderators_at_once_one_wins_and_the_other_learns_who(db: Database) -> None:
    clock = FakeClock()
    vile = post(db, clock, "You vile thing.")
    drain(db, clock)

    def try_it(who: str) -> str:
        try:
            return str(act(db, clock, vile, "approve" if who == "mo" else "reject", 2, who).decided_by)
        except AlreadyDecided as error:
            return f"{who} lost to {error.by}: {error.status}"

    with ThreadPoolExecutor(2) as pool:
        results = sorted(pool.map(try_it, ["mo", "jo"]))

    winner = look(db, vile).decided_by
    loser = "jo" if winner == "mo" else "mo"
    status = look(db, vile).status
    assert results == sorted([winner, f"{loser} lost to {winner}: {status}"])


def test_anothers_site_is_as_good_as_not_there(db: Database) -> None:
    clock = FakeClock()
    vile = post(db, clock, "You vile thing.")

    with pytest.raises(NotFound, match="site of yours"):
        acting.act(
            db, Caller("session", "mo", {"other": "owner"}), acting.Act(vile, "approve", 1), clock()
        )  # fmt: skip


def test_public_counts_equal_a_recount_whatever_happens(db: Database) -> None:
    clock = FakeClock()
    root = post(db, clock, "The first remark of all.")
    drain(db, clock)
    replies = [post(db, clock, f"Reply number {n} to it.", parent_id=root) for n in range(3)]
    drain(db, clock)
    act(db, clock, replies[0], "reject", 2)
    act(db, clock, root, "reject", 2)

    with db.read() as connection:
        stored = connection.execute(select(Thread.approved_count)).scalar_one()
        recount = connection.execute(select(Comment.id).where(Comment.status == "approved")).all()
        seen = connection.execute(select(Comment.reply_count, Comment.shown).where(Comment.id == root)).one()
    assert (stored, len(recount)) == (2, 2)
    assert tuple(seen) == (2, True)


def test_spam_that_leads_elsewhere_waits_and_a_site_may_let_it_pass(db: Database) -> None:
    clock = FakeClock()
    spam = "Call customer care number 8391097664 for refund"
    held = post(db, clock, spam)
    named = post(db, clock, "A fine remark.", author_name="Telegram @crypto_queen")
    fine = post(
        db, clock, "The helpline is 0800 111 0 111; The Guardian has more: https://theguardian.com/uk"
    )
    bare = post(db, clock, "See shop-a.example, shop-b.example, and hxxp://shop-c.example")
    drain(db, clock)
    sites.set_policy(db, OPERATOR, "demo", {"hold_contacts": False, "hold_repeats": False}, clock())
    passed = post(db, clock, spam)
    drain(db, clock)

    assert [look(db, one).status for one in (held, named, fine, bare)] == ["pending"] * 2 + [
        "approved",
        "pending",
    ]
    assert (reasons(db, held), reasons(db, named), reasons(db, bare)) == (
        ["contact"], ["contact"], ["links", "contact"],
    )  # fmt: skip
    assert look(db, held).reasons[0]["text"] == "Leads elsewhere: a number with a call to ring it."
    assert look(db, named).reasons[0]["field"] == "author_name"
    assert look(db, passed).status == "approved"


def test_an_honest_comment_does_not_wait_behind_a_flood(db: Database) -> None:
    clock = FakeClock()
    for n in range(300):
        post(db, clock, f"Buy number {n} now.", author_token="f" * 30)
    same_thread = post(db, clock, "A fine remark.", author_token="h" * 30)
    for n in range(300):
        post(db, clock, f"Buy number {n} now.", thread="b", author_token=f"{n:030}")
    elsewhere = post(db, clock, "A fine remark.", thread="c", author_token="g" * 30)
    oldest = post(db, clock, "Nobody's remark.")

    deciding.drain(db, scorer=FakeScorer(), clock=clock, limit=64)
    taken = [look(db, one).status for one in (same_thread, elsewhere, oldest)]
    while deciding.drain(db, scorer=FakeScorer(), clock=clock, limit=64):
        pass

    assert taken == ["approved"] * 3
    with db.read() as connection:
        assert queries.backlog(connection)[0] == 0


def post_many(db: Database, clock: FakeClock, count: int, pressure: Pressure | None) -> list[str]:
    return [post(db, clock, f"Remark number {n}.", pressure=pressure) for n in range(count)]


def waiting(db: Database, ids: Sequence[str]) -> int:
    return sum(look(db, one).status == "received" for one in ids)


@pytest.mark.parametrize(
    "flood", [Pressure(network=500), Pressure(author=100), Pressure(network=500, author=100)]
)
def test_a_decision_never_waits_for_the_readings_of_a_flood(db: Database, flood: Pressure) -> None:
    clock, scorer = FakeClock(), FakeScorer()
    flooding = post_many(db, clock, 40, flood)
    honest = post_many(db, clock, 2, Pressure(network=2))

    taken = deciding.drain(db, scorer=scorer, clock=clock)

    assert (taken, waiting(db, honest)) == (2 + queries.PRESSED_BESIDE, 0)
    assert waiting(db, flooding) == 40 - queries.PRESSED_BESIDE
    assert deciding.drain(db, scorer=scorer, clock=clock) == queries.PRESSED_AT_ONCE


def test_a_flood_is_decided_too_while_others_go_on_talking(db: Database) -> None:
    clock, scorer = FakeClock(), FakeScorer()
    flooding = post_many(db, clock, 10, Pressure(network=500))

    for _ in range(10):
        post(db, clock, "A fine remark.")
        deciding.drain(db, scorer=scorer, clock=clock)

    assert waiting(db, flooding) == 0


def test_more_honest_comments_than_a_batch_take_turns_beside_a_flood(db: Database) -> None:
    clock, scorer = FakeClock(), FakeScorer()
    post_many(db, clock, 40, Pressure(network=500))
    for n in range(40):
        post(db, clock, f"One of many, {n}.", author_token="t" * 30)
    quiet = post(db, clock, "A fine remark.", author_token="q" * 30)

    taken = deciding.drain(db, scorer=scorer, clock=clock, limit=8)

    assert (taken, look(db, quiet).status) == (8, "approved")


@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
def test_a_worker_whose_clock_is_ahead_decides_in_time_and_holds_nothing_for_a_day(
    settings: Settings, db: Database
) -> None:
    """Its messages and leases go by the database's time."""
    post(db, FakeClock(), "A fine remark.")
    for ahead in (timedelta(seconds=15), timedelta(days=1)):
        worker = make_context(settings, 2, partial(ahead_by, ahead))
        with worker.db.write() as connection:
            now = worker.clock()
            owner = f"claim {ahead}"[:36]
            held = queries.claim_received(connection, owner, now, now + deciding.LEASE, 10)
            ends = connection.scalar(select(Comment.claimed_until))
            connection.execute(update(Comment).values(claimed_until=None, claimed_by=None, tries=0))
        health.beat(worker.db, "worker:1", "model-1", worker.clock())
        worker.db.close()

        assert held == 1
        assert ends is not None
        assert abs(ends - utcnow()) < timedelta(minutes=2)
        assert health.readiness(db, utcnow()).worker == health.READY


def ahead_by(ahead: timedelta) -> datetime:
    """The time by a machine whose clock is ahead."""
    return utcnow() + ahead


def test_a_claim_until_a_time_that_none_can_have_holds_nothing(db: Database) -> None:
    """Such as one by a clock that was a day ahead, and was set since."""
    clock = FakeClock()
    first = post(db, clock, "A fine remark.")
    ahead = clock() + timedelta(days=1)
    with db.write() as connection:
        assert queries.claim_received(connection, "ahead", ahead, ahead + deciding.LEASE, 10) == 1

    assert drain(db, clock) == 1

    assert look(db, first).status == "approved"
