"""What `parley doctor` finds."""

from __future__ import annotations

import ipaddress
import json
import socket
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
import redis

from models import load_scorer
from service.commands import main
from service.commands.doctor import CHECKS, examine
from service.commands.grammar.upkeep import PARTS
from service.commands.up import take_folder
from service.context import utcnow
from service.domain.access import OPERATOR
from service.domain.languages import languages_in_words
from service.outbound import Outbound
from service.settings import ScoringSettings
from service.sites import sites
from service.storage import endpoints as storage
from service.upkeep import health
from service.webhooks import endpoints
from tests.receiver import raw_server
from tests.running import free_port


@pytest.fixture
def settings(settings):
    return replace(settings, port=free_port())


def state(settings, part):
    return [found.state for found in examine(settings, only=part)]


def test_every_part_gets_a_finding_and_the_command_line_knows_all(settings):
    assert {found.part for found in examine(settings)} == set(CHECKS)
    assert tuple(CHECKS) == PARTS


def test_what_is_wrong_comes_with_what_to_do(settings):
    for found in examine(settings):
        assert found.state == "ok" or found.advice, found


def test_a_worker_is_missed_until_it_reports(settings, db):
    assert state(settings, "worker") == ["fail"]

    health.beat(db, "a-worker", "a-model", utcnow())

    assert state(settings, "worker") == ["ok"]


def test_a_scheduler_is_missed_until_a_worker_hears_it(settings, db):
    assert state(settings, "scheduler") == ["fail"]
    health.beat(db, "a-worker", "a-model", utcnow())
    assert state(settings, "scheduler") == ["fail"]

    health.beat(db, health.SCHEDULER, None, utcnow())

    assert state(settings, "scheduler") == ["ok"]


def test_a_site_that_takes_any_page_is_named_with_what_to_do(settings, db):
    assert state(settings, "sites") == ["warn", "warn"]
    for site in ("demo", "other"):
        sites.set_origins(db, OPERATOR, site, ["https://news.example"], None, utcnow())

    assert state(settings, "sites") == ["ok"]


def test_redis_is_examined(settings, redis_url):
    assert state(settings, "redis") == ["ok"]
    assert state(replace(settings, redis_url="unix:///nowhere/redis.sock"), "redis") == ["fail"]
    assert state(replace(settings, redis_url="filesystem:///tmp/broker"), "redis") == ["warn"]
    with redis.Redis(unix_socket_path=redis_url.removeprefix("unix://")) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            assert state(settings, "redis") == ["warn"]
        finally:
            client.config_set("maxmemory-policy", "noeviction")
        client.config_set("min-replicas-to-write", 1)  # it answers, and takes nothing
        try:
            assert state(settings, "redis") == ["fail"]
        finally:
            client.config_set("min-replicas-to-write", 0)


def test_a_database_that_does_not_answer_fails(settings):
    gone = replace(settings, database_url=f"postgresql+psycopg://a:hunter2@127.0.0.1:{free_port()}/x")
    findings = examine(gone, only="database")

    assert [found.state for found in findings] == ["fail"]
    assert "hunter2" not in str(findings)


def test_tables_of_another_release_fail(settings, tmp_path):
    found = examine(replace(settings, database_url=f"sqlite:///{tmp_path / 'empty.db'}"), only="database")[0]

    assert found.state == "fail"
    assert "parley db upgrade" in found.advice


def test_a_model_that_cannot_be_read_fails(settings, tmp_path):
    assert state(settings, "model") == ["ok"]
    assert state(replace(settings, model_dir=tmp_path), "model") == ["fail"]


def test_the_models_line_says_who_reads_and_what_is_in_beta(settings):
    model = load_scorer()
    [found] = examine(settings, only="model")

    assert model.model_id in found.what
    assert "careful reader on" in found.what
    assert model.beta_languages
    assert f"in beta: {languages_in_words(model.beta_languages)}" in found.what
    [found] = examine(replace(settings, scoring=ScoringSettings(careful="off")), only="model")
    assert (found.state, "careful reader off (PARLEY_CAREFUL_READER)" in found.what) == ("ok", True)


def test_a_model_that_is_made_to_read_fast_alone_is_no_fault(settings, trained):
    [found] = examine(replace(settings, model_dir=trained), only="model")

    assert found.state == "ok"
    assert found.what.endswith("no careful reader: this model has none")


