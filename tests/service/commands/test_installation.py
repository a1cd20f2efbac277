"""Commands work on a Parley that is there; few may make one, and what they make is nobody else's."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from service.commands import main
from service.commands.installation import own_command
from service.settings import read_settings
from tests.running import ROOT, parley_command

COMMANDS = [
    "site list", "db current", "moderator list", "thread list demo", "webhook list", "audit verify", "doctor",
    "web", "worker", "scheduler",
]  # fmt: skip


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to be in, without any settings."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("PARLEY_")]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_in_the_wrong_folder_says_so_and_makes_nothing(here, capsys, command):
    code = main.main(command.split())
    said = capsys.readouterr()

    assert (code, said.out) == (2, "")
    assert said.err.startswith(f"parley: There is no Parley in {here}/data. Start one with ")
    assert said.err.endswith("parley up, or name its folder with PARLEY_DATA_DIR.\n")
    assert list(here.iterdir()) == []


def test_a_model_is_used_without_any_installation(here, capsys):
    assert main.main(["model", "show"]) == 0
    assert list(here.iterdir()) == []


def test_a_folder_of_settings_alone_is_no_installation(here, capsys):
    (here / "data").mkdir()
    (here / "data" / "secret.key").write_text("k" * 32)

    assert main.main(["site", "list"]) == 2


def test_an_upgrade_makes_one_that_nobody_else_can_read(here, capsys):
    before = os.umask(0o022)
    try:
        assert main.main(["db", "upgrade"]) == 0
        restored = os.umask(0o022)
    finally:
        os.umask(before)
    folder = here / "data"

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o077 for path in folder.iterdir()} == dict.fromkeys(
        (path.name for path in folder.iterdir()), 0
    )
    assert restored == 0o022
    assert main.main(["site", "list"]) == 0


def test_the_folder_is_the_one_that_the_settings_name(here):
    assert read_settings({}).data_dir == here / "data"


def test_a_command_that_is_told_works_from_a_fresh_shell(here, tmp_path_factory, capsys):
    assert main.main(["db", "upgrade", "--demo"]) == 0
    told = own_command("moderator", "password", "moderator")
    done = subprocess.run(
        ["/bin/sh", "-c", told], cwd=tmp_path_factory.mktemp("elsewhere"), env={"PATH": "/usr/bin:/bin"},
        input="tulip-mania-1637\n", capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert done.stdout == "Changed the password of moderator.\n"
    assert not (here / "data" / "first-login.txt").exists()


def test_a_told_command_quotes_odd_folders_and_repeats_no_address():
    folder = "/srv/our site"
    with_folder = shlex.split(own_command("db", "upgrade", environ={"PARLEY_DATA_DIR": folder}))
    server = own_command("db", "upgrade", environ={"PARLEY_DATABASE_URL": "postgresql://ann:hunter2@db/p"})

    assert with_folder[0] == f"PARLEY_DATA_DIR={folder}"
    assert with_folder[-2:] == ["db", "upgrade"]
    assert Path(shlex.split(server)[0]).is_absolute()
    assert "hunter2" not in server


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_without_labelled_comments_one_sentence_says_what_is_needed(here, command):
    done = subprocess.run(
        parley_command(command), cwd=here, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"parley: Cannot {command}: it needs ")
    assert "DEV.csv.gz" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "shared" not in done.stderr
