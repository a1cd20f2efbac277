"""The web server's own answers, to what never reaches the application."""

from __future__ import annotations

import os
import socket
import subprocess
from dataclasses import replace

import pytest
from prometheus_client import mmap_dict

from service.context import utcnow
from service.domain.errors import Misconfigured
from service.running import web_server
from service.running.web_server import METRICS, METRICS_ROOM, listen, warm_up
from service.scoring.keys import add_key
from service.settings import Settings
from service.web.context import make_web_context
from tests.running import ROOT, Parley, free_port, parley_command, stop, wait_until


@pytest.fixture(scope="module")
def server(sqlite_database, folder):
    """`parley web` alone, without Redis or workers."""
    port, data = free_port(), folder / "web"
    environment = {
        "PARLEY_PORT": str(port),
        "PARLEY_DATA_DIR": str(data),
        "PARLEY_DATABASE_URL": sqlite_database.url,
        "PARLEY_WEB_PROCESSES": "2",
    }
    with (folder / "web.log").open("wb") as log:
        process = subprocess.Popen(parley_command("web"), cwd=ROOT, env=environment, stdout=log, stderr=log)
    running = Parley(f"http://127.0.0.1:{port}", process, data, folder / "web.log")
    try:
        wait_until(
            lambda: running_answers(port) or process.poll() is not None, 30, "the server did not start"
        )
        yield running
    finally:
        stop(process)


def running_answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


def say(server: Parley, raw: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", int(server.base.rpartition(":")[2])), 10) as connection:
        connection.sendall(raw)
        answer = b""
        while b"\r\n\r\n" not in answer and (more := connection.recv(4096)):
            answer += more
    return answer


HOST = b" HTTP/1.1\r\nHost: x\r\n"
JSON = b"POST /api/v1/comments" + HOST + b"Content-Type: application/json\r\n"
ODD = {
    "no HTTP": (b"\x16\x03\x01\x00\xff\r\n\r\n", 400),
    "unknown coding": (b"GET /" + HOST + b"Transfer-Encoding: odd\r\n\r\n", 400),
    "unknown version": (b"GET / HTTP/9.9\r\n\r\n", 400),
    "two hosts": (b"GET /" + HOST + b"Host: y\r\n\r\n", 400),
    "a negative length": (JSON + b"Content-Length: -5\r\n\r\n", 400),
    "length and chunks": (JSON + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "bad chunks": (JSON + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    "a long address": (b"GET /" + b"a" * 9000 + HOST + b"\r\n", 414),
    "a long header": (b"GET /" + HOST + b"A: " + b"a" * 9000 + b"\r\n\r\n", 431),
    "many headers": (b"GET /" + HOST + b"".join(b"A%d: 1\r\n" % n for n in range(80)) + b"\r\n", 431),
    "odd expectations": (JSON + b"Expect: odd\r\nContent-Length: 2\r\n\r\n{}", 417),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_request_gets_a_problem_document_and_never_a_5xx(server, name):
    raw, status = ODD[name]
    answer = say(server, raw)

    assert answer.startswith(b"HTTP/1.1 %d " % status), answer
    assert b"application/problem+json" in answer
    assert b"\r\nAccess-Control-Allow-Origin: *\r\n" in answer  # a page can tell it from no answer


def test_metrics_count_for_all_processes_and_nothing_names_the_reader(server):
    for _ in range(20):
        server.call("GET", "/nothing/here")
    counts = [
        float(line.rsplit(" ", 1)[1])
        for line in server.call("GET", "/metrics").body.decode().splitlines()
        if line.startswith("parley_requests_total") and 'status="404"' in line
    ]

    assert sum(counts) >= 20
    assert b"127.0.0.1" not in server.log.read_bytes()


def test_the_room_for_metrics_is_taken_before_a_disk_can_be_full(server):
    """They are written by way of memory: the first count on a page without room would kill the process."""
    server.call("GET", "/healthz")
    files = list((server.data / "metrics").rglob("*.db"))

    assert {path.name.split("_")[0] for path in files} == {"counter", "histogram"}
    for path in files:
        assert path.stat().st_blocks * 512 >= path.stat().st_size >= METRICS_ROOM // 4


def test_without_room_it_counts_in_memory(tmp_path, monkeypatch):
    monkeypatch.setenv(METRICS, str(tmp_path))
    monkeypatch.setattr(mmap_dict, "_INITIAL_MMAP_SIZE", mmap_dict._INITIAL_MMAP_SIZE)
    web_server._count_where_there_is_room()
    assert os.environ[METRICS] == str(tmp_path)
    monkeypatch.setattr(web_server, "METRICS_ROOM", 1 << 60)

    web_server._count_where_there_is_room()

    assert METRICS not in os.environ


def test_a_taken_port_is_one_sentence():
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(Misconfigured, match=r"is taken\. Choose another with PARLEY_PORT"),
    ):
        listen("127.0.0.1", other.getsockname()[1])


def test_the_model_is_loaded_at_once_where_somebody_has_a_key_to_it(
    settings: Settings,
):
    loaded: list[bool] = []
    context = make_web_context(replace(settings, log_level="error"))
    context = replace(context, scorer=lambda: loaded.append(True))

    warm_up(context)
    before = len(loaded)
    add_key(context.db, "cms", 600, utcnow())
    warm_up(context)
    context.db.close()

    assert (before, len(loaded)) == (0, 1)
