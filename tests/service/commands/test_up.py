"""`parley up` as a person starts it, seen from outside.

Proves `service/commands/processes.py` and `service/sites/first_start.py` too.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.commands.up import _programs, _welcome
from service.running.web_server import listen
from service.settings import read_settings
from tests.running import ROOT, Parley, first_password, free_port, parley_command, stop, wait_until

END_S = 15


@contextlib.contextmanager
def started(data: Path, log: Path) -> Iterator[Parley]:
    """Run `parley up` on a folder until it is ready, and end it at the end."""
    port = free_port()
    with log.open("wb") as out:
        process = subprocess.Popen(
            parley_command("up"), cwd=ROOT, env=environment(data, port), stdin=subprocess.DEVNULL,
            stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    running = Parley(f"http://127.0.0.1:{port}", process, data, log)
    try:
        wait_until(lambda: "Ctrl-C" in log.read_text() or process.poll() is not None, 60, "never ready")
        assert process.poll() is None, log.read_text()
        yield running
    finally:
        if process.poll() is None:
            stop(process)


def environment(data: Path, port: int, **more: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    return clean | {"PARLEY_DATA_DIR": str(data), "PARLEY_PORT": str(port)} | more


def refused(data: Path, port: int, **more: str) -> str:
    """Run `parley up`, which must not start; return its one sentence."""
    ended = subprocess.run(
        parley_command("up"), cwd=ROOT, env=environment(data, port, **more), capture_output=True, text=True,
        timeout=30,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (2, ""), ended
    assert ended.stderr.startswith("parley: ")
    assert ended.stderr.count("\n") == 1
    return ended.stderr


def processes_of(data: Path) -> list[int]:
    """Return the processes that know of a data folder; Redis names its socket instead of its environment."""
    marks = (f"PARLEY_DATA_DIR={data}".encode(), f"{data}/redis.sock".encode())
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            known = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
            if any(mark in known for mark in marks) and int(folder.name) != os.getpid():
                found.append(int(folder.name))
    return found


@pytest.fixture
def data(folder, request):
    """A data folder with a short name, so that Redis' socket fits into it."""
    return folder / f"up-{abs(hash(request.node.name)) % 10_000}"


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc")
def test_a_site_is_started_stopped_and_continued(data, tmp_path):
    with started(data, tmp_path / "first.log") as parley:
        said = parley.log.read_text()
        assert parley.post_comment("The mediators deserve credit for getting both sides into one room.")["id"]
        assert f"{parley.base}/demo" in said
        assert f"{parley.base}/review/" in said
        assert first_password(data) in said
        assert data.stat().st_mode & 0o777 == 0o700
        assert (data / "first-login.txt").stat().st_mode & 0o777 == 0o600
        port = int(parley.base.rpartition(":")[2])
        assert "is running on the data folder" in refused(data, free_port())
        assert f"Port {port} is taken" in refused(tmp_path / "other", port)
        wait_until(parley.comments, 20, "the comment was not published")
        os.killpg(parley.process.pid, signal.SIGTERM)
        assert parley.process.wait(END_S) == 0
    assert processes_of(data) == []
    password = first_password(data)

    with started(data, tmp_path / "second.log") as parley:
        assert len(parley.comments()) == 1
        assert password not in parley.log.read_text()
        assert str(data / "first-login.txt") in parley.log.read_text()
        parley.process.kill()
        parley.process.wait()
        wait_until(lambda: not processes_of(data), 10, "processes outlived a killed supervisor")


def test_who_lost_the_password_is_told_a_command_that_works_anywhere(tmp_path, monkeypatch):
    monkeypatch.setenv("PARLEY_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("PARLEY_DATABASE_URL", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        said = _welcome(read_settings(), listener, None)
    command = f"{Path(sys.executable).with_name('parley')} moderator password moderator"

    assert f"(lost it? PARLEY_DATA_DIR={tmp_path} {command})" in said


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path):
    (tmp_path / "file").write_text("")

    assert "cannot be written to" in refused(tmp_path / "file" / "data", free_port())


def test_a_port_of_another_program_is_refused(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        assert f"Port {port} is taken. Choose another with PARLEY_PORT." in refused(tmp_path, port)


def test_a_database_that_does_not_answer_is_refused_without_showing_its_password(tmp_path):
    url = f"postgresql://ann:hunter2@127.0.0.1:{free_port()}/parley"
    said = refused(tmp_path, free_port(), PARLEY_DATABASE_URL=url)

    assert "does not answer" in said
    assert "hunter2" not in said


def test_a_redis_that_does_not_answer_is_refused(tmp_path):
    said = refused(tmp_path, free_port(), PARLEY_REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")

    assert "PARLEY_REDIS_URL does not answer" in said


@pytest.mark.parametrize(("verbose", "files"), [(True, {"redis"}), (False, None)])
def test_with_verbose_all_but_redis_write_where_docker_logs_looks(
    tmp_path: Path, verbose: bool, files: set[str] | None
) -> None:
    """The lines of Redis are its own, and no JSON."""
    settings = read_settings({"PARLEY_DATA_DIR": str(tmp_path)})
    with listen("127.0.0.1", 0) as listener:
        programs, lines = _programs(settings, listener, verbose=verbose)
        for line in lines.values():
            line.close()

    with_file = {program.name for program in programs if program.log}
    assert with_file == ({program.name for program in programs} if files is None else with_file & files)


TOLD = """
from service.commands.up import _teller, say
from service.settings import read_settings
tell = _teller(read_settings(), verbose=True)
say("Parley is running.")
tell("web ended (killed by SIGKILL); it starts again in 0.2 s")
"""


def test_with_verbose_what_happens_is_a_line_of_the_log_and_the_welcome_stays_for_people(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TOLD], cwd=ROOT, env=environment(tmp_path, 0), capture_output=True, text=True
    )

    assert done.stdout == "Parley is running.\n", done.stderr
    assert json.loads(done.stderr)["event"].startswith("web ended")
