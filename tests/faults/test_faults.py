"""Everything is killed while comments are posted, read and delivered: nothing is lost, nothing leaks.

The fault suite, seeded: a short form, and at night a long one. What must hold are the design's invariants:
every acknowledged comment ends in one final state, no unapproved text is ever public, every event
arrives under one id, in order, with the same bytes, and the audit log is whole.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections import defaultdict

import pytest

from service.domain.access import OPERATOR
from service.domain.audit import COMMENT, first_break
from service.storage import audit
from service.storage import comments as queries
from service.storage.database import Database
from tests.faults.nemesis import FAULTS, Nemesis, Poster, Reader, Receiver
from tests.needs import IS_NIGHT
from tests.running import Parley, start_embedded, wait_until

SEED = 20261123
ROUNDS = 60 if IS_NIGHT else 2  # of every fault, of which there are five
COMMENTS = 100 * ROUNDS
RECOVERY_S = 60


@pytest.mark.timeout(7200 if IS_NIGHT else 300)
def test_nothing_is_lost_and_nothing_leaks_while_everything_is_killed() -> None:
    receiver = Receiver(SEED)
    with start_embedded(PARLEY_WEBHOOK_PRIVATE_NETWORKS="127.0.0.0/8") as parley:
        receiver.secret = add_endpoint(parley, receiver.url)
        poster, reader = Poster(parley, rate=12, seed=SEED), Reader(parley, rate=20)
        nemesis = Nemesis(parley, poster, SEED)
        started = time.monotonic()
        poster.start()
        reader.start()
        break_everything(nemesis)
        wait_until(
            lambda: len(poster.journal.acknowledged) >= COMMENTS, 250, "too few comments were accepted"
        )
        poster.stopped.set()
        poster.join(30)
        last_fault = time.monotonic()
        everything_is_decided(parley, poster, RECOVERY_S)
        everything_arrived(parley, receiver, RECOVERY_S)
        recovered = time.monotonic() - last_fault
        time.sleep(0.5)
        reader.stopped.set()
        reader.join(30)
        seconds = time.monotonic() - started

        nothing_leaked(reader, seconds)
        every_comment_has_one_final_state(parley, poster)
        the_audit_log_is_whole(parley)
        every_event_arrived_in_order(parley, receiver)
    assert len(nemesis.done) >= 4 * ROUNDS
    assert all(grown >= 20 for grown in nemesis.backlogs), nemesis.backlogs
    print(
        f"{len(poster.journal.acknowledged)} acknowledged, {len(nemesis.done)} faults, {reader.reads} reads, "
        f"recovered in {recovered:.1f} s, {poster.journal.unknown} answers never came"
    )


def break_everything(nemesis: Nemesis) -> None:
    faults = [fault for fault in FAULTS for _ in range(ROUNDS)]
    random.Random(SEED).shuffle(faults)
    for fault in faults:
        time.sleep(nemesis.random.uniform(0.3, 1.2))
        nemesis.break_something(fault)


UNHURRIED = {"hold_repeats": False, "thread_flood": 1_000_000, "site_flood": 1_000_000}


def add_endpoint(parley: Parley, url: str) -> str:
    from service.context import utcnow
    from service.outbound import Outbound
    from service.settings import read_settings
    from service.sites import sites
    from service.webhooks import endpoints

    settings = read_settings(
        {"PARLEY_DATA_DIR": str(parley.data), "PARLEY_WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8"}
    )
    db = Database(settings.database_url)
    check = Outbound(settings.webhook_private_networks).check
    # The poster says one sentence over and over, and fast; what is tried here is that none is lost.
    sites.set_policy(db, OPERATOR, "demo", UNHURRIED, utcnow())
    made = endpoints.add_endpoint(db, OPERATOR, "demo", url, [], utcnow(), check=check)
    db.close()
    return str(made.secret)


def rows(parley: Parley, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(parley.data / "parley.db", timeout=20) as connection:
        return connection.execute(query).fetchall()


def everything_is_decided(parley: Parley, poster: Poster, seconds: float) -> None:
    def done() -> bool:
        return rows(parley, "SELECT count(*) FROM comments WHERE status = 'received'") == [(0,)]

    wait_until(done, seconds, "comments still wait to be scored")
    assert len(rows(parley, "SELECT id FROM comments")) >= len(poster.journal.acknowledged)


def everything_arrived(parley: Parley, receiver: Receiver, seconds: float) -> None:
    def done() -> bool:
        unrelayed = rows(parley, "SELECT count(*) FROM events WHERE relayed_at IS NULL")
        due = rows(parley, "SELECT count(*) FROM deliveries WHERE status != 'delivered'")
        return unrelayed == due == [(0,)]

    wait_until(done, seconds, "events still wait to be delivered")


def nothing_leaked(reader: Reader, seconds: float) -> None:
    assert reader.leaks == []
    assert reader.reads >= 10 * seconds, (reader.reads, seconds)


def every_comment_has_one_final_state(parley: Parley, poster: Poster) -> None:
    stored = dict(rows(parley, "SELECT id, status FROM comments"))
    lost = [key for key in poster.journal.acknowledged if key not in stored]
    wrong = [
        (text, stored[key])
        for key, text in poster.journal.acknowledged.items()
        if stored[key] != ("pending" if "moron" in text else "approved")
    ]
    assert (lost, wrong, poster.journal.strange) == ([], [], [])
    assert poster.journal.repeated


def the_audit_log_is_whole(parley: Parley) -> None:
    db = Database(f"sqlite:///{parley.data / 'parley.db'}")
    with db.read() as connection:
        for (comment_id,) in rows(parley, "SELECT id FROM comments"):
            comment = queries.find_comment(connection, str(comment_id))
            found = audit.entries(connection, COMMENT, [str(comment_id)])
            assert comment is not None
            assert (first_break(found, comment.audit_head), len(found)) == (None, 2)
    recount = dict(
        rows(parley, "SELECT thread_id, count(*) FROM comments WHERE status = 'approved' GROUP BY thread_id")
    )
    assert dict(rows(parley, "SELECT id, approved_count FROM threads")) == recount
    db.close()


def every_event_arrived_in_order(parley: Parley, receiver: Receiver) -> None:
    payloads = dict(rows(parley, "SELECT id, payload FROM events WHERE subject_kind = 'comment'"))
    bodies = defaultdict(set)
    for headers, body in receiver.requests:
        if headers["webhook-id"] in payloads:  # the start of a Parley is told too: who moderates it
            bodies[headers["webhook-id"]].add(body.decode())
    assert {key: {payload} for key, payload in payloads.items()} == bodies
    assert len(payloads) == 2 * len(rows(parley, "SELECT id FROM comments"))
    assert receiver.unsigned == 0
    assert set(map(tuple, receiver.first_arrivals().values())) == {(1, 2)}
