"""The matrix of faults, X1 to X17: what breaks, how it is mended, and what must hold beside.

A fault is a function that breaks something, yields, and mends it; what it asserts must hold meanwhile. Those
of one part must be over 15 s after they were mended.
"""

from __future__ import annotations

import contextlib
import glob
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil
import psycopg
import redis
from sqlalchemy import text

from service.storage.database import Database
from tests.faults.installation import Front, Installation, Part, count, left_of
from tests.faults.nemesis import Journal, Poster, Receiver
from tests.receiver import raw_server
from tests.running import wait_until

SINGLE_S, ANY_S, POISON_S = 15.0, 60.0, 240.0  # in which a fault must be over once it is mended
BACKLOG = 60
PATIENT = 2000  # tries of a post: none is given up while something is mended
# libfaketime, where it is installed; else that variable names it.
CLOCKS = [
    os.environ.get("PARLEY_FAKETIME", ""),
    *glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1"),
    *glob.glob("/usr/lib*/faketime/libfaketimeMT.so.1"),
]
CLOCK = next((name for name in CLOCKS if name and Path(name).exists()), None)
# What is not here, and where it is tried, or why it is not.
LEFT_OUT = {
    "X7 on PostgreSQL": "a small disk has to be mounted, for which one must be root; on SQLite it is in"
    " tests/faults/test_disk_and_outage.py",
    "X10 by a memory group": "these are root's: a limit of address space, and a kill in the middle of a"
    " reading, stand for it",
    "X12 with a name that is gone": "it needs a name server of one's own; tests/service/test_outbound.py",
    "X13": "a day is simulated by the clock that use cases are given: tests/faults/test_disk_and_outage.py",
}
if CLOCK is None:
    LEFT_OUT["X8"] = "there is no libfaketime here; PARLEY_FAKETIME names one"


@dataclass
class Stage:
    """The running installation, who posts, reads and receives, and what was posted to do harm."""

    here: Installation
    db: Database
    front: Front
    posters: list[Poster]
    receiver: Receiver
    endpoint: str
    rate: float
    random: random.Random
    poisons: dict[str, str] = field(default_factory=dict)  # id -> kind
    more: list[Poster] = field(default_factory=list)  # of bursts, with journals of their own
    duplicates: int = 0
    backlogs: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # of the fault at hand, for its line

    def one(self, kind: str) -> Part:
        """Return a part of a kind, ``web`` or ``worker``, of either host."""
        return self.here.parts[f"{kind} {self.random.choice('ab')}"]

    def process(self, part: Part, role: str, *, child: bool = False) -> psutil.Process:
        """Return a process of a part; one that is just being started again is waited for."""
        wait_until(lambda: part.of(role, child=child), 60, f"{part.name} has no {role}")
        return self.random.choice(part.of(role, child=child))

    def journals(self) -> list[Journal]:
        """Return what all who posted know."""
        return [poster.journal for poster in (*self.posters, *self.more)]

    def waiting(self) -> int:
        """Return how many comments wait to be scored."""
        return count(self.db, "SELECT count(*) FROM comments WHERE status = 'received'")

    def poison(self, kind: str) -> None:
        """Post a comment that does something to whoever reads it."""
        thread = {"key": "poisons", "url": "http://localhost/poisons"}
        number = len(self.poisons)
        words = f"A remark with poison:{kind} in it, the {number}th."
        body = {"site": "demo", "thread": thread, "body": words}
        found: list[str] = []

        def posted() -> bool:
            with contextlib.suppress(OSError):
                answer = self.front.call(
                    "POST", "/api/v1/comments", body, {"Idempotency-Key": f"poison-{number}"}
                )
                found.extend([answer.json["id"]] if answer.status == 202 else [])
            return bool(found)

        wait_until(posted, 30, "a poisoned comment was not accepted")
        self.poisons[found[0]] = kind


Act = Callable[[Stage], Iterator[None]]


@dataclass(frozen=True)
class Fault:
    """One row of the matrix: its number, what breaks, for how long, and in what time it must be over."""

    number: str
    name: str
    hold_s: float
    within_s: float
    act: Act

    def broken(self, stage: Stage) -> AbstractContextManager[None]:
        """Break it until the block ends."""
        return contextmanager(self.act)(stage)


FAULTS: list[Fault] = []