def test_a_careful_reader_that_cannot_be_loaded_is_warned_of(settings, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as if it were not installed
    [found] = examine(settings, only="model")

    assert (found.state, "onnxruntime is not installed" in found.what) == ("warn", True)
    assert found.advice


def test_a_secret_that_others_can_read_is_warned_of(settings):
    file = settings.data_dir / "secret.key"
    file.write_text("x" * 64)
    file.chmod(0o644)
    assert state(settings, "secret") == ["warn"]

    file.chmod(0o600)

    assert state(settings, "secret") == ["ok"]


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({}, "ok"),
        ({"trusted_proxies": 1}, "warn"),
        ({"host": "0.0.0.0"}, "warn"),
        ({"trusted_proxies": 1, "public_url": "https://a.example/talk"}, "ok"),
    ],
)
def test_behind_a_proxy_the_address_that_people_use_is_missed(settings, told, state):
    [found] = examine(replace(settings, **told), only="address")

    assert found.state == state
    assert ("PARLEY_PUBLIC_URL" in found.advice) == (state == "warn")


def test_a_port_of_another_program_fails(settings):
    assert state(settings, "port") == ["warn"]
    with socket.create_server(("127.0.0.1", settings.port)):
        assert state(settings, "port") == ["fail"]


def test_the_port_that_is_asked_is_that_of_what_runs_whatever_this_shell_says(settings):
    """`parley up` was started with another PARLEY_PORT than the shell that asks has."""
    (settings.data_dir / "parley.lock").unlink(missing_ok=True)
    with take_folder(settings.data_dir) as lock, raw_server(alive) as port:
        lock.write(f"\n127.0.0.1:{port}")
        lock.flush()
        [found] = examine(settings, only="port")
        assert (found.state, f"answers on 127.0.0.1:{port}" in found.what) == ("ok", True)
        assert port != settings.port
    with take_folder(settings.data_dir) as lock:
        lock.write(f"\n127.0.0.1:{free_port()}")
        lock.flush()
        assert state(settings, "port") == ["fail"]
    [found] = examine(settings, only="port")
    assert found.state == "warn"


def test_the_port_that_was_asked_is_said_where_nothing_runs_here(settings):
    [found] = examine(replace(settings, redis_url="redis://127.0.0.1:1/0"), only="port")

    assert found.what == f"nobody listens on {settings.port} (PARLEY_PORT)"


def alive(peer: socket.socket) -> None:
    peer.recv(4096)
    body = b'{"status":"alive"}'
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def test_an_endpoint_that_may_not_be_called_is_said_with_the_setting(settings, db):
    private = [ipaddress.ip_network("127.0.0.0/8")]
    made = endpoints.add_endpoint(
        db, OPERATOR, "demo", "http://127.0.0.1:9999/", [], utcnow(), check=Outbound(private).check
    )
    [found] = examine(settings, only="webhooks")

    assert found.state == "warn"
    assert "PARLEY_WEBHOOK_PRIVATE_NETWORKS" in found.what
    assert state(replace(settings, webhook_private_networks=tuple(private)), "webhooks") == ["ok"]

    with db.write() as connection:
        until = utcnow() + timedelta(minutes=5)
        storage.change_endpoint(connection, made.id, slow_turns=3, paused_until=until)
    [found] = examine(settings, only="webhooks")
    assert f"parley webhook enable {made.id}" in found.advice


def test_the_command_prints_json_and_ends_with_1_if_something_fails(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PARLEY_DATA_DIR", str(tmp_path))
    (tmp_path / "parley.db").touch()
    assert main.main(["doctor", "--only", "folder", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "ok"
    assert main.main(["doctor", "--only", "database"]) == 1
    monkeypatch.setenv("PARLEY_PORT", "many")
    assert main.main(["doctor"]) == 2


@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("off", "found"), [(2, "ok"), (15, "fail"), (-86_400, "fail")])
def test_a_clock_that_is_off_is_told_and_misleads_nobody(settings, db, monkeypatch, off, found):
    health.beat(db, "a-worker", "a-model", utcnow())
    health.beat(db, health.SCHEDULER, None, utcnow())
    for module in ("doctor", "database"):
        monkeypatch.setattr(f"service.commands.{module}.utcnow", lambda: utcnow() + timedelta(seconds=off))

    [told] = examine(settings, only="clock")

    assert told.state == found
    if found == "fail":
        assert f"this machine's clock is {abs(off)} s" in told.what
        assert ("ahead of" if off > 0 else "behind") in told.what
    assert state(settings, "worker") == state(settings, "scheduler") == ["ok"]


def test_a_database_of_this_machine_has_no_other_clock(settings, db):
    assert state(settings, "clock") == ["ok"]


def test_a_folder_without_room_fails(settings, monkeypatch):
    monkeypatch.setattr("service.commands.doctor.NEEDED_BYTES", 1 << 60)

    [told] = examine(settings, only="folder")

    assert told.state == "fail"
    assert "MiB left" in told.what


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_a_database_that_cannot_write_fails(settings, db, tmp_path):
    """A folder in which nobody may write is one for a user; root may all the same, so a file is read only."""
    url = f"sqlite:///file:{db.url.removeprefix('sqlite:///')}?mode=ro&uri=true"

    [told] = examine(replace(settings, database_url=url), only="database")

    assert told.state == "fail"
    assert "cannot write" in told.what
    assert "MiB left" in told.what
