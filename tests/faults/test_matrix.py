"""The whole matrix of faults, X1 to X17, in server mode: nothing is lost, nothing leaks, all comes back.

At night alone: `make test-faults`. How much of it, variables say: PARLEY_FAULTS (how many),
PARLEY_FAULT_COMMENTS (how many acknowledged at least), PARLEY_FAULT_RATE (posts a second), PARLEY_FAULT_SEED,
and PARLEY_FAULTS_ONLY for some rows alone, such as X4,X6.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from service.storage.patience import Patience
from tests.faults import invariants
from tests.faults.installation import Front, Installation, count, install
from tests.faults.matrix import (
    FAULTS,
    LEFT_OUT,
    PATIENT,
    POISON_S,
    Fault,
    Stage,
    drawn,
    now_there,
)
from tests.faults.nemesis import Poster, Reader, Receiver
from tests.faults.test_faults import UNHURRIED
from tests.needs import IS_NIGHT, NIGHTLY
from tests.running import wait_until

HOW_MANY = int(os.environ.get("PARLEY_FAULTS", "300"))
COMMENTS = int(os.environ.get("PARLEY_FAULT_COMMENTS", "50000"))
RATE = float(os.environ.get("PARLEY_FAULT_RATE", "12"))
SEED = int(os.environ.get("PARLEY_FAULT_SEED", "20261128"))
ONLY = tuple(filter(None, os.environ.get("PARLEY_FAULTS_ONLY", "").split(",")))
READERS = 4


def test_every_row_of_the_matrix_is_here_or_left_out_with_a_reason() -> None:
    told = {one.number for one in FAULTS} | {what.split()[0] for what in LEFT_OUT}

    assert told == {f"X{number}" for number in range(1, 18)}
    assert len({one.name for one in FAULTS}) == len(FAULTS)
    assert drawn(1, 50) == drawn(1, 50) != drawn(2, 50)


@dataclass(frozen=True)
class Line:
    """What the table says of one fault that was carried out."""

    fault: Fault
    decided_s: float
    arrived_s: float
    waited: int
    notes: str
    failure: str = ""

    @property
    def is_bad(self) -> bool:
        """Whether something did not hold beside, or it took longer than it may."""
        return bool(self.failure) or self.decided_s > self.fault.within_s

    def __str__(self) -> str:
        """One line of the table."""
        mark = "BAD" if self.is_bad else ""
        figures = f"{self.decided_s:7.1f} {self.arrived_s:8.1f} {self.waited:6}"
        return f"{self.fault.number:4} {self.fault.name:56.56} {figures} {mark:3} {self.notes}{self.failure}"


HEAD = f"{'':4} {'fault':56} decided  arrived waited"


@pytest.mark.timeout(8 * 3600)
def test_nothing_is_lost_and_nothing_leaks_whatever_breaks(capsys: pytest.CaptureFixture[str]) -> None:
    if not IS_NIGHT:
        NIGHTLY.missing()
    say = _teller(capsys)
    say(f"\n{HEAD}")
    with (
        tempfile.TemporaryDirectory(prefix="parley-x-", ignore_cleanup_errors=True) as name,
        install(Path(name)) as here,
        _stage(here) as stage,
    ):
        readers = [Reader(stage.front, 24 / READERS) for _ in range(READERS)]
        started = time.monotonic()
        for thread in (*stage.posters, *readers):
            thread.start()
        lines = [_carried_out(one, stage, say) for one in drawn(SEED, HOW_MANY, ONLY)]
        _come_to_rest(stage)
        seconds = time.monotonic() - started
        for reader in readers:
            reader.stopped.set()
            reader.join(30)
        say(_summary(stage, lines, readers, seconds))
        for what, why in LEFT_OUT.items():
            say(f"left out: {what}: {why}")
        _all_holds(stage, readers, seconds)
    assert [str(line) for line in lines if line.is_bad] == []


def _teller(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    def say(words: str) -> None:
        with capsys.disabled():
            print(words, flush=True)

    return say


@contextlib.contextmanager
def _stage(here: Installation) -> Iterator[Stage]:
    """Give the installation with a policy that holds no repeats, an endpoint, and those who post."""
    receiver, chance = Receiver(SEED, failing=0.02), random.Random(SEED)
    db = here.database(patience=Patience(statement=30, lock=10, silence=4))  # it may be what is broken
    policy = here.folder / "policy.json"
    policy.write_text(json.dumps(UNHURRIED))
    done = here.parley("site", "policy", "demo", "--set", str(policy))
    assert done.returncode == 0, done.stderr
    added = here.parley("webhook", "add", "demo", receiver.url)
    assert added.returncode == 0, added.stderr
    _, endpoint, _, secret = added.stdout.split()[:4]
    receiver.secret = secret
    front = Front([here.ports["a"], here.ports["b"]], SEED)
    posters = [Poster(front, RATE / 2, SEED + n, f"poster{n}", PATIENT) for n in (0, 1)]
    try:
        yield Stage(here, db, front, posters, receiver, endpoint, RATE, chance)
    finally:
        for poster in posters:
            poster.stopped.set()
        receiver.shutdown()
        receiver.server_close()
        db.close()


def _carried_out(one: Fault, stage: Stage, say: Callable[[str], None]) -> Line:
    """Break one thing, mend it, wait until everything posted before is decided and told, and say how long."""
    time.sleep(stage.random.uniform(0.5, 2.0))
    stage.notes.clear()
    waited, failure = -1, ""
    try:
        with one.broken(stage):
            time.sleep(one.hold_s)
            waited = _waiting_or_unknown(stage)
    except AssertionError as error:  # told at the end; the others are worth trying
        failure = str(error).splitlines()[0]
    mended = time.monotonic()
    moment = _when_answered(stage, lambda: now_there(stage.db))
    decided = _seconds_until(stage, mended, UNDECIDED, moment)
    _posts_go_on(stage)
    arrived = _seconds_until(stage, mended, UNTOLD, moment)
    line = Line(one, decided, arrived, waited, "; ".join(stage.notes), failure)
    say(str(line))
    return line


def _waiting_or_unknown(stage: Stage) -> int:
    with contextlib.suppress(Exception):  # it may be the database that is broken
        return stage.waiting()
    return -1


def _when_answered(stage: Stage, ask: Callable[[], datetime]) -> datetime:
    found: list[datetime] = []

    def answered() -> bool:
        with contextlib.suppress(Exception):
            found.append(ask())
        return bool(found)

    wait_until(answered, 60, "the database did not come back")
    return found[0]


# A poisoned comment has a time of its own, and its page's events may wait for it.
UNDECIDED = (
    "SELECT count(*) FROM comments WHERE status = 'received' AND created_at <= :moment"
    " AND body NOT LIKE '%poison:%'"
)
UNTOLD = (
    "SELECT (SELECT count(*) FROM events WHERE relayed_at IS NULL AND created_at <= :moment)"
    " + (SELECT count(*) FROM deliveries d JOIN events e ON e.id = d.event_id WHERE d.endpoint_id = :endpoint"
    " AND d.status <> 'delivered' AND e.created_at <= :moment)"
)


def _seconds_until(stage: Stage, since: float, sql: str, moment: datetime) -> float:
    values = {"moment": moment} | ({"endpoint": stage.endpoint} if ":endpoint" in sql else {})

    def done() -> bool:
        with contextlib.suppress(Exception):
            return count(stage.db, sql, **values) == 0
        return False

    wait_until(done, POISON_S, f"after {POISON_S} s there is still: {sql}")
    return time.monotonic() - since


def _posts_go_on(stage: Stage) -> None:
    """Wait until something is acknowledged that was posted after a fault."""
    journal = stage.posters[0].journal
    before = len(journal.acknowledged)
    wait_until(lambda: len(journal.acknowledged) > before, 60, "nothing more was acknowledged")


def _come_to_rest(stage: Stage) -> None:
    """Post until there is enough, then stop, and wait until nothing is left to do."""
    journals = stage.journals
    wait_until(
        lambda: sum(len(journal.acknowledged) for journal in journals()) >= COMMENTS,
        3600 + COMMENTS / RATE, "too few comments were acknowledged",
    )  # fmt: skip
    for poster in stage.posters:
        poster.stopped.set()
        poster.join(60)
    moment = now_there(stage.db) + timedelta(hours=1)
    wait_until(lambda: stage.waiting() == 0, POISON_S, "comments still wait to be scored")
    _seconds_until(stage, 0, UNTOLD, moment)
    wait_until(lambda: stage.here.is_ready("a") and stage.here.is_ready("b"), 120, "not ready at the end")


def _summary(stage: Stage, lines: list[Line], readers: list[Reader], seconds: float) -> str:
    journals = stage.journals()
    slowest = max(lines, key=lambda line: line.decided_s)
    return (
        f"{sum(len(journal.acknowledged) for journal in journals)} acknowledged in {seconds:.0f} s,"
        f" {len(lines)} faults, {sum(reader.reads for reader in readers)} reads,"
        f" {sum(journal.refused for journal in journals)} refused,"
        f" {sum(journal.unknown for journal in journals)} answers never came,"
        f" {sum(journal.repeated for journal in journals)} sent once more,"
        f" {stage.duplicates} messages doubled,"
        f" {len(stage.receiver.requests)} webhooks; slowest: {slowest.decided_s:.1f} s, {slowest.fault.name}"
    )


def _all_holds(stage: Stage, readers: list[Reader], seconds: float) -> None:
    journals = stage.journals()
    assert [strange for journal in journals for strange in journal.strange] == []
    assert sum(journal.given_up for journal in journals) == 0
    assert sum(reader.reads for reader in readers) >= 10 * seconds
    assert all(grown >= 20 for grown in stage.backlogs), stage.backlogs
    db = stage.here.database()
    invariants.every_acknowledged_comment_is_decided(db, journals, stage.poisons)
    invariants.nothing_was_public_before_its_decision(db, readers)
    invariants.nothing_moved_twice(db)
    invariants.every_event_arrived_in_order(db, stage.receiver)
    invariants.counters_equal_a_recount(db)
    db.close()
    invariants.the_audit_log_is_whole(stage.here)
    invariants.everything_works_again(stage.here)