def fault(number: str, name: str, *, hold_s: float = 0.0, within_s: float = SINGLE_S) -> Callable[[Act], Act]:
    """Add a function to the matrix."""

    def add(act: Act) -> Act:
        FAULTS.append(Fault(number, name, hold_s, within_s, act))
        return act

    return add


# X1: kill -9, each process.


def _killed(kind: str, role: str, *, child: bool = False) -> Act:
    def act(stage: Stage) -> Iterator[None]:
        stage.process(stage.one(kind), role, child=child).kill()
        yield

    return act


for _name, _kind, _role, _child in (
    ("web process", "web", "web", False),
    ("worker's parent", "worker", "scoring", False),
    ("worker's child", "worker", "scoring", True),
    ("relay", "worker", "webhooks", False),
):
    fault("X1", f"kill -9 {_name}")(_killed(_kind, _role, child=_child))


@fault("X1", "kill -9 scheduler")
def scheduler_killed(stage: Stage) -> Iterator[None]:
    """What it runs is started again by its own supervisor."""
    stage.process(stage.here.parts["scheduler"], "beat").kill()
    yield


def _command_killed(*names: str) -> Act:
    def act(stage: Stage) -> Iterator[None]:
        part = stage.here.parts[stage.random.choice(names)]
        assert part.process is not None
        below = part.all()[1:]
        part.process.kill()
        part.process.wait()
        yield
        left = left_of(below, 20)
        part.start()
        assert not left, f"{part.name} left {left} behind"

    return act


for _names in (("web a", "web b"), ("worker a", "worker b"), ("scheduler",)):
    fault("X1", f"kill -9 command {_names[0].split()[0]}, back after 3 s", hold_s=3)(_command_killed(*_names))


@fault("X2", "rolling restart of everything by SIGTERM", within_s=ANY_S)
def rolling_restart(stage: Stage) -> Iterator[None]:
    """One after the other, each once the one before works again; no post is given up."""
    given_up = sum(journal.given_up for journal in stage.journals())
    for name, part in stage.here.parts.items():
        part.restart()
        if name.startswith("web"):
            wait_until(lambda host=name[-1]: stage.here.is_alive(host), 120, f"{name} did not come back")
        elif name.startswith("worker"):
            wait_until(lambda part=part: part.of("scoring", child=True), 120, f"{name} did not come back")
    yield
    assert sum(journal.given_up for journal in stage.journals()) == given_up


# X3: stopped, and awake again when others have done its work.


def _stopped(kind: str, role: str, *, child: bool = False) -> Act:
    def act(stage: Stage) -> Iterator[None]:
        with _suspended([stage.process(stage.one(kind), role, child=child)]):
            yield

    return act


@contextmanager
def _suspended(processes: Sequence[psutil.Process]) -> Iterator[None]:
    try:
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        yield
    finally:
        for process in processes:  # whoever watches it may have ended it meanwhile
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()


fault("X3", "SIGSTOP worker's child beyond its lease", hold_s=20)(_stopped("worker", "scoring", child=True))
fault("X3", "SIGSTOP web process 10 s", hold_s=10)(_stopped("web", "web"))
fault("X3", "SIGSTOP relay beyond its lease", hold_s=33)(_stopped("worker", "webhooks"))


# X4 and X5: Redis away, emptied, full, read only, slow.


@fault("X4", "kill -9 Redis, back after 5 s", hold_s=5)
def redis_killed(stage: Stage) -> Iterator[None]:
    """Whatever waits in it is gone."""
    stage.here.redis.kill()
    yield
    stage.here.redis.start()


@fault("X4", "FLUSHALL on a backlog")
def redis_emptied(stage: Stage) -> Iterator[None]:
    """Both hosts' workers stand still while posts come in."""
    workers = [
        process
        for host in "ab"
        for role in (False, True)
        for process in stage.here.parts[f"worker {host}"].of("scoring", child=role)
    ]
    with _suspended(workers):
        wait_until(lambda: stage.waiting() >= BACKLOG, 60, "no backlog grew")
        stage.backlogs.append(stage.waiting())
        with stage.here.redis.asked() as client:
            client.flushall()
    yield


@fault("X5", "Redis full 6 s", hold_s=6)
def redis_full(stage: Stage) -> Iterator[None]:
    """It answers, and takes nothing more."""
    with _configured(stage, "maxmemory", "1"):
        wait_until(lambda: not stage.here.is_ready("a"), 10, "ready without a Redis that takes anything")
        yield


