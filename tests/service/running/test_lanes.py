"""Whose request is worked on next."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from service.running.lanes import AHEAD, Threads
from tests.running import wait_until


@dataclass
class Work:
    """Requests that are worked on until they are let go, and which were begun."""

    begun: list[str] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)


@dataclass
class Asked:
    """A request that waits."""

    work: Work
    name: str
    lane: str = ""
    waits: bool = False

    def service(self) -> None:
        self.work.begun.append(self.name)
        if self.name == "fails":
            raise SystemExit
        if self.waits:
            self.work.go_on.wait(10)


def test_networks_take_turns_however_much_one_of_them_asks() -> None:
    work, threads = Work(), Threads(1)
    threads.add_task(Asked(work, "first", "a", waits=True))
    wait_until(lambda: work.begun, 5, "nothing was begun")
    for number in range(50):
        threads.add_task(Asked(work, f"a{number}", "a"))
    for lane in ("b", "c"):
        threads.add_task(Asked(work, lane, lane))
    work.go_on.set()
    wait_until(lambda: len(work.begun) == 53, 5, "something was left")
    threads.shutdown()

    assert work.begun[1:5] == ["a0", "b", "c", "a1"]
    assert work.begun[5:] == [f"a{number}" for number in range(2, 50)]


def test_those_who_send_ahead_have_one_thread_and_are_all_served() -> None:
    work, threads = Work(), Threads(4)
    for number in range(20):
        threads.add_task(Asked(work, f"ahead{number}", AHEAD, waits=True))
    for number in range(20):
        threads.add_task(Asked(work, f"honest{number}"))
    wait_until(lambda: len(work.begun) == 21, 5, "somebody was not served")

    assert [name for name in work.begun if name.startswith("ahead")] == ["ahead0"]
    work.go_on.set()
    wait_until(lambda: len(work.begun) == 40, 5, "somebody was not served")
    threads.shutdown()


def test_what_fails_takes_no_thread_along() -> None:
    work, threads = Work(), Threads(1)
    for name in ("fails", "fails", "goes"):
        threads.add_task(Asked(work, name, AHEAD))
    wait_until(lambda: "goes" in work.begun, 5, "the thread is gone")
    threads.shutdown()


def test_after_the_end_nothing_is_begun() -> None:
    work, threads = Work(), Threads(1)
    threads.add_task(Asked(work, "first", waits=True))
    wait_until(lambda: work.begun, 5, "nothing was begun")
    threads.add_task(Asked(work, "second"))
    threads.shutdown()
    threads.add_task(Asked(work, "third"))
    work.go_on.set()
    wait_until(lambda: not any(one.is_alive() for one in threads.threads), 5, "it does not end")

    assert work.begun == ["first"]
