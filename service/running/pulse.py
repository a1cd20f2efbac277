"""The web processes of one server: how each is started, and whether it still answers."""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from service.running.supervisor import Program
from service.running.watchdog import LOOK_S, START_S, Keeper
from service.running.web_server import METRICS, fresh_metrics
from service.settings import Settings

SILENT_S = 30.0
QUESTION = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Line:
    """A connection to one web process that no other process can take, and on which only we ask."""

    def __init__(self) -> None:
        self._here, self.there = socket.socketpair()
        self._here.setblocking(False)

    def ask(self) -> None:
        """Ask whether it lives. What does not fit any more was asked often enough."""
        with contextlib.suppress(BlockingIOError):
            self._here.send(QUESTION)

    def close(self) -> None:
        """Give both ends up."""
        self._here.close()
        self.there.close()

    def heard(self) -> bool:
        """Whether anything was answered since the last time."""
        heard = False
        with contextlib.suppress(BlockingIOError):
            while self._here.recv(1 << 16):
                heard = True
        return heard


class Pulse:
    """Kills a web process that answers ``/healthz`` no longer: stopped, or all its threads stuck.

    It is asked on a line of its own, by the way of every request: the loop, then a thread of the application.
    A look at the port would ask whichever process is free, and would wait behind strangers.
    """

    def __init__(
        self, keeper: Keeper, lines: Mapping[str, Line], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._keeper, self._lines, self._clock = keeper, lines, clock
        self._heard_at = dict.fromkeys(lines, 0.0)
        self._looked_at = clock()

    def look(self) -> None:
        """Look once at each; called every few seconds."""
        now = self._clock()
        paused, self._looked_at = now - self._looked_at > 3 * LOOK_S, now
        for name, line in self._lines.items():
            if line.heard() or paused:  # or this very process was stopped for a while
                self._heard_at[name] = now
            started_at = self._keeper.started_at(name)
            if started_at is None:
                continue
            silent = now - max(self._heard_at[name], started_at + START_S - SILENT_S)
            if silent > SILENT_S:
                self._keeper.kill(name, f"it has not answered for {silent:.0f} s")
                self._heard_at[name] = now
            else:
                line.ask()


def web_programs(
    settings: Settings, listener: socket.socket, environment: Mapping[str, str], log_dir: Path | None
) -> tuple[Sequence[Program], Mapping[str, Line]]:
    """Return the programs that serve at a listening socket, and a line to each."""
    counted = {**environment, METRICS: str(fresh_metrics(settings))}
    fd, programs, lines = listener.fileno(), [], {}
    for number in range(1, settings.web_processes + 1):
        name = "web" if settings.web_processes == 1 else f"web-{number}"
        lines[name] = line = Line()
        ask = line.there.fileno()
        command = [sys.executable, "-m", "service", "web", "--fd", str(fd), "--line", str(ask)]
        log = log_dir / f"{name}.log" if log_dir else None
        programs.append(Program(name, command, counted, log, (fd, ask)))
    return programs, lines
