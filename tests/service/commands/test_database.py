"""A database that a command must not touch: made by a newer release, damaged, or lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from service.commands import main
from service.commands.database import refuse_unusable
from service.domain.errors import Damaged, Misconfigured
from service.settings import read_settings
from service.storage.database import Database
from tests.running import free_port
from tests.service.commands.conftest import Parley

EVERY = (
    "up", "web", "worker", "scheduler", "db upgrade", "db current", "site list", "thread list demo",
    "moderator list", "webhook list", "perspective key list", "perspective suggestion list",
    "audit verify", "audit log", "retention --dry-run", "backup FILE", "evaluate --site demo",
)  # fmt: skip


@pytest.fixture
def there(parley: Parley, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of a Parley that was started once."""
    monkeypatch.setenv("PARLEY_PORT", str(free_port()))
    assert parley("db", "upgrade", "--demo")[0] == 0
    return tmp_path / "data"


def change(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "parley.db")) as connection:
        connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize("command", EVERY)
def test_an_older_release_leaves_a_newer_database_alone_and_says_so(
    parley: Parley, there: Path, command: str
) -> None:
    change(there, "UPDATE alembic_version SET version_num = '9999'")

    code, out, said = parley(*command.split())

    assert (code, out) == (2, "")
    assert said.startswith(
        "parley: This database was made by a newer Parley: its tables are of revision 9999"
    )
    assert said.count("\n") == 1


def test_doctor_says_once_what_is_wrong_with_the_database(parley: Parley, there: Path) -> None:
    change(there, "UPDATE alembic_version SET version_num = '9999'")

    code, out, _ = parley("doctor")

    assert (code, out.count("newer Parley")) == (1, 1)
    assert "fail  worker    cannot be told without the database - mend the database first" in out
    assert "newer Parley" in parley("doctor", "--only", "worker")[1]


def spoil(folder: Path, at: int, size: int = 4096) -> None:
    """Write rubbish into the file, and do without a log beside it."""
    with closing(sqlite3.connect(folder / "parley.db")) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    with (folder / "parley.db").open("rb+") as file:
        file.seek(at)
        file.write(b"\xa5" * size)


@pytest.mark.parametrize("at", [0, 4096])
def test_of_a_damaged_database_the_advice_is_to_restore_a_backup(
    parley: Parley, there: Path, at: int
) -> None:
    spoil(there, at, 2048)

    code, out, said = parley("site", "list")
    doctor = parley("doctor")[1]

    assert (code, out, said.count("\n")) == (2, "", 1)
    assert "is damaged" in said
    assert "restore FILE --overwrite" in said
    assert "Start it" not in said
    assert (doctor.count(" is damaged"), doctor.count("restore FILE")) == (1, 1)
    assert parley("backup", "x.backup")[0] == 2, "a copy of it would displace one that is whole"
    assert not Path("x.backup").exists()


def damage_somewhere(folder: Path) -> None:
    """Spoil a page of the deliveries' index, which nothing here reads."""
    with closing(sqlite3.connect(folder / "parley.db")) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        asked = "SELECT rootpage FROM sqlite_master WHERE name = 'ix_deliveries_subject'"
        page, size = connection.execute(asked).fetchone()[0], 4096
    spoil(folder, (page - 1) * size, 64)


def test_doctor_finds_damage_where_nobody_reads(parley: Parley, there: Path) -> None:
    assert "every page whole" in parley("doctor", "--only", "database")[1]
    damage_somewhere(there)

    code, out, _ = parley("doctor", "--only", "database")

    assert (code, "damaged" in out, "restore" in out) == (1, True, True)
    assert parley("site", "list")[0] == 0


def test_what_is_found_damaged_late_is_told_in_words(tmp_path: Path) -> None:
    """As a web process meets it: an answer, not a traceback."""
    path = tmp_path / "own.db"
    path.write_bytes(b"no database at all, but long enough to be one " * 100)
    db = Database(f"sqlite:///{path}")

    with pytest.raises(Damaged, match="restore a backup"), db.read():
        pass
    db.close()


@pytest.mark.parametrize("command", ["up", "db upgrade", "site list", "web"])
def test_an_empty_database_beside_a_key_is_not_started_afresh(
    parley: Parley, there: Path, command: str
) -> None:
    for path in there.glob("parley.db*"):
        path.unlink()
    (there / "parley.db").touch()

    code, _, said = parley(*command.split())

    assert (code, said.count("\n")) == (2, 1)
    assert "is empty, but secret.key beside it says that there was one" in said
    assert (there / "parley.db").stat().st_size == 0


@pytest.mark.parametrize("left", [None, b""])
def test_a_log_without_its_database_is_not_thrown_away(
    parley: Parley, there: Path, left: bytes | None
) -> None:
    (there / "secret.key").unlink()
    (there / "parley.db").unlink()
    if left is not None:
        (there / "parley.db").write_bytes(left)
    (there / "parley.db-wal").write_bytes(b"the last of what was committed")

    code, _, said = parley("db", "upgrade")

    assert code == 2
    assert ("is gone" if left is None else "is empty") in said or "secret.key beside it" in said
    assert (there / "parley.db-wal").read_bytes() == b"the last of what was committed"


def test_a_database_that_only_does_not_answer_stops_no_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Containers start in any order."""
    monkeypatch.setenv("PARLEY_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PARLEY_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")

    refuse_unusable(read_settings())
    with pytest.raises(Misconfigured):
        main._run(main.build_parser().parse_args(["site", "list"]))
