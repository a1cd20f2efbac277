"""Keeping programs running: one parent that starts, watches, restarts and stops them all."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from service.lifeline import die_with_parent

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
HEALTHY_S = 30.0  # after so long, a death is no longer one of a row
PATIENCE_S = 8.0  # from asking a program to end to killing it
LAST_PATIENCE_S = 3.0
TICK_S = 0.1
LOG_BYTES = 5_000_000
LOG_LOOK_S = 5.0


@dataclass(frozen=True, slots=True)
class Program:
    """What to run and to keep running.

    ``log`` is the file that its output goes to (None: ours). ``fds`` stay open in it. What others need
    until their end, like Redis, ``ends_last``.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    fds: tuple[int, ...] = ()
    ends_last: bool = False


class _Child:
    """One program and the process that runs it now, if any."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.due_at = 0.0
        self.pause = FIRST_PAUSE_S

    def start(self) -> None:
        program, parent = self.program, os.getpid()
        self.started_at = time.monotonic()
        output = open_log(program.log) if program.log else None
        try:
            self.process = subprocess.Popen(  # noqa: S603 - the programs are ours
                program.command,
                env={**os.environ, **program.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=program.fds,
                start_new_session=True,  # its own process group, and no Ctrl-C from our terminal
                preexec_fn=lambda: die_with_parent(parent),
            )
        finally:
            if output is not None:
                os.close(output)

    def has_ended(self) -> bool:
        """Whether the process has ended. It is not buried yet: its number still belongs to its group."""
        if self.process is None:
            return True
        if not hasattr(os, "waitid"):
            return self.process.poll() is not None
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def signal_group(self, number: signal.Signals) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def bury(self) -> str:
        """Kill what an ended process left in its group, and say how it ended."""
        if self.process is None:
            return "never started"
        self.signal_group(signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(2)
        code, self.process = self.process.returncode, None
        if code is None or code >= 0:
            return f"exit code {code}"
        return f"killed by {signal.Signals(-code).name}"


class Supervisor:
    """Runs programs until it is told to stop, and restarts those that end.

    Each has its own process group. On Linux the kernel kills them if this process is killed. A program
    that ends is started again after a pause, doubled from death to death. Not for use beside threads.

    Parameters
    ----------
    programs : sequence of Program
        Started in this order, stopped together except those that end last.
    say : callable
        Told in one sentence what happens.
    patience : float
        Seconds between asking a program to end and killing it.
    """

    def __init__(
        self, programs: Sequence[Program], say: Callable[[str], None], *, patience: float = PATIENCE_S
    ) -> None:
        self._patience = patience
        self._children = {program.name: _Child(program) for program in programs}
        self._say = say
        self._chores: list[tuple[float, Callable[[], None]]] = []
        self._due: list[float] = []
        self._stopping = False
        self.every(LOG_LOOK_S, self._trim_logs)

    def every(self, seconds: float, chore: Callable[[], None]) -> None:
        """Call a function again and again while running; it must not take long."""
        self._chores.append((seconds, chore))
        self._due.append(0.0)

    def started_at(self, name: str) -> float | None:
        """Return when a program was started last, on the monotonic clock; None while it is not running."""
        child = self._children.get(name)
        return child.started_at if child and child.process else None

    def kill(self, name: str, why: str) -> None:
        """Kill a program that does nothing any more; it is restarted like any that ends."""
        self._say(f"{name} is killed: {why}")
        self._children[name].signal_group(signal.SIGKILL)

    def stop(self) -> None:
        """Make `run` end. Safe to call from a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Start everything, keep it running until SIGINT, SIGTERM or `stop`, then stop everything."""
        numbers = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # `nohup` asked to go on
            numbers.append(signal.SIGHUP)
        before = {number: signal.signal(number, lambda *_: self.stop()) for number in numbers}
        try:
            while not self._stopping:
                self._tend()
                self._do_chores()
                time.sleep(TICK_S)
        finally:
            self._end_all()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _tend(self) -> None:
        now = time.monotonic()
        for child in self._children.values():
            if child.process is not None and child.has_ended():
                if now - child.started_at >= HEALTHY_S:
                    child.pause = FIRST_PAUSE_S
                self._plan_restart(child, child.bury())
            elif child.process is None and now >= child.due_at:
                try:
                    child.start()
                except OSError as error:
                    self._plan_restart(child, f"could not be started: {error.strerror}")

    def _plan_restart(self, child: _Child, how: str) -> None:
        self._say(f"{child.program.name} ended ({how}); it starts again in {child.pause:.1f} s")
        child.due_at = time.monotonic() + child.pause
        child.pause = min(child.pause * 2, LONGEST_PAUSE_S)

    def _do_chores(self) -> None:
        for index, (seconds, chore) in enumerate(self._chores):
            if time.monotonic() < self._due[index] or self._stopping:
                continue
            try:
                chore()
            except Exception as error:  # whatever it was, the programs must be kept running
                self._say(f"a check failed ({type(error).__name__}: {error})")
            self._due[index] = time.monotonic() + seconds

    def _trim_logs(self) -> None:
        for child in self._children.values():
            if child.program.log:
                trim_log(child.program.log)

    def _end_all(self) -> None:
        children = self._children.values()
        _end([child for child in children if not child.program.ends_last], self._patience)
        _end([child for child in children if child.program.ends_last], LAST_PATIENCE_S)


def _end(children: Sequence[_Child], patience: float) -> None:
    """Ask each leader to end, wait, and kill whatever is left of the groups."""
    alive = [child for child in children if child.process is not None]
    for child in alive:
        if child.process is not None and not child.has_ended():
            os.kill(child.process.pid, signal.SIGTERM)
    until = time.monotonic() + patience
    while alive and time.monotonic() < until:
        for child in [child for child in alive if child.has_ended()]:
            child.bury()
            alive.remove(child)
        time.sleep(TICK_S / 2)
    for child in alive:
        child.bury()


def open_log(path: Path) -> int:
    """Open a log file to append to, for its owner only; a big one is put aside first (one is kept)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    trim_log(path)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def trim_log(path: Path) -> None:
    """Put a big log aside as ``.log.1`` and empty it in place, for its program holds it open.

    What is written between the two steps is lost. Without room for a copy it is emptied all the same: that
    makes some.
    """
    if not path.exists() or path.stat().st_size <= LOG_BYTES:
        return
    kept = path.with_suffix(".log.1")
    with (
        contextlib.suppress(OSError),
        path.open("rb") as old,
        open(kept, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as new,
    ):
        shutil.copyfileobj(old, new)
    os.truncate(path, 0)
