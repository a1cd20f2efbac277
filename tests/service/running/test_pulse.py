"""Web processes that hang are started again: the watch alone, and with a real process that is stopped."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest

from service.running import pulse
from service.running.pulse import Line, Pulse, web_programs
from service.running.supervisor import Supervisor
from service.running.watchdog import LOOK_S
from service.running.web_server import listen
from tests.service.running.test_watchdog import Keeper


class Watched:
    """A watch over two processes, of which each answers or does not."""

    def __init__(self) -> None:
        self.now, self.keeper = 0.0, Keeper()
        self.keeper.runs = {"web-1", "web-2"}
        self.lines = {"web-1": Line(), "web-2": Line()}
        self.dog = Pulse(self.keeper, self.lines, clock=lambda: self.now)

    def wait(self, seconds: float, *answering: str) -> None:
        until = self.now + seconds
        while self.now < until:
            self.now += LOOK_S
            for name in answering:
                self.lines[name].there.send(b"HTTP/1.1 200 OK\r\n\r\n")
            self.dog.look()


@pytest.fixture
def watched() -> Iterator[Watched]:
    made = Watched()
    yield made
    for line in made.lines.values():
        line.close()


def test_the_one_that_is_silent_for_long_is_killed_once(watched):
    watched.wait(80, "web-1", "web-2")
    watched.wait(28, "web-1")
    assert watched.keeper.killed == []

    watched.wait(10, "web-1")

    assert watched.keeper.killed == ["web-2"]


def test_a_process_has_time_to_start(watched):
    watched.wait(58)
    assert watched.keeper.killed == []

    watched.wait(6)

    assert watched.keeper.killed == ["web-1", "web-2"]


def test_nobody_is_blamed_when_the_watch_itself_was_stopped(watched):
    watched.wait(80, "web-1", "web-2")
    watched.now += 3600
    watched.wait(10)

    assert watched.keeper.killed == []


def test_a_line_that_nobody_reads_does_not_hold_us_up():
    line = Line()
    for _ in range(20_000):
        line.ask()

    assert not line.heard()
    line.close()


def alive(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 0.5) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            return b"alive" in client.recv(1000)
    except OSError:
        return False


def test_a_web_process_that_is_stopped_is_killed_and_comes_back(settings, monkeypatch):
    monkeypatch.setattr(pulse, "SILENT_S", 1.5)
    monkeypatch.setattr(pulse, "START_S", 8.0)
    listener = listen("127.0.0.1", 0)
    port, said, stopped = listener.getsockname()[1], [], []
    here = {"PARLEY_DATA_DIR": str(settings.data_dir), "PARLEY_DATABASE_URL": settings.database_url}
    programs, lines = web_programs(replace(settings, port=port), listener, here, None)
    supervisor = Supervisor(programs, said.append)
    supervisor.every(0.3, Pulse(supervisor, lines).look)

    def chore() -> None:
        if stopped and stopped[0] in psutil.pids():
            return
        if alive(port):
            if stopped:
                supervisor.stop()
            else:
                # Database and Redis of the tests are children of this process, too.
                children = psutil.Process().children()
                stopped.extend(one.pid for one in children if {"web", "--line"} <= set(one.cmdline()))
                os.kill(stopped[0], signal.SIGSTOP)

    supervisor.every(0.2, chore)
    supervisor.run()
    listener.close()
    for line in lines.values():
        line.close()

    assert said[0].startswith("web is killed: it has not answered for ")
    assert said[1].startswith("web ended (killed by SIGKILL)")