@contextmanager
def _configured(stage: Stage, name: str, value: str) -> Iterator[None]:
    with stage.here.redis.asked() as client:
        before = client.config_get(name)[name]
        client.config_set(name, value)
        try:
            yield
        finally:
            client.config_set(name, before)


@fault("X5", "Redis read only 6 s", hold_s=6)
def redis_read_only(stage: Stage) -> Iterator[None]:
    """It becomes a copy of one that is not there."""
    with stage.here.redis.asked() as client:
        client.execute_command("REPLICAOF", "127.0.0.1", "1")
        try:
            yield
        finally:
            client.execute_command("REPLICAOF", "NO", "ONE")


@fault("X5", "Redis slow: 2 s an answer, three times", hold_s=6)
def redis_slow(stage: Stage) -> Iterator[None]:
    """Every client waits."""
    done = threading.Event()

    def pause() -> None:
        with stage.here.redis.asked() as client, contextlib.suppress(redis.RedisError):
            while not done.is_set():
                client.execute_command("CLIENT", "PAUSE", "2000", "ALL")
                done.wait(2.1)

    pausing = threading.Thread(target=pause)
    pausing.start()
    yield
    done.set()
    pausing.join()


# X6: the database dies, hangs, has no connection left.


@fault("X6", "kill -9 PostgreSQL, back after 3 s", hold_s=3)
def database_killed(stage: Stage) -> Iterator[None]:
    """Alive is who answers, ready nobody."""
    stage.here.postgres.kill()
    try:
        _alive_and_not_ready(stage, "ab")
        yield
    finally:
        stage.here.postgres.start()


def _alive_and_not_ready(stage: Stage, hosts: str) -> None:
    for host in hosts:
        assert stage.here.asked(host, "/healthz") == 200, f"web {host} is not alive without a database"
        assert stage.here.asked(host, "/readyz") == 503, f"web {host} is ready without a database"


@fault("X6", "SIGSTOP PostgreSQL 10 s", hold_s=10)
def database_hangs(stage: Stage) -> Iterator[None]:
    """It holds every connection and answers on none."""
    with _suspended(stage.here.postgres.processes()):
        time.sleep(1)
        _alive_and_not_ready(stage, "ab")
        yield


@fault("X6", "no connection left 8 s", hold_s=8)
def connections_exhausted(stage: Stage) -> Iterator[None]:
    """Somebody else takes all that the database gives."""
    taken: list[psycopg.Connection[object]] = []
    others = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname IS NOT NULL AND NOT pid = ANY(%s)"
    )
    try:
        for _ in range(2):  # what is free, and then what others had
            with contextlib.suppress(psycopg.OperationalError):
                while len(taken) < 500:
                    taken.append(psycopg.connect(stage.here.postgres.url(), connect_timeout=5))
            taken[0].execute(others, [[connection.info.backend_pid for connection in taken]])
        stage.notes.append(f"{len(taken)} connections taken")
        yield
    finally:
        for connection in taken:
            connection.close()


# X8: clocks.


