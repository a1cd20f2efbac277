"""A worker as it is started: what it writes down, and the sign of life that it leaves.

Proves `service/observability.py` too, for what is not ours, and `workers/alive.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.commands.processes import scheduler_command, worker_command
from service.settings import Settings
from service.storage.database import Database
from service.tasks import Tasks
from tests.running import ROOT, wait_until

PLANTED = "planted-zebra"
IN_A_PROCESS = """
import logging, os, threading, warnings
from service import observability
observability.configure_logging("info")
observability.log_everything()
observability.configure_logging("info")  # as the application does, once more
print("printed by a library")
warnings.warn("an old way of doing it")
logging.getLogger("a.library").error("%s is away", "the broker")
logging.getLogger("a.library").error("no %s and no %s", "one")
silent = logging.getLogger("multiprocessing")
silent.propagate = False
silent.warning("of one that hands nothing on")
logging.getLogger("a.library").log(35, "of a level without a name")
def fail():
    raise ValueError("planted-zebra")
threading.Thread(target=fail).start()
try:
    fail()
except ValueError:
    logging.getLogger("a.library").exception("task %s failed", "planted-zebra")
fail()
"""


def clean(settings: Settings) -> dict[str, str]:
    """The environment of a worker on a test's database and Redis."""
    ours = {
        "PARLEY_DATA_DIR": str(settings.data_dir),
        "PARLEY_DATABASE_URL": settings.database_url,
        "PARLEY_REDIS_URL": settings.redis_url,
    }
    return {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")} | ours


def lines_of(text: str) -> list[dict[str, Any]]:
    """Every line, each of which is a JSON object with a time and nothing that was planted."""
    assert PLANTED not in text, text
    found = [json.loads(line) for line in text.splitlines()]
    assert all(line["timestamp"] and line["event"] for line in found)
    return found


def test_whatever_a_process_writes_is_a_line_of_json_without_what_an_error_says() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", IN_A_PROCESS], cwd=ROOT, capture_output=True, text=True
    )

    assert (done.returncode, done.stdout) == (1, "")
    found = lines_of(done.stderr)
    assert [line["event"] for line in found if line["event"] == "uncaught error"] == ["uncaught error"] * 2
    assert {"the broker is away", "of one that hands nothing on", "no %s and no %s"} <= {
        line["event"] for line in found
    }
    assert {line.get("text") for line in found if line["event"] == "printed"} == {"printed by a library"}
    assert any("an old way of doing it" in line["event"] for line in found)
    traces = [line["trace"] for line in found if "trace" in line]
    assert len(traces) == 3
    assert all(trace[0] == "builtins.ValueError" for trace in traces)


@contextlib.contextmanager
def running(command: list[str], settings: Settings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program of a worker's, and stop it as its supervisor does."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=clean(settings), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_a_worker_s_own_lines_and_tracebacks_are_json_and_it_leaves_a_sign_of_life(
    db: Database, settings: Settings, tmp_path: Path
) -> None:
    log, tasks = tmp_path / "log", Tasks(settings)
    sign = settings.data_dir / "alive" / "webhooks"
    with running(worker_command("webhooks", settings), settings, log):
        tasks._celery.send_task("parley.deliver", args=(PLANTED, PLANTED, PLANTED), queue="webhooks")
        tasks._celery.send_task("parley.no-such-task", args=(PLANTED,), queue="webhooks")
        wait_until(lambda: log.read_text().count('"trace"') >= 2, 60, "the worker said nothing")
        tasks.send("parley.relay")
        wait_until(sign.exists, 20, "the worker left no sign of life")

    found = lines_of(log.read_text())
    assert any("celery" in line.get("logger", "") for line in found)
    assert any("TypeError" in line["trace"][0] for line in found if "trace" in line)


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_a_scheduler_leaves_a_sign_of_life_with_each_bell_and_none_while_nobody_takes_it(
    db: Database, settings: Settings, tmp_path: Path
) -> None:
    sign, log = settings.data_dir / "alive" / "scheduler", tmp_path / "log"
    with running(scheduler_command(), settings, log):
        wait_until(sign.exists, 60, "the scheduler left no sign of life")
        first = sign.stat().st_mtime_ns
        wait_until(lambda: sign.stat().st_mtime_ns > first, 20, "it left one, and never again")

    assert {path.name for path in sign.parent.iterdir()} == {"scheduler"}
    lines_of(log.read_text())
