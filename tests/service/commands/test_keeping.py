"""`parley backup`, `restore` and `retention`, as an operator calls them.

Proves `service/commands/grammar/upkeep.py` too.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, make_url, text

from models import SHIPPED
from service.commands.up import take_folder
from service.comments import own
from service.comments.intake import Draft, Intake
from service.context import utcnow
from service.domain.ids import receipt_for
from service.settings import read_settings
from service.storage import migrate
from service.storage.database import Database
from service.upkeep import encrypting
from tests.service.commands.conftest import Parley
from tests.service.storage.lived import rows_of
from tests.service.upkeep.test_backup import BIN

PASSPHRASE = "tulip-mania-1637"


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encrypting, "COST", 2**10)


@pytest.fixture(params=["sqlite", "postgresql"])
def there(
    request: pytest.FixtureRequest, parley: Parley, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The data folder of a Parley with a comment, on both kinds of database."""
    monkeypatch.setenv("PATH", f"{BIN}:{os.environ['PATH']}")
    server = None
    if request.param == "postgresql":
        url = make_url(request.getfixturevalue("postgres"))
        server = create_engine(url, isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(text("CREATE DATABASE kept"))
        address = url.set(database="kept").render_as_string(hide_password=False)
        monkeypatch.setenv("PARLEY_DATABASE_URL", address)
    assert parley("db", "upgrade", "--demo")[0] == 0
    post("The first remark.")
    yield tmp_path / "data"
    if server is not None:
        with server.connect() as connection:
            connection.execute(text("DROP DATABASE kept WITH (FORCE)"))
        server.dispose()


@pytest.fixture
def sqlite(parley: Parley, tmp_path: Path) -> Path:
    """The data folder of a Parley on SQLite."""
    assert parley("db", "upgrade", "--demo")[0] == 0
    post("The first remark.")
    return tmp_path / "data"


def post(body: str) -> str:
    settings = read_settings()
    db = Database(settings.database_url, seal_key=settings.seal_key)
    draft = Draft("demo", "http://localhost/a", body, key="a")
    made = Intake(db, settings.secret_key).submit(draft, utcnow()).id
    db.close()
    return made


def bodies() -> list[str]:
    db = Database(read_settings().database_url)
    with db.read() as connection:
        found = sorted(connection.scalars(text("SELECT body FROM comments")))
    db.close()
    return found


def test_a_backup_is_shown_and_brought_back(parley: Parley, there: Path) -> None:
    code, out, said = parley("backup", "x.backup")
    assert (code, out.split(": ")[1].split(",")[0]) == (0, "1 comments")
    assert "--encrypt" in said
    assert Path("x.backup").stat().st_mode & 0o777 == 0o600
    post("The second remark.")

    code, out, _ = parley("restore", "x.backup", "--dry-run")
    assert code == 0
    assert f"tables of revision {migrate.newest()}, 1 comments." in out
    assert "Every checksum holds." in out
    assert len(bodies()) == 2

    code, _, said = parley("restore", "x.backup")
    assert (code, said.count("\n")) == (2, 1)
    assert "There is a Parley already" in said
    assert "--overwrite" in said
    assert len(bodies()) == 2

    code, out, said = parley("restore", "x.backup", "--overwrite")
    assert (code, said) == (0, "")
    assert out.startswith("Restored 1 comments as they were at 2")
    assert bodies() == ["The first remark."]
    assert parley("audit", "verify")[0] == 0
    assert not list(there.glob(".*")), "no copy is left behind"


def test_what_was_taken_back_since_is_erased_again(parley: Parley, there: Path) -> None:
    key = read_settings().secret_key
    one = post("I take this back.")
    parley("backup", "x.backup")
    db = Database(read_settings().database_url, seal_key=read_settings().seal_key)
    own.withdraw(db, one, receipt_for(key, one), secret_key=key, now=utcnow())
    db.close()

    assert "1 of them were taken back since" in parley("restore", "x.backup", "--overwrite")[1]

    assert bodies() == ["", "The first remark."]
    assert parley("audit", "verify")[0] == 0


def test_where_the_database_is_lost_the_host_says_what_was_taken_back(
    parley: Parley, sqlite: Path, tmp_path: Path
) -> None:
    one = post("I take this back.")
    parley("backup", "x.backup")
    for path in sqlite.glob("parley.db*"):
        path.unlink()
    (tmp_path / "ids").write_text(f"{one}\nno-such-comment\n\n{one}\n")

    assert parley("restore", "x.backup", "--overwrite", "--taken-back", tmp_path / "nothing")[0] == 2
    assert (
        "1 of them were taken back"
        in (parley("restore", "x.backup", "--overwrite", "--taken-back", tmp_path / "ids")[1])
    )

    assert bodies() == ["", "The first remark."]
    assert parley("audit", "verify")[0] == 0


def test_an_older_release_rolls_back_over_the_tables_of_a_newer_one(parley: Parley, there: Path) -> None:
    key, one = read_settings().secret_key, post("I take this back.")
    parley("backup", "before-the-upgrade.backup")
    db = Database(read_settings().database_url, seal_key=read_settings().seal_key)
    own.withdraw(db, one, receipt_for(key, one), secret_key=key, now=utcnow())
    with db.write() as connection:
        connection.execute(text("CREATE TABLE newer (id VARCHAR(36) REFERENCES comments (id))"))
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    db.close()
    assert "newer Parley" in parley("db", "upgrade")[2]

    assert parley("restore", "before-the-upgrade.backup", "--overwrite")[0] == 0

    assert bodies() == ["", "The first remark."]
    assert parley("audit", "verify")[0] == 0
    db = Database(read_settings().database_url)
    with db.read() as connection:
        assert "newer" not in inspect(connection).get_table_names()
    db.close()


def test_on_another_machine_everything_is_as_it_was(
    parley: Parley, sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = (sqlite / "secret.key").read_bytes()
    model = sqlite / "models" / "a-model"
    shutil.copytree(SHIPPED, model)
    (sqlite / "models" / "current.json").write_text('{"current": "a-model", "history": ["shipped"]}')
    assert "the model a-model" in parley("backup", "x.backup")[1]
    monkeypatch.setenv("PARLEY_DATA_DIR", str(tmp_path / "elsewhere"))

    code, out, said = parley("restore", "x.backup")

    assert (code, said) == (0, ""), out
    elsewhere = tmp_path / "elsewhere"
    assert (elsewhere / "secret.key").read_bytes() == key
    assert (elsewhere / "models" / "current.json").read_bytes() == (
        sqlite / "models" / "current.json"
    ).read_bytes()
    for path in model.rglob("*"):
        if path.is_file():
            assert (elsewhere / "models" / "a-model" / path.relative_to(model)).read_bytes() == (
                path.read_bytes()
            )
    assert bodies() == ["The first remark."]
    assert parley("audit", "verify")[0] == 0
    assert {path.name: path.stat().st_mode & 0o077 for path in elsewhere.iterdir()} == dict.fromkeys(
        (path.name for path in elsewhere.iterdir()), 0
    )


def test_one_that_is_encrypted_asks_for_its_passphrase(
    parley: Parley, sqlite: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code, _, said = parley("backup", "x.backup", "--encrypt")
    assert (code, "PARLEY_BACKUP_PASSPHRASE" in said) == (2, True)
    monkeypatch.setenv("PARLEY_BACKUP_PASSPHRASE", "short")
    assert parley("backup", "x.backup", "--encrypt")[0] == 2
    assert not Path("x.backup").exists()
    monkeypatch.setenv("PARLEY_BACKUP_PASSPHRASE", PASSPHRASE)
    code, out, said = parley("backup", "x.backup", "--encrypt")
    assert (code, "encrypted" in out, said) == (0, True, "")
    assert b"SQLite" not in Path("x.backup").read_bytes()

    monkeypatch.delenv("PARLEY_BACKUP_PASSPHRASE")
    assert "PARLEY_BACKUP_PASSPHRASE" in parley("restore", "x.backup", "--dry-run")[2]
    monkeypatch.setenv("PARLEY_BACKUP_PASSPHRASE", "another-one-1638")
    code, _, said = parley("restore", "x.backup", "--dry-run")
    assert (code, "another one" in said, said.count("\n")) == (2, True, 1)
    monkeypatch.delenv("PARLEY_BACKUP_PASSPHRASE")
    (tmp_path / "passphrase").write_text(f"{PASSPHRASE}\n")
    monkeypatch.setenv("PARLEY_BACKUP_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    assert "Every checksum holds." in parley("restore", "x.backup", "--dry-run")[1]


def test_nothing_is_put_in_the_place_of_what_runs(parley: Parley, sqlite: Path) -> None:
    parley("backup", "x.backup")
    with take_folder(sqlite):
        code, _, said = parley("restore", "x.backup", "--overwrite")
    assert (code, "is running on the data folder" in said) == (2, True)

    with closing(sqlite3.connect(sqlite / "parley.db")) as other:  # `parley web` by itself, say
        other.execute("SELECT count(*) FROM sites").fetchone()
        code, _, said = parley("restore", "x.backup", "--overwrite")
    assert (code, "open elsewhere" in said) == (2, True)
    assert bodies() == ["The first remark."]


def test_a_damaged_database_gives_way_to_a_backup(parley: Parley, sqlite: Path) -> None:
    parley("backup", "x.backup")
    for name in ("parley.db", "parley.db-wal", "parley.db-shm"):
        (sqlite / name).write_bytes(b"\xa5" * 9000)
    assert parley("site", "list")[0] == 2

    assert parley("restore", "x.backup", "--overwrite")[0] == 0

    assert bodies() == ["The first remark."]
    assert "every page whole" in parley("doctor", "--only", "database")[1]


def test_a_database_that_is_gone_comes_back_beside_its_key(parley: Parley, sqlite: Path) -> None:
    parley("backup", "x.backup")
    for path in sqlite.glob("parley.db*"):
        path.unlink()
    (sqlite / "parley.db").touch()
    assert "restore FILE --overwrite" in parley("site", "list")[2]

    assert parley("restore", "x.backup", "--overwrite")[0] == 0
    assert bodies() == ["The first remark."]


def test_another_key_in_the_environment_is_told_before_anything_is_done(
    parley: Parley, sqlite: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    parley("backup", "x.backup")
    monkeypatch.setenv("PARLEY_DATA_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PARLEY_SECRET_KEY", "x" * 32)

    code, _, said = parley("restore", "x.backup")
    assert (code, "another key than the backup's" in said) == (2, True)
    assert not (tmp_path / "elsewhere" / "parley.db").exists()

    monkeypatch.setenv("PARLEY_SECRET_KEY", (sqlite / "secret.key").read_text())
    assert parley("restore", "x.backup")[0] == 0
    assert not (tmp_path / "elsewhere" / "secret.key").exists(), "who gives it keeps it"
    assert parley("audit", "verify")[0] == 0


def test_a_backup_of_an_older_release_is_brought_up_to_date(
    parley: Parley, sqlite: Path, tmp_path: Path
) -> None:
    """As one who upgrades and has only the backup from before."""
    from tests.service.storage.test_upgrading import fill, upgrade_to

    for path in sqlite.glob("parley.db*"):
        path.unlink()
    settings = read_settings()
    db = Database(settings.database_url, seal_key=settings.seal_key)
    with db.write() as connection:
        upgrade_to(connection, "0009")
    with db.write() as connection:
        fill(connection, "0009")
    db.close()
    old = tmp_path / "old.backup"
    _backup_as_it_is(sqlite, old)

    assert "revision 0009" in parley("restore", old, "--dry-run")[1]
    assert parley("restore", old, "--overwrite")[0] == 0

    assert parley("db", "current")[0] == 0
    assert parley("audit", "verify")[0] == 0
    assert rows_of("0009").exists()


def _backup_as_it_is(folder: Path, target: Path) -> None:
    from service.upkeep import archive, backup

    settings = read_settings()
    db = Database(settings.database_url)
    with archive.workroom(folder / "work") as work:
        kept = backup.Kept(settings.secret_key, {})
        backup.back_up(db, kept, target, work, "0.0.9", utcnow(), None)
    db.close()


def test_mistakes_are_one_sentence(parley: Parley, sqlite: Path, tmp_path: Path) -> None:
    parley("backup", "x.backup")
    (tmp_path / "odd").write_text("no backup")
    for mistake in (
        ("backup", "x.backup"),
        ("backup", tmp_path / "nowhere" / "x"),
        ("restore", tmp_path / "odd", "--dry-run"),
        ("restore", tmp_path / "odd", "--overwrite"),
        ("restore", tmp_path / "nothing"),
        ("restore", tmp_path),
    ):
        code, out, said = parley(*mistake)
        assert (code, out, said.count("\n")) == (2, "", 1), mistake
    assert bodies() == ["The first remark."]
    assert parley("backup", "x.backup", "--overwrite")[0] == 0


def test_retention_reports_and_then_does(
    parley: Parley, there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = Database(read_settings().database_url)
    with db.write() as connection:
        connection.execute(text("UPDATE events SET place = position, id = 'evt_0000' || position"))
        connection.execute(text("UPDATE events SET created_at = '2020-01-01 00:00:00'"))
    db.close()

    code, out, _ = parley("retention", "--dry-run")
    told = [json.loads(line) for line in parley("retention", "--dry-run", "--json")[1].splitlines()]
    events = {one["kind"]: one for one in told}["events"]

    assert (code, out.splitlines()[-1]) == (0, "Nothing was done.")
    assert "PARLEY_EVENT_DAYS" in out
    assert (events["days"], events["rows"] > 0, events["bytes"] > 100) == (90, True, True)

    assert parley("retention")[1].splitlines()[-1].startswith("Done: ")
    again = [json.loads(line) for line in parley("retention", "--dry-run", "--json")[1].splitlines()]
    assert {one["rows"] for one in again} == {0}


def test_a_backup_killed_in_the_middle_leaves_the_one_before_and_the_next_cleans_up(
    parley: Parley, sqlite: Path
) -> None:
    parley("backup", "x.backup")
    before = Path("x.backup").read_bytes()
    left = sqlite / ".backup.unfinished"
    left.mkdir()
    (left / "database").write_bytes(b"half a copy")
    Path(".x.backup.unfinished").write_bytes(b"half an archive")

    assert Path("x.backup").read_bytes() == before
    assert parley("backup", "x.backup", "--overwrite")[0] == 0
    assert not left.exists()
    assert not Path(".x.backup.unfinished").exists()