def _clock_off(by: str) -> Act:
    def act(stage: Stage) -> Iterator[None]:
        assert CLOCK
        names = ("web b", "worker b")
        off = {"LD_PRELOAD": CLOCK, "FAKETIME": by, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        for name in names:
            stage.here.parts[name].restart(off)
        try:
            wait_until(lambda: stage.here.is_alive("b"), 120, "web b did not come back")
            time.sleep(10)
            yield
        finally:
            for name in names:
                stage.here.parts[name].restart()

    return act


if CLOCK:
    for _by in ("+1h", "-1h", "+15s"):
        fault("X8", f"host b's clock {_by} for 10 s")(_clock_off(_by))


# X9 and X10: a comment that no model survives.


@fault("X9", "a comment on which the model fails", within_s=ANY_S)
def poison_raises(stage: Stage) -> Iterator[None]:
    """It rests between its tries, and those beside it do not."""
    stage.poison("raise")
    yield


@fault("X9", "a comment that crashes the model", hold_s=1, within_s=ANY_S)
def poison_crashes(stage: Stage) -> Iterator[None]:
    """Each try takes the reader's process with it, and what it had claimed waits for the end of the lease."""
    stage.poison("segfault")
    yield


@fault("X9", "a comment on which the model never ends", hold_s=1, within_s=POISON_S)
def poison_loops(stage: Stage) -> Iterator[None]:
    """Who reads it must be found idle and ended by its watchdog."""
    stage.poison("loop")
    yield


@fault("X10", "the worker's child has no memory left", hold_s=10, within_s=ANY_S)
def memory_short(stage: Stage) -> Iterator[None]:
    """A limit of its address space, a little above what it has."""
    children = [
        child for host in "ab" for child in stage.here.parts[f"worker {host}"].of("scoring", child=True)
    ]
    before = []
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            soft, hard = child.rlimit(psutil.RLIMIT_AS)
            child.rlimit(psutil.RLIMIT_AS, (child.memory_info().vms + (512 << 20), hard))
            before.append((child, (soft, hard)))
    stage.poison("memory")
    yield
    for child, limits in before:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.rlimit(psutil.RLIMIT_AS, limits)


@fault("X10", "the worker's child is killed while it reads", hold_s=1, within_s=ANY_S)
def killed_while_reading(stage: Stage) -> Iterator[None]:
    """As the kernel does where memory is short."""
    stage.poison("killed")
    yield


@fault("X11", "the model in use is damaged and one worker starts anew", hold_s=10)
def model_damaged(stage: Stage) -> Iterator[None]:
    """It is refused, the others keep what they have loaded, and nothing is published unread."""
    folder = next(path for path in (stage.here.folder / "models").iterdir() if path.is_dir())
    file = max(folder.glob("*.npz"), key=lambda path: path.stat().st_size)
    whole = file.read_bytes()
    try:
        file.write_bytes(whole[: len(whole) // 2])
        refused = stage.here.parley("model", "use", folder.name)
        assert refused.returncode == 2, refused.stdout + refused.stderr
        stage.process(stage.one("worker"), "scoring", child=True).kill()
        yield
    finally:
        file.write_bytes(whole)
        chosen = stage.here.parley("model", "use", folder.name)
        assert chosen.returncode == 0, chosen.stdout + chosen.stderr


# X12: receivers of all kinds beside the one that works.


def _answer(words: bytes) -> Callable[[socket.socket], None]:
    def serve(peer: socket.socket) -> None:
        peer.recv(65_536)
        peer.sendall(words)

    return serve


def _hang(peer: socket.socket) -> None:
    while peer.recv(65_536):
        pass


def _drip(peer: socket.socket) -> None:
    peer.recv(65_536)
    for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 60:
        peer.sendall(bytes([byte]))
        time.sleep(1)


def _flood(peer: socket.socket) -> None:
    peer.recv(65_536)
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
    for _ in range(1024):
        peer.sendall(b"x" * (1 << 20))


HEAD = b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n%s\r\n"
RECEIVERS: dict[str, tuple[str, Callable[[socket.socket], None]]] = {
    "says 500": ("http", _answer(HEAD % (b"500 No", b""))),
    "hangs": ("http", _hang),
    "drips a byte a second": ("http", _drip),
    "answers with a gigabyte": ("http", _flood),
    "speaks no TLS": ("https", _answer(b"HTTP/1.1 400 No\r\n\r\n")),
    "says 410": ("http", _answer(HEAD % (b"410 Gone", b""))),
    "says 429": ("http", _answer(HEAD % (b"429 Later", b"Retry-After: 3600\r\n"))),
    "leads elsewhere": ("http", _answer(HEAD % (b"302 There", b"Location: http://127.0.0.1:9/\r\n"))),
}


def _odd_receiver(name: str) -> Act:
    scheme, serve = RECEIVERS[name]

    def act(stage: Stage) -> Iterator[None]:
        with raw_server(serve) as port:
            added = stage.here.parley("webhook", "add", "demo", f"{scheme}://127.0.0.1:{port}/hook")
            assert added.returncode == 0, added.stderr
            made = added.stdout.split()[1]
            begun = datetime.now(UTC)
            yield
            stage.notes.append(f"p95 elsewhere {arrival_p95(stage, begun):.1f} s")
            removed = stage.here.parley("webhook", "remove", made)
            assert removed.returncode == 0, removed.stderr

    return act


for _name in RECEIVERS:
    fault("X12", f"a receiver that {_name}", hold_s=6)(_odd_receiver(_name))


def arrival_p95(stage: Stage, begun: datetime) -> float:
    """Return in what time nearly all events since a moment arrived at the receiver that works."""
    sql = (
        "SELECT coalesce(percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM"
        " coalesce(d.delivered_at, now()) - e.created_at)), 0)"
        " FROM deliveries d JOIN events e ON e.id = d.event_id"
        " WHERE d.endpoint_id = :endpoint AND e.created_at > :begun"
    )
    with stage.db.read() as connection:
        values = {"endpoint": stage.endpoint, "begun": begun}
        return float(connection.execute(text(sql), values).scalar_one())


@fault("X14", "every message comes twice, and old ones again", hold_s=6)
def messages_doubled(stage: Stage) -> Iterator[None]:
    """Copies of what waits in Redis, and of what waited before."""
    done = threading.Event()
    kept: dict[str, list[bytes]] = {"scoring": [], "webhooks": []}

    def double() -> None:
        with stage.here.redis.asked() as client:
            while not done.wait(0.02):
                for queue, old in kept.items():
                    old += client.lrange(queue, 0, 20)
                    del old[:-20]
                    if old and client.llen(queue) < 200:
                        client.lpush(queue, *old)
                        stage.duplicates += len(old)

    doubling = threading.Thread(target=double)
    doubling.start()
    yield
    done.set()
    doubling.join()


@fault("X15", "host b is cut off from the database 20 s", hold_s=20)
def host_cut_off(stage: Stage) -> Iterator[None]:
    """Its web server says so in time; its worker decides nothing that the other does not know."""
    stage.here.path.cut()
    try:
        _alive_and_not_ready(stage, "b")
        yield
    finally:
        stage.here.path.mend()


@fault("X16", "a burst of ten times as many posts for 8 s", hold_s=8, within_s=ANY_S)
def burst(stage: Stage) -> Iterator[None]:
    """Refused is told with a time to come back; what was let in counts as any other; memory does not grow."""
    before = _memory(stage)
    begun, several = len(stage.more), 8
    crowd = [
        Poster(stage.front, stage.rate * 9 / several, stage.random.randrange(1 << 30), f"crowd{begun + n}",
               PATIENT)
        for n in range(several)
    ]  # fmt: skip
    stage.more += crowd
    for poster in crowd:
        poster.start()
    yield
    for poster in crowd:
        poster.stopped.set()
    for poster in crowd:
        poster.join(120)
        assert not poster.is_alive(), "a post of a burst was never answered"
    grown = _memory(stage) - before
    posts = sum(len(poster.journal.acknowledged) for poster in crowd)
    stage.notes.append(f"{posts} posts, {grown >> 20} MB more")
    assert grown < 500 << 20


def _memory(stage: Stage) -> int:
    found = 0
    for part in stage.here.parts.values():
        for process in part.all():
            with contextlib.suppress(psutil.Error):
                found += process.memory_info().rss
    return found


@fault("X17", "a backup under load, restored elsewhere", within_s=ANY_S)
def backup_restored(stage: Stage) -> Iterator[None]:
    """What was acknowledged before it began is in the copy, and its log is whole."""
    before = {key for journal in stage.journals() for key in list(journal.acknowledged)}
    name = f"copy_{stage.random.randrange(1 << 30)}"
    file = stage.here.folder / f"{name}.backup"
    made = stage.here.parley("backup", str(file))
    assert made.returncode == 0, made.stderr
    stage.here.postgres.say(f"CREATE DATABASE {name}")
    there = {
        "PARLEY_DATABASE_URL": stage.here.postgres.url(name),
        "PARLEY_DATA_DIR": str(stage.here.folder / name),
        "PARLEY_MODEL_STORE": str(stage.here.folder / name / "models"),
    }
    for command in (("restore", str(file)), ("audit", "verify")):
        done = stage.here.parley(*command, **there)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    copied = stage.here.database(name)
    with copied.read() as connection:
        found = set(connection.execute(text("SELECT id FROM comments")).scalars())
    copied.close()
    assert before <= found, f"{len(before - found)} acknowledged comments are not in the copy"
    stage.notes.append(f"{len(found)} comments in the copy")
    stage.here.postgres.say(f"DROP DATABASE {name}")
    file.unlink()
    yield


def drawn(seed: int, how_many: int, only: Sequence[str] = ()) -> list[Fault]:
    """Return so many faults in a seeded order, each as often as any other."""
    chance = random.Random(seed)
    chosen = [one for one in FAULTS if not only or one.number in only]
    found: list[Fault] = []
    while len(found) < how_many:
        chance.shuffle(chosen)
        found += chosen
    return found[:how_many]


def now_there(db: Database) -> datetime:
    """Return the time of the database."""
    with db.read() as connection:
        found: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return found
