"""A supervisor with real processes under it.

Proves `service/lifeline.py` too.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

from service.running.supervisor import LOG_BYTES, Program, Supervisor, open_log
from tests.running import ROOT, wait_until


def shell(name: str, script: str, **more: object) -> Program:
    return Program(name, ["sh", "-c", script], **more)  # type: ignore[arg-type]


def lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def is_alive(pid: str | int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def run(programs: list[Program], chore: Callable[[Supervisor], None], **more: float) -> list[str]:
    """Run a supervisor until its chore stops it; return what it said."""
    said: list[str] = []
    supervisor = Supervisor(programs, said.append, **more)
    supervisor.every(0.02, lambda: chore(supervisor))
    supervisor.run()
    return said


def test_what_dies_is_started_again_and_everything_is_stopped_at_the_end(tmp_path):
    pids = tmp_path / "pids"

    def chore(supervisor):
        if len(lines(pids)) == 1 and is_alive(lines(pids)[0]):
            os.kill(int(lines(pids)[0]), signal.SIGKILL)
        elif len(lines(pids)) == 2:
            supervisor.stop()

    said = run([shell("job", f"echo $$ >> {pids}; exec sleep 600")], chore)

    assert said == ["job ended (killed by SIGKILL); it starts again in 0.2 s"]
    assert not any(map(is_alive, lines(pids)))


def test_left_overs_of_a_dead_program_are_killed_before_it_starts_again(tmp_path):
    pids, orphans, seen = tmp_path / "pids", tmp_path / "orphans", []

    def chore(supervisor):
        if len(lines(pids)) == 1 and is_alive(lines(pids)[0]):
            os.kill(int(lines(pids)[0]), signal.SIGKILL)
        elif len(lines(pids)) == 2:
            seen.append(is_alive(lines(orphans)[0]))
            supervisor.stop()

    run([shell("job", f"sleep 600 & echo $! >> {orphans}; echo $$ >> {pids}; wait")], chore)

    assert seen == [False]
    assert not any(map(is_alive, lines(pids) + lines(orphans)))


def test_the_pause_doubles_from_death_to_death(tmp_path):
    said: list[str] = []
    supervisor = Supervisor([shell("job", "exit 3"), Program("lost", [str(tmp_path / "none")])], said.append)
    supervisor.every(0.02, lambda: supervisor.stop() if len(said) >= 6 else None)
    supervisor.run()

    pauses = re.findall(r"job ended \(exit code 3\); it starts again in ([\d.]+) s", "\n".join(said))
    assert pauses[:3] == ["0.2", "0.4", "0.8"]
    assert any(text.startswith("lost ended (could not be started") for text in said)


def test_what_will_not_end_is_killed_with_its_children_and_redis_ends_last(tmp_path):
    pids, order = tmp_path / "pids", tmp_path / "order"
    stubborn = f"trap '' TERM; sleep 600 & echo $! >> {pids}; echo $$ >> {pids}; while :; do sleep 1; done"
    store = f"trap 'echo store >> {order}; exit' TERM; echo $$ >> {pids}; while :; do sleep 0.05; done"
    web = f"trap 'echo web >> {order}; exit' TERM; echo $$ >> {pids}; while :; do sleep 0.05; done"
    programs = [shell("store", store, ends_last=True), shell("web", web), shell("stubborn", stubborn)]

    run(programs, lambda supervisor: supervisor.stop() if len(lines(pids)) == 4 else None, patience=0.5)

    assert lines(order) == ["web", "store"]
    assert not any(map(is_alive, lines(pids)))


def test_a_program_can_be_killed_and_comes_back(tmp_path):
    pids = tmp_path / "pids"

    def chore(supervisor):
        if len(lines(pids)) == 1 and is_alive(lines(pids)[0]):
            supervisor.kill("job", "it does nothing")
        elif len(lines(pids)) == 2:
            supervisor.stop()

    said = run([shell("job", f"echo $$ >> {pids}; exec sleep 600")], chore)

    assert said[0] == "job is killed: it does nothing"
    assert said[-1].startswith("job ended (killed by SIGKILL)")


def test_a_failing_check_does_not_end_the_supervisor():
    asked: list[int] = []

    def chore(supervisor):
        asked.append(1)
        if len(asked) == 3:
            supervisor.stop()
        raise RuntimeError("odd")

    assert run([], chore)[0] == "a check failed (RuntimeError: odd)"


def test_a_supervisor_killed_outright_leaves_no_process(tmp_path):
    pids = tmp_path / "pids"
    script = textwrap.dedent(f"""
        from service.running.supervisor import Program, Supervisor
        job = ["sh", "-c", "trap '' TERM; echo $$ >> {pids}; exec sleep 600"]
        Supervisor([Program("one", job), Program("two", job)], print).run()
    """)
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
    wait_until(lambda: len(lines(pids)) == 2, 10, "the programs did not start")
    process.kill()
    process.wait()

    wait_until(lambda: not any(map(is_alive, lines(pids))), 5, "programs outlived their supervisor")


def test_a_big_log_is_put_aside_when_its_program_starts(tmp_path):
    path = tmp_path / "logs" / "job.log"
    os.close(open_log(path))
    path.write_bytes(b"x" * (LOG_BYTES + 1))
    os.close(open_log(path))

    assert path.stat().st_size == 0
    assert path.with_suffix(".log.1").stat().st_size == LOG_BYTES + 1
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_log_of_a_program_that_runs_on_is_emptied_when_it_is_big(tmp_path, monkeypatch):
    monkeypatch.setattr("service.running.supervisor.LOG_BYTES", 100_000)
    monkeypatch.setattr("service.running.supervisor.LOG_LOOK_S", 0.05)
    log, kept = tmp_path / "job.log", tmp_path / "job.log.1"
    script = (
        "while :; do i=0; while [ $i -lt 500 ]; do echo a line of a log; i=$((i+1)); done; sleep 0.01; done"
    )
    done: list[bool] = []

    def chore(supervisor):
        if kept.exists() and 0 < log.stat().st_size < 100_000:  # it went on to write to the same file
            done.append(True)
            supervisor.stop()

    said = run([shell("job", script, log=log)], chore)

    assert done
    assert said == []
    assert b"\0" not in log.read_bytes()
    assert kept.stat().st_size > 100_000
    assert kept.stat().st_mode & 0o777 == 0o600


def test_without_room_for_a_copy_a_big_log_is_emptied_and_its_program_starts(tmp_path):
    path = tmp_path / "a.log"
    path.write_bytes(b"x" * (LOG_BYTES + 1))
    path.with_suffix(".log.1").mkdir()  # where no copy can be written

    os.close(open_log(path))

    assert path.stat().st_size == 0
